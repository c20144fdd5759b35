"""
What a reversal gives back: what was paid, in what it was paid in, whatever the terms are by then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ratecard import Catalog, Item, Ledger, Meter, Money, Period, Plan, RateCard, UsageRecord, prices, rate
from ratecard.cadence import Cadence
from ratecard.credits import Grant
from ratecard.meters import Equals, Outcomes
from ratecard.plans import (
    AmountDiscount,
    Cancel,
    Carry,
    ChangePlan,
    Coupon,
    Free,
    Maximum,
    Minimum,
    PercentDiscount,
    Phase,
    Postpaid,
    Prepaid,
    Subscription,
    Tax,
)
from ratecard.rating import Statement, rerate

MONTHS = [Period.month(2025, month) for month in (1, 2, 3, 4)]
RULES = Outcomes(
    subject="who", worth="worth", result=[Equals(property="state", value="won")],
    reverse=[Equals(property="state", value="undone")],
)  # fmt: skip
VAT = Tax(key="vat", rate="0.2")


def plan(key: str = "p", price: dict[str, Any] | None = None, **terms: Any) -> Plan:
    """A plan with outcomes at 10 each."""
    cost = prices.Outcome(definition="Won.", **(price or {"fee": "10"}))
    meter = Meter(key="ends", event="end", aggregate=RULES)
    return Plan.single(key, currency="USD", meters=[meter], items=[Item(key="won", meter="ends", price=cost)], **terms)


def told(month: int, who: str, state: str = "won", **facts: Any) -> UsageRecord:
    """A record of the tenth of a month."""
    return UsageRecord(
        "end", f"2025-{month:02}-10T00:00:00Z", {"who": who, "state": state, "worth": 100, **facts}, id=f"{who} {state}"
    )


def chain(
    held: Plan | Catalog, records: Sequence[UsageRecord], *, ledger: Ledger | None = None, months: int = 3,
    start: Plan | None = None, **options: Any,
) -> list[Statement]:  # fmt: skip
    """The statements of some months, one after the other."""
    first = start or held
    assert isinstance(first, Plan)
    acme = Subscription(customer="acme", plan=first.key, start="2025-01-01", **options)
    carry, found = None, []
    for period in MONTHS[:months]:
        mine = [each for each in records if period.contains(each.at)]
        made = rate(held, acme, mine, period, carry=carry, ledger=ledger)
        assert made.verify() and Statement.from_json(json.loads(made.dumps())).verify()
        carry, ledger = made.carry, made.ledger
        found.append(made)
    return found


def dues(statements: Sequence[Statement]) -> list[str]:
    """What is due of each."""
    return [str(each.due.amount) for each in statements]


def held(statement: Statement, name: str) -> str | None:
    """What the carry tells of something that holds so much."""
    assert statement.carry is not None
    return statement.carry.commitments.get(name)


LATE = [told(1, "a"), told(3, "a", "undone")]
YEAR = Cadence(unit="year")
TRIAL = [Phase(key="try", every=180, unit="day", free=[Free(amount="100")])]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, ["10.00", "0.00", "-10.00"]),
        ({"phases": TRIAL}, ["0.00", "0.00", "0.00"]),
        ({"phases": [Phase(key="try", every=45, unit="day", free=[Free(amount="4")])]}, ["6.00", "0.00", "-6.00"]),
        ({"commitments": [Prepaid(key="c", amount="80")]}, ["0.00", "0.00", "0.00"]),
        ({"commitments": [Prepaid(key="c", amount="8")], "taxes": [VAT]}, ["2.40", "0.00", "-2.40"]),
        ({"maximum": Maximum(amount="8")}, ["8.00", "0.00", "-8.00"]),
        ({"minimum": Minimum(amount="8")}, ["10.00", "8.00", "-2.00"]),
        ({"commitments": [Postpaid(key="c", amount="8")]}, ["10.00", "8.00", "-2.00"]),
        ({"discounts": [AmountDiscount(key="d", amount="4")]}, ["6.00", "0.00", "-6.00"]),
        ({"discounts": [PercentDiscount(key="d", rate="0.5")], "taxes": [VAT]}, ["6.00", "0.00", "-6.00"]),
        ({"taxes": [Tax(key="vat", rate="0.2", included=True)]}, ["10.00", "0.00", "-10.00"]),
    ],
)
def test_what_was_paid_comes_back(terms: dict[str, Any], expected: list[str]) -> None:
    """A reversal two months later gives back what was paid; floors and what fills commitments are of their month."""
    assert dues(chain(plan(**terms), LATE)) == expected


def test_a_coupon_that_is_used_up() -> None:
    """What a coupon took off is not paid out, also when all its uses are spent; it is no use of it either."""
    offer = plan(coupons=[Coupon(key="c", discount=PercentDiscount(rate="1"))])
    found = chain(offer, LATE, coupons=["c"])
    assert dues(found) == ["0.00", "0.00", "0.00"]
    assert found[-1].carry is not None and found[-1].carry.coupons == {"c": 1}


def test_the_room_of_a_trial_comes_back() -> None:
    """What a reversal gives back of a trial is there for the next outcome, by sum and by units."""
    for free, used in ((Free(amount="10"), "10"), (Free(units=1, items=["won"]), "1")):
        offer = plan(phases=[Phase(key="try", every=180, unit="day", free=[free])])
        found = chain(offer, [told(1, "a"), told(2, "a", "undone"), told(3, "b"), told(3, "c")])
        assert dues(found) == ["0.00", "0.00", "10.00"]
        assert [held(each, "trial try") for each in found] == [used, None, used]


def test_units_of_a_trial_that_cost_nothing() -> None:
    """An outcome that is worth nothing takes a unit of a trial, and gives it back."""
    offer = plan(price={"rate": "0.1", "baseline": "50"}, phases=[
        Phase(key="try", every=180, unit="day", free=[Free(units=1, items=["won"])])
    ])  # fmt: skip
    found = chain(offer, [told(1, "a", worth=10), told(2, "a", "undone", worth=10), told(3, "b", worth=150)])
    assert dues(found) == ["0.00", "0.00", "0.00"]
    assert [held(each, "trial try") for each in found] == ["1", None, "1"]


def test_commitments_that_run_on_have_their_room_again() -> None:
    """In a year's commitment, prepaid or not, floor or ceiling, an outcome that is reversed was never there."""
    undone = [told(1, "a"), told(2, "a", "undone"), told(3, "b")]
    for term, name in ((Prepaid, "commitment c"), (Postpaid, "commitment c")):
        found = chain(plan(commitments=[term(key="c", amount="80", cadence=YEAR)]), undone)
        assert [held(each, name) for each in found] == ["10", None, "10"]
    bounds: list[dict[str, Any]] = [{"maximum": Maximum(amount="12")}, {"minimum": Minimum(amount="12")}]
    for terms in bounds:
        found = chain(plan(cadence=YEAR, **terms), undone)
        assert [held(each, next(iter(terms))) for each in found] == ["10", None, "10"]


