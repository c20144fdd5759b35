"""
Outcomes from one statement to the next: what is carried, pauses, ends, and meters and carries that were changed.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ratecard import Item, Money, Period, Plan, RateCard, prices, rate
from ratecard.errors import MismatchError
from ratecard.plans import (
    Carry,
    Catalog,
    ChangePlan,
    Pause,
    Resume,
    Tax,
)
from ratecard.rating import postponed
from tests.rating._wins import FEB, JAN, MAR, chain, item, kind, lines, meter, plan, reasons, told


def test_after_the_end() -> None:
    """What was won before a subscription ended is billed and reversed after it; what is won later was not sold."""
    held = plan(rules={"confirmation_hours": 24})
    acme = held.subscribe("acme", start="2025-01-01", end="2025-02-01")
    records = [
        told("01-02", "won", "z"),
        told("01-31T12:00:00Z", "won", "a"),
        told("02-02", "won", "b"),
        told("02-03", "undo", "z"),
    ]
    _, february, march = chain(held, records, JAN, FEB, MAR, acme=acme)
    assert lines(february) == [
        ("won[card=2025-01-01T00:00:00Z]@2025-02-01T00:00:00Z", "1", "3.00"),
        ("[reversal]won[billed=2025-01-01T00:00:00Z]@2025-02-01T00:00:00Z", "-1", "-3.00"),
    ]
    assert reasons(february) == {"unserved": 1}
    assert february.account is not None and february.account.counts["unpriced"] == 1
    assert lines(march) == []


def test_end_inside_the_period() -> None:
    """A window that ends after the service, in the same statement, belongs to the last period of the item."""
    held = plan(rules={"confirmation_hours": 24})
    acme = held.subscribe("acme", start="2025-01-01", end="2025-01-10")
    (january,) = chain(held, [told("01-09T12:00:00Z", "won", "a"), told("01-12", "won", "b")], JAN, acme=acme)
    assert [line[1:] for line in lines(january)] == [("1", "3.00")]
    assert reasons(january) == {"unserved": 1}


def test_gone_item_that_only_waits_says_so() -> None:
    """An item that is no longer sold and books nothing has a line of 0 as long as something is open."""
    held = plan(rules={"confirm": kind("ok")})
    acme = held.subscribe("acme", start="2025-01-01", end="2025-02-01")
    _, february, march = chain(held, [told("01-31", "won", "a"), told("03-02", "ok", "a")], JAN, FEB, MAR, acme=acme)
    assert lines(february) == [("won[card=2025-01-01T00:00:00Z]@2025-02-01T00:00:00Z", "0", "0.00")]
    assert reasons(february) == {"pending": 1}
    assert lines(march)[0][1:] == ("1", "3.00")


def test_change_of_plan_to_one_without_the_meter() -> None:
    """Where the new plan has another meter for the same item, both are counted, each by its own rules."""
    other = Plan(
        key="q",
        meters=[meter("more", confirmation_hours=48)],
        cards=[
            RateCard(
                currency="USD", items=[Item(key="won", meter="more", price=prices.Outcome(definition="Q.", fee="7"))]
            )
        ],
    )
    old = plan(rules={"confirmation_hours": 24})
    offer = Catalog(plans=[old, other])
    acme = old.subscribe("acme", start="2025-01-01")
    acme = acme.model_copy(update={"changes": [ChangePlan(at="2025-02-01", plan="q")]})
    records = [told("01-31T12:00:00Z", "won", "a"), told("02-05", "won", "b")]
    _, february, march = chain(offer, records, JAN, FEB, MAR, acme=acme)
    assert [line[0] for line in lines(february)] == [
        "won@2025-02-01T00:00:00Z",
        "won[meter=wins][card=2025-01-01T00:00:00Z]@2025-02-01T00:00:00Z",
    ]
    assert [line.unit for line in february.lines] == ["more", "wins"]
    assert february.due == Money("10.00", "USD")
    assert march.due == Money("0.00", "USD")


def test_order_of_the_card_stays_with_a_gone_item() -> None:
    """Lines of items that are sold no more stand behind all others, also where items read each other."""
    fees = [
        Item(key="part", price=prices.PercentOf(items=["base"], rate="0.1")),
        Item(key="base", price=prices.Flat(amount="10")),
    ]
    cards = [
        RateCard(currency="USD", items=[item(), *fees]),
        RateCard(currency="USD", effective="2025-02-01", items=fees),
    ]
    records = [told("01-31T12:00:00Z", "won", "a")]
    january, february = chain(plan(cards=cards, rules={"confirmation_hours": 24}), records, JAN, FEB)
    assert [line.item for line in january.lines] == ["won", "part", "base"]
    assert [line.item for line in february.lines] == ["part", "base", "won"]


def test_item_that_comes_back() -> None:
    """An item that leaves the card and comes back in the same period goes on counting in it."""
    tiers = [prices.Tier(up_to=1, unit_price="5"), prices.Tier(unit_price="1")]
    cards = [
        RateCard(currency="USD", items=[item(tiers=tiers)]),
        RateCard(currency="USD", effective="2025-01-11", items=[]),
        RateCard(currency="USD", effective="2025-01-21", items=[item(tiers=tiers)]),
    ]
    records = [told("01-02", "won", "a"), told("01-15", "won", "b"), told("01-25", "won", "c")]
    (january,) = chain(plan(cards=cards), records, JAN)
    assert [line[1:] for line in lines(january)] == [("1", "5.00"), ("1", "1.00")]
    assert reasons(january) == {"unserved": 1}


def test_pause() -> None:
    """Before and after a pause an item has one line and one counter; what is won in it was not sold."""
    tiers = [prices.Tier(up_to=1, unit_price="5"), prices.Tier(unit_price="1")]
    held = plan(item(tiers=tiers), rules={"confirmation_hours": 24})
    changes = [Pause(at="2025-01-10"), Resume(at="2025-01-20")]
    acme = held.subscribe("acme", start="2025-01-01").model_copy(update={"changes": changes})
    records = [told(f"01-{day}T12:00:00Z", "won", name) for day, name in (("09", "a"), ("15", "b"), ("21", "c"))]
    (january,) = chain(held, records, JAN, acme=acme)
    assert [line[1:] for line in lines(january)] == [("2", "6.00")]
    assert reasons(january) == {"unserved": 1}


def test_memory_is_bounded_by_the_windows() -> None:
    """What no record can change any more leaves the carry; while it can, its period's counts stay."""
    rules = {"attribution_hours": 24, "reversal_hours": 24 * 20}
    records = [told("01-02", "won", "a"), told("01-30", "won", "b"), told("02-10", "lost", "c")]
    january, february, march = chain(plan(rules=rules), records, JAN, FEB, MAR)
    carries = [each.carry.outcomes for each in (january, february, march) if each.carry is not None]
    (held,) = carries[0]["won"].values()
    assert [row[0][4] for row in held["rows"]] == ["b"]
    assert held["spans"][0][3][0][1:] == ["1", "1", "0"]
    assert carries[1:] == [{}, {}]


