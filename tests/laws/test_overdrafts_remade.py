"""
Statements that overdraw, and draw on lots that roll over, made again with the same records on the ledger that has them
and those after them: nothing is posted, and the lines are the same. So what was owed, and what lots paid back of it, is
at every instant what it was.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ratecard.cadence import Cadence
from ratecard.credits import Grant, Ledger, Negative, Policy, Rollover, Scope, Use
from ratecard.money import Currency, Money
from ratecard.periods import Period
from ratecard.plans import Carry, Plan
from ratecard.rating import rate
from ratecard.records import UsageRecord

MONTHS = [Period.month(2025, month) for month in (1, 2)]
WEEKS = Cadence.calendar("week")
UNIT = Currency.custom("cr", places=0)
ONE = {"model": "per_unit", "unit_price": "1"}
PLAN = Plan.load({
    "key": "p",
    "units": [{"key": "cr", "places": 0}],
    "meters": [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "ab"],
    "cards": [{"currency": "USD", "items": [
        {"key": key, "meter": key, "price": {"model": "credit", "unit": "cr", "base": ONE, "overage": ONE}}
        for key in "ab"
    ]}],
})  # fmt: skip
ACME = PLAN.subscribe("acme", start="2025-01-01")


def hour(count: int) -> datetime:
    """So many hours into the year."""
    return MONTHS[0].start + timedelta(hours=count)


def opened(dice: random.Random, limit: int | None) -> Ledger:
    """A few lots that begin in the two months, some for one item alone; at times something is owed before."""
    policy = Policy.model_validate({
        "burn": dice.choice([["expiry"], ["priority", "expiry"]]), "lot_time": dice.choice(["service", "settlement"]),
        "overage": Negative(limit=None if limit is None else Decimal(limit), beyond="leave"),
    })  # fmt: skip
    found = Ledger(policy)
    if dice.random() < 0.3:
        before = Money(dice.randrange(1, 5), UNIT)
        found, _ = found.draw(before, at=hour(0), id="before", use=Use(dice.choice("ab"), meter="a"))
    for number in range(dice.randrange(1, 5)):
        start = dice.randrange(24 * 50)
        grant = Grant(
            id=f"g{number}", amount=dice.randrange(1, 15), currency="cr", places=0, effective=hour(start),
            expiry=None if dice.random() < 0.3 else hour(start + dice.randrange(24, 24 * 40)),
            scope=Scope(items=dice.choice([[], ["a"], ["b"]])), priority=dice.randrange(3),
            rollover=dice.choice([None, None, Rollover(maximum=dice.choice([None, 3]), times=2, every=WEEKS)]),
        )  # fmt: skip
        found = found.grant(grant, at=hour(0))
    return found


@given(st.integers(0, 2**32), st.sampled_from([None, 3, 8, 20]))
def test_overdrafts_made_again(seed: int, limit: int | None) -> None:
    """At once and after the next month: it posts nothing, and has the same lines."""
    dice = random.Random(seed)  # noqa: S311
    ledger, carry = opened(dice, limit), None
    told: list[tuple[Period, list[UsageRecord], Carry | None]] = []
    made = []
    for month in MONTHS:
        records = [
            UsageRecord(dice.choice("ab"), month.start + timedelta(hours=dice.randrange(24 * 28)),
                        {"n": dice.randrange(1, 12)}, id=f"{month.start}{number}")
            for number in range(dice.randrange(5))
        ]  # fmt: skip
        told.append((month, records, carry))
        found = rate(PLAN, ACME, records, month, carry=carry, ledger=ledger)
        made.append(found)
        assert found.ledger is not None
        ledger, carry = found.ledger, found.carry
        for (period, held, before), was in zip(told, made, strict=True):
            again = rate(PLAN, ACME, held, period, carry=before, ledger=ledger)
            assert again.entries == ()
            assert again.lines == was.lines
