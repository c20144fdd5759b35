"""
The number grammar, the private contexts, exact ratios, rounding rules and the largest-remainder split.

One grammar stands before every amount, rate and quantity: ASCII `-?digits(.digits)?` with at most 30 digits before the
point and 24 after it, an `int`, or a finite `Decimal` inside the same bounds. Behind the grammar all arithmetic is
exact:

- `add`, `sub`, `mul` run in a private context of 2,000 digits in which an inexact result is an error of ours
  (`InternalError`, `number.overrun`), never a quiet rounding, and which the caller's decimal context can neither touch
  nor see. A method of `CONTEXT` called directly raises decimal's own exception in its place.
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
    DecimalException,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from math import gcd, lcm
from typing import Literal, TypeAlias, TypeGuard, TypeVar

from .errors import InternalError, NumberError

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
    "plain",
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
_PRECISION = 2000
_LONGEST_DENOMINATOR = (10**_PRECISION).bit_length()

T = TypeVar("T")

# Every field of a context is given: what is left out is taken from `decimal.DefaultContext`, which anyone may change.
CONTEXT = Context(
    prec=_PRECISION,
    rounding=ROUND_HALF_EVEN,
    Emin=-99999,
    Emax=99999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation, Inexact],
)
_ROUNDING = Context(
    prec=_PRECISION,
    rounding=ROUND_HALF_UP,
    Emin=-99999,
    Emax=99999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)

ZERO = Decimal(0)
ONE = Decimal(1)
_FINEST = Decimal((0, (1,), -PLACES))

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
    if type(value) is str:
        return _from_text(value)
    if type(value) is int:
        return _from_int(value)
    if type(value) is Decimal:
        return _from_decimal(value)
    return _from_other(value)


def _from_other(value: object) -> Decimal:
    """A child of str, int or Decimal, read by its parent's means, whatever it says of itself; all else is refused."""
    if _really(value, bool):
        raise NumberError("a number is wanted, not true or false; write 1 or 0 if you mean that", code="number.bool")
    if _really(value, float):
        shown = float.__repr__(value)
        raise NumberError(
            f"a binary float ({shown}) is not exact; write it in quotes, such as {_suggested(shown)}",
            code="number.float",
        )
    if _really(value, str):
        return _from_text(str.__str__(value))
    if _really(value, int):
        return _from_int(int.__int__(value))
    if _really(value, Decimal):
        return _from_decimal(Decimal(value))
    raise NumberError(
        f"a number is wanted, not {_kind(value)}; write an int, a Decimal or text such as '12.50'", code="number.type"
    )


def _really(value: object, kind: type[T]) -> TypeGuard[T]:
    """As `isinstance`, for things that may lie about their class."""
    return issubclass(type(value), kind)


def _kind(value: object) -> str:
    return type(value).__name__[:_SHOWN]


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
        shown = "NaN" if value.is_nan() else "an infinity"
        raise NumberError(f"{shown} is not a finite number; write a number such as '12.50'", code="number.nonfinite")
    if value and value.adjusted() >= DIGITS:
        raise NumberError(
            f"the number has more than {DIGITS} digits before the point; ratecard counts below 10 to the {DIGITS}",
            code="number.bounds",
        )
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if not value:
        return _unsigned(value) if -PLACES <= exponent <= 0 else ZERO
    if -exponent > PLACES:
        rounded = _ROUNDING.quantize(value, _FINEST)
        if rounded != value:
            raise NumberError(
                f"the number has more than {PLACES} digits after the point; round it first", code="number.bounds"
            )
        return plain(rounded)
    if exponent > 0:
        return CONTEXT.quantize(value, ONE)
    return value


def _unsigned(zero: Decimal) -> Decimal:
    return zero.copy_abs()


def _suggested(shown: str) -> str:
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
        return (_revived, (self.numerator, self.denominator))


