"""
What rounding leaves of outcomes, and of their reversals, where a plan takes it into the next period.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices, rate
from ratecard.meters import Equals
from ratecard.plans import Carry
from ratecard.rating import Statement

FEE = prices.Outcome(definition="A case won.", fee="0.333")
MONTHS = [Period.month(2025 + index // 12, index % 12 + 1) for index in range(36)]


def meter(key: str, event: str) -> Meter:
    """Results that can be undone."""
    won, undone = (Equals(property="k", value=value) for value in ("won", "undone"))
    return Meter(key=key, event=event, aggregate=meters.Outcomes(subject="s", result=[won], reverse=[undone]))


def plan(*more: RateCard, **fields: Any) -> Plan:
    """A plan that sells outcomes for 0.333, then what later cards say."""
    every = [meter("m", "e"), meter("n", "f"), Meter(key="calls", event="g", aggregate=meters.Count())]
    first = RateCard(currency="USD", items=[Item(key="x", meter="m", price=FEE)])
    return Plan(**{"key": "p", "meters": every, "cards": [first, *more], "carry_remainders": True, **fields})


def told(at: Period, what: str, *names: str, event: str = "e", day: int = 1) -> list[UsageRecord]:
    """Records of one kind on one day of a month."""
    start = at.start.replace(day=day)
    return [UsageRecord(event, start, {"s": each, "k": what}, id=each + what + event) for each in names]


def chained(of: Plan, *each: tuple[Period, list[UsageRecord]]) -> list[Statement]:
    """Statements that follow each other."""
    acme, carry = of.subscribe("acme", start="2025-01-01"), None
    found: list[Statement] = []
    for period, records in each:
        found.append(rate(of, acme, records, period, carry=carry))
        assert found[-1].verify()
        carry = found[-1].carry
    return found


def rests(of: Statement) -> dict[str, str]:
    """The remainders that it carries."""
    assert isinstance(of.carry, Carry)
    return of.carry.remainders


def test_many_months_stay_within_a_cent() -> None:
    """Of 144 outcomes in 36 months 70 are reversed, and the 74 that stand are paid to the cent."""
    fed = []
    for index, month in enumerate(MONTHS):
        records = told(month, "won", *(f"{index}-{n}" for n in range(4)))
        fed.append((month, records + (told(month, "undone", f"{index - 1}-0", f"{index - 1}-1") if index else [])))
    found = chained(plan(), *fed)
    paid = sum((Fraction(each.due.amount) for each in found), Fraction(0))
    assert abs(paid - 74 * Fraction("0.333")) <= Fraction(1, 200)
    assert [line.kind for line in found[1].lines] == ["usage", "reversal"]


JAN, FEB, MAR = MONTHS[:3]
SOLD = told(JAN, "won", "a", "b")
BACK = told(FEB, "undone", "a")
CALLS = prices.PerUnit(unit_price="0.333")


def card(day: str, sold_by: str | None, price: Any = FEE) -> RateCard:
    """A card from a day of 2025 on, that sells the item by a meter, or not at all."""
    items = [] if sold_by is None else [Item(key="x", meter=sold_by, price=price)]
    return RateCard(currency="USD", effective=f"2025-{day}", items=items)


def call(at: Period, day: int = 1) -> list[UsageRecord]:
    """One call."""
    return [UsageRecord("g", at.start.replace(day=day), {}, id=f"{at.start}")]


LIVES: dict[str, tuple[list[RateCard], list[list[UsageRecord]], int]] = {
    "not sold for a month": ([card("02-01", None), card("03-01", "m")], [SOLD, BACK, told(MAR, "won", "c")], 2),
    "sold as calls": ([card("02-01", "calls", CALLS)], [SOLD, BACK + call(FEB), call(MAR)], 3),
    "sold as calls inside a month": (
        [card("01-15", "calls", CALLS)], [SOLD + call(JAN, 20), BACK + call(FEB), call(MAR)], 4,
    ),
    "by another meter": ([card("02-01", "n")], [SOLD, BACK + told(FEB, "won", "q", event="f"), []], 2),
    "by another meter inside a month": (
        [card("01-15", "n")],
        [SOLD + told(JAN, "won", "q", event="f", day=20), BACK + told(FEB, "won", "r", event="f"), []],
        3,
    ),
    "as calls, then as outcomes": (
        [card("02-01", "calls", CALLS), card("02-15", "m")],
        [SOLD, BACK + call(FEB) + told(FEB, "won", "z", day=20), told(MAR, "won", "y")],
        4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("rounding_at", ["line", "statement"])
@pytest.mark.parametrize("life", LIVES)
def test_what_reversals_leave_waits_for_a_line(life: str, rounding_at: str) -> None:
    """However the item is sold later, its next line takes on what was left of it, and all is paid but what is left."""
    cards, fed, stand = LIVES[life]
    found = chained(plan(*cards, rounding_at=rounding_at), *zip(MONTHS[:3], fed, strict=True))
    paid = sum((Fraction(each.due.amount) for each in found), Fraction(0))
    assert paid + Fraction(rests(found[-1])["x"]) == stand * Fraction("0.333")
    assert set(rests(found[1])) == {"x"}


def test_a_later_line_takes_on_what_reversals_left() -> None:
    """0.333 is taken off as 0.34, so that nothing of what was billed stays; the next line asks for the rest of that."""
    cards, fed, _ = LIVES["not sold for a month"]
    found = chained(plan(*cards), *zip(MONTHS[:3], fed, strict=True))
    assert [str(each.due.amount) for each in found] == ["0.67", "-0.34", "0.34"]
    assert [rests(each)["x"] for each in found] == ["-0.004", "0.003", "-0.004"]
    (line,) = found[2].lines
    assert (line.exact, line.remainder) == (Decimal("0.336"), Decimal("-0.004"))
    assert "left by rounding before" in line.explain()


def test_a_reversal_on_a_statement_rounded_as_a_whole_proves_itself() -> None:
    """It is moved twice, so that no more is taken off than was billed, and to add up; its steps say both."""
    fee = Item(key="fee", price=prices.Flat(amount="0.004"))
    sold = RateCard(currency="USD", items=[Item(key="x", meter="m", price=FEE), fee])
    of = plan(rounding_at="statement", carry_remainders=False, cards=[sold])
    wins = told(JAN, "won", "a", "b", "c", "d")
    found = chained(of, (JAN, wins), (FEB, told(FEB, "undone", "a", "b")), (MAR, told(MAR, "undone", "c")))
    words = "\n".join(line.explain() for each in found for line in each.lines_by("reversal"))
    assert "than was billed" in words and "add up to the rounded statement" in words
    assert all(Statement.from_json(each.to_json()).verify() for each in found)


def test_half_a_cent_waits() -> None:
    """What rounding left is not billed, and given back a month later, where a line comes to nothing in between."""
    half = Item(key="x", meter="m", price=prices.Outcome(definition="A case won.", fee="0.125"))
    call = Item(key="y", meter="calls", price=prices.PerUnit(unit_price="0.125"))
    made = plan(cards=[RateCard(currency="USD", items=[half, call])])
    months, january = MONTHS[:5], MONTHS[0]
    used = [*told(january, "won", "a"), *told(january, "", "b", event="g")]
    quiet: list[tuple[Period, list[UsageRecord]]] = [(each, []) for each in months[1:4]]
    last = (months[4], [*told(months[4], "won", "c"), *told(months[4], "", "d", event="g")])
    found = chained(made, (january, used), *quiet, last)
    assert [str(each.due.amount) for each in found] == ["0.26", "0.00", "0.00", "0.00", "0.24"]
    # A reversal leaves what makes up for it.
    off = plan(
        cards=[RateCard(currency="USD", items=[half])], discounts=[{"kind": "amount", "key": "d", "amount": "1"}]
    )
    back = chained(
        off, (january, told(january, "won", "a")), quiet[0], (months[2], told(months[2], "undone", "a")), quiet[2]
    )
    assert [str(each.due.amount) for each in back] == ["0.00"] * 4
    assert rests(back[-1]) == {}
