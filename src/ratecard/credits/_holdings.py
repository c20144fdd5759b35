"""
A holding: a lot as a ledger has it, and where its credits are now.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from .._numbers import CONTEXT, ZERO, text
from ..errors import LedgerError
from ._fields import brief
from ._lots import Lot
from ._queue import Rank

__all__ = ["COLUMNS", "Column", "Holding", "opened"]

COLUMNS: Final = ("left", "reserved", "spent", "expired", "voided", "rolled_out", "refunded")
"""Where the credits of a lot are."""

Column: TypeAlias = int
LEFT, RESERVED, SPENT, EXPIRED, VOIDED, ROLLED_OUT, REFUNDED = range(7)


class Holding(NamedTuple):
    """
    A lot and where its credits are now. The amounts of all columns add up to what it began with.

    Attributes:
        lot: the lot.
        number: its place among the lots of the ledger, in the order of granting.
        rank: its place in the order of burning.
        amounts: how much is in each of `COLUMNS`.
        closed: whether nothing comes back to it, since it expired or was taken back whole.
    """

    lot: Lot
    number: int
    rank: Rank
    amounts: tuple[Decimal, ...]
    closed: bool = False

    @property
    def left(self) -> Decimal:
        """What can still be drawn."""
        return self.amounts[LEFT]

    @property
    def reserved(self) -> Decimal:
        """What is held for work in flight."""
        return self.amounts[RESERVED]

    @property
    def spent(self) -> Decimal:
        """What has been drawn, less what came back."""
        return self.amounts[SPENT]

    @property
    def expired(self) -> Decimal:
        """What was lost when it expired."""
        return self.amounts[EXPIRED]

    @property
    def voided(self) -> Decimal:
        """What was taken back without pay."""
        return self.amounts[VOIDED]

    @property
    def rolled_out(self) -> Decimal:
        """What went on into another lot."""
        return self.amounts[ROLLED_OUT]

    @property
    def refunded(self) -> Decimal:
        """What was taken back for money."""
        return self.amounts[REFUNDED]

    @property
    def live(self) -> bool:
        """Whether there is something to draw, whatever the time."""
        return bool(self.amounts[LEFT]) and not self.closed

    def moved(self, source: Column, target: Column, amount: Decimal) -> Holding:
        """
        With an amount taken from one column to another.

        Raises:
            LedgerError: `ledger.overspent` where there is not that much, `ledger.amount` below 0.
        """
        if amount < ZERO:
            raise LedgerError(f"{text(amount)} is below 0; move 0 or more", code="ledger.amount")
        amounts = list(self.amounts)
        rest = CONTEXT.subtract(amounts[source], amount)
        if rest < ZERO:
            raise LedgerError(
                f"lot {brief(self.lot.id)} has {text(amounts[source])} {COLUMNS[source]}, not {text(amount)}; "
                "look at the ledger again before you post",
                code="ledger.overspent",
            )
        amounts[source] = rest
        amounts[target] = CONTEXT.add(amounts[target], amount)
        return Holding(self.lot, self.number, self.rank, tuple(amounts), self.closed)

    def shut(self) -> Holding:
        """Closed for good."""
        return Holding(self.lot, self.number, self.rank, self.amounts, True)


_NONE = (ZERO,) * (len(COLUMNS) - 1)


def opened(lot: Lot, number: int, place: Rank) -> Holding:
    """A lot that is as it began."""
    return Holding(lot, number, place, (lot.amount, *_NONE))
