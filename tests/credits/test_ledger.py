"""
The acts of a ledger by example: what each posts, what it answers, and what it refuses.
"""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratecard._numbers import Ratio
from ratecard.cadence import Cadence
from ratecard.credits import (
    Due,
    Entry,
    Expired,
    Grant,
    Leave,
    Ledger,
    Negative,
    Policy,
    Recurring,
    Refuse,
    RolledOver,
    Rollover,
    Scope,
    Use,
)
from ratecard.errors import LedgerError, MismatchError
from ratecard.money import Currency, Money
from ratecard.periods import Period

NOW = "2025-01-10T12:00:00Z"
LATER = "2025-02-10T12:00:00Z"
UNIT = Currency.custom("credits", places=0)


def usd(amount: str | int) -> Money:
    """Money in dollars."""
    return Money(amount, "USD")


def units(amount: int) -> Money:
    """Credits."""
    return Money.make(Decimal(amount), UNIT)


def ledger(*grants: Grant, policy: Policy | None = None, at: str = "2025-01-01T00:00:00Z") -> Ledger:
    """A ledger with these grants."""
    found = Ledger(policy)
    for each in grants:
        found = found.grant(each, at=at)
    return found


def dollars(id: str, amount: str | int, **fields: Any) -> Grant:
    """A grant of dollars."""
    return Grant(id=id, amount=amount, currency="USD", **fields)


def credit(id: str, amount: int, **fields: Any) -> Grant:
    """A grant of credits."""
    return Grant(id=id, amount=amount, currency=UNIT, **fields)


def left(found: Ledger) -> dict[str, str]:
    """What is left of each lot."""
    return {each.lot.id: str(each.left) for each in found.lots()}


def code(act: Any) -> str:
    """The code with which an act is refused."""
    with pytest.raises((LedgerError, MismatchError)) as error:
        act()
    return error.value.code


TRIAL = dollars("trial", 30, expiry="2025-01-15")
PACK = dollars("pack", 100, cost="85")


def test_draw_burns_in_order() -> None:
    """The soonest expiry pays first, one part a lot, and what is left is the balance."""
    start = ledger(PACK, TRIAL)
    after, draw = start.draw(usd(45), at=NOW, id="d1")
    assert draw.parts == (("trial", Decimal(30)), ("pack", Decimal(15)))
    assert (draw.amount, draw.covered, draw.overdrawn, draw.uncovered) == (usd(45), usd(45), usd(0), usd(0))
    assert (draw.refused, draw.short, repr(draw)) == (False, Decimal(0), "<Draw 'd1': 45.00 USD, 45.00 USD covered>")
    assert (after.balance("USD", NOW), start.balance("USD", NOW)) == (usd(85), usd(130))
    assert (start.version, after.version, repr(after)) == (2, 3, "<Ledger of USD, version 3>")
    assert [each.lot.id for each in start.live("USD")] == ["trial", "pack"]
    assert [each.lot.id for each in after.live("USD", Use("x"))] == ["pack"]
    assert [each.kind for each in after.entries(2)] == ["drawn"]
    assert repr(Ledger()) == "<Ledger of no lots, version 0>"


def test_exactly_what_a_lot_has() -> None:
    """A draw of just what a lot has empties it and does not touch the next."""
    after, draw = ledger(TRIAL, PACK).draw(usd(30), at=NOW, id="d1")
    assert draw.parts == (("trial", Decimal(30)),)
    assert [each.lot.id for each in after.live("USD")] == ["pack"]


def test_return_at_the_expiry() -> None:
    """The expiry itself is after the lot's time: what comes back then does not go back into it."""
    start, _ = ledger(TRIAL).draw(usd(30), at=NOW, id="d1")
    at, _ = start.undraw("d1", usd(10), at="2025-01-15T00:00:00Z", id="u1")
    before, _ = start.undraw("d1", usd(10), at="2025-01-14T23:59:59.999999Z", id="u1")
    assert (at.lot("trial").voided, before.lot("trial").left) == (Decimal(10), Decimal(10))


