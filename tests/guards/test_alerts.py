"""Alerts on the edge, and named levels."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError, MismatchError
from ratecard.guards import (
    Alert,
    Cap,
    Crossed,
    Gauge,
    Reading,
    Rearmed,
    Signal,
    VolumeLevel,
    VolumeThreshold,
    Watch,
)
from ratecard.periods import Period
from tests.guards._tools import NOON, faults, later, spent, tokens, told


def run(watch: Watch, readings: list[Reading]) -> list[tuple[Signal, ...]]:
    """The signals of readings that come one after another."""
    state, found = watch.zero(), []
    for reading in readings:
        state, signals = watch.record(state, NOON, reading)
        found.append(signals)
    return found


def crossed(watch: Watch, readings: list[Reading]) -> list[list[str]]:
    """The thresholds crossed at each reading."""
    return [
        [str(value) for each in signals if isinstance(each, Crossed) for value in each.thresholds]
        for signals in run(watch, readings)
    ]


def test_at_or_above_once() -> None:
    """It goes off when the threshold is reached, and not again in the same period."""
    watch = Watch([Alert(spend="40")])
    assert crossed(watch, [spent(each) for each in ("39.99", "40", "41", "39", "50")]) == [[], ["40"], [], [], []]


def test_what_a_crossing_tells() -> None:
    """A crossing has an id that stays, and names the record at which it happened."""
    watch = Watch([Alert(spend="40")])
    reading = Reading(subtotal="60", period=Period.month(2025, 1))
    (found,) = watch.record(watch.zero(), NOON, reading, record="c7")[1]
    assert isinstance(found, Crossed)
    assert found.to_json() == {
        "signal": "crossed", "id": "alert on subtotal at 40||40|2025-01-01T00:00:00Z|0",
        "key": "alert on subtotal at 40", "threshold": "40", "count": 1, "value": "60", "level": "",
        "period": "2025-01-01T00:00:00Z", "at": "2025-01-10T12:00:00Z", "record": "c7", "group": {},
    }  # fmt: skip
    assert list(found.ids) == [found.id]
    assert repr(found) == f"<Crossed {found.id}>"


def test_ids_cannot_be_made_alike() -> None:
    """A key that holds what parts an id gives no id of another."""
    keys = ["a", "a|", "a\\", "a|40", "a||40||0", 'a|[["x","y"]]', 'a|[["x","y|"]]']
    plain = [Alert(key=key, spend="40") for key in keys]
    parted = [Alert(key=key, spend="40", each=["x"]) for key in keys]
    found = []
    for alerts in (plain, parted):
        for value in ("", "y", "y|", '"|[["x","y'):
            watch = Watch(alerts)
            reading = Reading(subtotal=40, more={Gauge("subtotal", "", {"x": value}): 40})
            signals = watch.record(watch.zero(), NOON, reading, group={"x": value})[1]
            found += [each.id for each in signals if isinstance(each, Crossed)]
    # The plain ones say the same in every group.
    assert len(set(found)) == len(keys) + 4 * len(keys)


def test_steps_from_one_anchor() -> None:
    """Further thresholds are counted from the first, and all that are reached at once are told as one."""
    watch = Watch([Alert(spend="50", every="100")])
    assert crossed(watch, [spent(each) for each in (49, 100, 149, 150, 360, 449)]) == [
        [], ["50"], [], ["150"], ["250", "350"], [],
    ]  # fmt: skip
    found = run(watch, [spent("1e24".replace("1e24", "1" + "0" * 24))])[0][0]
    assert isinstance(found, Crossed)
    assert (found.count, found.threshold) == (10**22, Decimal("999999999999999999999950"))


def test_a_bounded_number_of_steps() -> None:
    """With `times` there are so many thresholds and no more."""
    watch = Watch([Alert(quantity=10, meter="tokens", every=1, times=3)])
    assert crossed(watch, [tokens(each) for each in (9, 10, 11, 15, 20)]) == [[], ["10"], ["11"], ["12"], []]


def test_splitting_changes_no_ids() -> None:
    """What is crossed in one jump has the ids of what is crossed on the way."""
    watch = Watch([Alert(spend="50", every="100")])

    def ids(readings: list[Reading]) -> list[str]:
        return [
            id for signals in run(watch, readings) for each in signals if isinstance(each, Crossed) for id in each.ids
        ]

    assert ids([spent(400)]) == ids([spent(50), spent(200), spent(400)])


def test_balance_running_low() -> None:
    """A balance is low at or below the threshold; further thresholds lie below the first."""
    watch = Watch([Alert(balance=50, unit="credits"), Alert(balance=20, every=10, times=3, key="money")])
    readings = [Reading(balance=money, balances={"credits": left}) for money, left in [
        (100, 51), (20, 50), (15, 10), (0, 0), (-30, 0)]]  # fmt: skip
    assert crossed(watch, readings) == [[], ["50", "20"], [], ["10", "0"], []]


def test_recovering() -> None:
    """With `recover` a threshold goes off again once the figure did go back, and each time has an id of its own."""
    watch = Watch([Alert(balance=50, unit="c", rearm="recover", rearm_at=80)])
    readings = [Reading(balances={"c": each}) for each in (60, 50, 79, 80, 81, 40, 90)]
    found = run(watch, readings)
    assert [told(each) for each in found] == [
        [], ["crossed alert on balance c at 50"], [], [], ["rearmed alert on balance c at 50"],
        ["crossed alert on balance c at 50"], ["rearmed alert on balance c at 50"],
    ]  # fmt: skip
    assert len({each.id for signals in found for each in signals if isinstance(each, Crossed)}) == 2
    (back,) = found[4]
    assert isinstance(back, Rearmed)
    assert back.to_json() == {
        "signal": "rearmed", "key": "alert on balance c at 50", "value": "81", "at": "2025-01-10T12:00:00Z",
        "record": None, "group": {},
    }  # fmt: skip
    assert repr(back) == "<Rearmed alert on balance c at 50>"


def test_recovering_upwards() -> None:
    """A figure that rises recovers below its threshold, or below the one told in `rearm_at`."""
    plain, far = Alert(spend=50, rearm="recover", key="a"), Alert(spend=50, rearm="recover", rearm_at=40, key="b")
    found = run(Watch([plain, far]), [spent(each) for each in (50, 49, 50, 39, 50)])
    assert [told(each) for each in found] == [
        ["crossed a", "crossed b"], ["rearmed a"], ["crossed a"], ["rearmed a", "rearmed b"],
        ["crossed a", "crossed b"],
    ]  # fmt: skip
    steps = Watch([Alert(spend=50, every=10, rearm="recover", key="a")])
    assert crossed(steps, [spent(each) for each in (75, 61, 75)]) == [["50", "60", "70"], [], ["70"]]


def test_periods() -> None:
    """In the next period it may go off again, or never; a period before the one reached is refused."""

    def reading(value: int, month: int | None) -> Reading:
        return Reading(subtotal=value, period=None if month is None else Period.month(2025, month))

    again, never = Watch([Alert(spend=50)]), Watch([Alert(spend=50, rearm="never")])
    readings = [reading(50, 1), reading(60, 2), reading(10, 3), reading(60, 3)]
    assert crossed(again, readings) == [["50"], ["50"], [], ["50"]]
    assert crossed(never, readings) == [["50"], [], [], []]
    for month in (1, None):
        with pytest.raises(MismatchError, match=r"keep a state for each period") as error:
            run(again, [reading(50, 2), reading(60, month)])
        assert error.value.code == "reading.period"
    # As long as nothing was told, nothing is lost.
    assert crossed(again, [reading(10, 2), reading(60, 1)]) == [[], ["50"]]


def test_percent_of_a_budget() -> None:
    """A percentage of a budget is one threshold each."""
    watch = Watch([Alert(percent=each, budget=200) for each in (50, 75, 100)])
    assert crossed(watch, [spent(each) for each in (90, 100, 160, 199, 205)]) == [[], ["100"], ["150"], [], ["200"]]
    assert watch.guards[0].name == "alert on percent of 200 subtotal at 50"
    prices = {"USD": 200, "EUR": 180}
    assert crossed(Watch([Alert(percent=50, budget=prices)], currency="EUR"), [spent(90)]) == [["90"]]


def test_percent_of_a_cap() -> None:
    """A percentage of a cap reads what the cap reads, wherever the two stand in the list."""
    cap = Cap(quantity=200, meter="tokens")
    watch = Watch([Alert(percent=80, cap=cap.name), cap])
    assert crossed(watch, [tokens(159), tokens(160)]) == [[], ["160"]]
    assert watch.guards[0].name == "alert on percent of cap on quantity tokens at 80"


def test_percent_of_a_cap_with_a_window() -> None:
    """An alert on such a cap reads the cap's window, and goes off once in each."""
    daily = Cap(quantity=10, meter="tokens", per=Cadence.calendar("day"), key="day")
    watch = Watch([Alert(percent=80, cap="day", key="a"), daily])
    state = watch.admit(watch.zero(), NOON, uses=tokens(8))[0]
    state, first = watch.record(state, NOON)
    state, again = watch.record(state, later(5))
    assert (told(first), again) == (["crossed a"], ())
    state, early = watch.record(state, later(86_400), uses=tokens(7))
    state, second = watch.record(state, later(86_500), uses=tokens(4))
    assert (early, told(second)) == ((), ["crossed a", "breach day"])
    ids = [each.id for each in (*first, *second) if isinstance(each, Crossed)]
    assert ids == ["a||8|2025-01-10T00:00:00Z|0", "a||8|2025-01-11T00:00:00Z|0"]
    rolling = Cap(quantity=10, meter="tokens", window_seconds=60, key="minute", each=["user"])
    watch = Watch([rolling, Alert(percent=50, cap="minute", key="a", rearm="recover", each=["user"])])
    state = watch.admit(watch.zero(), NOON, uses=tokens(5), group={"user": "ana"})[0]
    state, signals = watch.record(state, NOON, group={"user": "bo"})
    assert signals == ()
    state, signals = watch.record(state, NOON, group={"user": "ana"})
    assert (told(signals), signals[0].group) == (["crossed a"], (("user", "ana"),))
    state, signals = watch.record(state, later(60), group={"user": "ana"})
    assert told(signals) == ["rearmed a"]
    one = Watch([Cap(spend=10, window_seconds=60, key="c", group={"user": "ana"}), Alert(percent=50, cap="c", key="a")])
    state = one.admit(one.zero(), NOON, uses=spent(5), group={"user": "ana"})[0]
    state, signals = one.record(state, NOON, uses=spent(0), group={"user": "bo"})
    assert told(signals) == ["crossed a"]


