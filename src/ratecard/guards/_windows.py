"""
Counts over stretches of time: a rolling window with an exact log, and windows that begin anew.

A count is a value. `used` says what stands in it at an instant, `add` gives a new one, `ready` says when room comes
back. The instants given to one count never go back; whoever keeps it sees to that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, TypeAlias

from .._numbers import ZERO, Exact, add, exact, sign, sub, text
from ..cadence import Cadence
from ..errors import MismatchError, NumberError

__all__ = [
    "Calendar",
    "Part",
    "Rolling",
    "Tumbling",
    "Window",
    "bad_state",
    "instant_of",
    "micros",
    "read_at",
    "read_exact",
    "read_int",
    "read_row",
]

Part: TypeAlias = Any
"""What a guard keeps. Only the guard that made it looks inside."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def micros(at: datetime) -> int:
    """Microseconds since the start of 1970, of an instant in UTC."""
    past = at - _EPOCH
    return past.days * _DAY + past.seconds * 1_000_000 + past.microseconds


def instant_of(at: int) -> datetime:
    """The instant of so many microseconds since the start of 1970."""
    return _EPOCH + timedelta(microseconds=at)


def bad_state(wanted: str) -> MismatchError:
    """The refusal of plain data that no `dump` wrote."""
    return MismatchError(f"this is not {wanted}; load what dump wrote, with the same guards", code="guard.state")


def read_int(data: object) -> int:
    """A whole number."""
    if isinstance(data, int) and not isinstance(data, bool):
        return data
    raise bad_state("a whole number")


def read_at(data: object) -> int:
    """An instant, in microseconds since the start of 1970."""
    found = read_int(data)
    if micros(_FIRST) <= found <= micros(_LAST):
        return found
    raise bad_state("an instant")


def read_exact(data: object) -> Exact:
    """An exact value from its text."""
    if isinstance(data, str):
        try:
            return exact(data)
        except NumberError:
            pass
    raise bad_state("the text of a value")


def read_row(data: object, length: int) -> list[Any]:
    """A list of so many parts."""
    if isinstance(data, list | tuple) and len(data) == length:
        return list(data)
    raise bad_state(f"a list of {length}")


class Window(ABC):
    """A count over a stretch of time."""

    __slots__ = ()

    @abstractmethod
    def zero(self) -> Part:
        """The count before anything."""

    @abstractmethod
    def used(self, part: Part, now: int) -> Exact:
        """What stands in the window at an instant."""

    @abstractmethod
    def add(self, part: Part, now: int, amount: Exact) -> Part:
        """The count with so much more."""

    @abstractmethod
    def back(self, part: Part, now: int, amount: Exact, then: int, *, sure: bool = False) -> Part:
        """
        The count with so much less of what was added at another instant, as far as that still stands in it.

        With `sure` that much was added then, whatever is below 0 besides.
        """

    @abstractmethod
    def less(self, part: Part, now: int, amount: Exact, then: int) -> Part:
        """The count when so much less was given at another instant by what is below 0."""

    @abstractmethod
    def ready(self, part: Part, now: int, need: Exact, *, more: bool = False) -> int | None:
        """When so much, or with `more` more than that, has left the window; None if that is more than stands in it."""

    @abstractmethod
    def frame(self, now: int) -> int | None:
        """The start of the window at an instant, or None where it rolls."""

    @abstractmethod
    def dump(self, part: Part) -> Any:
        """Plain data."""

    @abstractmethod
    def load(self, data: Any) -> Part:
        """
        Read back what `dump` wrote.

        Raises:
            MismatchError: `guard.state`.
        """


Entries: TypeAlias = tuple[int, Exact, "Entries | None"]


class Log:
    """
    Entries in the order of time, as two linked lists: adding one and dropping the oldest share all the rest.

    So a log costs the same to change however long it is, and the one it was made from stays as it was.
    """

    __slots__ = ("back", "front", "used")

    def __init__(self, front: Entries | None, back: Entries | None, used: Exact) -> None:
        self.front = front
        self.back = back
        self.used = used

    def entries(self) -> Iterator[tuple[int, Exact]]:
        """Oldest first, one for each instant."""
        newest = list(_walked(self.back))
        at = 0
        held: Exact = ZERO
        for when, amount in chain(_walked(self.front), reversed(newest)):
            if held and when != at:
                yield at, held
                held = ZERO
            at, held = when, add(held, amount)
        if held:
            yield at, held

    def __eq__(self, other: object) -> bool:
        return list(self.entries()) == list(other.entries()) if isinstance(other, Log) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self.entries()))


def _walked(entries: Entries | None) -> Iterator[tuple[int, Exact]]:
    while entries is not None:
        yield entries[0], entries[1]
        entries = entries[2]


def _less(entries: Entries | None, then: int, amount: Exact) -> tuple[Entries | None, Exact]:
    """The entries with so much less at an instant, and what could not be taken off."""
    passed: list[tuple[int, Exact]] = []
    here = entries
    while here is not None and here[0] != then:
        passed.append((here[0], here[1]))
        here = here[2]
    if here is None:
        return entries, amount
    off = min(here[1], amount)
    found = here[2] if off == here[1] else (then, sub(here[1], off), here[2])
    for at, held in reversed(passed):
        found = (at, held, found)
    return found, sub(amount, off)


_EMPTY = Log(None, None, ZERO)


