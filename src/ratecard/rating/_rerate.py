"""
rerate: an issued statement against what is known now, as signed lines that point at the originals.

The period is rated again, whole, with the corrected records: so tiers, counters and everything else come out as they
would have been, and what is booked is the difference. What was issued plus the adjustments is what is right now, line
by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from .._kinds import expect, expect_many
from .._numbers import CONTEXT, ZERO, Exact, sub, text
from .._visible import visible
from ..credits import Due, Entry, Ledger
from ..errors import MismatchError, RatecardError
from ..money import Money, shown
from ..periods import Period, instant
from ..plans import Carry, Offer, Subscription, digests_across, resolve
from ..records import Layout, UsageRecord
from ..steps import Step
from ._charge import charge
from ._line import LineItem
from ._measure import measure
from ._plain import read_refunds, refunds_in_words, shown_refunds
from ._settle import settle
from ._statement import Statement

__all__ = ["Adjustment", "AdjustmentLine", "postponed", "rerate"]

_MICRO = timedelta(microseconds=1)

Identity = str | tuple[str | None, str]
"""The id of a record, or its source and id."""


class AdjustmentLine:
    """
    What one line comes to more or less than was issued. Immutable by contract.

    Attributes:
        of: the key of the line, on the issued statement or on the corrected one.
        before: the line as it was issued; None where there was none.
        after: the line as it is right now; None where there is none any more.
    """

    __slots__ = ("after", "before", "of")

    def __init__(self, of: str, before: LineItem | None, after: LineItem | None) -> None:
        self.of = of
        self.before = before
        self.after = after

    @property
    def line(self) -> LineItem:
        """What it is about: the corrected line, else the issued one."""
        found = self.before if self.after is None else self.after
        assert found is not None
        return found

    @property
    def quantity(self) -> Exact:
        """The quantity more or less."""
        return sub(*(ZERO if line is None else line.quantity for line in (self.after, self.before)))

    @property
    def amount(self) -> Money:
        """The amount more (above 0) or less (below 0)."""
        return Money.make(self._moved, self.line.currency)

    @property
    def _sides(self) -> list[Decimal]:
        return [ZERO if line is None else line.rounded for line in (self.after, self.before)]

    @property
    def _moved(self) -> Decimal:
        return CONTEXT.subtract(*self._sides)

    @property
    def step(self) -> Step:
        """Where the amount comes from: the corrected amount less the issued one."""
        sides = self._sides
        notes = ("corrected", "issued")
        parts = [Step("given", [("value", side)], side, note=note) for side, note in zip(sides, notes, strict=True)]
        return Step("difference", (), self._moved, parts=parts, note=f"adjusts {self.of}")

    def explain(self) -> str:
        """The line in words, with how the corrected amount came about."""
        told = [visible(f"{self.line.name}, {self.of}: {self.amount}"), self.step.words(indent="  ")]
        return "\n".join([*told, *([] if self.after is None else [self.after.explain()])])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AdjustmentLine):
            return NotImplemented
        return (self.of, self.before, self.after) == (other.of, other.before, other.after)

    def __hash__(self) -> int:
        return hash((self.of, self.before, self.after))

    def __repr__(self) -> str:
        return f"<AdjustmentLine of {visible(self.of)}: {self.amount}>"

    def to_json(self) -> dict[str, Any]:
        """Plain data; amounts are text."""
        sides = {"before": self.before, "after": self.after}
        return {
            "of": self.of,
            "quantity": text(self.quantity),
            "amount": shown(self.amount.amount, self.line.currency),
            **{name: None if line is None else line.to_json() for name, line in sides.items()},
        }


class Adjustment:
    """
    All that a corrected period comes to more or less than was issued. Immutable by contract.

    Attributes:
        issued: the statement that was issued.
        corrected: the statement of the same period as it is right now; the next correction starts from it.
        lines: the lines that differ, in the order of the issued statement, then of the corrected one.
        entries: what to post to the customer's ledger: what each lot pays more or less in all; posting twice adds
            nothing.
        refunds: what is owed back in money beside `due`, exact, by currency: the cost of credits that were paid for and
            came back to a lot that has expired. Of a promotional lot they are void.
    """

    __slots__ = ("corrected", "entries", "issued", "lines", "refunds")

    def __init__(self, issued: Statement, corrected: Statement, *, refunds: Sequence[Due] = ()) -> None:
        self.issued = issued
        self.corrected = corrected
        self.entries: tuple[Entry, ...] = corrected.entries
        self.refunds = tuple(refunds)
        before = {line.key: line for line in issued.lines}
        after = {line.key: line for line in corrected.lines}
        self.lines = tuple(
            AdjustmentLine(key, before.get(key), after.get(key))
            for key in dict.fromkeys([*before, *after])
            if _differ(before.get(key), after.get(key))
        )

    @property
    def subtotal(self) -> Money:
        """What the subtotal comes to more or less."""
        return self.corrected.subtotal - self.issued.subtotal

    @property
    def total(self) -> Money:
        """What the total comes to more or less."""
        return self.corrected.total - self.issued.total

    @property
    def due(self) -> Money:
        """What is left to pay (above 0), or to give back (below 0)."""
        return self.corrected.due - self.issued.due

    def verify(self) -> bool:
        """Whether the corrected statement proves itself, owes back as much, and each line's step recomputes."""
        same = self.refunds == self.corrected.refunds
        return same and self.corrected.verify() and all(line.step.check() for line in self.lines)

    def explain(self) -> str:
        """All of it in words."""
        head = visible(f"{self.issued.plan} for {self.issued.customer}, {self.issued.period!r}, corrected")
        refunds = refunds_in_words(self.refunds)
        return "\n".join([head, "", *(line.explain() for line in self.lines), "", f"due: {self.due}", *refunds])

    def __repr__(self) -> str:
        return f"<Adjustment of {self.issued.customer!r} for {self.issued.period!r}: {self.due} due>"

    def to_json(self) -> dict[str, Any]:
        """Plain data with both statements, to be kept for the next correction; amounts are text."""
        currency = self.issued.currency
        amounts = {"subtotal": self.subtotal, "total": self.total, "due": self.due}
        return {
            "adjustment": 1,
            "customer": self.issued.customer,
            "plan": self.issued.plan,
            "period": self.issued.period.to_json(),
            "currency": {"code": str(currency), "places": currency.places},
            "lines": [line.to_json() for line in self.lines],
            **{name: shown(amount.amount, currency) for name, amount in amounts.items()},
            **shown_refunds(self.refunds),
            "issued": self.issued.to_json(),
            "corrected": self.corrected.to_json(),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Adjustment:
        """
        Read back what `to_json` wrote: the lines and sums follow from the two statements.

        Raises:
            MismatchError: `adjustment.version`; `statement.*` where one of the statements cannot be read.
        """
        if not isinstance(told, Mapping) or told.get("adjustment") != 1:
            words = "this is not an adjustment that can be read; expected version 1"
            raise MismatchError(words, code="adjustment.version")
        issued, corrected = (Statement.from_json(told.get(name, {})) for name in ("issued", "corrected"))
        try:
            refunds = read_refunds(told)
        except (TypeError, ValueError) as error:
            if isinstance(error, RatecardError):
                raise
            words = "its refunds are not what to_json wrote; store the whole of it"
            raise MismatchError(words, code="statement.form") from None
        return cls(issued, corrected, refunds=refunds)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Adjustment):
            return NotImplemented
        mine = (self.issued, self.corrected, self.refunds)
        return mine == (other.issued, other.corrected, other.refunds)

    def __hash__(self) -> int:
        return hash((self.issued, self.corrected))


