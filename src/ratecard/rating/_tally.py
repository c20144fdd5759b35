"""
Tally: what metering leaves behind. The only value that grows with usage, and it merges.

A tally is keyed by customer, meter, segment and group. Each cell holds the state of its meter's aggregate (and of the
folds that prices asked for), never a value: coarser figures come from merging states. Beside the cells stands the
account of where every record went, and the identities that were counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .._kinds import expect
from .._visible import visible
from ..errors import MismatchError, RatecardError, RecordError
from ..plans import MeterTerms
from ._identities import Identities, Mark

__all__ = ["FATES", "Account", "Cells", "Growing", "Rejection", "State", "States", "Tally", "add_cells", "copied"]

State: TypeAlias = Any
Cells: TypeAlias = dict[tuple[str, ...], State]

FATES = (
    "counted",
    "refused",
    "duplicate",
    "conflict",
    "unmatched",
    "unpriced",
    "outside",
    "other_customer",
    "pending",
)
"""Where a record can end; every record ends as exactly one."""


class Rejection:
    """A record that was refused, or that contradicts one that was counted: its id, and why."""

    __slots__ = ("code", "path", "record", "text")

    def __init__(self, record: str | None, code: str, path: str, text: str) -> None:
        self.record = record
        self.code = code
        self.path = path
        self.text = text

    @classmethod
    def of(cls, error: RecordError) -> Rejection:
        """What an error says."""
        return cls(error.record, error.code, error.path, error.text)

    def _content(self) -> tuple[str, str, str, str]:
        return (self.record or "", self.code, self.path, self.text)

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, Rejection) else NotImplemented

    def __lt__(self, other: Rejection) -> bool:
        return self._content() < other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def __repr__(self) -> str:
        return visible(f"<Rejection of {self.record!r} {self.path}: {self.text} [{self.code}]>")

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"record": self.record, "code": self.code, "path": self.path, "text": self.text}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Rejection:
        """Read back what `to_json` wrote."""
        return cls(told["record"], told["code"], told["path"], told["text"])


class Account:
    """
    The account of where every record went.

    Attributes:
        counts: records by fate; they add up to what came in.
        unidentified: counted records that had no id, and so could not be told from a copy.
        trusted: identities were not looked at, at the caller's word.
        rejected: refused and conflicting records, each with the reason, in a fixed order.
    """

    __slots__ = ("counts", "rejected", "trusted", "unidentified")

    def __init__(
        self, counts: Mapping[str, int], unidentified: int, trusted: bool, rejected: Iterable[Rejection]
    ) -> None:
        self.counts = {fate: counts.get(fate, 0) for fate in FATES}
        self.unidentified = unidentified
        self.trusted = trusted
        self.rejected = tuple(sorted(rejected))

    def moved(self, fate: str, count: int) -> Account:
        """The same, with so many of the counted records at another end, which only a later stage could tell."""
        if not count:
            return self
        counts = {**self.counts, "counted": self.counts["counted"] - count, fate: self.counts[fate] + count}
        return Account(counts, self.unidentified, self.trusted, self.rejected)

    @property
    def records(self) -> int:
        """All records that came in."""
        return sum(self.counts.values())

    def __add__(self, other: Account) -> Account:
        return Account(
            {fate: self.counts[fate] + other.counts[fate] for fate in FATES},
            self.unidentified + other.unidentified,
            self.trusted or other.trusted,
            (*self.rejected, *other.rejected),
        )

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, Account) else NotImplemented

    def __hash__(self) -> int:
        return hash((tuple(self.counts.values()), self.unidentified, self.rejected))

    def __repr__(self) -> str:
        told = ", ".join(f"{fate} {count}" for fate, count in self.counts.items() if count)
        return f"<Account of {self.records} records: {told or 'none'}>"

    def to_json(self) -> dict[str, Any]:
        """Plain data; fates without records are left out."""
        return {
            "counts": {fate: count for fate, count in self.counts.items() if count},
            "unidentified": self.unidentified,
            "trusted": self.trusted,
            "rejected": [each.to_json() for each in self.rejected],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Account:
        """Read back what `to_json` wrote."""
        rejected = [Rejection.from_json(each) for each in told["rejected"]]
        return cls(told["counts"], told["unidentified"], told["trusted"], rejected)


class States:
    """The states of one meter's cells: its aggregate's, and behind it those of the folds that its prices asked for."""

    __slots__ = ("aggregate", "folds")

    def __init__(self, terms: MeterTerms) -> None:
        self.aggregate = terms.meter.aggregate
        self.folds = terms.folds

    def zero(self) -> State:
        """Nothing seen."""
        zero = self.aggregate.zero()
        return [zero, *(fold.zero() for fold in self.folds)] if self.folds else zero

    def merge(self, a: State, b: State) -> State:
        """Both; neither is changed."""
        if not self.folds:
            return self.aggregate.merge(a, b)
        rest = (fold.merge(x, y) for fold, x, y in zip(self.folds, a[1:], b[1:], strict=True))
        return [self.aggregate.merge(a[0], b[0]), *rest]

    def all(self, states: Sequence[State]) -> State:
        """All of them together."""
        found = states[0] if states else self.zero()
        for state in states[1:]:
            found = self.merge(found, state)
        return found

    def main(self, state: State) -> State:
        """The aggregate's own state."""
        return state[0] if self.folds else state

    def dump(self, state: State) -> Any:
        """Plain data."""
        if not self.folds:
            return self.aggregate.dump(state)
        rest = [fold.dump(each) for fold, each in zip(self.folds, state[1:], strict=True)]
        return [self.aggregate.dump(state[0]), *rest]

    def load(self, told: Any) -> State:
        """Read back what `dump` wrote."""
        if not self.folds:
            return self.aggregate.load(told)
        if not isinstance(told, list) or len(told) != len(self.folds) + 1:
            raise MismatchError("this state was made for other prices; measure the records again", code="tally.state")
        rest = [fold.load(each) for fold, each in zip(self.folds, told[1:], strict=True)]
        return [self.aggregate.load(told[0]), *rest]


