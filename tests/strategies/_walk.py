"""
Whole histories: plans, records and periods for the walk from usage to statements.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from ratecard import meters, plans, prices
from ratecard.cadence import Cadence
from ratecard.periods import Period
from ratecard.records import UsageRecord
from tests.strategies._numbers import amounts
from tests.strategies._usage import NAMES


class History(NamedTuple):
    """A plan, a subscription to it, what happened, and the periods in which it is billed one after the other."""

    plan: plans.Plan
    acme: plans.Subscription
    records: list[UsageRecord]
    periods: list[Period]


_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_OWN = [None, None, Cadence.weekly(anchor="2025-01-01"), Cadence.calendar("month", every=3), Cadence.calendar("year")]
_MEASURES = [
    meters.Sum(of="n"), meters.Sum(of="n"), meters.Sum(of="n", less=["m"]), meters.Count(), meters.Unique(of="user"),
    meters.Max(of="n"), meters.Latest(of="n"), meters.Average(of="n"), meters.Level(of="n"),
    meters.Level(of="n", mode="delta"), meters.Peak(of="n", mode="delta"), meters.Peak(of="n"),
    meters.Level(of="n", opening=0), meters.Level(of="n", mode="delta", opening=0),
]  # fmt: skip
# What opens with something belongs to no group, so nothing may be read by groups beside it.
_OPENED = [meters.Level(of="n", opening="2.5"), meters.Level(of="n", mode="delta", opening="2.5")]


@st.composite
def simple_tables(draw: st.DrawFn) -> prices.Price:
    """Tiers of unit and flat prices, and stairs."""
    bounds = [*sorted(draw(st.sets(st.integers(1, 40), max_size=2))), None]
    kind = draw(st.sampled_from(["graduated", "volume", "stairstep"]))
    if kind == "stairstep":
        return prices.Stairstep(steps=[prices.Stair(up_to=up_to, amount=draw(amounts(0, 30))) for up_to in bounds])
    made = prices.Graduated if kind == "graduated" else prices.Volume
    rows = [
        prices.Tier(up_to=up_to, unit_price=draw(amounts(0, 9)), flat_price=draw(amounts(0, 9))) for up_to in bounds
    ]
    return made(tiers=rows)


def simple_prices(depth: int = 2) -> st.SearchStrategy[prices.Price]:
    """Prices of a quantity that the second walk of `tests.oracle` can follow too."""
    leaf = st.one_of(
        st.builds(prices.PerUnit, unit_price=amounts(0, 9), per=st.sampled_from([1, 3]), refunds=st.booleans()),
        simple_tables(),
        st.builds(
            prices.Package,
            package_size=st.sampled_from(["1", "2.5", "10"]),
            package_price=amounts(0, 9),
            free_units=st.sampled_from([0, 0, 7]),
            rounding=st.sampled_from(["up", "down", "none"]),
        ),
        st.builds(prices.Flat, amount=amounts(0, 60), prorate=st.booleans()),
    )
    if depth == 1:
        return leaf
    inner = simple_prices(depth - 1)
    return st.one_of(
        leaf,
        leaf,
        st.builds(
            prices.Hybrid,
            prices=st.lists(inner, min_size=1, max_size=2),
            combine=st.sampled_from(["sum", "greatest", "least"]),
        ),
        st.builds(prices.Multiplier, factor=amounts(0, 3), base=inner),
        st.builds(prices.Allowance, units=st.integers(0, 30), base=inner, prorate=st.booleans()),
    )


@st.composite
def _walk_items(draw: st.DrawFn, axes: list[str]) -> list[plans.Item]:
    found: list[plans.Item] = []
    ways = st.sampled_from(["day", "second", "none", None])
    for key in draw(st.sets(st.sampled_from(["fee", "seats", "use", "uncut", "share"]), min_size=1)):
        own = draw(st.sampled_from(_OWN))
        held = {"key": key, "cadence": own, "prorate": draw(ways)}
        advance = draw(st.sampled_from(["arrears", "advance"]))
        if key == "fee":
            fee = prices.Flat(amount=draw(amounts(-9, 60)), prorate=draw(st.booleans()))
            found.append(plans.Item(price=fee, bill=advance, **held))
        elif key == "seats":
            price = draw(st.builds(prices.PerUnit, unit_price=amounts(0, 9)) | simple_tables())
            name = draw(st.sampled_from(["seats", "desks"]))
            found.append(plans.Item(price=price, quantity=name, bill=advance, **held))
        elif key in ("use", "uncut"):
            meter = draw(st.sampled_from(["m", "m", "m", "k"]))
            tiers = draw(st.sampled_from(["continue", "continue", "continue", "restart", "prorate"]))
            found.append(
                plans.Item(
                    price=draw(simple_prices()), meter=meter, each=axes if key == "use" else [], tiers=tiers, **held
                )
            )
    if any(item.key == "fee" and item.cadence is None for item in found):
        share = prices.PercentOf(items=["fee"], rate=draw(amounts(0, 1)), minimum=draw(st.sampled_from([None, "3"])))
        found.insert(0, plans.Item(key="part", price=share))
    return found


@st.composite
def walk_plans(draw: st.DrawFn) -> plans.Plan:
    """Plans with up to three dated cards, on which items come, go, and change."""
    dated = st.sampled_from(["2025-01-16", "2025-02-01", "2025-02-10T06:00:00Z", "2025-03-01"])
    days = draw(st.sets(dated, max_size=2))
    axes = draw(st.sampled_from([[], [], ["d"], ["d", "user"]]))
    cards = [
        plans.RateCard(currency="USD", effective=day, items=draw(_walk_items(axes))) for day in [None, *sorted(days)]
    ]
    if draw(st.booleans()):
        # A card that changes nothing.
        again = draw(st.sampled_from(cards))
        cards.append(again.model_copy(update={"effective": "2025-03-20T12:00:00Z"}))
    return plans.Plan(
        key="p",
        meters=[
            plans_meter("m", "e", draw(st.sampled_from(_MEASURES if axes else _MEASURES + _OPENED))),
            plans_meter("k", "k", meters.Count()),
        ],
        cards=cards,
        proration=draw(st.sampled_from(["day", "second"])),
    )


def plans_meter(key: str, event: str, aggregate: meters.Aggregate) -> meters.Meter:
    """A meter of one event."""
    return meters.Meter(key=key, event=event, aggregate=aggregate)


@st.composite
def walk_records(draw: st.DrawFn, *, days: int = 120, most: int = 12) -> list[UsageRecord]:
    """Records of four months, each with an identity of its own, that every meter of `walk_plans` can read."""
    count = draw(st.integers(0, most))
    found: list[UsageRecord] = []
    for index in range(count):
        hours = draw(st.integers(0, 24 * days))
        past = timedelta(hours=hours, microseconds=draw(st.sampled_from([0, 0, 1])))
        number = draw(st.integers(0, 30) | amounts(-5, 40))
        found.append(
            UsageRecord(
                draw(st.sampled_from(["e", "e", "e", "k"])),
                _FIRST + past,
                {
                    "n": number,
                    "m": draw(st.integers(0, 3)),
                    "user": draw(NAMES),
                    "d": draw(st.sampled_from(["a", "b", None])),
                },
                id=f"r{index}",
            )
        )
    return found


@st.composite
def walk_periods(draw: st.DrawFn) -> list[Period]:
    """Four months, as they are or cut anywhere."""
    if draw(st.booleans()):
        return [Period.month(2025, month) for month in (1, 2, 3, 4)]
    hours = draw(st.sets(st.integers(1, 24 * 119), max_size=5))
    cuts = [_FIRST + timedelta(hours=count) for count in sorted(hours)]
    return Period("2025-01-01", "2025-05-01").split(*cuts)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A customer's first four months."""
    acme = plans.Subscription(
        customer="acme",
        plan="p",
        start=draw(st.sampled_from(["2025-01-01", "2025-01-01", "2025-01-10", "2025-02-15T12:00:00Z"])),
        end=draw(st.sampled_from([None, None, "2025-03-20", "2025-04-10T18:00:00Z"])),
        quantities={"seats": draw(st.integers(0, 20)), "desks": "2.5"},
    )
    return History(draw(walk_plans()), acme, draw(walk_records()), draw(walk_periods()))


@st.composite
def discounts(draw: st.DrawFn) -> plans.PercentDiscount | plans.AmountDiscount | plans.TieredDiscount:
    """Discounts that may stand on a plan."""
    share = st.integers(0, 1000).map(lambda parts: Decimal(parts).scaleb(-3))
    kind = draw(st.sampled_from(["percent", "amount", "tiered"]))
    if kind == "amount":
        return plans.AmountDiscount(amount=draw(amounts(0, 500)))
    if kind == "tiered":
        bound = draw(amounts(1, 500))
        tiers = [plans.DiscountTier(up_to=bound, rate=draw(share)), plans.DiscountTier(rate=draw(share))]
        return plans.TieredDiscount(tiers=tiers)
    stacking = draw(st.sampled_from(["chained", "added"]))
    return plans.PercentDiscount(rate=draw(share), stacking=stacking, maximum=draw(st.none() | amounts(0, 300)))
