"""Caps of the billing period, and caps with a window of their own."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratecard._numbers import div
from ratecard.cadence import Cadence
from ratecard.errors import MismatchError
from ratecard.guards import Alert, Breach, Cap, Gauge, Reading, State, TokenBucket, Watch
from ratecard.guards._base import Look, Setting, Work
from ratecard.guards._edges import UNTOLD
from ratecard.periods import Period
from tests.guards._tools import NOON, faults, later, per_token, spent, tokens, told

ZERO_READING = spent(0)


def test_equality_is_allowed() -> None:
    """Something is allowed exactly when the reading after it is at or under the cap."""
    watch = Watch([Cap(spend="100")])
    verdicts = [watch.admit(watch.zero(), NOON, after=spent(each))[1] for each in ("99.99", "100", "100.01")]
    assert [each.allowed for each in verdicts] == [True, True, False]
    (bound,) = verdicts[2].limits
    assert (bound.key, bound.kind, bound.limit, bound.value) == ("cap on subtotal", "cap", 100, Decimal("100.01"))
    assert verdicts[2].explain() == "refused:\n  cap on subtotal: 100.01 against 100"
    assert (verdicts[2].retry_after, verdicts[2].left, verdicts[2].fits) == (None, {}, None)
    assert verdicts[0].explain() == "allowed"


def test_asking_changes_nothing() -> None:
    """A cap of the billing period keeps nothing when it is asked."""
    watch = Watch([Cap(spend="100")])
    state = watch.zero()
    assert watch.admit(state, NOON, after=spent(50))[0] is state
    assert watch.admit(state, NOON, after=spent(500))[0] is state


def test_what_is_left() -> None:
    """After what was let through, or as before where it was refused; never below 0."""
    watch = Watch([Cap(spend="100")])
    state = watch.zero()
    assert watch.admit(state, NOON, after=spent(60))[1].left == {"cap on subtotal": 40}
    assert watch.admit(state, NOON, after=spent(160), before=spent(60))[1].left == {"cap on subtotal": 40}
    assert watch.left(state, NOON, spent(300)) == {"cap on subtotal": 0}
    assert watch.left(state, NOON) == {}


def test_wait_for_the_next_period() -> None:
    """Where the period is known, waiting for its end is the answer."""
    after = Reading(subtotal="101", period=Period("2025-01-01", "2025-02-01"))
    watch = Watch([Cap(spend="100")])
    verdict = watch.admit(watch.zero(), "2025-01-31T23:59:59.5Z", after=after)[1]
    assert verdict.retry_after == Decimal("0.5")


@pytest.mark.parametrize(
    ("cap", "gauge", "name"),
    [
        (Cap(spend=5, of="due"), Gauge("due"), "cap on due"),
        (Cap(spend=5, item="i"), Gauge("amount", "i"), "cap on amount i"),
        (Cap(spend=5, scope="customer"), Gauge("subtotal", customer=True), "cap on subtotal for the customer"),
        (Cap(quantity=5, meter="m"), Gauge("quantity", "m"), "cap on quantity m"),
        (Cap(quantity=5, item="i"), Gauge("units", "i"), "cap on units i"),
        (Cap(credits=5, unit="c"), Gauge("credits", "c"), "cap on credits c"),
        (
            Cap(spend=5, item="i", group={"x": "1"}),
            Gauge("amount", "i", {"x": "1"}),
            "cap on amount i in x=1",
        ),
        (Cap(spend=5, key="mine"), Gauge("subtotal"), "mine"),
    ],
)
def test_what_a_cap_reads(cap: Cap, gauge: Gauge, name: str) -> None:
    """Each cap reads the figure it is on, is named after it, and allows 5 but not 6 of it."""
    assert (cap.gauge(), cap.name) == (gauge, name)
    watch = Watch([cap])

    def after(value: int) -> Reading:
        held = Gauge(gauge.what, gauge.name, dict(gauge.group))
        inner = Reading(more={held: value})
        return Reading(customer=inner) if gauge.customer else inner

    found = [watch.admit(watch.zero(), NOON, after=after(value))[1].allowed for value in (5, 6)]
    assert found == [True, False]


def test_other_things_are_none_of_its_business() -> None:
    """A passed cap on an item lets through what leaves the item as it was; a passed cap on the bill refuses all."""
    held = Reading(subtotal=10, items={"a": 6, "b": 4})
    item, bill = Watch([Cap(spend=5, item="a")]), Watch([Cap(spend=5)])
    assert item.admit(item.zero(), NOON, before=held, after=Reading(subtotal=12, items={"a": 6, "b": 6}))[1]
    assert not item.admit(item.zero(), NOON, before=held, after=Reading(subtotal=12, items={"a": 8, "b": 4}))[1]
    # What lowers the figure and leaves it over the cap is its business, too.
    assert not item.admit(item.zero(), NOON, before=held, after=Reading(items={"a": "5.5"}))[1]
    assert not bill.admit(bill.zero(), NOON, before=held, after=held)[1]


def test_soft_caps_refuse_nothing() -> None:
    """A soft cap is the bill's: it says what is forgiven, refuses nothing and tells nothing."""
    cap = Cap(spend="1500", mode="soft")
    watch = Watch([cap])
    assert watch.admit(watch.zero(), NOON, after=spent(3000))[1].allowed
    assert watch.record(watch.zero(), NOON, spent(3000)) == (watch.zero(), ())
    assert [cap.over(Decimal(each)) for each in (1000, 1500, 3000)] == [0, 0, 1500]
    assert Cap(spend={"USD": 5, "EUR": 4}, mode="soft").over(Decimal(6), currency="EUR") == 2


