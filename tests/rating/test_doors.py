"""What is no record, plan or statement is refused at the door, with what to give instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard.errors import MismatchError
from ratecard.lab import estimate
from ratecard.periods import Period
from ratecard.plans import Cancel, Item, Plan, entitled, resolve
from ratecard.rating import (
    Invoice,
    Statement,
    Tally,
    charge,
    invoice,
    measure,
    postponed,
    rate,
    rerate,
    resolve_all,
    settle,
)
from ratecard.records import UsageRecord

JANUARY = Period.month(2025, 1)
PLAN = Plan.single(
    "p",
    currency="USD",
    meters=[meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))],
    items=[Item(key="use", meter="m", price=prices.PerUnit(unit_price="0.5"))],
)
ACME = PLAN.subscribe("acme", start="2025-01-01")
USE = UsageRecord("e", "2025-01-02T00:00:00Z", {"n": 3}, id="1")
TERMS = resolve(PLAN, ACME, JANUARY)
BILL = rate(PLAN, ACME, [USE], JANUARY)
AT = "2025-02-01T00:00:00Z"


def refused(act: Callable[[], Any]) -> MismatchError:
    """The mismatch that an act raises."""
    with pytest.raises(MismatchError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize(
    "act",
    [
        lambda some: rate(PLAN, ACME, None, JANUARY),  # type: ignore[arg-type]
        lambda some: rate(PLAN, ACME, USE, JANUARY),  # type: ignore[arg-type]
        lambda some: rate(PLAN, ACME, {"event": "e"}, JANUARY),
        lambda some: rate(PLAN, ACME, "abc", JANUARY),
        lambda some: rate(PLAN, ACME, b"abc", JANUARY),
        lambda some: rate(some, ACME, [], JANUARY),
        lambda some: rate(PLAN, some, [], JANUARY),
        lambda some: rate(PLAN, ACME, [], some),
        lambda some: rate(PLAN, ACME, [], JANUARY, carry=some),
        lambda some: measure(some, []),
        lambda some: measure(TERMS, [], onto=some),
        lambda some: measure(TERMS, [], extra=some),
        lambda some: measure(TERMS, [], extra=[some]),
        lambda some: measure(TERMS, [], layout=some),
        lambda some: charge(some, measure(TERMS, [])),
        lambda some: charge(TERMS, some),
        settle,
        lambda some: rerate(some, PLAN, ACME, []),
        lambda some: rerate(BILL, PLAN, some, []),
        lambda some: rerate(BILL, PLAN, ACME, some),
        lambda some: rerate(BILL, PLAN, ACME, USE, without=["1"]),  # type: ignore[arg-type]
        lambda some: rerate(BILL, PLAN, ACME, [], without="1"),
        lambda some: postponed(some, JANUARY),
        lambda some: postponed([some], JANUARY),
        lambda some: postponed([USE], some),
        lambda some: invoice(BILL, AT),  # type: ignore[arg-type]
        lambda some: invoice([some], AT),
        lambda some: invoice([BILL], AT, issued=some),
        lambda some: invoice([BILL], AT, issued=[some]),
        lambda some: invoice([BILL], AT, issued=invoice([BILL], AT)),  # type: ignore[arg-type]
        lambda some: resolve_all(PLAN, ACME, JANUARY),  # type: ignore[arg-type]
        lambda some: resolve_all(PLAN, [some], JANUARY),
        lambda some: resolve_all(PLAN, [ACME], JANUARY, carries=some),
        lambda some: estimate(PLAN, ACME, some, JANUARY),
        lambda some: estimate(PLAN, ACME, [1], JANUARY),  # type: ignore[arg-type]
        lambda some: estimate(PLAN, some, {}, JANUARY),
        lambda some: estimate(some, ACME, {}, JANUARY),
        lambda some: estimate(PLAN.dump(), ACME, {}, JANUARY),  # type: ignore[arg-type]
        BILL.diff,
        PLAN.diff,
        PLAN.with_card,
        ACME.with_changes,
        lambda some: ACME.with_changes([Cancel(at="2025-02-02")]),  # type: ignore[arg-type]
        lambda some: ACME.differences(some, "2025-01-20"),
        lambda some: ACME.differences("p", "2025-01-20"),  # type: ignore[arg-type]
        lambda some: ACME.periods(some, JANUARY),
        lambda some: ACME.periods(PLAN, some),
        lambda some: ACME.periods(PLAN, "2025"),  # type: ignore[arg-type]
        lambda some: entitled(some, ACME, "sso", "2025-01-20"),
        lambda some: entitled(PLAN, some, "sso", "2025-01-20"),
        lambda some: entitled(PLAN, "acme", "sso", "2025-01-20"),  # type: ignore[arg-type]
        lambda some: entitled(PLAN, ACME, some, "2025-01-20"),
        lambda some: PLAN.variant("q", some),
        lambda some: Tally.load(some, {}),
        lambda some: Tally.load({}, some),
    ],
)
def test_kinds(act: Callable[[Any], Any]) -> None:
    """Another kind of value has one code, and a text that names what came and ends with what to do."""
    error = refused(lambda: act(7))
    assert error.code == "argument.type"
    assert " does not fit; " in error.text


def test_words() -> None:
    """One record by itself is told from a list of them."""
    error = refused(lambda: rate(PLAN, ACME, USE, JANUARY))  # type: ignore[arg-type]
    assert error.text == "the records: UsageRecord does not fit; give a list of them, also where there is one"


def test_generators() -> None:
    """Whatever can be read one by one is many: generators, sets, views of mappings."""
    assert rate(PLAN, ACME, (each for each in [USE]), JANUARY) == BILL
    assert rate(PLAN, ACME, {1: USE}.values(), JANUARY) == BILL
    assert invoice((each for each in [BILL]), AT).amount == BILL.due
    assert postponed(iter([USE]), JANUARY) == [USE]


def test_stored() -> None:
    """Plain data that is no tally, or lacks a part, has a code as well."""
    metering = {"acme": TERMS.meters}
    assert refused(lambda: Tally.load({}, metering)).code == "tally.version"
    assert refused(lambda: Tally.load({"tally": 1}, metering)).code == "tally.state"
    told = measure(TERMS, [USE]).dump()
    assert Tally.load(told, metering) == measure(TERMS, [USE])
    for part in ("metering", "cells", "account", "seen"):
        assert refused(lambda part=part: Tally.load({**told, part: 7}, metering)).code == "tally.state"
    assert refused(lambda: Invoice.from_json(None)).code == "invoice.version"  # type: ignore[arg-type]
    assert refused(lambda: Statement.from_json(None)).code == "statement.version"  # type: ignore[arg-type]


def test_cards() -> None:
    """A misspelt choice does not stand for the other one."""
    assert refused(lambda: rerate(BILL, PLAN, ACME, [], cards="anyy")).code == "rerate.cards"  # type: ignore[arg-type]


def test_reversed_rows() -> None:
    """Records in their JSON form can be reversed by id too; what is no record at all is refused by the measuring."""
    rows = [{"event": "e", "at": "2025-01-02T00:00:00Z", "properties": {"n": 3}, "id": "1"}, {"id": []}, 7]
    found = rerate(BILL, PLAN, ACME, rows, without=["1"])
    assert found.corrected.due.amount == 0
    account = found.corrected.account
    assert account is not None
    assert account.counts["refused"] == 2
