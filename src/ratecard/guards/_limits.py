"""
Rate limits: how much may be taken in a stretch of time, or at once. In calls, or in the quantity of a meter.

Each keeps its count in the state, so nothing but the state and the instant decides. Amounts and refills are exact: a
bucket counts in whole grains, of which a unit has 10^24 times the microseconds of its interval, and so never drifts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Tag, model_validator

from .._model import Amount, Key, OptionalAmount, default, refuse, tagged
from .._numbers import CONTEXT, ONE, PLACES, ZERO, Exact, add, ceil, div, floor, mul, sub, text
from ..cadence import Cadence
from ..errors import MismatchError, Problem
from ._base import Calm, Guard, Look, Setting, Work, wide, width, within_problems
from ._caps import anchor_problems, spelled, window_problems
from ._counted import Counted, factor
from ._reading import Gauge, Group, Reading
from ._signals import Signals
from ._verdict import Bound
from ._windows import Calendar, Rolling, Tumbling, bad_state, read_at, read_exact, read_row

__all__ = ["AnyRateLimit", "Bucket", "Concurrency", "FixedWindow", "RateLimit", "SlidingWindow", "TokenBucket"]


class RateLimit(Guard, frozen=True):
    """
    What all rate limits have.

    Attributes:
        meter: the meter whose quantity is counted; calls where it is left out.
    """

    meter: Key | None = default(None)

    def counts(self) -> Gauge | None:
        """The figure that is counted, or None for calls."""
        return None if self.meter is None else Gauge("quantity", self.meter)

    def _told(self, what: str, *more: str) -> str:
        return " ".join(each for each in (wide(self, what, self.meter or "calls"), *more) if each)


class TokenBucket(RateLimit, frozen=True):
    """
    A bucket that starts full, is drawn from, and fills again at a steady rate.

    In any stretch of time it lets through at most its capacity and what was filled in meanwhile.

    Attributes:
        capacity: the most it holds, above 0.
        refill: how much is filled in during each interval, above 0.
        interval_seconds: the interval, above 0 and in whole microseconds.
        fill: `continuous`, or in `steps`: all at once at the end of each interval, the first one counted from the first
            request.

    >>> TokenBucket(capacity=15, refill=10).name
    'token_bucket of calls'
    """

    kind: Literal["token_bucket"] = default("token_bucket")
    capacity: Amount
    refill: Amount
    interval_seconds: Amount = default(Decimal(1))
    fill: Literal["continuous", "steps"] = default("continuous")

    @model_validator(mode="after")
    def _check(self) -> TokenBucket:
        found = within_problems(self)
        for name, value in (("capacity", self.capacity), ("refill", self.refill)):
            if value <= 0:
                found.append(Problem(name, "number.small", "write more than 0"))
        if not width(self.interval_seconds):
            told = "an interval has whole microseconds, above 0; write such as '60' or '0.5'"
            found.append(Problem("interval_seconds", "guard.window", told))
        refuse(found)
        return self

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        return Bucket(self, cell)

    def _named(self) -> str:
        return self._told("token_bucket of")


class FixedWindow(RateLimit, frozen=True):
    """
    So much in each window; the windows stand one after another and each starts at 0.

    Attributes:
        limit: the most in one window, 0 or more.
        window_seconds: how long a window is; windows are counted from the start of 1970 in UTC. This or `per`.
        per: the periods of a cadence, which needs an anchor; in a plan, in the customer's zone where it names none.

    >>> FixedWindow(limit=100, window_seconds=60).name
    'fixed_window of calls in 60 s'
    """

    kind: Literal["fixed_window"] = default("fixed_window")
    limit: Amount
    window_seconds: OptionalAmount = default(None)
    per: Cadence | None = default(None)

    @model_validator(mode="after")
    def _check(self) -> FixedWindow:
        found = [*within_problems(self), *limit_problems(self.limit), *window_problems(self.per, self.window_seconds)]
        if self.per is None and self.window_seconds is None:
            found.append(Problem("window_seconds", "guard.window", "say how long the window is; add it, or `per`"))
        refuse(found)
        return self

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        window = Tumbling(width(self.window_seconds)) if self.window_seconds is not None else None
        if window is None:
            assert self.per is not None
            window = Calendar(setting.cadence(self.per))
        return Counted(self, cell, window, self.limit, self.counts())

    def problems(self, setting: Setting) -> list[Problem]:
        """What is wrong with it among the others."""
        return anchor_problems(self.per)

    def _named(self) -> str:
        return self._told("fixed_window of", spelled(self.per, self.window_seconds))


class SlidingWindow(RateLimit, frozen=True):
    """
    So much in every stretch of this length, wherever it begins. It keeps an exact log.

    Attributes:
        limit: the most, 0 or more.
        window_seconds: the length, above 0 and in whole microseconds; what was taken just so long ago is out of it.

    >>> SlidingWindow(limit=10_000, window_seconds=60, meter="tokens").name
    'sliding_window of tokens in 60 s'
    """

    kind: Literal["sliding_window"] = default("sliding_window")
    limit: Amount
    window_seconds: Amount

    @model_validator(mode="after")
    def _check(self) -> SlidingWindow:
        refuse([*within_problems(self), *limit_problems(self.limit), *window_problems(None, self.window_seconds)])
        return self

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        return Counted(self, cell, Rolling(width(self.window_seconds)), self.limit, self.counts())

    def _named(self) -> str:
        return self._told("sliding_window of", spelled(None, self.window_seconds))


class Concurrency(RateLimit, frozen=True):
    """
    So much at the same time. What is taken is held under the request's id until that is released.

    Asking again with the same id takes the place of what it held.

    Attributes:
        limit: the most, 0 or more.
        lease_seconds: after which time something held counts as released; None until it is released. 0 holds nothing.

    >>> Concurrency(limit=5).name
    'concurrency of calls'
    """

    kind: Literal["concurrency"] = default("concurrency")
    limit: Amount
    lease_seconds: OptionalAmount = default(None)

    @model_validator(mode="after")
    def _check(self) -> Concurrency:
        found = [*within_problems(self), *limit_problems(self.limit)]
        if self.lease_seconds and not width(self.lease_seconds):
            told = "a lease has whole microseconds, 0 or more; write such as '60' or '0.5'"
            found.append(Problem("lease_seconds", "guard.window", told))
        refuse(found)
        return self

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        return _Slots(self, cell)

    def _named(self) -> str:
        return self._told("concurrency of")


def limit_problems(limit: Decimal) -> list[Problem]:
    """A limit is not below 0."""
    return [Problem("limit", "number.small", "write 0 or more")] if limit < 0 else []


AnyRateLimit: TypeAlias = Annotated[
    Annotated[TokenBucket, Tag("<token_bucket>")]
    | Annotated[FixedWindow, Tag("<fixed_window>")]
    | Annotated[SlidingWindow, Tag("<sliding_window>")]
    | Annotated[Concurrency, Tag("<concurrency>")],
    tagged("kind"),
]
"""Any rate limit, by the text in its `kind`."""


class Bucket(Work):
    """
    A token bucket: it keeps the level and when it was counted; nothing while it is full.

    Attributes:
        full: its capacity in grains.
        unit: how many grains a unit has.
        one: the same as a whole number.
        rate: grains that are filled in during a microsecond.
        steps: whether they are filled in all at once at the end of each interval.
        gauge: the figure that is counted; None for calls.
    """

    __slots__ = ("_capacity", "_interval", "full", "gauge", "one", "rate", "steps", "unit")

    def __init__(self, guard: TokenBucket, cell: Group) -> None:
        super().__init__(guard, cell)
        self.admits = self.mends = True
        self.gauge = guard.counts()
        self.steps = guard.fill == "steps"
        self._capacity = guard.capacity
        self._interval = width(guard.interval_seconds)
        self.unit = CONTEXT.multiply(CONTEXT.scaleb(ONE, PLACES), Decimal(self._interval))
        self.full = self._grains(guard.capacity)
        self.one = self._grains(ONE)
        # Grains in a microsecond: a unit's grains, times what is filled in, over the interval.
        self.rate = floor(CONTEXT.scaleb(guard.refill, PLACES))

    def _grains(self, amount: Exact) -> int:
        # Finer than a grain counts as one more: then the limit still holds.
        return ceil(mul(amount, self.unit))

    def _now(self, part: tuple[int, int] | None, now: int) -> tuple[int, int]:
        if part is None:
            return self.full, now
        level, at = part
        past = now - at
        if self.steps:
            past -= past % self._interval
        return min(self.full, level + past * self.rate), at + past

    def calm(self, part: tuple[int, int] | None, reading: Reading) -> Calm:
        """It reads no figure of the bill."""
        return Calm()

    def _amount(self, grains: int) -> Exact:
        return div(Decimal(grains), self.unit)

    def idle(self, part: tuple[int, int] | None, now: int) -> bool:
        """It is full."""
        return self._now(part, now)[0] == self.full

    def bind(self, part: tuple[int, int] | None, look: Look) -> tuple[Any, Bound | None]:
        """Drawn, if there is enough."""
        amount = look.taken(self.gauge)
        if amount <= 0:
            # What is below 0 fills nothing in: given back later, it would have to be drawn from what came since.
            return part, None
        level, at = self._now(part, look.now)
        wanted = self.one if amount is ONE else self._grains(amount)
        if wanted <= level:
            return (level - wanted, at), None
        value = add(sub(self._capacity, self._amount(level)), amount)
        ready = None if wanted > self.full else self._ready(wanted - level, at)
        return part, Bound(
            self.key, self.kind, self._capacity, value,
            factor=factor(value, self._capacity), retry_after=look.wait(ready), group=self.cell,
        )  # fmt: skip

    def _ready(self, lacking: int, at: int) -> int:
        if self.steps:
            return at + -(-lacking // (self.rate * self._interval)) * self._interval
        return at + -(-lacking // self.rate)

    def note(self, part: tuple[int, int] | None, look: Look) -> tuple[Any, Signals]:
        """What ran beyond what was admitted is drawn, below 0 if need be; what did not run is put back."""
        amount, _ = look.parted(self.gauge)
        if not amount:
            return part, ()
        level, at = self._now(part, look.now)
        return (min(self.full, level - self._grains(amount)), at), ()

    def left(self, part: tuple[int, int] | None, look: Look) -> Exact | None:
        """What is in the bucket."""
        return self._amount(max(0, self._now(part, look.now)[0]))

    def dump(self, part: tuple[int, int] | None) -> Any:
        """The level in units, and the instant."""
        return None if part is None else [text(self._amount(part[0])), part[1]]

    def load(self, data: Any) -> Any:
        """The level in units, and the instant; never more than the bucket holds."""
        if data is None:
            return None
        level, at = read_row(data, 2)
        return min(self.full, floor(mul(read_exact(level), self.unit))), read_at(at)


Held: TypeAlias = dict[str, tuple[Exact, int | None]]


class _Slots(Work):
    """Concurrency: it keeps what is held, by id, and until when."""

    __slots__ = ("_gauge", "_lease", "_limit")

    def __init__(self, guard: Concurrency, cell: Group) -> None:
        super().__init__(guard, cell)
        self.admits = self.holds = True
        self._gauge = guard.counts()
        self._limit = guard.limit
        self._lease = None if guard.lease_seconds is None else width(guard.lease_seconds)

    def zero(self) -> Held:
        """Nothing is held."""
        return {}

    def _now(self, part: Held, now: int) -> Held:
        if self._lease is None:
            return part
        return {id: held for id, held in part.items() if held[1] is None or held[1] > now}

    def idle(self, part: Held, now: int) -> bool:
        """Nothing is held."""
        return not self._now(part, now)

    def bind(self, part: Held, look: Look) -> tuple[Held, Bound | None]:
        """Held under the request's id."""
        if look.id is None:
            raise MismatchError(
                f"{self.key} holds what runs until it is released; give the request an id", code="guard.id"
            )
        amount = look.taken(self._gauge)
        others = {id: held for id, held in self._now(part, look.now).items() if id != look.id}
        value = amount
        for held, _ in others.values():
            value = add(value, held)
        if value <= self._limit or amount <= 0:
            if self._lease == 0 or amount <= 0:
                return (others if len(others) != len(part) else part), None
            until = None if self._lease is None else look.now + self._lease
            return {**others, look.id: (amount, until)}, None
        ready = None if amount > self._limit else _freed(others, sub(value, self._limit))
        return part, Bound(
            self.key, self.kind, self._limit, value,
            factor=factor(value, self._limit), retry_after=look.wait(ready), group=self.cell,
        )  # fmt: skip

    def released(self, part: Held, id: str) -> Held:
        """Without what was held under an id."""
        return {each: held for each, held in part.items() if each != id} if id in part else part

    def left(self, part: Held, look: Look) -> Exact | None:
        """What is not held."""
        left: Exact = self._limit
        for held, _ in self._now(part, look.now).values():
            left = sub(left, held)
        return left if left > 0 else ZERO

    def dump(self, part: Held) -> Any:
        """Id, amount and end of each, in the order they were taken."""
        return [[id, text(amount), until] for id, (amount, until) in part.items()]

    def load(self, data: Any) -> Held:
        """Id, amount and end of each."""
        if not isinstance(data, list | tuple):
            raise bad_state("a list of what is held")
        found: Held = {}
        for row in data:
            id, amount, until = read_row(row, 3)
            if not isinstance(id, str):
                raise bad_state("the id of something held")
            found[id] = (read_exact(amount), None if until is None else read_at(until))
        return found


def _freed(held: Held, need: Exact) -> int | None:
    """When leases that make up so much have ended."""
    for amount, until in sorted(
        ((amount, until) for amount, until in held.values() if until is not None), key=lambda each: each[1]
    ):
        need = sub(need, amount)
        if need <= 0:
            return until
    return None
