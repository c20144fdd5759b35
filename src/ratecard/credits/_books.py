"""
The state of a ledger, and the one door by which it changes: `Books.apply`, which takes an entry whole or refuses it.

An entry says what happened; here it is held against the lots. A lot never gives more than is in it, nor outside its
time and scope. What comes back goes where its lot's state says. The amounts of an entry add up. Who chooses the lots
stands in `_choice`, what does not fit in `_checks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from heapq import merge
from typing import Final, NamedTuple

from .._model import show_day
from ..errors import LedgerError
from ..money import Currency
from ._checks import CHECKS, conflict, same_unit
from ._debts import NO_DEBTS, Debts
from ._entries import Committed, Drawn, Entry, Expired, Released, Repaid, Reserved, Returned, RolledOver
from ._fields import brief
from ._grants import Use
from ._holdings import Holding, opened
from ._lots import Lot, micros, rank
from ._map import Draft, Map
from ._policy import Policy
from ._pools import Pool, Pools
from ._queue import Queue, Rank, Spans, lot_of
from ._returns import Segments, from_payers

__all__ = ["Books", "Log", "Seen", "State"]

_DAY: Final = 86_400_000_000
# More lots than these are put aside all at once.
_MANY: Final = 64
_NO_POOLS: Final = Pools()


class Log:
    """The entries of one posting, and the log before them: a new end never copies what it ends."""

    __slots__ = ("entries", "parent")

    def __init__(self, parent: Log | None, entries: tuple[Entry, ...]) -> None:
        self.parent = parent
        self.entries = entries


class Seen(NamedTuple):
    """An entry by its id, and what stands of a draw of which something came back."""

    entry: Entry
    rest: Segments | None = None

    def standing(self) -> Segments:
        """What a draw stands for now."""
        assert isinstance(self.entry, Drawn | Committed)
        return Segments.of(self.entry) if self.rest is None else self.rest


class State(NamedTuple):
    """All that a ledger is, as a value."""

    policy: Policy
    lots: Map[Holding] = Map()
    recent: Map[Seen] = Map()
    older: Map[Seen] = Map()
    epoch: int | None = None
    holds: Map[Reserved] = Map()
    pools: Mapping[str, Pools] = {}
    ends: Queue = Queue()
    rolls: Queue = Queue()
    debts: Mapping[str, Debts] = {}
    units: Mapping[str, Currency] = {}
    log: Log | None = None
    version: int = 0
    latest: datetime | None = None


class Books:
    """A state being worked on. It changes in place; `state` gives it as a value at any time."""

    __slots__ = (
        "debts", "ends", "epoch", "fresh", "holds", "latest", "log", "lots", "older", "policy", "pools", "recent",
        "rolls", "units", "version",
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
        # Of the ends those of lots of which something may roll over.
        self.rolls = state.rolls
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
            self.ends, self.rolls, self.debts, self.units, self.log, self.version, self.latest,
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
                f"there is no lot {brief(lot_id)} in this ledger; grant it before it is used", code="ledger.lot"
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
        check = CHECKS.get(type(entry))
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
            changes[lot.id] = opened(lot, self.version, rank(lot, self.policy.burn))
        self._commit(entry, changes)
        return True

    def _commit(self, entry: Entry, changes: dict[str, Holding]) -> None:
        """From here on nothing can fail."""
        for lot_id, holding in changes.items():
            was = self.lots.get(lot_id)
            if was is None:
                self._place(holding)
                self.lots.put(lot_id, holding)
            else:
                self.put(was, holding)
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

    def put(self, was: Holding, holding: Holding) -> None:
        """A lot as it is from here on."""
        if was.live != holding.live:
            self._requeue(holding)
        self.lots.put(holding.lot.id, holding)

    def _place(self, holding: Holding) -> None:
        """A lot comes in."""
        lot = holding.lot
        if lot.unit not in self.units:
            self.units = {**self.units, str(lot.unit): lot.unit}
        self._requeue(holding)

    def _requeue(self, holding: Holding) -> None:
        """A lot is live now and was not, or the other way round."""
        lot = holding.lot
        live = holding.live
        pools = self.pools_of(lot.unit)
        self.pools = {**self.pools, str(lot.unit): pools.put(pools.of(lot.scope).requeued(holding))}
        if lot.expiry is not None:
            end = (micros(lot.expiry), lot.id)
            self.ends = self.ends.added(end) if live else self.ends.removed(end)
            if lot.rolls:
                self.rolls = self.rolls.added(end) if live else self.rolls.removed(end)

    def pools_of(self, unit: str) -> Pools:
        """The live lots of a unit."""
        return self.pools.get(unit, _NO_POOLS)

    def candidates(self, unit: str, use: Use, at: datetime | None = None) -> Iterator[Rank]:
        """
        The places of the live lots whose scope covers a use, in the order of burning.

        Args:
            unit: of the lots.
            use: what for.
            at: an instant; only lots that may pay then.
        """
        found = self._live(unit, use, at)
        return iter(found[0]) if len(found) == 1 else merge(*found)

    def _live(self, unit: str, use: Use | None, at: datetime | None) -> list[Iterable[Rank]]:
        """The places of live lots by pool; for any use where it is None."""
        pools = list(self.pools_of(unit)) if use is None else self.pools_of(unit).covering(use)
        if at is None:
            return [pool.queue for pool in pools]
        now = micros(at)
        if self.policy.burn[:1] == ("expiry",):
            return [pool.queue.paying(now, (now + 1,)) for pool in pools]
        return [self._going(unit, pool, now).paying(now) for pool in pools]

    def paying(self, unit: str, use: Use | None, at: datetime) -> Iterator[Holding]:
        """The lots that may pay for a use, or for any, at an instant; in no order."""
        for places in self._live(unit, use, at):
            for place in places:
                yield self.holding(lot_of(place))

    def _going(self, unit: str, pool: Pool, mark: int) -> Spans:
        """
        The lots of a pool that are not over at an instant, which is remembered with the pool.

        Draws mostly go by time, so each lot is put aside once, and not passed by every later draw.
        """
        low, high = sorted((pool.mark, mark))
        passed: list[Rank] = []
        for end in self.ends.since((low + 1,)):
            if end[0] > high:
                break
            holding = self.holding(end[1])
            if holding.lot.unit == unit and holding.lot.scope == pool.scope:
                passed.append(holding.rank)
        going = pool.queue if pool.going is None else pool.going
        if len(passed) > _MANY:
            some = set(passed)
            going = Spans.of(
                [each for each in going if each not in some] if mark > pool.mark else sorted([*going, *passed])
            )
        else:
            for place in passed:
                going = going.removed(place) if mark > pool.mark else going.added(place)
        if mark != pool.mark:
            self.pools = {**self.pools, unit: self.pools_of(unit).put(pool._replace(going=going, mark=mark))}
        return going

    def pays(self, unit: str, use: Use, at: datetime) -> bool:
        """Whether any lot with something left pays for a use at an instant."""
        return any(True for _ in self.candidates(unit, use, at))

    def entries(self) -> list[Entry]:
        """All entries that are held, in the order of posting."""
        batches: list[Iterable[Entry]] = [self.fresh]
        log = self.log
        while log is not None:
            batches.append(log.entries)
            log = log.parent
        return [entry for batch in reversed(batches) for entry in batch]

    def owed(self, unit: str) -> Decimal:
        """What is overdrawn in a unit."""
        return self.owing(unit).owed

    def owing(self, unit: str) -> Debts:
        """What is overdrawn in a unit, by use."""
        return self.debts.get(unit, NO_DEBTS)

    def _owe(self, entry: Entry) -> None:
        """The overdraft after an entry."""
        if isinstance(entry, Drawn | Committed | Repaid | Returned) and (entry.debt() or type(entry) is Returned):
            owing = self.owing(entry.unit)
            held = owing.of(entry.use)
            if type(entry) is Repaid:
                held = held.paid_by(entry.lot_id, entry.amount)
            elif type(entry) is Returned:
                held = held.taken_back(entry.overdrawn, self._from_payers(entry))
            else:
                held = held.more(entry.debt())
            self.debts = {**self.debts, str(entry.unit): owing.put(held)}

    def _from_payers(self, entry: Returned) -> Decimal:
        known = self.seen(entry.draw_id)
        assert known is not None
        return from_payers(known.standing(), entry)

    def _give_back(self, entry: Returned) -> None:
        known = self.seen(entry.draw_id)
        assert known is not None
        held = self.recent if self.recent.get(entry.draw_id) else self.older
        stood = known.standing()
        held.put(entry.draw_id, Seen(known.entry, stood.less(stood.end(entry.amount, entry.parts))))

    def _epoch(self, at: datetime) -> int:
        days = self.policy.horizon_days
        return 0 if days is None else micros(at) // (days * _DAY)

    def _fits_horizon(self, entry: Entry) -> None:
        # A lot ends once, whether the id by which it did is remembered or not.
        if isinstance(entry, Expired | RolledOver):
            return
        if self.epoch is not None and self._epoch(entry.at) < self.epoch - 1:
            raise LedgerError(
                f"{brief(entry.id)} is of {show_day(entry.at)}, and ids are remembered for {self.policy.horizon_days} "
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
        held.put(entry.id, Seen(entry))

    def _fits_lot(self, lot: Lot) -> None:
        """A lot that comes in is a new one, of a unit as it is counted here."""
        if self.lots.get(lot.id) is not None:
            raise LedgerError(
                f"there is a lot {brief(lot.id)} already; give each grant an id of its own", code="ledger.lot"
            )
        same_unit(self.units.get(lot.unit), lot.unit)
