"""
Reading one meter out of a tally, as the terms need it: merged over segments, cut by groups, valued in its frame.

Values are never added up. What is coarser comes from merging states: a total over groups, a counter over segments, a
cell of several dimensions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .._numbers import ONE, ZERO, Exact, quantize
from ..demand import Axis, Dimension, Fold
from ..errors import MismatchError
from ..meters import Frame, Level, Peak
from ..plans import Item, MeterTerms, Service, Terms
from ..quantity import Usage
from ..records import read_time
from ..steps import Step
from ._levels import Levels
from ._near import Near
from ._tally import Cells, States, Tally

__all__ = ["Reading"]

Pairs = Sequence[tuple[tuple[str, ...], Any]]


class Reading:
    """
    One meter of one customer.

    Args:
        terms: the terms that are charged.
        tally: what was measured; for these terms, or for more.
        key: the meter.

    Raises:
        MismatchError: `tally.customer`, `tally.terms` or `demand.missing`, when the tally can't answer for these terms.
    """

    __slots__ = (
        "_cuts",
        "_kept",
        "axes",
        "carried",
        "edges",
        "fold_at",
        "levels",
        "meter",
        "segments",
        "states",
        "terms",
        "window",
    )

    def __init__(self, terms: Terms, tally: Tally, key: str) -> None:
        asked = terms.meters[key]
        held = _metering(terms, tally).get(key)
        if held is not asked:
            _check(terms, held, asked)
        assert held is not None
        self.terms = terms
        self.meter = asked.meter
        self.axes: tuple[Axis, ...] = held.axes
        self.edges = held.edges
        self.window = asked.edges[0]
        self.states = States(held)
        self.fold_at = {fold: index for index, fold in enumerate(held.folds, start=1)}
        none: list[Cells] = [{} for _ in held.priced]
        self.segments = tally.cells.get(terms.customer, {}).get(key, none)
        # The last two stretches that were asked for, each with the first segment behind it, and their cells.
        self._kept: list[tuple[datetime, datetime, int, Cells]] = []
        carry = terms.carry
        # Of a counter that nothing runs on with, its groups may be by other dimensions.
        mine = [each.counted for each in terms.services if each.meter is not None and each.meter.key == key]
        since = min(mine, default=terms.period.start)
        told = {} if carry is None else carry.counters.get(key, {})
        counters = {start: pairs for start, pairs in told.items() if read_time(start) >= since}
        self.carried = {
            read_time(start): {self._group(group): self.states.load(told["state"]) for group, told in pairs}
            for start, pairs in counters.items()
        }
        self._cuts = {*self.edges, *self.carried}
        self.levels: Levels | None = None
        if isinstance(self.meter.aggregate, Level | Peak):
            levels = () if carry is None else carry.levels.get(key, ())
            self.levels = Levels(
                terms,
                held,
                self.segments,
                {self._group(group): told for group, told in levels},
                {
                    read_time(start): {self._group(group): told.get("opening") for group, told in pairs}
                    for start, pairs in counters.items()
                },
            )

    def _group(self, group: Sequence[str]) -> tuple[str, ...]:
        if len(group) != len(self.axes):
            raise MismatchError(
                f"the carry holds groups of {self.meter.key!r} by {len(group)} dimension(s), these terms by "
                f"{len(self.axes)}; carry on with the same dimensions until the counter ends",
                code="carry.groups",
            )
        return tuple(group)

    def cells(self, start: datetime, end: datetime) -> dict[tuple[str, ...], Any]:
        """The states of all cells over [start, end), those that were carried in first."""
        found = dict(self._merged(start, end))
        if self.levels is not None:
            # A level that nobody touched still holds, from what was carried in or from what came earlier in the tally.
            earlier = [
                group for index, cells in enumerate(self.segments) if self.edges[index] < start for group in cells
            ]
            for group in (*self.levels.untouched(start), *earlier):
                found.setdefault(group, self.states.zero())
        return found

    def _of(self, groups: Iterable[tuple[str, ...]], start: datetime, end: datetime) -> Cells:
        """The same as `cells` for some groups; those that were carried in are all looked at."""
        parts = [held for since, held in self.carried.items() if start <= since < end]
        last = bisect_right(self.edges, end) - 1
        segments = self.segments[bisect_left(self.edges, max(start, self.window)) : last]
        found: Cells = {}
        for group in {**dict.fromkeys(groups), **{group: None for part in parts for group in part}}:
            for part in (*parts, *segments):
                if group in part:
                    state = part[group]
                    found[group] = self.states.merge(found[group], state) if group in found else state
        return found

    def cut_at(self, at: datetime) -> bool:
        """Whether what was used before an instant can be told from what was used since."""
        return at in self._cuts

    def _merged(self, start: datetime, end: datetime) -> Cells:
        """
        The states of the cells that were touched over [start, end).

        A counter is asked for the end of each of its pieces: what it held at the one before is not merged again.
        """
        # What lies before these terms' own window is in what was carried in, also where the tally reaches further back.
        reached, first = start, bisect_left(self.edges, max(start, self.window))
        found: Cells = {}
        for since, until, index, cells in self._kept:
            if since == start and reached <= until <= end:
                reached, first, found = until, max(first, index), cells
        last = max(first, bisect_right(self.edges, end) - 1)
        parts = [held for since, held in self.carried.items() if reached <= since < end]
        found = dict(found)
        for part in (*parts, *self.segments[first:last]):
            for group, state in part.items():
                found[group] = self.states.merge(found[group], state) if group in found else state
        self._kept = [*self._kept[-1:], (start, end, last, found)]
        return found

    def measured(self, pairs: Pairs, service: Service, start: datetime, end: datetime) -> Exact:
        """The value of some cells together over [start, end), before it is converted."""
        return self._value(self.states.all([state for _, state in pairs]), pairs, service, start, end)

    def used(self, pairs: Pairs, service: Service, start: datetime, end: datetime) -> Exact:
        """The same in the unit that is sold, before anything is rounded."""
        value, convert = self.measured(pairs, service, start, end), self.meter.convert
        return value if convert is None else convert.model_copy(update={"rounding": "none"}).apply(value)

    def _value(self, state: Any, pairs: Pairs, service: Service, start: datetime, end: datetime) -> Exact:
        return self.meter.aggregate.value(self.states.main(state), self._frame(pairs, service, start, end))

    def _frame(self, pairs: Pairs, service: Service, start: datetime, end: datetime) -> Frame:
        opening = None if self.levels is None else self.levels.before([group for group, _ in pairs], start)
        return Frame(start, end, service.full.micros, opening)

    def told(self, pairs: Pairs, service: Service, start: datetime, end: datetime) -> Step | None:
        """How the value of some cells together comes about, where there is more to it than adding up."""
        state = self.states.all([state for _, state in pairs])
        return self.meter.aggregate.told(self.states.main(state), self._frame(pairs, service, start, end))

    def quantity(self, wanted: Mapping[str, str], near: Near | None = None) -> Exact:
        """
        What the meter comes to in the rated period, in the unit that is sold.

        Args:
            wanted: a group by dimension, whose quantity alone it is; empty for all.
            near: the groups there are, so that no other need be looked at.
        """
        start, end = max(self.window, self.terms.period.start), self.terms.period.end
        places = {self.place(Dimension(name)): value for name, value in wanted.items()}
        if wanted and near is not None and self.levels is None:
            cells = self._of(near.find(self.meter.key, places), start, end)
        else:
            cells = self.cells(start, end)
        pairs = [
            (cell, cells[cell])
            for cell in sorted(cells)
            if all(cell[place] == value for place, value in places.items())
        ]
        opening = None if self.levels is None else self.levels.before([cell for cell, _ in pairs], start)
        state = self.states.main(self.states.all([state for _, state in pairs]))
        frame = Frame(start, end, self.terms.period.micros, opening)
        return self.meter.quantity(self.meter.aggregate.value(state, frame))

    def usage(
        self,
        pairs: Pairs,
        item: Item,
        service: Service,
        start: datetime,
        end: datetime,
        *,
        share: Exact = ONE,
        rolled: Exact = ZERO,
        allotted: Exact | None = None,
        pool: Exact | None = None,
        amounts: Mapping[str, Exact] | None = None,
    ) -> Usage:
        """What a price sees of some cells over [start, end)."""
        states = self.states.all([state for _, state in pairs])
        value = self.meter.quantity(self._value(states, pairs, service, start, end))
        if item.round_quantity is not None:
            value = quantize(value, item.quantity_places, item.round_quantity)

        def cut(axis: Axis) -> dict[str, Usage]:
            place = self.place(axis)
            parts: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
            for group, state in pairs:
                parts.setdefault(group[place], []).append((group, state))
            return {
                cell: self.usage(parts[cell], item, service, start, end, share=share, amounts=amounts)
                for cell in sorted(parts)
            }

        def folded(fold: Fold) -> Any:
            if fold not in self.fold_at:
                raise _lacks(fold)
            return states[self.fold_at[fold]]

        return Usage(
            value, share=share, rolled=rolled, allotted=allotted, pool=pool, amounts=amounts, cut=cut, fold=folded
        )

    def place(self, axis: Axis) -> int:
        """Where an axis stands in the key of a cell."""
        if axis not in self.axes:
            raise _lacks(axis)
        return self.axes.index(axis)

    def dumped(self, start: datetime, end: datetime) -> list[list[object]]:
        """The states of a stretch that counters still run over, for what outlives the period."""
        cells = self.cells(start, end)
        found: list[list[object]] = []
        for group in sorted(cells):
            told: dict[str, object] = {"state": self.states.dump(cells[group])}
            opening = None if self.levels is None else self.levels.told(group, start)
            if opening is not None:
                told["opening"] = opening
            found.append([list(group), told])
        return found


def _metering(terms: Terms, tally: Tally) -> Mapping[str, Any]:
    found = tally.metering.get(terms.customer)
    if found is None:
        raise MismatchError(
            f"the tally was not measured for {terms.customer!r}; measure the records for these terms",
            code="tally.customer",
        )
    return found


def _check(terms: Terms, held: Any, asked: Any) -> None:
    """A tally made for more than these terms ask will do; one made for less won't."""
    if held is None or held.meter != asked.meter:
        raise MismatchError(
            f"the tally was measured for another meter {asked.meter.key!r}; measure the records for these terms",
            code="tally.terms",
        )
    for wish in (*asked.axes, *asked.folds):
        if wish not in held.axes and wish not in held.folds:
            raise _lacks(wish)
    if not set(asked.edges) <= set(held.edges) or not _covers(held, asked):
        raise MismatchError(
            f"the tally cuts or counts {asked.meter.key!r} otherwise than {terms.plan.key!r} does in {terms.period!r}; "
            "measure the records for these terms, or name them as extra",
            code="tally.terms",
        )


def _covers(held: MeterTerms, asked: MeterTerms) -> bool:
    """Whether all usage that the terms price was counted, and not left out as unpriced."""
    unpriced = [start for start, priced in zip(held.edges, held.priced, strict=False) if not priced]
    spans = zip(asked.edges, asked.edges[1:], asked.priced, strict=False)
    return not any(priced and start <= at < end for start, end, priced in spans for at in unpriced)


def _lacks(wish: Axis | Fold) -> MismatchError:
    return MismatchError(
        f"the tally was measured without {wish!r}; measure the records for these terms, or name them as extra",
        code="demand.missing",
    )
