"""
A year's contract in its first quarter: a commitment with true-up, a ramp, prices of its own, seats that grow, a coupon.

    python run.py    rates January, February and March 2025 one after the other, explains each line, and writes out/

The quarter's commitment is filled by all three months, so each statement's `carry` goes into the next one. What to see:

- the platform fee steps up in March, when the ramp is over (`phases` in plan.yaml);
- tokens cost what was negotiated (`overrides` in subscription.yaml), not what the card says;
- February has two lines of seats: 40 for ten days, 55 for eighteen;
- the coupon is used up after February, and March says so;
- March bills what is missing to 27,000, before tax.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from ratecard import Period, Plan, Statement, Subscription, rate

HERE = Path(__file__).parent
PLAN = Plan.load(yaml.safe_load((HERE / "plan.yaml").read_text(encoding="utf-8")))
NORTHWIND = Subscription.model_validate(yaml.safe_load((HERE / "subscription.yaml").read_text(encoding="utf-8")))


def statements() -> Iterator[Statement]:
    """The three months, each with what the one before hands on."""
    with (HERE / "usage.jsonl").open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    carry = None
    for month in (1, 2, 3):
        # All records are given each time: those of other months are left aside, and `account` counts them.
        statement = rate(PLAN, NORTHWIND, records, Period.month(2025, month), carry=carry)
        assert statement.verify()
        carry = statement.carry
        yield statement


def report(statement: Statement) -> str:
    """A statement in Markdown: its lines, its sums, and how each line comes about."""
    told = [f"# {statement.plan} for {statement.customer}, {statement.period.start:%B %Y}", ""]
    told += ["| Line | From | Quantity | Amount |", "|---|---|--:|--:|"]
    for line in statement.lines:
        quantity = f"{line.quantity:,} {line.unit}".strip() if line.kind in ("fee", "usage") else ""
        told.append(f"| {line.name} | {line.period.start:%d %B} | {quantity} | {line.amount} |")
    told.append(f"| **Subtotal**, before tax | | | **{statement.subtotal}** |")
    told.append(f"| **Due** | | | **{statement.due}** |")
    for notice in statement.notices:
        told += ["", f"{notice}."]
    told += ["", "```text", *(line.explain() for line in statement.lines), "```"]
    if statement.carry is not None:
        for name, held in statement.carry.commitments.items():
            told += ["", f"Handed on: {name}, {held} of it filled."]
    return "\n".join(told) + "\n"


def main() -> None:
    """Rate the quarter, and print it."""
    quarter = list(statements())
    told = ["# What was negotiated", "", *(f"- {each}" for each in NORTHWIND.differences(PLAN, "2025-01-01")), ""]
    text = "\n".join([*told, *(report(each) for each in quarter)])
    print(text, end="")
    (HERE / "out" / "statement.md").write_text(text, encoding="utf-8")
    (HERE / "out" / "statement.json").write_text(quarter[-1].dumps() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
