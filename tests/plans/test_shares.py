"""Shares of service with pauses in it: the same as added up one by one, and not counted anew for each."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Meter, Period, Plan, UsageRecord, meters, prices, rate
from ratecard.periods import share
from ratecard.plans import Pause, Resume, _shares, resolve
from ratecard.plans._shares import Shares
from tests.strategies import fraction

MARCH = Period.month(2025, 3, zone="Europe/Stockholm")
HOW = st.sampled_from(["day", "second", "30/360", "none"])


def part(start: datetime, end: datetime) -> Period:
    """A part of March."""
    return Period(start, end, zone=MARCH.zone)


@given(st.lists(st.integers(0, 31 * 24), min_size=3, max_size=12, unique=True), HOW)
def test_shares(hours: list[int], how: Any) -> None:
    """What was served up to an instant is all of the time up to there, less each pause that lies before."""
    instants = [MARCH.start + timedelta(hours=count) for count in sorted(hours) if count < 31 * 24 - 1]
    first, *rest = instants or [MARCH.start]
    gaps = [part(start, end) for start, end in zip(rest[::2], rest[1::2], strict=False)]
    shares = Shares(first, gaps, MARCH, MARCH.zone)
    for at in [first, *(gap.start for gap in gaps), *(gap.end for gap in gaps), MARCH.end]:
        expected = fraction(share(part(first, at), MARCH, how))
        for gap in gaps:
            if gap.end <= at:
                expected -= fraction(share(part(first, gap.end), MARCH, how))
                expected += fraction(share(part(first, gap.start), MARCH, how))
        assert fraction(shares.until(at, how)) == expected


@pytest.mark.parametrize("aggregate", [meters.Count(), meters.Level(of="n")])
def test_many_pauses(aggregate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many pauses are twice the work, and what is served between them adds up."""
    counted = 0

    def counting(*args: Any) -> Any:
        nonlocal counted
        counted += 1
        return share(*args)

    monkeypatch.setattr(_shares, "share", counting)
    items = [
        Item(key="fee", price=prices.Flat(amount="31"), prorate="second"),
        Item(key="use", meter="n", price=prices.PerUnit(unit_price="1")),
    ]
    plan = Plan.single("p", currency="USD", meters=[Meter(key="n", event="e", aggregate=aggregate)], items=items)
    work: list[int] = []
    for pauses in (50, 100):
        changes: list[Pause | Resume] = []
        for hour in range(1, 2 * pauses, 2):
            changes.append(Pause(at=f"2025-03-{hour // 24 + 1:02}T{hour % 24:02}:00:00Z"))
            changes.append(Resume(at=f"2025-03-{(hour + 1) // 24 + 1:02}T{(hour + 1) % 24:02}:00:00Z"))
        counted = 0
        acme = plan.subscribe("acme", start="2025-03-01").with_changes(*changes)
        terms = resolve(plan, acme, Period.month(2025, 3))
        work.append(counted)
        fee = next(service for service in terms.services if service.key == "fee")
        assert sum(fraction(piece.share) for piece in fee.pieces) == 1 - Fraction(pauses, 31 * 24)
        # Usage in a pause is counted for nothing; a level is followed through it.
        followed = isinstance(aggregate, meters.Level)
        assert terms.meters["n"].priced == (
            (True,) * (2 * pauses + 1) if followed else (True, False) * pauses + (True,)
        )
    assert work[1] < 3 * work[0]


def test_pause_behind_the_statement() -> None:
    """Statements before a pause that is known already, and the one with it, add up to the one of the whole quarter."""
    tiers = [prices.Tier(up_to=5, unit_price="1"), prices.Tier(unit_price="2")]
    plan = Plan.single(
        "p",
        currency="USD",
        cadence={"unit": "month", "every": 3, "anchor": "2025-01-01"},
        meters=[Meter(key="m", event="e", aggregate=meters.Sum(of="n"))],
        items=[Item(key="x", meter="m", price=prices.Graduated(tiers=tiers))],
    )
    acme = plan.subscribe("a", start="2025-01-01").with_changes(Pause(at="2025-03-05"), Resume(at="2025-03-10"))
    records = [UsageRecord("e", f"2025-0{n}-0{d}T00:00:00Z", {"n": 4}) for n in (1, 2, 3) for d in (2, 7)]
    bills, carry = [], None
    for month in (1, 2, 3):
        period = Period.month(2025, month)
        mine = [record for record in records if period.contains(record.at)]
        bills.append(rate(plan, acme, mine, period, carry=carry))
        carry = bills[-1].carry
    assert [str(bill.due) for bill in bills] == ["11.00 USD", "16.00 USD", "8.00 USD"]
    assert str(rate(plan, acme, records, Period("2025-01-01", "2025-04-01")).due) == "35.00 USD"
