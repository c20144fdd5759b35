"""The quick way of a live bill: when it is taken, and that it says what the long way says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratecard import guards, prices
from ratecard._numbers import Exact
from ratecard.credits import Grant
from ratecard.errors import MismatchError
from ratecard.guards import Alert, Cap, Reading, TokenBucket, Watch
from ratecard.meters import Count, Max, Meter, Sum
from ratecard.money import Money
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, resolve
from ratecard.rating import Live, _holds, live, measure
from ratecard.rating._cut import never_falls
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
TIERS = [prices.Tier(up_to=100, unit_price=2), prices.Tier(unit_price=1)]


def gateway(*some: Any, **fields: Any) -> Plan:
    """Input and output in one event, calls in another; output is priced twice."""
    given = {
        "items": [
            Item(key="fee", price=prices.Flat(amount=5)),
            Item(key="in", meter="in", price=prices.Graduated(tiers=TIERS)),
            Item(key="out", meter="out", price=prices.PerUnit(unit_price=3)),
            Item(key="more", meter="out", price=prices.PerUnit(unit_price="0.5")),
            Item(key="calls", meter="calls", price=prices.Package(package_size=10, package_price=1)),
        ],
        **fields,
    }
    return Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="in", event="use", aggregate=Sum(of="in")),
            Meter(key="out", event="use", aggregate=Sum(of="out")),
            Meter(key="calls", event="call", aggregate=Count()),
        ],
        guards=some, **given,
    )  # fmt: skip


def pair(plan: Plan) -> tuple[Live, Live]:
    """The same bill twice; the second goes the long way always."""
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY)
    quick, long = live(terms), live(terms)
    assert quick._swift is not None
    long._swift = None
    return quick, long


def records(count: int) -> Iterator[UsageRecord]:
    """Records of both events, a second apart."""
    for n in range(count):
        at = NOON + timedelta(seconds=n)
        if n % 3 == 2:
            yield UsageRecord("call", at, id=f"r{n}")
        else:
            yield UsageRecord("use", at, {"in": 7 * n, "out": n}, id=f"r{n}", customer="acme" if n % 2 else None)


def answers(bill: Live, record: UsageRecord, **more: Any) -> Any:
    """All that is said of one record."""
    quote = bill.quote(record)
    verdict = bill.admit(record, **more)
    told = [signal.to_json() for signal in bill.record(record)] if verdict else []
    return quote, verdict.to_json(), told, bill.version


BUCKETS = [TokenBucket(capacity=4, refill=1), TokenBucket(key="out", capacity=40, refill=3, meter="out")]


@pytest.mark.parametrize(
    "some",
    [
        [],
        [TokenBucket(capacity=3, refill=1)],
        BUCKETS,
        [Cap(spend=600), Alert(spend=50, every=50), Cap(quantity=20, meter="out"), Cap(spend=300, item="in")],
        [Cap(quantity=90, item="in"), Alert(quantity=15, meter="out"), Alert(quantity=4, item="calls"), *BUCKETS],
        [Alert(spend=30, every=10, times=3), Alert(spend=20)],
    ],
)
def test_several_counters_of_an_event(some: list[Any]) -> None:
    """Events of several counters, and those that count records, say the same either way."""
    quick, long = pair(gateway(*some))
    for record in records(14):
        assert answers(quick, record) == answers(long, record)
    assert quick.statement().dumps() == long.statement().dumps()
    assert quick.dump() == long.dump()


def test_buckets_of_other_counters() -> None:
    """A call draws nothing from a bucket that counts what calls do not move."""
    quick, long = pair(gateway(TokenBucket(capacity=40, refill=3, meter="out")))
    for name in ("a", "b"):
        call = UsageRecord("call", NOON, id=name)
        assert answers(quick, call) == answers(long, call)
    assert quick.dump() == long.dump()


def test_clamps_of_one_property() -> None:
    """A clamp lets a whole request through the quick way where there is one property, and takes the long way else."""
    plan = gateway(Cap(spend=60, mode="clamp"), TokenBucket(capacity=9, refill=1))
    quick, long = pair(plan)
    for record in list(records(6))[:5]:
        if record.event == "use":
            assert answers(quick, record, cut="out") == answers(long, record, cut="out")
    simple = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=Sum(of="in"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price=1))], guards=[Cap(spend=60, mode="clamp")],
    )  # fmt: skip
    quick, long = pair(simple)
    for record in records(9):
        if record.event == "use" and record.properties["in"]:
            assert answers(quick, record) == answers(long, record)
    for bill in (quick, long):
        with pytest.raises(MismatchError) as caught:
            bill.admit(UsageRecord("use", NOON, {"in": 1}, id="wrong"), cut="out")
        assert caught.value.code == "live.cut"


@pytest.mark.parametrize(
    "record",
    [
        UsageRecord("use", NOON, {"in": "7", "out": 1}, id="a"),
        UsageRecord("use", NOON, {"in": 0, "out": 1}, id="a"),
        UsageRecord("use", NOON, {"in": -7, "out": 1}, id="a"),
        UsageRecord("use", NOON, {"in": 10**16, "out": 1}, id="a"),
        UsageRecord("use", NOON, {"in": 7, "out": 1}, id="a", source="gateway"),
        UsageRecord("use", NOON, {"in": 7, "out": 1}),
    ],
)
def test_what_takes_the_long_way(record: UsageRecord) -> None:
    """Texts, nothing, less than nothing, huge numbers, sources and records without id are the long way's."""
    quick, long = pair(gateway(Cap(spend=10**20), *BUCKETS))
    first = UsageRecord("use", NOON, {"in": 5, "out": 1}, id="first")
    for each in (first, record):
        assert answers(quick, each) == answers(long, each)
    assert quick.dump() == long.dump()


