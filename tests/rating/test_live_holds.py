"""What is reserved is told apart as records are: by source and id."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ratecard import Item, Meter, Period, Plan, UsageRecord, live, meters, prices, resolve
from ratecard.errors import MismatchError
from ratecard.guards import AnyGuard, Cap, Concurrency, SlidingWindow
from ratecard.rating import Live

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def bill_of(*some: AnyGuard) -> Live:
    """A live bill at a price per unit."""
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="1"))], guards=some,
    )  # fmt: skip
    return live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), Period.month(2025, 1)))


def use(n: int, source: str | None = None, id: str = "1") -> UsageRecord:
    """One record."""
    return UsageRecord("use", NOON, {"n": n}, id=id, source=source)


def test_two_sources_with_equal_ids() -> None:
    """Records of two sources with one id are held, committed and released each on its own, also after a dump."""
    bill = bill_of(
        Cap(spend=10), SlidingWindow(key="rate", limit=9, window_seconds=60, meter="n"), Concurrency(limit=3)
    )
    for source, n in ((None, 1), ("eu", 2), ("us", 4)):
        assert bill.reserve(use(n, source))
    assert bill.left(NOON) == {"cap on subtotal": 3, "rate": 2, "concurrency of calls": 0}
    bill = Live.load(json.loads(json.dumps(bill.dump())), bill.terms)
    bill.release("1", source="us")
    assert bill.left(NOON) == {"cap on subtotal": 7, "rate": 6, "concurrency of calls": 1}
    bill.commit("1", source="eu")
    bill.commit("1")
    assert bill.left(NOON) == {"cap on subtotal": 7, "rate": 6, "concurrency of calls": 3}
    assert str(bill.statement().due) == "3.00 USD"


def test_a_name_of_the_callers_own() -> None:
    """Under an id that the caller gives there is no source; a record's own id does not meet it."""
    bill = bill_of(Cap(spend=10))
    assert bill.reserve(use(1, "eu"), id="mine")
    assert bill.reserve(use(2, "us", "mine"))
    bill.commit("mine")
    assert str(bill.statement().due) == "1.00 USD"
    bill.commit("mine", source="us")
    assert str(bill.statement().due) == "3.00 USD"


def test_what_is_told_of_a_hold_that_is_not_there() -> None:
    """Where other sources hold the id, the refusal names them."""
    bill = bill_of(Cap(spend=10))
    assert bill.reserve(use(1, "eu"))
    assert bill.reserve(use(1, "us"))
    with pytest.raises(MismatchError, match=r"'1'; the same id is held of the source 'eu' and 'us'; say which") as told:
        bill.commit("1")
    assert told.value.code == "live.reserved"
    with pytest.raises(MismatchError, match=r"'1' of the source 'as'; the same id is held of the source 'eu'"):
        bill.release("1", source="as")
    with pytest.raises(MismatchError, match=r"under '2'; it was committed or released, or never reserved"):
        bill.release("2")
    with pytest.raises(MismatchError, match=r"under 3; it was committed"):
        bill.release(3)  # type: ignore[arg-type]
    with pytest.raises(MismatchError, match="something is held under '1' already"):
        bill.reserve(use(1, "us"))


def test_the_first_form_of_a_dump() -> None:
    """A dump that held by ids alone is read: what was held under the record's own id is of its source."""
    bill = bill_of(Cap(spend=10))
    assert bill.reserve(use(1, "eu"))
    assert bill.reserve(use(2, "eu", "2"), id="mine")
    told: dict[str, Any] = json.loads(json.dumps(bill.dump()))
    assert [row[:2] for row in told["reserved"]] == [["eu", "1"], [None, "mine"]]
    first = {**told, "live": 1, "reserved": [row[1:] for row in told["reserved"]]}
    again = Live.load(first, bill.terms)
    assert again.dump() == told
    again.commit("1", source="eu")
    again.commit("mine")
    assert str(again.statement().due) == "3.00 USD"


@pytest.mark.parametrize("wrong", [[[5, "1"]], [[None, 5]], [[None]], [["a", "b", "c"]], [5], 5])
def test_what_is_no_hold_is_refused(wrong: Any) -> None:
    """Names of another type are refused as any other damage is."""
    bill = bill_of(Cap(spend=10))
    assert bill.reserve(use(1))
    told: dict[str, Any] = json.loads(json.dumps(bill.dump()))
    rows = [[*row, *told["reserved"][0][2:]] for row in wrong] if isinstance(wrong, list) and wrong != [5] else wrong
    with pytest.raises(MismatchError) as error:
        Live.load({**told, "reserved": rows}, bill.terms)
    assert error.value.code == "live.state"


def test_a_window_keeps_the_price_that_was_let_through() -> None:
    """What ran as it was let through counts at that price, also where it is recorded before what was held first."""
    falls = prices.Volume(tiers=[prices.Tier(up_to=5, unit_price="2"), prices.Tier(unit_price="1")])
    plan = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=falls)], guards=[Cap(key="hour", spend=10, window_seconds=3600)],
    )  # fmt: skip
    bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), Period.month(2025, 1)))
    assert bill.reserve(use(6, id="held"))
    assert bill.admit(use(4, id="next"))
    assert bill.left(NOON) == {"hour": 0}
    bill = Live.load(json.loads(json.dumps(bill.dump())), bill.terms)
    # Alone it would be 8, at the dearer price: it was let through at 4.
    assert bill.record(use(4, id="next")) == ()
    assert bill.left(NOON) == {"hour": 0}
    assert bill.commit("held") == ()
    assert (bill.left(NOON), str(bill.statement().due)) == ({"hour": 0}, "10.00 USD")
    # What comes out otherwise is told what it takes now.
    later = "2025-01-10T14:00:00Z"
    assert bill.admit(use(4, id="more"), at=later)
    assert bill.record(use(2, id="more"), at=later) == ()
    assert bill.left(later) == {"hour": 8}
