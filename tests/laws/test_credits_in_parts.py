"""
Laws of credits over the parts of a billing period: what a later part gives back goes to the lots that paid for it.

Where any lot may pay for anything, the parts come to the one bill of the period, in what is due and in what is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger, Policy, Scope
from ratecard.periods import Period
from ratecard.plans import Carry, Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord
from tests.parts import CASES, CHANGING, JULY, Case, through

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


def drawn(bills: Sequence[Statement]) -> Decimal:
    """What lots paid in all."""
    ledger = bills[-1].ledger
    assert ledger is not None
    return sum((each.spent for each in ledger.lots()), ZERO)


def left(ledger: Ledger | None) -> Decimal:
    """What is left in all lots."""
    assert ledger is not None
    return sum((each.left for each in ledger.lots()), ZERO)


def exact_tax(case: Case) -> bool:
    """Whether it makes no difference to a tax which lines lots pay: it comes before, or is on all that is sold."""
    told = case.told[0]
    order = told["order"]["statement"]
    return order.index("tax") < order.index("credits") or not any(each["items"] for each in told["taxes"])


@given(CASES, POOLS)
def test_a_pool_pays_parts_as_the_whole(case: Case, amounts: list[str]) -> None:
    """Lots that may pay for anything pay as much of the parts as of the one bill, and as much is due."""
    parts, whole = billed(case, case.parts, pool(amounts)), billed(case, [case.whole], pool(amounts))
    assert drawn(parts) == drawn(whole)
    if exact_tax(case):
        assert due(parts) == due(whole)
    for index in range(len(parts)):
        assert due(parts[: index + 1]) >= 0


@given(CHANGING, POOLS)
def test_a_pool_pays_parts_over_changes(case: Case, amounts: list[str]) -> None:
    """So it does over changes of plan and of card, pauses and items beside the plan."""
    parts, whole = billed(case, case.parts, pool(amounts)), billed(case, [case.whole], pool(amounts))
    assert drawn(parts) == drawn(whole)
    if exact_tax(case):
        assert due(parts) == due(whole)


def days(number: int) -> datetime:
    """An instant by days from the start of the period."""
    return JULY.start + timedelta(number)


LOTS = st.lists(
    st.tuples(
        st.sampled_from(["3", "25", "60.5", "140"]), st.integers(0, 40), st.none() | st.integers(1, 30),
        st.lists(st.sampled_from(["fee", "use", "fall", "team"]), unique=True, max_size=2), st.booleans(),
    ), min_size=1, max_size=4,
)  # fmt: skip


def held(lots: Sequence[tuple[str, int, int | None, list[str], bool]], *, settles: bool) -> Ledger:
    """Lots of any time and scope, some of them paid for."""
    found = Ledger(Policy(lot_time="settlement" if settles else "service"))
    for index, (amount, start, lasts, items, paid) in enumerate(lots):
        ends = None if lasts is None else days(start + lasts)
        grant = Grant(
            id=f"lot{index}", amount=amount, currency="USD", effective=days(start), expiry=ends,
            scope=Scope(items=items), cost=amount if paid else None,
        )  # fmt: skip
        found = found.grant(grant, at=JULY.start)
    return found


@given(CASES, LOTS, st.booleans())
def test_nothing_turns_into_money(case: Case, lots: list[Any], settles: bool) -> None:
    """Whatever lots there are: no part pays out more than was due so far, and the carry tells how much that was."""
    order = case.told[0]["order"]["statement"]
    parts = billed(case, case.parts, held(lots, settles=settles))
    for index, part in enumerate(parts[:-1]):
        so_far = due(parts[: index + 1])
        assert so_far >= 0
        if order.index("tax") < order.index("credits"):
            assert part.carry is not None
            assert sum(Decimal(row[-1]) for row in part.carry.unpaid["owed"]) == so_far
            assert part.carry.unpaid["out"] == "0"
    assert due(parts) >= 0
    assert parts[-1].carry is not None and parts[-1].carry.unpaid == {}


@given(CASES, POOLS, st.data())
def test_parts_made_again(case: Case, amounts: list[str], data: st.DataObject) -> None:
    """Late records of a part: once it and all behind it are made again, all of it is worth what it would have been."""
    late = data.draw(st.integers(0, len(case.parts) - 1))
    right = billed(case, case.parts, pool(amounts))
    fed = [[each for each in case.records if period.contains(each.at)] for period in case.parts]
    issued: list[Statement] = []
    carry, ledger = None, pool(amounts)
    for index, period in enumerate(case.parts):
        known = fed[index][: len(fed[index]) // 2] if index == late else fed[index]
        issued.append(rate(case.offer, case.holder(), known, period, carry=carry, ledger=ledger))
        ledger, carry = ledger.post(issued[-1].entries), through(issued[-1])
    paid = due(issued)
    for index in range(late, len(case.parts)):
        carry = through(issued[index - 1]) if index else None
        found = rerate(issued[index], case.offer, case.holder(), fed[index], carry=carry, ledger=ledger)
        assert found.verify()
        issued[index], ledger, paid = found.corrected, ledger.post(found.entries), paid + found.due.amount
    assert paid == due(issued)
    if exact_tax(case):
        # What a part needs that is drawn by one behind it is money; what that does not need any more is in the lots.
        assert paid - left(ledger) == due(right) - left(right[-1].ledger)


SIGNED = Plan.load({
    "key": "p", "meters": [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "nmk"],
    "cards": [{"currency": "USD", "items": [
        {"key": "fall", "meter": "n", "price": {
            "model": "volume", "tiers": [{"up_to": "40", "unit_price": "3"}, {"unit_price": "1"}],
        }},
        {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": "1"}},
        {"key": "reward", "meter": "k", "price": {"model": "per_unit", "unit_price": "-1"}},
        {"key": "fee", "price": {"model": "flat", "amount": "31"}},
    ]}],
    "coupons": [{"key": "C", "discount": {"kind": "amount", "amount": "30"}, "minimum_spend": "60"}],
    "maximum": {"amount": "150"},
})  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(1, 31), st.sampled_from("nmk"), st.integers(-20, 60)), max_size=7),
    st.sets(st.integers(1, 30), min_size=1, max_size=4), POOLS,
)  # fmt: skip
def test_a_pool_and_what_is_paid_out(uses: list[tuple[int, str, int]], cuts: set[int], amounts: list[str]) -> None:
    """So it is where usage is taken off, and where rewards make a part, or all of it, come to less than nothing."""
    acme = SIGNED.subscribe("acme", start="2025-07-01", coupons=["C"])
    records = [
        UsageRecord(event, f"2025-07-{number:02}T12:00:00Z", {"n": n if event != "k" else abs(n)}, id=f"{index}")
        for index, (number, event, n) in enumerate(uses)
    ]
    found: list[tuple[Decimal, Decimal]] = []
    for periods in (JULY.split(*(days(cut) for cut in sorted(cuts))), [JULY]):
        ledger, carry, bills = pool(amounts), None, list[Statement]()
        for period in periods:
            fed = [each for each in records if period.contains(each.at)]
            bills.append(rate(SIGNED, acme, fed, period, carry=carry, ledger=ledger))
            assert bills[-1].verify()
            ledger, carry = ledger.post(bills[-1].entries), through(bills[-1])
        found.append((due(bills), drawn(bills)))
    assert found[0] == found[1]


@given(CASES, POOLS)
def test_parts_that_are_as_they_were(case: Case, amounts: list[str]) -> None:
    """What later parts gave back was not there yet: each part, made again on the last ledger, is as it was."""
    bills = billed(case, case.parts, pool(amounts))
    last, carry = bills[-1].ledger, None
    for period, bill in zip(case.parts, bills, strict=True):
        fed = [each for each in case.records if period.contains(each.at)]
        again = rate(case.offer, case.holder(), fed, period, carry=carry, ledger=last)
        assert (again.due, again.entries, again.lines) == (bill.due, (), bill.lines)
        carry = through(bill)
