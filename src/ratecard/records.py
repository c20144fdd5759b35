"""
Usage records: what happened, when, to whom. The one thing that exists in millions.

`UsageRecord` is a slotted plain class, immutable by contract. Rows of one's own (mappings or tuples) need not be turned
into records: a `Layout` says where in a row each part stands, and metering reads them as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ._numbers import number, text
from ._visible import is_sound, visible
from .errors import NumberError, RecordError

__all__ = ["Layout", "UsageRecord", "group_of", "group_text", "read_number"]

_SHOWN = 40


class UsageRecord:
    """
    One thing that happened.

    Args:
        event: what kind of thing, such as `completion`; meters select by it.
        at: when; an aware datetime or ISO text with a zone. Held in UTC.
        properties: facts of the event: quantities and dimensions, by name; held as given and not copied, so leave the
            mapping as it is afterwards.
        customer: who it happened to; None means whoever is being rated.
        source: who tells it; with `id` it is the record's identity.
        id: unique within its source. A record without id is never a duplicate.

    Raises:
        RecordError: `record.event`, `record.at`, `record.properties`, `record.customer`, `record.source`, `record.id`.

    >>> UsageRecord("completion", "2025-01-10T12:00:00Z", {"tokens": 1200}, id="c1").at.hour
    12
    """

    __slots__ = ("at", "customer", "event", "id", "properties", "source")

    event: str
    at: datetime
    properties: Mapping[str, Any]
    customer: str | None
    source: str | None
    id: str | None

    def __init__(
        self,
        event: str,
        at: datetime | str,
        properties: Mapping[str, Any] | None = None,
        *,
        customer: str | None = None,
        source: str | None = None,
        id: str | None = None,
    ) -> None:
        self.id = _text_or_none(id, "id", None)
        if not (isinstance(event, str) and event):
            raise RecordError(
                "the event is text such as 'completion'", code="record.event", path="event", record=self.id
            )
        self.event = event
        self.at = at if type(at) is datetime and at.tzinfo is UTC else read_time(at, self.id)
        if properties is not None and not isinstance(properties, Mapping):
            raise RecordError(
                f"properties are a mapping of names to values, not {type(properties).__name__}",
                code="record.properties", path="properties", record=self.id,
            )  # fmt: skip
        self.properties = {} if properties is None else properties
        self.customer = _text_or_none(customer, "customer", self.id)
        self.source = _text_or_none(source, "source", self.id)

    @property
    def identity(self) -> tuple[str | None, str] | None:
        """(source, id), or None without an id."""
        return None if self.id is None else (self.source, self.id)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UsageRecord):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash((self.event, self.at, self.customer, self.source, self.id))

    def _content(self) -> tuple[object, ...]:
        return (self.event, self.at, self.customer, self.source, self.id, dict(self.properties))

    def __repr__(self) -> str:
        extra = "".join(
            f", {name}={value!r}"
            for name, value in (("customer", self.customer), ("source", self.source), ("id", self.id))
            if value is not None
        )
        return f"UsageRecord({self.event!r}, {show_time(self.at)!r}, {dict(self.properties)!r}{extra})"

    def to_json(self) -> dict[str, Any]:
        """Plain data; Decimals become text, which the grammar reads back."""
        told: dict[str, Any] = {"event": self.event, "at": show_time(self.at)}
        if self.properties:
            told["properties"] = {
                name: text(value) if isinstance(value, Decimal) else value for name, value in self.properties.items()
            }
        for name in ("customer", "source", "id"):
            value = getattr(self, name)
            if value is not None:
                told[name] = value
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> UsageRecord:
        """
        Read what `to_json` wrote, or a line of a usage file: event, at, properties, customer, source, id.

        Raises:
            RecordError: as the constructor, and `record.fields` for a name that is not one of these.
        """
        if not isinstance(told, Mapping):
            raise RecordError(f"a record is a mapping with event and at, not {type(told).__name__}", code="record.type")
        unknown = [name for name in told if name not in _FIELDS]
        if unknown:
            raise RecordError(
                f"{_shown(unknown[0])} is not a part of a record; put facts of the event under properties",
                code="record.fields", path=visible(unknown[0][:_SHOWN]) if isinstance(unknown[0], str) else "",
                record=told["id"] if isinstance(told.get("id"), str) else None,
            )  # fmt: skip
        return cls(
            told.get("event"),  # type: ignore[arg-type]
            told.get("at"),  # type: ignore[arg-type]
            told.get("properties"),
            customer=told.get("customer"),
            source=told.get("source"),
            id=told.get("id"),
        )


_FIELDS = ("event", "at", "properties", "customer", "source", "id")


def _text_or_none(value: object, name: str, record: str | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value:
        # A text of a kind of its own, such as a member of an enumeration, is its text.
        return value if value.__class__ is str else str.__str__(value)
    raise RecordError(
        f"the {name} is text, or left out; not {_shown(value)}", code=f"record.{name}", path=name, record=record
    )


def _shown(value: object) -> str:
    """What came, for a message: text in short, times as they are, else the type (a long int cannot be written out)."""
    if isinstance(value, str | date):
        return repr(str(value)[:_SHOWN])
    return f"a value of type {type(value).__name__}"


def read_time(value: object, record: str | None = None) -> datetime:
    """
    The instant of a record, in UTC.

    Raises:
        RecordError: `record.at`, when it is not an aware datetime or ISO text with a zone.
    """
    found = value
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found)
        except ValueError:
            found = None
    if not isinstance(found, datetime) or found.tzinfo is None or found.utcoffset() is None:
        raise RecordError(
            f"the time is {_shown(value)}, not an instant; write it with a zone, as '2025-01-31T12:00:00Z'",
            code="record.at", path="at", record=record,
        )  # fmt: skip
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise RecordError(
            "the time is outside the years that can be counted", code="record.at", path="at", record=record
        ) from None


def show_time(at: datetime) -> str:
    """ISO text in UTC, ending in Z."""
    return at.isoformat().replace("+00:00", "Z")


def read_number(record: UsageRecord, name: str) -> Decimal:
    """
    A number among a record's properties. Missing is refused, never 0.

    Raises:
        RecordError: `record.missing` or `record.number`.
    """
    try:
        value = record.properties[name]
    except KeyError:
        raise RecordError(
            f"the property {name!r} is missing; send it, as a number", code="record.missing",
            path=f"properties.{name}", record=record.id,
        ) from None  # fmt: skip
    try:
        return number(value)
    except NumberError as error:
        raise RecordError(
            f"the property {name!r} is not a number here: {error.text}", code="record.number",
            path=f"properties.{name}", record=record.id,
        ) from None  # fmt: skip


def group_of(value: object) -> str | None:
    """A value as the text of a group: "" for nothing; None for what has no one text, or none that can be written."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value if value.isascii() or is_sound(value) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        try:
            return text(number(value))
        except NumberError:
            pass
    return None


