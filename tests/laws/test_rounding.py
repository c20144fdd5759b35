"""Laws of where a bill is rounded: each record before it is added up, or the statement as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ratecard import meters, prices, problems
from ratecard._numbers import Rounding
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, resolve
from ratecard.rating import Statement, Tally, charge, measure, rate, settle
from ratecard.records import UsageRecord
from tests.strategies import fraction, price_models

JANUARY = Period.month(2025, 1)
MODES: tuple[Rounding, ...] = get_args(Rounding)
PLACES = {"JPY": 0, "USD": 2, "KWD": 3}

modes = st.sampled_from(MODES)
currencies = st.sampled_from(sorted(PLACES))
values = st.decimals(-20, 200, places=3) | st.integers(-3, 9).map(Decimal) | st.sampled_from([Decimal("0.5")])
rates = st.decimals(-2, 2, places=4) | st.sampled_from([Decimal("0.005"), Decimal("0.5"), Decimal("0.0005")])


def rounded(value: Fraction, places: int, mode: str) -> Fraction:
    """A fraction rounded, by the definition of each rule."""
    scaled = abs(value) * 10**places
    low, rest = divmod(scaled.numerator, scaled.denominator)
    half = Fraction(rest, scaled.denominator) - Fraction(1, 2)
    away = {
        "down": False,
        "up": rest > 0,
        "ceiling": rest > 0 and value > 0,
        "floor": rest > 0 and value < 0,
        "half_up": half >= 0,
        "half_even": half > 0 or (half == 0 and low % 2 == 1),
    }[mode]
    return Fraction(low + away, 10**places) * (1 if value > 0 else -1)


def record_amount(price: prices.PerUnit | prices.Percentage, value: Fraction) -> Fraction:
    """What one record costs by itself."""
    if isinstance(price, prices.PerUnit):
        return fraction(price.unit_price) * value / fraction(price.per)
    if value < 0:
        return -record_amount(price, -value) if price.refunds else Fraction(0)
    amount = fraction(price.rate) * value + fraction(price.fixed_per_event)
    if price.min_per_event is not None:
        amount = max(amount, fraction(price.min_per_event))
    return amount if price.max_per_event is None else min(amount, fraction(price.max_per_event))


def by_record(price: prices.PerUnit | prices.Percentage, some: Sequence[Decimal], code: str, mode: str) -> Fraction:
    """The sum of the rounded records; fewer than no units cost nothing, unless the price refunds them."""
    if isinstance(price, prices.PerUnit) and not price.refunds and sum(map(Fraction, some)) < 0:
        return Fraction(0)
    return sum((rounded(record_amount(price, Fraction(each)), PLACES[code], mode) for each in some), Fraction(0))


@st.composite
def per_units(draw: st.DrawFn) -> prices.PerUnit:
    """Prices of a unit that end, some of them for many units."""
    per = draw(st.sampled_from(["1", "8", "1000"]))
    return prices.PerUnit(unit_price=draw(rates), per=per, refunds=draw(st.booleans()))


@st.composite
def percentages(draw: st.DrawFn) -> prices.Percentage:
    """Shares of each record's value, without a free part."""
    low, high = sorted(draw(st.tuples(st.integers(0, 90), st.integers(0, 90))))
    return prices.Percentage(
        rate=abs(draw(rates)),
        fixed_per_event=draw(st.sampled_from(["0", "0.005", "0.3", "2.5"])),
        min_per_event=draw(st.sampled_from([None, Decimal(low).scaleb(-3)])),
        max_per_event=draw(st.sampled_from([None, Decimal(high).scaleb(-1)])),
        refunds=draw(st.booleans()),
    )


SUM = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))


def selling(
    price: prices.Price, *, meter: meters.Meter = SUM, currency: str = "USD", item: Any = (), **how: Any
) -> Plan:
    """A plan that sells the sum of `n` at a price, each record rounded."""
    sold = Item(key="i", meter="m", price=price, **dict(item))
    return Plan.single("p", currency=currency, meters=[meter], items=[sold], **{"rounding_at": "record", **how})


def records(some: Sequence[Decimal]) -> list[UsageRecord]:
    """One record a value."""
    return [
        UsageRecord(
            "e", datetime(2025, 1, 1 + 4 * index % 31, tzinfo=UTC), {"n": n, "d": "ab"[index % 2]}, id=str(index)
        )
        for index, n in enumerate(some)
    ]


