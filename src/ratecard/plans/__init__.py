"""
What is sold, to whom, and when: items and dated cards, plans, catalogs, subscriptions, and what outlives a period.
"""

from __future__ import annotations

from ._card import Item, RateCard
from ._carry import Carry
from ._catalog import Catalog, Offer
from ._changes import Cancel, ChangeAnchor, ChangePlan, ChangeQuantity, Pause, Resume
from ._entitlements import Entitled, Entitlement, entitled
from ._order import Order
from ._overrides import AddOn, Override
from ._phases import Phase
from ._plan import CustomUnit, Plan
from ._resolve import resolve
from ._schema import schema
from ._subscription import Subscription
from ._terms import MeterTerms, Piece, Service, Terms

__all__ = [
    "AddOn",
    "Cancel",
    "Carry",
    "Catalog",
    "ChangeAnchor",
    "ChangePlan",
    "ChangeQuantity",
    "CustomUnit",
    "Entitled",
    "Entitlement",
    "Item",
    "MeterTerms",
    "Offer",
    "Order",
    "Override",
    "Pause",
    "Phase",
    "Piece",
    "Plan",
    "RateCard",
    "Resume",
    "Service",
    "Subscription",
    "Terms",
    "entitled",
    "resolve",
    "schema",
]
