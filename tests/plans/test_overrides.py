"""What one customer has other than the plan: negotiated prices, items of its own, phases, add-ons."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ratecard import Item, Meter, Period, Plan, RateCard, Subscription, UsageRecord, meters, prices, rate, resolve
from ratecard._problems import problems
from ratecard.cadence import Cadence
from ratecard.errors import DefinitionError, UnknownKeyError
from ratecard.plans import AddOn, Catalog, ChangePlan, Override, Phase
from ratecard.plans._phases import stretches

BASE = Item(key="base", price=prices.Flat(amount="31"))
CALLS = Item(key="calls", meter="calls", price=prices.PerUnit(unit_price="1"))
METERS = [Meter(key="calls", event="call", aggregate=meters.Count())]
PLAN = Plan.single("team", currency="USD", meters=METERS, items=[BASE, CALLS])
MARCH = Period.month(2025, 3)
USAGE = [UsageRecord("call", f"2025-03-{day:02}T12:00:00Z", {}, id=str(day)) for day in range(1, 32)]


def flat(amount: int) -> prices.Flat:
    """A fee."""
    return prices.Flat(amount=amount)


def acme(plan: Plan = PLAN, **fields: Any) -> Subscription:
    """A subscription since January."""
    return Subscription(**{"customer": "acme", "plan": plan.key, "start": "2025-01-01", **fields})


def told(held: Subscription, offer: Any = PLAN, period: Period = MARCH) -> list[tuple[str, str, str]]:
    """Item, start and amount of each line."""
    found = rate(offer, held, USAGE, period)
    assert found.verify()
    return [(line.item, line.period.start.date().isoformat()[5:], str(line.amount).split()[0]) for line in found.lines]


def codes(**fields: Any) -> list[tuple[str, str]]:
    """What is wrong with a subscription of these fields."""
    with pytest.raises(ValueError) as caught:
        acme(**fields)
    return [(each.path, each.code) for each in problems(caught.value)]


def test_override_always() -> None:
    """Without dates an override holds for good; items may be repriced, left out and added."""
    deal = Override(prices={"base": flat(10)}, items=[Item(key="help", price=flat(5))], without=["calls"])
    held = acme(overrides=[deal])
    assert told(held) == [("base", "03-01", "10.00"), ("help", "03-01", "5.00")]
    assert Subscription.model_validate(held.model_dump(mode="json")) == held


def test_override_dated() -> None:
    """A dated override cuts the items it touches and no other; counters go on."""
    deal = Override(prices={"base": flat(62)}, start="2025-03-11", end="2025-03-21")
    assert told(acme(overrides=[deal])) == [
        ("base", "03-01", "10.00"), ("base", "03-11", "20.00"), ("base", "03-21", "11.00"), ("calls", "03-01", "31.00"),
    ]  # fmt: skip


def test_the_last_to_start_holds() -> None:
    """Where two touch an item, the one that starts last holds, and one without a start is the weakest."""
    deals = [Override(prices={"base": flat(93)}, start="2025-03-11"), Override(prices={"base": flat(62)})]
    assert told(acme(overrides=deals))[:2] == [("base", "03-01", "20.00"), ("base", "03-11", "63.00")]


def test_override_of_one_plan() -> None:
    """What was agreed for one plan does not hold on another."""
    pro = Plan.single("pro", currency="USD", meters=METERS, items=[BASE])
    both = Catalog(plans=[PLAN, pro])
    change = ChangePlan(at="2025-03-11", plan="pro")
    for plan, first, second in (("team", "20.00", "21.00"), ("pro", "10.00", "42.00"), (None, "20.00", "42.00")):
        held = acme(overrides=[Override(prices={"base": flat(62)}, plan=plan)], changes=[change])
        assert [line[2] for line in told(held, both) if line[0] == "base"] == [first, second]


def test_version_of_an_override() -> None:
    """A line says by its version whether its price is the card's or the subscription's own."""
    plain, own = (
        resolve(PLAN, held, MARCH) for held in (acme(), acme(overrides=[Override(prices={"base": flat(62)})]))
    )
    versions = [[service.pieces[0].version for service in terms.services] for terms in (plain, own)]
    assert versions[0][0] != versions[1][0]
    assert versions[0][1] == versions[1][1] == PLAN.cards[0].digest


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([{"prices": {"base": flat(1)}, "without": ["base"]}], [("overrides[0].without[0]", "override.twice")]),
        ([{"prices": {"base": flat(1)}, "items": [BASE]}], [("overrides[0].items[0].key", "override.twice")]),
        ([{"items": [BASE, BASE]}], [("overrides[0].items[1].key", "key.duplicate")]),
        ([{"prices": {"base": flat(1)}}, {"without": ["base"]}], [("overrides[1]", "override.conflict")]),
        ([{"start": "2025-03-01", "end": "2025-03-01"}], [("overrides[0].end", "subscription.order")]),
    ],
)
def test_override_refused(overrides: list[Any], expected: list[tuple[str, str]]) -> None:
    """What an override says twice, or two say at once, is refused."""
    assert codes(overrides=overrides) == expected


def test_override_that_does_not_fit() -> None:
    """An item that is nowhere, a price that does not fit the item, a meter that is not there: each is said."""
    with pytest.raises(UnknownKeyError) as caught:
        resolve(PLAN, acme(overrides=[Override(prices={"basis": flat(1)}, without=["cals"])]), MARCH)
    assert [each.path for each in caught.value.problems] == ["overrides[0].prices", "overrides[0].without"]
    with pytest.raises(DefinitionError) as wrong:
        resolve(PLAN, acme(overrides=[Override(prices={"base": prices.PerUnit(unit_price="1")})]), MARCH)
    assert [each.code for each in wrong.value.problems] == ["item.source"]
    lost = Item(key="x", meter="lost", price=prices.PerUnit(unit_price="1"))
    with pytest.raises(DefinitionError) as wrong:
        resolve(PLAN, acme(overrides=[Override(items=[lost])]), MARCH)
    assert [each.code for each in wrong.value.problems] == ["key.unknown"]


def test_new_cards_reach_negotiated_customers() -> None:
    """An override is data on a base plan: what was not negotiated follows the plan's later cards."""
    later = RateCard(currency="USD", effective="2025-03-01", items=[BASE.model_copy(update={"price": flat(93)}), CALLS])
    plan = PLAN.with_card(later)
    assert told(acme(overrides=[Override(prices={"calls": prices.PerUnit(unit_price="2")})]), plan) == [
        ("base", "03-01", "93.00"), ("calls", "03-01", "62.00"),
    ]  # fmt: skip


