"""
settle: from charges to a statement, across the lines.

The statement stages work on rounded lines, in the order of the plan. Where the plan rounds the statement and not the
line, the exact sum is rounded once here, and the lines share it by largest remainder.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cmp_to_key, partial

from .._numbers import CONTEXT, ZERO, Exact, div, floor, quantize, sub, total
from ._charge import Charges
from ._line import LineItem
from ._statement import Statement, StatementHead

__all__ = ["settle"]


def settle(charges: Charges) -> Statement:
    """
    The statement of what was charged.

    Args:
        charges: what `charge` made.
    """
    terms = charges.terms
    lines = charges.lines
    if terms.plan.rounding_at == "statement":
        lines = _rounded_together(charges)
    subtotal = ZERO
    for line in lines:
        subtotal = CONTEXT.add(subtotal, line.rounded)
    if not lines:
        subtotal = quantize(ZERO, terms.currency.places)
    head = terms.memo.get("head")
    if head is None:
        plan = terms.plan
        head = terms.memo["head"] = StatementHead(
            customer=terms.customer, plan=plan.key, digest=plan.digest, period=terms.period, currency=terms.currency,
            order=plan.order,
        )  # fmt: skip
    return Statement(
        head, lines=lines, subtotal=subtotal, total=subtotal, due=subtotal, account=charges.account, charges=charges
    )


def _rounded_together(charges: Charges) -> tuple[LineItem, ...]:
    """The exact sum rounded once; each line is rounded down or up so that they add up to it."""
    terms = charges.terms
    places, mode = terms.currency.places, terms.plan.rounding
    whole = quantize(total(line.exact for line in charges.lines), places, mode)
    shares = _spread([line.exact for line in charges.lines], whole, places)
    why = "so that the lines add up to the rounded statement"
    return tuple(line.moved(share, why) for line, share in zip(charges.lines, shares, strict=True))


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
