"""The worst-case bill: it is reached where limits are plain, and what nothing bounds is told by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.cadence import Cadence
from ratecard.credits import Grant
from ratecard.errors import MismatchError
from ratecard.guards import (
    Alert,
    AnyGuard,
    Cap,
    Concurrency,
    FairUse,
    FixedWindow,
    MarginFloor,
    SlidingWindow,
    TokenBucket,
)
from ratecard.lab import Taken, WorstBill, worst_bill
from ratecard.meters import Convert, Meter
from ratecard.money import Money
from ratecard.periods import Period
from ratecard.plans import Catalog, Item, Override, Plan, RateCard, resolve
from ratecard.rating import live
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
LAST = datetime(2025, 1, 31, 23, 59, 50, tzinfo=UTC)
SUM = meters.Sum(of="n")
ONE = prices.PerUnit(unit_price="1")


def plan(price: Any, *guards: AnyGuard, aggregate: Any = SUM, **fields: Any) -> Plan:
    """A plan of one metered item, and of what else is given for the plan."""
    item = {name: fields.pop(name) for name in ("each", "round_quantity") if name in fields}
    meter = Meter(key="m", event="e", aggregate=aggregate, convert=fields.pop("convert", None))
    return Plan.single(
        "p", currency="USD", meters=[meter], items=[Item(key="use", meter="m", price=price, **item)], guards=guards,
        **fields,
    )  # fmt: skip


def worst(some: Plan, of: Any = "subtotal", **fields: Any) -> WorstBill:
    """The worst case of a customer who is there for the last ten seconds of January."""
    acme = some.subscribe("acme", start=LAST.isoformat()).model_copy(update=fields)
    return worst_bill(some, acme, JANUARY, of=of)


def most(found: WorstBill) -> str:
    """The amount as text."""
    return str(found.amount)


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        (TokenBucket(capacity=5, refill=3, meter="m"), "34.99"),
        (TokenBucket(capacity=5, refill=3, interval_seconds=4, fill="steps", meter="m"), "11.00"),
        (FixedWindow(limit=7, window_seconds=4, meter="m"), "21.00"),
        (FixedWindow(limit=7, per=Cadence.calendar("day"), meter="m"), "7.00"),
        (SlidingWindow(limit=7, window_seconds=3, meter="m"), "28.00"),
        (SlidingWindow(limit=7, window_seconds=5, meter="m"), "14.00"),
        (Cap(quantity="7.5", meter="m"), "7.50"),
        (Cap(quantity="7.5", item="use", mode="clamp"), "7.50"),
        (Cap(quantity=7, meter="m", window_seconds=5), "14.00"),
        (Cap(quantity=7, meter="m", per=Cadence.calendar("day")), "7.00"),
        (FairUse(quantity=20, meter="m", then=SlidingWindow(limit=1, window_seconds=1, meter="m")), "30.00"),
        (Cap(spend="12.345", item="use"), "12.34"),
        (Cap(spend="12.345"), "12.34"),
    ],
)  # fmt: skip
def test_each_limit(guard: AnyGuard, expected: str) -> None:
    """Each kind of limit lets through what its rule says of ten seconds; windows of four hold two, four and four."""
    assert most(worst(plan(ONE, guard, rounding="down"))) == f"{expected} USD"


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        (TokenBucket(capacity=5, refill="0.7"), 11),
        (SlidingWindow(limit="3.5", window_seconds=5), 6),
        (FixedWindow(limit="3.5", window_seconds=5, meter="m"), 6),
        (Cap(quantity="3.5", meter="m"), 3),
        (FairUse(quantity=3, meter="m", then=SlidingWindow(limit="1.5", window_seconds=5)), 5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("aggregate", [meters.Count(), meters.Unique(of="user")])
def test_calls_are_whole(guard: AnyGuard, expected: int, aggregate: Any) -> None:
    """Where each record counts once, limits on calls count too, and every window holds whole ones."""
    found = worst(plan(ONE, guard, aggregate=aggregate))
    assert found.amount == Money(expected, "USD")
    assert found.usage["m"] == Taken(Decimal(expected), (guard.name,))


@pytest.mark.parametrize(
    "guard",
    [
        Concurrency(limit=3), Alert(spend=5), Cap(quantity=5, meter="m", mode="hard", overflow="once"),
        Cap(quantity=5, meter="m", scope="customer"), SlidingWindow(limit=5, window_seconds=60),
        SlidingWindow(limit=5, window_seconds=60, meter="m", each=["user"]),
        FixedWindow(limit=5, window_seconds=60, meter="m", group={"user": "ana"}),
        TokenBucket(capacity=5, refill=1, meter="m", without=[{"user": "ana"}]), FairUse(quantity=5, meter="m"),
        FairUse(quantity=5, meter="m", then=Concurrency(limit=3)), Cap(spend=5, window_seconds=60),
        FairUse(quantity=5, item="use", then=SlidingWindow(limit=5, window_seconds=60, meter="m")),
        Cap(spend=5, of="total"), Cap(spend=5, scope="customer"), Cap(spend=5, item="use", overflow="once"),
        Cap(quantity=5, item="use", mode="hard", overflow="once"), Cap(spend=5, mode="soft", item="use"),
    ],
)  # fmt: skip
def test_what_bounds_nothing(guard: AnyGuard) -> None:
    """What is limited by group, at once, one request too late, or elsewhere bounds nothing; that is told by name."""
    found = worst(plan(ONE, guard))
    assert (found.amount, found.statement, found.usage, found.ceilings) == (None, None, {}, {})
    [open] = found.unbounded
    assert (open.item, open.meter) == ("use", "m")
    assert found.explain() == (
        "unbounded\n  use: nothing limits m; add a rate limit or a cap on it, or a cap on the spend"
    )
    assert repr(found) == "<WorstBill unbounded>"
    assert repr(open).startswith("<Unbounded use: nothing limits m")


def test_no_margin_bounds_a_bill() -> None:
    """A margin floor says nothing of how much a bill may be."""
    costs = [RateCard(currency="USD", items=[Item(key="use", meter="m", price=ONE)])]
    assert worst(plan(ONE, MarginFloor(percent=20, mode="hard"), costs=costs)).amount is None


def test_reached() -> None:
    """Asked as often as a bucket lets it, at every instant it fills, a bill comes to the worst case to the cent."""
    some = plan(
        prices.Volume(tiers=[prices.Tier(up_to=9, unit_price="5"), prices.Tier(unit_price="1.5")]),
        TokenBucket(capacity=4, refill=1), TokenBucket(capacity=90, refill=1, meter="m"),
        aggregate=meters.Count(), taxes=[{"key": "vat", "rate": "0.19"}],
    )  # fmt: skip
    acme = some.subscribe("acme", start=LAST.isoformat())
    found = worst(some, of="total")
    bill, dearest = live(resolve(some, acme, JANUARY)), Money(0, "USD")
    for step in range(50):
        record = UsageRecord("e", LAST + timedelta(milliseconds=200 * step), {}, id=f"r{step}")
        if bill.admit(record):
            bill.record(record)
            dearest = max(dearest, bill.statement().total)
    # Ten more would be 15; nine are 45, and at 19 % more.
    assert found.amount == dearest == Money("53.55", "USD")
    assert found.usage == {"m": Taken(Decimal(9), ("token_bucket of calls",))}


def test_the_dearest_quantity_is_not_the_largest() -> None:
    """Where a price falls the bill is greatest before it does; packages that count when full are counted full."""
    falling = prices.Volume(tiers=[prices.Tier(up_to=20, unit_price="5"), prices.Tier(unit_price="1")])
    assert most(worst(plan(falling, Cap(quantity=50, meter="m")))) == "100.00 USD"
    assert most(worst(plan(falling, Cap(quantity=150, meter="m")))) == "150.00 USD"
    full = prices.Hybrid(prices=[falling, prices.Package(package_size=8, package_price="9", rounding="down")])
    assert most(worst(plan(full, Cap(quantity=50, meter="m")))) == "118.00 USD"
    least = prices.Hybrid(
        combine="greatest",
        prices=[
            prices.Package(package_size=10, package_price="9", rounding="down"),
            prices.Volume(tiers=[prices.Tier(up_to="9.5", unit_price="2"), prices.Tier(unit_price="0")]),
        ],
    )
    assert most(worst(plan(least, Cap(quantity=15, meter="m")))) == "19.00 USD"


def test_items_of_one_meter() -> None:
    """Items that share a meter have one quantity: the one at which they are dearest together."""
    falling = prices.Volume(tiers=[prices.Tier(up_to=20, unit_price="5"), prices.Tier(unit_price="1")])
    other = prices.Volume(tiers=[prices.Tier(up_to=30, unit_price="0"), prices.Tier(unit_price="2")])
    some = plan(falling, Cap(quantity=40, meter="m"))
    card = some.cards[0]
    both = some.model_copy(
        update={"cards": (card.model_copy(update={"items": (*card.items, Item(key="other", meter="m", price=other))}),)}
    )
    found = worst(both)
    assert (most(found), found.usage["m"].quantity) == ("120.00 USD", Decimal(40))
    assert found.explain() == "at most 120.00 USD\n  m: 40, by cap on quantity m"
    assert repr(found) == "<WorstBill 120.00 USD>"


def test_all_goes_to_the_dearest_cell() -> None:
    """Of cells that gain nothing from being spread the dearest has all usage, at the quantity there is."""
    rising = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="1"), prices.Tier(unit_price="3")])
    matrix = prices.Matrix(
        dimensions=["region"], default=prices.PerUnit(unit_price="2"), cells=[prices.Cell(values=["eu"], price=rising)]
    )
    assert most(worst(plan(matrix, Cap(quantity=15, meter="m")))) == "30.00 USD"
    assert most(worst(plan(matrix, Cap(quantity=25, meter="m")))) == "55.00 USD"
    sized = prices.Brackets(brackets=[prices.Bracket(up_to=5, price=ONE), prices.Bracket(price=rising)])
    assert most(worst(plan(sized, Cap(quantity=5, meter="m"), convert=Convert(divide=2)))) == "5.00 USD"


SPREAD = "usage may be spread over cells with tiers of their own; put a cap on its spend"


@pytest.mark.parametrize(
    "inner",
    [
        prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="3"), prices.Tier(unit_price="1")]),
        prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="3", flat_price="1"), prices.Tier(unit_price="4")]),
        prices.Flat(amount="3"),
        prices.Package(package_size="0.0001", package_price="1"),
        prices.Percentage(rate="0.1", fixed_per_event="1"),
    ],
)
def test_cells_that_gain_from_spreading(inner: Any) -> None:
    """Where spreading usage over cells may cost more the most is not known, and a cap on the spend makes it so."""
    matrix = prices.Matrix(dimensions=["region"], default=inner, cells=[])
    found = worst(plan(matrix, Cap(quantity=15, meter="m")))
    assert found.amount is None
    assert found.unbounded[0].why == SPREAD or "each record has a price of its own" in found.unbounded[0].why
    assert most(worst(plan(matrix, Cap(quantity=15, meter="m"), Cap(spend="9", item="use")))) == "9.00 USD"


UNKNOWN: dict[str, tuple[Any, dict[str, Any], str]] = {
    "groups": (ONE, {"each": ["user"]}, "every group has a line"),
    "records": (prices.Percentage(rate="0.1", fixed_per_event="0.3"), {}, "each record has a price of its own"),
    "rounded records": (ONE, {"rounding_at": "record"}, "each record has a price of its own"),
    "below 0": (prices.PerUnit(unit_price="-1", refunds=True), {}, "may be below 0"),
    "begins below 0": (prices.Hybrid(prices=[prices.Flat(amount="-5"), ONE]), {}, "may be below 0"),
    "levels": (ONE, {"aggregate": meters.Level(of="n", opening=0)}, "levels and outcomes"),
    "by kind": (
        prices.Matrix(dimensions=["region"], default=ONE, cells=[]), {"round_quantity": "up"}, "rounded by kind",
    ),
    "weights": (
        prices.Weighted(dimensions=["region"], factors=[prices.Weight(values=["eu"], factor=2)], base=ONE),
        {}, "priced together",
    ),
    "falls, converted": (
        prices.Volume(tiers=[prices.Tier(up_to=5, unit_price="2"), prices.Tier(unit_price="1")]),
        {"convert": Convert(divide=2)}, "not known where its price is dearest",
    ),
    "too many pieces": (
        prices.Hybrid(prices=[
            prices.Package(package_size="0.0001", package_price="1"),
            prices.Volume(tiers=[prices.Tier(up_to=5, unit_price="2"), prices.Tier(unit_price="1")]),
        ]),
        {}, "not known where its price is dearest",
    ),
    "ends": (prices.Volume(closed=True, tiers=[prices.Tier(up_to=99, unit_price="2")]), {}, "where its price"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known(case: str) -> None:
    """Where the quantity does not tell the most, that is said with the reason; a cap on the item's spend bounds it."""
    price, fields, why = UNKNOWN[case]
    found = worst(plan(price, Cap(quantity=15, meter="m"), **fields))
    assert found.amount is None
    assert [why in each.why for each in found.unbounded] == [True]
    capped = plan(price, Cap(quantity=15, meter="m"), Cap(spend="3", item="use"), **fields)
    held = worst(capped)
    if case == "rounded records":
        # A sum for the whole cannot be rounded record by record, so such an item is not held at it.
        assert held.amount is None
    else:
        assert (most(held), held.unbounded) == ("3.00 USD", ())