def test_a_gift_never_turns_into_money() -> None:
    """A tax on what is new beside a reversal takes nothing from what comes back."""
    records = [told(1, "a"), told(2, "a", "undone"), told(2, "b"), told(2, "c")]
    records += [told(3, "b", "undone"), told(3, "c", "undone")]
    gift = Ledger().grant(Grant(id="gift", amount="1000", currency="USD"), at=MONTHS[0].start)
    found = chain(plan(taxes=[VAT]), records, ledger=gift)
    assert dues(found) == ["0.00", "0.00", "0.00"]
    assert [str(each.ledger.lot("gift").left) for each in found if each.ledger] == ["988.00", "976.00", "1000.00"]


def test_terms_that_changed() -> None:
    """Taxes and discounts of then come back, whatever stands in the plan of today."""
    old = plan("old", taxes=[VAT], discounts=[PercentDiscount(key="d", rate="0.5")])
    new = plan("new", taxes=[Tax(key="vat", rate="0.1")])
    acme: dict[str, Any] = {"changes": [ChangePlan(at="2025-02-01", plan="new")]}
    found = chain(Catalog(plans=[old, new]), [*LATE, told(3, "b")], start=old, **acme)
    assert dues(found) == ["6.00", "0.00", "5.00"]
    assert [(line.kind, line.item, str(line.amount.amount)) for line in found[-1].lines] == [
        ("usage", "won", "10.00"), ("reversal", "won", "-10.00"), ("discount", "d", "5.00"),
        ("tax", "vat", "-1.00"), ("tax", "vat", "1.00"),
    ]  # fmt: skip


