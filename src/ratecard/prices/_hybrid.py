"""
Prices made of others: their sum or the greatest or least of them, one after another, after included units, by weights.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from .._model import Amount, Key, Many, Model, OptionalAmount, default
from .._numbers import ONE, ZERO, Exact, add, mul, sub, text, total
from ..curve import Curve, first_then, greatest, least
from ..demand import Demand, Dimension
from ..errors import NoPriceError, Problem
from ..quantity import Usage
from ..steps import Input, Step
from ._base import Composite, Nest, Price, Priced, curve_faults, listed, negatives, noted, summed
from ._cells import Rows, cell_faults, cells

if TYPE_CHECKING:
    from ._union import AnyPrice

__all__ = ["Allowance", "FirstThen", "Hybrid", "UnitsOff", "Weight", "Weighted"]


class Hybrid(Composite, frozen=True):
    """
    Several prices of the same usage: T = their sum, or the greatest or the least of them.

    Attributes:
        combine: `sum`, `greatest` (a minimum that is itself a price) or `least` (the better of two offers).
        prices: at least one.

    >>> from ratecard.prices import Flat, PerUnit
    >>> price = Hybrid(prices=[Flat(amount="20"), PerUnit(unit_price="0.5")])
    >>> print(price.explain(8))
    20 + 4 = 24
      fee: 20
      8 x 0.5 = 4
    """

    model: Literal["hybrid"] = default("hybrid")
    combine: Literal["sum", "greatest", "least"] = default("sum")
    prices: Many[AnyPrice]

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The prices."""
        return tuple((f"prices[{index}]", price) for index, price in enumerate(self.prices))

    def problems(self) -> list[Problem]:
        """No price at all."""
        return [] if self.prices else [Problem("prices", "prices.none", "nothing to combine; add at least one price")]

    def _amount(self, usage: Usage) -> Exact:
        amounts = [price.price(self._handed(price, usage)).amount for price in self.prices]
        if self.combine == "sum":
            return total(amounts)
        return max(amounts) if self.combine == "greatest" else min(amounts)

    def step(self, usage: Usage) -> Step:
        """The derivation: a step a price, and how they combine."""
        return Step.of(self.combine, parts=[price.step(self._handed(price, usage)) for price in self.prices])

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        first, *others = [price.curve(share=share, licensed=licensed) for price in self.prices]
        if self.combine == "sum":
            for other in others:
                first = first + other
            return first
        return greatest(first, *others) if self.combine == "greatest" else least(first, *others)


