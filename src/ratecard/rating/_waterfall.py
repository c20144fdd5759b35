"""
What lines bring to commitments: charges, and the credits among them.

Who fills first is said by what lines are and not by where they stand: a charge that few commitments can count comes
before one that has others to go to, then by the key of the item and by time. What was topped up comes behind all
prices. A credit lowers what commitments count that it is itself in the items of, and no others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from .._numbers import CONTEXT, ZERO
from ..periods import Period
from ._sheet import Entry

__all__ = ["Charge", "charges"]


class Charge:
    """
    A line above 0 on its way through the commitments.

    Attributes:
        entry: what the line comes to.
        places: the places of the commitments that can count it, in their order.
        left: what none of them has counted yet, with what credits take off.
        off: what credits take off it, each with the places of the commitments it is taken off for.
    """

    __slots__ = ("entry", "left", "off", "places")

    def __init__(self, entry: Entry, places: Sequence[int]) -> None:
        self.entry = entry
        self.places = tuple(places)
        self.left = entry.net
        self.off: list[tuple[Collection[int], Decimal]] = []

    def less(self, some: Decimal) -> None:
        """Count a part of it."""
        self.left = CONTEXT.subtract(self.left, some)

    def open_to(self, place: int) -> Decimal:
        """What the commitment in this place may count of it."""
        found = self.left
        for places, some in self.off:
            if place in places:
                found = CONTEXT.subtract(found, some)
        return found if found > 0 else ZERO

    def credited(self, owed: Decimal, places: Collection[int]) -> Decimal:
        """Take a credit off, as far as no other was; what is left of it."""
        free = self.entry.net
        for _, some in self.off:
            free = CONTEXT.subtract(free, some)
        some = min(owed, free)
        if some:
            self.off.append((places, some))
        return CONTEXT.subtract(owed, some)


def charges(entries: Sequence[Entry], scopes: Sequence[tuple[Sequence[str], Period]]) -> list[Charge]:
    """
    The charges that fill commitments, in the order in which they do, credits taken off.

    Args:
        entries: what lines come to.
        scopes: for each commitment, in the order in which they are filled, its items and its time.
    """
    found = [
        (entry, [at for at, (items, time) in enumerate(scopes) if entry.within(items) and time.contains(entry.at)])
        for entry in entries
    ]
    found = [pair for pair in found if pair[1]]
    found.sort(key=lambda pair: _rank(*pair))
    brought = [Charge(entry, places) for entry, places in found if entry.net > 0]
    owed = [(entry.net.copy_negate(), places) for entry, places in found if entry.net < 0]
    # First off what all commitments that count it may know of, then off what some of them must not.
    for alone in (True, False):
        left: list[tuple[Decimal, list[int]]] = []
        for credit, places in owed:
            some = credit
            for charge in brought:
                shared = [at for at in charge.places if at in places]
                if shared and (len(shared) == len(charge.places) or not alone):
                    some = charge.credited(some, places)
            left.append((some, places))
        owed = left
    return brought


def _rank(entry: Entry, places: Sequence[int]) -> tuple[object, ...]:
    return (entry.added, len(places), entry.items, entry.at, entry.group, entry.key)
