"""Discounts and taxes of an invoice: they are due with the lines they fall on, and are given back with them."""

from __future__ import annotations

import json
from typing import Any

from ratecard import Period, UsageRecord, rate
from ratecard.plans import Cancel, Catalog, ChangePlan, Plan, Subscription
from ratecard.rating import Invoice, Statement, invoice

APRIL, MAY = Period.month(2025, 4), Period.month(2025, 5)
FIRST, HALF, LAST = "2025-04-01T00:00:00Z", "2025-04-16T00:00:00Z", "2025-05-01T00:00:00Z"
HALF_OFF = {"key": "HALF", "discount": {"kind": "percent", "rate": "0.5"}, "lasts": "forever"}
VAT = {"key": "vat", "rate": "0.2"}
METER = {"key": "calls", "event": "call", "aggregate": {"kind": "count"}}
CALLS = {"key": "calls", "meter": "calls", "price": {"model": "per_unit", "unit_price": "1"}}


def fee(amount: str, key: str = "base", **fields: Any) -> dict[str, Any]:
    """A fee in advance in plain form."""
    return {"key": key, "price": {"model": "flat", "amount": amount}, "bill": "advance", **fields}


def offer(*items: dict[str, Any], key: str = "team", **fields: Any) -> Plan:
    """A plan in USD."""
    card = {"currency": "USD", "items": list(items)}
    return Plan.load({"key": key, "meters": [METER], "cards": [card], **fields})


def acme(plan: Plan, *changes: Any, **fields: Any) -> Subscription:
    """A subscription since April, with all coupons of the plan."""
    held = Subscription.model_validate({"customer": "acme", "plan": plan.key, "start": "2025-04-01", **fields})
    return held.model_copy(update={"coupons": [each.key for each in plan.coupons]}).with_changes(*changes)


def rated(plan: Any, held: Subscription, calls: int = 0, period: Period = APRIL) -> Statement:
    """A statement with a call on each of so many first days of April."""
    records = [UsageRecord("call", f"2025-04-{day + 1:02}T12:00:00Z", {}, id=str(day)) for day in range(calls)]
    return rate(plan, held, records, period)


def told(found: Invoice) -> list[tuple[str, str]]:
    """Key and amount of each line; and it comes back from its JSON."""
    again = Invoice.from_json(json.loads(json.dumps(found.to_json())))
    assert again == found
    return [(line.key.replace("T00:00:00Z", ""), f"{line.amount.amount}") for line in found.lines]


def test_downgrade_at_half_time() -> None:
    """Leaving a fee of 100 with a half off at half time gives back 25, what was paid for the rest."""
    plan = offer(fee("100"), coupons=[HALF_OFF])
    first = invoice([rated(plan, acme(plan))], FIRST)
    assert told(first) == [("base@2025-04-01", "100.00"), ("[coupon]HALF@2025-04-01", "-50.00")]
    assert (str(first.amount), first.lines[1].due) == ("50.00 USD", APRIL.start)
    gone = rated(plan, acme(plan, Cancel(at="2025-04-16")))
    second = invoice([gone], HALF, issued=[first])
    assert told(second) == [("base@2025-04-01", "-50.00"), ("[coupon]HALF@2025-04-01", "25.00")]
    assert str(second.amount) == "-25.00 USD"


def test_upgrade_at_half_time() -> None:
    """An upgrade credits the rest of the old fee with its discount, and takes the new one with that of the new plan."""
    team = offer(fee("100"), coupons=[HALF_OFF])
    pro = offer(fee("300"), key="pro", coupons=[HALF_OFF])
    bare = offer(fee("300"), key="bare")
    both = Catalog(plans=[team, pro, bare])
    first = invoice([rated(both, acme(team))], FIRST)
    up = invoice([rated(both, acme(team, ChangePlan(at="2025-04-16", plan="pro")))], HALF, issued=[first])
    assert told(up) == [
        ("base@2025-04-01", "-50.00"), ("base@2025-04-16", "150.00"), ("[coupon]HALF@2025-04-01", "-50.00"),
    ]  # fmt: skip
    plain = invoice([rated(both, acme(team, ChangePlan(at="2025-04-16", plan="bare")))], HALF, issued=[first])
    assert told(plain) == [
        ("base@2025-04-01", "-50.00"), ("base@2025-04-16", "150.00"), ("[coupon]HALF@2025-04-01", "25.00"),
    ]  # fmt: skip


