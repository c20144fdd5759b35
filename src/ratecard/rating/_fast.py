"""
Which fixed loop a measuring can use, and how the terms are bound to it.

A loop fits when all customers are measured alike, all meters have the same one segment, and every event has one
meter that
adds up a property by dimensions. Everything else goes through `_careful`, record by record, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

from ..demand import Dimension
from ..meters import Sum
from ..records import Layout
from . import _loops
from ._careful import Careful, Routes, Run, Shared
from ._wire import wire

__all__ = ["Fast", "bound"]

Fast: TypeAlias = Callable[[Sequence[Any]], int]
"""A loop over a list of records; it returns how many of those it counted itself had no identity to check."""


def bound(careful: Careful, layout: Layout | None) -> Fast | None:
    """The loop for these terms and this shape of record, or None when each record needs care."""
    if len(careful.distinct) != 1:
        return None
    (runs,) = careful.distinct
    window = _window(runs)
    if window is None or not all(_simple(run) for each in runs.values() for run in each):
        return None
    single = all(len(each) == 1 and not _less(each[0]) for each in runs.values())
    if layout is None:
        return _objects(careful, runs, *window) if single else None
    if layout.properties is not None or (careful.only is None and layout.customer is None):
        return None
    return _rows(careful, runs, layout, *window) if single else _several(careful, runs, layout, *window)


def _window(runs: Routes) -> tuple[datetime, datetime] | None:
    """The one segment that all meters share."""
    edges = {run.terms.edges for each in runs.values() for run in each}
    if len(edges) != 1 or () in edges:
        # Terms without service have no segment at all.
        return None
    start, *between, end = edges.pop()
    return None if between else (start, end)


def _simple(run: Run) -> bool:
    """Whether a meter adds up properties by dimensions."""
    return (
        isinstance(run.meter.aggregate, Sum)
        and not run.meter.where
        and not run.terms.folds
        and all(isinstance(axis, Dimension) for axis in run.terms.axes)
    )


def _less(run: Run) -> tuple[str, ...]:
    aggregate = run.meter.aggregate
    return aggregate.less if isinstance(aggregate, Sum) else ()


def _objects(careful: Careful, runs: Routes, start: datetime, end: datetime) -> Fast:
    routes = _routes(careful, runs, str)
    seen = None if careful.trusted else careful.seen

    def run(records: Sequence[Any]) -> int:
        first = records[0] if records else None
        if seen is not None and type(first) is dict and "source" in first and "id" in first:
            wire(records, start, end, routes, "customer" in first, seen, careful.take)
            return 0
        return _loops.objects(records, start, end, routes, seen, careful.take)

    return run


def _rows(careful: Careful, runs: Routes, layout: Layout, start: datetime, end: datetime) -> Fast | None:
    identified = layout.id is not None and not careful.trusted
    if layout.always_event is not None:
        return None if identified else _one_event(careful, runs, layout, layout.always_event)
    if layout.at is None or layout.within or layout.event is None:
        return None
    at, event = layout.place(layout.at), layout.place(layout.event)
    routes = _routes(careful, runs, layout.place)
    # Without a customer in the row, the event stands in its place: each route holds the one customer's sums under it.
    customer = event if layout.customer is None else layout.place(layout.customer)
    if layout.customer is None:
        routes = {name: (group, of, {name: sums[careful.only]}) for name, (group, of, sums) in routes.items()}
    by_one = all(len(run.terms.axes) == 1 for each in runs.values() for run in each)
    if by_one:
        names = {name: layout.place(runs[name][0].terms.axes[0].name) for name in routes}  # type: ignore[union-attr]
        routes = {name: (names[name], of, sums) for name, (_, of, sums) in routes.items()}
    if not identified:
        route = _loops.routed_by_one if by_one else _loops.routed
        return lambda rows: _anonymous(
            careful, rows, lambda: route(rows, at, start, end, event, routes, customer, careful.take)
        )
    if layout.source is None or layout.id is None:
        return None
    source, id = layout.place(layout.source), layout.place(layout.id)
    loop = _loops.identified_by_one if by_one else _loops.identified

    def identify(rows: Sequence[Any]) -> int:
        loop(rows, at, start, end, event, routes, customer, source, id, careful.seen, careful.take)
        return 0

    return identify


def _several(careful: Careful, runs: Routes, layout: Layout, start: datetime, end: datetime) -> Fast | None:
    """Events that feed several meters: their columns are summed together, and told apart when all is collected."""
    if layout.at is None or layout.within or layout.event is None or layout.customer is None:
        return None
    identified = layout.id is not None and not careful.trusted
    if identified and layout.source is None:
        return None
    at, event, customer = layout.place(layout.at), layout.place(layout.event), layout.place(layout.customer)
    routes: dict[str, tuple[Any, Any, Any]] = {}
    pairs = not identified
    for name, each in runs.items():
        if not all(run.terms.priced[0] for run in each):
            continue
        shared = Shared(each)
        careful.shared.append(shared)
        make = partial(_loops.Columns, len(shared.dimensions), len(shared.columns))
        shared.customers = _loops.Customers(careful.metering, make)
        if careful.only is not None:
            columns = shared.customers[careful.only] = make()
            shared.customers[None] = columns
        places = [layout.place(column) for column in shared.columns]
        groups = [layout.place(dimension) for dimension in shared.dimensions]
        pairs = pairs and len(places) == len(("first", "second")) and len(groups) == 1
        routes[name] = (groups, places, shared.customers)
    if pairs:
        twos = {name: (groups[0], (places[0], places[1]), held) for name, (groups, places, held) in routes.items()}
        return lambda rows: _anonymous(
            careful, rows, lambda: _loops.pairs(rows, at, start, end, event, twos, customer, careful.take)
        )
    readers = {name: (_reader(groups), _whole(places), held) for name, (groups, places, held) in routes.items()}
    identity = (layout.place(layout.source or ""), layout.place(layout.id or "")) if identified else None

    def run(rows: Sequence[Any]) -> int:
        before = careful.taken
        _loops.several(rows, at, start, end, event, readers, customer, identity, careful.seen, careful.take)
        return 0 if identified or careful.trusted else len(rows) - (careful.taken - before)

    return run


def _reader(names: Sequence[Any]) -> Callable[[Any], Any]:
    return itemgetter(*names) if names else _nothing


def _whole(names: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads a tuple, also of one name."""
    if len(names) > 1:
        return itemgetter(*names)
    (name,) = names
    return lambda row: (row[name],)