def test_prices_that_level_off() -> None:
    """What stays the same from some quantity on needs no limit."""
    capped = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="3"), prices.Tier(unit_price="0")])
    found = worst(plan(capped))
    assert most(found) == "30.00 USD"
    assert found.usage["m"] == Taken(Decimal(11), ())
    assert found.explain() == "at most 30.00 USD\n  m: 11"
    assert most(worst(plan(prices.Flat(amount="7", prorate=False)))) == "7.00 USD"
    for fields in ({"round_quantity": "up"}, {"convert": Convert(divide=2)}):
        assert worst(plan(capped, **fields)).amount is None
    assert worst(plan(prices.Package(package_size=3, package_price="1"))).amount is None
    assert worst(plan(prices.Volume(closed=True, tiers=[prices.Tier(up_to=9, unit_price="2")]))).amount is None


def test_a_limit_beyond_all_numbers_is_none() -> None:
    """A bucket of more than any number can be bounds nothing."""
    bucket = TokenBucket(capacity=10**29, refill=10**29, interval_seconds="0.1", meter="m")
    assert worst(plan(ONE, bucket)).amount is None


def test_caps_on_the_whole_bill() -> None:
    """A cap on the sum that is asked for is a ceiling, whatever nothing else bounds; what is due anyway is due."""
    taxed = plan(
        ONE, Cap(spend="50", key="c"), Cap(spend="55", of="total", key="t"), taxes=[{"key": "v", "rate": "0.2"}]
    )
    assert {of: most(worst(taxed, of)) for of in ("subtotal", "total", "due")} == {
        "subtotal": "50.00 USD", "total": "55.00 USD", "due": "55.00 USD",
    }  # fmt: skip
    found = worst(taxed)
    assert found.explain().splitlines()[:2] == ["at most 50.00 USD", "  c: 50.00 USD"]
    assert found.statement is None
    both = worst(plan(ONE, Cap(spend="50"), Cap(quantity=20, meter="m")))
    assert (most(both), both.ceilings) == ("20.00 USD", {"cap on subtotal": Money(50, "USD")})
    assert both.statement is not None
    assert both.statement.verify()
    fees = plan(prices.Hybrid(prices=[prices.Flat(amount="70", prorate=False), ONE]), Cap(spend={"USD": "50"}))
    assert most(worst(fees)) == "70.00 USD"


