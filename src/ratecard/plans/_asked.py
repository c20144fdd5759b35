"""
What `resolve` is asked with, looked at before anything is asked of it: kinds of values, sound plans.
"""

from __future__ import annotations

from typing import Any

from .._kinds import expect, expect_offer
from ..credits import Ledger
from ..periods import Period
from ._carry import Carry
from ._catalog import Offer
from ._changes import ChangePlan
from ._plan import Plan
from ._subscription import Subscription

__all__ = ["Checked", "check_kinds", "memory_of", "switched"]


def check_kinds(offer: object, subscription: object, period: object, carry: object, ledger: object) -> None:
    """Wrong kinds of value are told apart here, before anything is asked of them."""
    expect(subscription, Subscription, "the subscription", "write plan.subscribe(customer, start=...)")
    expect(period, Period, "the period", "write Period.month(2025, 1) or Period(start, end)")
    if carry is not None:
        expect(carry, Carry, "the carry", "read stored data back by Carry.from_json")
    if ledger is not None:
        expect(ledger, Ledger, "the ledger", "give a Ledger (an open one has `ledger()`)")
    expect_offer(offer)


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
