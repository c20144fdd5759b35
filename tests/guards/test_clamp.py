"""How much of a request fits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratecard._numbers import CONTEXT, ZERO, Exact, div, mul, sub
from ratecard.errors import NumberError
from ratecard.guards import Portion, Reading, clamp
from ratecard.guards._clamp import peak


def per_unit(price: str) -> object:
    """A reading that rises by so much a unit."""
    return lambda quantity: CONTEXT.multiply(quantity, Decimal(price))


def volume(quantity: Decimal) -> Exact:
    """10 a unit up to 10, and 5 a unit for all from there on."""
    return CONTEXT.multiply(quantity, Decimal(10) if quantity <= 10 else Decimal(5))


def test_everything_fits() -> None:
    """At or under the limit all of it fits, also where it is no multiple of the step."""
    assert clamp(per_unit("2"), Decimal(20), Decimal(10)) == 10  # type: ignore[arg-type]
    assert clamp(per_unit("2"), Decimal(21), Decimal("10.5")) == Decimal("10.5")  # type: ignore[arg-type]
    assert clamp(per_unit("2"), Decimal(20), Decimal("10.5")) == 10  # type: ignore[arg-type]


def test_a_part_fits() -> None:
    """One step more would pass the limit."""
    assert clamp(per_unit("0.3"), Decimal(1), Decimal(100)) == 3  # type: ignore[arg-type]
    third = div(Decimal(1), 3)
    assert clamp(lambda q: mul(q, third), Decimal(2), Decimal(100), step=Decimal("0.5")) == 6
    assert clamp(per_unit("3"), Decimal(2), Decimal(100)) == 0  # type: ignore[arg-type]


def test_over_before_anything() -> None:
    """Where the reading is over the limit already, nothing fits."""
    assert clamp(lambda q: Decimal(5), Decimal(4), Decimal(10)) == 0
    assert clamp(lambda q: Decimal(5), Decimal(5), ZERO) == 0


def test_a_fall_is_no_way_past_the_limit() -> None:
    """Where more costs less, what stands before the fall counts as well."""
    # 9 cost 90, 11 cost 55: the way to 11 leads over 10, which is too dear.
    assert clamp(volume, Decimal(95), Decimal(15), pieces=[Decimal(10)]) == 9
    assert clamp(volume, Decimal(100), Decimal(15), pieces=[Decimal(10)]) == 15
    assert clamp(volume, Decimal(100), Decimal(30), pieces=[Decimal(10)]) == 20
    # Pieces beyond the quantity, and twice the same, change nothing.
    assert clamp(volume, Decimal(100), Decimal(8), pieces=[Decimal(10), Decimal(10)]) == 8


def test_a_jump_at_once() -> None:
    """A piece whose first step is over the limit ends it."""
    assert clamp(lambda q: ZERO if q <= 3 else Decimal(9), Decimal(5), Decimal(9), pieces=[Decimal(3)]) == 3


def test_portions() -> None:
    """A portion has a quantity of 0 or more and a step above 0."""
    found = Portion("2.5", lambda part: (Reading(), Reading()), step="0.5", pieces=[Decimal(1)])
    assert (found.quantity, found.step, found.pieces) == (Decimal("2.5"), Decimal("0.5"), (1,))
    for quantity, step in [("-1", 1), ("1", 0), ("1", -1)]:
        with pytest.raises(NumberError) as error:
            Portion(quantity, found.read, step=step)
        assert error.value.code == "number.step"


def test_the_highest_on_the_way() -> None:
    """The peak is looked for at the ends of the pieces, at nothing, and at the quantity itself; the first counts."""
    assert peak(volume, Decimal(15), pieces=[Decimal(10)]) == (10, 100)
    assert peak(volume, Decimal(30), pieces=[Decimal(10)]) == (30, 150)
    assert peak(volume, Decimal(20), pieces=[Decimal(10)]) == (10, 100)
    assert peak(volume, Decimal("15.5"), step=Decimal(4), pieces=[Decimal(10)]) == (8, 80)
    assert peak(volume, Decimal("4.5"), pieces=[Decimal(10)]) == (Decimal("4.5"), 45)
    assert peak(lambda quantity: ZERO, Decimal(15), pieces=[Decimal(10)]) == (0, 0)
    assert peak(lambda quantity: sub(Decimal(20), quantity), Decimal(4), pieces=[ZERO, Decimal(3)]) == (0, 20)
