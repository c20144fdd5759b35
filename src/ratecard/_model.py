"""
The base class of everything people write or store, and the types of its fields.

Such models are frozen pydantic models that refuse unknown fields and hold tuples and hashable pairs, never lists or
dicts.

`Amount`, `Day` and `Many[T]` read twice. For a type checker each is a descriptor: its setter takes what people write
(`"20"`, a list), its getter gives what is held (`Decimal`, a tuple). At run time each is an annotated type that makes
the one out of the other. Hence three habits: `frozen=True` in every class line, defaults through `default(...)`, and a
default in the form that is held (`ONE`, `()`, `Pairs()`), since pydantic takes it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Generic, Self, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

from ._numbers import DIGITS, PLACES, floor, number, text
from .errors import DefinitionError, NumberError, Problem

__all__ = [
    "Amount",
    "AmountTable",
    "Day",
    "Key",
    "Many",
    "Model",
    "OptionalAmount",
    "OptionalDay",
    "OptionalMany",
    "Pairs",
    "Table",
    "Whole",
    "check_depth",
    "default",
    "read_day",
    "refuse",
    "show_day",
    "tagged",
]

T = TypeVar("T")
V = TypeVar("V")

DEPTH = 16
_YEAR_MAX = 9000
SIZE = 250_000


def default(value: Any) -> Any:
    """The default of a field. Typed as anything, since the fields' own types are descriptors to a type checker."""
    return Field(default=value)


class Model(BaseModel, frozen=True):
    """The parent of everything people write or store: frozen, closed to unknown fields, hashable."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed, validated like any other; pydantic's own would let anything in."""
        return type(self)(**{**_given(self), **(update or {})})

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor: a pickle that was damaged, or is of another release, loads checked or not at all.
        return (_revived, (type(self), _given(self)))


def _given(model: Model) -> dict[str, Any]:
    """The fields that were set, in the order of the class."""
    return {name: getattr(model, name) for name in type(model).model_fields if name in model.model_fields_set}


def _revived(kind: type[Model], fields: dict[str, Any]) -> Model:
    return kind(**fields)


def refuse(found: Sequence[Problem]) -> None:
    """
    Raise all problems that a model's own check found, at once, inside pydantic's validation.

    Paths are relative to the model; the surrounding location is put in front when the error is read by `problems`.
    """
    if found:
        told = "; ".join(str(each) for each in found)
        raise PydanticCustomError("ratecard", "{told}", {"told": told, "problems": tuple(found)})


def _amount(value: object) -> Decimal:
    try:
        return number(value)
    except NumberError as error:
        found = (Problem("", error.code, error.text),)
        raise PydanticCustomError("ratecard", "{told}", {"told": error.text, "problems": found}) from None


def _day(value: object) -> date | datetime:
    try:
        found = read_day(value)
        if found.year > _YEAR_MAX:
            raise _out_of_years()
        return found
    except DefinitionError as error:
        told = error.problems[0].text
        raise PydanticCustomError("ratecard", "{told}", {"told": told, "problems": error.problems}) from None


