"""Dated changes of a subscription: what may be said, when it takes effect, and what lines come of it."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import Item, Meter, Period, Plan, Subscription, UsageRecord, meters, prices, rate, resolve
from ratecard._problems import problems
from ratecard.cadence import Cadence
from ratecard.errors import MismatchError, UnknownKeyError
from ratecard.plans import Cancel, Catalog, ChangeAnchor, ChangePlan, ChangeQuantity, Pause, Resume

SEATS = Item(key="seats", quantity="seats", price=prices.Flat(amount="31"))
TEAM = Plan.single("team", currency="USD", items=[SEATS])
MARCH = Period.month(2025, 3)


def held(*changes: Any, plan: Plan = TEAM, **fields: Any) -> Subscription:
    """A subscription to five seats since January, with changes."""
    return plan.subscribe("acme", start="2025-01-01", quantities={"seats": 5}).model_copy(
        update={"changes": changes, **fields}
    )


def told(
    subscription: Subscription, offer: Any = TEAM, period: Period = MARCH, usage: Any = ()
) -> list[tuple[str, ...]]:
    """Start, quantity and amount of each line of a period."""
    found = rate(offer, subscription, usage, period)
    assert found.verify()
    return [
        (line.item, line.period.start.date().isoformat()[5:], str(line.quantity), str(line.amount).split()[0])
        for line in found.lines
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([{"kind": "quantity", "at": "2025-03-01", "quantities": {"seats": -1}}],
         [("changes[0].quantities.seats", "quantity.negative")]),
        ([{"kind": "quantity", "at": "2025-03-01", "quantities": {"seats": 1}},
          {"kind": "quantity", "at": "2025-03-01T00:00:00Z", "quantities": {"seats": 2}}],
         [("changes[1]", "change.conflict")]),
        ([{"kind": "plan", "at": "2025-01-01", "plan": "pro"}], [("changes[0].at", "change.outside")]),
        ([{"kind": "plan", "at": "2026-01-01", "plan": "pro"}], [("changes[0].at", "change.outside")]),
        ([{"kind": "cancel", "at": "2025-03-01"}, {"kind": "plan", "at": "2025-03-02", "plan": "pro"}],
         [("changes[1].at", "change.outside")]),
        ([{"kind": "resume", "at": "2025-03-01"}], [("changes[0]", "change.pause")]),
        ([{"kind": "pause", "at": "2025-03-01"}, {"kind": "pause", "at": "2025-03-02"}],
         [("changes[1]", "change.pause")]),
        ([{"kind": "pause", "at": "2025-03-01"}, {"kind": "resume", "at": "2025-03-01"}],
         [("changes[1]", "change.conflict")]),
        ([{"kind": "plan", "at": "2025-03-01", "plan": "pro", "when": "later"}],
         [("changes[0].when", "choice.unknown")]),
    ],
)  # fmt: skip
def test_refused(changes: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    """Changes that contradict each other or lie outside the service are refused, all at once."""
    with pytest.raises(ValueError) as caught:
        Subscription.model_validate(
            {"customer": "acme", "plan": "team", "start": "2025-01-01", "end": "2026-01-01", "changes": changes}
        )
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


def test_zone_decides_what_is_outside() -> None:
    """Whether an instant is inside a service of bare dates, only a zone tells; without one it is not refused."""
    late = {"kind": "cancel", "at": "2025-12-31T18:00:00Z"}
    fields = {"customer": "acme", "plan": "team", "start": "2025-01-01", "end": "2026-01-01", "changes": [late]}
    assert Subscription.model_validate(fields).changes[0].kind == "cancel"
    with pytest.raises(ValueError, match="not inside the service"):
        Subscription.model_validate({**fields, "zone": "Asia/Tokyo"})


def test_round_trip() -> None:
    """Changes are told apart by their kind, and read back as they were."""
    changes = [
        ChangeQuantity(at="2025-02-01", quantities={"seats": 6}), ChangePlan(at="2025-02-02", plan="pro"),
        ChangeAnchor(at="2025-02-03", anchor="2025-02-15"), Pause(at="2025-02-04"), Resume(at="2025-02-05"),
        Cancel(at="2025-02-06", when="period_end"),
    ]  # fmt: skip
    made = held(*changes)
    assert made.changes == tuple(changes)
    assert Subscription.model_validate(made.model_dump(mode="json")) == made
    assert held().with_changes(*changes) == made


def test_seats() -> None:
    """A change of seats closes one line and opens another; the day of change belongs to the new."""
    more = ChangeQuantity(at="2025-03-16", quantities={"seats": 8})
    assert told(held(more)) == [("seats", "03-01", "5", "75.00"), ("seats", "03-16", "8", "128.00")]
    assert told(held(more), period=Period.month(2025, 4)) == [("seats", "04-01", "8", "248.00")]


def test_seats_by_second() -> None:
    """By second, an instant of change is the first of the new quantity."""
    plan = Plan.single("team", currency="USD", items=[SEATS.model_copy(update={"prorate": "second"})])
    more = ChangeQuantity(at="2025-03-16T12:00:00Z", quantities={"seats": 10})
    assert told(held(more, plan=plan), plan) == [("seats", "03-01", "5", "77.50"), ("seats", "03-16", "10", "155.00")]


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        ([8], ["155.00", "93.00"]),
        ([3], ["155.00", "0.00"]),
        ([3, 5, 7], ["155.00", "0.00", "0.00", "62.00"]),
    ],
)
@pytest.mark.parametrize("way", [{"prorate": "none"}, {"price": prices.Flat(amount="31", prorate=False)}])
def test_seats_without_proration(quantities: list[int], expected: list[str], way: dict[str, Any]) -> None:
    """Where any part of a period costs the whole, a seat above all before it costs one whole fee; none comes back."""
    plan = Plan.single("team", currency="USD", items=[SEATS.model_copy(update=way)])
    changes = [
        ChangeQuantity(at=f"2025-03-{10 + 3 * place}", quantities={"seats": seats})
        for place, seats in enumerate(quantities)
    ]
    assert [line[-1] for line in told(held(*changes, plan=plan), plan)] == expected


def test_fee_is_not_cut_by_seats() -> None:
    """A change cuts only what it touches: a fee beside the seats keeps its one line."""
    plan = Plan.single("team", currency="USD", items=[SEATS, Item(key="base", price=prices.Flat(amount="10"))])
    more = ChangeQuantity(at="2025-03-16", quantities={"seats": 8})
    assert [line for line in told(held(more, plan=plan), plan) if line[0] == "base"] == [
        ("base", "03-01", "1", "10.00")
    ]


@pytest.mark.parametrize(
    ("when", "at", "expected"),
    [
        ("now", "2025-03-16", [("seats", "03-01", "5", "75.00"), ("seats", "03-16", "8", "128.00")]),
        ("period_end", "2025-03-16", [("seats", "03-01", "5", "155.00")]),
        ("period_end", "2025-03-01", [("seats", "03-01", "5", "155.00")]),
        ("period_end", "2025-02-28", [("seats", "03-01", "8", "248.00")]),
    ],
)
def test_when(when: Any, at: str, expected: list[tuple[str, ...]]) -> None:
    """A change takes effect at once, or when the period it is asked in is over; a period holds its first day."""
    assert told(held(ChangeQuantity(at=at, when=when, quantities={"seats": 8}))) == expected


def plans(**pro: Any) -> Catalog:
    """A basic and a pro plan that count the same calls."""
    calls = [Meter(key="calls", event="call", aggregate=meters.Count())]

    def item(free: str) -> Item:
        tiers = [prices.Tier(up_to=10, unit_price="0"), prices.Tier(unit_price=free)]
        return Item(key="calls", meter="calls", price=prices.Graduated(tiers=tiers))

    basic = Plan.single("basic", currency="USD", meters=calls, items=[item("1")])
    return Catalog(
        plans=[basic, Plan.single("pro", currency="USD", **{"meters": calls, "items": [item("0.5")], **pro})]
    )


CALLS = [UsageRecord("call", f"2025-03-{day:02}T12:00:00Z", {}, id=str(day)) for day in range(1, 32)]


def test_counters_run_on() -> None:
    """A counter with the same item key goes on through a change of plan; free units are given once."""
    upgrade = ChangePlan(at="2025-03-21", plan="pro")
    acme = Subscription(customer="acme", plan="basic", start="2025-01-01", changes=[upgrade])
    assert told(acme, plans(), usage=CALLS) == [("calls", "03-01", "20", "10.00"), ("calls", "03-21", "11", "5.50")]


def test_counters_run_on_after_a_pause() -> None:
    """Usage in a pause is unpriced, and what was counted before it still counts."""
    acme = Subscription(
        customer="acme", plan="basic", start="2025-01-01", changes=[Pause(at="2025-03-09"), Resume(at="2025-03-21")]
    )
    found = rate(plans(), acme, CALLS, MARCH)
    assert [str(line.amount) for line in found.lines] == ["0.00 USD", "9.00 USD"]
    assert found.account is not None and found.account.counts["unpriced"] == 12


def test_level_starts_anew_after_a_pause() -> None:
    """A level holds through a pause and costs nothing in it."""
    disk = Meter(key="disk", event="disk", aggregate=meters.Level(of="gb", mode="set", opening="31"))
    plan = Plan.single("team", currency="USD", meters=[disk],
        items=[Item(key="disk", meter="disk", price=prices.PerUnit(unit_price="1"))])  # fmt: skip
    acme = Subscription(
        customer="acme", plan="team", start="2025-03-01", changes=[Pause(at="2025-03-11"), Resume(at="2025-03-21")]
    )
    assert [line[-1] for line in told(acme, plan)] == ["10.00", "11.00"]


def test_plans_that_do_not_fit() -> None:
    """One statement follows one rule, one meter has one meaning; and a plan that is not there is said."""
    acme = Subscription(
        customer="acme", plan="basic", start="2025-01-01", changes=[ChangePlan(at="2025-03-11", plan="pro")]
    )
    with pytest.raises(MismatchError) as caught:
        resolve(plans(rounding="up"), acme, MARCH)
    assert caught.value.code == "plan.rules"
    assert resolve(plans(rounding="up"), acme, Period.month(2025, 4)).plan.key == "pro"
    with pytest.raises(MismatchError) as caught:
        resolve(plans(meters=[Meter(key="calls", event="other", aggregate=meters.Count())]), acme, MARCH)
    assert caught.value.code == "plan.meters"
    with pytest.raises(UnknownKeyError):
        resolve(plans().plans[0], acme, MARCH)


def test_cache_sees_the_other_plan() -> None:
    """The same question about a catalog with another second plan is another question."""
    acme = Subscription(
        customer="acme", plan="basic", start="2025-01-01", changes=[ChangePlan(at="2025-03-11", plan="pro")]
    )
    one = plans()
    fee = [Item(key="fee", price=prices.Flat(amount="31"))]
    two = Catalog(plans=[one.plans[0], plans(items=fee).plans[1]])
    assert [line[0] for line in told(acme, one)] == ["calls", "calls"]
    assert [line[0] for line in told(acme, two)] == ["calls", "fee"]


def test_anchor() -> None:
    """A moved anchor cuts the running period and the one it falls into, each with its share of its own month."""
    plan = Plan.single("team", currency="USD", items=[SEATS], cadence=Cadence.monthly())
    acme = held(ChangeAnchor(at="2025-03-11", anchor="2025-01-15"), plan=plan)
    spans = list(acme.periods(plan, Period("2025-03-01", "2025-05-01")))
    assert spans == [Period("2025-03-01", "2025-03-11"), Period("2025-03-11", "2025-03-15"),
                     Period("2025-03-15", "2025-04-15"), Period("2025-04-15", "2025-05-15")]  # fmt: skip
    assert [told(acme, plan, span)[0][-1] for span in spans] == ["50.00", "22.14", "155.00", "155.00"]


def test_another_cadence() -> None:
    """A plan of another cadence cuts the running period; with the anchor moved along, its year begins there."""
    monthly = Plan.single(
        "m", currency="USD", items=[Item(key="fee", price=prices.Flat(amount="31"))], cadence=Cadence.monthly()
    )
    yearly = Plan.single(
        "y", currency="USD", items=[Item(key="fee", price=prices.Flat(amount="365"))], cadence=Cadence.yearly()
    )
    acme = Subscription(
        customer="acme", plan="m", start="2025-01-01",
        changes=[ChangePlan(at="2025-03-11", plan="y"), ChangeAnchor(at="2025-03-11", anchor="2025-03-11")],
    )  # fmt: skip
    both = Catalog(plans=[monthly, yearly])
    spans = list(acme.periods(both, Period("2025-03-01", "2025-05-01")))
    assert spans == [Period("2025-03-01", "2025-03-11"), Period("2025-03-11", "2026-03-11")]
    assert [told(acme, both, span)[0][-1] for span in spans] == ["10.00", "365.00"]


def test_put_off_until_the_period_is_cut() -> None:
    """What waits for the end of a period waits no longer when a moved anchor ends it."""
    plan = Plan.single("team", currency="USD", items=[SEATS], cadence=Cadence.monthly())
    later = ChangeQuantity(at="2025-03-05", when="period_end", quantities={"seats": 1})
    acme = held(later, ChangeAnchor(at="2025-03-11", anchor="2025-03-11"), plan=plan)
    assert told(acme, plan, Period("2025-03-11", "2025-04-11")) == [("seats", "03-11", "1", "31.00")]
    at_the_cut = ChangeQuantity(at="2025-03-11", when="period_end", quantities={"seats": 2})
    acme = held(ChangeAnchor(at="2025-03-11", anchor="2025-03-15"), at_the_cut, plan=plan)
    assert told(acme, plan, Period("2025-03-15", "2025-04-15")) == [("seats", "03-15", "2", "62.00")]


def test_called_off() -> None:
    """A pause that has not begun is called off by resuming."""
    acme = held(Pause(at="2025-03-05", when="period_end"), Resume(at="2025-03-10"))
    assert told(acme, period=Period.month(2025, 4)) == [("seats", "04-01", "5", "155.00")]


@pytest.mark.parametrize(("when", "last"), [("now", "2025-03-11"), ("period_end", "2025-04-01")])
def test_cancel(when: Any, last: str) -> None:
    """The instant of a cancellation is the first without service; the end that is earlier holds."""
    acme = held(Cancel(at="2025-03-11", when=when), end="2025-12-01")
    assert told(acme) == [("seats", "03-01", "5", "50.00" if when == "now" else "155.00")]
    assert told(acme, period=Period.month(2025, 4)) == []
    assert [span.end.date().isoformat() for span in acme.periods(TEAM, Period.year(2025))][-1] == "2025-04-01"


def test_end_before_a_cancellation() -> None:
    """Of an end and a cancellation that is put off, the earlier holds."""
    assert told(held(Cancel(at="2025-03-11", when="period_end"), end="2025-03-20")) == [
        ("seats", "03-01", "5", "95.00")
    ]


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        (
            ChangeQuantity(at="2025-03-11", when="period_end", quantities={"seats": 2}),
            [("03-01", "5"), ("03-11", "5"), ("04-11", "2")],
        ),
        (Pause(at="2025-03-11", when="period_end"), [("03-01", "5"), ("03-11", "5")]),
        (Cancel(at="2025-03-11", when="period_end"), [("03-01", "5"), ("03-11", "5")]),
    ],
)
def test_put_off_where_a_new_anchor_cuts(waiting: Any, expected: list[tuple[str, str]]) -> None:
    """What is put off at the instant of a new anchor waits for the end of the period that begins there."""
    own = Plan.single("team", currency="USD", items=[SEATS], cadence=Cadence.monthly())
    acme = held(ChangeAnchor(at="2025-03-11", anchor="2025-03-11"), waiting, plan=own)
    assert [line[1:3] for line in told(acme, own, Period("2025-03-01", "2025-05-11"))] == expected
