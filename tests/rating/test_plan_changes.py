"""Discounts, floors, ceilings, commitments and taxes where the plan or the anchor changes inside a period."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratecard import Period, UsageRecord, rate
from ratecard.errors import UnknownKeyError
from ratecard.plans import Cancel, Catalog, ChangeAnchor, ChangePlan, Pause, Plan, Resume, Subscription
from ratecard.rating import Statement

APRIL, MAY = Period.month(2025, 4), Period.month(2025, 5)
METER = {"key": "m", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}
USE = {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": "1"}}
CHANGE = ChangePlan(at="2025-04-11", plan="b")


def fee(amount: str, key: str = "base", **fields: Any) -> dict[str, Any]:
    """A fee in plain form."""
    return {"key": key, "price": {"model": "flat", "amount": amount}, **fields}


def plan(key: str, *items: dict[str, Any], **fields: Any) -> Plan:
    """A plan in USD; a fee of 30 where nothing else is sold."""
    card = {"currency": "USD", "items": list(items or [fee("30")])}
    return Plan.load({"key": key, "meters": [METER], "cards": [card], **fields})


def bill(
    *plans: Plan, usage: dict[str, int] | None = None, changes: Any = (CHANGE,), period: Period = APRIL,
    carry: Any = None, **fields: Any,
) -> Statement:  # fmt: skip
    """The statement of who starts on the first of the plans in April; usage is given by day."""
    told = {"customer": "acme", "plan": plans[0].key, "start": "2025-04-01", **fields}
    held = Subscription.model_validate(told).with_changes(*changes)
    records = [UsageRecord("e", f"{day}T12:00:00Z", {"n": n}, id=day) for day, n in (usage or {}).items()]
    found = rate(Catalog(plans=plans), held, records, period, carry=carry)
    assert found.verify()
    return found


def lines(found: Statement) -> list[tuple[str, str, str]]:
    """Kind, name and start in the key, and amount of the lines that stages made."""
    return [
        (line.kind, line.key.partition("]")[2].replace("T00:00:00Z", ""), f"{line.rounded}")
        for line in found.lines
        if line.kind not in ("usage", "fee")
    ]


def pct(rate: str, key: str = "d") -> dict[str, Any]:
    """A percentage off in plain form."""
    return {"kind": "percent", "key": key, "rate": rate}


def amt(amount: str, key: str = "d") -> dict[str, Any]:
    """A sum off in plain form."""
    return {"kind": "amount", "key": key, "amount": amount}


def test_discounts_of_each_plan() -> None:
    """Each plan's percentage is taken off what was priced under it, also where both have one of the same key."""
    found = bill(plan("a", discounts=[pct("0.5")]), plan("b", fee("60"), discounts=[pct("0.1")]))
    assert lines(found) == [("discount", "d@2025-04-01", "-5.00"), ("discount", "d@2025-04-11", "-4.00")]
    assert [line.period.end.day for line in found.lines[2:]] == [11, 1]
    gone = bill(plan("a", discounts=[pct("0.5")]), plan("b", fee("60")))
    assert lines(gone) == [("discount", "d@2025-04-01", "-5.00")]
    same = bill(plan("a", discounts=[pct("0.5")]), plan("b", fee("60"), discounts=[pct("0.5")]))
    assert lines(same) == [("discount", "d@2025-04-01", "-25.00")]
    assert same.lines[2].period == APRIL


def test_discount_that_comes_back() -> None:
    """A discount of the first and the third plan is one line, over both of their lines."""
    again = ChangePlan(at="2025-04-21", plan="a")
    found = bill(plan("a", discounts=[pct("0.5")]), plan("b", fee("60")), changes=[CHANGE, again])
    assert lines(found) == [("discount", "d@2025-04-01", "-10.00")]


def test_sums_in_parts_of_the_time() -> None:
    """A sum of one plan counts for its part of the time; one that both have counts whole."""
    one = bill(plan("a", discounts=[amt("6")]), plan("b", fee("60"), discounts=[amt("15")]))
    assert lines(one) == [("discount", "d@2025-04-01", "-2.00"), ("discount", "d@2025-04-11", "-10.00")]
    both = bill(plan("a", discounts=[amt("6")]), plan("b", fee("60"), discounts=[amt("6")]))
    assert lines(both) == [("discount", "d@2025-04-01", "-6.00")]


