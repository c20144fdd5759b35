"""
Laws of lots that are finer than money is paid: what is due is never off, and every statement proves itself.

A lot may hold a part of a cent, as the half that rolled over of one. It draws what it draws, exactly; the lines of a
statement are rounded together.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger
from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord
from tests.laws.test_stages import stages

JANUARY, FEBRUARY = Period.month(2025, 1), Period.month(2025, 2)
AMOUNTS = st.decimals(Decimal("0.0001"), Decimal(40), places=4) | st.decimals(Decimal("0.01"), Decimal(40), places=2)
LOTS = st.lists(
    st.tuples(AMOUNTS, st.sampled_from([(), ("a",), ("b",)]), st.sampled_from([None, "2025-01-12"])),
    min_size=1,
    max_size=6,
)
CENTS = st.lists(st.integers(0, 2500), min_size=3, max_size=3)


def ledger(held: list[tuple[Decimal, tuple[str, ...], str | None]]) -> Ledger:
    """Lots of any number of decimals."""
    found = Ledger()
    for place, (amount, items, expiry) in enumerate(held):
        grant = Grant.model_validate(
            {"id": f"l{place}", "amount": amount, "currency": "USD", "scope": {"items": items}, "expiry": expiry}
        )
        found = found.grant(grant, at="2025-01-01T00:00:00Z")
    return found


def fees(cents: list[int], **fields: Any) -> Plan:
    """A fee for each amount, named as the scopes of lots name them."""
    items = [
        {"key": "abc"[place], "price": {"model": "flat", "amount": f"{Decimal(cent) / 100}"}}
        for place, cent in enumerate(cents)
    ]  # fmt: skip
    return Plan.load({"key": "p", "cards": [{"currency": "USD", "items": items}], **fields})


def drawn(bill: Statement) -> Fraction:
    """What lots spent, exactly."""
    assert bill.ledger is not None
    return sum((Fraction(each.spent) for each in bill.ledger.lots()), Fraction(0))


def holds(bill: Statement) -> None:
    """All that must hold of a statement on which lots of any fineness pay."""
    lines = bill.lines_by("credits")
    paid = -sum((Fraction(each.rounded) for each in lines), Fraction(0))
    assert Fraction(bill.due.amount) == Fraction(bill.total.amount) - paid
    # Half a cent counts as one.
    assert paid == Fraction((drawn(bill) * 200 + 1) // 2, 100)
    assert bill.verify()
    assert Statement.from_json(bill.to_json()).verify()
    assert all(sum((part for _, part in each.shares), Decimal(0)) == each.rounded for each in lines)
    for line in lines:
        told = [part for entry in bill.entries for lot, part in getattr(entry, "parts", ()) if lot == line.item]
        assert line.exact == -sum(told, Decimal(0))


@given(held=LOTS, cents=CENTS, told=stages())
@example(held=[(Decimal("0.005"), (), None)], cents=[400, 600, 0], told={})
@example(held=[(Decimal("2.195"), (), "2025-01-12"), (Decimal(40), (), None)], cents=[400, 600, 0], told={})
@example(held=[(Decimal("1.005"), ("a",), None), (Decimal("1.005"), ("b",), None), (Decimal(9), (), None)],
         cents=[200, 200, 300], told={})  # fmt: skip
def test_fine_lots_pay_what_is_due(held: Any, cents: list[int], told: dict[str, Any]) -> None:
    """Whatever lots pay adds up to what is paid of the statement, rounded once, and no line is paid less than 0."""
    bill = rate(fees(cents, **told), fees(cents, **told).subscribe("c", start="2025-01-01"), [], JANUARY,
                ledger=ledger(held))  # fmt: skip
    if bill.total.amount > 0 and not bill.lines_by("reversal"):
        holds(bill)
        by_line: dict[str, Decimal] = {}
        for line in bill.lines:
            if line.kind == "credits":
                for key, part in line.shares:
                    by_line[key] = by_line.get(key, Decimal(0)) - part
        assert all(part >= 0 for part in by_line.values())


@given(held=LOTS, cents=CENTS)
def test_a_statement_that_fine_lots_pay_in_full_is_due_nothing(held: Any, cents: list[int]) -> None:
    """With a large lot beside them nothing is due, and every line is paid to the cent."""
    offer = fees(cents)
    bill = rate(offer, offer.subscribe("c", start="2025-01-01"), [], JANUARY,
                ledger=ledger([*held, (Decimal(1000), (), None)]))  # fmt: skip
    holds(bill)
    assert bill.due.amount == 0
    by_line = {line.key: line.rounded for line in bill.lines if line.kind == "fee"}
    for line in bill.lines_by("credits"):
        for key, part in line.shares:
            by_line[key] += part
    assert not any(by_line.values())


OUTCOMES = {
    "key": "m", "event": "e",
    "aggregate": {"kind": "outcomes", "subject": "s", "result": [{"kind": "equals", "property": "k", "value": "ok"}],
                  "reverse": [{"kind": "equals", "property": "k", "value": "bad"}]},
}  # fmt: skip


@given(held=LOTS, count=st.integers(1, 4), back=st.integers(0, 15), new=st.integers(0, 2))
@example(held=[(Decimal("9.995"), (), None)], count=2, back=3, new=1)
@example(held=[(Decimal("0.165"), (), None), (Decimal("9.835"), (), None)], count=1, back=1, new=0)
def test_what_comes_back_to_fine_lots_adds_up(held: Any, count: int, back: int, new: int) -> None:
    """What reversed outcomes bring back to lots is rounded together, and both months prove themselves."""
    item = {"key": "x", "meter": "m", "price": {"model": "outcome", "fee": "10", "definition": "d"}}
    offer = Plan.load({"key": "p", "meters": [OUTCOMES], "cards": [{"currency": "USD", "items": [item]}]})
    sub = offer.subscribe("c", start="2025-01-01")
    days = [f"2025-01-{5 + 3 * each:02}T00:00:00Z" for each in range(count)]
    told = [UsageRecord("e", day, {"s": str(each), "k": "ok"}) for each, day in enumerate(days)]
    first = rate(offer, sub, told, JANUARY, ledger=ledger(held))
    later = [UsageRecord("e", "2025-02-05T00:00:00Z", {"s": str(n), "k": "bad"}) for n in range(count) if back >> n & 1]
    later += [UsageRecord("e", "2025-02-06T00:00:00Z", {"s": f"new{n}", "k": "ok"}) for n in range(new)]
    second = rate(offer, sub, later, FEBRUARY, carry=first.carry, ledger=first.ledger)
    for bill in (first, second):
        assert bill.verify()
        assert Statement.from_json(bill.to_json()).verify()
        paid = -sum((each.rounded for each in bill.lines_by("credits")), Decimal(0))
        assert bill.due.amount == bill.total.amount - paid
    reversed_ = len({record.properties["s"] for record in later if record.properties["k"] == "bad"})
    assert first.total.amount + second.total.amount == 10 * (count + new - reversed_)
    if count == reversed_ and not new:
        assert abs(first.due.amount + second.due.amount) <= Decimal("0.01")
