"""Estimates: the calculator gives what a bill of records with the same quantities would."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import meters, prices
from ratecard.cadence import Cadence
from ratecard.errors import MismatchError, RatecardError, UnknownKeyError
from ratecard.lab import Expected, estimate
from ratecard.meters import Meter
from ratecard.periods import Period
from ratecard.plans import ChangePlan, ChangeQuantity, Item, Plan, RateCard
from ratecard.rating import rate
from ratecard.records import UsageRecord
from tests.strategies import amounts, price_models, walk_plans

JANUARY = Period.month(2025, 1)
METER = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))
ONE = prices.PerUnit(unit_price="1")


def plan(price: prices.Price = ONE, **fields: Any) -> Plan:
    """A plan of one metered item."""
    return Plan.single("p", currency="USD", meters=[METER], items=[Item(key="use", meter="m", price=price, **fields)])


def sub(some: Plan, **fields: Any) -> Any:
    """A subscription to it since the first of January."""
    return some.subscribe("acme", **{"start": "2025-01-01", **fields})


MODELS = price_models(2)


# Outcomes need a meter of their own; their estimates are in tests/rating/test_outcomes.py.
@pytest.mark.parametrize("model", sorted(set(MODELS) - {"credit", "percent_of", "dynamic", "outcome"}))
@given(st.data())
def test_estimate_equals_the_bill(model: str, data: st.DataObject) -> None:
    """For every price that reads quantities, times and properties, expected usage costs what records of it do."""
    price = data.draw(MODELS[model].filter(lambda held: not held.demand().items), label="price")
    pooled = isinstance(price, prices.Allowance) and price.scope == "pooled"
    some = plan(price, each=["user"] if pooled else [])
    hours = st.integers(0, 30 * 24).map(lambda count: JANUARY.start + timedelta(hours=count))
    expected = [
        Expected(
            data.draw(amounts(0, 50)),
            {"user": data.draw(st.sampled_from(["ana", "bo"])), "m": data.draw(st.integers(0, 3)),
                                        "n": 3, "cost": "2"}, at=data.draw(hours) + timedelta(minutes=minute),
        )
        # No two at one instant: there ids decide which is first, and what is expected has none.
        for minute in range(data.draw(st.integers(0, 4)))
    ]  # fmt: skip
    records = [
        UsageRecord("e", each.at or JANUARY.start, {**each.properties, "n": each.quantity}, id=str(number))
        for number, each in enumerate(expected)
    ]
    sizes = [Expected(each.quantity, {**each.properties, "n": each.quantity}, at=each.at) for each in expected]
    try:
        billed = rate(some, sub(some), records, JANUARY)
    except LookupError as error:
        with pytest.raises(type(error)):
            estimate(some, sub(some), {"m": sizes}, JANUARY)
        return
    assert estimate(some, sub(some), {"m": sizes}, JANUARY).lines == billed.lines


@given(walk_plans(), st.integers(0, 9))
def test_sold_quantities(some: Plan, seats: int) -> None:
    """Quantities that are sold and not metered are given by name; what is left out is 0."""
    names = {item.quantity for card in some.cards for item in card.items if item.quantity}
    told = {name: seats for name in sorted(names)}
    if any(item.meter is not None for card in some.cards for item in card.items):
        return
    alike = rate(some, sub(some, quantities=told), [], JANUARY)
    assert estimate(some, sub(some), told, JANUARY).lines == alike.lines
    nothing = rate(some, sub(some, quantities=dict.fromkeys(told, 0)), [], JANUARY)
    assert estimate(some, sub(some), {}, JANUARY).lines == nothing.lines


def test_a_given_quantity_holds_for_the_period() -> None:
    """A quantity that is given goes before the subscription's and its changes; one left out is what they say."""
    plan = Plan.single("p", currency="USD", items=[
        Item(key="seats", quantity="seats", price=prices.Flat(amount="31")),
        Item(key="desks", quantity="desks", price=prices.Flat(amount="62")),
    ])  # fmt: skip
    held = plan.subscribe("x", start="2024-12-01", quantities={"seats": 3, "desks": 1}).with_changes(
        ChangeQuantity(at="2024-12-16", quantities={"seats": 4}),
        ChangeQuantity(at="2025-01-11", quantities={"seats": 5, "desks": 2}),
        ChangePlan(at="2026-01-01", plan="p"),
    )
    january = Period.month(2025, 1)

    def bill(quantities: dict[str, int]) -> list[tuple[str, str]]:
        return [(line.item, str(line.rounded)) for line in estimate(plan, held, quantities, january).lines]

    desks = [("desks", "20.00"), ("desks", "84.00")]
    assert bill({}) == [("seats", "40.00"), ("seats", "105.00"), *desks]
    assert bill({"seats": 7}) == [("seats", "217.00"), *desks]
    assert bill({"seats": 7, "desks": 0}) == [("seats", "217.00"), ("desks", "0.00")]


