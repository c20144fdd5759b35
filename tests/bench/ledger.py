"""
What a ledger costs: draws over 1,000 live lots against a bare loop over a heap, which keeps no entry and checks
nothing; that a draw costs the same however long the history is; and one draw that goes through all lots.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heapify, heappop
from statistics import median

from ratecard.credits import Grant, Ledger
from ratecard.money import Currency, Money

from .timing import Measured, paired, timed

UNIT = Currency.custom("credits", places=2)
NOW = datetime(2025, 1, 10, tzinfo=UTC)
LOTS = 1_000
SIZE = Money.make(Decimal("1.25"), UNIT)


def bought(operations: int) -> Ledger:
    """A ledger of 1,000 lots that suffice for so many draws, and are nearly used up by them."""
    # A share over what they cost, so that the last draws find something.
    each = SIZE.amount * operations * 2 / LOTS + 2
    work = Ledger().open()
    for number in range(LOTS):
        expiry = f"2025-{2 + number % 11:02}-{1 + number % 28:02}"
        work.grant(
            Grant(id=f"lot{number}", amount=each.quantize(Decimal("0.01")), currency=UNIT, expiry=expiry), at=NOW
        )
    return work.ledger()


def heap(operations: int) -> Callable[[], object]:
    """The bare loop: the soonest expiry pays, an id counts once."""
    lots = [(each.lot.expiry, each.lot.id, each.left) for each in bought(operations).lots()]

    def work() -> object:
        left = {id: amount for _, id, amount in lots}
        queue = [(expiry, id) for expiry, id, _ in lots]
        heapify(queue)
        seen = set()
        for number in range(operations):
            name = f"draw{number}"
            if name not in seen:
                seen.add(name)
                need = SIZE.amount
                while need:
                    id = queue[0][1]
                    part = min(left[id], need)
                    left[id] -= part
                    need -= part
                    if not left[id]:
                        heappop(queue)
        return left

    return work


def opened(start: Ledger, operations: int, name: str = "draw") -> Callable[[], object]:
    """The same on a working copy, and one value at the end."""

    def work() -> object:
        live = start.open()
        for number in range(operations):
            live.draw(SIZE, at=NOW, id=f"{name}{number}")
        return live.ledger()

    return work


def valued(start: Ledger, operations: int, name: str = "draw") -> Callable[[], object]:
    """The same with a new value for every draw."""

    def work() -> object:
        ledger = start
        for number in range(operations):
            ledger, _ = ledger.draw(SIZE, at=NOW, id=f"{name}{number}")
        return ledger

    return work


def tenths(operations: int) -> Measured:
    """The time of a draw in the last tenth of a history over that in the first, in one working copy."""
    live, tenth = bought(operations).open(), operations // 10
    part = max(1, tenth // 10)

    def some(first: int) -> Callable[[], object]:
        def work() -> object:
            for number in range(first, first + part):
                live.draw(SIZE, at=NOW, id=f"draw{number}")
            return live

        return work

    times = [timed(some(first)) for first in range(0, part * (operations // part), part)]
    parts = tenth // part
    first, last = times[:parts], times[-parts:]
    ratio, least = median(last) / median(first), min(last) / min(first)
    name = f"a draw in the last tenth of {operations:,}, over one in the first"
    return Measured(name, ratio, least, 1.5, "x", min(first), min(last))


def through(start: Ledger) -> tuple[Callable[[], object], Callable[[], object]]:
    """One draw that takes all of every lot, a few times over: from a bare heap, and from the ledger."""
    lots = [(each.lot.expiry, each.lot.id, each.left) for each in start.lots()]
    whole = start.balance(str(UNIT), NOW)

    def bare() -> object:
        for _ in range(_TIMES):
            queue, need, parts = list(lots), whole.amount, []
            heapify(queue)
            while need:
                _, id, left = heappop(queue)
                part = min(left, need)
                need -= part
                parts.append((id, part))
        return parts

    def ours() -> object:
        for number in range(_TIMES):
            after, found = start.draw(whole, at=NOW, id=f"all{number}")
            assert len(found.parts) == LOTS
        return after

    return bare, ours


_TIMES = 10


def run(operations: int, rounds: int) -> list[Measured]:
    """The two ratios, what a long history adds, and one draw through every lot."""
    fresh = bought(operations)
    old = fresh.open()
    for number in range(operations):
        old.draw(SIZE, at=NOW, id=f"old{number}")
    long = old.ledger()
    # A value for each draw costs more; a few thousand tell how much.
    few = min(operations, 5_000)
    return [
        paired(
            f"{operations:,} draws over {LOTS:,} lots, open, over a bare heap",
            heap(operations), opened(fresh, operations), max(1, rounds // 3), goal=30,
        ),
        paired("the same with a value for each draw", heap(few), valued(fresh, few), rounds, goal=80),
        tenths(operations),
        paired(
            f"a value for each draw, after {operations:,} entries over the first",
            valued(fresh, few), valued(long, few, "new"), rounds, goal=1.5,
        ),
        paired(f"one draw through {LOTS:,} lots, over a bare heap", *through(fresh), rounds, goal=30),
    ]  # fmt: skip
