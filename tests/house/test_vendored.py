"""
Vendored: a copy of the package under another name, in a folder or a zip, with asserts off, gives the same bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house._tree import PACKAGE

SMOKE = """
import importlib, sys
from datetime import UTC, datetime

package = sys.argv[1]
lib = importlib.import_module(package)
meters, prices = (importlib.import_module(f"{package}.{room}") for room in ("meters", "prices"))

plan = lib.Plan.single(
    "api",
    currency="USD",
    meters=[lib.Meter(key="tokens", event="completion", aggregate=meters.Sum(of="tokens"))],
    items=[
        lib.Item(key="base", price=prices.Flat(amount="20")),
        lib.Item(key="tokens", meter="tokens", price=prices.PerUnit(unit_price="2", per=1_000_000)),
    ],
)
acme = plan.subscribe("acme", start="2025-01-01")
noon = datetime(2025, 1, 10, 12, tzinfo=UTC)
usage = [lib.UsageRecord("completion", noon, {"tokens": 3_000_000}, id="c1")]
bill = lib.rate(plan, acme, usage, lib.Period.month(2025, 1))
if bill.due != lib.Money("26", "USD"):
    sys.exit(f"due {bill.due}")
if package != "ratecard" and any(name.split(".")[0] == "ratecard" for name in sys.modules):
    sys.exit("the copy went back to the original")
print(bill.explain())
print(lib.Plan.load(plan.model_dump(mode="json")) == plan, type(bill.due).__name__)
"""

WAYS = [(), ("-O",), ("-OO",)]


def _run(package: str, where: Path, options: tuple[str, ...]) -> bytes:
    command = [sys.executable, "-W", "error", "-B", *options, "-c", SMOKE, package]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment["PYTHONPATH"] = str(where)
    done = subprocess.run(command, env=environment, cwd=Path(sys.prefix), capture_output=True, timeout=120)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package at `acme/_vendor/prices`, and a zip of it beside."""
    top = tmp_path_factory.mktemp("vendored")
    inner = top / "folder" / "acme" / "_vendor"
    shutil.copytree(PACKAGE, inner / "prices", ignore=shutil.ignore_patterns("__pycache__"))
    for package in (inner, inner.parent):
        (package / "__init__.py").touch()
    with zipfile.ZipFile(top / "zipped.zip", "w") as archive:
        for path in sorted((top / "folder").rglob("*")):
            archive.write(path, path.relative_to(top / "folder"))
    return top


@pytest.fixture(scope="module")
def original() -> bytes:
    """What the package itself says."""
    found = _run("ratecard", PACKAGE.parent, ())
    assert b"True Money" in found
    return found


@pytest.mark.parametrize("options", WAYS, ids=["plain", "O", "OO"])
@pytest.mark.parametrize("kind", ["folder", "zipped.zip"])
def test_copy_under_another_name(copied: Path, original: bytes, kind: str, options: tuple[str, ...]) -> None:
    """A vendored copy rates as the original does, byte for byte, with no warning."""
    assert _run("acme._vendor.prices", copied / kind, options) == original


@pytest.mark.parametrize("options", WAYS[1:], ids=["O", "OO"])
def test_without_asserts(original: bytes, options: tuple[str, ...]) -> None:
    """With asserts and docstrings off the package says the same."""
    assert _run("ratecard", PACKAGE.parent, options) == original
