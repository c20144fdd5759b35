"""The watch: states, versions, plain data, and all guards together."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta
from decimal import ROUND_UP, Context, Decimal, FloatOperation, Inexact, Rounded, localcontext

import pytest
from pydantic import TypeAdapter

from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError, MismatchError
from ratecard.guards import (
    Alert,
    AnyGuard,
    Breach,
    Cap,
    Concurrency,
    Crossed,
    FairUse,
    FixedWindow,
    Gauge,
    Guard,
    MarginFloor,
    Portion,
    Reading,
    SlidingWindow,
    TokenBucket,
    VolumeThreshold,
    Watch,
)
from ratecard.guards._windows import Rolling
from tests.guards._tools import NOON, later, per_token, spent, told

PLAIN: list[dict[str, object]] = [
    {"kind": "cap", "spend": "100"},
    {"kind": "cap", "quantity": "9", "meter": "m", "per": {"unit": "day", "anchor": "2025-01-01"}},
    {"kind": "alert", "spend": "40", "every": "10", "times": 3},
    {"kind": "alert", "percent": "80", "cap": "cap on subtotal"},
    {"kind": "token_bucket", "capacity": "5", "refill": "1", "each": ["model"], "without": [{"model": "free"}]},
    {"kind": "fixed_window", "limit": "5", "window_seconds": "60", "group": {"model": "big"}},
    {"kind": "sliding_window", "limit": "5", "window_seconds": "60"},
    {"kind": "concurrency", "limit": "5"},
    {"kind": "fair_use", "quantity": "5", "meter": "m", "then": {"kind": "concurrency", "limit": "5"}},
    {"kind": "volume_threshold", "meter": "m", "levels": [{"name": "a", "at": "5"}]},
    {"kind": "margin_floor", "percent": "30"},
]


@pytest.mark.parametrize("told", PLAIN, ids=lambda told: str(told["kind"]))
def test_guards_are_data(told: dict[str, object]) -> None:
    """A guard is read from plain data and written back as it was, and has a hash."""
    guard = TypeAdapter(AnyGuard).validate_python(told)
    assert isinstance(guard, Guard)
    back = json.loads(guard.model_dump_json(exclude_unset=True))
    assert {**back, "kind": told["kind"]} == told
    nothing = {name: None for name in ("spend", "forecast", "budget") if name in type(guard).model_fields}
    assert TypeAdapter(AnyGuard).validate_python({**nothing, **told}) == guard
    assert hash(guard) == hash(pickle.loads(pickle.dumps(guard)))  # noqa: S301
    TypeAdapter(AnyGuard).json_schema()


def everything() -> Watch:
    """One guard of each kind."""
    return Watch([TypeAdapter(AnyGuard).validate_python(each) for each in PLAIN])


def test_states_are_plain_data() -> None:
    """A state goes through JSON and through a pickle, and comes back as the same state."""
    watch = everything()
    state = watch.zero()
    reading = Reading(subtotal=90, quantities={"m": 9}, gross=100, cost=80)
    for number in range(3):
        state, verdict = watch.admit(
            state, later(number), after=reading, uses=Reading(quantities={"m": 2}),
            group={"model": "big"}, id=f"x{number}",
        )  # fmt: skip
        assert verdict.allowed
        state, _ = watch.record(
            state, later(number), reading, uses=Reading(quantities={"m": 1}), group={"model": "big"}
        )
    plain = watch.dump(state)
    assert len(plain["parts"]) == len(PLAIN) - 1  # the cap of the period has told nothing
    assert watch.load(json.loads(json.dumps(plain))) == state
    assert pickle.loads(pickle.dumps(state)) == state  # noqa: S301
    assert hash(watch.load(plain)) == hash(state)
    assert (repr(state), state.version, state != plain) == ("<State 6>", 6, True)
    assert watch.load(watch.dump(watch.zero())) == watch.zero()


def test_callers_context() -> None:
    """No answer depends on the caller's decimal context, and none changes it."""

    def answers() -> str:
        watch = Watch([
            Cap(quantity="10.001", meter="m", window_seconds="0.123456", mode="clamp"),
            Alert(percent="33.3", budget="99.99"),
            TokenBucket(capacity="7.77", refill="0.123", interval_seconds="7", meter="m"),
            MarginFloor(percent="12.345"),
        ])  # fmt: skip
        state, found = watch.zero(), list[object]()
        for number in range(8):
            state, verdict = watch.admit(
                state,
                NOON + timedelta(seconds=number),
                portion=Portion("3.333", lambda part: (Reading(), Reading(quantities={"m": part}))),
            )
            reading = Reading(subtotal=f"{number}.12345", gross="123.456", cost=f"10{number}.789")
            state, signals = watch.record(state, NOON + timedelta(seconds=number), reading)
            found += [verdict.to_json(), [each.to_json() for each in signals], watch.dump(state)]
        return json.dumps(found)

    expected = answers()
    hostile = Context(prec=1, rounding=ROUND_UP, Emin=-1, Emax=1, traps=[Inexact, Rounded, FloatOperation])
    with localcontext(hostile) as context:
        before = repr(context)
        assert answers() == expected
        assert repr(context) == before


