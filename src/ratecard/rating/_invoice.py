"""
invoice: what is due at an instant and was not invoiced yet, from the statements of several periods.

A statement says what a period's service comes to; an invoice picks by `due`: the arrears of what is past, the advance
of what begins. A discount or a tax across lines goes with the lines it falls on: what falls on an advance fee is due
with that fee, the rest with the rest. What was invoiced before is subtracted line by line, each known by its statement
and its key. So an upgrade in mid-period gives back what was paid in advance for the rest of the old price, less its
discounts; and however often one invoices, invoices add up to the statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from .._kinds import expect, expect_many
from .._numbers import CONTEXT, ZERO, number, quantize, text, total
from .._visible import visible
from ..errors import MismatchError
from ..money import Currency, Money, shown
from ..periods import Period, instant
from ..records import read_time, show_time
from ._line import LineItem
from ._plain import currency_of
from ._statement import Statement

__all__ = ["Invoice", "InvoiceLine", "invoice"]


class InvoiceLine:
    """
    What is invoiced of one line of a statement. Immutable by contract.

    Attributes:
        key, item, name: the line's.
        statement: the period of the statement that has the line.
        service: the stretch of service.
        due: when it is due; of a line across others, when the part that is invoiced is.
        whole: what is due of the line as it is right now; `before` of that was invoiced already, and `amount` is new.
        shares: of a line across others, how `whole` falls on the lines that are invoiced, by their keys.
    """

    __slots__ = ("before", "due", "item", "key", "name", "service", "shares", "statement", "whole")

    def __init__(
        self, key: str, item: str, name: str, *, statement: Period, service: Period, due: datetime, whole: Money,
        before: Money, shares: Sequence[tuple[str, Decimal]] = (),
    ) -> None:  # fmt: skip
        self.key = key
        self.item = item
        self.name = name
        self.statement = statement
        self.service = service
        self.due = due
        self.whole = whole
        self.before = before
        self.shares = tuple(shares)

    @property
    def amount(self) -> Money:
        """What is invoiced now; below 0 it is given back."""
        return self.whole - self.before

    def _content(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, InvoiceLine) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.key, self.due))

    def __repr__(self) -> str:
        return f"<InvoiceLine {visible(self.key)}: {self.amount}>"

    def __str__(self) -> str:
        start, end = show_time(self.service.start), show_time(self.service.end)
        told = visible(f"{self.name}, {start} to {end}: {self.amount}")
        return f"{told} ({self.whole} less {self.before} invoiced before)" if self.before.amount else told

    def to_json(self) -> dict[str, Any]:
        """Plain data; amounts are text."""
        return {
            "key": self.key,
            "item": self.item,
            "name": self.name,
            "statement": self.statement.to_json(),
            "service": self.service.to_json(),
            "due": show_time(self.due),
            "whole": shown(self.whole.amount, self.whole.currency),
            "before": shown(self.before.amount, self.before.currency),
            **({"shares": [[key, text(part)] for key, part in self.shares]} if self.shares else {}),
        }


class Invoice:
    """
    What is due at an instant and was not invoiced before. Made by `invoice`; immutable by contract.

    Attributes:
        customer, currency: of all its statements.
        at: the instant.
        lines: what is new, in the order of the statements.
    """

    __slots__ = ("at", "currency", "customer", "lines")

    def __init__(self, customer: str, currency: Currency, at: datetime, lines: Sequence[InvoiceLine]) -> None:
        self.customer = customer
        self.currency = currency
        self.at = at
        self.lines = tuple(lines)

    @property
    def amount(self) -> Money:
        """The sum of the lines; below 0 it is given back."""
        whole = ZERO
        for line in self.lines:
            whole = CONTEXT.add(whole, line.amount.amount)
        return Money.make(whole, self.currency)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Invoice):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.customer, self.at))

    def __repr__(self) -> str:
        return f"<Invoice of {self.customer!r} at {show_time(self.at)}: {self.amount}>"

    def __str__(self) -> str:
        return "\n".join([*(str(line) for line in self.lines), f"invoiced: {self.amount}"])

    def to_json(self) -> dict[str, Any]:
        """Plain data, to be kept for the next invoice; amounts are text."""
        return {
            "invoice": 1,
            "customer": self.customer,
            "currency": {"code": str(self.currency), "places": self.currency.places},
            "at": show_time(self.at),
            "lines": [line.to_json() for line in self.lines],
            "amount": shown(self.amount.amount, self.currency),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Invoice:
        """
        Read back what `to_json` wrote.

        Raises:
            MismatchError: `invoice.version`.
        """
        if not isinstance(told, Mapping) or told.get("invoice") != 1:
            raise MismatchError("this is not an invoice that can be read; expected version 1", code="invoice.version")
        currency = currency_of(told["currency"]["code"], told["currency"]["places"])

        def money(amount: str) -> Money:
            return Money.make(quantize(Money(amount, currency).amount, currency.places), currency)

        lines = [
            InvoiceLine(
                line["key"], line["item"], line["name"], statement=Period.from_json(line["statement"]),
                service=Period.from_json(line["service"]), due=read_time(line["due"]), whole=money(line["whole"]),
                before=money(line["before"]), shares=[(key, number(part)) for key, part in line.get("shares", ())],
            )
            for line in told["lines"]
        ]  # fmt: skip
        return cls(told["customer"], currency, read_time(told["at"]), lines)


def invoice(
    statements: Iterable[Statement], at: datetime | str, *, issued: Iterable[Invoice] = (), interim: bool = False
) -> Invoice:
    """
    What is due at an instant, less what was invoiced before.

    Of a statement that was rated again (more records, a change of plan, a correction) pass the last one.

    Args:
        statements: of one customer, each period once; those that ended for their arrears, the one that runs (rated with
            what is known) for its advance.
        at: the instant; lines due then are in.
        issued: the invoices of the same customer so far.
        interim: whether usage so far is invoiced before it is due, with the discounts and taxes that fall on it; fees
            in arrears, minimums and true-ups wait all the same. It is what the statement says: rate the part up to now
            where one of the whole period says more, of levels that are held and outcomes that are still open.

    Raises:
        MismatchError: `invoice.customer`, `currency.mixed`, `invoice.twice` when a period comes twice, or
            `argument.type`.

    >>> from ratecard import Item, Period, Plan, prices, rate
    >>> base = Item(key="base", price=prices.Flat(amount="31"), bill="advance")
    >>> plan = Plan.single("team", currency="USD", items=[base])
    >>> acme = plan.subscribe("acme", start="2025-01-01", end="2025-03-11")
    >>> march = rate(plan, acme.model_copy(update={"end": None}), [], Period.month(2025, 3))
    >>> first = invoice([march], "2025-03-01T00:00:00Z")
    >>> ended = rate(plan, acme, [], Period.month(2025, 3))
    >>> invoice([ended], "2025-03-11T00:00:00Z", issued=[first]).amount
    Money('-21.00', 'USD')
    """
    words = "give a list of them, also where there is one"
    expect_many(statements, "the statements", words, alone=Statement)
    expect_many(issued, "the invoices so far", words, alone=Invoice)
    held = list(statements)
    before = list(issued)
    for statement in held:
        expect(statement, Statement, "a statement", "give what rate made; stored data is read by Statement.from_json")
    for each in before:
        expect(each, Invoice, "an invoice", "give what invoice made; stored data is read by Invoice.from_json")
    when = instant(at)
    customer, currency = _one(held, before)
    billed = _Billed(held, before)
    found: list[InvoiceLine] = []
    for place, statement in enumerate(held):
        ready = {line.key: line.due for line in statement.lines if line.due <= when or (interim and _is_usage(line))}
        for line in statement.lines:
            # A tax that is included is in the other lines already.
            if line.kind != "included_tax" and (line.key in ready or line.shares):
                old = billed.last.get((place, line.key))
                found.append(
                    _line(statement, line, billed.sum(place, line.key), ready, () if old is None else old.shares)
                )
    found += billed.gone()
    return Invoice(customer, currency, when, [line for line in found if line.amount.amount])


class _Billed:
    """
    What was invoiced before, by the place of a statement and the key of a line.

    A key says which line of its statement a line is, and two statements may each have one of the same key: the tax on
    a quarter begins with the tax on its first month. So what was invoiced belongs to the statement in whose period its
    own began. Only where the periods were cut otherwise since, another that has time in common with it may hold it.
    """

    def __init__(self, held: Sequence[Statement], issued: Sequence[Invoice]) -> None:
        self._sums: dict[tuple[int, str], Decimal] = {}
        self.last: dict[tuple[int, str], InvoiceLine] = {}
        self._spans = [statement.period for statement in held]
        self._keys = [{line.key for line in statement.lines if line.kind != "included_tax"} for statement in held]
        near: dict[Period, tuple[int, ...]] = {}
        for each in issued:
            for line in each.lines:
                if line.statement not in near:
                    near[line.statement] = self._near(line.statement)
                place = self._place(line, near[line.statement])
                if place is not None:
                    self._sums[place, line.key] = CONTEXT.add(self.sum(place, line.key), line.amount.amount)
                    self.last[place, line.key] = line

    def _near(self, period: Period) -> tuple[int, ...]:
        """The statements that have time in common with a period, in the order of time."""
        found = [place for place, span in enumerate(self._spans) if span.overlap(period) is not None]
        return tuple(sorted(found, key=lambda place: self._spans[place].start))

    def _place(self, line: InvoiceLine, near: Sequence[int]) -> int | None:
        """The place of the statement that a line belongs to now; None where that is not here."""
        for place in near:
            if line.key in self._keys[place]:
                return place
        # The line is gone from its statement.
        return near[0] if near and self._spans[near[0]].start <= line.statement.start else None

    def sum(self, place: int, key: str) -> Decimal:
        """What was invoiced of a line of a statement."""
        return self._sums.get((place, key), ZERO)

    def gone(self) -> list[InvoiceLine]:
        """The lines that are gone from their statements: what was invoiced of them is given back."""
        return [
            _gone(line, self.sum(*place)) for place, line in self.last.items() if place[1] not in self._keys[place[0]]
        ]


def _is_usage(line: LineItem) -> bool:
    """Whether a line prices what was metered; only that has a unit."""
    return bool(line.unit)


def _line(
    statement: Statement, line: LineItem, before: Decimal, ready: Mapping[str, datetime],
    invoiced: Sequence[tuple[str, Decimal]],
) -> InvoiceLine:  # fmt: skip
    """A line as far as it is due; of one across others, what falls on those that are."""
    whole, due, shares = line.rounded, line.due, line.shares
    if line.key not in ready:
        # On a line that waits again, such as usage after an interim invoice, stays what was invoiced.
        kept = dict(invoiced)
        now = [(key, part if key in ready else kept.get(key, ZERO)) for key, part in line.shares]
        shares = tuple((key, part) for key, part in now if part)
        whole = quantize(total(part for _, part in shares), line.currency.places)
        due = max([ready[key] for key, _ in shares if key in ready], default=due)
    return InvoiceLine(
        line.key, line.item, line.name, statement=statement.period, service=line.period, due=due,
        whole=Money.make(whole, line.currency), before=Money.make(before, line.currency), shares=shares,
    )  # fmt: skip


def _gone(line: InvoiceLine, before: Decimal) -> InvoiceLine:
    currency = line.whole.currency
    return InvoiceLine(
        line.key, line.item, line.name, statement=line.statement, service=line.service, due=line.due,
        whole=Money.make(quantize(ZERO, currency.places), currency), before=Money.make(before, currency),
    )  # fmt: skip


def _one(statements: Sequence[Statement], issued: Sequence[Invoice]) -> tuple[str, Currency]:
    """The one customer and currency of all of them."""
    every: list[Statement | Invoice] = [*statements, *issued]
    if not every:
        raise MismatchError("there is nothing to invoice; give the statements of a customer", code="invoice.customer")
    first = every[0]
    for each in every:
        if each.customer != first.customer:
            words = f"{first.customer!r} and {each.customer!r} are two customers; make an invoice for each"
            raise MismatchError(words, code="invoice.customer")
        if each.currency != first.currency:
            raise MismatchError(
                f"{first.currency} and {each.currency} do not mix on one invoice", code="currency.mixed"
            )
    spans = sorted(statement.period for statement in statements)
    for a, b in pairwise(spans):
        if b.start < a.end:
            words = f"{a!r} and {b!r} have time in common; pass the last statement of each period"
            raise MismatchError(words, code="invoice.twice")
    return first.customer, first.currency
