"""
Lots: made of grants, in order, in queues, and as plain data.
"""

from __future__ import annotations

import itertools
from bisect import insort
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard.cadence import Cadence
from ratecard.credits import BurnKey, Grant, Lot, Rollover, Scope
from ratecard.credits._holdings import Holding, opened
from ratecard.credits._lots import rank
from ratecard.credits._queue import Queue
from ratecard.errors import LedgerError, MismatchError
from ratecard.money import Currency

NOW = datetime(2025, 1, 10, tzinfo=UTC)
USD = Currency.of("USD")
UNIT = Currency.custom("credits", places=0)


def test_of_a_grant() -> None:
    """A lot has the grant's terms, with bare dates as midnights of the zone and what is left out filled in."""
    grant = Grant(
        id="pack", amount="10000", currency=UNIT, effective="2025-02-01", expiry="2025-03-01", cost="8500",
        cost_currency="USD", priority=3, scope=Scope(meters=["tokens"]),
    )  # fmt: skip
    lot = Lot.of(grant, NOW, zone="Europe/Stockholm")
    assert (lot.id, lot.key, lot.unit, lot.amount, lot.priority) == ("pack", "pack", "credits", Decimal(10000), 3)
    assert lot.effective == datetime(2025, 1, 31, 23, tzinfo=UTC)
    assert lot.expiry == datetime(2025, 2, 28, 23, tzinfo=UTC)
    assert (lot.granted, lot.paid, lot.basis, lot.cost_currency) == (NOW, True, Decimal("0.85"), "USD")
    assert lot.cost(Decimal(1000)) == Decimal(850)
    assert (lot.rolled, lot.root, repr(lot)) == (0, "pack", "<Lot 'pack': 10000 credits>")


def test_left_out() -> None:
    """Without times a lot pays from its granting on and for ever; its unit is the one that is handed in."""
    lot = Lot.of(Grant(id="g", amount=5), NOW, currency=USD)
    assert (lot.effective, lot.expiry, lot.unit, lot.paid, lot.basis) == (NOW, None, "USD", False, Decimal(0))
    assert lot.alive(NOW)
    assert lot.alive(datetime(8999, 1, 1, tzinfo=UTC))
    assert not lot.alive(datetime(2025, 1, 9, tzinfo=UTC))


def test_lasts() -> None:
    """A grant may last until the first boundary of a cadence; its first instant is in, its expiry is out."""
    lot = Lot.of(Grant(id="g", amount=5, currency="USD", lasts=Cadence(every=14, unit="day")), NOW)
    assert lot.expiry == datetime(2025, 1, 24, tzinfo=UTC)
    assert not lot.alive(lot.expiry)
    assert lot.alive(lot.effective)


@pytest.mark.parametrize(
    ("fields", "basis"),
    [
        ({"category": "paid"}, "1"),
        ({"category": "promotional"}, "0"),
        ({"cost": "0"}, "0"),
        ({"unit_cost": "0.5"}, "0.5"),
        ({"cost": "1"}, "1/3"),
    ],
)
def test_basis(fields: dict[str, Any], basis: str) -> None:
    """The cost of a unit is what was paid over the amount, exact; money that was paid for costs its face value."""
    assert str(Lot.of(Grant(id="g", amount=3, currency="USD", **fields), NOW).basis) == basis


@pytest.mark.parametrize(
    ("grant", "code"),
    [
        (Grant(id="g", amount=5), "grant.currency"),
        (Grant(id="g", amount=5, currency=UNIT, cost=1), "grant.currency"),
        (Grant(id="g", amount="0.5", currency=UNIT), "ledger.fine"),
        (Grant(id="g", amount=5, currency="USD", expiry="2025-01-10"), "grant.order"),
    ],
)
def test_of_a_grant_refused(grant: Grant, code: str) -> None:
    """A grant without a unit, with a cost in none, finer than its unit, or over before it begins makes no lot."""
    with pytest.raises(LedgerError) as error:
        Lot.of(grant, NOW)
    assert error.value.code == code


