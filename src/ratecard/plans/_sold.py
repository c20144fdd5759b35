"""An item as it is sold over a stretch of time in which nothing about it changes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ..cadence import Cadence
from ..periods import Period
from ._card import Item, RateCard

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["Sold"]


class Sold:
    """
    An item as it is sold over a stretch of time.

    Attributes:
        part: the stretch.
        item: the item as it is then.
        plan: the plan that sells it.
        cadence: its rhythm, with anchor and zone.
        quantity: how many, where that is not metered; None where it is.
        version: the digest of the card whose price this is, or of the item where the card has another.
        trial: the key of the trial that makes it free; empty where it is not.
        free: the key of the phase in which a part of its usage is free; empty where there is none.
        card: the card then in force.
    """

    __slots__ = ("cadence", "card", "free", "item", "part", "plan", "quantity", "trial", "version")

    def __init__(
        self,
        part: Period,
        item: Item,
        *,
        plan: Plan,
        cadence: Cadence,
        quantity: Decimal | None,
        version: str,
        trial: str,
        card: RateCard,
        free: str = "",
    ) -> None:
        self.part = part
        self.item = item
        self.plan = plan
        self.cadence = cadence
        self.quantity = quantity
        self.version = version
        self.trial = trial
        self.card = card
        self.free = free

    @property
    def own(self) -> bool:
        """Whether it has another rhythm than its plan."""
        return self.item.cadence is not None and self.item.cadence != self.plan.cadence

    def goes_on(self, other: Sold) -> bool:
        """Whether nothing about the item changes from this stretch to the other."""
        return self.part.end == other.part.start and (
            self.card is other.card
            and self.version == other.version
            and self.quantity == other.quantity
            and self.trial == other.trial
            and self.free == other.free
            and self.cadence == other.cadence
        )

    def joined(self, other: Sold, zone: str) -> Sold:
        """One stretch in the place of this one and the other, which goes on with it."""
        return Sold(
            Period(self.part.start, other.part.end, zone=zone), self.item, plan=self.plan, cadence=self.cadence,
            quantity=self.quantity, version=self.version, trial=self.trial, card=self.card, free=self.free,
        )  # fmt: skip
