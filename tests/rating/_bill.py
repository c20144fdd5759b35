"""Plans in plain form, and their statements, for the tests of stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ratecard.periods import Period
from ratecard.plans import Plan, Subscription
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
METER: dict[str, Any] = {"key": "m", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}


def fee(key: str, amount: str, **fields: Any) -> dict[str, Any]:
    """A fee in plain form."""
    return {"key": key, "price": {"model": "flat", "amount": amount}, **fields}


def use(price: str = "1", **fields: Any) -> dict[str, Any]:
    """A metered item in plain form."""
    return {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": price}, **fields}


def pct(rate: str, key: str = "", **fields: Any) -> dict[str, Any]:
    """A percentage off in plain form."""
    return {"kind": "percent", "key": key, "rate": rate, **fields}


def amt(amount: str, key: str = "", **fields: Any) -> dict[str, Any]:
    """A sum off in plain form."""
    return {"kind": "amount", "key": key, "amount": amount, **fields}


def bill(
    items: Sequence[dict[str, Any]],
    *usage: str | tuple[str, str],
    period: Period = JANUARY,
    carry: Any = None,
    sub: dict[str, Any] | None = None,
    **fields: Any,
) -> Statement:
    """The statement of a plan, with records on the tenth; it proves itself, and comes back from its JSON."""
    told = {"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": list(items)}], **fields}
    acme = Subscription.model_validate({"customer": "acme", "plan": "p", "start": "2025-01-01", **(sub or {})})
    rows = [each if isinstance(each, tuple) else (each, "") for each in usage]
    records = [
        UsageRecord("e", period.start.replace(day=10), {"n": n, "g": group}, id=f"{period.start}{index}")
        for index, (n, group) in enumerate(rows)
    ]
    found = rate(Plan.load(told), acme, records, period, carry=carry)
    assert found.verify()
    again = Statement.from_json(json.loads(found.dumps()))
    assert (again, again.dumps(), again.verify()) == (found, found.dumps(), True)
    assert all(line.headline() in found.explain() for line in found.lines)
    return found


def lines(found: Statement) -> list[tuple[str, str, str]]:
    """Kind, item and amount of each line."""
    return [(line.kind, line.item, f"{line.rounded}") for line in found.lines]


def coupon(key: str, discount: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A coupon in plain form."""
    return {"key": key, "discount": discount, **fields}


def post(key: str, amount: str, **fields: Any) -> dict[str, Any]:
    """A promise to spend in plain form."""
    return {"kind": "postpaid", "key": key, "amount": amount, **fields}


def pre(key: str, amount: str, **fields: Any) -> dict[str, Any]:
    """Money paid before in plain form."""
    return {"kind": "prepaid", "key": key, "amount": amount, **fields}
