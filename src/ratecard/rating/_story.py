"""
What a ledger tells of a statement that is made again: what it drew and gave back itself, and what others did about it.

A later statement that reverses outcomes gives credits back to draws of this one. These stay given back, whatever this
one comes to when it is made again: so it is held against what it drew, as if nobody had given anything of it back. Such
returns are known by their ids, which name a line of the kind `credits`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from .._numbers import CONTEXT, ZERO, exact, text
from ..credits import Drawn, OpenLedger, Returned, entry_id
from ..errors import MismatchError
from ..plans import Carry
from ..records import read_time
from ._wants import UNITS, unnumbered

__all__ = ["Earlier", "Own", "Story", "Virtual", "read_returned", "shown_returned"]

Virtual: TypeAlias = dict[str, dict[str, Decimal]]
"""By draw and lot (none for what nobody paid) what came back too much, or too little: `Carry.returned`."""

_LINE = "/[credits]"
_STATEMENT = re.compile(r"[^/|]*\|[^/|]*\|(\d{4}-\d\d-\d\dT[0-9:.]{8,15}Z)\|[^/|]*/")
_START = re.compile(r"@(\d{4}-\d\d-\d\dT[0-9:.]{8,15}Z)(?:/[^@]*)?$")


def read_returned(carry: Carry) -> Virtual:
    """What a carry tells of what came back."""
    told = carry.returned.items()
    return {draw: {"".join(lot): _amount(amount) for lot, amount in pairs} for draw, pairs in told}


def shown_returned(virtual: Mapping[str, Mapping[str, Decimal]]) -> dict[str, list[list[object]]]:
    """The same as a carry holds it."""
    return {
        draw: [[[lot] if lot else [], text(amount)] for lot, amount in sorted(held.items())]
        for draw, held in sorted(virtual.items())
    }


def _amount(told: str) -> Decimal:
    found = exact(told)
    if not isinstance(found, Decimal):
        words = "what came back of a draw is an amount of money, not a fraction; pass statement.carry"
        raise MismatchError(words, code="carry.returned")
    return found


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
        """What others gave back of it, by lot; with no lot what nobody had paid."""
        stands = dict(self.stands.parts)
        open_ = CONTEXT.subtract(self.was.uncovered, self.stands.uncovered)
        if open_:
            yield "", open_
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
        virtual: what came back of it by later statements and is to count for those before this one: `Carry.returned`.
    """

    __slots__ = ("_moving", "entry", "mine", "open", "parts", "place", "uncovered", "virtual")

    def __init__(self, entry: Drawn, place: int, virtual: Mapping[str, Decimal], *, moving: bool) -> None:
        self.entry = entry
        self._moving = moving or bool(virtual)
        self.virtual = virtual
        self.place = place
        self.parts = {lot: CONTEXT.subtract(part, virtual.get(lot, ZERO)) for lot, part in entry.parts}
        self.uncovered = CONTEXT.subtract(entry.uncovered, virtual.get("", ZERO))
        self.mine: dict[str, Decimal] = {}
        self.open: Decimal = ZERO

    def take(self, back: Returned, *, mine: bool, later: bool) -> None:
        """Something came back of it."""
        # Where one before this is made again, later ones follow: what they gave back they have still to give.
        if later and self._moving and not mine:
            return
        for lot, amount, _ in back.freed:
            if mine:
                self.mine[lot] = CONTEXT.add(self.mine.get(lot, ZERO), amount)
            else:
                self.parts[lot] = CONTEXT.subtract(self.parts[lot], amount)
        if mine:
            self.open = CONTEXT.add(self.open, back.uncovered)
        else:
            self.uncovered = CONTEXT.subtract(self.uncovered, back.uncovered)

    def given(self, lot: str) -> Decimal:
        """What this statement gave back of it before to a lot; to none: of what nobody had paid."""
        return self.mine.get(lot, ZERO) if lot else self.open

    def end(self) -> None:
        """All is read: there is never less than nothing."""
        self.parts = {lot: max(ZERO, part) for lot, part in self.parts.items()}
        self.uncovered = max(ZERO, self.uncovered)


