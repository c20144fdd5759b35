"""
What if: questions about prices that are answered by the code that makes the bill.
"""

from __future__ import annotations

from ._estimate import Expected, estimate

__all__ = ["Expected", "estimate"]
