"""
Every worked figure taken over is here once, with its source; where ours differs, so are theirs and the reason.
"""

from __future__ import annotations

from collections import Counter

from tests.cases._data import rows

FIELDS = ["id", "source", "family", "summary", "kind", "given", "expect"]


def test_ids_are_unique() -> None:
    """No figure stands twice."""
    twice = [id for id, count in Counter(row["id"] for row in rows()).items() if count > 1]
    assert twice == []


def test_every_row_says_where_it_is_from() -> None:
    """A row has all its fields, none of them empty."""
    assert [row["id"] for row in rows() if list(row)[: len(FIELDS)] != FIELDS] == []
    assert [row["id"] for row in rows() if not all(row[name] for name in FIELDS)] == []


def test_difference_has_a_reason() -> None:
    """Their figure and the reason why ours is another stand together, or neither does."""
    extra = {tuple(row)[len(FIELDS) :] for row in rows()}
    assert extra == {(), ("peer", "reason")}


def test_counts_by_family() -> None:
    """None is lost."""
    found = Counter(row["family"] for row in rows())
    assert found == {
        "price": 211, "aggregation": 36, "rounding": 48, "period": 48, "proration": 66, "cap": 9, "alert": 28,
        "rate_limit": 10, "credits": 61, "discount": 41, "tax": 9, "commitment": 41, "hybrid": 12, "outcome": 4,
    }  # fmt: skip
