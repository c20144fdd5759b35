"""
Every worked figure taken over is here once, with its source; where ours differs, so are theirs and the reason.
"""

from __future__ import annotations

import re
from collections import Counter

from tests.cases._data import FAMILIES, HERE, rows
from tests.cases.test_cases import KINDS

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
        "price": 211, "aggregation": 36, "rounding": 48, "period": 48, "proration": 99, "cap": 9, "alert": 28,
        "rate_limit": 10, "credits": 76, "discount": 52, "tax": 9, "commitment": 43, "hybrid": 13, "outcome": 4,
    }  # fmt: skip


def test_every_kind_is_used_and_told() -> None:
    """The runner has no kind without a row, and the page beside it tells of each kind and each file."""
    page = (HERE / "README.md").read_text(encoding="utf-8")
    told = [kind for line in re.findall(r"^\| (`[^|]*) \|", page, re.M) for kind in re.findall(r"`(\w+)`", line)]
    assert {row["kind"] for row in rows()} == set(KINDS)
    assert set(KINDS) <= set(told)
    assert {f"{family}.jsonl" for family in FAMILIES} == {path.name for path in HERE.glob("*.jsonl")}
    assert [family for family in FAMILIES if f"`{family}.jsonl`" not in page] == []


def test_rows_are_in_the_file_of_their_family() -> None:
    """Who looks for a figure finds it in the file that is named after its family."""
    found: list[str] = []
    for family in FAMILIES:
        lines = (HERE / f"{family}.jsonl").read_text(encoding="utf-8").splitlines()
        found += [line for line in lines if f'"family": "{family}"' not in line]
    assert found == []
