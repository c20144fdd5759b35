"""User code through both type checkers: `accept.py` passes whole, `refuse.py` fails at its marked lines only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house._tree import none

HERE = Path(__file__).parent
ACCEPT, REFUSE = HERE / "accept.py", HERE / "refuse.py"
MARK = "# expect-error"


def _run(arguments: list[str], root: Path) -> str:
    """What a checker prints; it ends with an error by design, since `refuse.py` is wrong."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.stdout, done.stderr
    return done.stdout


def _mypy(root: Path) -> Iterator[tuple[str, int, str]]:
    cache = root / ".mypy_cache" / "typing"
    options = ["--strict", "--output=json", f"--cache-dir={cache}", str(ACCEPT), str(REFUSE)]
    for line in _run(["mypy", *options], root).splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            if found["severity"] == "error":
                yield Path(found["file"]).name, found["line"], found["message"]


def _pyright(root: Path) -> Iterator[tuple[str, int, str]]:
    options = ["--outputjson", "--pythonpath", sys.executable, str(ACCEPT), str(REFUSE)]
    for found in json.loads(_run(["pyright", *options], root))["generalDiagnostics"]:
        if found["severity"] == "error":
            yield Path(found["file"]).name, found["range"]["start"]["line"] + 1, found["message"]


def _marked() -> set[int]:
    lines = REFUSE.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith(MARK)}


@pytest.mark.parametrize("checker", [_mypy, _pyright], ids=["mypy", "pyright"])
def test_checkers(checker: object, root: Path) -> None:
    """A checker accepts every line of `accept.py` and refuses exactly the marked lines of `refuse.py`."""
    assert callable(checker)
    found = sorted(checker(root))
    none([f"{name}:{line} {message}" for name, line, message in found if name != REFUSE.name])
    refused = {line for name, line, _ in found if name == REFUSE.name}
    marked = _marked()
    assert marked
    none([f"line {line} is wrong and was not refused" for line in sorted(marked - refused)])
    none([f"{name}:{line} {message}" for name, line, message in found if line not in marked])


def test_accept_runs(root: Path) -> None:
    """What the checkers accept also runs, so the types tell the truth."""
    done = subprocess.run([sys.executable, "-W", "error", str(ACCEPT)], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
