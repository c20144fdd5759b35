"""The number grammar, exact values, rounding, splitting and texts: the cases."""

from __future__ import annotations

import copy
import decimal
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from threading import Thread
from unittest.mock import MagicMock

import pytest

from ratecard._numbers import (
    CONTEXT,
    DIGITS,
    ONE,
    PLACES,
    ZERO,
    Exact,
    Ratio,
    Rounding,
    add,
    ceil,
    div,
    exact,
    floor,
    mul,
    neg,
    number,
    plain,
    quantize,
    sign,
    split,
    sub,
    text,
    to_multiple,
    total,
)
from ratecard.errors import InternalError, NumberError

SOON = 0.05
"""Seconds within which anything is refused."""

CENT = Decimal("0.01")
THIRD = div(ONE, 3)


class LyingText(str):
    """Text that says something else of itself."""

    def __str__(self) -> str:
        return "666"


class LyingInt(int):
    """A number that says another one of itself."""

    def __int__(self) -> int:
        return 666


class OwnDecimal(Decimal):
    """A child of Decimal."""


class OwnFloat(float):
    """A child of float, as the floats of array libraries are, with a text of its own."""

    def __repr__(self) -> str:
        return "x" * 10**6


class Foreign:
    """A number of an array library: it behaves like one and has no number's class."""

    def __int__(self) -> int:
        return 1

    def __index__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0


def same(found: Exact, wanted: Exact) -> bool:
    """Equal in value, form and sign; Decimals also in digits."""
    return repr(found) == repr(wanted)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("0", "0"),
        ("007", "7"),
        ("-1.50", "-1.50"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("9" * 30, "9" * 30),
        ("-" + "9" * 30 + "." + "9" * 24, "-" + "9" * 30 + "." + "9" * 24),
        (0, "0"),
        (-12, "-12"),
        (10**30 - 1, "9" * 30),
        (1 - 10**30, "-" + "9" * 30),
        (Decimal("1.50"), "1.50"),
        (Decimal("-0"), "0"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("0E+5"), "0"),
        (Decimal("0E-999999999"), "0"),
        (Decimal("1E+29"), "1" + "0" * 29),
        (Decimal("-12E+3"), "-12000"),
        (Decimal("1E-24"), "1E-24"),
        (Decimal("10E-25"), "1E-24"),
        (Decimal("1." + "0" * 30), "1"),
        (Decimal("120." + "0" * 30), "120"),
        (Decimal("9" * 30 + "." + "9" * 24 + "000"), "9" * 30 + "." + "9" * 24),
        (LyingText("3"), "3"),
        (LyingInt(7), "7"),
        (OwnDecimal("1E+3"), "1000"),
    ],
)
def test_number_accepted(given: object, wanted: str) -> None:
    """What the grammar holds comes out as the same plain Decimal, up to the bounds and on them."""
    found = number(given)
    assert type(found) is Decimal
    assert repr(found) == f"Decimal('{wanted}')"


