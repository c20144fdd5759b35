"""
Filters: which records of an event a meter takes, by their properties. All data: nothing is run, nothing is searched.

A property that is missing, or null, matches no filter but `Exists(present=False)`. A binary float, a list or anything
else that has no one text equals nothing and raises nothing: the aggregate that must read it says so.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, Tag, model_validator

from .._model import Key, Many, Model, OptionalAmount, default, refuse, tagged
from .._numbers import number, text
from ..errors import NumberError, Problem

__all__ = ["AnyFilter", "Equals", "Exists", "Filter", "In", "Prefix", "Range"]


def shown(value: object) -> str | None:
    """The text that a property is compared by, the same that names a group; None for what is missing or has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    found = numeric(value)
    return None if found is None else text(found)


def numeric(value: object) -> Decimal | None:
    """The number that a property is compared by; None for what is none."""
    try:
        return number(value)
    except NumberError:
        return None


def _written(value: object) -> str:
    """The text of a value in a filter: text as it stands, a number in plain digits, true or false."""
    found = shown(value)
    if found is None:
        refuse([Problem("", "filter.value", "write text, a whole number, a Decimal, true or false")])
    return str(found)


if TYPE_CHECKING:

    class Text:
        """Text, a number, true or false goes in, its text comes out."""

        def __get__(self, instance: object, owner: object = None) -> str: ...
        def __set__(self, instance: object, value: str | int | Decimal) -> None: ...

    class Texts:
        """As `Text`, several."""

        def __get__(self, instance: object, owner: object = None) -> tuple[str, ...]: ...
        def __set__(self, instance: object, value: Sequence[str | int | Decimal]) -> None: ...

else:
    Text = Annotated[str, BeforeValidator(_written)]
    Texts = Many[Text]


class Filter(Model, frozen=True):
    """
    A test of one property.

    Attributes:
        property: the name of the property.
    """

    property: Key

    @abstractmethod
    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether the properties pass."""

    def reads(self) -> tuple[str, ...]:
        """The property it reads."""
        return (self.property,)


class Equals(Filter, frozen=True):
    """
    The property has this value.

    Attributes:
        value: text, a whole number, a Decimal, true or false; compared as text, so that 7 and "7" are the same.

    >>> Equals(property="cached", value=True).matches({"cached": True})
    True
    """

    kind: Literal["equals"] = default("equals")
    value: Text

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether the property is there and has the value."""
        return shown(properties.get(self.property)) == self.value


class In(Filter, frozen=True):
    """
    The property has one of these values.

    Attributes:
        values: at least one; compared as by `Equals`.

    >>> In(property="region", values=["eu", "us"]).matches({"region": "asia"})
    False
    """

    kind: Literal["in"] = default("in")
    values: Texts

    @model_validator(mode="after")
    def _check(self) -> In:
        return _check_in(self)

    @cached_property
    def _held(self) -> frozenset[str]:
        return frozenset(self.values)

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether the property is there and has one of the values."""
        return shown(properties.get(self.property)) in self._held


class Range(Filter, frozen=True):
    """
    The property is a number inside bounds.

    Attributes:
        minimum: the least that passes; None for no lower bound.
        below: everything that passes is below it; None for no upper bound. At least one of the two is given.

    >>> [Range(property="size", minimum=10, below=20).matches({"size": size}) for size in (9, 10, "19.99", 20)]
    [False, True, True, False]
    """

    kind: Literal["range"] = default("range")
    minimum: OptionalAmount = default(None)
    below: OptionalAmount = default(None)

    @model_validator(mode="after")
    def _check(self) -> Range:
        return _check_range(self)

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether the property is a number, at or above `minimum` and below `below`."""
        found = numeric(properties.get(self.property))
        if found is None or (self.minimum is not None and found < self.minimum):
            return False
        return self.below is None or found < self.below


class Prefix(Filter, frozen=True):
    """
    The text of the property starts so.

    Attributes:
        prefix: at least one character, letter for letter.

    >>> Prefix(property="model", prefix="gpt-").matches({"model": "gpt-4o"})
    True
    """

    kind: Literal["prefix"] = default("prefix")
    prefix: Key

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether the property is there and its text starts with the prefix."""
        found = shown(properties.get(self.property))
        return found is not None and found.startswith(self.prefix)


class Exists(Filter, frozen=True):
    """
    The property is there, whatever its value; or, with `present=False`, it is missing or null.

    Attributes:
        present: whether it must be there.

    >>> Exists(property="region", present=False).matches({"region": None})
    True
    """

    kind: Literal["exists"] = default("exists")
    present: Annotated[bool, Field(strict=True)] = default(True)

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether the property is there, or is not, as wanted."""
        return (properties.get(self.property) is not None) == self.present


def _check_in(found: In) -> In:
    if not found.values:
        refuse([Problem("values", "filter.empty", "no record could pass; write at least one value")])
    return found


def _check_range(found: Range) -> Range:
    if found.minimum is None and found.below is None:
        refuse([Problem("", "filter.open", "a range without bounds; write minimum, below or both")])
    if found.minimum is not None and found.below is not None and found.minimum >= found.below:
        refuse([Problem("below", "filter.range", "no number could pass; write a `below` that is above `minimum`")])
    return found


AnyFilter: TypeAlias = Annotated[
    Annotated[Equals, Tag("<equals>")]
    | Annotated[In, Tag("<in>")]
    | Annotated[Range, Tag("<range>")]
    | Annotated[Prefix, Tag("<prefix>")]
    | Annotated[Exists, Tag("<exists>")],
    tagged("kind"),
]
"""Any filter, by the text in its `kind`."""
