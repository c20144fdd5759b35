"""
The arithmetic of one tier, and the checks of tables of bounds. What a table does with its tiers stands in the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from .._numbers import ONE, ZERO, Exact, add, div, mul, text
from ..curve import Curve, constant, linear, select, stair
from ..errors import NoPriceError, Problem
from ..steps import Input, Step, clamped
from ._base import noted

__all__ = ["Band", "beyond", "bound_faults", "clamp_faults", "clamped_curve", "clamped_step", "holding"]

T = TypeVar("T")


class Band(NamedTuple):
    """
    One tier with its place in the table.

    Attributes:
        number: its place, from 1.
        lower: the bound of the tier before, exclusive; 0 for the first.
        upper: its own bound, inclusive; None for the open end.
        unit_price: the price for `per` units.
        per: the units that the price is for.
        flat: what is added once.
        package_price: the price of a package of `size`; None where units are priced.
        size: the units in a package; None where there are none.
        rounded: whether the units are rounded up to packages inside this tier.
        minimum: the least amount of the tier.
        maximum: the greatest amount of the tier.
    """

    number: int
    lower: Decimal
    upper: Decimal | None
    unit_price: Decimal
    per: Decimal = ONE
    flat: Decimal = ZERO
    package_price: Decimal | None = None
    size: Decimal | None = None
    rounded: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    @property
    def straight(self) -> bool:
        """Whether the amount is one straight line."""
        return not self.rounded and self.minimum is None and self.maximum is None

    @property
    def slope(self) -> Exact:
        """The price of one unit, packages in proportion."""
        if self.package_price is not None and self.size is not None:
            return div(self.package_price, self.size)
        return div(self.unit_price, self.per)

    def straight_amount(self, units: Exact) -> Exact:
        """The amount for units where it is one straight line."""
        return add(mul(self.slope, units), self.flat)

    def curve(self) -> Curve:
        """The amount as a function of the units that this tier prices, in force at 0 too."""
        if self.rounded and self.size is not None:
            found = stair(self.size, mul(self.slope, self.size))
        else:
            found = linear(self.slope)
        if self.flat:
            found = found + constant(self.flat)
        return found.clamp(self.minimum, self.maximum)

    def step(self, units: Exact, *, note: str = "") -> Step:
        """The derivation of the amount for units."""
        found = clamped_step(self._priced(units), self.minimum, self.maximum)
        return noted(found, note or self.name())

    def _priced(self, units: Exact) -> Step:
        flat: list[tuple[str, Input]] = [("flat_price", self.flat)] if self.flat else []
        if self.package_price is not None and self.size is not None:
            rounding = "up" if self.rounded else "none"
            sizes: list[tuple[str, Input]] = [("package_size", self.size), ("package_price", self.package_price)]
            found = Step.of("package", [("quantity", units), *sizes, ("rounding", rounding)])
        elif self.rounded and self.size is not None:
            packed = Step.of("packed", [("quantity", units), ("package_size", self.size)])
            per: list[tuple[str, Input]] = [("divisor", self.per)] if self.per != ONE else []
            found = Step.of("scaled", [("factor", self.unit_price), *per], parts=[packed])
        else:
            stated: list[tuple[str, Input]] = [("units", units), ("unit_price", self.unit_price)]
            return Step.of("tier", [*stated, *([("per", self.per)] if self.per != ONE else []), *flat])
        if not flat:
            return found
        return Step.of("sum", parts=[found, Step.of("given", [("value", self.flat)], note="flat price")])

    def name(self) -> str:
        """What a person calls it."""
        if self.upper is None:
            return f"tier {self.number} above {text(self.lower)}" if self.lower else f"tier {self.number}"
        return f"tier {self.number} to {text(self.upper)}"


def clamped_curve(curve: Curve, minimum: Decimal | None, maximum: Decimal | None, *, at_zero: bool) -> Curve:
    """A curve held between two amounts; at 0 only where the price is in force there."""
    if minimum is None and maximum is None:
        return curve
    first = curve.amount(ZERO)
    start = clamped(first, minimum, maximum) if at_zero else first
    return select([(None, curve.clamp(minimum, maximum))], at_zero=start)


def clamped_step(step: Step, minimum: Decimal | None, maximum: Decimal | None) -> Step:
    """A step held between two amounts."""
    bounds: list[tuple[str, Input]] = [] if minimum is None else [("minimum", minimum)]
    if maximum is not None:
        bounds.append(("maximum", maximum))
    return Step.of("clamp", bounds, parts=[step]) if bounds else step


def holding(bounds: Sequence[Decimal | None], q: Exact) -> int:
    """The place of the range that holds a quantity: the first whose inclusive bound is not below it."""
    return next(index for index, upper in enumerate(bounds) if upper is None or q <= upper)


def beyond(q: Exact, bound: Decimal) -> None:
    """Refuse a quantity beyond the end of a closed table."""
    if q > bound:
        raise NoPriceError(
            f"{text(q)} lies beyond {text(bound)}, where the table ends; add a tier for it", code="price.beyond"
        )


def bound_faults(bounds: Sequence[Decimal | None], path: str, *, closed: bool = False) -> list[Problem]:
    """
    All that is wrong with the bounds of a table, each with its place.

    Args:
        bounds: the inclusive upper bounds, None for an open end.
        path: the name of the table's field.
        closed: the last bound is the end; else the last must be open.
    """
    if not bounds:
        return [Problem(path, "tier.none", "the table is empty; add one with an open end (no up_to)")]
    found: list[Problem] = []
    highest: Decimal | None = None
    for index, upper in enumerate(bounds):
        place = f"{path}[{index}].up_to"
        if upper is None:
            if index < len(bounds) - 1:
                told = "this one has no end, so nothing after it can be reached; give it a bound"
                found.append(Problem(place, "tier.open", told))
            continue
        found += _bound_faults(upper, highest, place)
        highest = upper if highest is None or upper > highest else highest
    return found + _end_faults(bounds[-1], f"{path}[{len(bounds) - 1}].up_to", closed)


def _bound_faults(upper: Decimal, highest: Decimal | None, place: str) -> list[Problem]:
    if upper <= ZERO:
        return [Problem(place, "tier.bound", f"the bound {text(upper)} is not above 0; write a larger one")]
    if highest is None or upper > highest:
        return []
    if upper == highest:
        return [Problem(place, "tier.equal", f"the bound {text(upper)} stands twice; make one larger or remove it")]
    told = f"the bound {text(upper)} is below {text(highest)} before it; put them in rising order"
    return [Problem(place, "tier.order", told)]


def _end_faults(last: Decimal | None, place: str, closed: bool) -> list[Problem]:
    if closed and last is None:
        return [Problem(place, "tier.open", "the table is said to be closed; give its last entry a bound")]
    if not closed and last is not None:
        told = f"nothing has a price above {text(last)}; leave out the last up_to, or write closed=True to refuse more"
        return [Problem(place, "tier.closed", told)]
    return []


def clamp_faults(minimum: Decimal | None, maximum: Decimal | None, *, place: str = "minimum") -> list[Problem]:
    """The problem of a minimum above the maximum, at the place of the minimum."""
    if minimum is None or maximum is None or minimum <= maximum:
        return []
    told = f"{text(minimum)} is above the maximum of {text(maximum)}; exchange them"
    return [Problem(place, "clamp.order", told)]
