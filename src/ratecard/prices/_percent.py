"""
Prices that are a share of money: of each record, of the running total by tiers, of other items.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Literal

from pydantic import model_validator

from .._folds import PerRecordState
from .._model import Amount, Key, Many, Model, OptionalAmount, default, refuse
from .._numbers import ZERO, Exact, mul, neg, total
from ..curve import Curve
from ..demand import Demand, PerRecord
from ..errors import MismatchError, Problem
from ..quantity import Usage
from ..steps import Input, Step, clamped
from ._bands import Band, bound_faults, clamp_faults, clamped_step
from ._base import Price, Priced, negatives, nothing, signed, summed
from ._tiered import BandPrice, graduated_curve, graduated_step

__all__ = ["GraduatedPercentage", "PercentOf", "Percentage", "RateTier"]

_LARGEST = Decimal(10**9)


class Percentage(Price, frozen=True):
    """
    A share of each record's own value: T = the sum over records of rate x value + fixed_per_event.

    Each record's amount is not below min_per_event, then not above max_per_event. Free records and a free amount run
    together in the order (time, source, id): the first used up ends both. The record that crosses the free amount pays
    its excess and its whole fixed part. Free records pay nothing, not even the minimum.

    Attributes:
        rate: the share, 0 or more: "0.029" is 2.9 %.
        fixed_per_event: added for every billed record, 0 or more.
        free_events: how many records are free, a whole number; None for no such limit.
        free_amount: up to which sum of values records are free; None for no such limit.
        min_per_event: the least amount of a billed record.
        max_per_event: the greatest amount of a billed record.
        minimum: the least amount of the whole, once there is a record.
        maximum: the greatest amount of the whole.
        refunds: a record with a negative value costs minus what the positive one would; else it costs 0.

    >>> from ratecard.demand import Paid
    >>> price = Percentage(rate="0.029", fixed_per_event="0.30")
    >>> [fold] = price.demand().folds
    >>> usage = Usage.of(150, folds={fold: PerRecordState((), Paid(2, Decimal(150), 0, 0))})
    >>> print(price.price(usage).step.words())
    4.35 + 0.6 = 4.95
      share of the value of 2 records: 150 x 0.029 = 4.35
      fixed part of 2 records: 2 x 0.3 = 0.6
    """

    model: Literal["percentage"] = default("percentage")
    rate: Amount
    fixed_per_event: Amount = default(ZERO)
    free_events: OptionalAmount = default(None)
    free_amount: OptionalAmount = default(None)
    min_per_event: OptionalAmount = default(None)
    max_per_event: OptionalAmount = default(None)
    minimum: OptionalAmount = default(None)
    maximum: OptionalAmount = default(None)
    refunds: bool = default(False)

    @model_validator(mode="after")
    def _sound(self) -> Percentage:
        refuse(_percentage_faults(self))
        return self

    @cached_property
    def _fold(self) -> PerRecord:
        return PerRecord(
            rate=self.rate,
            fixed=self.fixed_per_event,
            minimum=self.min_per_event,
            maximum=self.max_per_event,
            free_records=None if self.free_events is None else int(self.free_events),
            free_amount=self.free_amount,
            refunds=self.refunds,
        )

    def demand(self) -> Demand:
        """The amount of each record, added up."""
        return Demand(folds=(self._fold,))

    def price(self, usage: Usage) -> Priced:
        """The sum over records, then the bounds of the whole."""
        state = usage.fold(self._fold)
        amount = self._fold.value(state)
        if state != self._fold.zero():
            amount = _bounded(amount, self.minimum, self.maximum)
        return Priced(amount or ZERO, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation: how many records were free, billed, at the minimum and at the maximum."""
        state: PerRecordState = usage.fold(self._fold)
        if state == self._fold.zero():
            return nothing("no records")
        found = summed(self._parts(state), none="no records are billed")
        if found.result >= ZERO:
            return clamped_step(found, self.minimum, self.maximum)
        if self.minimum is None and self.maximum is None:
            return found
        mirrored = clamped_step(signed(found, note="refunds"), self.minimum, self.maximum)
        return signed(mirrored, note="a negative sum is refunded")

    def _parts(self, state: PerRecordState) -> list[Step]:
        free = _free_records(self._fold, state)
        paid = self._fold.paid(state)
        parts = [nothing(_records(free, "free"))] if free else []
        if paid.records or paid.value:
            told = f"share of the value of {_records(paid.records)}"
            parts.append(_product([("value", paid.value), ("rate", self.rate)], told))
        for name, count, each in (
            ("fixed part of {}", paid.records, self.fixed_per_event),
            ("{} at the least amount", paid.at_minimum, self.min_per_event),
            ("{} at the greatest amount", paid.at_maximum, self.max_per_event),
        ):
            if count and each is not None and (each or count != paid.records):
                parts.append(_product([("records", Decimal(count)), ("each", each)], name.format(_records(count))))
        return parts


def _records(count: int, kind: str = "") -> str:
    told = "1 record" if count == 1 else f"{count} records"
    return f"{told} {kind}".rstrip()


def _product(inputs: list[tuple[str, Input]], note: str) -> Step:
    return Step.of("product", inputs, note=note)


def _bounded(amount: Exact, minimum: Decimal | None, maximum: Decimal | None) -> Exact:
    """Between the bounds; a refund between their opposites."""
    return clamped(amount, minimum, maximum) if amount >= ZERO else neg(clamped(neg(amount), minimum, maximum))


def _free_records(fold: PerRecord, state: PerRecordState) -> int:
    """How many records pay nothing: those that the free part reaches, less the one that crosses the free amount."""
    reached = total(value for _, _, _, value in state.first if value > ZERO)
    crossed = fold.free_amount is not None and reached > fold.free_amount
    return len(state.first) - (1 if crossed else 0)


