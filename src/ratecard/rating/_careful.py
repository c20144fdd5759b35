"""
The careful path of metering: one record at a time, with every check, to exactly one end.

The order of the questions is part of the meaning. Shape first; then the customer; then identity, so that a copy is a
copy wherever it lies; then meters, time and price; the values last. A record changes nothing before all of its values
are read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ..demand import Dimension
from ..errors import RecordError
from ..meters import Aggregate, Count, Sum
from ..plans import MeterTerms
from ..records import Layout, UsageRecord
from ._collectors import Columns, Sums, Tree
from ._identities import Identities, fingerprint
from ._tally import Account, Cells, Growing, Rejection, State, States, Tally

__all__ = ["Careful", "Halt", "Routes", "Run", "conflict"]


class Halt(BaseException):
    """Carries the first wrong record of a strict measuring out of loops that catch everything else."""

    def __init__(self, error: RecordError) -> None:
        self.error = error


class Run:
    """One meter bound under one metering: where a record of it goes."""

    __slots__ = ("cells", "meter", "states", "sums", "terms", "trees", "whole")

    def __init__(self, terms: MeterTerms) -> None:
        self.terms = terms
        self.meter = terms.meter
        self.states = States(terms)
        # One mapping a segment, by (customer, *groups).
        self.cells: list[Cells] = [{} for _ in terms.priced]
        # What a fast loop summed in the one segment, by customer and raw group; a raw group is a text where there is
        # one dimension, and `whole` where it is a tuple already.
        self.sums: dict[str, Sums] = {}
        self.whole = len(terms.axes) != 1
        # The same by customer and three texts.
        self.trees: dict[str, Tree] = {}

    def segment(self, at: datetime) -> int:
        """The segment of an instant, or -1 outside all."""
        index = bisect_right(self.terms.edges, at) - 1
        return index if index < len(self.terms.priced) else -1

    def prepare(self, record: UsageRecord, customer: str, segment: int) -> Callable[[], None]:
        """Do all that can fail; what is returned only changes the cell."""
        aggregate: Aggregate = self.meter.aggregate
        folds = self.terms.folds
        value: Any = aggregate.read(record)
        key = (customer, *(axis.key(value, record) for axis in self.terms.axes))
        cells = self.cells[segment]
        held: State = cells[key] if key in cells else self.states.zero()
        if not folds:

            def commit() -> None:
                cells[key] = aggregate.add(held, value, record)

            return commit
        folded = [fold.add(state, value, record) for fold, state in zip(folds, held[1:], strict=True)]

        def commit_folds() -> None:
            cells[key] = [aggregate.add(held[0], value, record), *folded]

        return commit_folds

    def collect(self, onto: Growing) -> None:
        """Move all cells under their customers, the sums of a fast loop included."""
        sums: dict[Any, int]
        for customer, tree in self.trees.items():
            held = self.sums[customer] = Sums(len(self.terms.axes))
            held.update(
                ((first, second, third), quantity)
                for first, seconds in tree.items()
                for second, thirds in seconds.items()
                for third, quantity in thirds.items()
            )
        for customer, sums in self.sums.items():
            if not sums:
                continue
            cells = onto.at(customer, self.meter.key, 0, len(self.cells))
            if self.whole and not cells:
                cells.update(sums)
                continue
            for raw, quantity in sums.items():
                group = raw if self.whole else (raw,)
                cells[group] = self.states.merge(cells[group], quantity) if group in cells else quantity
        for segment, found in enumerate(self.cells):
            for (customer, *parts), state in found.items():
                cells = onto.at(customer, self.meter.key, segment, len(self.cells))
                group = tuple(parts)
                cells[group] = self.states.merge(cells[group], state) if group in cells else state


class Shared:
    """
    What a fast loop collects for several meters of one event: sums of all their columns, by all their axes.

    Attributes:
        columns: the properties that are summed.
        counts: whether records are counted as well; then a last column holds their number.
        axes: what the sums are cut by.
        customers: the sums of each customer; None stands for the one customer of records that name none.
    """

    __slots__ = ("axes", "columns", "counts", "customers", "runs")

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self.columns = tuple(dict.fromkeys(name for run in runs for name in (*_added(run), *_taken(run))))
        self.counts = any(isinstance(run.meter.aggregate, Count) for run in runs)
        self.axes = tuple(dict.fromkeys(axis for run in runs for axis in run.terms.axes))
        self.customers: dict[Any, Columns] = {}

    @property
    def is_pair(self) -> bool:
        """Whether it is two columns by one dimension."""
        two = len(self.columns) == len(("first", "second")) and not self.counts
        return two and len(self.axes) == 1 and isinstance(self.axes[0], Dimension)

    @property
    def dimension(self) -> str:
        """The one dimension of a pair."""
        (axis,) = self.axes
        assert isinstance(axis, Dimension)
        return axis.name

    def collect(self) -> None:
        """Give each meter its part, in the sums it would have had alone."""
        for customer, columns in self.customers.items():
            if customer is not None:
                for run in self.runs:
                    self._give(run, run.sums.setdefault(customer, Sums(len(run.terms.axes))), columns)

    def _give(self, run: Run, sums: Sums, columns: Columns) -> None:
        plus = [self.columns.index(name) for name in _added(run)]
        minus = [self.columns.index(name) for name in _taken(run)]
        if isinstance(run.meter.aggregate, Count):
            plus = [len(self.columns)]
        places = [self.axes.index(axis) for axis in run.terms.axes]
        alone = len(self.axes) == 1
        for raw, cell in columns.items():
            parts = (raw,) if alone else raw
            group = parts[places[0]] if len(places) == 1 else tuple(parts[place] for place in places)
            sums[group] += sum(cell[index] for index in plus) - sum(cell[index] for index in minus)


def _added(run: Run) -> tuple[str, ...]:
    aggregate = run.meter.aggregate
    return (aggregate.of,) if isinstance(aggregate, Sum) else ()


def _taken(run: Run) -> tuple[str, ...]:
    aggregate = run.meter.aggregate
    return aggregate.less if isinstance(aggregate, Sum) else ()


Routes: TypeAlias = dict[str, list[Run]]
"""The meters that take an event."""


class Careful:
    """Decides, for one record at a time, where it ends; and holds what has been measured so far."""

    def __init__(
        self,
        metering: Mapping[str, Mapping[str, MeterTerms]],
        *,
        only: str | None,
        layout: Layout | None,
        seen: Identities,
        trusted: bool,
        strict: bool,
    ) -> None:
        self.metering = metering
        self.only = only
        self.layout = layout
        self.seen = seen
        self.trusted = trusted
        self.strict = strict
        self.counts: dict[str, int] = {}
        self.rejected: list[Rejection] = []
        self.unidentified = 0
        self.taken = 0
        self.inside = _inside(metering) if layout is not None and layout.at is None else None
        # Customers with equal metering share their routes.
        by_content: dict[tuple[MeterTerms, ...], Routes] = {}
        self.routes: dict[str, Routes] = {}
        by_object: dict[int, Routes] = {}
        for customer, meters in metering.items():
            routes = by_object.get(id(meters))
            if routes is None:
                content = tuple(meters.values())
                if content not in by_content:
                    by_content[content] = _routes(content)
                routes = by_object[id(meters)] = by_content[content]
            self.routes[customer] = routes
        self.distinct = list(by_content.values())
        self.shared: list[Shared] = []

    def take(self, row: Any) -> None:
        """One record, in whatever form it came."""
        self.taken += 1
        try:
            record = self._record(row)
            fate = self._fate(record, row)
        except RecordError as error:
            self._reject("refused", error)
            return
        self.counts[fate] = self.counts.get(fate, 0) + 1
        if self.strict and fate in ("unmatched", "unpriced"):
            why = "no meter takes it" if fate == "unmatched" else "no item prices its meter"
            text = f"the record of event {record.event!r} would be left out: {why}"
            raise Halt(RecordError(text, code=f"record.{fate}", path="event", record=record.id))

    def _record(self, row: Any) -> UsageRecord:
        if isinstance(row, UsageRecord):
            return row
        if self.layout is None:
            return UsageRecord.from_json(row)
        # Where no identity is kept, what stands in its place is no reason to refuse a record.
        return self.layout.record(row, start=self.inside, trusted=self.trusted or self.layout.id is None)

    def record(self, row: Any) -> UsageRecord:
        """A row that was counted, as a record."""
        return self._record(row)

    def _fate(self, record: UsageRecord, row: Any) -> str:
        found = self.ends(record, row)
        if isinstance(found, str):
            if found == "conflict":
                self._reject(found, conflict(record))
            return found
        customer = record.customer or self.only
        assert customer is not None
        ready = [run.prepare(record, customer, segment) for run, segment in found]
        for commit in ready:
            commit()
        if record.id is not None and not self.trusted:
            self.seen.put(record.source, record.id, record)
        elif not self.trusted:
            self.unidentified += 1
        return "counted"

    def ends(self, record: UsageRecord, row: Any) -> str | list[tuple[Run, int]]:
        """
        Where a record ends, nothing changed by it yet; where it is counted, the meters and segments it is counted in.

        Raises:
            RecordError: `record.customer`; `record.number`, where a filter cannot read a number.
        """
        customer = record.customer or self.only
        if customer is None:
            text = "the record names no customer, and many are measured; name one"
            raise RecordError(text, code="record.customer", path="customer", record=record.id)
        routes = self.routes.get(customer)
        if routes is None:
            return "other_customer"
        held = None if self.trusted or record.id is None else self.seen.held(record.source, record.id)
        if held is not None:
            return "duplicate" if self._same(record, row, held) else "conflict"
        runs = routes.get(record.event, ())
        takers = [run for run in runs if run.meter.takes(record.properties)]
        if len(takers) < len(runs):
            for run in runs:
                if run.meter.compares:
                    run.meter.check(record)
        placed = [(run, run.segment(record.at)) for run in takers]
        inside = [(run, segment) for run, segment in placed if segment >= 0]
        if not inside:
            return "outside" if takers else "unmatched"
        return [(run, segment) for run, segment in inside if run.terms.priced[segment]] or "unpriced"

    def _same(self, record: UsageRecord, row: Any, held: object) -> bool:
        """Whether a record says what was counted under its identity."""
        if held is row or held == record or (row.__class__ is held.__class__ and held == row):
            return True
        return fingerprint(self.seen.record(held)) == fingerprint(record)

    def _reject(self, fate: str, error: RecordError) -> None:
        if self.strict:
            raise Halt(error)
        self.rejected.append(Rejection.of(error))
        if fate == "refused":
            self.counts[fate] = self.counts.get(fate, 0) + 1

    def tally(self, fed: int, onto: Tally | None, earlier: Mapping[tuple[str | None, str], object]) -> Tally:
        """
        All that was measured.

        Args:
            fed: how many records came in; those that a fast loop kept were counted.
            onto: the tally this goes on from.
            earlier: identities of earlier periods, which are not this tally's own.
        """
        counts = dict(self.counts)
        counts["counted"] = counts.get("counted", 0) + fed - self.taken
        account = Account(counts, self.unidentified, self.trusted, self.rejected)
        metering = dict(self.metering)
        growing = Growing({} if onto is None else onto.cells)
        if onto is not None:
            account = onto.account + account
            metering = {**onto.metering, **metering}
        for shared in self.shared:
            shared.collect()
        for routes in self.distinct:
            for runs in routes.values():
                for run in runs:
                    run.collect(growing)
        return Tally(metering, growing.cells, account, self.seen.without(earlier) if earlier else self.seen)


def conflict(record: UsageRecord) -> RecordError:
    """The refusal of other content under an identity that was counted."""
    text = "a record with this identity and other content was counted before; send a correction under an id of its own"
    return RecordError(text, code="record.conflict", path="id", record=record.id)


def _inside(metering: Mapping[str, Mapping[str, MeterTerms]]) -> datetime:
    """An instant inside every segment, for rows that are known to lie there and carry no time."""
    starts = [terms.edges[0] for meters in metering.values() for terms in meters.values() if terms.edges]
    return max(starts, default=datetime(2000, 1, 1, tzinfo=UTC))


def _routes(content: tuple[MeterTerms, ...]) -> Routes:
    found: Routes = {}
    for terms in content:
        found.setdefault(terms.meter.event, []).append(Run(terms))
    return found