def group_text(record: UsageRecord, name: str) -> str:
    """
    A property as the text of a group. A missing or empty one is the group "".

    Raises:
        RecordError: `record.dimension`, for a float, a list or another value that has no one text; `record.text`, for
            text that cannot be written.
    """
    value = record.properties.get(name)
    if isinstance(value, str) and value.isascii():
        return value
    found = group_of(value)
    if found is not None:
        return found
    if isinstance(value, str):
        raise RecordError(
            f"the property {name!r} is text that UTF-8 cannot hold: half a surrogate pair; send whole characters",
            code="record.text", path=f"properties.{name}", record=record.id,
        )  # fmt: skip
    raise RecordError(
        f"the property {name!r} cannot name a group; send text", code="record.dimension",
        path=f"properties.{name}", record=record.id,
    )  # fmt: skip


class Layout:
    """
    Where the parts of a record stand in a row of one's own.

    Args:
        event, at, customer, source, id: the key of each in a row, one of the `columns` where there are any; None when
            rows do not carry it.
        properties: the key of a nested mapping, or None when properties stand in the row beside the rest.
        columns: for rows that are tuples or lists: the name of each position.
        always_event: the event of every row, when rows do not carry one.
        within: the rows are known to lie inside the period that is measured; their times are not read.

    Raises:
        RecordError: `layout.event`, `layout.at` or `layout.columns`.
    """

    __slots__ = ("always_event", "at", "columns", "customer", "event", "id", "properties", "source", "within")

    def __init__(
        self,
        *,
        event: str | None = "event",
        at: str | None = "at",
        customer: str | None = None,
        source: str | None = None,
        id: str | None = None,
        properties: str | None = None,
        columns: Sequence[str] | None = None,
        always_event: str | None = None,
        within: bool = False,
    ) -> None:
        self.event = None if always_event is not None else event
        self.always_event = always_event
        self.at = None if within else at
        self.customer = customer
        self.source = source
        self.id = id
        self.properties = properties
        self.columns = None if columns is None else tuple(columns)
        self.within = within
        if self.event is None and always_event is None:
            raise RecordError("rows without an event need always_event", code="layout.event", path="event")
        if self.at is None and not within:
            raise RecordError(
                "rows without a time need within=True, which says they lie inside the period",
                code="layout.at", path="at",
            )  # fmt: skip
        if self.columns is not None:
            missing = [
                name for name in (self.event, self.at, customer, source, id) if name and name not in self.columns
            ]
            if missing or len(set(self.columns)) != len(self.columns) or properties is not None:
                raise RecordError(
                    f"columns name each position once and hold {', '.join(missing) or 'no nested properties'}",
                    code="layout.columns", path="columns",
                )  # fmt: skip

    def place(self, name: str) -> str | int:
        """The key or index that reads a name from a row."""
        if self.columns is None:
            return name
        if name not in self.columns:
            raise RecordError(
                f"the rows have no column {name!r}; they have {', '.join(self.columns)}",
                code="layout.columns", path=name,
            )  # fmt: skip
        return self.columns.index(name)

    def record(self, row: Any, *, start: datetime | None = None, trusted: bool = False) -> UsageRecord:
        """
        The row as a `UsageRecord`, with every check.

        Args:
            start: the time given to rows that carry none (the start of the period they are known to lie in).
            trusted: identities are not looked at; a source or id that is no text is taken for none.
        """
        if self.columns is not None:
            if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != len(self.columns):
                raise RecordError(f"a row has {len(self.columns)} columns", code="record.row")
            row = dict(zip(self.columns, row, strict=True))
        if not isinstance(row, Mapping):
            raise RecordError(f"a row is a mapping, not {type(row).__name__}", code="record.row")
        # Without a place of their own, properties are the whole row: a column may be both the source and a dimension.
        properties = row if self.properties is None else row.get(self.properties)
        at = start if self.at is None else row.get(self.at)
        return UsageRecord(
            self.always_event if self.event is None else row.get(self.event),  # type: ignore[arg-type]
            at,  # type: ignore[arg-type]
            properties,
            customer=self._read(row, self.customer),
            source=self._mark(row, self.source, trusted),
            id=self._mark(row, self.id, trusted),
        )

    def _mark(self, row: Mapping[str, Any], name: str | None, trusted: bool) -> Any:
        """A part of the identity."""
        found = self._read(row, name)
        return found if not trusted or (isinstance(found, str) and found) else None

    @staticmethod
    def _read(row: Mapping[str, Any], name: str | None) -> Any:
        return None if name is None else row.get(name)
