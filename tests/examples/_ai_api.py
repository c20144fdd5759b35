"""
The AI API's month computed a second time, without the library: fractions, and the figures of its plan by hand.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import floor
from pathlib import Path

MILLION = 1_000_000
LONG = 200_000

# The price of a million tokens: (up to 200,000 input tokens a call, above).
FRESH = {"deep": (Fraction(5), Fraction(10))}
TENTH = {
    "swift": (Fraction("0.05"), Fraction("0.05")),
    "core": (Fraction("0.3"), Fraction("0.3")),
    "deep": (Fraction("0.5"), Fraction(1)),
}
OUTPUT = {
    "swift": (Fraction(2), Fraction(2)),
    "core": (Fraction(12), Fraction(12)),
    "deep": (Fraction(25), Fraction("37.5")),
}


def cents(amount: Fraction) -> Fraction:
    """An amount of 0 or more rounded to cents, half up."""
    return Fraction(floor(amount * 100 + Fraction(1, 2)), 100)


def swift_input(tokens: int) -> Fraction:
    """2,000,000 tokens are included, the next 2,000,000 at 0.50 a million, the rest at 0.40."""
    paid = max(0, tokens - 2 * MILLION)
    first = min(paid, 2 * MILLION)
    return (first * Fraction("0.5") + (paid - first) * Fraction("0.4")) / MILLION


def core_input(tokens: int) -> Fraction:
    """1,000,000 tokens are included, the next at 3.00 a million, nine more at 2.75, the rest at 2.50."""
    paid = max(0, tokens - MILLION)
    first = min(paid, MILLION)
    second = min(paid - first, 9 * MILLION)
    return (first * 3 + second * Fraction("2.75") + (paid - first - second) * Fraction("2.5")) / MILLION


class Month:
    """What is sold in a month, added up call by call."""

    def __init__(self) -> None:
        self.fresh: dict[str, int] = {}
        self.cached: dict[str, int] = {}
        self.output: dict[str, int] = {}
        self.deep = Fraction(0)
        self.cached_cost: dict[str, Fraction] = {}
        self.output_cost: dict[str, Fraction] = {}
        self.people: set[str] = set()

    def call(self, model: str, tokens: int, cached: int, output: int) -> None:
        """One call of a model."""
        place = 1 if tokens > LONG else 0
        for counted, quantity in ((self.fresh, tokens - cached), (self.cached, cached), (self.output, output)):
            counted[model] = counted.get(model, 0) + quantity
        if model == "deep":
            self.deep += (tokens - cached) * FRESH[model][place] / MILLION
        for cost, quantity, rates in ((self.cached_cost, cached, TENTH), (self.output_cost, output, OUTPUT)):
            cost[model] = cost.get(model, Fraction(0)) + quantity * rates[model][place] / MILLION

    def lines(self) -> dict[tuple[str, str], tuple[int, Fraction]]:
        """Quantity and rounded amount of each line, by item and model."""
        found: dict[tuple[str, str], tuple[int, Fraction]] = {
            ("base", ""): (1, Fraction(49)),
            ("seats", ""): (len(self.people), Fraction(12 * max(0, len(self.people) - 3))),
        }
        inputs: dict[str, Callable[[int], Fraction]] = {
            "swift": swift_input,
            "core": core_input,
            "deep": lambda _: self.deep,
        }
        for model, tokens in self.fresh.items():
            found["input", model] = (tokens, cents(inputs[model](tokens)))
            found["cached", model] = (self.cached[model], cents(self.cached_cost[model]))
            found["output", model] = (self.output[model], cents(self.output_cost[model]))
        return found


def usage_month(path: Path, month: str) -> tuple[Month, Mapping[str, int]]:
    """The month of a file of usage, and how many of its records ended where."""
    found = Month()
    seen: dict[tuple[str, str], object] = {}
    fates: dict[str, int] = {}
    for record in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        fate = _fate(record, seen, month)
        fates[fate] = fates.get(fate, 0) + 1
        if fate != "counted":
            continue
        seen[record["source"], record["id"]] = record
        told = record["properties"]
        if record["event"] == "sign_in":
            found.people.add(told["user"])
        else:
            found.call(told["model"], told["input_tokens"], told["cached_tokens"], told["output_tokens"])
    return found, fates


def _fate(record: Mapping[str, object], seen: Mapping[tuple[str, str], object], month: str) -> str:
    if record.get("customer", "acme") != "acme":
        return "other_customer"
    identity = (str(record["source"]), str(record["id"]))
    if identity in seen:
        return "duplicate" if seen[identity] == record else "conflict"
    if record["event"] not in ("completion", "sign_in"):
        return "unmatched"
    if not str(record["at"]).startswith(month):
        return "outside"
    told = record["properties"]
    assert isinstance(told, dict)
    numbers = [told[name] for name in told if name.endswith("_tokens")]
    return "counted" if all(isinstance(each, int) for each in numbers) else "refused"


def trace_month(path: Path) -> tuple[Month, int, int]:
    """The month in which a trace begins; how many of its calls lie in it, and how many do not."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows: Iterable[Mapping[str, str]] = list(csv.DictReader(lines))
    first = min(row["TIMESTAMP"] for row in rows)[: len("2023-11")]
    found, inside, outside = Month(), 0, 0
    for row in rows:
        if row["TIMESTAMP"].startswith(first):
            found.call("core", int(row["ContextTokens"]), 0, int(row["GeneratedTokens"]))
            inside += 1
        else:
            outside += 1
    return found, inside, outside
