"""
What is different between two plans, in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .._model import Model, show_day
from ._card import Item, RateCard
from ._plain import differences, dump

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["item_differences", "plan_differences"]


def plan_differences(old: Plan, new: Plan) -> tuple[str, ...]:
    """A sentence for each field, meter, card and item that differs."""
    first, second = dump(old), dump(new)
    for told in (first, second):
        told.pop("meters", None)
        told.pop("cards")
    found = differences(first, second)
    meters = ({each.key: each for each in old.meters}, {each.key: each for each in new.meters})
    found += _parts("meter", *meters)
    before, after = _cards(old.cards), _cards(new.cards)
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            found.append(f"{name} removed")
        elif name not in before:
            found.append(f"{name} added")
        else:
            found += [f"{name}: {each}" for each in item_differences(before[name].items, after[name].items)]
    return tuple(found)


def _cards(cards: Sequence[RateCard]) -> dict[str, RateCard]:
    """Each card under the words that tell it from all others of its plan."""
    named: dict[str, RateCard] = {}
    for card in cards:
        words = f"card {card.currency}"
        words += f" from {show_day(card.effective)}" if card.effective else ""
        words += f" for cohort {card.cohort!r}" if card.cohort else ""
        words += " for new subscriptions" if card.applies == "new" else ""
        named[words] = card
    return named


def item_differences(old: Sequence[Item], new: Sequence[Item]) -> tuple[str, ...]:
    """A sentence for each field and item that differs."""
    return tuple(_parts("item", {each.key: each for each in old}, {each.key: each for each in new}))


def _parts(what: str, old: Mapping[str, Model], new: Mapping[str, Model]) -> list[str]:
    found: list[str] = []
    for key in [*old, *(key for key in new if key not in old)]:
        if key not in new:
            found.append(f"{what} {key!r} removed")
        elif key not in old:
            found.append(f"{what} {key!r} added")
        else:
            found += [f"{what} {key!r}: {each}" for each in differences(dump(old[key]), dump(new[key]))]
    return found
