"""
Laws of credits in the walk: lots pay for their own time and scope alone, nothing is lost, nothing is drawn twice.

The oracle knows no tally, no curve and no ledger: it goes through the records by the days of the lots, in fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ratecard.credits import Grant, Leave, Ledger, Negative, Policy, Repaid
from ratecard.money import Money
from ratecard.periods import Period
from ratecard.plans import Order, Plan
from ratecard.rating import Statement, rate, rerate
from ratecard.records import UsageRecord
from tests.laws.test_stages import stages

START = date(2025, 1, 1)
JANUARY, FEBRUARY = Period.month(2025, 1), Period.month(2025, 2)
DAYS = 59
MENU = {"a": 2, "b": 7}
CENTS = {"a": 13, "b": 40}
FEE = 31 * 28


class Told(NamedTuple):
    """A lot as the oracle sees it: days from the start, whom it pays for, in the order in which it burns."""

    id: str
    amount: int
    effective: int
    expiry: int | None
    items: tuple[str, ...]
    priority: int

    @property
    def rank(self) -> tuple[int, int, str]:
        """Soonest expiry, then priority, then id; all are of one age."""
        return (10**6 if self.expiry is None else self.expiry, self.priority, self.id)

    def pays(self, day: int, item: str) -> bool:
        """Whether it pays on a day for an item."""
        inside = self.effective <= day and (self.expiry is None or day < self.expiry)
        return inside and (not self.items or item in self.items)


@st.composite
def lots(draw: st.DrawFn, most: int = 400) -> list[Told]:
    """Up to four lots."""
    found = []
    for index in range(draw(st.integers(0, 4))):
        effective = draw(st.integers(0, DAYS - 1))
        expiry = draw(st.none() | st.integers(effective + 1, DAYS + 3))
        scope = draw(st.sampled_from([(), ("a",), ("b",), ("a", "b")]))
        found.append(Told(f"l{index}", draw(st.integers(1, most)), effective, expiry, scope, draw(st.integers(0, 1))))
    return found


class Used(NamedTuple):
    """Usage on a day."""

    day: int
    item: str
    count: int


def usage(last: int = DAYS) -> st.SearchStrategy[list[Used]]:
    """Up to eight days of usage."""
    one = st.builds(Used, st.integers(0, last - 1), st.sampled_from(["a", "b"]), st.integers(1, 30))
    return st.lists(one, max_size=8)


def records(used: Sequence[Used]) -> list[UsageRecord]:
    """The same as records, some at the first instant of their day."""
    found = []
    for index, each in enumerate(used):
        at = datetime(2025, 1, 1, 12 if index % 2 else 0, tzinfo=UTC) + timedelta(days=each.day)
        found.append(UsageRecord(each.item, at, {"n": each.count}, id=str(index)))
    return found


def ledger(held: Sequence[Told], **unit: Any) -> Ledger:
    """The lots in a ledger."""
    found = Ledger()
    for each in held:
        days = {
            "effective": START + timedelta(days=each.effective),
            "expiry": None if each.expiry is None else START + timedelta(days=each.expiry),
        }
        grant = Grant(
            id=each.id, amount=each.amount, priority=each.priority, scope={"items": each.items}, **unit, **days
        )
        found = found.grant(grant, at="2025-01-01T00:00:00Z")
    return found


UNIT = {"currency": "credits", "places": 0}
USD = {"currency": "USD"}


def plan(*, units: bool, fee: bool = False, **fields: Any) -> Plan:
    """Two services, priced in credits with overage, or in money; and a monthly fee."""
    items: list[dict[str, Any]] = []
    for key, credits in MENU.items():
        money = {"model": "per_unit", "unit_price": str(Decimal(CENTS[key]).scaleb(-2))}
        menu = {"model": "per_unit", "unit_price": str(credits)}
        beyond = {"model": "per_unit", "unit_price": "0.01"}
        price = {"model": "credit", "unit": "credits", "base": menu, "overage": beyond} if units else money
        items.append({"key": key, "meter": key, "price": price})
    if fee:
        items.append({"key": "fee", "price": {"model": "flat", "amount": str(Decimal(FEE).scaleb(-2))}})
    meters = [{"key": key, "event": key, "aggregate": {"kind": "sum", "of": "n"}} for key in MENU]
    cards = [{"currency": "USD", "items": items}]
    return Plan.load(
        {"key": "p", "meters": meters, "cards": cards, "units": [{"key": "credits", "places": 0}], **fields}
    )


def oracle(
    held: Sequence[Told], needs: Sequence[tuple[int, int, str, Fraction]]
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """
    What each lot pays and what of each item nobody pays, for needs (day, place, item, amount).

    Between two days on which a lot begins or ends, items are paid in their order.
    """
    bounds = sorted({0, 31, *(each.effective for each in held), *(each.expiry for each in held if each.expiry)})
    left = {each.id: Fraction(each.amount) for each in held}
    open_ = dict.fromkeys([*MENU, "fee"], Fraction(0))
    for index, first in enumerate(bounds):
        last = bounds[index + 1] if index + 1 < len(bounds) else 10**6
        for place in range(3):
            amounts = [need for need in needs if first <= need[0] < last and need[1] == place]
            rest = sum((need[3] for need in amounts), Fraction(0))
            for lot in sorted(held, key=lambda each: each.rank):
                if amounts and lot.pays(first, amounts[0][2]):
                    some = min(rest, left[lot.id])
                    left[lot.id] -= some
                    rest -= some
            if amounts:
                open_[amounts[0][2]] += rest
    return {each.id: each.amount - left[each.id] for each in held}, open_


def spent(found: Ledger) -> dict[str, Fraction]:
    """What was spent of each lot."""
    return {each.lot.id: Fraction(each.spent) for each in found.lots()}


def months(offer: Plan, used: Sequence[Used], held: Ledger) -> list[Statement]:
    """January and February, chained by carry and by the entries posted."""
    acme = offer.subscribe("acme", start="2025-01-01")
    every = records(used)
    first = rate(offer, acme, [each for each in every if JANUARY.contains(each.at)], JANUARY, ledger=held)
    held = held.post(first.entries)
    rest = [each for each in every if FEBRUARY.contains(each.at)]
    second = rate(offer, acme, rest, FEBRUARY, ledger=held, carry=first.carry)
    assert first.verify()
    assert second.verify()
    return [first, second]


@given(lots(), usage())
def test_units_are_paid_by_the_lots_of_their_time(held: list[Told], used: list[Used]) -> None:
    """Over two chained months each lot pays what the oracle says, and the rest is priced."""
    needs = [
        (each.day, list(MENU).index(each.item), each.item, Fraction(each.count * MENU[each.item])) for each in used
    ]
    paid, left = oracle(held, needs)
    bills = months(plan(units=True), used, ledger(held, **UNIT))
    assert bills[1].ledger is not None
    assert spent(bills[1].ledger) == paid
    due = sum((Fraction(bill.due.amount) for bill in bills), Fraction(0))
    assert due == sum(left.values(), Fraction(0)) / 100


@example([Told("l0", 1, 0, None, (), 0), Told("l1", 1, 1, None, ("a",), 0)], [Used(1, "a", 1)])
@given(lots(most=5000), usage())
def test_money_is_paid_by_the_lots_of_its_time(held: list[Told], used: list[Used]) -> None:
    """The same for money: usage by the instants of the records, a fee by the days of its month."""
    needs = [
        (each.day, list(MENU).index(each.item), each.item, Fraction(each.count * CENTS[each.item], 100))
        for each in used
    ]
    needs += [(day, 2, "fee", Fraction(FEE, 100) / (31 if day < 31 else 28)) for day in range(DAYS)]
    cents = [each._replace(amount=each.amount) for each in held]
    paid, left = oracle(cents, needs)
    bills = months(plan(units=False, fee=True), used, ledger(held, **USD))
    assert bills[1].ledger is not None
    assert spent(bills[1].ledger) == paid
    assert sum((Fraction(bill.due.amount) for bill in bills), Fraction(0)) == sum(left.values(), Fraction(0))


@given(lots(), usage(31), st.booleans())
def test_posting_twice_adds_nothing(held: list[Told], used: list[Used], units: bool) -> None:
    """Entries are there once however often they are posted, and the same statement made on them draws nothing more."""
    offer, before = plan(units=units), ledger(held, **(UNIT if units else USD))
    acme = offer.subscribe("acme", start="2025-01-01")
    bill = rate(offer, acme, records(used), JANUARY, ledger=before)
    after = before.post(bill.entries)
    assert after == bill.ledger == after.post(bill.entries)
    again = rate(offer, acme, records(used), JANUARY, ledger=after)
    assert (again.lines, again.entries) == (bill.lines, ())
    assert Statement.from_json(bill.to_json()) == bill


@given(st.lists(st.integers(0, 90_000), min_size=3, max_size=3), stages(), st.lists(st.integers(1, 60_000), max_size=3))
def test_due_is_what_credits_leave(cents: list[int], told: dict[str, Any], held: list[int]) -> None:
    """Under any stages in any vendor's order, due is the total less what was drawn, and never below 0 by credits."""
    keys = ("a", "b", "c")
    items = [
        {"key": key, "price": {"model": "flat", "amount": str(Decimal(amount).scaleb(-2))}}
        for key, amount in zip(keys, cents, strict=True)
    ]
    offer = Plan.load({"key": "p", "cards": [{"currency": "USD", "items": items}], **told})
    found = Ledger()
    for index, amount in enumerate(held):
        grant = Grant(id=str(index), amount=str(Decimal(amount).scaleb(-2)), currency="USD")
        found = found.grant(grant, at="2025-01-01T00:00:00Z")
    bill = rate(offer, offer.subscribe("acme", start="2025-01-01"), [], JANUARY, ledger=found)
    assert bill.verify()
    drawn = sum((-line.amount.amount for line in bill.lines_by("credits")), Decimal(0))
    assert bill.due.amount == bill.total.amount - drawn
    assert bill.ledger is not None
    assert sum(spent(bill.ledger).values(), Fraction(0)) == Fraction(drawn)
    assert bill.due.amount >= min(bill.total.amount, Decimal(0))
    order = list(offer.order.statement)
    if order.index("credits") > order.index("total"):
        assert drawn == max(min(bill.total.amount, Decimal(sum(held)).scaleb(-2)), Decimal(0))


