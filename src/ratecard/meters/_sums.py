"""
Aggregates that add up: the sum, the count, and the average of both.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import model_validator

from .._model import Key, Many, default, refuse
from .._numbers import CONTEXT, ONE, ZERO, Exact, div, plain, text
from ..errors import Problem
from ..records import UsageRecord, read_number
from ..steps import Step
from ._base import Aggregate, Frame, Given, given_stays, read_count, read_decimal, read_row

__all__ = ["Average", "Count", "Sum"]

Number: TypeAlias = int | Decimal
"""A running sum: an int while every value was whole, which makes it quick; a Decimal from the first that was not."""


def added(state: Number, value: Number) -> Number:
    """The exact sum, an int as long as it can be one."""
    if state.__class__ is int:
        if value.__class__ is int:
            return state + value
        whole = int(value)
        return state + whole if whole == value else CONTEXT.add(state, value)
    if isinstance(state, Decimal):
        return CONTEXT.add(state, value)
    given_stays()


def shown(state: Number) -> Decimal:
    """A running sum as the one Decimal of its value."""
    return plain(state) if isinstance(state, Decimal) else Decimal(state)


def read_sum(data: object) -> Number:
    """A running sum from its text."""
    return added(0, read_decimal(data))


class Sum(Aggregate, frozen=True):
    """
    The sum of a property, or of a property less others.

    Formula: the sum over all records of `of - less[0] - less[1] ...`; 0 without records. It may be negative. Every
    property named must be there and be a number, also those taken off.

    Attributes:
        of: the property that is added up.
        less: properties taken off it in every record, such as the cached part of the input tokens.

    >>> from ratecard.periods import Period
    >>> calls = [UsageRecord("call", f"2025-01-0{day}T12:00:00Z", {"input": 900, "cached": 200}) for day in (1, 2, 3)]
    >>> Sum(of="input", less=["cached"]).over(calls, Frame.of(Period.month(2025, 1)))
    Decimal('2100')
    """

    kind: Literal["sum"] = default("sum")
    of: Key
    less: Many[Key] = default(())

    @model_validator(mode="after")
    def _check(self) -> Sum:
        return _check_sum(self)

    def reads(self) -> tuple[str, ...]:
        """The property and those taken off it."""
        return (self.of, *self.less)

    def read(self, record: UsageRecord) -> Decimal:
        """The property less those taken off it."""
        value = read_number(record, self.of)
        for name in self.less:
            value = CONTEXT.subtract(value, read_number(record, name))
        return value

    def zero(self) -> Number:
        """0."""
        return 0

    def add(self, state: Number, value: Number, record: UsageRecord) -> Number:
        """The sum with one more value."""
        return added(state, value)

    def _merged(self, a: Number, b: Number) -> Number:
        return added(a, b)

    def _valued(self, state: Number, frame: Frame) -> Exact:
        return shown(state)

    def _dumped(self, state: Number) -> str:
        return text(state)

    def _loaded(self, data: Any) -> Number:
        return read_sum(data)


def _check_sum(found: Sum) -> Sum:
    refuse(
        [
            Problem(f"less[{index}]", "sum.less", f"{name!r} is already in this sum; take each other property off once")
            for index, name in enumerate(found.less)
            if name == found.of or name in found.less[:index]
        ]
    )
    return found


class Count(Aggregate, frozen=True):
    """
    How many records there are; it reads no property.

    Formula: the number of records; 0 without any.

    >>> from ratecard.periods import Period
    >>> calls = [UsageRecord("call", "2025-01-01T12:00:00Z", id=name) for name in ("a", "b")]
    >>> Count().over(calls, Frame.of(Period.month(2025, 1)))
    Decimal('2')
    """

    kind: Literal["count"] = default("count")

    def reads(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def read(self, record: UsageRecord) -> Decimal:
        """1 for every record."""
        return ONE

    def zero(self) -> int:
        """0."""
        return 0

    def add(self, state: int, value: Number, record: UsageRecord) -> int:
        """One more."""
        return state + 1 if state.__class__ is int else given_stays()

    def _merged(self, a: int, b: int) -> int:
        return a + b

    def _valued(self, state: int, frame: Frame) -> Exact:
        return Decimal(state)

    def _dumped(self, state: int) -> int:
        return state

    def _loaded(self, data: Any) -> int:
        return read_count(data)


class Average(Aggregate, frozen=True):
    """
    The mean of a property over the records, kept exactly.

    Formula: the sum of the values over their number; 0 without records. It may be negative. A price that changes inside
    a period sees the average of each stretch apart.

    Attributes:
        of: the property.

    >>> from ratecard.periods import Period
    >>> calls = [UsageRecord("call", f"2025-01-0{ms}T12:00:00Z", {"ms": ms}) for ms in (1, 2, 7)]
    >>> Average(of="ms").over(calls, Frame.of(Period.month(2025, 1)))
    Ratio('10/3')
    """

    cumulative: ClassVar[bool] = False

    kind: Literal["average"] = default("average")
    of: Key

    def reads(self) -> tuple[str, ...]:
        """The property."""
        return (self.of,)

    def read(self, record: UsageRecord) -> Decimal:
        """The property."""
        return read_number(record, self.of)

    def zero(self) -> tuple[Number, int]:
        """A sum of 0 over no records."""
        return (0, 0)

    def add(self, state: tuple[Number, int], value: Number, record: UsageRecord) -> tuple[Number, int]:
        """One more value and one more record."""
        if isinstance(state, Given):
            given_stays()
        return (added(state[0], value), state[1] + 1)

    def _merged(self, a: tuple[Number, int], b: tuple[Number, int]) -> tuple[Number, int]:
        return (added(a[0], b[0]), a[1] + b[1])

    def _valued(self, state: tuple[Number, int], frame: Frame) -> Exact:
        summed, count = state
        return div(shown(summed), count) if count else ZERO

    def _told(self, state: tuple[Number, int], frame: Frame) -> Step | None:
        summed, count = state
        if not count:
            return None
        note = f"the sum of {self.of}, over the number of records"
        return Step.of("product", [("sum", shown(summed)), ("per", Decimal(count))], note=note)

    def _dumped(self, state: tuple[Number, int]) -> list[Any]:
        return [text(state[0]), state[1]]

    def _loaded(self, data: Any) -> tuple[Number, int]:
        summed, count = read_row(data, 2)
        return (read_sum(summed), read_count(count))
