"""
Every example runs as its reader would run it, and writes what is committed beside it; `--update` rewrites that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDERS = sorted(run.parent for run in (ROOT / "examples").glob("*/run.py"))


def run(folder: Path, *arguments: str) -> str:
    """What an example prints; the library is this tree's."""
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(folder / "run.py"), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_examples() -> None:
    """The folder of the first day is there."""
    assert "ai-api" in [folder.name for folder in FOLDERS]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_out(folder: Path, tmp_path: Path, update: bool) -> None:
    """A copy of the folder, run elsewhere, writes into out/ what is committed, and prints the statement it writes."""
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("out", "__pycache__"))
    (copy / "out").mkdir()
    printed = run(copy)
    if update:
        for path in (copy / "out").iterdir():
            shutil.copy(path, folder / "out" / path.name)
    written = {path.name: path.read_bytes() for path in (copy / "out").iterdir()}
    assert sorted(written) == ["statement.json", "statement.md"]
    assert written == {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    assert printed == written["statement.md"].decode()
