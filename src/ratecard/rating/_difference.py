"""
How two statements differ, line by line.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._visible import visible
from ..money import Money
from ._line import LineItem

__all__ = ["Difference", "differences"]


class Difference:
    """
    How one line differs between two statements; a line that is missing on one side has the amount None there.

    Attributes:
        key: the line's key.
        before, after: its amounts.
    """

    __slots__ = ("after", "before", "key")

    def __init__(self, key: str, before: Money | None, after: Money | None) -> None:
        self.key = key
        self.before = before
        self.after = after

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Difference):
            return NotImplemented
        return (self.key, self.before, self.after) == (other.key, other.before, other.after)

    def __hash__(self) -> int:
        return hash((self.key, self.before, self.after))

    def __repr__(self) -> str:
        return f"<Difference {self}>"

    def __str__(self) -> str:
        before = "nothing" if self.before is None else str(self.before)
        return f"{visible(self.key)}: {before} before, {'nothing' if self.after is None else str(self.after)} after"


def differences(before: Sequence[LineItem], after: Sequence[LineItem], *, apart: bool) -> list[Difference]:
    """
    The lines that differ, by key, in the order of the first, then of the second.

    Args:
        before, after: the lines of two statements.
        apart: whether their periods have no time in common; then no line of one is a line of the other.
    """
    mine = {line.key: line for line in before}
    theirs = {line.key: line for line in after}
    found: list[Difference] = []
    if apart:
        found += [Difference(key, line.amount, None) for key, line in mine.items()]
        mine = {}
    for key in dict.fromkeys([*mine, *theirs]):
        earlier = mine[key].amount if key in mine else None
        later = theirs[key].amount if key in theirs else None
        if earlier != later:
            found.append(Difference(key, earlier, later))
    return found
