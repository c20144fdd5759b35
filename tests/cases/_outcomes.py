"""
Cases of outcomes: what is billable, from when, and which tiers it fills.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ratecard._numbers import text
from ratecard.meters import Meter
from ratecard.plans import Plan
from ratecard.rating import rate
from ratecard.records import UsageRecord, show_time
from tests.cases._data import Plain, period
from tests.cases._prices import parts


def judged(given: Plain) -> Plain:
    """The subjects whose results stand as of an instant, and from when each is billable."""
    rules = Meter.model_validate(given["meter"]).aggregate
    until = datetime.fromisoformat(given["as_of"])
    records = [UsageRecord.from_json(each) for each in given["records"]]
    found = rules.judged(rules.read(record) for record in records if record.at < until)  # type: ignore[attr-defined]
    standing = [each for each in found.results if each.standing(until)]
    return {
        "outcomes": [each.record.subject for each in standing],
        "counted_at": [show_time(each.due) for each in standing if each.due is not None],
    }


def filled(given: Plain) -> Plain:
    """So many records of each kind, each of its own subject, an hour apart: the units in each tier, and the amount."""
    plan = Plan.load(given["plan"])
    span = period(given["period"])
    kinds = [kind for kind, count in given["quantities"].items() for _ in range(count)]
    records = [
        UsageRecord("case", span.start + timedelta(minutes=index), {"case": str(index), "kind": kind}, id=str(index))
        for index, kind in enumerate(kinds)
    ]
    found = rate(plan, plan.subscribe("acme", start=given["period"][0]), records, span)
    assert found.verify()
    (line,) = found.lines
    assert line.evidence is not None
    return {
        "quantity": text(line.quantity),
        "parts": [leaf for step in line.steps for leaf in parts(step)],
        "amount": text(line.exact),
        "left": line.evidence.reasons,
    }