@given(lots(), usage(31), st.data(), st.booleans())
def test_a_lot_in_two_is_the_same_lot(held: list[Told], used: list[Used], data: st.DataObject, units: bool) -> None:
    """A lot that is granted in two parts on the same terms pays the same in all."""
    offer, unit = plan(units=units), UNIT if units else USD
    acme = offer.subscribe("acme", start="2025-01-01")
    parts: list[Told] = []
    for each in held:
        first = data.draw(st.integers(1, each.amount))
        parts.append(each._replace(amount=first))
        if first < each.amount:
            parts.append(each._replace(id=f"{each.id}+", amount=each.amount - first))
    one = rate(offer, acme, records(used), JANUARY, ledger=ledger(held, **unit))
    two = rate(offer, acme, records(used), JANUARY, ledger=ledger(parts, **unit))
    assert (one.subtotal, one.total, one.due) == (two.subtotal, two.total, two.due)


@given(lots(), usage(31), st.randoms(use_true_random=False), st.booleans())
def test_order_of_records_does_not_matter(held: list[Told], used: list[Used], dice: Any, units: bool) -> None:
    """Records in any order draw the same from the same lots."""
    offer, before = plan(units=units), ledger(held, **(UNIT if units else USD))
    acme = offer.subscribe("acme", start="2025-01-01")
    every = records(used)
    bill = rate(offer, acme, every, JANUARY, ledger=before)
    dice.shuffle(every)
    assert rate(offer, acme, every, JANUARY, ledger=before) == bill


