"""Plans: loading and dumping, which card holds when, and what a plan is changed and looked up by."""

from __future__ import annotations

import copy
import hashlib
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml

from ratecard import prices
from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError, MismatchError, NoPriceError, UnknownKeyError
from ratecard.plans import Carry, CustomUnit, Item, Order, Plan, Subscription
from tests.api_pro import API_PRO
from tests.plans._tools import CALLS, FEE, RATE, at, card, faults

API_PRO_YAML = """
key: api-pro
meters:
  - {key: tokens, event: completion, aggregate: {kind: sum, of: tokens}}
  - {key: seats, event: seat, aggregate: {kind: unique, of: user}}
cards:
  - currency: USD
    effective: "2025-01-01"
    items:
      - {key: base, price: {model: flat, amount: "20"}}
      - {key: seats, meter: seats, price: {model: per_unit, unit_price: "8"}}
      - {key: tokens, meter: tokens, price: {model: graduated, tiers: [
          {up_to: 1000000, unit_price: "0"},
          {up_to: 10000000, unit_price: "0.000002"},
          {unit_price: "0.0000015"}]}}
"""


# Plain data


def test_yaml_twin() -> None:
    """A plan written in YAML equals the same plan made by hand, and hashes and digests like it."""
    loaded = Plan.load(yaml.safe_load(API_PRO_YAML))
    assert loaded == API_PRO
    assert (hash(loaded), loaded.digest) == (hash(API_PRO), API_PRO.digest)


def test_dump() -> None:
    """The plain form has amounts as text, tags, and no defaults; loading it gives the plan again."""
    assert API_PRO.dump() == {
        "key": "api-pro",
        "meters": [
            {"key": "tokens", "event": "completion", "aggregate": {"kind": "sum", "of": "tokens"}},
            {"key": "seats", "event": "seat", "aggregate": {"kind": "unique", "of": "user"}},
        ],
        "cards": [
            {
                "currency": "USD",
                "effective": "2025-01-01",
                "items": [
                    {"key": "base", "price": {"model": "flat", "amount": "20"}},
                    {"key": "seats", "meter": "seats", "price": {"model": "per_unit", "unit_price": "8"}},
                    {
                        "key": "tokens",
                        "meter": "tokens",
                        "price": {
                            "model": "graduated",
                            "tiers": [
                                {"up_to": "1000000", "unit_price": "0"},
                                {"up_to": "10000000", "unit_price": "0.000002"},
                                {"unit_price": "0.0000015"},
                            ],
                        },
                    },
                ],
            }
        ],
    }
    assert Plan.load(API_PRO.dump()) == API_PRO


def test_dump_of_every_field() -> None:
    """What differs from its default is in the plain form, and comes back."""
    plan = Plan.single(
        "p",
        currency="credits",
        meters=[CALLS],
        items=[
            Item(key="calls", meter="calls", price=RATE, cadence=Cadence.yearly(), round_quantity="up", name="Calls")
        ],
        name="P",
        cadence=Cadence.quarterly(anchor="2025-01-31", zone="Asia/Tokyo"),
        zone="Europe/Stockholm",
        proration="second",
        rounding="half_even",
        rounding_at="statement",
        profile="stripe",
        units=[CustomUnit(key="credits", places=3)],
        order=Order(items=["price", "round"]),
        carry_remainders=True,
        metadata={"b": "2", "a": "1"},
    )
    told = plan.dump()
    assert told == {
        "key": "p",
        "name": "P",
        "meters": [{"key": "calls", "event": "call", "aggregate": {"kind": "count"}}],
        "cards": [
            {
                "currency": "credits",
                "items": [
                    {
                        "key": "calls",
                        "meter": "calls",
                        "price": {"model": "per_unit", "unit_price": "2"},
                        "cadence": {"unit": "year"},
                        "round_quantity": "up",
                        "name": "Calls",
                    }
                ],
            }
        ],
        "cadence": {"every": 3, "anchor": "2025-01-31", "zone": "Asia/Tokyo"},
        "zone": "Europe/Stockholm",
        "proration": "second",
        "rounding": "half_even",
        "rounding_at": "statement",
        "profile": "stripe",
        "units": [{"key": "credits", "places": 3}],
        "order": {"items": ["price", "round"]},
        "carry_remainders": True,
        "metadata": {"a": "1", "b": "2"},
    }
    assert Plan.load(told) == plan


def test_digest_is_canonical() -> None:
    """How a number or a mapping was written does not reach the digest; what it says does."""
    ones = [
        Plan.single("p", currency="USD", items=[Item(key="base", price=prices.Flat(amount=amount))], metadata=texts)
        for amount, texts in (
            ("1.0", {"a": "1", "b": "2"}),
            ("1.00", {"b": "2", "a": "1"}),
            (Decimal("1E+0"), {"b": "2", "a": "1"}),
        )
    ]
    assert len({plan.digest for plan in ones}) == 1
    assert ones[0].digest != ones[0].model_copy(update={"metadata": {}}).digest
    assert ones[0].digest != ones[0].model_copy(update={"key": "q"}).digest
    explicit = Plan.load({**ones[0].dump(), "zone": "UTC", "rounding": "half_up", "order": {}})
    assert explicit.digest == ones[0].digest


