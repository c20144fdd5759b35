"""What a later part of a billing period gives back: in what it was paid in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ratecard.credits import Grant, Ledger, Policy, Refunded, Returned, Voided
from ratecard.errors import DefinitionError
from ratecard.periods import Period
from ratecard.plans import Carry, Plan
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord

JULY = Period.month(2025, 7)
HALVES = JULY.split("2025-07-16")
FALLING = [{"up_to": "40", "unit_price": "3"}, {"unit_price": "1"}]


def plan_of(*items: dict[str, Any], **told: Any) -> Plan:
    """A plan that sells units the price of which falls, others that cost a dollar, and a fee if told."""
    sold = [
        {"key": "fall", "meter": "n", "price": {"model": "volume", "tiers": FALLING}},
        {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": "1"}},
        *items,
    ]
    metered = [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "nmk"]
    return Plan.load({"key": "p", "meters": metered, "cards": [{"currency": "USD", "items": sold}], **told})


REWARD = {"key": "reward", "meter": "k", "price": {"model": "per_unit", "unit_price": "-1"}}
FEE = {"key": "fee", "price": {"model": "flat", "amount": "31"}}


def used(day: int, n: int, event: str = "n") -> UsageRecord:
    """Usage at noon of a day of July."""
    return UsageRecord(event, f"2025-07-{day:02}T12:00:00Z", {"n": n}, id=f"{event}{day}")


def gift(amount: str, id: str = "gift", **told: Any) -> Grant:
    """A lot of money."""
    return Grant(id=id, amount=amount, currency="USD", **told)


def ledger(*grants: Grant, policy: Policy | None = None) -> Ledger:
    """A ledger with lots that were granted when July began."""
    found = Ledger(policy)
    for grant in grants:
        found = found.grant(grant, at=JULY.start)
    return found


def bills(
    plan: Plan, records: Sequence[UsageRecord], held: Ledger, periods: Sequence[Period] = HALVES
) -> list[Statement]:
    """One statement after the other; each is the same when it is made again."""
    found: list[Statement] = []
    carry: Carry | None = None
    acme = plan.subscribe("acme", start="2025-07-01", coupons=[each.key for each in plan.coupons])
    for period in periods:
        fed = [each for each in records if period.contains(each.at)]
        bill = rate(plan, acme, fed, period, carry=carry, ledger=held)
        assert bill.verify() and bill.ledger is not None and bill.carry is not None
        again = rate(plan, acme, fed, period, carry=carry, ledger=bill.ledger)
        assert (again.lines, again.entries, again.carry) == (bill.lines, (), bill.carry)
        carry, held = Carry.from_json(bill.carry.to_json()), bill.ledger
        found.append(bill)
    return found


def told(bill: Statement) -> list[tuple[str, str]]:
    """What each line of something that was sold, or of credits, comes to."""
    return [(line.key.partition("@")[0], str(line.rounded)) for line in bill.lines if line.rounded]


def dues(*found: Statement) -> list[str]:
    """What is due by each."""
    return [str(each.due.amount) for each in found]


def test_a_gift_never_turns_into_money() -> None:
    """A price that falls gives back to the gift what the gift had paid."""
    one, two = bills(plan_of(), [used(5, 40), used(20, 40)], ledger(gift("200")))
    assert told(one) == [("fall", "120.00"), ("[credits]gift", "-120.00")]
    assert told(two) == [
        ("fall", "-40.00"), ("[credits]gift[returned=fall][billed=2025-07-01T00:00:00Z]", "40.00"),
    ]  # fmt: skip
    assert dues(one, two) == ["0.00", "0.00"]
    (back,) = two.entries
    assert isinstance(back, Returned) and back.draw_id == one.entries[0].id
    assert two.ledger is not None and two.ledger.lot("gift").left == 120
    assert bills(plan_of(), [used(5, 40), used(20, 40)], ledger(gift("200")), [JULY])[0].ledger.lot("gift").left == 120  # type: ignore[union-attr]


def test_money_comes_back_first() -> None:
    """What was due in money for it comes back as money, the rest to the lots, the last first."""
    held = ledger(gift("60", "a", priority=1), gift("40", "b", priority=2))
    one, two = bills(plan_of(), [used(5, 40), used(20, 40)], held)
    assert dues(one, two) == ["20.00", "-20.00"]
    assert told(two) == [
        ("fall", "-40.00"), ("[credits]b[returned=fall][billed=2025-07-01T00:00:00Z]", "20.00"),
    ]  # fmt: skip


def test_what_comes_back_pays_what_was_due() -> None:
    """What comes back pays what was due in money before for something else that its lot may pay for."""
    records = [used(5, 40), used(6, 30, "m"), used(20, 40)]
    one, two = bills(plan_of(), records, ledger(gift("120")))
    assert dues(one, two) == ["30.00", "-30.00"]
    assert told(two) == [
        ("fall", "-40.00"), ("[credits]gift[returned=fall][billed=2025-07-01T00:00:00Z]", "40.00"),
        ("[credits]gift", "-30.00"),
    ]  # fmt: skip
    assert two.ledger is not None and two.ledger.lot("gift").left == 10
    assert dues(*bills(plan_of(), records, ledger(gift("120")), [JULY])) == ["0.00"]


def test_a_scope_holds() -> None:
    """A gift for one item does not pay for another by way of what it gets back."""
    held = ledger(gift("120", scope={"items": ["fall"]}))
    one, two = bills(plan_of(), [used(5, 40), used(6, 30, "m"), used(20, 40), used(21, 10, "m")], held)
    assert dues(one, two) == ["30.00", "10.00"]
    assert two.ledger is not None and two.ledger.lot("gift").left == 40


def test_its_own_charges_are_paid_by_what_comes_back() -> None:
    """What comes back is there for the other charges of the statement, as far as its lot may pay for them."""
    one, two = bills(plan_of(), [used(5, 40), used(20, 40), used(21, 50, "m")], ledger(gift("120")))
    assert dues(one, two) == ["0.00", "10.00"]
    assert two.ledger is not None and two.ledger.lot("gift").left == 0


def test_lots_that_are_over() -> None:
    """To a lot that is over comes money where it was paid for, and nothing where it was a gift."""
    records = [used(5, 40), used(20, 40)]
    _, two = bills(plan_of(), records, ledger(gift("200", expiry="2025-07-10")))
    assert (dues(two), two.refunds) == (["0.00"], ())
    assert two.ledger is not None and two.ledger.lot("gift").voided == 40
    _, two = bills(plan_of(), records, ledger(gift("200", expiry="2025-07-10", cost="50")))
    assert [str(each.amount) for each in two.refunds] == ["10"]
    _, two = bills(plan_of(), records, ledger(gift("200", expiry="2025-07-25", cost="50")))
    assert [type(each) for each in two.entries] == [Returned, Refunded]
    _, two = bills(plan_of(), records, ledger(gift("200", expiry="2025-07-25")))
    assert [type(each) for each in two.entries] == [Returned, Voided]
    assert two.ledger is not None and two.ledger.lot("gift").voided == 40


def test_under_settlement() -> None:
    """Where the settling instant counts, what comes back is the same."""
    held = ledger(gift("100"), policy=Policy(lot_time="settlement"))
    one, two = bills(plan_of(FEE), [used(5, 40), used(20, 40)], held)
    assert dues(one, two) == ["35.00", "-24.00"]
    assert two.ledger is not None and two.ledger.lot("gift").left == 0


def test_a_coupon_that_comes_to_its_spend() -> None:
    """What is about no item comes off other charges, is money as far as some was due, then goes back to all lots."""
    coupon = {"key": "C", "discount": {"kind": "amount", "amount": "50"}, "minimum_spend": "60"}
    plan = plan_of(coupons=[coupon])
    records = [used(5, 50, "m"), used(20, 15, "m")]
    one, two = bills(plan, records, ledger(gift("45")))
    assert dues(one, two) == ["5.00", "-5.00"]
    assert told(two) == [
        ("use", "15.00"), ("[coupon]C", "-50.00"),
        ("[credits]gift[returned=use][billed=2025-07-01T00:00:00Z]", "30.00"),
    ]  # fmt: skip
    assert dues(*bills(plan, records, ledger(gift("45")), [JULY])) == ["0.00"]


def test_a_coupon_that_is_taken_back() -> None:
    """What a coupon gives up is charged first for what comes back at the same time."""
    coupon = {"key": "C", "discount": {"kind": "amount", "amount": "20"}, "minimum_spend": "50"}
    one, two = bills(plan_of(coupons=[coupon]), [used(5, 60, "m"), used(20, -15, "m")], ledger(gift("500")))
    assert told(two) == [("use", "-15.00"), ("[coupon]C", "20.00"), ("[credits]gift", "-5.00")]
    assert dues(one, two) == ["0.00", "0.00"]


def test_what_was_paid_out() -> None:
    """What is paid out beyond all that was billed is asked for in money before lots pay again."""
    thirds = JULY.split("2025-07-11", "2025-07-21")
    records = [used(5, 10, "k"), used(15, 25, "m"), used(25, 5, "m")]
    one, two, three = bills(plan_of(REWARD), records, ledger(gift("500")), thirds)
    assert dues(one, two, three) == ["-10.00", "10.00", "0.00"]
    assert one.carry is not None and one.carry.unpaid["out"] == "10"
    assert two.ledger is not None and two.ledger.lot("gift").left == 485


def test_more_than_was_billed() -> None:
    """What is more than was billed for an item comes off other charges, goes to all lots, then is paid out."""
    records = [used(5, 20, "m"), used(6, 10), used(20, 90, "k")]
    one, two = bills(plan_of(REWARD), records, ledger(gift("40")))
    # 50 were billed: 40 by the gift. Of the 90, 10 are money, 40 go back, and 40 are a credit that nobody had paid.
    assert dues(one, two) == ["10.00", "-50.00"]
    assert two.ledger is not None and two.ledger.lot("gift").left == 40


def test_over_the_end_of_a_billing_period() -> None:
    """A statement over the end of a period gives back what is of that one; the next part knows of its own alone."""
    plan = plan_of()
    parts = [HALVES[0], Period("2025-07-16", "2025-08-11"), Period("2025-08-11", "2025-09-01")]
    august = [UsageRecord("n", f"2025-08-{day}T12:00:00Z", {"n": 40}, id=f"a{day}") for day in ("05", "20")]
    one, two, three = bills(plan, [used(5, 40), used(20, 40), *august], ledger(gift("150")), parts)
    assert dues(one, two, three) == ["0.00", "50.00", "-40.00"]
    assert two.carry is not None and two.carry.unpaid["since"] == "2025-08-01T00:00:00Z"
    assert [row[0] for row in two.carry.unpaid["owed"]] == ["fall"]


def test_a_carry_that_does_not_tell() -> None:
    """By a carry of a release that did not tell what was due, what comes back is money."""
    plan, held = plan_of(), ledger(gift("200"))
    one, _ = bills(plan, [used(5, 40), used(20, 40)], held)
    assert one.carry is not None
    old = one.carry.to_json()
    del old["unpaid"]
    acme = plan.subscribe("acme", start="2025-07-01")
    two = rate(plan, acme, [used(20, 40)], HALVES[1], carry=Carry.from_json(old), ledger=one.ledger)
    assert (dues(two), two.entries) == (["-40.00"], ())


def test_a_part_without_a_ledger() -> None:
    """A part that is billed without a ledger leaves what was told as it was."""
    plan, held = plan_of(), ledger(gift("100"))
    thirds = JULY.split("2025-07-11", "2025-07-21")
    acme = plan.subscribe("acme", start="2025-07-01")
    one = rate(plan, acme, [used(5, 40)], thirds[0], ledger=held)
    two = rate(plan, acme, [], thirds[1], carry=one.carry)
    assert one.carry is not None and two.carry is not None and two.carry.unpaid == one.carry.unpaid
    three = rate(plan, acme, [used(25, 40)], thirds[2], carry=two.carry, ledger=one.ledger)
    assert dues(one, two, three) == ["20.00", "0.00", "-20.00"]


def test_units_that_come_back() -> None:
    """Credits in units that an earlier part drew too much are taken off what later parts of the counter need."""
    menu = {"model": "volume", "tiers": FALLING}
    beyond = {"model": "per_unit", "unit_price": "0.5"}
    price = {"model": "credit", "unit": "tokens", "base": menu, "overage": beyond}
    plan = Plan.load({
        "key": "p", "meters": [{"key": "n", "event": "n", "aggregate": {"kind": "sum", "of": "n"}}],
        "units": [{"key": "tokens", "places": 0}],
        "cards": [{"currency": "USD", "items": [{"key": "fall", "meter": "n", "price": price}]}],
    })  # fmt: skip
    records = [used(5, 40), used(15, 40), used(20, 30), used(29, 30)]
    parts = JULY.split("2025-07-11", "2025-07-17", "2025-07-25")
    tokens = Grant(id="tokens", amount="200", currency="tokens", places=0)
    found = bills(plan, records, ledger(tokens), parts)
    # The menu asks for 120, 40 less, 30 more and 30 more.
    assert [each.ledger.lot("tokens").left for each in found if each.ledger is not None] == [80, 80, 80, 60]
    (whole,) = bills(plan, records, ledger(tokens), [JULY])
    assert whole.ledger is not None and whole.ledger.lot("tokens").left == 60
    # What nobody paid is money, and what comes back of it is too.
    few = Grant(id="tokens", amount="100", currency="tokens", places=0)
    assert dues(*bills(plan, records, ledger(few), parts)) == ["10.00", "-10.00", "5.00", "15.00"]


@pytest.mark.parametrize(
    ("wrong", "path", "code"),
    [
        ([], "unpaid", "mapping.type"),
        ({"since": "soon"}, "unpaid.since", "carry.value"),
        ({"since": "2025-08-01T00:00:00Z"}, "unpaid.since", "carry.value"),
        ({"more": 1}, "unpaid.more", "field.unknown"),
        ({"statements": [1]}, "unpaid.statements", "carry.value"),
        ({"out": "-1"}, "unpaid.out", "carry.value"),
        ({"out": 1}, "unpaid.out", "carry.value"),
        ({"owed": None}, "unpaid.owed", "carry.value"),
        ({"owed": [["use", [], "m", "2025-07-01T00:00:00Z", "soon", "1"]]}, "unpaid.owed[0]", "carry.value"),
    ],
)
def test_what_is_wrong_with_it(wrong: Any, path: str, code: str) -> None:
    """A carry says what is wrong with what it tells of credits."""
    sound = {"since": "2025-07-01T00:00:00Z", "statements": [], "out": "0", "owed": []}
    broken = {**sound, **wrong} if isinstance(wrong, dict) else wrong
    plain = {"carry": 1, "customer": "acme", "plan": "p", "until": "2025-07-16T00:00:00Z", "unpaid": broken}
    with pytest.raises(DefinitionError) as caught:
        Carry.from_json(plain)
    assert [(each.path, each.code) for each in caught.value.problems] == [(path, code)]
