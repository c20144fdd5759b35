"""
Outcomes on statements: when and at which price they are billed, what a reversal gives back, and what proves it.
"""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from ratecard import Item, Meter, Money, Period, Plan, RateCard, UsageRecord, estimate, meters, prices, problems, rate
from ratecard.errors import DefinitionError, MismatchError
from ratecard.lab import Expected
from ratecard.meters import Equals
from ratecard.plans import (
    Carry,
    Catalog,
    ChangePlan,
    Coupon,
    Override,
    Pause,
    PercentDiscount,
    Phase,
    Resume,
    Subscription,
    Tax,
    resolve,
)
from ratecard.rating import Evidence, Left, LineItem, Proof, Statement, charge, measure, postponed, resolve_all, settle

DEFINITION = "A case that was won."
JAN, FEB, MAR = (Period.month(2025, month) for month in (1, 2, 3))


def kind(name: str) -> list[Equals]:
    """The filter of a kind of records."""
    return [Equals(property="kind", value=name)]


def meter(key: str = "wins", **more: Any) -> Meter:
    """Wins that can be undone."""
    rules = {"subject": "who", "result": kind("won"), "reverse": kind("undo"), "failed": kind("lost"), **more}
    return Meter(key=key, event="case", aggregate=meters.Outcomes(**rules), unit=key)


def item(**price: Any) -> Item:
    """The item that sells them."""
    return Item(key="won", meter="wins", price=prices.Outcome(definition=DEFINITION, **(price or {"fee": "3"})))


def plan(*items: Item, rules: dict[str, Any] | None = None, **more: Any) -> Plan:
    """A plan of one card."""
    cards = [RateCard(currency="USD", items=list(items) or [item()])]
    return Plan(**{"key": "p", "meters": [meter(**(rules or {}))], "cards": cards, **more})


def told(day: str, what: str, who: str, **more: object) -> UsageRecord:
    """A record at a time of 2025."""
    at = f"2025-{day}" if "T" in day else f"2025-{day}T00:00:00Z"
    return UsageRecord("case", at, {"who": who, "kind": what, **more}, id=f"{what}-{who}-{day}")


def chain(
    of: Any, records: Sequence[UsageRecord], *periods: Period, acme: Subscription | None = None
) -> list[Statement]:
    """Statements of several periods, each with the carry of the one before, through JSON."""
    held = acme or of.subscribe("acme", start="2025-01-01")
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        some = [record for record in records if period.contains(record.at)]
        found.append(rate(of, held, some, period, carry=carry))
        told_carry = found[-1].carry
        assert told_carry is not None and found[-1].verify()
        assert Statement.from_json(json.loads(found[-1].dumps())) == found[-1]
        carry = Carry.from_json(json.loads(json.dumps(told_carry.to_json())))
        assert carry == told_carry
    return found


def lines(statement: Statement) -> list[tuple[str, str, str]]:
    """Key, quantity and amount of every line."""
    return [(line.key, str(line.quantity), str(line.rounded)) for line in statement.lines]


def proofs(line: LineItem) -> list[tuple[str, str, str]]:
    """The ids on a line: result, confirmation, reversal."""
    assert line.evidence is not None
    return [(each.id, each.by, each.undone) for each in line.evidence.proofs]


def reasons(statement: Statement) -> dict[str, int]:
    """How many records did not count, by reason."""
    assert statement.lines[0].evidence is not None
    return statement.lines[0].evidence.reasons