def test_records_of_equal_value() -> None:
    """Prices for each record are told how many there are."""
    some = plan(prices.Percentage(rate="0.1", fixed_per_event="0.25", free_events=1))
    assert estimate(some, sub(some), {"m": [Expected(10, records=4)]}, JANUARY).due.amount == Decimal("1.50")
    assert estimate(some, sub(some), {"m": Expected("10", records=2)}, JANUARY).due.amount == Decimal("0.75")
    with pytest.raises(MismatchError) as caught:
        estimate(some, sub(some), {"m": Expected(10, records=3)}, JANUARY)
    assert caught.value.code == "expected.records"
    assert repr(Expected("1.5", {"d": "a"})) == "Expected('1.5', {'d': 'a'})"


def test_a_bare_number_where_records_are_rounded() -> None:
    """A plan that rounds each record can't be told a quantity without saying from how many records it comes."""
    some = plan(prices.PerUnit(unit_price="0.004")).model_copy(update={"rounding_at": "record"})
    with pytest.raises(MismatchError) as caught:
        estimate(some, sub(some), {"m": 10}, JANUARY)
    assert caught.value.code == "expected.records"
    assert estimate(some, sub(some), {"m": 0}, JANUARY).due.amount == 0
    assert estimate(some, sub(some), {"m": Expected(10)}, JANUARY).due.amount == Decimal("0.04")
    assert estimate(some, sub(some), {"m": [Expected(10, records=10)]}, JANUARY).due.amount == 0


BRACKETS = [prices.Bracket(up_to=10, price=ONE), prices.Bracket(price=prices.PerUnit(unit_price="2"))]
NIGHT = [prices.Window(name="night", start="22:00", end="06:00", price=prices.PerUnit(unit_price="2"))]


@pytest.mark.parametrize(
    ("price", "one", "ten"),
    [
        (prices.Percentage(rate="0.1", free_events=3), 0, "14"),
        (prices.Percentage(rate="0.1", fixed_per_event="1"), 21, 30),
        (prices.Percentage(rate="0.1", min_per_event="5"), 20, 50),
        (prices.Percentage(rate="0.1", max_per_event="5"), 5, 20),
        (prices.Brackets(brackets=BRACKETS), 400, 400),
        (prices.Brackets(brackets=BRACKETS[:1], closed=True), None, None),
        (prices.Dynamic(of="cost", default="3", per_unit=False), 3, 30),
    ],
    ids=lambda held: getattr(held, "model", None),
)
def test_a_bare_number_where_records_count(price: prices.Price, one: Any, ten: Any) -> None:
    """Where the number of records decides the price, a number alone is asked from how many it comes."""
    some = plan(price)
    with pytest.raises(MismatchError) as caught:
        estimate(some, sub(some), {"m": 200}, JANUARY)
    assert caught.value.code == "expected.records"
    assert estimate(some, sub(some), {"m": 0}, JANUARY).due.amount == 0
    for records, wanted in ((1, one), (10, ten)):
        if wanted is not None:
            told = estimate(some, sub(some), {"m": Expected(200, records=records)}, JANUARY)
            assert told.due.amount == Decimal(wanted)


@pytest.mark.parametrize(
    "price",
    [
        prices.Percentage(rate="0.1"),
        prices.Percentage(rate="0.1", free_amount=50, minimum=1),
        prices.Dynamic(of="cost", default="3"),
    ],
    ids=lambda held: held.model,
)
def test_a_bare_number_where_records_do_not_count(price: prices.Price) -> None:
    """Where any number of records comes to the same, a number alone has a price."""
    some = plan(price)
    bare = estimate(some, sub(some), {"m": 200}, JANUARY)
    assert bare.due.amount > 0
    for records in (1, 10):
        assert estimate(some, sub(some), {"m": Expected(200, records=records)}, JANUARY).due == bare.due


def test_when_the_price_goes_by_the_time() -> None:
    """A price by the time of day is never taken to be that of the first instant."""
    some = plan(prices.Windows(default=ONE, windows=NIGHT))
    for expected in (7, Expected(7), [Expected(7, at="2025-01-03T12:00:00Z"), Expected(1)]):
        with pytest.raises(MismatchError) as caught:
            estimate(some, sub(some), {"m": expected}, JANUARY)
        assert caught.value.code == "expected.at"
    assert estimate(some, sub(some), {"m": 0}, JANUARY).due.amount == 0
    noon, night = Expected(7, at="2025-01-03T12:00:00Z"), Expected(1, at="2025-01-03T23:00:00Z")
    assert estimate(some, sub(some), {"m": [noon, night]}, JANUARY).due.amount == 9


