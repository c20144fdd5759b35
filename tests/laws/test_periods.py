"""Laws of time: local times, days, shares and cadences, in zones that are known to be awkward."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_UP, Context, Inexact, Rounded, getcontext, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ratecard._numbers import ONE, Exact, Ratio, total
from ratecard.cadence import Cadence, CadenceUnit
from ratecard.periods import (
    Period,
    Proration,
    clock,
    day_number,
    local_midnight,
    share,
    thirty_day_number,
    wall,
)

ZONES = (
    "UTC", "Europe/Stockholm", "Europe/London", "Europe/Dublin", "Europe/Moscow", "Atlantic/Azores",
    "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Havana", "America/Santiago",
    "America/Asuncion", "America/Caracas", "America/Scoresbysund", "Africa/Cairo", "Africa/Casablanca", "Asia/Amman",
    "Asia/Beirut", "Asia/Gaza", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang", "Asia/Tehran", "Asia/Tokyo",
    "Antarctica/Troll", "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
    "Pacific/Kiritimati", "Pacific/Kwajalein",
)  # fmt: skip
# They moved to the other side of the date line in the forty years below, and left out one day each.
SKIPPED = ("Pacific/Apia", "Pacific/Kiritimati", "Pacific/Kwajalein")
MICROSECOND = timedelta(microseconds=1)

zones = st.sampled_from(ZONES)
units: st.SearchStrategy[CadenceUnit] = st.sampled_from(["day", "week", "month", "year"])
counts: st.SearchStrategy[Proration] = st.sampled_from(["day", "second", "30/360"])
# Whole hours and half hours often meet a jump of the clock; microseconds are for the rest.
locals_ = st.builds(
    lambda day, minutes, rest: datetime.fromisoformat(day.isoformat()) + timedelta(minutes=minutes, microseconds=rest),
    st.dates(date(1960, 1, 1), date(2045, 1, 1)),
    st.integers(0, 48).map(lambda half: 30 * half) | st.integers(0, 1439),
    st.just(0) | st.integers(0, 59_999_999),
)
instants = locals_.map(lambda local: local.replace(tzinfo=UTC))


def fraction(value: Exact) -> Fraction:
    """An exact value by the oracle's arithmetic."""
    return Fraction(value.numerator) / value.denominator if isinstance(value, Ratio) else Fraction(value)


def jumps(zone: str, year: int) -> Iterator[datetime]:
    """The instants of a year, to the half hour, after which the clock of a zone is another distance from UTC."""
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        later = at + timedelta(minutes=30)
        if clock(later, zone) - clock(at, zone) != timedelta(minutes=30):
            yield later
        at = later


def is_first(at: datetime, local: datetime, zone: str) -> bool:
    """Whether at this instant the clock reads at least a local time, and in the thirty hours before it never did."""
    before = [at - MICROSECOND, *(at - timedelta(minutes=15 * n) for n in range(1, 120))]
    return clock(at, zone) >= local and all(clock(each, zone) < local for each in before)


@given(locals_, zones)
@example(datetime.fromisoformat("2011-12-30T12:00:00.000001"), "Pacific/Apia")
@example(datetime.fromisoformat("1969-09-30T12:00:00"), "Pacific/Kwajalein")
@example(datetime.fromisoformat("1993-08-21T00:00:00"), "Pacific/Kwajalein")
def test_wall_is_the_first_instant(local: datetime, zone: str) -> None:
    """A local time means the first instant at which the clock reads at least that."""
    assert is_first(wall(local, zone), local, zone)


@pytest.mark.parametrize("zone", ["America/St_Johns", "Africa/Cairo", "Australia/Lord_Howe", "Antarctica/Troll"])
def test_wall_around_jumps(zone: str) -> None:
    """The rule holds at, before and after every jump of the clock."""
    for year in (2008, 2010, 2024):
        for jump in jumps(zone, year):
            for minutes in (-121, -61, -60, -30, -1, 0, 1, 29, 30, 59, 60, 61, 120):
                local = clock(jump, zone).replace(fold=0) + timedelta(minutes=minutes)
                assert is_first(wall(local, zone), local, zone)


