"""
What credits did not pay of a billing period so far, and what a part of it gives back of that and of what they paid.

Where several statements bill one billing period, one of them may come below 0: a price falls, a coupon comes to its
minimum spend, usage is taken off. What it gives back so for an item, and in it for a group, is

1. taken off what the statement charges for the same, or for no item alone, as where a coupon is taken back,
2. money, as far as money was due for the same in the period so far,
3. credits, back to the lots that paid for the same, the last draw first. What came back may pay what was due in money
   in the period for something else: so it does not depend on the order in which lots and money paid for the period.

What is more than was billed for the same, or is about no item, is taken off the statement's other charges of the
period, in their order; then it is money as far as any was due in the period, then credits back to all lots that paid
in it, then money that is paid out. Of what was paid out so far no lot pays a second time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from .._numbers import CONTEXT, ZERO, exact, quantize, text
from ..credits import Use, entry_id
from ..periods import instant
from ..plans import Terms, windows
from ..records import show_time
from ._line import LineItem
from ._line_key import Group, line_key
from ._outcome_facts import Undone
from ._settled import Room, Settled, span_of
from ._sheet import Entry

__all__ = ["About", "Owed", "Unpaid", "about_of"]

About: TypeAlias = tuple[str, Group]
"""What an amount is about: an item, and a group of it, sorted."""

Lots: TypeAlias = Callable[[Entry, About | None, Decimal], Decimal]
"""Give an amount back to the lots that paid for something, or for anything; says how much they had paid of it."""


class Owed:
    """
    What was due in money for something, from one instant on.

    Attributes:
        item, group, meter: of the line it was billed by.
        at, settled: from when it is, and when it was due.
        amount: above 0; `free` is what of it is not given back by the statement yet.
    """

    __slots__ = ("amount", "at", "free", "group", "item", "meter", "settled")

    def __init__(
        self, item: str, group: Group, *, meter: str | None, at: datetime, settled: datetime, amount: Decimal
    ) -> None:
        self.item = item
        self.group = group
        self.meter = meter
        self.at = at
        self.settled = settled
        self.amount = amount
        self.free = amount

    @property
    def about(self) -> About:
        """What it was billed for."""
        return _about(self.item, self.group)

    @property
    def key(self) -> str:
        """A name of it."""
        return line_key("usage", self.item, self.group, self.at)

    def use(self, customer: str) -> Use:
        """What credits would be used for that pay it."""
        return Use(self.item or None, meter=self.meter, dimensions=dict(self.group), customer=customer)


class Unpaid:
    """
    A billing period so far, as a statement finds it and leaves it.

    Args:
        terms: the statement's.
        key: what names it among the entries of a ledger.

    Attributes:
        begun: whether statements before tell what was due of the first billing period that it has a part of.
        runs_on: whether a later one will have to know.
        since: where that billing period begins.
        prefixes: how the ids of the draws of these statements begin.
        settled: the billing periods that are over.
        asks: what credits that came back may pay of what was due in money before, and what they came back for.
    """

    __slots__ = (
        "_by_about",
        "_came",
        "_cut",
        "_key",
        "_out",
        "_owed",
        "_plans",
        "_rooms",
        "_statements",
        "_terms",
        "_windows",
        "asks",
        "begun",
        "prefixes",
        "runs_on",
        "settled",
        "since",
    )  # fmt: skip

    def __init__(self, terms: Terms, key: str) -> None:
        told: Mapping[str, Any] = {} if terms.carry is None else terms.carry.unpaid
        held = windows(terms, instant(told["since"]) if told else None)
        self._terms = terms
        self._key = key
        self._windows = held
        self._rooms: dict[str, Room] = {}
        self.settled = Settled(terms)
        # Where the last billing period begins, if that is not the first.
        self._cut = held[-1].period.start if len(held) > 1 else None
        self.begun = bool(told) and held[0].begun
        self.runs_on = not held[-1].over
        self.since = held[0].period.start
        self._statements: list[str] = list(told["statements"]) if self.begun else []
        self.prefixes = tuple(entry_id(each, "") for each in self._statements)
        self._owed: list[Owed] = []
        # What was paid out beyond all that was due.
        self._out: Decimal = ZERO
        # What is given back in money of what was due before, and what in credits, by the keys of what gives it back.
        self._plans: dict[str, list[tuple[Owed, Decimal]]] = {}
        self._came: list[tuple[Entry, Decimal]] = []
        self.asks: list[tuple[Entry, Owed, Decimal]] = []
        if self.begun:
            self._out = _money(told["out"])
            self._owed = [_owed(row) for row in told["owed"]]
        self._by_about: dict[About, list[Owed]] = {}
        for each in self._owed:
            self._by_about.setdefault(each.about, []).append(each)

    def room(self, undone: Undone) -> Room:
        """How much money can be given back of what is reversed: what was due in its billing period, for whatever."""
        over = undone.start < self.since
        span = span_of(undone.start, undone.end) if over else ""
        if span not in self._rooms:
            self._rooms[span] = Room(self.settled.money(span) if over else self._due() if self.begun else None)
        return self._rooms[span]

    def _due(self) -> Decimal:
        """What was due in money in the billing period so far."""
        found = self._out.copy_negate()
        for each in self._owed:
            found = CONTEXT.add(found, each.amount)
        return max(found, ZERO)

    def about(self, entry: Entry, line: LineItem) -> About | None:
        """What an entry is about that belongs to the billing period so far; None where that is no item."""
        return _about(line.item, line.group) if entry.items and self._mine(entry) else None

    def _mine(self, entry: Entry) -> bool:
        return self._cut is None or entry.at < self._cut

    def payable(
        self, every: Sequence[tuple[Entry, Decimal]], lines: Mapping[str, LineItem], lots: Lots, *,
        reversed_: Collection[str], ended: Collection[str],
    ) -> list[tuple[Entry, Decimal]]:  # fmt: skip
        """
        What is left to pay of each entry, once it is settled what is given back, and in what.

        Args:
            every: what each entry comes to, with its taxes.
            lines: the lines they are of.
            lots: gives back to lots.
            reversed_: the keys of those that give back in credits what these had paid already.
            ended: those of them that are about a billing period before.
        """
        left = {entry.key: max(amount, ZERO) for entry, amount in every}
        groups: dict[About, list[tuple[Entry, Decimal]]] = {}
        over: list[tuple[Entry, Decimal]] = []
        alone: list[Entry] = []
        owed = self._out
        for entry, amount in every:
            about = None if entry.key in ended else self.about(entry, lines[entry.key])
            if about is not None and entry.key not in reversed_:
                groups.setdefault(about, []).append((entry, amount))
            elif amount < ZERO and (entry.key in reversed_ or not self._mine(entry)):
                rest = amount.copy_negate()
                if about is not None:
                    rest = self._money_back(entry, None, self._money_back(entry, about, rest))
                owed = CONTEXT.add(owed, rest)
            elif amount < ZERO:
                over.append((entry, amount.copy_negate()))
            elif self._mine(entry):
                alone.append(entry)
        for about, mine in groups.items():
            over += self._within(about, mine, alone, left, lots)
        for entry, _ in every:
            owed = CONTEXT.subtract(owed, _off(left, entry, owed))
        owed = CONTEXT.add(owed, self._beyond(over, [entry for entry, _ in every if self._mine(entry)], left, lots))
        for entry, _ in every:
            owed = CONTEXT.subtract(owed, _off(left, entry, owed))
        self._ask()
        return [(entry, left[entry.key]) for entry, _ in every]

    def _beyond(
        self, over: Sequence[tuple[Entry, Decimal]], mine: Iterable[Entry], left: dict[str, Decimal], lots: Lots
    ) -> Decimal:
        """Give back what is about no item, or more than was billed for it; what is money of it."""
        most = money = ZERO
        for _, amount in over:
            most = CONTEXT.add(most, amount)
        for entry in mine:
            most = CONTEXT.subtract(most, _off(left, entry, most))
        for entry, amount in over:
            some, count = min(most, amount), len(self._came)
            most = CONTEXT.subtract(most, some)
            self._give_back(entry, None, some, lots)
            money = CONTEXT.add(money, some)
            for _, came in self._came[count:]:
                money = CONTEXT.subtract(money, came)
        return money

    def _within(
        self, about: About, some: Sequence[tuple[Entry, Decimal]], alone: Iterable[Entry], left: dict[str, Decimal],
        lots: Lots,
    ) -> list[tuple[Entry, Decimal]]:  # fmt: skip
        """What is given back for one thing: off its own charges, then in what it was paid in; what is left of it."""
        owed = ZERO
        for _, amount in some:
            owed = CONTEXT.subtract(owed, min(amount, ZERO))
        for entry in (*(entry for entry, _ in some), *alone):
            owed = CONTEXT.subtract(owed, _off(left, entry, owed))
        found: list[tuple[Entry, Decimal]] = []
        for entry, amount in reversed(some):
            part = min(owed, max(amount.copy_negate(), ZERO))
            owed = CONTEXT.subtract(owed, part)
            rest = self._give_back(entry, about, part, lots)
            if rest:
                found.append((entry, rest))
        return found

    def _give_back(self, entry: Entry, about: About | None, amount: Decimal, lots: Lots) -> Decimal:
        """Give back what was due in money, then what lots had paid; what is more than that is told."""
        amount = self._money_back(entry, about, amount)
        if not amount:
            return ZERO
        places = self._terms.currency.places
        came = lots(entry, about, amount)
        self._came.append((entry, quantize(came, places, "floor")))
        # Lots may be finer than money is.
        return quantize(CONTEXT.subtract(amount, came), places, "floor")

    def _money_back(self, entry: Entry, about: About | None, amount: Decimal) -> Decimal:
        """Give back what was due in money, the last first; what is more than that is left."""
        for each in reversed(self._owed if about is None else self._by_about.get(about, ())):
            some = min(each.free, amount)
            if some:
                each.free = CONTEXT.subtract(each.free, some)
                amount = CONTEXT.subtract(amount, some)
                self._plans.setdefault(entry.key, []).append((each, some))
        return amount

    def _ask(self) -> None:
        """What came back may pay what was due in money for something else."""
        for entry, came in self._came:
            rest = came
            for each in self._owed:
                some = min(rest, each.free)
                if some:
                    each.free = CONTEXT.subtract(each.free, some)
                    rest = CONTEXT.subtract(rest, some)
                    self._plans.setdefault(entry.key, []).append((each, some))
                    self.asks.append((entry, each, some))

    def _settle(self, every: Iterable[tuple[Entry, Decimal]], undone: Mapping[str, Undone], *, drew: bool) -> None:
        """Note what is due in money of each billing period that is over, by this statement and those before."""
        by = [self._key] if drew else []
        sums = [self._due(), *([ZERO] * (len(self._windows) - 1))]
        starts = [each.period.start for each in self._windows]
        for entry, amount in every:
            told = undone.get(entry.key)
            if told is not None and told.start < self.since:
                self.settled.more(span_of(told.start, told.end), amount, by)
            else:
                place = max(bisect_right(starts, entry.at) - 1, 0)
                sums[place] = CONTEXT.add(sums[place], amount)
        before = self._statements
        for window, amount in zip(self._windows, sums, strict=True):
            if window.over:
                self.settled.end(span_of(window.period.start, window.period.end), amount, dict.fromkeys([*before, *by]))
            before = []

    def close(
        self, every: Collection[tuple[Entry, Decimal]], open_: Mapping[str, Sequence[Owed]],
        undone: Mapping[str, Undone], *, drew: bool,
    ) -> None:  # fmt: skip
        """
        Note what is due in money by this statement.

        Args:
            every: what each entry of the statement comes to once credits have paid, with its taxes.
            open_: the parts of each, by its key, with what no lot paid of them.
            undone: what is reversed, by the keys of entries.
            drew: whether credits paid anything.
        """
        self._settle(every, undone, drew=drew)
        if self._cut is not None:
            self._owed, self._out, self._statements = [], ZERO, []
        less: list[tuple[str, Decimal]] = []
        found = {(each.about, each.at): each for each in self._owed}
        for entry, amount in every:
            told = undone.get(entry.key)
            if (self._cut is not None and entry.at < self._cut) or (told is not None and told.start < self.since):
                continue
            if amount < ZERO:
                less.append((entry.key, amount.copy_negate()))
            elif amount:
                self._more(found, amount, open_[entry.key])
        for key, amount in less:
            rest = amount
            for each, most in self._plans.get(key, ()):
                rest = CONTEXT.subtract(rest, _less(each, min(most, rest)))
            self._out = CONTEXT.add(self._out, rest)
        for each in reversed(found.values()):
            self._out = CONTEXT.subtract(self._out, _less(each, self._out))
        self._owed = sorted((each for each in found.values() if each.amount), key=lambda each: each.at)
        if drew and self._key not in self._statements:
            self._statements.append(self._key)

    def _more(self, found: dict[tuple[About, datetime], Owed], amount: Decimal, parts: Sequence[Owed]) -> None:
        """What is due in money of one entry: what no lot paid of its parts, all of it together to the cent."""
        places = self._terms.currency.places
        for index, each in enumerate(parts, 1):
            some = amount if index == len(parts) else min(quantize(each.amount, places), amount)
            amount = CONTEXT.subtract(amount, some)
            each.amount = ZERO
            # Lines of one thing may begin at one instant, such as its usage and its floor.
            same = found.setdefault((each.about, each.at), each)
            same.amount = CONTEXT.add(same.amount, some)
            same.settled = max(same.settled, each.settled)

    def told(self) -> dict[str, Any]:
        """The same as a carry holds it; nothing where the billing period is over."""
        if not self.runs_on:
            return {}
        return {
            "since": show_time(self.since if self._cut is None else self._cut),
            "statements": list(self._statements),
            "out": text(self._out),
            "owed": [
                [
                    each.item, [name for pair in each.group for name in pair], each.meter or "", show_time(each.at),
                    show_time(each.settled), text(each.amount),
                ]
                for each in self._owed
            ],
        }  # fmt: skip


def about_of(use: Use) -> About:
    """What credits were used for."""
    return _about(use.item or "", use.dimensions.items())


def _about(item: str, group: Iterable[tuple[str, str]]) -> About:
    return item, tuple(sorted(group))


def _off(left: dict[str, Decimal], entry: Entry, most: Decimal) -> Decimal:
    """Take what can be taken off a charge."""
    some = min(most, left[entry.key])
    left[entry.key] = CONTEXT.subtract(left[entry.key], some)
    return some


def _less(each: Owed, most: Decimal) -> Decimal:
    some = min(each.amount, most)
    each.amount = CONTEXT.subtract(each.amount, some)
    return some


def _money(told: str) -> Decimal:
    found = exact(told)
    assert isinstance(found, Decimal)
    return found


def _owed(row: Sequence[Any]) -> Owed:
    item, group, meter, at, settled, amount = row
    pairs = tuple(zip(group[::2], group[1::2], strict=True))
    return Owed(item, pairs, meter=meter or None, at=instant(at), settled=instant(settled), amount=_money(amount))