def test_expired_lots_do_not_pay() -> None:
    """At its expiry a lot pays nothing any more, whether it was told to expire or not; what is lacking is uncovered."""
    after, draw = ledger(TRIAL, dollars("other", 20)).draw(usd(25), at="2025-01-15T00:00:00Z", id="d1")
    assert (draw.parts, draw.uncovered) == ((("other", Decimal(20)),), usd(5))
    gone = after.expire("2025-01-15T00:00:00Z")
    assert gone.lot("trial").expired == Decimal(30)
    assert gone.lot("trial").closed
    assert gone.expire(LATER) is gone


def test_settlement_time() -> None:
    """By service the instant of use decides, by settlement that of settling."""
    for lot_time, paid in (("service", 30), ("settlement", 0)):
        start = ledger(TRIAL, policy=Policy(lot_time=lot_time))  # type: ignore[arg-type]
        _, draw = start.draw(usd(30), at=NOW, id="d1", settled=LATER)
        assert draw.covered == usd(paid)
        _, held = start.reserve(usd(30), at=NOW, id="d1", settled=LATER)
        assert held.covered == usd(paid)


def test_scope_and_units() -> None:
    """A lot pays for what its scope covers, in its own unit, without conversion."""
    start = ledger(dollars("tokens", 10, scope=Scope(meters=["tokens"])), credit("c", 7))
    start = start.grant(Grant(id="eur", amount=10, currency="EUR"), at=NOW)
    _, draw = start.draw(usd(8), at=NOW, id="d1", use=Use("seats"))
    assert (draw.parts, draw.uncovered) == ((), usd(8))
    _, draw = start.draw(usd(8), at=NOW, id="d1", use=Use("gpt", meter="tokens"))
    assert draw.parts == (("tokens", Decimal(8)),)
    assert start.balance("USD", NOW, use=Use("seats")) == usd(0)
    assert start.balance("USD", NOW, use=Use(meter="tokens")) == usd(10)
    assert start.balance(UNIT, NOW) == start.balance("credits", NOW) == units(7)
    assert Ledger().balance("USD", NOW) == usd(0)
    assert code(lambda: start.balance("tokens", NOW)) == "currency.unknown"
    other = Currency.custom("credits", places=2)
    assert code(lambda: start.balance(other, NOW)) == "currency.mixed"
    assert code(lambda: start.draw(Money.make(Decimal(1), other), at=NOW, id="d")) == "currency.mixed"
    assert code(lambda: start.grant(Grant(id="x", amount=1, currency=other), at=NOW)) == "currency.mixed"


def test_amounts_refused() -> None:
    """Below 0, or finer than a unit is counted, is no amount; money may be as fine as it likes."""
    start = ledger(PACK, credit("c", 7))
    assert code(lambda: start.draw(usd("-1"), at=NOW, id="d")) == "ledger.amount"
    assert code(lambda: start.draw(Money.make(Decimal("0.5"), UNIT), at=NOW, id="d")) == "ledger.fine"
    assert code(lambda: start.draw(usd(1), at=NOW, id="")) == "ledger.id"
    assert code(lambda: start.draw(usd(1), at=NOW, id=5)) == "ledger.id"  # type: ignore[arg-type]
    _, draw = start.draw(usd("0.00000125"), at=NOW, id="d")
    assert draw.covered == usd("0.00000125")


def test_same_id() -> None:
    """The same act under the same id is done once; another act under it is refused."""
    start, first = ledger(PACK, TRIAL).draw(usd(45), at=NOW, id="d1")
    again, second = start.draw(usd(45), at=NOW, id="d1")
    assert again is start
    assert second.entry is first.entry
    assert code(lambda: start.draw(usd(46), at=NOW, id="d1")) == "ledger.conflict"
    assert code(lambda: start.draw(usd(45), at=LATER, id="d1")) == "ledger.conflict"
    assert code(lambda: start.draw(usd(45), at=NOW, id="d1", use=Use("x"))) == "ledger.conflict"
    assert code(lambda: start.draw(usd(45), at=NOW, id="pack")) == "ledger.conflict"
    assert start.grant(PACK, at="2025-01-01T00:00:00Z") is start
    assert code(lambda: start.grant(PACK, at=NOW)) == "ledger.conflict"
    assert code(lambda: start.grant(PACK, at=NOW, id="twice")) == "ledger.lot"
    held, one = start.reserve(usd(5), at=NOW, id="r")
    assert held.reserve(usd(5), at=NOW, id="r")[1].entry is one.entry
    assert code(lambda: held.reserve(usd(6), at=NOW, id="r")) == "ledger.conflict"
    done, _ = held.commit("r", usd(4), at=NOW)
    assert done.commit("r", usd(4), at=NOW)[0] is done
    assert code(lambda: done.commit("r", usd(3), at=NOW)) == "ledger.conflict"
    free = held.release("r", at=NOW)
    assert free.release("r", at=NOW) is free
    assert code(lambda: free.release("r", at=LATER)) == "ledger.conflict"
    back, _ = start.undraw("d1", usd(5), at=NOW, id="u")
    assert back.undraw("d1", usd(5), at=NOW, id="u")[0] is back
    assert code(lambda: back.undraw("d1", usd(6), at=NOW, id="u")) == "ledger.conflict"
    void = start.void("pack", usd(5), at=NOW, id="v")
    assert void.void("pack", usd(5), at=NOW, id="v") is void
    assert code(lambda: void.void("pack", at=NOW, id="v")) == "ledger.conflict"
    assert code(lambda: void.refund("pack", usd(5), at=NOW, id="v")) == "ledger.conflict"


