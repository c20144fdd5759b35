"""Laws of measuring: order, batches, machines, copies and shapes change nothing; every record has one end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ratecard import meters, prices
from ratecard.errors import MismatchError, RatecardError
from ratecard.periods import Period
from ratecard.plans import Item, Plan, resolve
from ratecard.rating import Book, Statement, Tally, charge, measure, resolve_all, settle
from ratecard.rating import _measure as walk
from ratecard.records import Layout, UsageRecord
from tests.strategies import History, histories

JANUARY = Period.month(2025, 1)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def selling(axes: Sequence[str], *, several: bool = False, less: Sequence[str] = ()) -> Plan:
    """A plan that sells the sum of `n` of two events by dimensions, and meters a third that nothing prices."""
    summed = meters.Sum(of="n", less=less)
    keys = {"call": "call", "chat": "chat", **({"more": "call"} if several else {})}
    return Plan.single(
        "p",
        currency="USD",
        meters=[
            *(meters.Meter(key=key, event=event, aggregate=summed) for key, event in keys.items()),
            meters.Meter(key="unsold", event="unsold", aggregate=summed),
        ],
        items=[Item(key=key, meter=key, price=prices.PerUnit(unit_price="1"), each=axes) for key in keys],
    )


def carefully(*given: Any, **how: Any) -> Tally:
    """Measured record by record, without any of the fixed loops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "bound", lambda careful, layout: None)
        return measure(*given, **how)


def outcome(way: Any, *given: Any, **how: Any) -> str:
    """What comes of a measuring, as text: the dump of its tally, or the error."""
    try:
        return json.dumps(way(*given, **how).dump(), default=str)
    except RatecardError as error:
        return f"{type(error).__name__} {error.code} {error}"


# --- hostile rows ---

_TEXTS = st.sampled_from(["a", "b", "", "a", "é"])
_ODD = st.sampled_from(
    [
        None, True, False, 1, 0, -1, 2**40, -(2**40), 2**97, 10**30, -(10**30), 10**5000, 1.5, float("nan"), "1", "1.5",
        "-0", "x", "", Decimal("1.5"), Decimal(2), Decimal("NaN"), Decimal("1E+50"), ("a", "b"), ("a",), (), ["a"],
        {"a": 1}, {"a"}, b"a", object, timedelta(1),
    ]
)  # fmt: skip
_QUANTITIES = st.one_of(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), _ODD)
_TIMES = st.one_of(
    st.sampled_from([NOON, NOON, NOON, JANUARY.start, JANUARY.end, JANUARY.end - timedelta(microseconds=1)]),
    st.sampled_from(
        ["2025-01-10T12:00:00Z", "2025-01-10T12:00:00+02:00", "2025-01-10", "x", NOON.replace(tzinfo=None), None, 5,
         NOON.astimezone(timezone(timedelta(hours=5))), NOON.date(), datetime.max.replace(tzinfo=UTC)]
    ),
)  # fmt: skip


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row as it may come in: most parts sound, now and then one is missing or anything at all."""
    often = st.sampled_from([False] * 7 + [True])
    parts = {
        "event": st.sampled_from(["call", "call", "chat", "unsold", "other"]),
        "at": _TIMES,
        "n": _QUANTITIES,
        "m": st.integers(0, 3),
        "d": _TEXTS,
        "e": _TEXTS,
        "f": _TEXTS,
        "customer": st.sampled_from(["acme", "acme", "bolt", "none", None]),
        "source": st.sampled_from(["s", "t", None]),
        "id": st.sampled_from(["1", "2", "3", "4", "5", None]),
    }
    found: dict[str, Any] = {}
    for name, sound in parts.items():
        if draw(often):
            if draw(st.booleans()):
                found[name] = draw(_ODD)
        else:
            found[name] = draw(sound)
    return found


_COLUMNS = ("event", "at", "n", "m", "d", "e", "f", "customer", "source", "id")


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Layouts of such rows, as mappings or as tuples."""
    one = draw(st.sampled_from([None, None, "call", "other"]))
    return Layout(
        customer=draw(st.sampled_from([None, "customer"])),
        source=draw(st.sampled_from([None, "source"])),
        id=draw(st.sampled_from([None, "id"])),
        always_event=one,
        within=one is not None and draw(st.booleans()),
        columns=draw(st.sampled_from([None, _COLUMNS])),
    )


def laid(row: dict[str, Any], layout: Layout) -> Any:
    """A row in the form of a layout."""
    return row if layout.columns is None else tuple(row.get(name) for name in layout.columns)


_AXES = st.sampled_from([[], ["d"], ["d", "e"], ["d", "e", "f"], ["source"], ["customer", "d"]])


