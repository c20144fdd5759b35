"""
live: the walk, one record at a time.

A live bill holds a tally, the state of the plan's guards and what is in flight. Everything it says comes from the same
stages as the bill of a closed period: a quote is the difference of two subtotals, and what is admitted is read off the
statement that would be printed. It has no clock: the time of a record is the time it asks with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from .._numbers import CONTEXT, ONE, PLACES, ZERO, Exact, quantize, sub, text
from ..errors import MismatchError, RatecardError, RecordError
from ..guards import Bound, Cap, FairUse, Gauge, Guard, Portion, RateLimit, Reading, Signals, State, TokenBucket, Verdict, Watch
from ..money import Money
from ..periods import instant
from ..plans import Terms
from ..records import UsageRecord, group_text
from ._bill import Bill, cost_terms_of
from ._careful import Run
from ._charge import charge
from ._cut import cut, cut_of, portion_of
from ._figures import Figures, Find, between
from ._holds import Admitted, Holds, mark_of
from ._intake import Meters
from ._measure import IdentityMode
from ._settle import settle
from ._statement import Statement
from ._swift import Swift, swift_of
from ._tally import Tally

__all__ = ["Live", "live"]

_FORMAT = 1


def live(
    terms: Terms,
    tally: Tally | None = None,
    *,
    costs: Tally | None = None,
    guards: State | None = None,
    figures: Find | None = None,
    identity: IdentityMode = "checked",
) -> Live:
    """
    Open a bill to which records are added one at a time.

    Args:
        terms: what `resolve` made, for the whole period.
        tally: what was measured already; it stays as it is. None for nothing.
        costs: the same for the plan's costs, as `Live.costs` gave it; needed with a tally where the plan has costs.
        guards: the state of the plan's guards, as `Live.guards` gave it; None for a new one, for which all that the
            tally has passed is known and not told again.
        figures: figures that guards read and a bill does not have, such as a forecast or what the customer spends
            elsewhere: a function from a `guards.Gauge` to a value, or None.
        identity: `checked`, or `trusted` to keep no identities.

    Raises:
        MismatchError: `tally.customer` or `tally.terms`, when the tally is of others; `live.costs`.

    >>> from ratecard import Item, Meter, Period, Plan, UsageRecord, guards, meters, prices, resolve
    >>> plan = Plan.single("api", currency="USD",
    ...     meters=[Meter(key="tokens", event="completion", aggregate=meters.Sum(of="tokens"))],
    ...     items=[Item(key="tokens", meter="tokens", price=prices.PerUnit(unit_price="2", per=1_000_000))],
    ...     guards=[guards.Cap(spend="10")])
    >>> bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), Period.month(2025, 1)))
    >>> call = UsageRecord("completion", "2025-01-10T12:00:00Z", {"tokens": 3_000_000}, id="c1")
    >>> bill.quote(call), bill.admit(call).allowed, bill.record(call), bill.statement().due
    (Money('6.00', 'USD'), True, (), Money('6.00', 'USD'))
    """
    return Live(terms, tally, costs=costs, guards=guards, figures=figures, identity=identity)


class Live:
    """
    A bill that grows with its records. Made by `live`; it changes, and is of one customer in one period.

    Attributes:
        terms: what is billed.
        watch: the plan's guards.
        version: how often it has changed; for compare and swap.
    """

    def __init__(
        self,
        terms: Terms,
        tally: Tally | None = None,
        *,
        costs: Tally | None = None,
        guards: State | None = None,
        figures: Find | None = None,
        identity: IdentityMode = "checked",
    ) -> None:
        self.terms = terms
        self._version = 0
        self._currency = terms.currency
        self.watch = Watch(terms.plan.guards, currency=str(terms.currency))
        self._names = tuple(dict.fromkeys(name for each in terms.plan.guards for name in _dimensions(each)))
        self._holds = Holds(*_counted(terms.plan.guards))
        self._bill = Bill(terms, tally, costs, figures, identity)
        self._ahead: Figures | None = None
        if guards is None:
            guards = self.watch.zero()
            if tally is not None and tally.account.records and self.watch.guards:
                # What was passed before this began is known; it is not told again.
                guards = self.watch.begin(terms.period.start, self._bill.now().reading())
        self._state = guards
        # What most records go by; None where the terms have no such way. `_ready` is it while its numbers hold.
        self._swift: Swift | None = None
        self._ready: Swift | None = None
        if all(_drawn(each) for each in self.watch.guards):
            staged = self._bill.scene.staged
            self._swift = swift_of(terms, self._bill.intake, staged=staged, holds=self._holds)
        if self._swift is not None:
            for event, lanes in self._swift.lanes.items():
                self._holds.counts.update({(event, lane.meter): lane.of for lane in lanes})

    @property
    def version(self) -> int:
        """How often it has changed; for compare and swap."""
        swift = self._ready
        return self._version if swift is None else self._version + swift.fed + swift.drawn

    @property
    def tally(self) -> Tally:
        """What has been measured so far, as a value."""
        self._home()
        return self._bill.intake.tally()

    @property
    def costs(self) -> Tally | None:
        """The same for the plan's costs; None where it has none."""
        return None if self._bill.costs is None else self._bill.costs.tally()

    @property
    def guards(self) -> State:
        """The state of the guards."""
        self._home()
        return self._state

    def statement(self) -> Statement:
        """The statement of the whole period given the records so far: just what `rate` gives for them."""
        return settle(charge(self.terms, self.tally))

    def quote(self, record: Any, *, gross: bool = False) -> Money:
        """
        What a record would add to the subtotal, with rounding off; a copy of one that was counted adds 0.

        Floors and ceilings are in it: below a minimum it is 0. What never ends (a third) is told in 24 decimals.

        Args:
            record: a `UsageRecord`, or its plain form.
            gross: item amounts alone, before anything across items.

        Raises:
            RecordError: a record that `measure` would refuse or leave out: nothing is priced at 0 in silence.
            NoPriceError: some usage has no price.
        """
        swift = self._ready
        if swift is not None and record.__class__ is UsageRecord:
            lane = swift.alone.get(record.event)
            if lane is not None:
                quantity, name = record.properties.get(lane.of), record.id
                if (
                    quantity.__class__ is int
                    and 0 < quantity <= lane.upper - swift.totals[lane.index]
                    and name is not None
                    and record.source is None
                    and name not in swift.names
                    and name not in swift.older
                    and swift.start <= record.at < swift.end
                    and (record.customer is None or record.customer == swift.customer)
                ):
                    # `Money.make`, in place of a call.
                    money = _new(Money)
                    money.amount = _multiply(lane.rate, quantity)
                    money.currency = self._currency
                    return money
        amount = self.quote_exact(record, gross=gross)
        whole = amount if isinstance(amount, Decimal) else quantize(amount, PLACES)
        return Money.make(whole, self._currency)

    def quote_exact(self, record: Any, *, gross: bool = False) -> Exact:
        """The same as an exact number."""
        if record.__class__ is UsageRecord:
            swift = self._ready or self._prepared()
            if swift is not None:
                amount = swift.quote(record)
                if amount is not None:
                    return amount
        self._home()
        found = self._bill.intake.read(record)
        places = self._bill.places(found)
        if places is None:
            return ZERO
        before = self._bill.now()
        after = self._bill.after(before, found, places)
        what = "gross" if gross else "subtotal"
        return sub(after.exact(what), before.exact(what))

    def admit(self, record: Any, *, at: datetime | str | None = None, cut: str | None = None) -> Verdict:
        """
        Ask whether a record may run, and take it from every rate limit and window if it may.

        The caps of the period read the statement that would be printed after it and after all that is reserved. A copy
        of a record that was counted is allowed, and takes nothing.

        Args:
            record: what would be recorded.
            at: when it asks; the record's own time by default.
            cut: the property that a clamp may lower; by default the one that its meters add up.

        Raises:
            RecordError: as `quote`.
            MismatchError: `live.cut`; `reading.missing`, for a figure that neither the bill nor `figures` has.
        """
        if at is None and record.__class__ is UsageRecord:
            swift = self._ready or self._prepared()
            if swift is not None and swift.calm and not self._holds.reserved:
                after = swift.admit(record)
                if after is not None:
                    fits = Decimal(record.properties[swift.alone[record.event].of]) if swift.clamps else None
                    left = partial(
                        self._left, swift.cells, after, self._state, swift.levels, swift.latest, swift.drawn, record.at
                    )
                    return Verdict(True, fits, (), record.at, left)
        self._home()
        verdict, taken = self._ask(self._bill.intake.read(record), at, cut)
        if taken is not None:
            self._holds.admit(*taken)
        return verdict

    def record(self, record: Any, *, at: datetime | str | None = None) -> Signals:
        """
        Count a record that ran, admitted or not, and tell what it set off.

        A record ends as in `measure`; one that is not counted stands in the account of the statement.

        Args:
            record: what ran.
            at: when it is told; the record's own time by default.

        Raises:
            NoPriceError: some usage has no price; it is counted all the same, as `rate` would count it.
        """
        swift = self._ready
        if swift is not None and swift.calm and record.__class__ is UsageRecord:
            lane = swift.alone.get(record.event)
            if lane is not None:
                quantity, name, totals, index = record.properties.get(lane.of), record.id, swift.totals, lane.index
                if (
                    quantity.__class__ is int
                    and 0 < quantity <= lane.tells_to - totals[index]
                    and name is not None
                    and record.source is None
                    and name not in swift.names
                    and name not in swift.older
                    and swift.start <= record.at < swift.end
                    and (record.customer is None or record.customer == swift.customer)
                    and (not swift.buckets or swift.asked.get(name) is record)
                ):
                    if swift.buckets:
                        del swift.asked[name]
                    totals[index] += quantity
                    swift.names[name] = record
                    return ()
        if record.__class__ is UsageRecord:
            swift = swift or self._prepared()
            if swift is not None and swift.calm and swift.record(record):
                return ()
        self._home()
        try:
            found = self._bill.intake.read(record)
        except RecordError as error:
            self._bill.end("refused", error)
            self._changed()
            return ()
        return self._count(found, at, self._holds.recorded(found))

    def reserve(
        self, record: Any, *, id: str | None = None, at: datetime | str | None = None, cut: str | None = None
    ) -> Verdict:
        """
        Ask whether a record may run, and hold it until it is committed or released: it counts against every cap.

        Where a clamp lets a part through, that part is held.

        Args:
            record: what is expected to run.
            id: what it is held under; the record's id by default.
            at, cut: as of `admit`.

        Raises:
            MismatchError: `live.held`, when something is held under this id.
        """
        self._home()
        found = self._bill.intake.read(record)
        name = found.id if id is None else id
        if name is None:
            raise MismatchError("a reservation is held under an id; give one, or a record with an id", code="live.held")
        if name in self._holds.reserved:
            told = f"something is held under {name[:60]!r} already; commit or release it first, or use another id"
            raise MismatchError(told, code="live.held")
        verdict, taken = self._ask(found, at, cut)
        if taken is not None:
            self._holds.reserved[name] = taken
            self._changed()
        return verdict

    def commit(self, id: str, record: Any | None = None, *, at: datetime | str | None = None) -> Signals:
        """
        Count what was reserved, or what ran in its place, and hold it no longer.

        Args:
            id: what it is held under.
            record: what ran, where that is not what was reserved.
            at: as of `record`.

        Raises:
            MismatchError: `live.reserved`, when nothing is held under this id.
        """
        self._home()
        held, admitted = self._holds.reservation(id)
        found = held if record is None else self._bill.intake.read(record)
        del self._holds.reserved[id]
        return self._count(found, at, admitted)

    def release(self, id: str, *, at: datetime | str | None = None) -> None:
        """
        Give back what was reserved and did not run.

        Raises:
            MismatchError: `live.reserved`, when nothing is held under this id.
        """
        self._home()
        held, admitted = self._holds.reservation(id)
        del self._holds.reserved[id]
        self._changed()
        if self._holds.counting:
            self._state, _ = self.watch.record(
                self._state, admitted.at if at is None else at, self._bill.now().reading(), uses=admitted.back(),
                calls=_BACK, admitted_at=admitted.at, group=self._group(held),
            )  # fmt: skip
        self._state = self.watch.release(self._state, admitted.mark)

    def left(self, at: datetime | str, *, group: Mapping[str, str] | None = None) -> dict[str, Exact]:
        """
        For each limit, by its name, what is left of it; reservations are taken off.

        Args:
            at: when.
            group: the dimensions asked for; guards that have groups are left out without them.
        """
        self._home()
        return self.watch.left(self._state, at, self._base().reading(), group=group)

    def dump(self) -> dict[str, Any]:
        """All that it holds as plain data, ready for JSON."""
        return {
            "live": _FORMAT,
            "version": self.version,
            "tally": self.tally.dump(),
            "costs": None if self.costs is None else self.costs.dump(),
            "guards": self.watch.dump(self._state),
            **self._holds.dump(),
        }

    @classmethod
    def load(cls, told: Mapping[str, Any], terms: Terms, *, figures: Find | None = None) -> Live:
        """
        Read back what `dump` wrote.

        Args:
            told: the plain data.
            terms: the same terms; the guards of their plan may be others, see `Watch.load`.
            figures: as of `live`.

        Raises:
            MismatchError: `live.state`; `tally.terms`, for other terms; `guard.state`.
        """
        if not isinstance(told, Mapping) or told.get("live") != _FORMAT:
            raise MismatchError("this is no live bill that can be read; load what dump wrote", code="live.state")
        tally = Tally.load(told["tally"], {terms.customer: terms.meters})
        cost_terms = cost_terms_of(terms)
        costs = None
        if cost_terms is not None and told["costs"] is not None:
            costs = Tally.load(told["costs"], {terms.customer: cost_terms.meters})
        identity: IdentityMode = "trusted" if tally.account.trusted else "checked"
        found = cls(terms, tally, costs=costs, figures=figures, identity=identity)
        found._state = found.watch.load(told["guards"])
        found._holds.load(told)
        found._version = told["version"]
        return found

    def _prepared(self) -> Swift | None:
        """The quick way with its numbers taken from where they are kept."""
        swift = self._swift
        if swift is None:
            return None
        try:
            swift.read()
            swift.heed(self.watch, self._state, self._bill.now())
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
        self._version += swift.fed + swift.drawn
        swift.write()
        self._state = swift.state(self._state)
        self._holds.trim()

    def _left(
        self, cells: Meters, totals: list[int], state: State, levels: list[tuple[int, int]], latest: int, drawn: int,
        at: datetime,
    ) -> dict[str, Exact]:  # fmt: skip
        """What was left of the limits once a record was let through the quick way."""
        swift = self._swift
        assert swift is not None
        reading = Figures(self._bill.scene, swift.at(cells, totals), None).reading()
        return self.watch.left(swift.state_of(state, levels, latest, drawn), at, reading)

    def _changed(self) -> None:
        self._version += 1
        self._ahead = None

    def _base(self) -> Figures:
        """The figures of what was counted, and of all that is reserved on top of it."""
        if self._ahead is None:
            found = self._bill.now()
            for record, _ in self._holds.reserved.values():
                places = self._bill.places(record)
                if places is not None:
                    found = self._bill.after(found, record, places)
            self._ahead = found
        return self._ahead

    def _group(self, record: UsageRecord) -> dict[str, str]:
        """The dimensions that guards ask for, as the record has them."""
        return {name: group_text(record, name) for name in self._names}

    def _ask(
        self, record: UsageRecord, at: datetime | str | None, named: str | None
    ) -> tuple[Verdict, tuple[UsageRecord, Admitted] | None]:
        """The answer, and what of the record may run, with what it took."""
        when = record.at if at is None else instant(at)
        places, before, group = self._bill.places(record), self._base(), self._group(record)
        if places is None:
            left = self.watch.left(self._state, when, before.reading(), group=group)
            return Verdict(True, None, (), when, lambda: left), None
        after = self._bill.after(before, record, places)
        uses = Reading.by(between(before, after))
        name, portion = self._portion(before, record, places, named) if self.watch.clamps else ("", None)
        mark = mark_of(record)
        state, verdict = self.watch.admit(
            self._state, when, after=after.reading(), before=before.reading(), uses=uses, group=group, id=mark,
            portion=portion,
        )  # fmt: skip
        if state is not self._state:
            self._state = state
            self._version += 1
        if not verdict.allowed and not verdict.fits:
            return self._noted(verdict), None
        part = record
        if not verdict.allowed:
            assert verdict.fits is not None
            part = cut(record, name, verdict.fits)
            uses = Reading.by(between(before, self._bill.after(before, part, places)))
        return verdict, (part, self._holds.took(mark, verdict.at, uses))

    def _portion(
        self, before: Figures, record: UsageRecord, places: Sequence[tuple[Run, int]], named: str | None
    ) -> tuple[str, Portion | None]:
        """The property that may be cut, and how."""
        runs = [run for run, _ in places]
        name = cut_of(runs, named)

        def read(part: Decimal) -> tuple[Reading, Reading]:
            some = self._bill.after(before, cut(record, name, part), places)
            return some.reading(), Reading.by(between(before, some))

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

    def _count(self, record: UsageRecord, at: datetime | str | None, admitted: Admitted | None) -> Signals:
        """Count a record that ran, and hear the guards."""
        self._changed()
        try:
            fate = self._bill.intake.judge(record)
            if isinstance(fate, str):
                self._bill.end(fate, self._bill.intake.conflict(record) if fate == "conflict" else None)
                return ()
            before = self._bill.now() if self._holds.counting and self.watch.guards else None
            self._bill.count(record, fate)
        except RecordError as error:
            self._bill.end("refused", error)
            return ()
        if not self.watch.guards:
            return ()
        after = self._bill.now()
        when = record.at if at is None else instant(at)
        uses: Reading | None = None
        if before is not None:
            uses = Reading.by(between(before, after))
            uses = uses if admitted is None else admitted.more(uses)
        self._state, signals = self.watch.record(
            self._state, when, after.reading(), uses=uses, calls=ZERO if before is None or admitted is not None else ONE,
            admitted_at=when if admitted is None else admitted.at, group=self._group(record), record=record.id,
        )  # fmt: skip
        if self._holds.counting:
            self._state = self.watch.release(self._state, mark_of(record) if admitted is None else admitted.mark)
        return signals

    def __repr__(self) -> str:
        return f"<Live bill of {self.terms.customer!r} for {self.terms.period!r}, version {self.version}>"


_BACK = Decimal(-1)
_new = Money.__new__
_multiply = CONTEXT.multiply


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
