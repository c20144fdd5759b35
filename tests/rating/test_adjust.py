"""Discounts, coupons, the ceiling and taxes of a statement, and how they fall on its lines."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard.errors import MismatchError, UnknownKeyError
from ratecard.periods import Period
from ratecard.plans import Plan, Subscription
from ratecard.rating import Notice, rate
from ratecard.records import UsageRecord
from tests.rating._bill import METER, amt, bill, coupon, fee, lines, pct, post, pre, use


def test_discounts_of_a_plan() -> None:
    """Each makes a line that falls on those it is taken off, by largest remainder."""
    found = bill([fee("a", "1"), fee("b", "1"), fee("c", "1")], discounts=[amt("1", "d")])
    assert lines(found)[-1] == ("discount", "d", "-1.00")
    assert [str(part) for _, part in found.lines[-1].shares] == ["-0.34", "-0.33", "-0.33"]
    assert (str(found.subtotal), str(found.due)) == ("2.00 USD", "2.00 USD")


@pytest.mark.parametrize(
    ("discounts", "expected"),
    [
        ([pct("0.1", "x"), pct("0.1", "y")], ["-10.00", "-9.00"]),
        ([pct("0.1", "x", stacking="added"), pct("0.1", "y", stacking="added")], ["-10.00", "-10.00"]),
        ([pct("0.7", "x", stacking="added"), pct("0.7", "y", stacking="added")], ["-70.00", "-30.00"]),
        ([pct("0.5", "x", maximum="20")], ["-20.00"]),
        ([amt("10", "x"), pct("0.1", "y")], ["-10.00", "-10.00"]),
        ([amt("999", "x"), amt("1", "y")], ["-100.00"]),
        ([pct("0", "x"), pct("0.1", "y", items=["none"])], []),
        ([{"kind": "tiered", "key": "x", "tiers": [{"up_to": "50", "rate": "0.1"}, {"rate": "0.5"}]}], ["-30.00"]),
    ],
)
def test_each_discount_of_a_plan(discounts: list[dict[str, Any]], expected: list[str]) -> None:
    """Percentages before sums, chained or added, up to a maximum and to what there is; nothing makes no line."""
    found = bill([fee("a", "100"), fee("none", "0")], discounts=discounts)
    assert [f"{line.rounded}" for line in found.lines if line.kind == "discount"] == expected


TIERED = {"kind": "tiered", "key": "t", "tiers": [{"rate": "0.5"}]}
EVERY_KIND = [pct("0.1", "x"), pct("1", "z", stacking="added"), pct("0.5", "m", maximum="3"), amt("5", "y"), TIERED]


@pytest.mark.parametrize("discount", EVERY_KIND)
@pytest.mark.parametrize("amounts", [("-100", "0"), ("100", "-100"), ("90", "-100")])
def test_discount_of_a_credit(discount: dict[str, Any], amounts: tuple[str, str]) -> None:
    """Where what is in scope comes to 0 or less, a discount takes nothing off, and a coupon spends no use."""
    fees = [fee("a", amounts[0]), fee("b", amounts[1])]
    assert lines(bill(fees, discounts=[discount]))[2:] == []
    found = bill(fees, coupons=[coupon("c", discount)], sub={"coupons": ["c"]})
    assert lines(found)[2:] == []
    assert [each.code for each in found.notices] == ["coupon.nothing"]
    assert dict(found.carry.coupons) == {}


def test_coupon_of_a_credit_line_alone() -> None:
    """A coupon for the line of a credit alone does not become a charge, also where other lines are above 0."""
    off = coupon("c", pct("0.5", items=["cr"]))
    found = bill([fee("base", "100"), fee("cr", "-10")], coupons=[off], sub={"coupons": ["c"]})
    assert (str(found.due), [each.code for each in found.notices]) == ("90.00 USD", ["coupon.nothing"])


def test_discount_of_a_counter_below_zero() -> None:
    """Nor does one for usage that comes to less than 0."""
    found = bill([use("-1")], "5", discounts=[pct("0.5", "x"), amt("1", "y"), TIERED])
    assert lines(found) == [("usage", "use", "-5.00")]


@pytest.mark.parametrize(
    ("discount", "shares", "tax"),
    [
        (pct("1", "x"), ["-100.00", "10.00"], "0.00"),
        (pct("1", "x", stacking="added"), ["-100.00", "10.00"], "0.00"),
        (pct("0.5", "x"), ["-50.00", "5.00"], "10.00"),
        (pct("0.333", "x"), ["-33.30", "3.33"], "13.34"),
        (pct("0.5", "x", maximum="9"), ["-10.00", "1.00"], "18.00"),
        ({"kind": "tiered", "key": "t", "tiers": [{"rate": "1"}]}, ["-100.00", "10.00"], "0.00"),
        (amt("90", "y"), ["-90.00"], "2.00"),
    ],
)
def test_discount_beside_a_credit(discount: dict[str, Any], shares: list[str], tax: str) -> None:
    """A percentage is of each line, of a credit as well; a sum is taken off what is above 0."""
    taxes = [{"key": "v", "rate": "0.2", "items": ["base"]}]
    found = bill([fee("base", "100"), fee("cr", "-10")], discounts=[discount], taxes=taxes)
    assert found.verify()
    assert [str(part) for _, part in found.lines_by("discount")[0].shares] == shares
    assert str(found.lines_by("tax")[0].rounded) == tax


@pytest.mark.parametrize(
    ("coupons", "brought", "amounts", "told"),
    [
        ([coupon("a", pct("0.1"))], ["a"], ["-10.00"], []),
        ([coupon("a", pct("0.1")), coupon("b", amt("5"))], ["b", "a"], ["-10.00", "-5.00"], []),
        ([coupon("a", pct("0.1"), stacks=False), coupon("b", amt("5"))], ["a", "b"], ["-10.00"], ["coupon.alone"]),
        ([coupon("a", pct("0.1"), stacks=False), coupon("b", amt("5"))], ["b", "a"], ["-5.00"], ["coupon.alone"]),
        ([coupon("a", pct("0.1"), minimum_spend="100")], ["a"], ["-10.00"], []),
        ([coupon("a", pct("0.1"), minimum_spend="100.01")], ["a"], [], ["coupon.minimum_spend"]),
        ([coupon("a", pct("0.1", items=["none"]))], ["a"], [], ["coupon.nothing"]),
        ([coupon("a", pct("0.1"))], [], [], []),
    ],
)
def test_coupons(coupons: list[dict[str, Any]], brought: list[str], amounts: list[str], told: list[str]) -> None:
    """A coupon that counts makes a line; one that doesn't is told with the reason."""
    found = bill([fee("a", "100"), fee("none", "0")], coupons=coupons, sub={"coupons": brought})
    assert [f"{line.rounded}" for line in found.lines_by("coupon")] == amounts
    assert [each.code for each in found.notices] == told
    assert all(str(each) in found.explain() for each in found.notices)
    assert found.carry is not None
    assert sum(found.carry.coupons.values()) == len(amounts)


