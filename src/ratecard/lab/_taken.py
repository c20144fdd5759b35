"""
How much limits let through: the most that a meter can come to in a stretch of time when every limit is used up.

A limit bounds a meter where it counts the meter's quantity, or calls where each record counts once. What is let through
only by group, only beyond something, or once more after the end, bounds nothing: there may be any number of groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from .._numbers import CONTEXT, PLACES, ZERO, Exact, add, div, floor, mul, quantize
from ..cadence import Cadence
from ..guards import AnyGuard, Cap, FairUse, FixedWindow, Guard, RateLimit, SlidingWindow, TokenBucket
from ..meters import Count, Meter, Unique
from ..periods import Period

__all__ = ["Taken", "most_taken"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


class Taken(NamedTuple):
    """
    The most that a meter can come to.

    Attributes:
        quantity: as the records tell it, before any conversion of the meter.
        limits: the names of the guards that let through no more.
    """

    quantity: Decimal
    limits: tuple[str, ...]


def most_taken(meter: Meter, guards: Sequence[AnyGuard], items: Mapping[str, str], within: Period) -> Taken | None:
    """
    The most that a meter can come to; None where nothing limits it.

    Args:
        meter: the meter.
        guards: the guards of the plan.
        items: for each item whose units are those of its meter, that meter.
        within: the stretch in which records count, and ask.
    """
    found: dict[str, Decimal] = {}
    for guard in guards:
        most = _most(guard, meter, items, within)
        if most is not None:
            found[guard.name] = most
    if not found:
        return None
    least = min(found.values())
    return Taken(least, tuple(name for name, most in found.items() if most == least))


def _most(guard: Guard, meter: Meter, items: Mapping[str, str], within: Period) -> Decimal | None:
    """The most of a meter that a guard lets through; None where it says nothing of it."""
    if guard.group or guard.each or guard.without:
        return None
    if isinstance(guard, FairUse):
        # What is fair passes uncounted, and all beyond it is counted by the limit.
        beyond = None if guard.then is None or guard.meter != meter.key else _most(guard.then, meter, items, within)
        return None if beyond is None else CONTEXT.add(_recorded(meter, guard.quantity), beyond)
    one_by_one = isinstance(meter.aggregate, Count | Unique)
    counted: str | None = meter.key
    if isinstance(guard, RateLimit):
        if guard.meter is None and not one_by_one:
            return None
        calls = guard.meter is None
        counted = guard.meter or counted
    elif isinstance(guard, Cap) and guard.quantity is not None:
        if guard.mode == "soft" or guard.overflow == "once" or guard.scope == "customer":
            return None
        calls = False
        counted = items.get(guard.item or "") if guard.meter is None else guard.meter
    else:
        return None
    if counted != meter.key:
        return None
    whole = one_by_one and (calls or meter.convert is None)
    most = _let_through(guard, within, whole=whole)
    if most is None:
        return None
    return quantize(most, 0, "down") if whole else _recorded(meter, most)


def _recorded(meter: Meter, quantity: Exact) -> Decimal:
    """The quantity as the records tell it: limits count in the unit that is sold."""
    convert = meter.convert
    if convert is None:
        # Records have no more decimals than the grammar.
        return quantize(quantity, PLACES, "down")
    found = quantity if convert.divide is None else mul(quantity, convert.divide)
    return quantize(found if convert.multiply is None else div(found, convert.multiply), PLACES, "up")


def _let_through(guard: RateLimit | Cap, within: Period, *, whole: bool) -> Exact | None:
    """The most that passes in a stretch of time; None where time does not limit it."""
    if isinstance(guard, TokenBucket):
        # It is full at the first instant, and filled in up to the last one.
        past, interval = Decimal(within.micros - 1), _micros(guard.interval_seconds)
        if guard.fill == "steps":
            past = CONTEXT.multiply(interval, Decimal(floor(div(past, interval))))
        return add(guard.capacity, div(CONTEXT.multiply(guard.refill, past), interval))
    per: Cadence | None = None
    if isinstance(guard, Cap):
        limit, per, seconds = guard.quantity or ZERO, guard.per, guard.window_seconds
    elif isinstance(guard, FixedWindow):
        limit, per, seconds = guard.limit, guard.per, guard.window_seconds
    elif isinstance(guard, SlidingWindow):
        limit, seconds = guard.limit, guard.window_seconds
    else:
        return None
    windows = _windows(within, per, seconds, rolls=not isinstance(guard, FixedWindow))
    return CONTEXT.multiply(Decimal(floor(limit)) if whole else limit, Decimal(windows))


def _windows(within: Period, per: Cadence | None, seconds: Decimal | None, *, rolls: bool) -> int:
    """How often a limit may be used up: in each window that touches the stretch, or each time one has rolled by."""
    if per is not None:
        return sum(1 for _ in per.periods(within))
    if seconds is None:
        return 1
    # One that rolls is full again when it has gone by since the first instant.
    width, first = int(_micros(seconds)), 0 if rolls else (within.start - _EPOCH) // _MICRO
    return (first + within.micros - 1) // width - first // width + 1


def _micros(seconds: Decimal) -> Decimal:
    return CONTEXT.scaleb(seconds, 6)
