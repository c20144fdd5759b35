"""
Tallies that grow a few records at a time: as though measured at once, sharing what was there, and each still a value.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecard import Item, Meter, Period, Plan, UsageRecord, measure, meters, prices, rate, resolve, resolve_all
from ratecard.errors import MismatchError, RecordError
from ratecard.plans import Carry, Terms
from ratecard.rating import Tally
from ratecard.records import Layout

JANUARY = Period.month(2025, 1)
NOON = datetime(2025, 1, 20, 12, tzinfo=UTC)
PLAN = Plan.single(
    "p", currency="USD",
    meters=[
        Meter(key="n", event="use", aggregate=meters.Sum(of="n")),
        Meter(key="top", event="peak", aggregate=meters.Max(of="n")),
    ],
    items=[
        Item(key="x", meter="n", price=prices.PerUnit(unit_price="1"), each=["g"]),
        Item(key="y", meter="top", price=prices.PerUnit(unit_price="1")),
    ],
)  # fmt: skip


def terms(carry: Carry | None = None) -> Terms:
    """January for one customer."""
    return resolve(PLAN, PLAN.subscribe("acme", start="2025-01-01"), JANUARY, carry=carry)


def use(
    index: int, n: int = 1, *, event: str = "use", source: str | None = None, customer: str = "acme"
) -> UsageRecord:
    """A record of one of three groups."""
    return UsageRecord(event, NOON, {"n": n, "g": f"g{index % 3}"}, id=f"r{index}", source=source, customer=customer)


def grown(by: Any, records: list[UsageRecord], **options: Any) -> Tally:
    """Measured one record after the other."""
    tally = measure(by, [], **options)
    for record in records:
        tally = measure(by, [record], onto=tally, **options)
    return tally


RECORDS = st.lists(
    st.builds(
        use, st.integers(0, 40), st.integers(1, 3), event=st.sampled_from(["use", "peak", "other"]),
        source=st.sampled_from([None, "a", "b"]), customer=st.sampled_from(["acme", "bolt"]),
    ),
    max_size=60,
)  # fmt: skip


@given(RECORDS, st.lists(st.integers(1, 20), min_size=1))
def test_batches_are_the_whole(records: list[UsageRecord], sizes: list[int]) -> None:
    """In batches of any size a tally is the one of all records at once: cells, account and identities."""
    tally, left = measure(terms(), []), list(records)
    for size in sizes * len(records):
        if not left:
            break
        tally = measure(terms(), left[:size], onto=tally)
        left = left[size:]
    whole = measure(terms(), records)
    assert tally == whole
    assert len(tally.seen) == len(whole.seen)
    assert Tally.load(json.loads(json.dumps(tally.dump())), {"acme": terms().meters}) == whole


@given(RECORDS, st.integers(0, 60), st.data())
def test_what_is_gone_on_from_stays(records: list[UsageRecord], cut: int, data: st.DataObject) -> None:
    """Two that go on from one tally know nothing of each other, and it is what it was."""
    base = grown(terms(), records[:cut])
    before = base.dump()
    ways = [data.draw(st.permutations(records[cut:])) for _ in range(2)]
    first = [base, base]
    for step in zip(*ways, strict=True):
        first = [measure(terms(), [record], onto=tally) for record, tally in zip(step, first, strict=True)]
    assert base.dump() == before
    for way, tally in zip(ways, first, strict=True):
        assert tally == measure(terms(), [*records[:cut], *way])


def test_what_is_not_touched_is_shared() -> None:
    """One more record copies the groups of its own customer, meter and segment; and few of the identities."""
    book = resolve_all(PLAN, [PLAN.subscribe(name, start="2025-01-01") for name in ("acme", "bolt")], JANUARY)
    base = measure(book, [use(index, customer=name) for name in ("acme", "bolt") for index in range(200)])
    base = measure(book, [use(500, event="peak"), use(501, customer="bolt")], onto=base)
    more = measure(book, [use(1000)], onto=base)
    assert more.cells["bolt"] is base.cells["bolt"]
    assert more.cells["acme"]["top"] is base.cells["acme"]["top"]
    assert more.cells["acme"]["n"] is not base.cells["acme"]["n"]
    (_, mine), (_, theirs) = more.seen.layers[0], base.seen.layers[0]
    assert mine is theirs
    assert sum(len(names) for names in more.seen.sources.values()) == 1


def test_layers_stay_few() -> None:
    """Thousands of single records leave a handful of layers, each at least twice the one above it."""
    tally = measure(terms(), [use(index) for index in range(40)])
    for index in range(40, 1000):
        tally = measure(terms(), [use(index)], onto=tally)
    sizes = [size for size, _ in tally.seen.layers]
    assert sum(sizes) + 1 == len(tally.seen) == 1000
    assert len(sizes) <= 10
    assert all(lower >= 2 * upper for lower, upper in pairwise(sizes))


def test_repeats_are_found_in_every_layer() -> None:
    """A copy and a contradiction are told wherever the first one lies, and in rows of one's own as well."""
    layout = Layout(event="event", at="at", id="id", source="source", properties=None)
    rows = [{"event": "use", "at": NOON, "id": f"r{index}", "source": "s", "n": 1, "g": "a"} for index in range(200)]
    tally = measure(terms(), rows[:100], layout=layout)
    for row in rows[100:]:
        tally = measure(terms(), [row], onto=tally, layout=layout)
    for index in (0, 99, 100, 150, 199):
        assert measure(terms(), [rows[index]], onto=tally, layout=layout).account.counts["duplicate"] == 1
        other = measure(terms(), [rows[index] | {"n": 2}], onto=tally, layout=layout)
        assert other.account.counts["conflict"] == 1
        assert other.dump()["cells"] == tally.dump()["cells"]
    assert tally == measure(terms(), rows, layout=layout)


