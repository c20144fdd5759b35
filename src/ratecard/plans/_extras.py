"""
What changes an amount after its price: discounts and coupons, floors and ceilings, commitments, taxes.

Each is data. When it acts, and what it reads, is the order of operations; the arithmetic is in `rating`.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, Tag, model_validator

from .._model import Amount, Key, Many, Model, OptionalAmount, Whole, default, refuse, tagged
from .._numbers import ONE, text
from ..cadence import Cadence
from ..errors import Problem
from ._plain import digest
from ._sums import OptionalSums, Sums

__all__ = [
    "AmountDiscount",
    "AnyCommitment",
    "AnyDiscount",
    "Commitment",
    "Coupon",
    "Discount",
    "DiscountTier",
    "ItemDiscount",
    "Maximum",
    "Minimum",
    "PercentDiscount",
    "Postpaid",
    "Prepaid",
    "Tax",
    "TieredDiscount",
    "UsageDiscount",
]

OptionalKey = Annotated[str, Field(max_length=200)]


class Term(Model, frozen=True):
    """What all terms of this file have."""

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hash of its canonical JSON, by which a line tells what made it."""
        return digest(self)


class Discount(Term, frozen=True):
    """
    What all discounts have.

    Attributes:
        key: required and unique among the discounts of a plan; on an item, and in a coupon, it may be left out.
        name: what people read; the key where it is empty.
        items: on a plan, the keys of the items it is taken off; empty means all.
    """

    kind: str
    key: OptionalKey = default("")
    name: str = default("")
    items: Many[Key] = default(())

    @property
    def label(self) -> str:
        """What people read."""
        return self.name or self.key or f"{self.kind} discount"


class UsageDiscount(Discount, frozen=True):
    """
    Units that are taken off before anything is priced; tiers start behind them. Groups of the item share them.

    Attributes:
        kind: usage.
        key, name: as of every discount.
        items: not used here, since such a discount stands on its item.
        units: how many, 0 or more, in the unit that is priced.
        prorate: whether a part of a period takes off only that part of the units; by default it takes off all.
    """

    kind: Literal["usage"] = default("usage")
    units: Amount
    prorate: bool = default(False)

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_at_least_zero("units", self.units))
        return self


class PercentDiscount(Discount, frozen=True):
    """
    A share of the amount.

    Attributes:
        kind: percent.
        key, name, items: as of every discount.
        rate: the share, from 0 to 1; ten percent is 0.1.
        stacking: whether it is taken of what the discounts before it in the same stage left (chained), or of what the
            stage began with (added).
        maximum: the most it takes off; None is no limit.

    >>> PercentDiscount(rate="0.1").rate
    Decimal('0.1')
    """

    kind: Literal["percent"] = default("percent")
    rate: Amount
    stacking: Literal["chained", "added"] = default("chained")
    maximum: OptionalSums = default(None)

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_share("rate", self.rate))
        return self


class AmountDiscount(Discount, frozen=True):
    """
    A sum of money, as far as there is something to take it off.

    Attributes:
        kind: amount.
        key, name, items: as of every discount.
        amount: 0 or more.
    """

    kind: Literal["amount"] = default("amount")
    amount: Sums


class DiscountTier(Model, frozen=True):
    """
    The share taken off one range of spend.

    Attributes:
        up_to: the upper bound, inclusive; None for the last tier.
        rate: the share, from 0 to 1.
    """

    up_to: OptionalAmount = default(None)
    rate: Amount


class TieredDiscount(Discount, frozen=True):
    """
    Shares by spend: each tier's rate is taken off the spend inside it.

    Attributes:
        kind: tiered.
        key, name, items: as of every discount.
        tiers: bounds that rise, the last one open; in the currency of what is discounted.
    """

    kind: Literal["tiered"] = default("tiered")
    tiers: Annotated[Many[DiscountTier], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_tier_problems(self.tiers))
        return self


ItemDiscount: TypeAlias = Annotated[
    Annotated[UsageDiscount, Tag("<usage>")]
    | Annotated[PercentDiscount, Tag("<percent>")]
    | Annotated[AmountDiscount, Tag("<amount>")]
    | Annotated[TieredDiscount, Tag("<tiered>")],
    tagged("kind"),
]
"""A discount that may stand on an item."""

AnyDiscount: TypeAlias = Annotated[
    Annotated[PercentDiscount, Tag("<percent>")]
    | Annotated[AmountDiscount, Tag("<amount>")]
    | Annotated[TieredDiscount, Tag("<tiered>")],
    tagged("kind"),
]
"""A discount that may stand on a plan or in a coupon: there is no quantity left to take units off."""


class Coupon(Term, frozen=True):
    """
    A discount that a subscription brings along by its key, for so many billing periods.

    A use is spent by each billing period that it took something off; where it could not, the statement says why.

    Attributes:
        key: what a subscription lists.
        name: what people read; the key where it is empty.
        discount: what is taken off, and in `discount.items` from which items.
        lasts: once, for so many billing periods (`periods`), or forever.
        periods: how many billing periods, for `lasts="periods"`.
        stacks: whether it may be used beside other coupons; one that does not is used only when it is the first.
        minimum_spend: what its items must come to before it counts; None is no minimum.

    >>> Coupon(key="SPRING", discount=PercentDiscount(rate="0.2")).lasts
    'once'
    """

    key: Key
    name: str = default("")
    discount: AnyDiscount
    lasts: Literal["once", "periods", "forever"] = default("once")
    periods: Annotated[Whole, Field(ge=1)] | None = default(None)
    stacks: bool = default(True)
    minimum_spend: OptionalSums = default(None)

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_coupon_problems(self))
        return self

    @property
    def label(self) -> str:
        """What people read."""
        return self.name or self.key

    @property
    def uses(self) -> int | None:
        """How many billing periods it is good for; None is no limit."""
        return {"once": 1, "periods": self.periods, "forever": None}[self.lasts]


