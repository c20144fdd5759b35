"""Cadences: the cases."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from ratecard._problems import problems
from ratecard.cadence import Cadence, CadenceUnit
from ratecard.errors import DefinitionError
from ratecard.periods import Period, wall


def utc(text: str) -> datetime:
    """An instant from its text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def starts(cadence: Cadence, count: int, *, first: int = 0) -> list[str]:
    """The first boundaries as dates and hours."""
    return [cadence.boundary(n).isoformat()[:16] for n in range(first, first + count)]


def test_month_ends() -> None:
    """A day that a month lacks becomes its last, and comes back in the next that has it."""
    assert starts(Cadence.monthly(anchor="2024-01-31"), 4) == [
        "2024-01-31T00:00", "2024-02-29T00:00", "2024-03-31T00:00", "2024-04-30T00:00",
    ]  # fmt: skip
    assert starts(Cadence.monthly(anchor="2025-03-31"), 3, first=-2) == [
        "2025-01-31T00:00", "2025-02-28T00:00", "2025-03-31T00:00",
    ]  # fmt: skip


def test_leap_day() -> None:
    """A yearly anchor on 29 February is 28 February in common years and returns in leap years."""
    assert [each[:10] for each in starts(Cadence.yearly(anchor="2024-02-29"), 5)] == [
        "2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip
    assert starts(Cadence.yearly(anchor="2000-02-29"), 1, first=-100) == ["1900-02-28T00:00"]


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [
        (Cadence.daily(anchor="2025-02-27"), ["2025-02-27", "2025-02-28", "2025-03-01"]),
        (Cadence.weekly(anchor="2025-02-27"), ["2025-02-27", "2025-03-06", "2025-03-13"]),
        (Cadence.monthly(anchor="2025-02-27"), ["2025-02-27", "2025-03-27", "2025-04-27"]),
        (Cadence.quarterly(anchor="2025-02-27"), ["2025-02-27", "2025-05-27", "2025-08-27"]),
        (Cadence.yearly(anchor="2025-02-27"), ["2025-02-27", "2026-02-27", "2027-02-27"]),
        (Cadence(every=10, unit="day", anchor="2025-02-27"), ["2025-02-27", "2025-03-09", "2025-03-19"]),
        (Cadence(every=2, unit="week", anchor="2025-02-27"), ["2025-02-27", "2025-03-13", "2025-03-27"]),
        (Cadence(every=2, unit="year", anchor="2025-02-27"), ["2025-02-27", "2027-02-27", "2029-02-27"]),
    ],
)
def test_units(cadence: Cadence, expected: list[str]) -> None:
    """Each named cadence steps by its own unit."""
    assert [each[:10] for each in starts(cadence, 3)] == expected


@pytest.mark.parametrize(
    ("unit", "every", "at", "expected"),
    [
        ("day", 1, "2025-05-14T15:00:00", ("2025-05-14", "2025-05-15")),
        ("week", 1, "2025-05-14T15:00:00", ("2025-05-12", "2025-05-19")),
        ("month", 1, "2025-05-14T15:00:00", ("2025-05-01", "2025-06-01")),
        ("month", 3, "2025-05-14T15:00:00", ("2025-04-01", "2025-07-01")),
        ("month", 3, "1999-12-31T23:59:59", ("1999-10-01", "2000-01-01")),
        ("year", 1, "2025-05-14T15:00:00", ("2025-01-01", "2026-01-01")),
    ],
)
def test_calendar(unit: CadenceUnit, every: int, at: str, expected: tuple[str, str]) -> None:
    """A calendar cadence follows the days, Mondays, firsts and new years of the calendar."""
    assert Cadence.calendar(unit, every=every).containing(utc(at)) == Period(*expected)
    there = Cadence.calendar(unit, every=every, zone="Asia/Tokyo")
    assert there.containing(utc(at) - timedelta(hours=9)) == Period(*expected, zone="Asia/Tokyo")


