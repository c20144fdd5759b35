"""What every aggregate has: a frame to be valued in, plain values in place of records, and refusals of foreign data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratecard import meters
from ratecard._numbers import div
from ratecard.errors import MismatchError, RecordError
from ratecard.meters import Aggregate, Frame, Given
from ratecard.periods import Period
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
DAY = 24 * 3600 * 1_000_000
FRAME = Frame.of(JANUARY)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)

ALL: dict[str, Aggregate] = {
    "sum": meters.Sum(of="n"),
    "count": meters.Count(),
    "average": meters.Average(of="n"),
    "max": meters.Max(of="n"),
    "min": meters.Min(of="n"),
    "latest": meters.Latest(of="n"),
    "unique": meters.Unique(of="n"),
    "percentile": meters.Percentile(of="n", percent=50),
    "level": meters.Level(of="n", opening=0),
    "peak": meters.Peak(of="n", opening=0),
}


def code(act: Callable[[], object]) -> str:
    """The code of a mismatch."""
    with pytest.raises(MismatchError) as found:
        act()
    return found.value.code


def test_frame() -> None:
    """A frame is a stretch, the length of the full period in microseconds, and the level before it if it is known."""
    part = Frame.of(Period("2025-01-01", "2025-01-02"), full=JANUARY, opening=Decimal("2.50"))
    assert (part.start, part.end) == (JANUARY.start, JANUARY.start + timedelta(days=1))
    assert (part.full, part.opening) == (31 * DAY, Decimal("2.5"))
    assert (FRAME.full, FRAME.opening) == (31 * DAY, None)
    assert repr(part) == "<Frame 2025-01-01T00:00:00+00:00 to 2025-01-02T00:00:00+00:00, opening 2.5>"
    assert repr(FRAME) == "<Frame 2025-01-01T00:00:00+00:00 to 2025-02-01T00:00:00+00:00>"


def test_given() -> None:
    """A plain value equals a plain value of the same amount, whatever its zeros, and nothing else."""
    assert Given(Decimal("2.0")) == Given(Decimal(2))
    assert hash(Given(Decimal("2.0"))) == hash(Given(Decimal(2)))
    assert Given(Decimal(2)) != Given(div(Decimal(2), 3))
    assert Given(Decimal(2)) != Decimal(2)
    assert repr(Given(div(Decimal(2), 3))) == "Given('2/3')"


@pytest.mark.parametrize("kind", ALL)
def test_given_stays(kind: str) -> None:
    """A plain value takes no record in and merges with no record's state, only with zero."""
    aggregate = ALL[kind]
    record = UsageRecord("e", NOON, {"n": 1})
    state = aggregate.given(Decimal(7))
    other = aggregate.add(aggregate.zero(), aggregate.read(record), record)
    assert code(lambda: aggregate.add(state, aggregate.read(record), record)) == "tally.given"
    assert aggregate.merge(state, aggregate.zero()) == aggregate.merge(aggregate.zero(), state) == Given(Decimal(7))
    assert aggregate.value(state, FRAME) == 7
    assert code(lambda: aggregate.merge(state, other)) == "tally.given"
    assert code(lambda: aggregate.merge(other, state)) == "tally.given"


@pytest.mark.parametrize("kind", ALL)
def test_nothing(kind: str) -> None:
    """Without records every aggregate is 0."""
    assert str(ALL[kind].over([], FRAME)) == "0"


@pytest.mark.parametrize("kind", ALL)
def test_kind(kind: str) -> None:
    """An aggregate says its kind, and a meter reads it by that."""
    aggregate = ALL[kind]
    told = aggregate.model_dump(mode="json")
    assert told["kind"] == kind
    meter = meters.Meter(key="m", event="e", aggregate=told)  # type: ignore[arg-type]
    assert meter.aggregate == aggregate
    assert type(meter.aggregate) is type(aggregate)


def test_cumulative() -> None:
    """Averages, latest values and percentiles are read anew in every segment; all else carries on."""
    assert [kind for kind, each in ALL.items() if not each.cumulative] == ["average", "latest", "percentile"]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in ("count", "unique")])
def test_numbers_are_refused_not_zero(kind: str) -> None:
    """A missing value or one that is not a number is refused, never taken as 0."""
    aggregate = ALL[kind]
    for properties, expected in (({}, "record.missing"), ({"n": 0.5}, "record.number"), ({"n": "x"}, "record.number")):
        with pytest.raises(RecordError) as found:
            aggregate.over([UsageRecord("e", NOON, properties, id="r1")], FRAME)
        assert (found.value.code, found.value.path, found.value.record) == (expected, "properties.n", "r1")
    assert aggregate.reads() == ("n",)


