"""
Verdicts: what guards answer before something runs, and the limits that bind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .._model import show_day
from .._numbers import Exact, text
from ._answers import Answer, optional_text
from ._reading import Group

__all__ = ["Bound", "Verdict", "furthest"]


class Bound(Answer):
    """
    A limit that binds: what it allows, and what would have been reached. Immutable by contract.

    Attributes:
        key: the guard's name.
        kind: the guard's kind, such as `cap`.
        limit: what it allows; for a margin floor the least margin, in percent.
        value: what would have been reached; None for a margin of nothing.
        retry_after: seconds until it lets this through, if nothing else happens; None if waiting does not help, or it
            cannot be known.
        group: in which group, for guards that count each group on its own.
        factor: how many times the limit would have been reached; None where the limit is 0.
        note: what else there is to say, such as that it binds whatever is asked.
    """

    __slots__ = ("factor", "group", "key", "kind", "limit", "note", "retry_after", "value")

    def __init__(
        self,
        key: str,
        kind: str,
        limit: Exact,
        value: Exact | None,
        *,
        factor: Exact | None,
        retry_after: Decimal | None = None,
        group: Group = (),
        note: str = "",
    ) -> None:
        self.note = note
        self.key = key
        self.kind = kind
        self.limit = limit
        self.value = value
        self.factor = factor
        self.retry_after = retry_after
        self.group = group

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "key": self.key,
            "kind": self.kind,
            "limit": text(self.limit),
            "value": optional_text(self.value),
            "retry_after": optional_text(self.retry_after),
            "group": dict(self.group),
            **({"note": self.note} if self.note else {}),
        }

    def noted(self, note: str) -> Bound:
        """The same with something more to say."""
        if not note:
            return self
        return Bound(
            self.key, self.kind, self.limit, self.value,
            factor=self.factor, retry_after=self.retry_after, group=self.group, note=note,
        )  # fmt: skip

    def __str__(self) -> str:
        reached = "it cannot be known" if self.value is None else f"{text(self.value)}"
        wait = "" if self.retry_after is None else f", again in {text(self.retry_after)} s"
        more = f"; {self.note}" if self.note else ""
        return f"{self.key}: {reached} against {text(self.limit)}{wait}{more}"

    def __repr__(self) -> str:
        return f"<Bound {self}>"


def furthest(bound: Bound) -> tuple[bool, Any]:
    """What sorts limits in the order to lift them: the one that is passed by the largest factor first."""
    # A limit of 0 is passed by any factor.
    return (False, 0) if bound.factor is None else (True, _Falling(bound.factor))


class _Falling:
    """Sorts exact values from the greatest down."""

    __slots__ = ("value",)

    def __init__(self, value: Exact) -> None:
        self.value = value

    def __lt__(self, other: _Falling) -> bool:
        return self.value > other.value


class Verdict(Answer):
    """
    Whether something may run. Immutable by contract; true in an `if` exactly when all of it may.

    Attributes:
        allowed: all of it may run, and was taken from every limit that counts.
        fits: how much of the quantity may run and was taken; None where no quantity was given.
        at: when it was counted: the instant that was told, or the latest one that the state had seen.
        limits: those that bind, in the order to lift them: the one passed by the largest factor first.
    """

    __slots__ = ("_given", "_left", "allowed", "at", "fits", "limits")

    def __init__(
        self,
        allowed: bool,
        fits: Decimal | None,
        limits: tuple[Bound, ...],
        at: datetime,
        left: Callable[[], Mapping[str, Exact]],
    ) -> None:
        self.allowed = allowed
        self.fits = fits
        self.limits = limits
        self.at = at
        self._left: Callable[..., Mapping[str, Exact]] = left
        # What it is worked out from.
        self._given: tuple[object, ...] = ()

    @classmethod
    def passed(
        cls, at: datetime, fits: Decimal | None, left: Callable[..., Mapping[str, Exact]], given: tuple[object, ...]
    ) -> Verdict:
        """That all of it may run: the answer to most requests, made with little work; `left` is called with `given`."""
        made = _new(cls)
        made.allowed = True
        made.fits = fits
        made.limits = ()
        made.at = at
        made._left = left
        made._given = given
        return made

    @property
    def retry_after(self) -> Decimal | None:
        """
        Seconds until all limits that bind let this through, if nothing else happens; 0 when it is allowed.

        None where waiting does not help, or it cannot be known.
        """
        found = Decimal(0)
        for each in self.limits:
            if each.retry_after is None:
                return None
            found = max(found, each.retry_after)
        return found

    @property
    def left(self) -> dict[str, Exact]:
        """For each limit what is left of it once the answer is given: after what was let through, else as before."""
        return dict(self._left(*self._given))

    def _said(self) -> tuple[object, ...]:
        return (self.allowed, self.fits, self.limits, self.at, tuple(sorted(self.left.items())))

    def bound_by(self, limits: Iterable[Bound]) -> Verdict:
        """The same answer with the limits told otherwise."""
        return Verdict(self.allowed, self.fits, tuple(limits), self.at, lambda: self.left)

    def whole(self, quantity: Decimal) -> Verdict:
        """The same answer for a quantity that was not cut: all of it fits, or nothing."""
        return Verdict(self.allowed, quantity if self.allowed else Decimal(0), self.limits, self.at, lambda: self.left)

    def explain(self) -> str:
        """The answer in words."""
        if self.allowed:
            return "allowed"
        part = "refused" if not self.fits else f"only {text(self.fits)} allowed"
        return "\n  ".join([f"{part}:", *map(str, self.limits)])

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "allowed": self.allowed,
            "fits": optional_text(self.fits),
            "at": show_day(self.at),
            "limits": [each.to_json() for each in self.limits],
            "retry_after": optional_text(self.retry_after),
            "left": {key: text(value) for key, value in self.left.items()},
        }

    def __bool__(self) -> bool:
        return self.allowed

    def __reduce__(self) -> tuple[object, ...]:
        return (_revived, (self.allowed, self.fits, self.limits, self.at, self.left))

    def __repr__(self) -> str:
        return f"<Verdict {self.explain()}>"


_new = Verdict.__new__


def _revived(
    allowed: bool, fits: Decimal | None, limits: tuple[Bound, ...], at: datetime, left: dict[str, Exact]
) -> Verdict:
    return Verdict(allowed, fits, limits, at, lambda: left)