def test_forecast_and_others() -> None:
    """Each alert reads the figure it is on."""
    readings = {
        Alert(forecast=5): Reading(forecast=5),
        Alert(spend=5, of="due"): Reading(due=5),
        Alert(spend=5, item="i"): Reading(items={"i": 5}),
        Alert(quantity=5, item="i"): Reading(units={"i": 5}),
        Alert(spend=5, scope="customer"): Reading(customer=spent(5)),
        Alert(forecast={"USD": 5}): Reading(forecast=5),
    }
    for alert, reading in readings.items():
        assert crossed(Watch([alert], currency="USD"), [reading]) == [["5"]], alert
    names = [each.name for each in readings]
    assert names == [
        "alert on forecast at 5", "alert on due at 5", "alert on amount i at 5", "alert on units i at 5",
        "alert on subtotal at 5 for the customer", "alert on forecast at USD 5",
    ]  # fmt: skip


def test_margin() -> None:
    """A margin alert goes off at or below, also at a cost without a price, and not at nothing."""
    watch = Watch([Alert(margin=30, rearm="recover", rearm_at=40), Alert(margin=30, item="i")])
    assert [each.name for each in watch.guards] == ["alert on margin at 30", "alert on margin i at 30"]

    def reading(price: int, cost: int) -> Reading:
        return Reading(gross=price, cost=cost, items={"i": price}, costs={"i": cost})

    found = run(
        watch, [reading(0, 0), reading(100, 69), reading(100, 70), reading(100, 60), reading(100, 59), reading(0, 1)]
    )
    assert [[(type(each).__name__, each.value) for each in signals if each.key == "alert on margin at 30"]
            for signals in found] == [
        [], [], [("Crossed", 30)], [], [("Rearmed", 41)], [("Crossed", None)],
    ]  # fmt: skip
    assert [len([each for each in signals if each.key.endswith("i at 30")]) for signals in found] == [0, 0, 1, 0, 0, 0]


