"""Shares of a full period: the time that was served from the first service on, less the pauses in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from .._numbers import ZERO, Exact, add, sub
from ..periods import Period, Proration, share

__all__ = ["Shares"]


class Shares:
    """
    What shares of a full period were served from a first instant on.

    Args:
        first: when the service begins.
        gaps: the pauses in it, in order, each with service behind it.
        full: the full cadence period.
        zone: where days begin.
    """

    __slots__ = ("_first", "_full", "_gaps", "_starts", "_taken", "_zone")

    def __init__(self, first: datetime, gaps: Sequence[Period], full: Period, zone: str) -> None:
        self._first = first
        self._gaps = gaps
        self._starts = [gap.start for gap in gaps]
        self._full = full
        self._zone = zone
        # By count: what the first n pauses take, for each n.
        self._taken: dict[Proration, list[Exact]] = {}

    def until(self, at: datetime, how: Proration) -> Exact:
        """The share that was served up to an instant of service, or to its end."""
        # Service ends where a pause begins, so a pause lies before that instant or behind it.
        gone = bisect_left(self._starts, at)
        whole = self._between(at, how)
        return sub(whole, self._pauses(how)[gone]) if gone else whole

    def _between(self, at: datetime, how: Proration) -> Exact:
        return share(Period(self._first, at, zone=self._zone), self._full, how)

    def _pauses(self, how: Proration) -> list[Exact]:
        if how not in self._taken:
            # Differences of shares, so that pieces add up also where any part of a period costs the whole (`none`).
            found: list[Exact] = [ZERO]
            for gap in self._gaps:
                found.append(add(found[-1], sub(self._between(gap.end, how), self._between(gap.start, how))))
            self._taken[how] = found
        return self._taken[how]