@given(st.lists(st.integers(1, 400), max_size=3), usage(31), usage(31), st.booleans())
def test_a_correction_comes_to_what_is_right(held: list[int], used: list[Used], now: list[Used], units: bool) -> None:
    """Where no lot expires, it comes to what a fresh statement of the corrected records does; a second adds nothing."""
    offer, unit = plan(units=units), UNIT if units else USD
    before = ledger([Told(f"l{index}", each, 0, None, (), 0) for index, each in enumerate(held)], **unit)
    acme = offer.subscribe("acme", start="2025-01-01")
    issued = rate(offer, acme, records(used), JANUARY, ledger=before)
    after = before.post(issued.entries)
    fresh = rate(offer, acme, records(now), JANUARY, ledger=before)
    found = rerate(issued, offer, acme, records(now), ledger=after)
    assert found.verify()
    assert found.due == fresh.due - issued.due
    settled = after.post(found.entries)
    assert settled == settled.post(found.entries) == found.corrected.ledger
    assert fresh.ledger is not None
    assert sum(spent(settled).values()) == sum(spent(fresh.ledger).values())
    assert rerate(found.corrected, offer, acme, records(now), ledger=settled).entries == ()


@given(held=lots(), used=usage(31), signs=st.lists(st.booleans(), min_size=8, max_size=8), units=st.booleans())
@example(
    held=[Told("l0", 1, 9, None, ("b",), 0)], used=[Used(4, "a", 5), Used(14, "a", 10)], signs=[True] + [False] * 7,
    units=True,
)  # fmt: skip
def test_lots_do_not_change_what_is_paid_of_use_that_comes_back(
    held: list[Told], used: list[Used], signs: list[bool], units: bool
) -> None:
    """With enough credits all usage is paid less what comes back, wherever the lots begin and end."""
    used = [each._replace(count=-each.count if minus else each.count) for each, minus in zip(used, signs, strict=False)]
    amount, unit = (MENU, UNIT) if units else (CENTS, USD)
    written = plan(units=units).model_dump(mode="json")
    for item in written["cards"][0]["items"]:
        (item["price"]["base"] if units else item["price"])["refunds"] = True
    offer = Plan.load(written)
    full = ledger(held, **unit).grant(
        Grant.model_validate({"id": "full", "amount": 10**6, "priority": 9, **unit}), at="2025-01-01T00:00:00Z"
    )
    bill = rate(offer, offer.subscribe("acme", start=START), records(used), JANUARY, ledger=full)
    sums = {item: sum(each.count for each in used if each.item == item) * amount[item] for item in amount}
    paid = sum(spent(bill.ledger or full).values()) * (1 if units else 100)
    if units or all(each >= 0 for each in sums.values()):
        assert paid == sum(max(0, each) for each in sums.values())
    assert bill.verify()


