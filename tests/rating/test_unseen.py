"""What a plan grants after a period is the next one's: statements made again later come to what they were."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratecard import prices
from ratecard.credits import Grant, Ledger, Negative, Policy
from ratecard.periods import Period
from ratecard.plans import AddOn, Catalog, ChangePlan, Item, Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord

JANUARY, FEBRUARY, MARCH = (Period.month(2025, month) for month in (1, 2, 3))
LATE = "2025-04-02T00:00:00Z"
ONE = {"model": "per_unit", "unit_price": "1"}
MENU = {"model": "credit", "unit": "c", "base": ONE, "overage": {**ONE, "unit_price": "2"}}


def plan(*items: dict[str, Any], key: str = "p", burn: Any = "stripe", **fields: Any) -> Plan:
    """Usage at 1, or what is told."""
    sold = items or ({"key": "u", "meter": "m", "price": ONE},)
    return Plan.load({
        "key": key, "units": [{"key": "c", "places": 0}],
        "meters": [{"key": "m", "event": "e", "aggregate": {"kind": "sum", "of": "n"}}],
        "cards": [{"currency": "USD", "items": list(sold)}], "burn": burn, **fields,
    })  # fmt: skip


def recurring(amount: str = "10", **fields: Any) -> dict[str, Any]:
    """A grant of every month."""
    return {"kind": "recurring", "key": "inc", "amount": amount, **fields}


def used(month: int, n: int = 25) -> list[UsageRecord]:
    """Usage on the fifth."""
    return [UsageRecord("e", f"2025-{month:02}-05T00:00:00Z", {"n": n}, id=str(month))]


def billed(offer: Any, acme: Any, ledger: Ledger | None = None) -> list[Statement]:
    """January and February, each on the ledger that the one before left."""
    first = rate(offer, acme, used(1), JANUARY, ledger=ledger)
    return [first, rate(offer, acme, used(2, 3), FEBRUARY, carry=first.carry, ledger=first.ledger)]


def left(found: Statement) -> dict[str, Decimal]:
    """What is left in each lot."""
    assert found.ledger is not None
    return {each.lot.id: each.left for each in found.ledger.lots()}


@pytest.mark.parametrize("vendor", ["stripe", "lago"])
@pytest.mark.parametrize(
    ("price", "grant"),
    [
        (ONE, recurring(lasts=2)),
        (ONE, recurring(lasts=1)),
        (ONE, recurring(lasts=None)),
        (ONE, recurring(lasts=2, rollover={})),
        (ONE, recurring(lasts=1, rollover={})),
        (MENU, recurring(lasts=2, currency="c", places=0)),
    ],
)
def test_a_month_that_comes_out_as_it_was(vendor: str, price: dict[str, Any], grant: dict[str, Any]) -> None:
    """Made again with the same records it has no lines, posts nothing, and leaves the later grants alone."""
    offer = plan({"key": "u", "meter": "m", "price": price}, burn=vendor, grants=[grant])
    acme = offer.subscribe("acme", start="2025-01-01")
    first, second = billed(offer, acme)
    assert second.ledger is not None
    for at in (None, LATE):
        found = rerate(first, offer, acme, used(1), ledger=second.ledger.expire(LATE), at=at)
        assert (found.lines, found.entries, found.refunds) == ((), (), ())
        assert found.verify()
    found = rerate(first, offer, acme, used(1, 27), ledger=second.ledger, at=LATE)
    fresh = rate(offer, acme, used(1, 27), JANUARY)
    assert found.corrected.due == fresh.due


def test_what_rolls_over_inside_a_month_that_settles_later() -> None:
    """It pays what is due later, whenever its service was: lots roll until a line is due, and are looked at then."""
    setup = Item(key="setup", price=prices.Flat(amount="12"))
    cadence = {"unit": "week", "every": 2, "anchor": "2025-01-01"}
    offer = plan(grants=[recurring(every=cadence, rollover={})])
    acme = offer.subscribe("acme", start="2025-01-01").model_copy(
        update={"addons": (AddOn(key="setup", items=[setup], start="2025-01-20", once=True),)}
    )
    first, second = billed(offer, acme)
    assert second.ledger is not None
    paid = {line.item: str(line.amount) for line in first.lines_by("credits")}
    assert paid == {
        "inc/2025-01-29T00:00:00Z": "-10.00 USD",
        "inc%2F2025-01-01T00:00:00Z/rolled/1": "-10.00 USD",
        "inc/2025-01-15T00:00:00Z": "-2.00 USD",
        "inc%2F2025-01-15T00:00:00Z/rolled/1": "-8.00 USD",
    }
    for at in (None, LATE):
        found = rerate(first, offer, acme, used(1), ledger=second.ledger.expire(LATE), at=at)
        assert (found.lines, found.entries) == ((), ())


@pytest.mark.parametrize(("grant", "due"), [({"amount": "20"}, 70), ({"amount": "50", "rollover": {}}, 40)])
def test_a_fee_in_advance_that_runs_on(grant: dict[str, Any], due: int) -> None:
    """Of a fee that is paid in advance for three months, the part of February is not paid by February's grant later."""
    fee = {
        "key": "fee", "price": {"model": "flat", "amount": "90"}, "bill": "advance",
        "cadence": {"unit": "month", "every": 3},
    }  # fmt: skip
    offer = plan(fee, burn="default", grants=[recurring(**grant)])
    acme = offer.subscribe("acme", start="2025-01-01")
    first = rate(offer, acme, [], JANUARY)
    second = rate(offer, acme, [], FEBRUARY, carry=first.carry, ledger=first.ledger)
    assert (first.due.amount, second.due.amount) == (Decimal(due), Decimal(0))
    found = rerate(first, offer, acme, [], ledger=second.ledger, at=LATE)
    assert (found.lines, found.entries, found.corrected.lines) == ((), (), first.lines)


