"""
Edges: what has been told of a row of thresholds, so that each is told once.

The thresholds of one alert are numbered from 0 in the order in which they are reached. What is kept is the number of
the furthest one told, how often it went back, and the start of the period that this is of.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from ..errors import MismatchError
from ._reading import Reading
from ._windows import bad_state, micros, read_at, read_int, read_row

__all__ = ["UNTOLD", "Again", "Edge", "Moved", "Rearm", "dump_edge", "frame_of", "load_edge", "moved", "start_of"]

Rearm: TypeAlias = Literal["period", "recover", "never"]
"""When a threshold may be told again: in the next period, once the figure has gone back, or never."""

Again: TypeAlias = Literal["period", "recover", "never", "either"]
"""The same for a breach, which is told again after either."""


class Edge(NamedTuple):
    """The furthest threshold told (-1 for none), how often it went back, and the start of the period."""

    told: int
    turn: int
    frame: int | None


UNTOLD = Edge(-1, 0, None)


class Moved(NamedTuple):
    """The edge after a look, how many thresholds are newly reached, and whether some may be told again."""

    edge: Edge
    more: int
    rearmed: bool


def moved(edge: Edge, reached: int, frame: int | None, rearm: Again, *, back: bool = True) -> Moved:
    """
    The edge after a look.

    Args:
        edge: as it was.
        reached: the number of the furthest threshold reached now, -1 for none.
        frame: the start of the period that the figure is of, or None.
        rearm: when a threshold may be told again.
        back: whether the figure has gone back far enough to be told again.

    Raises:
        MismatchError: `reading.period`, for a period before the one that was told of.
    """
    if rearm in ("period", "either") and frame != edge.frame and edge != UNTOLD:
        if edge.frame is not None and (frame is None or frame < edge.frame):
            raise MismatchError(
                "this reading is of a period before the one its guards have reached; keep a state for each period "
                "that can still change",
                code="reading.period",
            )
        edge = UNTOLD
    if reached > edge.told:
        return Moved(Edge(reached, edge.turn, frame), reached - edge.told, False)
    if rearm in ("recover", "either") and back and reached < edge.told:
        return Moved(Edge(reached, edge.turn + 1, frame), 0, True)
    return Moved(edge, 0, False)


def dump_edge(edge: Edge) -> list[Any] | None:
    """Plain data."""
    return None if edge == UNTOLD else list(edge)


def load_edge(data: Any) -> Edge:
    """
    Read back what `dump_edge` wrote.

    Raises:
        MismatchError: `guard.state`.
    """
    if data is None:
        return UNTOLD
    told, turn, frame = read_row(data, 3)
    if read_int(told) < -1 or read_int(turn) < 0:
        raise bad_state("what was told of an alert")
    return Edge(told, turn, None if frame is None else read_at(frame))


def frame_of(reading: Reading) -> int | None:
    """The start of the period that a reading is of."""
    return None if reading.period is None else micros(reading.period.start)


def start_of(reading: Reading) -> datetime | None:
    """The start of the period that a reading is of."""
    return None if reading.period is None else reading.period.start
