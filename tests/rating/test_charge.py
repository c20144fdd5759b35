"""Charging: what each rule of cards, counters, groups and shares comes to, in figures one can check with a pencil."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard._numbers import text
from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError, MismatchError
from ratecard.meters import Meter
from ratecard.money import Money
from ratecard.periods import Period
from ratecard.plans import Carry, Item, Plan, RateCard, resolve
from ratecard.rating import Statement, charge, measure, rate, settle
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
SUM = meters.Sum(of="n")
ONE = prices.PerUnit(unit_price="1")


def plan(items: list[Item], later: list[Item] | None = None, aggregate: meters.Aggregate = SUM, **fields: Any) -> Plan:
    """A plan with a meter `m`, and a second card from the 16th."""
    cards = [RateCard(currency="USD", items=items)]
    if later is not None:
        cards.append(RateCard(currency="USD", effective="2025-01-16", items=later))
    meter = meters.Meter(key="m", event="e", aggregate=aggregate, **fields.pop("meter", {}))
    return Plan(
        key="p", meters=[meter, meters.Meter(key="k", event="k", aggregate=meters.Count())], cards=cards, **fields
    )


def use(price: prices.Price = ONE, **fields: Any) -> Item:
    """An item metered by `m`."""
    return Item(**{"key": "use", "meter": "m", "price": price, **fields})


def at(day: int, n: object = 1, event: str = "e", **more: Any) -> UsageRecord:
    """A record of a day of January, or after it."""
    return UsageRecord(
        event, datetime.fromisoformat("2025-01-01T00:00:00Z") + timedelta(days=day - 1), {"n": n, **more}
    )


def bill(
    some: Plan, records: list[UsageRecord], period: Period = JANUARY, carry: Carry | None = None, **acme: Any
) -> Statement:
    """The bill of a customer since the first of January."""
    found = rate(some, some.subscribe("acme", **{"start": "2025-01-01", **acme}), records, period, carry=carry)
    assert found.verify()
    return found


def told(found: Statement) -> list[tuple[str, str, str]]:
    """Item and group with the day of service, quantity and exact amount of each line."""
    return [(line.key[: line.key.index("T")], text(line.quantity), text(line.exact)) for line in found.lines]


def test_unpriced_stretches_are_told() -> None:
    """An item that leaves the card and comes back starts anew; what came in between is unpriced, not free."""
    some = plan([use()], []).with_card(RateCard(currency="USD", effective="2025-01-21", items=[use()]))
    found = bill(some, [at(2), at(17), at(22, 5)])
    assert told(found) == [("use@2025-01-01", "1", "1"), ("use@2025-01-21", "5", "5")]
    assert found.account is not None
    assert found.account.counts["unpriced"] == 1


def test_other_source_starts_anew() -> None:
    """An item that is counted otherwise on a later card is billed by each source for its own time."""
    fee, seats = Item(key="use", price=prices.Flat(amount="31")), Item(key="use", quantity="seats", price=ONE)
    assert told(bill(plan([use()], [use(meter="k")]), [at(2, 5), at(20, 1, "k"), at(20, 9)])) == [
        ("use@2025-01-01", "5", "5"), ("use@2025-01-16", "1", "1")
    ]  # fmt: skip
    assert told(bill(plan([fee], [use()]), [at(20, 5)])) == [
        ("use@2025-01-01", "1", "15"),
        ("use@2025-01-16", "5", "5"),
    ]
    both = bill(plan([seats], [fee]), [], quantities={"seats": 31})
    assert told(both) == [("use@2025-01-01", "31", "15"), ("use@2025-01-16", "1", "16")]


def test_flat_inside_is_owed_once() -> None:
    """A fee inside a metered price is owed once a period, by shares at each card's amount."""
    a, b = (use(prices.Hybrid(prices=[prices.Flat(amount=amount), ONE])) for amount in ("31", "62"))
    assert told(bill(plan([a], [b]), [at(2, 10), at(20, 5)])) == [
        ("use@2025-01-01", "10", "25"), ("use@2025-01-16", "5", "37")
    ]  # fmt: skip
    whole = use(prices.Hybrid(prices=[prices.Flat(amount="31", prorate=False), ONE]))
    assert told(bill(plan([whole], [whole]), [at(20, 5)]))[1] == ("use@2025-01-16", "5", "5")


