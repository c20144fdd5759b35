"""
Hypothesis strategies, one a public model; a new model joins the section of its room.

Values are small and collide often on purpose: equal times, equal ids, amounts on bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st

from ratecard import credits, meters, plans, prices
from ratecard._numbers import Exact, Ratio, div, total
from ratecard.cadence import Cadence
from ratecard.demand import Axis, Demand, Fold
from ratecard.periods import Period
from ratecard.quantity import Results, Usage
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
        outcomes(),
    )


def outcomes() -> st.SearchStrategy[meters.Outcomes]:
    """Results of users, undone by a number, over the minute of `records`."""
    windows = st.sampled_from([None, Decimal("0.005"), Decimal("0.01")])
    return st.builds(
        meters.Outcomes,
        subject=st.just("user"),
        worth=st.just("n"),
        reverse=st.just([meters.Range(property="m", below=3)]),
        confirm=st.sampled_from([(), (meters.Range(property="m", minimum=7),)]),
        attribution_hours=windows,
        confirmation_hours=windows,
        reversal_hours=windows,
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
    if pooled and common["tiers"] == "prorate":
        common["tiers"] = "restart"
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


def _some_grants() -> st.SearchStrategy[list[credits.Recurring]]:
    """Up to two recurring grants of whole credits."""
    one = st.builds(
        credits.Recurring,
        key=st.just("g"),
        amount=st.integers(1, 9),
        currency=st.just("credits"),
        priority=st.integers(0, 2),
        lasts=st.none() | st.integers(1, 3),
        every=cadences(),
    )
    return st.lists(one, max_size=2)


@st.composite
def all_plans(draw: st.DrawFn) -> plans.Plan:
    """Any plan: several currencies and dates, no two cards alike."""
    marks = draw(
        st.lists(
            st.tuples(st.sampled_from(_CODES), st.sampled_from([None, *_DAYS])), min_size=1, max_size=4, unique=True
        )
    )
    counted = meters.Meter(key="calls", event="call", aggregate=meters.Count())
    # A line break of any kind is not kept by YAML, whatever it is quoted in.
    words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=3)
    return plans.Plan(
        key=draw(st.sampled_from(["p", "q"])),
        name=draw(st.sampled_from(["", "Plan"])),
        meters=[
            counted,
            *draw(st.lists(all_meters().map(lambda meter: meter.model_copy(update={"key": "more"})), max_size=1)),
        ],
        cards=[draw(cards(currency=code, effective=day)) for code, day in marks],
        cadence=draw(cadences()),
        zone=draw(st.sampled_from(_ZONES)),
        proration=draw(st.sampled_from(["day", "second", "30/360", "none"])),
        rounding=draw(st.sampled_from(["half_up", "half_even", "up", "down", "ceiling", "floor"])),
        rounding_at=draw(st.sampled_from(["line", "statement"])),
        profile=draw(st.sampled_from(["iso", "stripe"])),
        units=[plans.CustomUnit(key="credits", places=draw(st.integers(0, 18)))],
        order=draw(st.sampled_from([plans.Order.default(), plans.Order(items=["price", "round"])])),
        carry_remainders=draw(st.booleans()),
        grants=[each.model_copy(update={"key": f"g{index}"}) for index, each in enumerate(draw(_some_grants()))],
        burn=draw(st.sampled_from([credits.Policy(), credits.Policy.preset("stripe"), credits.Policy(burn=["cost"])])),
        metadata=draw(st.dictionaries(words, words, max_size=2)),
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


# --- prices ---


def rates() -> st.SearchStrategy[Decimal]:
    """Prices of 0 or more."""
    return amounts(0, 20)


def quantities() -> st.SearchStrategy[Exact]:
    """Quantities of 0 or more, on small bounds more often than not, and some without an end in decimals."""
    thirds = st.integers(0, 300).map(lambda count: div(Decimal(count), 3))
    return st.one_of(st.integers(0, 30).map(Decimal), amounts(0, 120), thirds)


def bounds(*, most: int = 3) -> st.SearchStrategy[list[Decimal]]:
    """Rising bounds above 0."""
    above = st.one_of(st.integers(1, 30).map(Decimal), amounts(0, 100).filter(bool))
    return st.lists(above, unique=True, max_size=most).map(sorted)


@st.composite
def ends(draw: st.DrawFn, *, closed: bool) -> list[Decimal | None]:
    """The bounds of a table, with an open end unless it is closed."""
    found: list[Decimal | None] = list(draw(bounds()))
    return found if closed and found else [*found, None]


def clamps() -> st.SearchStrategy[dict[str, Decimal]]:
    """A minimum, a maximum, both in order, or neither."""
    pair = st.tuples(amounts(0, 60), amounts(0, 60)).map(sorted)
    return st.one_of(
        st.just({}),
        st.just({}),
        amounts(0, 60).map(lambda least: {"minimum": least}),
        amounts(0, 60).map(lambda most: {"maximum": most}),
        pair.map(lambda both: {"minimum": both[0], "maximum": both[1]}),
    )


def _size() -> st.SearchStrategy[Decimal | None]:
    return st.sampled_from([None, None, None, Decimal(1), Decimal("2.5"), Decimal(10)])


@st.composite
def tiers(draw: st.DrawFn, up_to: Decimal | None, size: Decimal | None) -> prices.Tier:
    """A tier with that bound, in a table whose packages have that size."""
    own = draw(_size())
    fields: dict[str, object] = {"up_to": up_to, "package_size": own, "flat_price": draw(st.just(0) | rates())}
    packaged = (own is not None or size is not None) and draw(st.booleans())
    fields["package_price" if packaged else "unit_price"] = draw(rates())
    return prices.Tier(**fields, **draw(clamps()))


@st.composite
def _tables(
    draw: st.DrawFn, kind: type[prices.Graduated] | type[prices.Volume], closed: bool, **fields: object
) -> object:
    size = draw(_size())
    rows = draw(ends(closed=closed))
    return kind(
        tiers=[draw(tiers(up_to, size)) for up_to in rows],
        package_size=size,
        packages=draw(st.sampled_from(["total", "tier"])),
        per=draw(st.sampled_from([1, 1, 3, 1000])),
        flat_at_zero=draw(st.booleans()),
        refunds=draw(st.booleans()),
        closed=rows[-1] is not None,
        **draw(clamps()),
        **fields,
    )


def graduated(*, closed: bool = False) -> st.SearchStrategy[prices.Graduated]:
    """Graduated prices with packages and clamps."""
    return _tables(prices.Graduated, closed)


def volumes(*, closed: bool = False, rising: bool = False) -> st.SearchStrategy[prices.Volume]:
    """Volume prices; `rising`: only those that never decrease."""
    never = st.just(True) if rising else st.booleans()
    return never.flatmap(lambda held: _tables(prices.Volume, closed, never_decreases=held))


@st.composite
def stairsteps(draw: st.DrawFn, *, closed: bool = False, rising: bool = False) -> prices.Stairstep:
    """Stairs; `rising`: only those whose amounts rise."""
    rows = draw(ends(closed=closed))
    found = draw(st.lists(rates(), min_size=len(rows), max_size=len(rows)))
    return prices.Stairstep(
        steps=[
            prices.Stair(up_to=up_to, amount=amount)
            for up_to, amount in zip(rows, sorted(found) if rising else found, strict=True)
        ],
        flat_at_zero=draw(st.booleans()),
        refunds=draw(st.booleans()),
        closed=rows[-1] is not None,
    )


@st.composite
def graduated_percentages(draw: st.DrawFn, *, closed: bool = False) -> prices.GraduatedPercentage:
    """Rates by tier of a running total."""
    rows = draw(ends(closed=closed))
    return prices.GraduatedPercentage(
        tiers=[prices.RateTier(up_to=up_to, rate=draw(amounts(0, 1)), flat_price=draw(rates())) for up_to in rows],
        flat_at_zero=draw(st.booleans()),
        closed=rows[-1] is not None,
    )


def flats(low: int = -50) -> st.SearchStrategy[prices.Flat]:
    """Fees, some of them negative."""
    return st.builds(prices.Flat, amount=amounts(low, 50), prorate=st.booleans())


def per_units(low: int = -20) -> st.SearchStrategy[prices.PerUnit]:
    """Prices of a unit, some of them negative."""
    per = st.sampled_from([1, 1, 3, 1000])
    return st.builds(prices.PerUnit, unit_price=amounts(low, 20), per=per, refunds=st.booleans())


def packages() -> st.SearchStrategy[prices.Package]:
    """Prices of packages."""
    return st.builds(
        prices.Package,
        package_size=amounts(0, 20).filter(bool),
        package_price=rates(),
        free_units=st.just(0) | amounts(0, 30),
        rounding=st.sampled_from(["up", "down", "none"]),
        refunds=st.booleans(),
    )


def leaves(*, rising: bool = False) -> st.SearchStrategy[prices.Price]:
    """Prices of the quantity alone that hold no others; `rising`: only those that never fall."""
    return st.one_of(
        flats(0 if rising else -50),
        per_units(0 if rising else -20),
        packages(),
        graduated(),
        volumes(rising=rising),
        stairsteps(rising=rising),
        graduated_percentages(),
    )


def multipliers(inner: st.SearchStrategy[prices.Price]) -> st.SearchStrategy[prices.Multiplier]:
    """A factor on a price."""
    return st.builds(prices.Multiplier, factor=amounts(0, 3), base=inner)


def hybrids(inner: st.SearchStrategy[prices.Price]) -> st.SearchStrategy[prices.Hybrid]:
    """Sums, greatest and least of prices."""
    combine = st.sampled_from(["sum", "greatest", "least"])
    return st.builds(prices.Hybrid, combine=combine, prices=st.lists(inner, min_size=1, max_size=3))


def first_thens(inner: st.SearchStrategy[prices.Price]) -> st.SearchStrategy[prices.FirstThen]:
    """One price after another."""
    return st.builds(prices.FirstThen, first=inner, units=amounts(0, 30), then=inner)


def allowances(
    inner: st.SearchStrategy[prices.Price], *, outermost: bool = False
) -> st.SearchStrategy[prices.Allowance]:
    """Included units; `outermost`: also those that roll over or are pooled."""
    allowance = partial(st.builds, prices.Allowance, units=amounts(0, 30), base=inner, prorate=st.booleans())
    if not outermost:
        return allowance()
    return allowance(rollover=st.none() | amounts(0, 30)) | allowance(scope=st.just("pooled"))


def quantity_prices(depth: int = 3, *, rising: bool = False) -> st.SearchStrategy[prices.Price]:
    """Prices that have a curve; `rising`: only those that never fall."""
    if depth == 1:
        return leaves(rising=rising)
    inner = quantity_prices(depth - 1, rising=rising)
    return st.one_of(leaves(rising=rising), multipliers(inner), hybrids(inner), first_thens(inner), allowances(inner))


@st.composite
def percentages(draw: st.DrawFn) -> prices.Percentage:
    """A share of each record."""
    low, high = sorted([draw(amounts(0, 60)), draw(amounts(0, 60))])
    return prices.Percentage(
        rate=draw(amounts(0, 2)),
        fixed_per_event=draw(st.just(0) | amounts(0, 3)),
        free_events=draw(st.none() | st.integers(0, 4)),
        free_amount=draw(st.none() | amounts(0, 60)),
        min_per_event=draw(st.sampled_from([None, low])),
        max_per_event=draw(st.sampled_from([None, high])),
        refunds=draw(st.booleans()),
        **draw(clamps()),
    )


def dynamics() -> st.SearchStrategy[prices.Dynamic]:
    """Prices that the records carry in `m`, or do not carry at all."""
    raised = st.one_of(
        amounts(0, 3).map(lambda factor: {"multiplier": factor}),
        st.sampled_from(["0", "0.2", "0.7"]).map(lambda margin: {"margin": margin}),
    )
    return st.builds(
        lambda of, per_unit, default, more: prices.Dynamic(of=of, per_unit=per_unit, default=default, **more),
        st.sampled_from(["m", "cost"]),
        st.booleans(),
        amounts(0, 9),
        raised,
    )


@st.composite
def percent_ofs(draw: st.DrawFn) -> prices.PercentOf:
    """A share of one or both of the items `a` and `b`."""
    items = draw(st.sampled_from([["a"], ["b", "a"]]))
    return prices.PercentOf(items=items, rate=draw(amounts(0, 2)), **draw(clamps()))


def _rows() -> st.SearchStrategy[tuple[list[str], list[list[str]]]]:
    """Dimensions, and rows for them, no two equal."""
    value = st.sampled_from(["ana", "bo", "1", "*"])

    def rows(names: list[str]) -> st.SearchStrategy[tuple[list[str], list[list[str]]]]:
        row = st.lists(value, min_size=len(names), max_size=len(names))
        return st.tuples(st.just(names), st.lists(row, max_size=3, unique_by=tuple))

    return st.sampled_from([["user"], ["user", "m"], ["m", "user"]]).flatmap(rows)


@st.composite
def matrices(draw: st.DrawFn, inner: st.SearchStrategy[prices.Price]) -> prices.Matrix:
    """Prices by property, with a default."""
    names, rows = draw(_rows())
    cells = [prices.Cell(values=row, price=draw(inner)) for row in rows]
    return prices.Matrix(dimensions=names, cells=cells, default=draw(inner))


@st.composite
def windows(draw: st.DrawFn, inner: st.SearchStrategy[prices.Price]) -> prices.Windows:
    """Prices by local time, with a default; the records' minute is the first of 2025 in UTC."""
    clock = st.sampled_from(["00:00", "00:01", "01:00", "12:00", "23:59"])
    found = [
        prices.Window(
            name=name,
            start=draw(clock),
            end=draw(clock),
            weekdays=draw(st.lists(st.integers(0, 6), max_size=2)),
            dates=draw(st.sampled_from([[], [date(2025, 1, 1)], [date(2024, 12, 31)]])),
            price=draw(inner),
        )
        for name in draw(st.sampled_from([["a"], ["b", "a"]]))
    ]
    zone = draw(st.sampled_from(["UTC", "Europe/Stockholm", "America/New_York"]))
    return prices.Windows(zone=zone, windows=found, default=draw(inner))


