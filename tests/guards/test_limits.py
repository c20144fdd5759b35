"""Rate limits, one by one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratecard._numbers import div
from ratecard.cadence import Cadence
from ratecard.errors import MismatchError
from ratecard.guards import (
    Alert,
    Cap,
    Concurrency,
    FixedWindow,
    Gauge,
    Guard,
    Reading,
    SlidingWindow,
    State,
    TokenBucket,
    Verdict,
    Watch,
    _each,
)
from ratecard.periods import Period
from tests.guards._tools import NOON, faults, later, tokens


def calls(watch: Watch, times: list[str]) -> list[str]:
    """One call at each time: `ok`, or the seconds to wait."""
    state, found = watch.zero(), []
    for at in times:
        state, verdict = watch.admit(state, later(at))
        found.append("ok" if verdict else str(verdict.retry_after))
    return found


def test_bucket_burst() -> None:
    """A bucket starts full, and a full one takes so many at once."""
    watch = Watch([TokenBucket(capacity=15, refill=10)])
    assert calls(watch, ["0"] * 17) == ["ok"] * 15 + ["0.1"] * 2


def test_bucket_refill() -> None:
    """What came back is exact, also the half that stays."""
    watch = Watch([TokenBucket(capacity=30, refill=15)])
    state, found = watch.zero(), []
    for at in ["0"] * 30 + ["0.5"] * 10:
        state, verdict = watch.admit(state, later(at))
        found.append(verdict.allowed)
    assert (found[:30], found[30:]) == ([True] * 30, [True] * 7 + [False] * 3)
    assert watch.left(state, later("0.5")) == {"token_bucket of calls": Decimal("0.5")}
    assert watch.left(state, later(100)) == {"token_bucket of calls": 30}


def test_bucket_in_steps() -> None:
    """Filled in steps nothing comes before the interval is over, and all of it then."""
    bucket = TokenBucket(capacity=5, refill=2, interval_seconds=10, fill="steps")
    assert calls(Watch([bucket]), ["0"] * 5 + ["9.9"] + ["10"] * 3 + ["60"] * 6) == [
        *["ok"] * 5, "0.1", "ok", "ok", "10", *["ok"] * 5, "10",
    ]  # fmt: skip
    watch = Watch([TokenBucket(capacity=5, refill=2, interval_seconds=10, fill="steps", meter="tokens")])
    state = watch.admit(watch.zero(), NOON, uses=tokens(5))[0]
    assert watch.admit(state, later(1), uses=tokens(3))[1].retry_after == 19


def test_bucket_waits_exactly() -> None:
    """At the time that was told it passes, and a microsecond before it does not."""
    watch = Watch([TokenBucket(capacity=1, refill=3, interval_seconds=7)])
    state = watch.admit(watch.zero(), NOON)[0]
    wait = watch.admit(state, later("0.4"))[1].retry_after
    assert wait == Decimal("1.933334")  # a third of 7 s, rounded up to the microsecond
    assert watch.admit(state, later("2.333334"))[1].allowed
    assert watch.admit(state, later("2.333333"))[1].retry_after == Decimal("0.000001")


def test_bucket_counts_quantities() -> None:
    """Tokens in place of calls; what is more than the bucket holds never passes."""
    watch = Watch([TokenBucket(capacity=100, refill=1, meter="tokens")])
    state, verdict = watch.admit(watch.zero(), NOON, uses=tokens("99.5"))
    assert verdict.left == {"token_bucket of tokens": Decimal("0.5")}
    verdict = watch.admit(state, NOON, uses=tokens(2))[1]
    assert (verdict.retry_after, verdict.limits[0].value) == (Decimal("1.5"), Decimal("101.5"))
    assert watch.admit(state, NOON, uses=tokens(101))[1].retry_after is None
    assert watch.admit(state, NOON, uses=tokens(0))[0] is state
    with pytest.raises(MismatchError, match=r"say in `uses`") as error:
        watch.admit(state, NOON)
    assert error.value.code == "reading.missing"
    # What does not end in digits is counted in grains, rounded up: three thirds are a trifle more than the whole.
    thirds, state, found = Reading(quantities={"tokens": div(Decimal(100), 3)}), watch.zero(), []
    for _ in range(3):
        state, verdict = watch.admit(state, NOON, uses=thirds)
        found.append(verdict.allowed)
    assert found == [True, True, False]
    assert verdict.retry_after == Decimal("0.000001")


def test_bucket_mended() -> None:
    """
    What ran beyond what was admitted is drawn, also below 0; what did not run is put back, never above full.

    A request below 0 fills nothing in.
    """
    watch = Watch([TokenBucket(capacity=10, refill=1, meter="tokens")])
    state = watch.admit(watch.zero(), NOON, uses=tokens(4))[0]
    state = watch.record(state, NOON, uses=tokens(-3))[0]
    assert watch.left(state, NOON) == {"token_bucket of tokens": 9}
    state = watch.record(state, NOON, uses=tokens(-3))[0]
    assert watch.left(state, NOON) == {"token_bucket of tokens": 10}
    state = watch.record(state, NOON, uses=tokens(15))[0]
    assert watch.left(state, NOON) == {"token_bucket of tokens": 0}
    assert watch.admit(state, NOON, uses=tokens(1))[1].retry_after == 6
    assert watch.record(state, NOON)[0] is state
    assert watch.admit(state, NOON, uses=tokens(-7))[0] is state


def test_time_never_runs_backwards() -> None:
    """An instant before the latest one is taken as that one, and the wait is told from the instant that was given."""
    watch = Watch([TokenBucket(capacity=1, refill=1)])
    state = watch.admit(watch.zero(), later(10))[0]
    verdict = watch.admit(state, later(4))[1]
    assert (verdict.allowed, verdict.retry_after) == (False, 7)
    assert watch.admit(state, later(11))[1].allowed


def test_fixed_windows() -> None:
    """Windows begin on whole multiples of their length, and each at 0."""
    watch = Watch([FixedWindow(limit=2, window_seconds=60)])
    assert calls(watch, ["1", "58", "59", "60", "119", "119.5"]) == ["ok", "ok", "1", "ok", "ok", "0.5"]
    monthly = Watch([FixedWindow(limit=3, per=Cadence.calendar("month"), meter="tokens")])
    assert monthly.guards[0].name == "fixed_window of tokens in a month"
    state = monthly.admit(monthly.zero(), "2025-01-31T23:00:00Z", uses=tokens(3))[0]
    assert monthly.admit(state, "2025-01-31T23:00:00Z", uses=tokens(1))[1].retry_after == 3600
    assert monthly.admit(state, "2025-01-31T23:00:00Z", uses=tokens(4))[1].retry_after is None
    state, verdict = monthly.admit(state, "2025-02-01T00:00:00Z", uses=tokens(3))
    assert verdict.allowed
    february = "2025-02-02T00:00:00Z"
    state = monthly.record(state, february, uses=tokens(-2), admitted_at="2025-01-31T23:00:00Z")[0]
    assert monthly.left(state, february) == {"fixed_window of tokens in a month": 0}
    state = monthly.record(state, february, uses=tokens(-2), admitted_at="2025-02-01T00:00:00Z")[0]
    assert monthly.left(state, february) == {"fixed_window of tokens in a month": 2}
    state = monthly.record(state, february, uses=tokens(-5), admitted_at="2025-02-01T00:00:00Z")[0]
    assert monthly.left(state, february) == {"fixed_window of tokens in a month": 3}
    assert monthly.record(monthly.zero(), february, uses=tokens(-5), admitted_at=february)[1] == ()


def test_both_limits_bind() -> None:
    """Ten a day and fifteen a month: neither replaces the other, and the wait is the longest."""
    day, month = (
        FixedWindow(limit=10, per=Cadence.calendar("day")),
        FixedWindow(limit=15, per=Cadence.calendar("month")),
    )
    watch = Watch([month, day])
    state = watch.zero()
    for _ in range(10):
        state, verdict = watch.admit(state, NOON)
        assert verdict.allowed
    verdict = watch.admit(state, NOON)[1]
    assert ([each.key for each in verdict.limits], verdict.retry_after) == (["fixed_window of calls in a day"], 43_200)
    state = watch.admit(state, later(86_400), calls=5)[0]
    verdict = watch.admit(state, later(86_400), calls=6)[1]
    # 21 of 15 is further over than 11 of 10.
    assert [each.key for each in verdict.limits] == [
        "fixed_window of calls in a month",
        "fixed_window of calls in a day",
    ]


def test_sliding_windows() -> None:
    """Every stretch of the length counts, and just so long ago is out."""
    watch = Watch([SlidingWindow(limit=3, window_seconds=10)])
    assert calls(watch, ["0", "5", "9", "9.5", "10", "14", "15", "16"]) == [
        "ok", "ok", "ok", "0.5", "ok", "1", "ok", "3",
    ]  # fmt: skip
    state = watch.admit(watch.zero(), NOON, calls=3)[0]
    assert watch.admit(state, NOON, calls=4)[1].retry_after is None
    assert Watch([SlidingWindow(limit=0, window_seconds=1)]).admit(watch.zero(), NOON)[1].limits[0].factor is None


@pytest.mark.parametrize(
    ("limit", "given", "in_time", "too_late"),
    [
        (FixedWindow(limit=10, meter="tokens", window_seconds=60, key="w"), "9", "7", "10"),
        # What is below 0 was never counted here, so there is nothing of it to take away.
        (SlidingWindow(limit=10, meter="tokens", window_seconds=60, key="w"), "6", "6", "10"),
    ],
    ids=["fixed", "sliding"],
)
def test_less_was_given_than_admitted(limit: Guard, given: str, in_time: str, too_late: str) -> None:
    """Where -3 were admitted and -1 ran, the window of the admission has 2 more in it; one that is over changes not."""
    watch = Watch([limit])
    state, _ = watch.admit(watch.zero(), NOON, uses=tokens(4))
    state, verdict = watch.admit(state, later(1), uses=tokens(-3))
    assert verdict.left == {"w": Decimal(given)}
    for at, left in ((later(2), in_time), (later(62), too_late)):
        new, _ = watch.record(state, at, uses=tokens(2), admitted_at=later(1), admitted_uses=tokens(-3))
        assert watch.left(new, at) == {"w": Decimal(left)}


def test_a_limit_of_nothing_is_lifted_first() -> None:
    """A limit of 0 is passed by any factor; those equally far over keep the order of the guards."""
    guards = [SlidingWindow(limit=limit, window_seconds=1, key=key) for key, limit in [
        ("a", 1), ("b", 0), ("c", "0.5"), ("d", 1), ("e", 0)]]  # fmt: skip
    watch = Watch(guards)
    assert [each.key for each in watch.admit(watch.zero(), NOON, calls=2)[1].limits] == ["b", "e", "c", "a", "d"]


def hold(watch: Watch, state: State, id: str, amount: int = 1, at: str = "0") -> tuple[State, bool]:
    """Ask to hold so many tokens."""
    state, verdict = watch.admit(state, later(at), uses=tokens(amount), id=id)
    return state, verdict.allowed


def test_concurrency() -> None:
    """So many at once; what is released makes room, and the same id again takes the place of what it held."""
    watch = Watch([Concurrency(limit=2, meter="tokens")])
    state, first = hold(watch, watch.zero(), "a")
    state, more = hold(watch, state, "b", 2)
    state, again = hold(watch, state, "a", 2)
    assert (first, more, again) == (True, False, True)
    assert watch.left(state, NOON) == {"concurrency of tokens": 0}
    verdict = watch.admit(state, NOON, uses=tokens(1), id="b")[1]
    assert (verdict.allowed, verdict.retry_after, verdict.limits[0].value) == (False, None, 3)
    assert watch.release(state, "nobody") is state
    state = watch.release(state, "a")
    assert (watch.left(state, NOON), state.version) == ({"concurrency of tokens": 2}, 3)
    assert watch.admit(state, NOON, uses=tokens(0), id="c")[0] is state
    with pytest.raises(MismatchError, match=r"give the request an id") as error:
        watch.admit(state, NOON, uses=tokens(1))
    assert error.value.code == "guard.id"


def test_leases() -> None:
    """What is held ends with its lease, and the wait is told where all of it has one; a lease of 0 holds nothing."""
    watch = Watch([Concurrency(limit=2, lease_seconds=10)])
    state = watch.admit(watch.zero(), NOON, id="a")[0]
    state = watch.admit(state, later(4), id="b")[0]
    assert watch.admit(state, later(6), id="c")[1].retry_after == 4
    assert watch.admit(state, later(6), id="c", calls=2)[1].retry_after == 8
    assert watch.admit(state, later(6), id="c", calls=3)[1].retry_after is None
    state, verdict = watch.admit(state, later(10), id="c")
    assert verdict.allowed
    assert [row[0] for row in watch.dump(state)["parts"]["concurrency of calls"]] == ["b", "c"]
    watch = Watch([Concurrency(limit=2, lease_seconds=0)])
    assert watch.admit(watch.zero(), NOON, id="a", calls=2)[0] == watch.zero()
    assert not watch.admit(watch.zero(), NOON, id="a", calls=3)[1].allowed


def test_each_group_on_its_own() -> None:
    """Every group has its own bucket, and what is full again is forgotten when there are too many."""
    watch = Watch([TokenBucket(capacity=1, refill=1, each=["user"], group={"model": "big"})])
    assert watch.guards[0].name == "token_bucket of calls in model=big for each user"
    state = watch.zero()
    found = []
    for user, model in [("ana", "big"), ("bo", "big"), ("ana", "big"), ("ana", "small")]:
        state, verdict = watch.admit(state, NOON, group={"user": user, "model": model})
        found.append(verdict.allowed)
    assert found == [True, True, False, True]
    ana = {"user": "ana", "model": "big"}
    assert watch.left(state, NOON, group=ana) == {"token_bucket of calls in model=big for each user": 0}
    assert watch.left(state, NOON, group={"model": "small"}) == {}
    assert watch.left(state, NOON) == {}
    assert watch.load(watch.dump(state)) == state


def test_too_many_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups that say no more than new ones make room; when none does, it is an error and not a hole."""
    monkeypatch.setattr(_each, "GROUPS_MAX", 2)
    for guard in (
        TokenBucket(capacity=1, refill=1, each=["user"]),
        SlidingWindow(limit=1, window_seconds=1, each=["user"]),
        Concurrency(limit=1, lease_seconds=1, each=["user"]),
        Cap(spend=1, window_seconds=1, each=["user"]),
    ):
        watch = Watch([guard])
        state = watch.zero()

        def ask(watch: Watch, state: State, user: str, at: int = 0) -> tuple[State, Verdict]:
            return watch.admit(state, later(at), group={"user": user}, id="x", uses=Reading(subtotal=1))

        for user in "ab":
            state = ask(watch, state, user)[0]
        with pytest.raises(MismatchError, match=r"keep a state for each group") as error:
            ask(watch, state, "c")
        assert error.value.code == "guard.groups"
        state, verdict = ask(watch, state, "c", at=1)
        assert verdict.allowed
        assert len(watch.dump(state)["parts"][guard.name]["groups"]) == 1