@pytest.mark.parametrize(
    ("overage", "refused", "overdrawn", "uncovered"),
    [
        (Leave(), False, 0, 20), (Refuse(), True, 0, 50), (Negative(), False, 20, 0),
        (Negative(limit=20), False, 20, 0), (Negative(limit=19), True, 0, 50),
        (Negative(limit=15, beyond="leave"), False, 15, 5),
    ],
)  # fmt: skip
def test_overage(overage: Any, refused: bool, overdrawn: int, uncovered: int) -> None:
    """What no lot covers is left, refused with the whole, or overdrawn as far as the limit, the limit included."""
    start = ledger(TRIAL, policy=Policy(overage=overage))
    after, draw = start.draw(usd(50), at=NOW, id="d1")
    assert (draw.refused, draw.overdrawn, draw.uncovered) == (refused, usd(overdrawn), usd(uncovered))
    assert (after is start) is refused
    assert draw.short == (20 if refused else 0)
    assert after.owed("USD") == usd(overdrawn)
    _, told = ledger(TRIAL).draw(usd(50), at=NOW, id="d1", overage=overage)
    assert (told.refused, told.overdrawn) == (refused, usd(overdrawn))
    if refused:
        assert "refused" in repr(draw)


def test_next_grant_pays_back() -> None:
    """An overdraft is paid back by the next grant that may pay for it, before anything else; the rest is a balance."""
    start = ledger(TRIAL, policy=Policy(overage=Negative()))
    start, _ = start.draw(usd(50), at=NOW, id="d1", use=Use("gpt", meter="tokens"))
    assert start.balance("USD", NOW) == usd(-20)
    assert start.balance("USD", NOW, use=Use("gpt", meter="tokens")) == usd(-20)
    assert start.balance("USD", NOW, use=Use("seats")) == usd(0)
    seats = start.grant(dollars("seats", 50, scope=Scope(items=["seats"])), at=NOW)
    assert (seats.owed("USD"), seats.balance("USD", NOW)) == (usd(20), usd(30))
    after = seats.grant(dollars("more", 15), at=NOW).grant(dollars("most", 15), at=NOW)
    assert (after.owed("USD"), left(after)) == (usd(0), {"trial": "0", "seats": "50", "more": "0", "most": "10"})


def test_later_lots_pay_back_first() -> None:
    """A lot that was to come when it was granted pays back once it is drawn on, before the draw."""
    start = ledger(dollars("later", 30, effective="2025-02-01"), policy=Policy(overage=Negative()))
    start, _ = start.draw(usd(20), at=NOW, id="d1")
    after, draw = start.draw(usd(15), at=LATER, id="d2")
    assert (draw.parts, draw.overdrawn) == ((("later", Decimal(10)),), usd(5))
    assert after.owed("USD") == usd(5)
    assert [each.kind for each in after.entries(2)] == ["repaid", "drawn"]


