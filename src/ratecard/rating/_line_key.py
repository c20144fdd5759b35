"""
The key of a line: its kind, its item, its group and its start, told so that no two lines of a statement read alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from ..records import show_time
from ._line_kinds import CHARGES, Kind

__all__ = ["Group", "line_key", "line_name"]

Group: TypeAlias = tuple[tuple[str, str], ...]
"""Dimensions and their values, in the order of the item; empty for a pooled item."""


def line_key(kind: Kind, item: str, group: Group, start: datetime) -> str:
    """The key of a line. A bracket in front cannot stand in the name of an item, so no two kinds read alike."""
    front = "" if kind in CHARGES else f"[{kind}]"
    return f"{front}{line_name(item, group)}@{show_time(start)}"


def line_name(item: str, group: Group) -> str:
    """The key of a line without its start: item and group, told so that no two of them read alike."""
    parts = [f"[{_safe(name, '=]')}={_safe(value, ']')}]" for name, value in group]
    return _safe(item, "[@") + "".join(parts)


def _safe(told: str, ends: str) -> str:
    """Text in which what would end it is marked by a backslash."""
    for each in "\\" + ends:
        told = told.replace(each, "\\" + each)
    return told
