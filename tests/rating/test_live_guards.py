"""Guards of a plan as the live bill asks them: what it hands them to read, and where their days begin."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from ratecard import guards, meters, prices
from ratecard.cadence import Cadence
from ratecard.errors import MismatchError, NumberError
from ratecard.guards import Alert, Breach, Cap, Crossed, Gauge
from ratecard.meters import Meter
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, resolve
from ratecard.rating import Live, live
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
NOON = "2025-01-10T12:00:00Z"
ONE = prices.PerUnit(unit_price="1")


def opened(
    *some: guards.Guard, price: prices.Price = ONE, each: tuple[str, ...] = (), period: Period = JANUARY, find: Any = None, **fields: Any
) -> Live:  # fmt: skip
    """A live bill of one item under guards."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=price, each=each)], guards=some, **fields,
    )  # fmt: skip
    return live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), period), figures=find)


def use(n: int, id: str, at: datetime | str = NOON, **more: Any) -> UsageRecord:
    """A record of the item."""
    return UsageRecord("use", at, {"n": n, **more}, id=id)


def test_a_cap_of_the_customer_reads_the_request() -> None:
    """What the customer has elsewhere stands on top of this bill, of the request and of what is held."""
    bill = opened(Cap(spend="10", scope="customer"), find=lambda gauge: 4)
    assert not bill.admit(use(7, "1")) and bill.admit(use(6, "1"))
    assert bill.reserve(use(2, "held"))
    assert bill.left(NOON) == {"cap on subtotal for the customer": 4}
    (bound,) = bill.admit(use(5, "2")).limits
    assert (bound.value, bound.limit) == (11, 10)
    assert bill.record(use(4, "3")) == ()
    (breach,) = bill.record(use(3, "4"))
    assert isinstance(breach, Breach) and (breach.value, breach.limit) == (11, 10)
    clamping = opened(Cap(spend="10", scope="customer", mode="clamp"), find=lambda gauge: 4)
    assert clamping.admit(use(1000, "1")).fits == 6


def test_figures_of_the_customer_add_up() -> None:
    """Quantities, units, amounts and costs are added; what this bill does not have is told whole from elsewhere."""
    told = {"quantity": 2, "units": "3", "amount": Decimal(4), "cost": 1, "gross": 7, "forecast": 50}
    costs = [RateCard(currency="USD", items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="0.5"))])]
    some = (
        Alert(quantity=7, meter="n", scope="customer"), Alert(quantity=8, item="n", scope="customer"),
        Alert(spend=9, item="n", scope="customer"), Alert(forecast=50, scope="customer"),
        guards.MarginFloor(percent=71, scope="customer"),
    )  # fmt: skip
    bill = opened(*some, costs=costs, find=lambda gauge: told[gauge.what] if gauge.customer else None)
    signals = bill.record(use(5, "1"))
    assert [signal.value for signal in signals[:4]] == [7, 8, 9, 50]
    # 5 and 7 are charged, 2.50 and 1 are spent on it: 8.50 of 12 is left.
    assert len(signals) == 5
    assert opened(*some[:4], find=lambda gauge: told[gauge.what]).record(use(4, "1"))[0].key.startswith("alert on fore")


@pytest.mark.parametrize(("given", "code"), [
    (0.5, "number.float"), ("5x", "number.syntax"), ([1], "number.type"), (True, "number.bool"),
    (Decimal("NaN"), "number.nonfinite"), (Decimal("1e99999"), "number.bounds"),
])  # fmt: skip
def test_figures_are_numbers(given: Any, code: str) -> None:
    """What a function says of a gauge is a number of the grammar, or an error that names the gauge."""
    for scope in ("plan", "customer"):
        bill = opened(Alert(forecast=1, scope=scope), find=lambda gauge: given)
        with pytest.raises(NumberError, match="forecast") as caught:
            bill.record(use(1, "1"))
        assert caught.value.code == code
        assert Gauge("forecast").text == caught.value.path
    assert opened(Cap(spend="10", scope="customer"), find=lambda gauge: "5").admit(use(5, "1"))
    with pytest.raises(MismatchError, match="reading"):
        opened(Cap(spend="10", scope="customer"), find=lambda gauge: None).admit(use(5, "1"))


def test_windows_follow_the_zone_of_the_customer() -> None:
    """A cadence without a zone has its boundaries where the customer's days begin; one that names a zone keeps it."""
    month, day = Cadence.calendar("month"), Cadence.calendar("day")
    zone = "America/New_York"
    january = Period.month(2025, 1, zone=zone)
    # 1 February at one in the night in UTC is still 31 January in New York.
    late = use(10, "2", "2025-02-01T01:00:00Z")
    limits: tuple[guards.Guard, ...] = (
        Cap(spend="10", per=month), guards.FixedWindow(limit=1, per=month),
        guards.FairUse(quantity=0, meter="n", then=guards.FixedWindow(limit=1, per=month)),
    )  # fmt: skip
    for limit in limits:
        bill = opened(limit, period=january, zone=zone)
        assert bill.admit(use(10, "1", "2025-01-20T12:00:00Z"))
        assert not bill.admit(late)
    (bound,) = opened(Cap(spend="10", per=day), period=january, zone=zone).admit(use(11, "1", NOON)).limits
    assert bound.retry_after is None
    bill = opened(Cap(spend="10", per=day), period=january, zone=zone)
    assert bill.admit(use(10, "1", NOON))
    # The day ends at five in UTC.
    assert bill.admit(use(1, "2", NOON)).retry_after == 17 * 3600
    utc = opened(Cap(spend="10", per=Cadence.calendar("month", zone="UTC")), period=january, zone=zone)
    assert utc.admit(use(10, "1", "2025-01-20T12:00:00Z")) and utc.admit(late)
