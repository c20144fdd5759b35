"""
resolve: from what was agreed to what is billed in one period, as flat, dated terms.

Everything hard about commerce ends here: which card is in force when, what an item's own rhythm is, where a stretch of
service begins and ends, what share of a full period it is, when it is due. What comes out is a list of services made of
dated pieces with one price each, and for every meter the instants at which its counters must be cut. The arithmetic
behind it never looks at a plan again.

The rules:

- An item without a cadence of its own is billed for its service inside the period. An item with its own cadence is
  billed
  whole in the period that holds its due: the start of its service in advance, the end of it in arrears.
- A counter runs over the item's cadence period, from its start or the subscription's, and survives a change of card.
  What it held before the period comes with `carry`; without one, records from before the period are measured as well.
- A piece is a stretch of service with one price. Its share is its part of the full cadence period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from .._numbers import ONE, sub
from ..cadence import Cadence
from ..demand import Demand, Dimension
from ..errors import InternalError, MismatchError
from ..meters import Level, Meter, Peak
from ..periods import Period, Proration, moment, share
from ..prices import ByRecord, Percentage, PerUnit, Price
from ._card import Item, RateCard
from ._carry import Carry
from ._catalog import Offer
from ._plan import Plan
from ._subscription import Subscription
from ._terms import MeterTerms, Piece, Service, Terms

__all__ = ["resolve"]

_Sold: TypeAlias = tuple[Period, Item]
"""A stretch of time, and the item as the card in force then has it."""


def resolve(offer: Offer, subscription: Subscription, period: Period, *, carry: Carry | None = None) -> Terms:
    """
    The flat, dated terms of one subscription in one period.

    Args:
        offer: a plan, or a catalog of plans.
        subscription: who, on which plan, since when.
        period: what is to be billed, half open.
        carry: `statement.carry` of the period before; None where there is none.

    Returns:
        Terms. They are kept on the plan, so that the same question again costs little.

    Raises:
        UnknownKeyError: the offer has no such plan.
        NoPriceError: `card.none`, when no card is in force at some instant of the service.
        MismatchError: `carry.customer` or `carry.until`, when the carry is another's or does not end
            where the period begins; `period.empty`.
    """
    _check_kinds(offer, subscription, period, carry)
    plan = offer.get(subscription.plan)
    if carry is not None:
        _check_carry(carry, subscription, period)
    since = None if carry is None else period.start
    key = (subscription, period, since)
    kept: dict[object, Terms] = vars(plan).setdefault("_kept", {})
    found = kept.get(key)
    if found is None:
        if period.empty:
            raise MismatchError(f"{period!r} is empty; give a period with time in it", code="period.empty")
        if len(kept) >= _KEPT:
            kept.clear()
        found = kept[key] = _Resolving(_checked(plan), subscription, period, since).terms()
        # Customers who are measured alike share one metering, so that measuring many sees at a glance that they are.
        alike: dict[object, Mapping[str, MeterTerms]] = vars(plan).setdefault("_alike", {})
        if len(alike) >= _KEPT:
            alike.clear()
        found.meters = alike.setdefault(tuple(found.meters.values()), found.meters)
    if carry is None:
        return found
    return Terms(
        found.plan, subscription, period, currency=found.currency, zone=found.zone, started=found.started,
        services=found.services, meters=found.meters, carry=carry,
    )  # fmt: skip


_KEPT = 1024


def _check_kinds(offer: object, subscription: object, period: object, carry: object) -> None:
    """Wrong kinds of value are told apart here, before anything is asked of them."""
    wrong = ""
    if not isinstance(subscription, Subscription):
        wrong = f"the subscription is {type(subscription).__name__}; write plan.subscribe(customer, start=...)"
    elif not isinstance(period, Period):
        wrong = f"the period is {type(period).__name__}; write Period.month(2025, 1) or Period(start, end)"
    elif carry is not None and not isinstance(carry, Carry):
        wrong = f"the carry is {type(carry).__name__}; read stored data back by Carry.from_json"
    elif not callable(getattr(offer, "get", None)) or isinstance(offer, Mapping):
        wrong = f"the offer is {type(offer).__name__}; give a Plan or a Catalog (plain data is read by Plan.load)"
    if wrong:
        raise MismatchError(wrong, code="argument.type")


def _checked(plan: Plan) -> Plan:
    """
    The plan as it comes through the front door; once, and then kept on it.

    A plan may have been built around its own checks, by `model_construct` or by writing into it.
    """
    found: Plan | None = vars(plan).get("_checked")
    if found is None:
        found = vars(plan)["_checked"] = Plan.load(plan.dump())
    return found


def _check_carry(carry: Carry, subscription: Subscription, period: Period) -> None:
    if carry.customer != subscription.customer:
        raise MismatchError(
            f"the carry is of {carry.customer!r}, the subscription of {subscription.customer!r}; "
            "pass the carry of the same customer",
            code="carry.customer",
        )
    if carry.until != period.start:
        raise MismatchError(
            f"the carry ends at {carry.until.isoformat()}, the period starts at {period.start.isoformat()}; "
            "pass the carry of the period just before",
            code="carry.until",
        )


class _Resolving:
    """One resolve on its way: the facts that all items share."""

    def __init__(self, plan: Plan, subscription: Subscription, period: Period, since: datetime | None) -> None:
        self.plan = plan
        self.subscription = subscription
        self.period = period
        self.since = since
        self.zone = subscription.zone or plan.zone
        self.start = moment(subscription.start, self.zone)
        self.end = None if subscription.end is None else moment(subscription.end, self.zone)
        self.code = _currency_code(plan, subscription)
        self.currency = plan.currency_of(self.code)
        self.anchor: date | datetime = subscription.start if subscription.anchor is None else subscription.anchor

    def terms(self) -> Terms:
        services: list[Service] = []
        for key, cadences in self._items().items():
            for cadence in cadences:
                services.extend(self._services(key, cadence))
        for place, service in enumerate(services):
            service.place = place
        return Terms(
            self.plan, self.subscription, self.period, currency=self.currency, zone=self.zone,
            started=self.start, services=_in_order(services), meters=self._meters(services), carry=None,
        )  # fmt: skip

    def _cards(self, stretch: Period) -> list[tuple[Period, RateCard]]:
        """The cards in force over a stretch, each with its part of it."""
        cuts = [moment(card.effective, self.plan.zone) for card in self.plan.cards if card.effective is not None]
        found: list[tuple[Period, RateCard]] = []
        for stretched in stretch.split(*cuts):
            part = stretched
            card = self.plan.card_at(self.code, self.subscription.cohort, part.start, self.start)
            if found and found[-1][1] is card:
                part = Period(found.pop()[0].start, part.end, zone=self.zone)
            found.append((part, card))
        return found

    def _items(self) -> dict[str, list[Cadence]]:
        """The items sold in the period, each with the cadences it has there, in the order of the cards."""
        served = self._served(self.period)
        found: dict[str, list[Cadence]] = {}
        for _, card in [] if served is None else self._cards(served):
            for item in card.items:
                cadence = item.cadence or self.plan.cadence
                cadences = found.setdefault(item.key, [])
                if cadence not in cadences:
                    cadences.append(cadence)
        return found

    def _served(self, stretch: Period) -> Period | None:
        """The part of a stretch in which the subscription runs."""
        start = max(stretch.start, self.start)
        end = stretch.end if self.end is None else min(stretch.end, self.end)
        return Period(start, end, zone=self.zone) if start < end else None

    def _services(self, key: str, cadence: Cadence) -> list[Service]:
        """The services of an item in the period, one a cadence period."""
        found: list[Service] = []
        for whole_period in cadence.at(self.anchor, self.zone).periods(self.period):
            full = Period(whole_period.start, whole_period.end, zone=self.zone)
            whole = self._served(full)
            sold = [
                (part, item)
                for part, card in ([] if whole is None else self._cards(whole))
                for item in card.items
                if item.key == key and (item.cadence or self.plan.cadence) == cadence
            ]
            services = [self._service(full, run) for run in _runs(sold)]
            found.extend(service for service in services if service is not None)
        return found

    def _service(self, full: Period, sold: Sequence[_Sold]) -> Service | None:
        """The service of one run, as far as it is billed or measured in the period."""
        last = sold[-1][1]
        own = last.cadence is not None and last.cadence != self.plan.cadence
        whole = Period(sold[0][0].start, sold[-1][0].end, zone=self.zone)
        billed = whole.overlap(self.period)
        if billed is None:
            return None
        due: datetime | None = billed.start if last.bill == "advance" else billed.end
        if own:
            # Whole, in the period that holds its due: the start in advance, the end in arrears.
            held = billed.start == whole.start if last.bill == "advance" else billed.end == whole.end
            if not held and last.meter is None:
                return None
            due = due if held else None
            billed = whole
        pieces = [self._piece(billed.overlap(part), item, full, whole.start) for part, item in sold]
        kept = [piece for piece in pieces if piece is not None]
        if not kept:
            return None
        return Service(
            last.key, full=full, counted=whole.start, pieces=kept, due=due,
            meter=None if last.meter is None else self.plan.meter(last.meter),
            quantity=self._quantity(last),
        )  # fmt: skip

    def _piece(self, part: Period | None, item: Item, full: Period, counted: datetime) -> Piece | None:
        if part is None:
            return None
        how: Proration = item.prorate or self.plan.proration
        card = self.plan.card_at(self.code, self.subscription.cohort, part.start, self.start)
        # A difference of shares, so that pieces add up also where any part of a period costs the whole (`none`).
        before, until = (share(Period(counted, end, zone=self.zone), full, how) for end in (part.start, part.end))
        return Piece(part, item, card.digest, sub(until, before), before, self._price(item))

    def _price(self, item: Item) -> Price:
        """The item's price behind its units off; for a plan that rounds each record, the one that does so."""
        if self.plan.rounding_at != "record" or not isinstance(item.price, PerUnit | Percentage) or item.meter is None:
            return item.net_price
        return ByRecord(base=item.price, places=self.currency.places, mode=self.plan.rounding)

    def _quantity(self, item: Item) -> Decimal | None:
        """How many of an item without a meter the subscription has: its named quantity, else one."""
        if item.meter is not None:
            return None
        if item.quantity is None:
            return ONE
        held = self.subscription.quantities.get(item.quantity)
        if held is None:
            raise MismatchError(
                f"the item {item.key!r} is sold by the quantity {item.quantity!r}, which the subscription of "
                f"{self.subscription.customer!r} does not say; add it to its quantities (0 if there are none)",
                code="quantity.missing",
            )
        return held

    def _meters(self, services: Sequence[Service]) -> dict[str, MeterTerms]:
        """How each meter of the plan must be measured for these services."""
        served = self._served(self.period)
        found: dict[str, MeterTerms] = {}
        for meter in self.plan.meters:
            mine = [service for service in services if service.meter is not None and service.meter.key == meter.key]
            items = [piece.item for service in mine for piece in service.pieces]
            every = [item for card in self.plan.cards for item in card.items if item.meter == meter.key]
            # A level is kept also while nothing prices it: what it holds then, a later card will price.
            followed = isinstance(meter.aggregate, Level | Peak) and bool(every)
            if followed or any(self._outlives(service) for service in mine):
                items = every
            demand = Demand()
            for item in items:
                demand |= Demand(axes=[Dimension(name) for name in (*item.each, *item.split)])
                demand |= self._price(item).demand()
            found[meter.key] = _metered(
                meter, mine, demand, self._window(mine), self.period.end, served, followed=followed
            )
        return found

    def _outlives(self, service: Service) -> bool:
        """Whether a counter runs on over an end of the period; then all cards must find in it what they ask for."""
        return service.counted < self.period.start or self.period.end < service.full.end

    def _window(self, services: Sequence[Service]) -> datetime:
        """From when records are read: the period's start with a carry, else the start of the earliest counter."""
        if self.since is not None:
            return self.since
        return min([self.period.start, *(service.counted for service in services)])


