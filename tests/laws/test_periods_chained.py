"""Laws of periods billed one after the other: together they are one bill, however time is cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ratecard.periods import Period
from ratecard.plans import Carry, Plan, Subscription
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord
from tests import oracle
from tests.strategies import History, fraction, histories


def chained(
    plan: Plan,
    acme: Subscription,
    records: Sequence[UsageRecord],
    periods: Sequence[Period],
    *,
    all_records: bool = True,
) -> list[Statement]:
    """One statement after the other, the carry through JSON text in between."""
    found: list[Statement] = []
    carry: Carry | None = None
    for period in periods:
        fed = [each for each in records if all_records or period.contains(each.at)]
        found.append(rate(plan, acme, fed, period, carry=carry))
        assert found[-1].carry is not None
        carry = Carry.from_json(json.loads(json.dumps(found[-1].carry.to_json())))
    return found


def told(statement: Statement) -> dict[object, tuple[Fraction, Fraction]]:
    """The lines of a statement as the second walk tells them; lines of nothing that cost nothing are left out."""
    found = {
        (line.item, tuple(value for _, value in line.group), line.period.start): (
            fraction(line.quantity),
            fraction(line.exact),
        )
        for line in statement.lines
    }
    return {key: value for key, value in found.items() if any(value)}


@given(histories(), st.booleans())
def test_chain_equals_the_second_walk(history: History, all_records: bool) -> None:
    """Every line of every period is what a naive walk over all records ever gives, and every bill verifies."""
    plan, acme, records, periods = history
    for period, statement in zip(periods, chained(plan, acme, records, periods, all_records=all_records), strict=True):
        wanted = {
            (line.item, line.group, line.start): (line.quantity, line.exact)
            for line in oracle.lines(plan, acme, records, period.start, period.end)
        }
        assert told(statement) == wanted
        for line in statement.lines:
            assert line.rounded == oracle.rounded(fraction(line.exact))
        assert statement.verify()
