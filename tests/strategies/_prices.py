"""
Prices of every model, what they are made of, and what they see of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial

from hypothesis import strategies as st

from ratecard import prices
from ratecard._numbers import Exact, div, total
from ratecard.demand import Axis, Demand, Fold
from ratecard.quantity import Results, Usage
from ratecard.records import UsageRecord
from tests.strategies._numbers import amounts


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