def _percentage_faults(price: Percentage) -> list[Problem]:
    names = ("rate", "fixed_per_event", "free_events", "free_amount", "min_per_event", "max_per_event")
    found = negatives({name: getattr(price, name) for name in (*names, "minimum", "maximum")})
    free = price.free_events
    if free is not None and (free != free.to_integral_value() or free > _LARGEST):
        told = "records are counted in whole numbers below a billion; write free_events as one"
        found.append(Problem("free_events", "number.whole", told))
    found += clamp_faults(price.min_per_event, price.max_per_event, place="min_per_event")
    return found + clamp_faults(price.minimum, price.maximum)


class RateTier(Model, frozen=True):
    """
    One tier of rates: (bound of the tier before, up_to] of a running total of money.

    Attributes:
        up_to: the inclusive upper bound, above the one before; None for the open end.
        rate: the share of what lies inside, 0 or more: "0.029" is 2.9 %.
        flat_price: added once when the tier is entered, 0 or more.
    """

    up_to: OptionalAmount = default(None)
    rate: Amount
    flat_price: Amount = default(ZERO)


class GraduatedPercentage(BandPrice, frozen=True):
    """
    Rates by tier of the running money total: T(q) = the sum over entered tiers of rate x money inside + flat price.

    Attributes:
        tiers: at least one, bounds rising, the last open.
        flat_at_zero: the first tier is entered at 0 already, so that its flat price is due.

    >>> price = GraduatedPercentage(tiers=[RateTier(up_to=1000, rate="0.03"), RateTier(rate="0.02", flat_price="5")])
    >>> print(price.explain(1500))
    30 + 15 = 45
      tier 1 to 1000: 1000 x 0.03 = 30
      tier 2 above 1000: 500 x 0.02 + 5 = 15
    """

    model: Literal["graduated_percentage"] = default("graduated_percentage")
    tiers: Many[RateTier]

    @model_validator(mode="after")
    def _sound(self) -> GraduatedPercentage:
        refuse(_graduated_faults(self))
        return self

    def _rows(self) -> tuple[Band, ...]:
        lowers = [ZERO, *(tier.up_to or ZERO for tier in self.tiers)]
        return tuple(
            Band(number, lower, tier.up_to, tier.rate, flat=tier.flat_price)
            for number, (lower, tier) in enumerate(zip(lowers, self.tiers, strict=False), 1)
        )

    def _table_curve(self) -> Curve:
        return graduated_curve(self._bands, at_zero=self.flat_at_zero)

    def _table_step(self, q: Exact) -> Step:
        return graduated_step(self._bands, q)


def _graduated_faults(price: GraduatedPercentage) -> list[Problem]:
    found = bound_faults([tier.up_to for tier in price.tiers], "tiers", closed=price.closed)
    for index, tier in enumerate(price.tiers):
        path = f"tiers[{index}]"
        found += negatives({f"{path}.rate": tier.rate, f"{path}.flat_price": tier.flat_price})
    return found


class PercentOf(Price, frozen=True):
    """
    A share of other items' exact amounts: rate x their sum, not below minimum, then not above maximum.

    It reads their amounts after their own stages and before the discounts of the whole statement. The bounds hold also
    where the sum is 0.

    Attributes:
        items: the keys of the items, at least one, each once.
        rate: the share, 0 or more: "0.1" is 10 %.
        minimum: the least amount.
        maximum: the greatest amount.

    >>> price = PercentOf(items=["api", "storage"], rate="0.1", minimum="5")
    >>> usage = Usage.of(0, amounts={"api": Decimal(100), "storage": Decimal(20)})
    >>> print(price.price(usage).step.words())
    12, at least 5 = 12
      share of other items: 120 x 0.1 = 12
        100 + 20 = 120
          api: 100
          storage: 20
    """

    model: Literal["percent_of"] = default("percent_of")
    items: Many[Key]
    rate: Amount
    minimum: OptionalAmount = default(None)
    maximum: OptionalAmount = default(None)

    @model_validator(mode="after")
    def _sound(self) -> PercentOf:
        refuse(_percent_of_faults(self))
        return self

    def demand(self) -> Demand:
        """The amounts of the items."""
        return Demand(items=self.items)

    def _amounts(self, usage: Usage) -> list[Exact]:
        missing = [key for key in self.items if key not in usage.amounts]
        if missing:
            raise MismatchError(
                f"the amounts of {', '.join(missing)} are needed first; charge those items before this one",
                code="demand.missing",
            )
        return [usage.amounts[key] for key in self.items]

    def price(self, usage: Usage) -> Priced:
        """The share of the items' amounts."""
        amount = clamped(mul(total(self._amounts(usage)), self.rate), self.minimum, self.maximum)
        return Priced(amount or ZERO, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation of the amount."""
        read = zip(self.items, self._amounts(usage), strict=True)
        parts = [Step.of("given", [("value", amount)], note=key) for key, amount in read]
        base = summed(parts, none="")
        found = Step.of("scaled", [("factor", self.rate)], parts=[base], note="share of other items")
        return clamped_step(found, self.minimum, self.maximum)


def _percent_of_faults(price: PercentOf) -> list[Problem]:
    found = negatives({"rate": price.rate, "minimum": price.minimum, "maximum": price.maximum})
    if not price.items:
        found.append(Problem("items", "items.none", "a share of nothing; name at least one item"))
    for index, key in enumerate(price.items):
        if key in price.items[:index]:
            found.append(Problem(f"items[{index}]", "items.duplicate", f"{key!r} stands twice; remove one"))
    return found + clamp_faults(price.minimum, price.maximum)
