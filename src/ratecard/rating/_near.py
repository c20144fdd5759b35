"""
Near: the groups that a meter has counted anything in, found by some of their dimensions.

A guard of one group asks for that one alone each time a record comes, so no other may be looked at for it. What is told
here may be more than some cells hold, never less: who reads cells skips what is not in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

__all__ = ["Near"]

Cell: TypeAlias = tuple[str, ...]


class Near:
    """
    Groups by meter; it grows, and forgets none.

    Args:
        cells: what was counted so far: by meter, a mapping of groups for each segment.
    """

    __slots__ = ("_by", "_every")

    def __init__(self, cells: Mapping[str, Sequence[Mapping[Cell, Any]]]) -> None:
        # Kept as dicts without values: their order is the one in which groups came.
        self._every: dict[str, dict[Cell, None]] = {
            key: {group: None for segment in segments for group in segment} for key, segments in cells.items()
        }
        self._by: dict[str, dict[tuple[int, ...], dict[Cell, list[Cell]]]] = {}

    def add(self, meter: str, group: Cell) -> None:
        """A group that something is counted in, for the first time or not."""
        every = self._every[meter]
        if group in every:
            return
        every[group] = None
        for places, found in self._by.get(meter, {}).items():
            found.setdefault(tuple(group[place] for place in places), []).append(group)

    def find(self, meter: str, wanted: Mapping[int, str]) -> Iterable[Cell]:
        """The groups that have these values in these places, in the order they came."""
        places = tuple(wanted)
        some = self._by.setdefault(meter, {})
        if places not in some:
            some[places] = {}
            for group in self._every[meter]:
                some[places].setdefault(tuple(group[place] for place in places), []).append(group)
        return some[places].get(tuple(wanted.values()), ())
