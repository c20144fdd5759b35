"""
The worst-case bill: what one customer's bill of a period can come to if every limit of the plan is used up.

The rules:

1. Limits bound quantities (`_taken`), and the bill at these quantities is made by the walk that makes every bill.
2. The dearest quantity is not always the largest: where a price falls, the ends of the pieces of its curve are tried.
3. Where usage falls to cells with prices of their own, all of it goes to the dearest.
4. An item whose spend has a cap costs no more than that, whatever its usage.
5. What no limit bounds is told by name, never by a number; so is what is not known to be the most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any

from .._kinds import expect, expect_offer
from .._numbers import CONTEXT, DIGITS, ONE, PLACES, floor, quantize, text
from ..errors import MismatchError
from ..guards import Cap
from ..meters import Count, Meter, Unique
from ..money import Money
from ..periods import Period
from ..plans import Item, Offer, Plan, RateCard, Service, Subscription, Terms, resolve
from ..prices import Brackets, Flat, Matrix, Windows
from ..rating import Statement
from ._ceilings import Of, ceilings, item_caps, spent_on, sum_of
from ._dearest import dearest_cell, levels_off, rises, turns, unknown
from ._estimate import estimate
from ._taken import Taken, most_taken

__all__ = ["Unbounded", "WorstBill", "worst_bill"]

_TRIES_MAX = 1_000


class Unbounded:
    """
    An item whose cost no limit of the plan bounds, or of which the most is not known.

    Attributes:
        item: the item.
        meter: what counts it.
        why: the reason, and what to do.
    """

    __slots__ = ("item", "meter", "why")

    def __init__(self, item: str, meter: str, why: str) -> None:
        self.item = item
        self.meter = meter
        self.why = why

    def __repr__(self) -> str:
        return f"<Unbounded {self.item}: {self.why}>"


class WorstBill:
    """
    The most that a bill can come to.

    Attributes:
        amount: the most; None where no limit bounds it.
        statement: the bill of the dearest usage that limits on usage, and on the spend of items, let through; caps on
            the whole bill are not in it. None where no limit bounds that.
        usage: by meter, how much that is, and the limits that let through no more.
        ceilings: by name, caps on the whole bill, with the taxes that come on top of what they read, and what it comes
            to without usage where that is more.
        unbounded: the items whose cost nothing but a ceiling bounds.
    """

    __slots__ = ("amount", "ceilings", "statement", "unbounded", "usage")

    def __init__(
        self,
        amount: Money | None,
        statement: Statement | None,
        usage: Mapping[str, Taken],
        ceilings: Mapping[str, Money],
        unbounded: Sequence[Unbounded],
    ) -> None:
        self.amount = amount
        self.statement = statement
        self.usage = dict(usage)
        self.ceilings = dict(ceilings)
        self.unbounded = tuple(unbounded)

    def explain(self) -> str:
        """The same in words."""
        found = ["unbounded" if self.amount is None else f"at most {self.amount}"]
        for meter, taken in self.usage.items():
            by = f", by {' and '.join(taken.limits)}" if taken.limits else ""
            found.append(f"{meter}: {text(taken.quantity)}{by}")
        found += [f"{name}: {ceiling}" for name, ceiling in self.ceilings.items()]
        found += [f"{each.item}: {each.why}" for each in self.unbounded]
        return "\n  ".join(found)

    def __repr__(self) -> str:
        return f"<WorstBill {'unbounded' if self.amount is None else self.amount}>"


def worst_bill(offer: Offer, subscription: Subscription, period: Period, *, of: Of = "subtotal") -> WorstBill:
    """
    The most that a customer's bill of a period can come to if every limit of the plan is used to the full.

    It holds for usage that was admitted before it was recorded, as it was recorded, at instants of the period. A token
    bucket lets through its capacity and what is filled in up to the last instant, a fixed window its limit in each
    window that touches the period, a sliding window its limit as often as it fits in, a part counting as one more; a
    cap its amount. Concurrency bounds nothing over time, nor does what is limited by group, or lets one request cross.
    Where usage falls to cells with prices of their own, records are taken to count 0 or more.

    Args:
        offer: a plan, or a catalog of plans.
        subscription: who; a made-up one will do. No coupon counts where one has a minimum spend: then the bill may
            fall as usage grows, and which coupons meet may change, so the figure may be more than any bill comes to.
        period: the period.
        of: which sum of the bill.

    Raises:
        MismatchError: `worst.of`; `argument.type`.
        RatecardError: as `estimate`.

    >>> from ratecard import Item, Meter, Plan, guards, meters, prices
    >>> plan = Plan.single("api", currency="USD",
    ...     meters=[Meter(key="calls", event="call", aggregate=meters.Count())],
    ...     items=[Item(key="calls", meter="calls", price=prices.PerUnit(unit_price="0.01"))],
    ...     guards=[guards.FixedWindow(limit=1_000, window_seconds=86_400, key="daily")])
    >>> worst = worst_bill(plan, plan.subscribe("anyone", start="2025-01-01"), Period.month(2025, 1))
    >>> print(worst.explain())
    at most 310.00 USD
      calls: 31000, by daily
    """
    expect(subscription, Subscription, "the subscription", "write plan.subscribe(customer, start=...)")
    expect(period, Period, "the period", "write Period.month(2025, 1)")
    expect_offer(offer)
    if of not in ("subtotal", "total", "due"):
        raise MismatchError("the sum is one of subtotal, total, due; name one of them", code="worst.of")
    found = _Search(offer, _without_coupons(offer, subscription, period), period, of)
    for meter, services in found.metered.items():
        found.settle(meter, services)
    statement = None if found.unbounded else found.greatest()
    sums = [*found.ceilings.values(), *([] if statement is None else [sum_of(statement, of)])]
    amount = min(sums, key=lambda each: each.amount, default=None)
    return WorstBill(amount, statement, found.usage, found.ceilings, found.unbounded)


def _without_coupons(offer: Offer, subscription: Subscription, period: Period) -> Subscription:
    """The subscription without its coupons where one of them counts only from some spend on."""
    plans = [reign.plan for reign in resolve(offer, subscription, period).reigns]
    named = [each for plan in plans for each in plan.coupons if each.key in subscription.coupons]
    if all(each.minimum_spend is None for each in named):
        return subscription
    return subscription.model_copy(update={"coupons": ()})


class _Swapped:
    """An offer in which some items of one plan are others."""

    __slots__ = ("_offer", "_plan")

    def __init__(self, offer: Offer, plan: Plan, items: Mapping[str, Mapping[str, Any]]) -> None:
        def swapped(item: Item) -> Item:
            return item.model_copy(update=items[item.key]) if item.key in items else item

        cards: list[RateCard] = [
            card.model_copy(update={"items": tuple(swapped(item) for item in card.items)}) for card in plan.cards
        ]
        # Only what is a stage of the bill; what it stops is not stopped where the item is another.
        guards = [
            each for each in plan.guards if isinstance(each, Cap) and each.mode == "soft" and each.item not in items
        ]
        self._offer = offer
        self._plan = plan.model_copy(update={"cards": tuple(cards), "guards": tuple(guards)})

    def get(self, key: str) -> Plan:
        """The plan with this key."""
        return self._plan if key == self._plan.key else self._offer.get(key)


class _Search:
    """What is known so far of the dearest bill."""

    def __init__(self, offer: Offer, subscription: Subscription, period: Period, of: Of) -> None:
        self._offer = offer
        self._subscription = subscription
        self._period = period
        self._of: Of = of
        self.terms: Terms = resolve(offer, subscription, period)
        self._plan = self.terms.plan
        self._empty = estimate(offer, subscription, {}, period)
        self.metered: dict[str, list[Service]] = {}
        for service in self.terms.services:
            if service.meter is not None and service.due is not None:
                self.metered.setdefault(service.meter.key, []).append(service)
        self._within = self._stretch()
        self._caps = item_caps(self.terms, self._empty)
        self._swaps: dict[str, dict[str, Any]] = {}
        self._tries: dict[str, list[Decimal]] = {}
        self.usage: dict[str, Taken] = {}
        self.unbounded: list[Unbounded] = []
        self.ceilings = ceilings(self.terms, self._empty, of)

    def _stretch(self) -> Period:
        """The time in which usage counts."""
        start = max(self.terms.started, self._period.start)
        end = self._period.end if self.terms.ended is None else min(self.terms.ended, self._period.end)
        return Period(start, max(start, end), zone=self.terms.zone)

    def settle(self, meter: str, services: Sequence[Service]) -> None:
        """Find how much of a meter there may be, and which quantities the dearest bill may be at."""
        terms = self.terms.meters[meter]
        left: list[Service] = []
        for service in services:
            why = unknown(service, counters=sum(terms.priced))
            if why:
                self._open(service, meter, why)
            else:
                left.append(service)
        taken = self._taken(terms.meter, left)
        if taken is None:
            return
        self.usage[meter] = taken
        self._tries[meter] = self._dear(terms.meter, left, taken.quantity)

    def _held(self, service: Service) -> bool:
        """Let an item whose spend has a cap come to that; whether there is one."""
        most = self._caps.get(service.key)
        if most is None or not self._own(service):
            return False
        if any(service.key in piece.price.demand().items for each in self.terms.services for piece in each.pieces):
            # Who reads an item reads it before it is rounded.
            most = CONTEXT.add(most, self.terms.currency.step)
        self._swaps[service.key] = {
            "price": Flat(amount=most, prorate=False), "each": (), "split": (), "round_quantity": None,
            "discounts": (), "minimum": None, "maximum": None, "tiers": "continue",
        }  # fmt: skip
        return True

    def _own(self, service: Service) -> bool:
        """Whether an item is one of the plan's cards, and so can be another there."""
        own = [item for card in self._plan.cards for item in card.items]
        plain = len(self.terms.reigns) == 1 and self._plan.rounding_at != "record"
        return plain and all(piece.item in own for piece in service.pieces)

    def _open(self, service: Service, meter: str, why: str) -> None:
        """Let an item come to the cap on its spend; where it has none, say that nothing bounds it."""
        if not self._held(service):
            self.unbounded.append(Unbounded(service.key, meter, why))

    def _taken(self, meter: Meter, left: Sequence[Service]) -> Taken | None:
        """The most there may be of a meter; None where no item needs it, or nothing limits it."""
        items = {service.key: meter.key for service in left if _in_units(service.pieces[0].item)}
        found = most_taken(meter, self._plan.guards, items, self._within)
        if found is not None and found.quantity < _HUGE:
            return found if left else None
        ends: list[Decimal] = []
        for service in left:
            end = levels_off(service.pieces[0].price)
            if end is None or meter.convert is not None or not _in_units(service.pieces[0].item):
                self._open(service, meter.key, self._add(meter.key))
            else:
                # Beyond it nothing changes any more.
                ends.append(CONTEXT.add(quantize(end, 0, "ceiling"), ONE))
        return Taken(max(ends), ()) if ends else None

    def _add(self, meter: str) -> str:
        """What to do where nothing limits a meter."""
        which = "" if self._of == "subtotal" else f" with of={self._of!r}"
        return f"nothing limits {meter}; add a rate limit or a cap on it, or a cap on the spend{which}"

    def _dear(self, meter: Meter, left: Sequence[Service], most: Decimal) -> list[Decimal]:
        """The quantities of a meter that the dearest bill may be at."""
        found: set[Decimal] = {most}
        for service in left:
            price = service.pieces[0].price
            if isinstance(price, Matrix | Windows | Brackets):
                cell = dearest_cell(price, quantize(meter.quantity(most), PLACES, "up"))
                if cell is None or not self._own(service):
                    self._open(service, meter.key, _SPREAD)
                    continue
                self._swaps[service.key] = {"price": cell}
                price = cell
            if rises(price):
                continue
            plain = meter.convert is None and _in_units(service.pieces[0].item)
            some = turns(price, most) if plain else None
            if some is None:
                self._open(service, meter.key, _FALLS)
            elif len(left) == 1:
                found = {max(_whole(meter, some), key=price.curve().amount)}
            else:
                found |= _whole(meter, some)
        return sorted(found)

    def greatest(self) -> Statement | None:
        """The dearest bill of all that are tried; None where they are too many."""
        meters = list(self._tries)
        if prod(len(some) for some in self._tries.values()) > _TRIES_MAX:
            for meter in (key for key in meters if len(self._tries[key]) > 1):
                self.unbounded += [Unbounded(service.key, meter, _FALLS) for service in self.metered[meter]]
            return None
        best: Statement | None = None
        for some in product(*self._tries.values()):
            quantities = dict(zip(meters, some, strict=True))
            statement = self._walk(quantities)
            if best is None or sum_of(statement, self._of) > sum_of(best, self._of):
                best = statement
                self.usage = {key: Taken(quantities[key], self.usage[key].limits) for key in meters}
        return best

    def _walk(self, quantities: Mapping[str, Decimal]) -> Statement:
        """The bill of these quantities, items held at the caps on their spend."""
        before = dict(self._swaps)
        statement = estimate(self._offer_now(), self._subscription, quantities, self._period)
        services = {service.key: service for some in self.metered.values() for service in some}
        over = [
            item for item, most in self._caps.items()
            if item in services and item not in before and spent_on(statement, item) > most
        ]  # fmt: skip
        if any([self._held(services[item]) for item in over]):
            statement = estimate(self._offer_now(), self._subscription, quantities, self._period)
        self._swaps = before
        return statement

    def _offer_now(self) -> _Swapped:
        return _Swapped(self._offer, self._plan, self._swaps)


_HUGE = CONTEXT.scaleb(ONE, DIGITS)
_SPREAD = "usage may be spread over cells with tiers of their own; put a cap on its spend"
_FALLS = "it is not known where its price is dearest; put a cap on its spend"


def _in_units(item: Item) -> bool:
    """Whether what is priced of an item is what its meter counts."""
    return item.round_quantity is None and all(each.kind != "usage" for each in item.discounts)


def _whole(meter: Meter, quantities: Sequence[Decimal]) -> set[Decimal]:
    """The quantities that records can come to."""
    whole = isinstance(meter.aggregate, Count | Unique)
    return {Decimal(floor(each)) if whole else each for each in quantities}
