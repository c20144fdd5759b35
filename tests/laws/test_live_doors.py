"""Laws of the live bill where items have stages of their own and guards count by group: opened, loaded, and held."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import meters, prices
from ratecard.errors import NoPriceError, RatecardError
from ratecard.guards import Alert, Cap, Crossed, SlidingWindow, TokenBucket
from ratecard.periods import Period
from ratecard.plans import AmountDiscount, Item, Maximum, Minimum, PercentDiscount, Plan, resolve
from ratecard.rating import Live, live, rate
from ratecard.records import UsageRecord
from tests.laws.test_live import JANUARY, MODELS, feeds, opened, plan_of
from tests.strategies import amounts, histories, price_models, simple_prices

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
DIMENSIONS = st.sampled_from([["user"], ["user", "m"]])


@st.composite
def stages(draw: st.DrawFn) -> dict[str, Any]:
    """Stages of one item."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        off = st.builds(PercentDiscount, rate=st.sampled_from(["0.125", "1"])) | st.builds(
            AmountDiscount, amount=amounts(0, 30)
        )
        found["discounts"] = [draw(off)]
    if draw(st.booleans()):
        found["minimum"] = Minimum(amount=draw(amounts(0, 50)))
    elif draw(st.booleans()):
        found["maximum"] = Maximum(amount=draw(amounts(0, 50)))
    return found


@st.composite
def by_group(draw: st.DrawFn) -> list[Any]:
    """Guards that count by group, beside some that do not."""
    some: list[Any] = [
        Cap(key="quantity", quantity=draw(amounts(0, 60)), meter="m", each=draw(DIMENSIONS)),
        Cap(key="money", spend=draw(amounts(0, 60)), item="use", each=["user"]),
        Cap(key="whole", spend=draw(amounts(0, 200)), mode=draw(st.sampled_from(["hard", "clamp"]))),
        Cap(key="window", quantity=draw(amounts(0, 60)), meter="m", window_seconds=60, each=draw(DIMENSIONS)),
        Alert(key="units", quantity=draw(amounts(1, 40)), meter="m", every=draw(amounts(1, 9)), each=["user"]),
        Alert(key="ana", spend=draw(amounts(1, 40)), item="use", group={"user": "ana"}),
        Alert(key="spent", spend=draw(amounts(1, 99))),
        TokenBucket(key="pace", capacity=3, refill=1, interval_seconds=90, each=draw(DIMENSIONS)),
        SlidingWindow(key="slide", limit=4, window_seconds=90, each=["user"]),
    ]  # fmt: skip
    return [each for each in some if draw(st.booleans())]


@st.composite
def sold(draw: st.DrawFn) -> Plan:
    """Fees and usage with stages of their own, under guards by group; parts of a cent may be carried."""
    return Plan.single(
        "p",
        currency="USD",
        meters=[
            meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n")),
            meters.Meter(key="k", event="k", aggregate=meters.Count()),
        ],
        items=[
            Item(key="fee", price=prices.Flat(amount="9.995"), **draw(stages())),
            Item(key="b", meter="k", price=prices.PerUnit(unit_price="0.333"), **draw(stages())),
            Item(key="use", meter="m", price=draw(simple_prices(1)), each=["user"], **draw(stages())),
        ],
        guards=draw(by_group()),
        carry_remainders=draw(st.booleans()),
    )


def play(bill: Live, records: Sequence[UsageRecord]) -> tuple[list[UsageRecord], list[Any]]:
    """Feed records, some of them asked for first; those that were kept, and the signals as plain data."""
    kept: list[UsageRecord] = []
    told: list[Any] = []
    for index, record in enumerate(records):
        before = json.dumps(bill.dump(), sort_keys=True)
        try:
            if index % 3 == 0:
                bill.admit(record, cut="n" if record.event == "e" else None)
            before = json.dumps(bill.dump(), sort_keys=True)
            told += [signal.to_json() for signal in bill.record(record)]
            kept.append(record)
        except RatecardError:
            assert json.dumps(bill.dump(), sort_keys=True) == before
    return kept, told


