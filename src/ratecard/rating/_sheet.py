"""
The sheet: a statement while its stages work on it.

Beside the lines it holds an entry for each line that is a price, or tops prices up: what is left of it after the stages
so far. A stage across lines makes a line of its own, and its amount falls on entries by largest remainder; so every
later stage, and every tax, knows what each item still comes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from .._numbers import CONTEXT, ONE, ZERO, Exact, div, mul, quantize, sign, split, total
from ..money import Currency
from ..periods import Period
from ..plans import Dues, Piece, Plan, Service, Terms, Window
from ..steps import Step
from ._bookings import Back, Room, SoFarTaken
from ._charges import Charges
from ._line import LineHead, LineItem
from ._line_key import Group, line_key
from ._line_kinds import Kind
from ._notice import Notice
from ._past import Booked, Brought
from ._spread import proportioned, shared_within

__all__ = ["Entry", "Notice", "Sheet", "given", "net_of", "summed"]


class Entry:
    """
    What a line still comes to.

    Attributes:
        key: the line's.
        group: its dimensions and values.
        items: the items it is about; empty for all that is billed.
        plan: the key of the plan it was priced under.
        at: from when, and not before the rated period begins.
        net: its amount after the stages so far.
        listed: its amount without all discounts, rounded; what a ceiling cut away is not in it.
        counted: how much of it has filled postpaid commitments.
        reversal: whether it takes back what was billed before.
        closed: whether it is known what stages took of that then; so those of now leave it alone.
        added: whether a stage across the lines made it, to top prices up.
    """

    __slots__ = ("added", "at", "closed", "counted", "group", "items", "key", "listed", "net", "plan", "reversal")

    def __init__(
        self, key: str, items: Sequence[str], plan: str, at: datetime, net: Decimal, listed: Decimal, *,
        reversal: bool, group: Group = (),
    ) -> None:  # fmt: skip
        self.key = key
        self.group = group
        self.items = tuple(items)
        self.plan = plan
        self.at = at
        self.net = net
        self.listed = listed
        self.counted: Decimal = ZERO
        self.reversal = reversal
        self.closed = False
        self.added = False

    def within(self, items: Sequence[str]) -> bool:
        """Whether it lies wholly inside a scope; an empty scope is everything."""
        return not items or (bool(self.items) and all(item in items for item in self.items))


class Sheet:
    """
    The lines so far, their entries, and what the carry and the reader must be told.

    Args:
        charges: what was charged.
        dues: what the stages work with.
        lines: its rounded lines, or those of the statement where this is one billing period of several.
        entries: what the stages work on; None for all lines.
        window: the billing period that is looked at; None for the rated period.
        whole: the statement that it is a part of; None where it is the statement.
        told: from when on statements before tell what they billed, so that what is reversed of it is reversed with
            what stages make of all of it so far; None where none does.

    Attributes:
        opening: what each commitment and bound held when that time began, for those that began before it.
        opened: those of them that were asked for.
        drawn: what they hold at its end, for those that run on.
        made: what stages made, by the keys of their lines, where the billing period runs on.
        used: the coupons that took something off.
        brought: what it told the stages of each price, where the billing period runs on.
        taxable: what entries came to when their taxes were due.
    """

    def __init__(
        self, charges: Charges, dues: Dues, lines: list[LineItem], *,
        entries: Sequence[Entry] | None = None, window: Window | None = None, whole: Sheet | None = None,
        told: datetime | None = None,
    ) -> None:  # fmt: skip
        self.terms: Terms = charges.terms
        self.dues = dues
        self.lines = lines
        self.whole = whole or self
        self.period = charges.terms.period if window is None else window.period
        self.notices: list[Notice] = []
        carry = charges.terms.carry
        self.coupons: dict[str, int] = {} if carry is None else dict(carry.coupons)
        self.used: set[str] = set()
        self.opening: Mapping[str, str | Decimal] | None = None if carry is None else carry.commitments
        self.opened: dict[str, Decimal] = {}
        self.drawn: dict[str, Decimal] = {}
        self.runs_on = window is not None and not window.over
        self.begun = window is not None and window.begun
        self.made: dict[str, Booked] = {}
        self.brought: dict[str, Brought] = {}
        self.taxable: list[tuple[Entry, Decimal]] = []
        self.weights = charges.weights
        self.undone = charges.undone
        # What comes back as it was paid; the stages of now leave it alone.
        self.backs: Mapping[str, Back] = (
            {key: _back(back, told) for key, back in charges.backs.items()} if whole is None else whole.backs
        )  # fmt: skip
        # The kinds of stages of which reversals have given back their part.
        self.mirrored: set[str] = set()
        # What lines of outcomes use up of what holds so much in a period.
        self.rooms: dict[str, list[Room]] = (
            {key: [] for item in charges.outcomes.values() for key in item.lines} if whole is None else whole.rooms
        )
        self._follows = False
        self._services: dict[tuple[str, datetime], tuple[Service, Piece]] | None = None
        self.freed: dict[str, Exact] = {}
        if entries is not None:
            self.entries = list(entries)
            return
        self.entries = []
        for line in lines:
            listed = charges.listed.get(line.key)
            before = line.rounded if listed is None else quantize(listed, line.head.places, self.terms.plan.rounding)
            entry = self._entry(line, [line.item], self.terms.plan_at(line.period.start), before)
            entry.closed = line.key in self.backs and line.rounded <= ZERO and _ended(self.backs[line.key], told)
            self.entries.append(entry)

    def _entry(self, line: LineItem, items: Sequence[str], plan: Plan, listed: Decimal) -> Entry:
        at = max(line.period.start, self.period.start)
        return Entry(
            line.key, items, plan.key, at, line.rounded, listed, reversal=line.kind == "reversal", group=line.group
        )

    @property
    def currency(self) -> str:
        """The code of the currency."""
        return str(self.terms.currency)

    def service(self, line: LineItem) -> tuple[Service, Piece] | None:
        """The service that a price's own line is of, and the piece of it."""
        if self._services is None:
            self._services = {
                (service.key, piece.start): (service, piece)
                for service in self.terms.services
                for piece in service.pieces
            }
        return self._services.get((line.item, line.period.start))

    @property
    def open(self) -> list[Entry]:
        """The entries that stages work on: all but what comes back as it was paid."""
        return [entry for entry in self.entries if not entry.closed]

    def uses(self, name: str, start: str, some: Iterable[tuple[Entry, Exact]]) -> None:
        """Note what lines use up of what holds so much in a period, so that it comes back when they are reversed."""
        for entry, amount in some:
            if entry.key in self.rooms and sign(amount):
                self.rooms[entry.key].append(Room(name, start, amount))

    def taken(self) -> SoFarTaken | None:
        """What stages took of outcomes so far; None where the lines of the statement tell it."""
        return None

    def comes_back(self, name: str, start: str) -> Exact:
        """What reversals give back of what was used up."""
        if self._follows:
            # The billing period before has it already.
            return ZERO
        rooms = (room for back in self.backs.values() for room in back.rooms)
        return total(room.amount for room in rooms if (room.name, room.start) == (name, start))

    def scope(self, items: Sequence[str], plans: Sequence[str]) -> list[Entry]:
        """The entries inside a scope, of those that were priced under some plans."""
        return [entry for entry in self.open if entry.plan in plans and entry.within(items)]

    def rounded(self, amount: Exact) -> Decimal:
        """An amount as a line shows it."""
        return quantize(amount, self.terms.currency.places, self.terms.plan.rounding)

    def line(
        self, kind: Kind, item: str, name: str, step: Step, *, version: str, period: Period,
        over: Iterable[tuple[Entry, Decimal]] = (), group: Group = (), dealt: bool = False,
    ) -> LineItem:  # fmt: skip
        """
        Add a line that a stage made by a term of this version; over what it falls, and with which weights.

        Of weights of both signs each entry has its share of the amount, by its own sign and that of their sum. Where
        lines are rounded together, so that they add up, the weights are what was dealt to it, and are its shares.
        """
        terms = self.terms
        alone = self.rounded(step.result)
        held = list(over)
        full, period = period, self.shown(kind, item, period)
        parts = [weight for _, weight in held]
        rounded = self.rounded(total(parts)) if dealt else alone
        if held and not dealt:
            parts = _parts(rounded, parts, terms.currency)
        shares = [(entry, part) for (entry, _), part in zip(held, parts, strict=True) if part]
        # What falls on other lines is due with them, and all of it by the end; a floor where its own time ends.
        due = terms.period.end if held else min(period.end, terms.period.end)
        head = LineHead(
            line_key(kind, item, group, period.start), item=item, name=name, group=group, unit="",
            currency=terms.currency, period=period, due=due, version=version, mode=terms.plan.rounding, kind=kind,
            shares=[(entry.key, part) for entry, part in shares],
        )  # fmt: skip
        made = LineItem(head, ONE, step.result, alone, lambda _: (head.step(step, alone),))
        made = made.moved(rounded, "so that what credits pay adds up")
        if self.runs_on and not group and kind not in ("trial", "credits"):
            self.made[line_key(kind, item, (), full.start)] = Booked(
                kind, item, name, version=version, start=full.start, end=full.end, amount=rounded
            )
        self.keep(made, [entry for entry, _ in held], full)
        return made

    def shown(self, kind: Kind, item: str, period: Period) -> Period:
        """The time of a line that a stage makes, as the statement has it."""
        return period

    def keep(self, made: LineItem, over: Sequence[Entry], full: Period) -> None:
        """Take in a line that a stage made, with what it falls on and its time as the billing period has it."""
        self.lines.append(made)

    def book(self) -> None:
        """A stage is done: its lines are the statement's. Where statements before billed a part, see `SoFar`."""

    def spread(
        self, kind: Kind, item: str, name: str, step: Step, over: Sequence[Entry], *, version: str, period: Period,
        signed: bool = False, begun: Mapping[str, Decimal] | None = None,
    ) -> Decimal:  # fmt: skip
        """
        Add a line whose amount falls on entries, and change what they come to.

        What is taken off falls on what is above 0, what is given back on what is below; each stops at 0. A share of
        what the entries come to together (signed) is a share of each: of a credit among them it takes back its part.
        A share of what they came to before (begun) is one of what each came to then, as far as it has that much left.

        Returns:
            The amount; 0, and no line, where it rounds to nothing.
        """
        rounded = self.rounded(step.result)
        if not rounded:
            return ZERO
        if begun is not None:
            weights = _by_beginning(rounded, [entry for entry in over if entry.net], begun, self.terms.currency.step)
        elif signed:
            weights = [(entry, entry.net) for entry in over if entry.net]
        else:
            weights = [
                (entry, entry.net.copy_abs()) for entry in over if entry.net and (entry.net > 0) == (rounded < 0)
            ]
        made = self.line(kind, item, name, step, over=weights, version=version, period=period)
        shares = dict(made.shares)
        for entry, _ in weights:
            entry.net = CONTEXT.add(entry.net, shares.get(entry.key, ZERO))
        return rounded

    def top_up(
        self, kind: Kind, item: str, name: str, step: Step, *,
        items: Sequence[str], plan: Plan, version: str, period: Period,
    ) -> None:  # fmt: skip
        """Add a line that tops prices up, with an entry that later stages read; none where it rounds to nothing."""
        if self.rounded(step.result):
            made = self.line(kind, item, name, step, version=version, period=period)
            at = max(period.start, self.period.start)
            self.add(Entry(made.key, items, plan.key, at, made.rounded, made.rounded, reversal=False))

    def add(self, entry: Entry) -> None:
        """Let later stages read a line that tops prices up."""
        entry.added = True
        self.entries.append(entry)
        if self.whole is not self:
            self.whole.entries.append(entry)

    def goes_on(self, before: Sheet) -> None:
        """What the billing period before left of commitments and of the uses of coupons."""
        self._follows = True
        self.opening = before.drawn
        self.coupons = dict(before.coupons)

    def sold(self) -> list[str]:
        """The keys of what is sold, in the order of the card."""
        return list(dict.fromkeys(each.key for each in sorted(self.terms.services, key=lambda each: each.place)))

    def remember(self, lines: Sequence[tuple[LineItem, Entry]]) -> None:
        """Note what prices bring, for the statement that goes on with the billing period."""
        for line, entry in lines:
            self.brought[entry.key] = Brought(
                line.kind, line.item, line.group, plan=entry.plan, start=line.period.start, version=line.version,
                net=entry.net, listed=entry.listed,
            )  # fmt: skip

    def rest(self, later: Sequence[str] = ()) -> None:
        """Take back what earlier statements billed and is not owed any more; but for stages to come."""

    def before_credits(self, later: Sequence[str]) -> None:
        """What earlier statements took and paid, before this one is paid; the stages that are still to come."""

    def paid(self, amounts: Mapping[str, Decimal], elsewhere: Iterable[tuple[str, tuple[str, Group], Decimal]]) -> None:
        """Note what credits paid of each entry, by its key; and what of that they paid for something else."""
        for key, each in self.brought.items():
            each.paid = CONTEXT.add(each.paid, amounts.get(key, ZERO))
        for entry in self.entries if self.brought else ():
            if entry.added:
                # What tops prices up is told as paid with these; the next statement shares out what is too much of any.
                first = next(iter(self.brought.values()))
                first.paid = CONTEXT.add(first.paid, amounts.get(entry.key, ZERO))

    def draw(
        self, item: str, name: str, step: Step, taken: Sequence[tuple[Entry, Decimal]], *, version: str, period: Period
    ) -> None:
        """Add a line of what is paid from elsewhere, and take from each entry its part."""
        self.line("prepaid", item, name, step, over=taken, version=version, period=period)
        for entry, some in taken:
            entry.net = CONTEXT.subtract(entry.net, some)


