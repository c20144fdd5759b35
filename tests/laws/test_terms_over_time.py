"""Laws of terms over time: random lives under plans with discounts, coupons, floors, groups, taxes and free usage."""

from __future__ import annotations

import random
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Period, UsageRecord, rate
from ratecard.money import Money
from ratecard.plans import AddOn, Free, Phase, Plan
from ratecard.rating import Adjustment, Invoice, invoice, rerate
from tests import histories
from tests.histories import DAY, History
from tests.staged import FULL, TAXED, bills, calls, holder

ZERO = Money("0", "USD")
END = date(2025, 5, 20)
BEFORE = st.integers(0, 12)
"""How many days before the service a rated period begins."""
OFF = {"basic": Fraction(1, 10), "pro": Fraction(1, 4)}


def drawn(most: int = 5) -> st.SearchStrategy[History]:
    """Random histories, by a seed."""
    return st.integers(0, 2**32).map(lambda seed: histories.draw(random.Random(seed), most=most))  # noqa: S311


def cents(amount: Fraction) -> Decimal:
    """A fraction rounded half up, away from zero."""
    exact = Decimal(amount.numerator * 1000) / Decimal(amount.denominator * 1000)
    found = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert abs(Fraction(found) - amount) <= Fraction(1, 200)
    return found + 0


@given(drawn(), BEFORE)
def test_each_line_by_its_own_plan(history: History, before: int) -> None:
    """A plan's percentage is of the lines of its days in a billing period, a tax that all have of all that is left."""
    held = history.subscription()
    found = rate(TAXED, held, calls(history, history.start, END), Period(history.start - DAY * before, END))
    assert found.verify()
    plans = {each.day: each.plan for each in histories.days(history, END)}
    spans = list(held.periods(TAXED, Period(history.start, END)))
    gross: dict[tuple[str, Period], Fraction] = {}
    for line in found.lines:
        if line.kind in ("fee", "usage") or line.item == "calls":
            (span,) = (each for each in spans if each.contains(line.period.start))
            name = (plans[line.period.start.date()], span)
            gross[name] = gross.get(name, Fraction(0)) + Fraction(line.rounded)
    taken = {(plan, span): cents(-amount * OFF[plan]) for (plan, span), amount in gross.items()}
    assert sorted(line.rounded for line in found.lines_by("discount")) == sorted(filter(None, taken.values()))
    base = sum(gross.values(), Fraction(0)) + sum(map(Fraction, taken.values()))
    (tax,) = found.lines_by("tax") or (None,)
    assert (tax.rounded if tax is not None else Decimal(0)) == cents(base / 5)


@given(drawn(), st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=4))
def test_invoices_add_up(history: History, asked: list[tuple[int, bool]]) -> None:
    """However often one invoices, interim or not, knowing what is known by then: in the end it is the statements."""
    today, issued = history.start, list[Invoice]()
    for days, interim in asked:
        today += DAY * days
        known = history._replace(changes=tuple(each for each in history.changes if _day(each.at) <= today))
        issued.append(invoice(bills(known, today), f"{today}T00:00:00Z", issued=issued, interim=interim))
        for line in issued[-1].lines:
            assert not line.shares or sum(part for _, part in line.shares) == line.whole.amount
    last = [each for each in bills(history, today + DAY * 70) if each.period.end.date() <= today + DAY * 70]
    issued.append(invoice(last, f"{today + DAY * 70}T00:00:00Z", issued=issued))
    # What ended before a change was known stands on invoices of periods that were cut otherwise: those are given back.
    assert sum((each.amount for each in issued), ZERO) == sum((each.due for each in last), ZERO)


def _day(at: object) -> date:
    assert isinstance(at, date)
    return at


@given(drawn(), st.integers(1, 60))
def test_interim_is_a_part_of_the_bill(history: History, days: int) -> None:
    """An interim invoice and the last one are one bill; the interim one has no floor and no fee in arrears."""
    today = history.start + DAY * days
    now = bills(history, today)
    first = invoice(now[-1:], f"{today}T00:00:00Z", interim=True)
    waits = [line for line in now[-1].lines if line.due.date() > today and not line.unit and not line.shares]
    assert not {line.key for line in first.lines} & {line.key for line in waits}
    end = now[-1].period.end.date()
    whole = [each for each in bills(history, end) if each.period == now[-1].period]
    last = invoice(whole, f"{end}T00:00:00Z", issued=[first])
    assert first.amount + last.amount == whole[0].due


@given(drawn(), BEFORE)
def test_rated_from_before_the_start(history: History, before: int) -> None:
    """Time before the service begins costs nothing and changes nothing."""
    held, records = holder(history), calls(history, history.start, END)
    one, other = (
        rate(FULL, held, records, Period(history.start - DAY * days, history.start + DAY * 45)) for days in (0, before)
    )
    assert [(line.kind, line.item, line.rounded) for line in other.lines] == [
        (line.kind, line.item, line.rounded) for line in one.lines
    ]


