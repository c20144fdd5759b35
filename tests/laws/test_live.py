"""Laws of the live bill: it is the bill, a quote is what it will cost, and what was admitted keeps every cap."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import meters, prices
from ratecard._numbers import Exact
from ratecard.credits import Grant
from ratecard.errors import MismatchError, NoPriceError, RatecardError, RecordError
from ratecard.guards import Alert, Cap, Crossed, FixedWindow, SlidingWindow, TokenBucket
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, Subscription, resolve
from ratecard.rating import Live, live, measure, rate
from ratecard.records import UsageRecord
from tests import outcomes
from tests.strategies import amounts, discounts, fraction, histories, price_models, simple_prices

JANUARY = Period.month(2025, 1)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
MODELS = sorted(set(price_models()) - {"outcome"})
"""Every price of usage; outcomes have a meter of their own, and a law of their own below."""


@st.composite
def feeds(draw: st.DrawFn, *, least: int = 0, most: int = 8, low: int = 0) -> list[UsageRecord]:
    """Records that every price can read, with copies and without ids now and then, in the order of time."""
    found: list[UsageRecord] = []
    for index in range(draw(st.integers(least, most))):
        name = draw(st.sampled_from([f"r{index}", f"r{index}", "r0", None]))
        found.append(
            UsageRecord(
                draw(st.sampled_from(["e", "e", "k"])),
                NOON + timedelta(minutes=index),
                {
                    "n": draw(st.integers(low, 60) | amounts(low, 40)),
                    "m": draw(st.integers(0, 3)),
                    "user": draw(st.sampled_from(["ana", "bo"])),
                    "cost": draw(st.integers(0, 5)),
                },
                id=name,
            )
        )
    return found


METERS = [
    meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n")),
    meters.Meter(key="k", event="k", aggregate=meters.Count()),
]


def plan_of(price: prices.Price, **fields: Any) -> Plan:
    """A plan of a fee, a count, and a price of usage."""
    pooled = isinstance(price, prices.Allowance) and price.scope == "pooled"
    paid = [Grant(id="g", amount=25, currency="credits")] if isinstance(price, prices.Credit) else []
    return Plan.single(
        "p",
        currency="USD",
        meters=METERS,
        units=[{"key": "credits", "places": 3}],
        grants=[*paid, *fields.pop("grants", [])],
        items=[
            Item(key="a", price=prices.Flat(amount="40")),
            Item(key="b", meter="k", price=prices.PerUnit(unit_price="0.333")),
            Item(key="use", meter="m", price=price, each=["user"] if pooled else []),
        ],
        **fields,
    )


@st.composite
def staged(draw: st.DrawFn) -> dict[str, Any]:
    """
    What works across the lines: discounts, coupons, floors, ceilings, commitments, taxes, credits in money, soft caps.
    """
    some = st.integers(0, 2).map(lambda roll: roll == 0)
    found: dict[str, Any] = {
        "discounts": [
            each.model_copy(update={"key": f"d{index}"})
            for index, each in enumerate(draw(st.lists(discounts(), max_size=2)))
        ]
    }
    if draw(some):
        off = [{"key": "ANY", "discount": draw(discounts())}, {"key": "BIG", "discount": draw(discounts())}]
        found["coupons"] = [off[0], {**off[1], "minimum_spend": draw(amounts(0, 90)), "stacks": draw(st.booleans())}]
    if draw(some):
        found["minimum"] = {"amount": draw(amounts(0, 90))}
    if draw(some):
        found["maximum"] = {"amount": draw(amounts(90, 200))}
    if draw(some):
        found["commitments"] = [
            {"kind": draw(st.sampled_from(["postpaid", "prepaid"])), "key": "c", "amount": draw(amounts(0, 90)),
             "overage": "1.5", "items": draw(st.sampled_from([[], ["use"]]))}
        ]  # fmt: skip
    if draw(some):
        found["taxes"] = [{"key": "t", "rate": "0.2", "included": draw(st.booleans())}]
    if draw(some):
        found["grants"] = [Grant(id="cash", amount=draw(amounts(1, 90)), currency="USD")]
    if draw(some):
        found["guards"] = [Cap(spend=draw(amounts(0, 200)), mode="soft"), Cap(spend="30", item="use", mode="soft")]
    return found


def subscribed(plan: Plan) -> Subscription:
    """A customer who brings all coupons along."""
    return plan.subscribe("acme", start="2025-01-01", coupons=[each.key for each in plan.coupons])


def opened(plan: Plan, *, quick: bool = True) -> Live:
    """A live bill of January; with `quick` off it goes the long way always."""
    found = live(resolve(plan, subscribed(plan), JANUARY))
    if not quick:
        found._swift = None
    return found


def billed(plan: Plan, records: Sequence[UsageRecord]) -> str:
    """The statement of the records, as text."""
    return rate(plan, subscribed(plan), records, JANUARY).dumps()


def outcome(ask: Callable[[], str]) -> tuple[bool, str]:
    """What is answered, or the code of the error."""
    try:
        return True, ask()
    except RatecardError as error:
        return False, error.code


@pytest.mark.parametrize("model", MODELS)
@given(st.data())
def test_live_is_the_bill(model: str, data: st.DataObject) -> None:
    """At every moment the statement is that of the records so far, to the byte; what has no price is not kept."""
    plan = plan_of(data.draw(price_models(2)[model]), **data.draw(staged()))
    records = data.draw(feeds(low=-9))
    bill = opened(plan)
    kept: list[UsageRecord] = []
    for count, record in enumerate(records, 1):
        try:
            bill.record(record)
            kept.append(record)
        except NoPriceError as error:
            assert outcome(lambda one=record: billed(plan, [*kept, one])) == (False, error.code)
        if count % 3 == 0:
            assert bill.statement().dumps() == billed(plan, kept)
    records = kept
    assert bill.statement().dumps() == billed(plan, records)
    acme = subscribed(plan)
    assert bill.statement().carry == rate(plan, acme, records, JANUARY).carry
    assert bill.tally == measure(resolve(plan, acme, JANUARY), records)


@given(st.integers(0, 10**6), staged())
def test_live_of_outcomes(seed: int, more: dict[str, Any]) -> None:
    """The same for outcomes, month after month by carry: the bill is that of the records, and a quote is their cost."""
    held = outcomes.draw(random.Random(seed), ends=True)  # noqa: S311
    more = {name: each for name, each in more.items() if name != "guards"}
    for each in more.get("commitments", []):
        each["items"] = []
    plan = held.plan().model_copy(update=more)
    acme = held.acme().model_copy(update={"coupons": tuple(each.key for each in plan.coupons)})
    carry, ledger = None, None
    for start, end in pairwise(outcomes.MONTHS[:3]):
        period, records = outcomes.span(start, end), held.records(start, end)
        terms = resolve(plan, acme, period, carry=carry, ledger=ledger)
        bill = live(terms)
        for count, record in enumerate(records, 1):
            before = bill._bill.figures().exact("subtotal")
            try:
                quoted = fraction(bill.quote_exact(record))
            except RecordError as error:
                # The customer has left.
                assert error.code == "record.outside"
                quoted = Fraction(0)
            bill.record(record)
            assert fraction(bill._bill.figures().exact("subtotal")) - fraction(before) == quoted
            if count % 4 == 0:
                so_far = rate(plan, acme, records[:count], period, carry=carry, ledger=ledger)
                assert bill.statement().dumps() == so_far.dumps()
        whole = rate(plan, acme, records, period, carry=carry, ledger=ledger)
        assert bill.statement().dumps() == whole.dumps()
        assert bill.statement().carry == whole.carry
        again = Live.load(json.loads(json.dumps(bill.dump())), terms)
        assert (again.dump(), again.statement().dumps()) == (bill.dump(), whole.dumps())
        carry, ledger = whole.carry, whole.ledger


@given(histories())
def test_live_over_any_terms(history: Any) -> None:
    """The same over cards that change, items of other rhythms, cuts and levels, chained by carry."""
    carry = None
    for period in history.periods:
        terms = resolve(history.plan, history.acme, period, carry=carry)
        bill = live(terms)
        for record in history.records:
            bill.record(record)
        try:
            whole = rate(history.plan, history.acme, history.records, period, carry=carry)
        except RatecardError:
            return
        assert bill.statement().dumps() == whole.dumps()
        assert bill.statement().carry == whole.carry
        carry = whole.carry


@pytest.mark.parametrize("model", MODELS)
@given(st.data())
def test_quote_is_the_cost(model: str, data: st.DataObject) -> None:
    """What a record was quoted before it ran is what the exact subtotal grows by once it is counted."""
    plan = plan_of(data.draw(price_models(2)[model]), **data.draw(staged()))
    bill = opened(plan)
    for record in data.draw(feeds(least=1, low=-9)):
        try:
            before = bill._bill.figures().exact("subtotal")
            gross = bill._bill.figures().exact("gross")
            quoted = bill.quote_exact(record)
            whole = bill.quote_exact(record, gross=True)
        except RatecardError:
            # What has no price is refused, before and after.
            outcome(lambda one=record: str(bill.record(one)))
            bill._home()
            continue
        bill.record(record)
        bill._home()
        assert fraction(bill._bill.figures().exact("subtotal")) - fraction(before) == fraction(quoted)
        assert fraction(bill._bill.figures().exact("gross")) - fraction(gross) == fraction(whole)


RISING = st.one_of(
    st.builds(prices.PerUnit, unit_price=amounts(0, 9)),
    st.builds(
        lambda a, b, c: prices.Graduated(
            tiers=[prices.Tier(up_to=10, unit_price=a, flat_price=c), prices.Tier(up_to=50, unit_price=b),
                   prices.Tier(unit_price=a)]
        ),
        amounts(0, 9), amounts(0, 9), amounts(0, 9),
    ),
    st.builds(lambda p: prices.Package(package_size=7, package_price=p), amounts(0, 9)),
)  # fmt: skip
FALLING = st.builds(
    lambda a, b: prices.Volume(tiers=[prices.Tier(up_to=20, unit_price=a), prices.Tier(unit_price=b)]),
    amounts(4, 9), amounts(0, 3),
)  # fmt: skip


@st.composite
def watched(draw: st.DrawFn) -> list[Any]:
    """Caps, alerts and buckets of a small gateway."""
    found: list[Any] = []
    if draw(st.booleans()):
        mode = draw(st.sampled_from(["hard", "clamp"]))
        found.append(Cap(key="whole", spend=draw(amounts(0, 400)), mode=mode))
        found.append(Alert(percent=50, cap="whole"))
        found.append(Alert(percent=80, cap="whole", every=10))
    if draw(st.booleans()):
        found.append(Cap(spend=draw(amounts(0, 300)), item="use"))
    if draw(st.booleans()):
        found.append(Cap(quantity=draw(amounts(0, 99)), meter="m", mode=draw(st.sampled_from(["hard", "clamp"]))))
    if draw(st.booleans()):
        found.append(Alert(quantity=draw(amounts(1, 60)), item="use"))
    if draw(st.booleans()):
        found.append(Alert(spend=draw(amounts(1, 99)), every="20"))
    if draw(st.booleans()):
        found.append(TokenBucket(capacity=2, refill=1, interval_seconds=60))
    if draw(st.booleans()):
        found.append(TokenBucket(capacity=70, refill=20, interval_seconds=60, meter="m"))
    return found


@given(RISING | FALLING, watched(), feeds(most=14), st.lists(st.sampled_from("qarsl"), min_size=30, max_size=30))
def test_quick_is_long(price: prices.Price, guards: list[Any], records: list[UsageRecord], acts: list[str]) -> None:
    """The quick way and the long way say the same, in whatever order they are asked."""
    plan = plan_of(price, guards=guards)
    quick, long = opened(plan), opened(plan, quick=False)
    for record, act, more in zip(records, acts, acts[1:], strict=False):
        for each in (act, more):
            told = []
            for bill in (quick, long):
                try:
                    if each == "q":
                        told.append(fraction(bill.quote_exact(record)))
                    elif each == "a":
                        verdict = bill.admit(record)
                        told.append((verdict.to_json(), verdict.left))
                    elif each == "r":
                        told.append([signal.to_json() for signal in bill.record(record)])
                    elif each == "s":
                        told.append(bill.statement().dumps())
                    else:
                        told.append(bill.left(record.at))
                except (RecordError, MismatchError) as error:
                    told.append(error.code)
            assert told[0] == told[1], each
    assert quick.version == long.version
    assert quick.dump() == long.dump()


@given(RISING | FALLING, watched(), feeds(most=12), st.booleans())
def test_caps_hold(price: prices.Price, guards: list[Any], records: list[UsageRecord], reserve: bool) -> None:
    """Where every record was admitted first no hard cap is ever passed, not by a cent; nor does a clamp let it be."""
    guards = [each for each in guards if isinstance(each, Cap)]
    plan = plan_of(price, guards=guards)
    bill = opened(plan)
    for index, record in enumerate(records):
        try:
            verdict = bill.reserve(record, id=str(index)) if reserve else bill.admit(record, cut="n")
        except (RecordError, MismatchError):
            continue
        if reserve and str(index) in bill._holds.reserved:
            bill.commit(str(index))
        elif not reserve and verdict:
            bill.record(record)
        elif not reserve and verdict.fits:
            part = {**record.properties, "n": verdict.fits}
            bill.record(UsageRecord(record.event, record.at, part, id=record.id))
        bill._home()
        for cap in guards:
            now = bill._bill.figures().value(cap.gauge())
            alone = bill._bill.scene.empty.value(cap.gauge())
            assert now is not None and alone is not None
            limit = cap.spend if cap.spend is not None else cap.quantity
            assert now <= limit or now == alone


@given(RISING | FALLING, amounts(0, 400), st.integers(1, 90), feeds(most=5))
def test_clamp_is_the_largest(price: prices.Price, limit: Decimal, wanted: int, records: list[UsageRecord]) -> None:
    """Every part up to what a clamp lets through keeps the cap, and one step more passes it."""
    plan = plan_of(price)
    bill = opened(plan_of(price, guards=[Cap(spend=limit, mode="clamp")]))
    for record in records:
        bill.record(record)

    def after(part: int) -> Decimal:
        one = UsageRecord("e", NOON, {"n": part, "m": 1, "user": "ana", "cost": 0}, id="new")
        acme = plan.subscribe("acme", start="2025-01-01")
        return rate(plan, acme, [*records, one], JANUARY).subtotal.amount

    ask = UsageRecord("e", NOON, {"n": wanted, "m": 1, "user": "ana", "cost": 0}, id="new")
    fits = bill.admit(ask).fits
    assert fits is not None
    if fits == 0 and after(0) > limit:
        return
    assert all(after(part) <= limit for part in range(int(fits) + 1))
    assert fits == wanted or after(int(fits) + 1) > limit


@given(RISING, feeds(most=10), st.integers(0, 10), st.sampled_from(["20", "55.5", "100"]))
def test_prefix_tells_nothing_new(price: prices.Price, records: list[UsageRecord], at: int, every: str) -> None:
    """A bill that goes on from a tally, or gets a prefix again, tells no alert a second time."""
    plan = plan_of(price, guards=[Alert(spend="45", every=every), Alert(quantity="30", meter="m")])
    named = [record for record in records if record.id is not None]
    whole = opened(plan)
    told = [signal.to_json() for record in named for signal in whole.record(record)]
    assert [signal for record in named[:at] for signal in whole.record(record)] == []
    first = opened(plan)
    for record in named[:at]:
        first.record(record)
    second = live(first.terms, first.tally)
    rest = [signal.to_json() for record in named[at:] for signal in second.record(record)]
    assert rest == [each for each in told if each in rest]
    third = Live.load(first.dump(), first.terms)
    assert third.dump() == first.dump()
    again = [signal.to_json() for record in named[at:] for signal in third.record(record)]
    earlier = opened(plan)
    assert [signal.to_json() for record in named[:at] for signal in earlier.record(record)] + again == told


@given(RISING, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6))
def test_split_record_crosses_the_same(price: prices.Price, pairs: list[tuple[int, int]]) -> None:
    """A record cut in two crosses the same thresholds as the whole."""
    plan = plan_of(price, guards=[Alert(spend="50", every="7"), Alert(quantity="30", meter="m", every="11")])
    whole, split = opened(plan), opened(plan)
    crossed: list[list[Exact]] = [[], []]
    for first, second in pairs:
        for bill, parts, found in ((whole, [first + second], crossed[0]), (split, [first, second], crossed[1])):
            for part in parts:
                for signal in bill.record(UsageRecord("e", NOON, {"n": part}, id=str(bill.version))):
                    assert isinstance(signal, Crossed)
                    found += list(signal.thresholds)
    assert sorted(crossed[0]) == sorted(crossed[1])


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 9)), max_size=25), st.integers(0, 20), st.integers(1, 40))
def test_rate_limits_against_all_timestamps(asks: list[tuple[int, int]], limit: int, width: int) -> None:
    """Windows and buckets let through just what a log of every request says, asked through a bill."""
    plan = plan_of(
        prices.PerUnit(unit_price=1),
        guards=[
            SlidingWindow(limit=limit, window_seconds=width, meter="m"),
            FixedWindow(limit=limit + 3, window_seconds=width),
        ],
    )
    bill = opened(plan)
    log: list[tuple[int, int]] = []
    now = 0
    for index, (seconds, quantity) in enumerate(asks):
        now = max(now, seconds)
        at = NOON + timedelta(seconds=now)
        verdict = bill.admit(UsageRecord("e", at, {"n": quantity}, id=f"r{index}"))
        recent = sum(each for then, each in log if then > now - width)
        second = int(at.timestamp())
        window = second - second % width
        calls = sum(1 for then, _ in log if int(NOON.timestamp()) + then >= window)
        assert verdict.allowed == ((quantity == 0 or recent + quantity <= limit) and calls + 1 <= limit + 3)
        if verdict:
            log.append((now, quantity))
            bill.record(UsageRecord("e", at, {"n": quantity}, id=f"r{index}"))


@given(simple_prices(1), amounts(0, 9), feeds(most=6))
def test_costs_are_never_billed(price: prices.Price, cost: Decimal, records: list[UsageRecord]) -> None:
    """A plan with costs bills what it bills without them, and its costs are what their prices make of the records."""
    costs = [RateCard(currency="USD", items=[Item(key="use", meter="m", price=prices.PerUnit(unit_price=cost))])]
    plain, costed = plan_of(price), plan_of(price, costs=costs)
    bill = opened(costed)
    for record in records:
        bill.record(record)
    bill._home()
    assert bill.statement().lines == opened_lines(plain, records)
    seen: set[str] = set()
    spent = Fraction(0)
    for record in records:
        if record.event == "e" and not (record.id is not None and record.id in seen):
            spent += Fraction(record.properties["n"]) * Fraction(cost)
        if record.id is not None:
            seen.add(record.id)
    figures = bill._bill.figures().costs
    assert figures is not None
    assert fraction(figures.exact("gross")) == spent


def opened_lines(plan: Plan, records: Sequence[UsageRecord]) -> Any:
    """The lines of a bill, under the card of another plan with the same card."""
    return rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY).lines
