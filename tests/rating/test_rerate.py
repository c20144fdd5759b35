"""Closed periods corrected: signed lines that point at the originals, whatever was late, wrong or reversed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices, rate
from ratecard.errors import MismatchError
from ratecard.plans import Catalog, ChangePlan, Override
from ratecard.rating import Adjustment, Statement, postponed, rerate

TIERS = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="1"), prices.Tier(unit_price="0.5")])
ITEMS = [Item(key="n", meter="n", price=TIERS, each=["team"]), Item(key="base", price=prices.Flat(amount="20"))]
PLAN = Plan.single("p", currency="USD", items=ITEMS, meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))])
ACME = PLAN.subscribe("acme", start="2025-01-01")
MICRO = timedelta(microseconds=1)
JANUARY, FEBRUARY = Period.month(2025, 1), Period.month(2025, 2)


def used(id: str, n: int, team: str = "a", day: int = 10, source: str | None = None) -> UsageRecord:
    """Usage in January."""
    return UsageRecord("use", f"2025-01-{day:02}T12:00:00Z", {"n": n, "team": team}, id=id, source=source)


USAGE = [used("1", 8), used("2", 4)]
ISSUED = rate(PLAN, ACME, USAGE, JANUARY)


def told(found: Adjustment) -> list[tuple[str, str, str]]:
    """Original, quantity and amount of each line."""
    assert found.verify()
    return [(line.of, str(line.quantity), str(line.amount)) for line in found.lines]


def test_nothing_to_adjust() -> None:
    """The same records give no line, in whatever order."""
    found = rerate(ISSUED, PLAN, ACME, USAGE[::-1])
    assert (found.lines, str(found.due)) == ((), "0.00 USD")


def test_late_record() -> None:
    """A late record is priced in the tiers of its own period; the line points at the original."""
    found = rerate(ISSUED, PLAN, ACME, [*USAGE, used("3", 4)])
    assert told(found) == [("n[team=a]@2025-01-01T00:00:00Z", "4", "2.00 USD")]
    assert str(found.subtotal) == str(found.total) == str(found.due) == "2.00 USD"
    assert found.lines[0].before == ISSUED.lines[0]
    assert "corrected - issued" in found.explain() or "13" in found.explain()


def test_new_and_lost_lines() -> None:
    """A line that is new has nothing behind it; one that is gone is given back whole."""
    moved = [used("1", 8, "b"), used("2", 4, "b")]
    found = rerate(ISSUED, PLAN, ACME, moved)
    assert told(found) == [
        ("n[team=a]@2025-01-01T00:00:00Z", "-12", "-11.00 USD"), ("n[team=b]@2025-01-01T00:00:00Z", "12", "11.00 USD"),
    ]  # fmt: skip
    gone, new = found.lines
    assert (gone.after, new.before) == (None, None)
    assert gone.line == ISSUED.lines[0] and "n, n[team=a]" in gone.explain()
    assert repr(gone) == "<AdjustmentLine of n[team=a]@2025-01-01T00:00:00Z: -11.00 USD>"
    assert gone != new and (gone == "gone") is False and hash(gone) != hash(new)


def test_quantity_alone() -> None:
    """A quantity that is other is told, also where it costs nothing."""
    free = PLAN.variant("p", {"n": prices.PerUnit(unit_price="0")})
    issued = rate(free, ACME, USAGE, JANUARY)
    assert told(rerate(issued, free, ACME, USAGE[:1])) == [("n[team=a]@2025-01-01T00:00:00Z", "-4", "0.00 USD")]


def test_reversal() -> None:
    """A single record is reversed by its identity."""
    mine = [*USAGE, used("1", 3, source="x")]
    issued = rate(PLAN, ACME, mine, JANUARY)
    assert told(rerate(issued, PLAN, ACME, mine, without=[("x", "1")])) == [
        ("n[team=a]@2025-01-01T00:00:00Z", "-3", "-1.50 USD")
    ]
    with pytest.raises(MismatchError) as caught:
        rerate(issued, PLAN, ACME, mine, without=["9"])
    assert caught.value.code == "rerate.without"


def test_correction_of_a_correction() -> None:
    """Corrections follow each other: each starts from the statement that the last one left."""
    first = rerate(ISSUED, PLAN, ACME, [*USAGE, used("3", 4)])
    second = rerate(first.corrected, PLAN, ACME, USAGE)
    assert told(second) == [("n[team=a]@2025-01-01T00:00:00Z", "-4", "-2.00 USD")]
    assert second.corrected == ISSUED


def test_from_storage() -> None:
    """The issued statement may come out of storage; what is booked is plain data."""
    stored = Statement.from_json(json.loads(ISSUED.dumps()))
    found = rerate(stored, PLAN, ACME, USAGE[:1])
    plain = json.loads(json.dumps(found.to_json()))
    assert [plain[name] for name in ("adjustment", "customer", "subtotal", "due")] == [1, "acme", "-3.00", "-3.00"]
    assert plain["lines"][0]["of"] == "n[team=a]@2025-01-01T00:00:00Z"
    assert (plain["lines"][0]["amount"], plain["lines"][0]["before"]["amount"]) == ("-3.00", "11.00")
    again = Adjustment.from_json(plain)
    assert (again, hash(again), again.to_json()) == (found, hash(found), found.to_json())
    assert again.lines == found.lines and again.verify() and again != "adjustment"
    assert rerate(again.corrected, PLAN, ACME, USAGE[:1]).lines == ()
    for wrong, code in (("adjustment", "adjustment.version"), ({"adjustment": 1}, "statement.version")):
        with pytest.raises(MismatchError) as caught:
            Adjustment.from_json(wrong)  # type: ignore[arg-type]
        assert caught.value.code == code
    assert repr(found) == "<Adjustment of 'acme' for Period('2025-01-01', '2025-02-01'): -3.00 USD due>"


def test_later_cards_do_not_reach_back() -> None:
    """A card that was appended since changes nothing; one that was edited is refused unless that is meant."""
    dearer = [ITEMS[0], Item(key="base", price=prices.Flat(amount="30"))]
    appended = PLAN.with_card(RateCard(currency="USD", effective="2025-02-01", items=dearer))
    assert rerate(ISSUED, appended, ACME, USAGE).lines == ()
    edited = PLAN.variant("p", {"base": prices.Flat(amount="30")})
    with pytest.raises(MismatchError) as caught:
        rerate(ISSUED, edited, ACME, USAGE)
    assert caught.value.code == "rerate.version"
    assert told(rerate(ISSUED, edited, ACME, USAGE, cards="any")) == [("base@2025-01-01T00:00:00Z", "0", "10.00 USD")]


def test_subscription_known_better() -> None:
    """A change of plan or price that was learned of later closes the old line and opens the new one."""
    pro = PLAN.variant("pro", {"base": prices.Flat(amount="31")})
    upgraded = ACME.with_changes(ChangePlan(at="2025-01-22", plan="pro"))
    found = rerate(ISSUED, Catalog(plans=[PLAN, pro]), upgraded, USAGE)
    assert [line for line in told(found) if line[0].startswith("base")] == [
        ("base@2025-01-01T00:00:00Z", "0", "-6.45 USD"), ("base@2025-01-22T00:00:00Z", "1", "10.00 USD"),
    ]  # fmt: skip
    negotiated = ACME.model_copy(update={"overrides": [Override(prices={"base": prices.Flat(amount="10")})]})
    assert told(rerate(ISSUED, PLAN, negotiated, USAGE)) == [("base@2025-01-01T00:00:00Z", "0", "-10.00 USD")]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"customer": "bolt"}, "rerate.customer"), ({"currency": "EUR"}, "currency.mixed")],
)
def test_refused(change: dict[str, Any], code: str) -> None:
    """A statement of another customer or currency is no original."""
    both = PLAN.with_card(RateCard(currency="EUR", items=ITEMS))
    with pytest.raises(MismatchError) as caught:
        rerate(ISSUED, both, ACME.model_copy(update={"currency": "USD", **change}), USAGE)
    assert caught.value.code == code


def test_rows_are_left_out_by_hand() -> None:
    """Rows of one's own are reversed by leaving them out."""
    from ratecard.records import Layout

    rows = [{"event": "use", "at": "2025-01-10T12:00:00Z", "id": "1", "n": 8, "team": "a"}]
    layout = Layout(id="id")
    assert told(rerate(ISSUED, PLAN, ACME, rows, layout=layout)) == [
        ("n[team=a]@2025-01-01T00:00:00Z", "-4", "-3.00 USD")
    ]
    with pytest.raises(MismatchError) as caught:
        rerate(ISSUED, PLAN, ACME, rows, layout=layout, without=["1"])
    assert caught.value.code == "rerate.without"


