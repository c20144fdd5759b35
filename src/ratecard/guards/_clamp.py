"""
How much of a request fits under a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from .._numbers import CONTEXT, ONE, ZERO, Exact, div, floor

__all__ = ["clamp", "peak"]


def clamp(
    reading: Callable[[Decimal], Exact],
    limit: Exact,
    quantity: Decimal,
    *,
    step: Decimal = ONE,
    pieces: Sequence[Exact] = (),
) -> Decimal:
    """
    The largest part of a quantity such that it and every smaller one keeps a reading at or under a limit.

    Parts are multiples of the step, and the whole quantity itself. One step more than what is given passes the limit,
    or the quantity.

    Args:
        reading: what would be so after a part ran.
        limit: the most it may be.
        quantity: all that is asked for.
        step: the smallest quantity there is, above 0.
        pieces: quantities between which the reading only rises or only falls, ascending; a jump at one of them belongs
            to what comes after it. None when the reading never falls.

    Returns:
        0 where nothing fits; also where the reading is over the limit before anything runs.

    >>> clamp(lambda tokens: CONTEXT.multiply(tokens, Decimal("0.3")), Decimal(1), Decimal(10))
    Decimal('3')
    """
    if reading(ZERO) > limit:
        return ZERO
    most = floor(div(quantity, step))

    def over(count: int) -> bool:
        return reading(CONTEXT.multiply(Decimal(count), step)) > limit

    low = 0
    for edge in [*(floor(div(each, step)) for each in pieces), most]:
        high = min(edge, most)
        if high <= low:
            continue
        # Inside a piece the reading goes one way only: with both ends under the limit all of it is.
        if over(low + 1):
            return CONTEXT.multiply(Decimal(low), step)
        if over(high):
            return CONTEXT.multiply(Decimal(_last(over, low + 1, high)), step)
        low = high
    return CONTEXT.multiply(Decimal(most), step) if reading(quantity) > limit else quantity


def _last(over: Callable[[int], bool], under: int, past: int) -> int:
    """The last count under the limit, between one that is and one that is not."""
    while past - under > 1:
        middle = (under + past) // 2
        if over(middle):
            past = middle
        else:
            under = middle
    return under


def peak(
    reading: Callable[[Decimal], Exact], quantity: Decimal, *, step: Decimal = ONE, pieces: Sequence[Exact] = ()
) -> tuple[Decimal, Exact]:
    """
    Where on the way to a quantity a reading is highest, and what it is there: the first of several.

    Args:
        reading, quantity, step, pieces: as of `clamp`.

    >>> def halved(calls):
    ...     return CONTEXT.multiply(calls, ONE if calls <= 4 else Decimal("0.5"))
    >>> peak(halved, Decimal(6), pieces=[Decimal(4)])
    (Decimal('4'), Decimal('4'))
    """
    found, highest = ZERO, reading(ZERO)
    most, low = floor(div(quantity, step)), 0
    looked: list[Decimal] = []
    for edge in [*(floor(div(each, step)) for each in pieces), most]:
        high = min(edge, most)
        if high > low:
            # Inside a piece the reading goes one way only.
            looked += [CONTEXT.multiply(Decimal(low + 1), step), CONTEXT.multiply(Decimal(high), step)]
            low = high
    for at in (*looked, quantity):
        value = reading(at)
        if value > highest:
            found, highest = at, value
    return found, highest
