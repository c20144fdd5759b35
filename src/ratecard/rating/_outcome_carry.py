"""
What a statement leaves of outcomes to the next one, as plain data, and how the next one reads it.

Subjects that a later record can still change are told record by record; all others only by what they add to a billing
period that is still of interest: one that runs, or one in which an outcome can still be reversed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .._numbers import exact, sign, text
from ..errors import MismatchError, RatecardError
from ..meters import Happening, Judged, Outcomes, read_happening, show_happening
from ..prices import Outcome
from ..records import read_time, show_time
from ._bookings import Booking, Bookings, booking_of, shown_booking
from ._outcome_facts import Edition, Facts, Held

if TYPE_CHECKING:
    from ._outcomes import OutcomeItem

__all__ = ["Came", "not_carried", "outcomes_carried", "read_carried"]


class Came:
    """
    What came in of one item's outcomes.

    Attributes:
        name, rules: its name for people, and what its meter aggregates.
        editions: its prices by key.
        spans: the ends of its billing periods by their starts.
        base: what is settled of these.
        happenings: the records of subjects that are not settled; the edition of each result, and the billing period in
            which it was decided.
        bookings: how its billing periods were paid.
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.name = str(told["name"])
        self.rules = Outcomes.model_validate(told["rules"])
        self.editions = {
            key: Edition(key, version, read_time(since), trial, Outcome.model_validate(price))
            for key, version, since, trial, price in told["editions"]
        }
        self.spans: dict[str, datetime] = {}
        self.base: dict[str, Facts] = {}
        for start, end, failed, editions in told["spans"]:
            if type(failed) is not int or failed < 0:
                raise ValueError
            self.spans[_instant(start)] = read_time(end)
            facts = self.base[start] = Facts(failed)
            for key, count, kept, worth in editions:
                facts.held[self.editions[key].key] = Held(exact(count), exact(kept), exact(worth))
        paid = {_instant(span): [booking_of(row) for row in rows] for span, rows in told.get("paid", ())}
        self.bookings = Bookings(paid, [span for span in self.spans if span not in paid])
        self.happenings: list[Happening] = []
        self.edition_of: dict[Happening, str] = {}
        self.placed: dict[Happening, str] = {}
        for row, edition, span in told["rows"]:
            happening = read_happening(row)
            self.happenings.append(happening)
            # A result has a price; what is said of it has none.
            if edition or happening.role == 0:
                self.edition_of[happening] = self.editions[edition].key
            if span:
                self.placed[happening] = _instant(span)


def _instant(told: object) -> str:
    """An instant in the one text that it is known by."""
    return show_time(read_time(told))


def read_carried(key: str, told: Any) -> Came:
    """
    Read back what `outcomes_carried` wrote of an item.

    Raises:
        MismatchError: `carry.outcomes`.
    """
    try:
        return Came(told)
    except (RatecardError, ValidationError, LookupError, TypeError, ValueError, AttributeError):
        raise not_carried(key) from None


def not_carried(key: str) -> MismatchError:
    """What is raised for outcomes that no statement wrote."""
    return MismatchError(
        f"the outcomes of {key!r} in the carry are not what a statement wrote; pass statement.carry",
        code="carry.outcomes",
    )


def outcomes_carried(item: OutcomeItem, paid: Mapping[str, Sequence[Booking]]) -> dict[str, Any] | None:
    """
    What the next period needs to know; None where nothing can happen any more.

    Args:
        item: the outcomes.
        paid: the lines that billed some, by billing period.
    """
    known = item.facts(item.until)
    running = {span for span, end in item.spans.items() if end > item.until}
    waiting = _waiting(item, running)
    # What was undone before it was billed may count after all by rules that are edited later.
    decided = {span for held in waiting.values() for span in held.spans(item) if span is not None}
    spans = sorted(running | (decided & item.spans.keys()))
    told = [_span(item, span, known.get(span, Facts()), waiting) for span in spans]
    rows = [row for subject in sorted(waiting) for row in _rows(item, waiting[subject])]
    if not rows and not any(failed or editions for _, _, failed, editions in told):
        return None
    used = {edition for _, edition, _ in rows if edition} | {each[0] for span in told for each in span[3]}
    return {
        "name": item.name,
        "rules": item.rules.model_dump(mode="json"),
        "editions": [
            [each.key, each.version, show_time(each.since), each.trial, each.price.model_dump(mode="json")]
            for each in item.ordered(used)
        ],
        "spans": told,
        "paid": [
            [span, [shown_booking(each) for each in paid.get(span, ())]]
            for span, *_ in told
            if item.bookings.knows(span)
        ],
        "rows": rows,
    }


class _Subject:
    """What is known of one subject."""

    def __init__(self) -> None:
        self.results: list[Judged] = []
        self.failures: list[Happening] = []

    def spans(self, item: OutcomeItem) -> set[str | None]:
        """The billing periods in which something about it was decided."""
        records = [*(each.record for each in self.results), *self.failures]
        return {item.placed.get(each) for each in records}


def _waiting(item: OutcomeItem, running: set[str]) -> dict[str, _Subject]:
    """The subjects that a later record can change, or can be counted otherwise in a period that runs."""
    every: dict[str, _Subject] = {}
    for judged in item.judgement.results:
        every.setdefault(judged.record.subject, _Subject()).results.append(judged)
    for each in item.judgement.failures:
        every.setdefault(each.subject, _Subject()).failures.append(each)
    return {
        subject: held
        for subject, held in every.items()
        if held.spans(item) & running or not item.rules.settled(held.results, item.until)
    }


def _rows(item: OutcomeItem, held: _Subject) -> list[list[Any]]:
    """The records of one subject that decide about it, each with its edition and its billing period."""
    every = [record for each in held.results for record in (each.record, each.by, each.gone) if record is not None]
    every += held.failures
    return [[show_happening(each), item.edition_of.get(each, ""), item.placed.get(each, "")] for each in sorted(every)]


def _span(item: OutcomeItem, span: str, facts: Facts, waiting: Mapping[str, _Subject]) -> list[Any]:
    """A billing period by what is settled of it: without the subjects that are told one by one."""
    editions: list[list[Any]] = []
    for edition in item.ordered(facts.held):
        held = facts.held[edition.key]
        rest = Held(held.count, held.kept, held.worth)
        for each in held.judged:
            if each.record.subject in waiting:
                rest.drop(each, edition.price)
        if sign(rest.count):
            editions.append([edition.key, text(rest.count), text(rest.kept), text(rest.worth)])
    lost = sum(1 for name in facts.lost if name in waiting)
    return [span, show_time(item.spans[span]), facts.failed - lost, editions]
