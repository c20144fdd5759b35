"""
What every price model is: fields and checks, an amount for usage, and a walk that derives the same amount step by step.

The rules:

1. A price is pure. The same usage gives the same amount, exactly; nothing is rounded here.
2. Amounts of prices that depend on the quantity alone come from their curve. Steps come from the model's own walk
   through its fields, never from the curve, so that one can be held against the other.
3. A negative quantity costs 0, or with `refunds` minus what the positive one costs. Prices made of others leave that to
   those, with all of it: an allowance takes no free units from what is given back.
4. Prices nest, at most 16 deep and 1,000 in all; more is refused when the price is built.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property

from pydantic import model_validator

from .._model import DEPTH, Model, check_depth, default, refuse
from .._numbers import ONE, ZERO, Exact, Ratio, mul, neg, text
from ..curve import Curve
from ..demand import Demand
from ..errors import DefinitionError, MismatchError, Problem
from ..quantity import Usage
from ..steps import Step

__all__ = [
    "Composite",
    "Nest",
    "Price",
    "Priced",
    "QuantityPrice",
    "TablePrice",
    "curve_faults",
    "listed",
    "negatives",
    "noted",
    "nothing",
    "shared",
    "signed",
    "summed",
]

PARTS = 1000
# The models that can only stand outermost, each with the code that says so.
_NESTED = {"allowance": "allowance.nested", "credit": "credit.nested", "outcome": "outcome.nested"}
_MINUS = Decimal(-1)


class Priced:
    """
    What a price makes of usage.

    Attributes:
        amount: the amount, exact.
    """

    __slots__ = ("_step", "_walk", "amount")

    _step: Step

    def __init__(self, amount: Exact, walk: Callable[[], Step]) -> None:
        self.amount = amount
        self._walk = walk

    @property
    def step(self) -> Step:
        """How the amount comes about; derived when it is first read."""
        try:
            return self._step
        except AttributeError:
            self._step = self._walk()
            return self._step

    def __repr__(self) -> str:
        return f"<Priced {text(self.amount)}>"


class Price(Model, frozen=True):
    """The parent of all price models; the field `model` says which one it is."""

    model: str

    @abstractmethod
    def price(self, usage: Usage) -> Priced:
        """
        The amount for usage, with its derivation.

        Raises:
            MismatchError: `demand.missing` when the usage was measured without something that this price reads.
            NoPriceError: the price says nothing about some of the usage.
        """

    @abstractmethod
    def step(self, usage: Usage) -> Step:
        """The derivation of the amount, walked through the fields of the model."""

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The prices this one is made of, each with its path."""
        return ()

    def children(self) -> tuple[Price, ...]:
        """The prices this one is made of."""
        return tuple(part for _, part in self.parts())

    def demand(self) -> Demand:
        """What this price, with all it is made of, must see of usage beyond the total."""
        found = Demand()
        for child in self.children():
            found = found | child.demand()
        return found

    @property
    def has_curve(self) -> bool:
        """Whether the amount depends on the quantity alone, so that `curve` gives it as a function."""
        return not self.uncurved()

    def curve(self, *, share: Exact = ONE, licensed: bool = False) -> Curve:
        """
        The price as an exact function of the quantity.

        Args:
            share: the share of a full period that is served; flat fees are multiplied by it unless they say otherwise.
            licensed: the quantity comes from the subscription; then the whole price is multiplied by `share`.

        Raises:
            MismatchError: `price.curve` when the amount depends on more than the quantity.
        """
        return self._curve(share, licensed) if self.has_curve else Price._curve(self, share, licensed)

    def explain(self, q: Decimal | int | str | Ratio) -> str:
        """How the amount for a quantity comes about, in words, each line checkable with a pencil."""
        return self.price(Usage.of(q)).step.words()

    def uncurved(self) -> str:
        """Why there is no curve; empty when there is one."""
        return f"{self.model} reads more than the quantity"

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        """The curve where there is one; here the refusal where there is none."""
        told = f"this price has no curve: {self.uncurved()}; use price(usage) in its place"
        raise MismatchError(told, code="price.curve")

    def outermost(self) -> str:
        """Why this price cannot be a part of another; empty when it can."""
        return ""


