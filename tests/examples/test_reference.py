"""
What the docs name is there: the tests in the table of hazards, and each code of the source in the list of errors.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house._tree import none

ROOT = Path(__file__).parent.parent.parent
CODE = re.compile(r"[a-z]+\.[a-z_]+")
_PUT_TOGETHER = ("source", "id", "unmatched", "unpriced", "outside", "other_customer")


def test_hazards_name_tests() -> None:
    """Each test in the table of hazards is in the file it is said to be in."""
    page = (ROOT / "docs" / "explanation" / "hazards.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert named
    none(
        [
            f"{path}::{name}"
            for path, name in named
            if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
        ]
    )


def test_every_code_is_told() -> None:
    """Each text in the source that has the form of a code stands in the list of errors, and the other way round."""
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    told = {code for row in rows for code in re.findall(r"`([^`]+)`", row.split("|")[1]) if CODE.fullmatch(code)}
    raised = {
        node.value
        for path in (ROOT / "src" / "ratecard").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    # Codes that are put together when they are raised.
    raised |= {f"record.{name}" for name in _PUT_TOGETHER}
    assert told == raised
