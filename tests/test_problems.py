"""One list of problems from any error: every row of the table from a real model, paths, hints and bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal, cast, get_args

import pytest
from pydantic import Field, StrictBool, StrictInt, Tag, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from ratecard._model import Amount, AmountTable, Day, Key, Many, Model, Table, default, refuse, tagged
from ratecard._problems import _SHAPES, _translated, join, near, place, problems
from ratecard.errors import DefinitionError, InternalError, NumberError, Problem, RecordError


class Leaf(Model, frozen=True):
    """A kind with a choice and an amount."""

    kind: Literal["leaf"] = "leaf"
    shade: Literal["dark", "light"] = "dark"
    breadth: Amount = default("1")


class Twig(Model, frozen=True):
    """A kind that holds kinds."""

    kind: Literal["twig"] = "twig"
    parts: Many[Annotated[Part, tagged("kind")]] = default(())


Part = Annotated[Leaf, Tag("<leaf>")] | Annotated[Twig, Tag("<twig>")]


class Tree(Model, frozen=True):
    """Everything a model may hold."""

    key: Key
    code: Annotated[str, Field(pattern="^[a-z]+$")] = "x"
    part: Annotated[Part, tagged("kind")] = default(Leaf())
    parts: Many[Annotated[Part, tagged("kind")]] = default(())
    pair: Annotated[Many[int], Field(min_length=2, max_length=2)] = default((1, 2))
    flag: StrictBool = False
    loose: bool = False
    count: StrictInt = 1
    size: Annotated[int, Field(ge=1, le=9)] = 1
    gap: Annotated[int, Field(gt=0, lt=10)] = 1
    day: Day = default("2025-01-01")
    prices: AmountTable = default({})
    leaves: Table[Leaf] = default({})

    @field_validator("code")
    @classmethod
    def _code(cls, value: str) -> str:
        if value == "ours":
            raise NumberError("not this one; write another", code="tree.code", path="deep[1]")
        if value == "plain":
            raise ValueError("not that one; write another")
        if value == "named":
            raise PydanticCustomError("tree.named", "not it; write another")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Tree:
        if self.key == "two":
            refuse([Problem("parts[0]", "tree.a", "first {x}; mend it"), Problem("", "tree.b", "second; mend it")])
        return self


def found_in(**fields: Any) -> list[tuple[str, str, str]]:
    """What is wrong with a tree of these fields."""
    with pytest.raises(ValidationError) as error:
        Tree(**{"key": "k", **fields})
    return [(each.path, each.code, each.text) for each in problems(error.value)]


KIND = "say which kind it is: add the field that names it (`model` for prices, `kind` for all else)"
CHOICE = "use one of 'dark' or 'light'"
UNICODE = "write text that UTF-8 can hold; half a surrogate pair cannot be"
UNKNOWN = "no such field here; remove it or correct its name"
ROWS: list[tuple[str, dict[str, Any], tuple[str, str, str]]] = [
    (
        "extra_forbidden",
        {"zzzzzz": 1},
        ("zzzzzz", "field.unknown", UNKNOWN),
    ),
    ("union_tag_invalid", {"part": {"kind": "zzz"}}, ("part", "kind.unknown", "no such kind; use one of leaf, twig")),
    ("union_tag_not_found", {"part": {}}, ("part", "kind.missing", KIND)),
    (
        "literal_error",
        {"part": {"kind": "leaf", "shade": 1}},
        ("part.shade", "choice.unknown", CHOICE),
    ),
    ("string_type", {"key": 5}, ("key", "text.type", "write text here")),
    ("string_too_short", {"key": ""}, ("key", "text.empty", "write at least 1 character(s)")),
    ("string_too_long", {"key": "x" * 201}, ("key", "text.long", "write at most 200 characters")),
    ("string_pattern_mismatch", {"code": "X"}, ("code", "text.form", "write text of the form ^[a-z]+$")),
    (
        "string_unicode",
        {"code": "\ud800"},
        ("code", "text.unicode", UNICODE),
    ),
    ("tuple_type", {"parts": {}}, ("parts", "list.type", "write a list here")),
    ("too_short", {"pair": [1]}, ("pair", "list.short", "write at least 2 of them")),
    ("too_long", {"pair": [1, 2, 3]}, ("pair", "list.long", "write at most 2 of them")),
    ("bool_type", {"flag": "x"}, ("flag", "flag.type", "write true or false")),
    ("bool_parsing", {"loose": "x"}, ("loose", "flag.type", "write true or false")),
    ("int_type", {"count": "1"}, ("count", "integer.type", "write a whole number")),
    ("int_parsing", {"size": "x"}, ("size", "integer.type", "write a whole number")),
    ("int_from_float", {"size": 1.5}, ("size", "integer.type", "write a whole number")),
    ("greater_than_equal", {"size": 0}, ("size", "number.small", "write 1 or more")),
    ("greater_than", {"gap": 0}, ("gap", "number.small", "write more than 0")),
    ("less_than_equal", {"size": 10}, ("size", "number.large", "write 9 or less")),
    ("less_than", {"gap": 10}, ("gap", "number.large", "write less than 10")),
    ("model_type", {"leaves": {"a": 1}}, ("leaves.a", "model.type", "write a mapping of fields here")),
    ("dict_type", {"leaves": 1}, ("leaves", "mapping.type", "write a mapping here")),
]
ELSEWHERE: dict[str, Callable[[], object]] = {
    "missing": lambda: Tree.model_validate({}),
    "invalid_key": lambda: Tree.model_validate({"key": "k", 5: 1}),
    "frozen_instance": lambda: setattr(Leaf(), "shade", "light"),
    "json_invalid": lambda: Tree.model_validate_json("{"),
    "json_type": lambda: Tree.model_validate_json(5),  # type: ignore[arg-type]
    "recursion_loop": lambda: Twig.model_validate(_cycle()),
    "model_attributes_type": lambda: TypeAdapter(Leaf).validate_python(5, from_attributes=True),
}
WANTED = {
    "missing": ("key", "field.missing", "this field is required; add it"),
    "invalid_key": ("[5]", "key.type", "the name of a field is text; put it in quotes"),
    "frozen_instance": ("shade", "frozen", "a model does not change; make another with model_copy(update=...)"),
    "json_invalid": ("", "json.syntax", "this cannot be read as JSON; look for a missing quote, comma or bracket"),
    "json_type": ("", "json.syntax", "JSON is text or bytes; write it so"),
    "recursion_loop": ("parts[0]", "depth", "it contains itself; write it out without a cycle"),
    "model_attributes_type": ("", "model.type", "write a mapping of fields here"),
}


def _cycle() -> dict[str, object]:
    twig: dict[str, object] = {"kind": "twig"}
    twig["parts"] = [twig]
    return twig


@pytest.mark.parametrize(("kind", "fields", "wanted"), ROWS, ids=[row[0] for row in ROWS])
def test_rows(kind: str, fields: dict[str, Any], wanted: tuple[str, str, str]) -> None:
    """A fault of each shape gives our path, our code and our text."""
    with pytest.raises(ValidationError) as error:
        Tree(**{"key": "k", **fields})
    assert [each["type"] for each in error.value.errors()] == [kind]
    assert found_in(**fields) == [wanted]


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_rows_of_other_doors(kind: str) -> None:
    """Faults of the whole, of JSON and of changing a model give ours as well."""
    with pytest.raises(ValidationError) as error:
        ELSEWHERE[kind]()
    assert [each["type"] for each in error.value.errors()] == [kind]
    assert [(each.path, each.code, each.text) for each in problems(error.value)] == [WANTED[kind]]


def test_every_row_is_shown() -> None:
    """No row of the table is without its model here."""
    assert set(_SHAPES) == {row[0] for row in ROWS} | set(ELSEWHERE)


def test_no_prose_of_pydantic() -> None:
    """Not one of pydantic's own errors comes through in its own words, also those that no model of ours can give."""
    told = {"Input should", "pydantic", "Value error", "valid", "instance of", "Field required"}
    for kind in get_args(core_schema.ErrorType):
        found = problems(_raised(kind))
        assert len(found) == 1
        assert not any(words in found[0].text for words in told), kind
        assert found[0].code != kind
        assert ";" in found[0].text or found[0].code in {code for code, _ in _SHAPES.values()}


