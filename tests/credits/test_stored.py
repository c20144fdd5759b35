"""What a ledger takes in it can store and read back, and a stored ledger that makes no sense is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ratecard.cadence import Cadence
from ratecard.credits import Grant, Ledger, Negative, Policy, Rollover, Use
from ratecard.errors import LedgerError
from ratecard.money import Money

NOW = "2025-01-01T00:00:00Z"
LATER = "2025-03-01T00:00:00Z"


def usd(amount: int) -> Money:
    """An amount of money."""
    return Money(amount, "USD")


def reads_back(found: Ledger) -> bool:
    """Whether a ledger is the same when it was stored and read."""
    again = Ledger.from_json(found.to_json())
    return again == found and again.lots() == found.lots() and again.entries() == found.entries()


@pytest.mark.parametrize("sign", ["x", "/", "%"])
def test_ids_that_are_made_of_long_ids(sign: str) -> None:
    """What ends, rolls over or pays back under an id made of the longest ids is stored and read."""
    found = Ledger(Policy(overage=Negative())).draw(usd(5), at=NOW, id=sign * 1000)[0]
    terms = Rollover(times=2, every=Cadence.calendar("day"))
    grant = Grant(id=sign * 400, amount=30, currency="USD", expiry="2025-01-05", rollover=terms)
    found = found.grant(grant, at=NOW, id=sign * 999)
    found = found.draw(usd(2), at=NOW, id=sign * 998)[0].expire("2025-01-06T00:00:00Z")
    assert len(found.lots()) == 3
    found = found.draw(usd(30), at="2025-01-06T12:00:00Z", id=sign * 997)[0].expire(LATER)
    assert found.owed("USD") == usd(7)
    assert reads_back(found)


def test_a_use_that_is_named_by_an_empty_text() -> None:
    """A use of an item without a name is another than a use of none, stored too."""
    found = Ledger().grant(Grant(id="g", amount=5, currency="USD"), at=NOW)
    found = found.draw(usd(1), at=NOW, id="d", use=Use("", meter="", customer=""))[0]
    assert Use("") != Use()
    assert Use("").to_json() == {"item": ""}
    assert reads_back(found)


def test_lots_end_whenever_that_is_told() -> None:
    """A lot that ended longer ago than ids are remembered ends still, once."""
    terms = Rollover(every=Cadence.calendar("month"))
    found = Ledger(Policy(horizon_days=10))
    for id, rollover in (("a", None), ("b", terms), ("c", terms)):
        found = found.grant(Grant(id=id, amount=5, currency="USD", expiry="2025-01-20", rollover=rollover), at=NOW)
    found = found.draw(usd(1), at=LATER, id="d")[0]
    rolled = found.roll(LATER)
    assert [str(each.expired) for each in rolled.lots()] == ["0", "0", "0", "0", "0"]
    ended = rolled.expire(LATER)
    assert [str(each.expired) for each in ended.lots()] == ["5", "0", "0", "5", "5"]
    assert ended.expire(LATER) is ended
    assert reads_back(ended)
    assert ended.post(ended.entries()[-1:]) is ended


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"effective": "2025-01-06T00:00:00Z"}, "ledger.window"),
        ({"effective": "2025-01-05T00:00:00Z"}, "ledger.window"),
        ({"root": "x"}, "ledger.amount"),
        ({"id": "x" * 1001, "root": "x" * 1001}, "ledger.id"),
    ],
    ids=["after", "at", "root", "id"],
)
def test_a_lot_that_cannot_be(change: dict[str, str], code: str) -> None:
    """A stored lot that ends before it begins, or came of another that is not there, is refused at once."""
    terms = Rollover(times=None)
    found = Ledger().grant(Grant(id="g", amount=5, currency="USD", expiry="2025-01-05", rollover=terms), at=NOW)
    told: dict[str, Any] = found.to_json()
    told["entries"][0]["lot"] |= change
    with pytest.raises(LedgerError) as caught:
        Ledger.from_json(told)
    assert caught.value.code == code


def test_a_rolled_lot_that_cannot_be() -> None:
    """What rolls over into a lot that ends before it begins is refused."""
    grant = Grant(id="g", amount=5, currency="USD", expiry="2025-01-05", rollover=Rollover())
    told: dict[str, Any] = Ledger().grant(grant, at=NOW).expire(LATER).to_json()
    told["entries"][1]["lot"]["expiry"] = NOW
    with pytest.raises(LedgerError) as caught:
        Ledger.from_json(told)
    assert caught.value.code == "ledger.window"


def test_what_was_reserved_ends_with_its_lot() -> None:
    """What is freed of a lot that has ended expires, also where that is told of an instant before."""
    for rollover in (None, Rollover()):
        grant = Grant(id="g", amount=5, currency="USD", cost=5, expiry="2025-01-05", rollover=rollover)
        found = Ledger().grant(grant, at=NOW).reserve(usd(2), at=NOW, id="r")[0].expire(LATER)
        found = found.release("r", at="2025-01-03T00:00:00Z")
        assert (found.lot("g").expired, found.lot("g").refunded) == (2 if rollover else 5, 0)
        assert reads_back(found)
