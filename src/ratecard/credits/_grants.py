"""
What is granted, and for what it pays: one grant, or one every period, as people write and store them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, Tag, model_validator

from .._model import (
    Amount,
    Key,
    Model,
    OptionalAmount,
    OptionalDay,
    Pairs,
    Whole,
    default,
    read_day,
    refuse,
    show_day,
    tagged,
)
from .._numbers import ONE, ZERO, Exact, div
from .._worth import Bare, OptionalWorth, Worth
from ..cadence import Cadence
from ..errors import MismatchError, Problem
from ..money import Currency, Money
from ..periods import Period, moment
from ._fields import entry_id, is_money, unit_of
from ._scopes import Scope, Use

__all__ = ["AnyGrant", "Category", "Grant", "Recurring", "Rollover", "Scope", "Use"]

Category: TypeAlias = Literal["paid", "promotional"]
"""Whether somebody paid for it; what was paid for may be owed back."""


class Rollover(Model, frozen=True):
    """
    What of a lot lives on when it expires.

    Formula: `fraction` of what is left, as far as all live rolled-over lots of the same grant together stay at or under
    `maximum`; for a unit of one's own rounded down to its decimals. The rest expires.

    Attributes:
        maximum: the most that may be rolled over and alive at once; None for no limit.
        fraction: above 0, up to 1.
        times: how often the same credits may roll; None for ever.
        every: the rhythm of the time a rolled lot lives, up to the boundary after the old expiry. A `Recurring` grant
            fills in its own; without one it lives as long as the lot did.
        priority: the priority of rolled lots; None keeps that of the grant.
    """

    maximum: OptionalAmount = default(None)
    fraction: Amount = default(ONE)
    times: Annotated[Whole, Field(ge=1, le=10_000)] | None = default(1)
    every: Cadence | None = default(None)
    priority: Annotated[Whole, Field(ge=0, le=1_000_000)] | None = default(None)

    @model_validator(mode="after")
    def _check(self) -> Rollover:
        return _check_rollover(self)


def _check_rollover(found: Rollover) -> Rollover:
    wrong: list[Problem] = []
    if found.maximum is not None and found.maximum < 0:
        wrong.append(Problem("maximum", "rollover.maximum", "write 0 or more"))
    if not 0 < found.fraction <= 1:
        wrong.append(Problem("fraction", "rollover.fraction", "a fraction is above 0, up to 1; a half is 0.5"))
    refuse(wrong)
    return found


class _Granted(Model, frozen=True):
    """What one grant and a recurring one have in common."""

    amount: Worth
    currency: Key | None = default(None)
    places: Annotated[Whole, Field(ge=0, le=18)] | None = default(None)
    priority: Annotated[Whole, Field(ge=0, le=1_000_000)] = default(50)
    effective: OptionalDay = default(None)
    expiry: OptionalDay = default(None)
    scope: Scope = Field(default_factory=Scope)
    category: Category | None = default(None)
    cost: OptionalWorth = default(None)
    unit_cost: OptionalWorth = default(None)
    cost_currency: Key | None = default(None)
    rollover: Rollover | None = default(None)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        return _read_currency(given)

    @model_validator(mode="after")
    def _check(self) -> _Granted:
        return _check_granted(self)

    @property
    def paid(self) -> bool:
        """Whether somebody paid for it: as `category` says, else whether it has a cost."""
        if self.category is not None:
            return self.category == "paid"
        return any(each for held in (self.cost, self.unit_cost) for _, each in _each(held))

    def in_currency(self, code: str | None) -> Self:
        """
        The same with one amount each: of a table by currency what it says in this one.

        Args:
            code: the currency; None for none, which only a grant without tables can do with.

        Raises:
            MismatchError: `amount.currency`, when a table has no amount in it.

        >>> Grant(id="gift", amount={"USD": "100", "EUR": "95"}).in_currency("EUR").amount
        Decimal('95')
        """
        told: dict[str, object] = {}
        for name in _WORTHS:
            held = getattr(self, name)
            if not isinstance(held, Pairs):
                continue
            if code is None or code not in held:
                shown = "no currency is named" if code is None else f"{code} is asked for"
                raise MismatchError(
                    f"the {name} of this grant is written in {', '.join(held)}, and {shown}; take "
                    "grant.in_currency(...) with one of them",
                    code="amount.currency",
                )
            told[name] = held[code]
            told["currency" if name == "amount" else "cost_currency"] = code
        return self.model_copy(update=told) if told else self

    def basis(self, unit: Currency) -> Exact:
        """What one unit of it costs, exact."""
        found = self.in_currency(unit)
        if found.cost is not None:
            return div(_bare(found.cost), _bare(found.amount))
        if found.unit_cost is not None:
            return _bare(found.unit_cost)
        return ONE if self.paid and is_money(unit) else ZERO

    def money(self, unit: Currency) -> Money:
        """Its amount in a unit."""
        return Money.make(_bare(self.in_currency(unit).amount), unit)

    def unit(self, fallback: Currency | None = None) -> Currency | None:
        """The currency or unit it is counted in."""
        return fallback if self.currency is None else unit_of(self.currency, self.places)


def _read_currency(given: object) -> object:
    """A unit of one's own, given as a `Currency`, brings its decimals along."""
    if isinstance(given, Mapping) and isinstance(given.get("currency"), Currency):
        unit = given["currency"]
        return {"places": unit.places, **given, "currency": str(unit)}
    return given


