"""The stages together: in each vendor's order, where a trial is or a plan ends, and on statements that were stored."""

from __future__ import annotations

import json

import pytest

from ratecard.errors import MismatchError
from ratecard.plans import Cancel, Order, Plan, resolve
from ratecard.plans._order import Preset
from ratecard.rating import Statement, charge, invoice, measure, rate, settle
from tests.rating._bill import JANUARY, METER, amt, bill, fee, lines, pct, post, pre, use


@pytest.mark.parametrize(
    ("preset", "mixed", "floor", "paid"),
    [
        ("default", "65.00", "90.00", "0.00"),
        ("stripe", "67.50", "90.00", "0.00"),
        ("orb", "67.50", "90.00", "0.00"),
        ("metronome", "65.00", "90.00", "0.00"),
        ("zuora", "65.00", "80.00", "8.00"),
        ("lago", "67.50", "90.00", "8.00"),
        ("openmeter", "65.00", "90.00", "0.00"),
    ],
)
def test_presets_differ(preset: Preset, mixed: str, floor: str, paid: str) -> None:
    """
    The same terms under each vendor: a sum and a percentage; a percentage and an item's floor; prepaid and tax.

    Orb takes the sum first, those with one list take it as listed, the rest the percentage; Zuora clamps a charge
    before it is discounted; at Zuora and Lago what was paid before leaves the tax as it is.
    """
    order = Order.preset(preset).model_dump()
    first = bill([fee("a", "100", discounts=[amt("25"), pct("0.1")])], order=order)
    second = bill([fee("a", "100", discounts=[pct("0.2")], minimum={"amount": "90"})], order=order)
    third = bill([fee("a", "100")], commitments=[pre("c", "100")], taxes=[{"key": "t", "rate": "0.08"}], order=order)
    assert [str(each.due).partition(" ")[0] for each in (first, second, third)] == [mixed, floor, paid]


@pytest.mark.parametrize(("preset", "expected"), [("default", "80.00"), ("lago", "60.00")])
def test_presets_differ_over_floors(preset: Preset, expected: str) -> None:
    """Lago tops up to the commitment before coupons, so a coupon goes below it; elsewhere the floor reads the rest."""
    found = bill(
        [fee("a", "50")],
        commitments=[post("c", "80")],
        discounts=[amt("20", "d")],
        order=Order.preset(preset).model_dump(),
    )
    assert str(found.due).partition(" ")[0] == expected


@pytest.mark.parametrize(("preset", "expected"), [("default", "50.00"), ("orb", "40.00")])
def test_presets_differ_over_bounds(preset: Preset, expected: str) -> None:
    """Where two cards leave a floor above the ceiling, ours lets the floor hold and Orb's the ceiling."""
    order = Order.preset(preset).model_dump()
    both = [
        fee(
            "a",
            "10",
            minimum={"amount": "50", "prorate": False},
            maximum={"amount": "80", "prorate": True},
            prorate="second",
        )
    ]
    found = bill(both, order=order, sub={"start": "2025-01-16T12:00:00Z"})
    assert str(found.due).partition(" ")[0] == expected


def test_cancelled() -> None:
    """A floor ends where the subscription is cancelled, and has the share of the time until then."""
    plan = Plan.load({"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": [use()]}],
                      "minimum": {"amount": "31"}})  # fmt: skip
    acme = plan.subscribe("acme", start="2025-01-01").with_changes(Cancel(at="2025-01-11"))
    assert lines(rate(plan, acme, [], JANUARY))[-1] == ("minimum", "", "10.00")


def test_trials() -> None:
    """In a trial an item owes nothing, so it has no floor either."""
    trial = [{"key": "trial", "trial": True, "every": 1, "unit": "month"}]
    found = bill([fee("a", "10", minimum={"amount": "20"}, discounts=[amt("1")])], phases=trial)
    assert lines(found) == [("fee", "a", "0.00")]


def test_invoiced() -> None:
    """An invoice adds up what is due, and tax that amounts hold is no amount of its own."""
    on_top = bill([fee("a", "100")], taxes=[{"key": "t", "rate": "0.2"}])
    held = bill([fee("a", "120")], taxes=[{"key": "t", "rate": "0.2", "included": True}])
    assert [str(invoice([each], JANUARY.end).amount) for each in (on_top, held)] == ["120.00 USD", "120.00 USD"]


def test_settled_twice() -> None:
    """Settling the same charges again gives the same statement."""
    told = {"key": "p", "cards": [{"currency": "USD", "items": [fee("a", "10")]}], "minimum": {"amount": "20"}}
    plan = Plan.load(told)
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY)
    charges = charge(terms, measure(terms, []))
    assert settle(charges) == settle(charges)
    assert str(settle(charges).due) == "20.00 USD"


def test_tampered_shares_show() -> None:
    """Shares that don't add up, or fall on a line that is not there, make `verify` false."""
    told = json.loads(bill([fee("a", "100")], discounts=[pct("0.1", "d")]).dumps())
    told["lines"][1]["shares"][0][1] = "-9"
    assert Statement.from_json(told).verify() is False
    told["lines"][1]["shares"][0] = ["b", "-10"]
    assert Statement.from_json(told).verify() is False


def test_old_lines_load() -> None:
    """A stored line without a kind is a line of usage, as all were."""
    told = json.loads(bill([use()], "5").dumps())
    del told["lines"][0]["kind"]
    assert Statement.from_json(told).line("use").kind == "usage"
    for name, wrong in (("kind", "gift"), ("name", 4)):
        touched = {**told, "lines": [{**told["lines"][0], name: wrong}]}
        with pytest.raises(MismatchError) as caught:
            Statement.from_json(touched)
        assert caught.value.code == "statement.form"
