"""
Books as if some draws had never been made: what they took is in its lots again.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

from .._numbers import CONTEXT
from ._books import Books
from ._codec import Part
from ._entries import Drawn
from ._holdings import LEFT, SPENT, Holding

__all__ = ["undo"]


def undo(books: Books, draw_ids: Iterable[str], more: Iterable[Part] = ()) -> None:
    """Put back what draws took, whatever has become of their lots, and more; draws that are forgotten stay."""
    for draw_id in draw_ids:
        known = books.seen(draw_id)
        if known is None or not isinstance(known.entry, Drawn):
            continue
        entry, held = known.entry, known.standing()
        for lot, amount in held.parts:
            was = books.holding(lot)
            back = _open(was.moved(SPENT, LEFT, amount))
            books.put(was, back)
        if held.overdrawn:
            # Below 0 for what was paid back, so that it is not asked for a second time.
            owing = books.owing(entry.unit)
            debt = owing.of(entry.use)
            debt = debt._replace(owed=CONTEXT.subtract(debt.owed, held.overdrawn))
            books.debts = {**books.debts, str(entry.unit): owing.put(debt)}
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
