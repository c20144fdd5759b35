"""
Levels: quantities that hold until they are changed, such as seats, storage or running machines.

A record sets the level (`set`) or moves it (`delta`) at its instant, and the level then holds until the next one. What
is measured is either how much was held for how long (`Level`) or the most that was held at once (`Peak`).

Both start from the level just before the frame. It is carried over from the period before, or stated by the meter, and
where a figure depends on it and neither is there, that is an error and not a zero. At one instant, deltas all count,
and of sets the last in the order (source, id, value) wins; what was passed through within the instant was never held.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

from .._model import Key, OptionalAmount, default
from .._numbers import CONTEXT, ZERO, Exact, add, div, mul, plain, total
from ..errors import MismatchError
from ..records import UsageRecord, read_number, show_time
from ..steps import Step
from ._base import Aggregate, Frame, Given, Place, State, given_stays, place, read_list
from ._extremes import read_place, show_place

__all__ = ["Level", "LevelMode", "Peak"]

LevelMode: TypeAlias = Literal["set", "delta"]
"""What a record does to the level: `set` states the new one, `delta` adds to it."""

_MICROSECOND = timedelta(microseconds=1)
# An explanation with more stretches than this is read by nobody.
_SHOWN = 100


class _Stretch(NamedTuple):
    """A stretch of time in which the level holds; None where nothing says what it was."""

    start: datetime
    end: datetime
    level: Exact | None

    @property
    def micros(self) -> int:
        """Its length in microseconds."""
        return (self.end - self.start) // _MICROSECOND

    @property
    def words(self) -> str:
        """From when to when."""
        return f"{show_time(self.start)} to {show_time(self.end)}"


def _seconds(micros: int) -> Decimal:
    return plain(CONTEXT.scaleb(Decimal(micros), -6))


class _Gauge(Aggregate, frozen=True):
    """What levels and peaks have in common: the events as they came, and the level between them."""

    of: Key
    mode: LevelMode = default("set")
    opening: OptionalAmount = default(None)

    def reads(self) -> tuple[str, ...]:
        """The property."""
        return (self.of,)

    def read(self, record: UsageRecord) -> Decimal:
        """The property."""
        return read_number(record, self.of)

    def zero(self) -> list[Place]:
        """No event."""
        return []

    def add(self, state: list[Place], value: Decimal, record: UsageRecord) -> list[Place]:
        """The same list, with one more event."""
        if isinstance(state, Given):
            given_stays()
        state.append(place(record, value))
        return state

    def closing(self, state: State, frame: Frame) -> Exact:
        """
        The level just before the frame's end, which the next period opens with. A plain quantity was held throughout.

        Raises:
            MismatchError: `level.opening` when it is not known.
        """
        if isinstance(state, Given):
            return state.value
        last = list(self._stretches(state, frame))[-1]
        return self._known(last.level)

    def _stretches(self, state: list[Place], frame: Frame) -> Iterator[_Stretch]:
        """The levels held from start to end, in order; earlier events move the opening, later ones nothing."""
        since = frame.start
        level: Exact | None = self.opening if frame.opening is None else frame.opening
        for at, _, _, value in sorted(state):
            if at >= frame.end:
                break
            if at > since:
                yield _Stretch(since, at, level)
                since = at
            if self.mode == "set":
                level = value
            elif level is not None:
                level = add(level, value)
        yield _Stretch(since, frame.end, level)

    def _runs(self, state: list[Place], frame: Frame) -> list[_Stretch]:
        """The stretches that last, those of one level in a row as one."""
        found: list[_Stretch] = []
        for each in self._stretches(state, frame):
            if each.start == each.end:
                continue
            if found and found[-1].level == each.level:
                found[-1] = _Stretch(found[-1].start, each.end, each.level)
            else:
                found.append(each)
        return found

    def _known(self, level: Exact | None) -> Exact:
        if level is None:
            raise MismatchError(
                f"nothing says what the level of {self.of!r} was before the first record; give the carry of the period"
                " before, or state `opening` on the meter (0 if it starts with nothing)",
                code="level.opening",
            )
        return plain(level) if isinstance(level, Decimal) else level

    def _merged(self, a: list[Place], b: list[Place]) -> list[Place]:
        return [*a, *b]

    def _dumped(self, state: list[Place]) -> list[Any]:
        return [show_place(each) for each in sorted(state)]

    def _loaded(self, data: Any) -> list[Place]:
        return [read_place(each) for each in read_list(data)]


class Level(_Gauge, frozen=True):
    """
    How much was held for how long, as a share of the full period.

    Formula: the sum over the stretches between changes of `level x length`, over the length of the full cadence period;
    exact to the microsecond. 10 seats held for half of a month are 5. A frame that is cut in two adds up to the whole.

    Attributes:
        of: the property that sets or moves the level.
        mode: `set` or `delta`.
        opening: the level before the very first record, for when nothing is carried over; None refuses to guess.

    >>> from ratecard.periods import Period
    >>> disks = [UsageRecord("disk", "2025-04-16T00:00:00Z", {"gigabytes": 10})]
    >>> Level(of="gigabytes", mode="delta", opening=2).over(disks, Frame.of(Period.month(2025, 4)))
    Decimal('7')
    """

    kind: Literal["level"] = default("level")

    def _valued(self, state: list[Place], frame: Frame) -> Exact:
        found: Exact = ZERO
        for start, end, level in self._stretches(state, frame):
            if start < end:
                found = add(found, mul(self._known(level), Decimal((end - start) // _MICROSECOND)))
        return div(found, frame.full)

    def _told(self, state: list[Place], frame: Frame) -> Step | None:
        held = [(each, self._known(each.level)) for each in self._runs(state, frame)]
        full = _seconds(frame.full)
        if len(held) > _SHOWN:
            lengths = [mul(level, _seconds(each.micros)) for each, level in held]
            note = f"level x seconds in {len(held)} stretches, over the seconds of the full period"
            return Step.of("product", [("held", total(lengths)), ("per", full)], note=note)
        parts = [
            Step.of("product", [("level", level), ("seconds", _seconds(each.micros)), ("per", full)], note=each.words)
            for each, level in held
        ]
        return Step.of("sum", parts=parts, note="each level x its seconds, over the seconds of the full period")


class Peak(_Gauge, frozen=True):
    """
    The most that was held at any instant.

    Formula: the greatest level at any instant from the frame's start up to its end, the level it opens with among them;
    0 for an empty frame. Unlike `Max` it holds on: what was there before and did not change counts as well.

    Attributes:
        of: the property that sets or moves the level.
        mode: `set` or `delta`.
        opening: the level before the very first record, for when nothing is carried over; None refuses to guess.

    >>> from ratecard.periods import Period
    >>> seats = [UsageRecord("seat", f"2025-04-0{day}T00:00:00Z", {"seats": n}) for day, n in ((2, 3), (5, -4), (9, 2))]
    >>> Peak(of="seats", mode="delta", opening=5).over(seats, Frame.of(Period.month(2025, 4)))
    Decimal('8')
    """

    kind: Literal["peak"] = default("peak")

    def _valued(self, state: list[Place], frame: Frame) -> Exact:
        found: Exact | None = None
        for start, end, level in self._stretches(state, frame):
            if start < end:
                known = self._known(level)
                found = known if found is None or known > found else found
        return ZERO if found is None else found

    def _told(self, state: list[Place], frame: Frame) -> Step | None:
        held = [(each, self._known(each.level)) for each in self._runs(state, frame)]
        if not held:
            return None
        if len(held) > _SHOWN:
            most, level = max(reversed(held), key=lambda pair: pair[1])
            return Step.of(
                "given", [("value", level)], note=f"the most of {len(held)} stretches, last held {most.words}"
            )
        parts = [Step.of("given", [("value", level)], note=each.words) for each, level in held]
        return Step.of("greatest", parts=parts, note="the most that was held")
