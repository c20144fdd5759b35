"""Guards and costs of a plan: they fit it, or every fault is told; and they are in its digest and its differences."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard import guards, prices
from ratecard._problems import problems
from ratecard.meters import Count, Meter, Sum
from ratecard.periods import Period
from ratecard.plans import Item, Phase, Plan, RateCard, resolve

METERS = [Meter(key="n", event="use", aggregate=Sum(of="n")), Meter(key="free", event="look", aggregate=Count())]
ITEMS = [
    Item(key="n", meter="n", price=prices.PerUnit(unit_price=1)),
    Item(key="by", meter="n", each=["team"], split=[], price=prices.PerUnit(unit_price=1)),
]
COSTS = [RateCard(currency="USD", items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="0.5"))])]


def plan(*some: Any, **fields: Any) -> Plan:
    """A plan under guards."""
    return Plan.single("p", currency="USD", meters=METERS, items=ITEMS, guards=some, **fields)


@pytest.mark.parametrize(
    ("some", "fields", "found"),
    [
        ([guards.Cap(spend=1, item="m")], {}, [("guards[0].item", "key.unknown")]),
        ([guards.Cap(quantity=1, meter="m")], {}, [("guards[0].meter", "key.unknown")]),
        ([guards.Cap(quantity=1, meter="free")], {}, [("guards[0].meter", "guard.unpriced")]),
        (
            [guards.FairUse(quantity=1, meter="n", then=guards.TokenBucket(capacity=1, refill=1, meter="x"))], {},
            [("guards[0].then.meter", "key.unknown")],
        ),
        ([guards.Cap(spend={"EUR": 1})], {}, [("guards[0].spend", "amount.currency")] * 2),
        ([guards.Cap(spend={"USD": 1})], {}, []),
        ([guards.Alert(percent=5, budget=-1)], {}, [("guards[0].budget", "amount.negative")]),
        ([guards.Cap(spend=1), guards.Cap(spend=2)], {}, [("guards[1].key", "guard.twice")]),
        ([guards.Alert(percent=5, cap="none")], {}, [("guards[0].cap", "key.unknown")]),
        ([guards.Cap(spend=1, mode="soft", of="due")], {}, [("guards[0].mode", "cap.soft")]),
        ([guards.Cap(quantity=1, meter="n", mode="soft")], {}, [("guards[0].mode", "cap.soft")]),
        ([guards.Cap(spend=1, mode="soft", scope="customer")], {}, [("guards[0].mode", "cap.soft")]),
        ([guards.Cap(spend=1, mode="soft")], {"rounding_at": "statement"}, [("rounding_at", "rounding.statement")]),
        (
            [guards.Cap(spend=1, mode="soft")],
            {"order": {"statement": ["subtotal", "total", "due"]}}, [("order.statement", "order.stage")],
        ),
        ([guards.MarginFloor(percent=5)], {}, [("guards[0]", "guard.costs")]),
        ([guards.Alert(margin=5)], {}, [("guards[0]", "guard.costs")]),
        ([guards.MarginFloor(percent=5)], {"costs": COSTS}, []),
        ([guards.MarginFloor(percent=5, item="by")], {"costs": COSTS}, [("guards[0].item", "key.unknown")]),
        ([guards.Cap(spend=1, each=["team"])], {}, [("guards[0]", "guard.dimension")]),
        ([guards.Cap(spend=1, item="n", each=["team"])], {}, [("guards[0]", "guard.dimension")]),
        ([guards.Cap(spend=1, item="by", group={"team": "a"}), guards.Cap(quantity=1, meter="n", each=["x"])], {}, []),
        ([guards.Cap(spend=1, each=["team"], window_seconds=1), guards.TokenBucket(capacity=1, refill=1)], {}, []),
        ([], {"costs": [RateCard(currency="EUR", items=[])]}, [("costs[0].currency", "amount.currency")]),
        (
            [], {"costs": [RateCard(currency="USD", items=[Item(key="n", meter="m", price=prices.Flat(amount=1))])]},
            [("costs[0].items[0].meter", "key.unknown")],
        ),
        ([], {"costs": [*COSTS, *COSTS]}, [("costs[1]", "card.duplicate")]),
        (
            [], {"costs": COSTS, "phases": [Phase(key="x", every=1, prices={"none": prices.Flat(amount=1)})]},
            [("phases[0].prices", "key.unknown")],
        ),
    ],
)  # fmt: skip
def test_guards_fit_their_plan(some: list[Any], fields: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """Every reference of a guard is looked up, and a guard that could never say anything is refused."""
    try:
        plan(*some, **fields)
    except ValueError as error:
        told = [(each.path, each.code) for each in problems(error)]
    else:
        told = []
    assert [(path.partition(".EUR")[0], code) for path, code in told] == found


def test_plain_form() -> None:
    """Guards and costs are in the plain form, the digest, the differences and the JSON of a plan."""
    made = plan(guards.Cap(spend=5), costs=COSTS)
    assert Plan.load(made.dump()) == made
    bare = plan()
    assert (bare.cost_plan, bare.digest == made.digest) == (None, False)
    assert any("guards" in told for told in bare.diff(made))
    assert any("costs" in told for told in bare.diff(made))


def test_phases_may_hold_the_items() -> None:
    """A guard may be on an item that only a phase sells."""
    phase = Phase(key="start", every=1, items=[Item(key="once", meter="free", price=prices.Flat(amount=1))])
    assert plan(guards.Cap(spend=5, item="once"), guards.Cap(quantity=5, meter="free"), phases=[phase]).guards


def test_guards_ask_metering_for_their_groups() -> None:
    """A guard on groups of a meter makes the meter keep them; others leave it as it is."""
    for some, axes in (([guards.Cap(quantity=1, meter="n", each=["x"])], ["team", "x"]), ([], ["team"])):
        made = plan(*some)
        terms = resolve(made, made.subscribe("acme", start="2025-01-01"), Period.month(2025, 1))
        assert [axis.name for axis in terms.meters["n"].axes] == axes