def billed(plan: Plan, some: list[UsageRecord]) -> Statement:
    """The bill of January."""
    return rate(plan, plan.subscribe("acme", start="2025-01-01"), some, JANUARY)


@given(per_units() | percentages(), st.lists(values, max_size=8), currencies, modes)
def test_record_is_rounded_before_it_is_added(price: Any, some: list[Decimal], code: str, mode: Rounding) -> None:
    """A line is the sum of its records' prices, each rounded by the rule to the currency's places."""
    bill = billed(selling(price, currency=code, rounding=mode), records(some))
    (line,) = bill.lines
    assert fraction(line.exact) == by_record(price, some, code, mode)
    assert line.remainder == 0
    assert bill.verify()
    assert Statement.from_json(bill.to_json()) == bill
    returned = isinstance(price, prices.PerUnit) and not price.refunds and sum(map(Fraction, some)) < 0
    assert ("costs nothing" if returned else f"the price of {len(some)} record") in line.explain()


@given(per_units() | percentages(), st.lists(values, max_size=8), modes, st.sampled_from(["each", "split"]))
def test_records_are_rounded_in_groups(price: Any, some: list[Decimal], mode: Rounding, how: str) -> None:
    """So is the line of each group; where groups share one price, their lines add up to the whole."""
    bill = billed(selling(price, rounding=mode, item={how: ["d"]}), records(some))
    assert bill.verify()
    if how == "split":
        assert sum(fraction(line.rounded) for line in bill.lines) == by_record(price, some, "USD", mode)
        return
    for line in bill.lines:
        ((_, group),) = line.group
        assert fraction(line.exact) == by_record(price, some["ab".index(group) :: 2], "USD", mode)
    assert len(bill.lines) == min(len(some), 2)


@given(per_units() | percentages(), st.lists(values, min_size=1, max_size=8), currencies, modes, st.data())
def test_order_and_batches_of_rounded_records(
    price: Any, some: list[Decimal], code: str, mode: Rounding, data: st.DataObject
) -> None:
    """Records in any order, in batches, or metered apart, also through plain data, come to the same bytes."""
    plan = selling(price, currency=code, rounding=mode)
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY)
    told = settle(charge(terms, measure(terms, records(some)))).dumps()
    shuffled = data.draw(st.permutations(records(some)))
    cut = data.draw(st.integers(0, len(some)))
    left, right = measure(terms, shuffled[:cut]), measure(terms, shuffled[cut:])
    loaded = Tally.load(left.dump(), {"acme": terms.meters})
    for tally in (measure(terms, shuffled), measure(terms, shuffled[cut:], onto=left), right + left, loaded + right):
        assert settle(charge(terms, tally)).dumps() == told


@given(per_units() | percentages(), st.lists(values, max_size=8), st.integers(1, 30), modes)
def test_card_change_leaves_rounded_records(price: Any, some: list[Decimal], day: int, mode: Rounding) -> None:
    """An equal price on a later card changes nothing: each record is still rounded once."""
    plan = selling(price, rounding=mode)
    later = RateCard(currency="USD", effective=f"2025-01-{day:02}", items=plan.cards[0].items)
    both = plan.model_copy(update={"cards": (*plan.cards, later)})
    bill = billed(Plan.load(both.dump()), records(some))
    assert bill.verify()
    assert sum(fraction(line.exact) for line in bill.lines) == by_record(price, some, "USD", mode)


def test_counts_are_records_of_one_unit() -> None:
    """Records that are counted cost one unit each, rounded: three calls at 0.005 are 0.03, not 0.02."""
    plan = selling(prices.PerUnit(unit_price="0.005"), meter=meters.Meter(key="m", event="e", aggregate=meters.Count()))
    (line,) = billed(plan, records([Decimal(0)] * 3)).lines
    assert line.exact == Decimal("0.03")
    (whole,) = billed(plan.model_copy(update={"rounding_at": "line"}), records([Decimal(0)] * 3)).lines
    assert (whole.exact, whole.rounded) == (Decimal("0.015"), Decimal("0.02"))


def refusals(make: Callable[[], object]) -> list[tuple[str, str]]:
    """Where and by which code a definition is refused."""
    with pytest.raises(ValidationError) as caught:
        make()
    return [(problem.path, problem.code) for problem in problems(caught.value)]


# A price of outcomes does not go with this meter to begin with.
METERED = sorted(set(price_models()) - {"credit", "per_unit", "percentage", "percent_of", "outcome"})
REFUSED = [("cards[0].items[0].price", "rounding.record")]


