"""
The state of a ledger, and the one door by which it changes: `Books.apply`, which takes an entry whole or refuses it.

An entry says what happened; here it is held against the lots. A lot never gives more than is in it, nor outside its
time and scope. What comes back goes where its lot's state says. The amounts of an entry add up. Who chooses the lots
stands in `_choice`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from heapq import merge
from typing import Any, Final, NamedTuple

from .._model import show_day
from .._numbers import CONTEXT, ZERO, text
from ..errors import LedgerError, MismatchError
from ..money import Currency
from ._debts import Debt, debt_of, owed_in, with_debt
from ._entries import (
    Committed,
    Drawn,
    Entry,
    Expired,
    Granted,
    Part,
    Refunded,
    Released,
    Repaid,
    Reserved,
    Returned,
    RolledOver,
)
from ._grants import Scope, Use
from ._lots import LEFT, Holding, Lot, Queue, Rank, micros, opened, rank
from ._map import Draft, Map
from ._policy import Policy
from ._returns import fate, returned

__all__ = ["Books", "Log", "Pool", "Seen", "State"]

_DAY: Final = 86_400_000_000


class Log:
    """The entries of one posting, and the log before them: a new end never copies what it ends."""

    __slots__ = ("entries", "parent")

    def __init__(self, parent: Log | None, entries: tuple[Entry, ...]) -> None:
        self.parent = parent
        self.entries = entries


class Seen(NamedTuple):
    """An entry by its id, and how much of it came back."""

    entry: Entry
    returned: Decimal


class Pool(NamedTuple):
    """The live lots of one unit and scope."""

    scope: Scope
    queue: Queue


class State(NamedTuple):
    """All that a ledger is, as a value."""

    policy: Policy
    lots: Map[Holding] = Map()
    recent: Map[Seen] = Map()
    older: Map[Seen] = Map()
    epoch: int | None = None
    holds: Map[Reserved] = Map()
    pools: Mapping[str, tuple[Pool, ...]] = {}
    ends: Queue = Queue()
    debts: Mapping[str, tuple[Debt, ...]] = {}
    units: Mapping[str, Currency] = {}
    log: Log | None = None
    version: int = 0
    latest: datetime | None = None


class Books:
    """A state being worked on. It changes in place; `state` gives it as a value at any time."""

    __slots__ = (
        "debts", "ends", "epoch", "fresh", "holds", "latest", "log", "lots", "older", "policy", "pools", "recent",
        "units", "version",
    )  # fmt: skip

    def __init__(self, state: State) -> None:
        self.policy = state.policy
        self.lots = Draft(state.lots)
        self.recent = Draft(state.recent)
        self.older = Draft(state.older)
        self.epoch = state.epoch
        self.holds = Draft(state.holds)
        self.pools = state.pools
        self.ends = state.ends
        self.debts = state.debts
        self.units = state.units
        self.log = state.log
        self.version = state.version
        self.latest = state.latest
        self.fresh: list[Entry] = []

    def state(self) -> State:
        """What it is now, as a value."""
        if self.fresh:
            self.log = Log(self.log, tuple(self.fresh))
            self.fresh = []
        return State(
            self.policy, self.lots.map(), self.recent.map(), self.older.map(), self.epoch, self.holds.map(), self.pools,
            self.ends, self.debts, self.units, self.log, self.version, self.latest,
        )  # fmt: skip

    def seen(self, id: str) -> Seen | None:
        """The entry with an id, if it is remembered."""
        return self.recent.get(id) or self.older.get(id)

    def holding(self, lot_id: str) -> Holding:
        """
        A lot and where its credits are.

        Raises:
            LedgerError: `ledger.lot`.
        """
        found = self.lots.get(lot_id)
        if found is None:
            raise LedgerError(
                f"there is no lot {lot_id[:40]!r} in this ledger; grant it before it is used", code="ledger.lot"
            )
        return found

    def apply(self, entry: Entry) -> bool:
        """
        Take in one entry, whole or not at all.

        Returns:
            False where it is there already.

        Raises:
            LedgerError: `ledger.conflict` for an id with other content, or what does not fit the history.
        """
        known = self.seen(entry.id)
        if known is not None:
            if known.entry == entry:
                return False
            raise conflict(entry.id)
        self._fits_horizon(entry)
        changes: dict[str, Holding] = {}
        check = _CHECKS.get(type(entry))
        if check is not None:
            check(self, entry)
        for lot_id, source, target, amount in entry.moves():
            holding = changes.get(lot_id) or self.holding(lot_id)
            changes[lot_id] = holding.moved(source, target, amount)
        if getattr(entry, "closes", False) or type(entry) is RolledOver:
            changes = {lot_id: each.shut() for lot_id, each in changes.items()}
        lot = entry.opens()
        if lot is not None:
            self._fits_lot(lot)
            changes[lot.id] = opened(lot, len(self.units) and self._count(), rank(lot, self.policy.burn))
        self._commit(entry, changes)
        return True

    def _count(self) -> int:
        return self.version

    def _commit(self, entry: Entry, changes: dict[str, Holding]) -> None:
        """From here on nothing can fail."""
        for lot_id, holding in changes.items():
            was = self.lots.get(lot_id)
            if was is None:
                self._place(holding)
            elif was.live != holding.live:
                self._requeue(holding)
            self.lots.put(lot_id, holding)
        self._owe(entry)
        if type(entry) is Reserved:
            self.holds.put(entry.id, entry)
        elif isinstance(entry, Committed | Released):
            self.holds.drop(entry.reservation_id)
        elif type(entry) is Returned:
            self._give_back(entry)
        self._remember(entry)
        self.fresh.append(entry)
        self.version += 1
        if self.latest is None or entry.at > self.latest:
            self.latest = entry.at

    def _place(self, holding: Holding) -> None:
        """A lot comes in."""
        lot = holding.lot
        if lot.unit not in self.units:
            self.units = {**self.units, str(lot.unit): lot.unit}
        pools = self.pools.get(lot.unit, ())
        if all(pool.scope != lot.scope for pool in pools):
            self.pools = {**self.pools, str(lot.unit): (*pools, Pool(lot.scope, Queue()))}
        self._requeue(holding)

    def _requeue(self, holding: Holding) -> None:
        """A lot is live now and was not, or the other way round."""
        lot = holding.lot
        live, place = holding.live, holding.rank
        self.pools = {
            **self.pools,
            str(lot.unit): tuple(
                Pool(scope, queue.added(place) if live else queue.removed(place)) if scope == lot.scope else pool
                for pool in self.pools[lot.unit]
                for scope, queue in (pool,)
            ),
        }
        if lot.expiry is not None:
            end = (micros(lot.expiry), lot.id)
            self.ends = self.ends.added(end) if live else self.ends.removed(end)

    def candidates(self, unit: str, use: Use) -> Iterator[Rank]:
        """The ranks of the live lots whose scope covers a use, in the order of burning."""
        queues = [pool.queue for pool in self.pools.get(unit, ()) if pool.scope.covers(use)]
        return iter(queues[0]) if len(queues) == 1 else merge(*queues)

    def owed(self, unit: str) -> Decimal:
        """What is overdrawn in a unit."""
        return owed_in(self.debts.get(unit, ()))

    def _owe(self, entry: Entry) -> None:
        """The overdraft after an entry."""
        if isinstance(entry, Drawn | Committed | Repaid | Returned) and (entry.debt() or type(entry) is Returned):
            held = debt_of(self.debts.get(entry.unit, ()), entry.use)
            if type(entry) is Repaid:
                held = held.paid_by(entry.lot_id, entry.amount)
            elif type(entry) is Returned:
                held = held.taken_back(entry.overdrawn, _from_payers(self, entry))
            else:
                held = held.more(entry.debt())
            self.debts = {**self.debts, str(entry.unit): with_debt(self.debts.get(entry.unit, ()), held)}

    def _give_back(self, entry: Returned) -> None:
        known = self.seen(entry.draw_id)
        assert known is not None
        held = self.recent if self.recent.get(entry.draw_id) else self.older
        held.put(entry.draw_id, known._replace(returned=CONTEXT.add(known.returned, entry.amount)))

    def _epoch(self, at: datetime) -> int:
        days = self.policy.horizon_days
        return 0 if days is None else micros(at) // (days * _DAY)

    def _fits_horizon(self, entry: Entry) -> None:
        if self.epoch is not None and self._epoch(entry.at) < self.epoch - 1:
            raise LedgerError(
                f"{entry.id[:40]!r} is of {show_day(entry.at)}, and ids are remembered for {self.policy.horizon_days} "
                "days; book it at a later instant, or keep ids for longer",
                code="ledger.horizon",
            )

    def _remember(self, entry: Entry) -> None:
        """By halves: what is older than the half before the newest is forgotten at once."""
        epoch = self._epoch(entry.at)
        if self.epoch is None:
            self.epoch = epoch
        if epoch > self.epoch:
            self.older = self.recent if epoch == self.epoch + 1 else Draft(Map())
            self.recent = Draft(Map())
            self.epoch = epoch
        held = self.recent if epoch == self.epoch else self.older
        held.put(entry.id, Seen(entry, ZERO))

    def _fits_lot(self, lot: Lot) -> None:
        """A lot that comes in is a new one, of a unit as it is counted here."""
        if self.lots.get(lot.id) is not None:
            raise LedgerError(
                f"there is a lot {lot.id[:40]!r} already; give each grant an id of its own", code="ledger.lot"
            )
        same_unit(self.units.get(lot.unit), lot.unit)


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
        f"the id {id[:40]!r} is in the ledger with other content; give what is new an id of its own",
        code="ledger.conflict",
    )


def refused(entry: Entry, words: str, code: str) -> LedgerError:
    """The refusal of an entry that does not fit the history."""
    return LedgerError(f"entry {entry.id[:40]!r} {words}; look at the ledger again before you post", code=code)


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
            raise refused(entry, f"takes nothing from lot {lot_id[:40]!r}", "ledger.amount")
        if lot.unit != unit or not lot.scope.covers(use):
            raise refused(entry, f"draws on lot {lot_id[:40]!r}, which does not pay for {use}", "ledger.scope")
        if not lot.alive(at):
            raise refused(entry, f"draws on lot {lot_id[:40]!r} outside its time, at {show_day(at)}", "ledger.window")


def _check_granted(books: Books, entry: Granted) -> None:
    if entry.lot.amount <= ZERO or entry.lot.rolled:
        raise refused(entry, "grants nothing, or what rolled over", "ledger.amount")


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
        raise LedgerError(f"there is no open reservation {id[:40]!r}; reserve first", code="ledger.reservation")
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
            raise refused(entry, f"gives lot {lot_id[:40]!r} back what it cannot take", "ledger.window")


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
    if entry != returned(books, entry.draw_id, entry.amount, entry.at, entry.id):
        raise refused(entry, "does not return to the lots drawn, the last first", "ledger.window")


def _from_payers(books: Books, entry: Returned) -> Decimal:
    """How much of a return comes out of what lots had paid back: what is freed beyond the parts of the draw itself."""
    known = books.seen(entry.draw_id)
    assert known is not None
    return from_payers(known.entry, known.returned, entry.amount, entry.overdrawn)


def _whole(books: Books, entry: Expired | RolledOver, amount: Decimal) -> Lot:
    holding = books.holding(entry.lot_id)
    if holding.lot.expiry is None or holding.lot.expiry > entry.at:
        raise refused(entry, f"ends lot {entry.lot_id[:40]!r} before its expiry", "ledger.window")
    if amount != holding.amounts[LEFT]:
        raise refused(entry, f"does not end lot {entry.lot_id[:40]!r} to the last part", "ledger.sum")
    return holding.lot


def _check_expired(books: Books, entry: Expired) -> None:
    _whole(books, entry, entry.amount)


def _check_rolled(books: Books, entry: RolledOver) -> None:
    lot = _whole(books, entry, CONTEXT.add(entry.amount, entry.lost))
    into = entry.lot
    same = (into.unit, into.amount, into.key, into.root, into.rolled, into.basis, into.paid, into.scope)
    if same != (lot.unit, entry.amount, lot.key, lot.root, lot.rolled + 1, lot.basis, lot.paid, lot.scope):
        raise refused(entry, "rolls into a lot of other credits", "ledger.sum")


def _check_refunded(books: Books, entry: Refunded) -> None:
    if not books.holding(entry.lot_id).lot.paid:
        raise LedgerError(
            f"lot {entry.lot_id[:40]!r} was not paid for, so there is nothing to refund; void it instead",
            code="ledger.promotional",
        )


def _check_repaid(books: Books, entry: Repaid) -> None:
    lot = books.holding(entry.lot_id).lot
    _pays(books, entry, entry.unit, entry.use, ((entry.lot_id, entry.amount),), max(entry.at, lot.effective))
    if debt_of(books.debts.get(entry.unit, ()), entry.use).owed < entry.amount:
        raise refused(entry, "pays back more than was overdrawn", "ledger.overspent")


_CHECKS: Final[dict[type[Entry], Callable[[Books, Any], None]]] = {
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
