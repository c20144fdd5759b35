"""Graduated and volume prices, and the tables behind them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratecard._numbers import ONE, div
from ratecard.curve import Curve, least
from ratecard.errors import MismatchError, NoPriceError
from ratecard.prices import Graduated, Tier, Volume, _tiered
from ratecard.quantity import Usage
from ratecard.steps import Step
from tests.prices.test_base import told

CHEAPER = [Tier(up_to=10, unit_price=5, flat_price=2), Tier(unit_price=3, flat_price=1)]


def test_graduated() -> None:
    """Each tier prices what lies inside it, with its flat price once it is entered; a bound belongs below."""
    price = Graduated(tiers=CHEAPER)
    assert [price.amount(q) for q in (0, 1, 10, 11)] == [0, 7, 52, 56]
    first = Step.of(
        "tier", [("units", Decimal(10)), ("unit_price", Decimal(5)), ("flat_price", Decimal(2))], note="tier 1 to 10"
    )
    second = Step.of("tier", [("units", ONE), ("unit_price", Decimal(3)), ("flat_price", ONE)], note="tier 2 above 10")
    assert price.price(Usage.of(11)).step == Step.of("sum", parts=[first, second])
    assert price.explain(0) == "no usage: 0"


def test_volume() -> None:
    """The tier that holds the quantity prices all of it."""
    price = Volume(tiers=CHEAPER)
    assert [price.amount(q) for q in (0, 10, 11)] == [0, 52, 34]
    assert price.explain(11) == "tier 2 above 10: 11 x 3 + 1 = 34"
    assert Volume(tiers=CHEAPER[1:]).explain(2) == "tier 1: 2 x 3 + 1 = 7"


def test_volume_that_never_decreases() -> None:
    """Nobody pays more than for the purchase raised to the start of a later tier."""
    price = Volume(tiers=CHEAPER, never_decreases=True)
    assert [price.amount(q) for q in (0, 5, 6, 10, 11)] == [0, 27, 31, 31, 34]
    assert price.explain(7) == (
        "the least of 37, 31 = 31\n  tier 1 to 10: 7 x 5 + 2 = 37\n  tier 2 above 10: 10 x 3 + 1 = 31"
    )
    assert price.explain(20) == "tier 2 above 10: 20 x 3 + 1 = 61"


@pytest.mark.parametrize("kind", [Graduated, Volume])
def test_flat_at_zero(kind: type[Graduated] | type[Volume]) -> None:
    """With `flat_at_zero` the first tier is in force at 0, clamped like the rest."""
    assert kind(tiers=CHEAPER).amount(0) == 0
    price = kind(tiers=CHEAPER, flat_at_zero=True)
    assert (price.amount(0), price.explain(0)) == (2, "tier 1 to 10: 0 x 5 + 2 = 2")
    low = kind(tiers=CHEAPER, flat_at_zero=True, minimum=4)
    assert (low.amount(0), low.explain(0).splitlines()[0]) == (4, "2, at least 4 = 4")
    assert kind(tiers=CHEAPER, minimum=4).amount(0) == 0
    assert Volume(tiers=CHEAPER, flat_at_zero=True, never_decreases=True).amount(0) == 2


def test_clamps_of_the_whole() -> None:
    """The whole is held between a minimum and a maximum once there is usage."""
    price = Graduated(tiers=CHEAPER, minimum=10, maximum=50)
    assert [price.amount(q) for q in (0, 1, 9, 10)] == [0, 10, 47, 50]
    assert price.explain(1) == "7, at least 10, at most 50 = 10\n  tier 1 to 10: 1 x 5 + 2 = 7"


def test_clamps_of_a_tier() -> None:
    """A tier's amount is held between bounds of its own once it is entered."""
    price = Graduated(tiers=[Tier(up_to=10, unit_price=1, minimum=5), Tier(unit_price=1, maximum=3)])
    assert [price.amount(q) for q in (0, 1, 6, 10, 12, 20)] == [0, 5, 6, 10, 12, 13]
    assert price.explain(12) == (
        "10 + 2 = 12\n  tier 1 to 10: 10, at least 5 = 10\n    10 x 1 = 10\n"
        "  tier 2 above 10: 2, at most 3 = 2\n    2 x 1 = 2"
    )
    assert [Volume(tiers=price.tiers).amount(q) for q in (0, 1, 6, 11)] == [0, 5, 6, 3]


def test_packages_on_the_total() -> None:
    """By default the quantity is rounded up to packages before the tiers are read."""
    tiers = [Tier(up_to=100, package_price=3), Tier(package_price=2)]
    price = Graduated(tiers=tiers, package_size=40)
    # 95 units are 120 in packages: 2.5 packages lie in the first tier, half a one in the second.
    assert price.amount(95) == Decimal("8.5")
    assert price.explain(95) == (
        "8.5\n  quantity: 95 in packages of 40 (rounded up) = 120\n  7.5 + 1 = 8.5\n"
        "    tier 1 to 100: 100 in packages of 40 (not rounded) x 3 = 7.5\n"
        "    tier 2 above 100: 20 in packages of 40 (not rounded) x 2 = 1"
    )
    assert Volume(tiers=tiers, package_size=40).amount(95) == 6