def _runs(sold: Sequence[_Sold]) -> list[list[_Sold]]:
    """What is sold without a break from one source: an item that comes back, or is counted otherwise, starts anew."""
    found: list[list[_Sold]] = []
    for part, item in sold:
        before = found[-1][-1] if found else None
        same = before is not None and (before[1].meter, before[1].quantity) == (item.meter, item.quantity)
        if before is not None and same and before[0].end == part.start:
            found[-1].append((part, item))
        else:
            found.append([(part, item)])
    return found


def _in_order(services: Sequence[Service]) -> list[Service]:
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


def _currency_code(plan: Plan, subscription: Subscription) -> str:
    """The subscription's currency, or the plan's only one."""
    codes = list(dict.fromkeys(card.currency for card in plan.cards))
    if subscription.currency is not None:
        if subscription.currency not in codes:
            raise MismatchError(
                f"the plan has no cards in {subscription.currency}; choose one of {', '.join(codes)}",
                code="currency.none",
            )
        return subscription.currency
    if len(codes) > 1:
        raise MismatchError(
            f"the plan has cards in {', '.join(codes)}; say which one {subscription.customer!r} is billed in",
            code="currency.ambiguous",
        )
    return codes[0]


def _metered(
    meter: Meter,
    services: Sequence[Service],
    demand: Demand,
    window: datetime,
    end: datetime,
    served: Period | None,
    *,
    followed: bool,
) -> MeterTerms:
    # Usage inside the period that no item prices is unpriced, not outside: so the period's own ends are edges too.
    edges: set[datetime] = set() if served is None else {served.start, served.end}
    for service in services:
        edges.add(max(service.counted, window))
        for piece in service.pieces:
            # A service that goes on after the period is measured up to its end: what comes later is outside.
            edges.update(min(max(edge, window), end) for edge in (piece.start, piece.end))
    ordered = sorted(edges)
    priced = [
        followed or any(service.counted <= start < service.pieces[-1].end for service in services)
        for start in ordered[:-1]
    ]
    return MeterTerms(meter, ordered, priced, demand.axes, demand.folds)
