"""
Laws of what reversals give back: what was paid, in what it was paid in, and nothing that nobody paid.
"""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Ledger, Meter, Money, Period, Plan, UsageRecord, prices, rate
from ratecard.cadence import Cadence
from ratecard.credits import Grant
from ratecard.meters import Equals, Outcomes
from ratecard.plans import (
    AmountDiscount,
    Carry,
    Coupon,
    DiscountTier,
    Free,
    Maximum,
    PercentDiscount,
    Phase,
    Prepaid,
    Subscription,
    Tax,
    TieredDiscount,
)
from ratecard.rating import Statement, rerate
from tests.outcomes import at
from tests.strategies import fraction

seeds = st.integers(0, 10**6)
ZERO = Decimal(0)
DAYS = (0, 31, 59, 90, 120)
TIERS = [prices.Tier(up_to=2, unit_price="7.135"), prices.Tier(unit_price="3.333")]
WAYS: tuple[dict[str, Any], ...] = (
    {"fee": "10"}, {"fee": "0.125"}, {"fee": "3.335"}, {"tiers": TIERS}, {"fee": "5", "maximum": "12"},
    {"rate": "0.1", "baseline": "20", "floor": "1", "ceiling": "7.505"},
    {"fees": [{"at_least": 0, "fee": "1.01"}, {"at_least": "0.5", "fee": "3"}]},
    {"fees": [{"at_least": 0, "fee": "9"}, {"at_least": "0.6", "fee": "5.005"}]},
    {"fee": "4", "guarantees": [{"below": "0.8", "credit": "0.25"}, {"below": "0.4", "credit": "1"}]},
)  # fmt: skip


class Life:
    """A plan with terms across its lines, a customer, some lots, and outcomes each of which is reversed later."""

    def __init__(self, seed: int, *, ends: bool = False, parts: bool = False) -> None:
        dice = self.dice = random.Random(seed)  # noqa: S311
        self.plan = _plan(dice)
        coupons = [each.key for each in self.plan.coupons]
        self.acme: Subscription = self.plan.subscribe("acme", start="2025-01-01", coupons=coupons)
        self.ledger = Ledger()
        for number in range(dice.randint(0, 2)):
            some: dict[str, Any] = {"cost": dice.choice([None, "2"])} if ends else {}
            if ends and dice.random() < 0.7:
                some["expiry"] = at(24 * dice.randint(1, DAYS[-1]))
            grant = Grant(id=f"g{number}", amount=dice.choice(["5", "7.77", "40"]), currency="USD", **some)
            self.ledger = self.ledger.grant(grant, at=at(0))
        self.wins: list[UsageRecord] = []
        self.undoes: list[UsageRecord] = []
        for number in range(dice.randint(1, 7)):
            won = dice.randrange(24 * 100)
            undone = dice.randrange(max(won + 1, 24 * 31), 24 * DAYS[-1])
            facts = {"who": str(number), "worth": dice.choice([10, 40, 75])}
            self.wins.append(UsageRecord("end", at(won), {**facts, "state": "won"}, id=f"w{number}"))
            self.undoes.append(UsageRecord("end", at(undone), {**facts, "state": "undone"}, id=f"u{number}"))
        cuts = {*DAYS, *(dice.randrange(1, DAYS[-1]) for _ in range(dice.randint(1, 3) if parts else 0))}
        self.spans = [Period(at(24 * start), at(24 * end)) for start, end in pairwise(sorted(cuts))]

    def records(self, span: Period) -> list[UsageRecord]:
        """What happens in a stretch."""
        return [each for each in (*self.wins, *self.undoes) if span.contains(each.at)]

    def bill(self, span: Period, carry: Carry | None, ledger: Ledger, *, without: str = "") -> Statement:
        """A statement."""
        records = [each for each in self.records(span) if each.id != without]
        found = rate(self.plan, self.acme, records, span, carry=carry, ledger=ledger)
        assert found.verify() and found.carry is not None and found.ledger is not None
        assert Statement.from_json(json.loads(found.dumps())).verify()
        assert Carry.from_json(json.loads(json.dumps(found.carry.to_json()))) == found.carry
        return found


