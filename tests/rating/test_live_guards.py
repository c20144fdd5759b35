"""Guards of a plan as the live bill asks them: what it hands them to read, and where their days begin."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ratecard import guards, meters, prices
from ratecard._numbers import Exact
from ratecard.cadence import Cadence
from ratecard.errors import MismatchError, NumberError
from ratecard.guards import Alert, Breach, Cap, Crossed, Gauge
from ratecard.meters import Meter
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, resolve
from ratecard.rating import Live, live
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
NOON = "2025-01-10T12:00:00Z"
ONE = prices.PerUnit(unit_price="1")


def opened(
    *some: guards.Guard, price: prices.Price = ONE, each: tuple[str, ...] = (), period: Period = JANUARY,
    find: Any = None, **fields: Any,
) -> Live:  # fmt: skip
    """A live bill of one item under guards."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=price, each=each)], guards=some, **fields,
    )  # fmt: skip
    return live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), period), figures=find)


def use(n: int, id: str, at: datetime | str = NOON, **more: Any) -> UsageRecord:
    """A record of the item."""
    return UsageRecord("use", at, {"n": n, **more}, id=id)


def test_a_cap_of_the_customer_reads_the_request() -> None:
    """What the customer has elsewhere stands on top of this bill, of the request and of what is held."""
    bill = opened(Cap(spend="10", scope="customer"), find=lambda gauge: 4)
    assert not bill.admit(use(7, "1")) and bill.admit(use(6, "1"))
    assert bill.reserve(use(2, "held"))
    assert bill.left(NOON) == {"cap on subtotal for the customer": 4}
    (bound,) = bill.admit(use(5, "2")).limits
    assert (bound.value, bound.limit) == (11, 10)
    assert bill.record(use(4, "3")) == ()
    (breach,) = bill.record(use(3, "4"))
    assert isinstance(breach, Breach) and (breach.value, breach.limit) == (11, 10)
    clamping = opened(Cap(spend="10", scope="customer", mode="clamp"), find=lambda gauge: 4)
    assert clamping.admit(use(1000, "1")).fits == 6


def test_figures_of_the_customer_add_up() -> None:
    """Quantities, units, amounts and costs are added; what this bill does not have is told whole from elsewhere."""
    told = {"quantity": 2, "units": "3", "amount": Decimal(4), "cost": 1, "gross": 7, "forecast": 50}
    costs = [RateCard(currency="USD", items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="0.5"))])]
    some = (
        Alert(quantity=7, meter="n", scope="customer"), Alert(quantity=8, item="n", scope="customer"),
        Alert(spend=9, item="n", scope="customer"), Alert(forecast=50, scope="customer"),
        guards.MarginFloor(percent=71, scope="customer"),
    )  # fmt: skip
    bill = opened(*some, costs=costs, find=lambda gauge: told[gauge.what] if gauge.customer else None)
    signals = bill.record(use(5, "1"))
    assert [signal.value for signal in signals[:4]] == [7, 8, 9, 50]
    # 5 and 7 are charged, 2.50 and 1 are spent on it: 8.50 of 12 is left.
    assert len(signals) == 5
    assert opened(*some[:4], find=lambda gauge: told[gauge.what]).record(use(4, "1"))[0].key.startswith("alert on fore")


@pytest.mark.parametrize(("given", "code"), [
    (0.5, "number.float"), ("5x", "number.syntax"), ([1], "number.type"), (True, "number.bool"),
    (Decimal("NaN"), "number.nonfinite"), (Decimal("1e99999"), "number.bounds"),
])  # fmt: skip
def test_figures_are_numbers(given: Any, code: str) -> None:
    """What a function says of a gauge is a number of the grammar, or an error that names the gauge."""
    for scope in ("plan", "customer"):
        bill = opened(Alert(forecast=1, scope=scope), find=lambda gauge: given)
        with pytest.raises(NumberError, match="forecast") as caught:
            bill.record(use(1, "1"))
        assert caught.value.code == code
        assert Gauge("forecast").text == caught.value.path
    assert opened(Cap(spend="10", scope="customer"), find=lambda gauge: "5").admit(use(5, "1"))
    with pytest.raises(MismatchError, match="reading"):
        opened(Cap(spend="10", scope="customer"), find=lambda gauge: None).admit(use(5, "1"))


