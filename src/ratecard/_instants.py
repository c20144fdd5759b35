"""
Instants, zones and local days.

Inside the library every time is an instant in UTC. Local days come in by one rule, `wall`: a local time means the first
instant at which the clock of the zone reads at least that. So a time that the clock skips means the first instant after
the gap, a time that it shows twice means the first of the two, and a later local time never means an earlier instant.

The days of a zone are counted by that rule too: day d holds the instants from its own local midnight up to the next
one's.
"""

from __future__ import annotations

import difflib
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from ._model import read_day, refuse
from .errors import DefinitionError, Problem

__all__ = [
    "YEAR_MAX",
    "Zone",
    "check_zone",
    "clock",
    "day_number",
    "fault",
    "instant",
    "local_midnight",
    "moment",
    "out_of_bounds",
    "thirty_day_number",
    "wall",
]

YEAR_MAX = 9000

_SECOND = timedelta(seconds=1)
# These resolve on some machines and mean another thing on each, or count leap seconds.
_FOREIGN = ("localtime", "posixrules", "posix/", "right/")


def instant(value: datetime | str) -> datetime:
    """
    An aware datetime, or ISO text with a zone, as a datetime in UTC; digits past the microsecond are cut.

    Raises:
        DefinitionError: `time.naive` without a zone, `time.type` for a bare date, `time.syntax`, `time.bounds`.

    >>> instant("2025-01-31T12:00:00+01:00")
    datetime.datetime(2025, 1, 31, 11, 0, tzinfo=datetime.timezone.utc)
    """
    found = value if isinstance(value, datetime) and value.tzinfo is UTC else read_day(value)
    if not isinstance(found, datetime):
        raise fault("time.type", "an instant is wanted, not a bare date; write '2025-01-31T12:00:00Z'")
    if found.year > YEAR_MAX:
        raise out_of_bounds()
    if found.__class__ is not datetime or found.fold:
        # A subclass may carry more than an instant; a fold says nothing in UTC.
        return datetime.combine(found.date(), found.time().replace(fold=0), tzinfo=UTC)
    return found


def told_at(value: datetime | str, name: str = "at") -> datetime:
    """
    An instant that came as an argument of a call, which what is wrong with it names.

    Raises:
        DefinitionError: as `instant`, with the argument as its path.
    """
    try:
        return instant(value)
    except DefinitionError as error:
        found = [Problem(name, each.code, each.text) for each in error.problems]
        raise DefinitionError(found, what="the call") from None


def moment(value: date | str, zone: str) -> datetime:
    """
    What a date or an instant means in a zone: a bare date its local midnight, an instant itself.

    >>> moment("2025-07-01", "Europe/Stockholm")
    datetime.datetime(2025, 6, 30, 22, 0, tzinfo=datetime.timezone.utc)
    """
    found = value if isinstance(value, datetime) else read_day(value)
    return instant(found) if isinstance(found, datetime) else local_midnight(found, zone)


def local_midnight(day: date, zone: str) -> datetime:
    """
    The first instant of a local day, in UTC: its midnight, or where clocks skip that, the first instant after the gap.

    >>> local_midnight(date(2018, 11, 4), "America/Sao_Paulo")
    datetime.datetime(2018, 11, 4, 3, 0, tzinfo=datetime.timezone.utc)
    """
    return wall(datetime.combine(day, time()), zone)


def wall(local: datetime, zone: str) -> datetime:
    """
    The first instant at which the clock of a zone reads at least a local time, in UTC.

    Args:
        local: the local time, without a zone.
        zone: the name of the zone.

    Raises:
        DefinitionError: `time.aware` when the time has a zone of its own, `time.bounds`, `zone.unknown`.

    >>> wall(datetime(2025, 3, 30, 2, 30), "Europe/Stockholm")
    datetime.datetime(2025, 3, 30, 1, 0, tzinfo=datetime.timezone.utc)
    """
    if local.tzinfo is not None:
        raise fault("time.aware", "a local time is wanted, without a zone; leave the zone out or use `instant`")
    info = _zone(zone)
    try:
        late = local.replace(tzinfo=info, fold=0).astimezone(UTC)
        if late.astimezone(info).replace(tzinfo=None) != local:
            late = _after_gap(local, info)
    except OverflowError:
        raise out_of_bounds() from None
    return instant(late)


