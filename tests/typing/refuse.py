"""
Lines that mypy --strict and pyright must both refuse: each carries `# expect-error`, and no other line may.

Never run: `test_typing.py` only hands it to the two checkers.
"""

from __future__ import annotations

from ratecard import Item, Money, Period, Plan, Statement, Subscription, UsageRecord, meters, prices, rate


def numbers() -> None:
    """A binary float is not exact, and an amount is not a flag's neighbour."""
    prices.Flat(amount=0.5)  # expect-error
    prices.PerUnit(unit_price=None)  # expect-error
    Money(2.5, "USD")  # expect-error


def fields() -> None:
    """Fields that are missing, misspelt or of another kind."""
    prices.PerUnit(unit_cost="2")  # expect-error
    Item(price=prices.Flat(amount="1"))  # expect-error
    Item(key="base", price="20")  # expect-error
    Plan(key="p", cards=[prices.Flat(amount="1")])  # expect-error
    prices.Graduated(tiers=prices.Tier(unit_price="1"))  # expect-error
    meters.Summ(of="tokens")  # expect-error


def values(plan: Plan, acme: Subscription, bill: Statement) -> None:
    """What is frozen stays so; money meets money only; a walk needs a period."""
    plan.key = "other"  # expect-error
    print(bill.due + 1)  # expect-error
    print(bill.totl)  # expect-error
    Period.month("2025", 1)  # expect-error
    UsageRecord("completion")  # expect-error
    rate(plan, acme, [])  # expect-error
