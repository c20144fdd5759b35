"""The live bill at its edges: what it is opened with, what it refuses whole, and what lies in flight."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ratecard import guards, meters, prices
from ratecard.credits import Grant
from ratecard.errors import MismatchError, NoPriceError, RatecardError, RecordError
from ratecard.guards import Alert, Breach, Cap, Concurrency, Crossed, MarginFloor, TokenBucket
from ratecard.meters import Meter
from ratecard.money import Money
from ratecard.periods import Period
from ratecard.plans import Item, Maximum, Minimum, PercentDiscount, Plan, RateCard, resolve
from ratecard.rating import Live, live, measure, rate
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
ONE = prices.PerUnit(unit_price="1")
MATRIX = prices.Matrix(dimensions=["model"], cells=[prices.Cell(values=["a"], price=ONE)])
CLOSED = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price=1)], closed=True)
SIZES = prices.Brackets(brackets=[prices.Bracket(up_to=10, price=ONE)], closed=True)
CREDIT = prices.Credit(unit="credits", base=ONE)


def plan_of(*some: Any, price: Any = ONE, each: Any = (), fee: Item | None = None, **fields: Any) -> Plan:
    """A plan of one metered item, and of a fee where one is given, under guards."""
    items = [Item(key="n", meter="n", price=price, each=each), *([] if fee is None else [fee])]
    return Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))], items=items,
        guards=some, **fields,
    )  # fmt: skip


def bill_of(*some: Any, **fields: Any) -> Live:
    """A live bill of January."""
    plan = plan_of(*some, **fields)
    return live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))


def use(n: Any, id: str | None = "r", **more: Any) -> UsageRecord:
    """A record of the item."""
    return UsageRecord("use", NOON, {"n": n, **more}, id=id)


def standing(bill: Live) -> str:
    """All that a bill holds and says, as text."""
    return json.dumps([bill.dump(), bill.statement().to_json()], sort_keys=True, default=str)


@pytest.mark.parametrize(
    "fee",
    [
        Item(key="fee", price=prices.Flat(amount="20"), discounts=[PercentDiscount(rate="0.1")]),
        Item(key="fee", price=prices.Flat(amount="20"), minimum=Minimum(amount="25")),
        Item(key="fee", price=prices.Flat(amount="20"), maximum=Maximum(amount="15")),
    ],
)
def test_fees_with_stages(fee: Item) -> None:
    """A fee may have stages of its own beside usage that goes the quick way, and the bill stays the bill."""
    bill = bill_of(Cap(spend=40), Alert(spend=30), fee=fee)
    assert bill._swift is not None
    told = [signal for name in "abc" for signal in bill.record(use(3, name))]
    plan = plan_of(Cap(spend=40), Alert(spend=30), fee=fee)
    records = [use(3, name) for name in "abc"]
    assert bill.statement() == rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY)
    assert len(told) == (bill.statement().subtotal >= Money("30", "USD"))


def test_fees_with_remainders() -> None:
    """A part of a cent may be carried into the next period, whose live bill then has a fee that is not plain."""
    fee = Item(key="fee", price=prices.Flat(amount="9.995"))
    plan = plan_of(fee=fee, carry_remainders=True)
    acme = plan.subscribe("acme", start="2025-01-01")
    carry = rate(plan, acme, [], JANUARY).carry
    february = Period.month(2025, 2)
    bill = live(resolve(plan, acme, february, carry=carry))
    record = UsageRecord("use", "2025-02-03T00:00:00Z", {"n": 3}, id="r")
    bill.record(record)
    assert bill.statement() == rate(plan, acme, [record], february, carry=carry)


GROUPED = [
    Cap(key="each", quantity=6, meter="n", each=["team"]),
    Cap(key="money", spend=5, item="n", each=["team"]),
    Cap(key="hour", spend=9, window_seconds=3600, each=["team"]),
    Alert(key="half", quantity=3, meter="n", each=["team", "tier"]),
    Alert(key="of a", spend=4, item="n", group={"team": "a"}),
    Alert(key="whole", spend=4),
    TokenBucket(key="pace", capacity=9, refill=1, each=["team"]),
]


def test_guards_with_groups_go_out_and_come_back() -> None:
    """A bill whose guards count by group is dumped and loaded as it was."""
    bill = bill_of(*GROUPED, each=["team"])
    assert {signal.key for signal in bill.record(use(7, "1", team="a", tier="x"))} >= {"each", "half", "of a", "whole"}
    bill.reserve(use(2, "2", team="b"))
    told = json.loads(json.dumps(bill.dump()))
    again = Live.load(told, bill.terms)
    assert standing(again) == standing(bill)
    assert again.record(use(1, "3", team="a", tier="x")) == bill.record(use(1, "3", team="a", tier="x")) == ()
    assert standing(again) == standing(bill)


def test_guards_with_groups_go_on_from_a_tally() -> None:
    """Begun late, what each group has passed already is known and not told again; what it passes later is told."""
    first = bill_of(*GROUPED, each=["team"])
    first.record(use(7, "1", team="a", tier="x"))
    first.record(use(2, "2", team="b", tier="x"))
    second = live(first.terms, first.tally)
    for group, more in (("a", ()), ("b", ("half",))):
        found = [signal.key for signal in second.record(use(1, f"3{group}", team=group, tier="x"))]
        assert tuple(found) == more
    assert [signal.key for signal in second.record(use(5, "4", team="b", tier="x"))] == ["each", "money"]


def test_guards_by_group_that_are_new() -> None:
    """A dump is loaded under guards that came since: they begin at nothing, in each group."""
    old = bill_of(each=["team"])
    old.record(use(7, "1", team="a"))
    plan = plan_of(*GROUPED[:3], Alert(key="half", quantity=3, meter="n", each=["team"]), each=["team"])
    new = Live.load(old.dump(), resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))
    assert [signal.key for signal in new.record(use(1, "2", team="a"))] == ["each", "money", "half"]
    assert new.left(NOON, group={"team": "a"}) == {"each": 0, "money": 0, "hour": 8}


def test_guards_without_a_tally_of_their_groups() -> None:
    """Guards that count for themselves in groups which no meter tells apart begin at nothing."""
    first = bill_of(Cap(key="hour", quantity=6, meter="n", window_seconds=60, each=["team"]))
    first.record(use(5, "1", team="a"))
    second = live(first.terms, first.tally)
    assert second.left(NOON, group={"team": "a"}) == {"hour": 6}
    assert first.left(NOON, group={"team": "a"}) == {"hour": 1}


UNPRICED = [
    (MATRIX, use(1, "bad", model="zz"), use(1, "good", model="a"), "price.cell"),
    (CLOSED, use(11, "bad"), use(1, "good"), "price.beyond"),
    (SIZES, use(11, "bad"), use(1, "good"), "price.beyond"),
    (CREDIT, use(30, "bad"), use(1, "good"), "credit.uncovered"),
    (
        prices.Weighted(dimensions=["model"], factors=[prices.Weight(values=["a"], factor=2)], base=ONE),
        use(1, "bad", model="zz"), use(1, "good", model="a"), "price.cell",
    ),
    (
        prices.Windows(windows=[prices.Window(name="night", start="00:00", end="06:00", price=ONE)]),
        use(1, "bad"), UsageRecord("use", "2025-01-10T01:00:00Z", {"n": 1}, id="good"), "price.window",
    ),
    (
        prices.Hybrid(prices=[ONE, MATRIX]),
        use(1, "bad", model="zz"), use(1, "good", model="a"), "price.cell",
    ),
]  # fmt: skip


@pytest.mark.parametrize("some", [[], [Cap(spend=50)], [TokenBucket(capacity=5, refill=1)]])
@pytest.mark.parametrize(("price", "bad", "good", "code"), UNPRICED)
def test_what_has_no_price_is_not_kept(
    some: list[Any], price: prices.Price, bad: UsageRecord, good: UsageRecord, code: str
) -> None:
    """Usage without a price is refused alike by every door, with or without guards, and the bill stays as it was."""
    paid = {"units": [{"key": "credits", "places": 0}], "grants": [Grant(id="g", amount=20, currency="credits")]}
    bill = bill_of(*some, price=price, **(paid if price is CREDIT else {}))
    bill.record(good)
    before = standing(bill)
    for act in (bill.quote, bill.admit, bill.reserve, bill.record):
        with pytest.raises(NoPriceError) as caught:
            act(bad)
        assert (caught.value.code, standing(bill)) == (code, before)
    more = UsageRecord("use", good.at, good.properties, id="more")
    assert bill.reserve(more)
    held = standing(bill)
    with pytest.raises(NoPriceError):
        bill.commit("more", bad)
    assert standing(bill) == held
    assert bill.commit("more") == ()
    assert standing(Live.load(bill.dump(), bill.terms)) == standing(bill)
    assert bill.tally.account.counts["counted"] == 2


def test_a_record_of_no_group_is_not_kept() -> None:
    """A dimension that a guard cannot read is refused before anything is counted; no signal is lost."""
    bill = bill_of(Cap(spend=9, window_seconds=60, each=["team"]), Alert(key="told", spend=3))
    before = standing(bill)
    for act in (bill.record, bill.admit, bill.reserve):
        with pytest.raises(RecordError) as caught:
            act(use(5, "1", team=[1]))
        assert (caught.value.code, standing(bill)) == ("record.dimension", before)
    assert [signal.key for signal in bill.record(use(5, "1", team="a"))] == ["told"]


def test_a_group_too_many_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a guard has no room for another group the record is not counted."""
    monkeypatch.setattr("ratecard.guards._each.GROUPS_MAX", 2)
    bill = bill_of(Cap(quantity=9, meter="n", window_seconds=60, each=["team"]))
    for name in "ab":
        bill.record(use(1, name, team=name))
    before = standing(bill)
    with pytest.raises(MismatchError) as caught:
        bill.record(use(1, "c", team="c"))
    assert (caught.value.code, standing(bill)) == ("guard.groups", before)
    assert bill.record(use(1, "d", team="a")) == ()


