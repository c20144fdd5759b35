"""Discounts and bounds of an item run over its whole cadence period, however many statements bill it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.periods import Period
from ratecard.plans import (
    AmountDiscount,
    Carry,
    DiscountTier,
    Item,
    Maximum,
    Minimum,
    PercentDiscount,
    Plan,
    TieredDiscount,
)
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord

MARCH = Period.month(2025, 3)
HALVES = MARCH.split("2025-03-16")
UNIT = prices.PerUnit(unit_price="1", refunds=True)


def plan_of(price: prices.Price = UNIT, **fields: Any) -> Plan:
    """A plan of one metered item."""
    meter = meters.Meter(key="n", event="e", aggregate=meters.Sum(of="n"))
    item = Item.model_validate({"key": "x", "meter": "n", "price": price, **fields})
    return Plan.single("p", currency="USD", meters=[meter], items=[item])


def used(*amounts: tuple[int, int], g: str = "a") -> list[UsageRecord]:
    """Usage on days of March."""
    return [UsageRecord("e", f"2025-03-{day:02}T00:00:00Z", {"n": n, "g": g}) for day, n in amounts]


def bills(plan: Plan, records: Sequence[UsageRecord], periods: Sequence[Period] = HALVES) -> list[Statement]:
    """A statement for each period, the carry through JSON text in between."""
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        fed = [each for each in records if period.contains(each.at)]
        found.append(rate(plan, plan.subscribe("acme", start="2025-03-01"), fed, period, carry=carry))
        assert found[-1].verify()
        assert Statement.from_json(found[-1].to_json()).verify()
        assert found[-1].carry is not None
        carry = Carry.from_json(json.loads(json.dumps(found[-1].carry.to_json())))
    return found


def dues(found: Sequence[Statement]) -> list[str]:
    """What is due of each."""
    return [str(each.due.amount) for each in found]


@pytest.mark.parametrize(
    ("staged", "whole", "parts"),
    [
        ({"maximum": Maximum(amount="120")}, "120.00", ["100.00", "20.00"]),
        ({"maximum": Maximum(amount="120", prorate=True)}, "120.00", ["100.00", "20.00"]),
        ({"maximum": Maximum(amount="80")}, "80.00", ["80.00", "0.00"]),
        ({"minimum": Minimum(amount="500")}, "500.00", ["100.00", "400.00"]),
        ({"minimum": Minimum(amount="150")}, "200.00", ["100.00", "100.00"]),
        ({"discounts": [AmountDiscount(amount="30")]}, "170.00", ["70.00", "100.00"]),
        ({"discounts": [AmountDiscount(amount="130")]}, "70.00", ["0.00", "70.00"]),
        (
            {"discounts": [TieredDiscount(tiers=[DiscountTier(up_to=150, rate="0"), DiscountTier(rate="0.5")])]},
            "175.00",
            ["100.00", "75.00"],
        ),
        ({"discounts": [PercentDiscount(rate="0.5", maximum="60")]}, "140.00", ["50.00", "90.00"]),
        (
            {"discounts": [PercentDiscount(rate="0.5", maximum="60", stacking="added")] * 2},
            "80.00",
            ["0.00", "80.00"],
        ),
        ({"discounts": [PercentDiscount(rate="0.7", stacking="added")] * 2}, "0.00", ["0.00", "0.00"]),
        ({"discounts": [PercentDiscount(rate="0.5")]}, "100.00", ["50.00", "50.00"]),
    ],
)
def test_halves_are_one_bill(staged: dict[str, Any], whole: str, parts: list[str]) -> None:
    """100 and 100 in two statements come to what 200 come to in one."""
    plan, records = plan_of(**staged), used((5, 100), (25, 100))
    assert dues(bills(plan, records, [MARCH])) == [whole]
    assert dues(bills(plan, records)) == parts


def test_floor_above_one_half() -> None:
    """A floor that the first half reaches alone is not topped up in the second."""
    plan = plan_of(minimum=Minimum(amount="500"))
    assert dues(bills(plan, used((5, 400), (25, 100)))) == ["400.00", "100.00"]
    assert dues(bills(plan, used((5, 100), (25, 400)))) == ["100.00", "400.00"]
    assert dues(bills(plan, used((25, 100)))) == ["0.00", "500.00"]
