"""
What stands behind a live bill: its guards, what is in flight, and how a record is asked for and counted.

A record goes the quick way where it can (`_swift`), and else the long way: figures before and after it from the walk,
and the watch asked with both. Whatever went the quick way is written back before anything goes the long way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from .._instants import told_at
from .._numbers import ONE, ZERO, Exact, sub, text
from ..credits import Ledger
from ..errors import NoPriceError, RatecardError, RecordError
from ..guards import (
    Bound,
    Cap,
    FairUse,
    Gauge,
    Guard,
    Portion,
    RateLimit,
    Reading,
    Signals,
    State,
    TokenBucket,
    Verdict,
    Watch,
)
from ..plans import Terms
from ..records import UsageRecord, group_text, read_number
from ._bill import Bill
from ._careful import Run
from ._cut import cut, cut_of, portion_of
from ._figures import UNPAID, Figures, Find, between
from ._gaps import has_gaps
from ._holds import Admitted, Holds, mark_of
from ._measure import IdentityMode
from ._swift import Swift, swift_of
from ._tally import Tally

__all__ = ["Growing"]


class Growing:
    """A bill that grows, with its guards; `Reserving` and `Live` say what may be asked of it."""

    def __init__(
        self,
        terms: Terms,
        tally: Tally | None = None,
        *,
        ledger: Ledger | None = None,
        costs: Tally | None = None,
        guards: State | None = None,
        figures: Find | None = None,
        identity: IdentityMode = "checked",
    ) -> None:
        self.terms = terms
        self._version = 0
        self._currency = terms.currency
        self.watch = Watch(terms.plan.guards, currency=str(terms.currency), zone=terms.zone)
        self._names = tuple(dict.fromkeys(name for each in terms.plan.guards for name in _dimensions(each)))
        self._holds = Holds(*_counted(terms.plan.guards))
        self._bill = Bill(terms, tally, costs, figures, identity, ledger)
        self._ahead: Figures | None = None
        if guards is None:
            guards = self.watch.zero() if tally is None or not tally.account.records else self._begun()
        self._state = guards
        # Whether a record may have no price: then it is priced before anything is kept of it.
        self._gaps = has_gaps(terms)
        self._capped = any(isinstance(each, Cap) and each.credits is not None for each in terms.plan.guards)
        # What most records go by; None where the terms have no such way. `_ready` is it while its numbers hold.
        self._swift: Swift | None = None
        self._ready: Swift | None = None
        paid = terms.grants or terms.granted_before or terms.ledger is not None or ledger is not None
        if not paid and all(_drawn(each) for each in self.watch.guards):
            staged = self._bill.scene.staged
            self._swift = swift_of(terms, self._bill.intake, staged=staged, holds=self._holds)
        if self._swift is not None:
            for event, lanes in self._swift.lanes.items():
                self._holds.counts.update({(event, lane.meter): lane.of for lane in lanes})

    def _begun(self) -> State:
        """The state of the guards where something was measured before them: what it passed is known, not told again."""
        state = self.watch.zero()
        if self.watch.guards:
            reading = self._bill.figures().reading()
            for group in self._bill.intake.groups(self._names):
                state, _ = self.watch.record(state, self.terms.period.start, reading, group=group)
        return state

    def _prepared(self) -> Swift | None:
        """The quick way with its numbers taken from where they are kept."""
        swift = self._swift
        if swift is None:
            return None
        try:
            swift.read()
            swift.heed(self.watch, self._state, self._bill.figures())
        except RatecardError:
            # What the bill cannot say is told where it is asked for.
            self._swift = None
            return None
        self._ready = swift
        return swift

    def _home(self) -> None:
        """Write what went the quick way to where it is kept."""
        swift = self._ready
        if swift is None:
            return
        self._ready = None
        if swift.fed:
            self._ahead = None
            self._bill.changed()
            for name in islice(reversed(swift.names), swift.fed):
                self._bill.counted(None, name)
        self._version += swift.changes
        swift.write()
        self._state = swift.draws.kept(self._state)
        self._holds.trim()

    def _changed(self) -> None:
        self._version += 1
        self._ahead = None

    def _base(self) -> Figures:
        """The figures of what was counted, and of all that is reserved on top of it."""
        if self._ahead is None:
            self._ahead = self._bill.ahead()
        return self._ahead

    def _group(self, record: UsageRecord) -> dict[str, str]:
        """The dimensions that guards ask for, as the record has them."""
        return {name: group_text(record, name) for name in self._names}

    def _ask(self, record: UsageRecord, at: datetime | str | None, named: str | None) -> tuple[Verdict, Let | None]:
        """The answer, and what of the record may run."""
        when = record.at if at is None else told_at(at)
        places, before, group = self._bill.places(record), self._base(), self._group(record)
        if places is None:
            left = self.watch.left(self._state, when, before.reading(), group=group)
            return Verdict(True, None, (), when, lambda: left), None
        after = self._bill.after(before, record, places)
        lacking, then, uses = self._told(before, after)
        name, portion = self._portion(before, record, places, named) if self.watch.clamps else ("", None)
        mark = mark_of(record)
        state, verdict = self.watch.admit(
            self._state, when, after=then, before=before.reading(), uses=uses, group=group, id=mark, portion=portion
        )
        if self.watch.clamps and portion is None:
            # Below 0 nothing is cut.
            verdict = verdict.whole(read_number(record, name))
        if verdict.allowed and lacking is not None:
            raise lacking
        part = record
        if not verdict.allowed and verdict.fits:
            part = cut(record, name, verdict.fits)
            after = self._bill.after(before, part, places)
            lacking, _, uses = self._told(before, after)
            if lacking is not None:
                raise lacking
        if state is not self._state:
            self._state = state
            self._version += 1
        if not verdict.allowed and not verdict.fits:
            return self._noted(verdict), None
        return verdict, Let(part, self._holds.took(mark, verdict.at, uses, group, part), after)

    def _told(self, before: Figures, after: Figures) -> tuple[NoPriceError | None, Reading, Reading]:
        """
        What is so after a request and what it takes; where credits do not pay for it, also that.

        A cap on credits refuses what they do not pay for, so it is asked as well. Figures that need a price are then
        as they were: a refusal stands whatever the rest would cost.

        Raises:
            NoPriceError: what it uses has no price.
        """
        try:
            if self._gaps:
                after.price()
        except NoPriceError as error:
            if not self._capped or error.code not in UNPAID:
                raise
            rest, then, more = before.reading(), after.reading(), between(before, after)

            def find(gauge: Gauge) -> Exact:
                if _of_unit(gauge):
                    return after.asked(gauge.name)
                try:
                    return then.value(gauge)
                except NoPriceError:
                    return rest.value(gauge)

            def taken(gauge: Gauge) -> Exact:
                if _of_unit(gauge):
                    return sub(after.asked(gauge.name), before.asked(gauge.name))
                try:
                    return more(gauge)
                except NoPriceError:
                    return ZERO

            return error, Reading.by(find, period=rest.period, customer=rest.customer), Reading.by(taken)
        return None, after.reading(), Reading.by(between(before, after))

    def _portion(
        self, before: Figures, record: UsageRecord, places: Sequence[tuple[Run, int]], named: str | None
    ) -> tuple[str, Portion | None]:
        """The property that may be cut, and how."""
        runs = [run for run, _ in places]
        name = cut_of(runs, named)

        def read(part: Decimal) -> tuple[Reading, Reading]:
            _, then, uses = self._told(before, self._bill.after(before, cut(record, name, part), places))
            return then, uses

        return name, portion_of(self.terms, before.cells, record, runs, name, read)

    def _noted(self, verdict: Verdict) -> Verdict:
        """A refusal that would be the same for any request says so."""
        caps = {each.name: each for each in self.watch.guards if isinstance(each, Cap) and each.window() is None}
        bounds: list[Bound] = []
        for bound in verdict.limits:
            cap = caps.get(bound.key)
            alone = None
            if cap is not None and cap.spend is not None and cap.scope == "plan":
                alone = self._bill.scene.empty.value(cap.gauge(bound.group))
            if alone is None or alone <= bound.limit:
                bounds.append(bound)
            else:
                bounds.append(bound.noted(f"fees alone come to {text(alone)}, so nothing can be admitted"))
        return verdict.bound_by(bounds)

    def _count(
        self, record: UsageRecord, at: datetime | str | None, admitted: Admitted | None, held: UsageRecord | None = None
    ) -> Signals:
        """Count a record that ran, and hear the guards. Where that raises, nothing has changed."""
        when = record.at if at is None else told_at(at)
        try:
            fate = self._bill.intake.judge(record)
        except RecordError as error:
            return self._leave("refused", error, admitted, held or record)
        if isinstance(fate, str):
            conflict = self._bill.intake.conflict(record) if fate == "conflict" else None
            return self._leave(fate, conflict, admitted, held or record)
        if not self.watch.guards and not self._gaps:
            try:
                self._bill.count(record, fate)
            except RecordError as error:
                return self._leave("refused", error, admitted, held or record)
            self._changed()
            return ()
        try:
            after, left_out = self._bill.next(record, fate)
        except RecordError as error:
            return self._leave("refused", error, admitted, held or record)
        if self._gaps:
            after.price()
        state, signals = self._hear(record, when, after, admitted)
        self._bill.keep(record, after, left_out)
        self._state = state
        self._changed()
        return signals

    def _hear(
        self, record: UsageRecord, when: datetime, after: Figures, admitted: Admitted | None
    ) -> tuple[State, Signals]:
        """What the guards keep and tell once a record is counted, with the figures after it."""
        if not self.watch.guards:
            return self._state, ()
        uses: Reading | None = None
        if self._holds.counting and not (admitted is not None and admitted.ran(record)):
            uses = Reading.by(between(self._bill.figures(), after))
            uses = uses if admitted is None else admitted.more(uses)
        # What was admitted was counted then; what was not is counted now.
        alone = self._holds.counting and admitted is None
        state, signals = self.watch.record(
            self._state, when, after.reading(), uses=uses, calls=ONE if alone else ZERO,
            admitted_at=when if admitted is None else admitted.at, group=self._group(record), record=record.id,
            admitted_in=None if admitted is None else admitted.group or None,
            admitted_uses=None if admitted is None else admitted.all(),
        )  # fmt: skip
        if self._holds.counting:
            state = self.watch.release(state, mark_of(record) if admitted is None else admitted.mark)
        return state, signals

    def _leave(self, fate: str, error: RecordError | None, admitted: Admitted | None, held: UsageRecord) -> Signals:
        """Note a record that is not counted; what was taken for it when it was let through is given back."""
        if admitted is not None:
            self._state = self._back(held, admitted, admitted.at)
        self._bill.end(fate, error)
        self._changed()
        return ()

    def _back(self, record: UsageRecord, admitted: Admitted, at: datetime | str) -> State:
        """What the guards keep once what was taken for a record is given back."""
        state = self._state
        if self._holds.counting:
            state, _ = self.watch.record(
                state, at, self._bill.figures().reading(), uses=admitted.back(), calls=_BACK, admitted_at=admitted.at,
                group=admitted.group or self._group(record), admitted_uses=admitted.all(),
            )  # fmt: skip
        return self.watch.release(state, admitted.mark)


_BACK = Decimal(-1)


class Let(NamedTuple):
    """What may run: the record or a part of it, what it took, and the figures after it and all that is reserved."""

    record: UsageRecord
    admitted: Admitted
    figures: Figures


def _of_unit(gauge: Gauge) -> bool:
    """Whether a figure is of credits in a unit."""
    return gauge.what == "credits" and not gauge.group and not gauge.customer


def _drawn(guard: Guard) -> bool:
    """Whether what a guard counts by itself is a token bucket's."""
    counted = isinstance(guard, RateLimit | FairUse) or (isinstance(guard, Cap) and guard.window() is not None)
    return not counted or isinstance(guard, TokenBucket)


def _dimensions(guard: Guard) -> tuple[str, ...]:
    """The dimensions a guard tells groups by."""
    return (*guard.group, *guard.each, *(name for each in guard.without for name in each))


def _counted(guards: Sequence[Guard]) -> tuple[tuple[Gauge, ...], bool]:
    """The figures that guards count by themselves, each once; and whether any guard counts."""
    found: dict[Gauge, None] = {}
    counting = False
    for guard in guards:
        each = guard.then if isinstance(guard, FairUse) else guard
        if isinstance(each, RateLimit):
            counting, gauge = True, each.counts()
        elif isinstance(each, Cap) and each.window() is not None:
            counting, gauge = True, Gauge(each.gauge().what, each.gauge().name)
        else:
            continue
        if gauge is not None:
            found[gauge] = None
    return tuple(found), counting
