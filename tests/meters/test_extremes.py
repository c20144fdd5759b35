"""The largest, the smallest and the latest value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ratecard.meters import Frame, Latest, Max, Min
from ratecard.periods import Period
from ratecard.records import UsageRecord

FRAME = Frame.of(Period.month(2025, 1))
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "largest", "smallest"),
    [((10, 50, 20), "50", "10"), ((-5, -7), "-5", "-7"), (("1.50", "1.5"), "1.5", "1.5"), (("-0",), "0", "0")],
)
def test_max_and_min(values: tuple[object, ...], largest: str, smallest: str) -> None:
    """The largest and the smallest value, also below zero."""
    for given in (values, values[::-1]):
        records = [UsageRecord("call", NOON, {"n": value}) for value in given]
        assert (str(Max(of="n").over(records, FRAME)), str(Min(of="n").over(records, FRAME))) == (largest, smallest)


def record(value: int, *, second: int = 0, source: str | None = None, id: str | None = None) -> UsageRecord:
    """A record some seconds after noon."""
    return UsageRecord("call", NOON + timedelta(seconds=second), {"n": value}, source=source, id=id)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([record(18), record(18), record(14, second=1)], 14),
        ([record(1, second=2), record(9, second=1)], 1),
        ([record(5, source="a", id="1"), record(4, source="b", id="1")], 4),
        ([record(5, source="a", id="9"), record(4, source="b", id="1")], 4),
        ([record(5, id="9"), record(4, source="a", id="1")], 4),
        ([record(5, id="1"), record(4, id="2")], 4),
        ([record(5, id="10"), record(4, id="2")], 4),
        ([record(5), record(4, id="1")], 4),
        ([record(5), record(4)], 5),
        ([record(-5)], -5),
    ],
)
def test_latest(records: list[UsageRecord], expected: int) -> None:
    """The last by time, then source, then id as text; of two that share all of these the larger, in any order."""
    assert Latest(of="n").over(records, FRAME) == expected
    assert Latest(of="n").over(records[::-1], FRAME) == expected