_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<time>[T ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def read_day(value: object) -> date | datetime:
    """
    A date, an aware datetime, or ISO text of either; an aware datetime comes out in UTC.

    Text is the extended form alone, `2025-01-31` or `2025-01-31T12:00:00Z`, with an offset in the place of `Z`, a space
    in that of `T`, and the seconds left out if one likes. Digits past the microsecond are cut.

    Raises:
        DefinitionError: `time.naive`, `time.type`, `time.syntax` or `time.bounds`.
    """
    if isinstance(value, str):
        value = _from_iso(value)
    if isinstance(value, datetime):
        if value.tzinfo is None or value.utcoffset() is None:
            raise _fault("time.naive", "this time has no zone; add one, such as '2025-01-31T12:00:00Z'")
        try:
            found = value.astimezone(UTC)
        except OverflowError:
            raise _out_of_years() from None
        # A child of datetime (of pandas, say) would bring its own manners along.
        return found if type(found) is datetime else _plain_time(found)
    if isinstance(value, date):
        return value if type(value) is date else date(value.year, value.month, value.day)
    kind = type(value).__name__[:40]
    raise _fault("time.type", f"a date is wanted, not {kind}; write '2025-01-31' or '2025-01-31T12:00:00Z'")


def _from_iso(value: str) -> date | datetime:
    match = _ISO.fullmatch(value)
    try:
        if match:
            return datetime.fromisoformat(value) if match["time"] else date.fromisoformat(value)
    except ValueError:
        pass  # The form is right, but there is no such day.
    raise _fault("time.syntax", f"{value[:40]!r} is not a date; write '2025-01-31' or '2025-01-31T12:00:00Z'")


def _plain_time(at: datetime) -> datetime:
    return datetime(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, tzinfo=UTC)


def _out_of_years() -> DefinitionError:
    return _fault("time.bounds", f"this time is outside the years that can be counted; use 1 to {_YEAR_MAX}")


def _fault(code: str, words: str) -> DefinitionError:
    return DefinitionError([Problem("", code, words)])


def show_day(value: date | datetime) -> str:
    """The ISO text of a day or instant, as `read_day` takes it."""
    return value.isoformat().replace("+00:00", "Z")


def _whole(value: object) -> int:
    """A whole number, as a number or as text; never true, never 1.5."""
    found = _amount(value)
    if found != floor(found):
        refuse([Problem("", "integer.type", "write a whole number")])
    return floor(found)


Whole: TypeAlias = Annotated[int, BeforeValidator(_whole)]
"""A field that holds a whole number."""


def _many(value: object) -> object:
    """A sequence as a tuple. All else is left to be refused: a set has no order, and a generator can be read once."""
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray) else value


Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The key of a meter, an item, a plan: 1 to 200 characters."""


class Pairs(Mapping[str, V]):
    """
    A frozen, hashable mapping from text, in the order of its keys.

    >>> Pairs({"b": 1, "a": 2})
    Pairs({'a': 2, 'b': 1})
    """

    __slots__ = ("_hash", "_held")

    def __init__(self, given: Mapping[str, V] | None = None) -> None:
        self._held: dict[str, V] = dict(sorted((given or {}).items()))
        self._hash: int | None = None

    def __getitem__(self, key: str) -> V:
        return self._held[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(tuple(self._held.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Pairs):
            return self._held == other._held
        return self._held == other if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        return f"Pairs({self._held!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (Pairs, (self._held,))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        (item,) = getattr(source, "__args__", None) or (Any,)
        inner = core_schema.dict_schema(core_schema.str_schema(strict=True), handler.generate_schema(item))
        return core_schema.no_info_before_validator_function(
            _unpaired,
            core_schema.no_info_after_validator_function(cls, inner),
            serialization=core_schema.wrap_serializer_function_ser_schema(_paired, schema=inner, info_arg=False),
        )


def _unpaired(value: object) -> object:
    return dict(value) if isinstance(value, Pairs) else value


def _paired(value: Pairs[Any], dump: Callable[[object], object]) -> object:
    return dump(dict(value))


DAY_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
)
NUMBER_PATTERN = rf"^-?[0-9]{{1,{DIGITS}}}(\.[0-9]{{1,{PLACES}}})?$"

if TYPE_CHECKING:

    class Amount:
        """An exact number: text of the grammar, an int or a Decimal goes in, a Decimal comes out."""

        def __get__(self, instance: object, owner: object = None) -> Decimal: ...
        def __set__(self, instance: object, value: Decimal | int | str) -> None: ...

    class OptionalAmount:
        """As `Amount`, or None."""

        def __get__(self, instance: object, owner: object = None) -> Decimal | None: ...
        def __set__(self, instance: object, value: Decimal | int | str | None) -> None: ...

    class Day:
        """A date, an aware datetime, or ISO text of either."""

        def __get__(self, instance: object, owner: object = None) -> date | datetime: ...
        def __set__(self, instance: object, value: date | str) -> None: ...

    class OptionalDay:
        """As `Day`, or None."""

        def __get__(self, instance: object, owner: object = None) -> date | datetime | None: ...
        def __set__(self, instance: object, value: date | str | None) -> None: ...

    class Many(Generic[T]):
        """Any sequence goes in, a tuple comes out."""

        def __get__(self, instance: object, owner: object = None) -> tuple[T, ...]: ...
        def __set__(self, instance: object, value: Sequence[T]) -> None: ...

    class OptionalMany(Generic[T]):
        """As `Many`, or None."""

        def __get__(self, instance: object, owner: object = None) -> tuple[T, ...] | None: ...
        def __set__(self, instance: object, value: Sequence[T] | None) -> None: ...

    class Table(Generic[V]):
        """A mapping from text goes in, a hashable mapping comes out."""

        def __get__(self, instance: object, owner: object = None) -> Pairs[V]: ...
        def __set__(self, instance: object, value: Mapping[str, V]) -> None: ...

    class AmountTable:
        """A mapping from text to numbers goes in, a hashable mapping to Decimals comes out."""

        def __get__(self, instance: object, owner: object = None) -> Pairs[Decimal]: ...
        def __set__(self, instance: object, value: Mapping[str, Decimal | int | str]) -> None: ...

else:
    Amount = Annotated[
        Decimal,
        BeforeValidator(_amount),
        PlainSerializer(text, return_type=str),
        WithJsonSchema({"type": "string", "pattern": NUMBER_PATTERN}),
    ]
    OptionalAmount = Amount | None

    class _DaySchema:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
            return core_schema.no_info_plain_validator_function(
                _day, serialization=core_schema.plain_serializer_function_ser_schema(show_day)
            )

        @classmethod
        def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, object]:
            return {"type": "string", "pattern": DAY_PATTERN}

    Day = Annotated[date, _DaySchema]
    OptionalDay = Day | None

    class Many:
        """`Many[T]` is a tuple of T that also reads a list."""

        def __class_getitem__(cls, item: object) -> object:
            return Annotated[tuple[item, ...], Strict(), BeforeValidator(_many)]

    class OptionalMany:
        """`OptionalMany[T]` is the same or None."""

        def __class_getitem__(cls, item: object) -> object:
            return Many[item] | None

    class Table:
        """`Table[V]` is a hashable mapping from text to V."""

        def __class_getitem__(cls, item: object) -> object:
            return Pairs[item]

    AmountTable = Table[Amount]


def tagged(field: str) -> Discriminator:
    """
    The discriminator of a closed union by the text in one field; members are `Annotated[Class, Tag("<kind>")]`.

    The tag is put in angle brackets so that it can be told from a field's name in a path of pydantic's.
    """

    def read(value: object) -> str | None:
        found = value.get(field) if isinstance(value, Mapping) else getattr(value, field, None)
        return f"<{found}>" if isinstance(found, str) else None

    return Discriminator(read)


def check_depth(value: object, *, limit: int = DEPTH) -> None:
    """
    Refuse plain data nested deeper than prices may be, that contains itself, or that is larger than any plan.

    To be called before anything recursive reads it. A value that stands in several places counts in each: a few lines
    of YAML aliases can mean more places than a machine can hold.

    Raises:
        DefinitionError: `depth` or `size`.
    """
    # Each price inside a price adds two levels (the list and the mapping); the plan around it adds a handful.
    most = 2 * limit + 8
    stack: list[tuple[object, int]] = [(value, 0)]
    seen = 0
    while stack:
        held, level = stack.pop()
        if level > most:
            raise _fault("depth", f"nested more than {limit} prices deep; write it flatter")
        inner = held.values() if isinstance(held, Mapping) else held if isinstance(held, list | tuple) else ()
        seen += len(inner)
        if seen > SIZE:
            raise _fault("size", f"more than {SIZE:,} values; write it in several plans")
        stack.extend((each, level + 1) for each in inner if not isinstance(each, str | int))
