"""
The order of operations, as data.

An item walks the item stages with exact values and is rounded once, at their end. The statement stages then work on
rounded lines. A plan may name another order. It may not name other stages, nor move what arithmetic itself puts in its
place: quantities come before the price, amounts after it, and nothing comes after the sum that is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self, TypeAlias

from pydantic import model_validator

from .._model import Many, Model, default, refuse
from ..errors import Problem, UnknownKeyError
from ._lookup import unknown

__all__ = ["ItemStage", "Order", "StatementStage"]

ItemStage: TypeAlias = Literal[
    "convert",
    "round_quantity",
    "usage_discounts",
    "allowance",
    "price",
    "unit_credits",
    "percent_discounts",
    "amount_discounts",
    "maximum",
    "minimum",
    "round",
]
"""A stage that each item passes on its own, with exact values."""

StatementStage: TypeAlias = Literal[
    "percent_discounts",
    "amount_discounts",
    "maximum",
    "minimum",
    "subtotal",
    "prepaid",
    "tax",
    "total",
    "credits",
    "due",
]
"""A stage across all lines, once they are rounded."""

ITEMS: tuple[ItemStage, ...] = (
    "convert",
    "round_quantity",
    "usage_discounts",
    "allowance",
    "price",
    "unit_credits",
    "percent_discounts",
    "amount_discounts",
    "maximum",
    "minimum",
    "round",
)
STATEMENT: tuple[StatementStage, ...] = (
    "percent_discounts",
    "amount_discounts",
    "maximum",
    "minimum",
    "subtotal",
    "prepaid",
    "tax",
    "total",
    "credits",
    "due",
)
# What works on a quantity has nothing left to work on once there is an amount.
_ON_QUANTITY = ("convert", "round_quantity", "usage_discounts", "allowance")
_SUMS = ("subtotal", "total", "due")

_REASONS = {
    "convert": "Prices are stated in the unit that is sold, so what was metered becomes that unit first.",
    "round_quantity": "A quantity is rounded in the unit that is sold, and before anything is taken off it.",
    "usage_discounts": "What is given away in units never reaches the price.",
    "allowance": "Included units are taken before the first tier starts, so they do not use up its room.",
    "price": "All that changes the quantity comes before, all that changes the amount after.",
    "unit_credits": "Credits in units pay for priced usage, before money is taken off the rest.",
    "percent_discounts": "A percentage reads the amount before fixed sums are taken off, so it does not shrink them.",
    "amount_discounts": "A fixed sum comes off after the percentages, so it is worth what it says.",
    "maximum": "A ceiling reads what would be paid after discounts, and comes before the floor, so that a floor holds.",
    "minimum": "A floor reads what is left after discounts and the ceiling, and is tested once.",
    "round": "A line is rounded once, when nothing more can change it.",
    "subtotal": "The sum of the rounded lines, before anything that is not a price.",
    "prepaid": "A prepaid commitment was taxed when it was sold, so it draws before tax.",
    "tax": "A tax is computed once on the base of the statement, after all that changes the base.",
    "total": "The subtotal after prepaid draws, with tax.",
    "credits": "Money credits were not taxed when they were sold, so they pay after tax.",
    "due": "What is left to pay; nothing comes after it.",
}


class Order(Model, frozen=True):
    """
    The order in which a plan's operations happen: first for each item, then for the statement.

    Attributes:
        items: the stages of an item; a stage that is left out is not done.
        statement: the stages of a statement.

    >>> Order.default().items[4:6]
    ('price', 'unit_credits')
    """

    items: Many[ItemStage] = default(ITEMS)
    statement: Many[StatementStage] = default(STATEMENT)

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_problems(self.items, self.statement))
        return self

    @classmethod
    def default(cls) -> Order:
        """The order that holds where a plan names none."""
        return cls()

    def reason(self, stage: str) -> str:
        """
        Why a stage stands where it does in the default order, in one sentence.

        Raises:
            UnknownKeyError: `key.unknown` when this order has no such stage.

        >>> Order.default().reason("round")
        'A line is rounded once, when nothing more can change it.'
        """
        stages: list[str] = [*self.items, *self.statement]
        if stage not in stages:
            told = unknown(stage, sorted(set(stages)), what="stage", owner="the order")
            raise UnknownKeyError([Problem("", "key.unknown", told)], what="the order")
        return _REASONS[stage]


def _problems(items: Sequence[str], statement: Sequence[str]) -> list[Problem]:
    """Everything wrong with an order."""
    found = _twice("items", items) + _twice("statement", statement)
    if "price" not in items:
        found.append(Problem("items", "order.price", "an item has no amount without the stage price; add it"))
    elif "round" not in items or "price" in items[items.index("round") :]:
        found.append(Problem("items", "order.round", "a line is rounded after it is priced; put round last"))
    elif items[-1] != "round":
        at = len(items) - 1
        found.append(Problem(f"items[{at}]", "order.round", f"{items[at]} would undo the rounding; put round last"))
    found += _wrong_side(items)
    if tuple(stage for stage in statement if stage in _SUMS) != _SUMS:
        words = "a statement has its three sums in the order subtotal, total, due; write each once"
        found.append(Problem("statement", "order.sums", words))
    elif statement[-1] != "due":
        words = f"{statement[-1]} would change what is due after it is summed up; put due last"
        found.append(Problem(f"statement[{len(statement) - 1}]", "order.due", words))
    return found


def _twice(path: str, stages: Sequence[str]) -> list[Problem]:
    return [
        Problem(f"{path}[{index}]", "order.twice", f"{stage} stands here a second time; write it once")
        for index, stage in enumerate(stages)
        if stage in stages[:index]
    ]


def _wrong_side(items: Sequence[str]) -> list[Problem]:
    """Stages of quantities that come after the price, and stages of amounts that come before it."""
    if "price" not in items:
        return []
    at = items.index("price")
    found: list[Problem] = []
    for index, stage in enumerate(items):
        if index > at and stage in _ON_QUANTITY:
            found.append(
                Problem(f"items[{index}]", "order.side", f"{stage} works on the quantity; put it before price")
            )
        elif index < at and stage not in (*_ON_QUANTITY, "round"):
            found.append(Problem(f"items[{index}]", "order.side", f"{stage} works on the amount; put it after price"))
    return found
