"""What a price sees of usage, and what prices ask to see of single records."""

from __future__ import annotations

from decimal import Decimal

from ratecard.demand import Carried, EachRounded, PerRecord
from ratecard.quantity import Usage
from ratecard.records import UsageRecord


def test_usage_in_short() -> None:
    """Usage shows its total."""
    assert repr(Usage.of(3)) == "<Usage 3>"


def test_folds_that_know_no_order() -> None:
    """Where each record counts for itself, the order of records does not matter; where some are free, it does."""
    rounded, carried = EachRounded(PerRecord(Decimal(1)), 2, "half_up"), Carried("cost")
    assert [fold.ordered for fold in (rounded, carried, PerRecord(Decimal(1)))] == [False, False, False]
    assert PerRecord(Decimal(1), free_records=1).ordered
    assert PerRecord(Decimal(1), free_amount=Decimal(1)).ordered


def test_records_rounded_one_by_one() -> None:
    """Three records at 0.005 are 0.03 when each is rounded, however they are merged and stored."""
    fold = EachRounded(PerRecord(Decimal("0.005")), 2, "half_up")
    record = UsageRecord("e", "2025-01-10T00:00:00Z", {"n": 1})
    one = fold.add(fold.zero(), Decimal(1), record)
    three = fold.merge(fold.merge(one, fold.load(fold.dump(one))), fold.add(fold.zero(), Decimal(1), record))
    assert (fold.value(three), three.records) == (Decimal("0.03"), 3)
    assert fold.dump(three) == ["0.03", 3]
    assert fold.merge(three, fold.zero()) == three


def test_least_above_greatest() -> None:
    """A record below the least amount, where that is above the greatest, costs the greatest: the last word."""
    fold = PerRecord(Decimal(1), minimum=Decimal(5), maximum=Decimal(3))
    record = UsageRecord("e", "2025-01-10T00:00:00Z", {"n": 1})
    assert fold.value(fold.add(fold.zero(), Decimal(1), record)) == 3
