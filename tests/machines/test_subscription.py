"""A subscription as it is lived: changes are asked for day by day, periods are billed when they are over."""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ratecard import Period, rate
from ratecard.plans import Cancel, Carry, Pause, Resume
from tests import histories
from tests.histories import CATALOG, DAY, History
from tests.strategies import fraction


class Life(RuleBasedStateMachine):
    """Bills issued as time goes by, each at what was known then, hold against the days of the whole history."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History(date(2025, 1, 10), seats=2, changes=(), overrides=(), calls=2)
        self.today = self.history.start
        self.billed = self.history.start
        self.carry: Carry | None = None
        self.sum = Fraction(0)
        self.over = False

    @property
    def paused(self) -> bool:
        """Whether a pause is the last of its kind that was asked for."""
        asked = [change for change in self.history.changes if isinstance(change, Pause | Resume)]
        return bool(asked) and isinstance(asked[-1], Pause)

    @precondition(lambda self: not self.over)
    @rule(days=st.integers(1, 25), seed=st.integers(0, 2**16))
    def change(self, days: int, seed: int) -> None:
        """Some days go by, and something is asked for."""
        self.today += DAY * days
        dice = random.Random(seed)  # noqa: S311
        kind = dice.choice(["quantity", "plan", "anchor", "pause", "cancel"])
        asked = histories._change(dice, kind, self.today, dice.choice(["now", "period_end"]), paused=self.paused)
        self.over = isinstance(asked, Cancel)
        self.history = self.history._replace(changes=(*self.history.changes, asked))

    @rule(days=st.integers(1, 70))
    def wait(self, days: int) -> None:
        """Time goes by."""
        self.today += DAY * days

    @rule()
    def bill(self) -> None:
        """Every billing period that is over is billed, chained by what the one before carries."""
        held = self.history.subscription()
        for span in held.periods(CATALOG, Period("2025-01-01", self.today + DAY)):
            first, last = span.start.date(), span.end.date()
            if (first < self.billed and span.start.date() != self.first()) or last > self.today:
                continue
            records = self.history.records(max(first, self.history.start), last)
            found = rate(CATALOG, held, records, span, carry=self.carry)
            assert found.verify()
            self.carry, self.billed = found.carry, last
            self.sum += sum((fraction(line.exact) for line in found.lines), Fraction(0))

    def first(self) -> date:
        """The start of the first billing period, or nothing once it is billed."""
        return self.history.start if self.carry is None else date.min

    def teardown(self) -> None:
        """What was billed is what the days up to there cost, all changes known."""
        cost = histories.cost(self.history, self.history.start, self.billed)
        assert self.sum == sum(cost.values(), Fraction(0))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