class FirstThen(Composite, frozen=True):
    """
    One price for the first units and another, starting at 0, for the rest.

    T(q) = first(min(q, n)) + then(max(0, q - n)). Both must depend on the quantity alone. A flat fee in either is due
    whatever the quantity.

    Attributes:
        first: the price of the first units.
        units: how many, n, 0 or more.
        then: the price of what is beyond them.

    >>> from ratecard.prices import Flat, PerUnit
    >>> price = FirstThen(first=Flat(amount="10"), units=100, then=PerUnit(unit_price="0.2"))
    >>> print(price.explain(105))
    10 + 1 = 11
      first 100, fee: 10
      then: 5 x 0.2 = 1
    """

    model: Literal["first_then"] = default("first_then")
    first: AnyPrice
    units: Amount
    then: AnyPrice

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The two prices."""
        return (("first", self.first), ("then", self.then))

    def problems(self) -> list[Problem]:
        """Units below 0, and prices that read more than the quantity."""
        found = negatives({"units": self.units})
        return [*found, *curve_faults(self.first, "first"), *curve_faults(self.then, "then")]

    def _split(self, usage: Usage) -> tuple[Usage, Usage]:
        q = usage.total
        if q <= self.units:
            return usage.with_total(q), usage.with_total(ZERO)
        return usage.with_total(self.units), usage.with_total(sub(q, self.units))

    def _amount(self, usage: Usage) -> Exact:
        first, then = self._split(usage)
        return add(self.first.price(first).amount, self.then.price(then).amount)

    def step(self, usage: Usage) -> Step:
        """The derivation: what the first units cost, and the rest."""
        first, then = self._split(usage)
        parts = [noted(self.first.step(first), f"first {text(self.units)}"), noted(self.then.step(then), "then")]
        return Step.of("sum", parts=parts)

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        first = self.first.curve(share=share, licensed=licensed)
        return first_then(first, self.units, self.then.curve(share=share, licensed=licensed))


class Allowance(Composite, frozen=True):
    """
    Included units, taken first; then the price starts at 0: T(q) = base(max(0, q - units available)).

    A free first tier is another thing: it uses up room in the tiers, an allowance does not.

    Attributes:
        units: how many are included in a period, 0 or more.
        base: the price of what is beyond them; it must depend on the quantity alone.
        scope: `group` gives every group its own units, `pooled` shares them among the groups by quantity; the shares
            add up to the units, and none is more than its group used.
        rollover: the most unused units that are taken into the next period; None for none.
        prorate: whether a part of a period includes that share of the units only.

    >>> from ratecard.prices import PerUnit
    >>> price = Allowance(units=1000, base=PerUnit(unit_price="0.1"), rollover=500)
    >>> print(price.explain(1200))
    20
      beyond the included units: 200, at least 0 = 200
        1200 - 1000 = 200
          quantity: 1200
          included units: 1000
      200 x 0.1 = 20
    >>> price.leftover(Usage.of(300))
    Decimal('500')
    """

    # What the explanation calls the units.
    _words: ClassVar[str] = "included units"

    model: Literal["allowance"] = default("allowance")
    units: Amount
    base: AnyPrice
    scope: Literal["group", "pooled"] = default("group")
    rollover: OptionalAmount = default(None)
    prorate: bool = default(False)

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The price beyond the included units."""
        return (("base", self.base),)

    def problems(self) -> list[Problem]:
        """Units below 0, and a price that reads more than the quantity."""
        found = negatives({"units": self.units, "rollover": self.rollover})
        if self.rollover is not None and self.scope == "pooled":
            words = "units that all groups have in common are nobody's to take on; leave out the rollover or the pool"
            found.append(Problem("rollover", "allowance.pooled", words))
        return found + curve_faults(self.base, "base")

    def outermost(self) -> str:
        """Why it cannot be a part of another price: what it shares or carries over is kept for a whole item."""
        if self.rollover is not None:
            return "unused units roll over for a whole item only"
        return "units are pooled for a whole item only" if self.scope == "pooled" else ""

    def included(self, usage: Usage) -> Exact:
        """The units of this usage that cost nothing: this group's or period's own, and those rolled in."""
        return add(self._own(usage), usage.rolled)

    def _own(self, usage: Usage) -> Exact:
        if usage.allotted is not None:
            return usage.allotted
        return mul(self.units, usage.share) if self.prorate else self.units

    def leftover(self, usage: Usage) -> Exact:
        """The unused units that the next period takes over, at most `rollover`."""
        if self.rollover is None:
            return ZERO
        used = usage.total if usage.total > ZERO else ZERO
        left = sub(self.included(usage), used)
        return ZERO if left < ZERO else min(left, self.rollover)

    def price(self, usage: Usage) -> Priced:
        """The price of what is beyond the units available."""
        return Priced(self._amount(usage), lambda: self.step(usage))

    def _amount(self, usage: Usage) -> Exact:
        return self.base.price(usage.with_total(self._rest(usage))).amount

    def _rest(self, usage: Usage) -> Exact:
        q = usage.total
        if q < ZERO:
            return q
        free = self.included(usage)
        return sub(q, free) if q > free else ZERO

    def step(self, usage: Usage) -> Step:
        """The derivation: the units beyond the included ones, and what they cost."""
        rest = self._rest(usage)
        priced = self.base.step(usage.with_total(rest))
        if usage.total < ZERO:
            return priced
        quantity = Step.of("given", [("value", usage.total)], note="quantity")
        beyond = Step.of("difference", parts=[quantity, self._included_step(usage)])
        note = f"beyond the {self._words}"
        return Step.of("last", parts=[Step.of("clamp", [("minimum", ZERO)], parts=[beyond], note=note), priced])

    def _included_step(self, usage: Usage) -> Step:
        note = self._words
        if usage.allotted is not None:
            own = Step.of("given", [("value", usage.allotted)], note=f"{note}{self._shared(usage)}")
        elif self.prorate and usage.share != ONE:
            inputs: list[tuple[str, Input]] = [("units", self.units), ("share", usage.share)]
            own = Step.of("product", inputs, note=f"{note} x share of the period")
        else:
            own = Step.of("given", [("value", self.units)], note=note)
        if not usage.rolled:
            return own
        return Step.of("sum", parts=[own, Step.of("given", [("value", usage.rolled)], note="rolled in")])

    def _shared(self, usage: Usage) -> str:
        """How a group came to its part of units that all groups have in common."""
        if usage.pool is None:
            return ""
        units = mul(self.units, usage.share) if self.prorate else self.units
        if usage.pool <= units:
            return f", as many as this group used: {text(units)} cover the {text(usage.pool)} of all groups"
        return f", this group's share of {text(units)} by quantity, {text(usage.total)} of {text(usage.pool)}"

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        units = mul(self.units, share) if self.prorate else self.units
        return self.base.curve(share=share, licensed=licensed).shift(units)


