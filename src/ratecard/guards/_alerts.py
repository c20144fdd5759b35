"""
Alerts: what is told when a figure reaches a threshold. Nothing is stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .._model import Key, OptionalAmount, default, refuse
from .._numbers import CONTEXT, ZERO, Exact, add, div, floor, mul, sub, text
from ..errors import Problem
from ._base import Calm, Guard, Look, Setting, Work, Worth, wide, within_problems
from ._caps import Cap, Of, Spent, WindowCap, scope_problems
from ._edges import UNTOLD, Edge, Rearm, dump_edge, frame_of, load_edge, moved, start_of
from ._reading import Gauge, Group, Reading, margin, spare
from ._signals import Crossed, Rearmed, Signals
from ._table import Table
from ._windows import Part, instant_of

__all__ = ["Alert", "EdgeWork"]

_FIGURES = ("spend", "quantity", "percent", "balance", "forecast", "margin")


class Alert(Guard, frozen=True):
    """
    Goes off when a figure reaches a threshold: at or above it, or at or below it for a balance or a margin.

    It goes off on the edge, once for each threshold and period, also when the first reading is already past it.

    Attributes:
        spend: money spent, of the bill or of an `item`; a table where there are several currencies. One of these six.
        quantity: a quantity of a `meter` or of an `item`.
        percent: percent of a `budget`, or of what the guard named in `cap` allows.
        balance: money credits left, or credits of a `unit`, at or below.
        forecast: the amount expected at the period's end.
        margin: percent of the price that is left after cost, at or below; of the bill's `gross` or of an `item`.
        budget: the money of which `percent` is a part.
        cap: the name of the cap of which `percent` is a part; the alert reads what that cap reads, and has the same
            `each`.
        every: further thresholds, one each time so much more is reached, counted from the first.
        times: how many thresholds there are at most with `every`; None for no end.
        item: the item whose figure it is.
        meter: the meter whose quantity it is.
        unit: the unit of the balance.
        scope: `plan`, or `customer` for all that the customer has.
        of: which money of the bill is spent: `subtotal`, `total` or `due`.
        rearm: when a threshold may go off again: in the next `period`, which is the cap's window where that does not
            roll; once the figure did `recover`; or `never`.
        rearm_at: how far the figure must go back to recover; the threshold itself where it is left out.

    >>> Alert(spend="50", every="100").name
    'alert on subtotal at 50 and every 100'
    """

    kind: Literal["alert"] = default("alert")
    spend: Worth = default(None)
    quantity: OptionalAmount = default(None)
    percent: OptionalAmount = default(None)
    balance: OptionalAmount = default(None)
    forecast: Worth = default(None)
    margin: OptionalAmount = default(None)
    budget: Worth = default(None)
    cap: Key | None = default(None)
    every: OptionalAmount = default(None)
    times: Annotated[int, Field(ge=1, strict=True)] | None = default(None)
    item: Key | None = default(None)
    meter: Key | None = default(None)
    unit: Key | None = default(None)
    scope: Literal["plan", "customer"] = default("plan")
    of: Of = default("subtotal")
    rearm: Rearm = default("period")
    rearm_at: OptionalAmount = default(None)

    @model_validator(mode="after")
    def _check(self) -> Alert:
        refuse(_alert_problems(self))
        return self

    @property
    def what(self) -> str:
        """Which of the six it watches."""
        return next(name for name in _FIGURES if getattr(self, name) is not None)

    def gauge(self, cell: Group = ()) -> Gauge:
        """The figure it reads, where that is a figure of its own."""
        group, customer = {**self.group, **dict(cell)}, self.scope == "customer"
        if self.quantity is not None:
            what = "units" if self.meter is None else "quantity"
            return Gauge(what, self.meter or self.item or "", group, customer=customer)
        if self.balance is not None:
            return Gauge("balance", self.unit or "", group, customer=customer)
        if self.forecast is not None:
            return Gauge("forecast", "", group, customer=customer)
        what = self.of if self.item is None else "amount"
        return Gauge(what, self.item or "", group, customer=customer)

    def first(self, setting: Setting) -> Exact:
        """The first threshold."""
        if self.percent is None:
            held = getattr(self, self.what)
            return held if isinstance(held, Decimal) else setting.amount(held, self.name)
        if self.budget is not None:
            whole = setting.amount(self.budget, self.name)
        else:
            whole = self.capped(setting)[1].limit(setting)
        return div(CONTEXT.multiply(whole, self.percent), 100)

    def capped(self, setting: Setting) -> tuple[int, Cap]:
        """The place and the cap that a percentage is of."""
        index, found = setting.guards[self.cap or ""]
        assert isinstance(found, Cap)
        return index, found

    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""
        if self.margin is not None:
            return _MarginWork(self, cell)
        if self.cap is None:
            return _AlertWork(self, setting, cell, self.gauge(cell))
        index, cap = self.capped(setting)
        found = cap.inner(setting, cell if cap.each else ())
        if isinstance(found, WindowCap):
            return _WindowAlertWork(self, setting, cell, cap.gauge(cell), index, found)
        return _AlertWork(self, setting, cell, cap.gauge(cell if cap.each else ()))

    def problems(self, setting: Setting) -> list[Problem]:
        """What is wrong with it among the others."""
        if self.cap is None:
            return []
        _, found = setting.guards.get(self.cap, (0, None))
        if not isinstance(found, Cap):
            told = f"there is no cap {self.cap[:40]!r} among the guards; give the cap this key"
            return [Problem("cap", "key.unknown", told)]
        if tuple(sorted(found.each)) != tuple(sorted(self.each)):
            return [Problem("each", "alert.cap", "the alert and its cap watch other groups; give both the same `each`")]
        return []

    def _named(self) -> str:
        figure = str(Gauge(self.gauge().what, self.gauge().name))
        if self.margin is not None:
            figure = f"margin {self.item}" if self.item else "margin"
        if self.percent is not None:
            figure = f"percent of {self.cap}" if self.cap else f"percent of {_spelled(self.budget)} {figure}"
        told = wide(self, "alert on", figure, "at", _spelled(getattr(self, self.what)))
        customer = "for the customer" if self.scope == "customer" else ""
        more = "" if self.every is None else f"and every {text(self.every)}"
        return " ".join(each for each in (told, customer, more) if each)


def _spelled(value: Any) -> str:
    if isinstance(value, Decimal):
        return text(value)
    return " ".join(f"{name} {text(each)}" for name, each in (value or {}).items())


def _alert_problems(alert: Alert) -> list[Problem]:
    told = [name for name in _FIGURES if getattr(alert, name) is not None]
    found = within_problems(alert)
    if len(told) != 1:
        found.append(Problem("", "alert.what", f"an alert watches one thing; give one of {', '.join(_FIGURES)}"))
        return found
    what = told[0]
    held = getattr(alert, what)
    lowest = min([held] if isinstance(held, Decimal) else held.values())
    if what not in ("balance", "margin") and lowest <= 0:
        found.append(Problem(what, "number.small", "write more than 0"))
    if (what == "percent") == (alert.budget is None and alert.cap is None):
        words = "a percentage is of a budget or of a cap; give `percent` with one of these, or none of them"
        found.append(Problem("percent", "alert.percent", words))
    elif alert.budget is not None and alert.cap is not None:
        found.append(Problem("cap", "alert.percent", "a percentage is of one thing; keep `budget` or `cap`"))
    if alert.every is not None and (alert.every <= 0 or what == "margin"):
        found.append(Problem("every", "alert.every", "`every` is above 0, and a margin has none; correct or remove it"))
    if alert.times is not None and alert.every is None:
        found.append(Problem("times", "alert.every", "`times` counts the thresholds of `every`; add it"))
    return [*found, *_rearm_problems(alert, what), *scope_problems(alert, _figure(alert, what))]


def _figure(alert: Alert, what: str) -> str:
    return "spend" if what == "percent" and alert.cap is None else what


def _rearm_problems(alert: Alert, what: str) -> list[Problem]:
    if alert.rearm_at is None:
        return []
    held = getattr(alert, what)
    if alert.rearm != "recover" or alert.every is not None or what == "percent" or not isinstance(held, Decimal):
        words = "`rearm_at` is for one plain threshold with rearm='recover'; write it there or remove it"
        return [Problem("rearm_at", "alert.rearm", words)]
    low = what in ("balance", "margin")
    if (alert.rearm_at < held) if low else (alert.rearm_at > held):
        side = "at or above" if low else "at or below"
        return [Problem("rearm_at", "alert.rearm", f"the figure has recovered {side} its threshold; write it there")]
    return []


class EdgeWork(Work):
    """What tells of edges: it keeps what was told."""

    __slots__ = ()

    def zero(self) -> Edge:
        """Nothing was told."""
        return UNTOLD

    def dump(self, part: Edge) -> Any:
        """What was told."""
        return dump_edge(part)

    def load(self, data: Any) -> Edge:
        """What was told."""
        return load_edge(data)


class _AlertWork(EdgeWork):
    """An alert on one figure, with thresholds in equal steps."""

    __slots__ = ("_back", "_every", "_first", "_gauge", "_last", "_low", "_rearm")

    def __init__(self, alert: Alert, setting: Setting, cell: Group, gauge: Gauge) -> None:
        super().__init__(alert, cell)
        self.notes = True
        self._gauge = gauge
        self._low = alert.balance is not None
        self._first = alert.first(setting)
        self._every = alert.every
        self._last = None if alert.times is None else alert.times - 1
        self._rearm: Rearm = alert.rearm
        self._back = alert.rearm_at

    def _reached(self, value: Exact) -> int:
        past = sub(self._first, value) if self._low else sub(value, self._first)
        if past < 0:
            return -1
        if self._every is None:
            return 0
        found = floor(div(past, self._every))
        return found if self._last is None else min(found, self._last)

    def calm(self, part: Edge, reading: Reading) -> Calm | None:
        """It tells at its next threshold."""
        if self._low:
            return None
        if self._reached(reading.value(self._gauge)) != part.told:
            return None
        if part.told >= 0 and part.frame != frame_of(reading):
            return None
        last = 0 if self._every is None else self._last
        if last is not None and part.told >= last:
            return Calm(self._gauge)
        return Calm(self._gauge, None, self._threshold(part.told + 1))

    def _threshold(self, number: int) -> Exact:
        if self._every is None:
            return self._first
        step = mul(self._every, Decimal(-number if self._low else number))
        return add(self._first, step)

    def note(self, part: Edge, look: Look) -> tuple[Edge, Signals]:
        """A crossing for what is newly reached."""
        value = look.after.value(self._gauge)
        if part is UNTOLD and (value > self._first if self._low else value < self._first):
            return part, ()
        return self._told(part, value, look, frame_of(look.after))

    def _told(self, part: Edge, value: Exact, look: Look, frame: int | None) -> tuple[Edge, Signals]:
        """What there is to tell of a value, in a period with this start."""
        reached = self._reached(value)
        if reached == part.told and frame == part.frame:
            return part, ()
        back = True
        if self._back is not None:
            back = value > self._back if self._low else value < self._back
        new, count, rearmed = moved(part, reached, frame, self._rearm, back=back)
        if rearmed:
            return new, (Rearmed(self.key, value, look.at, record=look.record, group=self.cell),)
        if not count:
            return new, ()
        every = self._every if self._every is None or not self._low else mul(self._every, Decimal(-1))
        return new, (
            Crossed(
                self.key, self._threshold(reached), value, look.at, count=count, every=every,
                period=None if frame is None else instant_of(frame), turn=new.turn, record=look.record, group=self.cell,
            ),
        )  # fmt: skip


class _WindowAlertWork(_AlertWork):
    """
    An alert on a cap that has a window of its own.

    Its period is the cap's window; where that rolls, the billing period, or for what recovers the instant of the
    crossing.
    """

    __slots__ = ("_cap", "_index")

    def __init__(self, alert: Alert, setting: Setting, cell: Group, gauge: Gauge, index: int, cap: WindowCap) -> None:
        super().__init__(alert, setting, cell, gauge)
        self._index = index
        self._cap = cap

    def _part(self, parts: Sequence[Part]) -> Spent:
        held: Table[Spent] | Spent = parts[self._index]
        return held.get(self._cap.cell, self._cap.zero()) if isinstance(held, Table) else held

    def calm(self, part: Edge, reading: Reading) -> None:
        """Time alone changes what it reads."""
        return

    def note(self, part: Edge, look: Look) -> tuple[Edge, Signals]:
        """A crossing for what is newly reached, also where the window went back and was filled again meanwhile."""
        value, start = self._cap.used(self._part(look.parts), look.now), self._cap.window.frame(look.now)
        if self._rearm == "recover":
            return self._recovering(part, value, look, look.now if start is None else start)
        if start is None:
            # What comes late belongs to the latest billing period: the window is as it is now.
            frame = frame_of(look.after)
            start = part.frame if frame is None or (part.frame is not None and frame < part.frame) else frame
        elif part.frame is not None and start < part.frame:
            # Time does not go back in a state: these are the windows of another cap, and what was told was of those.
            part = UNTOLD
        return self._told(part, value, look, start)

    def _recovering(self, part: Edge, value: Exact, look: Look, frame: int) -> tuple[Edge, Signals]:
        told: Signals = ()
        low = self._cap.low(self._part(look.held), look.now)
        if self._reached(low) < min(part.told, self._reached(value)):
            part, told = self._told(part, low, look, frame)
        new, found = self._told(part, value, look, frame)
        return new, told + found


class _MarginWork(EdgeWork):
    """An alert on the margin."""

    __slots__ = ("_back", "_cost", "_floor", "_price", "_rearm")

    def __init__(self, alert: Alert, cell: Group) -> None:
        super().__init__(alert, cell)
        self.notes = True
        group, customer = {**alert.group, **dict(cell)}, alert.scope == "customer"
        self._price = Gauge("gross" if alert.item is None else "amount", alert.item or "", group, customer=customer)
        self._cost = Gauge("cost", alert.item or "", group, customer=customer)
        self._floor = alert.margin or ZERO
        self._back = alert.rearm_at
        self._rearm: Rearm = alert.rearm

    def note(self, part: Edge, look: Look) -> tuple[Edge, Signals]:
        """A crossing when the margin falls to the threshold."""
        price, cost = look.after.value(self._price), look.after.value(self._cost)
        reached = bool(price or cost) and spare(price, cost, self._floor) <= 0
        back = self._back is None or spare(price, cost, self._back) > 0
        new, count, rearmed = moved(part, 0 if reached else -1, frame_of(look.after), self._rearm, back=back)
        value = margin(price, cost)
        if rearmed:
            return new, (Rearmed(self.key, value, look.at, record=look.record, group=self.cell),)
        if not count:
            return new, ()
        return new, (
            Crossed(
                self.key, self._floor, value, look.at,
                period=start_of(look.after), turn=new.turn, record=look.record, group=self.cell,
            ),
        )  # fmt: skip
