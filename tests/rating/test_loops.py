"""Every fixed loop of metering against the careful path, over one table of sound and hostile rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from typing import Any, TypeAlias

import pytest

from ratecard import meters, prices
from ratecard.errors import MismatchError
from ratecard.plans import Catalog, Item, Plan, RateCard, resolve
from ratecard.rating import charge, measure, resolve_all
from ratecard.rating._careful import Careful
from ratecard.records import Layout, UsageRecord
from tests.laws.test_measure import JANUARY, as_json, carefully, laid, outcome, selling, terms_of

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
SOUND = {
    "event": "call", "at": NOON, "n": 3, "m": 1, "d": "a", "e": "b", "f": "c", "customer": "acme",
    "source": "s", "id": "1",
}  # fmt: skip
ODD: dict[str, list[Any]] = {
    "event": ["chat", "unsold", "other", "", None, 1, ("call",), ["call"]],
    "at": [
        datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC),
        datetime(2025, 1, 31, 23, 59, 59, 999999, UTC),
        NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=5))), "2025-01-10T12:00:00Z", "2025-01-10",
        date(2025, 1, 10), "x", None, 5, datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
    ],
    "n": [
        0, -3, True, 1.5, float("nan"), "4", "-0", "x", "", None, Decimal("1.5"), Decimal(2), Decimal("NaN"),
        Decimal("1E+50"), 2**95, 2**96, 2**97, 10**30 - 1, 10**30, -(10**30), 10**5000, (1,), [1], {}, object(),
    ],
    "m": [0, -1, None, "x", Decimal("0.5"), 2**97, True],
    "d": ["", "b", None, 1, True, 1.5, Decimal(2), ("a", "b"), ("a",), (), ["a"], {"a": 1}, 10**5000, b"a"],
    "e": ["", None, 1, ("a", "b"), ["a"]],
    "f": ["", None, 1, ("a", "b"), ["a"]],
    "customer": ["bolt", "none", "", None, 1, ("acme",), ["acme"]],
    "source": ["t", "", None, 1, ("s",), ["s"]],
    "id": ["2", "", None, 1, ("1",), ["1"], True],
}  # fmt: skip


def table() -> list[dict[str, Any]]:
    """A sound row, the same again, another of the same identity, every odd value in every place, places left out."""
    found = [SOUND, SOUND, {**SOUND}, {**SOUND, "n": 4}, {}]
    for index, (name, values) in enumerate(ODD.items()):
        # Each with an identity of its own, but where that is what is odd.
        found += [{**SOUND, "id": f"{index}-{at}", name: value} for at, value in enumerate(values)]
        found.append({key: value for key, value in SOUND.items() if key != name})
    found += [{**SOUND, "id": str(n), "n": n, "d": "ab"[n % 2], "customer": ("acme", "bolt")[n % 2]} for n in range(20)]
    # An identity that was counted, now in a group, or of a customer, that nothing else is in.
    found += [{**SOUND, "d": "z", "e": "z"}, {**SOUND, "customer": "bolt", "d": "y"}]
    return found


AXES = [[], ["d"], ["d", "e"], ["d", "e", "f"], ["source"], ["d", "e", "f", "source"]]


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize(("several", "less"), [(False, []), (True, []), (False, ["m"])])
def test_rows(axes: list[str], several: bool, less: list[str]) -> None:
    """Each layout gives in the fixed loops, byte for byte, what it gives one by one with every check."""
    plan, rows = selling(axes, several=several, less=less), table()
    ways = product(
        [None, "customer"], [None, "source"], [None, "id"], [(None, False), ("call", False), ("call", True)],
        [None, tuple(SOUND)], [False, True], ["checked", "trusted"],
    )  # fmt: skip
    for customer, source, id, (event, within), columns, book, identity in ways:
        layout = Layout(
            customer=customer, source=source, id=id, always_event=event, within=within, columns=columns
        )  # fmt: skip
        fed = [laid(row, layout) for row in rows]
        terms, how = terms_of(plan, book=book), {"layout": layout, "identity": identity}
        assert outcome(measure, terms, fed, **how) == outcome(carefully, terms, fed, **how), vars_of(layout)


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("less", [[], ["m"]])
@pytest.mark.parametrize("identity", ["checked", "trusted"])
@pytest.mark.parametrize("book", [False, True])
def test_records(axes: list[str], less: list[str], identity: Any, book: bool) -> None:
    """So do records, the plain data of records, and a mixture of both."""
    plan, told = selling(axes, less=less), [as_json(row) for row in table()]
    objects = [each for each in map(built, told) if each is not None]
    terms, how = terms_of(plan, book=book), {"identity": identity}
    for fed in (told, objects, [*objects, *told], [*objects, 5, None, "x", *told]):
        assert outcome(measure, terms, fed, **how) == outcome(carefully, terms, fed, **how)


def _bracketed(of: list[str], *bounds: str) -> prices.Brackets:
    one = prices.PerUnit(unit_price="1")
    return prices.Brackets(of=of, brackets=[prices.Bracket(up_to=bound, price=one) for bound in (*bounds, None)])


ONE = prices.PerUnit(unit_price="1")
N, M, NET, CALLS = meters.Sum(of="n"), meters.Sum(of="m"), meters.Sum(of="n", less=["m"]), meters.Count()
Fed: TypeAlias = list[tuple[meters.Aggregate, prices.Price, list[str]]]
"""The meters that one event feeds: what each adds up, and the price and the dimensions of its item."""

FEEDS: dict[str, Fed] = {
    "a pair": [(N, ONE, ["d"]), (M, ONE, ["d"])],
    "a pair of one meter": [(NET, ONE, ["d"])],
    "a pair, one less": [(NET, ONE, ["d"]), (M, ONE, ["d"])],
    "a pair without groups": [(N, ONE, []), (M, ONE, [])],
    "two groups": [(N, ONE, ["d"]), (M, ONE, ["e"])],
    "groups in part": [(N, ONE, ["d", "e"]), (NET, ONE, ["e"]), (M, ONE, [])],
    "a count": [(CALLS, ONE, [])],
    "a count by group": [(CALLS, ONE, ["d"])],
    "a sum and a count": [(N, ONE, ["d"]), (CALLS, ONE, ["d"])],
    "a sum less and a count": [(NET, ONE, ["d"]), (CALLS, ONE, ["e"])],
    "sizes": [(N, _bracketed(["n", "m"], "3", "5"), [])],
    "sizes, some with places": [(NET, _bracketed(["m"], "0.5", "2"), []), (CALLS, ONE, [])],
    "sizes by group": [(N, _bracketed(["n"], "3"), ["d"]), (CALLS, ONE, ["d"])],
    "sizes by two groups": [(N, _bracketed(["n"], "3"), ["d", "e"]), (M, _bracketed(["m"], "1"), ["d"])],
    "sizes of the value": [(N, _bracketed([], "3"), ["d"]), (CALLS, ONE, [])],
}


def feeding(fed: Fed, *, other: bool = True) -> Plan:
    """A plan whose events feed several meters each; `chat` feeds one alone."""
    made = [
        (meters.Meter(key=f"{index}", event="call", aggregate=aggregate), price, each)
        for index, (aggregate, price, each) in enumerate(fed)
    ]
    if other:
        made.append((meters.Meter(key="chat", event="chat", aggregate=N), ONE, ["d"]))
    return Plan.single(
        "p",
        currency="USD",
        meters=[*(meter for meter, _, _ in made), meters.Meter(key="unsold", event="unsold", aggregate=N)],
        items=[Item(key=meter.key, meter=meter.key, price=price, each=each) for meter, price, each in made],
    )


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("book", [False, True])
def test_rows_that_feed_several_meters(feed: str, book: bool) -> None:
    """Rows whose events feed several meters, or are counted, or told apart by size, come to the same in the loops."""
    rows = table()
    ways = product(
        [None, "customer"], [None, "source"], [None, "id"], [None, tuple(SOUND)], ["checked", "trusted"], [True, False]
    )
    for customer, source, id, columns, identity, other in ways:
        layout = Layout(customer=customer, source=source, id=id, columns=columns)
        fed = [laid(row, layout) for row in rows]
        terms, how = terms_of(feeding(FEEDS[feed], other=other), book=book), {"layout": layout, "identity": identity}
        assert outcome(measure, terms, fed, **how) == outcome(carefully, terms, fed, **how), vars_of(layout)


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("book", [False, True])
def test_records_that_feed_several_meters(feed: str, book: bool) -> None:
    """So do records, plain data and a mixture of both."""
    told = [as_json(row) for row in table()]
    objects = [each for each in map(built, told) if each is not None]
    terms = terms_of(feeding(FEEDS[feed]), book=book)
    for identity, fed in product(["checked", "trusted"], [told, objects, [*objects, 5, None, "x", *told]]):
        how = {"identity": identity}
        assert outcome(measure, terms, fed, **how) == outcome(carefully, terms, fed, **how)


@pytest.mark.parametrize("feed", sorted(set(FEEDS) - {"sizes of the value"}))
@pytest.mark.parametrize("book", [False, True])
def test_sound_records_stay_in_the_loop(feed: str, book: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sound is never handed to the careful path: not as a row, nor as a tuple, nor as a record."""
    terms = terms_of(feeding(FEEDS[feed]), book=book)
    rows = [
        {**SOUND, "event": event, "id": f"{event}{n}", "n": n, "d": "ab"[n % 2], "customer": customer}
        for n, (event, customer) in enumerate(product(["call", "chat"], ["acme", "bolt"] if book else ["acme"]))
    ]
    objects = [UsageRecord.from_json(as_json(row)) for row in rows]
    layouts = [
        Layout(customer="customer", source=source, id=id, columns=columns)
        for (source, id), columns in product([(None, None), ("source", "id")], [None, tuple(SOUND)])
    ]
    shaped: list[tuple[Layout | None, list[Any]]] = [(each, [laid(row, each) for row in rows]) for each in layouts]
    wanted = [carefully(terms, fed, layout=layout).dump() for layout, fed in [*shaped, (None, objects)]]

    def careful(self: Careful, row: Any) -> None:
        raise AssertionError(f"{row!r} left the loop")

    monkeypatch.setattr(Careful, "take", careful)
    assert [measure(terms, fed, layout=layout).dump() for layout, fed in [*shaped, (None, objects)]] == wanted