def test_carry_is_asked_for() -> None:
    """A period inside a subscription can't be rated alone where outcomes may be open; an empty carry says none are."""
    held = plan()
    acme = held.subscribe("acme", start="2025-01-01")
    with pytest.raises(MismatchError) as error:
        rate(held, acme, [], FEB)
    assert error.value.code == "carry.missing"
    assert rate(held, acme, [], FEB, carry=Carry("acme", "p", "2025-02-01T00:00:00Z")).due == Money("0.00", "USD")
    simple = plan(rules={"reverse": []})
    assert rate(simple, acme, [told("02-02", "won", "a")], FEB).due == Money("3.00", "USD")


@pytest.mark.parametrize(
    "damage",
    [
        lambda held: held.pop("rules"),
        lambda held: held["rules"].update(subject=""),
        lambda held: held["rows"][0].append(1),
        lambda held: held["rows"][0][0].pop(),
        lambda held: held["editions"][0][4].update(fee="-1"),
        lambda held: held["editions"][0].__setitem__(2, "soon"),
        lambda held: held["spans"][0].__setitem__(1, None),
        lambda held: held["spans"][0].__setitem__(0, "soon"),
        lambda held: held["spans"][0].__setitem__(2, "1"),
        lambda held: held["spans"][0].__setitem__(2, -1),
        lambda held: held["spans"].clear(),
        lambda held: held["rows"][0].__setitem__(1, ""),
        lambda held: held["rows"][0].__setitem__(1, []),
        lambda held: held["rows"][0].__setitem__(2, "soon"),
        lambda held: held["rows"][0].__setitem__(2, "2024-01-01T00:00:00Z"),
        lambda held: held["paid"][0][1][0][5][0].__setitem__(0, "gift"),
        lambda held: held["paid"][0][1][0][5][0].__setitem__(1, None),
        lambda held: held["paid"][0][1][0][5][0].__setitem__(2, ["x"]),
        lambda held: held["paid"][0][1][0].__setitem__(2, 1),
        lambda held: held["paid"][0][1][0].__setitem__(6, [[1, "", "2"]]),
        lambda held: held.__setitem__("editions", 1),
        lambda held: held.clear(),
    ],
)
def test_damaged_carry(damage: Any) -> None:
    """What no statement wrote is refused."""
    held = plan(rules={"confirmation_hours": 24}, taxes=[Tax(key="vat", rate="0.2")])
    (january,) = chain(held, [told("01-02", "won", "a")], JAN)
    assert january.carry is not None
    carry = january.carry.to_json()
    damage(carry["outcomes"]["won"]["wins"])
    carry["outcomes"]["won"]["wins"] = carry["outcomes"]["won"]["wins"] or None
    with pytest.raises(MismatchError) as error:
        rate(held, held.subscribe("acme", start="2025-01-01"), [], FEB, carry=Carry.from_json(carry))
    assert error.value.code == "carry.outcomes"