def test_windows_follow_the_zone_of_the_customer() -> None:
    """A cadence without a zone has its boundaries where the customer's days begin; one that names a zone keeps it."""
    month, day = Cadence.calendar("month"), Cadence.calendar("day")
    zone = "America/New_York"
    january = Period.month(2025, 1, zone=zone)
    # 1 February at one in the night in UTC is still 31 January in New York.
    late = use(10, "2", "2025-02-01T01:00:00Z")
    limits: tuple[guards.Guard, ...] = (
        Cap(spend="10", per=month), guards.FixedWindow(limit=1, per=month),
        guards.FairUse(quantity=0, meter="n", then=guards.FixedWindow(limit=1, per=month)),
    )  # fmt: skip
    for limit in limits:
        bill = opened(limit, period=january, zone=zone)
        assert bill.admit(use(10, "1", "2025-01-20T12:00:00Z"))
        assert not bill.admit(late)
    (bound,) = opened(Cap(spend="10", per=day), period=january, zone=zone).admit(use(11, "1", NOON)).limits
    assert bound.retry_after is None
    bill = opened(Cap(spend="10", per=day), period=january, zone=zone)
    assert bill.admit(use(10, "1", NOON))
    # The day ends at five in UTC.
    assert bill.admit(use(1, "2", NOON)).retry_after == 17 * 3600
    utc = opened(Cap(spend="10", per=Cadence.calendar("month", zone="UTC")), period=january, zone=zone)
    assert utc.admit(use(10, "1", "2025-01-20T12:00:00Z")) and utc.admit(late)


def test_alerts_on_caps_with_groups() -> None:
    """An alert tells each group that its cap counts, whatever the cap reads and in whichever window."""
    for more in ({}, {"per": Cadence.calendar("day")}, {"window_seconds": 60}):
        cap = Cap.model_validate({"key": "t", "quantity": 6, "meter": "n", "each": ["team"], **more})
        bill = opened(cap, Alert(key="half", percent=50, cap="t", each=["team"]), each=("team",))
        told = {}
        for name, n, team in (("1", 2, "x"), ("2", 4, "y"), ("3", 1, "x"), ("4", 1, "x")):
            for signal in bill.record(use(n, name, team=team)):
                told[name] = (signal.key, signal.group)
        assert told == {"2": ("half", (("team", "y"),)), "3": ("half", (("team", "x"),))}
        assert bill.left(NOON, group={"team": "x"}) == {"t": 2}
        money = Cap.model_validate({"key": "t", "spend": 6, "group": {"team": "x"}, **(more or {"item": "n"})})
        alone = opened(money, Alert(key="half", percent=50, cap="t"), each=("team",))
        also = opened(money, Alert(key="half", percent=50, cap="t", group={"team": "x"}), each=("team",))
        for bill in (alone, also):
            assert bill.record(use(5, "1", team="y")) == ()
            assert [signal.key for signal in bill.record(use(3, "2", team="x"))] == ["half"]
    with pytest.raises(ValidationError, match=r"alert\.cap"):
        opened(Cap(key="t", quantity=6, meter="n", each=["team"]), Alert(percent=50, cap="t"))
    with pytest.raises(ValidationError, match=r"guard\.dimension"):
        opened(Alert(percent=50, budget=10, each=["team"]))


def test_groups_are_told_as_records_have_them() -> None:
    """What is left of a group is told for the number that records have."""
    bill: Any = opened(Cap(spend="10", window_seconds=60, each=["user"]))
    assert bill.admit(use(8, "1", user=7))
    assert bill.left(NOON, group={"user": 7}) == bill.left(NOON, group={"user": "7"})
    assert list(bill.left(NOON, group={"user": 7}).values()) == [2]


