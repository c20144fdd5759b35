"""Laws of meters: states merge, order and batches change nothing, dumps load, and every value is the naive one."""

from __future__ import annotations

import decimal
import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ratecard import meters
from ratecard._numbers import ZERO, Exact, Ratio, text
from ratecard.errors import MismatchError
from ratecard.meters import Aggregate, AnyFilter, Frame, Level, Meter, Peak
from ratecard.records import UsageRecord
from ratecard.steps import Step
from tests import strategies as some
from tests.strategies import EPOCH, SPAN, fraction

MICROS = 1_000_000
WHOLE = Frame(EPOCH, EPOCH + timedelta(seconds=SPAN), SPAN * MICROS)

many = st.lists(some.records(), max_size=8)


def fed(aggregate: Aggregate, records: Sequence[UsageRecord]) -> object:
    """The state of some records, fed in their order."""
    state = aggregate.zero()
    for record in records:
        state = aggregate.add(state, aggregate.read(record), record)
    return state


def second(count: int) -> datetime:
    """So many seconds after the first instant."""
    return EPOCH + timedelta(seconds=count)


@given(some.aggregates(), many, many, many)
def test_merge(aggregate: Aggregate, a: list[UsageRecord], b: list[UsageRecord], c: list[UsageRecord]) -> None:
    """Merging is associative and commutative, zero changes nothing, and what is merged stays as it was."""
    one, two, three = (fed(aggregate, each) for each in (a, b, c))
    before = [aggregate.dump(each) for each in (one, two, three)]
    left = aggregate.merge(aggregate.merge(one, two), three)
    right = aggregate.merge(one, aggregate.merge(two, three))
    turned = aggregate.merge(aggregate.merge(three, one), two)
    assert aggregate.dump(left) == aggregate.dump(right) == aggregate.dump(turned)
    assert aggregate.dump(aggregate.merge(one, aggregate.zero())) == before[0]
    assert aggregate.dump(aggregate.merge(aggregate.zero(), one)) == before[0]
    assert [aggregate.dump(each) for each in (one, two, three)] == before


@given(some.aggregates(), many, many, some.records())
def test_merged_stands_alone(
    aggregate: Aggregate, a: list[UsageRecord], b: list[UsageRecord], late: UsageRecord
) -> None:
    """A record added to a merged state shows in neither of the states it was merged from."""
    one, two = fed(aggregate, a), fed(aggregate, b)
    before = [aggregate.dump(one), aggregate.dump(two)]
    for x, y in ((one, two), (one, aggregate.zero()), (aggregate.zero(), two)):
        aggregate.add(aggregate.merge(x, y), aggregate.read(late), late)
        assert [aggregate.dump(one), aggregate.dump(two)] == before


@given(some.aggregates(), many, st.randoms(use_true_random=False), st.integers(0, 8))
def test_order_and_batches(aggregate: Aggregate, records: list[UsageRecord], dice: object, cut: int) -> None:
    """Records give the same dump and the same value in any order and in any batches, down to the form of the number."""
    turned = list(records)
    dice.shuffle(turned)  # type: ignore[attr-defined]
    batches = aggregate.merge(fed(aggregate, turned[cut:]), fed(aggregate, turned[:cut]))
    state = fed(aggregate, records)
    assert aggregate.dump(batches) == aggregate.dump(state)
    assert repr(aggregate.value(batches, WHOLE)) == repr(aggregate.value(state, WHOLE))


@given(some.aggregates(), many, many)
def test_dump_and_load(aggregate: Aggregate, records: list[UsageRecord], more: list[UsageRecord]) -> None:
    """A state comes back from JSON as it was, and goes on merging as if it had never left."""
    state = fed(aggregate, records)
    told = json.loads(json.dumps(aggregate.dump(state)))
    loaded = aggregate.load(told)
    assert aggregate.dump(loaded) == aggregate.dump(state) == told
    assert aggregate.value(loaded, WHOLE) == aggregate.value(state, WHOLE)
    rest = fed(aggregate, more)
    assert aggregate.dump(aggregate.merge(loaded, rest)) == aggregate.dump(aggregate.merge(state, rest))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["1/3", "7"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["given", "x"]), inner, max_size=2),
    max_leaves=6,
)


