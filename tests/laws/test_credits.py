"""
Laws of credits: nothing is made or lost, nobody pays twice, order and batching change nothing, stored is the same.
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.cadence import Cadence
from ratecard.credits import (
    Bonus,
    Drawn,
    Entry,
    Grant,
    Leave,
    Ledger,
    Negative,
    Policy,
    Recurring,
    Refuse,
    Repaid,
    Rollover,
    Scope,
    TopUp,
    Use,
    entry_from_json,
)
from ratecard.credits._policy import ORDERS
from ratecard.errors import LedgerError
from ratecard.money import Currency, Money
from ratecard.periods import Period
from tests.credits._pair import EPOCH
from tests.strategies import fraction

UNIT = Currency.custom("credits", places=2)
USES = st.sampled_from([Use(), Use("a"), Use("b", meter="m", dimensions={"region": "eu"})])
TIMES = st.integers(0, 60).map(lambda hours: EPOCH + timedelta(hours=hours))
AMOUNTS = st.integers(0, 2000).map(lambda cents: Decimal(cents).scaleb(-2))
SOME = st.integers(1, 2000).map(lambda cents: Decimal(cents).scaleb(-2))


def policies() -> st.SearchStrategy[Policy]:
    """Any policy."""
    negative = st.builds(Negative, limit=st.none() | AMOUNTS, beyond=st.sampled_from(["refuse", "leave"]))
    return st.builds(
        Policy,
        burn=st.sampled_from(list(ORDERS.values()))
        | st.permutations(["cost", "narrow", "largest", "rolled_last", "effective"]),
        overage=st.one_of(st.just(Leave()), st.just(Refuse()), negative),
        lot_time=st.sampled_from(["service", "settlement"]),
        commit_over=st.sampled_from(["draw", "reserved", "refuse"]),
    )


def scopes() -> st.SearchStrategy[Scope]:
    """Scopes that cover some of the uses above."""
    dimensions = st.sampled_from([{}, {}, {"region": ("eu",)}])
    return st.builds(Scope, items=st.sampled_from([(), (), ("a",), ("a", "b")]), dimensions=dimensions)


@st.composite
def grants(draw: st.DrawFn, id: str = "g") -> Grant:
    """Grants that are effective within a few days, many with an end, a cost or a rollover."""
    start = draw(TIMES)
    hours = draw(st.none() | st.integers(1, 40))
    return Grant(
        id=id,
        key=draw(st.sampled_from([None, "k"])),
        amount=draw(SOME),
        currency=UNIT,
        priority=draw(st.integers(0, 2)),
        effective=start,
        expiry=None if hours is None else start + timedelta(hours=hours),
        scope=draw(scopes()),
        unit_cost=draw(st.sampled_from([None, "0.3", "1"])),
        cost_currency="USD",
        rollover=draw(st.none() | st.builds(Rollover, maximum=st.none() | AMOUNTS, times=st.sampled_from([1, None]))),
    )


@st.composite
def ledgers(draw: st.DrawFn, most: int = 14) -> Ledger:
    """Ledgers with a history of every kind of act."""
    ledger = Ledger(draw(policies()))
    for number in range(draw(st.integers(1, most))):
        act = draw(st.sampled_from(["grant", "grant", "draw", "draw", "reserve", "end", "undraw", "expire", "take"]))
        ledger = _acted(draw, ledger, act, str(number))
    return ledger


def _acted(draw: st.DrawFn, ledger: Ledger, act: str, id: str) -> Ledger:
    at, money = draw(TIMES), Money.make(draw(AMOUNTS), UNIT)
    if act == "grant":
        return ledger.grant(draw(grants(id)), at=at)
    if act == "draw":
        return ledger.draw(money, at=at, id=id, use=draw(USES))[0]
    if act == "reserve":
        return ledger.reserve(money, at=at, id=id, use=draw(USES))[0]
    if act == "expire":
        return ledger.expire(at)
    entries = ledger.entries()
    if not entries:
        return ledger
    target = draw(st.sampled_from(entries))
    try:
        if act == "end":
            return ledger.commit(target.id, money, at=at, id=id)[0]
        if act == "undraw":
            return ledger.undraw(target.id, money, at=at, id=id)[0]
        return ledger.void(target.id, money if money.amount else None, at=at, id=id)
    except LedgerError:
        return ledger


@given(ledgers())
def test_nothing_is_made_or_lost(ledger: Ledger) -> None:
    """Of each lot the columns add up to what it began with, none below 0; what came in is granted or rolled out."""
    rolled_in = rolled_out = Fraction(0)
    for each in ledger.lots():
        assert sum(map(fraction, each.amounts)) == fraction(each.lot.amount)
        assert min(each.amounts) >= 0
        rolled_out += fraction(each.rolled_out)
        rolled_in += fraction(each.lot.amount) if each.lot.rolled else 0
    assert rolled_in == rolled_out


@given(ledgers())
def test_debts_are_what_was_overdrawn(ledger: Ledger) -> None:
    """What is owed is what was overdrawn, less what was paid back or returned, and never below 0."""
    found = sum((fraction(each.debt()) for each in ledger.entries()), Fraction(0))
    assert fraction(ledger.owed(UNIT).amount) == found >= 0


@given(ledgers())
def test_amounts_of_draws_add_up(ledger: Ledger) -> None:
    """A draw is what its lots paid, what was overdrawn and what stayed uncovered; its lots were alive and in scope."""
    for each in ledger.entries():
        if isinstance(each, Drawn):
            paid = sum((amount for _, amount in each.parts), Decimal(0))
            assert paid + each.overdrawn + each.uncovered == each.amount
            for lot_id, amount in each.parts:
                lot = ledger.lot(lot_id).lot
                assert lot.alive(each.lot_at)
                assert lot.scope.covers(each.use)
                assert amount > 0


@given(ledgers(), TIMES, SOME, USES)
def test_draws_burn_in_order(ledger: Ledger, at: datetime, amount: Decimal, use: Use) -> None:
    """A draw empties each lot that may pay before it touches the next, in the one order of burning."""
    after, draw = ledger.draw(Money.make(amount, UNIT), at=at, id="new", use=use)
    repaid = {each.lot_id: each for each in after.entries(ledger.version) if isinstance(each, Repaid)}
    able = [each for each in ledger.live(UNIT, use) if each.lot.alive(at)]
    paying = [lot for lot, _ in draw.parts]
    assert paying == [each.lot.id for each in able if each.lot.id in set(paying)]
    left = {each.lot.id: after.lot(each.lot.id).left for each in able}
    assert all(not left[id] for id in paying[:-1])
    if draw.uncovered.amount and not draw.refused:
        assert not any(left.values())
    if paying and not repaid:
        before = [each.lot.id for each in able[: paying.index(paying[-1]) + 1]]
        assert before == paying


@given(ledgers(), st.integers(0, 14))
def test_replay(ledger: Ledger, cut: int) -> None:
    """The entries make the same ledger again: all at once, in two batches, one by one, twice, or by way of JSON."""
    entries = ledger.entries()
    again = [
        Ledger.from_entries(entries, policy=ledger.policy),
        Ledger(ledger.policy).post(entries[:cut]).post(entries[cut:]),
        Ledger(ledger.policy).post([*entries, *entries]),
        Ledger.from_json(ledger.to_json()),
        Ledger.from_entries([entry_from_json(each.to_json()) for each in entries], policy=ledger.policy),
    ]
    single = Ledger(ledger.policy)
    for each in entries:
        single = single.post([each])
    for found in [*again, single]:
        assert found == ledger
        assert found.lots() == ledger.lots()
        assert found.live(UNIT) == ledger.live(UNIT)
        assert found.to_json() == ledger.to_json()
        assert found.owed(UNIT) == ledger.owed(UNIT)


@given(ledgers(), policies())
def test_replay_needs_no_policy(ledger: Ledger, other: Policy) -> None:
    """Under another policy the same entries give the same lots: what happened does not depend on how it was decided."""
    found = Ledger.from_entries(ledger.entries(), policy=other)
    assert [each.amounts for each in found.lots()] == [each.amounts for each in ledger.lots()]


@given(ledgers(), st.data())
def test_acts_leave_the_old_one(ledger: Ledger, data: st.DataObject) -> None:
    """Whatever is done with a ledger, the one it was done to stays as it was."""
    before = ledger.to_json(), ledger.lots()
    draw: Any = data.draw
    for act in ("grant", "draw", "reserve", "end", "undraw", "expire", "take"):
        _acted(draw, ledger, act, "new")
    assert (ledger.to_json(), ledger.lots()) == before


@given(ledgers(), TIMES, SOME, USES)
def test_undraw_of_all(ledger: Ledger, at: datetime, amount: Decimal, use: Use) -> None:
    """A draw that is taken back at once, whole or in two parts, leaves every lot and every debt as they were."""
    money = Money.make(amount, UNIT)
    ledger = ledger.draw(Money.make(Decimal(0), UNIT), at=at, id="first", use=use)[0]
    after, draw = ledger.draw(money, at=at, id="new", use=use)
    if draw.refused:
        return
    half = Money.make(amount.quantize(Decimal("0.01")) - Decimal("0.01"), UNIT)
    undone = [after.undraw("new", money, at=at, id="u")[0]]
    if half.amount:
        one = after.undraw("new", half, at=at, id="u1")[0]
        undone.append(one.undraw("new", Money.make(Decimal("0.01"), UNIT), at=at, id="u2")[0])
    for back in undone:
        assert [each.amounts for each in back.lots()] == [each.amounts for each in ledger.lots()]
        assert back.owed(UNIT) == ledger.owed(UNIT)
        assert back.live(UNIT) == ledger.live(UNIT)


@given(ledgers(), TIMES, SOME, SOME, USES)
def test_reserve_then_commit_is_draw(ledger: Ledger, at: datetime, held: Decimal, amount: Decimal, use: Use) -> None:
    """Where lots cover it, a reservation and a commit at once spend the same lots as a draw; a release spends none."""
    start = ledger.draw(Money.make(Decimal(0), UNIT), at=at, id="first", use=use)[0]
    reserved, hold = start.reserve(Money.make(held, UNIT), at=at, id="r", use=use, overage=Leave())
    assert start.balance(UNIT, EPOCH + timedelta(days=99)).amount >= 0 or start.owed(UNIT).amount > 0
    free = reserved.release("r", at=at)
    assert [each.amounts for each in free.lots()] == [each.amounts for each in start.lots()]
    money = Money.make(min(amount, hold.covered.amount), UNIT)
    done, _ = reserved.commit("r", money, at=at)
    drawn, _ = start.draw(money, at=at, id="d", use=use)
    assert [each.amounts for each in done.lots()] == [each.amounts for each in drawn.lots()]


@given(ledgers(), st.lists(TIMES, min_size=1, max_size=3))
def test_expiry_may_be_late(ledger: Ledger, times: list[datetime]) -> None:
    """To expire at several instants in order is to expire at the last."""
    step = ledger
    for at in sorted(times):
        step = step.expire(at)
    once = ledger.expire(max(times))
    assert [(each.lot.id, each.amounts, each.closed) for each in step.lots()] == [
        (each.lot.id, each.amounts, each.closed) for each in once.lots()
    ]
    assert once.expire(max(times)) is once


@given(ledgers(), TIMES, USES)
def test_balance_is_what_can_be_drawn(ledger: Ledger, at: datetime, use: Use) -> None:
    """A draw of more than everything takes the balance for its use, where nothing is owed."""
    at = max([at, *(each.at for each in ledger.entries())])
    if ledger.owed(UNIT).amount:
        return
    _, draw = ledger.draw(Money("1000000", UNIT), at=at, id="all", use=use, overage=Leave())
    if ledger.policy.lot_time == "service":
        assert draw.covered == ledger.balance(UNIT, at, use=use)


@given(ledgers(), TIMES)
def test_balance_of_the_past(ledger: Ledger, at: datetime) -> None:
    """The balance at an instant is that of the lots inside their time, less their entries up to then, by hand."""
    held = {each.lot.id: fraction(each.lot.amount) for each in ledger.lots() if each.lot.alive(at)}
    owed = Fraction(0)
    for entry in ledger.entries():
        if entry.at <= at:
            owed += fraction(entry.debt())
            for lot, source, target, amount in entry.moves():
                if lot in held:
                    held[lot] -= fraction(amount) * ((source == 0) - (target == 0))
    assert fraction(ledger.balance(UNIT, at).amount) == sum(held.values()) - owed


@given(ledgers(), TIMES, TIMES)
def test_burn_down(ledger: Ledger, one: datetime, two: datetime) -> None:
    """Each point of a burn-down is the balance at its instant, and between two points nothing changes."""
    period = Period(min(one, two), max(one, two) + timedelta(hours=1))
    points = ledger.burn_down(UNIT, period)
    assert points[0][0] == period.start
    for (at, money), after in zip(points, [*(at for at, _ in points[1:]), period.end], strict=True):
        assert ledger.balance(UNIT, at) == money
        assert ledger.balance(UNIT, after - timedelta(microseconds=1)) == money
    assert [a for a, _ in points] == sorted({a for a, _ in points})


@given(ledgers(), st.lists(TIMES, min_size=2, max_size=4, unique=True))
def test_revenue_adds_up(ledger: Ledger, cuts: list[datetime]) -> None:
    """What was deferred and came in is earned, broken, refunded, rolled out or deferred; periods chain and add up."""
    edges = sorted(cuts)
    whole = ledger.revenue(Period(edges[0], edges[-1])).total("USD")
    parts = [ledger.revenue(Period(a, b)).total("USD") for a, b in itertools.pairwise(edges)]
    for each in [whole, *parts]:
        came = fraction(each.opening) + fraction(each.sold) + fraction(each.rolled_in)
        went = sum(map(fraction, (each.earned, each.breakage, each.refunded, each.rolled_out, each.deferred)))
        assert came == went
    for name in ("sold", "rolled_in", "earned", "breakage", "refunded", "rolled_out"):
        assert sum(fraction(getattr(each, name)) for each in parts) == fraction(getattr(whole, name))
    assert [each.opening for each in parts[1:]] == [each.deferred for each in parts[:-1]]


@given(ledgers())
def test_revenue_of_all_time(ledger: Ledger) -> None:
    """Over all time the cost of a lot is earned, broken, refunded, rolled on, or deferred with what is left of it."""
    found = {each.lot: each for each in ledger.revenue(Period("2024-01-01", "2100-01-01")).lots}
    for each in ledger.lots():
        if each.lot.basis:
            row, basis = found[each.lot.id], fraction(each.lot.basis)
            assert fraction(row.earned) == basis * fraction(each.spent)
            assert fraction(row.breakage) == basis * fraction(each.expired + each.voided)
            assert fraction(row.refunded) == basis * fraction(each.refunded)
            assert fraction(row.deferred) == basis * fraction(each.left + each.reserved)


@given(ledgers(), st.permutations(range(6)), st.data())
def test_order_of_granting(ledger: Ledger, order: list[int], data: st.DataObject) -> None:
    """Lots that are granted at one instant burn the same whatever their order of coming in."""
    made = [data.draw(grants(f"new{number}")) for number in range(6)]
    one = two = Ledger(ledger.policy)
    for number in range(6):
        one = one.grant(made[number], at=EPOCH)
        two = two.grant(made[order[number]], at=EPOCH)
    assert [each.lot for each in one.live(UNIT)] == [each.lot for each in two.live(UNIT)]
    assert (
        one.draw(Money("30", UNIT), at=EPOCH, id="d")[1].parts == two.draw(Money("30", UNIT), at=EPOCH, id="d")[1].parts
    )


@given(ledgers(), TIMES, SOME)
def test_lost_race(ledger: Ledger, at: datetime, amount: Decimal) -> None:
    """Of two workers that draw on one version, the second's entries either still fit or are refused whole."""
    money = Money.make(amount, UNIT)
    one, _ = ledger.draw(money, at=at, id="one", overage=Leave())
    two, _ = ledger.draw(money, at=at, id="two", overage=Leave())
    fresh: list[Entry] = two.entries(ledger.version)
    try:
        both = one.post(fresh)
    except LedgerError:
        both = one
    for each in both.lots():
        assert min(each.amounts) >= 0
    assert both.version in (one.version, one.version + sum(each not in one.entries() for each in fresh))


