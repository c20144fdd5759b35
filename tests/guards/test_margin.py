"""Margin floors and fair use."""

from __future__ import annotations

import pytest

from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError
from ratecard.guards import (
    Concurrency,
    FairUse,
    FixedWindow,
    Gauge,
    MarginFloor,
    Reading,
    SlidingWindow,
    TokenBucket,
    Watch,
)
from ratecard.periods import Period
from tests.guards._tools import NOON, faults, later, tokens, told


def gross(price: int, cost: int) -> Reading:
    """A bill of so much that costs so much."""
    return Reading(gross=price, cost=cost, items={"i": price}, costs={"i": cost})


def test_floor_is_told_once() -> None:
    """A breach is told when the margin falls below; at the floor it is not below."""
    watch = Watch([MarginFloor(percent=30), MarginFloor(percent=30, item="i"), MarginFloor(percent=0, key="loss")])
    state = watch.zero()
    found = []
    for price, cost in [(0, 0), (100, 70), (100, 71), (100, 90), (200, 90), (0, 1)]:
        state, signals = watch.record(state, NOON, gross(price, cost))
        found.append((told(signals), [each.value for each in signals]))
    both = ["breach margin_floor of gross", "breach margin_floor of i"]
    assert found == [
        ([], []), ([], []), (both, [29, 29]), ([], []), ([], []), ([*both, "breach loss"], [None, None, None]),
    ]  # fmt: skip
    assert watch.load(watch.dump(state)) == state
    assert watch.admit(state, NOON, after=gross(1, 5))[1].allowed


def test_hard_floor() -> None:
    """A hard floor also refuses what would bring the margin below it, and no waiting helps."""
    watch = Watch([MarginFloor(percent=20, mode="hard"), MarginFloor(percent=50, mode="hard", key="b")])
    verdict = watch.admit(watch.zero(), NOON, after=gross(100, 90))[1]
    assert [(each.key, each.value, each.factor) for each in verdict.limits] == [
        ("b", 10, watch.admit(watch.zero(), NOON, after=gross(10, 9))[1].limits[0].factor),
        ("margin_floor of gross", 10, verdict.limits[1].factor),
    ]
    assert (verdict.retry_after, verdict.left) == (None, {})
    assert [each.factor for each in watch.admit(watch.zero(), NOON, after=gross(0, 1))[1].limits] == [None, None]
    assert "it cannot be known against 20" in watch.admit(watch.zero(), NOON, after=gross(0, 1))[1].explain()
    assert watch.admit(watch.zero(), NOON, after=gross(100, 50))[1].allowed


def test_floor_of_a_customer_and_a_group() -> None:
    """The scope and the group say whose margin it is."""
    guard = MarginFloor(percent=20, scope="customer", each=["team"])
    assert guard.name == "margin_floor of gross for each team for the customer"
    watch = Watch([guard])
    held = {Gauge("gross", "", {"team": "a"}): 10, Gauge("cost", "", {"team": "a"}): 9}
    signals = watch.record(watch.zero(), NOON, Reading(customer=Reading(more=held)), group={"team": "a"})[1]
    assert [each.group for each in signals] == [(("team", "a"),)]
    assert faults(MarginFloor, percent=100, each=["a", "a"]) == [("each[1]", "guard.each"), ("percent", "number.large")]


def test_fair_use_slows_down() -> None:
    """Up to the fair quantity nothing is counted; beyond it only as fast as its limit lets it."""
    watch = Watch([FairUse(quantity=100, meter="tokens", then=TokenBucket(capacity=1, refill=1, interval_seconds=10))])
    state, verdict = watch.admit(watch.zero(), NOON, after=tokens(100))
    assert (state, verdict.allowed, verdict.left) == (watch.zero(), True, {"fair_use of tokens": 1})
    assert watch.left(state, NOON, tokens(99)) == {}
    state, verdict = watch.admit(state, NOON, after=tokens(101))
    assert verdict.allowed
    verdict = watch.admit(state, later(4), after=tokens(102))[1]
    assert (verdict.retry_after, verdict.limits[0].key, verdict.limits[0].kind) == (6, "fair_use of tokens", "fair_use")
    assert watch.admit(state, later(4), after=tokens(99))[1].allowed
    state = watch.record(state, later(4), tokens(101), calls=-1)[0]
    assert watch.admit(state, later(4), after=tokens(102))[1].allowed
    assert watch.load(watch.dump(state)) == state