def test_taxes_on_top_of_a_cap() -> None:
    """A cap on the subtotal bounds what comes after it: with each tax on all of it, rounded once, and no credits."""
    several = [{"key": "v", "rate": "0.19"}, {"key": "w", "rate": "0.075"}]
    taxed = plan(ONE, Cap(spend="33.339", key="c"), taxes=several)
    # 33.33, 6.3327 and 2.49975
    assert {of: most(worst(taxed, of)) for of in ("subtotal", "total", "due")} == {
        "subtotal": "33.33 USD", "total": "42.16 USD", "due": "42.16 USD",
    }  # fmt: skip
    assert worst(taxed, "total").ceilings == {"c": Money("42.16", "USD")}
    bill = live(resolve(taxed, taxed.subscribe("acme", start="2025-01-01"), JANUARY))
    bill.record(UsageRecord("e", LAST, {"n": "33.33"}, id="r"))
    assert str(bill.statement().total) == "42.16 USD"
    included = plan(ONE, Cap(spend="50"), taxes=[{"key": "v", "rate": "0.2", "included": True}])
    assert most(worst(included, "total")) == "50.00 USD"
    plain = plan(ONE, Cap(spend="50"))
    assert most(worst(plain, "due")) == "50.00 USD"
    assert most(worst(plan(ONE, Cap(spend="50", of="total")), "subtotal")) == "None"
    fees = [
        Item(key="use", meter="m", price=prices.Hybrid(prices=[prices.Flat(amount="70", prorate=False), ONE])),
    ]  # fmt: skip
    above = plan(ONE, Cap(spend="50"), taxes=several[:1])
    card = above.cards[0].model_copy(update={"items": tuple(fees)})
    assert most(worst(above.model_copy(update={"cards": (card,)}), "total")) == "83.30 USD"


