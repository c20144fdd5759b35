"""
Plans, their cards and items, and who subscribes to them.
"""

from __future__ import annotations

from hypothesis import strategies as st

from ratecard import credits, meters, plans, prices
from ratecard.cadence import Cadence
from tests.strategies._numbers import amounts
from tests.strategies._usage import NAMES, all_meters

_DAYS = ["2025-01-01", "2025-02-28", "2025-03-30", "2025-03-30T01:30:00Z", "2025-07-01T00:00:00+02:00"]
_CODES = ["USD", "JPY", "credits"]
_ZONES = ["UTC", "Europe/Stockholm", "America/Sao_Paulo"]


def _fees() -> st.SearchStrategy[prices.Price]:
    """Prices that need no quantity."""
    flat = st.builds(prices.Flat, amount=amounts(), prorate=st.booleans())
    share = st.builds(prices.PercentOf, items=st.just(["0"]), rate=amounts(0, 1))
    return st.one_of(flat, flat, share)


def _rates() -> st.SearchStrategy[prices.Price]:
    """Prices of a quantity."""
    each = st.builds(prices.PerUnit, unit_price=amounts(0, 9), per=st.sampled_from([1, "1000"]))
    tiers = st.tuples(amounts(0, 9), amounts(0, 9)).map(
        lambda pair: prices.Graduated(
            tiers=[prices.Tier(up_to="10", unit_price=pair[0]), prices.Tier(unit_price=pair[1], flat_price=pair[0])]
        )
    )
    included = st.builds(prices.Allowance, units=amounts(0, 9), base=each, scope=st.sampled_from(["group", "pooled"]))
    return st.one_of(each, tiers, included, st.builds(prices.Hybrid, prices=st.lists(each, min_size=1, max_size=3)))


def cadences() -> st.SearchStrategy[Cadence]:
    """Cadences, some of which follow the subscription's anchor."""
    return st.builds(
        Cadence,
        every=st.integers(1, 3),
        unit=st.sampled_from(["day", "week", "month", "year"]),
        anchor=st.sampled_from([None, "2025-01-31", "2024-02-29T12:00:00Z"]),
        zone=st.sampled_from([None, *_ZONES]),
    )


@st.composite
def items(draw: st.DrawFn, key: str = "item", meter: str | None = "calls") -> plans.Item:
    """An item that is sound in itself: a fee, something sold by quantity, or usage of a meter."""
    kind = draw(st.sampled_from(["fee", "sold", "used"] if meter else ["fee", "sold"]))
    common = {
        "key": key,
        "cadence": draw(st.none() | cadences()),
        "prorate": draw(st.sampled_from([None, "day", "second", "30/360", "none"])),
        "tiers": draw(st.sampled_from(["continue", "restart", "prorate"])),
        "name": draw(st.sampled_from(["", "Name", "Nåmn"])),
    }
    bill = draw(st.sampled_from(["arrears", "advance"]))
    if kind == "fee":
        # Item "0" is the one that shares are taken of; it is never a share itself.
        price = draw(_fees() if key != "0" else st.builds(prices.Flat, amount=amounts()))
        return plans.Item(price=price, bill=bill, **common)
    places = draw(st.integers(-2, 3))
    price = draw(_rates())
    pooled = isinstance(price, prices.Allowance) and price.scope == "pooled"
    if pooled and common["tiers"] == "prorate":
        common["tiers"] = "restart"
    if kind == "sold" and not pooled:
        return plans.Item(quantity="seats", price=price, bill=bill, quantity_places=places, **common)
    groups = [["region"], ["region", "team"]]
    each = draw(st.sampled_from(groups if pooled else [[], *groups])) if meter else []
    split = draw(st.sampled_from([[], ["team"]])) if meter and not each else []
    if meter is None:
        return plans.Item(quantity="seats", price=prices.PerUnit(unit_price="1"), bill=bill, **common)
    rounding = draw(st.sampled_from([None, "up", "half_even"]))
    return plans.Item(
        meter=meter, price=price, each=each, split=split, round_quantity=rounding, quantity_places=places, **common
    )


@st.composite
def cards(draw: st.DrawFn, currency: str = "USD", effective: str | None = None) -> plans.RateCard:
    """A card with up to four items, the first of which every share is taken of."""
    count = draw(st.integers(1, 4))
    return plans.RateCard(
        currency=currency,
        effective=effective,
        items=[draw(items(key=str(index))) for index in range(count)],
        cohort=draw(st.sampled_from([None, "early"])),
        applies=draw(st.sampled_from(["all", "new"])),
    )


def _some_grants() -> st.SearchStrategy[list[credits.Recurring]]:
    """Up to two recurring grants of whole credits."""
    one = st.builds(
        credits.Recurring,
        key=st.just("g"),
        amount=st.integers(1, 9),
        currency=st.just("credits"),
        priority=st.integers(0, 2),
        lasts=st.none() | st.integers(1, 3),
        every=cadences(),
    )
    return st.lists(one, max_size=2)


@st.composite
def all_plans(draw: st.DrawFn) -> plans.Plan:
    """Any plan: several currencies and dates, no two cards alike."""
    marks = draw(
        st.lists(
            st.tuples(st.sampled_from(_CODES), st.sampled_from([None, *_DAYS])), min_size=1, max_size=4, unique=True
        )
    )
    counted = meters.Meter(key="calls", event="call", aggregate=meters.Count())
    # A line break of any kind is not kept by YAML, whatever it is quoted in.
    words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=3)
    return plans.Plan(
        key=draw(st.sampled_from(["p", "q"])),
        name=draw(st.sampled_from(["", "Plan"])),
        meters=[
            counted,
            *draw(st.lists(all_meters().map(lambda meter: meter.model_copy(update={"key": "more"})), max_size=1)),
        ],
        cards=[draw(cards(currency=code, effective=day)) for code, day in marks],
        cadence=draw(cadences()),
        zone=draw(st.sampled_from(_ZONES)),
        proration=draw(st.sampled_from(["day", "second", "30/360", "none"])),
        rounding=draw(st.sampled_from(["half_up", "half_even", "up", "down", "ceiling", "floor"])),
        rounding_at=draw(st.sampled_from(["line", "statement"])),
        profile=draw(st.sampled_from(["iso", "stripe"])),
        units=[plans.CustomUnit(key="credits", places=draw(st.integers(0, 18)))],
        order=draw(st.sampled_from([plans.Order.default(), plans.Order(items=["price", "round"])])),
        carry_remainders=draw(st.booleans()),
        grants=[each.model_copy(update={"key": f"g{index}"}) for index, each in enumerate(draw(_some_grants()))],
        burn=draw(st.sampled_from([credits.Policy(), credits.Policy.preset("stripe"), credits.Policy(burn=["cost"])])),
        metadata=draw(st.dictionaries(words, words, max_size=2)),
    )


@st.composite
def subscriptions(draw: st.DrawFn, plan: str = "p") -> plans.Subscription:
    """A subscription to a plan, with or without what it may leave to the plan."""
    return plans.Subscription(
        customer=draw(NAMES),
        plan=plan,
        start=draw(st.sampled_from(_DAYS[:4])),
        end=draw(st.sampled_from([None, "2025-07-01", "2025-12-31T12:00:00Z"])),
        zone=draw(st.sampled_from([None, *_ZONES])),
        currency=draw(st.sampled_from([None, *_CODES])),
        anchor=draw(st.sampled_from([None, "2025-01-31"])),
        cohort=draw(st.sampled_from([None, "early"])),
        quantities=draw(st.dictionaries(st.sampled_from(["seats", "desks"]), amounts(0, 9), max_size=2)),
    )