def test_edited_rules() -> None:
    """A meter that is edited reads what was sold by its rules of now, and the statement says so."""
    sold = plan()
    (january,) = chain(sold, [told("01-05", "won", "a")], JAN)
    acme, undone = sold.subscribe("acme", start="2025-01-01"), [told("02-10", "undo", "a")]
    same = rate(sold, acme, undone, FEB, carry=january.carry)
    assert (str(same.due.amount), same.notices) == ("-3.00", ())
    edited = rate(plan(rules={"reversal_hours": 24}), acme, undone, FEB, carry=january.carry)
    assert str(edited.due.amount) == "0.00" and reasons(edited) == {"late": 1}
    assert [(each.code, each.key) for each in edited.notices] == [("outcomes.rules", "won")]
    gone = Plan(key="p", meters=[meter("other")], cards=[RateCard(currency="USD")])
    assert rate(gone, acme, [], FEB, carry=january.carry).notices == ()
    kept = plan().model_copy(update={"cards": (RateCard(currency="USD"),)})
    assert rate(kept, acme, [], FEB, carry=january.carry).notices == ()


RULES: tuple[dict[str, Any], ...] = (
    {}, {"confirmation_hours": 24}, {"confirmation_hours": 500}, {"reversal_hours": 24}, {"attribution_hours": 10},
    {"confirm": kind("ok")}, {"confirm": kind("ok"), "confirmation_hours": 48}, {"reverse": []},
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_rules_that_are_edited_every_month(seed: int) -> None:
    """Whatever the rules were before, every month is billed, and its failures are no fewer than none."""
    dice, carry = random.Random(seed), None  # noqa: S311
    for month in range(1, 5):
        held = plan(item(fees=[{"at_least": 0, "fee": "1"}, {"at_least": "0.5", "fee": "3"}]), rules=dice.choice(RULES))
        fed = [
            told(f"{month:02}-{dice.randint(1, 28):02}T{n:02}:00:00Z", dice.choice(("won", "undo", "ok", "lost")), who)
            for n, who in enumerate(dice.choices("abc", k=dice.randint(0, 6)))
        ]
        acme = held.subscribe("acme", start="2025-01-01")
        found = rate(held, acme, fed, Period.month(2025, month), carry=carry)
        assert found.verify() and found.carry is not None
        carry = Carry.from_json(json.loads(json.dumps(found.carry.to_json())))
        spans = carry.outcomes.get("won", {}).get("wins", {}).get("spans", [])
        assert all(failed >= 0 for _, _, failed, _ in spans)


def test_postponed_results_are_read_in_order() -> None:
    """A case that was won, undone and won again in a month that is closed stands in the next one."""
    late = [told("01-14", "won", "a"), told("01-10", "won", "a"), told("01-12", "undo", "a")]
    (january,) = chain(plan(), [], JAN)
    held = plan()
    february = rate(held, held.subscribe("acme", start="2025-01-01"), postponed(late, FEB), FEB, carry=january.carry)
    assert february.due == Money("3.00", "USD")
