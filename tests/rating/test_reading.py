"""Reading a tally: what was not measured is refused, what is not known is not made up."""

from __future__ import annotations

from datetime import date

import pytest

from ratecard import meters, prices
from ratecard.cadence import Cadence
from ratecard.demand import Carried, Dimension
from ratecard.errors import MismatchError
from ratecard.periods import Period
from ratecard.plans import Item, Plan, RateCard, Terms, resolve
from ratecard.rating import Tally, charge, measure, rate, resolve_all, settle
from ratecard.rating._reading import Reading
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
SEATS = meters.Meter(key="m", event="e", aggregate=meters.Level(of="n", mode="delta"))
FEES = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))


def record(**parts: str) -> UsageRecord:
    """One unit on 10 January."""
    return UsageRecord("e", "2025-01-10T00:00:00Z", {"n": 1}, **parts)


def selling(price: prices.Price, meter: meters.Meter = FEES, *, effective: str | None = None) -> Plan:
    """A plan that sells one meter, from the beginning or from a day on."""
    cards = [] if effective is None else [RateCard(currency="USD")]
    cards.append(RateCard(currency="USD", effective=effective, items=[Item(key="i", meter="m", price=price)]))
    return Plan(key="p", meters=[meter], cards=cards)


def terms_of(plan: Plan, *, start: str = "2025-01-01") -> Terms:
    """January of a customer."""
    return resolve(plan, plan.subscribe("acme", start=start), JANUARY)


def test_what_was_not_measured_is_refused() -> None:
    """A dimension, or what records carry, that no tally cell tells is asked for in vain, never taken as nothing."""
    terms = terms_of(selling(prices.PerUnit(unit_price="1")))
    reading = Reading(terms, measure(terms, [record()]), "m")
    service = terms.services[0]
    cells = list(reading.cells(JANUARY.start, JANUARY.end).items())
    usage = reading.usage(cells, service.pieces[0].item, service, JANUARY.start, JANUARY.end)
    assert usage.total == 1
    for ask in (lambda: usage.cut(Dimension("d")), lambda: usage.fold(Carried("cost"))):
        with pytest.raises(MismatchError) as caught:
            ask()
        assert caught.value.code == "demand.missing"


def test_states_of_other_prices_are_refused() -> None:
    """A stored tally whose states are not those its prices ask for is not read."""
    terms = terms_of(selling(prices.Percentage(rate="0.1")))
    told = measure(terms, [record()]).dump()
    assert Tally.load(told, {"acme": terms.meters}).dump() == told
    for wrong in ("1", ["1"], ["1", [], []]):
        told["cells"]["acme"]["m"][0][0][1] = wrong
        with pytest.raises(MismatchError) as caught:
            Tally.load(told, {"acme": terms.meters})
        assert caught.value.code == "tally.state"


@pytest.mark.parametrize("start", ["2024-12-01", "2025-01-01"])
def test_unknown_levels_are_not_carried(start: str) -> None:
    """A level that began before all records, while nothing priced it, is not carried on as if it had been 0."""
    terms = terms_of(selling(prices.PerUnit(unit_price="1"), SEATS, effective="2025-03-01"), start=start)
    bill = settle(charge(terms, measure(terms, [record()])))
    assert bill.carry is not None
    assert [list(pairs) for pairs in bill.carry.levels.values()] == ([] if start < "2025" else [[[[], "1"]]])


def test_one_identity_in_two_carries() -> None:
    """What two customers counted before under one identity is a copy, whoever of them it comes for again."""
    plan = selling(prices.PerUnit(unit_price="1"))
    carries = {}
    for name in ("acme", "bolt"):
        terms = resolve(plan, plan.subscribe(name, start="2025-01-01"), JANUARY)
        carries[name] = settle(charge(terms, measure(terms, [record(id="1")]))).carry
    both = [plan.subscribe(name, start="2025-01-01") for name in carries]
    book = resolve_all(plan, both, Period.month(2025, 2), carries=carries)
    tally = measure(book, [record(id="1", customer=name) for name in carries] + [record(id="2", customer="acme")])
    counts = tally.account.counts
    assert counts["counted"] == 0
    assert counts["outside"] == 1
    assert counts["duplicate"] + counts["conflict"] == 2
    assert list(tally.seen.told()) == []


def test_groups_of_a_counter_that_has_ended() -> None:
    """What an item by group counted and was billed for leaves the next item free to read the meter as one."""
    quarter = Cadence(every=3, unit="month", anchor=date(2025, 1, 1))
    items = [
        Item(key="by", meter="m", price=prices.PerUnit(unit_price="2"), each=["d"], cadence=quarter),
        Item(key="whole", meter="m", price=prices.PerUnit(unit_price="1")),
    ]
    cards = [
        RateCard(currency="USD", items=[item], effective=day)
        for item, day in zip(items, (None, "2025-01-16"), strict=True)
    ]
    offer = Plan(key="p", meters=[FEES], cards=cards)
    acme, carry, dues = offer.subscribe("acme", start="2025-01-01"), None, []
    for month, n in ((1, 3), (2, 4)):
        record = UsageRecord("e", f"2025-0{month}-01T00:00:00Z", {"n": n, "d": "a"}, id=str(month))
        made = rate(offer, acme, [record], Period.month(2025, month), carry=carry)
        carry = made.carry
        dues.append(str(made.due))
    assert dues == ["6.00 USD", "4.00 USD"]
