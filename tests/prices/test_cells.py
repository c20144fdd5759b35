"""
Tables by property values: the row that takes a combination, held against a plain search.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ratecard.demand import Dimension
from ratecard.prices import Cell, Matrix, PerUnit, Weight, Weighted
from ratecard.prices._cells import ANY, Rows
from ratecard.quantity import Usage

VALUES = st.sampled_from(["a", "b", "c", ANY])


def searched(rows: Sequence[tuple[str, ...]], values: tuple[str, ...]) -> int | None:
    """Every row that fits, then the one with the fewest wildcards, then the first."""
    fits = [
        (row.count(ANY), index)
        for index, row in enumerate(rows)
        if all(each in (ANY, value) for each, value in zip(row, values, strict=True))
    ]
    return min(fits)[1] if fits else None


@given(st.integers(1, 3).flatmap(lambda n: st.tuples(st.lists(st.tuples(*[VALUES] * n)), st.tuples(*[VALUES] * n))))
def test_a_row_is_found(table: tuple[list[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Looking up by patterns of wildcards finds what a search through all rows finds; a value may be a star itself."""
    rows, values = table
    assert Rows(rows).find(values) == searched(rows, values)


class Counted(str):
    """A value that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_long_table_costs_no_more_than_a_short_one() -> None:
    """A combination is not compared with each row: a table of 900 rows is no 900 comparisons."""
    rows = Rows([(Counted(f"v{index}"),) for index in range(900)])
    Counted.compared = 0
    assert [rows.find((f"v{index}",)) for index in (0, 450, 899, 900)] == [0, 450, 899, None]
    assert Counted.compared < 20


def test_long_tables_price_as_they_are_written() -> None:
    """Hundreds of exact rows and thousands of values: each row prices its own value, all others take the default."""
    names = [f"v{index}" for index in range(2000)]
    usage = Usage.of(2000, cells={Dimension("g"): {name: Usage.of(1) for name in names}})
    one, two = PerUnit(unit_price=1), PerUnit(unit_price=2)
    matrix = Matrix(dimensions=["g"], default=one, cells=[Cell(values=[name], price=two) for name in names[:900]])
    weighted = Weighted(
        dimensions=["g"], default_factor=1, base=one, factors=[Weight(values=[name], factor=2) for name in names[:900]]
    )
    assert matrix.price(usage).amount == weighted.price(usage).amount == 2900