def test_what_does_not_follow_from_a_cap() -> None:
    """Where a cap on the subtotal does not bound the sum that is asked for, the advice names the cap that would."""
    some = plan(ONE, Cap(spend="50"), taxes=[{"key": "v", "rate": "0.2", "items": ["use"]}])
    found = worst(some, "total")
    (only,) = found.unbounded
    assert only.why == "nothing limits m; add a rate limit or a cap on it, or a cap on the spend with of='total'"
    paid = plan(ONE, Cap(spend="50"), grants=[Grant(id="g", amount=10, currency="USD")])
    assert most(worst(paid, "total")) == "50.00 USD"
    assert worst(paid, "due").amount is None


def test_caps_on_items() -> None:
    """An item comes to the cap on its spend and no more, also where limits let more usage through."""
    some = plan(ONE, Cap(spend="12", item="use"), Cap(spend="13", item="use", key="more"), Cap(quantity=50, meter="m"))
    found = worst(some)
    assert (most(found), found.usage["m"].quantity) == ("12.00 USD", Decimal(50))
    assert most(worst(plan(ONE, Cap(spend="12", item="use"), Cap(quantity=5, meter="m")))) == "5.00 USD"
    off = [{"kind": "amount", "key": "use", "amount": "3"}]
    assert most(worst(plan(ONE, Cap(spend="12", item="use"), Cap(quantity=14, meter="m"), discounts=off))) == "9.00 USD"
    whole = plan(ONE, Cap(spend="12.005", item="use"), rounding_at="statement")
    assert most(worst(whole)) == "12.01 USD"


