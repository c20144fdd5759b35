"""
What a ledger tells of a statement that is made again: what it drew and gave back itself, and what others did about it.

A later statement that reverses outcomes gives credits back to draws of this one. These stay given back, whatever this
one comes to when it is made again: so it is held against what it drew, as if nobody had given anything of it back. Such
returns are known by their ids, which name a line of the kind `credits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from .._numbers import CONTEXT, ZERO
from ..credits import Drawn, OpenLedger, Returned, entry_id

__all__ = ["Earlier", "Own", "Story"]

_LINE = "/[credits]"


class Own(NamedTuple):
    """
    A draw of the statement itself.

    Attributes:
        was: the draw, less what the statement took back of it.
        stands: what can still come back of it.
    """

    was: Drawn
    stands: Drawn

    def missing(self) -> Iterator[tuple[str, Decimal]]:
        """What others gave back of it, by lot."""
        stands = dict(self.stands.parts)
        for lot, amount in self.was.parts:
            back = CONTEXT.subtract(amount, stands.get(lot, ZERO))
            if back:
                yield lot, back


class Earlier:
    """
    A draw of another statement, as if this one had given nothing back of it.

    Attributes:
        entry: the draw.
        place: its place in the ledger.
        parts: what stands of it, by lot, in the order in which the lots burnt; `uncovered` what nobody paid.
        mine: what this statement gave back of it before, by lot; `open` of what nobody had paid.
    """

    __slots__ = ("entry", "mine", "open", "parts", "place", "uncovered")

    def __init__(self, entry: Drawn, place: int) -> None:
        self.entry = entry
        self.place = place
        self.parts = dict(entry.parts)
        self.uncovered = entry.uncovered
        self.mine: dict[str, Decimal] = {}
        self.open: Decimal = ZERO

    def take(self, back: Returned, *, mine: bool) -> None:
        """Something came back of it."""
        for lot, amount, _ in back.freed:
            if mine:
                self.mine[lot] = CONTEXT.add(self.mine.get(lot, ZERO), amount)
            else:
                self.parts[lot] = CONTEXT.subtract(self.parts[lot], amount)
        if mine:
            self.open = CONTEXT.add(self.open, back.uncovered)
        else:
            self.uncovered = CONTEXT.subtract(self.uncovered, back.uncovered)


class Story:
    """
    All entries of a ledger, read once for one statement.

    Args:
        work: the ledger.
        key: what names the statement.
        items: the items whose earlier draws are asked for.
    """

    def __init__(self, work: OpenLedger, key: str, items: Iterable[str] = ()) -> None:
        self._work = work
        self._prefix = entry_id(key, "")
        self._own: list[Drawn] = []
        self._back: dict[str, list[Returned]] = {}
        self.earlier: dict[str, Earlier] = {}
        entries = work.entries()
        wanted = set(items)
        mine = {each.draw_id for each in entries if isinstance(each, Returned) and self._mine(each.id)}
        for place, entry in enumerate(entries):
            if isinstance(entry, Drawn):
                if self._mine(entry.id):
                    self._own.append(entry)
                elif (entry.id in mine or entry.use.item in wanted) and self._can_return(entry):
                    self.earlier[entry.id] = Earlier(entry, place)
            elif isinstance(entry, Returned):
                self._take(entry)

    def _mine(self, id: str) -> bool:
        return id.startswith(self._prefix)

    def _can_return(self, entry: Drawn) -> bool:
        """Whether a draw is remembered, and of lots alone, as draws of money by statements are."""
        return not entry.overdrawn and self._work.standing(entry.id) is not None

    def _take(self, entry: Returned) -> None:
        known = self.earlier.get(entry.draw_id)
        if known is not None:
            known.take(entry, mine=self._mine(entry.id))
        elif _LINE in entry.id and not self._mine(entry.id):
            self._back.setdefault(entry.draw_id, []).append(entry)

    def own(self) -> Iterator[Own]:
        """What the statement drew before, in the order of posting."""
        for entry in self._own:
            stands = self._work.standing(entry.id)
            if stands is not None:
                assert isinstance(stands.entry, Drawn)
                yield Own(_with(entry, stands.entry, self._back.get(entry.id, ())), stands.entry)


def _with(entry: Drawn, stands: Drawn, back: Iterable[Returned]) -> Drawn:
    """A draw as it stands, and what others gave back of it."""
    parts = {lot: ZERO for lot, _ in entry.parts} | dict(stands.parts)
    uncovered = stands.uncovered
    for each in back:
        uncovered = CONTEXT.add(uncovered, each.uncovered)
        for lot, amount, _ in each.freed:
            parts[lot] = CONTEXT.add(parts[lot], amount)
    held = tuple((lot, amount) for lot, amount in parts.items() if amount)
    amount = CONTEXT.add(uncovered, stands.overdrawn)
    for _, part in held:
        amount = CONTEXT.add(amount, part)
    return Drawn(
        entry.id, entry.at, lot_at=entry.lot_at, unit=entry.unit, amount=amount, use=entry.use, parts=held,
        overdrawn=stands.overdrawn, uncovered=uncovered,
    )  # fmt: skip
