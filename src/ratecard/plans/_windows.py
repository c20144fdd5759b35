"""
The billing periods that a rated period has time in common with: what a plan states across its lines runs in each.

A statement may hold a part of one, one, or several. A billing period is one of the plan's cadence; it is cut where the
anchor moves, and where a plan of another cadence begins.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from ..meters import Outcomes
from ..periods import Period
from ._dues import runs
from ._terms import Terms

__all__ = ["Window", "windows"]


class Window:
    """
    One billing period, as far as it is known.

    Attributes:
        period: from its start, or that of the rated period where nothing tells what was billed of it before, to its end
            or that of the rated period.
        begun: whether statements before have billed a part of it.
        over: whether no later statement will.
    """

    __slots__ = ("begun", "over", "period")

    def __init__(self, period: Period, *, begun: bool, over: bool) -> None:
        self.period = period
        self.begun = begun
        self.over = over


def windows(terms: Terms, since: datetime | None) -> list[Window]:
    """
    The billing periods that the rated period has time in common with, in order.

    Args:
        terms: what was resolved.
        since: from when statements before tell what they billed; None where none does. A billing period that began
            after it has nothing to do with them.
    """
    rated = terms.period
    start = rated.start if since is None else since
    marks = _marks(terms, Period(start, rated.end, zone=terms.zone))
    if since is not None and any(since < mark <= rated.start for mark in marks):
        since, start = None, rated.start
    cuts = [mark for mark in marks if rated.start < mark < rated.end]
    edges = [start, *cuts, rated.end]
    ended = rated.end in marks or rated.end <= terms.started
    if terms.ended is not None and terms.ended <= rated.end:
        ended = ended or terms.ended <= edges[-2] or not _lingers(terms)
    return [
        Window(
            Period(first, last, zone=rated.zone), begun=since is not None and first == start,
            over=ended or last < rated.end,
        )
        for first, last in pairwise(edges)
    ]  # fmt: skip


def _lingers(terms: Terms) -> bool:
    """Whether something is sold that may be billed, or reversed, after the end of the subscription."""
    told = terms.carry is not None and bool(terms.carry.outcomes)
    meters = [service.meter for service in terms.services if service.meter is not None]
    return told or any(isinstance(meter.aggregate, Outcomes) for meter in meters)


def _marks(terms: Terms, span: Period) -> list[datetime]:
    """Where billing periods of a stretch begin, behind its start and up to its end."""
    found: set[datetime] = set()
    every = runs(terms, lambda reign: reign.plan.cadence)
    for index, (cadence, run) in enumerate(every):
        until = run[-1].end if index < len(every) - 1 else None
        end = span.end if until is None else min(until, span.end)
        first = max(run[0].start, span.start)
        if index and span.start < run[0].start <= span.end:
            found.add(run[0].start)
        if first < end:
            found.update(each.end for each in cadence.periods(Period(first, end, zone=terms.zone)) if each.end <= end)
    return sorted(found)
