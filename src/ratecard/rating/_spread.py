"""
Spreading: lines rounded together so that they add up, and what comes back taken off what came before it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from functools import cmp_to_key, partial
from typing import TypeVar

from .._numbers import CONTEXT, ZERO, Exact, Rounding, add, div, floor, mul, quantize, sign, split, sub, total
from ._line import LineItem

__all__ = ["dealt", "kept", "proportioned", "rounded_together", "shared_within"]

Row = TypeVar("Row", bound=Hashable)


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


def dealt(columns: Sequence[Mapping[Row, Decimal]], whole: Decimal, places: int) -> list[dict[Row, Decimal]]:
    """
    Amounts by row and column in whole steps, which add up to the whole; a column that is in whole steps stays as it is.

    Columns are rounded by largest remainder, and so is each among its rows. What a row gets too little in one column it
    gets more in the next, so that it is not off by more over many.

    Args:
        columns: the exact amounts of 0 or more, by row.
        whole: what all come to, rounded.
        places: the decimals of a step.

    Returns:
        Each column's amounts by row.

    >>> dealt([{"x": Decimal("0.165"), "y": Decimal("4.835")}, {"y": Decimal(5)}], Decimal(10), 2)
    [{'x': Decimal('0.17'), 'y': Decimal('4.83')}, {'y': Decimal('5.00')}]
    """
    over: dict[Row, Decimal] = {row: ZERO for column in columns for row in column}
    found: list[dict[Row, Decimal]] = []
    wholes = proportioned([total(each.values()) for each in columns], whole, places)
    for column, amount in zip(columns, wholes, strict=True):
        wanted = {row: CONTEXT.add(each, over[row]) for row, each in column.items()}
        shares = _in_steps(wanted, amount, places)
        for row, share in shares.items():
            over[row] = CONTEXT.subtract(wanted[row], share)
        found.append(shares)
    return found


def _in_steps(wanted: Mapping[Row, Decimal], whole: Decimal, places: int) -> dict[Row, Decimal]:
    """Amounts in whole steps that add up to a whole, none below 0: by largest remainder, ties by order."""
    step = Decimal((0, (1,), -places))
    shares = {row: max(ZERO, quantize(each, places, "floor")) for row, each in wanted.items()}
    missing = floor(div(sub(whole, total(shares.values())), step))
    rows = sorted(shares, key=lambda row: CONTEXT.subtract(shares[row], wanted[row]))
    while missing > 0:
        for row in rows[:missing]:
            shares[row] = CONTEXT.add(shares[row], step)
        missing -= min(missing, len(rows))
    while missing < 0:
        some = [row for row in reversed(rows) if shares[row]][:-missing]
        for row in some:
            shares[row] = CONTEXT.subtract(shares[row], step)
        missing += len(some)
    return shares


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
    What is left of each difference of a running total when what comes back is taken off the last before it.

    What comes back before there is anything to take it off is taken off the next: so they add up to the running total,
    wherever it is cut.

    Returns:
        Amounts of 0 or more; and what came back beyond all of them, 0 or less.

    >>> kept([Decimal(3), Decimal(4), Decimal(-5), Decimal(1)])
    ([Decimal('2'), Decimal('0'), Decimal('0'), Decimal('1')], Decimal('0'))
    >>> kept([Decimal(-5), Decimal(4), Decimal(3)])
    ([Decimal('0'), Decimal('0'), Decimal('2')], Decimal('0'))
    """
    found: list[Exact] = []
    back: Exact = ZERO
    for difference in reversed(differences):
        left = add(difference, back)
        back = left if sign(left) < 0 else ZERO
        found.append(ZERO if sign(left) < 0 else left)
    found.reverse()
    for place, amount in enumerate(found if sign(back) else ()):
        left = add(amount, back)
        back = left if sign(left) < 0 else ZERO
        found[place] = ZERO if sign(left) < 0 else left
    return found, back
