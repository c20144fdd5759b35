"""Live bills for the tests: a plan of one item under guards, opened in January, and its records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ratecard import meters, prices
from ratecard.meters import Meter
from ratecard.periods import Period
from ratecard.plans import Item, Plan, resolve
from ratecard.rating import Live, live
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def opened(plan: Plan, **more: Any) -> Live:
    """A live bill of January."""
    return live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY), **more)


def simple(*some: Any, price: prices.Price | None = None, **fields: Any) -> Plan:
    """A plan of one item at a price of 1, under guards."""
    return Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
            Meter(key="free", event="look", aggregate=meters.Count()),
            Meter(key="seats", event="seat", aggregate=meters.Unique(of="user")),
        ],
        items=[
            Item(key="n", meter="n", price=price or prices.PerUnit(unit_price="1")),
            Item(key="seats", meter="seats", price=prices.PerUnit(unit_price="8")),
        ],
        guards=some, **fields,
    )  # fmt: skip


def use(n: Any, id: str | None = "r", seconds: int = 0, **more: Any) -> UsageRecord:
    """A record of the item."""
    return UsageRecord("use", NOON + timedelta(seconds=seconds), {"n": n, **more}, id=id)
