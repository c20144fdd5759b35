"""Laws of money: exact sums, shares that add up, one text for one amount."""

from __future__ import annotations

import pickle
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import add
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ratecard._numbers import Rounding, text
from ratecard.money import Currency, Money

AMOUNTS = st.one_of(
    st.integers(-1000, 1000).map(Decimal),
    st.decimals(-(10**6), 10**6, places=2),
    st.decimals(-(10**29), 10**29, places=20, allow_nan=False),
)
UNITS = st.one_of(
    st.sampled_from(Currency.codes()).map(Currency.of),
    st.sampled_from(["ISK", "MGA", "UGX"]).map(lambda code: Currency.of(code, profile="stripe")),
    st.builds(lambda places: Currency.custom("credits", places=places), st.integers(0, 18)),
)
MODES = st.sampled_from(get_args(Rounding))


def signless(money: Money) -> bool:
    """Whether an amount is not a negative zero."""
    return bool(money.amount) or not money.amount.is_signed()


@given(unit=UNITS, amounts=st.lists(AMOUNTS, min_size=1, max_size=6), data=st.data())
def test_sums(unit: Currency, amounts: list[Decimal], data: st.DataObject) -> None:
    """A sum is the oracle's, in any order, to the last digit of its text; taking all away again leaves zero."""
    moneys = [Money(amount, unit) for amount in amounts]
    whole = reduce(add, moneys)
    assert Fraction(whole.amount) == sum(map(Fraction, amounts))
    assert str(whole) == str(reduce(add, data.draw(st.permutations(moneys))))
    rest = reduce(lambda left, each: left - each, moneys, whole)
    assert not rest
    assert signless(rest)
    assert whole - moneys[0] == whole + -moneys[0]


@given(unit=UNITS, a=AMOUNTS, b=AMOUNTS, factor=AMOUNTS, mode=MODES)
def test_no_negative_zero(unit: Currency, a: Decimal, b: Decimal, factor: Decimal, mode: Rounding) -> None:
    """No operation gives a negative zero, and none shows one."""
    x, y = Money(a, unit), Money(b, unit)
    results = [x + y, x - y, x - x, -x, x.scale(factor), x.scale(0), -(x.scale(0)), x.round(mode)]
    results += x.round(mode).split([1, 0, 2])
    for each in results:
        assert signless(each)
        assert not str(each).startswith("-0 ")
        assert bool(each) or "-" not in str(each)


@given(unit=UNITS, a=AMOUNTS, mode=MODES)
def test_rounding(unit: Currency, a: Decimal, mode: Rounding) -> None:
    """Rounding gives a whole number of the smallest amounts, less than one away, and rounds no further."""
    found = Money(a, unit).round(mode)
    assert (Fraction(found.amount) / Fraction(unit.step)).denominator == 1
    assert abs(Fraction(found.amount) - Fraction(a)) < Fraction(unit.step)
    assert found.round(mode) == found
    assert len(format(found.amount, "f").partition(".")[2]) == unit.places


@given(unit=UNITS, a=AMOUNTS, weights=st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_shares(unit: Currency, a: Decimal, weights: list[int]) -> None:
    """Shares add up to the whole and are the mirror of those of the opposite amount; nobody without weight gets any."""
    whole = Money(a, unit).round()
    shares = whole.split(weights)
    assert reduce(add, shares) == whole
    assert (-whole).split(weights) == [-share for share in shares]
    assert all(share.currency == unit for share in shares)
    if any(weights):
        assert not any(share for share, weight in zip(shares, weights, strict=True) if not weight)


@given(unit=UNITS, a=AMOUNTS, b=AMOUNTS)
def test_one_text(unit: Currency, a: Decimal, b: Decimal) -> None:
    """Equal amounts have one text and one hash, different amounts never; a pickle keeps all of it."""
    x, y = Money(a, unit), Money(b, unit)
    assert (x == y) is (str(x) == str(y)) is (a == b)
    assert x != y or hash(x) == hash(y)
    assert (x < y, x <= y, x > y, x >= y) == (a < b, a <= b, a > b, a >= b)
    revived = pickle.loads(pickle.dumps(x))  # noqa: S301
    assert (revived, str(revived), revived.currency.places) == (x, str(x), unit.places)
    if unit in Currency.codes():
        assert Money.parse(str(x)) == x
        assert text(Money.parse(str(x)).amount) == text(x.amount)
