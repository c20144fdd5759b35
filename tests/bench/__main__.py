"""
Run the benchmarks: `python -m tests.bench`, with `--smoke` for a quick check that they run, with `--write` to put
the table into docs/explanation/performance.md.
"""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path

from . import guarding, ledger, living, metering, peers, settling
from .timing import Measured

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "performance.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


def table(found: list[Measured]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | measured | best of times | goal | |", "| --- | --- | --- | --- | --- |"]
    for each in found:
        bound = "at least" if each.unit == "x faster" else "at most"
        lines.append(
            f"| {each.name} | {each.ratio:.2f} {each.unit} | {each.least:.2f} | {bound} {each.goal:g} | "
            f"{'met' if each.met else 'short'} |"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure, print, and write when asked."""
    if "--smoke" in arguments:
        found = [
            *metering.run(5_000, 1),
            *settling.run(50, 1),
            *peers.run(50, 1, 10),
            *guarding.run(500, 1),
            *living.run(3_000, 1),
            *ledger.run(10_000, 1),
        ]
    else:
        found = [
            *metering.run(500_000, 7),
            *settling.run(20_000, 9),
            *peers.run(2_000, 9, 100),
            *guarding.run(50_000, 9),
            *living.run(100_000, 9),
            *ledger.run(1_000_000, 1),
        ]
    machine = (
        f"Python {platform.python_version()}, pydantic {version('pydantic')}, genai-prices {version('genai-prices')}"
    )
    print(table(found))
    print(machine)
    if "--write" in arguments:
        page = PAGE.read_text(encoding="utf-8")
        front, _, rest = page.partition(BEGIN)
        _, _, back = rest.partition(END)
        PAGE.write_text(f"{front}{BEGIN}\n{machine}\n\n{table(found)}\n{END}{back}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