def coupon(discount: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A coupon in plain form."""
    return {"key": "C", "discount": discount, **fields}


def test_coupons_of_each_plan() -> None:
    """A coupon counts on the lines of the plans that have it, as each has it, and one use is spent."""
    first = plan("a", coupons=[coupon(pct("0.5"), stacks=False, lasts="periods", periods=2)])
    second = plan("b", fee("60"), coupons=[coupon(pct("0.1"), stacks=False, lasts="periods", periods=2)])
    found = bill(first, second, coupons=["C"])
    assert lines(found) == [("coupon", "C@2025-04-01", "-5.00"), ("coupon", "C@2025-04-11", "-4.00")]
    assert found.notices == () and found.carry is not None and found.carry.coupons == {"C": 1}
    none = bill(plan("a", fee("0"), coupons=[coupon(amt("5"))]), plan("b", fee("0")), coupons=["C"])
    assert [each.code for each in none.notices] == ["coupon.nothing"]


def test_coupon_of_a_plan_before() -> None:
    """A coupon that only an earlier plan has is told, not refused; one that none has is refused."""
    first, second = plan("a", coupons=[coupon(pct("0.5"))]), plan("b", fee("60"))
    found = bill(first, second, period=MAY, coupons=["C"])
    assert [(each.code, str(each)) for each in found.notices] == [
        ("coupon.plan", "C: not used: the plan 'b' does not have it")
    ]
    with pytest.raises(UnknownKeyError):
        bill(first, second, period=MAY, coupons=["D"])


def test_taxes_of_each_plan() -> None:
    """A line is taxed by the plan it was priced under, once over all lines of one rate."""

    def tax(rate: str, **fields: Any) -> dict[str, Any]:
        return {"key": "vat", "rate": rate, **fields}

    found = bill(plan("a", taxes=[tax("0.1")]), plan("b", fee("60"), taxes=[tax("0.2")]))
    assert lines(found) == [("tax", "vat@2025-04-01", "1.00"), ("tax", "vat@2025-04-11", "8.00")]
    same = bill(plan("a", fee("0.10"), taxes=[tax("0.1")]), plan("b", fee("0.10"), taxes=[tax("0.1")]))
    assert lines(same) == [("tax", "vat@2025-04-01", "0.01")]
    mixed = bill(plan("a", taxes=[tax("0.25", included=True)]), plan("b", fee("60"), taxes=[tax("0.2")]))
    assert lines(mixed) == [("included_tax", "vat@2025-04-01", "2.00"), ("tax", "vat@2025-04-11", "8.00")]
    assert str(mixed.due) == "58.00 USD"


def test_minimum_of_each_plan() -> None:
    """Each plan's minimum counts for its share of the time, over the charges of the whole period."""
    a, b = plan("a", USE, minimum={"amount": "30"}), plan("b", USE, minimum={"amount": "60"})
    assert lines(bill(a, b)) == [("minimum", "@2025-04-01", "50.00")]
    assert lines(bill(a, b, usage={"2025-04-05": 12, "2025-04-20": 7})) == [("minimum", "@2025-04-01", "31.00")]
    assert lines(bill(a, plan("b", USE))) == [("minimum", "@2025-04-01", "10.00")]
    assert lines(bill(plan("a", USE), b)) == [("minimum", "@2025-04-01", "40.00")]
    whole = plan("b", USE, minimum={"amount": "60", "prorate": False})
    assert lines(bill(a, whole)) == [("minimum", "@2025-04-01", "60.00")]
    assert "for each plan's part of the time: 10 + 40 = 50" in bill(a, b).explain()


def test_maximum_of_the_last_plan() -> None:
    """A ceiling is whole, and the one that holds last is the one."""
    a, b = plan("a", USE, maximum={"amount": "5"}), plan("b", USE, maximum={"amount": "10"})
    spent = {"2025-04-05": 20, "2025-04-20": 20}
    assert lines(bill(a, b, usage=spent)) == [("maximum", "@2025-04-01", "-30.00")]
    assert lines(bill(a, plan("b", USE), usage=spent)) == []
    part = plan("b", USE, maximum={"amount": "30", "prorate": True})
    assert lines(bill(a, part, usage=spent)) == [("maximum", "@2025-04-01", "-18.33")]


def post(amount: str, **fields: Any) -> dict[str, Any]:
    """A promise to spend in plain form."""
    return {"kind": "postpaid", "key": "c", "amount": amount, **fields}


VAT = {"taxes": [{"key": "vat", "rate": "0.2"}]}
MIDDLE = (ChangePlan(at="2025-04-16", plan="b"),)


def floor(amount: str, **fields: Any) -> dict[str, Any]:
    """The metered item with a floor."""
    return {**USE, "minimum": {"amount": amount, **fields}}


def in_parts(*plans: Plan, cuts: tuple[str, ...], changes: Any = MIDDLE, **fields: Any) -> list[Statement]:
    """April in several statements, each with the carry of the one before."""
    found: list[Statement] = []
    for part in APRIL.split(*cuts):
        carry = found[-1].carry if found else None
        found.append(bill(*plans, changes=changes, period=part, carry=carry, **fields))
    return found


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # A floor that one plan alone states belongs to it.
        (plan("a", USE), plan("b", floor("30"), **VAT), ("18.00", [("15.00", "04-16")])),
        (plan("a", USE, **VAT), plan("b", floor("30")), ("15.00", [("15.00", "04-16")])),
        (plan("a", floor("30")), plan("b", USE, **VAT), ("15.00", [("15.00", "04-01")])),
        (plan("a", floor("30"), **VAT), plan("b", USE), ("18.00", [("15.00", "04-01")])),
        # Of two floors each has its share of the time: 15 and 30.
        (plan("a", floor("30")), plan("b", floor("60"), **VAT), ("51.00", [("15.00", "04-01"), ("30.00", "04-16")])),
        (plan("a", floor("30"), **VAT), plan("b", floor("60")), ("48.00", [("15.00", "04-01"), ("30.00", "04-16")])),
        # One that is whole is the last one's; floors of nothing lack nothing.
        (plan("a", floor("30"), **VAT), plan("b", floor("60", prorate=False)), ("60.00", [("60.00", "04-16")])),
        (plan("a", floor("0"), **VAT), plan("b", floor("0")), ("0.00", [])),
        # Discounts of a plan fall on its part alone.
        (
            plan("a", floor("30"), discounts=[pct("0.5")]), plan("b", floor("60")),
            ("37.50", [("15.00", "04-01"), ("30.00", "04-16")]),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "cuts", [("2025-04-11",), ("2025-04-16",), ("2025-04-21",), ("2025-04-11", "2025-04-16", "2025-04-26")]
)
def test_floor_of_an_item_over_a_change(
    a: Plan, b: Plan, expected: tuple[str, list[tuple[str, str]]], cuts: tuple[str, ...]
) -> None:
    """Each plan has its part of what tops an item up, and taxes and discounts it; so it is in parts of the month."""
    whole = bill(a, b, changes=MIDDLE)
    tops = [(f"{line.rounded}", f"{line.period.start:%m-%d}") for line in whole.lines_by("minimum")]
    assert (f"{whole.due.amount}", tops) == expected
    parts = in_parts(a, b, cuts=cuts)
    assert sum(each.due.amount for each in parts) == whole.due.amount
    for kind in ("minimum", "tax", "discount"):
        told = [[line.rounded for line in each.lines_by(kind)] for each in (*parts, whole)]
        assert sum(sum(each) for each in told[:-1]) == sum(told[-1])


def test_floor_that_usage_reaches_in_part() -> None:
    """What is missing is shared by what the floors count, to the cent, whoever's usage there was."""
    a, b = plan("a", floor("30")), plan("b", floor("60"), **VAT)
    found = bill(a, b, usage={"2025-04-03": 35}, changes=MIDDLE)
    assert lines(found) == [
        ("minimum", "use@2025-04-01", "3.33"),
        ("minimum", "use@2025-04-16", "6.67"),
        ("tax", "vat@2025-04-16", "1.33"),
    ]
    assert "the part of this plan, by what its floor counts" in found.explain()


def test_floor_of_a_plan_that_returns() -> None:
    """Where a plan comes back, each of its stretches has a part of its own."""
    back = (*MIDDLE, ChangePlan(at="2025-04-22", plan="a"))
    a, b = plan("a", floor("30"), **VAT), plan("b", floor("60"))
    found = bill(a, b, changes=back)
    tops = [("use@2025-04-01", "15.00"), ("use@2025-04-16", "12.00"), ("use@2025-04-22", "9.00")]
    assert lines(found) == [*[("minimum", *each) for each in tops], ("tax", "vat@2025-04-01", "4.80")]
    parts = in_parts(a, b, cuts=("2025-04-19", "2025-04-25"), changes=back)
    assert sum(each.due.amount for each in parts) == found.due.amount


def test_floor_longer_than_the_bill() -> None:
    """A floor of a quarter, topped up at its end, is taxed by the plans of the months before as well."""
    quarter = {**floor("90"), "cadence": {"unit": "month", "every": 3, "anchor": "2025-04-01"}}
    a, b = plan("a", quarter, **VAT), plan("b", quarter)
    change = (ChangePlan(at="2025-05-01", plan="b"),)
    carry, due = None, []
    for month in (4, 5, 6):
        found = bill(a, b, changes=change, period=Period.month(2025, month), carry=carry)
        carry = found.carry
        due.append(f"{found.due.amount}")
    # 30 days of 91 are the first plan's: 29.67, and a fifth of it on top.
    assert due == ["0.00", "0.00", "95.93"]


def test_floor_in_advance_over_a_change() -> None:
    """The part of a fee in advance that the change begins is due with it, at its own start."""
    lower = fee("10", bill="advance", minimum={"amount": "30"})
    found = bill(plan("a", lower), plan("b", lower, **VAT), changes=MIDDLE)
    assert [(f"{line.due:%m-%d}", f"{line.rounded}") for line in found.lines_by("minimum")] == [
        ("04-01", "10.00"),
        ("04-16", "10.00"),
    ]
    halves = in_parts(plan("a", lower), plan("b", lower, **VAT), cuts=("2025-04-21",))
    assert sum(each.due.amount for each in halves) == found.due.amount


def test_share_of_a_floor_over_a_change() -> None:
    """A share of an item has a part of the floors of its own plan; of those billed late, from there on."""
    share = {"key": "support", "price": {"model": "percent_of", "items": ["use"], "rate": "0.1"}}
    a, b = plan("a", USE, share), plan("b", floor("30"))
    assert f"{bill(a, b, changes=MIDDLE).due.amount}" == "15.00"
    a, b = plan("a", floor("30"), share), plan("b", floor("60"), share)
    assert f"{bill(a, b, changes=MIDDLE).due.amount}" == "49.50"
    assert sum(each.due.amount for each in in_parts(a, b, cuts=("2025-04-16",))) == Decimal("49.50")


def test_commitment_that_ends_with_its_plan() -> None:
    """A commitment of one plan alone is topped up where that plan ends, for its share and by its own charges."""
    a, b = plan("a", USE, commitments=[post("30")]), plan("b", USE)
    spent = {"2025-04-05": 4, "2025-04-20": 100}
    assert lines(bill(a, b, usage=spent)) == [("commitment", "c@2025-04-01", "6.00")]
    later = bill(b, a, usage={"2025-04-05": 50}, changes=[ChangePlan(at="2025-04-11", plan="a")])
    assert lines(later) == [("commitment", "c@2025-04-11", "20.00")]


def test_commitment_that_goes_on() -> None:
    """One that the next plan has as well runs on: each amount for its share, the charges of both plans."""
    a, b = plan("a", USE, commitments=[post("30")]), plan("b", USE, commitments=[post("60")])
    assert lines(bill(a, b, usage={"2025-04-05": 45})) == [("commitment", "c@2025-04-01", "5.00")]
    paid = plan("b", USE, commitments=[{"kind": "prepaid", "key": "c", "amount": "60"}])
    found = bill(a, paid, usage={"2025-04-05": 4, "2025-04-20": 50})
    assert lines(found) == [("commitment", "c@2025-04-01", "6.00"), ("prepaid", "c@2025-04-11", "-40.00")]


def test_yearly_commitment_over_a_change() -> None:
    """A yearly commitment runs over a change of plan; before the change, it is as if nobody knew."""
    year = {"unit": "year", "anchor": "2025-04-01"}
    a = plan("a", USE, commitments=[post("365", cadence=year)])
    b = plan("b", USE, commitments=[post("730", cadence=year)])
    known: list[dict[str, Any]] = [{"changes": []}, {"changes": [ChangePlan(at="2025-05-01", plan="b")]}]
    first = [bill(a, b, usage={"2025-04-05": 40}, **each) for each in known]
    assert first[0] == first[1]
    carry, due = None, 0
    for month in range(12):
        span = Period.month(2025 + (month + 3) // 12, (month + 3) % 12 + 1)
        found = bill(a, b, period=span, carry=carry, **known[1])
        carry, due = found.carry, due + int(found.due.amount)
    assert due == 30 + 335 * 2


def test_the_plan_that_holds_now() -> None:
    """A plan that comes later says nothing of what goes beyond a commitment before it."""
    year = {"unit": "year", "anchor": "2025-04-01"}
    a = plan("a", USE, commitments=[post("30", cadence=year, prorate=False)])
    b = plan("b", USE, commitments=[post("30", cadence=year, prorate=False, overage="2")])
    spent = {"2025-04-05": 40, "2025-05-05": 5}
    later = [ChangePlan(at="2025-05-01", plan="b")]
    april = bill(a, b, usage=spent, changes=later)
    assert lines(april) == []
    assert lines(bill(a, b, usage=spent, changes=later, period=MAY, carry=april.carry)) == [
        ("overage", "c@2025-05-01", "5.00")
    ]


def test_anchor_that_moves() -> None:
    """Where the anchor moves, the billing period is cut, and each part has its share of the floor."""
    own = {"cadence": {"every": 1, "unit": "month"}, "minimum": {"amount": "30"}}
    found = bill(plan("a", USE, **own), changes=[ChangeAnchor(at="2025-04-11", anchor="2025-04-21")])
    # 10 of 30 days; then 10 of the 31 days from 21 March; then 10 of 30, which goes on after the statement.
    assert lines(found) == [("minimum", "@2025-04-01", "10.00"), ("minimum", "@2025-04-11", "9.68")]
    assert found.carry is not None and found.carry.commitments == {}


def test_plans_of_another_cadence() -> None:
    """A plan with another rhythm begins periods of its own."""
    weekly = plan("b", USE, minimum={"amount": "7"}, cadence={"unit": "week", "anchor": "2025-04-07"})
    found = bill(plan("a", USE, minimum={"amount": "30"}), weekly)
    assert [(kind, amount) for kind, _, amount in lines(found)] == [
        ("minimum", amount) for amount in ("10.00", "3.00", "7.00", "7.00")
    ]


def test_nothing_is_owed_in_a_pause() -> None:
    """Time in a pause is no part of a floor, and a commitment has that much less."""
    switch = [Pause(at="2025-04-11"), Resume(at="2025-04-21")]
    floor = bill(plan("a", USE, minimum={"amount": "30"}), changes=switch)
    assert lines(floor) == [("minimum", "@2025-04-01", "20.00")]
    assert lines(bill(plan("a", USE, commitments=[post("30")]), changes=switch)) == [
        ("commitment", "c@2025-04-01", "20.00")
    ]
    whole = plan("a", USE, minimum={"amount": "30", "prorate": False})
    assert lines(bill(whole, changes=[Pause(at="2025-04-11")], period=MAY)) == []


def test_nothing_is_owed_in_a_trial() -> None:
    """A trial by time is no part of a floor."""
    trial = [{"key": "try", "trial": True, "every": 10, "unit": "day"}]
    own = {"cadence": {"every": 1, "unit": "month", "anchor": "2025-04-01"}, "phases": trial}
    assert lines(bill(plan("a", USE, minimum={"amount": "30"}, **own), changes=[])) == [
        ("minimum", "@2025-04-01", "20.00")
    ]
    # With the end of the trial as the anchor, the trial is the end of a period before.
    anchored = plan("a", USE, minimum={"amount": "30"}, phases=trial, cadence={"every": 1, "unit": "month"})
    assert lines(bill(anchored, changes=[], period=Period("2025-04-01", "2025-04-11"))) == []


def test_by_any_part() -> None:
    """Where any part of a period costs the whole, the first plan's floor is owed whole, the next adds nothing."""
    a = plan("a", USE, minimum={"amount": "30"}, proration="none")
    b = plan("b", USE, minimum={"amount": "60"}, proration="none")
    assert lines(bill(a, b)) == [("minimum", "@2025-04-01", "30.00")]


def test_before_and_after_the_service() -> None:
    """A statement without service has no line, whatever the plan states."""
    held = plan("a", USE, minimum={"amount": "30"}, discounts=[amt("5")], taxes=[{"key": "t", "rate": "0.1"}])
    for period in (Period.month(2025, 3), Period.month(2025, 6)):
        assert bill(held, changes=[Cancel(at="2025-05-01")], period=period).lines == ()


def test_discount_of_what_began_before() -> None:
    """An item of its own rhythm that is billed late is discounted by the plan each of its lines was priced under."""
    own = {"cadence": {"every": 1, "unit": "month", "anchor": "2025-03-16"}}
    a = plan("a", USE | own, discounts=[pct("0.5"), amt("4", "s")])
    b = plan("b", USE | own, discounts=[pct("0.1"), amt("4", "t")])
    found = bill(a, b, usage={"2025-04-20": 10, "2025-05-10": 20}, period=MAY,
                 changes=[ChangePlan(at="2025-05-01", plan="b")])  # fmt: skip
    assert lines(found) == [
        ("discount", "d@2025-04-01", "-5.00"), ("discount", "d@2025-05-01", "-2.00"),
        ("discount", "t@2025-05-01", "-4.00"),
    ]  # fmt: skip


VAT, LESS_VAT = ({"taxes": [{"key": "vat", "rate": rate}]} for rate in ("0.2", "0.1"))
YEARLY = fee("365", "yr", bill="advance", cadence={"unit": "year", "anchor": "2025-01-01"})


@pytest.mark.parametrize(
    ("first", "second", "made", "due"),
    [
        ({}, VAT, [("tax", "vat@2025-05-10", "47.20")], "322.20"),
        (VAT, {}, [("tax", "vat@2025-04-01", "7.80")], "282.80"),
        (LESS_VAT, VAT, [("tax", "vat@2025-04-01", "3.90"), ("tax", "vat@2025-05-10", "47.20")], "326.10"),
        ({}, {"discounts": [pct("0.1")]}, [("discount", "d@2025-05-10", "-23.60")], "251.40"),
        ({}, {"discounts": [amt("28")]}, [], "275.00"),
        ({}, {"coupons": [{"key": "c", "discount": {"kind": "percent", "rate": "0.1"}, "lasts": "forever"}]},
            [("coupon", "c@2025-05-10", "-23.60")], "251.40"),
    ],
)  # fmt: skip
def test_a_change_after_the_statement(
    first: dict[str, Any], second: dict[str, Any], made: list[tuple[str, str, str]], due: str
) -> None:
    """A fee in advance that runs into the plan after the statement has the terms of that plan for its time there."""
    a, b = plan("a", YEARLY, **first), plan("b", YEARLY, **second)
    found = bill(a, b, changes=[ChangePlan(at="2025-05-10", plan="b")], coupons=[each.key for each in b.coupons])
    assert [f"{line.rounded}" for line in found.lines_of("yr")] == ["39.00", "236.00"]
    assert (lines(found), f"{found.due.amount}") == (made, due)


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ([], "2026-01-01"),
        ([Cancel(at="2025-12-25")], "2025-12-25"),
        ([ChangePlan(at="2025-08-01", plan="a")], "2025-08-01"),
        ([ChangePlan(at="2026-08-01", plan="a")], "2026-01-01"),
    ],
)
def test_the_time_after_the_statement(more: list[Any], end: str) -> None:
    """What a plan after the statement takes of a fee in advance is of its own time, as far as the fee runs."""
    changes = [ChangePlan(at="2025-05-10", plan="b"), *more]
    (made,) = bill(plan("a", YEARLY), plan("b", YEARLY, **VAT), changes=changes).lines_by("tax")
    assert made.period == Period("2025-05-10", end)


def test_an_addon_by_the_year() -> None:
    """An add-on by the year beside fees by the month is taxed by each plan for its time, in the month it is billed."""
    addon = {"key": "more", "start": "2025-04-01", "items": [YEARLY]}
    changes = [ChangePlan(at="2025-05-10", plan="b")]
    found = bill(plan("a", **LESS_VAT), plan("b", **VAT), changes=changes, addons=[addon])
    assert lines(found) == [("tax", "vat@2025-04-01", "6.90"), ("tax", "vat@2025-05-10", "47.20")]
    assert f"{found.due.amount}" == "359.10"
