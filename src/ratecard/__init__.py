"""
ratecard: an embeddable pricing engine. A plan says what is sold; records say what happened; a statement says what is owed and why.
"""

from __future__ import annotations

from . import meters, prices
from ._problems import problems
from .cadence import Cadence
from .lab import estimate
from .money import Money
from .periods import Period
from .plans import Catalog, Item, Plan, RateCard, Subscription, resolve
from .meters import Meter
from .rating import Statement, charge, measure, rate, resolve_all, settle
from .records import UsageRecord

__all__ = [
    "Cadence",
    "Catalog",
    "Item",
    "Meter",
    "Money",
    "Period",
    "Plan",
    "RateCard",
    "Statement",
    "Subscription",
    "UsageRecord",
    "charge",
    "estimate",
    "measure",
    "meters",
    "prices",
    "problems",
    "rate",
    "resolve",
    "resolve_all",
    "settle",
]
