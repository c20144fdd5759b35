"""
User code as people write it: mypy --strict and pyright must accept every line without a plugin.

`test_typing.py` runs both over this file; it also runs it, so that what is typed is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from ratecard import (
    Cadence,
    Catalog,
    Item,
    Meter,
    Money,
    Period,
    Plan,
    RateCard,
    Statement,
    Subscription,
    UsageRecord,
    charge,
    estimate,
    measure,
    meters,
    prices,
    problems,
    rate,
    resolve,
    resolve_all,
    settle,
)


def price_list() -> Plan:
    """A plan with three items, written with text, ints, Decimals and lists."""
    return Plan(
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
                    Item(key="base", price=prices.Flat(amount=20)),
                    Item(key="seats", meter="seats", price=prices.PerUnit(unit_price=Decimal(8))),
                    Item(
                        key="tokens",
                        meter="tokens",
                        price=prices.Graduated(
                            tiers=[
                                prices.Tier(up_to=1_000_000, unit_price="0"),
                                prices.Tier(up_to="10000000", unit_price="0.000002"),
                                prices.Tier(unit_price="0.0000015"),
                            ]
                        ),
                    ),
                ],
            ),
        ],
    )


def usage() -> list[UsageRecord]:
    """Four calls and three people, one of them twice."""
    noon = datetime(2025, 1, 10, 12, tzinfo=UTC)
    calls = [UsageRecord("completion", noon, {"tokens": 1_000_000}, id=f"c{n}") for n in range(4)]
    names = ["ana", "bo", "cy", "ana"]
    return calls + [UsageRecord("seat", noon, {"user": name}, id=f"s{n}") for n, name in enumerate(names)]


def in_one_call(plan: Plan, acme: Subscription, records: Sequence[UsageRecord], january: Period) -> Statement:
    """The whole walk, and what can be read from its end."""
    statement = rate(plan, acme, records, january)
    due: Money = statement.due
    subtotal: Money = statement.subtotal
    told: str = statement.explain() + statement.line("tokens").explain()
    assert due == subtotal == Money("50", "USD"), told
    return statement


def step_by_step(plan: Plan, acme: Subscription, records: Sequence[UsageRecord], january: Period) -> Statement:
    """The same walk one verb at a time, with the records in two parts."""
    terms = resolve(plan, acme, january)
    tally = measure(terms, records[:3]) + measure(terms, records[3:])
    return settle(charge(terms, tally))


def many(catalog: Catalog, customers: Sequence[Subscription], records: Sequence[UsageRecord], month: Period) -> int:
    """A book of customers: each gets a statement of its own."""
    book = resolve_all(catalog, customers, month)
    tally = measure(book, records)
    return sum(1 for each in book.statements(tally) if each.due >= Money(0, "USD"))


def held_values(plan: Plan) -> tuple[Decimal, int]:
    """Fields hold exact values and tuples, whatever was written into them."""
    base = plan.cards[0].item("base").price
    assert isinstance(base, prices.Flat)
    amount: Decimal = base.amount
    cards: tuple[RateCard, ...] = plan.cards
    return amount, len(cards)


def faults() -> list[str]:
    """What is wrong with a definition comes as a list with stable codes."""
    try:
        Plan.load({"key": "", "cards": []})
    except ValueError as error:
        return [each.code for each in problems(error)]
    return []


def by_outcome() -> Plan:
    """Pay for results, by their value, with a promise."""
    rules = meters.Outcomes(
        subject="case",
        result=[meters.Equals(property="state", value="won"), meters.Range(property="euro", minimum=10)],
        reverse=[meters.Equals(property="state", value="appealed")],
        worth="euro",
        confirmation_hours=24,
        reversal_hours="720",
    )
    price = prices.Outcome(
        definition="A case that was won.",
        rate="0.2",
        ceiling=100,
        guarantees=[prices.Guarantee(below="0.9", credit="1")],
    )
    held: Decimal | None = price.rate
    assert held == Decimal("0.2") and rules.confirmation_hours == 24
    return Plan.single(
        "court",
        currency="USD",
        meters=[Meter(key="cases", event="case", aggregate=rules)],
        items=[Item(key="won", meter="cases", price=price)],
    )


def main() -> None:
    """Walk through all of the above."""
    plan, records = price_list(), usage()
    january = Period.month(2025, 1, zone="UTC")
    acme = plan.subscribe("acme", start="2025-01-01")
    other = Subscription(customer="bolt", plan="api-pro", start="2025-01-01")
    assert in_one_call(plan, acme, records, january) == step_by_step(plan, acme, records, january)
    assert many(Catalog(plans=[plan]), [acme, other], records, january) == 2
    assert held_values(plan) == (Decimal(20), 1)
    assert faults()
    assert by_outcome().cards[0].item("won").label == "won"
    quarter = Cadence(every=3, unit="month", anchor="2025-01-31", zone="UTC")
    assert next(iter(quarter.periods(january))).contains(datetime(2025, 1, 30, tzinfo=UTC))
    guess: Statement = estimate(plan, acme, {"tokens": "4000000", "seats": 3}, january)
    assert guess.due == Money("50", "USD")


if __name__ == "__main__":
    main()
