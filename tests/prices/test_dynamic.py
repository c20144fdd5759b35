"""Prices that records carry, and factors."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ratecard._numbers import div
from ratecard.demand import Carried, Demand
from ratecard.errors import RecordError
from ratecard.prices import Dynamic, Flat, Multiplier, PerUnit
from ratecard.records import UsageRecord
from tests.prices.test_base import told
from tests.strategies import usage_of

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def calls(*costs: str | None) -> list[UsageRecord]:
    """Records of two units each that carry these costs."""
    return [
        UsageRecord("call", NOON, {"n": Decimal(2)} if cost is None else {"n": Decimal(2), "cost": Decimal(cost)})
        for cost in costs
    ]


def test_a_price_for_each_unit() -> None:
    """The carried price is multiplied by the metered value."""
    priced = Dynamic(of="cost").price(usage_of(calls("3", "0.5")))
    assert priced.amount == 7
    assert priced.step.words() == "carried by the records: 7"


def test_a_whole_amount_with_a_markup() -> None:
    """The carried amount is taken as it is, times the factor."""
    priced = Dynamic(of="cost", per_unit=False, multiplier="1.2").price(usage_of(calls("3", "7")))
    assert priced.step.words() == "markup: 10 x 1.2 = 12\n  carried by the records: 10"
    assert priced.amount == 12


def test_a_margin() -> None:
    """A margin is a share of the price, so the price is the cost over what is left."""
    priced = Dynamic(of="cost", per_unit=False, margin="0.4").price(usage_of(calls("1")))
    assert priced.amount == div(Decimal(5), 3)
    assert priced.step.words() == "margin of 0.4: 1 / 0.6 = 5/3\n  carried by the records: 1"


def test_records_without_a_price() -> None:
    """A record without the property takes the default and is told, or is refused."""
    price = Dynamic(of="cost", default=9)
    priced = price.price(usage_of(calls("3", None), price.demand()))
    assert (priced.amount, priced.step.words()) == (24, "carried by the records, 1 by default: 24")
    with pytest.raises(RecordError):
        Dynamic(of="cost").price(usage_of(calls(None)))
    assert price.demand() == Demand(folds=[Carried("cost", True, Decimal(9))])


def test_dynamic_faults() -> None:
    """A factor below 0, a margin of all, and both together are refused."""
    assert told(Dynamic, of="cost", multiplier=-1, margin=1) == [
        ("multiplier", "price.negative"),
        ("margin", "price.margin"),
        ("margin", "price.both"),
    ]
    assert told(Dynamic, of="cost", margin="-0.1") == [("margin", "price.negative")]
    assert told(Dynamic, of="") == [("of", "text.empty")]


def test_multiplier() -> None:
    """A factor on all that a price costs, also on one that reads records."""
    price = Multiplier(factor="0.1", base=PerUnit(unit_price=30))
    assert [price.amount(q) for q in (0, 2)] == [0, 6]
    assert price.curve().amount(2) == 6
    carried = Multiplier(factor="0.5", base=Dynamic(of="cost"))
    assert carried.price(usage_of(calls("3"))).step.words() == "6 x 0.5 = 3\n  carried by the records: 6"
    assert carried.price(usage_of(calls("3"))).amount == 3
    assert str(Multiplier(factor=0, base=Flat(amount=-1)).amount(1)) == "0"
    assert told(Multiplier, factor=-1, base=Flat(amount=1)) == [("factor", "price.negative")]
