"""
Cases of meters: the quantity of some records, by the meter alone and again on the line of a statement.
"""

from __future__ import annotations

from typing import Any

from ratecard._numbers import Exact, exact, quantize, sub, text
from ratecard.errors import RecordError
from ratecard.meters import Aggregate, Frame, Level, Meter, Peak
from ratecard.periods import Period
from ratecard.plans import Carry, Plan, Subscription
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord, group_text
from tests.cases._data import Plain, period


def metered(given: Plain) -> Plain:
    """
    What a meter makes of records in a period, pooled or for each group.

    `after` reads only the first so many records, `periods` all of them period by period, each opening as the one before
    closed.
    """
    records = [UsageRecord.from_json(each) for each in given["records"]]
    found: Plain = {}
    if "period" in given:
        found |= _measured(given, records)
    if "after" in given:
        running = [_measured(given, records[:count]) for count in given["after"]]
        read = "closing" if given.get("reads") == "closing" else "quantity"
        found["running"] = [each[read] for each in running]
        found["change"] = text(sub(exact(running[-1][read]), exact(running[-2][read])))
    if "periods" in given:
        found["quantities"] = _by_period(given, records, [period(each) for each in given["periods"]])
    return found


def _measured(given: Plain, records: list[UsageRecord]) -> Plain:
    """By the meter alone, and the same by the whole walk."""
    meter, between = Meter.model_validate(given["meter"]), period(given["period"])
    each = tuple(given.get("each", ()))
    groups: dict[tuple[str, ...], list[UsageRecord]] = {} if each else {(): []}
    refused: list[str] = []
    for record in _taken(meter, records, between):
        try:
            meter.aggregate.read(record)
            groups.setdefault(tuple(group_text(record, name) for name in each), []).append(record)
        except RecordError as error:
            refused.append(error.code)
    frame = Frame.of(between)
    quantities = {group: meter.aggregate.over(held, frame) for group, held in sorted(groups.items())}
    statement = _statement(given, records, between)
    assert statement.account is not None
    assert {tuple(value for _, value in line.group): line.quantity for line in statement.lines} == quantities
    assert [rejection.code for rejection in statement.account.rejected] == refused
    found: Plain = {
        "groups": [
            {"group": dict(zip(each, group, strict=True)), **_quantity(value, given)}
            for group, value in quantities.items()
        ],
        "records": sum(len(held) for held in groups.values()),
        "refused": refused,
        "outside": statement.account.counts["outside"],
        "amount": str(statement.due).partition(" ")[0],
    }
    if not each:
        found["quantity"] = text(quantities[()])
        if isinstance(meter.aggregate, Level | Peak):
            found["closing"] = text(meter.aggregate.closing(_state(meter.aggregate, groups[()]), frame))
    return found


def _state(aggregate: Aggregate, records: list[UsageRecord]) -> Any:
    state = aggregate.zero()
    for record in records:
        state = aggregate.add(state, aggregate.read(record), record)
    return state


def _quantity(value: Exact, given: Plain) -> Plain:
    told = {"quantity": text(value)}
    return {**told, "rounded": text(quantize(value, given["places"]))} if "places" in given else told


def _taken(meter: Meter, records: list[UsageRecord], between: Period) -> list[UsageRecord]:
    return [each for each in records if between.contains(each.at) and meter.takes(each.properties)]


def _statement(given: Plain, records: list[UsageRecord], between: Period, carry: Carry | None = None) -> Statement:
    """The whole walk, with a price of 1 for each unit."""
    item = {"key": "units", "meter": given["meter"]["key"], "price": {"model": "per_unit", "unit_price": 1}}
    told: Plain = {"key": "case", "meters": [given["meter"]]}
    told["cards"] = [{"currency": "USD", "items": [{**item, "each": given.get("each", [])}]}]
    plan = Plan.load({**told, "cadence": given["cadence"]} if "cadence" in given else told)
    start = given["period"][0] if "period" in given else given["periods"][0][0]
    acme = Subscription(customer="acme", plan="case", start=start)
    found = rate(plan, acme, records, between, carry=carry)
    assert found.verify()
    return found


def _by_period(given: Plain, records: list[UsageRecord], periods: list[Period]) -> list[str]:
    """The quantities of periods in a row, by the meter alone and by statements chained by their carry."""
    meter = Meter.model_validate(given["meter"])
    given = {**given, "cadence": given["rhythm"]} if "rhythm" in given else given
    opening: Exact | None = exact(given["opening"]) if "opening" in given else None
    carry: Carry | None = None
    found: list[str] = []
    for between in periods:
        frame = Frame.of(between, opening=opening)
        state = _state(meter.aggregate, _taken(meter, records, between))
        quantity = meter.aggregate.value(state, frame)
        if isinstance(meter.aggregate, Level | Peak):
            opening = meter.aggregate.closing(state, frame)
        statement = _statement(given, records, between, carry)
        carry = statement.carry
        assert [line.quantity for line in statement.lines] == [quantity]
        found.append(text(quantity))
    return found
