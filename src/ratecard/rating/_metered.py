"""
A metered piece of service: its groups, what each of them used, and the lines that come of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .._numbers import ONE, ZERO, Exact, add, div, mul, quantize, sign, split, sub, total
from ..credits import Use
from ..demand import Dimension
from ..errors import MismatchError
from ..meters import Average, Count, Level, Peak, Sum
from ..plans import Piece, Service
from ..prices import (
    Allowance,
    Brackets,
    Credit,
    Flat,
    Hybrid,
    Matrix,
    Multiplier,
    PerUnit,
    Price,
    Priced,
    Weighted,
    Windows,
)
from ..quantity import Usage
from ..steps import Step
from ._credit_lines import credit_line
from ._line import less
from ._line_key import Group, line_name
from ._pool import pooled
from ._priced import SHRUNK
from ._reading import Reading

if TYPE_CHECKING:
    from ._charging import Charging

__all__ = ["Metered"]

_MICROSECOND = timedelta(microseconds=1)
Pairs = list[tuple[tuple[str, ...], Any]]
Steps = Callable[[], tuple[Step, ...]]
Allotted = tuple[Exact, Exact]
"""A group's part of included units in common, and what all groups used."""


class Metered:
    """One piece of a metered service on its way to lines."""

    def __init__(self, charging: Charging, service: Service, piece: Piece, reading: Reading) -> None:
        self.charging = charging
        self.service = service
        self.piece = piece
        self.reading = reading
        self.item = piece.item
        self.price = piece.price
        self.cumulative = reading.meter.aggregate.cumulative and self.item.tiers == "continue"
        self.start = service.counted if self.cumulative else piece.start
        cells = reading.cells(self.start, piece.end)
        self.groups = self._grouped(cells, self.item.each)
        # What a price sees of the time counted: its share grows with the counter, so that pieces of one price add up.
        self.was = piece.before if self.cumulative else ZERO
        self.share = add(self.was, piece.share)
        # A price that is shared afterwards as a whole is asked for a whole period.
        whole = self.item.tiers == "prorate" or not reading.meter.aggregate.cumulative
        self.asked = ONE if whole else self.share
        # The groups at each cut, found once for all of them.
        self._at: dict[tuple[datetime, tuple[str, ...]], tuple[dict[tuple[str, ...], Pairs], Exact]] = {}
        self.before: dict[tuple[str, ...], Pairs] | None = None
        if piece.start != service.counted and self.cumulative:
            self._check_known()
            self.before = self._grouped(reading.cells(service.counted, piece.start), self.item.each)

    def _check_known(self) -> None:
        """A counter that began before the period needs what it held, unless its price is the same for every unit."""
        terms, counted = self.charging.terms, self.service.counted
        if terms.carry is not None or counted >= terms.period.start:
            return
        if isinstance(self.reading.meter.aggregate, Average | Count | Level | Sum) and even(self.price):
            return
        if not self.reading.cells(counted, terms.period.start):
            raise MismatchError(
                f"the item {self.item.key!r} counts from {counted.isoformat()}, before {terms.period!r} begins, and "
                "nothing tells what it held then; pass carry=statement.carry of the period before, or records since, "
                "or anchor the cadence at the start of the period",
                code="carry.missing",
            )

    def _grouped(self, cells: dict[tuple[str, ...], Any], dimensions: Sequence[str]) -> dict[tuple[str, ...], Pairs]:
        """Cells by the values of some dimensions, groups in the order of their text."""
        places = [self.reading.place(Dimension(name)) for name in dimensions]
        found: dict[tuple[str, ...], Pairs] = {} if dimensions else {(): []}
        for cell in sorted(cells) if len(cells) > 1 else cells:
            found.setdefault(tuple(cell[place] for place in places), []).append((cell, cells[cell]))
        return dict(sorted(found.items()))

    def _groups_at(self, at: datetime, names: Sequence[str]) -> tuple[dict[tuple[str, ...], Pairs], Exact]:
        """The groups of some dimensions by what was counted before an instant, and the share of the time till then."""
        found = self._at.get((at, tuple(names)))
        if found is None:
            piece = self.piece
            part = div(mul(piece.share, _micros(piece.start, at)), _micros(piece.start, piece.end))
            groups = self._grouped(self.reading.cells(self.start, at), names)
            found = self._at[at, tuple(names)] = (groups, add(self.was, part))
        return found

    def lines(self) -> None:
        """All lines of the piece."""
        allotted = self._allotments(self.groups, self.asked, self.piece.end)
        before = self._allotments(self.before or {}, self.was, self.piece.start)
        for group, pairs in self.groups.items():
            named: Group = tuple(zip(self.item.each, group, strict=True))
            quantity, amount, derive = self._priced(pairs, group, allotted.get(group), before.get(group))
            self._weigh(group, named, allotted.get(group))
            if self.item.split:
                self._split(pairs, quantity, amount, derive)
            else:
                self.charging.add_line(self.service, self.piece, named, quantity, amount, derive)

    def _usage(
        self,
        pairs: Pairs,
        group: tuple[str, ...],
        allotted: Allotted | None,
        end: datetime,
        share: Exact,
    ) -> Usage:
        units, pool = (None, None) if allotted is None else allotted
        return self.reading.usage(
            pairs, self.item, self.service, self.start, end,
            share=share, rolled=self.charging.rolled(self.item.key, group),
            allotted=units, pool=pool, amounts=self.charging.amounts(self.price, self.start, end),
        )  # fmt: skip

    def _priced(
        self, pairs: Pairs, group: tuple[str, ...], allotted: Allotted | None, before: Allotted | None
    ) -> tuple[Exact, Exact, Steps]:
        """Quantity, amount and steps of one group."""
        usage = self._usage(pairs, group, allotted, self.piece.end, self.asked)
        steps = self._quantity_steps(pairs, self.piece.end)
        share = self.piece.share
        if isinstance(self.price, Allowance) and self.price.rollover is not None:
            self.charging.roll(self.service, group, self.price.leftover(usage))
        if self.item.tiers == "prorate" and share != ONE and self.reading.meter.aggregate.cumulative:
            return self._prorated(usage, steps)
        if isinstance(self.price, Credit):
            return self._in_credits(usage, group, before, steps)
        priced = self.price.price(usage)
        if not self.reading.meter.aggregate.cumulative and share != ONE:
            return _scaled(usage.total, priced, share, steps, "this piece's share of the period")
        # A group that was not there before has nothing behind it.
        if self.before is None or group not in self.before:
            return usage.total, priced.amount, lambda: (*steps(), priced.step)
        was = self._usage(self.before[group], group, before, self.piece.start, self.was)
        earlier = self.price.price(was)
        if not sign(was.total) and not sign(earlier.amount):
            return usage.total, priced.amount, lambda: (*steps(), priced.step)
        amount = sub(priced.amount, earlier.amount)
        steps_before = self._quantity_steps(self.before[group], self.piece.start)

        def derive() -> tuple[Step, ...]:
            anew = "" if before is None else "; the pool is shared anew over all that was counted"
            return (*_counted(steps(), steps_before()), less(amount, priced.step, earlier.step, anew))

        return sub(usage.total, was.total), amount, derive

    def _in_credits(
        self, usage: Usage, group: tuple[str, ...], before: Allotted | None, steps: Steps
    ) -> tuple[Exact, Exact, Steps]:
        """As `_priced`, where credits pay first."""
        pairs = (self.before or {}).get(group)
        was = None if pairs is None else self._usage(pairs, group, before, self.piece.start, self.was)
        quantity, amount, derive = credit_line(self, group, usage, was)
        return quantity, amount, lambda: (*steps(), *derive())

    def use(self, named: Group) -> Use:
        """What a line of this piece is, for those who pay for it."""
        assert self.service.meter is not None
        customer = self.charging.terms.customer
        return Use(self.item.key, meter=self.service.meter.key, dimensions=dict(named), customer=customer)

    def differences(
        self, group: tuple[str, ...], marks: Sequence[datetime], value: Callable[[Usage], Exact],
        *, allotted: Allotted | None = None, by: Sequence[str] | None = None,
    ) -> list[Exact]:  # fmt: skip
        """
        What a value of a group's usage comes to between marks: at each, less what it came to at the one before.

        Args:
            group: of `by`.
            marks: instants inside the piece.
            value: of the usage since the counter began.
            allotted: the group's share of included units that all groups have in common.
            by: the dimensions that the group is of; the item's own where it has tiers for each.
        """
        names = self.item.each if by is None else by
        piece, found = self.piece, list[Exact]()
        earlier: Pairs | None = None
        if self.before is not None:
            earlier = self._groups_at(piece.start, names)[0].get(group)
        last = ZERO if earlier is None else value(self._usage(earlier, group, allotted, piece.start, self.was))
        for at in (*marks, piece.end):
            if at != piece.end and not self.reading.cut_at(at):
                raise MismatchError(
                    f"a lot begins or ends at {at.isoformat()}, where {self.reading.meter.key!r} was not cut; pass the "
                    "same ledger to resolve, and measure the records for these terms",
                    code="ledger.edges",
                )
            groups, share = self._groups_at(at, names)
            pairs = groups.get(group)
            now = last if pairs is None else value(self._usage(pairs, group, allotted, at, share))
            found.append(sub(now, last))
            last = now
        return found

    def _weigh(
        self, group: tuple[str, ...], named: Group, allotted: Allotted | None, by: Sequence[str] | None = None
    ) -> None:
        """
        Note what the amount comes to between the instants at which lots of money begin or end to pay for it.

        A line that only shows the share of a group (`by`) is weighed by the group's quantity.
        """
        charging, piece, aggregate = self.charging, self.piece, self.reading.meter.aggregate
        if charging.wallet is None or not aggregate.cumulative or self.item.tiers == "prorate":
            return
        priced = not (isinstance(self.price, Credit) or self.price.demand().items or self.item.split)
        if not priced and not by:
            return
        marks = charging.wallet.marks(charging.terms.currency, piece.start, piece.end)
        if marks:

            def value(usage: Usage) -> Exact:
                return self.price.price(usage).amount if priced else usage.total

            parts = self.differences(group, marks, value, allotted=allotted, by=by)
            line = f"{line_name(self.item.key, named)}{piece.tail}"
            charging.weights[line] = list(zip((piece.start, *marks), parts, strict=True))

    def _prorated(self, usage: Usage, steps: Steps) -> tuple[Exact, Exact, Steps]:
        """Tiers shrunk to the share of the period: bounds and flat prices alike."""
        share = self.piece.share
        if not sign(share):
            nothing = Step("given", [("value", ZERO)], ZERO, note="no share of the period")
            return usage.total, ZERO, lambda: (*steps(), nothing)
        whole = self.price.price(usage.with_total(div(usage.total, share)))
        return _scaled(usage.total, whole, share, steps, SHRUNK)

    def _quantity_steps(self, pairs: Pairs, end: datetime) -> Steps:
        """How the quantity that is priced came out of what was measured; nothing where it is the same."""
        convert, item = self.reading.meter.convert, self.item
        same = convert is None and item.round_quantity is None
        if same and not isinstance(self.reading.meter.aggregate, Average | Level | Peak):
            return tuple

        def steps() -> tuple[Step, ...]:
            told = self.reading.told(pairs, self.service, self.start, end)
            if told is None and same:
                return ()
            measured = self.reading.measured(pairs, self.service, self.start, end)
            found = Step("given", [("value", measured)], measured, note="measured") if told is None else told
            if convert is not None:
                found = convert.step(found)
            mode = item.round_quantity
            if mode is not None:
                rounded = quantize(found.result, item.quantity_places, mode)
                inputs = (("places", Decimal(item.quantity_places)), ("mode", mode))
                found = Step("round", inputs, rounded, parts=[found])
            return (found,)

        return steps

    def _allotments(
        self, groups: dict[tuple[str, ...], Pairs], share: Exact, end: datetime
    ) -> dict[tuple[str, ...], Allotted]:
        """Each group's part of the included units that all groups have in common, and what they all used."""
        price = self.price
        if not (isinstance(price, Allowance) and price.scope == "pooled" and self.item.each):
            return {}
        used = [self._usage(pairs, group, None, end, share).total for group, pairs in groups.items()]
        weights = [quantity if sign(quantity) > 0 else ZERO for quantity in used]
        units = mul(price.units, share) if price.prorate else price.units
        shares, whole = pooled(units, weights, self.reading.meter.step), total(weights)
        return {group: (part, whole) for group, part in zip(groups, shares, strict=True)}

    def _split(self, pairs: Pairs, quantity: Exact, amount: Exact, derive: Steps) -> None:
        """One price for the whole, shown by group in shares by quantity; the shares add up to the rounded whole."""
        parts = self._grouped(dict(pairs), self.item.split)
        # What was counted before this piece was shown before it.
        earlier = {} if self.before is None else self._grouped(dict(self.before.get((), [])), self.item.split)
        used = [
            (group, sub(self._held(some, self.piece.end), self._held(earlier.get(group, []), self.piece.start)))
            for group, some in parts.items()
        ]
        weights = [held if sign(held) > 0 else ZERO for _, held in used]
        if not weights:
            self.charging.add_line(self.service, self.piece, (), quantity, amount, derive)
            return
        terms, whole = self.charging.terms, total(weights)
        if not sign(whole):
            weights, whole = [ONE] * len(weights), Decimal(len(weights))
        rounded = quantize(amount, terms.currency.places, terms.plan.rounding)
        shares = split(rounded, weights, terms.currency.step)
        for (group, held), weight, share in zip(used, weights, shares, strict=True):
            named: Group = tuple(zip(self.item.split, group, strict=True))
            part = div(mul(amount, weight), whole)
            self._weigh(group, named, None, self.item.split)
            self.charging.add_line(self.service, self.piece, named, held, part, _parted(derive, part, weight, whole))
            # Where the item has stages, its lines are rounded together behind them.
            if terms.plan.rounding_at != "statement" and self.charging.drafts is None:
                lines = self.charging.lines
                lines[-1] = lines[-1].moved(share, "so that the groups add up to the rounded whole")

    def _held(self, pairs: Pairs, end: datetime) -> Exact:
        # What is rounded is the whole; a group that used little has little of it, and not a full step.
        return self.reading.used(pairs, self.service, self.start, end) if pairs else ZERO


