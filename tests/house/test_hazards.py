"""
What goes wrong in a library that counts money, held against every model of the package by introspection.

A new model, a new field or a new module is looked at here without anybody adding it.
"""

from __future__ import annotations

import ast
import importlib
import pickle
import pkgutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from inspect import isabstract
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

import ratecard
from ratecard import _model
from ratecard._model import Model, Pairs
from ratecard._problems import problems
from tests.house._tree import PACKAGE, none

for found in pkgutil.walk_packages(ratecard.__path__, "ratecard."):
    importlib.import_module(found.name)


def _children(kind: type[Model]) -> Iterator[type[Model]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("ratecard."):
            yield child
        yield from _children(child)


MODELS = sorted(set(_children(Model)), key=lambda kind: (kind.__module__, kind.__qualname__))
for model in MODELS:
    model.model_rebuild()
FIELDS = [(kind, name, field) for kind in MODELS for name, field in kind.model_fields.items()]
each_model = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__qualname__)


def told(kind: type[Model], given: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """What is wrong with a model of these fields; many more may be missing."""
    with pytest.raises(ValidationError) as error:
        kind.model_validate(given)
    return [(each.path, each.code, each.text) for each in problems(error.value)]


def inside(annotation: object) -> Iterator[object]:
    """An annotation and everything in it, the extras of `Annotated` too."""
    yield annotation
    for inner in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from inside(inner)


def in_field(field: FieldInfo) -> list[object]:
    """Everything that the annotation of a field names."""
    return [*inside(field.annotation), *field.metadata]


def _reads_numbers(field: FieldInfo) -> bool:
    return any(isinstance(each, BeforeValidator) and each.func is _model._amount for each in in_field(field))


def test_there_are_models() -> None:
    """The search found the models of the package; were it empty, all else here would pass."""
    assert len(MODELS) > 1
    assert all(issubclass(kind, Model) for kind in MODELS)


def test_models_have_one_parent() -> None:
    """Every pydantic model of the package is one of ours, closed, frozen and hashable."""
    strangers = [
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in BaseModel.__subclasses__()
        if kind.__module__.startswith("ratecard.") and kind is not Model
    ]
    none(strangers)
    for kind in MODELS:
        assert kind.model_config.get("frozen") is True, kind
        assert kind.model_config.get("extra") == "forbid", kind
        assert kind.__hash__ is not None, kind
        assert kind.__reduce__ is not BaseModel.__reduce__, kind
        assert kind.model_copy is not BaseModel.model_copy, kind


@each_model
def test_unknown_fields(kind: type[Model]) -> None:
    """No model takes a field it does not have; one that is nearly right is told the name it meant."""
    assert "field.unknown" in {code for path, code, _ in told(kind, {"qqqqqq": 1}) if path == "qqqqqq"}
    for name in kind.model_fields:
        (text,) = [text for path, code, text in told(kind, {name + "x": 1}) if path == name + "x"]
        assert "Did you mean" in text, name
        meant = text.partition('Did you mean "')[2].partition('"')[0]
        assert meant in kind.model_fields


def test_nothing_in_a_model_can_change() -> None:
    """No field is annotated with a list, a set or a dict: models hold tuples and pairs."""
    none(
        [
            f"{kind.__qualname__}.{name}: {each}"
            for kind, name, field in FIELDS
            for each in in_field(field)
            if each in (list, dict, set, bytearray) or getattr(each, "__origin__", None) in (list, dict, set)
        ]
    )


def test_defaults_are_held_as_they_are_read() -> None:
    """A default is already what its field would make of it; pydantic takes it unseen."""
    wrong = []
    for kind, name, field in FIELDS:
        if field.is_required():
            continue
        value = field.get_default(call_default_factory=True, validated_data={})
        hash(value)
        read = TypeAdapter(_annotated(field)).validate_python(value)
        if (type(read), read) != (type(value), value):
            wrong.append(f"{kind.__qualname__}.{name} = {value!r}, read as {read!r}")
    none(wrong)


def _annotated(field: FieldInfo) -> Any:
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


NOT_NUMBERS: dict[str, object] = {
    "number.float": 0.5,
    "number.bool": True,
    "number.syntax": "1_000",
    "number.nonfinite": Decimal("sNaN"),
    "number.bounds": Decimal("1e999999999"),
}


@pytest.mark.parametrize("code", NOT_NUMBERS)
def test_every_number_field(code: str) -> None:
    """No field for numbers, wherever it stands, takes a float, a bool, NaN, an exponent or a look-alike."""
    seen = 0
    for kind, name, field in FIELDS:
        if not _reads_numbers(field):
            continue
        value, seen = NOT_NUMBERS[code], seen + 1
        table = any(each is Pairs or getattr(each, "__origin__", None) is Pairs for each in in_field(field))
        many = any(getattr(each, "__origin__", None) is tuple for each in in_field(field))
        given = {"USD": value} if table else [value] if many else value
        found = [each for each in told(kind, {name: given}) if each[0].startswith(name)]
        assert code in {each[1] for each in found}, (kind, name)
        if isinstance(value, float):
            text = '{"USD": 0.5}' if table else "[0.5]" if many else "0.5"
            with pytest.raises(ValidationError) as error:
                kind.model_validate_json(f'{{"{name}": {text}}}')
            assert code in {each.code for each in problems(error.value)}, (kind, name)
    assert seen


@pytest.mark.parametrize("value", [True, "1_000", " 1 ", b"1", 1.5, 1.0, "1.5", "１"], ids=repr)  # noqa: RUF001
def test_every_integer_field(value: object) -> None:
    """No field for whole numbers takes a bool, a float, or text that is no number of the grammar."""
    none(
        [
            f"{kind.__qualname__}.{name} takes {value!r}"
            for kind, name, field in FIELDS
            if int in in_field(field) and not any(each[0] == name for each in told(kind, {name: value, "qqqqqq": 1}))
        ]
    )


def _defaults() -> list[Model]:
    """The models that can be made of nothing."""
    made = []
    for kind in MODELS:
        if isabstract(kind):
            continue
        try:
            made.append(kind())
        except ValidationError:
            continue
    return made


def test_pickles_and_texts_of_models() -> None:
    """A model comes back from its pickle, its copy and its JSON as the same model, with the same hash."""
    made = _defaults()
    assert made
    for each in made:
        again = pickle.loads(pickle.dumps(each))  # noqa: S301
        assert (again, hash(again)) == (each, hash(each))
        assert type(each).model_validate_json(each.model_dump_json()) == each
        assert each.model_copy() == each


def test_no_floats_in_the_source() -> None:
    """No module counts with binary floats: no literal, no call of `float`, no true division of literals."""
    none(
        [
            f"{path.relative_to(PACKAGE)}:{node.lineno}"
            for path in sorted(PACKAGE.rglob("*.py"))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if (isinstance(node, ast.Constant) and isinstance(node.value, float | complex))
            or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
            or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.left, ast.Constant))
        ]
    )


