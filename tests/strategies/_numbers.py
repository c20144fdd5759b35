"""
Exact numbers, as amounts and for oracles.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from ratecard._numbers import Exact, Ratio


def fraction(value: Exact | int) -> Fraction:
    """An exact value for an oracle."""
    return Fraction(value.numerator) / value.denominator if isinstance(value, Ratio) else Fraction(value)


def amounts(low: int = -1000, high: int = 1000) -> st.SearchStrategy[Decimal]:
    """Numbers of the grammar, half of them whole, with trailing zeros now and then."""
    whole = st.integers(low, high).map(Decimal)
    return st.one_of(whole, st.decimals(low, high, places=3), st.decimals(low, high, places=1))
