"""The groups near a record: a guard of one group looks at no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ratecard import Cadence, Item, Meter, Period, Plan, UsageRecord, live, measure, meters, prices, rate, resolve
from ratecard.guards import Alert, AnyGuard, Cap, Gauge
from ratecard.rating import Live
from ratecard.rating._near import Near
from tests.guards.test_table import calls_of

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
JANUARY, FEBRUARY = Period.month(2025, 1), Period.month(2025, 2)


def plan(guards: Sequence[AnyGuard], aggregate: Any = None) -> Plan:
    """One meter, at a price per unit."""
    return Plan.single(
        "p", currency="USD",
        meters=[Meter(key="t", event="e", aggregate=aggregate or meters.Sum(of="n"))],
        items=[Item(key="t", meter="t", price=prices.PerUnit(unit_price="0.01"))], guards=guards,
    )  # fmt: skip


def call(id: str, team: str, quantity: int = 1, model: str = "m", at: datetime = NOON) -> UsageRecord:
    """One call of a team."""
    return UsageRecord("e", at, {"n": quantity, "team": team, "model": model}, id=id)


def test_groups_are_found_by_some_of_their_dimensions() -> None:
    """Groups that were there, and those that come, are found by any of their places, in the order they came."""
    near = Near({"t": [{("a", "x"): 1}, {("b", "x"): 1, ("a", "x"): 1}]})
    assert list(near.find("t", {1: "x"})) == [("a", "x"), ("b", "x")]
    near.add("t", ("a", "y"))
    near.add("t", ("c", "x"))
    near.add("t", ("a", "x"))
    assert list(near.find("t", {1: "x"})) == [("a", "x"), ("b", "x"), ("c", "x")]
    assert list(near.find("t", {0: "a"})) == [("a", "x"), ("a", "y")]
    assert list(near.find("t", {0: "a", 1: "y"})) == [("a", "y")]
    assert list(near.find("t", {0: "z"})) == []


def test_a_record_costs_the_same_among_many_groups() -> None:
    """On a live bill a cap and an alert by group look at the group of the record alone, seen before or not."""
    guards: list[AnyGuard] = [Cap(quantity=100, meter="t", each=["team"]), Alert(quantity=50, meter="t", each=["team"])]
    taken: list[list[int]] = []
    terms = resolve(plan(guards), plan(guards).subscribe("acme", start="2025-01-01"), JANUARY)
    for groups in (5, 1_000):
        bill = live(terms, measure(terms, [call(f"a{number}", f"t{number}") for number in range(groups)]))

        def once(id: str, team: str, bill: Live = bill) -> None:
            record = call(id, team)
            assert bill.admit(record)
            bill.record(record)

        once("warm", "t0")
        taken.append([calls_of(lambda: once("b1", "t1")), calls_of(lambda: once("b2", "new"))])
    assert taken[0] == taken[1]


@pytest.mark.parametrize(
    "aggregate",
    [
        meters.Sum(of="n"), meters.Count(), meters.Max(of="n"), meters.Unique(of="model"),
        meters.Level(of="n", opening=0),
    ],
    ids=["sum", "count", "max", "unique", "level"],
)  # fmt: skip
def test_what_a_group_has_is_what_all_groups_say(aggregate: Any) -> None:
    """By one dimension of two, with what is held on top, a group has what its records alone come to."""
    guards: list[AnyGuard] = [
        Cap(quantity=1_000, meter="t", each=["team"]), Alert(quantity=1_000, meter="t", each=["model"]),
    ]  # fmt: skip
    told = plan(guards, aggregate)
    terms = resolve(told, told.subscribe("acme", start="2025-01-01"), JANUARY)
    first = [call("a1", "x", 5, "m"), call("a2", "y", 7, "m"), call("a3", "x", 2, "k")]
    bill = live(terms, measure(terms, first[:1]))
    for record in first[1:]:
        bill.record(record)
    assert bill.reserve(call("a4", "z", 3, "k"))
    assert bill.reserve(call("a5", "x", 4, "j"))
    every = [*first, call("a4", "z", 3, "k"), call("a5", "x", 4, "j")]
    for team in ("x", "y", "z", "none"):
        mine = [record for record in every if record.properties["team"] == team]
        alone = live(terms, measure(terms, mine))
        gauge = Gauge("quantity", "t", {"team": team})
        assert bill._base().value(gauge) == alone._base().value(Gauge("quantity", "t"))


def test_groups_that_were_carried_in() -> None:
    """A cap of a group reads what the rated period has of it, also where a counter runs on from the period before."""
    told = Plan.single(
        "p", currency="USD", cadence=Cadence.calendar("month"),
        meters=[Meter(key="t", event="e", aggregate=meters.Sum(of="n"))],
        items=[Item(key="t", meter="t", price=prices.PerUnit(unit_price="0.01"), cadence=Cadence.calendar("year"))],
        guards=[Cap(quantity=10, meter="t", each=["team"])],
    )  # fmt: skip
    anyone = told.subscribe("acme", start="2025-01-01")
    carry = rate(told, anyone, [call("a1", "x", 8)], JANUARY).carry
    bill = live(resolve(told, anyone, FEBRUARY, carry=carry))
    late = datetime(2025, 2, 10, tzinfo=UTC)
    assert bill.admit(call("b1", "x", 10, at=late))
    bill.record(call("b1", "x", 10, at=late))
    assert not bill.admit(call("b2", "x", 1, at=late))
    held: Mapping[str, Any] = bill.left(late, group={"team": "x"})
    assert held == {"cap on quantity t for each team": 0}
