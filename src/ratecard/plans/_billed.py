"""
What a carry tells of the billing period that runs on: its form, checked.

It is written by a statement that ends inside a billing period, of a plan with terms across its lines or with credits,
and read by the next one, which bills what is missing to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from .._numbers import exact
from ..errors import DefinitionError, NumberError, Problem
from ..periods import instant

__all__ = ["billed_problems", "unpaid_problems"]

_LINE = ("kind", "item", "group", "plan", "start", "version", "net", "listed", "paid")
_MADE = ("kind", "item", "name", "version", "start", "end", "amount")
_OWED = ("item", "group", "meter", "at", "settled", "amount")
_TIMES = ("start", "end", "at", "settled")
_AMOUNTS = ("net", "listed", "paid", "amount")
_PARTS = ("since", "opening", "items", "lines", "made")
_CREDITS = ("since", "statements", "out", "owed")


def billed_problems(told: object, until: datetime | None) -> list[Problem]:
    """
    Everything wrong with it.

    Args:
        told: its plain form; an empty mapping is nothing.
        until: where the carry ends, if that can be read; what was billed began before.
    """
    table, found = _table("billed", told, until, _PARTS)
    if not table:
        return found
    opening = table.get("opening", {})
    if not isinstance(opening, Mapping):
        found.append(_wrong("billed", "opening", "mapping.type", "write a mapping from names to amounts here"))
    elif not all(
        isinstance(key, str) and _is_amount(held) for key, held in cast(Mapping[object, object], opening).items()
    ):
        found.append(_wrong("billed", "opening", "carry.value", "write names, and amounts as text"))
    if not _are_texts(table.get("items", [])):
        found.append(_wrong("billed", "items", "carry.value", "write a list of the keys of items"))
    found += _rows("billed", "lines", table.get("lines", []), _LINE)
    return found + _rows("billed", "made", table.get("made", []), _MADE)


def unpaid_problems(told: object, until: datetime | None) -> list[Problem]:
    """
    Everything wrong with what it tells of credits.

    Args:
        told: its plain form; an empty mapping is nothing.
        until: where the carry ends, if that can be read.
    """
    table, found = _table("unpaid", told, until, _CREDITS)
    if not table:
        return found
    if not _are_texts(table.get("statements")):
        found.append(_wrong("unpaid", "statements", "carry.value", "write a list of what names the statements"))
    out = table.get("out")
    if not _is_amount(out) or str(out).startswith("-"):
        found.append(_wrong("unpaid", "out", "carry.value", "write the amount as text, 0 or more"))
    return found + _rows("unpaid", "owed", table.get("owed"), _OWED)


def _table(
    name: str, told: object, until: datetime | None, fields: Sequence[str]
) -> tuple[Mapping[object, object], list[Problem]]:
    """A part as a mapping, and what is wrong with its names and with the instant from which on it tells something."""
    if not isinstance(told, Mapping):
        return {}, [Problem(name, "mapping.type", "write a mapping here")]
    table = cast(Mapping[object, object], told)
    if not table:
        return {}, []
    found = [
        _wrong(name, str(key)[:40], "field.unknown", "no such field here; remove it or correct its name")
        for key in table
        if key not in fields
    ]
    since = _instant(table.get("since"))
    if since is None or (until is not None and since > until):
        words = "write the instant from which on it tells what was billed, not after the end of the carry"
        found.append(_wrong(name, "since", "carry.value", words))
    return table, found


def _are_texts(held: object) -> bool:
    return isinstance(held, list | tuple) and all(isinstance(each, str) for each in cast(Sequence[object], held))


def _wrong(part: str, place: str, code: str, words: str) -> Problem:
    return Problem(f"{part}.{place}", code, words)


def _rows(part: str, name: str, rows: object, fields: Sequence[str]) -> list[Problem]:
    words = f"write a list of [{', '.join(fields)}], amounts as text"
    if not isinstance(rows, list | tuple):
        return [_wrong(part, name, "carry.value", words)]
    return [
        _wrong(part, f"{name}[{index}]", "carry.value", words)
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
