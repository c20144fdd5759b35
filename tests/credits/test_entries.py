"""
Entries: their plain form, and what is refused because it does not fit the history.
"""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ratecard.credits import (
    Committed,
    Drawn,
    Entry,
    Expired,
    Grant,
    Granted,
    Ledger,
    Lot,
    Negative,
    Policy,
    Refunded,
    Released,
    Repaid,
    Reserved,
    Returned,
    RolledOver,
    Rollover,
    Scope,
    Use,
    Voided,
    entry_from_json,
)
from ratecard.errors import LedgerError
from ratecard.money import Currency, Money

UNIT = Currency.custom("credits", places=2)
START = "2025-01-01T00:00:00Z"
NOW = datetime(2025, 1, 10, tzinfo=UTC)
END = datetime(2025, 2, 1, tzinfo=UTC)
USE = Use("gpt", meter="tokens", dimensions={"region": "eu"}, customer="acme")
ZERO, ONE = Decimal(0), Decimal(1)


def amount(value: int) -> Money:
    """Credits."""
    return Money.make(Decimal(value), UNIT)


def every() -> Ledger:
    """A ledger with an entry of every kind."""
    found = Ledger(Policy(overage=Negative()))
    found, _ = found.draw(amount(3), at=START, id="d0", use=USE)
    ending = Grant(id="a", amount=100, currency=UNIT, expiry="2025-02-01", rollover=Rollover(maximum=20))
    found = found.grant(ending, at=START)
    found = found.grant(Grant(id="b", amount=50, currency=UNIT, cost=10, cost_currency="USD"), at=START)
    found = found.grant(Grant(id="c", amount=5, currency=UNIT, expiry="2025-01-20", scope=Scope(items=["x"])), at=START)
    found, _ = found.draw(amount(30), at=NOW, id="d1", use=USE)
    found, _ = found.undraw("d1", amount(5), at=NOW, id="u1")
    found, _ = found.reserve(amount(10), at=NOW, id="r1", use=USE)
    found, _ = found.commit("r1", amount(7), at=NOW)
    found, _ = found.reserve(amount(10), at=NOW, id="r2", use=USE)
    found = found.release("r2", at=NOW)
    found = found.void("b", amount(1), at=NOW, id="v")
    found, _ = found.refund("b", amount(2), at=NOW, id="w")
    return found.expire("2025-02-10T00:00:00Z")


EVERY = every()
KINDS = {each.kind: each for each in EVERY.entries()}


