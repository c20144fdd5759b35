"""
Who bought what, since when, and in which zone, currency and quantities.

What a subscription leaves open (zone, currency, anchor) is the plan's, and is looked up when it is needed, not when the
subscription is made: so a plan may gain a card and its subscriptions stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from .._instants import YEAR_MAX
from .._model import AmountTable, Day, Key, Many, Model, OptionalDay, Pairs, default, refuse, show_day
from ..cadence import Cadence
from ..errors import DefinitionError, Problem
from ..periods import Period, Zone, moment
from ._card import repeats

if TYPE_CHECKING:
    from ._catalog import Offer
    from ._plan import Plan

__all__ = ["Subscription"]


class Subscription(Model, frozen=True):
    """
    A customer's subscription to a plan.

    Attributes:
        customer: whose.
        plan: the key of the plan.
        start: the first day or instant of service; a bare date is local midnight.
        end: the first day or instant without service; None: no end is known.
        zone: where its days are counted; None is the plan's zone.
        currency: which of the plan's cards it sees; None is the plan's only currency.
        anchor: where cadences without an anchor of their own count from; None is the start.
        cohort: the group whose cards it sees, where the plan has some.
        quantities: what is sold and not metered, such as `{"seats": "5"}`; none negative.
        coupons: keys of the plan's coupons, in the order in which they are used.

    >>> acme = Subscription(customer="acme", plan="team", start="2025-01-15", quantities={"seats": 5})
    >>> acme.quantities["seats"]
    Decimal('5')
    """

    customer: Key
    plan: Key
    start: Day
    end: OptionalDay = default(None)
    zone: Zone | None = default(None)
    currency: Key | None = default(None)
    anchor: OptionalDay = default(None)
    cohort: Key | None = default(None)
    quantities: AmountTable = default(Pairs[object]())
    coupons: Many[Key] = default(())

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_problems(self))
        return self

    def zone_under(self, plan: Plan) -> str:
        """The zone its days are counted in: its own, else the plan's."""
        return plan.zone if self.zone is None else self.zone

    def currency_under(self, plan: Plan) -> str:
        """
        The currency it pays in: its own, else the plan's only one.

        Raises:
            DefinitionError: `subscription.currency` when the plan has several and the subscription names none, or
                names one that no card of the plan has.
        """
        have = plan.currencies
        if self.currency is None and len(have) == 1:
            return have[0]
        if self.currency not in have:
            named = f"has no card in {self.currency!r}" if self.currency else "has cards in several currencies"
            words = f"the plan {plan.key!r} {named}; name one of {', '.join(have)}"
            raise DefinitionError([Problem("currency", "subscription.currency", words)], what="the subscription")
        return self.currency

    def service_under(self, plan: Plan) -> Period:
        """The time of service; without an end it lasts as far as time is counted here."""
        zone = self.zone_under(plan)
        end = date(YEAR_MAX, 1, 1) if self.end is None else self.end
        return Period(self.start, end, zone=zone)

    def cadence_under(self, plan: Plan, cadence: Cadence | None = None) -> Cadence:
        """A cadence (the plan's where none is given) with this subscription's anchor and zone where it has none."""
        anchor = self.start if self.anchor is None else self.anchor
        return (plan.cadence if cadence is None else cadence).at(anchor, self.zone_under(plan))

    def periods(self, offer: Offer, between: Period) -> Iterator[Period]:
        """
        The plan's billing periods in which there is service, as far as they have time in common with `between`.

        Each is whole, also where service begins or ends inside it: what is served of it, rating sees for itself.

        Args:
            offer: the plan, or a catalog that has it.
            between: the time to look at.

        >>> from ratecard import Item, Plan, prices
        >>> plan = Plan.single("team", currency="USD", items=[Item(key="base", price=prices.Flat(amount="20"))])
        >>> acme = plan.subscribe("acme", start="2025-01-15", end="2025-03-01")
        >>> list(acme.periods(plan, Period.year(2025)))
        [Period('2025-01-01', '2025-02-01'), Period('2025-02-01', '2025-03-01')]
        """
        plan = offer.get(self.plan)
        served = between.overlap(self.service_under(plan))
        if served is not None:
            yield from self.cadence_under(plan).periods(served)


def _problems(held: Subscription) -> list[Problem]:
    """Everything wrong with a subscription on its own."""
    found = [
        Problem(f"quantities.{name[:40]}", "quantity.negative", "a quantity is sold or not; write 0 or more")
        for name, quantity in held.quantities.items()
        if quantity < 0
    ]
    found += repeats("coupons", held.coupons)
    if held.end is not None and _ends_early(held.start, held.end, held.zone):
        words = f"the end, {show_day(held.end)}, is before the start, {show_day(held.start)}; give a later one"
        found.append(Problem("end", "subscription.order", words))
    return found


def _ends_early(start: date | datetime, end: date | datetime, zone: str | None) -> bool:
    """Whether the end is before the start, as far as that can be told without the plan's zone."""
    if zone is None and isinstance(start, datetime) != isinstance(end, datetime):
        return False
    return moment(end, zone or "UTC") < moment(start, zone or "UTC")
