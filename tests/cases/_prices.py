"""
Cases of prices on their own: amounts, the parts they are made of, what growth adds, where two prices meet.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from ratecard._numbers import Exact, ceil, div, exact, mul, number, quantize, sub, text, total
from ratecard.demand import PerRecord
from ratecard.prices import Price
from ratecard.quantity import Usage
from ratecard.records import UsageRecord
from ratecard.steps import Step, packages
from tests.cases._data import Plain, price, values


def amount(given: Plain) -> Plain:
    """
    The amount of a quantity, what its tiers or packages take part in it with, and the average per unit.

    With a `share`, the quantity is a subscription's and the price is for that share of a period.
    """
    model = price(given["price"])
    usage = Usage(number(given["quantity"]), share=exact(given.get("share", "1")), licensed="share" in given)
    priced = model.price(usage)
    assert priced.step.result == priced.amount
    assert priced.step.check()
    found: Plain = {"amount": text(priced.amount), "parts": parts(priced.step)}
    if "average_places" in given:
        average = div(priced.amount, usage.total)
        if model.has_curve:
            assert model.curve(share=usage.share, licensed=usage.licensed).average(usage.total) == average
        found["average"] = text(quantize(average, given["average_places"]))
    return found


def amounts(given: Plain) -> Plain:
    """The amounts of several quantities."""
    model = price(given["price"])
    return {"amounts": [text(model.amount(each)) for each in given["quantities"]]}


def parts(step: Step) -> list[Plain]:
    """The leaves of a derivation that price units or packages: how many, and what they come to."""
    if step.rule == "last":
        return parts(step.parts[-1])
    if step.rule in ("tier", "package"):
        return [_leaf(step)]
    return [leaf for part in step.parts for leaf in parts(part)]


def _leaf(step: Step) -> Plain:
    facts = dict(step.inputs)
    if step.rule == "tier":
        return {"quantity": text(_number(facts["units"])), "amount": text(step.result)}
    paid = sub(_number(facts["quantity"]), _number(facts.get("free_units", Decimal(0))))
    count = packages(paid, _number(facts["package_size"]), str(facts["rounding"]))
    return {"packages": text(count), "amount": text(step.result)}


def _number(fact: Exact | str) -> Exact:
    assert not isinstance(fact, str)
    return fact


def increments(given: Plain) -> Plain:
    """What each step of a growing (or shrinking) quantity adds, for one price or several, and all of it together."""
    found = [_series(told, given.get("places")) for told in given["series"]]
    whole = total(each for series in found for each in series)
    told = {"amounts": [[text(each) for each in series] for series in found], "total": text(whole)}
    return {**told, "rounded": text(quantize(whole, given["total_places"]))} if "total_places" in given else told


def _series(told: Plain, places: int | None) -> list[Exact]:
    """What each step of one price adds; with `shares`, each step for a share of the period."""
    steps = _added(price(told["price"]), values(told["quantities"]), places)
    return [mul(step, exact(part)) for step, part in zip(steps, told.get("shares", ["1"] * len(steps)), strict=True)]


def _added(model: Price, quantities: list[Exact], places: int | None) -> list[Exact]:
    totals = [model.price(Usage(each)).amount for each in quantities]
    if places is not None:
        totals = [quantize(each, places) for each in totals]
    found = [sub(after, before) for before, after in pairwise(totals)]
    if places is None and model.has_curve:
        assert [model.curve().between(before, after) for before, after in pairwise(quantities)] == found
    return found


def snapshots(given: Plain) -> Plain:
    """Runs that each see the totals at the ends of all periods so far, and book what is new in each period."""
    model = price(given["price"])
    booked: list[Exact] = []
    runs: list[list[Exact]] = []
    for ends in given["runs"]:
        owed = _added(model, values(["0", *ends]), None)
        booked += [Decimal(0)] * (len(owed) - len(booked))
        runs.append([sub(after, before) for before, after in zip(booked, owed, strict=True)])
        booked = owed
    return {"runs": [[text(each) for each in run] for run in runs], "total": text(total(booked))}


def crossing(given: Plain) -> Plain:
    """Where two prices cost the same, and the first whole quantity from there on."""
    found = price(given["first"]).curve().crossings(price(given["second"]).curve(), end=given["end"])
    return {"crossings": [text(each.lower) for each in found], "whole": str(ceil(found[0].lower))}


def free(given: Plain) -> Plain:
    """The running total of the records that the free part of a percentage reaches."""
    [fold] = price(given["price"]).demand().folds
    assert isinstance(fold, PerRecord)
    state = fold.zero()
    for minute, value in enumerate(given["values"]):
        record = UsageRecord("use", f"2025-01-10T12:{minute:02d}:00Z", {"value": value})
        state = fold.add(state, number(value), record)
    reached = [entry[3] for entry in state.first]
    return {"running": [text(total(reached[: count + 1])) for count in range(len(reached))]}
