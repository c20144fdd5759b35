"""
What a meter of levels held just before an instant, in one of its cells or in several together.

Levels of cells are not added up either. Several cells together are one gauge that reads the records of all of them:
of `set` the last record counts, whichever cell it fell to, and of `delta` they all do. So what an item sees does not
depend on how finely others cut its meter. This holds over the end of a period as well, hence a carry tells of a cell
not only what it was set to, but also when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from .._numbers import ZERO, Exact, exact, number, sub, text
from ..errors import MismatchError
from ..meters import Frame, Given, Level, Peak
from ..plans import MeterTerms, Terms
from ._tally import Cells, States

__all__ = ["Group", "Levels"]

Group: TypeAlias = tuple[str, ...]

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
"""When a level was set that a carry gives without its time."""


class Levels:
    """
    The levels of one meter of one customer.

    Args:
        terms: the terms that are charged.
        held: how the meter was measured, for these terms or for more.
        segments: the cells of each of its segments.
        carried: what each cell held at the window's start, as the carry has it.
        openings: the same for the starts of counters that began before the window.
    """

    __slots__ = ("_aggregate", "_base", "_cut", "_edges", "_held", "_openings", "_segments", "_started", "_states",
                 "_window", "key")  # fmt: skip

    def __init__(
        self,
        terms: Terms,
        held: MeterTerms,
        segments: list[Cells],
        carried: Mapping[Group, Any],
        openings: Mapping[datetime, Mapping[Group, Any]],
    ) -> None:
        aggregate = held.meter.aggregate
        assert isinstance(aggregate, Level | Peak)
        self.key = held.meter.key
        self._aggregate = aggregate
        self._states = States(held)
        self._cut = bool(held.axes)
        self._edges = held.edges
        self._segments = segments
        self._window = terms.meters[self.key].edges[0]
        self._started = terms.started
        # What cells held that no record has touched; with a carry all that came before is known.
        stated = None if aggregate.opening is None else number(aggregate.opening)
        self._base: Exact | None = ZERO if stated is None and terms.carry is not None else stated
        self._held = {group: self._read(told, self._window) for group, told in carried.items()}
        self._openings = {
            start: {group: self._read(told, start) for group, told in groups.items()}
            for start, groups in openings.items()
        }

    def _read(self, told: Any, before: datetime) -> list[Any] | None:
        """The records that stand for what a carry tells of a cell; None for what it doesn't know."""
        if told is None:
            return None
        if isinstance(told, str):
            level = exact(told)
            if self._aggregate.mode == "delta" and self._base is not None:
                level = sub(level, self._base)
            return [(_LONG_AGO, "", "", level)]
        found: list[Any] = self._aggregate.load(told)
        if any(at >= before for at, *_ in found):
            raise MismatchError(
                f"the carry says that {self.key!r} was set after {before.isoformat()}, where it ends; give the carry "
                "as its statement wrote it",
                code="carry.levels",
            )
        return found

    def untouched(self, start: datetime | None = None) -> list[Group]:
        """
        The cells whose level is known without a record: carried in, or stated by the meter.

        Args:
            start: of what is looked at, which may lie before the window: later cells are not of it.
        """
        held = self._held if start is None else self._openings.get(start, self._held)
        opens = not self._cut and self._aggregate.opening is not None and () not in held
        return [*held, *([()] if opens else [])]

    def before(self, groups: Iterable[Group], at: datetime) -> Exact | None:
        """The level of some cells together just before an instant; None where the meter or nothing tells it."""
        places, base, given = self._seen(groups, at)
        if given is not None:
            return given.value
        if self._aggregate.mode == "set" and sum(place[0] == _LONG_AGO for place in places) > 1:
            self._check_last(places)
        try:
            return self._aggregate.closing(places, Frame(at, at, 1, base))
        except MismatchError:
            return None

    def told(self, group: Group, at: datetime) -> Any:
        """What a carry tells of a cell just before an instant: its level, or its last record; None if not known."""
        if not self._cut or self._aggregate.mode == "delta":
            level = self.before([group], at)
            return None if level is None else text(level)
        places, base, given = self._seen([group], at)
        if given is not None:
            return text(given.value)
        if not places:
            return None if base is None else []
        last = max(places)
        return text(last[3]) if last[0] == _LONG_AGO else self._aggregate.dump([last])

    def _seen(self, groups: Iterable[Group], at: datetime) -> tuple[list[Any], Exact | None, Given | None]:
        """All records of some cells before an instant, what was held before them, and the quantity given instead."""
        groups = list(groups)
        carried = self._openings.get(at, self._held)
        base = self._base
        if base is None and self._started >= min(at, self._window):
            base = ZERO
        places: list[Any] = []
        for group in groups:
            known = carried.get(group, ())
            if known is None:
                base = None
            else:
                places += known
        state = self._states.zero()
        if at not in self._openings:
            for index, segment in enumerate(self._segments):
                if self._window <= self._edges[index] and self._edges[index + 1] <= at:
                    for group in groups:
                        if group in segment:
                            state = self._states.merge(state, segment[group])
        own = self._states.main(state)
        if isinstance(own, Given):
            return [], base, own
        return [*places, *own], base, None

    def _check_last(self, places: list[Any]) -> None:
        """Of several cells that were set the last one counts, so it must be known which that is."""
        if max(places)[0] == _LONG_AGO:
            raise MismatchError(
                f"the carry does not say which level of {self.key!r} was set last, and an item reads several groups as "
                "one; give each as [[time, source, id, level]]",
                code="carry.levels",
            )
