"""
A mapping from text that is a value: `put` gives a new mapping and leaves the old one as it was.

A trie over the hash of the key, with small dicts as leaves. Putting copies one path, so its cost grows with the
logarithm of the size; nothing is shared that could change. The order of the items depends on the hash seed of the
process: whoever shows them sorts them first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeAlias, TypeVar

__all__ = ["Draft", "Map"]

V = TypeVar("V")

_BITS = 5
_WAYS = 1 << _BITS
_MASK = _WAYS - 1
_FULL = 12
# Up to so many values are put one by one.
_FEW = 8
# A hash has at most 64 bits; below that, keys of equal hashes share one leaf.
_DEEPEST = 12

_Node: TypeAlias = "dict[str, V] | tuple[_Node[V], ...]"


class Map(Generic[V]):
    """A mapping from text to values. Immutable."""

    __slots__ = ("_root", "_size")

    _root: _Node[V]
    _size: int

    def __init__(self, root: _Node[V] | None = None, size: int = 0) -> None:
        self._root = {} if root is None else root
        self._size = size

    def get(self, key: str) -> V | None:
        """The value of a key; None where there is none."""
        node, rest = self._root, hash(key)
        while type(node) is tuple:
            node = node[rest & _MASK]
            rest >>= _BITS
        assert isinstance(node, dict)
        return node.get(key)

    def put(self, key: str, value: V) -> Map[V]:
        """The mapping with one value added or exchanged."""
        grown = self.get(key) is None
        return Map(_put(self._root, hash(key), 0, key, value), self._size + grown)

    def put_all(self, values: Mapping[str, V]) -> Map[V]:
        """The mapping with many values added or exchanged, at less than one `put` for each."""
        root, grown = _put_all(self._root, [(hash(key), key, value) for key, value in values.items()], 0)
        return Map(root, self._size + grown)

    def without(self, key: str) -> Map[V]:
        """The mapping without a key."""
        if self.get(key) is None:
            return self
        return Map(_without(self._root, hash(key), key), self._size - 1)

    def items(self) -> Iterator[tuple[str, V]]:
        """Keys and values, in no order to rely on."""
        stack: list[_Node[V]] = [self._root]
        while stack:
            node = stack.pop()
            if isinstance(node, tuple):
                stack.extend(node)
            else:
                yield from node.items()

    def __len__(self) -> int:
        return self._size


def _put(node: _Node[V], rest: int, depth: int, key: str, value: V) -> _Node[V]:
    if isinstance(node, dict):
        if len(node) < _FULL or key in node or depth > _DEEPEST:
            return {**node, key: value}
        node = tuple(_leaves(node, depth))
    place = rest & _MASK
    ways = list(node)
    ways[place] = _put(node[place], rest >> _BITS, depth + 1, key, value)
    return tuple(ways)


def _put_all(node: _Node[V], values: list[tuple[int, str, V]], depth: int) -> tuple[_Node[V], int]:
    """A node with many values, and how many keys are new in it. Every path is copied once, not once a key."""
    if isinstance(node, dict):
        leaf = {**node, **{key: value for _, key, value in values}}
        return _deep(leaf, depth), len(leaf) - len(node)
    dealt: list[list[tuple[int, str, V]]] = [[] for _ in range(_WAYS)]
    shift = depth * _BITS
    for each in values:
        dealt[each[0] >> shift & _MASK].append(each)
    ways, grown = list(node), 0
    for place, some in enumerate(dealt):
        if some:
            ways[place], more = _put_all(node[place], some, depth + 1)
            grown += more
    return tuple(ways), grown


def _deep(leaf: dict[str, V], depth: int) -> _Node[V]:
    """A leaf of any size as the node that as many puts would have made."""
    if len(leaf) <= _FULL or depth > _DEEPEST:
        return leaf
    return tuple(_deep(way, depth + 1) for way in _leaves(leaf, depth))


def _leaves(leaf: dict[str, V], depth: int) -> list[dict[str, V]]:
    """The items of a full leaf, dealt out by the next bits of their hashes."""
    ways: list[dict[str, V]] = [{} for _ in range(_WAYS)]
    for key, value in leaf.items():
        ways[hash(key) >> (depth * _BITS) & _MASK][key] = value
    return ways


def _without(node: _Node[V], rest: int, key: str) -> _Node[V]:
    if isinstance(node, dict):
        return {each: value for each, value in node.items() if each != key}
    place = rest & _MASK
    ways = list(node)
    ways[place] = _without(node[place], rest >> _BITS, key)
    return tuple(ways)


class Draft(Generic[V]):
    """A mapping being worked on: what is new stands in a dict over a `Map`, and goes into it all at once."""

    __slots__ = ("_base", "_new")

    def __init__(self, base: Map[V]) -> None:
        self._base = base
        self._new: dict[str, V | None] = {}

    def get(self, key: str) -> V | None:
        """The value of a key; None where there is none."""
        if key in self._new:
            return self._new[key]
        return self._base.get(key)

    def put(self, key: str, value: V) -> None:
        """Add or exchange a value."""
        self._new[key] = value

    def drop(self, key: str) -> None:
        """Take a key out."""
        self._new[key] = None

    def items(self) -> Iterator[tuple[str, V]]:
        """Keys and values, in no order to rely on."""
        yield from self.map().items()

    def map(self) -> Map[V]:
        """The mapping as it is now, as a value."""
        found = self._base
        added: dict[str, V] = {}
        for key, value in self._new.items():
            if value is None:
                found = found.without(key)
            else:
                added[key] = value
        if len(added) > _FEW:
            found = found.put_all(added)
        else:
            for key, value in added.items():
                found = found.put(key, value)
        self._base = found
        self._new = {}
        return found
