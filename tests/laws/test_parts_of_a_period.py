"""Laws of a billing period that is billed in parts: under any terms of the plan they add up to its one bill."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ratecard.periods import Period
from ratecard.rating import Statement, rate, rerate
from tests.parts import CASES, CHANGING, Case, summed, through


@given(CASES)
def test_parts_are_the_whole(case: Case) -> None:
    """However a billing period is cut: the statements of its parts come to its one bill, line by line."""
    parts, (whole,) = case.bills(case.parts), case.bills([case.whole])
    assert summed(*parts) == summed(whole)
    for each in parts:
        assert each.verify()
        assert Statement.from_json(each.to_json()).dumps() == each.dumps()
        assert all(not line.shares or sum(part for _, part in line.shares) == line.rounded for line in each.lines)


@given(CHANGING)
def test_parts_over_changes(case: Case) -> None:
    """So it is over changes of plan and of card, pauses and items beside the plan, known before or when they come."""
    parts, (whole,) = case.bills(case.parts), case.bills([case.whole])
    assert summed(*parts) == summed(whole)
    assert all(each.verify() for each in parts)


@given(CASES)
def test_the_next_period_does_not_know(case: Case) -> None:
    """What comes after a period is the same, whether it was billed in parts or not."""
    parts, (whole,) = case.bills(case.parts), case.bills([case.whole])
    assert parts[-1].carry is not None and whole.carry is not None
    assert parts[-1].carry.billed == {} == whole.carry.billed
    one, other = (case.bills([case.after], through(bill)) for bill in (whole, parts[-1]))
    assert one == other


@given(CASES, st.data())
def test_parts_corrected(case: Case, data: st.DataObject) -> None:
    """Late records are corrections of a part: what was issued plus the difference is the part as it is right now."""
    late = data.draw(st.integers(0, len(case.parts) - 1))
    carry = None
    for index, period in enumerate(case.parts):
        fed = [each for each in case.records if period.contains(each.at)]
        issued = rate(case.offer, case.holder(), fed[: len(fed) // 2] if index == late else fed, period, carry=carry)
        if index == late:
            found = rerate(issued, case.offer, case.holder(), fed, carry=carry)
            assert found.verify() and found.corrected == rate(case.offer, case.holder(), fed, period, carry=carry)
            assert issued.due + found.due == found.corrected.due
        carry = through(issued)


@given(CASES.filter(lambda case: case.whole.days == case.after.days), st.sets(st.integers(1, 30), max_size=3))
def test_any_cut_of_several_periods(case: Case, cuts: set[int]) -> None:
    """Also statements over the end of a billing period: all of them come to the bill of each period, but for taxes."""
    both = Period(case.whole.start, case.after.end)
    marks = [*(part.start for part in case.parts[1:]), *(case.after.start + timedelta(cut) for cut in sorted(cuts))]
    parts, wholes, one = (case.bills(some) for some in (both.split(*marks), [case.whole, case.after], [both]))
    assert without_tax(*parts) == without_tax(*wholes) == without_tax(*one)
    assert all(each.verify() for each in [*parts, *one])


def without_tax(*bills: Statement) -> dict[object, Decimal]:
    """What statements come to before taxes, each of which is rounded once a statement."""
    left = ("total", "due")
    return {
        name: amount for name, amount in summed(*bills).items()
        if name not in left and not (isinstance(name, tuple) and name[0] in ("tax", "included_tax"))
    }  # fmt: skip
