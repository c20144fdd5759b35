"""What credits paid: lines, entries and what was paid before say one thing, or the statement does not verify."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ratecard.credits import Due
from ratecard.errors import MismatchError
from ratecard.money import Currency
from ratecard.plans import Plan
from ratecard.rating import Statement, rate
from tests.rating.test_corrections import bill, kept, ledger, plan, used
from tests.rating.test_give_back import FEBRUARY, GIFT, JANUARY, chain, told
from tests.rating.test_give_back import ledger as gifts
from tests.rating.test_give_back import plan as outcomes


def money() -> Statement:
    """Two lots of money pay for two items."""
    return bill(plan(), used(("a", 3, 8), ("b", 4, 9)), ledger({"id": "x", "amount": 10}, {"id": "y", "amount": 5}))


def units() -> Statement:
    """The same in units, the rest of which is overdrawn."""
    lots = ({"id": "x", "amount": 10}, {"id": "y", "amount": 5})
    offer = plan(units=True, burn={"overage": {"kind": "negative"}})
    return bill(offer, used(("a", 3, 8), ("b", 4, 9)), ledger(*lots, unit="c", policy=offer.burn))


def reversal() -> Statement:
    """A reversal gives back what a gift paid."""
    return chain(outcomes(), gifts(GIFT), (JANUARY, [told("01-05", "a")]), (FEBRUARY, [told("02-05", "a", "undo")]))[1]


def made_again() -> Statement:
    """A statement that draws more than it did before."""
    first = bill(plan(), used(("a", 3, 8)), ledger({"id": "x", "amount": 10}))
    return bill(plan(), used(("a", 3, 8), ("b", 4, 9)), kept(first))


def less(entry: dict[str, Any]) -> None:
    """Another amount that adds up again."""
    entry["amount"] = "3"
    entry["parts"] = [[entry["parts"][0][0], "3"]]
    entry["overdrawn"] = entry["uncovered"] = "0"


def returned(entry: dict[str, Any]) -> None:
    """More of what comes back."""
    entry["amount"] = "32"
    entry["freed"][0][1] = "32"


def lone(entry: dict[str, Any]) -> None:
    """An amount that does not add up."""
    entry["amount"] = "1"


def elsewhere(entry: dict[str, Any]) -> None:
    """Another lot."""
    entry["parts"][0][0] = "z"


@pytest.mark.parametrize(
    ("made", "tamper"),
    [(money, less), (money, lone), (money, elsewhere), (units, less), (units, elsewhere), (reversal, returned),
     (made_again, less)],
)  # fmt: skip
def test_tampered_entries_do_not_verify(
    made: Callable[[], Statement], tamper: Callable[[dict[str, Any]], None]
) -> None:
    """An entry with another amount or lot is not what the lines say."""
    found = made()
    assert found.verify()
    stored = json.loads(found.dumps())
    assert Statement.from_json(stored).verify()
    entry = next(each for each in stored["entries"] if each["kind"] in ("drawn", "returned"))
    tamper(entry)
    assert not Statement.from_json(stored).verify()


@pytest.mark.parametrize("made", [money, units, reversal, made_again])
def test_entries_that_are_gone_do_not_verify(made: Callable[[], Statement]) -> None:
    """Without its entries, or one of them, or with one twice, a statement is not the one that was made."""
    stored = json.loads(made().dumps())
    for entries in ([], stored["entries"][:-1], [*stored["entries"], stored["entries"][-1]]):
        assert not Statement.from_json({**stored, "entries": entries}).verify()


def test_what_was_paid_before_is_told() -> None:
    """A statement made again tells what had been paid before; a fresh one has nothing to tell."""
    fresh, again = money(), made_again()
    assert (fresh.paid_before, again.paid_before) == ({}, {("USD", "x"): 8})
    stored = json.loads(again.dumps())
    assert (stored["paid_before"], "paid_before" in fresh.to_json()) == ([["USD", "x", "8"]], False)
    assert Statement.from_json(stored) == again
    del stored["paid_before"]
    assert not Statement.from_json(stored).verify()
    same = bill(plan(), used(("a", 3, 8), ("b", 4, 9)), kept(again))
    assert (same.entries, same.paid_before) == ((), {("USD", "x"): 10})


@pytest.mark.parametrize("told_", [[["USD", "x", "8"], ["USD", "x", "1"]], [["USD", 1, "8"]], ["x"], [["USD", "x"]]])
def test_what_was_paid_before_is_read_with_care(told_: Any) -> None:
    """What is not told by unit and lot, each once, is refused."""
    with pytest.raises(MismatchError) as caught:
        Statement.from_json({**made_again().to_json(), "paid_before": told_})
    assert caught.value.code == "statement.form"


def test_shares_by_group_say_what_was_paid_once() -> None:
    """Where a line in credits is shown by group, each group says its share of what lots paid."""
    menu = {"model": "per_unit", "unit_price": "1"}
    price = {"model": "credit", "unit": "c", "base": menu, "overage": {**menu, "unit_price": "2"}}
    offer = Plan.load({
        "key": "p", "units": [{"key": "c", "places": 0}],
        "meters": [{"key": "a", "event": "a", "aggregate": {"kind": "sum", "of": "n"}}],
        "cards": [{"currency": "USD", "items": [{"key": "a", "meter": "a", "price": price, "split": ["n"]}]}],
    })  # fmt: skip
    found = bill(offer, used(("a", 3, 8), ("a", 4, 1), ("a", 5, 4)), ledger({"id": "x", "amount": 10}, unit="c"))
    assert (len(found.lines), found.paid_before) == (3, {})


def halves() -> Statement:
    """February, paid by the half of a cent and more that rolled over of January, and by its own lot."""
    offer = Plan.load({
        "key": "p", "cards": [{"currency": "USD", "items": [{"key": "x", "price": {"model": "flat", "amount": "10"}}]}],
        "grants": [{"kind": "recurring", "key": "g", "amount": "10.33", "rollover": {"fraction": "0.5"}}],
    })  # fmt: skip
    acme = offer.subscribe("acme", start="2025-01-01")
    january = rate(offer, acme, [], JANUARY)
    return rate(offer, acme, [], FEBRUARY, ledger=january.ledger, carry=january.carry)


def test_lots_finer_than_money_are_rounded_together() -> None:
    """What rolled over pays 0.165 and the lot of the month the rest: the lines add up, and nothing is due."""
    found = halves()
    assert [str(line.amount) for line in found.lines] == ["10.00 USD", "-0.17 USD", "-9.83 USD"]
    assert [str(line.exact) for line in found.lines_by("credits")] == ["-0.165", "-9.835"]
    assert (found.due.amount, found.verify()) == (0, True)
    assert "so that what credits pay adds up" in found.explain()


def test_lines_rounded_together_are_held_to_their_sum() -> None:
    """A line that says it was moved by more than that is told."""
    stored = json.loads(halves().dumps())
    assert Statement.from_json(stored).verify()
    line = stored["lines"][2]
    moved = line["steps"][-1]
    assert moved["rule"] == "sum"
    line["amount"] = moved["result"] = "-9.00"
    line["shares"][0][1] = "-9.00"
    change = moved["parts"][1]
    change["result"] = "0.84"
    change["inputs"] = {"value": "0.84"} if isinstance(change["inputs"], dict) else [["value", "0.84"]]
    stored["due"] = "0.83"
    forged = Statement.from_json(stored)
    assert all(each.verify() for each in forged.lines)
    assert not forged.verify()


def paid_back() -> Statement:
    """February of an outcome that a pack paid for, which is over: half a dollar for each is owed back."""
    pack = {**GIFT, "cost": "50", "expiry": "2025-02-01"}
    return chain(outcomes(), gifts(pack), (JANUARY, [told("01-05", "a")]), (FEBRUARY, [told("02-05", "a", "undo")]))[1]


def test_what_is_owed_back_follows_from_the_entries() -> None:
    """Money that no entry makes due does not verify; beside its ledger no other amount does."""
    found = paid_back()
    assert len(found.refunds) == 1
    assert (found.verify(), Statement.from_json(found.to_json()).verify()) == (True, True)
    for refunds in (
        (),
        (found.refunds[0]._replace(amount=Decimal(500)),),
        (*found.refunds, Due(Decimal(1), Currency.of("EUR"))),
    ):
        found.refunds = refunds
        assert not found.verify()
    forged = Statement.from_json({**json.loads(reversal().dumps()), "refunds": [["USD", 2, "500"]]})
    assert (forged.refunds[0].amount, forged.verify()) == (500, False)
