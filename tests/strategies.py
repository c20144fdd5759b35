"""
Hypothesis strategies, one a public model; a new model joins the section of its room.

Values are small and collide often on purpose: equal times, equal ids, amounts on bounds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from ratecard import meters, plans, prices
from ratecard._numbers import Exact, Ratio
from ratecard.cadence import Cadence
from ratecard.records import UsageRecord


def fraction(value: Exact | int) -> Fraction:
    """An exact value for an oracle."""
    return Fraction(value.numerator) / value.denominator if isinstance(value, Ratio) else Fraction(value)


def amounts(low: int = -1000, high: int = 1000) -> st.SearchStrategy[Decimal]:
    """Numbers of the grammar, half of them whole, with trailing zeros now and then."""
    whole = st.integers(low, high).map(Decimal)
    return st.one_of(whole, st.decimals(low, high, places=3), st.decimals(low, high, places=1))


# --- records and meters ---

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
"""The first instant of the records below."""

SPAN = 60
"""How many seconds after it the last one may be."""

_NAMES = st.sampled_from(["ana", "bo", "cy"])


def instants() -> st.SearchStrategy[datetime]:
    """Instants of one minute, on whole seconds more often than between them."""
    seconds = st.integers(0, SPAN - 1).map(lambda count: timedelta(seconds=count))
    micros = st.integers(0, SPAN * 1_000_000 - 1).map(lambda count: timedelta(microseconds=count))
    return st.one_of(seconds, seconds, micros).map(lambda past: EPOCH + past)


def records() -> st.SearchStrategy[UsageRecord]:
    """Records that every aggregate below can read: numbers `n` and `m`, a name `user`."""
    properties = st.fixed_dictionaries(
        {"n": amounts(), "m": amounts(0, 9), "user": st.one_of(_NAMES, st.integers(0, 3), st.booleans())}
    )
    return st.builds(
        UsageRecord,
        event=st.sampled_from(["call", "seat"]),
        at=instants(),
        properties=properties,
        source=st.sampled_from([None, "a", "b"]),
        id=st.sampled_from([None, "1", "2", "10"]),
    )


def levels() -> st.SearchStrategy[meters.Level | meters.Peak]:
    """Levels and peaks, with an opening so that every frame can be valued."""
    return st.builds(
        lambda kind, mode, opening: kind(of="n", mode=mode, opening=opening),
        st.sampled_from([meters.Level, meters.Peak]),
        st.sampled_from(["set", "delta"]),
        amounts(-5, 5),
    )


def aggregates() -> st.SearchStrategy[meters.Aggregate]:
    """Any aggregate, over the properties of `records`."""
    plain = [meters.Average, meters.Max, meters.Min, meters.Latest]
    return st.one_of(
        st.sampled_from([meters.Sum(of="n"), meters.Sum(of="n", less=["m"]), meters.Count(), meters.Unique(of="user")]),
        st.sampled_from(plain).map(lambda kind: kind(of="n")),
        amounts(1, 100).map(lambda percent: meters.Percentile(of="n", percent=percent)),
        levels(),
    )


def values() -> st.SearchStrategy[object]:
    """What may stand in a property, sound or not."""
    return st.one_of(
        _NAMES, amounts(-3, 3), st.integers(-3, 3), st.booleans(), st.none(), st.floats(), st.lists(st.integers()),
        st.text(max_size=3), st.sampled_from(["1", "1.0", "true", "", "-0", "NaN", "1e9"]),
        st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("1E+99999"), 10**5000]),
    )  # fmt: skip


def properties() -> st.SearchStrategy[dict[str, object]]:
    """Properties of any kind, under the names that `filters` look at."""
    return st.dictionaries(st.sampled_from(["n", "user", "region"]), values(), max_size=3)


def filters() -> st.SearchStrategy[meters.Filter]:
    """Any filter."""
    name = st.sampled_from(["n", "user", "region"])
    told = st.one_of(_NAMES, st.integers(-3, 3), st.booleans(), amounts(-3, 3), st.text(max_size=3))
    bounds = st.tuples(st.none() | amounts(-3, 3), st.none() | amounts(-3, 3)).filter(
        lambda pair: pair != (None, None) and (None in pair or pair[0] < pair[1])
    )
    return st.one_of(
        st.builds(meters.Equals, property=name, value=told),
        st.builds(meters.In, property=name, values=st.lists(told, min_size=1, max_size=3)),
        st.builds(lambda of, pair: meters.Range(property=of, minimum=pair[0], below=pair[1]), name, bounds),
        st.builds(meters.Prefix, property=name, prefix=st.sampled_from(["a", "an", "1", "t", "-"])),
        st.builds(meters.Exists, property=name, present=st.booleans()),
    )


def converts() -> st.SearchStrategy[meters.Convert]:
    """Any conversion."""
    rounding = st.sampled_from(["none", "half_up", "half_even", "up", "down", "ceiling", "floor"])
    return st.builds(
        lambda name, factor, rule, places: meters.Convert(**{name: factor}, rounding=rule, places=places),
        st.sampled_from(["multiply", "divide"]),
        amounts(0, 100).filter(bool),
        rounding,
        st.integers(-2, 3),
    )


def all_meters() -> st.SearchStrategy[meters.Meter]:
    """Any meter over `records`."""
    return st.builds(
        meters.Meter,
        key=st.sampled_from(["calls", "seats"]),
        event=st.sampled_from(["call", "seat"]),
        aggregate=aggregates(),
        where=st.lists(filters(), max_size=2),
        convert=st.none() | converts(),
        unit=st.sampled_from(["", "GB"]),
        step=amounts(0, 3).filter(bool),
    )


# --- plans ---

_DAYS = ["2025-01-01", "2025-02-28", "2025-03-30", "2025-03-30T01:30:00Z", "2025-07-01T00:00:00+02:00"]
_CODES = ["USD", "JPY", "credits"]
_ZONES = ["UTC", "Europe/Stockholm", "America/Sao_Paulo"]


def _fees() -> st.SearchStrategy[prices.Price]:
    """Prices that need no quantity."""
    flat = st.builds(prices.Flat, amount=amounts(), prorate=st.booleans())
    share = st.builds(prices.PercentOf, items=st.just(["0"]), rate=amounts(0, 1))
    return st.one_of(flat, flat, share)


def _rates() -> st.SearchStrategy[prices.Price]:
    """Prices of a quantity."""
    each = st.builds(prices.PerUnit, unit_price=amounts(0, 9), per=st.sampled_from([1, "1000"]))
    tiers = st.tuples(amounts(0, 9), amounts(0, 9)).map(
        lambda pair: prices.Graduated(
            tiers=[prices.Tier(up_to="10", unit_price=pair[0]), prices.Tier(unit_price=pair[1], flat_price=pair[0])]
        )
    )
    included = st.builds(prices.Allowance, units=amounts(0, 9), base=each, scope=st.sampled_from(["group", "pooled"]))
    return st.one_of(each, tiers, included, st.builds(prices.Hybrid, prices=st.lists(each, min_size=1, max_size=3)))


def cadences() -> st.SearchStrategy[Cadence]:
    """Cadences, some of which follow the subscription's anchor."""
    return st.builds(
        Cadence,
        every=st.integers(1, 3),
        unit=st.sampled_from(["day", "week", "month", "year"]),
        anchor=st.sampled_from([None, "2025-01-31", "2024-02-29T12:00:00Z"]),
        zone=st.sampled_from([None, *_ZONES]),
    )


