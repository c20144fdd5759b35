"""
Where credits go that come back: to the lot, if it may still pay; else they are money due or void, or expired.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from .._numbers import CONTEXT, ZERO, Exact, add, text
from ..errors import LedgerError
from ..money import Currency
from ._codec import Part, Returning
from ._debts import debt_of
from ._entries import Committed, Drawn, Entry, Returned
from ._lots import EXPIRED, LEFT, REFUNDED, VOIDED, Column, Holding

if TYPE_CHECKING:
    from ._books import Books

__all__ = ["Due", "dues", "fate", "from_payers", "returned", "standing"]


class Due(NamedTuple):
    """Money that is owed back: what the credits cost, exact; round it where it is paid out."""

    amount: Exact
    currency: Currency


def fate(holding: Holding, at: datetime, *, spent: bool) -> Column:
    """
    Where an amount goes that comes back to a lot at an instant.

    Args:
        holding: the lot.
        at: when it comes back.
        spent: whether it had been spent; else it was only reserved.
    """
    expiry = holding.lot.expiry
    ended = expiry is not None and expiry <= at
    if not ended and not holding.closed:
        return LEFT
    if ended and not spent:
        return EXPIRED
    return REFUNDED if holding.lot.paid else VOIDED


def _split(entry: Drawn | Committed, before: Decimal, amount: Decimal) -> tuple[list[Part], Decimal, Decimal]:
    """What of a draw an amount takes back, from its end, after what came back before: lots, overdrawn, uncovered."""
    skip, need = before, amount

    def take(segment: Decimal) -> Decimal:
        nonlocal skip, need
        passed = min(segment, skip)
        found = min(CONTEXT.subtract(segment, passed), need)
        skip = CONTEXT.subtract(skip, passed)
        need = CONTEXT.subtract(need, found)
        return found

    uncovered, overdrawn = take(entry.uncovered), take(entry.overdrawn)
    parts = (*entry.held, *entry.parts) if isinstance(entry, Committed) else entry.parts
    taken = [(lot, take(part)) for lot, part in reversed(parts)]
    return [(lot, part) for lot, part in taken if part], overdrawn, uncovered


def returned(books: Books, draw_id: str, amount: Decimal, at: datetime, id: str) -> Returned:
    """
    The entry that takes back an amount of a draw.

    Raises:
        LedgerError: `ledger.draw` for what is no draw, `ledger.returned` for more than is left of it.
    """
    known = books.seen(draw_id)
    if known is None or not isinstance(known.entry, Drawn | Committed):
        raise LedgerError(f"{draw_id[:40]!r} is no draw of this ledger; name one that is", code="ledger.draw")
    entry = known.entry
    rest = CONTEXT.subtract(entry.amount, known.returned)
    if not ZERO < amount <= rest:
        raise LedgerError(
            f"of draw {draw_id[:40]!r} {text(rest)} can return, not {text(amount)}; return above 0, up to that",
            code="ledger.returned",
        )
    parts, overdrawn, uncovered = _split(entry, known.returned, amount)
    debt = debt_of(books.debts.get(entry.unit, ()), entry.use)
    owed = min(overdrawn, debt.owed)
    payers = debt.payers(CONTEXT.subtract(overdrawn, owed))
    freed: tuple[Returning, ...] = tuple(
        (lot, part, fate(books.holding(lot), at, spent=True)) for lot, part in (*payers, *parts)
    )
    return Returned(
        id, at, draw_id=draw_id, unit=entry.unit, amount=amount, use=entry.use, freed=freed, overdrawn=owed,
        uncovered=uncovered,
    )  # fmt: skip


def standing(books: Books, draw_id: str) -> Drawn | None:
    """A draw as it stands now, without what came back of it; None where there is none by that id."""
    known = books.seen(draw_id)
    if known is None or not isinstance(known.entry, Drawn):
        return None
    entry = known.entry
    back, overdrawn, uncovered = _split(entry, ZERO, known.returned)
    gone = dict(back)
    parts = [(lot, CONTEXT.subtract(part, gone.get(lot, ZERO))) for lot, part in entry.parts]
    return Drawn(
        entry.id, entry.at, lot_at=entry.lot_at, unit=entry.unit,
        amount=CONTEXT.subtract(entry.amount, known.returned), use=entry.use,
        parts=tuple((lot, part) for lot, part in parts if part),
        overdrawn=CONTEXT.subtract(entry.overdrawn, overdrawn), uncovered=CONTEXT.subtract(entry.uncovered, uncovered),
    )  # fmt: skip


def from_payers(entry: Drawn | Committed, before: Decimal, back: Returned) -> Decimal:
    """How much of a return comes from lots that had paid the overdraft back, and not off the overdraft itself."""
    _, overdrawn, _ = _split(entry, before, back.amount)
    return CONTEXT.subtract(overdrawn, back.overdrawn)


def dues(books: Books, entry: Entry) -> tuple[Due, ...]:
    """The money that an entry makes due, by currency, in the order of its lots."""
    found: dict[Currency, Exact] = {}
    for lot_id, _, target, amount in entry.moves():
        lot = books.holding(lot_id).lot
        if target == REFUNDED and lot.cost_currency is not None:
            found[lot.cost_currency] = add(found.get(lot.cost_currency, ZERO), lot.cost(amount))
    return tuple(Due(amount, currency) for currency, amount in found.items())