def test_a_month() -> None:
    """What stands is billed with its proof; the rest is listed, each with its reason; the account adds up."""
    records = [
        told("01-03", "won", "a"), told("01-05", "won", "b"), told("01-05T07:00:00Z", "undo", "b"),
        told("01-06", "won", "a"), told("01-07", "hello", "c"), told("01-08", "undo", "d"),
        told("01-31T12:00:00Z", "won", "e"), told("01-09", "won", "f"), told("01-09T01:00:00Z", "ok", "f"),
    ]  # fmt: skip
    (january,) = chain(plan(rules={"confirm": kind("ok"), "confirmation_hours": 24}), records, JAN)
    (line,) = january.lines
    assert lines(january) == [("won@2025-01-01T00:00:00Z", "2", "6.00")]
    assert (line.unit, line.kind) == ("wins", "usage")
    assert proofs(line) == [("won-a-01-03", "", ""), ("won-f-01-09", "ok-f-01-09T01:00:00Z", "")]
    assert reasons(january) == {"idle": 1, "pending": 1, "repeat": 1, "reversed": 1, "unqualified": 1}
    assert january.account is not None
    assert january.account.counts["pending"] == 1 and january.account.counts["counted"] == 8
    assert january.explain().splitlines()[2:12] == [
        "won, 2025-01-01T00:00:00Z to 2025-02-01T00:00:00Z: 2 wins = 6.00 USD",
        "  6 rounded to 2 places, half_up = 6",
        "    2 x 3 = 6",
        f"  what counts: {DEFINITION} (sha256:{line.evidence.digest[7:] if line.evidence else ''})",
        "  proved by: won-a-01-03, won-f-01-09 and ok-f-01-09T01:00:00Z",
        "  not counted, there was nothing to confirm or reverse: undo-d-01-08",
        "  not counted, not decided yet: won-e-01-31T12:00:00Z",
        "  not counted, the subject has its outcome already: won-a-01-06",
        "  not counted, undone before it was billed: won-b-01-05",
        "  not counted, no result: hello-c-01-07",
    ]


def test_pending_is_billed_later() -> None:
    """An open result travels in the carry and is billed in the period in which its window ends, and counts there."""
    records = [told("01-31T12:00:00Z", "won", "a"), told("02-10", "won", "b")]
    tiers = [prices.Tier(up_to=1, unit_price="5"), prices.Tier(unit_price="1")]
    january, february = chain(plan(item(tiers=tiers), rules={"confirmation_hours": 24}), records, JAN, FEB)
    assert lines(january) == [("won@2025-01-01T00:00:00Z", "0", "0.00")]
    assert lines(february) == [("won@2025-02-01T00:00:00Z", "2", "6.00")]
    assert february.account is not None and february.account.counts["pending"] == 0


def test_window_that_ends_with_the_period() -> None:
    """A window that ends at the very end of a period makes its result billable in the next one."""
    records = [told("01-31", "won", "a")]
    january, february = chain(plan(rules={"confirmation_hours": 24}), records, JAN, FEB)
    assert [bill.due for bill in (january, february)] == [Money("0.00", "USD"), Money("3.00", "USD")]


def test_reversal_before_the_period_closes_uncounts() -> None:
    """In the period of the outcome, a reversal leaves nothing of it."""
    records = [told("01-03", "won", "a"), told("01-31T23:59:59Z", "undo", "a"), told("01-04", "won", "b")]
    (january,) = chain(plan(), records, JAN)
    assert lines(january) == [("won@2025-01-01T00:00:00Z", "1", "3.00")]
    assert reasons(january) == {"reversed": 1}


def test_reversal_afterwards_credits_the_last_unit_of_the_original_period() -> None:
    """Later reversals credit T(3) - T(2), then T(2) - T(1), of the original tiers, and leave the later tiers alone."""
    tiers = [prices.Tier(up_to=2, unit_price="5"), prices.Tier(unit_price="1")]
    records = [told(f"01-0{day}", "won", name) for day, name in ((2, "a"), (3, "b"), (4, "c"))]
    records += [told("02-05", "undo", "a"), told("02-06", "won", "x"), told("03-05", "undo", "b")]
    january, february, march = chain(plan(item(tiers=tiers)), records, JAN, FEB, MAR)
    assert january.due == Money("11.00", "USD")
    assert lines(february) == [
        ("won@2025-02-01T00:00:00Z", "1", "5.00"),
        ("[reversal]won[billed=2025-01-01T00:00:00Z]@2025-02-01T00:00:00Z", "-1", "-1.00"),
    ]
    assert proofs(february.lines[1]) == [("won-a-01-02", "", "undo-a-02-05")]
    assert february.line("won").kind == "usage" and len(february.lines_by("reversal")) == 1
    assert lines(march)[1] == ("[reversal]won[billed=2025-01-01T00:00:00Z]@2025-03-01T00:00:00Z", "-1", "-5.00")
    assert february.lines[1].explain().splitlines()[1:7] == [
        "  -1 rounded to 2 places, half_up = -1",
        "    outcomes billed from 2025-01-01T00:00:00Z on, reversed now: 10 - 11 = -1",
        "      what stands: 10 = 10",
        "        tier 1 to 2: 2 x 5 = 10",
        "      as it was billed: 11 = 11",
        "        10 + 1 = 11",
    ]