_WORTHS = ("amount", "cost", "unit_cost")


def _bare(held: Bare) -> Decimal:
    """What is no table."""
    assert isinstance(held, Decimal)
    return held


def _each(held: Bare | None) -> list[tuple[str, Decimal]]:
    """The amounts of a field, with the end of the path to each."""
    if isinstance(held, Pairs):
        return [(f".{code}", amount) for code, amount in held.items()]
    return [] if held is None else [("", held)]


def _check_granted(found: _Granted) -> _Granted:
    wrong = [
        Problem(f"amount{tail}", "grant.amount", "a grant is of something; write an amount above 0")
        for tail, amount in _each(found.amount)
        if amount <= 0
    ]
    if found.cost is not None and found.unit_cost is not None:
        wrong.append(Problem("unit_cost", "grant.costs", "the cost of all and of each say the same; leave one out"))
    for name in ("cost", "unit_cost"):
        costs = _each(getattr(found, name))
        for tail, cost in costs:
            if cost < 0:
                wrong.append(Problem(f"{name}{tail}", "grant.cost", "a cost is 0 or more"))
        if any(cost for _, cost in costs) and found.category == "promotional":
            wrong.append(Problem(name, "grant.cost", "what was paid for is not promotional; write category: paid"))
    wrong += _currency_faults(found)
    start, end = found.effective, found.expiry
    if start is not None and end is not None and moment(start, "UTC") >= moment(end, "UTC"):
        wrong.append(Problem("expiry", "grant.order", "it expires before it is effective; give a later expiry"))
    refuse(wrong)
    return found


def _currency_faults(found: _Granted) -> list[Problem]:
    """What is said twice, or not at all, about the currencies of tables."""
    wrong: list[Problem] = []
    tabled = isinstance(found.amount, Pairs)
    if tabled and found.currency is not None:
        wrong.append(Problem("currency", "grant.currency", "the amounts name their currencies; leave it out"))
    for name in ("cost", "unit_cost"):
        cost = getattr(found, name)
        if isinstance(cost, Pairs):
            if found.cost_currency is not None:
                words = "the costs name their currencies; leave it out"
                wrong.append(Problem("cost_currency", "grant.currency", words))
            if found.currency is not None and is_money(found.currency):
                words = f"a grant in {found.currency} alone has one cost; write one amount, or a table for both"
                wrong.append(Problem(name, "grant.currency", words))
        elif tabled and cost and found.cost_currency is None:
            words = "the grant is written by currency; write its cost for each of them as well"
            wrong.append(Problem(name, "amount.currency", words))
    return wrong


