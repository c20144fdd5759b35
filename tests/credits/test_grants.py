"""
Grants, one and recurring; scopes and uses; rollovers; policies: what can be written and what is refused.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ratecard._problems import problems
from ratecard.cadence import Cadence
from ratecard.credits import AnyGrant, Grant, Ledger, Negative, Policy, Recurring, Rollover, Scope, Use, entry_id
from ratecard.errors import MismatchError
from ratecard.money import Currency
from ratecard.periods import Period

YEAR = Period.year(2025)


def test_plain_forms() -> None:
    """A grant is read by its kind, and a unit of one's own brings its decimals."""
    read = TypeAdapter[Any](AnyGrant).validate_python
    assert read({"kind": "grant", "id": "g", "amount": "5"}) == Grant(id="g", amount=5)
    assert read({"kind": "recurring", "key": "k", "amount": "5"}) == Recurring(key="k", amount="5")
    unit = Currency.custom("credits", places=3)
    grant = Grant(id="g", amount=5, currency=unit)
    assert (grant.currency, grant.places, grant.unit()) == ("credits", 3, unit)
    assert Grant.model_validate_json(grant.model_dump_json()) == grant


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"amount": "0"}, "amount", "grant.amount"),
        ({"amount": "-1"}, "amount", "grant.amount"),
        ({"amount": {"USD": "1", "EUR": "0"}}, "amount.EUR", "grant.amount"),
        ({"amount": {}}, "amount", "amount.currency"),
        ({"amount": {"USD": "x"}}, "amount.USD", "number.syntax"),
        ({"amount": {"USD": "1"}, "currency": "USD"}, "currency", "grant.currency"),
        ({"amount": {"USD": "1"}, "cost": "1"}, "cost", "amount.currency"),
        ({"cost": {"USD": "-1"}}, "cost.USD", "grant.cost"),
        ({"cost": {"USD": "1"}, "currency": "EUR"}, "cost", "grant.currency"),
        ({"unit_cost": {"USD": "1"}, "cost_currency": "EUR"}, "cost_currency", "grant.currency"),
        ({"cost": {"USD": "1"}, "category": "promotional"}, "cost", "grant.cost"),
        ({"cost": "1", "unit_cost": "1"}, "unit_cost", "grant.costs"),
        ({"cost": "-1"}, "cost", "grant.cost"),
        ({"unit_cost": "-1"}, "unit_cost", "grant.cost"),
        ({"cost": "1", "category": "promotional"}, "cost", "grant.cost"),
        ({"effective": "2025-02-01", "expiry": "2025-02-01"}, "expiry", "grant.order"),
        ({"expiry": "2025-02-01", "lasts": Cadence.monthly()}, "lasts", "grant.lasts"),
        ({"priority": "-1"}, "priority", "number.small"),
        ({"priority": "1.5"}, "priority", "integer.type"),
        ({"priority": 1.5}, "priority", "number.float"),
    ],
)
def test_grant_refused(fields: dict[str, Any], path: str, code: str) -> None:
    """A grant of nothing, with two costs, below 0, or over before it begins can't be built."""
    with pytest.raises(ValidationError) as error:
        Grant(**{"id": "g", "amount": "5", **fields})
    assert (path, code) in [(each.path, each.code) for each in problems(error.value)]


@pytest.mark.parametrize(
    ("fields", "paid"),
    [
        ({}, False), ({"cost": "1"}, True), ({"unit_cost": "1"}, True), ({"cost": "0"}, False),
        ({"category": "paid"}, True), ({"category": "promotional", "cost": "0"}, False),
    ],
)  # fmt: skip
def test_paid(fields: dict[str, Any], paid: bool) -> None:
    """The category says who paid, and without one the cost does."""
    assert Grant(id="g", amount="5", **fields).paid is paid


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({}, [True, True, True]),
        ({"items": ["gpt"]}, [True, False, False]),
        ({"meters": ["tokens"]}, [True, False, False]),
        ({"metered": True}, [True, False, False]),
        ({"customers": ["acme"]}, [True, False, False]),
        ({"dimensions": {"region": ("eu", "us")}}, [True, False, False]),
        ({"dimensions": {"region": ("us",)}}, [False, False, False]),
        ({"items": ["gpt", "seats"], "metered": True}, [True, False, False]),
        ({"items": ["gpt", "seats"]}, [True, True, False]),
    ],
)
def test_scope(scope: dict[str, Any], covered: list[bool]) -> None:
    """A scope covers what meets each of its limits; what a use does not state meets none."""
    uses = [
        Use("gpt", meter="tokens", dimensions={"region": "eu"}, customer="acme"),
        Use("seats"),
        Use(),
    ]
    assert [Scope(**scope).covers(use) for use in uses] == covered