@pytest.mark.parametrize("tiers", ["restart", "prorate"])
def test_tiers_that_start_again(tiers: Any) -> None:
    """Counters that start again at a card's date: with whole tiers, or narrowed to the share that is left."""
    table = prices.Graduated(tiers=[prices.Tier(up_to=31, unit_price="1"), prices.Tier(unit_price="10")])
    found = bill(plan([use(table, tiers=tiers)], [use(table, tiers=tiers)]), [at(2, 20), at(20, 20)])
    wanted = ["20", "20"] if tiers == "restart" else ["65", "56"]
    assert [text(line.exact) for line in found.lines] == wanted
    fee = use(prices.Hybrid(prices=[prices.Flat(amount="31"), ONE]), tiers=tiers)
    assert [text(line.exact) for line in bill(plan([fee], [fee]), [at(20, 5)]).lines] == ["15", "21"]
    share = bill(plan([fee], [fee]), [at(20, 5)], Period("2025-01-16T00:00:00Z", "2025-01-16T06:00:00Z"))
    assert [text(line.exact) for line in share.lines] == ["0"]


@pytest.mark.parametrize(
    "price",
    [
        prices.Matrix(dimensions=["d"], cells=[], default=ONE),
        prices.Percentage(rate="0.1"),
        prices.Allowance(units=1, base=ONE, rollover=1),
    ],
)
def test_tiers_that_cannot_be_narrowed(price: prices.Price) -> None:
    """A price that reads more than the quantity has no tiers to narrow."""
    with pytest.raises(ValueError, match="tiers can be narrowed"):
        use(price, tiers="prorate")


def test_averages_are_read_anew() -> None:
    """A meter that is no running figure is priced for each stretch, for its share of the period."""
    price = prices.Hybrid(prices=[prices.Flat(amount="31"), prices.PerUnit(unit_price="31")])
    found = bill(plan([use(price)], [use(price)], meters.Average(of="n")), [at(2, 10), at(3, 20), at(20, 10)])
    assert [text(line.exact) for line in found.lines] == ["240", "176"]


def test_shares_of_other_items() -> None:
    """A share stands where the card has it, is charged after its items, and reads them over the same time."""
    part = Item(key="part", price=prices.PercentOf(items=["use"], rate="0.1"))
    assert told(bill(plan([part, use()]), [at(2, 100)])) == [
        ("part@2025-01-01", "1", "10"),
        ("use@2025-01-01", "100", "100"),
    ]
    least = Item(key="part", price=prices.PercentOf(items=["use"], rate="0.1", minimum="3"))
    found = bill(plan([least, use()], [least, use()]), [at(2, 20), at(20, 30)])
    assert [text(line.exact) for line in found.lines_of("part")] == ["3", "2"]
    inside = use(prices.Hybrid(prices=[ONE, prices.PercentOf(items=["fee"], rate="0.1")]))
    fee = Item(key="fee", price=prices.Flat(amount="310"))
    found = bill(plan([fee, inside], [fee, inside]), [at(2, 100)])
    assert [text(line.exact) for line in found.lines_of("use")] == ["115", "16"]


def test_longer_cadence_is_billed_when_due() -> None:
    """A yearly item is billed whole in the period of its due, in arrears or in advance, and measured until then."""
    table = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="1"), prices.Tier(unit_price="2")])
    year = Cadence.calendar("year")
    fee = Item(key="fee", price=prices.Flat(amount="365"), cadence=year, bill="advance")
    some = plan([use(table, cadence=year), fee]).with_card(
        RateCard(currency="USD", effective="2025-07-01", items=[use(prices.PerUnit(unit_price="3"), cadence=year)])
    )
    carry, found = None, []
    records = [at(10 + 30 * month, 2) for month in range(12)]
    for month in range(1, 13):
        one = bill(some, records, Period.month(2025, month), carry)
        carry = one.carry
        found.append([(line.item, text(line.exact)) for line in one.lines])
    assert found[0] == [("fee", "181")]
    assert found[1:11] == [[]] * 10
    assert found[11] == [("use", "14"), ("use", "36")]


