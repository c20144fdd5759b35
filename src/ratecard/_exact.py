"""
Exact values: sums, products and quotients, ratios for what does not end, and the one text of each value.

- `add`, `sub`, `mul` run in a private context of 2,000 digits in which an inexact result is an error of ours
  (`InternalError`, `number.overrun`), never a quiet rounding, and which the caller's decimal context can neither touch
  nor see. A method of `CONTEXT` called directly raises decimal's own exception in its place.
- What does not end in decimal (a third of a month, an average) is a `Ratio`: a Decimal over an int, kept until a named
  rounding. `div` gives a Decimal whenever the result ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, DecimalException
from math import gcd
from typing import TypeAlias

from ._grammar import CONTEXT, PRECISION, SHOWN, ZERO, kind_name, plain, really
from .errors import InternalError, NumberError

__all__ = [
    "Exact",
    "Ratio",
    "add",
    "as_fraction",
    "ceil",
    "div",
    "exact",
    "floor",
    "mul",
    "neg",
    "overrun",
    "sign",
    "sub",
    "text",
    "total",
]

_LONGEST_DENOMINATOR = (10**PRECISION).bit_length()


class Ratio:
    """
    An exact value that decimal digits cannot end: a Decimal over an int, in lowest terms.

    Made by `div`; never made for a value that ends. Compares exactly with Decimals, ints and other ratios.
    """

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Decimal, denominator: int) -> None:
        self.numerator = numerator
        self.denominator = denominator

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Ratio):
            return self.denominator == other.denominator and self.numerator == other.numerator
        return False if isinstance(other, Decimal | int) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.numerator, self.denominator))

    def __lt__(self, other: Exact | int) -> bool:
        return _compare(self, other) < 0

    def __le__(self, other: Exact | int) -> bool:
        return _compare(self, other) <= 0

    def __gt__(self, other: Exact | int) -> bool:
        return _compare(self, other) > 0

    def __ge__(self, other: Exact | int) -> bool:
        return _compare(self, other) >= 0

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"Ratio({text(self)!r})"

    def __str__(self) -> str:
        return text(self)

    def __reduce__(self) -> tuple[object, ...]:
        return (_revived, (self.numerator, self.denominator))


def _revived(numerator: object, denominator: object) -> Exact:
    """The value of a pickle, in its one form; a damaged one is refused."""
    sound = really(numerator, Decimal) and numerator.is_finite() and type(denominator) is int and denominator > 0
    if not sound:
        raise NumberError("this is not a ratio; write it anew from the value it was made of", code="number.syntax")
    assert isinstance(numerator, Decimal)
    assert isinstance(denominator, int)
    return _lowest(numerator, denominator)


Exact: TypeAlias = Decimal | Ratio
"""An exact value: a Decimal where the digits end, a `Ratio` where they do not."""


def _parts(value: Exact | int) -> tuple[Decimal, int]:
    if type(value) is Ratio:
        return value.numerator, value.denominator
    if type(value) is Decimal:
        return value, 1
    if really(value, Decimal) or (really(value, int) and not really(value, bool)):
        return Decimal(value), 1
    raise NumberError(f"an exact value is wanted, not {kind_name(value)}; write a Decimal", code="number.type")


def _compare(a: Exact | int, b: Exact | int) -> int:
    (n, d), (m, e) = _parts(a), _parts(b)
    left, right = CONTEXT.multiply(n, Decimal(e)), CONTEXT.multiply(m, Decimal(d))
    return (left > right) - (left < right)


def _lowest(numerator: Decimal, denominator: int) -> Exact:
    """The one form of a value: twos and fives of the denominator go into the digits, the rest is in lowest terms."""
    if not numerator:
        return ZERO
    exponent = numerator.as_tuple().exponent
    assert isinstance(exponent, int)
    units = int(CONTEXT.scaleb(numerator, -exponent))
    common = gcd(units, denominator)
    units //= common
    denominator //= common
    twos = fives = 0
    if denominator.bit_length() > _LONGEST_DENOMINATOR:
        raise overrun()
    while not denominator % 2:
        denominator //= 2
        twos += 1
    while not denominator % 5:
        denominator //= 5
        fives += 1
    shift = max(twos, fives)
    units *= 2 ** (shift - twos) * 5 ** (shift - fives)
    found = CONTEXT.scaleb(Decimal(units), exponent - shift)
    if denominator == 1:
        return plain(found)
    return Ratio(plain(found), denominator)


def overrun() -> InternalError:
    """What an operation raises where its exact result would not fit: rounding it in silence is never the answer."""
    return InternalError(
        f"an exact result needs more than {PRECISION} digits; please report it with the plan and the records that "
        "show it (in arithmetic of your own, round between the steps)",
        code="number.overrun",
    )


def add(a: Exact, b: Exact) -> Exact:
    """The exact sum."""
    try:
        if type(a) is Decimal and type(b) is Decimal:
            return CONTEXT.add(a, b)
        (n, d), (m, e) = _parts(a), _parts(b)
        if d == e:
            return _lowest(CONTEXT.add(n, m), d)
        common = d // gcd(d, e) * e
        left = CONTEXT.multiply(n, Decimal(common // d))
        return _lowest(CONTEXT.add(left, CONTEXT.multiply(m, Decimal(common // e))), common)
    except DecimalException as error:
        raise overrun() from error


def sub(a: Exact, b: Exact) -> Exact:
    """The exact difference."""
    if type(a) is Decimal and type(b) is Decimal:
        try:
            return CONTEXT.subtract(a, b)
        except DecimalException as error:
            raise overrun() from error
    return add(a, neg(b))


def mul(a: Exact, b: Exact) -> Exact:
    """The exact product."""
    try:
        if type(a) is Decimal and type(b) is Decimal:
            # A zero here may carry the minus of the other factor.
            return CONTEXT.multiply(a, b) or ZERO
        (n, d), (m, e) = _parts(a), _parts(b)
        return _lowest(CONTEXT.multiply(n, m), d * e)
    except DecimalException as error:
        raise overrun() from error


def div(a: Exact, b: Exact | int) -> Exact:
    """
    The exact quotient: a Decimal where it ends, else a `Ratio`.

    Raises:
        NumberError: `number.zero` when `b` is zero.

    >>> div(Decimal(100), 8), div(Decimal(100), 3)
    (Decimal('12.5'), Ratio('100/3'))
    """
    (n, d), (m, e) = _parts(a), _parts(b)
    if not m:
        raise NumberError("a division by zero has no answer; give a divisor other than 0", code="number.zero")
    exponent = m.as_tuple().exponent
    assert isinstance(exponent, int)
    places = max(0, -exponent)
    try:
        whole = int(CONTEXT.scaleb(m, places))
        top = CONTEXT.scaleb(CONTEXT.multiply(n, Decimal(e)), places)
        return _lowest(top if whole > 0 else top.copy_negate(), d * abs(whole))
    except DecimalException as error:
        raise overrun() from error


def neg(a: Exact) -> Exact:
    """The same value with the other sign; zero stays without a sign."""
    if type(a) is Ratio:
        return Ratio(a.numerator.copy_negate(), a.denominator)
    assert isinstance(a, Decimal)
    return a.copy_negate() if a else ZERO


def sign(a: Exact) -> int:
    """-1, 0 or 1."""
    top = a.numerator if type(a) is Ratio else a
    return (top > 0) - (top < 0)


def total(values: Iterable[Exact]) -> Exact:
    """The exact sum of many."""
    found: Exact = ZERO
    for value in values:
        found = add(found, value)
    return found


def as_fraction(value: Exact) -> tuple[int, int]:
    """The value as an integer over a positive integer."""
    top, bottom = _parts(value)
    exponent = top.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= 0:
        return int(top), bottom
    return int(CONTEXT.scaleb(top, -exponent)), int(bottom * 10**-exponent)


def floor(value: Exact) -> int:
    """The largest whole number at or below the value."""
    top, bottom = as_fraction(value)
    return top // bottom


def ceil(value: Exact) -> int:
    """The smallest whole number at or above the value."""
    top, bottom = as_fraction(value)
    return -(-top // bottom)


def text(value: Exact | int) -> str:
    """
    The one text of a value: plain digits, no exponent, no trailing zeros after the point, no negative zero.

    >>> text(Decimal("1E+5")), text(Decimal("20.50")), text(div(Decimal(1), 3))
    ('100000', '20.5', '1/3')
    """
    if isinstance(value, Ratio):
        # Held with twos and fives in the digits, told in whole numbers: 15/28, not 3.75/7.
        top, bottom = as_fraction(value)
        common = gcd(top, bottom)
        return f"{text(top // common)}/{text(bottom // common)}"
    if not value:
        return "0"
    # An int goes through Decimal as well: `str` of a long one depends on a limit that anyone may set.
    shown = format(value if isinstance(value, Decimal) else Decimal(value), "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


_RATIO = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)/([0-9]+)", re.ASCII)
_LONG = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
# Two numbers of full precision and their points, with room to spare.
_LONGEST = 5 * PRECISION


def exact(value: str) -> Exact:
    """
    Read back what `text` wrote: digits, or a ratio such as `100/3`. Longer than a number may be, since results are.

    Raises:
        NumberError: `number.syntax`, or `number.bounds` for more digits than are ever written.
    """
    if not really(value, str):
        raise NumberError(
            f"text of digits is wanted, not {kind_name(value)}; write such as '100/3'", code="number.syntax"
        )
    if len(value) > _LONGEST:
        raise NumberError(f"an exact value is at most {_LONGEST} characters; round it first", code="number.bounds")
    ratio = _RATIO.fullmatch(value)
    # An int of many digits is read by way of Decimal, which knows no limit that others could set.
    bottom = int(Decimal(ratio[2])) if ratio else 1
    if not bottom or not (ratio or _LONG.fullmatch(value)):
        raise NumberError(
            f"{value[:SHOWN]!r} is not an exact value; write digits or a ratio such as '100/3'", code="number.syntax"
        )
    try:
        return _lowest(Decimal(ratio[1] if ratio else value), bottom)
    except (DecimalException, InternalError):
        raise NumberError(
            f"an exact value has at most {PRECISION} digits; round it first", code="number.bounds"
        ) from None
