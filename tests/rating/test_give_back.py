"""Reversals of outcomes that credits paid for: the credits come back to the lots that paid, whatever period it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratecard.credits import Due, Grant, Ledger, Policy, Returned
from ratecard.errors import MismatchError
from ratecard.money import Currency
from ratecard.periods import Period
from ratecard.plans import Carry, Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

NEW_YEAR = "2025-01-01T00:00:00Z"
JANUARY, FEBRUARY, MARCH = (Period.month(2025, month) for month in (1, 2, 3))
FEE = {"fee": "31"}
CALLS = {"key": "calls", "meter": "calls", "price": {"model": "per_unit", "unit_price": "1"}}


def plan(price: dict[str, Any] | None = None, **fields: Any) -> Plan:
    """Outcomes that can be reversed, and calls at 1 each."""
    rules = {
        "kind": "outcomes", "subject": "who", "worth": "worth",
        "result": [{"kind": "equals", "property": "is", "value": "won"}],
        "reverse": [{"kind": "equals", "property": "is", "value": "undo"}],
        "failed": [{"kind": "equals", "property": "is", "value": "lost"}],
    }  # fmt: skip
    won = {"key": "won", "meter": "wins", "price": {"model": "outcome", "definition": "x", **(price or FEE)}}
    return Plan.load({
        "key": "p",
        "meters": [
            {"key": "wins", "event": "case", "aggregate": rules},
            {"key": "calls", "event": "call", "aggregate": {"kind": "sum", "of": "n"}},
        ],
        "cards": [{"currency": "USD", "items": [won, CALLS]}], **fields,
    })  # fmt: skip


def told(day: str, who: str, what: str = "won", worth: int = 0) -> UsageRecord:
    """What is told of a subject at noon of a day."""
    facts = {"who": who, "is": what, "worth": worth}
    return UsageRecord("case", f"2025-{day}T12:00:00Z", facts, id=f"{who} {what}")


def calls(day: str, n: int) -> UsageRecord:
    """Calls at noon of a day."""
    return UsageRecord("call", f"2025-{day}T12:00:00Z", {"n": n}, id=f"calls {day}")


def ledger(*grants: dict[str, Any], policy: Policy | None = None) -> Ledger:
    """Lots of money granted at the new year."""
    found = Ledger(policy)
    for each in grants:
        found = found.grant(Grant.model_validate({"currency": "USD", **each}), at=NEW_YEAR)
    return found


GIFT = {"id": "gift", "amount": 100}


def bill(
    offer: Plan, period: Period, records: list[UsageRecord], held: Ledger | None, carry: Carry | None = None
) -> Statement:
    """The statement, which proves itself and comes back from JSON as it was."""
    found = rate(offer, offer.subscribe("acme", start="2025-01-01"), records, period, ledger=held, carry=carry)
    assert found.verify()
    assert Statement.from_json(found.to_json()) == found
    return found


def chain(offer: Plan, held: Ledger, *periods: tuple[Period, list[UsageRecord]]) -> list[Statement]:
    """Statements of periods, each on the ledger and the carry of the one before."""
    found: list[Statement] = []
    carry: Carry | None = None
    for period, records in periods:
        made = bill(offer, period, records, held, carry)
        assert made.ledger is not None
        assert held.post(made.entries) == made.ledger
        held, carry = made.ledger, made.carry
        again = bill(offer, period, records, held, found[-1].carry if found else None)
        assert (again.lines, again.due, again.entries) == (made.lines, made.due, ())
        found.append(made)
    return found


def column(found: Statement, name: str) -> dict[str, Decimal]:
    """By lot what is in a column."""
    assert found.ledger is not None
    return {each.lot.id: getattr(each, name) for each in found.ledger.lots() if getattr(each, name)}


def test_credits_that_paid_come_back() -> None:
    """A reversal of what a gift paid for gives the gift back and no money; the statement has a line that says so."""
    first, second = chain(
        plan(), ledger(GIFT), (JANUARY, [told("01-05", "a")]), (FEBRUARY, [told("02-05", "a", "undo")])
    )
    assert (str(first.due), str(second.total), str(second.due)) == ("0.00 USD", "-31.00 USD", "0.00 USD")
    assert column(second, "left") == {"gift": 100}
    (line,) = second.lines_by("credits")
    assert (line.key, str(line.amount)) == ("[credits]gift[returned=won]@2025-02-01T00:00:00Z", "31.00 USD")
    reversal = "[reversal]won[billed=2025-01-01T00:00:00Z]@2025-02-01T00:00:00Z"
    assert line.shares == ((reversal, Decimal(31)),)
    assert line.headline().startswith("back to credits: gift [returned=won]")
    assert line.steps[0].parts[0].note == "back to gift"
    (entry,) = second.entries
    assert isinstance(entry, Returned)
    assert entry.id.endswith(f"/{line.key}")
    assert str(entry.at) == "2025-02-05 12:00:00+00:00"


@pytest.mark.parametrize("gone", ["a", "b"])
def test_money_comes_back_before_credits(gone: str) -> None:
    """What nobody had paid comes back first, as it does where the period is rated again without the outcome."""
    held, wins = ledger({**GIFT, "amount": 40}), [told("01-05", "a"), told("01-20", "b")]
    first, second = chain(plan(), held, (JANUARY, wins), (FEBRUARY, [told("02-05", gone, "undo")]))
    assert (str(first.due), str(second.due)) == ("22.00 USD", "-22.00 USD")
    assert column(second, "left") == {"gift": 9}
    acme = plan().subscribe("acme", start="2025-01-01")
    again = rerate(first, plan(), acme, wins, without=[f"{gone} won"])
    assert again.due == second.due
    assert column(again.corrected, "left") == {"gift": 9}


@pytest.mark.parametrize(
    ("gone", "due", "left"),
    [("early", "0.00 USD", {}), ("late", "-31.00 USD", {}), ("last", "0.00 USD", {"last": 40})],
)
def test_what_paid_for_its_own_time_comes_back(gone: str, due: str, left: dict[str, int]) -> None:
    """An outcome gives back what paid for the stretch in which it became billable: no gift turns into money."""
    held = ledger(
        {"id": "first", "amount": 31, "expiry": "2025-01-11"}, {"id": "last", "amount": 40, "effective": "2025-01-21"}
    )
    wins = [told("01-05", "early"), told("01-15", "late"), told("01-25", "last")]
    first, second = chain(plan(), held, (JANUARY, wins), (FEBRUARY, [told("02-05", gone, "undo")]))
    assert (str(first.due), str(second.due)) == ("31.00 USD", due)
    assert column(second, "left") == {"last": 9} | left
    assert column(second, "voided") == ({"first": 31} if gone == "early" else {})


@pytest.mark.parametrize(
    ("cost", "column_", "refunds"),
    [(None, "voided", ()), ("15.5", "refunded", (Due(Decimal("4.805"), Currency.of("USD")),))],
)
def test_what_comes_back_to_a_lot_that_is_over(cost: str | None, column_: str, refunds: tuple[Due, ...]) -> None:
    """It is void where nobody paid for it, else money due for what it cost, beside the due of the statement."""
    grant = {**GIFT, "expiry": "2025-02-01"} | ({} if cost is None else {"cost": cost})
    _, second = chain(plan(), ledger(grant), (JANUARY, [told("01-05", "a")]), (FEBRUARY, [told("02-05", "a", "undo")]))
    assert (str(second.due), second.refunds) == ("0.00 USD", refunds)
    assert column(second, column_) == {"gift": 31}
    told_ = "void" if cost is None else "money due for what it cost"
    assert second.line("gift").steps[0].parts[0].parts[0].note.endswith(told_)
    assert ("owed back for credits: 4.805 USD" in second.explain()) == bool(refunds)


@pytest.mark.parametrize(("grant", "column_"), [({}, "voided"), ({"cost": "50"}, "refunded")])
def test_what_no_usage_takes_until_the_lot_is_over(grant: dict[str, Any], column_: str) -> None:
    """What comes back while the lot lives can pay in it; what is left when the statement is booked is lost, or due."""
    held = ledger({**GIFT, **grant, "amount": 31, "expiry": "2025-02-20"})
    undo = told("02-05", "a", "undo")
    _, used = chain(plan(), held, (JANUARY, [told("01-05", "a")]), (FEBRUARY, [undo, calls("02-10", 20)]))
    assert str(used.due) == "0.00 USD"
    assert column(used, "spent") == {"gift": 20}
    assert column(used, column_) == {"gift": 11}
    _, late = chain(plan(), held, (JANUARY, [told("01-05", "a")]), (FEBRUARY, [undo, calls("02-21", 20)]))
    assert str(late.due) == "20.00 USD"
    assert column(late, column_) == {"gift": 31}


def test_rollover_lives_on() -> None:
    """What comes back to a lot that is still to roll over rolls over with the rest."""
    held = ledger({**GIFT, "amount": 31, "expiry": "2025-02-20", "rollover": {"times": 1}})
    undo = [told("02-05", "a", "undo"), calls("02-21", 20)]
    _, second = chain(plan(), held, (JANUARY, [told("01-05", "a")]), (FEBRUARY, undo))
    assert str(second.due) == "0.00 USD"
    assert sorted(column(second, "left").values()) == [11]


def test_the_statement_can_draw_on_what_comes_back() -> None:
    """Credits that come back pay for the charges of the same statement, which the reversal no longer lowers."""
    held = ledger({**GIFT, "amount": 31})
    undo = [told("02-05", "a", "undo"), calls("02-10", 20)]
    _, second = chain(plan(), held, (JANUARY, [told("01-05", "a")]), (FEBRUARY, undo))
    assert [(line.key[:14], str(line.amount)) for line in second.lines_by("credits")] == [
        ("[credits]gift[", "31.00 USD"), ("[credits]gift@", "-20.00 USD")
    ]  # fmt: skip
    assert (str(second.total), str(second.due), column(second, "left")) == ("-11.00 USD", "0.00 USD", {"gift": 11})


def test_several_statements_give_back_no_more_than_was_drawn() -> None:
    """Reversals in several periods give back money until what nobody paid is used up, then credits, to the last."""
    wins = [told("01-05", who) for who in "abc"]
    months = [
        (month, [told(f"0{month.start.month}-05", who, "undo")]) for month, who in [(FEBRUARY, "a"), (MARCH, "c")]
    ]
    last = (Period.month(2025, 4), [told("04-05", "b", "undo")])
    found = chain(plan(), ledger({**GIFT, "amount": 40}), (JANUARY, wins), *months, last)
    assert [str(each.due) for each in found] == ["53.00 USD", "-31.00 USD", "-22.00 USD", "0.00 USD"]
    assert [column(each, "left").get("gift", 0) for each in found] == [0, 0, 9, 40]
    assert [column(each, "spent").get("gift", 0) for each in found] == [40, 40, 31, 0]


def test_a_withdrawn_reversal_is_paid_once_more() -> None:
    """A statement made again without its reversal takes back what it gave back, and gives it again with it."""
    offer, wins, undo = plan(), [told("01-05", "a"), told("01-06", "b")], [told("02-05", "a", "undo")]
    first, second = chain(offer, ledger({**GIFT, "amount": 40}), (JANUARY, wins), (FEBRUARY, undo))
    without = bill(offer, FEBRUARY, [], second.ledger, first.carry)
    assert (str(without.due), column(without, "left")) == ("0.00 USD", {})
    assert bill(offer, FEBRUARY, [], without.ledger, first.carry).entries == ()
    again = bill(offer, FEBRUARY, undo, without.ledger, first.carry)
    assert (again.lines, column(again, "left")) == (second.lines, {"gift": 9})
    both = bill(offer, FEBRUARY, [*undo, told("02-06", "b", "undo")], again.ledger, first.carry)
    assert (str(both.due), column(both, "left")) == ("-22.00 USD", {"gift": 40})


def test_a_withdrawn_reversal_whose_credits_were_used() -> None:
    """Where the statement has drawn what came back, its own charges lose it, and nothing moves in the lot."""
    offer, undo = plan(), [told("02-05", "a", "undo"), calls("02-10", 20)]
    first, second = chain(offer, ledger({**GIFT, "amount": 31}), (JANUARY, [told("01-05", "a")]), (FEBRUARY, undo))
    without = bill(offer, FEBRUARY, undo[1:], second.ledger, first.carry)
    assert (str(second.due), str(without.due)) == ("0.00 USD", "20.00 USD")
    assert column(without, "spent") == {"gift": 31}


def test_a_withdrawn_reversal_of_what_is_void() -> None:
    """What was void stays so: without the reversal there is nothing left to take back."""
    offer, held = plan(), ledger({**GIFT, "amount": 31, "expiry": "2025-02-01"})
    wins, undo = [told("01-05", "a")], [told("02-05", "a", "undo")]
    first, second = chain(offer, held, (JANUARY, wins), (FEBRUARY, undo))
    without = bill(offer, FEBRUARY, [], second.ledger, first.carry)
    assert (str(without.due), without.entries, column(without, "voided")) == ("0.00 USD", (), {"gift": 31})


def test_the_period_before_stays_as_it_is() -> None:
    """Rated again after a later statement gave credits back, it draws what it drew, and posts what is new alone."""
    offer, wins = plan(), [told("01-05", "a")]
    first, second = chain(
        offer, ledger({**GIFT, "amount": 60}), (JANUARY, wins), (FEBRUARY, [told("02-05", "a", "undo")])
    )
    acme = offer.subscribe("acme", start="2025-01-01")
    same = rerate(first, offer, acme, wins, ledger=second.ledger)
    assert (same.lines, same.entries) == ((), ())
    more = rerate(first, offer, acme, [*wins, calls("01-09", 20)], ledger=second.ledger)
    assert (str(more.due), column(more.corrected, "spent")) == ("0.00 USD", {"gift": 20})
    gone = rerate(first, offer, acme, wins, without=["a won"], ledger=second.ledger)
    assert (str(gone.due), gone.entries) == ("0.00 USD", ())


def test_interim_statements_give_back_too() -> None:
    """An outcome that an interim statement billed, and the rest of its period takes off, gives its credits back."""
    early, late = Period("2025-01-01", "2025-01-16"), Period("2025-01-16", "2025-02-01")
    _, second = chain(plan(), ledger(GIFT), (early, [told("01-05", "a")]), (late, [told("01-20", "a", "undo")]))
    (line,) = second.lines_by("credits")
    assert (str(second.due), str(line.amount), line.shares[0][0]) == (
        "0.00 USD", "31.00 USD", "won@2025-01-16T00:00:00Z"
    )  # fmt: skip
    assert column(second, "left") == {"gift": 100}


def test_interims_give_back_by_card() -> None:
    """Where the card changed inside the period, each card's line gives back its own outcomes."""
    later = plan({"fee": "20"}).cards[0].model_copy(update={"effective": date(2025, 1, 9)})
    offer = plan().with_card(later)
    early, late = Period("2025-01-01", "2025-01-16"), Period("2025-01-16", "2025-02-01")
    wins = [told("01-05", "a"), told("01-12", "b")]
    _, second = chain(
        offer, ledger(GIFT), (early, wins), (late, [told("01-20", "a", "undo"), told("01-21", "b", "undo")])
    )
    assert (str(second.due), column(second, "left")) == ("0.00 USD", {"gift": 100})
    (line,) = second.lines_by("credits")
    assert [str(amount) for _, amount in line.shares] == ["31.00", "20.00"]


