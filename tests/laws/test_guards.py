"""
Laws of guards: a hard cap is never passed, nothing is told twice, no limit lets through more than it says, and a state
is a value.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import factorial

from hypothesis import given
from hypothesis import strategies as st

from ratecard._exact import as_fraction
from ratecard._numbers import Exact
from ratecard.guards import (
    Alert,
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
    Signal,
    SlidingWindow,
    State,
    TokenBucket,
    VolumeLevel,
    VolumeThreshold,
    Watch,
    clamp,
)
from ratecard.periods import Period

START = datetime(2025, 1, 10, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)


def amounts(low: int, high: int) -> st.SearchStrategy[Decimal]:
    """Amounts with up to two decimals."""
    return st.decimals(low, high, places=2) | st.integers(low, high).map(Decimal)


def at(micros: int) -> datetime:
    """So many microseconds after the start."""
    return START + micros * MICRO


def fraction(value: Exact) -> Fraction:
    """An exact value as a fraction."""
    return Fraction(*as_fraction(value))


gaps = st.integers(0, 3_000_000) | st.integers(0, 5).map(lambda n: n * 1_000_000)
"""Microseconds between two requests; whole seconds are common, so that edges are hit."""

requests = st.lists(st.tuples(gaps, amounts(0, 8)), max_size=25)


def timed(found: list[tuple[int, Decimal]]) -> list[tuple[int, Decimal]]:
    """Gaps as microseconds since the start."""
    now, out = 0, []
    for gap, amount in found:
        now += gap
        out.append((now, amount))
    return out


def take(watch: Watch, state: State, micros: int, amount: Decimal) -> tuple[State, bool, Decimal | None]:
    """Ask for an amount of tokens."""
    state, verdict = watch.admit(state, at(micros), uses=Reading(quantities={"t": amount}))
    return state, verdict.allowed, verdict.retry_after


@given(requests, amounts(0, 12), st.integers(1, 4_000_000))
def test_sliding_window_against_all_timestamps(found: list[tuple[int, Decimal]], limit: Decimal, width: int) -> None:
    """A sliding window answers as one who keeps every timestamp does, and no stretch holds more than the limit."""
    watch = Watch([SlidingWindow(limit=limit, window_seconds=Decimal(width).scaleb(-6), meter="t")])
    state, taken = watch.zero(), list[tuple[int, Fraction]]()
    for now, amount in timed(found):
        held = sum((size for when, size in taken if when > now - width), Fraction(0))
        state, allowed, _ = take(watch, state, now, amount)
        assert allowed == (held + Fraction(amount) <= Fraction(limit) or not amount)
        if allowed:
            taken.append((now, Fraction(amount)))
    for first, _ in taken:
        assert sum(size for when, size in taken if first <= when < first + width) <= Fraction(limit)


@given(requests, amounts(1, 12), amounts(1, 5), st.integers(1, 4_000_000))
def test_token_bucket_against_fractions(
    found: list[tuple[int, Decimal]], capacity: Decimal, refill: Decimal, interval: int
) -> None:
    """A bucket is exact, and any stretch gets at most its capacity and what was filled in meanwhile."""
    watch = Watch(
        [TokenBucket(capacity=capacity, refill=refill, interval_seconds=Decimal(interval).scaleb(-6), meter="t")]
    )
    rate = Fraction(refill) / interval
    level, last, taken = Fraction(capacity), 0, list[tuple[int, Fraction]]()
    state = watch.zero()
    for now, amount in timed(found):
        level, last = min(Fraction(capacity), level + rate * (now - last)), now
        state, allowed, _ = take(watch, state, now, amount)
        assert allowed == (Fraction(amount) <= level)
        if allowed:
            level -= Fraction(amount)
            taken.append((now, Fraction(amount)))
        assert fraction(watch.left(state, at(now))["token_bucket of t"]) == level
    for i, (first, _) in enumerate(taken):
        for j in range(i, len(taken)):
            span = taken[j][0] - first
            assert sum(size for _, size in taken[i : j + 1]) <= Fraction(capacity) + rate * span


@given(requests, amounts(0, 12), st.integers(1, 4_000_000))
def test_fixed_window_against_sums(found: list[tuple[int, Decimal]], limit: Decimal, width: int) -> None:
    """Each window of a fixed window holds at most the limit, and refuses only what would pass it."""
    watch = Watch([FixedWindow(limit=limit, window_seconds=Decimal(width).scaleb(-6), meter="t")])
    epoch = (START - datetime(1970, 1, 1, tzinfo=UTC)) // MICRO
    state, sums = watch.zero(), dict[int, Fraction]()
    for now, amount in timed(found):
        window = (epoch + now) // width
        state, allowed, _ = take(watch, state, now, amount)
        after = sums.get(window, Fraction(0)) + Fraction(amount)
        assert allowed == (after <= Fraction(limit) or not amount)
        if allowed:
            sums[window] = after
    assert all(each <= Fraction(limit) for each in sums.values())


WINDOWS: list[Guard] = [
    SlidingWindow(limit=9, window_seconds=2, meter="t"),
    FixedWindow(limit=9, window_seconds="1.5", meter="t"),
    TokenBucket(capacity=9, refill="0.7", interval_seconds="0.3", meter="t"),
    TokenBucket(capacity=9, refill=2, interval_seconds="0.7", fill="steps", meter="t"),
    Cap(quantity=9, meter="t", window_seconds=3),
]


@given(st.sampled_from(WINDOWS), requests)
def test_the_wait_is_exact(guard: Guard, found: list[tuple[int, Decimal]]) -> None:
    """After the wait it passes, and a microsecond sooner it does not."""
    watch = Watch([guard])
    state = watch.zero()
    for now, amount in timed(found):
        new, allowed, wait = take(watch, state, now, amount)
        if not allowed and wait is not None:
            ready = now + int(wait * 1_000_000)
            assert take(watch, state, ready, amount)[1]
            assert not take(watch, state, ready - 1, amount)[1]
        assert (wait is None) == (amount > 9)
        state = new


mends = st.lists(st.tuples(gaps, amounts(0, 8), st.integers(0, 4), st.integers(0, 10)), max_size=15)


@given(mends, st.sampled_from([WINDOWS[0], WINDOWS[4]]))
def test_giving_back_makes_no_room_beyond_the_limit(found: list[tuple[int, Decimal, int, int]], guard: Guard) -> None:
    """However much less ran than was admitted, what is left is exact, and no stretch holds more than the limit."""
    watch = Watch([guard])
    width = 2_000_000 if isinstance(guard, SlidingWindow) else 3_000_000
    state, ran, now = watch.zero(), list[tuple[int, Decimal]](), 0
    for gap, amount, which, tenths in found:
        now += gap
        state, allowed, _ = take(watch, state, now, amount)
        if allowed:
            ran.append((now, amount))
        if ran:
            index = which % len(ran)
            when, size = ran[index]
            less = size * tenths / 10
            ran[index] = (when, size - less)
            state, _ = watch.record(state, at(now), uses=Reading(quantities={"t": -less}), admitted_at=at(when))
        inside = [size for when, size in ran if now - width < when]
        left = watch.left(state, at(now))
        assert list(left.values()) == [9 - sum(inside)]
    for first, _ in ran:
        assert sum(size for when, size in ran if first <= when < first + width) <= 9


caps = st.lists(
    st.builds(
        lambda limit, mode, window: Cap(quantity=limit, meter="t", mode=mode, window_seconds=window),
        amounts(0, 30), st.sampled_from(["hard", "clamp"]), st.sampled_from([None, "1", "3.5"]),
    ),
    max_size=4,
)  # fmt: skip


@given(caps, st.lists(st.tuples(gaps, amounts(0, 20)), max_size=12))
def test_a_hard_cap_is_never_passed(found: list[Cap], asked: list[tuple[int, Decimal]]) -> None:
    """Where every input was admitted first, no cap is ever passed, and nothing is told as a breach."""
    guards = [each.model_copy(update={"key": str(index)}) for index, each in enumerate(found)]
    watch = Watch(guards)
    state, used = watch.zero(), Decimal(0)
    ran: list[tuple[int, Decimal]] = []
    for now, amount in timed(asked):
        before = used

        def read(part: Decimal, before: Decimal = before) -> tuple[Reading, Reading]:
            return Reading(quantities={"t": before + part}), Reading(quantities={"t": part})

        portion = Portion(amount, read, step="0.5")
        state, verdict = watch.admit(state, at(now), portion=portion)
        assert verdict.fits is not None
        assert 0 <= verdict.fits <= amount
        assert verdict.allowed == (verdict.fits == amount and not verdict.limits)
        used += verdict.fits
        ran.append((now, verdict.fits))
        state, signals = watch.record(state, at(now), Reading(quantities={"t": used}))
        assert signals == ()
    for guard in guards:
        assert guard.quantity is not None
        width = None if guard.window_seconds is None else int(guard.window_seconds * 1_000_000)
        for first, _ in ran:
            inside = [size for when, size in ran if width is None or first <= when < first + width]
            assert sum(inside) <= guard.quantity


ways = st.lists(amounts(0, 40), min_size=1, max_size=12)


@given(ways, amounts(0, 40), st.sampled_from(["0.5", "1", "3"]), st.booleans())
def test_clamp_against_every_step(heights: list[Decimal], limit: Decimal, step: str, whole: bool) -> None:
    """What fits is the most such that every step on the way is under the limit, however the reading goes."""
    size = Decimal(step)
    last = len(heights) - 1

    def reading(quantity: Decimal) -> Decimal:
        steps = quantity / size
        return heights[min(last, int(steps) + (steps != int(steps)))]

    quantity = size * last if whole else size * last + size / 4
    points = [size * index for index in range(last + 1)] + ([] if whole else [quantity])
    fits = Decimal(0)
    for point in points:
        if reading(point) > limit:
            break
        fits = point
    pieces = [size * index for index in range(last)]
    assert clamp(reading, limit, quantity, step=size, pieces=pieces) == fits
    rising = sorted(heights)
    found = clamp(lambda each: rising[min(last, int(each / size))], limit, size * last, step=size)
    most = [index for index in range(last + 1) if rising[index] <= limit]
    assert found == (size * most[-1] if most else 0)


alerts = st.lists(
    st.builds(
        lambda first, every, times: Alert(spend=first, every=every, times=times if every else None),
        amounts(1, 50), st.none() | amounts(1, 20), st.none() | st.integers(1, 4),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


def replayed(watch: Watch, state: State, values: list[Decimal]) -> tuple[State, list[Signal]]:
    """The signals of a bill that stands at these values one after another."""
    found: list[Signal] = []
    for value in values:
        state, signals = watch.record(state, START, Reading(subtotal=value, period=Period.month(2025, 1)))
        found += signals
    return state, found


def ids(signals: list[Signal]) -> list[str]:
    """The ids of what was crossed."""
    return [id for each in signals if isinstance(each, Crossed) for id in each.ids]


def keyed(found: list[Alert]) -> Watch:
    """Alerts with names of their own."""
    return Watch([each.model_copy(update={"key": str(index)}) for index, each in enumerate(found)])


@given(alerts, st.lists(amounts(0, 120), max_size=10), st.data())
def test_a_prefix_replayed_adds_no_alert(found: list[Alert], values: list[Decimal], data: st.DataObject) -> None:
    """What was seen once is not told again, from whatever part of the past it comes back; every id comes once."""
    watch = keyed(found)
    state, first = replayed(watch, watch.zero(), values)
    again = data.draw(st.integers(0, len(values)))
    assert replayed(watch, state, values[:again]) == (state, [])
    assert len(ids(first)) == len(set(ids(first)))


@given(alerts, st.lists(amounts(0, 40), max_size=8), st.data())
def test_a_split_crosses_the_same(found: list[Alert], sizes: list[Decimal], data: st.DataObject) -> None:
    """An input cut in two crosses the same thresholds."""
    watch = keyed(found)
    whole = [sum(sizes[: index + 1], Decimal(0)) for index in range(len(sizes))]
    halves = [
        each
        for end, size in zip(whole, sizes, strict=True)
        for each in (end - size * data.draw(st.sampled_from([Decimal("0.5"), Decimal("0.1"), Decimal(1)])), end)
    ]
    assert sorted(ids(replayed(watch, watch.zero(), whole)[1])) == sorted(ids(replayed(watch, watch.zero(), halves)[1]))


def everything() -> Watch:
    """Guards of every kind, with and without groups."""
    return Watch([
        Cap(quantity=60, meter="t"), Cap(quantity=9, meter="t", window_seconds=2, key="c"),
        Cap(quantity=20, meter="t", window_seconds=4, each=["g"], without=[{"g": "z"}], key="e"),
        Alert(quantity=5, meter="t", every=7), Alert(percent=50, cap="c", rearm="recover"),
        TokenBucket(capacity=30, refill=3, interval_seconds="0.7", each=["g"], meter="t"),
        FixedWindow(limit=12, window_seconds=3), SlidingWindow(limit=11, window_seconds=4, group={"g": "a"}),
        Concurrency(limit=4, lease_seconds=5), MarginFloor(percent=20),
        FairUse(quantity=15, meter="t", then=SlidingWindow(limit=2, window_seconds=1)),
        VolumeThreshold(meter="t", levels=[VolumeLevel(name="a", at=10), VolumeLevel(name="b", at=30)]),
    ])  # fmt: skip


acts = st.lists(
    st.tuples(gaps, amounts(0, 6), st.sampled_from("abz"), st.sampled_from(["w", "x", "y"]), st.booleans()), max_size=20
)


def act(
    watch: Watch, state: State, now: int, used: Decimal, one: tuple[int, Decimal, str, str, bool]
) -> tuple[State, Decimal, object]:
    """Ask, record what ran, and now and then release; with all that was answered."""
    _, amount, group, id, free = one
    state, verdict = watch.admit(
        state, at(now), after=Reading(quantities={"t": used + amount}), uses=Reading(quantities={"t": amount}),
        group={"g": group}, id=id,
    )  # fmt: skip
    answers: list[object] = [verdict.to_json()]
    if verdict.allowed:
        used += amount
        reading = Reading(quantities={"t": used}, gross=used, cost=used - amount)
        state, signals = watch.record(
            state, at(now), reading, uses=Reading(quantities={"t": -amount / 2}), admitted_at=verdict.at,
            group={"g": group}, record=id,
        )  # fmt: skip
        answers += [each.to_json() for each in signals]
    if free:
        state = watch.release(state, id)
    return state, used, answers


@given(acts, st.data())
def test_a_state_is_a_value(found: list[tuple[int, Decimal, str, str, bool]], data: st.DataObject) -> None:
    """Stored and read back it goes on alike, and no question changes it."""
    watch = everything()
    state, used, now = watch.zero(), Decimal(0), 0
    for one in found:
        now += one[0]
        told = json.dumps(watch.dump(state))
        first = act(watch, state, now, used, one)
        assert json.dumps(watch.dump(state)) == told
        again = watch.load(json.loads(told))
        assert again == state
        assert act(watch, again, now, used, one) == first
        state, used, _ = first


@given(acts, st.integers(0, 4_000_000))
def test_time_never_runs_backwards(found: list[tuple[int, Decimal, str, str, bool]], back: int) -> None:
    """An instant before the latest that changed the state is answered as that one, but for the wait."""
    watch = everything()
    state, used, now = watch.zero(), Decimal(0), 0
    for one in found:
        now += one[0]
        state, used, _ = act(watch, state, now, used, one)
    if state.at is not None:
        latest = datetime(1970, 1, 1, tzinfo=UTC) + state.at * MICRO
        ask: dict[str, object] = {
            "after": Reading(quantities={"t": used}),
            "uses": Reading(quantities={"t": 1}),
            "group": {"g": "a"},
            "id": "w",
        }
        late, verdict = watch.admit(state, latest - back * MICRO, **ask)  # type: ignore[arg-type]
        plain, expected = watch.admit(state, latest, **ask)  # type: ignore[arg-type]
        assert (late, verdict.allowed, verdict.left) == (plain, expected.allowed, expected.left)


# Four workers, each of which reads the state, asks, and swaps it in if nobody was quicker: every order of their steps.
WORKERS, STEPS = 4, 3
Worker = tuple[int, int, int]  # the next step, the version read, the count that would be written


def outcomes(swap: bool) -> tuple[set[tuple[int, int]], int]:
    """
    All (calls let through, calls counted) that any order of steps ends with on a budget of 2, and how many orders.

    Orders that have led to the same place go on together.
    """
    watch = Watch([SlidingWindow(limit=2, window_seconds=60)])

    @cache
    def states(version: int) -> State:
        if not version:
            return watch.zero()
        return watch.admit(states(version - 1), START)[0]

    @cache
    def ends(workers: tuple[Worker, ...], version: int, through: int) -> tuple[tuple[tuple[int, int], int], ...]:
        found: dict[tuple[int, int], int] = {}
        for index, (step, read, written) in enumerate(workers):
            if step == STEPS:
                continue
            now, passed, moved = version, through, (step + 1, read, written)
            if step == 0:
                moved = (1, version, -1)
            elif step == 1:
                new, verdict = watch.admit(states(read), START)
                moved = (2, read, new.version if verdict.allowed else -1)
            elif written >= 0 and (not swap or version == read):
                now, passed = written, through + 1
            rest = (*workers[:index], moved, *workers[index + 1 :])
            for end, count in ends(rest, now, passed):
                found[end] = found.get(end, 0) + count
        return tuple(found.items()) or (((through, version), 1),)

    all_ends = ends(((0, 0, -1),) * WORKERS, 0, 0)
    return {end for end, _ in all_ends}, sum(count for _, count in all_ends)


def test_every_interleaving_of_workers() -> None:
    """With compare and swap no order of steps lets through more than the budget; without it some do."""
    orders = factorial(WORKERS * STEPS) // factorial(STEPS) ** WORKERS
    found, count = outcomes(swap=True)
    assert (found, count) == ({(1, 1), (2, 2)}, orders)
    careless, count = outcomes(swap=False)
    assert max(through for through, _ in careless) == WORKERS
    assert count == orders


def test_readings_are_not_kept() -> None:
    """A state holds nothing of the readings it was made from: each figure is asked for when it is needed."""
    watch = Watch([Cap(spend=5), Alert(spend=1)])
    asked: list[str] = []

    def find(gauge: Gauge) -> Decimal:
        asked.append(str(gauge))
        return Decimal(3)

    state, _ = watch.record(watch.zero(), START, Reading.by(find))
    watch.dump(state)
    assert asked == ["subtotal", "subtotal"]
