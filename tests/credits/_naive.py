"""
A second ledger that shares nothing with the first: lists, whole numbers and loops, as one would write it in an hour.

Amounts are whole hundredths, times are whole hours since the start of 2025. It keeps no entries and is told no ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

ORDERS: dict[str, Callable[[NaiveLot], tuple[object, ...]]] = {
    "default": lambda lot: (lot.ends, lot.priority, lot.granted, lot.id),
    "stripe": lambda lot: (lot.priority, lot.ends, lot.paid, lot.start, lot.granted, lot.id),
    "orb": lambda lot: (lot.ends, lot.cost, lot.granted, lot.id),
    "metronome": lambda lot: (not lot.rolled, lot.priority, lot.cost, lot.breadth, lot.ends, lot.start, lot.id),
    "openmeter": lambda lot: (lot.priority, lot.ends, lot.granted, lot.id),
    "lago": lambda lot: (lot.priority, lot.paid, lot.granted, lot.id),
}


@dataclass
class NaiveRollover:
    """What rolls over: at most `maximum`, a share, so often, for so many hours."""

    maximum: int | None
    fraction: Fraction
    times: int | None
    hours: int
    priority: int | None


@dataclass
class NaiveLot:
    """A lot and its columns."""

    id: str
    key: str
    amount: int
    priority: int
    granted: int
    start: int
    end: int | None
    items: tuple[str, ...]
    cost: Fraction
    rollover: NaiveRollover | None
    rolled: int = 0
    root: str = ""
    closed: bool = False
    left: int = 0
    reserved: int = 0
    spent: int = 0
    expired: int = 0
    voided: int = 0
    rolled_out: int = 0
    refunded: int = 0

    @property
    def paid(self) -> bool:
        """Bought lots have a cost."""
        return self.cost > 0

    @property
    def ends(self) -> float:
        """For sorting: never is last."""
        return float("inf") if self.end is None else self.end

    @property
    def breadth(self) -> float:
        """For sorting: an open scope is last."""
        return len(self.items) or float("inf")

    def pays(self, item: str | None, at: int) -> bool:
        """Whether it may pay for an item at an hour."""
        return (not self.items or item in self.items) and self.start <= at and (self.end is None or at < self.end)

    def take_back(self, amount: int, at: int, *, spent: bool) -> str:
        """Where what comes back goes."""
        if self.end is not None and self.end <= at:
            name = ("refunded" if self.paid else "voided") if spent else "expired"
        elif self.closed:
            name = "refunded" if self.paid else "voided"
        else:
            name = "left"
        setattr(self, name, getattr(self, name) + amount)
        return name


@dataclass
class NaiveDraw:
    """A draw as the list of its pieces in order, a lot's id each; None is overdrawn, "" uncovered."""

    item: str | None
    pieces: list[tuple[str | None, int]]
    back: int = 0

    def tail(self, amount: int) -> list[tuple[str | None, int]]:
        """The pieces that an amount takes back, from the end."""
        skip, found = self.back, []
        for lot, size in reversed(self.pieces):
            passed = min(skip, size)
            skip -= passed
            part = min(size - passed, amount)
            amount -= part
            if part:
                found.append((lot, part))
        return found