def test_undraw_last_first() -> None:
    """A return takes what stayed uncovered first, then the overdraft, then the lots, the last drawn first."""
    start = ledger(TRIAL, PACK, policy=Policy(overage=Negative(limit=5, beyond="leave")))
    start, _ = start.draw(usd(138), at=NOW, id="d1")
    one, first = start.undraw("d1", usd(4), at=NOW, id="u1")
    assert (left(one), one.owed("USD")) == ({"trial": "0", "pack": "0"}, usd(4))
    two, _ = one.undraw("d1", usd(10), at=NOW, id="u2")
    assert (left(two), two.owed("USD")) == ({"trial": "0", "pack": "6"}, usd(0))
    three, _ = two.undraw("d1", usd(124), at=NOW, id="u3")
    assert left(three) == {"trial": "30", "pack": "100"}
    assert (first.due, repr(first)) == ((), "<Return 'u1': []>")
    assert code(lambda: three.undraw("d1", usd(1), at=NOW, id="u4")) == "ledger.returned"
    assert code(lambda: start.undraw("d1", usd(0), at=NOW, id="u4")) == "ledger.returned"
    assert code(lambda: start.undraw("d9", usd(1), at=NOW, id="u4")) == "ledger.draw"
    assert code(lambda: start.undraw("pack", usd(1), at=NOW, id="u4")) == "ledger.draw"
    assert code(lambda: start.undraw("d1", Money(1, "EUR"), at=NOW, id="u4")) == "ledger.draw"


def test_undraw_of_what_was_paid_back() -> None:
    """What was overdrawn and since paid back returns to the lots that paid, the last first."""
    start = ledger(policy=Policy(overage=Negative()))
    start, _ = start.draw(usd(20), at=NOW, id="d1")
    start = start.grant(dollars("a", 12), at=NOW).grant(dollars("b", 5), at=NOW)
    assert (left(start), start.owed("USD")) == ({"a": "0", "b": "0"}, usd(3))
    after, _ = start.undraw("d1", usd(10), at=NOW, id="u1")
    assert (left(after), after.owed("USD")) == ({"a": "2", "b": "5"}, usd(0))
    after, _ = after.undraw("d1", usd(10), at=NOW, id="u2")
    assert left(after) == {"a": "12", "b": "5"}


def test_undraw_to_an_expired_lot() -> None:
    """What comes back to a lot after its expiry is money due if it was paid for, at its cost, and void if not."""
    start = ledger(TRIAL, dollars("sold", 30, cost=10, expiry="2025-01-20"))
    start, _ = start.draw(usd(50), at=NOW, id="d1")
    after, back = start.undraw("d1", usd(30), at=LATER, id="u1")
    assert back.due == (Due(Ratio(Decimal(20), 3), Currency.of("USD")),)
    assert after.due(back.entry) == back.due
    assert (after.lot("sold").refunded, after.lot("trial").voided) == (Decimal(20), Decimal(10))
    assert after.balance("USD", LATER) == usd(0)


@pytest.mark.parametrize(
    ("how", "cost", "held", "pack", "uncovered", "refused"),
    [
        ("draw", 10, 10, 90, 0, False), ("draw", 40, 40, 60, 0, False), ("draw", 60, 60, 40, 0, False),
        ("draw", 140, 100, 0, 40, False), ("reserved", 60, 40, 60, 20, False), ("refuse", 60, 40, 60, 20, True),
        ("refuse", 40, 40, 60, 0, False), ("draw", 0, 0, 100, 0, False),
    ],
)  # fmt: skip
def test_commit(how: Any, cost: int, held: int, pack: int, uncovered: int, refused: bool) -> None:
    """A commit spends less, as much, or more than was held; more is drawn, left, or refused by policy."""
    start, draw = ledger(PACK, policy=Policy(commit_over=how)).reserve(usd(40), at=NOW, id="r")
    assert (draw.covered, start.balance("USD", NOW), start.lot("pack").reserved) == (usd(40), usd(60), Decimal(40))
    assert start.reserved("r").amount == Decimal(40)
    after, done = start.commit("r", usd(cost), at=NOW)
    assert (done.refused, done.covered, done.uncovered) == (refused, usd(held), usd(uncovered))
    assert (after is start) is refused
    assert after.balance("USD", NOW) == usd(pack)
    if not refused:
        assert after.lot("pack").reserved == Decimal(0)
        assert code(lambda: after.reserved("r")) == "ledger.reservation"
        assert code(lambda: after.commit("r", usd(1), at=NOW, id="other")) == "ledger.reservation"
        assert code(lambda: after.release("r", at=NOW)) == "ledger.reservation"


