"""
Billing periods that are cut into statements, under plans with any terms across their lines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ratecard.periods import Period
from ratecard.plans import Carry, Catalog, Order, Plan, Subscription
from ratecard.plans._order import PRESETS
from ratecard.rating import Statement, rate
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
    preset: Any = draw(st.sampled_from(list(PRESETS)))
    told: dict[str, Any] = {"order": Order.preset(preset).model_dump()}
    told["discounts"] = [{**each, "key": f"d{index}"} for index, each in enumerate(draw(st.lists(off(), max_size=3)))]
    told["coupons"] = [
        {
            "key": f"c{index}", "discount": each, "stacks": draw(st.booleans()),
            "lasts": (lasts := draw(st.sampled_from(["once", "periods", "forever"]))),
            "periods": 2 if lasts == "periods" else None, "minimum_spend": draw(st.none() | CENTS),
        }
        for index, each in enumerate(draw(st.lists(off(), max_size=2)))
    ]  # fmt: skip
    commitments: list[dict[str, Any]] = [
        {
            "kind": draw(st.sampled_from(["prepaid", "postpaid"])), "key": f"p{index}", "amount": draw(CENTS),
            "items": draw(SCOPE), "priority": draw(st.integers(0, 2)), "overage": draw(st.sampled_from(["1", "1.5"])),
            "cadence": draw(st.sampled_from([None, {"every": 4, "unit": "month", "anchor": "2025-06-01"}])),
        }
        for index in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    told["commitments"] = commitments
    if draw(st.booleans()):
        told["minimum"] = {"amount": draw(CENTS)}
    if draw(st.booleans()):
        # A floor above the ceiling is refused, and so are promises that are more together.
        promised = sum(Decimal(each["amount"]) for each in commitments if each["kind"] == "postpaid")
        least = max(promised, Decimal(told.get("minimum", {"amount": "0"})["amount"]))
        told["maximum"] = {"amount": str(max(least, Decimal(draw(CENTS))))}
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
    own: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [{}, {"discounts": [{"kind": "amount", "amount": "7.5"}]}, {"maximum": {"amount": "90"}}]
    )
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
    st.tuples(st.integers(0, 70), st.sampled_from("nm"), st.integers(0, 60), st.sampled_from("ab")), max_size=9
)
METERS = [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in "nm"]
JULY, BOTH = Period.month(2025, 7), Period("2025-07-01", "2025-09-01")
NEXT = {31: Period.month(2025, 8), 62: Period("2025-09-01", "2025-11-01")}
TWO = {"every": 2, "unit": "month", "anchor": "2025-07-01"}
START = date(2025, 7, 1)


def day(number: int) -> date:
    """A day by its number from the start of the service."""
    return START + timedelta(number)


class Case:
    """A plan, who is on it, what is used, and how its first billing period is cut."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.whole = draw(st.sampled_from([JULY, BOTH]))
        days = self.whole.days
        told = draw(terms_of())
        rhythm = {"cadence": TWO} if self.whole is BOTH else {}
        self.told = [self.plan("p", [{"items": draw(sold(days))}], {**rhythm, **told})]
        self.known = True
        self.changes: list[dict[str, Any]] = []
        self.addons: list[dict[str, Any]] = []
        self.bring(draw, days)

    @staticmethod
    def plan(key: str, cards: Sequence[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
        """A plan in plain form."""
        return {"key": key, "meters": METERS, "cards": [{"currency": "USD", **card} for card in cards], **told}

    def bring(self, draw: st.DrawFn, days: int) -> None:
        """The rest of it: usage and cuts."""
        self.offer = Catalog(plans=[Plan.load(each) for each in self.told])
        self.records = [
            UsageRecord(event, f"{day(number)}T12:00:00Z", {"n": n, "g": g}, id=f"{index}")
            for index, (number, event, n, g) in enumerate(draw(USES))
        ]
        self.after = NEXT[days]
        cuts = draw(st.sets(st.integers(1, days - 1), min_size=1, max_size=4))
        self.parts = self.whole.split(*(day(cut) for cut in sorted(cuts)))

    def holder(self, known: date | None = None) -> Subscription:
        """The subscription as it is known on a day, or in the end."""
        changes = [each for each in self.changes if known is None or each["at"] <= str(known)]
        brought = [each["key"] for each in self.told[0]["coupons"]]
        return Subscription.model_validate({
            "customer": "acme", "plan": "p", "start": START, "coupons": brought, "changes": changes,
            "addons": self.addons,
        })  # fmt: skip

    def __repr__(self) -> str:
        uses = [(str(each.at), each.event, dict(each.properties)) for each in self.records]
        told = [*self.told, self.changes, self.addons, uses, self.parts]
        return "\n".join(map(repr, told))

    def bills(self, periods: Sequence[Period], carry: Carry | None = None) -> list[Statement]:
        """One statement after the other, the carry through JSON text in between; changes known, or when they come."""
        found: list[Statement] = []
        for period in periods:
            fed = [each for each in self.records if period.contains(each.at)]
            acme = self.holder(None if self.known else period.end.date() - timedelta(1))
            found.append(rate(self.offer, acme, fed, period, carry=carry))
            carry = through(found[-1])
        return found


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in item.items() if name not in ("discounts", "maximum")}


class Changing(Case):
    """The same with two plans, changes from the one to the other, new cards, pauses and items beside the plan."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.whole = JULY
        order, days = draw(terms_of())["order"], st.integers(1, 30).map(lambda number: str(day(number)))
        self.told, self.known = [], draw(st.booleans())
        for key in "pq":
            cards: list[dict[str, Any]] = [
                {"items": draw(sold(31))},
                {"effective": draw(days), "items": draw(sold(31))},
            ]
            # How an item's own terms fall on the lines of two plans depends on the statement that has them.
            cards = [{**card, "items": [_bare(item) for item in card["items"]]} for card in cards]
            self.told.append(self.plan(key, cards[: draw(st.integers(1, 2))], {**draw(terms_of()), "order": order}))
        at = [str(day(each)) for each in draw(st.lists(st.integers(1, 30), min_size=4, max_size=4, unique=True))]
        goes = [{"kind": "plan", "plan": "q", "at": at[0]}, {"kind": "plan", "plan": "p", "at": at[1]}]
        waits = [{"kind": kind, "at": each} for kind, each in zip(("pause", "resume"), sorted(at[2:]), strict=True)]
        both = [*goes[: draw(st.integers(0, 2))], *waits[: draw(st.integers(0, 2))]]
        self.changes = sorted(both, key=lambda each: each["at"])
        more = {"key": "more", "price": {"model": "flat", "amount": "62"}}
        self.addons = [{"key": "x", "start": draw(days), "items": [more]}][: draw(st.integers(0, 1))]
        self.bring(draw, 31)


CASES, CHANGING = st.composite(Case)(), st.composite(Changing)()


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