def test_postponed() -> None:
    """By the other policy a late record is billed in the next period, as if it happened at its first instant."""
    late, new = used("9", 12, day=31), UsageRecord("use", "2025-02-03T00:00:00Z", {"n": 1, "team": "a"}, id="10")
    moved = postponed([late, new], FEBRUARY)
    assert [(record.at.isoformat()[:10], record.id) for record in moved] == [("2025-02-01", "9"), ("2025-02-03", "10")]
    found = rate(PLAN, ACME, moved, FEBRUARY, carry=ISSUED.carry)
    assert [str(line.amount) for line in found.lines_of("n")] == ["11.50 USD"]


def test_postponed_in_order() -> None:
    """Late records stay in the order of their times, a microsecond apart; those of one time stay at one."""
    late = [used(name, 1, day=day) for name, day in (("3", 31), ("1", 10), ("2", 31), ("4", 12))]
    fresh = UsageRecord("use", "2025-02-01T00:00:00Z", {"n": 1}, id="5")
    moved = {record.id: record.at for record in postponed([*late, fresh], FEBRUARY)}
    start = FEBRUARY.start
    assert moved == {
        "1": start, "4": start + MICRO, "3": start + 2 * MICRO, "2": start + 2 * MICRO, "5": start,
    }  # fmt: skip
    short = Period(start, start + 2 * MICRO)
    assert max(record.at for record in postponed(late, short)) == start + MICRO


