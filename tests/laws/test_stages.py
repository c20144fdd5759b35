"""Laws of the stages of money: nothing is lost, nothing is taken twice, and a stage without work leaves no trace."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.periods import Period
from ratecard.plans import Order, Plan
from ratecard.plans._order import PRESETS
from ratecard.rating import Statement, rate
from tests.strategies import discounts, fraction

JANUARY = Period.month(2025, 1)
JANUARY_ON = Period(JANUARY.start, Period.month(2025, 2).end)
KEYS = ("a", "b", "c")
CENTS = st.integers(0, 100_000).map(lambda cents: str(Decimal(cents).scaleb(-2)))
RATES = st.integers(0, 1000).map(lambda parts: str(Decimal(parts).scaleb(-3)))


def billed(amounts: list[str], **fields: Any) -> Statement:
    """The statement of three fees under the stages of a plan."""
    items = [
        {"key": key, "price": {"model": "flat", "amount": amount}} for key, amount in zip(KEYS, amounts, strict=True)
    ]
    plan = Plan.load({"key": "p", "cards": [{"currency": "USD", "items": items}], **fields})
    return rate(plan, plan.subscribe("acme", start="2025-01-01"), [], JANUARY)


FEES = st.lists(CENTS, min_size=3, max_size=3)


@st.composite
def stages(draw: st.DrawFn) -> dict[str, Any]:
    """Discounts, a ceiling, commitments and taxes in any vendor's order."""
    order = Order.preset(draw(st.sampled_from(list(PRESETS))))  # type: ignore[arg-type]
    scope = st.lists(st.sampled_from(KEYS), unique=True)
    told: dict[str, Any] = {"order": order.model_dump()}
    told["discounts"] = [
        each.model_copy(update={"key": f"d{index}", "items": draw(scope)}).model_dump(mode="json")
        for index, each in enumerate(draw(st.lists(discounts(), max_size=3)))
    ]
    if draw(st.booleans()):
        told["maximum"] = {"amount": draw(CENTS)}
    told["commitments"] = [
        {
            "kind": draw(st.sampled_from(["prepaid", "postpaid"])), "key": f"c{index}", "amount": draw(CENTS),
            "items": draw(scope), "priority": draw(st.integers(0, 2)),
            "cadence": {"every": 2, "unit": "month", "anchor": "2025-01-01"},
            "overage": draw(st.sampled_from(["1", "1.5", "2"])),
        }
        for index in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    included = draw(st.booleans())
    told["taxes"] = [
        {"key": f"t{index}", "rate": draw(RATES), "items": draw(scope), "included": included}
        for index in range(draw(st.integers(0, 2)))
    ]
    return told


def net(bill: Statement) -> dict[str, Decimal]:
    """What each line comes to behind all that falls on it; a tax falls on none."""
    found = {line.key: line.rounded for line in bill.lines if line.kind in ("fee", "usage")}
    for line in bill.lines:
        for key, part in line.shares if line.kind in ("discount", "coupon", "maximum", "prepaid") else ():
            if key in found:
                found[key] += part
    return found


@given(FEES, stages())
def test_statements_prove_themselves(amounts: list[str], told: dict[str, Any]) -> None:
    """Under any stages in any order a statement verifies and comes back from its JSON."""
    bill = billed(amounts, **told)
    assert bill.verify()
    assert Statement.from_json(bill.to_json()).dumps() == bill.dumps()


@given(FEES, stages())
def test_net_lies_between_nothing_and_gross(amounts: list[str], told: dict[str, Any]) -> None:
    """What is taken off a line is at most what it is, whatever takes it off."""
    bill = billed(amounts, **told)
    gross = {line.key: line.rounded for line in bill.lines if line.kind == "fee"}
    assert all(0 <= left <= gross[key] for key, left in net(bill).items())
    assert bill.total.amount >= 0


@given(FEES, stages())
def test_shares_lose_nothing(amounts: list[str], told: dict[str, Any]) -> None:
    """The shares of a line add up to it, each a whole number of cents."""
    for line in billed(amounts, **told).lines:
        if line.shares:
            assert sum(part for _, part in line.shares) == line.rounded
            assert all(part == part.quantize(Decimal("0.01")) for _, part in line.shares)


SIGNED = st.lists(st.integers(-100_000, 100_000).map(lambda cents: str(Decimal(cents).scaleb(-2))), min_size=3,
                  max_size=3)  # fmt: skip


@given(SIGNED, stages())
def test_net_of_credits(amounts: list[str], told: dict[str, Any]) -> None:
    """Also among credits no line is taken below nothing or gets more than it is, and no discount is a charge."""
    bill = billed(amounts, **told)
    gross = {line.key: line.rounded for line in bill.lines if line.kind == "fee"}
    for key, left in net(bill).items():
        assert min(gross[key], Decimal(0)) <= left <= max(gross[key], Decimal(0))
    assert all(line.rounded < 0 for line in bill.lines_by("discount"))
    assert bill.verify()


@given(SIGNED, RATES)
def test_percentage_of_each_line(amounts: list[str], rate: str) -> None:
    """A percentage of everything is that of each line, with its sign, but for less than a cent."""
    bill = billed(amounts, discounts=[{"kind": "percent", "key": "d", "rate": rate}])
    shares = dict(bill.lines_by("discount")[0].shares) if bill.lines_by("discount") else {}
    whole = sum(map(Fraction, amounts))
    assert sum(shares.values()) <= 0
    if shares:
        spread = 1 + sum(abs(Fraction(each)) for each in amounts) / whole
        for line in bill.lines_by("fee"):
            wanted = -fraction(line.rounded) * Fraction(rate)
            assert abs(fraction(shares.get(line.key, Decimal(0))) - wanted) < spread / 100


@given(FEES, stages())
def test_each_tax_is_rounded_once(amounts: list[str], told: dict[str, Any]) -> None:
    """A tax is within half a cent of its rate on what is left of its items."""
    bill = billed(amounts, **told)
    for line in bill.lines_by("tax") + bill.lines_by("included_tax"):
        assert abs(fraction(line.exact) - fraction(line.rounded)) <= Fraction(1, 200)


@given(FEES, RATES, RATES)
def test_chained_and_added(amounts: list[str], first: str, second: str) -> None:
    """On an item chained percentages multiply what is left, added ones take their sum, and either order is the same."""

    def due(stacking: str, rates: list[str]) -> Fraction:
        off = [{"kind": "percent", "rate": each, "stacking": stacking} for each in rates]
        items = [{"key": "a", "price": {"model": "flat", "amount": amounts[0]}, "discounts": off}]
        plan = Plan.load({"key": "p", "cards": [{"currency": "USD", "items": items}]})
        return fraction(rate(plan, plan.subscribe("x", start="2025-01-01"), [], JANUARY).lines[0].exact)

    gross, (x, y) = Fraction(amounts[0]), (Fraction(first), Fraction(second))
    assert due("chained", [first, second]) == due("chained", [second, first]) == gross * (1 - x) * (1 - y)
    assert due("added", [first, second]) == due("added", [second, first]) == gross * max(1 - x - y, Fraction(0))
    assert due("added", [first, second]) <= due("chained", [first, second])


@given(FEES, st.lists(discounts(), min_size=3, max_size=3), st.permutations(range(3)))
def test_order_of_unrelated_discounts(amounts: list[str], some: list[Any], order: list[int]) -> None:
    """Discounts of different items give the same amounts in whatever order they are listed."""
    told = [
        each.model_copy(update={"key": key, "items": [key]}).model_dump(mode="json")
        for key, each in zip(KEYS, some, strict=True)
    ]
    one, other = billed(amounts, discounts=told), billed(amounts, discounts=[told[index] for index in order])
    assert net(one) == net(other)
    assert sorted(line.key for line in one.lines) == sorted(line.key for line in other.lines)


@given(FEES)
def test_stages_without_work(amounts: list[str]) -> None:
    """Stages that have nothing to do change no byte of the lines, the sums and the carry."""
    idle = {
        "discounts": [{"kind": "percent", "key": "p", "rate": "0"}, {"kind": "amount", "key": "s", "amount": "0"}],
        "maximum": {"amount": "9999999"},
        "minimum": {"amount": "0"},
        "commitments": [
            {"kind": "postpaid", "key": "c", "amount": "0"},
            {"kind": "prepaid", "key": "d", "amount": "0"},
        ],
    }
    bare, staged = billed(amounts), billed(amounts, **idle)
    told, same = bare.to_json(), staged.to_json()
    for each in (told, same):
        del each["digest"]
        for line in each["lines"]:
            del line["version"]
    assert told == same
    assert bare.carry == staged.carry


@given(FEES, stages(), st.sampled_from(["prec", "rounding", "traps"]))
def test_hostile_contexts(amounts: list[str], told: dict[str, Any], how: str) -> None:
    """The caller's decimal context changes nothing, and is not changed."""
    quiet = billed(amounts, **told).dumps()
    hostile = {
        "prec": decimal.Context(prec=2),
        "rounding": decimal.Context(rounding=decimal.ROUND_UP),
        "traps": decimal.Context(prec=3, traps=[decimal.Inexact, decimal.Rounded, decimal.FloatOperation]),
    }[how]
    with decimal.localcontext(hostile) as context:
        before = context.copy()
        assert billed(amounts, **told).dumps() == quiet
        assert (context.prec, context.rounding, context.flags) == (before.prec, before.rounding, before.flags)


@given(FEES, CENTS, CENTS)
def test_floors_give_the_largest(amounts: list[str], promised: str, least: str) -> None:
    """Under a commitment for everything and a minimum, what is billed is the largest of them and the charges."""
    bill = billed(
        amounts, commitments=[{"kind": "postpaid", "key": "c", "amount": promised}], minimum={"amount": least}
    )
    assert bill.due.amount == max(sum(map(Decimal, amounts)), Decimal(promised), Decimal(least))


@given(st.lists(CENTS, min_size=6, max_size=6), CENTS)
def test_months_of_a_commitment(amounts: list[str], promised: str) -> None:
    """Six months chained by carry bill the larger of their charges and the commitment for the half year."""
    half = {"every": 6, "unit": "month", "anchor": "2025-01-01"}
    due, carry = Decimal(0), None
    for month, amount in enumerate(amounts, 1):
        items = [{"key": "a", "price": {"model": "flat", "amount": amount}}]
        plan = Plan.load({
            "key": "p", "cards": [{"currency": "USD", "items": items}],
            "commitments": [{"kind": "postpaid", "key": "c", "amount": promised, "cadence": half}],
        })  # fmt: skip
        bill = rate(plan, plan.subscribe("acme", start="2025-01-01"), [], Period.month(2025, month), carry=carry)
        carry = bill.carry
        due += bill.due.amount
    assert due == max(sum(map(Decimal, amounts)), Decimal(promised))


@given(
    st.lists(st.integers(-50, 200).map(str), min_size=3, max_size=3),
    stages(),
    st.permutations(KEYS),
)
def test_order_of_items_and_commitments(amounts: list[str], told: dict[str, Any], order: list[str]) -> None:
    """What commitments bill and draw does not depend on the order in which a card lists its items."""
    held = {"commitments": told["commitments"]}
    given_ = dict(zip(KEYS, amounts, strict=True))
    bills = []
    for keys in (KEYS, order):
        items = [{"key": key, "price": {"model": "flat", "amount": given_[key]}} for key in keys]
        plan = Plan.load({"key": "p", "cards": [{"currency": "USD", "items": items}], **held})
        bill = rate(plan, plan.subscribe("acme", start="2025-01-01"), [], JANUARY_ON)
        bills.append((bill.subtotal, bill.due, [line.rounded for line in bill.lines if line.kind not in ("fee",)]))
    assert bills[0] == bills[1]
