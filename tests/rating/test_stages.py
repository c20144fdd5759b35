"""The stages of money: each on its own, and where one begins where another ends."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from ratecard._numbers import text
from ratecard.errors import MismatchError, UnknownKeyError
from ratecard.periods import Period
from ratecard.plans import Cancel, Order, Plan, Subscription, resolve
from ratecard.plans._order import Preset
from ratecard.rating import Notice, Statement, charge, invoice, measure, rate, settle
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
METER: dict[str, Any] = {"key": "m", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}


def fee(key: str, amount: str, **fields: Any) -> dict[str, Any]:
    """A fee in plain form."""
    return {"key": key, "price": {"model": "flat", "amount": amount}, **fields}


def use(price: str = "1", **fields: Any) -> dict[str, Any]:
    """A metered item in plain form."""
    return {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": price}, **fields}


def pct(rate: str, key: str = "", **fields: Any) -> dict[str, Any]:
    """A percentage off in plain form."""
    return {"kind": "percent", "key": key, "rate": rate, **fields}


def amt(amount: str, key: str = "", **fields: Any) -> dict[str, Any]:
    """A sum off in plain form."""
    return {"kind": "amount", "key": key, "amount": amount, **fields}


def bill(
    items: Sequence[dict[str, Any]],
    *usage: str | tuple[str, str],
    period: Period = JANUARY,
    carry: Any = None,
    sub: dict[str, Any] | None = None,
    **fields: Any,
) -> Statement:
    """The statement of a plan, with records on the tenth; it proves itself, and comes back from its JSON."""
    told = {"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": list(items)}], **fields}
    acme = Subscription.model_validate({"customer": "acme", "plan": "p", "start": "2025-01-01", **(sub or {})})
    rows = [each if isinstance(each, tuple) else (each, "") for each in usage]
    records = [
        UsageRecord("e", period.start.replace(day=10), {"n": n, "g": group}, id=f"{period.start}{index}")
        for index, (n, group) in enumerate(rows)
    ]
    found = rate(Plan.load(told), acme, records, period, carry=carry)
    assert found.verify()
    again = Statement.from_json(json.loads(found.dumps()))
    assert (again, again.dumps(), again.verify()) == (found, found.dumps(), True)
    assert all(line.headline() in found.explain() for line in found.lines)
    return found


def lines(found: Statement) -> list[tuple[str, str, str]]:
    """Kind, item and amount of each line."""
    return [(line.kind, line.item, f"{line.rounded}") for line in found.lines]


def test_discounts_of_an_item() -> None:
    """Percentages come off before sums, and the line shows each step; the amount is exact until it is rounded."""
    found = bill([use("0.333", discounts=[amt("1"), pct("0.1")])], "100")
    assert lines(found) == [("usage", "use", "28.97")]
    assert text(found.line("use").exact) == "28.97"
    assert "0.1 off: 33.3 x 0.9 = 29.97" in found.explain()


@pytest.mark.parametrize(
    ("discounts", "usage", "expected"),
    [
        ([pct("0.1"), pct("0.1")], "100", "81.00"),
        ([pct("0.1", stacking="added"), pct("0.1", stacking="added")], "100", "80.00"),
        ([pct("0.6", stacking="added"), pct("0.6", stacking="added")], "100", "0.00"),
        ([pct("0.6", stacking="added"), pct("0.6", stacking="added")], "-100", "0.00"),
        ([pct("0")], "100", "100.00"),
        ([pct("0.5", maximum="20")], "100", "80.00"),
        ([pct("0.1", maximum="20")], "100", "90.00"),
        ([amt("30")], "20", "0.00"),
        ([amt("30")], "-20", "-20.00"),
        ([{"kind": "tiered", "tiers": [{"up_to": "50", "rate": "0"}, {"rate": "0.5"}]}], "100", "75.00"),
        ([{"kind": "tiered", "tiers": [{"up_to": "50", "rate": "0.5"}, {"rate": "0.1"}]}], "50", "25.00"),
        ([{"kind": "tiered", "tiers": [{"rate": "0.5"}]}], "-10", "-10.00"),
        ([{"kind": "usage", "units": "5"}], "20", "15.00"),
        ([{"kind": "usage", "units": "5"}], "3", "0.00"),
    ],
)
def test_each_discount_of_an_item(discounts: list[dict[str, Any]], usage: str, expected: str) -> None:
    """Each kind takes off what it says, and never more than there is."""
    price = {"model": "per_unit", "unit_price": "1", "refunds": True}
    found = bill([use(discounts=discounts) | {"price": price}], usage)
    assert [f"{line.rounded}" for line in found.lines] == [expected]


def test_discounts_of_groups() -> None:
    """A sum off an item with groups falls on them in proportion, and their rounded lines add up to the whole."""
    found = bill([use(each=["g"], discounts=[amt("1")])], ("10", "a"), ("10", "b"), ("10", "c"))
    assert [f"{line.rounded}" for line in found.lines] == ["9.67", "9.67", "9.66"]
    assert str(found.due) == "29.00 USD"
    some = bill([use(each=["g"], discounts=[amt("1")])], ("10", "a"), ("0", "b"))
    assert [f"{line.rounded}" for line in some.lines] == ["9.00", "0.00"]
    shown = bill([use(split=["g"], discounts=[pct("0.5")])], ("0.01", "a"), ("0.01", "b"), ("0.01", "c"), ("0.01", "d"))
    assert str(shown.due) == "0.02 USD"


def test_rounded_with_the_statement() -> None:
    """Where the statement is rounded as a whole, the lines of an item wait for that."""
    found = bill(
        [use(each=["g"], discounts=[amt("1")]), fee("f", "0.5")], ("10", "a"), ("10", "b"), rounding_at="statement"
    )
    assert str(found.due) == "19.50 USD"


def test_item_bounds() -> None:
    """A floor makes a line of its own, also where nothing was used; a ceiling takes off what is above it."""
    assert lines(bill([use(minimum={"amount": "90"})])) == [("usage", "use", "0.00"), ("minimum", "use", "90.00")]
    assert lines(bill([use(minimum={"amount": "90"})], "90")) == [("usage", "use", "90.00")]
    assert lines(bill([use(maximum={"amount": "90"})], "91")) == [("usage", "use", "90.00")]
    assert lines(bill([use(maximum={"amount": "90"})], "90")) == [("usage", "use", "90.00")]
    grouped = bill([use(each=["g"], minimum={"amount": "5"})])
    assert lines(grouped) == [("minimum", "use", "5.00")]
    both = bill([use(each=["g"], minimum={"amount": "30", "per": "group"})], ("10", "a"), ("40", "b"))
    assert lines(both) == [("usage", "use", "10.00"), ("usage", "use", "40.00"), ("minimum", "use", "20.00")]
    assert both.lines[-1].group == (("g", "a"),)


def test_line_of_an_item_with_a_floor() -> None:
    """Asking for an item's line gives its price's own, and the rest by its kind or its key."""
    found = bill([use(minimum={"amount": "90"})], "10")
    assert str(found.line("use").amount) == "10.00 USD"
    (floor,) = found.lines_by("minimum")
    assert found.line(floor.key) is floor
    assert floor.key == "[minimum]use@2025-01-01T00:00:00Z"
    assert [line.kind for line in found.lines_of("use")] == ["usage", "minimum"]


def test_bounds_of_a_part() -> None:
    """Minimums follow the share of the period, maximums are whole; a field turns either round."""
    half: dict[str, Any] = {"sub": {"start": "2025-01-17"}, "proration": "second"}
    assert lines(bill([use(minimum={"amount": "31"})], **half))[-1] == ("minimum", "use", "15.00")
    assert lines(bill([use(minimum={"amount": "31", "prorate": False})], **half))[-1] == ("minimum", "use", "31.00")
    late = Period("2025-01-01", "2025-02-01")
    price = {"price": {"model": "flat", "amount": "31"}, "prorate": "none"}
    assert lines(bill([fee("f", "0") | price | {"maximum": {"amount": "20"}}], period=late, **half)) == [
        ("fee", "f", "20.00")
    ]
    cut = bill([fee("f", "0") | price | {"maximum": {"amount": "31", "prorate": True}}], period=late, **half)
    assert lines(cut) == [("fee", "f", "31.00")]
    assert lines(bill([use()], minimum={"amount": "31"}, **half))[-1] == ("minimum", "", "15.00")


def test_minimum_in_advance() -> None:
    """A fee in advance with a floor is due at its start, and so is what tops it up."""
    found = bill([fee("f", "5", bill="advance", minimum={"amount": "8"})])
    assert [line.due for line in found.lines] == [JANUARY.start] * 2


def test_cards_that_differ() -> None:
    """Each card's own percentage is taken off its part, a sum and a floor in parts by time; the last ceiling holds."""

    def cards(first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"currency": "USD", "items": [use(**first)]},
            {"currency": "USD", "effective": "2025-01-05", "items": [use(**second)]},
        ]

    told = bill([], "10", cards=cards({}, {"discounts": [pct("0.5")]}))
    assert lines(told) == [("usage", "use", "0.00"), ("usage", "use", "5.00")]
    told = bill([], "100", cards=cards({"discounts": [amt("31")]}, {"discounts": [amt("62")]}))
    assert lines(told) == [("usage", "use", "0.00"), ("usage", "use", "46.00")]
    told = bill([], "0", cards=cards({"minimum": {"amount": "31"}}, {"minimum": {"amount": "62"}}))
    assert lines(told)[-1] == ("minimum", "use", "58.00")
    told = bill([], "0", cards=cards({"minimum": {"amount": "31"}}, {}))
    assert lines(told)[-1] == ("minimum", "use", "4.00")
    told = bill([], "99", cards=cards({"maximum": {"amount": "31"}}, {}))
    assert lines(told) == [("usage", "use", "0.00"), ("usage", "use", "99.00")]
    told = bill([], "0", cards=cards({}, {"minimum": {"amount": "31"}}))
    assert lines(told)[-1] == ("minimum", "use", "27.00")
    none = bill([], "0", cards=cards({"discounts": [amt("1")]}, {"discounts": [amt("2")]}), sub={"end": "2025-01-01"})
    assert none.lines == ()