def test_old_customers_keep_their_price() -> None:
    """A card for new subscriptions is seen by those who start from there on, a cohort's card by its cohort."""
    new = RateCard(
        currency="USD", effective="2025-03-01", applies="new", items=[BASE.model_copy(update={"price": flat(62)})]
    )
    plan = PLAN.with_card(new)
    assert told(acme(), plan) == [("base", "03-01", "31.00"), ("calls", "03-01", "31.00")]
    assert told(acme(start="2025-03-01"), plan) == [("base", "03-01", "62.00")]
    loyal = RateCard(currency="USD", cohort="loyal", items=[BASE.model_copy(update={"price": flat(20)})])
    plan = plan.with_card(loyal)
    assert told(acme(start="2025-03-01", cohort="loyal"), plan) == [("base", "03-01", "20.00")]
    with pytest.raises(UnknownKeyError) as caught:
        told(acme(start="2025-03-01", cohort="loyall"), plan)
    assert [(each.path, each.code) for each in caught.value.problems] == [("cohort", "key.unknown")]
    assert "loyal" in caught.value.problems[0].text


def test_a_cohort_that_no_card_names() -> None:
    """Whether other cohorts have cards or none has: a cohort that no card of any of its plans names is refused."""
    with pytest.raises(UnknownKeyError) as caught:
        told(acme(cohort="vip"), PLAN)
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("cohort", "key.unknown")
    assert problem.text == "the plan has no cohort 'vip', nor any other; add it first"
    assert told(acme(), PLAN)


TRIAL = Phase(key="trial", every=14, unit="day", trial=True)


def test_trial() -> None:
    """A trial is rated and then free; counters start at 0 when it ends; the anchor is its end."""
    tiers = prices.Graduated(tiers=[prices.Tier(up_to=10, unit_price="0"), prices.Tier(unit_price="1")])
    plan = Plan.single("team", currency="USD", meters=METERS, cadence=Cadence.monthly(), phases=[TRIAL],
        items=[BASE, CALLS.model_copy(update={"price": tiers})])  # fmt: skip
    held = acme(plan, start="2025-03-01")
    spans = list(held.periods(plan, Period("2025-03-01", "2025-05-01")))
    assert spans == [
        Period("2025-02-15", "2025-03-15"),
        Period("2025-03-15", "2025-04-15"),
        Period("2025-04-15", "2025-05-15"),
    ]
    free, paid = (rate(plan, held, USAGE, span) for span in spans[:2])
    assert [str(line.amount) for line in free.lines] == ["0.00 USD", "0.00 USD"]
    assert free.line("calls").quantity == 14 and free.verify()
    assert "100 % off in the phase 'trial': 4 x 0 = 0" in free.line("calls").explain()
    assert [str(line.amount) for line in paid.lines] == ["31.00 USD", "7.00 USD"]
    assert held.anchor_under(plan) == spans[0].end
    assert acme(plan, start="2025-03-01", anchor="2025-03-01").anchor_under(plan) == date(2025, 3, 1)


