"""
The number grammar, the private contexts, exact ratios, rounding rules and the largest-remainder split.

One grammar stands before every amount, rate and quantity: ASCII `-?digits(.digits)?` with at most 30 digits before the
point and 24 after it, an `int`, or a finite `Decimal` inside the same bounds. Behind the grammar all arithmetic is exact:

- `add`, `sub`, `mul` run in a private context of 2,000 digits in which an inexact result is an error of ours, never a
  quiet rounding, and which the caller's decimal context can neither touch nor see.
- What does not end in decimal (a third of a month, an average) is a `Ratio`: a Decimal over an int, kept until a named
  rounding. `div` gives a Decimal whenever the result ends.
- `quantize` and `to_multiple` are the only places where digits are dropped, by a rule given by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from math import gcd
from typing import Literal, TypeAlias

from .errors import NumberError

__all__ = [
    "CONTEXT",
    "DIGITS",
    "ONE",
    "PLACES",
    "ZERO",
    "Exact",
    "Ratio",
    "Rounding",
    "add",
    "ceil",
    "div",
    "exact",
    "floor",
    "mul",
    "neg",
    "number",
    "quantize",
    "sign",
    "split",
    "sub",
    "text",
    "to_multiple",
    "total",
]

DIGITS = 30
PLACES = 24

CONTEXT = Context(
    prec=2000,
    Emin=-99999,
    Emax=99999,
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation, Inexact],
)
_ROUNDING = Context(
    prec=2000,
    rounding=ROUND_HALF_UP,
    Emin=-99999,
    Emax=99999,
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)

ZERO = Decimal(0)
ONE = Decimal(1)

Rounding: TypeAlias = Literal["half_up", "half_even", "up", "down", "ceiling", "floor"]
"""How a half, or any rest, is rounded. `half_up` is half away from zero; `up` away from zero; `down` towards zero."""

_MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "ceiling": ROUND_CEILING,
    "floor": ROUND_FLOOR,
}

_GRAMMAR = re.compile(rf"-?[0-9]{{1,{DIGITS}}}(?:\.[0-9]{{1,{PLACES}}})?", re.ASCII)
_LIMIT = 10**DIGITS
_SHOWN = 40


def number(value: object) -> Decimal:
    """
    The one door for numbers: text of the grammar, an int, or a finite Decimal inside its bounds.

    Args:
        value: at most 30 digits before the point and 24 after it; no float, no bool, no exponent in text.

    Returns:
        The same value as a Decimal without exponent and without negative zero.

    Raises:
        NumberError: with code `number.float`, `number.bool`, `number.type`, `number.syntax`, `number.nonfinite` or
            `number.bounds`, and what to write instead.

    >>> number("0.10"), number(3)
    (Decimal('0.10'), Decimal('3'))
    """
    if value.__class__ is str:
        return _from_text(value)
    if value.__class__ is int:
        return _from_int(value)
    if value.__class__ is Decimal:
        return _from_decimal(value)
    if isinstance(value, bool):
        raise NumberError("a number is wanted, not true or false; write 1 or 0 if you mean that", code="number.bool")
    if isinstance(value, float):
        raise NumberError(
            f"a binary float ({value!r}) is not exact; write it in quotes, such as {_suggested(value)}",
            code="number.float",
        )
    if isinstance(value, str):
        return _from_text(str(value))
    if isinstance(value, int):
        return _from_int(int(value))
    if isinstance(value, Decimal):
        return _from_decimal(Decimal(value))
    raise NumberError(
        f"a number is wanted, not {type(value).__name__}; write an int, a Decimal or text such as '12.50'", code="number.type"
    )


def _from_text(value: str) -> Decimal:
    if _GRAMMAR.fullmatch(value) is None:
        shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
        raise NumberError(
            f"{shown!r} is not a number here; write digits with an optional minus and point, such as '12.50' "
            f"(at most {DIGITS} digits before the point and {PLACES} after; no spaces, signs, separators or exponents)",
            code="number.syntax",
        )
    found = Decimal(value)
    return found if found else _unsigned(found)


def _from_int(value: int) -> Decimal:
    if not -_LIMIT < value < _LIMIT:
        raise NumberError(
            f"the number has more than {DIGITS} digits; ratecard counts below 10 to the {DIGITS}", code="number.bounds"
        )
    return Decimal(value)


def _from_decimal(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise NumberError(f"{value} is not a finite number; write a number such as '12.50'", code="number.nonfinite")
    if value and value.adjusted() >= DIGITS:
        raise NumberError(
            f"the number has more than {DIGITS} digits before the point; ratecard counts below 10 to the {DIGITS}",
            code="number.bounds",
        )
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if not value:
        return _unsigned(value) if -PLACES <= exponent <= 0 else ZERO
    if -exponent > PLACES:
        trimmed = _trimmed(digits, exponent)
        if trimmed < -PLACES:
            raise NumberError(
                f"the number has more than {PLACES} digits after the point; round it first", code="number.bounds"
            )
        return _ROUNDING.quantize(value, Decimal((0, (1,), trimmed)))
    if exponent > 0:
        return CONTEXT.quantize(value, ONE)
    return value


def _trimmed(digits: tuple[int, ...], exponent: int) -> int:
    """The exponent once trailing zeros are gone."""
    for digit in reversed(digits):
        if digit or exponent >= 0:
            break
        exponent += 1
    return exponent


def _unsigned(zero: Decimal) -> Decimal:
    return zero.copy_abs()


def _suggested(value: float) -> str:
    shown = repr(value)
    return f"'{shown}'" if _GRAMMAR.fullmatch(shown) else "'12.50'"


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
        return (Ratio, (self.numerator, self.denominator))


Exact: TypeAlias = Decimal | Ratio
"""An exact value: a Decimal where the digits end, a `Ratio` where they do not."""


def _parts(value: Exact | int) -> tuple[Decimal, int]:
    if value.__class__ is Ratio:
        return value.numerator, value.denominator
    if value.__class__ is Decimal:
        return value, 1
    assert not isinstance(value, Ratio)
    return Decimal(value), 1


def _compare(a: Exact | int, b: Exact | int) -> int:
    (n, d), (m, e) = _parts(a), _parts(b)
    left, right = CONTEXT.multiply(n, Decimal(e)), CONTEXT.multiply(m, Decimal(d))
    return (left > right) - (left < right)


def _lowest(numerator: Decimal, denominator: int) -> Exact:
    """The one form of a value: twos and fives of the denominator go into the digits, the rest is in lowest terms."""
    if not numerator:
        return ZERO
    negative, digits, exponent = numerator.as_tuple()
    assert isinstance(exponent, int)
    units = int("".join(map(str, digits))) if len(digits) < 4000 else int(numerator.scaleb(-exponent, CONTEXT))
    common = gcd(units, denominator)
    units //= common
    denominator //= common
    twos = fives = 0
    while not denominator % 2:
        denominator //= 2
        twos += 1
    while not denominator % 5:
        denominator //= 5
        fives += 1
    shift = max(twos, fives)
    units *= 2 ** (shift - twos) * 5 ** (shift - fives)
    found = CONTEXT.scaleb(Decimal(-units if negative else units), exponent - shift)
    if denominator == 1:
        return plain(found)
    return Ratio(plain(found), denominator)


def plain(value: Decimal) -> Decimal:
    """The same value without trailing zeros after the point, without a positive exponent, without negative zero."""
    if not value:
        return ZERO
    short = CONTEXT.normalize(value)
    exponent = short.as_tuple().exponent
    return CONTEXT.quantize(short, ONE) if isinstance(exponent, int) and exponent > 0 else short


def add(a: Exact, b: Exact) -> Exact:
    """The exact sum."""
    if a.__class__ is Decimal and b.__class__ is Decimal:
        return CONTEXT.add(a, b)
    (n, d), (m, e) = _parts(a), _parts(b)
    if d == e:
        return _lowest(CONTEXT.add(n, m), d)
    common = d // gcd(d, e) * e
    left = CONTEXT.multiply(n, Decimal(common // d))
    return _lowest(CONTEXT.add(left, CONTEXT.multiply(m, Decimal(common // e))), common)


def sub(a: Exact, b: Exact) -> Exact:
    """The exact difference."""
    if a.__class__ is Decimal and b.__class__ is Decimal:
        return CONTEXT.subtract(a, b)
    return add(a, neg(b))


def mul(a: Exact, b: Exact) -> Exact:
    """The exact product."""
    if a.__class__ is Decimal and b.__class__ is Decimal:
        return CONTEXT.multiply(a, b)
    (n, d), (m, e) = _parts(a), _parts(b)
    return _lowest(CONTEXT.multiply(n, m), d * e)


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
    whole = int(CONTEXT.scaleb(m, places))
    top = CONTEXT.scaleb(CONTEXT.multiply(n, Decimal(e)), places)
    return _lowest(top if whole > 0 else top.copy_negate(), d * abs(whole))


def neg(a: Exact) -> Exact:
    """The same value with the other sign; zero stays without a sign."""
    if a.__class__ is Ratio:
        return Ratio(a.numerator.copy_negate(), a.denominator)
    assert isinstance(a, Decimal)
    return a.copy_negate() if a else ZERO


def sign(a: Exact) -> int:
    """-1, 0 or 1."""
    top = a.numerator if a.__class__ is Ratio else a
    return (top > 0) - (top < 0)


def total(values: Iterable[Exact]) -> Exact:
    """The exact sum of many."""
    found: Exact = ZERO
    for value in values:
        found = add(found, value)
    return found


def _fraction(value: Exact) -> tuple[int, int]:
    """The value as an integer over a positive integer."""
    top, bottom = _parts(value)
    exponent = top.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= 0:
        return int(top), bottom
    return int(CONTEXT.scaleb(top, -exponent)), int(bottom * 10**-exponent)


def floor(value: Exact) -> int:
    """The largest whole number at or below the value."""
    top, bottom = _fraction(value)
    return top // bottom


def ceil(value: Exact) -> int:
    """The smallest whole number at or above the value."""
    top, bottom = _fraction(value)
    return -(-top // bottom)


def _whole(value: Exact, mode: str) -> int:
    """The whole number that a rounding rule makes of a value."""
    top, bottom = _fraction(value)
    low, rest = divmod(top, bottom)
    if not rest:
        return low
    if mode == "floor":
        up = False
    elif mode == "ceiling":
        up = True
    elif mode == "down":
        up = top < 0
    elif mode == "up":
        up = top > 0
    elif rest * 2 != bottom:
        up = rest * 2 > bottom
    else:
        up = low % 2 == 1 if mode == "half_even" else top > 0
    return low + 1 if up else low


_STEPS = {places: Decimal((0, (1,), -places)) for places in range(-DIGITS, PLACES + 1)}


def quantize(value: Exact, places: int, mode: Rounding = "half_up") -> Decimal:
    """
    Round to a number of decimals by a named rule.

    Args:
        value: any exact value.
        places: decimals to keep; negative rounds to tens, hundreds and so on.
        mode: the rule.

    >>> quantize(Decimal("0.125"), 2), quantize(Decimal("-0.125"), 2), quantize(Decimal("0.125"), 2, "half_even")
    (Decimal('0.13'), Decimal('-0.13'), Decimal('0.12'))
    """
    if value.__class__ is Decimal:
        found = _ROUNDING.quantize(value, _STEPS[places]) if mode == "half_up" else value.quantize(
            _STEPS[places], rounding=_MODES[mode], context=_ROUNDING
        )
    else:
        whole = _whole(mul(value, Decimal((0, (1,), places))), mode)
        found = CONTEXT.scaleb(Decimal(whole), -places)
    if places < 0:
        found = CONTEXT.quantize(found, ONE)
    return found if found else found.copy_abs()


def to_multiple(value: Exact, step: Decimal, mode: Rounding = "half_up") -> Decimal:
    """
    Round to a multiple of a positive step: packages of 10, cash of 0.05, a meter's smallest unit.

    >>> to_multiple(Decimal("1.07"), Decimal("0.05"), "half_up")
    Decimal('1.05')
    """
    found = CONTEXT.multiply(Decimal(_whole(div(value, step), mode)), step)
    return found if found else found.copy_abs()


def split(amount: Decimal, weights: Sequence[Exact], step: Decimal) -> list[Decimal]:
    """
    Share an amount by weights so that the shares add up to it exactly: the largest-remainder rule, ties by order.

    Args:
        amount: what is shared; any sign. It must be a multiple of `step`.
        weights: at least one, none negative; all zero shares evenly.
        step: the smallest share, such as 0.01.

    Raises:
        NumberError: `split.empty`, `split.negative` or `split.step`.

    >>> split(Decimal("100.00"), [ONE, ONE, ONE], Decimal("0.01"))
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]
    """
    if not weights:
        raise NumberError("nothing to share among; give at least one weight", code="split.empty")
    if any(sign(weight) < 0 for weight in weights):
        raise NumberError("a negative weight cannot take a share; give weights of 0 or more", code="split.negative")
    steps = div(amount, step)
    if steps.__class__ is Ratio or steps != floor(steps):
        raise NumberError(f"{text(amount)} is not a multiple of {text(step)}; round it first", code="split.step")
    count = abs(floor(steps))
    whole = total(weights)
    shares: Sequence[Exact] = weights if sign(whole) else [ONE] * len(weights)
    ideal = [div(mul(Decimal(count), share), whole if sign(whole) else len(weights)) for share in shares]
    parts = [floor(each) for each in ideal]
    rests = [sub(each, Decimal(part)) for each, part in zip(ideal, parts, strict=True)]
    order = sorted(range(len(parts)), key=lambda index: (_Descending(rests[index]), index))
    for index in order[: count - sum(parts)]:
        parts[index] += 1
    signed = -1 if amount < 0 else 1
    return [CONTEXT.multiply(Decimal(signed * part), step) if part else quantize(ZERO, 0) for part in parts]


class _Descending:
    """Sorts a larger value first."""

    __slots__ = ("value",)

    def __init__(self, value: Exact) -> None:
        self.value = value

    def __lt__(self, other: _Descending) -> bool:
        return _compare(self.value, other.value) > 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and _compare(self.value, other.value) == 0


def text(value: Exact | int) -> str:
    """
    The one text of a value: plain digits, no exponent, no trailing zeros after the point, no negative zero.

    >>> text(Decimal("1E+5")), text(Decimal("20.50")), text(div(Decimal(1), 3))
    ('100000', '20.5', '1/3')
    """
    if value.__class__ is Ratio:
        return f"{text(value.numerator)}/{value.denominator}"
    if not value:
        return "0"
    shown = format(value, "f") if value.__class__ is Decimal else str(value)
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


_RATIO = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)/([1-9][0-9]*)", re.ASCII)
_LONG = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_LONGEST = 4000


def exact(value: str) -> Exact:
    """
    Read back what `text` wrote: digits, or a ratio such as `100/3`. Longer than a number may be, since results are.

    Raises:
        NumberError: `number.syntax`.
    """
    if len(value) <= _LONGEST:
        if _LONG.fullmatch(value):
            return plain(Decimal(value))
        match = _RATIO.fullmatch(value)
        if match:
            return _lowest(Decimal(match[1]), int(match[2]))
    raise NumberError(f"{value[:_SHOWN]!r} is not an exact value; write digits or a ratio such as '100/3'",
                      code="number.syntax")
