"""Discounts, coupons, floors, ceilings, commitments and taxes as data: what they hold, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import prices
from ratecard._problems import problems
from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError, UnknownKeyError
from ratecard.periods import Period
from ratecard.plans import (
    AmountDiscount,
    Coupon,
    Item,
    Maximum,
    Minimum,
    PercentDiscount,
    Plan,
    Postpaid,
    Prepaid,
    Subscription,
    Tax,
    TieredDiscount,
    UsageDiscount,
    dues,
    resolve,
    stated,
    sum_in,
)

FEE: dict[str, Any] = {"key": "fee", "price": {"model": "flat", "amount": "5"}}
USE: dict[str, Any] = {"key": "use", "quantity": "use", "price": {"model": "per_unit", "unit_price": "1"}}
METER: dict[str, Any] = {"key": "m", "event": "e", "aggregate": {"kind": "count"}}


def plan(*items: dict[str, Any], currencies: tuple[str, ...] = ("USD",), **fields: Any) -> dict[str, Any]:
    """A plan in plain form, with the same items in each currency."""
    cards = [{"currency": code, "items": list(items) or [FEE]} for code in currencies]
    return {"key": "p", "meters": [METER], "cards": cards, **fields}


def faults(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Where a plan is wrong, and by which code."""
    with pytest.raises(DefinitionError) as caught:
        Plan.load(told)
    return [(each.path, each.code) for each in caught.value.problems]


def test_labels() -> None:
    """People read the name, else the key, else what kind it is."""
    assert PercentDiscount(rate="0.1", name="Spring", key="s").label == "Spring"
    assert PercentDiscount(rate="0.1", key="s").label == "s"
    assert AmountDiscount(amount="1").label == "amount discount"
    assert Coupon(key="c", discount=PercentDiscount(rate="0.1")).label == "c"
    assert Coupon(key="c", name="C", discount=PercentDiscount(rate="0.1")).label == "C"
    assert (Postpaid(key="k", amount="1").label, Prepaid(key="k", name="K", amount="1").label) == ("k", "K")
    assert (Tax(key="vat", rate="0.2").label, Tax(key="vat", name="VAT", rate="0.2").label) == ("vat", "VAT")


def test_uses() -> None:
    """A coupon is good for one statement, for so many, or without end."""
    off = PercentDiscount(rate="0.1")
    assert Coupon(key="c", discount=off).uses == 1
    assert Coupon(key="c", discount=off, lasts="periods", periods=3).uses == 3
    assert Coupon(key="c", discount=off, lasts="forever").uses is None


@pytest.mark.parametrize("told", ["100", {"USD": "100", "EUR": "95"}])
def test_sums_round_trip(told: object) -> None:
    """An amount is written bare or by currency, and comes back as it was written."""
    held = Minimum.model_validate({"amount": told})
    assert held.model_dump(mode="json")["amount"] == told
    assert Minimum.model_validate(held.model_dump(mode="json")) == held == Minimum.model_validate(held.model_dump())
    assert str(sum_in(held.amount, "USD")) == "100"
    assert str(sum_in(held.amount, "EUR")) == ("100" if told == "100" else "95")
    assert sum_in(Minimum(amount={"EUR": 1}).amount, "USD") is None