@given(
    _AXES, st.booleans(), st.sampled_from([[], ["m"]]), layouts(), st.lists(rows(), max_size=12),
    st.sampled_from(["checked", "trusted"]), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_loops_equal_the_careful_path(  # noqa: PLR0917  (Hypothesis hands them over by name)
    axes: list[str], several: bool, less: list[str], layout: Layout, some: list[dict[str, Any]],
    identity: Any, book: bool, twice: bool, strict: bool,
) -> None:  # fmt: skip
    """Rows of any shape come to the same tally, byte for byte, in the fixed loops and one by one with every check."""
    plan = selling(axes, several=several, less=less)
    fed = [laid(row, layout) for row in some]
    fed += fed[:2] if twice else []
    how = {"layout": layout, "identity": identity, "strict": strict}
    terms = terms_of(plan, book=book)
    assert outcome(measure, terms, fed, **how) == outcome(carefully, terms, fed, **how)


@given(
    _AXES,
    st.booleans(),
    st.lists(rows(), max_size=12),
    st.sampled_from(["checked", "trusted"]),
    st.booleans(),
    st.data(),
)
def test_objects_equal_the_careful_path(
    axes: list[str], book: bool, some: list[dict[str, Any]], identity: Any, strict: bool, data: st.DataObject
) -> None:
    """So do records, and mappings of their JSON form among them."""
    told = [as_json(row) for row in some]
    fed: list[Any] = []
    for each in told:
        try:
            fed.append(UsageRecord.from_json(each) if data.draw(st.booleans()) else each)
        except RatecardError:
            fed.append(each)
    terms = terms_of(selling(axes), book=book)
    how = {"identity": identity, "strict": strict}
    assert outcome(measure, terms, fed, **how) == outcome(carefully, terms, fed, **how)


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    """The row as a record's JSON form would have it."""
    parts = {name: row[name] for name in ("event", "at", "customer", "source", "id") if name in row}
    return {**parts, "properties": {name: row[name] for name in ("n", "m", "d", "e", "f") if name in row}}


def terms_of(plan: Plan, *, book: bool) -> Any:
    """The terms of one customer, or the book of two."""
    both = [plan.subscribe(name, start="2025-01-01") for name in ("acme", "bolt")]
    return resolve_all(plan, both, JANUARY) if book else resolve(plan, both[0], JANUARY)


# --- batches, machines, copies ---


def bill(terms: Any, tally: Tally) -> Statement:
    """The statement of a tally."""
    return settle(charge(terms, tally))


@given(histories(), st.data())
def test_order_batches_and_machines(history: History, data: st.DataObject) -> None:
    """Records in any order, in batches, or split over machines by their identity come to one tally and one bill."""
    plan, acme, records, periods = history
    terms = resolve(plan, acme, periods[0])
    whole = measure(terms, records)
    assert whole.account.records == len(records)
    shuffled = data.draw(st.permutations(records))
    cut = data.draw(st.integers(0, len(records)))
    batches = measure(terms, shuffled[cut:], onto=measure(terms, shuffled[:cut]))
    machines = [measure(terms, [each for each in shuffled if crc32(str(each.id).encode()) % 3 == n]) for n in range(3)]
    summed = machines[2] + (machines[0] + machines[1])
    loaded = [Tally.load(json.loads(json.dumps(each.dump())), {"acme": terms.meters}) for each in machines]
    told = whole.dump()
    for other in (
        measure(terms, shuffled),
        batches,
        summed,
        loaded[1] + loaded[0] + loaded[2],
        carefully(terms, shuffled),
    ):
        assert other.dump() == told
        assert bill(terms, other).dumps() == bill(terms, whole).dumps()


@given(histories(), st.data())
def test_copies_count_once(history: History, data: st.DataObject) -> None:
    """Copies of records, wherever they stand, change no amount; each is told as a duplicate."""
    plan, acme, records, periods = history
    terms = resolve(plan, acme, periods[0])
    whole = measure(terms, records)
    copies = data.draw(st.lists(st.sampled_from(records), max_size=5)) if records else []
    twice = measure(terms, data.draw(st.permutations([*records, *copies])))
    assert twice.dump()["cells"] == whole.dump()["cells"]
    assert [line.exact for line in bill(terms, twice).lines] == [line.exact for line in bill(terms, whole).lines]
    counted = whole.seen
    known = [each for each in copies if counted.held(each.source, str(each.id)) is not None]
    assert twice.account.counts["duplicate"] == len(known)
    assert twice.account.records == len(records) + len(copies)
    again = measure(terms, records, onto=Tally.load(whole.dump(), {"acme": terms.meters}))
    assert again.dump()["cells"] == whole.dump()["cells"]


@given(histories())
def test_trusted_identities(history: History) -> None:
    """Without identities the amounts are the same, nothing is kept, and the account says so."""
    plan, acme, records, periods = history
    terms = resolve(plan, acme, periods[0])
    trusted, checked = measure(terms, records, identity="trusted"), measure(terms, records)
    assert trusted.dump()["cells"] == checked.dump()["cells"]
    assert (len(trusted.seen), trusted.account.trusted, checked.account.trusted) == (0, True, False)
    assert trusted.account.counts == checked.account.counts
    assert (trusted + checked).account.trusted


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4), max_size=8))
def test_shared_identity_is_refused(a: list[int], b: list[int]) -> None:
    """Two tallies add exactly when no identity is in both."""
    terms = terms_of(selling([]), book=False)
    one, other = (measure(terms, [UsageRecord("call", NOON, {"n": n}, id=str(n)) for n in names]) for names in (a, b))
    if set(a) & set(b):
        with pytest.raises(MismatchError) as caught:
            one + other
        assert caught.value.code == "tally.overlap"
    else:
        assert (one + other).account.counts["counted"] == len(set(a)) + len(set(b))


