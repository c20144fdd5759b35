"""
What changes in a subscription while it runs, as dated data.

A change belongs to the instant at which it takes effect: what ends, ends there, and what begins has that instant. What
is said is kept as it was said, so that a re-rate years later sees the same history; whoever calls off a change that has
not taken effect yet takes it out of the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Tag, model_validator

from .._model import AmountTable, Day, Key, Model, default, refuse, show_day, tagged
from ..errors import Problem
from ..periods import moment

__all__ = [
    "AnyChange",
    "Cancel",
    "Change",
    "ChangeAnchor",
    "ChangePlan",
    "ChangeQuantity",
    "Pause",
    "Resume",
    "asked",
    "change_problems",
    "in_order",
]


class Change(Model, frozen=True):
    """
    What all changes have in common.

    Attributes:
        at: when it is asked for; a bare date is local midnight.
        when: whether it takes effect then, or at the end of the billing period that holds `at`. A period holds its
            start: what is asked for on its first day waits until its end.
    """

    at: Day
    when: Literal["now", "period_end"] = default("now")


class ChangeQuantity(Change, frozen=True):
    """
    Other quantities from here on, such as seats.

    Attributes:
        at: when it is asked for.
        when: `now`, or `period_end`.
        quantities: the new quantity of each that changes; the others stay.

    >>> ChangeQuantity(at="2025-03-16", quantities={"seats": 8}).quantities["seats"]
    Decimal('8')
    """

    kind: Literal["quantity"] = default("quantity")
    quantities: AmountTable

    @model_validator(mode="after")
    def _check(self) -> ChangeQuantity:
        words = "nothing changes here; name a quantity and what it is from here on"
        refuse([] if self.quantities else [Problem("quantities", "change.nothing", words)])
        return self


class ChangePlan(Change, frozen=True):
    """
    Another plan from here on: an upgrade, or a downgrade. The offer must then be a catalog that has both.

    Attributes:
        at: when it is asked for.
        when: `now`, or `period_end`.
        plan: the key of the new plan, which has the instant of change.

    >>> ChangePlan(at="2025-03-16", plan="pro", when="period_end").plan
    'pro'
    """

    kind: Literal["plan"] = default("plan")
    plan: Key


class ChangeAnchor(Change, frozen=True):
    """
    Another anchor from here on, for cadences that have none of their own.

    The period that runs is cut short, and the first one under the new anchor begins cut as well, each with its share.

    Attributes:
        at: when it is asked for.
        when: `now`, or `period_end`.
        anchor: a boundary of the new periods.

    >>> ChangeAnchor(at="2025-03-10", anchor="2025-03-15").when
    'now'
    """

    kind: Literal["anchor"] = default("anchor")
    anchor: Day


class Pause(Change, frozen=True):
    """
    No service from here until it is resumed: no fees, and usage is reported as unpriced.

    Attributes:
        at: when it is asked for.
        when: `now`, or `period_end`.
    """

    kind: Literal["pause"] = default("pause")


class Resume(Change, frozen=True):
    """
    Service again after a pause; counters go on where they were in the same period.

    Attributes:
        at: when it is asked for.
        when: `now`, or `period_end`.
    """

    kind: Literal["resume"] = default("resume")


class Cancel(Change, frozen=True):
    """
    The end of the subscription, known only while it runs; the instant of effect is the first without service.

    Attributes:
        at: when it is asked for.
        when: `now`, or `period_end`.
    """

    kind: Literal["cancel"] = default("cancel")


AnyChange: TypeAlias = Annotated[
    Annotated[ChangeQuantity, Tag("<quantity>")]
    | Annotated[ChangePlan, Tag("<plan>")]
    | Annotated[ChangeAnchor, Tag("<anchor>")]
    | Annotated[Pause, Tag("<pause>")]
    | Annotated[Resume, Tag("<resume>")]
    | Annotated[Cancel, Tag("<cancel>")],
    tagged("kind"),
]
"""Any change of a subscription: a closed union, told apart by `kind`."""

_KINDS = ("quantity", "plan", "anchor", "pause", "resume", "cancel")
_SWITCHES = ("pause", "resume")


def in_order(changes: tuple[AnyChange, ...]) -> tuple[AnyChange, ...]:
    """The changes by time; those of one instant by what they change, so that equal histories are equal values."""
    return tuple(sorted(changes, key=lambda change: (moment(change.at, "UTC"), _KINDS.index(change.kind), change.when)))


def change_problems(
    changes: Sequence[AnyChange], start: date | datetime, end: date | datetime | None, zone: str | None
) -> list[Problem]:
    """Changes that contradict each other, or lie outside the service."""
    found: list[Problem] = []
    paused = cancelled = False
    seen: dict[tuple[datetime, str], int] = {}
    for index, change in enumerate(changes):
        path, at = f"changes[{index}]", asked(change)
        mark = (moment(at, zone or "UTC"), "pause" if change.kind in _SWITCHES else change.kind)
        if mark in seen:
            words = f"changes[{seen[mark]}] is another {mark[1]} change at {show_day(at)}; leave one of them out"
            found.append(Problem(path, "change.conflict", words))
        seen[mark] = index
        if cancelled or _outside(at, start, end, zone):
            words = f"{show_day(at)} is not inside the service; change what it starts or ends with instead"
            found.append(Problem(f"{path}.at", "change.outside", words))
        if change.kind in _SWITCHES:
            if paused == (change.kind == "pause"):
                words = "it is paused already; resume it first" if paused else "it is not paused; pause it first"
                found.append(Problem(path, "change.pause", words))
            paused = change.kind == "pause"
        cancelled = cancelled or (change.kind == "cancel" and change.when == "now")
        if isinstance(change, ChangeQuantity):
            found += [
                Problem(
                    f"{path}.quantities.{name[:40]}", "quantity.negative", "a quantity is sold or not; write 0 or more"
                )
                for name, quantity in change.quantities.items()
                if quantity < 0
            ]
    return found


def asked(change: Change) -> date | datetime:
    """When a change is asked for."""
    return change.at


def _outside(at: date | datetime, start: date | datetime, end: date | datetime | None, zone: str | None) -> bool:
    """Whether a change is outside the service, as far as that can be told without the plan's zone."""

    def known(other: date | datetime) -> bool:
        return zone is not None or isinstance(other, datetime) == isinstance(at, datetime)

    here = moment(at, zone or "UTC")
    early = known(start) and here <= moment(start, zone or "UTC")
    return early or (end is not None and known(end) and here >= moment(end, zone or "UTC"))
