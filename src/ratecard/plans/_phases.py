"""
Phases: how an offer begins. A trial, an introductory price, a ramp of commitments, one after the other.

Phases count from the start of the subscription, in its zone. Lengths of one unit in a row are counted from where the
first of them began, so three phases of a month from 31 January end on 28 February, 31 March and 30 April.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from .._model import Key, Whole, default
from ..cadence import EVERY_MAX, Cadence, CadenceUnit
from ..errors import Problem
from ..periods import moment
from ._card import repeats
from ._overrides import Alteration, alteration_problems

__all__ = ["Phase", "Stretch", "phase_problems", "stretches"]


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

    >>> Phase(key="trial", every=14, unit="day", trial=True).trial
    True
    """

    key: Key
    every: Annotated[Whole, Field(ge=1, le=EVERY_MAX)] | None = default(None)
    unit: CadenceUnit = default("month")
    trial: bool = default(False)


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
    for index, phase in enumerate(phases):
        path = f"phases[{index}]"
        found += alteration_problems(path, phase)
        if phase.every is None and (phase.trial or index < len(phases) - 1):
            words = "a trial has an end" if phase.trial else "another phase comes after this one"
            found.append(Problem(f"{path}.every", "phase.open", f"{words}; say how long it lasts"))
        if phase.trial and paid:
            found.append(Problem(f"{path}.trial", "phase.trial", "a trial comes first; put it before the paid phases"))
        paid = paid or not phase.trial
    return found
