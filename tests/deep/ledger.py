"""
A seeded simulator of the ledger against the naive one: `python -m tests.deep.ledger [operations] [seed]`.

A run is many histories of a few hundred acts, each with a policy of its own drawn from the seed. After every act the
answers are compared, the lots that were granted last, and what is owed; every hundred acts, and at the end of a
history, all lots and the balance. Some histories end with a replay of their entries by way of JSON. It stops at the
first difference, with the seed and the number of the history that show it. The last lines say how much was run.
"""

from __future__ import annotations

import random
import sys
from fractions import Fraction
from time import process_time

from ratecard.credits import Ledger
from tests.credits._naive import ORDERS, NaiveRollover
from tests.credits._pair import UNIT, Pair

LENGTH = 500


class History:
    """One history: acts at random until it is long enough."""

    def __init__(self, seed: str) -> None:
        self.dice = random.Random(seed)  # noqa: S311  (a simulation, not a secret)
        dice = self.dice
        self.pair = Pair(
            dice.choice(sorted(ORDERS)),  # type: ignore[arg-type]
            dice.choice(["leave", "refuse", "negative", "negative_leave"]),
            dice.choice([None, 0, 500, 5_000]),
            dice.choice(["draw", "reserved", "refuse"]),  # type: ignore[arg-type]
        )
        self.now = self.latest = 0
        self.count = 0
        self.draws: list[str] = []
        self.holds: list[str] = []

    def id(self, kind: str) -> str:
        """A new one."""
        self.count += 1
        return f"{kind}{self.count}"

    def act(self) -> None:
        """One act; some are nothing where there is nothing to act on."""
        dice = self.dice
        self.now = max(0, self.now + dice.choice((0, 0, 0, 0, 1, 1, 2, -1)))
        self.latest = max(self.latest, self.now)
        pick = dice.random()
        if pick < 0.14:
            self.grant()
        elif pick < 0.60:
            id = self.id("draw")
            if self.pair.draw(id, self.amount(), dice.choice(("a", "b", None)), self.now):
                self.draws.append(id)
        elif pick < 0.72:
            id = self.id("hold")
            if self.pair.reserve(id, self.amount(), dice.choice(("a", "b", None)), self.now):
                self.holds.append(id)
        elif pick < 0.82:
            self.end_hold()
        elif pick < 0.92:
            self.undraw()
        elif pick < 0.96:
            self.pair.expire(self.now - 2)
        else:
            self.take()

    def amount(self) -> int:
        """Often round, often 0 or just what a lot has."""
        return self.dice.choice((0, 100, 250, 500, self.dice.randrange(1_000)))

    def grant(self) -> None:
        """A lot, most of them short-lived."""
        dice = self.dice
        id, start = self.id("lot"), max(0, self.now + dice.randrange(-2, 4))
        hours = dice.choice((None, *range(1, 40))) if dice.random() < 0.9 else 500
        rollover = None
        if dice.random() < 0.3:
            rollover = NaiveRollover(
                dice.choice((None, 300, 900)), Fraction(1, dice.choice((1, 2, 8))), dice.choice((None, 1, 2)),
                hours or 0, dice.choice((None, 0)),
            )  # fmt: skip
        items = dice.choice(((), (), ("a",), ("a", "b")))
        end = None if hours is None else start + hours
        key = dice.choice((id, "k"))
        self.pair.grant(
            id, key, dice.randrange(1, 2_000), now=self.now, start=start, end=end, priority=dice.randrange(3),
            items=items, cost=dice.choice((0, 0, 33)), rollover=rollover,
        )  # fmt: skip

    def end_hold(self) -> None:
        """Commit or release one of those that are open."""
        if not self.holds:
            return
        hold = self.holds.pop(self.dice.randrange(len(self.holds)))
        if self.dice.random() < 0.7:
            id = self.id("done")
            if self.pair.commit(hold, id, self.amount(), self.now):
                self.draws.append(id)
                return
        self.pair.release(hold, self.id("free"), self.now)

    def undraw(self) -> None:
        """A part of a draw of late, or of an old one, comes back."""
        if not self.draws:
            return
        draw = self.dice.choice(self.draws[-20:] if self.dice.random() < 0.9 else self.draws)
        held = self.pair.naive.draws[draw]
        rest = sum(size for _, size in held.pieces) - held.back
        if rest:
            self.pair.undraw(
                draw, self.id("back"), self.dice.choice((rest, self.dice.randrange(1, rest + 1))), self.now
            )

    def take(self) -> None:
        """Void or refund, in part or whole."""
        lots = self.pair.naive.lots
        if not lots:
            return
        lot = self.dice.choice(lots[-10:])
        amount = None if self.dice.random() < 0.3 else self.dice.randrange(lot.left + 1)
        if lot.paid and self.dice.random() < 0.5:
            self.pair.refund(lot.id, self.id("refund"), amount, self.now)
        else:
            self.pair.void(lot.id, self.id("void"), amount, self.now)

    def run(self, length: int, *, replay: bool) -> None:
        """So many acts."""
        for number in range(length):
            self.act()
            self.pair.check(self.latest, last=3 if number % 100 else None)
        self.pair.check(self.latest)
        if replay:
            ledger = self.pair.ours.ledger()
            again = Ledger.from_json(ledger.to_json())
            assert again == ledger
            assert again.lots() == ledger.lots()
            assert again.live(UNIT) == ledger.live(UNIT)


def main(arguments: list[str]) -> None:
    """Run, and say how much."""
    operations = int(arguments[0]) if arguments else 100_000
    seed = arguments[1] if len(arguments) > 1 else "2025"
    start, done, histories = process_time(), 0, 0
    while done < operations:
        length = min(LENGTH, operations - done)
        name = f"{seed}/{histories}"
        try:
            History(name).run(length, replay=histories % 10 == 0)
        except BaseException:
            print(f"a difference in history {name!r}", file=sys.stderr)
            raise
        done += length
        histories += 1
        if histories % 100 == 0:
            took = process_time() - start
            print(f"{done:,} operations, {done / took:,.0f} a second", flush=True)
    took = process_time() - start
    print(f"{done:,} operations in {histories:,} histories from seed {seed!r}: no difference")
    print(f"{took:,.0f} s of processor time, {done / took:,.0f} operations a second with all checks")


if __name__ == "__main__":
    main(sys.argv[1:])
