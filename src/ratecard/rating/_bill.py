"""
A bill that grows: what was measured so far of usage and of its costs, and the figures before and after a record.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

from ..credits import Ledger
from ..errors import MismatchError, RecordError
from ..plans import Terms, resolve
from ..records import UsageRecord
from ._careful import Run
from ._figures import Figures, Find, Scene
from ._intake import Intake, changed
from ._measure import IdentityMode
from ._pile import Pile
from ._tally import Account, Tally

__all__ = ["Bill", "cost_terms_of"]


Next: TypeAlias = tuple[Figures, str | RecordError | None]
"""The figures after a record, and why its costs are left out, where they are."""


class Bill:
    """
    What was measured so far, open for more.

    Args:
        terms, tally, costs, figures, identity, ledger: as of `live`.
    """

    def __init__(
        self, terms: Terms, tally: Tally | None, costs: Tally | None, figures: Find | None, identity: IdentityMode,
        ledger: Ledger | None,
    ) -> None:  # fmt: skip
        self.terms = terms
        self.intake = _intake(terms, tally, identity)
        self.costs: Intake | None = None
        scene: Scene | None = None
        cost_terms = cost_terms_of(terms)
        if cost_terms is not None:
            if costs is None and tally is not None and tally.account.records:
                raise MismatchError(
                    "the plan has costs, and nothing tells what the records so far cost; give the tally of its costs "
                    "as well, as live.costs gave it",
                    code="live.costs",
                )
            self.costs = _intake(cost_terms, costs, identity)
            scene = Scene(cost_terms, self.costs.metering, None, None)
        self.scene = Scene(terms, self.intake.metering, scene, figures, ledger, self.intake.near)
        self._now: Figures | None = None
        # What came out for the record that was looked at last: most that is asked for runs next.
        self._last: tuple[Figures, UsageRecord, Next] | None = None
        # What is held of both, on top of what was counted.
        self._held = Pile(self.intake)
        self._held_costs = None if self.costs is None else Pile(self.costs)

    def figures(self) -> Figures:
        """The figures of what was counted so far."""
        if self._now is None:
            costs = self.scene.costs
            mine = None if self.costs is None or costs is None else Figures(costs, self.costs.view(), None)
            self._now = Figures(self.scene, self.intake.view(), mine)
        return self._now

    def places(self, record: UsageRecord) -> list[tuple[Run, int]] | None:
        """
        The meters and segments that a record is counted in; None for a copy of one that was.

        Raises:
            RecordError: a record that would not be counted.
        """
        found = self.intake.judge(record)
        if isinstance(found, list):
            return found
        if found == "duplicate":
            return None
        if found == "conflict":
            raise self.intake.conflict(record)
        raise RecordError(
            f"the record of event {record.event!r} would be left out: {_WHY[found]}",
            code=f"record.{found}", path="event", record=record.id,
        )  # fmt: skip

    def after(self, before: Figures, record: UsageRecord, places: Sequence[tuple[Run, int]]) -> Figures:
        """
        The figures after a record, on top of others.

        Raises:
            RecordError: a value that is missing or no number.
        """
        found, left_out = self._next(before, record, places)
        if isinstance(left_out, RecordError):
            raise left_out
        return found

    def next(self, record: UsageRecord, places: Sequence[tuple[Run, int]]) -> Next:
        """
        The figures once a record is counted, and why its costs are not, where they are left out; for `keep`.

        Raises:
            RecordError: a value that is missing or no number.
        """
        return self._next(self.figures(), record, places)

    def _next(self, before: Figures, record: UsageRecord, places: Sequence[tuple[Run, int]]) -> Next:
        if self._last is not None and self._last[0] is before and self._last[1] is record:
            return self._last[2]
        cells = changed(before.cells, self.intake.changes(record, places, before.cells))
        costs = before.costs
        left_out: str | RecordError | None = None
        if self.costs is not None and costs is not None:
            fate = self.costs.judge(record)
            if isinstance(fate, str):
                left_out = fate
            else:
                try:
                    mine = self.costs.changes(record, fate, costs.cells)
                    costs = Figures(costs.scene, changed(costs.cells, mine), None)
                except RecordError as error:
                    left_out = error
        found = Figures(self.scene, cells, costs), left_out
        self._last = before, record, found
        return found

    def keep(self, record: UsageRecord, figures: Figures, left_out: str | RecordError | None) -> None:
        """Count a record whose figures `next` gave, nothing having changed since."""
        self.intake.keep(record, figures.cells)
        self._now = figures
        self._settled(record)
        if self.costs is None or figures.costs is None:
            return
        if left_out is None:
            self.costs.keep(record, figures.costs.cells)
        elif isinstance(left_out, RecordError):
            self.costs.end("refused", left_out)
        else:
            self.costs.end(left_out)

    def hold(self, name: Hashable, record: UsageRecord) -> None:
        """
        Hold a record under a name: it lies on top of what was counted, see `ahead`, until it is let go.

        What came by itself already, as it is held or otherwise, is counted, and so it holds nothing.

        Raises:
            RecordError: a value that is missing or no number.
        """
        places = self.intake.judge(record)
        if isinstance(places, str):
            return
        self._held.put(name, record, places)
        if self.costs is not None and self._held_costs is not None:
            places = self.costs.judge(record)
            if not isinstance(places, str):
                self._held_costs.put(name, record, places)

    def let_go(self, name: Hashable) -> None:
        """Hold a record no longer."""
        self._held.drop(name)
        if self._held_costs is not None:
            self._held_costs.drop(name)

    def counted(self, source: str | None, name: str) -> None:
        """An identity was counted: what is held under it holds nothing more."""
        self._held.settle(source, name)
        if self._held_costs is not None:
            self._held_costs.settle(source, name)

    def ahead(self) -> Figures:
        """The figures of what was counted, and of all that is held on top of it."""
        now = self.figures()
        cells, costs = self._held.on(now.cells), now.costs
        if self._held_costs is not None and costs is not None:
            mine = self._held_costs.on(costs.cells)
            costs = costs if mine is costs.cells else Figures(costs.scene, mine, None)
        return now if cells is now.cells and costs is now.costs else Figures(self.scene, cells, costs)

    def changed(self) -> None:
        """What was worked out no longer holds."""
        self._now = None

    def end(self, fate: str, error: RecordError | None = None) -> None:
        """Note a record that is not counted."""
        self.intake.end(fate, error)

    def count(self, record: UsageRecord, places: Sequence[tuple[Run, int]]) -> None:
        """
        Count a record, and what it costs.

        Raises:
            RecordError: a value that is missing or no number; nothing has changed then.
        """
        self.intake.take(record, places)
        self._now = None
        self._settled(record)
        if self.costs is None:
            return
        found = self.costs.judge(record)
        if isinstance(found, str):
            self.costs.end(found)
            return
        try:
            self.costs.take(record, found)
        except RecordError as error:
            self.costs.end("refused", error)

    def _settled(self, record: UsageRecord) -> None:
        if record.id is not None:
            self.counted(record.source, record.id)


_WHY = {
    "unmatched": "no meter takes it",
    "unpriced": "no item prices its meter",
    "outside": "its time is outside the period",
    "other_customer": "it is another customer's",
}


def cost_terms_of(terms: Terms) -> Terms | None:
    """The terms by which costs are counted; None where the plan says nothing of them."""
    plan = terms.plan.cost_plan
    if plan is None:
        return None
    told = terms.subscription
    mine = told.model_copy(update={
        "plan": plan.key, "currency": str(terms.currency), "quantities": type(told.quantities)(), "coupons": (),
        "changes": (), "overrides": (), "phases": None, "addons": (), "entitlements": (),
    })  # fmt: skip
    return resolve(plan, mine, terms.period)


def _intake(terms: Terms, tally: Tally | None, identity: IdentityMode) -> Intake:
    """
    What was measured of one customer, open for more.

    Raises:
        MismatchError: `tally.customer`.
    """
    earlier = (
        [] if terms.carry is None else [(source, str(name), str(told)) for source, name, told in terms.carry.identities]
    )
    metering: Any = {terms.customer: terms.meters}
    if tally is None:
        return Intake(metering, terms.customer, None, earlier, trusted=identity == "trusted")
    held = tally.metering.get(terms.customer)
    if held is None:
        raise MismatchError(
            f"the tally was not measured for {terms.customer!r}; measure the records for these terms",
            code="tally.customer",
        )
    if len(tally.metering) > 1:
        # Where every record of many customers went says nothing of this one: its own account starts here.
        account = Account({}, 0, tally.account.trusted, ())
        tally = Tally(
            {terms.customer: held}, {terms.customer: tally.cells.get(terms.customer, {})}, account, tally.seen
        )
    return Intake({terms.customer: held}, terms.customer, tally, earlier, trusted=identity == "trusted")
