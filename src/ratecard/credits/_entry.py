"""
What every entry of a ledger has, and what it moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, TypeVar

from .._model import show_day
from .._numbers import ZERO
from ._codec import read_fields, show_fields
from ._holdings import REFUNDED, Column
from ._lots import Lot

__all__ = ["Entry", "Move", "entry_of"]

E = TypeVar("E", bound="Entry")


class Move(NamedTuple):
    """Credits of one lot that go from one column to another."""

    lot: str
    source: Column
    target: Column
    amount: Decimal


class Entry:
    """
    What every entry has.

    Attributes:
        kind: the name of its class in JSON.
        id: the identity: a second one with the same id is the same, or a conflict.
        at: when it happened.
    """

    __slots__ = ("at", "id")

    kind: ClassVar[str] = ""
    fields: ClassVar[tuple[str, ...]] = ("id", "at")
    optional: ClassVar[tuple[str, ...]] = ()

    id: str
    at: datetime

    def moves(self) -> Iterator[Move]:
        """What it moves in the lots."""
        return iter(())

    def opens(self) -> Lot | None:
        """The lot that it brings in."""
        return None

    def debt(self) -> Decimal:
        """What it adds to the overdraft, below 0 for what it takes off."""
        return ZERO

    def refunds(self) -> bool:
        """Whether something of it comes back as money: what it cost, where it cost anything."""
        return any(target == REFUNDED for _, _, target, _ in self.moves())

    def to_json(self) -> dict[str, object]:
        """Plain data; amounts are text."""
        return {"kind": self.kind, **show_fields(self, self.fields, self.optional)}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.fields)

    def __hash__(self) -> int:
        return hash((self.kind, self.id))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id!r} at {show_day(self.at)}>"

    def __reduce__(self) -> tuple[object, ...]:
        # By way of its plain form, so that a damaged pickle is refused.
        return (entry_of, (type(self), show_fields(self, self.fields, self.optional)))


def entry_of(kind: type[E], told: Mapping[str, Any]) -> E:
    """
    An entry of a kind, from its fields as plain data.

    Raises:
        LedgerError: `ledger.entry`.
    """
    return kind(**read_fields(told, kind.fields, kind.optional))