def test_costs_follow_what_is_counted() -> None:
    """Costs are counted with the record: what they have no price for, or cannot read, stands in their own account."""
    plan = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
            Meter(key="m", event="use", aggregate=meters.Sum(of="m")),
        ],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="2"))],
        costs=[RateCard(currency="USD", items=[Item(key="n", meter="m", price=ONE)])],
        guards=[Alert(key="dear", margin=50, item="n")],
    )  # fmt: skip
    bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))
    bill.record(use(1, "1", m="many"))
    bill.record(use(4, "2", m=1))
    assert bill.costs is not None
    assert (bill.costs.account.counts["counted"], bill.costs.account.counts["refused"]) == (1, 1)
    assert bill.statement().subtotal == Money("10", "USD")
    other = Meter(key="other", event="other", aggregate=meters.Count())
    dear = RateCard(currency="USD", items=[Item(key="n", meter="other", price=ONE)])
    plan = Plan.single(
        "p", currency="USD", meters=[*plan.meters, other], costs=[dear], guards=[Cap(spend=9)],
        items=[*plan.cards[0].items, Item(key="other", meter="other", price=ONE)],
    )  # fmt: skip
    thin = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY))
    assert thin.record(use(4)) == ()
    assert thin.costs is not None
    assert thin.costs.account.to_json()["counts"] == {"unpriced": 1}
    assert thin.statement().subtotal == Money("8", "USD")


