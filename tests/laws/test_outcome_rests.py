"""
Laws of what rounding leaves of outcomes, where a plan carries it: it never grows, however much is reversed.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, prices, rate
from ratecard.meters import Equals, Outcomes
from ratecard.plans import Carry
from ratecard.rating import Statement
from tests.strategies import fraction

HALF_A_CENT = Fraction(1, 200)
MONTHS = 14
TIERS = [prices.Tier(up_to=2, unit_price="0.335"), prices.Tier(unit_price="0.1275")]
WAYS: tuple[dict[str, Any], ...] = ({"fee": "0.333"}, {"fee": "0.005"}, {"fee": "1.0049"}, {"tiers": TIERS})


class Shop:
    """A shop that sells outcomes, at a second price from a day of one month on, and every record of its time."""

    def __init__(self, dice: random.Random, rounding_at: str) -> None:
        self.dice = dice
        self.ways = [dice.choice(WAYS), dice.choice(WAYS)]
        self.change = dice.choice((None, (2025, dice.randint(2, 12), dice.choice((1, 15)))))
        self.sold: dict[int, list[tuple[str, bool]]] = {}
        self.names = 0
        rules = Outcomes(
            subject="s", result=[Equals(property="k", value="won")], reverse=[Equals(property="k", value="undone")]
        )
        cards = [self.card(0, None)]
        if self.change is not None:
            cards.append(self.card(1, "{}-{:02}-{:02}".format(*self.change)))
        self.plan = Plan.model_validate(
            {"key": "p", "meters": [Meter(key="m", event="e", aggregate=rules)], "cards": cards,
             "carry_remainders": True, "rounding_at": rounding_at}
        )  # fmt: skip

    def card(self, way: int, effective: str | None) -> RateCard:
        """A card of one of the prices."""
        item = Item(key="x", meter="m", price=prices.Outcome(definition="d", **self.ways[way]))
        return RateCard(currency="USD", effective=effective, items=[item])

    def month(self, index: int) -> list[UsageRecord]:
        """What happens in a month: some more are won, and some of all that stand are undone."""
        found: list[UsageRecord] = []
        for _ in range(self.dice.choice((0, 0, 1, 3, 4))):
            day, self.names = self.dice.choice((3, 20)), self.names + 1
            found.append(_record(index, day, str(self.names), "won"))
            late = self.change is not None and (*_month(index), day) >= self.change
            self.sold.setdefault(index, []).append((str(self.names), late))
        for earlier in [each for each in self.sold if each < index]:
            gone = [each for each in self.sold[earlier] if self.dice.random() < self.dice.choice((0, 0.2, 1))]
            self.sold[earlier] = [each for each in self.sold[earlier] if each not in gone]
            found += [_record(index, 10, name, "undone") for name, _ in gone]
        return found

    def exact(self) -> Fraction:
        """What all that stands comes to, each month's by its own prices; a count runs on over their change."""
        found = Fraction(0)
        for some in self.sold.values():
            early = sum(1 for _, late in some if not late)
            found += _total(self.ways[0], early) + _total(self.ways[1], len(some)) - _total(self.ways[1], early)
        return found


def _month(index: int) -> tuple[int, int]:
    return 2025 + index // 12, index % 12 + 1


def _record(index: int, day: int, name: str, what: str) -> UsageRecord:
    year, month = _month(index)
    return UsageRecord("e", f"{year}-{month:02}-{day:02}T12:00:00Z", {"s": name, "k": what}, id=name + what)


def _total(way: dict[str, Any], count: int) -> Fraction:
    if "fee" in way:
        return count * Fraction(way["fee"])
    return min(count, 2) * Fraction("0.335") + max(count - 2, 0) * Fraction("0.1275")


@given(st.integers(0, 10**6), st.sampled_from(("line", "statement")))
def test_what_rounding_leaves_of_outcomes_never_grows(seed: int, rounding_at: str) -> None:
    """After every month all that was paid is off by half a cent at most, and the carry tells by how much."""
    dice = random.Random(seed)  # noqa: S311
    shop = Shop(dice, rounding_at)
    acme, paid = shop.plan.subscribe("acme", start="2025-01-01"), Fraction(0)
    carry: Carry | None = None
    for index in range(MONTHS):
        found = rate(shop.plan, acme, shop.month(index), Period.month(*_month(index)), carry=carry)
        assert found.verify() and Statement.from_json(found.to_json()) == found
        carry, paid = found.carry, paid + fraction(found.due.amount)
        assert carry is not None
        off = shop.exact() - paid
        assert abs(off) <= HALF_A_CENT
        assert sum(map(Fraction, carry.remainders.values()), Fraction(0)) == off
