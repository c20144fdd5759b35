"""
Signals: what guards tell after something ran.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from .._model import show_day
from .._numbers import Exact, add, mul, text
from ._answers import Answer, optional_text
from ._reading import Group

__all__ = ["Breach", "Crossed", "Rearmed", "Signal", "Signals"]


def _id(key: str, group: Group, *rest: str) -> str:
    # Read from the right: the last parts hold no bar, a group is a whole JSON text or nothing, and the rest is the key.
    # So no two crossings share an id, whatever the key is.
    told = json.dumps(group, ensure_ascii=False, separators=(",", ":")) if group else ""
    return "|".join([key, told, *rest])


class Crossed(Answer):
    """
    An alert went off: one threshold was reached, or several of the same alert at once. Immutable by contract.

    Attributes:
        key: the alert's name.
        threshold: the furthest of the thresholds reached.
        count: how many were reached at once.
        value: what the figure stands at; None for the margin of nothing.
        level: the name of the threshold, where it has one.
        period: the start of the period it is of, or of the cap's own window; where that rolls and this may be told
            again in it, the instant it was passed; None where there is none.
        at: when it was noticed.
        record: the record at which it was reached.
        group: in which group, for alerts that watch each group on its own.
    """

    __slots__ = ("_every", "_turn", "at", "count", "group", "key", "level", "period", "record", "threshold", "value")

    def __init__(
        self,
        key: str,
        threshold: Exact,
        value: Exact | None,
        at: datetime,
        *,
        count: int = 1,
        every: Exact | None = None,
        level: str = "",
        period: datetime | None = None,
        turn: int = 0,
        record: str | None = None,
        group: Group = (),
    ) -> None:
        self.key = key
        self.threshold = threshold
        self.value = value
        self.at = at
        self.count = count
        self.level = level
        self.period = period
        self.record = record
        self.group = group
        self._every = every
        self._turn = turn

    @property
    def thresholds(self) -> Iterator[Exact]:
        """All thresholds reached at once, in the order they were reached; there may be very many."""
        for index in range(self.count - 1, -1, -1):
            back = Decimal(0) if self._every is None else mul(self._every, Decimal(-index))
            yield add(self.threshold, back)

    @property
    def id(self) -> str:
        """The id of the furthest one: equal each time the same crossing is told, and for no other."""
        return self._named(self.threshold)

    @property
    def ids(self) -> Iterator[str]:
        """The ids of all of them."""
        return (self._named(each) for each in self.thresholds)

    def _named(self, threshold: Exact) -> str:
        start = "" if self.period is None else show_day(self.period)
        return _id(self.key, self.group, text(threshold), start, str(self._turn))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "signal": "crossed",
            "id": self.id,
            "key": self.key,
            "threshold": text(self.threshold),
            "count": self.count,
            "value": optional_text(self.value),
            "level": self.level,
            "period": None if self.period is None else show_day(self.period),
            "at": show_day(self.at),
            "record": self.record,
            "group": dict(self.group),
        }

    def __repr__(self) -> str:
        return f"<Crossed {self.id}>"


class Rearmed(Answer):
    """
    An alert that had gone off may go off again: the figure has gone back. Immutable by contract.

    Attributes:
        key: the alert's name.
        value: what the figure stands at; None for the margin of nothing.
        at: when it was noticed.
        record: the record at which it happened.
        group: in which group.
    """

    __slots__ = ("at", "group", "key", "record", "value")

    def __init__(
        self, key: str, value: Exact | None, at: datetime, *, record: str | None = None, group: Group = ()
    ) -> None:
        self.key = key
        self.value = value
        self.at = at
        self.record = record
        self.group = group

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "signal": "rearmed",
            "key": self.key,
            "value": optional_text(self.value),
            "at": show_day(self.at),
            "record": self.record,
            "group": dict(self.group),
        }

    def __repr__(self) -> str:
        return f"<Rearmed {self.key}>"


class Breach(Answer):
    """
    A limit was passed by what ran, whether or not it was asked for. Told once each time. Immutable by contract.

    Attributes:
        key: the guard's name.
        limit: what it allows; for a margin floor the least margin, in percent.
        value: what the figure stands at; None for the margin of nothing.
        period: the start of the period it is of, or of the cap's own window; where that rolls and this may be told
            again in it, the instant it was passed; None where there is none.
        at: when it was noticed.
        record: the record at which it was passed.
        group: in which group.
    """

    __slots__ = ("_turn", "at", "group", "key", "limit", "period", "record", "value")

    def __init__(
        self,
        key: str,
        limit: Exact,
        value: Exact | None,
        at: datetime,
        *,
        period: datetime | None = None,
        turn: int = 0,
        record: str | None = None,
        group: Group = (),
    ) -> None:
        self.key = key
        self.limit = limit
        self.value = value
        self.at = at
        self.period = period
        self.record = record
        self.group = group
        self._turn = turn

    @property
    def id(self) -> str:
        """Equal each time the same breach is told, and for no other."""
        start = "" if self.period is None else show_day(self.period)
        return _id(self.key, self.group, text(self.limit), start, str(self._turn))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "signal": "breach",
            "id": self.id,
            "key": self.key,
            "limit": text(self.limit),
            "value": optional_text(self.value),
            "period": None if self.period is None else show_day(self.period),
            "at": show_day(self.at),
            "record": self.record,
            "group": dict(self.group),
        }

    def __repr__(self) -> str:
        return f"<Breach {self.id}>"


Signal: TypeAlias = Crossed | Rearmed | Breach
"""What a guard tells after something ran."""

Signals: TypeAlias = tuple[Signal, ...]
"""All that the guards tell, in the order of the guards."""
