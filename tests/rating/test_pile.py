"""A pile of held records: what it comes to, in whatever order records come and go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.meters import Meter
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, resolve
from ratecard.rating import Live, live
from ratecard.rating._bill import Bill
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def opened(**more: Any) -> Live:
    """A bill of a quantity, of users and of a cost."""
    one = prices.PerUnit(unit_price=1)
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
            Meter(key="users", event="use", aggregate=meters.Unique(of="user")),
        ],
        items=[Item(key="n", meter="n", price=one, each=["team"]), Item(key="users", meter="users", price=one)],
        costs=[RateCard(currency="USD", items=[Item(key="n", meter="n", price=one)])],
    )  # fmt: skip
    return live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY), **more)


def use(n: int, id: str | None, user: str = "ana") -> UsageRecord:
    """A record of both meters."""
    return UsageRecord("use", NOON, {"n": n, "user": user, "team": f"t{n % 3}"}, id=id)


def came_to(bill: Bill) -> tuple[int, int]:
    """What the bill and its costs come to with all that is held."""
    found = bill.ahead()
    assert found.costs is not None
    return int(str(found.exact("subtotal"))), int(str(found.costs.exact("gross")))


def test_nothing_held() -> None:
    """With nothing held the figures are those of what was counted, and none are worked out anew."""
    bill = opened()._bill
    assert bill.ahead() is bill.figures()
    bill.let_go("never held")
    assert bill.ahead() is bill.figures()


def test_many_come_and_go() -> None:
    """Blocks fill and empty; what is left is what was put on less what was taken away."""
    bill = opened()._bill
    for index in range(400):
        bill.hold(str(index), use(index % 7, str(index), f"u{index % 5}"))
    held = set(range(400))
    assert came_to(bill) == (sum(n % 7 for n in held) + 5, sum(n % 7 for n in held))
    for index in range(400):
        # Taken from all over it.
        gone = index * 37 % 400
        held.discard(gone)
        bill.let_go(str(gone))
        if index % 20 == 0 or index > 390:
            users = len({n % 5 for n in held})
            assert came_to(bill) == (sum(n % 7 for n in held) + users, sum(n % 7 for n in held))
    assert len(bill._held._blocks) == 1
    assert bill.ahead() is bill.figures()


def test_an_identity_that_was_counted() -> None:
    """All holds of an identity end with it, and a name that is used again is of the new record."""
    bill = opened()
    inner = bill._bill
    inner.hold("a", use(1, "x"))
    inner.hold("b", use(2, "x"))
    inner.hold("c", use(4, None))
    assert came_to(inner) == (8, 7)
    inner.let_go("a")
    inner.hold("a", use(16, "y"))
    bill.record(use(32, "x"))
    assert came_to(inner) == (32 + 16 + 4 + 1, 32 + 16 + 4)
    inner.hold("d", use(64, "x"))
    assert came_to(inner) == (32 + 16 + 4 + 1, 32 + 16 + 4)


@pytest.mark.parametrize("quick", [True, False])
def test_where_identities_are_trusted(quick: bool) -> None:
    """Where the host tells copies apart, a record of a held identity counts beside it."""
    bill = opened(identity="trusted")
    bill._bill.hold("a", use(1, "x"))
    if quick:
        bill.record(use(1, "x"))
    assert came_to(bill._bill) == ((3, 2) if quick else (2, 1))


def test_costs_of_other_records() -> None:
    """What costs do not count holds nothing there."""
    one = prices.PerUnit(unit_price=1)
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
            Meter(key="calls", event="call", aggregate=meters.Count()),
        ],
        items=[Item(key="n", meter="n", price=one)],
        costs=[RateCard(currency="USD", items=[Item(key="calls", meter="calls", price=one)])],
    )  # fmt: skip
    bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))._bill
    bill.hold("a", use(3, "a"))
    assert came_to(bill) == (3, 0)
