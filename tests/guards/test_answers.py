"""Answers are values: equal when they say the same, also once they were stored."""

from __future__ import annotations

import pickle

from ratecard.guards import Alert, Breach, Cap, Crossed, Rearmed, Watch
from tests.guards._tools import NOON, later, spent

WATCH = Watch([Cap(spend=10), Alert(spend=5, rearm="recover", every=2)])


def test_signals_are_equal_by_what_they_say() -> None:
    """A signal that was stored and read back is the same one, has its hash, and is no other."""
    state, first = WATCH.record(WATCH.zero(), NOON, spent(12), record="r")
    again = WATCH.record(WATCH.zero(), NOON, spent(12), record="r")[1]
    back = WATCH.record(state, later(1), spent(1))[1]
    assert [type(each) for each in (*first, *back)] == [Breach, Crossed, Rearmed]
    for each, other in zip((*first, *back), (*again, *WATCH.record(state, later(1), spent(1))[1]), strict=True):
        assert each is not other
        assert each == other == pickle.loads(pickle.dumps(each))  # noqa: S301
        assert len({each, other}) == 1
    for other in WATCH.record(WATCH.zero(), later(1), spent(12), record="r")[1]:
        assert other not in first
    assert first[0] != first[1] and first[0] != first[0].to_json()


def test_verdicts_are_equal_by_what_they_say() -> None:
    """A verdict is equal to one with the same limits and with as much left."""
    for after in (8, 12):
        verdict, same = (WATCH.admit(WATCH.zero(), NOON, before=spent(1), after=spent(after))[1] for _ in range(2))
        assert verdict == same == pickle.loads(pickle.dumps(verdict))  # noqa: S301
        assert hash(verdict) == hash(same) and verdict.limits == same.limits
        less = WATCH.admit(WATCH.zero(), NOON, before=spent(2), after=spent(after + 1))[1]
        assert verdict not in (less, "allowed")
