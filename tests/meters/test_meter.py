"""Meters and unit conversions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ratecard import meters
from ratecard._model import Model
from ratecard._numbers import Exact, Rounding, div
from ratecard._problems import problems
from ratecard.meters import Convert, Equals, Meter, Range, Sum
from ratecard.steps import Step


def refused(kind: type[Model], **fields: Any) -> list[tuple[str, str]]:
    """Where and why a model is refused."""
    with pytest.raises(ValidationError) as found:
        kind(**fields)
    return [(each.path, each.code) for each in problems(found.value)]


@pytest.mark.parametrize(
    ("fields", "quantity", "expected"),
    [
        ({"multiply": "0.001"}, Decimal(2500), Decimal("2.5")),
        ({"divide": 1000}, Decimal(2500), Decimal("2.5")),
        ({"divide": 3}, Decimal(10), div(Decimal(10), 3)),
        ({"multiply": 3}, div(Decimal(10), 3), Decimal(10)),
        ({"divide": 3600, "rounding": "up"}, Decimal(3601), Decimal(2)),
        ({"divide": 3600, "rounding": "down"}, Decimal(7199), Decimal(1)),
        ({"divide": 60, "rounding": "half_up", "places": 1}, Decimal(75), Decimal("1.3")),
        ({"divide": 60, "rounding": "half_even", "places": 1}, Decimal(75), Decimal("1.2")),
        ({"multiply": 1, "rounding": "ceiling", "places": -2}, Decimal(1201), Decimal(1300)),
        ({"multiply": 1, "rounding": "up"}, Decimal("-1.5"), Decimal(-2)),
    ],
)
def test_convert(fields: dict[str, Any], quantity: Exact, expected: Exact) -> None:
    """A factor or a divisor, exactly; then one rounding where one is named."""
    convert = Convert(**fields)
    assert convert.apply(quantity) == expected
    meter = Meter(key="m", event="e", aggregate=Sum(of="n"), convert=convert)
    assert meter.quantity(quantity) == expected


def test_convert_steps() -> None:
    """A conversion is told as a scaling, then as a rounding."""
    start = Step.of("given", [("value", Decimal(5000))], note="seconds")
    step = Convert(divide=3600, rounding="up", places=2).step(start)
    assert [each.rule for each in (step, step.parts[0], step.parts[0].parts[0])] == ["round", "scaled", "given"]
    assert (step.result, step.parts[0].result) == (Decimal("1.39"), div(Decimal(5000), 3600))
    assert step.check()
    lines = ["25/18 rounded to 2 places, up = 1.39", "  5000 / 3600 = 25/18", "  " * 2 + "seconds: 5000"]
    assert step.words() == "\n".join(lines)
    plain = Convert(multiply="0.001").step(start)
    assert (plain.rule, plain.inputs, plain.result) == ("scaled", (("factor", Decimal("0.001")),), Decimal(5))


def test_convert_places() -> None:
    """Places are a whole number in any of the forms of one, within what can be rounded to."""
    assert [Convert(multiply=1, places=places).places for places in (2, "2", Decimal("2.0"), -30, 24)] == [  # type: ignore[arg-type]
        2, 2, 2, -30, 24,
    ]  # fmt: skip
    assert refused(Convert, multiply=1, places=True) == [("places", "number.bool")]
    assert refused(Convert, multiply=1, places="1.5") == [("places", "integer.type")]
    assert refused(Convert, multiply=1, places=0.5) == [("places", "number.float")]
    assert refused(Convert, multiply=1, places=25) == [("places", "number.large")]
    assert refused(Convert, multiply=1, places=-31) == [("places", "number.small")]
    for places in (-30, 24):
        for rule in ("up", "half_even"):
            mode: Rounding = rule  # type: ignore[assignment]
            found = Convert(multiply=1, rounding=mode, places=places).apply(div(Decimal(1), 3))
            assert isinstance(found, Decimal)


def test_convert_checks() -> None:
    """Exactly one factor, above 0; all faults at once."""
    assert refused(Convert) == [("", "convert.factor")]
    assert refused(Convert, multiply=2, divide=3) == [("", "convert.factor")]
    assert refused(Convert, multiply=0) == [("multiply", "convert.positive")]
    assert refused(Convert, multiply=-1, divide=0) == [
        ("multiply", "convert.positive"),
        ("divide", "convert.positive"),
        ("", "convert.factor"),
    ]
    assert refused(Convert, multiply=1, rounding="nearest") == [("rounding", "choice.unknown")]


def test_meter() -> None:
    """A meter holds its parts, takes what passes every filter, and names each property it reads once."""
    meter = Meter(
        key="tokens",
        event="completion",
        aggregate=Sum(of="input", less=["cached"]),
        where=[Equals(property="region", value="eu"), Range(property="input", minimum=1)],
    )
    assert meter.reads() == ("input", "cached", "region")
    assert meter.takes({"region": "eu", "input": 1})
    assert not meter.takes({"region": "us", "input": 1})
    assert not meter.takes({"region": "eu", "input": 0})
    assert (meter.convert, meter.unit, meter.step, meter.quantity(Decimal(7))) == (None, "", Decimal(1), Decimal(7))
    assert Meter(key="m", event="e", aggregate=meters.Count()).takes({})


def test_meter_checks() -> None:
    """A step is above 0; an aggregate says its kind; a fault is named by its place."""
    good: dict[str, Any] = {"key": "m", "event": "e", "aggregate": {"kind": "count"}}
    assert refused(Meter, **good, step=0) == [("step", "meter.step")]
    assert refused(Meter, **good, step="-1") == [("step", "meter.step")]
    assert refused(Meter, **{**good, "key": ""}) == [("key", "text.empty")]
    assert refused(Meter, **{**good, "aggregate": {"kind": "median"}}) == [("aggregate", "kind.unknown")]
    assert refused(Meter, **{**good, "aggregate": {"of": "n"}}) == [("aggregate", "kind.missing")]
    assert refused(Meter, **{**good, "aggregate": {"kind": "sum", "of": "n", "less": ["n"]}}) == [
        ("aggregate.less[0]", "sum.less")
    ]
    assert refused(Meter, **{**good, "aggregate": {"kind": "percentile", "of": "n", "percent": 95.5}}) == [
        ("aggregate.percent", "number.float")
    ]
    assert refused(Meter, **{**good, "aggregate": {"kind": "level", "of": "n", "mode": "add", "opening": 0.5}}) == [
        ("aggregate.mode", "choice.unknown"),
        ("aggregate.opening", "number.float"),
    ]


def test_door() -> None:
    """The door offers the meter, the aggregates, the filters, and what their callers need."""
    assert sorted(meters.__all__) == meters.__all__
    assert {each.__name__ for each in meters.Aggregate.__subclasses__() if not each.__name__.startswith("_")} == {
        "Average", "Count", "Latest", "Outcomes", "Percentile", "Sum", "Unique",
    }  # fmt: skip
