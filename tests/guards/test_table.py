"""Tables of groups: values that are changed by making new ones."""

from __future__ import annotations

import pickle
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from ratecard.guards import Alert, Cap, Guard, Reading, TokenBucket, Watch
from ratecard.guards._table import Table

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def group(number: int) -> tuple[tuple[str, str], ...]:
    """One of many groups."""
    return (("team", f"t{number}"),)


def test_a_table_is_a_value() -> None:
    """What is put into a table is in the new one alone, and a table equals one that was filled in another order."""
    empty: Table[int] = Table({})
    found = empty
    for number in range(1_000):
        found = found.put(group(number), number)
    changed = found.put(group(7), -7)
    assert (len(empty), len(found), len(changed)) == (0, 1_000, 1_000)
    assert (empty.get(group(7), 0), found.get(group(7), 0), changed.get(group(7), 0)) == (0, 7, -7)
    assert found == Table({group(number): number for number in reversed(range(1_000))}) != changed
    assert hash(found) == hash(changed.put(group(7), 7))
    assert dict(found.items()) == {group(number): number for number in range(1_000)}
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301
    assert found != 1_000


def calls_of(work: Any) -> int:
    """How many functions a piece of work calls."""
    found = 0

    def note(frame: Any, event: str, arg: Any) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


@pytest.mark.parametrize(
    "guard",
    [
        Cap(quantity=5, meter="t", each=["team"]),
        Cap(quantity=5, meter="t", each=["team"], window_seconds=60),
        Alert(quantity=2, meter="t", each=["team"], rearm="recover"),
        TokenBucket(capacity=5, refill=1, each=["team"]),
    ],
    ids=["cap", "window", "alert", "bucket"],
)
def test_a_group_costs_the_same_among_many(guard: Guard) -> None:
    """Asking and telling about one group looks at no other: it takes as many calls among 2,000 as among 2."""
    watch = Watch([guard])
    taken = []
    for groups in (2, 2_000):
        state = watch.zero()
        for number in range(groups):
            state, _ = watch.admit(
                state, NOON, after=Reading.by(lambda gauge: 1), uses=Reading(quantities={"t": 1}),
                group={"team": f"t{number}"},
            )  # fmt: skip
            state, _ = watch.record(state, NOON, Reading.by(lambda gauge: 6), group={"team": f"t{number}"})

        def once(state: Any = state) -> None:
            new, _ = watch.admit(
                state, NOON, after=Reading.by(lambda gauge: 1), before=Reading.by(lambda gauge: 0),
                uses=Reading(quantities={"t": 1}), group={"team": "t1"},
            )  # fmt: skip
            watch.record(new, NOON, Reading.by(lambda gauge: 1), group={"team": "t1"})

        once()
        taken.append(calls_of(once))
    assert taken[0] == taken[1]
