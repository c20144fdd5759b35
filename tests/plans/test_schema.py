"""The published schema takes what plans dump and refuses what they refuse; `--update` writes its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ratecard.plans import schema
from tests.plans.test_plan import API_PRO


@pytest.fixture(scope="module")
def check() -> Draft202012Validator:
    """A validator of the schema."""
    return Draft202012Validator(schema())


def test_file(update: bool, root: Path) -> None:
    """The file in the reference is the schema as it is now; it is rewritten on request."""
    path = root / "docs" / "reference" / "ratecard.schema.json"
    told = json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == told


def test_head() -> None:
    """It says which draft it is written in and what it is called."""
    told = schema()
    assert list(told)[:2] == ["$schema", "$id"]
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert told["$id"] == "https://ratecard.dev/schema/plan/1"
    assert told["description"] == "What is sold, as data."
    assert {"key", "cards"} == set(told["required"])


def test_fields_are_told() -> None:
    """What the docstrings say of a field stands beside it, on one line."""
    fields = schema()["properties"]
    assert fields["zone"]["description"] == (
        "where the cards' bare dates begin, and the zone of customers who have none."
    )
    assert fields["cadence"]["description"].endswith(
        "A cadence without an anchor follows the anchor of each subscription."
    )
    plain = [
        (name, field)
        for name, each in schema()["$defs"].items()
        for field, held in each["properties"].items()
        if "description" not in held and field not in ("model", "kind")
    ]
    assert [each for each in plain if each[0] in ("Item", "RateCard", "Order", "CustomUnit", "Meter", "Cadence")] == []


def test_takes_a_dump(check: Draft202012Validator) -> None:
    """What a plan dumps fits."""
    assert list(check.iter_errors(API_PRO.dump())) == []


@pytest.mark.parametrize(
    "price",
    [
        {"amount": "1"},
        {"model": "flat", "amount": 1.5},
        {"model": "flat", "amount": "1e3"},
        {"model": "flat", "amount": "1", "per": "2"},
        {"model": "flats", "amount": "1"},
    ],
)
def test_refuses(check: Draft202012Validator, price: dict[str, Any]) -> None:
    """A price without its tag, with a binary float, or with a field too many does not fit."""
    plan = {"key": "p", "cards": [{"currency": "USD", "items": [{"key": "x", "price": price}]}]}
    assert list(check.iter_errors(plan))
    plan["cards"][0]["items"][0]["price"] = {"model": "flat", "amount": "1"}  # type: ignore[index]
    assert list(check.iter_errors(plan)) == []


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({}, True),
        ({"cards": []}, False),
        ({"units": [{"key": "credits", "places": 18}]}, True),
        ({"units": [{"key": "credits", "places": 19}]}, False),
        ({"cadence": {"every": 0}}, False),
        ({"order": {"items": ["price", "taxes"]}}, False),
    ],
)
def test_bounds(check: Draft202012Validator, fields: dict[str, object], fits: bool) -> None:
    """Numbers out of bounds, lists that are too short and unknown words do not fit."""
    plan = {"key": "p", "cards": [{"currency": "USD"}], **fields}
    assert (list(check.iter_errors(plan)) == []) is fits


def test_only_words_of_the_draft() -> None:
    """Bounds are in the words of JSON Schema, since a validator passes over words it does not know."""
    told = json.dumps(schema())
    assert [word for word in ('"ge"', '"le"', '"gt"', '"lt"') if word in told] == []


def test_tags_are_required() -> None:
    """Every kind of price, aggregate and filter has to say which it is."""
    tagged = [
        (name, field, each["required"])
        for name, each in schema()["$defs"].items()
        for field in ("model", "kind")
        if "const" in each.get("properties", {}).get(field, {})
    ]
    assert len(tagged) > 15
    assert all(field in required for _, field, required in tagged)
