"""
What an entry must be to fit the history of a ledger: its amounts add up, its lots may pay, and what comes back goes
where the lot's state says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .._model import show_day
from .._numbers import CONTEXT, ZERO, text
from ..errors import LedgerError, MismatchError
from ..money import Currency
from ._codec import Part
from ._entries import (
    Committed,
    Drawn,
    Entry,
    Expired,
    Granted,
    Refunded,
    Released,
    Repaid,
    Reserved,
    Returned,
    RolledOver,
)
from ._fields import brief, read_id
from ._grants import Use
from ._holdings import LEFT
from ._lots import Lot
from ._returns import fate, returned

if TYPE_CHECKING:
    from ._books import Books

__all__ = ["CHECKS", "conflict", "reservation", "same_unit"]


def same_unit(known: Currency | None, unit: Currency) -> None:
    """
    Refuse a unit that this ledger counts in other decimals.

    Raises:
        MismatchError: `currency.mixed`.
    """
    if known is not None and known.places != unit.places:
        raise MismatchError(
            f"{unit} is counted in {known.places} decimals in this ledger, not in {unit.places}; use one unit for both",
            code="currency.mixed",
        )


def conflict(id: str) -> LedgerError:
    """The refusal of an id that stands for something else."""
    return LedgerError(
        f"the id {brief(id)} is in the ledger with other content; give what is new an id of its own",
        code="ledger.conflict",
    )


def refused(entry: Entry, words: str, code: str) -> LedgerError:
    """The refusal of an entry that does not fit the history."""
    return LedgerError(f"entry {brief(entry.id)} {words}; look at the ledger again before you post", code=code)


def _adds_up(entry: Drawn | Reserved | Committed | Returned, *amounts: Decimal) -> None:
    found = ZERO
    for amount in amounts:
        if amount < ZERO:
            raise refused(entry, "has an amount below 0", "ledger.amount")
        found = CONTEXT.add(found, amount)
    if found != entry.amount:
        raise refused(entry, f"is over {text(entry.amount)}, and its parts are {text(found)}", "ledger.sum")


def _pays(books: Books, entry: Entry, unit: Currency, use: Use, parts: tuple[Part, ...], at: datetime) -> None:
    """The lots may pay for this use at this instant."""
    for lot_id, amount in parts:
        lot = books.holding(lot_id).lot
        if amount <= ZERO:
            raise refused(entry, f"takes nothing from lot {brief(lot_id)}", "ledger.amount")
        if lot.unit != unit or not lot.scope.covers(use):
            raise refused(entry, f"draws on lot {brief(lot_id)}, which does not pay for {use}", "ledger.scope")
        if not lot.alive(at):
            raise refused(entry, f"draws on lot {brief(lot_id)} outside its time, at {show_day(at)}", "ledger.window")


def _lives(entry: Entry, lot: Lot) -> None:
    if lot.expiry is not None and lot.expiry <= lot.effective:
        raise refused(entry, f"brings in lot {brief(lot.id)}, which ends before it begins", "ledger.window")


def _check_granted(books: Books, entry: Granted) -> None:
    lot = entry.lot
    if lot.amount <= ZERO or lot.rolled or lot.root != lot.id:
        raise refused(entry, "grants nothing, or what rolled over", "ledger.amount")
    read_id(lot.id)
    _lives(entry, lot)


def _check_drawn(books: Books, entry: Drawn) -> None:
    same_unit(books.units.get(entry.unit), entry.unit)
    _pays(books, entry, entry.unit, entry.use, entry.parts, entry.lot_at)
    _adds_up(entry, *(amount for _, amount in entry.parts), entry.overdrawn, entry.uncovered)


def _check_reserved(books: Books, entry: Reserved) -> None:
    same_unit(books.units.get(entry.unit), entry.unit)
    _pays(books, entry, entry.unit, entry.use, entry.parts, entry.lot_at)
    _adds_up(entry, *(amount for _, amount in entry.parts), entry.uncovered)


def reservation(books: Books, id: str) -> Reserved:
    """
    An open reservation.

    Raises:
        LedgerError: `ledger.reservation`.
    """
    found = books.holds.get(id)
    if found is None:
        raise LedgerError(f"there is no open reservation {brief(id)}; reserve first", code="ledger.reservation")
    return found


def _ends_reservation(books: Books, entry: Committed | Released, held: tuple[Part, ...]) -> None:
    """What was held is spent or free again, each part where its lot's state says."""
    rest: dict[str, Decimal] = {lot: amount for lot, amount in reservation(books, entry.reservation_id).parts}
    for lot_id, amount in (*held, *((lot_id, amount) for lot_id, amount, _ in entry.freed)):
        rest[lot_id] = CONTEXT.subtract(rest.get(lot_id, ZERO), amount)
    if any(rest.values()):
        raise refused(entry, "does not end its reservation to the last part", "ledger.sum")
    for lot_id, _, target in entry.freed:
        if fate(books.holding(lot_id), entry.at, spent=False) != target:
            raise refused(entry, f"gives lot {brief(lot_id)} back what it cannot take", "ledger.window")


