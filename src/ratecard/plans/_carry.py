"""
What outlives a period, as one value that is stored as JSON between two statements.

Its parts are plain JSON values: text, whole numbers, lists and mappings. Amounts are text, since JSON numbers pass
through binary floats. What the state of a counter means, only the meter knows that wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast

from .._model import show_day
from .._numbers import exact, sign
from ..errors import DefinitionError, NumberError, Problem
from ..periods import instant
from ._billed import billed_problems, unpaid_problems

__all__ = ["BOUNDS", "Carry"]

VERSION = 1
_DEEPEST = 16

BOUNDS = ("minimum", "maximum")
"""What the plan's own floor and ceiling are called among the commitments."""

Grouped: TypeAlias = Sequence[Sequence[Any]]
"""Pairs of a group (a list of texts) and a plain value."""

_TABLES = (
    "counters", "levels", "rollovers", "uncovered", "stages", "remainders", "commitments", "coupons", "outcomes",
    "returned", "settled",
)  # fmt: skip
_PARTS = (*_TABLES, "billed", "unpaid", "identities")
_FIELDS = ("carry", "customer", "plan", "until", "currency", *_PARTS)
_SHORT = ("remainders", "commitments", "coupons")
_NEEDED = ("carry", "customer", "plan", "until")


class Carry:
    """
    What a customer's next period needs to know of the ones before. Immutable by contract.

    Args:
        customer: whose.
        plan: the key of the plan.
        until: the end of the last period that is in it; the next one starts here.
        currency: the code of the currency of its amounts; None where it is not known, as in what was written before it
            was told.
        counters: for each meter, and in it for each start of a stretch that is still counted on as ISO text, pairs of
            group and state; a stretch ends where the next one starts.
        levels: for each meter, pairs of group and the level at the end: as text, or, where a meter of mode `set` is cut
            into groups, its last record as `[[time, source, id, level]]`, so that groups can be read as one.
        rollovers: for each item, pairs of group and the unused units taken on.
        uncovered: for each item priced in credits, pairs of group and the credits that nobody paid while its counter
            runs on; below 0 what came back of those that lots paid.
        stages: for each item whose cadence period runs on, and in it for each of its discounts and bounds by name,
            pairs of group and `[what came to it so far, what it took off]`.
        remainders: for each line, what rounding left.
        commitments: for each commitment that runs on, what it holds so far; the plan's bounds too.
        coupons: for each coupon, how many billing periods have used it.
        billed: of a billing period that runs on, where the plan has terms across its lines: since when (`since`), the
            lines of prices so far (`lines`), what these terms took off and added (`made`), and what commitments that
            began before held then (`opening`). Empty where there is none.
        unpaid: of a billing period that runs on, where a ledger of credits was given: since when (`since`), what was
            due in money so far (`owed`), what was paid out beyond that (`out`), and the statements by whose draws
            credits paid (`statements`). Empty where there is none.
        outcomes: for each item, and in it for each meter, the outcomes that are open or can be reversed, with the
            prices they are billed at.
        returned: for each draw on credits of a statement that was made again, pairs of lot (none for what nobody paid)
            and what later statements had given back of it that it does not need itself any more; below 0 what they
            could not take back. They find it where they are made again.
        settled: for each billing period that is over (`start/end`) and of which outcomes may be reversed, where a
            ledger was given: one pair of the statements by whose draws credits paid, and what was due in money
            and is not given back.
        identities: source or None, id and fingerprint of each record that was counted.

    Raises:
        DefinitionError: `text.type`, `integer.type` or `carry.value`, for remainders, commitments or coupons that are
            not what they must be; these, `mapping.type` and `field.unknown` for what was billed or is unpaid.

    >>> carry = Carry("acme", "api", "2025-02-01T00:00:00Z", remainders={"tokens": "0.004"})
    >>> Carry.from_json(carry.to_json()) == carry
    True
    """

    __slots__ = (
        "billed", "commitments", "counters", "coupons", "currency", "customer", "identities", "levels", "outcomes",
        "plan", "remainders", "returned", "rollovers", "settled", "stages", "uncovered", "unpaid", "until",
    )  # fmt: skip

    def __init__(
        self,
        customer: str,
        plan: str,
        until: datetime | str,
        *,
        currency: str | None = None,
        counters: Mapping[str, Mapping[str, Grouped]] | None = None,
        levels: Mapping[str, Grouped] | None = None,
        rollovers: Mapping[str, Grouped] | None = None,
        uncovered: Mapping[str, Grouped] | None = None,
        stages: Mapping[str, Mapping[str, Grouped]] | None = None,
        remainders: Mapping[str, str] | None = None,
        commitments: Mapping[str, str] | None = None,
        coupons: Mapping[str, int] | None = None,
        outcomes: Mapping[str, Mapping[str, Any]] | None = None,
        billed: Mapping[str, Any] | None = None,
        returned: Mapping[str, Grouped] | None = None,
        unpaid: Mapping[str, Any] | None = None,
        settled: Mapping[str, Grouped] | None = None,
        identities: Sequence[Sequence[str | None]] = (),
    ) -> None:
        self.customer = customer
        self.plan = plan
        self.until = instant(until)
        self.currency = currency
        self.counters: dict[str, dict[str, Any]] = {
            meter: {start: _listed(pairs) for start, pairs in starts.items()}
            for meter, starts in (counters or {}).items()
        }
        self.levels: dict[str, Any] = {meter: _listed(pairs) for meter, pairs in (levels or {}).items()}
        self.rollovers: dict[str, Any] = {item: _listed(pairs) for item, pairs in (rollovers or {}).items()}
        self.uncovered: dict[str, Any] = {item: _listed(pairs) for item, pairs in (uncovered or {}).items()}
        self.stages: dict[str, dict[str, Any]] = {
            item: {stage: _listed(pairs) for stage, pairs in held.items()} for item, held in (stages or {}).items()
        }
        self.remainders: dict[str, str] = dict(remainders or {})
        self.commitments: dict[str, str] = dict(commitments or {})
        self.coupons: dict[str, int] = dict(coupons or {})
        self.outcomes: dict[str, dict[str, Any]] = {
            item: {meter: _listed(held) for meter, held in meters.items()} for item, meters in (outcomes or {}).items()
        }
        self.returned: dict[str, Any] = {draw: _listed(pairs) for draw, pairs in (returned or {}).items()}
        self.settled: dict[str, Any] = {span: _listed(pairs) for span, pairs in (settled or {}).items()}
        self.identities: list[list[str | None]] = [list(each) for each in identities]
        self.billed: dict[str, Any] = _listed(billed or {})
        self.unpaid: dict[str, Any] = _listed(unpaid or {})
        found = [each for name in _SHORT for each in _table_problems(name, getattr(self, name))]
        found += billed_problems(self.billed, self.until) + unpaid_problems(self.unpaid, self.until)
        if found:
            raise DefinitionError(found, what="the carry")

    def to_json(self) -> dict[str, Any]:
        """Plain data with the number of its version; empty parts are left out."""
        told: dict[str, Any] = {
            "carry": VERSION,
            "customer": self.customer,
            "plan": self.plan,
            "until": show_day(self.until),
        }
        if self.currency is not None:
            told["currency"] = self.currency
        for name in _PARTS:
            held = getattr(self, name)
            if held:
                told[name] = held
        return told

    @classmethod
    def from_json(cls, value: object) -> Carry:
        """
        Read what `to_json` wrote.

        Raises:
            DefinitionError: with every problem: `model.type`, `field.missing`, `field.unknown`, `carry.version`,
                `carry.value`, or one of `time.*`.
        """
        if not isinstance(value, Mapping):
            words = "a carry is written as a mapping; give what to_json wrote"
            raise DefinitionError([Problem("", "model.type", words)], what="the carry")
        given = {str(key): each for key, each in cast(Mapping[object, object], value).items()}
        found = _problems(given)
        if found:
            raise DefinitionError(found, what="the carry")
        rest: dict[str, Any] = {name: given[name] for name in _PARTS if name in given}
        rest["currency"] = given.get("currency")
        return cls(str(given["customer"]), str(given["plan"]), str(given["until"]), **rest)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Carry):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.customer, self.plan, self.until))

    def __repr__(self) -> str:
        return f"Carry({self.customer!r}, {self.plan!r}, {show_day(self.until)!r})"