def test_a_guarantee_gives_back_the_last_drawn_first() -> None:
    """What a guarantee takes off without a reversal comes back of all draws of the item, the last first."""
    price = {"fee": "10", "guarantees": [{"below": "0.7", "credit": "0.5"}]}
    early, late = Period("2025-01-01", "2025-01-16"), Period("2025-01-16", "2025-02-01")
    held = ledger({**GIFT, "amount": 15, "expiry": "2025-01-11"}, {"id": "next", "amount": 10})
    wins = [told("01-05", "a"), told("01-12", "b")]
    first, second = chain(plan(price), held, (early, wins), (late, [told("01-20", "c", "lost"), calls("01-20", 1)]))
    assert (str(first.due), column(first, "spent")) == ("0.00 USD", {"gift": 10, "next": 10})
    assert (str(second.due), column(second, "spent")) == ("0.00 USD", {"gift": 10, "next": 1})


def test_shares_of_value_give_back_their_own() -> None:
    """By value, several reversals share what comes back by what each was worth."""
    held = ledger(
        {**GIFT, "amount": 20, "expiry": "2025-01-11"}, {"id": "next", "amount": 50, "effective": "2025-01-11"}
    )
    wins = [told("01-05", "a", worth=100), told("01-15", "b", worth=200), told("01-16", "c", worth=50)]
    undo = [told("02-05", "a", "undo"), told("02-06", "b", "undo")]
    _, second = chain(plan({"rate": "0.1"}), held, (JANUARY, wins), (FEBRUARY, undo))
    assert (str(second.due), column(second, "voided"), column(second, "left")) == (
        "0.00 USD", {"gift": 10}, {"gift": 10, "next": 45}
    )  # fmt: skip


