"""Items and cards: what an item may be on its own, and how a card finds its items."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ratecard import prices
from ratecard.errors import UnknownKeyError
from ratecard.plans import Item, RateCard
from tests.plans._tools import faults

FEE = prices.Flat(amount="20")
RATE = prices.PerUnit(unit_price="2")
MATRIX = prices.Matrix(dimensions=["region"], cells=[{"values": ["eu"], "price": FEE}])
POOLED = prices.Allowance(units="10", scope="pooled", base=RATE)


def test_defaults() -> None:
    """An item needs a key and a price; all else has the default that the reference states."""
    assert Item(key="base", price=FEE).model_dump() == {
        "key": "base",
        "meter": None,
        "quantity": None,
        "price": FEE.model_dump(),
        "each": (),
        "split": (),
        "bill": "arrears",
        "cadence": None,
        "prorate": None,
        "tiers": "continue",
        "round_quantity": None,
        "quantity_places": 0,
        "discounts": (),
        "minimum": None,
        "maximum": None,
        "name": "",
    }


def test_label() -> None:
    """People read the name, or the key where there is none."""
    assert Item(key="base", price=FEE).label == "base"
    assert Item(key="base", price=FEE, name="Platform fee").label == "Platform fee"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"meter": "m", "quantity": "seats", "price": RATE}, [("quantity", "item.quantity")]),
        ({"meter": "m", "each": ["a"], "split": ["b"], "price": RATE}, [("split", "item.groups")]),
        ({"each": ["a"], "price": FEE}, [("each", "item.meter")]),
        ({"split": ["a"], "price": FEE}, [("split", "item.meter")]),
        ({"meter": "m", "each": ["a", "b", "a"], "price": RATE}, [("each[2]", "key.duplicate")]),
        ({"meter": "m", "split": ["a", "a"], "price": RATE}, [("split[1]", "key.duplicate")]),
        ({"meter": "m", "bill": "advance", "price": RATE}, [("bill", "item.advance")]),
        ({"price": MATRIX}, [("meter", "item.meter")]),
        ({"quantity": "seats", "price": MATRIX}, [("meter", "item.meter")]),
        ({"price": prices.Percentage(rate="0.01")}, [("meter", "item.meter")]),
        ({"price": RATE}, [("meter", "item.source")]),
        ({"price": prices.Hybrid(prices=[FEE, RATE])}, [("meter", "item.source")]),
        ({"meter": "m", "price": POOLED}, [("each", "item.pooled")]),
        ({"meter": "m", "split": ["a"], "price": POOLED}, [("each", "item.pooled")]),
    ],
)  # fmt: skip
def test_what_an_item_may_not_be(fields: dict[str, object], expected: list[tuple[str, str]]) -> None:
    """Parts of an item that do not go together are refused where they stand."""
    assert faults(lambda: Item(key="x", **fields)) == expected  # type: ignore[arg-type]


def test_all_faults_of_an_item_at_once() -> None:
    """An item with several faults names them all."""
    found = faults(lambda: Item(key="x", quantity="seats", each=["a"], split=["b", "b"], price=MATRIX))
    assert found == [
        ("split[1]", "key.duplicate"),
        ("split", "item.groups"),
        ("each", "item.meter"),
        ("split", "item.meter"),
        ("meter", "item.meter"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"price": FEE},
        {"price": FEE, "bill": "advance"},
        {"price": RATE, "quantity": "seats", "bill": "advance"},
        {"price": prices.PercentOf(items=["base"], rate="0.1")},
        {"price": prices.Hybrid(prices=[FEE, prices.PercentOf(items=["base"], rate="0.1")])},
        {"price": MATRIX, "meter": "m"},
        {"price": POOLED, "meter": "m", "each": ["team"]},
        {"price": RATE, "meter": "m", "split": ["team", "user"]},
        {"price": RATE, "meter": "m", "round_quantity": "up", "quantity_places": "-3"},
    ],
)
def test_what_an_item_may_be(fields: dict[str, object]) -> None:
    """A fee needs no quantity; what depends on one takes it from a meter or from the subscription."""
    made = Item(key="x", **fields)  # type: ignore[arg-type]
    assert made.price == fields["price"]


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ("25", "number.large"),
        (-25, "number.small"),
        ("1.5", "integer.type"),
        (True, "number.bool"),
        ("x", "number.syntax"),
    ],
)
def test_places(places: object, code: str) -> None:
    """Decimals are a whole number from -24 to 24, as a number or as text."""
    assert faults(lambda: Item(key="x", price=FEE, quantity_places=places)) == [("quantity_places", code)]  # type: ignore[arg-type]
    assert Item(key="x", price=FEE, quantity_places="24").quantity_places == 24  # type: ignore[arg-type]


def test_card_finds_items() -> None:
    """An item is found by its key; another key gives the near ones."""
    base, seats = Item(key="base", price=FEE), Item(key="seats", quantity="seats", price=RATE)
    card = RateCard(currency="USD", items=[base, seats])
    assert (card.item("base"), card.item("seats")) == (base, seats)
    with pytest.raises(UnknownKeyError) as caught:
        card.item("seat")
    (problem,) = caught.value.problems
    assert (problem.code, problem.text) == (
        "key.unknown",
        "the card in USD has no item 'seat'. Did you mean \"seats\"?",
    )
    with pytest.raises(UnknownKeyError, match="use one of base, seats"):
        card.item("zzz")
    with pytest.raises(UnknownKeyError, match="nor any other; add it first"):
        RateCard(currency="USD").item("zzz")


def test_unknown_key_lists_a_few() -> None:
    """The list of what there is stays short."""
    card = RateCard(currency="USD", items=[Item(key=f"{n}x", price=FEE) for n in range(9)])
    with pytest.raises(UnknownKeyError, match="use one of 0x, 1x, 2x, 3x, 4x, \\.\\.\\."):
        card.item("unheard of")


def test_card_reads_days() -> None:
    """A date stays a date until the plan's zone is known; an instant comes in as UTC; a naive time is refused."""
    assert RateCard(currency="USD", effective="2025-01-01").effective == date(2025, 1, 1)
    noon = RateCard(currency="USD", effective="2025-01-01T12:00:00+01:00").effective
    assert noon == datetime(2025, 1, 1, 11, tzinfo=UTC)
    assert faults(lambda: RateCard(currency="USD", effective="2025-01-01T12:00")) == [("effective", "time.naive")]


def test_card_digest() -> None:
    """Equal cards have equal digests, whatever way their numbers were written; other cards have others."""
    made = [
        RateCard(currency="USD", items=[Item(key="base", price=prices.Flat(amount=amount))])
        for amount in ("1.0", "1.00", 1, Decimal("1"), "1.01")
    ]
    digests = [card.digest for card in made]
    assert made[0].digest.startswith("sha256:") and len(made[0].digest) == len("sha256:") + 64
    assert (len(set(digests[:4])), len(set(digests))) == (1, 2)
    assert made[0] == made[1] == made[2] == made[3] != made[4]
