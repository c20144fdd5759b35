"""Instants, local days, periods and shares: the cases."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from ratecard._numbers import Exact, Ratio
from ratecard._problems import problems
from ratecard.errors import DefinitionError, MismatchError
from ratecard.periods import (
    Period,
    Proration,
    Zone,
    check_zone,
    clock,
    day_number,
    instant,
    local_midnight,
    moment,
    share,
    thirty_day_number,
    wall,
)

SHIFTED = timezone(timedelta(hours=2))


def fraction(value: Exact) -> Fraction:
    """An exact value by the oracle's arithmetic."""
    return Fraction(value.numerator) / value.denominator if isinstance(value, Ratio) else Fraction(value)


def utc(text: str) -> datetime:
    """An instant from its text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def code(error: pytest.ExceptionInfo[DefinitionError]) -> str:
    """The stable code of a caught refusal."""
    return error.value.code


class Later(datetime):
    """A datetime of some other library."""


# Instants


@pytest.mark.parametrize(
    "given",
    [
        "2025-01-31T12:00:00Z",
        "2025-01-31T13:00:00+01:00",
        datetime(2025, 1, 31, 12, tzinfo=UTC),
        datetime(2025, 1, 31, 14, tzinfo=SHIFTED),
        datetime(2025, 1, 31, 12, fold=1, tzinfo=UTC),
        datetime(2025, 1, 31, 13, tzinfo=ZoneInfo("Europe/Stockholm")),
        Later(2025, 1, 31, 12, tzinfo=UTC),
        Later(2025, 1, 31, 14, tzinfo=SHIFTED),
    ],
)
def test_instant(given: datetime | str) -> None:
    """An aware time of any kind comes out as a plain datetime in UTC."""
    found = instant(given)
    assert found == utc("2025-01-31T12:00:00")
    assert (type(found), found.tzinfo, found.fold) == (datetime, UTC, 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2025-01-31T12:00:00", "time.naive"),
        (datetime.fromisoformat("2025-01-31T12:00:00"), "time.naive"),
        ("2025-01-31", "time.type"),
        (date(2025, 1, 31), "time.type"),
        (1735689600, "time.type"),
        (None, "time.type"),
        ("yesterday", "time.syntax"),
        ("9001-01-01T00:00:00Z", "time.bounds"),
        ("0001-01-01T00:00:00+01:00", "time.bounds"),
    ],
)
def test_instant_refused(given: object, expected: str) -> None:
    """What names no single instant inside the bounds is refused by its own code."""
    with pytest.raises(DefinitionError) as error:
        instant(given)  # type: ignore[arg-type]
    assert code(error) == expected


def test_instant_last() -> None:
    """The last instant of year 9000 counts, and the first of year 1 too."""
    assert instant("9000-12-31T23:59:59.999999Z").year == 9000
    assert instant("0001-01-01T00:00:00Z").year == 1


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        ("2025-01-01", "UTC", "2025-01-01T00:00:00"),
        ("2025-07-01", "Europe/Stockholm", "2025-06-30T22:00:00"),
        # Midnight does not exist: clocks go from 00:00 to 01:00.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00"),
        ("2024-04-26", "Africa/Cairo", "2024-04-25T22:00:00"),
        # The whole day does not exist.
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00"),
        # Midnight comes twice: clocks went from 00:01 back to 23:01.
        ("2010-11-07", "America/St_Johns", "2010-11-07T02:30:00"),
        # Clocks went from midnight back to 23:00, so midnight comes once, an hour later.
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00"),
    ],
)
def test_local_midnight(day: str, zone: str, expected: str) -> None:
    """A local day starts at the first instant at which its clock reads midnight or more."""
    assert local_midnight(date.fromisoformat(day), zone) == utc(expected)


@pytest.mark.parametrize(
    ("local", "zone", "expected"),
    [
        ("2025-03-30T02:30:00", "Europe/Stockholm", "2025-03-30T01:00:00"),
        ("2025-03-30T02:00:00", "Europe/Stockholm", "2025-03-30T01:00:00"),
        ("2025-03-30T02:59:59.999999", "Europe/Stockholm", "2025-03-30T01:00:00"),
        ("2025-03-30T03:00:00", "Europe/Stockholm", "2025-03-30T01:00:00"),
        ("2025-03-30T01:59:59.999999", "Europe/Stockholm", "2025-03-30T00:59:59.999999"),
        ("2025-10-26T02:30:00", "Europe/Stockholm", "2025-10-26T00:30:00"),
        ("2025-10-05T02:10:00.5", "Australia/Lord_Howe", "2025-10-04T15:30:00"),
        ("2025-04-06T01:45:00", "Australia/Lord_Howe", "2025-04-05T14:45:00"),
        ("2011-12-30T17:00:00", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("1883-11-18T12:03:00", "America/New_York", "1883-11-18T16:59:02"),
    ],
)
def test_wall(local: str, zone: str, expected: str) -> None:
    """A local time in a gap is the first instant after it, in a fold the first of the two."""
    assert wall(datetime.fromisoformat(local), zone) == utc(expected)


def test_wall_refused() -> None:
    """A local time with a zone of its own is refused, and so is one outside the years."""
    with pytest.raises(DefinitionError) as error:
        wall(datetime(2025, 1, 1, tzinfo=UTC), "UTC")
    assert code(error) == "time.aware"
    for text, zone in [
        ("0001-01-01T00:00:00", "Asia/Tokyo"),
        ("9999-12-31T23:00:00", "America/New_York"),
        ("9001-01-01T00:00:00", "UTC"),
    ]:
        with pytest.raises(DefinitionError) as error:
            wall(datetime.fromisoformat(text), zone)
        assert code(error) == "time.bounds"


def test_clock() -> None:
    """The clock of a zone tells the time without a zone, and which of two showings it is."""
    assert clock(utc("2025-10-26T00:30:00"), "Europe/Stockholm").isoformat() == "2025-10-26T02:30:00"
    first, second = (clock(utc(f"2025-10-26T0{hour}:30:00"), "Europe/Stockholm") for hour in (0, 1))
    assert first == second
    assert (first.fold, second.fold) == (0, 1)
    with pytest.raises(DefinitionError) as error:
        clock(utc("0001-01-01T00:00:00"), "America/New_York")
    assert code(error) == "time.bounds"


def test_moment() -> None:
    """A date means its local midnight, an instant means itself, and text means either."""
    midnight = utc("2025-06-30T22:00:00")
    assert moment("2025-07-01", "Europe/Stockholm") == midnight
    assert moment(date(2025, 7, 1), "Europe/Stockholm") == midnight
    assert moment("2025-07-01T00:00:00+02:00", "Asia/Tokyo") == midnight
    assert moment(midnight, "Asia/Tokyo") == midnight
    with pytest.raises(DefinitionError) as error:
        moment(date(9001, 1, 1), "UTC")
    assert code(error) == "time.bounds"


# Zones


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Stokholm", "", "..", "../UTC", "/etc/passwd", "America", "a\0b", "x" * 5000, "\ud800", "é",
        "localtime", "posixrules", "right/UTC", "posix/UTC", None, 3, ZoneInfo("UTC"),
    ],
)  # fmt: skip
def test_zone_unknown(name: object) -> None:
    """What is not a zone of the database by name is refused, also names that mean another thing on each machine."""
    with pytest.raises(DefinitionError) as error:
        check_zone(name)
    assert code(error) == "zone.unknown"
    assert len(str(error.value)) < 300


def test_zone_near_names() -> None:
    """The refusal of a misspelt zone names the near ones; without any it shows how one is written."""
    with pytest.raises(DefinitionError, match=r"'Europe/Stokholm'; did you mean Europe/Stockholm or"):
        check_zone("Europe/Stokholm")
    with pytest.raises(DefinitionError, match=r"write a name such as 'Europe/Stockholm' or 'UTC'"):
        check_zone("?")
    assert check_zone("Asia/Kathmandu") == "Asia/Kathmandu"


def test_zone_field() -> None:
    """A field of type Zone holds the name and refuses an unknown one by the same code."""
    field: TypeAdapter[str] = TypeAdapter(Zone)
    assert field.validate_python("Asia/Kolkata") == "Asia/Kolkata"
    with pytest.raises(ValidationError) as error:
        field.validate_python("Asia/Kolkatta")
    (found,) = problems(error.value)
    assert found.code == "zone.unknown"


# Days


def test_day_number() -> None:
    """A day is counted from its local midnight, also where the hour before midnight comes again."""
    day = date(2010, 11, 7).toordinal()
    numbers = [
        day_number(utc(text), "America/St_Johns") - day
        for text in (
            "2010-11-07T02:29:59.999999",  # 23:59 on the 6th
            "2010-11-07T02:30:00",  # midnight for the first time
            "2010-11-07T02:31:00",  # 23:01 on the 6th again
            "2010-11-07T03:30:00",  # midnight for the second time
            "2010-11-08T03:30:00",
        )
    ]
    assert numbers == [-1, 0, 0, 0, 1]


def test_day_number_second_showing() -> None:
    """A repeated hour that does not follow a midnight belongs to its own date."""
    at = utc("2025-10-26T01:30:00")
    assert clock(at, "Europe/Stockholm").fold == 1
    assert day_number(at, "Europe/Stockholm") == date(2025, 10, 26).toordinal()


def test_day_number_skipped() -> None:
    """A date that a zone skipped still has its number."""
    before, after = utc("2011-12-30T09:59:59"), utc("2011-12-30T10:00:00")
    assert day_number(after, "Pacific/Apia") - day_number(before, "Pacific/Apia") == 2


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2025-01-01", "2025-02-01", 30),
        ("2025-02-01", "2025-03-01", 30),
        ("2025-01-30", "2025-01-31", 0),
        ("2025-01-31", "2025-02-01", 1),
        ("2025-02-28", "2025-03-31", 32),
        ("2024-12-15", "2025-12-15", 360),
    ],
)
def test_thirty_day_number(start: str, end: str, days: int) -> None:
    """Months have 30 days, a 31st is a 30th."""
    found = [thirty_day_number(utc(f"{text}T00:00:00"), "UTC") for text in (start, end)]
    assert found[1] - found[0] == days


# Periods


def test_period_made() -> None:
    """Dates, instants and texts make the same period; dates are local midnights."""
    made = Period("2025-01-01", "2025-02-01", zone="Europe/Stockholm")
    assert (made.start, made.end, made.zone) == (
        utc("2024-12-31T23:00:00"),
        utc("2025-01-31T23:00:00"),
        "Europe/Stockholm",
    )
    assert made == Period(date(2025, 1, 1), utc("2025-01-31T23:00:00"), zone="Europe/Stockholm")
    assert made == Period("2025-01-01T00:00:00+01:00", datetime(2025, 2, 1, 1, tzinfo=SHIFTED), zone="Europe/Stockholm")


@pytest.mark.parametrize(
    ("start", "end", "zone", "expected"),
    [
        ("2025-02-01", "2025-01-31", "UTC", "period.order"),
        ("2025-01-31T00:00:00Z", "2025-01-30T23:59:59.999999Z", "UTC", "period.order"),
        ("2025-01-01T00:00:00", "2025-02-01", "UTC", "time.naive"),
        ("2025-01-01", 5, "UTC", "time.type"),
        ("2025-01-01", "2025-02-30", "UTC", "time.syntax"),
        ("2025-01-01", "9001-01-01", "UTC", "time.bounds"),
        ("2025-01-01", "2025-02-01", "Mars/Olympus", "zone.unknown"),
    ],
)
def test_period_refused(start: str, end: str, zone: str, expected: str) -> None:
    """A period that ends before it starts, or whose ends or zone are wrong, cannot be made."""
    with pytest.raises(DefinitionError) as error:
        Period(start, end, zone=zone)
    assert code(error) == expected


def test_period_calendar() -> None:
    """Days, months, quarters and years of the calendar, over the turn of the year as well."""
    assert Period.day(2024, 12, 31) == Period("2024-12-31", "2025-01-01")
    assert Period.month(2024, 2) == Period("2024-02-01", "2024-03-01")
    assert Period.month(2024, 12) == Period("2024-12-01", "2025-01-01")
    assert [Period.quarter(2025, n) for n in (1, 2, 3, 4)] == [
        Period("2025-01-01", "2025-04-01"),
        Period("2025-04-01", "2025-07-01"),
        Period("2025-07-01", "2025-10-01"),
        Period("2025-10-01", "2026-01-01"),
    ]
    assert Period.year(2025) == Period("2025-01-01", "2026-01-01")
    zone = "Asia/Kolkata"
    assert [made.zone for made in (Period.day(2025, 1, 1, zone=zone), Period.month(2025, 1, zone=zone))] == [zone] * 2
    assert [made.zone for made in (Period.quarter(2025, 1, zone=zone), Period.year(2025, zone=zone))] == [zone] * 2


@pytest.mark.parametrize(
    ("kind", "parts", "expected"),
    [
        ("month", (2025, 0), "time.date"),
        ("month", (2025, 13), "time.date"),
        ("month", (10**5000, 1), "time.date"),
        ("quarter", (2025, 10**5000), "time.date"),
        ("month", ("2025", 1), "time.date"),
        ("month", (True, 1), "time.date"),
        ("month", (2025, True), "time.date"),
        ("month", (None, 1), "time.date"),
        ("quarter", (2025, True), "time.date"),
        ("quarter", (2025, 1.0), "time.date"),
        ("quarter", ("2025", 1), "time.date"),
        ("quarter", (2025, "1"), "time.date"),
        ("year", (2025.0,), "time.date"),
        ("day", (2025, 1, "x" * 99), "time.date"),
        ("quarter", (2025, 0), "time.date"),
        ("quarter", (2025, 5), "time.date"),
        ("day", (2025, 2, 29), "time.date"),
        ("year", (0,), "time.date"),
        ("year", (9999,), "time.bounds"),
        ("year", (9001,), "time.bounds"),
        ("day", (9999, 12, 31), "time.bounds"),
    ],
)
def test_period_calendar_refused(kind: str, parts: tuple[int, ...], expected: str) -> None:
    """What the calendar does not have, or has after year 9000, is refused by its own code."""
    with pytest.raises(DefinitionError) as error:
        getattr(Period, kind)(*parts)
    assert code(error) == expected


def test_period_lengths() -> None:
    """Microseconds, seconds and local days are exact, also when the clocks change."""
    spring = Period.day(2025, 3, 30, zone="Europe/Stockholm")
    assert (spring.micros, spring.seconds, spring.days) == (23 * 3600 * 10**6, Decimal(82800), 1)
    short = Period("2025-01-01T00:00:00Z", "2025-01-01T00:00:00.000001Z")
    assert (short.micros, short.seconds, short.days) == (1, Decimal("0.000001"), 0)
    assert str(Period.year(2025).seconds) == "31536000"
    nothing = Period("2025-01-01", "2025-01-01")
    assert (nothing.empty, nothing.micros, str(nothing.seconds), nothing.days) == (True, 0, "0", 0)
    assert not short.empty


def test_period_contains() -> None:
    """The start is in a period, the end is not, and an empty one holds nothing."""
    january = Period.month(2025, 1)
    step = timedelta(microseconds=1)
    edges = [january.start - step, january.start, january.end - step, january.end]
    assert [january.contains(at) for at in edges] == [False, True, True, False]
    assert january.contains(datetime(2025, 2, 1, 1, tzinfo=SHIFTED))
    assert not Period(january.start, january.start).contains(january.start)
    with pytest.raises(DefinitionError) as error:
        january.contains(datetime.fromisoformat("2025-01-05"))
    assert code(error) == "time.naive"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (("2025-01-10", "2025-01-20"), ("2025-01-10", "2025-01-20")),
        (("2024-01-10", "2026-01-20"), ("2025-01-01", "2025-02-01")),
        (("2024-12-10", "2025-01-20"), ("2025-01-01", "2025-01-20")),
        (("2025-01-31", "2025-02-20"), ("2025-01-31", "2025-02-01")),
        (("2025-02-01", "2025-02-20"), None),
        (("2024-02-01", "2025-01-01"), None),
        (("2025-01-10", "2025-01-10"), None),
    ],
)
def test_period_overlap(other: tuple[str, str], expected: tuple[str, str] | None) -> None:
    """What two periods share has time in it, or is None; it keeps the zone of the first."""
    found = Period.month(2025, 1).overlap(Period(*other, zone="UTC"))
    assert found == (None if expected is None else Period(*expected))
    wide = Period("2024-01-01", "2026-01-01", zone="Asia/Tokyo").overlap(Period.month(2025, 1))
    assert wide is not None
    assert wide.zone == "Asia/Tokyo"


def test_period_split() -> None:
    """Cuts inside make pieces in order; cuts outside, at the ends or given twice change nothing."""
    whole = Period("2025-01-01", "2025-02-01", zone="Europe/Stockholm")
    found = whole.split(
        "2025-01-20", utc("2025-01-09T23:00:00"), date(2025, 1, 20), "2025-01-01", "2025-02-01", "2026-01-01"
    )
    assert found == [
        Period("2025-01-01", "2025-01-10", zone=whole.zone),
        Period("2025-01-10", "2025-01-20", zone=whole.zone),
        Period("2025-01-20", "2025-02-01", zone=whole.zone),
    ]
    assert whole.split() == [whole]
    nothing = Period(whole.start, whole.start)
    assert nothing.split(whole.start) == [nothing]


def test_period_gaps() -> None:
    """What no period covers comes out in order, whatever the order, overlaps and empty ones among them."""
    whole = Period.month(2025, 1)
    covering = [
        Period("2025-01-20", "2025-03-01"),
        Period("2025-01-05", "2025-01-10"),
        Period("2025-01-06", "2025-01-08"),
        Period("2025-01-10", "2025-01-12"),
        Period("2025-01-15", "2025-01-15"),
        Period("2024-01-01", "2024-02-01"),
        Period("2025-03-01", "2025-04-01"),
    ]
    assert whole.gaps(covering) == [Period("2025-01-01", "2025-01-05"), Period("2025-01-12", "2025-01-20")]
    assert whole.gaps([]) == [whole]
    assert whole.gaps([Period("2025-02-03", "2025-02-05")]) == [whole]
    assert whole.gaps([Period("2024-12-01", "2025-01-31"), Period("2025-01-31", "2025-02-01")]) == []
    assert Period(whole.start, whole.start).gaps([]) == []


def test_period_compared() -> None:
    """Equal ends in another zone are another period, since its days differ; order is by start, end, zone."""
    january = Period.month(2025, 1)
    other = Period(january.start, january.end, zone="Asia/Tokyo")
    assert january == Period("2025-01-01", "2025-02-01")
    assert hash(january) == hash(Period("2025-01-01", "2025-02-01"))
    assert january != other
    assert january != "2025-01"
    shorter, later = Period("2025-01-01", "2025-01-02"), Period.month(2025, 2)
    assert sorted([later, january, other, shorter]) == [shorter, other, january, later]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (Period.month(2025, 1), "Period('2025-01-01', '2025-02-01')"),
        (
            Period.month(2025, 1, zone="Europe/Stockholm"),
            "Period('2025-01-01', '2025-02-01', zone='Europe/Stockholm')",
        ),
        (
            Period("2025-01-01T12:00:00.5Z", "2025-02-01"),
            "Period('2025-01-01T12:00:00.500000Z', '2025-02-01')",
        ),
        (
            Period("2011-12-30", "2012-01-01", zone="Pacific/Apia"),
            "Period('2011-12-31', '2012-01-01', zone='Pacific/Apia')",
        ),
    ],
)
def test_period_shown(period: Period, expected: str) -> None:
    """A period shows itself as it is written, with bare dates for local midnights."""
    assert repr(period) == expected
    assert eval(expected, {"Period": Period}) == period  # noqa: S307


def test_period_json() -> None:
    """The plain form holds both instants in UTC and the zone by name, and reads back."""
    period = Period("2025-01-01", "2025-01-31T12:00:00Z", zone="Europe/Stockholm")
    plain = {"start": "2024-12-31T23:00:00Z", "end": "2025-01-31T12:00:00Z", "zone": "Europe/Stockholm"}
    assert period.to_json() == plain
    assert Period.from_json(plain) == period
    assert Period.from_json({"start": "2025-01-01", "end": "2025-02-01"}) == Period.month(2025, 1)
    assert Period.from_json({"start": "2025-01-01", "end": "2025-01-31T12:00:00Z", "zone": period.zone}) == period


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [("", "model.type")]),
        ({"start": "2025-01-01"}, [("end", "field.missing")]),
        ({"begin": "2025-01-01", 10**5000: 1}, [
            ("start", "field.missing"), ("end", "field.missing"), ("begin", "field.unknown"), ("int", "field.unknown"),
        ]),
        ({"start": 0, "end": "2025-01-01"}, [("start", "time.type")]),
        ({"start": "2025-01-01", "end": "9500-01-01"}, [("end", "time.bounds")]),
        ({"start": "2025-01-01", "end": "2025-01-02", "zone": None}, [("zone", "zone.unknown")]),
        ({"start": "2025-01-03", "end": "2025-01-02"}, [("", "period.order")]),
    ],
)  # fmt: skip
def test_period_json_refused(given: object, expected: list[tuple[str, str]]) -> None:
    """Wrong plain data is refused with the path of the field."""
    with pytest.raises(DefinitionError) as error:
        Period.from_json(given)
    assert [(each.path, each.code) for each in error.value.problems] == expected


def test_period_copied() -> None:
    """Copies and pickles are equal, and one that was tampered with does not load."""
    period = Period.month(2025, 1, zone="Asia/Kathmandu")
    assert copy.copy(period) == copy.deepcopy(period) == period
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(period, protocol)) == period  # noqa: S301
    tampered = pickle.dumps(period, 2).replace(b"Asia/Kathmandu", b"Asia/Kathmandx")
    with pytest.raises(DefinitionError) as error:
        pickle.loads(tampered)  # noqa: S301
    assert code(error) == "zone.unknown"


# Shares


@pytest.mark.parametrize(
    ("part", "full", "how", "expected"),
    [
        (("2025-01-01", "2025-01-11"), ("2025-01-01", "2025-02-01"), "day", "10/31"),
        (("2025-01-01", "2025-01-11"), ("2025-01-01", "2025-02-01"), "second", "10/31"),
        (("2025-01-01", "2025-01-11"), ("2025-01-01", "2025-02-01"), "30/360", "1/3"),
        (("2025-01-01", "2025-01-11"), ("2025-01-01", "2025-02-01"), "none", "1"),
        # A boundary within a day falls back to midnight: the day of change is what begins.
        (("2025-01-01", "2025-01-11T18:00:00Z"), ("2025-01-01", "2025-02-01"), "day", "10/31"),
        (("2025-01-11T18:00:00Z", "2025-02-01"), ("2025-01-01", "2025-02-01"), "day", "21/31"),
        (("2025-01-01", "2025-01-11T12:00:00Z"), ("2025-01-01", "2025-02-01"), "second", "21/62"),
        # Started and ended on one day.
        (("2025-01-11T06:00:00Z", "2025-01-11T18:00:00Z"), ("2025-01-01", "2025-02-01"), "day", "0"),
        # February has 30 days in a year of 360, and the 31st none.
        (("2025-02-15", "2025-03-01"), ("2025-02-01", "2025-03-01"), "30/360", "8/15"),
        (("2025-01-30", "2025-01-31"), ("2025-01-01", "2025-02-01"), "30/360", "0"),
        # The whole is 1 by every count, the empty is 0.
        (("2025-02-01", "2025-03-01"), ("2025-02-01", "2025-03-01"), "30/360", "1"),
        (("2025-01-30", "2025-01-31"), ("2025-01-30", "2025-01-31"), "30/360", "1"),
        (("2025-01-05", "2025-01-05"), ("2025-01-01", "2025-02-01"), "day", "0"),
        (("2025-01-05", "2025-01-05"), ("2025-01-01", "2025-02-01"), "none", "0"),
        (("2025-01-05", "2025-01-05"), ("2025-01-05", "2025-01-05"), "day", "0"),
        # A full period with no day by the count asked for.
        (("2025-01-30", "2025-01-30T18:00:00Z"), ("2025-01-30", "2025-01-31"), "30/360", "0"),
        (("2025-01-05T06:00Z", "2025-01-05T09:00Z"), ("2025-01-05T06:00Z", "2025-01-05T18:00Z"), "day", "1/4"),
        (("2025-01-05T06:00Z", "2025-01-05T09:00Z"), ("2025-01-05T06:00Z", "2025-01-05T18:00Z"), "30/360", "1/4"),
    ],
)  # fmt: skip
def test_share(part: tuple[str, str], full: tuple[str, str], how: Proration, expected: str) -> None:
    """The share is the count of the part over the count of the full period."""
    assert fraction(share(Period(*part), Period(*full), how)) == Fraction(expected)


def test_share_local() -> None:
    """By day, a spring day of 23 hours is a day; by second it is 23 hours."""
    zone = "Europe/Stockholm"
    day, month = Period.day(2025, 3, 30, zone=zone), Period.month(2025, 3, zone=zone)
    assert fraction(share(day, month, "day")) == Fraction(1, 31)
    assert fraction(share(day, month, "second")) == Fraction(23, 31 * 24 - 1)
    assert fraction(share(day, Period(month.start, month.end), "day")) == Fraction(1, 31)


@pytest.mark.parametrize(
    "part", [("2024-12-31", "2025-01-02"), ("2025-01-31", "2025-02-02"), ("2025-03-01", "2025-03-01")]
)
def test_share_outside(part: tuple[str, str]) -> None:
    """A part that is not inside the full period has no share of it."""
    with pytest.raises(MismatchError) as error:
        share(Period(*part), Period.month(2025, 1), "none")
    assert error.value.code == "period.outside"