def test_clamp_lets_a_part_through() -> None:
    """As much as fits runs; a hard cap lets through all or nothing of it."""
    clamping, hard = Watch([Cap(spend="10", mode="clamp")]), Watch([Cap(spend="10")])
    state, verdict = clamping.admit(clamping.zero(), NOON, portion=per_token("0.3"))
    assert (state, verdict.allowed, verdict.fits) == (clamping.zero(), False, 33)
    assert verdict.left == {"cap on subtotal": Decimal("0.1")}
    assert verdict.explain() == "only 33 allowed:\n  cap on subtotal: 30 against 10"
    verdict = hard.admit(hard.zero(), NOON, portion=per_token("0.3"))[1]
    assert (verdict.allowed, verdict.fits) == (False, 0)
    verdict = clamping.admit(clamping.zero(), NOON, portion=per_token("0.1"))[1]
    assert (verdict.allowed, verdict.fits, verdict.limits) == (True, 100, ())
    verdict = clamping.admit(clamping.zero(), NOON, portion=per_token("0.1", before="10.01"))[1]
    assert (verdict.allowed, verdict.fits) == (False, 0)


def test_all_caps_bind_together() -> None:
    """The tightest clamp decides how much, and a hard cap on what that leaves decides whether."""
    low, high = Cap(key="low", spend="3", mode="clamp"), Cap(key="high", spend="6", mode="clamp")
    for guards in ([high, low, Cap(key="hard", spend="3")], [low, high]):
        watch = Watch(guards)
        verdict = watch.admit(watch.zero(), NOON, portion=per_token("0.3"))[1]
        assert (verdict.fits, [each.key for each in verdict.limits]) == (10, ["low", "high"])
    watch = Watch([high, low, Cap(key="hard", quantity="9", meter="tokens")])
    verdict = watch.admit(watch.zero(), NOON, portion=per_token("0.3"))[1]
    assert (verdict.fits, [each.key for each in verdict.limits]) == (0, ["low", "high", "hard"])


