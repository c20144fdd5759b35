"""
Spreading: lines rounded together so that they add up, and what comes back taken off what came before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cmp_to_key, partial

from .._numbers import CONTEXT, ZERO, Exact, Rounding, add, div, floor, mul, quantize, sign, split, sub, total
from ._line import LineItem

__all__ = ["kept", "proportioned", "rounded_together", "shared_within"]


def rounded_together(lines: Sequence[LineItem], places: int, mode: Rounding, *, why: str) -> tuple[LineItem, ...]:
    """The exact sum rounded once; the lines share it by largest remainder, ties by order."""
    whole = quantize(total(line.exact for line in lines), places, mode)
    shares = proportioned([line.exact for line in lines], whole, places)
    return tuple(line.moved(share, why) for line, share in zip(lines, shares, strict=True))


def proportioned(values: Sequence[Exact], whole: Decimal, places: int) -> list[Decimal]:
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


def shared_within(amount: Decimal, weights: Sequence[Decimal], most: Sequence[Decimal], step: Decimal) -> list[Decimal]:
    """
    An amount by weights, none of them more than it can bear; what it cannot the others bear, by their weights.

    Args:
        amount: 0 or more, a multiple of the step, and no more than all can bear together.
        weights: at least one, each above 0.
        most: what each can bear, 0 or more, multiples of the step.
        step: the smallest share.

    >>> shared_within(Decimal(9), [Decimal(1)] * 3, [Decimal(1), Decimal(9), Decimal(9)], Decimal(1))
    [Decimal('1'), Decimal('4'), Decimal('4')]
    """
    shares = [ZERO] * len(weights)
    open_, left, whole = list(range(len(weights))), amount, total(weights)
    # As all can bear it together, there is always one that can bear its part: they are never all full.
    while full := [index for index in open_ if mul(weights[index], left) > mul(most[index], whole)]:
        for index in full:
            shares[index] = most[index]
            left, whole = CONTEXT.subtract(left, most[index]), sub(whole, weights[index])
        open_ = [index for index in open_ if index not in full]
    for index, share in zip(open_, split(left, [weights[index] for index in open_], step), strict=True):
        shares[index] = share
    return shares


def kept(differences: Sequence[Exact]) -> tuple[list[Exact], Exact]:
    """
    What is left of each difference of a running total when what comes back later is taken off the last before it.

    Returns:
        Amounts of 0 or more; and what came back beyond all of them, 0 or less.

    >>> kept([Decimal(3), Decimal(4), Decimal(-5), Decimal(1)])
    ([Decimal('2'), Decimal('0'), Decimal('0'), Decimal('1')], Decimal('0'))
    """
    found: list[Exact] = []
    back: Exact = ZERO
    for difference in reversed(differences):
        left = add(difference, back)
        back = left if sign(left) < 0 else ZERO
        found.append(ZERO if sign(left) < 0 else left)
    return found[::-1], back