def test_what_cannot_be_read_is_listed() -> None:
    """A wrong record stands in the account, with guards or without, and the bill goes on."""
    for some in ([], [Cap(spend=9)]):
        bill = bill_of(*some)
        assert bill.record(use("many", "1")) == bill.record(use(2, "2")) == ()
        assert (bill.tally.account.counts["refused"], bill.statement().subtotal) == (1, Money("2", "USD"))


def test_what_a_filter_cannot_read_is_listed() -> None:
    """A number that a filter cannot read is refused, as `measure` refuses it; what was held for it is given back."""
    large = meters.Range(property="size", minimum=5)
    sized = Meter(key="n", event="use", aggregate=meters.Sum(of="n"), where=[large])
    plan = Plan.single("p", currency="USD", meters=[sized], items=[Item(key="n", meter="n", price=ONE)])
    limited = plan.model_copy(update={"guards": (Cap(key="hour", spend=10, window_seconds=3600),)})
    good, bad = use(4, "1", size=6), use(4, "2", size=6.5)
    for offer, held, given_back in ((plan, {}, {}), (limited, {"hour": Decimal(2)}, {"hour": Decimal(6)})):
        bill = live(resolve(offer, offer.subscribe("acme", start="2025-01-01"), JANUARY))
        assert bill.record(good) == ()
        assert bill.admit(use(4, "2", size=6))
        assert bill.left(NOON) == held
        assert bill.record(bad) == ()
        assert bill.left(NOON) == given_back
        assert bill.tally == measure(bill.terms, [good, bad])
        (found,) = bill.tally.account.rejected
        assert (found.code, found.record) == ("record.number", "2")
        assert (bill.tally.account.counts["refused"], bill.statement().subtotal) == (1, Money("4", "USD"))


