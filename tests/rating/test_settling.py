"""Lots that count at the settling instant alone: what is due when they are over is not paid, and that is told."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard.credits import Policy
from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
CALLS = [UsageRecord("a", f"2025-01-{day}T00:00:00Z", id=str(day)) for day in (10, 11, 12)]


def bill(policy: Policy, **grant: Any) -> Statement:
    """Three calls at 1, and a fee of 10 in advance, with a grant of 40 every month."""
    plan = Plan.load({
        "key": "p",
        "meters": [{"key": "a", "event": "a", "aggregate": {"kind": "count"}}],
        "burn": policy.model_dump(mode="json"),
        "grants": [{"kind": "recurring", "key": "g", "amount": "40", **grant}],
        "cards": [{"currency": "USD", "items": [
            {"key": "a", "meter": "a", "price": {"model": "per_unit", "unit_price": "1"}},
            {"key": "fee", "price": {"model": "flat", "amount": "10"}, "bill": "advance"},
        ]}],
    })  # fmt: skip
    found = rate(plan, plan.subscribe("acme", start="2025-01-01"), CALLS, JANUARY)
    assert found.verify()
    assert Statement.from_json(found.to_json()) == found
    return found


@pytest.mark.parametrize("vendor", ["stripe", "lago"])
def test_a_lot_that_ends_with_the_period(vendor: Any) -> None:
    """It pays what is due in advance; of what is due in arrears the statement tells that it does not."""
    found = bill(Policy.preset(vendor))
    assert str(found.due) == "3.00 USD"
    (notice,) = found.notices
    assert (notice.code, notice.key) == ("credit.over", "g/2025-01-01T00:00:00Z")
    assert notice.text == (
        "over at 2025-02-01T00:00:00Z, no later than a@2025-01-01T00:00:00Z is due; let it last longer"
    )


@pytest.mark.parametrize(
    ("policy", "grant", "due"),
    [
        (Policy.preset("stripe"), {"lasts": 2}, "0.00 USD"),
        (Policy(), {}, "0.00 USD"),
        (Policy(), {"amount": "11"}, "2.00 USD"),
        (Policy.preset("stripe"), {"lasts": 2, "amount": "11"}, "2.00 USD"),
        (Policy.preset("stripe"), {"amount": "10"}, "3.00 USD"),
        (Policy.preset("stripe"), {"scope": {"items": ["fee"]}}, "3.00 USD"),
    ],
)
def test_where_nothing_is_to_be_told(policy: Policy, grant: dict[str, Any], due: str) -> None:
    """A lot that lasts longer pays; one that is used up, or does not pay for what is due then, is no news."""
    found = bill(policy, **grant)
    assert (str(found.due), found.notices) == (due, ())
