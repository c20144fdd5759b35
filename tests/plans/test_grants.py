"""Grants of a plan: when they come, to whom, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard.credits import Grant, Ledger, Policy
from ratecard.errors import DefinitionError, MismatchError
from ratecard.periods import Period
from ratecard.plans import (
    Cancel,
    Catalog,
    ChangeAnchor,
    ChangePlan,
    ChangeQuantity,
    Pause,
    Plan,
    Resume,
    Subscription,
    resolve,
    schema,
)
from ratecard.rating import rate

FEE = {"key": "fee", "price": {"model": "flat", "amount": "20"}}
RECURRING = {"kind": "recurring", "key": "w", "amount": "5"}


def plan(*grants: dict[str, Any], key: str = "p", currencies: tuple[str, ...] = ("USD",), **fields: Any) -> Plan:
    """A plan with a fee, and these grants."""
    cards = [{"currency": code, "items": [FEE]} for code in currencies]
    units = [{"key": "credits", "places": 0}]
    return Plan.load({"key": key, "cards": cards, "units": units, "grants": list(grants), **fields})


def coming(offer: Any, acme: Subscription, year: int, month: int) -> list[tuple[str, str]]:
    """The ids of the grants of a month, and when each comes."""
    terms = resolve(offer, acme, Period.month(year, month))
    return [(grant.id, f"{at:%m-%d}") for at, grant, _ in terms.grants]


def test_recurring_follows_the_subscription() -> None:
    """Without an anchor of its own it counts from the start of the subscription, in its zone."""
    acme = plan(RECURRING).subscribe("acme", start="2025-01-10", zone="Europe/Stockholm")
    assert coming(plan(RECURRING), acme, 2025, 1) == [("w/2025-01-09T23:00:00Z", "01-09")]
    assert coming(plan(RECURRING), acme, 2025, 2) == [("w/2025-02-09T23:00:00Z", "02-09")]
    assert coming(plan(RECURRING), acme, 2024, 12) == []


def test_first_of_a_calendar_comes_whole() -> None:
    """A rhythm in step with the calendar gives its first period at the start of service, from there on."""
    offer = plan({**RECURRING, "every": {"unit": "month", "anchor": "2000-01-01"}})
    acme = offer.subscribe("acme", start="2025-01-10")
    terms = resolve(offer, acme, Period.month(2025, 1))
    [(at, grant, unit)] = terms.grants
    assert (grant.id, grant.amount, str(unit)) == ("w/2025-01-10T00:00:00Z", 5, "USD")
    assert (at, grant.effective) == (acme.service_under(offer).start,) * 2
    assert f"{grant.expiry:%m-%d}" == "02-01"
    assert coming(offer, acme, 2025, 2) == [("w/2025-02-01T00:00:00Z", "02-01")]


def test_once_comes_at_the_start_or_its_day() -> None:
    """One grant comes when service starts, or on its own day after that; one that is over by then never comes."""
    grants = [
        {"kind": "grant", "id": "now", "amount": "1"},
        {"kind": "grant", "id": "later", "amount": "1", "effective": "2025-02-03"},
        {"kind": "grant", "id": "over", "amount": "1", "expiry": "2025-01-10"},
        {"kind": "grant", "id": "since", "amount": "1", "effective": "2024-01-01"},
    ]
    offer = plan(*grants)
    acme = offer.subscribe("acme", start="2025-01-10")
    assert coming(offer, acme, 2025, 1) == [("now", "01-10"), ("since", "01-10")]
    assert coming(offer, acme, 2025, 2) == [("later", "02-03")]


def test_pause_and_end() -> None:
    """Nothing comes every period while service is paused, or after its end; a change of seats gives nothing anew."""
    seats = {"key": "seats", "quantity": "seats", "price": {"model": "per_unit", "unit_price": "1"}}
    offer = plan(RECURRING, cards=[{"currency": "USD", "items": [seats]}])
    acme = offer.subscribe("acme", start="2025-01-10", end="2025-05-01", quantities={"seats": 1}).with_changes(
        Pause(at="2025-02-01"), Resume(at="2025-02-20"), ChangeQuantity(at="2025-03-15", quantities={"seats": 3})
    )
    found = [coming(offer, acme, 2025, month) for month in range(1, 7)]
    assert [len(each) for each in found] == [1, 0, 1, 1, 0, 0]


def test_change_of_plan() -> None:
    """Each plan grants while it is in force; the new one at once, for the rest of its period."""
    basic, pro = plan(RECURRING, key="basic"), plan({**RECURRING, "amount": "50"}, key="pro")
    offer = Catalog(plans=[basic, pro])
    acme = basic.subscribe("acme", start="2025-01-01").with_changes(ChangePlan(at="2025-01-20", plan="pro"))
    assert coming(offer, acme, 2025, 1) == [("w/2025-01-01T00:00:00Z", "01-01"), ("w/2025-01-20T00:00:00Z", "01-20")]
    assert coming(offer, acme, 2025, 2) == [("w/2025-02-01T00:00:00Z", "02-01")]


@pytest.mark.parametrize("change", [Cancel(at="2025-01-16"), ChangePlan(at="2025-02-01", plan="q"), None])
def test_long_after_the_end(change: Any) -> None:
    """Months after service on the plan ended, however it did, nothing comes and nothing may still pay."""
    offer = Catalog(plans=[plan(RECURRING), plan(key="q")])
    ends = {"end": "2025-01-16"} if change is None else {}
    acme = offer.get("p").subscribe("acme", start="2025-01-01", **ends).with_changes(*([change] if change else []))
    for month in range(2, 8):
        terms = resolve(offer, acme, Period.month(2025, month))
        assert (terms.grants, terms.granted_before) == ((), False)


def test_anchor_that_moves() -> None:
    """After a change of the anchor the grants follow the new one, and those before it are over in time."""
    acme = plan(RECURRING).subscribe("acme", start="2025-01-01")
    acme = acme.with_changes(ChangeAnchor(at="2025-02-15", anchor="2025-02-15"))
    months = [coming(plan(RECURRING), acme, 2025, month) for month in (1, 2, 3, 6)]
    assert [[day for _, day in each] for each in months] == [["01-01"], ["02-01", "02-15"], ["03-15"], ["06-15"]]


def test_change_that_never_comes() -> None:
    """A plan that was to begin when service is over grants nothing."""
    basic, pro = plan(RECURRING, key="basic"), plan({**RECURRING, "key": "x"}, key="pro")
    later = ChangePlan(at="2025-01-10", plan="pro", when="period_end")
    acme = basic.subscribe("acme", start="2025-01-01", end="2025-01-20").with_changes(later)
    offer = Catalog(plans=[basic, pro])
    assert [coming(offer, acme, 2025, month) for month in (1, 2)] == [[("w/2025-01-01T00:00:00Z", "01-01")], []]


def test_currencies() -> None:
    """A grant in another of the plan's currencies is for those who pay in that; units are for everybody."""
    grants = [{**RECURRING, "currency": code, "key": code} for code in ("USD", "EUR", "credits")]
    offer = plan(*grants, currencies=("USD", "EUR"))
    acme = offer.subscribe("acme", start="2025-01-01", currency="EUR")
    assert [str(unit) for _, _, unit in resolve(offer, acme, Period.month(2025, 1)).grants] == ["EUR", "credits"]


