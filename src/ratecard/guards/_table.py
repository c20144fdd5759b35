"""
Tables that are values: to put one entry into one costs the same however many there are, nearly.

The entries lie in buckets; a new table shares all of them but the one that was changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from ._reading import Group

__all__ = ["Table"]

Value = TypeVar("Value")

_BUCKETS = 256


class Table(Generic[Value]):
    """
    Values by group. Immutable by contract.

    What walks it must not care for the order, which is another in each process.

    >>> Table({(("team", "a"),): 1}).put((("team", "b"),), 2).get((("team", "a"),), 0)
    1
    """

    __slots__ = ("_buckets", "_size")

    def __init__(self, held: Mapping[Group, Value]) -> None:
        buckets: tuple[dict[Group, Value], ...] = tuple({} for _ in range(_BUCKETS))
        for group, value in held.items():
            buckets[hash(group) % _BUCKETS][group] = value
        self._buckets = buckets
        self._size = len(held)

    def get(self, group: Group, none: Value) -> Value:
        """The value of a group; what is told for none where it has none."""
        return self._buckets[hash(group) % _BUCKETS].get(group, none)

    def put(self, group: Group, value: Value) -> Table[Value]:
        """The same with another value of a group."""
        place, buckets = hash(group) % _BUCKETS, self._buckets
        held = buckets[place]
        found: Table[Value] = Table.__new__(Table)
        found._buckets = (*buckets[:place], {**held, group: value}, *buckets[place + 1 :])
        found._size = self._size + (group not in held)
        return found

    def items(self) -> Iterator[tuple[Group, Value]]:
        """Groups and values, in no order."""
        for bucket in self._buckets:
            yield from bucket.items()

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        return self._buckets == other._buckets if isinstance(other, Table) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._size)

    def __reduce__(self) -> tuple[object, ...]:
        # Where an entry lies is another place in another process.
        return (Table, (dict(self.items()),))
