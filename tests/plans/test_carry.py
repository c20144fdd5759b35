"""What outlives a period: its plain form, and what is refused in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ratecard.errors import DefinitionError
from ratecard.plans import Carry

UNTIL = datetime(2025, 2, 1, tzinfo=UTC)
HEAD = {"carry": 1, "customer": "acme", "plan": "api", "until": "2025-02-01T00:00:00Z"}
PARTS = {
    "counters": {"tokens": {"2025-01-01T00:00:00Z": [[["eu", "a"], {"sum": "3", "n": [1, None, True]}], [[], "7"]]}},
    "levels": {"disk": [[["eu"], "12.5"]]},
    "rollovers": {"minutes": [[[], "100"]]},
    "stages": {"tokens": {"maximum": [[[], ["120", "-0.5"]]], "minimum": [[["region", "eu"], ["3", "0"]]]}},
    "remainders": {"tokens": "0.004"},
    "returned": {"draw": [[["gift"], "9"], [[], "-2.5"]]},
    "identities": [["web", "c1", "9f"], [None, "c2", "a0"]],
}


def full() -> Carry:
    """A carry with all its parts."""
    return Carry(
        "acme",
        "api",
        UNTIL,
        counters={"tokens": {"2025-01-01T00:00:00Z": ((("eu", "a"), {"sum": "3", "n": (1, None, True)}), ([], "7"))}},
        levels={"disk": ((("eu",), "12.5"),)},
        rollovers={"minutes": (((), "100"),)},
        stages={"tokens": {"maximum": (((), ("120", "-0.5")),), "minimum": ((("region", "eu"), ("3", "0")),)}},
        remainders={"tokens": "0.004"},
        returned={"draw": ((("gift",), "9"), ((), "-2.5"))},
        identities=(("web", "c1", "9f"), (None, "c2", "a0")),
    )


def test_plain_form() -> None:
    """All parts are written as JSON holds them; empty ones are left out."""
    assert full().to_json() == HEAD | PARTS
    assert Carry("acme", "api", "2025-02-01T01:00:00+01:00").to_json() == HEAD


def test_round_trip() -> None:
    """Through JSON text and back it is equal, though tuples have become lists."""
    for carry in (full(), Carry("acme", "api", UNTIL)):
        again = Carry.from_json(json.loads(json.dumps(carry.to_json())))
        assert again == carry
        assert hash(again) == hash(carry)
        assert again.to_json() == carry.to_json()


def test_equality() -> None:
    """Two are equal when all their parts are."""
    assert full() != Carry("acme", "api", UNTIL)
    assert full() != HEAD | PARTS
    for name in PARTS:
        assert Carry.from_json(HEAD | {key: held for key, held in PARTS.items() if key != name}) != full()


def test_repr() -> None:
    """It shows whose it is and how far it reaches, not what may be a million identities."""
    assert repr(full()) == "Carry('acme', 'api', '2025-02-01T00:00:00Z')"


def deep() -> object:
    """A plain value nested deeper than any state."""
    held: object = "1"
    for _ in range(40):
        held = [held]
    return held


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [("", "model.type")]),
        (
            {},
            [(name, "field.missing") for name in ("carry", "customer", "plan", "until")],
        ),
        (HEAD | {"level": {}}, [("level", "field.unknown")]),
        (HEAD | {"carry": 2}, [("carry", "carry.version")]),
        (HEAD | {"carry": True}, [("carry", "carry.version")]),
        (HEAD | {"customer": 5, "until": 6}, [("customer", "text.type"), ("until", "text.type")]),
        (HEAD | {"until": "2025-02-01"}, [("until", "time.type")]),
        (HEAD | {"until": "soon"}, [("until", "time.syntax")]),
        (HEAD | {"levels": []}, [("levels", "mapping.type")]),
        (HEAD | {"levels": {5: []}}, [("levels.5", "text.type")]),
        (HEAD | {"coupons": {"x": "1"}}, [("coupons.x", "integer.type")]),
        (HEAD | {"coupons": {"x": -1}}, [("coupons.x", "integer.type")]),
        (HEAD | {"commitments": {"x": 1}}, [("commitments.x", "text.type")]),
        (HEAD | {"outcomes": {"won": []}}, [("outcomes.won", "carry.value")]),
        (HEAD | {"outcomes": {"won": {"wins": 0.5}}}, [("outcomes.won", "carry.value")]),
        (HEAD | {"levels": {"disk": "12"}}, [("levels.disk", "carry.value")]),
        (HEAD | {"levels": {"disk": [[["eu"]]]}}, [("levels.disk", "carry.value")]),
        (HEAD | {"levels": {"disk": ["eu"]}}, [("levels.disk", "carry.value")]),
        (HEAD | {"levels": {"disk": [["eu", "12"]]}}, [("levels.disk", "carry.value")]),
        (HEAD | {"levels": {"disk": [[[1], "12"]]}}, [("levels.disk", "carry.value")]),
        (HEAD | {"levels": {"disk": [[["eu"], 12.5]]}}, [("levels.disk", "carry.value")]),
        (HEAD | {"rollovers": {"x": [[[], {1: "2"}]]}}, [("rollovers.x", "carry.value")]),
        (HEAD | {"rollovers": {"x": [[[], {"a": [{"b": 0.5}]}]]}}, [("rollovers.x", "carry.value")]),
        (HEAD | {"rollovers": {"x": [[[], deep()]]}}, [("rollovers.x", "carry.value")]),
        (HEAD | {"remainders": {"x": 4}}, [("remainders.x", "text.type")]),
        (HEAD | {"currency": 4}, [("currency", "text.type")]),
        (HEAD | {"remainders": {"x": "NaN"}}, [("remainders.x", "carry.value")]),
        (HEAD | {"remainders": {"x": "1e5"}}, [("remainders.x", "carry.value")]),
        (HEAD | {"commitments": {"commitment a": "-50"}}, [("commitments.commitment a", "carry.value")]),
        (HEAD | {"commitments": {"a": "5"}}, [("commitments.a", "carry.value")]),
        (HEAD | {"rollovers": {"x": [[[], "5"], [["a"], "-5"]]}}, [("rollovers.x[1]", "carry.value")]),
        (HEAD | {"levels": {"x": [[[], "5"], [["a"], "many"]]}}, [("levels.x[1]", "carry.value")]),
        (HEAD | {"levels": {"x": [[[], 5]]}}, [("levels.x[0]", "text.type")]),
        (HEAD | {"coupons": {"x": -1, "y": True, "z": "2", "ok": 3}},
         [("coupons.x", "integer.type"), ("coupons.y", "integer.type"), ("coupons.z", "integer.type")]),
        (HEAD | {"stages": {"x": []}}, [("stages.x", "mapping.type")]),
        (HEAD | {"stages": {"x": {"maximum": 5}}}, [("stages.x.maximum", "carry.value")]),
        (HEAD | {"stages": {"x": {"maximum": [[[], ["1", "0"]], [[], "5"]]}}},
         [("stages.x.maximum[1]", "carry.value")]),
        (HEAD | {"stages": {"x": {"maximum": [[["a"], ["1", "0"]]]}}}, [("stages.x.maximum[0]", "carry.value")]),
        (HEAD | {"stages": {"x": {"maximum": [[[], ["1", 5]]]}}}, [("stages.x.maximum[0]", "text.type")]),
        (HEAD | {"counters": {"x": []}}, [("counters.x", "mapping.type")]),
        (HEAD | {"counters": {"x": {"2025": 1, "2026": []}}}, [("counters.x.2025", "carry.value")]),
        (HEAD | {"identities": {}}, [("identities", "carry.value")]),
        (
            HEAD | {"identities": [[None, "a", "b"], ["a", "b"], "abc", [1, "a", "b"], [None, None, "b"]]},
            [("identities[1]", "carry.value"), ("identities[2]", "carry.value"), ("identities[3]", "carry.value"),
             ("identities[4]", "carry.value")],
        ),
    ],
)  # fmt: skip
def test_refused(given: object, expected: list[tuple[str, str]]) -> None:
    """What `to_json` would not have written is refused, every fault with its path."""
    with pytest.raises(DefinitionError) as caught:
        Carry.from_json(given)
    assert [(each.path, each.code) for each in caught.value.problems] == expected


def test_amounts_that_are_written() -> None:
    """Remainders and levels may be below 0 and need not end; so may what a bound holds, net of credits."""
    told = HEAD | {
        "currency": "EUR",
        "commitments": {"minimum": "-50", "maximum": "-50", "commitment a": "0.5"},
        "levels": {"disk": [[[], "-1/3"]]},
        "remainders": {"tokens": "-1/3"},
    }
    assert Carry.from_json(told).to_json() == told
    assert Carry.from_json(told).currency == "EUR"


def test_a_carry_built_by_hand_is_checked() -> None:
    """Amounts that no statement would read are refused where they are given, not where they are used."""
    with pytest.raises(DefinitionError) as caught:
        Carry("acme", "api", UNTIL, remainders={"x": "NaN"}, commitments={"commitment a": "-1"}, coupons={"c": -1})
    assert [each.path for each in caught.value.problems] == ["remainders.x", "commitments.commitment a", "coupons.c"]
