"""Credits in the walk: which lots pay, what the statement says of it, and what a correction gives back."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from ratecard import prices
from ratecard.cadence import Cadence
from ratecard.credits import Drawn, Grant, Ledger, Negative, Policy, Refuse, Returned, RolledOver
from ratecard.errors import MismatchError, NoPriceError, NumberError
from ratecard.periods import Period
from ratecard.plans import AddOn, Item, Pause, Plan, Resume, Subscription, resolve
from ratecard.rating import Adjustment, Statement, charge, invoice, measure, rate, rerate, resolve_all, settle
from ratecard.records import UsageRecord

NEW_YEAR = "2025-01-01T00:00:00Z"
JANUARY, FEBRUARY = Period.month(2025, 1), Period.month(2025, 2)
ONE = {"model": "per_unit", "unit_price": "1"}
SUM = {"key": "n", "event": "use", "aggregate": {"kind": "sum", "of": "n"}}


def menu(**fields: Any) -> dict[str, Any]:
    """A price of a credit for each unit, and two cents for each that nobody pays."""
    return {"model": "credit", "unit": "credits", "base": ONE, "overage": {**ONE, "unit_price": "0.02"}, **fields}


def plan(price: dict[str, Any] | None = None, *, item: dict[str, Any] | None = None, **fields: Any) -> Plan:
    """One metered item."""
    sold = {"key": "n", "meter": "n", "price": price or menu(), **(item or {})}
    base = {"key": "p", "meters": [SUM], "units": [{"key": "credits", "places": 0}]}
    return Plan.load({**base, "cards": [{"currency": "USD", "items": [sold]}], **fields})


def acme(offer: Plan) -> Subscription:
    """A customer from the new year on."""
    return offer.subscribe("acme", start="2025-01-01")


def used(*each: tuple[int, int | str], **properties: str) -> list[UsageRecord]:
    """Usage at noon of days of January, or later."""
    return [
        UsageRecord(
            "use", f"2025-{1 + day // 32:02}-{day % 32 or 1:02}T12:00:00Z", {"n": n, **properties}, id=f"{day}{n}"
        )
        for day, n in each
    ]


def ledger(*grants: dict[str, Any], policy: Policy | None = None, unit: str = "credits") -> Ledger:
    """Lots that are granted at the new year."""
    found = Ledger(policy)
    for each in grants:
        places = {"places": 0} if unit == "credits" else {}
        found = found.grant(Grant.model_validate({"currency": unit, **places, **each}), at=NEW_YEAR)
    return found


def columns(held: Ledger | None, column: str) -> dict[str, Decimal]:
    """By lot what is in a column."""
    assert held is not None
    return {each.lot.id: getattr(each, column) for each in held.lots() if getattr(each, column)}


def bill(
    offer: Plan, records: Sequence[UsageRecord], held: Ledger | None = None, period: Period = JANUARY
) -> Statement:
    """The statement, which proves itself and reads back."""
    found = rate(offer, acme(offer), records, period, ledger=held)
    assert found.verify()
    assert Statement.from_json(found.to_json()) == found
    return found


def test_without_credits_nothing_is_there() -> None:
    """A plan without grants, ledger or prices in credits has no entries and no ledger, and says nothing of them."""
    found = bill(plan(ONE), used((3, 5)))
    assert (found.entries, found.ledger) == ((), None)
    assert "entries" not in found.to_json()
    terms = resolve(plan(ONE), acme(plan(ONE)), JANUARY)
    assert charge(terms, measure(terms, [])).ledger is None


def test_line_in_credits_explains_itself() -> None:
    """The steps name the menu, each lot that paid, and what the rest costs."""
    found = bill(
        plan(), used((3, 50), (20, 60)), ledger({"id": "a", "amount": 30, "priority": 1}, {"id": "b", "amount": 40})
    )
    assert found.line("n").explain().splitlines()[1:] == [
        "  0.8 rounded to 2 places, half_up = 0.8",
        "    0.8",
        "      credits not paid: 110 - 70 = 40",
        "        110 x 1 = 110",
        "        paid by credits: 30 + 40 = 70",
        "          from a: 30",
        "          from b: 40",
        "      40 x 0.02 = 0.8",
    ]
    assert [type(each) for each in found.entries] == [Drawn]
    assert found.entries[0].id == "acme|p|2025-01-01T00:00:00Z|2025-02-01T00:00:00Z/n@2025-01-01T00:00:00Z|credits"


def test_nothing_held_leaves_no_entry() -> None:
    """A draw that would do nothing is not posted; the line says that nothing was paid."""
    found = bill(plan(), used((3, 5)))
    assert found.entries == ()
    assert "paid by credits: 0" in found.explain()


def test_rounded_credits_add_up_over_cuts() -> None:
    """Credits are rounded on the running total, so that a lot that begins inside the month changes no sum."""
    third = menu(base={**ONE, "per": 3})
    records = used((3, 1), (13, 1), (23, 1), (24, 1))
    whole = ledger({"id": "a", "amount": 9})
    cut = ledger(
        {"id": "a", "amount": 9}, *({"id": str(day), "amount": 9, "effective": f"2025-01-{day}"} for day in (10, 20))
    )
    for held in (whole, cut):
        assert sum(columns(bill(plan(third), records, held).ledger, "spent").values()) == 1


def test_use_that_comes_back() -> None:
    """Usage that is taken off later is not drawn for; what goes below nothing is no draw."""
    held = ledger({"id": "a", "amount": 100}, {"id": "late", "amount": 100, "effective": "2025-01-15"})
    found = bill(plan(), used((3, 50), (20, -30)), held)
    assert columns(found.ledger, "spent") == {"a": 20}
    below = bill(plan(), used((3, 50), (20, -80)), held)
    assert (below.entries, str(below.due)) == ((), "0.00 USD")
    refunding = menu(base={**ONE, "refunds": True}, overage={**ONE, "unit_price": "0.02", "refunds": True})
    back = bill(plan(refunding), used((3, 50), (20, -80)), held)
    assert (back.entries, str(back.due)) == ((), "-0.60 USD")
    stepwise = bill(plan(), used((3, 50), (10, -10), (20, 5)), ledger(
        {"id": "a", "amount": 100}, {"id": "b", "amount": 1, "effective": "2025-01-05"},
        {"id": "c", "amount": 1, "effective": "2025-01-15", "expiry": "2025-01-30"},
    ))  # fmt: skip
    assert columns(stepwise.ledger, "spent") == {"a": 44, "c": 1}


def test_use_that_comes_back_before_there_is_any() -> None:
    """What comes back first is taken off what is used next, also where a lot begins or ends between."""
    refunding = menu(base={**ONE, "refunds": True}, overage={**ONE, "refunds": True})
    for cut in ({"effective": "2025-01-10"}, {"expiry": "2025-01-10"}, {"scope": {"items": ["else"]}}):
        held = ledger({"id": "a", "amount": 100, "priority": 9}, {"id": "b", "amount": 1, **cut})
        for price in (refunding, menu(base={**ONE, "refunds": True})):
            found = bill(plan(price), used((5, -5), (15, 4), (20, 6)), held)
            assert sum(columns(found.ledger, "spent").values()) == 5
            assert (str(found.due), found.verify()) == ("0.00 USD", True)


def test_menu_changes_in_mid_period() -> None:
    """Usage before a new card costs by the old menu, usage after it by the new one, and the counter runs on."""
    cards = [
        {
            "currency": "USD",
            "items": [{"key": "n", "meter": "n", "price": menu(base={**ONE, "unit_price": price})}],
            **day,
        }
        for price, day in (("100", {}), ("80", {"effective": "2025-01-16"}))
    ]
    found = bill(plan(cards=cards), used((3, 2), (20, 2)), ledger({"id": "a", "amount": 300}))
    assert columns(found.ledger, "spent") == {"a": 300}
    assert [str(line.amount) for line in found.lines] == ["0.00 USD", "1.20 USD"]


def test_use_that_comes_back_after_a_change() -> None:
    """What comes back on a later piece is taken off the earlier one, and both lines say so."""
    cards = [{"currency": "USD", "items": [{"key": "n", "meter": "n", "price": menu(), "name": name}], **day}
             for name, day in (("one", {}), ("two", {"effective": "2025-01-16"}))]  # fmt: skip
    found = bill(plan(cards=cards), used((3, 10), (20, -4)), ledger({"id": "a", "amount": 300}))
    assert columns(found.ledger, "spent") == {"a": 6}
    assert [line.explain().count("moved to where later usage came back") for line in found.lines] == [1, 1]


def test_overage_in_tiers_over_pieces() -> None:
    """What nobody pays runs up one scale over all pieces of a counter."""
    tiers = {"model": "graduated", "tiers": [{"up_to": 10, "unit_price": "1"}, {"unit_price": "2"}]}
    item = {"key": "n", "meter": "n", "price": menu(overage=tiers)}
    cards = [{"currency": "USD", "items": [item], **day} for day in ({}, {"effective": "2025-01-16"})]
    found = bill(plan(cards=[cards[0], {**cards[1], "items": [{**item, "name": "other"}]}]), used((3, 8), (20, 8)))
    assert [str(line.amount) for line in found.lines] == ["8.00 USD", "14.00 USD"]
    anew = [{**card, "items": [{**item, "tiers": "restart", "name": str(index)}]} for index, card in enumerate(cards)]
    assert [str(line.amount) for line in bill(plan(cards=anew), used((3, 8), (20, 8))).lines] == ["8.00 USD"] * 2


def test_half_months_are_a_month() -> None:
    """A month that is rated in two halves comes to the same; what nobody paid travels in the carry."""
    tiers = {"model": "graduated", "tiers": [{"up_to": 10, "unit_price": "1"}, {"unit_price": "2"}]}
    offer, held = plan(menu(overage=tiers)), ledger({"id": "a", "amount": 5})
    records = used((3, 13), (20, 8))
    halves = [Period("2025-01-01", "2025-01-16"), Period("2025-01-16", "2025-02-01")]
    first = rate(offer, acme(offer), records[:1], halves[0], ledger=held)
    assert first.carry is not None
    assert first.carry.uncovered == {"n": [[[], "8"]]}
    assert type(first.carry).from_json(first.carry.to_json()) == first.carry
    second = rate(offer, acme(offer), records[1:], halves[1], ledger=first.ledger, carry=first.carry)
    assert second.verify()
    assert "not paid before: 8" in second.explain()
    assert (first.due + second.due, second.carry and second.carry.uncovered) == (bill(offer, records, held).due, {})


def test_counter_longer_than_the_period() -> None:
    """A counter that is billed at the end of its quarter was cut where lots began in the months before."""
    offer = plan(item={"cadence": {"every": 3, "unit": "month", "anchor": "2025-01-01"}})
    held = ledger(
        {"id": "a", "amount": 20, "expiry": "2025-01-16"}, {"id": "b", "amount": 50, "effective": "2025-02-10"}
    )
    records = used((3, 10), (20, 10), (32 + 5, 10), (32 + 15, 10))
    bills: list[Statement] = []
    for month in (1, 2, 3):
        period = Period.month(2025, month)
        some = [each for each in records if period.contains(each.at)]
        carry = bills[-1].carry if bills else None
        bills.append(rate(offer, acme(offer), some, period, ledger=held, carry=carry))
        held = held.post(bills[-1].entries)
    assert [str(each.due) for each in bills] == ["0.00 USD", "0.00 USD", "0.40 USD"]
    assert columns(held, "spent") == {"a": 10, "b": 10}


def test_groups_and_scopes() -> None:
    """A lot with dimensions pays for the groups of an item, one with meters for its usage, and not for fees."""
    held = ledger(
        {"id": "eu", "amount": 10, "priority": 1, "scope": {"dimensions": {"region": ["eu"]}}},
        {"id": "else", "amount": 3, "scope": {"meters": ["n"]}},
        {"id": "other", "amount": 9, "scope": {"items": ["m"]}},
    )
    records = [*used((3, 8), region="eu"), *used((4, 8), region="us")]
    found = bill(plan(item={"each": ["region"]}), records, held)
    assert columns(found.ledger, "spent") == {"eu": 8, "else": 3}
    assert [str(line.amount) for line in found.lines] == ["0.00 USD", "0.10 USD"]


def test_split_and_converted_usage_in_credits() -> None:
    """A price in credits may be shown by group: the whole is rounded up, and its groups share it by what they used."""
    meter = {**SUM, "convert": {"divide": "10"}}
    offer = plan(item={"split": ["team"], "round_quantity": "up"}, meters=[meter])
    held = ledger({"id": "a", "amount": 2}).grant(
        Grant(id="b", amount=100, currency="USD", effective="2025-01-20"), at=NEW_YEAR
    )
    found = bill(offer, [*used((3, 25), team="x"), *used((4, 20), team="y")], held)
    assert [(dict(line.group)["team"], str(line.amount)) for line in found.lines] == [
        ("x", "0.03 USD"),
        ("y", "0.03 USD"),
    ]


def test_trials_draw_nothing() -> None:
    """Usage in a trial is rated and free, in credits too."""
    offer = plan(phases=[{"key": "trial", "trial": True, "every": 14, "unit": "day"}])
    found = bill(offer, used((3, 50), (20, 5)), ledger({"id": "a", "amount": 100}))
    assert columns(found.ledger, "spent") == {"a": 5}


@pytest.mark.parametrize(
    ("policy", "overage", "due", "owed"),
    [
        (Policy(), {"overage": None}, "credit.uncovered", ""),
        (Policy(overage=Refuse()), {}, "credit.refused", ""),
        (Policy(overage=Negative(limit=5)), {}, "credit.refused", ""),
        (Policy(overage=Negative(limit=5, beyond="leave")), {}, "0.30 USD", "5"),
        (Policy(overage=Negative()), {"overage": None}, "0.00 USD", "20"),
    ],
)
def test_what_no_lot_covers(policy: Policy, overage: dict[str, Any], due: str, owed: str) -> None:
    """It is priced, refused, or owed up to a limit, as the price and the ledger's policy say."""
    offer, held = plan(menu(**overage)), ledger({"id": "a", "amount": 30}, policy=policy)
    if not owed:
        with pytest.raises(NoPriceError) as caught:
            bill(offer, used((3, 50)), held)
        assert caught.value.code == due
        for told in ("'acme'", "2025-01-01T00:00:00Z", "'n", "20 credits" if overage else "50 credits"):
            assert told in str(caught.value)
        return
    found = bill(offer, used((3, 50)), held)
    assert found.ledger is not None
    assert (str(found.due), str(found.ledger.owed("credits").amount)) == (due, owed)
    assert "owed, to be paid by the next grant" in found.explain()


