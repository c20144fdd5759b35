"""
A gateway to language models: every request is priced before it runs, and runs only as far as its budgets let it.

    python run.py               plays usage.jsonl through the gateway and writes out/
    python run.py trace.csv     plays a trace with the columns TIMESTAMP (UTC), ContextTokens, GeneratedTokens
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import yaml

from ratecard import Period, Plan, UsageRecord, live, resolve
from ratecard.errors import RatecardError
from ratecard.rating import Live

HERE = Path(__file__).parent
PLAN = Plan.load(yaml.safe_load((HERE / "plan.yaml").read_text(encoding="utf-8")))
MONTH = Period.month(2025, 6)
TEAMS = ("search", "support", "research")


class Request(NamedTuple):
    """What a caller asks for, and how much the model will have written in the end."""

    id: str
    at: str
    team: str
    model: str
    input_tokens: int
    max_tokens: int
    written: int

    def record(self, output_tokens: int) -> UsageRecord:
        """The request as usage, with so much output."""
        usage = {"team": self.team, "model": self.model}
        return UsageRecord(
            "completion",
            self.at,
            {**usage, "input_tokens": self.input_tokens, "output_tokens": output_tokens},
            id=self.id,
        )


class Gateway:
    """One customer's gateway: it keeps the bill of the month, and a log of what was out of the ordinary."""

    def __init__(self, month: Period) -> None:
        self.bill: Live = live(resolve(PLAN, PLAN.subscribe("acme", start=month.start.date()), month))
        self.ends: Counter[str] = Counter()
        self.log: list[str] = []
        self.served: set[str] = set()

    def serve(self, request: Request) -> None:
        """Price a request, hold what it may cost, let it run as far as it fits, and count what it wrote."""
        if request.id in self.served:
            # The same request came again, after it ran: nothing is held, and nothing runs.
            self.ends["counted before"] += 1
            return
        if min(request.input_tokens, request.max_tokens, request.written) < 0:
            self.refuse(request, ": tokens are 0 or more")
            return
        try:
            ask = request.record(request.max_tokens)
            quote = self.bill.quote(ask)
            verdict = self.bill.reserve(ask, cut="output_tokens")
        except RatecardError as error:
            # A model without a price, another month: this one request has a fault, and nothing was held for it.
            self.refuse(request, f": {error.text}")
            return
        if not verdict.allowed and not verdict.fits:
            # The reason that comes first is the one to lift first.
            wait = f", again in {verdict.retry_after} s" if verdict.retry_after is not None else ""
            self.refuse(request, f" by {verdict.limits[0].key}{wait}; it would have cost up to {quote}")
            return
        granted = request.max_tokens if verdict.fits is None else int(verdict.fits)
        if granted < request.max_tokens:
            self.ends["cut"] += 1
            self.note(request, f"cut from {request.max_tokens} to {granted} tokens by {verdict.limits[0].key}")
        else:
            self.ends["let through"] += 1
        # Here the model runs. What it did not write is given back to every limit.
        self.served.add(request.id)
        signals = self.bill.commit(request.id, request.record(min(request.written, granted)))
        for signal in signals:
            spent = self.bill.statement().subtotal
            self.note(request, f"{type(signal).__name__.lower()} {signal.key}, the bill is at {spent}")

    def refuse(self, request: Request, why: str) -> None:
        """The one request does not run, and is told why; the next one is served as ever."""
        self.ends["refused"] += 1
        self.note(request, f"refused{why}")

    def note(self, request: Request, text: str) -> None:
        """A line of the log."""
        self.log.append(f"- {request.at} `{request.id}` ({request.team}): {text}")


def read_usage(path: Path) -> Iterator[Request]:
    """Requests, one JSON object a line."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Request(**json.loads(line, parse_float=Decimal))


def read_trace(path: Path) -> Iterator[Request]:
    """Requests of a trace. It names no team and no limit: teams take turns, and callers allow a bit more than used."""
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=1):
            written = int(row["GeneratedTokens"])
            at = datetime.fromisoformat(f"{row['TIMESTAMP']}Z").isoformat()
            yield Request(
                f"r{number}", at, TEAMS[number % len(TEAMS)], "core", int(row["ContextTokens"]), written + 50, written
            )


def play(requests: Iterable[Request], month: Period) -> Gateway:
    """Serve all requests, in their order."""
    gateway = Gateway(month)
    for request in requests:
        gateway.serve(request)
    return gateway


def report(gateway: Gateway, *, lines: int | None = None) -> str:
    """The bill so far, how the requests ended, and what was out of the ordinary."""
    statement = gateway.bill.statement()
    told = [f"# {statement.plan} for {statement.customer}, {statement.period.start:%B %Y}", ""]
    told += ["| Item | Quantity | Amount |", "|---|--:|--:|"]
    told += [f"| {each.name} | {each.quantity:,} {each.unit} | {each.amount} |" for each in statement.lines]
    told += [f"| **Due** | | **{statement.due}** |", "", "## Requests", ""]
    told += [f"- {count} {end}" for end, count in gateway.ends.items()]
    told += ["", "## Log", "", *islice(gateway.log, lines)]
    if lines is not None and len(gateway.log) > lines:
        told.append(f"- ... and {len(gateway.log) - lines} more")
    return "\n".join(told) + "\n"


def main(arguments: list[str]) -> None:
    """Play what is asked for, and print the report."""
    if arguments:
        requests = sorted(read_trace(Path(arguments[0])), key=lambda request: request.at)
        first = datetime.fromisoformat(requests[0].at) if requests else MONTH.start
        print(report(play(requests, Period.month(first.year, first.month)), lines=40), end="")
        return
    gateway = play(read_usage(HERE / "usage.jsonl"), MONTH)
    print(report(gateway), end="")
    (HERE / "out" / "statement.md").write_text(report(gateway), encoding="utf-8")
    (HERE / "out" / "statement.json").write_text(gateway.bill.statement().dumps() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
