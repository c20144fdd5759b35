"""
Included units that groups have in common: whole figures of their shares, and of units that a discount takes off.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices, rate
from ratecard._numbers import Exact, div, text, total
from ratecard.plans import UsageDiscount
from ratecard.rating import Statement
from ratecard.rating._pool import pooled

JANUARY = Period.month(2025, 1)
ONE = prices.PerUnit(unit_price="1")
SUM = meters.Sum(of="n")


def bill(
    item: Item, used: dict[str, str], *, start: str = "2025-01-01", aggregate: meters.AnyAggregate = SUM
) -> Statement:
    """January, with one record a group on the 20th."""
    plan = Plan.single("p", currency="USD", meters=[Meter(key="n", event="use", aggregate=aggregate)], items=[item])
    records = [UsageRecord("use", "2025-01-20T12:00:00Z", {"n": n, "g": g}, id=g) for g, n in used.items()]
    statement = rate(plan, plan.subscribe("acme", start=start), records, JANUARY)
    assert statement.verify()
    return statement


def item(units: str, *, prorate: bool = False) -> Item:
    """An item with a pool of units, each beyond them at 1."""
    price = prices.Allowance(units=units, scope="pooled", prorate=prorate, base=ONE)
    return Item(key="x", meter="n", price=price, each=["g"])


@pytest.mark.parametrize(
    ("units", "used", "exact"),
    [
        ("100", {"eu": "33.4", "us": "66.9"}, ["1/10", "1/5"]),
        ("0.5", {"a": "1", "b": "1"}, ["7/10", "4/5"]),
        ("10", {"a": "4", "b": "4", "c": "4"}, ["0", "1", "1"]),
        ("3", {"a": "0.5", "b": "0.5"}, ["0", "0"]),
        ("0", {"a": "0.5", "b": "0"}, ["1/2", "0"]),
    ],
)
def test_what_is_left_to_pay(units: str, used: dict[str, str], exact: list[str]) -> None:
    """What all groups pay is what all used beyond the pool, whatever is finer than the meter's step."""
    lines = bill(item(units), used).lines
    assert [line.exact for line in lines] == [div(Decimal(a), Decimal(b or 1)) for a, _, b in map(_ratio, exact)]


def _ratio(told: str) -> tuple[str, str, str]:
    return told.partition("/")


def test_a_part_of_a_period() -> None:
    """Units for a part of a period that do not end are shared exactly: 20 less 10 x 15/31."""
    whole = bill(item("10", prorate=True), {"a": "20"}, start="2025-01-17")
    assert text(whole.line("x").exact) == "470/31"
    two = bill(item("10", prorate=True), {"a": "5", "b": "15"}, start="2025-01-17")
    assert [text(line.exact) for line in two.lines] == ["235/62", "705/62"]


def test_a_value_that_is_read_whole() -> None:
    """A price that is asked for a whole period and then shared has the whole pool, as one group alone has."""
    alone = prices.Allowance(units="10", prorate=True, base=ONE)
    found = [
        bill(Item(key="x", meter="n", price=price, each=["g"]), {"a": "20"}, start="2025-01-17", aggregate=LATEST)
        for price in (alone, item("10", prorate=True).price)
    ]
    assert [text(each.line("x").exact) for each in found] == ["150/31", "150/31"]


LATEST = meters.Latest(of="n")


def test_units_off() -> None:
    """Units that a discount takes off are the same with groups and without, and are called what they are."""
    off = [UsageDiscount(units="2.5")]
    alone, grouped = (
        bill(Item(key="x", meter="n", price=ONE, each=each, discounts=off), {"a": "3.8"}).line("x")
        for each in ([], ["g"])
    )
    assert str(alone.amount) == str(grouped.amount) == "1.30 USD"
    assert "    units off: 2.5" in alone.explain()
    assert "units off, this group's share of 2.5 by quantity, 3.8 of 3.8: 2.5" in grouped.explain()
    assert "included" not in alone.explain() + grouped.explain()


def test_the_share_is_told() -> None:
    """The explanation tells the pool and what all used, enough to work a share out again."""
    short = bill(item("100"), {"eu": "33.4", "us": "66.9"})
    told = "included units, this group's share of 100 by quantity, 33.4 of 100.3: 33.3"
    assert told in short.lines[0].explain()
    ample = bill(item("100"), {"eu": "33.4", "us": "6"})
    told = "included units, as many as this group used: 100 cover the 39.4 of all groups: 33.4"
    assert told in ample.lines[0].explain()


def test_shared_anew_over_a_change_of_card() -> None:
    """What a group pays in a later piece includes what it gave back to others, and the line says so."""
    price = prices.Allowance(units="4", scope="pooled", base=ONE)
    first = RateCard(currency="USD", items=[Item(key="x", meter="n", price=price, each=["g"])])
    dearer = first.model_copy(update={"effective": "2025-01-16"}).model_dump()
    dearer["items"][0]["price"]["base"]["unit_price"] = "2"
    plan = Plan(
        key="p", meters=[Meter(key="n", event="use", aggregate=SUM)], cards=[first, RateCard.model_validate(dearer)]
    )
    used = [("2025-01-10", "a", 4), ("2025-01-20", "a", 1), ("2025-01-20", "b", 5)]
    records = [
        UsageRecord("use", f"{day}T12:00:00Z", {"n": n, "g": g}, id=str(index))
        for index, (day, g, n) in enumerate(used)
    ]
    statement = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY)
    assert statement.verify()
    assert [(line.group[0][1], text(line.quantity), text(line.exact)) for line in statement.lines] == [
        ("a", "4", "0"), ("a", "1", "6"), ("b", "5", "6"),
    ]  # fmt: skip
    told = statement.lines[1].explain()
    assert "less what was counted before it; the pool is shared anew over all that was counted" in told
    assert "as many as this group used: 4 cover the 4 of all groups: 4" in told
    assert "this group's share of 4 by quantity, 5 of 10: 2" in told


def test_step_of_the_meter() -> None:
    """Whole multiples of the meter's step are shared at it, also where that is coarser than a unit."""
    found = pooled(Decimal(100), [Decimal(70), Decimal(80)], Decimal(10))
    assert found == [Decimal(50), Decimal(50)]
    finer = pooled(Decimal(100), [Decimal(71), Decimal(80)], Decimal(10))
    assert finer == [Decimal(47), Decimal(53)]
    assert pooled(Decimal(1), [Decimal("1.50"), Decimal("1.50")], Decimal(1)) == pooled(
        Decimal(1), [Decimal("1.5"), Decimal("1.5")], Decimal(1)
    )
    assert pooled(Decimal(1), [], Decimal(1)) == []


def test_what_does_not_end() -> None:
    """Quantities that do not end are shared in exact proportion."""
    third: Exact = div(Decimal(1), Decimal(3))
    found = pooled(Decimal("0.5"), [third, Decimal(1)], Decimal(1))
    assert found == [Decimal("0.125"), Decimal("0.375")]
    assert total(found) == Decimal("0.5")