def test_reversal_by_value_credits_its_own_amount() -> None:
    """A share of a value is given back as it was billed, whatever others are worth."""
    records = [told("01-02", "won", "a", euro=100), told("01-03", "won", "b", euro=900), told("02-05", "undo", "a")]
    january, february = chain(plan(item(rate="0.1", baseline="50"), rules={"worth": "euro"}), records, JAN, FEB)
    assert january.due == Money("90.00", "USD")
    assert lines(february)[1][1:] == ("-1", "-5.00")
    assert january.lines[0].steps[0].words().splitlines()[1:] == [
        "  5 + 85 = 90",
        "    a, worth 100, 50 less: 50 x 0.1 = 5",
        "    b, worth 900, 50 less: 850 x 0.1 = 85",
    ]


def test_many_values_are_summed_behind_the_first_hundred() -> None:
    """A line by value derives a hundred outcomes one by one and the rest as their sum."""
    records = [told(f"01-02T00:{n // 60:02}:{n % 60:02}Z", "won", f"s{n:03}", euro=10) for n in range(130)]
    (january,) = chain(plan(item(rate="0.1"), rules={"worth": "euro"}), records, JAN)
    (_, whole) = (january.lines[0].steps[0], january.lines[0].steps[0].parts[0])
    assert (len(whole.parts), whole.parts[0].result, whole.result) == (101, 30, 130)
    assert january.lines[0].evidence is not None
    assert len(january.lines[0].evidence.proofs) == 130
    back = Statement.from_json(json.loads(january.dumps()))
    assert back.lines[0].evidence is not None and back.verify()
    assert len(back.lines[0].evidence.proofs) == 100
    assert back.lines[0].evidence.proves(january.lines[0].evidence.proofs)
    assert not back.lines[0].evidence.proves(january.lines[0].evidence.proofs[1:])
    assert "and 125 more" in back.explain()


def test_card_of_the_outcome_s_own_time() -> None:
    """An outcome is billed at the card that was in force when it happened, also in a later period."""
    cards = [
        RateCard(currency="USD", items=[item(fee="3")]),
        RateCard(currency="USD", effective="2025-02-01", items=[item(fee="4")]),
    ]
    records = [told("01-31T12:00:00Z", "won", "a"), told("02-05", "won", "b")]
    _, february = chain(plan(cards=cards, rules={"confirmation_hours": 24}), records, JAN, FEB)
    assert lines(february) == [
        ("won[card=2025-01-01T00:00:00Z]@2025-02-01T00:00:00Z", "1", "3.00"),
        ("won@2025-02-01T00:00:00Z", "1", "4.00"),
    ]
    assert [line.version for line in february.lines] == [card.digest for card in cards]


def test_counter_runs_on_over_a_change_of_card() -> None:
    """Tiers go on counting where the card changes: each card has T(count to its end) - T(count to its start)."""
    first, second = (
        [prices.Tier(up_to=1, unit_price=high), prices.Tier(unit_price=low)] for high, low in (("9", "5"), ("8", "4"))
    )
    cards = [
        RateCard(currency="USD", items=[item(tiers=first)]),
        RateCard(currency="USD", effective="2025-01-16", items=[item(tiers=second)]),
    ]
    records = [told("01-02", "won", "a"), told("01-20", "won", "b"), told("02-02", "undo", "a")]
    january, february = chain(plan(cards=cards), records, JAN, FEB)
    assert [line[2] for line in lines(january)] == ["9.00", "4.00"]
    assert "counted with those at earlier prices, less these alone" in january.explain()
    # What is left of January is one outcome at the second card: its first unit.
    assert [line[2] for line in lines(february)] == ["0.00", "-5.00"]


def test_a_free_first_tier_before_a_change_of_card_is_counted() -> None:
    """Where what was counted before comes to 0 the line tells it all the same, and proves itself."""
    free = [prices.Tier(up_to=1, unit_price=0), prices.Tier(unit_price="7")]
    cards = [
        RateCard(currency="USD", items=[item(fee="3")]),
        RateCard(currency="USD", effective="2025-01-16", items=[item(tiers=free)]),
    ]
    records = [told("01-02", "won", "a"), told("01-20", "won", "b"), told("01-21", "won", "c")]
    (january,) = chain(plan(cards=cards), records, JAN)
    assert [line[1:] for line in lines(january)] == [("1", "3.00"), ("2", "14.00")]
    assert january.verify()


