"""Corrections and invoices add up: old and deltas to the new, invoices to the statements."""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Meter, Period, Plan, UsageRecord, meters, prices, rate
from ratecard.money import Money
from ratecard.rating import Invoice, invoice, rerate
from tests import histories
from tests.histories import CATALOG, DAY, History
from tests.strategies import fraction

PLAN = Plan.single("p", currency="USD",
    meters=[Meter(key="n", event="e", aggregate=meters.Sum(of="n"))],
    items=[
        Item(key="tiers", meter="n", each=["d"], price=prices.Graduated(tiers=[
            prices.Tier(up_to=7, unit_price="0.333"), prices.Tier(up_to=20, unit_price="0.1", flat_price="2"),
            prices.Tier(unit_price="0.01")])),
        Item(key="volume", meter="n", price=prices.Volume(tiers=[
            prices.Tier(up_to=10, unit_price="1"), prices.Tier(unit_price="0.7")])),
        Item(key="share", price=prices.PercentOf(items=["tiers"], rate="0.1")),
    ])  # fmt: skip
ACME = PLAN.subscribe("acme", start="2025-01-01")
JANUARY = Period.month(2025, 1)


def usage() -> st.SearchStrategy[list[UsageRecord]]:
    """Records that share identities with each other now and then."""
    one = st.tuples(st.integers(1, 31), st.integers(-3, 12), st.sampled_from("ab"), st.integers(0, 9))
    return st.lists(one, max_size=8).map(
        lambda drawn: [
            UsageRecord("e", f"2025-01-{day:02}T00:00:00Z", {"n": n, "d": d}, id=str(id)) for day, n, d, id in drawn
        ]
    )


@given(usage(), usage())
def test_old_and_deltas(old: list[UsageRecord], new: list[UsageRecord]) -> None:
    """Whatever was issued and whatever is known now: issued lines and adjustment lines are the corrected lines."""
    issued = rate(PLAN, ACME, old, JANUARY)
    found = rerate(issued, PLAN, ACME, new)
    after = {line.key: line.amount for line in rate(PLAN, ACME, new, JANUARY).lines}
    added = {line.key: line.amount for line in issued.lines}
    zero = Money("0", "USD")
    for line in found.lines:
        added[line.of] = added.get(line.of, zero) + line.amount
    assert {key: amount for key, amount in added.items() if amount != zero or key in after} == after
    assert issued.due + found.due == found.corrected.due
    assert sum((line.amount for line in found.lines), zero) == found.subtotal
    assert found.verify()


@given(usage(), st.integers(0, 7))
def test_reversal_and_late(records: list[UsageRecord], place: int) -> None:
    """A record that is reversed and one that is late are each other's opposite."""
    whole = list({record.id: record for record in records}.values())
    if not whole:
        return
    one = whole[place % len(whole)]
    rest = [record for record in whole if record is not one]
    reversed_ = rerate(rate(PLAN, ACME, whole, JANUARY), PLAN, ACME, whole, without=[str(one.id)])
    late = rerate(rate(PLAN, ACME, rest, JANUARY), PLAN, ACME, whole)
    assert reversed_.due == -late.due
    assert {line.of: line.amount for line in reversed_.lines} == {line.of: -line.amount for line in late.lines}


def drawn() -> st.SearchStrategy[History]:
    """Random histories, by a seed."""
    return st.integers(0, 2**32).map(lambda seed: histories.draw(random.Random(seed), most=5))  # noqa: S311


@given(drawn(), st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=3))
def test_invoices_add_up(history: History, asked: list[tuple[int, bool]]) -> None:
    """However often one invoices, knowing what is known by then, invoices add up to the statements of all that was."""
    today, issued = history.start, list[Invoice]()
    for days, interim in [*asked, (60, False)]:
        today += DAY * days
        known = history._replace(changes=tuple(change for change in history.changes if _day(change.at) <= today))
        found = invoice(_statements(known, today), f"{today}T00:00:00Z", issued=issued, interim=interim)
        issued.append(found)
    statements = _statements(known, today)
    due = [line.amount for each in statements for line in each.lines if line.due.date() <= today]
    zero = Money("0", "USD")
    assert sum((each.amount for each in issued), zero) == sum(due, zero)


def _day(at: object) -> date:
    assert isinstance(at, date)
    return at


def _statements(history: History, today: date) -> list:  # type: ignore[type-arg]
    """All statements up to the one that holds today, each rated with the usage so far."""
    held = history.subscription()
    records = history.records(history.start, today)
    return [rate(CATALOG, held, records, span) for span in held.periods(CATALOG, Period("2025-01-01", today + DAY))]


@given(drawn())
def test_exact_of_lines(history: History) -> None:
    """Whatever was learned of late, the corrected statement costs what the days of the whole history cost."""
    whole = Period(history.start, history.start + DAY * 40)
    plain = history._replace(changes=(), overrides=())
    records = history.records(history.start, whole.end.date())
    found = rerate(rate(CATALOG, plain.subscription(), records, whole), CATALOG, history.subscription(), records)
    exact = sum((fraction(line.exact) for line in found.corrected.lines), Fraction(0))
    cost = histories.cost(history, history.start, whole.end.date())
    assert exact == sum(cost.values(), Fraction(0))
