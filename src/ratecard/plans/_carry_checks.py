"""
Whether a carry belongs to what is resolved: the customer, the plan, the currency and the time.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import MismatchError
from ..money import Currency
from ..periods import Period
from ._carry import Carry
from ._subscription import Subscription

__all__ = ["check_carry", "check_currency"]


def check_carry(carry: Carry, subscription: Subscription, plans: Sequence[str], period: Period) -> None:
    """
    Refuse what was carried out of another subscription, or out of another time.

    Args:
        carry: what came in.
        subscription: whose period is resolved.
        plans: the keys of all plans it is ever on.
        period: what is resolved.

    Raises:
        MismatchError: `carry.customer`, `carry.plan` or `carry.until`.
    """
    if carry.customer != subscription.customer:
        raise MismatchError(
            f"the carry is of {carry.customer!r}, the subscription of {subscription.customer!r}; "
            "pass the carry of the same customer",
            code="carry.customer",
        )
    if carry.plan not in plans:
        raise MismatchError(
            f"the carry is of the plan {carry.plan!r}, and the subscription is on {', '.join(plans)}; pass the carry "
            "of this subscription, or write the change of plan into it",
            code="carry.plan",
        )
    if carry.until != period.start:
        raise MismatchError(
            f"the carry ends at {carry.until.isoformat()}, the period starts at {period.start.isoformat()}; "
            "pass the carry of the period just before",
            code="carry.until",
        )


def check_currency(carry: Carry, currency: Currency) -> None:
    """
    Refuse amounts in another currency; a carry that does not tell its currency is taken at its word.

    Raises:
        MismatchError: `carry.currency`.
    """
    if carry.currency not in (None, str(currency)):
        raise MismatchError(
            f"the carry is in {carry.currency}, the subscription in {currency}; pass the carry of this subscription",
            code="carry.currency",
        )
