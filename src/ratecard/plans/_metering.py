"""
How a meter must be measured for the services of a period: where its counters are cut, and what of it is priced.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..demand import Demand
from ..meters import Meter
from ..periods import Period
from ._terms import MeterTerms, Service

__all__ = ["metered"]


def metered(
    meter: Meter,
    services: Sequence[Service],
    demand: Demand,
    window: datetime,
    end: datetime,
    served: Period | None,
    *,
    followed: bool,
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
    ordered = sorted(edges)
    priced = [followed or any(_counts(service, start) for service in services) for start in ordered[:-1]]
    return MeterTerms(meter, ordered, priced, demand.axes, demand.folds)


def _counts(service: Service, at: datetime) -> bool:
    """Whether usage at an instant is counted for a service."""
    paused = any(gap.start <= at < gap.end for gap in service.gaps)
    return service.counted <= at < service.pieces[-1].end and not paused