LONG = 10**6
REFUSED: list[tuple[str, object, str]] = [
    ("empty", "", "syntax"),
    ("blank", " 1", "syntax"),
    ("line end", "1\n", "syntax"),
    ("plus", "+1", "syntax"),
    ("separator", "1_000", "syntax"),
    ("comma", "1,5", "syntax"),
    ("exponent", "1e3", "syntax"),
    ("huge exponent", "1e999999999", "syntax"),
    ("no whole part", ".5", "syntax"),
    ("no fraction", "5.", "syntax"),
    ("minus alone", "-", "syntax"),
    ("hexadecimal", "0x1", "syntax"),
    ("nan text", "NaN", "syntax"),
    ("infinity text", "Infinity", "syntax"),
    ("full width", "１２", "syntax"),  # noqa: RUF001
    ("arabic", "٣", "syntax"),
    ("31 digits", "0" * 31, "syntax"),
    ("25 places", "0." + "0" * 25, "syntax"),
    ("a million nines", "9" * LONG, "syntax"),
    ("a million places", "0." + "1" * LONG, "syntax"),
    ("lying text", LyingText("x"), "syntax"),
    ("int of 31 digits", 10**30, "bounds"),
    ("negative int of 31 digits", -(10**30), "bounds"),
    ("int of 100,001 digits", 10**100_000, "bounds"),
    ("child of int", LyingInt(10**30), "bounds"),
    ("1E+30", Decimal("1E+30"), "bounds"),
    ("-1E+30", Decimal("-1E+30"), "bounds"),
    ("1E-25", Decimal("1E-25"), "bounds"),
    ("1e999999999", Decimal("1e999999999"), "bounds"),
    ("1e-999999999", Decimal("1e-999999999"), "bounds"),
    ("a million digits", Decimal((0, (1,) * LONG, 0)), "bounds"),
    ("a million places of Decimal", Decimal((0, (1,) * LONG, -LONG)), "bounds"),
    ("five digits and a million places", Decimal((0, (1,) * LONG, 5 - LONG)), "bounds"),
    ("nan", Decimal("NaN"), "nonfinite"),
    ("signalling nan", Decimal("sNaN"), "nonfinite"),
    ("nan of a million digits", Decimal("NaN" + "1" * LONG), "nonfinite"),
    ("infinity", Decimal("Infinity"), "nonfinite"),
    ("minus infinity", Decimal("-Infinity"), "nonfinite"),
    ("true", True, "bool"),
    ("false", False, "bool"),
    ("float", 0.1, "float"),
    ("float without a grammar's text", 1e300, "float"),
    ("float nan", float("nan"), "float"),
    ("float infinity", float("-inf"), "float"),
    ("child of float", OwnFloat(0.1), "float"),
    ("none", None, "type"),
    ("complex", 1j, "type"),
    ("bytes", b"1", "type"),
    ("fraction", Fraction(1, 2), "type"),
    ("list", [1], "type"),
    ("foreign number", Foreign(), "type"),
    ("class that lies of text", MagicMock(spec=str), "type"),
    ("class that lies of Decimal", MagicMock(spec=Decimal), "type"),
    ("long class name", type("x" * LONG, (), {})(), "type"),
]


@pytest.mark.parametrize(("given", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_number_refused(given: object, code: str) -> None:
    """All else is refused at once, with a code and a short text that says what to write."""
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        with pytest.raises(NumberError) as found:
            number(given)
        taken.append(time.perf_counter() - start)
    assert found.value.code == f"number.{code}"
    assert len(str(found.value)) < 300
    assert min(taken) < SOON


def test_number_float_names_the_text() -> None:
    """The refusal of a float shows the same digits in quotes, where they are of the grammar."""
    with pytest.raises(NumberError, match=r"such as '0\.1' \[number\.float\]"):
        number(0.1)
    with pytest.raises(NumberError, match=r"such as '12\.50' \[number\.float\]"):
        number(1e-7)


def test_digit_limit_of_the_interpreter() -> None:
    """The interpreter's limit on digits of an int, however low, changes no text and no refusal."""
    before = sys.get_int_max_str_digits()
    wide = div(Decimal("1" * 1500), 10**800 + 1)
    sys.set_int_max_str_digits(640)
    try:
        assert same(exact(text(wide)), wide)
        assert text(10**700) == "1" + "0" * 700
        with pytest.raises(NumberError):
            number("9" * 700)
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (add(Decimal("1.10"), Decimal("2.2")), Decimal("3.30")),
        (add(THIRD, THIRD), div(Decimal(2), 3)),
        (add(THIRD, div(Decimal(2), 3)), ONE),
        (add(THIRD, Decimal("0.5")), div(Decimal("2.5"), 3)),
        (add(THIRD, div(ONE, 7)), div(Decimal(10), 21)),
        (sub(ONE, ONE), ZERO),
        (sub(THIRD, THIRD), ZERO),
        (sub(ONE, THIRD), div(Decimal(2), 3)),
        (mul(Decimal(-5), ZERO), ZERO),
        (mul(THIRD, Decimal(3)), ONE),
        (mul(THIRD, THIRD), div(ONE, 9)),
        (mul(THIRD, Decimal(-6)), Decimal(-2)),
        (div(ONE, 8), Decimal("0.125")),
        (div(Decimal("0.1"), Decimal("-0.03")), div(Decimal(-10), 3)),
        (div(ZERO, -3), ZERO),
        (div(ONE, Decimal("3E+5")), div(Decimal("0.00001"), 3)),
        (div(ONE, THIRD), Decimal(3)),
        (div(Decimal("1E+3"), 1), Decimal(1000)),
        (neg(THIRD), div(ONE, -3)),
        (neg(Decimal("1.5")), Decimal("-1.5")),
        (neg(ZERO), ZERO),
        (neg(Decimal("-0.00")), ZERO),
        (total([]), ZERO),
        (total([THIRD, THIRD, THIRD, Decimal("0.5")]), Decimal("1.5")),
        (plain(Decimal("1.500")), Decimal("1.5")),
        (plain(Decimal("1E+3")), Decimal(1000)),
        (plain(Decimal("-0.00")), ZERO),
        (to_multiple(Decimal("1.07"), Decimal("0.05")), Decimal("1.05")),
        (to_multiple(Decimal("-0.01"), Decimal("0.05")), Decimal("0.00")),
        (to_multiple(THIRD, Decimal("0.05"), "up"), Decimal("0.35")),
        (to_multiple(Decimal(7), Decimal(5), "ceiling"), Decimal(10)),
        (quantize(Decimal("-0.001"), 2), Decimal("0.00")),
        (quantize(Decimal(149), -2), Decimal(100)),
        (quantize(Decimal(49), -2), ZERO),
        (quantize(div(Decimal(1000), 3), -1), Decimal(330)),
        (quantize(THIRD, 24), Decimal("0." + "3" * 24)),
        (quantize(Decimal("9.99"), -30), ZERO),
    ],
)
def test_arithmetic(found: Exact, wanted: Exact) -> None:
    """Sums, products, quotients and roundings have one form: the exact value, without a negative zero."""
    assert same(found, wanted)


