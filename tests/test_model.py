"""The base class and its field types: what goes in, what is held, what never changes."""

from __future__ import annotations

import copy
import json
import pickle
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ratecard._model import (
    DEPTH,
    SIZE,
    Amount,
    AmountTable,
    Day,
    Key,
    Many,
    Model,
    OptionalAmount,
    OptionalDay,
    Pairs,
    Table,
    check_depth,
    default,
    read_day,
    refuse,
    show_day,
)
from ratecard._numbers import ONE
from ratecard._problems import problems
from ratecard.errors import DefinitionError, Problem
from ratecard.money import Currency


class Inner(Model, frozen=True):
    """A model inside."""

    kind: Literal["inner"] = "inner"
    rate: Amount = default(ONE)


class Outer(Model, frozen=True):
    """A model with one field of every type."""

    key: Key
    amount: Amount = default(ONE)
    most: OptionalAmount = default(None)
    day: Day = default(date(2025, 1, 1))
    end: OptionalDay = default(None)
    inners: Many[Inner] = default(())
    names: Many[str] = default(())
    rates: AmountTable = default(Pairs())
    table: Table[Inner] = default(Pairs())

    @model_validator(mode="after")
    def _checked(self) -> Outer:
        if self.key == "odd":
            raise ValueError("odd; write another key")
        return self


FULL = Outer(
    key="k",
    amount="1.50",
    most=3,
    day="2025-01-31T12:00:00+01:00",
    end="2025-02-01",
    inners=[Inner(rate="2"), Inner()],
    names=["b", "a"],
    rates={"USD": "10", "EUR": "9.50"},
    table={"x": Inner()},
)


def codes(act: Callable[[], object]) -> list[tuple[str, str]]:
    """Where and why an act is refused."""
    with pytest.raises(ValidationError) as error:
        act()
    return [(each.path, each.code) for each in problems(error.value)]


def test_what_is_held() -> None:
    """Text, ints and lists go in; Decimals, instants in UTC, tuples and pairs are held."""
    assert FULL.amount == Decimal("1.5")
    assert FULL.most == Decimal(3)
    assert FULL.day == datetime(2025, 1, 31, 11, tzinfo=UTC)
    assert FULL.end == date(2025, 2, 1)
    assert FULL.inners == (Inner(rate=2), Inner(rate=Decimal("1.0")))
    assert FULL.names == ("b", "a")
    assert list(FULL.rates.items()) == [("EUR", Decimal("9.5")), ("USD", Decimal(10))]
    assert FULL.table == {"x": Inner()}


def test_plain_forms() -> None:
    """A model is dumped as plain text, lists and mappings, and reads back from it as the same model, JSON too."""
    told = FULL.model_dump(mode="json", exclude_unset=True)
    assert told == {
        "key": "k",
        "amount": "1.5",
        "most": "3",
        "day": "2025-01-31T11:00:00Z",
        "end": "2025-02-01",
        "inners": [{"rate": "2"}, {}],
        "names": ["b", "a"],
        "rates": {"EUR": "9.5", "USD": "10"},
        "table": {"x": {}},
    }
    assert Outer.model_validate(told) == FULL
    assert Outer.model_validate(FULL.model_dump()) == FULL
    assert Outer.model_validate_json(FULL.model_dump_json()) == FULL
    assert Outer.model_validate_json(json.dumps(told)) == FULL


def test_schema() -> None:
    """The published schema asks for text in the forms that are read."""
    told = Outer.model_json_schema()
    fields = told["properties"]
    assert fields["amount"]["type"] == fields["day"]["type"] == "string"
    assert fields["rates"]["additionalProperties"]["type"] == "string"
    assert fields["table"]["additionalProperties"] == {"$ref": "#/$defs/Inner"}
    assert told["additionalProperties"] is False


def test_values() -> None:
    """Equal models have one hash, whatever the digits they were written in; others differ."""
    same = Outer(**{**dict(FULL), "amount": "1.500"})
    assert same == FULL
    assert hash(same) == hash(FULL)
    assert len({same, FULL, Outer(key="k")}) == 2
    assert Outer(key="k", amount=1) == Outer(key="k")


def test_refuse() -> None:
    """Nothing found raises nothing; what is found is raised with its words in the text, whatever signs they hold."""
    refuse([])
    with pytest.raises(PydanticCustomError) as error:
        refuse([Problem("a", "b", "use {x} or {}; not {0}"), Problem("", "c", "d")])
    assert str(error.value) == "a: use {x} or {}; not {0} [b]; (whole): d [c]"


