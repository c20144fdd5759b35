"""The statement as a value: finding lines, telling differences, reading and refusing stored ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.errors import MismatchError, RatecardError
from ratecard.money import Currency
from ratecard.periods import Period
from ratecard.plans import (
    AmountDiscount,
    DiscountTier,
    Item,
    Maximum,
    Minimum,
    PercentDiscount,
    Plan,
    Tax,
    TieredDiscount,
    UsageDiscount,
)
from ratecard.rating import Difference, LineItem, Statement, rate
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
USD = Currency.of("USD")


def bill(currency: str = "USD", amount: str = "5", **fields: Any) -> Statement:
    """A bill of a fee, and of usage in two groups."""
    plan = Plan.single(
        "p",
        currency=currency,
        meters=[meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"), unit="GB")],
        items=[
            Item(key="fee", price=prices.Flat(amount=amount), name="Base fee"),
            Item(key="use", meter="m", price=prices.PerUnit(unit_price="0.5"), each=["d"]),
        ],
        **fields,
    )
    records = [UsageRecord("e", "2025-01-02T00:00:00Z", {"n": 3, "d": d}) for d in ("a", None)]
    return rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY)


def code_of(act: Any) -> str:
    """The code of the mismatch that an act raises."""
    with pytest.raises(MismatchError) as caught:
        act()
    return caught.value.code


def test_lines() -> None:
    """A line is found by its item where that has one, or by its key."""
    found = bill()
    assert found.line("fee").name == "Base fee"
    assert found.line("use[d=a]@2025-01-01T00:00:00Z").group == (("d", "a"),)
    assert [line.unit for line in found.lines_of("use")] == ["GB", "GB"]
    assert code_of(lambda: found.line("use")) == "line.several"
    assert code_of(lambda: found.line("none")) == "line.none"
    assert repr(found.line("fee")) == "<LineItem fee@2025-01-01T00:00:00Z: 5.00 USD>"
    assert len({*found.lines, *bill().lines}) == 3
    assert found.line("fee") != 1


def test_tampered_facts() -> None:
    """A quantity that its tiers do not state and a fee with a unit do not pass; whose bill it is nothing proves."""
    tiers = prices.Graduated(tiers=[prices.Tier(up_to=2, unit_price="1"), prices.Tier(unit_price="0.5")])
    sold = [Item(key="use", meter="m", price=tiers)]
    meter = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"), unit="GB")
    plan = Plan.single("p", currency="USD", meters=[meter], items=sold)
    records = [UsageRecord("e", "2025-01-02T00:00:00Z", {"n": 3})]
    told = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY).to_json()
    assert Statement.from_json(told).verify()
    for changed in ({"quantity": "5000"}, {"kind": "fee"}):
        line = {**told["lines"][0], **changed}
        assert not Statement.from_json({**told, "lines": [line]}).verify()
    assert Statement.from_json({**told, "customer": "other"}).verify()


def test_tampered_allowance() -> None:
    """What is priced behind free units is what lies beyond them, and nothing else."""
    free = prices.Allowance(units=2, base=prices.PerUnit(unit_price="1"))
    meter = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))
    plan = Plan.single("p", currency="USD", meters=[meter], items=[Item(key="use", meter="m", price=free)])
    records = [UsageRecord("e", "2025-01-02T00:00:00Z", {"n": 5})]
    told = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY).to_json()
    line = LineItem.from_json(told["lines"][0], USD)
    assert line.verify()
    # Four units priced in the place of three, carried through to the amount.
    text = json.dumps(told["lines"][0]).replace('"quantity": "3"', '"quantity": "4"')
    wrong = json.loads(text)
    last = wrong["steps"][-1]["parts"][0]
    for each in (wrong["steps"][-1], last, last["parts"][1]):
        each["result"] = "4"
    wrong |= {"exact": "4", "amount": "4.00"}
    assert all(step.check() for step in LineItem.from_json(wrong, USD).steps)
    assert not LineItem.from_json(wrong, USD).verify()


@pytest.mark.parametrize(
    "staged",
    [
        {"discounts": [PercentDiscount(rate="0.5")]},
        {"discounts": [PercentDiscount(rate=rate, stacking="added") for rate in ("0.1", "0.2")]},
        {"discounts": [PercentDiscount(rate="0.5", maximum="1")]},
        {"discounts": [AmountDiscount(amount="1")]},
        {"discounts": [TieredDiscount(tiers=[DiscountTier(rate="0.1")])]},
        {"discounts": [UsageDiscount(units=1)]},
        {"maximum": Maximum(amount="2")},
        {"discounts": [UsageDiscount(units=1), AmountDiscount(amount="0.1")], "maximum": Maximum(amount="1")},
        {"minimum": Minimum(amount="90")},
    ],
)
@pytest.mark.parametrize(
    "price",
    [
        prices.PerUnit(unit_price="1"),
        prices.Package(package_size=2, package_price="3"),
        prices.Graduated(tiers=[prices.Tier(up_to=2, unit_price="1"), prices.Tier(unit_price="0.5")]),
    ],
)
def test_quantity_below_stages(price: prices.Price, staged: dict[str, Any]) -> None:
    """A quantity is held against the price's own step also below the stages of its item; that of a floor is 1."""
    meter = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))
    item = Item.model_validate({"key": "use", "meter": "m", "price": price, "each": ["d"], **staged})
    taxes = [Tax(key="t", rate="0.2")]
    plan = Plan.single("p", currency="USD", meters=[meter], items=[item], taxes=taxes, minimum=Minimum(amount="99"))
    records = [UsageRecord("e", "2025-01-02T00:00:00Z", {"n": 3 + n, "d": d}) for n, d in enumerate("ab")]
    told = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY).to_json()
    assert Statement.from_json(told).verify()
    for index, line in enumerate(told["lines"]):
        wrong = [*told["lines"][:index], {**line, "quantity": "5000"}, *told["lines"][index + 1 :]]
        assert not Statement.from_json({**told, "lines": wrong}).verify()