def test_guards_come_and_go() -> None:
    """A stored state goes on under other guards: each finds its own part by name, new ones start at nothing."""
    old = Watch([SlidingWindow(limit=2, window_seconds=60), TokenBucket(capacity=9, refill=1)])
    state = old.admit(old.zero(), NOON, calls=2)[0]
    new = Watch([Cap(spend=5), TokenBucket(capacity=5, refill=1), SlidingWindow(limit=3, window_seconds=60)])
    left = new.left(new.load(old.dump(state)), NOON)
    assert left == {"token_bucket of calls": 5, "sliding_window of calls in 60 s": 1}


STATE = Watch([]).dump(Watch([]).zero())
BAD: list[object] = [
    None,
    [],
    {},
    {**STATE, "more": 1},
    {**STATE, "guards": 1},
    {**STATE, "guards": "2"},
    {**STATE, "version": -1},
    {**STATE, "version": "1"},
    {**STATE, "version": True},
    {**STATE, "at": "2025-01-01"},
    {**STATE, "at": 10**30},
    {**STATE, "parts": []},
]
PARTS: list[tuple[Guard, list[object]]] = [
    (Cap(spend=1), [[], [0, 0], ["0", 0, None], [-2, 0, None], [0, -1, None], [0, 0, "x"], 5]),
    (Cap(spend=1, window_seconds=1), [[], [[], None], [[], None, 1], [{}, None, None], [[[1]], None, None],
     [[[1, 5]], None, None], [[[1, "x"]], None, None], [[[1, "-1"]], None, None], [[[1, "0"]], None, None],
     [[[2, "1"], [1, "1"]], None, None], [[["1", "1"]], None, None], [[], [0, 0], None], [[], None, "x"]]),
    (FixedWindow(limit=1, window_seconds=1), [[1, 2], [1, 2, 3], ["1", 2, "3"]]),
    (TokenBucket(capacity=1, refill=1), [["1"], [1, 1], ["x", 1], ["1", "1"]]),
    (TokenBucket(capacity=1, refill=1, each=["a"]),
     [{}, [1], [[1]], [["x", None]], [[["x", "y"], None]], [[[1], None]]]),
    (TokenBucket(capacity=1, refill=1, each=["a"]),
     [{"each": ["b"], "groups": []}, {"each": ["a"]}, [[["x"], None], [["x"], None]]]),
    (Concurrency(limit=1), [{}, [1], [["a", "1"]], [[1, "1", None]], [["a", 1, None]], [["a", "1", "x"]]]),
    (FairUse(quantity=1, meter="m"), [None, [None], [None, 1], [None, []]]),
    (MarginFloor(percent=1), [[1]]),
]  # fmt: skip


def test_damaged_states() -> None:
    """What no dump wrote is refused, whatever is wrong with it."""
    found = [(Watch([]), each) for each in BAD]
    for guard, parts in PARTS:
        found += [(Watch([guard]), {**STATE, "parts": {guard.name: part}}) for part in parts]
    for watch, data in found:
        with pytest.raises(MismatchError, match=r"load what dump wrote") as error:
            watch.load(data)
        assert error.value.code == "guard.state", data


def test_lower_limits_hold_at_once() -> None:
    """A bucket that became smaller holds no more than it can, whatever was stored."""
    old, new = (Watch([TokenBucket(capacity=size, refill=1, interval_seconds=7)]) for size in (9, 5))
    state = old.admit(old.zero(), NOON)[0]
    assert new.left(new.load(old.dump(state)), NOON) == {"token_bucket of calls": 5}


