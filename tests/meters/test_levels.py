"""Levels and peaks: what is held until it is changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from ratecard._numbers import Exact, div
from ratecard.errors import MismatchError
from ratecard.meters import Frame, Level, LevelMode, Peak
from ratecard.periods import Period
from ratecard.records import UsageRecord
from tests.strategies import fraction

APRIL = Frame.of(Period.month(2026, 4))
AUGUST = Period.month(2023, 8)
START = APRIL.start


def seat(day: str | datetime, value: object, *, source: str | None = None, id: str | None = None) -> UsageRecord:
    """A record of `seats`, on a day of April or at an instant."""
    at = day if isinstance(day, datetime) else f"2026-{day}T00:00:00Z"
    return UsageRecord("seat", at, {"seats": value}, source=source, id=id)


def level(mode: LevelMode = "set", opening: int | str | None = None) -> Level:
    """A level of seats."""
    return Level(of="seats", mode=mode, opening=opening)


def peak(mode: LevelMode = "set", opening: int | str | None = None) -> Peak:
    """A peak of seats."""
    return Peak(of="seats", mode=mode, opening=opening)


def fed(gauge: Level | Peak, records: list[UsageRecord]) -> object:
    """The state of some records."""
    state: object = gauge.zero()
    for record in records:
        state = gauge.add(state, gauge.read(record), record)  # type: ignore[arg-type]
    return state


def opening_missing(act: Callable[[], object]) -> bool:
    """Whether it is refused since nothing says what the level was."""
    with pytest.raises(MismatchError) as found:
        act()
    assert "'seats'" in found.value.text
    assert "opening" in found.value.text
    return found.value.code == "level.opening"


def test_half_a_month() -> None:
    """10 that are added in the middle of a month of 30 days are 5."""
    assert level("delta", 0).over([seat("04-16", 10)], APRIL) == 5
    assert level("set", 0).over([seat("04-16", 10)], APRIL) == 5


def test_share_of_the_full_period() -> None:
    """A part of a period is measured against the full period's own length."""
    half = Frame.of(Period("2026-04-16", "2026-05-01"), full=Period.month(2026, 4))
    assert level("set", 10).over([], half) == 5
    assert peak("set", 10).over([], half) == 10


def test_carried_and_removed() -> None:
    """2500 carried over, 2000 given back on the 4th and 200 on the 6th: by days, 3 of 2500, 2 of 500, 25 of 300."""
    frame = Frame.of(Period.month(2023, 4), opening=Decimal(2500))
    records = [
        UsageRecord("seat", "2023-04-04T00:00:00Z", {"seats": -2000}),
        UsageRecord("seat", "2023-04-06T00:00:00Z", {"seats": -200}),
    ]
    assert fraction(level("delta").over(records, frame)) == Fraction(3 * 2500 + 2 * 500 + 25 * 300, 30)
    assert level("delta").closing(fed(level("delta"), records), frame) == 300
    assert peak("delta").over(records, frame) == 2500


def test_exact_to_the_microsecond() -> None:
    """One unit for one microsecond of a month is one of its microseconds, as a ratio that does not end."""
    records = [seat(START, 1), seat(START + timedelta(microseconds=1), -1)]
    assert fraction(level("delta", 0).over(records, APRIL)) == Fraction(1, 30 * 24 * 3600 * 10**6)


def test_opening_comes_from_the_frame_first() -> None:
    """The level carried over counts, and the meter's own opening only where nothing was carried."""
    carried = Frame(APRIL.start, APRIL.end, APRIL.full, Decimal(7))
    assert level("set", 3).over([], carried) == 7
    assert level("set", 3).over([], APRIL) == 3
    assert peak("delta", 3).over([], carried) == 7
    nothing = Frame(APRIL.start, APRIL.end, APRIL.full, Decimal(0))
    assert level("set", 3).over([], nothing) == 0


def test_opening_may_be_a_ratio() -> None:
    """A level that was converted may be carried as a ratio."""
    third = Frame(APRIL.start, APRIL.end, APRIL.full, div(Decimal(1), 3))
    assert level("delta").over([], third) == div(Decimal(1), 3)
    assert level("delta").over([seat("04-16", 1)], third) == div(Decimal(5), 6)
    assert peak("delta").over([seat("04-16", 1)], third) == div(Decimal(4), 3)


