"""
The engine: measure, charge, settle, and the statement they lead to.
"""

from __future__ import annotations

from ._book import Book, resolve_all
from ._charge import charge
from ._charges import Charges
from ._difference import Difference
from ._evidence import Evidence, Left, Proof
from ._invoice import Invoice, InvoiceLine, invoice
from ._line import LineItem
from ._live import Live, live
from ._measure import measure
from ._rate import rate
from ._rerate import Adjustment, AdjustmentLine, postponed, rerate
from ._settle import settle
from ._sheet import Notice
from ._statement import Statement
from ._tally import Account, Rejection, Tally

__all__ = [
    "Account",
    "Adjustment",
    "AdjustmentLine",
    "Book",
    "Charges",
    "Difference",
    "Evidence",
    "Invoice",
    "InvoiceLine",
    "Left",
    "LineItem",
    "Live",
    "Notice",
    "Proof",
    "Rejection",
    "Statement",
    "Tally",
    "charge",
    "invoice",
    "live",
    "measure",
    "postponed",
    "rate",
    "rerate",
    "resolve_all",
    "settle",
]