def test_a_hold_whose_record_came_by_itself() -> None:
    """A record under a held identity, as it was held or otherwise, settles the hold; others are answered."""
    bill = bill_of(Cap(spend=10))
    bill.reserve(use(3, "1"))
    bill.record(use(5, "1"))
    assert bill.left(NOON) == {"cap on subtotal": 5}
    assert bill.admit(use(5, "2"))
    assert not bill.admit(use(6, "2"))
    again = Live.load(bill.dump(), bill.terms)
    assert again.left(NOON) == {"cap on subtotal": 5}
    assert bill.commit("1") == ()
    assert bill.statement().subtotal == Money("5", "USD")
    bill.reserve(use(2, "3"), id="first")
    bill.reserve(use(1, "3"), id="second")
    assert bill.left(NOON) == {"cap on subtotal": 2}
    bill.commit("second")
    assert bill.left(NOON) == {"cap on subtotal": 4}
    bill.release("first")
    assert bill.left(NOON) == {"cap on subtotal": 4}


def test_a_hold_that_is_not_counted_is_given_back() -> None:
    """Windows and places at work take back what was held for a record that is not counted when it is committed."""
    bill = bill_of(Cap(key="hour", spend=10, window_seconds=3600), Concurrency(key="at once", limit=2))
    assert bill.reserve(use(3, "1"))
    assert bill.record(use(5, "1")) == ()
    assert bill.left(NOON) == {"hour": 2, "at once": 2}
    assert bill.commit("1") == ()
    assert bill.left(NOON) == {"hour": 5, "at once": 2}
    assert bill.admit(use(4, "2"))
    assert bill.record(use("many", "2")) == ()
    assert bill.left(NOON) == {"hour": 5, "at once": 2}


@pytest.mark.parametrize("mode", ["hard", "clamp"])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("overage", ["leave", "refuse"])
def test_credits_that_do_not_pay(mode: Any, order: int, overage: str) -> None:
    """A cap on credits refuses, or cuts, what the credits that are held would not pay for."""
    some = [Cap(key="most", credits=90, unit="credits", mode=mode), Cap(spend=500), Cap(spend=9, window_seconds=60)]
    some += [Cap(credits=300, unit="credits", window_seconds=60), Cap(quantity=300, meter="n", window_seconds=60)]
    bill = bill_of(
        *some[::order], price=CREDIT, units=[{"key": "credits", "places": 0}], burn={"overage": {"kind": overage}},
        grants=[Grant(id="g", amount=100, currency="credits")],
    )  # fmt: skip
    bill.record(use(80, "1"))
    verdict = bill.admit(use(30, "2"))
    assert not verdict.allowed
    assert verdict.fits == (10 if mode == "clamp" else None)
    (bound,) = verdict.limits
    assert (bound.key, str(bound.value)) == ("most", "110")
    assert bill.admit(use(10, "3")).allowed
    with pytest.raises(NoPriceError):
        bill.quote(use(30, "2"))


