"""
Plans with stages of all kinds for the random histories, and their statements period after period.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from ratecard import Period, Subscription, UsageRecord, rate
from ratecard.plans import Catalog, Plan
from ratecard.rating import Statement
from tests.histories import CATALOG, DAY, History

VAT = {"key": "vat", "rate": "0.2"}
HALF = {"key": "HALF", "discount": {"kind": "percent", "rate": "0.5", "items": ["base"]}, "lasts": "periods",
        "periods": 2}  # fmt: skip


def staged(key: str, **fields: Any) -> Plan:
    """A plan of the histories, with its calls by group and stages of their own, and stages across its lines."""
    told = CATALOG.get(key).dump()
    for item in told["cards"][0]["items"]:
        if item["key"] == "calls":
            item["each"] = ["d"]
            item["discounts"] = [{"kind": "percent", "rate": "0.125"}, {"kind": "amount", "amount": "1.01"}]
            item["minimum"] = {"amount": "7"}
    return Plan.load({**told, **fields})


def off(key: str) -> dict[str, Any]:
    """The percentage of a plan; both have the same key."""
    return {"kind": "percent", "key": "off", "rate": {"basic": "0.1", "pro": "0.25"}[key]}


TAXED = Catalog(plans=[staged(key, discounts=[off(key)], taxes=[VAT]) for key in ("basic", "pro")])
FULL = Catalog(plans=[
    staged("basic", discounts=[off("basic"), {"kind": "amount", "key": "sum", "amount": "3"}], coupons=[HALF],
        minimum={"amount": "40"}, taxes=[VAT],
        phases=[{"key": "start", "every": 40, "unit": "day", "free": [{"amount": "9"}]}]),
    staged("pro", discounts=[off("pro")], maximum={"amount": "110"}, taxes=[VAT, {"key": "city", "rate": "0.015"}],
        commitments=[{"kind": "postpaid", "key": "c", "amount": "95", "overage": "1.1"},
                     {"kind": "prepaid", "key": "d", "amount": "20", "priority": 1}]),
])  # fmt: skip


def calls(history: History, first: date, last: date) -> list[UsageRecord]:
    """The calls of some days, in two groups by turns."""
    return [
        UsageRecord(each.event, each.at, {**each.properties, "d": "ab"[each.at.day % 2]}, id=each.id)
        for each in history.records(first, last)
    ]


def holder(history: History) -> Subscription:
    """The subscription with its coupon."""
    return history.subscription().model_copy(update={"coupons": ["HALF"]})


def bills(history: History, today: date) -> list[Statement]:
    """All statements up to the one that holds today, chained by what they carry, each with the usage so far."""
    held, carry, found = holder(history), None, list[Statement]()
    records = calls(history, history.start, today)
    for span in held.periods(FULL, Period("2025-01-01", today + DAY)):
        inside = [each for each in records if span.start <= each.at < span.end]
        found.append(rate(FULL, held, inside, span, carry=carry))
        carry = found[-1].carry
    return found
