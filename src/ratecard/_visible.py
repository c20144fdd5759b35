"""
Text from outside as one line that a terminal or a page cannot misread.

Names, groups and ids come from whoever sends usage or writes plans. A line break in one would forge a line of an
explanation, an escape code would paint it, a mark of direction would turn figures around; so whatever is not printed as
itself is told by its number. Plain data keeps the text as it is.
"""

from __future__ import annotations

__all__ = ["is_sound", "visible"]


def visible(text: str) -> str:
    r"""
    The text with control characters, breaks, marks of direction and halves of pairs as escapes.

    >>> visible("x]\nbase: \x1b[1m0.00")
    'x]\\nbase: \\x1b[1m0.00'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def is_sound(text: str) -> bool:
    """Whether UTF-8 can hold the text: half of a surrogate pair cannot be written anywhere."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
