"""
The balance of a ledger over time, from its entries.

At an instant t a lot inside its time holds what it began with, less what its entries dated at or before t took. So a
balance asked for later about an instant is the same as asked then, unless entries for that time came in meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from .._numbers import CONTEXT, ZERO
from ..money import Currency, Money
from ..periods import Period
from ._books import Books
from ._entries import Committed, Drawn, Entry, Repaid, Returned
from ._grants import Use
from ._holdings import LEFT
from ._lots import Lot

__all__ = ["balance", "points"]


def balance(books: Books, unit: Currency, at: datetime, use: Use | None) -> Money:
    """What can be drawn at an instant, less what is owed."""
    found = ZERO
    if books.latest is not None and at < books.latest:
        for when, change in _changes(books, unit, use):
            if when <= at:
                found = CONTEXT.add(found, change)
        return Money.make(found, unit)
    for holding in books.paying(unit, use, at):
        found = CONTEXT.add(found, holding.left)
    owing = books.owing(unit)
    return Money.make(CONTEXT.subtract(found, owing.owed if use is None else owing.of(use).owed), unit)


def points(books: Books, unit: Currency, period: Period, use: Use | None) -> Iterator[tuple[datetime, Money]]:
    """The balance at the start of a period, and at each instant in it at which it changes."""
    found = ZERO
    at = period.start
    told = None
    for when, change in sorted(_changes(books, unit, use)):
        if when >= period.end:
            break
        if when > at:
            if found != told:
                yield at, Money.make(found, unit)
            at, told = when, found
        found = CONTEXT.add(found, change)
    if found != told:
        yield at, Money.make(found, unit)


def _changes(books: Books, unit: Currency, use: Use | None) -> Iterator[tuple[datetime, Decimal]]:
    """What the balance changes by, and when; in no order."""
    taken: dict[str, list[tuple[datetime, Decimal]]] = {}
    for entry in books.entries():
        for lot_id, source, target, amount in entry.moves():
            if LEFT in (source, target) and source != target:
                taken.setdefault(lot_id, []).append((entry.at, amount if source == LEFT else amount.copy_negate()))
        owes = _owes(entry, unit, use)
        if owes:
            yield entry.at, owes.copy_negate()
    for _, holding in books.lots.items():
        lot = holding.lot
        if lot.unit == unit and (use is None or lot.scope.covers(use)):
            yield from _of_lot(lot, taken.get(lot.id, []))


def _owes(entry: Entry, unit: Currency, use: Use | None) -> Decimal:
    """What an entry adds to the overdraft of a unit and use."""
    if isinstance(entry, Drawn | Committed | Repaid | Returned) and entry.unit == unit:
        return entry.debt() if use is None or use == entry.use else ZERO
    return ZERO


def _of_lot(lot: Lot, taken: list[tuple[datetime, Decimal]]) -> Iterator[tuple[datetime, Decimal]]:
    """It comes in when it is effective, with what was not taken by then, and goes out at its expiry."""
    held = lot.amount
    for at, amount in taken:
        if lot.expiry is None or at < lot.expiry:
            held = CONTEXT.subtract(held, amount)
            yield max(at, lot.effective), amount.copy_negate()
    yield lot.effective, lot.amount
    if lot.expiry is not None:
        yield lot.expiry, held.copy_negate()