def test_a_grant_of_the_plan_that_comes_next() -> None:
    """What a plan grants once, to those who change to it in February, pays nothing of January."""
    pro = plan(key="pro", grants=[{"kind": "grant", "id": "hello", "amount": "9"}])
    offer = Catalog(plans=[plan(), pro])
    acme = plan().subscribe("acme", start="2025-01-01").with_changes(ChangePlan(at="2025-02-01", plan="pro"))
    first, second = billed(offer, acme, Ledger(pro.burn))
    assert (str(first.due), str(second.due), left(second)) == ("25.00 USD", "0.00 USD", {"hello": Decimal(6)})
    found = rerate(first, offer, acme, used(1), ledger=second.ledger, at=LATE)
    assert (found.lines, found.entries) == ((), ())


def test_what_the_host_grants_pays() -> None:
    """A lot of the host's own that is there when the line is due pays it, also one that is granted afterwards."""
    offer = plan(grants=[recurring(lasts=2)])
    acme = offer.subscribe("acme", start="2025-01-01")
    first, second = billed(offer, acme)
    assert second.ledger is not None
    pack = Grant(id="inc/mine", key="inc", amount="4", currency="USD")
    found = rerate(first, offer, acme, used(1), ledger=second.ledger.grant(pack, at="2025-02-01T00:00:00Z"), at=LATE)
    assert (str(found.due), left(found.corrected)["inc/mine"]) == ("-4.00 USD", Decimal(0))


def test_a_grant_that_the_host_gave_ahead() -> None:
    """Grants of the plan that the host posted for months to come leave a first statement as it would be."""
    offer = plan(grants=[recurring(lasts=2)])
    acme = offer.subscribe("acme", start="2025-01-01")
    held = Ledger(offer.burn)
    for month in ("01", "02", "03"):
        ahead = Grant(id=f"inc/2025-{month}-01T00:00:00Z", key="inc", amount="10", currency="USD",
                      effective=f"2025-{month}-01", expiry=f"2025-0{int(month) + 2}-01")  # fmt: skip
        held = held.grant(ahead, at="2025-01-01T00:00:00Z")
    first, second = billed(offer, acme, held)
    assert (str(first.due), str(second.due)) == ("15.00 USD", "0.00 USD")
    assert [line.item for line in first.lines_by("credits")] == ["inc/2025-01-01T00:00:00Z"]
    assert left(second)["inc/2025-03-01T00:00:00Z"] == 10