@st.composite
def brackets(draw: st.DrawFn, inner: st.SearchStrategy[prices.Price]) -> prices.Brackets:
    """Prices by the record's own size."""
    rows = draw(ends(closed=False))
    of = draw(st.sampled_from([[], ["n"], ["n", "m"]]))
    return prices.Brackets(of=of, brackets=[prices.Bracket(up_to=up_to, price=draw(inner)) for up_to in rows])


@st.composite
def weighted(draw: st.DrawFn, inner: st.SearchStrategy[prices.Price]) -> prices.Weighted:
    """Factors by property on one price."""
    names, rows = draw(_rows())
    factors = [prices.Weight(values=row, factor=draw(amounts(0, 4))) for row in rows]
    return prices.Weighted(dimensions=names, factors=factors, default_factor=draw(amounts(0, 4)), base=draw(inner))


def in_credits(
    inner: st.SearchStrategy[prices.Price], curved: st.SearchStrategy[prices.Price]
) -> st.SearchStrategy[prices.Credit]:
    """Any price in credits of the unit `credits`, with a price for what nobody pays."""
    return st.builds(
        prices.Credit,
        unit=st.just("credits"),
        base=inner.filter(lambda price: not price.demand().items),
        overage=curved,
        rounding=st.sampled_from(["half_up", "up", "down"]),
    )


