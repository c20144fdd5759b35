"""
Outcomes: results that are paid for, one a subject, once nothing speaks against them any more.

Records tell what happens to a subject (a conversation, a dispute, a lead): a result, a confirmation of it, a reversal,
a failure. Filters say which record is what. The rules:

- Records are read in the order of their times; at one instant, a result before its confirmation, and both before a
  reversal; then by source and id. So the order of arrival decides nothing.
- A result of a subject that has one already, not reversed and inside the attribution window, is a repeat of it.
- A result is billable at once; or from its confirmation, where records confirm; or from the end of the confirmation
  window, where nothing reversed it inside the window; whichever comes first.
- A reversal undoes the subject's latest result, or the one it names. Before the result was billable it undoes it
  without a trace; afterwards it is a reversal of something billed. What it undid a later record cannot confirm.
- What is decided at an instant follows from the records before it alone: later ones reverse, they never rewrite.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple

from pydantic import model_validator

from .._model import Key, Many, OptionalAmount, default, refuse
from .._numbers import CONTEXT, ZERO, floor, text
from ..errors import Problem, RecordError
from ..records import UsageRecord, group_text, read_number, read_time, show_time
from ._base import Aggregate, Frame, Given, State, bad_state, given_stays, missing, read_decimal, read_list, read_row
from ._filters import AnyFilter, passes

__all__ = ["Happening", "Judged", "Judgement", "Outcomes", "read_happening", "show_happening"]

RESULT, CONFIRM, REVERSE, FAILED, OTHER = range(5)
"""What a record is to its subject, in the order in which records of one instant are read."""

_HOUR = Decimal(3_600_000_000)


class Happening(NamedTuple):
    """
    What one record says about a subject.

    Attributes:
        at, source, id: the record's time and identity; an empty text where it has none.
        role: what it is: 0 a result, 1 a confirmation, 2 a reversal, 3 a failure, 4 none of these.
        subject: who or what it is about.
        value: what the result is worth; 0 where outcomes have no value.
        kept: whether the result kept the service level.
        of: the id of the result that it names; empty for the subject's latest.
    """

    at: datetime
    role: int
    source: str
    id: str
    subject: str
    value: Decimal = ZERO
    kept: bool = True
    of: str = ""


class Judged:
    """
    What became of one result.

    Attributes:
        record: the result.
        due: from when it is billable; None while that is open, or when it was undone before.
        by: the record that confirmed it; None where a window or nothing did.
        gone: the record that undid it.
    """

    __slots__ = ("by", "due", "gone", "record")

    def __init__(self, record: Happening, due: datetime | None) -> None:
        self.record = record
        self.due = due
        self.by: Happening | None = None
        self.gone: Happening | None = None

    def billed(self, at: datetime) -> bool:
        """Whether it became billable before an instant."""
        return self.due is not None and self.due < at

    def undone(self, at: datetime) -> bool:
        """Whether it was undone before an instant."""
        return self.gone is not None and self.gone.at < at

    def standing(self, at: datetime) -> bool:
        """Whether it is billed and stands at an instant."""
        return self.billed(at) and not self.undone(at)

    def pending(self, at: datetime) -> bool:
        """Whether it is not decided at an instant."""
        return self.record.at < at and not self.billed(at) and not self.undone(at)

    def __repr__(self) -> str:
        return f"<Judged {self.record.subject!r} {show_time(self.record.at)}>"


class Judgement(NamedTuple):
    """
    What became of all results.

    Attributes:
        results: in the order of their records.
        failures: the records that say that a subject failed.
        idle: records that changed nothing, each with the reason: `repeat`, `idle`, `late` or `unqualified`.
    """

    results: tuple[Judged, ...]
    failures: tuple[Happening, ...]
    idle: tuple[tuple[Happening, str], ...]


class Outcomes(Aggregate, frozen=True):
    """
    How many results stand: one a subject, confirmed or unchallenged, not reversed.

    A record is the first of these whose filters it passes, all of them: a reversal, a confirmation, a failure, a
    result. What is none of them is listed and counts for nothing. Without filters for results, all that is nothing else
    is one; without filters for the others there are none of these.

    Formula: the number of results that become billable inside the frame and are not reversed before its end.

    Attributes:
        subject: the property that says what a record is about; every record has it.
        result: filters of the records that are results.
        confirm: filters of the records that confirm one; with them a result waits for its confirmation.
        reverse: filters of the records that undo one.
        failed: filters of the records that say that a subject was no success; only success rates read them.
        kept: filters that a result passes when it kept the service level; only guarantees read them.
        worth: the property that says what a result is worth, for shares of it.
        reference: the property in which a confirmation or reversal names the id of a result; where it is missing, the
            latest result of the subject is meant.
        attribution_hours: for how long after a result the same subject has no other; None for ever.
        confirmation_hours: after so many hours without a reversal a result needs no confirmation; None never.
        reversal_hours: for how long after it became billable a result can be reversed; None for ever.

    >>> from ratecard.meters import Equals
    >>> from ratecard.periods import Period
    >>> solved = Outcomes(subject="case", reverse=[Equals(property="state", value="reopened")], confirmation_hours=24)
    >>> told = [(1, "a", "solved"), (1, "b", "solved"), (2, "b", "reopened"), (9, "c", "solved"), (9, "c", "solved")]
    >>> records = [UsageRecord("case", f"2025-04-0{day}T0{n}:00:00Z", {"case": case, "state": state}, id=str(n))
    ...            for n, (day, case, state) in enumerate(told)]
    >>> solved.over(records, Frame.of(Period.month(2025, 4)))
    Decimal('2')
    """

    kind: Literal["outcomes"] = default("outcomes")
    subject: Key
    result: Many[AnyFilter] = default(())
    confirm: Many[AnyFilter] = default(())
    reverse: Many[AnyFilter] = default(())
    failed: Many[AnyFilter] = default(())
    kept: Many[AnyFilter] = default(())
    worth: Key | None = default(None)
    reference: Key | None = default(None)
    attribution_hours: OptionalAmount = default(None)
    confirmation_hours: OptionalAmount = default(None)
    reversal_hours: OptionalAmount = default(None)

    @model_validator(mode="after")
    def _check(self) -> Outcomes:
        return _check_outcomes(self)

    def reads(self) -> tuple[str, ...]:
        """The subject, the worth, the reference, and what the filters read."""
        named = [each for each in (self.subject, self.worth, self.reference) if each is not None]
        filters = (*self.result, *self.confirm, *self.reverse, *self.failed, *self.kept)
        return tuple(dict.fromkeys([*named, *(name for each in filters for name in each.reads())]))

    def read(self, record: UsageRecord) -> Happening:
        """
        What the record says about its subject.

        Raises:
            RecordError: `record.missing` without a subject, or a result without its worth; `record.number`, also for a
                number that a filter cannot read.
        """
        subject = group_text(record, self.subject)
        if not subject:
            raise missing(record, self.subject)
        role = self._role(record)
        worth, kept, of = ZERO, True, ""
        if role == RESULT:
            worth = ZERO if self.worth is None else read_number(record, self.worth)
            kept = passes(self.kept, record)
        elif self.reference is not None and role in (CONFIRM, REVERSE):
            of = group_text(record, self.reference)
        return Happening(record.at, role, record.source or "", record.id or "", subject, worth, kept, of)

    def _role(self, record: UsageRecord) -> int:
        for filters, role in ((self.reverse, REVERSE), (self.confirm, CONFIRM), (self.failed, FAILED)):
            if filters and passes(filters, record):
                return role
        return RESULT if passes(self.result, record) else OTHER

    def zero(self) -> list[Happening]:
        """Nothing happened."""
        return []

    def add(self, state: list[Happening], value: Happening, record: UsageRecord) -> list[Happening]:
        """The same list, with one more."""
        if isinstance(state, Given):
            given_stays()
        state.append(value)
        return state

    def judged(self, happenings: Iterable[Happening]) -> Judgement:
        """What became of all results; each subject on its own, whatever the order of the records."""
        subjects: dict[str, list[Happening]] = {}
        for each in sorted(happenings):
            subjects.setdefault(each.subject, []).append(each)
        results: list[Judged] = []
        failures: list[Happening] = []
        idle: list[tuple[Happening, str]] = []
        for held in subjects.values():
            judge = _Judge(self)
            for each in held:
                why = judge.take(each)
                if why:
                    idle.append((each, why))
            results += judge.closed()
            failures += judge.failures
        return Judgement(
            tuple(sorted(results, key=lambda each: each.record)), tuple(sorted(failures)), tuple(sorted(idle))
        )

    def settled(self, held: Sequence[Judged], at: datetime) -> bool:
        """Whether no record at an instant or later can change anything about these results of one subject."""
        for each in held:
            if each.undone(at):
                continue
            if each.due is None or each.due >= at:
                return False
            if self.attribution is None or at < each.record.at + self.attribution:
                return False
            if self.reverse and (self.reversal is None or at < each.due + self.reversal):
                return False
        return True

    @cached_property
    def attribution(self) -> timedelta | None:
        """For how long after a result the same subject has no other."""
        return _span(self.attribution_hours)

    @cached_property
    def confirmation(self) -> timedelta | None:
        """After how long without a reversal a result needs no confirmation."""
        return _span(self.confirmation_hours)

    @cached_property
    def reversal(self) -> timedelta | None:
        """For how long after it became billable a result can be reversed."""
        return _span(self.reversal_hours)

    @property
    def waits(self) -> bool:
        """Whether a result can be undecided for a while."""
        return bool(self.confirm) or self.confirmation is not None

    def _valued(self, state: list[Happening], frame: Frame) -> Decimal:
        found = self.judged(each for each in state if each.at < frame.end).results
        standing = (each for each in found if each.standing(frame.end))
        return Decimal(sum(1 for each in standing if each.due is not None and each.due >= frame.start))

    def _merged(self, a: list[Happening], b: list[Happening]) -> list[Happening]:
        return [*a, *b]

    def _dumped(self, state: list[Happening]) -> list[Any]:
        return [show_happening(each) for each in sorted(state)]

    def _loaded(self, data: Any) -> State:
        return [read_happening(each) for each in read_list(data)]


class _Judge:
    """The results of one subject, record by record in the order of their times."""

    def __init__(self, rules: Outcomes) -> None:
        self.rules = rules
        self.results: list[Judged] = []
        # The last result of each id, for records that name one.
        self.named: dict[str, Judged] = {}
        self.failures: list[Happening] = []

    def take(self, record: Happening) -> str:
        """One more record; why it changes nothing, or an empty text."""
        if record.role == OTHER:
            return "unqualified"
        if record.role == FAILED:
            self.failures.append(record)
            return ""
        if record.role == RESULT:
            return self._result(record)
        held = self._meant(record)
        if held is None or held.gone is not None:
            return "idle"
        self._lapse(held, record.at)
        return self._confirm(held, record) if record.role == CONFIRM else self._reverse(held, record)

    def _result(self, record: Happening) -> str:
        last = self.results[-1] if self.results else None
        if last is not None and last.gone is None:
            window = self.rules.attribution
            if window is None or record.at < last.record.at + window:
                return "repeat"
        self.results.append(Judged(record, None if self.rules.waits else record.at))
        self.named[record.id] = self.results[-1]
        return ""

    def _meant(self, record: Happening) -> Judged | None:
        """The result that a confirmation or a reversal is about."""
        if not record.of:
            return self.results[-1] if self.results else None
        return self.named.get(record.of)

    def _lapse(self, held: Judged, at: datetime) -> None:
        """The confirmation window has passed by an instant."""
        window = self.rules.confirmation
        if held.due is None and window is not None and held.record.at + window <= at:
            held.due = held.record.at + window

    def _confirm(self, held: Judged, record: Happening) -> str:
        if held.due is not None:
            return "idle"
        held.due, held.by = record.at, record
        return ""

    def _reverse(self, held: Judged, record: Happening) -> str:
        window = self.rules.reversal
        if held.due is not None and window is not None and record.at >= held.due + window:
            return "late"
        held.gone = record
        return ""

    def closed(self) -> list[Judged]:
        """All results; of those that nothing undid, the windows that are still open end some time."""
        for each in self.results:
            if each.due is None and each.gone is None and self.rules.confirmation is not None:
                each.due = each.record.at + self.rules.confirmation
        return self.results


def _span(hours: Decimal | None) -> timedelta | None:
    return None if hours is None else timedelta(microseconds=_micros(hours))


_HOURS = 100 * 366 * 24
"""The longest window: a hundred years."""


def _micros(hours: Decimal) -> int:
    """Hours as whole microseconds; 0 where they are not above 0, finer than that, or longer than any window."""
    found = CONTEXT.multiply(hours, _HOUR)
    return floor(found) if 0 < hours <= _HOURS and found == floor(found) else 0


def _check_outcomes(found: Outcomes) -> Outcomes:
    told = "a window has whole microseconds, above 0 and up to a hundred years; write such as 24 or 0.5"
    names = ("attribution_hours", "confirmation_hours", "reversal_hours")
    spans = [(name, getattr(found, name)) for name in names]
    wrong = [Problem(name, "outcome.window", told) for name, hours in spans if hours is not None and not _micros(hours)]
    if found.confirmation_hours is not None and not (found.reverse or found.confirm):
        words = "no record could reverse a result inside the window, so it would only wait; say in reverse which do"
        wrong.append(Problem("confirmation_hours", "outcome.reverse", words))
    if found.reversal_hours is not None and not found.reverse:
        words = "no record reverses a result; say in reverse which do, or leave this out"
        wrong.append(Problem("reversal_hours", "outcome.reverse", words))
    if found.reference is not None and not (found.reverse or found.confirm):
        words = "no record confirms or reverses a result; say in confirm or reverse which do, or leave this out"
        wrong.append(Problem("reference", "outcome.reverse", words))
    refuse(wrong)
    return found


def show_happening(held: Happening) -> list[Any]:
    """A happening as plain data."""
    at, role, source, id, subject, value, kept, of = held
    return [show_time(at), role, source, id, subject, text(value), kept, of]


def read_happening(data: object) -> Happening:
    """Read back what `show_happening` wrote."""
    at, role, source, id, subject, value, kept, of = read_row(data, len(Happening._fields))
    names = [each for each in (source, id, subject, of) if isinstance(each, str)]
    if len(names) != 4 or type(role) is not int or not 0 <= role <= OTHER or type(kept) is not bool:
        raise bad_state("a happening")
    try:
        return Happening(read_time(at), role, names[0], names[1], names[2], read_decimal(value), kept, names[3])
    except RecordError:
        raise bad_state("the text of a time") from None
