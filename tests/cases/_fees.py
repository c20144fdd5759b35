"""
Cases of fees over time: what is invoiced when, and which part of a period each line pays for.
"""

from __future__ import annotations

from typing import Any

from ratecard import Catalog, Item, Period, Plan, Subscription, prices, rate
from ratecard._numbers import number, quantize, split, text, total
from ratecard.cadence import Cadence
from ratecard.periods import moment
from ratecard.plans import AmountDiscount, Cancel, ChangeAnchor, ChangePlan, PercentDiscount, Phase
from ratecard.rating import Invoice, Statement, invoice
from tests.cases._data import Plain, cadence, shown, values


def fees(given: Plain) -> Plain:
    """
    A subscription from `start` on to a plan of fees by item, with `changes` to others, invoiced at each of `at`.

    Each invoice knows the changes asked for by then; a change without an `off` or `shared` of its own has that of the
    start, unless it is null. `parts` are the lines of all statements at the last of them.
    """
    issued: list[Invoice] = []
    steps: list[Plain] = []
    for at in given["at"]:
        found = invoice(_statements(given, at), moment(at, "UTC"), issued=issued)
        issued.append(found)
        amounts = [line.amount.amount for line in found.lines]
        steps.append({
            "credit": text(total(amount for amount in amounts if amount < 0)),
            "charge": text(total(amount for amount in amounts if amount > 0)),
            "amount": text(found.amount.amount),
        })  # fmt: skip
    last = moment(given["at"][-1], "UTC")
    lines = [line for each in _statements(given, given["at"][-1]) for line in each.lines if line.due <= last]
    shares = [_placed(given, line.exact) for line in lines]
    return {
        "steps": steps,
        "parts": [
            [shown(line.period.start), shown(line.period.end), text(share)]
            for line, share in zip(lines, shares, strict=True)
        ],
        "whole": text(total(shares)),
        "items": _by_item(issued),
    }


def _by_item(issued: list[Invoice]) -> list[dict[str, str]]:
    """What each invoice comes to, by item."""
    return [
        {
            item: text(total(line.amount.amount for line in each.lines if line.item == item))
            for item in dict.fromkeys(line.item for line in each.lines)
        }
        for each in issued
    ]


def _placed(given: Plain, share: Any) -> Any:
    return quantize(share, given["places"]) if "places" in given else share


def _statements(given: Plain, at: str) -> list[Statement]:
    """The statements of all periods up to the one that holds an instant, at what was asked for by then."""
    plans = [_plan("0", given, given["items"])]
    changes: list[Any] = []
    for index, change in enumerate(given.get("changes", ()), 1):
        if moment(change["at"], "UTC") > moment(at, "UTC"):
            continue
        if "items" not in change:
            changes.append(Cancel(at=change["at"]))
            continue
        plans.append(_plan(str(index), _changed(given, change), change["items"]))
        changes.append(ChangePlan(at=change["at"], plan=str(index)))
        if "cadence" in change:
            changes.append(ChangeAnchor(at=change["at"], anchor=change["at"]))
    trial = given.get("trial")
    anchor = given["cadence"].get("anchor", given["start"])
    held = Subscription(
        customer="acme", plan="0", start=given["start"], end=given.get("end"), changes=changes,
        anchor=given["start"] if anchor == "calendar" else anchor,
        phases=[Phase(key="trial", every=trial, unit="day", trial=True)] if trial else None,
    )  # fmt: skip
    offer = Catalog(plans=plans)
    until = moment(at, "UTC")
    spans = [span for span in held.periods(offer, Period(given["start"], "2030-01-01")) if span.start <= until]
    return [rate(offer, held, [], span) for span in spans]


def _changed(given: Plain, change: Plain) -> Plain:
    return {name: value for name, value in {**given, **change}.items() if value is not None}


def _plan(key: str, given: Plain, items: dict[str, str]) -> Plan:
    rhythm = cadence({name: value for name, value in given["cadence"].items() if name != "anchor"})
    calendar = given["cadence"].get("anchor") == "calendar"
    return Plan.single(
        key, currency="USD", proration=given.get("prorate", "day"),
        cadence=Cadence.calendar(rhythm.unit, every=rhythm.every) if calendar else rhythm,
        items=[
            Item(key=item, price=prices.Flat(amount=amount), bill=given.get("bill", "advance"), discounts=off)
            for (item, amount), off in zip(items.items(), _discounts(given, items), strict=True)
        ],
    )  # fmt: skip


def _discounts(given: Plain, items: dict[str, str]) -> list[list[PercentDiscount | AmountDiscount]]:
    """What is taken off each fee: a share (`off`), or its part of a sum that all of them share (`shared`)."""
    if "shared" in given:
        parts = split(number(given["shared"]), values(list(items.values())), number("0.01"))
        return [[AmountDiscount(amount=text(part))] for part in parts]
    return [[PercentDiscount(rate=given["off"])] if "off" in given else [] for _ in items]