def test_items_that_are_read() -> None:
    """Who reads an item held at its cap reads it before it is rounded, so a step more is reckoned with."""
    some = plan(ONE, Cap(spend="12", item="use"))
    card = some.cards[0]
    share = Item(key="share", price=prices.PercentOf(items=["use"], rate="0.5"))
    both = some.model_copy(update={"cards": (card.model_copy(update={"items": (*card.items, share)}),)})
    assert most(worst(both)) == "18.02 USD"


def test_coupons_that_begin_at_some_spend() -> None:
    """A coupon that counts from some spend on makes a larger bill smaller, so the bill without it bounds both."""
    off = {"kind": "percent", "rate": "0.5"}
    some = plan(
        ONE, Cap(quantity=100, meter="m"),
        coupons=[{"key": "BIG", "discount": off, "minimum_spend": "90"}, {"key": "ANY", "discount": off}],
    )  # fmt: skip
    assert most(worst(some, coupons=["BIG"])) == "100.00 USD"
    assert most(worst(some, coupons=["ANY"])) == "50.00 USD"


def test_what_is_not_of_the_plan() -> None:
    """Items of a subscription's own are walked as they are, and cannot be held at a cap or put into one cell."""
    matrix = prices.Matrix(dimensions=["region"], default=ONE, cells=[])
    own = [Override(items=[Item(key="use", meter="m", price=matrix)])]
    some = plan(ONE, Cap(quantity=15, meter="m"), Cap(spend="9", item="use"))
    assert most(worst(some)) == "9.00 USD"
    assert worst(some, overrides=own).amount is None
    dearer = [Override(items=[Item(key="use", meter="m", price=prices.PerUnit(unit_price="2"))])]
    assert most(worst(some, overrides=dearer)) == "30.00 USD"


