"""
Aggregates that remember every distinct value: how many there are, and which one has so many below it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from .._model import Amount, Key, default, refuse
from .._numbers import CONTEXT, ZERO, Exact, ceil, div, text
from ..errors import Problem
from ..records import UsageRecord, group_text, read_number
from ._base import (
    Aggregate,
    Frame,
    Given,
    bad_state,
    given_stays,
    missing,
    read_count,
    read_decimal,
    read_list,
    read_row,
    read_text,
)

__all__ = ["Percentile", "Unique"]


class Unique(Aggregate, frozen=True):
    """
    How many distinct values a property has, counted exactly.

    Formula: the number of different texts of the property; 0 without records. The number 7 and the text "7" are one. A
    record in which the property is missing or empty is refused.

    Attributes:
        of: the property: text, a whole number, a Decimal, true or false.

    >>> from ratecard.periods import Period
    >>> seats = [UsageRecord("seat", "2025-01-01T12:00:00Z", {"user": name}) for name in ("ana", "bo", "ana")]
    >>> Unique(of="user").over(seats, Frame.of(Period.month(2025, 1)))
    Decimal('2')
    """

    kind: Literal["unique"] = default("unique")
    of: Key

    def reads(self) -> tuple[str, ...]:
        """The property."""
        return (self.of,)

    def read(self, record: UsageRecord) -> str:
        """
        The text of the property.

        Raises:
            RecordError: `record.missing`, or `record.dimension` for a value that has no one text.
        """
        found = group_text(record, self.of)
        if not found:
            raise missing(record, self.of)
        return found

    def zero(self) -> set[str]:
        """No text."""
        return set()

    def add(self, state: set[str], value: str, record: UsageRecord) -> set[str]:
        """The same set, with one more text unless it was there."""
        if isinstance(state, Given):
            given_stays()
        state.add(value)
        return state

    def _merged(self, a: set[str], b: set[str]) -> set[str]:
        return a | b

    def _valued(self, state: set[str], frame: Frame) -> Exact:
        return Decimal(len(state))

    def _dumped(self, state: set[str]) -> list[str]:
        return sorted(state)

    def _loaded(self, data: Any) -> set[str]:
        return {read_text(each) for each in read_list(data)}


class Percentile(Aggregate, frozen=True):
    """
    The value that a given share of the records does not exceed: the nearest-rank percentile, exact.

    Formula: with n values in order, the one at place ceil(percent / 100 x n): the smallest value such that at least
    `percent` % of the records are at or below it. It is always one of the values; 0 without records. 50 is the (lower)
    median, 100 the largest. A price that changes inside a period sees the percentile of each stretch apart.

    Attributes:
        of: the property.
        percent: above 0, at most 100; such as 95 for bandwidth.

    >>> from ratecard.periods import Period
    >>> samples = [UsageRecord("sample", "2025-01-01T12:00:00Z", {"mbps": rate}) for rate in (40, 10, 90, 20)]
    >>> Percentile(of="mbps", percent=75).over(samples, Frame.of(Period.month(2025, 1)))
    Decimal('40')
    """

    cumulative: ClassVar[bool] = False

    kind: Literal["percentile"] = default("percentile")
    of: Key
    percent: Amount

    @model_validator(mode="after")
    def _check(self) -> Percentile:
        return _check_percentile(self)

    def reads(self) -> tuple[str, ...]:
        """The property."""
        return (self.of,)

    def read(self, record: UsageRecord) -> Decimal:
        """The property."""
        return read_number(record, self.of)

    def zero(self) -> dict[str, int]:
        """No value."""
        return {}

    # The keys are texts: Decimals that share one hash can be made on purpose, and would make each look-up a long walk.
    def add(self, state: dict[str, int], value: Decimal, record: UsageRecord) -> dict[str, int]:
        """The same table, with one more of this value."""
        if isinstance(state, Given):
            given_stays()
        name = text(value)
        state[name] = state.get(name, 0) + 1
        return state

    def _merged(self, a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
        found = dict(a)
        for name, count in b.items():
            found[name] = found.get(name, 0) + count
        return found

    def _valued(self, state: dict[str, int], frame: Frame) -> Exact:
        rank = ceil(div(CONTEXT.multiply(self.percent, sum(state.values())), 100))
        found = ZERO
        for value, count in _in_order(state):
            found = value
            rank -= count
            if rank <= 0:
                break
        return found

    def _dumped(self, state: dict[str, int]) -> list[Any]:
        return [[text(value), count] for value, count in _in_order(state)]

    def _loaded(self, data: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in read_list(data):
            value, count = read_row(row, 2)
            name = text(read_decimal(value))
            if name in found or not read_count(count):
                raise bad_state("a list of each value once, with how many records have it")
            found[name] = read_count(count)
        return found


def _in_order(state: dict[str, int]) -> list[tuple[Decimal, int]]:
    return sorted((Decimal(name), count) for name, count in state.items())


def _check_percentile(found: Percentile) -> Percentile:
    if not 0 < found.percent <= 100:
        refuse([Problem("percent", "percentile.percent", "write a percent above 0 and at most 100, such as 95")])
    return found
