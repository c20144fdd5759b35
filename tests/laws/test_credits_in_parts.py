"""
Laws of credits over the parts of a billing period: what a later part gives back goes to the lots that paid for it.

Where any lot may pay for anything, the parts come to the one bill of the period, in what is due and in what is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger
from ratecard.periods import Period
from ratecard.plans import Carry
from ratecard.rating import Statement, rate
from tests.parts import CASES, JULY, Case, through

ZERO = Decimal(0)
POOLS = st.lists(st.sampled_from(["3", "25", "60.5", "140", "900"]), max_size=3)


def pool(amounts: Sequence[str]) -> Ledger:
    """Lots without an end, which pay for anything."""
    found = Ledger()
    for index, amount in enumerate(amounts):
        found = found.grant(Grant(id=f"lot{index}", amount=amount, currency="USD"), at=JULY.start)
    return found


def billed(case: Case, periods: Sequence[Period], held: Ledger) -> list[Statement]:
    """One statement after the other, each on the ledger and the carry of the one before; each one made twice."""
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        fed = [each for each in case.records if period.contains(each.at)]
        bill = rate(case.offer, case.holder(), fed, period, carry=carry, ledger=held)
        assert bill.verify() and bill.ledger is not None
        assert Statement.from_json(json.loads(bill.dumps())) == bill
        assert held.post(bill.entries) == bill.ledger
        again = rate(case.offer, case.holder(), fed, period, carry=carry, ledger=bill.ledger)
        assert (again.lines, again.entries, again.carry) == (bill.lines, (), bill.carry)
        found.append(bill)
        carry, held = through(bill), bill.ledger
    return found


def due(bills: Sequence[Statement]) -> Decimal:
    """What is due in all."""
    return sum((each.due.amount for each in bills), ZERO)


def drawn(bills: Sequence[Statement]) -> dict[str, Decimal]:
    """What each lot paid in all."""
    ledger = bills[-1].ledger
    assert ledger is not None
    return {each.lot.id: each.spent for each in ledger.lots()}


def exact_tax(case: Case) -> bool:
    """Whether it makes no difference to a tax which lines lots pay: it is taken before, or all is prices that it is on."""
    told = case.told[0]
    order = told["order"]["statement"]
    plain = not told["commitments"] and "minimum" not in told
    return order.index("tax") < order.index("credits") or (plain and not any(each["items"] for each in told["taxes"]))


@given(CASES, POOLS)
def test_a_pool_pays_parts_as_the_whole(case: Case, amounts: list[str]) -> None:
    """Lots that may pay for anything pay as much of the parts as of the one bill, and as much is due."""
    parts, whole = billed(case, case.parts, pool(amounts)), billed(case, [case.whole], pool(amounts))
    assert drawn(parts) == drawn(whole)
    if exact_tax(case):
        assert due(parts) == due(whole)
    for index in range(len(parts)):
        assert due(parts[: index + 1]) >= 0
