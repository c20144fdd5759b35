"""
Books as if some draws had never been made: what they took is in its lots again, and what is owed is what was owed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from .._numbers import CONTEXT, ZERO
from ..money import Currency
from ._books import Books
from ._codec import Part
from ._debts import NO_DEBTS, Debt, PaidBack
from ._entries import Committed, Drawn, Entry, Repaid, Returned
from ._fields import entry_id
from ._holdings import LEFT, SPENT, Holding
from ._returns import Segments
from ._scopes import Use

__all__ = ["undo"]

_Account: TypeAlias = tuple[Currency, Use]


def undo(books: Books, draw_ids: Iterable[str], more: Iterable[Part] = ()) -> None:
    """Put back what draws took, whatever has become of their lots, and more; draws that are forgotten stay."""
    gone: list[Drawn] = []
    for draw_id in draw_ids:
        known = books.seen(draw_id)
        if known is None or not isinstance(known.entry, Drawn):
            continue
        gone.append(known.entry)
        for lot, amount in known.standing().parts:
            was = books.holding(lot)
            back = _open(was.moved(SPENT, LEFT, amount))
            books.put(was, back)
    units = list(dict.fromkeys(each.unit for each in gone if each.unit in books.debts))
    if units:
        _owe_as_before(books, gone, units)
    for lot, amount in more:
        was = books.holding(lot)
        left = CONTEXT.add(was.left, amount)
        books.put(was, _open(was._replace(amounts=(left, *was.amounts[1:]))))


def _open(holding: Holding) -> Holding:
    """A lot that has ended is open for what was drawn of it, which does not roll over once more."""
    if not holding.closed:
        return holding
    lot = copy(holding.lot)
    lot.rollover = None
    return holding._replace(lot=lot, closed=False)


def _owe_as_before(books: Books, gone: Sequence[Drawn], units: Sequence[Currency]) -> None:
    """What is owed is what was owed before; what the draws let lots pay back is paid back when it was, by nobody."""
    past = _Past(gone)
    for entry in books.entries():
        past.take(entry)
    for unit in units:
        was, debts = books.owing(unit), NO_DEBTS
        for (of, use), owed in past.owed.items():
            if of == unit:
                debts = debts.put(Debt(use, owed, was.of(use).paid))
        books.debts = {**books.debts, str(unit): debts}
    books.paid_back = past.paid_back(units)


class _Paid(NamedTuple):
    """What a lot paid back: whether one of the draws let it, and whether that was before the first of them."""

    was: PaidBack
    mine: bool
    before: bool


class _Past:
    """
    What was owed before the first of some draws, and what they let lots pay back.

    What came into the ledger later counts where it is of service before theirs, such as the correction of an older
    statement: not what was overdrawn and paid back after them.

    Attributes:
        owed: by unit and use.
    """

    def __init__(self, gone: Sequence[Drawn]) -> None:
        self.owed: dict[_Account, Decimal] = {}
        self._ids = {each.id for each in gone}
        # So the ids of what a draw lets lots pay back begin.
        self._heads = {entry_id(each.id, "") for each in gone}
        self._start = min(each.at for each in gone)
        self._begun = False
        self._held: dict[str, tuple[Segments, bool]] = {}
        self._paid: dict[_Account, list[_Paid]] = {}

    def take(self, entry: Entry) -> None:
        """The next entry."""
        if isinstance(entry, Drawn | Committed):
            self._begun = self._begun or entry.id in self._ids
            if entry.overdrawn:
                self._draw(entry)
        elif isinstance(entry, Repaid):
            self._pay(entry)
        elif isinstance(entry, Returned) and entry.draw_id in self._held:
            self._return(entry)

    def paid_back(self, units: Sequence[Currency]) -> list[PaidBack]:
        """What the draws let lots pay back, and did not return to these, by time."""
        found = [each.was for held in self._paid.values() for each in held if each.mine and each.was.unit in units]
        return sorted(found, key=attrgetter("at"))

    def _add(self, account: _Account, amount: Decimal) -> None:
        self.owed[account] = CONTEXT.add(self.owed.get(account, ZERO), amount)

    def _draw(self, entry: Drawn | Committed) -> None:
        counts = entry.id not in self._ids and (not self._begun or entry.at < self._start)
        self._held[entry.id] = Segments.of(entry), counts
        if counts:
            self._add((entry.unit, entry.use), entry.overdrawn)

    def _pay(self, entry: Repaid) -> None:
        account = entry.unit, entry.use
        # A draw lets lots pay back before it is made.
        mine = entry.id.partition("/repaid ")[0] + "/" in self._heads
        self._begun = self._begun or mine
        if not self._begun:
            self._add(account, entry.amount.copy_negate())
        paid = _Paid(PaidBack(entry.at, *account, entry.amount), mine, not self._begun)
        self._paid.setdefault(account, []).append(paid)

    def _return(self, entry: Returned) -> None:
        account = entry.unit, entry.use
        held, counts = self._held[entry.draw_id]
        taken = held.end(entry.amount, entry.parts)
        self._held[entry.draw_id] = held.less(taken), counts
        if counts:
            self._add(account, taken.overdrawn.copy_negate())
        # What had been paid back returns to its lots, the last first.
        back = CONTEXT.subtract(taken.overdrawn, entry.overdrawn)
        while back:
            last = self._paid[account].pop()
            some = min(back, last.was.amount)
            back = CONTEXT.subtract(back, some)
            if last.before:
                self._add(account, some)
            if some != last.was.amount:
                rest = CONTEXT.subtract(last.was.amount, some)
                self._paid[account].append(last._replace(was=last.was._replace(amount=rest)))
