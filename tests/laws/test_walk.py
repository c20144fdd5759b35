"""Laws of the walk: what must not change a bill does not, and its ways, contexts and processes agree to the byte."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import (
    ROUND_05UP,
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_UP,
    Clamped,
    Context,
    Decimal,
    FloatOperation,
    Inexact,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
    localcontext,
)
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import meters, prices
from ratecard.errors import DefinitionError
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, Subscription, resolve
from ratecard.rating import Statement, charge, measure, rate, settle
from ratecard.records import UsageRecord
from tests.strategies import History, amounts, fraction, histories, simple_prices, walk_plans, walk_records

JANUARY = Period.month(2025, 1)
DAYS = st.integers(1, 30 * 24).map(lambda hours: JANUARY.start + timedelta(hours=hours))


def exact(plan: Plan, records: list[UsageRecord], period: Period = JANUARY, **acme: object) -> dict[object, Fraction]:
    """The exact amounts of a bill, by item and group."""
    given = {"customer": "acme", "plan": plan.key, "start": "2025-01-01", "quantities": {"seats": 3, "desks": "2.5"}}
    bill = rate(plan, Subscription(**{**given, **acme}), records, period)
    assert bill.verify()
    found: dict[object, Fraction] = {}
    for line in bill.lines:
        found[line.item, line.group] = found.get((line.item, line.group), Fraction(0)) + fraction(line.exact)
    return {key: amount for key, amount in found.items() if amount}


def whole_items(plan: Plan) -> Plan:
    """The first card alone, its counters going on over a change of card."""
    items = [item.model_copy(update={"tiers": "continue"}) for item in plan.cards[0].items]
    return plan.model_copy(update={"cards": (RateCard(currency="USD", items=items),)})


def cumulative(plan: Plan) -> bool:
    """Whether a change of card reads no meter anew."""
    return plan.meters[0].aggregate.cumulative


@given(walk_plans().filter(cumulative).map(whole_items), walk_records(days=31), st.lists(DAYS, max_size=3, unique=True))
def test_equal_cards_change_nothing(plan: Plan, records: list[UsageRecord], days: list[datetime]) -> None:
    """A card that says the same as the one before changes no amount, whenever it comes."""
    dated = [plan.cards[0].model_copy(update={"effective": day}) for day in sorted(days)]
    assert exact(plan.model_copy(update={"cards": (*plan.cards, *dated)}), records) == exact(plan, records)


@given(simple_prices(), simple_prices(), walk_records(days=31), DAYS)
def test_new_key_starts_at_zero(a: prices.Price, b: prices.Price, records: list[UsageRecord], day: datetime) -> None:
    """An item with a new key on a later card costs what it costs a customer who starts there."""
    meter = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))
    old, new = (
        Item(key="old", meter="m", price=a, prorate="second"),
        Item(key="new", meter="m", price=b, prorate="second"),
    )
    both = Plan(
        key="p",
        meters=[meter],
        cards=[RateCard(currency="USD", items=[old]), RateCard(currency="USD", effective=day, items=[new])],
    )
    alone = Plan.single("p", currency="USD", meters=[meter], items=[new])
    later = exact(alone, [each for each in records if each.at >= day], start=day)
    assert {key: held for key, held in exact(both, records).items() if key[0] == "new"} == later  # type: ignore[index]


@given(st.lists(DAYS, max_size=4, unique=True), amounts(-50, 50), st.sampled_from(["day", "second", "30/360", "none"]))
def test_cuts_of_a_fee_add_up(cuts: list[datetime], amount: Decimal, how: str) -> None:
    """However a month is cut, the pieces of a fee are the fee, exactly."""
    plan = Plan.single("p", currency="USD", items=[Item(key="fee", price=prices.Flat(amount=amount), prorate=how)])
    acme = plan.subscribe("acme", start="2025-01-01")
    pieces = [line for part in JANUARY.split(*cuts) for line in rate(plan, acme, [], part).lines]
    assert sum((fraction(line.exact) for line in pieces), Fraction(0)) == fraction(amount)


@given(
    st.sampled_from(["Europe/Stockholm", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo"]),
    st.integers(2010, 2026), st.integers(1, 12), st.lists(st.integers(1, 31 * 24 - 1), max_size=4, unique=True),
    st.sampled_from(["day", "second"]),
)  # fmt: skip
def test_cuts_add_up_in_every_zone(zone: str, year: int, month: int, hours: list[int], how: str) -> None:
    """So they do where clocks change, for a subscription in its own zone and a period in the same."""
    plan = Plan.single("p", currency="USD", items=[Item(key="fee", price=prices.Flat(amount="100"), prorate=how)])
    acme = plan.subscribe("acme", start="2000-01-01", zone=zone)
    period = Period.month(year, month, zone=zone)
    cuts = [period.start + timedelta(hours=count) for count in hours]
    bills = [rate(plan, acme, [], part) for part in period.split(*cuts)]
    assert all(bill.verify() for bill in bills)
    assert sum((fraction(line.exact) for bill in bills for line in bill.lines), Fraction(0)) == 100


@given(histories())
def test_direct_way_equals_the_long_way(history: History) -> None:
    """Plain items, which take a short way to their lines, come to the same lines and steps on the long one."""
    plan, acme, records, periods = history
    terms = resolve(plan, acme, periods[0])
    tally = measure(terms, records)
    short = settle(charge(terms, tally))
    terms.memo.update(ways=[(service, None) for service, _ in terms.memo["ways"]], quick=None)
    long = settle(charge(terms, tally))
    del terms.memo["ways"]
    assert long == short
    assert long.dumps() == short.dumps()


# Contexts that a caller may have: few digits, every way to round, traps that ordinary sums spring, few exponents.
CONTEXTS = {
    "two digits": Context(prec=2),
    "one digit, away from zero": Context(prec=1, rounding=ROUND_UP),
    "three digits, towards zero": Context(prec=3, rounding=ROUND_DOWN),
    "ceiling": Context(prec=28, rounding=ROUND_CEILING),
    "floor": Context(prec=28, rounding=ROUND_FLOOR),
    "up after a nought or a five": Context(prec=4, rounding=ROUND_05UP),
    "half down": Context(prec=5, rounding=ROUND_HALF_DOWN),
    "inexact traps": Context(prec=2, rounding=ROUND_UP, Emax=3, Emin=-3, traps=[Inexact]),
    "rounding traps": Context(prec=3, traps=[Rounded, Clamped, Subnormal]),
    "floats trap": Context(prec=2, traps=[FloatOperation]),
    "few exponents": Context(prec=9, Emax=1, Emin=-1, clamp=1, traps=[Overflow, Underflow]),
    "nothing traps": Context(prec=1, Emax=1, Emin=0, traps=[]),
}


@given(histories(), st.sampled_from(sorted(CONTEXTS)))
def test_callers_decimal_context(history: History, context: str) -> None:
    """A hostile decimal context of the caller's changes no byte of a statement, and is not changed."""
    plan, acme, records, periods = history
    told = rate(plan, acme, records, periods[0]).dumps()
    again = Plan.load(plan.dump())
    with localcontext(CONTEXTS[context]) as held:
        before = str(held)
        assert rate(again, acme, records, periods[0]).dumps() == told
        assert str(held) == before