def _plan(dice: random.Random) -> Plan:
    terms: dict[str, Any] = {}
    if dice.random() < 0.6:
        terms["taxes"] = [Tax(key="vat", rate=dice.choice(["0.2", "0.077"]), included=dice.random() < 0.3)]
    if dice.random() < 0.6:
        tiers = [DiscountTier(up_to="20", rate="0.1"), DiscountTier(rate="0.3")]
        kinds = [
            PercentDiscount(key="off", rate=dice.choice(["0.3", "1"]), stacking=dice.choice(["chained", "added"])),
            AmountDiscount(key="off", amount="6.01"), TieredDiscount(key="off", tiers=tiers),
        ]  # fmt: skip
        terms["discounts"] = [dice.choice(kinds)]
    if dice.random() < 0.3:
        terms["coupons"] = [Coupon(key="once", discount=PercentDiscount(rate="0.5"))]
    if dice.random() < 0.3:
        terms["maximum"] = Maximum(amount="25")
    if dice.random() < 0.4:
        terms["commitments"] = [Prepaid(key="paid", amount="30", cadence=Cadence(unit="year"))]
    if dice.random() < 0.4:
        free = dice.choice([Free(amount="20"), Free(units=3, items=["won"])])
        terms["phases"] = [Phase(key="try", every=200, unit="day", free=[free])]
    rules = Outcomes(
        subject="who", worth="worth", result=[Equals(property="state", value="won")],
        reverse=[Equals(property="state", value="undone")],
    )  # fmt: skip
    price = prices.Outcome(definition="Won.", **dice.choice(WAYS))
    meter, item = Meter(key="ends", event="end", aggregate=rules), Item(key="won", meter="ends", price=price)
    return Plan.single("p", currency="USD", meters=[meter], items=[item], **terms)


def left(ledger: Ledger | None) -> dict[str, Decimal]:
    """What is in each lot."""
    assert ledger is not None
    return {held.lot.id: held.left for held in ledger.lots()}


def reverse_all(seed: int, *, parts: bool = False) -> None:
    """Everything that is billed is reversed."""
    life = Life(seed, parts=parts)
    carry, ledger, paid = None, life.ledger, ZERO
    for span in life.spans:
        found = life.bill(span, carry, ledger)
        assert found.carry is not None and found.ledger is not None
        again = rate(life.plan, life.acme, life.records(span), span, carry=carry, ledger=found.ledger)
        assert (again.lines, again.entries, again.carry) == (found.lines, (), found.carry)
        carry, ledger, paid = found.carry, found.ledger, paid + found.due.amount
        assert paid >= 0
    assert carry is not None
    assert (paid, left(ledger), carry.commitments) == (ZERO, left(life.ledger), {})


def cash(statement: Statement) -> Fraction:
    """What is paid in money, less what is paid out for credits of lots that are over."""
    return Fraction(statement.due.amount) - sum((fraction(each.amount) for each in statement.refunds), Fraction(0))


def withdraw(seed: int, *, used: bool, ends: bool = False) -> None:
    """A reversal is withdrawn: what it gave back is asked for again, of lots that others used for money."""
    life = Life(seed, ends=ends)
    carry, ledger = None, life.ledger
    last = max(life.undoes, key=lambda each: each.at)
    assert last.id is not None
    (span,) = [each for each in life.spans if each.contains(last.at)]
    for before in life.spans[: life.spans.index(span)]:
        found = life.bill(before, carry, ledger)
        carry, ledger = found.carry, found.ledger or ledger
    issued = life.bill(span, carry, ledger)
    straight = life.bill(span, carry, ledger, without=last.id)
    assert issued.ledger is not None and straight.ledger is not None
    now = issued.ledger
    taken = ZERO
    if used:
        for lot, amount in left(now).items():
            now, _ = now.draw(Money(amount, "USD"), at=span.end, id=f"else {lot}")
            taken += amount
    right = rerate(issued, life.plan, life.acme, life.records(span), without=[last.id], carry=carry, ledger=now)
    assert right.verify()
    after = right.corrected.ledger
    assert after is not None
    spent = sum(left(straight.ledger).values(), ZERO), sum(left(after).values(), ZERO) + taken
    if ends:
        # What was paid out is paid back, or paid by another lot. What was void when it came back pays nothing any more.
        paid = cash(issued) + Fraction(right.due.amount) - sum((fraction(each.amount) for each in right.refunds), 0)
        void = sum((each.voided for each in issued.ledger.lots()), ZERO)
        others = Fraction(max(ZERO, spent[0] - spent[1]))
        assert -Fraction(1, 50) - others < paid - cash(straight) < Fraction(void) + Fraction(1, 50)
        return
    # What the lots pay less is paid in money.
    assert right.corrected.due.amount - straight.due.amount == spent[1] - spent[0]
    if not used:
        assert (right.corrected.due, left(after)) == (straight.due, left(straight.ledger))


@given(seeds)
def test_reversing_everything_is_nothing(seed: int) -> None:
    """All reversed, nothing is paid in money, and lots, commitments and trials are where they began, to the cent."""
    reverse_all(seed)


@given(seeds)
def test_parts_of_months(seed: int) -> None:
    """So it is where months are billed in parts, wherever they are cut."""
    reverse_all(seed, parts=True)


@given(seeds)
def test_a_withdrawn_reversal_never_was(seed: int) -> None:
    """A reversal that is withdrawn asks for what it gave back: what is left is as if it had never been."""
    withdraw(seed, used=False)


