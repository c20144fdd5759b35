"""
A price for packages of units.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from .._model import Amount, default, refuse
from .._numbers import ZERO, Exact
from ..curve import Curve, stair
from ..errors import Problem
from ..steps import Input, Step
from ._base import QuantityPrice, negatives

__all__ = ["Package"]


class Package(QuantityPrice, frozen=True):
    """
    A price for every package: T(q) = package_price x packages in (q - free_units), 0 up to the free units.

    Packages are counted on the cumulative quantity of the period, so many small records do not start a package each.

    Attributes:
        package_size: the units in a package, above 0.
        package_price: the price of a package, 0 or more.
        free_units: units taken off first, 0 or more.
        rounding: `up` bills every started package, `down` only full ones, `none` parts in proportion.

    >>> price = Package(package_size=100, package_price="5", free_units=50)
    >>> price.amount(50), price.amount(150), price.amount("150.5")
    (Decimal('0'), Decimal('5'), Decimal('10'))
    >>> print(price.explain(151))
    151 less 50 free in packages of 100 (rounded up) x 5 = 10
    """

    model: Literal["package"] = default("package")
    package_size: Amount
    package_price: Amount
    free_units: Amount = default(ZERO)
    rounding: Literal["up", "down", "none"] = default("up")

    @model_validator(mode="after")
    def _sound(self) -> Package:
        refuse(_faults(self))
        return self

    def _drawn(self) -> Curve:
        return stair(self.package_size, self.package_price, self.rounding).shift(self.free_units)

    def _walk(self, q: Exact) -> Step:
        inputs: list[tuple[str, Input]] = [("quantity", q)]
        if self.free_units:
            inputs.append(("free_units", self.free_units))
        inputs += [("package_size", self.package_size), ("package_price", self.package_price)]
        return Step.of("package", [*inputs, ("rounding", self.rounding)])


def _faults(price: Package) -> list[Problem]:
    signs = {"package_price": price.package_price, "free_units": price.free_units}
    return size_faults(price.package_size) + negatives(signs)


def size_faults(size: Exact | None, path: str = "package_size") -> list[Problem]:
    """The problem of a package without units."""
    if size is None or size > ZERO:
        return []
    return [Problem(path, "package.size", "a package holds more than 0 units; write its size, such as '100'")]