def test_coupons_in_another_currency() -> None:
    """A coupon without an amount in the subscription's currency is told, and not used."""
    cards = [{"currency": code, "items": [fee("a", "100")]} for code in ("USD", "EUR")]
    coupons = [coupon("a", amt("0") | {"amount": {"USD": "5"}}), coupon("b", pct("0.1"), minimum_spend={"USD": "5"})]
    found = bill([], cards=cards, coupons=coupons, sub={"coupons": ["a", "b"], "currency": "EUR"})
    assert [each.code for each in found.notices] == ["coupon.currency"] * 2
    used = bill([], cards=cards, coupons=coupons, sub={"coupons": ["a", "b"], "currency": "USD"})
    assert [f"{line.rounded}" for line in used.lines_by("coupon")] == ["-10.00", "-5.00"]


def test_exhausted_coupon() -> None:
    """A coupon whose uses are spent is told by the statement that would have used it."""
    coupons = [coupon("a", pct("0.1"))]
    first = bill([fee("a", "100")], coupons=coupons, sub={"coupons": ["a"]})
    second = bill(
        [fee("a", "100")], coupons=coupons, sub={"coupons": ["a"]}, carry=first.carry, period=Period.month(2025, 2)
    )
    told = Notice("coupon.exhausted", "a", "not used: all 1 of its uses are spent")
    assert (second.notices, hash(second.notices[0])) == ((told,), hash(told))
    assert (str(told), repr(told)) == (f"a: {told.text}", f"<Notice a: {told.text}>")
    assert Notice("a", "b", "c").__eq__(1) is NotImplemented