def test_a_price_that_changes() -> None:
    """A price that changes inside the period is told; in a period without a change it is known."""
    some = plan(ONE, Cap(quantity=15, meter="m"))
    dearer = RateCard(
        currency="USD", effective="2025-01-15", items=[Item(key="use", meter="m", price=prices.Flat(amount=2))]
    )
    changed = some.with_card(dearer)
    acme = changed.subscribe("acme", start="2025-01-01")
    assert "ask for a period without a change" in worst_bill(changed, acme, JANUARY).unbounded[0].why
    assert most(worst_bill(changed, acme, Period.month(2025, 2))) == "2.00 USD"
    assert most(worst_bill(changed, acme, Period("2024-12-01", "2025-01-01"))) == "0.00 USD"
    other = Plan.single("q", currency="USD", items=[Item(key="fee", price=prices.Flat(amount=3))])
    assert most(worst_bill(Catalog(plans=[some, other]), acme, JANUARY)) == "15.00 USD"


def test_too_many_to_try() -> None:
    """Where items that share meters fall in too many places together, that is told."""
    tiers = [prices.Tier(up_to=each, unit_price=100 - each) for each in range(1, 40)] + [prices.Tier(unit_price="1")]
    falling = prices.Volume(tiers=tiers)
    kinds = ["x", "y"]
    some = Plan.single(
        "p", currency="USD", meters=[Meter(key=key, event=key, aggregate=SUM) for key in kinds],
        items=[Item(key=f"{key}{n}", meter=key, price=falling) for key in kinds for n in range(2)],
        guards=[Cap(quantity=90, meter=key) for key in kinds],
    )  # fmt: skip
    found = worst(some)
    assert (found.amount, [each.item for each in found.unbounded]) == (None, ["x0", "x1", "y0", "y1"])


def test_credits_pay_first() -> None:
    """What credits of the plan pay for is not due in the worst case either, and what they do not is."""
    priced = prices.Credit(unit="credits", base=ONE, overage=prices.PerUnit(unit_price="0.5"))
    some = plan(
        priced, Cap(quantity=100, meter="m"), units=[{"key": "credits", "places": 2}],
        grants=[Grant(id="g", amount=25, currency="credits")],
    )  # fmt: skip
    assert most(worst(some)) == "37.50 USD"


def test_only_sums_of_a_bill() -> None:
    """A sum that no bill has is refused."""
    with pytest.raises(MismatchError) as caught:
        worst(plan(ONE), "whole")
    assert caught.value.code == "worst.of"
