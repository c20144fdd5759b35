"""Prices made of others."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ratecard._numbers import ZERO, div
from ratecard.demand import Demand, Dimension
from ratecard.errors import NoPriceError
from ratecard.prices import (
    Allowance,
    Dynamic,
    FirstThen,
    Flat,
    Graduated,
    Hybrid,
    PerUnit,
    Tier,
    Weight,
    Weighted,
)
from ratecard.quantity import Usage
from ratecard.records import UsageRecord
from tests.prices.test_base import told
from tests.strategies import usage_of

FEE, EACH = Flat(amount=20), PerUnit(unit_price=3)
CARRIED = Dynamic(of="cost")


def calls(*sizes: str) -> list[UsageRecord]:
    """Records of two units each, of these sizes, that carry a cost of 5."""
    noon = datetime(2025, 1, 10, 12, tzinfo=UTC)
    return [UsageRecord("call", noon, {"n": Decimal(2), "size": size, "cost": Decimal(5)}) for size in sizes]


def test_hybrid() -> None:
    """The sum, the greatest, or the least of what the parts cost."""
    kinds = ("sum", "greatest", "least")
    prices = [Hybrid(combine=kind, prices=[FEE, EACH]) for kind in kinds]
    assert [[price.amount(q) for q in (0, 5, 10)] for price in prices] == [[20, 35, 50], [20, 20, 30], [0, 15, 20]]
    assert prices[1].explain(10) == "the greatest of 20, 30 = 30\n  fee: 20\n  10 x 3 = 30"
    assert [price.curve().amount(5) for price in prices] == [35, 20, 15]
    assert prices[0].amount(-5) == 20


def test_hybrid_of_a_price_that_reads_records() -> None:
    """A part may read records; then there is no curve, and the amount is still the combination."""
    usage = usage_of(calls("s"))
    found = [Hybrid(combine=kind, prices=[FEE, CARRIED]).price(usage).amount for kind in ("sum", "greatest", "least")]
    assert found == [30, 20, 10]


def test_hybrid_faults() -> None:
    """Nothing to combine is refused, and a part that must stand outermost."""
    assert told(Hybrid, prices=[]) == [("prices", "prices.none")]
    rolled, pooled = (Allowance(units=1, base=EACH, **more) for more in ({"rollover": 1}, {"scope": "pooled"}))
    assert told(Hybrid, prices=[FEE, rolled, pooled]) == [
        ("prices[1]", "allowance.nested"),
        ("prices[2]", "allowance.nested"),
    ]


def test_first_then() -> None:
    """The first units and the rest have prices of their own, each from 0."""
    price = FirstThen(first=Flat(amount=10), units=100, then=Graduated(tiers=[Tier(unit_price=2, flat_price=1)]))
    assert [price.amount(q) for q in (0, 100, 101)] == [10, 10, 13]
    assert price.curve().amount(101) == 13
    assert price.amount(-1) == 10
    assert told(FirstThen, first=CARRIED, units=-1, then=CARRIED) == [
        ("units", "price.negative"),
        ("first", "price.curve"),
        ("then", "price.curve"),
    ]


def test_allowance() -> None:
    """Included units come off first and the tiers then start at 0, unlike after a free tier."""
    tiers = [Tier(up_to=10, unit_price=2), Tier(unit_price=1)]
    price = Allowance(units=5, base=Graduated(tiers=tiers))
    assert [price.amount(q) for q in (0, 5, 15, 16)] == [0, 0, 20, 21]
    free = Graduated(tiers=[Tier(up_to=5, unit_price=0), *tiers])
    assert free.amount(16) == 16
    assert price.curve().amount(16) == 21


def test_included_units_by_share_and_by_group() -> None:
    """Units rolled in are added, units allotted replace the own ones, and a share of the period is told."""
    price = Allowance(units=9, base=EACH, prorate=True)
    third = Usage(Decimal(10), share=div(Decimal(1), 3), rolled=Decimal(2))
    priced = price.price(third)
    assert (price.included(third), priced.amount) == (5, 15)
    assert [line.strip() for line in priced.step.words().splitlines()] == [
        "15",
        "beyond the included units: 5, at least 0 = 5",
        "10 - 5 = 5",
        "quantity: 10",
        "3 + 2 = 5",
        "included units x share of the period: 9 x 1/3 = 3",
        "rolled in: 2",
        "5 x 3 = 15",
    ]
    allotted = Usage(Decimal(10), share=ZERO, allotted=Decimal(4))
    assert price.price(allotted).amount == 18
    assert price.price(allotted).step.check()
    assert price.curve(share=ZERO).amount(10) == 30
    assert Allowance(units=9, base=EACH).curve(share=ZERO).amount(10) == 3


def test_leftover() -> None:
    """Unused units roll over up to the most that may; negative usage leaves no more than there was."""
    price = Allowance(units=10, base=EACH, rollover=6)
    assert [price.leftover(Usage.of(q)) for q in (-5, 0, 7, 10, 12)] == [6, 6, 3, 0, 0]
    assert price.leftover(Usage(Decimal(9), rolled=Decimal(3))) == 4
    assert Allowance(units=10, base=EACH).leftover(Usage.of(0)) == 0


def test_allowance_and_negative_usage() -> None:
    """A negative quantity takes no included units; the price decides what it costs."""
    price = Allowance(units=10, base=PerUnit(unit_price=3, refunds=True))
    assert price.amount(-2) == -6
    assert price.explain(-2) == "a negative quantity is refunded: 6 x -1 = -6\n  2 x 3 = 6"


def test_a_nested_allowance_reads_its_own_units_only() -> None:
    """Units rolled in or allotted belong to an outermost allowance, not to one inside a sum."""
    price = Hybrid(prices=[Allowance(units=10, base=EACH)])
    usage = Usage(Decimal(15), rolled=Decimal(3), allotted=ZERO)
    priced = price.price(usage)
    assert (priced.amount, priced.step.result) == (15, 15)


def test_allowance_faults() -> None:
    """Units below 0 are refused, and a price that reads more than the quantity."""
    assert told(Allowance, units=-1, rollover=-1, base=CARRIED) == [
        ("units", "price.negative"),
        ("rollover", "price.negative"),
        ("base", "price.curve"),
    ]


def test_weighted() -> None:
    """Each combination counts by its factor, and all share one set of tiers."""
    tiers = Graduated(tiers=[Tier(up_to=10, unit_price=2), Tier(unit_price=1)])
    price = Weighted(dimensions=["size"], factors=[Weight(values=["l"], factor=4)], default_factor=1, base=tiers)
    priced = price.price(usage_of(calls("l", "s", "xs"), price.demand()))
    assert priced.amount == 22
    assert priced.step.words().splitlines()[1] == "  8 + 2 + 2 = 12"
    assert price.price(usage_of([])).step.words() == "0\n  no usage: 0\n  no usage: 0"
    assert price.demand() == Demand(axes=[Dimension("size")])
    assert price.children() == (tiers,)
    assert not price.has_curve


def test_weighted_without_a_factor() -> None:
    """A combination without a factor is refused when there is no default."""
    price = Weighted(dimensions=["size"], factors=[Weight(values=["l"], factor=4)], base=EACH)
    with pytest.raises(NoPriceError, match="nothing weighs size=s") as caught:
        price.price(usage_of(calls("s")))
    assert caught.value.code == "price.cell"


def test_weighted_faults() -> None:
    """All that is wrong is reported at once."""
    wrong = [Weight(values=[], factor=-1)]
    assert told(Weighted, dimensions=["a"], factors=wrong, default_factor=-1, base=CARRIED) == [
        ("factors[0].values", "cell.values"),
        ("factors[0].factor", "price.negative"),
        ("default_factor", "price.negative"),
        ("base", "price.curve"),
    ]
    assert told(Weighted, dimensions=[], factors=[], base=EACH) == [
        ("dimensions", "dimensions.none"),
        ("factors", "cell.none"),
    ]


def test_a_pool_does_not_roll_over() -> None:
    """Units that all groups have in common are nobody's to take into the next period."""
    assert told(Allowance, units=1, base=EACH, scope="pooled", rollover=1) == [("rollover", "allowance.pooled")]
