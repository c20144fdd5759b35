"""
Figures: what a bill stands at, for guards to read and for quotes to compare.

They come from the walk itself: charges and a statement over what was measured. Each is worked out when it is first
asked for, and then kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from datetime import timedelta
from functools import cached_property
from typing import TypeAlias

from .._numbers import PLACES, ZERO, Exact, add, sub, total
from ..credits import Ledger
from ..errors import MismatchError
from ..guards import Gauge, Reading
from ..plans import MeterTerms, Terms, stated
from ._charge import charge
from ._charges import Charges
from ._charging import Charging
from ._intake import Meters
from ._line import LineItem
from ._line_kinds import CHARGES
from ._near import Near
from ._reading import Reading as MeterReading
from ._settle import settle
from ._statement import SUMS, Statement
from ._tally import Account, Tally
from ._unit_credits import asked_units
from ._wallet import opened

__all__ = ["UNPAID", "Figures", "Find", "Scene", "between"]

Find: TypeAlias = Callable[[Gauge], Exact | int | str | None]
"""
The figure of a gauge, or None where it is not known.

A gauge with `customer` asks for what the customer has besides this bill; what the bill has of it is added.
"""

_SUMS = ("subtotal", "total", "due")
SUBTOTAL = SUMS[0][1]
UNPAID = ("credit.uncovered", "credit.refused")
"""What usage that credits do not pay for is refused with."""

_NOTHING = Account({}, 0, False, ())


class Scene:
    """
    What stays the same while a bill grows.

    Args:
        terms: what is charged.
        metering: how everything was measured.
        costs: the same for what serving costs, where the plan says it.
        find: figures that the bill does not have.
        ledger: the customer's credits, where the terms have none.
        near: the groups that anything was counted in, where somebody looks at some of them alone.
    """

    def __init__(
        self, terms: Terms, metering: Mapping[str, Mapping[str, MeterTerms]], costs: Scene | None, find: Find | None,
        ledger: Ledger | None = None, near: Near | None = None,
    ) -> None:  # fmt: skip
        self.ledger = ledger
        self.near = near
        self.terms = terms
        self.metering = metering
        self.costs = costs
        self.elsewhere = None if find is None else Reading.by(find, customer=Reading.by(find))
        self.staged = stated(terms)

    @cached_property
    def fine(self) -> Terms:
        """The same terms counted so finely that nothing worth telling is rounded, for stages across lines."""
        found = copy(self.terms)
        found.currency, found.memo = self.terms.currency.finer(PLACES), {}
        return found

    def tally(self, cells: Meters) -> Tally:
        """Some cells as a tally, to be read at once."""
        return Tally(self.metering, {self.terms.customer: cells}, _NOTHING)

    @cached_property
    def empty(self) -> Figures:
        """The bill before any usage."""
        none: Meters = {key: [{} for _ in held.priced] for key, held in self.metering[self.terms.customer].items()}
        return Figures(self, none, None if self.costs is None else self.costs.empty)


class Figures:
    """
    The figures of a bill at some cells.

    Args:
        scene: what stays the same.
        cells: what was measured; not changed while this is in use.
        costs: what serving it costs.
    """

    def __init__(self, scene: Scene, cells: Meters, costs: Figures | None) -> None:
        self.scene = scene
        self.cells = cells
        self.costs = costs
        self._readings: dict[str, MeterReading] = {}

    @cached_property
    def charges(self) -> Charges:
        """Every item up to its rounded line."""
        return charge(self.scene.terms, self.scene.tally(self.cells), ledger=self.scene.ledger)

    def asked(self, unit: str) -> Exact:
        """What usage asks of the credits in a unit, whether they are there or not."""
        scene = self.scene
        charging = Charging(scene.terms, scene.tally(self.cells))
        wallet = opened(scene.terms, scene.ledger, None)
        asks = asked_units(charging, wallet)
        return total(ask.amount for some in asks.values() for ask in some if str(ask.unit) == unit)

    def price(self) -> None:
        """
        Price everything.

        Raises:
            NoPriceError: some usage has no price.
        """
        _ = self.charges

    @cached_property
    def statement(self) -> Statement:
        """The statement of the whole period."""
        return settle(self.charges)

    @cached_property
    def _fine(self) -> Statement:
        found = charge(self.scene.fine, self.scene.tally(self.cells), ledger=self.scene.ledger)
        # Money credits come after the subtotal, and are never drawn so finely.
        found.wallet = None
        return settle(found)

    def exact(self, what: str, item: str = "", group: Mapping[str, str] | None = None) -> Exact:
        """A sum of the bill, or `gross`, or the `amount` of an item, with rounding off."""
        found: Exact
        if what in _SUMS and self.charges.wallet is not None and what != "subtotal":
            # Credits are counted in units of their own, and are never drawn finer than these.
            found = getattr(self.statement, what).amount
            return found
        if what in _SUMS and self.scene.staged:
            found = getattr(self._fine, what).amount
            return found
        return total(line.exact for line in self._lines(item, group or {}))

    def _lines(self, item: str, group: Mapping[str, str]) -> list[LineItem]:
        lines = [line for line in self.charges.lines if line.kind in SUBTOTAL]
        if not item:
            return lines
        return [
            line for line in lines
            if line.item == item and all(dict(line.group).get(name, "") == value for name, value in group.items())
        ]  # fmt: skip

    def value(self, gauge: Gauge) -> Exact | None:
        """
        What a gauge stands at; None where a bill does not say.

        Amounts are rounded as the statement prints them; costs, which nobody is billed, are exact.
        """
        found = self._own(gauge)
        return self._elsewhere(gauge) if found is None else found

    def _own(self, gauge: Gauge) -> Exact | None:
        """The same as far as it is of this bill alone."""
        what, group = gauge.what, dict(gauge.group)
        if what in _SUMS and not group:
            found: Exact = getattr(self.statement, what).amount
            return found
        if what in ("gross", "amount"):
            return total(line.rounded for line in self._lines(gauge.name, group))
        if what == "units":
            return total(line.quantity for line in self._lines(gauge.name, group) if line.kind in CHARGES)
        if what == "quantity":
            return self._quantity(gauge.name, group)
        if what == "cost" and self.costs is not None:
            return self.costs.exact("gross" if not gauge.name else "amount", gauge.name, group)
        if what in ("balance", "credits") and self.statement.ledger is not None and not group:
            return self._balance(what, gauge.name)
        return None

    def _elsewhere(self, gauge: Gauge) -> Exact | None:
        """What is told of a figure from outside."""
        return None if self.scene.elsewhere is None else self.scene.elsewhere.known(gauge)

    def _customer(self, gauge: Gauge) -> Exact | None:
        """A figure of all that the customer has: what is told from outside, and what this bill itself has of it."""
        told, mine = self._elsewhere(gauge), self._own(gauge)
        return told if told is None or mine is None else add(told, mine)

    def _balance(self, what: str, unit: str) -> Exact:
        """The credits that are left when the period ends, or what usage has taken of them."""
        terms, ledger = self.scene.terms, self.statement.ledger
        assert ledger is not None
        unit = unit or str(terms.currency)
        last = terms.period.end - timedelta(microseconds=1)
        left = ledger.balance(unit, last).amount
        if what == "balance":
            return left
        before = self.scene.empty.statement.ledger
        assert before is not None
        return sub(before.balance(unit, last).amount, left)

    def _quantity(self, meter: str, group: Mapping[str, str]) -> Exact:
        terms = self.scene.terms
        if not terms.meters[meter].edges:
            return ZERO
        found = self._readings.get(meter)
        if found is None:
            found = self._readings[meter] = MeterReading(terms, self.scene.tally(self.cells), meter)
        return found.quantity(group, self.scene.near)

    def quote(self, gauge: Gauge) -> Exact | None:
        """The figure with rounding off: what windows add up."""
        if gauge.what in (*_SUMS, "gross", "amount"):
            return self.exact(gauge.what, gauge.name, dict(gauge.group))
        return self.value(gauge)

    def reading(self) -> Reading:
        """The same, for guards."""
        period = self.scene.terms.period
        return Reading.by(self.value, period=period, customer=Reading.by(self._customer, period=period))


def between(before: Figures, after: Figures) -> Callable[[Gauge], Exact]:
    """What one step takes by itself: figures after it less figures before it, with rounding off."""

    def find(gauge: Gauge) -> Exact:
        old, new = before.quote(gauge), after.quote(gauge)
        if old is None or new is None:
            raise MismatchError(
                f"a guard counts the {gauge}, which a bill does not have; put it on another figure",
                code="reading.missing",
                path=gauge.text,
            )
        return sub(new, old)

    return find