_ROOT = Path(__file__).parents[2]
_EXAMPLE = _ROOT / "examples" / "ai-api"


def whole_example() -> str:
    """The example from its plan to its words: loaded, rated, verified, told, read back, carried on and explained."""
    here = runpy.run_path(str(_EXAMPLE / "run.py"))
    bill = here["rate_usage"](_EXAMPLE / "usage.jsonl", Period.month(2025, 6))
    assert bill.verify()
    assert Statement.from_json(json.loads(bill.dumps())) == bill
    assert here["PLAN"] == Plan.load(here["PLAN"].dump())
    fates = sorted(map(repr, bill.account.rejected))
    return "\n".join([here["PLAN"].digest, bill.dumps(), json.dumps(bill.carry.to_json()), bill.explain(), *fates])


@pytest.fixture(scope="module")
def told() -> str:
    """The example as it is told in an ordinary context."""
    return whole_example()


@pytest.mark.parametrize("context", CONTEXTS)
def test_whole_example_in_every_context(context: str, told: str) -> None:
    """A whole example, from loading its plan to explaining its bill, is the same text, and the context as it was."""
    with localcontext(CONTEXTS[context]) as held:
        before = str(held)
        assert whole_example() == told
        assert str(held) == before


@given(histories())
def test_resolve_keeps_terms(history: History) -> None:
    """The same question is answered by the same terms; another plan, subscription or period by others."""
    plan, acme, _, periods = history
    terms = resolve(plan, acme, periods[0])
    assert resolve(plan, acme.model_copy(), Period.from_json(periods[0].to_json())) is terms
    ended = acme.model_copy(update={"end": "2025-04-30"})
    others = [resolve(plan, ended, periods[0]), resolve(plan, acme, Period.month(2025, 6))]
    rival = plan.model_copy(update={"proration": "30/360"})
    assert all(other is not terms for other in (*others, resolve(rival, acme, periods[0])))
    assert resolve(rival, acme, periods[0]).plan.proration == "30/360"


