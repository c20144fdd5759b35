"""
Margins: what is left of the price after cost.

Formula: 100 (price - cost) / price, in percent. It is compared without the division, so a cost without any price counts
as below every floor, and nothing at all as above.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from .._model import Amount, Key, default, refuse
from .._numbers import Exact, div, mul, sub
from ..errors import Problem
from ._base import Guard, Look, Setting, Work, wide, within_problems
from ._edges import UNTOLD, Edge, dump_edge, frame_of, load_edge, moved
from ._reading import HUNDRED, Gauge, Group, margin, spare
from ._signals import Signals
from ._verdict import Bound

__all__ = ["MarginFloor"]


class MarginFloor(Guard, frozen=True):
    """
    The least margin between what is charged and what it costs, read gross: before discounts across items.

    A breach is told each time it falls below; a `hard` floor also refuses what would bring it below.

    Attributes:
        percent: the least margin in percent, below 100; equality is allowed.
        item: of this item alone; of the whole bill where it is left out.
        scope: `plan`, or `customer` for all that the customer has.
        mode: `watch` only tells, `hard` refuses as well.

    >>> MarginFloor(percent=30, item="tokens").name
    'margin_floor of tokens'
    """

    kind: Literal["margin_floor"] = default("margin_floor")
    percent: Amount
    item: Key | None = default(None)
    scope: Literal["plan", "customer"] = default("plan")
    mode: Literal["watch", "hard"] = default("watch")

    @model_validator(mode="after")
    def _check(self) -> MarginFloor:
        found = within_problems(self)
        if self.percent >= HUNDRED:
            found.append(Problem("percent", "number.large", "a margin is a part of the price; write less than 100"))
        refuse(found)
        return self

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        return _FloorWork(self, cell)

    def _named(self) -> str:
        told = wide(self, "margin_floor of", self.item or "gross")
        return f"{told} for the customer" if self.scope == "customer" else told


class _FloorWork(Work):
    """A margin floor: it keeps whether it was passed."""

    __slots__ = ("_cost", "_percent", "_price")

    def __init__(self, guard: MarginFloor, cell: Group) -> None:
        super().__init__(guard, cell)
        group, customer = {**guard.group, **dict(cell)}, guard.scope == "customer"
        self._price = Gauge("gross" if guard.item is None else "amount", guard.item or "", group, customer=customer)
        self._cost = Gauge("cost", guard.item or "", group, customer=customer)
        self._percent = guard.percent
        self.admits = guard.mode == "hard"
        self.notes = True

    def zero(self) -> Edge:
        """It has not been passed."""
        return UNTOLD

    def _read(self, look: Look) -> tuple[Exact, Exact]:
        return look.after.value(self._price), look.after.value(self._cost)

    def bind(self, part: Edge, look: Look) -> tuple[Edge, Bound | None]:
        """At or above the floor after it."""
        price, cost = self._read(look)
        if spare(price, cost, self._percent) >= 0:
            return part, None
        bearable = mul(price, div(sub(HUNDRED, self._percent), HUNDRED))
        factor = div(cost, bearable) if bearable > 0 else None
        return part, Bound(self.key, self.kind, self._percent, margin(price, cost), factor=factor, group=self.cell)

    def note(self, part: Edge, look: Look) -> tuple[Edge, Signals]:
        """A breach each time it is passed."""
        price, cost = self._read(look)
        reached = -1 if spare(price, cost, self._percent) >= 0 else 0
        new, count, _ = moved(part, reached, frame_of(look.after), "either")
        if not count:
            return new, ()
        return new, self.breached(self._percent, margin(price, cost), look, new.turn, frame_of(look.after))

    def dump(self, part: Edge) -> Any:
        """What was told."""
        return dump_edge(part)

    def load(self, data: Any) -> Edge:
        """What was told."""
        return load_edge(data)
