"""
What is sold and for how much: an item, and the dated card that lists items in one currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from .._model import Key, Many, Model, OptionalDay, Whole, default, refuse
from .._numbers import PLACES, Rounding
from ..cadence import Cadence
from ..errors import Problem
from ..periods import Proration
from ..prices import Allowance, AnyPrice, Credit, Flat, PercentOf, Price, UnitsOff
from ._extras import ItemDiscount, Maximum, Minimum, UsageDiscount
from ._lookup import find
from ._outcome_checks import outcome_problems
from ._plain import digest

__all__ = ["Item", "RateCard", "repeats"]


class Item(Model, frozen=True):
    """
    One thing that is sold: where its quantity comes from, and its price.

    The quantity is metered (`meter`), or sold with the subscription (`quantity`, such as seats), or there is none (a
    fee). Counters belong to the key: an item that keeps its key on a later card goes on counting where it was, unless
    it has another meter there, in which case it starts at 0.

    Attributes:
        key: unique on its card.
        meter: the key of the meter that counts it.
        quantity: the name of the subscription's quantity that it is multiplied by; not together with a meter.
        price: what a quantity costs.
        each: properties; every combination of their values has its own tiers and its own line.
        split: properties; the price sees the total, which is then shown by their values, shared by quantity: what each
            used in the unit that is sold, before the total is rounded.
        bill: whether it is due at the end of its period (arrears) or at its start; usage is known only at the end.
        cadence: how long its own period is; None is the plan's.
        prorate: how a part of a period is counted; None is the plan's.
        tiers: what counters do when the price changes inside a period: go on, start again, or start again in tiers
            narrowed to the share that is left.
        round_quantity: the rule by which the converted quantity is rounded before it is priced; None rounds nothing.
        quantity_places: decimals that rounding keeps; negative rounds to tens, hundreds and so on.
        discounts: what is taken off its quantity and its amount.
        minimum: a floor under what it comes to in one of its periods.
        maximum: a ceiling over the same.
        name: what people read; the key where it is empty.

    >>> from ratecard import prices
    >>> Item(key="base", price=prices.Flat(amount="20")).label
    'base'
    """

    key: Key
    meter: Key | None = default(None)
    quantity: Key | None = default(None)
    price: AnyPrice
    each: Many[Key] = default(())
    split: Many[Key] = default(())
    bill: Literal["arrears", "advance"] = default("arrears")
    cadence: Cadence | None = default(None)
    prorate: Proration | None = default(None)
    tiers: Literal["continue", "restart", "prorate"] = default("continue")
    round_quantity: Rounding | None = default(None)
    quantity_places: Annotated[Whole, Field(ge=-PLACES, le=PLACES)] = default(0)
    discounts: Many[ItemDiscount] = default(())
    minimum: Minimum | None = default(None)
    maximum: Maximum | None = default(None)
    name: str = default("")

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_problems(self))
        return self

    @property
    def label(self) -> str:
        """What people read."""
        return self.name or self.key

    @property
    def staged(self) -> bool:
        """Whether anything works on its amount after the price."""
        return (
            self.minimum is not None or self.maximum is not None or any(each.kind != "usage" for each in self.discounts)
        )

    @cached_property
    def net_price(self) -> Price:
        """The price behind the units that a usage discount takes off."""
        for each in self.discounts:
            if isinstance(each, UsageDiscount):
                # Units off and included units are one operation: what is left of the quantity starts at 0.
                return UnitsOff(
                    units=each.units, base=self.price, prorate=each.prorate, scope="pooled" if self.each else "group"
                )
        return self.price


class RateCard(Model, frozen=True):
    """
    The prices of a plan in one currency, from one instant on.

    Attributes:
        currency: a code of ISO 4217 or a unit of the plan's own.
        effective: when it comes into force, a bare date at local midnight in the plan's zone; None: in force always.
        items: what is sold.
        cohort: the group of subscriptions it is for; None for all who have no card of their own.
        applies: whether all subscriptions see it, or just those that started at or after it came into force.

    >>> from ratecard import prices
    >>> card = RateCard(currency="USD", items=[Item(key="base", price=prices.Flat(amount="20"))])
    >>> card.item("base").bill
    'arrears'
    """

    currency: Key
    effective: OptionalDay = default(None)
    items: Many[Item] = default(())
    cohort: Key | None = default(None)
    applies: Literal["all", "new"] = default("all")

    def item(self, key: str) -> Item:
        """
        The item with this key.

        Raises:
            UnknownKeyError: `key.unknown`, with near names.
        """
        return find(self.items, key, what="item", owner=f"the card in {self.currency}")

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hash of its canonical JSON; equal cards have equal digests."""
        return digest(self)


