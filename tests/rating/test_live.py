"""The live bill: what it is asked and answers, what it refuses, and what can be taken out of it and put back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratecard import credits, guards, meters, prices
from ratecard.errors import MismatchError, NoPriceError, RatecardError, RecordError
from ratecard.guards import Breach, Cap, Crossed, Gauge
from ratecard.meters import Meter
from ratecard.money import Money
from ratecard.plans import Item, Plan, RateCard, resolve
from ratecard.rating import Live, charge, live, measure, rate, settle
from ratecard.records import UsageRecord
from tests.api_pro import API_PRO
from tests.rating._opened import JANUARY, NOON, opened, simple, use

PRO = API_PRO.model_copy(
    update={
        "grants": (credits.Recurring(key="welcome", amount="5"),),
        "guards": (guards.Alert(spend="40"), guards.Cap(spend="100")),
    }
)


def test_the_whole_of_it() -> None:
    """The example of a plan with credits and guards: one call for the bill, and the same way a record at a time."""
    records = [UsageRecord("completion", NOON, {"tokens": 1_000_000}, id=f"c{n}") for n in range(4)]
    records += [
        UsageRecord("seat", NOON, {"user": name}, id=f"s{n}") for n, name in enumerate(["ana", "bo", "cy", "ana"])
    ]
    acme = PRO.subscribe("acme", start="2025-01-01")
    statement = rate(PRO, acme, records, JANUARY)
    assert (statement.subtotal, statement.due) == (Money("50", "USD"), Money("45", "USD"))
    terms = resolve(PRO, acme, JANUARY)
    tally = measure(terms, records[:3]) + measure(terms, records[3:])
    assert settle(charge(terms, tally)) == statement
    before = tally.dump()
    bill = live(terms, tally)
    next_call = UsageRecord("completion", NOON, {"tokens": 30_000_000}, id="c9")
    assert bill.quote(next_call) == Money("48", "USD")
    assert bill.admit(next_call).allowed
    bill.record(next_call)
    assert bill.statement().dumps() == rate(PRO, acme, [*records, next_call], JANUARY).dumps()
    assert tally.dump() == before


def test_given_tally_and_taken_tallies_stay() -> None:
    """States that aggregates write into are copied before they change: in the tally given, and in each taken out."""
    plan = simple()
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY)
    seats = [UsageRecord("seat", NOON, {"user": name}, id=name) for name in ("ana", "bo", "cy")]
    given = measure(terms, seats[:1])
    first = given.dump()
    bill = live(terms, given)
    bill.record(seats[1])
    taken = bill.tally
    second = taken.dump()
    statement = bill.statement()
    bill.record(seats[2])
    bill.quote(UsageRecord("seat", NOON, {"user": "di"}, id="di"))
    assert (given.dump(), taken.dump()) == (first, second)
    assert statement.carry == settle(charge(terms, taken)).carry
    assert bill.tally == measure(terms, seats)


def test_a_tally_of_many_customers() -> None:
    """One customer's part of a tally of many goes on; its own account starts there."""
    plan = simple()
    acme, other = (plan.subscribe(name, start="2025-01-01") for name in ("acme", "other"))
    terms = resolve(plan, acme, JANUARY)
    both = measure(terms, [use(3)]) + measure(resolve(plan, other, JANUARY), [use(5, "o")])
    bill = live(terms, both)
    bill.record(use(2, "r2"))
    assert bill.statement().due == Money("5", "USD")
    assert bill.statement().account is not None
    with pytest.raises(MismatchError) as caught:
        live(terms, measure(resolve(plan, other, JANUARY), []))
    assert caught.value.code == "tally.customer"


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (UsageRecord("nothing", NOON), "record.unmatched"),
        (UsageRecord("look", NOON), "record.unpriced"),
        (UsageRecord("use", "2025-03-01T00:00:00Z", {"n": 1}), "record.outside"),
        (UsageRecord("use", NOON, {"n": 1}, customer="bo"), "record.other_customer"),
        (UsageRecord("use", NOON, {"n": "many"}), "record.number"),
        ({"event": "use", "at": "2025-01-10T12:00:00Z"}, "record.missing"),
        ({"event": "use"}, "record.at"),
        (use(2, "known"), "record.conflict"),
    ],
)
def test_nothing_is_priced_at_zero_in_silence(record: Any, code: str) -> None:
    """What measure would leave out has no quote and is not admitted; recorded, it stands in the account as there."""
    plan = simple(Cap(spend=5))
    bill = opened(plan)
    bill.record(use(1, "known"))
    for ask in (bill.quote, bill.admit, lambda each: bill.reserve(each, id="held")):
        with pytest.raises(RecordError) as caught:
            ask(record)
        assert caught.value.code == code
    assert bill.record(record) == ()
    acme = plan.subscribe("acme", start="2025-01-01")
    assert bill.statement() == rate(plan, acme, [use(1, "known"), record], JANUARY)


