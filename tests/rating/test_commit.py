"""Floors and commitments of a statement: what fills them, what is topped up, and what is drawn."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest

from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import rate
from ratecard.records import UsageRecord
from tests.rating._bill import JANUARY, METER, bill, fee, lines, pct, post, pre, use


@pytest.mark.parametrize(
    ("commitments", "usage", "expected"),
    [
        ([post("c", "50")], "30", [("commitment", "c", "20.00")]),
        ([post("c", "50")], "60", []),
        ([post("c", "50", true_up=False)], "30", []),
        ([post("c", "50", overage="1.5")], "60", [("overage", "c", "5.00")]),
        ([post("c", "50", overage="0")], "60", [("overage", "c", "-10.00")]),
        ([post("a", "20"), post("b", "50", overage="2")], "80", [("overage", "b", "10.00")]),
        ([post("a", "20", overage="2", priority=1), post("b", "50")], "60", [("commitment", "a", "10.00")]),
        ([post("a", "20", items=["none"])], "60", [("commitment", "a", "20.00")]),
        ([pre("c", "50")], "30", [("prepaid", "c", "-30.00")]),
        ([pre("c", "50")], "80", [("prepaid", "c", "-50.00")]),
        ([pre("c", "50", overage="2")], "80", [("overage", "c", "30.00"), ("prepaid", "c", "-50.00")]),
        ([pre("c", "50", items=["none"])], "80", []),
        ([post("a", "20"), pre("c", "50", priority=1)], "30", [("prepaid", "c", "-10.00")]),
        ([post("a", "20")], "-5", [("commitment", "a", "20.00")]),
    ],
)
def test_commitments(commitments: list[dict[str, Any]], usage: str, expected: list[tuple[str, str, str]]) -> None:
    """Charges fill them by priority, each once; what is beyond costs its factor, what is missing is billed."""
    price = {"price": {"model": "per_unit", "unit_price": "1", "refunds": True}}
    found = bill([use() | price, fee("none", "0")], usage, commitments=commitments)
    assert [each for each in lines(found) if each[0] not in ("usage", "fee")] == expected


def test_credits_count_towards_commitments() -> None:
    """A line below zero is taken off what the others bring."""
    found = bill([fee("a", "50"), fee("b", "-20")], commitments=[post("c", "40")])
    assert lines(found)[-1] == ("commitment", "c", "10.00")


@pytest.mark.parametrize("keys", list(itertools.permutations(["f", "g", "back"])))
def test_a_credit_outside_a_commitment(keys: tuple[str, ...]) -> None:
    """A credit that is outside the items of all commitments takes nothing of them, wherever it stands on the card."""
    amounts = {"f": "100", "g": "150", "back": "-40"}
    both = [post("cf", "100", items=["f"]), post("cg", "100", items=["g"])]
    assert str(bill([fee(key, amounts[key]) for key in keys], commitments=both).due) == "210.00 USD"
    some = [post("cf", "100", items=["back", "f"]), post("cg", "100", items=["g"])]
    assert str(bill([fee(key, amounts[key]) for key in keys], commitments=some).due) == "250.00 USD"


@pytest.mark.parametrize("keys", list(itertools.permutations(["f", "g", "back"])))
@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        # The credit is g's alone to bear: f fills the narrow one with what the wide one has no room for.
        ("100", "100", [("commitment", "narrow", "40.00")]),
        ("60", "100", []),
        ("60", "70", [("overage", "narrow", "30.00")]),
        # It is no matter of the narrow one, which counts all of f that the wide one left for it.
        ("10", "100", [("overage", "wide", "50.00")]),
    ],
)
def test_a_credit_inside_one_of_two(
    keys: tuple[str, ...], wide: str, narrow: str, expected: list[tuple[str, str, str]]
) -> None:
    """A credit lowers what those commitments count that have its item, first by charges that no other one has."""
    amounts = {"f": "100", "g": "100", "back": "-40"}
    both = [post("wide", wide, overage="2"), post("narrow", narrow, items=["f"], overage="2", priority=1)]
    found = bill([fee(key, amounts[key]) for key in keys], commitments=both)
    assert [each for each in lines(found) if each[0] != "fee"] == expected


def test_a_credit_that_one_of_two_knows_of() -> None:
    """Of a charge that both have, the one that has the credit as well counts what it leaves, and the other the rest."""
    both = [post("wide", "100"), post("narrow", "100", items=["f"], priority=1)]
    found = bill([fee("f", "100"), fee("back", "-40")], commitments=both)
    assert lines(found)[2:] == [("commitment", "wide", "40.00"), ("commitment", "narrow", "60.00")]
    drawn = bill([fee("f", "100"), fee("back", "-40")], commitments=[post("c", "30"), pre("d", "90", priority=1)])
    assert lines(drawn)[2:] == [("prepaid", "d", "-30.00")]


def test_overage_at_list() -> None:
    """What goes beyond a commitment is priced by its factor on the list amount, without the discount."""
    found = bill([fee("a", "100", discounts=[pct("0.5")])], commitments=[post("c", "30", overage="1.2")])
    assert lines(found)[1:] == [("overage", "c", "28.00")]
    plain = bill([fee("a", "100")], discounts=[pct("0.5", "d")], commitments=[post("c", "30", overage="1.2")])
    assert lines(plain)[2:] == [("overage", "c", "28.00")]


@pytest.mark.parametrize(
    ("item", "fields", "expected"),
    [
        # Cut to 50, and 40 of it are beyond, at 50 a line of 50.
        ({"maximum": {"amount": "50"}}, {}, "90.00"),
        ({}, {"maximum": {"amount": "50"}}, "90.00"),
        ({}, {"guards": [{"kind": "cap", "spend": "50", "mode": "soft", "item": "use"}]}, "90.00"),
        # Half of it off is 50; without that it is 60, cut by the ceiling: 40 beyond are 48 at list.
        ({"discounts": [pct("0.5")], "maximum": {"amount": "60"}}, {}, "106.00"),
        ({}, {"discounts": [pct("0.5", "d")], "maximum": {"amount": "60"}}, "106.00"),
        # Both cut: nothing is undone.
        ({"discounts": [pct("0.4")], "maximum": {"amount": "50"}}, {}, "90.00"),
        ({}, {"discounts": [pct("0.4", "d")], "maximum": {"amount": "50"}}, "90.00"),
        # A ceiling that reaches neither: 40 beyond are 80 at list.
        ({"discounts": [pct("0.5")], "maximum": {"amount": "100"}}, {}, "170.00"),
        ({}, {"discounts": [pct("0.5", "d")], "maximum": {"amount": "100"}}, "170.00"),
    ],
)
def test_overage_under_a_ceiling(item: dict[str, Any], fields: dict[str, Any], expected: str) -> None:
    """What a ceiling cut away stays cut where overage is priced without discounts."""
    found = bill([use(**item)], "100", commitments=[post("c", "10", overage="2")], **fields)
    assert f"{found.due.amount}" == expected


@pytest.mark.parametrize("off", [[pct("0.5")], []])
@pytest.mark.parametrize("most", ["30", "60", "90", "140", "500"])
@pytest.mark.parametrize("usage", [("20", "100"), ("100", "20"), ("200", "0"), ("0", "200"), ("120", "-80")])
def test_overage_under_a_ceiling_in_parts(off: list[dict[str, Any]], most: str, usage: tuple[str, str]) -> None:
    """The ceiling of an item holds at list over the whole of a period, also where it is billed in two statements."""
    item = {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": "1", "refunds": True}}
    item |= {"discounts": off, "maximum": {"amount": most}}
    told = {"key": "p", "meters": [METER], "cards": [{"currency": "USD", "items": [item]}]}
    plan = Plan.load({**told, "commitments": [post("c", "10", overage="2")]})
    acme = plan.subscribe("acme", start="2025-01-01")
    records = [
        UsageRecord("e", f"2025-01-{day}T00:00:00Z", {"n": n}) for day, n in zip((10, 20), usage, strict=True)
    ]  # fmt: skip
    carry, due = None, Decimal(0)
    for part in JANUARY.split("2025-01-16"):
        found = rate(plan, acme, [each for each in records if part.contains(each.at)], part, carry=carry)
        assert found.verify()
        carry, due = found.carry, due + found.due.amount
    assert due == rate(plan, acme, records, JANUARY).due.amount


def test_several_floors_give_the_largest() -> None:
    """A true-up counts towards the floors after it."""
    floors: dict[str, Any] = {"commitments": [post("c", "60")], "minimum": {"amount": "80"}}
    found = bill([use(minimum={"amount": "40"})], "30", **floors)
    assert str(found.due) == "80.00 USD"
    assert str(bill([use(minimum={"amount": "90"})], "30", **floors).due) == "90.00 USD"


def test_true_up_that_rounds_to_nothing() -> None:
    """A factor that changes less than a cent makes no line."""
    found = bill([fee("a", "0.01")], commitments=[post("c", "0", overage="1.1")])
    assert lines(found) == [("fee", "a", "0.01")]


def test_prepaid_over_months() -> None:
    """A year's prepaid money is drawn month by month, and what is left lapses at its end."""
    year = {"unit": "year"}
    carry, left = None, []
    for month in (1, 2, 3):
        found = bill(
            [use()], "40", commitments=[pre("c", "100", cadence=year)], carry=carry, period=Period.month(2025, month)
        )
        carry = found.carry
        assert carry is not None
        left.append((str(found.due), carry.commitments.get("commitment c")))
    assert left == [("0.00 USD", "40"), ("0.00 USD", "80"), ("20.00 USD", "100")]


