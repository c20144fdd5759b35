"""What is wrong with a question is told by its name, and what is not known is never left out in silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ratecard.errors import DefinitionError, MismatchError
from ratecard.guards import Cap, Reading, SlidingWindow, Watch

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
WATCH = Watch([Cap(spend="30.50"), Cap(key="users", quantity="7.0", meter="t", each=["user"])])
ZERO = WATCH.zero()


def test_a_figure_that_is_missing_is_named() -> None:
    """What is left is asked with a reading: a figure that it lacks is an error, and without a reading none is told."""
    with pytest.raises(MismatchError, match=r"reads the subtotal, which this reading does not have") as error:
        WATCH.left(ZERO, NOON, Reading(total=5))
    assert error.value.code == "reading.missing"
    with pytest.raises(MismatchError, match=r"reads the quantity t\[user=a\]"):
        WATCH.left(ZERO, NOON, Reading(subtotal=5), group={"user": "a"})
    assert WATCH.left(ZERO, NOON) == {}
    assert WATCH.left(ZERO, NOON, Reading(subtotal=5)) == {"cap on subtotal": Decimal("25.5")}
    both = Watch([Cap(spend=5), SlidingWindow(limit=0, window_seconds=1)])
    _, verdict = both.admit(both.zero(), NOON, after=Reading(subtotal=9))
    assert verdict.left == {"sliding_window of calls in 1 s": 0}


def test_what_is_left_is_shown_plainly() -> None:
    """An amount that is left has no zeros at its end, however the cap was written."""
    left = WATCH.left(ZERO, NOON, Reading.by(lambda gauge: "3.00"), group={"user": "a"})
    assert {name: str(value) for name, value in left.items()} == {"cap on subtotal": "27.5", "users": "4"}


@pytest.mark.parametrize("at", ["yesterday", datetime(2025, 1, 1), 5, "2025-01-01"])  # noqa: DTZ001
def test_a_wrong_instant_is_named(at: Any) -> None:
    """An instant that is none is refused by the name of its argument."""
    asks: list[tuple[str, Callable[[], object]]] = [
        ("at", lambda: WATCH.admit(ZERO, at)),
        ("at", lambda: WATCH.record(ZERO, at)),
        ("at", lambda: WATCH.left(ZERO, at)),
        ("admitted_at", lambda: WATCH.record(ZERO, NOON, admitted_at=at)),
    ]
    for name, ask in asks:
        with pytest.raises(DefinitionError, match=rf"the call has 1 problem:\n  {name}: ") as error:
            ask()
        assert error.value.path == name


def test_arguments_of_another_kind() -> None:
    """A state, a reading or a group of another kind is refused with what to give."""
    wrong: Any = 5
    asks: list[Callable[[], object]] = [
        lambda: WATCH.admit(wrong, NOON),
        lambda: WATCH.record(wrong, NOON),
        lambda: WATCH.left(wrong, NOON),
        lambda: WATCH.release(wrong, "a"),
        lambda: WATCH.left(ZERO, NOON, wrong),
        lambda: WATCH.left(ZERO, NOON, group=wrong),
    ]
    for ask in asks:
        with pytest.raises(MismatchError) as error:
            ask()
        assert error.value.code == "argument.type"


def test_other_groups_under_an_old_name() -> None:
    """A guard that counts other groups under its old name is refused with what to do; the form before is read."""
    old, new = Watch([Cap(key="c", spend=5)]), Watch([Cap(key="c", spend=5, each=["user"])])
    told = old.dump(old.record(old.zero(), NOON, Reading(subtotal=9))[0])
    with pytest.raises(MismatchError, match=r"the guard 'c': .* with another `each` or another window needs a key"):
        new.load(told)
    state = new.record(new.zero(), NOON, Reading.by(lambda gauge: 9), group={"user": "a"})[0]
    told = new.dump(state)
    with pytest.raises(MismatchError, match=r"this is not what was counted by team; "):
        Watch([Cap(key="c", spend=5, each=["team"])]).load(told)
    groups = told["parts"]["c"]["groups"]
    assert new.load({**told, "guards": 2, "parts": {"c": groups}}) == state == new.load(told)
