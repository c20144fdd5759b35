"""Another kind of argument is refused in one way."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard._kinds import expect, expect_many, expect_offer
from ratecard.errors import MismatchError
from ratecard.plans import Catalog


def code_of(act: Any) -> str:
    """The code of the mismatch that an act raises."""
    with pytest.raises(MismatchError) as caught:
        act()
    return caught.value.code


def test_one() -> None:
    """The text says what it is for, what came, and what to do."""
    expect(1, int, "the count", "write a whole number")
    expect(1, (int, str), "the count", "write a whole number")
    with pytest.raises(MismatchError, match="the count: str does not fit; write a whole number") as caught:
        expect("1", int, "the count", "write a whole number")
    assert caught.value.code == "argument.type"


@pytest.mark.parametrize("values", [[], (), set(), iter([]), {}.values(), range(3), {"a": 1}.items()])
def test_many(values: Any) -> None:
    """Whatever gives its parts one by one is many."""
    expect_many(values, "the parts", "give a list", alone=int)


@pytest.mark.parametrize("values", [None, 1, "abc", b"abc", {"a": 1}, object()])
def test_not_many(values: Any) -> None:
    """Nothing, one thing, a text and a mapping are not."""
    assert code_of(lambda: expect_many(values, "the parts", "give a list")) == "argument.type"


def test_alone() -> None:
    """One of them by itself is not many, also where it could be read one by one."""
    assert code_of(lambda: expect_many((1, 2), "the pairs", "give a list", alone=tuple)) == "argument.type"


def test_offers() -> None:
    """An offer gives a plan by its key; plain data does too, and is refused all the same."""
    expect_offer(Catalog(plans=[]))
    for offer in (None, 7, {}, [], type("Odd", (), {"get": 1})()):
        assert code_of(lambda offer=offer: expect_offer(offer)) == "argument.type"