def test_unit_of_a_grant() -> None:
    """A unit of one's own needs its decimals, a currency has its own, as ISO or as Stripe counts it."""
    assert Grant(id="g", amount=5, currency="UGX", places=2).unit() == Currency.of("UGX", profile="stripe")
    assert Grant(id="g", amount=5, currency="USD", places=2).unit() is Currency.of("USD")
    with pytest.raises(MismatchError) as error:
        Grant(id="g", amount=5, currency="USD", places=3).unit()
    assert error.value.code == "currency.places"
    with pytest.raises(MismatchError) as error:
        Grant(id="g", amount=5, currency="credits").unit()
    assert error.value.code == "currency.unknown"


def _lot(id: str, **fields: Any) -> Lot:
    terms: dict[str, Any] = {"granted": NOW, "effective": NOW, "expiry": None}
    return Lot(id, id, USD, Decimal(fields.pop("amount", 1)), **{**terms, **fields})


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("expiry", {"expiry": datetime(2025, 2, 1, tzinfo=UTC)}, {}),
        ("expiry", {"expiry": datetime(2025, 2, 1, tzinfo=UTC)}, {"expiry": datetime(2025, 2, 2, tzinfo=UTC)}),
        ("expiry_second", {"expiry": datetime(2025, 2, 1, tzinfo=UTC)}, {}),
        ("expiry_second", {"expiry": datetime(2025, 2, 1, 0, 0, 0, tzinfo=UTC)},
         {"expiry": datetime(2025, 2, 1, 0, 0, 1, tzinfo=UTC)}),
        ("priority", {"priority": 1}, {"priority": 2}),
        ("age", {"granted": datetime(2025, 1, 9, tzinfo=UTC)}, {}),
        ("effective", {"effective": datetime(2025, 1, 9, tzinfo=UTC)}, {}),
        ("promotional", {}, {"paid": True}),
        ("cost", {}, {"basis": Decimal(1)}),
        ("rolled", {"rolled": 1}, {}),
        ("rolled_last", {}, {"rolled": 1}),
        ("narrow", {"scope": Scope(items=["a"])}, {}),
        ("narrow", {"scope": Scope(items=["a"])}, {"scope": Scope(items=["a"], dimensions={"d": ("x",)})}),
        ("largest", {"amount": 2}, {"amount": 1}),
        ("id", {}, {}),
    ],
)  # fmt: skip
def test_order(key: BurnKey, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Each key puts the one that burns first before the other, and the id breaks a tie."""
    a, b = _lot("y", **first), _lot("z", **second)
    assert rank(a, (key,)) < rank(b, (key,))
    c = _lot("x", **second)
    assert (rank(c, (key,)) < rank(a, (key,))) is (key == "id")


def test_seconds_tie() -> None:
    """Cut to seconds, expiries inside one second are equal, and the next key decides."""
    a = _lot("a", expiry=datetime(2025, 2, 1, 0, 0, 0, 900_000, tzinfo=UTC))
    b = _lot("b", expiry=datetime(2025, 2, 1, 0, 0, 0, 100_000, tzinfo=UTC))
    assert rank(a, ("expiry_second",)) < rank(b, ("expiry_second",))
    assert rank(b, ("expiry",)) < rank(a, ("expiry",))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=700))
def test_queue(acts: list[tuple[bool, int]]) -> None:
    """A queue is a sorted list, and each version of it stays as it was."""
    queue, plain = Queue(), []
    for adding, number in acts:
        place = (number % 7, str(number))
        before = list(queue) if number % 50 == 0 else None
        was = queue
        if adding and place not in plain:
            insort(plain, place)
            queue = queue.added(place)
        elif not adding and place in plain:
            plain.remove(place)
            queue = queue.removed(place)
        assert before is None or list(was) == before
    assert list(queue) == plain
    assert all(0 < len(chunk) <= 128 for chunk in queue._chunks)
    for place in [(-1, ""), (3, "5"), (9, "")]:
        assert queue.after(place) == next((each for each in plain if each > place), None)
    assert all(queue.after(a) == b for a, b in itertools.pairwise(plain))


def test_moves() -> None:
    """Credits go from column to column, never below 0 and never by less than nothing."""
    holding: Holding = opened(_lot("a", amount=5), 0, ("a",))
    moved = holding.moved(0, 2, Decimal(3))
    assert (moved.left, moved.spent, moved.live) == (Decimal(2), Decimal(3), True)
    assert (moved.reserved, moved.expired, moved.voided, moved.rolled_out, moved.refunded) == (Decimal(0),) * 5
    assert not moved.shut().live
    for amount, code in ((Decimal(3), "ledger.overspent"), (Decimal(-1), "ledger.amount")):
        with pytest.raises(LedgerError) as error:
            moved.moved(0, 2, amount)
        assert error.value.code == code


FULL = Lot(
    "pack", "packs", Currency.custom("credits", places=2), Decimal("12.5"), granted=NOW, effective=NOW,
    expiry=datetime(2025, 2, 1, tzinfo=UTC), priority=3, scope=Scope(items=["a"], metered=True), paid=True,
    basis=Decimal("0.5"), cost_currency=USD, rollover=Rollover(maximum="5", every=Cadence.monthly()), rolled=2,
    root="first",
)  # fmt: skip


@pytest.mark.parametrize("lot", [FULL, _lot("a")])
def test_plain_form(lot: Lot) -> None:
    """A lot comes back from its plain form as it was."""
    assert Lot.from_json(lot.to_json()) == lot
    assert hash(Lot.from_json(lot.to_json())) == hash(lot)
    assert lot != "a lot"


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""}, {"id": 3}, {"unit": 5}, {"unit": ["credits", "2"]}, {"amount": "1/3"}, {"amount": "0.001"},
        {"amount": 5}, {"priority": True}, {"priority": "1"}, {"paid": "yes"}, {"rolled": "1"}, {"expiry": "soon"},
        {"granted": None}, {"scope": {"item": "a"}}, {"rollover": {"fraction": "2"}}, {"size": 3},
    ],
    ids=str,
)  # fmt: skip
def test_plain_form_refused(change: dict[str, object]) -> None:
    """What is no lot is refused with one code."""
    with pytest.raises(LedgerError) as error:
        Lot.from_json({**FULL.to_json(), **change})
    assert error.value.code == "ledger.entry"


@pytest.mark.parametrize("value", [None, [], {}, "lot"])
def test_no_lot(value: object) -> None:
    """What is not even a mapping is refused as well."""
    with pytest.raises(LedgerError) as error:
        Lot.from_json(value)
    assert error.value.code == "ledger.entry"


def test_ends_of_what_rolls() -> None:
    """A lot tells when it ends, and when what rolls of it would, by a rhythm or its own length, as often as it may."""
    end = datetime(2025, 1, 20, tzinfo=UTC)

    def ends(rollover: Rollover | None, until: int) -> list[tuple[int, int]]:
        grant = Grant(id="a", amount="1", currency=USD, effective="2025-01-10", expiry="2025-01-20", rollover=rollover)
        bounds = Lot.of(grant, NOW).bounds(datetime(2025, until, 1, tzinfo=UTC))
        return [(at.month, at.day) for at in bounds]

    assert ends(None, 2) == [(1, 10), (1, 20)]
    assert ends(Rollover(), 3) == [(1, 10), (1, 20), (1, 30)]
    assert ends(Rollover(times=None), 3) == [(1, 10), (1, 20), (1, 30), (2, 9), (2, 19)]
    assert ends(Rollover(times=2, every=Cadence.calendar("month")), 12) == [(1, 10), (1, 20), (2, 1), (3, 1)]
    once = Lot.of(Grant(id="a", amount="1", currency=USD, expiry=end, rollover=Rollover()), NOW)
    assert [once.outlives(datetime(2025, 1, day, tzinfo=UTC)) for day in (19, 20, 30)] == [True, True, False]
    assert Lot.of(Grant(id="a", amount="1", currency=USD), NOW).outlives(end)
