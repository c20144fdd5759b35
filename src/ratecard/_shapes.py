"""
The shapes a total can have, and the two atoms they are built of: a table of straight pieces, and an endless stair.

Every shape answers three questions about a quantity q, and all searches are made of these alone:

- `at(q)`: the total at q.
- `right(q)`: the total just above q, and the slope there.
- `after(q)`: the next quantity above q at which the formula may change; None when it never does.

A shape also knows its `tail`, a strip it never leaves once q is large. That lets a search in an endless stair skip to
where the answer must be, without counting steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from ._numbers import CONTEXT, ZERO, Exact, add, div, floor, mul, neg, sign, sub, text

__all__ = ["Packing", "Row", "Shape", "Stair", "Table", "Tail", "one_more", "packages", "smallest", "times"]

Packing: TypeAlias = Literal["up", "down", "none"]
"""How a quantity becomes whole packages: a started one counts, only full ones count, or parts count in proportion."""

Row: TypeAlias = tuple[Decimal | None, Exact, Exact]


class Tail(NamedTuple):
    """For every q > `after`: slope * q + low <= T(q) <= slope * q + high."""

    after: Exact
    slope: Exact
    low: Exact
    high: Exact


class Shape(ABC):
    """
    An exact total of q >= 0.

    Attributes:
        tail: the strip that holds it once q is large.
        endless: whether its formula changes again and again without end.
        rising: whether its build alone proves that it never falls.
    """

    __slots__ = ("endless", "rising", "tail")

    endless: bool
    rising: bool
    tail: Tail

    @abstractmethod
    def at(self, q: Exact) -> Exact:
        """The total at q."""

    @abstractmethod
    def right(self, q: Exact) -> tuple[Exact, Exact]:
        """The total just above q, and the slope there."""

    @abstractmethod
    def after(self, q: Exact) -> Exact | None:
        """The next quantity above q where the formula may change."""

    @abstractmethod
    def given(self) -> tuple[object, ...]:
        """What it was made from: the arguments that make an equal one."""

    @abstractmethod
    def text(self) -> str:
        """The expression in words and digits."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shape):
            return NotImplemented
        return self.__class__ is other.__class__ and self.given() == other.given()

    def __hash__(self) -> int:
        return hash((self.__class__.__name__, self.given()))

    def __reduce__(self) -> tuple[object, ...]:
        return (self.__class__, self.given())


def times(a: Exact, b: Exact) -> Exact:
    """The exact product, without the negative zero that a negative factor makes of 0."""
    found = mul(a, b)
    return found if found else ZERO


def smallest(values: Iterable[Exact | None]) -> Exact | None:
    """The smallest of several bounds, None standing for no bound."""
    found: Exact | None = None
    for value in values:
        if value is not None and (found is None or value < found):
            found = value
    return found


def packages(q: Exact, size: Exact) -> tuple[Decimal, bool]:
    """How many full packages are in q, and whether something is left over."""
    if isinstance(q, Decimal) and isinstance(size, Decimal):
        count, rest = CONTEXT.divmod(q, size)
        return count, bool(rest)
    exactly = div(q, size)
    whole = Decimal(floor(exactly))
    return whole, exactly != whole


def one_more(count: Decimal) -> Decimal:
    return CONTEXT.add(count, Decimal(1))


class Table(Shape):
    """Straight pieces: on (lower, upper] the total is start + rate * (q - lower); at 0 it is a value of its own."""

    __slots__ = ("at_zero", "bases", "bounds", "lowers", "rates", "rows")

    def __init__(self, rows: tuple[Row, ...], at_zero: Exact) -> None:
        self.rows = rows
        self.at_zero = at_zero
        self.bounds = [upper for upper, _, _ in rows if upper is not None]
        self.lowers = [ZERO, *self.bounds]
        self.rates = [rate for _, _, rate in rows]
        # The straight line of each piece, carried back to q = 0: one product and one sum give an amount.
        self.bases = [sub(start, times(rate, low)) for (_, start, rate), low in zip(rows, self.lowers, strict=True)]
        self.endless = False
        self.rising = self._rises()
        self.tail = Tail(self.lowers[-1], self.rates[-1], self.bases[-1], self.bases[-1])

    def _rises(self) -> bool:
        reached = self.at_zero
        for index, (upper, start, rate) in enumerate(self.rows):
            if sign(rate) < 0 or start < reached:
                return False
            if upper is not None:
                reached = self._line(index, upper)
        return True

    def _line(self, index: int, q: Exact) -> Exact:
        return add(times(self.rates[index], q), self.bases[index])

    def at(self, q: Exact) -> Exact:
        return self._line(bisect_left(self.bounds, q), q) if q else self.at_zero

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        index = bisect_right(self.bounds, q)
        return self._line(index, q), self.rates[index]

    def after(self, q: Exact) -> Exact | None:
        index = bisect_right(self.bounds, q)
        return self.bounds[index] if index < len(self.bounds) else None

    def given(self) -> tuple[object, ...]:
        return (self.rows, self.at_zero)

    def text(self) -> str:
        first = self.rows[0]
        if len(self.rows) == 1 and first[1] == self.at_zero:
            if not first[2]:
                return text(first[1])
            slope = f"{text(first[2])} q"
            return f"{text(first[1])} + {slope}" if first[1] else slope
        told = ", ".join(
            f"{'above' if upper is None else 'to ' + text(upper)}: {text(start)} + {text(rate)} (q - {text(low)})"
            for (upper, start, rate), low in zip(self.rows, self.lowers, strict=True)
        )
        return f"table(at 0: {text(self.at_zero)}, {told})"


class Stair(Shape):
    """A price times the packages in q: started ones (continuous from the left) or full ones (from the right)."""

    __slots__ = ("price", "size", "up")

    def __init__(self, size: Exact, price: Exact, up: bool) -> None:
        self.size = size
        self.price = price
        self.up = up
        self.endless = True
        self.rising = sign(price) > 0
        # Started packages run ahead of the straight line by less than one price, full ones behind it.
        ahead = price if up else neg(price)
        self.tail = Tail(ZERO, div(price, size), min(ahead, ZERO), max(ahead, ZERO))

    def at(self, q: Exact) -> Exact:
        count, rest = packages(q, self.size)
        return times(self.price, one_more(count) if rest and self.up else count)

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        count, _ = packages(q, self.size)
        return times(self.price, one_more(count) if self.up else count), ZERO

    def after(self, q: Exact) -> Exact | None:
        return mul(self.size, one_more(packages(q, self.size)[0]))

    def given(self) -> tuple[object, ...]:
        return (self.size, self.price, self.up)

    def text(self) -> str:
        return f"{text(self.price)} {'ceil' if self.up else 'floor'}(q / {text(self.size)})"