def _one_event(careful: Careful, runs: Routes, layout: Layout, name: str) -> Fast | None:
    """Rows of one event and customer, known to lie inside the period."""
    routes = _routes(careful, runs, layout.place)
    if name not in routes or careful.only is None or layout.customer is not None or not layout.within:
        return None
    group, of, customers = routes[name]
    (run,) = runs[name]
    if len(run.terms.axes) != _THREE:
        sums = customers[careful.only]
        return lambda rows: _anonymous(careful, rows, lambda: _loops.plain(rows, group, of, sums, careful.take))
    first, second, third = (layout.place(axis.name) for axis in run.terms.axes if isinstance(axis, Dimension))
    tree = run.trees[careful.only] = _loops.Tree(_THREE - 1)
    names = (first, second, third)
    return lambda rows: _anonymous(careful, rows, lambda: _loops.plain_by_three(rows, names, of, tree, careful.take))


_THREE = 3


def _anonymous(careful: Careful, rows: Sequence[Any], loop: Callable[[], None]) -> int:
    before = careful.taken
    loop()
    return 0 if careful.trusted else len(rows) - (careful.taken - before)


def _routes(careful: Careful, runs: Routes, place: Callable[[str], Any]) -> dict[str, _loops.Route]:
    found: dict[str, _loops.Route] = {}
    for event, (run,) in runs.items():
        aggregate = run.meter.aggregate
        if not run.terms.priced[0] or not isinstance(aggregate, Sum):
            continue
        names = [place(axis.name) for axis in run.terms.axes if isinstance(axis, Dimension)]
        make = partial(_loops.Sums, len(names))
        customers: dict[Any, _loops.Sums] = _loops.Customers(careful.metering, make)
        run.sums = customers
        if careful.only is not None:
            # A record that names no customer is the one customer's.
            sums = run.sums[careful.only] = make()
            customers = {careful.only: sums, None: sums}
        found[event] = (_reader(names), place(aggregate.of), customers)
    return found


def _nothing(_: Any) -> tuple[str, ...]:
    return ()
