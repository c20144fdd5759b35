"""
Whether discounts, floors, ceilings, commitments, taxes and coupons fit the plan they stand on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from .._numbers import ZERO, add
from ..errors import Problem
from ..prices import Credit
from ._card import RateCard, repeats
from ._extras import (
    AmountDiscount,
    AnyDiscount,
    Commitment,
    ItemDiscount,
    PercentDiscount,
    Postpaid,
    UsageDiscount,
)
from ._guarded import soft_caps
from ._lookup import unknown
from ._phases import fee_problems
from ._sums import sum_in, sums_problems

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["card_extra_problems", "extra_problems"]


def card_extra_problems(path: str, card: RateCard) -> Iterator[Problem]:
    """What is wrong with the amounts on the items of a card."""
    for index, item in enumerate(card.items):
        place = f"{path}.items[{index}]"
        for number, discount in enumerate(item.discounts):
            yield from _discount_sums(f"{place}.discounts[{number}]", discount, [card.currency])
        for name, bound in (("minimum", item.minimum), ("maximum", item.maximum)):
            if bound is not None:
                yield from sums_problems(f"{place}.{name}.amount", bound.amount, [card.currency])
        low = None if item.minimum is None else sum_in(item.minimum.amount, card.currency)
        high = None if item.maximum is None else sum_in(item.maximum.amount, card.currency)
        if low is not None and high is not None and low > high:
            yield _above(f"{place}.minimum", "the item's")


def extra_problems(plan: Plan) -> Iterator[Problem]:
    """Everything wrong with the terms of a plan that act across its lines."""
    keys = list(dict.fromkeys(item.key for card in plan.cards for item in card.items))
    every = plan.currencies
    for index, discount in enumerate(plan.discounts):
        path = f"discounts[{index}]"
        if not discount.key:
            yield Problem(f"{path}.key", "discount.key", "a discount of a plan has a line of its own; give it a key")
        yield from _discount_sums(path, discount, every)
        yield from _scope(path, discount.items, keys)
    yield from repeats("discounts", tuple(each.key for each in plan.discounts if each.key), field=".key")
    for index, coupon in enumerate(plan.coupons):
        path = f"coupons[{index}]"
        yield from _discount_sums(f"{path}.discount", coupon.discount, every, some=True)
        yield from _scope(f"{path}.discount", coupon.discount.items, keys)
        if coupon.minimum_spend is not None:
            yield from sums_problems(f"{path}.minimum_spend", coupon.minimum_spend, every, some=True)
    yield from repeats("coupons", tuple(each.key for each in plan.coupons), field=".key")
    for name, bound in (("minimum", plan.minimum), ("maximum", plan.maximum)):
        if bound is not None:
            yield from sums_problems(f"{name}.amount", bound.amount, every)
    if plan.minimum is not None and plan.minimum.per != "item":
        yield Problem("minimum.per", "minimum.per", "a plan has no groups; leave per out, or put the floor on an item")
    promises: Sequence[Commitment] = plan.commitments
    for index, commitment in enumerate(promises):
        path = f"commitments[{index}]"
        yield from sums_problems(f"{path}.amount", commitment.amount, every)
        yield from _scope(path, commitment.items, keys)
    yield from repeats("commitments", tuple(each.key for each in plan.commitments), field=".key")
    for index, tax in enumerate(plan.taxes):
        yield from _scope(f"taxes[{index}]", tax.items, keys)
        if tax.included != plan.taxes[0].included:
            words = "the taxes of a plan are all included in its amounts or all on top; write two plans"
            yield Problem(f"taxes[{index}].included", "tax.mixed", words)
    yield from repeats("taxes", tuple(each.key for each in plan.taxes), field=".key")
    yield from _free(plan)
    yield from _floors(plan)
    yield from _rounding(plan)
    yield from _stages(plan)


def _free(plan: Plan) -> Iterator[Problem]:
    """What is free in the phases."""
    items = [item for card in plan.cards for item in card.items]
    items += [item for phase in plan.phases for item in phase.items]
    have, used = [item.key for item in items], [item.key for item in items if item.meter is not None]
    for index, phase in enumerate(plan.phases):
        for number, free in enumerate(phase.free):
            path = f"phases[{index}].free[{number}]"
            yield from _scope(path, free.items, have)
            yield from fee_problems(path, free.items, have, used)
            if free.amount is not None:
                yield from sums_problems(f"{path}.amount", free.amount, plan.currencies)


def _discount_sums(
    path: str, discount: ItemDiscount | AnyDiscount, currencies: Sequence[str], *, some: bool = False
) -> Iterator[Problem]:
    if isinstance(discount, AmountDiscount):
        yield from sums_problems(f"{path}.amount", discount.amount, currencies, some=some)
    if isinstance(discount, PercentDiscount) and discount.maximum is not None:
        yield from sums_problems(f"{path}.maximum", discount.maximum, currencies, some=some)


def _scope(path: str, items: Sequence[str], keys: list[str]) -> Iterator[Problem]:
    for index, key in enumerate(items):
        if key not in keys:
            yield Problem(f"{path}.items[{index}]", "key.unknown", unknown(key, keys, what="item", owner="the plan"))
    yield from repeats(f"{path}.items", tuple(items))


def _above(path: str, whose: str) -> Problem:
    return Problem(
        path, "floor.maximum", f"this floor lies above {whose} maximum, so one of them cannot hold; change one"
    )


def _floors(plan: Plan) -> Iterator[Problem]:
    """Floors above the plan's ceiling; those with a rhythm of their own have no common measure with it."""
    for code in plan.currencies if plan.maximum is not None else ():
        assert plan.maximum is not None
        high = sum_in(plan.maximum.amount, code)
        if high is None:
            continue
        if plan.minimum is not None and (sum_in(plan.minimum.amount, code) or ZERO) > high:
            yield _above("minimum", "the plan's")
        promised: Decimal = ZERO
        promises: Sequence[Commitment] = plan.commitments
        for index, each in enumerate(promises):
            amount = sum_in(each.amount, code) or ZERO
            if isinstance(each, Postpaid) and each.true_up and each.cadence in (None, plan.cadence):
                # Each is filled by charges of its own, so together they are one floor.
                promised = _plus(promised, amount)
                if promised > high:
                    yield _above(f"commitments[{index}]", "the plan's")
        for index, card in enumerate(plan.cards):
            for number, item in enumerate(card.items):
                held = None if item.minimum is None or card.currency != code else sum_in(item.minimum.amount, code)
                if held is not None and held > high and item.cadence in (None, plan.cadence):
                    yield _above(f"cards[{index}].items[{number}].minimum", "the plan's")


