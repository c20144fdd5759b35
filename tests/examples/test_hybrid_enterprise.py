"""
The quarter of the enterprise contract, computed a second time: fractions, and the figures of the contract by hand.
"""

from __future__ import annotations

import importlib.util
import json
from fractions import Fraction
from math import floor
from types import ModuleType

import pytest

from ratecard import Statement
from tests.examples.test_examples import ROOT

FOLDER = ROOT / "examples" / "hybrid-enterprise"
MILLION = 1_000_000
PLATFORM = {1: 1000, 2: 1000, 3: 2500}
SEATS = {1: [Fraction(40)], 2: [40 * Fraction(10, 28), 55 * Fraction(18, 28)], 3: [Fraction(55)]}
# 3,100 GB from 11 January, 4,200 from 15 February.
STORAGE = {1: 3100 * Fraction(21, 31), 2: 3100 * Fraction(14, 28) + 4200 * Fraction(14, 28), 3: Fraction(4200)}


@pytest.fixture(scope="module")
def quarter() -> list[Statement]:
    """The three statements that the example makes."""
    spec = importlib.util.spec_from_file_location("hybrid_enterprise_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.statements())


def _cents(amount: Fraction) -> Fraction:
    """Half away from zero."""
    sign = -1 if amount < 0 else 1
    return sign * Fraction(floor(abs(amount) * 100 + Fraction(1, 2)), 100)


def _tokens(month: int) -> int:
    told = {line["id"]: line for line in map(json.loads, (FOLDER / "usage.jsonl").read_text().splitlines())}
    return sum(
        each["properties"]["tokens"]
        for each in told.values()
        if each["event"] == "completion" and each["at"].startswith(f"2025-{month:02}")
    )


def _month(month: int, filled: Fraction) -> tuple[list[tuple[str, Fraction]], Fraction]:
    """The lines of a month, and what its charges put into the commitment."""
    tokens = _tokens(month)
    exact = [
        ("platform", Fraction(PLATFORM[month])),
        *(("seats", 45 * each) for each in SEATS[month]),
        ("tokens", 3500 + Fraction(tokens - 1000 * MILLION, MILLION) * Fraction("2.75")),
        ("storage", STORAGE[month] * Fraction("0.12")),
    ]
    exact.append(("support", max(Fraction(500), sum(amount for _, amount in exact) * Fraction("0.08"))))
    lines = [(item, _cents(amount)) for item, amount in exact]
    if month < 3:
        listed = sum(amount for item, amount in lines if item in ("platform", "seats"))
        lines.append(("LAUNCH", -_cents(listed * Fraction("0.15"))))
    net = sum((amount for _, amount in lines), Fraction(0))
    if month == 3:
        lines.append(("quarter", 27000 - filled - net))
    subtotal = sum(amount for _, amount in lines)
    lines.append(("vat", _cents(subtotal * Fraction("0.19"))))
    return lines, net


def test_quarter(quarter: list[Statement]) -> None:
    """Each line of each month, and each total, is the independent one to the cent."""
    filled = Fraction(0)
    for month, statement in enumerate(quarter, 1):
        lines, net = _month(month, filled)
        filled += net
        assert [(line.item, Fraction(line.rounded)) for line in statement.lines] == lines
        assert Fraction(statement.due.amount) == sum(amount for _, amount in lines)
    assert sum(Fraction(each.subtotal.amount) for each in quarter) == 27000


def test_what_it_shows(quarter: list[Statement]) -> None:
    """The commitment is topped up once, at its end; the coupon is used twice, and the third month says so."""
    assert [len(each.lines_by("commitment")) for each in quarter] == [0, 0, 1]
    assert [len(each.lines_by("coupon")) for each in quarter] == [1, 1, 0]
    assert [[notice.code for notice in each.notices] for each in quarter] == [[], [], ["coupon.exhausted"]]
    assert all(each.verify() for each in quarter)


def test_written_statement(quarter: list[Statement]) -> None:
    """The committed statement reads back, and is the one of March."""
    told = Statement.from_json(json.loads((FOLDER / "out" / "statement.json").read_text(encoding="utf-8")))
    assert (told.lines, told.due) == (quarter[-1].lines, quarter[-1].due)
    assert told.verify()
