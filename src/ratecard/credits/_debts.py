"""
The overdraft: for each use what is owed, and which lots paid back what had been owed, so that it can return to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from .._numbers import CONTEXT, ZERO
from ._grants import Use

__all__ = ["Debt", "Payback", "debt_of", "owed_in", "with_debt"]


class Payback(NamedTuple):
    """A lot that paid back an amount, and who did before it."""

    lot: str
    amount: Decimal
    below: Payback | None


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


def debt_of(debts: tuple[Debt, ...], use: Use) -> Debt:
    """The debt of a use; an empty one where there is none."""
    for each in debts:
        if each.use == use:
            return each
    return Debt(use, ZERO, None)


def with_debt(debts: tuple[Debt, ...], debt: Debt) -> tuple[Debt, ...]:
    """With the debt of its use exchanged, or added at the end; one that is done with goes."""
    known = any(each.use == debt.use for each in debts)
    found = [debt if each.use == debt.use else each for each in debts]
    return tuple(each for each in (found if known else [*found, debt]) if each.owed or each.paid)


def owed_in(debts: tuple[Debt, ...]) -> Decimal:
    """What is owed for all uses."""
    found = ZERO
    for each in debts:
        found = CONTEXT.add(found, each.owed)
    return found
