"""
What paid credits earn: their cost is owed until they are spent, and is earned as they are; what expires is breakage.

For each lot and any period: what was deferred at its start, plus what was sold and rolled in, is what was earned, what
broke, what was refunded and rolled out, and what is deferred at its end. Exact, and never rounded inside.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from .._numbers import CONTEXT, ZERO, Exact, Rounding, add, neg, quantize, sign, sub, total
from ..money import Currency
from ..periods import Period
from ._books import Books
from ._entries import Entry, Granted
from ._holdings import EXPIRED, REFUNDED, ROLLED_OUT, SPENT, VOIDED
from ._lots import Lot

__all__ = ["LotRevenue", "Revenue", "revenue_of"]


class LotRevenue(NamedTuple):
    """
    The revenue of one lot in a period, in the currency of its cost.

    Attributes:
        lot: its id.
        currency: of the amounts.
        sold: what was paid for it in the period.
        rolled_in: what came in from a lot that expired.
        earned: the cost of what was spent, less what came back.
        breakage: the cost of what expired or was voided.
        refunded: the cost of what was taken back for money.
        rolled_out: what went on into another lot.
        opening: what was deferred at the start.
        deferred: what is deferred at the end. Below 0 only where service before the sale was paid from it.
    """

    lot: str
    currency: Currency
    sold: Exact
    rolled_in: Exact
    earned: Exact
    breakage: Exact
    refunded: Exact
    rolled_out: Exact
    opening: Exact
    deferred: Exact

    def rounded(self, *, mode: Rounding = "half_up") -> LotRevenue:
        """
        The same in the minor unit of the currency, as it is booked: opening + sold + rolled in = all the rest.

        Each figure is rounded. Where they are then off by some cents, what goes out takes these, the largest first, and
        nothing falls below 0 for it; where nothing goes out, what rolled in, or what was sold. What is deferred is
        never touched: that of one month is what the next one opens with, and what is booked over many months adds up.

        Args:
            mode: the rule.

        >>> from ratecard.credits import Grant, Ledger
        >>> from ratecard.money import Money
        >>> at, pack = "2025-01-01T00:00:00Z", Grant(id="pack", amount="3", currency="USD", cost="10")
        >>> ledger, _ = Ledger().grant(pack, at=at).draw(Money("1", "USD"), at=at, id="line-1")
        >>> january = ledger.revenue(Period.month(2025, 1)).total("USD")
        >>> january.earned, january.rounded().earned, january.rounded().deferred
        (Ratio('10/3'), Decimal('3.33'), Decimal('6.67'))
        """
        places = self.currency.places
        found = {name: quantize(getattr(self, name), places, mode) for name in self._fields[2:]}
        rest = total([*(found[name] for name in _IN), *(found[name].copy_negate() for name in _OUT)])
        # Sorting keeps the order of equals.
        for name, exactly in sorted(((name, getattr(self, name)) for name in _OUT[1:]), key=_largest):
            if sign(rest) and sign(exactly):
                taken = rest if sign(exactly) < 0 else max(rest, found[name].copy_negate())
                found[name], rest = quantize(add(found[name], taken), places), sub(rest, taken)
        if sign(rest):
            name = "rolled_in" if sign(self.rolled_in) else "sold"
            found[name] = quantize(sub(found[name], rest), places)
        return LotRevenue(self.lot, self.currency, *found.values())


_IN = ("opening", "sold", "rolled_in")
_OUT = ("deferred", "earned", "breakage", "refunded", "rolled_out")


def _largest(each: tuple[str, Exact]) -> Exact:
    return each[1] if sign(each[1]) < 0 else neg(each[1])


class Revenue(NamedTuple):
    """The revenue of a period, lot by lot in the order of granting."""

    lots: tuple[LotRevenue, ...]

    def total(self, currency: str) -> LotRevenue:
        """The sums over all lots whose cost is in a currency; `lot` is empty."""
        code = Currency.of(currency)
        held = [each[2:] for each in self.lots if each.currency == code]
        sums: list[Exact] = [ZERO] * 8
        for each in held:
            sums = [add(a, b) for a, b in zip(sums, each, strict=True)]
        return LotRevenue("", code, *sums)


class _Sums:
    """Of one lot: units that were sold, rolled in, spent, broken, refunded and rolled out."""

    __slots__ = ("before", "lot", "within")

    def __init__(self, lot: Lot) -> None:
        self.lot = lot
        self.before = [ZERO] * 6
        self.within = [ZERO] * 6


_PLACES = {SPENT: 2, EXPIRED: 3, VOIDED: 3, REFUNDED: 4, ROLLED_OUT: 5}


def revenue_of(books: Books, period: Period) -> Revenue:
    """The revenue of every lot with a cost that was there by the end of a period."""
    found: dict[str, _Sums] = {}
    entries = books.entries()
    for entry in entries:
        lot = entry.opens()
        if lot is not None and lot.basis and lot.cost_currency is not None:
            found[lot.id] = _Sums(lot)
    for entry in entries:
        if entry.at < period.end:
            _count(found, entry, within=entry.at >= period.start)
    return Revenue(tuple(_told(each) for each in found.values() if any(each.before) or any(each.within)))


def _count(found: dict[str, _Sums], entry: Entry, *, within: bool) -> None:
    for lot_id, place, amount in _units(entry):
        held = found.get(lot_id)
        if held is not None:
            sums = held.within if within else held.before
            sums[place] = CONTEXT.add(sums[place], amount)


def _units(entry: Entry) -> Iterable[tuple[str, int, Decimal]]:
    lot = entry.opens()
    if lot is not None:
        yield lot.id, 0 if isinstance(entry, Granted) else 1, lot.amount
    for lot_id, source, target, amount in entry.moves():
        if source in _PLACES:
            yield lot_id, _PLACES[source], amount.copy_negate()
        if target in _PLACES:
            yield lot_id, _PLACES[target], amount


def _told(held: _Sums) -> LotRevenue:
    lot = held.lot
    assert lot.cost_currency is not None
    opening, change = _deferred(held.before), _deferred(held.within)
    amounts = [*held.within, opening, CONTEXT.add(opening, change)]
    return LotRevenue(lot.id, lot.cost_currency, *(lot.cost(each) for each in amounts))


def _deferred(sums: list[Decimal]) -> Decimal:
    """Units that came in, less those that went out."""
    found = CONTEXT.add(sums[0], sums[1])
    for each in sums[2:]:
        found = CONTEXT.subtract(found, each)
    return found
