"""
The watch: all guards together, before something runs and after it ran.

- All limits bind. What one refuses, none has counted: the state comes back as it was.
- A state is a value. A host that keeps it in one place swaps it only if its version is still the one it read.
- Time never runs backwards inside a state: an instant before the latest one that changed it is taken as that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from .._instants import told_at
from .._kinds import expect
from .._numbers import ONE, ZERO, Exact, number, plain
from ..errors import DefinitionError, MismatchError, Problem
from ._base import NOTHING, Calm, Guard, Look, Portion, Setting, Took, Work
from ._caps import Cap
from ._each import worker
from ._limits import Bucket
from ._reading import Reading, Value, told_group
from ._signals import Signal, Signals
from ._state import State, dumped, loaded
from ._verdict import Bound, Verdict, furthest
from ._windows import Part, instant_of, micros

__all__ = ["Watch", "guard_problems"]


class Watch:
    """
    Guards that are asked together. Immutable; one serves any number of customers, each with a state of its own.

    Args:
        guards: any guards, with different names.
        currency: the currency at hand, for guards whose amounts are written by currency.
        zone: the zone at hand, for cadences that name none; UTC where it is left out.

    Raises:
        DefinitionError: `guard.twice` for two of one name, `key.unknown`, `alert.cap` or `cadence.anchor`.
        MismatchError: `guard.currency` where an amount is not written in the currency.

    >>> from datetime import UTC
    >>> from ratecard.guards import Cap, Reading
    >>> watch = Watch([Cap(spend="100")])
    >>> noon = datetime(2025, 1, 10, 12, tzinfo=UTC)
    >>> state, verdict = watch.admit(watch.zero(), noon, after=Reading(subtotal="100.01"))
    >>> verdict.allowed, verdict.limits
    (False, (<Bound cap on subtotal: 100.01 against 100>,))
    """

    __slots__ = ("_admitting", "_clamping", "_noting", "_places", "_telling", "_works", "guards")

    def __init__(self, guards: Sequence[Guard], *, currency: str | None = None, zone: str | None = None) -> None:
        self.guards = tuple(guards)
        self._places = {guard.name: index for index, guard in enumerate(self.guards)}
        found = guard_problems(self.guards)
        if found:
            raise DefinitionError(found, what="the list of guards")
        setting = Setting({name: (index, self.guards[index]) for name, index in self._places.items()}, currency, zone)
        self._works = tuple(worker(guard, setting) for guard in self.guards)
        numbered = tuple(enumerate(self._works))
        self._admitting = tuple(each for each in numbered if each[1].admits)
        self._clamping = tuple(each for each in numbered if each[1].clamps)
        # Caps count before alerts read what they counted.
        ordered = sorted(numbered, key=lambda each: not isinstance(guards[each[0]], Cap))
        self._telling = tuple(each for each in ordered if each[1].notes)
        self._noting = tuple(each for each in ordered if each[1].notes or each[1].mends)

    @property
    def clamps(self) -> bool:
        """Whether a guard may let a part of a request through."""
        return bool(self._clamping)

    def calm(self, state: State, reading: Reading) -> list[Calm] | None:
        """
        For each guard, how long it has nothing to say while figures only rise; None where one of them cannot tell.

        Buckets say so too: they read no figure, and are drawn from each time; see `buckets`.
        """
        found: list[Calm] = []
        for work, part in zip(self._works, state.parts, strict=True):
            each = work.calm(part, reading)
            if each is None:
                return None
            found.append(each)
        return found

    @property
    def buckets(self) -> dict[int, Bucket]:
        """The token buckets, by their place in a state."""
        return {index: work for index, work in enumerate(self._works) if isinstance(work, Bucket)}

    def zero(self) -> State:
        """The state before anything."""
        return State(0, None, tuple(work.zero() for work in self._works))

    def begin(self, at: datetime | str, reading: Reading) -> State:
        """The state of guards that start late: what is past already is known, and not told again."""
        return self.record(self.zero(), at, reading)[0]

    def admit(
        self,
        state: State,
        at: datetime | str,
        *,
        after: Reading = NOTHING,
        before: Reading | None = None,
        uses: Reading | None = None,
        calls: Decimal | int | str = ONE,
        group: Mapping[str, Value] | None = None,
        id: str | None = None,
        portion: Portion | None = None,
    ) -> tuple[State, Verdict]:
        """
        Ask whether something may run, and take it from every limit that counts by itself if it may.

        Args:
            state: what was kept.
            at: when.
            after: what would be so after it ran, for limits of the billing period.
            before: what is so now; for what is left after a refusal, and for caps that one request may cross.
            uses: what it takes by itself, for limits with a window of their own.
            calls: how many calls it is.
            group: the dimensions it is in, for guards that have groups; read as the properties of records are.
            id: what it is held under where something is limited at once.
            portion: how it can be cut, for caps that let a part through; `after` and `uses` are then read from it.

        Returns:
            The new state and the verdict. The state is the same object where nothing was taken.

        Raises:
            MismatchError: `reading.missing` and `reading.before` for a figure that is not there, `guard.group`,
                `guard.id`.
        """
        when = told_at(at)
        told = micros(when)
        if state.__class__ is not State:
            _expect(state)
        now = told if state.at is None else max(told, state.at)
        look = Look(
            when,
            told,
            now,
            after,
            before=before,
            uses=uses,
            calls=_calls(calls),
            group=_told(group),
            id=id,
            parts=state.parts,
        )
        fit: Decimal | None = None
        bounds: list[Bound] = []
        if portion is not None:
            look = look.cut(*portion.read(portion.quantity))
            fit, bounds = self._clamped(look, portion)
            if bounds and fit:
                look = look.cut(*portion.read(fit))
        take = self._refused if bounds and not fit else self._taken
        parts = take(state.parts, look, bounds)
        if parts is None:
            parts, fit = state.parts, None if portion is None else ZERO
        allowed = not bounds
        new = state if parts is state.parts else State(state.version + 1, now, parts)
        known = look.after if allowed or fit else before
        if bounds:
            bounds.sort(key=furthest)
        return new, Verdict(
            allowed, fit, tuple(bounds), when if now == told else instant_of(now), lambda: self._left(new, look, known)
        )

    def _clamped(self, look: Look, portion: Portion) -> tuple[Decimal, list[Bound]]:
        """How much all clamps let through, and those that cut it."""
        fit, bounds = portion.quantity, []
        for index, work in self._clamping:
            part, bound = work.fits(look.parts[index], look, portion)
            fit = min(fit, part)
            if bound is not None:
                bounds.append(bound)
        return fit, bounds

    def _refused(self, parts: tuple[Part, ...], look: Look, bounds: list[Bound]) -> None:
        """Nothing is taken where a clamp leaves nothing; limits that refuse the whole as well are added."""
        told, others = {each.key for each in bounds}, list[Bound]()
        self._taken(parts, look, others)
        bounds += [each for each in others if each.key not in told]

    def _taken(self, parts: tuple[Part, ...], look: Look, bounds: list[Bound]) -> tuple[Part, ...] | None:
        """The parts after all limits have taken it; None when one refuses, and those that do are added."""
        taken: list[Part] | None = None
        refused = False
        for index, work in self._admitting:
            part = parts[index]
            new, bound = work.bind(part, look)
            if bound is not None:
                refused = True
                bounds.append(bound)
            elif new is not part:
                if taken is None:
                    taken = list(parts)
                taken[index] = new
        if refused:
            return None
        return parts if taken is None else tuple(taken)

    def record(
        self,
        state: State,
        at: datetime | str,
        reading: Reading = NOTHING,
        *,
        uses: Reading | None = None,
        calls: Decimal | int | str = ZERO,
        admitted_at: datetime | str | None = None,
        admitted_in: Mapping[str, Value] | None = None,
        admitted_uses: Reading | None = None,
        admitted_calls: Decimal | int | str = ONE,
        group: Mapping[str, Value] | None = None,
        record: str | None = None,
    ) -> tuple[State, Signals]:
        """
        Look at what is so after something ran.

        Args:
            state: what was kept.
            at: when.
            reading: what is so.
            uses: for limits that count by themselves, what ran without being admitted, or beyond it; below 0 where
                less ran than was admitted.
            calls: the same, in calls.
            admitted_at: when it was admitted, as the verdict says in `at`; needed where less ran.
            admitted_in: the dimensions it was admitted in, where it may have run in others: guards that have groups
                give back there what it took, and count all that ran where it ran.
            admitted_uses, admitted_calls: all that it took when it was admitted; with `admitted_in`, and where
                something may be below 0.
            group: the dimensions it was in, for guards that have groups.
            record: the id of the record, which the signals name.

        Returns:
            The new state and the signals. The state is the same object where nothing has changed.

        Raises:
            MismatchError: `reading.missing`, `guard.group`, `guard.admitted`; `reading.period` for a period before
                one already seen.
        """
        when = told_at(at)
        told = micros(when)
        if state.__class__ is not State:
            _expect(state)
        now = told if state.at is None else max(told, state.at)
        look = Look(
            when, told, now, reading, uses=uses, calls=_calls(calls), group=_told(group), record=record,
            parts=state.parts, admitted=None if admitted_at is None else micros(told_at(admitted_at, "admitted_at")),
        )  # fmt: skip
        source = _told(admitted_in)
        elsewhere = None if source == look.group else source
        if admitted_uses is not None or elsewhere is not None:
            look.took = Took(admitted_uses, _calls(admitted_calls), elsewhere)
        quiet = uses is None and not look.calls and elsewhere is None
        taken: list[Part] | None = None
        found: list[tuple[int, Signals]] = []
        for index, work in self._telling if quiet else self._noting:
            part = state.parts[index]
            new, signals = work.note(part, look)
            if new is not part:
                if taken is None:
                    look.parts = taken = list(state.parts)
                taken[index] = new
            if signals:
                found.append((index, signals))
        new_state = state if taken is None else State(state.version + 1, now, tuple(taken))
        if not found:
            return new_state, ()
        found.sort(key=lambda each: each[0])
        return new_state, tuple(signal for _, signals in found for signal in signals)

    def replay(self, history: Iterable[tuple[datetime | str, Reading, str | None]]) -> tuple[State, Signals]:
        """
        What would have been told had these guards been there: instants, readings and records, in order.

        So an alert that is made late can say what it missed, and go on from there.
        """
        state, found = self.zero(), list[Signal]()
        for at, reading, record in history:
            state, signals = self.record(state, at, reading, record=record)
            found.extend(signals)
        return state, tuple(found)

    def release(self, state: State, id: str) -> State:
        """The state without what a request held; the same object where it held nothing."""
        _expect(state)
        parts = tuple(work.released(part, id) for work, part in zip(self._works, state.parts, strict=True))
        if all(new is part for new, part in zip(parts, state.parts, strict=True)):
            return state
        return State(state.version + 1, state.at, parts)

    def left(
        self,
        state: State,
        at: datetime | str,
        reading: Reading | None = None,
        *,
        group: Mapping[str, Value] | None = None,
    ) -> dict[str, Exact]:
        """
        For each limit, by its name, what is left of it.

        Args:
            state: what was kept.
            at: when.
            reading: what is so; limits of the billing period are left out without one.
            group: the dimensions asked for; guards that have groups are left out without them.

        Raises:
            MismatchError: `reading.missing`, for a figure that the reading does not have.
        """
        _expect(state)
        if reading is not None:
            expect(reading, Reading, "the reading", "write Reading(subtotal=...)")
        when = told_at(at)
        now = micros(when)
        look = Look(when, now, now if state.at is None else max(now, state.at), NOTHING, group=_told(group))
        return self._left(state, look, reading, strict=reading is not None)

    def _left(self, state: State, look: Look, reading: Reading | None, *, strict: bool = False) -> dict[str, Exact]:
        known = Look(look.at, look.told, look.now, NOTHING if reading is None else reading, group=look.group)
        found: dict[str, Exact] = {}
        for index, work in self._admitting:
            try:
                left = work.left(state.parts[index], known)
            except MismatchError as error:
                # What is not asked for is left out; of what was asked, a figure that is not known is an error.
                if error.code != "guard.group" and (strict or error.code != "reading.missing"):
                    raise
                continue
            if left is not None:
                found[work.key] = plain(left) if isinstance(left, Decimal) else left
        return found

    def dump(self, state: State) -> dict[str, Any]:
        """The state as plain data, ready for JSON; guards by name."""
        return dumped(state, self._named())

    def load(self, data: object) -> State:
        """
        Read back what `dump` wrote. Guards that are new since then start at nothing; those that are gone are dropped.

        Raises:
            MismatchError: `guard.state`.
        """
        return loaded(data, self._named())

    def _named(self) -> dict[str, Work]:
        """What answers for each guard, by its name, in the order of the parts of a state."""
        return dict(zip(self._places, self._works, strict=True))

    def __repr__(self) -> str:
        return f"<Watch of {', '.join(self._places) or 'nothing'}>"


def _told(group: Mapping[str, Value] | None) -> Mapping[str, str] | None:
    if group is None:
        return None
    if group.__class__ is not dict:
        expect(group, Mapping, "the group", 'write a mapping of dimensions, such as {"team": "search"}')
    return told_group(group)


def _expect(state: object) -> None:
    expect(state, State, "the state", "give what zero, admit, record or load gave")


def _calls(calls: Decimal | int | str) -> Decimal:
    return ONE if calls is ONE else ZERO if calls is ZERO else number(calls)


def guard_problems(guards: Sequence[Guard]) -> list[Problem]:
    """Everything wrong between guards that stand together, such as an alert on a cap that is not there."""
    found: list[Problem] = []
    setting = Setting({guard.name: (index, guard) for index, guard in enumerate(guards)}, None)
    seen: set[str] = set()
    for index, guard in enumerate(guards):
        if guard.name in seen:
            told = f"two guards are called {guard.name[:60]!r}; give each a key of its own"
            found.append(Problem(f"guards[{index}].key", "guard.twice", told))
        seen.add(guard.name)
        found += [Problem(f"guards[{index}].{each.path}", each.code, each.text) for each in guard.problems(setting)]
    return found
