"""
Metering against the bare loop that a user would write: `total[row["customer"], row["meter"], row["model"]] +=
row["qty"]`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from ratecard import measure, resolve, resolve_all
from ratecard.records import Layout

from . import data
from .timing import Measured, paired

Rows = list[dict[str, Any]]


def bare(rows: Rows) -> dict[tuple[str, str, str], int]:
    """The bare dict loop."""
    total: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        total[row["customer"], row["meter"], row["model"]] += row["qty"]
    return total


def dimensions() -> Callable[[Rows], Any]:
    """Three dimensions."""
    plan = data.by_dimensions()
    terms = resolve(plan, plan.subscribe("all", start="2025-01-01"), data.JANUARY)
    layout = Layout(at=None, within=True, always_event="usage")
    return lambda rows: measure(terms, rows, layout=layout)


def routed(**columns: Any) -> Callable[[Rows], Any]:
    """The month, routing over four meters, a thousand customers."""
    plan = data.by_meter()
    book = resolve_all(plan, data.subscriptions(plan), data.JANUARY)
    identity = columns.pop("identity", "checked")
    layout = Layout(event="meter", at="time", customer="customer", **columns)
    return lambda rows: measure(book, rows, layout=layout, identity=identity)


def over_the_wire(rows: Rows) -> Rows:
    """The same usage as JSON has it: nested, times as text."""
    return [
        {
            "event": row["meter"],
            "at": row["time"].isoformat().replace("+00:00", "Z"),
            "properties": {"model": row["model"], "qty": row["qty"]},
            "customer": row["customer"],
            "source": row["source"],
            "id": row["id"],
        }
        for row in rows
    ]


def wired() -> Callable[[Rows], Any]:
    """Records as JSON has them, each checked."""
    plan = data.by_meter()
    book = resolve_all(plan, data.subscriptions(plan), data.JANUARY)
    return lambda rows: measure(book, rows)


def check(rows: Rows) -> None:
    """All variants count the same; asserted before anything is timed."""
    total = bare(rows)
    (cells,) = dimensions()(rows).cells["all"]["usage"]
    assert cells == total
    identified = routed(source="source", id="id")(rows)
    trusted = routed(source="source", id="id", identity="trusted")(rows)
    for tally in (routed()(rows), trusted, identified, wired()(over_the_wire(rows))):
        found = {
            (customer, meter, *group): state
            for customer, meters in tally.cells.items()
            for meter, (cells,) in meters.items()
            for group, state in cells.items()
        }
        assert found == total
        assert tally.account.counts["counted"] == len(rows)
    assert len(identified.seen) == len(rows)
    twice = routed(source="source", id="id")(rows[:100] + rows[:100] + [{**rows[0], "qty": 7}])
    assert [twice.account.counts[fate] for fate in ("counted", "duplicate", "conflict")] == [100, 100, 1]


def run(count: int, rounds: int) -> list[Measured]:
    """All metering figures."""
    rows = data.rows(count)
    check(rows[: min(count, 20_000)])
    with_ids = {"source": "source", "id": "id"}
    base = lambda: bare(rows)  # noqa: E731
    return [
        paired("three dimensions", base, _on(dimensions(), rows), rounds, goal=1.15),
        paired("month, routing over meters, 1,000 customers", base, _on(routed(), rows), rounds, goal=1.35),
        paired("the same, trusted identity", base, _on(routed(**with_ids, identity="trusted"), rows), rounds, goal=1.4),
        paired("the same, (source, id), conflicts, fates", base, _on(routed(**with_ids), rows), rounds, goal=2.2),
        _more(rows, rounds),
    ]


def _more(rows: Rows, rounds: int) -> Measured:
    """What checking records as JSON has them costs more than rows that are known to be sound."""
    wire = over_the_wire(rows)
    checked, sound = _on(wired(), wire), _on(routed(source="source", id="id"), rows)
    whole = paired("", lambda: bare(rows), checked, rounds, goal=0)
    rest = paired("", lambda: bare(rows), sound, rounds, goal=0)
    return Measured(
        "validation of a wire batch, over the row before",
        whole.ratio - rest.ratio, whole.least - rest.least, 1.5, "x more",
        whole.base, whole.variant,
    )  # fmt: skip


def _on(measuring: Callable[[Rows], Any], rows: Rows) -> Callable[[], Any]:
    return lambda: measuring(rows)
