"""
One list of problems from any error: pydantic's `ValidationError` and our own `DefinitionError` read the same.

Pydantic's texts and type names change between its releases; ours are a table here, so that programs can match on codes.
"""

from __future__ import annotations

import difflib

from ._model import Model
from .errors import DefinitionError, Problem, RatecardError

# pydantic's error type -> (our code, our text). `{...}` are filled from pydantic's own context.
_SHAPES = {
    "missing": ("field.missing", "this field is required; add it"),
    "extra_forbidden": ("field.unknown", "no such field here; remove it or correct its name"),
    "union_tag_invalid": ("kind.unknown", "no such kind; use one of {expected_tags}"),
    "union_tag_not_found": ("kind.missing", "say which kind it is: add the field that names it (`model` for prices, `kind` for all else)"),
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
    "recursion_loop": ("depth", "it contains itself; write it out without a cycle"),
}



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
    read = getattr(error, "errors", None)
    if not callable(read):
        return [Problem("", "error", str(error))]
    found: list[Problem] = []
    for entry in read(include_url=False, include_input=True):
        found.extend(_translated(entry))
    return found


def _translated(entry: dict[str, object]) -> list[Problem]:
    """Our problems for one of pydantic's errors: several when a model of ours reported a table of faults at once."""
    loc = entry.get("loc")
    parts = loc if isinstance(loc, tuple) else ()
    path = place(parts)
    context = entry.get("ctx")
    facts: dict[str, object] = dict(context) if isinstance(context, dict) else {}
    inner = facts.get("problems")
    if isinstance(inner, tuple):
        return [Problem(join(path, each.path), each.code, each.text) for each in inner]
    kind = str(entry.get("type"))
    if kind not in _SHAPES:
        return [Problem(path, kind, str(entry.get("msg")))]
    code, text = _SHAPES[kind]
    facts = {key: str(value).replace("'<", "").replace(">'", "") for key, value in facts.items()}
    text = text.format_map(_Facts(facts))
    if kind == "extra_forbidden" and parts:
        text += near(str(parts[-1]), _field_names(Model))
    return [Problem(path, code, text)]


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return key


def place(loc: tuple[object, ...]) -> str:
    """A path in our own notation from pydantic's location; the tags of unions, written `<tag>`, are left out."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif isinstance(part, str) and not part.startswith(("<", "function-", "tagged-union")):
            path += f".{part}" if path else part
    return path


def join(outer: str, inner: str) -> str:
    """Two paths put together: `cards[0]` and `items[1]` give `cards[0].items[1]`."""
    if not outer or not inner:
        return outer or inner
    return f"{outer}{inner}" if inner.startswith("[") else f"{outer}.{inner}"


def near(name: str, names: set[str] | list[str]) -> str:
    """` Did you mean "seats"?`, or nothing when no name is near."""
    close = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.6)
    return f'. Did you mean "{close[0]}"?' if close else ""


def _field_names(root: type[Model]) -> set[str]:
    names: set[str] = set(root.model_fields)
    for child in root.__subclasses__():
        names |= _field_names(child)
    return names
