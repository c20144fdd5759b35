"""
Outcomes on statements: when and at which price they are billed, what a reversal gives back, and what proves it.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratecard import Item, Money, Period, RateCard, UsageRecord, estimate, meters, prices, rate
from ratecard.errors import MismatchError
from ratecard.lab import Expected
from ratecard.plans import (
    Coupon,
    PercentDiscount,
    Phase,
    Tax,
    resolve,
)
from ratecard.rating import charge, measure, resolve_all, settle
from tests.rating._wins import DEFINITION, FEB, JAN, MAR, chain, item, kind, lines, plan, proofs, reasons, told


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


def test_negative_is_never_billed() -> None:
    """No result, no fee: a month of nothing but failures and reversals costs 0."""
    (january,) = chain(plan(item(fee="3", maximum="1")), [told("01-02", "lost", "a"), told("01-03", "undo", "b")], JAN)
    assert january.due == Money("0.00", "USD")
    assert january.lines[0].exact == Decimal(0)