@given(some.aggregates(), JUNK)
def test_load_of_anything(aggregate: Aggregate, data: object) -> None:
    """Plain data is either a state, which then dumps and has a value, or it is refused by one error."""
    try:
        state = aggregate.load(data)
    except MismatchError as error:
        assert error.code == "tally.state"
        return
    assert isinstance(aggregate.value(state, WHOLE), Decimal | Ratio)
    assert aggregate.dump(aggregate.load(aggregate.dump(state))) == aggregate.dump(state)


@given(some.aggregates(), many, some.amounts(), st.integers(1, 9))
def test_given(aggregate: Aggregate, records: list[UsageRecord], top: Decimal, bottom: int) -> None:
    """A plain quantity is valued as itself, dumps and loads, merges with nothing, and refuses records."""
    quantity: Exact = meters.Convert(divide=bottom).apply(top)
    state = aggregate.given(quantity)
    zero = aggregate.zero()
    assert aggregate.value(state, WHOLE) == quantity
    assert aggregate.load(json.loads(json.dumps(aggregate.dump(state)))) == state
    assert aggregate.merge(state, zero) == aggregate.merge(zero, state) == state
    record = UsageRecord("call", EPOCH, {"n": 1, "m": 2, "user": "ana"})
    for act in (
        lambda: aggregate.merge(state, fed(aggregate, [record])),
        lambda: aggregate.merge(fed(aggregate, [record]), state),
        lambda: aggregate.merge(state, state),
        lambda: aggregate.add(state, aggregate.read(record), record),
    ):
        with pytest.raises(MismatchError) as found:
            act()
        assert found.value.code == "tally.given"


HOSTILE = decimal.Context(prec=1, rounding=decimal.ROUND_UP, Emin=0, Emax=0, capitals=0, traps=[decimal.Rounded])


@given(some.aggregates(), many)
def test_hostile_context(aggregate: Aggregate, records: list[UsageRecord]) -> None:
    """The caller's decimal context neither shows in a result nor is changed."""
    calm = fed(aggregate, records)
    with decimal.localcontext(HOSTILE) as held:
        before = repr(held)
        state = fed(aggregate, records)
        loaded = aggregate.load(aggregate.dump(aggregate.merge(state, aggregate.zero())))
        value = aggregate.value(loaded, WHOLE)
        assert repr(decimal.getcontext()) == before
    assert repr(value) == repr(aggregate.value(calm, WHOLE))


def order(record: UsageRecord) -> tuple[object, ...]:
    """Where a record stands among others."""
    return (record.at, record.source or "", record.id or "", record.properties["n"])


def naive(aggregate: Aggregate, records: list[UsageRecord]) -> Fraction:
    """The value as its definition says, in fractions, over all records at once."""
    n = [Fraction(each.properties["n"]) for each in sorted(records, key=order)]
    if isinstance(aggregate, meters.Unique):
        return Fraction(len({text_of(each.properties["user"]) for each in records}))
    if isinstance(aggregate, meters.Count) or not n:
        return Fraction(len(n))
    if isinstance(aggregate, meters.Sum):
        return sum(n) - sum(Fraction(each.properties[name]) for each in records for name in aggregate.less)
    if isinstance(aggregate, meters.Percentile):
        share = Fraction(aggregate.percent) / 100
        return min(value for value in n if Fraction(sum(other <= value for other in n), len(n)) >= share)
    if isinstance(aggregate, meters.Average):
        return sum(n) / len(n)
    kinds = {meters.Max: max, meters.Min: min, meters.Latest: lambda values: values[-1]}
    return kinds[type(aggregate)](n)


