"""
Random lives of outcomes, as many as one likes: `python -m tests.deep.outcomes 1000 [seed]`.

A step is one statement. Each is held against an oracle that walks hour by hour: what it books in all, how many outcomes
are undecided at its end, that the statement verifies, and that it comes back from JSON as it was. Records arrive in any
order, in any batches, some twice; the carry goes through JSON; some records are late, and the closed statement is rated
again.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from ratecard import Plan, UsageRecord, charge, measure, resolve, settle
from ratecard.credits import Grant, Ledger
from ratecard.plans import Carry, Subscription
from ratecard.rating import LineItem, Statement, rerate
from tests import outcomes
from tests.outcomes import MONTHS, World
from tests.strategies import fraction


def billed(
    plan: Plan, acme: Subscription, records: Sequence[UsageRecord], hours: tuple[int, int], carry: Carry | None,
    dice: random.Random, *, ledger: Ledger | None = None,
) -> Statement:  # fmt: skip
    """A statement of records in any order, measured in two parts, some of them twice."""
    terms = resolve(plan, acme, outcomes.span(*hours), carry=carry, ledger=ledger)
    shuffled = [*records]
    dice.shuffle(shuffled)
    cut = dice.randint(0, len(shuffled))
    parts = [some + some[: dice.randint(0, 2)] for some in (shuffled[:cut], shuffled[cut:])]
    return settle(charge(terms, measure(terms, parts[0]) + measure(terms, parts[1])))


def priced(statement: Statement) -> list[LineItem]:
    """The lines that are not of credits."""
    return [line for line in statement.lines if line.kind != "credits"]


def booked(statement: Statement) -> Fraction:
    """What a statement books, exact."""
    return sum((fraction(line.exact) for line in priced(statement)), Fraction(0))


def gifts(dice: random.Random) -> Ledger:
    """A ledger of some lots of money, given or sold, some of them for a time."""
    found = Ledger()
    for index in range(dice.randint(1, 4)):
        effective = 24 * dice.randrange(MONTHS[-1] // 24)
        expiry = dice.choice([None, effective + 24 * dice.randint(1, 60)])
        grant = Grant(
            id=f"l{index}", amount=dice.randint(1, 60), currency="USD", effective=outcomes.at(effective),
            expiry=None if expiry is None else outcomes.at(expiry), cost=dice.choice([None, "1"]),
        )  # fmt: skip
        found = found.grant(grant, at=outcomes.FIRST)
    return found


class Purse:
    """The gifts of one life, and what was due in it so far."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.due = Fraction(0)
        self.lines = 0
        self.paid: dict[str, Fraction] = {}

    def take(self, found: Statement, again: Statement) -> None:
        """Hold a statement, and the same made again, against the lots."""
        assert found.ledger is not None and self.ledger.post(found.entries) == found.ledger
        assert (again.lines, again.due, again.entries) == (found.lines, found.due, ())
        self.ledger = found.ledger
        self.due += Fraction(found.due.amount)
        self.lines += len(found.lines)
        for line in found.lines_by("credits"):
            self.paid[line.item] = self.paid.get(line.item, Fraction(0)) - Fraction(line.amount.amount)
        for held in self.ledger.lots():
            assert sum(held.amounts) == held.lot.amount and min(held.amounts) >= 0
            assert Fraction(held.spent) == self.paid.get(held.lot.id, 0)
        # Each line may have been rounded by half a cent: no more than that comes back in money without being paid.
        assert self.due >= -Fraction(self.lines, 200), self.due


def check(world: World, hours: tuple[int, int], found: Statement) -> None:
    """Hold one statement against the oracle."""
    start, end = hours
    now, then = outcomes.counted(world, end), outcomes.counted(world, start)
    expected = sum((amount for amount, _ in now), Fraction(0)) - sum((amount for amount, _ in then), Fraction(0))
    count = sum(count for _, count in now) - sum(count for _, count in then)
    assert booked(found) == expected, (booked(found), expected)
    assert sum((fraction(line.quantity) for line in priced(found)), Fraction(0)) == count
    reversals = sum((fraction(line.exact) for line in found.lines_by("reversal")), Fraction(0))
    closed = [month for month in range(len(MONTHS) - 1) if MONTHS[month + 1] <= start]
    assert reversals == sum((now[month][0] - then[month][0] for month in closed), Fraction(0))
    results, _ = outcomes.walk(world, end)
    waiting = [each for each in results if each.billed is None and each.undone is None and each.told.hour >= start]
    assert found.account is not None and found.account.counts["pending"] == len(waiting)
    assert found.verify()
    assert Statement.from_json(json.loads(found.dumps())) == found


def live(
    world: World, cuts: Sequence[int], dice: random.Random, *, late: bool = False, held: Ledger | None = None
) -> int:
    """One life, statement by statement; how many there were."""
    plan, acme = world.plan(), world.acme()
    carry: Carry | None = None
    purse = None if held is None else Purse(held)
    for hours in pairwise(cuts):
        records = world.records(*hours)
        ledger = None if purse is None else purse.ledger
        found = billed(plan, acme, records, hours, carry, dice, ledger=ledger)
        if late and records:
            kept = [each for each in records if dice.random() < 0.7]
            issued = billed(plan, acme, kept, hours, carry, dice, ledger=ledger)
            corrected = rerate(issued, plan, acme, records, carry=carry)
            assert booked(corrected.corrected) == booked(found) and corrected.verify()
            if ledger is None or all(each.lot.expiry is None for each in ledger.lots()):
                assert corrected.corrected.lines == found.lines
            if purse is None:
                found = corrected.corrected
        check(world, hours, found)
        if purse is not None:
            purse.take(found, billed(plan, acme, records, hours, carry, dice, ledger=found.ledger))
        assert found.carry is not None
        carry = Carry.from_json(json.loads(json.dumps(found.carry.to_json())))
    return len(cuts) - 1


def cuts_of(dice: random.Random, world: World) -> list[int]:
    """Months as they are, or cut anywhere while the item is sold."""
    if world.end is not None or dice.random() < 0.5:
        return MONTHS
    return sorted({*MONTHS, *(dice.randrange(1, MONTHS[-1]) for _ in range(dice.randint(1, 6)))})


def main(steps: int, seed: int) -> int:
    """Live until so many steps are done; how many were."""
    done = lives = 0
    began = time.perf_counter()
    while done < steps:
        dice = random.Random(f"{seed}.{lives}")  # noqa: S311
        world = outcomes.draw(dice, ends=True)
        try:
            held = gifts(dice) if lives % 4 > 1 else None
            done += live(world, cuts_of(dice, world), dice, late=lives % 2 == 1, held=held)
        except Exception as error:
            raise AssertionError(f"life {seed}.{lives}: {world!r}") from error
        lives += 1
    took = time.perf_counter() - began
    print(f"{done} statements in {lives} lives, seed {seed}, {took:.0f} s: every one is its hours")
    return done


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
