"""Discounts and bounds of an item run over its whole cadence period, however many statements bill it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.errors import MismatchError
from ratecard.periods import Period
from ratecard.plans import (
    AmountDiscount,
    Carry,
    DiscountTier,
    Item,
    Maximum,
    Minimum,
    PercentDiscount,
    Plan,
    TieredDiscount,
)
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord

MARCH = Period.month(2025, 3)
HALVES = MARCH.split("2025-03-16")
UNIT = prices.PerUnit(unit_price="1", refunds=True)


def plan_of(price: prices.Price = UNIT, **fields: Any) -> Plan:
    """A plan of one metered item."""
    meter = meters.Meter(key="n", event="e", aggregate=meters.Sum(of="n"))
    item = Item.model_validate({"key": "x", "meter": "n", "price": price, **fields})
    return Plan.single("p", currency="USD", meters=[meter], items=[item])


def used(*amounts: tuple[int, int], g: str = "a") -> list[UsageRecord]:
    """Usage on days of March."""
    return [UsageRecord("e", f"2025-03-{day:02}T00:00:00Z", {"n": n, "g": g}) for day, n in amounts]


def bills(plan: Plan, records: Sequence[UsageRecord], periods: Sequence[Period] = HALVES) -> list[Statement]:
    """A statement for each period, the carry through JSON text in between."""
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        fed = [each for each in records if period.contains(each.at)]
        found.append(rate(plan, plan.subscribe("acme", start="2025-03-01"), fed, period, carry=carry))
        assert found[-1].verify()
        assert Statement.from_json(found[-1].to_json()).verify()
        assert found[-1].carry is not None
        carry = Carry.from_json(json.loads(json.dumps(found[-1].carry.to_json())))
    return found


def dues(found: Sequence[Statement]) -> list[str]:
    """What is due of each."""
    return [str(each.due.amount) for each in found]


@pytest.mark.parametrize(
    ("staged", "whole", "parts"),
    [
        ({"maximum": Maximum(amount="120")}, "120.00", ["100.00", "20.00"]),
        ({"maximum": Maximum(amount="120", prorate=True)}, "120.00", ["100.00", "20.00"]),
        ({"maximum": Maximum(amount="80")}, "80.00", ["80.00", "0.00"]),
        ({"minimum": Minimum(amount="500")}, "500.00", ["100.00", "400.00"]),
        ({"minimum": Minimum(amount="150")}, "200.00", ["100.00", "100.00"]),
        ({"discounts": [AmountDiscount(amount="30")]}, "170.00", ["70.00", "100.00"]),
        ({"discounts": [AmountDiscount(amount="130")]}, "70.00", ["0.00", "70.00"]),
        (
            {"discounts": [TieredDiscount(tiers=[DiscountTier(up_to=150, rate="0"), DiscountTier(rate="0.5")])]},
            "175.00",
            ["100.00", "75.00"],
        ),
        ({"discounts": [PercentDiscount(rate="0.5", maximum="60")]}, "140.00", ["50.00", "90.00"]),
        (
            {"discounts": [PercentDiscount(rate="0.5", maximum="60", stacking="added")] * 2},
            "80.00",
            ["0.00", "80.00"],
        ),
        ({"discounts": [PercentDiscount(rate="0.7", stacking="added")] * 2}, "0.00", ["0.00", "0.00"]),
        ({"discounts": [PercentDiscount(rate="0.5")]}, "100.00", ["50.00", "50.00"]),
    ],
)
def test_halves_are_one_bill(staged: dict[str, Any], whole: str, parts: list[str]) -> None:
    """100 and 100 in two statements come to what 200 come to in one."""
    plan, records = plan_of(**staged), used((5, 100), (25, 100))
    assert dues(bills(plan, records, [MARCH])) == [whole]
    assert dues(bills(plan, records)) == parts


def test_floor_above_one_half() -> None:
    """A floor that the first half reaches alone is not topped up in the second."""
    plan = plan_of(minimum=Minimum(amount="500"))
    assert dues(bills(plan, used((5, 400), (25, 100)))) == ["400.00", "100.00"]
    assert dues(bills(plan, used((5, 100), (25, 400)))) == ["100.00", "400.00"]
    assert dues(bills(plan, used((25, 100)))) == ["0.00", "500.00"]


def test_groups() -> None:
    """A ceiling is for all groups together, and a floor for each, also for one that only came in the first half."""
    records = [*used((5, 100), g="a"), *used((25, 100), (26, 10), g="b")]
    plan = plan_of(each=["g"], maximum=Maximum(amount="120"))
    assert dues(bills(plan, records)) == ["100.00", "20.00"]
    floors = bills(plan_of(each=["g"], minimum=Minimum(amount="150", per="group")), records)
    assert [(line.kind, line.group, str(line.amount.amount)) for line in floors[1].lines] == [
        ("usage", (("g", "a"),), "0.00"),
        ("usage", (("g", "b"),), "110.00"),
        ("minimum", (("g", "a"),), "50.00"),
        ("minimum", (("g", "b"),), "40.00"),
    ]
    assert dues(floors) == ["100.00", "200.00"]


def test_what_comes_back() -> None:
    """Usage that comes back brings back what a ceiling or a sum took off too much, as one bill of it all would."""
    thirds = MARCH.split("2025-03-11", "2025-03-21")
    records = used((5, 100), (15, 100), (25, -90))
    assert dues(bills(plan_of(maximum=Maximum(amount="120")), records, thirds)) == ["100.00", "20.00", "-10.00"]
    assert dues(bills(plan_of(discounts=[AmountDiscount(amount="150")]), records, thirds)) == [
        "0.00",
        "50.00",
        "-50.00",
    ]
    percent = plan_of(discounts=[PercentDiscount(rate="0.5", maximum="60")])
    assert dues(bills(percent, records, thirds)) == ["50.00", "90.00", "-85.00"]
    every = plan_of(discounts=[AmountDiscount(amount="150")])
    assert dues(bills(every, used((5, 100), (25, -300)))) == ["0.00", "-200.00"]


def test_what_a_maximum_shows() -> None:
    """A percentage shows its maximum only where it holds, and what earlier statements had off only where some had."""
    plan = plan_of(discounts=[PercentDiscount(rate="0.5", maximum="40", name="half")])
    first, last = bills(plan, used((5, 100), (25, -30)))
    assert dues([first, last]) == ["60.00", "-25.00"]
    assert first.lines[0].explain().splitlines()[2:] == [
        "    100 - 40 = 60",
        "      100 x 1 = 100",
        "      half: 50, at most 40 = 40",
        "        of the item's amount: 50 = 50",
        "          100 x 0.5 = 50",
    ]
    assert last.lines[0].explain().splitlines()[2:] == [
        "    -30 - -5 = -25",
        "      counted to the end of this piece, less what was counted before it: 70 - 100 = -30",
        "        70 x 1 = 70",
        "        100 x 1 = 100",
        "      half: 35 - 40 = -5",
        "        of the item's amount: -15 + 50 = 35",
        "          -30 x 0.5 = -15",
        "          in earlier statements of the period: 100 x 0.5 = 50",
        "        taken off in earlier statements of the period: 40",
    ]


def test_nothing_left_to_take_from() -> None:
    """What a later, lower ceiling would take of an earlier statement is no more than there is now."""
    plan = plan_of(maximum=Maximum(amount="120"))
    first, second = HALVES
    acme = plan.subscribe("acme", start="2025-03-01")
    carry = rate(plan, acme, used((5, 100)), first).carry
    lower = plan.with_card(
        plan.cards[0].model_copy(
            update={
                "effective": "2025-03-20",
                "items": (plan.cards[0].items[0].model_copy(update={"maximum": Maximum(amount="50")}),),
            }
        )
    )
    found = rate(lower, acme, used((25, 30)), second, carry=carry)
    assert found.verify()
    assert str(found.due) == "0.00 USD"


def test_too_much_taken_and_no_usage() -> None:
    """A sum off that is less than it was comes back also where nothing is used any more."""
    plan = plan_of(maximum=Maximum(amount="50"))
    acme = plan.subscribe("acme", start="2025-03-01")
    carry = rate(plan, acme, used((5, 100)), HALVES[0]).carry
    higher = plan_of(maximum=Maximum(amount="80"))
    assert str(rate(higher, acme, [], HALVES[1], carry=carry).due) == "30.00 USD"


def test_too_much_taken_and_no_line() -> None:
    """Where no line is left that a card's discount was of, nothing comes back."""

    def plan(most: str) -> Plan:
        first = plan_of(discounts=[AmountDiscount(amount=most)])
        return first.with_card(
            first.cards[0].model_copy(update={"effective": "2025-03-16", "items": plan_of().cards[0].items})
        )

    acme = plan("62").subscribe("acme", start="2025-03-01")
    first = rate(plan("62"), acme, used((5, 100)), HALVES[0])
    assert str(first.due) == "70.00 USD"
    assert str(rate(plan("31"), acme, used((25, 7)), HALVES[1], carry=first.carry).due) == "7.00 USD"


