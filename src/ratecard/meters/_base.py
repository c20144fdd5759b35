"""
What an aggregate is: a state with zero, add, merge and value, that dumps to plain data and loads from it.

The rules that hold for every aggregate:

- `merge` is associative and commutative, and `zero` changes nothing in it. So records may be added in any order, in any
  batches, on any number of machines.
- A state belongs to one tally: `add` may change the state it is given and hand it back; `merge` never changes either.
- `value` is a function of the state and of the frame it is read in; what two states dump alike has one value.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, NoReturn, TypeAlias

from .._model import Model
from .._numbers import Exact, Ratio, exact, text
from ..errors import MismatchError, NumberError, RecordError
from ..periods import Period
from ..records import UsageRecord
from ..steps import Step

__all__ = ["Aggregate", "Frame", "Given", "Place", "State"]

State: TypeAlias = Any
"""What an aggregate keeps. Only the aggregate that made it looks inside."""

Place: TypeAlias = tuple[datetime, str, str, Decimal]
"""Where a value stands among others: the order (time, source, id), then the value, so that arrival decides nothing."""

_GIVEN: Final = "given"


class Frame:
    """
    The stretch of time in which a state is valued. Immutable by contract.

    Attributes:
        start: the first instant, in UTC.
        end: the first instant after it, in UTC.
        full: the length of the full cadence period in microseconds, which levels are shared over.
        opening: the level just before `start`; None where it is not known.
    """

    __slots__ = ("end", "full", "opening", "start")

    def __init__(self, start: datetime, end: datetime, full: int, opening: Exact | None = None) -> None:
        self.start = start
        self.end = end
        self.full = full
        self.opening = opening

    @classmethod
    def of(cls, period: Period, *, full: Period | None = None, opening: Exact | None = None) -> Frame:
        """
        The frame of a period.

        Args:
            period: the stretch that is valued.
            full: the full cadence period that it is a part of; the period itself when left out.
            opening: the level just before it.
        """
        return cls(period.start, period.end, (period if full is None else full).micros, opening)

    def __repr__(self) -> str:
        known = "" if self.opening is None else f", opening {text(self.opening)}"
        return f"<Frame {self.start.isoformat()} to {self.end.isoformat()}{known}>"


class Given:
    """
    A state that stands for a plain value: what an estimate puts in the place of records.

    It merges with a zero state and with nothing else.
    """

    __slots__ = ("value",)

    def __init__(self, value: Exact) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return self.value == other.value if isinstance(other, Given) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"Given({text(self.value)!r})"


class Aggregate(Model, frozen=True):
    """
    How the values of many records become one quantity.

    Attributes:
        cumulative: the value carries on through a change of price inside a period; False for values that are read
            anew in every segment.
    """

    cumulative: ClassVar[bool] = True

    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """The properties it reads."""

    @abstractmethod
    def read(self, record: UsageRecord) -> Any:
        """
        What `add` takes of a record.

        Raises:
            RecordError: `record.missing` or `record.number`.
        """

    @abstractmethod
    def zero(self) -> State:
        """The state before any record."""

    @abstractmethod
    def add(self, state: State, value: Any, record: UsageRecord) -> State:
        """
        The state with one more record, whose value `read` gave; it may be the same state, changed.

        Raises:
            MismatchError: `tally.given` when the state stands for a plain value.
        """

    def merge(self, a: State, b: State) -> State:
        """
        The state of all records of both, which stay as they are.

        Raises:
            MismatchError: `tally.given` when one stands for a plain value and the other is not zero.
        """
        if isinstance(a, Given):
            return a if b == self.zero() else given_stays()
        if isinstance(b, Given):
            return b if a == self.zero() else given_stays()
        return self._merged(a, b)

    def value(self, state: State, frame: Frame) -> Exact:
        """
        The quantity.

        Raises:
            MismatchError: `level.opening`, by levels whose opening is not known.
        """
        return state.value if isinstance(state, Given) else self._valued(state, frame)

    def told(self, state: State, frame: Frame) -> Step | None:
        """How the quantity comes about, where it is more than records added up; None where nothing is to be told."""
        return None if isinstance(state, Given) else self._told(state, frame)

    def dump(self, state: State) -> Any:
        """Plain data, the same for the same records in whatever order they came."""
        return {_GIVEN: text(state.value)} if isinstance(state, Given) else self._dumped(state)

    def load(self, data: Any) -> State:
        """
        Read back what `dump` wrote.

        Raises:
            MismatchError: `tally.state` when it is something else.
        """
        if isinstance(data, Mapping) and data.keys() == {_GIVEN}:
            return Given(read_exact(data[_GIVEN]))
        return self._loaded(data)

    def given(self, quantity: Exact) -> State:
        """A state that stands for a plain quantity."""
        return Given(quantity)

    def over(self, records: Iterable[UsageRecord], frame: Frame) -> Exact:
        """
        The quantity of some records, for an aggregate that is tried on its own.

        Raises:
            RecordError: at the first record that is refused.
        """
        state = self.zero()
        for record in records:
            state = self.add(state, self.read(record), record)
        return self.value(state, frame)

    @abstractmethod
    def _merged(self, a: State, b: State) -> State: ...

    @abstractmethod
    def _valued(self, state: State, frame: Frame) -> Exact: ...

    def _told(self, state: State, frame: Frame) -> Step | None:
        return None

    @abstractmethod
    def _dumped(self, state: State) -> Any: ...

    @abstractmethod
    def _loaded(self, data: Any) -> State: ...


def given_stays() -> NoReturn:
    """Refuse to mix a plain value with records."""
    raise MismatchError(
        "a quantity that was given in place of records cannot take records in; measure the records alone",
        code="tally.given",
    )


def place(record: UsageRecord, value: Decimal) -> Place:
    """Where a record's value stands."""
    return (record.at, record.source or "", record.id or "", value)


def missing(record: UsageRecord, name: str) -> RecordError:
    """The refusal of a record without a property."""
    return RecordError(
        f"the property {name!r} is missing; send it", code="record.missing", path=f"properties.{name}", record=record.id
    )


def bad_state(wanted: str) -> MismatchError:
    """The refusal of plain data that no `dump` of this aggregate wrote."""
    return MismatchError(f"this is not {wanted}; load what dump wrote, with the same meter", code="tally.state")


def read_exact(data: object) -> Exact:
    """An exact value from its text."""
    if isinstance(data, str):
        try:
            return exact(data)
        except NumberError:
            pass
    raise bad_state("the text of a value")


def read_decimal(data: object) -> Decimal:
    """A value whose digits end, from its text."""
    found = read_exact(data)
    if isinstance(found, Ratio):
        raise bad_state("the text of a value whose digits end")
    return found


def read_count(data: object) -> int:
    """How many: a whole number of 0 or more."""
    if isinstance(data, int) and not isinstance(data, bool) and data >= 0:
        return data
    raise bad_state("a count")


def read_row(data: object, length: int) -> list[object]:
    """A list of so many parts."""
    found = read_list(data)
    if len(found) != length:
        raise bad_state(f"a list of {length}")
    return found


def read_list(data: object) -> list[object]:
    """A list."""
    if isinstance(data, list | tuple):
        return list(data)
    raise bad_state("a list")


def read_text(data: object) -> str:
    """Text."""
    if isinstance(data, str):
        return data
    raise bad_state("text")
