"""
Cases of the terms of an offer: what is invoiced of one period as it becomes known, what is given back of an issued
statement, what may be used, which share a part of a period is.
"""

from __future__ import annotations

from ratecard import Item, Period, Plan, Subscription, prices, rate
from ratecard._numbers import text, total
from ratecard.periods import moment, share
from ratecard.plans import entitled
from ratecard.rating import Invoice, invoice, rerate
from tests.cases._data import Plain, period


def invoices(given: Plain) -> Plain:
    """
    One period that is invoiced again and again, each time with the fees as they are known by then.

    `known` is a list of fees by item and, perhaps, the end of the service. A credit is what was invoiced less what the
    period is worth now, so it never passes what was paid.
    """
    issued: list[Invoice] = []
    for known in given["known"]:
        plan = Plan.single(
            "case", currency="USD", proration=given.get("prorate", "day"),
            items=[
                Item(key=item, price=prices.Flat(amount=amount), bill="advance")
                for item, amount in known["items"].items()
            ],
        )  # fmt: skip
        start, end = given["period"]
        acme = Subscription(customer="acme", plan="case", start=start, anchor=start, end=known.get("end"))
        issued.append(invoice([rate(plan, acme, [], Period(start, end))], moment(end, "UTC"), issued=issued))
    return {
        "amounts": [text(each.amount.amount) for each in issued],
        "lines": [[str(line.amount.amount) for line in each.lines] for each in issued],
    }


def adjusted(given: Plain) -> Plain:
    """What a statement that was issued comes to more or less, once the subscription is known to be another."""
    plan, span = Plan.load(given["plan"]), period(given["period"])
    base = {"customer": "acme", "plan": plan.key, "start": given["period"][0], **given.get("subscription", {})}
    known, now = (Subscription.model_validate(fields) for fields in (base, {**base, **given["corrected"]}))
    found = rerate(rate(plan, known, [], span), plan, now, [])
    assert found.verify()
    tax = total(line.amount.amount for line in found.lines if line.line.kind == "tax")
    return {
        "subtotal": text(found.subtotal.amount),
        "tax": text(tax),
        "total": text(found.total.amount),
    }


def entitlement(given: Plain) -> Plain:
    """Whether a feature may be used, up to which limit, and by whose word."""
    plan = Plan.load(given["plan"])
    base = {"customer": "acme", "plan": plan.key, "start": "2025-01-01"}
    acme = Subscription.model_validate({**base, **given.get("subscription", {})})
    found = entitled(plan, acme, given["feature"], given.get("at", "2025-01-01"))
    return {
        "allowed": found.allowed,
        "limit": None if found.limit is None else text(found.limit),
        "code": found.code,
    }


def part(given: Plain) -> Plain:
    """Which share of a full period a part of it is, by a count."""
    return {"share": text(share(period(given["part"]), period(given["full"]), given.get("prorate", "day")))}
