"""An explanation can be followed with a pencil, and no text from outside can forge a line of it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.lab import estimate
from ratecard.periods import Period
from ratecard.plans import AmountDiscount, Coupon, Item, Maximum, PercentDiscount, Plan, RateCard, resolve
from ratecard.prices import Price
from ratecard.rating import Statement, charge, measure, rate, rerate, settle
from ratecard.records import Layout, UsageRecord

JANUARY = Period.month(2025, 1)
UNIT = prices.PerUnit(unit_price="1")
SUM = meters.Sum(of="n")


def plan_of(price: Price = UNIT, aggregate: Any = SUM, **fields: Any) -> Plan:
    """A plan of one metered item."""
    meter = meters.Meter(key="m", event="e", aggregate=aggregate, unit="GB")
    return Plan.single("p", currency="USD", meters=[meter], items=[Item(key="x", meter="m", price=price, **fields)])


def use(n: Any, day: int = 20, g: str | None = "a", **fields: Any) -> UsageRecord:
    """Some usage on a day of January."""
    return UsageRecord("e", f"2025-01-{day:02}T00:00:00Z", {"n": n, "g": g}, **fields)


def bill(plan: Plan, records: Sequence[Any], **fields: Any) -> Statement:
    """The bill of January, which proves itself and can be stored."""
    found = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY, **fields)
    assert found.verify()
    assert Statement.from_json(json.loads(found.dumps())) == found
    return found


def words(statement: Statement, index: int = 0) -> list[str]:
    """The lines of text that explain a line, without its headline."""
    return statement.lines[index].explain().splitlines()[1:]


def test_level() -> None:
    """A level shows each stretch: what was held, from when to when, and how many seconds of the period."""
    found = bill(plan_of(aggregate=meters.Level(of="n", opening=1)), [use(11), use(11, 21), use(5, 25)])
    assert words(found)[:4] == [
        "  each level x its seconds, over the seconds of the full period: 19/31 + 55/31 + 35/31 = 109/31",
        "    2025-01-01T00:00:00Z to 2025-01-20T00:00:00Z: 1 x 1641600 per 2678400 = 19/31",
        "    2025-01-20T00:00:00Z to 2025-01-25T00:00:00Z: 11 x 432000 per 2678400 = 55/31",
        "    2025-01-25T00:00:00Z to 2025-02-01T00:00:00Z: 5 x 604800 per 2678400 = 35/31",
    ]


def test_peak() -> None:
    """A peak shows the levels that it is the greatest of."""
    found = bill(plan_of(aggregate=meters.Peak(of="n", opening=7)), [use(11), use(5, 25)])
    assert words(found)[:4] == [
        "  the most that was held: the greatest of 7, 11, 5 = 11",
        "    2025-01-01T00:00:00Z to 2025-01-20T00:00:00Z: 7",
        "    2025-01-20T00:00:00Z to 2025-01-25T00:00:00Z: 11",
        "    2025-01-25T00:00:00Z to 2025-02-01T00:00:00Z: 5",
    ]


def test_average() -> None:
    """An average shows the sum and the number of records; without records there is nothing to show."""
    plan = plan_of(aggregate=meters.Average(of="n"))
    assert words(bill(plan, [use(4), use(3), use("0.5")]))[0] == (
        "  the sum of n, over the number of records: 7.5 per 3 = 2.5"
    )
    assert words(bill(plan, [])) == ["  0 rounded to 2 places, half_up = 0", "    0 x 1 = 0"]


@pytest.mark.parametrize(
    ("aggregate", "first"),
    [
        (meters.Level(of="n", opening=0), "level x seconds in 124 stretches, over the seconds of the full period: "
                                          "164721600 per 2678400 = 61.5"),
        (meters.Peak(of="n", opening=0), "the most of 124 stretches, last held 2025-01-31T18:00:00Z to "
                                         "2025-02-01T00:00:00Z: 123"),
    ],
)  # fmt: skip
def test_many_stretches(aggregate: Any, first: str) -> None:
    """Where there are more stretches than anybody reads, one step says what they come to."""
    every = [
        UsageRecord("e", f"2025-01-{1 + index // 4:02}T{index % 4 * 6:02}:00:00Z", {"n": index}) for index in range(124)
    ]
    assert words(bill(plan_of(aggregate=aggregate), every))[0] == f"  {first}"


def test_level_over_a_change() -> None:
    """Behind a change of price a level shows what was counted to its end, and what was counted before."""
    later = RateCard(currency="USD", effective="2025-01-11", items=[Item(key="x", meter="m", price=UNIT)])
    plan = plan_of(aggregate=meters.Level(of="n", opening=1)).with_card(later)
    found = bill(plan, [use(32)])
    first, second = found.lines
    assert (str(first.quantity), str(second.quantity)) == ("10/31", "393/31")
    told = words(found, 1)
    assert told[0] == ("  counted to the end of this piece, less what was counted before it: 13 - 10/31 = 393/31")
    assert "    each level x its seconds, over the seconds of the full period: 10/31 = 10/31" in told
    assert found.lines[1].steps[0].result == second.quantity


def test_empty_peak() -> None:
    """A peak of no time has nothing to show, and an estimate shows what was given."""
    plan = plan_of(aggregate=meters.Peak(of="n", opening=2))
    found = estimate(plan, plan.subscribe("acme", start="2025-01-01"), {"m": 3}, JANUARY)
    assert words(found) == ["  3 rounded to 2 places, half_up = 3", "    3 x 1 = 3"]
    frame = meters.Frame(JANUARY.start, JANUARY.start, 1, None)
    assert meters.Peak(of="n", opening=2).told([], frame) is None
    assert SUM.told(0, frame) is None
    assert SUM.told(meters.Given(found.lines[0].quantity), frame) is None


def test_amount_discount() -> None:
    """A discount larger than the amount shows both, and takes off the lesser."""
    found = bill(plan_of(discounts=[AmountDiscount(key="w", amount="29.99")]), [use(4)])
    assert words(found) == [
        "  0 rounded to 2 places, half_up = 0",
        "    4 - 4 = 0",
        "      4 x 1 = 4",
        "      w: the least of 29.99, 4 = 4",
        "        off the item: 29.99",
        "        what the item comes to: 4",
    ]


def test_stages_over_groups() -> None:
    """What falls on several lines shows the whole, and each line's share by what it comes to."""
    stages = {
        "discounts": [AmountDiscount(key="w", amount="1"), PercentDiscount(key="v", rate="0.5", maximum="2")],
        "maximum": Maximum(amount="3"),
    }
    found = bill(plan_of(each=["g"], **stages), [use(6), use(3, g="b")])
    assert [str(line.amount.amount) for line in found.lines] == ["2.00", "1.00"]
    assert words(found) == [
        "  2 rounded to 2 places, half_up = 2",
        "    4 - 2 = 2",
        "      14/3 - 2/3 = 4",
        "        6 - 4/3 = 14/3",
        "          6 x 1 = 6",
        "          v: 2 x 6 / 9 = 4/3",
        "            4.5, at most 2 = 2",
        "              of the item's amount: 3 + 1.5 = 4.5",
        "                6 x 0.5 = 3",
        "                3 x 0.5 = 1.5",
        "        w: 1 x 14/3 / 7 = 2/3",
        "          the least of 1, 7 = 1",
        "            off the item: 1",
        "            what the item comes to: 7",
        "      above the maximum: 3 x 4 / 6 = 2",
        "        6 - 3 = 3",
        "          what the item comes to: 6",
        "          the maximum for the item: 3",
    ]