# --- nothing changes ---


def paths(value: object, name: str) -> Iterator[tuple[str, object]]:
    """Every value inside a value, with its path."""
    yield name, value
    if isinstance(value, Model):
        for field in type(value).model_fields:
            yield from paths(getattr(value, field), f"{name}.{field}")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from paths(each, f"{name}[{key}]")
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from paths(each, f"{name}[{index}]")


INSIDE = list(paths(FULL, "outer"))


@pytest.mark.parametrize("value", [each for _, each in INSIDE], ids=[path for path, _ in INSIDE])
def test_nothing_inside_changes(value: Any) -> None:
    """Nothing that a model holds, at any depth, can be set, added to or taken from."""
    acts: list[Callable[[], object]] = [
        lambda: setattr(value, "amount", 1),
        lambda: setattr(value, "note", 1),
        lambda: delattr(value, "kind"),
        lambda: value.__setitem__("x", 1),
        lambda: value.__setitem__(0, 1),
        lambda: value.__delitem__("x"),
        lambda: value.append(1),
        lambda: value.update({}),
        lambda: value.pop(0),
        lambda: value.remove(1),
    ]
    before = repr(FULL)
    for act in acts:
        with pytest.raises((AttributeError, TypeError, ValidationError)):
            act()
    hash(value)
    assert repr(FULL) == before


def test_what_went_in_stays_the_callers() -> None:
    """A list or mapping that was handed in can be changed afterwards without the model noticing."""
    names, rates = ["a"], {"USD": "1"}
    outer = Outer(key="k", names=names, rates=rates)
    names.append("b")
    rates["EUR"] = "2"
    assert outer == Outer(key="k", names=["a"], rates={"USD": "1"})


def test_model_copy() -> None:
    """A copy with changes is checked like any other model, and knows which fields were set."""
    changed = FULL.model_copy(update={"amount": "7", "names": ["z"]})
    assert (changed.amount, changed.names, changed.rates) == (Decimal(7), ("z",), FULL.rates)
    assert FULL.model_copy() == FULL.model_copy(deep=True) == FULL
    assert Outer(key="k").model_copy(update={"most": 1}).model_fields_set == {"key", "most"}
    assert codes(lambda: FULL.model_copy(update={"amount": 0.5})) == [("amount", "number.float")]
    assert codes(lambda: FULL.model_copy(update={"amoun": "1"})) == [("amoun", "field.unknown")]
    assert codes(lambda: FULL.model_copy(update={"key": "odd"})) == [("", "error")]


def test_copies() -> None:
    """Copies and pickles of all protocols are equal, with the same fields set."""
    copies = [copy.copy(FULL), copy.deepcopy(FULL)]
    copies += [pickle.loads(pickle.dumps(FULL, each)) for each in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301
    for each in copies:
        assert each == FULL
        assert hash(each) == hash(FULL)
        assert each.model_fields_set == FULL.model_fields_set
        assert each.model_dump_json() == FULL.model_dump_json()
        assert repr(each) == repr(FULL)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (b"1.50", b"1e50", None),
        (b"1.50", b"-NaN", None),
        (b"names", b"nomes", [("nomes", "field.unknown")]),
        (b"\x8c\x01k", b"\x8c\x00", [("key", "text.empty")]),
        (b"\x8c\x01k", b"\x8c\x03odd", [("", "error")]),
    ],
)
def test_damaged_pickles(before: bytes, after: bytes, wanted: list[tuple[str, str]] | None) -> None:
    """A pickle that was damaged, or knows other fields, is checked when it is read; nothing wrong gets in that way."""
    told = pickle.dumps(FULL)
    # Without its frame a pickle may have another length.
    told = told[:2] + told[11:]
    assert told[:3] == b"\x80\x04\x8c"
    assert told.count(before) == 1
    found = codes(lambda: pickle.loads(told.replace(before, after)))  # noqa: S301
    assert found == wanted if wanted else found[0][0] == "amount"


# --- amounts ---