def test_commit_is_never_refused_for_want() -> None:
    """Work that was done is booked: as far as the limit it is overdrawn, and the rest stays uncovered."""
    for overage, owed, uncovered in ((Refuse(), 0, 30), (Negative(limit=20), 20, 10), (Negative(), 30, 0)):
        start, _ = ledger(TRIAL, policy=Policy(overage=overage)).reserve(usd(10), at=NOW, id="r")
        _, done = start.commit("r", usd(60), at=NOW)
        assert (done.refused, done.overdrawn, done.uncovered) == (False, usd(owed), usd(uncovered))
        _, told = start.commit("r", usd(60), at=NOW, overage=Leave())
        assert told.uncovered == usd(30)
    assert code(lambda: start.commit("r", Money(1, "EUR"), at=NOW)) == "ledger.draw"


def test_reserve_short() -> None:
    """A reservation holds what there is, and is refused where a draw would be."""
    _, draw = ledger(TRIAL).reserve(usd(40), at=NOW, id="r")
    assert (draw.covered, draw.uncovered, draw.overdrawn) == (usd(30), usd(10), usd(0))
    start = ledger(TRIAL)
    after, draw = start.reserve(usd(40), at=NOW, id="r", overage=Refuse())
    assert (after is start, draw.refused, draw.short) == (True, True, Decimal(10))


def test_committed_work_can_return() -> None:
    """A commit is taken back like a draw: what was drawn beyond the reservation first."""
    start, _ = ledger(TRIAL, PACK).reserve(usd(20), at=NOW, id="r")
    start, _ = start.commit("r", usd(50), at=NOW, id="c")
    after, _ = start.undraw("c", usd(25), at=NOW, id="u")
    assert left(after) == {"trial": "5", "pack": "100"}


def test_release_after_the_end() -> None:
    """What was held goes back to its lot; after its expiry it expires, after a taking back it is taken."""
    start = ledger(TRIAL, PACK, dollars("gift", 10))
    start, _ = start.reserve(usd(140), at=NOW, id="r")
    assert left(start.release("r", at=NOW)) == {"trial": "30", "pack": "100", "gift": "10"}
    late = start.expire(LATER).void("gift", at=NOW, id="v").refund("pack", at=NOW, id="w")[0].release("r", at=LATER)
    assert (late.lot("trial").expired, late.lot("gift").voided) == (Decimal(30), Decimal(10))
    assert late.lot("pack").refunded == Decimal(100)
    free = late.entries()[-1]
    assert late.due(free) == (Due(Decimal(85), Currency.of("USD")),)


def test_void_and_refund() -> None:
    """Credits are taken back without pay, or for what they cost where they were paid for; whole, it closes the lot."""
    start, _ = ledger(TRIAL, PACK).draw(usd(50), at=NOW, id="d1")
    part, back = start.refund("pack", usd(20), at=NOW, id="r1")
    assert (back.due, left(part)["pack"]) == ((Due(Decimal(17), Currency.of("USD")),), "60")
    assert not part.lot("pack").closed
    whole, back = part.refund("pack", at=NOW, id="r2")
    assert back.due == (Due(Decimal(51), Currency.of("USD")),)
    assert whole.lot("pack").closed
    again, more = whole.undraw("d1", usd(20), at=NOW, id="u")
    assert (more.due, again.lot("pack").refunded) == ((Due(Decimal(17), Currency.of("USD")),), Decimal(100))
    assert left(start.void("pack", usd(80), at=NOW, id="v"))["pack"] == "0"
    assert code(lambda: start.void("pack", usd(81), at=NOW, id="v")) == "ledger.overspent"
    assert code(lambda: start.void("nothing", at=NOW, id="v")) == "ledger.lot"
    assert code(lambda: start.void("pack", Money(1, "EUR"), at=NOW, id="v")) == "ledger.draw"
    assert code(lambda: start.refund("trial", at=NOW, id="v")) == "ledger.promotional"


def _rolling(**fields: Any) -> Ledger:
    return ledger(credit("jan", 100, expiry="2025-02-01", rollover=Rollover(**fields)))