def test_sign_floor_ceil() -> None:
    """The sign of zero is 0, whatever stands before it; floor and ceil are whole numbers on either side."""
    assert [sign(each) for each in (neg(THIRD), Decimal("-0"), ZERO, THIRD)] == [-1, 0, 0, 1]
    assert [floor(each) for each in (Decimal("-1.5"), Decimal("1E+5"), THIRD, neg(THIRD))] == [-2, 100_000, 0, -1]
    assert [ceil(each) for each in (Decimal("-1.5"), Decimal("1E+5"), THIRD, neg(THIRD))] == [-1, 100_000, 1, 0]


HALVES: dict[Rounding, list[str]] = {
    "half_up": ["0.13", "-0.13", "0.14", "0.12", "-0.12"],
    "half_even": ["0.12", "-0.12", "0.14", "0.12", "-0.12"],
    "up": ["0.13", "-0.13", "0.14", "0.13", "-0.13"],
    "down": ["0.12", "-0.12", "0.13", "0.12", "-0.12"],
    "ceiling": ["0.13", "-0.12", "0.14", "0.13", "-0.12"],
    "floor": ["0.12", "-0.13", "0.13", "0.12", "-0.13"],
}


@pytest.mark.parametrize("mode", HALVES)
def test_rounding_of_halves(mode: Rounding) -> None:
    """Each rule rounds halves and rests of either sign as its name says."""
    values = ["0.125", "-0.125", "0.135", "0.121", "-0.121"]
    assert [str(quantize(Decimal(each), 2, mode)) for each in values] == HALVES[mode]
    assert [str(to_multiple(Decimal(each), CENT, mode)) for each in values] == HALVES[mode]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: div(ONE, 0), "number.zero"),
        (lambda: div(ONE, Decimal("-0.0")), "number.zero"),
        (lambda: div(THIRD, ZERO), "number.zero"),
        (lambda: quantize(ONE, 25), "number.places"),
        (lambda: quantize(ONE, -31), "number.places"),
        (lambda: quantize(THIRD, 10**5000), "number.places"),
        (lambda: quantize(ONE, 2, "nearest"), "number.rounding"),
        (lambda: quantize(THIRD, 2, "nearest"), "number.rounding"),
        (lambda: to_multiple(ONE, CENT, "x" * 10**6), "number.rounding"),
        (lambda: to_multiple(ONE, ZERO), "number.step"),
        (lambda: to_multiple(ONE, Decimal(-5)), "number.step"),
        (lambda: split(ONE, [], CENT), "split.empty"),
        (lambda: split(ONE, [ONE, Decimal("-0.1")], CENT), "split.negative"),
        (lambda: split(ONE, [neg(THIRD)], CENT), "split.negative"),
        (lambda: split(Decimal("1.001"), [ONE], CENT), "split.step"),
        (lambda: split(ONE, [ONE], Decimal(3)), "split.step"),
        (lambda: split(ONE, [ONE], ZERO), "split.step"),
        (lambda: split(ONE, [ONE], Decimal("-0.01")), "split.step"),
        (lambda: add(THIRD, 0.5), "number.type"),
        (lambda: mul(ONE, 0.5), "number.type"),
        (lambda: THIRD < True, "number.type"),
        (lambda: THIRD < "1", "number.type"),
        (lambda: exact(5), "number.syntax"),
        (lambda: exact(""), "number.syntax"),
        (lambda: exact("1/0"), "number.syntax"),
        (lambda: exact("1/00"), "number.syntax"),
        (lambda: exact("1/-3"), "number.syntax"),
        (lambda: exact("1e3"), "number.syntax"),
        (lambda: exact("１/３"), "number.syntax"),  # noqa: RUF001
        (lambda: exact("1\n"), "number.syntax"),
        (lambda: exact("9" * 2001), "number.bounds"),
        (lambda: exact("1/" + "9" * 2001), "number.bounds"),
        (lambda: exact("9" * 10**7), "number.bounds"),
    ],
)
def test_operations_refused(call: Callable[[], object], code: str) -> None:
    """What has no answer is refused with a code, never answered by something near it."""
    with pytest.raises(NumberError) as found:
        call()
    assert found.value.code == code
    assert len(str(found.value)) < 200


