"""
Axes: how a price wants the total cut into cells; by a property, by the local time of day, by the size of the record.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from ._numbers import Exact, total
from .records import UsageRecord, group_text, read_number

__all__ = ["Axis", "Dimension", "Sizes", "Span", "Windows"]


class Dimension(NamedTuple):
    """Cut by the text of a property; a missing one is the cell ""."""

    name: str

    def key(self, value: Exact, record: UsageRecord) -> str:
        """The cell of a record."""
        return group_text(record, self.name)


class Span(NamedTuple):
    """
    A stretch of local time that a window covers.

    `start` and `end` are local times; the end is exclusive, and `start >= end` wraps midnight (equal: the whole day).
    `weekdays` are 0 (Monday) to 6 and name the day on which the stretch begins, `dates` likewise. With both, either is
    enough; with neither, it begins every day.
    """

    start: time
    end: time
    weekdays: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()

    def holds(self, local: datetime) -> bool:
        """Whether a local time lies in it."""
        clock = local.time()
        if self.start < self.end:
            return self.start <= clock < self.end and self._begins(local.date())
        if clock >= self.start:
            return self._begins(local.date())
        return clock < self.end and local.date() > date.min and self._begins(date.fromordinal(local.toordinal() - 1))

    def _begins(self, day: date) -> bool:
        if self.dates and day in self.dates:
            return True
        if self.weekdays:
            return day.weekday() in self.weekdays
        return not self.dates


class Windows(NamedTuple):
    """Cut by local time: the cell is the position of the first window that holds it, or "" when none does."""

    zone: str
    windows: tuple[tuple[Span, ...], ...]

    def key(self, value: Exact, record: UsageRecord) -> str:
        """The cell of a record."""
        local = record.at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        for index, spans in enumerate(self.windows):
            if any(span.holds(local) for span in spans):
                return str(index)
        return ""


class Sizes(NamedTuple):
    """
    Cut by the record's own size: the cell is the number of bounds below it (a bound belongs to what it closes).

    The size is the sum of the properties named in `of`, or the metered value when none is named.
    """

    of: tuple[str, ...]
    bounds: tuple[Decimal, ...]

    def key(self, value: Exact, record: UsageRecord) -> str:
        """The cell of a record."""
        size = total(read_number(record, name) for name in self.of) if self.of else value
        return str(bisect_left(self.bounds, size))


Axis: TypeAlias = Dimension | Windows | Sizes
"""What cuts a total into cells."""
