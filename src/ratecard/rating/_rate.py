"""
rate: the whole walk in one call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..credits import Ledger
from ..periods import Period
from ..plans import Carry, Offer, Subscription, resolve
from ..records import Layout
from ._charge import charge
from ._measure import IdentityMode, measure
from ._settle import settle
from ._statement import Statement

__all__ = ["rate"]


def rate(
    offer: Offer,
    subscription: Subscription,
    records: Iterable[Any],
    period: Period,
    *,
    carry: Carry | None = None,
    ledger: Ledger | None = None,
    layout: Layout | None = None,
    identity: IdentityMode = "checked",
    strict: bool = False,
) -> Statement:
    """
    What one customer owes for one period, and why: resolve, measure, charge, settle.

    Args:
        offer: a plan, or a catalog of plans.
        subscription: who, on which plan, since when.
        records: usage, in any order; see `measure`.
        period: what is billed, half open.
        carry: `statement.carry` of the period before.
        ledger: the customer's credits, with `statement.entries` of the periods before posted to it; None where there
            are none but those that the plan grants in the period.
        layout: where the parts of a record stand in rows of one's own.
        identity: `checked`, or `trusted` to keep no identities.
        strict: raise at the first wrong record instead of listing it in `statement.account`.

    Raises:
        RatecardError: as the four stages do.

    >>> from ratecard import Item, Meter, Plan, UsageRecord, meters, prices
    >>> plan = Plan.single("api", currency="USD",
    ...     meters=[Meter(key="calls", event="call", aggregate=meters.Count())],
    ...     items=[Item(key="calls", meter="calls", price=prices.PerUnit(unit_price="0.25"))])
    >>> acme = plan.subscribe("acme", start="2025-01-01")
    >>> rate(plan, acme, [UsageRecord("call", "2025-01-10T12:00:00Z")] * 3, Period.month(2025, 1)).due
    Money('0.75', 'USD')
    """
    terms = resolve(offer, subscription, period, carry=carry, ledger=ledger)
    tally = measure(terms, records, layout=layout, identity=identity, strict=strict)
    return settle(charge(terms, tally))
