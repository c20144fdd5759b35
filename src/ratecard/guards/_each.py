"""
Guards that have groups: they look only at those they are for, and keep a part for each they count on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from .._numbers import Exact
from ..errors import MismatchError
from ._base import Guard, Look, Portion, Setting, Work
from ._reading import Group, grouped
from ._signals import Signals
from ._table import Table
from ._verdict import Bound
from ._windows import Part, bad_state

__all__ = ["GROUPS_MAX", "Each", "worker"]

GROUPS_MAX = 10_000
"""How many groups one guard counts in one state."""


def worker(guard: Guard, setting: Setting) -> Work:
    """
    What answers for a guard.

    Raises:
        MismatchError: `guard.currency`.
    """
    if guard.each or guard.group or guard.without:
        return Each(guard, setting)
    return guard.inner(setting, ())


class Each(Work):
    """A guard that has groups: it looks only at those it is for, and keeps a part for each it counts on its own."""

    __slots__ = ("_first", "_group", "_guard", "_names", "_setting", "_without")

    def __init__(self, guard: Guard, setting: Setting) -> None:
        super().__init__(guard, ())
        first = guard.inner(setting, tuple((name, "") for name in sorted(guard.each)))
        self.admits, self.clamps, self.notes, self.mends = first.admits, first.clamps, first.notes, first.mends
        self.holds, self._first = first.holds, first
        self._guard = guard
        self._setting = setting
        self._names = tuple(sorted(guard.each))
        self._group = grouped(guard.group)
        self._without = tuple(grouped(each) for each in guard.without)

    def zero(self) -> Table[Part]:
        """No group yet."""
        return _NONE

    def cell_of(self, look: Look) -> Group | None:
        """The group of a request; None where the guard has nothing to say about it."""
        group = look.group
        if group is None:
            if self._names or self._without:
                raise MismatchError(
                    f"{self.key} counts by {', '.join(self._names) or 'group'}; say in which group this is",
                    code="guard.group",
                )
            return ()
        if any(group.get(name, "") != value for name, value in self._group):
            return None
        if any(all(group.get(name, "") == value for name, value in each) for each in self._without):
            return None
        return tuple((name, group.get(name, "")) for name in self._names)

    def _at(self, part: Table[Part], look: Look) -> tuple[Group, Work, Part] | None:
        cell = self.cell_of(look)
        if cell is None:
            return None
        work = self._guard.inner(self._setting, cell)
        return cell, work, part.get(cell, work.zero())

    def _put(self, part: Table[Part], cell: Group, work: Work, new: Part, now: int) -> Table[Part]:
        found = part.put(cell, new)
        if len(found) > GROUPS_MAX:
            found = Table({each: held for each, held in found.items() if not work.idle(held, now)})
        if len(found) > GROUPS_MAX:
            raise MismatchError(
                f"{self.key} counts more than {GROUPS_MAX:,} groups; keep a state for each group apart",
                code="guard.groups",
            )
        return found

    def bind(self, part: Table[Part], look: Look) -> tuple[Part, Bound | None]:
        """In the group of the request."""
        found = self._at(part, look)
        if found is None:
            return part, None
        cell, work, held = found
        new, bound = work.bind(held, look)
        return (part if new is held else self._put(part, cell, work, new, look.now)), bound

    def fits(self, part: Table[Part], look: Look, portion: Portion) -> tuple[Decimal, Bound | None]:
        """In the group of the request."""
        found = self._at(part, look)
        return (portion.quantity, None) if found is None else found[1].fits(found[2], look, portion)

    def note(self, part: Table[Part], look: Look) -> tuple[Part, Signals]:
        """In the group of what ran; what it took in another one is given back there."""
        if look.took is None or look.took.group is None:
            return self._noted(part, look)
        back, ran = look.apart(look.took)
        if self.cell_of(back) == self.cell_of(ran):
            return self._noted(part, look)
        part, gone = self._noted(part, back)
        part, come = self._noted(part, ran)
        return part, gone + come

    def _noted(self, part: Table[Part], look: Look) -> tuple[Table[Part], Signals]:
        found = self._at(part, look)
        if found is None:
            return part, ()
        cell, work, held = found
        new, signals = work.note(held, look)
        return (part if new is held else self._put(part, cell, work, new, look.now)), signals

    def released(self, part: Table[Part], id: str) -> Part:
        """In all groups; where nothing is held by ids, none is looked at."""
        if not self.holds:
            return part
        found = {cell: new for cell, held in part.items() if (new := self._first.released(held, id)) is not held}
        for cell, new in found.items():
            part = part.put(cell, new)
        return part

    def left(self, part: Table[Part], look: Look) -> Exact | None:
        """In the group of the request."""
        found = self._at(part, look)
        return None if found is None else found[1].left(found[2], look)

    def dump(self, part: Table[Part]) -> Any:
        """The dimensions, and pairs of a group and its part, in the order of the groups."""
        groups = [
            [[value for _, value in cell], self._guard.inner(self._setting, cell).dump(held)]
            for cell, held in sorted(part.items(), key=lambda each: each[0])
        ]
        return {"each": list(self._names), "groups": groups}

    def load(self, data: Any) -> Table[Part]:
        """Read back what `dump` wrote."""
        if isinstance(data, Mapping):
            told = cast(Mapping[str, Any], data)
            if told.get("each") != list(self._names):
                raise bad_state(f"what was counted by {', '.join(self._names) or 'no dimension'}")
            data = told.get("groups")
        # An earlier form had the groups alone.
        if not isinstance(data, list | tuple):
            raise bad_state("a list of groups")
        found: dict[Group, Part] = {}
        for row in data:
            if not isinstance(row, list | tuple) or len(row) != 2:
                raise bad_state("a group and its state")
            values, held = row
            if not isinstance(values, list | tuple) or len(values) != len(self._names):
                raise bad_state("the group of a guard")
            if not all(isinstance(each, str) for each in values):
                raise bad_state("the group of a guard")
            cell = tuple(zip(self._names, values, strict=True))
            if cell in found:
                raise bad_state("a list of groups, each once")
            found[cell] = self._guard.inner(self._setting, cell).load(held)
        return Table(found)


_NONE: Table[Part] = Table({})
