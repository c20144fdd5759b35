"""A line is known by its statement and its key: lines of two statements that begin alike are not one another."""

from __future__ import annotations

import json

import pytest

from ratecard import Item, Meter, Period, Plan, UsageRecord, meters, prices, rate
from ratecard.cadence import Cadence
from ratecard.plans import Catalog, ChangePlan, Free, Phase, Tax
from ratecard.rating import Invoice, Statement, invoice

JANUARY, FEBRUARY, MARCH = (Period.month(2025, month) for month in (1, 2, 3))
ONE = prices.PerUnit(unit_price="1")
CALLS = Meter(key="calls", event="call", aggregate=meters.Count())
VAT = "[tax]vat@2025-01-01T00:00:00Z"


def quarterly(fee: str = "y", amount: str = "900", bill: str = "arrears") -> Item:
    """A fee a quarter."""
    cadence = Cadence(unit="month", every=3, anchor="2025-01-01")
    return Item.model_validate(
        {"key": fee, "price": {"model": "flat", "amount": amount}, "cadence": cadence, "bill": bill}
    )


def taxed(key: str, fee: str, rate_of: str) -> Plan:
    """A plan with a fee a month, a fee a quarter and a tax."""
    items = [Item(key="f", price=prices.Flat(amount=fee)), quarterly()]
    return Plan.single(key, currency="USD", items=items, taxes=[Tax(key="vat", rate=rate_of)])


def chained(offer: Catalog | Plan, held: object, *months: Period) -> list[Statement]:
    """The statements of some months, one after the other."""
    found: list[Statement] = []
    for month in months:
        found.append(rate(offer, held, [], month, carry=found[-1].carry if found else None))  # type: ignore[arg-type]
    return found


def test_a_trial_on_two_statements() -> None:
    """What is free stands on the statement of the month and on that of the two months; each invoice takes its own."""
    two = Cadence(unit="month", every=2, anchor="2025-01-01")
    plan = Plan.single("p", currency="USD", meters=[CALLS],
        items=[Item(key="u", meter="calls", price=ONE), Item(key="w", meter="calls", price=ONE, cadence=two)],
        phases=[Phase(key="free", every=20, unit="day", free=[Free(amount=100)])])  # fmt: skip
    held = plan.subscribe("x", start="2025-01-05")
    records = [UsageRecord("call", "2025-01-10T00:00:00Z", id=str(index)) for index in range(10)]
    january = rate(plan, held, records, JANUARY)
    february = rate(plan, held, [], FEBRUARY, carry=january.carry)
    trials = [line for each in (january, february) for line in each.lines_by("trial")]
    assert [(line.key, str(line.amount)) for line in trials] == [
        ("[trial]free@2025-01-05T00:00:00Z", "-10.00 USD"), ("[trial]free@2025-01-05T00:00:00Z", "-10.00 USD"),
    ]  # fmt: skip
    issued: list[Invoice] = []
    for month in ("02", "03", "04"):
        issued.append(invoice([january, february], f"2025-{month}-01T00:00:00Z", issued=issued))
    assert [str(each.amount) for each in issued] == ["0.00 USD", "0.00 USD", "0.00 USD"]
    assert [len(each.lines) for each in issued] == [2, 2, 0]


def test_a_tax_on_two_statements() -> None:
    """The tax of the plan before is on its own month and on the quarter that began in it; repeats bill nothing."""
    both = Catalog(plans=[taxed("a", "100", "0.2"), taxed("b", "200", "0.1")])
    held = both.get("a").subscribe("x", start="2025-01-01").with_changes(ChangePlan(at="2025-02-01", plan="b"))
    months = chained(both, held, JANUARY, FEBRUARY, MARCH)
    assert [str(each.line(VAT).amount) for each in (months[0], months[2])] == ["20.00 USD", "62.00 USD"]
    issued: list[Invoice] = []
    for month in range(2, 7):
        kept = [Invoice.from_json(json.loads(json.dumps(each.to_json()))) for each in issued]
        issued.append(invoice(months, f"2025-0{month}-01T00:00:00Z", issued=kept))
    amounts = ["120.00 USD", "220.00 USD", "1241.00 USD", "0.00 USD", "0.00 USD"]
    assert [str(each.amount) for each in issued] == amounts
    assert not issued[-1].lines