@given(seeds)
def test_what_was_paid_out_is_paid_back(seed: int) -> None:
    """With lots that end, given or sold: a reversal and its withdrawal cost nobody money, but for a cent of a cost."""
    withdraw(seed, used=False, ends=True)


@given(seeds)
def test_a_withdrawn_reversal_is_paid_by_somebody(seed: int) -> None:
    """Where others used what came back to lots, it is asked for in money, and never for nothing."""
    withdraw(seed, used=True)


def two_items(dice: random.Random) -> Plan:
    """A plan with outcomes of two kinds and terms across their lines."""
    meters = [
        Meter(key=key, event=key, aggregate=Outcomes(
            subject="who", result=[Equals(property="state", value="won")],
            reverse=[Equals(property="state", value="undone")],
        ))
        for key in "ab"
    ]  # fmt: skip
    terms: dict[str, Any] = {}
    for name, told in {
        "taxes": [Tax(key="vat", rate=dice.choice(["0.2", "0.077"]))],
        "discounts": [AmountDiscount(key="off", amount="2.5")],
        "coupons": [Coupon(key="once", discount=AmountDiscount(amount="3"), minimum_spend="5")],
        "maximum": Maximum(amount="4"),
        "commitments": [Prepaid(key="paid", amount="5")],
    }.items():
        if dice.random() < 0.4:
            terms[name] = told
    fees = dice.choice([("3", "3"), ("3", "7.01")])
    items = [
        Item(key=key, meter=key, price=prices.Outcome(fee=fee, definition="Won."))
        for key, fee in zip("ab", fees, strict=True)
    ]
    return Plan.single("p", currency="USD", meters=meters, items=items, **terms)


@given(seeds)
def test_reversing_two_items_in_parts(seed: int) -> None:
    """So it is with two items that share terms, in parts of months: whenever each is reversed, no gift is paid out."""
    dice = random.Random(seed)  # noqa: S311
    plan = two_items(dice)
    acme = plan.subscribe("acme", start="2025-01-01", coupons=[each.key for each in plan.coupons])
    records: list[UsageRecord] = []
    for number in range(dice.randint(1, 6)):
        meter, won = dice.choice("ab"), dice.randrange(24 * 58)
        for hour, state in ((won, "won"), (dice.randrange(won + 1, 24 * 90), "undone")):
            records.append(
                UsageRecord(meter, at(hour), {"who": str(number), "state": state}, id=f"{number} {state}")
            )  # fmt: skip
    cuts = sorted({0, 31, 59, 90, *(dice.randrange(1, 59) for _ in range(dice.randint(1, 3)))})
    gift = Grant(id="gift", amount=dice.choice(["1", "5", "100"]), currency="USD")
    first = ledger = Ledger().grant(gift, at=at(0))
    carry, paid = None, ZERO
    for start, end in pairwise(cuts):
        span = Period(at(24 * start), at(24 * end))
        found = rate(
            plan, acme, [each for each in records if span.contains(each.at)], span, carry=carry, ledger=ledger
        )  # fmt: skip
        assert found.verify() and found.carry is not None and found.ledger is not None
        carry, ledger, paid = found.carry, found.ledger, paid + found.due.amount
        assert paid >= 0
        assert gift.amount != Decimal(100) or paid == 0
    assert (paid, left(ledger)) == (ZERO, left(first))


def test_what_became_dearer_comes_back_to_its_lot() -> None:
    """A lot that paid more for a closed month, as fewer outcomes made it dearer, has that back with the rest of it."""
    fees = [{"at_least": 0, "fee": 9}, {"at_least": "0.6", "fee": 5}]
    item = Item(key="won", meter="ends", price=prices.Outcome.model_validate({"definition": "Won.", "fees": fees}))
    rules = Outcomes(
        subject="who", result=[Equals(property="state", value="won")],
        reverse=[Equals(property="state", value="undone")],
    )  # fmt: skip
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="ends", event="end", aggregate=rules)], items=[item]
    )  # fmt: skip
    acme, carry = plan.subscribe("acme", start="2025-01-01"), None
    ledger = Ledger().grant(Grant(id="gift", amount="40", currency="USD"), at=at(0))
    left_, dues = [], []
    for days, some in (((0, 31), "ab"), ((31, 59), "a"), ((59, 90), "b")):
        state = "won" if days[0] == 0 else "undone"
        records = [
            UsageRecord("end", at(24 * days[0] + 9), {"who": who, "state": state}, id=who + state) for who in some
        ]
        found = rate(plan, acme, records, Period(*(at(24 * day) for day in days)), carry=carry, ledger=ledger)
        assert found.carry is not None and found.ledger is not None
        carry, ledger = found.carry, found.ledger
        left_.append(left(ledger)["gift"])
        dues.append(found.due.amount)
    assert (left_, dues) == ([30, 31, 40], [0, 0, 0])
