"""The token buckets of the quick way of a live bill: they hold what the guards say they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ratecard import prices
from ratecard.guards import Alert, Cap, TokenBucket
from ratecard.meters import Meter, Sum
from ratecard.periods import Period
from ratecard.plans import Item, Plan, Terms, resolve
from ratecard.rating import Live, live
from ratecard.records import UsageRecord

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
JANUARY = Period.month(2025, 1)


def terms(*some: Any, period: Period = JANUARY) -> Terms:
    """One counter under some guards."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=Sum(of="n"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price=1))], guards=some,
    )  # fmt: skip
    return resolve(plan, plan.subscribe("acme", start=period.start), period)


def pair(of: Terms) -> tuple[Live, Live]:
    """The same bill twice; the second goes the long way always."""
    quick, long = live(of), live(of)
    long._swift = None
    return quick, long


def steps(*micros: int, start: datetime = NOON) -> list[UsageRecord]:
    """Records so many microseconds after one another."""
    found: list[UsageRecord] = []
    for count, each in enumerate(micros):
        start += timedelta(microseconds=each)
        found.append(UsageRecord("use", start, {"n": count + 1}, id=f"r{count}"))
    return found


def same(quick: Live, long: Live, records: list[UsageRecord]) -> list[bool]:
    """Both say the same of each record; whether it was let through."""
    found: list[bool] = []
    for record in records:
        mine, theirs = quick.admit(record), long.admit(record)
        assert (mine.to_json(), quick.version) == (theirs.to_json(), long.version)
        found.append(mine.allowed)
    assert quick.dump() == long.dump()
    return found


@pytest.mark.parametrize(
    "bucket",
    [
        TokenBucket(capacity=2, refill=1),
        TokenBucket(capacity="2.5", refill=3),
        TokenBucket(capacity=2, refill="0.7", interval_seconds=1),
    ],
)
def test_a_bucket_of_calls(bucket: TokenBucket) -> None:
    """Full, part full, empty, full again to the microsecond and one before it: as the guard counts it."""
    quick, long = pair(terms(bucket))
    waits = [0, 0, 0, 333_333, 1, 333_333, 666_667, 1, 999_999, 1_999_999, 0, 5_000_000, 0, 1, 86_400_000_000, 0]
    found = same(quick, long, steps(*waits))
    assert not all(found)
    assert found[-2:] == [True, True]


def test_time_that_goes_back() -> None:
    """A request from before the last one is counted where the guard counts it, also once it is full again."""
    quick, long = pair(terms(TokenBucket(capacity=2, refill=1)))
    assert same(quick, long, steps(0, -1, -3_000_000, 10_000_000, -9_000_000)) == [True, True, False, True, True]


def test_a_bucket_smaller_than_a_call() -> None:
    """What never holds a whole call lets none through."""
    quick, long = pair(terms(TokenBucket(capacity="0.5", refill=1)))
    assert same(quick, long, steps(0, 5_000_000)) == [False, False]


@pytest.mark.parametrize(
    ("bucket", "year"),
    [
        (TokenBucket(capacity=2, refill="0.000000000000000000000001"), 2025),
        (TokenBucket(capacity=2, refill="0.0000001"), 8999),
        (TokenBucket(capacity=2, refill=1), 1960),
    ],
)
def test_ages(bucket: TokenBucket, year: int) -> None:
    """A bucket that takes ages to fill, and one that is drawn before 1970, are drawn all the same."""
    period = Period.month(year, 11)
    quick, long = pair(terms(bucket, period=period))
    assert same(quick, long, steps(0, 1, 1, start=period.start)) == [True, True, False]


def test_a_part_of_a_grain() -> None:
    """A level that a stored state holds, in parts finer than the bucket is counted in here, is drawn as it is."""
    of = terms(TokenBucket(capacity=2, refill=1))
    told = live(of).dump()
    told["guards"] |= {"version": 1, "at": 1736510400000000}
    told["guards"]["parts"] = {"token_bucket of calls": ["1.0000001000000000000001", 1736510400000000]}
    quick, long = Live.load(told, of), Live.load(told, of)
    long._swift = None
    assert same(quick, long, steps(0, 0, 999_999, 1)) == [True, False, False, True]


def test_other_guards_move_time() -> None:
    """Where an alert was told later than the bucket was drawn, the bucket is asked no earlier than that."""
    quick, long = pair(terms(TokenBucket(capacity=2, refill="0.1"), Alert(quantity=3, meter="n")))
    first = UsageRecord("use", NOON, {"n": 5}, id="first")
    later = NOON + timedelta(seconds=9)
    for bill in (quick, long):
        assert bill.admit(first)
        assert len(bill.record(first, at=later)) == 1
    assert same(quick, long, steps(-1, 1, 0, 1_000_000, start=later)) == [True, False, False, True]


def test_a_bucket_that_is_filled_in_steps() -> None:
    """What fills all at once at the end of each interval is the long way's."""
    quick, long = pair(terms(TokenBucket(capacity=2, refill=1, fill="steps")))
    assert same(quick, long, steps(0, 0, 999_999, 1)) == [True, True, False, True]


@pytest.mark.parametrize("some", [(), (TokenBucket(capacity=9, refill=1),)])
def test_what_was_left_is_of_its_moment(some: tuple[Any, ...]) -> None:
    """What a verdict says is left stays so while records are counted, also where several were let through before."""
    quick, long = pair(terms(Cap(spend=500), *some))
    asked = [(quick.admit(each), long.admit(each), each) for each in steps(0, 10, 10)]
    for bill in (quick, long):
        for *_, record in asked:
            assert bill.record(record) == ()
            assert bill.record(UsageRecord("use", record.at, {"n": "0.5"}, id=f"{record.id} more")) == ()
    assert [mine.left for mine, _, _ in asked] == [theirs.left for _, theirs, _ in asked]
    assert quick.dump() == long.dump()