def _listed(value: Any) -> Any:
    """The same plain value with lists in the place of tuples, as JSON would give it back."""
    if isinstance(value, list | tuple):
        return [_listed(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _listed(each) for key, each in value.items()}
    return value


def _problems(given: Mapping[str, object]) -> list[Problem]:
    """Everything wrong with the plain form of a carry."""
    found = [
        Problem(name, "field.missing", "this field is required; add it") for name in _NEEDED if name not in given
    ] + [
        Problem(name[:40], "field.unknown", "no such field here; remove it or correct its name")
        for name in given
        if name not in _FIELDS
    ]
    if given.get("carry", VERSION) != VERSION or given.get("carry") is True:
        words = f"this carry is not of version {VERSION}; read it with the release that wrote it"
        found.append(Problem("carry", "carry.version", words))
    found += [
        Problem(name, "text.type", "write text here")
        for name in ("customer", "plan", "until", "currency")
        if name in given and not isinstance(given[name], str)
    ]
    if isinstance(given.get("until"), str):
        found += _time_problems(str(given["until"]))
    for name in _TABLES:
        found += _table_problems(name, given.get(name, {}))
    found += billed_problems(given.get("billed", {}), None) + unpaid_problems(given.get("unpaid", {}), None)
    return found + _identity_problems(given.get("identities", []))


def _time_problems(until: str) -> list[Problem]:
    try:
        instant(until)
    except DefinitionError as error:
        return [Problem("until", each.code, each.text) for each in error.problems]
    return []


def _table_problems(name: str, table: object) -> list[Problem]:
    if not isinstance(table, Mapping):
        return [Problem(name, "mapping.type", "write a mapping here")]
    found: list[Problem] = []
    for key, held in cast(Mapping[object, object], table).items():
        path = f"{name}.{str(key)[:40]}"
        if not isinstance(key, str):
            found.append(Problem(path, "text.type", "keys are text; put it in quotes"))
        elif name in ("coupons", "remainders", "commitments"):
            found += _value_problems(name, path, held)
        elif name == "outcomes":
            found += _outcome_problems(path, held)
        elif name in ("counters", "stages"):
            if isinstance(held, Mapping):
                for start, pairs in cast(Mapping[object, object], held).items():
                    place = f"{path}.{str(start)[:40]}"
                    found += _pair_problems(place, pairs) or (_stage_problems(place, pairs) if name == "stages" else [])
            else:
                what = "the start of a period" if name == "counters" else "the name of a stage"
                found.append(Problem(path, "mapping.type", f"write a mapping from {what} here"))
        else:
            signed = name in ("levels", "returned", "uncovered")
            wrong = _pair_problems(path, held)
            found += wrong or [
                each
                for index, (_, amount) in enumerate(cast(Sequence[tuple[object, object]], held))
                for each in _amount_problems(f"{path}[{index}]", amount, negative=signed)
                # A level that is its last record is read with the records.
                if name != "levels" or not isinstance(amount, list | tuple)
            ]
    return found


def _stage_problems(path: str, pairs: object) -> list[Problem]:
    """What is wrong with pairs of a group (names and values in turn) and two amounts."""
    for index, (group, held) in enumerate(cast(Sequence[tuple[Sequence[str], object]], pairs)):
        place = f"{path}[{index}]"
        amounts = cast(Sequence[object], held) if isinstance(held, list | tuple) else ()
        if len(amounts) != 2 or len(group) % 2:
            words = "write names and values of the group in turn, and what came and what was taken off, as text"
            return [Problem(place, "carry.value", words)]
        found = [each for amount in amounts for each in _amount_problems(place, amount, negative=True)]
        if found:
            return found
    return []


def _value_problems(name: str, path: str, held: object) -> list[Problem]:
    """What is wrong with a number of uses, or with an amount."""
    if name == "coupons":
        sound = type(held) is int and held >= 0
        return [] if sound else [Problem(path, "integer.type", "write how many uses, 0 or more")]
    key = path.removeprefix(f"{name}.")
    promise = name == "commitments" and key.startswith("commitment ")
    found = _amount_problems(path, held, negative=not promise)
    if (
        not found
        and name == "commitments"
        and not promise
        and key not in BOUNDS
        and not key.startswith(("trial ", "guard "))
    ):
        words = f"write 'commitment', 'trial' or 'guard' and its key, or one of {', '.join(BOUNDS)}"
        found.append(Problem(path, "carry.value", words))
    return found


def _amount_problems(path: str, held: object, *, negative: bool) -> list[Problem]:
    """What is wrong with an exact amount in its text."""
    if not isinstance(held, str):
        return [Problem(path, "text.type", "write the amount as text")]
    try:
        found = exact(held)
    except NumberError as error:
        return [Problem(path, "carry.value", error.text)]
    if sign(found) < 0 and not negative:
        return [Problem(path, "carry.value", "this is never below 0; give what to_json wrote")]
    return []


def _outcome_problems(path: str, held: object) -> list[Problem]:
    """What is wrong with an item's outcomes, as far as their form tells."""
    words = "write a mapping from meters to plain values without binary floats here"
    return [] if isinstance(held, Mapping) and _is_plain(held) else [Problem(path, "carry.value", words)]


def _pair_problems(path: str, pairs: object) -> list[Problem]:
    """What is wrong with a list of pairs of group and state."""
    words = "write a list of pairs: a list of texts, and a plain value without binary floats"
    sound = isinstance(pairs, list | tuple) and all(_is_pair(pair) for pair in cast(Sequence[object], pairs))
    return [] if sound else [Problem(path, "carry.value", words)]


def _is_pair(pair: object) -> bool:
    if not isinstance(pair, list | tuple) or len(cast(Sequence[object], pair)) != 2:
        return False
    group, state = cast(Sequence[object], pair)
    texts = isinstance(group, list | tuple) and all(isinstance(each, str) for each in cast(Sequence[object], group))
    return texts and _is_plain(state)


def _is_plain(value: object) -> bool:
    """Whether a value is JSON without numbers that pass through binary floats, and no deeper than any state is."""
    stack: list[tuple[object, int]] = [(value, 0)]
    while stack:
        held, level = stack.pop()
        if level > _DEEPEST:
            return False
        if isinstance(held, list | tuple):
            stack.extend((each, level + 1) for each in cast(Sequence[object], held))
        elif isinstance(held, Mapping):
            table = cast(Mapping[object, object], held)
            if not all(isinstance(key, str) for key in table):
                return False
            stack.extend((each, level + 1) for each in table.values())
        elif not (held is None or isinstance(held, str | int)):
            return False
    return True


def _identity_problems(identities: object) -> list[Problem]:
    words = "write a list of [source or null, id, fingerprint]"
    if not isinstance(identities, list | tuple):
        return [Problem("identities", "carry.value", words)]
    return [
        Problem(f"identities[{index}]", "carry.value", words)
        for index, each in enumerate(cast(Sequence[object], identities))
        if not _is_identity(each)
    ]


def _is_identity(each: object) -> bool:
    if not isinstance(each, list | tuple) or len(cast(Sequence[object], each)) != 3:
        return False
    source, *rest = cast(Sequence[object], each)
    return (source is None or isinstance(source, str)) and all(isinstance(part, str) for part in rest)
