"""
What is in flight: what was admitted and has not been recorded, and what is reserved until it is committed or released.

Limits with a window of their own count a request when it is admitted. When it is recorded, they are told only of the
difference; so what each of them took is kept until then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias, cast

from .._numbers import ONE, ZERO, Exact, exact, neg, sub, text
from ..errors import MismatchError
from ..guards import Gauge, Reading
from ..records import UsageRecord, read_number, read_time, show_time
from ._identities import by_text, fingerprint

__all__ = ["ADMITTED_MAX", "Admitted", "Hold", "Holds", "Mark", "mark_of"]

ADMITTED_MAX = 10_000
"""How many admitted requests are remembered until they are recorded; the oldest give way."""

Mark: TypeAlias = str
"""What tells requests apart: the identity of the record, or all that it says."""


Hold: TypeAlias = tuple[str | None, str]
"""What something is held under: a source and an id, as records are told apart; no source where the caller named it."""


def mark_of(record: UsageRecord) -> Mark:
    """The mark of a record."""
    if record.id is None:
        return json.dumps(record.to_json(), sort_keys=True, default=repr)
    return record.id if record.source is None else json.dumps([record.source, record.id])


class Admitted:
    """
    A request that was admitted: its mark, when and in which group, and what it took of each figure counted.

    Where that depends on what else was counted, as money does, it has a fingerprint of what was let through.
    """

    __slots__ = ("at", "group", "mark", "taken", "what")

    def __init__(
        self,
        mark: Mark,
        at: datetime,
        taken: Mapping[str, Exact],
        group: Mapping[str, str] | None = None,
        what: str = "",
    ) -> None:
        self.what = what
        self.mark = mark
        self.at = at
        self.taken = dict(taken)
        # Nothing for a group that no guard looks at.
        self.group = dict(group or {})

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        taken = {name: text(value) for name, value in self.taken.items()}
        found: dict[str, Any] = {"mark": self.mark, "at": show_time(self.at), "taken": taken}
        if self.what:
            found["what"] = self.what
        return {**found, "group": dict(self.group)} if self.group else found

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Admitted:
        """Read back what `to_json` wrote."""
        taken = {name: exact(value) for name, value in told["taken"].items()}
        return cls(told["mark"], read_time(told["at"]), taken, told.get("group"), told.get("what", ""))

    def ran(self, record: UsageRecord) -> bool:
        """Whether this is what was let through: then what it took then stands, whatever came between."""
        return bool(self.what) and self.what == fingerprint(record)

    def all(self) -> Reading:
        """All of it."""
        return Reading.by(lambda gauge: self.taken[gauge.text])

    def back(self) -> Reading:
        """All of it, below 0: to give it back."""
        return Reading.by(lambda gauge: neg(self.taken[gauge.text]))

    def more(self, uses: Reading) -> Reading:
        """What a request takes beyond it."""
        return Reading.by(lambda gauge: sub(uses.value(gauge), self.taken[gauge.text]))


class Holds:
    """
    Reservations by their ids, and admissions by their marks.

    Args:
        counted: the figures that limits with a window of their own count.
        counting: whether there is such a limit.

    Attributes:
        reserved: by source and id, the record and what it took.
        admitted: by mark, what was taken, oldest first.
        quick: by id, records that were admitted the quick way.
        counts: for the quick way: event and meter -> the property that is counted, empty where records are.
    """

    def __init__(self, counted: tuple[Gauge, ...], counting: bool) -> None:
        self.counted = counted
        self.counting = counting
        self.reserved: dict[Hold, tuple[UsageRecord, Admitted]] = {}
        self.admitted: dict[Mark, list[Admitted]] = {}
        # Records whose quantity is all that was counted of them, as they came.
        self.quick: dict[str, UsageRecord] = by_text()
        self.counts: dict[tuple[str, str], str] = {}

    def took(self, mark: Mark, at: datetime, uses: Reading, group: Mapping[str, str], record: UsageRecord) -> Admitted:
        """What a request takes, of which this may run."""
        priced = any(gauge.what != "quantity" for gauge in self.counted)
        taken = {gauge.text: uses.value(gauge) for gauge in self.counted}
        return Admitted(mark, at, taken, group, fingerprint(record) if priced else "")

    def admit(self, record: UsageRecord, admitted: Admitted) -> bool:
        """Remember an admission until its record comes, where limits count; whether they do."""
        if not self.counting:
            return False
        self.admitted.setdefault(mark_of(record), []).append(admitted)
        if len(self.admitted) > ADMITTED_MAX:
            del self.admitted[next(iter(self.admitted))]
        return True

    def asked(self, record: UsageRecord) -> Admitted | None:
        """The admission of a record that comes."""
        if record.source is None and record.id in self.quick:
            return self._of(self.quick[record.id])
        held = self.admitted.get(mark_of(record)) if self.admitted else None
        return held[0] if held else None

    def forget(self, record: UsageRecord) -> None:
        """Forget the admission of a record that came."""
        if record.source is None and record.id in self.quick:
            del self.quick[record.id]
        elif self.admitted:
            mark = mark_of(record)
            held = self.admitted.get(mark, [])
            if len(held) > 1:
                del held[0]
            else:
                self.admitted.pop(mark, None)

    def trim(self) -> None:
        """Let the oldest give way."""
        while len(self.quick) > ADMITTED_MAX:
            del self.quick[next(iter(self.quick))]

    def _of(self, record: UsageRecord) -> Admitted:
        """What a record took that was let through for its quantity alone."""
        taken: dict[str, Exact] = {}
        for gauge in self.counted:
            name = self.counts.get((record.event, gauge.name))
            taken[gauge.text] = ZERO if name is None else read_number(record, name) if name else ONE
        return Admitted(mark_of(record), record.at, taken)

    def reservation(self, hold: Hold) -> tuple[UsageRecord, Admitted]:
        """
        What is reserved under a source and an id.

        Raises:
            MismatchError: `live.reserved`.
        """
        if hold not in self.reserved:
            source, id = hold
            told = "" if source is None else f" of the source {source!r:.60}"
            others = sorted(repr(each)[:60] for each, name in self.reserved if name == id and each is not None)
            more = "it was committed or released, or never reserved"
            if others:
                more = f"the same id is held of the source {' and '.join(others[:3])}; say which in `source`"
            raise MismatchError(f"nothing is reserved under {id!r:.60}{told}; {more}", code="live.reserved")
        return self.reserved[hold]

    def free(self, hold: Hold) -> None:
        """
        Make sure that nothing is held under a source and an id.

        Raises:
            MismatchError: `live.held`.
        """
        if hold in self.reserved:
            told = f"something is held under {hold[1]!r:.60} already; commit or release it first, or use another id"
            raise MismatchError(told, code="live.held")

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        found: dict[Mark, list[Any]] = {mark_of(record): [self._of(record).to_json()] for record in self.quick.values()}
        for mark, held in self.admitted.items():
            found.setdefault(mark, []).extend(each.to_json() for each in held)
        return {
            "reserved": [[*hold, record.to_json(), held.to_json()] for hold, (record, held) in self.reserved.items()],
            "admitted": [[mark, found[mark]] for mark in sorted(found)],
        }

    def load(self, told: Mapping[str, Any]) -> None:
        """Take in what `dump` wrote."""
        for *hold, row, held in cast("list[Any]", told["reserved"]):
            record = UsageRecord.from_json(row)
            # The first form had the id alone.
            source, id = hold if len(hold) > 1 else (record.source if hold[0] == record.id else None, hold[0])
            if not isinstance(id, str) or not isinstance(source, str | None):
                raise TypeError
            self.reserved[source, id] = record, Admitted.from_json(held)
        self.admitted.update({mark: [Admitted.from_json(each) for each in held] for mark, held in told["admitted"]})
