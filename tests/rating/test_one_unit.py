"""A card in the unit of a price in credits: lots pay first what usage costs of it, then what the statement says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger, Negative, Policy
from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

NEW_YEAR = "2025-01-01T00:00:00Z"
JANUARY = Period.month(2025, 1)
ONE = {"model": "per_unit", "unit_price": "1"}


def plan(overage: str = "1", **fields: Any) -> Plan:
    """Usage at a credit each, by a menu (a) and by its price (b), on a card in credits."""
    menu = {"model": "credit", "unit": "cr", "base": ONE, "overage": {**ONE, "unit_price": overage}}
    items = [{"key": "a", "meter": "a", "price": menu}, {"key": "b", "meter": "b", "price": ONE}]
    return Plan.load({
        "key": "p", "units": [{"key": "cr", "places": 0}], "cards": [{"currency": "cr", "items": items}],
        "meters": [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "ab"], **fields,
    })  # fmt: skip


def ledger(*amounts: int, policy: Policy | None = None) -> Ledger:
    """Lots of credits, the first of which ends in the middle of the month."""
    found = Ledger(policy)
    for place, amount in enumerate(amounts):
        ends = None if place else "2025-01-15"
        grant = Grant(id=f"g{place}", amount=amount, currency="cr", places=0, expiry=ends)
        found = found.grant(grant, at=NEW_YEAR)
    return found


def used(*each: tuple[str, int, int]) -> list[UsageRecord]:
    """Usage of items at noon of days."""
    return [
        UsageRecord(event, f"2025-01-{day:02}T12:00:00Z", {"n": n}, id=f"{place}")
        for place, (event, day, n) in enumerate(each)
    ]


def bill(records: list[UsageRecord], held: Ledger, offer: Plan | None = None) -> Statement:
    """The statement, which proves itself."""
    offer = offer or plan()
    found = rate(offer, offer.subscribe("acme", start="2025-01-01"), records, JANUARY, ledger=held)
    assert found.verify()
    assert Statement.from_json(found.to_json()) == found
    assert found.ledger is not None
    assert held.post(found.entries) == found.ledger
    return found


def spent(found: Statement) -> list[Decimal]:
    """What was spent of each lot."""
    assert found.ledger is not None
    return [each.spent for each in found.ledger.lots()]


def test_credits_are_spent_once() -> None:
    """What lots paid of the menu they do not pay a second time: 5 are used, of 3 that are held."""
    held = Ledger().grant(Grant(id="g", amount=3, currency="cr", places=0), at=NEW_YEAR)
    found = bill(used(("a", 5, 5)), held)
    assert (str(found.due), spent(found)) == ("2 cr", [3])
    found = bill(used(("a", 5, 5)), held, plan("2"))
    assert (str(found.due), spent(found)) == ("4 cr", [3])


def test_a_balance_below_0() -> None:
    """What the menu overdraws stays overdrawn when it is made again with another use of money."""
    held = ledger(4, 3, policy=Policy(overage=Negative()))
    first = bill(used(("a", 5, 9), ("b", 6, 4)), held)
    assert (str(first.due), spent(first)) == ("4 cr", [4, 3])
    now = used(("a", 5, 5), ("b", 6, 4))
    found = rerate(first, plan(), plan().subscribe("acme", start="2025-01-01"), now)
    right = bill(now, held)
    assert (found.corrected.lines, spent(found.corrected)) == (right.lines, spent(right)) == (right.lines, [4, 3])
    assert found.corrected.ledger is not None
    assert not found.corrected.ledger.owed("cr").amount
    back = rerate(found.corrected, plan(), plan().subscribe("acme", start="2025-01-01"), used(("a", 5, 9), ("b", 6, 4)))
    assert (back.corrected.lines, back.corrected.due) == (first.lines, first.due)


def test_both_pay_for_one_line() -> None:
    """One lot pays the menu, and another, which begins later, the menu and a fee; made again, nothing is posted."""
    held = ledger(3).grant(Grant(id="late", amount=9, currency="cr", places=0, effective="2025-01-20"), at=NEW_YEAR)
    fee = {"key": "fee", "price": {"model": "flat", "amount": "2"}, "bill": "arrears"}
    offer = plan()
    told = offer.model_dump(mode="json", exclude_unset=True)
    told["cards"][0]["items"].append(fee)
    found = bill(used(("a", 5, 5), ("a", 25, 4)), held, Plan.load(told))
    assert (str(found.due), spent(found)) == ("3 cr", [3, 5])
    again = bill(used(("a", 5, 5), ("a", 25, 4)), found.ledger or held, Plan.load(told))
    assert (again.entries, again.lines, again.due) == ((), found.lines, found.due)


def test_an_order_in_which_money_is_not_drawn_any_more() -> None:
    """A statement made again by an order without the stage gives back what money drew, and keeps what the menu did."""
    first = bill(used(("a", 5, 5), ("b", 6, 4)), ledger(4, 3))
    assert (str(first.due), spent(first)) == ("2 cr", [4, 3])
    dry = plan(order={"statement": ["subtotal", "total", "due"]})
    again = bill(used(("a", 5, 6), ("b", 6, 4)), first.ledger or ledger(), dry)
    assert (str(again.due), spent(again)) == ("4 cr", [4, 2])


USES = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 28), st.integers(1, 9)), max_size=4)


@given(USES, USES, st.integers(1, 9), st.integers(1, 9))
@example([("a", 5, 3), ("b", 6, 5)], [("a", 5, 8), ("b", 6, 5)], 9, 1)
@example([("b", 6, 5)], [("a", 7, 5)], 5, 1)
def test_made_again(first: Any, now: Any, some: int, more: int) -> None:
    """Made again, it comes to what a fresh one does, to the lot; as it was, it posts nothing."""
    offer, held = plan(), ledger(some, more)
    acme = offer.subscribe("acme", start="2025-01-01")
    issued = bill(used(*first), held)
    same = rerate(issued, offer, acme, used(*first), at="2025-01-10T00:00:00Z")
    assert (same.entries, same.lines, same.corrected.lines) == ((), (), issued.lines)
    found = rerate(issued, offer, acme, used(*now), at="2025-01-10T00:00:00Z")
    right = bill(used(*now), held)
    assert found.verify()
    assert (found.corrected.lines, found.corrected.due) == (right.lines, right.due)
    assert spent(found.corrected) == spent(right)
