"""
What is seen when a shape is walked from break to break: its spans, its pieces, the points of its plot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Literal, NamedTuple

from ._numbers import ZERO, Exact, Ratio, add, div, sign, sub
from ._shapes import Row, Shape, Table, times
from .errors import NumberError

__all__ = ["Piece", "Span", "climbs", "decimals", "flattened", "pieces", "points", "spans", "walk"]

_MOST = 100_000
_FEW = 64
_SPANS = 1024


class Piece(NamedTuple):
    """
    A straight piece of a curve: T(q) = start + rate * (q - lower) for every q between its bounds.

    Attributes:
        lower: the lower bound.
        upper: the upper bound; None where the piece never ends.
        start: the total just above `lower`.
        rate: the price of one more unit.
        closed: which bounds belong to the piece. `right`, the rule, is (lower, upper]. Packages that round down give
            `left` and `neither`, and `both` where the range asked for ends inside such a piece, or for a single
            quantity with a total of its own (lower and upper are then equal). An endless one is `right` or `left`.
    """

    lower: Exact
    upper: Exact | None
    start: Exact
    rate: Exact
    closed: Literal["right", "left", "both", "neither"] = "right"

    def holds(self, q: Exact) -> bool:
        """Whether q belongs to the piece."""
        if q == self.lower:
            return self.closed in ("left", "both")
        if q == self.upper:
            return self.closed in ("right", "both")
        return q > self.lower and (self.upper is None or q < self.upper)

    def amount(self, q: Exact) -> Exact:
        """The total at a quantity of the piece."""
        return add(self.start, times(self.rate, sub(q, self.lower)))


class Span(NamedTuple):
    """A quantity with its total, and the straight line on the open range from it to `upper` (empty when equal)."""

    lower: Exact
    upper: Exact | None
    at: Exact
    start: Exact
    rate: Exact

    def limit(self, upper: Exact) -> Exact:
        """The total that the line comes to."""
        return add(self.start, times(self.rate, sub(upper, self.lower)))

    def meets(self, amount: Exact) -> Exact:
        """The quantity at which the line, carried on as far as needed, has this total."""
        return add(self.lower, div(sub(amount, self.start), self.rate))


def walk(shape: Shape, start: Exact, end: Exact | None) -> Iterator[Span]:
    """The spans from `start` on; the last one is endless, or the bare quantity `end`."""
    here = start
    while end is None or here < end:
        value, slope = shape.right(here)
        after = shape.after(here)
        upper = end if after is None or (end is not None and after > end) else after
        yield Span(here, upper, shape.at(here), value, slope)
        if upper is None:
            return
        here = upper
    value = shape.at(here)
    yield Span(here, here, value, value, ZERO)


def spans(shape: Shape, start: Exact, end: Exact | None) -> Iterator[Span]:
    """The spans, refused where they would never end or be too many to hold."""
    if end is None and shape.endless:
        raise NumberError(
            "this price has steps without end, so the search needs a range; give an end, such as end='1000'",
            code="range.open",
        )
    for count, span in enumerate(walk(shape, start, end)):
        if count > _MOST:
            raise NumberError(
                f"the range holds more than {_MOST} steps of the price; give a shorter range", code="range.wide"
            )
        yield span


def pieces(shape: Shape, start: Exact, end: Exact | None) -> Iterator[Piece]:
    """The pieces that cover (start, end], made as they are asked for; neighbours of one line are one piece."""
    held: Piece | None = None
    opened = False
    for span in walk(shape, start, end):
        closed = False
        if held is not None:
            joined = held.amount(span.lower) == span.at
            follows = span.upper != span.lower and span.start == span.at
            if joined and follows and span.rate == held.rate:
                held = held._replace(upper=span.upper)
                continue
            yield _ended(held, opened, joined)
            if not joined and not follows:
                yield Piece(span.lower, span.lower, span.at, ZERO, "both")
            closed = follows and not joined
        opened = closed
        held = Piece(span.lower, span.upper, span.start, span.rate)
    if held is not None and held.upper is None:
        yield _ended(held, opened, not opened)


def _ended(piece: Piece, left: bool, right: bool) -> Piece:
    return piece._replace(closed=("both" if right else "left") if left else ("right" if right else "neither"))


def points(shape: Shape, start: Exact, end: Exact, count: int) -> list[tuple[Exact, Exact]]:
    """Evenly spaced quantities with their totals, and every break with the total on both sides of it."""
    width = sub(end, start)
    grid = [add(start, div(times(width, Decimal(index)), count - 1)) for index in range(count)]
    found: list[tuple[Exact, Exact]] = []
    next_one = 0
    for span in spans(shape, start, end):
        if not found or found[-1] != (span.lower, span.at):
            found.append((span.lower, span.at))
        assert span.upper is not None
        if span.upper == span.lower:
            continue
        if span.start != span.at:
            found.append((span.lower, span.start))
        while grid[next_one] <= span.lower:
            next_one += 1
        while grid[next_one] < span.upper:
            found.append((grid[next_one], span.limit(grid[next_one])))
            next_one += 1
        found.append((span.upper, span.limit(span.upper)))
    return found


def decimals(values: Iterable[Exact]) -> list[Decimal]:
    return [value for value in values if isinstance(value, Decimal)]


def flattened(shape: Shape) -> Table | None:
    """The same function as one table, if it has few pieces, all continuous from the left, with decimal bounds."""
    if isinstance(shape, Table):
        return shape
    if shape.endless or _many(shape):
        return None
    rows: list[Row] = []
    for piece in islice(pieces(shape, ZERO, None), _FEW + 1):
        if piece.closed != "right" or isinstance(piece.upper, Ratio) or len(rows) == _FEW:
            return None
        rows.append((piece.upper, piece.start, piece.rate))
    return Table(tuple(rows), shape.at(ZERO))


def _many(shape: Shape) -> bool:
    """Whether a shape has more spans than are worth going through, though few pieces may come of them."""
    return any(count == _SPANS for count, _ in enumerate(walk(shape, ZERO, None)))


def climbs(shape: Shape) -> bool:
    """Whether few pieces show that the total never falls."""
    if shape.endless or _many(shape):
        return False
    reached = shape.at(ZERO)
    for count, piece in enumerate(pieces(shape, ZERO, None)):
        if count == _FEW or piece.start < reached or sign(piece.rate) < 0:
            return False
        if piece.upper is not None:
            reached = piece.amount(piece.upper)
    return True
