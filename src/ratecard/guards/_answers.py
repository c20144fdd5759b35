"""
What the answers of guards have in common. All of them are plain values.
"""

from __future__ import annotations

from decimal import Decimal

from .._numbers import CONTEXT, Exact, plain, text

__all__ = ["Answer", "optional_text", "seconds"]


class Answer:
    """What answers have in common: those that say the same are equal."""

    __slots__: tuple[str, ...] = ()

    def _said(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Answer):
            return NotImplemented
        return type(self) is type(other) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._said())


def seconds(micros: int) -> Decimal:
    """Microseconds as exact seconds."""
    return plain(CONTEXT.scaleb(Decimal(micros), -6))


def optional_text(value: Exact | None) -> str | None:
    """A value as text, where there is one."""
    return None if value is None else text(value)
