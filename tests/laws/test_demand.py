"""Laws of demands: folds over single records merge and equal a walk in order; axes put each record in its one cell."""

from __future__ import annotations

import decimal
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ratecard.demand import Carried, Demand, Dimension, Fold, PerRecord, Sizes, Span, Windows
from ratecard.records import UsageRecord
from tests import strategies as some
from tests.strategies import fraction

many = st.lists(some.records(), max_size=8)


def clauses() -> st.SearchStrategy[PerRecord]:
    """Prices for each record, with bounds in either order and free parts that small lists use up."""
    return st.builds(
        PerRecord,
        rate=some.amounts(0, 2),
        fixed=some.amounts(0, 5),
        minimum=st.none() | some.amounts(0, 500),
        maximum=st.none() | some.amounts(0, 900),
        free_records=st.none() | st.integers(0, 4),
        free_amount=st.none() | some.amounts(0, 1500),
        refunds=st.booleans(),
    )


def carried() -> st.SearchStrategy[Carried]:
    """Records that carry their price in `m`, or in `x`, which none has."""
    return st.one_of(
        st.builds(Carried, of=st.just("m"), per_unit=st.booleans(), default=st.none() | some.amounts(0, 9)),
        st.builds(Carried, of=st.just("x"), per_unit=st.booleans(), default=some.amounts(0, 9)),
    )


folds = st.one_of(clauses(), carried())


def fed(fold: Fold, records: Sequence[UsageRecord]) -> Any:
    """The state of some records, fed in their order; their `n` is the metered value."""
    state: Any = fold.zero()
    for record in records:
        state = fold.add(state, record.properties["n"], record)
    return state


@given(folds, many, many, many)
def test_merge(fold: Any, a: list[UsageRecord], b: list[UsageRecord], c: list[UsageRecord]) -> None:
    """Merging is associative and commutative, and zero changes nothing."""
    one, two, three = (fed(fold, each) for each in (a, b, c))
    left = fold.merge(fold.merge(one, two), three)
    assert left == fold.merge(one, fold.merge(two, three)) == fold.merge(fold.merge(three, one), two)
    assert fold.merge(one, fold.zero()) == one == fold.merge(fold.zero(), one)


@given(folds, many, st.randoms(use_true_random=False), st.integers(0, 8))
def test_order_and_batches(fold: Any, records: list[UsageRecord], dice: Any, cut: int) -> None:
    """Records give the same state in any order and in any batches, and adding leaves the state before as it was."""
    turned = list(records)
    dice.shuffle(turned)
    state = fed(fold, records)
    assert fold.merge(fed(fold, turned[cut:]), fed(fold, turned[:cut])) == fed(fold, turned) == state
    before = fold.dump(state)
    for record in records[:1]:
        fold.add(state, record.properties["n"], record)
    assert fold.dump(state) == before


@given(folds, many, many)
def test_dump_and_load(fold: Any, records: list[UsageRecord], more: list[UsageRecord]) -> None:
    """A state comes back from JSON as it was and goes on merging."""
    state = fed(fold, records)
    loaded = fold.load(json.loads(json.dumps(fold.dump(state))))
    assert loaded == state
    assert fold.dump(loaded) == fold.dump(state)
    rest = fed(fold, more)
    assert fold.merge(loaded, rest) == fold.merge(state, rest)


def priced(fold: PerRecord, value: Fraction) -> Fraction:
    """The price of one record that is not free."""
    if value < 0:
        return -priced(fold, -value) if fold.refunds else Fraction(0)
    found = value * Fraction(fold.rate) + Fraction(fold.fixed)
    found = found if fold.minimum is None else max(found, Fraction(fold.minimum))
    return found if fold.maximum is None else min(found, Fraction(fold.maximum))


