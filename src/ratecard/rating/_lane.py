"""
A lane: one counter of a live bill that goes the quick way, and what one more of it costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .._numbers import CONTEXT, ZERO, Exact, add, floor, mul, sub
from ..curve import Curve
from ..meters import Sum
from ._careful import Run
from ._direct import Counter

__all__ = ["LARGEST", "Lane"]

LARGEST = 10**15
"""The largest quantity of one record that goes the quick way."""

_MISSES_MAX = 100


class Lane:
    """
    One counter: where it stands in the totals, what it reads, and how far it may rise.

    Attributes:
        index: its place in the totals.
        meter, segment: the cell it counts.
        of: the property it adds up; empty where it counts records.
        items: the items that it prices.
        curve: what they cost together.
        admits_to: a total up to which no cap binds.
        tells_to: a total up to which no guard has anything to tell.
        upper: up to which total `rate` is the price of one more; -1 where it is not known.
        misses: how often that was not enough.
    """

    __slots__ = (
        "admits_to", "curve", "index", "items", "meter", "misses", "of", "rate", "segment", "tells_to", "upper",
    )  # fmt: skip

    def __init__(self, index: int, run: Run, ways: Mapping[str, Counter]) -> None:
        self.index = index
        self.meter = run.meter.key
        aggregate = run.meter.aggregate
        self.of = aggregate.of if isinstance(aggregate, Sum) else ""
        self.items = tuple(ways)
        first, *rest = ways.values()
        self.segment = first.segment
        self.curve: Curve = first.curve
        for each in rest:
            self.curve = self.curve + each.curve
        self.admits_to = self.tells_to = self.upper = -1
        self.misses = 0
        self.rate = ZERO

    def settle(self, standing: int) -> None:
        """Find the piece that a total stands on."""
        self.upper = -1
        piece = next(iter(self.curve.pieces(str(standing), str(standing + LARGEST))))
        here = add(piece.start, mul(piece.rate, sub(Decimal(standing), piece.lower)))
        if isinstance(piece.rate, Decimal) and self.curve.amount(Decimal(standing)) == here:
            self.rate = piece.rate
            self.upper = standing + LARGEST if piece.upper is None else floor(piece.upper)
            if piece.closed in ("left", "neither"):
                self.upper -= 1

    def between(self, standing: int, quantity: int) -> Exact:
        """The price of so much more."""
        if standing + quantity <= self.upper:
            return CONTEXT.multiply(self.rate, quantity)
        self.misses += 1
        if standing > self.upper and self.misses < _MISSES_MAX:
            # Where pieces are short, such as stairs, finding them costs more than it saves.
            self.settle(standing)
        return self.curve.between(Decimal(standing), Decimal(standing + quantity))

    def reach(self, standing: int, money: Exact) -> int:
        """Up to which total it may rise for so much money."""
        amount = self.curve.amount
        most = add(amount(Decimal(standing)), money)
        low, high = 0, 1
        while high < LARGEST and amount(Decimal(standing + high)) <= most:
            low, high = high, high * 8
        # A bound that is a little short will do: it is found anew when it is reached.
        while high - low > 1 + low // 16:
            middle = (low + high) // 2
            if amount(Decimal(standing + middle)) <= most:
                low = middle
            else:
                high = middle
        return standing + low
