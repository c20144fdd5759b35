"""
Tables by property values: which row takes a combination of values, and what is wrong with such a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..demand import Dimension
from ..errors import Problem
from ..quantity import Usage

__all__ = ["ANY", "cell_faults", "cells", "find"]

ANY = "*"

Values = tuple[str, ...]


def cells(usage: Usage, dimensions: Sequence[str]) -> list[tuple[Values, Usage]]:
    """The usage of each combination of values that occurs, cut by one dimension after the other."""
    found: list[tuple[Values, Usage]] = [((), usage)]
    for name in dimensions:
        axis = Dimension(name)
        found = [((*values, value), cell) for values, held in found for value, cell in held.cut(axis).items()]
    return found


def find(rows: Sequence[Values], values: Values) -> int | None:
    """The row for a combination: with the fewest wildcards, so an exact one first; ties by order. None without any."""
    found: int | None = None
    fewest = len(values) + 1
    for index, row in enumerate(rows):
        wild = row.count(ANY)
        if wild < fewest and all(each in (ANY, value) for each, value in zip(row, values, strict=True)):
            found, fewest = index, wild
    return found


def cell_faults(dimensions: Values, rows: Sequence[Values], path: str) -> list[Problem]:
    """All that is wrong with dimensions and rows, each with its place."""
    found: list[Problem] = []
    if not dimensions:
        found.append(Problem("dimensions", "dimensions.none", "no dimension to choose by; name at least one property"))
    for index, name in enumerate(dimensions):
        if name in dimensions[:index]:
            told = f"{name!r} stands twice; remove one"
            found.append(Problem(f"dimensions[{index}]", "dimensions.duplicate", told))
    for index, row in enumerate(rows):
        place = f"{path}[{index}].values"
        if len(row) != len(dimensions):
            told = f"{len(row)} values for {len(dimensions)} dimensions; write one for each, or '*' for any"
            found.append(Problem(place, "cell.values", told))
        elif row in rows[:index]:
            found.append(Problem(place, "cell.duplicate", f"{', '.join(row)} stands twice; remove one"))
    return found
