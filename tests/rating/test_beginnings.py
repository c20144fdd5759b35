"""Statements of the period in which a subscription begins, and what is refused when it is rated."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ratecard import Cadence, Catalog, Item, Period, Plan, Subscription, prices, rate
from ratecard.errors import DefinitionError
from ratecard.plans import AddOn, Cancel, ChangeAnchor, ChangePlan, Free, Override, Phase

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


LATER = "2025-01-10T12:00:00Z"


@pytest.mark.parametrize(
    ("start", "end", "change"),
    [
        (LATER, None, Cancel(at="2025-01-05")),
        ("2025-01-10", None, Cancel(at="2025-01-09T23:00:00Z")),
        (LATER, None, Cancel(at="2025-01-10")),
        ("2025-01-01", LATER, Cancel(at="2025-01-11")),
    ],
)
def test_changes_outside_the_service(start: str, end: str | None, change: Cancel) -> None:
    """A change outside the service is refused once the zone is known, where one is a day and one an instant."""
    plan = Plan.single("p", currency="USD", items=[BASE])
    acme = plan.subscribe("acme", start=start, end=end).with_changes(change)
    assert refused(plan, acme) == [("changes[0].at", "change.outside")]


def refused(offer: Plan | Catalog, acme: Subscription) -> list[tuple[str, str]]:
    """Path and code of what is refused when January is rated."""
    with pytest.raises(DefinitionError) as caught:
        rate(offer, acme, [], JAN)
    return [(each.path, each.code) for each in caught.value.problems]


@pytest.mark.parametrize("cadence", [Cadence.calendar("month"), Cadence.monthly(anchor="2025-01-01")])
def test_another_anchor_that_nothing_follows(cadence: Cadence) -> None:
    """Where every cadence has an anchor, another one is refused; where one thing follows it, it acts."""
    plan = Plan.single("p", currency="USD", items=[BASE], cadence=cadence)
    change = ChangeAnchor(at="2025-01-10", anchor="2025-01-15")
    acme = plan.subscribe("acme", start="2025-01-01").with_changes(change)
    assert refused(plan, acme) == [("changes[0].anchor", "change.nothing")]
    own = BASE.model_copy(update={"key": "own", "cadence": Cadence.monthly()})
    for name, parts in (
        ("addons", [AddOn(key="own", start="2025-01-01", items=[own])]),
        ("overrides", [Override(items=[own])]),
        ("phases", [Phase(key="own", items=[own])]),
    ):
        assert rate(plan, acme.model_copy(update={name: parts}), [], JAN).lines_of("own")
    plan = Plan.single("p", currency="USD", items=[BASE], cadence=cadence, phases=[Phase(key="own", items=[own])])
    assert rate(plan, acme, [], JAN).lines_of("own")


def test_free_usage_of_a_fee() -> None:
    """A trial by amount for a fee would leave it owed in silence, so it is refused, in a plan and beside it."""
    phase = Phase(key="start", every=1, free=[Free(amount="10", items=["base"])])
    with pytest.raises(ValidationError, match="is a fee"):
        Plan.single("p", currency="USD", items=[BASE], phases=[phase])
    plan = Plan.single("p", currency="USD", items=[BASE])
    acme = plan.subscribe("acme", start="2025-01-01").model_copy(update={"phases": [phase]})
    assert refused(plan, acme) == [("phases[0].free[0].items", "free.items")]


def test_override_of_an_item_of_another_plan() -> None:
    """An override for a plan names items of that plan; where it is for all, of any of them."""
    first = Plan.single("a", currency="USD", items=[BASE.model_copy(update={"key": "oa"})])
    offer = Catalog(plans=[first, Plan.single("b", currency="USD", items=[BASE])])
    acme = first.subscribe("acme", start="2025-01-01").with_changes(ChangePlan(at="2025-01-17", plan="b"))
    deal = Override(prices={"oa": prices.Flat(amount="1")}, plan="b")
    assert refused(offer, acme.model_copy(update={"overrides": [deal]})) == [("overrides[0].prices", "key.unknown")]
    both = acme.model_copy(update={"overrides": [deal.model_copy(update={"plan": None})]})
    assert rate(offer, both, [], JAN).lines_of("oa")


def test_what_an_override_leaves_unfit() -> None:
    """Items that no longer fit each other are told with what altered them, and a path that can be read."""
    share = Item(key="sup", price=prices.PercentOf(items=["base"], rate="0.1"))
    plan = Plan.single("p", currency="USD", items=[BASE, share])
    acme = plan.subscribe("acme", start="2025-01-01")
    less = acme.model_copy(update={"overrides": [Override(without=["base"])]})
    with pytest.raises(DefinitionError, match=r"under overrides\[0\] has 1 problem") as caught:
        rate(plan, less, [], JAN)
    assert caught.value.problems[0].path.startswith("items[0].price")
    with pytest.raises(DefinitionError, match="under the phase 'start' has 1 problem"):
        rate(plan, acme.model_copy(update={"phases": [Phase(key="start", without=["base"])]}), [], JAN)