@given(st.lists(rows(), max_size=20), st.integers(0, 20))
def test_failing_source(some: list[dict[str, Any]], at: int) -> None:
    """A source of records that fails is not a record that fails: its error comes out as it is."""

    def source() -> Iterator[dict[str, Any]]:
        yield from some[:at]
        raise KeyError("the line is down")

    terms = terms_of(selling(["d"]), book=False)
    with pytest.raises(KeyError, match="the line is down"):
        measure(terms, source(), layout=Layout(source="source", id="id"))


@given(_AXES, st.lists(rows(), max_size=20), st.integers(1, 5))
def test_chunks(axes: list[str], some: list[dict[str, Any]], size: int) -> None:
    """A generator, read in chunks of any size, gives what a list gives."""
    terms, layout = terms_of(selling(axes), book=False), Layout(source="source", id="id")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "_CHUNK", size)
        assert outcome(measure, terms, iter(some), layout=layout) == outcome(measure, terms, some, layout=layout)


@given(st.lists(rows(), max_size=20), st.booleans())
def test_account_adds_up(some: list[dict[str, Any]], book: bool) -> None:
    """Every record that came in has exactly one end, and those refused or in conflict are told one by one."""
    layout = Layout(customer="customer", source="source", id="id")
    account = measure(terms_of(selling(["d"]), book=book), some, layout=layout).account
    assert account.records == sum(account.counts.values()) == len(some)
    assert len(account.rejected) == account.counts["refused"] + account.counts["conflict"]
    assert account.unidentified <= account.counts["counted"]


# --- many customers, many plans ---


@given(histories(), st.lists(st.sampled_from(["acme", "bolt", "cove"]), min_size=12, max_size=12))
def test_book_equals_each_alone(history: History, whose: list[str]) -> None:
    """Many customers measured at once are billed as each alone."""
    plan, acme, records, periods = history
    fed = [
        UsageRecord(each.event, each.at, each.properties, customer=name, id=each.id)
        for each, name in zip(records, whose, strict=False)
    ]
    subscriptions = [acme.model_copy(update={"customer": name}) for name in ("acme", "bolt")]
    book = resolve_all(plan, subscriptions, periods[0])
    statements = list(book.statements(measure(book, fed)))
    for subscription, statement in zip(subscriptions, statements, strict=True):
        terms = resolve(plan, subscription, periods[0])
        alone = bill(terms, measure(terms, fed))
        assert statement.lines == alone.lines
        assert statement.account is None
        assert alone.carry is not None
        assert statement.carry == alone.carry
    assert isinstance(book, Book)


@given(histories(), histories())
def test_extra_plans_from_one_tally(mine: History, other: History) -> None:
    """A tally measured for candidate plans besides answers each of them as its own would."""
    plan, acme, records, periods = mine
    # What a level opens with belongs to no group, and a candidate may read it by groups.
    assume(not getattr(plan.meters[0].aggregate, "opening", 0))
    # Meters of one key are defined alike, or the candidates have names of their own for them.
    rival = other.plan.model_copy(update={"key": "q", "meters": plan.meters})
    one = resolve(plan, acme, periods[0])
    two = resolve(rival, acme.model_copy(update={"plan": "q"}), periods[0])
    tally = measure(one, records, extra=[two])
    for terms in (one, two):
        assert bill(terms, tally).lines == bill(terms, measure(terms, records)).lines
