"""What a plan states across its lines runs over its billing period, however many statements bill it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ratecard.errors import MismatchError
from ratecard.periods import Period
from ratecard.plans import Carry, Catalog, Order, Plan, Subscription
from ratecard.rating import Statement, invoice, rate
from ratecard.records import UsageRecord
from tests.parts import through

MARCH, APRIL = Period.month(2025, 3), Period.month(2025, 4)
HALVES = MARCH.split("2025-03-16")
METER = {"key": "n", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}
UNIT = {"model": "per_unit", "unit_price": "1", "refunds": True}
USE = {"key": "x", "meter": "n", "price": UNIT}


def plan_of(*items: dict[str, Any], **fields: Any) -> Plan:
    """A plan of one metered item, or of these."""
    key = fields.pop("key", "p")
    return Plan.load({
        "key": key, "meters": [METER], "cards": [{"currency": "USD", "items": list(items) or [USE]}], **fields,
    })  # fmt: skip


def holder(**fields: Any) -> Subscription:
    """Who starts in March."""
    return Subscription.model_validate({"customer": "acme", "plan": "p", "start": "2025-03-01", **fields})


def used(day: int, n: int, month: int = 3) -> UsageRecord:
    """Usage on a day."""
    return UsageRecord("e", f"2025-{month:02}-{day:02}T00:00:00Z", {"n": n})


def bills(
    plan: Plan | Catalog, records: Sequence[UsageRecord], periods: Sequence[Period] = HALVES, **fields: Any
) -> list[Statement]:  # fmt: skip
    """A statement for each period, the carry through JSON text in between."""
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        fed = [each for each in records if period.contains(each.at)]
        found.append(rate(plan, holder(**fields), fed, period, carry=carry))
        assert found[-1].verify()
        carry = through(found[-1])
    return found


def dues(found: Sequence[Statement]) -> list[str]:
    """What is due of each."""
    return [str(each.due.amount) for each in found]


def off(kind: str, **fields: Any) -> dict[str, Any]:
    """A discount of a plan."""
    return {"kind": kind, "key": "d", **fields}


TIERS = off("tiered", tiers=[{"up_to": "100", "rate": "0"}, {"rate": "0.5"}])


@pytest.mark.parametrize(
    ("terms", "parts", "whole"),
    [
        ({"discounts": [off("amount", amount="30")]}, ["70.00", "100.00"], "170.00"),
        ({"discounts": [off("amount", amount="130")]}, ["0.00", "70.00"], "70.00"),
        ({"discounts": [TIERS]}, ["100.00", "50.00"], "150.00"),
        ({"discounts": [off("percent", rate="0.5", maximum="60")]}, ["50.00", "90.00"], "140.00"),
        ({"maximum": {"amount": "150"}}, ["100.00", "50.00"], "150.00"),
        ({"minimum": {"amount": "210"}}, ["100.00", "110.00"], "210.00"),
        ({"commitments": [{"kind": "postpaid", "key": "c", "amount": "250"}]}, ["100.00", "150.00"], "250.00"),
        ({"commitments": [{"kind": "prepaid", "key": "c", "amount": "120"}]}, ["0.00", "80.00"], "80.00"),
        ({"taxes": [{"key": "vat", "rate": "0.0001"}]}, ["100.01", "100.01"], "200.02"),
        ({"taxes": [{"key": "vat", "rate": "0.00005"}]}, ["100.01", "100.00"], "200.01"),
    ],
)
def test_halves_are_one_bill(terms: dict[str, Any], parts: list[str], whole: str) -> None:
    """100 and 100 in two statements come to what 200 come to in one."""
    records = [used(10, 100), used(20, 100)]
    assert dues(bills(plan_of(**terms), records)) == parts
    assert dues(bills(plan_of(**terms), records, [MARCH])) == [whole]


def test_a_price_that_falls() -> None:
    """What an earlier statement billed too much comes back with the percentage that was off."""
    falls = {"model": "volume", "tiers": [{"up_to": "100", "unit_price": "1"}, {"unit_price": "0.5"}]}
    plan = plan_of({**USE, "price": falls}, discounts=[off("percent", rate="0.2")])
    found = bills(plan, [used(10, 100), used(20, 50)])
    assert dues(found) == ["80.00", "-20.00"]
    assert [(line.kind, str(line.rounded)) for line in found[1].lines] == [("usage", "-25.00"), ("discount", "5.00")]
    assert found[1].line("d").shares == ((found[1].lines[0].key, found[1].line("d").rounded),)


def test_uses_are_of_periods() -> None:
    """A coupon that is good once is good for a whole billing period, and not for the next."""
    coupon = {"key": "C", "discount": {"kind": "percent", "rate": "0.5"}}
    plan = plan_of(coupons=[coupon])
    records = [used(10, 100), used(20, 100), used(10, 100, month=4)]
    found = bills(plan, records, [*HALVES, APRIL], coupons=["C"])
    assert dues(found) == ["50.00", "50.00", "100.00"]
    assert [[each.code for each in bill.notices] for bill in found] == [[], [], ["coupon.exhausted"]]
    assert [through(bill).coupons for bill in found] == [{"C": 1}] * 3


def test_a_statement_over_the_end_of_a_period() -> None:
    """It holds the end of one use and the beginning of the next period, in which there is none."""
    plan = plan_of(coupons=[{"key": "C", "discount": {"kind": "percent", "rate": "0.5"}}])
    cuts = Period("2025-03-01", "2025-05-01").split("2025-03-20", "2025-04-10")
    records = [used(10, 100), used(25, 100), used(5, 100, month=4), used(25, 100, month=4)]
    found = bills(plan, records, cuts, coupons=["C"])
    assert dues(found) == ["50.00", "150.00", "100.00"]
    assert [[each.code for each in bill.notices] for bill in found] == [[], [], ["coupon.exhausted"]]


def test_minimum_spend_of_a_period() -> None:
    """A coupon that counts from a sum is of all of the period once it comes to that sum, and given back below it."""
    coupon = {"key": "C", "discount": {"kind": "percent", "rate": "0.1"}, "minimum_spend": "150"}
    plan = plan_of(coupons=[coupon])
    thirds = MARCH.split("2025-03-11", "2025-03-21")
    found = bills(plan, [used(10, 100), used(20, 100), used(25, -80)], thirds, coupons=["C"])
    assert dues(found) == ["100.00", "80.00", "-60.00"]
    assert [each.code for each in found[0].notices] == ["coupon.minimum_spend"]
    assert [each.code for each in found[2].notices] == ["coupon.minimum_spend"]
    # Nothing was taken off this period in the end, so no use is spent.
    assert [through(each).coupons.get("C", 0) for each in found] == [0, 1, 0]
    (back,) = found[2].lines_by("coupon")
    assert "in earlier statements of the period" in back.explain()


def test_a_statement_without_lines() -> None:
    """A part in which nothing is used hands on what was billed, and a floor falls due at the end all the same."""
    thirds = MARCH.split("2025-03-11", "2025-03-21")
    plan = plan_of(minimum={"amount": "40"}, discounts=[off("amount", amount="30")])
    assert dues(bills(plan, [used(5, 50)], thirds)) == ["20.00", "0.00", "20.00"]


def test_a_change_of_plan_and_a_sum() -> None:
    """A sum that holds for a part of the time only is corrected when that is known, on the one line of its key."""
    sums = {"discounts": [off("amount", amount="31")]}
    other = {"discounts": [off("amount", amount="62")]}
    catalog = Catalog(plans=[plan_of(**sums), plan_of(key="q", **other)])
    change = [{"kind": "plan", "plan": "q", "at": "2025-03-11"}]
    first, second = MARCH.split("2025-03-11")
    records = [used(5, 100), used(15, 100)]
    one = rate(catalog, holder(), records[:1], first)
    two = rate(catalog, holder(changes=change), records[1:], second, carry=through(one))
    assert [str(each.amount) for each in one.lines_by("discount")] == ["-31.00 USD"]
    # 10 days of 31 cost the one sum its part, 21 days the other: -10 and -42.
    assert [str(each.amount) for each in two.lines_by("discount")] == ["-21.00 USD"]
    assert two.verify() and "part of the time" in two.line("d").explain()
    whole = rate(catalog, holder(changes=change), records, MARCH)
    assert one.due + two.due == whole.due
    assert invoice([one, two], "2025-04-01T00:00:00Z").amount == whole.due


def test_a_floor_of_an_item_and_the_plan_before() -> None:
    """What tops an item up is shared by its plans, each taxing its part, also where one was billed before."""
    item = {**USE, "minimum": {"amount": "100"}}
    vat, city = ({"taxes": [{"key": key, "rate": rate}]} for key, rate in (("vat", "0.2"), ("city", "0.1")))
    catalog = Catalog(plans=[plan_of(item, **vat), plan_of(item, key="q", **city)])
    fields: Any = {"changes": [{"kind": "plan", "plan": "q", "at": "2025-03-16"}]}
    parts = bills(catalog, [used(5, 10), used(20, 10)], **fields)
    (whole,) = bills(catalog, [used(5, 10), used(20, 10)], [MARCH], **fields)
    for key in ("vat", "city"):
        taxed = [line.rounded for each in (*parts, whole) for line in each.lines_by("tax") if line.item == key]
        assert sum(taxed[:-1]) == taxed[-1]
    assert sum(each.due.amount for each in parts) == whole.due.amount


@pytest.mark.parametrize(("preset", "due"), [("default", ["0.00", "97.00"]), ("metronome", ["0.00", "88.00"])])
def test_credits_pay_what_is_left(preset: Any, due: list[str]) -> None:
    """Credits pay what a part comes to, never more; a tax behind them is of what they leave over the whole period."""
    plan = plan_of(
        taxes=[{"key": "vat", "rate": "0.1"}], discounts=[off("amount", amount="30")],
        grants=[{"kind": "recurring", "key": "g", "amount": "90"}], order=Order.preset(preset).model_dump(),
    )  # fmt: skip
    one = rate(plan, holder(), [used(10, 100)], HALVES[0])
    two = rate(plan, holder(), [used(20, 100)], HALVES[1], carry=through(one), ledger=one.ledger)
    assert dues([one, two]) == due and one.verify() and two.verify()
    whole = rate(plan, holder(), [used(10, 100), used(20, 100)], MARCH)
    assert one.due + two.due == whole.due
    paid = [line.rounded for each in (one, two, whole) for line in each.lines_by("credits")]
    assert sum(paid[:-1]) == paid[-1] == -90


def test_credits_and_what_comes_back() -> None:
    """What is given back of an earlier part is taken off before credits pay, and a tax still to come is none of it."""
    coupon = {"key": "C", "discount": {"kind": "amount", "amount": "20"}, "minimum_spend": "50"}
    plan = plan_of(
        coupons=[coupon], taxes=[{"key": "vat", "rate": "0.1"}], order=Order.preset("metronome").model_dump(),
        grants=[{"kind": "recurring", "key": "g", "amount": "500"}],
    )  # fmt: skip
    one = rate(plan, holder(coupons=["C"]), [used(10, 60)], HALVES[0])
    two = rate(plan, holder(coupons=["C"]), [used(20, -15)], HALVES[1], carry=through(one), ledger=one.ledger)
    # 60 less 20, then 45 without it: 5 more, which credits pay as well.
    assert [(line.kind, str(line.rounded)) for line in two.lines] == [
        ("usage", "-15.00"), ("coupon", "20.00"), ("credits", "-5.00"), ("tax", "0.00"),
    ]  # fmt: skip
    assert two.verify() and dues([one, two]) == ["0.00", "0.00"]


def test_what_has_to_be_known() -> None:
    """Without the carry a sum, a maximum or a minimum spend is not guessed; a plain percentage and a tax are."""
    for terms, fields in (
        ({"discounts": [off("amount", amount="5")]}, {}),
        ({"discounts": [off("percent", rate="0.1", maximum="5")]}, {}),
        ({"coupons": [{"key": "C", "discount": {"kind": "amount", "amount": "5"}}]}, {"coupons": ["C"]}),
        (
            {"coupons": [{"key": "C", "discount": {"kind": "percent", "rate": "0.1"}, "minimum_spend": "1"}]},
            {"coupons": ["C"]},
        ),
    ):
        with pytest.raises(MismatchError) as caught:
            rate(plan_of(**terms), holder(**fields), [used(20, 100)], HALVES[1])
        assert caught.value.code == "carry.missing"
    plain = plan_of(discounts=[off("percent", rate="0.1")], taxes=[{"key": "vat", "rate": "0.1"}])
    assert str(rate(plain, holder(), [used(20, 100)], HALVES[1]).due) == "99.00 USD"


def test_a_carry_from_before() -> None:
    """A carry that does not tell what was billed begins anew, but for what it tells of bounds."""
    plan = plan_of(maximum={"amount": "150"}, discounts=[off("amount", amount="30")])
    (first, _) = bills(plan, [used(10, 190), used(20, 100)])
    told = through(first).to_json()
    assert told["commitments"] == {"maximum": "150"}
    del told["billed"]
    old = rate(plan, holder(), [used(20, 100)], HALVES[1], carry=Carry.from_json(told))
    assert dues([old]) == ["0.00"]
    assert [(line.kind, str(line.rounded)) for line in old.lines][1:] == [("discount", "-30.00"), ("maximum", "-70.00")]
    told["commitments"] = {"maximum": "200"}
    over = rate(plan, holder(), [used(20, 100)], HALVES[1], carry=Carry.from_json(told))
    assert dues([over]) == ["0.00"]


def test_nothing_is_kept_where_nothing_is_stated() -> None:
    """A plan without terms across its lines, and a period that ends with its statement, carry nothing of it."""
    assert "billed" not in through(bills(plan_of(), [used(10, 100)])[0]).to_json()
    assert (
        "billed" not in through(bills(plan_of(**{"maximum": {"amount": "9"}}), [used(10, 100)], [MARCH])[0]).to_json()
    )
    ended = bills(plan_of(maximum={"amount": "9"}), [used(10, 100)], HALVES[:1], end="2025-03-10")
    assert "billed" not in through(ended[0]).to_json()


def test_an_anchor_that_moved() -> None:
    """Where a billing period began in between, what was billed before is of the one before, also if told too late."""
    plan = plan_of(discounts=[off("amount", amount="30")], cadence={"every": 1, "unit": "month"})
    for at in ("2025-03-16", "2025-03-10"):
        first = rate(plan, holder(), [used(5, 100)], HALVES[0])
        moved = holder(changes=[{"kind": "anchor", "anchor": at, "at": at}])
        second = rate(plan, moved, [used(20, 100)], HALVES[1], carry=through(first))
        assert dues([first, second]) == ["70.00", "70.00"]
        assert dues([rate(plan, moved, [used(5, 100), used(20, 100)], MARCH)]) == ["140.00"]


CASES = {
    "key": "won", "event": "case",
    "aggregate": {
        "kind": "outcomes", "subject": "who", "result": [{"kind": "equals", "property": "is", "value": "won"}],
        "reverse": [{"kind": "equals", "property": "is", "value": "undone"}], "confirmation_hours": 96,
    },
}  # fmt: skip
WON = {"key": "o", "meter": "won", "price": {"model": "outcome", "fee": "20", "definition": "Won."}}
FEE = {"key": "f", "price": {"model": "flat", "amount": "31"}}
AWAY = [{"kind": "pause", "at": "2025-03-10"}, {"kind": "resume", "at": "2025-03-25"}]


def told_cases(*happened: tuple[int, str, str]) -> list[UsageRecord]:
    """What became of cases in March."""
    return [
        UsageRecord("case", f"2025-03-{day:02}T12:00:00Z", {"who": who, "is": what}, id=f"{who} {what}")
        for day, who, what in happened
    ]


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"discounts": [off("amount", amount="20")]}, "20.00"),
        ({"maximum": {"amount": "25"}}, "25.00"),
        ({"coupons": [{"key": "K", "discount": {"kind": "percent", "rate": "0.5"}}]}, "20.00"),
    ],
)
@pytest.mark.parametrize("cut", [19, 20, 21])
def test_outcomes_after_the_end_of_a_subscription(terms: dict[str, Any], due: str, cut: int) -> None:
    """What becomes billable after it is of the billing period it ended in, with its discounts, coupons and bounds."""
    plan = Plan.load({"key": "p", "meters": [CASES], "cards": [{"currency": "USD", "items": [WON]}], **terms})
    some = told_cases((5, "a", "won"), (18, "b", "won"))
    more = {"end": "2025-03-20", "coupons": [each["key"] for each in terms.get("coupons", ())]}
    for periods in ([MARCH], MARCH.split(f"2025-03-{cut:02}")):
        found = bills(plan, some, periods, **more)
        assert str(sum(each.due.amount for each in found)) == due
        assert "billed" not in through(found[-1]).to_json()


@pytest.mark.parametrize("cut", [10, 16, 25])
@pytest.mark.parametrize("hours", [0, 336])
def test_outcomes_of_a_pause_are_not_sold(cut: int, hours: int) -> None:
    """An outcome of a pause has no price, also for a statement that begins in the pause and holds its end."""
    waits = {**CASES["aggregate"], "confirmation_hours": hours or None}  # type: ignore[dict-item]
    plan = Plan.load({
        "key": "p", "meters": [{**CASES, "aggregate": waits}], "cards": [{"currency": "USD", "items": [WON]}],
    })  # fmt: skip
    for periods in ([MARCH], MARCH.split(f"2025-03-{cut:02}")):
        found = bills(plan, told_cases((12, "a", "won"), (20, "b", "won")), periods, changes=AWAY)
        assert [str(each.due.amount) for each in found] == ["0.00"] * len(found)


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"commitments": [{"kind": "postpaid", "key": "k", "amount": "31", "items": ["f"]}]}, "16.00"),
        ({"commitments": [{"kind": "prepaid", "key": "k", "amount": "62", "items": ["f"]}]}, "0.00"),
        ({"taxes": [{"key": "t", "rate": "0.2", "items": ["f"]}]}, "8.40"),
    ],
)
@pytest.mark.parametrize("cut", [9, 16, 25])
def test_outcomes_reversed_behind_a_pause(terms: dict[str, Any], due: str, cut: int) -> None:
    """An outcome that is reversed in its own billing period was never there, though a pause lies in between."""
    quick = {**CASES["aggregate"], "confirmation_hours": None}  # type: ignore[dict-item]
    plan = Plan.load({
        "key": "p", "meters": [{**CASES, "aggregate": quick}], "cards": [{"currency": "USD", "items": [FEE, WON]}],
        "discounts": [off("amount", amount="9")], **terms,
    })  # fmt: skip
    for periods in ([MARCH], MARCH.split(f"2025-03-{cut:02}")):
        found = bills(plan, told_cases((5, "a", "won"), (27, "a", "undone")), periods, changes=AWAY)
        assert str(sum(each.due.amount for each in found)) == due
