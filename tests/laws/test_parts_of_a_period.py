"""Laws of a billing period that is billed in parts: under any terms of the plan they add up to its one bill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.periods import Period
from ratecard.plans import Carry, Order, Plan, Subscription
from ratecard.plans._order import PRESETS
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

ITEMS = ("fee", "use", "fall", "team")
CENTS = st.integers(0, 40_000).map(lambda cents: str(Decimal(cents).scaleb(-2)))
RATES = st.sampled_from(["0.05", "0.1", "0.333", "0.5", "1"])
SCOPE = st.lists(st.sampled_from(ITEMS), unique=True, max_size=3)


def off() -> st.SearchStrategy[dict[str, Any]]:
    """A discount of any kind in plain form, without its key."""
    tiers = st.builds(
        lambda bound, low, high: {"kind": "tiered", "tiers": [{"up_to": bound, "rate": low}, {"rate": high}]},
        st.integers(1, 300).map(str), RATES, RATES,
    )  # fmt: skip
    sums = st.builds(lambda amount: {"kind": "amount", "amount": amount}, CENTS)
    shares = st.builds(
        lambda rate, how, most: {"kind": "percent", "rate": rate, "stacking": how, "maximum": most},
        RATES, st.sampled_from(["chained", "added"]), st.none() | CENTS,
    )  # fmt: skip
    return st.builds(lambda told, items: {**told, "items": items}, st.one_of(tiers, sums, shares), SCOPE)


@st.composite
def terms_of(draw: st.DrawFn) -> dict[str, Any]:
    """All that a plan may state across its lines."""
    told: dict[str, Any] = {"order": Order.preset(draw(st.sampled_from(list(PRESETS)))).model_dump()}  # type: ignore[arg-type]
    told["discounts"] = [{**each, "key": f"d{index}"} for index, each in enumerate(draw(st.lists(off(), max_size=3)))]
    told["coupons"] = [
        {
            "key": f"c{index}", "discount": each, "stacks": draw(st.booleans()),
            "lasts": (lasts := draw(st.sampled_from(["once", "periods", "forever"]))),
            "periods": 2 if lasts == "periods" else None, "minimum_spend": draw(st.none() | CENTS),
        }
        for index, each in enumerate(draw(st.lists(off(), max_size=2)))
    ]  # fmt: skip
    told["commitments"] = [
        {
            "kind": draw(st.sampled_from(["prepaid", "postpaid"])), "key": f"p{index}", "amount": draw(CENTS),
            "items": draw(SCOPE), "priority": draw(st.integers(0, 2)), "overage": draw(st.sampled_from(["1", "1.5"])),
            "cadence": draw(st.sampled_from([None, {"every": 4, "unit": "month", "anchor": "2025-03-01"}])),
        }
        for index in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    if draw(st.booleans()):
        told["minimum"] = {"amount": draw(CENTS)}
    if draw(st.booleans()):
        # A floor above the ceiling is refused.
        floors = [told.get("minimum", {"amount": "0"}), *told["commitments"]]
        told["maximum"] = {"amount": str(max(Decimal(each["amount"]) for each in [*floors, {"amount": draw(CENTS)}]))}
    included = draw(st.booleans())
    told["taxes"] = [
        {"key": f"t{index}", "rate": draw(st.sampled_from(["0", "0.07", "0.19", "0.333"])), "items": draw(SCOPE),
         "included": included}
        for index in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    return told


@st.composite
def sold(draw: st.DrawFn, days: int) -> list[dict[str, Any]]:
    """
    Items of several models in any order: a fee, tiers, a price that falls, groups, and discounts of their own.

    A fee costs so many dollars a day of its period: every part of it is whole cents, as every quantity is.
    """
    own = st.sampled_from([{}, {"discounts": [{"kind": "amount", "amount": "7.5"}]}, {"maximum": {"amount": "90"}}])
    falling = [{"up_to": "40", "unit_price": "3"}, {"unit_price": "1"}]
    rising = [{"up_to": "50", "unit_price": "1"}, {"unit_price": "2"}]
    found = [
        {"key": "fee", "price": {"model": "flat", "amount": str(days * draw(st.integers(0, 4)))},
         "bill": draw(st.sampled_from(["advance", "arrears"]))},
        {"key": "use", "meter": "n", "price": {"model": "graduated", "tiers": rising}, **draw(own)},
        {"key": "fall", "meter": "n", "price": {"model": "volume", "tiers": falling}},
        {"key": "team", "meter": "m", "price": {"model": "per_unit", "unit_price": "2"}, "each": ["g"]},
    ]  # fmt: skip
    return draw(st.permutations(found))


USES = st.lists(
    st.tuples(st.integers(0, 91), st.sampled_from("nm"), st.integers(0, 60), st.sampled_from("ab")), max_size=9
)
METERS = [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "nm"]
APRIL, BOTH = Period.month(2025, 4), Period("2025-04-01", "2025-06-01")
NEXT = {30: Period.month(2025, 5), 61: Period("2025-06-01", "2025-08-01")}
TWO = {"every": 2, "unit": "month", "anchor": "2025-04-01"}
COUPONS = ["c0", "c1"]


class Case:
    """A plan, who is on it, what is used, and how the period is cut."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.whole = draw(st.sampled_from([APRIL, BOTH]))
        days = self.whole.days
        self.items, self.told = draw(sold(days)), draw(terms_of())
        rhythm = {"cadence": TWO} if self.whole is BOTH else {}
        self.plan = Plan.load({
            "key": "p", "meters": METERS, "cards": [{"currency": "USD", "items": self.items}], **rhythm, **self.told,
        })  # fmt: skip
        brought = [each["key"] for each in self.told["coupons"]]
        self.acme: Subscription = self.plan.subscribe("acme", start="2025-04-01", coupons=brought)
        # From here on a commitment of four months runs over the periods.
        self.records = [
            UsageRecord(event, f"{date(2025, 4, 1) + timedelta(day)}T12:00:00Z", {"n": n, "g": g}, id=f"{index}")
            for index, (day, event, n, g) in enumerate(draw(USES))
        ]
        self.after = NEXT[days]
        cuts = draw(st.sets(st.integers(1, days - 1), min_size=1, max_size=4))
        self.parts = self.whole.split(*(date(2025, 4, 1) + timedelta(cut) for cut in sorted(cuts)))

    def __repr__(self) -> str:
        uses = [(str(each.at), each.event, dict(each.properties)) for each in self.records]
        return f"{self.items}\n{self.told}\n{uses}\n{self.parts}"

    def bills(self, periods: Sequence[Period], carry: Carry | None = None) -> list[Statement]:
        """One statement after the other, the carry through JSON text in between."""
        found: list[Statement] = []
        for period in periods:
            fed = [each for each in self.records if period.contains(each.at)]
            found.append(rate(self.plan, self.acme, fed, period, carry=carry))
            carry = through(found[-1])
        return found


