"""
Where credits go that come back: to the lot, if it may still pay; else they are money due or void, or expired.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from .._numbers import CONTEXT, ZERO, Exact, Rounding, add, text
from ..errors import LedgerError
from ..money import Currency, Money
from ._codec import Part, Returning
from ._entries import Committed, Drawn, Entry, Returned
from ._fields import brief
from ._holdings import EXPIRED, LEFT, REFUNDED, ROLLED_OUT, VOIDED, Column, Holding

if TYPE_CHECKING:
    from ._books import Books

__all__ = ["Due", "Segments", "chose", "dues", "fate", "from_payers", "returned", "standing"]


class Due(NamedTuple):
    """
    Money that is owed back: what the credits cost, exact; round it where it is paid out.

    Attributes:
        amount: how much, exact: of 3 credits that cost 10 each is 10/3.
        currency: of what.

    >>> from ratecard.credits import Grant, Ledger
    >>> at, pack = "2025-01-01T00:00:00Z", Grant(id="pack", amount="3", currency="USD", cost="10")
    >>> _, back = Ledger().grant(pack, at=at).refund("pack", Money("1", "USD"), at=at, id="note-1")
    >>> back.due[0].amount, back.due[0].money()
    (Ratio('10/3'), Money('3.33', 'USD'))
    >>> back.due[0].money(mode="up")
    Money('3.34', 'USD')
    """

    amount: Exact
    currency: Currency

    def money(self, *, mode: Rounding = "half_up") -> Money:
        """The amount, rounded to the minor unit of its currency by a named rule."""
        return Money.rounded(self.amount, self.currency, mode=mode)


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
    if not spent and (ended or holding.amounts[EXPIRED] or holding.amounts[ROLLED_OUT]):
        # Ended already, though this is told of an instant before: so it would have ended with the lot.
        return EXPIRED
    return REFUNDED if holding.lot.paid else VOIDED


class Segments(NamedTuple):
    """
    What a draw is made of, or a part of one: nobody paid, overdrawn, and the lots in the order of burning.

    To take an end costs by the length of that end, so many returns of one draw cost no more each than few.

    Attributes:
        amount: all of it.
    """

    uncovered: Decimal
    overdrawn: Decimal
    parts: tuple[Part, ...]
    amount: Decimal

    @classmethod
    def of(cls, entry: Drawn | Committed) -> Segments:
        """All of a draw."""
        parts = (*entry.held, *entry.parts) if isinstance(entry, Committed) else entry.parts
        return cls(entry.uncovered, entry.overdrawn, parts, entry.amount)

    def end(self, amount: Decimal, chosen: tuple[Part, ...] = ()) -> Segments:
        """What an amount takes back: from the end, or of chosen lots and the rest of what no lot paid."""
        wanted = _by_lot(chosen)
        picked = _sum(chosen)
        rest = CONTEXT.subtract(amount, picked)
        uncovered = max(ZERO, min(self.uncovered, rest))
        rest = CONTEXT.subtract(rest, uncovered)
        overdrawn = max(ZERO, min(self.overdrawn, rest))
        left = picked if chosen else CONTEXT.subtract(rest, overdrawn)
        taken: list[Part] = []
        for lot, part in reversed(self.parts):
            if not left:
                break
            some = min(part, wanted.get(lot, ZERO) if chosen else left)
            if some:
                taken.append((lot, some))
                left = CONTEXT.subtract(left, some)
                wanted[lot] = CONTEXT.subtract(wanted.get(lot, ZERO), some)
        found = CONTEXT.add(CONTEXT.add(uncovered, overdrawn), _sum(taken))
        return Segments(uncovered, overdrawn, tuple(taken), found)

    def less(self, taken: Segments) -> Segments:
        """What is left when the end, or chosen lots, were taken back."""
        gone = _by_lot(taken.parts)
        left = _sum(taken.parts)
        rest: list[Part] = []
        place = len(self.parts)
        while left:
            place -= 1
            lot, part = self.parts[place]
            some = min(part, gone.get(lot, ZERO))
            if some:
                gone[lot] = CONTEXT.subtract(gone[lot], some)
                left = CONTEXT.subtract(left, some)
            if some != part:
                rest.append((lot, CONTEXT.subtract(part, some)))
        return Segments(
            CONTEXT.subtract(self.uncovered, taken.uncovered), CONTEXT.subtract(self.overdrawn, taken.overdrawn),
            (*self.parts[:place], *reversed(rest)), CONTEXT.subtract(self.amount, taken.amount),
        )  # fmt: skip


def _by_lot(parts: Iterable[Part]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for lot, part in parts:
        found[lot] = CONTEXT.add(found.get(lot, ZERO), part)
    return found


def _sum(parts: Iterable[Part]) -> Decimal:
    found = ZERO
    for _, part in parts:
        found = CONTEXT.add(found, part)
    return found


def returned(
    books: Books, draw_id: str, amount: Decimal, at: datetime, id: str, chosen: tuple[Part, ...] = ()
) -> Returned:
    """
    The entry that takes back an amount of a draw; from its end, or of chosen lots.

    Raises:
        LedgerError: `ledger.draw` for what is no draw, `ledger.returned` for more than is left of it.
    """
    known = books.seen(draw_id)
    if known is None or not isinstance(known.entry, Drawn | Committed):
        raise LedgerError(f"{brief(draw_id)} is no draw of this ledger; name one that is", code="ledger.draw")
    entry = known.entry
    held = known.standing()
    if not ZERO < amount <= held.amount:
        raise LedgerError(
            f"of draw {brief(draw_id)} {text(held.amount)} can return, not {text(amount)}; return above 0, up to that",
            code="ledger.returned",
        )
    taken = held.end(amount, chosen)
    if taken.amount != amount or any(part <= ZERO for _, part in chosen):
        raise LedgerError(
            f"draw {brief(draw_id)} did not take as much from the lots that are chosen; look at what stands of it",
            code="ledger.returned",
        )
    last_first = taken == held.end(amount)
    debt = books.owing(entry.unit).of(entry.use)
    owed = min(taken.overdrawn, debt.owed)
    payers = debt.payers(CONTEXT.subtract(taken.overdrawn, owed))
    freed: tuple[Returning, ...] = tuple(
        (lot, part, fate(books.holding(lot), at, spent=True)) for lot, part in (*payers, *taken.parts)
    )
    return Returned(
        id, at, draw_id=draw_id, unit=entry.unit, amount=amount, use=entry.use, freed=freed, overdrawn=owed,
        uncovered=taken.uncovered, parts=() if last_first else taken.parts,
    )  # fmt: skip


def chose(entry: Returned, chosen: tuple[Part, ...]) -> bool:
    """Whether an entry is what comes of choosing these lots, or none."""
    if entry.parts or not chosen:
        return _by_lot(entry.parts) == _by_lot(chosen)
    # They were the last drawn. What such lots gave back stands behind what had paid an overdraft.
    found: list[Part] = []
    rest = _sum(chosen)
    for lot, part, _ in reversed(entry.freed):
        if rest > ZERO:
            found.append((lot, part))
            rest = CONTEXT.subtract(rest, part)
    return _by_lot(found) == _by_lot(chosen)


def standing(books: Books, draw_id: str) -> Drawn | None:
    """A draw as it stands now, without what came back of it; None where there is none by that id."""
    known = books.seen(draw_id)
    if known is None or not isinstance(known.entry, Drawn):
        return None
    entry, held = known.entry, known.standing()
    return Drawn(
        entry.id, entry.at, lot_at=entry.lot_at, unit=entry.unit, amount=held.amount, use=entry.use, parts=held.parts,
        overdrawn=held.overdrawn, uncovered=held.uncovered,
    )  # fmt: skip


def from_payers(held: Segments, back: Returned) -> Decimal:
    """How much of a return comes from lots that had paid the overdraft back, and not off the overdraft itself."""
    return CONTEXT.subtract(held.end(back.amount, back.parts).overdrawn, back.overdrawn)


def dues(books: Books, entry: Entry) -> tuple[Due, ...]:
    """The money that an entry makes due, by currency, in the order of its lots."""
    found: dict[Currency, Exact] = {}
    for lot_id, _, target, amount in entry.moves():
        lot = books.holding(lot_id).lot
        if target == REFUNDED and lot.cost_currency is not None:
            found[lot.cost_currency] = add(found.get(lot.cost_currency, ZERO), lot.cost(amount))
    return tuple(Due(amount, currency) for currency, amount in found.items())