def test_windows_of_a_bill_tell_each_crossing() -> None:
    """Each day's cap is told as passed once, an alert that recovers each time, and no two months share an id."""
    bill = opened(
        Cap(key="day", spend="2", per=Cadence.calendar("day")), Cap(key="hour", spend="10", window_seconds=3600),
        Alert(key="half", percent=50, cap="hour", rearm="recover"),
    )  # fmt: skip
    found = [bill.record(use(6, str(day), f"2025-01-{day}T12:00:00Z")) for day in (10, 11, 12)]
    assert [[type(each) for each in signals][-2:] for signals in found] == [
        [Breach, Crossed], [guards.Rearmed, Crossed], [guards.Rearmed, Crossed]
    ]  # fmt: skip
    assert [signals[0].key for signals in found] == ["day"] * 3
    ids = [signal.id for signals in found for signal in signals if isinstance(signal, Breach | Crossed)]
    assert len(set(ids)) == 6
    alike = []
    for month in (1, 2):
        bill = opened(
            Cap(key="h", spend="10", window_seconds=3600), Alert(key="half", percent=50, cap="h"),
            period=Period.month(2025, month),
        )  # fmt: skip
        x = use(6, "1", f"2025-0{month}-10T12:00:00Z")
        assert bill.admit(x)
        (signal,) = bill.record(x)
        assert isinstance(signal, Crossed)
        alike.append(signal.id)
    assert alike == ["half||5|2025-01-01T00:00:00Z|0", "half||5|2025-02-01T00:00:00Z|0"]


def test_a_clamp_on_nothing() -> None:
    """A record of 0 under a clamp is let through, also where it is not known whether its price falls."""
    price = prices.Matrix(dimensions=["kind"], default=prices.PerUnit(unit_price="1"), cells=[])
    falls = prices.Brackets(brackets=[prices.Bracket(up_to=5, price=price), prices.Bracket(price=price)])
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="m", event="e", aggregate=meters.Sum(of="n"))],
        items=[Item(key="m", meter="m", price=falls)], guards=[Cap(spend=5, mode="clamp")],
    )  # fmt: skip
    bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))
    verdict = bill.admit(UsageRecord("e", NOON, {"n": 0}, id="r1"))
    assert (verdict.allowed, verdict.fits) == (True, 0)


M = ("m",)
PASSING: tuple[guards.Guard, ...] = (
    Cap(key="d", quantity=10, meter="n", each=M, window_seconds=3600),
    Cap(key="d", quantity=10, meter="n", each=M, per=Cadence.calendar("day")),
    guards.TokenBucket(key="d", capacity=10, refill=1, interval_seconds=3600, meter="n", each=M),
    guards.SlidingWindow(key="d", limit=10, window_seconds=3600, meter="n", each=M),
    guards.FixedWindow(key="d", limit=10, window_seconds=3600, meter="n", each=M),
    guards.FairUse(
        key="d", quantity=0, meter="n", each=M, then=guards.SlidingWindow(limit=10, window_seconds=3600, meter="n")
    ),
)


@pytest.mark.parametrize("guard", PASSING, ids=lambda guard: f"{guard.kind}-{guard.name}")
@pytest.mark.parametrize("stored", [False, True])
def test_what_ran_in_another_group_is_booked_there(guard: guards.Guard, stored: bool) -> None:
    """What was taken is given back to the group it was taken from, and all that ran is counted in its own."""

    def asked(reserve: bool) -> Live:
        bill = opened(guard)
        assert (bill.reserve if reserve else bill.admit)(use(6, "1", m="x"))
        return Live.load(json.loads(json.dumps(bill.dump())), bill.terms) if stored else bill

    def left(bill: Live) -> list[Exact]:
        found = [bill.left(NOON, group={"m": name}).get("d") for name in ("x", "y")]
        # Fair use has nothing to say of a group that nothing ran in.
        return [Decimal(10) if each is None else each for each in found]

    bill = asked(False)
    assert left(bill) == [4, 10]
    bill.record(use(6, "1", m="y"))
    assert left(bill) == [10, 4]
    bill = asked(True)
    bill.commit("1", use(7, "1", m="y"))
    assert left(bill) == [10, 3]
    # In the same group it is the difference.
    bill = asked(True)
    bill.commit("1", use(7, "1", m="x"))
    assert left(bill) == [3, 10]
    # What is not counted leaves nothing in any group.
    bill = asked(False)
    bill.record(use(6, "1", "2025-02-10T12:00:00Z", m="y"))
    assert left(bill) == [10, 10]
    bill = asked(True)
    bill.release("1")
    assert left(bill) == [10, 10]


