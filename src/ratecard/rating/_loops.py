"""
The fixed loops of metering: one for each shape of record, bound from the terms once, with nothing built per record.

Each loop does the common case and hands every other record to `careful`: a value that is no whole number, a group that is no
text, a time outside, an unknown event, an identity seen before. A record changes nothing until its last line, so a record that
fails half-way can be handed over whole. The loops run over lists only: a failing generator can't be mistaken for a failing record.

The mapping that collects sums checks a new group once, when it is first seen (`Sums.__missing__`), not once a record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeAlias

__all__ = ["Route", "Sums", "identified", "objects", "plain", "routed"]

Careful: TypeAlias = Callable[[Any], None]
Row: TypeAlias = Any
Read: TypeAlias = Callable[[Row], Any]

# Numbers beyond the grammar's 30 digits are refused; the careful path says so.
HIGH = 10**30
LOW = -HIGH


class Sums(dict[Any, int]):
    """Whole sums by raw group. A group that is not made of text, or of an unknown customer, is nobody's here."""

    __slots__ = ("customers",)

    def __init__(self, customers: Collection[str] | None) -> None:
        super().__init__()
        self.customers = customers

    def __missing__(self, key: Any) -> int:
        parts = key if key.__class__ is tuple else (key,)
        for part in parts:
            if part.__class__ is not str:
                raise KeyError(key)
        if self.customers is not None and parts[0] not in self.customers:
            raise KeyError(key)
        return 0


Route: TypeAlias = tuple[Read, Any, Sums]
"""How an event's group is read, where its quantity stands (None counts records), and where sums go."""


def plain(rows: Sequence[Row], route: Route, careful: Careful) -> None:
    """Rows of one event that are known to lie inside the period."""
    group, of, sums = route
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                quantity = row[of]
                if quantity.__class__ is int and LOW < quantity < HIGH:
                    sums[group(row)] += quantity
                else:
                    careful(row)
            return
        except Exception:
            careful(row)


def routed(
    rows: Sequence[Row], at: Any, start: datetime, end: datetime, event: Any, routes: dict[str, Route], careful: Careful
) -> None:
    """Rows of many events, each with its time."""
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                if start <= row[at] < end:
                    group, of, sums = routes[row[event]]
                    quantity = row[of]
                    if quantity.__class__ is int and LOW < quantity < HIGH:
                        sums[group(row)] += quantity
                        continue
                careful(row)
            return
        except Exception:
            careful(row)


def identified(
    rows: Sequence[Row],
    at: Any,
    start: datetime,
    end: datetime,
    event: Any,
    routes: dict[str, Route],
    identity: Read,
    seen: dict[Any, object],
    careful: Careful,
) -> None:
    """The same with identities: a row whose identity is known, or is not text, is looked at with care."""
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                if start <= row[at] < end:
                    group, of, sums = routes[row[event]]
                    quantity = row[of]
                    name = identity(row)
                    if (
                        name not in seen
                        and quantity.__class__ is int
                        and LOW < quantity < HIGH
                        and name[1].__class__ is str
                        and name[0].__class__ is str
                    ):
                        sums[group(row)] += quantity
                        seen[name] = row
                        continue
                careful(row)
            return
        except Exception:
            careful(row)


def objects(
    records: Sequence[Any],
    start: datetime,
    end: datetime,
    routes: dict[str, Route],
    only: str | None,
    seen: dict[Any, object] | None,
    careful: Careful,
) -> int:
    """
    `UsageRecord`s. Returns how many of those counted here had no id.

    Args:
        only: the one customer; records that name none are theirs. None when many are measured and sums are by (customer, group).
        seen: identities, or None when they are trusted.
    """
    left = iter(records)
    anonymous = 0
    while True:
        row = None
        try:
            for row in left:
                customer = row.customer
                if start <= row.at < end and (only is None or customer is None or customer == only):
                    group, of, sums = routes[row.event]
                    properties = row.properties
                    quantity = properties[of]
                    name = row.id
                    if quantity.__class__ is int and LOW < quantity < HIGH:
                        key = group(properties) if only is not None else (customer, *group(properties))
                        if seen is None:
                            sums[key] += quantity
                            continue
                        if name is None:
                            sums[key] += quantity
                            anonymous += 1
                            continue
                        mark = (row.source, name)
                        if mark not in seen:
                            sums[key] += quantity
                            seen[mark] = row
                            continue
                careful(row)
            return anonymous
        except Exception:
            careful(row)
