"""
Revenue by example: a pack of which some is spent, some comes back, some is refunded, and some breaks.
"""

from __future__ import annotations

from decimal import Decimal

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