def _micros(start: datetime, end: datetime) -> Exact:
    return Decimal((end - start) // _MICROSECOND)


def _counted(until: Sequence[Step], before: Sequence[Step]) -> Sequence[Step]:
    """How the quantity of a piece whose counter began before it came about."""
    if not (until and before):
        return until
    return (less(sub(until[-1].result, before[-1].result), until[-1], before[-1]),)


def _scaled(quantity: Exact, priced: Priced, share: Exact, steps: Steps, note: str) -> tuple[Exact, Exact, Steps]:
    amount = mul(priced.amount, share)

    def derive() -> tuple[Step, ...]:
        return (*steps(), Step("scaled", [("factor", share)], amount, parts=[priced.step], note=note))

    return quantity, amount, derive


def _parted(derive: Steps, part: Exact, weight: Exact, whole: Exact) -> Steps:
    """The steps of a group's share by quantity."""

    def steps() -> tuple[Step, ...]:
        *first, last = derive()
        inputs = [("factor", weight), ("divisor", whole)]
        return (*first, Step("scaled", inputs, part, parts=[last], note="this group's share by quantity"))

    return steps


def even(price: Price) -> bool:
    """Whether every unit costs the same, so that what was counted before makes no difference."""
    if isinstance(price, Hybrid) and price.combine != "sum":
        return False
    if isinstance(price, Brackets | Credit | Hybrid | Matrix | Multiplier | Weighted | Windows):
        return all(even(child) for child in price.children())
    return isinstance(price, Flat | PerUnit)