FORGED = "x]\n\nbase: 1 = 0.00 USD\x1b[1m\u202e"


def test_forged_group() -> None:
    """A group that would forge lines is shown on one line, escaped, wherever it is shown; the data keeps it."""
    plan = plan_of(each=["g"])
    acme = plan.subscribe("acme", start="2025-01-01")
    found = bill(plan, [use(2, g=FORGED)])
    other = bill(plan, [use(2, g=FORGED), use(1)])
    adjusted = rerate(found, plan, acme, [])
    texts = [found.explain(), str(found), repr(found.lines[0]), str(found.diff(other)[0]), adjusted.explain(),
             repr(adjusted.lines), found.lines[0].explain()]  # fmt: skip
    for text in texts:
        assert not any(line.startswith("base") for line in text.splitlines())
        assert all(each.isprintable() for each in text.replace("\n", ""))
    assert found.lines[0].headline() == (
        "x [g=x]\\n\\nbase: 1 = 0.00 USD\\x1b[1m\\u202e], 2025-01-01T00:00:00Z to 2025-02-01T00:00:00Z: 2 GB = 2.00 USD"
    )
    assert json.loads(found.dumps())["lines"][0]["group"] == [["g", FORGED]]


def test_forged_elsewhere() -> None:
    """Neither keys in steps, nor names of people and fields, forge a line."""
    plan = plan_of(each=["g"]).model_copy(update={"coupons": [Coupon(key="c", discount=PercentDiscount(rate="0.5"))]})
    acme = plan.subscribe("a\nb", start="2025-01-01", coupons=["c"])
    found = rate(plan, acme, [use(2, g=FORGED), {"event": "e", "at": "2025-01-02T00:00:00Z", "a\x1b[1mb": 1}], JANUARY)
    assert found.verify()
    assert all(each.isprintable() for each in found.explain().replace("\n", ""))
    assert found.explain().startswith("p for a\\nb, ")
    assert [each.path for each in found.account.rejected] == ["a\\x1b[1mb"]  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="no line of") as caught:
        found.line("y\n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layout", [None, Layout(id="id"), Layout(), Layout(always_event="e", within=True)])
