"""
resolve: from what was agreed to what is billed in one period, as flat, dated terms.

Everything hard about commerce ends here: which card is in force when, what an item's own rhythm is, where a stretch
of service begins and ends, what share of a full period it is, when it is due. What comes out is a list of services
made of dated pieces with one price each, and for every meter the instants at which its counters must be cut. The
arithmetic behind it never looks at a plan again.

The rules:

- An item without a cadence of its own is billed for its service inside the period. An item with its own cadence is
  billed whole in the period that holds its due: the start of its service in advance, the end of it in arrears.
- A counter runs over the item's cadence period, from its start or the subscription's, and survives a change of card.
  What it held before the period comes with `carry`; without one, records from before the period are measured as well.
- A piece is a stretch of service with one price. Its share is its part of the full cadence period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from .._numbers import ONE, ZERO, sub
from ..cadence import Cadence
from ..credits import Ledger
from ..demand import Demand, Dimension
from ..errors import DefinitionError, MismatchError
from ..meters import Level, Meter, Outcomes, Peak
from ..periods import Period, share
from ..prices import ByRecord, Percentage, PerUnit, Price
from ._asked import Checked, check_kinds, memory_of, switched
from ._card import Item
from ._carry import Carry
from ._carry_checks import check_carry, check_currency
from ._catalog import Offer
from ._fit_checks import meter_problems
from ._grants import Bound, Granting, grants_between, ledger_bounds, plan_bounds
from ._guarded import guard_axes
from ._metering import in_order, metered
from ._plan import Plan
from ._shares import Shares
from ._sold import Sold
from ._subscription import Subscription
from ._terms import MeterTerms, Piece, Service, Terms
from ._timeline import Timeline

__all__ = ["resolve"]


def resolve(
    offer: Offer,
    subscription: Subscription,
    period: Period,
    *,
    carry: Carry | None = None,
    ledger: Ledger | None = None,
) -> Terms:
    """
    The flat, dated terms of one subscription in one period.

    Args:
        offer: a plan, or a catalog of plans.
        subscription: who, on which plan, since when.
        period: what is to be billed, half open.
        carry: `statement.carry` of the period before; None where there is none.
        ledger: the customer's credits, with what the statements before posted; None where there are none but those that
            the plan grants in the period. Usage is cut where its lots begin or end to pay.

    Returns:
        Terms. They are kept on the plan, so that the same question again costs little.

    Raises:
        UnknownKeyError: the offer has no such plan.
        NoPriceError: `card.none`, when no card is in force at some instant of the service.
        MismatchError: `carry.customer`, `carry.plan`, `carry.currency` or `carry.until`, when the carry is of another
            customer, plan or currency, or does not end where the period begins; `period.empty`.
    """
    check_kinds(offer, subscription, period, carry, ledger)
    plan = offer.get(subscription.plan)
    if carry is not None:
        check_carry(carry, subscription, [subscription.plan, *switched(subscription)], period)
    since = None if carry is None else period.start
    others = tuple(offer.get(key).digest for key in switched(subscription))
    bounds = () if ledger is None else ledger_bounds(ledger, period, since=since)
    # Outcomes that are open are waited for also when nothing sells them any more.
    awaited = () if carry is None else tuple(sorted({key for held in carry.outcomes.values() for key in held}))
    key = (subscription, period, since, others, awaited, bounds)
    memory = memory_of(plan)
    kept: dict[object, Terms] = memory.setdefault("_kept", {})
    found = kept.get(key)
    if found is None:
        if period.empty:
            raise MismatchError(f"{period!r} is empty; give a period with time in it", code="period.empty")
        alike: dict[object, Mapping[str, MeterTerms]] = memory.setdefault("_alike", {})
        if len(kept) >= _KEPT:
            kept.clear()
            alike.clear()
        found = kept[key] = _Resolving(Checked(offer), subscription, period, since, awaited, bounds).terms()
        # Customers who are measured alike share one metering, so that measuring many sees at a glance that they are.
        found.meters = alike.setdefault(tuple(found.meters.values()), found.meters)
    if carry is None and ledger is None:
        return found
    if carry is not None:
        check_currency(carry, found.currency)
    return Terms(
        found.plan, subscription, period, currency=found.currency, zone=found.zone, started=found.started,
        ended=found.ended, services=found.services, meters=found.meters,
        reigns=found.reigns, phases=found.phases, carry=carry,
        grants=found.grants, granted_before=found.granted_before, ledger=ledger,
    )  # fmt: skip


_KEPT = 1024


class _Resolving:
    """One resolve on its way: the facts that all items share."""

    def __init__(
        self,
        offer: Offer,
        subscription: Subscription,
        period: Period,
        since: datetime | None,
        awaited: Sequence[str],
        bounds: Sequence[Bound],
    ) -> None:
        self.subscription = subscription
        self.period = period
        self.since = since
        self.awaited = awaited
        self.timeline = Timeline(offer, subscription)
        self.zone = self.timeline.zone
        self.served = self.timeline.served(period)
        self.plan = _plan_of(self.timeline, self.served or period)
        self.currency = self.plan.currency_of(self.timeline.code)
        self.bounds = bounds
        self._sold: dict[tuple[datetime, datetime], list[Sold]] = {}

    def terms(self) -> Terms:
        services: list[Service] = []
        for key, cadences in self._items().items():
            for cadence in cadences:
                services.extend(self._services(key, cadence))
        services += [_once(sold) for sold in self.timeline.once(self.period)]
        for place, service in enumerate(services):
            service.place = place
        grants, before = self._grants()
        return Terms(
            self.plan, self.subscription, self.period, currency=self.currency, zone=self.zone,
            started=self.timeline.start, ended=self.timeline.end, services=in_order(services),
            meters=self._meters(services), reigns=self.timeline.reigns(),
            phases=self.timeline.stretches, carry=None, grants=grants, granted_before=before,
        )  # fmt: skip

    def _grants(self) -> tuple[Sequence[Granting], bool]:
        """The credits that come in the period; where their lots begin or end is known from here on."""
        if not any(plan.grants for plan in self.timeline.plans):
            return (), False
        grants, before = grants_between(self.timeline, str(self.currency), self.period)
        self.bounds = (*self.bounds, *plan_bounds(grants, self.zone, self.period.end))
        return grants, before

    def _over(self, stretch: Period) -> list[Sold]:
        """What is sold over a stretch, found out once."""
        mark = (stretch.start, stretch.end)
        found = self._sold.get(mark)
        if found is None:
            found = self._sold[mark] = self.timeline.sold(stretch)
        return found

    def _items(self) -> dict[str, list[Cadence]]:
        """The items sold in the period, each with the cadences it has there, in the order of the cards."""
        found: dict[str, list[Cadence]] = {}
        for sold in self._over(self.period):
            cadences = found.setdefault(sold.item.key, [])
            if sold.cadence not in cadences:
                cadences.append(sold.cadence)
        return found

    def _services(self, key: str, cadence: Cadence) -> list[Service]:
        """The services of an item in the period, one a cadence period."""
        found: list[Service] = []
        for whole in cadence.periods(self.period):
            full = Period(whole.start, whole.end, zone=self.zone)
            mine = [sold for sold in self._over(full) if sold.item.key == key and sold.cadence == cadence]
            services = [self._service(full, run) for run in self._runs(mine)]
            found.extend(service for service in services if service is not None)
        return found

    def _runs(self, mine: Sequence[Sold]) -> list[list[Sold]]:
        """
        What is sold without a break from one source: an item that comes back, or is counted otherwise, starts anew.

        What is paid starts anew after what was free. A pause is no break, except for levels, which hold through it.
        """
        found: list[list[Sold]] = []
        for sold in mine:
            before = found[-1][-1] if found else None
            if before is None or not self._same(before, sold):
                found.append([sold])
            elif before.goes_on(sold):
                found[-1][-1] = before.joined(sold, self.zone)
            else:
                found[-1].append(sold)
        return found

    def _same(self, before: Sold, sold: Sold) -> bool:
        """Whether a counter runs on from one stretch to the next."""
        sources = [(each.item.meter, each.item.quantity, each.trial) for each in (before, sold)]
        if sources[0] != sources[1]:
            return False
        if before.part.end == sold.part.start:
            return True
        meter = None if sold.item.meter is None else sold.plan.meter(sold.item.meter)
        gauge = meter is not None and isinstance(meter.aggregate, Level | Peak)
        return not gauge and self.timeline.paused(before.part.end, sold.part.start)

    def _service(self, full: Period, run: Sequence[Sold]) -> Service | None:
        """The service of one run, as far as it is billed or measured in the period."""
        last = run[-1]
        whole = Period(run[0].part.start, last.part.end, zone=self.zone)
        billed = whole.overlap(self.period)
        if billed is None:
            return None
        due: datetime | None = billed.start if last.item.bill == "advance" else billed.end
        if last.own:
            # Whole, in the period that holds its due: the start in advance, the end in arrears.
            held = billed.start == whole.start if last.item.bill == "advance" else billed.end == whole.end
            if not held and last.item.meter is None:
                return None
            due = due if held else None
            billed = whole
        pieces: list[Piece] = []
        peak = ZERO
        counts = [each.part for each in run]
        gaps = whole.gaps(counts)
        shares = Shares(whole.start, gaps, full, self.zone)
        for sold in run:
            part = billed.overlap(sold.part)
            if part is not None:
                # What was there before the period began was there before this piece.
                known = max(peak, sold.quantity or ZERO) if part.start > sold.part.start else peak
                pieces.append(self._piece(part, sold, full, shares, known))
            peak = max(peak, sold.quantity or ZERO)
        meter = None if last.item.meter is None else last.plan.meter(last.item.meter)
        if meter is not None:
            # What a subscription brings along has not been held against the plan's meters.
            wrong = meter_problems("", [piece.item for piece in pieces], [meter])
            if wrong:
                raise DefinitionError(wrong, what="what the subscription sells")
        spans: list[Piece] | None = None
        if billed != whole and any(sold.item.staged for sold in run):
            # Discounts and bounds of an item are those of all its service in the period.
            spans = [self._piece(sold.part, sold, full, shares, ZERO) for sold in run]
        return Service(
            last.item.key, full=full, counted=whole.start, pieces=pieces, due=due, meter=meter, gaps=gaps, spans=spans,
        )  # fmt: skip

    def _piece(self, part: Period, sold: Sold, full: Period, shares: Shares, peak: Decimal) -> Piece:
        item, how = sold.item, sold.item.prorate or sold.plan.proration
        # A difference of shares, so that pieces add up also where any part of a period costs the whole (`none`).
        before, until = (shares.until(at, how) for at in (part.start, part.end))
        return Piece(
            part, item, sold.version, sub(until, before), before, self._price(item),
            quantity=sold.quantity, peak=peak, alone=share(part, full, how), trial=sold.trial,
            free=sold.free,
        )  # fmt: skip

    def _price(self, item: Item) -> Price:
        """The item's price behind its units off; for a plan that rounds each record, the one that does so."""
        if self.plan.rounding_at != "record" or not isinstance(item.price, PerUnit | Percentage) or item.meter is None:
            return item.net_price
        return ByRecord(base=item.price, places=self.currency.places, mode=self.plan.rounding)

    def _meters(self, services: Sequence[Service]) -> dict[str, MeterTerms]:
        """How each meter of the plan must be measured for these services."""
        served = self.served
        plans = _plans_between(self.timeline, min([self._window(services), self.period.start]), self.period.end)
        cards = [card for plan in plans for card in plan.cards]
        found: dict[str, MeterTerms] = {}
        for meter in _all_meters(plans):
            mine = [service for service in services if service.meter is not None and service.meter.key == meter.key]
            items = [piece.item for service in mine for piece in service.pieces]
            every = [item for card in cards for item in card.items if item.meter == meter.key]
            every += items
            # A level is kept also while nothing prices it: what it holds then, a later card will price.
            followed = isinstance(meter.aggregate, Level | Peak) and bool(every)
            if followed or any(self._outlives(service) for service in mine):
                items = every
            demand = Demand(axes=guard_axes(plans, meter.key))
            for item in items:
                demand |= Demand(axes=[Dimension(name) for name in (*item.each, *item.split)])
                demand |= self._price(item).demand()
            span, start = served, max(self._window(mine), self.timeline.start)
            open_ended = isinstance(meter.aggregate, Outcomes) and (mine or meter.key in self.awaited)
            if open_ended and start < self.period.end:
                # What was sold can still be confirmed or reversed when it is sold no more.
                followed, span = True, Period(start, self.period.end, zone=self.zone)
            found[meter.key] = metered(
                meter, mine, demand, self._window(mine), self.period.end, span, followed=followed,
                bounds=self.bounds, currency=str(self.currency),
            )  # fmt: skip
        return found

    def _outlives(self, service: Service) -> bool:
        """Whether a counter runs on over an end of the period; then all cards must find in it what they ask for."""
        return service.counted < self.period.start or self.period.end < service.full.end

    def _window(self, services: Sequence[Service]) -> datetime:
        """From when records are read: the period's start with a carry, else the start of the earliest counter."""
        if self.since is not None:
            return self.since
        return min([self.period.start, *(service.counted for service in services)])