@pytest.mark.parametrize("given", ["1.50", Decimal("1.50"), Decimal("15E-1")])
def test_amount_accepted(given: Any) -> None:
    """An amount is held as a Decimal of the grammar."""
    assert Outer(key="k", amount=given).amount == Decimal("1.5")
    assert str(Outer(key="k", amount="-0").amount) == "0"
    assert str(Outer(key="k", amount=Decimal("1E+3")).amount) == "1000"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (0.5, "float"),
        (True, "bool"),
        (None, "type"),
        ([1], "type"),
        ("1_000", "syntax"),
        (" 1", "syntax"),
        ("1e3", "syntax"),
        ("NaN", "syntax"),
        ("１", "syntax"),  # noqa: RUF001
        (b"1", "type"),
        (Decimal("NaN"), "nonfinite"),
        (Decimal("sNaN"), "nonfinite"),
        (Decimal("Infinity"), "nonfinite"),
        (Decimal("1e999999999"), "bounds"),
        (Decimal("1e-999999999"), "bounds"),
    ],
)
def test_amount_refused(given: Any, code: str) -> None:
    """Every amount field, also in tables and optional ones, takes numbers of the grammar alone, and says so at once."""
    start = time.perf_counter()
    assert codes(lambda: Outer(key="k", amount=given)) == [("amount", f"number.{code}")]
    assert codes(lambda: Outer(key="k", rates={"USD": given})) == [("rates.USD", f"number.{code}")]
    if given is not None:
        assert codes(lambda: Outer(key="k", most=given)) == [("most", f"number.{code}")]
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("told", ["1.5", "12345678901234567.89", "1e400", "true", "[1]"])
def test_amount_in_json(told: str) -> None:
    """A JSON number with a point never gets in, since it went through a binary float; a whole one and text do."""
    with pytest.raises(ValidationError):
        Outer.model_validate_json(f'{{"key": "k", "amount": {told}}}')
    assert Outer.model_validate_json('{"key": "k", "amount": 12345678901234567890}').amount == 12345678901234567890
    assert str(Outer.model_validate_json('{"key": "k", "amount": "0.10"}').amount) == "0.10"


# --- days ---


class Late(tzinfo):
    """A zone that does not know its offset."""

    def utcoffset(self, at: datetime | None) -> None:
        return None


class OwnTime(datetime):
    """A child of datetime, as those of dataframe libraries are."""


class OwnDate(date):
    """A child of date."""


NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("2025-01-31", date(2025, 1, 31)),
        ("0001-01-01", date(1, 1, 1)),
        ("9000-12-31", date(9000, 12, 31)),
        (date(2025, 1, 31), date(2025, 1, 31)),
        (OwnDate(2025, 1, 31), date(2025, 1, 31)),
        ("2025-01-31T12:00:00Z", NOON),
        ("2025-01-31T12:00Z", NOON),
        ("2025-01-31 12:00:00Z", NOON),
        (str(NOON), NOON),
        ("2025-01-31T13:00:00+01:00", NOON),
        ("2025-01-31T06:30:00-05:30", NOON),
        ("2025-01-31T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("2025-01-31T12:00:00.123456789Z", NOON.replace(microsecond=123_456)),
        (NOON, NOON),
        (NOON.astimezone(ZoneInfo("Asia/Kolkata")), NOON),
        (NOON.astimezone(timezone(timedelta(hours=-12))), NOON),
        (OwnTime(2025, 1, 31, 12, tzinfo=UTC), NOON),
        (OwnTime(2025, 1, 31, 13, tzinfo=ZoneInfo("Europe/Stockholm")), NOON),
        (datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo("Europe/Stockholm")), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        (
            datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo("Europe/Stockholm"), fold=1),
            datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
        ),
    ],
)
def test_day_accepted(given: Any, wanted: date) -> None:
    """A day is a plain date or a plain instant in UTC, from any zone and from ISO text in its extended form."""
    found = read_day(given)
    assert (found, type(found)) == (wanted, type(wanted))
    held = Outer(key="k", day=given).day
    assert (held, type(held)) == (wanted, type(wanted))
    if isinstance(found, datetime):
        assert found.tzinfo is UTC
    assert read_day(show_day(found)) == found
    told = Outer.model_validate_json(Outer(key="k", day=given).model_dump_json())
    assert told.day == wanted


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("2025-1-1", "syntax"),
        ("20250101", "syntax"),
        ("2025-W01-1", "syntax"),
        ("2025-001", "syntax"),
        ("2025-02-29", "syntax"),
        ("2025-01", "syntax"),
        ("0000-01-01", "syntax"),
        ("10000-01-01", "syntax"),
        ("-2025-01-01", "syntax"),
        ("", "syntax"),
        (" 2025-01-01", "syntax"),
        ("2025-01-01\n", "syntax"),
        ("01/02/2025", "syntax"),
        ("today", "syntax"),
        ("1735689600", "syntax"),
        ("２０２５-01-01", "syntax"),  # noqa: RUF001
        ("2025-01-01T12Z", "syntax"),
        ("2025-01-01T24:00:00Z", "syntax"),
        ("2025-01-01T12:60:00Z", "syntax"),
        ("2025-01-01T12:00:60Z", "syntax"),
        ("2025-01-01T12:00:00,5Z", "syntax"),
        ("2025-01-01T12:00:00z", "syntax"),
        ("2025-01-01T12:00:00+0530", "syntax"),
        ("2025-01-01T12:00:00+25:00", "syntax"),
        ("2025-01-01T12:00:00Z[UTC]", "syntax"),
        ("2025-01-01_12:00:00Z", "syntax"),
        ("2" * 10**6, "syntax"),
        ("2025-01-01T12:00:00", "naive"),
        (datetime(2025, 1, 1), "naive"),  # noqa: DTZ001
        (datetime(2025, 1, 1, tzinfo=Late()), "naive"),
        (0, "type"),
        (1735689600, "type"),
        (1735689600.0, "type"),
        (Decimal(0), "type"),
        (True, "type"),
        (b"2025-01-01", "type"),
        ([2025, 1, 1], "type"),
        (type("x" * 10**6, (), {})(), "type"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), "bounds"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "bounds"),
    ],
)
def test_day_refused(given: Any, code: str) -> None:
    """Naive times, epoch numbers and loose spellings are refused, in a model as at the door, and in short."""
    with pytest.raises(DefinitionError) as error:
        read_day(given)
    assert error.value.code == f"time.{code}"
    assert len(str(error.value)) < 250
    assert codes(lambda: Outer(key="k", day=given)) == [("day", f"time.{code}")]


