"""
The price of results: what is paid for each, what takes part in their value, and what a guarantee gives back.

Which records are results, and when they are billable, says the meter (`meters.Outcomes`); the price says in words what
was promised, and what one costs. No result costs 0, whatever else the price says.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import StringConstraints, ValidationError, model_validator

from .._model import Amount, Many, Model, OptionalAmount, default, refuse
from .._numbers import ONE, ZERO, Exact, Ratio, add, mul, number, sign, sub, text
from .._problems import problems
from ..curve import Curve
from ..errors import MismatchError, Problem
from ..quantity import Results, Usage
from ..steps import Input, Step, clamped
from ._bands import clamp_faults, clamped_curve, clamped_step
from ._base import Asked, Priced, QuantityPrice, negatives, nothing
from ._flat import PerUnit
from ._tiered import Graduated, Tier

__all__ = ["Guarantee", "Outcome", "SuccessFee"]


class SuccessFee(Model, frozen=True):
    """
    A fee for each outcome of a period whose success rate is high enough.

    Attributes:
        at_least: the least success rate, 0 to 1; inclusive.
        fee: the price of one outcome, 0 or more.
    """

    at_least: Amount
    fee: Amount


class Guarantee(Model, frozen=True):
    """
    A part of the period's amount that is given back when a promise was not kept.

    Attributes:
        of: `success`, the share of the decided subjects that were a success; or `level`, the share of the outcomes that
            kept the service level.
        below: given back when that share is below this, above 0 and up to 1.
        credit: the part that is given back, above 0 and up to 1.
    """

    of: Literal["success", "level"] = default("success")
    below: Amount
    credit: Amount


class Outcome(Asked, frozen=True):
    """
    Pay for results: T = fee x outcomes, by tiers of their number, by success rate, or shares of their values.

    One of `fee`, `tiers`, `fees` and `rate` says what outcomes cost. With `rate` each costs rate x (value - baseline),
    not below `floor`, then not above `ceiling`; one that is worth no more than the baseline costs 0. The whole is at
    most `maximum`. A guarantee that was not kept takes its part off; of several the greatest. T(0) = 0.

    Only the outermost price of an item can be one, and its meter aggregates `meters.Outcomes`.

    Attributes:
        definition: what was promised, in words; it stands on every line with its digest.
        fee: the price of one outcome, 0 or more.
        tiers: prices by the number of outcomes in the period, each tier prices those inside it.
        fees: the price of one outcome by the period's success rate, rates rising from 0.
        rate: the share of the value above the baseline, 0 to 1: "0.2" is 20 %.
        baseline: what an outcome is worth without the seller.
        floor: the least amount of an outcome that is worth more than the baseline; at most `ceiling` and `maximum`.
        ceiling: the greatest amount of one outcome.
        maximum: the greatest amount of a period.
        guarantees: what is given back when a promise was not kept.

    >>> Outcome(definition="A conversation solved without a person.", fee="0.99").amount(12)
    Decimal('11.88')
    >>> price = Outcome(definition="A dispute won.", rate="0.2", baseline="50", ceiling="100")
    >>> [price.worth(Decimal(value)) for value in (40, 250, 9000)]
    [Decimal('0'), Decimal('40.0'), Decimal('100')]
    >>> price.price(Usage.of(3, results=Results(worth=Decimal(140)))).amount
    Decimal('140')
    >>> promised = Outcome(definition="Solved.", fee="2", guarantees=[Guarantee(below="0.9", credit="0.25")])
    >>> print(promised.price(Usage.of(80, results=Results(failed=20))).step.words())
    success rate 0.8 is below the guaranteed 0.9, 0.25 is given back: 160 x 0.75 = 120
      80 x 2 = 160
      success rate, 20 failed: 80 per 100 = 0.8
    """

    model: Literal["outcome"] = default("outcome")
    definition: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    fee: OptionalAmount = default(None)
    tiers: Many[Tier] = default(())
    fees: Many[SuccessFee] = default(())
    rate: OptionalAmount = default(None)
    baseline: Amount = default(ZERO)
    floor: OptionalAmount = default(None)
    ceiling: OptionalAmount = default(None)
    maximum: OptionalAmount = default(None)
    guarantees: Many[Guarantee] = default(())

    @model_validator(mode="after")
    def _sound(self) -> Outcome:
        refuse(_faults(self))
        return self

    @property
    def reads_success(self) -> bool:
        """Whether it reads how many subjects were no success."""
        return bool(self.fees) or any(each.of == "success" for each in self.guarantees)

    @property
    def reads_level(self) -> bool:
        """Whether it reads how many outcomes kept the service level."""
        return any(each.of == "level" for each in self.guarantees)

    def outermost(self) -> str:
        """Why this price cannot be a part of another."""
        return "outcomes are billed, reversed and carried by their own item"

    def uncurved(self) -> str:
        """Why there is no curve: more than the number of outcomes decides; empty when there is one."""
        if self.rate is not None:
            return "outcome reads the values of outcomes"
        return "outcome reads what failed as well" if self.fees or self.guarantees else ""

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        # Results have no share of time: what is confirmed is owed whole.
        return self._counted

    @cached_property
    def _counted(self) -> Curve:
        base = self._base
        assert base is not None
        return clamped_curve(base.curve(), None, self.maximum, at_zero=False)

    @cached_property
    def _base(self) -> QuantityPrice | None:
        """The price of so many outcomes, where their number alone decides it."""
        if self.tiers:
            return Graduated(tiers=self.tiers)
        return None if self.fee is None else PerUnit(unit_price=self.fee)

    def worth(self, value: Exact | int | str) -> Exact:
        """
        What one outcome of a value costs; only for a price by value.

        Raises:
            NumberError: the value is not a number of the grammar.
            MismatchError: `outcome.value`, for a price that is no share of a value.
        """
        return self.worth_step(value if isinstance(value, Decimal | Ratio) else number(value)).result

    def worth_step(self, value: Exact) -> Step:
        """The derivation of `worth`."""
        if self.rate is None:
            raise MismatchError(
                "this price is no share of a value, so no value has an amount; ask amount(count), or add rate",
                code="outcome.value",
            )
        if value <= self.baseline:
            return nothing(f"worth {text(value)}, no more than the baseline")
        excess = sub(value, self.baseline)
        facts: list[tuple[str, Input]] = [("value", excess), ("rate", self.rate)]
        facts += [] if self.floor is None else [("minimum", self.floor)]
        facts += [] if self.ceiling is None else [("maximum", self.ceiling)]
        return Step.of("percentage", facts, note=f"worth {text(value)}, {text(self.baseline)} less")

    def price(self, usage: Usage) -> Priced:
        """The amount of so many outcomes, with its derivation."""
        q = usage.total if usage.total > ZERO else ZERO
        if self.has_curve:
            return Priced(self._counted.amount(q), lambda: self.step(usage))
        results = _results(usage)
        if q == ZERO:
            return Priced(ZERO, lambda: self.step(usage))
        if self.rate is not None:
            amount: Exact = results.worth
        elif self.fees:
            amount = mul(self._fee(results, q).fee, q)
        else:
            assert self._base is not None
            amount = self._base.amount(q)
        amount = clamped(amount, None, self.maximum)
        broken = self._broken(results, q)
        return Priced(amount if broken is None else mul(amount, sub(ONE, broken.credit)), lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation of the amount, walked through the fields of the model."""
        q = usage.total
        if q <= ZERO:
            return nothing("no outcome, no fee")
        results = Results() if self.has_curve else _results(usage)
        found = clamped_step(self._counted_step(results, q), None, self.maximum)
        broken = self._broken(results, q)
        if broken is None:
            return found
        name, share = ("success rate", results.success(q)) if broken.of == "success" else ("level", results.level(q))
        note = f"{name} {text(share)} is below the guaranteed {text(broken.below)}, {text(broken.credit)} is given back"
        parts = [found, *_share_step(results, q, broken.of)]
        return Step.of("scaled", [("factor", sub(ONE, broken.credit))], parts=parts, note=note)

    def _counted_step(self, results: Results, q: Exact) -> Step:
        if self.rate is not None:
            if results.derive is not None:
                return results.derive()
            return Step.of("given", [("value", results.worth)], note="the shares of the outcomes' values")
        if self.fees:
            held = self._fee(results, q)
            note = f"success rate {text(results.success(q))}, at least {text(held.at_least)}"
            parts = _share_step(results, q, "success")
            return Step.of("product", [("outcomes", q), ("fee", held.fee)], parts=parts, note=note)
        assert self._base is not None
        return self._base.step(Usage(q))

    def _fee(self, results: Results, q: Exact) -> SuccessFee:
        """The fee for the period's success rate; the first holds from 0 on."""
        success = results.success(q)
        return [each for each in self.fees if each.at_least <= success][-1]

    def _broken(self, results: Results, q: Exact) -> Guarantee | None:
        """The guarantee that gives most back of those that were not kept."""
        shares = {"success": results.success(q), "level": results.level(q)}
        broken = [each for each in self.guarantees if shares[each.of] < each.below]
        return max(broken, key=lambda each: each.credit, default=None)


