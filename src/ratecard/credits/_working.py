"""
The acts of a ledger, on a working copy that changes in place. `Ledger` offers the same acts as a value.

An act makes one entry, or a few, and posts them. It is idempotent by its id: asked a second time it answers as it did
the first time; the same id for something else is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from .._kinds import expect
from .._numbers import CONTEXT, ZERO
from ..errors import LedgerError
from ..money import Currency, Money
from ..periods import instant
from ._books import Books, State
from ._checks import conflict, reservation, same_unit
from ._choice import choose, ending, repayments, rest_of
from ._codec import Part, Returning
from ._entries import (
    Committed,
    Drawn,
    Entry,
    Granted,
    Refunded,
    Released,
    Reserved,
    Returned,
    Voided,
)
from ._fields import brief, entry_id, read_id, sound_amount
from ._grants import Grant, Use
from ._lots import Lot, micros
from ._policy import Overage
from ._queue import Queue
from ._results import Draw, Return
from ._returns import chose, dues, fate, returned

__all__ = ["ANYTHING", "Acts"]

E = TypeVar("E", bound=Entry)
ANYTHING = Use()
_START = (-(10**30), "")
_AMOUNT = 'write Money("5", "USD"), or in the unit of the lots'


class Acts:
    """A ledger being worked on: every act of a ledger, in place."""

    __slots__ = ("_books",)

    def __init__(self, state: State) -> None:
        self._books = Books(state)

    @property
    def version(self) -> int:
        """How many entries were ever posted."""
        return self._books.version

    def post(self, entries: Iterable[Entry]) -> int:
        """
        Take in entries, such as those of a statement; those that are there already change nothing.

        Returns:
            How many were new.

        Raises:
            LedgerError: at the first that does not fit; those before it stay.
        """
        return sum(self._books.apply(entry) for entry in entries)

    def grant(
        self,
        grant: Grant,
        *,
        at: datetime | str,
        id: str | None = None,
        currency: Currency | None = None,
        zone: str = "UTC",
    ) -> None:
        """
        Add a lot, and let it pay back what is overdrawn.

        Args:
            grant: what is granted; `Recurring.grants` gives those of a period.
            at: when.
            id: of the entry; None is the id of the grant.
            currency: the unit of a grant that names none.
            zone: where its bare dates are midnights.

        Raises:
            LedgerError: `ledger.conflict`, `ledger.lot`, `ledger.fine`, `grant.currency`.
        """
        at = instant(at)
        lot = Lot.of(grant, at, currency=currency, zone=zone)
        entry = Granted(grant.id if id is None else read_id(id), at, lot)
        if self._books.apply(entry):
            self._repay(lot.unit, at, entry.id)

    def draw(
        self,
        money: Money,
        *,
        at: datetime | str,
        id: str,
        use: Use = ANYTHING,
        settled: datetime | str | None = None,
        overage: Overage | None = None,
    ) -> Draw:
        """
        Spend credits: lots that may pay, in the order of burning.

        Args:
            money: how much, in the currency or unit of the lots.
            at: the instant of the service.
            id: of this draw.
            use: what for; lots with a scope pay only for what they cover.
            settled: the instant of settling, which counts under `lot_time="settlement"`; None is `at`.
            overage: what happens to what no lot covers; None is the policy's.

        Raises:
            LedgerError: `ledger.conflict`, `ledger.amount`, `ledger.fine`.
        """
        unit, amount, at, lot_at = self._asked(money, at, settled)
        expect(use, Use, "what credits are used for", "write Use with the key of an item, or leave it out")
        known = self._known(id, Drawn)
        if known is not None:
            if (known.unit, known.amount, known.at, known.lot_at, known.use) != (unit, amount, at, lot_at, use):
                raise conflict(id)
            return Draw(known)
        self._repay(unit, lot_at, id)
        parts, rest = choose(self._books, unit, amount, use, lot_at)
        over = rest_of(self._books, unit, rest, self._books.policy.overage if overage is None else overage)
        if over.refused:
            entry = Drawn(id, at, lot_at=lot_at, unit=unit, amount=amount, use=use, parts=(), uncovered=amount)
            return Draw(entry, refused=True, short=rest)
        entry = Drawn(
            id, at, lot_at=lot_at, unit=unit, amount=amount, use=use, parts=parts, overdrawn=over.overdrawn,
            uncovered=over.uncovered,
        )  # fmt: skip
        self._books.apply(entry)
        return Draw(entry)

    def undraw(self, draw_id: str, money: Money, *, at: datetime | str, id: str, parts: Sequence[Part] = ()) -> Return:
        """
        Take back a draw, or a part of it: first what stayed uncovered, then the overdraft, then the lots, last first.

        What comes back to an expired lot is money due, if it was paid for, and void if not.

        Args:
            draw_id: the draw or commit.
            money: how much comes back.
            at: when; decides which lots have expired.
            id: of this act.
            parts: the lots it comes back to, each once, and how much of each, where it is not the last drawn first;
                what they are less than the money is what no lot paid.

        Raises:
            LedgerError: `ledger.draw`, `ledger.returned`, `ledger.conflict`.
        """
        unit, amount, at, _ = self._asked(money, at, None)
        chosen = tuple((lot, Money(part, unit).amount) for lot, part in parts)
        known = self._known(id, Returned)
        if known is not None:
            same = (known.draw_id, known.unit, known.amount, known.at) == (draw_id, unit, amount, at)
            if not same or not chose(known, chosen):
                raise conflict(id)
            return Return(known, dues(self._books, known))
        entry = returned(self._books, draw_id, amount, at, id, chosen)
        if entry.unit != unit:
            raise LedgerError(
                f"draw {brief(draw_id)} was of {entry.unit}, not {unit}; return what was drawn", code="ledger.draw"
            )
        self._books.apply(entry)
        return Return(entry, dues(self._books, entry))

    def reserve(
        self,
        money: Money,
        *,
        at: datetime | str,
        id: str,
        use: Use = ANYTHING,
        settled: datetime | str | None = None,
        overage: Overage | None = None,
    ) -> Draw:
        """
        Hold credits for work in flight, until `commit` or `release`. What is held can't be drawn by others.

        Nothing is overdrawn by a reservation: where no lot covers it, it is held in part, and refused where a draw of
        as much would be.
        """
        unit, amount, at, lot_at = self._asked(money, at, settled)
        expect(use, Use, "what credits are used for", "write Use with the key of an item, or leave it out")
        known = self._known(id, Reserved)
        if known is not None:
            if (known.unit, known.amount, known.at, known.lot_at, known.use) != (unit, amount, at, lot_at, use):
                raise conflict(id)
            return Draw(known)
        self._repay(unit, lot_at, id)
        parts, rest = choose(self._books, unit, amount, use, lot_at)
        over = rest_of(self._books, unit, rest, self._books.policy.overage if overage is None else overage)
        if over.refused:
            entry = Reserved(id, at, lot_at=lot_at, unit=unit, amount=amount, use=use, parts=(), uncovered=amount)
            return Draw(entry, refused=True, short=rest)
        entry = Reserved(id, at, lot_at=lot_at, unit=unit, amount=amount, use=use, parts=parts, uncovered=rest)
        self._books.apply(entry)
        return Draw(entry)

    def commit(
        self, reservation_id: str, money: Money, *, at: datetime | str, id: str | None = None,
        overage: Overage | None = None,
    ) -> Draw:  # fmt: skip
        """
        End a reservation with what the work cost: less, the same, or more than was held.

        Less frees the rest, the lots that would burn last first. More goes by the policy: `draw` takes the rest from
        the lots, then overdraws as far as it may, and leaves what passes that uncovered, since the work was done;
        `reserved` leaves it uncovered; `refuse` refuses, and the reservation stays.

        Raises:
            LedgerError: `ledger.reservation`, `ledger.conflict`.
        """
        id = entry_id(reservation_id, "commit") if id is None else id
        unit, amount, at, _ = self._asked(money, at, None)
        known = self._known(id, Committed)
        if known is not None:
            if (known.reservation_id, known.unit, known.amount, known.at) != (reservation_id, unit, amount, at):
                raise conflict(id)
            return Draw(known)
        held = reservation(self._books, reservation_id)
        if held.unit != unit:
            raise LedgerError(
                f"{brief(reservation_id)} holds {held.unit}, not {unit}; commit what was reserved", code="ledger.draw"
            )
        spent, freed, rest = self._spend(held, amount, at)
        policy = self._books.policy
        refused = bool(rest) and policy.commit_over == "refuse"
        short = rest if refused else ZERO
        parts: tuple[Part, ...] = ()
        overdrawn = ZERO
        if policy.commit_over == "draw":
            parts, rest = choose(self._books, unit, rest, held.use, at)
            wanted = policy.overage if overage is None else overage
            over = rest_of(self._books, unit, rest, wanted, done=True)
            overdrawn, rest = over.overdrawn, over.uncovered
        entry = Committed(
            id, at, lot_at=at, reservation_id=reservation_id, unit=unit, amount=amount, use=held.use, held=spent,
            freed=freed, parts=parts, overdrawn=overdrawn, uncovered=rest,
        )  # fmt: skip
        if not refused:
            self._books.apply(entry)
        return Draw(entry, refused=refused, short=short)

    def _spend(
        self, held: Reserved, amount: Decimal, at: datetime
    ) -> tuple[tuple[Part, ...], tuple[Returning, ...], Decimal]:
        """What of a reservation an amount spends, what it frees, and what it needs beyond it."""
        spent: list[Part] = []
        freed: list[Returning] = []
        for lot, part in held.parts:
            taken = min(part, amount)
            amount = CONTEXT.subtract(amount, taken)
            if taken:
                spent.append((lot, taken))
            if taken != part:
                target = fate(self._books.holding(lot), at, spent=False)
                freed.append((lot, CONTEXT.subtract(part, taken), target))
        return tuple(spent), tuple(freed), amount

    def release(self, reservation_id: str, *, at: datetime | str, id: str | None = None) -> None:
        """
        End a reservation without cost. What was held goes back to its lots; on a lot that has expired it expires.

        Raises:
            LedgerError: `ledger.reservation`, `ledger.conflict`.
        """
        id = entry_id(reservation_id, "release") if id is None else id
        at = instant(at)
        known = self._known(id, Released)
        if known is not None:
            if (known.reservation_id, known.at) != (reservation_id, at):
                raise conflict(id)
            return
        _, freed, _ = self._spend(reservation(self._books, reservation_id), ZERO, at)
        self._books.apply(Released(id, at, reservation_id, freed))

    def expire(self, at: datetime | str) -> tuple[Entry, ...]:
        """
        End every lot whose expiry is at or before an instant: what may roll over rolls over, the rest expires.

        The entries are dated by the expiry of their lots, so it does not matter how late this is called; but what was
        drawn before has been drawn, so call it when no more usage from before that instant is expected.
        """
        return tuple(self._ended(instant(at), rolling=False))

    def roll(self, at: datetime | str, *, unit: str | None = None) -> tuple[Entry, ...]:
        """As `expire`, for those lots alone that may roll over; of one unit, or of all."""
        return tuple(self._ended(instant(at), rolling=True, unit=unit))

    def _ended(self, at: datetime, *, rolling: bool, unit: str | None = None) -> list[Entry]:
        found: list[Entry] = []
        end = self._ends(rolling).after(_START)
        while end is not None and end[0] <= micros(at):
            holding = self._books.holding(end[1])
            if unit is None or holding.lot.unit == unit:
                entry = ending(self._books, holding)
                self._books.apply(entry)
                found.append(entry)
            end = self._ends(rolling).after(end)
        return found

    def _ends(self, rolling: bool) -> Queue:
        return self._books.rolls if rolling else self._books.ends

    def void(self, lot_id: str, money: Money | None = None, *, at: datetime | str, id: str) -> None:
        """
        Take credits back without pay.

        Args:
            lot_id: from which lot.
            money: how much; None is all that is left, and closes the lot.
            at: when.
            id: of this act.

        Raises:
            LedgerError: `ledger.lot`, `ledger.overspent`, `ledger.conflict`.
        """
        self._take(Voided, lot_id, money, at, id)

    def refund(self, lot_id: str, money: Money | None = None, *, at: datetime | str, id: str) -> Return:
        """
        Take unused credits that were paid for back for money: what they cost.

        Raises:
            LedgerError: `ledger.promotional` where nobody paid for them, or as `void`.
        """
        entry = self._take(Refunded, lot_id, money, at, id)
        return Return(entry, dues(self._books, entry))

    def _take(
        self, kind: type[Voided | Refunded], lot_id: str, money: Money | None, at: datetime | str, id: str
    ) -> Voided | Refunded:
        at = instant(at)
        if money is not None:
            expect(money, Money, "an amount of credits", _AMOUNT)
        holding = self._books.holding(lot_id)
        lot = holding.lot
        known = self._known(id, kind)
        if known is not None:
            wanted = known.amount if money is None else money.amount
            if (known.lot_id, known.at, known.closes, known.amount) != (lot_id, at, money is None, wanted):
                raise conflict(id)
            return known
        amount = holding.left
        if money is not None:
            amount = sound_amount(money)
            if money.currency != lot.unit:
                raise LedgerError(
                    f"lot {brief(lot_id)} is of {lot.unit}, not {money.currency}; say how much of that",
                    code="ledger.draw",
                )
        entry = kind(id, at, lot_id, amount, money is None)
        self._books.apply(entry)
        return entry

    def _asked(
        self, money: Money, at: datetime | str, settled: datetime | str | None
    ) -> tuple[Currency, Decimal, datetime, datetime]:
        """The unit, the amount, the instant, and the instant that must lie inside the time of a lot."""
        expect(money, Money, "an amount of credits", _AMOUNT)
        unit = money.currency
        same_unit(self._books.units.get(unit), unit)
        at = instant(at)
        looked = at if settled is None or self._books.policy.lot_time == "service" else instant(settled)
        return unit, sound_amount(money), at, looked

    def _known(self, id: str, kind: type[E]) -> E | None:
        """The entry that an act made before under this id."""
        known = self._books.seen(read_id(id))
        if known is None:
            return None
        if type(known.entry) is not kind:
            raise conflict(id)
        assert isinstance(known.entry, kind)
        return known.entry

    def _repay(self, unit: Currency, at: datetime, id: str) -> None:
        for entry in repayments(self._books, unit, at, id):
            self._books.apply(entry)