@pytest.mark.parametrize("given", ["9001-01-01", date(9999, 12, 31), "9001-01-01T00:00:00Z", None])
def test_day_of_a_model_refused(given: Any) -> None:
    """A model holds no day past the years that can be counted, and no day at all only where that is allowed."""
    code = "type" if given is None else "bounds"
    assert codes(lambda: Outer(key="k", day=given)) == [("day", f"time.{code}")]
    assert Outer(key="k", end=None).end is None


# --- lists and tables ---


@pytest.mark.parametrize("given", [["a", "b"], ("a", "b"), deque(["a", "b"]), ["a", Currency.custom("b", places=0)]])
def test_many_accepted(given: Any) -> None:
    """Any sequence is held as a tuple in its order."""
    assert Outer(key="k", names=given).names == ("a", "b")


NO_LISTS = ["ab", b"ab", {"a", "b"}, frozenset("ab"), {"a": 1}, iter(["a"]), {"a": 1}.keys(), 5, None]


@pytest.mark.parametrize("given", NO_LISTS)
def test_many_refused(given: Any) -> None:
    """What has no order, or can be read only once, is no list; nor is text."""
    assert codes(lambda: Outer(key="k", names=given)) == [("names", "list.type")]


@pytest.mark.parametrize(
    "given",
    [
        {"b": "2", "a": "1"},
        OrderedDict([("b", "2"), ("a", "1")]),
        MappingProxyType({"a": 1, "b": 2}),
        Pairs({"b": 2, "a": 1}),
        {Currency.custom("a", places=0): 1, "b": "2.0"},
    ],
)
def test_table_accepted(given: Any) -> None:
    """Any mapping from text is held as pairs, in the order of the keys, which are plain text."""
    rates = Outer(key="k", rates=given).rates
    assert list(rates.items()) == [("a", Decimal(1)), ("b", Decimal(2))]
    assert all(type(key) is str for key in rates)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([("a", "1")], ("rates", "mapping.type")),
        ("a", ("rates", "mapping.type")),
        ({5: "1"}, ("rates[5]", "text.type")),
        ({b"a": "1"}, ("rates.a", "text.type")),
        ({"a": None}, ("rates.a", "number.type")),
    ],
)
def test_table_refused(given: Any, wanted: tuple[str, str]) -> None:
    """Keys are text and values are checked."""
    assert [each[1] for each in codes(lambda: Outer(key="k", rates=given))] == [wanted[1]]
    assert codes(lambda: Outer(key="k", rates=given))[0][0].startswith("rates")


