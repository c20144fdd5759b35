"""Trials by amount: usage that is free up to a sum of money or a quantity, over groups, changes and periods."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ratecard import Meter, Period, UsageRecord, meters, rate
from ratecard.errors import DefinitionError, MismatchError, UnknownKeyError
from ratecard.plans import AddOn, Carry, Catalog, ChangePlan, Free, Phase, Plan, Subscription
from ratecard.rating import Statement, invoice

JANUARY, FEBRUARY, MARCH = (Period.month(2025, month) for month in (1, 2, 3))
METERS = [
    Meter(key="m", event="e", aggregate=meters.Sum(of="n")).model_dump(mode="json"),
    Meter(key="level", event="l", aggregate=meters.Level(of="n")).model_dump(mode="json"),
]
USE = {"key": "use", "meter": "m", "price": {"model": "per_unit", "unit_price": "1", "refunds": True}}
GROUPS = USE | {"each": ["g"]}
FEE = {"key": "base", "price": {"model": "flat", "amount": "31"}, "bill": "advance"}


def start(*free: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    """A phase with what is free in it, until 20 January where nothing else is said."""
    return [{"key": "start", "every": 19, "unit": "day", "free": list(free), **fields}]


def plan(*items: dict[str, Any], free: Any = None, key: str = "p", **fields: Any) -> Plan:
    """A plan in USD with its first 100 free."""
    told = {"meters": METERS, "phases": start({"amount": "100"}) if free is None else free, **fields}
    return Plan.load({"key": key, "cards": [{"currency": "USD", "items": list(items or [USE])}], **told})


def bill(
    held: Plan | Catalog, *usage: tuple[str, str] | tuple[str, str, str], period: Period = JANUARY, carry: Any = None,
    event: str = "e", **fields: Any,
) -> Statement:  # fmt: skip
    """The statement of who starts on the first of January; usage is day, quantity and group."""
    key = held.key if isinstance(held, Plan) else "p"
    acme = Subscription.model_validate({"customer": "acme", "plan": key, "start": "2025-01-01", **fields})
    records = [
        UsageRecord(event, f"2025-{day}T12:00:00Z", {"n": n, "g": group[0] if group else "a"}, id=f"{day}{n}{group}")
        for day, n, *group in usage
    ]
    kept = Carry.from_json(json.loads(json.dumps(carry.to_json()))) if carry else None
    found = rate(held, acme, records, period, carry=kept)
    assert found.verify() and Statement.from_json(json.loads(found.dumps())).dumps() == found.dumps()
    return found


def told(found: Statement) -> list[tuple[str, str]]:
    """Kind and amount of each line."""
    return [(line.kind, f"{line.rounded}") for line in found.lines]


def freed(found: Statement) -> list[str]:
    """What is taken off."""
    return [f"{line.rounded}" for line in found.lines_by("trial")]


def used(found: Statement) -> dict[str, str]:
    """What the carry tells."""
    assert found.carry is not None
    return found.carry.commitments


def test_less_than_is_free() -> None:
    """Usage below the amount is free, and the line says why."""
    found = bill(plan(), ("01-10", "60"))
    assert told(found) == [("usage", "60.00"), ("usage", "0.00"), ("trial", "-60.00")]
    assert "free in the trial: start, 2025-01-01T00:00:00Z to 2025-01-20T00:00:00Z: -60.00 USD" in found.explain()
    assert "the least of 60, 100 = 60" in found.explain()


def test_more_than_is_free() -> None:
    """Usage beyond the amount is paid, and so is all that comes after the phase."""
    found = bill(plan(), ("01-10", "160"), ("01-25", "5"))
    assert told(found) == [("usage", "160.00"), ("usage", "5.00"), ("trial", "-100.00")]
    assert str(found.due) == "65.00 USD"


def test_nothing_to_take_off() -> None:
    """Without usage, with a credit, or with nothing free there is no line."""
    assert freed(bill(plan())) == freed(bill(plan(), ("01-10", "-5"))) == []
    assert freed(bill(plan(free=start({"amount": "0"})), ("01-10", "5"))) == []
    assert freed(bill(plan(free=start({"units": "0", "items": ["use"]})), ("01-10", "5"))) == []


def test_groups() -> None:
    """What is free falls on the groups in proportion, whoever came first."""
    found = bill(plan(GROUPS), ("01-05", "150", "a"), ("01-04", "50", "b"))
    (line,) = found.lines_by("trial")
    assert [f"{part}" for _, part in line.shares] == ["-75.00", "-25.00"]


def test_fees_are_owed() -> None:
    """Fees and what is sold beside the plan are no part of it."""
    extra = AddOn.model_validate({"key": "x", "items": [USE | {"key": "extra"}], "start": "2025-01-01"})
    found = bill(plan(FEE, USE), ("01-10", "60"), addons=[extra])
    assert str(found.due) == "91.00 USD"
    (line,) = found.lines_by("trial")
    assert [key.partition("@")[0] for key, _ in line.shares] == ["use"]


def test_over_periods() -> None:
    """What is used up travels in the carry, until the phase is over."""
    held = plan(free=start({"amount": "100"}, every=45))
    first = bill(held, ("01-10", "60"))
    assert used(first) == {"trial start": "60"}
    second = bill(held, ("02-02", "60"), ("02-20", "60"), period=FEBRUARY, carry=first.carry)
    assert told(second) == [("usage", "60.00"), ("usage", "60.00"), ("trial", "-40.00")]
    assert used(second) == {}
    assert freed(bill(held, ("03-02", "60"), period=MARCH, carry=second.carry)) == []
    with pytest.raises(MismatchError) as caught:
        bill(held, ("02-02", "60"), period=FEBRUARY)
    assert caught.value.code == "carry.missing"


def test_without_an_end() -> None:
    """A phase without an end lasts until it is used up, and stays used up."""
    held = plan(free=start({"amount": "100"}, every=None))
    first = bill(held, ("01-10", "160"))
    second = bill(held, ("02-10", "160"), period=FEBRUARY, carry=first.carry)
    assert (freed(first), freed(second), used(second)) == (["-100.00"], [], {"trial start": "100"})
    assert told(first) == [("usage", "160.00"), ("trial", "-100.00")]


def test_units() -> None:
    """Of 15 units that cost 12.50, 12 are free: 12 / 15 of what they cost; over periods, up to the last of them."""
    tiers = {"model": "graduated", "tiers": [{"up_to": 10, "unit_price": "1"}, {"unit_price": "0.5"}]}
    held = plan(USE | {"price": tiers}, free=start({"units": "20", "items": ["use"]}, every=None))
    first = bill(held, ("01-10", "12"))
    second = bill(held, ("02-10", "16"), period=FEBRUARY, carry=first.carry)
    assert [freed(first), used(first)] == [["-11.00"], {"trial start": "12"}]
    assert [freed(second), used(second)] == [["-6.50"], {"trial start": "20"}]
    assert "8 of 16 units are free: 13 x -8 / 16 = -6.5" in second.explain()
    third = bill(held, ("03-10", "16"), period=MARCH, carry=second.carry)
    assert freed(third) == []


def test_units_that_do_not_end() -> None:
    """A quantity that is no whole number of decimals is used up exactly."""
    level = {"key": "level", "meter": "level", "price": {"model": "per_unit", "unit_price": "31"}}
    held = plan(level, free=start({"units": "5", "items": ["level"]}, every=None))
    found = bill(held, ("01-11", "1"), event="l")
    assert used(found) == {"trial start": "41/62"}
    again = bill(held, period=FEBRUARY, carry=found.carry)
    assert used(again) == {"trial start": "103/62"}


def test_several() -> None:
    """Several are taken off one after the other, each of what is left and with a key of its own."""
    other = USE | {"key": "other"}
    free = start({"key": "calls", "units": "10", "items": ["use"]}, {"key": "rest", "amount": "15"})
    found = bill(plan(USE, other, free=free), ("01-10", "20"))
    assert [(line.item, f"{line.rounded}") for line in found.lines_by("trial")] == [
        ("start calls", "-10.00"), ("start rest", "-15.00"),
    ]  # fmt: skip
    assert found.lines_by("trial")[1].key == "[trial]start rest@2025-01-01T00:00:00Z"


def test_rounding_never_gives_more() -> None:
    """An amount finer than a cent is used up by what was taken off."""
    held = plan(free=start({"amount": "0.005"}, every=None))
    first = bill(held, ("01-10", "1"))
    assert (freed(first), used(first)) == (["-0.01"], {"trial start": "0.01"})
    assert freed(bill(held, ("02-10", "1"), period=FEBRUARY, carry=first.carry)) == []


def test_stages_behind_it() -> None:
    """Discounts and taxes read what is left; floors are owed; overage is not on what was free."""
    tax = [{"key": "t", "rate": "0.1"}]
    found = bill(plan(taxes=tax, discounts=[{"kind": "percent", "key": "d", "rate": "0.5"}]), ("01-10", "120"))
    assert told(found)[2:] == [("trial", "-100.00"), ("discount", "-10.00"), ("tax", "1.00")]
    assert str(bill(plan(minimum={"amount": "31"}), ("01-10", "60")).due) == "31.00 USD"
    over = bill(
        plan(commitments=[{"kind": "postpaid", "key": "c", "amount": "30", "overage": "2", "prorate": False}]),
        ("01-10", "150"),
    )
    assert told(over)[2:] == [("trial", "-100.00"), ("overage", "20.00")]


def test_change_of_plan() -> None:
    """A trial goes on through a change of plan, over both plans' lines."""
    both = Catalog(plans=[plan(), plan(key="q", free=[])])
    found = bill(both, ("01-05", "60"), ("01-15", "60"), changes=[ChangePlan(at="2025-01-10", plan="q")])
    assert freed(found) == ["-100.00"]