def test_a_trial_is_given_nothing_back() -> None:
    """Of two reversals the one that was free in a trial gives back nothing, the other all of its own."""
    offer = plan(phases=[{"key": "trial", "every": 10, "unit": "day", "trial": True}, {"key": "paid"}])
    held = ledger({**GIFT, "expiry": "2025-01-21"}, {"id": "next", "amount": 50, "effective": "2025-01-21"})
    wins = [told("01-05", "a"), told("01-25", "b")]
    undo = [told("02-05", "a", "undo"), told("02-06", "b", "undo")]
    _, second = chain(offer, held, (JANUARY, wins), (FEBRUARY, undo))
    assert (str(second.due), column(second, "left"), column(second, "voided")) == (
        "0.00 USD", {"gift": 100, "next": 50}, {}
    )  # fmt: skip


def test_taxes_come_back_with_it() -> None:
    """The taxes on a reversal come back to the lots as they had paid them."""
    offer = plan(taxes=[{"key": "vat", "rate": "0.2"}])
    _, second = chain(offer, ledger(GIFT), (JANUARY, [told("01-05", "a")]), (FEBRUARY, [told("02-05", "a", "undo")]))
    assert (str(second.total), str(second.due), column(second, "left")) == ("-37.20 USD", "0.00 USD", {"gift": 100})


