"""
What was really paid for outcomes: each line that billed some, with what the stages across lines made of it then.

A reversal gives back what was paid, in what it was paid in. So what a trial, a discount, a coupon, the plan's maximum,
a prepaid commitment and taxes came to on the line that billed an outcome is remembered with it, and comes back with it:
of a line of which a part is reversed its part, counted on what is left, so that all parts are the whole to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, get_args

from .._numbers import CONTEXT, ZERO, Exact, add, div, exact, mul, number, quantize, sign, split, sub, text
from ..records import read_time, show_time
from ._line import LineItem
from ._line_kinds import TAXES, Kind
from ._outcome_facts import Removed
from ._spread import proportioned, shared_within

__all__ = [
    "KINDS",
    "Back",
    "Booking",
    "Bookings",
    "Room",
    "SoFarTaken",
    "Taken",
    "booking_of",
    "shown_booking",
    "taken_of",
]

KINDS: tuple[Kind, ...] = ("trial", "discount", "coupon", "maximum", "prepaid", *TAXES)
_ROOMS = {"prepaid": "commitment", "trial": "trial"}


class Taken(NamedTuple):
    """
    What one stage came to on a line.

    Attributes:
        kind, key, name, version: those of the stage's line.
        amount: its share that fell on the line; below 0 it was taken off.
    """

    kind: Kind
    key: str
    name: str
    version: str
    amount: Decimal


class Room(NamedTuple):
    """
    What a line used up of something that holds so much in a period.

    Attributes:
        name: what it is called in the carry.
        start: when its period began, as text; of a trial, which has one alone, `sum` or `units`.
        amount: how much.
    """

    name: str
    start: str
    amount: Exact


class Back(NamedTuple):
    """
    What a reversal gives back beside the fee.

    Attributes:
        since: where the billing period of the outcomes begins.
        parts, rooms: of stages, with their signs turned; of what was used up.
        net, tax: what was still paid, before the reversal, of all that it could be about: without and with taxes.
        owed: what it gives back of each outcome that is taken off, with taxes.
    """

    since: datetime
    parts: tuple[Taken, ...]
    rooms: tuple[Room, ...]
    net: Decimal
    tax: Decimal
    owed: tuple[Exact, ...]


class Booking(NamedTuple):
    """
    What is left of a line that billed outcomes.

    Attributes:
        since, until: the statement that has it.
        edition: under which it was priced.
        amount, outcomes: its amount, rounded, 0 or more; of how many outcomes it is.
        parts, rooms: what stages came to on it, and what it used up.
    """

    since: datetime
    until: datetime
    edition: str
    amount: Decimal
    outcomes: Exact
    parts: tuple[Taken, ...] = ()
    rooms: tuple[Room, ...] = ()

    def paid(self, *, tax: bool) -> Decimal:
        """What was paid of it, in whatever; the tax alone, or all but that."""
        found = ZERO if tax else self.amount
        for each in self.parts:
            if each.kind == "tax" if tax else each.kind not in TAXES:
                found = CONTEXT.add(found, each.amount)
        return found

    def less(self, amount: Decimal, count: int, places: int) -> Booking:
        """What is left of it when some of its amount, and so many outcomes, are taken off."""
        left, fewer = CONTEXT.subtract(self.amount, amount), max(ZERO, sub(self.outcomes, Decimal(count)))

        def of(whole: Exact) -> Exact:
            return div(mul(whole, left), self.amount) if self.amount else whole

        # What is left to be paid is rounded, and the stages share what that is less than the fee: it is never below 0.
        owed = quantize(of(add(self.paid(tax=False), self.paid(tax=True))), places)
        told = [each for each in self.parts if each.kind != "included_tax"]
        kept = iter(proportioned([of(each.amount) for each in told], CONTEXT.subtract(owed, left), places))
        parts = tuple(
            each._replace(amount=quantize(of(each.amount), places) if each.kind == "included_tax" else next(kept))
            for each in self.parts
        )
        # A trial or a commitment has as much room again as comes back of its line.
        room_of: dict[tuple[str, Exact], Exact] = {
            (f"{_ROOMS[each.kind]} {each.key}", each.amount.copy_negate()): now.amount.copy_negate()
            for each, now in zip(self.parts, parts, strict=True)
            if each.kind in _ROOMS
        }
        rooms: list[Room] = []
        for room in self.rooms:
            if room.start == "units":
                # Units are counted, whatever the outcomes cost.
                some = div(mul(room.amount, fewer), self.outcomes) if sign(self.outcomes) else room.amount
            else:
                some = room_of.get((room.name, room.amount), quantize(of(room.amount), places))
            rooms.append(room._replace(amount=some))
        return self._replace(amount=left, outcomes=fewer, parts=parts, rooms=tuple(rooms))


class SoFarTaken(NamedTuple):
    """
    What stages took in a billing period so far of the lines that billed outcomes.

    Attributes:
        since, until: where the billing period begins and ends.
        parts, rooms: by item and version of its price; of no trial, which takes of each statement as it has it.
    """

    since: datetime
    until: datetime
    parts: Mapping[tuple[str, str], Sequence[Taken]]
    rooms: Mapping[tuple[str, str], Sequence[Room]]

    def shared(self, item: str, rows: Mapping[str, Sequence[Booking]], step: Decimal) -> dict[str, list[Booking]]:
        """
        The lines of an item by billing period, each with its part of what stages took of all of them.

        Args:
            item: the item.
            rows: its lines by the starts of their billing periods as text; those of other ones stay as they are.
            step: the smallest share.
        """
        found = {span: list(some) for span, some in rows.items()}
        places: dict[str, list[tuple[str, int]]] = {}
        for span, some in found.items():
            for place, row in enumerate(some):
                version = row.edition.partition("#")[0]
                start = read_time(span)
                # A statement may go on with the billing period that follows, whose lines tell themselves.
                own = self.since <= max(start, row.since) and start < self.until
                if own and (item, version) in self.parts:
                    places.setdefault(version, []).append((span, place))
        for version, mine in places.items():
            mark = (item, version)
            some = _shared([found[span][place] for span, place in mine], self.parts[mark], self.rooms[mark], step)
            for (span, place), row in zip(mine, some, strict=True):
                found[span][place] = row
        return found


def _shared(rows: Sequence[Booking], parts: Sequence[Taken], rooms: Sequence[Room], step: Decimal) -> list[Booking]:
    """Lines with their parts of what stages took of all of them together, by what trials left of each."""
    held = [[part for part in row.parts if part.kind == "trial"] for row in rows]
    used = [[room for room in row.rooms if room.name.startswith("trial ")] for row in rows]
    left = [row._replace(parts=tuple(some)).paid(tax=False) for row, some in zip(rows, held, strict=True)]
    weights = list(left)
    if not any(weights):
        return list(rows)
    shares: dict[Decimal, list[Decimal]] = {}
    for part in parts:
        size = part.amount.copy_abs()
        if part.kind not in TAXES and part.amount < ZERO and size <= _sum(left):
            # What is taken off is no more of any than it has left.
            mine = [index for index, weight in enumerate(weights) if weight]
            some = [ZERO] * len(rows)
            within = shared_within(size, [weights[index] for index in mine], [left[index] for index in mine], step)
            for index, share in zip(mine, within, strict=True):
                some[index] = share
        else:
            some = split(size, left if any(left) else weights, step)
        for index, share in enumerate(some):
            amount = share.copy_negate() if part.amount < ZERO else share
            held[index].append(part._replace(amount=amount))
            if part.kind not in TAXES:
                left[index] = CONTEXT.add(left[index], amount)
        if part.kind == "prepaid":
            shares[size] = some
    for room in rooms:
        assert isinstance(room.amount, Decimal)
        # A commitment holds what its line took.
        some = shares.get(room.amount) or split(room.amount, weights, step)
        for index, share in enumerate(some):
            used[index].append(room._replace(amount=share))
    return [
        row._replace(
            parts=tuple(part for part in some if part.amount), rooms=tuple(room for room in rest if sign(room.amount))
        )
        for row, some, rest in zip(rows, held, used, strict=True)
    ]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    found = ZERO
    for each in amounts:
        found = CONTEXT.add(found, each)
    return found


class Bookings:
    """
    The lines that billed an item's outcomes, by billing period, as far as they are remembered.

    Args:
        told: by the starts of billing periods as text. One that is not there was billed by an older release.
        unknown: the billing periods of which nothing is remembered.
    """

    def __init__(self, told: Mapping[str, Sequence[Booking]], unknown: Iterable[str] = ()) -> None:
        self._held = {span: list(rows) for span, rows in told.items()}
        self._unknown = frozenset(unknown)

    def knows(self, span: str) -> bool:
        """Whether it is remembered how a billing period was paid."""
        return span not in self._unknown

    def left(self, span: str, edition: str | None) -> Decimal:
        """What stands of a billing period, or of one edition in it."""
        found = ZERO
        for each in self._mine(span, edition):
            found = CONTEXT.add(found, self._held[span][each].amount)
        return found

    def _mine(self, span: str, edition: str | None) -> list[int]:
        rows = self._held.get(span, ())
        return [place for place, each in enumerate(rows) if edition in (None, each.edition)]

    def reverse(
        self, span: str, edition: str | None, amount: Decimal, removed: Sequence[Removed], *, step: Decimal, places: int
    ) -> Back:
        """
        Take an amount off, each outcome's part off the line that billed it; what that does not have off the last ones.

        Args:
            span, edition: of what; no edition for all of them.
            amount: no more than is left of it.
            removed: the outcomes that are taken off.
            step, places: how amounts are rounded.
        """
        held = self._held.get(span, [])
        mine = self._mine(span, edition)
        left = {place: held[place].amount for place in mine}
        counts = dict.fromkeys(mine, 0)
        taken: dict[int, dict[int, Decimal]] = {place: {} for place in mine}

        def take(index: int, among: Iterable[int], some: Decimal) -> Decimal:
            for place in among:
                part = min(left[place], some)
                if part:
                    left[place], some = CONTEXT.subtract(left[place], part), CONTEXT.subtract(some, part)
                    taken[place][index] = CONTEXT.add(taken[place].get(index, ZERO), part)
            return some

        weights = [each.weight for each in removed]
        shares = split(amount, weights, step) if any(map(sign, weights)) else [ZERO] * len(removed)
        rests = [ZERO if any(map(sign, weights)) else amount]
        for index, (each, share) in enumerate(zip(removed, shares, strict=True)):
            own = [place for place in mine if held[place].since <= each.billed < held[place].until]
            # One that took the place of another, reversed in the same billing period, is counted where that was billed.
            for place in [place for place in (*own, *reversed(mine)) if counts[place] < held[place].outcomes][:1]:
                counts[place] += 1
            rests.append(take(index, own, share))
        for index, rest in enumerate(rests, -1):
            take(index, reversed(mine), rest)
        return self._back(span, taken, counts, len(removed), places)

    def _back(
        self,
        span: str,
        taken: Mapping[int, Mapping[int, Decimal]],
        counts: Mapping[int, int],
        removed: int,
        places: int,
    ) -> Back:
        """Take off of each line what is to be taken off, and add up what comes back."""
        held = self._held.get(span, [])
        net, tax = ZERO, ZERO
        parts: dict[tuple[Kind, str, str, str], Decimal] = {}
        rooms: dict[tuple[str, str], Exact] = {}
        owed: dict[int, Exact] = dict.fromkeys(range(removed), ZERO)
        for place, some in taken.items():
            before, whole = held[place], ZERO
            net = CONTEXT.add(net, before.paid(tax=False))
            tax = CONTEXT.add(tax, before.paid(tax=True))
            for part in some.values():
                whole = CONTEXT.add(whole, part)
            after = held[place] = before.less(whole, counts[place], places)
            for was, now in zip(before.parts, after.parts, strict=True):
                mark = was[:4]
                parts[mark] = CONTEXT.add(parts.get(mark, ZERO), CONTEXT.subtract(now.amount, was.amount))
            for had, has in zip(before.rooms, after.rooms, strict=True):
                name = (had.name, had.start)
                rooms[name] = add(rooms.get(name, ZERO), sub(had.amount, has.amount))
            less = CONTEXT.subtract(before.paid(tax=False), after.paid(tax=False))
            less = CONTEXT.add(less, CONTEXT.subtract(before.paid(tax=True), after.paid(tax=True)))
            for index, part in some.items():
                owed[index] = add(owed.get(index, ZERO), div(mul(less, part), whole))
        return Back(
            read_time(span),
            tuple(Taken(*mark, amount) for mark, amount in parts.items() if amount),
            tuple(Room(*name, amount) for name, amount in rooms.items() if sign(amount)),
            net, tax, tuple(owed[index] for index in range(removed)),
        )  # fmt: skip

    def rows(self, fresh: Mapping[str, Sequence[Booking]]) -> dict[str, list[Booking]]:
        """What is left of each billing period, and what a statement adds to it."""
        return {
            span: [
                each for each in (*self._held.get(span, ()), *fresh.get(span, ())) if each.amount or sign(each.outcomes)
            ]
            for span in dict.fromkeys([*self._held, *fresh])
        }


def shown_booking(each: Booking) -> list[Any]:
    """One row as plain data."""
    return [
        show_time(each.since), show_time(each.until), each.edition, text(each.amount), text(each.outcomes),
        [[*part[:4], text(part.amount)] for part in each.parts],
        [[name, start, text(amount)] for name, start, amount in each.rooms],
    ]  # fmt: skip


def booking_of(told: Sequence[Any]) -> Booking:
    """Read back one row of what `shown_booking` wrote."""
    since, until, edition, amount, count, parts, rooms = told
    names = [edition, *(name for part in parts for name in part[:4]), *(name for room in rooms for name in room[:2])]
    if not all(isinstance(each, str) for each in names) or any(part[0] not in get_args(Kind) for part in parts):
        raise TypeError
    return Booking(
        read_time(since), read_time(until), edition, number(amount), exact(count),
        tuple(Taken(kind, key, name, version, number(some)) for kind, key, name, version, some in parts),
        tuple(Room(name, start, exact(some)) for name, start, some in rooms),
    )  # fmt: skip


def taken_of(lines: Iterable[LineItem], wanted: Iterable[str]) -> dict[str, list[Taken]]:
    """What the stages of a statement came to on some of its lines."""
    found: dict[str, list[Taken]] = {key: [] for key in wanted}
    for line in lines if found else ():
        if line.kind in KINDS:
            for key, share in line.shares:
                if key in found:
                    found[key].append(Taken(line.kind, line.item, line.name, line.version, share))
    return found
