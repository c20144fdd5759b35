"""
Whose a floor of an item is, where plans follow each other in its period.

A line is discounted and taxed by the plan it was priced under, and what tops an item up is no exception: each plan has
the part of it that its own floor counts, for its share of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from .._numbers import ONE, ZERO, Exact, add, mul, sign
from ..plans import Piece, Service, Terms

__all__ = ["FloorPart", "began_under", "floor_parts", "floor_starts"]


class FloorPart:
    """
    What a floor counts under one plan, without a break by another.

    Attributes:
        spans: the pieces of service under it, also of what other statements bill.
        counts: what the floor comes to for them.
    """

    __slots__ = ("counts", "spans")

    def __init__(self, spans: Sequence[Piece], counts: Exact) -> None:
        self.spans = spans
        self.counts = counts

    def holds(self, piece: Piece) -> bool:
        """Whether a piece of service is in it."""
        return self.spans[0].start <= piece.start < self.spans[-1].end


def floor_parts(terms: Terms, service: Service, sums: Sequence[tuple[Decimal | None, bool]]) -> list[FloorPart]:
    """
    The plans that have a part of what tops an item up.

    Args:
        terms: what is charged.
        service: the item in one of its cadence periods.
        sums: for each piece of it, its floor and whether it is for its share of the time; one of them has a floor.
    """
    last, prorated = sums[-1]
    counts = [
        ZERO if amount is None else mul(amount, span.share)
        for span, (amount, _) in zip(service.spans, sums, strict=True)
    ]
    if (last is not None and not prorated) or not any(map(sign, counts)):
        # A floor that is whole is the one that holds last.
        final = max(index for index, (amount, _) in enumerate(sums) if amount is not None)
        counts = [ONE if index == final else ZERO for index in range(len(sums))]
    found: list[tuple[str, list[Piece], Exact]] = []
    for span, count in zip(service.spans, counts, strict=True):
        plan = terms.plan_at(span.start).key
        if found and found[-1][0] == plan:
            _, spans, so_far = found.pop()
            found.append((plan, [*spans, span], add(so_far, count)))
        else:
            found.append((plan, [span], count))
    return [FloorPart(spans, count) for _, spans, count in found if sign(count)]


def began_under(terms: Terms, service: Service, at: datetime) -> datetime:
    """Since when an item has been sold without a break by the plan that sells it at an instant."""
    plan = terms.plan_at(at).key
    for span in reversed(service.spans):
        if span.start < at:
            if terms.plan_at(span.start).key != plan:
                break
            at = span.start
    return at


def floor_starts(terms: Terms) -> list[datetime]:
    """When service began that other statements billed, and that is topped up now."""
    return [
        span.start
        for service in terms.services
        if service.due is not None and service.spans[-1].end <= service.pieces[-1].end
        for span in service.spans
        if span.item.minimum is not None and span.start < service.pieces[0].start
    ]
