"""Invoices pick what is due from statements: arrears of the past, advance of what begins, less what was invoiced."""

from __future__ import annotations

import json

import pytest

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices, rate
from ratecard.errors import MismatchError
from ratecard.plans import Cancel, Catalog, ChangePlan
from ratecard.rating import Invoice, Statement, invoice

FEE = Item(key="base", price=prices.Flat(amount="31"), bill="advance")
CALLS = Item(key="calls", meter="calls", price=prices.PerUnit(unit_price="1"))
SUPPORT = Item(key="support", price=prices.Flat(amount="10"))
PLAN = Plan.single("team", currency="USD", items=[FEE, CALLS, SUPPORT],
    meters=[Meter(key="calls", event="call", aggregate=meters.Count())])  # fmt: skip
PRO = PLAN.variant("pro", {"base": prices.Flat(amount="62")})
BOTH = Catalog(plans=[PLAN, PRO])
ACME = PLAN.subscribe("acme", start="2025-03-01")
MARCH, APRIL = Period.month(2025, 3), Period.month(2025, 4)
FIRST, UPGRADE, LAST = "2025-03-01T00:00:00Z", "2025-03-11T00:00:00Z", "2025-04-01T00:00:00Z"


def month(held: object = ACME, days: int = 0, period: Period = MARCH) -> Statement:
    """A statement with a call on each of so many first days."""
    calls = [UsageRecord("call", f"2025-03-{day + 1:02}T12:00:00Z", {}, id=str(day)) for day in range(days)]
    return rate(BOTH, held, calls, period)  # type: ignore[arg-type]


def told(found: Invoice) -> list[tuple[str, str]]:
    """Key and amount of each line."""
    return [(line.key.replace("T00:00:00Z", ""), str(line.amount)) for line in found.lines]


def test_advance_and_arrears() -> None:
    """At the turn of the month come the arrears of the one that is over and the advance of the one that begins."""
    first = invoice([month()], FIRST)
    assert told(first) == [("base@2025-03-01", "31.00 USD")]
    second = invoice([month(days=7), month(period=APRIL)], LAST, issued=[first])
    assert told(second) == [
        ("calls@2025-03-01", "7.00 USD"),
        ("support@2025-03-01", "10.00 USD"),
        ("base@2025-04-01", "31.00 USD"),
    ]
    assert str(second.amount) == "48.00 USD"


def test_nothing_twice() -> None:
    """What was invoiced is not invoiced again."""
    first = invoice([month()], FIRST)
    assert told(invoice([month()], UPGRADE, issued=[first])) == []


def test_upgrade_gives_back() -> None:
    """An upgrade gives back what was paid in advance for the rest of the old fee, and takes the rest of the new one."""
    first = invoice([month()], FIRST)
    pro = ACME.with_changes(ChangePlan(at="2025-03-11", plan="pro"))
    found = invoice([month(pro)], UPGRADE, issued=[first])
    assert told(found) == [("base@2025-03-01", "-21.00 USD"), ("base@2025-03-11", "42.00 USD")]
    assert str(found.lines[0]).endswith("-21.00 USD (10.00 USD less 31.00 USD invoiced before)")
    assert str(found).endswith("42.00 USD\ninvoiced: 21.00 USD")


def test_gone() -> None:
    """A line that is on its statement no longer is given back."""
    first = invoice([month()], FIRST)
    late = ACME.model_copy(update={"start": "2025-03-21"})
    found = invoice([month(late)], LAST, issued=[first])
    assert told(found)[:2] == [("base@2025-03-21", "11.00 USD"), ("support@2025-03-21", "3.55 USD")]
    assert told(found)[-1] == ("base@2025-03-01", "-31.00 USD")
    assert told(invoice([month(late), month(late, period=APRIL)], LAST, issued=[first, found])) == [
        ("base@2025-04-01", "31.00 USD")
    ]


def test_gone_from_another_period() -> None:
    """What was invoiced for periods whose statements are not given stays as it is."""
    first = invoice([month()], FIRST)
    assert told(invoice([month(period=APRIL)], LAST, issued=[first])) == [("base@2025-04-01", "31.00 USD")]


def test_interim() -> None:
    """An interim invoice takes usage so far and no fee in arrears; in the end all is invoiced once."""
    first = invoice([month(days=4)], UPGRADE, interim=True)
    assert told(first) == [("base@2025-03-01", "31.00 USD"), ("calls@2025-03-01", "4.00 USD")]
    assert told(invoice([month(days=6)], UPGRADE, issued=[first])) == []
    second = invoice([month(days=9)], UPGRADE, issued=[first], interim=True)
    assert told(second) == [("calls@2025-03-01", "5.00 USD")]
    last = invoice([month(days=9)], LAST, issued=[first, second])
    assert told(last) == [("support@2025-03-01", "10.00 USD")]


def test_cancelled() -> None:
    """After a cancellation the unused part of the advance is given back, and no other period begins."""
    first = invoice([month()], FIRST)
    gone = ACME.with_changes(Cancel(at="2025-03-11"))
    assert told(invoice([month(gone), month(gone, period=APRIL)], LAST, issued=[first])) == [
        ("base@2025-03-01", "-21.00 USD"), ("support@2025-03-01", "3.23 USD"),
    ]  # fmt: skip


def test_stored() -> None:
    """Invoices are kept as plain data."""
    first = invoice([month()], FIRST)
    again = Invoice.from_json(json.loads(json.dumps(first.to_json())))
    assert again == first and hash(again) == hash(first) and repr(again) == repr(first)
    assert again.lines[0] == first.lines[0] and hash(again.lines[0]) == hash(first.lines[0])
    assert repr(first.lines[0]) == "<InvoiceLine base@2025-03-01T00:00:00Z: 31.00 USD>"
    assert again != "invoice" and again.lines[0] != "line"
    with pytest.raises(MismatchError) as caught:
        Invoice.from_json({**first.to_json(), "invoice": 2})
    assert caught.value.code == "invoice.version"


def test_refused() -> None:
    """One invoice is of one customer and currency, each period once."""
    both = PLAN.with_card(RateCard(currency="EUR", items=[FEE]))
    bolt = month(ACME.model_copy(update={"customer": "bolt"}))
    euro = rate(both, ACME.model_copy(update={"currency": "EUR"}), [], APRIL)
    for statements, code in (
        ([], "invoice.customer"),
        ([month(), bolt], "invoice.customer"),
        ([month(), euro], "currency.mixed"),
        ([month(), month()], "invoice.twice"),
    ):
        with pytest.raises(MismatchError) as caught:
            invoice(statements, LAST)
        assert caught.value.code == code