@pytest.mark.parametrize("guard", [
    Cap(key="d", quantity=10, meter="n", group={"m": "y"}, window_seconds=3600),
    guards.FixedWindow(key="d", limit=10, meter="n", group={"m": "y"}, window_seconds=3600),
    guards.FixedWindow(key="d", limit=10, meter="n", without=[{"m": "x"}], window_seconds=3600),
])  # fmt: skip
def test_a_limit_of_one_group_counts_what_came_from_another(guard: guards.Guard) -> None:
    """What was reserved outside the group of a limit and ran in it is counted, and a cap tells that it was passed."""
    bill, told = opened(guard), list[str]()
    for name in "12345":
        assert bill.reserve(use(6, name, m="x"))
        told += [type(each).__name__ for each in bill.commit(name, use(6, name, m="y"))]
    assert bill.left(NOON, group={"m": "y"}) == {"d": 0}
    assert not bill.admit(use(1, "6", m="y"))
    assert told == (["Breach"] if isinstance(guard, Cap) else [])
    other = opened(guard)
    assert other.reserve(use(6, "1", m="y"))
    other.commit("1", use(9, "1", m="x"))
    assert other.left(NOON, group={"m": "y"}) == {"d": 10}


def test_calls_are_counted_in_the_group_they_ran_in() -> None:
    """A limit of calls gives back the call in the one group and counts it in the other; others count the difference."""
    bill = opened(
        guards.SlidingWindow(key="c", limit=3, window_seconds=60, each=M),
        guards.SlidingWindow(key="all", limit=3, window_seconds=60),
    )
    assert bill.reserve(use(6, "1", m="x"))
    bill.commit("1", use(6, "1", m="y"))
    assert [bill.left(NOON, group={"m": name}) for name in "xy"] == [{"c": 3, "all": 2}, {"c": 2, "all": 2}]


def test_a_watch_is_told_where_something_was_admitted() -> None:
    """Without a word of what it took of a figure, what is given back there is an error; the figure is never 0."""
    watch = guards.Watch([guards.SlidingWindow(key="d", limit=9, window_seconds=60, meter="n", each=M)])
    five = guards.Reading(quantities={"n": 5})
    state, verdict = watch.admit(watch.zero(), NOON, uses=five, group={"m": "x"})
    told: dict[str, Any] = {"admitted_at": verdict.at, "admitted_in": {"m": "x"}, "group": {"m": "y"}}
    moved, _ = watch.record(state, NOON, admitted_uses=five, **told)
    assert [watch.left(moved, NOON, group={"m": name}) for name in "xy"] == [{"d": 9}, {"d": 4}]
    more, _ = watch.record(state, NOON, uses=guards.Reading(quantities={"n": 2}), admitted_uses=five, **told)
    assert [watch.left(more, NOON, group={"m": name}) for name in "xy"] == [{"d": 9}, {"d": 2}]
    for uses in (guards.Reading(), guards.Reading(quantities={"other": 1})):
        with pytest.raises(MismatchError, match="reading"):
            watch.record(state, NOON, uses=uses, admitted_uses=guards.Reading(), **told)