def test_dropped_item_is_billed_at_its_end() -> None:
    """A yearly item that leaves the card is due when its service ends."""
    year = Item(key="year", price=prices.Flat(amount="365"), cadence=Cadence.calendar("year"))
    some = plan([year]).with_card(RateCard(currency="USD", effective="2025-07-01"))
    assert [told(bill(some, [], Period.month(2025, month))) for month in (5, 6, 7, 12)] == [
        [], [("year@2025-01-01", "1", "181")], [], []
    ]  # fmt: skip


def test_counters_need_what_came_before() -> None:
    """A counter that began earlier is refused without a carry, unless every unit costs the same."""
    late = Period("2025-01-16", "2025-02-01")
    table = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="1"), prices.Tier(unit_price="2")])
    least = prices.Hybrid(combine="greatest", prices=[prices.Flat(amount="9"), ONE])
    for price in (table, prices.Allowance(units=5, base=ONE), least, prices.FirstThen(first=ONE, units=1, then=ONE)):
        with pytest.raises(MismatchError) as caught:
            bill(plan([use(price)]), [at(20, 6)], late)
        assert caught.value.code == "carry.missing"
    with pytest.raises(MismatchError):
        bill(plan([use()], aggregate=meters.Unique(of="n")), [at(20, 6)], late)
    assert told(bill(plan([use(prices.Multiplier(factor=2, base=ONE))]), [at(20, 6)], late)) == [
        ("use@2025-01-16", "6", "12")
    ]
    assert told(bill(plan([use(table)]), [at(2, 8), at(20, 6)], late)) == [("use@2025-01-16", "6", "10")]


def test_carry_with_a_tally_that_reaches_back() -> None:
    """What was carried in is not counted again from a tally that was measured without the carry."""
    table = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="1"), prices.Tier(unit_price="2")])
    some = plan([use(table)])
    first = bill(some, [at(2, 5)], Period("2025-01-01", "2025-01-16"))
    acme, late = some.subscribe("acme", start="2025-01-01"), Period("2025-01-16", "2025-02-01")
    tally = measure(resolve(some, acme, late), [at(2, 5), at(20, 6)])
    assert text(settle(charge(resolve(some, acme, late, carry=first.carry), tally)).line("use").exact) == "7"


def test_carried_groups_must_fit() -> None:
    """A counter or level that was carried by other dimensions is refused."""
    first = bill(plan([use()], aggregate=meters.Level(of="n")), [at(2, 5)])
    with pytest.raises(MismatchError) as caught:
        bill(plan([use(each=["d"])], aggregate=meters.Level(of="n")), [], Period.month(2025, 2), first.carry)
    assert caught.value.code == "carry.groups"


def test_levels() -> None:
    """A level that nobody touches holds: in each group, in later weeks, over months, and while it has no price."""
    level, week = meters.Level(of="n"), Cadence.weekly(anchor="2025-01-01")
    some = plan([use(each=["d"], cadence=week)], aggregate=level)
    found = bill(some, [at(1, 7, d="a")], Period("2025-01-01", "2025-01-22"))
    assert [text(line.exact) for line in found.lines] == ["7", "7", "7"]
    gap = plan([use()], [], aggregate=level).with_card(RateCard(currency="USD", effective="2025-02-01", items=[use()]))
    first = bill(gap, [at(1, 7), at(20, 9)])
    assert text(bill(gap, [], Period.month(2025, 2), first.carry).line("use").exact) == "9"
    with pytest.raises(MismatchError) as caught:
        bill(plan([use()], aggregate=level), [], Period.month(2025, 2))
    assert caught.value.code == "level.opening"
    opened = plan([use()], aggregate=meters.Level(of="n", opening=4))
    assert text(bill(opened, []).line("use").exact) == "4"


def test_quantities_are_converted_and_rounded() -> None:
    """What was measured is converted, then rounded as the item says, and the steps tell both."""
    some = plan([use(round_quantity="up")], meter={"convert": {"divide": 1000, "rounding": "up", "places": 1}})
    found = bill(some, [at(2, 1201)])
    assert text(found.line("use").exact) == "2"
    assert "1201 / 1000" in found.explain()
    assert "rounded to 0 places, up" in found.explain()
    kept = bill(plan([use(round_quantity="up", quantity_places=1)]), [at(2, "1.21")])
    assert text(kept.line("use").exact) == "1.3"