@pytest.mark.parametrize("strict", [False, True])
def test_same_object_fed_again(strict: bool) -> None:
    """A row, or a record, that is fed a second time is a duplicate, also by the very same object."""
    terms = terms_of(selling(["d"]), book=False)
    record = UsageRecord("call", NOON, {"n": 3, "d": "a"}, source="s", id="1")
    for row, layout in ((dict(SOUND), Layout(source="source", id="id")), (record, None)):
        account = measure(terms, [row, row, row], layout=layout, strict=strict).account
        assert account.counts["counted"] == 1
        assert account.counts["duplicate"] == 2
        assert account.unidentified == 0


def test_unidentified_in_both_ways() -> None:
    """Records without id are counted as such on whichever way they went."""
    terms = terms_of(selling([]), book=False)
    rows = [{"event": "call", "at": NOON, "n": n} for n in (1, -1, 2, Decimal("0.5"))]
    for layout in (Layout(), Layout(id="id"), Layout(source="source", id="id")):
        assert measure(terms, rows, layout=layout).account.unidentified == 4
    assert measure(terms, [UsageRecord("call", NOON, {"n": n}) for n in (1, -1)]).account.unidentified == 2


def test_missing_is_not_zero() -> None:
    """A mapping that makes up values for what it lacks is not asked to."""
    terms = terms_of(selling([]), book=False)
    rows = [defaultdict(int, {"event": "call", "at": NOON, "id": str(n), "source": "s"}) for n in range(3)]
    for layout in (Layout(), Layout(source="source", id="id")):
        assert measure(terms, rows, layout=layout).dump() == carefully(terms, rows, layout=layout).dump()


