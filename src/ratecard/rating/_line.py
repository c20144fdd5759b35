"""
A line item: one price of one item, for one group, over one stretch of service.

Amounts come first and steps are derived when they are read: a line keeps what it needs to derive them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, get_args

from .._numbers import ONE, Exact, Rounding, exact, number, quantize, sub, text, total
from .._visible import visible
from ..errors import MismatchError, RatecardError
from ..money import Currency, Money, shown
from ..periods import Period
from ..records import read_time, show_time
from ..steps import Step
from ._evidence import Evidence
from ._line_key import Group, line_key
from ._line_kinds import CHARGES, Kind
from ._priced import priced

__all__ = ["LineHead", "LineItem", "less"]


class LineHead:
    """
    What a line is about, apart from its figures; lines of many statements share one. Immutable by contract.

    Attributes:
        key, item, name, group, unit, currency, period, due, version: as `LineItem` has them.
        kind: what the line is.
        shares: how the amount of a line across others falls on them, by their keys.
        places, mode: how the amount is rounded.
        evidence: what proves a line of outcomes; None on other lines.
    """

    __slots__ = (
        "currency", "due", "evidence", "group", "item", "key", "kind", "mode", "name", "period", "places", "shares",
        "unit", "version",
    )  # fmt: skip

    def __init__(
        self,
        key: str,
        *,
        item: str,
        name: str,
        group: Group,
        unit: str,
        currency: Currency,
        period: Period,
        due: datetime,
        version: str,
        mode: Rounding = "half_up",
        kind: Kind = "usage",
        shares: Sequence[tuple[str, Decimal]] = (),
        evidence: Evidence | None = None,
    ) -> None:
        self.key = key
        self.evidence = evidence
        self.kind: Kind = kind
        self.shares = tuple(shares)
        self.item = item
        self.name = name
        self.group = group
        self.unit = unit
        self.currency = currency
        self.period = period
        self.due = due
        self.version = version
        self.places = currency.places
        self.mode: Rounding = mode

    def rounded(self, amount: Exact) -> Decimal:
        """The amount as a line shows it."""
        return quantize(amount, self.places, self.mode)

    def step(self, last: Step, rounded: Decimal) -> Step:
        """The step that rounds a line."""
        return Step("round", (("places", Decimal(self.places)), ("mode", self.mode)), rounded, parts=[last])


class LineItem:
    """
    One line of a statement. Immutable by contract.

    Attributes:
        key: stable: kind, item, group and start of service. The same line of a re-rated statement has the same key; two
            statements may each have a line of one key, so what is stored of lines goes by statement and key.
        kind: usage, fee or reversal; or trial, discount, coupon, maximum, minimum, commitment, overage, prepaid, tax,
            included_tax, credits.
        item: the item's key, on a line across others the key of what made it; `name` is what people read.
        group: dimensions and values, empty for a pooled item.
        quantity, unit: what was priced, exact.
        exact: the amount before rounding; `amount` after it.
        period: the stretch of service; `due` the instant at which it is due.
        version: the digest of the card whose price this is, or of the term that made a line across others.
        shares: how the amount of a line across others falls on them, by their keys; the shares add up to it.
        evidence: on a line of outcomes, what was promised and the records that prove it.
        steps: how the amount came about; the last one's result is the amount.
    """

    __slots__ = ("_derive", "_exact", "_steps", "head", "quantity", "rounded")

    def __init__(self, head: LineHead, quantity: Exact, amount: Exact, rounded: Decimal, derive: Derive) -> None:
        self.head = head
        self.quantity = quantity
        self._exact = amount
        self.rounded = rounded
        self._derive = derive
        self._steps: tuple[Step, ...] | None = None

    @property
    def key(self) -> str:
        """Kind, item, group and start of service; distinct within a statement."""
        return self.head.key

    @property
    def kind(self) -> Kind:
        """What the line is."""
        return self.head.kind

    @property
    def item(self) -> str:
        """The item's key."""
        return self.head.item

    @property
    def shares(self) -> tuple[tuple[str, Decimal], ...]:
        """How the amount falls on other lines, by their keys."""
        return self.head.shares

    @property
    def evidence(self) -> Evidence | None:
        """What proves a line of outcomes; None on other lines, and on an estimate."""
        return self.head.evidence

    @property
    def name(self) -> str:
        """What people read in the place of the key."""
        return self.head.name

    @property
    def group(self) -> Group:
        """Dimensions and values."""
        return self.head.group

    @property
    def unit(self) -> str:
        """The unit of the quantity."""
        return self.head.unit

    @property
    def currency(self) -> Currency:
        """The currency of the amounts."""
        return self.head.currency

    @property
    def period(self) -> Period:
        """The stretch of service."""
        return self.head.period

    @property
    def due(self) -> datetime:
        """The instant at which the line is due."""
        return self.head.due

    @property
    def version(self) -> str:
        """The digest of the card whose price this is."""
        return self.head.version

    @property
    def exact(self) -> Exact:
        """The amount before rounding, without zeros at its end, however it was reached."""
        found = self._exact
        return Decimal(text(found)) if isinstance(found, Decimal) else found

    @property
    def amount(self) -> Money:
        """What the line comes to, rounded."""
        return Money.make(self.rounded, self.head.currency)

    @property
    def remainder(self) -> Exact:
        """What rounding left: `exact - amount`."""
        return sub(self._exact, self.rounded)

    @property
    def steps(self) -> tuple[Step, ...]:
        """How the amount came about, derived on first reading."""
        if self._steps is None:
            self._steps = self._derive(self)
        return self._steps

    def moved(self, rounded: Decimal, why: str) -> LineItem:
        """The same line with another rounded amount, so that it adds up with others, and a step that says so."""
        if rounded == self.rounded:
            return self
        derive = self._derive
        difference = sub(rounded, self.rounded)

        def derived(_: LineItem) -> tuple[Step, ...]:
            *first, last = derive(self)
            change = Step("given", [("value", difference)], difference, note=why)
            return (*first, Step("sum", (), rounded, parts=[last, change]))

        return LineItem(self.head, self.quantity, self._exact, rounded, derived)

    def verify(self) -> bool:
        """
        Whether every step recomputes, the last one gives this line's amounts, and the key is that of its service.

        The quantity is compared with the step that prices it where that states it, as for each unit or in tiers, also
        below the stages of its item; what a stage made across lines has the quantity 1, and a fee has no unit.
        """
        named = line_key(self.kind, self.item, self.group, self.period.start)
        try:
            if self.key != named or not all(step.check() for step in self.steps):
                return False
            if self.shares and total(part for _, part in self.shares) != self.rounded:
                return False
            if self.evidence is not None and not self._proven(self.evidence):
                return False
            last = self.steps[-1]
            # The rounding of the line; above it stands at most what moved it to add up with others.
            rounding = last.parts[0] if last.rule == "sum" else last
            price = rounding.parts[0]
            if ("places", Decimal(self.head.places)) not in rounding.inputs or not self._falls_on(price):
                return False
            stated = priced(price) if self.kind in CHARGES else [ONE] if self.kind != "reversal" else []
            if (stated and self.quantity not in stated) or (self.kind == "fee" and self.unit):
                return False
            return last.result == self.rounded and price.result == self._exact
        except (RatecardError, ArithmeticError, LookupError, TypeError, ValueError):
            # Steps that were tampered with need not even compute.
            return False

    def _falls_on(self, price: Step) -> bool:
        """Whether a discount or a tax falls on lines that it is of, as its steps name them."""
        if self.kind not in ("discount", "coupon", "tax", "included_tax"):
            return True
        named, steps = set[str](), [price]
        while steps:
            step = steps.pop()
            named.add(step.note)
            steps += step.parts
        return all(key in named for key, _ in self.shares)

    def _proven(self, evidence: Evidence) -> bool:
        """Whether the evidence holds, and is of as many outcomes as the line says."""
        return evidence.verify() and self.quantity == evidence.added - evidence.removed

    def explain(self) -> str:
        """The line in words, each step checkable with a pencil; of outcomes, what was promised and what proves it."""
        proof = [] if self.evidence is None else [self.evidence.words(indent="  ")]
        return "\n".join([self.headline(), *(step.words(indent="  ") for step in self.steps), *proof])

    def headline(self) -> str:
        """Item, group, service, quantity and amount in one line of text."""
        return visible(self._headline())

    def _headline(self) -> str:
        group = " ".join(f"[{dimension}={value or '(none)'}]" for dimension, value in self.group)
        place = f"{self.name} {group}".strip()
        amount = f"{shown(self.rounded, self.currency)} {self.currency}"
        if self.kind not in CHARGES:
            # A line of credits has a group where they come back for what a reversal takes off.
            told = "back to credits" if self.kind == "credits" and group else _TOLD[self.kind]
            front = f"{told}: {place}" if place else told
            return f"{front}, {show_time(self.period.start)} to {show_time(self.period.end)}: {amount}"
        return (
            f"{place}, {show_time(self.period.start)} to {show_time(self.period.end)}: "
            f"{text(self.quantity)} {self.unit} = {amount}"
        ).replace("  ", " ")

    def _content(self) -> tuple[object, ...]:
        return (
            self.key, self.item, self.name, self.group, self.quantity, self.unit, self._exact, self.rounded,
            self.currency, self.period, self.due, self.version, self.kind, self.shares, self.evidence,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, LineItem) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.key, self._exact))

    def __reduce__(self) -> tuple[object, ...]:
        # By way of its plain data: how a line derives its steps cannot be written down, the steps can.
        return (LineItem.from_json, (self.to_json(), self.currency))

    def __repr__(self) -> str:
        return f"<LineItem {visible(self.key)}: {self.amount}>"

    def to_json(self) -> dict[str, Any]:
        """Plain data; amounts are text."""
        return {
            "key": self.key,
            "kind": self.kind,
            "item": self.item,
            "name": self.name,
            "group": [list(pair) for pair in self.group],
            "quantity": text(self.quantity),
            "unit": self.unit,
            "exact": text(self._exact),
            "amount": shown(self.rounded, self.currency),
            "period": self.period.to_json(),
            "due": show_time(self.due),
            "version": self.version,
            **({"shares": [[key, text(part)] for key, part in self.shares]} if self.shares else {}),
            **({} if self.evidence is None else {"evidence": self.evidence.to_json()}),
            "steps": [step.to_json() for step in self.steps],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any], currency: Currency) -> LineItem:
        """Read back what `to_json` wrote."""
        texts = [told[name] for name in ("key", "item", "name", "unit", "version")]
        if not all(isinstance(each, str) for each in texts):
            raise MismatchError("the key, item, name, unit and version of a line are text", code="statement.form")
        kind = told.get("kind", "usage")
        if kind not in get_args(Kind):
            raise MismatchError("a line has a kind that nobody knows; read what to_json wrote", code="statement.form")
        rounded = exact(told["amount"])
        if not isinstance(rounded, Decimal):
            raise MismatchError(
                f"the amount of line {told['key']!r} is not a number of decimals", code="statement.amount"
            )
        head = LineHead(
            told["key"],
            item=told["item"],
            name=told["name"],
            group=tuple((name, value) for name, value in told["group"]),
            unit=told["unit"],
            currency=currency,
            period=Period.from_json(told["period"]),
            due=read_time(told["due"]),
            version=told["version"],
            kind=kind,
            shares=[(key, number(part)) for key, part in told.get("shares", ())],
            evidence=Evidence.from_json(told["evidence"]) if "evidence" in told else None,
        )
        steps = tuple(Step.from_json(step) for step in told["steps"])
        amount = quantize(rounded, currency.places)
        return cls(head, exact(told["quantity"]), exact(told["exact"]), amount, lambda _: steps)


def less(amount: Exact, until: Step, before: Step, more: str = "") -> Step:
    """The step of a piece whose counter began before it."""
    note = f"counted to the end of this piece, less what was counted before it{more}"
    return Step("difference", (), amount, parts=[until, before], note=note)


_TOLD = {
    "reversal": "reversed",
    "trial": "free in the trial",
    "discount": "discount",
    "coupon": "coupon",
    "maximum": "cut at the maximum",
    "minimum": "up to the minimum",
    "commitment": "up to the commitment",
    "overage": "beyond the commitment",
    "prepaid": "drawn from what was prepaid",
    "tax": "tax",
    "included_tax": "tax included",
    "credits": "paid by credits",
}

Derive: TypeAlias = Callable[[LineItem], tuple[Step, ...]]
"""Derives the steps of a line."""