def test_groups_with_overrides() -> None:
    """One alert for each team, one team with its own threshold, and one that is left alone."""
    others = Alert(spend=100, each=["team"], without=[{"team": "ml"}, {"team": "ops"}], key="team")
    watch = Watch([others, Alert(spend=1000, group={"team": "ml"}, key="ml")])
    state = watch.zero()
    found: list[tuple[str, str]] = []
    for team, value in [("web", 150), ("ml", 900), ("ops", 5000), ("api", 99), ("web", 160), ("ml", 1000)]:
        reading = Reading(more={Gauge("subtotal", "", {"team": team}): value})
        state, signals = watch.record(state, NOON, reading, group={"team": team})
        found += [(each.key, dict(each.group).get("team", "")) for each in signals]
    assert found == [("team", "web"), ("ml", "")]
    assert watch.load(watch.dump(state)) == state
    # A record without the dimension is in the group without a value.
    nobody = Reading(more={Gauge("subtotal", "", {"team": ""}): 500})
    assert watch.record(state, NOON, nobody, group={})[1][0].group == (("team", ""),)
    with pytest.raises(MismatchError, match=r"say in which group") as error:
        watch.record(state, NOON, spent(5))
    assert error.value.code == "guard.group"


def test_what_a_late_alert_missed() -> None:
    """A history replayed tells what would have been told; from there, or from a reading, nothing is told twice."""
    watch = Watch([Alert(spend=40), Alert(spend=80)])
    history: list[tuple[datetime | str, Reading, str | None]] = [
        (later(n), spent(30 * n), f"r{n}") for n in range(1, 3)
    ]
    state, missed = watch.replay(history)
    assert [(each.record, each.key) for each in missed if isinstance(each, Crossed)] == [
        ("r2", "alert on subtotal at 40")
    ]
    assert told(watch.record(state, later(9), spent(90))[1]) == ["crossed alert on subtotal at 80"]
    assert watch.record(watch.begin(later(2), spent(60)), later(3), spent(70))[1] == ()


