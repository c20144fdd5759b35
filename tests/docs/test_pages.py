"""
Every Python block of README.md and the docs runs, YAML and JSON blocks parse, and links lead somewhere.

A page is one test, from top to bottom, since its blocks share one namespace; a failure names the page and the line.
Pages run in the project's top folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from tests.house._tree import none

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")


def _yaml(example: Example) -> None:
    try:
        yaml.safe_load(str(example.parsed))
    except yaml.YAMLError as error:
        raise AssertionError(f"{example.path}:{example.line}: {error}") from error


def _json(example: Example) -> None:
    try:
        json.loads(str(example.parsed))
    except ValueError as error:
        raise AssertionError(f"{example.path}:{example.line}: {error}") from error


BLOCKS = Sybil(
    parsers=[PythonCodeBlockParser(), CodeBlockParser("yaml", _yaml), CodeBlockParser("json", _json)],
    path=str(ROOT),
    patterns=["*.md"],
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _document(page: Path) -> Document:
    return BLOCKS.parse(page)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_blocks(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of the page does what the page says."""
    monkeypatch.chdir(ROOT)
    for example in _document(page).examples():
        example.evaluate()


def _prose_and_code(text: str) -> Iterator[tuple[int, str, bool]]:
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            yield number, line, True
        else:
            yield number, line, fenced


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_blocks_are_seen(page: Path) -> None:
    """Each fence says its language, in a spelling that is run, parsed or known to be shown only."""
    opened = False
    wrong = []
    for number, line, _ in _prose_and_code(page.read_text(encoding="utf-8")):
        if line.lstrip().startswith("```"):
            opened = not opened
            if opened and line.strip()[3:] not in {"python", "yaml", "json", "console", "text", "toml", "mermaid"}:
                wrong.append(f"{_name(page)}:{number} {line.strip()}")
    none(wrong)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links(page: Path) -> None:
    """A relative link leads to a file that is there."""
    lost = [
        f"{_name(page)}:{number} {match[1]}"
        for number, line, fenced in _prose_and_code(page.read_text(encoding="utf-8"))
        if not fenced
        for match in LINK.finditer(line)
        if "://" not in match[1] and not match[1].startswith("mailto:") and not (page.parent / match[1]).exists()
    ]
    none(lost)


def test_every_page_is_reached() -> None:
    """Every page of the docs is linked from another, so that a reader can find it."""
    reached = {
        (page.parent / match[1]).resolve()
        for page in PAGES
        for match in LINK.finditer(page.read_text(encoding="utf-8"))
        if "://" not in match[1]
    }
    none([_name(page) for page in PAGES[1:] if page.resolve() not in reached])