def test_fees() -> None:
    """A fee that is billed in parts has one sum off and one ceiling as well."""
    fee = Item(key="x", price=prices.Flat(amount="310"), discounts=[AmountDiscount(amount="100")])
    assert dues(bills(Plan.single("p", currency="USD", items=[fee]), [])) == ["50.00", "160.00"]
    capped = Item(key="x", price=prices.Flat(amount="310"), maximum=Maximum(amount="200"))
    assert dues(bills(Plan.single("p", currency="USD", items=[capped]), [])) == ["150.00", "50.00"]


def test_cards_that_differ() -> None:
    """A sum off is shared by the cards' parts of the whole period, whichever statement bills them."""
    plan = plan_of(discounts=[AmountDiscount(amount="31")])
    plan = plan.with_card(
        plan.cards[0].model_copy(
            update={"effective": "2025-03-11", "items": (plan_of(maximum=Maximum(amount="90")).cards[0].items[0],)}
        )
    )
    records = used((5, 50), (25, 100))
    assert dues(bills(plan, records, [MARCH])) == ["90.00"]
    assert dues(bills(plan, records)) == ["40.00", "50.00"]


def test_carry() -> None:
    """The carry holds what came and what was taken off; without it nothing is guessed, and an old one has none."""
    plan = plan_of(discounts=[AmountDiscount(amount="30")], maximum=Maximum(amount="60"), minimum=Minimum(amount="10"))
    acme = plan.subscribe("acme", start="2025-03-01")
    first = rate(plan, acme, used((5, 100)), HALVES[0])
    assert first.carry is not None
    told = first.carry.to_json()
    assert told["stages"] == {
        "x": {
            "amount_discounts 0.0": [[[], ["100", "30"]]],
            "maximum": [[[], ["70", "10"]]],
            "maximum listed": [[[], ["100", "40"]]],
            "minimum": [[[], ["60", "0"]]],
        }
    }
    with pytest.raises(MismatchError) as caught:
        rate(plan, acme, used((5, 100), (25, 100)), HALVES[1])
    assert caught.value.code == "carry.missing"
    del told["stages"]
    assert str(rate(plan, acme, used((25, 100)), HALVES[1], carry=Carry.from_json(told)).due) == "60.00 USD"
    assert bills(plan, [], [MARCH])[0].carry == Carry("acme", "p", MARCH.end, currency="USD")
