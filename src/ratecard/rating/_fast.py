"""
Which fixed loop a measuring can use, and how the terms are bound to it.

A loop fits when all customers are measured alike, all meters have the same one segment, and every event has one meter
that adds up a property by dimensions. Everything else goes through `_careful`, record by record, with the same
result.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

from .._numbers import floor
from ..demand import Axis, Dimension, Sizes
from ..meters import Count, Sum
from ..records import Layout
from . import _loops
from ._careful import Careful, Routes, Run, Shared
from ._collectors import Columns, Customers, Sums, Tree
from ._wire import wire

__all__ = ["Fast", "bound"]

Fast: TypeAlias = Callable[[Sequence[Any]], int]
"""A loop over a list of records; it returns how many of those it counted itself had no identity to check."""


def bound(careful: Careful, layout: Layout | None) -> Fast | None:
    """The loop for these terms and this shape of record, or None when each record needs care."""
    if len(careful.distinct) != 1:
        return None
    runs, window = _fitting(careful.distinct[0])
    if window is None:
        return None
    single = all(len(each) == 1 and _plain(each[0]) for each in runs.values())
    if layout is None:
        return _objects(careful, runs, *window) if single else _objects_several(careful, runs, *window)
    if layout.properties is not None or (careful.only is None and layout.customer is None):
        return None
    return _rows(careful, runs, layout, *window) if single else _several(careful, runs, layout, *window)


def _fitting(runs: Routes) -> tuple[Routes, tuple[datetime, datetime] | None]:
    """The events whose meters a loop can serve, all in one segment; the others are left to `_careful`."""
    found: Routes = {}
    window: tuple[datetime, datetime] | None = None
    for event, each in runs.items():
        windows = {(run.terms.edges[0], run.terms.edges[-1]) for run in each if _adds_up(run)}
        fits = len(windows) == 1 and all(_adds_up(run) for run in each)
        if fits and (window is None or window in windows):
            found[event] = each
            (window,) = windows
    return found, window


def _adds_up(run: Run) -> bool:
    """Whether a meter adds up over one priced segment, by dimensions and by sizes that other properties give."""
    return (
        isinstance(run.meter.aggregate, Sum | Count)
        and run.terms.priced == (True,)
        and not run.meter.where
        and not run.terms.folds
        and all(isinstance(axis, Dimension) or (isinstance(axis, Sizes) and axis.of) for axis in run.terms.axes)
    )


def _plain(run: Run) -> bool:
    """Whether a meter adds up one property by dimensions alone."""
    aggregate = run.meter.aggregate
    return (
        isinstance(aggregate, Sum)
        and not aggregate.less
        and all(isinstance(axis, Dimension) for axis in run.terms.axes)
    )


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
    if layout.at is None or layout.event is None:
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
    """Rows whose events feed several meters: their columns are summed together, and told apart at the end."""
    if layout.at is None or layout.event is None or layout.customer is None:
        return None
    identified = layout.id is not None and not careful.trusted
    if identified and layout.source is None:
        return None
    at, event, customer = layout.place(layout.at), layout.place(layout.event), layout.place(layout.customer)
    shared = _shared(careful, runs)
    if not identified and all(each.is_pair for each in shared.values()):
        twos = {
            name: (
                layout.place(each.dimension),
                (layout.place(each.columns[0]), layout.place(each.columns[1])),
                each.customers,
            )
            for name, each in shared.items()
        }
        return lambda rows: _anonymous(
            careful, rows, lambda: _loops.pairs(rows, at, start, end, event, twos, customer, careful.take)
        )
    routes = {
        name: (_groups(each, layout.place), _columns(each, layout.place), each.customers)
        for name, each in shared.items()
    }
    identity = (layout.place(layout.source or ""), layout.place(layout.id or "")) if identified else None

    def run(rows: Sequence[Any]) -> int:
        before = careful.taken
        _loops.several(rows, at, start, end, event, routes, customer, identity, careful.seen, careful.take)
        return 0 if identified or careful.trusted else len(rows) - (careful.taken - before)

    return run


def _objects_several(careful: Careful, runs: Routes, start: datetime, end: datetime) -> Fast:
    """The same for `UsageRecord`s."""
    routes = {
        name: (_groups(each, str), _columns(each, str), each.customers) for name, each in _shared(careful, runs).items()
    }
    seen = None if careful.trusted else careful.seen
    return lambda records: _loops.objects_several(records, start, end, routes, seen, careful.take)


def _shared(careful: Careful, runs: Routes) -> dict[str, Shared]:
    found: dict[str, Shared] = {}
    for name, each in runs.items():
        shared = found[name] = Shared(each)
        make = partial(Columns, len(shared.axes), len(shared.columns) + shared.counts)
        shared.customers = Customers(careful.metering, make)
        if careful.only is not None:
            # None stands for the one customer of records that name none.
            shared.customers[None] = shared.customers[careful.only] = make()
        careful.shared.append(shared)
    return found


def _groups(shared: Shared, place: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Reads the raw group: one text, or a tuple of them."""
    if all(isinstance(axis, Dimension) for axis in shared.axes):
        return _reader([place(axis.name) for axis in shared.axes if isinstance(axis, Dimension)])
    readers = [_axis(axis, place) for axis in shared.axes]
    if len(readers) == 1:
        return readers[0]
    if len(readers) == len(("first", "second")):
        first, second = readers
        return lambda row: (first(row), second(row))
    return lambda row: tuple([read(row) for read in readers])


def _axis(axis: Axis, place: Callable[[str], Any]) -> Callable[[Any], Any]:
    if isinstance(axis, Dimension):
        return itemgetter(place(axis.name))
    assert isinstance(axis, Sizes)
    names = [place(name) for name in axis.of]
    whole = all(bound == floor(bound) for bound in axis.bounds)
    bounds: Sequence[Any] = [floor(bound) for bound in axis.bounds] if whole else axis.bounds
    cells = [str(index) for index in range(len(bounds) + 1)]

    def cell(row: Any) -> str:
        size = 0
        for name in names:
            part = row[name]
            if type(part) is not int or part >> _loops.BITS:
                raise KeyError(name)
            size += part
        return cells[bisect_left(bounds, size)]

    return cell


def _columns(shared: Shared, place: Callable[[str], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads the columns that are summed; a last one of 1 where records are counted."""
    names = [place(column) for column in shared.columns]
    if not names:
        return lambda row: (1,)
    read = itemgetter(*names)
    if len(names) == 1:
        return (lambda row: (read(row), 1)) if shared.counts else (lambda row: (read(row),))
    return (lambda row: (*read(row), 1)) if shared.counts else read


def _reader(names: Sequence[Any]) -> Callable[[Any], Any]:
    return itemgetter(*names) if names else _nothing


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
    tree = run.trees[careful.only] = Tree(_THREE - 1)
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
        assert isinstance(aggregate, Sum)
        names = [place(axis.name) for axis in run.terms.axes if isinstance(axis, Dimension)]
        make = partial(Sums, len(names))
        customers: dict[Any, Sums] = Customers(careful.metering, make)
        run.sums = customers
        if careful.only is not None:
            # A record that names no customer is the one customer's.
            sums = run.sums[careful.only] = make()
            customers = {careful.only: sums, None: sums}
        found[event] = (_reader(names), place(aggregate.of), customers)
    return found


def _nothing(_: Any) -> tuple[str, ...]:
    return ()
