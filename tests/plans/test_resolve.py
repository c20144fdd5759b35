"""Resolving: services, pieces, shares, dues and edges of one period, as flat dated terms."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard._numbers import text
from ratecard.cadence import Cadence
from ratecard.errors import InternalError, MismatchError, NoPriceError
from ratecard.periods import Period
from ratecard.plans import (
    Carry,
    Item,
    Pause,
    Piece,
    Plan,
    RateCard,
    Resume,
    Service,
    Subscription,
    Terms,
    resolve,
)
from ratecard.plans._metering import in_order

JANUARY = Period.month(2025, 1)
FEE = Item(key="fee", price=prices.Flat(amount="31"))
USE = Item(key="use", meter="m", price=prices.PerUnit(unit_price="1"))
METER = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))


def plan(*items: Item, **fields: Any) -> Plan:
    """A plan with one meter and these items."""
    return Plan.single("p", currency="USD", meters=[METER], items=items, **fields)


def terms(some: Plan, period: Period = JANUARY, carry: Carry | None = None, **acme: Any) -> Terms:
    """The terms of a customer since the first of January."""
    held = {"customer": "acme", "plan": "p", "start": "2025-01-01", **acme}
    return resolve(some, Subscription(**held), period, carry=carry)


def told(found: Terms) -> list[tuple[str, str, str, str, str | None]]:
    """Key, stretch, share and due of every piece."""
    return [
        (
            service.key,
            f"{piece.start:%m-%d}",
            f"{piece.end:%m-%d}",
            text(piece.share),
            service.due and f"{service.due:%m-%d}",
        )
        for service in found.services
        for piece in service.pieces
    ]


def test_whole_period() -> None:
    """An item is served for the whole period, due at its end, or at its start in advance."""
    found = terms(plan(FEE, FEE.model_copy(update={"key": "early", "bill": "advance"}), USE))
    assert told(found) == [
        ("fee", "01-01", "02-01", "1", "02-01"), ("early", "01-01", "02-01", "1", "01-01"),
        ("use", "01-01", "02-01", "1", "02-01"),
    ]  # fmt: skip
    assert repr(found) == "<Terms of 'p' for 'acme', Period('2025-01-01', '2025-02-01')>"
    assert (found.customer, found.zone, str(found.currency)) == ("acme", "UTC", "USD")
    assert found.meters["m"].edges == (JANUARY.start, JANUARY.end)
    assert found.meters["m"].priced == (True,)


def test_subscription_inside_the_period() -> None:
    """Service begins and ends with the subscription; without any service there are no terms."""
    assert told(terms(plan(FEE), start="2025-01-11", end="2025-01-21")) == [("fee", "01-11", "01-21", "10/31", "01-21")]
    assert told(terms(plan(FEE, USE), start="2025-02-01")) == []
    assert terms(plan(FEE, USE), start="2025-02-01").meters["m"].edges == ()


def test_zones() -> None:
    """Days are those of the customer's zone, cards begin in the plan's."""
    some = plan(FEE, zone="America/New_York").with_card(RateCard(currency="USD", effective="2025-01-16", items=[FEE]))
    found = terms(some, Period.month(2025, 1, zone="Europe/Stockholm"), zone="Europe/Stockholm")
    first, second = found.services[0].pieces
    assert second.start == datetime(2025, 1, 16, 5, tzinfo=UTC)
    assert (text(first.share), text(second.share)) == ("15/31", "16/31")
    assert terms(some, zone="UTC").zone == "UTC"
    assert terms(some).zone == "America/New_York"


def test_shares_without_proration() -> None:
    """Without proration the first piece of a period bears the whole, later ones nothing."""
    item = FEE.model_copy(update={"prorate": "none"})
    some = plan(item).with_card(RateCard(currency="USD", effective="2025-01-16", items=[item]))
    assert [text(piece.share) for piece in terms(some).services[0].pieces] == ["1", "0"]
    assert [text(piece.before) for piece in terms(some).services[0].pieces] == ["0", "1"]
    assert told(terms(some, start="2025-01-20")) == [("fee", "01-20", "02-01", "1", "02-01")]


def test_own_cadence() -> None:
    """An item with a rhythm of its own is served in whole periods of it, billed in the one that holds their due."""
    week = Cadence.weekly(anchor="2025-01-01")
    item, early = USE.model_copy(update={"cadence": week}), FEE.model_copy(update={"cadence": week, "bill": "advance"})
    found = terms(plan(item, early))
    assert [each[1:3] + each[4:] for each in told(found) if each[0] == "use"] == [
        ("01-01", "01-08", "01-08"), ("01-08", "01-15", "01-15"), ("01-15", "01-22", "01-22"),
        ("01-22", "01-29", "01-29"),
        ("01-29", "02-05", None),
    ]  # fmt: skip
    assert [each[4] for each in told(found) if each[0] == "fee"] == ["01-01", "01-08", "01-15", "01-22", "01-29"]
    assert found.meters["m"].edges[-1] == JANUARY.end
    february = terms(plan(item), Period.month(2025, 2))
    assert february.meters["m"].edges[0] == datetime(2025, 1, 29, tzinfo=UTC)


def test_window_with_a_carry() -> None:
    """With a carry, records are read from the start of the period."""
    item = USE.model_copy(update={"cadence": Cadence.calendar("year")})
    february = Period.month(2025, 2)
    carry = Carry("acme", "p", "2025-02-01T00:00:00Z")
    assert terms(plan(item), february).meters["m"].edges[0] == JANUARY.start
    found = terms(plan(item), february, carry)
    assert found.meters["m"].edges == (february.start, february.end)
    assert found.carry is carry


def test_levels_are_followed_without_a_price() -> None:
    """A level that some card prices is counted also while none does, cut by all that any card asks for."""
    level = meters.Meter(key="m", event="e", aggregate=meters.Level(of="n"))
    cards = [
        RateCard(currency="USD"),
        RateCard(currency="USD", effective="2025-03-01", items=[USE.model_copy(update={"each": ("d",)})]),
    ]
    some = Plan(key="p", meters=[level], cards=cards)
    assert terms(some).meters["m"].priced == (True,)
    assert len(terms(some).meters["m"].axes) == 1
    unsold = Plan.single("p", currency="USD", meters=[level], items=[FEE])
    assert terms(unsold).meters["m"].priced == (False,)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customer": "bolt"}, "carry.customer"), ({"until": "2025-03-01T00:00:00Z"}, "carry.until"),
        ({"plan": "q"}, "carry.plan"), ({"currency": "EUR"}, "carry.currency"),
    ],
)  # fmt: skip
def test_carry_of_another(change: dict[str, Any], code: str) -> None:
    """A carry belongs to its customer, plan and currency, and ends where the period begins."""
    carry = Carry(**{"customer": "acme", "plan": "p", "until": "2025-02-01T00:00:00Z", **change})
    with pytest.raises(MismatchError) as caught:
        terms(plan(FEE), Period.month(2025, 2), carry)
    assert caught.value.code == code


def test_refusals() -> None:
    """An empty period, a quantity or currency that is missing, and a time without a card are refused."""
    two = Plan(key="p", cards=[RateCard(currency=code, items=[FEE]) for code in ("USD", "EUR")])
    seats = plan(Item(key="s", quantity="seats", price=prices.PerUnit(unit_price="1")))
    late = Plan(key="p", cards=[RateCard(currency="USD", effective="2025-02-01", items=[FEE])])
    for act, code in (
        (lambda: terms(plan(FEE), Period("2025-01-01", "2025-01-01")), "period.empty"),
        (lambda: terms(two), "currency.ambiguous"),
        (lambda: terms(two, currency="JPY"), "currency.none"),
        (lambda: terms(seats), "quantity.missing"),
    ):
        with pytest.raises(MismatchError) as caught:
            act()
        assert caught.value.code == code
    assert str(terms(two, currency="EUR").currency) == "EUR"
    with pytest.raises(NoPriceError) as none:
        terms(late)
    assert none.value.code == "card.none"


def test_terms_are_kept() -> None:
    """Answers are kept on the plan, but not without end."""
    some = plan(FEE)
    first = terms(some)
    assert terms(some) is first
    for day in range(1100):
        resolve(some, some.subscribe(f"c{day}", start=date(2025, 1, 1)), JANUARY)
    assert terms(some) is not first
    assert terms(some).meters == first.meters
    assert hash(first.meters["m"] if first.meters else 0) == hash(terms(some).meters["m"])
    assert first.meters["m"] != 1
    assert terms(some).services[0].pieces[0].quantity == Decimal(1)


def test_an_item_that_came_back() -> None:
    """An item left out for a while is served twice in one quarter; each period bills the service that lies in it."""
    own = Item(key="fee", price=prices.Flat(amount="90"), cadence=Cadence.calendar("month", every=3))
    cards = [
        RateCard(currency="USD", items=[own]),
        RateCard(currency="USD", effective="2025-01-11", items=[FEE]),
        RateCard(currency="USD", effective="2025-03-02", items=[own]),
    ]
    found = terms(Plan(key="p", meters=[METER], cards=cards), Period.month(2025, 3))
    assert told(found) == [("fee", "03-01", "03-02", "1/31", "03-02"), ("fee", "03-02", "04-01", "1/3", "04-01")]


def test_a_period_inside_a_pause() -> None:
    """Where a pause fills a period, nothing is served in it, also inside a longer cadence."""
    yearly = plan(FEE, USE, cadence=Cadence(unit="year", anchor="2025-01-01"))
    acme = yearly.subscribe("acme", start="2025-01-01").with_changes(Pause(at="2025-02-01"), Resume(at="2025-03-01"))
    assert resolve(yearly, acme, Period.month(2025, 2)).services == ()
    assert len(resolve(yearly, acme, Period.month(2025, 3)).services) == 2


def test_items_in_a_circle() -> None:
    """A plan cannot be defined with a circle; where one came about all the same, it is told and not walked for ever."""
    found = terms(plan(Item(key="a", price=prices.PercentOf(items=["fee"], rate="0.1")), FEE)).services
    share, fee = sorted(found, key=lambda service: service.key)
    assert in_order([share, fee]) == [fee, share]
    back = Item(key="fee", price=prices.PercentOf(items=["a"], rate="0.1"))
    (piece,) = fee.pieces
    again = Piece(piece.period, back, piece.version, piece.share, piece.before, back.price)
    circle = Service("fee", full=fee.full, counted=fee.counted, pieces=[again], due=fee.due, meter=None)
    with pytest.raises(InternalError) as caught:
        in_order([share, circle])
    assert caught.value.code == "item.cycle"