class Minimum(Term, frozen=True):
    """
    A floor: what is missing to it is billed on a line of its own.

    Attributes:
        amount: for one period of the item's or the plan's cadence.
        prorate: whether a part of a period has that part of the floor; by default it has.
        per: on an item, whether the floor is for all its lines together, or for each group; a plan knows no groups.
    """

    amount: Sums
    prorate: bool = default(True)
    per: Literal["item", "group"] = default("item")


class Maximum(Term, frozen=True):
    """
    A ceiling: what is above it is not billed.

    Attributes:
        amount: for one period of the item's or the plan's cadence.
        prorate: whether a part of a period has that part of the ceiling; by default it has the whole.
    """

    amount: Sums
    prorate: bool = default(False)


class Commitment(Term, frozen=True):
    """What commitments have in common; see `Postpaid` and `Prepaid`."""

    kind: str
    key: Key
    name: str = default("")
    amount: Sums
    items: Many[Key] = default(())
    priority: Whole = default(0)
    cadence: Cadence | None = default(None)
    prorate: bool = default(True)
    overage: Amount = default(ONE)

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_at_least_zero("overage", self.overage))
        return self

    @property
    def label(self) -> str:
        """What people read."""
        return self.name or self.key


class Postpaid(Commitment, frozen=True):
    """
    A promise to spend: charges fill it as they come, and what is missing at its end is billed as a true-up.

    Attributes:
        kind: postpaid.
        key: unique among the commitments of a plan.
        name: what people read; the key where it is empty.
        amount: for one period of the cadence.
        items: the keys of the items that count; empty means all.
        priority: charges fill the smallest number first, then the next; a charge counts once.
        cadence: its own rhythm; None is the plan's. It trues up only at the end of its own period.
        prorate: whether a part of a period has that part of the amount; by default it has.
        overage: the factor on the list amount of what goes beyond all commitments; 1 is no premium.
        true_up: whether what is missing at the end is billed.

    >>> Postpaid(key="base", amount="1000", overage="1.5").true_up
    True
    """

    kind: Literal["postpaid"] = default("postpaid")
    true_up: bool = default(True)


class Prepaid(Commitment, frozen=True):
    """
    Money that was paid before: charges draw on it before tax, and what is left at its end lapses.

    It was billed and taxed when it was sold, by an item of this plan that is not among its `items`, or elsewhere.

    Attributes:
        kind: prepaid.
        key, name, amount, items, priority, cadence, overage: as of `Postpaid`.
        prorate: whether a part of a period has that part of the amount.
    """

    kind: Literal["prepaid"] = default("prepaid")


AnyCommitment: TypeAlias = Annotated[
    Annotated[Postpaid, Tag("<postpaid>")] | Annotated[Prepaid, Tag("<prepaid>")], tagged("kind")
]
"""A commitment of either kind."""


class Tax(Term, frozen=True):
    """
    A tax at a given rate; which rate applies to whom is not decided here.

    Attributes:
        key: unique among the taxes of a plan.
        name: what people read; the key where it is empty.
        rate: from 0 to 1; nineteen percent is 0.19. A rate of 0 shows its base and adds nothing.
        included: whether the amounts hold it already, or it comes on top.
        items: the keys of the items that are taxed; empty means all that is billed.

    >>> Tax(key="vat", rate="0.19").included
    False
    """

    key: Key
    name: str = default("")
    rate: Amount
    included: bool = default(False)
    items: Many[Key] = default(())

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(_at_least_zero("rate", self.rate) or _no_percent("rate", self.rate))
        return self

    @property
    def label(self) -> str:
        """What people read."""
        return self.name or self.key


def _no_percent(path: str, rate: Decimal) -> list[Problem]:
    words = f"a tax of {text(rate)} would be more than the amount itself; write 19 % as 0.19"
    return [] if rate <= ONE else [Problem(path, "tax.rate", words)]


def _at_least_zero(path: str, value: Decimal) -> list[Problem]:
    return [] if value >= 0 else [Problem(path, "amount.negative", "write 0 or more")]


def _share(path: str, rate: Decimal) -> list[Problem]:
    words = f"{text(rate)} is no share of an amount; write 0 to 1, ten percent as 0.1"
    return [] if 0 <= rate <= ONE else [Problem(path, "discount.rate", words)]


def _tier_problems(tiers: tuple[DiscountTier, ...]) -> list[Problem]:
    found: list[Problem] = []
    below = Decimal(0)
    for index, tier in enumerate(tiers):
        path, last = f"tiers[{index}]", index == len(tiers) - 1
        if last and tier.up_to is not None:
            found.append(Problem(f"{path}.up_to", "tier.closed", "the last tier is open; leave up_to out"))
        elif not last and tier.up_to is None:
            found.append(Problem(f"{path}.up_to", "tier.open", "only the last tier is open; write its bound"))
        elif tier.up_to is not None:
            if tier.up_to <= below:
                words = f"bounds rise from above 0; write more than {text(below)}"
                found.append(Problem(f"{path}.up_to", "tier.order", words))
            below = tier.up_to
        found += _share(f"{path}.rate", tier.rate)
    return found


def _coupon_problems(coupon: Coupon) -> list[Problem]:
    if (coupon.lasts == "periods") != (coupon.periods is not None):
        words = 'periods says how many billing periods lasts="periods" means; write both or neither'
        return [Problem("periods", "coupon.periods", words)]
    return []
