"""
Folds: functions of single records that are added up, such as a fee for each record or a price that the record carries.

A fold's state has zero, add, merge and value, and its merge is associative and commutative.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from ._numbers import ZERO, Exact, Rounding, add, exact, mul, neg, quantize, sign, sub, text, total
from .records import UsageRecord, read_number

__all__ = ["Carried", "CarriedState", "EachRounded", "Fold", "Paid", "PerRecord", "PerRecordState", "RoundedState"]


class Paid(NamedTuple):
    """
    The records a per-record price bills: those between its bounds by number and value, those at either bound by number.
    """

    records: int
    value: Exact
    at_minimum: int
    at_maximum: int


_Entry: TypeAlias = tuple[str, str, str, Decimal]


class PerRecordState(NamedTuple):
    """
    The state of a `PerRecord` fold.

    `first` holds, in the order (time, source, id), just the records that the free records and free amount can reach;
    `rest` all later ones, already classed; `reached` is what the values in `first` take of the free amount.
    """

    first: tuple[_Entry, ...]
    rest: Paid
    reached: Exact = ZERO


class PerRecord(NamedTuple):
    """
    A price for each record on its own value: `rate x value + fixed`, not below `minimum`, then not above `maximum`.

    Free records and a free amount run together in the order (time, source, id): the first used up ends both. The record
    that crosses the free amount pays its excess and its whole fixed part. Free records pay nothing, not even the
    minimum. A negative value uses up a free record but no free amount; after the free part it pays 0, or with `refunds`
    the price of its opposite, taken off.
    """

    rate: Decimal
    fixed: Decimal = ZERO
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    free_records: int | None = None
    free_amount: Decimal | None = None
    refunds: bool = False

    @property
    def ordered(self) -> bool:
        """Whether the order of records matters."""
        return self.free_records is not None or self.free_amount is not None

    def zero(self) -> PerRecordState:
        """Nothing seen."""
        return PerRecordState((), _NONE)

    def add(self, state: PerRecordState, value: Decimal, record: UsageRecord) -> PerRecordState:
        """One more record."""
        if self.free_records is None and self.free_amount is None:
            return PerRecordState((), _joined(state.rest, self._classed(value)))
        # Two records without id at one instant may stand in either order; their values decide, so arrival does not.
        entry = (_instant(record.at), record.source or "", record.id or "", value)
        if self._ended(len(state.first), state.reached) and (not state.first or entry > state.first[-1]):
            return PerRecordState(state.first, _joined(state.rest, self._classed(value)), state.reached)
        entries = list(state.first)
        insort(entries, entry)
        return self._settled(entries, state.rest, add(state.reached, _taken(value)))

    def merge(self, a: PerRecordState, b: PerRecordState) -> PerRecordState:
        """Both."""
        return self._settled(sorted([*a.first, *b.first]), _joined(a.rest, b.rest), add(a.reached, b.reached))

    def _settled(self, entries: list[_Entry], rest: Paid, reached: Exact) -> PerRecordState:
        """Keep only the records that the free part can reach: beyond its end none can become free by more arriving."""
        while entries:
            before = sub(reached, _taken(entries[-1][3]))
            if not self._ended(len(entries) - 1, before):
                break
            rest = _joined(rest, self._classed(entries.pop()[3]))
            reached = before
        return PerRecordState(tuple(entries), rest, reached)

    def _ended(self, used: int, amount: Exact) -> bool:
        if self.free_records is not None and used >= self.free_records:
            return True
        return self.free_amount is not None and amount >= self.free_amount

    def paid(self, state: PerRecordState) -> Paid:
        """What is billed of all records seen."""
        # Only the last of the first records can cross the free amount: behind the crossing the free part has ended.
        excess = ZERO if self.free_amount is None else sub(state.reached, self.free_amount)
        return _joined(state.rest, self._classed(excess)) if sign(excess) > 0 else state.rest

    def _classed(self, value: Exact) -> Paid:
        if value < 0 and not self.refunds:
            return _NONE
        if value < 0:
            mirrored = self._classed(neg(value))
            return Paid(-mirrored.records, neg(mirrored.value), -mirrored.at_minimum, -mirrored.at_maximum)
        amount = add(mul(value, self.rate), self.fixed)
        if self.minimum is not None and amount < self.minimum:
            amount = self.minimum
            if self.maximum is None or amount <= self.maximum:
                return Paid(0, ZERO, 1, 0)
        if self.maximum is not None and amount > self.maximum:
            return Paid(0, ZERO, 0, 1)
        return Paid(1, value, 0, 0)

    def value(self, state: PerRecordState) -> Exact:
        """The amount of all records seen."""
        paid = self.paid(state)
        amount = add(mul(paid.value, self.rate), mul(self.fixed, Decimal(paid.records)))
        amount = add(amount, mul(self.minimum or ZERO, Decimal(paid.at_minimum)))
        return add(amount, mul(self.maximum or ZERO, Decimal(paid.at_maximum)))

    def dump(self, state: PerRecordState) -> list[Any]:
        """Plain data."""
        first = [[at, source, id, text(value)] for at, source, id, value in state.first]
        rest = state.rest
        return [first, [rest.records, text(rest.value), rest.at_minimum, rest.at_maximum]]

    def load(self, told: Sequence[Any]) -> PerRecordState:
        """Read back what `dump` wrote."""
        first, (records, value, low, high) = told
        entries = tuple((at, source, id, _decimal(amount)) for at, source, id, amount in first)
        reached = total(_taken(entry[3]) for entry in entries)
        return PerRecordState(entries, Paid(records, exact(value), low, high), reached)


_NONE = Paid(0, ZERO, 0, 0)


def _instant(at: datetime) -> str:
    """Text that sorts as the times do: with all six digits always, since `...:00Z` would stand after `...:00.5Z`."""
    return f"{at.isoformat(timespec='microseconds')[:-6]}Z"


def _taken(value: Decimal) -> Decimal:
    """What a value takes of a free amount."""
    return value if value > 0 else ZERO


def _joined(a: Paid, b: Paid) -> Paid:
    return Paid(
        a.records + b.records,
        add(a.value, b.value),
        a.at_minimum + b.at_minimum,
        a.at_maximum + b.at_maximum,
    )


def _decimal(told: str) -> Decimal:
    found = exact(told)
    assert isinstance(found, Decimal)
    return found


class RoundedState(NamedTuple):
    """The sum of an `EachRounded` fold, and of how many records."""

    amount: Exact
    records: int


class EachRounded(NamedTuple):
    """The price of each record, rounded before it is added up: a price that has no free part and no order."""

    price: PerRecord
    places: int
    mode: Rounding

    @property
    def ordered(self) -> bool:
        """Whether the order of records matters."""
        return False

    def zero(self) -> RoundedState:
        """Nothing seen."""
        return RoundedState(ZERO, 0)

    def add(self, state: RoundedState, value: Decimal, record: UsageRecord) -> RoundedState:
        """One more record."""
        amount = self.price.value(self.price.add(self.price.zero(), value, record))
        return RoundedState(add(state.amount, quantize(amount, self.places, self.mode)), state.records + 1)

    def merge(self, a: RoundedState, b: RoundedState) -> RoundedState:
        """Both."""
        return RoundedState(add(a.amount, b.amount), a.records + b.records)

    def value(self, state: RoundedState) -> Exact:
        """The amount of all records seen."""
        return state.amount

    def dump(self, state: RoundedState) -> list[Any]:
        """Plain data."""
        return [text(state.amount), state.records]

    def load(self, told: Sequence[Any]) -> RoundedState:
        """Read back what `dump` wrote."""
        amount, records = told
        return RoundedState(exact(amount), records)


class CarriedState(NamedTuple):
    """The sum of a `Carried` fold, and how many records took the default."""

    amount: Exact
    defaults: int


class Carried(NamedTuple):
    """
    The record carries its own price or its cost in a property.

    With `per_unit` the property is multiplied by the metered value, else it is taken as an amount. A record without the
    property takes the `default`, or is refused when there is none; it is never dropped.
    """

    of: str
    per_unit: bool = True
    default: Decimal | None = None

    @property
    def ordered(self) -> bool:
        """Whether the order of records matters."""
        return False

    def zero(self) -> CarriedState:
        """Nothing seen."""
        return CarriedState(ZERO, 0)

    def add(self, state: CarriedState, value: Decimal, record: UsageRecord) -> CarriedState:
        """One more record."""
        missing = record.properties.get(self.of) is None
        price = self.default if missing and self.default is not None else read_number(record, self.of)
        amount = mul(price, value) if self.per_unit else price
        return CarriedState(add(state.amount, amount), state.defaults + (1 if missing else 0))

    def merge(self, a: CarriedState, b: CarriedState) -> CarriedState:
        """Both."""
        return CarriedState(add(a.amount, b.amount), a.defaults + b.defaults)

    def value(self, state: CarriedState) -> Exact:
        """The amount of all records seen."""
        return state.amount

    def dump(self, state: CarriedState) -> list[Any]:
        """Plain data."""
        return [text(state.amount), state.defaults]

    def load(self, told: Sequence[Any]) -> CarriedState:
        """Read back what `dump` wrote."""
        amount, defaults = told
        return CarriedState(exact(amount), defaults)


Fold: TypeAlias = PerRecord | EachRounded | Carried
"""What is added up record by record."""
