"""
The questions asked of a shape: what a budget buys, where an amount is reached, where more costs less, where two cross.

All answers are exact. A search over steps without end needs an end; where the strip that holds the shape (its tail)
shows how far the answer can be, the search finds that end itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from ._numbers import CONTEXT, ZERO, Exact, add, ceil, div, floor, mul, sign, sub, text
from ._pieces import Span, spans, walk
from ._shapes import Shape
from .errors import NumberError

__all__ = ["Cliff", "Crossing", "buys", "cliffs", "crossings", "reaches"]

_NEAR = 10_000


class Cliff(NamedTuple):
    """
    A range in which buying more costs less; a single quantity when both bounds are equal.

    Attributes:
        low: the lower bound; just above it the first larger quantity is cheaper.
        high: the upper bound; beyond it, for a while, more costs no less.
        at: where the most is overpaid, the smallest such quantity; at it or right beside it.
        peak: the total there.
        drop: what a larger quantity in the range asked for costs less than `peak`, at its cheapest.
    """

    low: Exact
    high: Exact
    at: Exact
    peak: Exact
    drop: Exact


class Crossing(NamedTuple):
    """
    Where one curve stops being below (or above) another.

    Attributes:
        lower: where it happens, or where a range of equal totals starts.
        upper: the same quantity, or where that range ends; None when it never ends.
        before: the sign of the difference below: -1 cheaper than the other, 1 dearer, 0 when the range starts here.
        after: the sign of the difference above; 0 when the range ends here.
    """

    lower: Exact
    upper: Exact | None
    before: int
    after: int


def _horizon(shape: Shape, amount: Exact, end: Exact | None, *, below: bool) -> Exact | None:
    """
    The quantity beyond which a search for totals at or below (at or above) an amount can learn nothing new.

    None when totals on the wanted side come up for ever.

    Raises:
        NumberError: `range.open` when the strip of the price runs level around the amount, so that it does not tell.
    """
    after, slope, low, high = shape.tail
    if end is not None:
        return end
    direction = sign(slope)
    if direction:
        edge = low if direction > 0 else high
        if below and direction < 0:
            return None
        return max(add(after, Decimal(1)), div(sub(amount, edge), slope))
    if amount >= high if below else amount > high:
        return None if below else after
    if amount < low if below else amount <= low:
        return after if below else add(after, Decimal(1))
    raise NumberError(
        f"the steps of this price stay around {text(amount)} for ever; give an end, such as end='1000'",
        code="range.open",
    )


def reaches(shape: Shape, amount: Exact, end: Exact | None) -> Exact | None:
    """The first quantity at which, or just above which, the total is at least the amount."""
    if shape.at(ZERO) >= amount:
        return ZERO
    try:
        last = _horizon(shape, amount, end, below=False)
    except NumberError:
        # The strip does not tell, but the answer may lie near.
        found = _first(islice(walk(shape, ZERO, None), _NEAR), amount)
        if found is None:
            raise
        return found
    assert last is not None
    if shape.rising:
        return _climb(shape, amount, last) if shape.at(last) >= amount else None
    after, slope, _, high = shape.tail
    if sign(slope) > 0:
        # Beyond the head nothing can reach the amount before the upper edge of the strip does.
        skip = div(sub(amount, high), slope)
        if skip > after:
            found = _first(spans(shape, ZERO, min(after, last)), amount)
            return _first(spans(shape, skip, last), amount) if found is None and skip <= last else found
    return _first(spans(shape, ZERO, last), amount)


def _first(found: Iterable[Span], amount: Exact) -> Exact | None:
    """Span by span, for prices that fall in places."""
    for span in found:
        if span.at >= amount:
            return span.lower
        if span.upper == span.lower:
            continue
        rising = sign(span.rate)
        if span.start > amount or (span.start == amount and rising >= 0):
            return span.lower
        if rising > 0:
            met = span.meets(amount)
            if span.upper is None or met < span.upper:
                return met
    return None


def _climb(shape: Shape, amount: Exact, end: Exact) -> Exact:
    """By halving, for prices that never fall: T(low) < amount <= T(high) all the time."""
    low: Exact = ZERO
    high = end
    while True:
        value, slope = shape.right(low)
        if value >= amount:
            return low
        after = shape.after(low)
        if after is None or after >= high:
            met = add(low, div(sub(amount, value), slope)) if slope else high
            return met if met < high else high
        if shape.at(after) >= amount:
            high = after
            continue
        low = after
        middle = div(add(low, high), 2)
        if shape.at(middle) >= amount:
            high = middle
        else:
            low = middle


def buys(shape: Shape, budget: Exact, step: Decimal, end: Exact | None) -> Decimal | None:
    """The largest multiple of the step whose total the budget covers; None when every large one is covered."""
    last = _horizon(shape, budget, end, below=True)
    if last is None:
        return None
    found = _most(shape, budget, step, last) if shape.rising else _latest(shape, budget, step, last)
    if found is None:
        raise NumberError(
            f"a budget of {text(budget)} does not even cover the total at 0, {text(shape.at(ZERO))}; give more",
            code="budget.small",
        )
    return CONTEXT.multiply(step, Decimal(found))


def _most(shape: Shape, budget: Exact, step: Decimal, end: Exact) -> int | None:
    """By halving, for prices that never fall."""
    if shape.at(ZERO) > budget:
        return None
    low, high = 0, floor(div(end, step)) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if shape.at(CONTEXT.multiply(step, Decimal(middle))) <= budget:
            low = middle
        else:
            high = middle
    return low


def _latest(shape: Shape, budget: Exact, step: Decimal, end: Exact) -> int | None:
    """Span by span, for prices that fall in places, from where the strip is sure to be under the budget."""
    after, slope, _, high = shape.tail
    best: int | None = None
    start: Exact = ZERO
    if sign(slope) > 0:
        sure = floor(div(min(div(sub(budget, high), slope), end), step))
        at = CONTEXT.multiply(step, Decimal(sure))
        if at > after:
            best, start = sure, at
    for span in spans(shape, start, end):
        whole = ceil(div(span.lower, step))
        if span.at <= budget and mul(step, Decimal(whole)) == span.lower:
            best = whole
        if span.upper is not None and span.upper != span.lower:
            best = _inside(span, span.upper, budget, step) or best
    return best


def _inside(span: Span, upper: Exact, budget: Exact, step: Decimal) -> int | None:
    """The largest whole number of steps strictly inside a span that the budget covers."""
    low, high = floor(div(span.lower, step)) + 1, ceil(div(upper, step)) - 1
    if sign(span.rate) > 0:
        high = min(high, floor(div(span.meets(budget), step)))
    if high < low or span.limit(mul(step, Decimal(high))) > budget:
        return None
    return high


def cliffs(shape: Shape, start: Exact, end: Exact | None) -> list[Cliff]:
    """Walked from the right with the least total seen so far."""
    walked = list(spans(shape, start, end))
    if walked[-1].upper is None and sign(walked[-1].rate) < 0:
        raise NumberError("this price falls for ever, so more always costs less; give an end", code="range.open")
    found = _Cliffs()
    for span in reversed(walked):
        if span.upper != span.lower:
            found.line(span)
        found.point(span)
    return found.ranges[::-1]


class _Cliffs:
    """The ranges found so far, the last one first, and whether the last one may grow to the left."""

    __slots__ = ("growing", "least", "ranges")

    def __init__(self) -> None:
        self.ranges: list[Cliff] = []
        self.least: Exact | None = None
        self.growing = False

    def line(self, span: Span) -> None:
        """Take in the open range of a span."""
        rising = sign(span.rate) >= 0
        limit = span.start if span.upper is None or not span.rate else span.limit(span.upper)
        if not rising:
            self._lower(limit)
        if self.least is not None and span.upper is not None:
            if span.start > self.least or (span.start == self.least and limit > span.start):
                dear = (span.upper, limit) if limit > span.start else (span.lower, span.start)
                self._take(Cliff(span.lower, span.upper, *dear, sub(dear[1], self.least)), whole=True)
            elif limit > self.least:
                cheap = span.meets(self.least)
                self._take(Cliff(cheap, span.upper, span.upper, limit, sub(limit, self.least)), whole=False)
            else:
                self.growing = False
        if rising:
            self._lower(span.start)

    def point(self, span: Span) -> None:
        """Take in the quantity itself."""
        if self.least is not None and span.at > self.least:
            here = span.lower
            self._take(Cliff(here, here, here, span.at, sub(span.at, self.least)), whole=True)
        else:
            self.growing = False
        self._lower(span.at)

    def _lower(self, value: Exact) -> None:
        if self.least is None or value < self.least:
            self.least = value

    def _take(self, new: Cliff, *, whole: bool) -> None:
        if self.growing:
            old = self.ranges.pop()
            dear = old if old.drop > new.drop else new
            new = Cliff(new.low, old.high, dear.at, dear.peak, dear.drop)
        self.ranges.append(new)
        self.growing = whole


def crossings(difference: Shape, start: Exact, end: Exact | None) -> list[Crossing]:
    """The changes of sign of a difference, and the ranges where it is zero."""
    runs: list[tuple[int, Exact, Exact | None]] = []
    for span in spans(difference, start, end):
        for found, lower, upper in _signs(span):
            if runs and runs[-1][0] == found:
                runs[-1] = (found, runs[-1][1], upper)
            else:
                runs.append((found, lower, upper))
    result: list[Crossing] = []
    for index, (found, lower, upper) in enumerate(runs):
        before = runs[index - 1][0] if index else 0
        after = runs[index + 1][0] if index + 1 < len(runs) else 0
        if found and before:
            # From a sign straight to its opposite: a jump across zero.
            result.append(Crossing(lower, lower, before, found))
        elif not found and (lower != upper or before * after < 0):
            result.append(Crossing(lower, upper, before, after))
    return result


def _signs(span: Span) -> Iterator[tuple[int, Exact, Exact | None]]:
    """The signs along a span: at its quantity, then on its line, cut where that is zero."""
    yield sign(span.at), span.lower, span.lower
    if span.upper == span.lower:
        return
    first, slope = sign(span.start), sign(span.rate)
    if first * slope < 0:
        met = span.meets(ZERO)
        if span.upper is None or met < span.upper:
            yield first, span.lower, met
            yield 0, met, met
            yield slope, met, span.upper
            return
    yield first or slope, span.lower, span.upper
