"""Laws of exact arithmetic: every operation against fractions, rounding and splitting for all rules."""

from __future__ import annotations

import math
import pickle
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ratecard._numbers import (
    DIGITS,
    PLACES,
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
from ratecard.errors import NumberError
from ratecard.money import Currency

MODES: tuple[Rounding, ...] = get_args(Rounding)


def fraction(value: Exact | int) -> Fraction:
    """A value by the oracle's arithmetic."""
    return Fraction(value.numerator) / value.denominator if isinstance(value, Ratio) else Fraction(value)


def rounded(value: Fraction, mode: Rounding) -> int:
    """The oracle's rounding to a whole number, rule by rule in its own words."""
    low, high = math.floor(value), math.ceil(value)
    near = low if value - low < high - value else high
    away, towards = (high, low) if value > 0 else (low, high)
    tie = low != high and value - low == high - value
    return {
        "floor": low,
        "ceiling": high,
        "up": away,
        "down": towards,
        "half_up": away if tie else near,
        "half_even": (low if low % 2 == 0 else high) if tie else near,
    }[mode]


def _built(digits: int, places: int, negative: bool) -> Decimal:
    places = places if digits < 10 ** (DIGITS + places) else PLACES
    return number(Decimal((negative, tuple(map(int, str(digits))), -places)))


NUMBERS = st.builds(
    _built,
    st.one_of(st.integers(0, 1000), st.integers(0, 10 ** (DIGITS + PLACES) - 1)),
    st.sampled_from([0, 0, 1, 2, 3, 24]),
    st.booleans(),
)
"""Numbers of the grammar, small ones and some that fill its bounds, zeros of several lengths among them."""

EXACTS = st.one_of(NUMBERS, st.builds(div, NUMBERS, st.integers(1, 400)), st.builds(div, NUMBERS, NUMBERS.filter(bool)))
"""Exact values, about half of them without an end in decimal."""

HALVES = st.builds(
    lambda whole, places: Decimal((whole < 0, (*map(int, str(abs(whole))), 5), -places)),
    st.integers(-200, 200),
    st.integers(-4, 11),
)
"""Values that end in a five, where the rules part."""


def canonical(value: Exact) -> bool:
    """Whether a value is in the form of its kind: no negative zero; a ratio in lowest terms that does not end."""
    if isinstance(value, Decimal):
        return bool(value) or not value.is_signed()
    units = Fraction(value.numerator).numerator
    return (
        value.denominator > 1
        and math.gcd(value.denominator, 10 * units) == 1
        and repr(plain(value.numerator)) == repr(value.numerator)
    )


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [(add, Fraction.__add__), (sub, Fraction.__sub__), (mul, Fraction.__mul__), (div, Fraction.__truediv__)],
    ids=["add", "sub", "mul", "div"],
)
@given(a=EXACTS, b=EXACTS)
def test_arithmetic(
    a: Exact, b: Exact, ours: Callable[[Exact, Exact], Exact], oracle: Callable[[Fraction, Fraction], Fraction]
) -> None:
    """Every operation gives the oracle's value in its one form."""
    if ours is div and not b:
        b = Decimal(7)
    found = ours(a, b)
    assert fraction(found) == oracle(fraction(a), fraction(b))
    assert canonical(found)


@given(a=EXACTS, b=EXACTS, c=EXACTS)
def test_algebra(a: Exact, b: Exact, c: Exact) -> None:
    """Sums and products do not depend on order or grouping, not in a digit of the text."""
    assert text(add(a, b)) == text(add(b, a))
    assert text(mul(a, b)) == text(mul(b, a))
    assert text(add(add(a, b), c)) == text(add(a, add(b, c))) == text(total([c, b, a]))
    assert text(mul(a, add(b, c))) == text(add(mul(a, b), mul(a, c)))
    assert text(neg(sub(a, b))) == text(sub(b, a))


@given(a=EXACTS, b=EXACTS)
def test_order(a: Exact, b: Exact) -> None:
    """Values compare as the oracle's do, whatever their kinds; what is equal has one hash and one text."""
    x, y = fraction(a), fraction(b)
    assert (a < b, a <= b, a > b, a >= b) == (x < y, x <= y, x > y, x >= y)
    assert (a == b) is (x == y) is (text(a) == text(b))
    assert a != b or hash(a) == hash(b)
    assert sign(sub(a, b)) == (x > y) - (x < y)


@given(a=EXACTS)
def test_one_text(a: Exact) -> None:
    """A text reads back as the value it was written from; so does a pickle."""
    again = exact(text(a))
    assert again == a
    assert text(again) == text(a)
    assert "E" not in text(a)
    assert not text(a).startswith("-0/")
    revived = pickle.loads(pickle.dumps(a))  # noqa: S301
    assert (type(revived), text(revived)) == (type(a), text(a))


@given(a=EXACTS)
def test_floor_and_ceil(a: Exact) -> None:
    """Floor and ceil are the oracle's."""
    assert (floor(a), ceil(a)) == (math.floor(fraction(a)), math.ceil(fraction(a)))


