"""
Which quantity the steps of a line say was priced.

Stages of an item put their steps on top of the price's own: a share of it, or a difference between it and what is taken
off. These are looked through; a difference between two prices, and a share by group, say nothing of the quantity. Nor
do prices for parts of the usage: of the greatest of some records, or of people who came, the parts do not add up.
"""

from __future__ import annotations

from .._numbers import ZERO, Exact, add, exact, mul, sign, total
from ..errors import NumberError
from ..steps import Input, Step

__all__ = ["SHRUNK", "priced"]

SHRUNK = "tiers shrunk to this piece's share of the period"
"""What is told of a price whose tiers were shrunk to a share of the time: it saw so much more than was used."""

_FIRST = "first "


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
    """By the price's own step. Parts of the usage that are priced each by itself need not add up to what was used."""
    if price.rule in ("product", "package"):
        return [_number(value) for name, value in price.inputs if name == "quantity"]
    if price.rule == "tier":
        return [_units(price)]
    if price.rule in ("greatest", "least"):
        return _each_of(price)
    if price.rule != "sum":
        return []
    if len(price.parts) == 2 and price.parts[0].note.startswith(_FIRST):
        return _in_turn(*price.parts)
    if not price.parts or not all(_is_tier(tier, number) for number, tier in enumerate(price.parts, 1)):
        return _each_of(price)
    units = [_units(tier) for tier in price.parts]
    # Tiers share the quantity out; prices that are added up have each seen all of it.
    return [total(units), *(units[:1] if len(set(units)) == 1 else ())]


def _is_tier(step: Step, number: int) -> bool:
    """Whether it is a tier of a table, by its number; a tier inside a part of the usage is named by that part first."""
    words = step.note.split(" ")
    return step.rule == "tier" and words[:2] == ["tier", str(number)] and len(words) in (2, 4)


def _units(tier: Step) -> Exact:
    return _number(dict(tier.inputs)["units"])


def _each_of(price: Step) -> list[Exact]:
    """By several prices of the same usage, which stand without a name; what has one may have seen a part of it."""
    if any(part.note and part.note != "fee" for part in price.parts):
        return []
    seen = [part for part in price.parts if not part.note and part.rule in ("product", "package", "sum")]
    return [quantity for part in seen for quantity in priced(part)]


def _in_turn(first: Step, then: Step) -> list[Exact]:
    """By a price for the first units and another for the rest, where both tell, and the first is full or the last."""
    if then.note.partition(",")[0] != "then":
        return []
    try:
        most = exact(first.note.removeprefix(_FIRST).partition(",")[0])
    except NumberError:
        # A window may be called so.
        return []
    rest = [ZERO] if then.note == "then, no usage" else priced(then)
    return [add(a, b) for a in priced(first) for b in rest if a == most or (a < most and not sign(b))]


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