@st.composite
def items(draw: st.DrawFn, key: str = "item", meter: str | None = "calls") -> plans.Item:
    """An item that is sound in itself: a fee, something sold by quantity, or usage of a meter."""
    kind = draw(st.sampled_from(["fee", "sold", "used"] if meter else ["fee", "sold"]))
    common = {
        "key": key,
        "cadence": draw(st.none() | cadences()),
        "prorate": draw(st.sampled_from([None, "day", "second", "30/360", "none"])),
        "tiers": draw(st.sampled_from(["continue", "restart", "prorate"])),
        "name": draw(st.sampled_from(["", "Name", "Nåmn"])),
    }
    bill = draw(st.sampled_from(["arrears", "advance"]))
    if kind == "fee":
        # Item "0" is the one that shares are taken of; it is never a share itself.
        price = draw(_fees() if key != "0" else st.builds(prices.Flat, amount=amounts()))
        return plans.Item(price=price, bill=bill, **common)
    places = draw(st.integers(-2, 3))
    price = draw(_rates())
    pooled = isinstance(price, prices.Allowance) and price.scope == "pooled"
    if kind == "sold" and not pooled:
        return plans.Item(quantity="seats", price=price, bill=bill, quantity_places=places, **common)
    groups = [["region"], ["region", "team"]]
    each = draw(st.sampled_from(groups if pooled else [[], *groups])) if meter else []
    split = draw(st.sampled_from([[], ["team"]])) if meter and not each else []
    if meter is None:
        return plans.Item(quantity="seats", price=prices.PerUnit(unit_price="1"), bill=bill, **common)
    rounding = draw(st.sampled_from([None, "up", "half_even"]))
    return plans.Item(
        meter=meter, price=price, each=each, split=split, round_quantity=rounding, quantity_places=places, **common
    )


