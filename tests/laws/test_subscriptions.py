"""Subscriptions that change: over any history no instant is billed twice or never."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Period, Plan, Statement, prices, rate
from ratecard.periods import moment
from ratecard.plans import Catalog, ChangePlan, ChangeQuantity
from tests import histories
from tests.histories import CATALOG, History
from tests.strategies import fraction

ITEMS = ("base", "seats", "calls", "support")


def drawn() -> st.SearchStrategy[History]:
    """Random histories, by a seed."""
    return st.integers(0, 2**32).map(lambda seed: histories.draw(random.Random(seed)))  # noqa: S311


def exact(statement: Statement) -> dict[str, Fraction]:
    """The exact sum of each item's lines, without those that come to nothing."""
    found = {item: sum((fraction(line.exact) for line in statement.lines_of(item)), Fraction(0)) for item in ITEMS}
    return {item: amount for item, amount in found.items() if amount}


def expected(history: History, first: date, last: date) -> dict[str, Fraction]:
    """What the oracle says, in the same form."""
    return {item: amount for item, amount in histories.cost(history, first, last).items() if amount}


@given(drawn())
def test_days(history: History) -> None:
    """Any stretch costs just what its days cost, each at what holds on it."""
    end = date(2025, 5, 15)
    found = rate(CATALOG, history.subscription(), history.records(history.start, end), Period(history.start, end))
    assert found.verify()
    assert exact(found) == expected(history, history.start, end)


@given(drawn())
def test_period_after_period(history: History) -> None:
    """The billing periods, chained by what they carry, cost each what its days cost, and have no time in common."""
    held = history.subscription()
    spans = list(held.periods(CATALOG, Period("2025-01-01", "2025-05-15")))
    assert all(a.end == b.start for a, b in pairwise(spans))
    carry = None
    for span in spans:
        first, last = span.start.date(), span.end.date()
        found = rate(CATALOG, held, history.records(max(first, history.start), last), span, carry=carry)
        assert exact(found) == expected(history, first, last)
        carry = found.carry


@given(drawn())
def test_lines_do_not_meet(history: History) -> None:
    """The lines of an item have no time in common, and together they are its days of service."""
    end = date(2025, 5, 15)
    found = rate(CATALOG, history.subscription(), [], Period(history.start, end))
    served = [held.day for held in histories.days(history, end) if not held.paused]
    spans = sorted(line.period for line in found.lines_of("base"))
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert sum((span.end - span.start for span in spans), timedelta()) == timedelta(days=len(served))


@given(drawn(), drawn())
def test_order_of_changes(history: History, other: History) -> None:
    """Changes may be written in any order: equal histories are equal subscriptions."""
    held = history.subscription()
    assert held.model_copy(update={"changes": held.changes[::-1]}) == held


@given(st.lists(st.integers(1, 31 * 24 - 1), min_size=1, max_size=5, unique=True), st.integers(0, 2**32))
def test_seconds(hours: list[int], seed: int) -> None:
    """By second, a month costs the sum of its hours, each at the price and quantity that hold in it."""
    dice = random.Random(seed)  # noqa: S311
    fees = {"a": 744, "b": 1000}
    plans = Catalog(plans=[
        Plan.single(key, currency="USD", proration="second",
            items=[Item(key="seats", quantity="seats", price=prices.Flat(amount=fee))])
        for key, fee in fees.items()
    ])  # fmt: skip
    start = moment("2025-01-01", "UTC")
    plan, seats, total, at = "a", 2, Fraction(0), {}
    for hour in sorted(hours):
        at[hour] = dice.choice([("plan", dice.choice("ab")), ("seats", dice.randint(0, 4))])
    for hour in range(31 * 24):
        kind, value = at.get(hour, ("", None))
        plan, seats = (value if kind == "plan" else plan), (value if kind == "seats" else seats)
        total += Fraction(fees[str(plan)] * int(seats), 744)

    def change(when: datetime, kind: str, value: object) -> ChangePlan | ChangeQuantity:
        return (
            ChangePlan(at=when, plan=value) if kind == "plan" else ChangeQuantity(at=when, quantities={"seats": value})
        )

    held = plans.get("a").subscribe("acme", start="2025-01-01", quantities={"seats": 2})
    held = held.with_changes(*(change(start + timedelta(hours=hour), *told) for hour, told in at.items()))
    found = rate(plans, held, [], Period.month(2025, 1))
    assert sum((fraction(line.exact) for line in found.lines), Fraction(0)) == total