@pytest.mark.parametrize(
    ("fields", "month", "expected"),
    [
        ({}, 2, False),
        ({"lasts": 2}, 2, True),
        ({"lasts": None}, 3, True),
        ({"rollover": {}}, 2, True),
        ({"lasts": 2, "expiry": "2025-01-15"}, 3, False),
        ({"rollover": {"times": 1}, "expiry": "2025-01-15"}, 4, False),
    ],
)
def test_what_came_before(fields: dict[str, Any], month: int, expected: bool) -> None:
    """Terms know whether credits came before the period that may still pay in it, by themselves or rolled over."""
    offer = plan({**RECURRING, **fields})
    acme = offer.subscribe("acme", start="2025-01-01")
    assert resolve(offer, acme, Period.month(2025, month)).granted_before is expected


def test_once_before() -> None:
    """So do they for what is granted once."""
    grants = [{"kind": "grant", "id": "g", "amount": "1", "lasts": {"every": 40, "unit": "day"}}]
    acme = plan(*grants).subscribe("acme", start="2025-01-01")
    assert [resolve(plan(*grants), acme, Period.month(2025, month)).granted_before for month in (1, 2, 3)] == [
        False, True, False,
    ]  # fmt: skip
    for_ever = plan({"kind": "grant", "id": "g", "amount": "1"})
    assert resolve(for_ever, acme, Period.month(2026, 2)).granted_before


