"""Prices in credits: the menu, the rest in money, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from pydantic import ValidationError

from ratecard import prices
from ratecard._problems import problems
from ratecard.errors import MismatchError, NoPriceError
from ratecard.quantity import Usage

ONE = prices.PerUnit(unit_price="1")
THIRD = prices.Credit(
    unit="credits", base=prices.PerUnit(unit_price="1", per=3), overage=prices.PerUnit(unit_price="2")
)


def test_menu_is_rounded_to_the_unit() -> None:
    """Credits are rounded to the decimals asked for by the price's own rule, with a step that says so."""
    up = THIRD.model_copy(update={"rounding": "up"})
    assert [each.credits(Usage.of(4), places=0).amount for each in (THIRD, up)] == [1, 2]
    assert up.credits(Usage.of(4), places=0).step.words() == "4/3 rounded to 0 places, up = 2\n  4 x 1 per 3 = 4/3"
    assert up.credits(Usage.of(4), places=0).step.check()
    assert up.credits(Usage.of(3), places=0).step.rule == "product"
    assert up.credits(Usage.of(4)).amount == THIRD.base.price(Usage.of(4)).amount


def test_alone_all_is_overage() -> None:
    """With nothing held, all credits are priced in money."""
    assert THIRD.amount(6) == 4
    assert THIRD.explain(6) == "4\n  6 x 1 per 3 = 2\n  not paid by credits: 2 x 2 = 4"


def test_without_overage_the_rest_is_refused() -> None:
    """What nobody paid has no price of its own; nothing of it costs nothing."""
    bare = prices.Credit(unit="credits", base=ONE)
    with pytest.raises(NoPriceError, match="nothing pays for 3 credits") as caught:
        bare.price(Usage.of(3))
    assert caught.value.code == "credit.uncovered"
    assert bare.price(Usage.of(0)).amount == 0
    assert bare.beyond(Decimal(0)).step.words() == "nothing is left to pay: 0"


def test_no_curve() -> None:
    """What is held decides as well, so it is no function of the quantity."""
    assert not THIRD.has_curve
    with pytest.raises(MismatchError, match="the credits that are held"):
        THIRD.curve()


FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "nested": (lambda: prices.Hybrid(prices=[THIRD]), "credit.nested"),
    "credits of credits": (lambda: prices.Credit(unit="points", base=THIRD), "credit.nested"),
    "share of items": (
        lambda: prices.Credit(unit="credits", base=prices.PercentOf(items=["a"], rate="0.1")),
        "credit.items",
    ),
    "rest by value": (
        lambda: prices.Credit(unit="credits", base=ONE, overage=prices.Percentage(rate="0.1")),
        "price.curve",
    ),
    "rolled over": (
        lambda: prices.Credit(unit="credits", base=prices.Allowance(units=1, base=ONE, rollover=1)),
        "allowance.nested",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str) -> None:
    """What cannot be drawn for is refused when the price is written."""
    make, code = FAULTS[name]
    with pytest.raises(ValidationError) as caught:
        make()
    assert [each.code for each in problems(caught.value)] == [code]
