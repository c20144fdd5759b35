"""
What a carry tells of the billing period that runs on: its form, checked.

It is written by a statement that ends inside a billing period of a plan with terms across its lines, and read by the
next one, which bills what is missing to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from .._numbers import exact
from ..errors import DefinitionError, NumberError, Problem
from ..periods import instant

__all__ = ["billed_problems"]

_LINE = ("kind", "item", "group", "plan", "start", "version", "net", "listed", "paid")
_MADE = ("kind", "item", "name", "version", "start", "end", "amount")
_TIMES = ("start", "end")
_AMOUNTS = ("net", "listed", "paid", "amount")
_PARTS = ("since", "opening", "items", "lines", "made")


def billed_problems(told: object, until: datetime | None) -> list[Problem]:
    """
    Everything wrong with it.

    Args:
        told: its plain form; an empty mapping is nothing.
        until: where the carry ends, if that can be read; what was billed began before.
    """
    if not isinstance(told, Mapping):
        return [Problem("billed", "mapping.type", "write a mapping here")]
    table = cast(Mapping[object, object], told)
    if not table:
        return []
    found = [
        _wrong(f"{str(key)[:40]}", "field.unknown", "no such field here; remove it or correct its name")
        for key in table
        if key not in _PARTS
    ]
    since = _instant(table.get("since"))
    if since is None or (until is not None and since > until):
        words = "write the instant from which on it tells what was billed, not after the end of the carry"
        found.append(_wrong("since", "carry.value", words))
    opening = table.get("opening", {})
    if not isinstance(opening, Mapping):
        found.append(_wrong("opening", "mapping.type", "write a mapping from names to amounts here"))
    elif not all(
        isinstance(key, str) and _is_amount(held) for key, held in cast(Mapping[object, object], opening).items()
    ):
        found.append(_wrong("opening", "carry.value", "write names, and amounts as text"))
    items = table.get("items", [])
    if not isinstance(items, list | tuple) or not all(isinstance(each, str) for each in cast(Sequence[object], items)):
        found.append(_wrong("items", "carry.value", "write a list of the keys of items"))
    return found + _rows("lines", table.get("lines", []), _LINE) + _rows("made", table.get("made", []), _MADE)


def _wrong(place: str, code: str, words: str) -> Problem:
    return Problem(f"billed.{place}", code, words)


def _rows(name: str, rows: object, fields: Sequence[str]) -> list[Problem]:
    words = f"write a list of [{', '.join(fields)}], amounts as text"
    if not isinstance(rows, list | tuple):
        return [_wrong(f"{name}", "carry.value", words)]
    return [
        _wrong(f"{name}[{index}]", "carry.value", words)
        for index, row in enumerate(cast(Sequence[object], rows))
        if not _is_row(row, fields)
    ]


def _is_row(row: object, fields: Sequence[str]) -> bool:
    if not isinstance(row, list | tuple) or len(cast(Sequence[object], row)) != len(fields):
        return False
    return all(_is_sound(name, held) for name, held in zip(fields, cast(Sequence[object], row), strict=True))


def _is_sound(name: str, held: object) -> bool:
    if name == "group":
        texts = cast(Sequence[object], held) if isinstance(held, list | tuple) else (0,)
        return len(texts) % 2 == 0 and all(isinstance(each, str) for each in texts)
    if name in _TIMES:
        return _instant(held) is not None
    return _is_amount(held) if name in _AMOUNTS else isinstance(held, str)


def _is_amount(held: object) -> bool:
    """Whether it is the text of an amount of money, which ends in decimal digits."""
    if not isinstance(held, str) or "/" in held:
        return False
    try:
        exact(held)
    except NumberError:
        return False
    return True


def _instant(held: object) -> datetime | None:
    try:
        return instant(held) if isinstance(held, str) else None
    except DefinitionError:
        return None
