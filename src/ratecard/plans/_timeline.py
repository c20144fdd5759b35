"""
The history of one subscription: what held when. Changes, phases, overrides and add-ons are used up here.

Between two cuts nothing changes: one plan, one anchor, one card, one set of items and quantities.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from .._numbers import ONE
from ..cadence import Cadence
from ..errors import DefinitionError, MismatchError, Problem, UnknownKeyError
from ..periods import Period, moment
from ._card import Item, RateCard
from ._checks import card_problems
from ._in_force import InForce
from ._lookup import unknown
from ._named import check_changes, check_named
from ._overrides import Alteration, altered
from ._phases import Stretch, fee_problems, stretches
from ._plain import digest
from ._sold import Sold
from ._states import History, Reign, State
from ._sums import sum_in

if TYPE_CHECKING:
    from ._catalog import Offer
    from ._plan import Plan
    from ._subscription import Subscription

__all__ = ["Timeline"]


class Timeline:
    """
    The history of a subscription under an offer.

    Attributes:
        plan: the plan it starts on, whose zone and currency are its own where it names none.
        zone: its zone.
        start, end: its service; `end` None where it is open.
        states: what the changes make of it, ascending; the first begins with the service.
        stretches: its phases.

    Raises:
        UnknownKeyError: `key.unknown` for a plan that the offer does not have, or an item or quantity that no card has.
        MismatchError: `currency.none` or `currency.ambiguous`.
    """

    def __init__(self, offer: Offer, subscription: Subscription) -> None:
        self.subscription = subscription
        self.plan = plan = offer.get(subscription.plan)
        self.zone = subscription.zone or plan.zone
        self.start = moment(subscription.start, self.zone)
        self.end = None if subscription.end is None else moment(subscription.end, self.zone)
        self._rhythms: dict[tuple[int, date | datetime], Cadence] = {}
        phases = plan.phases if subscription.phases is None else subscription.phases
        self.stretches: tuple[Stretch, ...] = stretches(phases, subscription.start, self.zone) if phases else ()
        first = State(self.start, plan, subscription.anchor_under(plan), subscription.quantities, paused=False)
        self.states = self._states(first, offer) if subscription.changes else (first,)
        self._windows = [(self._at(each.start), self._at(each.end), each) for each in subscription.overrides]
        # The one that starts last holds, and one without a start comes before all others.
        self._windows.sort(key=lambda window: (window[0] is not None, window[0] or self.start))
        self._addons = [(moment(each.start, self.zone), self._at(each.end), each) for each in subscription.addons]
        self._cards: dict[str, InForce] = {}
        self._items: dict[tuple[str, tuple[Alteration, ...]], tuple[Item, ...]] = {}
        self._cuts = self._all_cuts()
        if subscription.changes or subscription.overrides or subscription.phases or subscription.cohort:
            check_named(offer, subscription, self.plans)
        if subscription.changes:
            check_changes(subscription, self.plans, self.zone)
        if subscription.overrides:
            self._check_overrides(offer)
        if subscription.phases:
            self._check_free()

    @cached_property
    def code(self) -> str:
        """The code of its currency: its own, or the only one of the plan it starts on."""
        return _currency_code(self.plan, self.subscription)

    def _at(self, day: date | datetime | None) -> datetime | None:
        return None if day is None else moment(day, self.zone)

    def _states(self, first: State, offer: Offer) -> tuple[State, ...]:
        """Changes in the order in which they take effect: those put off wait for the end of the period they are in."""
        # What cuts a period here comes before what waits for the end of the one that then holds this instant.
        asked = sorted(
            ((moment(change.at, self.zone), change) for change in self.subscription.changes),
            key=lambda each: (each[0], each[1].when != "now"),
        )
        history = History(first, offer, self.cadence)
        for at, change in asked:
            history.reach(at)
            if change.when == "period_end":
                history.wait(change)
            else:
                history.take(change, at)
        history.reach(None)
        ends = [end for end in (self.end, history.cancelled) if end is not None]
        self.end = min(ends) if ends else None
        return tuple(history.states)

    def cadence(self, state: State, item: Item | None = None) -> Cadence:
        """The rhythm of a plan or of an item, with anchor and zone."""
        own = state.plan.cadence if item is None or item.cadence is None else item.cadence
        # Plans and items outlive the timeline that holds them, so their cadences can be told by identity.
        mark = (id(own), state.anchor)
        found = self._rhythms.get(mark)
        if found is None:
            found = self._rhythms[mark] = own.at(state.anchor, self.zone)
        return found

    def state(self, at: datetime) -> State:
        """What holds at an instant; before the service, what it begins with."""
        return self.states[self._place(at)]

    def _place(self, at: datetime) -> int:
        return bisect_right(self.states, at, lo=1, key=lambda state: state.start) - 1

    def paused(self, start: datetime, end: datetime) -> bool:
        """Whether there is a pause from one instant to another, without a break."""
        last = bisect_left(self.states, end, lo=1, key=lambda state: state.start)
        return all(state.paused for state in self.states[self._place(start) : last])

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans it has ever been on, each once."""
        found: dict[str, Plan] = {state.plan.key: state.plan for state in self.states}
        return tuple(found.values())

    def reigns(self) -> list[Reign]:
        """Which plan and anchor held when; a stretch in which nothing is owed stands by itself."""
        trials = [each for each in self.stretches if each.phase.trial]
        cuts = {state.start for state in self.states} | {each.end for each in trials if each.end is not None}
        found: list[Reign] = []
        for at in sorted(cut for cut in cuts if self.end is None or cut < self.end or cut == self.start):
            state = self.state(at)
            idle = state.paused or any(each.holds(at) for each in trials)
            last = found[-1] if found else None
            if last is not None and (last.plan, last.anchor, last.idle) == (state.plan, state.anchor, idle):
                continue
            if last is not None:
                last.end = at
            found.append(Reign(at, self.end, state.plan, state.anchor, idle=idle))
        return found

    def served(self, stretch: Period) -> Period | None:
        """The part of a stretch between start and end of the service."""
        start = max(stretch.start, self.start)
        end = stretch.end if self.end is None else min(stretch.end, self.end)
        return Period(start, end, zone=self.zone) if start < end else None

    def _all_cuts(self) -> list[datetime]:
        """Every instant at which what is sold may change."""
        found = {state.start for state in self.states[1:]}
        for plan in self.plans:
            found.update(at for card in plan.cards if (at := plan.effective(card)) is not None)
        for stretch in self.stretches:
            found.update(at for at in (stretch.start, stretch.end) if at is not None)
        for start, end, _ in (*self._windows, *self._addons):
            found.update(at for at in (start, end) if at is not None)
        return sorted(found)

    def sold(self, stretch: Period) -> list[Sold]:
        """Everything that is sold over a stretch, in parts within which nothing changes; in the order of time."""
        whole = self.served(stretch)
        found: list[Sold] = []
        for part in [] if whole is None else whole.split(*self._cuts):
            state = self.state(part.start)
            if not state.paused:
                found += self._sold(part, state)
        return found

    def _card(self, plan: Plan, at: datetime) -> RateCard:
        """The card of a plan that holds at an instant; a plan's cards are sorted once."""
        found = self._cards.get(plan.key)
        if found is None:
            found = self._cards[plan.key] = InForce(plan, self.code, self.subscription.cohort, self.start)
        return found.at(at)

    def _sold(self, part: Period, state: State) -> list[Sold]:
        at = part.start
        card = self._card(state.plan, at)
        trial = next((each.phase.key for each in self.stretches if each.phase.trial and each.holds(at)), "")
        free = next((each.phase.key for each in self.stretches if each.phase.free and each.holds(at)), "")
        items = self._items_of(state.plan, card, self._alterations(state.plan, at))
        base = {item.key: item for item in card.items}
        found = [
            Sold(
                part, item, plan=state.plan, cadence=self.cadence(state, item),
                quantity=self._quantity(item, state, ONE),
                version=card.digest if base.get(item.key) is item else digest(item), trial=trial, card=card,
                free=free if item.meter is not None else "",
            )
            for item in items
        ]  # fmt: skip
        taken = {item.key for item in items}
        for start, end, addon in self._addons:
            if addon.once or not (start <= at and (end is None or at < end)):
                continue
            _check_free(addon.key, [item.key for item in addon.items], taken)
            taken.update(item.key for item in addon.items)
            found += [
                Sold(
                    part, item, plan=state.plan, cadence=self.cadence(state, item),
                    quantity=self._quantity(item, state, addon.quantity), version=digest(item), trial="", card=card,
                )
                for item in addon.items
            ]  # fmt: skip
        return found

    def once(self, stretch: Period) -> list[Sold]:
        """The fees that are due once, in a stretch; each part is its instant, which is not before the service."""
        found: list[Sold] = []
        taken: set[str] = set()
        served = self.served(stretch)
        for asked, _, addon in self._addons:
            start = max(asked, self.start)
            if not addon.once or served is None or not served.start <= start < served.end:
                continue
            state = self.state(start)
            card = self._card(state.plan, start)
            names = [f"{item.key} at {start.isoformat()}" for item in addon.items]
            _check_free(addon.key, names, taken)
            taken.update(names)
            found += [
                Sold(
                    Period(start, start, zone=self.zone), item, plan=state.plan, cadence=self.cadence(state),
                    quantity=addon.quantity, version=digest(item), trial="", card=card,
                )
                for item in addon.items
            ]  # fmt: skip
        return found

    def _quantity(self, item: Item, state: State, count: Decimal) -> Decimal | None:
        """How many of an item without a meter there are: its named quantity, else so many."""
        if item.meter is not None:
            return None
        if item.quantity is None:
            return count
        held = state.quantities.get(item.quantity)
        if held is None:
            raise MismatchError(
                f"the item {item.key!r} is sold by the quantity {item.quantity!r}, which the subscription of "
                f"{self.subscription.customer!r} does not say; add it to its quantities (0 if there are none)",
                code="quantity.missing",
            )
        return held

    def _alterations(self, plan: Plan, at: datetime) -> tuple[Alteration, ...]:
        """What is other than on the card at an instant, the weakest first: phases, then what was agreed."""
        found: list[Alteration] = []
        if self.subscription.phases is not None or plan is self.plan:
            found += [each.phase for each in self.stretches if each.holds(at)]
        found += [
            override
            for start, end, override in self._windows
            if override.plan in (None, plan.key) and (start is None or start <= at) and (end is None or at < end)
        ]
        # Prices alone that later ones all replace do nothing, however many of them still run.
        kept: list[Alteration] = []
        priced: set[str] = set()
        for each in reversed(found):
            if each.items or each.without or not priced.issuperset(each.prices):
                kept.append(each)
                priced.update(each.prices)
        return tuple(reversed(kept))

    def items_at(self, at: datetime) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """The items of the card in force at an instant, and as they are for this subscription; without add-ons."""
        state = self.state(at)
        card = self._card(state.plan, at)
        return card.items, self._items_of(state.plan, card, self._alterations(state.plan, at))

    def _items_of(self, plan: Plan, card: RateCard, changes: tuple[Alteration, ...]) -> tuple[Item, ...]:
        if not changes:
            return card.items
        mark = (card.digest, changes)
        found = self._items.get(mark)
        if found is None:
            found = altered(card.items, changes)
            wrong = card_problems("", card.model_copy(update={"items": found}), [meter.key for meter in plan.meters])
            if wrong:
                raise self._unfit(changes, wrong)
            self._items[mark] = found
        return found

    def _unfit(self, changes: tuple[Alteration, ...], wrong: Sequence[Problem]) -> DefinitionError:
        """The error for items that do not fit each other any more, which says what altered them."""
        names = [f"overrides[{index}]" for index, each in enumerate(self.subscription.overrides) if each in changes]
        names += [f"the phase {each.phase.key[:40]!r}" for each in self.stretches if each.phase in changes]
        found = [Problem(each.path.lstrip("."), each.code, each.text) for each in wrong]
        return DefinitionError(found, what=f"what the subscription sells under {' and '.join(names)}")

    def _check_free(self) -> None:
        """What is free of no item, of a fee, or in another currency would be free of nothing in silence."""
        items = [item for plan in self.plans for card in plan.cards for item in card.items]
        items += [item for each in self.stretches for item in each.phase.items]
        have = [item.key for item in items]
        used = [item.key for item in items if item.meter is not None]
        wrong: list[Problem] = []
        for index, stretch in enumerate(self.stretches):
            for number, free in enumerate(stretch.phase.free):
                path = f"phases[{index}].free[{number}]"
                wrong += [
                    Problem(f"{path}.items", "key.unknown", unknown(key, have, what="item", owner="the plan"))
                    for key in free.items
                    if key not in have
                ]
                wrong += fee_problems(path, free.items, have, used)
                if free.amount is not None and sum_in(free.amount, self.code) is None:
                    wrong.append(Problem(f"{path}.amount", "amount.currency", f"no amount in {self.code}; add it"))
        if wrong:
            raise UnknownKeyError(wrong, what="the subscription")

    def _check_overrides(self, offer: Offer) -> None:
        """Items that are named and not sold by the plan that an override is for would be left unsaid in silence."""
        more = [item.key for each in self.stretches for item in each.phase.items]
        more += [item.key for _, _, override in self._windows for item in override.items]
        wrong: list[Problem] = []
        for index, override in enumerate(self.subscription.overrides):
            plans, owner = self.plans, "the plan"
            if override.plan is not None:
                plans, owner = (offer.get(override.plan),), f"the plan {override.plan[:40]!r}"
            have = [item.key for plan in plans for card in plan.cards for item in card.items] + more
            wrong += [
                Problem(f"overrides[{index}].{name}", "key.unknown", unknown(key, have, what="item", owner=owner))
                for name, keys in (("prices", override.prices), ("without", override.without))
                for key in keys
                if key not in have
            ]
        if wrong:
            raise UnknownKeyError(wrong, what="the subscription")


def _check_free(addon: str, keys: Sequence[str], taken: set[str]) -> None:
    for key in keys:
        if key in taken:
            words = f"the add-on {addon!r} sells {key}, which is sold already; "
            words += "give its item another key, or raise the quantity"
            raise DefinitionError([Problem("addons", "addon.item", words)], what="the subscription")


def _currency_code(plan: Plan, subscription: Subscription) -> str:
    """The subscription's currency, or the plan's only one."""
    codes = plan.currencies
    if subscription.currency is not None:
        if subscription.currency not in codes:
            raise MismatchError(
                f"the plan has no cards in {subscription.currency}; choose one of {', '.join(codes)}",
                code="currency.none",
            )
        return subscription.currency
    if len(codes) > 1:
        raise MismatchError(
            f"the plan has cards in {', '.join(codes)}; say which one the subscription of "
            f"{subscription.customer!r} is in",
            code="currency.ambiguous",
        )
    return next(iter(codes))