def test_breadth() -> None:
    """What a scope names is counted."""
    assert Scope().breadth == 0
    assert Scope(items=["a"], meters=["b"], customers=["c"], dimensions={"d": ("x", "y")}, metered=True).breadth == 6


def test_use() -> None:
    """A use is a value, and shows what it states."""
    use = Use("gpt", meter="tokens", dimensions={"region": "eu"})
    assert use == Use("gpt", meter="tokens", dimensions={"region": "eu"})
    assert hash(use) == hash(Use("gpt", meter="tokens", dimensions={"region": "eu"}))
    assert use != Use("gpt")
    assert use != "gpt"
    assert repr(use) == "Use(item='gpt', meter='tokens', dimensions={'region': 'eu'})"


def test_recurring_resets() -> None:
    """One grant a period, each living as long as its own; month ends follow the anchor."""
    monthly = Recurring(key="welcome", amount="5", currency="USD", rollover=Rollover(maximum="3"))
    found = monthly.grants(Period("2025-01-31", "2025-04-01"), anchor="2025-01-31")
    assert [(each.id, str(each.effective)[:10], str(each.expiry)[:10]) for each in found] == [
        ("welcome/2025-01-31T00:00:00Z", "2025-01-31", "2025-02-28"),
        ("welcome/2025-02-28T00:00:00Z", "2025-02-28", "2025-03-31"),
        ("welcome/2025-03-31T00:00:00Z", "2025-03-31", "2025-04-30"),
    ]
    assert {each.key for each in found} == {"welcome"}
    rollover = found[0].rollover
    assert rollover is not None
    assert rollover.every == Cadence.monthly(anchor="2025-01-31", zone="UTC")
    named = Recurring(key="k", amount=1, rollover=Rollover(every=Cadence.yearly()))
    assert named.grants(Period.month(2025, 1))[0].rollover == Rollover(every=Cadence.yearly())


@pytest.mark.parametrize(
    ("fields", "starts"),
    [
        ({}, ["2025-01-15", "2025-02-15", "2025-03-15"]),
        ({"times": 2}, ["2025-01-15", "2025-02-15"]),
        ({"effective": "2025-02-01", "times": 1}, ["2025-02-15"]),
        ({"effective": "2025-02-15", "times": 1}, ["2025-02-15"]),
        ({"expiry": "2025-03-15"}, ["2025-01-15", "2025-02-15"]),
        ({"effective": "2025-05-01"}, []),
    ],
)
def test_recurring_bounds(fields: dict[str, Any], starts: list[str]) -> None:
    """No grant before the first, after the last, or beyond the number there may be."""
    found = Recurring(key="k", amount=1, **fields).grants(Period("2025-01-15", "2025-04-01"), anchor="2025-01-15")
    assert [str(each.effective)[:10] for each in found] == starts


def test_recurring_tiles() -> None:
    """The grants of the parts of a period are the grants of the whole."""
    grant = Recurring(key="k", amount=1, every=Cadence(every=10, unit="day"), lasts=None)
    whole = grant.grants(YEAR, anchor="2024-12-25", zone="Europe/Stockholm")
    parts = [
        each
        for part in YEAR.split("2025-01-04", "2025-03-30T01:00:00Z", "2025-11-01")
        for each in grant.grants(part, anchor="2024-12-25", zone="Europe/Stockholm")
    ]
    assert list(whole) == parts
    assert len(whole) == 37
    assert {each.expiry for each in whole} == {None}


