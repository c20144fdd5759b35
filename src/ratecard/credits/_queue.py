"""
A queue that is a value: places in order, in sorted chunks, of which an act copies one and the list of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

__all__ = ["Queue", "Rank"]

Rank: TypeAlias = tuple[Any, ...]
"""The place of a lot in the order of burning; its last part is the lot's id."""

_CHUNK = 128


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

    def added(self, place: Rank) -> Queue:
        """With one more."""
        if not self._chunks:
            return Queue(((place,),))
        where = self._place(place)
        chunk = list(self._chunks[where])
        insort(chunk, place)
        half = len(chunk) // 2
        fresh = (tuple(chunk),) if len(chunk) <= _CHUNK else (tuple(chunk[:half]), tuple(chunk[half:]))
        return Queue((*self._chunks[:where], *fresh, *self._chunks[where + 1 :]))

    @classmethod
    def of(cls, places: Sequence[Rank]) -> Queue:
        """A queue of places that are in order."""
        return cls(tuple(tuple(places[n : n + _CHUNK]) for n in range(0, len(places), _CHUNK)))

    def removed(self, place: Rank) -> Queue:
        """Without one that is in it."""
        where = self._place(place)
        chunk = self._chunks[where]
        at = bisect_left(chunk, place)
        rest = (*chunk[:at], *chunk[at + 1 :])
        return Queue((*self._chunks[:where], *((rest,) if rest else ()), *self._chunks[where + 1 :]))


def _first(chunk: tuple[Rank, ...]) -> Rank:
    return chunk[0]
