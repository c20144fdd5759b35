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


def test_what_was_owed_before_is_owed_as_if_never_drawn() -> None:
    """What a draw overdrew, and let lots pay back, is undone: what was owed before it is owed up to that instant."""
    days = [f"2025-01-{day:02}T00:00:00Z" for day in range(1, 10)]
    held = Ledger(Policy(overage=Negative(limit=10, beyond="leave"))).open()
    held.draw(usd(4), at=days[0], id="before")
    held.draw(usd(5), at=days[1], id="d")
    held.grant(Grant(id="a", amount=7, currency="USD", effective=days[4]), at=days[0])
    assert held.draw(usd(3), at=days[4], id="e").overdrawn == usd(3)
    held.grant(Grant(id="b", amount=2, currency="USD", effective=days[6]), at=days[6])
    held.draw(usd(9), at=days[8], id="later")
    assert held.owed("USD") == usd(10)
    afresh = held.without(["d", "e"])
    assert afresh.owed("USD") == usd(4)
    first, second = (afresh.draw(usd(amount), at=at, id=at) for amount, at in ((9, days[1]), (9, days[4])))
    assert (first.overdrawn, first.uncovered) == (usd(6), usd(3))
    assert (second.covered, second.overdrawn, second.uncovered) == (usd(0), usd(7), usd(2))
    assert held.without(["e", "nobody"]).owed("USD") == usd(9)


def test_what_came_back_of_an_overdraft_is_not_owed_as_if_never_drawn() -> None:
    """What was taken back of what others overdrew is not owed, though a draw had let a lot pay it back."""
    held = Ledger(Policy(overage=Negative())).open()
    held.draw(usd(4), at=NOW, id="before")
    held.draw(usd(5), at=NOW, id="d")
    held.grant(Grant(id="a", amount=7, currency="USD", effective="2025-01-02"), at=NOW)
    held.draw(usd(1), at="2025-01-02T00:00:00Z", id="e")
    held.undraw("before", usd(4), at="2025-01-03T00:00:00Z", id="u")
    assert (held.owed("USD"), held.lot("a").left) == (usd(0), usd(1).amount)
    afresh = held.without(["d", "e"])
    assert afresh.owed("USD") == usd(0)
    assert afresh.draw(usd(5), at=NOW, id="f").overdrawn == usd(5)
    assert afresh.draw(usd(2), at="2025-01-02T00:00:00Z", id="g").parts == (("a", 1),)


def test_what_came_back_to_those_who_paid_back_before() -> None:
    """What lots had paid back before a draw, and got back since, is owed before it again; in this unit alone."""
    other = Money(2, "EUR")
    held = Ledger(Policy(overage=Negative())).open()
    held.draw(other, at=NOW, id="euros")
    held.draw(usd(4), at=NOW, id="before")
    held.grant(Grant(id="a", amount=9, currency="USD"), at=NOW)
    held.draw(usd(8), at=NOW, id="d")
    assert held.owed("USD") == usd(3)
    held.undraw("d", usd(3), at=NOW, id="u")
    assert held.without(["d"]).owed("USD") == usd(0)
    held.undraw("before", usd(1), at=NOW, id="v")
    afresh = held.without(["d"])
    assert (afresh.owed("USD"), afresh.owed("EUR"), afresh.lot("a").left) == (usd(0), other, 6)
    both = held.without(["d", "euros"])
    assert (both.owed("USD"), both.owed("EUR").amount) == (usd(0), 0)


def test_lots_that_were_the_last_drawn_are_told_from_those_that_paid_back() -> None:
    """A return of the last drawn, and of an overdraft that was paid back, is told again by its lots."""
    held = Ledger(Policy(overage=Negative())).grant(Grant(id="a", amount=5, currency="USD"), at=NOW)
    held = held.draw(usd(8), at=NOW, id="d")[0].grant(Grant(id="b", amount=9, currency="USD"), at=NOW)
    held = held.undraw("d", usd(5), at=NOW, id="u")[0]
    assert (held.lot("a").left, held.lot("b").left) == (2, 9)
    assert held.undraw("d", usd(5), at=NOW, id="u", parts=[("a", usd(2).amount)])[0] is held
