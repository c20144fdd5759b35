"""
Small readers that the models and the values of this room share: whole numbers, units, ids.
"""

from __future__ import annotations

from decimal import Decimal

from .._numbers import CONTEXT, ZERO
from ..errors import LedgerError, MismatchError
from ..money import Currency, Money

__all__ = [
    "brief", "entry_id", "is_money", "read_id", "read_unit", "show_unit", "sound_amount", "stored_id", "unit_of",
]  # fmt: skip

_LONGEST = 1000
# An id that is made of ids of the longest, each escaped twice.
_LONGEST_STORED = 20_000
_TOLD = 200
_CODES = frozenset(Currency.codes())
_STEPS = tuple(Decimal((0, (1,), -places)) for places in range(19))


def entry_id(statement_key: str, line_key: str, lot_id: str = "") -> str:
    """
    The id of what a line of a statement does in a ledger, the same every time, so that posting twice adds nothing.

    Args:
        statement_key: what names the statement.
        line_key: the key of its line.
        lot_id: the lot, where an entry is about one alone.

    >>> entry_id("acme/2025-01", "tokens"), entry_id("acme/2025-01", "tokens", "welcome")
    ('acme%2F2025-01/tokens', 'acme%2F2025-01/tokens/welcome')
    """
    parts = [statement_key, line_key, lot_id] if lot_id else [statement_key, line_key]
    # Escaped, so that no two lists of parts give one id.
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def brief(id: str) -> str:
    """An id in a message: whole, or by its two ends, since that of a statement's draw ends with what it is for."""
    return repr(id) if len(id) <= _TOLD else f"{id[:80]!r} to {id[-80:]!r}"


def read_id(value: object) -> str:
    """
    An id: 1 to 1,000 characters.

    Raises:
        LedgerError: `ledger.id`.
    """
    if isinstance(value, str) and 0 < len(value) <= _LONGEST:
        return value
    raise LedgerError(
        f"an id is text of 1 to {_LONGEST} characters; give one that is the same at every retry", code="ledger.id"
    )


def stored_id(value: object) -> str:
    """An id as an entry has it: also one that was made of others, as that by which a lot expires."""
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_STORED:
        return value
    return read_id(value)


def is_money(unit: str) -> bool:
    """Whether a unit is a currency of ISO 4217, and none of one's own."""
    return unit in _CODES


def unit_of(code: str, places: int | None) -> Currency:
    """
    A currency of ISO 4217, as ISO or as Stripe counts it, or a unit of one's own with its number of decimals.

    Raises:
        MismatchError: `currency.unknown`, or as `Currency.custom`.
    """
    if code not in _CODES:
        return Currency.of(code) if places is None else Currency.custom(code, places=places)
    found = Currency.of(code)
    if places in (None, found.places):
        return found
    other = Currency.of(code, profile="stripe")
    if other.places != places:
        raise MismatchError(
            f"{code} is not counted in {places} decimals; leave `places` out for a currency", code="currency.places"
        )
    return other


def show_unit(unit: Currency) -> str | list[str | int]:
    """The plain form of a unit: its code, with its decimals where the code alone does not tell them."""
    known = unit in _CODES and Currency.of(str(unit)).places == unit.places
    return str(unit) if known else [str(unit), unit.places]


def read_unit(value: object) -> Currency:
    """Read what `show_unit` wrote."""
    code, places = value if isinstance(value, list | tuple) and len(value) == 2 else (value, None)
    if not isinstance(code, str) or not (places is None or type(places) is int):
        raise LedgerError("a unit is written as its code, or as [code, places]; correct it", code="ledger.entry")
    return unit_of(code, places)


def sound_amount(money: Money) -> Decimal:
    """
    An amount that a ledger can hold: 0 or more, and for a unit of one's own not finer than it is counted.

    Raises:
        LedgerError: `ledger.amount` or `ledger.fine`.
    """
    amount, unit = money.amount, money.currency
    if amount < ZERO:
        raise LedgerError(
            f"{money} is below 0; draw 0 or more, and give back with `undraw` or `void`", code="ledger.amount"
        )
    if unit not in _CODES and CONTEXT.remainder(amount, _STEPS[unit.places]):
        raise LedgerError(
            f"{money} is finer than {unit} is counted ({unit.places} decimals); round it first", code="ledger.fine"
        )
    return amount
