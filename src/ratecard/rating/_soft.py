"""
Soft caps of a statement: where they stop the charge, a line takes off what is above.

They come right after the plan's maximum and read what is left at that point, in each of the plan's periods. A cap on an
item, or on a group of it, falls on the lines of that item alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._numbers import ZERO
from ..guards import Cap
from ..plans import Maximum, Stretch, digest, soft_caps
from ..steps import Step
from ._commit import reading
from ._line_key import Group
from ._sheet import Entry, Sheet, given, summed

__all__ = ["soft"]


def soft(sheet: Sheet) -> None:
    """Stop the charge at each soft cap, in the order of the guards of the plan that holds last."""
    for stretch in sheet.dues.stretches:
        for cap in soft_caps(stretch.last):
            for cell, over in _cells(sheet, cap).items():
                _stop(sheet, cap, cell, over, stretch)


def _cells(sheet: Sheet, cap: Cap) -> dict[Group, list[Entry]]:
    """The entries that a cap is about, by the groups it counts on their own, in the order of the lines."""
    entries = [entry for entry in sheet.open if entry.within([] if cap.item is None else [cap.item])]
    found: dict[Group, list[Entry]] = {} if cap.each else {(): []}
    for entry in entries:
        group = dict(entry.group)
        if _holds(group, cap.group) and not any(_holds(group, each) for each in cap.without):
            cell = tuple((name, group.get(name, "")) for name in cap.each)
            found.setdefault(cell, []).append(entry)
    return found


def _holds(group: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(group.get(name, "") == value for name, value in wanted.items())


def _stop(sheet: Sheet, cap: Cap, cell: Group, entries: Sequence[Entry], stretch: Stretch) -> None:
    named = " ".join([cap.name, *(f"[{name}={value}]" for name, value in cell)])
    bound = Maximum(amount=cap.spend or ZERO)
    read = reading(sheet, f"guard {named}", stretch, lambda plan: bound)
    over = [entry for entry in entries if read.holds(entry)]
    have = summed([(entry.key, entry.net) for entry in over], "now")
    if read.before:
        have = Step.of("sum", (), parts=[have, given(read.before, "before this statement")])
    step = read.excess(have, over)
    if step is not None:
        sheet.spread("maximum", named, named, step, over, version=digest(cap), period=read.period)
    read.cut_at_list(over)
    read.keep([(entry, entry.net) for entry in over])
