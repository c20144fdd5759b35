"""
Laws of outcomes: arrival decides nothing, statements add up, and every one is what an oracle walks hour by hour.
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Period, measure, rate, resolve
from ratecard.credits import Grant, Ledger
from ratecard.meters import Outcomes
from tests import outcomes
from tests.deep.outcomes import booked, cuts_of, gifts, live
from tests.outcomes import MONTHS, World

seeds = st.integers(0, 10**6)


def world(seed: int, *, ends: bool = False) -> tuple[World, random.Random]:
    """A world of a seed, and its dice."""
    dice = random.Random(seed)  # noqa: S311
    return outcomes.draw(dice, ends=ends), dice


def rules(held: World) -> Outcomes:
    """What its meter aggregates."""
    found = held.plan().meters[0].aggregate
    assert isinstance(found, Outcomes)
    return found


@given(seeds, st.booleans())
def test_statements_are_the_oracle_s(seed: int, late: bool) -> None:
    """n periods chained by a carry through JSON book what an oracle over all records says, each and in all."""
    held, dice = world(seed, ends=True)
    live(held, cuts_of(dice, held), dice, late=late)


@given(seeds)
def test_billed_less_reversed_is_what_stands(seed: int) -> None:
    """Whatever came when, all statements together are the months at their final standing."""
    held, _ = world(seed)
    plan, acme, carry, whole = held.plan(), held.acme(), None, Fraction(0)
    for start, end in pairwise(MONTHS):
        found = rate(plan, acme, held.records(start, end), outcomes.span(start, end), carry=carry)
        whole, carry = whole + booked(found), found.carry
    assert whole == sum(outcomes.months(held, MONTHS[-1]))


@given(seeds)
def test_one_statement_is_its_interims(seed: int) -> None:
    """A month that is billed in parts comes to what it comes to billed at once, and counts as many."""
    held, dice = world(seed)
    plan, acme = held.plan(), held.acme()
    january = (0, MONTHS[1])
    whole = rate(plan, acme, held.records(*january), outcomes.span(*january))
    carry, parts = None, Fraction(0)
    for hours in pairwise(sorted({*january, dice.randrange(1, MONTHS[1])})):
        found = rate(plan, acme, held.records(*hours), outcomes.span(*hours), carry=carry)
        parts, carry = parts + booked(found), found.carry
    assert parts == booked(whole)


@given(seeds)
def test_arrival_decides_nothing(seed: int) -> None:
    """Any order, any split over machines and any copies give the same tally and the same judgement."""
    held, dice = world(seed)
    terms = resolve(held.plan(), held.acme(), Period(outcomes.FIRST, outcomes.at(MONTHS[-1])))
    records = held.records(0, MONTHS[-1])
    shuffled = [*records]
    dice.shuffle(shuffled)
    cut = dice.randint(0, len(records))
    one = measure(terms, records)
    two = measure(terms, shuffled[cut:] + shuffled[cut:]) + measure(terms, shuffled[:cut])
    assert one.dump()["cells"] == two.dump()["cells"]
    read = rules(held).read
    mine, theirs = (rules(held).judged(read(each) for each in some) for some in (records, shuffled))
    assert repr(mine) == repr(theirs)


@given(seeds)
def test_later_records_never_rewrite(seed: int) -> None:
    """What stands, is pending or undone at an instant is the same whether or not later records are known."""
    held, dice = world(seed)
    read, hour = rules(held).read, dice.randrange(MONTHS[-1])
    at = outcomes.at(hour)
    known, every = (
        rules(held).judged(read(each) for each in held.records(0, end)).results for end in (hour, MONTHS[-1])
    )

    def told(results: object) -> list[object]:
        return [
            (each.record, each.standing(at), each.pending(at), each.undone(at))
            for each in results  # type: ignore[attr-defined]
            if each.record.at < at
        ]

    assert told(known) == told(every)


@given(seeds)
def test_dump_and_load(seed: int) -> None:
    """A state comes back from plain data with the same judgement."""
    held, _ = world(seed)
    of = rules(held)
    state = [of.read(each) for each in held.records(0, MONTHS[-1])]
    assert of.load(of.dump(state)) == sorted(state)


@given(seeds, st.booleans())
def test_reversals_give_back_what_paid(seed: int, late: bool) -> None:
    """With gifts in play too: each lot has paid what stands, no gift turns into money, made again is made once."""
    held, dice = world(seed, ends=True)
    live(held, cuts_of(dice, held), dice, late=late, held=gifts(dice))


@given(seeds)
def test_billed_less_reversed_is_paid_by_gifts_first(seed: int) -> None:
    """A gift that lasts and is large enough pays for all that stands at last, to the cent, and money for nothing."""
    held, _ = world(seed)
    plan, acme, carry, booked_, due = held.plan(), held.acme(), None, Fraction(0), Fraction(0)
    ledger = Ledger().grant(Grant(id="gift", amount=10_000, currency="USD"), at=outcomes.FIRST)
    for start, end in pairwise(MONTHS):
        found = rate(plan, acme, held.records(start, end), outcomes.span(start, end), carry=carry, ledger=ledger)
        assert found.ledger is not None
        due += Fraction(found.due.amount)
        booked_ += Fraction(found.total.amount)
        carry, ledger = found.carry, found.ledger
    assert Fraction(ledger.lot("gift").spent) + due == booked_
    assert abs(due) <= Fraction(1, 20)