def test_words() -> None:
    """A statement is told in a line, in its lines, and with all steps."""
    found = bill()
    assert repr(found) == "<Statement of 'acme' for Period('2025-01-01', '2025-02-01'): 8.00 USD due>"
    assert "use [d=(none)], 2025-01-01T00:00:00Z to 2025-02-01T00:00:00Z: 3 GB = 1.50 USD" in str(found)
    assert "subtotal: 5.00 + 1.50 + 1.50 = 8.00 USD" in found.explain()
    nothing = Plan.single("p", currency="USD")
    assert (
        "subtotal: 0 = 0.00 USD" in rate(nothing, nothing.subscribe("acme", start="2025-01-01"), [], JANUARY).explain()
    )


def test_differences() -> None:
    """Two statements differ by lines; one that is missing has no amount there."""
    [found] = bill().diff(bill(amount="6"))
    assert str(found) == "fee@2025-01-01T00:00:00Z: 5.00 USD before, 6.00 USD after"
    assert repr(found) == f"<Difference {found}>"
    assert (
        found == bill().diff(bill(amount="6"))[0],
        hash(found) == hash(Difference(found.key, found.before, found.after)),
        found == 1,
    ) == (True, True, False)
    assert str(Difference("x", None, found.after)) == "x: nothing before, 6.00 USD after"
    assert str(Difference("x", found.after, None)) == "x: 6.00 USD before, nothing after"
    assert code_of(lambda: bill().diff(bill("EUR"))) == "currency.mixed"


@pytest.mark.parametrize(
    "fields", [{}, {"currency": "JPY"}, {"currency": "UGX", "profile": "stripe"}, {"currency": "UGX"}]
)
def test_stored(fields: dict[str, Any]) -> None:
    """A stored statement comes back in the decimals it was counted in."""
    found = bill(**fields)
    again = Statement.from_json(json.loads(found.dumps()))
    assert (again == found, again.currency.places, again.dumps()) == (True, found.currency.places, found.dumps())
    assert again.verify()
    assert found != 1


def test_units_of_its_own() -> None:
    """So it does in a unit of the plan's own."""
    found = bill("credits", units=[{"key": "credits", "places": 4}])
    again = Statement.from_json(found.to_json())
    assert (again.due, str(again.due)) == (found.due, "8.0000 credits")


def test_refused_when_read() -> None:
    """Another version, or an amount that is no decimal number, is refused."""
    told = bill().to_json()
    assert code_of(lambda: Statement.from_json({**told, "statement": 2})) == "statement.version"
    told["lines"][0]["amount"] = "1/3"
    assert code_of(lambda: Statement.from_json(told)) == "statement.amount"


@pytest.mark.parametrize("part", ["lines", "account", "subtotal", "currency", "order", "period"])
def test_damaged_json(part: str) -> None:
    """A part that is missing or of another type is refused as such."""
    plan = Plan.single("p", currency="USD", items=[Item(key="f", price=prices.Flat(amount="1"))])
    told = rate(plan, plan.subscribe("a", start="2025-01-01"), [], Period.month(2025, 1)).to_json()
    with pytest.raises(MismatchError, match=r"statement\.form") as caught:
        Statement.from_json({name: value for name, value in told.items() if name != part})
    assert repr(part) in str(caught.value)
    with pytest.raises((MismatchError, RatecardError)):
        Statement.from_json({**told, part: [1.5]})


@pytest.mark.parametrize("told", [None, [], "x", {"statement": 2}])
def test_json_of_something_else(told: Any) -> None:
    """What is no statement is refused."""
    with pytest.raises(MismatchError, match=r"statement\.version"):
        Statement.from_json(told)
