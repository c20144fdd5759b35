"""
Whether what a subscription names is there, once its plans are known.

A name that is nowhere would be left unsaid in silence: a change of 100 `seatz` would bill the seats there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import Problem, UnknownKeyError
from ._changes import ChangeQuantity
from ._lookup import unknown

if TYPE_CHECKING:
    from ._catalog import Offer
    from ._plan import Plan
    from ._subscription import Subscription

__all__ = ["check_named"]


def check_named(offer: Offer, subscription: Subscription, plans: Sequence[Plan]) -> None:
    """
    Look up the quantities that change, the plans that overrides are for, and the items of phases of one's own.

    Args:
        offer: where plans are.
        subscription: what names them.
        plans: the plans that it is ever on.

    Raises:
        UnknownKeyError: `key.unknown`, with every name that is nowhere.
    """
    wrong = [*_quantities(subscription, plans), *_plans(offer, subscription), *_phases(subscription, plans)]
    if wrong:
        raise UnknownKeyError(wrong, what="the subscription")


def _quantities(subscription: Subscription, plans: Sequence[Plan]) -> list[Problem]:
    items = [item for plan in plans for card in plan.cards for item in card.items]
    phases = [*(subscription.phases or ()), *(phase for plan in plans for phase in plan.phases)]
    alterations = [*subscription.overrides, *phases]
    items += [item for each in alterations for item in each.items]
    # An entitlement may be limited by a quantity that nothing is sold by.
    limits = [*subscription.entitlements, *(each for plan in plans for each in plan.entitlements)]
    have = [each for each in (*(item.quantity for item in items), *(limit.quantity for limit in limits)) if each]
    return [
        Problem(
            f"changes[{index}].quantities.{name}", "key.unknown",
            unknown(name, have, what="quantity", owner="the plan"),
        )
        for index, change in enumerate(subscription.changes)
        if isinstance(change, ChangeQuantity)
        for name in change.quantities
        if name not in have
    ]  # fmt: skip


def _plans(offer: Offer, subscription: Subscription) -> list[Problem]:
    found: list[Problem] = []
    for index, override in enumerate(subscription.overrides):
        if override.plan is not None:
            try:
                offer.get(override.plan)
            except UnknownKeyError as error:
                found += [Problem(f"overrides[{index}].plan", each.code, each.text) for each in error.problems]
    return found


def _phases(subscription: Subscription, plans: Sequence[Plan]) -> list[Problem]:
    phases = subscription.phases or ()
    have = [item.key for plan in plans for card in plan.cards for item in card.items]
    have += [item.key for phase in phases for item in phase.items]
    return [
        Problem(f"phases[{index}].{name}", "key.unknown", unknown(key, have, what="item", owner="the plan"))
        for index, phase in enumerate(phases)
        for name, keys in (("prices", phase.prices), ("without", phase.without))
        for key in keys
        if key not in have
    ]
