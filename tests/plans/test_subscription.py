"""Subscriptions: what they leave to the plan, and the periods in which they are served."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ratecard import prices
from ratecard._problems import problems
from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError, UnknownKeyError
from ratecard.periods import Period
from ratecard.plans import Catalog, Item, Plan, RateCard, Subscription

BASE = Item(key="base", price=prices.Flat(amount="20"))
PLAN = Plan.single("team", currency="USD", items=[BASE], zone="Europe/Stockholm")
BOTH = Plan(key="team", cards=[RateCard(currency="USD", items=[BASE]), RateCard(currency="EUR", items=[BASE])])


def test_held_values() -> None:
    """Days and quantities come in as text and are held exactly."""
    made = Subscription(customer="acme", plan="team", start="2025-01-15", quantities={"seats": "5.50"})
    assert (made.start, made.end, dict(made.quantities)) == (date(2025, 1, 15), None, {"seats": Decimal("5.5")})
    assert made == Subscription.model_validate(made.model_dump(mode="json"))
    assert hash(made) == hash(
        Subscription(customer="acme", plan="team", start="2025-01-15", quantities={"seats": "5.5"})
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"quantities": {"seats": "-1", "desks": 2, "rooms": -3}},
         [("quantities.rooms", "quantity.negative"), ("quantities.seats", "quantity.negative")]),
        ({"quantities": {"seats": 0.5}}, [("quantities.seats", "number.float")]),
        ({"end": "2025-01-14"}, [("end", "subscription.order")]),
        ({"end": "2025-01-14T23:00:00Z", "zone": "Asia/Tokyo", "start": "2025-01-16"}, [("end", "subscription.order")]),
        ({"zone": "Europe/Stokholm"}, [("zone", "zone.unknown")]),
        ({"start": "2025-01-15T12:00"}, [("start", "time.naive")]),
        ({"ends": "2025-01-16"}, [("ends", "field.unknown")]),
    ],
)  # fmt: skip
def test_refused(fields: dict[str, object], expected: list[tuple[str, str]]) -> None:
    """What cannot be is refused where it stands."""
    with pytest.raises(ValueError) as caught:
        Subscription(**{"customer": "acme", "plan": "team", "start": "2025-01-15", **fields})
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


@pytest.mark.parametrize("end", ["2025-01-15", "2025-01-14T18:00:00Z", "2025-03-01T00:00:00Z"])
def test_ends_that_may_be(end: str) -> None:
    """A subscription may be empty; whether an instant is before a date, only the plan's zone tells."""
    assert Subscription(customer="acme", plan="team", start="2025-01-15", end=end).end is not None


def test_left_to_the_plan() -> None:
    """Zone, currency and anchor are the subscription's own where it has them, else the plan's, else its start."""
    plain = Subscription(customer="acme", plan="team", start="2025-01-15")
    own = Subscription(
        customer="acme", plan="team", start="2025-01-15", zone="Asia/Tokyo", currency="EUR", anchor="2025-01-31"
    )
    assert (plain.zone_under(PLAN), own.zone_under(PLAN)) == ("Europe/Stockholm", "Asia/Tokyo")
    assert (plain.currency_under(PLAN), own.currency_under(BOTH)) == ("USD", "EUR")
    monthly = Cadence.monthly()
    assert plain.cadence_under(PLAN, monthly) == Cadence.monthly(anchor="2025-01-15", zone="Europe/Stockholm")
    assert own.cadence_under(PLAN, monthly) == Cadence.monthly(anchor="2025-01-31", zone="Asia/Tokyo")
    assert own.cadence_under(PLAN) == Cadence.calendar("month", zone="Asia/Tokyo")


def test_service() -> None:
    """Service runs from the start to the end in the customer's zone, or as far as time is counted."""
    plain = Subscription(customer="acme", plan="team", start="2025-01-15", end="2025-03-01")
    assert plain.service_under(PLAN) == Period("2025-01-15", "2025-03-01", zone="Europe/Stockholm")
    endless = Subscription(customer="acme", plan="team", start="2025-01-15T12:00:00Z")
    found = endless.service_under(PLAN)
    assert (found.start, found.end.year) == (datetime(2025, 1, 15, 12, tzinfo=UTC), 8999)


def test_currency_must_be_told() -> None:
    """With cards in several currencies the subscription names one that is there."""
    for currency in (None, "SEK"):
        held = Subscription(customer="acme", plan="team", start="2025-01-15", currency=currency)
        with pytest.raises(DefinitionError) as caught:
            held.currency_under(BOTH)
        (problem,) = caught.value.problems
        assert (problem.path, problem.code) == ("currency", "subscription.currency")
        assert problem.text.endswith("name one of USD, EUR")


def test_periods() -> None:
    """The whole cadence periods with service in them come in order, from a plan as from a catalog."""
    acme = PLAN.subscribe("acme", start="2025-01-15", end="2025-03-02")
    expected = [Period.month(2025, month, zone="Europe/Stockholm") for month in (1, 2, 3)]
    assert list(acme.periods(PLAN, Period.year(2025))) == expected
    assert list(acme.periods(Catalog(plans=[PLAN]), Period("2025-02-10", "2025-02-11"))) == expected[1:2]
    assert list(acme.periods(PLAN, Period.year(2026))) == []


def test_periods_follow_the_anchor() -> None:
    """A cadence without an anchor counts from the subscription's, else from its start."""
    plan = Plan.single("team", currency="USD", items=[BASE], cadence=Cadence.monthly())
    acme = plan.subscribe("acme", start="2025-01-31")
    bolt = plan.subscribe("bolt", start="2025-01-31", anchor="2025-01-05")
    between = Period("2025-01-01", "2025-03-31")
    assert list(acme.periods(plan, between)) == [
        Period("2025-01-31", "2025-02-28"),
        Period("2025-02-28", "2025-03-31"),
    ]
    assert list(bolt.periods(plan, between)) == [
        Period("2025-01-05", "2025-02-05"),
        Period("2025-02-05", "2025-03-05"),
        Period("2025-03-05", "2025-04-05"),
    ]


def test_periods_of_another_plan() -> None:
    """An offer without the subscription's plan says so."""
    with pytest.raises(UnknownKeyError, match="has no plan 'team'"):
        list(
            Subscription(customer="acme", plan="team", start="2025-01-15").periods(Catalog(plans=[]), Period.year(2025))
        )