def test_logs_are_equal_by_their_entries() -> None:
    """A log that dropped its oldest entries is the log of the rest, and has its hash."""
    window = Rolling(10)
    worn, fresh = window.zero(), window.zero()
    for now in (0, 5, 11, 12):
        worn = window.add(worn, now, Decimal(1))
    for now in (5, 11, 12):
        fresh = window.add(fresh, now, Decimal(1))
    assert (worn, hash(worn)) == (fresh, hash(fresh))
    assert worn != "a log"


def test_versions() -> None:
    """The version goes up with each change and only then, so that a host can swap on it."""
    watch = Watch([SlidingWindow(limit=1, window_seconds=1), Alert(spend=5)])
    state = watch.zero()
    one, _ = watch.admit(state, NOON)
    two, _ = watch.admit(one, NOON)
    three, _ = watch.record(two, NOON, spent(5))
    four, _ = watch.record(three, NOON, spent(6))
    assert [each.version for each in (state, one, two, three, four)] == [0, 1, 1, 2, 2]
    assert two is one
    assert four is three


def test_what_one_refuses_none_has_counted() -> None:
    """A refusal takes from no limit."""
    watch = Watch([SlidingWindow(limit=5, window_seconds=60), Cap(spend=10), Concurrency(limit=5)])
    state, verdict = watch.admit(watch.zero(), NOON, after=spent(11), before=spent(1), id="a")
    assert (state, verdict.allowed) == (watch.zero(), False)
    assert verdict.left == {"sliding_window of calls in 60 s": 5, "cap on subtotal": 9, "concurrency of calls": 5}
    assert bool(verdict) is False


def test_plain_data_of_answers() -> None:
    """Verdicts are plain data too, and survive a pickle."""
    watch = Watch([Cap(spend="10"), SlidingWindow(limit=1, window_seconds=60, each=["user"])])
    state = watch.admit(watch.zero(), NOON, after=spent(1), group={"user": "a"})[0]
    verdict = watch.admit(state, later("0.5"), after=spent(11), before=spent(1), group={"user": "a"})[1]
    assert verdict.to_json() == {
        "allowed": False,
        "fits": None,
        "at": "2025-01-10T12:00:00.500000Z",
        "limits": [
            {"key": "sliding_window of calls for each user in 60 s",
             "kind": "sliding_window", "limit": "1", "value": "2", "retry_after": "59.5", "group": {"user": "a"}},
            {"key": "cap on subtotal", "kind": "cap", "limit": "10", "value": "11", "retry_after": None, "group": {}},
        ],
        "retry_after": None,
        "left": {"cap on subtotal": "9", "sliding_window of calls for each user in 60 s": "0"},
    }  # fmt: skip
    assert pickle.loads(pickle.dumps(verdict)).to_json() == verdict.to_json()  # noqa: S301
    assert repr(verdict).startswith("<Verdict refused:")
    assert repr(verdict.limits[1]) == "<Bound cap on subtotal: 11 against 10>"
    assert str(verdict.limits[0]).endswith("2 against 1, again in 59.5 s")
    part = Watch([Cap(spend="10", mode="clamp")])
    assert part.admit(part.zero(), NOON, portion=per_token("1"))[1].to_json()["fits"] == "10"


def test_signals_come_in_the_order_of_the_guards() -> None:
    """Whatever is worked out first, what is told stands in the order of the list."""
    watch = Watch([Alert(spend=5, key="a"), Cap(spend=5, key="b"), Alert(spend=1, key="c")])
    assert told(watch.record(watch.zero(), NOON, spent(6))[1]) == ["crossed a", "breach b", "crossed c"]
    assert repr(watch) == "<Watch of a, b, c>"
    assert repr(Watch([])) == "<Watch of nothing>"


def test_names_are_unique() -> None:
    """Two guards of one name are refused, with all else that is wrong among them."""
    with pytest.raises(DefinitionError) as error:
        Watch([Cap(spend=5), Cap(spend=6), Cap(spend=7, key="x", per=Cadence.monthly())])
    assert [(each.path, each.code) for each in error.value.problems] == [
        ("guards[1].key", "guard.twice"), ("guards[2].per", "cadence.anchor"),
    ]  # fmt: skip


def test_what_cannot_be_read_is_not_allowed() -> None:
    """A guard whose figure is missing is an error, when asked and when told."""
    watch = Watch([Cap(spend=5), Alert(spend=5), VolumeThreshold.model_validate(
        {"meter": "m", "levels": [{"name": "a", "at": 1}]})])  # fmt: skip
    for ask in (lambda: watch.admit(watch.zero(), NOON), lambda: watch.record(watch.zero(), NOON)):
        with pytest.raises(MismatchError) as error:
            ask()
        assert error.value.code == "reading.missing"


