"""What a subscription names is looked up once its plans are known."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ratecard import prices, problems
from ratecard.errors import UnknownKeyError
from ratecard.periods import Period
from ratecard.plans import (
    Catalog,
    ChangePlan,
    ChangeQuantity,
    Entitlement,
    Item,
    Override,
    Phase,
    Plan,
    Subscription,
    resolve,
)

JANUARY = Period.month(2025, 1)
ONE = prices.PerUnit(unit_price="1")
TEAM = Plan.single("team", currency="USD", items=[Item(key="seats", quantity="seats", price=ONE)])
ACME = TEAM.subscribe("acme", start="2025-01-01", quantities={"seats": 2})


def wrong(acme: Subscription, offer: Any = TEAM) -> list[tuple[str, str]]:
    """Path and code of each problem that resolving finds."""
    with pytest.raises(UnknownKeyError) as caught:
        resolve(offer, acme, JANUARY)
    return [(each.path, each.code) for each in caught.value.problems]


def change(**quantities: int) -> Subscription:
    """Acme with other quantities from 10 January."""
    return ACME.with_changes(ChangeQuantity(at="2025-01-10", quantities=quantities))


def test_quantities() -> None:
    """A quantity that changes is one that something is sold by; near names are told."""
    assert wrong(change(seatz=100)) == [("changes[0].quantities.seatz", "key.unknown")]
    with pytest.raises(UnknownKeyError, match='Did you mean "seats"'):
        resolve(TEAM, change(seatz=100, seats=3), JANUARY)
    assert len(resolve(TEAM, change(seats=3), JANUARY).services) == 1


def test_quantities_of_others() -> None:
    """It may also be sold by an item of one's own, of a phase, of a later plan, or limit an entitlement."""
    desks = Item(key="desks", quantity="desks", price=ONE)
    held = {"quantities": {"seats": 2, "desks": 1}}
    own = change(desks=3).model_copy(update={"overrides": [Override(items=[desks])], **held})
    phased = change(desks=3).model_copy(update={"phases": [Phase(key="ramp", every=3, items=[desks])], **held})
    limited = change(desks=3).model_copy(update={"entitlements": [Entitlement(key="desks", quantity="desks")], **held})
    for acme in (own, phased, limited):
        assert resolve(TEAM, acme, JANUARY).customer == "acme"
    office = Plan.single("office", currency="USD", items=[desks])
    moved = change(desks=3).with_changes(ChangePlan(at="2025-01-20", plan="office")).model_copy(update=held)
    assert resolve(Catalog(plans=[TEAM, office]), moved, JANUARY).plan == office


def test_nothing() -> None:
    """A change of no quantity is a mistake."""
    with pytest.raises(ValidationError) as caught:
        ChangeQuantity(at="2025-01-10", quantities={})
    assert [(each.path, each.code) for each in problems(caught.value)] == [("quantities", "change.nothing")]


def test_plans() -> None:
    """An override is for a plan that the offer has."""
    typo = ACME.model_copy(update={"overrides": [Override(prices={"seats": ONE}, plan="teem")]})
    assert wrong(typo) == [("overrides[0].plan", "key.unknown")]
    fits = ACME.model_copy(update={"overrides": [Override(prices={"seats": ONE}, plan="team")]})
    assert resolve(TEAM, fits, JANUARY).plan == TEAM


def test_phases() -> None:
    """Phases of one's own name items that are sold, by a card or by the phases themselves."""
    extra = Item(key="extra", price=prices.Flat(amount="5"))
    typo = Phase(key="a", every=1, prices={"typo": ONE}, without=["none"])
    assert wrong(ACME.model_copy(update={"phases": [typo]})) == [
        ("phases[0].prices", "key.unknown"),
        ("phases[0].without", "key.unknown"),
    ]
    fits = [Phase(key="a", every=1, items=[extra]), Phase(key="b", every=1, prices={"extra": ONE, "seats": ONE})]
    assert resolve(TEAM, ACME.model_copy(update={"phases": fits}), JANUARY).plan == TEAM