def test_packages_inside_tiers() -> None:
    """Or the units inside each tier are rounded up."""
    tiers = [Tier(up_to=100, package_price=3, flat_price=1), Tier(unit_price=2)]
    price = Graduated(tiers=tiers, package_size=40, packages="tier", per=5)
    assert [price.amount(q) for q in (0, 41, 100, 101)] == [0, 7, 10, 26]
    assert price.explain(101) == (
        "10 + 16 = 26\n  tier 1 to 100: 9 + 1 = 10\n    100 in packages of 40 (rounded up) x 3 = 9\n"
        "    flat price: 1\n  tier 2 above 100: 40 x 2 / 5 = 16\n    1 in packages of 40 (rounded up) = 40"
    )
    assert [Volume(tiers=tiers, package_size=40, packages="tier").amount(q) for q in (95, 101)] == [10, 240]


def test_packages_of_a_tier() -> None:
    """A tier may have packages of its own size, and is rounded up to them; without `per` nothing is divided."""
    price = Graduated(tiers=[Tier(up_to=100, unit_price=1), Tier(unit_price=2, package_size=7)])
    assert price.amount(101) == 114
    assert "14" in price.explain(101)


def test_per() -> None:
    """`per` states unit prices for that many units, also where they do not end in decimals."""
    price = Graduated(tiers=[Tier(up_to=3, unit_price=1), Tier(unit_price=2)], per=3)
    assert [price.amount(q) for q in (1, 3, 4)] == [div(ONE, 3), 1, div(Decimal(5), 3)]
    assert price.explain(1) == "tier 1 to 3: 1 x 1 per 3 = 1/3"


@pytest.mark.parametrize("kind", [Graduated, Volume])
def test_closed_tables(kind: type[Graduated] | type[Volume]) -> None:
    """A closed table has a price up to its end and refuses what is beyond; it has no curve."""
    price = kind(tiers=[Tier(up_to=10, unit_price=1), Tier(up_to=20, unit_price=1)], closed=True, refunds=True)
    assert [price.amount(q) for q in (0, 20, -20)] == [0, 20, -20]
    for q in ("20.1", "-20.1"):
        with pytest.raises(NoPriceError, match=r"20\.1 lies beyond 20") as caught:
            price.amount(q)
        assert caught.value.code == "price.beyond"
    with pytest.raises(NoPriceError):
        price.step(Usage.of(21))
    with pytest.raises(MismatchError, match="ends with a bound"):
        price.curve()
    assert price.model_copy(update={"refunds": False}).amount(-99) == 0


def test_closed_tables_and_packages() -> None:
    """What counts is the quantity in packages."""
    price = Graduated(tiers=[Tier(up_to=100, unit_price=1)], package_size=40, closed=True)
    assert price.amount(80) == 80
    with pytest.raises(NoPriceError, match="120 lies beyond 100"):
        price.amount(81)


def test_all_faults_at_once() -> None:
    """Every fault of a table is reported, each with its place."""
    broken = [
        Tier(unit_price=1, package_price=2),
        Tier(up_to=0, unit_price=-1),
        Tier(up_to=10, flat_price=-1),
        Tier(up_to=10),
        Tier(up_to=9, package_price=1),
        Tier(up_to=20, unit_price=1, package_size=-1, minimum=3, maximum=2),
    ]
    assert told(Graduated, tiers=broken, per=0, package_size=None, minimum=-1, maximum=-2) == [
        ("tiers[0].up_to", "tier.open"),
        ("tiers[1].up_to", "tier.bound"),
        ("tiers[3].up_to", "tier.equal"),
        ("tiers[4].up_to", "tier.order"),
        ("tiers[5].up_to", "tier.closed"),
        ("tiers[0]", "tier.price"),
        ("tiers[0].package_size", "tier.package"),
        ("tiers[1].unit_price", "price.negative"),
        ("tiers[2].flat_price", "price.negative"),
        ("tiers[3]", "tier.price"),
        ("tiers[4].package_size", "tier.package"),
        ("tiers[5].package_size", "package.size"),
        ("tiers[5].minimum", "clamp.order"),
        ("per", "price.per"),
        ("minimum", "price.negative"),
        ("maximum", "price.negative"),
        ("minimum", "clamp.order"),
    ]


def test_other_faults() -> None:
    """An empty table, a closed one without an end, a package without units."""
    assert told(Volume, tiers=[]) == [("tiers", "tier.none")]
    assert told(Volume, tiers=[Tier(unit_price=1)], closed=True) == [("tiers[0].up_to", "tier.open")]
    assert told(Volume, tiers=[Tier(unit_price=1)], package_size=0) == [("package_size", "package.size")]


def test_many_tiers_that_never_decrease(monkeypatch: pytest.MonkeyPatch) -> None:
    """The curve compares two amounts a tier, however many tiers come after it, and is the least of them all."""
    compared = 0

    def counting(*curves: Curve) -> Curve:
        nonlocal compared
        compared += len(curves)
        return least(*curves)

    monkeypatch.setattr(_tiered, "least", counting)
    rates = [(7 * number) % 97 + 3 for number in range(200)]
    bounds = [10 * number for number in range(1, 200)]
    rows = [Tier(up_to=up_to, unit_price=rate) for up_to, rate in zip([*bounds, None], rates, strict=True)]
    price = Volume(tiers=rows, never_decreases=True)
    for q in (1, 10, 11, 555, 1990, 1991, 5000):
        held = next((index for index, bound in enumerate(bounds) if q <= bound), 199)
        wanted = min(rates[index] * max(q, 10 * index) for index in range(held, 200))
        assert price.amount(q) == wanted == price.price(Usage.of(q)).step.result
    assert compared <= 2 * 200