OFF = {"key": "off", "discount": {"kind": "amount", "amount": "10"}}


def test_what_a_discount_had_lowered() -> None:
    """A coupon had lowered what the lots paid: as much comes back to them, and nothing in money, which nobody paid."""
    offer = plan(coupons=[OFF])
    acme = offer.subscribe("acme", start="2025-01-01", coupons=["off"])
    held = ledger({"id": "early", "amount": 90, "expiry": "2025-01-10"}, {**GIFT, "effective": "2025-01-10"})
    found = []
    for wins in ([told("01-05", "a"), told("01-25", "b")], [told("01-05", "a")]):
        first = rate(offer, acme, wins, JANUARY, ledger=held)
        undo = [told("02-05", "a", "undo")]
        second = rate(offer, acme, undo, FEBRUARY, ledger=first.ledger, carry=first.carry)
        assert second.verify()
        found.append((str(second.due), column(first, "spent"), column(second, "voided"), column(second, "spent")))
    assert found == [
        ("0.00 USD", {"early": 26, "gift": 26}, {"early": 26}, {"gift": 26}),
        ("0.00 USD", {"early": 21}, {"early": 21}, {}),
    ]


def test_a_fee_by_success_gives_back_no_more_money_than_was_paid() -> None:
    """Where one reversal lowers the fee of all, money comes back as far as it was paid, then credits."""
    price = {"fees": [{"at_least": 0, "fee": 5}, {"at_least": "0.9", "fee": 20}]}
    held = ledger({**GIFT, "expiry": "2025-01-11"})
    wins = [told("01-05", who) for who in "abcde"]
    first, second = chain(
        plan(price), held, (JANUARY, [*wins, told("01-20", "f")]), (FEBRUARY, [told("02-05", "f", "undo")])
    )
    assert (str(first.due), str(second.total)) == ("20.00 USD", "-95.00 USD")
    assert (str(second.due), column(second, "voided")) == ("-20.00 USD", {"gift": 75})


