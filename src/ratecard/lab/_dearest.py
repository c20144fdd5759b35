"""
Where a price is dearest: the quantities at which the bill may be greatest, and the cell that all usage goes to.

Amounts are asked of the price's own curve. What a curve does not tell is said in words, with what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice

from .._numbers import CONTEXT, PLACES, ZERO, Exact, quantize
from ..curve import Curve, Piece
from ..errors import NumberError
from ..meters import Level, Outcomes, Peak
from ..plans import Service
from ..prices import Brackets, Matrix, PercentOf, Price, Windows

__all__ = ["dearest_cell", "levels_off", "rises", "turns", "unknown"]

_PIECES_MAX = 10_000
_LEAST = CONTEXT.scaleb(Decimal(1), -PLACES)


def unknown(service: Service, *, counters: int) -> str:
    """
    Why the most that a service can cost is not known from its quantity; empty where it is.

    Args:
        service: one item's service.
        counters: into how many stretches with prices of their own the period is cut.
    """
    piece = service.pieces[0]
    if len(service.pieces) > 1 or counters > 1:
        return "its price or its credits change inside the period; ask for a period without a change"
    if service.meter is not None and isinstance(service.meter.aggregate, Level | Peak | Outcomes):
        return "levels and outcomes are not asked for by quantity; put a cap on its spend"
    if piece.item.each:
        return "every group has a line and tiers of its own, and there may be any number of groups; leave out each"
    if piece.price.demand().folds:
        return "each record has a price of its own, which the quantity does not tell; put a cap on its spend"
    if piece.item.tiers == "prorate" or _below(piece.price):
        return "what it costs may be below 0; put a cap on its spend"
    chosen = isinstance(piece.price, Matrix | Windows | Brackets)
    if piece.price.demand().axes and (not chosen or piece.item.round_quantity is not None):
        return "usage of several kinds is priced together, or rounded by kind; put a cap on its spend"
    return ""


def rises(price: Price) -> bool:
    """Whether more usage never costs less; where that is not known, no."""
    if price.has_curve:
        curve = price.curve()
        try:
            return curve.monotone or not curve.cliffs()
        except NumberError:
            return False
    return isinstance(price, PercentOf) or (bool(price.children()) and all(rises(each) for each in price.children()))


def _below(price: Price) -> bool:
    """Whether less usage than none may cost more than none; where that is not known, yes."""
    if not price.has_curve:
        return any(_below(each) for each in price.children())
    curve = price.curve()
    if curve.amount(ZERO) < 0:
        return True
    if curve.monotone or not _refunds(price):
        return False
    pieces = _pieces(curve, None)
    return pieces is None or any(piece.rate < 0 or piece.start < 0 for piece in pieces)


def _refunds(price: Price) -> bool:
    return getattr(price, "refunds", False) or any(_refunds(each) for each in price.children())


def _pieces(curve: Curve, end: Decimal | None) -> list[Piece] | None:
    """The pieces up to a quantity; None where they are too many."""
    found = list(islice(curve.pieces(ZERO, end), _PIECES_MAX + 1))
    return found if len(found) <= _PIECES_MAX else None


def levels_off(price: Price) -> Exact | None:
    """From which quantity on a price stays as it is; None where it goes on rising, or that is not known."""
    if not price.has_curve or price.curve().endless:
        return None
    pieces = _pieces(price.curve(), None)
    return pieces[-1].lower if pieces and not pieces[-1].rate else None


def turns(price: Price, most: Decimal) -> list[Decimal] | None:
    """
    The quantities up to a largest one of which one is the dearest; None where that is not known.

    That is at an end of a piece, or right beside it where the end is another piece's.
    """
    pieces = _pieces(price.curve(), most) if price.has_curve else None
    if pieces is None:
        return None
    found = {ZERO, most}
    for piece in pieces:
        assert piece.upper is not None
        first, last = quantize(piece.lower, PLACES, "ceiling"), quantize(piece.upper, PLACES, "floor")
        if piece.closed in ("right", "neither") and first == piece.lower:
            first = CONTEXT.add(first, _LEAST)
        if piece.closed in ("left", "neither") and last == piece.upper:
            last = CONTEXT.subtract(last, _LEAST)
        found |= {each for each in (first, last) if 0 <= each <= most}
    return sorted(found)


def dearest_cell(price: Matrix | Windows | Brackets, most: Decimal) -> Price | None:
    """
    The price of the cell that all usage costs most in; None where spreading it over several may cost more.

    A price that begins at 0, without jumps, and each unit of which costs no less than the one before, gains nothing
    from being spread.
    """
    found: Price | None = None
    for each in price.children():
        if not each.has_curve or not _gathers(each.curve(), most):
            return None
        if found is None or each.curve().amount(most) > found.curve().amount(most):
            found = each
    return found


def _gathers(curve: Curve, most: Decimal) -> bool:
    pieces: Sequence[Piece] | None = _pieces(curve, most)
    if pieces is None or curve.amount(ZERO):
        return False
    reached: Exact = ZERO
    rate: Exact = ZERO
    for piece in pieces:
        if piece.start != reached or piece.rate < rate or piece.upper is None:
            return False
        reached, rate = piece.amount(piece.upper), piece.rate
    return True