CASES = st.composite(Case)()


def through(bill: Statement) -> Carry:
    """What a statement carries, through JSON text."""
    assert bill.carry is not None
    return Carry.from_json(json.loads(json.dumps(bill.carry.to_json())))


def summed(*bills: Statement) -> dict[object, Decimal]:
    """What statements come to, by kind and item of their lines, and in all; what comes to nothing is left out."""
    found: dict[object, Decimal] = {}
    for bill in bills:
        for line in bill.lines:
            name = (line.kind, line.item, line.group)
            found[name] = found.get(name, Decimal(0)) + line.rounded
        for what in ("subtotal", "total", "due"):
            found[what] = found.get(what, Decimal(0)) + getattr(bill, what).amount
    return {name: amount for name, amount in found.items() if amount}


@given(CASES)
def test_parts_are_the_whole(case: Case) -> None:
    """However a billing period is cut: the statements of its parts come to its one bill, line by line."""
    parts, (whole,) = case.bills(case.parts), case.bills([case.whole])
    assert summed(*parts) == summed(whole)
    for each in parts:
        assert each.verify()
        assert Statement.from_json(each.to_json()).dumps() == each.dumps()
        assert all(not line.shares or sum(part for _, part in line.shares) == line.rounded for line in each.lines)


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
        issued = rate(case.plan, case.acme, fed[: len(fed) // 2] if index == late else fed, period, carry=carry)
        if index == late:
            found = rerate(issued, case.plan, case.acme, fed, carry=carry)
            assert found.verify() and found.corrected == rate(case.plan, case.acme, fed, period, carry=carry)
            assert issued.due + found.due == found.corrected.due
        carry = through(issued)
