"""
Intake: the records of one customer, one at a time, onto a tally that is its own.

Where a record ends is decided as `measure` decides it. What it would change can be seen before it changes anything; the
tally it began with, and every tally that was taken out of it, stays as it was: a state that aggregates write into is
copied before it is written into for the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..demand import Dimension
from ..errors import RecordError
from ..meters import Aggregate
from ..plans import MeterTerms
from ..records import UsageRecord
from ._careful import Careful, Run, conflict
from ._identities import Identities, Mark
from ._near import Near
from ._tally import Account, Cells, Rejection, State, Tally, copied

__all__ = ["Change", "Intake", "Meters", "changed"]

Meters: TypeAlias = dict[str, list[Cells]]
"""The cells of one customer: meter -> one mapping of groups to states for each segment."""


class Change:
    """One cell as it would be after a record."""

    __slots__ = ("group", "meter", "segment", "state")

    def __init__(self, meter: str, segment: int, group: tuple[str, ...], state: State) -> None:
        self.meter = meter
        self.segment = segment
        self.group = group
        self.state = state


class Intake:
    """
    What has been measured for one customer so far, open for more.

    Args:
        metering: how everything is measured: the customer's, and of others where the tally holds them too.
        customer: whose records these are.
        tally: what was measured before; it stays as it is.
        earlier: identities of earlier periods.
        trusted: keep no identities.
    """

    def __init__(
        self,
        metering: Mapping[str, Mapping[str, MeterTerms]],
        customer: str,
        tally: Tally | None,
        earlier: Sequence[tuple[str | None, str, str]],
        *,
        trusted: bool,
    ) -> None:
        self.metering = metering
        self.customer = customer
        self.trusted = trusted
        self.before = tally.seen.plain() if tally is not None else Identities()
        self.seen = _Seen(self.before, earlier, customer)
        self.careful = Careful(
            {customer: metering[customer]}, only=customer, layout=None, seen=self.seen, trusted=trusted, strict=False
        )
        self.runs: dict[str, Run] = {
            run.meter.key: run for runs in self.careful.routes[customer].values() for run in runs
        }
        held = None if tally is None else tally.cells.get(customer)
        self.cells: Meters = {} if held is None else dict(held)
        for key, terms in metering[customer].items():
            if key not in self.cells:
                self.cells[key] = [{} for _ in terms.priced]
        self.account = Account({}, 0, trusted, ()) if tally is None else tally.account
        self.counts = dict(self.account.counts)
        self.unidentified = self.account.unidentified
        self.rejected: list[Rejection] = list(self.account.rejected)
        # Whether somebody else reads the cells; then they are copied before the next change.
        self.shared = True
        # Cells whose states nobody else holds: only these may be written into.
        self.own: set[tuple[str, int, tuple[str, ...]]] = set()
        self.near = Near(self.cells)

    def read(self, row: Any) -> UsageRecord:
        """
        A record, from its own form or from plain data.

        Raises:
            RecordError: what is wrong with it.
        """
        return row if isinstance(row, UsageRecord) else UsageRecord.from_json(row)

    def judge(self, record: UsageRecord) -> str | list[tuple[Run, int]]:
        """Where a record ends; where it is counted, the meters and segments it is counted in."""
        return self.careful.ends(record, record)

    def groups(self, names: Sequence[str]) -> list[dict[str, str]]:
        """The groups by some dimensions that anything was counted in, and first the one that says nothing of them."""
        found: dict[tuple[str, ...], None] = {("",) * len(names): None}
        for key, segments in self.cells.items():
            axes = self.metering[self.customer][key].axes
            places = [axes.index(Dimension(name)) if Dimension(name) in axes else -1 for name in names]
            for segment in segments:
                for cell in segment:
                    found[tuple("" if place < 0 else cell[place] for place in places)] = None
        return [dict(zip(names, values, strict=True)) for values in found]

    def changes(self, record: UsageRecord, places: Sequence[tuple[Run, int]], cells: Meters) -> list[Change]:
        """
        What a record would change in some cells, which stay as they are.

        Raises:
            RecordError: a value that is missing or no number.
        """
        found: list[Change] = []
        for run, segment in places:
            aggregate: Aggregate = run.meter.aggregate
            folds = run.terms.folds
            value: Any = aggregate.read(record)
            group = tuple(axis.key(value, record) for axis in run.terms.axes)
            held = cells[run.meter.key][segment].get(group)
            if held is None:
                self.near.add(run.meter.key, group)
            state = run.states.zero() if held is None else held
            if folds:
                more = [fold.add(each, value, record) for fold, each in zip(folds, state[1:], strict=True)]
                new: State = [aggregate.add(copied_state(state[0]), value, record), *more]
            else:
                new = aggregate.add(copied_state(state), value, record)
            found.append(Change(run.meter.key, segment, group, new))
        return found

    def open(self) -> None:
        """Make sure that nobody else reads the cells that are about to change."""
        if self.shared:
            self.cells, self.shared = copied(self.cells), False
            self.own.clear()

    def take(self, record: UsageRecord, places: Sequence[tuple[Run, int]]) -> None:
        """
        Count a record.

        Raises:
            RecordError: a value that is missing or no number; nothing has changed then.
        """
        self.open()
        ready: list[tuple[Run, int, Any, tuple[str, ...]]] = []
        for run, segment in places:
            value: Any = run.meter.aggregate.read(record)
            ready.append((run, segment, value, tuple(axis.key(value, record) for axis in run.terms.axes)))
        folded = [
            [fold.add(state, value, record) for fold, state in zip(run.terms.folds, held[1:], strict=True)]
            for run, segment, value, group in ready
            if run.terms.folds
            for held in (self._held(run, segment, group),)
        ]
        for run, segment, value, group in ready:
            aggregate: Aggregate = run.meter.aggregate
            state = self._own(run, segment, group)
            if run.terms.folds:
                new: State = [aggregate.add(state[0], value, record), *folded.pop(0)]
            else:
                new = aggregate.add(state, value, record)
            self.cells[run.meter.key][segment][group] = new
        self._counted(record)

    def keep(self, record: UsageRecord, cells: Meters) -> None:
        """Count a record whose cells are worked out already; somebody else reads them too."""
        self.cells, self.shared = cells, True
        self._counted(record)

    def _counted(self, record: UsageRecord) -> None:
        self.counts["counted"] += 1
        if self.trusted:
            return
        if record.id is None:
            self.unidentified += 1
        else:
            self.seen.put(record.source, record.id, record)

    def _held(self, run: Run, segment: int, group: tuple[str, ...]) -> State:
        held = self.cells[run.meter.key][segment].get(group)
        if held is None:
            self.near.add(run.meter.key, group)
        return run.states.zero() if held is None else held

    def _own(self, run: Run, segment: int, group: tuple[str, ...]) -> State:
        """A state that nobody else holds."""
        state, spot = self._held(run, segment, group), (run.meter.key, segment, group)
        if spot not in self.own:
            self.own.add(spot)
            return [copied_state(state[0]), *state[1:]] if run.terms.folds else copied_state(state)
        return state

    def end(self, fate: str, error: RecordError | None = None) -> None:
        """Take in a record that is not counted."""
        self.counts[fate] += 1
        if error is not None:
            self.rejected.append(Rejection.of(error))

    def conflict(self, record: UsageRecord) -> RecordError:
        """The refusal of other content under an identity that was counted."""
        return conflict(record)

    def view(self) -> Meters:
        """The cells as they are now, which stay so."""
        self.shared = True
        return self.cells

    def tally(self) -> Tally:
        """What has been measured, as a value that stays as it is."""
        account = Account(self.counts, self.unidentified, self.account.trusted or self.trusted, self.rejected)
        # A meter that no record came to is not told.
        cells = {key: segments for key, segments in self.view().items() if any(segments)}
        seen = self.before.joined(self.seen.own())
        return Tally(self.metering, {self.customer: cells} if cells else {}, account, seen)


class _Seen(Identities):
    """The identities counted here, in front of those that were there before and those of earlier periods."""

    def __init__(self, before: Identities, earlier: Sequence[tuple[str | None, str, str]], customer: str) -> None:
        super().__init__()
        self.before = before
        self.earlier = {(source, name): Mark(content, customer) for source, name, content in earlier}

    def held(self, source: str | None, name: str) -> object:
        """What was counted under an identity; None when nothing was."""
        names = self.sources.get(source)
        found = None if names is None else names.get(name)
        if found is None:
            found = self.before.held(source, name)
        return self.earlier.get((source, name)) if found is None and self.earlier else found

    def own(self) -> Identities:
        """Those counted here alone."""
        found = Identities()
        for source, names in self.sources.items():
            found.sources[source] = names
        return found


def changed(cells: Meters, changes: Sequence[Change]) -> Meters:
    """The cells after some changes; the cells themselves stay."""
    found = dict(cells)
    for change in changes:
        segments = list(found[change.meter])
        segments[change.segment] = {**segments[change.segment], change.group: change.state}
        found[change.meter] = segments
    return found


def copied_state(state: State) -> State:
    """A state that may be written into: aggregates write into lists, sets and tables, and into nothing else."""
    return state.copy() if isinstance(state, list | set | dict) else state
