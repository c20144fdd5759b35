"""What a reversal gives back after parts of a billing period: money only as far as any was due in it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from ratecard import Item, Ledger, Meter, Period, Plan, UsageRecord, meters, prices, rate
from ratecard.cadence import Cadence
from ratecard.credits import Grant, Scope
from ratecard.errors import DefinitionError
from ratecard.meters import Equals
from ratecard.plans import AmountDiscount, Carry, Coupon, Maximum, Prepaid, Tax
from ratecard.rating import Statement

HALVES = ("01-01", "01-16", "02-01", "03-01")
SPAN = "2025-01-01T00:00:00Z/2025-02-01T00:00:00Z"


def plan_of(*items: Item, outcomes: str = "ab", **terms: Any) -> Plan:
    """A plan with outcomes of two kinds, at 3 each."""
    sold = [Item(key=key, meter=key, price=prices.Outcome(fee="3", definition="Solved.")) for key in "ab"]
    rules = meters.Outcomes(
        subject="case", result=[Equals(property="is", value="ok")], reverse=[Equals(property="is", value="bad")]
    )
    measured = [Meter(key=key, event=key, aggregate=rules) for key in outcomes]
    return Plan.single("p", currency="USD", meters=measured, items=[*sold, *items], **terms)


def ok(meter: str, day: str, case: str, told: str = "ok") -> UsageRecord:
    """An outcome."""
    return UsageRecord(meter, f"2025-{day}T12:00:00Z", {"case": case, "is": told}, id=f"{case} {told}")


def bad(meter: str, day: str, case: str) -> UsageRecord:
    """Its reversal."""
    return ok(meter, day, case, "bad")


def gift(amount: str, **told: Any) -> Ledger:
    """A ledger with one lot."""
    return Ledger().grant(Grant(id="gift", amount=amount, currency="USD", **told), at="2025-01-01T00:00:00Z")


def bills(
    plan: Plan, records: Sequence[UsageRecord], cuts: Sequence[str], held: Ledger, *, forget: bool = False
) -> list[Statement]:
    """One statement after the other, from cut to cut; each is the same when it is made again."""
    acme = plan.subscribe("acme", start="2025-01-01", coupons=[each.key for each in plan.coupons])
    found: list[Statement] = []
    carry: Carry | None = None
    for start, end in pairwise(cuts):
        period = Period(f"2025-{start}", f"2025-{end}")
        fed = [each for each in records if period.contains(each.at)]
        bill = rate(plan, acme, fed, period, carry=carry, ledger=held)
        assert bill.verify() and bill.carry is not None and bill.ledger is not None
        again = rate(plan, acme, fed, period, carry=carry, ledger=bill.ledger)
        assert (again.lines, again.entries, again.carry) == (bill.lines, (), bill.carry)
        told = bill.carry.to_json()
        if forget:
            told.pop("settled", None)
        carry, held = Carry.from_json(told), bill.ledger
        found.append(bill)
    return found


def dues(found: Sequence[Statement]) -> list[str]:
    """What is due by each."""
    return [str(each.due.amount) for each in found]


def left(found: Sequence[Statement]) -> Decimal:
    """What is left of the lot in the end."""
    ledger = found[-1].ledger
    assert ledger is not None
    return ledger.lot("gift").left


PAID = Prepaid(key="paid", amount="5")
TWO = [ok("b", "01-10", "c1"), ok("a", "01-20", "c2"), bad("b", "02-03", "c1"), bad("a", "02-04", "c2")]


def test_in_the_same_period() -> None:
    """A reversal in the billing period itself, of which no money was due, goes back to the lot."""
    records = [ok("b", "01-05", "c1"), ok("a", "01-06", "c2"), bad("a", "01-24", "c2")]
    one, two = found = bills(plan_of(commitments=[PAID]), records, HALVES[:3], gift("5"))
    assert (dues(found), left(found)) == (["0.00", "0.00"], 5)
    assert one.carry is not None and one.carry.settled == {} and two.carry is not None
    assert two.carry.settled == {SPAN: [[["acme|p|2025-01-01T00:00:00Z|2025-01-16T00:00:00Z"], "0"]]}


@pytest.mark.parametrize(
    "terms",
    [
        {"coupons": [Coupon(key="C", discount=AmountDiscount(amount="3"), minimum_spend="5")]},
        {"maximum": Maximum(amount="4")},
        {"taxes": [Tax(key="vat", rate="0.2")]},
        {"commitments": [Prepaid(key="paid", amount="5", cadence=Cadence(unit="year"))]},
    ],
)
def test_after_the_period(terms: dict[str, Any]) -> None:
    """All reversed after the end of the period, a gift that paid for all of it is whole, and nothing is paid out."""
    found = bills(plan_of(**terms), TWO, HALVES, gift("10"))
    assert (dues(found), left(found)) == (["0.00", "0.00", "0.00"], 10)


def test_no_more_than_was_due() -> None:
    """What was given back in the period is not given back once more after it."""
    records = [ok("b", "01-10", "c1"), ok("a", "01-11", "c2"), bad("a", "01-20", "c2"), bad("b", "02-04", "c1")]
    found = bills(plan_of(taxes=[Tax(key="vat", rate="0.2")]), records, HALVES, gift("5"))
    assert (dues(found), left(found)) == (["2.20", "-0.60", "-1.60"], 5)
    assert found[1].carry is not None and [held[0][1] for held in found[1].carry.settled.values()] == ["1.6"]
    assert found[2].carry is not None and found[2].carry.settled == {}


def test_one_after_the_other() -> None:
    """So it is where each is reversed by a statement of its own."""
    records = [ok("b", "01-05", "c1"), ok("a", "01-06", "c2"), bad("a", "02-24", "c2"), bad("b", "03-24", "c1")]
    found = bills(plan_of(commitments=[PAID]), records, ("01-01", "01-02", "02-01", "03-01", "04-01"), gift("5"))
    assert (dues(found), left(found)) == (["0.00", "0.00", "0.00", "0.00"], 5)
    assert found[2].carry is not None and list(found[2].carry.settled) == [SPAN]


def test_over_two_periods() -> None:
    """A statement over the end of a billing period tells of each that is over."""
    records = [
        *TWO[:2],
        ok("a", "02-05", "c3"),
        bad("b", "03-03", "c1"),
        bad("a", "03-04", "c2"),
        bad("a", "03-05", "c3"),
    ]
    found = bills(plan_of(), records, ("01-01", "01-16", "03-01", "04-01"), gift("4"))
    carry = found[1].carry
    assert carry is not None
    assert [(span[:10], *held[0]) for span, held in carry.settled.items()] == [
        ("2025-01-01", [_named("01-01", "01-16"), _named("01-16", "03-01")], "2"),
        ("2025-02-01", [_named("01-16", "03-01")], "3"),
    ]  # fmt: skip
    assert (dues(found), left(found)) == (["0.00", "5.00", "-5.00"], 4)


def test_a_period_does_not_pay_for_the_next() -> None:
    """What a coupon gives back of a gift in one billing period is not taken off the charges of the next one."""
    coupon = Coupon(key="C", discount=AmountDiscount(amount="6"), minimum_spend="5")
    records = [ok("a", "01-10", "c1"), ok("b", "01-20", "c2"), ok("a", "02-03", "c3"), bad("a", "02-20", "c3")]
    cuts = ("01-01", "01-16", "02-10", "03-01")
    found = bills(plan_of(coupons=[coupon]), records, cuts, gift("10"))
    assert (dues(found), left(found)) == (["0.00", "0.00", "0.00"], 10)
    assert found[1].carry is not None and found[1].carry.unpaid["owed"] == []
    assert found[1].ledger is not None and found[1].ledger.lot("gift").left == 7


def _named(start: str, end: str) -> str:
    return f"acme|p|2025-{start}T00:00:00Z|2025-{end}T00:00:00Z"


def test_other_lots_are_last() -> None:
    """A lot that pays for one item alone gets back what it paid, and no more."""
    found = bills(plan_of(maximum=Maximum(amount="4")), TWO, HALVES, gift("10", scope=Scope(items=["b"])))
    assert (dues(found), left(found)) == (["0.00", "1.00", "-1.00"], 10)


@pytest.mark.parametrize("forget", [False, True])
def test_a_carry_that_does_not_tell(forget: bool) -> None:
    """By a carry of a release that did not tell what was due, what is more than lots paid for the item is money."""
    found = bills(plan_of(maximum=Maximum(amount="4")), TWO, HALVES, gift("10"), forget=forget)
    assert (dues(found)[-1], left(found)) == (("-1.00", 9) if forget else ("0.00", 10))


def test_what_becomes_dearer() -> None:
    """What becomes dearer after the period was due in it, and is given back as such."""
    fees = [{"at_least": 0, "fee": 9}, {"at_least": "0.6", "fee": 5}]
    price = prices.Outcome.model_validate({"definition": "Solved.", "fees": fees})
    plan = plan_of(Item(key="dear", meter="c", price=price), outcomes="abc")
    records = [
        ok("c", "01-10", "c1"), ok("c", "01-11", "c2"), bad("c", "02-10", "c1"), bad("c", "03-10", "c2"),
    ]  # fmt: skip
    found = bills(plan, records, ("01-01", "02-01", "03-01", "04-01"), gift("4"))
    assert (sum(each.due.amount for each in found), left(found)) == (0, 4)


@pytest.mark.parametrize(
    ("told", "path", "code"),
    [
        ([], "settled", "mapping.type"),
        ({SPAN: [["acme", "1"]]}, f"settled.{SPAN[:40]}", "carry.value"),
        ({SPAN: [[["acme"], "-1"]]}, f"settled.{SPAN[:40]}[0]", "carry.value"),
    ],
)
def test_what_is_wrong_with_it(told: Any, path: str, code: str) -> None:
    """A carry says what is wrong with what it tells of periods that are over."""
    plain = {"carry": 1, "customer": "acme", "plan": "p", "until": "2025-02-01T00:00:00Z", "settled": told}
    with pytest.raises(DefinitionError) as caught:
        Carry.from_json(plain)
    assert [(each.path, each.code) for each in caught.value.problems] == [(path, code)]


def test_a_row_of_nothing() -> None:
    """A period of which a carry tells nothing is not known."""
    plan = plan_of()
    carry = Carry("acme", "p", "2025-02-01T00:00:00Z", currency="USD", settled={SPAN: []})
    acme = plan.subscribe("acme", start="2025-01-01")
    found = rate(plan, acme, [], Period.month(2025, 2), carry=carry, ledger=gift("4"))
    assert found.carry is not None and found.carry.settled == {}