def clock(at: datetime, zone: str) -> datetime:
    """
    What the clock of a zone shows at an instant, without a zone; `fold` is 1 where it shows that for the second time.

    Raises:
        DefinitionError: `zone.unknown`, or one of `time.*`.

    >>> clock(datetime(2025, 7, 1, 12, tzinfo=UTC), "Asia/Kolkata")
    datetime.datetime(2025, 7, 1, 17, 30)
    """
    try:
        return instant(at).astimezone(_zone(zone)).replace(tzinfo=None)
    except OverflowError:
        raise out_of_bounds() from None


def _after_gap(local: datetime, info: ZoneInfo) -> datetime:
    """The instant at which a clock jumped over a local time."""
    # Read by the offset after the jump it is before the jump, and the other way round; clocks jump at whole seconds.
    early = local.replace(tzinfo=info, fold=1, microsecond=0).astimezone(UTC)
    late = local.replace(tzinfo=info, fold=0, microsecond=0).astimezone(UTC)
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if middle.astimezone(info).replace(tzinfo=None) < local:
            early = middle
        else:
            late = middle
    return late


def check_zone(name: object) -> str:
    """
    The name of a zone of the IANA time zone database, unchanged.

    Raises:
        DefinitionError: `zone.unknown`, with near names.

    >>> check_zone("Europe/Stockholm")
    'Europe/Stockholm'
    """
    if not isinstance(name, str):
        raise fault("zone.unknown", f"a zone is written as text, not {type(name).__name__}; use 'Europe/Stockholm'")
    _zone(name)
    return name


def _zone_field(name: str) -> str:
    try:
        check_zone(name)
    except DefinitionError as error:
        refuse(error.problems)
    return name


Zone = Annotated[str, AfterValidator(_zone_field)]
"""A field that holds the name of a time zone."""


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    # zoneinfo keeps only its last eight for sure; customers live in more zones than that.
    try:
        if not name.startswith(_FOREIGN):
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    near = difflib.get_close_matches(name[:40], _zone_names(), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "write a name such as 'Europe/Stockholm' or 'UTC'"
    raise fault("zone.unknown", f"there is no time zone {name[:40]!r}; {hint}")


@lru_cache(maxsize=1)
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(each for each in available_timezones() if not each.startswith(_FOREIGN)))


def day_number(at: datetime, zone: str) -> int:
    """
    The number of the local day an instant is in: 1 for 1 January of year 1, as `date.toordinal` counts.

    A day starts at its `local_midnight`. Where clocks go back over midnight, the repeated hour before it belongs to the
    day that has begun, so the number never falls as time goes on. A date the zone skipped still has its number.

    Raises:
        DefinitionError: `zone.unknown`, or one of `time.*`.
    """
    at = instant(at)
    local = clock(at, zone)
    number = local.toordinal()
    # Only the second showing of a time can come after the midnight that follows it.
    if local.fold and local_midnight(date.fromordinal(number + 1), zone) <= at:
        return number + 1
    return number


def thirty_day_number(at: datetime, zone: str) -> int:
    """
    The number of the local day in a year of 12 months of 30 days: 360 y + 30 m + min(d, 30).

    This is 30E/360, in which both days are capped at 30 (as "30E/360" in the 2006 ISDA Definitions, section 4.16(g)).
    The day number of the American rule depends on the other end, so its pieces would not add up.

    >>> [thirty_day_number(datetime(2025, 3, day, tzinfo=UTC), "UTC") - 360 * 2025 for day in (29, 30, 31)]
    [119, 120, 120]
    """
    day = date.fromordinal(day_number(at, zone))
    return 360 * day.year + 30 * day.month + min(day.day, 30)


def out_of_bounds() -> DefinitionError:
    """The refusal of a time that no calendar here can hold."""
    return fault("time.bounds", f"this time is outside the years that can be counted; use 1 to {YEAR_MAX}")


def fault(code: str, words: str) -> DefinitionError:
    """The refusal of one thing about a time or a period."""
    return DefinitionError([Problem("", code, words)])
