"""Which quantity a line's steps state: never one that the line does not have, and the line's own where they can."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.periods import Period
from ratecard.plans import Item, PercentDiscount, Plan, Tax
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
VOLUME = prices.Volume(tiers=[prices.Tier(up_to=10, unit_price="2"), prices.Tier(unit_price="1")])
GRADUATED = prices.Graduated(tiers=[prices.Tier(up_to=2, unit_price="2"), prices.Tier(unit_price="1")])
SUM = meters.Sum(of="n")
RECORDS = [
    UsageRecord("e", f"2025-01-{day:02}T00:00:00Z", {"n": n, "g": g, "u": u})
    for day, n, g, u in ((3, 1500, "eu", "ann"), (4, 1400, "us", "ann"), (9, 7, "us", "bo"))
]


def bill(
    price: prices.Price,
    aggregate: meters.Aggregate = SUM,
    *,
    convert: meters.Convert | None = None,
    records: Sequence[UsageRecord] = RECORDS,
    **fields: Any,
) -> Statement:
    """The bill of one metered item."""
    meter = meters.Meter(key="m", event="e", aggregate=aggregate, convert=convert)
    item = Item.model_validate({"key": "x", "meter": "m", "price": price, **fields})
    plan = Plan.single("p", currency="USD", meters=[meter], items=[item])
    return rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY)


def chosen(inner: prices.Price) -> list[prices.Price]:
    """Prices that choose another for each part of the usage."""
    cell, window = prices.Cell(values=["eu"], price=inner), prices.Window(name="tier 1 to 2", weekdays=[4], price=inner)
    sizes = [prices.Bracket(up_to=1450, price=inner), prices.Bracket(price=inner)]
    return [
        prices.Matrix(dimensions=["g"], default=inner, cells=[cell]),
        prices.Windows(windows=[window], default=inner),
        prices.Brackets(brackets=sizes),
        prices.Multiplier(factor="0.5", base=prices.Matrix(dimensions=["g"], default=inner, cells=[cell])),
    ]


@pytest.mark.parametrize("inner", [VOLUME, GRADUATED])
@pytest.mark.parametrize(
    "aggregate",
    [
        meters.Max(of="n"),
        meters.Latest(of="n"),
        meters.Average(of="n"),
        meters.Percentile(of="n", percent=50),
        meters.Count(),
        SUM,
    ],
)
def test_parts_that_do_not_add_up(inner: prices.Price, aggregate: meters.Aggregate) -> None:
    """What parts of the usage come to each says nothing of the whole, which need not be their sum."""
    for price in chosen(inner):
        assert bill(price, aggregate).verify()
        assert bill(price, aggregate, convert=meters.Convert(divide=1000, rounding="up")).verify()
        assert bill(price, aggregate, round_quantity="up", quantity_places=-3).verify()


@pytest.mark.parametrize("inner", [VOLUME, GRADUATED])
def test_parts_of_what_is_told_apart(inner: prices.Price) -> None:
    """Somebody counted in two groups counts in each, and once in the whole; a peak and a level likewise."""
    [matrix, windows, *_] = chosen(inner)
    for aggregate in (meters.Unique(of="u"), meters.Peak(of="n", opening=0), meters.Level(of="n", opening=0)):
        assert bill(matrix, aggregate).verify()
    assert bill(windows, meters.Unique(of="u")).verify()


def test_windows_that_are_called_like_steps() -> None:
    """Windows may have the names that steps of other prices have, and state nothing by them."""
    for one, other in (("first class", "then"), ("first 1", "then"), ("tier 1", "tier 2"), ("first 2", "else")):
        windows = [
            prices.Window(name=one, weekdays=[4], price=VOLUME),
            prices.Window(name=other, weekdays=[0, 1, 2, 3, 5, 6], price=VOLUME),
        ]
        found = bill(prices.Windows(windows=windows), meters.Max(of="n"))
        assert len(found.lines[0].steps[0].parts[0].parts) == 2
        assert found.verify()


@pytest.mark.parametrize("used", ["1", "2", "3", "7.5"])
def test_first_units_and_the_rest(used: str) -> None:
    """What the first units and the rest come to is what was used, and another quantity does not pass."""
    records = [UsageRecord("e", "2025-01-03T00:00:00Z", {"n": used})]
    unit = prices.PerUnit(unit_price="1")
    for first, then in ((VOLUME, GRADUATED), (unit, GRADUATED), (GRADUATED, unit), (unit, prices.Flat(amount="1"))):
        found = bill(prices.FirstThen(first=first, units=3, then=then), records=records)
        assert found.verify()
        told = found.to_json()
        told["lines"][0]["quantity"] = "5000"
        # A fee is the same whatever was used.
        assert Statement.from_json(told).verify() is (then.model == "flat")


@pytest.mark.parametrize("combine", ["sum", "greatest", "least"])
def test_several_prices_of_the_same_usage(combine: Any) -> None:
    """A quantity is held against the prices that are combined, where one of them states it."""
    pairs: list[tuple[prices.Price, ...]] = [
        (prices.Flat(amount="5"), prices.PerUnit(unit_price="1")),
        (GRADUATED, prices.Package(package_size=10, package_price="3")),
        (prices.Flat(amount="1"), prices.Matrix(dimensions=["g"], default=GRADUATED, cells=[])),
    ]
    for some in pairs:
        found = bill(prices.Hybrid(combine=combine, prices=some))
        assert found.verify()
        told = found.to_json()
        told["lines"][0]["quantity"] = "5000"
        assert Statement.from_json(told).verify() is (some[1].model == "matrix")


def test_tampered_rounding() -> None:
    """Another number of places than the currency's and a rule for packages that nobody knows do not pass."""
    told = bill(prices.Package(package_size=10, package_price="3", rounding="down")).to_json()
    assert Statement.from_json(told).verify()
    for old, new in (('"places": "2"', '"places": "3"'), ('"rounding": "down"', '"rounding": "downwards"')):
        text = json.dumps(told)
        assert old in text
        assert not Statement.from_json(json.loads(text.replace(old, new))).verify()


