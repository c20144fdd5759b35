"""Laws of the statement: it proves itself, no tampering passes, and rounding never loses a cent for long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ratecard import meters, prices
from ratecard.periods import Period
from ratecard.plans import Item, Plan, Subscription
from ratecard.rating import Statement, rate
from ratecard.records import UsageRecord
from tests import oracle
from tests.strategies import History, amounts, fraction, histories, quantity_prices, simple_prices, walk_records

JANUARY = Period.month(2025, 1)
GROUPS = ["a", "b", "a]", "=", "[d=a]", "\\", "@"]


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Statements of any price, pooled, split or grouped, rounded by any rule at any point that is built."""
    how = draw(st.sampled_from(["each", "split", "pooled"]))
    some = draw(quantity_prices(2))
    plan = Plan.single(
        "p",
        currency=draw(st.sampled_from(["USD", "JPY", "credits"])),
        units=[{"key": "credits", "places": 3}],
        meters=[
            meters.Meter(
                key="m", event="e", aggregate=meters.Sum(of="n"), convert=draw(st.sampled_from([None, {"divide": 3}]))
            )
        ],
        items=[
            Item(
                key=draw(st.sampled_from(["use", "use[d=a]", "use@x"])),
                meter="m",
                price=some,
                round_quantity=draw(st.sampled_from([None, "up"])),
                **({how: ["d", "f"]} if how != "pooled" else {}),
            ),
            Item(key="fee", price=prices.Flat(amount=draw(amounts(-9, 9)))),
            Item(key="part", price=prices.PercentOf(items=["fee"], rate="0.333")),
        ],
        rounding=draw(st.sampled_from(["half_up", "half_even", "up", "down", "ceiling", "floor"])),
        rounding_at=draw(st.sampled_from(["line", "statement"])),
        carry_remainders=draw(st.booleans()),
    )
    value = st.sampled_from(GROUPS)
    count = draw(st.integers(0, 6))
    records = [
        UsageRecord("e", "2025-01-10T00:00:00Z", {"n": draw(amounts(-9, 40)), "d": draw(value), "f": draw(value)})
        for _ in range(count)
    ]
    start = draw(st.sampled_from(["2025-01-01", "2025-01-08"]))
    return rate(plan, plan.subscribe("acme", start=start), records, JANUARY)


@given(statements())
def test_statements_prove_themselves(bill: Statement) -> None:
    """Every step recomputes, the lines add up, and every line is told in words."""
    assert bill.verify()
    assert sum((line.rounded for line in bill.lines), Decimal(0)) == bill.subtotal.amount == bill.due.amount
    words = bill.explain()
    assert all(line.headline() in words and line.explain() in words for line in bill.lines)
    assert all(str(line.amount.amount) in line.headline() for line in bill.lines)


@st.composite
def parted(draw: st.DrawFn) -> Statement:
    """Statements of prices for each part of the usage, on meters of which the parts do not add up."""
    unit_prices = st.sampled_from(["2", "0.5", "0"])
    table = st.builds(
        lambda kind, bound, *rates: kind(
            tiers=[prices.Tier(up_to=bound, unit_price=rates[0]), prices.Tier(unit_price=rates[1])]
        ),
        st.sampled_from([prices.Volume, prices.Volume, prices.Graduated]), st.integers(1, 20), unit_prices, unit_prices,
    )  # fmt: skip
    inner = st.one_of(table, table, table, simple_prices(1))
    meter = meters.Meter(
        key="m", event="e", convert=draw(st.sampled_from([None, {"divide": 3, "rounding": "up"}])),
        aggregate=draw(st.sampled_from([
            meters.Unique(of="f"), meters.Max(of="n"), meters.Min(of="n"), meters.Latest(of="n"),
            meters.Average(of="n"), meters.Percentile(of="n", percent=50), meters.Count(), meters.Sum(of="n"),
        ])),
    )  # fmt: skip
    chosen: list[prices.Price] = [
        prices.Matrix(dimensions=["d"], default=draw(inner), cells=[prices.Cell(values=["a"], price=draw(inner))]),
        prices.Windows(windows=[prices.Window(name="w", weekdays=[4], price=draw(inner))], default=draw(inner)),
    ]
    price = draw(st.sampled_from(chosen))
    item = Item(key="use", meter="m", price=price, round_quantity=draw(st.sampled_from([None, "up"])))
    plan = Plan.single("p", currency="USD", meters=[meter], items=[item])
    if draw(st.booleans()):
        plan = plan.with_card(plan.cards[0].model_copy(update={"effective": "2025-01-08"}))
    value = st.sampled_from("ab")
    records = [
        UsageRecord(
            "e", f"2025-01-0{day}T00:00:00Z", {"n": draw(st.integers(0, 40)), "d": draw(value), "f": draw(value)}
        )
        for day in draw(st.lists(st.integers(1, 9), min_size=3, max_size=6))
    ]
    return rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY)


@given(parted())
def test_prices_of_parts_prove_themselves(bill: Statement) -> None:
    """Whatever a meter counts and however its parts are priced, the statement verifies."""
    assert bill.verify()