def _ended(back: Back, told: datetime | None) -> bool:
    """Whether what is reversed was billed in a billing period before."""
    return told is None or back.since < told


def _back(back: Back, told: datetime | None) -> Back:
    """What comes back as it was; where all of the billing period so far is worked out anew, that of trials alone."""
    if _ended(back, told):
        return back
    parts = tuple(part for part in back.parts if part.kind == "trial")
    return back._replace(parts=parts, rooms=tuple(room for room in back.rooms if room.name.startswith("trial ")))


def _by_beginning(
    amount: Decimal, entries: Sequence[Entry], begun: Mapping[str, Decimal], step: Decimal
) -> list[tuple[Entry, Decimal]]:
    """The weights by which an amount falls on entries: what each began with, as far as each has something left."""
    first = [begun.get(entry.key, entry.net) for entry in entries]
    left = [entry.net if amount < ZERO else entry.net.copy_negate() for entry in entries]
    weights = [weight if amount < ZERO else weight.copy_negate() for weight in first]
    if all(weight > ZERO for weight in (*weights, *left)):
        return list(zip(entries, shared_within(amount.copy_abs(), weights, left, step), strict=True))
    # Among credits: each its share where that is no more than it is, else by what they are now.
    size, whole = amount.copy_abs(), total(weights)
    fits = all(
        mul(weight.copy_abs(), size) <= mul(each.copy_abs(), whole) for weight, each in zip(weights, left, strict=True)
    )
    return list(zip(entries, first if fits else [entry.net for entry in entries], strict=True))


def _parts(amount: Decimal, weights: Sequence[Decimal], currency: Currency) -> list[Decimal]:
    """An amount by weights, by largest remainder; by weights of both signs an amount of either sign."""
    if all(weight >= ZERO for weight in weights):
        return split(amount, weights, currency.step)
    # What is negative is shared as its mirror, as `split` shares it.
    size, whole = amount.copy_abs(), total(weights)
    parts = proportioned([div(mul(weight, size), whole) for weight in weights], size, currency.places)
    return [part.copy_negate() for part in parts] if amount < ZERO else parts


def given(value: Exact, note: str = "") -> Step:
    """A step that is told and not worked out."""
    return Step("given", [("value", value)], value, note=note)


def summed(entries: Sequence[tuple[str, Decimal]], note: str) -> Step:
    """What entries come to: one step a line, named by its key."""
    return Step.of("sum", (), parts=[given(net, key) for key, net in entries], note=note)


def net_of(entries: Sequence[Entry]) -> Decimal:
    """What entries come to together."""
    found = ZERO
    for entry in entries:
        found = CONTEXT.add(found, entry.net)
    return found