@given(drawn(), drawn(), BEFORE)
def test_old_and_deltas(history: History, other: History, before: int) -> None:
    """Whatever was issued: issued lines and adjustment lines are the corrected lines, also across lines."""
    span = Period(history.start - DAY * before, history.start + DAY * 25)
    plain = history._replace(changes=(), overrides=other.overrides)
    issued = rate(FULL, holder(plain), calls(plain, history.start, END), span)
    found = rerate(issued, FULL, holder(history), calls(history, history.start, END), cards="any")
    assert found.corrected == rate(FULL, holder(history), calls(history, history.start, END), span)
    added = {line.key: line.amount for line in issued.lines}
    for line in found.lines:
        added[line.of] = added.get(line.of, ZERO) + line.amount
    after = {line.key: line.amount for line in found.corrected.lines}
    assert {key: amount for key, amount in added.items() if amount != ZERO or key in after} == after
    assert issued.due + found.due == found.corrected.due
    assert found.verify() and Adjustment.from_json(found.to_json()) == found


@given(drawn())
def test_net_lies_between_nothing_and_gross(history: History) -> None:
    """What all stages take off a line is at most what it is, and the shares of a line across others are all of it."""
    for found in bills(history, END):
        gross = {line.key: line.rounded for line in found.lines if not line.shares}
        net = dict(gross)
        for line in found.lines:
            assert not line.shares or sum(part for _, part in line.shares) == line.rounded
            for key, part in line.shares if line.kind != "tax" else ():
                net[key] += part
        assert all(min(amount, Decimal(0)) <= net[key] <= max(amount, Decimal(0)) for key, amount in gross.items())
        assert found.verify()


@given(drawn(), st.permutations(range(3)))
def test_order_of_unrelated_terms(history: History, order: list[int]) -> None:
    """Add-ons, changes and records may be written in any order."""
    extra = [
        AddOn.model_validate({
            "key": key, "start": f"2025-02-0{index + 1}",
            "items": [{"key": key, "price": {"model": "flat", "amount": index + 5}}],
        })
        for index, key in enumerate("xyz")
    ]  # fmt: skip
    held = holder(history)
    span = Period(history.start, history.start + DAY * 31)
    records = calls(history, history.start, END)
    one = rate(FULL, held.model_copy(update={"addons": extra}), records, span)
    turned = {"addons": [extra[place] for place in order], "changes": held.changes[::-1]}
    other = rate(FULL, held.model_copy(update=turned), records[::-1], span)
    assert {line.key: line.rounded for line in one.lines} == {line.key: line.rounded for line in other.lines}
    assert one.due == other.due


METER = {"key": "m", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}
USE = {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": "0.33"}, "each": ["d"]}
USES = st.lists(st.tuples(st.integers(1, 90), st.integers(0, 40), st.sampled_from("abc")), max_size=8)


@given(USES, st.integers(0, 60), st.booleans(), st.lists(st.integers(2, 120), max_size=4, unique=True), st.randoms())
def test_free_up_to_an_amount(
    uses: list[tuple[int, int, str]], most: int, by_units: bool, cuts: list[int], dice: random.Random
) -> None:
    """Over whatever periods, groups and order of records: what there is, up to the amount, is free, no more."""
    free = Free(units=most, items=["use"]) if by_units else Free(amount=most)
    phase = Phase(key="start", every=60, unit="day", free=[free])
    plan = Plan.load({"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": [USE]}]})
    acme = plan.subscribe("acme", start="2025-01-01").model_copy(update={"phases": [phase]})
    start = date(2025, 1, 1)
    records = [
        UsageRecord("e", f"{start + DAY * (day - 1)}T12:00:00Z", {"n": n, "d": d}, id=f"{index}")
        for index, (day, n, d) in enumerate(uses)
    ]
    dice.shuffle(records)
    off, carry, gross = Decimal(0), None, Decimal(0)
    for span in Period(start, start + DAY * 130).split(*(start + DAY * cut for cut in sorted(cuts))):
        found = rate(plan, acme, [each for each in records if span.contains(each.at)], span, carry=carry)
        carry = found.carry
        inside = [line for line in found.lines_by("usage") if (line.period.start.date() - start).days < 60]
        gross += sum(line.rounded for line in inside)
        off -= sum(line.rounded for line in found.lines_by("trial"))
        assert found.due.amount >= 0
    held = sum(n for day, n, _ in uses if day <= 60)
    if not by_units:
        assert off == min(Decimal(most), gross)
    else:
        # One cent a statement at most is lost or won by rounding.
        wanted = Fraction(33, 100) * min(most, held)
        assert abs(Fraction(off) - wanted) <= Fraction(1 + len(cuts), 50) and off <= gross