def text_of(value: object) -> str:
    """The text of a name, a whole number or a flag."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# Levels have a walk of their own below, outcomes an oracle in test_outcomes.py.
@given(
    some.aggregates().filter(lambda each: not isinstance(each, Level | Peak | meters.Outcomes)),
    st.lists(some.records(), max_size=20),
)
def test_naive(aggregate: Aggregate, records: list[UsageRecord]) -> None:
    """Every value is the one of its definition."""
    assert fraction(aggregate.over(records, WHOLE)) == naive(aggregate, records)


def on_seconds(record: UsageRecord) -> UsageRecord:
    """The record at a whole second."""
    at = record.at.replace(microsecond=0)
    return UsageRecord(record.event, at, record.properties, source=record.source, id=record.id)


def held(gauge: Level | Peak, records: list[UsageRecord], frame: Frame, at: datetime) -> Fraction:
    """The level at an instant, found by walking all records up to it."""
    level = Fraction(gauge.opening if frame.opening is None else frame.opening)
    for record in sorted(records, key=order):
        if record.at <= at:
            n = Fraction(record.properties["n"])
            level = n if gauge.mode == "set" else level + n
    return level


@given(
    some.levels(),
    st.lists(some.records().map(on_seconds), max_size=12),
    st.tuples(st.integers(0, SPAN), st.integers(0, SPAN)),
    st.none() | some.amounts(-5, 5),
    st.integers(1, 100),
)
def test_levels_second_by_second(
    gauge: Level | Peak, records: list[UsageRecord], stretch: tuple[int, int], opening: Decimal | None, full: int
) -> None:
    """With changes on whole seconds, a level is the mean of its seconds, a peak the greatest, the closing the last."""
    start, length = stretch
    frame = Frame(second(start), second(start + length), full * MICROS, opening)
    seconds = [held(gauge, records, frame, second(each)) for each in range(start, start + length)]
    state = fed(gauge, records)
    expected = sum(seconds, Fraction(0)) / full if isinstance(gauge, Level) else max(seconds, default=Fraction(0))
    assert fraction(gauge.value(state, frame)) == expected
    before = held(gauge, records, frame, second(start + length) - timedelta(microseconds=1))
    assert fraction(gauge.closing(state, frame)) == before


@given(some.levels(), st.lists(some.records(), max_size=8), st.lists(some.instants(), max_size=3))
def test_levels_in_pieces(gauge: Level | Peak, records: list[UsageRecord], cuts: list[datetime]) -> None:
    """Cut anywhere, each piece opening with the closing of the one before, levels add up and the peak stays."""
    bounds = sorted([WHOLE.start, *cuts, WHOLE.end])
    opening: Exact | None = None
    pieces: list[Fraction] = []
    for start, end in pairwise(bounds):
        frame = Frame(start, end, WHOLE.full, opening)
        state = fed(gauge, [each for each in records if start <= each.at < end])
        if start < end:
            pieces.append(fraction(gauge.value(state, frame)))
        opening = gauge.closing(state, frame)
    whole = fed(gauge, records)
    together = sum(pieces) if isinstance(gauge, Level) else max(pieces)
    assert together == fraction(gauge.value(whole, WHOLE))
    assert opening == gauge.closing(whole, WHOLE)


@given(st.lists(some.records(), max_size=6), some.amounts(-5, 5), st.integers(1, 7))
def test_level_by_weights(records: list[UsageRecord], opening: Decimal, full: int) -> None:
    """A level of deltas is the opening plus each delta by the share of the frame that remains, to the microsecond."""
    gauge = Level(of="n", mode="delta", opening=opening)
    frame = Frame(WHOLE.start, WHOLE.end, full * MICROS)
    weights = [Fraction((frame.end - each.at) // timedelta(microseconds=1), frame.full) for each in records]
    expected = Fraction(opening) * Fraction(SPAN, full)
    expected += sum(Fraction(each.properties["n"]) * weight for each, weight in zip(records, weights, strict=True))
    assert fraction(gauge.over(records, frame)) == expected


def passes(one: AnyFilter, properties: dict[str, object]) -> bool:
    """What a filter says of well-behaved properties: text, whole numbers, flags, Decimals, or nothing."""
    value = properties.get(one.property)
    if isinstance(one, meters.Exists):
        return (value is not None) is one.present
    if value is None:
        return False
    shown = text(value) if isinstance(value, Decimal) else text_of(value)
    if isinstance(one, meters.Range):
        number = None if isinstance(value, bool) or shown in ("ana", "bo", "cy") else Fraction(shown)
        low = number is not None and (one.minimum is None or number >= Fraction(one.minimum))
        return low and (one.below is None or number < Fraction(one.below))
    if isinstance(one, meters.Prefix):
        return shown.startswith(one.prefix)
    return shown in (one.values if isinstance(one, meters.In) else (one.value,))


TAME = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), some.amounts(-3, 3), st.sampled_from(["ana", "bo", "cy", "1", "2"])
)


@given(some.filters(), st.dictionaries(st.sampled_from(["n", "user", "region"]), TAME))
def test_filters(one: AnyFilter, properties: dict[str, object]) -> None:
    """A filter says what its definition says."""
    assert one.matches(properties) is passes(one, properties)


@given(some.filters(), some.properties())
@example(meters.Range(property="n", minimum=0), {"n": 0.5})
@example(meters.Equals(property="n", value="0.5"), {"n": 0.5})
def test_filters_of_anything(one: AnyFilter, properties: dict[str, object]) -> None:
    """A filter never raises; a binary float or a list passes none but that it exists."""
    found = one.matches(properties)
    value = properties.get(one.property)
    if isinstance(value, float | list):
        assert found is (isinstance(one, meters.Exists) and one.present)


@given(some.converts(), some.amounts(), st.integers(1, 9))
def test_convert(convert: meters.Convert, top: Decimal, bottom: int) -> None:
    """A conversion is exact, or rounded once within its places; and its steps recompute to it."""
    quantity: Exact = meters.Convert(divide=bottom).apply(top)
    found = convert.apply(quantity)
    factor = Fraction(convert.multiply or 1) / Fraction(convert.divide or 1)
    exact = fraction(quantity) * factor
    if convert.rounding == "none":
        assert fraction(found) == exact
    else:
        unit = Fraction(1, 10**convert.places) if convert.places >= 0 else Fraction(10**-convert.places)
        near = {"up": abs(fraction(found)) >= abs(exact), "down": abs(fraction(found)) <= abs(exact)}
        near |= {"ceiling": fraction(found) >= exact, "floor": fraction(found) <= exact}
        assert near.get(convert.rounding, abs(fraction(found) - exact) * 2 <= unit)
        assert abs(fraction(found) - exact) < unit
        assert (fraction(found) / unit).denominator == 1
    step = convert.step(Step.of("given", [("value", quantity)]))
    assert step.check()
    assert step.result == found


@given(some.all_meters())
def test_meters_in_json(meter: Meter) -> None:
    """A meter comes back from its JSON equal, with an equal hash, and refuses a field it does not know."""
    told = meter.model_dump(mode="json")
    again = Meter.model_validate(json.loads(json.dumps(told)))
    assert again == meter
    assert hash(again) == hash(meter)
    assert Meter.model_validate_json(json.dumps(told)) == meter
    with pytest.raises(ValueError, match="extra"):
        Meter.model_validate({**told, "keys": 1})


@given(some.all_meters(), many)
def test_reads_is_enough(meter: Meter, records: list[UsageRecord]) -> None:
    """A meter looks at no property that it does not name."""
    named = meter.reads()
    assert len(set(named)) == len(named)
    for record in records:
        less = {name: value for name, value in record.properties.items() if name in named}
        bare = UsageRecord(record.event, record.at, less, source=record.source, id=record.id)
        assert meter.takes(less) is meter.takes(record.properties)
        assert meter.aggregate.read(bare) == meter.aggregate.read(record)


@given(st.lists(some.amounts(), min_size=1, max_size=12), some.amounts(1, 100))
def test_percentile_rank(values: list[Decimal], percent: Decimal) -> None:
    """The percentile is the value at place ceil(percent / 100 x n) of the values in order."""
    records = [UsageRecord("call", EPOCH, {"n": value}) for value in values]
    rank = math.ceil(Fraction(percent) / 100 * len(values))
    assert meters.Percentile(of="n", percent=percent).over(records, WHOLE) == sorted(values)[rank - 1]


@given(some.aggregates(), st.integers(-30, 30))
def test_no_negative_zero(aggregate: Aggregate, exponent: int) -> None:
    """Nothing but plain zeros comes of zeros, however they are written."""
    zero = Decimal((1, (0,), exponent))
    records = [UsageRecord("call", EPOCH, {"n": zero, "m": zero, "user": zero})]
    value = aggregate.over(records, WHOLE)
    assert value != ZERO or str(value) == "0"
