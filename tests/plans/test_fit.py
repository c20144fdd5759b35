"""A price reads only what its meter tells: what it asks beyond that is refused where the plan is written."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ratecard import Item, Meter, Period, Plan, UsageRecord, guards, meters, prices, problems, rate
from ratecard.errors import DefinitionError
from ratecard.plans import AddOn, Override, Phase, RateCard, resolve

MARCH = Period.month(2025, 3)
ONE = prices.PerUnit(unit_price="1")
WINDOWS = prices.Windows(default=ONE, windows=[prices.Window(name="weekend", weekdays=[5, 6], price=ONE)])
BRACKETS = prices.Brackets(brackets=[prices.Bracket(up_to=10, price=ONE), prices.Bracket(price=ONE)])
SIZED = BRACKETS.model_copy(update={"of": ("n",)})
PERCENT = prices.Percentage(rate="0.1")
CARRIED = prices.Dynamic(of="cost")
MATRIX = prices.Matrix(dimensions=["g"], default=ONE, cells=[prices.Cell(values=["eu"], price=ONE)])
WEIGHTED = prices.Weighted(dimensions=["g"], default_factor=1, base=ONE, factors=[])
LEVEL, PEAK = meters.Level(of="n", opening=0), meters.Peak(of="n", opening=0)
HELD = [LEVEL, PEAK, meters.Level(of="n", mode="delta")]
OPENED = [kind(of="n", opening=opening) for kind in (meters.Level, meters.Peak) for opening in (100, -1)]
SPREAD = [meters.Max(of="n"), meters.Min(of="n"), meters.Latest(of="n"), meters.Average(of="n")]


def written(aggregate: Any, price: Any = ONE, *, fields: dict[str, Any] | None = None, **item: Any) -> Plan:
    """A plan of one metered item."""
    counted = Meter(key="n", event="e", aggregate=aggregate)
    items = [Item(key="x", meter="n", price=price, **item)]
    return Plan.single("p", currency="USD", meters=[counted], items=items, **(fields or {}))


def wrong(aggregate: Any, price: Any = ONE, **more: Any) -> list[tuple[str, str]]:
    """Path and code of each problem of such a plan."""
    with pytest.raises(ValidationError) as caught:
        written(aggregate, price, **more)
    return [(each.path, each.code) for each in problems(caught.value)]


def due(plan: Plan, *records: UsageRecord) -> str:
    """What it bills for March."""
    return str(rate(plan, plan.subscribe("a", start="2025-03-01"), records, MARCH).due)


@pytest.mark.parametrize("price", [PERCENT, CARRIED, prices.Multiplier(factor=2, base=PERCENT)])
@pytest.mark.parametrize(
    "aggregate", [*HELD, *SPREAD, meters.Percentile(of="n", percent=95), meters.Unique(of="user")], ids=repr
)
def test_by_record(price: Any, aggregate: Any) -> None:
    """A price of each record has nothing to price where the quantity is not the records added up."""
    assert wrong(aggregate, price) == [("cards[0].items[0].price", "item.meter")]


@pytest.mark.parametrize("price", [WINDOWS, BRACKETS, SIZED, prices.Hybrid(prices=[ONE, WINDOWS])])
@pytest.mark.parametrize("aggregate", HELD, ids=repr)
def test_held(price: Any, aggregate: Any) -> None:
    """What is held goes on from one window or size to the next, so neither can price it."""
    assert wrong(aggregate, price) == [("cards[0].items[0].price", "item.meter")]


@pytest.mark.parametrize("price", [PERCENT, CARRIED, prices.Multiplier(factor=2, base=PERCENT)])
def test_converted_records(price: Any) -> None:
    """What single records hold is in the unit of the records: a price of it stands on no meter that converts."""
    cents = Meter(key="n", event="e", aggregate=meters.Sum(of="n"), convert=meters.Convert(divide=100))
    with pytest.raises(ValidationError) as caught:
        Plan.single("p", currency="USD", meters=[cents], items=[Item(key="x", meter="n", price=price)])
    assert [(each.path, each.code) for each in problems(caught.value)] == [("cards[0].items[0].price", "item.meter")]
    whole = Item(key="x", meter="n", price=prices.Dynamic(of="cost", per_unit=False))
    plan = Plan.single("p", currency="USD", meters=[cents], items=[whole])
    assert due(plan, UsageRecord("e", "2025-03-02T00:00:00Z", {"n": 900, "cost": 3})) == "3.00 USD"


@pytest.mark.parametrize("price", [BRACKETS, SIZED])
def test_unique_sizes(price: Any) -> None:
    """How many there are of different values has no size for each record."""
    assert wrong(meters.Unique(of="user"), price) == [("cards[0].items[0].price", "item.meter")]


@pytest.mark.parametrize("aggregate", OPENED, ids=repr)
def test_opening_of_no_group(aggregate: Any) -> None:
    """A level that opens with something belongs to no group, so no price, item or guard can read it by groups."""
    assert wrong(aggregate, MATRIX) == [("cards[0].items[0].price", "item.opening")]
    assert wrong(aggregate, WEIGHTED) == [("cards[0].items[0].price", "item.opening")]
    assert wrong(aggregate, each=["g"]) == [("cards[0].items[0].each", "item.opening")]
    assert wrong(aggregate, split=["g"]) == [("cards[0].items[0].split", "item.opening")]
    cap = guards.Cap(key="c", quantity=5, meter="n", each=["g"])
    assert wrong(aggregate, fields={"guards": [cap]}) == [("meters[0].opening", "item.opening")]


def test_sound() -> None:
    """What can be read is not refused: windows of what is counted, groups of a level that opens with nothing."""
    record = UsageRecord("e", "2025-03-02T00:00:00Z", {"n": 31, "g": "eu", "user": "ann", "cost": "2"})
    assert due(written(meters.Level(of="n", opening=31))) == "31.00 USD"
    for aggregate in (LEVEL, meters.Level(of="n", mode="delta"), meters.Level(of="n")):
        assert due(written(aggregate, MATRIX), record) == due(written(aggregate, each=["g"]), record) == "30.00 USD"
    for price in (WINDOWS, SIZED, BRACKETS):
        assert due(written(meters.Sum(of="n"), price), record) == "31.00 USD"
        assert due(written(meters.Max(of="n"), price), record) == "31.00 USD"
    assert due(written(meters.Unique(of="user"), WINDOWS), record) == "1.00 USD"
    assert due(written(meters.Count(), CARRIED), record) == "2.00 USD"
    assert due(written(meters.Sum(of="n"), PERCENT), record) == "3.10 USD"


def test_phases() -> None:
    """Prices and items of a phase are held against the meters as those of the cards are."""
    prices_of = Phase(key="start", every=1, prices={"x": WINDOWS, "fee": prices.Flat(amount=1)})
    items_of = Phase(key="more", items=[Item(key="y", meter="n", price=PERCENT)])
    assert wrong(LEVEL, fields={"phases": [prices_of, items_of]}) == [
        ("phases[0].prices", "key.unknown"),
        ("phases[0].prices.x", "item.meter"),
        ("phases[1].items[0].price", "item.meter"),
    ]
    counted = Meter(key="n", event="e", aggregate=LEVEL)
    items = [Item(key="fee", price=prices.Flat(amount=3)), Item(key="x", meter="n", price=ONE)]
    sound = Phase(key="start", every=1, prices={"fee": prices.Flat(amount=1), "x": MATRIX})
    assert due(Plan.single("p", currency="USD", meters=[counted], items=items, phases=[sound])) == "1.00 USD"


def test_costs() -> None:
    """What serving costs is read from the same meters."""
    costs = [RateCard(currency="USD", items=[Item(key="c", meter="n", price=WINDOWS)])]
    assert wrong(LEVEL, fields={"costs": costs}) == [("costs[0].items[0].price", "item.meter")]


def test_of_a_subscription() -> None:
    """What one customer has other than the plan is held against the meters when it is resolved."""
    plan = written(meters.Level(of="n", opening=5))
    acme = plan.subscribe("acme", start="2025-03-01")
    grouped = Item(key="y", meter="n", price=ONE, each=["g"])
    for more, code in (
        ({"overrides": [Override(prices={"x": WINDOWS})]}, "item.meter"),
        ({"overrides": [Override(items=[grouped])]}, "item.opening"),
        ({"addons": [AddOn(key="a", items=[grouped], start="2025-03-10")]}, "item.opening"),
        ({"phases": [Phase(key="p", items=[grouped])]}, "item.opening"),
    ):
        with pytest.raises(DefinitionError) as caught:
            resolve(plan, acme.model_copy(update=more), MARCH)
        assert [each.code for each in caught.value.problems] == [code]