@pytest.mark.parametrize(
    ("fields", "rolled"),
    [
        ({}, 100), ({"maximum": 60}, 60), ({"fraction": "0.25"}, 25), ({"fraction": "0.125"}, 12),
        ({"maximum": 0}, 0), ({"maximum": 20, "fraction": "0.5"}, 20),
    ],
)  # fmt: skip
def test_rollover(fields: dict[str, Any], rolled: int) -> None:
    """A share of what is left rolls over, up to the most, in whole units of the lot; the rest expires."""
    after = _rolling(**fields).expire("2025-02-01T00:00:00Z")
    assert after.balance(UNIT, LATER) == units(rolled)
    assert (after.lot("jan").rolled_out, after.lot("jan").expired) == (Decimal(rolled), Decimal(100 - rolled))
    assert isinstance(after.entries()[-1], RolledOver if rolled else Expired)
    assert (after.roll(LATER), after.expire("2025-02-02T00:00:00Z")) == (after, after)


def test_rollover_terms() -> None:
    """A rolled lot lives as long as the first, or to its rhythm's next boundary, with the priority it is given."""
    lot = _rolling(priority=7).expire(LATER).lot("jan/rolled/1").lot
    assert (lot.effective, lot.expiry) == (
        datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 3, 4, tzinfo=UTC),
    )  # fmt: skip
    assert (lot.priority, lot.key, lot.rolled, lot.root) == (7, "jan", 1, "jan")
    lot = _rolling(every=Cadence.calendar("month")).roll(LATER).lot("jan/rolled/1").lot
    assert lot.expiry == datetime(2025, 3, 1, tzinfo=UTC)
    long = ledger(credit("g", 1, effective="0002-01-01", expiry="8000-01-01", rollover=Rollover()))
    assert code(lambda: long.expire("8001-01-01T00:00:00Z")) in ("ledger.time", "time.bounds")


@pytest.mark.parametrize(("times", "left_over"), [(1, 0), (2, 100), (None, 100)])
def test_rollover_times(times: int | None, left_over: int) -> None:
    """Credits roll as often as they may, and late calls catch up on all of it."""
    found = _rolling(every=Cadence.calendar("month"), times=times)
    assert found.expire("2025-03-15T00:00:00Z").balance(UNIT, "2025-03-15T00:00:00Z") == units(left_over)


def test_rollover_of_several() -> None:
    """The most counts all live rolled lots of one grant together, and only those."""
    grant = Recurring(key="m", amount=100, currency="credits", places=0, rollover=Rollover(maximum=150, times=2))
    start = ledger(credit("other", 70, expiry="2025-02-01", rollover=Rollover()))
    for each in grant.grants(Period("2025-01-01", "2025-04-01")):
        start = start.grant(each, at="2025-01-01T00:00:00Z")
    january = start.expire("2025-02-01T00:00:00Z")
    assert january.balance(UNIT, "2025-02-01T00:00:00Z") == units(100 + 100 + 70)
    february = january.roll("2025-03-01T00:00:00Z")
    held = {each.lot.root: each.left for each in february.live(UNIT) if each.lot.rolled}
    assert held == {
        "m/2025-01-01T00:00:00Z": Decimal(100), "m/2025-02-01T00:00:00Z": Decimal(50), "other": Decimal(70),
    }  # fmt: skip


def test_rollover_without_room() -> None:
    """Where live rolled lots of the key are above the most already, nothing more rolls over."""
    start = ledger(
        credit("a", 100, key="k", expiry="2025-02-01", rollover=Rollover(maximum=90)),
        credit("b", 100, key="k", expiry="2025-02-02", rollover=Rollover(maximum=40)),
    )
    after = start.expire("2025-02-02T00:00:00Z")
    assert left(after) == {"a": "0", "b": "0", "a/rolled/1": "90"}
    assert after.lot("b").expired == Decimal(100)


def test_roll_leaves_the_rest() -> None:
    """`roll` ends only those lots of which something rolls over."""
    start = ledger(credit("plain", 5, expiry="2025-01-20"), credit("jan", 5, expiry="2025-02-01", rollover=Rollover()))
    after = start.roll(LATER)
    assert left(after) == {"plain": "5", "jan": "0", "jan/rolled/1": "5"}
    assert start.roll(NOW) is start