def test_asking_twice_and_going_back() -> None:
    """A request that was asked for before, whichever way, and one whose time lies back, are the long way's."""
    quick, long = pair(gateway(*BUCKETS))
    late, early = (
        UsageRecord("use", NOON, {"in": 5, "out": 1}, id="b"),
        UsageRecord("use", NOON - timedelta(seconds=5), {"in": 5, "out": 1}, id="a"),
    )
    other = UsageRecord("use", NOON, {"in": 6, "out": 1}, id="b")
    for bill in (quick, long):
        assert bill.admit(late)
        assert bill.admit(early)
        assert bill.admit(late)
        assert not bill.admit(UsageRecord("use", NOON, {"in": 5, "out": 99}, id="c"))
        bill.record(other)
        bill.record(early)
    assert quick.dump() == long.dump()


def test_counters_that_are_not_whole_give_up() -> None:
    """A counter that holds a fraction goes the long way from then on; the others go on."""
    quick, long = pair(gateway(Cap(spend=500), Alert(quantity=20, meter="in")))
    for record in (
        UsageRecord("use", NOON, {"in": 5, "out": 1}, id="a"),
        UsageRecord("use", NOON, {"in": Decimal("0.5"), "out": 1}, id="b"),
        UsageRecord("use", NOON, {"in": 5, "out": 1}, id="c"),
        UsageRecord("call", NOON, id="d"),
    ):
        assert answers(quick, record) == answers(long, record)
    assert quick.dump() == long.dump()


def test_what_was_left_stays_told() -> None:
    """What a verdict says is left is of its own moment, also when it is read after more has run."""
    quick, long = pair(gateway(Cap(spend=500), TokenBucket(capacity=9, refill=1)))
    verdicts: list[tuple[Any, Any]] = []
    for record in records(8):
        verdicts.append((quick.admit(record), long.admit(record)))
        quick.record(record)
        long.record(record)
    assert [mine.left for mine, _ in verdicts] == [theirs.left for _, theirs in verdicts]


def test_a_tally_that_was_given_is_known() -> None:
    """Identities of the tally that a bill goes on from are seen on the quick way too."""
    plan = gateway(Cap(spend=500))
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY)
    first = list(records(4))
    bill = live(terms, measure(terms, first))
    for record in first:
        assert bill.quote(record) == Money("0", "USD")
        assert bill.record(record) == ()
    assert bill.statement().due == live(terms, measure(terms, first)).statement().due


@pytest.mark.parametrize(
    "fields",
    [
        {"minimum": {"amount": 5}},
        {"rounding_at": "statement"},
        {"grants": [Grant(id="g", amount=5)]},
        {"costs": [RateCard(currency="USD", items=[])]},
        {"items": [Item(key="in", meter="in", price=prices.PerUnit(unit_price=1)),
                   Item(key="part", price=prices.PercentOf(items=["in"], rate="0.1"))]},
        {"items": [Item(key="in", meter="in", each=["team"], price=prices.PerUnit(unit_price=1))]},
        {"items": [Item(key="in", meter="in", price=prices.Volume(tiers=TIERS))]},
        {"items": [Item(key="fee", price=prices.Flat(amount=1))]},
    ],
)  # fmt: skip
def test_plans_without_a_quick_way(fields: dict[str, Any]) -> None:
    """Stages across lines, credits, costs, groups, items that read others and prices that fall have no quick way."""
    plan = gateway(**fields)
    bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))
    assert bill._swift is None


