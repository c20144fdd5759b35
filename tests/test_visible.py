"""Text from outside is shown on one line that misleads nobody."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard._visible import is_sound, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, é, 漢字 and 😀", "plain text, é, 漢字 and 😀"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202etxt\u2066", "\\u202etxt\\u2066"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    """What is not printed as itself is told by its number, the rest stays."""
    assert visible(text) == shown


@given(st.text(st.characters(), max_size=20))
def test_one_line(text: str) -> None:
    """Whatever came, it is one line that UTF-8 can hold, without control characters or marks of direction."""
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert not any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in shown)


@pytest.mark.parametrize(
    ("text", "sound"), [("", True), ("abc", True), ("é😀", True), ("\ud800", False), ("a\udfff", False)]
)
def test_sound(text: str, sound: bool) -> None:
    """Text is sound when it can be written as UTF-8."""
    assert is_sound(text) is sound