def test_what_no_lot_covers_is_told_from_when() -> None:
    """A refusal names the first cut that nobody paid for."""
    lots = ({"id": "a", "amount": 30, "expiry": "2025-01-16"}, {"id": "b", "amount": 5, "effective": "2025-01-16"})
    with pytest.raises(NoPriceError) as caught:
        bill(plan(menu(overage=None)), used((3, 30), (20, 9)), ledger(*lots))
    assert "of 'acme' from 2025-01-16T00:00:00Z on (line 'n" in str(caught.value)
    assert "nothing pays for 4 credits" in str(caught.value)


def test_a_pickle_keeps_the_ledger() -> None:
    """What was charged and what was settled come out of a pickle with the credits they draw on."""
    offer, held = plan(menu()), ledger({"id": "a", "amount": 30})
    found = bill(offer, used((3, 50)), held)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301
    assert (again, again.ledger) == (found, found.ledger)
    more = rerate(again, offer, acme(offer), used((3, 60)))
    assert str(more.due) == "0.20 USD"
    terms = resolve(offer, acme(offer), JANUARY, ledger=held)
    charges = charge(terms, measure(terms, used((3, 50))))
    assert settle(pickle.loads(pickle.dumps(charges))) == found  # noqa: S301


def test_rollover_pays_in_the_next_period() -> None:
    """What rolls over is there when the next period is rated, and inside a period from its instant on."""
    weekly = {"kind": "recurring", "key": "w", "amount": "10", "currency": "credits", "rollover": {}}
    offer = plan(grants=[{**weekly, "every": {"unit": "week"}}])
    found = bill(offer, used((3, 4), (10, 15), (17, 2)))
    assert found.ledger is not None
    assert [type(each) for each in found.entries if isinstance(each, RolledOver)] == [RolledOver] * 4
    assert str(found.due) == "0.00 USD"
    assert [int(each.spent) for each in found.ledger.lots() if each.spent] == [4, 9, 1, 6, 1]
    monthly = plan(grants=[weekly])
    first = bill(monthly, used((3, 4)))
    second = bill(monthly, used((32 + 5, 17)), first.ledger, FEBRUARY)
    assert str(second.due) == "0.02 USD"


