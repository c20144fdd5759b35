"""
The mapping that is a value, and the draft over it, against a dict.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard.credits._map import Draft, Map

KEYS = st.integers(0, 400).map(str)
ACTS = st.lists(st.tuples(st.sampled_from(["put", "put", "put", "without"]), KEYS), max_size=600)


def vars_of(found: Map[int]) -> list[Any]:
    """Its nodes and its size."""
    return [getattr(found, name) for name in Map.__slots__]


class Same(str):
    """Texts that all have one hash."""

    def __hash__(self) -> int:
        return 7


@given(ACTS)
def test_against_a_dict(acts: list[tuple[str, str]]) -> None:
    """Whatever is put and taken out, each version of the mapping holds what a dict held then."""
    found: Map[int] = Map()
    plain: dict[str, int] = {}
    versions = []
    for number, (act, key) in enumerate(acts):
        if act == "put":
            found, plain = found.put(key, number), {**plain, key: number}
        else:
            found, plain = found.without(key), {each: value for each, value in plain.items() if each != key}
        versions.append((found, plain))
    for each, then in versions[:: max(1, len(versions) // 5)]:
        assert dict(each.items()) == then
        assert len(each) == len(then)
        assert all(each.get(str(key)) == then.get(str(key)) for key in range(0, 401, 7))


@given(ACTS, st.lists(KEYS, max_size=400))
def test_many_at_once(acts: list[tuple[str, str]], keys: list[str]) -> None:
    """Many values put at once make the mapping, node for node, that they make one by one."""
    one: Map[int] = Map()
    for number, (act, key) in enumerate(acts):
        one = one.put(key, number) if act == "put" else one.without(key)
    before, many = dict(one.items()), one.put_all({key: -1 for key in keys})
    draft = Draft(one)
    for key in keys:
        one = one.put(key, -1)
        draft.put(key, -1)
    assert vars_of(many) == vars_of(one) == vars_of(draft.map())
    assert len(many) == len(one) == len(before.keys() | set(keys))
    alike: Map[int] = Map()
    assert len(alike.put_all({Same(key): 1 for key in keys})) == len(set(keys))


def test_equal_hashes() -> None:
    """Keys of one hash share a leaf as deep as the trie goes, and are still told apart."""
    found: Map[int] = Map()
    for number in range(40):
        found = found.put(Same(number), number)
    assert [found.get(Same(number)) for number in range(40)] == list(range(40))
    assert found.get(Same(40)) is None
    assert found.without(Same(3)).get(Same(3)) is None
    assert len(found.without(Same(3))) == 39


def test_draft() -> None:
    """A draft shows what is new and what is gone, and puts both into the mapping at once."""
    base: Map[int] = Map().put("a", 1).put("b", 2)  # type: ignore[var-annotated]
    draft = Draft(base)
    draft.put("c", 3)
    draft.drop("a")
    draft.drop("nothing")
    assert [draft.get(key) for key in "abc"] == [None, 2, 3]
    assert sorted(draft.items()) == [("b", 2), ("c", 3)]
    assert dict(draft.map().items()) == {"b": 2, "c": 3}
    assert dict(base.items()) == {"a": 1, "b": 2}
