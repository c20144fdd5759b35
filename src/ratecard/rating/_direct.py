"""
The short way to a line, for items that have nothing special about them.

Most items of most plans are alike: a fee that usage cannot change, or one counter over one stretch, priced as a
function of the quantity alone. What such a line is about is worked out once for the terms; a fee's line is the same
line every time, and a counter's needs its quantity looked up, its curve read and one rounding. Amounts come from the
same curves, and steps from the same prices, as on the long way; whatever does not fit takes that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

from .._numbers import ONE, ZERO, Exact
from ..demand import Demand
from ..meters import Aggregate, Average, Frame, Level, Outcomes, Peak
from ..plans import Piece, Service, Terms
from ..prices import Allowance, Price
from ..quantity import Usage
from ..steps import Step
from ._line import LineHead, LineItem
from ._tally import Cells

__all__ = ["Counter", "Way", "counter", "is_fee"]


class Counter:
    """One counter over one stretch, priced by a curve."""

    __slots__ = ("_aggregate", "_amount", "_frame", "_price", "_steps", "curve", "head", "meter", "segment")

    def __init__(
        self, meter: str, segment: int, price: Price, head: LineHead, aggregate: Aggregate, frame: Frame
    ) -> None:
        self.meter = meter
        self._aggregate = aggregate
        self._frame = frame
        self.segment = segment
        self._price = price
        self.curve = price.curve()
        self._amount: Callable[[Exact], Exact] = self.curve.amount
        self.head = head
        self._steps = self._derived

    def line(self, segments: Sequence[Cells]) -> LineItem | None:
        """The line, or None where the counter holds something that takes the long way."""
        state = segments[self.segment].get(())
        if type(state) is int:
            quantity: Exact = Decimal(state)
        else:
            aggregate = self._aggregate
            quantity = aggregate.value(aggregate.zero() if state is None else state, self._frame)
        if quantity < ZERO:
            return None
        amount = self._amount(quantity)
        head = self.head
        return LineItem(head, quantity, amount, head.rounded(amount), self._steps)

    def quantity(self, segments: Sequence[Cells]) -> Exact:
        """What the counter holds."""
        aggregate = self._aggregate
        state = segments[self.segment].get(())
        return aggregate.value(aggregate.zero() if state is None else state, self._frame)

    def _derived(self, line: LineItem) -> tuple[Step, ...]:
        return (self.head.step(self._price.step(Usage(line.quantity)), line.rounded),)


Way: TypeAlias = Counter | tuple[LineItem, ...] | None
"""How a service comes to its lines: by a counter, always by these lines, or the long way."""


def is_fee(terms: Terms, service: Service) -> bool:
    """Whether usage cannot change the lines of a service."""
    reads = [piece.price.demand().items for piece in service.pieces]
    return service.meter is None and not any(reads) and not terms.plan.carry_remainders


def counter(terms: Terms, service: Service, head: Callable[[Service, Piece], LineHead]) -> Counter | None:
    """The counter of a service, where it is a plain one."""
    meter = service.meter
    if meter is None or len(service.pieces) != 1 or terms.carry is not None or terms.plan.carry_remainders:
        return None
    (piece,) = service.pieces
    measured = terms.meters[meter.key]
    if measured.axes or measured.folds or piece.start != service.counted or piece.share != ONE or piece.trial:
        return None
    # A level also needs what it was before, and so do outcomes; an average tells what it is the mean of.
    special = isinstance(meter.aggregate, Average | Level | Outcomes | Peak) or meter.convert is not None
    if special or piece.item.round_quantity is not None or not _plain_price(piece.price):
        return None
    places = [
        index
        for index, start in enumerate(measured.edges[:-1])
        if piece.start <= start and measured.edges[index + 1] <= piece.end
    ]
    if len(places) != 1 or piece.item.tiers == "prorate":
        return None
    frame = Frame(piece.start, piece.end, service.full.micros)
    return Counter(meter.key, places[0], piece.price, head(service, piece), meter.aggregate, frame)


def _plain_price(price: Price) -> bool:
    return price.has_curve and price.demand() == Demand() and not isinstance(price, Allowance)