def test_carried_remainders() -> None:
    """What rounding left of a discounted line goes into the next period once, whole."""
    first = bill([use("0.01", discounts=[pct("0.5")], minimum={"amount": "0"})], "1", carry_remainders=True)
    assert first.carry is not None
    assert first.carry.remainders == {"use": "-0.005"}
    again = bill(
        [use("0.01", discounts=[pct("0.5")], minimum={"amount": "0"})], "1",
        carry_remainders=True, carry=first.carry, period=Period.month(2025, 2),
    )  # fmt: skip
    assert (str(first.due), str(again.due)) == ("0.01 USD", "0.00 USD")


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


def coupon(key: str, discount: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A coupon in plain form."""
    return {"key": key, "discount": discount, **fields}


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


def post(key: str, amount: str, **fields: Any) -> dict[str, Any]:
    """A promise to spend in plain form."""
    return {"kind": "postpaid", "key": key, "amount": amount, **fields}


def pre(key: str, amount: str, **fields: Any) -> dict[str, Any]:
    """Money paid before in plain form."""
    return {"kind": "prepaid", "key": key, "amount": amount, **fields}


@pytest.mark.parametrize(
    ("commitments", "usage", "expected"),
    [
        ([post("c", "50")], "30", [("commitment", "c", "20.00")]),
        ([post("c", "50")], "60", []),
        ([post("c", "50", true_up=False)], "30", []),
        ([post("c", "50", overage="1.5")], "60", [("overage", "c", "5.00")]),
        ([post("c", "50", overage="0")], "60", [("overage", "c", "-10.00")]),
        ([post("a", "20"), post("b", "50", overage="2")], "80", [("overage", "b", "10.00")]),
        ([post("a", "20", overage="2", priority=1), post("b", "50")], "60", [("commitment", "a", "10.00")]),
        ([post("a", "20", items=["none"])], "60", [("commitment", "a", "20.00")]),
        ([pre("c", "50")], "30", [("prepaid", "c", "-30.00")]),
        ([pre("c", "50")], "80", [("prepaid", "c", "-50.00")]),
        ([pre("c", "50", overage="2")], "80", [("overage", "c", "30.00"), ("prepaid", "c", "-50.00")]),
        ([pre("c", "50", items=["none"])], "80", []),
        ([post("a", "20"), pre("c", "50", priority=1)], "30", [("prepaid", "c", "-10.00")]),
        ([post("a", "20")], "-5", [("commitment", "a", "20.00")]),
    ],
)
def test_commitments(commitments: list[dict[str, Any]], usage: str, expected: list[tuple[str, str, str]]) -> None:
    """Charges fill them by priority, each once; what is beyond costs its factor, what is missing is billed."""
    price = {"price": {"model": "per_unit", "unit_price": "1", "refunds": True}}
    found = bill([use() | price, fee("none", "0")], usage, commitments=commitments)
    assert [each for each in lines(found) if each[0] not in ("usage", "fee")] == expected


def test_credits_count_towards_commitments() -> None:
    """A line below zero is taken off what the others bring."""
    found = bill([fee("a", "50"), fee("b", "-20")], commitments=[post("c", "40")])
    assert lines(found)[-1] == ("commitment", "c", "10.00")


@pytest.mark.parametrize("keys", list(itertools.permutations(["f", "g", "back"])))
def test_a_credit_outside_a_commitment(keys: tuple[str, ...]) -> None:
    """A credit that is outside the items of all commitments takes nothing of them, wherever it stands on the card."""
    amounts = {"f": "100", "g": "150", "back": "-40"}
    both = [post("cf", "100", items=["f"]), post("cg", "100", items=["g"])]
    assert str(bill([fee(key, amounts[key]) for key in keys], commitments=both).due) == "210.00 USD"
    some = [post("cf", "100", items=["back", "f"]), post("cg", "100", items=["g"])]
    assert str(bill([fee(key, amounts[key]) for key in keys], commitments=some).due) == "250.00 USD"


@pytest.mark.parametrize("keys", list(itertools.permutations(["f", "g", "back"])))
@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        # The credit is g's alone to bear: f fills the narrow one with what the wide one has no room for.
        ("100", "100", [("commitment", "narrow", "40.00")]),
        ("60", "100", []),
        ("60", "70", [("overage", "narrow", "30.00")]),
        # It is no matter of the narrow one, which counts all of f that the wide one left for it.
        ("10", "100", [("overage", "wide", "50.00")]),
    ],
)
def test_a_credit_inside_one_of_two(
    keys: tuple[str, ...], wide: str, narrow: str, expected: list[tuple[str, str, str]]
) -> None:
    """A credit lowers what those commitments count that have its item, first by charges that no other one has."""
    amounts = {"f": "100", "g": "100", "back": "-40"}
    both = [post("wide", wide, overage="2"), post("narrow", narrow, items=["f"], overage="2", priority=1)]
    found = bill([fee(key, amounts[key]) for key in keys], commitments=both)
    assert [each for each in lines(found) if each[0] != "fee"] == expected


def test_a_credit_that_one_of_two_knows_of() -> None:
    """Of a charge that both have, the one that has the credit as well counts what it leaves, and the other the rest."""
    both = [post("wide", "100"), post("narrow", "100", items=["f"], priority=1)]
    found = bill([fee("f", "100"), fee("back", "-40")], commitments=both)
    assert lines(found)[2:] == [("commitment", "wide", "40.00"), ("commitment", "narrow", "60.00")]
    drawn = bill([fee("f", "100"), fee("back", "-40")], commitments=[post("c", "30"), pre("d", "90", priority=1)])
    assert lines(drawn)[2:] == [("prepaid", "d", "-30.00")]


def test_overage_at_list() -> None:
    """What goes beyond a commitment is priced by its factor on the list amount, without the discount."""
    found = bill([fee("a", "100", discounts=[pct("0.5")])], commitments=[post("c", "30", overage="1.2")])
    assert lines(found)[1:] == [("overage", "c", "28.00")]
    plain = bill([fee("a", "100")], discounts=[pct("0.5", "d")], commitments=[post("c", "30", overage="1.2")])
    assert lines(plain)[2:] == [("overage", "c", "28.00")]


@pytest.mark.parametrize(
    ("item", "fields", "expected"),
    [
        # Cut to 50, and 40 of it are beyond, at 50 a line of 50.
        ({"maximum": {"amount": "50"}}, {}, "90.00"),
        ({}, {"maximum": {"amount": "50"}}, "90.00"),
        ({}, {"guards": [{"kind": "cap", "spend": "50", "mode": "soft", "item": "use"}]}, "90.00"),
        # Half of it off is 50; without that it is 60, cut by the ceiling: 40 beyond are 48 at list.
        ({"discounts": [pct("0.5")], "maximum": {"amount": "60"}}, {}, "106.00"),
        ({}, {"discounts": [pct("0.5", "d")], "maximum": {"amount": "60"}}, "106.00"),
        # Both cut: nothing is undone.
        ({"discounts": [pct("0.4")], "maximum": {"amount": "50"}}, {}, "90.00"),
        ({}, {"discounts": [pct("0.4", "d")], "maximum": {"amount": "50"}}, "90.00"),
        # A ceiling that reaches neither: 40 beyond are 80 at list.
        ({"discounts": [pct("0.5")], "maximum": {"amount": "100"}}, {}, "170.00"),
        ({}, {"discounts": [pct("0.5", "d")], "maximum": {"amount": "100"}}, "170.00"),
    ],
)
def test_overage_under_a_ceiling(item: dict[str, Any], fields: dict[str, Any], expected: str) -> None:
    """What a ceiling cut away stays cut where overage is priced without discounts."""
    found = bill([use(**item)], "100", commitments=[post("c", "10", overage="2")], **fields)
    assert f"{found.due.amount}" == expected


@pytest.mark.parametrize("off", [[pct("0.5")], []])
@pytest.mark.parametrize("most", ["30", "60", "90", "140", "500"])
@pytest.mark.parametrize("usage", [("20", "100"), ("100", "20"), ("200", "0"), ("0", "200"), ("120", "-80")])
def test_overage_under_a_ceiling_in_parts(off: list[dict[str, Any]], most: str, usage: tuple[str, str]) -> None:
    """The ceiling of an item holds at list over the whole of a period, also where it is billed in two statements."""
    item = {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": "1", "refunds": True}}
    item |= {"discounts": off, "maximum": {"amount": most}}
    told = {"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": [item]}]}
    plan = Plan.load({**told, "commitments": [post("c", "10", overage="2")]})
    acme = plan.subscribe("acme", start="2025-01-01")
    records = [
        UsageRecord("e", f"2025-01-{day}T00:00:00Z", {"n": n}) for day, n in zip((10, 20), usage, strict=True)
    ]  # fmt: skip
    carry, due = None, Decimal(0)
    for part in JANUARY.split("2025-01-16"):
        found = rate(plan, acme, [each for each in records if part.contains(each.at)], part, carry=carry)
        assert found.verify()
        carry, due = found.carry, due + found.due.amount
    assert due == rate(plan, acme, records, JANUARY).due.amount


def test_several_floors_give_the_largest() -> None:
    """A true-up counts towards the floors after it."""
    floors: dict[str, Any] = {"commitments": [post("c", "60")], "minimum": {"amount": "80"}}
    found = bill([use(minimum={"amount": "40"})], "30", **floors)
    assert str(found.due) == "80.00 USD"
    assert str(bill([use(minimum={"amount": "90"})], "30", **floors).due) == "90.00 USD"


def test_true_up_that_rounds_to_nothing() -> None:
    """A factor that changes less than a cent makes no line."""
    found = bill([fee("a", "0.01")], commitments=[post("c", "0", overage="1.1")])
    assert lines(found) == [("fee", "a", "0.01")]


def test_prepaid_over_months() -> None:
    """A year's prepaid money is drawn month by month, and what is left lapses at its end."""
    year = {"unit": "year"}
    carry, left = None, []
    for month in (1, 2, 3):
        found = bill(
            [use()], "40", commitments=[pre("c", "100", cadence=year)], carry=carry, period=Period.month(2025, month)
        )
        carry = found.carry
        assert carry is not None
        left.append((str(found.due), carry.commitments.get("commitment c")))
    assert left == [("0.00 USD", "40"), ("0.00 USD", "80"), ("20.00 USD", "100")]


def test_commitment_that_starts_inside() -> None:
    """Lines before and after the boundary of a commitment's own year count in the year they start in."""
    own = {"every": 1, "unit": "month", "anchor": "2025-01-15"}
    items = [use() | {"cadence": {"every": 1, "unit": "month", "anchor": "2025-01-15"}}]
    found = bill(items, "40", commitments=[post("c", "100", cadence=own, prorate=False)], sub={"start": "2025-01-15"})
    assert found.carry is not None
    assert found.carry.commitments == {}
    assert found.lines == ()


def test_commitment_and_fees_that_begin_later() -> None:
    """A fee in advance counts in the year it begins in, also the part of it that begins after the statement."""
    quarter = {"unit": "month", "every": 3, "anchor": "2025-01-01"}
    yearly = post("c", "700", cadence={"unit": "year", "anchor": "2025-01-01"})
    cards = [
        {"currency": "USD", "items": [fee("y", "900", cadence=quarter, bill="advance")]},
        {"currency": "USD", "items": [fee("y", "600", cadence=quarter, bill="advance")], "effective": "2025-02-01"},
    ]
    plan = Plan.load({"key": "p", "cards": cards, "commitments": [{**yearly, "overage": "2"}]})
    found = rate(plan, plan.subscribe("acme", start="2025-01-01"), [], JANUARY)
    assert lines(found) == [("fee", "y", "310.00"), ("fee", "y", "393.33"), ("overage", "c", "3.33")]
    assert found.carry is not None
    assert found.carry.commitments == {"commitment c": "700"}


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


@pytest.mark.parametrize(
    ("preset", "mixed", "floor", "paid"),
    [
        ("default", "65.00", "90.00", "0.00"),
        ("stripe", "67.50", "90.00", "0.00"),
        ("orb", "67.50", "90.00", "0.00"),
        ("metronome", "65.00", "90.00", "0.00"),
        ("zuora", "65.00", "80.00", "8.00"),
        ("lago", "67.50", "90.00", "8.00"),
        ("openmeter", "65.00", "90.00", "0.00"),
    ],
)
def test_presets_differ(preset: Preset, mixed: str, floor: str, paid: str) -> None:
    """
    The same terms under each vendor: a sum and a percentage; a percentage and an item's floor; prepaid and tax.

    Orb takes the sum first, those with one list take it as listed, the rest the percentage; Zuora clamps a charge
    before it is discounted; at Zuora and Lago what was paid before leaves the tax as it is.
    """
    order = Order.preset(preset).model_dump()
    first = bill([fee("a", "100", discounts=[amt("25"), pct("0.1")])], order=order)
    second = bill([fee("a", "100", discounts=[pct("0.2")], minimum={"amount": "90"})], order=order)
    third = bill([fee("a", "100")], commitments=[pre("c", "100")], taxes=[{"key": "t", "rate": "0.08"}], order=order)
    assert [str(each.due).partition(" ")[0] for each in (first, second, third)] == [mixed, floor, paid]


@pytest.mark.parametrize(("preset", "expected"), [("default", "80.00"), ("lago", "60.00")])
def test_presets_differ_over_floors(preset: Preset, expected: str) -> None:
    """Lago tops up to the commitment before coupons, so a coupon goes below it; elsewhere the floor reads the rest."""
    found = bill(
        [fee("a", "50")],
        commitments=[post("c", "80")],
        discounts=[amt("20", "d")],
        order=Order.preset(preset).model_dump(),
    )
    assert str(found.due).partition(" ")[0] == expected


@pytest.mark.parametrize(("preset", "expected"), [("default", "50.00"), ("orb", "40.00")])
def test_presets_differ_over_bounds(preset: Preset, expected: str) -> None:
    """Where two cards leave a floor above the ceiling, ours lets the floor hold and Orb's the ceiling."""
    order = Order.preset(preset).model_dump()
    both = [
        fee(
            "a",
            "10",
            minimum={"amount": "50", "prorate": False},
            maximum={"amount": "80", "prorate": True},
            prorate="second",
        )
    ]
    found = bill(both, order=order, sub={"start": "2025-01-16T12:00:00Z"})
    assert str(found.due).partition(" ")[0] == expected


def test_cancelled() -> None:
    """A floor ends where the subscription is cancelled, and has the share of the time until then."""
    plan = Plan.load({"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": [use()]}],
                      "minimum": {"amount": "31"}})  # fmt: skip
    acme = plan.subscribe("acme", start="2025-01-01").with_changes(Cancel(at="2025-01-11"))
    assert lines(rate(plan, acme, [], JANUARY))[-1] == ("minimum", "", "10.00")


