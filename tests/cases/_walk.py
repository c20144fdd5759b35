"""
Cases of the whole walk: a plan, records and a period give a statement.
"""

from __future__ import annotations

from typing import Any

from ratecard._numbers import div, exact, quantize, sub, text, total
from ratecard.credits import Ledger
from ratecard.money import Money
from ratecard.plans import Plan, Subscription
from ratecard.rating import LineItem, Statement, rate
from ratecard.records import UsageRecord
from tests.cases._credits import counted_in, granted
from tests.cases._data import Plain, period
from tests.cases._prices import parts


def statement(given: Plain) -> Plain:
    """
    The lines and the total of a statement, and what the row asks for beside them.

    `variants` are the same with some fields of the plan set otherwise; `after` rates only the first so many records.
    """
    records = [UsageRecord.from_json(each) for each in given["records"]]
    found = _rated(given, records)
    told = _told(found)
    if "places" in given:
        told["quantities"] = {line.key.partition("@")[0]: text(quantize(line.quantity, given["places"]))
                              for line in found.lines}  # fmt: skip
    if "variants" in given:
        others = {name: _rated({**given, "plan": {**given["plan"], **fields}}, records)
                  for name, fields in given["variants"].items()}  # fmt: skip
        told["variants"] = {name: {"total": _amount(other)} for name, other in others.items()}
        told["saving"] = {
            name: text(sub(exact("1"), div(_exact(found), _exact(other)))) for name, other in others.items()
        }
    if "after" in given:
        running = [_rated(given, records[:count]) for count in given["after"]]
        told["running"] = [_amount(each) for each in running]
        told["change"] = text(sub(running[-1].due.amount, running[-2].due.amount))
    return told


def chain(given: Plain) -> Plain:
    """Statements of several periods, each with the carry of the one before."""
    records = [UsageRecord.from_json(each) for each in given["records"]]
    plan = Plan.load(given["plan"])
    base = {"customer": "acme", "plan": plan.key, "start": given["periods"][0][0]}
    acme = Subscription.model_validate({**base, **given.get("subscription", {})})
    bills: list[Statement] = []
    held = ledger(given, given["periods"][0][0])
    lefts: list[Plain] = []
    for each in given["periods"]:
        span = period(each)
        some = [record for record in records if span.contains(record.at)]
        bills.append(rate(plan, acme, some, span, carry=bills[-1].carry if bills else None, ledger=held))
        assert bills[-1].verify()
        if held is not None:
            held = held.post(bills[-1].entries)
            lefts.append(_lots(held, "left"))
    carries = [bill.carry for bill in bills if bill.carry is not None]
    return {
        "dues": [_amount(bill) for bill in bills],
        "lefts": lefts,
        "shares": [_shares(bill) for bill in bills],
        "notices": [[each.code for each in bill.notices] for bill in bills],
        "coupons": [carry.coupons for carry in carries],
        "commitments": [carry.commitments for carry in carries],
    }


def _rated(given: Plain, records: list[UsageRecord]) -> Statement:
    plan = Plan.load(given["plan"])
    base = {"customer": "acme", "plan": plan.key, "start": given["period"][0]}
    acme = Subscription.model_validate({**base, **given.get("subscription", {})})
    found = rate(plan, acme, records, period(given["period"]), ledger=ledger(given, given["period"][0]))
    assert found.verify()
    return found


def ledger(given: Plain, since: str) -> Ledger | None:
    """The credits that are given beside the plan; None where there are none."""
    if "grants" not in given:
        return None
    found = Ledger()
    for told in given["grants"]:
        found = granted(found, told, counted_in("USD"), since)
    return found


def _lots(held: Ledger, column: str) -> Plain:
    """By lot what is in a column, without those that have nothing there."""
    return {each.lot.id: text(getattr(each, column)) for each in held.lots() if getattr(each, column)}


def _told(found: Statement) -> Plain:
    assert found.account is not None
    return {
        "lines": [_line(each) for each in found.lines],
        "parts": {each.item: [leaf for step in each.steps for leaf in parts(step)] for each in found.lines},
        "items": {item: str(_together(found, item)).partition(" ")[0] for item in _items(found)},
        "kinds": _kinds(found),
        "shares": _shares(found),
        "notices": [each.code for each in found.notices],
        "levels": {} if found.carry is None else dict(found.carry.levels),
        "total": _amount(found),
        "spent": {} if found.ledger is None else _lots(found.ledger, "spent"),
        "left": {} if found.ledger is None else _lots(found.ledger, "left"),
        "exact": text(_exact(found)),
        "refused": [each.code for each in found.account.rejected],
        "outside": found.account.counts["outside"],
    }


def _line(line: LineItem) -> Plain:
    told: Plain = {"item": line.item, "group": dict(line.group), "quantity": text(line.quantity)}
    told |= {"exact": text(line.exact), "amount": _money(line)}
    return told


def _kinds(found: Statement) -> Plain:
    """What the lines of each kind come to."""
    sums: Plain = {}
    for line in found.lines:
        sums[line.kind] = sums[line.kind] + line.amount if line.kind in sums else line.amount
    return {kind: str(amount).partition(" ")[0] for kind, amount in sums.items()}


def _shares(found: Statement) -> Plain:
    """What discounts took off each item's lines."""
    keys = {line.key: line.item for line in found.lines}
    sums: Plain = {}
    for line in found.lines:
        for key, part in line.shares if line.kind in ("discount", "coupon") else ():
            more = Money.make(part, line.currency)
            sums[keys[key]] = sums[keys[key]] + more if keys[key] in sums else more
    return {item: str(amount).partition(" ")[0] for item, amount in sums.items()}


def _items(found: Statement) -> list[str]:
    return list(dict.fromkeys(line.item for line in found.lines))


def _together(found: Statement, item: str) -> Money:
    first, *rest = (line.amount for line in found.lines_of(item))
    return sum(rest, first)


def _money(line: LineItem) -> str:
    return str(line.amount).partition(" ")[0]


def _amount(found: Statement) -> str:
    return str(found.due).partition(" ")[0]


def _exact(found: Statement) -> Any:
    return total(line.exact for line in found.lines)
