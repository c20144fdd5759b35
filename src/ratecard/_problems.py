"""
One list of problems from any error: pydantic's `ValidationError` and our own `DefinitionError` read the same.

Pydantic's texts and type names change between its releases; ours are a table here, so that programs can match on codes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from typing import Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails, core_schema

from ._model import Model
from .errors import DefinitionError, Problem, RatecardError

# pydantic's error type -> (our code, our text). `{...}` are filled from pydantic's own context.
_SHAPES = {
    "missing": ("field.missing", "this field is required; add it"),
    "extra_forbidden": ("field.unknown", "no such field here; remove it or correct its name"),
    "union_tag_invalid": ("kind.unknown", "no such kind; use one of {expected_tags}"),
    "union_tag_not_found": (
        "kind.missing",
        "say which kind it is: add the field that names it (`model` for prices, `kind` for all else)",
    ),
    "literal_error": ("choice.unknown", "use one of {expected}"),
    "string_type": ("text.type", "write text here"),
    "string_too_short": ("text.empty", "write at least {min_length} character(s)"),
    "string_too_long": ("text.long", "write at most {max_length} characters"),
    "string_pattern_mismatch": ("text.form", "write text of the form {pattern}"),
    "tuple_type": ("list.type", "write a list here"),
    "too_short": ("list.short", "write at least {min_length} of them"),
    "too_long": ("list.long", "write at most {max_length} of them"),
    "bool_type": ("flag.type", "write true or false"),
    "bool_parsing": ("flag.type", "write true or false"),
    "int_type": ("integer.type", "write a whole number"),
    "int_parsing": ("integer.type", "write a whole number"),
    "int_from_float": ("integer.type", "write a whole number"),
    "greater_than_equal": ("number.small", "write {ge} or more"),
    "greater_than": ("number.small", "write more than {gt}"),
    "less_than_equal": ("number.large", "write {le} or less"),
    "less_than": ("number.large", "write less than {lt}"),
    "model_type": ("model.type", "write a mapping of fields here"),
    "model_attributes_type": ("model.type", "write a mapping of fields here"),
    "dict_type": ("mapping.type", "write a mapping here"),
    "invalid_key": ("key.type", "the name of a field is text; put it in quotes"),
    "string_unicode": ("text.unicode", "write text that UTF-8 can hold; half a surrogate pair cannot be"),
    "frozen_instance": ("frozen", "a model does not change; make another with model_copy(update=...)"),
    "json_invalid": ("json.syntax", "this cannot be read as JSON; look for a missing quote, comma or bracket"),
    "json_type": ("json.syntax", "JSON is text or bytes; write it so"),
    "recursion_loop": ("depth", "it contains itself; write it out without a cycle"),
}
_PYDANTICS_OWN = frozenset(get_args(core_schema.ErrorType))
# A search for near names takes its time; a text with more unknown names than this has other troubles.
_HINTS = 20
_SHOWN = 40


def problems(error: object) -> list[Problem]:
    """
    The list of problems in an error, whichever library raised it.

    Args:
        error: a `DefinitionError`, or pydantic's `ValidationError` as constructors raise it.

    Returns:
        One `Problem` a fault, in the order of the document; an error of another kind gives one problem with its text.

    >>> from ratecard import prices
    >>> try:
    ...     prices.PerUnit(unit_price=0.5)
    ... except ValueError as error:
    ...     print(problems(error)[0].code)
    number.float
    """
    if isinstance(error, DefinitionError):
        return list(error.problems)
    if isinstance(error, RatecardError):
        return [Problem(error.path, error.code, error.text)]
    if not isinstance(error, ValidationError):
        return [Problem("", "error", str(error))]
    found: list[Problem] = []
    hints = 0
    for entry in error.errors(include_url=False, include_input=False):
        hint = ""
        if entry["type"] in ("extra_forbidden", "union_tag_invalid") and hints < _HINTS:
            hint = _hint(entry, error.title)
            hints += 1
        found.extend(_translated(entry, hint))
    return found


def _translated(entry: ErrorDetails, hint: str) -> list[Problem]:
    """Our problems for one of pydantic's errors: several when a model of ours reported a table of faults at once."""
    path, kind = place(entry["loc"]), entry["type"]
    facts = entry.get("ctx", {})
    inner = facts.get("problems")
    if isinstance(inner, tuple):
        return [Problem(join(path, each.path), each.code, each.text) for each in inner]
    cause = facts.get("error")
    if isinstance(cause, Exception):
        # A validator raised an error of its own; one of ours has its code, and maybe a path.
        return [Problem(join(path, each.path), each.code, each.text) for each in problems(cause)]
    if kind in _SHAPES:
        code, text = _SHAPES[kind]
        if "expected_tags" in facts:
            facts = {**facts, "expected_tags": ", ".join(_tags(facts["expected_tags"]))}
        return [Problem(path, code, text.format_map(_Facts(facts)) + hint)]
    if kind in _PYDANTICS_OWN:
        return [Problem(path, "value", "this does not fit here; see the reference for what this field takes")]
    return [Problem(path, kind, entry["msg"])]