def test_unknown_opening() -> None:
    """Where a figure depends on a level that nothing tells, it is refused, and never taken as 0."""
    for gauge in (level("set"), level("delta"), peak("set"), peak("delta")):
        assert opening_missing(lambda gauge=gauge: gauge.over([], APRIL))
        assert opening_missing(lambda gauge=gauge: gauge.over([seat("04-16", 10)], APRIL))
        assert opening_missing(lambda gauge=gauge: gauge.closing([], APRIL))
    for gauge in (level("delta"), peak("delta")):
        assert opening_missing(lambda gauge=gauge: gauge.over([seat("04-01", 10)], APRIL))
        assert opening_missing(lambda gauge=gauge: gauge.closing(fed(gauge, [seat("04-01", 10)]), APRIL))


def test_opening_that_does_not_matter() -> None:
    """A level that is set at the very start, or before, needs no opening; nor does the closing of one that is set."""
    for gauge in (level("set"), peak("set")):
        assert gauge.over([seat("04-01", 10)], APRIL) == 10
        assert gauge.over([seat("03-01", 10)], APRIL) == 10
        assert gauge.closing(fed(gauge, [seat("04-16", 10)]), APRIL) == 10


@pytest.mark.parametrize(("mode", "held"), [("set", 3), ("delta", 8)])
def test_one_instant(mode: LevelMode, held: int) -> None:
    """At one instant deltas add up, of sets the last by source, id and value wins; what is between is never held."""
    records = [seat("04-01", 7, id="1"), seat("04-01", -2, id="2"), seat("04-01", 3, id="3")]
    for given in (records, records[::-1]):
        assert level(mode, 0).over(given, APRIL) == held
        assert peak(mode, 0).over(given, APRIL) == held
    assert level("set", 0).over([seat("04-01", 7), seat("04-01", 9)], APRIL) == 9
    by_source = [seat("04-01", 7, source="b", id="1"), seat("04-01", 9, source="a", id="2")]
    assert level("set", 0).over(by_source, APRIL) == 7


def test_same_instant_of_another_engine() -> None:
    """Two deltas of 3 at the start of August add up to 6 for the month."""
    records = [UsageRecord("seat", AUGUST.start, {"seats": 3}), UsageRecord("seat", AUGUST.start, {"seats": 3})]
    assert level("delta", 0).over(records, Frame.of(AUGUST)) == 6


def test_events_outside_the_frame() -> None:
    """Earlier events move the opening; events at the end or later belong to what comes next."""
    records = [seat("03-01", 4), seat("05-01", 100), seat("06-01", 100)]
    for mode, held in (("set", 4), ("delta", 6)):
        gauges = (level(mode, 2), peak(mode, 2))  # type: ignore[arg-type]
        assert [gauge.over(records, APRIL) for gauge in gauges] == [held, held]
        assert [gauge.closing(fed(gauge, records), APRIL) for gauge in gauges] == [held, held]


def test_empty_frame() -> None:
    """Nothing is held for no time; the closing is what was there before."""
    empty = Frame(START, START, APRIL.full, Decimal(5))
    assert level().over([seat("04-01", 9)], empty) == 0
    assert peak().over([seat("04-01", 9)], empty) == 0
    assert peak().closing(fed(peak(), [seat("03-01", 7), seat("04-01", 9)]), empty) == 7
    assert level().over([], Frame(START, START, APRIL.full)) == 0


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], 5),
        ([seat("04-02", 3), seat("04-05", -4), seat("04-09", 2)], 8),
        ([seat("04-02", -3)], 5),
        ([seat("04-01", -3)], 2),
        ([seat("04-30", 1)], 6),
        ([seat("04-02", 9, id="1"), seat("04-02", -9, id="2")], 5),
    ],
)
def test_peak(records: list[UsageRecord], expected: int) -> None:
    """The most held at any instant of the frame, the opening included unless it changes at the very start."""
    assert peak("delta", 5).over(records, APRIL) == expected


def test_peak_below_zero() -> None:
    """A level may be negative all along, and so may its peak."""
    assert peak("set", -5).over([seat("04-02", -3), seat("04-03", -8)], APRIL) == -3


def test_plain_values() -> None:
    """A plain quantity is the level throughout: it is the value and the closing, and needs no opening."""
    for gauge in (level(), peak()):
        state = gauge.given(Decimal("2.5"))
        values: list[Exact] = [gauge.value(state, APRIL), gauge.closing(state, APRIL)]
        assert values == [Decimal("2.5"), Decimal("2.5")]


def test_end_of_summer_time() -> None:
    """The hour that comes twice counts twice: 1 for a Stockholm day of 25 hours, all but its last hour."""
    day = Period.day(2025, 10, 26, zone="Europe/Stockholm")
    records = [UsageRecord("seat", "2025-10-26T23:00:00+01:00", {"seats": 0})]
    assert fraction(level("set", 1).over(records, Frame.of(day))) == Fraction(24, 25)
    assert day.end == datetime(2025, 10, 26, 23, tzinfo=UTC)
