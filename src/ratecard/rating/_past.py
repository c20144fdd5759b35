"""
What the stages across the lines know of earlier statements of the same billing period.

The lines of prices so far, and what stages made of them, go from one statement to the next by the carry. So the next
one works the stages on all that came since the billing period began, as the one bill of it would, and bills what is
missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from .._numbers import CONTEXT, ZERO, exact, quantize, text
from ..periods import instant
from ..plans import Carry
from ..records import show_time
from ._line_key import Group, line_key
from ._line_kinds import Kind

__all__ = ["Booked", "Brought", "Past", "past_of", "told_past"]


class Brought:
    """
    A line of a price in the billing period so far: what its statements brought together, before the stages.

    Attributes:
        kind, item, group, version: the line's.
        plan: the key of the plan it was priced under.
        start: where its service begins, as one bill of the whole would cut it.
        net: what it comes to, free usage of a trial by amount not in it.
        listed: the same before discounts of its item.
        paid: what credits paid of it.
    """

    __slots__ = ("group", "item", "kind", "listed", "net", "paid", "plan", "start", "version")

    def __init__(
        self, kind: Kind, item: str, group: Group, *, plan: str, start: datetime, version: str, net: Decimal = ZERO,
        listed: Decimal = ZERO, paid: Decimal = ZERO,
    ) -> None:  # fmt: skip
        self.kind: Kind = kind
        self.item = item
        self.group = group
        self.plan = plan
        self.start = start
        self.version = version
        self.net = net
        self.listed = listed
        self.paid = paid

    @property
    def key(self) -> str:
        """What the line of one bill of the whole is called."""
        return line_key(self.kind, self.item, self.group, self.start)

    def copy(self) -> Brought:
        """The same, to be added to."""
        return Brought(
            self.kind, self.item, self.group, plan=self.plan, start=self.start, version=self.version, net=self.net,
            listed=self.listed, paid=self.paid,
        )  # fmt: skip

    def more(self, net: Decimal, listed: Decimal) -> None:
        """What a statement brings to it."""
        self.net = CONTEXT.add(self.net, net)
        self.listed = CONTEXT.add(self.listed, listed)


class Booked:
    """
    What a stage took off or added in the billing period so far.

    Attributes:
        kind, item, name, version: of its line.
        start, end: the time of its line, as one bill of the whole would have it.
        amount: what statements have billed of it.
    """

    __slots__ = ("amount", "end", "item", "kind", "name", "start", "version")

    def __init__(
        self, kind: Kind, item: str, name: str, *, version: str, start: datetime, end: datetime, amount: Decimal
    ) -> None:
        self.kind: Kind = kind
        self.item = item
        self.name = name
        self.version = version
        self.start = start
        self.end = end
        self.amount = amount


class Past:
    """
    The billing period so far, as the carry tells it.

    Attributes:
        since: from when on it is told.
        opening: what commitments and bounds held then that began before.
        items: the keys of what was sold so far, in the order in which one bill of the whole has it.
        lines: in the order of one bill of the whole.
        made: what stages made, by the keys of lines of one bill of the whole.
    """

    __slots__ = ("items", "lines", "made", "opening", "since")

    def __init__(
        self, since: datetime, opening: Mapping[str, Decimal], items: Sequence[str], lines: Sequence[Brought],
        made: Mapping[str, Booked],
    ) -> None:  # fmt: skip
        self.items = tuple(items)
        self.since = since
        self.opening = opening
        self.lines = lines
        self.made = made


def past_of(carry: Carry, places: int) -> Past:
    """Read what a carry tells; amounts with so many decimal places."""
    told = carry.billed

    def money(amount: str) -> Decimal:
        return quantize(exact(amount), places)

    lines = [
        Brought(
            kind, item, tuple(zip(group[::2], group[1::2], strict=True)), plan=plan, start=instant(start),
            version=version, net=money(net), listed=money(listed), paid=money(paid),
        )
        for kind, item, group, plan, start, version, net, listed, paid in told.get("lines", ())
    ]  # fmt: skip
    made = {
        line_key(kind, item, (), instant(start)): Booked(
            kind, item, name, version=version, start=instant(start), end=instant(end), amount=money(amount)
        )
        for kind, item, name, version, start, end, amount in told.get("made", ())
    }
    opening = {name: money(held) for name, held in told.get("opening", {}).items()}
    return Past(instant(told["since"]), opening, told.get("items", ()), lines, made)


def told_past(
    since: datetime,
    opening: Mapping[str, Decimal],
    items: Sequence[str],
    lines: Iterable[Brought],
    made: Iterable[Booked],
) -> dict[str, Any]:
    """The plain form of the billing period so far; what comes to nothing is left out."""
    return {
        "since": show_time(since),
        "opening": {name: text(held) for name, held in sorted(opening.items()) if held},
        "items": list(items),
        "lines": [
            [
                each.kind, each.item, [name for pair in each.group for name in pair], each.plan, show_time(each.start),
                each.version, text(each.net), text(each.listed), text(each.paid),
            ]
            for each in lines
        ],
        "made": [
            [
                each.kind, each.item, each.name, each.version, show_time(each.start), show_time(each.end),
                text(each.amount),
            ]
            for each in made
            if each.amount
        ],
    }  # fmt: skip