def test_interims() -> None:
    """A statement inside a period bills what came since the last; an outcome undone between them is taken off."""
    records = [
        told("01-02", "won", "a"),
        told("01-03", "won", "b"),
        told("01-20", "undo", "a"),
        told("01-21", "won", "c"),
    ]
    first, second = Period("2025-01-01", "2025-01-16"), Period("2025-01-16", "2025-02-01")
    tiers = [prices.Tier(up_to=2, unit_price="5"), prices.Tier(unit_price="1")]
    one, two = chain(plan(item(tiers=tiers)), records, first, second)
    assert (lines(one)[0][1:], lines(two)[0][1:]) == (("2", "10.00"), ("0", "0.00"))
    assert proofs(two.lines[0]) == [("won-a-01-02", "", "undo-a-01-20"), ("won-c-01-21", "", "")]
    assert "taken off again: won-a-01-02 and undo-a-01-20" in two.explain()
    acme = plan().subscribe("acme", start="2025-01-01")
    alone = rate(plan(item(tiers=tiers)), acme, [told("01-04", "hello", "x"), *records], second)
    assert alone.lines[0].rounded == 0
    assert reasons(alone) == {}


def test_failure_in_an_earlier_interim() -> None:
    """A subject that failed in one interim and succeeds in the next is a success of their period, and no failure."""
    fees = [prices.SuccessFee(at_least=0, fee="1"), prices.SuccessFee(at_least="0.75", fee="2")]
    first, second = Period("2025-01-01", "2025-01-16"), Period("2025-01-16", "2025-02-01")
    records = [told("01-02", "won", "a"), told("01-03", "lost", "b"), told("01-04", "lost", "c")]
    records += [told("01-20", "won", "b"), told("01-21", "won", "c")]
    one, two = chain(plan(item(fees=fees)), records, first, second)
    assert [lines(each)[0][1:] for each in (one, two)] == [("1", "1.00"), ("2", "5.00")]
    one, two = chain(plan(item(fees=fees)), records[:3], first, second)
    assert [lines(each)[0][1:] for each in (one, two)] == [("1", "1.00"), ("0", "0.00")]


def test_success_rate_and_guarantee() -> None:
    """A reversal that comes later lowers the success rate of the original period, and the credit says so."""
    fees = [prices.SuccessFee(at_least=0, fee="1"), prices.SuccessFee(at_least="0.75", fee="2")]
    records = [told("01-02", "won", name) for name in "abc"] + [told("01-03", "lost", "d"), told("01-04", "lost", "a")]
    records.append(told("02-02", "undo", "a"))
    january, february = chain(plan(item(fees=fees)), records, JAN, FEB)
    assert january.due == Money("6.00", "USD")  # 3 of 4: a was lost and won, so it is a success.
    assert lines(february)[1][1:] == ("-1", "-4.00")  # 2 of 4: two at 1 in place of three at 2.
    assert "success rate, 1 failed: 3 per 4 = 0.75" in january.explain()
    assert "success rate, 2 failed: 2 per 4 = 0.5" in february.explain()
    assert reasons(january) == {"failed": 2} and reasons(february) == {}
    assert "not counted, said to be no success: lost-d-01-03, lost-a-01-04" in january.explain()


def test_service_level() -> None:
    """A guarantee of the service level reads which outcomes kept it."""
    promise = prices.Guarantee(of="level", below="0.9", credit="0.5")
    rules = {"kept": [meters.Range(property="minutes", below=60)]}
    records = [told("01-02", "won", "a", minutes=30), told("01-03", "won", "b", minutes=90)]
    (january,) = chain(plan(item(fee="3", guarantees=[promise]), rules=rules), records, JAN)
    assert january.due == Money("3.00", "USD")
    assert "level 0.5 is below the guaranteed 0.9, 0.5 is given back: 6 x 0.5 = 3" in january.explain()
    assert "level, of all outcomes: 1 per 2 = 0.5" in january.explain()


