"""
What proves a line of outcomes, and what is told of records that did not count.
"""

from __future__ import annotations

import json
import pickle

import pytest

from ratecard import Item, Money, Plan, RateCard, estimate, prices
from ratecard.errors import MismatchError
from ratecard.rating import Evidence, Left, Proof, Statement
from tests.rating._wins import FEB, JAN, chain, item, meter, plan, reasons, told


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


def test_late_reversal_is_listed() -> None:
    """A reversal after its window changes nothing and is listed."""
    rules = {"reversal_hours": 24}
    _, february = chain(plan(rules=rules), [told("01-02", "won", "a"), told("02-02", "undo", "a")], JAN, FEB)
    assert reasons(february) == {"late": 1}
    assert february.due == Money("0.00", "USD")


def test_account_counts_a_record_once() -> None:
    """A record that is open for two meters is pending once; one that another meter counts is not unpriced."""
    both = [meter("wins", confirmation_hours=24), meter("more", confirmation_hours=48)]
    items = [item(), Item(key="more", meter="more", price=prices.Outcome(definition="More.", fee="1"))]
    held = Plan(key="p", meters=both, cards=[RateCard(currency="USD", items=items)])
    acme = held.subscribe("acme", start="2025-01-01", end="2025-01-31T18:00:00Z")
    (january,) = chain(held, [told("01-31T12:00:00Z", "won", "a"), told("01-31T20:00:00Z", "won", "b")], JAN, acme=acme)
    assert january.account is not None
    assert {fate: count for fate, count in january.account.counts.items() if count} == {"counted": 1, "pending": 1}


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
