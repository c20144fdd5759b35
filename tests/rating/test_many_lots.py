"""Many lots that begin or end to pay inside a statement: the work grows with the lots, not with their square."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger, Policy
from ratecard.credits._books import Books
from ratecard.credits._holdings import Holding
from ratecard.money import Currency, Money
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


def test_lots_that_are_over_are_passed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where expiry does not decide first, lots that are over are put aside once, not passed by every later draw."""
    work = Ledger(Policy(burn=["priority", "expiry"])).open()
    for n in range(300):
        work.grant(Grant(id=f"l{n}", amount=3, currency="USD", expiry=START + timedelta(hours=n + 1)), at=START)
    work.grant(Grant(id="last", amount=3_000, currency="USD", priority=9), at=START)
    looked: list[str] = []
    holding = Books.holding

    def counted(self: Books, lot_id: str) -> Holding:
        looked.append(lot_id)
        return holding(self, lot_id)

    monkeypatch.setattr(Books, "holding", counted)
    late = START + timedelta(days=40)
    for n in range(300):
        made = work.draw(Money("1", "USD"), at=late + timedelta(minutes=n), id=str(n))
        assert [lot for lot, _ in made.parts] == ["last"]
    assert len(looked) < 5 * 300


@given(st.integers(0, 2**32))
def test_any_order_of_time(seed: int) -> None:
    """Whichever way time goes between draws, the lots that pay are those that live, in the order of burning."""
    dice = random.Random(seed)  # noqa: S311
    work = Ledger(Policy(burn=["priority", "age"])).open()
    lots = []
    for n in range(dice.choice((5, 200))):
        grant = Grant(
            id=f"l{n:03}", amount=dice.randrange(1, 9), currency="USD", priority=dice.randrange(3),
            expiry=START + timedelta(days=dice.randrange(1, 30)) if dice.random() < 0.9 else None,
        )  # fmt: skip
        work.grant(grant, at=START)
        lots.append([grant.priority, grant.id, grant.amount, grant.expiry])
    work.grant(Grant(id="other", amount=9, currency="EUR", expiry=START + timedelta(days=9)), at=START)
    lots.sort(key=lambda each: each[:2])
    for n in range(20):
        at, amount = START + timedelta(days=dice.randrange(31)), Decimal(dice.randrange(1, 30))
        wanted = []
        for lot in lots:
            if lot[2] and amount and (lot[3] is None or at < lot[3]):
                some = min(lot[2], amount)
                wanted.append((lot[1], some))
                lot[2] -= some
                amount -= some
        asked = sum((some for _, some in wanted), amount)
        made = work.draw(Money.make(asked, Currency.of("USD")), at=at, id=str(n))
        assert list(made.parts) == wanted
    assert work.ledger() == Ledger.from_entries(work.entries(), policy=Policy(burn=["priority", "age"]))
