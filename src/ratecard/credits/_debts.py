"""
The overdraft: for each use what is owed, and which lots paid back what had been owed, so that it can return to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from .._numbers import CONTEXT, ZERO
from ..money import Currency
from ._grants import Use
from ._map import Map
from ._queue import Queue

__all__ = ["NO_DEBTS", "Debt", "Debts", "PaidBack", "Payback"]


class Payback(NamedTuple):
    """A lot that paid back an amount, and who did before it."""

    lot: str
    amount: Decimal
    below: Payback | None


class PaidBack(NamedTuple):
    """An amount of an overdraft that is paid back at an instant, and not by a lot any more."""

    at: datetime
    unit: Currency
    use: Use
    amount: Decimal


class Debt(NamedTuple):
    """
    The overdraft of one use.

    Attributes:
        use: what was drawn for.
        owed: what is still to be paid back; 0 or more.
        paid: what was paid back and may return, the last on top.
    """

    use: Use
    owed: Decimal
    paid: Payback | None

    def more(self, amount: Decimal) -> Debt:
        """After more was overdrawn."""
        return Debt(self.use, CONTEXT.add(self.owed, amount), self.paid)

    def paid_by(self, lot: str, amount: Decimal) -> Debt:
        """After a lot paid some of it back."""
        return Debt(self.use, CONTEXT.subtract(self.owed, amount), Payback(lot, amount, self.paid))

    def taken_back(self, owed: Decimal, paid: Decimal) -> Debt:
        """After some of what is owed, and of what was paid back, was returned."""
        held = self.paid
        for _, amount in self.payers(paid):
            assert held is not None
            rest = CONTEXT.subtract(held.amount, amount)
            held = Payback(held.lot, rest, held.below) if rest else held.below
        return Debt(self.use, CONTEXT.subtract(self.owed, owed), held)

    def payers(self, amount: Decimal) -> Iterator[tuple[str, Decimal]]:
        """The lots that an amount returns to, the last that paid first."""
        held = self.paid
        while amount and held is not None:
            part = min(amount, held.amount)
            yield held.lot, part
            amount = CONTEXT.subtract(amount, part)
            held = held.below


class Debts:
    """
    The overdraft of a unit, by use: a value, at a cost that does not grow with the number of uses.

    Attributes:
        owed: what is owed for all uses.
    """

    __slots__ = ("_held", "_next", "_open", "owed")

    def __init__(self, held: Map[tuple[int, Debt]], order: Queue, number: int, owed: Decimal) -> None:
        self._held = held
        # Those that are owed, by age; one that is paid back and may return keeps its place.
        self._open = order
        self._next = number
        self.owed = owed

    def __iter__(self) -> Iterator[Debt]:
        """Those of which something is owed, the oldest first."""
        for _, name in self._open:
            found = self._held.get(name)
            assert found is not None
            yield found[1]

    def of(self, use: Use) -> Debt:
        """The debt of a use; an empty one where there is none."""
        found = self._held.get(_name(use))
        return Debt(use, ZERO, None) if found is None else found[1]

    def put(self, debt: Debt) -> Debts:
        """With the debt of its use exchanged, or added at the end; one that is done with goes."""
        name = _name(debt.use)
        number, was = self._held.get(name) or (self._next, Debt(debt.use, ZERO, None))
        order, place = self._open, (number, name)
        if bool(was.owed) != bool(debt.owed):
            order = order.added(place) if debt.owed else order.removed(place)
        lasts = debt.owed or debt.paid
        held = self._held.put(name, (number, debt)) if lasts else self._held.without(name)
        owed = CONTEXT.add(self.owed, CONTEXT.subtract(debt.owed, was.owed))
        return Debts(held, order, max(self._next, number + 1), owed)


def _name(use: Use) -> str:
    """A use as text, another for each."""
    return repr((use.item, use.meter, use.customer, sorted(use.dimensions.items())))


NO_DEBTS: Final = Debts(Map(), Queue(), 0, ZERO)