def test_pieces_of_a_clamp() -> None:
    """Where the price falls on the way, what lies on the way counts, though the end would fit."""

    def falling(part: Decimal) -> Reading:
        return spent(part * 10 if part <= 10 else part * 5)

    portion = per_token("1", quantity="15", pieces=[Decimal(10)])
    portion.read = lambda part: (falling(part), falling(part))
    for cap in (Cap(spend="95", mode="clamp"), Cap(spend="95", mode="clamp", window_seconds=60)):
        watch = Watch([cap])
        verdict = watch.admit(watch.zero(), NOON, portion=portion)[1]
        assert verdict.fits == 9
        # All 15 would come to 75, which is under the cap: what is told is what stands in the way.
        assert verdict.explain() == (
            f"only 9 allowed:\n  {cap.name}: 100 against 95; that is at 10 on the way to 15, which come to 75"
        )
        assert verdict.limits[0].factor == div(Decimal(100), 95)
    # Where all of it is dearest, there is nothing to say of the way.
    longer = per_token("1", quantity="40", pieces=[Decimal(10)])
    longer.read = portion.read
    assert watch.admit(watch.zero(), NOON, portion=longer)[1].limits[0].value == 200
    state = watch.admit(watch.zero(), NOON, uses=spent(1))[0]
    low = Watch([Cap(spend="100", mode="clamp", window_seconds=60, key=watch.guards[0].name)])
    # It fits whole when the 1 has left.
    verdict = low.admit(low.load(watch.dump(state)), NOON, portion=portion)[1]
    assert (verdict.fits, verdict.retry_after, verdict.limits[0].value) == (9, 60, 101)
    watch = Watch([Cap(spend="100", mode="clamp"), Cap(spend="100", mode="clamp", window_seconds=60)])
    assert watch.admit(watch.zero(), NOON, portion=portion)[1].allowed


def test_the_crossing_request_may_pass_once() -> None:
    """With overflow the request that crosses runs whole, as long as there was room; the next does not."""
    watch = Watch([Cap(spend="100", overflow="once")])
    ask = watch.admit
    assert ask(watch.zero(), NOON, before=spent(99), after=spent(150))[1].allowed
    assert not ask(watch.zero(), NOON, before=spent(100), after=spent(101))[1].allowed
    with pytest.raises(MismatchError) as error:
        ask(watch.zero(), NOON, after=spent(150))
    assert error.value.code == "reading.before"
    watch = Watch([Cap(spend="100", overflow="once", window_seconds=60)])
    state, verdict = watch.admit(watch.zero(), NOON, uses=spent(150))
    assert verdict.allowed
    verdict = watch.admit(state, later(1), uses=spent(1))[1]
    assert (verdict.allowed, verdict.retry_after) == (False, 59)
    assert watch.admit(state, later(60), uses=spent(1))[1].allowed
    # It passes as soon as there is any room, however much is asked for.
    state = watch.admit(watch.zero(), NOON, uses=spent(60))[0]
    state = watch.admit(state, later(10), uses=spent(40))[0]
    state, verdict = watch.admit(state, later(20), uses=spent(500))
    assert (verdict.allowed, verdict.retry_after) == (False, 40)
    assert watch.admit(state, later(60), uses=spent(500))[1].allowed
    # Just at the cap is no room yet.
    half = Watch([Cap(spend=50, overflow="once", window_seconds=60)])
    state = half.admit(half.zero(), NOON, uses=spent(30))[0]
    state = half.admit(state, later(10), uses=spent(50))[0]
    assert half.admit(state, later(20), uses=spent(1))[1].retry_after == 50
    nothing = Watch([Cap(spend=0, overflow="once", window_seconds=60)])
    assert nothing.admit(nothing.zero(), NOON, uses=spent(1))[1].retry_after is None
    daily = Watch([Cap(spend=10, overflow="once", per=Cadence.calendar("day"))])
    state = daily.admit(daily.zero(), NOON, uses=spent(10))[0]
    assert daily.admit(state, NOON, uses=spent(50))[1].retry_after == 43_200
    nothing = Watch([Cap(spend=0, overflow="once", per=Cadence.calendar("day"))])
    assert nothing.admit(nothing.zero(), NOON, uses=spent(1))[1].retry_after is None


