"""
What a plan or a customer is entitled to, beside what it costs: features switched on or off, quotas, and seats.
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from .._model import Key, Model, OptionalAmount, default, refuse
from ..errors import Problem

__all__ = ["Entitlement"]


class Entitlement(Model, frozen=True):
    """
    A feature that a plan grants or withholds, or one customer has other than the plan.

    Attributes:
        key: the feature.
        enabled: whether it may be used at all.
        limit: the most of it: a quota for a billing period, or a number of things at once; None: no limit.
        quantity: the name of a quantity of the subscription that is the limit, such as seats; not with a limit.
        name: what people read; the key where it is empty.

    >>> Entitlement(key="projects", limit=10).enabled
    True
    """

    key: Key
    enabled: bool = default(True)
    limit: OptionalAmount = default(None)
    quantity: Key | None = default(None)
    name: str = default("")

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_problems(self))
        return self


def _problems(held: Entitlement) -> list[Problem]:
    """Everything wrong with an entitlement on its own."""
    found: list[Problem] = []
    if held.limit is not None and held.quantity is not None:
        words = "the limit is a number or a quantity of the subscription, not both; leave out limit or quantity"
        found.append(Problem("quantity", "entitlement.limit", words))
    if not held.enabled and (held.limit is not None or held.quantity is not None):
        words = "what is switched off has no limit; leave it out, or switch it on"
        found.append(Problem("enabled", "entitlement.off", words))
    if held.limit is not None and held.limit < 0:
        found.append(Problem("limit", "quantity.negative", "a limit is 0 or more"))
    return found