def outcome_prices() -> st.SearchStrategy[prices.Outcome]:
    """Prices of outcomes, in all four ways."""
    share = st.integers(1, 10).map(lambda parts: Decimal(parts).scaleb(-1))
    success = st.builds(lambda low, rate, high: [prices.SuccessFee(at_least=0, fee=low),
                                                 prices.SuccessFee(at_least=rate, fee=high)],
                        amounts(0, 9), share, amounts(0, 9))  # fmt: skip
    ways = st.one_of(
        amounts(0, 9).map(lambda fee: {"fee": fee}),
        success.map(lambda fees: {"fees": fees}),
        share.map(lambda rate: {"rate": rate}),
        graduated().filter(lambda table: table.package_size is None).map(lambda table: {"tiers": table.tiers}),
    )
    promises = st.lists(
        st.builds(prices.Guarantee, of=st.sampled_from(["success", "level"]), below=share, credit=share), max_size=2
    )
    return st.builds(
        lambda way, most, given: prices.Outcome(definition="Done.", maximum=most, guarantees=given, **way),
        ways,
        st.none() | amounts(0, 60),
        promises,
    )


def price_models(depth: int = 3) -> dict[str, st.SearchStrategy[prices.Price]]:
    """A strategy for each price model, by the text in its field `model`, holding others up to a depth."""
    inner = any_prices(depth - 1) if depth > 1 else leaves()
    curved = quantity_prices(max(depth - 1, 1))
    return {
        "flat": flats(),
        "per_unit": per_units(),
        "package": packages(),
        "graduated": graduated(closed=True) | graduated(),
        "volume": volumes(closed=True) | volumes(),
        "stairstep": stairsteps(closed=True) | stairsteps(),
        "percentage": percentages(),
        "graduated_percentage": graduated_percentages(closed=True) | graduated_percentages(),
        "percent_of": percent_ofs(),
        "matrix": matrices(inner),
        "windows": windows(inner),
        "brackets": brackets(inner),
        "dynamic": dynamics(),
        "credit": in_credits(inner, curved),
        "multiplier": multipliers(inner),
        "allowance": allowances(curved, outermost=True),
        "hybrid": hybrids(inner),
        "first_then": first_thens(curved),
        "weighted": weighted(curved),
        "outcome": outcome_prices(),
    }


