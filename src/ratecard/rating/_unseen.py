"""
Lots that a statement does not see, whenever it is made: what a plan grants when the statement's period is over.

The grants of a plan come with their own periods. Those that come at the end of a statement's period or after it are for
the statements that follow; they were not there when it was made first. What the host granted is there as it says.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..credits import Lot, Recurring, entry_id
from ..plans import Terms
from ..records import show_time

__all__ = ["unseen"]


def unseen(terms: Terms, lots: Iterable[Lot]) -> list[Lot]:
    """Those lots that a plan of the customer grants at the end of the period or after it."""
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
