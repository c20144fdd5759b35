"""
How the arguments of a curve are read: quantities, amounts, sizes, ranges and the bounds of a table.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import (
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import TypeAlias

from ._numbers import ZERO, Exact, Ratio, number, sign, text
from ._shapes import Packing
from .errors import NumberError

__all__ = [
    "Given",
    "read_bounds",
    "read_end",
    "read_mode",
    "read_quantity",
    "read_range",
    "read_size",
    "read_value",
]

Given: TypeAlias = Decimal | int | str | Ratio
"""A number as it may be given: text of the number grammar, an int, a Decimal, or an exact ratio."""


# Room for every result of a chain of prices, and a bound on what a product of such values can need.
_HELD = Context(
    prec=400, Emin=-999, Emax=999, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation, Inexact]
)


def read_value(given: Given) -> Exact:
    """An exact value; results of earlier calls may have more digits than the number grammar lets in."""
    if isinstance(given, Ratio):
        return given
    if isinstance(given, Decimal):
        try:
            held = _HELD.plus(given)
        except DecimalException:
            return number(given)
        return held if held.is_finite() else number(given)
    return number(given)


def read_quantity(given: Given) -> Exact:
    """A quantity: an exact value of 0 or more."""
    found = read_value(given)
    if found < ZERO:
        raise NumberError(
            f"a quantity of {text(found)} is below 0; price 0 or more, and treat refunds apart",
            code="quantity.negative",
        )
    return found


def read_size(given: Given) -> Exact:
    """The units in a package: above 0."""
    found = read_value(given)
    if sign(found) <= 0:
        raise NumberError(f"a package of {text(found)} units can't be sold; give a size above 0", code="size.positive")
    return found


def read_mode(mode: Packing) -> Packing:
    """One of the three ways to count packages."""
    if mode not in ("up", "down", "none"):
        raise NumberError(f"{mode!r} is no way to count packages; write up, down or none", code="packing.unknown")
    return mode


def read_end(given: Given | None) -> Exact | None:
    """The end of a range; None where it has none."""
    return None if given is None else read_quantity(given)


def read_range(start: Given, end: Given | None) -> tuple[Exact, Exact | None]:
    """A range that does not end before it starts."""
    low, high = read_quantity(start), read_end(end)
    if high is not None and high < low:
        raise NumberError(f"the range ends at {text(high)}, before its start; exchange the two", code="range.order")
    return low, high


def read_bounds(given: Iterable[Given | None]) -> list[Decimal | None]:
    """The upper bounds of a table: rising from above 0, the last one open."""
    found = [None if each is None else number(each) for each in given]
    if not found:
        raise NumberError("a table without rows has no price; give at least one row", code="table.empty")
    if found[-1] is not None or None in found[:-1]:
        raise NumberError("the last row, and no other, is open; give it the upper bound None", code="table.open")
    reached = ZERO
    for index, upper in enumerate(found):
        if upper is not None and upper <= reached:
            raise NumberError(
                f"row {index} ends at {text(upper)}, which is not above {text(reached)}; sort the rows",
                code="table.order",
            )
        reached = reached if upper is None else upper
    return found
