"""Usage records: what gets in, what is refused and why, and rows of one's own."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from ratecard.errors import RecordError
from ratecard.records import Layout, UsageRecord, group_text, read_number, read_time, show_time
from tests import strategies as some

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
HUGE = 10**5000
LONG = pytest.param(HUGE, id="long")
"""An int of more digits than Python writes out."""


def refused(act: Callable[[], object]) -> tuple[str, str, str | None]:
    """The code, the path and the record of the refusal."""
    with pytest.raises(RecordError) as found:
        act()
    assert len(str(found.value)) < 300
    return found.value.code, found.value.path, found.value.record


def test_parts() -> None:
    """A record holds its parts, its time in UTC."""
    record = UsageRecord("call", "2025-01-10T13:00:00+01:00", {"n": 1}, customer="acme", source="gw", id="c1")
    held = (record.event, record.at, record.properties, record.customer, record.source, record.id)
    assert held == ("call", NOON, {"n": 1}, "acme", "gw", "c1")
    assert record.at.tzinfo is UTC
    assert record.identity == ("gw", "c1")
    assert UsageRecord("call", NOON).properties == {}
    assert UsageRecord("call", NOON, source="gw").identity is None


@pytest.mark.parametrize(
    "at",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=-5))),
        "2025-01-10T12:00:00Z",
        "2025-01-10T12:00:00.000000999+00:00",
    ],
)
def test_times(at: datetime | str) -> None:
    """Any aware time gets in and is held in UTC; digits after the microsecond are cut."""
    assert UsageRecord("call", at).at == NOON
    assert UsageRecord("call", at).at.tzinfo is UTC


class Later(datetime):
    """A datetime of one's own."""


def test_time_of_a_subclass() -> None:
    """A subclass of datetime is read like any other."""
    assert UsageRecord("call", Later(2025, 1, 10, 12, tzinfo=UTC)).at == NOON


@pytest.mark.parametrize(
    "at",
    [
        datetime(2025, 1, 10, 12),  # noqa: DTZ001 - that it has no zone is the point
        "2025-01-10T12:00:00",
        "2025-01-10",
        date(2025, 1, 10),
        1736510400,
        1736510400.0,
        None,
        "noon",
        pytest.param("9" * 5000, id="nines"),
        LONG,
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        "9999-12-31T23:00:00-10:00",
    ],
)
def test_times_refused(at: object) -> None:
    """A time without a zone, a number or something unreadable is refused, in few words, with the record's id."""
    assert refused(lambda: UsageRecord("call", at, id="c1")) == ("record.at", "at", "c1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parts", "path", "record"),
    [
        ({"event": ""}, "event", "c1"),
        ({"event": 7}, "event", "c1"),
        ({"event": None}, "event", "c1"),
        ({"properties": [1]}, "properties", "c1"),
        ({"properties": "n=1"}, "properties", "c1"),
        ({"customer": ""}, "customer", "c1"),
        ({"customer": 7}, "customer", "c1"),
        ({"source": b"gw"}, "source", "c1"),
        ({"source": "", "customer": None}, "source", "c1"),
        ({"id": ""}, "id", None),
        ({"id": 7}, "id", None),
        ({"id": HUGE}, "id", None),
    ],
)
def test_parts_refused(parts: dict[str, Any], path: str, record: str | None) -> None:
    """Every part but properties is text; what is not is refused by name."""
    given_parts: dict[str, Any] = {"event": "call", "at": NOON, "id": "c1", **parts}
    assert refused(lambda: UsageRecord(**given_parts)) == (f"record.{path}", path, record)


def test_refusals_say_what_came() -> None:
    """The text of a refusal shows text and times, shortened, and the type of anything else."""
    cases: list[tuple[object, str]] = [
        ("x" * 99, f"the time is '{'x' * 40}', not an instant"),
        (date(2025, 1, 10), "the time is '2025-01-10', not an instant"),
        (HUGE, "the time is a value of type int, not an instant"),
    ]
    for at, told in cases:
        with pytest.raises(RecordError, match=told):
            UsageRecord("call", at)  # type: ignore[arg-type]