def rerate(
    issued: Statement,
    offer: Offer,
    subscription: Subscription,
    records: Iterable[Any],
    *,
    carry: Carry | None = None,
    without: Iterable[Identity] = (),
    cards: Literal["same", "any"] = "same",
    ledger: Ledger | None = None,
    at: datetime | str | None = None,
    layout: Layout | None = None,
) -> Adjustment:
    """
    Rate an issued period again and book the difference.

    Args:
        issued: the statement; that of the last correction where there was one.
        offer: the plan, or a catalog of plans.
        subscription: as it is known now.
        records: all usage of the period as it is known now, late records among it.
        carry: what the issued statement was rated with.
        without: records that are reversed: ids, or pairs of source and id.
        cards: `same` refuses when a price on the issued statement is not to be had any more; `any` corrects prices too.
        ledger: the customer's credits as they are now, with what the issued statement posted; where None, as the issued
            statement left them.
        at: when it is booked, which decides what credits that come back are worth; None is the end of the period.
        layout: where the parts of a record stand in rows of one's own.

    Raises:
        MismatchError: `rerate.customer` when the statement is another's, `rerate.version` when a card was edited,
            `rerate.without` when a record to reverse is not there, `rerate.cards`, `ledger.missing` when credits paid
            and nothing tells what became of them, `currency.mixed`, `argument.type`; and as `rate`.

    >>> from ratecard import Item, Meter, Period, Plan, UsageRecord, meters, prices, rate
    >>> tiers = prices.Graduated(tiers=[prices.Tier(up_to=2, unit_price="1"), prices.Tier(unit_price="0.5")])
    >>> plan = Plan.single("api", currency="USD", items=[Item(key="calls", meter="calls", price=tiers)],
    ...     meters=[Meter(key="calls", event="call", aggregate=meters.Count())])
    >>> acme = plan.subscribe("acme", start="2025-01-01")
    >>> calls = [UsageRecord("call", f"2025-01-{day}T00:00:00Z", id=str(day)) for day in (10, 11, 12)]
    >>> january = rate(plan, acme, calls, Period.month(2025, 1))
    >>> rerate(january, plan, acme, calls, without=["11"]).lines
    (<AdjustmentLine of calls@2025-01-01T00:00:00Z: -0.50 USD>,)
    """
    expect(issued, Statement, "the issued statement", "give what rate made; stored data is read by Statement.from_json")
    expect(subscription, Subscription, "the subscription", "write plan.subscribe(customer, start=...)")
    expect_many(without, "the records to reverse", "give a list of ids, also where there is one")
    if cards not in ("same", "any"):
        raise MismatchError(f"cards is 'same' or 'any', not {cards!r}", code="rerate.cards")
    if issued.customer != subscription.customer:
        raise MismatchError(
            f"the statement is of {issued.customer!r}, the subscription of {subscription.customer!r}; pass the "
            "subscription of the same customer",
            code="rerate.customer",
        )
    if ledger is None:
        ledger = issued.ledger
    if ledger is None and issued.entries:
        words = "credits paid for what was issued; pass ledger= as it is now, with what the statement posted"
        raise MismatchError(words, code="ledger.missing")
    terms = resolve(offer, subscription, issued.period, carry=carry, ledger=ledger)
    tally = measure(terms, _without(records, without, layout), layout=layout)
    booked = None if at is None else instant(at)
    corrected = settle(charge(terms, tally, ledger=ledger, booked=booked))
    if corrected.currency != issued.currency:
        raise MismatchError(f"{issued.currency} was issued, not {corrected.currency}", code="currency.mixed")
    if cards == "same":
        _check_versions(issued, corrected, offer, subscription)
    return Adjustment(issued, corrected, refunds=corrected.refunds)


