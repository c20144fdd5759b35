"""
What a statement wants from credits, part by part, and what they paid of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from .._numbers import ZERO
from ..credits import Overage, Use, entry_id
from ..money import Currency, Money
from ..records import show_time

__all__ = ["UNITS", "Held", "Want", "named", "short", "unnumbered"]

# In front of a line, where no key of a line can begin like this.
UNITS = "[units]"

_LONGEST = 400
_LONGEST_KEY = 200


class Held:
    """
    What credits pay of one part of a line. Immutable by contract.

    Attributes:
        parts: the lots and how much of each, in the order in which they burnt.
        overdrawn: what is owed for it.
        uncovered: what nobody paid.
        refused: whether the ledger refused to pay at all.
    """

    __slots__ = ("overdrawn", "parts", "refused", "uncovered")

    def __init__(
        self,
        parts: Sequence[tuple[str, Decimal]] = (),
        overdrawn: Decimal = ZERO,
        uncovered: Decimal = ZERO,
        *,
        refused: bool = False,
    ) -> None:
        self.parts = tuple(parts)
        self.overdrawn = overdrawn
        self.uncovered = uncovered
        self.refused = refused


class Want(NamedTuple):
    """
    A part of a line for which credits may pay.

    Attributes:
        line: the key of the line.
        start: when the line starts, at which its first part does not show in the id.
        money: how much.
        at: from when the part is.
        use: what for.
        settled: when the line is due.
        overage: what becomes of what no lot covers; None is the ledger's policy.
        units: whether it is what usage costs by a menu, and not what the statement comes to.
    """

    line: str
    start: datetime
    money: Money
    at: datetime
    use: Use
    settled: datetime
    overage: Overage | None = None
    units: bool = False

    def base(self, key: str, home: Currency) -> str:
        """The id of the draw for it, on the statement with a key and a currency."""
        # One line may be paid in units first, and in money for the rest; the two may be one unit.
        if self.money.currency != home:
            line = f"{self.line}|{self.money.currency}"
        else:
            line = f"{UNITS}{self.line}" if self.units else self.line
        return named(key, line, "" if self.at == self.start else show_time(self.at))


def named(key: str, line: str, part: str = "") -> str:
    """The id of what a line of a statement does, or a part of it, cut where it would be too long."""
    return _cut(entry_id(key, line, part), _LONGEST)


def unnumbered(name: str) -> str:
    """The id of the first draw for a part of a line, by one that corrected it."""
    base, _, count = name.rpartition("/")
    return base if count.isdigit() and "/" in base else name


def short(key: str) -> str:
    """The key of a statement, cut where the ids made of it would be too long."""
    return key if len(entry_id(key, "")) <= _LONGEST_KEY else _cut(key, 130, always=True)


def _cut(text: str, most: int, *, always: bool = False) -> str:
    if len(text) <= most and not always:
        return text
    # An id has a longest length, and the values of a group may have any.
    import hashlib  # noqa: PLC0415  (it loads OpenSSL, which most need not wait for)

    return f"{text[: most - 65]}~{hashlib.sha256(text.encode()).hexdigest()}"
