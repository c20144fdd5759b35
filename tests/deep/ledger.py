"""
A seeded simulator of the ledger against the naive one: `python -m tests.deep.ledger [operations] [seed]`.

A run is many histories of a few hundred acts, each with a policy of its own drawn from the seed. After every act the
answers are compared, the lots that were granted last, and what is owed; every hundred acts, and at the end of a
history, all lots and the balance, and at its end what the lots earned. Some histories are replayed half-way and at
their end, from entries, by way of JSON, and under another policy. It stops at the first difference, with the seed and
the number of the history that show it. The last lines say how much was run.
"""

from __future__ import annotations

import random
import sys
from fractions import Fraction
from time import process_time

from ratecard.cadence import Cadence
from ratecard.credits import Bonus, Ledger, TopUp
from tests.credits._naive import ORDERS, NaiveRollover, NaiveRule, NaiveUse
from tests.credits._pair import Pair, money

LENGTH = 500
USES: list[NaiveUse] = [
    ("a", None, None), ("b", None, None), (None, None, None), ("a", "x", "t"), ("b", "y", None), ("a", None, "u"),
]  # fmt: skip
SCOPES: list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = [
    ((), (), ()), ((), (), ()), (("a",), (), ()), (("a", "b"), (), ()), ((), ("x",), ()), ((), (), ("t", "u")),
    (("a",), ("x", "y"), ("t",)),
]  # fmt: skip


def rule(dice: random.Random) -> tuple[TopUp, NaiveRule]:
    """A rule for buying more, up to a level or by steps, at 0.50 a unit, for the day; and its twin."""
    below, minimum = dice.randrange(0, 800), dice.choice((0, 0, 150, 700))
    maximum = dice.choice((None, None, minimum + dice.randrange(1, 900)))
    to, by = (below + dice.randrange(1, 900), None) if dice.random() < 0.5 else (None, dice.randrange(50, 600))
    twin = NaiveRule(below, to, by, minimum, maximum, dice.choice((1, 2, 5)))

    def told(value: int | None) -> object:
        return None if value is None else money(value).amount

    ours = TopUp.model_validate({
        "key": "more", "below": told(below), "to": told(to), "by": told(by), "minimum": told(minimum),
        "maximum": told(maximum), "most": twin.most, "per": Cadence.daily(), "unit_cost": "0.5",
        "cost_currency": "USD", "lasts": Cadence.calendar("day"), "bonuses": [Bonus(threshold=0, rate="0.1")],
    })  # fmt: skip
    return ours, twin


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
            settles=dice.random() < 0.3,
        )
        self.rule = rule(dice)
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
        if pick < 0.13:
            self.grant()
        elif pick < 0.14:
            if self.now == self.latest:
                self.pair.top_up(*self.rule, self.now)
        elif pick < 0.60:
            id = self.id("draw")
            if self.pair.draw(id, self.amount(), dice.choice(USES), self.now, self.settled()):
                self.draws.append(id)
        elif pick < 0.72:
            id = self.id("hold")
            if self.pair.reserve(id, self.amount(), dice.choice(USES), self.now, self.settled()):
                self.holds.append(id)
        elif pick < 0.82:
            self.end_hold()
        elif pick < 0.92:
            self.undraw()
        elif pick < 0.94:
            self.pair.expire(self.end())
        elif pick < 0.96:
            self.pair.roll(self.end())
        else:
            self.take()

    def settled(self) -> int | None:
        """Some are settled later than they are used."""
        if self.dice.random() < 0.5:
            return None
        found = self.now + self.dice.randrange(4)
        self.latest = max(self.latest, found)
        return found

    def end(self) -> int:
        """Until when lots end: mostly before now, at times before what comes later."""
        found = self.now + self.dice.choice((-2, -2, -1, 0, 2))
        self.latest = max(self.latest, found)
        return found

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
        end = None if hours is None else start + hours
        key = dice.choice((id, "k"))
        self.pair.grant(
            id, key, dice.randrange(1, 2_000), now=self.now, start=start, end=end, priority=dice.randrange(3),
            scope=dice.choice(SCOPES), cost=dice.choice((0, 0, 33)), rollover=rollover,
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
        held, dice = self.pair.naive.draws[draw], self.dice
        rest = held.stands
        if not rest:
            return
        chosen: dict[str, int] = {}
        amount = dice.choice((rest, dice.randrange(1, rest + 1)))
        if dice.random() < 0.3:
            for lot, size in held.pieces:
                if lot and size and dice.random() < 0.6:
                    chosen[lot] = chosen.get(lot, 0) + dice.randrange(1, size + 1)
            nobody = sum(size for lot, size in held.pieces if not lot)
            amount = sum(chosen.values()) + dice.randrange(nobody + 1) if chosen else amount
        self.pair.undraw(draw, self.id("back"), amount, self.now, chosen)

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
            if replay and number == length // 2:
                self.pair.check_replay()
                # What was stored and read goes on as the one that was not.
                self.pair.ours = Ledger.from_json(self.pair.ours.ledger().to_json()).open()
        self.pair.check(self.latest)
        start = self.dice.randrange(self.latest + 2)
        self.pair.check_revenue(start, start + 1 + self.dice.randrange(self.latest + 2))
        if replay:
            self.pair.check_replay()


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