def test_copies_cost_nothing() -> None:
    """A copy of a record that was counted adds 0, is allowed, and is counted once."""
    bill = opened(simple(Cap(spend=5), guards.TokenBucket(capacity=1, refill=1)))
    bill.admit(use(5))
    bill.record(use(5))
    before = bill.guards
    assert bill.quote(use(5)) == Money("0", "USD")
    verdict = bill.admit(use(5, seconds=0))
    assert (verdict.allowed, verdict.left["cap on subtotal"]) == (True, 0)
    assert bill.guards == before
    bill.record(use(5))
    assert bill.statement().due == Money("5", "USD")


def test_quotes_see_floors() -> None:
    """Below a minimum a record adds nothing to the bill; its item's amount alone it does."""
    bill = opened(simple(minimum={"amount": "10"}))
    assert (bill.quote(use(4)), bill.quote(use(4), gross=True)) == (Money("0", "USD"), Money("4", "USD"))
    assert bill.quote(use(12)) == Money("2", "USD")


def test_quotes_of_what_never_ends() -> None:
    """A third is told exactly, and as money in 24 decimals."""
    price = prices.PerUnit(unit_price="1", per=3)
    bill = opened(simple(price=price))
    assert str(bill.quote(use(1)).amount) == "0.333333333333333333333333"
    assert bill.quote_exact(use(3)) == 1


