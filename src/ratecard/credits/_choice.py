"""
Who pays: the lots for a draw, what becomes of the rest, who pays an overdraft back, and what of a lot rolls over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from .._numbers import CONTEXT, ZERO, quantize
from ..money import Currency
from ._books import Books
from ._codec import Part
from ._entries import Expired, Repaid, RolledOver
from ._fields import entry_id, is_money
from ._grants import Rollover, Use
from ._holdings import Holding
from ._lots import Lot, micros
from ._policy import Leave, Negative, Overage, Refuse
from ._queue import lot_of

__all__ = ["Rest", "choose", "ending", "repayments", "rest_of"]


def choose(books: Books, unit: Currency, amount: Decimal, use: Use, at: datetime) -> tuple[tuple[Part, ...], Decimal]:
    """The lots that pay for an amount, in the order of burning, and what they do not cover."""
    parts: list[Part] = []
    if amount:
        for place in books.candidates(unit, use, at):
            holding = books.holding(place[-3])
            left = holding.amounts[0]
            if left >= amount:
                parts.append((holding.lot.id, amount))
                return tuple(parts), ZERO
            parts.append((holding.lot.id, left))
            amount = CONTEXT.subtract(amount, left)
    return tuple(parts), amount


class Rest(NamedTuple):
    """What becomes of what no lot covers."""

    overdrawn: Decimal
    uncovered: Decimal
    refused: bool = False


def rest_of(books: Books, unit: Currency, rest: Decimal, overage: Overage, *, done: bool = False) -> Rest:
    """What the policy of overage makes of an uncovered amount; what is `done` already can't be refused."""
    if not rest or isinstance(overage, Leave):
        return Rest(ZERO, rest)
    if isinstance(overage, Refuse):
        return Rest(ZERO, rest, not done)
    assert isinstance(overage, Negative)
    if overage.limit is None:
        return Rest(rest, ZERO)
    room = max(ZERO, CONTEXT.subtract(overage.limit, books.owed(unit)))
    over = min(rest, room)
    beyond = CONTEXT.subtract(rest, over)
    if beyond and overage.beyond == "refuse" and not done:
        return Rest(ZERO, rest, True)
    return Rest(over, beyond)


def repayments(books: Books, unit: Currency, at: datetime, id: str) -> Iterator[Repaid]:
    """
    The entries by which live lots pay back what is overdrawn, the oldest debt first, each lot in its order.

    Each is to be applied before the next is asked for.
    """
    # Most often there is no lot that could pay; then the debts, of which there may be many, are not gone through.
    any_lot = unit in books.debts and any(True for _ in books.paying(unit, None, at))
    for debt in books.owing(unit) if any_lot else ():
        # Below 0 where a draw is worked out afresh of which something was paid back.
        owed = max(ZERO, debt.owed)
        parts, _ = choose(books, unit, owed, debt.use, at)
        for lot, amount in parts:
            yield Repaid(entry_id(id, f"repaid {books.version}", lot), at, lot, unit, amount, debt.use)


def ending(books: Books, holding: Holding) -> Expired | RolledOver:
    """The entry by which a lot that is at its expiry ends: a part may roll over, the rest expires."""
    lot, rollover = holding.lot, holding.lot.rollover
    assert lot.expiry is not None
    if rollover is not None and lot.rolls:
        amount = _rolling(books, holding, rollover)
        if amount:
            into = _rolled(lot, rollover, amount, lot.expiry)
            lost = CONTEXT.subtract(holding.left, amount)
            return RolledOver(entry_id(lot.root, "rolled", str(lot.rolled + 1)), lot.expiry, lot.id, amount, lost, into)
    return Expired(entry_id(lot.id, "expired"), lot.expiry, lot.id, holding.left)


def _rolling(books: Books, holding: Holding, rollover: Rollover) -> Decimal:
    """How much of what is left rolls over."""
    lot = holding.lot
    found = CONTEXT.multiply(holding.left, rollover.fraction)
    if rollover.maximum is not None:
        room = rollover.maximum
        assert lot.expiry is not None
        for place in books.pools_of(lot.unit).of(lot.scope).rolled.paying(micros(lot.expiry)):
            other = books.holding(lot_of(place))
            if other.lot.key == lot.key:
                room = CONTEXT.subtract(room, other.left)
        found = max(ZERO, min(found, room))
    return found if is_money(lot.unit) else quantize(found, lot.unit.places, "down")


def _rolled(lot: Lot, rollover: Rollover, amount: Decimal, expiry: datetime) -> Lot:
    """The lot in which an amount lives on: from the old expiry, to the boundary after it or for as long again."""
    return Lot(
        entry_id(lot.root, "rolled", str(lot.rolled + 1)),
        lot.key,
        lot.unit,
        amount,
        granted=lot.granted,
        effective=expiry,
        expiry=lot.after(expiry),
        priority=lot.priority if rollover.priority is None else rollover.priority,
        scope=lot.scope,
        paid=lot.paid,
        basis=lot.basis,
        cost_currency=lot.cost_currency,
        rollover=rollover,
        rolled=lot.rolled + 1,
        root=lot.root,
    )