def test_gone_from_one_of_two_statements() -> None:
    """A line that is gone from one statement is given back also where another statement has one of its key."""
    both = Catalog(plans=[taxed("a", "100", "0.2"), taxed("b", "200", "0.1")])
    held = both.get("a").subscribe("x", start="2025-01-01").with_changes(ChangePlan(at="2025-02-01", plan="b"))
    months = chained(both, held, JANUARY, FEBRUARY, MARCH)
    first = invoice(months, "2025-04-01T00:00:00Z")
    free = held.model_copy(update={"start": "2025-02-01", "plan": "b", "changes": ()})
    last = [months[0], *chained(both, free, FEBRUARY, MARCH)]
    second = invoice(last, "2025-04-01T00:00:00Z", issued=[first])
    assert (VAT, "-62.00 USD") in [(line.key, str(line.amount)) for line in second.lines]
    assert first.amount + second.amount == last[0].due + last[1].due + last[2].due
    assert not invoice(last, "2025-05-01T00:00:00Z", issued=[first, second]).lines


MONTHLY = {"cadence": Cadence(unit="month", anchor="2025-01-01")}
FEES = Plan.single("p", currency="USD", taxes=[Tax(key="vat", rate="0.1")], items=[
    Item(key="f", price=prices.Flat(amount="31"), **MONTHLY),
    Item(key="g", price=prices.Flat(amount="62"), bill="advance", **MONTHLY),
    Item(key="h", price=prices.Flat(amount="10")),
])  # fmt: skip


@pytest.mark.parametrize("parts_first", [True, False])
def test_cut_otherwise(parts_first: bool) -> None:
    """What was invoiced from a month is found again on its halves, and the other way round; all in all it is once."""
    held = FEES.subscribe("x", start="2025-01-01")
    whole, halves = chained(FEES, held, JANUARY), chained(FEES, held, *JANUARY.split("2025-01-16"))
    one, other = (halves, whole) if parts_first else (whole, halves)
    first = invoice(one, "2025-02-01T00:00:00Z")
    second = invoice(other, "2025-02-01T00:00:00Z", issued=[first])
    # The fees of the month are found, also that in arrears, which is on the half that it ends in; only h is cut.
    assert {line.item for line in second.lines} == {"h", "vat"}
    assert first.amount + second.amount == sum((each.due for each in other), whole[0].due - whole[0].due)
    assert not invoice(other, "2025-03-01T00:00:00Z", issued=[first, second]).lines


def test_a_half_alone() -> None:
    """From a month that was invoiced, a half of it subtracts what it has itself, and leaves the rest alone."""
    held = FEES.subscribe("x", start="2025-01-01")
    first = invoice(chained(FEES, held, JANUARY), "2025-02-01T00:00:00Z")
    _, second = chained(FEES, held, *JANUARY.split("2025-01-16"))
    found = invoice([second], "2025-02-01T00:00:00Z", issued=[first])
    assert [line.key[:12] for line in found.lines] == ["h@2025-01-16", "[tax]vat@202"]


def test_difference_of_two_periods() -> None:
    """Statements of two periods have no line in common, whatever its key; those of one are compared by key."""
    both = Catalog(plans=[taxed("a", "100", "0.2"), taxed("b", "200", "0.1")])
    held = both.get("a").subscribe("x", start="2025-01-01").with_changes(ChangePlan(at="2025-02-01", plan="b"))
    january, _, march = chained(both, held, JANUARY, FEBRUARY, MARCH)
    found = [(each.key, each.before, each.after) for each in january.diff(march)]
    assert [key for key, _, after in found if after is None] == [line.key for line in january.lines]
    assert [key for key, before, _ in found if before is None] == [line.key for line in march.lines]
    assert january.diff(january) == []
