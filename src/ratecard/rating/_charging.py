"""
One charge on its way: the lines so far, and what they may read of each other.

A counter runs on over a change of price: a piece costs what its price says at the piece's end, less what the same price
says at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from .._numbers import ZERO, Exact, add, exact, neg, quantize, sign, sub, total
from ..plans import Piece, Service, Terms
from ..prices import Allowance, Price, Priced
from ..quantity import Usage
from ..steps import Step
from ._bookings import Back
from ._charges import Weights
from ._credit_lines import Asks
from ._heads import line_head
from ._item_past import Past, Stages
from ._item_stages import Draft, staged_drafts
from ._line import LineHead, LineItem, less
from ._line_key import Group, line_name
from ._line_kinds import CHARGES
from ._metered import Metered
from ._outcome_facts import Undone
from ._outcome_lines import outcome_lines
from ._outcomes import OutcomeItem, is_outcomes
from ._reading import Reading
from ._spread import rounded_together
from ._tally import Tally
from ._wallet import Wallet

__all__ = ["Charging"]


class Charging:
    """One charge on its way: the lines so far, and what they may read of each other."""

    def __init__(self, terms: Terms, tally: Tally) -> None:
        self.terms = terms
        self.tally = tally
        self.lines: list[LineItem] = []
        self.listed: dict[str, Exact] = {}
        self.outcomes: dict[tuple[str, str], OutcomeItem] = {}
        # The lines of an item whose stages still work on them, not rounded yet.
        self.drafts: list[Draft] | None = None
        self.begins: dict[str, datetime] = {}
        self.places: list[int] = []
        # What prices read of others, by the identity of the price: the terms hold them all for as long as this lives.
        self.reads: dict[int, tuple[str, ...]] = {}
        self.readings: dict[str, Reading] = {}
        self.rollovers: dict[str, dict[tuple[str, ...], Exact]] = {}
        self.wallet: Wallet | None = None
        self.given = False
        self.asks: Asks = {}
        self.weights: Weights = {}
        self.undone: dict[str, Undone] = {}
        self.backs: dict[str, Back] = {}
        self.stages: dict[str, Stages] = {}
        self.uncovered: dict[str, dict[tuple[str, ...], Exact]] = {}
        # What rounding left of items of outcomes, whose lines do not take it on one from the other.
        self.rests: dict[str, Exact] = {}
        self.brought: dict[str, dict[tuple[str, ...], Exact]] = {}
        if terms.carry is not None:
            for item, pairs in terms.carry.rollovers.items():
                self.brought[item] = {tuple(group): exact(units) for group, units in pairs}

    def reading(self, key: str) -> Reading:
        """A meter as the tally has it, read once."""
        found = self.readings.get(key)
        if found is None:
            found = self.readings[key] = Reading(self.terms, self.tally, key)
        return found

    def service(self, service: Service) -> None:
        """The lines of one item in one of its cadence periods, and the included units that it hands on."""
        if is_outcomes(service):
            outcome_lines(self, service)
            self.placed(service)
            return
        if service.counted >= self.terms.period.start:
            self.uncovered.pop(service.key, None)
        self.drafts = [] if service.staged else None
        for piece in service.pieces:
            self.piece(service, piece)
        if self.drafts is not None:
            past = Past(self.terms, service)
            self._finish(staged_drafts(self.terms, service, self.drafts, past), service.pieces[0].start)
            if not past.over:
                self.stages[service.key] = past.so_far
        self.placed(service)
        if service.pieces[-1].trial:
            # What a trial leaves unused was never bought.
            self.rollovers.pop(service.key, None)
            return
        price = service.pieces[-1].price
        if not isinstance(price, Allowance) or price.rollover is None:
            self.brought.pop(service.key, None)
        elif service.full.end <= self.terms.period.end:
            # Units brought in stay with a cadence period until its end; only then is it known what is left of them.
            brought = self.brought.get(service.key, {})
            left = {group: price.leftover(Usage(ZERO, rolled=units)) for group, units in brought.items()}
            self.brought[service.key] = {**left, **self.rollovers.get(service.key, {})}
        self.rollovers.pop(service.key, None)

    def placed(self, service: Service) -> None:
        """Note whose the lines are that were added since."""
        self.places += [service.place] * (len(self.lines) - len(self.places))

    def placed_last(self) -> None:
        """Note that lines which no service has stand behind all others."""
        self.places += [len(self.terms.services)] * (len(self.lines) - len(self.places))

    def finished(
        self, *, in_order: bool
    ) -> tuple[list[LineItem], dict[str, dict[tuple[str, ...], Exact]], dict[str, Exact]]:
        """Lines, charged in the order in which items read each other, in the order of the card; and what rolls over."""
        rolled = {item: groups for item, groups in self.brought.items() if groups}
        if in_order:
            return self.lines, rolled, self.listed
        order = sorted(range(len(self.lines)), key=self.places.__getitem__)
        return [self.lines[index] for index in order], rolled, self.listed

    def piece(self, service: Service, piece: Piece) -> None:
        """The lines of one stretch of service."""
        if service.meter is not None:
            Metered(self, service, piece, self.reading(service.meter.key)).lines()
            return
        assert piece.quantity is not None
        priced = self._sold(piece, piece.quantity, piece.start, piece.share)
        amount = priced.amount
        if piece.start != service.counted:
            # What does not follow the share, such as a fee for any part of a period, is owed once and not a piece.
            whole, step = self._since(service, piece)
            if whole != amount:
                self.add_line(service, piece, (), piece.quantity, whole, lambda: (step(),))
                return
        self.add_line(service, piece, (), piece.quantity, amount, lambda: (priced.step,))

    def _since(self, service: Service, piece: Piece) -> tuple[Exact, Callable[[], Step]]:
        """
        What a later piece adds to the pieces before it.

        So many as there were before cost what the time adds; those above that are new, as if the service began here.
        """
        assert piece.quantity is not None
        known = min(piece.quantity, piece.peak)
        until = self._sold(piece, known, service.counted, add(piece.before, piece.share))
        before = self._sold(piece, known, service.counted, piece.before, piece.start)
        old = sub(until.amount, before.amount)
        if known == piece.quantity:
            return old, lambda: less(old, until.step, before.step)
        every = self._sold(piece, piece.quantity, piece.start, piece.alone)
        those = self._sold(piece, known, piece.start, piece.alone)
        new = sub(every.amount, those.amount)
        whole = add(old, new)

        def step() -> Step:
            above = Step("difference", (), new, parts=[every.step, those.step], note="those that are new")
            return Step("sum", (), whole, parts=[less(old, until.step, before.step), above])

        return whole, step

    def _sold(self, piece: Piece, quantity: Exact, start: datetime, part: Exact, end: datetime | None = None) -> Priced:
        amounts = self.amounts(piece.price, start, piece.end if end is None else end)
        return piece.price.price(Usage(quantity, share=part, licensed=True, amounts=amounts))

    def amounts(self, price: Price, start: datetime, end: datetime) -> dict[str, Exact]:
        """What the items that a price reads came to over the same stretch."""
        reads = self.reads.get(id(price))
        if reads is None:
            reads = self.reads[id(price)] = price.demand().items
        return {
            key: total(
                line.exact
                for line in self.lines
                if line.item == key and start <= self.begins.get(line.key, line.period.start) < end
            )
            for key in reads
        }

    def rolled(self, item: str, group: tuple[str, ...]) -> Exact:
        """The included units that a group brought in from the cadence period before."""
        return self.brought.get(item, {}).get(group, ZERO)

    def uncovered_so_far(self, service: Service, group: tuple[str, ...], *, anew: bool) -> Exact:
        """The credits of a group that nobody paid since its counter began."""
        if anew:
            return ZERO
        found = self.uncovered.get(service.key, {}).get(group)
        if found is None and service.counted < self.terms.period.start and self.terms.carry is not None:
            told = {tuple(each): units for each, units in self.terms.carry.uncovered.get(service.key, ())}
            found = exact(told.get(group, "0"))
        return ZERO if found is None else found

    def roll(self, service: Service, group: tuple[str, ...], units: Exact) -> None:
        """Note the included units that a group has left at the end of a piece."""
        self.rollovers.setdefault(service.key, {})[group] = units

    def add_line(
        self,
        service: Service,
        piece: Piece,
        group: Group,
        quantity: Exact,
        amount: Exact,
        derive: Callable[[], tuple[Step, ...]],
    ) -> None:
        """Round an amount once and keep the line; in a trial it is rated and then free. An item's stages come first."""
        if piece.trial:
            amount, derive = ZERO, _free(piece.trial, derive)
        head = line_head(self.terms, service, piece, group)
        if self.drafts is not None:
            self.drafts.append(Draft(head, piece, quantity, amount, derive))
            return
        self.round_line(head, quantity, amount, derive)

    def _finish(self, drafts: tuple[Sequence[Draft], bool], start: datetime) -> None:
        """Round the lines of an item with stages; where one of them read several lines, so that they add up."""
        found, together = drafts
        together = together or any(draft.piece.item.split for draft in found)
        self.drafts = None
        first = len(self.lines)
        for draft in found:
            if draft.head.period.start < start:
                # A floor of a time that was billed before; what reads it can do so only from here on.
                self.begins[draft.head.key] = start
            if draft.amount != draft.listed and draft.head.kind != "minimum":
                self.listed[draft.head.key] = draft.listed
            self.round_line(draft.head, draft.quantity, draft.amount, draft.derive)
        if together and self.terms.plan.rounding_at != "statement":
            places, mode = self.terms.currency.places, self.terms.plan.rounding
            self.lines[first:] = rounded_together(self.lines[first:], places, mode, why="so that the item adds up")

    def round_line(
        self,
        head: LineHead,
        quantity: Exact,
        amount: Exact,
        derive: Callable[[], tuple[Step, ...]],
        *,
        name: str | None = None,
    ) -> None:
        """Round an amount once and keep the line; what rounding leaves goes by its name, or one that is given."""
        if self.terms.plan.carry_remainders and head.kind in CHARGES:
            amount, derive = self._with_remainder(name or line_name(head.item, head.group), amount, derive)
        rounded = head.rounded(amount)

        def derived(_: LineItem) -> tuple[Step, ...]:
            *first, last = derive()
            return (*first, head.step(last, rounded))

        self.lines.append(LineItem(head, quantity, amount, rounded, derived))

    def _with_remainder(
        self, name: str, amount: Exact, derive: Callable[[], tuple[Step, ...]]
    ) -> tuple[Exact, Callable[[], tuple[Step, ...]]]:
        """
        The amount with what rounding left of the same line before; its first piece that comes to something takes it on.

        Where nothing is charged it waits, unless rounding leaves less of it then: half a cent alone would be billed,
        and given back a period later, for ever.
        """
        left = self.rest(name)
        self.rests.pop(name, None)
        if not sign(left):
            return amount, derive
        if not sign(amount) and self._waits(left):
            self.rests[name] = left
            return amount, derive

        def derived() -> tuple[Step, ...]:
            *first, last = derive()
            kept = Step("given", [("value", left)], left, note="left by rounding before")
            return (*first, Step("sum", (), add(last.result, left), parts=[last, kept]))

        return add(amount, left), derived

    def _waits(self, left: Exact) -> bool:
        """Whether rounding would leave no less of what it left, billed alone; a sum of all lines is not one line's."""
        if self.terms.plan.rounding_at == "statement":
            return False
        again = sub(left, quantize(left, self.terms.currency.places, self.terms.plan.rounding))
        return max(again, neg(again)) >= max(left, neg(left))

    def rest(self, name: str) -> Exact:
        """What rounding left so far of a line, or of an item of outcomes."""
        if name in self.rests:
            return self.rests[name]
        earlier = [line for line in self.lines if line.key.startswith(f"{name}@")]
        if earlier:
            # Where the statement is rounded as a whole, no line has left anything yet.
            return ZERO if self.terms.plan.rounding_at == "statement" else earlier[-1].remainder
        carry = self.terms.carry
        return ZERO if carry is None else exact(carry.remainders.get(name, "0"))


def _free(trial: str, derive: Callable[[], tuple[Step, ...]]) -> Callable[[], tuple[Step, ...]]:
    def derived() -> tuple[Step, ...]:
        *first, last = derive()
        return (
            *first,
            Step("scaled", [("factor", ZERO)], ZERO, parts=[last], note=f"100 % off in the phase {trial!r}"),
        )

    return derived
