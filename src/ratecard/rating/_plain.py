"""
What statements, invoices and adjustments write and read beside their lines: a currency, and money that is owed back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._numbers import exact, text
from ..credits import Due
from ..money import Currency

__all__ = ["currency_of", "read_refunds", "refunds_in_words", "shown_refunds"]


def shown_refunds(refunds: Sequence[Due]) -> dict[str, list[list[object]]]:
    """Money that is owed back, as plain data; nothing where there is none."""
    told: list[list[object]] = [[str(each.currency), each.currency.places, text(each.amount)] for each in refunds]
    return {"refunds": told} if told else {}


def read_refunds(told: Mapping[str, Any]) -> tuple[Due, ...]:
    """Read back what `shown_refunds` wrote."""
    return tuple(Due(exact(amount), currency_of(code, places)) for code, places, amount in told.get("refunds", ()))


def refunds_in_words(refunds: Sequence[Due]) -> list[str]:
    """A line for each."""
    return [f"owed back for credits: {text(each.amount)} {each.currency}" for each in refunds]


def currency_of(code: str, places: int) -> Currency:
    """The currency as the statement counted it."""
    if code not in Currency.codes():
        return Currency.custom(code, places=places)
    found = Currency.of(code)
    return found if found.places == places else Currency.of(code, profile="stripe")