def test_fees_alone_above_a_cap() -> None:
    """Where fees alone exceed a cap every request is refused, and the verdict says why."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[
            Item(key="fee", price=prices.Flat(amount=20)),
            Item(key="n", meter="n", price=prices.PerUnit(unit_price="1")),
        ],
        guards=[Cap(spend=10), Cap(spend=1, item="n")],
    )  # fmt: skip
    bill = opened(plan)
    verdict = bill.admit(use(2))
    assert [bound.note for bound in verdict.limits] == [
        "fees alone come to 20, so nothing can be admitted", "",
    ]  # fmt: skip
    assert "fees alone come to 20" in verdict.explain()
    assert verdict.to_json()["limits"][0]["note"] == verdict.limits[0].note
    assert not bill.admit(use(0))
    assert verdict.limits[0].retry_after == Decimal((JANUARY.end - NOON).total_seconds())


def test_unasked_usage_is_billed_and_told() -> None:
    """What ran without being admitted is billed in full, and a breach is told once."""
    bill = opened(simple(Cap(spend=10)))
    told = bill.record(use(12, "a"))
    assert [type(signal) for signal in told] == [Breach]
    assert bill.record(use(1, "b")) == ()
    assert bill.statement().due == Money("13", "USD")
    assert not bill.admit(use(1, "c"))


def test_windows_are_mended() -> None:
    """A limit that counts by itself takes what is let through, and is told what really ran."""
    cap = Cap(key="hour", spend=10, window_seconds=3600)
    bucket = guards.TokenBucket(key="pace", capacity=10, refill=1, interval_seconds=3600, meter="n")
    bill = opened(simple(cap, bucket))
    assert bill.admit(use(8, "a"))
    assert bill.left(NOON) == {"hour": 2, "pace": 2}
    bill.record(use(5, "a"))
    assert bill.left(NOON) == {"hour": 5, "pace": 5}
    assert bill.reserve(use(4, "b"))
    bill.release("b")
    assert bill.left(NOON) == {"hour": 5, "pace": 5}
    (breach,) = bill.record(use(7, "unasked"))
    assert (breach.key, bill.left(NOON)) == ("hour", {"hour": 0, "pace": 0})
    later = "2025-01-10T18:00:00Z"
    assert bill.admit(use(1, None), at=later)
    assert bill.record(use(1, None), at=later) == ()
    assert bill.left(later) == {"hour": 9, "pace": 3}
    bill.record(use(-1, "back"), at=later)
    assert bill.left(later) == {"hour": 10, "pace": 4}


def test_concurrency_is_released_by_the_record() -> None:
    """What runs at once is held until its record comes, or it is released."""
    bill = opened(simple(guards.Concurrency(limit=1)))
    assert bill.admit(use(1, "a"))
    assert not bill.admit(use(1, "b"))
    bill.record(use(1, "a"))
    assert bill.reserve(use(1, "b"))
    bill.release("b")
    assert bill.admit(use(1, "c"))


def test_groups_come_from_the_record() -> None:
    """Guards that count by group find their dimensions among the record's properties."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", each=["team"], price=prices.PerUnit(unit_price="1"))],
        guards=[
            Cap(key="team", quantity=5, meter="n", each=["team"]),
            Cap(key="money", spend=9, item="n", group={"team": "a"}),
            guards.Alert(key="half", spend=3, item="n", each=["team"]),
        ],
    )  # fmt: skip
    bill = opened(plan)
    (crossed,) = bill.record(use(4, "1", team="a"))
    assert isinstance(crossed, Crossed)
    assert crossed.group == (("team", "a"),)
    assert not bill.admit(use(2, "2", team="a"))
    assert bill.admit(use(5, "3", team="b"))
    assert [bound.key for bound in bill.admit(use(6, "4", team="a")).limits] == ["team", "money"]


def test_margins_read_costs() -> None:
    """A margin floor reads what the same records cost; a hard one refuses what would bring it below."""
    costs = [RateCard(currency="USD", items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="0.6"))])]
    floor = guards.MarginFloor(percent=30, item="n", mode="hard")
    bill = opened(simple(floor, price=prices.Volume(tiers=[
        prices.Tier(up_to=10, unit_price=1), prices.Tier(unit_price="0.8"),
    ]), costs=costs))  # fmt: skip
    assert bill.admit(use(10, "a"))
    verdict = bill.admit(use(11, "a"))
    assert (verdict.allowed, verdict.limits[0].value) == (False, 25)
    (breach,) = bill.record(use(11, "a"))
    assert breach.value == 25
    again = Live.load(bill.dump(), bill.terms)
    assert again.dump() == bill.dump()
    with pytest.raises(MismatchError) as caught:
        live(bill.terms, bill.tally)
    assert caught.value.code == "live.costs"
    assert live(bill.terms, bill.tally, costs=bill.costs).dump()["costs"] == bill.dump()["costs"]


def test_costs_of_other_records() -> None:
    """Costs are counted by their own meters: a record that costs nothing, and one whose cost cannot be read."""
    costs = [RateCard(currency="USD", items=[Item(key="n", meter="cost", price=prices.PerUnit(unit_price=1))])]
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
            Meter(
                key="cost", event="use", aggregate=meters.Sum(of="cost"),
                where=[{"kind": "exists", "property": "real"}],
            ),
        ],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price=2))], costs=costs,
    )  # fmt: skip
    bill = opened(plan)
    bill.record(use(3, "a"))
    bill.record(use(3, "b", real=True, cost=4))
    bill.record(use(3, "c", real=True))
    assert bill.statement().due == Money("18", "USD")
    assert bill.costs is not None
    assert bill.costs.account.to_json()["counts"] == {"counted": 1, "refused": 1, "unpriced": 1}
    assert bill.quote(use(1, "d")) == Money("2", "USD")
    with pytest.raises(RecordError):
        bill.quote(use(1, "e", real=True))