def test_breaches() -> None:
    """What ran is told as a breach when it passes the cap, once each time, and again in the next period."""
    watch = Watch([Cap(spend="100"), Cap(spend="50", mode="clamp", key="low")])

    def reading(value: int, month: int = 1) -> Reading:
        return Reading(subtotal=value, period=Period.month(2025, month))

    state, signals = watch.record(watch.zero(), NOON, reading(100), record="a")
    assert told(signals) == ["breach low"]
    state, signals = watch.record(state, NOON, reading(120), record="b")
    (breach,) = signals
    assert isinstance(breach, Breach)
    assert breach.to_json() == {
        "signal": "breach", "id": "cap on subtotal||100|2025-01-01T00:00:00Z|0",
        "key": "cap on subtotal", "limit": "100", "value": "120",
        "period": "2025-01-01T00:00:00Z", "at": "2025-01-10T12:00:00Z", "record": "b", "group": {},
    }  # fmt: skip
    state, signals = watch.record(state, NOON, reading(130))
    assert signals == ()
    state, signals = watch.record(state, NOON, reading(100))
    assert signals == ()
    state, signals = watch.record(state, NOON, reading(130))
    (second,) = signals
    assert isinstance(second, Breach)
    assert second.id == "cap on subtotal||100|2025-01-01T00:00:00Z|1"
    state, signals = watch.record(state, NOON, reading(130, 2))
    assert told(signals) == ["breach cap on subtotal", "breach low"]
    assert repr(signals[0]) == "<Breach cap on subtotal||100|2025-02-01T00:00:00Z|0>"
    with pytest.raises(MismatchError) as error:
        watch.record(state, NOON, reading(130, 1))
    assert error.value.code == "reading.period"


def test_rolling_windows() -> None:
    """A cap with a window counts what each request takes; what was taken just so long ago is out."""
    watch = Watch([Cap(spend="10", window_seconds=60)])
    state, verdict = watch.admit(watch.zero(), NOON, uses=spent(6))
    assert verdict.left == {"cap on subtotal in 60 s": 4}
    state, verdict = watch.admit(state, later(10), uses=spent(4))
    assert verdict.allowed
    same, verdict = watch.admit(state, later(20), uses=spent("0.01"))
    assert (same is state, verdict.retry_after, verdict.left) == (True, 40, {"cap on subtotal in 60 s": 0})
    assert watch.admit(state, later(20), uses=spent(7))[1].retry_after == 50
    assert watch.admit(state, later(20), uses=spent(11))[1].retry_after is None
    assert watch.admit(state, later("59.999999"), uses=spent(6))[1].retry_after == Decimal("0.000001")
    assert watch.admit(state, later(60), uses=spent(6))[1].allowed
    assert watch.admit(state, later(20), uses=spent(0))[0] is state


def test_calendar_windows() -> None:
    """A cap by a cadence begins anew with each of its periods, also at the turn of the clocks."""
    daily = Cadence.calendar("day", zone="Europe/Stockholm")
    watch = Watch([Cap(quantity="10", meter="tokens", per=daily)])
    # 30 March 2025 has 23 hours in Stockholm.
    state, verdict = watch.admit(watch.zero(), "2025-03-29T23:00:00Z", uses=tokens(10))
    assert verdict.allowed
    state, verdict = watch.admit(state, "2025-03-30T21:00:00Z", uses=tokens(1))
    assert (verdict.allowed, verdict.retry_after) == (False, 3600)
    state, verdict = watch.admit(state, "2025-03-30T22:00:00Z", uses=tokens(10))
    assert verdict.allowed
    assert watch.guards[0].name == "cap on quantity tokens in a day"
    assert Cap(spend=1, per=Cadence(every=2, unit="week", anchor="2025-01-06")).name == "cap on subtotal in 2 weeks"