def test_wrong_caps_of_alerts() -> None:
    """A percentage of a cap that is not there, or that watches other groups, is told when the guards come together."""
    cap = Cap(spend=5, key="c", each=["team"])
    for guards, code in [
        ([Alert(percent=5, cap="x")], "key.unknown"),
        ([Alert(percent=5, cap="a", key="b"), Alert(spend=5, key="a")], "key.unknown"),
        ([cap, Alert(percent=5, cap="c")], "alert.cap"),
    ]:
        with pytest.raises(DefinitionError) as error:
            Watch(guards)
        assert [each.code for each in error.value.problems] == [code]
        assert error.value.path.startswith("guards[")


FAULTS: list[tuple[dict[str, object], list[tuple[str, str]]]] = [
    ({}, [("", "alert.what")]),
    ({"spend": 1, "margin": 2}, [("", "alert.what")]),
    ({"spend": 0}, [("spend", "number.small")]),
    ({"forecast": {"USD": 0}}, [("forecast", "number.small")]),
    ({"balance": -5}, []),
    ({"margin": -5}, []),
    ({"percent": 5}, [("percent", "alert.percent")]),
    ({"spend": 5, "budget": 5}, [("percent", "alert.percent")]),
    ({"percent": 5, "budget": 5, "cap": "c"}, [("cap", "alert.percent")]),
    ({"percent": 5, "cap": "c", "meter": "m"}, [("meter", "guard.scope")]),
    ({"percent": 5, "budget": 5, "item": "i"}, []),
    ({"spend": 5, "every": 0}, [("every", "alert.every")]),
    ({"margin": 5, "every": 1}, [("every", "alert.every")]),
    ({"spend": 5, "times": 2}, [("times", "alert.every")]),
    ({"spend": 5, "every": 1, "times": 0}, [("times", "number.small")]),
    ({"spend": 5, "rearm_at": 4}, [("rearm_at", "alert.rearm")]),
    ({"spend": 5, "rearm": "recover", "rearm_at": 6}, [("rearm_at", "alert.rearm")]),
    ({"balance": 5, "rearm": "recover", "rearm_at": 4}, [("rearm_at", "alert.rearm")]),
    ({"spend": 5, "rearm": "recover", "rearm_at": 4, "every": 1}, [("rearm_at", "alert.rearm")]),
    ({"quantity": 5}, [("meter", "guard.scope")]),
    ({"forecast": 5, "item": "i"}, [("item", "guard.scope")]),
    ({"balance": 5, "item": "i"}, [("item", "guard.scope")]),
    ({"margin": 5, "unit": "i"}, [("unit", "guard.scope")]),
]


