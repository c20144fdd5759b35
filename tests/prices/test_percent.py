"""Shares of money: of each record, of a running total, of other items."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ratecard._numbers import ZERO
from ratecard.demand import Demand, PerRecord
from ratecard.errors import MismatchError
from ratecard.prices import GraduatedPercentage, Percentage, PercentOf, RateTier
from ratecard.quantity import Usage
from ratecard.records import UsageRecord
from tests.prices.test_base import told
from tests.strategies import EPOCH, usage_of


def paid(price: Percentage, *values: str) -> tuple[Decimal, str]:
    """The amount and the words for records of these values, one a second."""
    records = [
        UsageRecord("pay", EPOCH + timedelta(seconds=index), {"n": Decimal(value)})
        for index, value in enumerate(values)
    ]
    priced = price.price(usage_of(records, price.demand()))
    assert priced.step.result == priced.amount
    assert priced.step.check()
    assert isinstance(priced.amount, Decimal)
    return priced.amount, priced.step.words()


def test_rate_and_fixed_part() -> None:
    """A share of each value, and a fixed part for each record; nothing without records."""
    price = Percentage(rate="0.1", fixed_per_event=1)
    assert paid(price, "10", "30") == (
        6,
        "4 + 2 = 6\n  share of the value of 2 records: 40 x 0.1 = 4\n  fixed part of 2 records: 2 x 1 = 2",
    )
    assert paid(price) == (0, "no records: 0")
    assert paid(Percentage(rate="0.1"), "10") == (1, "share of the value of 1 record: 10 x 0.1 = 1")


def test_bounds_of_a_record() -> None:
    """Each record pays between a least and a greatest amount, and the step counts those at either."""
    price = Percentage(rate="0.1", min_per_event=2, max_per_event=5)
    assert paid(price, "10", "30", "80", "90") == (
        15,
        "3 + 2 + 10 = 15\n  share of the value of 1 record: 30 x 0.1 = 3\n"
        "  1 record at the least amount: 1 x 2 = 2\n  2 records at the greatest amount: 2 x 5 = 10",
    )


def test_free_records_and_amount() -> None:
    """Both free parts run together and the first used up ends both; the crossing record pays its excess."""
    price = Percentage(rate="0.1", fixed_per_event=1, free_events=3, free_amount=50)
    amount, words = paid(price, "20", "40", "30")
    assert (amount, words.splitlines()[1]) == (6, "  1 record free: 0")
    amount, words = paid(price, "10", "10", "10", "30")
    assert (amount, words.splitlines()[1]) == (4, "  3 records free: 0")
    assert paid(Percentage(rate="0.1", free_events=1), "20") == (0, "1 record free: 0")
    assert paid(Percentage(rate="0.1", free_amount=20), "20", "5")[0] == Decimal("0.5")


def test_bounds_of_the_whole() -> None:
    """The whole has bounds of its own, once there is a record; a refund lies between their opposites."""
    price = Percentage(rate="0.1", minimum=5, maximum=8, refunds=True)
    assert paid(price, "10") == (5, "1, at least 5, at most 8 = 5\n  share of the value of 1 record: 10 x 0.1 = 1")
    assert paid(price, "100")[0] == 8
    amount, words = paid(price, "-10")
    assert amount == -5
    assert [line.strip() for line in words.splitlines()] == [
        "a negative sum is refunded: 5 x -1 = -5",
        "1, at least 5, at most 8 = 5",
        "refunds: -1 x -1 = 1",
        "share of the value of -1 records: -10 x 0.1 = -1",
    ]
    assert paid(price)[0] == 0


def test_negative_values() -> None:
    """A negative value pays nothing, or with refunds minus what the positive one would."""
    assert paid(Percentage(rate="0.1"), "-10") == (0, "no records: 0")
    assert paid(Percentage(rate="0.1", free_events=1), "-10", "-10") == (0, "1 record free: 0")
    assert paid(Percentage(rate="0.1", refunds=True), "-10", "40")[0] == 3
    assert paid(Percentage(rate="0.1", refunds=True), "-10")[0] == -1


def test_percentage_demand() -> None:
    """The price asks for a fold with its own fields, free records as a whole number."""
    price = Percentage(rate="0.1", fixed_per_event=1, free_events="3", free_amount=5, min_per_event=1, max_per_event=2)
    fold = PerRecord(Decimal("0.1"), Decimal(1), Decimal(1), Decimal(2), 3, Decimal(5))
    assert price.demand() == Demand(folds=[fold])
    assert not price.has_curve


def test_percentage_faults() -> None:
    """All that is wrong is reported at once."""
    wrong = {"rate": -1, "free_events": "1.5", "min_per_event": 3, "max_per_event": 2, "minimum": 3, "maximum": 2}
    assert told(Percentage, **wrong) == [
        ("rate", "price.negative"),
        ("free_events", "number.whole"),
        ("min_per_event", "clamp.order"),
        ("minimum", "clamp.order"),
    ]
    assert told(Percentage, rate=1, free_events=10**10) == [("free_events", "number.whole")]


def test_graduated_percentage() -> None:
    """Each tier takes its rate of the money inside it."""
    price = GraduatedPercentage(tiers=[RateTier(up_to=1000, rate="0.03"), RateTier(rate="0.02", flat_price=5)])
    assert [price.amount(q) for q in (0, 1000, 1001)] == [0, 30, Decimal("35.02")]
    at_zero = GraduatedPercentage(tiers=[RateTier(rate="0.03", flat_price=5)], flat_at_zero=True)
    assert at_zero.amount(0) == 5


def test_graduated_percentage_faults() -> None:
    """All that is wrong is reported at once."""
    assert told(GraduatedPercentage, tiers=[RateTier(up_to=5, rate=-1, flat_price=-1)]) == [
        ("tiers[0].up_to", "tier.closed"),
        ("tiers[0].rate", "price.negative"),
        ("tiers[0].flat_price", "price.negative"),
    ]


def test_percent_of() -> None:
    """A share of other items' amounts, between bounds that hold also at 0."""
    price = PercentOf(items=["api", "storage"], rate="0.1", minimum=5, maximum=20)
    amounts = [
        price.price(Usage.of(0, amounts={"api": Decimal(api), "storage": Decimal(20), "other": ZERO})).amount
        for api in (-20, 80, 500)
    ]
    assert amounts == [5, 10, 20]
    assert price.demand() == Demand(items=["api", "storage"])
    one = PercentOf(items=["api"], rate="0.1")
    assert one.price(Usage.of(0, amounts={"api": Decimal(-20)})).step.words() == (
        "share of other items: -20 x 0.1 = -2\n  api: -20"
    )


def test_percent_of_an_item_that_is_not_charged() -> None:
    """An amount that is not there is an error, never 0."""
    price = PercentOf(items=["api", "storage"], rate="0.1")
    with pytest.raises(MismatchError, match="storage") as caught:
        price.price(Usage.of(0, amounts={"api": ZERO}))
    assert caught.value.code == "demand.missing"


def test_percent_of_faults() -> None:
    """All that is wrong is reported at once."""
    assert told(PercentOf, items=["a", "b", "a"], rate=-1, minimum=2, maximum=1) == [
        ("rate", "price.negative"),
        ("items[2]", "items.duplicate"),
        ("minimum", "clamp.order"),
    ]
    assert told(PercentOf, items=[], rate=1) == [("items", "items.none")]
