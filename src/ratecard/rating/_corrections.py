"""
Corrections: what a statement drew before, brought to what it draws now.

What each lot pays in all is compared. Where one pays for something else than before and as much, nothing is posted: so
nothing comes back to a lot that has expired, only to be missed there. What is too much comes back, the last drawn first
of what its part does not need any more; what is more is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .._numbers import CONTEXT, ZERO
from ..credits import Drawn, Use
from ..money import Money
from ._story import Own
from ._wants import Held, Want, unnumbered

if TYPE_CHECKING:
    from ._wallet import Wallet

__all__ = ["Corrections"]

Payer = tuple[str, object]
"""A unit and the id of a lot, or the use of an overdraft."""

Amounts = dict[Payer, Decimal]


class Corrections:
    """The correction of all draws of a statement in its own currency, or in other units."""

    def __init__(self, wallet: Wallet, own: Sequence[Own]) -> None:
        self.wallet = wallet
        self.own = own
        # What each part drew before more than it draws now, and what each payer paid more in all.
        self.more: dict[str, Amounts] = {}
        self.total: Amounts = {}
        # What nobody paid of each part before more than now.
        self.open: dict[str, Decimal] = {}

    def post(self, found: Sequence[tuple[Want, Held]]) -> None:
        """Post the difference to what is wanted now and who is to pay it."""
        for drawn, _ in self.own:
            for payer, amount in _paid(drawn.unit, drawn.use, drawn.parts, drawn.overdrawn):
                self._add(unnumbered(drawn.id), payer, amount)
            self._leave(unnumbered(drawn.id), drawn.uncovered)
        for want, held in found:
            for payer, amount in _paid(want.money.currency, want.use, held.parts, held.overdrawn):
                self._add(self._name(want), payer, amount.copy_negate())
            self._leave(self._name(want), held.uncovered.copy_negate())
        # What would be lost, or be money due, where it comes back now came back by others already, as far as it did.
        self._leave_to_others(over=True)
        for _, stands in reversed(self.own):
            self._back(stands)
        self._leave_to_others(over=False)
        for want, held in found:
            if any(self.wallet.known(lot) is None for lot, _ in held.parts):
                self.wallet.work.roll(self.wallet.paying(want), unit=want.money.currency)
            self._on(want, held)

    def _name(self, want: Want) -> str:
        return want.base(self.wallet.key, self.wallet.home)

    def _add(self, base: str, payer: Payer, amount: Decimal) -> None:
        mine = self.more.setdefault(base, {})
        mine[payer] = CONTEXT.add(mine.get(payer, ZERO), amount)
        self.total[payer] = CONTEXT.add(self.total.get(payer, ZERO), amount)

    def _leave(self, base: str, amount: Decimal) -> None:
        self.open[base] = CONTEXT.add(self.open.get(base, ZERO), amount)

    def _take(self, base: str, payer: Payer, most: Decimal) -> Decimal:
        """How much of a payer comes back from a part of a line: what neither that nor the whole needs."""
        mine = self.more[base]
        some = max(ZERO, min(most, mine[payer], self.total[payer]))
        mine[payer] = CONTEXT.subtract(mine[payer], some)
        self.total[payer] = CONTEXT.subtract(self.total[payer], some)
        return some

    def _back(self, drawn: Drawn) -> None:
        """What comes back of one draw: to lots that go on by rolling over while they lived, all else when booked."""
        base = unnumbered(drawn.id)
        owed = self._take(base, (drawn.unit, drawn.use), drawn.overdrawn) if drawn.overdrawn else ZERO
        # What nobody paid comes back before what is owed.
        spare = drawn.uncovered if owed else min(drawn.uncovered, max(ZERO, self.open[base]))
        self._leave(base, spare.copy_negate())
        amount = CONTEXT.add(owed, spare)
        plain: list[tuple[str, Decimal]] = []
        rolling: list[tuple[str, Decimal]] = []
        for lot, part in reversed(drawn.parts):
            some = self._take(base, (drawn.unit, lot), part)
            if some:
                (rolling if self._rolls(lot) else plain).append((lot, some))
        self._return(drawn, rolling, ZERO, drawn.lot_at)
        self._return(drawn, plain, amount, self.wallet.booked)

    def _leave_to_others(self, *, over: bool) -> None:
        """What is too much of what others gave back stays so, and they are told: it is theirs no more."""
        for each in reversed(self.own):
            base = unnumbered(each.was.id)
            for lot, most in each.missing():
                if self._is_over(lot) != over:
                    continue
                if lot:
                    some = self._take(base, (each.was.unit, lot), most)
                else:
                    some = max(ZERO, min(most, self.open[base]))
                    self._leave(base, some.copy_negate())
                if some:
                    self.wallet.virtual.setdefault(each.was.id, {})[lot] = some

    def _is_over(self, lot: str) -> bool:
        if not lot:
            return False
        expiry = self.wallet.lot(lot).expiry
        return expiry is not None and expiry <= self.wallet.booked and not self._rolls(lot)

    def _rolls(self, lot: str) -> bool:
        """Whether a lot is over when it is booked, but what is left of it is still to roll over."""
        holding = self.wallet.work.lot(lot)
        ended = holding.lot.expiry is not None and holding.lot.expiry <= self.wallet.booked
        return ended and not holding.closed and holding.lot.rollover is not None

    def _return(self, drawn: Drawn, parts: Sequence[tuple[str, Decimal]], amount: Decimal, at: datetime) -> None:
        for _, part in parts:
            amount = CONTEXT.add(amount, part)
        if amount:
            name = self.wallet.free(unnumbered(drawn.id))
            self.wallet.work.undraw(drawn.id, Money.make(amount, drawn.unit), at=at, id=name, parts=parts)

    def _on(self, want: Want, held: Held) -> None:
        """Draw what a part of a line needs more, of what all need more."""
        base, unit = self._name(want), want.money.currency
        parts = [(lot, self._need(base, (unit, lot), part)) for lot, part in held.parts]
        parts = [(lot, part) for lot, part in parts if part]
        overdrawn = self._need(base, (unit, want.use), held.overdrawn) if held.overdrawn else ZERO
        amount = overdrawn
        for _, part in parts:
            amount = CONTEXT.add(amount, part)
        if amount:
            beyond = max(ZERO, self.open[base].copy_negate())
            self._leave(base, beyond)
            amount = CONTEXT.add(amount, beyond)
            name = self.wallet.free(base)
            entry = self.wallet.drawn(name, want, amount, parts, overdrawn=overdrawn, uncovered=beyond)
            self.wallet.work.post([entry])

    def _need(self, base: str, payer: Payer, most: Decimal) -> Decimal:
        mine = self.more[base]
        lacking = max(mine[payer], self.total[payer])
        some = min(most, max(ZERO, lacking.copy_negate()))
        mine[payer] = CONTEXT.add(mine[payer], some)
        self.total[payer] = CONTEXT.add(self.total[payer], some)
        return some


def _paid(unit: str, use: Use, parts: Sequence[tuple[str, Decimal]], owed: Decimal) -> Iterator[tuple[Payer, Decimal]]:
    for lot, amount in parts:
        yield (unit, lot), amount
    if owed:
        yield (unit, use), owed
