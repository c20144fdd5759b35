"""
A second ledger that shares nothing with the first: lists, whole numbers and loops, as one would write it in an hour.

Amounts are whole hundredths, times are whole hours since the start of 2025. It keeps no entries and is told no ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

NaiveUse: TypeAlias = tuple[str | None, str | None, str | None]
"""An item, a customer and a team; None is not stated."""

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
    scope: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
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
    moves: list[tuple[int, str, str, int]] = field(default_factory=list)

    @property
    def paid(self) -> bool:
        """Bought lots have a cost."""
        return self.cost > 0

    @property
    def rolls(self) -> bool:
        """Whether it may roll over."""
        return self.rollover is not None and (self.rollover.times is None or self.rolled < self.rollover.times)

    @property
    def ends(self) -> float:
        """For sorting: never is last."""
        return float("inf") if self.end is None else self.end

    @property
    def breadth(self) -> float:
        """For sorting: an open scope is last."""
        return sum(len(names) for names in self.scope) or float("inf")

    def pays(self, use: NaiveUse, at: int) -> bool:
        """Whether it may pay for a use at an hour."""
        if self.start > at or (self.end is not None and at >= self.end):
            return False
        return all(not names or told in names for told, names in zip(use, self.scope, strict=True))

    def move(self, source: str, target: str, amount: int, at: int) -> None:
        """From one column to another."""
        setattr(self, source, getattr(self, source) - amount)
        setattr(self, target, getattr(self, target) + amount)
        self.moves.append((at, source, target, amount))

    def take_back(self, amount: int, at: int, *, spent: bool) -> str:
        """Where what comes back goes."""
        over = self.end is not None and self.end <= at
        name = "refunded" if self.paid else "voided"
        if not over and not self.closed:
            name = "left"
        elif not spent and (over or self.expired or self.rolled_out):
            name = "expired"
        self.move("spent" if spent else "reserved", name, amount, at)
        return name

    def earned(self, start: int, end: int) -> tuple[Fraction, ...]:
        """Sold, rolled in, earned, broken, refunded, rolled out, deferred at the start and at the end of some hours."""
        came = self.start if self.rolled else self.granted
        sums = [0] * 8
        if came < end:
            sums[7] += self.amount
            sums[(1 if self.rolled else 0) if came >= start else 6] += self.amount
        places = {"spent": 2, "expired": 3, "voided": 3, "refunded": 4, "rolled_out": 5}
        for at, source, target, amount in self.moves:
            for column, size in ((source, -amount), (target, amount)):
                if column in places and at < end:
                    sums[7] -= size
                    if at < start:
                        sums[6] -= size
                    else:
                        sums[places[column]] += size
        return tuple(self.cost * each for each in sums)


@dataclass
class NaiveDraw:
    """A draw as the list of its pieces in order, a lot's id each; None is overdrawn, "" uncovered."""

    use: NaiveUse
    pieces: list[tuple[str | None, int]]

    @property
    def stands(self) -> int:
        """What has not come back."""
        return sum(size for _, size in self.pieces)

    def take(self, amount: int, chosen: dict[str, int] | None = None) -> list[tuple[str | None, int]]:
        """The pieces that come back, from the end; of lots those that are chosen alone."""
        found, kept = [], []
        wanted = dict(chosen or {})
        for lot, size in reversed(self.pieces):
            most = amount if not chosen else min(amount, wanted.get(lot, 0) if lot else amount - sum(wanted.values()))
            part = min(size, most)
            amount -= part
            if part:
                found.append((lot, part))
                if lot and chosen:
                    wanted[lot] -= part
            kept.append((lot, size - part))
        self.pieces = kept[::-1]
        assert not amount
        return found


