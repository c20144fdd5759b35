"""
The fixed loop for records as JSON has them: event, at, properties, and customer, source and id where they are sent.

What `UsageRecord.from_json` would check is checked here as well, in fewer steps: a record with the number of fields
it was read by has no field of another name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from ._identities import Identities
from ._loops import BITS, Route

__all__ = ["wire"]


def wire(
    rows: Sequence[Any],
    start: datetime,
    end: datetime,
    routes: dict[str, Route],
    named: bool,
    seen: Identities,
    careful: Callable[[Any], None],
) -> None:
    """
    Records with an id and a source, all of them with a customer (`named`) or without.

    Args:
        routes: by event: how the group is read from properties, the property that is summed, and the sums by customer.
    """
    left = iter(rows)
    sources = seen.sources
    read = datetime.fromisoformat
    fields = 6 if named else 5
    while True:
        row = None
        try:
            for row in left:
                at = read(row["at"])
                if at.tzinfo is UTC and start <= at < end and len(row) == fields:
                    group, of, customers = routes[row["event"]]
                    properties = row["properties"]
                    quantity = properties[of]
                    name = row["id"]
                    if type(quantity) is int and not quantity >> BITS and type(name) is str and name:
                        names = sources[row["source"]]
                        if name not in names:
                            customers[row["customer"] if named else None][group(properties)] += quantity
                            names[name] = row
                            continue
                careful(row)
            return
        except Exception:
            careful(row)
