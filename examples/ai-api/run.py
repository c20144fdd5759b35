"""
A month of an AI API: the statement, how its largest metered line comes about, and where every record went.

    python run.py               rates usage.jsonl for June 2025 and writes out/
    python run.py trace.csv     rates a trace with the columns TIMESTAMP (UTC), ContextTokens, GeneratedTokens
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import yaml

from ratecard import Period, Plan, Statement, rate
from ratecard.records import Layout

HERE = Path(__file__).parent
# Whatever is wrong with the plan is reported at once, each with its place in the file.
PLAN = Plan.load(yaml.safe_load((HERE / "plan.yaml").read_text(encoding="utf-8")))
# Rows of a trace are rated as they are: this says where in a row each part of a record stands.
COLUMNS = ["at", "file", "line", "model", "input_tokens", "cached_tokens", "output_tokens"]
TRACE = Layout(columns=COLUMNS, always_event="completion", source="file", id="line")


def rate_usage(path: Path, month: Period) -> Statement:
    """A month of usage records, one JSON object a line; no number passes through a binary float."""
    with path.open(encoding="utf-8") as lines:
        records = (json.loads(line, parse_float=Decimal) for line in lines)
        return rate(PLAN, PLAN.subscribe("acme", start="2025-01-01"), records, month)


def rate_trace(path: Path) -> Statement:
    """A trace, in the month in which it begins."""
    rows = list(read_trace(path))
    first = min(datetime.fromisoformat(row[0]) for row in rows)
    month = Period.month(first.year, first.month)
    return rate(PLAN, PLAN.subscribe("acme", start=month.start.date()), rows, month, layout=TRACE)


def read_trace(path: Path) -> Iterator[tuple[str, ...]]:
    """Rows for `TRACE`. A trace names neither model nor cache: all of it is fresh input to `core`."""
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=1):
            # Times have seven digits of a second; what is past the microsecond is cut when they are read.
            at, tokens_in, tokens_out = f"{row['TIMESTAMP']}Z", row["ContextTokens"], row["GeneratedTokens"]
            yield (at, path.name, str(number), "core", tokens_in, "0", tokens_out)


def report(statement: Statement) -> str:
    """The statement in Markdown, the derivation of its largest metered line, and the account of the records."""
    told = [f"# {statement.plan} for {statement.customer}, {statement.period.start:%B %Y}", ""]
    told += ["| Item | Model | Quantity | Amount |", "|---|---|--:|--:|"]
    for line in statement.lines:
        quantity = f"{line.quantity:,} {line.unit}".strip()
        told.append(f"| {line.name} | {', '.join(value for _, value in line.group)} | {quantity} | {line.amount} |")
    told.append(f"| **Due** | | | **{statement.due}** |")
    largest = max((line for line in statement.lines if line.unit), key=lambda line: line.amount)
    told += ["", f"## Why {largest.amount}", "", "```text", largest.explain(), "```"]
    told += ["", "## Where the records went", ""]
    if statement.account is not None:
        told += [f"- {count} {fate.replace('_', ' ')}" for fate, count in statement.account.counts.items() if count]
        told += [f"\n`{each.record}`: {each.text}." for each in statement.account.rejected]
    return "\n".join(told) + "\n"


def main(arguments: list[str]) -> None:
    """Rate what is asked for, and print it."""
    if arguments:
        print(report(rate_trace(Path(arguments[0]))), end="")
        return
    statement = rate_usage(HERE / "usage.jsonl", Period.month(2025, 6))
    print(report(statement), end="")
    (HERE / "out" / "statement.md").write_text(report(statement), encoding="utf-8")
    (HERE / "out" / "statement.json").write_text(statement.dumps() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