def test_adding_layered_tallies() -> None:
    """Tallies in layers add as others do, and one identity in both is refused, in whichever layer it lies."""
    left = grown(terms(), [use(index) for index in range(100)])
    right = grown(terms(), [use(index) for index in range(100, 200)])
    assert left + right == right + left == measure(terms(), [use(index) for index in range(200)])
    for index in (0, 63, 99):
        with pytest.raises(MismatchError) as caught:
            grown(terms(), [use(n) for n in (*range(300, 340), index)]) + left
        assert caught.value.code == "tally.overlap"


def test_identities_of_earlier_periods() -> None:
    """What a carry counted is a duplicate one record at a time as well, and is not the tally's own."""
    first = rate(PLAN, PLAN.subscribe("acme", start="2025-01-01"), [use(index) for index in range(5)], JANUARY)
    assert first.carry is not None
    february = Period.month(2025, 2)
    by = resolve(PLAN, PLAN.subscribe("acme", start="2025-01-01"), february, carry=first.carry)
    late = [UsageRecord("use", "2025-02-03T00:00:00Z", {"n": 1, "g": "a"}, id=f"f{index}") for index in range(40)]
    records = [*late[:30], use(2), *late[30:], use(2, 7), use(4)]
    tally = grown(by, records)
    assert tally == measure(by, records)
    assert (tally.account.counts["duplicate"], tally.account.counts["conflict"]) == (2, 1)
    assert len(tally.seen) == 40


def test_a_few_records_are_refused_and_raised_as_many_are() -> None:
    """Wrong records are listed, and raised where that is asked for; the tally gone on from stays."""
    base = measure(terms(), [use(index) for index in range(100)])
    wrong = UsageRecord("use", NOON, {"g": "a"}, id="w")
    assert [each.code for each in measure(terms(), [wrong], onto=base).rejected] == ["record.missing"]
    with pytest.raises(RecordError):
        measure(terms(), [wrong], onto=base, strict=True)
    assert measure(terms(), iter([use(200), use(3)]), onto=base).account.counts["counted"] == 101
    assert measure(terms(), iter([]), onto=base) == base
