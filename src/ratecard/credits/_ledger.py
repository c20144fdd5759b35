"""
The ledger: a value. Every act gives a new one and leaves the old one as it was, at a cost that does not grow with the
length of the history; a live host opens a working copy instead, which changes in place.

There is no clock, no storage and no lock here. A host that shares a ledger between workers stores it with its `version`
and swaps it only if that is unchanged; what lost the race is done again on the newer ledger.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from .._model import check_depth
from .._problems import problems
from ..errors import LedgerError
from ..money import Currency, Money
from ..periods import Period, instant
from ._books import Books, State
from ._checks import reservation, same_unit
from ._codec import Part
from ._entries import Entry, Reserved, entry_from_json
from ._grants import Grant, Use
from ._history import balance, points
from ._holdings import Holding
from ._policy import Overage, Policy
from ._queue import lot_of
from ._results import Draw, Return
from ._returns import Due, dues, standing
from ._revenue import Revenue, revenue_of
from ._undone import undo
from ._working import ANYTHING, Acts

__all__ = ["Ledger", "OpenLedger"]

FORM = 1
R = TypeVar("R")


class _Readings(ABC):
    """What can be asked of a ledger, closed or open."""

    __slots__ = ()

    @abstractmethod
    def _view(self) -> Books: ...

    def balance(self, unit: str, at: datetime | str, *, use: Use | None = None) -> Money:
        """
        What can be drawn at an instant, less what is owed: lots inside their time, less what entries up to then took.

        Args:
            unit: the currency, or the unit of one's own that lots here are counted in.
            at: any instant, past or to come.
            use: only what can be drawn for this; None is every lot.

        Raises:
            MismatchError: `currency.unknown`, `currency.mixed`.
        """
        books = self._view()
        return balance(books, _unit(books, unit), instant(at), use)

    def burn_down(self, unit: str, period: Period, *, use: Use | None = None) -> list[tuple[datetime, Money]]:
        """The balance at the start of a period, and at each instant in it at which it changes."""
        books = self._view()
        return list(points(books, _unit(books, unit), period, use))

    def owed(self, unit: str) -> Money:
        """What is overdrawn."""
        books = self._view()
        return Money.make(books.owed(unit), _unit(books, unit))

    def lot(self, lot_id: str) -> Holding:
        """
        A lot, and where its credits are.

        Raises:
            LedgerError: `ledger.lot`.
        """
        return self._view().holding(lot_id)

    def lots(self) -> list[Holding]:
        """Every lot, in the order of granting."""
        return sorted((each for _, each in self._view().lots.items()), key=_number)

    def live(self, unit: str, use: Use | None = None) -> list[Holding]:
        """The lots with something left, in the order in which they burn, whatever the time."""
        books = self._view()
        if use is not None:
            return [books.holding(lot_of(place)) for place in books.candidates(unit, use)]
        places = sorted(place for pool in books.pools_of(unit) for place in pool.queue)
        return [books.holding(lot_of(place)) for place in places]

    def pays(self, unit: str, at: datetime | str, use: Use = ANYTHING) -> bool:
        """Whether any lot with something left pays for a use at an instant."""
        return self._view().pays(unit, use, instant(at))

    def entry(self, id: str) -> Entry | None:
        """The entry with an id; None where there is none, or it is older than ids are remembered."""
        known = self._view().seen(id)
        return None if known is None else known.entry

    def standing(self, draw_id: str) -> Draw | None:
        """
        A draw as it stands now, without what came back of it.

        Returns:
            None where there is no draw by that id, or it is older than ids are remembered.
        """
        found = standing(self._view(), draw_id)
        return None if found is None else Draw(found)

    def entries(self, since: int = 0) -> list[Entry]:
        """
        The entries in the order of posting.

        Args:
            since: a version; only what was posted after it.
        """
        return self._view().entries()[since:]

    def reserved(self, reservation_id: str) -> Reserved:
        """
        An open reservation.

        Raises:
            LedgerError: `ledger.reservation`.
        """
        return reservation(self._view(), reservation_id)

    def due(self, entry: Entry) -> tuple[Due, ...]:
        """The money that an entry of this ledger makes due: the cost of what was paid for and taken back."""
        return dues(self._view(), entry)

    def revenue(self, period: Period) -> Revenue:
        """
        What credits that were paid for earned in a period, what broke, and what is still deferred, lot by lot.

        Entries count by their own instants.
        """
        return revenue_of(self._view(), period)


class OpenLedger(Acts, _Readings):
    """
    A working copy of a ledger, for a live host: the acts and questions of a `Ledger`, in place.

    An act that is refused changes nothing. Not for two threads at once: the host locks.
    """

    __slots__ = ()

    def _view(self) -> Books:
        return self._books

    def without(self, draw_ids: Iterable[str], more: Iterable[Part] = ()) -> OpenLedger:
        """
        A copy as if some draws had never been made, to work out afresh what they should be.

        What they took is there again in its lot, also where the lot has ended since. No entries tell so; what follows
        from it is to be posted to the ledger itself.

        Args:
            draw_ids: the draws.
            more: lots that have more than they have, and how much.
        """
        found = OpenLedger(self._books.state())
        undo(found._books, draw_ids, more)
        return found

    def ledger(self) -> Ledger:
        """What it is now, as a value; the copy can go on."""
        return Ledger.of(self._books.state())


class Ledger(_Readings):
    """
    Credits: lots that are granted, drawn, reserved, rolled over, expired, taken back. Immutable.

    For every lot, at any time: what it began with = left + reserved + spent + expired + voided + rolled out + refunded,
    none of them below 0.

    Args:
        policy: the order of burning and what else is decided; the default burns the soonest expiry first and leaves
            uncovered what no lot covers.

    >>> ledger = Ledger().grant(Grant(id="trial", amount="30", currency="USD", expiry="2025-01-15"), at=_NEW_YEAR)
    >>> ledger = ledger.grant(Grant(id="pack", amount="100", currency="USD", cost="85"), at=_NEW_YEAR)
    >>> ledger, draw = ledger.draw(Money("45", "USD"), at="2025-01-05T12:00:00Z", id="call-1")
    >>> draw.parts, ledger.balance("USD", "2025-01-05T12:00:00Z")
    ((('trial', Decimal('30')), ('pack', Decimal('15'))), Money('85.00', 'USD'))
    """

    __slots__ = ("_state",)

    _state: State

    def __init__(self, policy: Policy | None = None) -> None:
        self._state = State(Policy() if policy is None else policy)

    @classmethod
    def of(cls, state: State) -> Ledger:
        """The ledger of a state that is known to be sound."""
        found = cls.__new__(cls)
        found._state = state
        return found

    @classmethod
    def from_entries(cls, entries: Iterable[Entry], *, policy: Policy | None = None) -> Ledger:
        """
        The ledger that entries make, in the order in which they were posted: the same as was built step by step.

        Raises:
            LedgerError: where an entry does not fit those before it.
        """
        return cls(policy).post(entries)

    @property
    def policy(self) -> Policy:
        """How it decides."""
        return self._state.policy

    @property
    def version(self) -> int:
        """How many entries were ever posted: compare and swap by it."""
        return self._state.version

    def _view(self) -> Books:
        return Books(self._state)

    def open(self) -> OpenLedger:
        """A working copy, which changes in place."""
        return OpenLedger(self._state)

    def _after(self, act: Callable[[OpenLedger], R]) -> tuple[Ledger, R]:
        work = self.open()
        found = act(work)
        return (self if work.version == self.version else work.ledger()), found

    def post(self, entries: Iterable[Entry]) -> Ledger:
        """
        With entries taken in, all or none; those that are there already change nothing.

        Raises:
            LedgerError: `ledger.conflict` for an id with other content, or what does not fit the history.
        """
        return self._after(lambda work: work.post(entries))[0]

    def grant(
        self,
        grant: Grant,
        *,
        at: datetime | str,
        id: str | None = None,
        currency: Currency | None = None,
        zone: str = "UTC",
    ) -> Ledger:
        """As `OpenLedger.grant`."""
        return self._after(lambda work: work.grant(grant, at=at, id=id, currency=currency, zone=zone))[0]

    def draw(
        self,
        money: Money,
        *,
        at: datetime | str,
        id: str,
        use: Use = ANYTHING,
        settled: datetime | str | None = None,
        overage: Overage | None = None,
    ) -> tuple[Ledger, Draw]:
        """As `OpenLedger.draw`."""
        return self._after(lambda work: work.draw(money, at=at, id=id, use=use, settled=settled, overage=overage))

    def undraw(
        self, draw_id: str, money: Money, *, at: datetime | str, id: str, parts: Sequence[Part] = ()
    ) -> tuple[Ledger, Return]:
        """As `OpenLedger.undraw`."""
        return self._after(lambda work: work.undraw(draw_id, money, at=at, id=id, parts=parts))

    def reserve(
        self,
        money: Money,
        *,
        at: datetime | str,
        id: str,
        use: Use = ANYTHING,
        settled: datetime | str | None = None,
        overage: Overage | None = None,
    ) -> tuple[Ledger, Draw]:
        """As `OpenLedger.reserve`."""
        return self._after(lambda work: work.reserve(money, at=at, id=id, use=use, settled=settled, overage=overage))

    def commit(
        self, reservation_id: str, money: Money, *, at: datetime | str, id: str | None = None,
        overage: Overage | None = None,
    ) -> tuple[Ledger, Draw]:  # fmt: skip
        """As `OpenLedger.commit`."""
        return self._after(lambda work: work.commit(reservation_id, money, at=at, id=id, overage=overage))

    def release(self, reservation_id: str, *, at: datetime | str, id: str | None = None) -> Ledger:
        """As `OpenLedger.release`."""
        return self._after(lambda work: work.release(reservation_id, at=at, id=id))[0]

    def expire(self, at: datetime | str) -> Ledger:
        """As `OpenLedger.expire`."""
        return self._after(lambda work: work.expire(at))[0]

    def roll(self, at: datetime | str, *, unit: str | None = None) -> Ledger:
        """As `OpenLedger.roll`."""
        return self._after(lambda work: work.roll(at, unit=unit))[0]

    def void(self, lot_id: str, money: Money | None = None, *, at: datetime | str, id: str) -> Ledger:
        """As `OpenLedger.void`."""
        return self._after(lambda work: work.void(lot_id, money, at=at, id=id))[0]

    def refund(self, lot_id: str, money: Money | None = None, *, at: datetime | str, id: str) -> tuple[Ledger, Return]:
        """As `OpenLedger.refund`."""
        return self._after(lambda work: work.refund(lot_id, money, at=at, id=id))

    def to_json(self) -> dict[str, object]:
        """Plain data: the policy, and every entry in the order of posting."""
        policy = self.policy.model_dump(mode="json")
        return {"ledger": FORM, "policy": policy, "entries": [each.to_json() for each in self.entries()]}

    @classmethod
    def from_json(cls, value: object) -> Ledger:
        """
        Read what `to_json` wrote, by posting its entries again.

        Raises:
            LedgerError: `ledger.form`, `ledger.entry`, or where an entry does not fit those before it.
        """
        told: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        entries = told.get("entries")
        if told.get("ledger") != FORM or told.get("ledger") is True or not isinstance(entries, list | tuple):
            raise LedgerError(f"this is no ledger of form {FORM}; give what to_json wrote", code="ledger.form")
        try:
            check_depth(told.get("policy", {}))
            policy = Policy.model_validate(told.get("policy", {}))
        except ValidationError as error:
            first = problems(error)[0]
            raise LedgerError(first.text, code=first.code, path=f"policy.{first.path}") from None
        return cls.from_entries((entry_from_json(each) for each in entries), policy=policy)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ledger):
            return NotImplemented
        return (self.version, self.policy) == (other.version, other.policy) and self.entries() == other.entries()

    def __hash__(self) -> int:
        return hash((self.version, self.policy))

    def __repr__(self) -> str:
        units = ", ".join(self._state.units) or "no lots"
        return f"<Ledger of {units}, version {self.version}>"

    def __reduce__(self) -> tuple[object, ...]:
        # By way of its plain form: a pickle that was damaged does not load.
        return (Ledger.from_json, (self.to_json(),))


def _number(holding: Holding) -> int:
    return holding.number


def _unit(books: Books, unit: str) -> Currency:
    """The unit by that name, as it is counted in these books."""
    known = books.units.get(unit)
    if known is None:
        return Currency.of(unit)
    if isinstance(unit, Currency):
        same_unit(known, unit)
    return known


_NEW_YEAR = "2025-01-01T00:00:00Z"