class Grant(_Granted, frozen=True):
    """
    One grant of credits: a lot, once it stands in a ledger.

    Attributes:
        id: the id of the lot, unique in a ledger.
        key: what it belongs together with, for the limits of rollovers and top-ups; None is the id.
        amount: above 0; money, or a number of units; or a table of money by currency, `{USD: "100", EUR: "95"}`, of
            which a plan gives each customer what it says in theirs, and `in_currency` takes one.
        currency: a currency of ISO 4217 or a unit of one's own; None is the one of whoever reads it, such as a plan.
        places: the decimals of a unit of one's own.
        priority: 0 and up; small numbers burn first where the order of burning looks at them.
        effective: from when on it pays; None is the instant at which it is granted.
        expiry: until when, exclusive; None for ever.
        lasts: instead of `expiry`: until the first boundary of this cadence after it is effective.
        scope: what it pays for.
        category: `paid` or `promotional`; None is paid where there is a cost.
        cost: what was paid for all of it; `unit_cost` is for each unit; each also as a table by currency. A paid grant
            of money costs its face value where neither is given.
        cost_currency: the currency of the cost; None is the grant's own currency, if that is money.
        rollover: what of it lives on after it expires.

    >>> Grant(id="pack", amount="10000", currency="credits", places=0, cost="8500", cost_currency="USD").paid
    True
    """

    kind: Literal["grant"] = default("grant")
    id: Annotated[str, Field(min_length=1, max_length=400)]
    key: Key | None = default(None)
    lasts: Cadence | None = default(None)

    @model_validator(mode="after")
    def _check_end(self) -> Grant:
        return _check_lasts(self)


def _check_lasts(found: Grant) -> Grant:
    if found.lasts is not None and found.expiry is not None:
        refuse([Problem("lasts", "grant.lasts", "`expiry` says when it ends; leave one of both out")])
    return found


class Recurring(_Granted, frozen=True):
    """
    A grant every period.

    Attributes:
        key: what its grants are called; each has an id of the key and its own start.
        every: the rhythm; monthly, from the anchor and in the zone of whoever reads it, where it has none of its own.
        lasts: how many periods a grant lives: 1 starts every period afresh; None keeps what is left for ever.
        effective: no grant before this.
        expiry: no grant at or after this.
        times: how many grants there are from `effective`, or else the anchor, on; None for no end.

    The other fields are those of `Grant`, and are the same for each.

    >>> monthly = Recurring(key="welcome", amount="5", currency="USD")
    >>> [each.id for each in monthly.grants(Period.month(2025, 2), anchor="2025-01-15")]
    ['welcome/2025-02-15T00:00:00Z']
    """

    kind: Literal["recurring"] = default("recurring")
    key: Key
    every: Cadence = Field(default_factory=Cadence)
    lasts: Annotated[Whole, Field(ge=1, le=10_000)] | None = default(1)
    times: Annotated[Whole, Field(ge=1, le=10_000)] | None = default(None)

    def grants(self, period: Period, *, anchor: date | str | None = None, zone: str = "UTC") -> tuple[Grant, ...]:
        """
        The grants whose own period starts in the given one, in order.

        Args:
            period: where to look.
            anchor: where the rhythm starts, if `every` has no anchor of its own; None is the start of the period.
            zone: the zone of the rhythm and of bare dates, if `every` has none.

        Raises:
            DefinitionError: `time.bounds`.
        """
        cadence = self.every.at(period.start if anchor is None else read_day(anchor), zone)
        local = cadence.zone or zone
        start = period.start if self.effective is None else max(period.start, moment(self.effective, local))
        end = period.end if self.expiry is None else min(period.end, moment(self.expiry, local))
        if start >= end:
            return ()
        found: list[Grant] = []
        for each in cadence.periods(Period(start, end)):
            number = cadence.index(each.start)
            if each.start >= start and (self.times is None or 0 <= number - self._first(cadence) < self.times):
                found.append(self._grant(cadence, number))
        return tuple(found)

    def _first(self, cadence: Cadence) -> int:
        """The number of the first grant."""
        if self.effective is None:
            return 0
        since = moment(self.effective, cadence.zone or "UTC")
        number = cadence.index(since)
        return number if cadence.boundary(number) == since else number + 1

    def _grant(self, cadence: Cadence, number: int) -> Grant:
        start = cadence.boundary(number)
        rollover = self.rollover
        if rollover is not None and rollover.every is None:
            rollover = rollover.model_copy(update={"every": cadence})
        return Grant(
            id=entry_id(self.key, show_day(start)),
            key=self.key,
            amount=self.amount,
            currency=self.currency,
            places=self.places,
            priority=self.priority,
            effective=start,
            expiry=None if self.lasts is None else cadence.boundary(number + self.lasts),
            scope=self.scope,
            category=self.category,
            cost=self.cost,
            unit_cost=self.unit_cost,
            cost_currency=self.cost_currency,
            rollover=rollover,
        )


AnyGrant: TypeAlias = Annotated[
    Annotated[Grant, Tag("<grant>")] | Annotated[Recurring, Tag("<recurring>")], tagged("kind")
]
"""One grant or a recurring one, by the text in its `kind`."""
