"""
Named levels of a quantity.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .._model import Amount, Key, Many, Model, default, refuse
from .._numbers import number
from ..errors import Problem
from ._alerts import EdgeWork
from ._base import Guard, Look, Setting, Work, wide, within_problems
from ._caps import scope_problems
from ._edges import Edge, Rearm, frame_of, moved, start_of
from ._reading import Gauge, Group
from ._signals import Crossed, Rearmed, Signals

__all__ = ["VolumeLevel", "VolumeThreshold"]


class VolumeLevel(Model, frozen=True):
    """
    A level of volume with a name.

    Attributes:
        name: what it is called when it is reached.
        at: from which quantity on, at or above; above the level before it.
    """

    name: Key
    at: Amount


class VolumeThreshold(Guard, frozen=True):
    """
    Named levels of a quantity, such as the volume from which another offer would suit.

    Attributes:
        meter: the meter whose quantity it is; this or `item`.
        item: the item whose quantity it is.
        levels: ascending, each with a name of its own.
        scope: `plan`, or `customer` for all that the customer has.
        rearm: when a level may be told again: in the next `period`, once the figure did `recover`, or `never`.

    >>> levels = [VolumeLevel(name="info", at=250), VolumeLevel(name="warning", at=500)]
    >>> VolumeThreshold(meter="calls", levels=levels).level("499.99")
    'info'
    """

    kind: Literal["volume_threshold"] = default("volume_threshold")
    meter: Key | None = default(None)
    item: Key | None = default(None)
    levels: Annotated[Many[VolumeLevel], Field(min_length=1)]
    scope: Literal["plan", "customer"] = default("plan")
    rearm: Rearm = default("period")

    @model_validator(mode="after")
    def _check(self) -> VolumeThreshold:
        refuse(_volume_problems(self))
        return self

    def level(self, quantity: Decimal | int | str) -> str | None:
        """The name of the highest level that a quantity has reached, or None."""
        reached = bisect_right([each.at for each in self.levels], number(quantity))
        return self.levels[reached - 1].name if reached else None

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        return _VolumeWork(self, cell)

    def gauge(self, cell: Group = ()) -> Gauge:
        """The figure it reads."""
        what = "units" if self.meter is None else "quantity"
        group = {**self.group, **dict(cell)}
        return Gauge(what, self.meter or self.item or "", group, customer=self.scope == "customer")

    def _named(self) -> str:
        told = wide(self, "volume of", self.meter or self.item or "")
        return f"{told} for the customer" if self.scope == "customer" else told


def _volume_problems(found: VolumeThreshold) -> list[Problem]:
    told = [*within_problems(found), *scope_problems(found, "quantity")]
    for index, each in enumerate(found.levels):
        before = found.levels[:index]
        if each.at <= (before[-1].at if before else 0):
            told.append(Problem(f"levels[{index}].at", "volume.order", "write more than the level before, and above 0"))
        if each.name in [other.name for other in before]:
            told.append(Problem(f"levels[{index}].name", "volume.twice", "this name is taken; give each level its own"))
    return told


class _VolumeWork(EdgeWork):
    """Levels: it keeps the highest one told."""

    __slots__ = ("_gauge", "_levels", "_rearm", "_starts")

    def __init__(self, guard: VolumeThreshold, cell: Group) -> None:
        super().__init__(guard, cell)
        self.notes = True
        self._gauge = guard.gauge(cell)
        self._levels = guard.levels
        self._starts = [each.at for each in guard.levels]
        self._rearm: Rearm = guard.rearm

    def note(self, part: Edge, look: Look) -> tuple[Edge, Signals]:
        """A crossing for each level newly reached."""
        value = look.after.value(self._gauge)
        reached = sum(start <= value for start in self._starts) - 1
        new, count, rearmed = moved(part, reached, frame_of(look.after), self._rearm)
        if rearmed:
            return new, (Rearmed(self.key, value, look.at, record=look.record, group=self.cell),)
        return new, tuple(
            Crossed(
                self.key, each.at, value, look.at, level=each.name,
                period=start_of(look.after), turn=new.turn, record=look.record, group=self.cell,
            )
            for each in self._levels[reached + 1 - count : reached + 1]
        )  # fmt: skip
