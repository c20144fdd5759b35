"""
Gaps: whether some usage may have no price, so that a record has to be priced before it is counted.
"""

from __future__ import annotations

from ..plans import Terms
from ..prices import Credit, Matrix, Price, Weighted, Windows

__all__ = ["has_gaps"]


def has_gaps(terms: Terms) -> bool:
    """Whether usage may come for which the terms have no price: it is refused then, never free."""
    return any(_gap(piece.price) for service in terms.services for piece in service.pieces)


def _gap(price: Price) -> bool:
    if isinstance(price, Matrix | Windows):
        open_ended = price.default is not None
    elif isinstance(price, Weighted):
        open_ended = price.default_factor is not None
    else:
        # What credits do not cover may have no price; a closed table ends.
        open_ended = not isinstance(price, Credit) and not getattr(price, "closed", False)
    return not open_ended or any(map(_gap, price.children()))
