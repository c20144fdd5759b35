"""Laws of periods billed one after the other: together they are one bill, however time is cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.periods import Period
from ratecard.plans import Carry, Order, Plan, Subscription
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord
from tests import oracle
from tests.strategies import History, fraction, histories


def chained(
    plan: Plan,
    acme: Subscription,
    records: Sequence[UsageRecord],
    periods: Sequence[Period],
    *,
    all_records: bool = True,
) -> list[Statement]:
    """One statement after the other, the carry through JSON text in between."""
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        fed = [each for each in records if all_records or period.contains(each.at)]
        found.append(rate(plan, acme, fed, period, carry=carry))
        assert found[-1].carry is not None
        carry = Carry.from_json(json.loads(json.dumps(found[-1].carry.to_json())))
    return found


def told(statement: Statement) -> dict[object, tuple[Fraction, Fraction]]:
    """The lines of a statement as the second walk tells them; lines of nothing that cost nothing are left out."""
    found = {
        (line.item, tuple(value for _, value in line.group), line.period.start): (
            fraction(line.quantity),
            fraction(line.exact),
        )
        for line in statement.lines
    }
    return {key: value for key, value in found.items() if any(value)}


@given(histories(), st.booleans())
def test_chain_equals_the_second_walk(history: History, all_records: bool) -> None:
    """Every line of every period is what a naive walk over all records ever gives, and every bill verifies."""
    plan, acme, records, periods = history
    for period, statement in zip(periods, chained(plan, acme, records, periods, all_records=all_records), strict=True):
        wanted = {
            (line.item, line.group, line.start): (line.quantity, line.exact)
            for line in oracle.lines(plan, acme, records, period.start, period.end)
        }
        assert told(statement) == wanted
        for line in statement.lines:
            assert line.rounded == oracle.rounded(fraction(line.exact))
        assert statement.verify()


RATES = st.sampled_from(["0.1", "0.25", "0.5", "1"])
SUMS = st.integers(0, 400).map(str)


@st.composite
def staged(draw: st.DrawFn) -> dict[str, Any]:
    """Discounts and bounds of an item, in any order that has them all."""
    off = st.one_of(
        st.builds(lambda most: {"kind": "amount", "amount": most}, SUMS),
        st.builds(
            lambda bound, *rates: {"kind": "tiered", "tiers": [{"up_to": bound, "rate": rates[0]}, {"rate": rates[1]}]},
            st.integers(1, 300).map(str), RATES, RATES,
        ),
        st.builds(
            lambda rate, how, most: {"kind": "percent", "rate": rate, "stacking": how, "maximum": most},
            RATES, st.sampled_from(["chained", "added"]), st.none() | SUMS,
        ),
    )  # fmt: skip
    bound = st.none() | st.builds(lambda amount, prorate: {"amount": amount, "prorate": prorate}, SUMS, st.booleans())
    most, least = draw(bound), draw(bound)
    if most is not None and least is not None and int(least["amount"]) > int(most["amount"]):
        most["amount"], least["amount"] = least["amount"], most["amount"]
    told = {"discounts": draw(st.lists(off, max_size=3)), "maximum": most, "minimum": least}
    return {name: each for name, each in told.items() if each is not None}


@given(
    staged(), staged(), st.lists(st.tuples(st.integers(1, 31), st.integers(0, 150), st.sampled_from("ab")), max_size=6),
    st.sets(st.integers(2, 31), max_size=3), st.sampled_from(["pooled", "split", "each", "fee"]),
    st.none() | st.sampled_from(["default", "stripe", "orb", "zuora", "lago"]),
)  # fmt: skip
def test_stages_of_items_run_on(
    stages: dict[str, Any], later: dict[str, Any], usage: list[tuple[int, int, str]], cuts: set[int], how: str,
    order: Any,
) -> None:  # fmt: skip
    """Interim statements and the last one come to one bill of the whole, whatever discounts and bounds an item has."""
    dated, order = order is not None, order or "default"
    tiers = [{"up_to": "100", "unit_price": "1"}, {"unit_price": "0.5"}]
    sold: dict[str, Any] = {"key": "x", "meter": "n", "price": {"model": "graduated", "tiers": tiers}}
    if how == "fee":
        sold = {"key": "x", "price": {"model": "flat", "amount": "200"}}
    elif how != "pooled":
        sold[how] = ["g"]
        # What is left of one group may stand against rates that are added up, and not of another.
        stages, later = (
            {**each, "discounts": [off for off in each["discounts"] if off.get("stacking") != "added"]}
            for each in (stages, later)
        )
    if order == "zuora":
        # A bound in front of the discounts of two cards: how much of it falls on each is known at the end only.
        later = {**later, "discounts": stages["discounts"]}
    cards = [{"currency": "USD", "items": [{**sold, **stages}]}]
    if dated:
        cards.append({"currency": "USD", "effective": "2025-03-11", "items": [{**sold, **later}]})
    plan = Plan.load({
        "key": "p", "cards": cards, "order": Order.preset(order).model_dump(),
        "meters": [{"key": "n", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}],
    })  # fmt: skip
    records = [UsageRecord("e", f"2025-03-{day:02}T00:00:00Z", {"n": n, "g": g}) for day, n, g in usage]
    acme, march = plan.subscribe("acme", start="2025-03-01"), Period.month(2025, 3)
    parts = chained(plan, acme, records, march.split(*(f"2025-03-{day:02}" for day in sorted(cuts))), all_records=False)
    assert all(each.verify() for each in parts)

    def owed(*found: Statement) -> Fraction:
        return sum((fraction(line.exact) for each in found for line in each.lines), Fraction(0))

    assert owed(*parts) == owed(rate(plan, acme, records, march))
