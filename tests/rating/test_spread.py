"""Spreading amounts over rows and columns."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from ratecard._numbers import quantize, total
from ratecard.rating._spread import dealt

Columns = list[dict[str, Decimal]]
AMOUNTS = st.one_of(st.integers(0, 3000), st.integers(0, 12)).map(lambda mills: Decimal(mills).scaleb(-3))
COLUMNS = st.lists(st.dictionaries(st.sampled_from("abcd"), AMOUNTS, min_size=1), min_size=1, max_size=6)


def columns(*told: str) -> Columns:
    """Columns by words such as `a=0.001 b=2`."""
    return [{row: Decimal(amount) for row, amount in (each.split("=") for each in column.split())} for column in told]


@example(
    columns(
        "a=0.002 b=0.211 c=0.928", "a=2.088 b=1.370 c=0.934", "a=0.001 d=0.025", "b=2.408 c=0.007",
        "a=0.000 b=0.000 c=2.151", "a=0.007 c=0.011",
    )
)  # fmt: skip
@given(COLUMNS)
def test_dealt_adds_up(told: Columns) -> None:
    """Shares add up to the whole, none is below 0, none is made up, and each column is off by less than a step."""
    step = Decimal("0.01")
    whole = quantize(total(each for column in told for each in column.values()), 2, "half_up")
    assert isinstance(whole, Decimal)
    found = dealt(told, whole, 2)
    assert total(each for column in found for each in column.values()) == whole
    for column, shares in zip(told, found, strict=True):
        assert list(shares) == list(column)
        assert all(share >= 0 for share in shares.values())
        assert abs(sum(shares.values()) - sum(column.values())) < step