def test_trial_inside_a_month() -> None:
    """In calendar months a trial ends inside a statement: its lines are free, and the fee pays for the rest."""
    plan = PLAN.model_copy(update={"phases": [TRIAL]})
    assert told(acme(plan, start="2025-03-01"), plan) == [
        ("base", "03-01", "0.00"), ("base", "03-15", "17.00"), ("calls", "03-01", "0.00"), ("calls", "03-15", "17.00"),
    ]  # fmt: skip


def test_trial_leaves_no_units() -> None:
    """Included units that a trial did not use do not roll over into what is paid."""
    price = prices.Allowance(units=100, base=prices.PerUnit(unit_price="1"), rollover=50)
    plan = Plan.single("team", currency="USD", meters=METERS, items=[CALLS.model_copy(update={"price": price})],
        phases=[Phase(key="trial", every=1, trial=True)])  # fmt: skip
    held = acme(plan, start="2025-03-01")
    free = rate(plan, held, USAGE, MARCH)
    assert free.carry is not None and free.carry.rollovers == {}


def test_ramp() -> None:
    """Phases follow each other from the start, each with its own prices, and then the card holds."""
    ramp = [Phase(key="a", every=1, prices={"base": flat(10)}), Phase(key="b", every=1, prices={"base": flat(20)})]
    plan = PLAN.model_copy(update={"phases": ramp})
    held = acme(plan, start="2025-01-01")
    months = [told(held, plan, Period.month(2025, month))[0][2] for month in (1, 2, 3)]
    assert months == ["10.00", "20.00", "31.00"]
    own = acme(plan, phases=[Phase(key="only", without=["calls"], prices={"base": flat(5)})])
    assert told(own, plan) == [("base", "03-01", "5.00")]
    assert told(acme(plan, phases=[]), plan, Period.month(2025, 1))[0][2] == "31.00"


def test_phases_of_another_plan() -> None:
    """Whoever changes to a plan is past its phases; phases of the subscription itself go on."""
    ramp = [Phase(key="a", every=6, prices={"base": flat(310)})]
    pro = Plan.single("pro", currency="USD", meters=METERS, items=[BASE], phases=ramp)
    both = Catalog(plans=[PLAN, pro])
    change = ChangePlan(at="2025-03-11", plan="pro")
    assert [line[2] for line in told(acme(changes=[change]), both) if line[0] == "base"] == ["10.00", "21.00"]
    held = acme(changes=[change], phases=ramp)
    assert [line[2] for line in told(held, both) if line[0] == "base"] == ["100.00", "210.00"]


def test_phase_ends() -> None:
    """Lengths of one unit in a row are counted from where the first of them began, so month ends do not drift."""
    phases = [
        Phase(key="t", every=1, unit="week", trial=True),
        *(Phase(key=key, every=1) for key in "abc"),
        Phase(key="d"),
    ]
    ends = [each.end for each in stretches(phases, date(2025, 1, 24), "UTC")]
    assert [end and end.date().isoformat() for end in ends] == [
        "2025-01-31",
        "2025-02-28",
        "2025-03-31",
        "2025-04-30",
        None,
    ]


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([Phase(key="a"), Phase(key="b", every=1)], [("phases[0].every", "phase.open")]),
        ([Phase(key="a", trial=True)], [("phases[0].every", "phase.open")]),
        ([Phase(key="a", every=1), Phase(key="a", every=1, trial=True)],
         [("phases[1].key", "key.duplicate"), ("phases[1].trial", "phase.trial")]),
        ([Phase(key="a", prices={"x": flat(1)}, without=["x"])], [("phases[0].without[0]", "override.twice")]),
    ],
)  # fmt: skip
def test_phases_refused(phases: list[Phase], expected: list[tuple[str, str]]) -> None:
    """Phases that cannot follow each other are refused, in a plan as in a subscription."""
    assert codes(phases=phases) == expected
    with pytest.raises(ValueError) as caught:
        PLAN.model_copy(update={"phases": phases})
    assert [(each.path, each.code) for each in problems(caught.value)] == expected


def test_phase_references() -> None:
    """A plan's phases name items and meters that are there."""
    lost = Item(key="x", meter="lost", price=prices.PerUnit(unit_price="1"))
    phases = [Phase(key="a", every=1, prices={"basis": flat(1)}, items=[lost]), Phase(key="b", without=["x", "cals"])]
    with pytest.raises(ValueError) as caught:
        PLAN.model_copy(update={"phases": phases})
    assert [each.path for each in problems(caught.value)] == [
        "phases[0].prices", "phases[0].items[0].meter", "phases[1].without",
    ]  # fmt: skip