def _check_committed(books: Books, entry: Committed) -> None:
    held = reservation(books, entry.reservation_id)
    if (held.unit, held.use) != (entry.unit, entry.use):
        raise refused(entry, "is for another use than its reservation", "ledger.scope")
    _ends_reservation(books, entry, entry.held)
    _pays(books, entry, entry.unit, entry.use, entry.parts, entry.lot_at)
    _adds_up(entry, *(amount for _, amount in (*entry.held, *entry.parts)), entry.overdrawn, entry.uncovered)


def _check_released(books: Books, entry: Released) -> None:
    _ends_reservation(books, entry, ())


def _check_returned(books: Books, entry: Returned) -> None:
    if entry != returned(books, entry.draw_id, entry.amount, entry.at, entry.id, entry.parts):
        raise refused(entry, "does not return to the lots drawn, the last first or those chosen", "ledger.window")


def _whole(books: Books, entry: Expired | RolledOver, amount: Decimal) -> Lot:
    holding = books.holding(entry.lot_id)
    if holding.lot.expiry is None or holding.lot.expiry > entry.at:
        raise refused(entry, f"ends lot {brief(entry.lot_id)} before its expiry", "ledger.window")
    if amount != holding.amounts[LEFT]:
        raise refused(entry, f"does not end lot {brief(entry.lot_id)} to the last part", "ledger.sum")
    return holding.lot


def _check_expired(books: Books, entry: Expired) -> None:
    _whole(books, entry, entry.amount)


_ROLLS_ON: Final = ("unit", "key", "root", "basis", "cost_currency", "paid", "scope")


def _check_rolled(books: Books, entry: RolledOver) -> None:
    lot = _whole(books, entry, CONTEXT.add(entry.amount, entry.lost))
    into = entry.lot
    if (into.amount, into.rolled) != (entry.amount, lot.rolled + 1) or any(
        getattr(into, name) != getattr(lot, name) for name in _ROLLS_ON
    ):
        raise refused(entry, "rolls into a lot of other credits", "ledger.sum")
    _lives(entry, into)


def _check_refunded(books: Books, entry: Refunded) -> None:
    if not books.holding(entry.lot_id).lot.paid:
        raise LedgerError(
            f"lot {brief(entry.lot_id)} was not paid for, so there is nothing to refund; void it instead",
            code="ledger.promotional",
        )


def _check_repaid(books: Books, entry: Repaid) -> None:
    _pays(books, entry, entry.unit, entry.use, ((entry.lot_id, entry.amount),), entry.at)
    if books.owing(entry.unit).of(entry.use).owed < entry.amount:
        raise refused(entry, "pays back more than was overdrawn", "ledger.overspent")


CHECKS: Final[dict[type[Entry], Callable[[Books, Any], None]]] = {
    Granted: _check_granted,
    Drawn: _check_drawn,
    Reserved: _check_reserved,
    Committed: _check_committed,
    Released: _check_released,
    Returned: _check_returned,
    Expired: _check_expired,
    RolledOver: _check_rolled,
    Refunded: _check_refunded,
    Repaid: _check_repaid,
}
"""What is held against the books before an entry of a kind is taken in."""
