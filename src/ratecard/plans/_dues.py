"""
What the stages across a statement are told: floors, ceilings and commitments with the stretches of time they run over.

A commitment runs in periods of its own cadence, of which a statement may hold a part, one, or several. Each is a
stretch: from where it began to where it ends, with its share of a full period, and whether it ends in the rated period.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .._numbers import ONE, Exact
from ..cadence import Cadence
from ..periods import Period, share
from ._extras import Commitment, Coupon
from ._lookup import find
from ._terms import Terms

__all__ = ["Dues", "Stretch", "dues"]


class Stretch:
    """
    One cadence period, as far as the subscription runs in it.

    Attributes:
        start, end: the service inside it.
        share: the service as a share of the full period, by the plan's proration.
        begun: whether it began before the rated period.
        over: whether it ends inside the rated period, or with it.
    """

    __slots__ = ("begun", "end", "over", "share", "start")

    def __init__(self, served: Period, part: Exact, rated: Period) -> None:
        self.start: datetime = served.start
        self.end: datetime = served.end
        self.share = part
        self.begun = served.start < rated.start
        self.over = served.end <= rated.end

    def factor(self, prorate: bool) -> Exact:
        """What an amount for a full period is multiplied by."""
        return self.share if prorate else ONE


class Dues:
    """
    What the statement stages of some terms work with.

    Attributes:
        stretches: the plan's cadence periods that the rated period has time in common with.
        commitments: in the order in which charges fill them, each with its stretches.
        coupons: the subscription's, in its order.
    """

    __slots__ = ("commitments", "coupons", "stretches")

    def __init__(
        self,
        stretches: Sequence[Stretch],
        commitments: Sequence[tuple[Commitment, Sequence[Stretch]]],
        coupons: Sequence[Coupon],
    ) -> None:
        self.stretches = tuple(stretches)
        self.commitments = tuple((each, tuple(parts)) for each, parts in commitments)
        self.coupons = tuple(coupons)


def dues(terms: Terms) -> Dues:
    """
    What the statement stages of these terms work with.

    Raises:
        UnknownKeyError: `key.unknown`, when the subscription brings a coupon that the plan does not have.
    """
    plan, owner = terms.plan, f"the plan {terms.plan.key!r}"
    coupons = [find(plan.coupons, key, what="coupon", owner=owner) for key in terms.subscription.coupons]
    ordered = sorted(plan.commitments, key=lambda each: each.priority)
    return Dues(
        _stretches(terms, None),
        [(each, _stretches(terms, each.cadence)) for each in ordered],
        coupons,
    )


def _parts(terms: Terms, cadence: Cadence | None) -> list[tuple[Period, Period]]:
    """The full periods that the rated one has time in common with, each with the service inside it."""
    end = terms.ended or terms.subscription.service_under(terms.plan).end
    service = Period(terms.started, end, zone=terms.zone)
    rated = terms.period.overlap(service)
    if rated is None:
        return []
    found: list[tuple[Period, Period]] = []
    for each in terms.subscription.cadence_under(terms.plan, cadence).periods(rated):
        full = Period(each.start, each.end, zone=terms.zone)
        # It has time in common with the rated service, so it has service in it.
        start, end = max(full.start, service.start), min(full.end, service.end)
        found.append((full, Period(start, end, zone=terms.zone)))
    return found


def _stretches(terms: Terms, cadence: Cadence | None) -> list[Stretch]:
    how = terms.plan.proration
    return [Stretch(part, share(part, full, how), terms.period) for full, part in _parts(terms, cadence)]
