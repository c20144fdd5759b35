"""
What is sold, to whom, and when: items and dated cards, plans, catalogs, subscriptions, and what outlives a period.
"""

from __future__ import annotations

from ._card import Item, RateCard
from ._carry import Carry
from ._catalog import Catalog, Offer
from ._order import Order
from ._plan import CustomUnit, Plan
from ._resolve import resolve
from ._schema import schema
from ._subscription import Subscription
from ._terms import MeterTerms, Piece, Service, Terms

__all__ = [
    "Carry",
    "Catalog",
    "CustomUnit",
    "Item",
    "MeterTerms",
    "Offer",
    "Order",
    "Piece",
    "Plan",
    "RateCard",
    "Service",
    "Subscription",
    "Terms",
    "resolve",
    "schema",
]
