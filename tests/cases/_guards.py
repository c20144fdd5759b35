"""
Cases of guards: what is crossed by readings, what requests are let through, which level a quantity has.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from ratecard._numbers import CONTEXT, number, sub, text
from ratecard.guards import AnyGuard, Cap, Crossed, Gauge, Portion, Reading, Signal, VolumeThreshold, Watch
from tests.cases._data import Plain, period

START = datetime(2025, 1, 10, 12, tzinfo=UTC)
MICROS = 1_000_000


def _watch(told: list[Plain]) -> Watch:
    return Watch([TypeAdapter(AnyGuard).validate_python(each) for each in told])


def _reading(told: Plain) -> Reading:
    """A reading from its plain form; a `group` says that the subtotal is of this group alone."""
    given: dict[str, Any] = {name: told[name] for name in told if name not in ("period", "group", "record")}
    if "group" in told:
        given = {"more": {Gauge("subtotal", "", told["group"]): given["subtotal"]}}
    return Reading(period=period(told["period"]) if "period" in told else None, **given)


def _thresholds(signals: tuple[Signal, ...]) -> list[str]:
    return [text(value) for each in signals if isinstance(each, Crossed) for value in each.thresholds]


def alerts(given: Plain) -> Plain:
    """The thresholds crossed at each reading, one after another; in a run, from a reading that is known already."""
    watch = _watch(given["guards"])
    if "runs" in given:
        runs = [
            watch.record(watch.begin(START, _reading(before)), START, _reading(after))[1]
            for before, after in given["runs"]
        ]
        return {"crossed": [_thresholds(signals) for signals in runs]}
    state, crossed, records, groups = watch.zero(), list[list[str]](), list[str](), list[dict[str, str]]()
    for told in given["readings"]:
        state, signals = watch.record(state, START, _reading(told), group=told.get("group"), record=told.get("record"))
        crossed.append(_thresholds(signals))
        records += [each.record for each in signals if each.record is not None]
        groups += [dict(each.group) for each in signals]
    return {"crossed": crossed, "records": records, "groups": groups}


def level(given: Plain) -> Plain:
    """The name of the highest level that a quantity has reached."""
    return {"level": VolumeThreshold.model_validate(given["volume"]).level(given["quantity"])}


def over(given: Plain) -> Plain:
    """What is charged of each amount under a soft cap, and what is forgiven."""
    cap = Cap.model_validate(given["cap"])
    forgiven = [cap.over(number(each)) for each in given["amounts"]]
    return {
        "amounts": [text(sub(number(each), off)) for each, off in zip(given["amounts"], forgiven, strict=True)],
        "forgiven": [text(each) for each in forgiven],
    }


def requests(given: Plain) -> Plain:
    """
    Requests one after another, each at so many seconds: which are let through, or how many of a `count`; what fits of a
    quantity; how long to wait, which limits bind, and what is left in the end.
    """
    watch = _watch(given["guards"])
    state = watch.zero()
    used = {each["meter"]: Decimal(0) for each in [*given["guards"], *given["requests"]] if "meter" in each}
    found: Plain = {"allowed": [], "fits": [], "retry_after": [], "limits": []}
    now = START
    for told in given["requests"]:
        now = START + timedelta(microseconds=int(CONTEXT.multiply(number(told.get("at", "0")), Decimal(MICROS))))
        passed = 0
        for _ in range(told.get("count", 1)):
            state, verdict = watch.admit(
                state, now, calls=told.get("calls", 1), id=told.get("id"), portion=_portion(told, used)
            )
            passed += verdict.allowed
        found["allowed"].append(passed if "count" in told else verdict.allowed)
        found["fits"].append(None if verdict.fits is None else text(verdict.fits))
        found["retry_after"].append(None if verdict.retry_after is None else text(verdict.retry_after))
        found["limits"].append([each.key for each in verdict.limits])
        if verdict.fits is not None:
            meter = told["meter"]
            used[meter] = CONTEXT.add(used[meter], verdict.fits)
    found["used"] = {meter: text(value) for meter, value in used.items()}
    spent = [
        CONTEXT.multiply(value, number(each.get("unit_price", "0")))
        for meter, value in used.items()
        for each in given["requests"][-1:]
        if each.get("meter") == meter
    ]
    reading = Reading(subtotal=sum(spent, Decimal(0)), quantities=used)
    found["left"] = {key: text(value) for key, value in watch.left(state, now, reading).items()}
    return found


def _portion(told: Plain, used: dict[str, Decimal]) -> Portion | None:
    """A quantity of a meter, priced by the unit, on top of what ran before."""
    if "quantity" not in told:
        return None
    meter, price = told["meter"], number(told.get("unit_price", "0"))

    def read(part: Decimal) -> tuple[Reading, Reading]:
        total = CONTEXT.add(used[meter], part)
        after = Reading(subtotal=CONTEXT.multiply(total, price), quantities={**used, meter: total})
        return after, Reading(quantities={**dict.fromkeys(used, 0), meter: part})

    return Portion(told["quantity"], read)
