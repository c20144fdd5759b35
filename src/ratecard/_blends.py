"""
The shapes that are built of other shapes: sums, multiples, shifts, packages, extremes and choices by range.

Each works out its three answers and its tail from those of its parts; nothing is approximated on the way.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from decimal import Decimal

from ._numbers import ZERO, Exact, add, ceil, div, mul, sign, sub, text, total
from ._shapes import Shape, Tail, one_more, packages, smallest, times

__all__ = ["Extreme", "Held", "Packed", "Scaled", "Select", "Shifted", "Sum"]


class Sum(Shape):
    """The sum of shapes."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Shape, ...]) -> None:
        self.parts = parts
        self.endless = any(part.endless for part in parts)
        self.rising = all(part.rising for part in parts)
        tails = [part.tail for part in parts]
        self.tail = Tail(
            max(tail.after for tail in tails),
            total(tail.slope for tail in tails),
            total(tail.low for tail in tails),
            total(tail.high for tail in tails),
        )

    def at(self, q: Exact) -> Exact:
        return total(part.at(q) for part in self.parts)

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        found = [part.right(q) for part in self.parts]
        return total(value for value, _ in found), total(slope for _, slope in found)

    def after(self, q: Exact) -> Exact | None:
        return smallest(part.after(q) for part in self.parts)

    def given(self) -> tuple[object, ...]:
        return (self.parts,)

    def text(self) -> str:
        return " + ".join(part.text() for part in self.parts)


class Scaled(Shape):
    """A factor times a shape."""

    __slots__ = ("factor", "inner")

    def __init__(self, factor: Exact, inner: Shape) -> None:
        self.factor = factor
        self.inner = inner
        self.endless = inner.endless
        self.rising = inner.rising and sign(factor) > 0
        after, slope, low, high = inner.tail
        if sign(factor) < 0:
            low, high = high, low
        self.tail = Tail(after, times(factor, slope), times(factor, low), times(factor, high))

    def at(self, q: Exact) -> Exact:
        return times(self.factor, self.inner.at(q))

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        value, slope = self.inner.right(q)
        return times(self.factor, value), times(self.factor, slope)

    def after(self, q: Exact) -> Exact | None:
        return self.inner.after(q)

    def given(self) -> tuple[object, ...]:
        return (self.factor, self.inner)

    def text(self) -> str:
        return f"{text(self.factor)} ({self.inner.text()})"


class Shifted(Shape):
    """A shape that starts later: T(max(0, q - units))."""

    __slots__ = ("inner", "units")

    def __init__(self, units: Exact, inner: Shape) -> None:
        self.units = units
        self.inner = inner
        self.endless = inner.endless
        self.rising = inner.rising
        after, slope, low, high = inner.tail
        back = times(slope, units)
        self.tail = Tail(add(after, units), slope, sub(low, back), sub(high, back))

    def at(self, q: Exact) -> Exact:
        return self.inner.at(sub(q, self.units) if q > self.units else ZERO)

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        if q < self.units:
            return self.inner.at(ZERO), ZERO
        return self.inner.right(sub(q, self.units))

    def after(self, q: Exact) -> Exact | None:
        if q < self.units:
            return self.units
        found = self.inner.after(sub(q, self.units))
        return None if found is None else add(found, self.units)

    def given(self) -> tuple[object, ...]:
        return (self.units, self.inner)

    def text(self) -> str:
        return f"after {text(self.units)} ({self.inner.text()})"


class Held(Shape):
    """A shape that stops moving at a quantity: T(min(q, units))."""

    __slots__ = ("inner", "units")

    def __init__(self, units: Exact, inner: Shape) -> None:
        self.units = units
        self.inner = inner
        self.endless = False
        self.rising = inner.rising
        reached = inner.at(units)
        self.tail = Tail(units, ZERO, reached, reached)

    def at(self, q: Exact) -> Exact:
        return self.inner.at(q if q < self.units else self.units)

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        return self.inner.right(q) if q < self.units else (self.tail.low, ZERO)

    def after(self, q: Exact) -> Exact | None:
        return smallest((self.inner.after(q), self.units)) if q < self.units else None

    def given(self) -> tuple[object, ...]:
        return (self.units, self.inner)

    def text(self) -> str:
        return f"up to {text(self.units)} ({self.inner.text()})"


class Packed(Shape):
    """A shape of the quantity in whole packages: T(size * ceil(q / size)), or floor."""

    __slots__ = ("inner", "size", "up")

    def __init__(self, size: Exact, inner: Shape, up: bool) -> None:
        self.size = size
        self.inner = inner
        self.up = up
        after, slope, low, high = inner.tail
        self.endless = inner.endless or bool(slope)
        self.rising = inner.rising
        # The packed quantity lies within one package of q, so the total lies within one package's price of the strip.
        package = times(slope, size)
        rises = sign(package) > 0
        if up:
            low, high = (low, add(high, package)) if rises else (add(low, package), high)
        else:
            low, high = (sub(low, package), high) if rises else (low, sub(high, package))
        self.tail = Tail(after if up else add(after, size), slope, low, high)

    def _counted(self, q: Exact) -> Exact:
        """The quantity that is priced just above q."""
        count, _ = packages(q, self.size)
        return mul(self.size, one_more(count) if self.up else count)

    def at(self, q: Exact) -> Exact:
        count, rest = packages(q, self.size)
        return self.inner.at(mul(self.size, one_more(count) if rest and self.up else count))

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        return self.inner.at(self._counted(q)), ZERO

    def after(self, q: Exact) -> Exact | None:
        counted = self._counted(q)
        value, slope = self.inner.right(counted)
        if slope or value != self.inner.at(counted):
            return counted if self.up else add(counted, self.size)
        # Flat from here: skip the packages that change nothing, so that a price with a ceiling comes to an end.
        ends = self.inner.after(counted)
        if ends is None:
            return None
        count = ceil(div(ends, self.size))
        return mul(self.size, Decimal(count - 1 if self.up else count))

    def given(self) -> tuple[object, ...]:
        return (self.size, self.inner, self.up)

    def text(self) -> str:
        return f"in {'started' if self.up else 'full'} packages of {text(self.size)} ({self.inner.text()})"