@given(st.integers(1, 40), st.sampled_from(["day", "week", "month"]), st.none() | st.integers(1, 5), st.data())
def test_recurring_grants_tile(every: int, unit: Any, times: int | None, data: st.DataObject) -> None:
    """However a stretch of time is cut, its grants are the same, each once, and each ends where a later one begins."""
    grant = Recurring(key="k", amount=1, every=Cadence(every=every, unit=unit), times=times)
    whole = Period("2025-01-01", "2026-01-01")
    days = data.draw(st.lists(st.integers(0, 364), max_size=4))
    cuts = [EPOCH + timedelta(days=day, hours=day % 24) for day in days]
    anchor = "2025-01-31"
    found = [each for part in whole.split(*cuts) for each in grant.grants(part, anchor=anchor)]
    assert found == list(grant.grants(whole, anchor=anchor))
    assert len({each.id for each in found}) == len(found)
    assert [each.expiry for each in found[:-1]] == [each.effective for each in found[1:]]


@given(st.integers(-3000, 3000), st.integers(0, 500), st.integers(1, 700), st.none() | st.integers(1, 2000))
def test_top_ups_lift(balance: int, below: int, size: int, maximum: int | None) -> None:
    """A purchase lifts the balance above the mark, by no step too many, unless the most stops it."""
    held = Money(balance, "USD")
    by = TopUp(key="k", below=below, by=size, maximum=maximum).propose(held, at=EPOCH)
    to = TopUp(key="k", below=below, to=below + size, maximum=maximum).propose(held, at=EPOCH)
    assert (by is None) == (to is None) == (balance > below)
    if by is None or to is None:
        return
    if maximum is None:
        assert below < balance + by.amount.amount <= below + size
        assert balance + to.amount.amount == below + size
    else:
        assert max(by.amount.amount, to.amount.amount) <= maximum
    rule = TopUp(key="k", by=1, bonuses=[Bonus(threshold=0, rate="0.5"), Bonus(threshold=size, rate=1)])
    assert rule.bonus(Decimal(below)) == (below if below >= size else Decimal(below) / 2)