def test_split_without_usage() -> None:
    """Split by nothing, an item has one line."""
    assert told(bill(plan([use(prices.Flat(amount="5"), split=["d"])]), [])) == [("use@2025-01-01", "0", "5")]


def test_split_shares_what_was_used() -> None:
    """Where the total is rounded, groups share its price by what they used, and their lines show that."""
    records = [at(2, 101, g="a"), at(3, 1, g="b")]
    rounded = plan([use(split=["g"], round_quantity="up", quantity_places=-2)])
    assert [(text(line.quantity), str(line.amount)) for line in bill(rounded, records).lines] == [
        ("101", "198.04 USD"), ("1", "1.96 USD")
    ]  # fmt: skip
    converted = plan([use(split=["g"])], meter={"convert": {"divide": 100, "rounding": "up"}})
    assert [(text(line.quantity), str(line.amount)) for line in bill(converted, records).lines] == [
        ("1.01", "1.98 USD"), ("0.01", "0.02 USD")
    ]  # fmt: skip


def test_keys_never_read_alike() -> None:
    """Groups whose values hold brackets have keys of their own."""
    found = bill(
        plan([use(each=["d", "f"])]), [at(2, d="1][f=2", f="3"), at(2, d="1", f="2][f=3"), at(2, d="\\", f="]")]
    )
    assert len({line.key for line in found.lines}) == 3


def test_rollover_of_an_unseen_group() -> None:
    """A group that does not come in one month keeps what it may take on; where rolling over ends, nothing goes on."""
    rolling = prices.Allowance(units=10, base=ONE, rollover=15)
    some = plan([use(rolling, each=["d"])])
    first = bill(some, [at(2, 8, d="a")])
    second = bill(some, [], Period.month(2025, 2), first.carry)
    third = bill(some, [at(65, 30, d="a")], Period.month(2025, 3), second.carry)
    assert [text(line.exact) for line in third.lines] == ["8"]
    plainly = plan([use(prices.Allowance(units=10, base=ONE), each=["d"])])
    again = bill(plainly, [at(65, 30, d="a")], Period.month(2025, 3), second.carry)
    assert [text(line.exact) for line in again.lines] == ["8"]
    assert again.carry is not None
    assert again.carry.rollovers == {}


def test_unknown_plan_is_refused() -> None:
    """Terms come from an offer that has the plan."""
    with pytest.raises(DefinitionError):
        resolve(plan([]), plan([]).subscribe("acme", start="2025-01-01").model_copy(update={"plan": "q"}), JANUARY)


@pytest.mark.parametrize("tiers", ["continue", "restart"])
def test_records_seen_one_by_one_over_a_cut(tiers: Any) -> None:
    """What a price keeps of single records outlives a period too: free records are free once, or in each stretch."""
    price = prices.Percentage(rate="0.1", fixed_per_event="1", free_events=1)
    some = plan([use(price, tiers=tiers)])
    first = bill(some, [at(2, 10), at(3, 10)], Period("2025-01-01", "2025-01-16"))
    assert first.carry is not None
    carry = Carry.from_json(first.carry.to_json())
    second = bill(some, [at(20, 10), at(21, 10)], Period("2025-01-16", "2025-02-01"), carry)
    assert [text(each.line("use").exact) for each in (first, second)] == ["2", "4" if tiers == "continue" else "2"]
    other = plan([use(prices.Percentage(rate="0.1", free_events=2), tiers=tiers)])
    if tiers == "continue":
        with pytest.raises(MismatchError) as caught:
            bill(plan([use()]), [], Period("2025-01-16", "2025-02-01"), carry)
        assert caught.value.code == "tally.state"
    assert bill(other, [at(2, 10)]).due.amount == 0


