"""
Which quantity the steps of a line say was priced.

Stages of an item put their steps on top of the price's own: a share of it, or a difference between it and what is taken
off. These are looked through; a difference between two prices, and a share by group, say nothing of the quantity.
"""

from __future__ import annotations

from .._numbers import Exact, exact, mul, sign, total
from ..steps import Input, Step

__all__ = ["SHRUNK", "priced"]

SHRUNK = "tiers shrunk to this piece's share of the period"
"""What is told of a price whose tiers were shrunk to a share of the time: it saw so much more than was used."""


def priced(price: Step) -> list[Exact]:
    """
    The quantities that a price can have had by its steps, where they tell; nothing where they do not.

    Raises:
        ValueError: two steps tell different quantities.
    """
    step = price
    while True:
        facts = dict(step.inputs)
        if step.rule == "scaled" and step.note == SHRUNK and list(facts) == ["factor"]:
            share = _number(facts["factor"])
            return [mul(quantity, share) for quantity in priced(step.parts[0])]
        if step.rule == "scaled" and list(facts) == ["factor"] and sign(_number(facts["factor"])) >= 0:
            # A percentage off, a share of the time, a trial: all of the same quantity.
            step = step.parts[0]
        elif step.rule == "difference" and not step.note and len(step.parts) == 2 and _taken_off(step.parts[1]):
            # A stage takes off without a word; a difference between two prices has a note that says so.
            step = step.parts[0]
        elif step.rule == "last" and len(step.parts) == 2 and step.parts[0].rule == "clamp":
            return _behind_units(step.parts[0], step.parts[1])
        elif step.rule == "last":
            return _in_credits(step)
        else:
            return _of(step)


def _of(price: Step) -> list[Exact]:
    """By the price's own step."""
    if price.rule in ("product", "package"):
        return [_number(value) for name, value in price.inputs if name == "quantity"]
    tiers = price.parts if price.rule == "sum" else (price,)
    if not tiers or any(tier.rule != "tier" for tier in tiers):
        return []
    units = [_number(dict(tier.inputs)["units"]) for tier in tiers]
    # Tiers share the quantity out; prices that are added up have each seen all of it.
    return [total(units), *(units[:1] if len(set(units)) == 1 else ())]


def _in_credits(price: Step) -> list[Exact]:
    """By a price in credits: what it asked for by its menu, less what they paid, after what was not paid before."""
    first = next(iter(price.parts), price)
    unpaid = first.parts[-1] if first.rule == "sum" and first.parts else first
    return priced(unpaid.parts[0]) if unpaid.rule == "difference" and unpaid.parts else []


def _behind_units(beyond: Step, price: Step) -> list[Exact]:
    """
    By a price that starts behind free units: all that was used, of which the price sees what is beyond them.

    Raises:
        ValueError: the price saw something else.
    """
    seen = priced(price)
    if seen and beyond.result not in seen:
        raise ValueError("what is priced is not what lies beyond the free units")
    (left,) = beyond.parts
    return [left.parts[0].result]


def _taken_off(step: Step) -> bool:
    """Whether it says how much a stage takes off: nothing but sums and shares of amounts are at the bottom of it."""
    if step.parts:
        return all(_taken_off(part) for part in step.parts)
    return step.rule == "given" or [name for name, _ in step.inputs] in (["base", "rate"], ["spend", "rate"])


def _number(value: Input) -> Exact:
    return exact(value) if isinstance(value, str) else value