def test_terms_across_lines() -> None:
    """A discount of a plan is known by itself, so a card that is appended is no reason to refuse; an edited one is."""

    def plan(rate: str) -> Plan:
        return Plan.load({**PLAN.dump(), "discounts": [{"kind": "percent", "key": "d", "rate": rate}]})

    issued = rate(plan("0.5"), ACME, USAGE, JANUARY)
    appended = plan("0.5").with_card(RateCard(currency="USD", effective="2025-02-01", items=ITEMS))
    assert rerate(issued, appended, ACME, USAGE).lines == ()
    with pytest.raises(MismatchError) as caught:
        rerate(issued, plan("0.4"), ACME, USAGE)
    assert caught.value.code == "rerate.version"
    assert [line.of for line in rerate(issued, plan("0.4"), ACME, USAGE, cards="any").lines] == [
        "[discount]d@2025-01-01T00:00:00Z"
    ]


def test_a_coupon_that_is_taken_back() -> None:
    """A coupon is known by the plan also where no line has it any more."""
    off = {"key": "C", "discount": {"kind": "percent", "rate": "0.5"}}
    plan = Plan.load({**PLAN.dump(), "coupons": [off]})
    issued = rate(plan, ACME.model_copy(update={"coupons": ["C"]}), USAGE, JANUARY)
    assert [str(line.amount) for line in rerate(issued, plan, ACME, USAGE).lines] == ["15.50 USD"]
