"""
Reservations on a live bill: what is expected to run is held until it has run, or does not.

What is held counts against every cap, so that requests in flight together do not pass one; `_holds` keeps it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..errors import MismatchError
from ..guards import Signals, Verdict
from ._growing import Growing

__all__ = ["Reserving"]


class Reserving(Growing):
    """A bill that grows, on which what is expected to run can be held; `Live` says what else may be asked of it."""

    def reserve(
        self, record: Any, *, id: str | None = None, at: datetime | str | None = None, cut: str | None = None
    ) -> Verdict:
        """
        Ask whether a record may run, and hold it until it is committed or released: it counts against every cap.

        Where a clamp lets a part through, that part is held.

        Args:
            record: what is expected to run.
            id: what it is held under; by default the record's source and id.
            at, cut: as of `admit`.

        Raises:
            RecordError, NoPriceError, MismatchError: as `admit`.
            MismatchError: `live.held`, when something is held under this id.
        """
        self._home()
        found = self._bill.intake.read(record)
        name = found.id if id is None else id
        if name is None:
            raise MismatchError("a reservation is held under an id; give one, or a record with an id", code="live.held")
        hold = (found.source if id is None else None, name)
        self._holds.free(hold)
        verdict, let = self._ask(found, at, cut)
        if let is not None:
            self._holds.reserved[hold] = (let.record, let.admitted)
            self._bill.hold(hold, let.record)
            self._changed()
            # What is held lies on top of what was held before.
            self._ahead = let.figures
        return verdict

    def commit(
        self, id: str, record: Any | None = None, *, source: str | None = None, at: datetime | str | None = None
    ) -> Signals:
        """
        Count what was reserved, or what ran in its place, and hold it no longer.

        Args:
            id: what it is held under.
            record: what ran, where that is not what was reserved.
            source: the source of the record that was reserved, where it has one and was held under its own id.
            at: as of `record`.

        Raises:
            RecordError, NoPriceError, MismatchError: as `record`; it is held still.
            MismatchError: `live.reserved`, when nothing is held under this id.
        """
        self._home()
        hold = (source, id)
        held, admitted = self._holds.reservation(hold)
        found = held if record is None else self._bill.intake.read(record)
        signals = self._count(found, at, admitted, held=held)
        del self._holds.reserved[hold]
        self._bill.let_go(hold)
        return signals

    def release(self, id: str, *, source: str | None = None, at: datetime | str | None = None) -> None:
        """
        Give back what was reserved and did not run.

        Args:
            id, source: what it is held under, as of `commit`.
            at: when; the instant it was reserved by default.

        Raises:
            MismatchError: `live.reserved`, when nothing is held under this id.
        """
        self._home()
        held, admitted = self._holds.reservation((source, id))
        self._state = self._back(held, admitted, admitted.at if at is None else at)
        del self._holds.reserved[source, id]
        self._bill.let_go((source, id))
        self._changed()