@pytest.mark.parametrize(
    ("kind", "fields", "path", "code"),
    [
        (Rollover, {"fraction": "0"}, "fraction", "rollover.fraction"),
        (Rollover, {"fraction": "1.1"}, "fraction", "rollover.fraction"),
        (Rollover, {"maximum": "-1"}, "maximum", "rollover.maximum"),
        (Negative, {"limit": "-1"}, "limit", "overdraft.limit"),
        (Policy, {"burn": ["expiry", "expiry"]}, "burn[1]", "burn.twice"),
        (Policy, {"burn": ["id", "expiry"]}, "burn", "burn.id"),
        (Policy, {"burn": ["colour"]}, "burn[0]", "choice.unknown"),
        (Policy, {"overage": {"kind": "maybe"}}, "overage", "kind.unknown"),
        (Policy, {"horizon_days": "0"}, "horizon_days", "number.small"),
        (Scope, {"dimensions": {"d": ()}}, "dimensions.d", "list.short"),
    ],
)
def test_terms_refused(kind: Any, fields: dict[str, Any], path: str, code: str) -> None:
    """Terms that make no sense can't be built, and say where."""
    with pytest.raises(ValidationError) as error:
        kind(**fields)
    assert (path, code) in [(each.path, each.code) for each in problems(error.value)]


def test_presets() -> None:
    """Each preset is a total order with the id last, and says what else is the vendor's way."""
    names: Any = ["default", "stripe", "orb", "metronome", "openmeter", "lago"]
    found = {name: Policy.preset(name) for name in names}
    assert found["default"] == Policy()
    assert {policy.burn[-1] for policy in found.values()} == {"id"}
    assert {name for name, policy in found.items() if policy.lot_time == "settlement"} == {"stripe", "lago"}
    assert {name for name, policy in found.items() if policy.overage == Negative()} == {"orb", "openmeter"}


def test_entry_ids() -> None:
    """Different parts never give one id."""
    told = {entry_id(*parts) for parts in (("a", "b/c"), ("a/b", "c"), ("a", "b", "c"), ("a%2Fb", "c"), ("a", "b"))}
    assert len(told) == 5


def test_amounts_by_currency() -> None:
    """A table is read, stored and taken in one currency; without one it is refused."""
    written = {"USD": "100", "EUR": "95"}
    gift = Grant(id="gift", amount=written, cost={"USD": "50", "EUR": "38"})
    assert gift.model_dump(mode="json")["amount"] == {"EUR": "95", "USD": "100"}
    assert Grant.model_validate_json(gift.model_dump_json()) == gift
    assert hash(gift) == hash(Grant.model_validate(gift.model_dump()))
    taken = gift.in_currency("EUR")
    assert taken == Grant(id="gift", amount="95", currency="EUR", cost="38", cost_currency="EUR")
    assert taken.in_currency(None) is taken and gift.paid
    assert not Grant(id="gift", amount=written, cost={"USD": "0", "EUR": "0"}).paid
    euro = Currency.of("EUR")
    assert (str(gift.money(euro)), gift.basis(euro)) == ("95.00 EUR", taken.basis(euro))
    assert Grant(id="g", amount=written, unit_cost={"USD": "1", "EUR": "0.5"}).basis(euro) == Decimal("0.5")
    start = "2025-01-01T00:00:00Z"
    held = Ledger().grant(gift, at=start, currency=euro).lot("gift").lot
    assert (held.amount, str(held.unit), str(held.cost_currency)) == (Decimal(95), "EUR", "EUR")
    for currency in (None, Currency.of("GBP")):
        with pytest.raises(MismatchError, match="EUR, USD") as caught:
            Ledger().grant(gift, at=start, currency=currency)
        assert caught.value.code == "amount.currency"
    (monthly,) = Recurring(key="k", amount=written).grants(Period.month(2025, 1))
    assert monthly.in_currency("USD").amount == Decimal(100)
