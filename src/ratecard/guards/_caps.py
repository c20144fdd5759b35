"""
Caps: the most that may be spent or used. Equality is allowed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import model_validator

from .._model import Key, OptionalAmount, default, refuse
from .._numbers import ZERO, Exact, sub, text
from ..cadence import Cadence
from ..errors import MismatchError, Problem
from ._base import Calm, Guard, Look, Portion, Setting, Work, Worth, wide, width, within_problems
from ._clamp import clamp
from ._counted import Counted, factor, highest, left_of
from ._edges import UNTOLD, Edge, dump_edge, frame_of, load_edge, moved
from ._reading import Gauge, Group, Reading
from ._signals import Signals
from ._verdict import Bound
from ._windows import Calendar, Part, Rolling, Window, micros, read_exact, read_row

__all__ = ["Cap", "Mode", "Of", "Spent", "WindowCap", "anchor_problems", "scope_problems", "spelled", "window_problems"]

Mode: TypeAlias = Literal["hard", "clamp", "soft"]
"""What a cap does: refuse, let through what fits, or only stop the charge."""

Of: TypeAlias = Literal["subtotal", "total", "due"]


class Cap(Guard, frozen=True):
    """
    The most that may be spent or used, of money, of a quantity or of credits.

    Without a window of its own it holds in the billing period: something is allowed exactly when the reading after it
    is at or under the cap; by a clamp, when everything on the way to it is so too. With a window, the cap counts by
    itself what each request takes.

    A cap on an item, a meter or a group has nothing to say about a request that leaves its figure as it was.

    Attributes:
        spend: the most money: of the bill, or of one item; a table where there are several currencies. This, or
            `quantity`, or `credits`.
        quantity: the most of a `meter`, or of an `item`.
        credits: the most credits of a `unit`.
        item: the item whose amount or quantity it is.
        meter: the meter whose quantity it is.
        unit: the unit of the credits.
        scope: `plan`, or `customer` for all that the customer has.
        of: which money of the bill: `subtotal`, `total` or `due`.
        per: a window of its own: the periods of this cadence, which needs an anchor; in a plan, in the customer's zone
            where it names none.
        window_seconds: a window of its own that rolls: what was taken in the last so many seconds, exactly.
        mode: `hard` refuses what does not fit whole; `clamp` lets through what fits; `soft` refuses nothing, since the
            bill stops charging there.
        overflow: `once` lets through the request that crosses the cap, as long as there was room before it.

    >>> Cap(spend="100").name, Cap(quantity="1000", meter="tokens", window_seconds=60).name
    ('cap on subtotal', 'cap on quantity tokens in 60 s')
    """

    kind: Literal["cap"] = default("cap")
    spend: Worth = default(None)
    quantity: OptionalAmount = default(None)
    credits: OptionalAmount = default(None)
    item: Key | None = default(None)
    meter: Key | None = default(None)
    unit: Key | None = default(None)
    scope: Literal["plan", "customer"] = default("plan")
    of: Of = default("subtotal")
    per: Cadence | None = default(None)
    window_seconds: OptionalAmount = default(None)
    mode: Mode = default("hard")
    overflow: Literal["none", "once"] = default("none")

    @model_validator(mode="after")
    def _check(self) -> Cap:
        refuse(_cap_problems(self))
        return self

    def gauge(self, cell: Group = ()) -> Gauge:
        """The figure it reads."""
        group, customer = {**self.group, **dict(cell)}, self.scope == "customer"
        if self.credits is not None:
            return Gauge("credits", self.unit or "", group, customer=customer)
        if self.quantity is None:
            return Gauge(self.of if self.item is None else "amount", self.item or "", group, customer=customer)
        return Gauge(
            "units" if self.meter is None else "quantity", self.meter or self.item or "", group, customer=customer
        )

    def limit(self, setting: Setting) -> Decimal:
        """The most, in the currency at hand."""
        if self.spend is not None:
            return setting.amount(self.spend, self.name)
        return self.quantity if self.quantity is not None else self.credits or ZERO

    def window(self, setting: Setting | None = None) -> Window | None:
        """The window of its own, or None for the billing period."""
        if self.window_seconds is not None:
            return Rolling(width(self.window_seconds))
        if self.per is None:
            return None
        return Calendar(self.per if setting is None else setting.cadence(self.per))

    def over(self, value: Exact, *, currency: str | None = None) -> Exact:
        """
        By how much a figure passes the cap: what a soft cap forgives.

        >>> Cap(spend="1500", mode="soft").over(Decimal(3000))
        Decimal('1500')
        """
        over = sub(value, self.limit(Setting({}, currency)))
        return over if over > 0 else ZERO

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        window = self.window(setting)
        return ReadingCap(self, setting, cell) if window is None else WindowCap(self, setting, cell, window)

    def problems(self, setting: Setting) -> list[Problem]:
        """What is wrong with it among the others."""
        return anchor_problems(self.per)

    def _named(self) -> str:
        told = wide(self, "cap on", str(Gauge(self.gauge().what, self.gauge().name)))
        customer = "for the customer" if self.scope == "customer" else ""
        return " ".join(each for each in (told, customer, spelled(self.per, self.window_seconds)) if each)


def spelled(per: Cadence | None, seconds: Decimal | None) -> str:
    """A window in words."""
    if seconds is not None:
        return f"in {text(seconds)} s"
    if per is None:
        return ""
    return f"in a {per.unit}" if per.every == 1 else f"in {per.every} {per.unit}s"


def anchor_problems(per: Cadence | None) -> list[Problem]:
    """A cadence without an anchor cannot be counted in."""
    if per is None or per.anchor is not None:
        return []
    told = "this cadence has no anchor; give it one, or use a calendar's: Cadence.calendar('month')"
    return [Problem("per", "cadence.anchor", told)]


def window_problems(per: Cadence | None, seconds: Decimal | None) -> list[Problem]:
    """What is wrong with a window."""
    found = []
    if seconds is not None and not width(seconds):
        told = "a window has whole microseconds, above 0; write such as '60' or '0.5'"
        found.append(Problem("window_seconds", "guard.window", told))
    if seconds is not None and per is not None:
        found.append(Problem("per", "guard.window", "a guard has one window; keep `per` or `window_seconds`"))
    return found


def _cap_problems(cap: Cap) -> list[Problem]:
    found = [*within_problems(cap), *window_problems(cap.per, cap.window_seconds)]
    told = [name for name in ("spend", "quantity", "credits") if getattr(cap, name) is not None]
    if len(told) != 1:
        found.append(Problem("", "cap.what", "a cap limits one thing; give one of spend, quantity, credits"))
    for name in told:
        value = getattr(cap, name)
        if min(value.values() if name == "spend" and not isinstance(value, Decimal) else [value]) < 0:
            found.append(Problem(name, "number.small", "write 0 or more"))
    if cap.mode == "clamp" and cap.overflow == "once":
        words = "a cap lets a part through or lets the crossing request through; use one of both"
        found.append(Problem("overflow", "cap.overflow", words))
    if cap.scope == "customer" and (cap.per is not None or cap.window_seconds is not None):
        words = "a cap with a window counts this plan's requests alone; leave out scope, or the window"
        found.append(Problem("scope", "cap.scope", words))
    if cap.mode == "soft" and (cap.per is not None or cap.window_seconds is not None):
        words = "a soft cap is a stage of the bill, which knows no other window; use hard or clamp"
        found.append(Problem("mode", "cap.soft", words))
    return found + (scope_problems(cap, told[0]) if len(told) == 1 else [])


def scope_problems(guard: Any, what: str) -> list[Problem]:
    """What is wrong with the item, meter, unit and `of` that a guard on such a figure names."""
    wanted = {
        "spend": ("item",), "quantity": ("item", "meter"), "credits": ("unit",), "balance": ("unit",),
        "margin": ("item",),
    }.get(what, ())  # fmt: skip
    found = [
        Problem(name, "guard.scope", f"{what} has no {name}; leave it out")
        for name in ("item", "meter", "unit")
        if name not in wanted and getattr(guard, name, None) is not None
    ]
    if what == "quantity" and (guard.item is None) == (guard.meter is None):
        found.append(Problem("meter", "guard.scope", "a quantity is of a meter or of an item; name one of them"))
    if what == "credits" and guard.unit is None:
        found.append(Problem("unit", "guard.scope", "say which credits these are; name the unit"))
    if "of" in guard.model_fields_set and (what != "spend" or guard.item is not None):
        found.append(Problem("of", "guard.scope", "`of` is for money of the whole bill; leave it out"))
    return found


class ReadingCap(Work):
    """A cap of the billing period: it keeps only whether it was passed."""

    __slots__ = ("_gauge", "_limit", "_once", "_scoped")

    def __init__(self, cap: Cap, setting: Setting, cell: Group) -> None:
        super().__init__(cap, cell)
        self._gauge = cap.gauge(cell)
        self._limit = cap.limit(setting)
        self._once = cap.overflow == "once"
        self._scoped = bool(self._gauge.name or self._gauge.group)
        self.admits = self.notes = cap.mode != "soft"
        self.clamps = cap.mode == "clamp"

    def zero(self) -> Edge:
        """It has not been passed."""
        return UNTOLD

    def bind(self, part: Edge, look: Look) -> tuple[Edge, Bound | None]:
        """At or under the cap after it."""
        value = look.after.value(self._gauge)
        if value <= self._limit or self._passes(value, look):
            return part, None
        return part, self._bound(value, look)

    def _passes(self, value: Exact, look: Look) -> bool:
        before = look.before
        if before is None:
            if self._once:
                raise MismatchError(
                    f"{self.key} lets one request cross it; say what is so before it", code="reading.before"
                )
            return False
        held = before.value(self._gauge)
        return (self._once and held < self._limit) or (self._scoped and held == value)

    def _bound(self, value: Exact, look: Look) -> Bound:
        period = look.after.period
        ready = None if period is None else micros(period.end)
        return Bound(
            self.key, self.kind, self._limit, value,
            factor=factor(value, self._limit), retry_after=look.wait(ready), group=self.cell,
        )  # fmt: skip

    def fits(self, part: Edge, look: Look, portion: Portion) -> tuple[Decimal, Bound | None]:
        """The part after which, and on the way to which, the reading is at or under the cap."""
        value = look.after.value(self._gauge)
        if (value <= self._limit and not portion.pieces) or self._passes(value, look):
            return portion.quantity, None

        def after(part: Decimal) -> Exact:
            return portion.read(part)[0].value(self._gauge)

        fit = clamp(after, self._limit, portion.quantity, step=portion.step, pieces=portion.pieces)
        if fit == portion.quantity:
            return fit, None
        value, note = highest(after, value, portion)
        return fit, self._bound(value, look).noted(note)

    def note(self, part: Edge, look: Look) -> tuple[Edge, Signals]:
        """A breach each time it is passed."""
        value = look.after.value(self._gauge)
        if part is UNTOLD and value <= self._limit:
            return part, ()
        new, count, _ = moved(part, 0 if value > self._limit else -1, frame_of(look.after), "either")
        if not count:
            return new, ()
        return new, self.breached(self._limit, value, look, new.turn, frame_of(look.after))

    def left(self, part: Edge, look: Look) -> Exact | None:
        """The cap less the reading."""
        return left_of(self._limit, look.after.value(self._gauge))

    def calm(self, part: Edge, reading: Reading) -> Calm | None:
        """It lets pass what stays under it, and tells when it is passed."""
        if not self.notes:
            return Calm()
        passed = reading.value(self._gauge) > self._limit
        if passed != (part.told >= 0) or (passed and part.frame != frame_of(reading)):
            return None
        return Calm(self._gauge, self._limit, None, None if passed else self._limit)

    def dump(self, part: Edge) -> Any:
        """What was told."""
        return dump_edge(part)

    def load(self, data: Any) -> Edge:
        """What was told."""
        return load_edge(data)


class Spent(NamedTuple):
    """
    What a cap with a window keeps.

    Attributes:
        window: the count.
        edge: whether it was passed; its frame is the start of the window that it was passed in, or the instant where
            the window rolls.
        low: the least that stood in the window since something was told of it last, where anybody asks.
    """

    window: Part
    edge: Edge
    low: Exact | None


class WindowCap(Counted):
    """A cap with a window of its own: it keeps the window, and whether it was passed."""

    __slots__ = ("_heard",)

    def __init__(self, cap: Cap, setting: Setting, cell: Group, window: Window) -> None:
        # A request takes what it takes in its own group, whichever that is.
        taken = Gauge(cap.gauge().what, cap.gauge().name)
        super().__init__(cap, cell, window, cap.limit(setting), taken, once=cap.overflow == "once")
        self.clamps = cap.mode == "clamp"
        self.notes = True
        self._heard = setting.heard(self.key)

    def zero(self) -> Spent:
        """Nothing was taken, and it has not been passed."""
        return Spent(super().zero(), UNTOLD, None)

    def idle(self, part: Spent, now: int) -> bool:
        """Nothing stands in the window, and whatever is told next has another id."""
        return super().idle(part.window, now) and part.edge.frame != self.mark(now)

    def used(self, part: Spent, now: int) -> Exact:
        """What stands in the window."""
        return self.window.used(part.window, now)

    def mark(self, now: int) -> int:
        """What tells one crossing from others: the start of the window, or the instant where it rolls."""
        start = self.window.frame(now)
        return now if start is None else start

    def low(self, part: Spent, now: int) -> Exact:
        """The least that stood in the window since something was told of it last."""
        used = self.used(part, now)
        return used if part.low is None else min(part.low, used)

    def bind(self, part: Spent, look: Look) -> tuple[Spent, Bound | None]:
        """At or under the cap with it."""
        new, bound = super().bind(part.window, look)
        if new is part.window:
            return part, bound
        heard = self._heard or part.edge.told >= 0
        return Spent(new, part.edge, self.low(part, look.now) if heard else None), bound

    def fits(self, part: Spent, look: Look, portion: Portion) -> tuple[Decimal, Bound | None]:
        """The part that fits."""
        return super().fits(part.window, look, portion)

    def note(self, part: Spent, look: Look) -> tuple[Spent, Signals]:
        """What ran beyond what was admitted is counted, and a breach told each time the cap is passed."""
        counted, _ = super().note(part.window, look)
        value = self.window.used(counted, look.now)
        edge = part.edge
        if edge.told >= 0 and min(value, self.low(part, look.now)) <= self.limit:
            edge = Edge(-1, edge.turn + 1, edge.frame)
        passed = edge.told < 0 and value > self.limit
        if passed:
            mark = self.mark(look.now)
            edge = Edge(0, edge.turn if edge.frame == mark else 0, mark)
        same = counted is part.window and edge is part.edge and part.low is None
        new = part if same else Spent(counted, edge, None)
        return new, self.breached(self.limit, value, look, edge.turn, edge.frame) if passed else ()

    def left(self, part: Spent, look: Look) -> Exact | None:
        """The cap less what stands in the window."""
        return super().left(part.window, look)

    def dump(self, part: Spent) -> Any:
        """The window, what was told, and the least since then."""
        return [super().dump(part.window), dump_edge(part.edge), None if part.low is None else text(part.low)]

    def load(self, data: Any) -> Spent:
        """The same."""
        held, edge, low = read_row(data, 3)
        return Spent(super().load(held), load_edge(edge), None if low is None else read_exact(low))
