"""Levels of cells and of several together: how finely a meter is cut changes no figure, also over a carry."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard._numbers import text
from ratecard.cadence import Cadence
from ratecard.errors import MismatchError
from ratecard.lab import Expected, estimate
from ratecard.periods import Period
from ratecard.plans import Carry, Item, Plan, RateCard
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord

JANUARY, FEBRUARY, MARCH = (Period.month(2025, month) for month in (1, 2, 3))
UNIT = prices.PerUnit(unit_price="1")


def plan(aggregate: Any, *items: Item, **rest: Any) -> Plan:
    """A plan of one meter, in two cards of which the second begins in the middle of a month."""
    return Plan(
        key="p",
        meters=[meters.Meter(key="m", event="e", aggregate=aggregate)],
        cards=[
            RateCard(currency="USD", items=items, effective=day) for day in (None, "2025-01-16", "2025-02-15T00:00:00Z")
        ],
        **rest,
    )


def whole(**rest: Any) -> Item:
    """An item that reads the meter as one."""
    return Item(key="whole", meter="m", price=UNIT, **rest)


def cut(**rest: Any) -> Item:
    """An item for whose sake the meter is cut."""
    return Item(key="cut", meter="m", price=UNIT, each=["d"], **rest)


def at(day: int, n: int, d: str) -> UsageRecord:
    """A record on a day, counted from New Year."""
    when = datetime.fromisoformat("2025-01-01T00:00:00+00:00") + timedelta(days=day - 1)
    return UsageRecord("e", when, {"n": n, "d": d}, id=f"{day}{d}")


def bills(some: Plan, records: list[UsageRecord], *periods: Period) -> list[Statement]:
    """One statement after the other, each with the carry of the one before as its JSON."""
    acme = some.subscribe("acme", start="2025-01-01")
    found: list[Statement] = []
    carry = None
    for period in periods:
        inside = [each for each in records if period.start <= each.at < period.end]
        found.append(rate(some, acme, inside, period, carry=carry))
        left = found[-1].carry
        assert left is not None
        carry = Carry.from_json(json.loads(json.dumps(left.to_json())))
    return found


def of_whole(found: list[Statement]) -> list[list[tuple[str, str]]]:
    """Quantities and amounts of the item that reads the meter as one."""
    return [[(text(line.quantity), text(line.exact)) for line in bill.lines_of("whole")] for bill in found]


SETS = [at(2, 1, "a"), at(10, 0, "b"), at(20, 7, "a"), at(33, 2, "b"), at(48, 5, "a"), at(50, 1, "c")]


@pytest.mark.parametrize("made", [meters.Level, meters.Peak])
@pytest.mark.parametrize("mode", ["set", "delta"])
@pytest.mark.parametrize("opening", [None, "0"])
@pytest.mark.parametrize("own", [None, Cadence.calendar("month", every=3)])
@pytest.mark.parametrize("records", [SETS, SETS[1:], SETS[3:], []])
def test_another_item_changes_nothing(
    made: Any, mode: str, opening: str | None, own: Cadence | None, records: list[UsageRecord]
) -> None:
    """An item without dimensions bills the same whether or not another one cuts its meter, period after period."""
    aggregate = made(of="n", mode=mode, opening=opening)
    alone = bills(plan(aggregate, whole(cadence=own)), records, JANUARY, FEBRUARY, MARCH)
    beside = bills(plan(aggregate, whole(cadence=own), cut(cadence=own)), records, JANUARY, FEBRUARY, MARCH)
    assert of_whole(alone) == of_whole(beside)
    assert all(bill.verify() for bill in beside)


def test_last_set_counts_for_several_groups() -> None:
    """A gauge set to 1 in one group and then to 0 in another is at 0 as a whole, while each group keeps its own."""
    records = [at(1, 1, "a"), at(16, 0, "b")]
    first, second = bills(plan(meters.Level(of="n"), whole(), cut()), records, JANUARY, FEBRUARY)
    assert [text(line.quantity) for line in first.lines_of("whole")] == ["15/31", "0"]
    assert [(dict(line.group)["d"], text(line.quantity)) for line in second.lines_of("cut")][::2] == [
        ("a", "0.5"),
        ("a", "0.5"),
    ]
    assert [text(line.quantity) for line in second.lines_of("whole")] == ["0", "0"]
    assert first.carry is not None
    assert first.carry.levels == {
        "m": [[["a"], [["2025-01-01T00:00:00Z", "", "1a", "1"]]], [["b"], [["2025-01-16T00:00:00Z", "", "16b", "0"]]]]
    }


def test_moves_of_groups_add_up() -> None:
    """Of moves the whole holds what all groups hold together, also over a carry."""
    records = [at(1, 1, "a"), at(1, 2, "b")]
    aggregate = meters.Level(of="n", mode="delta", opening=0)
    _, second = bills(plan(aggregate, whole(), cut()), [*records, at(32, 4, "c")], JANUARY, FEBRUARY)
    assert [text(line.quantity) for line in second.lines_of("whole")] == ["3.5", "3.5"]
    assert {dict(line.group)["d"]: text(line.quantity) for line in second.lines_of("cut")} == {
        "a": "0.5", "b": "1", "c": "2"
    }  # fmt: skip


def carry_of(*levels: Any) -> Carry:
    """What was held at the end of January."""
    return Carry("acme", "p", FEBRUARY.start, levels={"m": levels})


def test_levels_without_times() -> None:
    """Levels brought from elsewhere need no times where groups are read one by one, and are refused where not."""
    two = carry_of([["a"], "3"], [["b"], "4"])
    some = plan(meters.Level(of="n"), cut())
    bill = rate(some, some.subscribe("acme", start="2025-01-01"), [], FEBRUARY, carry=two)
    assert [text(line.quantity) for line in bill.lines] == ["1.5", "2", "1.5", "2"]
    assert bill.carry is not None
    assert bill.carry.levels == two.levels
    some = plan(meters.Level(of="n"), whole(), cut())
    acme = some.subscribe("acme", start="2025-01-01")
    with pytest.raises(MismatchError) as caught:
        rate(some, acme, [], FEBRUARY, carry=two)
    assert caught.value.code == "carry.levels"
    last = carry_of([["a"], "3"], [["b"], "4"], [["c"], [["2025-01-31T00:00:00Z", "", "", "9"]]])
    assert rate(some, acme, [], FEBRUARY, carry=last).lines_of("whole")[0].quantity == Decimal("4.5")


def test_levels_set_after_the_carry() -> None:
    """A carry that tells of a record which it can't have seen is refused."""
    some = plan(meters.Level(of="n"), cut())
    with pytest.raises(MismatchError) as caught:
        late = carry_of([["a"], [["2025-02-01T00:00:00Z", "", "", "9"]]])
        rate(some, some.subscribe("acme", start="2025-01-01"), [], FEBRUARY, carry=late)
    assert caught.value.code == "carry.levels"


