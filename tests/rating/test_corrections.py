"""Statements that are made again: what each lot pays is compared in all, and only the difference comes back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratecard.credits import Drawn, Grant, Ledger, Negative, Policy, Refuse, Returned, Rollover
from ratecard.errors import LedgerError, NoPriceError
from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

NEW_YEAR, LATER = "2025-01-01T00:00:00Z", "2025-02-10T00:00:00Z"
JANUARY = Period.month(2025, 1)
MONTHLY = {"kind": "recurring", "key": "g", "amount": "10"}
ONE = {"model": "per_unit", "unit_price": "1"}


def plan(*, units: bool = False, **fields: Any) -> Plan:
    """Two items at one a unit, in money or in credits that cost 2 where nobody pays."""
    price = {"model": "credit", "unit": "c", "base": ONE, "overage": {**ONE, "unit_price": "2"}} if units else ONE
    return Plan.load({
        "key": "p", "units": [{"key": "c", "places": 0}],
        "meters": [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "ab"],
        "cards": [{"currency": "USD", "items": [{"key": key, "meter": key, "price": price} for key in "ab"]}],
        **fields,
    })  # fmt: skip


def used(*each: tuple[str, int, int]) -> list[UsageRecord]:
    """Usage of items at noon of days."""
    return [UsageRecord(event, f"2025-01-{day:02}T12:00:00Z", {"n": n}, id=f"{event}{day}") for event, day, n in each]


def ledger(*grants: dict[str, Any], unit: str = "USD", policy: Policy | None = None) -> Ledger:
    """Lots granted at the new year."""
    found = Ledger(policy)
    for each in grants:
        places = {"places": 0} if unit == "c" else {}
        found = found.grant(Grant.model_validate({"currency": unit, **places, **each}), at=NEW_YEAR)
    return found


def bill(offer: Plan, records: list[UsageRecord], held: Ledger | None = None, customer: str = "acme") -> Statement:
    """The statement, which proves itself."""
    found = rate(offer, offer.subscribe(customer, start="2025-01-01"), records, JANUARY, ledger=held)
    assert found.verify()
    return found


def kept(found: Statement) -> Ledger:
    """The ledger with a statement posted to it."""
    assert found.ledger is not None
    return found.ledger


def column(held: Ledger, name: str) -> dict[str, Decimal]:
    """By lot what is in a column."""
    return {each.lot.id: getattr(each, name) for each in held.lots() if getattr(each, name)}


def test_a_gift_in_the_past_lowers_what_is_due() -> None:
    """A gift that cuts a line anew pays beside the monthly grant, which is over when it is booked."""
    offer = plan(grants=[{**MONTHLY, "amount": "30"}])
    acme = offer.subscribe("acme", start="2025-01-01")
    every = used(*(("a", day, 10) for day in (3, 10, 20, 25)))
    issued = bill(offer, every)
    gift = Grant(id="new", amount=5, currency="USD", effective="2025-01-15")
    held = kept(issued).grant(gift, at="2025-02-05T00:00:00Z")
    assert (str(issued.due), str(bill(offer, every, held).due)) == ("10.00 USD", "5.00 USD")
    found = rerate(issued, offer, acme, every, ledger=held, at=LATER)
    assert (str(found.due), found.refunds) == ("-5.00 USD", ())
    assert column(held.post(found.entries), "spent") == {"g/2025-01-01T00:00:00Z": 30, "new": 5}


@pytest.mark.parametrize("units", [False, True])
@pytest.mark.parametrize("ended", [False, True])
def test_usage_under_another_item_costs_nothing(units: bool, ended: bool) -> None:
    """A record moved to another item is paid by the same lot, though it is over, and nothing is posted."""
    offer = plan(units=units, grants=[{**MONTHLY, **({"currency": "c"} if units else {})}])
    acme, issued = offer.subscribe("acme", start="2025-01-01"), bill(offer, used(("a", 5, 10)))
    held = kept(issued).expire("2025-02-01T00:00:00Z") if ended else kept(issued)
    found = rerate(issued, offer, acme, used(("b", 5, 10)), ledger=held, at=LATER)
    assert (found.due.amount, found.corrected.due.amount, found.entries) == (0, 0, ())
    assert found.verify()


def test_usage_on_another_day_stays_paid() -> None:
    """So is one that is moved across the edge of another lot."""
    offer = plan(grants=[MONTHLY])
    held = ledger({"id": "x", "amount": 1, "effective": "2025-01-15", "expiry": "2025-01-20"})
    issued = bill(offer, used(("a", 5, 10)), held)
    again = bill(offer, used(("a", 25, 10)), kept(issued))
    assert (again.due.amount, again.entries) == (0, ())


def test_a_minimum_takes_what_usage_leaves() -> None:
    """Credits that usage gives back pay for the floor, as on a fresh statement."""
    offer = plan(grants=[{**MONTHLY, "amount": "20"}], minimum={"amount": "25"})
    issued = bill(offer, used(("a", 5, 20)))
    found = rerate(issued, offer, offer.subscribe("acme", start="2025-01-01"), [], ledger=kept(issued), at=LATER)
    assert (str(issued.due), str(found.due)) == ("5.00 USD", "0.00 USD")


def test_a_paid_pack_is_refunded_for_the_excess_alone() -> None:
    """Of a pack that was paid for and is over, what the statement still needs stays drawn; the rest is money due."""
    offer = plan()
    held = ledger({"id": "pack", "amount": 10, "cost": "8", "expiry": "2025-02-01"})
    acme, issued = offer.subscribe("acme", start="2025-01-01"), bill(offer, used(("a", 5, 10)), held)
    same = rerate(issued, offer, acme, used(("b", 5, 10)), ledger=kept(issued), at=LATER)
    less = rerate(issued, offer, acme, used(("b", 5, 5)), ledger=kept(issued), at=LATER)
    assert (same.due.amount, same.refunds, less.due.amount) == (0, (), 0)
    assert [each.amount for each in less.refunds] == [4]
    assert column(kept(less.corrected), "refunded") == {"pack": 5}


def test_a_full_statement_after_one_of_a_part() -> None:
    """Credits that an early statement drew for late usage are given to earlier usage where another lot pays later."""
    offer, held = plan(grants=[MONTHLY]), ledger({"id": "x", "amount": 10, "effective": "2025-01-15"})
    early, late = used(("a", 5, 10)), used(("b", 20, 10))
    after = kept(bill(offer, late, held))
    again = bill(offer, [*early, *late], after)
    assert (again.due.amount, bill(offer, [*early, *late], held).due.amount) == (0, 0)
    assert [type(each) for each in again.entries] == [Drawn]


def test_the_lot_that_is_not_needed_comes_back() -> None:
    """What comes back is of the lot that is too much, also where another was drawn after it."""
    offer = plan()
    held = ledger(
        {"id": "soon", "amount": 10, "expiry": "2025-02-01", "scope": {"items": ["a"]}}, {"id": "open", "amount": 9}
    )
    issued = bill(offer, used(("a", 5, 12)), held)
    again = bill(offer, used(("a", 5, 2), ("b", 5, 2)), kept(issued))
    [back] = again.entries
    assert isinstance(back, Returned)
    assert (back.parts, again.due.amount) == ((("soon", 8),), 0)
    assert column(kept(again), "spent") == {"soon": 2, "open": 2}


def test_what_comes_back_still_rolls_over() -> None:
    """Before a lot has rolled over, what comes back of it lives on with the rest; after that it is void."""
    offer, terms = plan(), {"id": "r", "amount": 30, "rollover": {}}
    for expiry, left, void in (("2025-02-01", 26, 0), ("2025-01-15", 0, 6)):
        early = bill(offer, used(("a", 5, 10)), ledger({**terms, "expiry": expiry}))
        again = kept(bill(offer, used(("a", 5, 4)), kept(early)))
        assert (again.lot("r").left, again.lot("r").voided, again.lot("r").spent) == (left, void, 4)
        rolled = again.roll("2025-02-01T00:00:00Z")
        assert rolled.lot("r/rolled/1").left == 26 - void


def test_a_lot_of_the_past_that_rolls_over() -> None:
    """One that is granted afterwards, and ended inside the month, rolls over where what rolled of it is to pay."""
    offer = plan()
    first = bill(offer, used(("a", 5, 4), ("b", 25, 7)), ledger({"id": "one", "amount": 1}))
    late = Grant(id="late", amount=10, currency="USD", expiry="2025-01-20", rollover=Rollover())
    held = kept(first).grant(late, at=NEW_YEAR)
    found = rerate(
        first, offer, offer.subscribe("acme", start="2025-01-01"), used(("a", 5, 4), ("b", 25, 7)), ledger=held
    )
    assert (str(first.due), str(found.due)) == ("10.00 USD", "-10.00 USD")
    assert column(kept(found.corrected), "spent") == {"one": 1, "late": 4, "late/rolled/1": 6}
    assert found.verify()
    assert held.post(found.entries) == kept(found.corrected)


def test_an_overdraft_that_is_too_much_comes_off() -> None:
    """What is owed is lowered with the usage, and what nobody paid; what was paid back is not owed anew."""
    offer = plan(units=True)
    policy = Policy(overage=Negative(limit="5", beyond="leave"))
    held = ledger({"id": "l", "amount": 10}, unit="c", policy=policy)
    issued = bill(offer, used(("a", 5, 18)), held)
    assert (issued.due.amount, kept(issued).owed("c").amount) == (6, 5)
    less = bill(offer, used(("a", 5, 12)), kept(issued))
    assert (less.due.amount, kept(less).owed("c").amount) == (0, 2)
    more = bill(offer, used(("a", 5, 14)), kept(less))
    assert (more.due.amount, kept(more).owed("c").amount) == (0, 4)
    paid = kept(more).grant(Grant(id="n", amount=9, currency="c", places=0), at=LATER)
    assert bill(offer, used(("a", 5, 14)), paid).entries == ()


def test_long_names() -> None:
    """However long the names of customers are, a statement knows its own draws, and no others."""
    offer, held = plan(), ledger({"id": "l", "amount": 10})
    one, two = "/" * 199 + "1", "/" * 199 + "2"
    after = kept(bill(offer, used(("a", 5, 4)), held, one))
    assert bill(offer, used(("a", 5, 4)), after, one).entries == ()
    assert str(bill(offer, used(("a", 5, 9)), after, two).due) == "3.00 USD"


def test_a_refusal_posts_nothing() -> None:
    """Where the credits that are there and those drawn before do not pay, the statement is refused."""
    offer, held = plan(units=True), ledger({"id": "l", "amount": 10}, unit="c", policy=Policy(overage=Refuse()))
    after = kept(bill(offer, used(("a", 5, 8)), held))
    assert bill(offer, used(("b", 5, 10)), after).due.amount == 0
    with pytest.raises(NoPriceError) as caught:
        bill(offer, used(("b", 5, 11)), after)
    assert caught.value.code == "credit.refused"


def test_draws_that_are_forgotten() -> None:
    """A draw that is older than ids are remembered is not taken back, and none so old is made."""
    policy = Policy(horizon_days=20)
    after = kept(bill(plan(), used(("a", 5, 8)), ledger({"id": "l", "amount": 10}, policy=policy)))
    late = after.grant(Grant(id="n", amount=5, currency="USD"), at="2025-06-01T00:00:00Z")
    with pytest.raises(LedgerError) as caught:
        bill(plan(), used(("a", 5, 8)), late)
    assert caught.value.code == "ledger.horizon"
