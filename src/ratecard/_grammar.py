"""
The number grammar and the private contexts.

One grammar stands before every amount, rate and quantity: ASCII `-?digits(.digits)?` with at most 30 digits before the
point and 24 after it, an `int`, or a finite `Decimal` inside the same bounds. Nothing that is refused costs time: every
bound is looked at before anything is converted.
"""

from __future__ import annotations

import re
from decimal import (
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import TypeGuard, TypeVar

from .errors import NumberError

__all__ = [
    "CONTEXT",
    "DIGITS",
    "ONE",
    "PLACES",
    "PRECISION",
    "ROUNDING",
    "SHOWN",
    "ZERO",
    "kind_name",
    "number",
    "plain",
    "really",
]

DIGITS = 30
PLACES = 24
PRECISION = 2000

T = TypeVar("T")

# Every field of a context is given: what is left out is taken from `decimal.DefaultContext`, which anyone may change.
CONTEXT = Context(
    prec=PRECISION,
    rounding=ROUND_HALF_EVEN,
    Emin=-99999,
    Emax=99999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation, Inexact],
)
ROUNDING = Context(
    prec=PRECISION,
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

_GRAMMAR = re.compile(rf"-?[0-9]{{1,{DIGITS}}}(?:\.[0-9]{{1,{PLACES}}})?", re.ASCII)
_LIMIT = 10**DIGITS
SHOWN = 40


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
    if really(value, bool):
        raise NumberError("a number is wanted, not true or false; write 1 or 0 if you mean that", code="number.bool")
    if really(value, float):
        shown = float.__repr__(value)
        raise NumberError(
            f"a binary float ({shown}) is not exact; write it in quotes, such as {_suggested(shown)}",
            code="number.float",
        )
    if really(value, str):
        return _from_text(str.__str__(value))
    if really(value, int):
        return _from_int(int.__int__(value))
    if really(value, Decimal):
        return _from_decimal(Decimal(value))
    raise NumberError(
        f"a number is wanted, not {kind_name(value)}; write an int, a Decimal or text such as '12.50'",
        code="number.type",
    )


def really(value: object, kind: type[T]) -> TypeGuard[T]:
    """As `isinstance`, for things that may lie about their class."""
    return issubclass(type(value), kind)


def kind_name(value: object) -> str:
    """The name of a value's class, cut to what fits in a sentence."""
    return type(value).__name__[:SHOWN]


def _from_text(value: str) -> Decimal:
    if _GRAMMAR.fullmatch(value) is None:
        shown = value if len(value) <= SHOWN else value[:SHOWN] + "..."
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
        rounded = ROUNDING.quantize(value, _FINEST)
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


def plain(value: Decimal) -> Decimal:
    """The same value without trailing zeros after the point, without a positive exponent, without negative zero."""
    if not value:
        return ZERO
    short = CONTEXT.normalize(value)
    exponent = short.as_tuple().exponent
    return CONTEXT.quantize(short, ONE) if isinstance(exponent, int) and exponent > 0 else short