def test_trial() -> None:
    """Outcomes of a trial are rated and free, also when they are confirmed after it, and fill no tiers."""
    tiers = [prices.Tier(up_to=1, unit_price="5"), prices.Tier(unit_price="1")]
    phases = [Phase(key="try", every=10, unit="day", trial=True), Phase(key="paid")]
    records = [told("01-02", "won", "a"), told("01-10T23:00:00Z", "won", "b"), told("01-20", "won", "c")]
    held = plan(item(tiers=tiers), rules={"confirmation_hours": 24}, phases=phases)
    found = chain(held, records, Period("2025-01-01", "2025-01-11"), Period("2025-01-11", "2025-02-01"))
    assert [[line[1:] for line in lines(each)] for each in found] == [
        [("1", "0.00")], [("1", "0.00"), ("1", "5.00")],
    ]  # fmt: skip
    assert "100 % off in the phase 'try'" in found[0].explain()


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


def test_discount_and_tax_read_reversals() -> None:
    """What the plan takes off and adds falls on reversals as on everything billed."""
    held = plan(discounts=[PercentDiscount(key="ten", rate="0.1")], taxes=[Tax(key="vat", rate="0.2")])
    january, february = chain(held, [told("01-02", "won", "a"), told("02-02", "undo", "a")], JAN, FEB)
    assert (january.due, february.due) == (Money("3.24", "USD"), Money("-3.24", "USD"))


def test_coupon_on_reversals_alone() -> None:
    """A coupon gives back with a reversal what it took off; that is no use of it, and nothing to be told."""
    held = plan(coupons=[Coupon(key="half", discount=PercentDiscount(rate="0.5"), lasts="forever")])
    acme = held.subscribe("acme", start="2025-01-01", coupons=["half"])
    january, february = chain(held, [told("01-02", "won", "a"), told("02-02", "undo", "a")], JAN, FEB, acme=acme)
    assert (january.due, february.due) == (Money("1.50", "USD"), Money("-1.50", "USD"))
    assert february.notices == ()


def test_reversals_beside_fees_and_credits() -> None:
    """A percentage of a month that comes to less than 0 is of its fees and reversals, and of no credit alone."""
    off, records = [PercentDiscount(key="half", rate="0.5")], [told("01-02", "won", "a"), told("02-02", "undo", "a")]
    for amount, shares, due in (("1", {"-0.50", "1.50"}, "-1.00"), ("-1", {"1.50"}, "-2.50")):
        fee = Item(key="base", price=prices.Flat(amount=amount))
        cards = [RateCard(currency="USD", items=[item(fee="3"), fee])]
        _, february = chain(plan(cards=cards, discounts=off), records, JAN, FEB)
        assert {str(part) for line in february.lines_by("discount") for _, part in line.shares} == shares
        assert (february.due, february.verify()) == (Money(due, "USD"), True)


def test_interims_after_a_change_of_card() -> None:
    """An outcome that an earlier interim billed at an older card is not told again; new ones at it are."""
    cards = [
        RateCard(currency="USD", items=[item(fee="3")]),
        RateCard(currency="USD", effective="2025-01-11", items=[item(fee="4")]),
    ]
    records = [told("01-02", "won", "a"), told("01-20", "won", "b"), told("01-25", "won", "c")]
    cuts = [Period("2025-01-01", "2025-01-11"), Period("2025-01-11", "2025-01-21"), Period("2025-01-21", "2025-02-01")]
    found = chain(plan(cards=cards), records, *cuts)
    assert [[line[1:] for line in lines(each)] for each in found] == [[("1", "3.00")], [("1", "4.00")], [("1", "4.00")]]


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


def test_estimate_at_a_time_without_service() -> None:
    """Outcomes that are expected when nothing sells them are refused, not free."""
    held = plan()
    acme = held.subscribe("acme", start="2025-01-01", end="2025-01-10")
    with pytest.raises(MismatchError) as error:
        estimate(held, acme, {"wins": [Expected(3, at="2025-01-12T00:00:00Z")]}, JAN)
    assert error.value.code == "expected.unpriced"