def test_pairs() -> None:
    """Pairs are a mapping in the order of its keys, equal to any mapping with the same content, and hashable."""
    pairs = Pairs({"b": 1, "a": 2})
    assert list(pairs) == ["a", "b"]
    assert (len(pairs), pairs["b"], pairs.get("c")) == (2, 1, None)
    assert pairs == Pairs({"a": 2, "b": 1}) == {"b": 1, "a": 2}
    assert pairs != {"a": 2}
    assert pairs != [("a", 2), ("b", 1)]
    assert hash(pairs) == hash(Pairs({"a": 2, "b": 1})) == hash(pairs)
    assert repr(pairs) == "Pairs({'a': 2, 'b': 1})"
    assert Pairs() == Pairs({}) == Pairs(None) == {}
    with pytest.raises(TypeError):
        hash(Pairs({"a": []}))
    with pytest.raises(KeyError):
        pairs["c"]


def test_pairs_copies() -> None:
    """Copies and pickles of pairs are equal, and bare pairs hold anything."""
    pairs = Pairs({"b": ONE, "a": (1, 2)})
    copies = [copy.copy(pairs), copy.deepcopy(pairs)]
    copies += [pickle.loads(pickle.dumps(pairs, each)) for each in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301
    for each in copies:
        assert (type(each), each, hash(each)) == (Pairs, pairs, hash(pairs))
    adapter = TypeAdapter(Pairs)
    assert adapter.validate_python({"b": 1, "a": "x"}) == Pairs({"a": "x", "b": 1})
    assert adapter.dump_json(Pairs({"b": 1, "a": "x"})) == b'{"a":"x","b":1}'


# --- depth and size ---


def nested(levels: int, inner: Callable[[object], object]) -> object:
    """A value inside a value inside a value."""
    value: object = 1
    for _ in range(levels):
        value = inner(value)
    return value


@pytest.mark.parametrize("inner", [lambda held: [held], lambda held: {"a": held}, lambda held: (held,)])
def test_depth(inner: Callable[[object], object]) -> None:
    """Two levels a price and a handful around it are taken; one level more is not."""
    check_depth(nested(2 * DEPTH + 9, inner))
    with pytest.raises(DefinitionError) as error:
        check_depth(nested(2 * DEPTH + 10, inner))
    assert error.value.code == "depth"
    check_depth(nested(11, inner), limit=1)
    with pytest.raises(DefinitionError):
        check_depth(nested(12, inner), limit=1)


def test_depth_of_plain_values() -> None:
    """What is no mapping and no list is not looked into."""
    for each in (None, 1, "text", b"bytes", Inner(), {1, 2}, nested):
        check_depth(each)
        check_depth([each, {"a": each}])


def _list_in_itself() -> object:
    held: list[object] = []
    held += [held, held, held]
    return held


def _mapping_in_itself() -> object:
    held: dict[str, object] = {}
    held["a"] = [held, held]
    return held


HOSTILE: list[tuple[str, Callable[[], object], str]] = [
    ("a list in itself", _list_in_itself, "depth"),
    ("a mapping in itself", _mapping_in_itself, "depth"),
    ("100,000 lists deep", lambda: nested(100_000, lambda held: [held]), "depth"),
    ("100,000 mappings deep", lambda: nested(100_000, lambda held: {"a": held}), "depth"),
    ("aliases of aliases", lambda: nested(20, lambda held: [held] * 10), "size"),
    ("aliases in mappings", lambda: nested(30, lambda held: {"a": held, "b": held}), "size"),
    ("a long list", lambda: [0] * (SIZE + 1), "size"),
]


@pytest.mark.parametrize(("build", "code"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_hostile_nesting(build: Callable[[], object], code: str) -> None:
    """Cycles, towers and bombs of aliases are refused within a second, on a small stack and without recursion."""
    value, found = build(), []

    def work() -> None:
        start = time.perf_counter()
        with pytest.raises(DefinitionError) as error:
            check_depth(value)
        found.append((error.value.code, time.perf_counter() - start < 5))

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert found == [(code, True)]
    # Taken apart by hand: the interpreter's own way down a tower is recursive.
    while isinstance(value, list | dict) and value:
        value = value.pop() if isinstance(value, list) else value.popitem()[1]


def test_size() -> None:
    """As many values as a plan may have are taken."""
    check_depth([0] * SIZE)
    check_depth({"a": ["x"] * (SIZE - 1)})
