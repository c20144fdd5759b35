"""
What a live bill costs a record: counting it, quoting it, asking whether it may run.

Three independent graduated items, each on a meter of its own; asking is under three caps, three alerts and a token
bucket.
The base is the loop that a host would write: `total[record.event] += record.properties["n"]` over the same records. The
stricter one, for keys and quantities that are at hand already, is `total[key] += quantity`; none of what a record has
is read there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ratecard import Item, Meter, Period, Plan, UsageRecord, live, meters, prices, resolve
from ratecard.guards import Alert, AnyGuard, Cap, TokenBucket
from ratecard.plans import Terms
from ratecard.rating import Live

from .timing import Measured, paired

START = datetime(2025, 1, 10, tzinfo=UTC)
EVENTS = ("input", "output", "cached")
GUARDS: list[AnyGuard] = [
    Cap(spend=100_000), Cap(spend=50_000, item="input"), Cap(quantity=10**12, meter="output"),
    Alert(percent=50, cap="cap on subtotal"), Alert(percent=80, cap="cap on subtotal"),
    Alert(quantity=10**11, meter="cached"),
    TokenBucket(capacity=100, refill=1_000),
]  # fmt: skip


def terms(guards: list[AnyGuard], *, share: bool = False) -> Terms:
    """Three graduated items; with `share` a fee that is a share of them, which needs all of them each time."""
    tiers = [
        prices.Tier(up_to=1_000_000, unit_price="0.00001"),
        prices.Tier(up_to=100_000_000, unit_price="0.000005"),
        prices.Tier(unit_price="0.000002"),
    ]
    items = [Item(key=key, meter=key, price=prices.Graduated(tiers=tiers)) for key in EVENTS]
    if share:
        items.append(Item(key="support", price=prices.PercentOf(items=list(EVENTS), rate="0.1")))
    plan = Plan.single(
        "gateway",
        currency="USD",
        meters=[Meter(key=key, event=key, aggregate=meters.Sum(of="n")) for key in EVENTS],
        items=items,
        guards=guards,
    )
    return resolve(plan, plan.subscribe("acme", start="2025-01-01"), Period.month(2025, 1))


def usage(count: int) -> list[UsageRecord]:
    """Records of the three events in turn."""
    return [
        UsageRecord(EVENTS[n % 3], START + timedelta(milliseconds=5 * n), {"n": 1 + n % 4000}, id=f"r{n}")
        for n in range(count)
    ]


def counting(records: list[UsageRecord]) -> Callable[[], int]:
    """The bare loop."""

    def work() -> int:
        total = dict.fromkeys(EVENTS, 0)
        for record in records:
            total[record.event] += record.properties["n"]
        return sum(total.values())

    return work


def adding(records: list[UsageRecord]) -> Callable[[], int]:
    """The same over keys and quantities at hand."""
    pairs = [(record.event, record.properties["n"]) for record in records]

    def work() -> int:
        total = dict.fromkeys(EVENTS, 0)
        for key, quantity in pairs:
            total[key] += quantity
        return sum(total.values())

    return work


def living(terms: Terms, act: str, records: list[UsageRecord]) -> Callable[[], object]:
    """One call for each record, on a new bill."""

    def work() -> object:
        bill = live(terms)
        call = getattr(bill, act)
        for record in records:
            call(record)
        return bill

    return work


def later(terms: Terms, act: str, records: list[UsageRecord], rounds: int) -> Measured:
    """Calls on a bill that has seen nine tenths of the records, against calls on a new one."""
    many, few = records[: len(records) // 10 * 9], records[len(records) // 10 * 9 :]
    old, new = live(terms), live(terms)
    for record in many:
        old.record(record)

    def calls(on: Live) -> Callable[[], object]:
        # Asking changes nothing that is counted, so the bill stays as long as it is.
        return lambda: [getattr(on, act)(record) for record in few]

    return paired(f"live: {act} on a long bill, to a new one", calls(new), calls(old), rounds, goal=1.5)


def run(calls: int, rounds: int) -> list[Measured]:
    """Counting, quoting and asking, to the bare loop; and a plan in which items read each other."""
    records = usage(calls)
    base, strict, plain, guarded = counting(records), adding(records), terms([]), terms(GUARDS)
    few = records[: max(calls // 100, 10)]
    return [
        paired("live: record, to a bare count", base, living(plain, "record", records), rounds, goal=8),
        paired("live: quote, to a bare count", base, living(plain, "quote", records), rounds, goal=8),
        paired("live: admit, to a bare count", base, living(guarded, "admit", records), rounds, goal=25),
        paired("live: record, to keys at hand", strict, living(plain, "record", records), rounds, goal=8),
        paired("live: quote, to keys at hand", strict, living(plain, "quote", records), rounds, goal=8),
        paired("live: admit, to keys at hand", strict, living(guarded, "admit", records), rounds, goal=25),
        paired(
            "live: quote where an item reads the others, O(items), to a bare count",
            counting(few), living(terms([], share=True), "quote", few), rounds, goal=2_000,
        ),
        later(plain, "quote", records, rounds),
    ]  # fmt: skip
