"""What comes back to chosen lots, and ledgers as if draws had never been made."""

from __future__ import annotations

import pickle

import pytest

from ratecard.credits import Grant, Ledger, Negative, Policy, entry_from_json
from ratecard.errors import LedgerError
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