def test_all_kinds() -> None:
    """The ledger above has every kind that there is."""
    assert sorted(KINDS) == sorted(
        "granted drawn returned reserved committed released expired voided refunded rolled_over repaid".split()
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_plain_form(kind: str) -> None:
    """An entry comes back from its JSON and from a pickle as it was, with amounts as text."""
    entry = KINDS[kind]
    told = json.loads(json.dumps(entry.to_json()))
    again = entry_from_json(told)
    assert again == entry
    assert hash(again) == hash(entry)
    assert pickle.loads(pickle.dumps(entry)) == entry  # noqa: S301
    assert again != EVERY
    assert repr(entry).startswith(f"<{type(entry).__name__} '{entry.id}' at 2025-")
    assert not [each for each in told.values() if isinstance(each, float)]


def test_every_field_counts() -> None:
    """Entries that differ in one field are not equal."""
    for entry in KINDS.values():
        told = entry.to_json()
        for name in told:
            if name in ("amount", "lost", "overdrawn", "uncovered"):
                assert entry_from_json({**told, name: "77"}) != entry
            elif name.endswith("id"):
                assert entry_from_json({**told, name: "other"}) != entry


@pytest.mark.parametrize(
    ("kind", "change", "path"),
    [
        ("drawn", {"id": ""}, "id"), ("drawn", {"at": 5}, "at"), ("drawn", {"at": "2025-01-10"}, "at"),
        ("drawn", {"amount": 5}, "amount"), ("drawn", {"amount": "-5"}, "amount"),
        ("drawn", {"amount": "1/3"}, "amount"),
        ("drawn", {"amount": "x"}, "amount"), ("drawn", {"unit": "XYZ"}, "unit"), ("drawn", {"unit": 5}, "unit"),
        ("drawn", {"unit": ["credits", True]}, "unit"), ("drawn", {"use": "gpt"}, "use"),
        ("drawn", {"use": {"item": 5}}, "use"), ("drawn", {"use": {"dimensions": "eu"}}, "use"),
        ("drawn", {"use": {"dimensions": {"region": 5}}}, "use"), ("drawn", {"use": {"colour": "red"}}, "use"),
        ("drawn", {"parts": "a"}, "parts"), ("drawn", {"parts": [["a"]]}, "parts"),
        ("drawn", {"parts": ["ab"]}, "parts"), ("drawn", {"colour": "red"}, "colour"),
        ("returned", {"freed": [["a", "1", "gone"]]}, "freed"), ("returned", {"freed": [["a", "1"]]}, "freed"),
        ("voided", {"closes": "yes"}, "closes"), ("granted", {"lot": {}}, "lot"),
    ],
    ids=str,
)  # fmt: skip
def test_plain_form_refused(kind: str, change: dict[str, object], path: str) -> None:
    """What is no entry is refused, with the field that is wrong."""
    with pytest.raises(LedgerError) as error:
        entry_from_json({**KINDS[kind].to_json(), **change})
    assert (error.value.code, error.value.path) == ("ledger.entry", path)


@pytest.mark.parametrize("value", [None, [], {"kind": "paid"}, {"kind": 5}, {}, {"kind": "drawn", "id": "x"}])
def test_no_entry(value: object) -> None:
    """What is no mapping, of no kind, or lacks fields is refused."""
    with pytest.raises(LedgerError) as error:
        entry_from_json(value)
    assert error.value.code == "ledger.entry"


def ledger() -> Ledger:
    """Two lots, a draw of 10 from the first, an open reservation of 10 and a debt of 5."""
    found = Ledger(Policy(overage=Negative()))
    found = found.grant(Grant(id="a", amount=100, currency=UNIT, expiry="2025-02-01", rollover=Rollover()), at=START)
    found = found.grant(Grant(id="b", amount=50, currency=UNIT, scope=Scope(items=["x"])), at=START)
    found = found.grant(Grant(id="usd", amount=50, currency="USD"), at=START)
    found, _ = found.draw(amount(10), at=NOW, id="d", use=USE)
    found, _ = found.reserve(amount(10), at=NOW, id="r", use=USE)
    found, _ = found.draw(amount(85), at=NOW, id="over", use=USE)
    return found


def drawn(**fields: Any) -> Drawn:
    """A draw, sound but for what is told."""
    terms = {"lot_at": NOW, "unit": UNIT, "amount": ONE, "use": Use("x"), "parts": (("b", ONE),), **fields}
    return Drawn("new", NOW, **terms)


def returned(**fields: Any) -> Returned:
    """A return, sound but for what is told."""
    terms = {"draw_id": "d", "unit": UNIT, "amount": ONE, "use": USE, "freed": (("a", ONE, 0),), **fields}
    return Returned("new", NOW, **terms)


def committed(**fields: Any) -> Committed:
    """A commit, sound but for what is told."""
    held = (("a", Decimal(10)),)
    terms = {"lot_at": NOW, "reservation_id": "r", "unit": UNIT, "amount": Decimal(10), "use": USE, "held": held}
    return Committed("new", NOW, **{**terms, "freed": (), **fields})


def lot(id: str, **fields: Any) -> Lot:
    """A lot of 5 credits."""
    return Lot(id, "k", UNIT, fields.pop("amount", Decimal(5)), granted=NOW, effective=NOW, expiry=None, **fields)


def rolled(**fields: Any) -> Lot:
    """The lot into which `a` rolls."""
    terms: dict[str, Any] = {"granted": NOW, "effective": END, "expiry": None, "rolled": 1, "root": "a", **fields}
    return Lot("a/rolled/1", terms.pop("key", "a"), UNIT, terms.pop("amount", Decimal(1)), **terms)


SOUND: list[Entry] = [
    drawn(), returned(), committed(), Released("new", NOW, "r", (("a", Decimal(10), 0),)),
    Granted("new", NOW, lot("n")), Voided("new", NOW, "b", ONE, False), Reserved(
        "new", NOW, lot_at=NOW, unit=UNIT, amount=ONE, use=Use("x"), parts=(("b", ONE),)
    ),
]  # fmt: skip


@pytest.mark.parametrize("entry", SOUND, ids=lambda each: each.kind)
def test_sound(entry: Entry) -> None:
    """The entries from which the wrong ones below are made fit."""
    assert ledger().post([entry]).version == ledger().version + 1


WRONG: list[tuple[Entry, str]] = [
    (drawn(amount=Decimal(2)), "ledger.sum"),
    (drawn(parts=(("b", Decimal(2)),), overdrawn=-ONE), "ledger.amount"),
    (drawn(parts=(("b", ZERO), ("b", ONE))), "ledger.amount"),
    (drawn(parts=(("b", Decimal(51)),), amount=Decimal(51)), "ledger.overspent"),
    (drawn(parts=(("b", Decimal(30)), ("b", Decimal(30))), amount=Decimal(60)), "ledger.overspent"),
    (drawn(parts=(("n", ONE),)), "ledger.lot"),
    (drawn(use=Use("y")), "ledger.scope"),
    (drawn(parts=(("usd", ONE),)), "ledger.scope"),
    (drawn(lot_at=datetime(2024, 12, 31, tzinfo=UTC)), "ledger.window"),
    (drawn(lot_at=END, parts=(("a", ONE),)), "ledger.window"),
    (returned(amount=Decimal(11)), "ledger.returned"),
    (returned(draw_id="r"), "ledger.draw"),
    (returned(freed=(("b", ONE, 0),)), "ledger.window"),
    (returned(freed=(("a", ONE, 4),)), "ledger.window"),
    (committed(reservation_id="q"), "ledger.reservation"),
    (committed(use=Use("x")), "ledger.scope"),
    (committed(held=(("a", Decimal(9)),), amount=Decimal(9)), "ledger.sum"),
    (committed(held=(("b", Decimal(10)),)), "ledger.sum"),
    (committed(amount=Decimal(9)), "ledger.sum"),
    (committed(held=(), amount=ZERO, freed=(("a", Decimal(10), 3),)), "ledger.window"),
    (committed(parts=(("b", ONE),), amount=Decimal(11)), "ledger.scope"),
    (Released("new", NOW, "q", ()), "ledger.reservation"),
    (Released("new", NOW, "r", ()), "ledger.sum"),
    (Granted("new", NOW, lot("a")), "ledger.lot"),
    (Granted("new", NOW, lot("n", amount=ZERO)), "ledger.amount"),
    (Granted("new", NOW, lot("n", rolled=1)), "ledger.amount"),
    (Expired("new", NOW, "a", ZERO), "ledger.window"),
    (Expired("new", END, "a", ONE), "ledger.sum"),
    (Expired("new", END, "b", Decimal(50)), "ledger.window"),
    (RolledOver("new", END, "a", ONE, ZERO, rolled()), "ledger.sum"),
    (Refunded("new", NOW, "b", ONE, False), "ledger.promotional"),
    (Voided("new", NOW, "b", Decimal(51), False), "ledger.overspent"),
    (Repaid("new", NOW, "b", UNIT, ONE, Use("x")), "ledger.overspent"),
    (Repaid("new", NOW, "b", UNIT, ONE, USE), "ledger.scope"),
    (drawn(unit=Currency.custom("credits", places=3)), "currency.mixed"),
]


@pytest.mark.parametrize(("entry", "code"), WRONG, ids=lambda each: each if isinstance(each, str) else each.kind)
def test_wrong(entry: Entry, code: str) -> None:
    """What does not fit the history is refused, and a working copy stays as it was."""
    start = ledger()
    work = start.open()
    with pytest.raises(ValueError) as error:
        work.post([entry])
    assert getattr(error.value, "code", None) == code
    assert work.ledger() == start
    assert work.ledger().lots() == start.lots()
    assert work.owed(UNIT) == start.owed(UNIT)


@pytest.mark.parametrize("change", [{}, {"key": "b"}, {"root": "b"}, {"rolled": 2}, {"paid": True}, {"basis": ONE},
                                    {"amount": Decimal(2)}, {"scope": Scope(items=["x"])},
                                    {"cost_currency": Currency.of("EUR")}], ids=str)  # fmt: skip
def test_wrong_rollover(change: dict[str, Any]) -> None:
    """What rolls over goes on as the same credits: as many, of one key, root and cost, for the same use."""
    start = ledger().release("r", at=NOW)
    whole = start.lot("a").left
    assert whole == Decimal(10)
    entry = RolledOver("new", END, "a", ONE, Decimal(9), rolled(**change))
    if not change:
        assert start.post([entry]).lot("a/rolled/1").left == ONE
        return
    with pytest.raises(LedgerError) as error:
        start.post([entry])
    assert error.value.code == "ledger.sum"


def test_long_ids_are_told_by_both_ends() -> None:
    """An error names an id of a statement's draw whole, and a longer one by its two ends."""
    for name, told in (("a" * 100 + "/line", repr("a" * 100 + "/line")), ("a" * 300 + "/line", f"{'a' * 75}/line'")):
        with pytest.raises(LedgerError) as caught:
            Ledger().undraw(name, Money("1", "USD"), at="2025-01-01T00:00:00Z", id="back")
        assert told in str(caught.value)


def test_what_has_no_room_to_roll_ends_as_well() -> None:
    """Of two lots of a key that end together, what may roll over rolls out of the first alone, then and later."""
    ledger = Ledger()
    for name in "ab":
        grant = Grant(id=name, key="k", amount=5, currency="USD", expiry="2025-02-01", rollover=Rollover(maximum=5))
        ledger = ledger.grant(grant, at="2025-01-01T00:00:00Z")
    found = ledger.roll("2025-02-02T00:00:00Z")
    assert [(each.lot.root, each.left, each.expired) for each in found.lots()] == [
        ("a", 0, 0), ("b", 0, 5), ("a", 5, 0)
    ]  # fmt: skip
    spent, _ = found.draw(Money("5", "USD"), at="2025-02-02T00:00:00Z", id="d")
    assert spent.roll("2025-02-03T00:00:00Z") is spent.expire("2025-02-03T00:00:00Z") is spent
