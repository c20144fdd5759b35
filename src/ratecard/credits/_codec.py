"""
The plain form of the fields of entries: a field has one meaning in all kinds, so one table reads and shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from .._model import show_day
from .._numbers import ZERO, exact, text
from ..errors import LedgerError, RatecardError
from ..periods import instant
from ._fields import read_unit, show_unit, stored_id
from ._grants import Use
from ._holdings import COLUMNS, Column
from ._lots import Lot

__all__ = ["Part", "Returning", "read_fields", "show_fields"]

Part: TypeAlias = tuple[str, Decimal]
"""The id of a lot and an amount of it."""

Returning: TypeAlias = tuple[str, Decimal, Column]
"""The id of a lot, an amount of it, and the column that it goes to."""


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise _wrong("a time is ISO text")
    return instant(value)


def _amount(value: object) -> Decimal:
    found = exact(value) if isinstance(value, str) else None
    if not isinstance(found, Decimal) or found < ZERO:
        raise _wrong("an amount is text of digits, 0 or more")
    return found


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong("a flag is true or false")
    return value


def _use(value: object) -> Use:
    told: dict[str, Any] = {**value} if isinstance(value, Mapping) else {"?": value}
    dimensions = told.pop("dimensions", {})
    texts = [*told.values(), *(dimensions.values() if isinstance(dimensions, Mapping) else [None])]
    if not told.keys() <= {"item", "meter", "customer"} or not all(isinstance(each, str) for each in texts):
        raise _wrong("a use is item, meter, dimensions and customer, in text")
    return Use(told.get("item"), meter=told.get("meter"), dimensions=dimensions, customer=told.get("customer"))


def _rows(value: object, width: int) -> list[Sequence[Any]]:
    if not isinstance(value, list | tuple):
        raise _wrong("parts are a list")
    for row in value:
        if not isinstance(row, list | tuple) or len(row) != width:
            raise _wrong(f"a part is a list of {width}")
    return list(value)


def _parts(value: object) -> tuple[Part, ...]:
    return tuple((stored_id(lot), _amount(amount)) for lot, amount in _rows(value, 2))


def _freed(value: object) -> tuple[Returning, ...]:
    found = []
    for lot, amount, fate in _rows(value, 3):
        if fate not in COLUMNS:
            raise _wrong(f"what is freed goes to one of {', '.join(COLUMNS)}")
        found.append((stored_id(lot), _amount(amount), COLUMNS.index(fate)))
    return tuple(found)


def _wrong(words: str) -> LedgerError:
    return LedgerError(f"{words}; store what to_json wrote", code="ledger.entry")


def _same(value: Any) -> Any:
    return value


_AMOUNT: Final = (_amount, text)
_PARTS: Final = (_parts, lambda held: [[lot, text(amount)] for lot, amount in held])
_ID: Final = (stored_id, _same)
_CODECS: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "id": _ID,
    "draw_id": _ID,
    "reservation_id": _ID,
    "lot_id": _ID,
    "at": (_time, show_day),
    "lot_at": (_time, show_day),
    "unit": (read_unit, show_unit),
    "use": (_use, Use.to_json),
    "lot": (Lot.from_json, Lot.to_json),
    "amount": _AMOUNT,
    "lost": _AMOUNT,
    "overdrawn": _AMOUNT,
    "uncovered": _AMOUNT,
    "parts": _PARTS,
    "held": _PARTS,
    "freed": (_freed, lambda held: [[lot, text(amount), COLUMNS[fate]] for lot, amount, fate in held]),
    "closes": (_flag, _same),
}


def show_fields(held: object, names: Collection[str], optional: Collection[str] = ()) -> dict[str, object]:
    """The fields of an entry as plain data; those that are optional only where they say something."""
    return {
        name: _CODECS[name][1](getattr(held, name)) for name in names if name not in optional or getattr(held, name)
    }


def read_fields(told: Mapping[str, Any], names: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """
    The fields of an entry from plain data.

    Raises:
        LedgerError: `ledger.entry`, with the field as its path.
    """
    names = [name for name in names if name not in optional or name in told]
    odd = sorted({str(name)[:40] for name in told} ^ set(names))
    if odd:
        raise LedgerError(f"a {odd[0]} too many or missing; store what to_json wrote", code="ledger.entry", path=odd[0])
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = _CODECS[name][0](told[name])
        except RatecardError as error:
            raise LedgerError(error.text, code="ledger.entry", path=name) from None
    return found
