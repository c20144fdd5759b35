"""
Months with outcomes and credits that are made again come to what they would have come to right from the start.

What is compared is worth: what is due, less what is left in lots that live on. Where an older month needs credits that
a later one has drawn, it is money that pays for one and credits that come back of the other.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger
from ratecard.money import Money
from ratecard.periods import Period
from ratecard.plans import Carry, Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

MONTHS = [Period.month(2025, month) for month in (1, 2, 3)]
PLAN = Plan.load({
    "key": "p",
    "meters": [
        {"key": "wins", "event": "case", "aggregate": {
            "kind": "outcomes", "subject": "who", "result": [{"kind": "equals", "property": "is", "value": "won"}],
            "reverse": [{"kind": "equals", "property": "is", "value": "undo"}],
        }},
        {"key": "calls", "event": "call", "aggregate": {"kind": "sum", "of": "n"}},
    ],
    "cards": [{"currency": "USD", "items": [
        {"key": "won", "meter": "wins", "price": {"model": "outcome", "definition": "x", "fee": "31"}},
        {"key": "calls", "meter": "calls", "price": {"model": "per_unit", "unit_price": "1"}},
    ]}],
})  # fmt: skip
ACME = PLAN.subscribe("acme", start="2025-01-01")
ZERO = Money("0", "USD")
BOOKED = (None, "2025-02-04T00:00:00Z", "2025-03-01T00:00:00Z", "2025-06-01T00:00:00Z")
History = list[list[UsageRecord]]


def record(dice: random.Random, month: int, event: str, id: str, facts: dict[str, Any]) -> UsageRecord:
    """A record at noon of some day of a month."""
    return UsageRecord(event, f"2025-0{month + 1}-{dice.randrange(1, 28):02}T12:00:00Z", facts, id=id)


def history(dice: random.Random) -> History:
    """By month what came in: outcomes, some reversed in a later month, and calls."""
    found: History = [[], [], []]
    for who in "abc":
        won, undone = sorted(dice.sample(range(3), 2))
        if dice.random() < 0.7:
            found[won].append(record(dice, won, "case", f"{who} won", {"who": who, "is": "won"}))
            if dice.random() < 0.6:
                found[undone].append(record(dice, undone, "case", f"{who} undo", {"who": who, "is": "undo"}))
    for month in range(3):
        if dice.random() < 0.3:
            found[month].append(record(dice, month, "call", f"calls {month}", {"n": dice.randrange(1, 60)}))
    return found


def corrected(dice: random.Random, was: History) -> History:
    """Another history, or the same without one outcome, or without its reversal."""
    if dice.random() < 0.5:
        return history(dice)
    gone = dice.choice(("a won", "b won", "c won", "a undo", "b undo"))
    return [[each for each in month if each.id != gone] for month in was]


def lots(dice: random.Random) -> Ledger:
    """One or two gifts without an end."""
    found = Ledger()
    for n in range(dice.randrange(1, 3)):
        found = found.grant(
            Grant(id=f"gift{n}", amount=dice.randrange(1, 130), currency="USD", priority=n), at=MONTHS[0].start
        )
    return found


def left(held: Ledger) -> Decimal:
    """What is left in all lots."""
    return sum((each.left for each in held.lots()), Decimal(0))


def billed(told: History, held: Ledger) -> list[Statement]:
    """The statements of three months, each on the ledger and the carry of the one before."""
    found: list[Statement] = []
    carry: Carry | None = None
    for month, records in zip(MONTHS, told, strict=True):
        made = rate(PLAN, ACME, records, month, carry=carry, ledger=held)
        assert made.ledger is not None
        found.append(made)
        held, carry = made.ledger, made.carry
    return found


@given(st.integers(0, 2**32))
def test_remade_in_any_order(seed: int) -> None:
    """Whatever months were made again before, and when: once all are, from the first, with the carry, all is right."""
    dice = random.Random(seed)  # noqa: S311
    first, held = history(dice), lots(dice)
    now = corrected(dice, first)
    right = billed(now, held)
    issued = billed(first, held)
    ledger = issued[-1].ledger
    paid = sum((each.due for each in issued), ZERO)
    again = [dice.randrange(3) for _ in range(dice.randrange(4))]
    for place in (*again, 0, 1, 2):
        carry = issued[place - 1].carry if place else None
        booked = dice.choice(BOOKED)
        found = rerate(issued[place], PLAN, ACME, now[place], carry=carry, ledger=ledger, at=booked)
        assert found.verify()
        issued[place], ledger, paid = found.corrected, found.corrected.ledger, paid + found.due
    assert ledger is not None
    assert right[-1].ledger is not None
    assert paid == sum((each.due for each in issued), ZERO)
    worth = sum((each.due for each in right), ZERO).amount - left(right[-1].ledger)
    assert paid.amount - left(ledger) == worth


def test_booked_behind_the_month_that_follows() -> None:
    """
    When it is booked decides nothing where no lot ends: what an old month does not need any more is not lost.

    Of three outcomes of January, paid by two gifts, February reverses the last; the second one is then taken out.
    """
    held = Ledger()
    for id, amount in (("gift0", 15), ("gift1", 70)):
        held = held.grant(Grant(id=id, amount=amount, currency="USD"), at=MONTHS[0].start)
    won = [
        UsageRecord("case", f"2025-01-{day}T12:00:00Z", {"who": who, "is": "won"}, id=who)
        for who, day in zip("abc", (24, 26, 28), strict=True)
    ]
    undo = [UsageRecord("case", "2025-02-03T12:00:00Z", {"who": "c", "is": "undo"}, id="undo")]
    for booked in BOOKED:
        issued = billed([won, undo, []], held)
        ledger, paid = issued[-1].ledger, sum((each.due for each in issued), ZERO)
        assert ledger is not None
        carry = None
        for was, records in zip(issued, ([won[0], won[2]], undo, []), strict=True):
            found = rerate(was, PLAN, ACME, records, carry=carry, ledger=ledger, at=booked)
            ledger, carry, paid = ledger.post(found.entries), found.corrected.carry, paid + found.due
        assert (paid, left(ledger)) == (ZERO, 54)


@given(st.integers(0, 2**32))
def test_made_again_as_they_are(seed: int) -> None:
    """Months made again as they are come to the same worth; reversing all of it later gives all of it back."""
    dice = random.Random(seed)  # noqa: S311
    told, held = history(dice), lots(dice)
    issued = billed(told, held)
    ledger = issued[-1].ledger
    assert ledger is not None
    worth = sum((each.due for each in issued), ZERO).amount - left(ledger)
    for place in range(3):
        carry = issued[place - 1].carry if place else None
        found = rerate(issued[place], PLAN, ACME, told[place], carry=carry, ledger=ledger)
        issued[place], ledger = found.corrected, found.corrected.ledger
    assert ledger is not None
    assert sum((each.due for each in issued), ZERO).amount - left(ledger) == worth
    undone = [
        UsageRecord("case", "2025-04-10T12:00:00Z", {"who": who, "is": "undo"}, id=f"{who} late") for who in "abc"
    ]
    last = rate(PLAN, ACME, undone, Period.month(2025, 4), carry=issued[-1].carry, ledger=ledger)
    assert last.ledger is not None
    calls = sum((int(each.properties["n"]) for month in told for each in month if each.event == "call"), 0)
    paid = sum((each.due for each in [*issued, last]), ZERO).amount
    assert paid - left(last.ledger) == calls - left(held)
