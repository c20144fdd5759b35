"""
The engine: measure, charge, settle, and the statement they lead to.
"""

from __future__ import annotations

from ._book import Book, resolve_all
from ._charge import Charges, charge
from ._line import LineItem
from ._measure import measure
from ._rate import rate
from ._settle import settle
from ._sheet import Notice
from ._statement import Difference, Statement
from ._tally import Account, Rejection, Tally

__all__ = [
    "Account",
    "Book",
    "Charges",
    "Difference",
    "LineItem",
    "Notice",
    "Rejection",
    "Statement",
    "Tally",
    "charge",
    "measure",
    "rate",
    "resolve_all",
    "settle",
]
