"""
Worths: a field that holds an amount, or one for each currency.

A bare amount is in the currency at hand. A table, `{USD: "100", EUR: "95"}`, says what it is in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from ._model import NUMBER_PATTERN, Pairs, refuse
from ._numbers import number, text
from .errors import NumberError, Problem

__all__ = ["Bare", "OptionalWorth", "Worth", "read_worth", "show_worth"]

Bare: TypeAlias = Decimal | Pairs[Decimal]
"""What such a field holds."""


def read_worth(value: object, *, code: str = "amount.currency") -> Bare:
    """
    An amount, or one for each currency.

    Args:
        value: what is written.
        code: of the problem that a table is empty.
    """
    found: list[Problem] = []
    read: dict[str, Decimal] = {}
    table = value if isinstance(value, Mapping) else {"": value}
    for name, each in table.items():
        try:
            read[str(name)] = number(each)
        except NumberError as error:
            found.append(Problem(str(name), error.code, error.text))
    if not read and not found:
        found = [Problem("", code, "this table is empty; write an amount for each currency")]
    refuse(found)
    return Pairs(read) if isinstance(value, Mapping) else read[""]


def show_worth(value: Bare | None) -> str | dict[str, str] | None:
    """The plain form."""
    if isinstance(value, Pairs):
        return {name: text(each) for name, each in value.items()}
    return None if value is None else text(value)


if TYPE_CHECKING:

    class Worth:
        """An amount, or a table of amounts by currency."""

        def __get__(self, instance: object, owner: object = None) -> Bare: ...
        def __set__(self, instance: object, value: Decimal | int | str | Mapping[str, Decimal | int | str]) -> None: ...

    class OptionalWorth:
        """As `Worth`, or None."""

        def __get__(self, instance: object, owner: object = None) -> Bare | None: ...
        def __set__(
            self, instance: object, value: Decimal | int | str | Mapping[str, Decimal | int | str] | None
        ) -> None: ...

else:

    class Worth:
        """
        An amount, or a table of amounts by currency.

        Attributes:
            none: whether it may be left out.
            code: of the problem that a table is empty.
        """

        none: ClassVar[bool] = False
        code: ClassVar[str] = "amount.currency"

        @classmethod
        def _read(cls, value: object) -> Bare | None:
            return None if value is None and cls.none else read_worth(value, code=cls.code)

        @classmethod
        def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
            return core_schema.no_info_plain_validator_function(
                cls._read, serialization=core_schema.plain_serializer_function_ser_schema(show_worth)
            )

        @classmethod
        def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, object]:
            amount = {"type": "string", "pattern": NUMBER_PATTERN}
            forms = [amount, {"type": "object", "additionalProperties": amount}]
            return {"anyOf": [*forms, {"type": "null"}] if cls.none else forms}

    OptionalWorth = Worth | None
