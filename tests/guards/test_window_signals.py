"""What is told of caps with a window of their own: each crossing once, and under an id of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ratecard.cadence import Cadence
from ratecard.guards import Alert, Breach, Cap, Crossed, Guard, Reading, Rearmed, Signals, State, Watch
from ratecard.guards._each import GROUPS_MAX
from ratecard.periods import Period
from tests.guards._tools import NOON, later, spent, told

DAY = Cap(key="day", spend="2", per=Cadence.calendar("day"))
HOUR = Cap(key="hour", spend="10", window_seconds=3600)


def on(day: int, hour: int = 12, month: int = 1) -> datetime:
    """An hour of a day."""
    return datetime(2025, month, day, hour, tzinfo=UTC)


def ids(signals: Signals) -> list[str]:
    """The ids of crossings and breaches, and the names of what may go off again."""
    return [each.key if isinstance(each, Rearmed) else each.id for each in signals]


def ran(watch: Watch, *took: tuple[datetime, int], state: State | None = None) -> list[list[str]]:
    """What is told of each of these, which nobody asked for."""
    state, found = watch.zero() if state is None else state, []
    for at, amount in took:
        state, signals = watch.record(state, at, uses=spent(amount))
        state = watch.load(watch.dump(state))
        found.append(ids(signals))
    return found


def test_each_window_tells_its_breach() -> None:
    """A cap by a cadence is passed anew in each window, and says in which."""
    found = ran(Watch([DAY]), (on(10), 6), (on(10, 13), 6), (on(11), 6), (on(12), 1), (on(12, 13), 6))
    assert found == [["day||2|2025-01-10T00:00:00Z|0"], [], ["day||2|2025-01-11T00:00:00Z|0"], [],
                     ["day||2|2025-01-12T00:00:00Z|0"]]  # fmt: skip


def test_a_rolling_cap_tells_again_once_it_went_back() -> None:
    """A rolling cap that emptied in between is passed anew; what tells one time from another is the instant."""
    found = ran(Watch([HOUR]), (on(10), 12), (on(10, 13), 5), (on(10, 13), 6), (on(11), 12))
    assert found == [["hour||10|2025-01-10T12:00:00Z|0"], [], ["hour||10|2025-01-10T13:00:00Z|0"],
                     ["hour||10|2025-01-11T12:00:00Z|0"]]  # fmt: skip
    # Ten minutes later 12 still stand in the window: it was not left.
    assert ran(Watch([HOUR]), (NOON, 12), (later(600), 12)) == [["hour||10|2025-01-10T12:00:00Z|0"], []]


def test_breaches_of_one_instant() -> None:
    """Where it is passed, given back and passed again at one instant or in one window, the turns tell them apart."""
    for cap, start in ((HOUR, "2025-01-10T12:00:00Z"), (DAY, "2025-01-10T00:00:00Z")):
        watch = Watch([cap])
        state, found = watch.zero(), list[str]()
        for amount in (20, -15, -4, 20):
            state, signals = watch.record(state, NOON, uses=spent(amount), admitted_at=NOON)
            found += ids(signals)
        limit = cap.spend
        assert found == [f"{cap.key}||{limit}|{start}|0", f"{cap.key}||{limit}|{start}|1"]


def test_a_request_that_crosses_is_told_each_time() -> None:
    """With room before it the crossing request runs; each time the window was empty meanwhile is told."""
    watch = Watch([Cap(key="c", spend="10", window_seconds=60, overflow="once")])
    state, found = watch.zero(), list[list[str]]()
    for seconds in (0, 60, 90):
        state, verdict = watch.admit(state, later(seconds), uses=spent(12))
        state, signals = watch.record(state, later(seconds))
        found.append([*map(str, told(signals)), str(verdict.allowed)])
    assert found == [["breach c", "True"], ["breach c", "True"], ["False"]]


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("cap", [HOUR, Cap(key="hour", spend="10", per=Cadence.calendar("day"))])
def test_an_alert_hears_that_the_window_went_back(cap: Cap, asked: bool) -> None:
    """An alert that recovers goes off each time it was reached, also where the window emptied unseen."""
    watch = Watch([cap, Alert(key="half", percent=50, cap="hour", rearm="recover", every=20)])
    state, found = watch.zero(), list[Signals]()
    for day, amount in ((10, 6), (11, 6), (12, 3), (12, 2), (13, 8)):
        if asked:
            state, verdict = watch.admit(state, on(day), uses=spent(amount))
            assert verdict
        state, signals = watch.record(state, on(day), uses=None if asked else spent(amount))
        state = watch.load(watch.dump(state))
        found.append(signals)
    assert [told(each) for each in found] == [
        ["crossed half"], ["rearmed half", "crossed half"], ["rearmed half"], ["crossed half"],
        ["rearmed half", "crossed half"],
    ]  # fmt: skip
    assert [str(each.value) for each in found[1]] == ["0", "6"]
    crossed = [each.id for signals in found for each in signals if isinstance(each, Crossed)]
    assert len(set(crossed)) == 4
    start = "12:00:00Z" if cap is HOUR else "00:00:00Z"
    assert crossed[0] == f"half||5|2025-01-10T{start}|0" and crossed[1] == f"half||5|2025-01-11T{start}|1"


def test_an_alert_hears_what_is_left_of_a_window() -> None:
    """What goes back while an alert stands at a further threshold is told of the nearer ones."""
    watch = Watch([HOUR, Alert(key="a", percent=20, cap="hour", every=2, rearm="recover")])
    state = watch.record(watch.zero(), NOON, uses=spent(3))[0]
    state, signals = watch.record(state, later(1800), uses=spent(5))
    assert [each.count for each in signals if isinstance(each, Crossed)] == [3]
    # At 13:00 the first 3 leave: 5 stand, and with 1 more 6.
    state, signals = watch.record(state, later(3600), uses=spent(1))
    assert [type(each).__name__ for each in signals] == ["Rearmed", "Crossed"]
    assert [str(each) for each in signals[1].thresholds] == ["6"]  # type: ignore[union-attr]


def test_an_alert_of_a_rolling_cap_names_the_billing_period() -> None:
    """Once in each billing period, and never twice under one id, whether or not the state goes on."""
    watch = Watch([HOUR, Alert(key="half", percent=50, cap="hour")])
    again = state = watch.zero()
    for month in (1, 2):
        reading = Reading(period=Period.month(2025, month))
        fresh = watch.record(watch.zero(), on(10, month=month), reading, uses=spent(6))[1]
        state, signals = watch.record(state, on(10, month=month), reading, uses=spent(6))
        assert ids(fresh) == ids(signals) == [f"half||5|2025-0{month}-01T00:00:00Z|0"]
        assert watch.record(state, on(11, month=month), reading, uses=spent(6))[1] == ()
    # What comes late, or of no period, is of the latest: the window is as it is now.
    january = Reading(period=Period.month(2025, 1))
    assert watch.record(state, on(20, month=2), january, uses=spent(6))[1] == ()
    assert watch.record(state, on(20, month=3), uses=spent(6))[1] == ()
    again, signals = watch.record(again, NOON, uses=spent(6))
    assert ids(signals) == ["half||5||0"]
    assert watch.record(again, on(20), uses=spent(6))[1] == ()


def test_another_window_of_the_same_name() -> None:
    """A state goes on under other windows of the same name: none of what was told is in their way."""
    month = Cap(key="c", spend="10", per=Cadence.calendar("month"))
    day, hour = (each.model_copy(update={"key": "c"}) for each in (DAY, HOUR))
    period = Reading(period=Period.month(2025, 1))
    for old, new, found in (
        (month, day, ["a||1|2025-01-10T00:00:00Z|0"]), (month, hour, []), (hour, day, ["a||1|2025-01-10T00:00:00Z|0"]),
        (day, month, ["a||5|2025-01-01T00:00:00Z|0"]), (day, hour, []),
    ):  # fmt: skip
        before, after = (Watch([cap, Alert(key="a", percent=50, cap="c")]) for cap in (old, new))
        state = before.record(before.zero(), NOON, period, uses=spent(9))[0]
        dump = before.dump(state)
        if HOUR.window_seconds in (old.window_seconds, new.window_seconds):
            # The count itself has another form, so only what was told goes on.
            del dump["parts"]["c"]
        signals = after.record(after.load(dump), on(10, 13), period, uses=spent(9))[1]
        assert [each for each in ids(signals) if each.startswith("a")] == found, (old, new)


def test_groups_that_are_done_give_way() -> None:
    """A group that was passed and has emptied is dropped where there are too many; its next breach is told."""
    watch = Watch([Cap(key="c", spend="10", window_seconds=60, each=["user"])])
    state = watch.record(watch.zero(), NOON, uses=spent(12), group={"user": "first"})[0]
    rows = [[[str(n)], [[[state.at, "1"]], None, None]] for n in range(GROUPS_MAX - 1)]
    dump = watch.dump(state)
    dump["parts"]["c"]["groups"] += rows
    full = watch.load(dump)
    state, signals = watch.record(full, later(60), uses=spent(12), group={"user": "new"})
    assert len(watch.dump(state)["parts"]["c"]["groups"]) == 1 and len(signals) == 1
    (breach,) = watch.record(state, later(60), uses=spent(12), group={"user": "first"})[1]
    assert isinstance(breach, Breach) and breach.id == 'c|[["user","first"]]|10|2025-01-10T12:01:00Z|0'


def test_nothing_is_kept_for_nobody() -> None:
    """Where no alert recovers and nothing was passed, recording what was admitted leaves the state as it was."""
    some: list[Guard] = [HOUR, Alert(percent=90, cap="hour")]
    watch = Watch(some)
    state = watch.admit(watch.zero(), NOON, uses=spent(6))[0]
    assert watch.record(state, NOON)[0] is state