class Tally:
    """
    Metered usage of one customer or of many. Made by `measure`; immutable by contract.

    `a + b` merges two that were measured for the same terms from different records. Tallies that share an identity do
    not add: split records over machines by a stable hash of (source, id), so that copies of one record meet.

    Attributes:
        metering: for each customer, how each meter was measured.
        cells: customer -> meter -> a list with one mapping of groups to states for each segment.
        account: where every record went.
        seen: the identities counted, each with the record (or its fingerprint).
    """

    __slots__ = ("account", "cells", "metering", "seen")

    def __init__(
        self,
        metering: Mapping[str, Mapping[str, MeterTerms]],
        cells: Mapping[str, Mapping[str, list[Cells]]],
        account: Account,
        seen: Identities | None = None,
    ) -> None:
        self.metering = metering
        self.cells = cells
        self.account = account
        self.seen = Identities() if seen is None else seen

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """Refused and conflicting records, each with the reason."""
        return self.account.rejected

    def __add__(self, other: Tally) -> Tally:
        metering = dict(self.metering)
        for customer, theirs in other.metering.items():
            held = metering.setdefault(customer, theirs)
            if held is not theirs and held != theirs:
                raise MismatchError(
                    f"the tallies were measured for different terms of {customer!r}; measure both for the same",
                    code="tally.terms",
                )
        shared = self.seen.shared(other.seen)
        if shared is not None:
            raise MismatchError(
                f"both tallies hold the record {shared!r}; split records by a stable hash of (source, id)",
                code="tally.overlap",
            )
        cells = {customer: copied(meters) for customer, meters in self.cells.items()}
        for customer, meters in other.cells.items():
            add_cells(cells.setdefault(customer, {}), meters, metering[customer])
        return Tally(metering, cells, self.account + other.account, self.seen.joined(other.seen))

    def marks(self, customer: str) -> dict[tuple[str | None, str], str]:
        """The identities counted for one customer, each with the fingerprint of its record."""
        alone = len(self.metering) == 1
        return {(source, name): mark for source, name, mark, whose in self.seen.told() if alone or whose == customer}

    def __eq__(self, other: object) -> bool:
        return self.dump() == other.dump() if isinstance(other, Tally) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Tally of {len(self.metering)} customer(s), {self.account!r}>"

    def dump(self) -> dict[str, Any]:
        """Plain data, the same for equal tallies; identities as fingerprints."""
        cells: dict[str, Any] = {}
        for customer in sorted(self.cells):
            told: dict[str, Any] = {}
            for meter in sorted(self.cells[customer]):
                states = States(self.metering[customer][meter])
                told[meter] = [
                    [[list(group), states.dump(segment[group])] for group in sorted(segment)]
                    for segment in self.cells[customer][meter]
                ]
            cells[customer] = told
        return {
            "tally": 1,
            "metering": {customer: _digest(self.metering[customer]) for customer in sorted(self.metering)},
            "cells": cells,
            "account": self.account.to_json(),
            "seen": [list(each) for each in self.seen.told()],
        }

    @classmethod
    def load(cls, told: Mapping[str, Any], metering: Mapping[str, Mapping[str, MeterTerms]]) -> Tally:
        """
        Read back what `dump` wrote.

        Args:
            told: the plain data.
            metering: for each customer the `meters` of the terms it was measured for.

        Raises:
            MismatchError: `tally.terms`, when it was measured for other terms; `tally.version`; `tally.state`, when a
                part is missing or of another type; `argument.type`.
        """
        expect(told, Mapping, "the plain data", "give what dump wrote")
        expect(metering, Mapping, "the metering", "give {customer: terms.meters} of the terms")
        if told.get("tally") != 1:
            raise MismatchError("this is not a tally that can be read; expected version 1", code="tally.version")
        try:
            return cls._read(told, metering)
        except RatecardError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError):
            words = "this is not what dump wrote: a part is missing or has another type; measure the records again"
            raise MismatchError(words, code="tally.state") from None

    @classmethod
    def _read(cls, told: Mapping[str, Any], metering: Mapping[str, Mapping[str, MeterTerms]]) -> Tally:
        cells: dict[str, dict[str, list[Cells]]] = {}
        for customer, digest in told["metering"].items():
            if customer not in metering or _digest(metering[customer]) != digest:
                raise MismatchError(
                    f"the tally was measured for other terms of {customer!r}; resolve the same terms",
                    code="tally.terms",
                )
        for customer, meters in told["cells"].items():
            mine = cells.setdefault(customer, {})
            for meter, segments in meters.items():
                states = States(metering[customer][meter])
                mine[meter] = [{tuple(group): states.load(state) for group, state in segment} for segment in segments]
        held = {customer: metering[customer] for customer in told["metering"]}
        seen = Identities()
        for source, name, content, customer in told["seen"]:
            seen.put(source, name, Mark(content, customer))
        return cls(held, cells, Account.from_json(told["account"]), seen)


