"""
Phases: how an offer begins. A trial, an introductory price, a ramp of commitments, one after the other.

Phases count from the start of the subscription, in its zone. Lengths of one unit in a row are counted from where the
first of them began, so three phases of a month from 31 January end on 28 February, 31 March and 30 April.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from .._model import Key, Many, OptionalAmount, Whole, default, refuse
from ..cadence import EVERY_MAX, Cadence, CadenceUnit
from ..errors import Problem
from ..periods import moment
from ._card import repeats
from ._extras import Term
from ._overrides import Alteration, alteration_problems
from ._sums import OptionalSums

__all__ = ["Free", "Phase", "Stretch", "fee_problems", "phase_problems", "stretches"]


class Free(Term, frozen=True):
    """
    A trial by amount: usage is free until, at list price, it comes to a sum of money or to a quantity.

    Formula: of usage that costs A, min(A, what is left of `amount`) is taken off; of Q units that cost A, A x f / Q,
    where f is the least of Q and what is left of `units`. It reads what the statement comes to, so the order of records
    does not matter; what is used up travels in the carry. Fees, floors and commitments are owed all the same.

    Attributes:
        key: what tells it from others of its phase; it may be left out where it is the only one.
        amount: the sum that is free, in all of the phase.
        units: the quantity that is free, in the unit that is priced; of one item. One of the two is written.
        items: the keys of the metered items that it is for; empty means all.

    >>> Free(amount="100").amount
    Pairs({'': Decimal('100')})
    """

    key: Annotated[str, Field(max_length=200)] = default("")
    amount: OptionalSums = default(None)
    units: OptionalAmount = default(None)
    items: Many[Key] = default(())

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_free_problems(self))
        return self

    def name(self, phase: str) -> str:
        """What it is called on its line and in the carry: the key of its phase, and its own."""
        return f"{phase} {self.key}".rstrip()


class Phase(Alteration, frozen=True):
    """
    One stretch at the beginning of a subscription, with its own prices or items.

    Attributes:
        key: unique among the phases.
        prices: other prices for items of the card, by key; the rest of the item stays.
        items: items of one's own, in the place of those of the card with the same key.
        without: keys of items that are not sold.
        every: how many units it lasts; None: it does not end, so it is the last.
        unit: day, week, month or year.
        trial: whether all of it is free: usage is rated and then discounted by 100 %, and counters start at 0 when the
            trial ends. Trials come before all other phases.
        free: what usage is free while it lasts; such a trial ends with the phase, or before it when it is used up.

    >>> Phase(key="trial", every=14, unit="day", trial=True).trial
    True
    >>> Phase(key="start", every=30, unit="day", free=[Free(amount="100")]).free[0].items
    ()
    """

    key: Key
    every: Annotated[Whole, Field(ge=1, le=EVERY_MAX)] | None = default(None)
    unit: CadenceUnit = default("month")
    trial: bool = default(False)
    free: Many[Free] = default(())


class Stretch:
    """A phase on the line of time; `end` is None where it does not end."""

    __slots__ = ("end", "phase", "start")

    def __init__(self, phase: Phase, start: datetime, end: datetime | None) -> None:
        self.phase = phase
        self.start = start
        self.end = end

    def holds(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        return self.start <= at and (self.end is None or at < self.end)


def stretches(phases: Sequence[Phase], start: date | datetime, zone: str) -> tuple[Stretch, ...]:
    """When each phase begins and ends."""
    found: list[Stretch] = []
    begun: date | datetime = start
    unit, passed = "", 0
    at = moment(start, zone)
    for phase in phases:
        if phase.every is None:
            found.append(Stretch(phase, at, None))
            break
        if phase.unit != unit:
            unit, passed, begun = phase.unit, 0, at if found else start
        passed += phase.every
        end = Cadence(unit=phase.unit, anchor=begun, zone=zone).boundary(passed)
        found.append(Stretch(phase, at, end))
        at = end
    return tuple(found)


def phase_problems(phases: Sequence[Phase]) -> list[Problem]:
    """What is wrong with the phases of a plan or a subscription among themselves."""
    found = repeats("phases", tuple(phase.key for phase in phases), field=".key")
    paid = False
    named: set[str] = set()
    for index, phase in enumerate(phases):
        path = f"phases[{index}]"
        found += alteration_problems(path, phase)
        names = {free.name(phase.key) for free in phase.free}
        if names & named:
            words = "a phase before it and what is free in it are called the same together; change a key"
            found.append(Problem(f"{path}.free", "key.duplicate", words))
        named |= names
        if phase.every is None and (phase.trial or index < len(phases) - 1):
            words = "a trial has an end" if phase.trial else "another phase comes after this one"
            found.append(Problem(f"{path}.every", "phase.open", f"{words}; say how long it lasts"))
        if phase.trial and paid:
            found.append(Problem(f"{path}.trial", "phase.trial", "a trial comes first; put it before the paid phases"))
        paid = paid or not phase.trial
        found += repeats(f"{path}.free", tuple(each.key for each in phase.free), field=".key")
        if phase.trial and phase.free:
            found.append(Problem(f"{path}.free", "phase.free", "all of a trial is free already; leave one of them out"))
    return found


def fee_problems(path: str, items: Sequence[str], have: Sequence[str], used: Sequence[str]) -> list[Problem]:
    """Items of a trial by amount that are there and have no usage: nothing of them would be free."""
    return [
        Problem(
            f"{path}.items", "free.items",
            f"{key[:40]!r} is a fee, and only usage is free up to an amount; name a metered item, or give the phase a "
            "price for the fee",
        )
        for key in items
        if key in have and key not in used
    ]  # fmt: skip


def _free_problems(free: Free) -> list[Problem]:
    found = repeats("items", free.items)
    if (free.amount is None) == (free.units is None):
        words = "a trial by amount lasts until a sum of money or a quantity is reached; write one of the two"
        found.append(Problem("amount", "free.kind", words))
    elif free.units is not None:
        if free.units < 0:
            found.append(Problem("units", "amount.negative", "write 0 or more"))
        if len(free.items) != 1:
            words = "units of several items do not add up; name the one item, and write another for each"
            found.append(Problem("items", "free.items", words))
    amounts = [] if free.amount is None else list(free.amount.items())
    found += [
        Problem(f"amount.{code}" if code else "amount", "amount.negative", "write an amount of 0 or more")
        for code, amount in amounts
        if amount < Decimal(0)
    ]
    return found
