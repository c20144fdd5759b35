"""
The project speaks of itself alone and leaves nothing half done: words that must not stand anywhere in the tree.

The words are put together from parts here, so that this file does not hold them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house._tree import none

PLACES = ("src", "tests", "docs", "examples")
TOP = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", ".gitignore", ".ci/run")
SUFFIXES = {"", ".py", ".md", ".toml", ".yaml", ".yml", ".json", ".jsonl", ".csv", ".txt", ".html", ".svg", ".ipynb"}

# Folders of one machine, and where packages come from: neither means anything to a reader elsewhere.
MACHINE = [
    rf"(?<![\w.]){re.escape(f'/{folder}/')}" for folder in ("work", "tmp", "opt", "root", "home", "Users", "mnt")
]
HOSTS = [re.escape(f"{host}.{end}") for host, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
DRAFTS = [rf"\b{name}\.md\b" for name in ("HOUSE", "SPEC", "STYLE", "HAZARDS", "ECOSYSTEM", "PERFORMANCE", "COMMON")]
DRAFTS += [r"(?<!\w/)\bshared" + "/", r"\b[Ss]pec " + r"section\b"]
LEFT_OPEN = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", r"pytest\.(mark\.)?" + "(skip|xfail)"]
LEFT_OPEN += ["skip" + "if", "importor" + "skip", "pragma: " + "no " + "cover"]


def _pages(root: Path) -> Iterator[Path]:
    yield from (root / name for name in TOP if (root / name).exists())
    for place in PLACES:
        for path in sorted((root / place).rglob("*")):
            hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(root).parts)
            if path.is_file() and not hidden and path.suffix in SUFFIXES:
                yield path


@pytest.mark.parametrize(
    "words",
    [MACHINE, HOSTS, DRAFTS, LEFT_OPEN],
    ids=["machine", "hosts", "drafts", "left open"],
)
def test_words_that_do_not_belong(words: list[str], root: Path) -> None:
    """No page of the project names a machine's folders, a registry, a draft, or something left for later."""
    wrong = re.compile("|".join(words))
    none(
        [
            f"{path.relative_to(root)}:{number} {line.strip()[:80]}"
            for path in _pages(root)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if wrong.search(line)
        ]
    )


def test_top_level(root: Path) -> None:
    """The top level holds what a reader expects and nothing else."""
    expected = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", *PLACES}
    built = {"build", "dist", "htmlcov", "mutants"}
    found = {path.name for path in root.iterdir() if not path.name.startswith(".")} - built
    assert found == expected


def test_changelog(root: Path) -> None:
    """The changelog keeps a place for what comes next, and knows the version that is declared."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert sections[0] == "Unreleased"
    declared = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert sections[1:2] in ([], [declared])
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_license(root: Path) -> None:
    """The licence is MIT, in the file and in the package's facts."""
    lines = (root / "LICENSE").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[2]) == ("MIT License", "Copyright (c) 2026 the ratecard authors")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["license"], project["license-files"]) == ("MIT", ["LICENSE"])


def test_dependencies(root: Path) -> None:
    """The library needs pydantic, dateutil and babel, and zone data where the system has none."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[>=;]", each)[0].strip() for each in project["dependencies"]]
    assert names == ["pydantic", "python-dateutil", "babel", "tzdata"]
