"""Statements that lie wholly inside a pause: nothing is billed, and what runs on behind it is not lost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from ratecard import Item, Meter, Period, Plan, UsageRecord, meters, prices, rate
from ratecard.cadence import Cadence
from ratecard.plans import AmountDiscount, Carry, Maximum, Minimum, Pause, Resume, Subscription, UsageDiscount

TIERS = [prices.Tier(up_to=50, unit_price="2"), prices.Tier(unit_price="1")]
METER = Meter(key="n", event="e", aggregate=meters.Sum(of="n"))


def use(day: str, n: int) -> UsageRecord:
    """Some usage on a day of 2025."""
    return UsageRecord("e", f"2025-{day}T00:00:00Z", {"n": n}, id=day)


def parts(plan: Plan, acme: Subscription, records: Sequence[UsageRecord], days: Sequence[str]) -> list[str]:
    """What statements from one day to the next come to, each with the carry of the one before, through JSON."""
    found: list[str] = []
    carry: Carry | None = None
    for start, end in pairwise(days):
        period = Period(f"2025-{start}", f"2025-{end}")
        mine = [record for record in records if period.contains(record.at)]
        bill = rate(plan, acme, mine, period, carry=carry)
        assert bill.verify() and bill.carry is not None
        carry = Carry.from_json(bill.carry.to_json())
        found.append(str(bill.due.amount))
    return found


@pytest.mark.parametrize(
    ("terms", "whole", "each"),
    [
        ({}, "130.00", ["80.00", "0.00", "50.00"]),
        ({"maximum": Maximum(amount="60")}, "60.00", ["60.00", "0.00", "0.00"]),
        ({"discounts": [AmountDiscount(amount="10")]}, "120.00", ["70.00", "0.00", "50.00"]),
        ({"discounts": [UsageDiscount(units=10)]}, "120.00", ["60.00", "0.00", "60.00"]),
        ({"minimum": Minimum(amount="310")}, "210.00", ["80.00", "0.00", "130.00"]),
    ],
)
def test_counters_wait(terms: Any, whole: str, each: list[str]) -> None:
    """Tiers, units off, discounts and bounds go on behind the pause where they stood before it."""
    item = Item(key="x", meter="n", price=prices.Graduated(tiers=TIERS), **terms)
    plan = Plan.single("p", currency="USD", meters=[METER], items=[item])
    acme = plan.subscribe("a", start="2025-03-01").with_changes(Pause(at="2025-03-10"), Resume(at="2025-03-20"))
    records = [use("03-05", 40), use("03-25", 40)]
    assert str(rate(plan, acme, records, Period.month(2025, 3)).due.amount) == whole
    assert parts(plan, acme, records, ["03-01", "03-12", "03-14", "04-01"]) == each


def test_a_month_of_a_quarter() -> None:
    """A whole month of a quarter in a pause leaves the quarter's tiers where they are, and knows copies from before."""
    item = Item(key="x", meter="n", price=prices.Graduated(tiers=TIERS))
    plan = Plan.single("p", currency="USD", meters=[METER], cadence=Cadence(unit="month", every=3), items=[item])
    acme = plan.subscribe("a", start="2025-01-01").with_changes(Pause(at="2025-02-01"), Resume(at="2025-03-01"))
    records = [use("01-10", 40), use("03-10", 40), UsageRecord("e", "2025-03-11T00:00:00Z", {"n": 40}, id="01-10")]
    assert parts(plan, acme, records, ["01-01", "02-01", "03-01", "04-01"]) == ["80.00", "0.00", "50.00"]


def test_a_pause_over_the_end_of_a_period() -> None:
    """A period that begins inside a pause begins anew, whatever was handed through the pause."""
    item = Item(key="x", meter="n", price=prices.Graduated(tiers=TIERS), maximum=Maximum(amount="95"))
    plan = Plan.single("p", currency="USD", meters=[METER], items=[item])
    acme = plan.subscribe("a", start="2025-03-01").with_changes(Pause(at="2025-03-10"), Resume(at="2025-04-20"))
    records = [use("03-05", 40), use("04-25", 40)]
    for days in (["03-12", "04-01", "04-03"], ["03-12", "04-02", "04-03"]):
        found = parts(plan, acme, records, ["03-01", *days, "05-01"])
        assert found == ["80.00", "0.00", "0.00", "80.00"]
