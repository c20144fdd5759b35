"""
What is sold, to whom, and when: items and dated cards, plans, catalogs, subscriptions, and what outlives a period.
"""

from __future__ import annotations

from ._card import Item, RateCard
from ._carry import BOUNDS, Carry
from ._catalog import Catalog, Offer
from ._changes import AnyChange, Cancel, ChangeAnchor, ChangePlan, ChangeQuantity, Pause, Resume
from ._dues import Dues, Standing, Stretch, Trial, digests_across, dues, stated
from ._entitled import Entitled, entitled
from ._entitlements import Entitlement
from ._extras import (
    AmountDiscount,
    AnyCommitment,
    AnyDiscount,
    Commitment,
    Coupon,
    Discount,
    DiscountTier,
    ItemDiscount,
    Maximum,
    Minimum,
    PercentDiscount,
    Postpaid,
    Prepaid,
    Tax,
    Term,
    TieredDiscount,
    UsageDiscount,
)
from ._guarded import soft_caps
from ._order import Order
from ._overrides import AddOn, Override
from ._phases import Free, Phase
from ._plain import digest
from ._plan import Plan
from ._resolve import resolve
from ._schema import schema
from ._subscription import Subscription
from ._sums import sum_in
from ._terms import MeterTerms, Piece, Service, Terms
from ._unit import CustomUnit
from ._windows import Window, windows

__all__ = [
    "BOUNDS",
    "AddOn",
    "AmountDiscount",
    "AnyChange",
    "AnyCommitment",
    "AnyDiscount",
    "Cancel",
    "Carry",
    "Catalog",
    "ChangeAnchor",
    "ChangePlan",
    "ChangeQuantity",
    "Commitment",
    "Coupon",
    "CustomUnit",
    "Discount",
    "DiscountTier",
    "Dues",
    "Entitled",
    "Entitlement",
    "Free",
    "Item",
    "ItemDiscount",
    "Maximum",
    "MeterTerms",
    "Minimum",
    "Offer",
    "Order",
    "Override",
    "Pause",
    "PercentDiscount",
    "Phase",
    "Piece",
    "Plan",
    "Postpaid",
    "Prepaid",
    "RateCard",
    "Resume",
    "Service",
    "Standing",
    "Stretch",
    "Subscription",
    "Tax",
    "Term",
    "Terms",
    "TieredDiscount",
    "Trial",
    "UsageDiscount",
    "Window",
    "digest",
    "digests_across",
    "dues",
    "entitled",
    "resolve",
    "schema",
    "soft_caps",
    "stated",
    "sum_in",
    "windows",
]
