"""Prices by property, by local time, by the size of the record."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from ratecard import demand
from ratecard.demand import Demand, Dimension
from ratecard.errors import NoPriceError
from ratecard.prices import (
    Allowance,
    Bracket,
    Brackets,
    Cell,
    Dynamic,
    Flat,
    Graduated,
    Matrix,
    PerUnit,
    Tier,
    Window,
    Windows,
)
from ratecard.quantity import Usage
from ratecard.records import UsageRecord
from tests.prices.test_base import told
from tests.strategies import usage_of

ONE, TWO, THREE = PerUnit(unit_price=1), PerUnit(unit_price=2), PerUnit(unit_price=3)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def call(n: int, at: datetime = NOON, **properties: str) -> UsageRecord:
    """A call of n units."""
    return UsageRecord("call", at, {"n": Decimal(n), **properties})


def test_matrix_takes_the_row_with_the_fewest_wildcards() -> None:
    """An exact row first, then one wildcard before two, ties by order, then the default."""
    price = Matrix(
        dimensions=["region", "tier"],
        cells=[
            Cell(values=["*", "*"], price=PerUnit(unit_price=100)),
            Cell(values=["*", "gold"], price=PerUnit(unit_price=10)),
            Cell(values=["eu", "*"], price=TWO),
            Cell(values=["eu", "gold"], price=ONE),
        ],
    )
    records = [call(1, region=region, tier=tier) for region in ("eu", "us") for tier in ("gold", "free")]
    priced = price.price(usage_of([*records, call(1, region="eu", tier="gold"), call(1)], price.demand()))
    assert priced.amount == 2 + 2 + 10 + 100 + 100
    assert priced.step.words() == (
        "100 + 2 + 2 + 100 + 10 = 214\n  region=, tier=: 1 x 100 = 100\n  region=eu, tier=free: 1 x 2 = 2\n"
        "  region=eu, tier=gold: 2 x 1 = 2\n  region=us, tier=free: 1 x 100 = 100\n  region=us, tier=gold: 1 x 10 = 10"
    )
    tied = Matrix(dimensions=["a", "b"], cells=[Cell(values=["*", "y"], price=ONE), Cell(values=["x", "*"], price=TWO)])
    assert tied.price(usage_of([call(1, a="x", b="y")], tied.demand())).amount == 1


def test_each_combination_prices_its_own_quantity() -> None:
    """Two values that one wildcard takes do not share its tiers."""
    tiers = Graduated(tiers=[Tier(up_to=10, unit_price=1), Tier(unit_price=0)])
    price = Matrix(dimensions=["region"], cells=[Cell(values=["*"], price=tiers)])
    assert price.price(usage_of([call(10, region="eu"), call(10, region="us")])).amount == 20


def test_matrix_without_a_price() -> None:
    """A combination that nothing prices is refused by name; without usage there is nothing to refuse."""
    price = Matrix(dimensions=["region"], cells=[Cell(values=["eu"], price=ONE)])
    with pytest.raises(NoPriceError, match="nothing prices region=us") as caught:
        price.price(usage_of([call(1, region="us")]))
    assert caught.value.code == "price.cell"
    assert price.price(usage_of([])).step.words() == "no usage: 0"


def test_matrix_parts_and_demand() -> None:
    """The rows and the default are parts; dimensions join what the parts ask for."""
    carried = Dynamic(of="cost")
    price = Matrix(dimensions=["b", "a"], cells=[Cell(values=["*", "x"], price=carried)], default=Flat(amount=1))
    assert [path for path, _ in price.parts()] == ["cells[0].price", "default"]
    assert price.demand() == Demand(axes=[Dimension("a"), Dimension("b")]) | carried.demand()


def test_matrix_faults() -> None:
    """All that is wrong is reported at once, rows that do not fit by their place."""
    cells = [Cell(values=["x"], price=ONE), Cell(values=["x", "*"], price=ONE), Cell(values=["x", "*"], price=TWO)]
    assert told(Matrix, dimensions=["a", "a"], cells=cells) == [
        ("dimensions[1]", "dimensions.duplicate"),
        ("cells[0].values", "cell.values"),
        ("cells[2].values", "cell.duplicate"),
    ]
    assert told(Matrix, dimensions=[], cells=[]) == [("dimensions", "dimensions.none"), ("cells", "cell.none")]
    rolled = Allowance(units=1, base=ONE, rollover=5)
    assert told(Matrix, dimensions=["a"], cells=[Cell(values=["x"], price=rolled)]) == [
        ("cells[0].price", "allowance.nested")
    ]


def test_windows() -> None:
    """The first window that holds the local time takes the record; one may wrap midnight."""
    price = Windows(
        zone="Europe/Stockholm",
        windows=[
            Window(name="holiday", dates=[date(2025, 1, 6)], price=THREE),
            Window(name="night", start="22:00", end="06:00", price=ONE),
        ],
        default=TWO,
    )
    at = [datetime(2025, 1, 10, 20, 59, tzinfo=UTC), datetime(2025, 1, 10, 21, tzinfo=UTC)]
    holiday = datetime(2025, 1, 5, 23, tzinfo=UTC)
    usage = usage_of([call(10, at[0]), call(100, at[1]), call(1000, holiday)], price.demand())
    assert price.price(usage).step.words() == (
        "20 + 3000 + 100 = 3120\n  other times: 10 x 2 = 20\n  holiday: 1000 x 3 = 3000\n  night: 100 x 1 = 100"
    )
    assert [path for path, _ in price.parts()] == ["windows[0].price", "windows[1].price", "default"]


def test_windows_of_one_name_are_one() -> None:
    """Stretches of one name share one quantity, and so their tiers."""
    tiers = Graduated(tiers=[Tier(up_to=10, unit_price=1), Tier(unit_price=0)])
    hours = [("07:00", "09:00"), ("16:00", "18:00")]
    rush = [Window(name="rush", start=start, end=end, price=tiers) for start, end in hours]
    price = Windows(windows=rush)
    spans = [demand.Span(time(7), time(9)), demand.Span(time(16), time(18))]
    assert price.demand() == Demand(axes=[demand.Windows("UTC", (tuple(spans),))])
    times = [datetime(2025, 1, 10, hour, tzinfo=UTC) for hour in (8, 17)]
    assert price.price(usage_of([call(10, at) for at in times])).amount == 10


def test_time_without_a_price() -> None:
    """Usage outside all windows is refused when there is no default."""
    price = Windows(windows=[Window(name="weekend", weekdays=[5, 6], price=ONE)])
    with pytest.raises(NoPriceError, match="7 units lie outside all windows") as caught:
        price.price(usage_of([call(7)]))
    assert caught.value.code == "price.window"


def test_window_faults() -> None:
    """All that is wrong is reported at once."""
    two = [Window(name="a", price=ONE), Window(name="a", start="10:00", price=TWO)]
    assert told(Windows, zone="Europe/Nowhere", windows=two) == [
        ("zone", "zone.unknown"),
        ("windows[1].price", "window.price"),
    ]
    assert told(Windows, windows=[], default=ONE) == [("windows", "window.none")]
    plain = {"name": "a", "price": {"model": "flat", "amount": "1"}}
    assert told(Window, **plain, start="24:00") == [("start", "text.form")]
    assert told(Window, **plain, weekdays=[7]) == [("weekdays[0]", "number.large")]
    assert told(Window, **plain, dates=["2025-01-01T00:00:00Z"]) == [("dates[0]", "time.day")]
    assert told(Window, **plain, dates=[20250101]) == [("dates[0]", "time.type")]
    assert Window(**plain, dates=["2025-01-01"]).dates == (date(2025, 1, 1),)


def test_brackets() -> None:
    """The record's own size picks the price of the whole record; a bound belongs below."""
    price = Brackets(of=["n", "cached"], brackets=[Bracket(up_to=10, price=ONE), Bracket(price=THREE)])
    records = [UsageRecord("call", NOON, {"n": Decimal(n), "cached": Decimal(2)}) for n in (8, 9)]
    priced = price.price(usage_of(records, price.demand()))
    assert priced.step.words() == "8 + 27 = 35\n  size to 10: 8 x 1 = 8\n  size above 10: 9 x 3 = 27"
    assert price.demand() == Demand(axes=[demand.Sizes(("n", "cached"), (Decimal(10),))])
    assert [path for path, _ in price.parts()] == ["brackets[0].price", "brackets[1].price"]