def test_customers_share_one_metering() -> None:
    """Lots that begin and end with the period change nothing about how usage is measured."""
    offer = plan(RECURRING)
    period = Period.month(2025, 2)
    first, second = (resolve(offer, offer.subscribe(who, start="2025-01-01"), period) for who in ("a", "b"))
    assert first.meters is second.meters


def test_terms_keep_the_ledger() -> None:
    """Terms with a ledger are not those without, and the plain ones stay as they were."""
    offer = plan(RECURRING)
    acme = offer.subscribe("acme", start="2025-01-01")
    ledger = Ledger().grant(Grant(id="g", amount=5, currency="USD"), at="2025-01-01T00:00:00Z")
    assert resolve(offer, acme, Period.month(2025, 1), ledger=ledger).ledger is ledger
    assert resolve(offer, acme, Period.month(2025, 1)).ledger is None
    with pytest.raises(MismatchError, match="give a Ledger"):
        resolve(offer, acme, Period.month(2025, 1), ledger=ledger.open())  # type: ignore[arg-type]


def problems(*grants: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    """What is wrong with a plan."""
    with pytest.raises(DefinitionError) as caught:
        plan(*grants, **fields)
    return [(each.path, each.code) for each in caught.value.problems]


def test_faults_of_grants() -> None:
    """Scopes that name nothing, units that nobody knows, and amounts finer than their unit are all told at once."""
    found = problems(
        {**RECURRING, "scope": {"items": ["fee", "fe"], "meters": ["m"]}},
        {**RECURRING, "key": "x", "currency": "EUR"},
        {**RECURRING, "key": "x", "currency": "credits", "amount": "0.5"},
        {**RECURRING, "key": "y", "currency": "credits", "places": 2, "cost": "3"},
    )
    assert found == [
        ("grants[0].scope.meters[0]", "key.unknown"),
        ("grants[0].scope.items[1]", "key.unknown"),
        ("grants[1].currency", "amount.currency"),
        ("grants[2].amount", "ledger.fine"),
        ("grants[2]", "key.duplicate"),
        ("grants[3].places", "currency.places"),
        ("grants[3].cost_currency", "grant.currency"),
    ]


def test_several_currencies_need_a_name() -> None:
    """Where a plan has cards in several currencies, nothing says which of them a bare grant is in."""
    assert problems(RECURRING, currencies=("USD", "EUR")) == [("grants[0].amount", "amount.currency")]


BOTH = {**RECURRING, "amount": {"USD": "10", "EUR": "9.5"}, "cost": {"USD": "5", "EUR": "1.9"}}


def test_an_amount_for_each_currency() -> None:
    """Each customer gets what the grant says in the currency of their subscription, and at its cost."""
    offer = plan(BOTH, currencies=("USD", "EUR"))
    assert Plan.load(offer.model_dump(mode="json")) == offer
    assert Plan.load(offer.model_dump(mode="json")).digest == offer.digest
    assert plan({**BOTH, "cost": None}, currencies=("USD", "EUR")).digest != offer.digest
    for code, due, basis in (("USD", "10.00", "0.5"), ("EUR", "10.50", "0.2")):
        acme = offer.subscribe("acme", start="2025-01-01", currency=code)
        bill = rate(offer, acme, [], Period.month(2025, 1))
        assert (str(bill.due.amount), str(bill.due.currency)) == (due, code)
        assert bill.ledger is not None
        (holding,) = bill.ledger.lots()
        assert (str(holding.lot.basis), str(holding.lot.cost_currency)) == (basis, code)


def test_units_may_cost_otherwise_in_each_currency() -> None:
    """Credits are as many for everybody; what was paid for them is in the customer's currency."""
    pack = {
        "kind": "grant",
        "id": "pack",
        "amount": "100",
        "currency": "credits",
        "unit_cost": {"USD": "2", "EUR": "1"},
    }
    offer = plan(pack, currencies=("USD", "EUR"))
    acme = offer.subscribe("acme", start="2025-01-01", currency="EUR")
    ((at, grant, unit),) = resolve(offer, acme, Period.month(2025, 1)).grants
    lot = Ledger().grant(grant, at=at, currency=unit).lot("pack").lot
    assert (str(lot.amount), str(lot.basis), str(lot.cost_currency)) == ("100", "1", "EUR")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"amount": {"USD": "1"}}, "amount"),
        ({"amount": {"USD": "1", "EUR": "1", "GBP": "1"}}, "amount"),
        ({"amount": "1", "currency": "credits", "cost": {"USD": "1"}}, "cost"),
        ({"amount": {"USD": "1", "EUR": "1"}, "unit_cost": {"EUR": "1"}}, "unit_cost"),
    ],
)
def test_amounts_for_the_currencies_of_the_plan(fields: dict[str, Any], path: str) -> None:
    """A table has an amount for each currency of the plan, and no other."""
    assert problems({**RECURRING, **fields}, currencies=("USD", "EUR")) == [(f"grants[0].{path}", "amount.currency")]


