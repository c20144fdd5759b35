"""
What was due in money of billing periods that are over, for as long as outcomes of theirs may still be reversed.

What a reversal gives back is money only as far as money was due in its billing period, by all statements together and
for whatever. A stage across lines may have been shared out anew by a later part of the period, so what is said to be
paid of one item need not be what was paid in money of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from .._numbers import CONTEXT, ZERO, exact, quantize, text
from ..credits import entry_id
from ..plans import Terms
from ..records import show_time

__all__ = ["Room", "Settled", "span_of"]


class Room:
    """How much money can still be given back of a billing period; None where that is not known."""

    __slots__ = ("left",)

    def __init__(self, left: Decimal | None) -> None:
        self.left = left

    def take(self, most: Decimal) -> Decimal:
        """Give back so much of it, or what there is."""
        if self.left is None:
            return most
        some = min(most, self.left)
        self.left = CONTEXT.subtract(self.left, some)
        return some


class Settled:
    """
    Billing periods that are over, as a carry tells of them and a statement leaves them.

    Args:
        terms: the statement's.
    """

    def __init__(self, terms: Terms) -> None:
        told = {} if terms.carry is None else terms.carry.settled
        places = terms.currency.places
        self._held: dict[str, tuple[Decimal, list[str]]] = {
            span: (quantize(exact(amount), places), list(statements))
            for span, pairs in told.items()
            for statements, amount in pairs[:1]
        }

    def money(self, span: str) -> Decimal | None:
        """What was due in money of a period and is not given back; None where that is not known."""
        return self._held[span][0] if span in self._held else None

    def prefixes(self, span: str) -> tuple[str, ...]:
        """How the ids of the draws begin that paid for a period."""
        return tuple(entry_id(each, "") for each in self._held[span][1]) if span in self._held else ()

    def end(self, span: str, amount: Decimal, statements: Iterable[str]) -> None:
        """A period is over."""
        self._held[span] = (max(amount, ZERO), list(statements))

    def more(self, span: str, amount: Decimal, statements: Sequence[str]) -> None:
        """So much more was due of a period that is over; below 0 it was given back."""
        if span in self._held:
            before, by = self._held[span]
            self.end(span, CONTEXT.add(before, amount), list(dict.fromkeys([*by, *statements])))

    def told(self, spans: Collection[str]) -> dict[str, list[list[object]]]:
        """The same as a carry holds it, of some periods."""
        return {span: [[by, text(amount)]] for span, (amount, by) in sorted(self._held.items()) if span in spans}


def span_of(start: datetime, end: datetime) -> str:
    """What names a billing period."""
    return f"{show_time(start)}/{show_time(end)}"
