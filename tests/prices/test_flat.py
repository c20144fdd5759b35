"""Fees and prices per unit."""

from __future__ import annotations

from decimal import Decimal

from ratecard._numbers import ONE, ZERO, div
from ratecard.prices import Flat, PerUnit
from ratecard.quantity import Usage
from ratecard.steps import Step
from tests.prices.test_base import told


def test_a_fee_whatever_the_quantity() -> None:
    """A fee is due at 0, at any quantity, and at a negative one."""
    assert [Flat(amount="20").price(Usage.of(q)).amount for q in (0, 5, -5)] == [20, 20, 20]
    assert Flat(amount="20").explain(3) == "fee: 20"


def test_a_fee_and_the_share() -> None:
    """A prorated fee costs its share, exactly; another costs all of it."""
    third = Usage(ZERO, share=div(ONE, 3))
    priced = Flat(amount="20").price(third)
    assert priced.amount == div(Decimal(20), 3)
    inputs = [("fee", Decimal(20)), ("share of the period", div(ONE, 3))]
    assert priced.step == Step("product", inputs, div(Decimal(20), 3), note="fee x share of the period")
    assert Flat(amount="20", prorate=False).price(third).amount == 20


def test_a_fee_for_seats() -> None:
    """A quantity of the subscription multiplies the fee; a negative one costs nothing."""
    seats = Usage(Decimal(3), share=Decimal("0.5"), licensed=True)
    priced = Flat(amount="20").price(seats)
    assert priced.amount == 30
    assert priced.step.words() == "fee x quantity x share of the period: 20 x 3 x 0.5 = 30"
    assert Flat(amount="20", prorate=False).price(seats).amount == 60
    taken = Flat(amount="20").price(Usage(Decimal(-3), licensed=True))
    assert (taken.amount, taken.step.words()) == (0, "a negative quantity costs nothing: 0")


def test_the_curve_of_a_fee() -> None:
    """The curve is level, or rises with the subscription's quantity."""
    price = Flat(amount="20")
    assert [price.curve(share=Decimal("0.5")).amount(q) for q in (0, 7)] == [10, 10]
    assert [price.curve(share=Decimal("0.5"), licensed=True).amount(q) for q in (0, 7)] == [0, 70]
    assert Flat(amount="20", prorate=False).curve(share=ZERO).amount(1) == 20


def test_a_price_for_many_units() -> None:
    """`per` states the price for that many units, with no digit lost."""
    price = PerUnit(unit_price="2", per=3)
    assert price.amount(1) == div(Decimal(2), 3)
    assert price.amount(3) == 2
    assert price.explain(1) == "1 x 2 per 3 = 2/3"


def test_a_negative_price() -> None:
    """A credit for each unit is a negative price, and no usage is worth 0 without a sign."""
    price = PerUnit(unit_price="-0.5")
    assert price.amount(10) == -5
    assert str(price.amount(0)) == "0"
    assert str(price.price(Usage.of(0)).step.result) == "0"


def test_faults() -> None:
    """A price for no units is refused."""
    assert told(PerUnit, unit_price=1, per=0) == [("per", "price.per")]
    assert told(PerUnit, unit_price=1, per=-1) == [("per", "price.per")]
