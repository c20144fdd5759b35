"""
The exact total of a price that depends on the quantity alone, as a function that can be asked.

The rules:

1. A `Curve` gives one exact total T(q) for every quantity q >= 0. Nothing is rounded, whatever the decimal context.
2. Prices are continuous from the left: a tier or package with the upper bound u holds u itself, and T may jump just
   above it. The exceptions are packages that count only when full (`mode="down"`), which jump at u, and 0, where a
   price may have a total of its own (`at_zero`).
3. Curves are values: they are built from tables and stairs by `+`, `scale`, `shift`, `clamp`, `packed`, `greatest`,
   `least`, `first_then` and `select`, compare by how they are built, and never change.
4. Questions whose answer would need endless steps to be looked at ask for an `end` (`range.open`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal, DecimalException

from . import _pieces, _searches
from ._blends import Extreme, Held, Packed, Scaled, Select, Shifted, Sum
from ._given import (
    Given,
    read_bounds,
    read_end,
    read_mode,
    read_quantity,
    read_range,
    read_size,
    read_value,
)
from ._numbers import CONTEXT, ONE, ZERO, Exact, div, sign, sub
from ._pieces import Piece
from ._searches import Cliff, Crossing
from ._shapes import Packing, Row, Shape, Stair, Table, times
from .errors import InternalError, NumberError

__all__ = [
    "Cliff",
    "Crossing",
    "Curve",
    "Given",
    "Packing",
    "Piece",
    "constant",
    "first_then",
    "greatest",
    "least",
    "linear",
    "select",
    "stair",
    "table",
]

_NEAR = Decimal("1E-100")
_FAR = Decimal("1E+100")

_fma = CONTEXT.fma


class Curve:
    """
    An exact total T(q) of a quantity q >= 0.

    Made by `linear`, `constant`, `stair`, `table` and `select`, and from other curves.

    Attributes:
        shape: the expression behind it.

    >>> price = table([(10, "0", "5"), (None, "50", "4")])
    >>> price.amount("12"), price.buys("100"), price.marginal("10")
    (Decimal('58'), Decimal('22'), Decimal('4'))
    """

    __slots__ = ("_bases", "_bounds", "_count", "_rates", "_ready", "shape")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._ready = False
        self._rates: Sequence[Decimal] = ()
        self._bases: Sequence[Decimal] = ()
        self._count = 0
        self._bounds: Sequence[Decimal] = ()
        if isinstance(shape, Table):
            self._prepare()

    def amount(self, q: Given) -> Exact:
        """
        The total at a quantity.

        Raises:
            NumberError: `quantity.negative`, or the codes of the number grammar.

        >>> stair("1000", "2").amount("1001")
        Decimal('4')
        """
        # The bounds are fenced by a tiny and a huge quantity: 0, negative numbers and infinity fall outside the fence
        # and are looked at below, so the everyday amount is one search, one product and one sum.
        if isinstance(q, Decimal):
            try:
                index = bisect_left(self._bounds, q)
                if 0 < index < self._count:
                    return _fma(self._rates[index], q, self._bases[index])
            except DecimalException:
                pass
        return self._amount(q)

    def _amount(self, q: Given) -> Exact:
        if self._ready and isinstance(q, Decimal) and q.is_finite() and _NEAR < q < _FAR:
            try:
                return self.shape.at(q)
            except (DecimalException, InternalError):
                pass  # Digits beyond counting are told by the grammar.
        wanted = read_quantity(q)
        if not self._ready:
            self._prepare()
        return self.shape.at(wanted)

    def _prepare(self) -> None:
        """Lay out the pieces for `amount`, where they are few and continuous from the left."""
        found = _pieces.flattened(self.shape)
        if found is not None:
            rates, bases = _pieces.decimals(found.rates), _pieces.decimals(found.bases)
            if len(rates) == len(bases) == len(found.rows):
                self._rates, self._bases, self._count = [ZERO, *rates], [ZERO, *bases], len(rates) + 1
                # Last, so that a thread that sees the bounds also sees what they point to.
                self._bounds = [_NEAR, *found.bounds, _FAR]
        self._ready = True

    def between(self, a: Given, b: Given) -> Exact:
        """
        The price of going from a to b: T(b) - T(a).

        >>> stair("10", "1").between("15", "25")
        Decimal('1')
        """
        return sub(self.amount(b), self.amount(a))

    def marginal(self, q: Given) -> Exact:
        """The slope just above q: the rate of the next unit. What is due at once above q is `jump(q)`."""
        return self.shape.right(read_quantity(q))[1]

    def jump(self, q: Given) -> Exact:
        """The step just above q: T(q+) - T(q); 0 where the total does not jump."""
        wanted = read_quantity(q)
        return sub(self.shape.right(wanted)[0], self.shape.at(wanted))

    def average(self, q: Given) -> Exact:
        """
        The price of a unit when q are bought: T(q) / q.

        Raises:
            NumberError: `quantity.zero`.

        >>> table([(None, "100", "1")]).average("300")
        Ratio('4/3')
        """
        wanted = read_quantity(q)
        if not wanted:
            raise NumberError("no units have no average price; give a quantity above 0", code="quantity.zero")
        return div(self.amount(wanted), wanted)

    def buys(self, budget: Given, *, step: Given = "1", end: Given | None = None) -> Decimal | None:
        """
        The largest quantity, in whole steps, whose total the budget covers.

        Where a total falls, a smaller quantity may cost more than the budget; the answer is still the largest.

        Args:
            budget: the money.
            step: the smallest quantity that can be bought.
            end: look no further than this quantity.

        Returns:
            A multiple of `step`; None when the budget covers every large quantity.

        Raises:
            NumberError: `budget.small` when nothing is covered, not even 0; `step.positive`; `range.open` when steps of
                the price swing around the budget for ever; `range.wide` when there are too many steps to look through.

        >>> stair("10", "3").buys("100"), constant("5").buys("5")
        (Decimal('330'), None)
        """
        size = read_value(step)
        if not isinstance(size, Decimal) or sign(size) <= 0:
            raise NumberError("a step is a decimal above 0; give one such as '1' or '0.001'", code="step.positive")
        return _searches.buys(self.shape, read_value(budget), size, read_end(end))

    def reaches(self, amount: Given, *, end: Given | None = None) -> Exact | None:
        """
        The first quantity at which the total comes to the amount; None when it never does.

        This is the greatest lower bound of all q with T(q) >= amount. Where the total jumps to the amount just above q,
        T(q) itself is still below it, and every larger quantity nearby is at it.

        Raises:
            NumberError: `range.open` or `range.wide`, as for `buys`.

        >>> linear("3").reaches("100"), stair("10", "1").reaches("2"), constant("5").reaches("6")
        (Ratio('100/3'), Decimal('10'), None)
        """
        return _searches.reaches(self.shape, read_value(amount), read_end(end))

    def pieces(self, start: Given = "0", end: Given | None = None) -> Iterator[Piece]:
        """
        The straight pieces that cover (start, end], one after another, as they are asked for.

        T(start) is not among them; ask `amount`. Without an end, the pieces of a stair never end.

        >>> for piece in table([(10, "0", "5"), (None, "50", "4")]).pieces():
        ...     print(piece.lower, piece.upper, piece.start, piece.rate, piece.closed)
        0 10 0 5 right
        10 None 50 4 right
        """
        return _pieces.pieces(self.shape, *read_range(start, end))

    def crossings(self, other: Curve, start: Given = "0", end: Given | None = None) -> list[Crossing]:
        """
        Where this price stops being cheaper (or dearer) than another, and the ranges in which they are equal.

        Single quantities where both meet without changing sides are left out.

        Raises:
            NumberError: `range.open` when either has steps without end and no end is given; `range.wide`.

        >>> linear("3").crossings(table([(None, "100", "1")], at_zero="100"))
        [Crossing(lower=Decimal('50'), upper=Decimal('50'), before=-1, after=1)]
        """
        difference = Sum((self.shape, Scaled(Decimal(-1), other.shape)))
        return _searches.crossings(difference, *read_range(start, end))

    def cliffs(self, start: Given = "0", end: Given | None = None) -> list[Cliff]:
        """
        The ranges in which buying more costs less.

        A quantity is on a cliff when some larger quantity in the range asked for has a smaller total. The cliffs are
        the longest ranges of such quantities, in order.

        Raises:
            NumberError: `range.open` when no end is given and there are steps without end, or the total falls for ever;
                `range.wide`.

        >>> [cliff] = table([(100, "0", "10"), (None, "800", "8")]).cliffs()
        >>> cliff.low, cliff.high, cliff.at, cliff.peak, cliff.drop
        (Decimal('80'), Decimal('100'), Decimal('100'), Decimal('1000'), Decimal('200'))
        """
        return _searches.cliffs(self.shape, *read_range(start, end))

    def points(self, start: Given, end: Given, *, count: int = 100) -> list[tuple[Exact, Exact]]:
        """
        Quantities and totals for a plot: evenly spaced ones, and every break with both its sides.

        Raises:
            NumberError: `points.few` when `count` is below 2; `range.wide`.
        """
        if count < 2:
            raise NumberError("a line needs two points or more; give a count of at least 2", code="points.few")
        low, high = read_range(start, end)
        assert high is not None
        return _pieces.points(self.shape, low, high, count)

    @property
    def monotone(self) -> bool:
        """Whether the total is proven never to fall: by how the curve is built, or by its pieces where they are few."""
        return self.shape.rising or _pieces.climbs(self.shape)

    @property
    def endless(self) -> bool:
        """Whether the curve has steps without end, so that some questions need a range."""
        return self.shape.endless

    def __add__(self, other: Curve) -> Curve:
        if not isinstance(other, Curve):
            return NotImplemented
        return Curve(Sum((*_terms(self.shape), *_terms(other.shape))))

    def scale(self, factor: Given) -> Curve:
        """The total times a factor: factor * T(q)."""
        by, inner = read_value(factor), self.shape
        if isinstance(inner, Scaled):
            by, inner = times(by, inner.factor), inner.inner
        if not by:
            return constant(ZERO)
        return Curve(inner if by == ONE else Scaled(by, inner))

    def shift(self, units: Given) -> Curve:
        """
        The first units are free, then the price starts at 0: T(max(0, q - units)).

        >>> linear("2").shift("100").amount("130")
        Decimal('60')
        """
        free = read_quantity(units)
        return Curve(Shifted(free, self.shape)) if free else self

    def clamp(self, low: Given | None = None, high: Given | None = None) -> Curve:
        """
        The total held between a least and a greatest amount.

        Raises:
            NumberError: `clamp.order` when the least is above the greatest.

        >>> linear("2").clamp("10", "50").amount("3")
        Decimal('10')
        """
        if low is not None and high is not None and read_value(low) > read_value(high):
            raise NumberError(f"the minimum {low} is above the maximum {high}; exchange them", code="clamp.order")
        found = self if low is None else greatest(self, constant(low))
        return found if high is None else least(found, constant(high))

    def packed(self, size: Given, mode: Packing = "up") -> Curve:
        """
        The price of the quantity in whole packages: T(size * ceil(q / size)); floor when `mode` is down.

        >>> linear("2").packed("10").amount("11")
        Decimal('40')
        """
        by = read_size(size)
        return self if read_mode(mode) == "none" else Curve(Packed(by, self.shape, mode == "up"))

    def __eq__(self, other: object) -> bool:
        return self.shape == other.shape if isinstance(other, Curve) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.shape)

    def __str__(self) -> str:
        return self.shape.text()

    def __repr__(self) -> str:
        return f"<Curve {self.shape.text()}>"

    def __reduce__(self) -> tuple[object, ...]:
        return (Curve, (self.shape,))


def constant(amount: Given, *, at_zero: bool = True) -> Curve:
    """
    The same total for every quantity.

    Args:
        amount: the total.
        at_zero: whether it is due at 0 too; else T(0) = 0.
    """
    value = read_value(amount)
    return Curve(Table(((None, value, ZERO),), value if at_zero else ZERO))


def linear(rate: Given) -> Curve:
    """A price per unit: T(q) = rate * q."""
    return Curve(Table(((None, ZERO, read_value(rate)),), ZERO))


def stair(size: Given, price: Given, mode: Packing = "up") -> Curve:
    """
    A price per package of `size` units.

    Args:
        size: the units in a package, above 0.
        price: the price of a package.
        mode: `up` counts started packages, `down` full ones, `none` parts in proportion.

    >>> [str(stair("10", "3", mode).amount("25")) for mode in ("up", "down", "none")]
    ['9', '6', '7.5']
    """
    by, value = read_size(size), read_value(price)
    if read_mode(mode) == "none":
        return linear(div(value, by))
    return Curve(Stair(by, value, mode == "up")) if value else constant(ZERO)


def table(rows: Sequence[tuple[Given | None, Given, Given]], *, at_zero: Given = ZERO) -> Curve:
    """
    A total in straight pieces, with or without jumps between them.

    Args:
        rows: (upper, start, rate) each; on (lower, upper] the total is start + rate * (q - lower), where lower is the
            upper bound of the row before (0 for the first). The last upper bound, and no other, is None.
        at_zero: the total at 0.

    Raises:
        NumberError: `table.empty`, `table.order` or `table.open`.

    >>> table([(5, "10", "0"), (None, "15", "0")]).amount("5.01")
    Decimal('15')
    """
    bounds = read_bounds([row[0] for row in rows])
    built: list[Row] = [
        (upper, read_value(start), read_value(rate)) for upper, (_, start, rate) in zip(bounds, rows, strict=True)
    ]
    return Curve(Table(tuple(built), read_value(at_zero)))


def select(rows: Sequence[tuple[Given | None, Curve]], *, at_zero: Given = ZERO) -> Curve:
    """
    The range that holds q picks the curve that prices all of q.

    Args:
        rows: (upper, curve) each; the ranges are (lower, upper] as in `table`.
        at_zero: the total at 0.

    Raises:
        NumberError: `table.empty`, `table.order` or `table.open`.

    >>> select([(100, linear("10")), (None, linear("8"))]).amount("101")
    Decimal('808')
    """
    bounds = read_bounds([row[0] for row in rows])
    built = tuple((upper, curve.shape) for upper, (_, curve) in zip(bounds, rows, strict=True))
    return Curve(Select(built, read_value(at_zero)))


def greatest(first: Curve, *others: Curve) -> Curve:
    """The greatest of the totals at every quantity."""
    return Curve(Extreme((first.shape, *(other.shape for other in others)), True)) if others else first


def least(first: Curve, *others: Curve) -> Curve:
    """The least of the totals at every quantity."""
    return Curve(Extreme((first.shape, *(other.shape for other in others)), False)) if others else first


def first_then(first: Curve, units: Given, then: Curve) -> Curve:
    """
    One price for the first units and another, starting at 0, for the rest: first(min(q, n)) + then(max(0, q - n)).

    >>> first_then(constant("10"), "100", linear("2")).amount("105")
    Decimal('20')
    """
    count = read_quantity(units)
    return Curve(Sum((Held(count, first.shape), *_terms(then.shift(count).shape))))


def _terms(shape: Shape) -> tuple[Shape, ...]:
    return shape.parts if isinstance(shape, Sum) else (shape,)
