"""Acts that are done many times cost no more each than few: returns of one draw, and lots that are over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from ratecard.credits import Grant, Ledger, Policy, Rollover, Scope, Use
from ratecard.money import Currency, Money

UNIT = Currency.custom("cr", places=0)
START = datetime(2025, 1, 1, tzinfo=UTC)


def grows(act: Callable[[int], None], few: int, times: int) -> float:
    """How many times as long as few so many times as much takes; the best of three."""

    def seconds(count: int) -> float:
        start = process_time()
        act(count)
        return process_time() - start

    return min(seconds(few * times) for _ in range(2)) / min(seconds(few) for _ in range(3))


def returns(count: int) -> None:
    """A draw on as many lots, taken back lot by lot."""
    work = Ledger().open()
    for index in range(count):
        work.grant(Grant(id=f"g{index:05}", amount=2, currency="cr", places=0), at=START)
    work.draw(Money(2 * count, UNIT), at=START, id="draw")
    for index in range(2 * count):
        work.undraw("draw", Money(1, UNIT), at=START, id=f"u{index}")
    assert work.balance("cr", START).amount == 2 * count
    standing = work.standing("draw")
    assert standing is not None
    assert (standing.amount.amount, standing.parts) == (0, ())


def over(count: int) -> None:
    """A balance asked for at each grant of a lot that lives for ten minutes."""
    work = Ledger().open()
    for index in range(count):
        at = START + timedelta(minutes=10 * index)
        work.grant(Grant(id=f"g{index}", amount=2, currency="cr", places=0, expiry=at + timedelta(minutes=10)), at=at)
        assert work.balance("cr", at).amount == 2


def scoped(count: int) -> None:
    """As many lots, each for a group of its own, and a draw for each."""
    work = Ledger().open()
    for index in range(count):
        scope = Scope(dimensions={"team": [f"t{index}"]})
        work.grant(Grant(id=f"g{index}", amount=2, currency="cr", places=0, scope=scope), at=START)
    for index in range(count):
        use = Use("x", dimensions={"team": f"t{index}", "region": "eu"})
        drawn = work.draw(Money(1, UNIT), at=START, id=f"d{index}", use=use)
        assert drawn.parts == ((f"g{index}", 1),)


def short(count: int) -> None:
    """Draws of more than their lots hold, of lots that follow each other in time, for each order of burning."""
    for burn in (["expiry"], ["priority", "id"]):
        work = Ledger(Policy.model_validate({"burn": burn})).open()
        for index in range(count):
            start = START + timedelta(minutes=10 * index)
            end = start + timedelta(minutes=10)
            grant = Grant(id=f"g{index:05}", amount=2, currency="cr", places=0, effective=start, expiry=end)
            work.grant(grant, at=START)
        for index in range(count):
            at = START + timedelta(minutes=10 * index + 5)
            drawn = work.draw(Money(3, UNIT), at=at, id=f"d{index}")
            assert (drawn.parts, drawn.uncovered.amount) == (((f"g{index:05}", 2),), 1)


def rolling(count: int) -> None:
    """As many lots of one key that end one after the other, of which a few may live on."""
    work = Ledger().open()
    terms = Rollover(maximum=10)
    for index in range(count):
        end = START + timedelta(days=1, minutes=index)
        grant = Grant(id=f"g{index:05}", key="k", amount=2, currency="cr", places=0, expiry=end, rollover=terms)
        work.grant(grant, at=START)
    work.expire(START + timedelta(days=365))
    assert sum(each.rolled_out for each in work.lots()) >= 10


def test_many_returns_of_one_draw() -> None:
    """Sixteen times as many returns of sixteen times as many parts take nothing like 256 times as long."""
    assert grows(returns, 50, 16) < 64


def test_balance_passes_over_lots_that_are_over() -> None:
    """A balance does not look at lots that are over, though nothing has expired them."""
    assert grows(over, 100, 16) < 64


def test_many_scopes() -> None:
    """A draw looks up the scopes that it may meet."""
    assert grows(scoped, 100, 16) < 64


def test_draws_pass_over_lots_that_have_not_begun() -> None:
    """A draw that its lot does not cover does not look at each lot that begins later."""
    assert grows(short, 100, 16) < 48


def test_lots_that_roll_over_look_at_those_that_did() -> None:
    """What is in the way of a lot that rolls over is found among those that rolled over."""
    assert grows(rolling, 100, 16) < 48


@given(
    times=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), max_size=12).map(lambda found: found * 20),
    draws=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=9),
    burn=st.sampled_from([["expiry"], ["priority", "id"], ["effective"], ["largest"]]),
)
def test_lots_pay_inside_their_time(
    times: list[tuple[int, int]], draws: list[tuple[int, int]], burn: list[str]
) -> None:
    """However many lots there are, a draw is paid by those inside their time, in the order of burning."""
    work = Ledger(Policy.model_validate({"burn": burn})).open()
    for index, (start, length) in enumerate(times):
        begin, end = (START + timedelta(hours=n) for n in (start, start + length))
        grant = Grant(id=f"g{index:03}", amount=2, currency="cr", places=0, effective=begin, expiry=end)
        work.grant(grant, at=START)
    for index, (hour, amount) in enumerate(draws):
        at = START + timedelta(hours=hour)
        able = [each for each in work.live("cr") if each.lot.alive(at)]
        drawn = work.draw(Money(amount, UNIT), at=at, id=f"d{index}")
        assert [lot for lot, _ in drawn.parts] == [each.lot.id for each in able][: len(drawn.parts)]
        assert drawn.covered.amount == min(amount, sum(each.left for each in able))
        assert work.pays("cr", at) is (drawn.covered.amount < sum(each.left for each in able))


SCOPES = st.builds(
    Scope,
    items=st.sets(st.sampled_from("ab")).map(sorted),
    meters=st.sets(st.sampled_from("mn")).map(sorted),
    customers=st.sets(st.sampled_from("cd")).map(sorted),
    dimensions=st.dictionaries(
        st.sampled_from("xy"), st.lists(st.sampled_from(["1", "2", ""]), min_size=1), max_size=2
    ),
    metered=st.booleans(),
)
USES = st.builds(
    Use,
    st.none() | st.sampled_from("ab"),
    meter=st.none() | st.sampled_from("mn"),
    customer=st.none() | st.sampled_from("cd"),
    dimensions=st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["1", "2", ""])),
)


@given(scopes=st.lists(SCOPES, max_size=24), use=USES)
def test_scopes_are_looked_up_as_they_are_asked(scopes: list[Scope], use: Use) -> None:
    """The lots that may pay for a use are those whose scope covers it, however many scopes there are."""
    ledger = Ledger()
    for index, scope in enumerate(scopes):
        ledger = ledger.grant(Grant(id=f"g{index:02}", amount=1, currency="cr", places=0, scope=scope), at=START)
    found = [each.lot.id for each in ledger.live("cr", use)]
    assert found == [f"g{index:02}" for index, scope in enumerate(scopes) if scope.covers(use)]
    assert len(ledger.live("cr")) == len(scopes)