def test_credits_that_do_not_pay_without_a_cap_on_them() -> None:
    """Where no cap on credits stands in the way, what nobody pays for has no price."""
    paid: Any = {"units": [{"key": "credits", "places": 0}], "grants": [Grant(id="g", amount=100, currency="credits")]}
    high = [Cap(credits=900, unit="credits"), Cap(spend=5, mode="clamp")]
    cut = [Cap(credits=900, unit="credits"), Cap(quantity=120, meter="n", mode="clamp")]
    for some in ([], [Cap(spend=5)], [high[0]], high, cut):
        bill = bill_of(*some, price=CREDIT, **paid)
        before = standing(bill)
        with pytest.raises(NoPriceError) as caught:
            bill.admit(use(130, "2"))
        assert (caught.value.code, standing(bill)) == ("credit.uncovered", before)
        assert bill.admit(use(100, "2"))


def test_a_request_for_nothing() -> None:
    """A clamp says of nothing that all of it fits, and holds it."""
    bill = bill_of(Cap(spend=10, mode="clamp"))
    verdict = bill.reserve(use(0, "1"))
    assert verdict.allowed
    assert verdict.fits == 0
    assert bill.commit("1") == ()
    assert (bill.admit(use(-1, "2")).fits, bill.reserve(use(-2, "held")).fits) == (-1, -2)
    assert bill.commit("held") == ()
    assert (bill.admit(use(-2, "held")).allowed, bill.admit(use(-2, "held")).fits) == (True, None)
    bill.record(use(14, "3"))
    refused = bill.admit(use(-1, "5"))
    assert (refused.allowed, refused.fits) == (False, 0)
    assert bill.admit(use(0, "4")).fits == 0
    assert not bill.admit(use(0, "4")).allowed


@pytest.mark.parametrize(
    "change",
    [{"version": "zz"}, {"version": -1}, {"version": True}, {"version": None}, {"costs": "zz"}, {"costs": {}}],
)
def test_a_damaged_dump(change: dict[str, Any]) -> None:
    """A version that is none, and costs of a plan that has none, are refused."""
    bill = bill_of(Cap(spend=10))
    bill.record(use(1))
    with pytest.raises(RatecardError) as caught:
        Live.load({**bill.dump(), **change}, bill.terms)
    assert caught.value.code == ("live.costs" if "costs" in change else "live.state")


def test_a_dump_without_its_costs() -> None:
    """A plan with costs is not loaded without them."""
    costs = [RateCard(currency="USD", items=[Item(key="n", meter="n", price=ONE)])]
    bill = bill_of(MarginFloor(percent=10, item="n"), costs=costs)
    bill.record(use(1))
    for damaged in (None, "zz", {"tally": 1}):
        with pytest.raises(MismatchError):
            Live.load({**bill.dump(), "costs": damaged}, bill.terms)
    assert standing(Live.load(bill.dump(), bill.terms)) == standing(bill)


def test_many_holds() -> None:
    """However many are held, and in whatever order they end, what is left is the cap less what is held and counted."""
    bill = bill_of(Cap(key="all", spend=1000), guards.Alert(key="late", spend=400))
    held: dict[str, int] = {}
    spent = 0
    for index in range(150):
        name = str(index)
        held[name] = index % 7
        assert bill.reserve(use(held[name], name))
        if index % 3 == 2:
            other = str(index // 2)
            if other in held and index % 2:
                bill.release(other)
                del held[other]
            elif other in held:
                spent += 1
                bill.commit(other, use(1, other))
                del held[other]
        if index % 10 == 0:
            bill = Live.load(bill.dump(), bill.terms)
        assert bill.left(NOON) == {"all": Decimal(1000 - spent - sum(held.values()))}
    assert {type(signal) for signal in bill.record(use(1000, "much"))} == {Breach, Crossed}
