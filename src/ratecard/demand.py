"""
What a price must see of usage beyond its total, stated as data.

A `Demand` has three kinds of wishes. **Axes** cut the total into cells: by a property, by the local time of day, by the
size of the record itself. **Folds** are functions of single records that are added up (a fee per record, a price that
the record carries). **Items** are other items whose amounts the price reads. Demands unite, so one metering serves many
candidate plans; a tally knows the demand it was made for.

Every axis and fold is a frozen, hashable value; a fold's state has zero, add, merge and value, and its merge is
associative and commutative.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ._axes import Axis, Dimension, Sizes, Span, Windows
from ._folds import Carried, EachRounded, Fold, Paid, PerRecord
from ._numbers import text

__all__ = [
    "Axis",
    "Carried",
    "Demand",
    "Dimension",
    "EachRounded",
    "Fold",
    "Paid",
    "PerRecord",
    "Sizes",
    "Span",
    "Windows",
]


class Demand:
    """
    What a price asks to see: axes, folds, and other items' amounts. Empty for a price of the total alone.

    `a | b` unites two; the order of wishes is canonical, so equal demands are equal values.
    """

    __slots__ = ("axes", "folds", "items")

    axes: tuple[Axis, ...]
    folds: tuple[Fold, ...]
    items: tuple[str, ...]

    def __init__(self, *, axes: Sequence[Axis] = (), folds: Sequence[Fold] = (), items: Sequence[str] = ()) -> None:
        self.axes = tuple(sorted(dict.fromkeys(axes), key=_place))
        self.folds = tuple(sorted(dict.fromkeys(folds), key=_place))
        self.items = tuple(sorted(dict.fromkeys(items)))

    def __or__(self, other: Demand) -> Demand:
        if self.covers(other) and all(item in self.items for item in other.items):
            return self
        return Demand(
            axes=(*self.axes, *other.axes), folds=(*self.folds, *other.folds), items=(*self.items, *other.items)
        )

    def covers(self, other: Demand) -> bool:
        """Whether a tally made for this demand can answer the other."""
        return all(axis in self.axes for axis in other.axes) and all(fold in self.folds for fold in other.folds)

    def __bool__(self) -> bool:
        return bool(self.axes or self.folds or self.items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Demand):
            return NotImplemented
        return (self.axes, self.folds, self.items) == (other.axes, other.folds, other.items)

    def __hash__(self) -> int:
        return hash((self.axes, self.folds, self.items))

    def __repr__(self) -> str:
        return f"Demand(axes={self.axes!r}, folds={self.folds!r}, items={self.items!r})"


def _place(wish: Axis | Fold) -> tuple[str, str]:
    return (type(wish).__name__, _told(wish))


def _told(value: object) -> str:
    """The one text of a wish: equal wishes may be written differently (1.5 and 1.50) and must stand in one place."""
    if isinstance(value, tuple):
        return f"({', '.join(_told(each) for each in value)})"
    return text(value) if isinstance(value, Decimal) else repr(value)
