"""
A month that is made again, months later and with the same records, is as it was: no line differs, nothing is posted.

Whatever the plan granted since, whatever rolled over or expired meanwhile, by whichever instant lots pay.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger, Policy
from ratecard.periods import Period
from ratecard.plans import Carry, Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

MONTHS = [Period.month(2025, month) for month in (1, 2, 3)]
POLICIES = (Policy.preset("stripe"), Policy.preset("lago"), Policy.preset("metronome"), Policy())
ONE = {"model": "per_unit", "unit_price": "1"}
MENU = {"model": "credit", "unit": "cr", "base": ONE, "overage": {**ONE, "unit_price": "2"}}


def recurring(dice: random.Random, key: str, unit: dict[str, Any]) -> dict[str, Any]:
    """A grant of every month, or every other week, some of which rolls over."""
    found: dict[str, Any] = {
        "kind": "recurring", "key": key, "amount": str(dice.randint(5, 30)), "lasts": dice.choice([1, 2, 3, None]),
        **unit,
    }  # fmt: skip
    if dice.random() < 0.4:
        found |= {"lasts": dice.choice([1, 2]), "rollover": dice.choice([{}, {"fraction": "0.5"}])}
    if dice.random() < 0.2:
        found["every"] = {"unit": "week", "every": 2}
    return found


def offer(dice: random.Random, unit: dict[str, Any], *, menu: bool) -> Plan:
    """Usage of two kinds, perhaps a fee, perhaps for several months, and one or two grants."""
    items: list[dict[str, Any]] = [{"key": key, "meter": key, "price": MENU if menu else ONE} for key in "ab"]
    if dice.random() < 0.5:
        own = {"cadence": {"unit": "month", "every": dice.choice([2, 3])}} if dice.random() < 0.5 else {}
        bill = dice.choice(["advance", "arrears"])
        items.append({"key": "fee", "price": {"model": "flat", "amount": "31"}, "bill": bill, **own})
    return Plan.load({
        "key": "p", "units": [{"key": "cr", "places": 0}],
        "meters": [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "ab"],
        "cards": [{"currency": "cr" if unit and not menu else "USD", "items": items}],
        "grants": [recurring(dice, f"g{n}", unit) for n in range(dice.randint(1, 2))],
    })  # fmt: skip


def usage(dice: random.Random) -> list[list[UsageRecord]]:
    """A few records, by month."""
    found: list[list[UsageRecord]] = [[], [], []]
    for n in range(dice.randrange(9)):
        month = dice.randrange(3)
        at = f"2025-0{month + 1}-{dice.randint(1, 28):02}T{dice.randrange(24):02}:00:00Z"
        found[month].append(UsageRecord(dice.choice("ab"), at, {"n": dice.randint(1, 20)}, id=str(n)))
    return found


@given(st.integers(0, 2**32))
def test_a_month_that_is_as_it_was(seed: int) -> None:
    """Made again on the ledger of a later day it has no lines, and posts and refunds nothing."""
    dice = random.Random(seed)  # noqa: S311
    menu = dice.random() < 0.4
    unit: dict[str, Any] = {"currency": "cr", "places": 0} if menu or dice.random() < 0.15 else {}
    plan, told = offer(dice, unit, menu=menu), usage(dice)
    acme = plan.subscribe("acme", start="2025-01-01")
    ledger = Ledger(dice.choice(POLICIES))
    if dice.random() < 0.4:
        pack = Grant.model_validate({"id": "pack", "amount": dice.randint(5, 60), "currency": "USD", **unit})
        ledger = ledger.grant(pack, at=MONTHS[0].start)
    issued: list[tuple[Statement, Carry | None]] = []
    carry: Carry | None = None
    for month, records in zip(MONTHS, told, strict=True):
        made = rate(plan, acme, records, month, carry=carry, ledger=ledger)
        assert made.verify()
        issued.append((made, carry))
        ledger, carry = ledger.post(made.entries), made.carry
    if dice.random() < 0.3:
        ledger = ledger.expire("2025-04-01T00:00:00Z")
    booked = dice.choice([None, "2025-04-10T00:00:00Z"])
    for (made, came), records in zip(issued, told, strict=True):
        found = rerate(made, plan, acme, records, carry=came, ledger=ledger, at=booked)
        assert (found.lines, found.entries, found.refunds) == ((), (), ())
        assert found.corrected.lines == made.lines
        assert found.verify()