def test_estimate() -> None:
    """A number in the place of records is so many outcomes, with no proof; where more is read, all went well."""
    held = plan(item(fees=[prices.SuccessFee(at_least=0, fee="1"), prices.SuccessFee(at_least=1, fee="2")]))
    acme = held.subscribe("acme", start="2025-01-01")
    found = estimate(held, acme, {"wins": 12}, FEB)
    assert found.due == Money("24.00", "USD") and found.verify()
    assert found.lines[0].evidence is None
    assert found.carry is not None and found.carry.outcomes == {}
    half = estimate(held, acme, {"wins": 12}, Period("2025-02-01", "2025-02-15"))
    assert half.carry is not None
    assert half.carry.outcomes["won"]["wins"]["spans"][0][3][0][1] == "12"


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


def test_late_reversal_is_listed() -> None:
    """A reversal after its window changes nothing and is listed."""
    rules = {"reversal_hours": 24}
    _, february = chain(plan(rules=rules), [told("01-02", "won", "a"), told("02-02", "undo", "a")], JAN, FEB)
    assert reasons(february) == {"late": 1}
    assert february.due == Money("0.00", "USD")


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


def test_account_counts_a_record_once() -> None:
    """A record that is open for two meters is pending once; one that another meter counts is not unpriced."""
    both = [meter("wins", confirmation_hours=24), meter("more", confirmation_hours=48)]
    items = [item(), Item(key="more", meter="more", price=prices.Outcome(definition="More.", fee="1"))]
    held = Plan(key="p", meters=both, cards=[RateCard(currency="USD", items=items)])
    acme = held.subscribe("acme", start="2025-01-01", end="2025-01-31T18:00:00Z")
    (january,) = chain(held, [told("01-31T12:00:00Z", "won", "a"), told("01-31T20:00:00Z", "won", "b")], JAN, acme=acme)
    assert january.account is not None
    assert {fate: count for fate, count in january.account.counts.items() if count} == {"counted": 1, "pending": 1}


def test_many_customers() -> None:
    """Customers who are measured together have the statements they have alone."""
    held = plan()
    names = ["acme", "bolt"]
    subscriptions = [held.subscribe(name, start="2025-01-01") for name in names]
    records = [
        UsageRecord("case", "2025-01-02T00:00:00Z", {"who": who, "kind": "won"}, customer=name, id=f"{name}{who}")
        for name, count in zip(names, (1, 2), strict=True)
        for who in "ab"[:count]
    ]
    book = resolve_all(held, subscriptions, JAN)
    found = list(book.statements(measure(book, records)))
    assert [str(each.due) for each in found] == ["3.00 USD", "6.00 USD"]
    assert all(each.account is None and each.verify() for each in found)


def test_tally_that_reaches_further() -> None:
    """A tally that was measured for other terms as well has more in it; what lies outside the period is left out."""
    held = plan()
    acme = held.subscribe("acme", start="2025-01-01")
    terms, wide = resolve(held, acme, JAN), resolve(held, acme, Period("2025-01-01", "2025-03-01"))
    records = [told("01-02", "won", "a"), told("02-02", "won", "b"), told("02-03", "hello", "c")]
    tally = measure(terms, records, extra=[wide])
    january = settle(charge(terms, tally))
    assert january.due == Money("3.00", "USD") and reasons(january) == {}
    assert settle(charge(wide, tally)).due == Money("6.00", "USD")


def test_price_and_meter_are_checked_when_they_come_by_an_override() -> None:
    """A negotiated price that does not fit its meter is refused like one on a card."""
    by_value = prices.Outcome(definition=DEFINITION, rate="0.1")
    for price, path, code in (
        (prices.PerUnit(unit_price="1"), "items[0].price", "outcome.meter"),
        (by_value, "items[0].price.rate", "outcome.reads"),
    ):
        held = plan()
        acme = held.subscribe("acme", start="2025-01-01")
        acme = acme.model_copy(update={"overrides": [Override(prices={"won": price})]})
        with pytest.raises(DefinitionError) as error:
            rate(held, acme, [], JAN)
        assert [(each.path, each.code) for each in error.value.problems] == [(path, code)]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"each": ["who"]}, "each"),
        ({"split": ["who"]}, "split"),
        ({"cadence": {"unit": "year"}}, "cadence"),
        ({"tiers": "restart"}, "tiers"),
        ({"round_quantity": "up"}, "round_quantity"),
        ({"discounts": [{"kind": "percent", "key": "ten", "rate": "0.1"}]}, "discounts"),
        ({"minimum": {"amount": "1"}}, "minimum"),
        ({"maximum": {"amount": "1"}}, "maximum"),
    ],
)
def test_what_an_item_of_outcomes_cannot_have(more: dict[str, Any], path: str) -> None:
    """Stages that a reversal could not give back as billed, and groups, are refused with what to do."""
    with pytest.raises(ValueError) as error:
        Item.model_validate({**item().model_dump(), **more})
    assert [(each.path, each.code) for each in problems(error.value)] == [(path, "outcome.item")]


