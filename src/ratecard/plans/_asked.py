"""
What `resolve` is asked with, looked at before anything is asked of it: kinds of values, whose carry, sound plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import MismatchError
from ..periods import Period
from ._carry import Carry
from ._catalog import Offer
from ._changes import ChangePlan
from ._plan import Plan
from ._subscription import Subscription

__all__ = ["Checked", "check_carry", "check_kinds", "memory_of", "switched"]


def check_kinds(offer: object, subscription: object, period: object, carry: object) -> None:
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


def memory_of(plan: Plan) -> dict[str, Any]:
    """What is kept on a plan beside its fields; no part of what it says."""
    return vars(plan)


def switched(subscription: Subscription) -> list[str]:
    """The keys of the plans it changes to."""
    return [change.plan for change in subscription.changes if isinstance(change, ChangePlan)]


class Checked:
    """An offer whose plans have come through the front door."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    def get(self, key: str) -> Plan:
        """The plan with this key."""
        return _checked(self._offer.get(key))


def _checked(plan: Plan) -> Plan:
    """
    The plan as it comes through the front door; once, and then kept on it.

    A plan may have been built around its own checks, by `model_construct` or by writing into it.
    """
    found: Plan | None = vars(plan).get("_checked")
    if found is None:
        found = vars(plan)["_checked"] = Plan.load(plan.dump())
    return found


def check_carry(carry: Carry, subscription: Subscription, period: Period) -> None:
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
