"""
What is sold, to whom, and when: items and dated cards, plans, catalogs, subscriptions, and what outlives a period.
"""

from __future__ import annotations

from ._card import Item, RateCard
from ._carry import Carry
from ._catalog import Catalog, Offer
from ._dues import Dues, Stretch, dues
from ._extra_checks import stated
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
    TieredDiscount,
    UsageDiscount,
)
from ._order import Order
from ._plan import CustomUnit, Plan
from ._resolve import resolve
from ._schema import schema
from ._subscription import Subscription
from ._sums import sum_in
from ._terms import MeterTerms, Piece, Service, Terms

__all__ = [
    "AmountDiscount",
    "AnyCommitment",
    "AnyDiscount",
    "Carry",
    "Catalog",
    "Commitment",
    "Coupon",
    "CustomUnit",
    "Discount",
    "DiscountTier",
    "Dues",
    "Item",
    "ItemDiscount",
    "Maximum",
    "MeterTerms",
    "Minimum",
    "Offer",
    "Order",
    "PercentDiscount",
    "Piece",
    "Plan",
    "Postpaid",
    "Prepaid",
    "RateCard",
    "Service",
    "Stretch",
    "Subscription",
    "Tax",
    "Terms",
    "TieredDiscount",
    "UsageDiscount",
    "dues",
    "resolve",
    "schema",
    "stated",
    "sum_in",
]
