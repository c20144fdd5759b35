"""
Paired timing: the base is run right before every variant in every round, and the ratio is the median of the paired
ratios.

Machines are noisy, so seconds are never compared between runs. The garbage collector is frozen and off while a run
is timed.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any, NamedTuple


class Measured(NamedTuple):
    """
    One figure.

    `ratio` is the variant over its base (or the base over the variant, for "times faster"); `least` the same of the
    best times.
    """

    name: str
    ratio: float
    least: float
    goal: float
    unit: str
    base: float
    variant: float

    @property
    def met(self) -> bool:
        """Whether the goal was reached in this run."""
        return self.ratio >= self.goal if self.unit == "x faster" else self.ratio <= self.goal


def timed(work: Callable[[], Any]) -> float:
    """Seconds of processor time of one run; what it returns is dropped after the clock has stopped."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        start = process_time()
        kept = work()
        found = process_time() - start
    finally:
        gc.enable()
        gc.unfreeze()
    del kept
    return found


def paired(
    name: str, base: Callable[[], Any], variant: Callable[[], Any], rounds: int, *, goal: float, minus: float = 0.0
) -> Measured:
    """The variant's time over the base's; `minus` is taken off, for "so much more"."""
    pairs = [(timed(base), timed(variant)) for _ in range(rounds)]
    ratio = median(b / a for a, b in pairs) - minus
    least = min(b for _, b in pairs) / min(a for a, _ in pairs) - minus
    return Measured(name, ratio, least, goal, "x", min(a for a, _ in pairs), min(b for _, b in pairs))


def faster(
    name: str, theirs: Callable[[], Any], ours: Callable[[], Any], rounds: int, *, goal: float, scale: float = 1.0
) -> Measured:
    """How many times faster ours is; `scale` is how much more work ours does in a run."""
    pairs = [(timed(theirs), timed(ours) / scale) for _ in range(rounds)]
    ratio = median(a / b for a, b in pairs)
    least = min(a for a, _ in pairs) / min(b for _, b in pairs)
    return Measured(name, ratio, least, goal, "x faster", min(a for a, _ in pairs), min(b for _, b in pairs))


def micros(name: str, work: Callable[[], Any], repeats: int, rounds: int, *, goal: float) -> Measured:
    """Microseconds of one call."""

    def many() -> None:
        for _ in range(repeats):
            work()

    times = [timed(many) / repeats * 1e6 for _ in range(rounds)]
    return Measured(name, median(times), min(times), goal, "us", min(times), min(times))