@pytest.mark.parametrize("dimensions", [["g"], ["g", "h"], ["g", "h", "k"]])
def test_half_pairs(layout: Layout | None, dimensions: list[str]) -> None:
    """A group that UTF-8 cannot hold is refused on every path of metering, and the statement can be written."""
    plan = plan_of(each=dimensions)
    others = dict.fromkeys(dimensions, "é")
    facts = [{"n": 1, **others}, {"n": 1, **others, dimensions[-1]: "\ud800"}, {"n": "0.5", **others, "g": "\udfff"}]
    rows: list[Any] = [
        {"event": "e", "at": JANUARY.start, "id": str(index), **each} for index, each in enumerate(facts)
    ]
    if layout is None:
        rows = [UsageRecord("e", JANUARY.start, each, id=str(index)) for index, each in enumerate(facts)]
    found = bill(plan, rows, layout=layout)
    found.dumps().encode()
    assert str(found.due) == "1.00 USD"
    assert [each.code for each in found.account.rejected] == ["record.text"] * 2  # type: ignore[union-attr]


def test_half_pair_as_id() -> None:
    """An id is whatever the sender says; where it shows, it is an escape."""
    found = bill(plan_of(), [use(1, id="\ud800"), use(None, id="\ud801")])
    found.dumps().encode()
    assert "\\ud801" in found.dumps()
    assert "\\ud801" in repr(found.account.rejected)  # type: ignore[union-attr]


def test_pickles() -> None:
    """A statement, its lines and what was charged come out of a pickle as they were, with the carry."""
    plan = plan_of(aggregate=meters.Level(of="n", opening=0), discounts=[AmountDiscount(key="w", amount="1")])
    found = bill(plan, [use(31)])
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(found, protocol))  # noqa: S301
        assert again == found
        assert again.verify()
        assert again.explain() == found.explain()
        assert again.carry == found.carry
        assert pickle.loads(pickle.dumps(found.lines[0], protocol)) == found.lines[0]  # noqa: S301
        assert pickle.loads(pickle.dumps(Statement.from_json(found.to_json()), protocol)).carry is None  # noqa: S301
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-01"), JANUARY)
    charges = charge(terms, measure(terms, [use(31)]))
    assert settle(pickle.loads(pickle.dumps(charges))) == found  # noqa: S301
    assert pickle.loads(pickle.dumps(rerate(found, plan, terms.subscription, []))).due.amount == -11  # noqa: S301


@pytest.mark.parametrize("price", [UNIT, prices.Graduated(tiers=[{"up_to": None, "unit_price": "1"}])])
def test_piece_behind_a_negative(price: Price) -> None:
    """A piece that begins behind a negative quantity, which costs nothing, proves its own quantity."""
    item = Item(key="x", meter="m", price=price)
    cards = [RateCard(currency="USD", items=[item], effective=day) for day in (None, "2025-01-10")]
    plan = plan_of().model_copy(update={"cards": tuple(cards)})
    found = bill(plan, [use(-1, day=1), use(3)])
    assert [str(line.quantity) for line in found.lines] == ["-1", "3"]
    assert str(found.due) == "2.00 USD"
