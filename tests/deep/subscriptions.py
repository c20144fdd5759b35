"""
Random lives of subscriptions, as many as one likes: `python -m tests.deep.subscriptions 10000 [seed]`.

A step is one change asked for or one period billed. Every period is held against its days, and chained to the next by
what it carries, through JSON.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import date
from fractions import Fraction

from ratecard import Period, rate
from ratecard.plans import Carry
from tests import histories
from tests.histories import CATALOG, History
from tests.strategies import fraction


def live(history: History, end: date) -> int:
    """One subscription from its start on; how many steps it took."""
    held = type(history.subscription()).model_validate(history.subscription().model_dump(mode="json"))
    steps = len(held.changes)
    carry: Carry | None = None
    spans = list(held.periods(CATALOG, Period("2025-01-01", end)))
    # The days are walked once, up to the end of the last period, which may lie behind the end.
    walked = histories.walk(history, spans[-1].end.date())
    for span in spans:
        first, last = span.start.date(), span.end.date()
        found = rate(CATALOG, held, history.records(max(first, history.start), last), span, carry=carry)
        lines: dict[str, Fraction] = {}
        for line in found.lines:
            lines[line.item] = lines.get(line.item, Fraction(0)) + fraction(line.exact)
        days = histories.summed(walked, first, last)
        wrong = {item for item in {*lines, *days} if lines.get(item, 0) != days.get(item, 0)}
        if wrong or not found.verify():
            raise AssertionError(f"{history!r}, {span!r}: {sorted(wrong)}")
        assert found.carry is not None
        carry = Carry.from_json(found.carry.to_json())
        steps += 1
    return steps


def main(steps: int, seed: int) -> int:
    """Live until so many steps are done; how many were."""
    done = lives = 0
    began = time.perf_counter()
    while done < steps:
        done += live(histories.draw(random.Random(f"{seed}.{lives}")), date(2025, 6, 10))  # noqa: S311
        lives += 1
    took = time.perf_counter() - began
    print(f"{done} steps in {lives} lives, seed {seed}, {took:.0f} s: every period is its days")
    return done


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
