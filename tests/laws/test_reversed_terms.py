"""
Laws of reversals in a billing period that several statements bill, while its prices or its plan change.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ratecard import Catalog, Item, Meter, Period, Plan, RateCard, UsageRecord, prices, rate
from ratecard.meters import Equals
from ratecard.plans import AmountDiscount, Carry, ChangePlan, Coupon, Override, PercentDiscount, Subscription
from tests.outcomes import at

from .test_reversed import DAYS, WAYS, ZERO, Life

seeds = st.integers(0, 10**6)


class Changing(Life):
    """A life in which a card, an override or another plan comes in, of one item or two; no lot pays."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        dice = self.dice
        self.plan = self._two()
        self.acme = self.plan.subscribe("acme", start="2025-01-01", coupons=[each.key for each in self.plan.coupons])
        self.wins, self.undoes = [], []
        keys = [each.key for each in self.plan.meters]
        for number in range(dice.randint(1, 7)):
            won = dice.randrange(24 * 100)
            undone = dice.randrange(won + 1, min(won + 24 * dice.choice([10, 50]), 24 * DAYS[-1]))
            facts = {"who": str(number), "worth": dice.choice([10, 40, 75]), "of": dice.choice(keys)}
            self.wins.append(UsageRecord("end", at(won), {**facts, "state": "won"}, id=f"w{number}"))
            self.undoes.append(UsageRecord("end", at(undone), {**facts, "state": "undone"}, id=f"u{number}"))
        cuts = {*DAYS, *(dice.randrange(1, DAYS[-1]) for _ in range(dice.randint(2, 8)))}
        self.spans = [Period(at(24 * start), at(24 * end)) for start, end in pairwise(sorted(cuts))]
        self.offer: Plan | Catalog = self.plan
        self._change()

    def _two(self) -> Plan:
        """The plan with another item, maybe, and with terms on one of them alone."""
        dice = self.dice
        (meter,), (item,) = self.plan.meters, self.plan.cards[0].items
        if dice.random() < 0.5:
            return self.plan
        meters = [
            Meter(key=key, event="end", where=[Equals(property="of", value=key)], aggregate=meter.aggregate)
            for key in ("ends", "more")
        ]
        items = [item, Item(key="two", meter="more", price=self._price())]
        terms: dict[str, Any] = {
            name: getattr(self.plan, name) for name in ("taxes", "discounts", "maximum", "commitments", "phases")
        }
        if dice.random() < 0.5:
            scope = [dice.choice(["won", "two"])] if dice.random() < 0.5 else []
            off = dice.choice([
                PercentDiscount(rate="0.5", items=scope), AmountDiscount(amount="3", items=scope)
            ])  # fmt: skip
            least = dice.choice([None, "9"])
            terms["coupons"] = [Coupon(key="c", discount=off, minimum_spend=least, lasts="forever")]
        return Plan.single("p", currency="USD", meters=meters, items=items, **terms)

    def _price(self) -> prices.Outcome:
        return prices.Outcome(definition="Won.", **self.dice.choice(WAYS))

    def _change(self) -> None:
        dice, day = self.dice, at(24 * self.dice.randrange(1, 95))
        items = self.plan.cards[0].items
        others = [each.model_copy(update={"price": self._price()}) for each in items]
        way = dice.choice(["card", "override", "plan"])
        if way == "card":
            self.offer = self.plan.with_card(RateCard(currency="USD", effective=day, items=others))
        elif way == "override":
            end = {"end": at(24 * 100)} if dice.random() < 0.5 else {}
            term = Override(prices={"won": others[0].price}, start=day, **end)
            self.acme = self.acme.model_copy(update={"overrides": (term,)})
        else:
            terms: dict[str, Any] = {
                name: getattr(self.plan, name)
                for name in ("taxes", "discounts", "maximum", "coupons", "commitments")
                if dice.random() < 0.7
            }
            sold = others if dice.random() < 0.5 else items
            if dice.random() < 0.5:
                # The second item is not sold any more, and no coupon is about it.
                sold = sold[:1]
                terms.pop("coupons", None)
            new = Plan.single(
                "q", currency="USD", meters=self.plan.meters, items=sold, phases=self.plan.phases, **terms
            )
            self.offer = Catalog(plans=[self.plan, new])
            self.acme: Subscription = self.acme.with_changes(ChangePlan(at=day, plan="q"))


@given(seeds)
@example(238)
@example(289)
@example(373)
@example(513)
def test_terms_that_change(seed: int) -> None:
    """All reversed, nothing is paid in money, and commitments and trials are where they began, whatever changed."""
    life = Changing(seed)
    carry: Carry | None = None
    paid = ZERO
    for span in life.spans:
        found = rate(life.offer, life.acme, life.records(span), span, carry=carry)
        assert found.verify() and found.carry is not None
        carry, paid = found.carry, paid + found.due.amount
        assert paid >= 0
    assert carry is not None
    assert (paid, carry.commitments) == (ZERO, {})
