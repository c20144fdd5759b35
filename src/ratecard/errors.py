"""
The errors of ratecard, named for whose work it is to put them right.

Every error carries `code` (stable: tests and programs match on it), `path` (where in the plan, record or call, such as
`cards[0].items[2].price.tiers[1].up_to`) and a text that ends with what to do. This file imports nothing.
"""

from __future__ import annotations

__all__ = [
    "CodecError",
    "DefinitionError",
    "InternalError",
    "LedgerError",
    "MismatchError",
    "NoPriceError",
    "NumberError",
    "Problem",
    "RatecardError",
    "RecordError",
    "UnknownKeyError",
]


class Problem:
    """
    One thing wrong with a definition: where it is, a stable code, and what to do.

    Attributes:
        path: where, as `cards[0].items[2].price.tiers[1].up_to`; empty for the whole.
        code: stable, such as `tier.order`; programs match on it, never on the text.
        text: what is wrong and what to write instead.
    """

    __slots__ = ("code", "path", "text")

    def __init__(self, path: str, code: str, text: str) -> None:
        self.path = path
        self.code = code
        self.text = text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Problem):
            return NotImplemented
        return (self.path, self.code, self.text) == (other.path, other.code, other.text)

    def __hash__(self) -> int:
        return hash((self.path, self.code, self.text))

    def __repr__(self) -> str:
        return f"Problem(path={self.path!r}, code={self.code!r}, text={self.text!r})"

    def __str__(self) -> str:
        return f"{self.path or '(whole)'}: {self.text} [{self.code}]"

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, (self.path, self.code, self.text))


class RatecardError(Exception):
    """
    The parent of every error this library raises on purpose.

    Attributes:
        code: a stable code to match on.
        path: where it happened; empty when there is no place to name.
    """

    def __init__(self, text: str, *, code: str, path: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.text} [{self.code}]" if self.path else f"{self.text} [{self.code}]"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.text, dict(self.__dict__)))


def _rebuild(kind: type[RatecardError], text: str, state: dict[str, object]) -> RatecardError:
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    error.__dict__.update(state)
    return error


class NumberError(RatecardError, ValueError):
    """A value handed to a call is not a number of the grammar; whoever makes the call puts it right."""


class DefinitionError(RatecardError, ValueError):
    """
    A plan, price or subscription is wrong; its author puts it right.

    Attributes:
        problems: every problem found, each with path, code and text, in the order of the document.
    """

    def __init__(self, found: list[Problem], *, what: str = "the definition") -> None:
        self.problems = tuple(found)
        count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        text = f"{what} has {count}:" + "".join(f"\n  {problem}" for problem in found)
        first = found[0] if found else Problem("", "definition", "")
        super().__init__(text, code=first.code, path=first.path)

    def __str__(self) -> str:
        return self.text


class UnknownKeyError(DefinitionError):
    """Something names a meter, item, plan or add-on that is not there; the text lists near names."""


class RecordError(RatecardError, ValueError):
    """
    A usage record is wrong; the sender of usage puts it right.

    Attributes:
        record: the record's id, or None when it has none.
    """

    def __init__(self, text: str, *, code: str, path: str = "", record: str | None = None) -> None:
        super().__init__(text, code=code, path=path)
        self.record = record


class MismatchError(RatecardError, ValueError):
    """Sound parts that do not belong together: currencies, units, periods, demands, overlapping tallies."""


class NoPriceError(RatecardError, LookupError):
    """The plan has no price for this date or dimension value. Unpriced is never free."""


class LedgerError(RatecardError, ValueError):
    """A ledger entry that breaks the ledger's own history."""


class CodecError(RatecardError, ValueError):
    """An outside format that cannot be read."""


class InternalError(RatecardError, AssertionError):
    """An invariant of this library broke; please report it with the plan and the records that show it."""