@st.composite
def cards(draw: st.DrawFn, currency: str = "USD", effective: str | None = None) -> plans.RateCard:
    """A card with up to four items, the first of which every share is taken of."""
    count = draw(st.integers(1, 4))
    return plans.RateCard(
        currency=currency,
        effective=effective,
        items=[draw(items(key=str(index))) for index in range(count)],
        cohort=draw(st.sampled_from([None, "early"])),
        applies=draw(st.sampled_from(["all", "new"])),
    )


@st.composite
def all_plans(draw: st.DrawFn) -> plans.Plan:
    """Any plan: several currencies and dates, no two cards alike."""
    marks = draw(
        st.lists(st.tuples(st.sampled_from(_CODES), st.sampled_from([None, *_DAYS])), min_size=1, max_size=4, unique=True)
    )
    counted = meters.Meter(key="calls", event="call", aggregate=meters.Count())
    return plans.Plan(
        key=draw(st.sampled_from(["p", "q"])),
        name=draw(st.sampled_from(["", "Plan"])),
        meters=[counted, *draw(st.lists(all_meters().map(lambda meter: meter.model_copy(update={"key": "more"})), max_size=1))],
        cards=[draw(cards(currency=code, effective=day)) for code, day in marks],
        cadence=draw(cadences()),
        zone=draw(st.sampled_from(_ZONES)),
        proration=draw(st.sampled_from(["day", "second", "30/360", "none"])),
        rounding=draw(st.sampled_from(["half_up", "half_even", "up", "down", "ceiling", "floor"])),
        rounding_at=draw(st.sampled_from(["line", "record", "statement"])),
        profile=draw(st.sampled_from(["iso", "stripe"])),
        units=[plans.CustomUnit(key="credits", places=draw(st.integers(0, 18)))],
        order=draw(st.sampled_from([plans.Order.default(), plans.Order(items=["price", "round"])])),
        carry_remainders=draw(st.booleans()),
        metadata=draw(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)),
    )


@st.composite
def subscriptions(draw: st.DrawFn, plan: str = "p") -> plans.Subscription:
    """A subscription to a plan, with or without what it may leave to the plan."""
    return plans.Subscription(
        customer=draw(_NAMES),
        plan=plan,
        start=draw(st.sampled_from(_DAYS[:4])),
        end=draw(st.sampled_from([None, "2025-07-01", "2025-12-31T12:00:00Z"])),
        zone=draw(st.sampled_from([None, *_ZONES])),
        currency=draw(st.sampled_from([None, *_CODES])),
        anchor=draw(st.sampled_from([None, "2025-01-31"])),
        cohort=draw(st.sampled_from([None, "early"])),
        quantities=draw(st.dictionaries(st.sampled_from(["seats", "desks"]), amounts(0, 9), max_size=2)),
    )
