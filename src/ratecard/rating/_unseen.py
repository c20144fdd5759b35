"""
Lots that a statement does not see, whenever it is made: what comes to a customer later than what it bills.

The grants of a plan come with their own periods. Those that come at the end of a statement's period or after it are for
the statements that follow; they were not there when it was made first. Under `settlement`, where a lot pays by the
instant at which a line is due, the same holds for what rolled over: it pays for service that begins then or later. What
the host granted is there as it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ..credits import Lot, Recurring, entry_id
from ..plans import Terms
from ..records import show_time

__all__ = ["Unseen", "unseen"]


class Unseen(NamedTuple):
    """
    A lot that is not there for a statement.

    Attributes:
        lot: the lot.
        until: from when on it is there for what begins then; None where it never is.
    """

    lot: Lot
    until: datetime | None


def unseen(terms: Terms, lots: Iterable[Lot], *, settles: bool) -> list[Unseen]:
    """Of all lots those that a statement does not see; `settles` says whether lots pay by when a line is due."""
    every = list(lots)
    found = {lot.id: Unseen(lot, None) for lot in _granted_later(terms, every)}
    for lot in every if settles else ():
        if lot.rolled and lot.effective > terms.period.start and lot.id not in found:
            found[lot.id] = Unseen(lot, lot.effective)
    return list(found.values())


def _granted_later(terms: Terms, lots: Iterable[Lot]) -> list[Lot]:
    """Those that a plan of the customer grants at the end of the period or after it."""
    later = {lot.id: lot for lot in lots if lot.effective >= terms.period.end}
    if not later:
        return []
    plans = {reign.plan.key: reign.plan for reign in terms.reigns}
    grants = [grant for plan in plans.values() for grant in plan.grants]
    once = {grant.id for grant in grants if not isinstance(grant, Recurring)}
    series = {grant.key for grant in grants if isinstance(grant, Recurring)}

    def granted(lot: Lot | None) -> bool:
        if lot is None:
            return False
        return lot.id in once or (lot.key in series and lot.id == entry_id(lot.key, show_time(lot.effective)))

    # What rolled over was granted when its first lot was.
    return [lot for lot in later.values() if granted(later.get(lot.root))]
