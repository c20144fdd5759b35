"""Clamps on a live bill: what of a record is cut, and where nothing can be."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.errors import MismatchError
from ratecard.guards import Cap
from ratecard.meters import Meter
from ratecard.money import Money
from ratecard.plans import Coupon, Item, PercentDiscount, Plan, resolve
from ratecard.rating import live
from ratecard.records import UsageRecord
from tests.rating._opened import JANUARY, NOON, opened, simple, use


def test_a_clamp_needs_one_property() -> None:
    """Which property is cut is told, or there is only one; a request of nothing is not cut."""
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="in", event="use", aggregate=meters.Sum(of="in")),
            Meter(key="out", event="use", aggregate=meters.Sum(of="out")),
            Meter(key="calls", event="call", aggregate=meters.Count()),
        ],
        items=[Item(key=key, meter=key, price=prices.PerUnit(unit_price=1)) for key in ("in", "out", "calls")],
        guards=[Cap(spend=10, mode="clamp")],
    )  # fmt: skip
    bill = opened(plan)
    ask = UsageRecord("use", NOON, {"in": 4, "out": 9}, id="a")
    assert bill.admit(ask, cut="out").fits == 6
    for record, named in ((ask, None), (ask, "none"), (UsageRecord("call", NOON), None)):
        with pytest.raises(MismatchError) as caught:
            bill.admit(record, cut=named)
        assert caught.value.code == "live.cut"
    nothing = bill.admit(UsageRecord("use", NOON, {"in": 4, "out": 0}, id="b"), cut="out")
    assert nothing.allowed
    assert nothing.fits == 0
    assert bill.reserve(ask, cut="out").fits == 6
    bill.commit("a")
    assert bill.statement().due == Money("10", "USD")


FALLS = prices.Volume(tiers=[prices.Tier(up_to=10, unit_price=2), prices.Tier(unit_price=1)])


def test_a_clamp_where_another_item_may_fall() -> None:
    """What another item reads of the request may fall as it grows: then all of it is let through, or nothing."""
    least = prices.Hybrid(combine="sum", prices=[prices.PercentOf(items=["n"], rate="0.1"), FALLS])
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
            Meter(key="m", event="m", aggregate=meters.Count()),
        ],
        items=[
            Item(key="n", meter="n", price=prices.PerUnit(unit_price=1)),
            Item(key="m", meter="m", price=least),
        ],
        guards=[Cap(spend=11, mode="clamp")],
    )  # fmt: skip
    bill = opened(plan)
    asks = [UsageRecord("use", NOON, {"n": count}, id=str(count)) for count in (20, 10)]
    assert [(bill.admit(ask).allowed, bill.admit(ask).fits) for ask in asks] == [(False, 0), (True, 10)]


@pytest.mark.parametrize(
    ("price", "more", "asked", "fits"),
    [
        (FALLS, {}, 14, 7),
        (FALLS, {"items": 1}, 14, 14),
        (FALLS, {"items": 1}, 10, 0),
        (prices.Brackets(brackets=[prices.Bracket(up_to=10, price=prices.PerUnit(unit_price=2)),
                                   prices.Bracket(price=prices.PerUnit(unit_price=1))]), {}, 16, 0),
        (prices.Brackets(brackets=[prices.Bracket(up_to=10, price=prices.PerUnit(unit_price=2)),
                                   prices.Bracket(price=prices.PerUnit(unit_price=1))]), {}, 12, 12),
        (prices.Percentage(rate="0.5"), {}, 40, 29),
        (prices.Package(package_size=5, package_price=4), {}, 40, 15),
        (prices.PerUnit(unit_price=1), {"coupon": True}, 20, 20),
        (prices.PerUnit(unit_price=2), {"coupon": True}, 20, 0),
    ],
)  # fmt: skip
def test_clamps_where_prices_fall(price: prices.Price, more: dict[str, Any], asked: int, fits: int) -> None:
    """Where a price falls each stretch is looked at; where it is not known whether it does, all fits or nothing."""
    items = [Item(key="n", meter="n", price=price, each=["team"] if "items" in more else [])]
    off = PercentDiscount(rate="0.5")
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))], items=items,
        coupons=[Coupon(key="c", discount=off, minimum_spend="9")] if "coupon" in more else [],
        guards=[Cap(spend="14.5", mode="clamp")],
    )  # fmt: skip
    coupons = ["c"] if "coupon" in more else []
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01", coupons=coupons), JANUARY)
    verdict = live(terms).admit(use(asked, team="a"))
    assert (verdict.fits, verdict.allowed) == (fits, fits == asked)


def test_clamps_that_cannot_be_cut() -> None:
    """Where a cut would move more than one sum up, or a price falls elsewhere, all fits or nothing."""
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
            Meter(key="net", event="net", aggregate=meters.Sum(of="m", less=["n"])),
            Meter(key="rest", event="net", aggregate=meters.Sum(of="n")),
            Meter(key="top", event="top", aggregate=meters.Max(of="n")),
            Meter(key="sum", event="top", aggregate=meters.Sum(of="n")),
        ],
        items=[
            Item(key=key, meter=key, price=prices.PerUnit(unit_price=1)) for key in ("n", "net", "rest", "top", "sum")
        ],
        guards=[Cap(spend=10, mode="clamp")],
    )  # fmt: skip
    bill = opened(plan)
    assert bill.admit(UsageRecord("net", NOON, {"m": 30, "n": 15}, id="a"), cut="n").fits == 0
    assert bill.admit(UsageRecord("top", NOON, {"n": 15}, id="a")).fits == 0
    assert bill.admit(UsageRecord("use", NOON, {"n": 15}, id="a")).fits == 10
    low = opened(simple(Cap(spend=10, mode="clamp"), price=FALLS))
    low.record(use(-3, "minus"))
    assert low.admit(use(30, "a")).fits == 0
    many = prices.Volume(package_size=1, tiers=[prices.Tier(up_to=20, unit_price=2), prices.Tier(unit_price=1)])
    assert opened(simple(Cap(spend=10, mode="clamp"), price=many)).admit(use(20_000)).fits == 0
    least = prices.PercentOf(items=["n"], rate="0.1")
    shared = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price=1)), Item(key="part", price=least),
               Item(key="seats", quantity="seats", price=FALLS)],
        guards=[Cap(spend=11, mode="clamp")],
    )  # fmt: skip
    terms = resolve(shared, shared.subscribe("acme", start="2025-01-01", quantities={"seats": 0}), JANUARY)
    assert live(terms).admit(use(30)).fits == 10
