"""
Rate limits and windowed caps under any course of events, against models that keep everything and count anew.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ratecard._exact import as_fraction
from ratecard.guards import Cap, Concurrency, FixedWindow, Reading, SlidingWindow, TokenBucket, Watch

START = datetime(2025, 1, 10, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000

quantities = st.integers(0, 6).map(Decimal) | st.decimals(0, 6, places=1)
limits = st.integers(0, 12).map(Decimal)


class Naive:
    """What each limit allows, worked out from all that ever passed."""

    def __init__(self, most: dict[str, Decimal], fill: Decimal) -> None:
        self.most = {name: Fraction(value) for name, value in most.items()}
        self.fill = Fraction(fill)
        self.passed: list[tuple[int, Fraction]] = []
        self.level, self.counted_at = self.most["bucket"], 0
        self.held: dict[str, tuple[Fraction, int]] = {}

    def sliding(self, now: int, width: int) -> Fraction:
        """What passed in the last so many microseconds."""
        return sum((size for when, size in self.passed if now - width < when), Fraction(0))

    def fixed(self, now: int, width: int) -> Fraction:
        """What passed in the window that began at a whole multiple of its width."""
        begun = (START - EPOCH) // timedelta(microseconds=1)
        window = (begun + now) // width
        return sum((size for when, size in self.passed if (begun + when) // width == window), Fraction(0))

    def bucket(self, now: int) -> Fraction:
        """What is in the bucket, filled over 7 seconds."""
        return min(self.most["bucket"], self.level + self.fill * (now - self.counted_at) / (7 * SECOND))

    def busy(self, now: int, id: str) -> Fraction:
        """What others hold."""
        return sum((size for name, (size, end) in self.held.items() if name != id and end > now), Fraction(0))

    def refusing(self, now: int, amount: Fraction, id: str) -> set[str]:
        """The limits that refuse so much."""
        used = {
            "sliding": self.sliding(now, 4 * SECOND),
            "cap": self.sliding(now, 9 * SECOND),
            "fixed": self.fixed(now, 5 * SECOND),
            "slots": self.busy(now, id),
            "bucket": self.most["bucket"] - self.bucket(now),
        }
        return {name for name, each in used.items() if amount and each + amount > self.most[name]}

    def take(self, now: int, amount: Fraction, id: str) -> None:
        """Let it through."""
        if amount:
            self.level, self.counted_at = self.bucket(now) - amount, now
            self.passed.append((now, amount))
            self.held[id] = (amount, now + 6 * SECOND)
        else:
            self.held.pop(id, None)


class Limits(RuleBasedStateMachine):
    """Requests, releases, waits, late instants, and states that are stored in between."""

    @initialize(
        most=st.fixed_dictionaries(dict.fromkeys(["sliding", "cap", "fixed", "slots"], limits)),
        capacity=st.integers(1, 12).map(Decimal),
        fill=st.integers(1, 9).map(Decimal),
    )
    def start(self, most: dict[str, Decimal], capacity: Decimal, fill: Decimal) -> None:
        """New limits, and the naive twin of them."""
        self.naive = Naive({**most, "bucket": capacity}, fill)
        self.watch = Watch([
            SlidingWindow(limit=most["sliding"], window_seconds=4, meter="t", key="sliding"),
            Cap(quantity=most["cap"], window_seconds=9, meter="t", key="cap"),
            FixedWindow(limit=most["fixed"], window_seconds=5, meter="t", key="fixed"),
            Concurrency(limit=most["slots"], lease_seconds=6, meter="t", key="slots"),
            TokenBucket(capacity=capacity, refill=fill, interval_seconds=7, meter="t", key="bucket"),
        ])  # fmt: skip
        self.state, self.now, self.version = self.watch.zero(), 0, 0

    @rule(micros=st.integers(0, 3 * SECOND) | st.integers(0, 9).map(lambda n: n * SECOND))
    def wait(self, micros: int) -> None:
        """Time goes by."""
        self.now += micros

    @rule(amount=quantities, id=st.sampled_from("abc"), back=st.integers(0, 2 * SECOND))
    def ask(self, amount: Decimal, id: str, back: int) -> None:
        """A request, whose instant may be late; then it is answered as at the latest that changed the state."""
        latest = 0 if self.state.at is None else self.state.at - (START - EPOCH) // timedelta(microseconds=1)
        told = max(0, self.now - back)
        now = max(told, latest)
        new, verdict = self.watch.admit(
            self.state, START + timedelta(microseconds=told), uses=Reading(quantities={"t": amount}), id=id
        )
        refusing = self.naive.refusing(now, Fraction(amount), id)
        assert {each.key for each in verdict.limits} == refusing
        assert verdict.allowed == (not refusing)
        assert new.version - self.state.version == (new is not self.state)
        if verdict.allowed:
            self.naive.take(now, Fraction(amount), id)
        else:
            assert new is self.state
        self.state = new

    @rule(id=st.sampled_from("abc"))
    def release(self, id: str) -> None:
        """What is held under an id is held no more."""
        self.state = self.watch.release(self.state, id)
        self.naive.held.pop(id, None)

    @precondition(lambda self: self.state.version)
    @rule()
    def store(self) -> None:
        """The state is stored and read back."""
        again = self.watch.load(json.loads(json.dumps(self.watch.dump(self.state))))
        assert again == self.state
        self.state = again

    @invariant()
    def what_is_left(self) -> None:
        """What is left is what the naive twin has left."""
        if not hasattr(self, "state"):
            return
        latest = 0 if self.state.at is None else self.state.at - (START - EPOCH) // timedelta(microseconds=1)
        now = max(self.now, latest)
        left = self.watch.left(self.state, START + timedelta(microseconds=now))
        most = self.naive.most
        assert {name: Fraction(*as_fraction(value)) for name, value in left.items()} == {
            "sliding": most["sliding"] - self.naive.sliding(now, 4 * SECOND),
            "cap": most["cap"] - self.naive.sliding(now, 9 * SECOND),
            "fixed": most["fixed"] - self.naive.fixed(now, 5 * SECOND),
            "slots": most["slots"] - self.naive.busy(now, ""),
            "bucket": self.naive.bucket(now),
        }


TestLimits = Limits.TestCase
TestLimits.settings = settings(max_examples=40, stateful_step_count=30)
