"""
What the benchmarks run on: synthetic usage of a shape like the traces of real services, the same for every measurement.

1,000 customers (Zipf 1.1), 4 meters, 20 models (Zipf 0.8), January 2025, in order of time; made from a fixed seed.
"""

from __future__ import annotations

import random
from bisect import bisect
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from ratecard import Item, Meter, Period, Plan, meters, prices
from ratecard.plans import Subscription

SEED = 20250101
JANUARY = Period.month(2025, 1)
METERS = ("input", "output", "cached", "calls")
CUSTOMERS = 1000
MODELS = 20


def rows(count: int) -> list[dict[str, Any]]:
    """Usage rows: customer, meter, model, qty, time, source, id."""
    chance = random.Random(SEED)
    customers = _zipf(CUSTOMERS, 1.1, "customer-")
    models = _zipf(MODELS, 0.8, "model-")
    start = datetime(2025, 1, 1, tzinfo=UTC)
    step = timedelta(days=31) / (count + 1)
    return [
        {
            "customer": customers(chance.random()),
            "meter": METERS[chance.randrange(len(METERS))],
            "model": models(chance.random()),
            "qty": chance.randrange(1, 4000),
            "time": start + step * index,
            "source": "gateway-1",
            "id": f"request-{index:08d}",
        }
        for index in range(count)
    ]


def _zipf(count: int, exponent: float, prefix: str) -> Any:
    weights = list(accumulate(1 / (rank + 1) ** exponent for rank in range(count)))
    names = [f"{prefix}{index:04d}" for index in range(count)]
    whole = weights[-1]
    return lambda chance: names[bisect(weights, chance * whole)]


def by_dimensions() -> Plan:
    """One meter by three dimensions."""
    return Plan.single(
        "dimensions",
        currency="USD",
        meters=[Meter(key="usage", event="usage", aggregate=meters.Sum(of="qty"))],
        items=[
            Item(
                key="usage",
                meter="usage",
                each=["customer", "meter", "model"],
                price=prices.PerUnit(unit_price="2", per=1_000_000),
            )
        ],
    )


def by_meter() -> Plan:
    """Four meters, each by model."""
    return Plan.single(
        "routed",
        currency="USD",
        meters=[Meter(key=key, event=key, aggregate=meters.Sum(of="qty")) for key in METERS],
        items=[
            Item(key=key, meter=key, each=["model"], price=prices.PerUnit(unit_price="2", per=1_000_000))
            for key in METERS
        ],
    )


def subscriptions(plan: Plan) -> list[Subscription]:
    """All customers of the rows."""
    return [plan.subscribe(f"customer-{index:04d}", start="2025-01-01") for index in range(CUSTOMERS)]


def five_items() -> Plan:
    """A plan of five items: a fee, seats, and three prices of usage."""
    tiers = [
        prices.Tier(up_to=1_000_000, unit_price="0"),
        prices.Tier(up_to=10_000_000, unit_price="0.000002"),
        prices.Tier(unit_price="0.0000015"),
    ]
    return Plan.single(
        "five",
        currency="USD",
        meters=[
            Meter(key="tokens", event="completion", aggregate=meters.Sum(of="tokens")),
            Meter(key="calls", event="call", aggregate=meters.Sum(of="calls")),
            Meter(key="storage", event="storage", aggregate=meters.Sum(of="gigabytes")),
        ],
        items=[
            Item(key="base", price=prices.Flat(amount="20")),
            Item(key="seats", quantity="seats", price=prices.PerUnit(unit_price="8")),
            Item(key="tokens", meter="tokens", price=prices.Graduated(tiers=tiers)),
            Item(key="calls", meter="calls", price=prices.PerUnit(unit_price="0.0004")),
            Item(key="storage", meter="storage", price=prices.Package(package_size=10, package_price="1")),
        ],
    )
