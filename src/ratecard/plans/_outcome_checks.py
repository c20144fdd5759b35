"""
Whether items that are paid by outcome fit together: price, meter, and what cannot stand beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Problem
from ..meters import Meter, Outcomes
from ..prices import Outcome

if TYPE_CHECKING:
    from ._card import Item

__all__ = ["outcome_problems", "read_problems"]


def outcome_problems(item: Item) -> list[Problem]:
    """What an item with a price of outcomes cannot have beside it."""
    if not isinstance(item.price, Outcome):
        return []
    grouped = "outcomes are counted together; give each kind of outcome an item and a meter of its own"
    own = "an outcome is billed when it becomes billable; leave the cadence to the plan"
    tiers = "outcomes go on counting over a change of price; leave tiers out"
    whole = "outcomes are whole; leave the rounding of quantities out"
    off = "a reversal gives back what was billed, so the price says all; lower the fee, or take it off the plan"
    floor = "no result, no fee; leave it out"
    most = "a reversal gives back what was billed, so the price says all; write maximum in the price"
    held = (
        ("each", item.each, grouped),
        ("split", item.split, grouped),
        ("cadence", item.cadence, own),
        ("tiers", item.tiers != "continue", tiers),
        ("round_quantity", item.round_quantity, whole),
        ("discounts", item.discounts, off),
        ("minimum", item.minimum, floor),
        ("maximum", item.maximum, most),
    )
    found = [Problem(name, "outcome.item", words) for name, value, words in held if value]
    if item.meter is None:
        words = "outcomes come from records; name a meter that aggregates them"
        found.append(Problem("meter", "outcome.meter", words))
    return found


def read_problems(place: str, price: Outcome, rules: Outcomes, meter: Meter) -> list[Problem]:
    """What a price of outcomes reads and their meter does not tell."""
    found: list[Problem] = []
    if price.rate is not None and rules.worth is None:
        words = f"it is a share of a value, and {meter.key!r} reads none; name the property in worth there"
        found.append(Problem(f"{place}.rate", "outcome.reads", words))
    if price.reads_success and not (rules.failed or rules.reverse):
        words = f"it reads the success rate, and nothing fails in {meter.key!r}; say in failed there what does"
        found.append(Problem(place, "outcome.reads", words))
    if price.reads_level and not rules.kept:
        words = f"it reads the service level, and {meter.key!r} has none; say in kept there what keeps it"
        found.append(Problem(f"{place}.guarantees", "outcome.reads", words))
    if meter.convert is not None:
        words = f"outcomes are counted as they are; leave convert out of {meter.key!r}"
        found.append(Problem(place, "outcome.reads", words))
    return found
