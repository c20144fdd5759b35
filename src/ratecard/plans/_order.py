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
    "discounts",
    "maximum",
    "minimum",
    "round",
]
"""A stage that each item passes on its own, with exact values."""

StatementStage: TypeAlias = Literal[
    "percent_discounts",
    "amount_discounts",
    "discounts",
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

Preset: TypeAlias = Literal["default", "stripe", "orb", "metronome", "zuora", "lago", "openmeter"]
"""Whose order of operations."""

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
_KINDS = ("percent_discounts", "amount_discounts")
# Where a stage of the statement may stand among the three sums: from after the one, up to before the other.
_SIDES = {
    **dict.fromkeys(("percent_discounts", "amount_discounts", "discounts", "maximum", "minimum"), ("", "subtotal")),
    "prepaid": ("subtotal", "total"),
    "tax": ("subtotal", "total"),
    "credits": ("subtotal", "due"),
}

_REASONS = {
    "convert": "Prices are stated in the unit that is sold, so what was metered becomes that unit first.",
    "round_quantity": "A quantity is rounded in the unit that is sold, and before anything is taken off it.",
    "usage_discounts": "What is given away in units never reaches the price.",
    "allowance": "Included units are taken before the first tier starts, so they do not use up its room.",
    "price": "All that changes the quantity comes before, all that changes the amount after.",
    "unit_credits": "Credits in units pay for priced usage, before money is taken off the rest.",
    "percent_discounts": "A percentage reads the amount before fixed sums are taken off, so it does not shrink them.",
    "amount_discounts": "A fixed sum comes off after the percentages, so it is worth what it says.",
    "discounts": "Percentages and fixed sums come off in the order in which they are listed.",
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

    @classmethod
    def preset(cls, name: Preset) -> Order:
        """
        The order in which a vendor does the same, so that one plan can be rated under each.

        Stages that the vendor does not have stand where they change nothing of the vendor's own.

        Raises:
            UnknownKeyError: `key.unknown`.

        >>> Order.preset("orb").statement[:2]
        ('amount_discounts', 'percent_discounts')
        """
        made = PRESETS.get(name)
        if made is None:
            told = unknown(name, list(PRESETS), what="preset", owner="the library")
            raise UnknownKeyError([Problem("", "key.unknown", told)], what="the order")
        return cls(items=made.items, statement=made.statement)

    def reason(self, stage: str, *, preset: Preset = "default") -> str:
        """
        Why a stage stands where it does, in one sentence.

        Args:
            stage: a stage of this order.
            preset: whose reason is wanted.

        Raises:
            UnknownKeyError: `key.unknown` when this order has no such stage.

        >>> Order.default().reason("round")
        'A line is rounded once, when nothing more can change it.'
        """
        stages: list[str] = [*self.items, *self.statement]
        if stage not in stages:
            told = unknown(stage, sorted(set(stages)), what="stage", owner="the order")
            raise UnknownKeyError([Problem("", "key.unknown", told)], what="the order")
        return PRESETS[preset].reasons.get(stage, _REASONS[stage])


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
    else:
        found += _wrong_sum(statement)
    return found


def _twice(path: str, stages: Sequence[str]) -> list[Problem]:
    found = [
        Problem(f"{path}[{index}]", "order.twice", f"{stage} stands here a second time; write it once")
        for index, stage in enumerate(stages)
        if stage in stages[:index]
    ]
    if "discounts" in stages:
        words = "the stage discounts takes off all kinds, so this would be done twice; leave one of them out"
        found += [
            Problem(f"{path}[{index}]", "order.twice", words) for index, stage in enumerate(stages) if stage in _KINDS
        ]
    return found


def _wrong_sum(statement: Sequence[str]) -> list[Problem]:
    """Stages that stand on the wrong side of a sum they belong to."""
    found: list[Problem] = []
    for index, stage in enumerate(statement):
        after, before = _SIDES.get(stage, ("", "due"))
        if (after and index < statement.index(after)) or index > statement.index(before):
            words = f"{stage} comes {f'after {after} and ' if after else ''}before {before}; move it"
            found.append(Problem(f"statement[{index}]", "order.side", words))
    return found


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


class _Preset:
    """A vendor's order: what its items and its statement walk through, and why where its reasons are its own."""

    __slots__ = ("items", "reasons", "statement")

    def __init__(self, after: Sequence[ItemStage], statement: Sequence[StatementStage], **reasons: str) -> None:
        self.items: tuple[ItemStage, ...] = (*ITEMS[:6], *after, "round")
        self.statement = tuple(statement)
        self.reasons = reasons


_LAST: tuple[StatementStage, ...] = ("subtotal", "prepaid", "tax", "total", "credits", "due")
_UNTAXED: tuple[StatementStage, ...] = ("subtotal", "prepaid", "credits", "tax", "total", "due")
_CLAMPED: tuple[ItemStage, ...] = ("maximum", "minimum", "percent_discounts", "amount_discounts")

PRESETS: dict[str, _Preset] = {
    "default": _Preset(ITEMS[6:-1], STATEMENT),
    "stripe": _Preset(
        ("discounts", "maximum", "minimum"),
        ("discounts", "maximum", "minimum", *_UNTAXED),
        discounts="Stripe takes discounts off in the order in which they are listed.",
        credits="Stripe applies billing credits when an invoice is finalised, before tax.",
    ),
    "orb": _Preset(
        ("amount_discounts", "percent_discounts", "minimum", "maximum"),
        ("amount_discounts", "percent_discounts", "minimum", "maximum", *_LAST),
        amount_discounts="Orb takes fixed sums off first.",
        percent_discounts="Orb takes percentages of what the fixed sums left.",
        minimum="Orb tops up to the minimum after all discounts.",
        maximum="Orb cuts at the maximum after the minimum, so the ceiling holds.",
        prepaid="Orb draws prepaid credits after the adjustments and before tax.",
    ),
    "metronome": _Preset(
        ITEMS[6:-1],
        ("percent_discounts", "amount_discounts", "maximum", "minimum", *_UNTAXED),
        minimum="Metronome trues a commit up at the end of its access period.",
        tax="Metronome leaves tax to the invoicing system behind it, so it comes after all credits.",
    ),
    "zuora": _Preset(
        _CLAMPED,
        (
            "percent_discounts",
            "amount_discounts",
            "maximum",
            "minimum",
            "subtotal",
            "tax",
            "prepaid",
            "total",
            "credits",
            "due",
        ),
        maximum="Zuora clamps a charge before it is discounted.",
        percent_discounts="Zuora takes percentages before fixed sums.",
        minimum="Zuora trues commitments up after discounts, and clamps a charge before them.",
        prepaid="At Zuora prepaid money does not lower the tax.",
    ),
    "lago": _Preset(
        ("discounts", "maximum", "minimum"),
        ("maximum", "minimum", "discounts", "subtotal", "tax", "prepaid", "total", "credits", "due"),
        minimum="Lago trues up to the minimum commitment before coupons, which it does not read.",
        discounts="Lago takes coupons off in the order in which they were applied.",
        prepaid="Lago's wallets pay after tax.",
    ),
    "openmeter": _Preset(
        ITEMS[6:-1],
        STATEMENT,
        usage_discounts="OpenMeter takes free units off the converted and rounded quantity.",
        maximum="OpenMeter's maximum reads the amount net of percentages.",
        minimum="OpenMeter tops up to the minimum after discounts.",
    ),
}