def test_instants_are_aware() -> None:
    """An instant without a zone is refused."""
    watch = Watch([])
    for call in (watch.admit, watch.record):
        with pytest.raises(DefinitionError) as error:
            call(watch.zero(), "2025-01-01T00:00:00")  # type: ignore[operator]
        assert error.value.code == "time.naive"


def test_left_raises_what_it_does_not_expect() -> None:
    """What is left leaves out what is not known, and nothing else."""
    from ratecard._numbers import ZERO

    def find(gauge: Gauge) -> Decimal:
        raise MismatchError("broken", code="broken")

    watch = Watch([Cap(spend=5)])
    with pytest.raises(MismatchError) as error:
        watch.left(watch.zero(), NOON, Reading.by(find))
    assert error.value.code == "broken"
    assert watch.left(watch.zero(), NOON, Reading.by(lambda gauge: ZERO)) == {"cap on subtotal": 5}


def test_values_are_told_apart() -> None:
    """A crossing and a breach of one key and figure are different values with ids of their own."""
    one = Crossed("k", Decimal(5), Decimal(6), NOON)
    other = Breach("k", Decimal(5), Decimal(6), NOON)
    assert one.to_json()["signal"] != other.to_json()["signal"]
    assert list(one.thresholds) == [5]


def test_groups_are_read_as_records_are() -> None:
    """A dimension that is no text is the text that records make of it, in every call; what has none is refused."""
    watch = Watch([Cap(spend="10", window_seconds=60, each=["user"])])
    state, _ = watch.admit(watch.zero(), NOON, uses=spent(8), group={"user": 7})
    assert watch.load(json.loads(json.dumps(watch.dump(state)))) == state
    assert not watch.admit(state, NOON, uses=spent(8), group={"user": "7"})[1]
    assert watch.left(state, NOON, group={"user": Decimal("7.0")}) == {"cap on subtotal for each user in 60 s": 2}
    for value, text in ((None, ""), (True, "true"), (False, "false"), ("Åsa", "Åsa")):
        cell = watch.record(watch.zero(), NOON, uses=spent(1), group={"user": value})[0]
        assert watch.dump(cell)["parts"]["cap on subtotal for each user in 60 s"]["groups"][0][0] == [text]
        assert Gauge("amount", "i", {"user": value}) == Gauge("amount", "i", {"user": text})
    for wrong in ([1], 0.5, "\ud800", Decimal("NaN")):
        for ask in (
            lambda group: watch.admit(state, NOON, uses=spent(1), group=group),
            lambda group: watch.record(state, NOON, uses=spent(1), group=group),
            lambda group: watch.left(state, NOON, group=group),
            lambda group: Gauge("amount", "i", group),
        ):
            with pytest.raises(MismatchError, match="give text") as error:
                ask({"user": wrong})
            assert error.value.code == "guard.group"


def test_a_state_of_another_kind_names_the_guard() -> None:
    """Where a guard of another kind stands under a name, the refusal says which one; so does an older form."""
    old, new = Watch([Cap(key="g", spend=1)]), Watch([SlidingWindow(key="g", limit=1, window_seconds=1)])
    state = old.record(old.zero(), NOON, spent(2))[0]
    with pytest.raises(MismatchError, match=r"the guard 'g': .*; load what dump wrote.* a key of its own") as error:
        new.load(old.dump(state))
    assert (error.value.code, error.value.path) == ("guard.state", "parts.g")
    with pytest.raises(MismatchError, match="form 3, but in form 1"):
        old.load({**old.dump(state), "guards": 1})


def test_all_that_bind_are_named_where_nothing_fits() -> None:
    """Where a clamp leaves nothing of a request, the other limits that refuse it are named too, each once."""
    watch = Watch(
        [Cap(quantity=5, meter="t", mode="clamp", key="clamp"), SlidingWindow(limit=1, window_seconds=9, key="calls")]
    )
    state, _ = watch.admit(watch.zero(), NOON, after=Reading(quantities={"t": 5}))

    def read(part: Decimal) -> tuple[Reading, Reading]:
        return Reading(quantities={"t": 5 + part}), Reading(quantities={"t": part})

    new, verdict = watch.admit(state, NOON, portion=Portion(3, read))
    assert new is state
    assert (verdict.allowed, verdict.fits) == (False, 0)
    assert [each.key for each in verdict.limits] == ["calls", "clamp"]
