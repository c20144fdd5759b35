"""
The ledger and the naive one, side by side: every act goes to both, and what they answer and hold must be the same.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    TopUp,
    Use,
    entry_id,
)
from ratecard.credits._policy import ORDERS, CommitOver
from ratecard.money import Currency, Money
from ratecard.periods import Period
from tests.credits._naive import Naive, NaiveDraw, NaiveLot, NaiveRollover, NaiveRule, NaiveUse
from tests.strategies import fraction

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
UNIT = Currency.custom("credits", places=2)
_HOUR = timedelta(hours=1)
OTHER = Policy(burn=["largest", "promotional"], overage=Refuse(), lot_time="settlement", commit_over="refuse")
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


_USES: dict[NaiveUse, Use] = {}
_SCOPES: dict[tuple[tuple[str, ...], ...], Scope] = {}


def use_of(told: NaiveUse) -> Use:
    """A use by its item, customer and team."""
    if told not in _USES:
        item, customer, team = told
        _USES[told] = Use(item, customer=customer, dimensions={} if team is None else {"team": team})
    return _USES[told]


def scope_of(told: tuple[tuple[str, ...], ...]) -> Scope:
    """A scope by its items, customers and teams."""
    if told not in _SCOPES:
        items, customers, teams = told
        _SCOPES[told] = Scope(items=items, customers=customers, dimensions={"team": teams} if teams else {})
    return _SCOPES[told]


class Pair:
    """Two ledgers that get the same acts."""

    def __init__(
        self, order: Preset, kind: str, limit: int | None, commit_over: CommitOver, *, settles: bool = False
    ) -> None:
        self.policy = Policy(
            burn=ORDERS[order], overage=overage(kind, limit), commit_over=commit_over,
            lot_time="settlement" if settles else "service",
        )  # fmt: skip
        self.ours: OpenLedger = Ledger(self.policy).open()
        self.naive = Naive(order, kind, limit, commit_over, settles)

    def grant(
        self, id: str, key: str, amount: int, *, now: int, start: int, end: int | None, priority: int,
        scope: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], cost: int, rollover: NaiveRollover | None,
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
            expiry=None if end is None else at(end), scope=scope_of(scope), rollover=terms,
            unit_cost=Decimal(cost).scaleb(-2) if cost else None, cost_currency="USD" if cost else None,
        )  # fmt: skip
        self.ours.grant(grant, at=at(now))
        lot = NaiveLot(id, key, amount, priority, now, start, end, scope, Fraction(cost, 10_000), rollover)
        self.naive.grant(lot, now)

    def _same_draw(self, ours: Draw, naive: NaiveDraw | None) -> None:
        assert ours.refused == (naive is None)
        if naive is not None:
            *parts, (_, over), (_, uncovered) = naive.pieces
            assert [(lot, int(amount.scaleb(2))) for lot, amount in ours.parts] == parts
            assert (int(ours.overdrawn.amount.scaleb(2)), int(ours.uncovered.amount.scaleb(2))) == (over, uncovered)

    def draw(self, id: str, amount: int, use: NaiveUse, now: int, settled: int | None = None) -> bool:
        """Spend; whether it was done."""
        looked = None if settled is None else at(settled)
        found = self.ours.draw(money(amount), at=at(now), id=id, use=use_of(use), settled=looked)
        self._same_draw(found, self.naive.draw(id, amount, use, now, settled))
        return not found.refused

    def undraw(self, draw: str, id: str, amount: int, now: int, chosen: Mapping[str, int] | None = None) -> None:
        """Take back, above 0; of chosen lots, if told."""
        parts = [(lot, money(part).amount) for lot, part in (chosen or {}).items()]
        found = self.ours.undraw(draw, money(amount), at=at(now), id=id, parts=parts)
        self._same_due(found, self.naive.undraw(draw, amount, now, dict(chosen or {})))
        version = self.ours.version
        again = self.ours.undraw(draw, money(amount), at=at(now), id=id, parts=parts)
        assert (again.entry, again.due, self.ours.version) == (found.entry, found.due, version)

    def _same_due(self, ours: Return, naive: Fraction) -> None:
        assert sum((fraction(each.amount) for each in ours.due), Fraction(0)) == naive

    def reserve(self, id: str, amount: int, use: NaiveUse, now: int, settled: int | None = None) -> bool:
        """Hold; whether it was done."""
        looked = None if settled is None else at(settled)
        found = self.ours.reserve(money(amount), at=at(now), id=id, use=use_of(use), settled=looked)
        parts = self.naive.reserve(id, amount, use, now, settled)
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

    def roll(self, now: int) -> None:
        """End what is at its end and may roll over."""
        self.ours.roll(at(now))
        self.naive.expire(now, rolling=True)

    def void(self, lot: str, id: str, amount: int | None, now: int) -> None:
        """Take back without pay."""
        self.ours.void(lot, None if amount is None else money(amount), at=at(now), id=id)
        self.naive.take(lot, amount, "voided", now)

    def refund(self, lot: str, id: str, amount: int | None, now: int) -> None:
        """Take back for money."""
        found = self.ours.refund(lot, None if amount is None else money(amount), at=at(now), id=id)
        self._same_due(found, self.naive.take(lot, amount, "refunded", now))

    def top_up(self, rule: TopUp, naive: NaiveRule, now: int) -> bool:
        """Buy more, where both rules say so: with a bonus of a tenth, rounded down. Whether they did."""
        held = self.ours.balance(UNIT, at(now))
        found = rule.propose(held, at=at(now), made=[at(each) for each in naive.made])
        wanted = naive.propose(self.naive.balance(now), now)
        assert (found is None) == (wanted is None)
        if found is None or wanted is None:
            return False
        count, amount = wanted
        day = at(now - now % 24)
        assert (found.id, found.amount) == (f"{rule.key}/{day:%Y-%m-%dT%H:%M:%SZ}/{count}", money(amount))
        assert found.bonus == money(amount // 10)
        naive.made.append(now)
        sizes = [(found.id, amount, Fraction(1, 200))]
        if amount // 10:
            sizes.append((entry_id(found.id, "bonus"), amount // 10, Fraction(0)))
        grants = rule.grants(found)
        assert [each.id for each in grants] == [id for id, _, _ in sizes]
        for grant, (id, size, cost) in zip(grants, sizes, strict=True):
            self.ours.grant(grant, at=at(now))
            end = now - now % 24 + 24
            self.naive.grant(NaiveLot(id, rule.key, size, 50, now, now, end, ((), (), ()), cost, None), now)
        return True

    def check_revenue(self, start: int, end: int) -> None:
        """Both say of every lot what it earned in some hours."""
        found = {each.lot: each for each in self.ours.revenue(Period(at(start), at(end))).lots}
        for lot in self.naive.lots:
            earned = lot.earned(start, end)
            if any(earned) or lot.id in found:
                assert tuple(fraction(each) for each in found[lot.id][2:]) == earned, lot.id

    def check_replay(self) -> None:
        """Entries and the plain form make the same ledger; its lots are the same under any policy."""
        ledger = self.ours.ledger()
        for again in (Ledger.from_json(ledger.to_json()), Ledger.from_entries(ledger.entries(), policy=self.policy)):
            assert again == ledger
            assert again.lots() == ledger.lots()
            assert again.live(UNIT) == ledger.live(UNIT)
            assert again.owed(UNIT) == ledger.owed(UNIT)
        other = Ledger.from_entries(ledger.entries(), policy=OTHER)
        assert other.entries() == ledger.entries()
        assert [each.amounts for each in other.lots()] == [each.amounts for each in ledger.lots()]
        assert other.owed(UNIT) == ledger.owed(UNIT)

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
