"""
The half-open period `[start, end)`, and what share of a period a part of it is.

What an instant, a zone and a local day are stands in `_instants`, and is offered here as well. Proration is a
difference of its counts over another, therefore pieces always add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal, TypeAlias, TypeVar, cast

from ._instants import (
    YEAR_MAX,
    Zone,
    check_zone,
    clock,
    day_number,
    fault,
    instant,
    local_midnight,
    moment,
    out_of_bounds,
    thirty_day_number,
    wall,
)
from ._model import read_day, show_day
from ._numbers import CONTEXT, ONE, ZERO, Exact, div, plain
from .errors import DefinitionError, MismatchError, Problem

__all__ = [
    "Period",
    "Proration",
    "Zone",
    "check_zone",
    "clock",
    "day_number",
    "instant",
    "local_midnight",
    "moment",
    "share",
    "thirty_day_number",
    "wall",
]

T = TypeVar("T")

Proration: TypeAlias = Literal["day", "second", "30/360", "none"]
"""How a part of a period is counted: by local days, by exact time, by months of 30 days, or not at all."""

_MICROSECOND = timedelta(microseconds=1)


class Period:
    """
    The time from one instant up to, and without, another: `[start, end)`. It may be empty.

    Args:
        start: a date, an aware datetime, or ISO text of either; a date means local midnight in `zone`.
        end: the same; not before `start`.
        zone: the name of the zone in which the period's days are counted.

    Attributes:
        start: the first instant, in UTC.
        end: the first instant after it, in UTC.
        zone: as given.

    Raises:
        DefinitionError: `period.order`, `zone.unknown`, or one of `time.*`.

    >>> january = Period("2025-01-01", "2025-02-01", zone="Europe/Stockholm")
    >>> january.start.isoformat(), january.days
    ('2024-12-31T23:00:00+00:00', 31)
    """

    __slots__ = ("end", "start", "zone")

    start: datetime
    end: datetime
    zone: str

    def __init__(self, start: date | str, end: date | str, *, zone: str = "UTC") -> None:
        self.zone = check_zone(zone)
        self.start = moment(start, zone)
        self.end = moment(end, zone)
        if self.end < self.start:
            raise fault(
                "period.order",
                f"the end, {show_day(self.end)}, is before the start, {show_day(self.start)}; give the earlier first",
            )

    @classmethod
    def day(cls, year: int, month: int, day: int, *, zone: str = "UTC") -> Period:
        """One local day, midnight to midnight."""
        first = _date(year, month, day)
        return cls(first, _date_after(first), zone=zone)

    @classmethod
    def month(cls, year: int, month: int, *, zone: str = "UTC") -> Period:
        """
        One calendar month.

        >>> Period.month(2025, 1)
        Period('2025-01-01', '2025-02-01')
        """
        return cls._months(_date(year, month, 1), 1, zone)

    @classmethod
    def quarter(cls, year: int, quarter: int, *, zone: str = "UTC") -> Period:
        """One calendar quarter, numbered 1 to 4."""
        if type(quarter) is not int or quarter not in (1, 2, 3, 4):
            raise fault("time.date", f"there is no quarter {_brief(quarter)}; use 1 to 4")
        return cls._months(_date(year, 3 * quarter - 2, 1), 3, zone)

    @classmethod
    def year(cls, year: int, *, zone: str = "UTC") -> Period:
        """One calendar year."""
        return cls._months(_date(year, 1, 1), 12, zone)

    @classmethod
    def _months(cls, first: date, count: int, zone: str) -> Period:
        more, before = divmod(first.month - 1 + count, 12)
        return cls(first, date(first.year + more, before + 1, 1), zone=zone)

    @property
    def empty(self) -> bool:
        """Whether no instant is in it."""
        return self.start == self.end

    @property
    def micros(self) -> int:
        """Its length in microseconds."""
        return (self.end - self.start) // _MICROSECOND

    @property
    def seconds(self) -> Decimal:
        """Its exact length in seconds."""
        return plain(CONTEXT.scaleb(Decimal(self.micros), -6))

    @property
    def days(self) -> int:
        """
        How many days of its zone it has; each end falls back to its local midnight.

        >>> Period("2025-03-29T18:00:00Z", "2025-03-31T01:00:00Z", zone="Europe/Berlin").days
        2
        """
        return day_number(self.end, self.zone) - day_number(self.start, self.zone)

    def contains(self, at: datetime) -> bool:
        """Whether the instant is in it; its own end is not."""
        return self.start <= instant(at) < self.end

    def overlap(self, other: Period) -> Period | None:
        """
        What both have in common, in this period's zone; None where that is nothing.

        >>> Period.year(2025).overlap(Period("2024-12-01", "2025-02-01"))
        Period('2025-01-01', '2025-02-01')
        """
        start, end = max(self.start, other.start), min(self.end, other.end)
        return _between(start, end, self.zone) if start < end else None

    def split(self, *at: date | str) -> list[Period]:
        """
        The pieces it falls into when cut at these days or instants; cuts outside it or at its ends change nothing.

        >>> Period.month(2025, 1).split("2025-01-11", "2025-03-01")
        [Period('2025-01-01', '2025-01-11'), Period('2025-01-11', '2025-02-01')]
        """
        cuts = sorted({moment(each, self.zone) for each in at})
        edges = [self.start, *(cut for cut in cuts if self.start < cut < self.end), self.end]
        return [_between(a, b, self.zone) for a, b in pairwise(edges)]

    def gaps(self, periods: Iterable[Period]) -> list[Period]:
        """
        The parts of it that none of the periods covers, in order.

        >>> Period.month(2025, 1).gaps([Period("2025-01-05", "2025-01-10"), Period("2025-01-08", "2025-01-20")])
        [Period('2025-01-01', '2025-01-05'), Period('2025-01-20', '2025-02-01')]
        """
        found: list[Period] = []
        reached = self.start
        for each in sorted(each for each in periods if not each.empty):
            if reached < min(each.start, self.end):
                found.append(_between(reached, min(each.start, self.end), self.zone))
            reached = max(reached, each.end)
        if reached < self.end:
            found.append(_between(reached, self.end, self.zone))
        return found

    def to_json(self) -> dict[str, str]:
        """Its plain form: both instants as ISO text in UTC, and the zone by name."""
        return {"start": show_day(self.start), "end": show_day(self.end), "zone": self.zone}

    @classmethod
    def from_json(cls, value: object) -> Period:
        """
        Read what `to_json` wrote; `zone` may be left out and is then UTC.

        Raises:
            DefinitionError: `model.type`, `field.missing`, `field.unknown`, or as the constructor.
        """
        if not isinstance(value, Mapping):
            raise fault("model.type", "a period is written as a mapping with start and end")
        plain_data = cast(Mapping[object, object], value)
        given = {key if isinstance(key, str) else type(key).__name__: each for key, each in plain_data.items()}
        found = [
            Problem(name, "field.missing", "this field is required; add it")
            for name in ("start", "end")
            if name not in given
        ] + [
            Problem(name[:40], "field.unknown", "no such field here; remove it or correct its name")
            for name in given
            if name not in cls.__slots__
        ]
        if found:
            raise DefinitionError(found, what="the period")
        zone = _field("zone", check_zone, given.get("zone", "UTC"))
        start, end = (_field(name, lambda each: moment(read_day(each), zone), given[name]) for name in ("start", "end"))
        return cls(start, end, zone=zone)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Period):
            return NotImplemented
        return self.start == other.start and self.end == other.end and self.zone == other.zone

    def __hash__(self) -> int:
        return hash((self.start, self.end, self.zone))

    def __lt__(self, other: Period) -> bool:
        return (self.start, self.end, self.zone) < (other.start, other.end, other.zone)

    def __repr__(self) -> str:
        zone = "" if self.zone == "UTC" else f", zone={self.zone!r}"
        return f"Period({_shown(self.start, self.zone)!r}, {_shown(self.end, self.zone)!r}{zone})"

    def __reduce__(self) -> tuple[object, ...]:
        # Through the constructor, so that a copy is checked like anything else that comes in.
        return (_rebuilt, (self.start, self.end, self.zone))


def _rebuilt(start: datetime, end: datetime, zone: str) -> Period:
    return Period(start, end, zone=zone)


def _between(start: datetime, end: datetime, zone: str) -> Period:
    """A period of ends that are known to be sound."""
    found = Period.__new__(Period)
    found.start = start
    found.end = end
    found.zone = zone
    return found


def _shown(at: datetime, zone: str) -> str:
    day = date.fromordinal(day_number(at, zone))
    return show_day(day if local_midnight(day, zone) == at else at)


def _field(path: str, read: Callable[[object], T], value: object) -> T:
    """One field of plain data; what is wrong with it is told with its path."""
    try:
        return read(value)
    except DefinitionError as error:
        found = [Problem(path, each.code, each.text) for each in error.problems]
        raise DefinitionError(found, what="the period") from None


def share(part: Period, full: Period, how: Proration) -> Exact:
    """
    What share of a full period a part of it is, from 0 to 1.

    Formula: count(part) / count(full), where the count is the difference of a number at the end and at the start:
    microseconds for `second`, `day_number` for `day`, `thirty_day_number` for `30/360`, days in the zone of the part.
    An empty part is 0, the whole is 1, and for `none` every part that is not empty is 1. The shares of the pieces of a
    full period add up to 1, except for `none`.

    A full period without a single day by the count asked for (both ends on one day, or 30 and 31 January by `30/360`)
    is counted by days, and if it has none of those either, by microseconds.

    Args:
        part: the time to be paid.
        full: the time that the whole price is for.
        how: the count.

    Raises:
        MismatchError: `period.outside` when the part is not inside the full period.

    >>> share(Period("2025-01-01", "2025-01-11"), Period.month(2025, 1), "day")
    Ratio('10/31')
    >>> share(Period("2025-04-01", "2025-04-16"), Period.month(2025, 4), "second")
    Decimal('0.5')
    """
    if part.start < full.start or part.end > full.end:
        raise MismatchError(f"{part!r} is not inside {full!r}; give the overlap of both", code="period.outside")
    if part.empty:
        return ZERO
    if how == "none" or (part.start == full.start and part.end == full.end):
        return ONE
    if how == "30/360":
        whole = _thirty_days(full, part.zone)
        if whole:
            return div(Decimal(_thirty_days(part, part.zone)), whole)
    if how != "second":
        whole = _days(full, part.zone)
        if whole:
            return div(Decimal(_days(part, part.zone)), whole)
    return div(Decimal(part.micros), full.micros)


def _days(period: Period, zone: str) -> int:
    return day_number(period.end, zone) - day_number(period.start, zone)


def _thirty_days(period: Period, zone: str) -> int:
    return thirty_day_number(period.end, zone) - thirty_day_number(period.start, zone)


def _date(year: int, month: int, day: int) -> date:
    for part in (year, month, day):
        if type(part) is not int:
            raise fault("time.date", f"{_brief(part)} is no part of a date; write whole numbers, such as 2025, 1, 31")
    try:
        found = date(year, month, day)
    except (ValueError, OverflowError):
        shown = "-".join(_brief(each) for each in (year, month, day))
        raise fault("time.date", f"there is no day {shown}; give a year, a month and a day of the calendar") from None
    if found.year > YEAR_MAX:
        raise out_of_bounds()
    return found


def _brief(part: object) -> str:
    # A number of thousands of digits cannot even be written out.
    if type(part) is int:
        return str(part) if -9999 <= part < 100_000 else "?"
    return repr(part[:20]) if isinstance(part, str) else type(part).__name__


def _date_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