def _tags(listed: object) -> list[str]:
    """The tags in a text of pydantic's such as `'<flat>', '<per_unit>'`."""
    return re.findall(r"'<(.*?)>'", str(listed))


def _hint(entry: ErrorDetails, title: str) -> str:
    """A near name for a field or a kind that does not exist."""
    if entry["type"] == "extra_forbidden":
        return near(str(entry["loc"][-1]), _field_names(title, entry["loc"][:-1]))
    facts = entry.get("ctx", {})
    return near(str(facts.get("tag")).strip("'<>"), _tags(facts.get("expected_tags")))


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return key


def place(loc: tuple[object, ...]) -> str:
    """A path in our own notation from pydantic's location; what pydantic adds for its own sake is left out."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif isinstance(part, str) and not _marker(part):
            shown = part if len(part) <= _SHOWN else part[:_SHOWN] + "..."
            path += f".{shown}" if path else shown
    return path


def _marker(part: str) -> bool:
    """Whether a part of a location names no place: a tag of a union, a validator, or the key in place of the value."""
    return (
        (part.startswith("<") and part.endswith(">"))
        or part.startswith(("function-", "tagged-union["))
        or part == "[key]"
    )


def join(outer: str, inner: str) -> str:
    """Two paths put together: `cards[0]` and `items[1]` give `cards[0].items[1]`."""
    if not outer or not inner:
        return outer or inner
    return f"{outer}{inner}" if inner.startswith("[") else f"{outer}.{inner}"


def near(name: str, names: Collection[str]) -> str:
    """`. Did you mean "seats"?`, or nothing when no name is near."""
    # Only short names are compared: the search takes time by their length.
    close = difflib.get_close_matches(name, sorted(names), n=1) if len(name) <= _SHOWN else []
    return f'. Did you mean "{close[0]}"?' if close else ""


def _field_names(title: str, loc: tuple[int | str, ...]) -> set[str]:
    """The names of the fields of the model at a location, found from its title along fields and the tags of unions."""
    every = list(_children(Model))
    held = [kind for kind in every if kind.__name__ == title]
    for part in loc:
        if isinstance(part, str) and _marker(part):
            held = [kind for kind in held or every if part[1:-1] in _tags_of(kind)]
        elif isinstance(part, str):
            fields = [kind.model_fields[part] for kind in held if part in kind.model_fields]
            # A part that is no field is the key of a table, whose models are known already.
            held = [kind for field in fields for kind in _models_in(field.annotation)] if fields else held
    return {name for kind in held for name in kind.model_fields}


def _children(kind: type[Model]) -> Iterator[type[Model]]:
    for child in kind.__subclasses__():
        yield child
        yield from _children(child)


def _tags_of(kind: type[Model]) -> tuple[object, ...]:
    """What a model's `model` or `kind` may say."""
    fields = [kind.model_fields[name].annotation for name in ("model", "kind") if name in kind.model_fields]
    return tuple(tag for field in fields if get_origin(field) is Literal for tag in get_args(field))


def _models_in(annotation: object) -> Iterator[type[Model]]:
    """The models that an annotation names: itself, or inside a tuple, a union or a table."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
