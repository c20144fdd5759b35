"""
Aggregates that keep one value of many: the largest, the smallest, the last.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Literal

from .._model import Key, default
from .._numbers import ZERO, Exact, plain, text
from ..errors import RecordError
from ..records import UsageRecord, read_number, read_time, show_time
from ._base import Aggregate, Frame, Given, Place, bad_state, given_stays, place, read_decimal, read_row, read_text

__all__ = ["Latest", "Max", "Min"]


class _Extreme(Aggregate, frozen=True):
    """What the largest and the smallest have in common: a state that is one value, or None before the first."""

    of: Key

    def reads(self) -> tuple[str, ...]:
        """The property."""
        return (self.of,)

    def read(self, record: UsageRecord) -> Decimal:
        """The property."""
        return read_number(record, self.of)

    def zero(self) -> Decimal | None:
        """No value."""
        return None

    def _valued(self, state: Decimal | None, frame: Frame) -> Exact:
        return ZERO if state is None else plain(state)

    def _dumped(self, state: Decimal | None) -> str | None:
        return None if state is None else text(state)

    def _loaded(self, data: Any) -> Decimal | None:
        return None if data is None else read_decimal(data)


class Max(_Extreme, frozen=True):
    """
    The largest value of a property.

    Formula: the greatest of the values; 0 without records. It may be negative. What is held between records, such as
    seats or storage, is a `Peak`.

    Attributes:
        of: the property.

    >>> from ratecard.periods import Period
    >>> calls = [UsageRecord("call", f"2025-01-0{day}T12:00:00Z", {"size": 3 * day}) for day in (1, 3, 2)]
    >>> Max(of="size").over(calls, Frame.of(Period.month(2025, 1)))
    Decimal('9')
    """

    kind: Literal["max"] = default("max")

    def add(self, state: Decimal | None, value: Decimal, record: UsageRecord) -> Decimal | None:
        """The larger of the two."""
        if state is None:
            return value
        if isinstance(state, Given):
            given_stays()
        return value if value > state else state

    def _merged(self, a: Decimal | None, b: Decimal | None) -> Decimal | None:
        if a is None or b is None:
            return b if a is None else a
        return a if a > b else b


class Min(_Extreme, frozen=True):
    """
    The smallest value of a property.

    Formula: the least of the values; 0 without records. It may be negative.

    Attributes:
        of: the property.

    >>> from ratecard.periods import Period
    >>> calls = [UsageRecord("call", f"2025-01-0{day}T12:00:00Z", {"size": 3 * day}) for day in (3, 1, 2)]
    >>> Min(of="size").over(calls, Frame.of(Period.month(2025, 1)))
    Decimal('3')
    """

    kind: Literal["min"] = default("min")

    def add(self, state: Decimal | None, value: Decimal, record: UsageRecord) -> Decimal | None:
        """The smaller of the two."""
        if state is None:
            return value
        if isinstance(state, Given):
            given_stays()
        return value if value < state else state

    def _merged(self, a: Decimal | None, b: Decimal | None) -> Decimal | None:
        if a is None or b is None:
            return b if a is None else a
        return a if a < b else b


class Latest(Aggregate, frozen=True):
    """
    The value of the last record.

    Formula: the value that stands last in the order (time, source, id); 0 without records. Records without id at one
    instant stand in the order of their values, so the largest is last. It may be negative. Nothing is carried in from
    before: what holds until it is changed is a `Level` or a `Peak`. A price that changes inside a period sees the last
    value of each stretch.

    Attributes:
        of: the property.

    >>> from ratecard.periods import Period
    >>> calls = [UsageRecord("call", f"2025-01-0{day}T12:00:00Z", {"size": 3 * day}) for day in (1, 3, 2)]
    >>> Latest(of="size").over(calls, Frame.of(Period.month(2025, 1)))
    Decimal('9')
    """

    cumulative: ClassVar[bool] = False

    kind: Literal["latest"] = default("latest")
    of: Key

    def reads(self) -> tuple[str, ...]:
        """The property."""
        return (self.of,)

    def read(self, record: UsageRecord) -> Decimal:
        """The property."""
        return read_number(record, self.of)

    def zero(self) -> Place | None:
        """No record."""
        return None

    def add(self, state: Place | None, value: Decimal, record: UsageRecord) -> Place | None:
        """The later of the two."""
        if isinstance(state, Given):
            given_stays()
        return self._merged(state, place(record, value))

    def _merged(self, a: Place | None, b: Place | None) -> Place | None:
        if a is None or b is None:
            return b if a is None else a
        return a if a > b else b

    def _valued(self, state: Place | None, frame: Frame) -> Exact:
        return ZERO if state is None else plain(state[3])

    def _dumped(self, state: Place | None) -> list[str] | None:
        return None if state is None else show_place(state)

    def _loaded(self, data: Any) -> Place | None:
        return None if data is None else read_place(data)


def show_place(held: Place) -> list[str]:
    """A place and its value as plain data."""
    at, source, id, value = held
    return [show_time(at), source, id, text(value)]


def read_place(data: object) -> Place:
    """Read back what `show_place` wrote."""
    at, source, id, value = read_row(data, 4)
    try:
        return (read_time(at), read_text(source), read_text(id), read_decimal(value))
    except RecordError:
        raise bad_state("the text of a time") from None