def test_item_without_a_meter() -> None:
    """Outcomes come from records."""
    with pytest.raises(ValueError) as error:
        Item(key="won", price=prices.Outcome(definition=DEFINITION, fee="1"))
    assert [(each.path, each.code) for each in problems(error.value)] == [("meter", "outcome.meter")]


@pytest.mark.parametrize(
    ("price", "aggregate", "convert", "expected"),
    [
        ({"fee": "1"}, meters.Count(), None, ("cards[0].items[0].price", "outcome.meter")),
        (None, meters.Outcomes(subject="who"), None, ("cards[0].items[0].price", "outcome.meter")),
        ({"rate": "1"}, meters.Outcomes(subject="who"), None, ("cards[0].items[0].price.rate", "outcome.reads")),
        (
            {"fee": "1", "guarantees": [prices.Guarantee(below="1", credit="1")]}, meters.Outcomes(subject="who"), None,
            ("cards[0].items[0].price", "outcome.reads"),
        ),
        (
            {"fee": "1", "guarantees": [prices.Guarantee(of="level", below="1", credit="1")]},
            meters.Outcomes(subject="who"), None, ("cards[0].items[0].price.guarantees", "outcome.reads"),
        ),
        (
            {"fee": "1"}, meters.Outcomes(subject="who"), meters.Convert(divide=10),
            ("cards[0].items[0].price", "outcome.reads"),
        ),
    ],
)  # fmt: skip
def test_price_and_meter_belong_together(price: Any, aggregate: Any, convert: Any, expected: tuple[str, str]) -> None:
    """A price of outcomes needs a meter of outcomes that tells all it reads, and the other way round."""
    sold = prices.PerUnit(unit_price="1") if price is None else prices.Outcome(definition=DEFINITION, **price)
    with pytest.raises(ValueError) as error:
        Plan.single(
            "p", currency="USD", meters=[Meter(key="wins", event="case", aggregate=aggregate, convert=convert)],
            items=[Item(key="won", meter="wins", price=sold)],
        )  # fmt: skip
    assert [(each.path, each.code) for each in problems(error.value)] == [expected]


def test_postponed_results_are_read_in_order() -> None:
    """A case that was won, undone and won again in a month that is closed stands in the next one."""
    late = [told("01-14", "won", "a"), told("01-10", "won", "a"), told("01-12", "undo", "a")]
    (january,) = chain(plan(), [], JAN)
    held = plan()
    february = rate(held, held.subscribe("acme", start="2025-01-01"), postponed(late, FEB), FEB, carry=january.carry)
    assert february.due == Money("3.00", "USD")


def test_evidence_is_verified() -> None:
    """A line whose definition, count or proofs were touched does not verify."""
    (january,) = chain(plan(), [told("01-02", "won", "a"), told("01-03", "hello", "b")], JAN)
    assert january.verify()
    for name, wrong in (
        ("definition", "Anything."), ("added", 2), ("removed", 1), ("proofs", []), ("reasons", {}),
        ("seal", "sha256:0"), ("proofs", [["z", "", "", "", "", "", True]]), 
        ("proofs", [["a", "", "", "", "", "", False]]),
    ):  # fmt: skip
        touched = json.loads(january.dumps())
        touched["lines"][0]["evidence"][name] = wrong
        assert not Statement.from_json(touched).verify(), name
    for name, wrong in (
        ("added", "1"),
        ("definition", None),
        ("proofs", [["a"]]),
        ("proofs", [[""] * 7]),
        ("left", [[1] * 5]),
    ):
        touched = json.loads(january.dumps())
        touched["lines"][0]["evidence"][name] = wrong
        with pytest.raises(MismatchError) as error:
            Statement.from_json(touched)
        assert error.value.code == "statement.form"