def built(told: dict[str, Any]) -> UsageRecord | None:
    """The record, where it can be built."""
    try:
        return UsageRecord.from_json(told)
    except ValueError:
        return None


def vars_of(layout: Layout) -> dict[str, Any]:
    """A layout in words, for when it fails."""
    return {name: getattr(layout, name) for name in layout.__slots__}


# --- plain data with times as text ---


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    """The row as a line of a usage file has it: its time as text."""
    at = row.get("at")
    told = at.isoformat().replace("+00:00", "Z") if isinstance(at, datetime) else at
    return as_json(row if "at" not in row else {**row, "at": told})


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("less", [[], ["m"]])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("book", [False, True])
def test_usage_files(axes: list[str], less: list[str], named: bool, book: bool) -> None:
    """Lines of a usage file, with or without customers, come to the same in their own loop."""
    told = [as_text(row if named else {**row, "customer": None}) for row in table()]
    fed = [row if named else {name: value for name, value in row.items() if name != "customer"} for row in told]
    terms = terms_of(selling(axes, less=less), book=book)
    for identity, rows in product(["checked", "trusted"], [fed, [*fed, {**fed[0], "id": "x", "more": 1}, 5, None]]):
        how = {"identity": identity}
        assert outcome(measure, terms, rows, **how) == outcome(carefully, terms, rows, **how)


