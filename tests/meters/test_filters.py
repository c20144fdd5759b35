"""Filters: what passes, what does not, and what cannot be written."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ratecard._problems import problems
from ratecard.errors import RecordError
from ratecard.meters import AnyFilter, Count, Equals, Exists, Filter, In, Meter, Prefix, Range
from ratecard.records import UsageRecord

ODD: list[Any] = [0.5, float("nan"), [1], {"a": 1}, b"eu", Decimal("NaN"), object()]


def passing(one: AnyFilter, values: list[Any]) -> list[Any]:
    """The values that pass."""
    return [value for value in values if one.matches({one.property: value})]


@pytest.mark.parametrize(
    ("value", "passes", "fails"),
    [
        ("eu", ["eu"], ["EU", "eu ", "", None, "europe"]),
        (7, [7, "7", Decimal("7.0")], ["7.0", 70, True]),
        ("7", [7, "7"], [7.0]),
        (Decimal("1.50"), [Decimal("1.5"), "1.5"], ["1.50", 1]),
        (True, [True, "true"], [1, "True", False]),
        (False, [False, "false"], [0, None, ""]),
        ("", [""], [None, "x"]),
    ],
)
def test_equals(value: Any, passes: list[Any], fails: list[Any]) -> None:
    """A property equals by its one text; missing and null equal nothing, not even empty text."""
    one = Equals(property="region", value=value)
    assert passing(one, [*passes, *fails, *ODD]) == passes
    assert not one.matches({})
    assert In(property="region", values=[value]).matches({"region": passes[0]})


def test_in() -> None:
    """One of several values is enough."""
    one = In(property="region", values=["eu", 7, True])
    assert one.values == ("eu", "7", "true")
    assert passing(one, ["eu", 7, "7", True, "us", None, *ODD]) == ["eu", 7, "7", True]
    assert not one.matches({})


@pytest.mark.parametrize(
    ("minimum", "below", "passes"),
    [
        (10, 20, [10, "10.0", Decimal("19.999")]),
        (None, 10, [9, -3]),
        (20, None, [20, 21]),
    ],
)
def test_range(minimum: int | None, below: int | None, passes: list[Any]) -> None:
    """The minimum passes and the upper bound does not; what is not a number does not."""
    one = Range(property="size", minimum=minimum, below=below)
    values = [9, -3, 10, "10.0", Decimal("19.999"), 20, 21]
    assert passing(one, [*values, *ODD, "x", "", True, None, "1e1"]) == passes
    assert not one.matches({})


def test_prefix() -> None:
    """The text starts so, letter for letter."""
    one = Prefix(property="model", prefix="gpt-4")
    assert passing(one, ["gpt-4", "gpt-4o", "gpt-3", "GPT-4", " gpt-4", "", None, *ODD]) == ["gpt-4", "gpt-4o"]
    assert passing(Prefix(property="code", prefix="2"), [200, 301, "2xx"]) == [200, "2xx"]


def test_prefix_is_no_pattern() -> None:
    """Letters that mean something in patterns are letters here, and hostile ones cost nothing."""
    started = time.perf_counter()
    assert not Prefix(property="x", prefix="(a+)+$").matches({"x": "a" * 10_000_000 + "!"})
    assert Prefix(property="x", prefix=".*").matches({"x": ".*"})
    assert time.perf_counter() - started < 1


NUMBERS: list[Any] = [0.5, float("nan"), Decimal("NaN"), Decimal("1E+99"), 10**40]


@pytest.mark.parametrize(
    "one", [Range(property="s", minimum=1), Equals(property="s", value=7), In(property="s", values=["x", "1.5"])]
)
def test_numbers_that_cannot_be_read(one: Filter) -> None:
    """A record that a filter leaves out because it cannot read a number of it is refused; what is no number is not."""
    meter = Meter(key="m", event="e", aggregate=Count(), where=[one])
    assert meter.compares
    for value in NUMBERS:
        record = UsageRecord("e", "2025-01-01T00:00:00Z", {"s": value}, id="r1")
        assert not meter.takes(record.properties)
        with pytest.raises(RecordError) as caught:
            meter.check(record)
        assert (caught.value.code, caught.value.path, caught.value.record) == ("record.number", "properties.s", "r1")
    for value in ("words", "", None, True, [1], b"1", 0, 99, "7"):
        meter.check(UsageRecord("e", "2025-01-01T00:00:00Z", {"s": value}))


@pytest.mark.parametrize("turned", [False, True])
def test_another_filter_leaves_it_out(turned: bool) -> None:
    """What another filter leaves out anyway is not refused, in whichever order they stand."""
    where: list[Filter] = [
        Range(property="s", minimum=1),
        Equals(property="kind", value="a"),
        Range(property="t", below=1),
    ]
    meter = Meter(key="m", event="e", aggregate=Count(), where=where[::-1] if turned else where)
    for properties in (
        {"kind": "b", "s": 0.5, "t": 0.5},
        {"kind": "a", "s": 0.5, "t": 3},
        {"kind": "a", "s": 2, "t": 0},
    ):
        meter.check(UsageRecord("e", "2025-01-01T00:00:00Z", properties))
    with pytest.raises(RecordError) as caught:
        meter.check(UsageRecord("e", "2025-01-01T00:00:00Z", {"kind": "a", "s": 0.5, "t": 0.5}))
    assert caught.value.path == ("properties.t" if turned else "properties.s")


@pytest.mark.parametrize(
    "one",
    [
        Equals(property="s", value="eu"), In(property="s", values=["eu", True]), Prefix(property="s", prefix="0"),
        Exists(property="s", present=False),
    ],
)  # fmt: skip
def test_filters_of_text(one: Filter) -> None:
    """A filter that compares no numbers refuses none."""
    meter = Meter(key="m", event="e", aggregate=Count(), where=[one])
    assert not meter.compares
    for value in NUMBERS:
        meter.check(UsageRecord("e", "2025-01-01T00:00:00Z", {"s": value}))


def test_exists() -> None:
    """A property is there whatever its value; null is as good as missing."""
    values = ["eu", "", 0, False, *ODD]
    assert len(passing(Exists(property="region"), [*values, None])) == len(values)
    assert passing(Exists(property="region", present=False), [*values, None]) == [None]
    assert Exists(property="region", present=False).matches({})
    assert not Exists(property="region").matches({})


def refused(kind: type[Filter], **fields: Any) -> list[tuple[str, str]]:
    """Where and why a filter is refused."""
    with pytest.raises(ValidationError) as found:
        kind(**fields)
    return [(each.path, each.code) for each in problems(found.value)]


def test_checks() -> None:
    """Filters that nothing could pass, or that are wrongly written, are refused with a place and a code."""
    assert refused(Equals, property="a", value=0.5) == [("value", "filter.value")]
    assert refused(Equals, property="a", value=None) == [("value", "filter.value")]
    assert refused(In, property="a", values=["x", 0.5]) == [("values[1]", "filter.value")]
    assert refused(In, property="a", values=[]) == [("values", "filter.empty")]
    assert refused(Range, property="a") == [("", "filter.open")]
    assert refused(Range, property="a", minimum=5, below=5) == [("below", "filter.range")]
    assert refused(Range, property="a", minimum=0.5) == [("minimum", "number.float")]
    assert refused(Prefix, property="a", prefix="") == [("prefix", "text.empty")]
    assert refused(Exists, property="a", present="yes") == [("present", "flag.type")]
    assert refused(Exists, property="") == [("property", "text.empty")]


def test_tags() -> None:
    """Filters are told apart by kind; an unknown or missing one is refused by its place in the meter."""
    told: list[Any] = [
        {"kind": "equals", "property": "a", "value": 7},
        {"kind": "in", "property": "a", "values": [7, "x"]},
        {"kind": "range", "property": "a", "below": "7"},
        {"kind": "prefix", "property": "a", "prefix": "x"},
        {"kind": "exists", "property": "a"},
    ]
    meter = Meter(key="m", event="e", aggregate={"kind": "count"}, where=told)  # type: ignore[arg-type]
    assert [type(each) for each in meter.where] == [Equals, In, Range, Prefix, Exists]
    assert all(each.reads() == ("a",) for each in meter.where)
    with pytest.raises(ValidationError) as found:
        Meter(key="m", event="e", aggregate={"kind": "count"}, where=[{"kind": "regex"}, {"property": "a"}])  # type: ignore[arg-type, list-item]
    assert [(each.path, each.code) for each in problems(found.value)] == [
        ("where[0]", "kind.unknown"),
        ("where[1]", "kind.missing"),
    ]