def _raised(kind: str) -> ValidationError:
    """An error of pydantic's of one type, with something for whatever its text wants."""
    anything = {
        name: value
        for names, value in [
            ("error class_name ordering_pattern method_name attribute expected_schemes encoding encoding_error", "x"),
            ("pattern field_type tz_expected_text discriminator tag expected_tags expected function_name mode", "x"),
            ("class expected_plural object_type error_message", "x"),
            ("ge gt le lt multiple_of min_length max_length actual_length max_digits decimal_places whole_digits", 1),
            ("tz_expected tz_actual field_name expected_version", 1),
        ]
        for name in names.split()
    }

    try:
        details = InitErrorDetails(type=kind, loc=("a",), input=1, ctx=anything)
        return ValidationError.from_exception_data("x", [details])
    except (TypeError, ValueError):
        numbers_as_text = {name: "x" if isinstance(value, int) else value for name, value in anything.items()}
        details = InitErrorDetails(type=kind, loc=("a",), input=1, ctx=numbers_as_text)
        return ValidationError.from_exception_data("x", [details])


def test_facts_that_pydantic_no_longer_gives() -> None:
    """A fact that a later pydantic leaves out is shown by its name; the problem is told all the same."""
    entry = {"type": "too_short", "loc": ("pair",), "msg": "", "input": None, "ctx": {}}
    (found,) = _translated(cast(ErrorDetails, entry), "")
    assert (found.code, found.text) == ("list.short", "write at least min_length of them")