def test_wall_time_kept() -> None:
    """The local time of the anchor stays when the clocks change, and moves out of a gap only where it must."""
    nightly = Cadence.daily(anchor="2025-03-29T02:30:00+01:00", zone="Europe/Stockholm")
    assert starts(nightly, 3) == ["2025-03-29T01:30", "2025-03-30T01:00", "2025-03-31T00:30"]
    autumn = Cadence.daily(anchor="2025-10-25T02:30:00+02:00", zone="Europe/Stockholm")
    assert starts(autumn, 3) == ["2025-10-25T00:30", "2025-10-26T00:30", "2025-10-27T01:30"]


def test_anchor_in_the_second_showing() -> None:
    """An anchor is an instant and starts its period itself, also in the second of two equal hours."""
    anchor = utc("2025-10-26T01:30:00")
    daily = Cadence.daily(anchor=anchor, zone="Europe/Stockholm")
    assert daily.boundary(0) == anchor
    assert daily.containing(anchor) == Period(anchor, "2025-10-27T01:30:00Z", zone="Europe/Stockholm")
    assert daily.index(anchor - timedelta(microseconds=1)) == -1


def test_skipped_day() -> None:
    """The day that Samoa skipped has no period: the one after it stands in its place, and the rest tile."""
    daily = Cadence.daily(anchor="2011-12-29", zone="Pacific/Apia")
    assert daily.boundary(1) == daily.boundary(2)
    eve, after = Period.day(2011, 12, 29, zone="Pacific/Apia"), Period.day(2011, 12, 31, zone="Pacific/Apia")
    assert [daily.period(n) for n in (0, 1, 2)] == [eve, after, after]
    assert list(daily.periods(Period("2011-12-29", "2012-01-01", zone="Pacific/Apia"))) == [eve, after]
    assert daily.index(daily.boundary(1)) == 2
    assert daily.next(eve.start) == after.start
    assert daily.next(after.start) == wall(datetime.fromisoformat("2012-01-01"), "Pacific/Apia")


def test_repeated_hour_before_midnight() -> None:
    """Where clocks go back over midnight, the repeated hour is in the day that has begun."""
    daily = Cadence.calendar("day", zone="America/St_Johns")
    again = utc("2010-11-07T03:00:00")  # 23:30 on the 6th, for the second time
    assert daily.containing(again) == Period.day(2010, 11, 7, zone="America/St_Johns")


def test_index_and_neighbours() -> None:
    """A boundary belongs to the period it starts; `last` may be the instant itself, `next` never is."""
    monthly = Cadence.monthly(anchor="2025-01-31")
    step = timedelta(microseconds=1)
    edge = utc("2025-02-28T00:00:00")
    assert [monthly.index(at) for at in (edge - step, edge, edge + step)] == [0, 1, 1]
    assert [monthly.last(at).month for at in (edge - step, edge)] == [1, 2]
    assert [monthly.next(at).month for at in (edge - step, edge)] == [2, 3]
    assert monthly.index(utc("1924-02-29T00:00:00")) == -1211
    assert monthly.period(-1) == Period("2024-12-31", "2025-01-31")


def test_periods_between() -> None:
    """The periods that overlap a time come whole and in order; a touch or an empty time is no overlap."""
    months = Cadence.calendar("month", zone="Europe/Stockholm")
    zone = "Europe/Stockholm"
    assert list(months.periods(Period("2025-01-15", "2025-03-01", zone=zone))) == [
        Period.month(2025, 1, zone=zone),
        Period.month(2025, 2, zone=zone),
    ]
    assert list(months.periods(Period("2025-01-15", "2025-01-15"))) == []