def test_balance_at_any_instant() -> None:
    """A balance is that of the instant asked about: lots inside their time, less what was taken by then."""
    start = ledger(PACK, TRIAL, dollars("may", 10, effective="2025-05-01"), policy=Policy(overage=Negative()))
    start, _ = start.draw(usd(140), at=NOW, id="d1", use=Use("a"))
    start, _ = start.draw(usd(5), at=LATER, id="d2", use=Use("b"))
    start = start.grant(dollars("late", 50), at="2025-03-01T00:00:00Z")
    told = {day: start.balance("USD", f"2025-{day}T00:00:00Z").amount
            for day in ("01-01", "01-10", "01-11", "02-01", "02-11", "03-01", "05-01")}  # fmt: skip
    assert [int(each) for each in told.values()] == [130, 130, -10, -10, -15, 35, 45]
    assert start.balance("USD", "2025-01-11T00:00:00Z", use=Use("b")) == usd(0)
    assert start.balance("USD", "2024-01-11T00:00:00Z") == usd(0)
    points = start.burn_down("USD", Period("2025-01-05", "2025-04-01"))
    assert [(str(at)[:10], int(money.amount)) for at, money in points] == [
        ("2025-01-05", 130), ("2025-01-10", -10), ("2025-02-10", -15), ("2025-03-01", 35),
    ]  # fmt: skip
    assert start.burn_down("EUR", Period.month(2025, 1)) == [(datetime(2025, 1, 1, tzinfo=UTC), Money(0, "EUR"))]
    assert [int(money.amount) for _, money in start.burn_down("USD", Period.year(2025), use=Use("b"))] == [
        130, 0, -5, 35, 45,
    ]  # fmt: skip


def test_taken_before_it_is_effective() -> None:
    """What is taken of a lot that is still to come is lacking when it comes, and not before."""
    start = ledger(dollars("may", 10, effective="2025-05-01")).void("may", usd(4), at=NOW, id="v")
    told = [(str(at)[:10], int(money.amount)) for at, money in start.burn_down("USD", Period.year(2025))]
    assert told == [("2025-01-01", 0), ("2025-05-01", 6)]


def test_burn_down_without_change() -> None:
    """What comes and goes at one instant, what is reserved and then spent, and what is of no lot, is no point."""
    start, _ = ledger(PACK).reserve(usd(10), at=NOW, id="r")
    start, _ = start.commit("r", usd(10), at="2025-01-12T00:00:00Z")
    start = start.grant(dollars("in", 5, effective=LATER), at=LATER)
    start, _ = start.draw(usd(5), at=LATER, id="out", use=Use("x"))
    told = [(str(at)[:10], int(money.amount)) for at, money in start.burn_down("USD", Period.year(2025))]
    assert told == [("2025-01-01", 100), ("2025-01-10", 90)]
    assert start.balance("USD", "2025-01-11T00:00:00Z") == usd(90)


def test_horizon() -> None:
    """Ids are remembered for the horizon at least; what is older is refused, and never booked twice."""
    start = ledger(dollars("g", 1000), policy=Policy(horizon_days=10))
    january = datetime(2025, 1, 1, tzinfo=UTC)
    for day in range(40):
        start, _ = start.draw(usd(1), at=january + timedelta(days=day), id=f"d{day}")
        for before in range(max(0, day - 10), day):
            at = january + timedelta(days=before)
            assert start.draw(usd(1), at=at, id=f"d{before}")[0] is start
    late, _ = start.draw(usd(1), at=january + timedelta(days=30), id="late")
    assert late.draw(usd(1), at=january + timedelta(days=30), id="late")[0] is late
    assert start.entry("d0") is None
    assert start.entry("d39") is not None
    assert code(lambda: start.draw(usd(1), at=january, id="d0")) == "ledger.horizon"
    assert code(lambda: start.undraw("d0", usd(1), at="2025-02-09T00:00:00Z", id="u")) == "ledger.draw"
    near = start.entries()[-12]
    after, _ = start.undraw(near.id, usd(1), at="2025-02-09T00:00:00Z", id="u")
    assert code(lambda: after.undraw(near.id, usd(1), at="2025-02-09T00:00:00Z", id="u2")) == "ledger.returned"
    leap, _ = after.draw(usd(1), at="2026-01-01T00:00:00Z", id="late")
    assert leap.entry("d39") is None