def test_expected_levels_are_held() -> None:
    """An expected quantity of a group is its level throughout, and the carry tells it without a time."""
    some = Plan.single(
        "p", currency="USD", meters=[meters.Meter(key="m", event="e", aggregate=meters.Level(of="n"))], items=[cut()]
    )
    acme = some.subscribe("acme", start="2025-01-01")
    bill = estimate(some, acme, {"m": [Expected(4, {"d": "a"}), Expected(2, {"d": "b"})]}, JANUARY)
    assert bill.carry is not None
    assert bill.carry.levels == {"m": [[["a"], "4"], [["b"], "2"]]}
    bill = estimate(plan(meters.Level(of="n"), whole()), acme, {"m": Expected(4, at="2025-01-01T00:00:00Z")}, JANUARY)
    assert bill.carry is not None
    assert bill.carry.levels == {"m": [[[], "4"]]}


@pytest.mark.parametrize("mode", ["set", "delta"])
def test_unknown_levels_stay_unknown(mode: Any) -> None:
    """A counter carried on from before all records and without an opening is not taken to have started at 0."""
    own = Cadence.calendar("month", every=3)
    some = Plan.single(
        "p", currency="USD", meters=[meters.Meter(key="m", event="e", aggregate=meters.Level(of="n", mode=mode))],
        items=[whole(cadence=own), cut(cadence=own)],
    )  # fmt: skip
    acme = some.subscribe("acme", start="2024-12-01")
    carry = rate(some, acme, [at(10, 1, "a")], JANUARY).carry
    carry = rate(some, acme, [], FEBRUARY, carry=carry).carry
    with pytest.raises(MismatchError) as caught:
        rate(some, acme, [], MARCH, carry=carry)
    assert caught.value.code == "level.opening"


@pytest.mark.parametrize("every", [True, False])
def test_a_group_is_new_where_it_was_first_seen(every: bool) -> None:
    """A group of a counter over several statements is in no stretch before it was first seen."""

    def fee(amount: str) -> Item:
        return Item(
            key="use", meter="desks", price=prices.Flat(amount=amount, prorate=False), each=["d"],
            cadence=Cadence(every=1, unit="year", anchor=date(2025, 1, 1)),
        )  # fmt: skip

    cards = [
        RateCard(currency="USD", items=[fee("1")]),
        RateCard(currency="USD", items=[fee("2")], effective="2025-03-20"),
    ]
    meter = meters.Meter(key="desks", event="e", aggregate=meters.Level(of="n"))
    offer = Plan(key="p", meters=[meter], cards=cards)
    acme = offer.subscribe("acme", start="2025-01-01", end="2025-04-11")
    records = [UsageRecord("e", "2025-03-25T12:00:00Z", {"n": 5, "d": "a"}, id="1")]
    carry, found = None, []
    for month in (1, 2, 3, 4):
        period = Period.month(2025, month)
        made = rate(offer, acme, [each for each in records if every or period.contains(each.at)], period, carry=carry)
        carry = made.carry
        found += [(line.key, str(line.amount)) for line in made.lines]
    assert found == [("use[d=a]@2025-03-20T00:00:00Z", "2.00 USD")]
