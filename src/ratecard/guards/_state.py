"""
What guards keep between two questions, and its plain form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..errors import MismatchError
from ._base import Work
from ._windows import Part, bad_state, read_at, read_int

__all__ = ["State", "dumped", "loaded"]

_FORMAT = 3
_FIELDS = {"guards", "version", "at", "parts"}


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


def dumped(state: State, works: Mapping[str, Work]) -> dict[str, Any]:
    """A state as plain data: the parts that say something, by the names of their guards."""
    parts: dict[str, Any] = {}
    for (name, work), part in zip(works.items(), state.parts, strict=True):
        told = work.dump(part)
        if told != work.dump(work.zero()):
            parts[name] = told
    return {"guards": _FORMAT, "version": state.version, "at": state.at, "parts": parts}


def loaded(data: object, works: Mapping[str, Work]) -> State:
    """
    The state of which `dumped` made plain data.

    Raises:
        MismatchError: `guard.state`.
    """
    if not isinstance(data, Mapping) or set(cast(Mapping[object, object], data)) != _FIELDS:
        raise bad_state("the state of guards")
    told = cast(Mapping[str, Any], data)
    # The form before had no dimensions beside the groups.
    if read_int(told["guards"]) not in (2, _FORMAT):
        raise bad_state(f"the state of guards in form {_FORMAT}, but in form {told['guards']}, which is not read")
    if not isinstance(told["parts"], Mapping) or read_int(told["version"]) < 0:
        raise bad_state("the state of guards")
    held = cast(Mapping[str, Any], told["parts"])
    parts = tuple(_part(name, work, held[name]) if name in held else work.zero() for name, work in works.items())
    return State(told["version"], None if told["at"] is None else read_at(told["at"]), parts)


def _part(name: str, work: Work, data: Any) -> Part:
    try:
        return work.load(data)
    except MismatchError as error:
        told = (
            f"the guard {name[:60]!r}: {error.text}; a guard of another kind, with another `each` or another window "
            "needs a key of its own, and then starts at nothing"
        )
        raise MismatchError(told, code=error.code, path=f"parts.{name}") from None