@pytest.mark.parametrize(("given", "found"), FAULTS)
def test_faults(given: dict[str, object], found: list[tuple[str, str]]) -> None:
    """A wrong alert cannot be built, and says where and why."""
    assert faults(Alert, **given) == found


LEVELS = [VolumeLevel(name="info", at=250), VolumeLevel(name="warning", at=500), VolumeLevel(name="critical", at=1000)]


def test_levels() -> None:
    """A quantity has the highest level it has reached, and each level newly reached is told by name."""
    volume = VolumeThreshold(meter="tokens", levels=LEVELS)
    assert [volume.level(each) for each in ("249.99", 250, "999.99", 1000)] == [None, "info", "warning", "critical"]
    found = run(Watch([volume]), [tokens(each) for each in (249, 600, 400, 2000)])
    assert [[each.level for each in signals if isinstance(each, Crossed)] for signals in found] == [
        [], ["info", "warning"], [], ["critical"],
    ]  # fmt: skip
    again = VolumeThreshold(item="i", levels=LEVELS, rearm="recover", scope="customer", each=["team"])
    assert again.name == "volume of i for each team for the customer"
    watch = Watch([again])
    state = watch.zero()
    for value, signals in [(600, ["crossed", "crossed"]), (400, ["rearmed"]), (500, ["crossed"])]:
        reading = Reading(customer=Reading(more={Gauge("units", "i", {"team": "a"}): value}))
        state, heard = watch.record(state, NOON, reading, group={"team": "a"})
        assert [each.to_json()["signal"] for each in heard] == signals


def test_faults_of_levels() -> None:
    """Levels rise, have names of their own, and are of a meter or an item."""
    twice = [{"name": "a", "at": 0}, {"name": "a", "at": 0}]
    assert faults(VolumeThreshold, meter="m", levels=twice) == [
        ("levels[0].at", "volume.order"), ("levels[1].at", "volume.order"), ("levels[1].name", "volume.twice"),
    ]  # fmt: skip
    assert faults(VolumeThreshold, meter="m", levels=[]) == [("levels", "list.short")]
    assert faults(VolumeThreshold, levels=[{"name": "a", "at": 1}]) == [("meter", "guard.scope")]
