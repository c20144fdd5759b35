"""A plan as the front page shows it: a fee, seats and tokens in tiers."""

from __future__ import annotations

from ratecard import meters, prices
from ratecard.meters import Meter
from ratecard.plans import Item, Plan, RateCard

API_PRO = Plan(
    key="api-pro",
    meters=[
        Meter(key="tokens", event="completion", aggregate=meters.Sum(of="tokens")),
        Meter(key="seats", event="seat", aggregate=meters.Unique(of="user")),
    ],
    cards=[
        RateCard(
            currency="USD",
            effective="2025-01-01",
            items=[
                Item(key="base", price=prices.Flat(amount="20")),
                Item(key="seats", meter="seats", price=prices.PerUnit(unit_price="8")),
                Item(
                    key="tokens",
                    meter="tokens",
                    price=prices.Graduated(
                        tiers=[
                            prices.Tier(up_to=1_000_000, unit_price="0"),
                            prices.Tier(up_to=10_000_000, unit_price="0.000002"),
                            prices.Tier(unit_price="0.0000015"),
                        ]
                    ),
                ),
            ],
        )
    ],
)