def test_digest_is_stable() -> None:
    """A digest that a statement once stored stays what it was; this one was written down."""
    plan = Plan.single("api", currency="USD", items=[Item(key="base", price=prices.Flat(amount="20"))])
    canonical = (
        b'{"cards":[{"currency":"USD","items":[{"key":"base","price":{"amount":"20","model":"flat"}}]}],"key":"api"}'
    )
    assert plan.digest == "sha256:" + hashlib.sha256(canonical).hexdigest()
    assert plan.digest == "sha256:93e2e833fd6caa648f2f4a679483ba908c577d5debc5e56409b9dbf7dcbc299d"


def test_pickle_and_copies() -> None:
    """A plan survives pickling and copying, and is checked again on its way in."""
    assert pickle.loads(pickle.dumps(API_PRO)) == API_PRO  # noqa: S301
    assert copy.deepcopy(API_PRO) == copy.copy(API_PRO) == API_PRO
    broken = API_PRO.model_construct(key="p", meters=(), cards=())
    with pytest.raises(DefinitionError):
        pickle.loads(pickle.dumps(broken))  # noqa: S301


@pytest.mark.parametrize("given", [None, "plan", ["plan"], 5])
def test_load_wants_a_mapping(given: Any) -> None:
    """Anything but a mapping is refused with what to write."""
    with pytest.raises(DefinitionError) as caught:
        Plan.load(given)
    assert (caught.value.code, caught.value.path) == ("model.type", "")


def test_load_reports_all_faults_of_shape() -> None:
    """Every fault of shape is told at once with its path, as the constructor would tell it."""
    told = {
        "key": "",
        "zone": "Mars/Olympus",
        "cards": [
            {
                "currency": "USD",
                "effective": "2025-13-01",
                "items": [
                    {"key": "a", "price": {"model": "flat", "amount": 0.5}},
                    {"key": "b", "price": {"model": "flats", "amount": "1"}},
                    {"key": "c", "price": {"amount": "1"}},
                    {"key": "d", "price": {"model": "per_unit", "unit_prise": "1"}},
                    {"key": "e", "bill": "early", "price": {"model": "flat", "amount": "1"}},
                ],
            }
        ],
        "meters": [{"key": "m", "event": "e", "aggregate": {"kind": "total"}}],
        "units": [{"key": "cr", "places": 19}],
        "metadat": {},
        5: "x",
    }
    with pytest.raises(DefinitionError) as caught:
        Plan.load(told)  # type: ignore[arg-type]
    assert [(each.path, each.code) for each in caught.value.problems] == [
        ("key", "text.empty"),
        ("meters[0].aggregate", "kind.unknown"),
        ("cards[0].effective", "time.syntax"),
        ("cards[0].items[0].price.amount", "number.float"),
        ("cards[0].items[1].price", "kind.unknown"),
        ("cards[0].items[2].price", "kind.missing"),
        ("cards[0].items[3].price.unit_price", "field.missing"),
        ("cards[0].items[3].price.unit_prise", "field.unknown"),
        ("cards[0].items[4].bill", "choice.unknown"),
        ("zone", "zone.unknown"),
        ("units[0].places", "number.large"),
        ("metadat", "field.unknown"),
        ("[5]", "key.type"),
    ]
    assert "pydantic" not in str(caught.value)


def test_load_refuses_what_is_too_deep_or_too_large() -> None:
    """Data that no plan can be is refused before anything recursive reads it."""
    circle: list[object] = []
    circle.append(circle)
    bomb: list[object] = ["x"] * 9
    for _ in range(9):
        bomb = [bomb] * 9
    for cards, code in ((circle, "depth"), (bomb, "size")):
        with pytest.raises(DefinitionError) as caught:
            Plan.load({"key": "p", "cards": cards})
        assert caught.value.code == code


def test_at_least_one_card() -> None:
    """A plan without cards is refused."""
    assert faults(lambda: Plan(key="p", cards=[])) == [("cards", "list.short")]


# Units


def test_currencies() -> None:
    """A code is ISO's, Stripe's by profile, or the plan's own; another is refused."""
    units = [CustomUnit(key="credits", places="4")]  # type: ignore[arg-type]
    iso = Plan(key="p", cards=[card(), card(currency="credits"), card(cohort="x")], units=units)
    stripe = Plan(key="p", cards=[card()], profile="stripe")
    assert iso.currencies == ("USD", "credits")
    assert (iso.currency_of("credits"), iso.currency_of("credits").places) == ("credits", 4)
    assert (iso.currency_of("UGX").places, stripe.currency_of("UGX").places) == (0, 2)
    with pytest.raises(MismatchError) as caught:
        stripe.currency_of("credits")
    assert caught.value.code == "currency.unknown"