def test_a_tax_that_changed_twice() -> None:
    """What two versions of a tax took comes back on a line for each."""
    plans = [plan(f"p{n}", taxes=[Tax(key="vat", rate=f"0.{n}")]) for n in (1, 2)]
    records = [told(1, "a"), told(2, "b"), told(3, "a", "undone"), told(3, "b", "undone")]
    acme: dict[str, Any] = {"changes": [ChangePlan(at="2025-02-01", plan="p2")]}
    found = chain(Catalog(plans=plans), records, start=plans[0], **acme)
    assert dues(found) == ["11.00", "12.00", "-23.00"]
    assert [str(line.amount.amount) for line in found[-1].lines_by("tax")] == ["-1.00", "-2.00", "0.00"]


def test_rounding_is_given_back() -> None:
    """Outcomes at an eighth of a dollar: one by one they give back what was billed, not what each rounds to."""
    offer = plan(price={"fee": "0.125"})
    records = [told(1, "a"), told(1, "b"), told(1, "c")]
    records += [told(2, "a", "undone"), told(3, "b", "undone"), told(4, "c", "undone")]
    assert dues(chain(offer, records, months=4)) == ["0.38", "-0.13", "-0.12", "-0.13"]


def test_a_carry_of_an_older_release() -> None:
    """Where nothing is remembered, the terms of now are taken off a reversal, as they were on."""
    offer = plan(taxes=[VAT], discounts=[PercentDiscount(key="d", rate="0.5")])
    acme = offer.subscribe("acme", start="2025-01-01")
    gift = Ledger().grant(Grant(id="gift", amount="2", currency="USD"), at=MONTHS[0].start)
    first = rate(offer, acme, [told(1, "a")], MONTHS[0], ledger=gift)
    assert first.carry is not None
    old = first.carry.to_json()
    del old["outcomes"]["won"]["ends"]["paid"]
    second = rate(offer, acme, [], MONTHS[1], carry=Carry.from_json(old), ledger=first.ledger)
    third = rate(offer, acme, [told(3, "a", "undone")], MONTHS[2], carry=second.carry, ledger=second.ledger)
    assert dues([first, second, third]) == ["4.00", "0.00", "-4.00"]
    assert third.verify() and third.ledger is not None and third.ledger.lot("gift").left == 2


def pack(**facts: Any) -> Ledger:
    """A pack of credits that was paid for."""
    return Ledger().grant(Grant(id="pack", currency="USD", **facts), at=MONTHS[0].start)


def withdrawn(ledger: Ledger, *, used: bool) -> tuple[list[str], Ledger]:
    """What is due when a reversal is told, withdrawn, and told again; and the ledger at last."""
    offer = plan()
    acme = offer.subscribe("acme", start="2025-01-01")
    first = rate(offer, acme, [told(1, "a")], MONTHS[0], ledger=ledger)
    undone = [told(2, "a", "undone")]
    found = [rate(offer, acme, undone, MONTHS[1], carry=first.carry, ledger=first.ledger)]
    now, told_ = found[0].ledger, [str(found[0].due)]
    assert now is not None
    if used:
        now, _ = now.draw(Money("10", "USD"), at="2025-02-20T00:00:00Z", id="else")
    for records in ([], undone):
        made = rerate(found[-1], offer, acme, records, carry=first.carry, ledger=now)
        assert made.verify() and made.corrected.ledger is not None
        now = made.corrected.ledger
        found.append(made.corrected)
        told_.append(str(made.due))
    return told_, now