@pytest.mark.parametrize("wrong", [{"rounding": "sideways"}, {"cards": ()}, {"zone": "Mars/Olympus"}, {"key": ""}])
def test_plans_built_around_their_checks(wrong: dict[str, object]) -> None:
    """A plan that was made without its checks is refused before anything is billed by it."""
    sound = Plan.single("p", currency="USD", items=[Item(key="fee", price=prices.Flat(amount="1"))])
    fields = {name: getattr(sound, name) for name in Plan.model_fields}
    forged = Plan.model_construct(**{**fields, **wrong})
    acme = Subscription(customer="acme", plan=forged.key or "p", start="2025-01-01")
    with pytest.raises(DefinitionError):
        resolve(_Offer(forged), acme, JANUARY)


class _Offer:
    """An offer that hands out a plan without looking at it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def get(self, key: str) -> Plan:
        """The plan, whatever is asked for."""
        return self._plan


_SCRIPT = """
import json
from ratecard import Item, Meter, Period, Plan, UsageRecord, meters, prices, rate
names = ["oslo", "rome", "bern", "riga", "kyiv", "bonn"]
plan = Plan.single("p", currency="USD",
    meters=[Meter(key="m", event="e", aggregate=meters.Sum(of="n")),
            Meter(key="u", event="e", aggregate=meters.Unique(of="user"))],
    items=[Item(key="each", meter="m", price=prices.PerUnit(unit_price="0.37"), each=["city", "user"]),
           Item(key="split", meter="m", price=prices.PerUnit(unit_price="0.41"), split=["city"]),
           Item(key="users", meter="u", price=prices.PerUnit(unit_price="3"))])
records = [UsageRecord("e", f"2025-01-{n + 1:02}T00:00:00Z",
                       {"n": n, "city": names[n % 6], "user": names[n % 4], "tags": {"b", "a", "c"}}, id=f"{n % 25}")
           for n in range(31)]
records += [UsageRecord("e", "2025-01-03T00:00:00Z", {"n": name}, id=name) for name in names]
bill = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, Period.month(2025, 1))
print(bill.dumps(), json.dumps(bill.carry.to_json()), bill.explain(), sorted(map(repr, bill.account.rejected)))
"""


def outputs(script: str) -> set[bytes]:
    """What a script writes in processes of four hash seeds."""
    paths = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    return {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }


def test_hash_seeds() -> None:
    """A bill, its carry and its words are the same bytes in processes of any hash seed."""
    (written,) = outputs(_SCRIPT)
    assert b"oslo" in written


def test_hash_seeds_of_the_whole_example(told: str) -> None:
    """So is a whole example."""
    (written,) = outputs("from tests.laws.test_walk import whole_example; print(whole_example())")
    assert written.decode().splitlines() == told.splitlines()
