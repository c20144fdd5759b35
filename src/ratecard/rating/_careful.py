"""
The careful path of metering: one record at a time, with every check, to exactly one end.

The order of the questions is part of the meaning. Shape first; then the customer; then identity, so that a copy is a copy
wherever it lies; then meters, time and price; the values last. A record changes nothing before all of its values are read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ..errors import RecordError
from ..meters import Aggregate
from ..plans import MeterTerms
from ..records import Layout, UsageRecord
from ._loops import Sums
from ._tally import Account, Cells, Identity, Kept, Mark, Rejection, State, States, Tally, copied, fingerprint

__all__ = ["Careful", "Halt", "Routes", "Run"]


class Halt(BaseException):
    """Carries the first wrong record of a strict measuring out of loops that catch everything else."""

    def __init__(self, error: RecordError) -> None:
        self.error = error


class Run:
    """One meter bound under one metering: where a record of it goes."""

    __slots__ = ("cells", "meter", "states", "sums", "terms")

    def __init__(self, terms: MeterTerms) -> None:
        self.terms = terms
        self.meter = terms.meter
        self.states = States(terms)
        # One mapping a segment, by (customer, *groups).
        self.cells: list[Cells] = [{} for _ in terms.priced]
        # What a fast loop summed in the one segment, by raw group.
        self.sums: Sums | None = None

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

    def collect(self, onto: dict[str, dict[str, list[Cells]]], only: str | None) -> None:
        """Move all cells under their customers, the sums of a fast loop included."""
        if self.sums:
            first = self.cells[0]
            for raw, quantity in self.sums.items():
                parts = raw if raw.__class__ is tuple else (raw,)
                key = (only, *parts) if self.sums.customers is None else parts
                first[key] = self.states.merge(first[key], quantity) if key in first else quantity
        for segment, cells in enumerate(self.cells):
            for key, state in cells.items():
                meters = onto.setdefault(key[0], {})
                if self.meter.key not in meters:
                    meters[self.meter.key] = [{} for _ in self.cells]
                into, group = meters[self.meter.key][segment], key[1:]
                into[group] = self.states.merge(into[group], state) if group in into else state


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
        seen: dict[Identity, object],
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
        # Customers with equal metering share their routes.
        by_content: dict[tuple[MeterTerms, ...], Routes] = {}
        self.routes: dict[str, Routes] = {}
        for customer, meters in metering.items():
            content = tuple(meters.values())
            if content not in by_content:
                by_content[content] = _routes(content)
            self.routes[customer] = by_content[content]
        self.distinct = list(by_content.values())

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
        return self.layout.record(row, start=self._inside() if self.layout.within else None)

    def _inside(self) -> datetime:
        """An instant inside the period, for rows that are known to lie in it and carry no time."""
        for meters in self.metering.values():
            for terms in meters.values():
                for start, priced in zip(terms.edges, terms.priced, strict=False):
                    if priced:
                        return start
        return datetime(2000, 1, 1, tzinfo=UTC)

    def _fate(self, record: UsageRecord, row: Any) -> str:
        customer = record.customer or self.only
        if customer is None:
            text = "the record names no customer, and many are measured; name one"
            raise RecordError(text, code="record.customer", path="customer", record=record.id)
        routes = self.routes.get(customer)
        if routes is None:
            return "other_customer"
        mark = None if self.trusted else record.identity
        if mark is not None and mark in self.seen:
            return self._repeated(record, row, self.seen[mark])
        takers = [run for run in routes.get(record.event, ()) if run.meter.takes(record.properties)]
        placed = [(run, run.segment(record.at)) for run in takers]
        inside = [(run, segment) for run, segment in placed if segment >= 0]
        if not inside:
            return "outside" if takers else "unmatched"
        ready = [run.prepare(record, customer, segment) for run, segment in inside if run.terms.priced[segment]]
        if not ready:
            return "unpriced"
        for commit in ready:
            commit()
        if mark is not None:
            self.seen[mark] = record
        elif not self.trusted:
            self.unidentified += 1
        return "counted"

    def _repeated(self, record: UsageRecord, row: Any, held: object) -> str:
        if held is row or held == record or (row.__class__ is held.__class__ and held == row):
            return "duplicate"
        if not isinstance(held, UsageRecord | str | Kept | Mark):
            # A row that a fast loop kept as it came.
            held = self._record(held)
        if fingerprint(held) == fingerprint(record):
            return "duplicate"
        text = "a record with this identity and other content was counted before; send a correction under an id of its own"
        self._reject("conflict", RecordError(text, code="record.conflict", path="id", record=record.id))
        return "conflict"

    def _reject(self, fate: str, error: RecordError) -> None:
        if self.strict:
            raise Halt(error)
        self.rejected.append(Rejection.of(error))
        if fate == "refused":
            self.counts[fate] = self.counts.get(fate, 0) + 1

    def tally(self, fed: int, onto: Tally | None, earlier: set[Identity]) -> Tally:
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
        cells: dict[str, dict[str, list[Cells]]] = {}
        if onto is not None:
            account = onto.account + account
            metering = {**onto.metering, **metering}
            cells = {customer: copied(meters) for customer, meters in onto.cells.items()}
        for routes in self.distinct:
            for runs in routes.values():
                for run in runs:
                    run.collect(cells, self.only)
        seen = {mark: self._kept(held) for mark, held in self.seen.items() if mark not in earlier}
        return Tally(metering, cells, account, seen)

    def _kept(self, held: object) -> object:
        if self.layout is None or isinstance(held, UsageRecord | str | Kept | Mark):
            return held
        return Kept(held, self.layout, self._inside() if self.layout.within else None)


def _routes(content: tuple[MeterTerms, ...]) -> Routes:
    found: Routes = {}
    for terms in content:
        found.setdefault(terms.meter.event, []).append(Run(terms))
    return found