def test_long_names_fit_the_id_of_a_return() -> None:
    """The id of what comes back is cut where a lot has a long name, and found again."""
    name = "x" * 399
    _, second = chain(
        plan(), ledger({**GIFT, "id": name}), (JANUARY, [told("01-05", "a")]), (FEBRUARY, [told("02-05", "a", "undo")])
    )
    assert column(second, "left") == {name: 100}


def test_what_it_drew_itself_is_forgotten() -> None:
    """A statement made again when its own draws are no longer remembered leaves them alone."""
    first = bill(plan(), JANUARY, [told("01-05", "a")], ledger(GIFT, policy=Policy(horizon_days=20)))
    assert first.ledger is not None
    later, _ = first.ledger.draw(first.subtotal, at="2025-04-01T00:00:00Z", id="other")
    assert bill(plan(), JANUARY, [], later).entries == ()


def test_only_its_own_draws_come_back() -> None:
    """On a ledger that customers share, and beside other items, a reversal gives back what paid for it alone."""
    offer, held = plan(), ledger(GIFT)
    bo = offer.subscribe("bo", start="2025-01-01")
    theirs = rate(offer, bo, [told("01-05", "a")], JANUARY, ledger=held)
    assert theirs.ledger is not None
    wins = [told("01-20", "a"), calls("01-25", 69)]
    first, second = chain(offer, theirs.ledger, (JANUARY, wins), (FEBRUARY, [told("02-05", "a", "undo")]))
    assert (str(first.due), column(first, "spent"), str(second.due)) == ("31.00 USD", {"gift": 100}, "0.00 USD")
    assert column(second, "spent") == {"gift": 69}
    assert second.ledger is not None
    draw = second.ledger.standing(theirs.entries[0].id)
    assert draw is not None
    assert draw.covered == theirs.total


