"""
Whether what a subscription names is there, and its changes can act, once its plans are known.

A name that is nowhere would be left unsaid in silence: a change of 100 `seatz` would bill the seats there were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .._model import show_day
from ..cadence import Cadence
from ..credits import Recurring
from ..errors import DefinitionError, Problem, UnknownKeyError
from ..periods import moment
from ._changes import ChangeAnchor, ChangeQuantity, asked
from ._lookup import unknown

if TYPE_CHECKING:
    from ._catalog import Offer
    from ._plan import Plan
    from ._subscription import Subscription

__all__ = ["check_changes", "check_named"]


def check_named(offer: Offer, subscription: Subscription, plans: Sequence[Plan]) -> None:
    """
    Look up the quantities that change, the plans that overrides are for, the items of phases of one's own, the cohort.

    Args:
        offer: where plans are.
        subscription: what names them.
        plans: the plans that it is ever on.

    Raises:
        UnknownKeyError: `key.unknown`, with every name that is nowhere.
    """
    wrong = [*_quantities(subscription, plans), *_plans(offer, subscription), *_phases(subscription, plans)]
    wrong += _cohort(subscription, plans)
    if wrong:
        raise UnknownKeyError(wrong, what="the subscription")


def check_changes(subscription: Subscription, plans: Sequence[Plan], zone: str) -> None:
    """
    Whether the changes lie inside the service, now that the zone is known, and can do something.

    Raises:
        DefinitionError: `change.outside`; `change.nothing` for another anchor where all has an anchor of its own.
    """
    start = moment(subscription.start, zone)
    end = None if subscription.end is None else moment(subscription.end, zone)
    wrong: list[Problem] = []
    for index, change in enumerate(subscription.changes):
        at = moment(asked(change), zone)
        if at <= start or (end is not None and at >= end):
            words = f"{show_day(asked(change))} is not inside the service; change what it starts or ends with instead"
            wrong.append(Problem(f"changes[{index}].at", "change.outside", words))
        if isinstance(change, ChangeAnchor) and not _anchored(subscription, plans):
            words = (
                "the plan's cadence has an anchor of its own (by default the calendar's), so nothing follows another "
                "one; give the plan a cadence without one, such as Cadence.monthly(), or leave the change out"
            )
            wrong.append(Problem(f"changes[{index}].anchor", "change.nothing", words))
    if wrong:
        raise DefinitionError(wrong, what="the subscription")


def _anchored(subscription: Subscription, plans: Sequence[Plan]) -> bool:
    """Whether anything that is ever sold follows the anchor of the subscription."""
    cadences = [cadence for plan in plans for cadence in _cadences(plan)]
    items = [item for override in subscription.overrides for item in override.items]
    items += [item for addon in subscription.addons for item in addon.items]
    items += [item for phase in subscription.phases or () for item in phase.items]
    return any(each is not None and each.anchor is None for each in (*cadences, *(item.cadence for item in items)))


def _cadences(plan: Plan) -> Iterator[Cadence | None]:
    yield plan.cadence
    for card in plan.cards:
        yield from (item.cadence for item in card.items)
    for phase in plan.phases:
        yield from (item.cadence for item in phase.items)
    yield from (commitment.cadence for commitment in plan.commitments)
    yield from (grant.every for grant in plan.grants if isinstance(grant, Recurring))


def _cohort(subscription: Subscription, plans: Sequence[Plan]) -> list[Problem]:
    """A cohort that no card names: it would be billed at everybody's price, and nobody told."""
    have = [card.cohort for plan in plans for card in plan.cards if card.cohort is not None]
    if subscription.cohort is None or subscription.cohort in have:
        return []
    return [Problem("cohort", "key.unknown", unknown(subscription.cohort, have, what="cohort", owner="the plan"))]


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