def test_too_many_groups_of_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group whose alert may go off again makes room for another; one that has gone off does not."""
    monkeypatch.setattr(_each, "GROUPS_MAX", 1)
    watch = Watch([Alert(spend=5, each=["user"])])

    def spends(state: State, user: str, month: int, value: int) -> State:
        figure = {Gauge("subtotal", "", {"user": user}): value}
        reading = Reading(more=figure, period=Period.month(2025, month))
        return watch.record(state, NOON, reading, group={"user": user})[0]

    state = spends(watch.zero(), "a", 1, 5)
    with pytest.raises(MismatchError):
        spends(state, "b", 1, 5)
    state = spends(spends(state, "a", 2, 1), "b", 2, 5)
    found = {"each": ["user"], "groups": [[["b"], [0, 0, 1738368000000000]]]}
    assert watch.dump(state)["parts"]["alert on subtotal at 5 for each user"] == found


def test_release_in_groups() -> None:
    """A release reaches the group that holds it, and leaves all else as it is."""
    watch = Watch([Concurrency(limit=1, each=["user"])])
    state = watch.admit(watch.zero(), NOON, group={"user": "a"}, id="x")[0]
    assert watch.release(state, "y") is state
    assert watch.admit(watch.release(state, "x"), NOON, group={"user": "a"}, id="z")[1].allowed


FAULTS: list[tuple[type[Guard], dict[str, object], list[tuple[str, str]]]] = [
    (TokenBucket, {"capacity": 0, "refill": -1}, [("capacity", "number.small"), ("refill", "number.small")]),
    (TokenBucket, {"capacity": 1, "refill": 1, "interval_seconds": 0}, [("interval_seconds", "guard.window")]),
    (TokenBucket, {"capacity": 1, "refill": 1, "each": ["a", "a"]}, [("each[1]", "guard.each")]),
    (FixedWindow, {"limit": -1, "window_seconds": 1}, [("limit", "number.small")]),
    (FixedWindow, {"limit": 1}, [("window_seconds", "guard.window")]),
    (FixedWindow, {"limit": 1, "window_seconds": 1, "per": {}}, [("per", "guard.window")]),
    (SlidingWindow, {"limit": 1, "window_seconds": "-1"}, [("window_seconds", "guard.window")]),
    (Concurrency, {"limit": 1, "lease_seconds": "-1"}, [("lease_seconds", "guard.window")]),
    (Concurrency, {"limit": 1, "lease_seconds": "0.0000001"}, [("lease_seconds", "guard.window")]),
]


@pytest.mark.parametrize(("kind", "given", "found"), FAULTS)
def test_faults(kind: type[Guard], given: dict[str, object], found: list[tuple[str, str]]) -> None:
    """A wrong limit cannot be built, and says where and why."""
    assert faults(kind, **given) == found
