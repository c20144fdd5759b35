"""
What guards keep between two questions.
"""

from __future__ import annotations

from ._windows import Part

__all__ = ["State"]


class State:
    """
    What guards keep between two questions. Immutable by contract; made by a `Watch`, and read by it alone.

    Attributes:
        version: how often it has changed; for compare and swap.
        at: the latest instant that changed it, in microseconds since the start of 1970; None before any did.
    """

    __slots__ = ("at", "parts", "version")

    def __init__(self, version: int, at: int | None, parts: tuple[Part, ...]) -> None:
        self.version = version
        self.at = at
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return (self.version, self.at, self.parts) == (other.version, other.at, other.parts)

    def __hash__(self) -> int:
        return hash((self.version, self.at))

    def __repr__(self) -> str:
        return f"<State {self.version}>"