def test_prorated_tiers_of_values_read_anew() -> None:
    """A value that is read anew in each piece is charged the piece's share, whatever its tiers do."""
    for tiers in ("continue", "restart", "prorate"):
        plan = Plan(
            key="p",
            meters=[Meter(key="n", event="u", aggregate=meters.Average(of="n"))],
            cards=[
                RateCard(
                    currency="USD",
                    effective=day,
                    items=[Item(key="n", meter="n", tiers=tiers, price=prices.PerUnit(unit_price="1"))],
                )
                for day in (None, "2025-04-16")
            ],
        )
        usage = [UsageRecord("u", f"2025-04-{day}T00:00:00Z", {"n": 10}) for day in ("02", "20")]
        bill = rate(plan, plan.subscribe("a", start="2025-01-01"), usage, Period.month(2025, 4))
        assert bill.due == Money("10", "USD"), tiers


@pytest.mark.parametrize("end", ["2025-01-01", "2024-06-01", None])
def test_period_without_service(end: str | None) -> None:
    """A subscription that does not run in the period owes nothing, and its records are outside."""
    plan = Plan.single(
        "p",
        currency="USD",
        meters=[Meter(key="n", event="u", aggregate=meters.Sum(of="n"))],
        items=[
            Item(key="f", price=prices.Flat(amount="1")),
            Item(key="n", meter="n", price=prices.PerUnit(unit_price="1")),
        ],
    )
    start = "2025-04-01" if end is None else "2024-01-01"
    bill = rate(
        plan,
        plan.subscribe("a", start=start, end=end),
        [UsageRecord("u", "2025-01-05T00:00:00Z", {"n": 1})],
        Period.month(2025, 1),
    )
    assert bill.due == Money("0", "USD")
    assert bill.account is not None
    assert bill.account.counts["outside"] == 1


def test_split_lines_stay_exact() -> None:
    """A share of a split item reads its exact amount, and rounding the statement rounds once."""
    plan = Plan.single(
        "p",
        currency="USD",
        rounding_at="statement",
        meters=[Meter(key="n", event="u", aggregate=meters.Sum(of="n"))],
        items=[
            Item(key="a", meter="n", split=["t"], price=prices.PerUnit(unit_price="0.004")),
            Item(key="b", price=prices.PercentOf(items=["a"], rate="100")),
        ],
    )
    usage = [UsageRecord("u", "2025-01-05T00:00:00Z", {"n": 1, "t": place}) for place in ("x", "y", "z")]
    bill = rate(plan, plan.subscribe("a", start="2025-01-01"), usage, Period.month(2025, 1))
    assert bill.line("b").exact == Decimal("1.2")
    assert bill.due == Money("1.21", "USD")
    assert bill.verify()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"period": "2025-01"}, "Period.month"),
        ({"carry": {"carry": 1}}, "Carry.from_json"),
        ({"subscription": None}, "plan.subscribe"),
        ({"offer": {"key": "p"}}, "Plan.load"),
    ],
)
def test_wrong_kinds_are_told(arguments: dict[str, Any], told: str) -> None:
    """A value of the wrong kind is refused with what to write in its place."""
    plan = Plan.single("p", currency="USD", items=[Item(key="f", price=prices.Flat(amount="1"))])
    given: dict[str, Any] = {
        "offer": plan,
        "subscription": plan.subscribe("a", start="2025-01-01"),
        "period": Period.month(2025, 1),
        "carry": None,
        **arguments,
    }
    with pytest.raises(MismatchError, match=r"argument\.type") as caught:
        rate(given["offer"], given["subscription"], [], given["period"], carry=given["carry"])
    assert told in str(caught.value)


def test_texts_of_enumerations() -> None:
    """A text of a kind of its own, such as a member of an enumeration, names a source like any text."""

    class Source(StrEnum):
        GATEWAY = "gateway"

    plan = Plan.single(
        "p",
        currency="USD",
        meters=[Meter(key="n", event="u", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="1"))],
    )
    record = UsageRecord("u", "2025-01-05T00:00:00Z", {"n": 1}, id="1", source=Source.GATEWAY)
    bill = rate(plan, plan.subscribe("a", start="2025-01-01"), [record, record], Period.month(2025, 1))
    assert bill.account is not None
    assert (bill.account.counts["counted"], bill.account.counts["duplicate"]) == (1, 1)
