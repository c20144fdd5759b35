"""
charge: from a tally to lines, each item up to its rounded line.

For each service, piece by piece and group by group: what was used, converted and rounded as the item says; its price; the
share where a value is not cumulative; and one rounding. A counter runs on over a change of price: a piece costs what its price
says at the piece's end, less what the same price says at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from .._numbers import ZERO, Exact, add, exact, quantize, sign, total
from ..plans import Piece, Service, Terms
from ..quantity import Usage
from ..steps import Step
from ._line import Group, LineItem
from ._metered import Metered
from ._reading import Reading
from ._tally import Account, Tally

__all__ = ["Charges", "charge"]


class Charges:
    """
    What each item comes to, before anything that reads several lines. Made by `charge`, read by `settle`.

    Attributes:
        terms: what was charged.
        lines: the lines, in the order of the card, each rounded once.
        account: where every record went; None where the tally held other customers too.
        readings: the meters as they were read, for what outlives the period.
        rollovers: for each item with a rollover, the units that each group takes into the next period.
        tally: what was measured.
    """

    __slots__ = ("account", "lines", "readings", "rollovers", "tally", "terms")

    def __init__(
        self,
        terms: Terms,
        tally: Tally,
        lines: Sequence[LineItem],
        readings: Mapping[str, Reading],
        rollovers: Mapping[str, Mapping[tuple[str, ...], Exact]],
    ) -> None:
        self.terms = terms
        self.tally = tally
        self.lines = tuple(lines)
        self.account: Account | None = tally.account if len(tally.metering) == 1 else None
        self.readings = readings
        self.rollovers = rollovers


def charge(terms: Terms, tally: Tally) -> Charges:
    """
    Price what was measured, item by item.

    Args:
        terms: what `resolve` made.
        tally: measured for these terms, or for these among others.

    Raises:
        MismatchError: `tally.*` or `demand.missing`, when the tally can't answer; `carry.missing`, when a counter began
            before the period and nothing tells what it held; `level.opening`.
        NoPriceError: some usage has no price.
    """
    charging = Charging(terms, tally)
    for service in terms.services:
        if service.due is not None:
            for piece in service.pieces:
                charging.piece(service, piece)
    return charging.charges()


class Charging:
    """One charge on its way: the lines so far, and what they may read of each other."""

    def __init__(self, terms: Terms, tally: Tally) -> None:
        self.terms = terms
        self.tally = tally
        self.lines: list[LineItem] = []
        self.readings: dict[str, Reading] = {}
        self.rollovers: dict[str, dict[tuple[str, ...], Exact]] = {}
        self.unit = terms.currency.places
        self.mode = terms.plan.rounding

    def charges(self) -> Charges:
        """All that was charged."""
        for service in self.terms.services:
            # Meters that are not billed yet are read all the same: what they hold outlives the period.
            if service.meter is not None:
                self.reading(service.meter.key)
        return Charges(self.terms, self.tally, self.lines, self.readings, self.rollovers)

    def reading(self, key: str) -> Reading:
        """A meter as the tally has it, read once."""
        found = self.readings.get(key)
        if found is None:
            found = self.readings[key] = Reading(self.terms, self.tally, key)
        return found

    def piece(self, service: Service, piece: Piece) -> None:
        """The lines of one stretch of service."""
        if service.meter is not None:
            Metered(self, service, piece, self.reading(service.meter.key)).lines()
            return
        assert service.quantity is not None
        usage = Usage(service.quantity, share=piece.share, licensed=True, amounts=self.amounts(piece))
        priced = piece.price.price(usage)
        self.add_line(service, piece, (), usage.total, priced.amount, lambda: (priced.step,))

    def amounts(self, piece: Piece) -> dict[str, Exact]:
        """What the items that a price reads came to over the same stretch."""
        return {
            key: total(line.exact for line in self.lines if line.item == key and _begins(line, piece))
            for key in piece.price.demand().items
        }

    def rolled(self, item: str, group: tuple[str, ...]) -> Exact:
        """The included units that a group brought in from the period before."""
        carry = self.terms.carry
        for held, units in () if carry is None else carry.rollovers.get(item, ()):
            if tuple(held) == group:
                return exact(units)
        return ZERO

    def roll(self, item: str, group: tuple[str, ...], units: Exact) -> None:
        """Keep the included units that a group takes into the next period."""
        self.rollovers.setdefault(item, {})[group] = units

    def add_line(
        self,
        service: Service,
        piece: Piece,
        group: Group,
        quantity: Exact,
        amount: Exact,
        derive: Callable[[], tuple[Step, ...]],
    ) -> None:
        """Round an amount once and keep the line."""
        assert service.due is not None
        places, mode = self.unit, self.mode
        item = piece.item
        named = "".join(f"[{dimension}={value}]" for dimension, value in group)
        if self.terms.plan.carry_remainders:
            amount, derive = self._with_remainder(f"{item.key}{named}", amount, derive)
        rounded = quantize(amount, places, mode)

        def derived() -> tuple[Step, ...]:
            *first, last = derive()
            inputs = (("places", Decimal(places)), ("mode", mode))
            return (*first, Step("round", inputs, rounded, parts=[last]))

        self.lines.append(
            LineItem(
                f"{item.key}{named}{piece.tail}", item.key, item.label, group, quantity, _unit(service), amount, rounded,
                self.terms.currency, piece.period, _due(service, piece), piece.version, derived,
            )  # fmt: skip
        )

    def _with_remainder(
        self, name: str, amount: Exact, derive: Callable[[], tuple[Step, ...]]
    ) -> tuple[Exact, Callable[[], tuple[Step, ...]]]:
        """The amount with what rounding left of the same line before; only its first piece takes it on."""
        carry = self.terms.carry
        left = ZERO if carry is None else exact(carry.remainders.get(name, "0"))
        earlier = [line for line in self.lines if line.key.startswith(f"{name}@")]
        if earlier:
            left = earlier[-1].remainder
        if not sign(left):
            return amount, derive

        def derived() -> tuple[Step, ...]:
            *first, last = derive()
            kept = Step("given", [("value", left)], left, note="left by rounding before")
            return (*first, Step("sum", (), add(last.result, left), parts=[last, kept]))

        return add(amount, left), derived


def _unit(service: Service) -> str:
    meter = service.meter
    return "" if meter is None else meter.unit or meter.key


def _due(service: Service, piece: Piece) -> datetime:
    """A piece in advance is due at its start; in arrears with its service."""
    assert service.due is not None
    return piece.start if piece.item.bill == "advance" else service.due


def _begins(line: LineItem, piece: Piece) -> bool:
    return piece.start <= line.period.start < piece.end