def test_a_reversal_that_is_withdrawn() -> None:
    """It asks for what it gave back: of the same lot while that has it, in money where others have used it since."""
    back, ledger = withdrawn(pack(amount="10", cost="5"), used=False)
    assert (back, ledger.lot("pack").left) == (["0.00 USD", "0.00 USD", "0.00 USD"], 10)
    back, ledger = withdrawn(pack(amount="10", cost="5"), used=True)
    assert (back, ledger.lot("pack").left) == (["0.00 USD", "10.00 USD", "-10.00 USD"], 0)


def test_what_was_paid_out_is_asked_for_again() -> None:
    """A pack that was over gave its cost back in money; the reversal withdrawn, this is due, whatever else is left."""
    for amount, cost in (("10", "5"), ("20", "10")):
        back, ledger = withdrawn(pack(amount=amount, cost=cost, expiry="2025-02-01"), used=False)
        assert (back, ledger.lot("pack").refunded) == (["0.00 USD", "5.00 USD", "-5.00 USD"], 10)
    euros = pack(amount="10", cost="5", cost_currency="EUR", expiry="2025-02-01")
    assert withdrawn(euros, used=False)[0] == ["0.00 USD", "10.00 USD", "-10.00 USD"]


def halves(held: Plan, records: Sequence[UsageRecord], *after: Period, ledger: Ledger | None = None) -> list[Statement]:
    """The statements of January in two parts, and of what comes after; each proves itself."""
    found: list[Statement] = []
    carry: Carry | None = None
    acme = held.subscribe("acme", start="2025-01-01", coupons=[each.key for each in held.coupons])
    for span in (*MONTHS[0].split("2025-01-16"), *after):
        fed = [each for each in records if span.contains(each.at)]
        made = rate(held, acme, fed, span, carry=carry, ledger=ledger)
        assert made.verify() and made.carry is not None
        carry, ledger = Carry.from_json(json.loads(json.dumps(made.carry.to_json()))), made.ledger
        found.append(made)
    return found


def on(day: str, who: str, state: str = "won") -> UsageRecord:
    """A record at noon of a day."""
    facts = {"who": who, "state": state, "worth": 100}
    return UsageRecord("end", f"2025-{day}T12:00:00Z", facts, id=f"{who} {state}")


def test_what_a_later_part_took_off() -> None:
    """A coupon that comes to its minimum spend in a later part took its share of what an earlier one billed."""
    coupon = Coupon(key="half", discount=PercentDiscount(rate="0.5"), minimum_spend="15", lasts="once")
    records = [on("01-05", "a"), on("01-20", "b"), on("02-05", "a", "undone"), on("02-06", "b", "undone")]
    one, two, three = halves(plan(coupons=(coupon,)), records, MONTHS[1])
    assert [str(each.due.amount) for each in (one, two, three)] == ["10.00", "0.00", "-10.00"]
    assert [(line.kind, str(line.rounded)) for line in three.lines if line.rounded] == [
        ("reversal", "-20.00"), ("coupon", "10.00"),
    ]  # fmt: skip


def test_a_trial_gives_back_within_its_period() -> None:
    """What a trial paid for in an earlier part is not paid out when it is reversed in a later one: its room is free."""
    free = Phase(key="try", every=3, unit="month", free=[Free(amount="15")])
    one, two = halves(plan(phases=(free,), taxes=(VAT,)), [on("01-05", "a"), on("01-20", "a", "undone")])
    assert [str(each.due.amount) for each in (one, two)] == ["0.00", "0.00"]
    assert one.carry is not None and one.carry.commitments == {"trial try": "10"}
    assert two.carry is not None and two.carry.commitments == {}


