"""
Lots that a statement does not see, whenever it is made: what comes to a customer when its period is over.

The grants of a plan come with their own periods. Those that come at the end of a statement's period or after it are for
the statements that follow; they were not there when it was made first. The same holds under `settlement` for what
rolled over then: a lot that is over when a line is due does not pay it. What the host granted is there as it says.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..credits import Lot, Recurring, entry_id
from ..plans import Terms
from ..records import show_time

__all__ = ["unseen"]


def unseen(terms: Terms, lots: Iterable[Lot], *, settles: bool) -> list[Lot]:
    """Of all lots those that a statement does not see."""
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
    return [lot for lot in later.values() if (settles and lot.rolled) or granted(later.get(lot.root))]