def _turned(log: Log) -> Log:
    """The same log with its newest entries in front, so that the oldest is at hand."""
    if log.front is not None or log.back is None:
        return log
    front: Entries | None = None
    here: Entries | None = log.back
    while here is not None:
        front = (here[0], here[1], front)
        here = here[2]
    return Log(front, None, log.used)


class Rolling(Window):
    """The last so many microseconds, exactly: what happened just so long ago is out."""

    __slots__ = ("width",)

    def __init__(self, width: int) -> None:
        self.width = width

    def zero(self) -> Log:
        """An empty log."""
        return _EMPTY

    def _now(self, log: Log, now: int) -> Log:
        until = now - self.width
        log = _turned(log)
        while log.front is not None and log.front[0] <= until:
            _, amount, rest = log.front
            log = _turned(Log(rest, log.back, sub(log.used, amount)))
        return _EMPTY if log.front is None else log

    def used(self, part: Log, now: int) -> Exact:
        """The sum of the entries still in the window."""
        return self._now(part, now).used

    def add(self, part: Log, now: int, amount: Exact) -> Log:
        """
        One more entry.

        Less than nothing is not counted: when what came before it had left, it would make room for more than the limit.
        """
        if sign(amount) < 0:
            return part
        log = self._now(part, now)
        back = log.back
        if back is not None and back[0] == now:
            return Log(log.front, (now, add(back[1], amount), back[2]), add(log.used, amount))
        return Log(log.front, (now, amount, back), add(log.used, amount))

    def back(self, part: Log, now: int, amount: Exact, then: int, *, sure: bool = False) -> Log:
        """So much less in the entry of an instant; nothing where that has left the window."""
        log = self._now(part, now)
        newer, rest = _less(log.back, then, amount)
        older, rest = _less(log.front, then, rest)
        return Log(older, newer, sub(log.used, sub(amount, rest)))

    def less(self, part: Log, now: int, amount: Exact, then: int) -> Log:
        """What is below 0 was not counted."""
        return part

    def ready(self, part: Log, now: int, need: Exact, *, more: bool = False) -> int | None:
        """When the oldest entries that make up so much have left."""
        for at, amount in self._now(part, now).entries():
            need = sub(need, amount)
            if need < 0 or not (need or more):
                return at + self.width
        return None

    def frame(self, now: int) -> None:
        """It has no start of its own."""
        return

    def dump(self, part: Log) -> list[list[Any]]:
        """The entries, oldest first."""
        return [[at, text(amount)] for at, amount in part.entries()]

    def load(self, data: Any) -> Log:
        """The log of these entries."""
        if not isinstance(data, list | tuple):
            raise bad_state("a log")
        log, last = _EMPTY, None
        for row in data:
            at, amount = read_row(row, 2)
            held = read_exact(amount)
            if sign(held) <= 0 or (last is not None and read_at(at) <= last):
                raise bad_state("a log of amounts above 0 in the order of time")
            last = read_at(at)
            log = Log(log.front, (last, held, log.back), add(log.used, held))
        return log


class Tumbling(Window):
    """Windows one after another, counted in whole widths from the start of 1970 in UTC."""

    __slots__ = ("width",)

    def __init__(self, width: int) -> None:
        self.width = width

    def bounds(self, now: int) -> tuple[int, int]:
        """The start and end of the window at an instant."""
        start = now - now % self.width
        return start, start + self.width

    def zero(self) -> None:
        """Nothing is kept before the first."""
        return

    def used(self, part: Part, now: int) -> Exact:
        """What was added since the window began."""
        return part[2] if part is not None and part[0] <= now < part[1] else ZERO

    def add(self, part: Part, now: int, amount: Exact) -> Part:
        """So much more in the window of the instant."""
        held = self.used(part, now)
        start, end = part[:2] if part is not None and part[0] <= now < part[1] else self.bounds(now)
        return (start, end, add(held, amount))

    def back(self, part: Part, now: int, amount: Exact, then: int, *, sure: bool = False) -> Part:
        """So much less, where it was added in the same window."""
        if part is None or not (part[0] <= now < part[1] and part[0] <= then < part[1]):
            return part
        return (part[0], part[1], sub(part[2], amount if sure else min(amount, max(part[2], ZERO))))

    def less(self, part: Part, now: int, amount: Exact, then: int) -> Part:
        """So much more stands in the window, where it was given in the same one."""
        if part is None or not (part[0] <= now < part[1] and part[0] <= then < part[1]):
            return part
        return (part[0], part[1], add(part[2], amount))

    def ready(self, part: Part, now: int, need: Exact, *, more: bool = False) -> int | None:
        """The end of the window."""
        used = self.used(part, now)
        return self.bounds(now)[1] if need < used or (need == used and not more) else None

    def frame(self, now: int) -> int | None:
        """The start of the window."""
        return self.bounds(now)[0]

    def dump(self, part: Part) -> Any:
        """Start, end and sum."""
        return None if part is None else [part[0], part[1], text(part[2])]

    def load(self, data: Any) -> Part:
        """Start, end and sum."""
        if data is None:
            return None
        start, end, held = read_row(data, 3)
        return (read_at(start), read_at(end), read_exact(held))


class Calendar(Tumbling):
    """The periods of a cadence."""

    __slots__ = ("cadence",)

    def __init__(self, cadence: Cadence) -> None:
        super().__init__(0)
        self.cadence = cadence

    def bounds(self, now: int) -> tuple[int, int]:
        """The start and end of the period at an instant."""
        found = self.cadence.containing(instant_of(now))
        return micros(found.start), micros(found.end)
