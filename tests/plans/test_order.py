"""The order of operations: its default, what may be changed, and its reasons."""

from __future__ import annotations

from typing import get_args

import pytest

from ratecard._problems import problems
from ratecard.errors import UnknownKeyError
from ratecard.plans import Order
from ratecard.plans._order import ItemStage, StatementStage

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
    assert (get_args(ItemStage), get_args(StatementStage)) == (tuple(ITEMS), tuple(STATEMENT))


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
    ],
)
def test_statement_stages(statement: list[str], expected: list[tuple[str, str]]) -> None:
    """The three sums are there in their order, due is last, and nothing stands twice."""
    with pytest.raises(ValueError) as caught:
        Order(statement=statement)  # type: ignore[arg-type]
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


def test_another_order() -> None:
    """Stages may be left out, and those that arithmetic leaves free may change places."""
    made = Order(items=["price", "minimum", "maximum", "round"], statement=["tax", "subtotal", "total", "due"])
    assert made.items == ("price", "minimum", "maximum", "round")
    assert made.statement == ("tax", "subtotal", "total", "due")