def test_earlier_credits_need_a_ledger() -> None:
    """Where credits of the plan came before and may still pay, guessing what is left of them is refused."""
    offer = plan(grants=[{"kind": "grant", "id": "once", "amount": "10", "currency": "credits"}])
    with pytest.raises(MismatchError) as caught:
        bill(offer, used((32 + 5, 3)), period=FEBRUARY)
    assert caught.value.code == "ledger.missing"
    first = bill(offer, used((3, 4)))
    assert str(bill(offer, used((32 + 5, 7)), first.ledger, FEBRUARY).due) == "0.02 USD"


def test_usage_must_be_cut_where_lots_begin() -> None:
    """A ledger that the terms do not know, with a lot that begins in mid-month, is refused; its own terms do."""
    offer, held = plan(), ledger({"id": "a", "amount": 9, "effective": "2025-01-15"})
    plain, cut = (resolve(offer, acme(offer), JANUARY, ledger=each) for each in (None, held))
    with pytest.raises(MismatchError) as caught:
        charge(plain, measure(plain, used((3, 4))), ledger=held)
    assert caught.value.code == "ledger.edges"
    with pytest.raises(MismatchError, match="give a Ledger"):
        charge(plain, measure(plain, []), ledger=held.open())  # type: ignore[arg-type]
    offer, dollars = plan(ONE), money({"id": "a", "amount": 9, "effective": "2025-01-15"})
    simple = resolve(offer, acme(offer), JANUARY)
    with pytest.raises(MismatchError) as caught:
        charge(simple, measure(simple, used((3, 4))), ledger=dollars)
    assert caught.value.code == "ledger.edges"
    tally = measure(cut, used((3, 4), (20, 4)))
    assert settle(charge(cut, tally)) == settle(charge(cut, tally, held))
    assert columns(charge(cut, tally).ledger, "spent") == {"a": 4}