def walked(fold: PerRecord, records: list[UsageRecord]) -> Fraction:
    """The amount found by walking the records in the order (time, source, id)."""
    found, count, taken = Fraction(0), 0, Fraction(0)
    ended = fold.free_records is None and fold.free_amount is None
    for record in sorted(records, key=lambda each: (each.at, each.source or "", each.id or "", each.properties["n"])):
        value = Fraction(record.properties["n"])
        ended = ended or (fold.free_records is not None and count >= fold.free_records)
        ended = ended or (fold.free_amount is not None and taken >= Fraction(fold.free_amount))
        if ended:
            found += priced(fold, value)
            continue
        count += 1
        taken += max(value, Fraction(0))
        if fold.free_amount is not None and taken > Fraction(fold.free_amount):
            found += priced(fold, taken - Fraction(fold.free_amount))
    return found


@given(clauses(), st.lists(some.records(), max_size=12))
def test_per_record(fold: PerRecord, records: list[UsageRecord]) -> None:
    """The amount is the one of a walk in order; and what is told of the records adds up to it."""
    state = fed(fold, records)
    assert fraction(fold.value(state)) == walked(fold, records)
    paid = fold.paid(state)
    told = fraction(paid.value) * Fraction(fold.rate) + paid.records * Fraction(fold.fixed)
    told += paid.at_minimum * Fraction(fold.minimum or 0) + paid.at_maximum * Fraction(fold.maximum or 0)
    assert told == walked(fold, records)


@given(clauses(), many)
def test_per_record_keeps_little(fold: PerRecord, records: list[UsageRecord]) -> None:
    """A state remembers single records only as far as the free part can reach."""
    state = fed(fold, records)
    if fold.free_records is not None:
        assert len(state.first) <= fold.free_records
    if fold.free_amount is not None and state.first:
        before = sum(max(Fraction(entry[3]), Fraction(0)) for entry in state.first[:-1])
        assert before < Fraction(fold.free_amount)
    if fold.free_records is None and fold.free_amount is None:
        assert state.first == ()


@given(carried(), many)
def test_carried(fold: Carried, records: list[UsageRecord]) -> None:
    """The amount is the sum of price times value, or of prices; a record without a price takes the default."""
    expected = Fraction(0)
    for record in records:
        price = Fraction(record.properties.get(fold.of, fold.default))
        expected += price * Fraction(record.properties["n"]) if fold.per_unit else price
    state = fed(fold, records)
    assert fraction(fold.value(state)) == expected
    assert state.defaults == sum(fold.of not in each.properties for each in records)


HOSTILE = decimal.Context(prec=1, rounding=decimal.ROUND_UP, Emin=0, Emax=0, capitals=0, traps=[decimal.Rounded])


@given(folds, many)
def test_hostile_context(fold: Any, records: list[UsageRecord]) -> None:
    """The caller's decimal context neither shows in a result nor is changed."""
    calm = fold.value(fed(fold, records))
    with decimal.localcontext(HOSTILE) as held:
        before = repr(held)
        state = fold.load(fold.dump(fold.merge(fed(fold, records), fold.zero())))
        assert fold.value(state) == calm
        assert repr(decimal.getcontext()) == before


DAYS = st.dates(date(2025, 3, 24), date(2025, 4, 6))
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0)) | st.sampled_from([time(0), time(22), time(6)])
SPANS = st.builds(
    Span,
    start=CLOCKS,
    end=CLOCKS,
    weekdays=st.lists(st.integers(0, 6), max_size=3).map(tuple),
    dates=st.lists(DAYS, max_size=2).map(tuple),
)


@given(SPANS, DAYS, CLOCKS)
def test_span(span: Span, day: date, clock: time) -> None:
    """A span holds a local time exactly if a stretch that began on one of its days, at most a day ago, still runs."""
    local = datetime.combine(day, clock)
    found = False
    for back in (0, 1):
        begins = day - timedelta(days=back)
        ends = begins if span.start < span.end else begins + timedelta(days=1)
        named = begins in span.dates or begins.weekday() in span.weekdays
        runs = datetime.combine(begins, span.start) <= local < datetime.combine(ends, span.end)
        found = found or (runs and (named or not (span.dates or span.weekdays)))
    assert span.holds(local) is found


