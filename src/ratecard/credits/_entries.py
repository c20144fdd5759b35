"""
The entries of a ledger, one small class a kind. What happened is in them as facts: which lots, how much, and what
became of it. So a ledger is replayed from its entries alone, whatever policy chose the lots.

Entries are immutable by contract, compare by content, and come and go as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from .._numbers import ZERO
from ..errors import LedgerError
from ..money import Currency
from ._codec import Part, Returning
from ._entry import Entry, Move, entry_of
from ._grants import Use
from ._holdings import EXPIRED, LEFT, REFUNDED, RESERVED, ROLLED_OUT, SPENT, VOIDED, Column
from ._lots import Lot

__all__ = [
    "KINDS", "Committed", "Drawn", "Entry", "Expired", "Granted", "Move", "Part", "Refunded", "Released", "Repaid",
    "Reserved", "Returned", "Returning", "RolledOver", "Voided", "entry_from_json",
]  # fmt: skip


class Granted(Entry):
    """A lot was granted."""

    __slots__ = ("lot",)
    kind = "granted"
    fields = ("id", "at", "lot")

    def __init__(self, id: str, at: datetime, lot: Lot) -> None:
        self.id = id
        self.at = at
        self.lot = lot

    def opens(self) -> Lot | None:
        """The lot."""
        return self.lot


class Drawn(Entry):
    """
    Credits were drawn: `amount` is the sum of the parts, what was overdrawn, and what stayed uncovered.

    Attributes:
        lot_at: the instant that lay inside the time of each lot.
        use: what they were drawn for.
        parts: the lots and how much of each, in the order in which they burnt.
    """

    __slots__ = ("amount", "lot_at", "overdrawn", "parts", "uncovered", "unit", "use")
    kind = "drawn"
    fields = ("id", "at", "lot_at", "unit", "amount", "use", "parts", "overdrawn", "uncovered")

    def __init__(
        self,
        id: str,
        at: datetime,
        *,
        lot_at: datetime,
        unit: Currency,
        amount: Decimal,
        use: Use,
        parts: tuple[Part, ...],
        overdrawn: Decimal = ZERO,
        uncovered: Decimal = ZERO,
    ) -> None:
        self.id = id
        self.at = at
        self.lot_at = lot_at
        self.unit = unit
        self.amount = amount
        self.use = use
        self.parts = parts
        self.overdrawn = overdrawn
        self.uncovered = uncovered

    def moves(self) -> Iterator[Move]:
        """From what is left to what is spent."""
        return (Move(lot, LEFT, SPENT, amount) for lot, amount in self.parts)

    def debt(self) -> Decimal:
        """What was overdrawn."""
        return self.overdrawn


class Returned(Entry):
    """
    What was drawn came back, in part or whole: first what stayed uncovered, then what was overdrawn, then the lots, the
    last drawn first, or those that were chosen.

    Attributes:
        draw_id: the draw, or the commit, that it takes back.
        freed: the lots, how much of each, and where it went.
        overdrawn: what it takes off the overdraft.
        parts: the lots that were chosen, and how much of each; empty where the last drawn came first.
    """

    __slots__ = ("amount", "draw_id", "freed", "overdrawn", "parts", "uncovered", "unit", "use")
    kind = "returned"
    fields = ("id", "at", "draw_id", "unit", "amount", "use", "freed", "overdrawn", "uncovered", "parts")
    optional = ("parts",)

    def __init__(
        self,
        id: str,
        at: datetime,
        *,
        draw_id: str,
        unit: Currency,
        amount: Decimal,
        use: Use,
        freed: tuple[Returning, ...],
        overdrawn: Decimal = ZERO,
        uncovered: Decimal = ZERO,
        parts: tuple[Part, ...] = (),
    ) -> None:
        self.id = id
        self.at = at
        self.draw_id = draw_id
        self.unit = unit
        self.amount = amount
        self.use = use
        self.freed = freed
        self.overdrawn = overdrawn
        self.uncovered = uncovered
        self.parts = parts

    def moves(self) -> Iterator[Move]:
        """From what is spent to where it went."""
        return (Move(lot, SPENT, fate, amount) for lot, amount, fate in self.freed)

    def debt(self) -> Decimal:
        """What it takes off the overdraft."""
        return self.overdrawn.copy_negate() if self.overdrawn else ZERO


class Reserved(Entry):
    """Credits are held for work in flight; `uncovered` is what no lot had."""

    __slots__ = ("amount", "lot_at", "parts", "uncovered", "unit", "use")
    kind = "reserved"
    fields = ("id", "at", "lot_at", "unit", "amount", "use", "parts", "uncovered")

    def __init__(
        self,
        id: str,
        at: datetime,
        *,
        lot_at: datetime,
        unit: Currency,
        amount: Decimal,
        use: Use,
        parts: tuple[Part, ...],
        uncovered: Decimal = ZERO,
    ) -> None:
        self.id = id
        self.at = at
        self.lot_at = lot_at
        self.unit = unit
        self.amount = amount
        self.use = use
        self.parts = parts
        self.uncovered = uncovered

    def moves(self) -> Iterator[Move]:
        """From what is left to what is reserved."""
        return (Move(lot, LEFT, RESERVED, amount) for lot, amount in self.parts)


class Committed(Entry):
    """
    Work in flight came to an end, and cost this much.

    Attributes:
        reservation_id: the reservation, which ends here.
        lot_at: the instant that lay inside the time of the lots drawn beyond it.
        held: what of the reservation was spent.
        freed: what of it was not, and where that went.
        parts: what was drawn beyond it.
    """

    __slots__ = (
        "amount", "freed", "held", "lot_at", "overdrawn", "parts", "reservation_id", "uncovered", "unit", "use",
    )  # fmt: skip
    kind = "committed"
    fields = (
        "id", "at", "lot_at", "reservation_id", "unit", "amount", "use", "held", "freed", "parts", "overdrawn",
        "uncovered",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        at: datetime,
        *,
        lot_at: datetime,
        reservation_id: str,
        unit: Currency,
        amount: Decimal,
        use: Use,
        held: tuple[Part, ...],
        freed: tuple[Returning, ...],
        parts: tuple[Part, ...] = (),
        overdrawn: Decimal = ZERO,
        uncovered: Decimal = ZERO,
    ) -> None:
        self.id = id
        self.at = at
        self.lot_at = lot_at
        self.reservation_id = reservation_id
        self.unit = unit
        self.amount = amount
        self.use = use
        self.held = held
        self.freed = freed
        self.parts = parts
        self.overdrawn = overdrawn
        self.uncovered = uncovered

    def moves(self) -> Iterator[Move]:
        """From what is reserved to what is spent or free again, and from what is left to what is spent."""
        yield from (Move(lot, RESERVED, SPENT, amount) for lot, amount in self.held)
        yield from (Move(lot, RESERVED, fate, amount) for lot, amount, fate in self.freed)
        yield from (Move(lot, LEFT, SPENT, amount) for lot, amount in self.parts)

    def debt(self) -> Decimal:
        """What was overdrawn."""
        return self.overdrawn


class Released(Entry):
    """Work in flight came to nothing: what was held for it is free again."""

    __slots__ = ("freed", "reservation_id")
    kind = "released"
    fields = ("id", "at", "reservation_id", "freed")

    def __init__(self, id: str, at: datetime, reservation_id: str, freed: tuple[Returning, ...]) -> None:
        self.id = id
        self.at = at
        self.reservation_id = reservation_id
        self.freed = freed

    def moves(self) -> Iterator[Move]:
        """From what is reserved to where it went."""
        return (Move(lot, RESERVED, fate, amount) for lot, amount, fate in self.freed)


class _Taken(Entry):
    """An amount of one lot that is there no more."""

    __slots__ = ("amount", "closes", "lot_id")
    fields = ("id", "at", "lot_id", "amount", "closes")
    column: ClassVar[Column] = EXPIRED

    def __init__(self, id: str, at: datetime, lot_id: str, amount: Decimal, closes: bool = True) -> None:
        self.id = id
        self.at = at
        self.lot_id = lot_id
        self.amount = amount
        self.closes = closes

    def moves(self) -> Iterator[Move]:
        """From what is left to where it went."""
        return iter((Move(self.lot_id, LEFT, self.column, self.amount),))


class Expired(_Taken):
    """What was left of a lot at its expiry is lost."""

    __slots__ = ()
    kind = "expired"


class Voided(_Taken):
    """Credits were taken back without pay; `closes` when that was all, for good."""

    __slots__ = ()
    kind = "voided"
    column = VOIDED


class Refunded(_Taken):
    """Unused credits that were paid for were taken back for money; `closes` when that was all, for good."""

    __slots__ = ()
    kind = "refunded"
    column = REFUNDED


class RolledOver(Entry):
    """
    A lot came to its expiry, and a part of it lives on in another.

    Attributes:
        lot_id: the lot that expired.
        amount: what lives on.
        lost: what expired of it.
        lot: the lot in which it lives on.
    """

    __slots__ = ("amount", "lost", "lot", "lot_id")
    kind = "rolled_over"
    fields = ("id", "at", "lot_id", "amount", "lost", "lot")

    def __init__(self, id: str, at: datetime, lot_id: str, amount: Decimal, lost: Decimal, lot: Lot) -> None:
        self.id = id
        self.at = at
        self.lot_id = lot_id
        self.amount = amount
        self.lost = lost
        self.lot = lot

    def moves(self) -> Iterator[Move]:
        """From what is left to what rolled on or was lost."""
        yield Move(self.lot_id, LEFT, ROLLED_OUT, self.amount)
        yield Move(self.lot_id, LEFT, EXPIRED, self.lost)

    def opens(self) -> Lot | None:
        """The lot in which it lives on."""
        return self.lot


class Repaid(Entry):
    """A lot paid back what had been overdrawn for a use."""

    __slots__ = ("amount", "lot_id", "unit", "use")
    kind = "repaid"
    fields = ("id", "at", "lot_id", "unit", "amount", "use")

    def __init__(self, id: str, at: datetime, lot_id: str, unit: Currency, amount: Decimal, use: Use) -> None:
        self.id = id
        self.at = at
        self.lot_id = lot_id
        self.unit = unit
        self.amount = amount
        self.use = use

    def moves(self) -> Iterator[Move]:
        """From what is left to what is spent."""
        return iter((Move(self.lot_id, LEFT, SPENT, self.amount),))

    def debt(self) -> Decimal:
        """What it takes off the overdraft."""
        return self.amount.copy_negate()


KINDS: Final[dict[str, type[Entry]]] = {
    each.kind: each
    for each in (
        Granted, Drawn, Returned, Reserved, Committed, Released, Expired, Voided, Refunded, RolledOver, Repaid,
    )
}  # fmt: skip
"""The classes by their names in JSON."""


def entry_from_json(value: object) -> Entry:
    """
    Read what `to_json` of an entry wrote.

    Raises:
        LedgerError: `ledger.entry`.
    """
    told: Mapping[str, Any] = {**value} if isinstance(value, Mapping) else {}
    kind = KINDS.get(str(told.get("kind")))
    if kind is None:
        raise LedgerError(f"an entry is one of {', '.join(KINDS)}; say which kind it is", code="ledger.entry")
    return entry_of(kind, {name: held for name, held in told.items() if name != "kind"})