def test_mending_what_was_admitted() -> None:
    """Less may run than was admitted, or more; more than the cap is told as a breach, and counted."""
    watch = Watch([Cap(spend="10", window_seconds=60)])
    state = watch.admit(watch.zero(), NOON, uses=spent(8))[0]
    state, signals = watch.record(state, later(5), uses=spent(-5), admitted_at=NOON)
    assert (signals, watch.left(state, later(5))) == ((), {"cap on subtotal in 60 s": 7})
    state, signals = watch.record(state, later(6), uses=spent(9), record="r")
    assert told(signals) == ["breach cap on subtotal in 60 s"]
    assert watch.record(state, later(7))[1] == ()
    state, signals = watch.record(state, later(8), uses=spent(-2), admitted_at=later(6))
    assert signals == ()
    assert watch.record(state, later(9), uses=spent(5))[1] != ()


def test_what_is_given_back_comes_off_where_it_was_taken() -> None:
    """Giving back makes no room beyond the limit: what has left the window gives nothing back to what stands in it."""
    watch = Watch([Cap(spend="10", window_seconds=60)])

    def entries(state: State) -> list[tuple[int, str]]:
        part = watch.dump(state)["parts"].get("cap on subtotal in 60 s", [[], None])[0]
        return [((at - first) // 1_000_000, amount) for at, amount in part]

    state = watch.admit(watch.zero(), NOON, uses=spent(4))[0]
    first = state.at or 0
    for second in (10, 20, 30):
        state = watch.admit(state, later(second), uses=spent(2))[0]
    state = watch.record(state, later(31), uses=spent(-1), admitted_at=later(10))[0]
    assert entries(state) == [(0, "4"), (10, "1"), (20, "2"), (30, "2")]
    state = watch.record(state, later(31), uses=spent(-5), admitted_at=later(20))[0]
    assert entries(state) == [(0, "4"), (10, "1"), (30, "2")]
    state = watch.record(state, later(60), uses=spent(-3), admitted_at=NOON)[0]
    assert entries(state) == [(10, "1"), (30, "2")]
    with pytest.raises(MismatchError, match=r"say when that was") as error:
        watch.record(state, later(60), uses=spent(-3))
    assert error.value.code == "guard.admitted"
    # A request that makes the bill cheaper runs, and makes no room in a window that rolls.
    assert watch.admit(state, later(61), uses=spent(-3))[0] is state
    state = watch.record(state, later(62), uses=spent(50))[0]
    assert watch.admit(state, later(63), uses=spent(-3))[1].allowed
    assert not watch.admit(state, later(63), uses=spent(3))[1].allowed


def test_clamp_in_a_window() -> None:
    """A clamp with a window lets through what is left in it, and counts just that."""
    watch = Watch([Cap(quantity="10", meter="tokens", mode="clamp", window_seconds=60)])
    state, verdict = watch.admit(watch.zero(), NOON, portion=per_token("1", quantity="7"))
    assert (verdict.allowed, verdict.fits) == (True, 7)
    state, verdict = watch.admit(state, NOON, portion=per_token("1", quantity="7"))
    assert (verdict.allowed, verdict.fits, verdict.left) == (False, 3, {"cap on quantity tokens in 60 s": 0})
    assert verdict.retry_after == 60
    state, verdict = watch.admit(state, NOON, portion=per_token("1", quantity="7"))
    assert (verdict.allowed, verdict.fits) == (False, 0)


def test_clamp_in_groups() -> None:
    """A clamp cuts what is in its group, and nothing else."""
    watch = Watch(
        [Cap(quantity=10, meter="tokens", mode="clamp", window_seconds=60, each=["user"], without=[{"user": "z"}])]
    )
    state = watch.zero()
    found = []
    for user in ("a", "b", "a", "z"):
        state, verdict = watch.admit(state, NOON, portion=per_token("1", quantity="7"), group={"user": user})
        found.append(verdict.fits)
    assert found == [7, 7, 3, 7]


def test_workers_that_have_no_say() -> None:
    """A worker lets through what it has no say about."""
    work = Alert(spend=5).inner(Setting({}, None), ())
    look = Look(NOON, 0, 0, spent(9))
    assert work.bind(work.zero(), look) == (UNTOLD, None)
    assert work.fits(work.zero(), look, per_token("1")) == (100, None)
    assert work.left(work.zero(), look) is None
    assert TokenBucket(capacity=1, refill=1).inner(Setting({}, None), ()).fits(None, look, per_token("1"))[1] is None
    plain = Work(Alert(spend=5), ())
    assert (plain.note(None, look), plain.idle(None, 0)) == ((None, ()), True)


def test_amounts_by_currency() -> None:
    """A cap written by currency holds in the one at hand, and is an error in any other."""
    cap = Cap(spend={"USD": "100", "EUR": "95"})
    assert [Watch([cap], currency=code).left(Watch([cap], currency=code).zero(), NOON, ZERO_READING)
            for code in ("USD", "EUR")] == [{"cap on subtotal": 100}, {"cap on subtotal": 95}]  # fmt: skip
    for currency in (None, "SEK"):
        with pytest.raises(MismatchError, match=r"EUR, USD") as error:
            Watch([cap], currency=currency)
        assert error.value.code == "guard.currency"
    assert Cap.model_validate_json(cap.model_dump_json()) == cap
    assert cap.model_dump(exclude_unset=True) == {"spend": {"EUR": "95", "USD": "100"}}


FAULTS: list[tuple[dict[str, object], list[tuple[str, str]]]] = [
    ({}, [("", "cap.what")]),
    ({"spend": 1, "credits": 2}, [("", "cap.what")]),
    ({"spend": "-1"}, [("spend", "number.small")]),
    ({"spend": {"USD": "-1"}}, [("spend", "number.small")]),
    ({"spend": {}}, [("spend", "guard.currency")]),
    ({"spend": {"USD": 0.5, "EUR": "1 "}}, [("spend.USD", "number.float"), ("spend.EUR", "number.syntax")]),
    ({"spend": 0.5}, [("spend", "number.float")]),
    ({"spend": 1, "meter": "m"}, [("meter", "guard.scope")]),
    ({"spend": 1, "unit": "u"}, [("unit", "guard.scope")]),
    ({"spend": 1, "item": "i", "of": "due"}, [("of", "guard.scope")]),
    ({"quantity": 1}, [("meter", "guard.scope")]),
    ({"quantity": 1, "meter": "m", "item": "i"}, [("meter", "guard.scope")]),
    ({"quantity": 1, "meter": "m", "of": "due"}, [("of", "guard.scope")]),
    ({"credits": 1}, [("unit", "guard.scope")]),
    ({"spend": 1, "window_seconds": 0}, [("window_seconds", "guard.window")]),
    ({"spend": 1, "window_seconds": "0.0000001"}, [("window_seconds", "guard.window")]),
    ({"spend": 1, "window_seconds": 1, "per": {}}, [("per", "guard.window")]),
    ({"spend": 1, "window_seconds": 1, "scope": "customer"}, [("scope", "cap.scope")]),
    ({"quantity": 1, "meter": "n", "per": {}, "scope": "customer"}, [("scope", "cap.scope")]),
    ({"spend": 1, "window_seconds": 1, "mode": "soft"}, [("mode", "cap.soft")]),
    ({"spend": 1, "per": {}, "mode": "soft"}, [("mode", "cap.soft")]),
    ({"spend": 1, "mode": "clamp", "overflow": "once"}, [("overflow", "cap.overflow")]),
    (
        {"spend": 1, "each": ["a", "b", "a"], "group": {"b": "1"}},
        [("each[1]", "guard.each"), ("each[2]", "guard.each")],
    ),
]


@pytest.mark.parametrize(("given", "found"), FAULTS)
def test_faults(given: dict[str, object], found: list[tuple[str, str]]) -> None:
    """A wrong cap cannot be built, and says where and why."""
    assert faults(Cap, **given) == found