class UnitsOff(Allowance, frozen=True):
    """
    An allowance whose units a discount takes off. Made for an item with such a discount; not a model people write.

    Attributes:
        units, base, scope, rollover, prorate: as of an allowance.
    """

    _words: ClassVar[str] = "units off"


class Weight(Model, frozen=True):
    """
    The factor of one combination of property values.

    Attributes:
        values: a value for each dimension, "*" for any; the value of a missing property is "".
        factor: what a unit counts for, 0 or more.
    """

    values: Many[str]
    factor: Amount


class Weighted(Nest, frozen=True):
    """
    Scaling factors: T = base(the sum over combinations of factor x quantity), so that all share one set of tiers.

    An exact row comes first, then the one with the fewest wildcards, ties by order.

    Attributes:
        dimensions: the properties, at least one.
        factors: the rows.
        default_factor: the factor of all other combinations; None to refuse them.
        base: the price of the weighted quantity; it must depend on the quantity alone.

    >>> from ratecard.prices import PerUnit
    >>> price = Weighted(dimensions=["size"], default_factor=1, base=PerUnit(unit_price="2"), factors=[
    ...     Weight(values=["large"], factor=4),
    ... ])
    >>> usage = Usage.of(8, cells={Dimension("size"): {"large": Usage.of(3), "small": Usage.of(5)}})
    >>> print(price.price(usage).step.words())
    34
      12 + 5 = 17
        size=large: 3 x 4 = 12
        size=small: 5 x 1 = 5
      17 x 2 = 34
    """

    model: Literal["weighted"] = default("weighted")
    dimensions: Many[Key]
    factors: Many[Weight]
    default_factor: OptionalAmount = default(None)
    base: AnyPrice

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The price of the weighted quantity."""
        return (("base", self.base),)

    def problems(self) -> list[Problem]:
        """Dimensions and rows that do not fit, factors below 0, and a price that reads more than the quantity."""
        found = cell_faults(self.dimensions, self._rows, "factors")
        if not self.factors and self.default_factor is None:
            found.append(Problem("factors", "cell.none", "the table is empty; add a factor, or a default_factor"))
        signs = {f"factors[{index}].factor": each.factor for index, each in enumerate(self.factors)}
        found += negatives({**signs, "default_factor": self.default_factor})
        return found + curve_faults(self.base, "base")

    @cached_property
    def _rows(self) -> tuple[tuple[str, ...], ...]:
        return tuple(each.values for each in self.factors)

    @cached_property
    def _table(self) -> Rows:
        return Rows(self._rows)

    def demand(self) -> Demand:
        """The cuts by the dimensions."""
        return Demand(axes=tuple(Dimension(name) for name in self.dimensions))

    def _weighed(self, usage: Usage) -> list[tuple[str, Exact, Exact]]:
        found: list[tuple[str, Exact, Exact]] = []
        for values, part in cells(usage, self.dimensions):
            index = self._table.find(values)
            factor = self.default_factor if index is None else self.factors[index].factor
            name = listed(self.dimensions, values)
            if factor is None:
                told = f"nothing weighs {name}; add a factor for it, or a default_factor"
                raise NoPriceError(told, code="price.cell")
            found.append((name, part.total, factor))
        return found

    def price(self, usage: Usage) -> Priced:
        """The price of the weighted quantity."""
        weighed = total(mul(quantity, factor) for _, quantity, factor in self._weighed(usage))
        amount = self.base.price(usage.with_total(weighed)).amount
        return Priced(amount, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation: the weighted quantity, and what it costs."""
        parts = [
            Step.of("product", [("quantity", quantity), ("factor", factor)], note=name)
            for name, quantity, factor in self._weighed(usage)
        ]
        weighed = summed(parts, none="no usage")
        return Step.of("last", parts=[weighed, self.base.step(usage.with_total(weighed.result))])
