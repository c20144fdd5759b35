"""
Laws of included units in common: nothing of the pool is lost, and nobody is given more than was used.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Meter, Period, Plan, UsageRecord, meters, prices, rate
from ratecard._numbers import Exact, div
from ratecard.plans import UsageDiscount
from ratecard.rating._pool import pooled
from tests.strategies import fraction

JANUARY = Period.month(2025, 1)
UNITS = st.decimals(0, 100, places=3, allow_nan=False)
USED = st.lists(st.tuples(st.sampled_from("abcd"), st.decimals(0, 60, places=2)), max_size=8)
ENDLESS = st.builds(lambda top, bottom: div(top, Decimal(bottom)), UNITS, st.integers(1, 40))


@given(ENDLESS, st.lists(ENDLESS, max_size=6), st.sampled_from(["1", "0.25", "10", "3", "0.001"]))
def test_shares_add_up(units: Exact, used: list[Exact], step: str) -> None:
    """The shares come to the pool, or to all that was used where that is less; each lies between 0 and its use."""
    shares = pooled(units, used, Decimal(step))
    told = [fraction(each) for each in shares]
    have = [fraction(each) for each in used]
    assert sum(told, Fraction(0)) == min(fraction(units), sum(have, Fraction(0)))
    assert all(0 <= share <= each for share, each in zip(told, have, strict=True))


@given(UNITS, USED, st.randoms(use_true_random=False), st.booleans(), st.sampled_from(["1", "0.5", "7"]))
def test_nothing_of_a_pool_is_lost(
    units: Decimal, used: list[tuple[str, Decimal]], random: Random, off: bool, step: str
) -> None:
    """All groups together pay for what all used beyond the pool, in any order of the records."""
    each = prices.PerUnit(unit_price="1")
    price = each if off else prices.Allowance(units=units, scope="pooled", base=each)
    discounts = [UsageDiscount(units=units)] if off else []
    plan = Plan.single(
        "p", currency="USD",
        meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"), step=step)],
        items=[Item(key="x", meter="n", price=price, each=["g"], discounts=discounts)],
    )  # fmt: skip
    records = [
        UsageRecord("use", "2025-01-20T12:00:00Z", {"n": n, "g": g}, id=str(index)) for index, (g, n) in enumerate(used)
    ]
    acme = plan.subscribe("acme", start="2025-01-01")
    statement = rate(plan, acme, records, JANUARY)
    whole = sum((Fraction(n) for _, n in used), Fraction(0))
    paid = [fraction(line.exact) for line in statement.lines]
    assert sum(paid, Fraction(0)) == max(Fraction(0), whole - Fraction(units))
    assert all(0 <= some <= fraction(line.quantity) for some, line in zip(paid, statement.lines, strict=True))
    assert statement.verify()
    shuffled = list(records)
    random.shuffle(shuffled)
    assert rate(plan, acme, shuffled, JANUARY) == statement