def test_addon() -> None:
    """An add-on has its own start, end and quantity; a trial of the plan does not make it free."""
    extra = AddOn(
        key="extra", quantity=2, start="2025-03-11", end="2025-03-21", items=[Item(key="support", price=flat(31))]
    )
    plan = PLAN.model_copy(update={"phases": [Phase(key="t", every=6, trial=True)]})
    assert told(acme(addons=[extra]))[2] == ("support", "03-11", "20.00")
    assert told(acme(plan, addons=[extra]), plan)[2] == ("support", "03-11", "20.00")
    held = acme(addons=[extra])
    assert Subscription.model_validate(held.model_dump(mode="json")) == held


def test_addon_with_usage() -> None:
    """Items of an add-on may be metered, or sold by a quantity of the subscription."""
    items = [CALLS.model_copy(update={"key": "more"}), Item(key="desks", quantity="desks", price=flat(31))]
    extra = AddOn(key="extra", start="2025-03-22", items=items)
    assert told(acme(addons=[extra], quantities={"desks": 3}))[2:] == [
        ("more", "03-22", "10.00"),
        ("desks", "03-22", "30.00"),
    ]


def test_once() -> None:
    """A fee that is due once is due whole at its instant, in the one period that holds it."""
    setup = AddOn(key="setup", start="2025-03-11", once=True, quantity=3, items=[Item(key="setup", price=flat(100))])
    held = acme(addons=[setup])
    assert told(held)[2] == ("setup", "03-11", "300.00")
    line = rate(PLAN, held, [], MARCH).line("setup")
    assert line.period.empty and line.due == line.period.start
    assert [line[0] for line in told(held, period=Period.month(2025, 4))] == ["base", "calls"]
    assert [line[0] for line in told(acme(addons=[setup], end="2025-03-11"))] == ["base", "calls"]
    assert [line[0] for line in told(acme(addons=[setup], end="2025-03-11"), period=Period.month(2025, 4))] == []


@pytest.mark.parametrize(
    ("addon", "expected"),
    [
        ({"quantity": -1}, [("addons[0].quantity", "quantity.negative")]),
        ({"once": True, "end": "2025-04-01"}, [("addons[0].end", "addon.once")]),
        ({"once": True, "items": [CALLS]}, [("addons[0].items[0]", "addon.once")]),
        ({"items": [BASE, BASE]}, [("addons[0].items[1].key", "key.duplicate")]),
        ({"end": "2025-02-01"}, [("addons[0].end", "subscription.order")]),
    ],
)
def test_addon_refused(addon: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """An add-on that cannot be is refused."""
    assert codes(addons=[{"key": "a", "start": "2025-03-01", "items": [BASE], **addon}]) == expected


def test_addon_that_is_there_already() -> None:
    """One item is sold once at a time, and one fee falls due once at an instant."""
    for addon in (
        {"items": [BASE]},
        {"once": True, "items": [Item(key="x", price=flat(1))]},
    ):
        twice = [AddOn(**{"key": key, "start": "2025-03-01", **addon}) for key in "ab"]
        with pytest.raises(DefinitionError) as caught:
            resolve(PLAN, acme(addons=twice), MARCH)
        assert [each.code for each in caught.value.problems] == ["addon.item"]


def test_price_of_an_item_that_comes_later() -> None:
    """A negotiated price of an item that only a later card has changes nothing before that card holds."""
    later = RateCard(currency="USD", effective="2025-03-11", items=[BASE, CALLS])
    both = Plan(key="team", meters=METERS, cards=[RateCard(currency="USD", items=[CALLS]), later])
    held = acme(both, overrides=[Override(prices={"base": flat(62)})])
    assert told(held, both) == [("calls", "03-01", "10.00"), ("calls", "03-11", "21.00"), ("base", "03-11", "42.00")]


def test_overrides_that_nothing_is_left_of() -> None:
    """Of overrides that all run on, the one that starts last holds for each item, whatever the others say as well."""
    other = {"base": flat(7), "calls": prices.PerUnit(unit_price="2")}
    overrides = [
        Override(prices=other, start="2025-03-01"),
        Override(prices={"base": flat(310)}, start="2025-03-02"),
        Override(prices={"base": flat(620)}, start="2025-03-03", items=[Item(key="more", price=flat(31))]),
        *(Override(prices={"base": flat(day)}, start=f"2025-03-{day:02}") for day in range(4, 31)),
    ]
    held = acme().model_copy(update={"overrides": overrides})
    last = rate(PLAN, held, [], Period("2025-03-30", "2025-03-31"))
    assert [(line.item, str(line.amount)) for line in last.lines] == [
        ("base", "0.97 USD"), ("calls", "0.00 USD"), ("more", "1.00 USD"),
    ]  # fmt: skip
    assert held.differences(PLAN, "2025-03-30") == (
        "item 'base': price.amount was 31, is 30",
        "item 'calls': price.unit_price was 1, is 2",
        "item 'more' added",
    )
