"""
When to buy more: rules that look at a balance and propose a purchase. Nothing is bought here: a proposal is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from .._model import Amount, Key, Many, Model, OptionalAmount, Whole, default, refuse, show_day
from .._numbers import CONTEXT, ONE, ZERO, div, floor, quantize
from ..cadence import Cadence
from ..errors import MismatchError, Problem
from ..money import Currency, Money
from ..periods import instant
from ._fields import entry_id, is_money
from ._grants import Grant

__all__ = ["Bonus", "Proposal", "TopUp"]


class Bonus(Model, frozen=True):
    """
    Credits on top of a purchase.

    Attributes:
        threshold: for purchases of this much or more.
        amount: so many; this or `rate`.
        rate: a share of the purchase, such as 0.1.
    """

    threshold: Amount
    amount: OptionalAmount = default(None)
    rate: OptionalAmount = default(None)

    @model_validator(mode="after")
    def _check(self) -> Bonus:
        return _check_bonus(self)

    def of(self, bought: Decimal) -> Decimal:
        """What comes on top of a purchase that reaches the threshold."""
        return self.amount if self.amount is not None else CONTEXT.multiply(bought, self.rate or ZERO)


def _check_bonus(found: Bonus) -> Bonus:
    wrong: list[Problem] = []
    if (found.amount is None) == (found.rate is None):
        wrong.append(Problem("amount", "bonus.amount", "a bonus is an amount or a rate; write one of the two"))
    for name in ("threshold", "amount", "rate"):
        value = getattr(found, name)
        if value is not None and value < 0:
            wrong.append(Problem(name, "bonus.amount", "write 0 or more"))
    refuse(wrong)
    return found


class Proposal:
    """
    A purchase that a rule proposes. Immutable by contract.

    Attributes:
        id: the same until the purchase is told to the rule as made; the id of the grant that comes of it.
        key: of the rule.
        at: when it was proposed.
        amount: how much to buy.
        bonus: what comes on top, unpaid.
    """

    __slots__ = ("amount", "at", "bonus", "id", "key")

    def __init__(self, id: str, key: str, at: datetime, amount: Money, bonus: Money) -> None:
        self.id = id
        self.key = key
        self.at = at
        self.amount = amount
        self.bonus = bonus

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Proposal):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.id, self.at))

    def __repr__(self) -> str:
        return f"<Proposal {self.id!r}: {self.amount}>"


class TopUp(Model, frozen=True):
    """
    Buy credits when the balance runs low: to a level, or by an amount.

    Formula, at a balance at or below `below`: `to - balance`; or the least multiple of `by` that lifts the balance
    above `below`. At least `minimum`, at most `maximum` (of `by`, whole multiples where one fits). Rounded up to what
    the unit is counted in, down where `maximum` allows no more. The bonus of a unit of one's own is rounded down.

    Attributes:
        key: the name of the rule, and the `key` of the grants that come of it.
        below: propose at or below this balance; None at every look, by one `by`.
        to: the level to fill up to; this or `by`.
        by: the amount to add.
        minimum: the least to buy at once.
        maximum: the most to buy at once.
        most: how many purchases there may be in a window; None for any number.
        per: the window; calendar months unless told, and by the calendar where it has no anchor.
        bonuses: what comes on top; of those whose threshold is reached, the highest.
        unit_cost: what a unit costs, for the grants.
        cost_currency: the currency of that.
        lasts: how long bought credits live: until the first boundary of this cadence.

    >>> rule = TopUp(key="refill", below="10", to="50")
    >>> rule.propose(Money("8", "USD"), at="2025-01-05T12:00:00Z").amount
    Money('42.00', 'USD')
    """

    key: Key
    below: OptionalAmount = default(None)
    to: OptionalAmount = default(None)
    by: OptionalAmount = default(None)
    minimum: OptionalAmount = default(None)
    maximum: OptionalAmount = default(None)
    most: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = default(None)
    per: Cadence = Field(default_factory=lambda: Cadence.calendar("month"))
    bonuses: Many[Bonus] = default(())
    unit_cost: OptionalAmount = default(None)
    cost_currency: Key | None = default(None)
    lasts: Cadence | None = default(None)

    @model_validator(mode="after")
    def _check(self) -> TopUp:
        return _check_topup(self)

    def propose(
        self,
        balance: Money,
        *,
        at: datetime | str,
        pending: Money | None = None,
        made: Sequence[datetime | str] = (),
        zone: str = "UTC",
    ) -> Proposal | None:
        """
        What to buy now; None where nothing is to be bought.

        Args:
            balance: what can be drawn, less what is owed.
            at: when.
            pending: what has been bought and is not granted yet; counts as there.
            made: when earlier purchases of this rule were made, the pending ones too.
            zone: the zone of the window, where it has none of its own.

        Raises:
            MismatchError: `currency.mixed`.
        """
        at = instant(at)
        unit = balance.currency
        held = balance.amount if pending is None else (balance + pending).amount
        if self.below is not None and held > self.below:
            return None
        per = self.per if self.per.anchor else Cadence.calendar(self.per.unit, every=self.per.every, zone=self.per.zone)
        window = per.at(at, zone).containing(at)
        count = sum(window.contains(instant(each)) for each in made)
        if self.most is not None and count >= self.most:
            return None
        amount = self._payable(self._amount(held), unit.places)
        if amount <= ZERO:
            return None
        id = entry_id(self.key, show_day(window.start), str(count + 1))
        bonus = self.bonus(amount)
        if not is_money(unit):
            bonus = quantize(bonus, unit.places, "down")
        return Proposal(id, self.key, at, Money.make(amount, unit), Money.make(bonus, unit))

    def _payable(self, amount: Decimal, places: int) -> Decimal:
        """An amount that can be charged: no finer than its unit is counted."""
        found = quantize(amount, places, "ceiling")
        if self.maximum is not None and found > self.maximum:
            found = quantize(amount, places, "floor")
        # An amount that can be charged stays as it is written.
        return amount if found == amount else found

    def _amount(self, held: Decimal) -> Decimal:
        if self.to is not None:
            found = CONTEXT.subtract(self.to, held)
        else:
            assert self.by is not None
            steps = ONE if self.below is None else Decimal(floor(div(CONTEXT.subtract(self.below, held), self.by)) + 1)
            found = CONTEXT.multiply(steps, self.by)
        if self.minimum is not None:
            found = max(found, self.minimum)
        if self.maximum is not None and found > self.maximum:
            found = self.maximum
            if self.by is not None:
                whole = CONTEXT.multiply(Decimal(floor(div(found, self.by))), self.by)
                found = whole if whole and (self.minimum is None or whole >= self.minimum) else found
        return found

    def bonus(self, bought: Decimal) -> Decimal:
        """
        What comes on top of a purchase: that of the highest threshold that it reaches.

        >>> TopUp(key="pack", by="1000", bonuses=[Bonus(threshold="1000", rate="0.1")]).bonus(Decimal(1000))
        Decimal('100.0')
        """
        reached = [each for each in self.bonuses if each.threshold <= bought]
        return max(reached, key=_threshold).of(bought) if reached else ZERO

    def grants(self, proposal: Proposal) -> tuple[Grant, ...]:
        """
        The grants that a purchase makes once it is paid: what was bought, and what came on top.

        Raises:
            MismatchError: `topup.key` for the proposal of another rule.
        """
        if proposal.key != self.key:
            raise MismatchError(
                f"this is a proposal of {proposal.key!r}, not of {self.key!r}; give it to its own rule",
                code="topup.key",
            )
        unit = proposal.amount.currency
        bought = self._grant(proposal.id, proposal.amount.amount, unit)
        bought = bought.model_copy(
            update={"category": "paid", "unit_cost": self.unit_cost, "cost_currency": self.cost_currency}
        )
        if not proposal.bonus:
            return (bought,)
        more = self._grant(entry_id(proposal.id, "bonus"), proposal.bonus.amount, unit)
        return (bought, more.model_copy(update={"category": "promotional"}))

    def _grant(self, id: str, amount: Decimal, unit: Currency) -> Grant:
        return Grant(id=id, key=self.key, amount=amount, currency=unit, lasts=self.lasts)


def _threshold(bonus: Bonus) -> Decimal:
    return bonus.threshold


def _check_topup(found: TopUp) -> TopUp:
    wrong: list[Problem] = []
    if (found.to is None) == (found.by is None):
        wrong.append(Problem("by", "topup.amount", "fill up `to` a level or add `by` an amount; write one of the two"))
    if found.by is not None and found.by <= 0:
        wrong.append(Problem("by", "topup.amount", "write an amount above 0"))
    if found.to is not None and found.below is None:
        wrong.append(Problem("below", "topup.below", "say at which balance to fill up"))
    if found.to is not None and found.below is not None and found.to <= found.below:
        wrong.append(Problem("to", "topup.below", "filling up to this leaves it low; write more than `below`"))
    if found.minimum is not None and found.maximum is not None and found.minimum > found.maximum:
        wrong.append(Problem("minimum", "topup.order", "the least is above the most; exchange the two"))
    refuse(wrong)
    return found