def test_order_without_the_stage() -> None:
    """Grants of money are refused where the order has no stage for them; grants of units are not."""
    order = {"statement": ["subtotal", "total", "due"]}
    assert problems(RECURRING, order=order) == [("order.statement", "order.stage")]
    assert plan({**RECURRING, "currency": "credits"}, order=order).grants[0].key == "w"


def test_prices_in_credits_fit_the_plan() -> None:
    """The unit is one of the plan's, the meter adds up, and the order has the stage."""
    price = {"model": "credit", "unit": "credit", "base": {"model": "per_unit", "unit_price": "1"}}
    item = {"key": "a", "meter": "m", "price": price}
    meter = {"key": "m", "event": "e", "aggregate": {"kind": "average", "of": "n"}}
    cards = [{"currency": "USD", "items": [item]}]
    order = {"items": ["price", "round"]}
    assert problems(cards=cards, meters=[meter], order=order) == [
        ("cards[0].items[0].price.unit", "key.unknown"),
        ("cards[0].items[0].meter", "credit.meter"),
        ("order.items", "order.stage"),
    ]
    fee = {"key": "a", "price": {**price, "unit": "credits"}}
    narrow = {**item, "price": fee["price"], "tiers": "prorate"}
    for wrong, code in ((fee, "item.meter"), (narrow, "item.tiers")):
        assert [each for _, each in problems(cards=[{"currency": "USD", "items": [wrong]}])] == [code]


def test_burn_by_name() -> None:
    """Plain data may name a preset; the plan holds the policy, and writes it in full."""
    found = plan(RECURRING, burn="lago")
    assert found.burn == Policy.preset("lago")
    assert Plan.load(found.dump()) == found
    assert problems(burn="laga") == [("burn", "choice.unknown")]
    with pytest.raises(DefinitionError, match="use one of default, stripe, orb, metronome, openmeter, lago"):
        plan(burn="laga")
    assert problems(burn=5) == [("burn", "model.type")]
    burn: Any = schema()["properties"]
    assert [sorted(each) for each in burn["burn"]["anyOf"]] == [["$ref"], ["enum"]]
