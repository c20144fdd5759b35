"""
The quick way through a live bill, for the records that most calls are made of.

Where items count whole numbers on one counter each and are priced by curves that never fall, and nothing works across
the lines, a record moves one number. The rules:

1. The number of each counter is kept here; a quote is the rate of the piece it stands on times the quantity, or a
   difference on the curve where the piece ends.
2. What guards say about money is turned into quantities once: each counter may rise to a bound up to which, even if all
   counters rise to theirs and every line is rounded up, no cap binds and no alert is reached. Below it, asking is one
   comparison.
3. Whatever is not the common case goes the long way, which everything here is written back for first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from .._numbers import CONTEXT, ZERO, Exact, add, ceil, div, floor, sub
from ..guards import Calm, Gauge, State, Verdict, Watch
from ..meters import Count, Sum
from ..plans import Service, Terms
from ..records import UsageRecord
from ._careful import Run
from ._charge import ways_of
from ._cut import never_falls
from ._direct import Counter
from ._draws import Draws, Levels
from ._figures import Figures, Scene
from ._holds import Holds
from ._intake import Intake, Meters
from ._lane import LARGEST, Lane

__all__ = ["Swift", "swift_of"]

_SUMS = ("subtotal", "total", "due", "gross")
_passed = Verdict.passed


class Swift:
    """
    The numbers of a live bill that goes the quick way; `Live` reads and writes them.

    Attributes:
        lanes: the counters of each event.
        alone: the counter of each event that has just one, and adds up a property.
        every: all counters, in the order of the totals.
        totals: where each counter stands, -1 for one that gave up; `lent` where a verdict holds them, then they are
            copied before they change.
        start, end: the stretch of time they count.
        customer: whose records these are.
        names: identities without a source that were counted here; `older` those that were there before.
        calm: whether guards have told how long they have nothing to say.
        clamps: whether a guard may let a part through.
        asks: whether a record is to be the one that was asked for: there are buckets, and they counted it then.
        draws: what is in the token buckets.
        asked: what was admitted this way and not yet recorded, by id; `held` what was admitted the long way.
        cells: the cells of which these totals are a part.
        watch, state, scene: the guards, what they kept when these numbers were read, and what is billed.
    """

    __slots__ = (
        "alone", "asked", "asks", "base", "calm", "cells", "clamps", "customer", "draws", "end", "every", "held",
        "intake", "lanes", "lent", "names", "older", "scene", "start", "state", "step", "totals", "watch",
    )  # fmt: skip

    def __init__(
        self, start: datetime, end: datetime, lanes: Mapping[str, tuple[Lane, ...]], step: Decimal, intake: Intake,
        holds: Holds,
    ) -> None:  # fmt: skip
        self.start = start
        self.end = end
        self.lanes = dict(lanes)
        self.alone: dict[str, Lane] = {}
        self.every = sorted((lane for some in lanes.values() for lane in some), key=lambda lane: lane.index)
        self.step = step
        self.intake = intake
        self.customer = intake.customer
        self.names = intake.seen.sources[None]
        self.older = intake.before.sources.get(None, {})
        self.totals = [0] * len(self.every)
        self.lent = self.calm = self.clamps = self.asks = False
        self.base = 0
        self.asked = holds.quick
        self.held = holds.admitted
        self.draws = Draws()
        self.cells: Meters = {}
        # Set by `heed`.
        self.watch: Watch
        self.state: State
        self.scene: Scene

    @property
    def fed(self) -> int:
        """How many records were counted since the totals were read: each left its identity."""
        return len(self.names) - self.base

    @property
    def changes(self) -> int:
        """How often the bill has changed since then."""
        return self.fed + self.draws.drawn + self.draws.passed

    def after(self, record: UsageRecord) -> list[int] | None:
        """
        Where the counters would stand after a record of the common case: ours, in time, with an id that was not seen.

        None where it takes the long way.
        """
        lanes, name = self.lanes.get(record.event), record.id
        if (
            lanes is None
            or name is None
            or record.source is not None
            or name in self.names
            or name in self.older
            or not self.start <= record.at < self.end
            or not (record.customer is None or record.customer == self.customer)
        ):
            return None
        found = list(self.totals)
        for lane in lanes:
            quantity: Any = record.properties.get(lane.of) if lane.of else 1
            if quantity.__class__ is not int or not 0 < quantity <= LARGEST:
                return None
            found[lane.index] += quantity
        return found

    def quote(self, record: UsageRecord) -> Exact | None:
        """What a record would add; None where that takes the long way."""
        new = self.after(record)
        if new is None:
            return None
        found: Exact = ZERO
        for lane in self.lanes[record.event]:
            standing = self.totals[lane.index]
            found = add(found, lane.between(standing, new[lane.index] - standing))
        return found

    def record(self, record: UsageRecord) -> bool:
        """Count a record that sets nothing off; False where it takes the long way, nothing is changed then."""
        new = self.after(record)
        if new is None or any(new[lane.index] > lane.tells_to for lane in self.lanes[record.event]):
            return False
        assert record.id is not None
        if self.asks:
            # What was admitted is what came: then limits have counted it already.
            if self.asked.get(record.id) is not record:
                return False
            del self.asked[record.id]
        self.totals, self.lent = new, False
        self.names[record.id] = record
        return True

    def admit(self, record: UsageRecord) -> Verdict | None:
        """Let a record through that no limit can refuse, drawing what it takes; None where it takes the long way."""
        lane = self.alone.get(record.event)
        if lane is None:
            return self._admit_wide(record)
        quantity: Any = record.properties.get(lane.of)
        # Two at a time: four names on one line are a tuple that is built and taken apart.
        name, at = record.id, record.at
        totals, index = self.totals, lane.index
        if (
            quantity.__class__ is not int
            or not 0 < quantity <= lane.admits_to - totals[index]
            or name is None
            or record.source is not None
            or not self.start <= at < self.end
            or not (record.customer is None or record.customer == self.customer)
            or name in self.names
            or name in self.older
            or name in self.asked
            or name in self.held
            or (self.asks and not self.draws.draw(at, index, quantity))
        ):
            return None
        draws = self.draws
        if self.asks:
            self.asked[name] = record
        self.lent = True
        fits = Decimal(quantity) if self.clamps else None
        given = (self, at, self.cells, totals, index, quantity, self.state, draws.drawn, draws.level, draws.levels)
        return _passed(at, fits, _left, given)

    def _admit_wide(self, record: UsageRecord) -> Verdict | None:
        """The same for an event of several counters, or of one that counts records."""
        name, new, draws = record.id, self.after(record), self.draws
        if new is None or any(new[lane.index] > lane.admits_to for lane in self.lanes[record.event]):
            return None
        assert name is not None
        if name in self.asked or name in self.held or self.clamps:
            return None
        if self.asks:
            more = {lane.index: new[lane.index] - self.totals[lane.index] for lane in self.lanes[record.event]}
            if not draws.draw_all(record.at, more):
                return None
            self.asked[name] = record
        given = (self, record.at, self.cells, new, 0, 0, self.state, draws.drawn, draws.level, draws.levels)
        return _passed(record.at, None, _left, given)

    def read(self) -> None:
        """Take the totals from the cells; a counter that does not hold a whole number gives up its event."""
        self.base = len(self.names)
        self.cells = self.intake.view()
        self.totals, self.lent = self.totals[:], False
        self.alone = {event: lanes[0] for event, lanes in self.lanes.items() if len(lanes) == 1 and lanes[0].of}
        for event, lanes in list(self.lanes.items()):
            for lane in lanes:
                state = self.intake.cells[lane.meter][lane.segment].get((), 0)
                if state.__class__ is not int or state < 0:
                    del self.lanes[event]
                    self.alone.pop(event, None)
                    for each in lanes:
                        self.totals[each.index] = -1
                    break
                self.totals[lane.index] = state
                lane.upper, lane.misses = -1, 0

    def write(self) -> None:
        """Give the totals back to the cells."""
        fed = self.fed
        if not fed:
            return
        intake = self.intake
        intake.open()
        for event in self.lanes.values():
            for lane in event:
                if self.totals[lane.index]:
                    intake.cells[lane.meter][lane.segment][()] = self.totals[lane.index]
        intake.counts["counted"] += fed
        self.base += fed

    def at(self, cells: Meters, totals: Sequence[int]) -> Meters:
        """Cells with the counters at some totals."""
        found = dict(cells)
        for lane in self.every:
            if totals[lane.index] >= 0:
                segments = list(found[lane.meter])
                segments[lane.segment] = {**segments[lane.segment], (): totals[lane.index]}
                found[lane.meter] = segments
        return found

    def heed(self, watch: Watch, state: State, figures: Figures) -> None:
        """Turn what guards say into bounds of the counters."""
        self.watch, self.state, self.scene = watch, state, figures.scene
        self.draws.drawn = self.draws.passed = 0
        self.clamps = watch.clamps
        found = watch.calm(state, figures.reading())
        counters = {lane.meter: lane.index for lane in self.every}
        self.calm = (
            found is not None and all(_plain(each.gauge) for each in found) and self.draws.fill(watch, state, counters)
        )
        self.asks = bool(self.draws.buckets)
        for lane in (lane for lanes in self.lanes.values() for lane in lanes):
            # Where guards cannot tell, nothing is up to a bound.
            standing = self.totals[lane.index]
            lane.admits_to = lane.tells_to = standing + LARGEST if self.calm else -1
            for each in found if self.calm and found is not None else ():
                self._bound(lane, standing, each, figures)

    def _bound(self, lane: Lane, standing: int, calm: Calm, figures: Figures) -> None:
        """Let one guard lower the bounds of one counter."""
        gauge = calm.gauge
        if gauge is None:
            return
        if gauge.what in ("quantity", "units"):
            if gauge.name == lane.meter if gauge.what == "quantity" else gauge.name in lane.items:
                if calm.admits_to is not None:
                    lane.admits_to = min(lane.admits_to, max(standing, floor(calm.admits_to)))
                if calm.tells_above is not None:
                    lane.tells_to = min(lane.tells_to, max(standing, floor(calm.tells_above)))
                if calm.tells_at is not None:
                    lane.tells_to = min(lane.tells_to, max(standing, ceil(calm.tells_at) - 1))
            return
        if gauge.what == "amount" and gauge.name not in lane.items:
            return
        now = figures.value(gauge)
        assert now is not None
        lane.admits_to = min(lane.admits_to, self._reach(lane, standing, calm.admits_to, now))
        lane.tells_to = min(lane.tells_to, self._reach(lane, standing, calm.tells_above, now))
        if calm.tells_at is not None:
            # Just below it: money is told in whole steps.
            lane.tells_to = min(lane.tells_to, self._reach(lane, standing, sub(calm.tells_at, self.step), now))

    def _reach(self, lane: Lane, standing: int, limit: Exact | None, now: Exact) -> int:
        """
        Up to which total a counter may rise so that a sum of money stays at or under a limit.

        Every counter gets an equal part, and every line may be rounded up by a step.
        """
        if limit is None:
            return standing + LARGEST
        lines = sum(len(each.items) for each in self.every)
        room = sub(sub(limit, now), CONTEXT.multiply(self.step, Decimal(lines)))
        return lane.reach(standing, div(room, len(self.every)))


def _left(  # noqa: PLR0917 - called with what a verdict was given
    swift: Swift, at: datetime, cells: Meters, totals: Sequence[int], index: int, quantity: int,
    state: State, drawn: int, level: int, levels: Levels,
) -> dict[str, Exact]:  # fmt: skip
    """What was left of the limits once a record was let through, which adds to one counter."""
    after = list(totals)
    after[index] += quantity
    reading = Figures(swift.scene, swift.at(cells, after), None).reading()
    return swift.watch.left(swift.draws.state(state, drawn, level, at, levels), at, reading)


def _plain(gauge: Gauge | None) -> bool:
    """Whether a figure moves with the counters alone."""
    if gauge is None:
        return True
    known = gauge.what in (*_SUMS, "amount", "quantity", "units")
    return known and not gauge.group and not gauge.customer


def swift_of(terms: Terms, intake: Intake, *, staged: bool, holds: Holds) -> Swift | None:
    """
    The quick way of a live bill; None where its terms have none.

    Args:
        terms: what is billed.
        intake: how it is measured.
        staged: whether anything works across the lines.
        holds: what was admitted and not yet recorded.
    """
    plan = terms.plan
    if intake.trusted or intake.seen.earlier:
        return None
    if staged or plan.rounding_at != "line" or plan.costs or intake.metering[terms.customer] is not terms.meters:
        return None
    ways, _ = ways_of(terms)
    if terms.memo["in_credits"]:
        return None
    counters: dict[str, dict[str, Counter]] = {}
    barred: set[str] = set()
    for service, way in ways:
        if isinstance(way, tuple):
            continue
        if any(piece.price.demand().items for piece in service.pieces):
            return None
        if service.meter is None:
            # A fee with stages of its own, or with a part of a cent carried in: usage does not move it.
            continue
        key = service.meter.key
        held = counters.setdefault(key, {})
        if not isinstance(way, Counter) or service.key in held or not _rises(service):
            barred.add(key)
        else:
            held[service.key] = way
    lanes: dict[str, tuple[Lane, ...]] = {}
    count = 0
    for event, runs in intake.careful.routes[terms.customer].items():
        if all(_counts(run, counters, barred) for run in runs):
            lanes[event] = tuple(Lane(count + place, run, counters[run.meter.key]) for place, run in enumerate(runs))
            count += len(runs)
    if not lanes:
        return None
    spans = [
        (run.terms.edges[lane.segment], run.terms.edges[lane.segment + 1])
        for event, some in lanes.items()
        for lane, run in zip(some, intake.careful.routes[terms.customer][event], strict=True)
    ]
    start, end = max(span[0] for span in spans), min(span[1] for span in spans)
    return Swift(start, end, lanes, terms.currency.step, intake, holds)


def _rises(service: Service) -> bool:
    return all(never_falls(piece.price) for piece in service.pieces)


def _counts(run: Run, counters: Mapping[str, Mapping[str, Counter]], barred: set[str]) -> bool:
    """Whether a meter counts whole numbers, each at once, in one cell of one segment."""
    held, aggregate = counters.get(run.meter.key), run.meter.aggregate
    if not held or run.meter.key in barred or run.meter.where:
        return False
    return isinstance(aggregate, Count) or (isinstance(aggregate, Sum) and not aggregate.less)