def _once(sold: Sold) -> Service:
    """A fee that is due once: its service is the instant at which it is due, and it is due whole."""
    piece = Piece(sold.part, sold.item, sold.version, ONE, ZERO, sold.item.price, quantity=sold.quantity)
    return Service(sold.item.key, full=sold.part, counted=piece.start, pieces=[piece], due=piece.start, meter=None)


def _plans_between(timeline: Timeline, start: datetime, end: datetime) -> list[Plan]:
    """The plans it is on at some time of a stretch, each once."""
    states = [timeline.state(start), *(state for state in timeline.states if start < state.start < end)]
    return list({state.plan.key: state.plan for state in states}.values())


_RULES = ("rounding", "rounding_at", "profile", "units", "order", "carry_remainders", "burn")


def _plan_of(timeline: Timeline, stretch: Period) -> Plan:
    """
    The last plan of a stretch, whose rules the statement follows.

    Raises:
        MismatchError: `plan.rules`, when plans that follow each other there round or order otherwise.
    """
    *earlier, last = _plans_between(timeline, stretch.start, stretch.end)
    for plan in earlier:
        for name in _RULES:
            if getattr(plan, name) != getattr(last, name):
                raise MismatchError(
                    f"{plan.key!r} and {last.key!r} follow each other in {stretch!r} and have another {name}; one "
                    "statement follows one rule: give both the same, or let the change wait for the period's end",
                    code="plan.rules",
                )
    return last


def _all_meters(plans: Sequence[Plan]) -> list[Meter]:
    """
    The meters of all plans, each once.

    Raises:
        MismatchError: `plan.meters`, when one key means two meters.
    """
    found: dict[str, Meter] = {}
    for plan in plans:
        for meter in plan.meters:
            if found.setdefault(meter.key, meter) != meter:
                raise MismatchError(
                    f"{plan.key!r} has another meter {meter.key!r} than the plan before it; give both the same, or one "
                    "of them another key",
                    code="plan.meters",
                )
    return list(found.values())