def test_books_take_ledgers() -> None:
    """Many customers each have a ledger, when they are resolved or when they are settled."""
    offer, held = plan(), ledger({"id": "a", "amount": 9})
    two = [offer.subscribe(name, start="2025-01-01") for name in ("acme", "bo")]
    records = [UsageRecord("use", "2025-01-05T00:00:00Z", {"n": 10}, customer=name, id=name) for name in ("acme", "bo")]
    book = resolve_all(offer, two, JANUARY, ledgers={"acme": held})
    assert [str(each.due) for each in book.statements(measure(book, records))] == ["0.02 USD", "0.20 USD"]
    plain = resolve_all(offer, two, JANUARY)
    found = plain.statements(measure(plain, records), ledgers={"bo": held})
    assert [str(each.due) for each in found] == ["0.20 USD", "0.02 USD"]


# --- money ---

FEE = {"key": "fee", "price": {"model": "flat", "amount": "31"}}


def fees(*items: dict[str, Any], **fields: Any) -> Plan:
    """A plan of fees."""
    return Plan.load({"key": "p", "cards": [{"currency": "USD", "items": list(items or [FEE])}], **fields})


def money(*grants: dict[str, Any], **fields: Any) -> Ledger:
    """Lots of money."""
    return ledger(*grants, unit="USD", **fields)