def repeats(path: str, keys: tuple[str, ...], *, field: str = "") -> list[Problem]:
    """A problem for every key that stands in a list for a second time."""
    seen: dict[str, int] = {}
    found: list[Problem] = []
    for index, key in enumerate(keys):
        if key in seen:
            words = f"{key[:40]!r} is already the key of number {seen[key]} (counted from 0); choose another"
            found.append(Problem(f"{path}[{index}]{field}", "key.duplicate", words))
        else:
            seen[key] = index
    return found


def _problems(item: Item) -> list[Problem]:
    """Everything wrong with an item on its own."""
    found = repeats("each", item.each) + repeats("split", item.split)
    if item.meter is not None and item.quantity is not None:
        words = "a quantity is metered or sold, not both; leave out meter or quantity"
        found.append(Problem("quantity", "item.quantity", words))
    if item.each and item.split:
        words = "groups have tiers of their own (each) or share them (split); leave out one"
        found.append(Problem("split", "item.groups", words))
    if item.meter is None:
        found += [
            Problem(name, "item.meter", f"{name} groups what is metered; name a meter or leave {name} out")
            for name, held in (("each", item.each), ("split", item.split))
            if held
        ]
    elif item.bill == "advance":
        words = "usage is known only when its period ends; bill a metered item in arrears"
        found.append(Problem("bill", "item.advance", words))
    wrong = outcome_problems(item)
    return found + (wrong or _price_problems(item) + _discount_problems(item))


def _price_problems(item: Item) -> list[Problem]:
    """Where an item's price asks for what the item does not have."""
    demand = item.price.demand()
    if isinstance(item.price, Credit) and (item.meter is None or item.tiers == "prorate"):
        if item.meter is None:
            return [Problem("meter", "item.meter", "credits pay for what is metered; name the meter that counts it")]
        words = "credits are counted on a whole counter; choose continue or restart"
        return [Problem("tiers", "item.tiers", words)]
    if item.meter is None and (demand.axes or demand.folds):
        words = "this price looks at single records or their properties; name the meter that counts them"
        return [Problem("meter", "item.meter", words)]
    if item.meter is None and item.quantity is None and not all(_is_fee(price) for price in _walk(item.price)):
        words = "this price depends on a quantity; name a meter, or a quantity of the subscription"
        return [Problem("meter", "item.source", words)]
    if item.meter is not None and item.tiers == "prorate" and (demand or _hands_on(item.price)):
        words = "tiers can be narrowed to a share only where the quantity alone decides; choose continue or restart"
        return [Problem("tiers", "item.tiers", words)]
    # A price takes a pooled allowance only as the outermost, so that is where to look.
    if isinstance(item.price, Allowance) and item.price.scope == "pooled" and not item.each:
        words = "a pooled allowance is shared among groups; name the groups in each, or give it the scope group"
        return [Problem("each", "item.pooled", words)]
    return []


def _discount_problems(item: Item) -> list[Problem]:
    """Discounts that do not fit an item, and units off where no price starts behind them."""
    words = "a discount of an item is taken off that item; leave items out, or put it on the plan"
    found = [
        Problem(f"discounts[{index}].items", "discount.items", words)
        for index, each in enumerate(item.discounts)
        if each.items
    ]
    places = [index for index, each in enumerate(item.discounts) if isinstance(each, UsageDiscount)]
    if len(places) > 1:
        words = "units are taken off an item once; write their sum in one usage discount"
        found.append(Problem(f"discounts[{places[1]}]", "discount.usage", words))
    elif places and item.meter is None and item.quantity is None:
        words = "there is no quantity to take units off; use a percent or an amount"
        found.append(Problem(f"discounts[{places[0]}]", "discount.usage", words))
    elif places and item.tiers == "prorate":
        words = "units come off a whole counter, and these tiers are narrowed to a share; choose continue or restart"
        found.append(Problem(f"discounts[{places[0]}]", "discount.usage", words))
    elif places:
        try:
            Item.net_price.func(item)  # type: ignore[attr-defined]
        except ValidationError:
            words = "units come off where the quantity alone decides; use a percent, an amount, or included units"
            found.append(Problem(f"discounts[{places[0]}]", "discount.usage", words))
    return found


def _hands_on(price: Price) -> bool:
    """Whether included units are shared among groups, or taken into the next period."""
    return isinstance(price, Allowance) and (price.scope == "pooled" or price.rollover is not None)


def _walk(price: Price) -> Iterator[Price]:
    """A price and all prices inside it."""
    stack: list[Price] = [price]
    while stack:
        held = stack.pop()
        yield held
        stack.extend(held.children())


def _is_fee(price: Price) -> bool:
    """Whether a price has an amount without a quantity; one that is made of others has it if they have."""
    return isinstance(price, Flat | PercentOf) or bool(price.children())