@given(statements())
def test_json_round_trip(bill: Statement) -> None:
    """A statement comes back from its JSON text as the same statement, which writes the same bytes."""
    again = Statement.from_json(json.loads(bill.dumps()))
    assert again == bill
    assert hash(again) == hash(bill)
    assert again.dumps() == bill.dumps()
    assert again.verify()
    assert bill.diff(again) == []
    assert again.carry is None


@given(statements(), st.data())
def test_tampering_shows(bill: Statement, data: st.DataObject) -> None:
    """A figure, a step or a key that was changed in a stored statement makes `verify` false, and never raises."""
    told = json.loads(bill.dumps())
    places = list(_figures(told))
    assume(places)
    holder, name, text = data.draw(st.sampled_from(places))
    holder[name] = str(Decimal(text) + 1)
    assert Statement.from_json(told).verify() is False


def _figures(told: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """The places of amounts and of results of steps that are plain decimals."""
    for name in ("subtotal", "total", "due"):
        yield told, name, told[name]
    stack = []
    for line in told["lines"]:
        yield line, "amount", line["amount"]
        if "/" not in line["exact"]:
            yield line, "exact", line["exact"]
        price = line["steps"][-1]["parts"][0]
        if line["kind"] in ("usage", "fee") and "/" not in line["quantity"] and _states_quantity(price):
            yield line, "quantity", line["quantity"]
        stack += line["steps"][-1:]
    while stack:
        step = stack.pop()
        if "/" not in step["result"]:
            yield step, "result", step["result"]
        # What chooses among parts, or clamps them, need not let a changed part through to the amount.
        if step["rule"] not in ("last", "clamp", "greatest", "least"):
            stack += step.get("parts", [])


def _states_quantity(price: dict[str, Any]) -> bool:
    """Whether the step of a price says of what quantity it is the price: one product, one tier, or shares in tiers."""
    if price["rule"] == "product":
        return "quantity" in price.get("inputs", {})
    tiers = price.get("parts", []) if price["rule"] == "sum" else [price]
    units = {each["inputs"]["units"] for each in tiers if each["rule"] == "tier"}
    # Of several prices that each saw the same quantity, nothing tells whether it was shared out.
    return bool(tiers) and all(each["rule"] == "tier" for each in tiers) and (len(tiers) == 1 or len(units) > 1)


@given(statements(), st.data())
def test_broken_steps_show(bill: Statement, data: st.DataObject) -> None:
    """Parts taken away, rules renamed and keys exchanged make `verify` false."""
    told = json.loads(bill.dumps())
    line = data.draw(st.sampled_from(told["lines"]))
    act = data.draw(st.sampled_from(["parts", "rule", "mode", "steps", "key", "item", "start"]))
    last = line["steps"][-1]
    if act == "parts":
        last["parts"] = []
    elif act == "rule":
        last["rule"] = "no rule"
    elif act == "mode":
        last["rule"], last["inputs"] = "round", {"places": "2", "mode": "sideways"}
    elif act == "steps":
        line["steps"] = []
    elif act == "start":
        line["period"]["start"] = "2025-01-09T00:00:00Z"
    else:
        line[act] += "x"
    assert Statement.from_json(told).verify() is False


@given(histories(), st.data())
def test_diff_tells_what_changed(history: History, data: st.DataObject) -> None:
    """The differences of two statements of one period are exactly those between their lines by key."""
    plan, acme, records, _ = history
    some = data.draw(st.lists(st.sampled_from(records), unique_by=lambda each: each.id)) if records else []
    one, other = rate(plan, acme, records, JANUARY), rate(plan, acme, some, JANUARY)
    mine, theirs = ({line.key: line.amount for line in each.lines} for each in (one, other))
    found = one.diff(other)
    assert {each.key for each in found} == {key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key)}
    assert all((each.before, each.after) == (mine.get(each.key), theirs.get(each.key)) for each in found)


# --- rounding ---


