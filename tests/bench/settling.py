"""
What it costs to price what has been measured: charge and settle of a plan of five items, for one customer.
"""

from __future__ import annotations

from ratecard import Money, UsageRecord, charge, measure, resolve, settle

from . import data
from .timing import Measured, micros


def run(repeats: int, rounds: int) -> list[Measured]:
    """Both figures."""
    plan = data.five_items()
    acme = plan.subscribe("acme", start="2025-01-01", quantities={"seats": 5})
    terms = resolve(plan, acme, data.JANUARY)
    at = "2025-01-10T12:00:00Z"
    usage = [
        UsageRecord("completion", at, {"tokens": 12_345_678}, id="a"),
        UsageRecord("call", at, {"calls": 54_321}, id="b"),
        UsageRecord("storage", at, {"gigabytes": 95}, id="c"),
    ]
    tally = measure(terms, usage)
    statement = settle(charge(terms, tally))
    # 20 + 5 x 8 + (9 M x 0.000002 + 2,345,678 x 0.0000015) + 54,321 x 0.0004 + 10 packages.
    assert statement.due == Money("113.25", "USD"), statement.due
    assert statement.verify()
    return [
        micros("charge and settle of five items", lambda: settle(charge(terms, tally)), repeats, rounds, goal=10),
        micros(
            "the same with resolve, from what the plan keeps",
            lambda: settle(charge(resolve(plan, acme, data.JANUARY), tally)),
            repeats,
            rounds,
            goal=15,
        ),
    ]
