"""
The door of all counting: the number grammar, exact arithmetic, rounding rules and the largest-remainder split.

Values come in through `number` (`_grammar`) and are exact from then on (`_exact`); both are offered here. `quantize`
and `to_multiple`, below, are the only places where digits are dropped, by a rule given by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    DecimalException,
)
from math import lcm
from typing import Literal, TypeAlias

from ._exact import (
    Exact,
    Ratio,
    add,
    as_fraction,
    ceil,
    div,
    exact,
    floor,
    mul,
    neg,
    overrun,
    sign,
    sub,
    text,
    total,
)
from ._grammar import CONTEXT, DIGITS, ONE, PLACES, ROUNDING, SHOWN, ZERO, number, plain
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
    "plain",
    "quantize",
    "sign",
    "split",
    "sub",
    "text",
    "to_multiple",
    "total",
]


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


def _whole(value: Exact, mode: str) -> int:
    """The whole number that a rounding rule makes of a value."""
    top, bottom = as_fraction(value)
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
            found = value.quantize(step, rule, ROUNDING)
        else:
            whole = _whole(mul(value, Decimal((0, (1,), places))), mode)
            found = CONTEXT.scaleb(Decimal(whole), -places)
        if places < 0:
            found = CONTEXT.quantize(found, ONE)
    except KeyError:
        raise _no_rounding(mode) from None
    except DecimalException as error:
        raise overrun() from error
    return found if found else found.copy_abs()


def _no_rounding(mode: object) -> NumberError:
    if mode in _MODES:
        return NumberError(
            f"a value is rounded to {-DIGITS} up to {PLACES} decimals; give one of those", code="number.places"
        )
    return NumberError(f"{str(mode)[:SHOWN]!r} is no rule; use one of {', '.join(_MODES)}", code="number.rounding")


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
    fractions = [as_fraction(weight) for weight in weights]
    common = lcm(*(bottom for _, bottom in fractions))
    units = [top * (common // bottom) for top, bottom in fractions]
    return units if any(units) else [1] * len(units)
