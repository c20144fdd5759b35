"""
What one customer has other than its plan says: negotiated prices, items left out, items of its own; and add-ons.

An alteration is data on a base plan, never a copy of it. So a card that the plan gains later reaches these customers
too, apart from what was agreed with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, ValidationError

from .._model import Amount, Day, Key, Many, Model, OptionalDay, Pairs, Table, default
from .._numbers import ONE
from .._problems import problems
from ..errors import DefinitionError, Problem
from ..prices import AnyPrice
from ._card import Item, repeats

__all__ = ["AddOn", "Alteration", "Override", "addon_problems", "alteration_problems", "altered"]


class Alteration(Model, frozen=True):
    """
    What is other than on the card.

    Attributes:
        prices: other prices for items of the card, by key; the rest of the item stays.
        items: items of one's own, in the place of those of the card with the same key.
        without: keys of items that are not sold.
    """

    prices: Table[AnyPrice] = default(Pairs[object]())
    items: Many[Item] = default(())
    without: Many[Key] = default(())


class Override(Alteration, frozen=True):
    """
    What was agreed with one customer other than its plan's cards, for all of its time or a part of it.

    Where several touch one item, the one that starts last holds; one without a start comes before all others.

    Attributes:
        prices: other prices for items of the card, by key; the rest of the item stays.
        items: items of one's own, in the place of those of the card with the same key.
        without: keys of items that are not sold.
        start: from when; None: always.
        end: until when, exclusive; None: for good.
        plan: only while the subscription is on this plan; None: on all of its plans.

    >>> from ratecard import prices
    >>> Override(prices={"base": prices.Flat(amount="15")}, end="2026-01-01").without
    ()
    """

    start: OptionalDay = default(None)
    end: OptionalDay = default(None)
    plan: Key | None = default(None)


class AddOn(Model, frozen=True):
    """
    Items beside the plan, with their own start, end and quantity; or fees that are due once.

    Attributes:
        key: unique among the add-ons of a subscription.
        items: what it sells; keys that no item of the plan has while it runs.
        start: its first day or instant.
        end: its first day or instant without it; None: it runs on.
        quantity: how many; it multiplies items that are neither metered nor sold by a quantity of the subscription.
        once: whether its items are fees that are due whole at the start, and never again; where that lies before the
            service, when the service begins.

    >>> from ratecard import Item, prices
    >>> setup = AddOn(key="setup", once=True, start="2025-01-15",
    ...     items=[Item(key="setup", price=prices.Flat(amount="300"))])
    >>> setup.quantity
    Decimal('1')
    """

    key: Key
    items: Annotated[Many[Item], Field(min_length=1)]
    start: Day
    end: OptionalDay = default(None)
    quantity: Amount = default(ONE)
    once: bool = default(False)


def alteration_problems(path: str, held: Alteration) -> list[Problem]:
    """What an alteration says twice or against itself."""
    found = repeats(f"{path}.items", tuple(item.key for item in held.items), field=".key")
    named = {**dict.fromkeys(held.prices, "prices"), **{item.key: "items" for item in held.items}}
    for index, item in enumerate(held.items):
        if item.key in held.prices:
            words = f"{item.key[:40]!r} has a price in prices as well; write it once"
            found.append(Problem(f"{path}.items[{index}].key", "override.twice", words))
    for index, key in enumerate(held.without):
        if key in named:
            words = f"{key[:40]!r} is left out and also stands in {named[key]}; leave one of them out"
            found.append(Problem(f"{path}.without[{index}]", "override.twice", words))
    return found


def addon_problems(path: str, held: AddOn) -> list[Problem]:
    """What an add-on cannot be."""
    found = repeats(f"{path}.items", tuple(item.key for item in held.items), field=".key")
    if held.quantity < 0:
        found.append(Problem(f"{path}.quantity", "quantity.negative", "a quantity is sold or not; write 0 or more"))
    if held.once:
        found += [
            Problem(f"{path}.items[{index}]", "addon.once", "what is due once is a fee; leave out meter and quantity")
            for index, item in enumerate(held.items)
            if item.meter is not None or item.quantity is not None
        ]
        if held.end is not None:
            found.append(Problem(f"{path}.end", "addon.once", "what is due once has no end; leave it out"))
    return found


def altered(items: Sequence[Item], changes: Sequence[Alteration]) -> tuple[Item, ...]:
    """
    The items of a card as alterations leave them, the later ones over the earlier; new items come after the card's.

    Raises:
        DefinitionError: with every problem of an item that its other price does not fit.
    """
    found = {item.key: item for item in items}
    # Of many prices of an item only the last is put on it: each time it is checked as a whole.
    priced: dict[str, AnyPrice] = {}
    for change in changes:
        for key, price in change.prices.items():
            if key in found:
                priced[key] = price
        for item in change.items:
            found[item.key] = item
            priced.pop(item.key, None)
        for key in change.without:
            found.pop(key, None)
            priced.pop(key, None)
    return tuple(_repriced(item, priced[key]) if key in priced else item for key, item in found.items())


def _repriced(item: Item, price: AnyPrice) -> Item:
    try:
        return item.model_copy(update={"price": price})
    except ValidationError as error:
        raise DefinitionError(problems(error), what=f"the item {item.key!r} with another price") from None