def test_unknown_coupon() -> None:
    """A coupon that the plan doesn't have is refused where the statement would use it."""
    with pytest.raises(UnknownKeyError) as caught:
        bill([fee("a", "100")], sub={"coupons": ["x"]})
    assert caught.value.code == "key.unknown"


def test_plan_bounds() -> None:
    """The ceiling takes off what is above it, the floor tops up what is missing, each after discounts."""
    assert lines(bill([fee("a", "100")], maximum={"amount": "60"}))[1:] == [("maximum", "", "-40.00")]
    assert lines(bill([fee("a", "60")], maximum={"amount": "60"})) == [("fee", "a", "60.00")]
    found = bill([fee("a", "100")], discounts=[pct("0.5", "d")], minimum={"amount": "60"})
    assert lines(found)[1:] == [("discount", "d", "-50.00"), ("minimum", "", "10.00")]
    assert lines(bill([fee("a", "60")], minimum={"amount": "60"})) == [("fee", "a", "60.00")]


def test_bounds_over_several_periods() -> None:
    """A statement of two months has the bounds of each month, on lines of their own."""
    both = Period("2025-01-01", "2025-03-01")
    found = bill([fee("a", "10")], minimum={"amount": "15"}, period=both)
    assert lines(found)[2:] == [("minimum", "", "5.00")] * 2
    cut = bill([fee("a", "10")], maximum={"amount": "8"}, period=both)
    assert lines(cut)[2:] == [("maximum", "", "-2.00")] * 2


def test_bounds_inside_a_period() -> None:
    """Statements of parts of a month have one floor and one ceiling among them, by what the carry tells."""
    first, second = Period("2025-01-01", "2025-01-16"), Period("2025-01-16", "2025-02-01")
    start = bill([use()], "80", maximum={"amount": "100"}, minimum={"amount": "90"}, period=first)
    assert start.carry is not None
    assert (lines(start), start.carry.commitments) == ([("usage", "use", "80.00")], {"maximum": "80", "minimum": "80"})
    told = {"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": [use()]}]}
    acme = Subscription(customer="acme", plan="p", start="2025-01-01")
    for more, expected in (("30", ["30.00", "-10.00"]), ("5", ["5.00", "5.00"]), ("20", ["20.00"])):
        plan = Plan.load({**told, "maximum": {"amount": "100"}, "minimum": {"amount": "90"}})
        rest = rate(
            plan, acme, [UsageRecord("e", "2025-01-20T00:00:00Z", {"n": more}, id="x")], second, carry=start.carry
        )
        assert rest.verify()
        assert [f"{line.rounded}" for line in rest.lines] == expected
    lower = Plan.load({**told, "maximum": {"amount": "50"}})
    rest = rate(lower, acme, [UsageRecord("e", "2025-01-20T00:00:00Z", {"n": "5"}, id="x")], second, carry=start.carry)
    # A lower ceiling is of the whole period: 50 of the 85.
    assert [f"{line.rounded}" for line in rest.lines] == ["5.00", "-35.00"]
    with pytest.raises(MismatchError) as caught:
        rate(lower, acme, [UsageRecord("e", "2025-01-20T00:00:00Z", {"n": "5"}, id="x")], second)
    assert caught.value.code == "carry.missing"


def test_taxes() -> None:
    """Rates add up, each rounded once, and falls on the lines; a rate with items is on those alone."""
    taxes = [
        {"key": "x", "rate": "0.1"},
        {"key": "y", "rate": "0.05", "items": ["b"]},
        {"key": "z", "rate": "1", "items": ["gone"]},
    ]
    cards = [
        {"currency": "USD", "items": [fee("a", "10"), fee("b", "5.55")]},
        {"currency": "EUR", "items": [fee("gone", "1")]},
    ]
    found = bill([], cards=cards, taxes=taxes, sub={"currency": "USD"})
    assert lines(found)[2:] == [("tax", "x", "1.56"), ("tax", "y", "0.28")]
    assert (str(found.subtotal), str(found.total), str(found.due)) == ("15.55 USD", "17.39 USD", "17.39 USD")
    assert [str(part) for _, part in found.lines[2].shares] == ["1.00", "0.56"]


