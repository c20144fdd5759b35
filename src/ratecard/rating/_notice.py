"""
Notices: what a statement tells beside its lines.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from .._numbers import text
from .._visible import visible
from ..credits import Holding, Lot
from ..records import show_time
from ._wants import Want

__all__ = ["Notice", "differing", "ended"]


class Notice:
    """
    What a statement tells beside its lines, such as a coupon that was not used, and why.

    Attributes:
        code: stable, such as `coupon.exhausted`.
        key: what it is about.
        text: in words.
    """

    __slots__ = ("code", "key", "text")

    def __init__(self, code: str, key: str, text: str) -> None:
        self.code = code
        self.key = key
        self.text = text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Notice):
            return NotImplemented
        return (self.code, self.key, self.text) == (other.code, other.key, other.text)

    def __hash__(self) -> int:
        return hash((self.code, self.key, self.text))

    def __repr__(self) -> str:
        return f"<Notice {self}>"

    def __str__(self) -> str:
        return visible(f"{self.key}: {self.text}")

    def to_json(self) -> dict[str, str]:
        """Plain data."""
        return {"code": self.code, "key": self.key, "text": self.text}


def differing(there: Lot, granted: Lot) -> list[Notice]:
    """A notice where the plan would grant another lot by an id that is there."""
    was, now = _terms(there), _terms(granted)
    if was == now:
        return []
    told = (
        f"the plan grants {now}, and a lot of this id is there: {was}; it stays, and the plan's is not granted. Where "
        "several plans grant on one ledger, give their grants keys of their own"
    )
    return [Notice("grant.differs", there.id, told)]


def ended(lots: Iterable[Holding], unpaid: Sequence[Want]) -> list[Notice]:
    """
    Notices of lots that would have paid for more, had they not been ended before it was known.

    Args:
        lots: all there are.
        unpaid: what nobody paid all of, in the order of time.
    """
    times = [want.at for want in unpaid]
    found: list[Notice] = []
    for each in lots:
        lot = each.lot
        if lot.expiry is None or not (each.expired or each.rolled_out):
            continue
        inside = range(bisect_left(times, lot.effective), bisect_left(times, lot.expiry))
        missed = (want for want in map(unpaid.__getitem__, inside) if want.money.currency == lot.unit)
        for want in missed:
            if lot.scope.covers(want.use):
                words = (
                    f"ended at {show_time(lot.expiry)} with what was left of it, before all of {want.line} was known "
                    "that it would have paid; post statements, and end lots, when all usage of their time is in"
                )
                found.append(Notice("credit.ended", lot.id, words))
                break
    return found


def _terms(lot: Lot) -> str:
    """What a lot pays, for what and until when."""
    until = "" if lot.expiry is None else f" until {show_time(lot.expiry)}"
    scope = lot.scope.model_dump(mode="json", exclude_defaults=True)
    return f"{text(lot.amount)} {lot.unit}{until}{f' for {scope}' if scope else ''}"
