"""
The published form of a plan: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ._plan import Plan

__all__ = ["schema"]

IDENTIFIER = "https://ratecard.dev/schema/plan/1"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TAGS = ("model", "kind")


def schema() -> dict[str, Any]:
    """
    The JSON Schema of a plan; every amount in it is text.

    >>> schema()["$id"]
    'https://ratecard.dev/schema/plan/1'
    """
    told = Plan.model_json_schema(mode="validation")
    definitions = cast("dict[str, dict[str, Any]]", told.get("$defs", {}))
    for each in (told, *definitions.values()):
        _tidy(each)
    return {"$schema": _DIALECT, "$id": IDENTIFIER, **told}


def _tidy(model: dict[str, Any]) -> None:
    """One model: its tag is required, and its docstring is told in one sentence for it and one for each field."""
    told = str(model["description"]).strip()
    model["description"] = told.partition("\n")[0]
    attributes = _attributes(told)
    fields = cast("dict[str, dict[str, Any]]", model.get("properties", {}))
    for name, field in fields.items():
        _each_schema(field, _put_right)
        if name in attributes:
            field["description"] = attributes[name]
        if name in _TAGS and "const" in field:
            field.pop("default", None)
            model["required"] = sorted({*model.get("required", ()), name})


def _attributes(told: str) -> dict[str, str]:
    """What a docstring says of each attribute."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in told.partition("\nAttributes:\n")[2].splitlines():
        if not line.strip():
            break
        if line.startswith(" " * 8):
            found.update({name: f"{found[name]} {line.strip()}" for name in names})
        else:
            head, _, words = line.strip().partition(": ")
            names = head.split(", ")
            found.update(dict.fromkeys(names, words))
    return found


# Bounds as pydantic writes them beside a validator of ours, which hides from it what kind of value comes out.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_LENGTHS = {"minLength": "minItems", "maxLength": "maxItems"}


def _put_right(field: dict[str, Any]) -> None:
    """No title, and bounds in the words of JSON Schema."""
    field.pop("title", None)
    words = _BOUNDS | (_LENGTHS if field.get("type") == "array" else {})
    for name in [name for name in field if name in words]:
        field[words[name]] = field.pop(name)


def _each_schema(field: dict[str, Any], act: Callable[[dict[str, Any]], None]) -> None:
    """Act on a field's schema and the schemas inside it; none of them has fields of its own, those are definitions."""
    act(field)
    for name, inner in field.items():
        for each in inner if isinstance(inner, list) else [inner]:
            if name != "default" and isinstance(each, dict):
                _each_schema(cast("dict[str, Any]", each), act)