def test_post_all_or_none() -> None:
    """A value takes in all entries or none; a working copy keeps those before the first that does not fit."""
    source, _ = ledger(PACK).draw(usd(45), at=NOW, id="d1")
    entries: list[Entry] = source.entries()
    other, _ = ledger(PACK).draw(usd(44), at=NOW, id="d1")
    wrong = [*entries, other.entries()[-1]]
    start = Ledger()
    assert code(lambda: start.post(wrong)) == "ledger.conflict"
    assert start.version == 0
    work = start.open()
    assert code(lambda: work.post(wrong)) == "ledger.conflict"
    assert work.ledger() == source
    assert work.post(entries) == 0
    assert source.post(entries) is source
    assert source.post(entries[:1]) is source


def test_working_copy() -> None:
    """A working copy does the same in place, tells where it stands, and leaves the ledger it came from alone."""
    start = ledger(PACK, TRIAL)
    work = start.open()
    draw = work.draw(usd(45), at=NOW, id="d1")
    assert draw.covered == usd(45)
    assert (work.version, start.version) == (3, 2)
    middle = work.ledger()
    work.undraw("d1", usd(5), at=NOW, id="u1")
    assert (work.balance("USD", NOW), middle.balance("USD", NOW)) == (usd(90), usd(85))
    assert [each.kind for each in work.entries(2)] == ["drawn", "returned"]
    assert work.ledger() == start.draw(usd(45), at=NOW, id="d1")[0].undraw("d1", usd(5), at=NOW, id="u1")[0]
    assert [each.kind for each in work.expire(LATER)] == ["expired"] * 0
    assert work.roll(LATER) == ()


def test_equal_ledgers() -> None:
    """Ledgers are equal that have one policy and the same entries; pickles come back equal."""
    one, _ = ledger(PACK, TRIAL).draw(usd(45), at=NOW, id="d1")
    two, _ = ledger(PACK, TRIAL).draw(usd(45), at=NOW, id="d1")
    three, _ = ledger(PACK, TRIAL).draw(usd(44), at=NOW, id="d1")
    assert (one == two, one == three, one == "ledger", hash(one) == hash(two)) == (True, False, False, True)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301
    assert one.policy == Policy()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "ledger.form"), ({}, "ledger.form"), ({"ledger": 2, "entries": []}, "ledger.form"),
        ({"ledger": True, "entries": []}, "ledger.form"), ({"ledger": 1, "entries": {}}, "ledger.form"),
        ({"ledger": 1, "entries": [], "policy": {"burn": ["colour"]}}, "choice.unknown"),
        ({"ledger": 1, "entries": [{"kind": "drawn"}]}, "ledger.entry"),
    ],
)  # fmt: skip
def test_plain_form_refused(value: object, found: str) -> None:
    """What is no ledger is refused."""
    assert code(lambda: Ledger.from_json(value)) == found
    assert Ledger.from_json({"ledger": 1, "entries": []}) == Ledger()


def test_standing_is_what_did_not_come_back() -> None:
    """A draw stands without what came back of it: first what nobody paid, then what is owed, then the last lot."""
    ledger = Ledger(Policy(overage=Negative(limit=5, beyond="leave")))
    for name in ("a", "b"):
        ledger = ledger.grant(Grant(id=name, amount="10", currency="USD"), at=NOW)
    ledger, _ = ledger.draw(usd(30), at=NOW, id="d")
    told = []
    for number, amount in enumerate((3, 6, 5)):
        ledger, _ = ledger.undraw("d", usd(amount), at=NOW, id=str(number))
        found = ledger.standing("d")
        assert found is not None
        told.append((found.amount, dict(found.parts), found.overdrawn, found.uncovered))
    assert told == [
        (usd(27), {"a": 10, "b": 10}, usd(5), usd(2)),
        (usd(21), {"a": 10, "b": 10}, usd(1), usd(0)),
        (usd(16), {"a": 10, "b": 6}, usd(0), usd(0)),
    ]
    assert (ledger.standing("0"), ledger.standing("nobody")) == (None, None)


def test_roll_of_one_unit() -> None:
    """Lots of one unit may roll over while the others wait."""
    ledger = Ledger()
    for unit in (Currency.of("USD"), UNIT):
        grant = Grant(id=str(unit), amount=5, currency=unit, expiry="2025-02-01", rollover=Rollover())
        ledger = ledger.grant(grant, at=NOW)
    some = ledger.roll(LATER, unit="credits")
    assert [each.lot.id for each in some.lots() if each.rolled_out] == ["credits"]
    assert [each.lot.id for each in some.roll(LATER).lots() if each.rolled_out] == ["USD", "credits"]