@dataclass
class Naive:
    """The second ledger."""

    order: str
    overage: str
    limit: int | None
    commit_over: str
    lots: list[NaiveLot] = field(default_factory=list)
    draws: dict[str, NaiveDraw] = field(default_factory=dict)
    holds: dict[str, tuple[str | None, list[tuple[str, int]]]] = field(default_factory=dict)
    debts: dict[str | None, list[tuple[str, int]]] = field(default_factory=dict)
    owed: dict[str | None, int] = field(default_factory=dict)

    def lot(self, id: str) -> NaiveLot:
        """By its id, from the newest back, since those are asked for most."""
        return next(lot for lot in reversed(self.lots) if lot.id == id)

    def choose(self, amount: int, item: str | None, at: int) -> tuple[list[tuple[str, int]], int]:
        """Who pays, and what is left over."""
        found = []
        able = [lot for lot in self.lots if lot.left and not lot.closed and lot.pays(item, at)]
        for lot in sorted(able, key=ORDERS[self.order]):  # type: ignore[arg-type]
            part = min(lot.left, amount)
            if part:
                found.append((lot.id, part))
                amount -= part
        return found, amount

    def spend(self, parts: list[tuple[str, int]], into: str = "spent") -> None:
        """Out of what is left."""
        for id, part in parts:
            lot = self.lot(id)
            lot.left -= part
            setattr(lot, into, getattr(lot, into) + part)

    def repay(self, at: int) -> None:
        """Live lots pay the oldest debt first."""
        for item in list(self.owed):
            parts, _ = self.choose(self.owed[item], item, at)
            self.spend(parts)
            for id, part in parts:
                self.owed[item] -= part
                self.debts.setdefault(item, []).append((id, part))

    def grant(self, lot: NaiveLot, at: int) -> None:
        """A lot comes in."""
        lot.left = lot.amount
        self.lots.append(lot)
        self.repay(at)

    def rest(self, rest: int, *, done: bool = False) -> tuple[int, int, bool]:
        """Overdrawn, uncovered, and whether it is refused."""
        if not rest or self.overage == "leave" or (self.overage == "refuse" and done):
            return 0, rest, False
        if self.overage == "refuse":
            return 0, rest, True
        if self.limit is None:
            return rest, 0, False
        over = min(rest, max(0, self.limit - sum(self.owed.values())))
        if over < rest and self.overage == "negative" and not done:
            return 0, rest, True
        return over, rest - over, False

    def overdraw(self, item: str | None, over: int) -> None:
        """More is owed."""
        if over:
            self.owed[item] = self.owed.get(item, 0) + over

    def draw(self, id: str, amount: int, item: str | None, at: int) -> NaiveDraw | None:
        """Spend; None where it is refused."""
        self.repay(at)
        parts, rest = self.choose(amount, item, at)
        over, uncovered, refused = self.rest(rest)
        if refused:
            return None
        self.spend(parts)
        self.overdraw(item, over)
        self.draws[id] = NaiveDraw(item, [*parts, (None, over), ("", uncovered)])
        return self.draws[id]

    def undraw(self, id: str, amount: int, at: int) -> Fraction:
        """Take back; the money that is due."""
        draw, due = self.draws[id], Fraction(0)
        tail = draw.tail(amount)
        draw.back += amount
        for lot_id, size in tail:
            part = size
            if lot_id is None:
                off = min(part, self.owed.get(draw.item, 0))
                self.owed[draw.item] = self.owed.get(draw.item, 0) - off
                part -= off
                stack = self.debts.get(draw.item, [])
                while part:
                    payer, paid = stack.pop()
                    piece = min(paid, part)
                    if paid > piece:
                        stack.append((payer, paid - piece))
                    part -= piece
                    due += self.back(payer, piece, at)
            elif lot_id:
                due += self.back(lot_id, part, at)
        self.tidy()
        return due

    def tidy(self) -> None:
        """A use that owes nothing, and to which nothing can return, is forgotten, and comes last when it owes again."""
        self.owed = {item: owed for item, owed in self.owed.items() if owed or self.debts.get(item)}

    def back(self, id: str, part: int, at: int) -> Fraction:
        """What was spent comes back to a lot; what it cost, where it is due."""
        lot = self.lot(id)
        lot.spent -= part
        return lot.cost * part if lot.take_back(part, at, spent=True) == "refunded" else Fraction(0)

    def reserve(self, id: str, amount: int, item: str | None, at: int) -> list[tuple[str, int]] | None:
        """Hold."""
        self.repay(at)
        parts, rest = self.choose(amount, item, at)
        if self.rest(rest)[2]:
            return None
        self.spend(parts, "reserved")
        self.holds[id] = (item, parts)
        return parts

    def commit(self, hold: str, id: str, amount: int, at: int) -> NaiveDraw | None:
        """End a reservation with a cost; None where it is refused."""
        item, parts = self.holds[hold]
        if self.commit_over == "refuse" and amount > sum(part for _, part in parts):
            return None
        spent = []
        for lot_id, part in parts:
            lot, taken = self.lot(lot_id), min(part, amount)
            amount -= taken
            lot.reserved -= part
            lot.spent += taken
            if taken:
                spent.append((lot_id, taken))
            if part > taken:
                lot.take_back(part - taken, at, spent=False)
        more: list[tuple[str, int]] = []
        over, uncovered = 0, amount
        if self.commit_over == "draw":
            more, rest = self.choose(amount, item, at)
            over, uncovered, _ = self.rest(rest, done=True)
        self.spend(more)
        self.overdraw(item, over)
        del self.holds[hold]
        self.draws[id] = NaiveDraw(item, [*spent, *more, (None, over), ("", uncovered)])
        return self.draws[id]

    def release(self, hold: str, at: int) -> None:
        """End a reservation without cost."""
        for lot_id, part in self.holds.pop(hold)[1]:
            lot = self.lot(lot_id)
            lot.reserved -= part
            lot.take_back(part, at, spent=False)

    def expire(self, at: int) -> None:
        """End what is at its end, the earliest first."""
        while True:
            over = [lot for lot in self.lots if lot.left and not lot.closed and lot.end is not None and lot.end <= at]
            if not over:
                return
            lot = min(over, key=lambda each: (each.ends, each.id))
            self.end(lot)

    def end(self, lot: NaiveLot) -> None:
        """Roll over what may, and lose the rest."""
        assert lot.end is not None
        rolling, terms = 0, lot.rollover
        if terms is not None and (terms.times is None or lot.rolled < terms.times):
            rolling = int(lot.left * terms.fraction)
            if terms.maximum is not None:
                alive = sum(
                    each.left
                    for each in self.lots
                    if each.key == lot.key and each.rolled and each.left and each.start <= lot.end < (each.end or 0)
                    and not each.closed and each.items == lot.items
                )  # fmt: skip
                rolling = max(0, min(rolling, terms.maximum - alive))
        lot.expired += lot.left - rolling
        lot.rolled_out += rolling
        lot.left = 0
        lot.closed = True
        if rolling and terms is not None:
            self.lots.append(
                NaiveLot(
                    f"{lot.root or lot.id}/rolled/{lot.rolled + 1}", lot.key, rolling,
                    lot.priority if terms.priority is None else terms.priority, lot.granted, lot.end,
                    lot.end + terms.hours, lot.items, lot.cost, terms, lot.rolled + 1, lot.root or lot.id, left=rolling,
                )
            )  # fmt: skip

    def take(self, id: str, amount: int | None, into: str) -> Fraction:
        """Void or refund; what that cost."""
        lot = self.lot(id)
        size = lot.left if amount is None else amount
        lot.left -= size
        setattr(lot, into, getattr(lot, into) + size)
        lot.closed = lot.closed or amount is None
        return lot.cost * size if into == "refunded" else Fraction(0)

    def balance(self, at: int) -> int:
        """What can be drawn, less what is owed."""
        live = sum(lot.left for lot in self.lots if lot.start <= at and (lot.end is None or at < lot.end))
        return live - sum(self.owed.values())