# Which card holds


STARTED = at("2024-06-01T00:00:00+00:00")
DATED = Plan(
    key="p",
    zone="Europe/Stockholm",
    cards=[
        card(effective="2026-01-01"),
        card(effective="2025-01-01"),
        card(effective="2025-06-01", applies="new"),
        card(cohort="early", effective="2025-03-01"),
        card(cohort="early"),
        card(currency="EUR"),
    ],
)


@pytest.mark.parametrize(
    ("currency", "cohort", "when", "started", "index"),
    [
        ("USD", None, "2024-12-31T23:00:00+00:00", STARTED, 1),
        ("USD", None, "2025-12-31T22:59:59+00:00", STARTED, 1),
        ("USD", None, "2025-12-31T23:00:00+00:00", STARTED, 0),
        ("USD", None, "2025-07-01T00:00:00+00:00", at("2025-05-31T21:59:59+00:00"), 1),
        ("USD", None, "2025-07-01T00:00:00+00:00", at("2025-05-31T22:00:00+00:00"), 2),
        ("USD", None, "2025-05-01T00:00:00+00:00", at("2025-07-01T00:00:00+00:00"), 1),
        ("USD", "late", "2025-02-01T00:00:00+00:00", STARTED, 1),
        ("USD", "early", "2020-02-01T00:00:00+00:00", STARTED, 4),
        ("USD", "early", "2025-02-01T00:00:00+00:00", STARTED, 4),
        ("USD", "early", "2030-02-01T00:00:00+00:00", STARTED, 3),
        ("EUR", "early", "2030-02-01T00:00:00+00:00", STARTED, 5),
    ],
)
def test_card_at(currency: str, cohort: str | None, when: str, started: datetime, index: int) -> None:
    """Currency decides first, then the cohort if a card in force names it, then reach, then the latest date."""
    assert DATED.card_at(currency, cohort, at(when), started) is DATED.cards[index]


def test_no_card_in_force() -> None:
    """Before the first card, and in a currency without cards, there is no price: that is an error, not free."""
    for currency, when in (("USD", "2024-12-31T22:59:59+00:00"), ("SEK", "2025-02-01T00:00:00+00:00")):
        with pytest.raises(NoPriceError) as caught:
            DATED.card_at(currency, None, at(when), STARTED)
        assert caught.value.code == "card.none"
        assert caught.value.text.endswith("add a card, or begin later")


def test_same_date_for_all_and_for_new() -> None:
    """Of two cards with one date, those who may see the one for new subscriptions get it."""
    plan = Plan(key="p", cards=[card(effective="2025-01-01", applies="new"), card(effective="2025-01-01")])
    when = at("2025-02-01T00:00:00+00:00")
    assert plan.card_at("USD", None, when, at("2025-01-01T00:00:00+00:00")) is plan.cards[0]
    assert plan.card_at("USD", None, when, STARTED) is plan.cards[1]


def test_undated_card_for_new() -> None:
    """A card that is in force always has no moment before which a subscription could have started."""
    plan = Plan(key="p", cards=[card(applies="new"), card()])
    assert plan.card_at("USD", None, STARTED, STARTED) is plan.cards[0]


def test_effective() -> None:
    """A bare date is midnight in the plan's zone, an instant itself, and None is always."""
    plan = Plan(key="p", cards=[card()], zone="Europe/Stockholm")
    assert plan.effective(card(effective="2025-01-01")) == at("2024-12-31T23:00:00+00:00")
    assert plan.effective(card(effective="2025-01-01T00:00:00Z")) == at("2025-01-01T00:00:00+00:00")
    assert plan.effective(card()) is None


# Changes


def test_with_card() -> None:
    """A later card is appended, and the plan before it stays as it was."""
    later = card(effective="2025-06-01", items=[])
    made = API_PRO.with_card(later)
    assert (made.cards, len(API_PRO.cards)) == ((*API_PRO.cards, later), 1)
    assert made.with_card(card(currency="EUR")).cards[2].currency == "EUR"
    assert made.with_card(card(cohort="early")).cards[2].cohort == "early"
    assert made.digest != API_PRO.digest


@pytest.mark.parametrize("effective", [None, "2024-12-31", "2025-01-01", "2025-01-01T00:00:00Z"])
def test_with_card_must_be_later(effective: str | None) -> None:
    """A card that is not later than its siblings would change the past."""
    with pytest.raises(DefinitionError) as caught:
        API_PRO.with_card(card(effective=effective, applies="new"))
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("cards[1].effective", "card.order")
    assert problem.text == "a card in USD is in force from 2025-01-01; give the new one a later date"
    with pytest.raises(DefinitionError, match="a card in USD is in force always"):
        Plan(key="p", cards=[card()]).with_card(card())


