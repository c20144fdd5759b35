"""
The ledger and the naive one, side by side: every act goes to both, and what they answer and hold must be the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ratecard.credits import (
    Draw,
    Grant,
    Holding,
    Leave,
    Ledger,
    Negative,
    OpenLedger,
    Overage,
    Policy,
    Preset,
    Refuse,
    Return,
    Rollover,
    Scope,
    Use,
)
from ratecard.credits._policy import ORDERS, CommitOver
from ratecard.money import Currency, Money
from tests.credits._naive import Naive, NaiveDraw, NaiveLot, NaiveRollover
from tests.strategies import fraction

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
UNIT = Currency.custom("credits", places=2)
_HOUR = timedelta(hours=1)
COLUMNS = ("left", "reserved", "spent", "expired", "voided", "rolled_out", "refunded")


def at(hour: int) -> datetime:
    """An instant by its hour."""
    return EPOCH + hour * _HOUR


def money(hundredths: int) -> Money:
    """An amount by its hundredths."""
    return Money.make(Decimal(hundredths).scaleb(-2), UNIT)


def columns(holding: Holding) -> tuple[int, ...]:
    """The columns of a lot in hundredths."""
    return tuple(int(amount.scaleb(2)) for amount in holding.amounts)


def naive_columns(lot: NaiveLot) -> tuple[int, ...]:
    """The same of the naive lot."""
    return tuple(getattr(lot, name) for name in COLUMNS)


def overage(kind: str, limit: int | None) -> Overage:
    """The overage by its name; "negative_leave" leaves what passes the limit."""
    if kind == "leave":
        return Leave()
    if kind == "refuse":
        return Refuse()
    most = None if limit is None else money(limit).amount
    return Negative(limit=most, beyond="leave" if kind == "negative_leave" else "refuse")


class Pair:
    """Two ledgers that get the same acts."""

    def __init__(self, order: Preset, kind: str, limit: int | None, commit_over: CommitOver) -> None:
        self.policy = Policy(burn=ORDERS[order], overage=overage(kind, limit), commit_over=commit_over)
        self.ours: OpenLedger = Ledger(self.policy).open()
        self.naive = Naive(order, kind, limit, commit_over)

    def grant(
        self, id: str, key: str, amount: int, *, now: int, start: int, end: int | None, priority: int,
        items: Sequence[str], cost: int, rollover: NaiveRollover | None,
    ) -> None:  # fmt: skip
        """A lot of so many hundredths; the cost is of one unit, in cents."""
        terms = None
        if rollover is not None:
            terms = Rollover(
                maximum=None if rollover.maximum is None else money(rollover.maximum).amount,
                fraction=str(Decimal(rollover.fraction.numerator) / rollover.fraction.denominator),
                times=rollover.times, priority=rollover.priority,
            )  # fmt: skip
        grant = Grant(
            id=id, key=key, amount=money(amount).amount, currency=UNIT, priority=priority, effective=at(start),
            expiry=None if end is None else at(end), scope=Scope(items=items), rollover=terms,
            unit_cost=Decimal(cost).scaleb(-2) if cost else None, cost_currency="USD" if cost else None,
        )  # fmt: skip
        self.ours.grant(grant, at=at(now))
        lot = NaiveLot(id, key, amount, priority, now, start, end, tuple(items), Fraction(cost, 10_000), rollover)
        self.naive.grant(lot, now)

    def _same_draw(self, ours: Draw, naive: NaiveDraw | None) -> None:
        assert ours.refused == (naive is None)
        if naive is not None:
            *parts, (_, over), (_, uncovered) = naive.pieces
            assert [(lot, int(amount.scaleb(2))) for lot, amount in ours.parts] == parts
            assert (int(ours.overdrawn.amount.scaleb(2)), int(ours.uncovered.amount.scaleb(2))) == (over, uncovered)

    def draw(self, id: str, amount: int, item: str | None, now: int) -> bool:
        """Spend; whether it was done."""
        found = self.ours.draw(money(amount), at=at(now), id=id, use=Use(item))
        self._same_draw(found, self.naive.draw(id, amount, item, now))
        return not found.refused

    def undraw(self, draw: str, id: str, amount: int, now: int) -> None:
        """Take back, above 0."""
        found = self.ours.undraw(draw, money(amount), at=at(now), id=id)
        self._same_due(found, self.naive.undraw(draw, amount, now))

    def _same_due(self, ours: Return, naive: Fraction) -> None:
        assert sum((fraction(each.amount) for each in ours.due), Fraction(0)) == naive

    def reserve(self, id: str, amount: int, item: str | None, now: int) -> bool:
        """Hold; whether it was done."""
        found = self.ours.reserve(money(amount), at=at(now), id=id, use=Use(item))
        parts = self.naive.reserve(id, amount, item, now)
        assert found.refused == (parts is None)
        assert parts is None or [(lot, int(each.scaleb(2))) for lot, each in found.parts] == parts
        return not found.refused

    def commit(self, hold: str, id: str, amount: int, now: int) -> bool:
        """End a reservation with a cost; whether it was done."""
        found = self.ours.commit(hold, money(amount), at=at(now), id=id)
        self._same_draw(found, self.naive.commit(hold, id, amount, now))
        return not found.refused

    def release(self, hold: str, id: str, now: int) -> None:
        """End a reservation without cost."""
        self.ours.release(hold, at=at(now), id=id)
        self.naive.release(hold, now)

    def expire(self, now: int) -> None:
        """End what is at its end."""
        self.ours.expire(at(now))
        self.naive.expire(now)

    def void(self, lot: str, id: str, amount: int | None, now: int) -> None:
        """Take back without pay."""
        self.ours.void(lot, None if amount is None else money(amount), at=at(now), id=id)
        self.naive.take(lot, amount, "voided")

    def refund(self, lot: str, id: str, amount: int | None, now: int) -> None:
        """Take back for money."""
        found = self.ours.refund(lot, None if amount is None else money(amount), at=at(now), id=id)
        self._same_due(found, self.naive.take(lot, amount, "refunded"))

    def check(self, now: int, *, last: int | None = None) -> None:
        """
        Both hold the same, lot by lot; of each lot the columns add up to what it began with, none below 0.

        Args:
            now: the hour at which balances are compared; no entry may be later.
            last: how many of the newest lots to look at; None is all.
        """
        lots = self.naive.lots if last is None else self.naive.lots[-last:]
        for lot in lots:
            holding = self.ours.lot(lot.id)
            held = columns(holding)
            assert (held, holding.closed) == (naive_columns(lot), lot.closed), lot.id
            assert sum(held) == lot.amount
            assert min(held) >= 0
        assert self.ours.owed(UNIT) == money(sum(self.naive.owed.values()))
        if last is None:
            assert len(self.ours.lots()) == len(lots)
            assert self.ours.balance(UNIT, at(now)) == money(self.naive.balance(now))
