"""
Who bought what, since when, and in which zone, currency and quantities.

What a subscription leaves open (zone, currency, anchor) is the plan's, and is looked up when it is needed, not when the
subscription is made: so a plan may gain a card and its subscriptions stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, model_validator

from .._instants import YEAR_MAX
from .._kinds import expect, expect_offer
from .._model import AmountTable, Day, Key, Many, Model, OptionalDay, OptionalMany, Pairs, default, refuse, show_day
from ..cadence import Cadence
from ..errors import DefinitionError, Problem
from ..periods import Period, Zone, moment
from ._card import repeats
from ._changes import AnyChange, Change, change_problems, in_order
from ._diff import item_differences
from ._entitlements import Entitlement
from ._overrides import AddOn, Override, addon_problems, alteration_problems
from ._phases import Phase, phase_problems, stretches
from ._timeline import Timeline

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
        cohort: the group whose cards it sees; some card of its plans names it.
        quantities: what is sold and not metered, such as `{"seats": "5"}`; none negative.
        coupons: keys of the plan's coupons, in the order in which they are used.
        changes: what changes while it runs, kept in the order of time; see `ChangeQuantity`, `ChangePlan`,
            `ChangeAnchor`, `Pause`, `Resume` and `Cancel`.
        overrides: what was agreed other than the plan's cards; see `Override`.
        phases: how it begins; None: as the plan says.
        addons: what it has beside the plan; see `AddOn`.
        entitlements: what it may use other than its plans say; see `Entitlement`.

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
    changes: Annotated[Many[AnyChange], AfterValidator(in_order)] = default(())
    overrides: Many[Override] = default(())
    phases: OptionalMany[Phase] = default(None)
    addons: Many[AddOn] = default(())
    entitlements: Many[Entitlement] = default(())

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
        """
        The time of service by its start and end, without its changes; with no end it lasts as far as time is counted.
        """
        zone = self.zone_under(plan)
        end = date(YEAR_MAX, 1, 1) if self.end is None else self.end
        return Period(self.start, end, zone=zone)

    def cadence_under(self, plan: Plan, cadence: Cadence | None = None) -> Cadence:
        """
        A cadence (the plan's where none is given) with this subscription's anchor and zone where it has none.

        The anchor is the one it begins with; `periods` follows the changes.
        """
        return (plan.cadence if cadence is None else cadence).at(self.anchor_under(plan), self.zone_under(plan))

    def with_changes(self, *changes: AnyChange) -> Self:
        """
        The same subscription with more changes.

        Raises:
            MismatchError: `argument.type`.

        >>> from ratecard.plans import ChangeQuantity
        >>> acme = Subscription(customer="acme", plan="team", start="2025-01-15", quantities={"seats": 5})
        >>> more = acme.with_changes(ChangeQuantity(at="2025-03-16", quantities={"seats": 8}))
        >>> [change.kind for change in more.changes]
        ['quantity']
        """
        for change in changes:
            expect(
                change, Change, "a change", "write ChangePlan(at=..., plan=...) or another, each by itself, in no list"
            )
        return self.model_copy(update={"changes": (*self.changes, *changes)})

    def differences(self, offer: Offer, at: date | datetime | str) -> tuple[str, ...]:
        """
        What it has at an instant other than the card in force says, in words: phases and what was agreed.

        Args:
            offer: the plan, or a catalog that has all its plans.
            at: when; a bare date is local midnight.

        Raises:
            MismatchError: `argument.type`.

        >>> from ratecard import Item, Plan, prices
        >>> plan = Plan.single("team", currency="USD", items=[Item(key="base", price=prices.Flat(amount="20"))])
        >>> deal = Override(prices={"base": prices.Flat(amount="15")}, end="2026-01-01")
        >>> acme = plan.subscribe("acme", start="2025-01-15").model_copy(update={"overrides": [deal]})
        >>> acme.differences(plan, "2025-06-01"), acme.differences(plan, "2026-06-01")
        (("item 'base': price.amount was 20, is 15",), ())
        """
        expect_offer(offer)
        timeline = Timeline(offer, self)
        return item_differences(*timeline.items_at(moment(at, timeline.zone)))

    def anchor_under(self, plan: Plan) -> date | datetime:
        """Where cadences without an anchor count from: its own, else the end of its trial, else its start."""
        if self.anchor is not None:
            return self.anchor
        phases = plan.phases if self.phases is None else self.phases
        trials = [phase for phase in phases if phase.trial]
        ends = stretches(trials, self.start, self.zone_under(plan))
        return (ends[-1].end if ends else None) or self.start

    def periods(self, offer: Offer, between: Period) -> Iterator[Period]:
        """
        The billing periods in which there is service, as far as they have time in common with `between`.

        Each is whole, also where service begins or ends inside it: what is served of it, rating sees for itself. Only a
        change of anchor, or to a plan of another cadence, cuts them, so that no two of them have time in common.

        Args:
            offer: the plan, or a catalog that has all its plans.
            between: the time to look at.

        Raises:
            MismatchError: `argument.type`.

        >>> from ratecard import Item, Plan, prices
        >>> plan = Plan.single("team", currency="USD", items=[Item(key="base", price=prices.Flat(amount="20"))])
        >>> acme = plan.subscribe("acme", start="2025-01-15", end="2025-03-01")
        >>> list(acme.periods(plan, Period.year(2025)))
        [Period('2025-01-01', '2025-02-01'), Period('2025-02-01', '2025-03-01')]
        """
        expect_offer(offer)
        expect(between, Period, "the time to look at", "write Period.year(2025) or Period(start, end)")
        timeline = Timeline(offer, self)
        served = timeline.served(between)
        return iter(()) if served is None else _periods(timeline, served)


def _periods(timeline: Timeline, served: Period) -> Iterator[Period]:
    """The billing periods that have time in common with some service."""
    rhythms: list[tuple[datetime | None, Cadence]] = []
    for state in timeline.states:
        cadence = timeline.cadence(state)
        if not rhythms or rhythms[-1][1] != cadence:
            rhythms.append((state.start if rhythms else None, cadence))
    starts = [start for start, _ in rhythms[1:]]
    for (start, cadence), end in zip(rhythms, [*starts, None], strict=True):
        since = served.start if start is None else max(start, served.start)
        until = served.end if end is None else min(end, served.end)
        for full in cadence.periods(Period(since, max(since, until), zone=timeline.zone)):
            cut = (
                full.start if start is None else max(full.start, start),
                full.end if end is None else min(full.end, end),
            )
            yield Period(*cut, zone=full.zone)


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
    found += change_problems(held.changes, held.start, held.end, held.zone)
    found += _override_problems(held.overrides, held.zone or "UTC")
    if held.phases is not None:
        found += phase_problems(held.phases)
    found += repeats("entitlements", tuple(each.key for each in held.entitlements), field=".key")
    found += repeats("addons", tuple(each.key for each in held.addons), field=".key")
    for index, each in enumerate(held.addons):
        found += addon_problems(f"addons[{index}]", each)
        found += _window_problems(f"addons[{index}]", each, held.zone)
    return found


def _override_problems(overrides: Sequence[Override], zone: str) -> list[Problem]:
    """Overrides that are wrong in themselves, and two of one item and start, of which nothing says which holds."""
    found: list[Problem] = []
    seen: dict[tuple[object, ...], int] = {}
    for index, each in enumerate(overrides):
        path = f"overrides[{index}]"
        found += alteration_problems(path, each) + _window_problems(path, each, zone)
        start = None if each.start is None else moment(each.start, zone)
        for key in (*each.prices, *(item.key for item in each.items), *each.without):
            first = seen.setdefault((start, each.plan, key), index)
            if first != index:
                words = f"overrides[{first}] says something else of {key[:40]!r} from the same instant; join them"
                found.append(Problem(path, "override.conflict", words))
    return found


def _window_problems(path: str, held: Override | AddOn, zone: str | None) -> list[Problem]:
    """An end that is not after the start."""
    if held.start is None or held.end is None:
        return []
    if _ends_early(held.start, held.end, zone) or held.start == held.end:
        words = f"the end, {show_day(held.end)}, is not after the start, {show_day(held.start)}; give a later one"
        return [Problem(f"{path}.end", "subscription.order", words)]
    return []


def _ends_early(start: date | datetime, end: date | datetime, zone: str | None) -> bool:
    """Whether the end is before the start, as far as that can be told without the plan's zone."""
    if zone is None and isinstance(start, datetime) != isinstance(end, datetime):
        return False
    return moment(end, zone or "UTC") < moment(start, zone or "UTC")
