"""
Outcomes: what a record is, which results stand, from when they are billable, and what can still change.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ratecard import UsageRecord, meters, problems
from ratecard.errors import MismatchError, RecordError
from ratecard.meters import Equals, Frame, Given, Judgement, Outcomes
from ratecard.periods import Period

FIRST = datetime(2025, 4, 1, tzinfo=UTC)


def kind(name: str) -> list[Equals]:
    """The filter of a kind of records."""
    return [Equals(property="kind", value=name)]


def rules(**more: Any) -> Outcomes:
    """Wins that can be reversed."""
    return Outcomes(**{"subject": "who", "result": kind("won"), "reverse": kind("undo"), **more})


def told(hour: float, what: str, who: str = "a", id: str | None = None, **more: object) -> UsageRecord:
    """A record so many hours after the first instant."""
    at = FIRST + timedelta(hours=hour)
    return UsageRecord("case", at, {"who": who, "kind": what, **more}, id=id or f"{what}{hour}{who}")


def judged(of: Outcomes, *records: UsageRecord) -> Judgement:
    """What becomes of records."""
    return of.judged(of.read(record) for record in records)


def dues(of: Outcomes, *records: UsageRecord) -> list[float | None]:
    """From how many hours on each result that nothing undid is billable; None where that is open."""
    hours = timedelta(hours=1)
    found = [each for each in judged(of, *records).results if each.gone is None]
    return [None if each.due is None else (each.due - FIRST) / hours for each in found]


def idle(of: Outcomes, *records: UsageRecord) -> list[str]:
    """Why records changed nothing."""
    return [why for _, why in judged(of, *records).idle]


def test_result_is_billable_at_once() -> None:
    """Without confirmation or window, a result is billable from its own instant."""
    assert dues(rules(), told(5, "won")) == [5]


def test_confirmation_is_waited_for() -> None:
    """Where records confirm, a result is open until one does; the first decides."""
    of = rules(confirm=kind("ok"))
    assert dues(of, told(5, "won")) == [None]
    assert dues(of, told(5, "won"), told(9, "ok"), told(12, "ok")) == [9]
    assert idle(of, told(5, "won"), told(9, "ok"), told(12, "ok")) == ["idle"]


def test_window_closes_without_a_reversal() -> None:
    """A result is billable when the window ends, and an earlier confirmation comes first."""
    of = rules(confirm=kind("ok"), confirmation_hours=24)
    assert dues(of, told(5, "won")) == [29]
    assert dues(of, told(5, "won"), told(28, "ok")) == [28]
    assert dues(of, told(5, "won"), told(29, "ok")) == [29]


def test_reversal_at_the_end_of_the_window_comes_after_it() -> None:
    """The window is half open: at its end the result is billable, and a reversal is one of something billed."""
    of = rules(confirmation_hours=24)
    (early,) = judged(of, told(5, "won"), told(28.9, "undo")).results
    (late,) = judged(of, told(5, "won"), told(29, "undo")).results
    assert early.due is None and late.due == FIRST + timedelta(hours=29)
    assert early.gone is not None and late.gone is not None


def test_order_at_one_instant() -> None:
    """At one instant a result comes before its confirmation, and both before a reversal, whatever their ids are."""
    of = rules(confirm=kind("ok"))
    (found,) = judged(of, told(1, "undo", id="a"), told(1, "ok", id="b"), told(1, "won", id="c")).results
    assert (found.by, found.gone) != (None, None) and found.due == FIRST + timedelta(hours=1)


@pytest.mark.parametrize(("hour", "count"), [(23.9, 1), (24, 2)])
def test_attribution(hour: float, count: int) -> None:
    """One result a subject inside the attribution window, which is half open; another subject has its own."""
    of = rules(attribution_hours=24)
    found = judged(of, told(0, "won"), told(hour, "won"), told(1, "won", "b"))
    assert len(found.results) == count + 1
    assert [why for _, why in found.idle] == ["repeat"] * (2 - count)


def test_one_for_ever() -> None:
    """Without an attribution window a subject has one result, until it is reversed; then it may have another."""
    assert idle(rules(), told(0, "won"), told(9999, "won")) == ["repeat"]
    assert dues(rules(), told(0, "won"), told(1, "undo"), told(2, "won")) == [2]


def test_reversed_result_stays_undone() -> None:
    """What was undone can be neither confirmed nor undone again."""
    of = rules(confirm=kind("ok"))
    assert idle(of, told(0, "won"), told(1, "undo"), told(2, "ok"), told(3, "undo")) == ["idle", "idle"]


def test_nothing_to_reverse() -> None:
    """A reversal before any result is idle."""
    assert idle(rules(), told(0, "undo"), told(1, "won")) == ["idle"]


@pytest.mark.parametrize(("hour", "reasons"), [(23.9, []), (24, ["late"])])
def test_reversal_window(hour: float, reasons: list[str]) -> None:
    """A reversal counts inside its window, which is half open and runs from the billable instant."""
    assert idle(rules(reversal_hours=24), told(0, "won"), told(hour, "undo")) == reasons


def test_reference_names_a_result() -> None:
    """A reversal that names a result undoes that one, and not the latest; one that names none of them is idle."""
    of = rules(attribution_hours=1, reference="of")
    both = (told(0, "won", id="1"), told(2, "won", id="2"))
    found = judged(of, *both, told(3, "undo", of="1"), told(4, "undo", of="9"))
    assert [each.gone is None for each in found.results] == [False, True]
    assert [why for _, why in found.idle] == ["idle"]
    assert [each.gone is None for each in judged(of, *both, told(3, "undo")).results] == [True, False]


def test_roles() -> None:
    """A record is the first of reversal, confirmation, failure and result that it fits; else it is none."""
    of = rules(confirm=kind("ok"), failed=kind("lost"))
    names = ("won", "ok", "undo", "lost", "hello")
    assert [of.read(told(0, each)).role for each in names] == [0, 1, 2, 3, 4]
    assert idle(of, told(0, "hello")) == ["unqualified"]
    assert Outcomes(subject="who").read(told(0, "hello")).role == 0


def test_level_and_worth_are_the_result_s() -> None:
    """The worth and the level are read of results alone."""
    of = rules(worth="euro", kept=[meters.Range(property="minutes", below=60)])
    assert of.read(told(0, "won", euro="12.5", minutes=59))[5:7] == (12.5, True)
    assert not of.read(told(0, "won", euro=1, minutes=60)).kept
    assert of.read(told(0, "undo")).value == 0
    assert of.reads() == ("who", "euro", "kind", "minutes")


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (UsageRecord("case", FIRST, {"kind": "won", "euro": 1}), "record.missing"),
        (told(0, "won"), "record.missing"),
        (told(0, "won", euro="much"), "record.number"),
        (told(0, "won", who=1.5, euro=1), "record.dimension"),
    ],
)
def test_refused(record: UsageRecord, code: str) -> None:
    """Without a subject, or a worth that is wanted, a record is refused."""
    with pytest.raises(RecordError) as error:
        rules(worth="euro").read(record)
    assert error.value.code == code


def test_value_of_a_frame() -> None:
    """The value is what becomes billable in the frame and stands at its end."""
    of = rules(confirmation_hours=24)
    records = [told(0, "won", "a"), told(30 * 24 - 1, "won", "b"), told(0, "won", "c"), told(40, "undo", "c")]
    april, may = Period.month(2025, 4), Period.month(2025, 5)
    assert of.over(records, Frame.of(april)) == 1
    assert of.over(records, Frame.of(may)) == 1
    assert repr(judged(of, records[0]).results[0]) == "<Judged 'a' 2025-04-01T00:00:00Z>"


def test_state() -> None:
    """States merge in any order and come back from plain data; what no dump wrote is refused."""
    of = rules()
    a, b = ([of.read(each)] for each in (told(1, "won"), told(0, "won", "b")))
    assert of.dump(of.merge(a, b)) == of.dump(of.merge(b, a))
    assert of.load(of.dump(a)) == a
    row = of.dump(a)[0]
    for place, wrong in ((0, "soon"), (1, 9), (1, True), (2, 3), (5, "x"), (6, 1), (7, None)):
        with pytest.raises(MismatchError, match="load what dump wrote"):
            of.load([[*row[:place], wrong, *row[place + 1 :]]])
    with pytest.raises(MismatchError):
        of.add(Given(5), a[0], told(1, "won"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "path", "code"),
    [
        ({"confirmation_hours": 0}, "confirmation_hours", "outcome.window"),
        ({"attribution_hours": "-1"}, "attribution_hours", "outcome.window"),
        ({"attribution_hours": 10**7}, "attribution_hours", "outcome.window"),
        ({"reversal_hours": "0.0000000001"}, "reversal_hours", "outcome.window"),
        ({"reverse": [], "confirmation_hours": 1}, "confirmation_hours", "outcome.reverse"),
        ({"reverse": [], "reversal_hours": 1}, "reversal_hours", "outcome.reverse"),
        ({"reverse": [], "reference": "of"}, "reference", "outcome.reverse"),
    ],
)
def test_wrong_definitions(more: dict[str, Any], path: str, code: str) -> None:
    """A window is a whole number of microseconds above 0, and what nothing can reverse needs none."""
    with pytest.raises(ValueError) as error:
        rules(**more)
    assert [(each.path, each.code) for each in problems(error.value)] == [(path, code)]


@pytest.mark.parametrize(
    ("more", "records", "hour", "settled"),
    [
        ({}, [told(0, "won")], 9999, False),
        ({"attribution_hours": 2}, [told(0, "won")], 9999, False),
        ({"attribution_hours": 2, "reverse": []}, [told(0, "won")], 1.9, False),
        ({"attribution_hours": 2, "reverse": []}, [told(0, "won")], 2, True),
        ({"attribution_hours": 2, "reversal_hours": 5}, [told(0, "won")], 4.9, False),
        ({"attribution_hours": 2, "reversal_hours": 5}, [told(0, "won")], 5, True),
        ({"attribution_hours": 2, "reversal_hours": 5, "confirmation_hours": 9}, [told(0, "won")], 9, False),
        ({"attribution_hours": 2, "reversal_hours": 5, "confirm": kind("ok")}, [told(0, "won")], 9, False),
        ({}, [told(0, "won"), told(1, "undo")], 2, True),
        ({}, [told(0, "lost")], 2, True),
    ],
)
def test_settled(more: dict[str, Any], records: list[UsageRecord], hour: float, settled: bool) -> None:
    """A subject is settled when nothing that comes later can change it: its windows are over, or all is undone."""
    of = rules(**more)
    assert of.settled(judged(of, *records).results, FIRST + timedelta(hours=hour)) is settled


def test_number_that_a_filter_cannot_read() -> None:
    """A score that comes as a float is refused, not taken for no result or for a broken service level."""
    scored = [meters.Range(property="score", minimum=1)]
    for of in (rules(result=scored), rules(kept=scored), rules(reverse=scored), rules(failed=scored)):
        with pytest.raises(RecordError) as caught:
            of.read(told(1, "won", score=1.5))
        assert (caught.value.code, caught.value.path, caught.value.record) == (
            "record.number", "properties.score", "won1a"
        )  # fmt: skip
    assert rules(result=scored).read(told(1, "won", score="1.5")).role == 0
