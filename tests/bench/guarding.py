"""
What guards cost a call: three caps, three alerts and a token bucket, asked before and told after, against counting.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ratecard.guards import Alert, Cap, Reading, TokenBucket, Watch

from .timing import Measured, paired

START = datetime(2025, 1, 10, 12, tzinfo=UTC)


def watch() -> Watch:
    """The guards of a small gateway."""
    return Watch([
        Cap(spend=1_000), Cap(spend=500, item="tokens"), Cap(quantity=10**9, meter="tokens"),
        Alert(percent=50, cap="cap on subtotal"), Alert(percent=80, cap="cap on subtotal"),
        Alert(quantity=10**8, meter="tokens"),
        TokenBucket(capacity=100, refill=1_000),
    ])  # fmt: skip


def counting(calls: int) -> Callable[[], int]:
    """The bare loop: a total of one key."""

    def work() -> int:
        total = {"tokens": 0}
        for quantity in range(calls):
            key = "tokens"
            total[key] += quantity
        return total["tokens"]

    return work


def guarding(calls: int) -> Callable[[], int]:
    """Ask and tell for each call; all are let through."""
    guards = watch()
    instants = [START + timedelta(milliseconds=number) for number in range(calls)]
    reading = Reading(subtotal="60", items={"tokens": "40"}, quantities={"tokens": 1_000_000})

    def work() -> int:
        state = guards.zero()
        through = 0
        for at in instants:
            state, verdict = guards.admit(state, at, after=reading)
            through += verdict.allowed
            state, _ = guards.record(state, at, reading)
        assert through == calls
        return through

    return work


def run(calls: int, rounds: int) -> list[Measured]:
    """The ratio of both."""
    return [
        paired(
            "three caps, three alerts and a token bucket a call, to a bare count",
            counting(calls),
            guarding(calls),
            rounds,
            goal=200,
        )
    ]
