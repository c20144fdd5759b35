"""Measuring: where each record ends, what strict raises, and which tallies belong to which terms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.credits import Ledger
from ratecard.errors import MismatchError, RecordError
from ratecard.periods import Period
from ratecard.plans import Carry, Item, Plan, Terms, resolve
from ratecard.rating import Account, Rejection, Tally, charge, live, measure, resolve_all, settle
from ratecard.records import Layout, UsageRecord

JANUARY = Period.month(2025, 1)
SUM = meters.Sum(of="n")


def record(at: str = "2025-01-10", n: object = 1, event: str = "call", **parts: Any) -> UsageRecord:
    """A record at noon of a day."""
    return UsageRecord(event, f"{at}T12:00:00Z", {"n": n, "d": "a"}, **parts)


def plan(*items: Item, key: str = "p", aggregate: meters.Aggregate = SUM) -> Plan:
    """A plan that meters calls, sold by some items, and chats, sold by none."""
    calls = meters.Meter(key="calls", event="call", aggregate=aggregate)
    chats = meters.Meter(key="chats", event="chat", aggregate=SUM)
    return Plan.single(key, currency="USD", meters=[calls, chats], items=items or [sold()])


def sold(**fields: Any) -> Item:
    """The item that sells calls."""
    return Item(**{"key": "calls", "meter": "calls", "price": prices.PerUnit(unit_price="1"), **fields})


def terms(some: Plan | None = None, period: Period = JANUARY, customer: str = "acme") -> Terms:
    """The terms of a customer."""
    offer = plan() if some is None else some
    return resolve(offer, offer.subscribe(customer, start="2025-01-01"), period)


ENDS = {
    "counted": (record(id="1"), None),
    "refused": (record(n="x"), "record.number"),
    "duplicate": (record(id="0"), None),
    "conflict": (record(id="0", n=2), "record.conflict"),
    "unmatched": (record(event="mail"), "record.unmatched"),
    "unpriced": (record(event="chat"), "record.unpriced"),
    "outside": (record("2025-02-01"), None),
    "other_customer": (record(customer="bolt"), None),
}


@pytest.mark.parametrize("fate", ENDS)
def test_every_end(fate: str) -> None:
    """A record ends as one thing, and strict raises where something is wrong with it."""
    one, code = ENDS[fate]
    first = record(id="0")
    account = measure(terms(), [first, one]).account
    wanted = {"counted": 1}
    wanted[fate] = wanted.get(fate, 0) + 1
    assert {name: count for name, count in account.counts.items() if count} == wanted
    assert account.records == 2
    if code is None:
        assert measure(terms(), [first, one], strict=True).account == account
        return
    with pytest.raises(RecordError) as caught:
        measure(terms(), [first, one, record(n="later")], strict=True)
    assert caught.value.code == code
    assert caught.value.record == one.id


def test_strict_raises_at_the_first() -> None:
    """The error is that of the first wrong record in the order in which they came."""
    with pytest.raises(RecordError) as caught:
        measure(terms(), [record(), record(n="first", id="1"), record(n="second", id="2")], strict=True)
    assert caught.value.record == "1"


def test_book_needs_a_customer() -> None:
    """Where many are measured, a record says whose it is."""
    book = resolve_all(plan(), [plan().subscribe(name, start="2025-01-01") for name in ("acme", "bolt")], JANUARY)
    tally = measure(book, [record(), record(customer="bolt"), record(customer="cove")])
    assert [each.code for each in tally.rejected] == ["record.customer"]
    assert (len(book), repr(book)) == (2, "<Book of 2 customers>")
    told: list[tuple[int, int]] = []
    bills = list(book.statements(tally, progress=lambda done, of: told.append((done, of))))
    assert [bill.due.amount for bill in bills] == [0, 1]
    assert told == [(1, 2), (2, 2)]
    assert repr(tally).startswith(
        "<Tally of 2 customer(s), <Account of 3 records: counted 1, refused 1, other_customer 1"
    )


def test_customers_with_other_terms() -> None:
    """Customers of one book who are measured otherwise are measured apart."""
    some = plan(sold(each=["d"]))
    late = some.subscribe("bolt", start="2025-01-20")
    book = resolve_all(some, [some.subscribe("acme", start="2025-01-01"), late], JANUARY)
    fed = [record("2025-01-10", customer=name, id=name) for name in ("acme", "bolt")]
    tally = measure(book, fed)
    assert tally.account.counts["outside"] == 1
    assert [bill.due.amount for bill in book.statements(tally)] == [1, 0]


def test_one_customer_twice() -> None:
    """A book holds one subscription a customer."""
    with pytest.raises(MismatchError) as caught:
        resolve_all(plan(), [plan().subscribe("acme", start="2025-01-01")] * 2, JANUARY)
    assert caught.value.code == "book.twice"


@pytest.mark.parametrize(("name", "told"), [("acmee", 'Did you mean "acme"?'), ("zed", "leave it out"), (7, "leave")])
def test_what_is_given_for_somebody_else(name: Any, told: str) -> None:
    """A carry or a ledger for nobody in the book is refused, never left out in silence."""
    some = plan()
    customers = [some.subscribe("acme", start="2025-01-01")]
    book = resolve_all(some, customers, JANUARY)
    carry = Carry(customer="acme", plan="p", until=JANUARY.start)
    for act in (
        lambda: resolve_all(some, customers, JANUARY, carries={name: carry}),
        lambda: resolve_all(some, customers, JANUARY, ledgers={name: Ledger()}),
        lambda: list(book.statements(measure(book, []), ledgers={name: Ledger()})),
    ):
        with pytest.raises(MismatchError, match=re.escape(told)) as caught:
            act()
        assert caught.value.code == "book.customer"


def code_of(act: Any) -> str:
    """The code of the mismatch that an act raises."""
    with pytest.raises(MismatchError) as caught:
        act()
    return caught.value.code


def test_tallies_of_other_terms() -> None:
    """Going on from, adding and loading a tally need the terms it was measured for."""
    one, other = measure(terms(), [record(id="1")]), terms(plan(sold(each=["d"])))
    assert code_of(lambda: measure(other, [], onto=one)) == "tally.terms"
    assert code_of(lambda: one + measure(other, [])) == "tally.terms"
    assert code_of(lambda: Tally.load(one.dump(), {"acme": other.meters})) == "tally.terms"
    assert code_of(lambda: Tally.load(one.dump(), {})) == "tally.terms"
    assert code_of(lambda: Tally.load({"tally": 2}, {})) == "tally.version"
    assert code_of(lambda: measure(terms(), [], extra=[terms(customer="bolt")])) == "tally.terms"
    changed = plan(aggregate=meters.Count())
    assert code_of(lambda: measure(terms(), [], extra=[terms(changed)])) == "tally.terms"
    assert one == measure(terms(), [record(id="1")])
    assert one != "a tally"
    both = one + measure(terms(customer="bolt"), [record(customer="bolt", id="2")])
    assert sorted(both.metering) == ["acme", "bolt"]


def test_charging_from_another_tally() -> None:
    """A tally that cannot answer is refused by what it lacks, never read as 0."""
    tally = measure(terms(), [record()])
    assert code_of(lambda: charge(terms(customer="bolt"), tally)) == "tally.customer"
    assert code_of(lambda: charge(terms(plan(sold(each=["d"]))), tally)) == "demand.missing"
    assert code_of(lambda: charge(terms(plan(sold(price=prices.Percentage(rate="0.1")))), tally)) == "demand.missing"
    assert code_of(lambda: charge(terms(plan(aggregate=meters.Count())), tally)) == "tally.terms"
    assert code_of(lambda: charge(terms(period=Period.month(2025, 2)), tally)) == "tally.terms"
    fee = Item(key="fee", price=prices.Flat(amount="1"))
    assert code_of(lambda: charge(terms(), measure(terms(plan(fee)), [record()]))) == "tally.terms"
    dated = plan().with_card(plan().cards[0].model_copy(update={"effective": "2025-01-16"}))
    assert code_of(lambda: charge(terms(dated), tally)) == "tally.terms"


def test_extra_meters() -> None:
    """What candidate plans meter besides is measured too, also in another period."""
    mine, theirs = plan(), plan(Item(key="chats", meter="chats", price=prices.PerUnit(unit_price="2")), key="q")
    one, two, february = terms(mine), terms(theirs), terms(mine, Period.month(2025, 2))
    tally = measure(one, [record(), record("2025-02-03"), record(event="chat")], extra=[two, february])
    assert [settle(charge(each, tally)).due.amount for each in (one, two, february)] == [1, 2, 1]
    assert tally.account.counts["counted"] == 3


def test_extra_meter_of_its_own() -> None:
    """A meter that only a candidate has is measured for it."""
    more = plan().model_copy(
        update={"meters": (*plan().meters, meters.Meter(key="all", event="call", aggregate=meters.Count()))}
    )
    two = terms(more.model_copy(update={"key": "q"}).variant("q", {}))
    tally = measure(terms(), [record(), record()], extra=[two])
    assert settle(charge(two, tally)).due.amount == 2


def test_earlier_identities() -> None:
    """A record that an earlier period counted is a duplicate in the next, or a conflict if it changed."""
    first = settle(charge(terms(), measure(terms(), [record(id="1"), record(id="2", source="s")]))).carry
    offer = plan()
    later = resolve(offer, offer.subscribe("acme", start="2025-01-01"), Period.month(2025, 2), carry=first)
    fed = [record(id="1"), record("2025-02-02", id="2", source="s"), record("2025-02-03", id="2")]
    tally = measure(later, fed)
    counts = tally.account.counts
    assert (counts["duplicate"], counts["conflict"], counts["counted"]) == (1, 1, 1)
    assert [mark[:2] for mark in tally.seen.told()] == [(None, "2")]


@pytest.mark.parametrize(
    "odd", [10**5000, {1: 2, "a": 3}, {"b", "a"}, [b"x", object], object()], ids=lambda v: type(v).__name__
)
def test_marks_of_any_content(odd: object) -> None:
    """A property that no meter reads may be anything; a copy is still a copy."""
    one = UsageRecord("call", "2025-01-10T12:00:00Z", {"n": 1, "odd": odd}, id="1")
    tally = measure(terms(), [one])
    again = measure(terms(), [one], onto=Tally.load(tally.dump(), {"acme": terms().meters}))
    assert again.account.counts["duplicate"] == 1


def test_marks_of_endless_content() -> None:
    """So may it be a value that contains itself."""
    loop: list[object] = []
    loop.append(loop)
    one = UsageRecord("call", "2025-01-10T12:00:00Z", {"n": 1, "odd": loop}, id="1")
    assert len(measure(terms(), [one]).dump()["seen"]) == 1


def test_rows_without_times() -> None:
    """Rows that carry no time lie in the period; where the time decides, they are refused."""
    layout = Layout(always_event="call", within=True)
    assert settle(charge(terms(), measure(terms(), [{"n": 2}, {"n": "3"}], layout=layout))).due.amount == 5
    for aggregate in (meters.Latest(of="n"), meters.Level(of="n"), meters.Peak(of="n")):
        assert code_of(lambda held=aggregate: measure(terms(plan(aggregate=held)), [], layout=layout)) == "layout.at"


def test_outcomes_without_times() -> None:
    """What became of results is read off the order and the distance of their records, so these have times."""
    won = sold(price=prices.Outcome(definition="d", fee="10"))
    layout = Layout(always_event="call", id="id", within=True)
    lost = [meters.Equals(property="state", value="lost")]
    for rules in ({}, {"reverse": lost, "confirmation_hours": 24}):
        outcomes = terms(plan(won, aggregate=meters.Outcomes.model_validate({"subject": "n", **rules})))
        assert code_of(lambda held=outcomes: measure(held, [{"n": "a", "id": "1"}], layout=layout)) == "layout.at"


def test_rejections_and_accounts() -> None:
    """Both are values: equal by content, in a fixed order, and back from plain data."""
    error = RecordError("no", code="record.number", path="properties.n", record="1")
    one = Rejection.of(error)
    assert (one == Rejection.from_json(one.to_json()), hash(one) == hash(Rejection.of(error)), one == 1) == (
        True,
        True,
        False,
    )
    assert repr(one) == "<Rejection of '1' properties.n: no [record.number]>"
    account = Account({"counted": 2, "refused": 1}, 1, False, [one])
    assert (
        Account.from_json(account.to_json()) == account,
        hash(account) == hash(account + Account({}, 0, False, ())),
    ) == (True, True)
    assert account != 1
    assert repr(Account({}, 0, False, ())) == "<Account of 0 records: none>"


def test_identity_is_one_of_two() -> None:
    """A misspelt identity mode is refused."""
    plan = Plan.single("p", currency="USD", items=[Item(key="f", price=prices.Flat(amount="1"))])
    terms = resolve(plan, plan.subscribe("a", start="2025-01-01"), Period.month(2025, 1))
    with pytest.raises(MismatchError, match=r"identity\.unknown"):
        measure(terms, [], identity="check")  # type: ignore[arg-type]


def test_number_that_a_filter_cannot_read() -> None:
    """A record that a filter leaves out for a float is refused and listed, measured or live."""
    large = meters.Meter(
        key="calls", event="call", aggregate=meters.Count(), where=[meters.Range(property="n", minimum=1)]
    )
    eu = meters.Meter(key="eu", event="call", aggregate=SUM, where=[meters.Equals(property="d", value="eu")])
    some = Plan.single("p", currency="USD", meters=[large, eu], items=[sold()])
    records = [record(n=value, id=str(value)) for value in (1.5, 2, "x", 0.5, 0)]
    records.append(record("2025-03-01", n=1.5))
    found = measure(terms(some), records)
    assert {name: count for name, count in found.account.counts.items() if count} == {
        "counted": 1, "refused": 3, "unmatched": 2
    }  # fmt: skip
    assert [(each.code, each.path, each.record) for each in found.rejected] == [
        ("record.number", "properties.n", None), ("record.number", "properties.n", "0.5"),
        ("record.number", "properties.n", "1.5"),
    ]  # fmt: skip
    bill = live(terms(some))
    for each in records:
        bill.record(each)
    assert bill.tally == found
    with pytest.raises(RecordError, match="parse_float"):
        measure(terms(some), records, strict=True)