@given(sold(), feeds(most=10), st.integers(0, 3))
def test_live_is_the_bill_with_stages_and_groups(plan: Plan, records: list[UsageRecord], at: int) -> None:
    """The bill is that of what it kept, over two months; loaded on the way it is the same bill, and tells the same."""
    acme = plan.subscribe("acme", start="2025-01-01")
    carry = None
    for period in (JANUARY, Period.month(2025, 2)):
        later = period.start - JANUARY.start
        fed = [UsageRecord(r.event, r.at + later, r.properties, id=None if r.id is None else f"{period.start}{r.id}")
               for r in records]  # fmt: skip
        terms = resolve(plan, acme, period, carry=carry)
        whole, first = live(terms), live(terms)
        kept, told = play(whole, fed)
        # A play asks for its first record before that runs, and for every third one after it: so does the second.
        before, early = play(first, fed[: at * 3])
        again = Live.load(json.loads(json.dumps(first.dump())), terms)
        assert again.dump() == first.dump()
        after, late = play(again, fed[at * 3 :])
        assert (before + after, early + late) == (kept, told)
        statement = rate(plan, acme, kept, period, carry=carry)
        assert whole.statement().dumps() == statement.dumps()
        carry = statement.carry


@given(sold(), feeds(most=8), feeds(most=8))
def test_groups_that_passed_are_known(plan: Plan, before: list[UsageRecord], after: list[UsageRecord]) -> None:
    """A bill that goes on from a tally tells nothing of the billing period that the one before it has told."""
    first = opened(plan)
    _, told = play(first, before)
    second = live(first.terms, first.tally)
    renamed = [UsageRecord(r.event, r.at + timedelta(hours=1), r.properties, id=f"new{r.id}") for r in after]
    crossed = {each["id"] for each in told if each["signal"] == "crossed"}
    found = [signal for record in renamed for signal in second.record(record)]
    assert not crossed & {signal.id for signal in found if isinstance(signal, Crossed)}


@pytest.mark.parametrize("model", MODELS)
@given(st.data())
def test_what_is_held_is_as_if_counted(model: str, data: st.DataObject) -> None:
    """Held on top of what was counted, records come to what they come to when they are counted, for every price."""
    plan = plan_of(data.draw(price_models(2)[model]))
    records = data.draw(feeds(most=8, low=-9))
    holding, counting = opened(plan), opened(plan)
    for index, record in enumerate(records):
        one = UsageRecord(record.event, record.at, record.properties, id=f"r{index}")
        try:
            counting.record(one)
        except NoPriceError:
            continue
        if data.draw(st.booleans()):
            holding._bill.hold(f"hold {index}", one)
        else:
            places = holding._bill.places(one)
            assert places is not None
            holding._bill.count(one, places)
    counting._home()
    assert _value(holding._bill.ahead()) == _value(counting._bill.figures())


@given(histories(), st.data())
def test_what_is_held_over_any_terms(history: Any, data: st.DataObject) -> None:
    """The same over cards that change, items of other rhythms, cuts and levels."""
    period = history.periods[0]
    terms = resolve(history.plan, history.acme, period)
    holding, counting = live(terms)._bill, live(terms)._bill
    for index, record in enumerate(history.records):
        one = UsageRecord(record.event, record.at, record.properties, customer=record.customer, id=f"r{index}")
        places = counting.intake.judge(one)
        if isinstance(places, str):
            continue
        try:
            counting.count(one, places)
        except RatecardError:
            continue
        if data.draw(st.booleans()):
            holding.hold(str(index), one)
        else:
            holding.count(one, places)
    assert _value(holding.ahead()) == _value(counting.figures())


def _value(figures: Any) -> Any:
    """The statement that figures print, or the code of what it lacks."""
    try:
        return [line.to_json() for line in figures.statement.lines]
    except RatecardError as error:
        return error.code
