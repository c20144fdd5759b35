"""
Price models: what a quantity, or usage seen in more detail, costs.

Every model is data that is checked when it is built, tagged by its field `model`. All have `price(usage)`; those of the
quantity alone also `amount(q)`, `explain(q)` and `curve()`.
"""

from __future__ import annotations

from ._base import Price, Priced
from ._by_record import ByRecord, record_price
from ._credit import Credit
from ._dynamic import Dynamic, Multiplier
from ._flat import Flat, PerUnit
from ._hybrid import Allowance, FirstThen, Hybrid, UnitsOff, Weight, Weighted
from ._outcome import Guarantee, Outcome, SuccessFee
from ._package import Package
from ._percent import GraduatedPercentage, Percentage, PercentOf, RateTier
from ._select import Bracket, Brackets, Cell, Matrix, Window, Windows
from ._stairstep import Stair, Stairstep
from ._tiered import Graduated, Tier, Volume
from ._union import AnyPrice

__all__ = [
    "Allowance",
    "AnyPrice",
    "Bracket",
    "Brackets",
    "ByRecord",
    "Cell",
    "Credit",
    "Dynamic",
    "FirstThen",
    "Flat",
    "Graduated",
    "GraduatedPercentage",
    "Guarantee",
    "Hybrid",
    "Matrix",
    "Multiplier",
    "Outcome",
    "Package",
    "PerUnit",
    "PercentOf",
    "Percentage",
    "Price",
    "Priced",
    "RateTier",
    "Stair",
    "Stairstep",
    "SuccessFee",
    "Tier",
    "UnitsOff",
    "Volume",
    "Weight",
    "Weighted",
    "Window",
    "Windows",
    "record_price",
]
