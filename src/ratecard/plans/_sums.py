"""
Sums: a field that holds an amount of money, bare or one for each currency.

A bare amount is in the one currency that stands around it: that of its card, or the plan's only one. Where a plan has
cards in several, nothing says which of them is meant, so each is written: `{USD: "100", EUR: "95"}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from .._model import NUMBER_PATTERN, Amount, Pairs
from .._numbers import number, text
from ..errors import NumberError, Problem

__all__ = ["BARE", "OptionalSums", "Sums", "sum_in", "sums_problems"]

BARE = ""
"""The key of an amount that names no currency."""


def _summed(value: object) -> object:
    if isinstance(value, Mapping):
        return value
    try:
        return {BARE: number(value)}
    except NumberError as error:
        found = (Problem("", error.code, error.text),)
        raise PydanticCustomError("ratecard", "{told}", {"told": error.text, "problems": found}) from None


def _told(value: Pairs[Decimal]) -> object:
    told = {code: text(amount) for code, amount in value.items()}
    return told[BARE] if list(told) == [BARE] else told


if TYPE_CHECKING:

    class Sums:
        """An amount, or an amount for each currency."""

        def __get__(self, instance: object, owner: object = None) -> Pairs[Decimal]: ...
        def __set__(self, instance: object, value: Decimal | int | str | Mapping[str, Decimal | int | str]) -> None: ...

    class OptionalSums:
        """As `Sums`, or None."""

        def __get__(self, instance: object, owner: object = None) -> Pairs[Decimal] | None: ...
        def __set__(
            self, instance: object, value: Decimal | int | str | Mapping[str, Decimal | int | str] | None
        ) -> None: ...

else:
    _AMOUNT = {"type": "string", "pattern": NUMBER_PATTERN}
    Sums = Annotated[
        Pairs[Amount],
        BeforeValidator(_summed),
        PlainSerializer(_told),
        WithJsonSchema({"anyOf": [_AMOUNT, {"type": "object", "additionalProperties": _AMOUNT}]}),
    ]
    OptionalSums = Sums | None


def sum_in(sums: Pairs[Decimal], currency: str) -> Decimal | None:
    """The amount in a currency; None where there is none in it."""
    return sums.get(currency, sums.get(BARE))


def sums_problems(
    path: str, sums: Pairs[Decimal], currencies: Sequence[str], *, some: bool = False
) -> Iterator[Problem]:
    """
    What is wrong with a field of amounts where these currencies are in use.

    Args:
        path: the field's.
        sums: what it holds.
        currencies: those of the card or of the plan.
        some: whether it may leave some of them out.
    """
    for code, amount in sums.items():
        if amount < 0:
            yield Problem(f"{path}.{code}" if code else path, "amount.negative", "write an amount of 0 or more")
    if list(sums) == [BARE]:
        if len(currencies) > 1:
            example = ", ".join(f'{code}: "..."' for code in currencies[:3])
            words = f"the plan has cards in several currencies; write an amount for each: {{{example}}}"
            yield Problem(path, "amount.currency", words)
        return
    missing = [] if some else [code for code in currencies if code not in sums]
    unknown = [code for code in cast("Mapping[str, object]", sums) if code not in currencies]
    if missing:
        yield Problem(path, "amount.currency", f"no amount in {', '.join(missing)}; add it")
    if unknown or not sums:
        words = (
            f"{', '.join(code[:40] or 'an amount without currency' for code in unknown) or 'nothing'} does not fit here"
        )
        yield Problem(path, "amount.currency", f"{words}; use {', '.join(currencies)}")
