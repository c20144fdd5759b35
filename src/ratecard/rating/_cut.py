"""
Cutting a request: which part of it a cap may let through, and where on the way to it the bill may fall.

A cut lowers one property that meters add up. Where the bill never falls on the way, its end is all that is looked at;
where a price falls, every stretch on which it goes one way only. Where neither is known, the request is not cut: all
of it fits, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import islice

from .._numbers import ONE, ZERO, Exact, add, sub
from ..demand import Dimension, Sizes
from ..errors import MismatchError, NumberError
from ..guards import Portion, Reading
from ..meters import Sum
from ..plans import Terms
from ..prices import Brackets, Price, Volume
from ..records import UsageRecord, read_number
from ._careful import Run
from ._charge import ways_of
from ._direct import Counter
from ._intake import Meters

__all__ = ["cut", "cut_of", "never_falls", "portion_of"]

_PIECES_MAX = 10_000


def cut_of(runs: Sequence[Run], named: str | None) -> str:
    """
    The property that is cut: the one that is named, or the only one that meters add up.

    Raises:
        MismatchError: `live.cut`, where there is none, or several.
    """
    summed = {run.meter.aggregate.of for run in runs if isinstance(run.meter.aggregate, Sum)}
    if named is None and len(summed) == 1:
        return summed.pop()
    if named is None or named not in summed:
        told = ", ".join(sorted(summed)) or "nothing"
        raise MismatchError(
            f"a cap may let a part of this record through, and its meters add up {told}; say in `cut` which property "
            "is cut",
            code="live.cut",
        )
    return named


def cut(record: UsageRecord, name: str, part: Decimal) -> UsageRecord:
    """The record with a part of one property."""
    properties = {**record.properties, name: part}
    return UsageRecord(
        record.event, record.at, properties, customer=record.customer, source=record.source, id=record.id
    )


def portion_of(
    terms: Terms,
    cells: Meters,
    record: UsageRecord,
    runs: Sequence[Run],
    name: str,
    read: Callable[[Decimal], tuple[Reading, Reading]],
) -> Portion | None:
    """How a record can be cut; None where it is below 0."""
    quantity = read_number(record, name)
    if quantity < 0:
        return None
    steps = [run.meter.step for run in runs if isinstance(run.meter.aggregate, Sum) and run.meter.aggregate.of == name]
    step = max(steps) if all(run.meter.convert is None for run in runs) else ONE
    pieces = _turns(terms, cells, runs, name, quantity)
    if pieces is None:
        return Portion(quantity, read, step=quantity or ONE)
    return Portion(quantity, read, step=step, pieces=pieces)


def _turns(terms: Terms, cells: Meters, runs: Sequence[Run], name: str, quantity: Decimal) -> list[Exact] | None:
    """The quantities at which the bill may begin to fall or to rise; None where they are not known."""
    if not all(_plainly(run, name) for run in runs):
        return None
    if any(coupon.minimum_spend is not None for coupon in terms.plan.coupons):
        return None
    taken = {run.meter.key for run in runs}
    found: list[Exact] = []
    for service, way in ways_of(terms)[0]:
        if service.meter is None or service.meter.key not in taken:
            # What else may move with the request is a share of what it costs.
            reads = [piece.price for piece in service.pieces if piece.price.demand().items]
            if not all(never_falls(price) for price in reads):
                return None
            continue
        if all(never_falls(piece.price) for piece in service.pieces):
            continue
        more = _bounds(way, cells, quantity) if isinstance(way, Counter) else None
        if more is None:
            return None
        found += more
    return sorted(set(found))


def _plainly(run: Run, name: str) -> bool:
    """Whether a meter that takes the record rises with the property, or does not look at it."""
    aggregate = run.meter.aggregate
    if isinstance(aggregate, Sum):
        looked = [*aggregate.less, *(read for each in run.meter.where for read in each.reads())]
    else:
        looked = list(run.meter.reads())
    axes = [axis.name for axis in run.terms.axes if isinstance(axis, Dimension)]
    sizes = [each for axis in run.terms.axes if isinstance(axis, Sizes) for each in axis.of]
    return name not in (*looked, *axes, *sizes)


def _bounds(way: Counter, cells: Meters, quantity: Decimal) -> list[Exact] | None:
    """Where the pieces of a curve end, between what was counted and that with the whole quantity."""
    start = way.quantity(cells[way.meter])
    if start < ZERO:
        return None
    pieces = list(islice(way.curve.pieces(start, add(start, quantity)), _PIECES_MAX + 1))
    if len(pieces) > _PIECES_MAX:
        return None
    return [sub(piece.upper, start) for piece in pieces if piece.upper is not None]


def never_falls(price: Price) -> bool:
    """Whether more usage never costs less; where that is not known, no."""
    if price.has_curve:
        try:
            return not price.curve().cliffs()
        except NumberError:
            pass
    if isinstance(price, Brackets | Volume):
        return False
    # No price is below 0, so what is left can fall only by its parts.
    return all(never_falls(each) for each in price.children())