def test_money_has_a_line_for_each_lot() -> None:
    """Each lot that paid has a line of its own that says for which lines, with shares that add up."""
    found = bill(fees(FEE, {**FEE, "key": "more"}), [], money({"id": "a", "amount": 40}, {"id": "b", "amount": 10}))
    first, second = found.lines_by("credits")
    assert [(line.key, line.name, str(line.amount)) for line in (first, second)] == [
        ("[credits]a@2025-01-01T00:00:00Z", "a", "-40.00 USD"), ("[credits]b@2025-01-01T00:00:00Z", "b", "-10.00 USD"),
    ]  # fmt: skip
    assert first.shares == (("fee@2025-01-01T00:00:00Z", -31), ("more@2025-01-01T00:00:00Z", -9))
    assert (str(found.subtotal), str(found.total), str(found.due)) == ("62.00 USD", "62.00 USD", "12.00 USD")
    assert "due: 62.00 + -40.00 + -10.00 = 12.00 USD" in found.explain()


@pytest.mark.parametrize(("prorate", "paid"), [("day", 10), ("second", 10), ("30/360", "10.33"), ("none", 0)])
def test_fees_are_cut_by_time(prorate: str, paid: int | str) -> None:
    """A fee is paid for the days in which a lot is there, as the item is prorated."""
    held = money({"id": "a", "amount": 100, "effective": "2025-01-11", "expiry": "2025-01-21"})
    found = bill(fees({**FEE, "prorate": prorate}), [], held)
    assert sum(columns(found.ledger, "spent").values()) == Decimal(paid)


def test_usage_is_cut_by_its_records() -> None:
    """Usage in tiers is paid by what it came to while a lot was there; an average by time."""
    tiers = {"model": "graduated", "tiers": [{"up_to": 10, "unit_price": "1"}, {"unit_price": "2"}]}
    held = money({"id": "a", "amount": 100, "effective": "2025-01-11", "expiry": "2025-01-21"})
    records = used((3, 8), (15, 8), (25, 8))
    assert columns(bill(plan(tiers), records, held).ledger, "spent") == {"a": 14}
    mean = {**SUM, "aggregate": {"kind": "average", "of": "n"}}
    average = bill(plan(ONE, meters=[mean]), used((3, 31)), held)
    assert columns(average.ledger, "spent") == {"a": 10}
    back = bill(plan({**ONE, "refunds": True}), used((3, 8), (15, 8), (25, -10)), held)
    assert columns(back.ledger, "spent") == {}
    split = bill(plan(ONE, item={"split": ["team"]}), [*used((3, 8), team="x"), *used((15, 4), team="y")], held)
    assert columns(split.ledger, "spent") == {"a": 4}
    pooled = {"model": "allowance", "units": 6, "base": ONE, "scope": "pooled"}
    found = bill(plan(pooled, item={"each": ["team"]}), [*used((3, 8), team="x"), *used((15, 4), team="y")], held)
    assert columns(found.ledger, "spent") == {"a": 2}


def test_rest_of_credits_is_paid_in_money() -> None:
    """What units do not pay is an amount like any other, and money pays for it from when it was used."""
    held = ledger({"id": "u", "amount": 100}).grant(
        Grant(id="m", amount=50, currency="USD", effective="2025-01-11"), at=NEW_YEAR
    )
    found = bill(plan(menu(overage=ONE)), used((3, 80), (15, 60)), held)
    assert columns(found.ledger, "spent") == {"u": 100, "m": 40}
    assert [each.id.rpartition("/")[2] for each in found.entries] == [
        "n@2025-01-01T00:00:00Z|credits", "2025-01-11T00:00:00Z", "2025-01-11T00:00:00Z",
    ]  # fmt: skip


def test_once_is_paid_at_its_instant() -> None:
    """A fee that is due once is paid by a lot that is there at its instant."""
    offer = fees()
    setup = AddOn(key="s", once=True, start="2025-01-15", items=[Item(key="s", price=prices.Flat(amount="300"))])
    sub = acme(offer).model_copy(update={"addons": [setup]})
    for day, spent in (("2025-01-15", 284 + 17), ("2025-01-16", 16)):
        held = money({"id": "a", "amount": 301, "effective": day})
        assert sum(columns(rate(offer, sub, [], JANUARY, ledger=held).ledger, "spent").values()) in (spent, 301)


def test_taxes_and_discounts_go_along() -> None:
    """A line is paid with its tax and less its discounts; a statement that gives back draws only for what is left."""
    offer = fees(
        FEE, {"key": "back", "price": {"model": "flat", "amount": "-11"}},
        taxes=[{"key": "vat", "rate": "0.1"}],
        discounts=[{"kind": "percent", "key": "d", "rate": "0.5", "items": ["fee"]}],
    )  # fmt: skip
    found = bill(offer, [], money({"id": "a", "amount": 100}))
    assert (str(found.total), str(found.due)) == ("4.95 USD", "0.00 USD")
    only = fees({"key": "back", "price": {"model": "flat", "amount": "-11"}})
    credit = bill(only, [], money({"id": "a", "amount": 100}))
    assert (str(credit.due), credit.entries) == ("-11.00 USD", ())


