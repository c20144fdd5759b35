"""
Laws of holds under windows and buckets: against one who keeps every amount with its instant, also those below 0.

What a request took is taken off where it was taken, and nothing else is: a hold that is released leaves no trace in a
window, whether it was above 0 or below.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Meter, Period, Plan, UsageRecord, live, meters, prices, resolve
from ratecard._exact import as_fraction
from ratecard.guards import AnyGuard, Cap, FixedWindow, SlidingWindow, TokenBucket
from ratecard.plans import Terms

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
LIMIT = 10

GUARDS: dict[str, AnyGuard] = {
    "rolling": Cap(key="g", quantity=LIMIT, meter="t", window_seconds=60),
    "sliding": SlidingWindow(key="g", limit=LIMIT, window_seconds=60, meter="t"),
    "fixed": FixedWindow(key="g", limit=LIMIT, window_seconds=60, meter="t"),
    "bucket": TokenBucket(key="g", capacity=LIMIT, refill=1, interval_seconds=6, meter="t"),
}


def terms(guard: AnyGuard) -> Terms:
    """A price per unit under one guard."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="t", event="e", aggregate=meters.Sum(of="n"))],
        items=[Item(key="t", meter="t", price=prices.PerUnit(unit_price="1"))], guards=[guard],
    )  # fmt: skip
    return resolve(plan, plan.subscribe("acme", start="2025-01-01"), Period.month(2025, 1))


TERMS = {name: terms(guard) for name, guard in GUARDS.items()}


class Windows:
    """Every amount with its second. Where the window rolls, what is below 0 is none."""

    def __init__(self, rolling: bool) -> None:
        self.rolling = rolling
        self.taken: list[tuple[int, int]] = []

    def left(self, now: int) -> Fraction:
        """What is left at a second."""
        inside = [n for at, n in self.taken if (at > now - 60 if self.rolling else at // 60 == now // 60)]
        return Fraction(LIMIT - sum(inside))

    def take(self, now: int, amount: int) -> None:
        """So much was taken; below 0 it was given."""
        if not (self.rolling and amount < 0):
            self.taken.append((now, amount))

    def settle(self, now: int, then: int, held: int, ran: int) -> None:
        """What was held runs otherwise, or not at all: what it was is mended where it was, what is more counts now."""
        for sign in (1, -1):
            before, after = max(sign * held, 0), max(sign * ran, 0)
            if sign > 0 or not self.rolling:
                self.taken.append((now if after > before else then, sign * (after - before)))


class Bucket:
    """The level, in fractions."""

    def __init__(self) -> None:
        self.level, self.last = Fraction(LIMIT), 0

    def _move(self, now: int, amount: int) -> None:
        self.level = min(Fraction(LIMIT), self.level + Fraction(now - self.last, 6))
        self.level, self.last = min(Fraction(LIMIT), self.level - amount), now

    def left(self, now: int) -> Fraction:
        """What is in it."""
        self._move(now, 0)
        return self.level

    def take(self, now: int, amount: int) -> None:
        """So much was drawn."""
        self._move(now, max(amount, 0))

    def settle(self, now: int, then: int, held: int, ran: int) -> None:
        """What did not run is put back."""
        self._move(now, max(ran, 0) - max(held, 0))


amounts = st.sampled_from([-8, -3, 0, 3, 5, 8, 12])
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 20, 59, 60, 61]), st.sampled_from(["run", "hold", "hold", "release", "commit"]),
        amounts, st.integers(0, 9),
    ),
    max_size=10,
)  # fmt: skip


@pytest.mark.parametrize("name", list(GUARDS))
@given(steps)
def test_holds_against_all_instants(name: str, found: list[tuple[int, str, int, int]]) -> None:
    """What is let through, and what is left, is what one says who keeps every amount."""
    bill = live(TERMS[name])
    oracle: Windows | Bucket = Bucket() if name == "bucket" else Windows(name != "fixed")
    held: dict[str, tuple[int, int]] = {}
    now = 0
    for number, (gap, act, amount, which) in enumerate(found):
        now += gap
        at, id = NOON + timedelta(seconds=now), f"r{number}"
        record = UsageRecord("e", at, {"n": amount}, id=id)
        if act in ("run", "hold"):
            verdict = bill.reserve(record) if act == "hold" else bill.admit(record)
            assert verdict.allowed == (amount <= oracle.left(now) or amount <= 0)
            if verdict:
                oracle.take(now, amount)
                if act == "hold":
                    held[id] = now, amount
                else:
                    bill.record(record)
        elif held:
            id = list(held)[which % len(held)]
            then, was = held.pop(id)
            if act == "release":
                bill.release(id, at=at)
            else:
                bill.commit(id, UsageRecord("e", at, {"n": amount}, id=id), at=at)
            oracle.settle(now, then, was, 0 if act == "release" else amount)
        left: Any = bill.left(at)["g"]
        assert Fraction(*as_fraction(left)) == max(Fraction(0), oracle.left(now))
