"""
The gateway with requests that are out of the ordinary: nothing asked for, the same one again, one that wrote nothing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ratecard import Period
from tests.examples.test_examples import ROOT

FOLDER = ROOT / "examples" / "ai-gateway"


@pytest.fixture(scope="module")
def run() -> ModuleType:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("ai_gateway_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def gateway(run: ModuleType) -> Any:
    """A gateway before its first request."""
    return run.Gateway(Period.month(2025, 6))


def test_nothing_asked_for(run: ModuleType, gateway: Any) -> None:
    """A request for no output is let through, costs its input, and holds nothing when it is over."""
    first = next(run.read_usage(FOLDER / "usage.jsonl"))
    gateway.serve(first._replace(max_tokens=0, written=0))
    assert dict(gateway.ends) == {"let through": 1}
    assert gateway.bill.dump()["reserved"] == []
    assert gateway.bill.tally.account.counts["counted"] == 1


@pytest.mark.parametrize("short", [0, 1])
def test_the_same_request_again(run: ModuleType, gateway: Any, short: int) -> None:
    """A request that comes again after it ran takes nothing, also where it wrote less than it might."""
    first = next(run.read_usage(FOLDER / "usage.jsonl"))
    whole = first._replace(written=first.max_tokens - short)
    gateway.serve(whole)
    due = gateway.bill.statement().due
    gateway.serve(whole)
    assert dict(gateway.ends) == {"let through": 1, "counted before": 1}
    assert gateway.bill.statement().due == due


def test_fewer_than_no_tokens(run: ModuleType, gateway: Any) -> None:
    """A request for fewer than no tokens is refused, and holds nothing."""
    first = next(run.read_usage(FOLDER / "usage.jsonl"))
    for wrong in ({"max_tokens": -1}, {"input_tokens": -1}, {"written": -1}):
        gateway.serve(first._replace(**wrong))
        assert gateway.log.pop().endswith("refused: tokens are 0 or more")
    assert dict(gateway.ends) == {"refused": 3}
    assert gateway.bill.dump()["reserved"] == []


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"model": "giant"}, "giant"),
        ({"at": "2025-07-01T00:00:00Z"}, "its time is outside the period"),
        ({"at": "yesterday"}, "yesterday"),
        ({"team": ["search"]}, "team"),
    ],
    ids=["model", "month", "time", "team"],
)
def test_one_request_with_a_fault(run: ModuleType, gateway: Any, wrong: dict[str, Any], why: str) -> None:
    """A request that has no price, or is of another month, is refused with its reason; the next one is served."""
    first = next(run.read_usage(FOLDER / "usage.jsonl"))
    gateway.serve(first._replace(**wrong))
    assert dict(gateway.ends) == {"refused": 1}
    assert why in gateway.log.pop()
    gateway.serve(first)
    assert dict(gateway.ends) == {"refused": 1, "let through": 1}
    assert gateway.bill.dump()["reserved"] == []


def test_an_empty_trace(run: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace without a request is a bill of the fee alone."""
    trace = tmp_path / "trace.csv"
    trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n", encoding="utf-8")
    run.main([str(trace)])
    assert "| **Due** | | **5.00 USD** |" in capsys.readouterr().out
