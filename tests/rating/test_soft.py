"""Soft caps: stages of the bill that stop the charge, for the whole, for an item, for each group of it."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import prices
from ratecard.errors import MismatchError
from ratecard.guards import Cap
from ratecard.meters import Meter, Sum
from ratecard.money import Money
from ratecard.periods import Period
from ratecard.plans import Carry, Item, Plan, RateCard, resolve
from ratecard.rating import Statement, live, rate, rerate
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)


def plan(*some: Cap, **fields: Any) -> Plan:
    """A fee of 20 and usage at 1, by team."""
    return Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=Sum(of="n"))],
        items=[
            Item(key="fee", price=prices.Flat(amount=20)),
            Item(key="n", meter="n", each=["team"], price=prices.PerUnit(unit_price=1)),
        ],
        guards=some, **fields,
    )  # fmt: skip


def billed(made: Plan, **used: int) -> Statement:
    """The bill of what each team used, which proves itself, and which the live bill has as well."""
    records = [UsageRecord("use", "2025-01-10T00:00:00Z", {"n": n, "team": team}, id=team) for team, n in used.items()]
    acme = made.subscribe("acme", start="2025-01-01")
    found = rate(made, acme, records, JANUARY)
    assert found.verify()
    assert Statement.from_json(found.to_json()) == found
    bill = live(resolve(made, acme, JANUARY))
    for record in records:
        bill.record(record)
    assert bill.statement() == found
    return found


def test_the_whole() -> None:
    """Above the cap nothing is charged; at it and below it nothing is taken off."""
    made = plan(Cap(spend=50, mode="soft"))
    assert billed(made, a=30).lines_by("maximum") == ()
    found = billed(made, a=30, b=10)
    (line,) = found.lines_by("maximum")
    assert (line.amount, found.due, line.item) == (Money("-10", "USD"), Money("50", "USD"), "cap on subtotal")
    assert "cut at the maximum: cap on subtotal" in found.explain()


def test_an_item_and_its_groups() -> None:
    """A cap on an item falls on its lines alone; each group has its own, and a group may be left out."""
    assert billed(plan(Cap(spend=15, item="n", mode="soft")), a=30, b=10).due == Money("35", "USD")
    made = plan(Cap(spend=15, item="n", mode="soft", each=["team"], without=[{"team": "c"}]))
    found = billed(made, a=30, b=10, c=40)
    assert found.due == Money("85", "USD")
    assert [line.item for line in found.lines_by("maximum")] == ["cap on amount n for each team [team=a]"]
    assert billed(plan(Cap(spend=15, item="n", mode="soft", group={"team": "b"})), a=30, b=20).due == Money("65", "USD")


def test_after_discounts_before_minimum() -> None:
    """It reads what discounts leave, and a floor still holds."""
    off = [{"kind": "percent", "key": "half", "rate": "0.5"}]
    assert billed(plan(Cap(spend=22, mode="soft"), discounts=off), a=30).due == Money("22", "USD")
    assert billed(plan(Cap(spend=22, mode="soft"), minimum={"amount": 30}), a=30).due == Money("30", "USD")


def test_halves_of_a_period() -> None:
    """Two statements of one billing period share one cap, through the carry."""
    made = plan(Cap(spend=25, item="n", mode="soft"))
    acme = made.subscribe("acme", start="2025-01-01")
    first, second = JANUARY.split("2025-01-16T00:00:00Z")
    one = rate(made, acme, [UsageRecord("use", "2025-01-10T00:00:00Z", {"n": 20, "team": "a"}, id="1")], first)
    late = [UsageRecord("use", "2025-01-20T00:00:00Z", {"n": 20, "team": "a"}, id="2")]
    two = rate(made, acme, late, second, carry=one.carry)
    assert [line.amount for line in two.lines_by("maximum")] == [Money("-15", "USD")]
    assert two.verify()
    credit = [UsageRecord("use", "2025-01-20T00:00:00Z", {"n": -3, "team": "a"}, id="2")]
    over = rate(plan(Cap(spend=10, item="n", mode="soft")), acme, credit, second, carry=one.carry)
    # A lower cap is of the whole period, so what was billed above it comes back.
    assert [line.amount for line in over.lines_by("maximum")] == [Money("-7", "USD")]
    # A carry that does not tell what was billed leaves no more to take off than there is now.
    told = {} if one.carry is None else one.carry.to_json()
    del told["billed"]
    old = Carry.from_json(told)
    over = rate(plan(Cap(spend=10, item="n", mode="soft")), acme, credit, second, carry=old)
    assert over.lines_by("maximum") == ()
    two = rate(made, acme, late, second, carry=old)
    assert [line.amount for line in two.lines_by("maximum")] == [Money("-15", "USD")]


def test_in_several_currencies() -> None:
    """A table of amounts caps each currency at its own."""
    assert billed(plan(Cap(spend={"USD": "30"}, mode="soft")), a=30).due == Money("30", "USD")


def test_it_does_not_bite_any_more() -> None:
    """A month is made again where its cap bit and does not now, also with a card appended; an edited cap is refused."""
    made = plan(Cap(key="most", spend=25, mode="soft"))
    acme = made.subscribe("acme", start="2025-01-01")
    used = [UsageRecord("use", f"2025-01-1{n}T00:00:00Z", {"n": 4, "team": "a"}, id=str(n)) for n in range(2)]
    issued = rate(made, acme, used, JANUARY)
    assert issued.due == Money("25", "USD")
    later = made.with_card(RateCard(currency="USD", effective="2025-03-01", items=made.cards[0].items))
    for offer in (made, later):
        assert rerate(issued, offer, acme, used[:1]).due == Money("-1", "USD")
    with pytest.raises(MismatchError) as caught:
        rerate(issued, plan(Cap(key="most", spend=30, mode="soft")), acme, used[:1])
    assert caught.value.code == "rerate.version"


def test_what_a_carry_holds_of_a_cap() -> None:
    """Nothing is told of a cap that the plan has, for all or for each group; a cap that it has no more is told."""
    each = Cap(key="team", item="n", spend=15, each=("team",), mode="soft")
    made = plan(Cap(key="most", spend=25, mode="soft"), each)
    acme = made.subscribe("acme", start="2025-01-01")
    first, second = JANUARY.split("2025-01-16T00:00:00Z")
    one = rate(made, acme, [UsageRecord("use", "2025-01-10T00:00:00Z", {"n": 20, "team": "a"}, id="1")], first)
    assert one.carry is not None
    assert len([name for name in one.carry.commitments if name.startswith("guard ")]) == 2
    assert rate(made, acme, [], second, carry=one.carry).notices == ()
    told = rate(plan(each), acme, [], second, carry=one.carry).notices
    assert [(notice.code, notice.key) for notice in told] == [("carry.unknown", "guard most")]
    assert "no such soft cap" in told[0].text