def balance(found: Ledger, code: str) -> Decimal:
    """All that is left, less what is owed."""
    return sum((each.left for each in found.lots()), Decimal(0)) - found.owed(code).amount


POLICIES = [
    Policy(),
    Policy(overage=Negative()),
    Policy(overage=Negative(limit="40", beyond="leave")),
    Policy(lot_time="settlement"),
    Policy(burn=("largest", "id")),
]


@given(
    lots(),
    usage(31),
    st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(POLICIES),
)
def test_a_remade_statement_is_a_fresh_one(
    held: list[Told], used: list[Used], arrivals: list[list[bool]], units: bool, policy: Policy
) -> None:
    """Whatever records statements were made of before, on one ledger: it comes to what a fresh one does."""
    offer, unit = plan(units=units, fee=True), UNIT if units else USD
    before = Ledger.from_entries(ledger(held, **unit).entries(), policy=policy)
    acme, every = offer.subscribe("acme", start="2025-01-01"), records(used)
    after = before
    for there in arrivals:
        some = [each for each, is_there in zip(every, there, strict=False) if is_there]
        bill = rate(offer, acme, some, JANUARY, ledger=after)
        assert bill.verify()
        assert after.post(bill.entries) == bill.ledger
        after = after.post(bill.entries)
    # What came back to a lot that was over is lost to the next.
    assume(not any(each.voided for each in after.lots()))
    fresh, found = (rate(offer, acme, every, JANUARY, ledger=each) for each in (before, after))
    if isinstance(policy.overage, Negative) and policy.overage.limit is not None:
        # What a lot paid back makes room under the limit from the start on.
        assume(not any(isinstance(each, Repaid) for each in (*after.entries(), *fresh.entries, *found.entries)))
    assert (found.lines, found.due) == (fresh.lines, fresh.due)
    assert found.ledger is not None
    assert fresh.ledger is not None
    if policy.overage == Leave():
        assert spent(found.ledger) == spent(fresh.ledger)
    for code in {each.lot.unit for each in before.lots()}:
        # What is overdrawn is paid back by the next draw, so it may still stand beside what is left.
        assert balance(found.ledger, code) == balance(fresh.ledger, code)
    assert Ledger.from_json(found.ledger.to_json()) == found.ledger == found.ledger.post(found.entries)
    assert rate(offer, acme, every, JANUARY, ledger=found.ledger).entries == ()


def test_presets_draw_where_they_say() -> None:
    """Credits that come before tax lower its base, and those after it do not."""
    dues = {}
    for name in ("default", "stripe"):
        offer = Plan.load({
            "key": "p",
            "cards": [{"currency": "USD", "items": [{"key": "a", "price": {"model": "flat", "amount": "100"}}]}],
            "taxes": [{"key": "vat", "rate": "0.2"}], "order": Order.preset(name).model_dump(),  # type: ignore[arg-type]
            "grants": [{"kind": "grant", "id": "g", "amount": "40"}],
        })  # fmt: skip
        bill = rate(offer, offer.subscribe("acme", start="2025-01-01"), [], JANUARY)
        dues[name] = (str(bill.total), str(bill.due))
    assert dues == {"default": ("120.00 USD", "80.00 USD"), "stripe": ("112.00 USD", "72.00 USD")}


def test_policy_of_the_plan_opens_the_ledger() -> None:
    """Without a ledger the plan's own policy decides how lots burn."""
    told = {"grants": [
        {"kind": "grant", "id": "late", "amount": "100", "currency": "credits", "priority": 1, "expiry": "2025-03-01"},
        {"kind": "grant", "id": "soon", "amount": "100", "currency": "credits", "priority": 2, "expiry": "2025-02-01"},
    ]}  # fmt: skip
    paid = {}
    for name in ("default", "openmeter"):
        offer = plan(units=True, burn=Policy.preset(name).model_dump(mode="json"), **told)  # type: ignore[arg-type]
        bill = rate(offer, offer.subscribe("acme", start="2025-01-01"), records([Used(3, "a", 25)]), JANUARY)
        assert bill.ledger is not None
        paid[name] = {
            each.lot.id: Money.make(each.spent, each.lot.unit).amount for each in bill.ledger.lots() if each.spent
        }
    assert paid == {"default": {"soon": 50}, "openmeter": {"late": 50}}
