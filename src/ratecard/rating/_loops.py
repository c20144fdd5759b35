"""
The fixed loops of metering: one for each shape of record, bound from the terms once, with nothing built per record.

Each loop does the common case and hands every other record to `careful`: a value that is no whole number, a group
that is no text, a time outside, an unknown event, an identity seen before. A record changes nothing before its last
lines, so a record that fails half-way can be handed over whole. The loops run over lists only: a failing generator
can't be mistaken for a failing record.

What they collect into is in `_collectors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import add
from typing import Any, TypeAlias

from ._collectors import Sums, Tree
from ._identities import Identities

__all__ = [
    "Route",
    "identified",
    "identified_by_one",
    "objects",
    "objects_several",
    "pairs",
    "plain",
    "plain_by_three",
    "routed",
    "routed_by_one",
    "several",
]

Careful: TypeAlias = Callable[[Any], None]
Row: TypeAlias = Any
Read: TypeAlias = Callable[[Row], Any]

# `not quantity >> BITS` holds for whole numbers from 0 to far beyond any usage, in one operation; the few that are
# negative or longer go the careful way, where the grammar's bounds are.
BITS = 96


Route: TypeAlias = tuple[Any, Any, dict[Any, Sums]]
"""How an event's group is read (or where its one text stands), where its quantity stands, and the sums by customer."""


def plain(rows: Sequence[Row], group: Read, of: Any, sums: Sums, careful: Careful) -> None:
    """Rows of one customer and one event that are known to lie inside the period."""
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                quantity = row[of]
                if type(quantity) is int and not quantity >> BITS:
                    sums[group(row)] += quantity
                else:
                    careful(row)
            return
        except Exception:
            careful(row)


def plain_by_three(rows: Sequence[Row], names: tuple[Any, Any, Any], of: Any, sums: Tree, careful: Careful) -> None:
    """The same by three texts, each looked up on its own."""
    first, second, third = names
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                quantity = row[of]
                if type(quantity) is int and not quantity >> BITS:
                    sums[row[first]][row[second]][row[third]] += quantity
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
                    if type(quantity) is int and not quantity >> BITS:
                        customers[row[customer]][group(row)] += quantity
                        continue
                careful(row)
            return
        except Exception:
            careful(row)


def routed_by_one(
    rows: Sequence[Row],
    at: Any,
    start: datetime,
    end: datetime,
    event: Any,
    routes: dict[str, Route],
    customer: Any,
    careful: Careful,
) -> None:
    """The same where every group is one text."""
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                if start <= row[at] < end:
                    group, of, customers = routes[row[event]]
                    quantity = row[of]
                    if type(quantity) is int and not quantity >> BITS:
                        customers[row[customer]][row[group]] += quantity
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
    """Rows with identities too: one whose identity is known, or is not text, is looked at with care."""
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
                    if type(quantity) is int and not quantity >> BITS and type(name) is str and name:
                        names = sources[row[source]]
                        if name not in names:
                            customers[row[customer]][group(row)] += quantity
                            names[name] = row
                            continue
                careful(row)
            return
        except Exception:
            careful(row)


def identified_by_one(
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
    """The same where every group is one text."""
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
                    if type(quantity) is int and not quantity >> BITS and type(name) is str and name:
                        names = sources[row[source]]
                        if name not in names:
                            customers[row[customer]][row[group]] += quantity
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
                    if type(quantity) is int and not quantity >> BITS:
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


def several(
    rows: Sequence[Row],
    at: Any,
    start: datetime,
    end: datetime,
    event: Any,
    routes: dict[str, tuple[Read, Read, Any]],
    customer: Any,
    identity: tuple[Any, Any] | None,
    seen: Identities,
    careful: Careful,
) -> None:
    """Rows whose events feed several meters: all columns that the meters read are added up side by side."""
    left = iter(rows)
    sources = seen.sources
    source, id = identity or (None, None)
    while True:
        row = None
        try:
            for row in left:
                if start <= row[at] < end:
                    group, columns, customers = routes[row[event]]
                    quantities = columns(row)
                    whole = 0
                    for quantity in quantities:
                        if type(quantity) is not int:
                            break
                        whole |= quantity
                    else:
                        if not whole >> BITS:
                            if identity is None:
                                cell = customers[row[customer]][group(row)]
                                cell[:] = map(add, cell, quantities)
                                continue
                            name = row[id]
                            names = sources[row[source]]
                            # Looking a cell up makes it: only for a record that will be in it.
                            if type(name) is str and name and name not in names:
                                cell = customers[row[customer]][group(row)]
                                cell[:] = map(add, cell, quantities)
                                names[name] = row
                                continue
                careful(row)
            return
        except Exception:
            careful(row)


def objects_several(
    records: Sequence[Any],
    start: datetime,
    end: datetime,
    routes: dict[str, tuple[Read, Read, Any]],
    seen: Identities | None,
    careful: Careful,
) -> int:
    """`UsageRecord`s whose events feed several meters. Returns how many of those counted here had no id."""
    left = iter(records)
    anonymous = 0
    sources = None if seen is None else seen.sources
    while True:
        row = None
        try:
            for row in left:
                if start <= row.at < end:
                    group, columns, customers = routes[row.event]
                    properties = row.properties
                    quantities = columns(properties)
                    whole = 0
                    for quantity in quantities:
                        if type(quantity) is not int:
                            break
                        whole |= quantity
                    else:
                        name = row.id
                        if not whole >> BITS and (sources is None or name is None or name not in sources[row.source]):
                            cell = customers[row.customer][group(properties)]
                            cell[:] = map(add, cell, quantities)
                            if sources is not None:
                                if name is None:
                                    anonymous += 1
                                else:
                                    sources[row.source][name] = row
                            continue
                careful(row)
            return anonymous
        except Exception:
            careful(row)


def pairs(
    rows: Sequence[Row],
    at: Any,
    start: datetime,
    end: datetime,
    event: Any,
    routes: dict[str, tuple[Any, tuple[Any, Any], Any]],
    customer: Any,
    careful: Careful,
) -> None:
    """The same for two columns and groups of one text, without identities."""
    left = iter(rows)
    while True:
        row = None
        try:
            for row in left:
                if start <= row[at] < end:
                    group, (first, second), customers = routes[row[event]]
                    one, two = row[first], row[second]
                    if type(one) is int and type(two) is int and not (one | two) >> BITS:
                        cell = customers[row[customer]][row[group]]
                        cell[0] += one
                        cell[1] += two
                        continue
                careful(row)
            return
        except Exception:
            careful(row)