@pytest.mark.parametrize("then", [TokenBucket(capacity=1, refill=1), FixedWindow(limit=1, window_seconds=1), None])
def test_fair_use_told_and_not_slowed_down(then: TokenBucket | FixedWindow | None) -> None:
    """What was told is kept while its limit is still as new."""
    watch = Watch([FairUse(quantity=100, meter="tokens", then=then)])
    state, signals = watch.record(watch.zero(), NOON, tokens(101))
    assert told(signals) == ["breach fair_use of tokens"]
    assert watch.dump(state)["parts"] == {"fair_use of tokens": [[0, 0, None], None]}
    assert watch.load(watch.dump(state)) == state
    assert watch.release(state, "x") is state


def test_fair_use_is_told_once_a_period() -> None:
    """Passing the fair quantity is told once in each period, at the record that passed it."""
    watch = Watch([FairUse(quantity=100, item="i")])
    assert watch.admit(watch.zero(), NOON, after=Reading(units={"i": 500}))[1].allowed
    state, found = watch.zero(), []
    for value, month in [(100, 1), (101, 1), (150, 1), (120, 2)]:
        reading = Reading(units={"i": value}, period=Period.month(2025, month))
        state, signals = watch.record(state, NOON, reading)
        found.append([each.id for each in signals if not hasattr(each, "threshold") and hasattr(each, "id")])
    assert found == [
        [], ["fair_use of i||100|2025-01-01T00:00:00Z|0"], [], ["fair_use of i||100|2025-02-01T00:00:00Z|0"],
    ]  # fmt: skip


def test_fair_use_by_group_and_at_once() -> None:
    """Its limit may be of any kind, with groups told on the fair use."""
    watch = Watch([FairUse(quantity=0, meter="tokens", each=["user"], then=Concurrency(limit=1))])
    after = Reading(more={Gauge("quantity", "tokens", {"user": "a"}): 5})
    state, first = watch.admit(watch.zero(), NOON, after=after, group={"user": "a"}, id="x")
    same, second = watch.admit(state, NOON, after=after, group={"user": "a"}, id="y")
    assert (first.allowed, second.allowed, same) == (True, False, state)
    assert watch.release(state, "y") is state
    state = watch.release(state, "x")
    assert watch.admit(state, NOON, after=after, group={"user": "a"}, id="y")[1].allowed


def test_fair_use_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group whose limit is as new, and of which nothing was told, makes room for another."""
    from ratecard.guards import _each

    monkeypatch.setattr(_each, "GROUPS_MAX", 1)
    watch = Watch([FairUse(quantity=0, meter="m", each=["user"], then=SlidingWindow(limit=1, window_seconds=1))])
    state = watch.zero()
    for number, user in enumerate("ab"):
        after = Reading(more={Gauge("quantity", "m", {"user": user}): 5})
        state, verdict = watch.admit(state, later(number), after=after, group={"user": user})
        assert verdict.allowed
    assert [row[0] for row in watch.dump(state)["parts"]["fair_use of m for each user"]["groups"]] == [["b"]]


def test_faults_of_fair_use() -> None:
    """A wrong fair use cannot be built, and its limit's own faults are told with their path."""
    limit = {"kind": "sliding_window", "limit": 1, "window_seconds": 1}
    assert faults(FairUse, quantity=-1) == [("meter", "guard.scope"), ("quantity", "number.small")]
    assert faults(FairUse, quantity=1, meter="m", then={**limit, "each": ["a"]}) == [("then", "guard.each")]
    assert faults(FairUse, quantity=1, meter="m", then={**limit, "limit": -1}) == [("then.limit", "number.small")]
    with pytest.raises(DefinitionError) as error:
        Watch([FairUse(quantity=1, meter="m", then=FixedWindow(limit=1, per=Cadence.monthly()))])
    assert [(each.path, each.code) for each in error.value.problems] == [("guards[0].then.per", "cadence.anchor")]