def test_own_rhythm() -> None:
    """Usage of an item that is billed late is free by the trial it happened in, and the carry waits for it."""
    own = USE | {"cadence": {"every": 2, "unit": "month", "anchor": "2025-01-01"}}
    held = plan(own, USE | {"key": "now"})
    first = bill(held, ("01-10", "70"))
    assert (freed(first), used(first)) == (["-70.00"], {"trial start": "70"})
    second = bill(held, period=FEBRUARY, carry=first.carry)
    assert (freed(second), used(second)) == (["-30.00"], {})


def test_advance_of_a_trial_is_due_with_its_usage() -> None:
    """What is free of usage is invoiced with it, and not when the phase ends."""
    found = bill(plan(FEE, USE), ("01-10", "60"))
    first = invoice([found], "2025-01-20T00:00:00Z")
    assert [line.item for line in first.lines] == ["base"]
    assert str(invoice([found], JANUARY.end, issued=[first]).amount) == "0.00 USD"


def test_phases_of_a_subscription() -> None:
    """A subscription's own phases go in the place of the plan's, with an amount in its currency."""
    own = [Phase(key="own", every=10, unit="day", free=[Free(amount={"USD": "7", "EUR": "6"})])]
    assert freed(bill(plan(), ("01-05", "60"), phases=own)) == ["-7.00"]
    for free, code in (
        ({"amount": {"EUR": "7"}}, "amount.currency"),
        ({"amount": "1", "items": ["us"]}, "key.unknown"),
    ):
        with pytest.raises(UnknownKeyError) as caught:
            bill(plan(), phases=start(free))
        assert [(each.path.partition(".")[0], each.code) for each in caught.value.problems] == [("phases[0]", code)]


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ([{}], [("phases[0].free[0].amount", "free.kind")]),
        ([{"amount": "1", "units": "1"}], [("phases[0].free[0].amount", "free.kind")]),
        ([{"units": "1"}], [("phases[0].free[0].items", "free.items")]),
        ([{"units": "-1", "items": ["use"]}], [("phases[0].free[0].units", "amount.negative")]),
        ([{"amount": {"USD": "-1"}}], [("phases[0].free[0].amount.USD", "amount.negative")]),
        ([{"amount": "-1"}], [("phases[0].free[0].amount", "amount.negative")]),
        ([{"amount": "1", "items": ["use", "use"]}], [("phases[0].free[0].items[1]", "key.duplicate")]),
        ([{"amount": "1", "items": ["us"]}], [("phases[0].free[0].items[0]", "key.unknown")]),
        ([{"amount": {"EUR": "1"}}], [("phases[0].free[0].amount", "amount.currency")] * 2),
        ([{"amount": "1"}, {"amount": "2"}], [("phases[0].free[1].key", "key.duplicate")]),
    ],
)
def test_refused(free: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    """What cannot be is refused when the plan is written."""
    with pytest.raises(DefinitionError) as caught:
        plan(free=start(*free))
    assert [(each.path, each.code) for each in caught.value.problems] == expected


def test_refused_together() -> None:
    """A trial by time is free already, and shares among lines need rounded lines."""
    for fields, code in (
        ({"free": start({"amount": "1"}, trial=True)}, "phase.free"),
        ({"rounding_at": "statement"}, "rounding.statement"),
        (
            {"free": [*start({"key": "b", "amount": "1"}), {"key": "start b", "free": [{"amount": "1"}]}]},
            "key.duplicate",
        ),
    ):
        with pytest.raises(DefinitionError) as caught:
            plan(**fields)
        assert [each.code for each in caught.value.problems] == [code]