@pytest.mark.parametrize(
    "step",
    [
        lambda value: mul(value, Decimal("1." + "1" * PLACES)),
        lambda value: mul(value, div(Decimal("9" * DIGITS), 7)),
        lambda value: div(value, Decimal("7" + "0" * 22 + "1")),
        lambda value: add(mul(value, Decimal("9" * DIGITS)), Decimal("1E-24")),
        lambda value: sub(mul(value, Decimal("9" * DIGITS)), Decimal("1E-24")),
        lambda value: mul(value, Decimal("9" * DIGITS)),
    ],
    ids=["product", "ratio", "quotient", "sum", "difference", "whole"],
)
def test_overrun(step: Callable[[Exact], Exact]) -> None:
    """A chain of exact results that outgrows the private context is an internal error, never a rounding in silence."""
    value: Exact = ONE
    with pytest.raises(InternalError) as found:
        for _ in range(1000):
            value = step(value)
    assert found.value.code == "number.overrun"


def test_overrun_of_one_operation() -> None:
    """A sum, a difference, a quotient and a rounding that would need more digits than there are raise the same."""
    for call in (
        lambda: add(Decimal("1E+1500"), Decimal("1E-1500")),
        lambda: sub(Decimal("1E+1500"), Decimal("1E-1500")),
        lambda: div(Decimal("1E+99999"), Decimal("1E-99999")),
        lambda: quantize(Decimal("9" * 1999), 2),
        lambda: quantize(mul(THIRD, Decimal("1E+1999")), 24),
    ):
        with pytest.raises(InternalError, match=r"number\.overrun"):
            call()


def test_split() -> None:
    """Shares add up; what is left over goes to the largest rests, and among equals to whoever stands first."""

    def shares(amount: str, weights: list[Exact]) -> list[str]:
        return [str(each) for each in split(Decimal(amount), weights, CENT)]

    ones: list[Exact] = [ONE, ONE, ONE]
    assert shares("100.00", ones) == ["33.34", "33.33", "33.33"]
    assert shares("0.05", [ONE] * 6) == ["0.01"] * 5 + ["0.00"]
    assert shares("0.02", [ONE, Decimal(2), ONE]) == ["0.01", "0.01", "0.00"]
    assert shares("1.00", [ZERO, ZERO, ZERO]) == ["0.34", "0.33", "0.33"]
    assert shares("1.00", [ZERO, ONE, ZERO]) == ["0.00", "1.00", "0.00"]
    assert shares("0.00", ones) == ["0.00"] * 3
    assert shares("1.00", [THIRD, div(Decimal(2), 3)]) == ["0.33", "0.67"]
    assert shares("1.00", [div(ONE, 7), THIRD, Decimal("0.5")]) == ["0.15", "0.34", "0.51"]


def test_split_of_a_negative_amount_is_the_mirror() -> None:
    """A credit takes back from each share what the charge gave it, ties included."""
    ones: list[Exact] = [ONE, ONE, ONE]
    assert [str(each) for each in split(Decimal("-100.00"), ones, CENT)] == ["-33.34", "-33.33", "-33.33"]
    assert [str(each) for each in split(Decimal("-0.01"), ones, CENT)] == ["-0.01", "0.00", "0.00"]


