"""
What resolve makes: terms, flat and dated. Services made of pieces with one price each, and how every meter is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from .._numbers import ZERO, Exact
from ..credits import Ledger
from ..demand import Axis, Fold
from ..meters import Meter
from ..money import Currency
from ..periods import Period
from ..prices import Price
from ._card import Item
from ._carry import Carry
from ._grants import Granting
from ._phases import Stretch
from ._plan import Plan
from ._states import Reign
from ._subscription import Subscription

__all__ = ["MeterTerms", "Piece", "Service", "Terms"]


class Piece:
    """
    A stretch of service with one price.

    Attributes:
        start, end: the stretch, in UTC.
        item: the item as the card in force has it.
        price: its price, as the plan's rounding makes it.
        version: the digest of the card that is in force, or of the item where the subscription has another.
        share: the stretch as a share of the full cadence period, by the item's proration.
        before: the same of the time from the start of the item's counter up to this stretch; the shares of all
            pieces add up.
        quantity: how many there are, where that is not metered; None where it is.
        peak: the most there were in this service before this piece.
        alone: the stretch as a share of the full period, as though nothing of it had been billed before.
        trial: the key of the trial that makes it free; empty where it is not.
        free: the key of the phase in which a part of its usage is free; empty where there is none.
        tail: what tells this piece's line from others of the same item: `@` and the start.
    """

    __slots__ = (
        "alone", "before", "end", "free", "item", "peak", "period", "price", "quantity", "share", "start", "tail",
        "trial", "version",
    )  # fmt: skip

    def __init__(
        self,
        period: Period,
        item: Item,
        version: str,
        part: Exact,
        before: Exact,
        price: Price,
        *,
        quantity: Decimal | None = None,
        peak: Decimal = ZERO,
        alone: Exact | None = None,
        trial: str = "",
        free: str = "",
    ) -> None:
        self.period = period
        self.start = period.start
        self.end = period.end
        self.item = item
        self.price = price
        self.version = version
        self.share = part
        self.before = before
        self.quantity = quantity
        self.peak = peak
        self.alone = part if alone is None else alone
        self.trial = trial
        self.free = free
        self.tail = f"@{period.start.isoformat().replace('+00:00', 'Z')}"


class Service:
    """
    One item's service in one of its cadence periods.

    Attributes:
        key: the item's key.
        full: the full cadence period; shares and levels are parts of it.
        counted: from when the item's counter runs.
        pieces: what is billed, in order.
        gaps: the stretches since `counted` in which it was paused.
        due: when it is due; None while it is measured but not yet billed.
        spans: the pieces of all the service in the full period, also of what other statements bill; what is billed
            itself, where that is all, or where no stage of the item asks.
        place: where it stands among the services in the order of the card.
    """

    __slots__ = ("counted", "due", "full", "gaps", "key", "meter", "pieces", "place", "spans")

    def __init__(
        self,
        key: str,
        *,
        full: Period,
        counted: datetime,
        pieces: Sequence[Piece],
        due: datetime | None,
        meter: Meter | None,
        gaps: Sequence[Period] = (),
        spans: Sequence[Piece] | None = None,
    ) -> None:
        self.key = key
        self.full = full
        self.counted = counted
        self.pieces = tuple(pieces)
        self.spans = self.pieces if spans is None else tuple(spans)
        self.due = due
        self.meter = meter
        self.gaps = tuple(gaps)
        self.place = 0

    @property
    def staged(self) -> bool:
        """Whether the item has stages behind its price in this period, also where another card has them."""
        return any(piece.item.staged for piece in self.spans)


class MeterTerms:
    """
    How one meter is measured under some terms.

    Attributes:
        meter: the meter.
        edges: the instants between which its segments lie, ascending; segment n is [edges[n], edges[n + 1]).
        priced: for each segment, whether some item prices it; levels that some card prices are followed all the time.
        axes, folds: what its prices ask to see beyond the total.
    """

    __slots__ = ("axes", "edges", "folds", "meter", "priced")

    def __init__(
        self,
        meter: Meter,
        edges: Sequence[datetime],
        priced: Sequence[bool],
        axes: Sequence[Axis],
        folds: Sequence[Fold],
    ) -> None:
        self.meter = meter
        self.edges = tuple(edges)
        self.priced = tuple(priced)
        self.axes = tuple(axes)
        self.folds = tuple(folds)

    def _content(self) -> tuple[object, ...]:
        return (self.meter, self.edges, self.priced, self.axes, self.folds)

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, MeterTerms) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.meter.key, self.edges))


class Terms:
    """
    What is agreed with one customer for one period, flat and dated. Made by `resolve`; read by `measure` and `charge`.

    Attributes:
        plan, subscription, period, currency, zone: what was resolved; the plan is the last one in the period.
        started: the first instant of the subscription.
        ended: its first instant without service, by its end or a cancellation; None where it is open.
        services: what is billed or measured, in the order of the card's items, those that read others after them.
        meters: how each meter is measured, by key. Meters of the plan that no item prices are here too, without
            priced segments.
        reigns: which plan held when, from the start of the subscription on.
        phases: how it begins, as stretches of time.
        carry: what came in from the period before.
        ledger: the credits there were before it; None where none was given.
        grants: the credits of the plan that come in the period.
        granted_before: whether credits of the plan came before the period that may still pay in it.
    """

    __slots__ = (
        "carry", "currency", "ended", "granted_before", "grants", "ledger", "memo", "meters", "period", "phases",
        "plan", "reigns", "services", "started", "subscription", "zone",
    )  # fmt: skip

    def __init__(
        self,
        plan: Plan,
        subscription: Subscription,
        period: Period,
        *,
        currency: Currency,
        zone: str,
        started: datetime,
        ended: datetime | None,
        services: Sequence[Service],
        meters: Mapping[str, MeterTerms],
        reigns: Sequence[Reign],
        phases: Sequence[Stretch],
        carry: Carry | None,
        grants: Sequence[Granting] = (),
        granted_before: bool = False,
        ledger: Ledger | None = None,
    ) -> None:
        self.ledger = ledger
        self.grants = tuple(grants)
        self.granted_before = granted_before
        self.plan = plan
        self.subscription = subscription
        self.period = period
        self.currency = currency
        self.zone = zone
        self.started = started
        self.ended = ended
        self.services = tuple(services)
        self.meters = meters
        self.reigns = tuple(reigns)
        self.phases = tuple(phases)
        self.carry = carry
        # What is worked out once for these terms by those who read them; no part of what they say.
        self.memo: dict[str, Any] = {}

    @property
    def customer(self) -> str:
        """The customer's key."""
        return self.subscription.customer

    def plan_at(self, at: datetime) -> Plan:
        """The plan that held at an instant; before the service, the one it begins with."""
        found = self.reigns[0].plan
        for reign in self.reigns[1:]:
            if reign.start > at:
                break
            found = reign.plan
        return found

    def __repr__(self) -> str:
        return f"<Terms of {self.plan.key!r} for {self.customer!r}, {self.period!r}>"
