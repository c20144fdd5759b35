"""
A lot: one grant as a ledger holds it, with all its times as instants; and its place in the order of burning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Any, Final

from pydantic import ValidationError

from .._model import show_day
from .._numbers import ZERO, Exact, exact, mul, plain, text
from .._problems import problems
from ..errors import LedgerError, RatecardError
from ..money import Currency, Money
from ..periods import instant, moment
from ._fields import brief, is_money, read_id, read_unit, show_unit, sound_amount, stored_id
from ._grants import Grant, Rollover, Scope
from ._policy import BurnKey
from ._queue import Rank

__all__ = ["Lot", "micros", "rank"]

_EPOCH: Final = instant("1970-01-01T00:00:00Z")
_MICROSECOND: Final = timedelta(microseconds=1)
_NEVER: Final = 10**30


class Lot:
    """
    One lot: what was granted, and on what terms. Immutable by contract.

    Attributes:
        id: unique in its ledger.
        key: what it belongs together with: its grant's key.
        unit: the currency, or the unit of one's own.
        amount: what it began with.
        priority: small numbers burn first where the order looks at them.
        granted: when it came into the ledger.
        effective: from when on it pays.
        expiry: until when, exclusive; None for ever.
        scope: what it pays for.
        paid: whether somebody paid for it.
        basis: what one unit of it cost, exact.
        cost_currency: the currency of that.
        rollover: what of it lives on.
        rolled: how often its credits have rolled over; 0 for a lot that was granted.
        root: the id of the lot that was granted, from which its credits came.
    """

    __slots__ = (
        "amount", "basis", "cost_currency", "effective", "expiry", "granted", "id", "key", "paid", "priority", "rolled",
        "rollover", "root", "scope", "unit",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        key: str,
        unit: Currency,
        amount: Decimal,
        *,
        granted: datetime,
        effective: datetime,
        expiry: datetime | None,
        priority: int = 50,
        scope: Scope | None = None,
        paid: bool = False,
        basis: Exact = ZERO,
        cost_currency: Currency | None = None,
        rollover: Rollover | None = None,
        rolled: int = 0,
        root: str | None = None,
    ) -> None:
        self.id = id
        self.key = key
        self.unit = unit
        self.amount = amount
        self.granted = granted
        self.effective = effective
        self.expiry = expiry
        self.priority = priority
        self.scope = Scope() if scope is None else scope
        self.paid = paid
        self.basis = basis
        self.cost_currency = cost_currency
        self.rollover = rollover
        self.rolled = rolled
        self.root = id if root is None else root

    @classmethod
    def of(cls, grant: Grant, at: datetime, *, currency: Currency | None = None, zone: str = "UTC") -> Lot:
        """
        The lot that a grant makes.

        Args:
            grant: the grant.
            at: when it is granted, and effective where it does not say.
            currency: the unit of a grant that names none.
            zone: where its bare dates are midnights.

        Raises:
            LedgerError: `grant.currency` without a unit or without a currency of its cost, `grant.order`.
            MismatchError: `amount.currency`, for a table of amounts that has none in this currency.
        """
        grant = grant.in_currency(currency)
        unit = grant.unit(currency)
        if unit is None:
            raise LedgerError(f"grant {grant.id!r} names no currency; give it one", code="grant.currency")
        effective = at if grant.effective is None else moment(grant.effective, zone)
        expiry = None if grant.expiry is None else moment(grant.expiry, zone)
        if grant.lasts is not None:
            expiry = grant.lasts.at(effective, zone).next(effective)
        if expiry is not None and expiry <= effective:
            raise LedgerError(
                f"grant {grant.id!r} expires {show_day(expiry)}, before it is effective; give a later expiry",
                code="grant.order",
            )
        cost = grant.basis(unit)
        return cls(
            grant.id,
            grant.key or grant.id,
            unit,
            sound_amount(grant.money(unit)),
            granted=at,
            effective=effective,
            expiry=expiry,
            priority=grant.priority,
            scope=grant.scope,
            paid=grant.paid,
            basis=cost,
            cost_currency=_cost_currency(grant, unit) if cost else None,
            rollover=grant.rollover,
        )

    @property
    def rolls(self) -> bool:
        """Whether something of it may roll over at its expiry."""
        return self.rollover is not None and (self.rollover.times is None or self.rolled < self.rollover.times)

    def alive(self, at: datetime) -> bool:
        """Whether an instant lies inside its time."""
        return self.effective <= at and (self.expiry is None or at < self.expiry)

    def after(self, end: datetime) -> datetime:
        """
        Until when credits live that roll over at an instant: to the next boundary, or for as long as the lot did.

        Raises:
            LedgerError: `ledger.time`, past the end of time.
        """
        assert self.rollover is not None
        if self.rollover.every is not None:
            return self.rollover.every.at(end, "UTC").next(end)
        try:
            assert self.expiry is not None
            return instant(end + (self.expiry - self.effective))
        except OverflowError:
            raise LedgerError(
                f"lot {brief(self.id)} would roll over past the end of time; give its rollover a rhythm (`every`)",
                code="ledger.time",
            ) from None

    def ends(self) -> Iterator[datetime]:
        """The instants at which it ends, and what rolls of it, and what rolls of that; without end if it rolls so."""
        end, rollover, times = self.expiry, self.rollover, self.rolled
        while end is not None:
            yield end
            if rollover is None or (rollover.times is not None and times >= rollover.times):
                break
            end, times = self.after(end), times + 1

    def bounds(self, until: datetime) -> Iterator[datetime]:
        """The instants before one at which it begins or ends to pay, and those at which what rolls of it would end."""
        yield self.effective
        yield from takewhile(until.__gt__, self.ends())

    def outlives(self, at: datetime) -> bool:
        """Whether it may pay after an instant, or what rolls of it."""
        return self.expiry is None or any(end > at for end in self.ends())

    def cost(self, amount: Decimal) -> Exact:
        """What an amount of it cost, exact."""
        found = mul(self.basis, amount)
        return plain(found) if isinstance(found, Decimal) else found

    def to_json(self) -> dict[str, object]:
        """Plain data, without what is as it would be anyway."""
        told: dict[str, object] = {
            "id": self.id,
            "key": self.key,
            "unit": show_unit(self.unit),
            "amount": text(self.amount),
            "priority": self.priority,
            "granted": show_day(self.granted),
            "effective": show_day(self.effective),
            "paid": self.paid,
        }
        if self.expiry is not None:
            told["expiry"] = show_day(self.expiry)
        if self.basis:
            told["basis"] = text(self.basis)
        if self.cost_currency is not None:
            told["cost_currency"] = show_unit(self.cost_currency)
        scope = self.scope.model_dump(mode="json", exclude_defaults=True)
        if scope:
            told["scope"] = scope
        if self.rollover is not None:
            told["rollover"] = self.rollover.model_dump(mode="json", exclude_defaults=True)
        if self.rolled:
            told["rolled"] = self.rolled
            told["root"] = self.root
        return told

    @classmethod
    def from_json(cls, value: object) -> Lot:
        """
        Read what `to_json` wrote.

        Raises:
            LedgerError: `ledger.entry`.
        """
        try:
            return _read_lot(value)
        except (KeyError, TypeError, AttributeError, ValidationError, RatecardError) as error:
            told = problems(error)[0]
            raise LedgerError(f"this is no lot ({told.path or told.text}); store what to_json wrote",
                              code="ledger.entry") from None  # fmt: skip

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lot):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.id, self.amount, self.granted))

    def __repr__(self) -> str:
        return f"<Lot {self.id!r}: {Money.make(self.amount, self.unit)}>"


def _cost_currency(grant: Grant, unit: Currency) -> Currency:
    if grant.cost_currency is not None:
        return Currency.of(grant.cost_currency)
    if is_money(unit):
        return unit
    raise LedgerError(
        f"grant {grant.id!r} has a cost in no currency; give it cost_currency, such as 'USD'", code="grant.currency"
    )


def _read_lot(value: Any) -> Lot:
    told: Mapping[str, Any] = {**value}
    unknown = [name for name in told if name not in Lot.__slots__]
    if unknown:
        raise LedgerError("a field that no lot has", code="ledger.entry", path=str(unknown[0])[:40])
    currency = told.get("cost_currency")
    expiry, rollover, rolled = told.get("expiry"), told.get("rollover"), told.get("rolled", 0)
    unit = read_unit(told["unit"])
    amount = exact(told["amount"])
    if not isinstance(amount, Decimal):
        raise LedgerError("an amount that does not end", code="ledger.entry", path="amount")
    if not (type(rolled) is int and type(told["priority"]) is int and isinstance(told["paid"], bool)):
        raise LedgerError("a number or a flag that is none", code="ledger.entry")
    return Lot(
        stored_id(told["id"]),
        read_id(told["key"]),
        unit,
        sound_amount(Money.make(amount, unit)),
        priority=told["priority"],
        granted=instant(told["granted"]),
        effective=instant(told["effective"]),
        expiry=None if expiry is None else instant(expiry),
        scope=Scope.model_validate(told.get("scope", {})),
        paid=told["paid"],
        basis=exact(told.get("basis", "0")),
        cost_currency=None if currency is None else read_unit(currency),
        rollover=None if rollover is None else Rollover.model_validate(rollover),
        rolled=rolled,
        root=stored_id(told.get("root", told["id"])),
    )


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def rank(lot: Lot, keys: tuple[BurnKey, ...]) -> Rank:
    """The place of a lot in the order of burning; no two lots have the same."""
    end = _NEVER if lot.expiry is None else micros(lot.expiry)
    return (*(_part(lot, key) for key in keys if key != "id"), lot.id, micros(lot.effective), end)


def _part(lot: Lot, key: BurnKey) -> Any:
    if key == "expiry":
        return _NEVER if lot.expiry is None else micros(lot.expiry)
    if key == "expiry_second":
        return _NEVER if lot.expiry is None else micros(lot.expiry) // 1_000_000
    if key == "priority":
        return lot.priority
    if key == "age":
        return micros(lot.granted)
    if key == "effective":
        return micros(lot.effective)
    if key == "promotional":
        return lot.paid
    if key == "cost":
        return lot.basis
    if key == "rolled":
        return not lot.rolled
    if key == "rolled_last":
        return bool(lot.rolled)
    if key == "narrow":
        return lot.scope.breadth or _NEVER
    return lot.amount.copy_negate()
