"""
What guards answer: a verdict before something runs, signals after it ran. All of them are plain values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from .._model import show_day
from .._numbers import CONTEXT, Exact, add, mul, plain, text
from ._reading import Group

__all__ = ["Bound", "Breach", "Crossed", "Rearmed", "Signal", "Signals", "Verdict", "seconds"]


def seconds(micros: int) -> Decimal:
    """Microseconds as exact seconds."""
    return plain(CONTEXT.scaleb(Decimal(micros), -6))


def _or_none(value: Exact | None) -> str | None:
    return None if value is None else text(value)


class Answer:
    """What answers have in common: those that say the same are equal."""

    __slots__: tuple[str, ...] = ()

    def _said(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Answer):
            return NotImplemented
        return type(self) is type(other) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._said())


class Bound(Answer):
    """
    A limit that binds: what it allows, and what would have been reached. Immutable by contract.

    Attributes:
        key: the guard's name.
        kind: the guard's kind, such as `cap`.
        limit: what it allows; for a margin floor the least margin, in percent.
        value: what would have been reached; None for a margin of nothing.
        retry_after: seconds until it lets this through, if nothing else happens; None if waiting does not help, or it
            cannot be known.
        group: in which group, for guards that count each group on its own.
        factor: how many times the limit would have been reached; None where the limit is 0.
        note: what else there is to say, such as that it binds whatever is asked.
    """

    __slots__ = ("factor", "group", "key", "kind", "limit", "note", "retry_after", "value")

    def __init__(
        self,
        key: str,
        kind: str,
        limit: Exact,
        value: Exact | None,
        *,
        factor: Exact | None,
        retry_after: Decimal | None = None,
        group: Group = (),
        note: str = "",
    ) -> None:
        self.note = note
        self.key = key
        self.kind = kind
        self.limit = limit
        self.value = value
        self.factor = factor
        self.retry_after = retry_after
        self.group = group

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "key": self.key,
            "kind": self.kind,
            "limit": text(self.limit),
            "value": _or_none(self.value),
            "retry_after": _or_none(self.retry_after),
            "group": dict(self.group),
            **({"note": self.note} if self.note else {}),
        }

    def noted(self, note: str) -> Bound:
        """The same with something more to say."""
        if not note:
            return self
        return Bound(
            self.key, self.kind, self.limit, self.value,
            factor=self.factor, retry_after=self.retry_after, group=self.group, note=note,
        )  # fmt: skip

    def __str__(self) -> str:
        reached = "it cannot be known" if self.value is None else f"{text(self.value)}"
        wait = "" if self.retry_after is None else f", again in {text(self.retry_after)} s"
        more = f"; {self.note}" if self.note else ""
        return f"{self.key}: {reached} against {text(self.limit)}{wait}{more}"

    def __repr__(self) -> str:
        return f"<Bound {self}>"


class Verdict(Answer):
    """
    Whether something may run. Immutable by contract; true in an `if` exactly when all of it may.

    Attributes:
        allowed: all of it may run, and was taken from every limit that counts.
        fits: how much of the quantity may run and was taken; None where no quantity was given.
        at: when it was counted: the instant that was told, or the latest one that the state had seen.
        limits: those that bind, in the order to lift them: the one passed by the largest factor first.
    """

    __slots__ = ("_given", "_left", "allowed", "at", "fits", "limits")

    def __init__(
        self,
        allowed: bool,
        fits: Decimal | None,
        limits: tuple[Bound, ...],
        at: datetime,
        left: Callable[[], Mapping[str, Exact]],
    ) -> None:
        self.allowed = allowed
        self.fits = fits
        self.limits = limits
        self.at = at
        self._left: Callable[..., Mapping[str, Exact]] = left
        # What it is worked out from.
        self._given: tuple[object, ...] = ()

    @classmethod
    def passed(
        cls, at: datetime, fits: Decimal | None, left: Callable[..., Mapping[str, Exact]], given: tuple[object, ...]
    ) -> Verdict:
        """That all of it may run: the answer to most requests, made with little work; `left` is called with `given`."""
        made = _new(cls)
        made.allowed = True
        made.fits = fits
        made.limits = ()
        made.at = at
        made._left = left
        made._given = given
        return made

    @property
    def retry_after(self) -> Decimal | None:
        """
        Seconds until all limits that bind let this through, if nothing else happens; 0 when it is allowed.

        None where waiting does not help, or it cannot be known.
        """
        found = Decimal(0)
        for each in self.limits:
            if each.retry_after is None:
                return None
            found = max(found, each.retry_after)
        return found

    @property
    def left(self) -> dict[str, Exact]:
        """For each limit what is left of it once the answer is given: after what was let through, else as before."""
        return dict(self._left(*self._given))

    def _said(self) -> tuple[object, ...]:
        return (self.allowed, self.fits, self.limits, self.at, tuple(sorted(self.left.items())))

    def bound_by(self, limits: Iterable[Bound]) -> Verdict:
        """The same answer with the limits told otherwise."""
        return Verdict(self.allowed, self.fits, tuple(limits), self.at, lambda: self.left)

    def whole(self, quantity: Decimal) -> Verdict:
        """The same answer for a quantity that was not cut: all of it fits, or nothing."""
        return Verdict(self.allowed, quantity if self.allowed else Decimal(0), self.limits, self.at, lambda: self.left)

    def explain(self) -> str:
        """The answer in words."""
        if self.allowed:
            return "allowed"
        part = "refused" if not self.fits else f"only {text(self.fits)} allowed"
        return "\n  ".join([f"{part}:", *map(str, self.limits)])

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "allowed": self.allowed,
            "fits": _or_none(self.fits),
            "at": show_day(self.at),
            "limits": [each.to_json() for each in self.limits],
            "retry_after": _or_none(self.retry_after),
            "left": {key: text(value) for key, value in self.left.items()},
        }

    def __bool__(self) -> bool:
        return self.allowed

    def __reduce__(self) -> tuple[object, ...]:
        return (_revived, (self.allowed, self.fits, self.limits, self.at, self.left))

    def __repr__(self) -> str:
        return f"<Verdict {self.explain()}>"


_new = Verdict.__new__


def _revived(
    allowed: bool, fits: Decimal | None, limits: tuple[Bound, ...], at: datetime, left: dict[str, Exact]
) -> Verdict:
    return Verdict(allowed, fits, limits, at, lambda: left)


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
            "value": _or_none(self.value),
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
            "value": _or_none(self.value),
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
            "value": _or_none(self.value),
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
