"""
What guards cost a call: three caps, three alerts and a token bucket, asked before and told after, against counting.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from ratecard import Item, Meter, Period, Plan, UsageRecord, live, measure, meters, prices, resolve
from ratecard.guards import Alert, Cap, Gauge, Reading, State, TokenBucket, Watch

from .timing import Measured, paired

START = datetime(2025, 1, 10, 12, tzinfo=UTC)


def watch() -> Watch:
    """The guards of a small gateway."""
    return Watch([
        Cap(spend=1_000), Cap(spend=500, item="tokens"), Cap(quantity=10**9, meter="tokens"),
        Alert(percent=50, cap="cap on subtotal"), Alert(percent=80, cap="cap on subtotal"),
        Alert(quantity=10**8, meter="tokens"),
        TokenBucket(capacity=100, refill=1_000),
    ])  # fmt: skip


def counting(calls: int) -> Callable[[], int]:
    """The bare loop: a total of one key."""

    def work() -> int:
        total = {"tokens": 0}
        for quantity in range(calls):
            key = "tokens"
            total[key] += quantity
        return total["tokens"]

    return work


def guarding(calls: int) -> Callable[[], int]:
    """Ask and tell for each call; all are let through."""
    guards = watch()
    instants = [START + timedelta(milliseconds=number) for number in range(calls)]
    reading = Reading(subtotal="60", items={"tokens": "40"}, quantities={"tokens": 1_000_000})

    def work() -> int:
        state = guards.zero()
        through = 0
        for at in instants:
            state, verdict = guards.admit(state, at, after=reading)
            through += verdict.allowed
            state, _ = guards.record(state, at, reading)
        assert through == calls
        return through

    return work


def by_group(groups: int, calls: int) -> Callable[[], int]:
    """Ask and tell under a cap and an alert of each team, where so many teams were seen."""
    guards = Watch([
        Cap(quantity=10**6, meter="tokens", each=["team"]), Cap(quantity=10**6, meter="tokens", each=["team"],
        window_seconds=60), Alert(quantity=1, meter="tokens", each=["team"], rearm="recover"),
    ])  # fmt: skip

    def at(value: int) -> Reading:
        def find(gauge: Gauge) -> int:
            return value

        return Reading.by(find)

    low, high, uses = at(0), at(2), Reading(quantities={"tokens": 1})
    teams = [{"team": f"t{number}"} for number in range(groups)]

    def once(state: State, team: dict[str, str]) -> State:
        state, verdict = guards.admit(state, START, after=high, before=low, uses=uses, group=team)
        assert verdict
        state, _ = guards.record(state, START, high, group=team)
        return guards.record(state, START, low, group=team)[0]

    seen = guards.zero()
    for team in teams:
        seen = once(seen, team)

    def work() -> int:
        state = seen
        for number in range(calls):
            state = once(state, teams[number * 7919 % groups])
        return state.version

    return work


def bills(groups: int, calls: int) -> Callable[[], int]:
    """The same on a live bill."""
    plan = Plan.single(
        "gateway", currency="USD", meters=[Meter(key="tokens", event="call", aggregate=meters.Sum(of="n"))],
        items=[Item(key="tokens", meter="tokens", price=prices.PerUnit(unit_price="0.01"))],
        guards=[Cap(quantity=10**6, meter="tokens", each=["team"]),
                Alert(quantity=10**5, meter="tokens", each=["team"])],
    )  # fmt: skip
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), Period.month(2025, 1))
    tally = measure(terms, [call(f"a{number}", number) for number in range(groups)])

    bill, numbers = live(terms, tally), count()

    def work() -> int:
        through = 0
        for number in islice(numbers, calls):
            record = call(f"b{number}", number * 7919 % groups)
            through += bill.admit(record).allowed
            bill.record(record)
        assert through == calls
        return through

    return work


def call(id: str, team: int) -> UsageRecord:
    """One call of a team."""
    return UsageRecord("call", START, {"n": 1, "team": f"t{team}"}, id=id)


def run(calls: int, rounds: int) -> list[Measured]:
    """The ratio of both."""
    few = max(calls // 50, 10)
    return [
        paired(
            "three caps, three alerts and a token bucket a call, to a bare count",
            counting(calls),
            guarding(calls),
            rounds,
            goal=200,
        ),
        paired(
            "guards by group: 10,000 groups, to 100 groups",
            by_group(100, few), by_group(10_000, few), rounds, goal=1.5,
        ),
        paired(
            "live: a cap and an alert by group, 10,000 groups, to 100 groups",
            bills(100, few), bills(10_000, few), rounds, goal=1.5,
        ),
    ]  # fmt: skip
