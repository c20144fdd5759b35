"""
What the stages across a statement are told: discounts, coupons and taxes with the plans they belong to; floors,
ceilings and commitments with the stretches of time they run over.

A line is discounted and taxed by the plan it was priced under. A floor or a commitment runs in periods of a cadence, of
which a statement may hold a part, one, or several; a period is cut where the anchor moves, or where the plan that has
it ends. Each plan counts in it for its share of the time. Pauses and trials by time, in which nothing is owed, are no
part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from .._numbers import ONE, ZERO, Exact, div, sign, sub, total
from ..cadence import Cadence
from ..periods import Period, Proration, share
from ._extras import AnyDiscount, Commitment, Coupon, Tax, Term
from ._guarded import soft_caps
from ._lookup import find
from ._phases import Free
from ._plain import digest
from ._plan import Plan
from ._states import Reign
from ._terms import Terms

__all__ = ["Dues", "Standing", "Stretch", "Trial", "digests_across", "dues", "runs", "stated"]

T = TypeVar("T")


class Stretch:
    """
    One cadence period, as far as the subscription runs in it.

    Attributes:
        start, end: the service inside it.
        parts: the plans that hold in it, each with its share of the full period by its own proration.
        last: the plan that holds in it last, as far as the rated period goes.
        share: the shares together.
        begun: whether it began before the rated period.
        over: whether it ends inside the rated period, or with it.
    """

    __slots__ = ("begun", "end", "last", "over", "parts", "share", "start")

    def __init__(self, served: Period, parts: Sequence[tuple[Plan, Exact]], last: Plan, rated: Period) -> None:
        self.start: datetime = served.start
        self.end: datetime = served.end
        self.parts = tuple(parts)
        self.last = last
        self.share: Exact = total(part for _, part in parts)
        self.begun = served.start < rated.start
        self.over = served.end <= rated.end


class Standing(Generic[T]):
    """
    A discount, a coupon or a tax, and where it stands.

    Attributes:
        each: the term.
        plans: the keys of the plans that have it; lines priced under them are its own.
        period: the time of the statement that it holds in.
        share: that time as a share of what is served.
    """

    __slots__ = ("each", "period", "plans", "share")

    def __init__(self, each: T, plans: Sequence[str], period: Period, part: Exact) -> None:
        self.each = each
        self.plans = tuple(plans)
        self.period = period
        self.share = part


class Trial:
    """
    A trial by amount in one statement.

    Attributes:
        name: what it is called on its line and in the carry: the key of its phase, and its own.
        free: what is free.
        phase: the key of its phase.
        period: the time of the statement that it holds in.
        begun: whether it began before the rated period.
        over: whether nothing that comes after the rated period can be free by it.
    """

    __slots__ = ("begun", "free", "name", "over", "period", "phase")

    def __init__(self, name: str, free: Free, phase: str, period: Period, *, begun: bool, over: bool) -> None:
        self.name = name
        self.free = free
        self.phase = phase
        self.period = period
        self.begun = begun
        self.over = over


class Dues:
    """
    What the statement stages of some terms work with.

    Attributes:
        stretches: the billing periods that the rated period has time in common with, for floors and ceilings.
        commitments: in the order in which charges fill them, each with its stretches.
        discounts: those of the plans, in their order.
        coupons: the subscription's, in its order.
        missing: the coupons of the subscription that only plans it was on before have.
        taxes: those of the plans, in their order.
        trials: the trials by amount that usage of the statement falls in.
    """

    __slots__ = ("commitments", "coupons", "discounts", "missing", "stretches", "taxes", "trials")

    def __init__(
        self,
        stretches: Sequence[Stretch],
        commitments: Sequence[tuple[Commitment, Sequence[Stretch]]],
        *,
        discounts: Sequence[Standing[AnyDiscount]],
        coupons: Sequence[Standing[Coupon]],
        missing: Sequence[str],
        taxes: Sequence[Standing[Tax]],
        trials: Sequence[Trial],
    ) -> None:
        self.stretches = tuple(stretches)
        self.commitments = tuple((each, tuple(parts)) for each, parts in commitments)
        self.discounts = tuple(discounts)
        self.coupons = tuple(coupons)
        self.missing = tuple(missing)
        self.taxes = tuple(taxes)
        self.trials = tuple(trials)


def stated(terms: Terms) -> bool:
    """Whether some stage across the lines has something to do."""
    brought = bool(terms.subscription.coupons) or any(stretch.phase.free for stretch in terms.phases)
    return brought or any(_stated(reign.plan) for reign in terms.reigns)


def digests_across(plan: Plan) -> list[str]:
    """All that a plan states across the lines, each by its digest, as its lines tell it."""
    bounds = [each for each in (plan.minimum, plan.maximum) if each is not None]
    free = [each for phase in plan.phases for each in phase.free]
    terms: list[Term] = [*plan.discounts, *plan.coupons, *bounds, *plan.commitments, *plan.taxes, *free]
    return [*(each.digest for each in terms), *(digest(each) for each in soft_caps(plan))]


def _stated(plan: Plan) -> bool:
    stages = plan.discounts or plan.minimum or plan.maximum or plan.commitments or plan.taxes
    return bool(stages or soft_caps(plan))


def dues(terms: Terms, rated: Period | None = None, *, since: Iterable[datetime] | None = None) -> Dues:
    """
    What the statement stages of these terms work with.

    Args:
        terms: what was resolved.
        rated: the time that is looked at; the rated period where it is left out.
        since: when what is billed in it began; that of the rated period where it is left out.

    Raises:
        UnknownKeyError: `key.unknown`, when the subscription brings a coupon that no plan it has been on has.
    """
    rated = rated or terms.period
    if since is None:
        since = [piece.start for service in terms.services if service.due is not None for piece in service.pieces]
    here = _present(terms, rated, since)
    coupons: list[Standing[Coupon]] = []
    missing: list[str] = []
    for key in terms.subscription.coupons:
        found = _standing(terms, rated, here, lambda plan, key=key: [each for each in plan.coupons if each.key == key])  # type: ignore[misc]
        coupons += found
        if not found:
            every = [each for reign in terms.reigns for each in reign.plan.coupons]
            missing.append(find(every, key, what="coupon", owner=f"the plan {terms.plan.key!r}").key)
    return Dues(
        _stretches(terms, rated, lambda reign: reign.plan.cadence),
        _commitments(terms, rated),
        discounts=_standing(terms, rated, here, lambda plan: plan.discounts),
        coupons=coupons,
        missing=missing,
        taxes=_standing(terms, rated, here, lambda plan: plan.taxes),
        trials=_trials(terms),
    )


def _trials(terms: Terms) -> list[Trial]:
    """The trials by amount that some usage falls in, billed in the rated period or after it."""
    billed = {piece.free for service in terms.services if service.due is not None for piece in service.pieces}
    waiting = {piece.free for service in terms.services if service.due is None for piece in service.pieces}
    found: list[Trial] = []
    for stretch in terms.phases:
        phase, rated = stretch.phase, terms.period
        ends = stretch.end is not None and stretch.end <= rated.end
        past = stretch.end is not None and stretch.end <= rated.start
        if not phase.free or stretch.start >= rated.end or (past and phase.key not in billed | waiting):
            continue
        end = rated.end if stretch.end is None else min(stretch.end, rated.end)
        start = stretch.start if past else max(stretch.start, rated.start)
        found += [
            Trial(
                free.name(phase.key), free, phase.key, Period(start, end, zone=terms.zone),
                begun=stretch.start < rated.start, over=ends and phase.key not in waiting,
            )
            for free in phase.free
        ]  # fmt: skip
    return found


def _present(terms: Terms, rated: Period, since: Iterable[datetime]) -> list[Reign]:
    """The reigns in a period, and those under which something began that is billed in it."""
    starts = list(since)
    return [
        reign
        for reign in terms.reigns
        if reign.within(rated) or any(reign.start <= at and not _over(reign, at) for at in starts)
    ] or [terms.reigns[-1]]


def _over(reign: Reign, at: datetime) -> bool:
    return reign.end is not None and reign.end <= at


def _standing(
    terms: Terms, rated: Period, here: Sequence[Reign], pick: Callable[[Plan], Sequence[T]]
) -> list[Standing[T]]:
    """The terms of the plans that are here, each once, with where it stands."""
    plans = {reign.plan.key: reign.plan for reign in here}
    if len(plans) == 1:
        (plan,) = plans.values()
        return [Standing(each, [plan.key], rated, ONE) for each in pick(plan)]
    holding: dict[T, list[Reign]] = {}
    for reign in here:
        for each in pick(reign.plan):
            holding.setdefault(each, []).append(reign)
    inside = [reign for reign in here if reign.within(rated)]
    served = _whole(terms, rated, inside)
    parts = _shares(inside, served, served, terms.plan.proration)
    whole = total(part for _, part in parts)
    found: list[Standing[T]] = []
    for each, reigns in holding.items():
        keys = list(dict.fromkeys(reign.plan.key for reign in reigns))
        mine = total(part for reign, part in parts if reign in reigns)
        part = ONE if len(keys) == len(plans) else div(mine, whole) if sign(whole) else ZERO
        found.append(Standing(each, keys, _time(terms, rated, inside, reigns), part))
    return found


def _whole(terms: Terms, rated: Period, inside: Sequence[Reign]) -> Period:
    """The service in the rated period; what is billed in it has some."""
    parts = [part for part in (reign.within(rated) for reign in inside) if part is not None]
    return Period(parts[0].start, parts[-1].end, zone=terms.zone)


def _time(terms: Terms, rated: Period, inside: Sequence[Reign], reigns: Sequence[Reign]) -> Period:
    """The time of a term: the whole of what is rated where it holds from its first plan to its last."""
    held = [reign for reign in inside if reign in reigns]
    if not held:
        return _beside(terms, rated, reigns)
    start = rated.start if held[0] is inside[0] else held[0].start
    end = held[-1].end
    return Period(start, rated.end if held[-1] is inside[-1] or end is None else end, zone=rated.zone)


def _beside(terms: Terms, rated: Period, reigns: Sequence[Reign]) -> Period:
    """
    The time of a term whose plans do not hold in the statement, but under which something is billed in it.

    They held before it, or hold after it: a fee in advance may run for longer, and over a change of plan.
    """
    end = reigns[-1].end
    if end is None or end > rated.end:
        served = [piece.end for service in terms.services if service.due is not None for piece in service.pieces]
        last = max([reigns[-1].start, *served])
        end = last if end is None else min(end, last)
    return Period(reigns[0].start, end, zone=terms.zone)


def _shares(
    reigns: Sequence[Reign], stretch: Period, full: Period, how: Proration | None = None
) -> list[tuple[Reign, Exact]]:
    """
    What each reign has of a stretch, as a share of the full period; those in which nothing is owed have none.

    A difference of shares, so that they add up also where any part of a period costs the whole.
    """
    found: list[tuple[Reign, Exact]] = []
    for reign in reigns:
        part = reign.within(stretch)
        if part is not None and not reign.idle:
            until, before = (
                share(Period(stretch.start, at, zone=stretch.zone), full, how or reign.plan.proration)
                for at in (part.end, part.start)
            )
            found.append((reign, sub(until, before)))
    return found


def _stretches(terms: Terms, rated: Period, cadence: Callable[[Reign], Cadence | None]) -> list[Stretch]:
    """The periods of a cadence that the rated one has time in common with; of runs of reigns that have the same one."""
    return [stretch for run in runs(terms, cadence) for stretch in _of_run(terms, rated, *run)]


def runs(terms: Terms, cadence: Callable[[Reign], Cadence | None]) -> list[tuple[Cadence, list[Reign]]]:
    """Reigns one after the other with the same cadence, anchor and zone."""
    found: list[tuple[Cadence, list[Reign]]] = []
    before: Cadence | None = None
    for reign in terms.reigns:
        own = cadence(reign)
        now = None if own is None else own.at(reign.anchor, terms.zone)
        if now is not None and now == before:
            found[-1][1].append(reign)
        elif now is not None:
            found.append((now, [reign]))
        before = now
    return found


def _of_run(terms: Terms, rated: Period, cadence: Cadence, run: Sequence[Reign]) -> list[Stretch]:
    end = rated.end if run[-1].end is None else run[-1].end
    if run[0].start >= rated.end or end <= rated.start:
        return []
    found: list[Stretch] = []
    for each in cadence.periods(Period(max(run[0].start, rated.start), min(end, rated.end), zone=terms.zone)):
        full = Period(each.start, each.end, zone=terms.zone)
        until = full.end if run[-1].end is None else min(full.end, run[-1].end)
        served = Period(max(full.start, run[0].start), until, zone=terms.zone)
        parts = _shares(run, served, full)
        known = [reign.plan for reign, _ in parts if reign.start < rated.end]
        # Where nothing is owed in all of it, there is nothing to hold up or down.
        if known:
            found.append(Stretch(served, [(reign.plan, part) for reign, part in parts], known[-1], rated))
    return found


def _commitments(terms: Terms, rated: Period) -> list[tuple[Commitment, list[Stretch]]]:
    """Each commitment as its last plan says it, with its stretches, in the order of priority."""
    found: list[tuple[Commitment, list[Stretch]]] = []
    keys = dict.fromkeys(each.key for reign in terms.reigns for each in reign.plan.commitments)
    for key in keys:
        for kind in ("postpaid", "prepaid"):
            for stretch in _stretches(terms, rated, lambda reign, key=key, kind=kind: _rhythm(reign.plan, key, kind)):  # type: ignore[misc]
                (held,) = [each for each in stretch.last.commitments if each.key == key]
                if found and found[-1][0] == held:
                    found[-1][1].append(stretch)
                else:
                    found.append((held, [stretch]))
    return sorted(found, key=lambda each: each[0].priority)


def _rhythm(plan: Plan, key: str, kind: str) -> Cadence | None:
    """The cadence of a plan's commitment of this key and kind; None where it has none."""
    for each in plan.commitments:
        if each.key == key and each.kind == kind:
            return each.cadence or plan.cadence
    return None