def test_top_ups_are_paid_too() -> None:
    """The line that tops a plan up to its minimum is paid like a fee of the period."""
    offer = fees(minimum={"amount": "62"})
    found = bill(offer, [], money({"id": "a", "amount": 100, "effective": "2025-01-17"}))
    assert columns(found.ledger, "spent") == {"a": 30}


def test_invoices_add_up_with_credits() -> None:
    """What credits pay of an advance fee is invoiced with it, and all invoices come to what is due."""
    offer = fees({**FEE, "bill": "advance"}, {**FEE, "key": "later"})
    found = bill(offer, [], money({"id": "a", "amount": 40}))
    first = invoice([found], NEW_YEAR)
    assert str(first.amount) == "0.00 USD"
    assert str(invoice([found], "2025-02-01T00:00:00Z", issued=[first]).amount) == str(found.due) == "22.00 USD"


def test_rounded_as_a_whole() -> None:
    """Where the statement is rounded as a whole, credits pay what its lines then come to."""
    item = {"key": "a", "price": {"model": "flat", "amount": "0.333"}}
    offer = fees(*({**item, "key": key} for key in "abc"), rounding_at="statement")
    assert str(bill(offer, [], money({"id": "a", "amount": 100})).due) == "0.00 USD"


def test_order_without_the_stage_draws_nothing() -> None:
    """An order that leaves the stage out leaves money where it is."""
    order = {"statement": ["subtotal", "total", "due"]}
    found = bill(fees(order=order), [], money({"id": "a", "amount": 100}))
    assert (found.entries, str(found.due)) == ((), "31.00 USD")


def test_settlement_looks_at_the_due() -> None:
    """Under settlement time a lot pays if it is there when the line is due, whenever the service was."""
    alive, dead = {"id": "a", "amount": 9, "effective": "2025-01-31"}, {"id": "a", "amount": 9, "expiry": "2025-02-01"}
    stripe = Policy.preset("stripe")
    assert str(bill(fees(), [], money(alive, policy=stripe)).due) == "22.00 USD"
    assert str(bill(fees(), [], money(dead, policy=stripe)).due) == "31.00 USD"


def test_settlement_takes_what_is_due_first_and_what_rolled_over_till_then() -> None:
    """Under settlement time credits pay what is due earlier first, and what rolled over of them what is due later."""
    six = {"price": {"model": "flat", "amount": "6"}}
    offer = fees({"key": "late", **six}, {"key": "early", "bill": "advance", **six})
    rolling = {"id": "a", "amount": 9, "expiry": "2025-01-20", "rollover": {"every": Cadence.calendar("year")}}
    held = money(rolling, policy=Policy(lot_time="settlement"))
    found = bill(offer, [], held)
    assert [(line.item, str(line.amount)) for line in found.lines_by("credits")] == [
        ("a", "-6.00 USD"), ("a/rolled/1", "-3.00 USD")
    ]  # fmt: skip
    assert [type(entry).__name__ for entry in found.entries] == ["Drawn", "RolledOver", "Drawn"]
    assert found.entries[0].id.endswith("/early@2025-01-01T00:00:00Z")


def test_long_names_fit_an_id() -> None:
    """The values of a group may be of any length; ids are not."""
    offer = plan(item={"each": ["region"]})
    found = bill(offer, used((3, 5), region="x" * 5000), ledger({"id": "a", "amount": 9}))
    assert len(found.entries[0].id) == 400


# --- corrections ---


def test_correction_gives_back_the_last_first() -> None:
    """Less usage gives back to the lots drawn, the last first: to a live lot, as money due, or void."""
    lots = [
        {"id": "gift", "amount": 10, "expiry": "2025-02-01"},
        {"id": "paid", "amount": 20, "expiry": "2025-02-02", "cost": "4", "cost_currency": "USD"},
        {"id": "live", "amount": 30},
    ]
    offer, held = plan(), ledger(*lots)
    issued = bill(offer, used((3, 10), (4, 45)), held)
    after = held.post(issued.entries)
    found = rerate(
        issued, offer, acme(offer), used((3, 10), (4, 45)), without=["445"], ledger=after, at="2025-02-05T00:00:00Z"
    )
    assert found.verify()
    settled = after.post(found.entries)
    assert columns(settled, "left") == {"live": 30}
    assert columns(settled, "spent") == {"gift": 10}
    assert columns(settled, "refunded") == {"paid": 20}
    assert [(each.amount, str(each.currency)) for each in found.refunds] == [(4, "USD")]
    assert [type(each) for each in found.entries] == [Returned]
    assert found.to_json()["refunds"] == [["USD", 2, "4"]]
    again = Adjustment.from_json(found.to_json())
    assert (again, again.entries, again.refunds) == (found, found.entries, found.refunds)
    for wrong in ({"refunds": [["USD"]]}, {"refunds": 3}):
        with pytest.raises(MismatchError, match="store the whole of it"):
            Adjustment.from_json({**found.to_json(), **wrong})
    with pytest.raises(NumberError, match="not an exact value"):
        Adjustment.from_json({**found.to_json(), "refunds": [["USD", 2, "four"]]})
    assert "owed back for credits: 4 USD" in found.explain()


