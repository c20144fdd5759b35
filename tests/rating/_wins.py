"""
A plan that sells wins, which can be undone, and the statements of several months of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices, rate
from ratecard.meters import Equals
from ratecard.plans import (
    Carry,
    Subscription,
)
from ratecard.rating import LineItem, Statement

DEFINITION = "A case that was won."


JAN, FEB, MAR = (Period.month(2025, month) for month in (1, 2, 3))


def kind(name: str) -> list[Equals]:
    """The filter of a kind of records."""
    return [Equals(property="kind", value=name)]


def meter(key: str = "wins", **more: Any) -> Meter:
    """Wins that can be undone."""
    rules = {"subject": "who", "result": kind("won"), "reverse": kind("undo"), "failed": kind("lost"), **more}
    return Meter(key=key, event="case", aggregate=meters.Outcomes(**rules), unit=key)


def item(**price: Any) -> Item:
    """The item that sells them."""
    return Item(key="won", meter="wins", price=prices.Outcome(definition=DEFINITION, **(price or {"fee": "3"})))


def plan(*items: Item, rules: dict[str, Any] | None = None, **more: Any) -> Plan:
    """A plan of one card."""
    cards = [RateCard(currency="USD", items=list(items) or [item()])]
    return Plan(**{"key": "p", "meters": [meter(**(rules or {}))], "cards": cards, **more})


def told(day: str, what: str, who: str, **more: object) -> UsageRecord:
    """A record at a time of 2025."""
    at = f"2025-{day}" if "T" in day else f"2025-{day}T00:00:00Z"
    return UsageRecord("case", at, {"who": who, "kind": what, **more}, id=f"{what}-{who}-{day}")


def chain(
    of: Any, records: Sequence[UsageRecord], *periods: Period, acme: Subscription | None = None
) -> list[Statement]:
    """Statements of several periods, each with the carry of the one before, through JSON."""
    held = acme or of.subscribe("acme", start="2025-01-01")
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        some = [record for record in records if period.contains(record.at)]
        found.append(rate(of, held, some, period, carry=carry))
        told_carry = found[-1].carry
        assert told_carry is not None and found[-1].verify()
        assert Statement.from_json(json.loads(found[-1].dumps())) == found[-1]
        carry = Carry.from_json(json.loads(json.dumps(told_carry.to_json())))
        assert carry == told_carry
    return found


def lines(statement: Statement) -> list[tuple[str, str, str]]:
    """Key, quantity and amount of every line."""
    return [(line.key, str(line.quantity), str(line.rounded)) for line in statement.lines]


def proofs(line: LineItem) -> list[tuple[str, str, str]]:
    """The ids on a line: result, confirmation, reversal."""
    assert line.evidence is not None
    return [(each.id, each.by, each.undone) for each in line.evidence.proofs]


def reasons(statement: Statement) -> dict[str, int]:
    """How many records did not count, by reason."""
    assert statement.lines[0].evidence is not None
    return statement.lines[0].evidence.reasons
