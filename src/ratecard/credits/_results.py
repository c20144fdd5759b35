"""
What the acts of a ledger answer.
"""

from __future__ import annotations

from decimal import Decimal

from .._numbers import CONTEXT, ZERO
from ..money import Money
from ._codec import Part
from ._entries import Committed, Drawn, Entry, Reserved
from ._returns import Due

__all__ = ["Draw", "Return"]


class Draw:
    """
    What a draw, a reservation or a commit came to. Immutable by contract.

    Attributes:
        entry: what was posted; what was asked for, where it is refused.
        refused: whether it was refused, and nothing of it was posted.
        short: how much was lacking where it is refused, else 0.
    """

    __slots__ = ("entry", "refused", "short")

    def __init__(self, entry: Drawn | Reserved | Committed, *, refused: bool = False, short: Decimal = ZERO) -> None:
        self.entry = entry
        self.refused = refused
        self.short = short

    @property
    def amount(self) -> Money:
        """What was asked for."""
        return Money.make(self.entry.amount, self.entry.unit)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The lots and how much of each, in the order in which they burnt."""
        if isinstance(self.entry, Committed):
            return (*self.entry.held, *self.entry.parts)
        return self.entry.parts

    @property
    def covered(self) -> Money:
        """What the lots paid."""
        found = ZERO
        for _, amount in self.parts:
            found = CONTEXT.add(found, amount)
        return Money.make(found, self.entry.unit)

    @property
    def overdrawn(self) -> Money:
        """What is owed for it."""
        return Money.make(self.entry.debt(), self.entry.unit)

    @property
    def uncovered(self) -> Money:
        """What nobody paid: to be priced in money; all of it where it is refused."""
        return Money.make(self.entry.uncovered, self.entry.unit)

    def __repr__(self) -> str:
        state = "refused" if self.refused else f"{self.covered} covered"
        return f"<Draw {self.entry.id!r}: {self.amount}, {state}>"


class Return:
    """
    What came of taking credits back. Immutable by contract.

    Attributes:
        entry: what was posted.
        due: the money that is owed back for them, by currency.
    """

    __slots__ = ("due", "entry")

    def __init__(self, entry: Entry, due: tuple[Due, ...]) -> None:
        self.entry = entry
        self.due = due

    def __repr__(self) -> str:
        return f"<Return {self.entry.id!r}: {list(self.due)}>"
