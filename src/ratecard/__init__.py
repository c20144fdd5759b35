"""
ratecard: an embeddable pricing engine. A plan says what is sold; records say what happened; a statement says what is
owed and why.

The names offered here are loaded when they are first used, so that a program that only passes by pays nothing for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import credits, guards, meters, prices
    from ._problems import problems
    from .cadence import Cadence
    from .credits import Ledger
    from .lab import estimate
    from .meters import Meter
    from .money import Money
    from .periods import Period
    from .plans import Catalog, Item, Plan, RateCard, Subscription, resolve
    from .rating import Statement, charge, live, measure, rate, resolve_all, settle
    from .records import UsageRecord

__all__ = [
    "Cadence",
    "Catalog",
    "Item",
    "Ledger",
    "Meter",
    "Money",
    "Period",
    "Plan",
    "RateCard",
    "Statement",
    "Subscription",
    "UsageRecord",
    "charge",
    "credits",
    "estimate",
    "guards",
    "live",
    "measure",
    "meters",
    "prices",
    "problems",
    "rate",
    "resolve",
    "resolve_all",
    "settle",
]

# Where each name is at home; a room is at home in itself.
_HOMES = {
    "Cadence": "cadence",
    "Catalog": "plans",
    "Item": "plans",
    "Ledger": "credits",
    "Meter": "meters",
    "Money": "money",
    "Period": "periods",
    "Plan": "plans",
    "RateCard": "plans",
    "Statement": "rating",
    "Subscription": "plans",
    "UsageRecord": "records",
    "charge": "rating",
    "credits": "credits",
    "estimate": "lab",
    "guards": "guards",
    "live": "rating",
    "measure": "rating",
    "meters": "meters",
    "prices": "prices",
    "problems": "_problems",
    "rate": "rating",
    "resolve": "plans",
    "resolve_all": "rating",
    "settle": "rating",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f".{home}", __name__)
    return room if home == name else getattr(room, name)


def __dir__() -> list[str]:
    return __all__
