"""
The kinds of lines, and which stage makes which.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["CHARGES", "MAKES", "TAXES", "Kind"]

Kind: TypeAlias = Literal[
    "usage",
    "fee",
    "reversal",
    "trial",
    "discount",
    "coupon",
    "maximum",
    "minimum",
    "commitment",
    "overage",
    "prepaid",
    "tax",
    "included_tax",
    "credits",
]
"""What a line is: usage or a fee, a reversal of outcomes billed before, or what a stage across lines made."""

CHARGES: tuple[Kind, ...] = ("usage", "fee")
"""The kinds of lines that an item's price made."""

TAXES: tuple[Kind, ...] = ("tax", "included_tax")
"""The kinds of lines that are taxes: on top of what they are of, and held in it."""

MAKES: dict[str, tuple[Kind, ...]] = {
    "trial": ("trial",),
    "percent_discounts": ("discount", "coupon"),
    "amount_discounts": ("discount", "coupon"),
    "discounts": ("discount", "coupon"),
    "maximum": ("maximum",),
    "minimum": ("overage", "commitment", "minimum"),
    "prepaid": ("prepaid",),
    "tax": TAXES,
}
"""What lines each stage of a statement makes; the trial comes before all that an order names."""
