"""The checks between the parts of a plan: every reference, and what may not stand together."""

from __future__ import annotations

import pytest

from ratecard import meters, prices
from ratecard._problems import problems
from ratecard.meters import Meter
from ratecard.plans import CustomUnit, Item, Plan, RateCard
from tests.plans._tools import BASE, CALLS, FEE, RATE, card, faults


def test_all_references_at_once() -> None:
    """Every fault between parts is told at once, in the order of the document."""
    share = prices.PercentOf
    plan = {
        "key": "p",
        "meters": [CALLS, Meter(key="seats", event="seat", aggregate=meters.Count()), CALLS],
        "cards": [
            card(
                currency="USX",
                items=[
                    BASE,
                    Item(key="calls", meter="call", price=RATE),
                    Item(key="a", price=share(items=["b"], rate="0.1")),
                    BASE,
                    Item(key="b", price=share(items=["a", "bass"], rate="0.1")),
                    Item(key="c", price=share(items=["c"], rate="0.1")),
                    Item(key="d", price=share(items=["a"], rate="0.1")),
                ],
            ),
            card(),
            card(effective="2025-01-01"),
            card(effective="2025-01-01T00:00:00Z"),
        ],
        "units": [
            CustomUnit(key="credits", places=2),
            CustomUnit(key="EUR", places=2),
            CustomUnit(key="credits", places=0),
        ],
    }
    expected = [
        ("meters[2].key", "key.duplicate"),
        ("cards[0].currency", "currency.unknown"),
        ("cards[0].items[1].meter", "key.unknown"),
        ("cards[0].items[2].price", "item.cycle"),
        ("cards[0].items[3].key", "key.duplicate"),
        ("cards[0].items[4].price", "item.cycle"),
        ("cards[0].items[4].price", "key.unknown"),
        ("cards[0].items[5].price", "item.cycle"),
        ("cards[3]", "card.duplicate"),
        ("units[1].key", "currency.taken"),
        ("units[2].key", "key.duplicate"),
    ]
    assert faults(lambda: Plan(**plan)) == expected  # type: ignore[arg-type]


def test_near_names() -> None:
    """A reference to nothing names what is near, in the order of what is there."""
    with pytest.raises(ValueError) as caught:
        Plan.single("p", currency="USD", meters=[CALLS], items=[Item(key="x", meter="call", price=RATE)])
    (problem,) = problems(caught.value)
    assert problem.text == "the plan has no meter 'call'. Did you mean \"calls\"?"


def test_circle_of_three() -> None:
    """A circle is found at any length; what only leads into it or out of it is not blamed."""
    wants = {"a": ["b"], "b": ["c"], "c": ["a", "base"], "into": ["a"], "base": []}
    items = [
        Item(key=key, price=prices.PercentOf(items=each, rate="0.1") if each else FEE) for key, each in wants.items()
    ]
    found = faults(lambda: Plan.single("p", currency="USD", items=items))
    assert found == [(f"cards[0].items[{index}].price", "item.cycle") for index in (0, 1, 2)]


def test_share_of_a_share() -> None:
    """A share of a share is fine while nothing comes round to itself."""
    items = [
        Item(key="c", price=prices.PercentOf(items=["b"], rate="0.1")),
        Item(key="b", price=prices.PercentOf(items=["base"], rate="0.1")),
        BASE,
    ]
    assert len(Plan.single("p", currency="USD", items=items).cards[0].items) == 3


def test_card_with_a_date_out_of_bounds() -> None:
    """A card's date that is before all time in the plan's zone is told with its path."""
    cards = [card(), card(effective="0001-01-01")]
    assert len(Plan(key="p", cards=cards).cards) == 2
    assert faults(lambda: Plan(key="p", cards=cards, zone="Asia/Tokyo")) == [("cards[1].effective", "time.bounds")]


def test_cards_that_differ_in_one_thing() -> None:
    """Currency, cohort, date and reach each tell two cards apart; a bare date is midnight in the plan's zone."""
    cards = [
        card(),
        card(currency="EUR"),
        card(cohort="early"),
        card(effective="2025-01-01"),
        card(applies="new"),
        card(effective="2025-01-01T00:00:00Z"),
    ]
    assert len(Plan(key="p", cards=cards, zone="Europe/Stockholm").cards) == 6
    assert faults(lambda: Plan(key="p", cards=cards)) == [("cards[5]", "card.duplicate")]
    assert faults(lambda: Plan(key="p", cards=[card(), card(items=[])])) == [("cards[1]", "card.duplicate")]


def test_meters_may_be_unpriced_and_change() -> None:
    """A meter that no item prices is fine, and so is an item that has another meter on a later card."""
    other = Meter(key="other", event="other", aggregate=meters.Count())
    plan = Plan(
        key="p",
        meters=[CALLS, other],
        cards=[
            card(items=[Item(key="x", meter="calls", price=RATE)]),
            card(items=[Item(key="x", meter="other", price=RATE)], effective="2025-01-01"),
        ],
    )
    assert plan.cards[1].item("x").meter == "other"


def test_circle_over_two_cards() -> None:
    """Items that read each other in opposite directions on two cards are refused: one period may hold both cards."""
    share = [prices.PercentOf(items=[key], rate="0.1") for key in ("a", "b")]
    fee = prices.Flat(amount="10")
    with pytest.raises(ValueError, match=r"item\.cycle") as caught:
        Plan(
            key="p",
            cards=[
                RateCard(currency="USD", items=[Item(key="a", price=fee), Item(key="b", price=share[0])]),
                RateCard(
                    currency="USD",
                    effective="2025-02-01",
                    items=[Item(key="a", price=share[1]), Item(key="b", price=fee)],
                ),
            ],
        )
    assert [(each.path, each.code) for each in problems(caught.value)] == [
        ("cards[0].items[1].price", "item.cycle"),
        ("cards[1].items[0].price", "item.cycle"),
    ]
