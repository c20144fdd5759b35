"""
What a statement tells of a carry that was forgotten, or that says more than its plan knows; and whose carry it takes.
"""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import Cadence, Catalog, Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices, rate
from ratecard.errors import MismatchError
from ratecard.plans import AmountDiscount, Carry, ChangePlan, Coupon, Free, Phase, Postpaid, Subscription
from ratecard.rating import Statement

JANUARY, FEBRUARY = Period.month(2025, 1), Period.month(2025, 2)
ONE = prices.PerUnit(unit_price="1")
OFF = AmountDiscount(amount="5")


def plan(key: str = "p", *, price: prices.Price = ONE, **fields: Any) -> Plan:
    """One metered item."""
    return Plan.single(
        key, currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="x", meter="n", price=price)], **fields,
    )  # fmt: skip


def bill(
    offer: Plan, acme: Subscription, period: Period = FEBRUARY, n: int = 10, carry: Carry | None = None
) -> Statement:
    """A period with one record."""
    record = UsageRecord("use", period.start, {"n": n}, id=str(period.start))
    return rate(offer, acme, [record], period, carry=carry)


def told(statement: Statement) -> list[tuple[str, str]]:
    """Its notices."""
    return [(each.code, each.key) for each in statement.notices]


def test_a_coupon_with_so_many_uses() -> None:
    """A forgotten carry is told where the uses of a coupon would be known by it; not in the first period."""
    coupons = [Coupon(key="once", discount=OFF), Coupon(key="always", discount=OFF, lasts="forever")]
    some = plan(coupons=coupons)
    acme = some.subscribe("acme", start="2025-01-01", coupons=["once"])
    first = bill(some, acme, JANUARY)
    assert told(first) == []
    assert told(bill(some, acme)) == [("carry.missing", "once")]
    assert "once: the subscription began before this period" in bill(some, acme).explain()
    assert told(bill(some, acme, carry=first.carry)) == [("coupon.exhausted", "once")]
    forever = some.subscribe("acme", start="2025-01-01", coupons=["always"])
    assert told(bill(some, forever)) == []
    late = some.subscribe("acme", start="2025-02-10", coupons=["once"])
    record = UsageRecord("use", "2025-02-11T00:00:00Z", {"n": 10}, id="1")
    assert told(rate(some, late, [record], FEBRUARY)) == []


def test_units_that_roll_over() -> None:
    """Unused units of the cadence period before are told of; none are there before the first one."""
    price = prices.Allowance(units=10, rollover=5, base=ONE)
    some = plan(price=price)
    acme = some.subscribe("acme", start="2025-01-01")
    first = bill(some, acme, JANUARY, n=2)
    assert told(first) == []
    assert told(bill(some, acme)) == [("carry.missing", "x")]
    assert told(bill(some, acme, carry=first.carry)) == []
    plain = plan(price=prices.Allowance(units=10, base=ONE))
    assert told(bill(plain, plain.subscribe("acme", start="2025-01-01"))) == []


def test_remainders_of_rounding() -> None:
    """A plan that carries remainders tells when it was not given any."""
    some = plan(carry_remainders=True)
    acme = some.subscribe("acme", start="2025-01-01")
    assert told(bill(some, acme)) == [("carry.missing", "carry_remainders")]
    assert told(bill(some, acme, carry=bill(some, acme, JANUARY).carry)) == []


def test_notices_are_kept() -> None:
    """A statement that is stored and read back tells the same."""
    some = plan(carry_remainders=True)
    statement = bill(some, some.subscribe("acme", start="2025-01-01"))
    assert Statement.from_json(statement.to_json()).notices == statement.notices


def test_an_unknown_commitment() -> None:
    """A commitment that the carry's own plan does not have is told, and its amount is used for nothing."""
    some = plan(commitments=[Postpaid(key="a", amount=100)])
    acme = some.subscribe("acme", start="2025-01-01")
    held = {"commitment a": "5", "commitment b": "7", "minimum": "1", "trial start": "3"}
    carry = Carry("acme", "p", FEBRUARY.start, commitments=held)
    found = bill(some, acme, carry=carry)
    assert told(found) == [("carry.unknown", "commitment b"), ("carry.unknown", "trial start")]
    assert ["such commitment" in each.text for each in found.notices] == [True, False]
    begun = acme.model_copy(update={"phases": [Phase(key="start", free=[Free(amount="9")])]})
    assert told(bill(some, begun, carry=carry)) == [("carry.unknown", "commitment b")]


def test_a_change_of_plan() -> None:
    """The carry of the plan before is taken where the subscription changed to another; what that held is no fault."""
    small, large = plan("small", commitments=[Postpaid(key="a", amount=100)]), plan("large")
    offer = Catalog(plans=[small, large])
    acme = small.subscribe("acme", start="2025-01-01")
    acme = acme.with_changes(ChangePlan(at="2025-02-01", plan="large"))
    carry = Carry("acme", "small", FEBRUARY.start, commitments={"commitment a": "5"})
    record = UsageRecord("use", "2025-02-11T00:00:00Z", {"n": 10}, id="1")
    assert told(rate(offer, acme, [record], FEBRUARY, carry=carry)) == []
    other = large.subscribe("acme", start="2025-01-01")
    with pytest.raises(MismatchError) as caught:
        rate(offer, other, [record], FEBRUARY, carry=carry)
    assert caught.value.code == "carry.plan"


def test_a_carry_of_another_currency() -> None:
    """What a commitment holds in one currency is never taken for another; the carry tells in which it is."""
    cards = [RateCard(currency=code, items=[Item(key="b", price=prices.Flat(amount=60))]) for code in ("USD", "EUR")]
    amount = {"USD": 500, "EUR": 500}
    some = Plan(key="p", cards=cards, commitments=[Postpaid(key="a", amount=amount, cadence=Cadence.calendar("year"))])
    euro = some.subscribe("acme", start="2025-01-01", currency="EUR")
    carry = rate(some, euro, [], JANUARY).carry
    assert carry is not None
    assert (carry.currency, carry.commitments) == ("EUR", {"commitment a": "60"})
    dollar = some.subscribe("acme", start="2025-01-01", currency="USD")
    with pytest.raises(MismatchError) as caught:
        rate(some, dollar, [], FEBRUARY, carry=Carry.from_json(carry.to_json()))
    assert caught.value.code == "carry.currency"
    older = {key: held for key, held in carry.to_json().items() if key != "currency"}
    assert rate(some, euro, [], FEBRUARY, carry=Carry.from_json(older)).carry is not None
