"""
Lines rounded together: their exact sum is rounded once, and each is rounded down or up so that they add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cmp_to_key, partial

from .._numbers import CONTEXT, Exact, Rounding, div, floor, quantize, sub, total
from ._line import LineItem

__all__ = ["rounded_together"]


def rounded_together(lines: Sequence[LineItem], places: int, mode: Rounding, *, why: str) -> tuple[LineItem, ...]:
    """The exact sum rounded once; the lines share it by largest remainder, ties by order."""
    whole = quantize(total(line.exact for line in lines), places, mode)
    shares = _spread([line.exact for line in lines], whole, places)
    return tuple(line.moved(share, why) for line, share in zip(lines, shares, strict=True))


def _spread(values: Sequence[Exact], whole: Decimal, places: int) -> list[Decimal]:
    """Each value rounded down, and the missing steps to the whole given to the largest rests, ties by order."""
    shares = [quantize(value, places, "floor") for value in values]
    step = Decimal((0, (1,), -places))
    missing = floor(div(sub(whole, total(shares)), step))
    rests = [sub(value, share) for value, share in zip(values, shares, strict=True)]
    largest = sorted(range(len(values)), key=cmp_to_key(partial(_larger, rests)))
    for index in largest[:missing]:
        shares[index] = CONTEXT.add(shares[index], step)
    return shares


def _larger(rests: Sequence[Exact], a: int, b: int) -> int:
    return (rests[a] < rests[b]) - (rests[a] > rests[b])
