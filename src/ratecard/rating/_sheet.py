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
from .._visible import visible
from ..money import Currency
from ..periods import Period
from ..plans import Dues, Piece, Plan, Service, Terms
from ..steps import Step
from ._bookings import Room
from ._charges import Charges
from ._line import Group, Kind, LineHead, LineItem, line_key
from ._spread import proportioned, shared_within

__all__ = ["Entry", "Notice", "Sheet", "given", "summed"]


class Notice:
    """
    What a statement tells beside its lines, such as a coupon that was not used, and why.

    Attributes:
        code: stable, such as `coupon.exhausted`.
        key: what it is about.
        text: in words.
    """

    __slots__ = ("code", "key", "text")

    def __init__(self, code: str, key: str, text: str) -> None:
        self.code = code
        self.key = key
        self.text = text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Notice):
            return NotImplemented
        return (self.code, self.key, self.text) == (other.code, other.key, other.text)

    def __hash__(self) -> int:
        return hash((self.code, self.key, self.text))

    def __repr__(self) -> str:
        return f"<Notice {self}>"

    def __str__(self) -> str:
        return visible(f"{self.key}: {self.text}")

    def to_json(self) -> dict[str, str]:
        """Plain data."""
        return {"code": self.code, "key": self.key, "text": self.text}


class Entry:
    """
    What a line still comes to.

    Attributes:
        key: the line's.
        items: the items it is about; empty for all that is billed.
        plan: the key of the plan it was priced under.
        at: from when, and not before the rated period begins.
        net: its amount after the stages so far.
        listed: its amount before all discounts, rounded.
        counted: how much of it has filled postpaid commitments.
        reversal: whether it takes back what was billed before.
        closed: whether it is known what stages took of that then; so those of now leave it alone.
    """

    __slots__ = ("at", "closed", "counted", "items", "key", "listed", "net", "plan", "reversal")

    def __init__(
        self, key: str, items: Sequence[str], plan: str, at: datetime, net: Decimal, listed: Decimal, *, reversal: bool
    ) -> None:
        self.key = key
        self.items = tuple(items)
        self.plan = plan
        self.at = at
        self.net = net
        self.listed = listed
        self.counted: Decimal = ZERO
        self.reversal = reversal
        self.closed = False

    def within(self, items: Sequence[str]) -> bool:
        """Whether it lies wholly inside a scope; an empty scope is everything."""
        return not items or (bool(self.items) and all(item in items for item in self.items))


class Sheet:
    """The lines so far, their entries, and what the carry and the reader must be told."""

    def __init__(self, charges: Charges, dues: Dues, lines: Sequence[LineItem]) -> None:
        self.terms: Terms = charges.terms
        self.dues = dues
        self.lines = list(lines)
        self.notices: list[Notice] = []
        self.coupons: dict[str, int] = dict(charges.terms.carry.coupons) if charges.terms.carry else {}
        self.drawn: dict[str, Decimal] = {}
        self.weights = charges.weights
        self.undone = charges.undone
        self.backs = charges.backs
        # The kinds of stages of which reversals have given back their part.
        self.mirrored: set[str] = set()
        # What lines of outcomes use up of what holds so much in a period.
        self.rooms: dict[str, list[Room]] = {key: [] for item in charges.outcomes.values() for key in item.lines}
        self._services: dict[tuple[str, datetime], tuple[Service, Piece]] | None = None
        self.freed: dict[str, Exact] = {}
        self.entries: list[Entry] = []
        for line in lines:
            listed = charges.listed.get(line.key)
            before = line.rounded if listed is None else quantize(listed, line.head.places, self.terms.plan.rounding)
            entry = self._entry(line, [line.item], self.terms.plan_at(line.period.start), before)
            entry.closed = line.key in self.backs and line.rounded <= ZERO
            self.entries.append(entry)

    def _entry(self, line: LineItem, items: Sequence[str], plan: Plan, listed: Decimal) -> Entry:
        at = max(line.period.start, self.terms.period.start)
        return Entry(line.key, items, plan.key, at, line.rounded, listed, reversal=line.kind == "reversal")

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

    def comes_back(self, name: str, start: str) -> Exact:
        """What reversals give back of what was used up."""
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
        over: Iterable[tuple[Entry, Decimal]] = (), group: Group = (),
    ) -> LineItem:  # fmt: skip
        """
        Add a line that a stage made by a term of this version; over what it falls, and with which weights.

        Of weights of both signs each entry has its share of the amount, by its own sign and that of their sum.
        """
        terms = self.terms
        rounded = self.rounded(step.result)
        held = list(over)
        parts = _parts(rounded, [weight for _, weight in held], terms.currency) if held else []
        shares = [(entry, part) for (entry, _), part in zip(held, parts, strict=True) if part]
        # What falls on other lines is due with them, and all of it by the end; a floor where its own time ends.
        due = terms.period.end if held else min(period.end, terms.period.end)
        head = LineHead(
            line_key(kind, item, group, period.start), item=item, name=name, group=group, unit="",
            currency=terms.currency, period=period, due=due, version=version, mode=terms.plan.rounding, kind=kind,
            shares=[(entry.key, part) for entry, part in shares],
        )  # fmt: skip
        made = LineItem(head, ONE, step.result, rounded, lambda _: (head.step(step, rounded),))
        self.lines.append(made)
        return made

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
            self.entries.append(self._entry(made, items, plan, made.rounded))

    def draw(
        self, item: str, name: str, step: Step, taken: Sequence[tuple[Entry, Decimal]], *, version: str, period: Period
    ) -> None:
        """Add a line of what is paid from elsewhere, and take from each entry its part."""
        self.line("prepaid", item, name, step, over=taken, version=version, period=period)
        for entry, some in taken:
            entry.net = CONTEXT.subtract(entry.net, some)


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
