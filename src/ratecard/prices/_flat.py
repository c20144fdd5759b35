"""
The two simplest prices: a fee whatever the quantity, and a price for each unit.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from .._model import Amount, default, refuse
from .._numbers import ONE, ZERO, Exact, div, mul
from ..curve import Curve, constant, linear
from ..errors import Problem
from ..quantity import Usage
from ..steps import Input, Step
from ._base import Price, Priced, QuantityPrice, nothing

__all__ = ["Flat", "PerUnit"]


class Flat(Price, frozen=True):
    """
    A fee that is due whatever the quantity, also at 0: T(q) = amount.

    A quantity of the subscription (seats) multiplies it: T(q) = amount x q. The fee may be negative, as a standing
    credit.

    Attributes:
        amount: the fee for a full period. The field hides the method `amount(q)` of other prices;
            `curve().amount(q)` does for all of them.
        prorate: whether a part of a period costs that share of the fee.

    >>> from ratecard.quantity import Usage
    >>> Flat(amount="20").price(Usage.of(0)).amount
    Decimal('20')
    >>> Flat(amount="20").curve().amount(3)
    Decimal('20')
    >>> print(Flat(amount="20").price(Usage(ZERO, share=div(ONE, 4))).step.words())
    fee x share of the period: 20 x 0.25 = 5
    """

    model: Literal["flat"] = default("flat")
    amount: Amount
    prorate: bool = default(True)

    def price(self, usage: Usage) -> Priced:
        """The fee, times the share of the period, times the subscription's quantity where there is one."""
        amount: Exact = mul(self.amount, usage.share) if self.prorate and usage.share != ONE else self.amount
        if usage.licensed:
            amount = mul(amount, usage.total) if usage.total > ZERO else ZERO
        return Priced(amount or ZERO, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation of the amount."""
        factors: list[tuple[str, Input]] = [("fee", self.amount)]
        if usage.licensed:
            if usage.total < ZERO:
                return nothing("a negative quantity costs nothing")
            factors.append(("quantity", usage.total))
        if self.prorate and usage.share != ONE:
            factors.append(("share of the period", usage.share))
        if len(factors) == 1:
            return Step.of("given", [("value", self.amount)], note="fee")
        return Step.of("product", factors, note=" x ".join(name for name, _ in factors))

    def uncurved(self) -> str:
        """Why there is no curve: there is one."""
        return ""

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        amount = mul(self.amount, share) if self.prorate else self.amount
        return linear(amount) if licensed else constant(amount)


class PerUnit(QuantityPrice, frozen=True):
    """
    A price for each unit: T(q) = unit_price x q / per.

    The price may be negative, as a credit for each unit.

    Attributes:
        unit_price: the price for `per` units.
        per: how many units the price is for, above 0, such as 1,000,000.

    >>> PerUnit(unit_price="2", per=1000).amount(3500)
    Decimal('7.000')
    >>> print(PerUnit(unit_price="0.5").explain(12))
    12 x 0.5 = 6
    """

    model: Literal["per_unit"] = default("per_unit")
    unit_price: Amount
    per: Amount = default(ONE)

    @model_validator(mode="after")
    def _sound(self) -> PerUnit:
        refuse(per_faults(self.per))
        return self

    def _drawn(self) -> Curve:
        return linear(div(self.unit_price, self.per))

    def _walk(self, q: Exact) -> Step:
        inputs: list[tuple[str, Input]] = [("quantity", q), ("unit_price", self.unit_price)]
        if self.per != ONE:
            inputs.append(("per", self.per))
        return Step.of("product", inputs)


def per_faults(per: Exact) -> list[Problem]:
    """The problem of a price for no units."""
    if per > ZERO:
        return []
    return [Problem("per", "price.per", "a price is for more than 0 units; write per='1' or leave it out")]
