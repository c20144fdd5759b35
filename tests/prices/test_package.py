"""Prices for packages."""

from __future__ import annotations

import pytest

from ratecard.prices import Package
from tests.prices.test_base import told


@pytest.mark.parametrize(
    ("rounding", "amounts"),
    [("up", ["0", "5", "5", "10"]), ("down", ["0", "0", "5", "5"]), ("none", ["0", "0.05", "5", "5.05"])],
)
def test_rounding(rounding: str, amounts: list[str]) -> None:
    """A bound belongs to the package it fills: 0, one unit, exactly one package, one unit more."""
    price = Package(package_size=100, package_price="5", rounding=rounding)
    assert [f"{price.amount(q).normalize():f}" for q in (0, 1, 100, 101)] == amounts


def test_free_units() -> None:
    """Free units come off before packages are counted."""
    price = Package(package_size=10, package_price=1, free_units=5)
    assert [price.amount(q) for q in (0, 5, "5.1", 15, 16)] == [0, 0, 1, 1, 2]
    assert price.explain(5) == "5 less 5 free in packages of 10 (rounded up) x 1 = 0"


def test_faults() -> None:
    """All that is wrong is reported at once."""
    wrong = {"package_size": 0, "package_price": -1, "free_units": "-0.5"}
    assert told(Package, **wrong) == [
        ("package_size", "package.size"),
        ("package_price", "price.negative"),
        ("free_units", "price.negative"),
    ]
    assert told(Package, package_size=1, package_price=1, rounding="half") == [("rounding", "choice.unknown")]
