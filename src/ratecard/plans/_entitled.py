"""
What a customer may use at an instant, and why.

An entitlement prices nothing and stops nothing: it is an answer with a reason, for the program that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .._kinds import expect, expect_offer
from .._model import show_day
from .._numbers import text
from ..errors import Problem, UnknownKeyError
from ..periods import moment
from ._entitlements import Entitlement
from ._lookup import find, unknown
from ._subscription import Subscription
from ._timeline import Timeline

if TYPE_CHECKING:
    from ._catalog import Offer

__all__ = ["Entitled", "entitled"]


class Entitled:
    """
    The answer to whether a customer may use a feature. Immutable by contract; true where it may.

    Attributes:
        feature: what was asked for.
        allowed: whether it may be used.
        limit: the most of it; None where there is no limit, or it is not allowed.
        reason: why, in words.
        code: `entitled.plan`, `entitled.customer`, `entitled.off`, `entitled.none`, `entitled.before`, `entitled.after`
            or `entitled.paused`.
    """

    __slots__ = ("allowed", "code", "feature", "limit", "reason")

    def __init__(self, feature: str, code: str, reason: str, *, allowed: bool, limit: Decimal | None = None) -> None:
        self.feature = feature
        self.code = code
        self.reason = reason
        self.allowed = allowed
        self.limit = limit

    def __bool__(self) -> bool:
        return self.allowed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entitled):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.feature, self.code, self.limit))

    def __repr__(self) -> str:
        return f"<Entitled {self.feature!r}: {'yes' if self.allowed else 'no'}, {self.reason}>"


def entitled(offer: Offer, subscription: Subscription, feature: str, at: date | datetime | str) -> Entitled:
    """
    Whether a customer may use a feature at an instant, and why.

    The plan in force then is asked, and before it what the subscription has of its own. Outside the service and while
    it is paused nothing may be used.

    Args:
        offer: the plan, or a catalog that has all plans of the subscription.
        subscription: who asks.
        feature: the key of the entitlement.
        at: when; a bare date is local midnight.

    Raises:
        UnknownKeyError: `key.unknown` when neither the subscription nor any of its plans knows the feature, or it is
            limited by a quantity that no item is sold by and the subscription does not have.
        MismatchError: `argument.type`.

    >>> from ratecard import Item, Plan, prices
    >>> team = Plan.single("team", currency="USD", entitlements=[Entitlement(key="sso", enabled=False)],
    ...     items=[Item(key="base", price=prices.Flat(amount="20"))])
    >>> entitled(team, team.subscribe("acme", start="2025-01-01"), "sso", "2025-03-01").reason
    "the plan 'team' has it switched off"
    """
    expect_offer(offer)
    expect(subscription, Subscription, "the subscription", "write plan.subscribe(customer, start=...)")
    expect(feature, str, "the feature", "give the key of an entitlement")
    timeline = Timeline(offer, subscription)
    when = moment(at, timeline.zone)
    own = subscription.entitlements
    every = [*own, *(each for plan in timeline.plans for each in plan.entitlements)]
    find(every, feature, what="entitlement", owner="the offer")
    if when < timeline.start:
        words = f"the subscription starts at {show_day(timeline.start)}"
        return Entitled(feature, "entitled.before", words, allowed=False)
    if timeline.end is not None and when >= timeline.end:
        words = f"the subscription ended at {show_day(timeline.end)}"
        return Entitled(feature, "entitled.after", words, allowed=False)
    state = timeline.state(when)
    if state.paused:
        return Entitled(feature, "entitled.paused", "the subscription is paused", allowed=False)
    for whose, code, held in (
        ("the customer", "entitled.customer", own),
        (f"the plan {state.plan.key!r}", "entitled.plan", state.plan.entitlements),
    ):
        found = _known(held, feature)
        if found is not None:
            _check_quantity(found, subscription, timeline)
            return _answer(found, whose, code, state.quantities.get(found.quantity or ""))
    return Entitled(feature, "entitled.none", f"the plan {state.plan.key!r} does not have it", allowed=False)


def _check_quantity(found: Entitlement, subscription: Subscription, timeline: Timeline) -> None:
    """A quantity that nothing is sold by and the subscription does not have would be 0 in silence."""
    items = [item for plan in timeline.plans for card in plan.cards for item in card.items]
    items += [item for override in subscription.overrides for item in override.items]
    items += [item for stretch in timeline.stretches for item in stretch.phase.items]
    have = [item.quantity for item in items if item.quantity is not None]
    have += [name for state in timeline.states for name in state.quantities]
    if found.quantity is not None and found.quantity not in have:
        words = unknown(found.quantity, have, what="quantity", owner="the subscription")
        raise UnknownKeyError([Problem("quantity", "key.unknown", words)], what=f"the entitlement {found.key[:40]!r}")


def _known(held: Sequence[Entitlement], feature: str) -> Entitlement | None:
    return next((each for each in held if each.key == feature), None)


def _answer(found: Entitlement, whose: str, code: str, sold: Decimal | None) -> Entitled:
    if not found.enabled:
        return Entitled(found.key, "entitled.off", f"{whose} has it switched off", allowed=False)
    if found.quantity is not None:
        limit = Decimal(0) if sold is None else sold
        words = f"{whose} has as many as {found.quantity}: {text(limit)}"
        return Entitled(found.key, code, words, allowed=limit > 0, limit=limit)
    if found.limit is not None:
        words = f"{whose} has up to {text(found.limit)}"
        return Entitled(found.key, code, words, allowed=found.limit > 0, limit=found.limit)
    return Entitled(found.key, code, f"{whose} has it", allowed=True)