def test_correction_of_money() -> None:
    """Credits that paid too much come back before money does; what they did not pay is given back as money."""
    offer, held = plan(ONE), money({"id": "a", "amount": 30})
    issued = bill(offer, used((3, 20), (4, 40)), held)
    assert str(issued.due) == "30.00 USD"
    found = rerate(issued, offer, acme(offer), used((3, 20)))
    assert (str(found.due), columns(found.corrected.ledger, "left")) == ("-30.00 USD", {"a": 10})
    more = rerate(found.corrected, offer, acme(offer), used((3, 20), (5, 25)))
    assert (str(more.due), columns(more.corrected.ledger, "left")) == ("15.00 USD", {})
    assert [each.id.rpartition("/")[2] for each in more.entries] == ["2"]
    again = rerate(more.corrected, offer, acme(offer), used((3, 1)))
    assert columns(again.corrected.ledger, "left") == {"a": 29}


def test_correction_of_a_line_that_is_gone() -> None:
    """What was drawn for a group that nobody used comes back, and another may take it."""
    offer, held = plan(item={"each": ["region"]}), ledger({"id": "a", "amount": 10})
    issued = bill(offer, [*used((3, 8), region="eu"), *used((4, 8), region="us")], held)
    found = rerate(issued, offer, acme(offer), used((4, 8), region="us"), ledger=held.post(issued.entries))
    assert found.verify()
    assert [str(line.amount) for line in found.corrected.lines] == ["0.00 USD"]
    assert columns(held.post(issued.entries).post(found.entries), "spent") == {"a": 8}
    paid = bill(plan(ONE, item={"each": ["region"]}), used((3, 8), region="eu"), money({"id": "a", "amount": 10}))
    gone = rerate(paid, plan(ONE, item={"each": ["region"]}), acme(offer), [])
    assert (str(gone.due), columns(gone.corrected.ledger, "left")) == ("0.00 USD", {"a": 10})
    free = bill(plan(ONE, item={"each": ["region"]}), used((3, 8), region="eu"))
    assert rerate(free, plan(ONE, item={"each": ["region"]}), acme(offer), []).entries == ()


def test_correction_needs_the_ledger() -> None:
    """A statement that was read back does not know what became of the credits that it drew."""
    offer, held = plan(), ledger({"id": "a", "amount": 10})
    stored = Statement.from_json(bill(offer, used((3, 8)), held).to_json())
    with pytest.raises(MismatchError) as caught:
        rerate(stored, offer, acme(offer), used((3, 7)))
    assert caught.value.code == "ledger.missing"


def test_late_grants_take_part_in_what_is_made_again() -> None:
    """A lot granted afterwards, for that time, pays for what nobody paid, once."""
    offer, held = plan(), ledger({"id": "a", "amount": 10})
    first = bill(offer, used((3, 15)), held)
    after = held.post(first.entries).grant(
        Grant(id="b", amount=9, currency="credits", places=0, effective="2025-01-01"), at=NEW_YEAR
    )
    second = bill(offer, used((3, 15)), after)
    assert (str(first.due), str(second.due)) == ("0.10 USD", "0.00 USD")
    assert columns(second.ledger, "spent") == {"a": 10, "b": 5}
    assert bill(offer, used((3, 15)), second.ledger).entries == ()


def test_what_the_host_granted_stays() -> None:
    """A lot of the plan that the host granted ahead, on other terms, is not granted again."""
    offer = fees(grants=[{"kind": "grant", "id": "gift", "amount": "5"}])
    found = bill(offer, [], money({"id": "gift", "amount": 7}))
    assert str(found.due) == "24.00 USD"
    assert [(each.code, each.key) for each in found.notices] == [("grant.differs", "gift")]
    assert "the plan grants 5 USD, and a lot of this id is there: 7 USD" in found.notices[0].text
    scoped = bill(offer, [], money({"id": "gift", "amount": 5, "scope": {"items": ["n"]}, "expiry": "2025-03-01"}))
    assert "5 USD until 2025-03-01T00:00:00Z for {'items': ['n']}" in scoped.notices[0].text
    assert bill(offer, [], money({"id": "gift", "amount": 5})).notices == ()
    assert bill(offer, [], found.ledger).notices == found.notices
    assert Statement.from_json(found.to_json()) == found


