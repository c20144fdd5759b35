"""
Finding a part by its key, with near names when it is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from .._problems import near
from ..errors import Problem, UnknownKeyError

__all__ = ["find", "unknown"]

_SHOWN = 40


class Keyed(Protocol):
    """Anything with a key."""

    @property
    def key(self) -> str:
        """Its key."""
        ...


P = TypeVar("P", bound=Keyed)


def find(parts: Iterable[P], key: str, *, what: str, owner: str) -> P:
    """
    The part with this key.

    Raises:
        UnknownKeyError: `key.unknown`, with near names.
    """
    names: list[str] = []
    for part in parts:
        if part.key == key:
            return part
        names.append(part.key)
    raise UnknownKeyError([Problem("", "key.unknown", unknown(key, names, what=what, owner=owner))], what=owner)


def unknown(key: object, names: list[str], *, what: str, owner: str) -> str:
    """The sentence about a key that names nothing."""
    names = list(dict.fromkeys(names))
    shown = str(key)[:_SHOWN]
    close = near(shown, names)
    told = f"{owner} has no {what} {shown!r}"
    if close:
        return told + close
    if not names:
        return f"{told}, nor any other; add it first"
    listed = ", ".join(each[:_SHOWN] for each in names[:5])
    return f"{told}; use one of {listed}{', ...' if len(names) > 5 else ''}"