def test_trials() -> None:
    """In a trial an item owes nothing, so it has no floor either."""
    trial = [{"key": "trial", "trial": True, "every": 1, "unit": "month"}]
    found = bill([fee("a", "10", minimum={"amount": "20"}, discounts=[amt("1")])], phases=trial)
    assert lines(found) == [("fee", "a", "0.00")]


def test_invoiced() -> None:
    """An invoice adds up what is due, and tax that amounts hold is no amount of its own."""
    on_top = bill([fee("a", "100")], taxes=[{"key": "t", "rate": "0.2"}])
    held = bill([fee("a", "120")], taxes=[{"key": "t", "rate": "0.2", "included": True}])
    assert [str(invoice([each], JANUARY.end).amount) for each in (on_top, held)] == ["120.00 USD", "120.00 USD"]


def test_settled_twice() -> None:
    """Settling the same charges again gives the same statement."""
    told = {"key": "p", "cards": [{"currency": "USD", "items": [fee("a", "10")]}], "minimum": {"amount": "20"}}
    plan = Plan.load(told)
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY)
    charges = charge(terms, measure(terms, []))
    assert settle(charges) == settle(charges)
    assert str(settle(charges).due) == "20.00 USD"


def test_tampered_shares_show() -> None:
    """Shares that don't add up, or fall on a line that is not there, make `verify` false."""
    told = json.loads(bill([fee("a", "100")], discounts=[pct("0.1", "d")]).dumps())
    told["lines"][1]["shares"][0][1] = "-9"
    assert Statement.from_json(told).verify() is False
    told["lines"][1]["shares"][0] = ["b", "-10"]
    assert Statement.from_json(told).verify() is False


def test_old_lines_load() -> None:
    """A stored line without a kind is a line of usage, as all were."""
    told = json.loads(bill([use()], "5").dumps())
    del told["lines"][0]["kind"]
    assert Statement.from_json(told).line("use").kind == "usage"
    for name, wrong in (("kind", "gift"), ("name", 4)):
        touched = {**told, "lines": [{**told["lines"][0], name: wrong}]}
        with pytest.raises(MismatchError) as caught:
            Statement.from_json(touched)
        assert caught.value.code == "statement.form"


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
