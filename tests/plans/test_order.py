"""The order of operations: its default, what may be changed, and its reasons."""

from __future__ import annotations

from typing import get_args

import pytest

from ratecard._problems import problems
from ratecard.errors import UnknownKeyError
from ratecard.plans import Order
from ratecard.plans._order import PRESETS, ItemStage, Preset, StatementStage

ITEMS = [
    "convert", "round_quantity", "usage_discounts", "allowance", "price", "unit_credits", "percent_discounts",
    "amount_discounts", "maximum", "minimum", "round",
]  # fmt: skip
STATEMENT = [
    "percent_discounts", "amount_discounts", "maximum", "minimum", "subtotal", "prepaid", "tax", "total", "credits",
    "due",
]  # fmt: skip


def test_default() -> None:
    """The default order is written out here, so that it changes nowhere in silence."""
    assert Order.default() == Order() == Order(items=ITEMS, statement=STATEMENT)  # type: ignore[arg-type]
    assert [stage for stage in get_args(ItemStage) if stage != "discounts"] == ITEMS
    assert [stage for stage in get_args(StatementStage) if stage != "discounts"] == STATEMENT


def test_reasons() -> None:
    """Every stage has its reason in one sentence."""
    told = {Order.default().reason(stage) for stage in (*ITEMS, *STATEMENT)}
    assert len(told) == len({*ITEMS, *STATEMENT})
    assert all(each[0].isupper() and each.endswith(".") and each.count(".") == 1 for each in told)


def test_reason_of_an_unknown_stage() -> None:
    """A stage that an order does not have has no reason there."""
    with pytest.raises(UnknownKeyError, match='Did you mean "round"') as caught:
        Order.default().reason("rund")
    assert caught.value.code == "key.unknown"
    with pytest.raises(UnknownKeyError):
        Order(items=["price", "round"]).reason("convert")


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["convert", "round"], [("items", "order.price")]),
        ([], [("items", "order.price")]),
        (["price"], [("items", "order.round")]),
        (["round", "price"], [("items", "order.round")]),
        (["price", "round", "minimum"], [("items[2]", "order.round")]),
        (["price", "round", "round"], [("items[2]", "order.twice")]),
        (["price", "convert", "round"], [("items[1]", "order.side")]),
        (["maximum", "price", "round"], [("items[0]", "order.side")]),
        (["minimum", "price", "allowance", "round"], [("items[0]", "order.side"), ("items[2]", "order.side")]),
        (["price", "price", "round"], [("items[1]", "order.twice")]),
        (["price", "taxes", "round"], [("items[1]", "choice.unknown")]),
    ],
)
def test_item_stages(items: list[str], expected: list[tuple[str, str]]) -> None:
    """Price is there, quantities come before it, amounts after it, the rounding last, and nothing twice."""
    with pytest.raises(ValueError) as caught:
        Order(items=items)  # type: ignore[arg-type]
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (["subtotal", "total"], [("statement", "order.sums")]),
        (["total", "subtotal", "due"], [("statement", "order.sums")]),
        (["subtotal", "tax", "tax", "total", "due"], [("statement[2]", "order.twice")]),
        (["subtotal", "total", "due", "credits"], [("statement[3]", "order.due")]),
        (["tax", "subtotal", "total", "due"], [("statement[0]", "order.side")]),
        (["subtotal", "total", "prepaid", "due"], [("statement[2]", "order.side")]),
        (["subtotal", "minimum", "total", "due"], [("statement[1]", "order.side")]),
        (["discounts", "amount_discounts", "subtotal", "total", "due"], [("statement[1]", "order.twice")]),
    ],
)
def test_statement_stages(statement: list[str], expected: list[tuple[str, str]]) -> None:
    """The three sums are there in their order, due is last, and nothing stands twice."""
    with pytest.raises(ValueError) as caught:
        Order(statement=statement)  # type: ignore[arg-type]
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


def test_another_order() -> None:
    """Stages may be left out, and those that arithmetic leaves free may change places."""
    made = Order(
        items=["price", "minimum", "maximum", "round"],
        statement=["minimum", "subtotal", "tax", "prepaid", "total", "due"],
    )
    assert made.items == ("price", "minimum", "maximum", "round")
    assert made.statement == ("minimum", "subtotal", "tax", "prepaid", "total", "due")


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name: Preset) -> None:
    """Every preset is a sound order with all stages, and has a reason of one sentence for each of them."""
    made = Order.preset(name)
    for stages, every in ((made.items, ITEMS), (made.statement, STATEMENT)):
        kinds = {"percent_discounts", "amount_discounts"}
        assert set(stages) - {"discounts"} | kinds == set(every)
        told = [made.reason(stage, preset=name) for stage in stages]
        assert all(each[0].isupper() and each.endswith(".") for each in told)
    assert (made == Order.default()) == (name in ("default", "openmeter"))


def test_reason_of_a_preset() -> None:
    """Where a vendor has a reason of its own, it is told; else ours."""
    made = Order.preset("zuora")
    assert made.reason("prepaid", preset="zuora") == "At Zuora prepaid money does not lower the tax."
    assert made.reason("round", preset="zuora") == made.reason("round")


def test_unknown_preset() -> None:
    """A vendor that is not here is refused, with near names."""
    with pytest.raises(UnknownKeyError, match='Did you mean "stripe"') as caught:
        Order.preset("strype")  # type: ignore[arg-type]
    assert caught.value.code == "key.unknown"
