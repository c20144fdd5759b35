"""The error classes: codes, paths, texts, parents and pickles."""

from __future__ import annotations

import copy
import pickle

import pytest

from ratecard import errors
from ratecard.errors import (
    CodecError,
    DefinitionError,
    InternalError,
    LedgerError,
    MismatchError,
    NoPriceError,
    NumberError,
    Problem,
    RatecardError,
    RecordError,
    UnknownKeyError,
)

FIRST = Problem("cards[0].items[1].price", "tier.order", "tiers go up; put this one first")
SECOND = Problem("", "plan.empty", "a plan has items; add one")

PLAIN = {
    NumberError: ValueError,
    MismatchError: ValueError,
    NoPriceError: LookupError,
    LedgerError: ValueError,
    CodecError: ValueError,
    InternalError: AssertionError,
}
"""The classes that are made from a text alone, with the builtin that each one is as well."""

EXAMPLES: list[RatecardError] = [
    *(kind("what is wrong; what to do", code="some.code", path="a[0].b") for kind in PLAIN),
    *(kind("what is wrong; what to do", code="some.code") for kind in PLAIN),
    RecordError("no number; send one", code="record.number", path="properties.n", record="r1"),
    RecordError("no number; send one", code="record.number"),
    DefinitionError([FIRST, SECOND], what="the plan"),
    DefinitionError([SECOND]),
    DefinitionError([]),
    UnknownKeyError([FIRST]),
]


def test_every_class_is_here() -> None:
    """Every name of the module is promised, and every error class has an example below."""
    public = {name for name, value in vars(errors).items() if isinstance(value, type) and not name.startswith("_")}
    assert public == set(errors.__all__)
    shown = {type(each) for each in EXAMPLES} | {RatecardError}
    assert {getattr(errors, name) for name in public} == shown | {Problem}


PARENTS = {**PLAIN, RecordError: ValueError, DefinitionError: ValueError}


@pytest.mark.parametrize(("kind", "builtin"), PARENTS.items())
def test_parents(kind: type[Exception], builtin: type[Exception]) -> None:
    """Each class is caught as the library's own and as the builtin nearest to it."""
    assert issubclass(kind, RatecardError)
    assert issubclass(kind, builtin)
    assert issubclass(UnknownKeyError, DefinitionError)


@pytest.mark.parametrize("kind", PLAIN)
def test_text_code_and_path(kind: type[RatecardError]) -> None:
    """The text of an error shows its path, when there is one, and its code."""
    error = kind("it is wrong; put it right", code="some.code", path="cards[0]")
    assert (error.text, error.code, error.path) == ("it is wrong; put it right", "some.code", "cards[0]")
    assert str(error) == "cards[0]: it is wrong; put it right [some.code]"
    assert str(kind("it is wrong", code="some.code")) == "it is wrong [some.code]"


def test_record_error() -> None:
    """A record error names the record, when it has an id."""
    assert RecordError("x", code="record.id", record="r1").record == "r1"
    assert RecordError("x", code="record.id").record is None


def test_definition_error() -> None:
    """A definition error lists every problem in order, and carries the code and path of the first."""
    error = DefinitionError([FIRST, SECOND], what="the plan")
    assert error.problems == (FIRST, SECOND)
    assert (error.code, error.path) == ("tier.order", "cards[0].items[1].price")
    assert str(error) == (
        "the plan has 2 problems:\n"
        "  cards[0].items[1].price: tiers go up; put this one first [tier.order]\n"
        "  (whole): a plan has items; add one [plan.empty]"
    )
    assert str(DefinitionError([SECOND])).startswith("the definition has 1 problem:\n")
    assert (DefinitionError([]).code, DefinitionError([]).path) == ("definition", "")


def test_problem() -> None:
    """A problem is a value: equal to its like, hashable, with a text of its own."""
    same = Problem(FIRST.path, FIRST.code, FIRST.text)
    assert same == FIRST
    assert hash(same) == hash(FIRST)
    assert FIRST != SECOND
    assert (FIRST.path, FIRST.code, FIRST.text) != FIRST
    assert repr(SECOND) == "Problem(path='', code='plan.empty', text='a plan has items; add one')"
    assert str(SECOND) == "(whole): a plan has items; add one [plan.empty]"


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda each: type(each).__name__)
def test_copies(error: RatecardError) -> None:
    """Copies and pickles of an error, of all protocols, keep its class, text and facts."""
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [pickle.loads(pickle.dumps(error, each)) for each in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301
    for each in copies:
        assert type(each) is type(error)
        assert (str(each), each.args) == (str(error), error.args)
        assert vars(each) == vars(error)