def test_many_brackets_stay_in_order() -> None:
    """Brackets are told in the order of their size, also beyond ten."""
    price = Brackets(brackets=[*(Bracket(up_to=n, price=ONE) for n in range(1, 12)), Bracket(price=ONE)])
    usage = usage_of([call(n) for n in range(12, 0, -1)], price.demand())
    assert [part.result for part in price.step(usage).parts] == list(range(1, 13))
    assert Brackets(brackets=[Bracket(price=ONE)]).price(usage_of([call(2)])).step.words() == "any size: 2 x 1 = 2"


def test_closed_brackets() -> None:
    """Records beyond a closed table are refused."""
    price = Brackets(brackets=[Bracket(up_to=10, price=ONE)], closed=True)
    assert price.price(usage_of([call(10)])).amount == 10
    with pytest.raises(NoPriceError, match="larger than 10") as caught:
        price.price(usage_of([call(11)]))
    assert caught.value.code == "price.beyond"


def test_bracket_faults() -> None:
    """Bounds are checked like those of tiers."""
    wrong = [Bracket(up_to=10, price=ONE), Bracket(up_to=10, price=ONE)]
    assert told(Brackets, brackets=wrong) == [("brackets[1].up_to", "tier.equal"), ("brackets[1].up_to", "tier.closed")]
    assert told(Brackets, brackets=[]) == [("brackets", "tier.none")]


def test_share_reaches_the_parts() -> None:
    """What the parts of the usage know of the share is what their prices see."""
    price = Matrix(dimensions=["region"], cells=[Cell(values=["eu"], price=Flat(amount=10))])
    assert price.price(usage_of([call(1, region="eu")], share=Decimal("0.5"))).amount == 5
    assert not price.has_curve
    assert Usage.of(1).share == 1