def any_prices(depth: int = 3) -> st.SearchStrategy[prices.Price]:
    """Any price that can be a part of another, nested up to a depth."""
    if depth == 1:
        return st.one_of(leaves(), percentages(), dynamics(), percent_ofs())
    inner, curved = any_prices(depth - 1), quantity_prices(depth - 1)
    nested = [make(inner) for make in (matrices, windows, brackets, multipliers, hybrids)]
    return st.one_of(any_prices(1), *nested, first_thens(curved), allowances(curved), weighted(curved))


def usage_of(
    records: Sequence[UsageRecord],
    demand: Demand | None = None,
    *,
    share: Exact = Decimal(1),
    licensed: bool = False,
) -> Usage:
    """
    What a price sees of records, the metered value of each being its property `n`.

    Only what the demand asks for can be seen. The items `a` and `b` have amounts of 40 and 0.5.
    """

    def cut(axis: Axis) -> dict[str, Usage]:
        assert demand is None or axis in demand.axes
        found: dict[str, list[UsageRecord]] = {}
        for record in records:
            found.setdefault(axis.key(record.properties["n"], record), []).append(record)
        return {cell: usage_of(found[cell], demand, share=share, licensed=licensed) for cell in sorted(found)}

    def folded(fold: Fold) -> object:
        assert demand is None or fold in demand.folds
        state = fold.zero()
        for record in records:
            state = fold.add(state, record.properties["n"], record)
        return state

    seen = {"a": Decimal(40), "b": Decimal("0.5")}
    given = {key: amount for key, amount in seen.items() if demand is None or key in demand.items}
    whole = total(record.properties["n"] for record in records)
    results = Results(worth=Decimal("12.5"), failed=2, kept=1)
    return Usage(whole, share=share, licensed=licensed, amounts=given, cut=cut, fold=folded, results=results)


