"""
The AI API's statements equal an independent computation, for the month it ships and for traces of requests.

Traces are the files of the folder that RATECARD_TRACES names and of `data` folders beside the project, as far as they
have the columns of the Azure LLM inference traces of 2023 (github.com/Azure/AzurePublicDataset); one is made here.
"""

from __future__ import annotations

import glob
import importlib.util
import json
import os
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from ratecard import Statement
from tests.examples._ai_api import Month, cents, core_input, swift_input, trace_month, usage_month
from tests.examples.test_examples import ROOT, run

FOLDER = ROOT / "examples" / "ai-api"
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
# The tiers of `core` are crossed, a copy of a row counts again (rows have no identity but their line), the last instant
# of the month is cut to the microsecond and not rounded into the next.
MADE = [
    "2023-11-16 18:17:03.9799600,200000,10",
    "2023-11-16 18:17:04.0319600,200001,8",
    "2023-11-16 18:17:04.0319600,200001,8",
    "2023-11-01 00:00:00.0000000,9000000,0",
    "2023-11-30 23:59:59.9999999,3000001,123456",
    "2023-12-01 00:00:00.0000000,777,777",
]


def _traces() -> list[Path]:
    patterns = [str(ROOT.parent / "*" / "data" / "*.csv")]
    if os.environ.get("RATECARD_TRACES"):
        patterns.append(str(Path(os.environ["RATECARD_TRACES"]) / "*.csv"))
    found = {Path(name).resolve() for pattern in patterns for name in glob.glob(pattern)}
    return sorted(path for path in found if path.read_bytes().startswith(HEADER.encode()))


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The example's program, as a module."""
    spec = importlib.util.spec_from_file_location("ai_api_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trace."""
    path = tmp_path_factory.mktemp("trace") / "made.csv"
    path.write_text("\n".join([HEADER, *MADE]) + "\n", encoding="utf-8")
    return path


def _agree(statement: Statement, month: Month) -> None:
    expected = month.lines()
    lines = {
        (line.item, "".join(value for _, value in line.group)): (int(str(line.quantity)), Fraction(line.rounded))
        for line in statement.lines
    }
    assert lines == expected
    assert Fraction(statement.due.amount) == sum(amount for _, amount in expected.values())
    assert statement.verify()


def test_month(example: ModuleType) -> None:
    """Each line and the total of the month it ships are the independent ones, and each record ends where it must."""
    path = FOLDER / "usage.jsonl"
    month, fates = usage_month(path, "2025-06")
    statement = example.rate_usage(path, example.Period.month(2025, 6))
    _agree(statement, month)
    assert {fate: count for fate, count in statement.account.counts.items() if count} == fates
    assert statement.account.records == len(path.read_text(encoding="utf-8").splitlines())


def test_month_shows_what_can_happen() -> None:
    """The month has copies, a conflict, wrong records, contexts on both sides of the bound, and all three models."""
    path = FOLDER / "usage.jsonl"
    month, fates = usage_month(path, "2025-06")
    assert set(fates) == {"counted", "refused", "duplicate", "conflict", "unmatched", "outside", "other_customer"}
    assert set(month.fresh) == {"swift", "core", "deep"}
    assert len(month.people) > 3
    told = [each["properties"] for each in map(json.loads, path.read_text(encoding="utf-8").splitlines())]
    assert {200_000, 200_001} <= {each.get("input_tokens") for each in told}
    assert path.stat().st_size < 400_000


def test_written_statement() -> None:
    """The committed statement reads back, proves itself, and has the independent total."""
    statement = Statement.from_json(json.loads((FOLDER / "out" / "statement.json").read_text(encoding="utf-8")))
    _agree(statement, usage_month(FOLDER / "usage.jsonl", "2025-06")[0])


def test_figures() -> None:
    """The independent computation itself, at the bounds, by pencil."""
    million = 1_000_000
    assert [swift_input(n * million) for n in (0, 2, 4, 5)] == [0, 0, 1, Fraction("1.4")]
    assert [core_input(n * million) for n in (0, 1, 2, 11, 12)] == [0, 0, 3, Fraction("27.75"), Fraction("30.25")]
    assert [cents(Fraction(each)) for each in ("0.125", "0.1249")] == [Fraction("0.13"), Fraction("0.12")]


def test_made_trace_by_pencil(example: ModuleType, made: Path) -> None:
    """A trace is rated in the month in which it begins: here 12,600,003 tokens in and 123,482 out."""
    statement = example.rate_trace(made)
    assert (statement.line("input").quantity, statement.line("output").quantity) == (12_600_003, 123_482)
    # 3.00 + 24.75 + 1,600,003 at 2.50 a million; 123,482 at 12.00 a million; the base fee.
    assert str(statement.due) == "82.23 USD"
    assert (statement.account.counts["counted"], statement.account.counts["outside"]) == (5, 1)


@pytest.mark.parametrize("path", [None, *_traces()], ids=lambda path: "made" if path is None else path.stem)
def test_trace(example: ModuleType, made: Path, path: Path | None) -> None:
    """A trace, the made one and every real one at hand, has the independent lines and total, and every row counts."""
    month, inside, outside = trace_month(path or made)
    statement = example.rate_trace(path or made)
    _agree(statement, month)
    assert statement.account.counts["counted"] == inside
    assert statement.account.counts["outside"] == statement.account.records - inside == outside


def test_trace_on_the_command_line(made: Path) -> None:
    """Given a trace, the example prints its statement and leaves out/ alone."""
    before = {path.name: path.read_bytes() for path in (FOLDER / "out").iterdir()}
    printed = run(FOLDER, str(made))
    assert printed.startswith("# ai-api for acme, November 2023\n")
    assert "| **Due** | | | **82.23 USD** |" in printed
    assert {path.name: path.read_bytes() for path in (FOLDER / "out").iterdir()} == before
