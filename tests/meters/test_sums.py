"""Sums, counts and averages."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from ratecard._numbers import text
from ratecard._problems import problems
from ratecard.errors import RecordError
from ratecard.meters import Average, Count, Frame, Sum
from ratecard.periods import Period
from ratecard.records import UsageRecord
from tests.strategies import fraction

FRAME = Frame.of(Period.month(2025, 1))
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def calls(*values: object) -> list[UsageRecord]:
    """A record for each value of `n`."""
    return [UsageRecord("call", NOON, {"n": value}, id=str(index)) for index, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((12, 12, 12, 12, "4.5"), "52.5"),
        ((1, 2, 3), "6"),
        (("0.1", "0.2", "0.7"), "1"),
        (("1.50", "-1.5"), "0"),
        ((-2,), "-2"),
        ((10**29, "0.000000000000000000000001", -(10**29)), "0.000000000000000000000001"),
    ],
)
def test_sum(values: tuple[object, ...], expected: str) -> None:
    """A sum is exact and may be negative."""
    assert text(Sum(of="n").over(calls(*values), FRAME)) == expected


def test_sum_stays_whole() -> None:
    """The running sum is an int while all values are whole, and a Decimal from the first that is not."""
    total = Sum(of="n")
    one, half = calls("2.0", "0.5")
    state = total.add(total.zero(), total.read(one), one)
    assert (type(state), state) == (int, 2)
    state = total.add(state, 5, one)
    assert (type(state), state) == (int, 7)
    state = total.add(state, total.read(half), half)
    assert (type(state), state) == (Decimal, Decimal("7.5"))
    state = total.add(state, 1, one)
    assert state == Decimal("8.5")
    assert total.merge(state, 1) == total.merge(1, state) == Decimal("9.5")
    assert (total.merge(3, 4), total.dump(7), total.value(7, FRAME)) == (7, "7", Decimal(7))
    assert type(total.value(7, FRAME)) is Decimal
    assert type(total.load("7")) is int


def test_sum_of_a_difference() -> None:
    """Properties taken off are taken off in each record, must be there, and are named with the rest."""
    uncached = Sum(of="input", less=["cached", "free"])
    record = UsageRecord("call", NOON, {"input": 900, "cached": "200.5", "free": 1})
    assert uncached.over([record, record], FRAME) == Decimal(1397)
    assert uncached.reads() == ("input", "cached", "free")
    with pytest.raises(RecordError) as found:
        uncached.over([UsageRecord("call", NOON, {"input": 900, "cached": 200}, id="c1")], FRAME)
    assert (found.value.code, found.value.path) == ("record.missing", "properties.free")


def test_sum_checks() -> None:
    """A property cannot be taken off itself, or twice; all faults are told at once."""
    with pytest.raises(ValidationError) as found:
        Sum(of="input", less=["cached", "input", "cached"])
    told = [(each.path, each.code) for each in problems(found.value)]
    assert told == [("less[1]", "sum.less"), ("less[2]", "sum.less")]
    with pytest.raises(ValidationError):
        Sum(of="")


def test_count() -> None:
    """A count reads no property and counts every record."""
    assert Count().over([UsageRecord("call", NOON), UsageRecord("call", NOON)], FRAME) == Decimal(2)
    assert Count().reads() == ()
    assert str(Count().read(UsageRecord("call", NOON))) == "1"


@pytest.mark.parametrize(
    ("values", "expected"),
    [((10, 20, 30, 40), Fraction(25)), ((1, 2, 7), Fraction(10, 3)), (("0.5", -2), Fraction(-3, 4)), ((0, 0), 0)],
)
def test_average(values: tuple[object, ...], expected: Fraction | int) -> None:
    """An average is exact, also where its digits do not end."""
    assert fraction(Average(of="n").over(calls(*values), FRAME)) == expected
