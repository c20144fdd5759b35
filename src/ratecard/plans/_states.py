"""
What changes leave a subscription with, from which instant on; and which of them wait for the end of a period.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ..cadence import Cadence
from ..periods import Period
from ._changes import AnyChange, Cancel, ChangeAnchor, ChangePlan, ChangeQuantity, Pause, Resume

if TYPE_CHECKING:
    from ._catalog import Offer
    from ._plan import Plan

__all__ = ["History", "Reign", "State"]


class State:
    """
    What changes have left a subscription with, from an instant on.

    Attributes:
        start: from when.
        plan: the plan it is on.
        anchor: where cadences without one of their own count from.
        quantities: what is sold and not metered.
        paused: whether there is no service.
    """

    __slots__ = ("anchor", "paused", "plan", "quantities", "start")

    def __init__(
        self, start: datetime, plan: Plan, anchor: date | datetime, quantities: Mapping[str, Decimal], paused: bool
    ) -> None:
        self.start = start
        self.plan = plan
        self.anchor = anchor
        self.quantities = quantities
        self.paused = paused

    def after(self, change: AnyChange, start: datetime, offer: Offer) -> State:
        """What a change makes of it."""
        plan, anchor, quantities, paused = self.plan, self.anchor, self.quantities, self.paused
        if isinstance(change, ChangePlan):
            plan = offer.get(change.plan)
        elif isinstance(change, ChangeAnchor):
            anchor = change.anchor
        elif isinstance(change, ChangeQuantity):
            quantities = {**quantities, **change.quantities}
        elif isinstance(change, Pause | Resume):
            paused = isinstance(change, Pause)
        return State(start, plan, anchor, quantities, paused)


class Reign:
    """
    A stretch in which one plan and one anchor hold.

    Attributes:
        start, end: the stretch, in UTC; `end` None where it is open.
        plan: the plan whose discounts, bounds, commitments and taxes hold.
        anchor: where cadences without one of their own count from.
        idle: whether nothing is owed, in a pause or in a trial by time; such time is no part of any floor.
    """

    __slots__ = ("anchor", "end", "idle", "plan", "start")

    def __init__(
        self, start: datetime, end: datetime | None, plan: Plan, anchor: date | datetime, *, idle: bool
    ) -> None:
        self.start = start
        self.end = end
        self.plan = plan
        self.anchor = anchor
        self.idle = idle

    def within(self, stretch: Period) -> Period | None:
        """The part of a stretch that it holds in."""
        start = max(self.start, stretch.start)
        end = stretch.end if self.end is None else min(self.end, stretch.end)
        return Period(start, end, zone=stretch.zone) if start < end else None


class History:
    """
    Changes on their way to states, in the order in which they take effect.

    Args:
        first: what the subscription begins with.
        offer: where the plans are.
        cadence: the rhythm of billing in a state.
    """

    def __init__(self, first: State, offer: Offer, cadence: Callable[[State], Cadence]) -> None:
        self.offer = offer
        self.cadence = cadence
        self.cancelled: datetime | None = None
        self.states = [first]
        self.waiting: list[AnyChange] = []
        # From when boundaries are looked for.
        self.since = first.start

    def reach(self, until: datetime | None) -> None:
        """Let time go by up to an instant: what waits for a boundary takes effect there."""
        while self.waiting:
            cadence = self.cadence(self.states[-1])
            boundary = cadence.boundary(cadence.index(self.since) + 1)
            if until is not None and boundary > until:
                break
            self._flush(boundary)
        if until is not None:
            self.since = until

    def wait(self, change: AnyChange) -> None:
        """A change that is put off to the end of the period it is asked for in; a period holds its start."""
        self.waiting.append(change)

    def take(self, change: AnyChange, at: datetime) -> None:
        """A change that takes effect now."""
        if isinstance(change, Pause | Resume):
            # What was put off and not yet begun is called off by its opposite.
            self.waiting = [each for each in self.waiting if not isinstance(each, Pause | Resume)]
        before, after = self.states[-1], self.states[-1].after(change, at, self.offer)
        if self.cadence(before) != self.cadence(after):
            # The billing period is cut short here, so what waited for its end waits no longer.
            self._flush(at)
        self._take(change, at)

    def _flush(self, at: datetime) -> None:
        """What waited takes effect, where a period ends."""
        due, self.waiting = self.waiting, []
        for change in due:
            self._take(change, at)

    def _take(self, change: AnyChange, at: datetime) -> None:
        if isinstance(change, Cancel):
            self.cancelled = at if self.cancelled is None else min(at, self.cancelled)
        state = self.states[-1].after(change, at, self.offer)
        if self.states[-1].start == at:
            self.states.pop()
        self.states.append(state)