@pytest.mark.parametrize(("guard", "asked"), [
    (guards.FairUse(quantity=5, meter="n", then=guards.TokenBucket(capacity=10, refill=1, meter="n")), 3),
    (guards.SlidingWindow(limit=9, window_seconds=60, meter="n", group={"m": "y"}), 3),
    (Cap(quantity=9, meter="n", window_seconds=60), 0),
])  # fmt: skip
def test_the_version_changes_when_an_admission_is_remembered(guard: guards.Guard, asked: int) -> None:
    """Something let through changes the version exactly when the dump changes, also where no limit took anything."""
    bill = opened(guard)
    bill.record(use(1, "0", m="x"))
    versions = {bill.version}
    for name in ("1", "2", "2"):
        assert bill.admit(use(asked, name, m="x"))
        assert bill.version not in versions and bill.dump()["version"] == bill.version
        versions.add(bill.version)
    before = bill.dump()
    assert bill.admit(use(1, "0", m="x")).fits is None
    assert not bill.admit(use(20, "4", m="y"))
    assert bill.dump() == before


def test_the_version_changes_the_quick_way_too() -> None:
    """A bucket of one meter is not drawn from by records of another, and what they were let through for is kept."""
    plan = Plan.single(
        "p", currency="USD",
        meters=[Meter(key=key, event=key, aggregate=meters.Sum(of="n")) for key in ("a", "b")],
        items=[Item(key=key, meter=key, price=ONE) for key in ("a", "b")],
        guards=[guards.TokenBucket(capacity=10, refill=1, meter="a")],
    )  # fmt: skip
    bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))
    seen, state = {json.dumps(bill.dump(), sort_keys=True): bill.version}, bill.guards
    for name in ("1", "2", "3"):
        assert bill.admit(UsageRecord("b", NOON, {"n": 5}, id=name))
        version = bill.version
        assert seen.setdefault(json.dumps(bill.dump(), sort_keys=True), version) == version == bill.version
    assert len(set(seen.values())) == len(seen) == 4
    assert bill.guards == state


@pytest.mark.parametrize(("guard", "held"), [
    (guards.TokenBucket(key="g", capacity=100, refill=1, each=M), 0),
    (Cap(key="g", quantity=100, meter="n", each=M, window_seconds=60), 0),
    (guards.FairUse(key="g", quantity=0, meter="n", each=M, then=guards.SlidingWindow(limit=9, window_seconds=60)), 0),
    (guards.Concurrency(key="g", limit=100, each=M), 1),
    (guards.FairUse(key="g", quantity=0, meter="n", each=M, then=guards.Concurrency(limit=100)), 1),
])  # fmt: skip
def test_counting_looks_at_no_other_group(guard: guards.Guard, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made to count a record does not grow with the groups; what is held by ids is released in its own."""
    bill, made = opened(guard), list[object]()
    kept = type(guard).inner

    def inner(self: Any, setting: Any, cell: Any) -> Any:
        made.append(cell)
        return kept(self, setting, cell)

    for index in range(20):
        assert bill.admit(use(1, f"a{index}", m=f"t{index}"))
    monkeypatch.setattr(type(guard), "inner", inner)
    bill.record(use(1, "a7", m="t7"))
    assert set(made) <= {(("m", "t7"),)}
    made.clear()
    bill.record(use(1, "new", m="t30"))
    assert set(made) <= {(("m", "t30"),)}
    if held:
        left = [bill.left(NOON, group={"m": f"t{index}"})["g"] for index in (6, 7)]
        assert left == [99, 100]


def test_guards_that_see_no_other_group() -> None:
    """Where a hold settles in a group that only another guard tells apart, this one counts what ran, once."""
    some = [Cap(key=name, quantity=10, meter="n", each=(name,), window_seconds=3600) for name in ("model", "team")]
    bill = opened(*some)
    bill.reserve(use(6, "1", team="a", model="x"))
    assert bill.commit("1", use(7, "1", team="b", model="x")) == ()
    left = {team: bill.left(NOON, group={"team": team, "model": "x"}) for team in "ab"}
    assert left == {"a": {"model": 3, "team": 10}, "b": {"model": 3, "team": 3}}
