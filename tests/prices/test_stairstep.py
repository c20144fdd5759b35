"""Prices by steps."""

from __future__ import annotations

import pytest

from ratecard.errors import NoPriceError
from ratecard.prices import Stair, Stairstep
from tests.prices.test_base import told

STEPS = [Stair(up_to=10, amount=20), Stair(amount=45)]


def test_amounts() -> None:
    """A step gives the whole price of what it holds; a bound belongs below."""
    price = Stairstep(steps=STEPS)
    assert [price.amount(q) for q in (0, "0.1", 10, "10.1")] == [0, 20, 20, 45]
    assert (price.explain(0), price.explain(11)) == ("no usage: 0", "step 2 above 10: 45")


def test_at_zero() -> None:
    """The first step may hold 0 too."""
    price = Stairstep(steps=STEPS, flat_at_zero=True)
    assert (price.amount(0), price.explain(0)) == (20, "step 1 to 10: 20")


def test_closed() -> None:
    """A closed stair refuses what is beyond."""
    price = Stairstep(steps=[Stair(up_to=10, amount=20)], closed=True)
    assert price.amount(10) == 20
    with pytest.raises(NoPriceError):
        price.amount(11)


def test_faults() -> None:
    """All that is wrong is reported at once."""
    assert told(Stairstep, steps=[Stair(up_to=5, amount=-1), Stair(up_to=4, amount=1)]) == [
        ("steps[1].up_to", "tier.order"),
        ("steps[1].up_to", "tier.closed"),
        ("steps[0].amount", "price.negative"),
    ]
