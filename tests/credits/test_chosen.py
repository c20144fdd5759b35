"""What comes back to chosen lots, and ledgers as if draws had never been made."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from ratecard.credits import Grant, Ledger, Negative, Policy, entry_from_json
from ratecard.errors import LedgerError, NumberError
from ratecard.money import Money

NOW = "2025-01-01T00:00:00Z"


def usd(amount: int) -> Money:
    """An amount of money."""
    return Money(amount, "USD")


def drawn() -> Ledger:
    """Two lots of 10, drawn to 15, and 3 that nobody had."""
    found = Ledger()
    for id in ("a", "b"):
        found = found.grant(Grant(id=id, amount=10, currency="USD"), at=NOW)
    return found.draw(usd(23), at=NOW, id="d")[0]


def test_chosen_lots() -> None:
    """What comes back to chosen lots leaves the others as they were, and reads back."""
    found, back = drawn().undraw("d", usd(6), at=NOW, id="u", parts=[("a", usd(6).amount)])
    assert (found.lot("a").left, found.lot("b").left) == (6, 0)
    stands = found.standing("d")
    assert stands is not None
    assert (stands.parts, stands.uncovered) == ((("a", 4), ("b", 10)), usd(3))
    assert entry_from_json(back.entry.to_json()) == pickle.loads(pickle.dumps(back.entry)) == back.entry  # noqa: S301
    assert Ledger.from_json(found.to_json()) == found
    rest, _ = found.undraw("d", usd(17), at=NOW, id="v")
    assert (rest.lot("a").left, rest.lot("b").left) == (10, 10)


def test_the_last_first_is_not_told() -> None:
    """Where the chosen lots are the last drawn, the entry is as if none were chosen."""
    chosen, _ = drawn().undraw("d", usd(5), at=NOW, id="u", parts=[("b", usd(2).amount)])
    assert chosen == drawn().undraw("d", usd(5), at=NOW, id="u")[0]


@pytest.mark.parametrize("parts", [[("a", 11)], [("x", 1)], [("a", 1), ("a", -1)], [("a", 1), ("b", 3)]])
def test_more_than_was_drawn(parts: list[tuple[str, int]]) -> None:
    """A lot gives back no more than was drawn of it, and all of it adds up."""
    with pytest.raises(LedgerError) as caught:
        drawn().undraw("d", usd(2), at=NOW, id="u", parts=[(lot, usd(n).amount) for lot, n in parts])
    assert caught.value.code == "ledger.returned"


def test_a_return_is_made_once_from_the_same_lots() -> None:
    """Asked again a return answers as it did; with other lots its id is that of something else."""
    held = drawn().undraw("d", usd(6), at=NOW, id="u", parts=[("a", usd(6).amount)])[0]
    held = held.undraw("d", usd(5), at=NOW, id="v")[0]
    for id, amount, parts in (("u", 6, [("a", 6)]), ("v", 5, []), ("v", 5, [("b", 2)])):
        again, back = held.undraw("d", usd(amount), at=NOW, id=id, parts=[(lot, usd(n).amount) for lot, n in parts])
        assert again is held
        assert back.entry.id == id
    for id, amount, parts in (("u", 6, []), ("u", 6, [("b", 6)]), ("v", 5, [("a", 5)]), ("v", 5, [("b", 4)])):
        with pytest.raises(LedgerError) as caught:
            held.undraw("d", usd(amount), at=NOW, id=id, parts=[(lot, usd(n).amount) for lot, n in parts])
        assert caught.value.code == "ledger.conflict"


def test_a_lot_that_paid_twice_for_a_commit() -> None:
    """What a commit took of a lot that was held, and beyond it, comes back as one, and again as the same."""
    held = Ledger().grant(Grant(id="a", amount=10, currency="USD"), at=NOW)
    held = held.reserve(usd(3), at=NOW, id="r")[0].commit("r", usd(5), at=NOW, id="c")[0]
    back, _ = held.undraw("c", usd(4), at=NOW, id="u", parts=[("a", usd(4).amount)])
    assert back.lot("a").left == 9
    assert back.undraw("c", usd(4), at=NOW, id="u", parts=[("a", usd(4).amount)])[0] is back


@pytest.mark.parametrize("part", [2.0, "NaN", None, Money(2, "USD")])
def test_parts_are_exact_amounts(part: Any) -> None:
    """What of a lot comes back is a number, and an exact one."""
    with pytest.raises(NumberError):
        drawn().undraw("d", usd(2), at=NOW, id="u", parts=[("a", part)])


def test_as_if_never_drawn() -> None:
    """What was drawn is there again, also of a lot that has ended; the ledger itself stays as it is."""
    held = Ledger(Policy(overage=Negative())).grant(
        Grant(id="a", amount=10, currency="USD", expiry="2025-02-01"), at=NOW
    )
    held = held.draw(usd(7), at=NOW, id="d")[0].expire("2025-02-01T00:00:00Z")
    held = held.draw(usd(5), at=NOW, id="e")[0]
    work = held.open()
    afresh = work.without(["d", "e", "nobody", "a"])
    assert (afresh.lot("a").left, afresh.lot("a").expired, afresh.owed("USD").amount) == (7, 3, 0)
    assert afresh.draw(usd(9), at=NOW, id="f").parts == (("a", 7),)
    assert work.ledger() == held
    back = held.undraw("d", usd(7), at=NOW, id="u")[0].open().without(["d"])
    assert (back.lot("a").left, back.lot("a").voided) == (0, 7)
