"""
A billing period of which statements before have billed a part: the stages work on all of it so far.

What earlier statements brought and what this one brings are entries together, as on one bill of the whole. A stage
makes the line that this bill would have; the statement bills what is missing to it, or gives back what was too much.
So the statements of a period add up to its one bill, however it is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from .._numbers import CONTEXT, ONE, ZERO, Exact, quantize, sign, split, sub, total
from ..periods import Period
from ..plans import Dues, Window
from ..records import read_time
from ..steps import Step
from ._bookings import KINDS, Room, SoFarTaken, Taken
from ._charges import Charges
from ._floors import began_under
from ._item_past import EARLIER
from ._line import LineHead, LineItem
from ._line_key import Group, line_key
from ._line_kinds import CHARGES, MAKES, TAXES, Kind
from ._past import Brought, Past
from ._sheet import Entry, Sheet, given

__all__ = ["SoFar"]


class SoFar(Sheet):
    """
    A billing period so far.

    Args:
        charges: what was charged.
        dues: what the stages of the period so far work with.
        window: the period so far.
        past: what earlier statements tell.
        whole: the statement.
        now: its lines of prices in this period, each with its entry.
    """

    def __init__(
        self, charges: Charges, dues: Dues, *, window: Window, past: Past, whole: Sheet,
        now: Sequence[tuple[LineItem, Entry]],
    ) -> None:  # fmt: skip
        super().__init__(charges, dues, whole.lines, entries=(), window=window, whole=whole)
        self.past = past
        self.opening, self.opened = past.opening, dict(past.opening)
        for key in {each.item for each in past.made.values() if each.kind == "coupon" and each.amount}:
            # This billing period has used it already, and may go on.
            self.coupons[key] = max(self.coupons.get(key, 0) - 1, 0)
        # Where the billing periods of outcomes begin, by the keys of their lines.
        self._spans = {
            key: read_time(span) for item in charges.outcomes.values() for key, (span, _) in item.lines.items()
        }
        self._sold = {item for item, _ in charges.outcomes}
        # What stages took of lines of outcomes, and what these used up, by the keys of entries.
        self._taken: dict[str, list[Taken]] = {}
        self._used: dict[str, list[Room]] = {}
        self.entries = self._gathered(now)
        self._earlier = {key: each.paid for key, each in self.brought.items() if each.paid}
        self._pending: list[tuple[LineItem, Sequence[Entry], Period]] = []
        self._left = dict(past.made)
        # The keys of lines that fall on none of this statement's.
        self._alone: list[str] = []

    def _gathered(self, now: Sequence[tuple[LineItem, Entry]]) -> list[Entry]:
        """What was brought so far as entries, in the order of one bill of the whole."""
        found = {each.key: each.copy() for each in self.past.lines}
        keys: dict[str, str] = {}
        for line, entry in now:
            counted = [found[each.key] for each in self._counted(line)]
            if not counted:
                start = self._start(line, entry.plan)
                mine = Brought(line.kind, line.item, line.group, plan=entry.plan, start=start, version=line.version)
                counted = [found.setdefault(mine.key, mine)]
            keys[counted[0].key] = line.key
            _count(counted, entry)
        items = dict.fromkeys([*self.sold(), *(each.item for each in found.values())])
        rank = {item: place for place, item in enumerate(items)}
        every = sorted(
            found.values(), key=lambda each: (rank[each.item], each.start, each.kind not in CHARGES, each.group)
        )
        self.brought = {keys.get(each.key, each.key): each for each in every}
        return [self._of(each, key) for key, each in self.brought.items()]

    def sold(self) -> list[str]:
        """The keys of what was sold so far, in the order in which one bill of the whole has it."""
        return list(dict.fromkeys([*self.past.items, *super().sold()]))

    def _of(self, each: Brought, key: str) -> Entry:
        at = max(each.start, self.period.start)
        return Entry(
            key, [each.item], each.plan, at, each.net, each.listed, reversal=each.kind == "reversal", group=each.group
        )

    def _counted(self, line: LineItem) -> list[Brought]:
        """
        The lines of outcomes that one bill of the whole would count a line of outcomes in, where they were told before.

        What outcomes of a period come to under one card is one line, however late they become billable or are undone:
        also once another card, or another plan, holds. Where the item is not sold any more, one line takes off of all.
        """
        span = self._spans.get(line.key)
        if span is None or (line.kind == "reversal" and span < self.period.start):
            return []
        told = [each for each in self.past.lines if (each.item, each.kind) == (line.item, "usage")]
        own = [each for each in told if each.version == line.version]
        mine = sorted((each for each in own if each.start >= span), key=lambda each: each.start)
        if line.kind == "reversal":
            return list(dict.fromkeys([*mine, *reversed(own), *reversed(told)]))
        return mine[:1] or (own[-1:] if self.whole.service(line) is None else [])

    def _start(self, line: LineItem, plan: str) -> datetime:
        """Where the service of a line begins if the period is not cut into statements."""
        held = self.whole.service(line)
        if held is None or line.period.start > self.terms.period.start:
            return line.period.start
        service, piece = held
        if line.kind == "minimum":
            return max(began_under(self.terms, service, piece.start), self.period.start)
        since = max(service.counted, self.period.start)
        before = [
            each for each in self.past.lines
            if each.item == line.item and each.kind == line.kind and each.start >= since
        ]  # fmt: skip
        if not before:
            return line.period.start
        last = max(before, key=lambda each: each.start)
        anew = (last.version, last.plan) != (line.version, plan) or any(
            gap.end == line.period.start for gap in service.gaps
        )
        # A line belongs to the period of a commitment that it begins in.
        marks = [stretch.start for _, stretches in self.dues.commitments for stretch in stretches]
        anew = anew or any(last.start < mark <= line.period.start for mark in marks)
        return line.period.start if anew else last.start

    def shown(self, kind: Kind, item: str, period: Period) -> Period:
        """The time of a line as far as this statement has it; of two of one name one begins an instant later."""
        start = self.terms.period.start
        # What is of a time before is booked now, for as long as this statement goes.
        end = period.end if period.end > start else self.period.end
        at = max(period.start, start)
        taken = {made.key for made, _, _ in self._pending} | {line.key for line in self.lines}
        while line_key(kind, item, (), at) in taken:
            at += timedelta(microseconds=1)
        return Period(at, max(at, end), zone=period.zone)

    def keep(self, made: LineItem, over: Sequence[Entry], full: Period) -> None:
        """Hold a line of the period so far until its stage is done."""
        for key, share in made.shares if made.kind in KINDS else ():
            self._taken.setdefault(key, []).append(Taken(made.kind, made.item, made.name, made.version, share))
        self._pending.append((made, over, full))

    def add(self, entry: Entry) -> None:
        """Let later stages read a line that tops prices up; the statement has what is booked of it."""
        entry.added = True
        self.entries.append(entry)

    def book(self) -> None:
        """Bill what the lines of a stage come to more or less than was billed before."""
        pending, self._pending = self._pending, []
        groups: dict[str, list[tuple[LineItem, Sequence[Entry], Period]]] = {}
        for made, over, full in pending:
            clipped = line_key(made.kind, made.item, (), max(full.start, self.terms.period.start))
            groups.setdefault(clipped, []).append((made, over, full))
        for some in groups.values():
            self._book(some)

    def uses(self, name: str, start: str, some: Iterable[tuple[Entry, Exact]]) -> None:
        """Note what the period so far uses up, all of it by the lines of prices so far."""
        for entry, amount in some:
            if sign(amount):
                self._used.setdefault(entry.key, []).append(Room(name, start, amount))

    def taken(self) -> SoFarTaken:
        """What stages took of outcomes so far, and what these used up."""
        parts: dict[tuple[str, str], list[Taken]] = {}
        rooms: dict[tuple[str, str], list[Room]] = {}
        for key, each in self.brought.items():
            # A reversal may make what is left of its period dearer, and that is billed now.
            if each.item in self._sold and each.kind in ("usage", "reversal"):
                mark = (each.item, each.version)
                parts.setdefault(mark, []).extend(self._taken.get(key, ()))
                rooms.setdefault(mark, []).extend(self._used.get(key, ()))
        return SoFarTaken(self.period.start, self.period.end, parts, rooms)

    def before_credits(self, later: Sequence[str]) -> None:
        """Give back what is not taken off any more, and leave out what was paid before."""
        self.rest(later)
        for entry in self.entries:
            entry.net = CONTEXT.subtract(entry.net, self._earlier.get(entry.key, ZERO))

    def paid(self, amounts: Mapping[str, Decimal], elsewhere: Iterable[tuple[str, tuple[str, Group], Decimal]]) -> None:
        """Note what credits paid, and leave it out; what stands alone is of what the period so far comes to."""
        mine = dict(amounts)
        for key, about, amount in elsewhere:
            self._move(mine, key, about, quantize(amount, self.terms.currency.places))
        topped = {entry.key for entry in self.entries}
        alone = total(mine.pop(key, ZERO) for key in self._alone if key not in topped)
        for entry in self.entries:
            left = max(CONTEXT.subtract(entry.net, mine.get(entry.key, ZERO)), ZERO)
            some = alone if alone < left else left
            alone = sub(alone, some)
            mine[entry.key] = CONTEXT.add(mine.get(entry.key, ZERO), quantize(some, self.terms.currency.places))
            entry.net = CONTEXT.subtract(entry.net, mine[entry.key])
        self._even(mine)
        super().paid(mine, ())

    def _even(self, mine: dict[str, Decimal]) -> None:
        """What was paid of an entry that comes to less by now, as under a ceiling of all, pays the others."""
        rest = ZERO
        for entry in self.entries:
            paid = CONTEXT.add(self._earlier.get(entry.key, ZERO), mine[entry.key])
            rest = CONTEXT.add(rest, self._pay(mine, entry, max(min(entry.net, ZERO), min(paid.copy_negate(), ZERO))))
        for entry in self.entries:
            rest = CONTEXT.add(rest, self._pay(mine, entry, min(rest, max(entry.net, ZERO))))

    def _pay(self, mine: dict[str, Decimal], entry: Entry, amount: Decimal) -> Decimal:
        """Note that so much more was paid of an entry; says how much less is left."""
        mine[entry.key] = CONTEXT.add(mine[entry.key], amount)
        entry.net = CONTEXT.subtract(entry.net, amount)
        return amount.copy_negate()

    def _move(self, mine: dict[str, Decimal], key: str, about: tuple[str, Group], amount: Decimal) -> None:
        """Note what credits paid, or got back, by a line of this statement for something that was billed before."""
        for entry in self.entries:
            if (*entry.items, tuple(sorted(entry.group))) == about:
                paid = CONTEXT.add(self._earlier.get(entry.key, ZERO), mine.get(entry.key, ZERO))
                # What an entry comes to is less what was paid of it before.
                most = CONTEXT.subtract(entry.net, mine.get(entry.key, ZERO)) if amount > ZERO else paid
                some = min(amount.copy_abs(), max(most, ZERO)).copy_sign(amount)
                mine[entry.key] = CONTEXT.add(mine.get(entry.key, ZERO), some)
                mine[key] = CONTEXT.subtract(mine.get(key, ZERO), some)
                amount = CONTEXT.subtract(amount, some)

    def rest(self, later: Sequence[str] = ()) -> None:
        """Take back what earlier statements billed, and the period so far does not; but for stages to come."""
        kinds = {kind for stage in later for kind in MAKES.get(stage, ())}
        for each in self._left.values():
            if each.amount and each.kind not in kinds:
                step = self._less(given(ZERO, "of the billing period so far"), each.amount)
                period = self.shown(each.kind, each.item, Period(each.start, each.end, zone=self.period.zone))
                self._line(
                    each.kind, each.item, each.name, step, version=each.version, period=period,
                    due=self.terms.period.end, over=(),
                )  # fmt: skip
        self._left = {name: each for name, each in self._left.items() if each.kind in kinds}

    def _less(self, step: Step, before: Decimal) -> Step:
        return Step.of("difference", (), parts=[step, given(before, EARLIER)])

    def _book(self, some: Sequence[tuple[LineItem, Sequence[Entry], Period]]) -> None:
        """One line of the statement for the lines of the period so far that have its name."""
        steps: list[Step] = []
        for made, _, full in some:
            before = self._left.pop(line_key(made.kind, made.item, (), full.start), None)
            (last,) = made.steps
            alone = before is None and len(some) == 1
            # What was billed before is rounded, and what it is taken off has to be.
            steps.append(last.parts[0] if alone else self._less(last, ZERO if before is None else before.amount))
        head = some[-1][0].head
        step = steps[0] if len(steps) == 1 else Step.of("sum", (), parts=steps)
        over = {entry.key: entry for _, each, _ in some for entry in each}
        self._line(
            head.kind, head.item, head.name, step, version=head.version, period=some[0][0].period, due=head.due,
            over=list(over.values()),
        )  # fmt: skip

    def _line(
        self, kind: Kind, item: str, name: str, step: Step, *, version: str, period: Period, due: datetime,
        over: Sequence[Entry],
    ) -> None:  # fmt: skip
        """Add a line to the statement: what falls on its own lines does so, the rest stands alone."""
        rounded, tax = self.rounded(step.result), kind in TAXES
        if not rounded and not tax:
            return
        shares = self._shares(rounded, over, tax=tax)
        head = LineHead(
            line_key(kind, item, (), period.start), item=item, name=name, group=(), unit="",
            currency=self.terms.currency, period=period, due=due, version=version, mode=self.terms.plan.rounding,
            kind=kind, shares=shares,
        )  # fmt: skip
        self.lines.append(LineItem(head, ONE, step.result, rounded, lambda _: (head.step(step, rounded),)))
        if rounded and not shares and kind != "included_tax":
            self._alone.append(head.key)
            self.whole.entries.append(
                Entry(head.key, (), self.terms.plan.key, self.terms.period.start, rounded, rounded, reversal=False)
            )

    def _shares(self, amount: Decimal, over: Sequence[Entry], *, tax: bool) -> list[tuple[str, Decimal]]:
        """How a line falls on this statement's own lines; on none, where they cannot bear it."""
        mine = {entry.key: entry for entry in self.whole.entries}
        # What is taken off falls on what is above 0, what is given back on what is below; a tax the other way round.
        above = (amount > ZERO) == tax
        bear = [mine[entry.key] for entry in over if entry.key in mine]
        bear = [entry for entry in bear if entry.net and (entry.net > ZERO) == above]
        weights = [entry.net.copy_abs() for entry in bear]
        if not bear or not amount or (not tax and total(weights) < amount.copy_abs()):
            return []
        parts = split(amount, weights, self.terms.currency.step)
        for entry, part in zip(bear, parts, strict=True):
            if not tax:
                entry.net = CONTEXT.add(entry.net, part)
        return [(entry.key, part) for entry, part in zip(bear, parts, strict=True) if part]


def _count(lines: Sequence[Brought], entry: Entry) -> None:
    """Add what a line comes to to lines of the period so far; what it takes off, off each no more than it has."""
    net, listed = entry.net, entry.listed
    for each in lines if len(lines) > 1 else ():
        off = max(min(each.net, net.copy_negate()), ZERO).copy_negate()
        each.more(off, off)
        net, listed = CONTEXT.subtract(net, off), CONTEXT.subtract(listed, off)
    lines[0].more(net, listed)