def test_included_taxes() -> None:
    """Tax that amounts hold is shown and adds nothing: gross x rate / (1 + the sum of the rates on it)."""
    taxes = [
        {"key": "x", "rate": "0.1", "included": True},
        {"key": "y", "rate": "0.05", "included": True, "items": ["b"]},
    ]
    found = bill([fee("a", "11"), fee("b", "11.5")], taxes=taxes)
    assert lines(found)[2:] == [("included_tax", "x", "2.00"), ("included_tax", "y", "0.50")]
    assert str(found.subtotal) == str(found.due) == "22.50 USD"


def test_tax_of_a_credit() -> None:
    """What is given back is given back with its tax; the shares fall on what is below zero."""
    found = bill([fee("a", "-10"), fee("b", "4")], taxes=[{"key": "x", "rate": "0.5"}])
    assert lines(found)[2:] == [("tax", "x", "-3.00")]
    assert [str(part) for _, part in found.lines[2].shares] == ["-3.00"]


def test_tax_of_what_tops_up() -> None:
    """A tax with items is also on what tops those items up, and not on the floor of the whole."""
    taxes = [{"key": "x", "rate": "0.1", "items": ["a"]}, {"key": "y", "rate": "0.1"}]
    found = bill([fee("a", "10", minimum={"amount": "20"})], minimum={"amount": "50"}, taxes=taxes)
    assert lines(found)[-2:] == [("tax", "x", "2.00"), ("tax", "y", "5.00")]
    scoped = bill([fee("a", "10")], commitments=[post("c", "20", items=["a"])], taxes=taxes)
    assert lines(scoped)[-2:] == [("tax", "x", "2.00"), ("tax", "y", "2.00")]


def test_tax_after_prepaid_draws() -> None:
    """Prepaid money was taxed when it was sold, so what it pays is not in the base."""
    found = bill([fee("a", "100")], commitments=[pre("c", "60")], taxes=[{"key": "x", "rate": "0.1"}])
    assert (str(found.subtotal), str(found.total)) == ("100.00 USD", "44.00 USD")


def test_what_a_share_reads() -> None:
    """A price that is a share of another item reads its amount after that item's stages."""
    share = {"key": "share", "price": {"model": "percent_of", "items": ["a"], "rate": "0.1"}}
    found = bill([fee("a", "100", discounts=[pct("0.5")], minimum={"amount": "80"}), share])
    assert lines(found) == [("fee", "a", "50.00"), ("minimum", "a", "30.00"), ("fee", "share", "8.00")]


@pytest.mark.parametrize(
    ("first", "fees", "shares", "tax"),
    [
        ("0.5", ["100", "100"], ["-10.00", "-10.00"], "9.00"),
        ("0.95", ["100", "100"], ["-5.00", "-15.00"], "8.50"),
        ("1", ["100", "100"], ["-20.00"], "8.00"),
        ("0.95", ["100", "100", "40"], ["-5.00", "-13.57", "-5.43"], "8.64"),
        ("0.5", ["100", "100", "-20"], ["-10.00", "-10.00", "2.00"], "9.00"),
        # As much as that is no more there: by what is left of each.
        ("0.95", ["100", "100", "-20"], ["-1.06", "-21.18", "4.24"], "7.88"),
    ],
)
def test_added_falls_by_what_each_began_with(first: str, fees: list[str], shares: list[str], tax: str) -> None:
    """What a percentage of the beginning takes off, each line bears by what it began with, as far as it has it left."""
    found = bill(
        [fee(key, amount) for key, amount in zip("abc", fees, strict=False)],
        discounts=[pct(first, "d", items=["a"]), pct("0.1", "e", stacking="added")],
        taxes=[{"key": "v", "rate": "0.1", "items": ["b"]}],
    )
    assert [str(part) for _, part in found.lines_by("discount")[1].shares] == shares
    assert str(found.lines_by("tax")[0].amount.amount) == tax