def test_ratio_is_a_value() -> None:
    """A ratio equals its like and nothing else, compares with numbers on both sides, and is true."""
    assert div(Decimal(2), 6) == THIRD
    assert hash(div(Decimal(2), 6)) == hash(THIRD)
    assert div(ONE, 7) != THIRD
    assert Decimal("0.3") != THIRD
    assert THIRD != 1
    assert THIRD != "1/3"
    assert Decimal("0.3") < THIRD
    assert Decimal("0.3") <= THIRD
    assert THIRD.__gt__(Decimal("0.3"))
    assert THIRD.__ge__(div(Decimal(2), 6))
    assert THIRD < 1
    assert THIRD <= 1
    assert neg(THIRD) < THIRD
    assert bool(THIRD)
    assert (repr(THIRD), str(THIRD)) == ("Ratio('1/3')", "1/3")


@pytest.mark.parametrize("value", [THIRD, neg(THIRD), div(Decimal("0.01"), 7 * 31)])
def test_ratio_copies(value: Exact) -> None:
    """Copies and pickles of a ratio are equal to it and of the same form."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert same(pickle.loads(pickle.dumps(value, protocol)), value)  # noqa: S301
    assert same(copy.copy(value), value)
    assert same(copy.deepcopy(value), value)


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [
        (ONE, 0),
        (ONE, -3),
        (Decimal("NaN"), 3),
        (Decimal("Infinity"), 3),
        (1, 3),
        (ONE, Decimal(3)),
        (ONE, True),
        ("1", 3),
    ],
)
def test_ratio_pickle_refused(numerator: object, denominator: object) -> None:
    """A damaged pickle of a ratio is refused when it is read; zero below the line would never end."""
    damaged = Ratio.__new__(Ratio)
    damaged.numerator, damaged.denominator = numerator, denominator  # type: ignore[assignment]
    with pytest.raises(NumberError):
        pickle.loads(pickle.dumps(damaged))  # noqa: S301


def test_ratio_pickle_takes_the_one_form() -> None:
    """A ratio that was not in lowest terms, or ends after all, comes back in the form it should have had."""
    assert same(pickle.loads(pickle.dumps(Ratio(Decimal(2), 6))), THIRD)  # noqa: S301
    assert same(pickle.loads(pickle.dumps(Ratio(ONE, 8))), Decimal("0.125"))  # noqa: S301


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Decimal("1E+5"), "100000"),
        (Decimal("20.50"), "20.5"),
        (Decimal("20"), "20"),
        (Decimal("100"), "100"),
        (Decimal("-0.00"), "0"),
        (Decimal("0E+3"), "0"),
        (Decimal("1E-24"), "0." + "0" * 23 + "1"),
        (0, "0"),
        (-120, "-120"),
        (THIRD, "1/3"),
        (div(Decimal("-0.10"), 3), "-1/30"),
        (OwnDecimal("1.50"), "1.5"),
    ],
)
def test_text(value: Exact | int, wanted: str) -> None:
    """A value has one text: no exponent, no trailing zeros after the point, no negative zero."""
    assert text(value) == wanted
    assert text(exact(wanted)) == wanted


def test_exact_brings_values_into_their_one_form() -> None:
    """Texts that say the same value give the same value."""
    assert same(exact("007.50"), Decimal("7.5"))
    assert same(exact("-0.00"), ZERO)
    assert same(exact("2/6"), THIRD)
    assert same(exact("1/8"), Decimal("0.125"))
    assert same(exact("0/7"), ZERO)
    assert same(exact("9" * 2000), Decimal("9" * 2000))


def everything() -> list[str]:
    """A walk over every operation, as texts."""
    values: list[Exact] = [number("100.37"), number("-0.005"), number("9" * 30 + "." + "9" * 24), number(0), THIRD]
    values += [div(number("12345678901234567890.01"), 7), neg(THIRD)]
    found = [text(call(a, b)) for call in (add, sub, mul) for a in values for b in values]
    found += [text(div(a, b)) for a in values for b in values if b]
    modes: list[Rounding] = ["half_up", "half_even", "up", "down", "ceiling", "floor"]
    found += [str(quantize(a, places, mode)) for a in values for places in (-3, 0, 2) for mode in modes]
    found += [str(to_multiple(a, Decimal("0.05"), mode)) for a in values for mode in modes]
    found += [str(part) for part in split(Decimal("100.00"), [ONE, THIRD, Decimal("0.7")], CENT)]
    found += [text(exact(text(a))) + str(floor(a)) + str(ceil(a)) + str(sign(a)) for a in values]
    found += [str(a < b) + str(a == b) + str(hash(a) == hash(b)) for a in values for b in values]
    found += [repr(number(Decimal("1E+5"))), repr(number(Decimal("1." + "0" * 30))), text(total(values))]
    for refused in ("x", 0.5, Decimal("sNaN"), Decimal("1E+30"), Decimal("1E-25")):
        with pytest.raises(NumberError) as error:
            number(refused)
        found.append(str(error.value))
    return found


CALM = everything()
SIGNALS = list(decimal.getcontext().traps)
HOSTILE = [
    decimal.Context(prec=1),
    decimal.Context(prec=2, rounding=decimal.ROUND_UP),
    decimal.Context(prec=3, rounding=decimal.ROUND_FLOOR),
    decimal.Context(prec=28, rounding=decimal.ROUND_05UP),
    decimal.Context(prec=5, Emax=3, Emin=-3),
    decimal.Context(prec=3, Emax=0, Emin=0, clamp=1),
    decimal.Context(traps=SIGNALS),
    decimal.Context(prec=2, traps=SIGNALS),
    decimal.Context(traps=[]),
    decimal.Context(prec=1, traps=[], capitals=0),
    decimal.Context(flags=SIGNALS, traps=[decimal.FloatOperation, decimal.Inexact]),
    decimal.Context(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, capitals=0, clamp=1),
]


@pytest.mark.parametrize("context", HOSTILE, ids=range(len(HOSTILE)))
def test_callers_context(context: decimal.Context) -> None:
    """No setting of the caller's decimal context changes a digit, and none of them is changed."""
    with decimal.localcontext(context):
        before = repr(decimal.getcontext())
        found = everything()
        assert repr(decimal.getcontext()) == before
    assert found == CALM


