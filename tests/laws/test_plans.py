"""Laws of plans: what is dumped loads, equal is equal in every form, and one card holds at every instant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, localcontext
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ratecard import plans, prices
from ratecard.errors import NoPriceError
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, schema
from tests.strategies import all_plans, cards, subscriptions

SCHEMA = Draft202012Validator(schema())


@given(all_plans())
def test_load_after_dump(plan: Plan) -> None:
    """A plan comes back from its plain form, from JSON text and from YAML text as the same plan."""
    told = plan.dump()
    for form in (told, json.loads(json.dumps(told)), yaml.safe_load(yaml.safe_dump(told, allow_unicode=True))):
        again = Plan.load(form)
        assert again == plan
        assert (hash(again), again.digest, again.dump()) == (hash(plan), plan.digest, told)


@given(all_plans(), all_plans())
def test_digest_equal_iff_equal(a: Plan, b: Plan) -> None:
    """Two plans have one digest exactly when they are equal, and then there is no difference to tell."""
    assert (a.digest == b.digest) == (a == b) == (a.diff(b) == ())
    same = Plan.load(a.dump())
    assert (same == a, same.digest == a.digest, same.diff(a)) == (True, True, ())


@given(cards(), cards())
def test_card_digest_equal_iff_equal(a: RateCard, b: RateCard) -> None:
    """As for plans, so for cards."""
    assert (a.digest == b.digest) == (a == b)


@given(all_plans())
def test_dump_fits_the_schema(plan: Plan) -> None:
    """What a plan dumps is what the published schema says."""
    assert list(SCHEMA.iter_errors(plan.dump())) == []


@given(all_plans())
def test_callers_decimal_context(plan: Plan) -> None:
    """A narrow decimal context of the caller's changes nothing, and is not changed."""
    with localcontext(Context(prec=2, Emax=3, Emin=-3)) as held:
        before = str(held)
        again = Plan.load(plan.dump())
        assert (again == plan, again.digest == plan.digest) == (True, True)
        assert str(held) == before


@given(st.integers(-(10**9), 10**9), st.integers(0, 6), st.integers(0, 6))
def test_zeros_do_not_reach_the_digest(units: int, places: int, zeros: int) -> None:
    """Trailing zeros say nothing: two amounts that are equal give equal plans with one digest."""
    value = Decimal(units).scaleb(-places)
    longer = value.quantize(Decimal(1).scaleb(-places - zeros), context=Context(prec=50))
    one, other = (
        Plan.single("p", currency="USD", items=[Item(key="fee", price=prices.Flat(amount=amount))])
        for amount in (value, longer)
    )
    assert one == other
    assert (one.digest, hash(one), one.dump()) == (other.digest, hash(other), other.dump())


@given(all_plans(), st.sampled_from([None, "early"]), st.integers(-400, 400), st.integers(0, 800))
def test_one_card_holds(plan: Plan, cohort: str | None, day: int, before: int) -> None:
    """The card that holds at an instant is in force, may be seen, and is not overtaken by a later one."""
    at = datetime(2025, 3, 1, tzinfo=UTC) + timedelta(days=day)
    started = at - timedelta(days=before)
    for currency in plan.currencies:
        may = [card for card in plan.cards if card.currency == currency and _sees(plan, card, cohort, at, started)]
        try:
            held = plan.card_at(currency, cohort, at, started)
        except NoPriceError:
            assert may == []
            continue
        assert held in may
        named = [card for card in may if card.cohort is not None]
        assert (held.cohort is not None) == bool(named)
        start = plan.effective(held)
        for other in named or may:
            later = plan.effective(other)
            assert later is None or (start is not None and later <= start)


def _sees(plan: Plan, card: RateCard, cohort: str | None, at: datetime, started: datetime) -> bool:
    start = plan.effective(card)
    if card.cohort not in (None, cohort):
        return False
    return start is None or (start <= at and (card.applies == "all" or start <= started))


@given(all_plans(), subscriptions())
def test_periods_cover_the_service(plan: Plan, held: plans.Subscription) -> None:
    """A subscription's periods touch, each has service in it, and none of the service asked for is left out."""
    plan = plan.model_copy(update={"key": "p"})
    if held.cohort not in {card.cohort for card in plan.cards}:
        held = held.model_copy(update={"cohort": None})
    between = Period("2025-01-10", "2025-03-20", zone=held.zone_under(plan))
    found = list(held.periods(plan, between))
    served = between.overlap(held.service_under(plan))
    if served is None:
        assert found == []
        return
    assert all(each.overlap(served) is not None for each in found)
    assert [a.end for a in found[:-1]] == [b.start for b in found[1:]]
    assert found[0].start <= served.start and served.end <= found[-1].end


SEEDED = """
import yaml
from ratecard import prices
from ratecard.plans import Plan
plan = Plan.load(yaml.safe_load('''
key: p
metadata: {b: "1", a: "2", c: "3", region: "4", é: "5"}
meters: [{key: m, event: e, aggregate: {kind: count}}]
cards:
  - currency: USD
    items:
      - {key: x, meter: m, each: [region, team], price: {model: per_unit, unit_price: "2.50"}}
      - {key: y, price: {model: percent_of, items: [x, z], rate: "0.1"}}
      - {key: z, price: {model: flat, amount: "1"}}
'''))
print(plan.digest, plan.cards[0].digest, plan.dump(), plan.diff(plan.variant("q", {"z": prices.Flat(amount="2")})))
try:
    Plan.load({"key": "p", "cards": [{"currency": "US", "items": [
        {"key": k, "price": {"model": "percent_of", "items": ["c", "b", "a", "q"], "rate": "1"}} for k in "abc"]}]})
except ValueError as error:
    print(error)
"""


def test_hash_seed(root: Path) -> None:
    """Digests, dumps, differences and errors are the same to the byte whatever the seed of Python's hashes."""
    told = set()
    for seed in ("0", "1", "42"):
        paths = os.pathsep.join([str(root / "src"), os.environ.get("PYTHONPATH", "")])
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        done = subprocess.run([sys.executable, "-c", SEEDED], env=env, capture_output=True, check=True, timeout=60)
        told.add(done.stdout)
    (only,) = told
    assert only.startswith(b"sha256:") and b"item.cycle" in only