def _results(usage: Usage) -> Results:
    if usage.results is None:
        raise MismatchError(
            "this price reads more of outcomes than their number; give Usage.of(..., results=Results(...)), or measure "
            "records with meters.Outcomes",
            code="demand.missing",
        )
    return usage.results


def _share_step(results: Results, q: Exact, of: str) -> list[Step]:
    """How a share comes about, so that who reads the line can count it again; none where there is nothing to count."""
    standing = q if results.standing is None else results.standing
    if of == "level":
        part = standing if results.kept is None else results.kept
        whole, name, note = standing, "kept", "level, of all outcomes"
    else:
        part, whole = standing, add(standing, Decimal(results.failed))
        name, note = "outcomes", f"success rate, {results.failed} failed"
    return [Step.of("product", [(name, part), ("per", whole)], note=note)] if sign(whole) else []


def _faults(price: Outcome) -> list[Problem]:
    amounts = {name: getattr(price, name) for name in ("fee", "rate", "floor", "ceiling", "maximum")}
    found = negatives(amounts)
    ways = [name for name in ("fee", "tiers", "fees", "rate") if getattr(price, name) not in (None, ())]
    if len(ways) != 1:
        words = "say in one way what an outcome costs: fee, tiers, fees or rate"
        found.append(Problem("", "outcome.way", words))
    if price.rate is None:
        words = "only a share of a value has it; add rate, or leave it out"
        held = (("baseline", price.baseline or None), ("floor", price.floor), ("ceiling", price.ceiling))
        found += [Problem(name, "outcome.value", words) for name, value in held if value is not None]
    elif price.rate > ONE:
        words = f"{text(price.rate)} would be more than the value itself; write 20 % as 0.2"
        found.append(Problem("rate", "outcome.rate", words))
    # Of the bounds above it, the lowest is the one to name.
    above = [each for each in (price.ceiling, price.maximum) if each is not None]
    found += clamp_faults(price.floor, min(above, default=None), place="floor")
    if price.tiers:
        try:
            Graduated(tiers=price.tiers)
        except ValidationError as error:
            found += problems(error)
    return found + _fee_faults(price) + _guarantee_faults(price)


def _fee_faults(price: Outcome) -> list[Problem]:
    found: list[Problem] = []
    highest = Decimal(-1)
    for index, each in enumerate(price.fees):
        path = f"fees[{index}]"
        found += negatives({f"{path}.fee": each.fee})
        if not ZERO <= each.at_least <= ONE:
            words = "a success rate is from 0 to 1, 0.9 for 90 %; write one"
            found.append(Problem(f"{path}.at_least", "outcome.share", words))
        elif index == 0 and each.at_least != ZERO:
            words = "nothing has a price below this rate; let the first begin at 0"
            found.append(Problem(f"{path}.at_least", "outcome.order", words))
        elif each.at_least <= highest:
            words = "success rates rise; put them in rising order, each once"
            found.append(Problem(f"{path}.at_least", "outcome.order", words))
        highest = max(highest, each.at_least)
    return found


def _guarantee_faults(price: Outcome) -> list[Problem]:
    words = "a share above 0 and up to 1, 0.9 for 90 %; write one"
    return [
        Problem(f"guarantees[{index}].{name}", "outcome.share", words)
        for index, each in enumerate(price.guarantees)
        for name, value in (("below", each.below), ("credit", each.credit))
        if not ZERO < value <= ONE
    ]