def cheaper(held: Plan, day: str, fee: str) -> Plan:
    """The plan with a card of another fee from a day on."""
    items = [
        each.model_copy(update={"price": prices.Outcome(definition="Won.", fee=fee)}) for each in held.cards[0].items
    ]
    return held.with_card(RateCard(currency="USD", effective=f"2025-{day}", items=items))


@pytest.mark.parametrize("fee", ["3", "10"])
def test_a_card_that_changed_since(fee: str) -> None:
    """What is reversed at the price of an older card lowers the line that billed it; a sum off is of what is left."""
    held = cheaper(plan(discounts=[AmountDiscount(key="d", amount="5")]), "01-11", fee)
    records = [on("01-05", "a"), on("01-12", "b"), on("01-20", "a", "undone"), on("02-04", "b", "undone")]
    found = halves(held, records, MONTHS[1])
    paid = [each.due.amount for each in found]
    assert (sum(paid), sum(paid[:2])) == (0, max(int(fee) - 5, 0))
    (line,) = [each for each in found[1].lines_by("usage") if each.rounded]
    assert line.key == "won[card=2025-01-01T00:00:00Z]@2025-01-16T00:00:00Z"


def test_a_plan_that_changed_since() -> None:
    """What a prepaid commitment of the plan before paid for is not paid out when it is reversed under the next plan."""
    paid = Prepaid(key="paid", amount="31")
    old = plan("old", commitments=[paid])
    for new in (plan("new"), plan("new", {"fee": "4"})):
        acme = old.subscribe("acme", start="2025-01-01").with_changes(ChangePlan(at="2025-01-16", plan="new"))
        carry, due = None, []
        for span in MONTHS[0].split("2025-01-20"):
            fed = [each for each in (on("01-05", "a"), on("01-25", "a", "undone")) if span.contains(each.at)]
            made = rate(Catalog(plans=[old, new]), acme, fed, span, carry=carry)
            assert made.verify()
            carry = made.carry
            due.append(str(made.due.amount))
        assert due == ["0.00", "0.00"]


def test_an_item_that_is_sold_no_more() -> None:
    """Reversed in the billing period that billed it, it counts in that one, also where no plan sells it any more."""
    fee = Item(key="other", price=prices.Flat(amount="1"))
    old = cheaper(plan("old", commitments=[Prepaid(key="paid", amount="31")]), "01-11", "4")
    new = Plan.single("new", currency="USD", meters=old.meters, items=[fee])
    acme = old.subscribe("acme", start="2025-01-01").with_changes(ChangePlan(at="2025-01-16", plan="new"))
    records = [on("01-05", "a"), on("01-12", "b"), on("01-25", "a", "undone"), on("01-26", "b", "undone")]
    carry, found = None, []
    for span in MONTHS[0].split("2025-01-20"):
        fed = [each for each in records if span.contains(each.at)]
        made = rate(Catalog(plans=[old, new]), acme, fed, span, carry=carry)
        assert made.verify()
        carry = made.carry
        found.append([(line.kind, str(line.rounded)) for line in made.lines if line.kind in ("reversal", "prepaid")])
    assert found == [[("prepaid", "-14.00")], [("reversal", "-14.00"), ("prepaid", "14.00")]]


def test_nothing_is_left_to_reverse() -> None:
    """A reversal of nothing after the item ended is no line, also where the period had a failed subject."""
    rules = RULES.model_copy(update={"failed": (Equals(property="state", value="lost"),)})
    held_ = plan()
    held_ = held_.model_copy(update={"meters": (held_.meters[0].model_copy(update={"aggregate": rules}),)})
    acme = held_.subscribe("acme", start="2025-01-01").with_changes(Cancel(at="2025-01-20"))
    first, last = MONTHS[0].split("2025-01-20")
    one = rate(held_, acme, [on("01-05", "a", "lost")], first)
    two = rate(held_, acme, [on("01-26", "b", "undone")], last, carry=one.carry)
    assert (one.verify(), two.verify(), two.lines) == (True, True, ())
    assert two.due.amount == 0


