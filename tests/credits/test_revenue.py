"""
Revenue by example: a pack of which some is spent, some comes back, some is refunded, and some breaks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from ratecard._numbers import ZERO, Rounding, div
from ratecard.cadence import Cadence
from ratecard.credits import Grant, Ledger, LotRevenue, Rollover
from ratecard.money import Currency, Money
from ratecard.periods import Period

UNIT = Currency.custom("credits", places=0)
USD = Currency.of("USD")


def units(amount: int) -> Money:
    """Credits."""
    return Money.make(Decimal(amount), UNIT)


def row(lot: str, *amounts: str) -> LotRevenue:
    """A row by its figures."""
    return LotRevenue(lot, USD, *(Decimal(each) for each in amounts))


def test_revenue() -> None:
    """The cost of what is spent is earned when it is spent; what is left is deferred, what expires is breakage."""
    pack = Grant(id="pack", amount=1000, currency=UNIT, cost=850, cost_currency="USD", expiry="2025-04-01")
    ledger = Ledger().grant(pack, at="2025-01-10T00:00:00Z")
    ledger = ledger.grant(Grant(id="gift", amount=10, currency=UNIT, expiry="2025-01-20"), at="2025-01-10T00:00:00Z")
    ledger, _ = ledger.draw(units(210), at="2025-01-15T00:00:00Z", id="d1")
    ledger, _ = ledger.draw(units(100), at="2025-02-15T00:00:00Z", id="d2")
    ledger, _ = ledger.undraw("d2", units(40), at="2025-02-16T00:00:00Z", id="u")
    ledger, _ = ledger.reserve(units(100), at="2025-02-17T00:00:00Z", id="r")
    ledger, _ = ledger.refund("pack", units(300), at="2025-02-20T00:00:00Z", id="f")
    ledger = ledger.expire("2025-05-01T00:00:00Z")
    ledger = ledger.release("r", at="2025-05-02T00:00:00Z")
    # sold, rolled in, earned, breakage, refunded, rolled out, opening, deferred
    found = [ledger.revenue(Period.month(2025, month)).lots for month in range(1, 6)]
    assert found == [
        (row("pack", "850", "0", "170", "0", "0", "0", "0", "680"),),
        (row("pack", "0", "0", "51", "0", "255", "0", "680", "374"),),
        (row("pack", "0", "0", "0", "0", "0", "0", "374", "374"),),
        (row("pack", "0", "0", "0", "289", "0", "0", "374", "85"),),
        (row("pack", "0", "0", "0", "85", "0", "0", "85", "0"),),
    ]
    assert ledger.revenue(Period.month(2024, 12)).lots == ()
    year = ledger.revenue(Period.year(2025))
    assert year.total("USD") == row("", "850", "0", "221", "374", "255", "0", "0", "0")
    assert year.total("EUR").earned == Decimal(0)


def test_rolled_credits_keep_their_cost() -> None:
    """What rolls over goes out of one lot and into the next at its cost, and is earned there."""
    pack = Grant(id="pack", amount=100, currency=UNIT, cost=50, cost_currency="USD", expiry="2025-02-01",
                 rollover=Rollover(maximum=40, every=Cadence.calendar("month")))  # fmt: skip
    ledger = Ledger().grant(pack, at="2025-01-01T00:00:00Z").expire("2025-02-01T00:00:00Z")
    ledger, _ = ledger.draw(units(10), at="2025-02-15T00:00:00Z", id="d")
    assert ledger.revenue(Period.month(2025, 2)).lots == (
        row("pack", "0", "0", "0", "30", "0", "20", "50", "0"),
        row("pack/rolled/1", "0", "20", "5", "0", "0", "0", "0", "15"),
    )


def third() -> Ledger:
    """Three credits for 10, of which one is spent in January, and one breaks in March."""
    pack = Grant(id="pack", amount=3, currency=UNIT, cost=10, cost_currency="USD", expiry="2025-03-15")
    ledger = Ledger().grant(pack, at="2025-01-10T00:00:00Z")
    ledger, _ = ledger.draw(units(1), at="2025-01-15T00:00:00Z", id="d1")
    return ledger


def test_rounded() -> None:
    """Rounded figures close: the largest of what goes out takes the cents; each month opens as the last one ended."""
    ledger, _ = third().draw(units(1), at="2025-02-15T00:00:00Z", id="d2")
    ledger = ledger.expire("2025-04-01T00:00:00Z")
    found = [ledger.revenue(Period.month(2025, month)).total("USD").rounded() for month in (1, 2, 3)]
    assert found == [
        row("", "10.00", "0", "3.33", "0", "0", "0", "0", "6.67"),
        row("", "0", "0", "3.34", "0", "0", "0", "6.67", "3.33"),
        row("", "0", "0", "0", "3.33", "0", "0", "3.33", "0"),
    ]
    year = ledger.revenue(Period.year(2025)).total("USD")
    assert year.rounded() == row("", "10", "0", "6.67", "3.33", "0", "0", "0", "0")
    down = year.rounded(mode="down")
    assert down == row("", "10", "0", "6.67", "3.33", "0", "0", "0", "0")


def test_rounded_where_nothing_goes_out() -> None:
    """What came in takes the cents then: what rolled in, else what was sold."""
    third_of = [div(Decimal(each), 3) for each in (10, 20)]
    made = LotRevenue("a", USD, ZERO, third_of[0], ZERO, ZERO, ZERO, ZERO, third_of[0], third_of[1])
    assert made.rounded() == row("a", "0", "3.34", "0", "0", "0", "0", "3.33", "6.67")
    made = LotRevenue("a", USD, third_of[0], ZERO, ZERO, ZERO, ZERO, ZERO, third_of[0], third_of[1])
    assert made.rounded() == row("a", "3.34", "0", "0", "0", "0", "0", "3.33", "6.67")
    tiny = Decimal("0.003")
    made = LotRevenue("a", USD, ZERO, ZERO, tiny, ZERO, ZERO, ZERO, Decimal("0.006"), tiny)
    assert made.rounded() == row("a", "0", "0", "0.01", "0", "0", "0", "0.01", "0")
    taken_back = div(Decimal(-10), 3)
    made = LotRevenue("a", USD, ZERO, ZERO, taken_back, ZERO, ZERO, ZERO, third_of[0], third_of[1])
    assert made.rounded() == row("a", "0", "0", "-3.34", "0", "0", "0", "3.33", "6.67")


@pytest.mark.parametrize("mode", get_args(Rounding))
def test_rounded_by_any_rule(mode: Rounding) -> None:
    """Whatever the rule, figures close and none turns below 0: several take the cents where one has too few."""
    parts = [div(Decimal(each), 1100) for each in (1, 4, 6)]
    made = LotRevenue("a", USD, Decimal("0.01"), ZERO, *parts[:2], ZERO, parts[2], ZERO, ZERO).rounded(mode=mode)
    assert min(made[2:]) >= 0
    assert made.sold == made.earned + made.breakage + made.rolled_out


def test_what_is_owed_back_is_rounded_where_it_is_paid() -> None:
    """A third of what a pack cost is owed back exactly, and paid out by a rule."""
    _, back = third().refund("pack", units(1), at="2025-02-01T00:00:00Z", id="f")
    (due,) = back.due
    assert due == (div(Decimal(10), 3), "USD")
    assert [str(due.money(mode=mode)) for mode in ("half_up", "up")] == ["3.33 USD", "3.34 USD"]
    assert due.money() == Money("3.33", "USD")
