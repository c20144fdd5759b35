"""
What a ledger costs: draws over 1,000 live lots against a bare loop over a heap, which keeps no entry and checks
nothing; that a draw costs the same however long the history is; one draw that goes through all lots; and that the work
grows with the lots, not with their square, where they begin, end or are over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heapify, heappop
from statistics import median

from ratecard.credits import BurnKey, Grant, Ledger, Policy
from ratecard.money import Currency, Money
from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import rate
from ratecard.records import UsageRecord

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


PLAN = Plan.load({
    "key": "p",
    "meters": [{"key": "calls", "event": "call", "aggregate": {"kind": "count"}}],
    "cards": [{"currency": "USD", "items": [
        {"key": "calls", "meter": "calls", "price": {"model": "per_unit", "unit_price": "1"}}
    ]}],
})  # fmt: skip
MONTH = Period.month(2025, 1)


def billed(lots: int, *keys: BurnKey) -> Callable[[], object]:
    """A statement of so many records over as many lots, each of which ends where the next one begins."""
    work = Ledger(Policy(burn=keys) if keys else None).open()
    part = (MONTH.end - MONTH.start) / lots
    for number in range(lots):
        begins, over = (MONTH.start + part * each for each in (number, number + 1))
        work.grant(Grant(id=f"lot{number}", amount=3, currency="USD", effective=begins, expiry=over), at=MONTH.start)
    held, acme = work.ledger(), PLAN.subscribe("acme", start="2025-01-01")
    records = [UsageRecord("call", MONTH.start + part * number + part / 2, id=str(number)) for number in range(lots)]
    return lambda: rate(PLAN, acme, records, MONTH, ledger=held)


def over(lots: int) -> Callable[[], object]:
    """As many draws as there are lots, all of which are over, but one that burns last."""
    work = Ledger(Policy(burn=["priority", "age"])).open()
    for number in range(lots):
        work.grant(Grant(id=f"lot{number}", amount=1, currency=UNIT, expiry="2025-01-09"), at="2025-01-01T00:00:00Z")
    work.grant(Grant(id="last", amount=lots * 2, currency=UNIT, priority=9), at="2025-01-01T00:00:00Z")
    return opened(work.ledger(), lots)


def grown(name: str, build: Callable[[int], Callable[[], object]], few: int, many: int, rounds: int) -> Measured:
    """The time of a lot and its draw among many over that among few."""
    found = paired(name, build(few), build(many), rounds, goal=2.0 * many / few)
    times = many / few
    return Measured(name, found.ratio / times, found.least / times, 2.0, "x", found.base / few, found.variant / many)


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
        grown(
            "a statement drawing over 1,600 lots with edges against 400, per lot and record",
            billed, 400, 1_600, rounds,
        ),
        grown(
            "the same where priority burns before expiry",
            lambda lots: billed(lots, "priority", "expiry"), 400, 1_600, rounds,
        ),
        grown(
            "10,000 draws past 10,000 lots that are over against 2,500, per draw",
            over, 2_500, 10_000, max(1, rounds // 3),
        ),
    ]  # fmt: skip