@pytest.mark.parametrize("mode", MODES)
@given(a=st.one_of(EXACTS, HALVES), places=st.integers(-5, 10))
@example(a=Decimal("-0.004"), places=2)
@example(a=Decimal("0E-24"), places=-5)
def test_quantize(a: Exact, places: int, mode: Rounding) -> None:
    """Rounding gives the oracle's value with exactly the decimals asked for, and no negative zero."""
    found = quantize(a, places, mode)
    assert Fraction(found) == rounded(fraction(a) * Fraction(10) ** places, mode) / Fraction(10) ** places
    assert found.as_tuple().exponent == -max(places, 0)
    assert canonical(found)


@pytest.mark.parametrize("mode", MODES)
@given(a=st.one_of(EXACTS, HALVES), step=st.sampled_from(["0.01", "0.05", "0.25", "1", "3", "7.5", "60"]).map(Decimal))
def test_to_multiple(a: Exact, step: Decimal, mode: Rounding) -> None:
    """A multiple of a step is the oracle's: as many steps as the rule makes of the quotient."""
    found = to_multiple(a, step, mode)
    assert Fraction(found) == rounded(fraction(a) / Fraction(step), mode) * Fraction(step)
    assert canonical(found)


WEIGHTS = st.lists(
    st.one_of(st.integers(0, 3).map(Decimal), st.builds(div, st.integers(0, 31).map(Decimal), st.integers(1, 31))),
    min_size=1,
    max_size=8,
)


@given(units=st.integers(-500, 500), weights=WEIGHTS, step=st.sampled_from(["0.001", "0.01", "0.05", "1"]).map(Decimal))
def test_split(units: int, weights: list[Exact], step: Decimal) -> None:
    """Shares add up to the whole, each within a step of its due; larger rests and earlier places come first."""
    amount = mul(Decimal(units), step)
    assert isinstance(amount, Decimal)
    found = split(amount, weights, step)
    assert total(found) == amount
    assert all(canonical(share) for share in found)
    due = [fraction(weight) for weight in weights]
    due = due if sum(due) else [Fraction(1)] * len(due)
    ideal = [abs(units) * each / sum(due) for each in due]
    counts = [abs(Fraction(share)) / Fraction(step) for share in found]
    assert all(math.floor(each) <= count <= math.floor(each) + 1 for count, each in zip(counts, ideal, strict=True))
    rests = [each - math.floor(each) for each in ideal]
    first = sorted(range(len(rests)), key=lambda index: (-rests[index], index))
    extra = [index for index in first if counts[index] > math.floor(ideal[index])]
    assert extra == first[: len(extra)]
    assert [-share for share in map(Fraction, found)] == [Fraction(each) for each in split(-amount, weights, step)]


@pytest.mark.parametrize("mode", MODES)
@given(cents=st.integers(-(10**6), 10**6), weights=st.lists(st.integers(0, 9).map(Decimal), min_size=1, max_size=6))
def test_shares_in_every_currency(cents: int, weights: list[Exact], mode: Rounding) -> None:
    """Whatever the rule that rounded the whole and whatever the currency, its shares add up to it."""
    for code in Currency.codes():
        step = Currency.of(code).step
        whole = quantize(div(Decimal(cents), 700), Currency.of(code).places, mode)
        assert total(split(whole, weights, step)) == whole


NUMERALS = "".join(chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Nd", "Nl", "No"))


@given(told=st.text(st.sampled_from("0123456789-+._ ,eE'"), max_size=8))
def test_grammar(told: str) -> None:
    """Text is a number exactly if it is digits, with one minus before and one point between at most."""
    body = told.removeprefix("-")
    whole, point, rest = body.partition(".")
    sound = whole.isdigit() and (rest.isdigit() if point else True)
    if sound:
        assert Fraction(number(told)) == Fraction(told)
        assert canonical(number(told))
    else:
        with pytest.raises(NumberError):
            number(told)


@given(told=st.text(st.sampled_from(NUMERALS), min_size=1, max_size=5))
@example(told="１")  # noqa: RUF001
@example(told="²")
def test_digits_of_other_scripts(told: str) -> None:
    """Of all the digits of all scripts only 0 to 9 make a number."""
    if told.isascii():
        assert number(told) == int(told)
    else:
        with pytest.raises(NumberError):
            number(told)


@given(value=st.one_of(st.integers(), st.decimals(), st.integers(-(10**31), 10**31)))
@example(value=Decimal("-0"))
@example(value=Decimal("1E-25"))
def test_numbers_keep_their_value(value: int | Decimal) -> None:
    """A number that is accepted keeps its value; one that is refused was outside the bounds."""
    try:
        found = number(value)
    except NumberError as error:
        if error.code == "number.bounds":
            beyond = Fraction(value)
            assert abs(beyond) >= 10**DIGITS or (beyond * 10**PLACES).denominator > 1
        else:
            assert error.code == "number.nonfinite"
            assert isinstance(value, Decimal)
            assert not value.is_finite()
    else:
        assert Fraction(found) == Fraction(value)
        exponent = found.as_tuple().exponent
        assert isinstance(exponent, int)
        assert -PLACES <= exponent <= 0
        assert canonical(found)
        assert text(number(text(found))) == text(found)