def test_plans_with_grants_of_one_key_share_a_ledger_no_longer_in_silence() -> None:
    """The second plan is told that its grant is not granted, since a lot of its id is there."""
    first, second = (
        fees(key=key, grants=[{"kind": "recurring", "key": "included", "amount": amount}])
        for key, amount in (("p", "1"), ("q", "5"))
    )
    issued = bill(first, [], None)
    told = bill(second, [], issued.ledger)
    assert (issued.notices, [each.key for each in told.notices]) == ((), ["included/2025-01-01T00:00:00Z"])
    assert bill(first, [], issued.ledger).notices == ()


def test_the_example_of_the_house() -> None:
    """Fifty of which a monthly welcome pays five."""
    offer = fees(
        {**FEE, "price": {"model": "flat", "amount": "50"}},
        grants=[{"kind": "recurring", "key": "welcome", "amount": "5"}],
    )
    found = bill(offer, [])
    assert (str(found.subtotal), str(found.due)) == ("50.00 USD", "45.00 USD")


SOLVED = {"kind": "outcomes", "subject": "case"}
REOPENED = {"kind": "equals", "property": "state", "value": "open"}
WAITS = {**SOLVED, "reverse": [REOPENED], "confirmation_hours": "240"}


def solved(*cards: str, aggregate: dict[str, Any] = SOLVED) -> Plan:
    """A fee of 31 a case, on cards from these days on."""
    item = {"key": "o", "meter": "o", "price": {"model": "outcome", "definition": "Solved.", "fee": "31"}}
    dated = [{"effective": day} for day in cards] or [{}]
    return Plan.load(
        {
            "key": "p",
            "meters": [{"key": "o", "event": "solved", "aggregate": aggregate}],
            "cards": [{"currency": "USD", "items": [item], **each} for each in dated],
        }
    )


def cases(*days: int) -> list[UsageRecord]:
    """A case solved at noon of each day of January."""
    return [UsageRecord("solved", f"2025-01-{day:02}T12:00:00Z", {"case": str(day)}, id=str(day)) for day in days]


def lot(**fields: str) -> Ledger:
    """A lot of 100 USD."""
    return ledger({"id": "l", "amount": "100", **fields}, unit="USD")


@pytest.mark.parametrize(
    ("day", "fields", "due"),
    [
        (5, {"effective": "2025-01-16"}, "31.00"),
        (20, {"effective": "2025-01-16"}, "0.00"),
        (5, {"expiry": "2025-01-16"}, "0.00"),
        (20, {"expiry": "2025-01-16"}, "31.00"),
    ],
)
def test_an_outcome_is_paid_by_the_lots_of_the_instant_at_which_it_is_billable(
    day: int, fields: dict[str, str], due: str
) -> None:
    """Outcomes are cut by when they become billable, never by days."""
    offer = solved()
    assert str(rate(offer, acme(offer), cases(day), JANUARY, ledger=lot(**fields)).due.amount) == due


@pytest.mark.parametrize(("start", "due"), [("2025-01-16", "0.00"), ("2025-01-21", "31.00")])
def test_an_outcome_may_become_billable_behind_the_period_of_its_line(start: str, due: str) -> None:
    """The card is that of the outcome, and the lot that of the day on which nobody can challenge it any more."""
    offer = solved("2025-01-01", "2025-01-12", aggregate=WAITS)
    bill = rate(offer, acme(offer), cases(10), JANUARY, ledger=lot(effective=start))
    assert (str(bill.line("o@2025-01-01T00:00:00Z").period.end.date()), str(bill.due.amount)) == ("2025-01-12", due)
    assert bill.ledger is not None
    again = rerate(bill, offer, acme(offer), [], ledger=bill.ledger)
    assert again.due.amount == -Decimal(due)
    assert again.corrected.ledger is not None
    assert again.corrected.ledger.lot("l").left == Decimal(100)


def test_an_outcome_of_an_earlier_time_is_paid_at_its_own_instant() -> None:
    """A line begins with the service sold in the period; what was open before may become billable before that."""
    offer = solved(aggregate=WAITS)
    account = acme(offer).with_changes(Pause(at="2025-01-28"), Resume(at="2025-02-10"))
    first = rate(offer, account, cases(25), JANUARY, ledger=lot(effective="2025-02-08"))
    found = rate(offer, account, [], FEBRUARY, carry=first.carry, ledger=first.ledger)
    assert found.line("o").period.start.isoformat()[:10] == "2025-02-10"
    assert str(found.due.amount) == "31.00"
    early = rate(offer, account, [], FEBRUARY, carry=first.carry, ledger=lot(expiry="2025-02-08"))
    assert str(early.due.amount) == "0.00"


@pytest.mark.parametrize("paid", ["0", "4"])
def test_the_quantity_of_credits_is_verified(paid: str) -> None:
    """A line that credits paid a part of shows the quantity that its menu priced, and no other."""
    offer = plan(menu(overage=ONE))
    held = ledger({"id": "x", "amount": paid}) if paid != "0" else Ledger()
    told = rate(offer, acme(offer), used((5, 10)), JANUARY, ledger=held).to_json()
    assert Statement.from_json(told).verify()
    told["lines"][0]["quantity"] = "999"
    assert not Statement.from_json(told).verify()
