"""
The published schema: the committed file is what the models give, its amounts are text, and the examples' plans fit it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.house._tree import none


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    """The schema as the models give it now."""
    from ratecard import plans

    return dict(plans.schema())


def _walk(value: object, path: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(value, dict):
        yield path, value
        for key, each in value.items():
            yield from _walk(each, f"{path}/{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _walk(each, f"{path}/{index}")


def test_file_is_current(schema: dict[str, object], root: Path) -> None:
    """The committed schema is the generated one, so a change of a model shows in the diff."""
    text = (root / "docs" / "reference" / "ratecard.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == schema
    assert text == json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_schema_is_sound(schema: dict[str, object]) -> None:
    """The schema is valid draft 2020-12."""
    Draft202012Validator.check_schema(schema)


def test_amounts_are_text(schema: dict[str, object]) -> None:
    """No field of a plan is a JSON number but whole ones, since JSON numbers pass through binary floats."""
    none([path for path, each in _walk(schema) if each.get("type") == "number"])
    patterns = [each for _, each in _walk(schema) if each.get("type") == "string" and "pattern" in each]
    assert patterns


def test_models_are_closed(schema: dict[str, object]) -> None:
    """Every object with fields refuses unknown ones."""
    open_ones = [
        path
        for path, each in _walk(schema)
        if isinstance(each.get("properties"), dict)
        and each.get("type") == "object"
        and each.get("additionalProperties") is not False
    ]
    none(open_ones)


def test_examples_fit(schema: dict[str, object], root: Path) -> None:
    """Every example's plan is valid by the published schema alone."""
    pages = sorted((root / "examples").glob("*/plan.yaml"))
    assert pages
    check = Draft202012Validator(schema)
    none(
        [
            f"{page.parent.name}: {error.json_path} {error.message}"
            for page in pages
            for error in check.iter_errors(yaml.safe_load(page.read_text(encoding="utf-8")))
        ]
    )