def test_tampered_shares() -> None:
    """A discount and a tax fall on lines that they are of, and on no other."""
    items = [Item(key=key, price=prices.Flat(amount="100")) for key in "abc"]
    plan = Plan.single(
        "p", currency="USD", items=items, discounts=[PercentDiscount(key="d", rate="0.1", items=["a", "b"])],
        taxes=[Tax(key="t", rate="0.2", items=["b"])],
    )  # fmt: skip
    told = rate(plan, plan.subscribe("acme", start="2025-01-01"), [], JANUARY).to_json()
    assert Statement.from_json(told).verify()
    for line in (each for each in told["lines"] if "shares" in each):
        before = line["shares"][0][0]
        line["shares"][0][0] = "c@2025-01-01T00:00:00Z"
        assert not Statement.from_json(told).verify()
        line["shares"][0][0] = before


def test_the_text_of_an_amount() -> None:
    """The amount before rounding reads the same on a first rating and on later ones, which go another way."""
    fee = prices.Hybrid(combine="least", prices=[prices.PerUnit(unit_price="0.67"), prices.Flat(amount="67")])
    meter = meters.Meter(key="m", event="e", aggregate=SUM)
    plan = Plan.single("p", currency="USD", meters=[meter], items=[Item(key="x", meter="m", price=fee)])
    records = [
        UsageRecord("e", "2025-01-03T00:00:00Z", {"n": 100}),
        UsageRecord("e", "2025-01-03T00:00:00Z", {"n": 50}),
    ]
    acme = plan.subscribe("acme", start="2025-01-01")
    told = [str(rate(plan, acme, some, JANUARY).line("x").exact) for some in (records[:1], records[:1], records)]
    assert told == ["67", "67", "67"]