def test_what_is_billed_after_the_end() -> None:
    """What became billable after the end, and was reversed in the same period, gives back what stages took of it."""
    waits = RULES.model_copy(update={"confirmation_hours": 48, "confirm": (Equals(property="state", value="kept"),)})
    held_ = plan(discounts=[AmountDiscount(key="d", amount="4")])
    held_ = held_.model_copy(update={"meters": (held_.meters[0].model_copy(update={"aggregate": waits}),)})
    acme = held_.subscribe("acme", start="2025-01-01").with_changes(Cancel(at="2025-01-09"))
    carry, due = None, []
    for cut in (("01-01", "01-09"), ("01-09", "01-16"), ("01-16", "02-01")):
        span = Period(*(f"2025-{day}" for day in cut))
        fed = [each for each in (on("01-08", "a"), on("01-20", "a", "undone")) if span.contains(each.at)]
        made = rate(held_, acme, fed, span, carry=carry)
        assert made.verify()
        carry = made.carry
        due.append(str(made.due.amount))
    assert due == ["0.00", "6.00", "-6.00"]


def test_the_room_that_parts_took() -> None:
    """A prepaid commitment that runs on has all its room again, whichever part billed what is reversed."""
    paid = Prepaid(key="paid", amount="15", cadence=Cadence(unit="year"))
    records = [on("01-05", "a"), on("01-20", "b"), on("02-05", "a", "undone"), on("03-06", "b", "undone")]
    *_, two, three, four = halves(plan(commitments=(paid,), taxes=(VAT,)), records, MONTHS[1], MONTHS[2])
    left = [each.carry.commitments for each in (two, three, four) if each.carry is not None]
    assert left == [{"commitment paid": "15"}, {"commitment paid": "7.5"}, {}]
    assert [str(each.due.amount) for each in (two, three, four)] == ["6.00", "-3.00", "-3.00"]


def test_a_tax_on_nothing_that_lots_paid() -> None:
    """Reversed in a later part, money that was due comes back once, also where the tax on it stands alone."""
    held = plan(taxes=(VAT,))
    gift = Ledger().grant(Grant(id="gift", amount="5", currency="USD"), at="2025-01-01T00:00:00Z")
    one, two = halves(held, [on("01-05", "a"), on("01-20", "a", "undone")], ledger=gift)
    assert [str(each.due.amount) for each in (one, two)] == ["7.00", "-7.00"]
    assert two.ledger is not None and two.ledger.lot("gift").left == 5


def test_what_a_reversal_made_dearer() -> None:
    """What a lot paid as fewer outcomes made a closed month dearer comes back to it when the rest is reversed."""
    fees = [{"at_least": 0, "fee": "9"}, {"at_least": "0.6", "fee": "5"}]
    records = [
        *(told(1, who) for who in "abcd"),
        UsageRecord("end", "2025-01-12T00:00:00Z", {"who": "d", "state": "undone", "worth": 100}, id="d undone"),
        told(2, "a", "undone"), told(3, "b", "undone"), told(3, "c", "undone"),
    ]  # fmt: skip
    gift = Ledger().grant(Grant(id="gift", amount="40", currency="USD"), at="2025-01-01T00:00:00Z")
    found = chain(plan(price={"fees": fees}), records, ledger=gift)
    # Three of four cost 5 each, then two of four 9 each.
    left = [each.ledger.lot("gift").left for each in found if each.ledger is not None]
    assert (left, [str(each.due.amount) for each in found]) == ([25, 22, 40], ["0.00", "0.00", "0.00"])
