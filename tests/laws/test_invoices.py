"""Laws of invoices beside items of several cadences: what begins in one month is on several statements."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Period, UsageRecord, rate
from ratecard.money import Money
from ratecard.plans import Cancel, Catalog, ChangePlan, Plan, Subscription
from ratecard.rating import Invoice, Statement, invoice

DAY = timedelta(days=1)
START, MONTHS = date(2025, 1, 1), [Period.month(2025, month) for month in range(1, 8)]
ZERO = Money("0", "USD")
METER = {"key": "m", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}
ITEMS = ("f", "y", "w", "u")


def item(dice: random.Random, key: str) -> dict[str, Any]:
    """A fee, or usage, by the month or by several, in advance or in arrears."""
    used = key in "uw"
    price = {"model": "per_unit", "unit_price": "0.37"} if used else {"model": "flat", "amount": dice.randint(0, 999)}
    told: dict[str, Any] = {"key": key, "price": price, **({"meter": "m"} if used else {})}
    if key in "yw" and dice.random() < 0.8:
        every, anchor = dice.choice([2, 3, 12]), f"2025-01-{dice.choice([1, 1, 10]):02}"
        told["cadence"] = {"unit": "month", "every": every, "anchor": anchor}
    return told if used or dice.random() < 0.5 else {**told, "bill": "advance"}


def off(dice: random.Random) -> dict[str, Any]:
    """A discount without its key."""
    kind = dice.choice([{"kind": "percent", "rate": "0.15"}, {"kind": "amount", "amount": "30"}])
    return {**kind, "items": dice.sample(ITEMS, dice.randint(0, 2))}


def plan(dice: random.Random, key: str, included: bool) -> Plan:
    """A plan with any of what may stand on lines of several statements at once."""
    held: list[dict[str, Any]] = [
        {"key": "vat", "rate": dice.choice(["0.2", "0.1"]), "included": included},
        {"key": "city", "rate": "0.015", "included": included, "items": ["y", "w"]},
    ]
    free = dice.choice([{"amount": "30"}, {"units": "40", "items": ["w"]}])
    phases = [{"key": "try", "every": 20, "unit": "day", "free": [free]}] if dice.random() < 0.5 else []
    bounds: dict[str, Any] = {"minimum": {"amount": "120"}} if dice.random() < 0.3 else {}
    return Plan.load({
        "key": key, "meters": [METER], "cards": [{"currency": "USD", "items": [item(dice, each) for each in ITEMS]}],
        "discounts": [{"key": "d", **off(dice)}] if dice.random() < 0.6 else [],
        "coupons": [{"key": "c", "discount": off(dice), "lasts": "forever"}], "phases": phases,
        "taxes": dice.sample(held, dice.randint(0, 2)), **bounds,
    })  # fmt: skip


def bills(offer: Catalog, held: Subscription, records: list[UsageRecord], today: date) -> list[Statement]:
    """The statements by the month up to the one that holds today, chained, with the usage so far."""
    found: list[Statement] = []
    for month in MONTHS:
        if month.start.date() <= today:
            inside = [each for each in records if month.contains(each.at) and each.at.date() < today]
            found.append(rate(offer, held, inside, month, carry=found[-1].carry if found else None))
    return found


@given(st.integers(0, 2**32))
def test_they_add_up(seed: int) -> None:
    """However often one invoices what is known by then: in the end it is the statements, and repeats are empty."""
    dice = random.Random(seed)  # noqa: S311
    included = dice.random() < 0.3
    offer = Catalog(plans=[plan(dice, key, included) for key in "abc"])
    days = sorted(dice.sample(range(6, 150), dice.randint(0, 3)))
    changes: list[Any] = [ChangePlan(at=START + DAY * day, plan=dice.choice("abc")) for day in days]
    if dice.random() < 0.3:
        changes.append(Cancel(at=START + DAY * dice.randint(151, 180)))
    first = START + DAY * dice.choice([0, 0, 4])
    held = Subscription.model_validate({"customer": "x", "plan": "a", "start": first, "coupons": ["c"]})
    records = [
        UsageRecord("e", f"{START + DAY * dice.randrange(5, 181)}T12:00:00Z", {"n": dice.randint(1, 90)}, id=f"{index}")
        for index in range(dice.randint(0, 12))
    ]
    issued: list[Invoice] = []
    for day in sorted(dice.sample(range(5, 181), dice.randint(0, 4))):
        today = START + DAY * day
        known = held.with_changes(*(each for each in changes if each.at <= today))
        now = bills(offer, known, records, today)
        for _ in range(2):
            interim = dice.random() < 0.3
            issued.append(invoice(now, f"{today}T00:00:00Z", issued=issued, interim=interim))
            again = invoice(now, f"{today}T00:00:00Z", issued=issued, interim=interim)
            assert not again.lines
    last = bills(offer, held.with_changes(*changes), records, START + DAY * 185)
    issued.append(invoice(last, "2026-07-01T00:00:00Z", issued=issued))
    assert sum((each.amount for each in issued), ZERO) == sum((each.due for each in last), ZERO)
    for statement in last:
        mine = [line.amount for each in issued for line in each.lines if line.statement == statement.period]
        assert sum(mine, ZERO) == statement.due
    assert not invoice(last, "2026-08-01T00:00:00Z", issued=issued).lines