HAZARDS = {
    "NaN and infinities": ["test_numbers.test_number_refused", "test_model.test_amount_refused"],
    "huge exponents": ["test_numbers.test_number_refused", "house.test_hazards.test_every_number_field"],
    "the caller's decimal context": [
        "test_numbers.test_callers_context",
        "test_numbers.test_callers_context_between_steps",
        "test_numbers.test_default_context_at_import",
        "test_money.test_callers_context",
    ],
    "28 digits": ["laws.test_numbers.test_arithmetic", "test_numbers.test_overrun"],
    "floats": ["test_model.test_amount_in_json", "house.test_hazards.test_no_floats_in_the_source"],
    "bools and look-alikes": ["laws.test_numbers.test_digits_of_other_scripts", "laws.test_numbers.test_grammar"],
    "negative zero": ["laws.test_money.test_no_negative_zero", "laws.test_numbers.test_quantize"],
    "equal but written differently": ["laws.test_numbers.test_one_text", "test_model.test_values"],
    "long ints": ["test_numbers.test_digit_limit_of_the_interpreter"],
    "rounding and remainders": ["laws.test_numbers.test_shares_in_every_currency", "laws.test_numbers.test_split"],
    "naive times and epochs": ["test_model.test_day_refused"],
    "nesting": ["test_model.test_depth", "test_model.test_hostile_nesting"],
    "unknown keys": ["house.test_hazards.test_unknown_fields"],
    "mutability": ["test_model.test_nothing_inside_changes", "house.test_hazards.test_nothing_in_a_model_can_change"],
    "pickles": ["test_model.test_damaged_pickles", "test_numbers.test_ratio_pickle_refused"],
    "tables of currencies": ["test_money.test_minor_units", "test_money.test_minor_units_against_cldr"],
    "upgrades of pydantic": ["test_problems.test_no_prose_of_pydantic", "test_problems.test_every_row_is_shown"],
}
"""What goes wrong, and the tests that show that it does not here."""


@pytest.mark.parametrize("hazard", HAZARDS)
def test_hazards_have_tests(hazard: str) -> None:
    """Every test that a hazard names is there."""
    for name in HAZARDS[hazard]:
        module, _, test = name.rpartition(".")
        assert callable(getattr(importlib.import_module(f"tests.{module}"), test))