def test_filled_in() -> None:
    """`at` fills in what a cadence lacks and keeps what it has."""
    open_ended = Cadence.quarterly()
    filled = open_ended.at("2025-01-31", "Asia/Tokyo")
    assert filled == Cadence(every=3, unit="month", anchor="2025-01-31", zone="Asia/Tokyo")
    assert filled.at("2030-01-01", "UTC") is filled
    assert Cadence.monthly(anchor="2025-01-31").at("2030-01-01", "Asia/Tokyo") == Cadence.monthly(
        anchor="2025-01-31", zone="Asia/Tokyo"
    )
    assert Cadence.weekly(zone="Asia/Tokyo").at("2025-01-31", "UTC") == Cadence.weekly(
        anchor=date(2025, 1, 31), zone="Asia/Tokyo"
    )
    for ask in (open_ended.boundary, open_ended.period):
        with pytest.raises(DefinitionError) as error:
            ask(0)
        assert (error.value.code, error.value.path) == ("cadence.anchor", "anchor")
    with pytest.raises(DefinitionError) as error:
        open_ended.index(utc("2025-01-01T00:00:00"))
    assert error.value.code == "cadence.anchor"


@pytest.mark.parametrize("unit", ["day", "week", "month", "year"])
@pytest.mark.parametrize("n", [10**7, -(10**7), 10**30, -(10**30), 10**400])
def test_bounds(unit: CadenceUnit, n: int) -> None:
    """A boundary outside the years 1 to 9000 is refused, however far."""
    with pytest.raises(DefinitionError) as error:
        Cadence(unit=unit, anchor="2025-01-01").boundary(n)
    assert error.value.code == "time.bounds"


def test_last_period() -> None:
    """The period that would end after year 9000 is refused, the one before it is not."""
    yearly = Cadence.yearly(anchor="2025-01-01")
    assert yearly.containing(utc("8999-12-31T23:59:59")) == Period.year(8999)
    with pytest.raises(DefinitionError) as error:
        yearly.index(utc("9000-01-01T00:00:00"))
    assert error.value.code == "time.bounds"


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"every": 0}, "every", "number.small"),
        ({"every": -1}, "every", "number.small"),
        ({"every": 10_001}, "every", "number.large"),
        ({"every": 1.5}, "every", "number.float"),
        ({"every": True}, "every", "number.bool"),
        ({"every": "1.5"}, "every", "integer.type"),
        ({"every": " 1"}, "every", "number.syntax"),
        ({"every": None}, "every", "number.type"),
        ({"unit": "hour"}, "unit", "choice.unknown"),
        ({"anchor": "2025-02-30"}, "anchor", "time.syntax"),
        ({"anchor": "2025-02-03T10:00:00"}, "anchor", "time.naive"),
        ({"zone": "Europe/Stokholm"}, "zone", "zone.unknown"),
        ({"zone": "../UTC"}, "zone", "zone.unknown"),
        ({"months": 1}, "months", "field.unknown"),
    ],
)
def test_refused(given: dict[str, object], path: str, code: str) -> None:
    """Each wrong field is refused at its path by its own code."""
    with pytest.raises(ValidationError) as error:
        Cadence.model_validate(given)
    assert [(each.path, each.code) for each in problems(error.value)] == [(path, code)]


def test_plain_form() -> None:
    """A cadence reads and writes plain data; text numbers count, the anchor keeps its kind and the zone its name."""
    dated = Cadence.model_validate({"every": "3", "unit": "month", "anchor": "2025-01-31", "zone": "Asia/Tokyo"})
    assert dated == Cadence(every=3, unit="month", anchor=date(2025, 1, 31), zone="Asia/Tokyo")
    assert dated.model_dump(mode="json") == {"every": 3, "unit": "month", "anchor": "2025-01-31", "zone": "Asia/Tokyo"}
    timed = Cadence.daily(anchor="2025-01-31T12:00:00+09:00", zone="Asia/Tokyo")
    assert timed.model_dump(mode="json")["anchor"] == "2025-01-31T03:00:00Z"
    for each in (dated, timed, Cadence()):
        assert Cadence.model_validate_json(each.model_dump_json()) == each
        assert hash(Cadence.model_validate_json(each.model_dump_json())) == hash(each)
    assert Cadence() == Cadence.monthly()


def test_dateutil_is_lazy() -> None:
    """Importing the module, and stepping by days, does not load dateutil."""
    told = (
        "import sys; from ratecard.cadence import Cadence; Cadence.daily(anchor='2025-01-01').boundary(5);"
        "sys.exit('dateutil' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