# --- the walk ---


class History(NamedTuple):
    """A plan, a subscription to it, what happened, and the periods in which it is billed one after the other."""

    plan: plans.Plan
    acme: plans.Subscription
    records: list[UsageRecord]
    periods: list[Period]


_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_OWN = [None, None, Cadence.weekly(anchor="2025-01-01"), Cadence.calendar("month", every=3), Cadence.calendar("year")]
_MEASURES = [
    meters.Sum(of="n"), meters.Sum(of="n"), meters.Sum(of="n", less=["m"]), meters.Count(), meters.Unique(of="user"),
    meters.Max(of="n"), meters.Latest(of="n"), meters.Average(of="n"), meters.Level(of="n"),
    meters.Level(of="n", mode="delta"), meters.Peak(of="n", mode="delta"), meters.Peak(of="n"),
    meters.Level(of="n", opening=0), meters.Level(of="n", mode="delta", opening=0),
]  # fmt: skip
# What opens with something belongs to no group, so nothing may be read by groups beside it.
_OPENED = [meters.Level(of="n", opening="2.5"), meters.Level(of="n", mode="delta", opening="2.5")]


@st.composite
def simple_tables(draw: st.DrawFn) -> prices.Price:
    """Tiers of unit and flat prices, and stairs."""
    bounds = [*sorted(draw(st.sets(st.integers(1, 40), max_size=2))), None]
    kind = draw(st.sampled_from(["graduated", "volume", "stairstep"]))
    if kind == "stairstep":
        return prices.Stairstep(steps=[prices.Stair(up_to=up_to, amount=draw(amounts(0, 30))) for up_to in bounds])
    made = prices.Graduated if kind == "graduated" else prices.Volume
    rows = [
        prices.Tier(up_to=up_to, unit_price=draw(amounts(0, 9)), flat_price=draw(amounts(0, 9))) for up_to in bounds
    ]
    return made(tiers=rows)


