"""
Which prices, meters and items of outcomes belong together.
"""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import Item, Meter, Plan, meters, prices, problems, rate
from ratecard.errors import DefinitionError
from ratecard.plans import (
    Override,
)
from tests.rating._wins import DEFINITION, JAN, item, plan


def test_price_and_meter_are_checked_when_they_come_by_an_override() -> None:
    """A negotiated price that does not fit its meter is refused like one on a card."""
    by_value = prices.Outcome(definition=DEFINITION, rate="0.1")
    for price, path, code in (
        (prices.PerUnit(unit_price="1"), "items[0].price", "outcome.meter"),
        (by_value, "items[0].price.rate", "outcome.reads"),
    ):
        held = plan()
        acme = held.subscribe("acme", start="2025-01-01")
        acme = acme.model_copy(update={"overrides": [Override(prices={"won": price})]})
        with pytest.raises(DefinitionError) as error:
            rate(held, acme, [], JAN)
        assert [(each.path, each.code) for each in error.value.problems] == [(path, code)]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"each": ["who"]}, "each"),
        ({"split": ["who"]}, "split"),
        ({"cadence": {"unit": "year"}}, "cadence"),
        ({"tiers": "restart"}, "tiers"),
        ({"round_quantity": "up"}, "round_quantity"),
        ({"discounts": [{"kind": "percent", "key": "ten", "rate": "0.1"}]}, "discounts"),
        ({"minimum": {"amount": "1"}}, "minimum"),
        ({"maximum": {"amount": "1"}}, "maximum"),
    ],
)
def test_what_an_item_of_outcomes_cannot_have(more: dict[str, Any], path: str) -> None:
    """Stages that a reversal could not give back as billed, and groups, are refused with what to do."""
    with pytest.raises(ValueError) as error:
        Item.model_validate({**item().model_dump(), **more})
    assert [(each.path, each.code) for each in problems(error.value)] == [(path, "outcome.item")]


def test_item_without_a_meter() -> None:
    """Outcomes come from records."""
    with pytest.raises(ValueError) as error:
        Item(key="won", price=prices.Outcome(definition=DEFINITION, fee="1"))
    assert [(each.path, each.code) for each in problems(error.value)] == [("meter", "outcome.meter")]


@pytest.mark.parametrize(
    ("price", "aggregate", "convert", "expected"),
    [
        ({"fee": "1"}, meters.Count(), None, ("cards[0].items[0].price", "outcome.meter")),
        (None, meters.Outcomes(subject="who"), None, ("cards[0].items[0].price", "outcome.meter")),
        ({"rate": "1"}, meters.Outcomes(subject="who"), None, ("cards[0].items[0].price.rate", "outcome.reads")),
        (
            {"fee": "1", "guarantees": [prices.Guarantee(below="1", credit="1")]}, meters.Outcomes(subject="who"), None,
            ("cards[0].items[0].price", "outcome.reads"),
        ),
        (
            {"fee": "1", "guarantees": [prices.Guarantee(of="level", below="1", credit="1")]},
            meters.Outcomes(subject="who"), None, ("cards[0].items[0].price.guarantees", "outcome.reads"),
        ),
        (
            {"fee": "1"}, meters.Outcomes(subject="who"), meters.Convert(divide=10),
            ("cards[0].items[0].price", "outcome.reads"),
        ),
    ],
)  # fmt: skip
def test_price_and_meter_belong_together(price: Any, aggregate: Any, convert: Any, expected: tuple[str, str]) -> None:
    """A price of outcomes needs a meter of outcomes that tells all it reads, and the other way round."""
    sold = prices.PerUnit(unit_price="1") if price is None else prices.Outcome(definition=DEFINITION, **price)
    with pytest.raises(ValueError) as error:
        Plan.single(
            "p", currency="USD", meters=[Meter(key="wins", event="case", aggregate=aggregate, convert=convert)],
            items=[Item(key="won", meter="wins", price=sold)],
        )  # fmt: skip
    assert [(each.path, each.code) for each in problems(error.value)] == [expected]
