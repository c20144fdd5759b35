"""
A pool of included units, shared among the groups that used something.

While the pool covers what all groups used, each has what it used. Beyond that they share it by quantity: by largest
remainder at the meter's step, or at the finest decimal place in use where something is finer than the step. A quantity
that does not end, such as a level's, knows no such place, and then the shares are exact proportions. In every case the
shares add up to the pool, and none is more than its group used.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .._numbers import CONTEXT, Exact, div, floor, mul, split, total

__all__ = ["pooled"]


def pooled(units: Exact, used: Sequence[Exact], step: Decimal) -> list[Exact]:
    """
    Each group's part of the units.

    Args:
        units: how many there are, 0 or more.
        used: what each group used, 0 or more.
        step: the smallest quantity that the meter carries.

    >>> pooled(Decimal(100), [Decimal(60), Decimal(90)], Decimal(1))
    [Decimal('40'), Decimal('60')]
    >>> pooled(Decimal(100), [Decimal("33.4"), Decimal("66.9")], Decimal(1))
    [Decimal('33.3'), Decimal('66.7')]
    """
    whole = total(used)
    if whole <= units:
        return list(used)
    finest = _finest([units, *used], step)
    if finest is None or not isinstance(units, Decimal):
        return [div(mul(units, each), whole) for each in used]
    # Every quantity is a multiple of this step, so a share that is rounded up to it is still no more than was used.
    return list(split(units, used, finest))


def _finest(values: Sequence[Exact], step: Decimal) -> Decimal | None:
    """The meter's step where all values are multiples of it, else the finest decimal place; None where one has none."""
    places = 0
    fits = True
    for value in values:
        if not isinstance(value, Decimal):
            return None
        steps = div(value, step)
        fits = fits and steps == floor(steps)
        # Of its shortest form: 33.40 is no finer than 33.4.
        exponent = CONTEXT.normalize(value).as_tuple().exponent
        assert isinstance(exponent, int)
        places = max(places, -exponent)
    return step if fits else Decimal((0, (1,), -places))
