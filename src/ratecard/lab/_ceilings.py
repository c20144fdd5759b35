"""
Ceilings: what the caps on money let a bill, or an item of it, come to, whatever the usage.

A cap lets through what keeps a sum at or under its amount, and what is due without any usage is due. Fees may be above
a cap alone, and a sum that follows from the one which is capped comes to more by its taxes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from .._numbers import CONTEXT, ZERO, quantize
from ..guards import Cap
from ..money import Money
from ..plans import Terms, dues
from ..rating import Statement

__all__ = ["Of", "ceilings", "item_caps", "spent_on", "sum_of"]

Of: TypeAlias = Literal["subtotal", "total", "due"]
"""The sum of a bill that is asked for."""


def ceilings(terms: Terms, empty: Statement, of: Of) -> dict[str, Money]:
    """
    By name, the caps on the whole of a sum, or of one it follows from, and what they let it come to.

    Args:
        terms: what is billed.
        empty: the bill of it without usage.
        of: the sum.
    """
    alone = sum_of(empty, of)
    found: dict[str, Money] = {}
    for cap, limit in _hard(terms):
        most = max(quantize(limit, terms.currency.places, "floor"), sum_of(empty, cap.of).amount)
        told = _followed(terms, of, cap.of, most) if cap.item is None else None
        if told is not None:
            found[cap.name] = Money(max(told, alone.amount), alone.currency)
    return found


def item_caps(terms: Terms, empty: Statement) -> dict[str, Decimal]:
    """For items with caps on their spend, the most that they come to; `empty` is the bill without usage."""
    found: dict[str, Decimal] = {}
    for cap, limit in _hard(terms):
        if cap.item is not None:
            most = max(_in_steps(terms, limit), spent_on(empty, cap.item))
            found[cap.item] = min(found.get(cap.item, most), most)
    return found


def sum_of(statement: Statement, of: Of) -> Money:
    """A sum of a bill."""
    found: Money = getattr(statement, of)
    return found


def spent_on(statement: Statement, item: str) -> Decimal:
    """What a cap on an item reads."""
    found = ZERO
    for line in statement.lines_of(item):
        if line.kind in ("usage", "fee", "minimum", "reversal"):
            found = CONTEXT.add(found, line.rounded)
    return found


def _hard(terms: Terms) -> list[tuple[Cap, Decimal]]:
    """The caps of the period on money that refuse, and their amounts."""
    currency = str(terms.currency)
    found: list[tuple[Cap, Decimal]] = []
    for cap in terms.plan.guards:
        if not isinstance(cap, Cap) or cap.spend is None or cap.mode == "soft" or cap.window() is not None:
            continue
        if cap.overflow == "none" and cap.scope == "plan" and not (cap.group or cap.each or cap.without):
            found.append((cap, cap.spend if isinstance(cap.spend, Decimal) else cap.spend[currency]))
    return found


def _in_steps(terms: Terms, amount: Decimal) -> Decimal:
    """The most that stays at or under an amount, in the steps in which lines are rounded."""
    at_lines = terms.plan.rounding_at != "statement"
    return quantize(amount, terms.currency.places, "floor") if at_lines else amount


def _followed(terms: Terms, asked: Of, capped: Of, most: Decimal) -> Decimal | None:
    """The most that the sum which is asked for comes to where another is no more than this; None if not known."""
    if capped == asked:
        return most
    paid = terms.grants or terms.granted_before or terms.ledger is not None
    if asked == "subtotal" or capped == "due" or (asked == "due" and paid):
        return None
    if capped == "total":
        # Without credits all of it is due.
        return most
    taxes = [standing.each for standing in dues(terms).taxes]
    if len(terms.reigns) > 1 or any(tax.items for tax in taxes):
        # Beside what is below 0, what one tax is on may come to more than the whole.
        return None
    # Each tax is on all of it, less what prepaid commitments paid, and rounded once.
    found = most
    for tax in (each for each in taxes if not each.included):
        more = CONTEXT.multiply(most, tax.rate)
        found = CONTEXT.add(found, quantize(more, terms.currency.places, terms.plan.rounding))
    return found
