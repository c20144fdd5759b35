"""Statements of the period in which a subscription begins."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import Catalog, Item, Period, Plan, prices, rate
from ratecard.plans import AddOn, ChangePlan

JAN = Period.month(2025, 1)
BASE = Item(key="base", price=prices.Flat(amount="31"))
VAT = {"taxes": [{"key": "v", "rate": "0.2"}]}
OFF = {"discounts": [{"kind": "amount", "key": "d", "amount": "22"}]}
FLOOR = {"minimum": {"amount": "62"}}
WHOLE = {"minimum": {"amount": "62", "prorate": False}}
CEILING = {"maximum": {"amount": "5"}}
PROMISE = {"commitments": [{"kind": "postpaid", "key": "c", "amount": "62"}]}
PAID = {"commitments": [{"kind": "prepaid", "key": "c", "amount": "62"}]}


def moved(first: dict[str, Any], then: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines across others of one who comes on 10 January and goes to the other plan on the 17th."""
    told = [Plan.single(key, currency="USD", items=[BASE]).dump() | more for key, more in (("a", first), ("b", then))]
    offer = Catalog(plans=[Plan.load(each) for each in told])
    acme = offer.get("a").subscribe("acme", start="2025-01-10").with_changes(ChangePlan(at="2025-01-17", plan="b"))
    found = rate(offer, acme, [], JAN)
    assert [str(line.rounded) for line in found.lines_by("fee")] == ["7.00", "15.00"]
    assert found.verify()
    return [(line.kind, str(line.rounded)) for line in found.lines if line.kind != "fee"]


@pytest.mark.parametrize(
    ("first", "then", "lines"),
    [
        (VAT, VAT, [("tax", "4.40")]),
        (VAT, {}, [("tax", "1.40")]),
        ({}, VAT, [("tax", "3.00")]),
        (OFF, OFF, [("discount", "-22.00")]),
        (OFF, {}, [("discount", "-7.00")]),
        ({}, OFF, [("discount", "-15.00")]),
        (FLOOR, FLOOR, [("minimum", "22.00")]),
        ({}, FLOOR, [("minimum", "8.00")]),
        ({}, WHOLE, [("minimum", "40.00")]),
        ({}, CEILING, [("maximum", "-17.00")]),
        (CEILING, {}, []),
        (PROMISE, PROMISE, [("commitment", "22.00")]),
        (PROMISE, {}, [("commitment", "7.00")]),
        ({}, PROMISE, [("commitment", "15.00")]),
        (PAID, PAID, [("prepaid", "-22.00")]),
        (PAID, {}, [("prepaid", "-7.00")]),
        ({}, PAID, [("prepaid", "-15.00")]),
    ],
)
def test_change_of_plan_in_the_first_period(
    first: dict[str, Any], then: dict[str, Any], lines: list[tuple[str, str]]
) -> None:
    """Who comes and changes plan in one billing period has the terms of both, each for its days: 7 and 15 of 31."""
    assert moved(first, then) == lines


@pytest.mark.parametrize(
    ("start", "asked", "due"),
    [
        ("2025-01-10T12:00:00Z", "2025-01-10", "2025-01-10T12:00:00+00:00"),
        ("2025-01-10T12:00:00Z", "2025-01-10T11:00:00Z", "2025-01-10T12:00:00+00:00"),
        ("2025-01-01", "2024-12-16", "2025-01-01T00:00:00+00:00"),
        ("2025-01-10", "2025-01-10", "2025-01-10T00:00:00+00:00"),
        ("2025-01-10", "2025-01-11", "2025-01-11T00:00:00+00:00"),
    ],
)
def test_once_before_the_service(start: str, asked: str, due: str) -> None:
    """A fee that is due once is due when the service begins, where it is dated before that; and only there."""
    plan = Plan.single("p", currency="USD", items=[BASE])
    fee = Item(key="setup", price=prices.Flat(amount="100"))
    addon = AddOn(key="setup", once=True, start=asked, items=[fee])
    acme = plan.subscribe("acme", start=start).model_copy(update={"addons": [addon]})
    january = rate(plan, acme, [], JAN)
    assert (january.line("setup").due.isoformat(), str(january.line("setup").rounded)) == (due, "100.00")
    for month in (Period.month(2024, 12), Period.month(2025, 2)):
        assert not rate(plan, acme, [], month).lines_of("setup")


def test_once_at_the_end_of_service() -> None:
    """A fee that is due once the service is over is never owed."""
    plan = Plan.single("p", currency="USD", items=[BASE])
    addon = AddOn(key="a", once=True, start="2025-01-20", items=[Item(key="a", price=prices.Flat(amount="100"))])
    gone = plan.subscribe("acme", start="2025-01-10", end="2025-01-20").model_copy(update={"addons": [addon]})
    assert not rate(plan, gone, [], JAN).lines_of("a")
