"""
Cases of bills that grow: invoices at thresholds, and periods that are rated again when late records come.
"""

from __future__ import annotations

from ratecard import Money, Period, live, resolve
from ratecard._numbers import CONTEXT, number, sub
from ratecard.guards import Crossed
from ratecard.plans import Plan, Subscription
from ratecard.rating import Live, rate
from ratecard.records import UsageRecord
from tests.cases._data import Plain, period


def _opened(plan: Plan, acme: Subscription, span: Period) -> Live:
    return live(resolve(plan, acme, span))


def _usage(bill: Live) -> Money:
    """What usage comes to so far; fees wait for the end of the period."""
    found = Money("0.00", "USD")
    for line in bill.statement().lines_by("usage"):
        found += line.amount
    return found


def _shown(amount: Money) -> str:
    return str(amount).partition(" ")[0]


def thresholds(given: Plain) -> Plain:
    """
    An invoice of all usage so far whenever an alert goes off, and one of the rest at the end of the period.

    With `reset` the billing period begins anew after each of them.
    """
    plan = Plan.load(given["plan"])
    span = period(given["period"])
    acme = plan.subscribe("acme", start=span.start)
    bill, billed, invoices = _opened(plan, acme, span), Money("0.00", "USD"), list[str]()
    for told in given["records"]:
        record = UsageRecord.from_json(told)
        if not any(isinstance(signal, Crossed) for signal in bill.record(record)):
            continue
        invoices.append(_shown(_usage(bill) - billed))
        billed = _usage(bill)
        if given.get("reset"):
            rest = Period(record.at, span.end)
            # What was counted is left behind with the period that ended.
            bill, billed = _opened(plan, plan.subscribe("acme", start=record.at), rest), Money("0.00", "USD")
    invoices.append(_shown(bill.statement().due - billed))
    whole = sum((number(each) for each in invoices[1:]), number(invoices[0]))
    return {"invoices": invoices, "total": str(whole), "crossed": len(invoices) - 1}


def rebilled(given: Plain) -> Plain:
    """
    Runs over periods chained by carry, each from what is known by then; what a run books for a period is the change.

    A run holds the cumulative quantity at the end of each period that it bills.
    """
    plan = Plan.load(given["plan"])
    spans = [period(each) for each in given["periods"]]
    acme = plan.subscribe("acme", start=spans[0].start)
    booked: list[Money] = []
    runs: list[Plain] = []
    for totals in given["runs"]:
        records: list[UsageRecord] = []
        before = number("0")
        for span, total in zip(spans, totals, strict=False):
            quantity = CONTEXT.subtract(number(total), before)
            records.append(UsageRecord("use", span.start, {"n": quantity}))
            before = number(total)
        told: Plain = {}
        carry = None
        for index, span in enumerate(spans[: len(totals)]):
            bill = rate(plan, acme, [record for record in records if span.contains(record.at)], span, carry=carry)
            assert bill.verify()
            carry = bill.carry
            new = index >= len(booked)
            change = bill.due.amount if new else sub(bill.due.amount, booked[index].amount)
            if new:
                booked.append(bill.due)
            if new or change:
                told[f"p{index + 1}"] = str(change)
            booked[index] = bill.due
        runs.append(told)
    return {"runs": runs, "total": _shown(sum(booked[1:], booked[0]))}
