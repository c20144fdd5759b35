"""Lots that were ended before all usage of their time was known: the statement tells that they would have paid."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard.credits import Grant, Ledger, Policy, Rollover
from ratecard.periods import Period
from ratecard.plans import Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
NEW_YEAR = "2025-01-01T00:00:00Z"
ONE = {"model": "per_unit", "unit_price": "1"}
MENU = {"model": "credit", "unit": "c", "base": ONE, "overage": ONE}
FIRST = UsageRecord("e", "2025-01-05T00:00:00Z", {"n": 10}, id="1")
SECOND = UsageRecord("e", "2025-01-18T00:00:00Z", {"n": 60}, id="2")
THIRD = UsageRecord("e", "2025-01-25T00:00:00Z", {"n": 1}, id="3")


def plan(price: dict[str, Any]) -> Plan:
    """Usage at 1, in money or in credits."""
    return Plan.load({
        "key": "p", "units": [{"key": "c", "places": 0}],
        "meters": [{"key": "m", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}],
        "cards": [{"currency": "USD", "items": [{"key": "u", "meter": "m", "price": price}]}],
    })  # fmt: skip


def held(price: dict[str, Any], policy: Policy | None = None, **fields: Any) -> Ledger:
    """One lot of 100 that ends on the 20th, of which a half rolls over unless it is told otherwise."""
    unit = {"currency": "c", "places": 0} if price is MENU else {"currency": "USD"}
    grant = {"id": "g", "amount": 100, "expiry": "2025-01-20", "rollover": {"fraction": "0.5"}, **unit, **fields}
    return Ledger(policy).grant(Grant.model_validate(grant), at=NEW_YEAR)


def bill(offer: Plan, ledger: Ledger, *records: UsageRecord) -> Statement:
    """The statement of January."""
    found = rate(offer, offer.subscribe("acme", start="2025-01-01"), records, JANUARY, ledger=ledger)
    assert found.verify()
    assert Statement.from_json(found.to_json()) == found
    return found


def codes(found: Statement) -> list[tuple[str, str]]:
    """What a statement tells of lots."""
    return [(each.code, each.key) for each in found.notices]


@pytest.mark.parametrize("price", [ONE, MENU])
def test_a_lot_that_rolled_over_too_soon(price: dict[str, Any]) -> None:
    """A statement of a month that ran was posted, and rolled a lot over; what comes later tells that it is missed."""
    offer = plan(price)
    ledger = held(price)
    interim = bill(offer, ledger, FIRST, THIRD)
    assert interim.ledger is not None
    assert (codes(interim), str(interim.due)) == ([], "0.00 USD")
    final = bill(offer, interim.ledger, FIRST, SECOND, THIRD)
    assert str(final.due) == "60.00 USD"
    (notice,) = final.notices
    assert (notice.code, notice.key) == ("credit.ended", "g")
    assert notice.text == (
        "ended at 2025-01-20T00:00:00Z with what was left of it, before all of u@2025-01-01T00:00:00Z was known that "
        "it would have paid; post statements, and end lots, when all usage of their time is in"
    )
    assert codes(bill(offer, ledger, FIRST, SECOND, THIRD)) == []


def test_a_lot_that_was_expired_too_soon() -> None:
    """The same where the host ended it; late usage finds it gone, and is told so also by a correction."""
    offer = plan(ONE)
    first = bill(offer, held(ONE, rollover=None), FIRST)
    assert first.ledger is not None
    acme = offer.subscribe("acme", start="2025-01-01")
    found = rerate(first, offer, acme, [FIRST, SECOND], ledger=first.ledger.expire("2025-02-01T00:00:00Z"))
    assert (str(found.due), codes(found.corrected)) == ("60.00 USD", [("credit.ended", "g")])


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({"scope": {"items": ["x"]}}, None),
        ({"effective": "2025-01-19"}, None),
        ({"amount": 10}, None),
        ({}, Policy(lot_time="settlement")),
    ],
)
def test_where_nothing_is_to_be_told(fields: dict[str, Any], policy: Policy | None) -> None:
    """A lot that would not have paid, or had nothing left, is not missed."""
    offer = plan(ONE)
    ledger = held(ONE, policy, **fields)
    first = bill(offer, ledger, FIRST)
    assert first.ledger is not None
    found = bill(offer, first.ledger.expire("2025-02-01T00:00:00Z"), FIRST, SECOND)
    assert [each for each in codes(found) if each[0] == "credit.ended"] == []


def test_what_came_back_and_rolled_over() -> None:
    """A part gave credits back to a lot that rolled over since: made again without that, it asks for them in money."""
    tiers = [{"up_to": "40", "unit_price": "3"}, {"unit_price": "1"}]
    volume = plan({"model": "volume", "tiers": tiers})
    acme = volume.subscribe("acme", start="2025-01-01")
    one, two = Period.month(2025, 1).split("2025-01-16")
    early, late = (UsageRecord("e", f"2025-01-{day}T00:00:00Z", {"n": 40}, id=str(day)) for day in (10, 20))
    pack = Grant(id="pack", amount="200", currency="USD", expiry="2025-01-25", rollover=Rollover())
    first = rate(volume, acme, [early], one, ledger=Ledger().grant(pack, at=one.start))
    second = rate(volume, acme, [late], two, ledger=first.ledger, carry=first.carry)
    assert (str(second.total), str(second.due)) == ("-40.00 USD", "0.00 USD")
    found = rerate(second, volume, acme, [], carry=first.carry, ledger=second.ledger, at="2025-02-10T00:00:00Z")
    assert (str(found.total), str(found.due), str(found.corrected.due)) == ("40.00 USD", "40.00 USD", "40.00 USD")
    asked = found.corrected.lines_by("credits")
    assert [(line.key, str(line.amount)) for line in asked] == [
        ("[credits]pack[kept=u]@2025-01-16T00:00:00Z", "40.00 USD")
    ]
    assert found.corrected.verify()