def test_dump_round_trip() -> None:
    """A plan with every extra comes back from its plain form, with the same digest."""
    told = plan(
        {
            **FEE,
            "discounts": [{"kind": "percent", "rate": "0.1"}],
            "minimum": {"amount": "1"},
            "maximum": {"amount": "9"},
        },
        {**USE, "discounts": [{"kind": "usage", "units": "3"}]},
        currencies=("USD", "EUR"),
        discounts=[{"kind": "amount", "key": "d", "amount": {"USD": "5", "EUR": "4"}}],
        coupons=[{"key": "c", "discount": {"kind": "tiered", "tiers": [{"up_to": "5", "rate": "0"}, {"rate": "1"}]}}],
        minimum={"amount": {"USD": "2", "EUR": "2"}},
        maximum={"amount": {"USD": "200", "EUR": "200"}, "prorate": True},
        commitments=[{"kind": "postpaid", "key": "k", "amount": {"USD": "20", "EUR": "20"}, "priority": 2}],
        taxes=[{"key": "vat", "rate": "0.2", "included": True}],
    )
    held = Plan.load(told)
    assert Plan.load(held.dump()) == held
    assert Plan.load(held.dump()).digest == held.digest
    assert held.dump()["commitments"][0] == {
        "kind": "postpaid",
        "key": "k",
        "amount": {"USD": "20", "EUR": "20"},
        "priority": 2,
    }
    january = Period.month(2025, 1)
    assert stated(
        resolve(held, held.subscribe("acme", start="2025-01-01", currency="USD", quantities={"use": 1}), january)
    )
    bare = Plan.load(plan())
    assert not stated(resolve(bare, bare.subscribe("acme", start="2025-01-01"), january))


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (PercentDiscount, {"rate": "1.01"}, [("rate", "discount.rate")]),
        (PercentDiscount, {"rate": "-0.1"}, [("rate", "discount.rate")]),
        (UsageDiscount, {"units": -1}, [("units", "amount.negative")]),
        (Tax, {"key": "t", "rate": "-1"}, [("rate", "amount.negative")]),
        (Tax, {"key": "t", "rate": "19"}, [("rate", "tax.rate")]),
        (Tax, {"key": "t", "rate": "1.000001"}, [("rate", "tax.rate")]),
        (Postpaid, {"key": "k", "amount": "1", "overage": "-1"}, [("overage", "amount.negative")]),
        (Minimum, {"amount": 0.5}, [("amount", "number.float")]),
        (Minimum, {"amount": {"USD": 0.5}}, [("amount.USD", "number.float")]),
        (TieredDiscount, {"tiers": []}, [("tiers", "list.short")]),
        (
            TieredDiscount,
            {"tiers": [{"rate": "0"}, {"up_to": "5", "rate": "2"}]},
            [("tiers[0].up_to", "tier.open"), ("tiers[1].up_to", "tier.closed"), ("tiers[1].rate", "discount.rate")],
        ),
        (
            TieredDiscount,
            {
                "tiers": [
                    {"up_to": "0", "rate": "0"},
                    {"up_to": "5", "rate": "0"},
                    {"up_to": "5", "rate": "0"},
                    {"rate": "0"},
                ]
            },
            [("tiers[0].up_to", "tier.order"), ("tiers[2].up_to", "tier.order")],
        ),
        (Coupon, {"key": "c", "discount": {"kind": "usage", "units": "1"}}, [("discount", "kind.unknown")]),
        (
            Coupon,
            {"key": "c", "discount": {"kind": "percent", "rate": "0"}, "lasts": "periods"},
            [("periods", "coupon.periods")],
        ),
        (
            Coupon,
            {"key": "c", "discount": {"kind": "percent", "rate": "0"}, "periods": 2},
            [("periods", "coupon.periods")],
        ),
    ],
)
def test_refused_alone(kind: Any, fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """A part that can't be is refused where it is built, with all its faults."""
    with pytest.raises(ValueError) as caught:
        kind(**fields)
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {**USE, "discounts": [{"kind": "percent", "rate": "0", "items": ["use"]}]},
            [("discounts[0].items", "discount.items")],
        ),
        ({**FEE, "discounts": [{"kind": "usage", "units": "1"}]}, [("discounts[0]", "discount.usage")]),
        ({**USE, "discounts": [{"kind": "usage", "units": "1"}] * 2}, [("discounts[1]", "discount.usage")]),
        (
            {**USE, "quantity": None, "meter": "m", "tiers": "prorate", "discounts": [{"kind": "usage", "units": "1"}]},
            [("discounts[0]", "discount.usage")],
        ),
        (
            {
                "key": "a",
                "meter": "m",
                "discounts": [{"kind": "usage", "units": "1"}],
                "price": {"model": "allowance", "units": "1", "rollover": "1", "base": USE["price"]},
            },
            [("discounts[0]", "discount.usage")],
        ),
    ],
)
def test_refused_on_an_item(item: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """What doesn't fit an item is refused there."""
    assert faults(plan(item)) == [(f"cards[0].items[0].{path}", code) for path, code in expected]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (plan(minimum={"amount": "1"}, currencies=("USD", "EUR")), [("minimum.amount", "amount.currency")]),
        (plan(minimum={"amount": {"USD": "1"}}, currencies=("USD", "EUR")), [("minimum.amount", "amount.currency")]),
        (plan(maximum={"amount": {"USD": "1", "GBP": "1"}}), [("maximum.amount", "amount.currency")]),
        (plan(maximum={"amount": {}}), [("maximum.amount", "amount.currency")] * 2),
        (plan(maximum={"amount": "-1"}), [("maximum.amount", "amount.negative")]),
        (plan(maximum={"amount": {"USD": "-1"}}), [("maximum.amount.USD", "amount.negative")]),
        (plan(discounts=[{"kind": "percent", "rate": "0.1"}]), [("discounts[0].key", "discount.key")]),
        (
            plan(
                discounts=[
                    {
                        "kind": "percent",
                        "key": "d",
                        "rate": "0.1",
                        "maximum": {"EUR": "1"},
                        "items": ["fe", "fee", "fee"],
                    }
                ]
            ),
            [
                ("discounts[0].maximum", "amount.currency"),
                ("discounts[0].maximum", "amount.currency"),
                ("discounts[0].items[0]", "key.unknown"),
                ("discounts[0].items[2]", "key.duplicate"),
            ],
        ),
        (
            plan(
                coupons=[
                    {"key": "c", "discount": {"kind": "amount", "amount": {"GBP": "1"}}, "minimum_spend": {"GBP": "1"}}
                ]
            ),
            [("coupons[0].discount.amount", "amount.currency"), ("coupons[0].minimum_spend", "amount.currency")],
        ),
        (plan(minimum={"amount": "1", "per": "group"}), [("minimum.per", "minimum.per")]),
        (
            plan(
                commitments=[{"kind": "prepaid", "key": "k", "amount": "1"}] * 2, taxes=[{"key": "t", "rate": "0"}] * 2
            ),
            [("commitments[1].key", "key.duplicate"), ("taxes[1].key", "key.duplicate")],
        ),
        (
            plan(taxes=[{"key": "a", "rate": "0"}, {"key": "b", "rate": "0", "included": True}]),
            [("taxes[1].included", "tax.mixed")],
        ),
        (
            plan(
                {**FEE, "minimum": {"amount": "9"}, "maximum": {"amount": "8"}},
                maximum={"amount": "7"},
                minimum={"amount": "8"},
            ),
            [
                ("cards[0].items[0].minimum", "floor.maximum"),
                ("cards[0].items[0].minimum", "floor.maximum"),
                ("minimum", "floor.maximum"),
            ],
        ),
        (
            plan(
                maximum={"amount": "7"},
                commitments=[
                    {"kind": "postpaid", "key": "a", "amount": "4"},
                    {"kind": "prepaid", "key": "b", "amount": "99"},
                    {"kind": "postpaid", "key": "c", "amount": "99", "true_up": False},
                    {"kind": "postpaid", "key": "d", "amount": "99", "cadence": {"unit": "year"}},
                    {"kind": "postpaid", "key": "e", "amount": "4"},
                ],
            ),
            [("commitments[4]", "floor.maximum")],
        ),
        (
            plan(
                rounding_at="statement",
                discounts=[{"kind": "percent", "key": "d", "rate": "0"}],
                coupons=[{"key": "c", "discount": {"kind": "percent", "rate": "0"}}],
                maximum={"amount": "1"},
                taxes=[{"key": "t", "rate": "0"}],
            ),
            [("rounding_at", "rounding.statement")] * 4,
        ),
        (
            plan(
                {**USE, "quantity": None, "meter": "m", "discounts": [{"kind": "usage", "units": "1"}]},
                rounding_at="record",
            ),
            [("cards[0].items[0].price", "rounding.record")],
        ),
        (
            plan(
                taxes=[{"key": "t", "rate": "0"}],
                minimum={"amount": "1"},
                order={"items": ["price", "round"], "statement": ["discounts", "subtotal", "total", "due"]},
                discounts=[{"kind": "percent", "key": "d", "rate": "0"}],
            ),
            [("order.statement", "order.stage")] * 2,
        ),
        (
            plan({**FEE, "minimum": {"amount": "1"}}, order={"items": ["price", "round"]}),
            [("order.items", "order.stage")],
        ),
    ],
)
def test_refused_on_a_plan(told: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """What doesn't fit together is refused, all of it at once, in the order of the document."""
    assert faults(told) == expected


def test_missing_in_the_ceiling() -> None:
    """A ceiling without an amount in some currency is told once, and no floor is held against it."""
    told = plan(
        minimum={"amount": {"USD": "1", "EUR": "9"}}, maximum={"amount": {"USD": "5"}}, currencies=("USD", "EUR")
    )
    assert faults(told) == [("maximum.amount", "amount.currency")]


def test_prepaid_overage_needs_the_stage_of_floors() -> None:
    """What goes beyond prepaid money is billed with floors and commitments, so the order must have that stage."""
    told = plan(
        commitments=[{"kind": "prepaid", "key": "k", "amount": "1", "overage": "2"}],
        order={"statement": ["subtotal", "prepaid", "total", "due"]},
    )
    assert faults(told) == [("order.statement", "order.stage")]


def test_coupons_of_a_subscription() -> None:
    """A subscription lists coupons of its plan, each once."""
    held = Plan.load(plan(coupons=[{"key": "c", "discount": {"kind": "percent", "rate": "0"}}]))
    assert held.subscribe("a", start="2025-01-01", coupons=["c"]).coupons == ("c",)
    with pytest.raises(UnknownKeyError) as caught:
        held.subscribe("a", start="2025-01-01", coupons=["d"])
    assert [(each.path, each.code) for each in caught.value.problems] == [("coupons[0]", "key.unknown")]
    with pytest.raises(ValueError) as refused:
        Subscription(customer="a", plan="p", start="2025-01-01", coupons=["c", "c"])
    assert [(each.path, each.code) for each in problems(refused.value)] == [("coupons[1]", "key.duplicate")]


def test_net_price() -> None:
    """Units off are included units around the price; an item without them has its price."""
    plain = Item(key="a", quantity="a", price=prices.PerUnit(unit_price="1"), discounts=[PercentDiscount(rate="0.1")])
    assert plain.net_price is plain.price
    assert plain.staged
    off = Item(
        key="a", quantity="a", price=plain.price, discounts=[PercentDiscount(rate="0.1"), UsageDiscount(units=2)]
    )
    assert off.net_price == prices.UnitsOff(units=2, base=plain.price)
    assert not Item(key="a", quantity="a", price=plain.price, discounts=[UsageDiscount(units=2)]).staged
    assert Item(key="a", quantity="a", price=plain.price, minimum=Minimum(amount=1)).staged
    assert Item(key="a", quantity="a", price=plain.price, maximum=Maximum(amount=1)).staged


def test_dues() -> None:
    """Commitments come by priority, each with the stretches of its own cadence; coupons as they are listed."""
    held = Plan.load(
        plan(
            coupons=[{"key": key, "discount": {"kind": "percent", "rate": "0"}} for key in "ab"],
            commitments=[
                {"kind": "prepaid", "key": "late", "amount": "1", "priority": 1},
                {"kind": "postpaid", "key": "year", "amount": "1", "cadence": {"unit": "year"}},
            ],
        )
    )
    acme = held.subscribe("a", start="2025-01-11", end="2025-03-21", coupons=["b", "a"])
    found = dues(resolve(held, acme, Period("2025-02-01", "2025-04-01")))
    assert [standing.each.key for standing in found.coupons] == ["b", "a"]
    assert [commitment.key for commitment, _ in found.commitments] == ["year", "late"]
    (year,), months = (stretches for _, stretches in found.commitments)
    assert (year.begun, year.over, str(year.start.date()), str(year.end.date())) == (
        True,
        True,
        "2025-01-11",
        "2025-03-21",
    )
    assert [(each.begun, each.over, str(each.start.date())) for each in months] == [
        (False, True, "2025-02-01"),
        (False, True, "2025-03-01"),
    ]
    assert year.share < 1 and [(plan.key, part) for plan, part in year.parts] == [("p", year.share)]
    gone = held.subscribe("a", start="2024-01-01", end="2025-01-01")
    assert dues(resolve(held, gone, Period.month(2025, 5))).stretches == ()


def test_cadence_of_a_commitment() -> None:
    """A commitment's own cadence is data like any other."""
    assert Postpaid(key="k", amount="1", cadence=Cadence.calendar("year")).cadence == Cadence.calendar("year")
