"""
What the loops of metering collect into: mappings that check a new key once, when it is first seen, not once a record.

They nest by text (customer, then group) since the hash of a text is kept and that of a tuple is not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .._visible import is_sound

__all__ = ["Columns", "Customers", "Sums", "Tree"]


def _check(key: Any, width: int) -> None:
    """A raw group is one text where there is one dimension, else a tuple of texts; any other is nobody's here."""
    for part in (key,) if width == 1 else key:
        if part.__class__ is not str or not is_sound(part):
            raise KeyError(key)


class Sums(dict[Any, int]):
    """Whole sums by raw group of so many dimensions."""

    __slots__ = ("width",)

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def __missing__(self, key: Any) -> int:
        _check(key, self.width)
        return 0


class Tree(dict[Any, Any]):
    """Whole sums by several texts, one level a text."""

    __slots__ = ("depth",)

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.depth = depth

    def __missing__(self, key: Any) -> Any:
        if key.__class__ is not str or not is_sound(key):
            raise KeyError(key)
        if not self.depth:
            return 0
        made = self[key] = Tree(self.depth - 1)
        return made


class Columns(dict[Any, list[int]]):
    """Several whole sums side by side by raw group of so many dimensions."""

    __slots__ = ("count", "width")

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.width = width
        self.count = count

    def __missing__(self, key: Any) -> list[int]:
        _check(key, self.width)
        made = self[key] = [0] * self.count
        return made


class Customers(dict[Any, Any]):
    """What is collected for each customer; one who is not measured is nobody's here."""

    __slots__ = ("known", "make")

    def __init__(self, known: Collection[str], make: Callable[[], Any]) -> None:
        super().__init__()
        self.known = known
        self.make = make

    def __missing__(self, key: Any) -> Any:
        if key.__class__ is not str or key not in self.known:
            raise KeyError(key)
        made = self[key] = self.make()
        return made