def test_equality() -> None:
    """Records with the same content are equal and hash alike; a record equals nothing else."""
    one = UsageRecord("call", NOON, {"n": 1}, id="c1")
    assert one == UsageRecord("call", "2025-01-10T12:00:00Z", {"n": 1}, id="c1")
    assert hash(one) == hash(UsageRecord("call", NOON, {"n": 1}, id="c1"))
    assert one != UsageRecord("call", NOON, {"n": 2}, id="c1")
    assert one != UsageRecord("call", NOON, {"n": 1}, id="c1", customer="acme")
    assert one != "c1"
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own bytes


def test_repr() -> None:
    """The repr is the call that makes the record, without the parts it has not."""
    assert repr(UsageRecord("call", NOON)) == "UsageRecord('call', '2025-01-10T12:00:00Z', {})"
    full = UsageRecord("call", NOON, {"n": 1}, customer="acme", source="gw", id="c1")
    told = "UsageRecord('call', '2025-01-10T12:00:00Z', {'n': 1}, customer='acme', source='gw', id='c1')"
    assert repr(full) == told
    assert eval(told) == full  # noqa: S307 - our own text


def test_json() -> None:
    """Plain data has the parts a record has, Decimals as text, and reads back."""
    record = UsageRecord("call", NOON, {"n": Decimal("1.50"), "m": 2, "user": "ana"}, customer="acme", id="c1")
    told = record.to_json()
    assert told == {
        "event": "call",
        "at": "2025-01-10T12:00:00Z",
        "properties": {"n": "1.5", "m": 2, "user": "ana"},
        "customer": "acme",
        "id": "c1",
    }
    assert UsageRecord.from_json(told).to_json() == told
    assert UsageRecord("call", NOON).to_json() == {"event": "call", "at": "2025-01-10T12:00:00Z"}


@given(some.records())
def test_json_round_trip(record: UsageRecord) -> None:
    """A record comes back from its plain data with every part, and its numbers of the same value."""
    again = UsageRecord.from_json(record.to_json())
    assert (again.event, again.at, again.source, again.id) == (record.event, record.at, record.source, record.id)
    assert again.properties.keys() == record.properties.keys()
    assert read_number(again, "n") == record.properties["n"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([1], ("record.type", "", None)),
        ("call", ("record.type", "", None)),
        ({"event": "call", "at": "2025-01-10T12:00:00Z", "tokens": 7}, ("record.fields", "tokens", None)),
        ({"event": "call", "at": "2025-01-10T12:00:00Z", "t" * 99: 7, "id": "c1"}, ("record.fields", "t" * 40, "c1")),
        ({"event": "call", HUGE: 7, "id": 7}, ("record.fields", "", None)),
        ({"at": "2025-01-10T12:00:00Z"}, ("record.event", "event", None)),
        ({"event": "call", "id": "c1"}, ("record.at", "at", "c1")),
    ],
)
def test_json_refused(told: Any, expected: tuple[str, str, str | None]) -> None:
    """What is not a mapping of a record's parts is refused, with the record's id where there is one."""
    assert refused(lambda: UsageRecord.from_json(told)) == expected


def test_read_number() -> None:
    """A property is read by the number grammar: text, ints and Decimals."""
    record = UsageRecord("call", NOON, {"a": "12.50", "b": 7, "c": Decimal("1E+3"), "d": "-0"})
    assert [str(read_number(record, name)) for name in "abcd"] == ["12.50", "7", "1000", "0"]


@pytest.mark.parametrize("value", [0.5, True, None, "1e3", " 1", "\uff11", "abc", "", [1], Decimal("NaN"), LONG])
def test_read_number_refused(value: object) -> None:
    """What is not a number of the grammar is refused, never taken as 0."""
    record = UsageRecord("call", NOON, {"n": value}, id="c1")
    assert refused(lambda: read_number(record, "n")) == ("record.number", "properties.n", "c1")
    assert refused(lambda: read_number(record, "m")) == ("record.missing", "properties.m", "c1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""), ("", ""), ("eu", "eu"), (True, "true"), (False, "false"), (7, "7"), (-7, "-7"),
        (Decimal("7.50"), "7.5"), (Decimal("-0.0"), "0"), (Decimal("1E+3"), "1000"), ("7.50", "7.50"),
    ],
)  # fmt: skip
def test_group_text(value: object, expected: str) -> None:
    """A group's name is the one text of the property; missing and empty are one group."""
    assert group_text(UsageRecord("call", NOON, {"region": value}), "region") == expected
    assert group_text(UsageRecord("call", NOON), "region") == ""


