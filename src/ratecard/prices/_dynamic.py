"""
Prices that the records carry themselves, and a factor on another price.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from .._folds import CarriedState
from .._model import Amount, Key, OptionalAmount, refuse
from .._model import default as preset
from .._numbers import ONE, ZERO, Exact, div, mul, sub, text
from ..curve import Curve
from ..demand import Carried, Demand
from ..errors import Problem
from ..quantity import Usage
from ..steps import Step
from ._base import Composite, Price, Priced, negatives

if TYPE_CHECKING:
    from ._union import AnyPrice

__all__ = ["Dynamic", "Multiplier"]


class Dynamic(Price, frozen=True):
    """
    The record carries its price or its cost: T = sum of carried amounts x multiplier, or / (1 - margin).

    A record without the property takes the default, or is refused when there is none; it is never dropped.

    Attributes:
        of: the property that holds the price.
        per_unit: the property is the price of a unit and is multiplied by the metered value; else it is a whole amount.
        default: what a record without the property carries; None to refuse it.
        multiplier: a markup as a factor, 0 or more: "1.2" adds 20 % to the cost.
        margin: the share of the price that is not cost, from 0 to below 1: "0.2" on a cost of 80 gives 100.

    >>> price = Dynamic(of="cost", per_unit=False, margin="0.2")
    >>> [fold] = price.demand().folds
    >>> usage = Usage.of(3, folds={fold: fold.load(["80", 1])})
    >>> price.price(usage).amount
    Decimal('100')
    >>> print(price.price(usage).step.words())
    margin of 0.2: 80 / 0.8 = 100
      carried by the records, 1 by default: 80
    """

    model: Literal["dynamic"] = preset("dynamic")
    of: Key
    per_unit: bool = preset(True)
    default: OptionalAmount = preset(None)
    multiplier: Amount = preset(ONE)
    margin: OptionalAmount = preset(None)

    @model_validator(mode="after")
    def _sound(self) -> Dynamic:
        refuse(_faults(self))
        return self

    @cached_property
    def _fold(self) -> Carried:
        return Carried(of=self.of, per_unit=self.per_unit, default=self.default)

    def demand(self) -> Demand:
        """What the records carry, added up."""
        return Demand(folds=(self._fold,))

    def price(self, usage: Usage) -> Priced:
        """The carried amounts with the markup or margin."""
        carried = self._fold.value(usage.fold(self._fold))
        divisor = ONE if self.margin is None else sub(ONE, self.margin)
        amount = div(mul(carried, self.multiplier), divisor)
        return Priced(amount or ZERO, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation of the amount."""
        state: CarriedState = usage.fold(self._fold)
        note = f"carried by the records, {state.defaults} by default" if state.defaults else "carried by the records"
        carried = Step.of("given", [("value", state.amount)], note=note)
        if self.margin is not None:
            divisor = sub(ONE, self.margin)
            return Step.of("scaled", [("divisor", divisor)], parts=[carried], note=f"margin of {text(self.margin)}")
        if self.multiplier == ONE:
            return carried
        return Step.of("scaled", [("factor", self.multiplier)], parts=[carried], note="markup")


def _faults(price: Dynamic) -> list[Problem]:
    found = negatives({"multiplier": price.multiplier, "margin": price.margin})
    if price.margin is not None and price.margin >= ONE:
        found.append(Problem("margin", "price.margin", "a margin is a share of the price below 1; write 0.2 for 20 %"))
    if price.margin is not None and price.multiplier != ONE:
        found.append(Problem("margin", "price.both", "a price takes a multiplier or a margin; remove one of them"))
    return found


class Multiplier(Composite, frozen=True):
    """
    A factor on another price: T(q) = factor x base(q); a batch at half price, a cache read at a tenth.

    Attributes:
        factor: 0 or more.
        base: the price.

    >>> from ratecard.prices import PerUnit
    >>> print(Multiplier(factor="0.5", base=PerUnit(unit_price="3")).explain(10))
    30 x 0.5 = 15
      10 x 3 = 30
    """

    model: Literal["multiplier"] = preset("multiplier")
    factor: Amount
    base: AnyPrice

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The price under the factor."""
        return (("base", self.base),)

    def problems(self) -> list[Problem]:
        """A factor below 0."""
        return negatives({"factor": self.factor})

    def _amount(self, usage: Usage) -> Exact:
        return mul(self.base.price(self._handed(self.base, usage)).amount, self.factor)

    def step(self, usage: Usage) -> Step:
        """The derivation of the amount."""
        return Step.of("scaled", [("factor", self.factor)], parts=[self.base.step(self._handed(self.base, usage))])

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        return self.base.curve(share=share, licensed=licensed).scale(self.factor)
