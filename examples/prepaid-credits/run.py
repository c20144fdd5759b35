"""
Two months of a service that is sold in credits: what each lot paid, a pack that is bought in between, what is due.

    python run.py               rates usage.jsonl for January and February 2025 and writes out/
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import yaml

from ratecard import Ledger, Money, Period, Plan, Statement, UsageRecord, credits, rate

HERE = Path(__file__).parent
PLAN = Plan.load(yaml.safe_load((HERE / "plan.yaml").read_text(encoding="utf-8")))
ACME = PLAN.subscribe("acme", start="2025-01-01")
MONTHS = [Period.month(2025, 1), Period.month(2025, 2)]
# Whoever has fewer than 500 credits left gets a pack of 2,000 for 40 USD.
REFILL = credits.TopUp(key="pack", below=500, by=2000, unit_cost="0.02", cost_currency="USD")


def read(path: Path) -> list[UsageRecord]:
    """The records, one JSON object a line; no number passes through a binary float."""
    with path.open(encoding="utf-8") as lines:
        return [UsageRecord.from_json(json.loads(line, parse_float=Decimal)) for line in lines]


def rate_months(records: list[UsageRecord]) -> tuple[list[Statement], Ledger]:
    """
    The statements of the months, one after the other, and the ledger behind them.

    A host stores what is kept here in a variable: the entries of the ledger, and the carry.
    """
    ledger, carry = Ledger(), None
    bills: list[Statement] = []
    for month in MONTHS:
        some = [record for record in records if month.contains(record.at)]
        bill = rate(PLAN, ACME, some, month, carry=carry, ledger=ledger)
        ledger, carry = ledger.post(bill.entries), bill.carry
        bills.append(bill)
        balance = ledger.balance("credits", month.end)
        proposal = REFILL.propose(balance, at=month.end) if month is MONTHS[0] else None
        # Here a card would be charged; then what was bought is granted.
        for grant in () if proposal is None else REFILL.grants(proposal):
            ledger = ledger.grant(grant, at=month.end)
    return bills, ledger


def report(bills: list[Statement], ledger: Ledger) -> str:
    """The statements in Markdown, where every credit went, and how the last line came about."""
    told: list[str] = []
    for bill in bills:
        told += [f"# {bill.plan} for {bill.customer}, {bill.period.start:%B %Y}", ""]
        told += ["| Item | Quantity | Amount |", "|---|--:|--:|"]
        told += [f"| {line.name} | {line.quantity} {line.unit} | {line.amount} |" for line in bill.lines]
        told += [f"| **Due** | | **{bill.due}** |", ""]
    told += ["## Where the credits went", "", "| Lot | Granted | Spent | Left | Pays until |", "|---|--:|--:|--:|---|"]
    for held in ledger.lots():
        lot = held.lot
        until = "" if lot.expiry is None else f"{lot.expiry:%Y-%m-%d}"
        told.append(f"| {lot.id} | {lot.amount} | {held.spent} | {held.left} | {until} |")
    last = bills[-1].line("images")
    told += ["", f"## Why {last.amount}", "", "```text", last.explain(), "```", "", "## What was earned", ""]
    for month in MONTHS:
        total = ledger.revenue(month).total("USD").rounded()
        sold, earned, deferred = (Money(each, "USD") for each in (total.sold, total.earned, total.deferred))
        told.append(f"- {month.start:%B %Y}: packs sold {sold}, earned {earned}, still to be earned {deferred}")
    return "\n".join(told) + "\n"


def main() -> None:
    """Rate what is there, and print it."""
    bills, ledger = rate_months(read(HERE / "usage.jsonl"))
    told = report(bills, ledger)
    print(told, end="")
    (HERE / "out" / "statement.md").write_text(told, encoding="utf-8")
    (HERE / "out" / "statement.json").write_text(bills[-1].dumps() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