def simple_prices(depth: int = 2) -> st.SearchStrategy[prices.Price]:
    """Prices of a quantity that the second walk of `tests.oracle` can follow too."""
    leaf = st.one_of(
        st.builds(prices.PerUnit, unit_price=amounts(0, 9), per=st.sampled_from([1, 3]), refunds=st.booleans()),
        simple_tables(),
        st.builds(
            prices.Package,
            package_size=st.sampled_from(["1", "2.5", "10"]),
            package_price=amounts(0, 9),
            free_units=st.sampled_from([0, 0, 7]),
            rounding=st.sampled_from(["up", "down", "none"]),
        ),
        st.builds(prices.Flat, amount=amounts(0, 60), prorate=st.booleans()),
    )
    if depth == 1:
        return leaf
    inner = simple_prices(depth - 1)
    return st.one_of(
        leaf,
        leaf,
        st.builds(
            prices.Hybrid,
            prices=st.lists(inner, min_size=1, max_size=2),
            combine=st.sampled_from(["sum", "greatest", "least"]),
        ),
        st.builds(prices.Multiplier, factor=amounts(0, 3), base=inner),
        st.builds(prices.Allowance, units=st.integers(0, 30), base=inner, prorate=st.booleans()),
    )


@st.composite
def _walk_items(draw: st.DrawFn, axes: list[str]) -> list[plans.Item]:
    found: list[plans.Item] = []
    ways = st.sampled_from(["day", "second", "none", None])
    for key in draw(st.sets(st.sampled_from(["fee", "seats", "use", "uncut", "share"]), min_size=1)):
        own = draw(st.sampled_from(_OWN))
        held = {"key": key, "cadence": own, "prorate": draw(ways)}
        advance = draw(st.sampled_from(["arrears", "advance"]))
        if key == "fee":
            fee = prices.Flat(amount=draw(amounts(-9, 60)), prorate=draw(st.booleans()))
            found.append(plans.Item(price=fee, bill=advance, **held))
        elif key == "seats":
            price = draw(st.builds(prices.PerUnit, unit_price=amounts(0, 9)) | simple_tables())
            name = draw(st.sampled_from(["seats", "desks"]))
            found.append(plans.Item(price=price, quantity=name, bill=advance, **held))
        elif key in ("use", "uncut"):
            meter = draw(st.sampled_from(["m", "m", "m", "k"]))
            tiers = draw(st.sampled_from(["continue", "continue", "continue", "restart", "prorate"]))
            found.append(
                plans.Item(
                    price=draw(simple_prices()), meter=meter, each=axes if key == "use" else [], tiers=tiers, **held
                )
            )
    if any(item.key == "fee" and item.cadence is None for item in found):
        share = prices.PercentOf(items=["fee"], rate=draw(amounts(0, 1)), minimum=draw(st.sampled_from([None, "3"])))
        found.insert(0, plans.Item(key="part", price=share))
    return found