def postponed(records: Iterable[UsageRecord], period: Period) -> list[UsageRecord]:
    """
    Late records as if they had happened at the first instant of a period, the rest as they are.

    So what comes too late for a closed period is billed in the next one, at its prices and in its tiers. Records of
    several times stay in their order, a microsecond apart: give all of them at once. How long there was between them
    is lost, so windows of outcomes do not see it; `rerate` corrects the closed period instead.

    >>> from ratecard import Period, UsageRecord
    >>> late = UsageRecord("call", "2025-01-31T23:59:00Z", id="1")
    >>> postponed([late], Period.month(2025, 2))[0].at.isoformat()
    '2025-02-01T00:00:00+00:00'

    Raises:
        MismatchError: `argument.type`.
    """
    words = "give a list of records; rows of one's own are read by Layout.record"
    expect_many(records, "the records", words, alone=UsageRecord)
    expect(period, Period, "the period", "write Period.month(2025, 1) or Period(start, end)")
    held = list(records)
    for record in held:
        expect(record, UsageRecord, "a record", "give UsageRecords; rows of one's own are read by Layout.record")
    times = sorted({record.at for record in held if record.at < period.start})
    last = period.end - _MICRO
    moved = {at: min(period.start + place * _MICRO, last) for place, at in enumerate(times)}
    return [_moved(record, moved[record.at]) if record.at in moved else record for record in held]


def _moved(record: UsageRecord, at: datetime) -> UsageRecord:
    return UsageRecord(
        record.event, at, record.properties, customer=record.customer, source=record.source, id=record.id
    )


def _differ(before: LineItem | None, after: LineItem | None) -> bool:
    if before is None or after is None:
        return True
    return before.rounded != after.rounded or before.quantity != after.quantity


def _without(records: Iterable[Any], without: Iterable[Identity], layout: Layout | None) -> Iterable[Any]:
    """The records less those that are reversed."""
    expect_many(records, "the records", "give a list of them, also where there is one", alone=UsageRecord)
    gone = {each if isinstance(each, tuple) else (None, each) for each in without}
    if not gone:
        return records
    if layout is not None:
        raise MismatchError(
            "rows of one's own are reversed by leaving them out; leave out without", code="rerate.without"
        )
    every = list(records)
    there = {_identity(record) for record in every}
    lost = sorted(name for source, name in gone if (source, name) not in there)
    if lost:
        words = f"no record has the identity {lost[0]!r}; give its source as well, or the records that hold it"
        raise MismatchError(words, code="rerate.without")
    return [record for record in every if _identity(record) not in gone]


def _identity(record: Any) -> tuple[object, object]:
    """The source and id of a record, or of its JSON form; what is neither has none, and is refused when it is read."""
    if isinstance(record, Mapping):
        found = (record.get("source"), record.get("id"))
        return found if all(each is None or isinstance(each, str) for each in found) else (None, None)
    return (record.source, record.id) if isinstance(record, UsageRecord) else (None, None)


def _check_versions(issued: Statement, corrected: Statement, offer: Offer, subscription: Subscription) -> None:
    """Cards are appended, never edited: an issued price, or a term across lines, that is nowhere was edited."""
    keys = {subscription.plan, *(getattr(change, "plan", subscription.plan) for change in subscription.changes)}
    known: set[str] = set()
    for plan in (offer.get(key) for key in sorted(keys)):
        known.update(card.digest for card in plan.cards)
        known.update(digests_across(plan))
    known.update(line.version for line in corrected.lines)
    for line in issued.lines:
        if line.kind != "credits" and line.version not in known:
            raise MismatchError(
                f"the price of {line.key!r} on the issued statement is not to be had any more; append a card and leave "
                "the old one as it was, or correct the price too with cards='any'",
                code="rerate.version",
            )