def test_settlement_looks_at_the_item_alone() -> None:
    """Where lots pay at the settling instant nothing is cut, and a reversal finds the one draw there is."""
    held = ledger({**GIFT, "effective": "2025-01-10"}, policy=Policy(lot_time="settlement"))
    first, second = chain(plan(), held, (JANUARY, [told("01-05", "a")]), (FEBRUARY, [told("02-05", "a", "undo")]))
    assert (str(first.due), str(second.due), column(second, "left")) == ("0.00 USD", "0.00 USD", {"gift": 100})


def test_what_is_forgotten_is_money() -> None:
    """A draw older than ids are remembered cannot come back; its reversal is money due."""
    held = ledger(GIFT, policy=Policy(horizon_days=20))
    first = bill(plan(), JANUARY, [told("01-05", "a")], held)
    assert first.ledger is not None
    later, _ = first.ledger.draw(first.subtotal, at="2025-04-01T00:00:00Z", id="other")
    second = bill(plan(), FEBRUARY, [], first.ledger, first.carry)
    third = bill(plan(), MARCH, [], first.ledger, second.carry)
    undo = bill(plan(), Period.month(2025, 4), [told("04-05", "a", "undo")], later, third.carry)
    assert str(undo.due) == "-31.00 USD"


def test_reversals_need_the_ledger_of_the_plan_s_credits() -> None:
    """Where credits of the plan may have paid for what is reversed, a statement without the ledger is refused."""
    grants = [{"kind": "recurring", "key": "g", "amount": "40"}]
    offer = plan(grants=grants)
    first = bill(offer, JANUARY, [told("01-05", "a")], None)
    undo = [told("02-05", "a", "undo")]
    with pytest.raises(MismatchError) as caught:
        bill(offer, FEBRUARY, undo, None, first.carry)
    assert caught.value.code == "ledger.missing"
    second = bill(offer, FEBRUARY, undo, first.ledger, first.carry)
    assert (str(second.due), column(second, "voided")) == ("0.00 USD", {"g/2025-01-01T00:00:00Z": 31})
    units = plan(
        units=[{"key": "c", "places": 0}], grants=[{**grants[0], "currency": "c"}],
    )  # fmt: skip
    first = bill(units, JANUARY, [told("01-05", "a")], None)
    assert str(bill(units, FEBRUARY, undo, None, first.carry).due) == "-31.00 USD"