@pytest.mark.parametrize("records", [0, -1, True, "3", 1_000_001])
def test_wrong_numbers_of_records(records: Any) -> None:
    """There is at least one record, and a number of them that can be walked through."""
    with pytest.raises(MismatchError) as caught:
        Expected(1, records=records)
    assert caught.value.code == "expected.records"


def test_unknown_names() -> None:
    """A name that the plan does not have is refused, with a near one."""
    some = Plan.single("p", currency="USD", items=[Item(key="s", quantity="seats", price=ONE)])
    with pytest.raises(UnknownKeyError, match="seats"):
        estimate(some, sub(some, quantities={"seats": 1}), {"seat": 3}, JANUARY)


def test_where_usage_falls() -> None:
    """Where the price changes, usage says when it falls; what nothing prices then is refused, unless it is nothing."""
    dated = plan().with_card(RateCard(currency="USD", effective="2025-01-16", items=[]))
    two = plan().with_card(
        RateCard(
            currency="USD",
            effective="2025-01-16",
            items=[Item(key="use", meter="m", price=prices.PerUnit(unit_price="3"))],
        )
    )
    late = Expected(2, at="2025-01-20T00:00:00Z")

    def code(act: Any) -> str:
        with pytest.raises(MismatchError) as caught:
            act()
        return caught.value.code

    assert code(lambda: estimate(two, sub(two), {"m": 2}, JANUARY)) == "expected.at"
    assert estimate(two, sub(two), {"m": [late, Expected(1, at=JANUARY.start)]}, JANUARY).due.amount == 7
    assert (
        code(lambda: estimate(two, sub(two), {"m": Expected(1, at="2025-02-01T00:00:00Z")}, JANUARY)) == "expected.at"
    )
    assert code(lambda: estimate(dated, sub(dated), {"m": late}, JANUARY)) == "expected.unpriced"
    assert estimate(dated, sub(dated), {"m": 2}, JANUARY).due.amount == 2
    none = Expected(0, at="2025-01-20T00:00:00Z")
    assert estimate(dated, sub(dated), {"m": [none, Expected(2, at=JANUARY.start)]}, JANUARY).due.amount == 2
    fee = Plan.single("p", currency="USD", meters=[METER], items=[Item(key="fee", price=prices.Flat(amount="1"))])
    assert code(lambda: estimate(fee, sub(fee), {"m": 2}, JANUARY)) == "expected.unpriced"
    for nothing in (0, Expected(0)):
        assert estimate(fee, sub(fee), {"m": nothing}, JANUARY).due.amount == 1
    assert code(lambda: estimate(plan(), sub(plan(), start="2026-01-01"), {"m": 2}, JANUARY)) == "expected.unpriced"
    assert estimate(plan(), sub(plan(), start="2026-01-01"), {}, JANUARY).lines == ()


def test_other_cadence() -> None:
    """A quarterly item is estimated over its quarter."""
    some = plan(cadence=Cadence.calendar("month", every=3))
    assert estimate(some, sub(some), {"m": 5}, Period.quarter(2025, 1)).due.amount == 5


@pytest.mark.parametrize(
    ("expected", "code"),
    [(1.5, "number.float"), (None, "number.type"), ([5], "expected.type"), ("x", "number.syntax")],
)
def test_wrong_kinds_of_expectation(expected: Any, code: str) -> None:
    """What is no number and no list of expectations is refused as such."""
    plan = Plan.single(
        "p",
        currency="USD",
        meters=[Meter(key="n", event="u", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="1"))],
    )
    with pytest.raises(RatecardError) as caught:
        estimate(plan, plan.subscribe("a", start="2025-01-01"), {"n": expected}, Period.month(2025, 1))
    assert caught.value.code == code


def test_outcomes_by_their_worth() -> None:
    """A number of outcomes does not tell what they are worth, so no price that reads it is guessed."""
    rules = meters.Outcomes(subject="case", worth="w")
    item = Item(key="x", meter="o", price=prices.Outcome(definition="d", rate="0.1", floor="3"))
    plan = Plan.single("p", currency="USD", meters=[Meter(key="o", event="c", aggregate=rules)], items=[item])
    acme = plan.subscribe("a", start="2025-03-01")
    for some in (5, [Expected(5, properties={"w": 100}, records=5)]):
        with pytest.raises(MismatchError) as caught:
            estimate(plan, acme, {"o": some}, Period.month(2025, 3))
        assert caught.value.code == "expected.outcomes"
    assert estimate(plan, acme, {"o": 0}, Period.month(2025, 3)).due.amount == 0
