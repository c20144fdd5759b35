"""
Filters: which records of an event a meter takes, by their properties. All data: nothing is run, nothing is searched.

A property that is missing, or null, matches no filter but `Exists(present=False)`, and so does a list or anything else
that has no one text. A filter raises nothing. But a number that it cannot read, such as a binary float, is no answer
where it compares numbers: then the record is refused by `passes`, and not left out in silence.
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
from ..errors import NumberError, Problem, RecordError
from ..records import UsageRecord

__all__ = ["AnyFilter", "Equals", "Exists", "Filter", "In", "Prefix", "Range", "passes"]


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


def passes(filters: Sequence[Filter], record: UsageRecord) -> bool:
    """
    Whether a record passes all filters.

    Raises:
        RecordError: `record.number`, when all that speaks against it is a number that a filter cannot read.
    """
    unread = ""
    for each in filters:
        if not each.matches(record.properties):
            if not each.unread(record.properties):
                return False
            unread = unread or each.property
    if unread:
        raise RecordError(
            f"the property {unread!r} is compared as a number, and is a float or out of bounds; send text such as "
            "'1.5', or read JSON with parse_float=Decimal",
            code="record.number",
            path=f"properties.{unread}",
            record=record.id,
        )
    return True


def _unread(value: object) -> bool:
    """Whether a property is a number that the grammar does not take."""
    return isinstance(value, float | int | Decimal) and not isinstance(value, bool) and numeric(value) is None


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

    def compares(self) -> bool:
        """Whether it compares numbers."""
        return False

    def unread(self, properties: Mapping[str, Any]) -> bool:
        """Whether it compares numbers, and the property is one that it cannot read."""
        return _unread(properties.get(self.property)) and self.compares()

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

    def compares(self) -> bool:
        """Whether its value is a number."""
        return numeric(self.value) is not None


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

    def compares(self) -> bool:
        """Whether one of its values is a number."""
        return any(numeric(value) is not None for value in self.values)


class Range(Filter, frozen=True):
    """
    The property is a number inside bounds. Text that is no number is outside them.

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

    def compares(self) -> bool:
        """It compares numbers."""
        return True


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