def test_tax_in_advance() -> None:
    """A fee of 100 in advance with a fifth off and a tax of a fifth on the rest: 100, -20, 16."""
    off = {"kind": "percent", "key": "off", "rate": "0.2"}
    plan = offer(fee("100"), CALLS, discounts=[off], taxes=[VAT])
    first = invoice([rated(plan, acme(plan))], FIRST)
    assert told(first) == [
        ("base@2025-04-01", "100.00"), ("[discount]off@2025-04-01", "-20.00"), ("[tax]vat@2025-04-01", "16.00"),
    ]  # fmt: skip
    last = invoice([rated(plan, acme(plan), 10)], LAST, issued=[first])
    assert told(last) == [
        ("calls@2025-04-01", "10.00"), ("[discount]off@2025-04-01", "-2.00"), ("[tax]vat@2025-04-01", "1.60"),
    ]  # fmt: skip
    gone = invoice([rated(plan, acme(plan, Cancel(at="2025-04-16")))], HALF, issued=[first])
    assert str(gone.amount) == "-48.00 USD"


def test_a_sum_moves_with_usage() -> None:
    """A sum falls on what is there; what later usage takes of it is charged back and given with the usage."""
    plan = offer(fee("30"), CALLS, discounts=[{"kind": "amount", "key": "ten", "amount": "10"}])
    first = invoice([rated(plan, acme(plan))], FIRST)
    assert told(first)[1] == ("[discount]ten@2025-04-01", "-10.00")
    now = invoice([rated(plan, acme(plan), 10)], HALF, issued=[first])
    assert told(now) == [("[discount]ten@2025-04-01", "2.50")]
    assert now.lines[0].shares == (("base@2025-04-01T00:00:00Z", now.lines[0].whole.amount),)
    last = invoice([rated(plan, acme(plan), 10)], LAST, issued=[first, now])
    assert told(last) == [("calls@2025-04-01", "10.00"), ("[discount]ten@2025-04-01", "-2.50")]


def test_interim() -> None:
    """Usage so far is invoiced with what falls on it; what waits again afterwards stays as it was invoiced."""
    support = fee("50", "support") | {"bill": "arrears"}
    floor = {"amount": "500"}
    plan = offer(fee("100"), CALLS, support, coupons=[HALF_OFF], taxes=[VAT], minimum=floor)
    first = invoice([rated(plan, acme(plan), 10)], HALF, interim=True)
    assert told(first) == [
        ("base@2025-04-01", "100.00"), ("calls@2025-04-01", "10.00"),
        ("[coupon]HALF@2025-04-01", "-55.00"), ("[tax]vat@2025-04-01", "11.00"),
    ]  # fmt: skip
    assert told(invoice([rated(plan, acme(plan), 14)], HALF, issued=[first])) == []
    second = invoice([rated(plan, acme(plan), 14)], HALF, issued=[first], interim=True)
    assert told(second) == [
        ("calls@2025-04-01", "4.00"), ("[coupon]HALF@2025-04-01", "-2.00"), ("[tax]vat@2025-04-01", "0.40"),
    ]  # fmt: skip
    whole = rated(plan, acme(plan), 14)
    last = invoice([whole], LAST, issued=[first, second])
    assert sum(each.amount.amount for each in (first, second, last)) == whole.due.amount
    assert [key for key, _ in told(last)] == [
        "support@2025-04-01", "[coupon]HALF@2025-04-01", "[minimum]@2025-04-01", "[tax]vat@2025-04-01",
    ]  # fmt: skip


def test_floor_is_due_where_the_service_ends() -> None:
    """Who leaves is invoiced the floor of the time until then at once."""
    plan = offer(CALLS, minimum={"amount": "60"})
    gone = rated(plan, acme(plan, Cancel(at="2025-04-16")))
    assert told(invoice([gone], HALF)) == [("[minimum]@2025-04-01", "30.00")]


def test_old_invoices_load() -> None:
    """An invoice that was kept before lines had shares is read, and what it holds is subtracted."""
    plan = offer(fee("100"), coupons=[HALF_OFF])
    kept = invoice([rated(plan, acme(plan))], FIRST).to_json()
    for line in kept["lines"]:
        line.pop("shares", None)
    assert told(invoice([rated(plan, acme(plan))], LAST, issued=[Invoice.from_json(kept)])) == []
