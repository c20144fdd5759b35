"""
How the meters of a period are cut: every instant at which a counter must be read; and in which order items are charged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ..demand import Demand
from ..errors import InternalError
from ..meters import Meter, Outcomes
from ..periods import Period
from ..prices import Credit
from ._grants import Bound
from ._terms import MeterTerms, Service

__all__ = ["in_order", "metered"]


def in_order(services: Sequence[Service]) -> list[Service]:
    """Items that read the amounts of others come after them; else the order of the card stays."""
    left = list(services)
    found: list[Service] = []
    while left:
        waiting = {service.key for service in left}
        ready = [service for service in left if not (_reads(service) & waiting) - {service.key}]
        if not ready:
            raise InternalError("items read each other's amounts in a circle", code="item.cycle")
        found.extend(ready)
        left = [service for service in left if service not in ready]
    return found


def _reads(service: Service) -> set[str]:
    return {key for piece in service.pieces for key in piece.price.demand().items}


def metered(
    meter: Meter,
    services: Sequence[Service],
    demand: Demand,
    window: datetime,
    end: datetime,
    served: Period | None,
    *,
    followed: bool,
    bounds: Sequence[Bound] = (),
    currency: str = "",
) -> MeterTerms:
    """
    How one meter is measured.

    Args:
        meter: the meter.
        services: those that it counts for.
        demand: what their prices ask to see.
        window: from when records are read.
        end: the end of the period.
        served: the service inside the period; None where there is none.
        followed: whether it is measured also while nothing prices it.
        bounds: where lots that may pay begin or end to do so.
        currency: what services are billed in.
    """
    # Usage inside the period that no item prices is unpriced, not outside: so the period's own ends are edges too.
    edges: set[datetime] = set() if served is None else {served.start, served.end}
    for service in services:
        edges.add(max(service.counted, window))
        for piece in service.pieces:
            # A service that goes on after the period is measured up to its end: what comes later is outside.
            edges.update(min(max(edge, window), end) for edge in (piece.start, piece.end))
        for gap in service.gaps:
            edges.update(min(max(edge, window), end) for edge in (gap.start, gap.end))
        edges.update(_cuts(service, meter, bounds, currency, window))
    ordered = sorted(edges)
    priced = [followed or count > 0 for count in _counts(services, ordered[:-1])]
    return MeterTerms(meter, ordered, priced, demand.axes, demand.folds)


def _cuts(
    service: Service, meter: Meter, bounds: Sequence[Bound], currency: str, window: datetime
) -> Iterator[datetime]:
    """Where lots of its unit begin or end inside a service: what is used before and after is told apart."""
    # An outcome has a time of its own, which is not that of its records.
    for piece in () if isinstance(meter.aggregate, Outcomes) else service.pieces:
        units = [currency, *([piece.price.unit] if isinstance(piece.price, Credit) else [])]
        for bound in bounds:
            # Whatever it pays for: what one item leaves the next may take, so all are cut alike.
            if bound.unit in units and max(piece.start, window) < bound.at < piece.end:
                yield bound.at


def _counts(services: Sequence[Service], at: Sequence[datetime]) -> list[int]:
    """For how many services usage at each instant is counted; the instants ascend."""
    steps: list[tuple[datetime, int]] = []
    for service in services:
        end = service.pieces[-1].end
        steps += [(service.counted, 1), (end, -1)]
        for gap in service.gaps:
            if gap.start < end:
                steps += [(gap.start, -1), (min(gap.end, end), 1)]
    steps.sort()
    found: list[int] = []
    place = count = 0
    for instant in at:
        while place < len(steps) and steps[place][0] <= instant:
            count += steps[place][1]
            place += 1
        found.append(count)
    return found