def _plus(a: Decimal, b: Decimal) -> Decimal:
    found = add(a, b)
    assert isinstance(found, Decimal)
    return found


def _rounding(plan: Plan) -> Iterator[Problem]:
    if plan.rounding_at != "statement":
        return
    for name, held in (
        ("discounts", plan.discounts), ("coupons", plan.coupons), ("maximum", plan.maximum), ("taxes", plan.taxes),
        ("phases", any(phase.free for phase in plan.phases)),
    ):  # fmt: skip
        if held:
            words = f"{name} are shared among rounded lines, so the lines are rounded first; leave rounding_at out"
            yield Problem("rounding_at", "rounding.statement", words)


def _fills(commitment: Commitment) -> bool:
    """Whether the stage of floors has something to do for a commitment: a true-up, or what goes beyond it."""
    return commitment.kind == "postpaid" or commitment.overage != 1


def _stages(plan: Plan) -> Iterator[Problem]:
    """Terms that the plan states and its order leaves out: they would be left undone in silence."""
    offs = [discount for card in plan.cards for item in card.items for discount in item.discounts]
    across = [*plan.discounts, *(coupon.discount for coupon in plan.coupons)]
    items = [item for card in plan.cards for item in card.items]
    wanted = (
        ("items", "usage_discounts", any(isinstance(each, UsageDiscount) for each in offs)),
        ("items", "percent_discounts", any(each.kind in ("percent", "tiered") for each in offs)),
        ("items", "amount_discounts", any(each.kind == "amount" for each in offs)),
        ("items", "maximum", any(item.maximum for item in items)),
        ("items", "minimum", any(item.minimum for item in items)),
        ("items", "unit_credits", any(isinstance(item.price, Credit) for item in items)),
        ("statement", "percent_discounts", any(each.kind in ("percent", "tiered") for each in across)),
        ("statement", "amount_discounts", any(each.kind == "amount" for each in across)),
        ("statement", "maximum", plan.maximum is not None or bool(soft_caps(plan))),
        ("statement", "minimum", plan.minimum is not None or any(_fills(each) for each in plan.commitments)),
        ("statement", "prepaid", any(each.kind == "prepaid" for each in plan.commitments)),
        ("statement", "tax", bool(plan.taxes)),
        ("statement", "credits", any(each.currency in (None, *plan.currencies) for each in plan.grants)),
    )
    for side, stage, used in wanted:
        have = plan.order.items if side == "items" else plan.order.statement
        together = "discounts" in have and stage in ("percent_discounts", "amount_discounts")
        if used and stage not in have and not together:
            words = f"the plan states what the stage {stage} works on, and its order has no such stage; add it"
            yield Problem(f"order.{side}", "order.stage", words)
