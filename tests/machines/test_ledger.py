"""
A ledger under any order of acts, held against a naive one after every step; then replayed, stored and read again.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from tests.credits._naive import ORDERS, NaiveRollover, NaiveUse
from tests.credits._pair import Pair, at, money
from tests.deep.ledger import SCOPES, USES
from tests.deep.ledger import rule as buying

AMOUNTS = st.one_of(st.integers(0, 12).map(lambda count: count * 100), st.integers(0, 1500))
WAITS = st.none() | st.integers(0, 4)


def rollovers() -> st.SearchStrategy[NaiveRollover | None]:
    """Terms of rolling over; the hours are those of the lot itself."""
    return st.none() | st.builds(
        NaiveRollover,
        maximum=st.none() | st.integers(0, 600),
        fraction=st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 8)]),
        times=st.sampled_from([None, 1, 2]),
        hours=st.just(0),
        priority=st.sampled_from([None, 0]),
    )


class LedgerMachine(RuleBasedStateMachine):
    """Acts at a clock that mostly goes on, and goes back a little now and then."""

    draws: Bundle[Any] = Bundle("draws")
    holds: Bundle[Any] = Bundle("holds")
    lots: Bundle[Any] = Bundle("lots")

    @initialize(
        order=st.sampled_from(sorted(ORDERS)),
        kind=st.sampled_from(["leave", "refuse", "negative", "negative_leave"]),
        limit=st.none() | st.integers(0, 900),
        commit_over=st.sampled_from(["draw", "reserved", "refuse"]), settles=st.booleans(),
        rule=st.integers(0, 1000).map(lambda seed: buying(random.Random(seed))),  # noqa: S311
    )  # fmt: skip
    def start(self, order: Any, kind: str, limit: int | None, commit_over: Any, settles: bool, rule: Any) -> None:
        """One policy a run."""
        self.pair = Pair(order, kind, limit, commit_over, settles=settles)
        self.rule = rule
        self.now = self.latest = 0
        self.count = 0

    def _id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    @rule(hours=st.integers(-3, 12))
    def wait(self, hours: int) -> None:
        """Time goes on; records may be late."""
        self.now = max(0, self.now + hours)
        self.latest = max(self.latest, self.now)

    @rule(
        target=lots, amount=st.integers(1, 1200), wait=st.integers(-2, 4), hours=st.none() | st.integers(1, 20),
        priority=st.integers(0, 2), scope=st.sampled_from(SCOPES), cost=st.sampled_from([0, 0, 33, 85]),
        rollover=rollovers(), key=st.sampled_from(["k", None]),
    )  # fmt: skip
    def grant(
        self, *, amount: int, wait: int, hours: int | None, priority: int, scope: Any, cost: int,
        rollover: NaiveRollover | None, key: str | None,
    ) -> str:  # fmt: skip
        """A lot comes in."""
        id, start = self._id("lot"), max(0, self.now + wait)
        if rollover is not None:
            rollover.hours = hours or 0
        end = None if hours is None else start + hours
        self.pair.grant(
            id, key or id, amount, now=self.now, start=start, end=end, priority=priority, scope=scope, cost=cost,
            rollover=rollover,
        )  # fmt: skip
        return id

    def _settled(self, wait: int | None) -> int | None:
        found = None if wait is None else self.now + wait
        self.latest = max(self.latest, found or 0)
        return found

    @rule(target=draws, amount=AMOUNTS, use=st.sampled_from(USES), wait=WAITS)
    def draw(self, amount: int, use: NaiveUse, wait: int | None) -> Any:
        """Credits are spent, and asking again changes nothing."""
        id = self._id("draw")
        if not self.pair.draw(id, amount, use, self.now, self._settled(wait)):
            return multiple()
        version = self.pair.ours.version
        self.pair.ours.post([self.pair.ours.entry(id)])  # type: ignore[list-item]
        assert self.pair.ours.version == version
        return id

    @rule(draw=draws, amount=AMOUNTS)
    def undraw(self, draw: str, amount: int) -> None:
        """Something comes back."""
        amount = min(amount, self.pair.naive.draws[draw].stands)
        if amount:
            self.pair.undraw(draw, self._id("back"), amount, self.now)

    @rule(draw=draws, share=st.integers(1, 100), first=st.integers(0, 2), rest=st.integers(0, 100))
    def undraw_chosen(self, draw: str, share: int, first: int, rest: int) -> None:
        """Something comes back to one of its lots, and a share of what nobody paid."""
        held = self.pair.naive.draws[draw]
        lots = [(lot, size) for lot, size in held.pieces if lot and size]
        if lots:
            lot, size = lots[min(first, len(lots) - 1)]
            part = max(1, size * share // 100)
            more = sum(size for lot, size in held.pieces if not lot) * rest // 100
            self.pair.undraw(draw, self._id("back"), part + more, self.now, {lot: part})

    @rule()
    def top_up(self) -> None:
        """More is bought where the balance is low."""
        if self.now == self.latest:
            self.pair.top_up(*self.rule, self.now)

    @rule(target=draws, hold=consumes(holds), amount=AMOUNTS)
    def commit(self, hold: str, amount: int) -> Any:
        """Work ends; where its cost is refused it ends without."""
        id = self._id("done")
        if self.pair.commit(hold, id, amount, self.now):
            return id
        self.pair.release(hold, self._id("free"), self.now)
        return multiple()

    @rule(hold=consumes(holds))
    def release(self, hold: str) -> None:
        """Work comes to nothing."""
        self.pair.release(hold, self._id("free"), self.now)

    @rule()
    def expire(self) -> None:
        """Lots end."""
        self.pair.expire(self.now)

    @rule()
    def roll(self) -> None:
        """Lots that may roll over end."""
        self.pair.roll(self.now)

    @rule(lot=lots, share=st.none() | st.integers(0, 100))
    def void(self, lot: str, share: int | None) -> None:
        """Credits are taken back."""
        left = self.pair.naive.lot(lot).left
        self.pair.void(lot, self._id("void"), None if share is None else left * share // 100, self.now)

    @precondition(lambda self: any(lot.paid for lot in self.pair.naive.lots))
    @rule(share=st.none() | st.integers(0, 100))
    def refund(self, share: int | None) -> None:
        """What was paid for is bought back."""
        lot = next(lot for lot in self.pair.naive.lots if lot.paid)
        self.pair.refund(lot.id, self._id("refund"), None if share is None else lot.left * share // 100, self.now)

    @rule()
    def branch(self) -> None:
        """What is tried on a value leaves the ledger as it was."""
        value = self.pair.ours.ledger()
        before = value.to_json()
        after, _ = value.draw(money(100), at=at(self.now), id="what-if")
        after.expire(at(self.now + 100))
        assert value.to_json() == before

    @invariant()
    def same(self) -> None:
        """Both hold the same."""
        if hasattr(self, "pair"):
            self.pair.check(self.latest + 100)

    def teardown(self) -> None:
        """The entries alone make the same ledger again, and so does its plain form; the lots earned the same."""
        if hasattr(self, "pair"):
            self.pair.check_replay()
            self.pair.check_revenue(0, self.latest + 1)
            self.pair.check_revenue(self.latest // 2, self.latest + 100)


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