def test_evidence_is_missed() -> None:
    """A line of outcomes without its evidence does not verify; an estimate has none, and older tell less."""
    wins = [told("01-02", "won", "a"), told("01-03", "won", "b"), told("02-03", "undo", "a")]
    for statement in chain(plan(), wins, JAN, FEB):
        for place in range(len(statement.lines)):
            touched = json.loads(statement.dumps())
            del touched["lines"][place]["evidence"]
            assert not Statement.from_json(touched).verify(), place
            other = json.loads(statement.dumps())
            other["lines"][place]["steps"][-1]["inputs"]["proofs"] = "7"
            assert not Statement.from_json(other).verify(), place
            older = json.loads(statement.dumps())
            del older["lines"][place]["steps"][-1]["inputs"]["proofs"]
            assert Statement.from_json(older).verify(), place
    del older["lines"][-1]["evidence"]
    assert older["lines"][-1]["kind"] == "reversal" and not Statement.from_json(older).verify()
    guess = estimate(plan(), plan().subscribe("acme", start="2025-01-01"), {"wins": 3}, JAN)
    assert guess.line("won").evidence is None and guess.verify()


def test_a_full_list_is_held_against_the_line() -> None:
    """The list that was stored beside a statement comes back from JSON as it is, in any order, and proves the line."""
    (january,) = chain(plan(), [told("01-02", "won", str(n)) for n in range(101)], JAN)
    every = january.line("won").evidence
    held = Statement.from_json(json.loads(january.dumps())).line("won").evidence
    assert every is not None and held is not None and (len(every.proofs), len(held.proofs)) == (101, 100)
    stored = json.loads(json.dumps(every.proofs))
    assert held.proves(stored) and held.proves(reversed(stored)) and held.proves(Proof(*each) for each in stored)
    assert not held.proves(stored[1:]) and not held.proves([["z", *stored[0][1:]], *stored[1:]])
    kept = pickle.loads(pickle.dumps(january)).line("won").evidence  # noqa: S301
    assert len(kept.proofs) == 100 and kept.proves(every.proofs)
    row = stored[0]
    for wrong in (
        None,
        1,
        "proofs",
        {},
        every.proofs[0],
        [1],
        ["seven"],
        [row[:6]],
        [[*row[:6], "yes"]],
        [[1, *row[1:]]],
    ):
        with pytest.raises(MismatchError) as error:
            held.proves(wrong)
        assert error.value.code == "argument.type" and "proof" in str(error.value)


def test_evidence() -> None:
    """Evidence is a value; records without ids are told by their subjects."""
    proof = Proof("case 1", "", "", "2025-01-02T00:00:00Z", "", "", True)
    made = Evidence.of("Won.", [proof])
    same = Evidence.of("Won.", [proof])
    assert made == same and hash(made) == hash(same) and made != 1
    assert repr(made) == "<Evidence of 1 outcomes>"
    assert made.words().endswith("proved by: case 1")
    beside = made.beside([Left("case 2", "", "", "2025-01-03T00:00:00Z", "unheard")])
    assert beside.words().endswith("not counted, unheard: case 2") and beside != made


def test_negative_is_never_billed() -> None:
    """No result, no fee: a month of nothing but failures and reversals costs 0."""
    (january,) = chain(plan(item(fee="3", maximum="1")), [told("01-02", "lost", "a"), told("01-03", "undo", "b")], JAN)
    assert january.due == Money("0.00", "USD")
    assert january.lines[0].exact == Decimal(0)


@pytest.mark.parametrize(
    ("count", "reasons", "expected"),
    [
        (2, {"idle": 2}, True),
        (2, {"idle": 3}, False),
        (2, {"idle": 1}, False),
        (2, {"late": 2}, False),
        (100, {"idle": 130}, True),
        (100, {"idle": 60, "late": 70}, False),
        (99, {"idle": 130}, False),
    ],
)
def test_what_did_not_count_fits_its_reasons(count: int, reasons: dict[str, int], expected: bool) -> None:
    """The listed records are those that the reasons count; a list that was cut short has its full length."""
    left = [Left(str(n), "", str(n), "2025-01-01T00:00:00Z", "idle") for n in range(count)]
    told = Evidence.of("Solved.", []).beside(left).to_json()
    assert Evidence.from_json({**told, "reasons": reasons}).verify() is expected