class Asked(Price, frozen=True):
    """A price that can be asked for the amount of a plain quantity."""

    def amount(self, q: Decimal | int | str | Ratio) -> Exact:
        """
        The exact amount for a quantity.

        Raises:
            NumberError: the quantity is not a number of the grammar.
            MismatchError: `demand.missing` when the price must see more than the quantity.
        """
        return self.price(Usage.of(q)).amount


class QuantityPrice(Asked, frozen=True):
    """
    A price of the quantity alone, with arithmetic of its own.

    Attributes:
        refunds: a negative quantity costs minus what the positive one costs; else it costs 0.
    """

    refunds: bool = default(False)

    def price(self, usage: Usage) -> Priced:
        """The amount for usage, with its derivation; the quantity alone decides."""
        q = usage.total
        if q >= ZERO:
            amount = self._whole.amount(q)
        elif self.refunds:
            amount = neg(self._whole.amount(neg(q)))
        else:
            amount = ZERO
        if usage.licensed:
            amount = mul(amount, usage.share)
        return Priced(amount, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation of the amount, walked through the fields of the model."""
        q = usage.total
        if q >= ZERO:
            found = self._walk(q)
        elif self.refunds:
            found = signed(self._walk(neg(q)), note="a negative quantity is refunded")
        else:
            found = nothing("a negative quantity costs nothing")
        return shared(found, usage.share) if usage.licensed else found

    @cached_property
    def _whole(self) -> Curve:
        return self._drawn()

    @abstractmethod
    def _drawn(self) -> Curve:
        """The curve for a whole period."""

    @abstractmethod
    def _walk(self, q: Exact) -> Step:
        """The derivation for a quantity of 0 or more in a whole period."""

    def uncurved(self) -> str:
        """Why there is no curve: there is one."""
        return ""

    def _curve(self, share: Exact, licensed: bool) -> Curve:
        return self._whole.scale(share) if licensed and share != ONE else self._whole


class TablePrice(QuantityPrice, frozen=True):
    """
    A quantity price by a table of bounds.

    Attributes:
        closed: the table ends with a bound, and a larger quantity is refused; such a price has no curve.
    """

    closed: bool = default(False)

    def price(self, usage: Usage) -> Priced:
        """The amount for usage, with its derivation; refused beyond the end of a closed table."""
        if self.closed:
            q = usage.total
            self._within(q if q >= ZERO else neg(q) if self.refunds else ZERO)
        return super().price(usage)

    @abstractmethod
    def _within(self, q: Exact) -> None:
        """Refuse a quantity beyond the last bound."""

    def uncurved(self) -> str:
        """Why there is no curve: a closed table ends; empty when there is one."""
        return "its table ends with a bound, beyond which there is no price" if self.closed else ""


class Nest(Price, frozen=True):
    """A price that holds other prices."""

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, data: object) -> object:
        return _not_deep(data)

    @model_validator(mode="after")
    def _sound(self) -> Nest:
        refuse(_faults(self))
        return self

    @abstractmethod
    def problems(self) -> list[Problem]:
        """What is wrong with the model's own fields."""


class Composite(Nest, Asked, frozen=True):
    """A price made of other prices for the same quantity."""

    def _handed(self, price: Price, usage: Usage) -> Usage:
        """What a part sees: where the total suffices, that alone; units rolled in or allotted are for a whole item."""
        return usage if price.uncurved() else usage.with_total(usage.total)

    def price(self, usage: Usage) -> Priced:
        """The amount for usage, with its derivation."""
        whole = self._whole
        if whole is not None and usage.total >= ZERO and usage.share == ONE:
            amount = whole.amount(usage.total) if not usage.licensed else self._licensed.amount(usage.total)
        else:
            amount = self._amount(usage)
        return Priced(amount, lambda: self.step(usage))

    @abstractmethod
    def _amount(self, usage: Usage) -> Exact:
        """The amount from those of the parts."""

    @cached_property
    def _whole(self) -> Curve | None:
        return self.curve() if self.has_curve else None

    @cached_property
    def _licensed(self) -> Curve:
        return self.curve(licensed=True)

    @cached_property
    def _reason(self) -> str:
        return next((found for found in (child.uncurved() for child in self.children()) if found), "")

    def uncurved(self) -> str:
        """Why there is no curve: the reason of the first part without one; empty when there is one."""
        return self._reason


def curve_faults(price: Price, path: str) -> list[Problem]:
    """The problem that a part's amount depends on more than the quantity, where the quantity alone can be handed on."""
    reason = price.uncurved()
    if not reason:
        return []
    told = f"only a price that depends on the quantity alone can stand here, and {reason}; use another model"
    return [Problem(path, "price.curve", told)]


def negatives(fields: Mapping[str, Exact | None]) -> list[Problem]:
    """The problems of fields that must be 0 or more, by path."""
    return [
        Problem(path, "price.negative", f"{text(value)} is below 0; write 0 or more")
        for path, value in fields.items()
        if value is not None and value < ZERO
    ]


def _faults(price: Nest) -> list[Problem]:
    """What is wrong with the nest: too deep, too many, or a part that can only stand outermost."""
    found = price.problems()
    count = deepest = 0
    for _, depth in _nest(price):
        count += 1
        deepest = max(deepest, depth)
        # What was built without checks may be of any size, so the walk ends where the answer is known.
        if deepest > DEPTH or count > PARTS:
            break
    if deepest > DEPTH:
        found.append(Problem("", "depth", f"prices are nested more than {DEPTH} deep; write it flatter"))
    elif count > PARTS:
        found.append(Problem("", "depth", f"more than {PARTS} prices in one; split it into several items"))
    for path, part in price.parts():
        reason = part.outermost()
        if reason:
            found.append(Problem(path, _NESTED[part.model], f"{reason}; make it the outermost price"))
    return found


def _nest(price: Price) -> Iterator[tuple[Price, int]]:
    """The price and all it is made of, each with its depth, without recursion."""
    stack = [(price, 1)]
    while stack:
        held, depth = stack.pop()
        yield held, depth
        stack.extend((child, depth + 1) for child in held.children())


def _not_deep(data: object) -> object:
    """Plain data too deep for anything recursive is refused before it is read; the exact limit is tested later."""
    found: Sequence[Problem] = ()
    try:
        check_depth(data, limit=2 * DEPTH)
    except DefinitionError as error:
        found = error.problems
    refuse(found)
    return data


def nothing(note: str) -> Step:
    """An amount of 0, with its reason."""
    return Step.of("given", [("value", ZERO)], note=note)


def shared(step: Step, share: Exact) -> Step:
    """A step times the share of the period that is served."""
    return step if share == ONE else Step.of("scaled", [("factor", share)], parts=[step], note="share of the period")


def signed(step: Step, *, note: str) -> Step:
    """A step with the other sign."""
    return Step.of("scaled", [("factor", _MINUS)], parts=[step], note=note)


def noted(step: Step, note: str) -> Step:
    """The same step, with what it is about said first."""
    told = f"{note}, {step.note}" if step.note else note
    return Step(step.rule, step.inputs, step.result, parts=step.parts, note=told)


def summed(parts: list[Step], *, none: str) -> Step:
    """The sum of steps; a single one stands for itself."""
    if not parts:
        return nothing(none)
    return parts[0] if len(parts) == 1 else Step.of("sum", parts=parts)


def listed(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Names with their values, as text: `region=eu, size=large`."""
    return ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