class Story:
    """
    All entries of a ledger, read once for one statement.

    Args:
        work: the ledger.
        key: what names the statement.
        until: the end of its period.
        virtual: what the carry tells of draws of which too much came back, by draw and lot.
        items: the items whose earlier draws are asked for.
        prefixes: how the ids of draws begin that are asked for as well.
    """

    def __init__(
        self, work: OpenLedger, key: str, until: datetime, virtual: Virtual, items: Iterable[str] = (),
        prefixes: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self._work = work
        self._until = until
        self._prefix = entry_id(key, "")
        self._own: list[Drawn] = []
        self._back: dict[str, list[Returned]] = {}
        self.earlier: dict[str, Earlier] = {}
        entries = work.entries()
        mine = {each.draw_id for each in entries if isinstance(each, Returned) and self.is_mine(each.id)}
        wanted, asked = set(items), {*mine, *virtual}
        moving = {(each.use, each.at) for each in entries if isinstance(each, Drawn) and self._is_later(each)}
        for place, entry in enumerate(entries):
            if isinstance(entry, Drawn):
                if self.is_mine(entry.id):
                    self._own.append(entry)
                elif (
                    entry.id in asked or entry.use.item in wanted or entry.id.startswith(prefixes)
                ) and self._can_return(entry):
                    told = virtual.get(entry.id, {})
                    self.earlier[entry.id] = Earlier(entry, place, told, moving=(entry.use, entry.at) in moving)
            elif isinstance(entry, Returned):
                self._take(entry)
        for each in self.earlier.values():
            each.end()

    def is_mine(self, id: str) -> bool:
        """Whether an entry with this id is one of the statement."""
        return id.startswith(self._prefix)

    def _is_later(self, entry: Drawn) -> bool:
        """Whether lots pay by it once more for what a later statement had given back."""
        if _LINE not in entry.id or self.is_mine(entry.id):
            return False
        start = _START.search(entry.id)
        return start is not None and read_time(start[1]) >= self._until

    def _can_return(self, entry: Drawn) -> bool:
        """Whether a draw is remembered, and of lots alone, as draws of money by statements are."""
        if entry.overdrawn or f"/{UNITS}" in entry.id or self._is_later(entry):
            return False
        return self._work.standing(entry.id) is not None

    def _take(self, entry: Returned) -> None:
        known = self.earlier.get(entry.draw_id)
        if known is not None:
            # What its own statement took back of it is no later one's, whenever it was booked.
            own = unnumbered(entry.id) == unnumbered(entry.draw_id)
            known.take(entry, mine=self.is_mine(entry.id), later=entry.at >= self._until and not own)
        elif _LINE in entry.id and not self.is_mine(entry.id):
            self._back.setdefault(entry.draw_id, []).append(entry)

    def to_come(self) -> dict[str, Decimal]:
        """
        By lot, what statements of later periods gave back to it of the draws of others, less what they drew.

        That was not there yet when this one was made first, so it is not there when it is made again.
        """
        entries = self._work.entries()
        found: dict[str, Decimal] = {}
        for entry in entries:
            if isinstance(entry, Returned) and self._comes_later(entry.id) and not self._comes_later(entry.draw_id):
                for lot, amount, _ in () if self.is_mine(entry.draw_id) else entry.freed:
                    found[lot] = CONTEXT.add(found.get(lot, ZERO), amount)
        for entry in entries if found else ():
            stands = self._work.standing(entry.id) if isinstance(entry, Drawn) and self._comes_later(entry.id) else None
            for lot, amount in () if stands is None else stands.parts:
                found[lot] = CONTEXT.subtract(found.get(lot, ZERO), amount)
        return {lot: amount for lot, amount in found.items() if amount > ZERO}

    def _comes_later(self, id: str) -> bool:
        """Whether an entry is one of a statement that begins when this one is over, or later."""
        begins = _STATEMENT.match(id)
        return begins is not None and read_time(begins[1]) >= self._until

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