def test_what_a_later_reversal_gives_back() -> None:
    """Credits of January that come back in March do not pay February when that is made again, be it ever so late."""
    won, undone = ({"kind": "equals", "property": "k", "value": value} for value in ("won", "undone"))
    offer = Plan.load({
        "key": "p",
        "meters": [
            {"key": "cases", "event": "case", "aggregate": {
                "kind": "outcomes", "subject": "s", "result": [won], "reverse": [undone],
            }},
            {"key": "m", "event": "e", "aggregate": {"kind": "count"}},
        ],
        "cards": [{"currency": "USD", "items": [
            {"key": "won", "meter": "cases", "price": {"model": "outcome", "definition": "Won.", "fee": "31"}},
            {"key": "u", "meter": "m", "price": {**ONE, "unit_price": "5"}},
        ]}],
    })  # fmt: skip
    acme = offer.subscribe("acme", start="2025-01-01")
    told = [
        [UsageRecord("case", "2025-01-05T00:00:00Z", {"s": "a", "k": "won"}, id="1")], used(2),
        [UsageRecord("case", "2025-03-03T00:00:00Z", {"s": "a", "k": "undone"}, id="2")],
    ]  # fmt: skip
    held, carry = Ledger().grant(Grant(id="gift", amount="31", currency="USD"), at=JANUARY.start), None
    found: list[Statement] = []
    for month, records in zip((JANUARY, FEBRUARY, MARCH), told, strict=True):
        found.append(rate(offer, acme, records, month, carry=carry, ledger=held))
        held, carry = held.post(found[-1].entries), found[-1].carry
    assert [str(each.due.amount) for each in found] == ["0.00", "5.00", "0.00"]
    for at in (None, LATE):
        again = rerate(found[1], offer, acme, told[1], carry=found[0].carry, ledger=held, at=at)
        assert (again.lines, again.entries, again.due.amount) == ((), (), Decimal("0.00"))
    # What a correction of January gives back was there in February.
    less = rerate(found[0], offer, acme, told[0], without=["1"], ledger=found[1].ledger, at=LATE)
    after = rerate(found[1], offer, acme, told[1], carry=less.corrected.carry, ledger=less.corrected.ledger, at=LATE)
    assert (str(less.due), str(after.due)) == ("0.00 USD", "-5.00 USD")


def test_what_was_owed_stays_paid_back() -> None:
    """An overdraft that a part let a lot pay back is not paid back once more when the next month's grant is hidden."""
    offer = plan(
        {"key": "u", "meter": "m", "price": {**MENU, "overage": None}}, grants=[recurring("20", currency="c", places=0)]
    )
    acme = offer.subscribe("acme", start="2025-01-01")
    held = Ledger(Policy.preset("lago").model_copy(update={"overage": Negative()}))
    big = Grant(id="big", amount=110, currency="c", places=0, effective="2025-01-08")
    held, carry = held.grant(big, at=JANUARY.start), None
    parts = [*JANUARY.split("2025-01-05", "2025-01-21"), FEBRUARY]
    uses = [UsageRecord("e", f"2025-01-{day}T00:00:00Z", {"n": n}, id=day) for day, n in (("02", 40), ("13", 106))]
    found: list[tuple[Statement, Any, list[UsageRecord]]] = []
    for part in parts:
        fed = [each for each in uses if part.contains(each.at)]
        made = rate(offer, acme, fed, part, carry=carry, ledger=held)
        found.append((made, carry, fed))
        held, carry = held.post(made.entries), made.carry
    assert held.owed("c").amount == 0
    for made, came, fed in found:
        again = rerate(made, offer, acme, fed, carry=came, ledger=held, at=LATE)
        assert (again.lines, again.entries) == ((), ())
