"""
A price in credits: a menu of what usage costs in a unit of one's own, and what becomes of what no credits pay.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from .._model import Key
from .._model import default as preset
from .._numbers import ZERO, Exact, Rounding, quantize, text
from ..errors import NoPriceError, Problem
from ..quantity import Usage
from ..steps import Step
from ._base import Asked, Nest, Price, Priced, curve_faults, noted, nothing

if TYPE_CHECKING:
    from ._union import AnyPrice

__all__ = ["Credit"]


class Credit(Nest, Asked, frozen=True):
    """
    Usage costs credits by a menu: credits = base(usage); what no credits pay is priced, T = overage(credits not paid).

    In a statement the customer's lots pay first, in the order in which they burn. Alone, with nothing held, all of it
    is overage. The menu is versioned like any price, by dated cards; another menu changes what a credit buys and never
    what a balance holds.

    Attributes:
        unit: the unit of the credits, one of the plan's own.
        base: what usage costs in credits, such as a `Matrix` by kind of work; any price but a share of other items, an
            `Outcome`, and an `Allowance` that is pooled or rolls over.
        overage: what credits that nobody paid cost in money; it must depend on the quantity alone. None refuses them
            (`NoPriceError`), unless the ledger lets the balance go below 0.
        rounding: the rule by which the credits of a counter are rounded to the decimals of the unit, cumulatively.

    >>> from ratecard.prices import PerUnit
    >>> price = Credit(unit="credits", base=PerUnit(unit_price="0.3"), overage=PerUnit(unit_price="0.02"))
    >>> price.credits(Usage.of(105)).amount
    Decimal('31.5')
    >>> print(price.explain(105))
    0.63
      105 x 0.3 = 31.5
      not paid by credits: 31.5 x 0.02 = 0.63
    """

    model: Literal["credit"] = preset("credit")
    unit: Key
    base: AnyPrice
    overage: AnyPrice | None = preset(None)
    rounding: Rounding = preset("half_up")

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The menu, and the price of what no credits pay."""
        return (("base", self.base),) if self.overage is None else (("base", self.base), ("overage", self.overage))

    def problems(self) -> list[Problem]:
        """A menu that reads what other items come to, and a price of the rest that reads more than how much it is."""
        found: list[Problem] = []
        if self.base.demand().items:
            words = "credits are drawn before any amount is known, so the menu can't be a share of other items"
            found.append(Problem("base", "credit.items", f"{words}; use another price"))
        return found if self.overage is None else [*found, *curve_faults(self.overage, "overage")]

    def uncurved(self) -> str:
        """Why there is no curve: what is held decides as well."""
        return "what it costs depends on the credits that are held"

    def outermost(self) -> str:
        """Why it cannot be a part of another price: lots pay for a whole item."""
        return "credits are drawn for a whole item only"

    def credits(self, usage: Usage, *, places: int | None = None) -> Priced:
        """
        What usage costs in credits.

        Args:
            usage: what was used.
            places: the decimals of the unit; None rounds nothing.
        """
        priced = self.base.price(usage)
        if places is None:
            return priced
        amount = quantize(priced.amount, places, self.rounding)

        def walk() -> Step:
            if amount == priced.amount:
                return priced.step
            return Step.of("round", [("places", Decimal(places)), ("mode", self.rounding)], parts=[priced.step])

        return Priced(amount, walk)

    def beyond(self, credits: Exact) -> Priced:
        """
        What credits cost that nobody paid.

        Raises:
            NoPriceError: `credit.uncovered`, where there are some and no price for them.
        """
        if self.overage is not None:
            return self.overage.price(Usage(credits))
        if credits > ZERO:
            raise NoPriceError(
                f"nothing pays for {text(credits)} {self.unit}; grant more of them, or give the price an overage",
                code="credit.uncovered",
            )
        return Priced(ZERO, lambda: nothing("nothing is left to pay"))

    def price(self, usage: Usage) -> Priced:
        """The amount for usage where no credits are held."""
        return Priced(self.beyond(self.credits(usage).amount).amount, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation: the credits, and what they cost."""
        credits = self.credits(usage)
        rest = noted(self.beyond(credits.amount).step, "not paid by credits")
        return Step.of("last", parts=[credits.step, rest])
