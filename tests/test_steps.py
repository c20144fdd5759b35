"""Steps: every rule recomputes, is told in words, and round-trips through plain data."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard._numbers import ONE, Ratio, div
from ratecard.errors import InternalError
from ratecard.steps import RULES, TOLD, Input, Step, clamped, packages


def D(value: str) -> Decimal:
    """A Decimal, in one letter."""
    return Decimal(value)


def given_(value: str, note: str = "") -> Step:
    """A fact."""
    return Step.of("given", [("value", D(value))], note=note)


TEN, FOUR = given_("10"), given_("4")
THIRD = Step.of("scaled", [("divisor", D("3"))], parts=[TEN])
WEIGHTS: list[tuple[str, Input]] = [("weight 0", D("1")), ("weight 1", D("2")), ("step", D("0.01"))]

CASES: list[tuple[str, list[tuple[str, Input]], list[Step], str, str]] = [
    ("given", [("value", D("7.50"))], [], "7.5", "7.5"),
    ("product", [("a", D("2")), ("b", D("3")), ("per", D("4"))], [], "1.5", "2 x 3 per 4 = 1.5"),
    ("product", [("a", D("0")), ("b", D("-3"))], [], "0", "0 x -3 = 0"),
    ("sum", [], [TEN, FOUR], "14", "10 + 4 = 14"),
    ("difference", [], [TEN, FOUR], "6", "10 - 4 = 6"),
    ("tier", [("units", D("3")), ("unit_price", D("2"))], [], "6", "3 x 2 = 6"),
    (
        "tier",
        [("units", D("3")), ("unit_price", D("2")), ("per", D("4")), ("flat_price", D("1"))],
        [],
        "2.5",
        "3 x 2 per 4 + 1 = 2.5",
    ),
    (
        "package",
        [("quantity", D("25")), ("package_size", D("10")), ("package_price", D("3"))],
        [],
        "9",
        "25 in packages of 10 (rounded up) x 3 = 9",
    ),
    (
        "package",
        [("quantity", D("25")), ("free_units", D("30")), ("package_size", D("10")), ("package_price", D("3"))],
        [],
        "0",
        "25 less 30 free in packages of 10 (rounded up) x 3 = 0",
    ),
    (
        "package",
        [("quantity", D("25")), ("package_size", D("10")), ("package_price", D("3")), ("rounding", "down")],
        [],
        "6",
        "25 in packages of 10 (rounded down) x 3 = 6",
    ),
    ("packed", [("quantity", D("25")), ("package_size", D("10"))], [], "30", "25 in packages of 10 (rounded up) = 30"),
    (
        "packed",
        [("quantity", D("25")), ("package_size", D("10")), ("rounding", "none")],
        [],
        "25",
        "25 in packages of 10 (not rounded) = 25",
    ),
    (
        "percentage",
        [("value", D("100")), ("rate", D("0.1")), ("fixed", D("1")), ("minimum", D("2")), ("maximum", D("9"))],
        [],
        "9",
        "100 x 0.1 + 1, at least 2, at most 9 = 9",
    ),
    ("percentage", [("value", D("10")), ("rate", D("0.1"))], [], "1", "10 x 0.1 = 1"),
    ("clamp", [("minimum", D("12"))], [TEN], "12", "10, at least 12 = 12"),
    ("scaled", [("factor", D("2")), ("divisor", D("3"))], [TEN], "20/3", "10 x 2 / 3 = 20/3"),
    ("scaled", [], [TEN], "10", "10 = 10"),
    (
        "round",
        [("places", D("1")), ("mode", "half_even")],
        [given_("0.25")],
        "0.2",
        "0.25 rounded to 1 places, half_even = 0.2",
    ),
    (
        "multiple",
        [("step", D("0.05")), ("mode", "up")],
        [given_("1.01")],
        "1.05",
        "1.01 rounded to a multiple of 0.05, up = 1.05",
    ),
    ("greatest", [], [FOUR, TEN, FOUR], "10", "the greatest of 4, 10, 4 = 10"),
    ("least", [], [TEN, FOUR, TEN], "4", "the least of 10, 4, 10 = 4"),
    ("last", [], [TEN, FOUR], "4", "4"),
]


@pytest.mark.parametrize(("rule", "inputs", "parts", "result", "words"), CASES)
def test_rule(rule: str, inputs: list[tuple[str, Input]], parts: list[Step], result: str, words: str) -> None:
    """A rule gives its result, is told with its inputs, recomputes, and reads back equal from plain data."""
    step = Step.of(rule, inputs, parts=parts)
    assert step.to_json()["result"] == result
    lines = step.words().splitlines()
    assert lines[0] == words
    assert lines[1:] == ["  " + part.words() for part in parts]
    assert step.check()
    assert Step.from_json(step.to_json()) == step


def test_every_rule_is_told_and_tried() -> None:
    """The two tables have the same rules, and each stands among the cases here."""
    assert RULES.keys() == TOLD.keys() == {case[0] for case in CASES}


def test_a_wrong_result_is_found() -> None:
    """A result that its rule does not give is found at any depth, and so is a rule that is not there."""
    wrong = Step("sum", [], D("15"), parts=[TEN, FOUR])
    assert not wrong.check()
    assert not Step("sum", [], D("15"), parts=[wrong]).check()
    assert not Step("magic", [], D("15")).check()


def test_steps_are_values() -> None:
    """Equal steps are equal and hash alike; a note makes a difference, another type is another thing."""
    noted = given_("10", "fee")
    assert given_("10.0") == TEN
    assert hash(given_("10.0")) == hash(TEN)
    assert noted != TEN
    assert TEN != "10"
    assert repr(noted) == "<Step fee: 10>"
    assert noted.to_json() == {"rule": "given", "note": "fee", "inputs": {"value": "10"}, "result": "10"}


def test_words_are_indented() -> None:
    """Each level of parts stands two spaces further in, after the margin given."""
    step = Step.of("sum", parts=[Step.of("sum", parts=[TEN, FOUR]), FOUR], note="all")
    assert step.words(indent="- ").splitlines() == [
        "- all: 14 + 4 = 18",
        "-   10 + 4 = 14",
        "-     10",
        "-     4",
        "-   4",
    ]


@pytest.mark.parametrize(
    ("rule", "inputs", "parts"),
    [
        ("given", [("value", "ten")], []),
        ("round", [("places", ONE), ("mode", "sideways")], [TEN]),
        ("multiple", [("step", div(ONE, 3))], [TEN]),
    ],
)
def test_inputs_that_a_rule_cannot_read(rule: str, inputs: list[tuple[str, Input]], parts: list[Step]) -> None:
    """A step of ours with senseless inputs is an error of ours."""
    with pytest.raises(InternalError) as caught:
        Step.of(rule, inputs, parts=parts)
    assert caught.value.code == "step.input"


@given(st.integers(0, 1000), st.integers(1, 50))
def test_packages(quantity: int, size: int) -> None:
    """Started packages hold the quantity, full ones fit into it, parts are in proportion."""
    up, down = (packages(Decimal(quantity), Decimal(size), mode) for mode in ("up", "down"))
    assert down <= Decimal(quantity) / size <= up
    assert up - down in (0, 1)  # type: ignore[operator]
    part = packages(Decimal(quantity), Decimal(size), "none")
    assert part == div(Decimal(quantity), size)
    assert isinstance(part, Decimal | Ratio)


@given(st.integers(-9, 9), st.none() | st.integers(-9, 9), st.none() | st.integers(-9, 9))
def test_clamped(value: int, low: int | None, high: int | None) -> None:
    """First not below the minimum, then not above the maximum; doing it twice changes nothing."""
    bounds = [None if bound is None else Decimal(bound) for bound in (low, high)]
    found = clamped(Decimal(value), *bounds)
    expected = value if low is None else max(value, low)
    assert found == (expected if high is None else min(expected, high))
    assert clamped(found, *bounds) == found


def test_deep() -> None:
    """A derivation may be deeper than calls may nest: it is told, read back, compared and checked all the same."""
    told: dict[str, object] = {"rule": "given", "inputs": {"value": "1"}, "result": "1"}
    for _ in range(5000):
        told = {"rule": "sum", "result": "1", "parts": [told]}
    found = Step.from_json(told)
    assert found.check()
    assert found == Step.from_json(told)
    assert found != Step.from_json({"rule": "sum", "result": "1", "parts": [{"rule": "sum", "result": "1"}]})
    left, depth = found.to_json(), 0
    while "parts" in left:
        (left,) = left["parts"]
        depth += 1
    assert depth == 5000
    assert len(found.words().splitlines()) == 5001
