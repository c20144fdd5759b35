"""
For what credits pay: what a grant is limited to, and what a draw is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from .._kinds import expect
from .._model import Key, Many, Model, Pairs, Table, default

__all__ = ["Scope", "Use"]


class Use:
    """
    What credits are drawn for. Immutable by contract.

    Args:
        item: the key of the item of a plan.
        meter: the key of its meter; None for what is not metered, such as a fee.
        dimensions: the values of its group, such as `{"region": "eu"}`.
        customer: who used it, where one ledger serves several.

    Raises:
        MismatchError: `argument.type`, for what is no text.
    """

    __slots__ = ("customer", "dimensions", "item", "meter")

    def __init__(
        self,
        item: str | None = None,
        *,
        meter: str | None = None,
        dimensions: Mapping[str, str] | None = None,
        customer: str | None = None,
    ) -> None:
        self.dimensions: Pairs[str] = Pairs(dimensions)
        for held in (item, meter, customer):
            if held is not None and type(held) is not str:
                expect(held, str, "what credits are used for", "name it in text, as a plan does")
        for name, held in self.dimensions.items():
            if type(held) is not str or type(name) is not str:
                expect(name, str, "a dimension that credits are used in", "name it in text")
                expect(held, str, f"the dimension {name!r} that credits are used in", f'write "{held}", in quotes')
        self.item = item
        self.meter = meter
        self.customer = customer

    def to_json(self) -> dict[str, object]:
        """Its plain form, without what is not stated."""
        told = {"item": self.item, "meter": self.meter, "customer": self.customer, "dimensions": dict(self.dimensions)}
        return {name: held for name, held in told.items() if held or held == ""}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Use):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.item, self.meter, self.dimensions, self.customer))

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={held!r}" for name, held in self.to_json().items())
        return f"Use({told})"


class Scope(Model, frozen=True):
    """
    What a grant pays for: everything that meets each of these; what is left empty limits nothing.

    Attributes:
        items: the keys of items.
        meters: the keys of meters.
        dimensions: for each dimension, the values that may be paid for.
        customers: those who share the grant, where one ledger serves several.
        metered: whether only what comes from a meter is paid for.

    >>> Scope(meters=["tokens"]).covers(Use("gpt", meter="tokens")), Scope(meters=["tokens"]).covers(Use("seats"))
    (True, False)
    """

    items: Many[Key] = default(())
    meters: Many[Key] = default(())
    dimensions: Table[Annotated[tuple[str, ...], Field(min_length=1)]] = default(Pairs())
    customers: Many[Key] = default(())
    metered: bool = Field(default=False, strict=True)

    def covers(self, use: Use) -> bool:
        """Whether this pays for a use. What the use does not state, no limit lets through."""
        if (
            (self.items and use.item not in self.items)
            or (self.meters and use.meter not in self.meters)
            or (self.customers and use.customer not in self.customers)
            or (self.metered and use.meter is None)
        ):
            return False
        limits = self.dimensions
        return not limits or all(use.dimensions.get(name) in values for name, values in limits.items())

    @property
    def breadth(self) -> int:
        """How many items, meters, customers and values it names; 0 for one without limits."""
        values = sum(len(each) for each in self.dimensions.values())
        return len(self.items) + len(self.meters) + len(self.customers) + values + self.metered
