"""
Tables by property values: which row takes a combination of values, and what is wrong with such a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..demand import Dimension
from ..errors import Problem
from ..quantity import Usage

__all__ = ["ANY", "Rows", "cell_faults", "cells"]

ANY = "*"

Values = tuple[str, ...]


def cells(usage: Usage, dimensions: Sequence[str]) -> list[tuple[Values, Usage]]:
    """The usage of each combination of values that occurs, cut by one dimension after the other."""
    found: list[tuple[Values, Usage]] = [((), usage)]
    for name in dimensions:
        axis = Dimension(name)
        found = [((*values, value), cell) for values, held in found for value, cell in held.cut(axis).items()]
    return found


class Rows:
    """
    The rows of a table, by the places of their wildcards: a combination is looked up once for each such pattern.

    There are few patterns, one where no row has a wildcard; so a long table costs no more than a short one.

    Args:
        rows: the values of each row, one for each dimension.
    """

    __slots__ = ("_patterns",)

    def __init__(self, rows: Sequence[Values]) -> None:
        found: dict[tuple[int, ...], dict[Values, int]] = {}
        for index, row in enumerate(rows):
            told = tuple(place for place, value in enumerate(row) if value != ANY)
            found.setdefault(told, {}).setdefault(tuple(row[place] for place in told), index)
        # The more values a row tells, the fewer wildcards it has.
        self._patterns = sorted(found.items(), key=lambda pattern: -len(pattern[0]))

    def find(self, values: Values) -> int | None:
        """The row for a combination: an exact one, else with the fewest wildcards; ties by order. None without any."""
        found: int | None = None
        most = 0
        for told, indexes in self._patterns:
            if found is not None and len(told) < most:
                break
            index = indexes.get(tuple(values[place] for place in told))
            if index is not None and (found is None or index < found):
                found, most = index, len(told)
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
