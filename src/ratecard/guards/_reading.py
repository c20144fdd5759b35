"""
What guards read: a gauge says which figure, a reading says what it stands at.

A guard knows no prices and no meters. It names the figures it depends on as gauges, and whoever asks it hands it a
reading that answers them. A figure that a reading does not have is an error, never 0: a limit that cannot be measured
must not let anything through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias, cast

from .._numbers import Exact, Ratio, div, mul, number, sub, text
from ..errors import MismatchError, NumberError
from ..periods import Period
from ..records import group_of

__all__ = ["HUNDRED", "Gauge", "Group", "Reading", "Value", "grouped", "margin", "spare", "told_group"]

Group: TypeAlias = tuple[tuple[str, str], ...]
"""Dimensions and their values, in the order of the dimensions."""

Value: TypeAlias = str | int | Decimal | None
"""What a dimension may be told as; inside it is text."""

Figure: TypeAlias = Decimal | int | str | Ratio
"""What people write for a figure."""

HUNDRED = Decimal(100)

# What is worked out from numbers of the grammar has fewer digits on either side of the point.
_DIGITS = 1_000

WHOLE = ("subtotal", "total", "due", "gross", "cost", "forecast", "balance")
NAMED = ("amount", "cost", "units", "quantity", "credits", "balance")


def told_group(group: Mapping[str, Value]) -> Mapping[str, str]:
    """
    Dimensions as records have them: a number is its text, nothing is "".

    Raises:
        MismatchError: `guard.group`, for a value that has no one text.
    """
    if all(isinstance(each, str) and each.isascii() for each in group.values()):
        return cast(Mapping[str, str], group)
    found: dict[str, str] = {}
    for name, value in group.items():
        told = group_of(value)
        if told is None:
            raise MismatchError(
                f"the {name[:60]!r} of a group cannot be this {type(value).__name__}; give text, as records have it",
                code="guard.group",
            )
        found[name] = told
    return found


def grouped(group: Mapping[str, Value] | None) -> Group:
    """The one form of a group."""
    return tuple(sorted(told_group(group).items())) if group else ()


class Gauge:
    """
    Which figure a guard reads. Immutable by contract; equal gauges name the same figure.

    Args:
        what: `subtotal`, `total` or `due` of the bill; `gross`, the item amounts before anything across items;
            `amount` of an item, `units` of an item; `quantity` of a meter; `credits` used and `balance` left of a unit
            (without a name: money); `cost`; `forecast` of the subtotal at the period's end.
        name: the item, meter or unit; empty for the whole.
        group: only the part in this group, by dimension.
        customer: of all the customer has, not of this one plan.

    >>> Gauge("amount", "tokens", {"model": "small"})
    Gauge('amount', 'tokens', {'model': 'small'})
    """

    __slots__ = ("customer", "group", "name", "text", "what")

    def __init__(
        self, what: str, name: str = "", group: Mapping[str, Value] | None = None, *, customer: bool = False
    ) -> None:
        if what not in (NAMED if name else WHOLE):
            told = ", ".join(NAMED if name else WHOLE)
            raise MismatchError(f"there is no figure {what[:40]!r} here; use one of {told}", code="gauge.unknown")
        self.what = what
        self.name = name
        self.group = grouped(group)
        self.customer = customer
        self.text = what if not name and not self.group else json.dumps([what, name, self.group], ensure_ascii=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Gauge):
            return NotImplemented
        return self.text == other.text and self.customer == other.customer

    def __hash__(self) -> int:
        return hash((self.text, self.customer))

    def __repr__(self) -> str:
        told = [repr(self.what)]
        if self.name or self.group:
            told.append(repr(self.name))
        if self.group:
            told.append(repr(dict(self.group)))
        if self.customer:
            told.append("customer=True")
        return f"Gauge({', '.join(told)})"

    def __str__(self) -> str:
        within = ",".join(f"{name}={value}" for name, value in self.group)
        told = " ".join(each for each in (self.what, self.name) if each) + (f"[{within}]" if within else "")
        return f"customer's {told}" if self.customer else told


def _figure(value: Figure) -> Exact:
    return value if isinstance(value, Ratio) else number(value)


def _told(gauge: Gauge, value: Figure | None) -> Exact | None:
    """
    What a function says of a gauge.

    Raises:
        NumberError: for what is no number of the grammar; numbers that were worked out may have more digits.
    """
    if value is None or isinstance(value, Ratio):
        return value
    if isinstance(value, Decimal) and value.is_finite() and -_DIGITS <= value.adjusted() <= _DIGITS:
        return value
    try:
        return number(value)
    except NumberError as error:
        raise NumberError(
            f"what was told of the {gauge} is no figure: {error.text}", code=error.code, path=gauge.text
        ) from None


class Reading:
    """
    What is so at an instant, or what one request takes by itself. Immutable by contract.

    Whatever is left out is unknown, not 0.

    Args:
        period: the billing period that the figures are of; alerts go off once in each.
        subtotal: the bill before tax and money credits, as it would be printed.
        total: with tax.
        due: after money credits.
        gross: all item amounts, before discounts and floors across items.
        cost: what serving it costs the seller.
        forecast: the subtotal expected at the period's end.
        balance: money credits that are left.
        items: for each item its amount.
        units: for each item its quantity.
        quantities: for each meter its quantity.
        credits: for each unit the credits used.
        balances: for each unit the credits left.
        costs: for each item its cost.
        more: any other figure by its gauge, such as parts by group.
        customer: the same for all that the customer has, for guards with that scope.

    Raises:
        NumberError: for a figure that is no number of the grammar.

    >>> reading = Reading(subtotal="60", quantities={"tokens": 3_000_000})
    >>> reading.value(Gauge("quantity", "tokens"))
    Decimal('3000000')
    """

    __slots__ = ("_find", "_values", "customer", "period")

    def __init__(
        self,
        *,
        period: Period | None = None,
        subtotal: Figure | None = None,
        total: Figure | None = None,
        due: Figure | None = None,
        gross: Figure | None = None,
        cost: Figure | None = None,
        forecast: Figure | None = None,
        balance: Figure | None = None,
        items: Mapping[str, Figure] | None = None,
        units: Mapping[str, Figure] | None = None,
        quantities: Mapping[str, Figure] | None = None,
        credits: Mapping[str, Figure] | None = None,
        balances: Mapping[str, Figure] | None = None,
        costs: Mapping[str, Figure] | None = None,
        more: Mapping[Gauge, Figure] | None = None,
        customer: Reading | None = None,
    ) -> None:
        self.period = period
        self.customer = customer
        self._find: Callable[[Gauge], Figure | None] | None = None
        held: dict[str, Exact] = {}
        whole = (subtotal, total, due, gross, cost, forecast, balance)
        for what, value in zip(WHOLE, whole, strict=True):
            if value is not None:
                held[what] = _figure(value)
        for what, table in zip(NAMED, (items, costs, units, quantities, credits, balances), strict=True):
            for name, value in (table or {}).items():
                held[Gauge(what, name).text] = _figure(value)
        for gauge, value in (more or {}).items():
            held[gauge.text] = _figure(value)
        self._values = held

    @classmethod
    def by(
        cls,
        find: Callable[[Gauge], Figure | None],
        *,
        period: Period | None = None,
        customer: Reading | None = None,
    ) -> Reading:
        """
        A reading whose figures are worked out only when a guard asks for them.

        Args:
            find: the figure of a gauge, or None where it is not known; the same for the same gauge each time.
            period: the billing period that the figures are of.
            customer: the same for all that the customer has.
        """
        found = cls(period=period, customer=customer)
        found._find = find
        return found

    def value(self, gauge: Gauge) -> Exact:
        """
        What a gauge stands at.

        Raises:
            MismatchError: `reading.missing`, when this reading does not have the figure.
            NumberError: when the function of `by` gives what is no number of the grammar.
        """
        found = self.known(gauge)
        if found is not None:
            return found
        raise MismatchError(
            f"a guard reads the {gauge}, which this reading does not have; put it into the reading",
            code="reading.missing",
            path=gauge.text,
        )

    def known(self, gauge: Gauge) -> Exact | None:
        """The same, or None where this reading does not have the figure."""
        held = self.customer if gauge.customer else self
        if held is None:
            return None
        found = held._values.get(gauge.text)
        return _told(gauge, held._find(gauge)) if found is None and held._find is not None else found

    def __repr__(self) -> str:
        told = ", ".join(f"{name}: {text(value)}" for name, value in self._values.items())
        return f"<Reading {told or ('by demand' if self._find else 'of nothing')}>"


def margin(price: Exact, cost: Exact) -> Exact | None:
    """Percent of the price that is left after cost; None of no price."""
    return div(mul(sub(price, cost), HUNDRED), price) if price else None


def spare(price: Exact, cost: Exact, percent: Exact) -> Exact:
    """A hundred times the money beyond a margin; below 0 when the margin is smaller."""
    return sub(mul(sub(price, cost), HUNDRED), mul(price, percent))
