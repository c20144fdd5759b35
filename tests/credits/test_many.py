"""Acts that are done many times cost no more each than few: returns of one draw, and lots that are over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import process_time

from ratecard.credits import Grant, Ledger
from ratecard.money import Currency, Money

UNIT = Currency.custom("cr", places=0)
START = datetime(2025, 1, 1, tzinfo=UTC)


def grows(act: Callable[[int], None], few: int, times: int) -> float:
    """How many times as long as few so many times as much takes; the best of three."""

    def seconds(count: int) -> float:
        start = process_time()
        act(count)
        return process_time() - start

    return min(seconds(few * times) for _ in range(2)) / min(seconds(few) for _ in range(3))


def returns(count: int) -> None:
    """A draw on as many lots, taken back lot by lot."""
    work = Ledger().open()
    for index in range(count):
        work.grant(Grant(id=f"g{index:05}", amount=2, currency="cr", places=0), at=START)
    work.draw(Money(2 * count, UNIT), at=START, id="draw")
    for index in range(2 * count):
        work.undraw("draw", Money(1, UNIT), at=START, id=f"u{index}")
    assert work.balance("cr", START).amount == 2 * count
    standing = work.standing("draw")
    assert standing is not None
    assert (standing.amount.amount, standing.parts) == (0, ())


def over(count: int) -> None:
    """A balance asked for at each grant of a lot that lives for ten minutes."""
    work = Ledger().open()
    for index in range(count):
        at = START + timedelta(minutes=10 * index)
        work.grant(Grant(id=f"g{index}", amount=2, currency="cr", places=0, expiry=at + timedelta(minutes=10)), at=at)
        assert work.balance("cr", at).amount == 2


def test_many_returns_of_one_draw() -> None:
    """Sixteen times as many returns of sixteen times as many parts take nothing like 256 times as long."""
    assert grows(returns, 50, 16) < 64


def test_balance_passes_over_lots_that_are_over() -> None:
    """A balance does not look at lots that are over, though nothing has expired them."""
    assert grows(over, 100, 16) < 64