def remade(issued: Statement, records: list[UsageRecord], held: Ledger | None, carry: Carry | None) -> Statement:
    """A statement made again, which proves itself and comes back from JSON as it was."""
    offer = plan()
    found = rerate(issued, offer, offer.subscribe("acme", start="2025-01-01"), records, ledger=held, carry=carry)
    assert found.verify()
    assert Statement.from_json(found.corrected.to_json()) == found.corrected
    return found.corrected


@pytest.mark.parametrize("later_first", [False, True])
def test_an_outcome_that_was_reversed_and_is_taken_out(later_first: bool) -> None:
    """Where both months are made again without it, credits come back once, whichever was made again before."""
    wins, undo = [told("01-05", "a"), told("01-06", "b")], [told("02-05", "a", "undo")]
    first, second = chain(plan(), ledger({**GIFT, "amount": 40}), (JANUARY, wins), (FEBRUARY, undo))
    held = second.ledger
    if later_first:
        held = remade(second, [], held, first.carry).ledger
    january = remade(first, wins[1:], held, None)
    assert january.carry is not None
    assert january.carry.returned
    february = remade(second, undo, january.ledger, Carry.from_json(january.carry.to_json()))
    assert (str(january.due), str(february.due), column(february, "left")) == ("0.00 USD", "0.00 USD", {"gift": 9})
    assert february.carry is not None
    assert february.carry.returned == {}


def test_what_came_back_to_a_lot_that_is_over_comes_back_once() -> None:
    """What was paid out for credits of a lot that is over is not paid out again when the outcome is taken out."""
    held = ledger({**GIFT, "amount": 40, "cost": "40", "expiry": "2025-02-01"})
    wins, undo = [told("01-05", "a"), told("01-06", "b")], [told("02-05", "b", "undo")]
    first, second = chain(plan(), held, (JANUARY, wins), (FEBRUARY, undo))
    january = remade(first, wins[:1], second.ledger, None)
    february = remade(second, undo, january.ledger, january.carry)
    assert (column(february, "spent"), column(february, "refunded")) == ({"gift": 31}, {"gift": 9})
    assert (january.refunds, february.refunds) == ((), ())
    assert (str(january.due), str(february.due)) == ("0.00 USD", "0.00 USD")


def test_what_came_back_and_was_used_stays_given_back() -> None:
    """A reversal that is withdrawn after its credits paid for something else is money to be paid."""
    held, undo = ledger({**GIFT, "amount": 31}), [told("02-05", "a", "undo")]
    _, second, third = chain(
        plan(), held, (JANUARY, [told("01-05", "a")]), (FEBRUARY, undo), (MARCH, [calls("03-10", 20)])
    )
    first = bill(plan(), JANUARY, [told("01-05", "a")], held)
    without = remade(second, [], third.ledger, first.carry)
    assert (str(without.due), column(without, "spent")) == ("20.00 USD", {"gift": 31})
    (line,) = without.lines_by("credits")
    assert line.key == "[credits]gift[kept=won]@2025-02-01T00:00:00Z"
    assert line.headline().startswith("back to credits: gift [kept=won]")
    again = remade(without, [], without.ledger, first.carry)
    assert (again.lines, again.due, again.entries) == (without.lines, without.due, ())


def test_what_came_back_is_told_in_money() -> None:
    """A carry that tells a fraction of money is refused."""
    wrong = Carry("acme", "p", "2025-02-01T00:00:00Z", returned={"draw": [[["gift"], "1/3"]]})
    with pytest.raises(MismatchError) as caught:
        bill(plan(), FEBRUARY, [], ledger(GIFT), wrong)
    assert caught.value.code == "carry.returned"