@st.composite
def walk_plans(draw: st.DrawFn) -> plans.Plan:
    """Plans with up to three dated cards, on which items come, go, and change."""
    dated = st.sampled_from(["2025-01-16", "2025-02-01", "2025-02-10T06:00:00Z", "2025-03-01"])
    days = draw(st.sets(dated, max_size=2))
    axes = draw(st.sampled_from([[], [], ["d"], ["d", "user"]]))
    cards = [
        plans.RateCard(currency="USD", effective=day, items=draw(_walk_items(axes))) for day in [None, *sorted(days)]
    ]
    if draw(st.booleans()):
        # A card that changes nothing.
        again = draw(st.sampled_from(cards))
        cards.append(again.model_copy(update={"effective": "2025-03-20T12:00:00Z"}))
    return plans.Plan(
        key="p",
        meters=[
            plans_meter("m", "e", draw(st.sampled_from(_MEASURES if axes else _MEASURES + _OPENED))),
            plans_meter("k", "k", meters.Count()),
        ],
        cards=cards,
        proration=draw(st.sampled_from(["day", "second"])),
    )


def plans_meter(key: str, event: str, aggregate: meters.Aggregate) -> meters.Meter:
    """A meter of one event."""
    return meters.Meter(key=key, event=event, aggregate=aggregate)


@st.composite
def walk_records(draw: st.DrawFn, *, days: int = 120, most: int = 12) -> list[UsageRecord]:
    """Records of four months, each with an identity of its own, that every meter of `walk_plans` can read."""
    count = draw(st.integers(0, most))
    found: list[UsageRecord] = []
    for index in range(count):
        hours = draw(st.integers(0, 24 * days))
        past = timedelta(hours=hours, microseconds=draw(st.sampled_from([0, 0, 1])))
        number = draw(st.integers(0, 30) | amounts(-5, 40))
        found.append(
            UsageRecord(
                draw(st.sampled_from(["e", "e", "e", "k"])),
                _FIRST + past,
                {
                    "n": number,
                    "m": draw(st.integers(0, 3)),
                    "user": draw(_NAMES),
                    "d": draw(st.sampled_from(["a", "b", None])),
                },
                id=f"r{index}",
            )
        )
    return found


@st.composite
def walk_periods(draw: st.DrawFn) -> list[Period]:
    """Four months, as they are or cut anywhere."""
    if draw(st.booleans()):
        return [Period.month(2025, month) for month in (1, 2, 3, 4)]
    hours = draw(st.sets(st.integers(1, 24 * 119), max_size=5))
    cuts = [_FIRST + timedelta(hours=count) for count in sorted(hours)]
    return Period("2025-01-01", "2025-05-01").split(*cuts)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A customer's first four months."""
    acme = plans.Subscription(
        customer="acme",
        plan="p",
        start=draw(st.sampled_from(["2025-01-01", "2025-01-01", "2025-01-10", "2025-02-15T12:00:00Z"])),
        end=draw(st.sampled_from([None, None, "2025-03-20", "2025-04-10T18:00:00Z"])),
        quantities={"seats": draw(st.integers(0, 20)), "desks": "2.5"},
    )
    return History(draw(walk_plans()), acme, draw(walk_records()), draw(walk_periods()))


@st.composite
def discounts(draw: st.DrawFn) -> plans.PercentDiscount | plans.AmountDiscount | plans.TieredDiscount:
    """Discounts that may stand on a plan."""
    share = st.integers(0, 1000).map(lambda parts: Decimal(parts).scaleb(-3))
    kind = draw(st.sampled_from(["percent", "amount", "tiered"]))
    if kind == "amount":
        return plans.AmountDiscount(amount=draw(amounts(0, 500)))
    if kind == "tiered":
        bound = draw(amounts(1, 500))
        tiers = [plans.DiscountTier(up_to=bound, rate=draw(share)), plans.DiscountTier(rate=draw(share))]
        return plans.TieredDiscount(tiers=tiers)
    stacking = draw(st.sampled_from(["chained", "added"]))
    return plans.PercentDiscount(rate=draw(share), stacking=stacking, maximum=draw(st.none() | amounts(0, 300)))
