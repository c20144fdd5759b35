"""
What if: questions about prices that are answered by the code that makes the bill.
"""

from __future__ import annotations

from ._estimate import Expected, estimate
from ._taken import Taken
from ._worst import Unbounded, WorstBill, worst_bill

__all__ = ["Expected", "Taken", "Unbounded", "WorstBill", "estimate", "worst_bill"]
