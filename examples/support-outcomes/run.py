"""
Two months of an AI support agent that is paid by resolved conversation: what counted, what was reversed, what is open.

    python run.py    rates usage.jsonl for January and February 2025 and writes out/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from ratecard import Period, Plan, Statement, rate
from ratecard.plans import Carry

HERE = Path(__file__).parent
PLAN = Plan.load(yaml.safe_load((HERE / "plan.yaml").read_text(encoding="utf-8")))
ACME = PLAN.subscribe("acme", start="2025-01-01")


def usage(month: Period) -> list[dict[str, Any]]:
    """The records of a month in whatever order they came: results, what confirms them, and what reverses them."""
    with (HERE / "usage.jsonl").open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [record for record in records if month.contains(datetime.fromisoformat(record["at"]))]


def statements() -> Iterator[Statement]:
    """One statement a month. What is open at its end, or can still be reopened, goes into the next one as its carry."""
    carry: Carry | None = None
    for number in (1, 2):
        month = Period.month(2025, number)
        found = rate(PLAN, ACME, usage(month), month, carry=carry)
        assert found.verify() and found.carry is not None
        # This is what a host stores between two months: plain JSON.
        carry = Carry.from_json(json.loads(json.dumps(found.carry.to_json())))
        yield found


def report(statement: Statement) -> str:
    """One month in Markdown: the lines, what proves the outcomes, and where the records went."""
    told = [f"# {statement.plan} for {statement.customer}, {statement.period.start:%B %Y}", ""]
    told += ["| Item | Quantity | Amount |", "|---|--:|--:|"]
    for line in statement.lines:
        kind = "reversed: " if line.kind == "reversal" else ""
        told.append(f"| {kind}{line.name} | {line.quantity} {line.unit} | {line.amount} |")
    told += [f"| **Due** | | **{statement.due}** |", "", "```text"]
    told += [line.explain() for line in statement.lines if line.evidence is not None]
    told += ["```", ""]
    if statement.account is not None:
        told += [f"- {count} {fate}" for fate, count in statement.account.counts.items() if count]
    return "\n".join(told) + "\n"


def main() -> None:
    """Rate both months and print them."""
    found = list(statements())
    told = "\n".join(report(each) for each in found)
    print(told, end="")
    (HERE / "out" / "statement.md").write_text(told, encoding="utf-8")
    plain = json.dumps([each.to_json() for each in found], indent=2, ensure_ascii=False)
    (HERE / "out" / "statement.json").write_text(plain + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