def test_figures_from_elsewhere() -> None:
    """Figures that a bill does not have come from a function; without it they are an error, never 0."""
    plan = simple(guards.Alert(forecast=50), Cap(spend=5, scope="customer"))
    asked: list[Gauge] = []

    def find(gauge: Gauge) -> Decimal | None:
        asked.append(gauge)
        return Decimal(60) if gauge.what == "forecast" else Decimal(3)

    bill = opened(plan, figures=find)
    assert bill.admit(use(1))
    assert [signal.key for signal in bill.record(use(1))] == ["alert on forecast at 50"]
    assert {str(gauge) for gauge in asked} == {"customer's subtotal", "forecast"}
    with pytest.raises(MismatchError) as caught:
        opened(plan).admit(use(1))
    assert caught.value.code == "reading.missing"
    counting = opened(simple(Cap(credits=5, unit="tokens", window_seconds=60)))
    with pytest.raises(MismatchError) as caught:
        counting.admit(use(1))
    assert caught.value.code == "reading.missing"


def test_credits_are_read() -> None:
    """Balances and credits used are those of the statement's ledger; a ledger may be given beside the terms."""
    plan = simple(guards.Alert(balance=3), guards.Cap(credits=4, unit="USD"), Cap(spend=2, of="due"))
    ledger = credits.Ledger().grant(credits.Grant(id="g", amount=5, currency="USD"), at="2025-01-01T00:00:00Z")
    bill = opened(plan, ledger=ledger)
    assert bill.admit(use(4, "a"))
    assert [signal.key for signal in bill.record(use(4, "a"))] == ["alert on balance at 3"]
    assert [bound.key for bound in bill.admit(use(4, "b")).limits] == ["cap on due", "cap on credits USD"]
    acme = plan.subscribe("acme", start="2025-01-01")
    assert bill.statement() == rate(plan, acme, [use(4, "a")], JANUARY, ledger=ledger)
    assert Live.load(bill.dump(), bill.terms, ledger=ledger).statement() == bill.statement()
    window = opened(simple(Cap(spend=2, of="due", window_seconds=60)), ledger=ledger)
    assert window.admit(use(6, "a"))
    assert not window.admit(use(9, "b"))


def test_a_bill_is_opened_with_its_guards() -> None:
    """With the state of its guards a bill goes on; what was told is not told again."""
    bill = opened(PRO)
    more = UsageRecord("completion", NOON, {"tokens": 20_000_000}, id="a")
    assert [type(each) for each in bill.record(more)] == [Crossed]
    on = opened(PRO, tally=bill.tally, guards=bill.guards)
    assert on.record(UsageRecord("completion", NOON, {"tokens": 1}, id="b")) == ()


def test_state_goes_out_and_comes_back() -> None:
    """What is dumped loads as the same bill, in flight and all; anything else is refused."""
    bill = opened(simple(Cap(spend=50), guards.TokenBucket(capacity=9, refill=1), guards.Alert(spend=5)))
    bill.admit(use(3, "a"))
    bill.record(use(3, "a"))
    bill.admit(use(3, "asked"))
    bill.admit(use(3, None))
    bill.reserve(use(4, "held"))
    told = bill.dump()
    again = Live.load(told, bill.terms)
    assert (again.dump(), again.version, again.guards) == (told, bill.version, bill.guards)
    (crossed,), (same,) = again.commit("held"), bill.commit("held")
    assert crossed.to_json() == same.to_json()
    for record in (use(3, "asked"), use(3, None)):
        assert again.record(record) == bill.record(record) == ()
    assert again.dump() == bill.dump()
    assert repr(bill).startswith("<Live bill of 'acme'")
    trusted = opened(simple(), identity="trusted")
    trusted.record(use(3, "a"))
    trusted.record(use(3, "a"))
    assert Live.load(trusted.dump(), trusted.terms).statement().due == Money("6", "USD")
    for wrong in ({}, {"live": 1}, {**told, "version": None, "reserved": 5}, {**told, "tally": {"tally": 1}}):
        with pytest.raises(RatecardError):
            Live.load(wrong, bill.terms)


