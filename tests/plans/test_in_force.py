"""
Which card is in force: the lookup held against a plain search, and how often long histories are gone through.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices, rate
from ratecard.errors import NoPriceError
from ratecard.meters import Sum
from ratecard.plans import ChangeQuantity

JANUARY = Period.month(2025, 1)
START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = st.integers(0, 6).map(lambda day: START + timedelta(days=day))
CARDS = st.lists(
    st.tuples(st.none() | DAYS, st.sampled_from([None, "a", "b"]), st.sampled_from(["all", "new"])),
    min_size=1, max_size=8, unique=True,
)  # fmt: skip


@given(CARDS, st.sampled_from([None, "a", "c"]), DAYS, DAYS)
def test_card_at(
    told: list[tuple[datetime | None, str | None, str]], cohort: str | None, at: datetime, started: datetime
) -> None:
    """Of the cards in force that it may see, those of its cohort go first, then the latest, then the special reach."""
    cards = [RateCard(currency="USD", effective=day, cohort=who, applies=reach) for day, who, reach in told]  # type: ignore[arg-type]
    plan = Plan(key="p", cards=cards)
    fits = [
        (who is not None, day is not None, day or START, reach == "new", index)
        for index, (day, who, reach) in enumerate(told)
        if who in (None, cohort) and (day is None or day <= at) and (reach == "all" or day is None or day <= started)
    ]
    if fits:
        assert plan.card_at("USD", cohort, at, started) is plan.cards[max(fits)[-1]]
        return
    with pytest.raises(NoPriceError) as caught:
        plan.card_at("USD", cohort, at, started)
    assert caught.value.code == "card.none"


def test_many_cards_and_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of changes in a period: pauses are looked for once a service, and states merged once a segment."""
    asked: list[Period] = []
    merged: list[object] = []
    gaps, merge = Period.gaps, Sum.merge
    monkeypatch.setattr(Period, "gaps", lambda self, periods: asked.append(self) or gaps(self, periods))
    monkeypatch.setattr(Sum, "merge", lambda self, a, b: merged.append(a) or merge(self, a, b))
    hours = [START + timedelta(hours=hour) for hour in range(100)]
    cards = [
        RateCard(currency="USD", effective=at, items=[
            Item(key="x", meter="n", price=prices.PerUnit(unit_price=index + 1)),
            Item(key="s", quantity="seats", price=prices.PerUnit(unit_price="744")),
        ])
        for index, at in enumerate(hours)
    ]  # fmt: skip
    plan = Plan(key="p", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))], cards=cards)
    acme = plan.subscribe("acme", start="2025-01-01", quantities={"seats": 1})
    later = list(enumerate(hours))[1:]
    acme = acme.with_changes(*[ChangeQuantity(at=at, quantities={"seats": index}) for index, at in later])
    records = [UsageRecord("use", at, {"n": 1}, id=str(at)) for at in hours]
    statement = rate(plan, acme, records, JANUARY)
    assert sum(line.exact for line in statement.lines if line.item == "x") == 5050
    assert statement.verify()
    assert len(asked) <= 4
    assert len(merged) <= 200