def test_errors_of_validators() -> None:
    """An error raised inside a validator keeps its own code and path, or at least its own words."""
    assert found_in(code="ours") == [("code.deep[1]", "tree.code", "not this one; write another")]
    assert found_in(code="plain") == [("code", "error", "not that one; write another")]
    assert found_in(code="named") == [("code", "tree.named", "not it; write another")]


def test_fields_of_ours() -> None:
    """Numbers and days inside a model are refused with the codes of their own doors."""
    assert [each[:2] for each in found_in(part={"kind": "leaf", "breadth": 0.5})] == [("part.breadth", "number.float")]
    assert [each[:2] for each in found_in(prices={"USD": "1,5"})] == [("prices.USD", "number.syntax")]
    assert [each[:2] for each in found_in(day="2025-1-1")] == [("day", "time.syntax")]
    assert [each[:2] for each in found_in(prices={5: "1"})] == [("prices[5]", "text.type")]


def test_several_problems() -> None:
    """All faults are told at once, in the order of the model, also several of one check, with paths put together."""
    assert [each[:2] for each in found_in(key="", size=0, zzzzzz=1)] == [
        ("key", "text.empty"),
        ("size", "number.small"),
        ("zzzzzz", "field.unknown"),
    ]
    assert found_in(key="two") == [("parts[0]", "tree.a", "first {x}; mend it"), ("", "tree.b", "second; mend it")]


def test_nested_unions() -> None:
    """The tags of unions, however deep, are no part of a path."""
    deep = {"kind": "twig", "parts": [{"kind": "leaf"}, {"kind": "twig", "parts": [{"kind": "leaf", "breadth": True}]}]}
    assert [each[:2] for each in found_in(parts=[deep])] == [("parts[0].parts[1].parts[0].breadth", "number.bool")]


def test_near_fields() -> None:
    """An unknown field is told a near name of its own model, not of any other."""
    hint = UNKNOWN + ". Did you mean "
    assert found_in(kee="x")[0][2] == hint + '"key"?'
    assert found_in(parts=[{"kind": "twig", "part": []}])[0][2] == hint + '"parts"?'
    assert found_in(parts=[{"kind": "twig", "parts": [{"kind": "leaf", "shad": 1}]}])[0][2] == hint + '"shade"?'
    assert found_in(leaves={"size": {"bredth": 1}})[0][2] == hint + '"breadth"?'
    assert "Did you mean" not in found_in(parts=[{"kind": "leaf", "parts": []}])[0][2]
    assert "Did you mean" not in found_in(shade=1)[0][2]


def test_near_fields_without_a_model_around() -> None:
    """A union that is read on its own tells near names by the tag alone."""
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Annotated[Part, tagged("kind")]).validate_python({"kind": "leaf", "shad": "dark"})
    (found,) = problems(error.value)
    assert (found.path, found.text[-22:]) == ("shad", '. Did you mean "shade"?'[-22:])


def test_near_kinds() -> None:
    """An unknown kind is told a near one."""
    assert found_in(part={"kind": "leave"})[0][2] == 'no such kind; use one of leaf, twig. Did you mean "leaf"?'


def test_hints_are_bounded() -> None:
    """Thousands of unknown names, and names of a million characters, are told within a second and in short."""
    start = time.perf_counter()
    many = found_in(**{f"prices{index}": 1 for index in range(5000)})
    assert [len(many), sum("Did you mean" in each[2] for each in many)] == [5000, 20]
    (long,) = found_in(**{"k" * 10**6: 1})
    assert long[0] == "k" * 40 + "..."
    assert "Did you mean" not in long[2]
    assert time.perf_counter() - start < 5


def test_other_errors() -> None:
    """Our errors give their own problems, any other one its text."""
    assert problems(DefinitionError([Problem("a", "b", "c")])) == [Problem("a", "b", "c")]
    assert problems(DefinitionError([])) == []
    assert problems(RecordError("x", code="record.id", path="id")) == [Problem("id", "record.id", "x")]
    assert problems(InternalError("x", code="number.overrun")) == [Problem("", "number.overrun", "x")]
    assert problems(KeyError("x")) == [Problem("", "error", "'x'")]
    assert problems("text") == [Problem("", "error", "text")]


def test_paths() -> None:
    """Paths are written with dots and brackets, and put together the same way."""
    assert place(()) == ""
    assert place((0, "a", "<flat>", 1, "function-plain[f()]", "tagged-union[x]", "b", "[key]")) == "[0].a[1].b"
    assert place(("<b", "c>", "x" * 50)) == "<b.c>." + "x" * 40 + "..."
    assert [join("a", "b"), join("a", "[0]"), join("", "b"), join("a", "")] == ["a.b", "a[0]", "b", "a"]


def test_near() -> None:
    """A near name is told as a question, none as nothing, whatever the order of the names."""
    assert near("seat", ["users", "seats"]) == near("seat", {"seats", "users"}) == '. Did you mean "seats"?'
    assert near("zzz", ["seats"]) == near("seat", []) == near("s" * 41, ["s" * 41]) == ""