def metered(price: prices.Price, *, each: list[str] | None = None, **fields: Any) -> Plan:
    """A plan of one metered item."""
    meter = meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n"))
    return Plan.single(
        "p", currency="USD", meters=[meter], items=[Item(key="use", meter="m", price=price, each=each or [])], **fields
    )


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.sampled_from(["0.004", "0.005", "0.0149"]))
def test_statement_rounding(quantities: list[int], price: str) -> None:
    """Rounded as a whole, a statement is its exact sum rounded once, and no line is a cent or more from its own."""
    plan = metered(prices.PerUnit(unit_price=price), each=["d"], rounding_at="statement")
    records = [UsageRecord("e", "2025-01-10T00:00:00Z", {"n": n, "d": str(d)}) for d, n in enumerate(quantities)]
    bill = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY)
    assert bill.due.amount == oracle.rounded(Fraction(price) * sum(quantities))
    assert all(abs(line.rounded - Decimal(str(line.exact))) < Decimal("0.01") for line in bill.lines)
    assert bill.verify()


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ab")), max_size=3), min_size=1, max_size=5),
    st.sampled_from(["line", "statement"]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_remainders(months: list[list[tuple[int, str]]], at: str, dated: bool, grouped: bool) -> None:
    """With remainders carried, all that was billed is the exact sum so far but for what the lines still hold."""
    plan = metered(
        prices.PerUnit(unit_price="0.0037"), each=["d"] if grouped else [], rounding_at=at, carry_remainders=True
    )
    if dated:
        plan = plan.with_card(plan.cards[0].model_copy(update={"effective": "2025-02-15"}))
    acme, carry = plan.subscribe("acme", start="2025-01-01"), None
    billed, owed = Decimal(0), Fraction(0)
    for month, given_ in enumerate(months, start=1):
        records = [
            UsageRecord("e", f"2025-{month:02}-{day}T00:00:00Z", {"n": n, "d": d})
            for n, d in given_
            for day in ("10", "20")
        ]
        bill = rate(plan, acme, records, Period.month(2025, month), carry=carry)
        carry = bill.carry
        assert bill.verify()
        assert carry is not None
        billed += bill.due.amount
        owed += Fraction("0.0037") * sum(2 * n for n, _ in given_)
        left = sum((Fraction(told) for told in carry.remainders.values()), Fraction(0))
        assert Fraction(billed) + left == owed
        assert all(abs(Fraction(told)) < Fraction(1, 100) for told in carry.remainders.values())


# --- groups ---


@given(simple_prices(), walk_records(days=30), st.booleans())
def test_split_shows_the_pooled_amount(price: prices.Price, records: list[UsageRecord], dated: bool) -> None:
    """Split, an item costs what it costs pooled, and its quantities are those of its groups."""
    pooled = metered(price)
    split = pooled.model_copy(
        update={
            "cards": (
                pooled.cards[0].model_copy(update={"items": (Item(key="use", meter="m", price=price, split=["d"]),)}),
            )
        }
    )
    if dated:
        pooled, split = (
            each.with_card(each.cards[0].model_copy(update={"effective": "2025-01-16"})) for each in (pooled, split)
        )
    one, other = (
        rate(each, Subscription(customer="acme", plan="p", start="2025-01-01"), records, JANUARY)
        for each in (pooled, split)
    )
    assert other.due == one.due
    assert other.verify()
    mine = [each for each in records if each.event == "e"]
    for value in ("a", "b", ""):
        held = sum((fraction(line.quantity) for line in other.lines if line.group == (("d", value),)), Fraction(0))
        assert held == sum(
            (Fraction(each.properties["n"]) for each in mine if (each.properties["d"] or "") == value), Fraction(0)
        )


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc"), st.integers(1, 30)), max_size=8),
    st.integers(0, 60), simple_prices(1), st.booleans(),
)  # fmt: skip
def test_pooled_allowance(used: list[tuple[int, str, int]], units: int, base: prices.Price, dated: bool) -> None:
    """Groups share included units by use, none gets more than it used, and a card that changes nothing, nothing."""
    plan = metered(prices.Allowance(units=units, scope="pooled", base=base), each=["d"])
    records = [UsageRecord("e", f"2025-01-{day:02}T00:00:00Z", {"n": n, "d": d}) for n, d, day in used]
    whole: dict[str, int] = {}
    for n, d, _ in used:
        whole[d] = whole.get(d, 0) + n
    total = sum(whole.values())
    shares = dict(whole)
    if total > units:
        rests = sorted(whole, key=lambda d: (-(units * whole[d] % total), d))
        shares = {d: units * whole[d] // total for d in whole}
        for d in rests[: units - sum(shares.values())]:
            shares[d] += 1
    if dated:
        plan = plan.with_card(plan.cards[0].model_copy(update={"effective": "2025-01-16"}))
    bill = rate(plan, plan.subscribe("acme", start="2025-01-01"), records, JANUARY)
    assert bill.verify()
    for d, n in whole.items():
        held = sum((fraction(line.exact) for line in bill.lines if line.group == (("d", d),)), Fraction(0))
        assert held == oracle.cost(base, [], Fraction(n - shares[d]), Fraction(1))


@given(st.lists(st.integers(0, 200), min_size=1, max_size=4), st.integers(0, 150), st.booleans(), st.booleans())
def test_rollover(used: list[int], most: int, cut: bool, grouped: bool) -> None:
    """Unused units of a month, up to a limit, are there in the next; where a month is cut, not twice."""
    price = prices.Allowance(units=100, rollover=most, base=prices.PerUnit(unit_price="1"))
    plan = metered(price, each=["d"] if grouped else [])
    acme, carry, rolled = plan.subscribe("acme", start="2025-01-01"), None, 0
    for month, n in enumerate(used, start=1):
        records = [UsageRecord("e", f"2025-{month:02}-20T00:00:00Z", {"n": n, "d": "a"})]
        period = Period.month(2025, month)
        owed = Fraction(0)
        for part in period.split(f"2025-{month:02}-11", f"2025-{month:02}-25") if cut else [period]:
            bill = rate(plan, acme, [each for each in records if part.contains(each.at)], part, carry=carry)
            carry = bill.carry
            owed += sum((fraction(line.exact) for line in bill.lines), Fraction(0))
        assert owed == max(0, n - 100 - rolled)
        rolled = min(most, max(0, 100 + rolled - n))