def _revived(numerator: object, denominator: object) -> Exact:
    """The value of a pickle, in its one form; a damaged one is refused."""
    sound = _really(numerator, Decimal) and numerator.is_finite() and type(denominator) is int and denominator > 0
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
    if _really(value, Decimal) or (_really(value, int) and not _really(value, bool)):
        return Decimal(value), 1
    raise NumberError(f"an exact value is wanted, not {_kind(value)}; write a Decimal", code="number.type")


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
        raise _overrun()
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


def _overrun() -> InternalError:
    """What an operation raises where its exact result would not fit: rounding it in silence is never the answer."""
    return InternalError(
        f"an exact result needs more than {_PRECISION} digits; please report it with the plan and the records that "
        "show it (in arithmetic of your own, round between the steps)",
        code="number.overrun",
    )


def plain(value: Decimal) -> Decimal:
    """The same value without trailing zeros after the point, without a positive exponent, without negative zero."""
    if not value:
        return ZERO
    short = CONTEXT.normalize(value)
    exponent = short.as_tuple().exponent
    return CONTEXT.quantize(short, ONE) if isinstance(exponent, int) and exponent > 0 else short


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
        raise _overrun() from error


def sub(a: Exact, b: Exact) -> Exact:
    """The exact difference."""
    if type(a) is Decimal and type(b) is Decimal:
        try:
            return CONTEXT.subtract(a, b)
        except DecimalException as error:
            raise _overrun() from error
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
        raise _overrun() from error


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
        raise _overrun() from error


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
        places: decimals to keep, from -30 to 24; negative rounds to tens, hundreds and so on.
        mode: the rule.

    Raises:
        NumberError: `number.places` or `number.rounding`, for a count or a rule that is not one of these.

    >>> quantize(Decimal("0.125"), 2), quantize(Decimal("-0.125"), 2), quantize(Decimal("0.125"), 2, "half_even")
    (Decimal('0.13'), Decimal('-0.13'), Decimal('0.12'))
    """
    try:
        step, rule = _STEPS[places], _MODES[mode]
        if type(value) is Decimal:
            found = value.quantize(step, rule, _ROUNDING)
        else:
            whole = _whole(mul(value, Decimal((0, (1,), places))), mode)
            found = CONTEXT.scaleb(Decimal(whole), -places)
        if places < 0:
            found = CONTEXT.quantize(found, ONE)
    except KeyError:
        raise _no_rounding(mode) from None
    except DecimalException as error:
        raise _overrun() from error
    return found if found else found.copy_abs()


def _no_rounding(mode: object) -> NumberError:
    if mode in _MODES:
        return NumberError(
            f"a value is rounded to {-DIGITS} up to {PLACES} decimals; give one of those", code="number.places"
        )
    return NumberError(f"{str(mode)[:_SHOWN]!r} is no rule; use one of {', '.join(_MODES)}", code="number.rounding")


def to_multiple(value: Exact, step: Decimal, mode: Rounding = "half_up") -> Decimal:
    """
    Round to a multiple of a positive step: packages of 10, cash of 0.05, a meter's smallest unit.

    Raises:
        NumberError: `number.step` when the step is not above zero, `number.rounding` for an unknown rule.

    >>> to_multiple(Decimal("1.07"), Decimal("0.05"), "half_up")
    Decimal('1.05')
    """
    if step <= 0:
        raise NumberError(f"{text(step)} is not a step; give a number above 0", code="number.step")
    if mode not in _MODES:
        raise _no_rounding(mode)
    return CONTEXT.multiply(Decimal(_whole(div(value, step), mode)), step)


def split(amount: Decimal, weights: Sequence[Exact], step: Decimal) -> list[Decimal]:
    """
    Share an amount by weights so that the shares add up to it exactly: the largest-remainder rule, ties by order.

    A negative amount is shared as its mirror image: `split(-a)` is `split(a)` with every sign turned, so a credit takes
    back exactly what the charge gave out, from the same shares.

    Args:
        amount: what is shared; any sign. It must be a multiple of `step`.
        weights: at least one, none negative; all zero shares evenly.
        step: the smallest share, such as 0.01; above 0.

    Raises:
        NumberError: `split.empty`, `split.negative` or `split.step`.

    >>> split(Decimal("100.00"), [ONE, ONE, ONE], Decimal("0.01"))
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]
    """
    if not weights:
        raise NumberError("nothing to share among; give at least one weight", code="split.empty")
    if any(sign(weight) < 0 for weight in weights):
        raise NumberError("a negative weight cannot take a share; give weights of 0 or more", code="split.negative")
    if step <= 0:
        raise NumberError(f"{text(step)} cannot be the smallest share; give a step above 0", code="split.step")
    steps = div(amount, step)
    if type(steps) is Ratio or steps != floor(steps):
        raise NumberError(f"{text(amount)} is not a multiple of {text(step)}; round it first", code="split.step")
    count = abs(floor(steps))
    units = _in_proportion(weights)
    whole = sum(units)
    shares = [divmod(count * unit, whole) for unit in units]
    parts = [part for part, _ in shares]
    # Sorting keeps the order of what is equal: ties go to whoever stands first.
    order = sorted(range(len(parts)), key=lambda index: -shares[index][1])
    for index in order[: count - sum(parts)]:
        parts[index] += 1
    signed = -1 if amount < 0 else 1
    return [CONTEXT.multiply(Decimal(signed * part), step) for part in parts]


def _in_proportion(weights: Sequence[Exact]) -> list[int]:
    """Whole numbers that stand to each other as the weights do; all zero counts as all equal."""
    fractions = [_fraction(weight) for weight in weights]
    common = lcm(*(bottom for _, bottom in fractions))
    units = [top * (common // bottom) for top, bottom in fractions]
    return units if any(units) else [1] * len(units)


def text(value: Exact | int) -> str:
    """
    The one text of a value: plain digits, no exponent, no trailing zeros after the point, no negative zero.

    >>> text(Decimal("1E+5")), text(Decimal("20.50")), text(div(Decimal(1), 3))
    ('100000', '20.5', '1/3')
    """
    if isinstance(value, Ratio):
        return f"{text(value.numerator)}/{text(value.denominator)}"
    if not value:
        return "0"
    # An int goes through Decimal as well: `str` of a long one depends on a limit that anyone may set.
    shown = format(value if isinstance(value, Decimal) else Decimal(value), "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


_RATIO = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)/([0-9]+)", re.ASCII)
_LONG = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
# Two numbers of full precision and their points, with room to spare.
_LONGEST = 5 * _PRECISION


def exact(value: str) -> Exact:
    """
    Read back what `text` wrote: digits, or a ratio such as `100/3`. Longer than a number may be, since results are.

    Raises:
        NumberError: `number.syntax`, or `number.bounds` for more digits than are ever written.
    """
    if not _really(value, str):
        raise NumberError(f"text of digits is wanted, not {_kind(value)}; write such as '100/3'", code="number.syntax")
    if len(value) > _LONGEST:
        raise NumberError(f"an exact value is at most {_LONGEST} characters; round it first", code="number.bounds")
    ratio = _RATIO.fullmatch(value)
    # An int of many digits is read by way of Decimal, which knows no limit that others could set.
    bottom = int(Decimal(ratio[2])) if ratio else 1
    if not bottom or not (ratio or _LONG.fullmatch(value)):
        raise NumberError(
            f"{value[:_SHOWN]!r} is not an exact value; write digits or a ratio such as '100/3'", code="number.syntax"
        )
    try:
        return _lowest(Decimal(ratio[1] if ratio else value), bottom)
    except (DecimalException, InternalError):
        raise NumberError(
            f"an exact value has at most {_PRECISION} digits; round it first", code="number.bounds"
        ) from None
