"""
A meter: which records it takes, what it makes of them, and in what unit it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .._model import Amount, Key, Many, Model, OptionalAmount, Whole, default, refuse
from .._numbers import DIGITS, ONE, PLACES, Exact, Rounding, div, mul, quantize
from ..errors import Problem
from ..records import UsageRecord
from ..steps import Step
from ._filters import AnyFilter, passes
from ._union import AnyAggregate

__all__ = ["Convert", "Meter"]


class Convert(Model, frozen=True):
    """
    From the unit that is recorded to the unit that is sold: bytes to gigabytes, seconds to hours.

    Formula: the aggregate's value times `multiply`, or over `divide`, then rounded once to `places` where a rounding is
    named. Without one the value stays exact.

    Attributes:
        multiply: above 0; this or `divide`.
        divide: above 0; this or `multiply`.
        rounding: a rounding rule, or `none`.
        places: decimals kept by the rounding, -30 to 24; negative rounds to tens, hundreds and so on.

    >>> Convert(divide=3600, rounding="up", places=2).apply(Decimal(5000))
    Decimal('1.39')
    """

    multiply: OptionalAmount = default(None)
    divide: OptionalAmount = default(None)
    rounding: Literal[Rounding, "none"] = default("none")
    places: Annotated[Whole, Field(ge=-DIGITS, le=PLACES)] = default(0)

    @model_validator(mode="after")
    def _check(self) -> Convert:
        return _check_convert(self)

    def apply(self, quantity: Exact) -> Exact:
        """The quantity in the unit that is sold."""
        found = quantity if self.divide is None else div(quantity, self.divide)
        if self.multiply is not None:
            found = mul(found, self.multiply)
        return found if self.rounding == "none" else quantize(found, self.places, self.rounding)

    def step(self, part: Step) -> Step:
        """The derivation of `apply`, from the step of the quantity."""
        factor = [("factor", self.multiply)] if self.multiply is not None else []
        divisor = [("divisor", self.divide)] if self.divide is not None else []
        found = Step.of("scaled", [*factor, *divisor], parts=[part])
        if self.rounding == "none":
            return found
        return Step.of("round", [("places", Decimal(self.places)), ("mode", self.rounding)], parts=[found])


def _check_convert(found: Convert) -> Convert:
    factors = (("multiply", found.multiply), ("divide", found.divide))
    given = [(name, value) for name, value in factors if value is not None]
    wrong = [
        Problem(name, "convert.positive", "a factor is above 0; write one that is")
        for name, value in given
        if value <= 0
    ]
    if len(given) != 1:
        wrong.append(Problem("", "convert.factor", "write either multiply or divide"))
    refuse(wrong)
    return found


class Meter(Model, frozen=True):
    """
    What is measured: the records of one event that pass all filters, aggregated to one quantity.

    Attributes:
        key: what items and tallies call it.
        event: the event of the records it takes.
        aggregate: how their values become one.
        where: filters; a record must pass them all.
        convert: from the recorded unit to the sold one; None where they are the same.
        unit: the name of the sold unit, for people; empty takes the key.
        step: the smallest quantity it can carry, above 0; what is cut to fit an allowance or a limit is a multiple.

    >>> meter = Meter(key="gb", event="egress", aggregate={"kind": "sum", "of": "bytes"}, convert=Convert(divide=10**9))
    >>> meter.quantity(Decimal(2_500_000_000))
    Decimal('2.5')
    """

    key: Key
    event: Key
    aggregate: AnyAggregate
    where: Many[AnyFilter] = default(())
    convert: Convert | None = default(None)
    unit: str = default("")
    step: Amount = default(ONE)

    @model_validator(mode="after")
    def _check(self) -> Meter:
        return _check_meter(self)

    def takes(self, properties: Mapping[str, Any]) -> bool:
        """Whether a record of its event with these properties is its to measure."""
        for each in self.where:  # noqa: SIM110 - this runs for every record, and all() takes twice as long
            if not each.matches(properties):
                return False
        return True

    @cached_property
    def compares(self) -> bool:
        """Whether a filter compares numbers, so that a record may be refused by `check`."""
        return any(each.compares() for each in self.where)

    def check(self, record: UsageRecord) -> None:
        """
        Refuse a record that it does not take just because a filter cannot read a number of it.

        Raises:
            RecordError: `record.number`.
        """
        passes(self.where, record)

    def reads(self) -> tuple[str, ...]:
        """Every property it reads, the aggregate's first, each once."""
        named = [*self.aggregate.reads(), *(name for each in self.where for name in each.reads())]
        return tuple(dict.fromkeys(named))

    def quantity(self, value: Exact) -> Exact:
        """The aggregate's value in the unit that is sold."""
        return value if self.convert is None else self.convert.apply(value)


def _check_meter(found: Meter) -> Meter:
    if found.step <= 0:
        refuse([Problem("step", "meter.step", "the smallest quantity is above 0; write one such as 1 or 0.001")])
    return found
