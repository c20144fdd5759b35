"""
Identities: which records were counted, by source and id, each with the record itself or a mark of its content.

They nest by source, since the hash of a text is kept and that of a pair is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from ..records import UsageRecord

__all__ = ["Identities", "Mark", "by_text", "fingerprint"]

Reader: TypeAlias = Callable[[Any], UsageRecord]


class Mark:
    """An identity without its record: a fingerprint of the content, and the customer (None: the only one)."""

    __slots__ = ("content", "customer")

    def __init__(self, content: str, customer: str | None) -> None:
        self.content = content
        self.customer = customer


def by_text() -> dict[str, Any]:
    """
    An empty mapping of texts that may grow large.

    From CPython 3.11 on, a mapping that has only ever held texts does not keep their hashes: each time it grows it
    reads every text again, wherever that lies. One key that is no text, and is gone at once, makes it keep them.
    """
    made: dict[Any, Any] = {0: None}
    del made[0]
    return made


class _Sources(dict[str | None, dict[str, Any]]):
    __slots__ = ()

    def __missing__(self, key: str | None) -> dict[str, Any]:
        if key is not None and (key.__class__ is not str or not key):
            raise KeyError(key)
        made = by_text()
        self[key] = made
        return made


class Identities:
    """
    The identities that were counted.

    What is added to a few at a time rests on layers: mappings of earlier measurings that nobody changes any more, each
    at least twice the size of the one above it. So adding one identity copies few of the others.

    Attributes:
        sources: source -> id -> what was counted: a `UsageRecord`, a `Mark`, or a row as it came.
        read: makes a record of a row.
        layers: identities that were counted before these, with how many they are, the oldest first.
        known: identities that are looked up as well and are not its own.
    """

    __slots__ = ("known", "layers", "read", "sources")

    def __init__(
        self, read: Reader | None = None, *, layers: Sequence[tuple[int, Identities]] = (),
        known: Sequence[Identities] = (),
    ) -> None:  # fmt: skip
        self.sources = _Sources()
        self.read = read
        self.layers = tuple(layers)
        self.known = tuple(known)

    def held(self, source: str | None, name: str) -> object:
        """What was counted under an identity; None when nothing was."""
        names = self.sources.get(source)
        found = None if names is None else names.get(name)
        if found is None and (self.layers or self.known):
            for each in (*(layer for _, layer in reversed(self.layers)), *self.known):
                found = each.held(source, name)
                if found is not None:
                    return each.record(found)
        return found

    def put(self, source: str | None, name: str, held: object) -> None:
        """Note an identity."""
        self.sources[source][name] = held

    def record(self, held: object) -> UsageRecord | Mark:
        """What was counted, as a record where it is a row as it came."""
        if isinstance(held, UsageRecord | Mark):
            return held
        assert self.read is not None
        return self.read(held)

    def extended(self, known: Sequence[Identities] = ()) -> Identities:
        """
        None of its own yet, on top of these, which stay as they are.

        Args:
            known: identities that are looked up as well and are not its own.
        """
        layers = list(self.layers)
        if self.sources:
            layers.append(self._own())
        while len(layers) > 1 and layers[-2][0] < 2 * layers[-1][0]:
            (_, upper), (_, lower) = layers.pop(), layers.pop()
            layers.append(lower.joined(upper)._own())
        return Identities(layers=layers, known=known)

    def _own(self) -> tuple[int, Identities]:
        """What is in no layer, and how many they are."""
        found = self
        if self.layers:
            found = Identities(self.read)
            found.sources = self.sources
        return len(found), found

    def plain(self) -> Identities:
        """The same in one layer, with records in the place of rows, so that they can join others."""
        if self.read is None and not self.layers:
            return self
        found = Identities()
        for part in (*(layer for _, layer in self.layers), self):
            for source, names in part.sources.items():
                found.sources[source].update({name: part.record(held) for name, held in names.items()})
        return found

    def copy(self, read: Reader | None = None) -> Identities:
        """The same in mappings of its own, open to rows that another reader reads."""
        held = self if not self.layers and (self.read is None or self.read is read) else self.plain()
        found = Identities(read)
        for source, names in held.sources.items():
            found.sources[source] = dict(names)
        return found

    def shared(self, other: Identities) -> tuple[str | None, str] | None:
        """An identity that both hold, or None."""
        theirs = other._names()
        for source, names in self._names().items():
            common = names & theirs.get(source, frozenset())
            if common:
                return (source, min(common))
        return None

    def _names(self) -> dict[str | None, AbstractSet[str]]:
        """The ids of each source."""
        found: dict[str | None, AbstractSet[str]] = {}
        for part in (*(layer for _, layer in self.layers), self):
            for source, names in part.sources.items():
                found[source] = found[source] | names.keys() if source in found else names.keys()
        return found

    def joined(self, other: Identities) -> Identities:
        """Both."""
        found = self.plain().copy()
        for source, names in other.plain().sources.items():
            found.sources[source].update(names)
        return found

    def without(self, marks: Mapping[tuple[str | None, str], object]) -> Identities:
        """The same without some identities."""
        found = self.copy(self.read)
        for source, name in marks:
            found.sources[source].pop(name, None)
        return found

    def __len__(self) -> int:
        return sum(size for size, _ in self.layers) + sum(len(names) for names in self.sources.values())

    def told(self) -> Iterator[tuple[str | None, str, str, str | None]]:
        """Source, id, fingerprint and customer of each, in the order of their text."""
        found = self.plain() if self.layers else self
        for source in sorted(found.sources, key=lambda source: (source or "", source is not None)):
            names = found.sources[source]
            for name in sorted(names):
                held = found.record(names[name])
                yield source, name, fingerprint(held), held.customer


def fingerprint(held: UsageRecord | Mark) -> str:
    """A short stable mark of a record's whole content; what is a mark already stays itself."""
    if isinstance(held, Mark):
        return held.content
    content = held.to_json()
    try:
        told = json.dumps(content, sort_keys=True, default=_told)
    except (TypeError, ValueError, RecursionError):
        # Beyond JSON: keys of several kinds, an int of thousands of digits, a value inside itself.
        told = _told(content)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


_DEEPEST = 50


def _told(value: object, depth: int = 0) -> str:
    """Any value as text that is the same in every process."""
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, int):
        return f"{type(value).__name__} {value:x}"
    if isinstance(value, Mapping):
        pairs = (f"{_told(key, depth + 1)}: {_told(each, depth + 1)}" for key, each in value.items())
        return f"{{{', '.join(sorted(pairs))}}}"
    if isinstance(value, list | tuple | set | frozenset):
        parts = [_told(each, depth + 1) for each in value]
        return f"[{', '.join(sorted(parts) if isinstance(value, set | frozenset) else parts)}]"
    # The text of a plain object names its place in memory.
    return type(value).__name__ if type(value).__repr__ is object.__repr__ else repr(value)
