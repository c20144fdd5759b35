"""The stages of an item: its discounts, its floor and its ceiling, and one rounding at their end."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard._numbers import text
from ratecard.periods import Period
from tests.rating._bill import JANUARY, amt, bill, fee, lines, pct, use


def test_discounts_of_an_item() -> None:
    """Percentages come off before sums, and the line shows each step; the amount is exact until it is rounded."""
    found = bill([use("0.333", discounts=[amt("1"), pct("0.1")])], "100")
    assert lines(found) == [("usage", "use", "28.97")]
    assert text(found.line("use").exact) == "28.97"
    assert "0.1 off: 33.3 x 0.9 = 29.97" in found.explain()


@pytest.mark.parametrize(
    ("discounts", "usage", "expected"),
    [
        ([pct("0.1"), pct("0.1")], "100", "81.00"),
        ([pct("0.1", stacking="added"), pct("0.1", stacking="added")], "100", "80.00"),
        ([pct("0.6", stacking="added"), pct("0.6", stacking="added")], "100", "0.00"),
        ([pct("0.6", stacking="added"), pct("0.6", stacking="added")], "-100", "0.00"),
        ([pct("0")], "100", "100.00"),
        ([pct("0.5", maximum="20")], "100", "80.00"),
        ([pct("0.1", maximum="20")], "100", "90.00"),
        ([amt("30")], "20", "0.00"),
        ([amt("30")], "-20", "-20.00"),
        ([{"kind": "tiered", "tiers": [{"up_to": "50", "rate": "0"}, {"rate": "0.5"}]}], "100", "75.00"),
        ([{"kind": "tiered", "tiers": [{"up_to": "50", "rate": "0.5"}, {"rate": "0.1"}]}], "50", "25.00"),
        ([{"kind": "tiered", "tiers": [{"rate": "0.5"}]}], "-10", "-10.00"),
        ([{"kind": "usage", "units": "5"}], "20", "15.00"),
        ([{"kind": "usage", "units": "5"}], "3", "0.00"),
    ],
)
def test_each_discount_of_an_item(discounts: list[dict[str, Any]], usage: str, expected: str) -> None:
    """Each kind takes off what it says, and never more than there is."""
    price = {"model": "per_unit", "unit_price": "1", "refunds": True}
    found = bill([use(discounts=discounts) | {"price": price}], usage)
    assert [f"{line.rounded}" for line in found.lines] == [expected]


def test_discounts_of_groups() -> None:
    """A sum off an item with groups falls on them in proportion, and their rounded lines add up to the whole."""
    found = bill([use(each=["g"], discounts=[amt("1")])], ("10", "a"), ("10", "b"), ("10", "c"))
    assert [f"{line.rounded}" for line in found.lines] == ["9.67", "9.67", "9.66"]
    assert str(found.due) == "29.00 USD"
    some = bill([use(each=["g"], discounts=[amt("1")])], ("10", "a"), ("0", "b"))
    assert [f"{line.rounded}" for line in some.lines] == ["9.00", "0.00"]
    shown = bill([use(split=["g"], discounts=[pct("0.5")])], ("0.01", "a"), ("0.01", "b"), ("0.01", "c"), ("0.01", "d"))
    assert str(shown.due) == "0.02 USD"


def test_rounded_with_the_statement() -> None:
    """Where the statement is rounded as a whole, the lines of an item wait for that."""
    found = bill(
        [use(each=["g"], discounts=[amt("1")]), fee("f", "0.5")], ("10", "a"), ("10", "b"), rounding_at="statement"
    )
    assert str(found.due) == "19.50 USD"


def test_item_bounds() -> None:
    """A floor makes a line of its own, also where nothing was used; a ceiling takes off what is above it."""
    assert lines(bill([use(minimum={"amount": "90"})])) == [("usage", "use", "0.00"), ("minimum", "use", "90.00")]
    assert lines(bill([use(minimum={"amount": "90"})], "90")) == [("usage", "use", "90.00")]
    assert lines(bill([use(maximum={"amount": "90"})], "91")) == [("usage", "use", "90.00")]
    assert lines(bill([use(maximum={"amount": "90"})], "90")) == [("usage", "use", "90.00")]
    grouped = bill([use(each=["g"], minimum={"amount": "5"})])
    assert lines(grouped) == [("minimum", "use", "5.00")]
    both = bill([use(each=["g"], minimum={"amount": "30", "per": "group"})], ("10", "a"), ("40", "b"))
    assert lines(both) == [("usage", "use", "10.00"), ("usage", "use", "40.00"), ("minimum", "use", "20.00")]
    assert both.lines[-1].group == (("g", "a"),)


def test_line_of_an_item_with_a_floor() -> None:
    """Asking for an item's line gives its price's own, and the rest by its kind or its key."""
    found = bill([use(minimum={"amount": "90"})], "10")
    assert str(found.line("use").amount) == "10.00 USD"
    (floor,) = found.lines_by("minimum")
    assert found.line(floor.key) is floor
    assert floor.key == "[minimum]use@2025-01-01T00:00:00Z"
    assert [line.kind for line in found.lines_of("use")] == ["usage", "minimum"]


def test_bounds_of_a_part() -> None:
    """Minimums follow the share of the period, maximums are whole; a field turns either round."""
    half: dict[str, Any] = {"sub": {"start": "2025-01-17"}, "proration": "second"}
    assert lines(bill([use(minimum={"amount": "31"})], **half))[-1] == ("minimum", "use", "15.00")
    assert lines(bill([use(minimum={"amount": "31", "prorate": False})], **half))[-1] == ("minimum", "use", "31.00")
    late = Period("2025-01-01", "2025-02-01")
    price = {"price": {"model": "flat", "amount": "31"}, "prorate": "none"}
    assert lines(bill([fee("f", "0") | price | {"maximum": {"amount": "20"}}], period=late, **half)) == [
        ("fee", "f", "20.00")
    ]
    cut = bill([fee("f", "0") | price | {"maximum": {"amount": "31", "prorate": True}}], period=late, **half)
    assert lines(cut) == [("fee", "f", "31.00")]
    assert lines(bill([use()], minimum={"amount": "31"}, **half))[-1] == ("minimum", "", "15.00")


def test_minimum_in_advance() -> None:
    """A fee in advance with a floor is due at its start, and so is what tops it up."""
    found = bill([fee("f", "5", bill="advance", minimum={"amount": "8"})])
    assert [line.due for line in found.lines] == [JANUARY.start] * 2


def test_cards_that_differ() -> None:
    """Each card's own percentage is taken off its part, a sum and a floor in parts by time; the last ceiling holds."""

    def cards(first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"currency": "USD", "items": [use(**first)]},
            {"currency": "USD", "effective": "2025-01-05", "items": [use(**second)]},
        ]

    told = bill([], "10", cards=cards({}, {"discounts": [pct("0.5")]}))
    assert lines(told) == [("usage", "use", "0.00"), ("usage", "use", "5.00")]
    told = bill([], "100", cards=cards({"discounts": [amt("31")]}, {"discounts": [amt("62")]}))
    assert lines(told) == [("usage", "use", "0.00"), ("usage", "use", "46.00")]
    told = bill([], "0", cards=cards({"minimum": {"amount": "31"}}, {"minimum": {"amount": "62"}}))
    assert lines(told)[-1] == ("minimum", "use", "58.00")
    told = bill([], "0", cards=cards({"minimum": {"amount": "31"}}, {}))
    assert lines(told)[-1] == ("minimum", "use", "4.00")
    told = bill([], "99", cards=cards({"maximum": {"amount": "31"}}, {}))
    assert lines(told) == [("usage", "use", "0.00"), ("usage", "use", "99.00")]
    told = bill([], "0", cards=cards({}, {"minimum": {"amount": "31"}}))
    assert lines(told)[-1] == ("minimum", "use", "27.00")
    none = bill([], "0", cards=cards({"discounts": [amt("1")]}, {"discounts": [amt("2")]}), sub={"end": "2025-01-01"})
    assert none.lines == ()


def test_carried_remainders() -> None:
    """What rounding left of a discounted line goes into the next period once, whole."""
    first = bill([use("0.01", discounts=[pct("0.5")], minimum={"amount": "0"})], "1", carry_remainders=True)
    assert first.carry is not None
    assert first.carry.remainders == {"use": "-0.005"}
    again = bill(
        [use("0.01", discounts=[pct("0.5")], minimum={"amount": "0"})], "1",
        carry_remainders=True, carry=first.carry, period=Period.month(2025, 2),
    )  # fmt: skip
    assert (str(first.due), str(again.due)) == ("0.01 USD", "0.00 USD")