def test_some_events_have_none() -> None:
    """An event whose meter is no plain counter goes the long way beside those that are."""
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=Sum(of="n")),
            Meter(key="top", event="top", aggregate=Max(of="n")),
            Meter(key="net", event="net", aggregate=Sum(of="n", less=["m"])),
            Meter(key="some", event="some", aggregate=Count(), where=[{"kind": "exists", "property": "n"}]),
        ],
        items=[
            Item(key=key, meter=key, price=prices.PerUnit(unit_price=1)) for key in ("n", "top", "net", "some")
        ],
    )  # fmt: skip
    quick, long = pair(plan)
    assert quick._swift is not None
    assert list(quick._swift.lanes) == ["use"]
    for index, event in enumerate(("use", "top", "net", "some", "use")):
        record = UsageRecord(event, NOON, {"n": index + 2, "m": 1}, id=str(index))
        assert answers(quick, record) == answers(long, record)
    assert quick.dump() == long.dump()


def test_figures_that_cannot_be_told_end_it() -> None:
    """Where the bill cannot say what a guard reads, asking raises as it does the long way."""
    plan = gateway(Alert(forecast=5))
    quick, long = pair(plan)
    record = UsageRecord("use", NOON, {"in": 5, "out": 1}, id="a")
    for bill in (quick, long):
        assert bill.quote(record) == Money("13.5", "USD")
        with pytest.raises(MismatchError, match="forecast"):
            bill.record(record)


def test_prices_that_never_fall() -> None:
    """What is known of a price: stairs by their amounts, and what is made of others by its parts."""
    stair = prices.Package(package_size=3, package_price=1)
    assert never_falls(stair)
    assert not never_falls(prices.Volume(package_size=2, tiers=TIERS))
    assert never_falls(prices.Percentage(rate="0.1"))
    falls = prices.Matrix(dimensions=["m"], cells=[], default=prices.Volume(tiers=TIERS))
    assert not never_falls(falls)
    cells = [prices.Cell(values=["a"], price=stair)]
    assert never_falls(prices.Matrix(dimensions=["m"], cells=cells, default=prices.Graduated(tiers=TIERS)))


@pytest.mark.parametrize(
    ("guard", "reading", "known"),
    [
        (Cap(spend=5), Reading(subtotal=6), False),
        (Alert(balance=5), Reading(balance=9), False),
        (Alert(spend=5), Reading(subtotal=6), False),
        (Alert(spend=5), Reading(subtotal=1), True),
        (guards.MarginFloor(percent=5), Reading(), False),
        (Cap(spend=5, mode="soft"), Reading(), True),
        (guards.Concurrency(limit=5), Reading(), False),
    ],
)
def test_how_long_guards_are_calm(guard: Any, reading: Reading, known: bool) -> None:
    """A guard says how long it has nothing to say, or that it does not know: what it has not told yet, it must tell."""
    watch = Watch([guard])
    assert (watch.calm(watch.zero(), reading) is not None) == known


def test_alerts_of_windows_and_periods_are_not_calm() -> None:
    """Time alone moves what an alert on a window reads; what was told of another period says nothing of this one."""
    watch = Watch([Cap(key="hour", spend=5, window_seconds=60), Alert(percent=50, cap="hour")])
    assert watch.calm(watch.zero(), Reading(subtotal=1)) is None
    first = Watch(watch.guards[::-1])
    assert first.calm(first.zero(), Reading(subtotal=1)) is None
    feb = Period.month(2025, 2)
    for guard in (Alert(spend=5), Cap(spend=5)):
        one = Watch([guard])
        state, _ = one.record(one.zero(), NOON, Reading(subtotal=6, period=JANUARY))
        assert one.calm(state, Reading(subtotal=6, period=JANUARY)) is not None
        assert one.calm(state, Reading(subtotal=6, period=feb)) is None


def test_amounts_are_exact() -> None:
    """The rate of a piece is used while it holds, and the curve where it ends."""
    quick, long = pair(gateway())
    asked: list[Exact] = []
    for index, quantity in enumerate((40, 40, 40, 90, 1, 1)):
        record = UsageRecord("use", NOON, {"in": quantity, "out": 1}, id=str(index))
        asked.append(quick.quote_exact(record))
        assert asked[-1] == long.quote_exact(record)
        quick.record(record)
        long.record(record)
    assert asked == [Decimal("83.5"), Decimal("83.5"), Decimal("63.5"), Decimal("93.5"), Decimal("4.5"), Decimal("4.5")]


