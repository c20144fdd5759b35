"""
The credits that a plan grants: which of them a period brings, and where lots begin or end to pay.

A grant belongs to the stretch of service in which its plan is in force. One that is granted once comes at the start of
it, or at its own effective day after that. A recurring one comes with each of its own periods, the first at the start
of the stretch and whole, however much of that period is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast, get_args

from pydantic import BeforeValidator
from pydantic_core import CoreSchema

from .._model import refuse
from ..credits import Grant, Ledger, Lot, Policy, Preset, Recurring, entry_id
from ..errors import Problem
from ..money import Currency
from ..periods import Period, moment

if TYPE_CHECKING:
    from ._plan import Plan
    from ._states import State
    from ._timeline import Timeline

__all__ = ["Bound", "Burn", "Granting", "grants_between", "ledger_bounds", "lot_bounds", "plan_bounds"]


def _read(value: object) -> object:
    """A policy by the name of its preset."""
    if not isinstance(value, str):
        return value
    if value not in get_args(Preset):
        words = f"no preset is called {value[:40]!r}; use one of {', '.join(get_args(Preset))}, or write a policy"
        refuse([Problem("", "choice.unknown", words)])
    return Policy.preset(cast("Preset", value))


class _OrPreset:
    """In the schema: an object, or the name of a preset."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"anyOf": [handler(core), {"enum": list(get_args(Preset))}]}


if TYPE_CHECKING:
    Burn = Policy
else:
    Burn = Annotated[Policy, BeforeValidator(_read), _OrPreset]


class Granting(NamedTuple):
    """A grant of a plan that comes in a period, with all that the plan fills in."""

    at: datetime
    grant: Grant
    unit: Currency

    def lot(self, zone: str) -> Lot:
        """The lot it makes."""
        return Lot.of(self.grant, self.at, currency=self.unit, zone=zone)


class Bound(NamedTuple):
    """An instant at which a lot of a unit begins or ends to pay."""

    at: datetime
    unit: str


def grants_between(timeline: Timeline, code: str, period: Period) -> tuple[list[Granting], bool]:
    """The grants that come in a period; and whether any came before it that may still pay in it."""
    found: list[Granting] = []
    earlier = False
    for state, stretch in _stretches(timeline):
        for written in state.plan.grants:
            grant = written.in_currency(code)
            unit = grant_unit(state.plan, grant.currency or code)
            if unit is None or (str(unit) != code and str(unit) in state.plan.currencies):
                # A grant in another currency of the plan is for those who pay in that.
                continue
            for each in _comings(timeline.zone, state, stretch, grant, unit, period):
                if isinstance(grant, Recurring) and timeline.state(each.at).paused:
                    continue
                if each.at >= period.start:
                    found.append(each)
                elif not earlier:
                    earlier = each.lot(timeline.zone).outlives(period.start)
    # All grants of one instant stand in the order of the plan.
    return sorted(found, key=lambda each: each.at), earlier


def grant_unit(plan: Plan, code: str) -> Currency | None:
    """The unit of a grant: one of the plan's own, or a currency of its cards; None for any other."""
    known = [*plan.currencies, *(unit.key for unit in plan.units)]
    return plan.currency_of(code) if code in known else None


def _stretches(timeline: Timeline) -> Iterator[tuple[State, Period]]:
    """The stretches of service on one plan with one anchor; pauses are no break."""
    last = timeline.subscription.service_under(timeline.plan).end if timeline.end is None else timeline.end
    runs: list[State] = []
    for state in timeline.states:
        if not runs or (runs[-1].plan.key, runs[-1].anchor) != (state.plan.key, state.anchor):
            runs.append(state)
    ends = [*(state.start for state in runs[1:]), last]
    for state, end in zip(runs, ends, strict=True):
        if state.start < end:
            yield state, Period(state.start, end, zone=timeline.zone)


def _comings(
    zone: str, state: State, stretch: Period, grant: Grant | Recurring, unit: Currency, period: Period
) -> Iterator[Granting]:
    """When a grant comes in a stretch, up to the end of a period, and all that came before and may still live."""
    if stretch.start >= period.end:
        return
    until = min(stretch.end, period.end)
    if isinstance(grant, Grant):
        at = stretch.start if grant.effective is None else max(moment(grant.effective, zone), stretch.start)
        over = grant.expiry is not None and moment(grant.expiry, zone) <= at
        if at < until and not over:
            yield Granting(at, _plain(grant), unit)
        return
    cadence = grant.every.at(state.anchor, zone)
    first = cadence.last(stretch.start)
    since = first
    if grant.lasts is not None and grant.rollover is None:
        # What is over before the period begins need not be looked at.
        since = max(first, cadence.boundary(cadence.index(period.start) - grant.lasts))
        if since >= until:
            # The stretch ended so long ago that all of it is.
            return
    for each in grant.grants(Period(since, until, zone=zone), anchor=state.anchor, zone=zone):
        made = _plain(each)
        assert made.effective is not None
        at = moment(made.effective, zone)
        if at < stretch.start:
            # The period in which the stretch begins gives it whole, from there on.
            made = made.model_copy(update={"id": entry_id(grant.key, _told(stretch.start)), "effective": stretch.start})
            at = stretch.start
        yield Granting(at, made, unit)


def _told(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _plain(grant: Grant) -> Grant:
    """A grant whose unit is told beside it, as the plan counts it."""
    return grant.model_copy(update={"currency": None, "places": None}) if grant.currency is not None else grant


def lot_bounds(lot: Lot, until: datetime) -> Iterator[Bound]:
    """Where a lot begins or ends to pay before an instant."""
    for at in lot.bounds(until):
        yield Bound(at, str(lot.unit))


def plan_bounds(grants: Iterable[Granting], zone: str, until: datetime) -> Iterator[Bound]:
    """Where the grants of a plan begin or end to pay before an instant."""
    for each in grants:
        yield from lot_bounds(each.lot(zone), until)


def ledger_bounds(ledger: Ledger, period: Period, *, since: datetime | None) -> tuple[Bound, ...]:
    """Where the lots of a ledger begin or end to pay before the end of a period; those of the past from an instant."""
    if ledger.policy.lot_time == "settlement":
        return ()
    found = {
        bound: None
        for holding in ledger.lots()
        for bound in lot_bounds(holding.lot, period.end)
        if since is None or since < bound.at
    }
    return tuple(found)