def test_callers_context_between_steps() -> None:
    """A sum over a generator that holds a context of its own, left half read, is exact all the same."""

    def values() -> Iterator[Exact]:
        with decimal.localcontext(decimal.Context(prec=1, traps=SIGNALS)):
            yield Decimal("100.37")
            yield Decimal("0.01")
            yield THIRD

    calm = decimal.getcontext().copy()
    try:
        held = values()
        first = next(held)
        # Python lends the generator's context to whoever reads it; here it is in force.
        assert decimal.getcontext().prec == 1
        assert text(add(first, Decimal("0.01"))) == "100.38"
        assert text(quantize(div(first, 3), 4)) == "33.4567"
        assert text(add(first, next(held))) == "100.38"
        assert text(total([first, *held])) == "30211/300"
    finally:
        decimal.setcontext(calm)


def test_threads_have_no_say() -> None:
    """Threads with contexts of their own find the same values."""
    found: list[list[str]] = []

    def work(context: decimal.Context) -> None:
        decimal.setcontext(context.copy())
        found.append(everything())

    threads = [Thread(target=work, args=(context,)) for context in HOSTILE[:6]]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [CALM] * 6


def test_default_context_at_import(root: Path) -> None:
    """A decimal default that was changed before the import has no say either: 1 - 1 is 0 there, not -0."""
    program = (
        "import decimal as d; c = d.DefaultContext; c.rounding = d.ROUND_FLOOR; c.clamp = 1; c.prec = 3\n"
        "c.traps[d.Inexact] = c.traps[d.Rounded] = True\n"
        "from ratecard._numbers import *\n"
        "print([sub(ONE, ONE), add(Decimal('100.37'), Decimal('0.01')), text(div(ONE, 3)), quantize(div(ONE, 3), 5)])\n"
    ).replace("Decimal(", "d.Decimal(")
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root / "src", capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "[Decimal('0'), Decimal('100.38'), '1/3', Decimal('0.33333')]\n"


def test_contexts_refuse_floats_and_silence() -> None:
    """The private context traps what would lose digits, and takes nothing from the default one."""
    trapped = {signal.__name__ for signal, on in CONTEXT.traps.items() if on}
    assert trapped == {"InvalidOperation", "DivisionByZero", "Overflow", "FloatOperation", "Inexact"}
    assert (CONTEXT.prec, CONTEXT.rounding, CONTEXT.clamp) == (2000, decimal.ROUND_HALF_EVEN, 0)
