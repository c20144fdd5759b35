"""
What the lines of a price are about: named by their item, group and start, due with their service.
"""

from __future__ import annotations

from datetime import datetime

from ..plans import Piece, Service, Terms
from ._line import LineHead
from ._line_key import Group, line_name

__all__ = ["line_head"]


def line_head(terms: Terms, service: Service, piece: Piece, group: Group) -> LineHead:
    """What a line of a piece is about."""
    item = piece.item
    return LineHead(
        f"{line_name(item.key, group)}{piece.tail}",
        item=item.key,
        name=item.label,
        group=group,
        unit=_unit(service),
        currency=terms.currency,
        period=piece.period,
        due=_due(service, piece),
        version=piece.version,
        mode=terms.plan.rounding,
        kind="fee" if service.meter is None else "usage",
    )


def _unit(service: Service) -> str:
    meter = service.meter
    return "" if meter is None else meter.unit or meter.key


def _due(service: Service, piece: Piece) -> datetime:
    """A piece in advance is due at its start; in arrears with its service."""
    assert service.due is not None
    return piece.start if piece.item.bill == "advance" else service.due
