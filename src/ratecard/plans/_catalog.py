"""
Several plans by key, and what a catalog and a single plan have in common: both are an offer.
"""

from __future__ import annotations

from typing import Protocol, Self

from pydantic import model_validator

from .._model import Many, Model, refuse
from ._card import repeats
from ._lookup import find
from ._plan import Plan

__all__ = ["Catalog", "Offer"]


class Offer(Protocol):
    """Anything that finds a plan by its key: a plan itself, or a catalog."""

    def get(self, key: str) -> Plan:
        """The plan with this key; an `UnknownKeyError` where there is none."""
        ...


class Catalog(Model, frozen=True):
    """
    Plans by key, for customers who change from one to another.

    Attributes:
        plans: each with a key of its own.

    >>> from ratecard import Item, prices
    >>> basic = Plan.single("basic", currency="USD", items=[Item(key="base", price=prices.Flat(amount="20"))])
    >>> Catalog(plans=[basic]).get("basic") == basic
    True
    """

    plans: Many[Plan]

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(repeats("plans", tuple(plan.key for plan in self.plans), field=".key"))
        return self

    def get(self, key: str) -> Plan:
        """
        The plan with this key.

        Raises:
            UnknownKeyError: `key.unknown`, with near names.
        """
        return find(self.plans, key, what="plan", owner="the catalog")