@pytest.mark.parametrize("model", METERED)
@given(data=st.data())
def test_other_models_cannot_round_records(model: str, data: st.DataObject) -> None:
    """A price whose amount is not a sum over records is refused where records are to be rounded."""
    price = data.draw(price_models(1)[model].filter(lambda price: not price.demand().items))
    grouped = {"each": ["d"]} if model == "allowance" else {}
    assert refusals(lambda: selling(price, item=grouped)) == REFUSED


OTHERWISE = {
    "endless rate": lambda: selling(prices.PerUnit(unit_price="1", per=3)),
    "free records": lambda: selling(prices.Percentage(rate="0.1", free_events=1)),
    "free amount": lambda: selling(prices.Percentage(rate="0.1", free_amount=1)),
    "bounded below": lambda: selling(prices.Percentage(rate="0.1", minimum=1)),
    "bounded above": lambda: selling(prices.Percentage(rate="0.1", maximum=1)),
    "rounded quantity": lambda: selling(prices.PerUnit(unit_price="1"), item={"round_quantity": "up"}),
    "narrowed tiers": lambda: selling(prices.PerUnit(unit_price="1"), item={"tiers": "prorate"}),
    "converted": lambda: selling(
        prices.PerUnit(unit_price="1"),
        meter=SUM.model_copy(update={"convert": meters.Convert(divide=1000)}),
    ),
    **{
        aggregate.kind: partial(
            selling, prices.PerUnit(unit_price="1"), meter=meters.Meter(key="m", event="e", aggregate=aggregate)
        )
        for aggregate in (
            meters.Average(of="n"), meters.Max(of="n"), meters.Min(of="n"), meters.Latest(of="n"),
            meters.Unique(of="d"), meters.Percentile(of="n", percent="50"), meters.Level(of="n"), meters.Peak(of="n"),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERWISE)
def test_what_is_no_sum_over_records(case: str) -> None:
    """So is a free part, a bound of the whole, a conversion, or a meter that does not add up its records."""
    assert refusals(OTHERWISE[case]) == REFUSED


def test_fees_do_not_mind_rounded_records() -> None:
    """What has no records is rounded on its line as ever, and a share of other items reads their rounded records."""
    items = [
        Item(key="fee", price=prices.Flat(amount="0.125")),
        Item(key="seats", quantity="seats", price=prices.PerUnit(unit_price="0.333")),
        Item(key="calls", meter="m", price=prices.PerUnit(unit_price="0.005")),
        Item(key="share", price=prices.PercentOf(items=["calls"], rate="0.5")),
    ]
    plan = Plan.single("p", currency="USD", rounding_at="record", meters=[SUM], items=items)
    acme = plan.subscribe("acme", start="2025-01-01", quantities={"seats": 5})
    bill = rate(plan, acme, records([Decimal(1)] * 3), JANUARY)
    assert [str(line.exact) for line in bill.lines] == ["0.125", "1.665", "0.03", "0.015"]
    assert [str(line.rounded) for line in bill.lines] == ["0.13", "1.67", "0.03", "0.02"]
    assert bill.verify()


# --- the statement as a whole ---


@given(st.lists(st.decimals(-9, 9, places=5), max_size=6), st.lists(values, max_size=6), per_units(), currencies, modes)
def test_statement_is_rounded_once(
    fees: list[Decimal], some: list[Decimal], price: prices.PerUnit, code: str, mode: Rounding
) -> None:
    """The lines add up to the exact sum, rounded once; each stands within one step of its own exact amount."""
    items = [Item(key=f"fee{index}", price=prices.Flat(amount=fee)) for index, fee in enumerate(fees)]
    items.append(Item(key="i", meter="m", price=price, each=["d"]))
    plan = Plan.single("p", currency=code, meters=[SUM], items=items, rounding=mode, rounding_at="statement")
    bill = billed(plan, records(some))
    step = Fraction(1, 10 ** PLACES[code])
    whole = sum((fraction(line.exact) for line in bill.lines), Fraction(0))
    assert sum((fraction(line.rounded) for line in bill.lines), Fraction(0)) == rounded(whole, PLACES[code], mode)
    assert fraction(bill.due.amount) == rounded(whole, PLACES[code], mode)
    assert all(abs(fraction(line.remainder)) < step or line.remainder == step for line in bill.lines)
    assert bill.verify()
