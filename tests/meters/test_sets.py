"""Unique values and percentiles."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from ratecard._problems import problems
from ratecard.errors import RecordError
from ratecard.meters import Frame, Percentile, Unique
from ratecard.periods import Period
from ratecard.records import UsageRecord

FRAME = Frame.of(Period.month(2025, 1))
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def records(*values: object) -> list[UsageRecord]:
    """A record for each value of `n`."""
    return [UsageRecord("seat", NOON, {"n": value}, id="r1") for value in values]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("a", "b", "c", "b", "c", "d"), 4),
        ((7, "7", Decimal("7.0")), 1),
        (("7.0", 7), 2),
        ((True, "true", False), 2),
        (("Ana", "ana", " ana"), 3),
    ],
)
def test_unique(values: tuple[object, ...], expected: int) -> None:
    """Distinct texts are counted: a number by its one text, text as it stands."""
    assert Unique(of="n").over(records(*values), FRAME) == expected
    assert Unique(of="n").reads() == ("n",)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "record.missing"), ("", "record.missing"), (0.5, "record.dimension")]
)
def test_unique_refusals(value: object, expected: str) -> None:
    """A missing, empty or nameless value is refused and not counted as one more."""
    with pytest.raises(RecordError) as found:
        Unique(of="n").over(records(value), FRAME)
    assert (found.value.code, found.value.path, found.value.record) == (expected, "properties.n", "r1")


@pytest.mark.parametrize(
    ("percent", "expected"),
    [("0.001", 10), (25, 10), ("25.001", 20), (50, 20), (75, 40), ("75.1", 90), (95, 90), (100, 90)],
)
def test_percentile(percent: str | int, expected: int) -> None:
    """The smallest value such that at least so many percent of the records are at or below it."""
    assert Percentile(of="n", percent=percent).over(records(40, 10, 90, 20), FRAME) == expected


def test_percentile_counts_records() -> None:
    """A value counts as often as it came, however it is written."""
    given = records("1.0", 1, "1.00", 5)
    assert Percentile(of="n", percent=75).over(given, FRAME) == 1
    assert Percentile(of="n", percent=76).over(given, FRAME) == 5
    assert Percentile(of="n", percent=1).over(records(-5, -7), FRAME) == -7


@pytest.mark.parametrize("percent", [0, -1, "100.001", 101])
def test_percentile_checks(percent: int | str) -> None:
    """A percent is above 0 and at most 100."""
    with pytest.raises(ValidationError) as found:
        Percentile(of="n", percent=percent)
    assert [(each.path, each.code) for each in problems(found.value)] == [("percent", "percentile.percent")]


def test_colliding_values() -> None:
    """Numbers chosen to share one hash do not slow the table down."""
    step = 2**61 - 1
    ranks = Percentile(of="n", percent=50)
    given = records(*(Decimal(step * index) for index in range(1, 16_001)))
    started = time.perf_counter()
    assert ranks.over(given, FRAME) == step * 8_000
    assert time.perf_counter() - started < 2
