"""
A team that tries Basic, buys seats, upgrades to Pro in mid-March and puts off its return to Basic.

    python run.py    rates usage.jsonl for March 2025, invoices it as time goes by, and writes out/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from ratecard import Catalog, Period, Plan, Statement, Subscription, rate
from ratecard.plans import entitled
from ratecard.rating import Invoice, invoice

HERE = Path(__file__).parent
PLANS = Catalog(
    plans=[
        Plan.load(yaml.safe_load((HERE / f"{key}.yaml").read_text(encoding="utf-8")))
        for key in ("basic", "pro", "enterprise")
    ]
)
ACME = Subscription.model_validate(yaml.safe_load((HERE / "subscription.yaml").read_text(encoding="utf-8")))
ZONE = "Europe/Stockholm"
MARCH = Period.month(2025, 3, zone=ZONE)


def known(day: str) -> Subscription:
    """The subscription as it was known on a day: with the changes asked for by then."""
    told = [change for change in ACME.changes if str(change.at) <= day]
    return ACME.model_copy(update={"changes": told, "addons": [each for each in ACME.addons if str(each.start) <= day]})


def statement(day: str, period: Period) -> Statement:
    """The statement of a period as it was known on a day."""
    with (HERE / "usage.jsonl").open(encoding="utf-8") as lines:
        return rate(PLANS, known(day), [json.loads(line) for line in lines], period)


def invoices() -> Iterator[Invoice]:
    """What was invoiced when: the advance of March, the changes in it, its arrears with the advance of April."""
    issued: list[Invoice] = []
    for day in ("2025-03-01", "2025-03-11", "2025-03-17", "2025-04-01"):
        begun = known(day).periods(PLANS, Period("2025-03-01", day, zone=ZONE)) if day != "2025-03-01" else [MARCH]
        periods = [*begun, *([Period.month(2025, 4, zone=ZONE)] if day == "2025-04-01" else [])]
        at = Period("2025-01-01", day, zone=ZONE).end
        issued.append(invoice([statement(day, period) for period in periods], at, issued=issued))
        yield issued[-1]


def report(march: Statement) -> str:
    """The statement in Markdown, the invoices, and what the plan says of a feature."""
    told = [
        f"# {march.plan} for {march.customer}, March 2025",
        "",
        "| Item | From | Quantity | Amount |",
        "|---|---|--:|--:|",
    ]
    told += [
        f"| {line.name} | {line.period.start:%d %B %H:%M} UTC | {line.quantity:f} {line.unit} | {line.amount} |"
        for line in march.lines
    ]
    told += [f"| **Due** | | | **{march.due}** |", "", "## Invoiced", ""]
    for each in invoices():
        told += ["```text", f"{each.at:%d %B %H:%M} UTC", str(each), "```", ""]
    told += ["## Single sign-on", ""]
    told += [
        f"- {day}: {entitled(PLANS, ACME, 'sso', day).reason}" for day in ("2025-03-16", "2025-03-17", "2025-05-01")
    ]
    return "\n".join(told) + "\n"


def main() -> None:
    """Rate March, and print it."""
    march = statement("2025-04-01", MARCH)
    print(report(march), end="")
    (HERE / "out" / "statement.md").write_text(report(march), encoding="utf-8")
    (HERE / "out" / "statement.json").write_text(march.dumps() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
