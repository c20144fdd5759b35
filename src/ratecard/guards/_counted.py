"""
A limit that counts by itself what each request takes in a window: the common part of caps and rate limits.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .._numbers import ZERO, Exact, add, div, neg, sub, text
from ..errors import MismatchError
from ._base import Guard, Look, Portion, Work
from ._clamp import clamp, peak
from ._reading import Gauge, Group
from ._signals import Signals
from ._verdict import Bound
from ._windows import Part, Window

__all__ = ["Counted", "factor", "highest", "left_of"]


def factor(value: Exact, limit: Exact) -> Exact | None:
    """How many times the limit a value is; None of a limit of 0."""
    return div(value, limit) if limit > 0 else None


def left_of(limit: Exact, value: Exact) -> Exact:
    """What is left of a limit, never below 0."""
    left = sub(limit, value)
    return left if left > 0 else ZERO


def highest(reading: Callable[[Decimal], Exact], value: Exact, portion: Portion) -> tuple[Exact, str]:
    """What a request that was cut would have come to: the most on the way to all of it, and a word of that."""
    if not portion.pieces:
        return value, ""
    at, most = peak(reading, portion.quantity, step=portion.step, pieces=portion.pieces)
    if most <= value:
        return value, ""
    return most, f"that is at {text(at)} on the way to {text(portion.quantity)}, which come to {text(value)}"


class Counted(Work):
    """A limit on what is taken in a window, counted by itself."""

    __slots__ = ("gauge", "limit", "once", "window")

    def __init__(
        self, guard: Guard, cell: Group, window: Window, limit: Exact, gauge: Gauge | None, *, once: bool = False
    ) -> None:
        super().__init__(guard, cell)
        self.window = window
        self.limit = limit
        self.gauge = gauge
        self.once = once
        self.admits = self.mends = True

    def zero(self) -> Part:
        """Nothing was taken."""
        return self.window.zero()

    def idle(self, part: Part, now: int) -> bool:
        """Nothing stands in the window."""
        return not self.window.used(part, now)

    def bind(self, part: Part, look: Look) -> tuple[Part, Bound | None]:
        """At or under the limit with it."""
        amount = look.taken(self.gauge)
        if not amount:
            return part, None
        used = self.window.used(part, look.now)
        value = add(used, amount)
        if value <= self.limit or amount < 0 or (self.once and used < self.limit):
            return self.window.add(part, look.now, amount), None
        return part, self._bound(part, value, amount, look)

    def _bound(self, part: Part, value: Exact, amount: Exact, look: Look) -> Bound:
        if self.once:
            # It passes as soon as there is any room.
            ready = self.window.ready(part, look.now, sub(sub(value, amount), self.limit), more=True)
        else:
            ready = self.window.ready(part, look.now, sub(value, self.limit))
        return Bound(
            self.key, self.kind, self.limit, value,
            factor=factor(value, self.limit), retry_after=look.wait(ready), group=self.cell,
        )  # fmt: skip

    def fits(self, part: Part, look: Look, portion: Portion) -> tuple[Decimal, Bound | None]:
        """The part that, and on the way to which all, is at or under what is left."""
        amount = look.taken(self.gauge)
        used = self.window.used(part, look.now)
        value = add(used, amount)

        def taken(quantity: Decimal) -> Exact:
            return look.cut(*portion.read(quantity)).taken(self.gauge)

        left = sub(self.limit, used)
        if value <= self.limit and not portion.pieces:
            return portion.quantity, None
        fit = clamp(taken, left, portion.quantity, step=portion.step, pieces=portion.pieces)
        if fit == portion.quantity:
            return fit, None
        value, note = highest(lambda part: add(used, taken(part)), value, portion)
        return fit, self._bound(part, value, sub(value, used), look).noted(note)

    def note(self, part: Part, look: Look) -> tuple[Part, Signals]:
        """What ran beyond what was admitted is counted, what was admitted and did not run is given back."""
        more, given = look.parted(self.gauge)
        then = look.admitted
        if then is None and (more < 0 or given > 0):
            raise MismatchError(
                f"{self.key} gives back to the window it was taken from; say when that was, in `admitted_at`",
                code="guard.admitted",
            )
        if more > 0:
            part = self.window.add(part, look.now, more)
        elif more:
            sure = look.took is not None
            part = self.window.back(part, look.now, neg(more), look.now if then is None else then, sure=sure)
        if given < 0:
            part = self.window.add(part, look.now, given)
        elif given:
            part = self.window.less(part, look.now, given, look.now if then is None else then)
        return part, ()

    def left(self, part: Part, look: Look) -> Exact | None:
        """The limit less what stands in the window."""
        return left_of(self.limit, self.window.used(part, look.now))

    def dump(self, part: Part) -> Any:
        """The window."""
        return self.window.dump(part)

    def load(self, data: Any) -> Part:
        """The window."""
        return self.window.load(data)
