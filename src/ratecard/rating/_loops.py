"""
The fixed loops of metering: one for each shape of record, bound from the terms once, with nothing built per record.

Each loop does the common case and hands every other record to `careful`: a value that is no whole number, a group that is no
text, a time outside, an unknown event, an identity seen before. A record changes nothing before its last lines, so a record
that fails half-way can be handed over whole. The loops run over lists only: a failing generator can't be mistaken for a
failing record.

The mappings that collect check a new key once, when it is first seen (`__missing__`), not once a record. They nest by text
(customer, then group) since the hash of a text is kept and that of a tuple is not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from ._identities import Identities

__all__ = ["Customers", "Route", "Sums", "identified", "objects", "plain", "routed"]

Careful: TypeAlias = Callable[[Any], None]
Row: TypeAlias = Any
Read: TypeAlias = Callable[[Row], Any]

# Numbers beyond the grammar's 30 digits are refused; the careful path says so.
HIGH = 10**30
LOW = -HIGH


class Sums(dict[Any, int]):
    """Whole sums by raw group: a text, or a tuple of texts. Any other group is nobody's here."""

    __slots__ = ()

    def __missing__(self, key: Any) -> int:
        for part in key if key.__class__ is tuple else (key,):
            if part.__class__ is not str:
                raise KeyError(key)
        return 0


class Customers(dict[Any, Sums]):
    """The sums of each customer; one who is not measured is nobody's here."""

    __slots__ = ("known",)

    def __init__(self, known: Collection[str]) -> None:
        super().__init__()
        self.known = known

    def __missing__(self, key: Any) -> Sums:
        if key.__class__ is not str or key not in self.known:
            raise KeyError(key)
        made = self[key] = Sums()
        return made


Route: TypeAlias = tuple[Read, Any, dict[Any, Sums]]
"""How an event's group is read, where its quantity stands, and where sums go, by customer."""


def plain(rows: Sequence[Row], group: Read, of: Any, sums: Sums, careful: Careful) -> None:
    """Rows of one customer and one event that are known to lie inside the period."""
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
    rows: Sequence[Row],
    at: Any,
    start: datetime,
    end: datetime,
    event: Any,
    routes: dict[str, Route],
    customer: Any,
    careful: Careful,
) -> None:
    """Rows of many events and customers, each with its time."""
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                if start <= row[at] < end:
                    group, of, customers = routes[row[event]]
                    quantity = row[of]
                    if quantity.__class__ is int and LOW < quantity < HIGH:
                        customers[row[customer]][group(row)] += quantity
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
    customer: Any,
    source: Any,
    id: Any,
    seen: Identities,
    careful: Careful,
) -> None:
    """The same with identities: a row whose identity is known, or is not text, is looked at with care."""
    left = iter(rows)
    sources = seen.sources
    while True:
        row = None
        try:
            for row in left:
                if start <= row[at] < end:
                    group, of, customers = routes[row[event]]
                    quantity = row[of]
                    name = row[id]
                    names = sources[row[source]]
                    if (
                        name not in names
                        and name.__class__ is str
                        and name
                        and quantity.__class__ is int
                        and LOW < quantity < HIGH
                    ):
                        customers[row[customer]][group(row)] += quantity
                        names[name] = row
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
    seen: Identities | None,
    careful: Careful,
) -> int:
    """
    `UsageRecord`s. Returns how many of those counted here had no id.

    Args:
        seen: identities, or None when they are trusted.
    """
    left = iter(records)
    anonymous = 0
    sources = None if seen is None else seen.sources
    while True:
        row = None
        try:
            for row in left:
                if start <= row.at < end:
                    group, of, customers = routes[row.event]
                    properties = row.properties
                    quantity = properties[of]
                    if quantity.__class__ is int and LOW < quantity < HIGH:
                        name = row.id
                        if sources is None:
                            customers[row.customer][group(properties)] += quantity
                            continue
                        if name is None:
                            customers[row.customer][group(properties)] += quantity
                            anonymous += 1
                            continue
                        names = sources[row.source]
                        if name not in names:
                            customers[row.customer][group(properties)] += quantity
                            names[name] = row
                            continue
                careful(row)
            return anonymous
        except Exception:
            careful(row)
