"""Many lots that begin or end to pay inside a statement: the work grows with the lots, not with their square."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ratecard.credits import Grant, Ledger
from ratecard.credits._books import Books
from ratecard.credits._lots import Holding
from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import rate
from ratecard.records import UsageRecord

START = datetime(2025, 1, 1, tzinfo=UTC)
SECONDS = 2_600_000
PLAN = Plan.load({
    "key": "p",
    "meters": [{"key": "a", "event": "a", "aggregate": {"kind": "count"}}],
    "cards": [{"currency": "USD", "items": [
        {"key": "a", "meter": "a", "each": ["g"], "price": {"model": "per_unit", "unit_price": "1"}}
    ]}],
})  # fmt: skip
CALLS = [
    UsageRecord("a", START + timedelta(seconds=SECONDS // 200 * n), {"g": str(n % 5)}, id=str(n)) for n in range(200)
]


def ledger(lots: int, *, ending_inside: bool) -> Ledger:
    """Lots that begin one after the other, and end so too, or all of them later."""
    found = Ledger()
    for n in range(lots):
        begins, over = (timedelta(seconds=SECONDS * each // lots) for each in (n, n + 1))
        expiry = START + over if ending_inside else START + timedelta(days=40, seconds=n)
        grant = Grant(id=f"l{n}", amount=3, currency="USD", effective=START + begins, expiry=expiry)
        found = found.grant(grant, at=START)
    return found


@pytest.mark.parametrize("inside", [False, True])
def test_work_grows_with_the_lots(monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    """Eight times the lots are looked at hardly more often than eight times, and none is ended again and again."""
    looked: list[str] = []
    holding = Books.holding

    def counted(self: Books, lot_id: str) -> Holding:
        looked.append(lot_id)
        return holding(self, lot_id)

    def ended(*_: object) -> None:
        raise AssertionError("nothing rolls over here")

    held = [ledger(lots, ending_inside=inside) for lots in (25, 200)]
    monkeypatch.setattr(Books, "holding", counted)
    monkeypatch.setattr("ratecard.credits._working.ending", ended)
    counts = []
    for each in held:
        looked.clear()
        found = rate(PLAN, PLAN.subscribe("acme", start="2025-01-01"), CALLS, Period.month(2025, 1), ledger=each)
        assert found.verify()
        counts.append(len(looked))
    assert counts[1] < 10 * counts[0]
    assert counts[1] < 20 * (200 + len(CALLS))