def test_what_has_no_price_raises() -> None:
    """Usage without a price is refused when it is asked for and when it ran; nothing of it is kept."""
    price = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price=1)], closed=True)
    bill = opened(simple(Cap(spend=50), price=price))
    with pytest.raises(NoPriceError):
        bill.quote(use(11))
    with pytest.raises(NoPriceError):
        bill.record(use(11))
    assert bill.statement().due == Money("0", "USD")


def test_levels_are_held_to_the_end() -> None:
    """A cap reads levels as they will stand to the end of the period; a level nobody knows cannot be read."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="seats", event="seat", aggregate=meters.Level(of="n", opening=0))],
        items=[Item(key="seats", meter="seats", price=prices.PerUnit(unit_price=31))], guards=[Cap(spend=100)],
    )  # fmt: skip
    bill = opened(plan)
    half = UsageRecord("seat", "2025-01-16T12:00:00Z", {"n": 6}, id="a")
    assert bill.quote(half) == Money("93", "USD")
    assert bill.admit(half)
    assert not bill.admit(UsageRecord("seat", "2025-01-16T12:00:00Z", {"n": 7}, id="a"))


def test_records_that_prices_look_at() -> None:
    """What prices ask of each record beyond the total is kept record by record."""
    plan = simple(price=prices.Percentage(rate="0.5", min_per_event="2"))
    bill = opened(plan)
    found = [use(1, "a"), use(10, "b"), use(3, "c")]
    for record in found:
        bill.record(record)
    assert bill.statement() == rate(plan, plan.subscribe("acme", start="2025-01-01"), found, JANUARY)


def test_a_meter_that_is_not_served() -> None:
    """Before the service begins a quantity is 0."""
    plan = simple(guards.Alert(quantity=5, meter="n"))
    terms = resolve(plan, plan.subscribe("acme", start="2025-03-01"), JANUARY)
    bill = live(terms)
    assert bill.left(NOON) == {}
    assert bill._bill.figures().value(Gauge("quantity", "n")) == 0


def test_outcomes_on_a_live_bill() -> None:
    """Results that become billable are quoted and told as rate tells them, the undecided ones among them."""
    fees = Meter(
        key="won", event="claim",
        aggregate=meters.Outcomes(
            subject="case", result=[{"kind": "equals", "property": "step", "value": "paid"}],
            confirm=[{"kind": "equals", "property": "step", "value": "receipt"}], confirmation_hours=24 * 20,
        ),
    )  # fmt: skip
    plan = Plan.single(
        "p", currency="USD", meters=[fees],
        items=[Item(key="won", meter="won", price=prices.Outcome(definition="A case that was paid.", fee="7"))],
    )  # fmt: skip
    found = [
        UsageRecord("claim", f"2025-01-{day}T00:00:00Z", {"case": case, "step": step}, id=f"{case}{step}")
        for day, case, step in (("05", "a", "paid"), ("06", "a", "receipt"), ("25", "b", "paid"))
    ]
    bill = opened(plan)
    for record in found:
        bill.quote(record)
        bill.record(record)
    acme = plan.subscribe("acme", start="2025-01-01")
    assert bill.statement().dumps() == rate(plan, acme, found, JANUARY).dumps()
    assert bill.statement().carry == rate(plan, acme, found, JANUARY).carry