def test_commitment_that_starts_inside() -> None:
    """Lines before and after the boundary of a commitment's own year count in the year they start in."""
    own = {"every": 1, "unit": "month", "anchor": "2025-01-15"}
    items = [use() | {"cadence": {"every": 1, "unit": "month", "anchor": "2025-01-15"}}]
    found = bill(items, "40", commitments=[post("c", "100", cadence=own, prorate=False)], sub={"start": "2025-01-15"})
    assert found.carry is not None
    assert found.carry.commitments == {}
    assert found.lines == ()


def test_commitment_and_fees_that_begin_later() -> None:
    """A fee in advance counts in the year it begins in, also the part of it that begins after the statement."""
    quarter = {"unit": "month", "every": 3, "anchor": "2025-01-01"}
    yearly = post("c", "700", cadence={"unit": "year", "anchor": "2025-01-01"})
    cards = [
        {"currency": "USD", "items": [fee("y", "900", cadence=quarter, bill="advance")]},
        {"currency": "USD", "items": [fee("y", "600", cadence=quarter, bill="advance")], "effective": "2025-02-01"},
    ]
    plan = Plan.load({"key": "p", "cards": cards, "commitments": [{**yearly, "overage": "2"}]})
    found = rate(plan, plan.subscribe("acme", start="2025-01-01"), [], JANUARY)
    assert lines(found) == [("fee", "y", "310.00"), ("fee", "y", "393.33"), ("overage", "c", "3.33")]
    assert found.carry is not None
    assert found.carry.commitments == {"commitment c": "700"}