BAD: dict[str, list[object]] = {
    "sum": [None, 7, 0.5, "x", "1/3", [], {}, {"given": 7}, {"given": "7", "x": 1}],
    "count": [None, "7", -1, True, 0.5, []],
    "average": [None, "7", [], ["1"], ["1", 1, 1], [1, 1], ["1", "1"], ["1/3", 1], ["1", -1]],
    "max": [7, "x", "1/3", [], True],
    "min": [7, "x", "1/3", [], True],
    "latest": [7, "x", [], ["2025-01-01T00:00:00Z", "", "", 7], ["2025-01-01", "", "", "7"], ["x", "", "", "7"],
               ["2025-01-01T00:00:00Z", None, "", "7"], ["2025-01-01T00:00:00Z", "", 1, "7"], [None, "", "", "7"]],
    "unique": [None, "ana", {"ana": 1}, ["ana", 7], [None]],
    "percentile": [None, {"1": 1}, [["1"]], [["1", 0]], [["1", -1]], [["1", True]], [[1, 1]], [["1", 1], ["1.0", 1]]],
    "level": [None, "x", [["2025-01-01T00:00:00Z", "", ""]], [7], {}],
    "peak": [None, "x", [["2025-01-01T00:00:00Z", "", "", "1/3"]], [7], {}],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "data"), [(kind, data) for kind, rows in BAD.items() for data in rows])
def test_foreign_data(kind: str, data: Any) -> None:
    """Plain data that dump did not write is refused."""
    assert code(lambda: ALL[kind].load(data)) == "tally.state"


@pytest.mark.parametrize("kind", ALL)
def test_order_of_sets(kind: str) -> None:
    """The dump of a state is in an order of its own, not in that of arrival."""
    aggregate = ALL[kind]
    records = [UsageRecord("e", NOON, {"n": n}, id=str(n)) for n in (3, 1, 2)]

    def dumped(given: list[UsageRecord]) -> object:
        state = aggregate.zero()
        for record in given:
            state = aggregate.add(state, aggregate.read(record), record)
        return aggregate.dump(state)

    assert dumped(records) == dumped(records[::-1])


@pytest.mark.parametrize("kind", ALL)
def test_halves(kind: str) -> None:
    """Two halves of the records merge, either way round, to the state of them all, and stay as they were."""
    aggregate = ALL[kind]
    records = [UsageRecord("e", NOON + timedelta(hours=n % 3), {"n": n}, id=str(n)) for n in (3, 1, 4, 1, 5, 9, 2, 6)]

    def fed(given: list[UsageRecord]) -> Any:
        state = aggregate.zero()
        for record in given:
            state = aggregate.add(state, aggregate.read(record), record)
        return state

    one, two, whole = fed(records[:4]), fed(records[4:]), aggregate.dump(fed(records))
    before = [aggregate.dump(one), aggregate.dump(two)]
    assert aggregate.dump(aggregate.merge(one, two)) == aggregate.dump(aggregate.merge(two, one)) == whole
    assert aggregate.dump(aggregate.merge(one, aggregate.zero())) == before[0]
    assert aggregate.dump(aggregate.merge(aggregate.zero(), two)) == before[1]
    assert aggregate.value(aggregate.load(whole), FRAME) == aggregate.over(records, FRAME)
    assert [aggregate.dump(one), aggregate.dump(two)] == before


def test_dumps() -> None:
    """The plain data of each kind of state, in full."""
    records = [UsageRecord("e", NOON, {"n": Decimal(n)}, id=n, source="s") for n in ("2.50", "1.0", "3")]
    events = [["2025-01-10T12:00:00Z", "s", "1.0", "1"], ["2025-01-10T12:00:00Z", "s", "2.50", "2.5"]]
    events.append(["2025-01-10T12:00:00Z", "s", "3", "3"])
    expected: dict[str, object] = {
        "sum": "6.5",
        "count": 3,
        "average": ["6.5", 3],
        "max": "3",
        "min": "1",
        "latest": events[-1],
        "unique": ["1", "2.5", "3"],
        "percentile": [["1", 1], ["2.5", 1], ["3", 1]],
        "level": events,
        "peak": events,
    }
    for kind, aggregate in ALL.items():
        state = aggregate.zero()
        for record in records:
            state = aggregate.add(state, aggregate.read(record), record)
        assert aggregate.dump(state) == expected[kind]
        assert aggregate.dump(aggregate.given(div(Decimal(1), 3))) == {"given": "1/3"}