@given(locals_, locals_, zones)
def test_wall_never_turns_back(one: datetime, other: datetime, zone: str) -> None:
    """A later local time never means an earlier instant."""
    early, late = sorted([one, other])
    assert wall(early, zone) <= wall(late, zone)
    assert wall(early, zone) <= wall(early + timedelta(minutes=30), zone)


@given(instants, zones)
def test_the_clock_turns_a_wall_time_back(at: datetime, zone: str) -> None:
    """The wall time of an instant is that instant, or the first showing of the same time."""
    found = wall(clock(at, zone), zone)
    assert found == at or (found < at and clock(at, zone).fold == 1 and clock(found, zone) == clock(at, zone))


@given(instants, zones)
@example(datetime(2010, 11, 7, 2, 45, tzinfo=UTC), "America/St_Johns")
@example(datetime(1969, 9, 30, 20, tzinfo=UTC), "Pacific/Kwajalein")
def test_a_day_lasts_from_midnight_to_midnight(at: datetime, zone: str) -> None:
    """Every instant is in the one day whose midnight has come and whose next has not."""
    day = date.fromordinal(day_number(at, zone))
    assert local_midnight(day, zone) <= at < local_midnight(day + timedelta(days=1), zone)


@given(st.lists(instants, min_size=2, max_size=6), zones)
def test_counts_never_fall(times: list[datetime], zone: str) -> None:
    """As time goes on no day number falls, by the calendar or by months of 30 days."""
    near = sorted([*times, *(at + timedelta(hours=1) for at in times)])
    for count in (day_number, thirty_day_number):
        numbers = [count(at, zone) for at in near]
        assert numbers == sorted(numbers)


@given(st.data(), instants, st.integers(1, 500 * 86_400 * 10**6), zones, counts)
def test_pieces_add_up(data: st.DataObject, start: datetime, micros: int, zone: str, how: Proration) -> None:
    """However a period is cut, the shares of its pieces are from 0 to 1 and add up to exactly 1."""
    full = Period(start, start + timedelta(microseconds=micros), zone=zone)
    cuts = data.draw(st.lists(st.integers(0, micros), max_size=5))
    pieces = full.split(*(start + timedelta(microseconds=cut) for cut in cuts))
    shares = [share(piece, full, how) for piece in pieces]
    assert all(0 <= fraction(each) <= 1 for each in shares)
    assert total(shares) == ONE
    assert sum(fraction(each) for each in shares) == 1


@given(instants, st.integers(1, 10**13), st.integers(0, 10**13), st.integers(0, 10**13))
def test_share_by_second_is_the_quotient(start: datetime, micros: int, one: int, other: int) -> None:
    """By second, a share is the quotient of the exact lengths."""
    early, late = sorted([min(one, micros), min(other, micros)])
    full = Period(start, start + timedelta(microseconds=micros))
    part = Period(start + timedelta(microseconds=early), start + timedelta(microseconds=late))
    assert fraction(share(part, full, "second")) == Fraction(late - early, micros)


@given(
    st.lists(instants, min_size=2, max_size=2), zones, st.lists(st.lists(instants, min_size=2, max_size=2), max_size=5)
)
def test_gaps_and_overlaps_make_the_whole(ends: list[datetime], zone: str, others: list[list[datetime]]) -> None:
    """Every piece of a period is either a gap or covered, never both."""
    whole = Period(*sorted(ends), zone=zone)
    covering = [Period(*sorted(each)) for each in others]
    gaps = whole.gaps(covering)
    pieces = whole.split(*(at for each in covering for at in (each.start, each.end)))
    for piece in pieces:
        covered = any(each.overlap(piece) for each in covering)
        assert piece.empty or covered != any(gap.overlap(piece) == piece for gap in gaps)
    assert all(early.end < late.start for early, late in pairwise(gaps))


@given(st.lists(instants, min_size=2, max_size=2), zones)
def test_forms_read_back(ends: list[datetime], zone: str) -> None:
    """JSON and the shown form give the same period, with its zone by name."""
    period = Period(*sorted(ends), zone=zone)
    assert Period.from_json(json.loads(json.dumps(period.to_json()))) == period
    assert eval(repr(period), {"Period": Period}) == period  # noqa: S307
    cadence = Cadence.monthly(anchor=period.start, zone=zone)
    read = Cadence.model_validate_json(cadence.model_dump_json())
    assert (read, read.zone, read.boundary(7)) == (cadence, zone, cadence.boundary(7))


