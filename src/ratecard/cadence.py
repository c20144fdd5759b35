"""
The rhythm of billing: every so many days, weeks, months or years from an anchor, in a zone.

The n-th boundary is the anchor's local time moved by n steps at once, never the boundary before it moved by one. So a
month that is too short clamps to its last day and the next one returns: 31 January, 28 February, 31 March. The moved
local time becomes an instant by the rule of `periods.wall`, and the periods between the boundaries tile the line: every
instant is in exactly one, and none is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ._instants import Zone, clock, instant, moment, out_of_bounds, wall
from ._model import Model, OptionalDay, Whole, default
from .errors import DefinitionError, Problem
from .periods import Period

__all__ = ["Cadence", "CadenceUnit"]

CadenceUnit: TypeAlias = Literal["day", "week", "month", "year"]
"""What a cadence counts in."""

EVERY_MAX = 10_000

# The first of a year, of a quarter, of a month; and a Monday.
_CALENDAR = date(2000, 1, 1)
_CALENDAR_WEEK = date(2000, 1, 3)


class Cadence(Model, frozen=True):
    """
    Every n days, weeks, months or years from an anchor, in a named zone.

    Attributes:
        every: how many units one period has, 1 to 10,000.
        unit: day, week, month or year.
        anchor: the start of period 0, a date or an instant; None is the subscription's own, filled in by `at`.
        zone: the name of the zone whose clock is followed; None is the subscription's, and UTC where there is none.

    >>> monthly = Cadence.monthly(anchor="2025-01-31")
    >>> [monthly.boundary(n).date().isoformat() for n in range(4)]
    ['2025-01-31', '2025-02-28', '2025-03-31', '2025-04-30']
    """

    every: Annotated[Whole, Field(ge=1, le=EVERY_MAX)] = default(1)
    unit: CadenceUnit = default("month")
    anchor: OptionalDay = default(None)
    zone: Zone | None = default(None)

    @classmethod
    def daily(cls, *, anchor: date | str | None = None, zone: str | None = None) -> Cadence:
        """Every day."""
        return cls(unit="day", anchor=anchor, zone=zone)

    @classmethod
    def weekly(cls, *, anchor: date | str | None = None, zone: str | None = None) -> Cadence:
        """Every week."""
        return cls(unit="week", anchor=anchor, zone=zone)

    @classmethod
    def monthly(cls, *, anchor: date | str | None = None, zone: str | None = None) -> Cadence:
        """Every month."""
        return cls(unit="month", anchor=anchor, zone=zone)

    @classmethod
    def quarterly(cls, *, anchor: date | str | None = None, zone: str | None = None) -> Cadence:
        """Every three months."""
        return cls(every=3, unit="month", anchor=anchor, zone=zone)

    @classmethod
    def yearly(cls, *, anchor: date | str | None = None, zone: str | None = None) -> Cadence:
        """Every year."""
        return cls(unit="year", anchor=anchor, zone=zone)

    @classmethod
    def calendar(cls, unit: CadenceUnit, *, every: int = 1, zone: str | None = None) -> Cadence:
        """
        In step with the calendar: days from midnight, weeks from Monday, months from the first, years from 1 January.

        Longer ones are counted from the year 2000, so `every=3` months are calendar quarters.

        >>> from datetime import UTC
        >>> Cadence.calendar("week").containing(datetime(2025, 1, 1, tzinfo=UTC))
        Period('2024-12-30', '2025-01-06')
        """
        return cls(every=every, unit=unit, anchor=_CALENDAR_WEEK if unit == "week" else _CALENDAR, zone=zone)

    def at(self, anchor: date | str, zone: str) -> Cadence:
        """The same cadence with its anchor and zone filled in, where it has none of its own."""
        if self.anchor is not None and self.zone is not None:
            return self
        return Cadence(
            every=self.every,
            unit=self.unit,
            anchor=anchor if self.anchor is None else self.anchor,
            zone=zone if self.zone is None else self.zone,
        )

    def boundary(self, n: int) -> datetime:
        """
        The start of period n, in UTC; number 0 is the anchor, and n may be negative.

        Raises:
            DefinitionError: `cadence.anchor` without an anchor, `time.bounds` outside the years 1 to 9000.
        """
        return _boundary(self.unit, self.every, self._anchored(), self.zone or "UTC", n)

    def index(self, at: datetime) -> int:
        """
        The number of the period that an instant is in.

        Raises:
            DefinitionError: as `boundary`, also when the period of that instant ends after year 9000.
        """
        at = instant(at)
        zone = self.zone or "UTC"
        n = _estimate(self.unit, self.every, _wall_time(self._anchored(), zone), clock(at, zone))
        # The time of day, a clamped day and a jump of the clock move the estimate by one or two at most.
        while self.boundary(n) > at:
            n -= 1
        while self.boundary(n + 1) <= at:
            n += 1
        return n

    def period(self, n: int) -> Period:
        """
        Period n. Where clocks skipped it whole, as Samoa did 30 December 2011, the next one stands for it.

        >>> Cadence.quarterly(anchor="2025-01-31").period(1)
        Period('2025-04-30', '2025-07-31')
        """
        start = self.boundary(n)
        end = self.boundary(n + 1)
        while end == start:
            n += 1
            end = self.boundary(n + 1)
        return Period(start, end, zone=self.zone or "UTC")

    def containing(self, at: datetime) -> Period:
        """The one period that an instant is in."""
        return self.period(self.index(at))

    def periods(self, between: Period) -> Iterator[Period]:
        """
        The whole periods that have time in common with the given one, in order.

        >>> months = Cadence.calendar("month")
        >>> list(months.periods(Period("2025-01-15", "2025-02-02")))
        [Period('2025-01-01', '2025-02-01'), Period('2025-02-01', '2025-03-01')]
        """
        if between.empty:
            return
        n = self.index(between.start)
        start = self.boundary(n)
        while start < between.end:
            n += 1
            end = self.boundary(n)
            if start < end:
                yield Period(start, end, zone=self.zone or "UTC")
            start = end

    def last(self, at: datetime) -> datetime:
        """The last boundary at or before an instant."""
        return self.boundary(self.index(at))

    def next(self, at: datetime) -> datetime:
        """The first boundary after an instant."""
        return self.boundary(self.index(at) + 1)

    def _anchored(self) -> date | datetime:
        if self.anchor is None:
            words = "this cadence has no anchor; give it one, or fill it in with `at`"
            raise DefinitionError([Problem("anchor", "cadence.anchor", words)], what="the cadence")
        return self.anchor


@lru_cache(maxsize=4096)
def _boundary(unit: CadenceUnit, every: int, anchor: date | datetime, zone: str, n: int) -> datetime:
    if not n:
        # The anchor is an instant already; its wall time could be the second of two.
        return moment(anchor, zone)
    return wall(_shifted(_wall_time(anchor, zone), unit, every * n), zone)


def _wall_time(anchor: date | datetime, zone: str) -> datetime:
    if isinstance(anchor, datetime):
        return clock(anchor, zone)
    return datetime.combine(anchor, time())


def _estimate(unit: CadenceUnit, every: int, first: datetime, at: datetime) -> int:
    """The number of steps from one local time to another by the calendar, a step too many or too few at most."""
    if unit == "day":
        return (at.toordinal() - first.toordinal()) // every
    if unit == "week":
        return (at.toordinal() - first.toordinal()) // (7 * every)
    months = 12 * (at.year - first.year) + at.month - first.month
    return months // every if unit == "month" else months // (12 * every)


def _shifted(local: datetime, unit: CadenceUnit, steps: int) -> datetime:
    """A local time moved by days, weeks, months or years; a day that the month lacks becomes its last."""
    try:
        if unit == "day":
            return local + timedelta(days=steps)
        if unit == "week":
            return local + timedelta(days=7 * steps)
        from dateutil.relativedelta import relativedelta  # noqa: PLC0415  (only those who move by months pay for it)

        return local + (relativedelta(months=steps) if unit == "month" else relativedelta(years=steps))
    except (OverflowError, ValueError):
        raise out_of_bounds() from None
