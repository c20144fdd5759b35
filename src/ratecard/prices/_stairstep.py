"""
A price that is the amount of the step that holds the quantity.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from .._model import Amount, Many, Model, OptionalAmount, default, refuse
from .._numbers import ZERO, Exact
from ..curve import Curve
from ..errors import Problem
from ..steps import Step
from ._bands import Band, bound_faults, holding
from ._base import negatives, noted
from ._tiered import BandPrice, volume_curve

__all__ = ["Stair", "Stairstep"]


class Stair(Model, frozen=True):
    """
    One step of a stair: (bound of the step before, up_to].

    Attributes:
        up_to: the inclusive upper bound, above the one before; None for the open end.
        amount: the price of every quantity on the step, 0 or more.
    """

    up_to: OptionalAmount = default(None)
    amount: Amount


class Stairstep(BandPrice, frozen=True):
    """
    The step that holds the quantity gives the whole price: T(q) = its amount, and T(0) = 0 unless `flat_at_zero`.

    Attributes:
        steps: at least one, bounds rising, the last open.
        flat_at_zero: the first step holds 0 too, so that its amount is due.

    >>> price = Stairstep(steps=[Stair(up_to=10, amount="20"), Stair(up_to=50, amount="45"), Stair(amount="90")])
    >>> price.amount(0), price.amount(10), price.amount(11), price.amount(51)
    (Decimal('0'), Decimal('20'), Decimal('45'), Decimal('90'))
    >>> print(price.explain(11))
    step 2 to 50: 45
    """

    model: Literal["stairstep"] = default("stairstep")
    steps: Many[Stair]

    @model_validator(mode="after")
    def _sound(self) -> Stairstep:
        refuse(_faults(self))
        return self

    def _rows(self) -> tuple[Band, ...]:
        lowers = [ZERO, *(step.up_to or ZERO for step in self.steps)]
        return tuple(
            Band(number, lower, step.up_to, ZERO, flat=step.amount)
            for number, (lower, step) in enumerate(zip(lowers, self.steps, strict=False), 1)
        )

    def _table_curve(self) -> Curve:
        return volume_curve(self._bands, at_zero=self.flat_at_zero)

    def _table_step(self, q: Exact) -> Step:
        held = self._bands[holding([band.upper for band in self._bands], q)]
        return noted(Step.of("given", [("value", held.flat)]), held.name().replace("tier", "step"))


def _faults(price: Stairstep) -> list[Problem]:
    found = bound_faults([step.up_to for step in price.steps], "steps", closed=price.closed)
    return found + negatives({f"steps[{index}].amount": step.amount for index, step in enumerate(price.steps)})