@pytest.mark.parametrize("value", [0.5, [1], {"a": 1}, Decimal("NaN"), LONG, b"eu", NOON])
def test_group_text_refused(value: object) -> None:
    """A value that has no one text names no group."""
    record = UsageRecord("call", NOON, {"region": value}, id="c1")
    assert refused(lambda: group_text(record, "region")) == ("record.dimension", "properties.region", "c1")


def test_show_time() -> None:
    """Times are shown in UTC, ending in Z, and read back."""
    at = NOON.replace(microsecond=50)
    assert show_time(at) == "2025-01-10T12:00:00.000050Z"
    assert read_time(show_time(at)) == at


ROW: Mapping[str, Any] = {
    "type": "call", "when": "2025-01-10T12:00:00Z", "who": "acme", "key": "c1", "from": "gw", "n": 7
}  # fmt: skip
EXPECTED = UsageRecord("call", NOON, ROW, customer="acme", source="gw", id="c1")


def test_rows_that_are_mappings() -> None:
    """A row is read by the names of its parts, and its properties are the whole row."""
    layout = Layout(event="type", at="when", customer="who", source="from", id="key")
    assert layout.record(ROW) == EXPECTED
    assert layout.place("n") == "n"


def test_rows_with_nested_properties() -> None:
    """Properties may stand in a mapping of their own; then the rest of the row is not read."""
    layout = Layout(properties="data", id="key")
    row = {"event": "call", "at": NOON, "key": "c1", "data": {"n": 7}, "other": 1}
    assert layout.record(row) == UsageRecord("call", NOON, {"n": 7}, id="c1")


@pytest.mark.parametrize("row", [tuple(ROW.values()), list(ROW.values())])
def test_rows_that_are_tuples(row: Any) -> None:
    """A row of columns is read by position."""
    layout = Layout(event="type", at="when", customer="who", source="from", id="key", columns=list(ROW))
    assert layout.record(row) == EXPECTED
    assert layout.place("n") == 5


def test_rows_without_event_or_time() -> None:
    """Rows of one event need not say it; rows known to lie inside the period need no time and get its start."""
    layout = Layout(always_event="call", at=None, within=True)
    assert layout.event is None
    assert layout.record({"n": 7}, start=NOON) == UsageRecord("call", NOON, {"n": 7})
    assert refused(lambda: layout.record({"n": 7})) == ("record.at", "at", None)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"event": None}, ("layout.event", "event", None)),
        ({"at": None}, ("layout.at", "at", None)),
        ({"columns": ["event", "n"]}, ("layout.columns", "columns", None)),
        ({"columns": ["event", "at", "n", "n"]}, ("layout.columns", "columns", None)),
        ({"columns": ["event", "at"], "id": "key"}, ("layout.columns", "columns", None)),
        ({"columns": ["event", "at", "data"], "properties": "data"}, ("layout.columns", "columns", None)),
    ],
)
def test_layouts_refused(parts: dict[str, Any], expected: tuple[str, str, str | None]) -> None:
    """A layout that could not be read by is refused at once."""
    assert refused(lambda: Layout(**parts)) == expected


@pytest.mark.parametrize("row", [("call",), ("call", NOON, 7, 8), "abc", 7, None, {"event": "call"}])
def test_rows_of_another_length(row: Any) -> None:
    """A row that is not a sequence of as many columns is refused."""
    layout = Layout(columns=["event", "at", "n"])
    assert refused(lambda: layout.record(row)) == ("record.row", "", None)


def test_rows_of_another_shape() -> None:
    """A row without columns is a mapping; a column that is not there cannot be read."""
    assert refused(lambda: Layout().record(("call", NOON))) == ("record.row", "", None)
    assert refused(lambda: Layout(columns=["event", "at"]).place("n")) == ("layout.columns", "n", None)
