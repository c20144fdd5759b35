"""
A pile: the usage of many records that are held, merged, so that it need not be added up anew for each question.

It is kept in blocks. What is put on it, or taken from it, works out one block anew, and then adds up the blocks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeAlias

from ..records import UsageRecord
from ._careful import Run
from ._intake import Change, Intake, Meters, changed
from ._tally import State

__all__ = ["Pile"]

BLOCK = 64

Part: TypeAlias = dict[tuple[str, int, tuple[str, ...]], State]
"""By meter, segment and group, what was used."""


class Pile:
    """
    What some records would add to the cells of one intake.

    Args:
        intake: how it is measured.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._none: Meters = {key: [{} for _ in held.priced] for key, held in intake.metering[intake.customer].items()}
        self._blocks: list[dict[Hashable, Part]] = [{}]
        # What the records of a block come to; None until it is asked for.
        self._sums: list[Part | None] = [None]
        self._places: dict[Hashable, int] = {}
        # Which ids hold a record of an identity, and of which one each of them does.
        self._ids: dict[tuple[str | None, str], list[Hashable]] = {}
        self._whose: dict[Hashable, tuple[str | None, str]] = {}

    def put(self, id: Hashable, record: UsageRecord, places: Sequence[tuple[Run, int]]) -> None:
        """Put a record on it, under an id that nothing lies under."""
        found = self._intake.changes(record, places, self._none)
        self._add(id, {(each.meter, each.segment, each.group): each.state for each in found})
        if record.id is not None and not self._intake.trusted:
            self._whose[id] = record.source, record.id
            self._ids.setdefault(self._whose[id], []).append(id)

    def _add(self, id: Hashable, part: Part) -> None:
        if len(self._blocks[-1]) == BLOCK:
            self._blocks.append({})
            self._sums.append(None)
        self._blocks[-1][id] = part
        self._sums[-1] = None
        self._places[id] = len(self._blocks) - 1

    def drop(self, id: Hashable) -> None:
        """Take away what lies under an id, where anything does."""
        place = self._places.pop(id, None)
        if place is None:
            return
        whose = self._whose.pop(id, None)
        if whose is not None:
            self._ids[whose].remove(id)
            if not self._ids[whose]:
                del self._ids[whose]
        del self._blocks[place][id]
        self._sums[place] = None
        if len(self._blocks) * BLOCK > 4 * (len(self._places) + BLOCK):
            left = [pair for block in self._blocks for pair in block.items()]
            self._blocks, self._sums, self._places = [{}], [None], {}
            for name, part in left:
                self._add(name, part)

    def settle(self, source: str | None, name: str) -> None:
        """Take away what has an identity that was counted by now: no record counts twice."""
        for id in tuple(self._ids.get((source, name), ())):
            self.drop(id)

    def on(self, cells: Meters) -> Meters:
        """The cells with all of it; they themselves stay."""
        if not self._places:
            return cells
        for place, block in enumerate(self._blocks):
            if self._sums[place] is None:
                self._sums[place] = self._merged(block.values())
        every = self._merged(part for part in self._sums if part is not None)
        mine = ((spot, cells[spot[0]][spot[1]].get(spot[2])) for spot in every)
        held: Part = {spot: state for spot, state in mine if state is not None}
        both = self._merged([held, every])
        return changed(cells, [Change(*spot, both[spot]) for spot in every])

    def _merged(self, parts: Iterable[Part]) -> Part:
        found: Part = {}
        runs = self._intake.runs
        for part in parts:
            for spot, state in part.items():
                found[spot] = runs[spot[0]].states.merge(found[spot], state) if spot in found else state
        return found