def test_sound_lines_stay_in_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound line of a usage file is never handed to the careful path."""
    terms = terms_of(selling(["d"]), book=False)
    rows = [as_text({**SOUND, "id": f"{n}", "n": n}) for n in range(4)]
    wanted = carefully(terms, rows).dump()

    def careful(self: Careful, row: Any) -> None:
        raise AssertionError(f"{row!r} left the loop")

    monkeypatch.setattr(Careful, "take", careful)
    assert measure(terms, rows).dump() == wanted


# --- rows without times ---

CALL, CHAT = {"event": "call", "n": 3, "d": "a", "price": "2"}, {"event": "unsold", "n": 5, "d": "a"}


def timeless(price: prices.Price, **how: Any) -> Plan:
    """A plan that sells the calls of rows without times."""
    made = [meters.Meter(key=event, event=event, aggregate=N) for event in ("call", "unsold")]
    return Plan.single("p", currency="USD", meters=made, items=[Item(key="i", meter="call", price=price)], **how)


@pytest.mark.parametrize("event", [None, "call"])
@pytest.mark.parametrize(
    ("price", "how"),
    [
        (ONE, {}),
        (prices.Dynamic(of="price"), {}),
        (prices.Percentage(rate="0.5"), {}),
        (ONE, {"rounding_at": "record"}),
    ],
    ids=["a unit", "carried", "a share", "rounded records"],
)
def test_rows_without_times(price: prices.Price, how: dict[str, Any], event: str | None) -> None:
    """Rows known to lie inside the period are billed without times, where nothing depends on them."""
    plan = timeless(price, **how)
    terms = resolve(plan, plan.subscribe("acme", start="2025-01-10"), JANUARY)
    tally = measure(terms, [CALL, CALL], layout=Layout(within=True, always_event=event))
    assert tally.account.counts["counted"] == 2
    (line,) = charge(terms, tally).lines
    assert (line.quantity, line.exact) == (6, {"dynamic": 12, "percentage": 3}.get(price.model, 6))


def test_unpriced_rows_without_times() -> None:
    """What no item prices is told so: as unpriced where it is metered, also where nothing at all has a price."""
    sold, unsold = timeless(ONE), Plan.single("p", currency="USD", meters=timeless(ONE).meters, items=[])
    for plan, wanted in ((sold, {"counted": 1, "unpriced": 1}), (unsold, {"unpriced": 2})):
        account = measure(terms_of(plan, book=False), [CALL, CHAT], layout=Layout(within=True)).account
        assert {fate: count for fate, count in account.counts.items() if count} == wanted


def test_rows_without_times_before_the_subscription() -> None:
    """Where a subscription does not run in the period, no row lies in its time."""
    plan = timeless(ONE)
    terms = resolve(plan, plan.subscribe("acme", start="2025-03-01"), JANUARY)
    assert measure(terms, [CALL], layout=Layout(within=True)).account.counts["outside"] == 1


def test_rows_without_times_of_customers_apart() -> None:
    """Customers who come and go inside the period need times, unless one instant is in all of their terms."""
    plan, layout = timeless(ONE), Layout(within=True, customer="customer")
    rows = [{**CALL, "customer": "acme"}, {**CALL, "customer": "bolt"}]

    def book(end: str, start: str) -> Any:
        acme = plan.subscribe("acme", start="2025-01-01", end=end)
        return resolve_all(plan, [acme, plan.subscribe("bolt", start=start)], JANUARY)

    assert measure(book("2025-01-20", "2025-01-10"), rows, layout=layout).account.counts["counted"] == 2
    with pytest.raises(MismatchError) as caught:
        measure(book("2025-01-10", "2025-01-10"), rows, layout=layout)
    assert caught.value.code == "layout.at"


def test_rows_without_times_while_a_price_comes_or_goes() -> None:
    """A meter that is priced for a part of the period needs times: a row may lie on either side."""
    priced = timeless(ONE).cards[0].items
    cards = [RateCard(currency="USD", items=priced), RateCard(currency="USD", effective="2025-01-16")]
    for some in (cards, [RateCard(currency="USD"), RateCard(currency="USD", effective="2025-01-16", items=priced)]):
        plan = Plan(key="p", meters=timeless(ONE).meters, cards=some)
        with pytest.raises(MismatchError) as caught:
            measure(terms_of(plan, book=False), [CALL], layout=Layout(within=True))
        assert caught.value.code == "layout.at"


# --- customers of several plans ---


def test_equal_meters_of_two_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers of different plans with equal meters are measured together, in one loop."""
    plans = [feeding(FEEDS["a pair"]), feeding(FEEDS["a pair"]).model_copy(update={"key": "q"})]
    offer = Catalog(plans=plans)
    book = resolve_all(
        offer,
        [plan.subscribe(name, start="2025-01-01") for plan, name in zip(plans, ("acme", "bolt"), strict=True)],
        JANUARY,
    )
    rows = [{**SOUND, "customer": name, "n": n} for n, name in enumerate(["acme", "bolt", "bolt"])]
    layout = Layout(customer="customer")
    wanted = carefully(book, rows, layout=layout)
    monkeypatch.setattr(Careful, "take", None)
    tally = measure(book, rows, layout=layout)
    assert tally.dump() == wanted.dump()
    assert tally.cells["bolt"]["0"] == [{("a",): 3}]