def test_stairs_have_no_piece_of_their_own() -> None:
    """Packages that count when they are full end their pieces one earlier; short pieces are not looked for for ever."""
    down = prices.Package(package_size=3, package_price=2, rounding="down")
    quick, long = pair(gateway(items=[Item(key="calls", meter="calls", price=down),
                                      Item(key="in", meter="in", price=prices.Package(package_size=2, package_price=1)),
                                      Item(key="out", meter="out", price=prices.PerUnit(unit_price=1))]))  # fmt: skip
    for index in range(150):
        record = (
            UsageRecord("call", NOON, id=f"c{index}")
            if index % 2
            else UsageRecord("use", NOON, {"in": 3, "out": 1}, id=f"u{index}")
        )
        assert quick.quote(record) == long.quote(record)
        quick.record(record)
        long.record(record)


def test_one_property_and_one_bucket() -> None:
    """What was let through under a bucket of calls is counted by its record, once; a bucket filled in steps is the long
    way's, as is one on a meter that has none."""
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=Sum(of="in")), Meter(key="top", event="top", aggregate=Max(of="n")),
        ],
        items=[Item(key=key, meter=key, price=prices.PerUnit(unit_price=1)) for key in ("n", "top")],
        guards=[TokenBucket(capacity=2, refill=1)],
    )  # fmt: skip
    quick, long = pair(plan)
    for n in range(6):
        assert (
            answers(quick, UsageRecord("use", NOON, {"in": 4}, id=str(n)))[1:3]
            == answers(long, UsageRecord("use", NOON, {"in": 4}, id=str(n)))[1:3]
        )
    same = UsageRecord("use", NOON + timedelta(seconds=9), {"in": 4}, id="same")
    for bill in (quick, long):
        assert bill.admit(same)
        assert bill.record(same) == ()
    assert quick.dump() == long.dump()
    for guard in (TokenBucket(capacity=5, refill=1, fill="steps"), TokenBucket(capacity=5, refill=1, meter="top")):
        quick, long = pair(plan.model_copy(update={"guards": (guard,)}))
        for event in ("use", "top"):
            record = UsageRecord(event, NOON, {"in": 4, "n": 4}, id=event)
            assert answers(quick, record) == answers(long, record)


def test_a_bucket_that_fills_in_part() -> None:
    """A bucket of calls holds what was filled in since it was drawn from, to the microsecond and never more than its
    capacity."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=Sum(of="in"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price=1))],
        guards=[TokenBucket(key="pace", capacity=3, refill="0.5")],
    )  # fmt: skip
    quick, long = pair(plan)
    told = {}
    for name, microseconds in (
        ("first", 0), ("second", 0), ("third", 0), ("early", 1_999_999), ("filled", 2_000_000),
        ("half", 5_000_000), ("full", 60_000_000),
    ):  # fmt: skip
        record = UsageRecord("use", NOON + timedelta(microseconds=microseconds), {"in": 4}, id=name)
        verdict, other = quick.admit(record), long.admit(record)
        assert verdict.to_json() == other.to_json()
        told[name] = (verdict.allowed, verdict.left["pace"])
    assert told == {
        "first": (True, 2), "second": (True, 1), "third": (True, 0), "early": (False, Decimal("0.9999995")),
        "filled": (True, 0), "half": (True, Decimal("0.5")), "full": (True, 2),
    }  # fmt: skip
    assert quick.dump() == long.dump()


def test_the_oldest_admissions_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many requests are remembered as admitted until they are recorded; those forgotten count as unasked."""
    monkeypatch.setattr(_holds, "ADMITTED_MAX", 2)
    for quick in (True, False):
        bill, long = pair(gateway(TokenBucket(capacity=9, refill=1)))
        bill = bill if quick else long
        asked = [UsageRecord("use", NOON, {"in": 4, "out": 1}, id=f"a{n}") for n in range(4)]
        for record in asked:
            bill.admit(record)
        assert len(bill.dump()["admitted"]) == 2
        bill.record(asked[0])
        bill.record(UsageRecord("use", NOON, {"in": 1, "out": 1}, id="unasked"))
        assert bill.left(NOON) == {"token_bucket of calls": 3}


def test_credits_without_a_ledger() -> None:
    """An item priced in credits has no quick way, whether or not anything is granted."""
    menu = prices.Credit(base=prices.PerUnit(unit_price=1), unit="coins", overage=prices.PerUnit(unit_price=1))
    items = [Item(key="in", meter="in", price=menu), Item(key="out", meter="out", price=prices.PerUnit(unit_price=1))]
    plan = gateway(items=items, units=[{"key": "coins", "places": 0}])
    assert live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))._swift is None
