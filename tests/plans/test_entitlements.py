"""Entitlements: what may be used and why, by the plan in force, the customer's own terms, and the service."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratecard import Item, Plan, Subscription, prices
from ratecard._problems import problems
from ratecard.errors import UnknownKeyError
from ratecard.plans import (
    Cancel,
    Catalog,
    ChangePlan,
    ChangeQuantity,
    Entitled,
    Entitlement,
    Override,
    Pause,
    Phase,
    Resume,
    entitled,
)

BASE = [Item(key="base", price=prices.Flat(amount="20"))]


def plan(key: str, *held: Entitlement) -> Plan:
    """A plan with entitlements."""
    return Plan.single(key, currency="USD", items=BASE, entitlements=held)


SEATS = Entitlement(key="seats", quantity="seats")
BASIC = plan(
    "basic", Entitlement(key="api"), Entitlement(key="sso", enabled=False), Entitlement(key="projects", limit=3), SEATS
)
PRO = plan("pro", Entitlement(key="api"), Entitlement(key="sso"), Entitlement(key="projects"), Entitlement(key="audit"))
BOTH = Catalog(plans=[BASIC, PRO])
ACME = Subscription(
    customer="acme", plan="basic", start="2025-01-01", quantities={"seats": 5},
    changes=[ChangeQuantity(at="2025-02-01", quantities={"seats": 8}), ChangePlan(at="2025-03-11", plan="pro"),
             Pause(at="2025-05-01"), Resume(at="2025-06-01"), Cancel(at="2025-07-01")],
)  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "at", "code", "limit"),
    [
        ("api", "2025-03-10", "entitled.plan", None),
        ("sso", "2025-03-10", "entitled.off", None),
        ("sso", "2025-03-11", "entitled.plan", None),
        ("projects", "2025-03-10T23:59:59Z", "entitled.plan", "3"),
        ("projects", "2025-03-11T00:00:00Z", "entitled.plan", None),
        ("seats", "2025-01-10", "entitled.plan", "5"),
        ("seats", "2025-02-10", "entitled.plan", "8"),
        ("seats", "2025-03-11", "entitled.none", None),
        ("audit", "2025-03-10", "entitled.none", None),
        ("api", "2024-12-31", "entitled.before", None),
        ("api", "2025-05-31", "entitled.paused", None),
        ("api", "2025-06-01", "entitled.plan", None),
        ("api", "2025-07-01", "entitled.after", None),
    ],
)
def test_by_plan(feature: str, at: str, code: str, limit: str | None) -> None:
    """The plan in force at the instant answers, inside the service and outside a pause."""
    found = entitled(BOTH, ACME, feature, at)
    assert (found.code, found.limit) == (code, None if limit is None else Decimal(limit))
    assert found.allowed is bool(found) is (code == "entitled.plan")
    assert found.reason in repr(found)


def test_by_customer() -> None:
    """What the customer has of its own goes before the plan, on every plan."""
    own = [Entitlement(key="sso"), Entitlement(key="projects", limit=0), Entitlement(key="beta", limit="2.5")]
    held = ACME.model_copy(update={"entitlements": own})
    assert entitled(BOTH, held, "sso", "2025-03-01") == Entitled(
        "sso", "entitled.customer", "the customer has it", allowed=True
    )
    assert not entitled(BOTH, held, "projects", "2025-04-01")
    beta = entitled(BOTH, held, "beta", "2025-03-01")
    assert (beta.limit, beta.reason) == (Decimal("2.5"), "the customer has up to 2.5")
    assert hash(beta) == hash(entitled(BOTH, held, "beta", "2025-03-02")) and beta != "beta"
    assert Subscription.model_validate(held.model_dump(mode="json")) == held


def test_seats_that_are_not_sold() -> None:
    """Without the quantity there is none of it; one that nothing is sold by and nobody has is a mistake."""
    bolt = BASIC.subscribe("bolt", start="2025-01-01")
    with pytest.raises(UnknownKeyError, match="has no quantity 'seats'"):
        entitled(BASIC, bolt, "seats", "2025-01-01")
    sold = Item(key="seat", quantity="seats", price=prices.Flat(amount="8"))
    phase, deal = Phase(key="start", items=[sold]), Override(items=[sold])
    for fields in ({"phases": [phase]}, {"overrides": [deal]}):
        assert not entitled(BASIC, bolt.model_copy(update=fields), "seats", "2025-01-01")
    found = entitled(BASIC, bolt.model_copy(update={"quantities": {"seats": 0}}), "seats", "2025-01-01")
    assert (found.allowed, found.limit, found.reason) == (False, Decimal(0), "the plan 'basic' has as many as seats: 0")


def test_unknown() -> None:
    """A feature that nobody knows is a mistake of whoever asks."""
    with pytest.raises(UnknownKeyError, match='Did you mean "sso"'):
        entitled(BOTH, ACME, "sos", "2025-03-01")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"limit": 3, "quantity": "seats"}, [("quantity", "entitlement.limit")]),
        ({"limit": 3, "enabled": False}, [("enabled", "entitlement.off")]),
        ({"limit": -1}, [("limit", "quantity.negative")]),
    ],
)
def test_refused(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """An entitlement that says two things is refused."""
    with pytest.raises(ValueError) as caught:
        Entitlement(key="x", **fields)
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


def test_once_each() -> None:
    """A plan and a subscription say each feature once."""
    twice = [Entitlement(key="x"), Entitlement(key="x", enabled=False)]
    for make in (lambda: plan("p", *twice), lambda: ACME.model_copy(update={"entitlements": twice})):
        with pytest.raises(ValueError) as caught:
            make()
        assert [(each.path, each.code) for each in problems(caught.value)] == [("entitlements[1].key", "key.duplicate")]