@dataclass
class NaiveRule:
    """When to buy more: up to a level, or by steps; so often a day."""

    below: int
    to: int | None
    by: int | None
    minimum: int
    maximum: int | None
    most: int
    made: list[int] = field(default_factory=list)

    def propose(self, held: int, at: int) -> tuple[int, int] | None:
        """Which of the day's it is, and how much."""
        count = sum(each // 24 == at // 24 for each in self.made)
        if held > self.below or count >= self.most:
            return None
        if self.to is not None:
            amount = max(self.to - held, self.minimum)
            return count + 1, amount if self.maximum is None else min(amount, self.maximum)
        assert self.by is not None
        amount = self.by
        while held + amount <= self.below:
            amount += self.by
        amount = max(amount, self.minimum)
        if self.maximum is not None and amount > self.maximum:
            fit = [each for each in range(self.by, self.maximum + 1, self.by) if each >= self.minimum]
            amount = fit[-1] if fit else self.maximum
        return count + 1, amount


@dataclass
class Naive:
    """The second ledger."""

    order: str
    overage: str
    limit: int | None
    commit_over: str
    settles: bool = False
    lots: list[NaiveLot] = field(default_factory=list)
    draws: dict[str, NaiveDraw] = field(default_factory=dict)
    holds: dict[str, tuple[NaiveUse, list[tuple[str, int]]]] = field(default_factory=dict)
    debts: dict[NaiveUse, list[tuple[str, int]]] = field(default_factory=dict)
    owed: dict[NaiveUse, int] = field(default_factory=dict)

    def lot(self, id: str) -> NaiveLot:
        """By its id, from the newest back, since those are asked for most."""
        return next(lot for lot in reversed(self.lots) if lot.id == id)

    def choose(self, amount: int, use: NaiveUse, at: int) -> tuple[list[tuple[str, int]], int]:
        """Who pays, and what is left over."""
        found = []
        able = [lot for lot in self.lots if lot.left and not lot.closed and lot.pays(use, at)]
        for lot in sorted(able, key=ORDERS[self.order]):  # type: ignore[arg-type]
            part = min(lot.left, amount)
            if part:
                found.append((lot.id, part))
                amount -= part
        return found, amount

    def spend(self, parts: list[tuple[str, int]], at: int, into: str = "spent") -> None:
        """Out of what is left."""
        for id, part in parts:
            self.lot(id).move("left", into, part, at)

    def repay(self, at: int) -> None:
        """Live lots pay the oldest debt first."""
        for use in list(self.owed):
            parts, _ = self.choose(self.owed[use], use, at)
            self.spend(parts, at)
            for id, part in parts:
                self.owed[use] -= part
                self.debts.setdefault(use, []).append((id, part))

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

    def overdraw(self, use: NaiveUse, over: int) -> None:
        """More is owed."""
        if over:
            self.owed[use] = self.owed.get(use, 0) + over

    def draw(self, id: str, amount: int, use: NaiveUse, at: int, settled: int | None = None) -> NaiveDraw | None:
        """Spend; None where it is refused."""
        looked = settled if settled is not None and self.settles else at
        self.repay(looked)
        parts, rest = self.choose(amount, use, looked)
        over, uncovered, refused = self.rest(rest)
        if refused:
            return None
        self.spend(parts, at)
        self.overdraw(use, over)
        self.draws[id] = NaiveDraw(use, [*parts, (None, over), ("", uncovered)])
        return self.draws[id]

    def undraw(self, id: str, amount: int, at: int, chosen: dict[str, int] | None = None) -> Fraction:
        """Take back; the money that is due."""
        draw, due = self.draws[id], Fraction(0)
        for lot_id, size in draw.take(amount, chosen):
            part = size
            if lot_id is None:
                off = min(part, self.owed.get(draw.use, 0))
                self.owed[draw.use] = self.owed.get(draw.use, 0) - off
                part -= off
                stack = self.debts.get(draw.use, [])
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
        self.owed = {use: owed for use, owed in self.owed.items() if owed or self.debts.get(use)}

    def back(self, id: str, part: int, at: int) -> Fraction:
        """What was spent comes back to a lot; what it cost, where it is due."""
        lot = self.lot(id)
        return lot.cost * part if lot.take_back(part, at, spent=True) == "refunded" else Fraction(0)

    def reserve(
        self, id: str, amount: int, use: NaiveUse, at: int, settled: int | None = None
    ) -> list[tuple[str, int]] | None:
        """Hold."""
        looked = settled if settled is not None and self.settles else at
        self.repay(looked)
        parts, rest = self.choose(amount, use, looked)
        if self.rest(rest)[2]:
            return None
        self.spend(parts, at, "reserved")
        self.holds[id] = (use, parts)
        return parts

    def commit(self, hold: str, id: str, amount: int, at: int) -> NaiveDraw | None:
        """End a reservation with a cost; None where it is refused."""
        use, parts = self.holds[hold]
        if self.commit_over == "refuse" and amount > sum(part for _, part in parts):
            return None
        spent = []
        for lot_id, part in parts:
            lot, taken = self.lot(lot_id), min(part, amount)
            amount -= taken
            if taken:
                lot.move("reserved", "spent", taken, at)
                spent.append((lot_id, taken))
            if part > taken:
                lot.take_back(part - taken, at, spent=False)
        more: list[tuple[str, int]] = []
        over, uncovered = 0, amount
        if self.commit_over == "draw":
            more, rest = self.choose(amount, use, at)
            over, uncovered, _ = self.rest(rest, done=True)
        self.spend(more, at)
        self.overdraw(use, over)
        del self.holds[hold]
        self.draws[id] = NaiveDraw(use, [*spent, *more, (None, over), ("", uncovered)])
        return self.draws[id]

    def release(self, hold: str, at: int) -> None:
        """End a reservation without cost."""
        for lot_id, part in self.holds.pop(hold)[1]:
            self.lot(lot_id).take_back(part, at, spent=False)

    def expire(self, at: int, *, rolling: bool = False) -> None:
        """End what is at its end, the earliest first; of what may roll over alone, if told."""
        while True:
            over = [
                lot
                for lot in self.lots
                if lot.left and not lot.closed and lot.end is not None and lot.end <= at and (lot.rolls or not rolling)
            ]
            if not over:
                return
            lot = min(over, key=lambda each: (each.ends, each.id))
            self.end(lot)

    def end(self, lot: NaiveLot) -> None:
        """Roll over what may, and lose the rest."""
        assert lot.end is not None
        rolling, terms = 0, lot.rollover
        if terms is not None and lot.rolls:
            rolling = int(lot.left * terms.fraction)
            if terms.maximum is not None:
                alive = sum(
                    each.left
                    for each in self.lots
                    if each.key == lot.key and each.rolled and each.left and each.start <= lot.end < (each.end or 0)
                    and not each.closed and each.scope == lot.scope
                )  # fmt: skip
                rolling = max(0, min(rolling, terms.maximum - alive))
        lot.move("left", "expired", lot.left - rolling, lot.end)
        lot.move("left", "rolled_out", rolling, lot.end)
        lot.closed = True
        if rolling and terms is not None:
            self.lots.append(
                NaiveLot(
                    f"{lot.root or lot.id}/rolled/{lot.rolled + 1}", lot.key, rolling,
                    lot.priority if terms.priority is None else terms.priority, lot.granted, lot.end,
                    lot.end + terms.hours, lot.scope, lot.cost, terms, lot.rolled + 1, lot.root or lot.id, left=rolling,
                )
            )  # fmt: skip

    def take(self, id: str, amount: int | None, into: str, at: int) -> Fraction:
        """Void or refund; what that cost."""
        lot = self.lot(id)
        size = lot.left if amount is None else amount
        lot.move("left", into, size, at)
        lot.closed = lot.closed or amount is None
        return lot.cost * size if into == "refunded" else Fraction(0)

    def balance(self, at: int) -> int:
        """What can be drawn, less what is owed."""
        live = sum(lot.left for lot in self.lots if lot.start <= at and (lot.end is None or at < lot.end))
        return live - sum(self.owed.values())
