"""
Fair use: a quantity that is nobody's business up to a point, and is slowed down beyond it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import model_validator

from .._model import Amount, Key, default, refuse
from .._numbers import Exact
from ..errors import Problem
from ._base import Guard, Look, Setting, Work, wide, within_problems
from ._caps import scope_problems
from ._edges import UNTOLD, Edge, dump_edge, frame_of, load_edge, moved
from ._limits import AnyRateLimit
from ._reading import Gauge, Group
from ._signals import Signals
from ._verdict import Bound
from ._windows import Part, read_row

__all__ = ["FairUse"]


class FairUse(Guard, frozen=True):
    """
    The quantity of a period that is fair; beyond it a rate limit slows things down, and a breach is told once.

    Requests that stay at or under the fair quantity pass, and are not counted by the rate limit.

    Attributes:
        quantity: what is fair, 0 or more.
        meter: the meter whose quantity it is; this or `item`.
        item: the item whose quantity it is.
        then: the rate limit beyond it; without one nothing is slowed down. Groups are told on the fair use, not on it.

    >>> FairUse(quantity=1000, meter="calls").name
    'fair_use of calls'
    """

    kind: Literal["fair_use"] = default("fair_use")
    quantity: Amount
    meter: Key | None = default(None)
    item: Key | None = default(None)
    then: AnyRateLimit | None = default(None)

    @model_validator(mode="after")
    def _check(self) -> FairUse:
        found = [*within_problems(self), *scope_problems(self, "quantity")]
        if self.quantity < 0:
            found.append(Problem("quantity", "number.small", "write 0 or more"))
        if self.then is not None and (self.then.group or self.then.each or self.then.without):
            found.append(Problem("then", "guard.each", "groups are told on the fair use; move them there"))
        refuse(found)
        return self

    def gauge(self, cell: Group = ()) -> Gauge:
        """The figure it reads."""
        what = "units" if self.meter is None else "quantity"
        return Gauge(what, self.meter or self.item or "", {**self.group, **dict(cell)})

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        return _FairWork(self, setting, cell)

    def problems(self, setting: Setting) -> list[Problem]:
        """What is wrong with it among the others."""
        found = [] if self.then is None else self.then.problems(setting)
        return [Problem(f"then.{each.path}", each.code, each.text) for each in found]

    def _named(self) -> str:
        return wide(self, "fair_use of", self.meter or self.item or "")


class _FairWork(Work):
    """Fair use: it keeps what was told, and the state of its rate limit."""

    __slots__ = ("_gauge", "_quantity", "_then")

    def __init__(self, guard: FairUse, setting: Setting, cell: Group) -> None:
        super().__init__(guard, cell)
        self.notes = True
        self._gauge = guard.gauge(cell)
        self._quantity: Decimal = guard.quantity
        self._then = Work(guard, cell) if guard.then is None else guard.then.inner(setting, cell)
        self._then.key = self.key
        self._then.kind = self.kind
        self.admits, self.holds = self._then.admits, self._then.holds

    def zero(self) -> tuple[Edge, Part]:
        """Nothing was told, and the rate limit is new."""
        return (UNTOLD, self._then.zero())

    def idle(self, part: tuple[Edge, Part], now: int) -> bool:
        """Nothing was told, and the rate limit is as new."""
        return part[0] == UNTOLD and self._then.idle(part[1], now)

    def bind(self, part: tuple[Edge, Part], look: Look) -> tuple[Any, Bound | None]:
        """Beyond the fair quantity only as fast as the rate limit lets it."""
        if look.after.value(self._gauge) <= self._quantity:
            return part, None
        new, bound = self._then.bind(part[1], look)
        return (part if new is part[1] else (part[0], new)), bound

    def note(self, part: tuple[Edge, Part], look: Look) -> tuple[Any, Signals]:
        """A breach when the fair quantity is passed."""
        value = look.after.value(self._gauge)
        held, _ = self._then.note(part[1], look)
        new, count, _ = moved(part[0], 0 if value > self._quantity else -1, frame_of(look.after), "either")
        found = part if held is part[1] and new is part[0] else (new, held)
        if not count:
            return found, ()
        return found, self.breached(self._quantity, value, look, new.turn, frame_of(look.after))

    def released(self, part: tuple[Edge, Part], id: str) -> tuple[Edge, Part]:
        """Without what was held under an id."""
        held = self._then.released(part[1], id)
        return part if held is part[1] else (part[0], held)

    def left(self, part: tuple[Edge, Part], look: Look) -> Exact | None:
        """What the rate limit has left, beyond the fair quantity."""
        return self._then.left(part[1], look) if look.after.value(self._gauge) >= self._quantity else None

    def dump(self, part: tuple[Edge, Part]) -> Any:
        """What was told, and the rate limit."""
        return [dump_edge(part[0]), self._then.dump(part[1])]

    def load(self, data: Any) -> tuple[Edge, Part]:
        """What was told, and the rate limit."""
        edge, held = read_row(data, 2)
        return (load_edge(edge), self._then.load(held))
