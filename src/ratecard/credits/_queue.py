"""
A queue that is a value: places in order, in sorted chunks, of which an act copies one and the list of them. One of lots
knows of each chunk when any of them may pay, so that a draw passes the others whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeAlias

__all__ = ["Queue", "Rank", "Spans", "lot_of"]

Rank: TypeAlias = tuple[Any, ...]
"""The place of a lot in the order of burning. Its last parts are its id, and from when until when it may pay."""

_CHUNK = 128


def lot_of(place: Rank) -> str:
    """The id of the lot that has a place."""
    found: str = place[-3]
    return found


class Queue:
    """Places in order. Immutable."""

    __slots__ = ("_chunks",)

    def __init__(self, chunks: tuple[tuple[Rank, ...], ...] = ()) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[Rank]:
        for chunk in self._chunks:
            yield from chunk

    def since(self, place: Rank) -> Iterator[Rank]:
        """Those at a place and behind it."""
        where = self._place(place) if self._chunks else 0
        for index, chunk in enumerate(self._chunks[where:]):
            yield from chunk if index else chunk[bisect_left(chunk, place) :]

    def after(self, place: Rank) -> Rank | None:
        """The first behind a place."""
        where = self._place(place) if self._chunks else 0
        for chunk in self._chunks[where : where + 2]:
            at = bisect_right(chunk, place)
            if at < len(chunk):
                return chunk[at]
        return None

    def _place(self, place: Rank) -> int:
        return max(0, bisect_right(self._chunks, place, key=_first) - 1)

    def added(self, place: Rank) -> Self:
        """With one more."""
        if not self._chunks:
            return self.of((place,))
        where = self._place(place)
        chunk = list(self._chunks[where])
        insort(chunk, place)
        half = len(chunk) // 2
        fresh = (tuple(chunk),) if len(chunk) <= _CHUNK else (tuple(chunk[:half]), tuple(chunk[half:]))
        return self._with(where, fresh, place)

    @classmethod
    def of(cls, places: Sequence[Rank]) -> Self:
        """A queue of places that are in order."""
        return cls(tuple(tuple(places[n : n + _CHUNK]) for n in range(0, len(places), _CHUNK)))

    def removed(self, place: Rank) -> Self:
        """Without one that is in it."""
        where = self._place(place)
        chunk = self._chunks[where]
        at = bisect_left(chunk, place)
        rest = (*chunk[:at], *chunk[at + 1 :])
        return self._with(where, (rest,) if rest else (), place)

    def _with(self, where: int, fresh: tuple[tuple[Rank, ...], ...], place: Rank) -> Self:
        """With other chunks in place of one, with or without a place."""
        return type(self)((*self._chunks[:where], *fresh, *self._chunks[where + 1 :]))


class Spans(Queue):
    """Places of lots. Immutable."""

    __slots__ = ("_spans",)

    def __init__(
        self, chunks: tuple[tuple[Rank, ...], ...] = (), spans: tuple[tuple[Any, Any], ...] | None = None
    ) -> None:
        super().__init__(chunks)
        self._spans = tuple(map(_span, chunks)) if spans is None else spans

    def paying(self, at: int, since: Rank = ()) -> Iterator[Rank]:
        """Those at a place and behind it that may pay at an instant."""
        where = self._place(since) if since and self._chunks else 0
        for index in range(where, len(self._chunks)):
            begin, end = self._spans[index]
            if begin <= at < end:
                chunk = self._chunks[index]
                for place in chunk[bisect_left(chunk, since) :] if index == where else chunk:
                    if place[-2] <= at < place[-1]:
                        yield place

    def _with(self, where: int, fresh: tuple[tuple[Rank, ...], ...], place: Rank) -> Self:
        # A span may be wider than its chunk, which costs a look at it.
        begin, end = self._spans[where]
        same = len(fresh) == 1
        some = ((min(begin, place[-2]), max(end, place[-1])),) if same else tuple(map(_span, fresh))
        spans = (*self._spans[:where], *some, *self._spans[where + 1 :])
        return type(self)((*self._chunks[:where], *fresh, *self._chunks[where + 1 :]), spans)


def _span(chunk: tuple[Rank, ...]) -> tuple[Any, Any]:
    """From when until when any of some may pay."""
    return min([place[-2] for place in chunk]), max([place[-1] for place in chunk])


def _first(chunk: tuple[Rank, ...]) -> Rank:
    return chunk[0]