ZONES = ("UTC", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


@given(
    st.sampled_from(ZONES),
    st.lists(st.lists(SPANS, max_size=2).map(tuple), max_size=3).map(tuple),
    st.integers(0, 10 * 24 * 3600).map(lambda past: datetime(2025, 3, 28, tzinfo=UTC) + timedelta(seconds=past)),
)
def test_windows(zone: str, windows: tuple[tuple[Span, ...], ...], at: datetime) -> None:
    """A record is in the first window that holds its local time, and in no cell of a window when none does."""
    local = datetime.fromisoformat(at.astimezone(ZoneInfo(zone)).isoformat()[:19])
    holding = [str(index) for index, spans in enumerate(windows) if any(span.holds(local) for span in spans)]
    record = UsageRecord("call", at, {})
    assert Windows(zone, windows).key(Decimal(1), record) == (holding[0] if holding else "")


NIGHT = Span(time(22), time(6), weekdays=(5,))
"""From Saturday evening, 22:00, to Sunday morning, 6:00."""


@pytest.mark.parametrize(
    ("zone", "at", "cell"),
    [
        # Stockholm puts its clocks forward on Sunday 2025-03-30 from 2:00 to 3:00, and back on 2025-10-26 from 3:00.
        ("Europe/Stockholm", "2025-03-29T20:59:59.999999Z", ""),
        ("Europe/Stockholm", "2025-03-29T21:00:00Z", "0"),
        ("Europe/Stockholm", "2025-03-30T00:59:59Z", "0"),
        ("Europe/Stockholm", "2025-03-30T01:00:00Z", "0"),
        ("Europe/Stockholm", "2025-03-30T03:59:59Z", "0"),
        ("Europe/Stockholm", "2025-03-30T04:00:00Z", ""),
        ("Europe/Stockholm", "2025-10-25T20:00:00Z", "0"),
        ("Europe/Stockholm", "2025-10-26T00:30:00Z", "0"),
        ("Europe/Stockholm", "2025-10-26T01:30:00Z", "0"),
        ("Europe/Stockholm", "2025-10-26T04:59:59Z", "0"),
        ("Europe/Stockholm", "2025-10-26T05:00:00Z", ""),
        # Lord Howe moves by half an hour: on Sunday 2025-10-05 from 2:00 to 2:30.
        ("Australia/Lord_Howe", "2025-10-04T11:30:00Z", "0"),
        ("Australia/Lord_Howe", "2025-10-04T18:59:59Z", "0"),
        ("Australia/Lord_Howe", "2025-10-04T19:00:00Z", ""),
        # In Sao Paulo Sunday 2018-11-04 began at 1:00.
        ("America/Sao_Paulo", "2018-11-04T02:59:59Z", "0"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z", "0"),
        ("America/Sao_Paulo", "2018-11-04T08:00:00Z", ""),
        # The weekday is that of the evening: Sunday's own evening is not in it.
        ("UTC", "2025-03-30T23:00:00Z", ""),
        ("UTC", "2025-03-29T05:00:00Z", ""),
    ],
)
def test_windows_over_midnight(zone: str, at: str, cell: str) -> None:
    """A window that wraps midnight follows the local clock also when it is moved, on the weekday on which it began."""
    assert Windows(zone, ((NIGHT,),)).key(Decimal(1), UsageRecord("call", at, {})) == cell


def test_first_day_of_all() -> None:
    """The morning of the first day that can be counted belongs to no evening before it."""
    local = datetime(1, 1, 1, 5)  # noqa: DTZ001 - a local time
    assert not Span(time(22), time(6)).holds(local)
    assert Span(time(0), time(0)).holds(local)


@given(st.lists(some.amounts(0, 9), min_size=1, max_size=4, unique=True), some.amounts(0, 9), some.amounts(0, 9))
def test_sizes(bounds: list[Decimal], n: Decimal, m: Decimal) -> None:
    """The cell is how many bounds lie below the size; a size on a bound belongs to what the bound closes."""
    record = UsageRecord("call", datetime(2025, 1, 1, tzinfo=UTC), {"n": n, "m": m})
    rising = tuple(sorted(bounds))
    assert Sizes((), rising).key(n, record) == str(sum(bound < n for bound in bounds))
    both = Fraction(n) + Fraction(m)
    assert Sizes(("n", "m"), rising).key(n, record) == str(sum(Fraction(bound) < both for bound in bounds))
    for index, bound in enumerate(rising):
        assert Sizes((), rising).key(bound, record) == str(index)


axes = st.one_of(
    st.builds(Dimension, st.sampled_from(["region", "model"])),
    st.builds(lambda bounds: Sizes((), tuple(bounds)), st.lists(some.amounts(0, 3), max_size=2)),
    st.builds(Windows, st.sampled_from(ZONES), st.just(())),
)
demands = st.builds(
    Demand,
    axes=st.lists(axes, max_size=3),
    folds=st.lists(folds, max_size=3),
    items=st.lists(st.sampled_from(["a", "b"]), max_size=2),
)


@given(demands, demands, demands)
def test_demands_unite(a: Demand, b: Demand, c: Demand) -> None:
    """Uniting loses no wish; order, grouping and repetition change nothing; equal demands have equal hashes."""
    both = a | b
    assert set(both.axes) == {*a.axes, *b.axes}
    assert set(both.folds) == {*a.folds, *b.folds}
    assert set(both.items) == {*a.items, *b.items}
    assert both == b | a
    assert hash(both) == hash(b | a)
    assert (a | b) | c == a | (b | c)
    assert a | a == a == a | Demand()
    assert both.covers(a)
    assert both.covers(b)
    assert a.covers(b) is (set(b.axes) <= set(a.axes) and set(b.folds) <= set(a.folds))
    assert bool(a) is (a != Demand())


def longer(value: object, zeros: int) -> object:
    """The same number with more zeros behind its point."""
    written = isinstance(value, Decimal) and "E" not in str(value)
    return Decimal(f"{value}{'' if '.' in str(value) else '.'}{'0' * zeros}") if written else value


@given(st.lists(st.tuples(folds, st.integers(0, 3)), max_size=4))
@example([(PerRecord(Decimal(1)), 3), (PerRecord(Decimal("1.00"), fixed=Decimal(5)), 0)])
def test_demands_in_other_digits(wishes: list[tuple[Fold, int]]) -> None:
    """Demands whose numbers are written with other zeros are the same demand, in the same order."""
    other = [type(wish)(*(longer(part, zeros) for part in wish)) for wish, zeros in wishes]  # type: ignore[arg-type]
    assert Demand(folds=other) == Demand(folds=[wish for wish, _ in wishes])


def test_dimension() -> None:
    """A record's cell is the text of its property, and "" without it."""
    record = UsageRecord("call", "2025-01-01T00:00:00Z", {"region": "eu", "cached": True})
    keys = [Dimension(name).key(Decimal(1), record) for name in ("region", "cached", "model")]
    assert keys == ["eu", "true", ""]


def test_worked_per_record() -> None:
    """2.5 % and 0.30 a payment, two payments or 100 free: 60 is free, of 60 the 20 beyond 100 pay, then all."""
    fold = PerRecord(rate=Decimal("0.025"), fixed=Decimal("0.30"), free_records=2, free_amount=Decimal(100))
    records = [
        UsageRecord("payment", f"2025-01-0{day}T00:00:00Z", {"n": Decimal(60)}, id=f"p{day}") for day in (1, 2, 3)
    ]
    state = fed(fold, records)
    assert fold.paid(state) == (2, Decimal(80), 0, 0)
    assert fold.value(state) == Decimal("2.6")


def test_whole_second_before_its_parts() -> None:
    """A record at a whole second stands before one half a second later, also in the part that is free."""
    fold = PerRecord(rate=Decimal(1), free_records=1)
    records = [
        UsageRecord("payment", "2025-01-01T00:00:00.500000Z", {"n": Decimal(7)}),
        UsageRecord("payment", "2025-01-01T00:00:00Z", {"n": Decimal(100)}),
    ]
    assert fold.value(fed(fold, records)) == Decimal(7)


def test_demand_equality() -> None:
    """A demand equals demands only, and tells what it asks for."""
    demand = Demand(items=["b", "a", "a"])
    assert demand != ("a", "b")
    assert repr(demand) == "Demand(axes=(), folds=(), items=('a', 'b'))"
