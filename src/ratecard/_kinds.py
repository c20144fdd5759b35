"""
The kinds of arguments, told at the door: a wrong one is refused with what to give instead, before anything is asked of
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import MismatchError

__all__ = ["expect", "expect_many", "expect_offer"]


def expect(value: object, kind: type | tuple[type, ...], what: str, instead: str) -> None:
    """
    Refuse a value of another kind.

    Args:
        value: what came.
        kind: what it must be.
        what: what it is for, such as `the period`.
        instead: what to do, such as `write Period.month(2025, 1)`.

    Raises:
        MismatchError: `argument.type`.
    """
    if not isinstance(value, kind):
        raise _wrong(what, value, instead)


def expect_many(values: object, what: str, instead: str, *, alone: type = str) -> None:
    """
    Refuse what is not many: nothing, one thing by itself, or text and mappings, which would be read letter by letter
    and key by key.

    Args:
        values: what came.
        what: what they are for.
        instead: what to do.
        alone: the kind of one of them.

    Raises:
        MismatchError: `argument.type`.
    """
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes, Mapping, alone)):
        raise _wrong(what, values, instead)


def expect_offer(offer: Any) -> None:
    """
    Refuse what is no offer: anything that gives a plan by its key is one, but not plain data.

    Raises:
        MismatchError: `argument.type`.
    """
    if not callable(getattr(offer, "get", None)) or isinstance(offer, Mapping):
        raise _wrong("the offer", offer, "give a Plan or a Catalog (plain data is read by Plan.load)")


def _wrong(what: str, value: object, instead: str) -> MismatchError:
    return MismatchError(f"{what}: {type(value).__name__} does not fit; {instead}", code="argument.type")