def test_with_card_checks_the_card() -> None:
    """What a plan refuses in its cards it refuses in a new one."""
    wrong = card(effective="2026-01-01", items=[Item(key="x", meter="token", price=RATE)])
    assert faults(lambda: API_PRO.with_card(wrong)) == [("cards[1].items[0].meter", "key.unknown")]


def test_variant() -> None:
    """A variant has its own key and other prices on all cards; all else is the same."""
    plan = API_PRO.with_card(card(effective="2026-01-01"))
    made = plan.variant("api-simple", {"base": prices.Flat(amount="25"), "seats": prices.PerUnit(unit_price="9")})
    assert made.key == "api-simple"
    assert [each.item("base").price for each in made.cards] == [prices.Flat(amount="25")] * 2
    assert made.cards[0].item("seats").price == prices.PerUnit(unit_price="9")
    assert made.cards[0].item("tokens") == plan.cards[0].item("tokens")
    assert made.meters == plan.meters
    with pytest.raises(UnknownKeyError) as caught:
        plan.variant("x", {"seat": FEE, "base": FEE, "nothing like it": FEE})
    assert [(each.path, each.code) for each in caught.value.problems] == [
        ("seat", "key.unknown"),
        ("nothing like it", "key.unknown"),
    ]
    assert 'Did you mean "seats"' in str(caught.value)


# Subscribing and looking up


def test_subscribe() -> None:
    """A subscription names its plan, and leaves open what the plan decides."""
    plan = Plan.single("team", currency="USD", items=[Item(key="seats", quantity="seats", price=RATE)])
    assert plan.subscribe("acme", start="2025-01-01") == Subscription(customer="acme", plan="team", start="2025-01-01")
    assert plan.subscribe(
        "acme", start=date(2025, 1, 1), end="2026-01-01", zone="UTC", currency="USD", anchor="2025-01-15", cohort="x",
        quantities={"seats": 5},
    ) == Subscription(
        customer="acme", plan="team", start="2025-01-01", end="2026-01-01", zone="UTC", currency="USD",
        anchor="2025-01-15", cohort="x", quantities={"seats": "5"},
    )  # fmt: skip


def test_subscribe_checks() -> None:
    """A currency that must be named, one without cards, and a quantity that nothing is sold by are refused at once."""
    both = Plan(key="p", cards=[card(), card(currency="EUR")])
    for fields in ({}, {"currency": "SEK"}):
        assert faults(lambda fields=fields: both.subscribe("acme", start="2025-01-01", **fields)) == [
            ("currency", "subscription.currency")
        ]
    plan = Plan.single("team", currency="USD", items=[Item(key="seats", quantity="seats", price=RATE)])
    with pytest.raises(UnknownKeyError, match='Did you mean "seats"') as caught:
        plan.subscribe("acme", start="2025-01-01", quantities={"seat": 5, "seats": 1})
    assert (caught.value.path, caught.value.code) == ("quantities.seat", "key.unknown")


def test_lookups() -> None:
    """A plan finds its meters, and itself, by key."""
    assert API_PRO.meter("seats") == API_PRO.meters[1]
    assert API_PRO.get("api-pro") is API_PRO
    with pytest.raises(UnknownKeyError, match="the plan 'api-pro' has no meter 'seat'"):
        API_PRO.meter("seat")
    with pytest.raises(UnknownKeyError, match="the offer has no plan 'api'"):
        API_PRO.get("api")


def test_label() -> None:
    """People read the name, or the key where there is none."""
    assert (API_PRO.label, Plan(key="p", name="Pro", cards=[card()]).label) == ("api-pro", "Pro")


def test_defaults() -> None:
    """The terms that hold where a plan says nothing."""
    plan = Plan(key="p", cards=[card()])
    assert (plan.cadence, plan.zone, plan.proration) == (Cadence.calendar("month"), "UTC", "day")
    assert (plan.rounding, plan.rounding_at, plan.profile) == ("half_up", "line", "iso")
    assert (plan.order, plan.carry_remainders, dict(plan.metadata)) == (Order.default(), False, {})


def test_frozen() -> None:
    """A plan cannot be changed, on any path."""
    with pytest.raises(ValueError):
        API_PRO.key = "x"  # type: ignore[misc]
    assert isinstance(API_PRO.cards, tuple) and isinstance(API_PRO.cards[0].items, tuple)
    assert {API_PRO, Plan.load(API_PRO.dump())} == {API_PRO}
    assert Carry("a", API_PRO.key, datetime(2025, 1, 1, tzinfo=UTC)).plan == "api-pro"
