"""
The price of each record, rounded before it is added up: what a plan that rounds at the record makes of its items'
prices.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from .._model import Whole, default
from .._numbers import ZERO, Exact, Rounding, div
from ..demand import Demand, EachRounded, PerRecord
from ..quantity import Usage
from ..steps import Step
from ._base import Price, Priced, nothing
from ._flat import PerUnit
from ._percent import Percentage

__all__ = ["ByRecord", "record_price"]


def record_price(price: Price) -> PerRecord | None:
    """
    What one record costs by itself, where the whole is the sum of that over the records; None for all other prices.

    A price for each unit is one, and a percentage without free records, free amount and bounds of the whole.
    """
    if isinstance(price, PerUnit):
        rate = div(price.unit_price, price.per)
        return PerRecord(rate, refunds=True) if isinstance(rate, Decimal) else None
    if isinstance(price, Percentage) and price.minimum is None and price.maximum is None:
        (fold,) = price.demand().folds
        return fold if isinstance(fold, PerRecord) and not fold.ordered else None
    return None


class ByRecord(Price, frozen=True):
    """
    A price whose records are rounded one by one. Made for a plan with `rounding_at="record"`; not a model people write.

    Formula: the sum over records of round(price of the record). Units that come to less than none cost 0, unless the
    price refunds them.

    Attributes:
        base: the price of a record.
        places, mode: how each record is rounded.
    """

    model: Literal["by_record"] = default("by_record")
    base: PerUnit | Percentage
    places: Whole
    mode: Rounding = default("half_up")

    def _fold(self) -> EachRounded:
        price = record_price(self.base)
        assert price is not None
        return EachRounded(price, self.places, self.mode)

    def demand(self) -> Demand:
        """The fold that rounds each record."""
        return Demand(folds=[self._fold()])

    def price(self, usage: Usage) -> Priced:
        """The sum of the rounded prices of all records."""
        fold = self._fold()
        amount: Exact = fold.value(usage.fold(fold))
        return Priced(ZERO if self._is_returned(usage) else amount, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The sum, which only the records themselves can show."""
        if self._is_returned(usage):
            return nothing("a negative quantity costs nothing")
        state = usage.fold(self._fold())
        told = "1 record" if state.records == 1 else f"{state.records} records"
        note = f"the price of {told}, rounded one by one to {self.places} places"
        return Step("given", [("value", state.amount)], state.amount, note=note)

    def _is_returned(self, usage: Usage) -> bool:
        """Whether more units were taken back than used; a percentage looks at that record by record."""
        return isinstance(self.base, PerUnit) and not self.base.refunds and usage.total < ZERO
