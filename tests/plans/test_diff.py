"""How two plans differ, in words."""

from __future__ import annotations

from ratecard import meters, prices
from ratecard.meters import Meter
from ratecard.plans import Item, Plan
from tests.api_pro import API_PRO
from tests.plans._tools import CALLS, RATE, card


def test_diff() -> None:
    """Two plans differ in words: fields, meters, cards, and items down to the number."""
    new = Plan(
        key="api-pro",
        name="Pro",
        zone="Europe/Stockholm",
        metadata={"a": "1"},
        meters=[
            Meter(key="tokens", event="completion", aggregate=meters.Sum(of="total"), unit="token"),
            CALLS,
        ],
        cards=[
            card(
                effective="2025-01-01",
                items=[
                    Item(key="base", price=prices.Flat(amount="25"), bill="advance"),
                    Item(
                        key="tokens",
                        meter="tokens",
                        price=prices.Graduated(
                            tiers=[prices.Tier(up_to=1_000_000, unit_price="0"), prices.Tier(unit_price="0.000002")]
                        ),
                    ),
                    Item(key="calls", meter="calls", price=RATE),
                ],
            ),
            card(effective="2026-01-01", cohort="early", applies="new"),
            card(currency="EUR"),
        ],
    )
    assert API_PRO.diff(new) == (
        "name Pro added",
        "zone Europe/Stockholm added",
        'metadata {"a": "1"} added',
        "meter 'tokens': aggregate.of was tokens, is total",
        "meter 'tokens': unit token added",
        "meter 'seats' removed",
        "meter 'calls' added",
        "card USD from 2025-01-01: item 'base': price.amount was 20, is 25",
        "card USD from 2025-01-01: item 'base': bill advance added",
        "card USD from 2025-01-01: item 'seats' removed",
        "card USD from 2025-01-01: item 'tokens': price.tiers[1].up_to 10000000 removed",
        'card USD from 2025-01-01: item \'tokens\': price.tiers[2] {"unit_price": "0.0000015"} removed',
        "card USD from 2025-01-01: item 'calls' added",
        "card USD from 2026-01-01 for cohort 'early' for new subscriptions added",
        "card EUR added",
    )
    back = new.diff(API_PRO)
    assert "card EUR removed" in back and "meter 'seats' added" in back
    assert 'card USD from 2025-01-01: item \'tokens\': price.tiers[2] {"unit_price": "0.0000015"} added' in back
    assert API_PRO.diff(Plan.load(API_PRO.dump())) == ()


def test_diff_of_long_values() -> None:
    """A long value is cut short in the words."""
    plan = Plan(key="p", cards=[card()], metadata={"a": "x" * 200})
    assert Plan(key="p", cards=[card()], metadata={"a": "y"}).diff(plan) == (f"metadata.a was y, is {'x' * 80}...",)