class Extreme(Shape):
    """
    The greatest, or the least, of shapes.

    Past `turn` only the shapes in `late` can win: those of the winning slope that others of that slope do not hide.
    So a stair under a ceiling is at an end where it meets the ceiling.
    """

    __slots__ = ("greatest", "late", "parts", "turn")

    def __init__(self, parts: tuple[Shape, ...], greatest: bool) -> None:
        self.parts = parts
        self.greatest = greatest
        best = self._best(part.tail.slope for part in parts)
        leaders = [part for part in parts if part.tail.slope == best]
        # The leader that is sure to win: the highest lower edge of a strip (or the lowest upper edge).
        edge = self._best(self._sure(part.tail) for part in leaders)
        sure = next(part for part in leaders if self._sure(part.tail) == edge)
        self.late = tuple(part for part in leaders if part is sure or self._beats(self._hope(part.tail), edge))
        self.turn = self._turn(best, edge)
        self.endless = any(part.endless for part in self.late)
        self.rising = all(part.rising for part in parts)
        low = self._best(part.tail.low for part in self.late)
        high = self._best(part.tail.high for part in self.late)
        self.tail = Tail(self.turn, best, low, high)

    def _turn(self, best: Exact, edge: Exact) -> Exact:
        turn = max(part.tail.after for part in self.parts)
        for part in self.parts:
            tail = part.tail
            if tail.slope != best:
                met = div(sub(self._hope(tail), edge), sub(best, tail.slope))
                turn = max(turn, met)
        return turn

    def _sure(self, tail: Tail) -> Exact:
        return tail.low if self.greatest else tail.high

    def _hope(self, tail: Tail) -> Exact:
        return tail.high if self.greatest else tail.low

    def _beats(self, a: Exact, b: Exact) -> bool:
        return a > b if self.greatest else a < b

    def _best(self, values: Iterable[Exact]) -> Exact:
        return max(values) if self.greatest else min(values)

    def at(self, q: Exact) -> Exact:
        return self._best(part.at(q) for part in (self.late if q > self.turn else self.parts))

    def _near(self, q: Exact) -> tuple[Shape, ...]:
        return self.parts if q < self.turn else self.late

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        found = [part.right(q) for part in self._near(q)]
        value = self._best(value for value, _ in found)
        return value, self._best(slope for other, slope in found if other == value)

    def after(self, q: Exact) -> Exact | None:
        near = self._near(q)
        if len(near) == 1:
            return near[0].after(q)
        value, slope = self.right(q)
        meets: list[Exact | None] = [part.after(q) for part in near]
        for part in near:
            other, steeper = part.right(q)
            if self._beats(steeper, slope):
                meets.append(add(q, div(sub(value, other), sub(steeper, slope))))
        return smallest([*meets, self.turn if q < self.turn else None])

    def given(self) -> tuple[object, ...]:
        return (self.parts, self.greatest)

    def text(self) -> str:
        return f"{'greatest' if self.greatest else 'least'}({', '.join(part.text() for part in self.parts)})"


class Select(Shape):
    """The range that holds q picks the shape that prices all of q; at 0 it is a value of its own."""

    __slots__ = ("at_zero", "bounds", "parts", "rows")

    def __init__(self, rows: tuple[tuple[Decimal | None, Shape], ...], at_zero: Exact) -> None:
        self.rows = rows
        self.at_zero = at_zero
        self.bounds = [upper for upper, _ in rows if upper is not None]
        self.parts = [part for _, part in rows]
        last = self.parts[-1]
        self.endless = last.endless
        self.rising = self._rises()
        self.tail = last.tail._replace(after=max(last.tail.after, self.bounds[-1] if self.bounds else ZERO))

    def _rises(self) -> bool:
        reached = self.at_zero
        for lower, (upper, part) in zip([ZERO, *self.bounds], self.rows, strict=True):
            if not part.rising or part.right(lower)[0] < reached:
                return False
            if upper is not None:
                reached = part.at(upper)
        return True

    def at(self, q: Exact) -> Exact:
        return self.parts[bisect_left(self.bounds, q)].at(q) if q else self.at_zero

    def right(self, q: Exact) -> tuple[Exact, Exact]:
        return self.parts[bisect_right(self.bounds, q)].right(q)

    def after(self, q: Exact) -> Exact | None:
        index = bisect_right(self.bounds, q)
        return smallest((self.parts[index].after(q), self.bounds[index] if index < len(self.bounds) else None))

    def given(self) -> tuple[object, ...]:
        return (self.rows, self.at_zero)

    def text(self) -> str:
        told = ", ".join(
            f"{'above' if upper is None else 'to ' + text(upper)}: {part.text()}" for upper, part in self.rows
        )
        return f"select(at 0: {text(self.at_zero)}, {told})"