class Growing:
    """
    The cells of a tally on the way to the next: what is not touched is shared, and what is touched is copied first.

    Attributes:
        cells: customer -> meter -> a list with one mapping of groups to states for each segment.
    """

    __slots__ = ("_mine", "cells")

    def __init__(self, before: Mapping[str, Mapping[str, list[Cells]]]) -> None:
        self.cells: dict[str, Mapping[str, list[Cells]]] = dict(before)
        self._mine: dict[tuple[str, str, int], Cells] = {}

    def at(self, customer: str, meter: str, segment: int, segments: int) -> Cells:
        """The cells of one segment, open to change; all segments of a meter are there, empty or not."""
        mark = (customer, meter, segment)
        found = self._mine.get(mark)
        if found is None:
            meters = dict(self.cells.get(customer, {}))
            every = list(meters[meter]) if meter in meters else [{} for _ in range(segments)]
            found = every[segment] = self._mine[mark] = dict(every[segment])
            meters[meter] = every
            self.cells[customer] = meters
        return found


def copied(meters: Mapping[str, list[Cells]]) -> dict[str, list[Cells]]:
    """The same cells in mappings of their own; states are shared, since merging never changes one."""
    return {meter: [dict(segment) for segment in segments] for meter, segments in meters.items()}


def add_cells(
    onto: dict[str, list[Cells]], meters: Mapping[str, list[Cells]], metering: Mapping[str, MeterTerms]
) -> None:
    """Merge cells into others."""
    for meter, segments in meters.items():
        held = onto.setdefault(meter, [{} for _ in segments])
        merge: Callable[[State, State], State] = States(metering[meter]).merge
        for mine, theirs in zip(held, segments, strict=True):
            for group, state in theirs.items():
                mine[group] = merge(mine[group], state) if group in mine else state


def _digest(meters: Mapping[str, MeterTerms]) -> str:
    told = [
        (key, terms.meter.model_dump_json(), terms.edges, terms.priced, terms.axes, terms.folds)
        for key, terms in sorted(meters.items())
    ]
    return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()
