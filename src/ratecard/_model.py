"""
The base class of everything people write or store, and the types of its fields.

Such models are frozen pydantic models that refuse unknown fields and hold tuples and hashable pairs, never lists or dicts.

`Amount`, `Day` and `Many[T]` read twice. For a type checker each is a descriptor: its setter takes what people write
(`"20"`, a list), its getter gives what is held (`Decimal`, a tuple). At run time each is an annotated type that makes the
one out of the other. Hence two habits: `frozen=True` in every class line, and defaults through `default(...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

from ._numbers import DIGITS, PLACES, number, text
from .errors import DefinitionError, Problem, RatecardError

__all__ = [
    "Amount",
    "AmountTable",
    "Day",
    "Key",
    "Many",
    "Model",
    "OptionalAmount",
    "OptionalDay",
    "Pairs",
    "Table",
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


def default(value: Any) -> Any:
    """The default of a field. Typed as anything, since the fields' own types are descriptors to a type checker."""
    return Field(default=value)


class Model(BaseModel, frozen=True):
    """The parent of everything people write or store: frozen, closed to unknown fields, hashable."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed, validated like any other; pydantic's own would let anything in."""
        fields = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**fields, **(update or {})})


def refuse(found: Sequence[Problem]) -> None:
    """
    Raise all problems that a model's own check found, at once, inside pydantic's validation.

    Paths are relative to the model; the surrounding location is put in front when the error is read by `problems`.
    """
    if found:
        told = "; ".join(str(each) for each in found).replace("{", "(").replace("}", ")")
        raise PydanticCustomError("ratecard", told, {"problems": tuple(found)})


def _told(error: RatecardError) -> PydanticCustomError:
    """One of our errors inside pydantic's validation, with its own code kept."""
    words = error.text.replace("{", "(").replace("}", ")")
    return PydanticCustomError("ratecard", words, {"problems": (Problem("", error.code, error.text),)})


def _amount(value: object) -> Decimal:
    try:
        return number(value)
    except RatecardError as error:
        raise _told(error) from None


def _day(value: object) -> date | datetime:
    try:
        return read_day(value)
    except RatecardError as error:
        raise _told(error) from None


def read_day(value: object) -> date | datetime:
    """
    A date, an aware datetime, or ISO text of either; an aware datetime comes out in UTC.

    Raises:
        DefinitionError: `time.naive`, `time.type` or `time.syntax`.
    """
    if isinstance(value, str):
        try:
            value = _from_iso(value)
        except ValueError:
            shown = str(value)[:40]
            raise _fault(
                "time.syntax", f"{shown!r} is not a date; write '2025-01-31' or '2025-01-31T12:00:00Z'"
            ) from None
    if isinstance(value, datetime):
        if value.tzinfo is None or value.utcoffset() is None:
            raise _fault("time.naive", "this time has no zone; add one, such as '2025-01-31T12:00:00Z'")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise _fault("time.bounds", "this time is outside the years that can be counted; use 1 to 9000") from None
    if isinstance(value, date):
        return value
    kind = type(value).__name__
    raise _fault("time.type", f"a date is wanted, not {kind}; write '2025-01-31' or '2025-01-31T12:00:00Z'")


def _from_iso(value: str) -> date | datetime:
    return date.fromisoformat(value) if len(value) <= len("2025-01-31") else datetime.fromisoformat(value)


def _fault(code: str, words: str) -> DefinitionError:
    return DefinitionError([Problem("", code, words)])


def show_day(value: date | datetime) -> str:
    """The ISO text of a day or instant, as `read_day` takes it."""
    return value.isoformat().replace("+00:00", "Z")


def _many(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The key of a meter, an item, a plan: 1 to 200 characters."""


class Pairs(Mapping[str, V]):
    """
    A frozen, hashable mapping from text, in the order of its keys.

    >>> Pairs({"b": 1, "a": 2})
    Pairs({'a': 2, 'b': 1})
    """

    __slots__ = ("_held", "_hash")

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
            serialization=core_schema.wrap_serializer_function_ser_schema(
                _paired, schema=inner, info_arg=False
            ),
        )


def _unpaired(value: object) -> object:
    return dict(value) if isinstance(value, Pairs) else value


def _paired(value: Pairs[Any], dump: Callable[[object], object]) -> object:
    return dump(dict(value))


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
            return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2}))?$"}

    Day = Annotated[date, _DaySchema]
    OptionalDay = Day | None

    class Many:
        """`Many[T]` is a tuple of T that also reads a list."""

        def __class_getitem__(cls, item: object) -> object:
            return Annotated[tuple[item, ...], BeforeValidator(_many)]

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
    Refuse plain data nested deeper than prices may be, or that contains itself, before anything recursive reads it.

    Raises:
        DefinitionError: `depth`.
    """
    # Each price inside a price adds two levels (the list and the mapping); the plan around it adds a handful.
    most = 2 * limit + 8
    stack: list[tuple[object, int]] = [(value, 0)]
    while stack:
        held, level = stack.pop()
        if level > most:
            raise _fault("depth", f"nested more than {limit} prices deep; write it flatter")
        if isinstance(held, Mapping):
            stack.extend((each, level + 1) for each in held.values())
        elif isinstance(held, list | tuple):
            stack.extend((each, level + 1) for each in held)