def holds_tiles(cadence: Cadence, between: Period, *, each: int) -> int:
    """Check that the periods of a cadence tile a time, look up every so-manieth, and count them."""
    count = 0
    reached = None
    for period in cadence.periods(between):
        assert period.start < period.end
        assert reached == period.start if reached else period.start <= between.start < period.end
        reached = period.end
        if not count % each:
            assert cadence.containing(period.start) == cadence.containing(period.end - MICROSECOND) == period
        count += 1
    assert reached is not None
    assert reached >= between.end
    return count


@pytest.mark.parametrize("zone", ZONES)
def test_forty_years_tile(zone: str) -> None:
    """Forty years of days, weeks, months and years from midnight leave no hole, no overlap and no empty period."""
    years = Period("1985-01-01", "2025-01-01", zone=zone)
    assert holds_tiles(Cadence.calendar("day", zone=zone), years, each=13) == 14_610 - (zone in SKIPPED)
    assert holds_tiles(Cadence.calendar("week", zone=zone), years, each=5) == 2088
    assert holds_tiles(Cadence.calendar("month", zone=zone), years, each=1) == 480
    assert holds_tiles(Cadence.calendar("year", zone=zone), years, each=1) == 40


@given(st.integers(1, 40), units, instants, zones, instants)
@example(1, "day", datetime(1969, 9, 30, 20, tzinfo=UTC), "Pacific/Kwajalein", datetime(1969, 9, 30, 20, tzinfo=UTC))
@example(1, "day", datetime(2011, 12, 29, 14, tzinfo=UTC), "Pacific/Apia", datetime(2011, 12, 28, 20, tzinfo=UTC))
def test_any_cadence_tiles(every: int, unit: CadenceUnit, anchor: datetime, zone: str, at: datetime) -> None:
    """From any anchor, every instant is in exactly one period, which is not empty and touches its neighbours."""
    cadence = Cadence(every=every, unit=unit, anchor=anchor, zone=zone)
    n = cadence.index(at)
    period = cadence.period(n)
    assert period.contains(at)
    assert cadence.boundary(n) <= at < cadence.boundary(n + 1)
    assert cadence.last(at) <= at < cadence.next(at)
    assert cadence.boundary(0) == anchor
    assert holds_tiles(cadence, Period(at, at + timedelta(days=40 * every)), each=1) > 0


@pytest.mark.parametrize("day", range(1, 32))
def test_months_clamp_for_four_centuries(day: int) -> None:
    """From every day of a month the boundaries keep that day, or the last day of a month that lacks it."""
    cadence = Cadence.monthly(anchor=date(1996, 1, day))
    for n in range(4800):
        year, month = 1996 + n // 12, n % 12 + 1
        last = calendar.monthrange(year, month)[1]
        assert cadence.boundary(n) == datetime(year, month, min(day, last), tzinfo=UTC)


def some_results(zone: str) -> list[object]:
    """What a little of everything gives, as text that hides nothing."""
    cadence = Cadence.monthly(anchor="2025-01-31", zone=zone)
    full = cadence.period(2)
    part = Period(full.start, full.start + timedelta(days=9, hours=5, microseconds=1), zone=zone)
    hows: list[Proration] = ["day", "second", "30/360", "none"]
    return [repr(full), full.to_json(), str(part.seconds), part.days, *(str(share(part, full, how)) for how in hows)]


@given(zones, st.integers(1, 5))
def test_the_decimal_context_is_irrelevant(zone: str, precision: int) -> None:
    """Results are the same in a caller's hostile decimal context, and the context is left as it was."""
    expected = some_results(zone)
    hostile = Context(prec=precision, rounding=ROUND_UP, Emin=-1, Emax=1, traps=[Inexact, Rounded])
    with localcontext(hostile):
        before = repr(getcontext())
        assert some_results(zone) == expected
        assert repr(getcontext()) == before


def test_the_machines_zone_is_irrelevant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are the same whatever zone the machine is set to."""
    expected = [some_results(zone) for zone in ZONES]
    for machine in ("Pacific/Apia", "America/St_Johns", "Asia/Kathmandu"):
        with monkeypatch.context() as patch:
            patch.setenv("TZ", machine)
            time.tzset()
            assert [some_results(zone) for zone in ZONES] == expected
    time.tzset()
