"""
Statement: what is owed for a period, and why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .._kinds import expect
from .._numbers import CONTEXT, ZERO, Exact, quantize
from .._visible import is_sound, visible
from ..credits import Due, Entry, Ledger, entry_from_json
from ..errors import MismatchError, RatecardError
from ..money import Currency, Money, shown
from ..periods import Period
from ..plans import Carry, Order
from ._bookings import Room, SoFarTaken
from ._carried import carried
from ._charges import Charges
from ._difference import Difference, differences
from ._line import LineItem
from ._line_kinds import CHARGES, Kind
from ._paid import Paid, agree, owed_back, paid_before, read_paid, shown_paid
from ._plain import currency_of, read_refunds, refunds_in_words, shown_refunds
from ._sheet import Notice
from ._story import Virtual
from ._tally import Account
from ._wallet import Wallet

__all__ = ["SUMS", "Statement", "StatementHead"]

SUMS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (
        "subtotal",
        ("usage", "fee", "reversal", "trial", "discount", "coupon", "maximum", "minimum", "commitment", "overage"),
    ),
    ("total", ("prepaid", "tax")),
    ("due", ("credits",)),
)
"""The sums of a statement, each with the kinds of lines it adds to the one before; included tax is in them already."""


class StatementHead:
    """What a statement is about, apart from its figures; immutable by contract."""

    __slots__ = ("currency", "customer", "digest", "order", "period", "plan")

    def __init__(
        self, *, customer: str, plan: str, digest: str, period: Period, currency: Currency, order: Order
    ) -> None:
        self.customer = customer
        self.plan = plan
        self.digest = digest
        self.period = period
        self.currency = currency
        self.order = order

    def content(self) -> tuple[object, ...]:
        """All of it, to compare."""
        return (self.customer, self.plan, self.digest, self.period, self.currency, self.order)


class Statement:
    """
    What one customer owes for one period. Made by `settle` (or `rate`); immutable by contract.

    Attributes:
        customer, plan, digest, period, currency: what was rated; `digest` is the plan's.
        lines: the line items, in the order of the card, then what the stages across them made, in the order of these.
        subtotal: what is billed after discounts, floors and ceilings; `total` after prepaid draws, with tax; `due` what
            is left to pay after credits.
        notices: what is told beside the lines: coupons that were not used, and why; what a forgotten carry would tell.
        order: the order of operations that was followed.
        entries: what to post to the customer's ledger; posting twice adds nothing.
        refunds: what is owed back in money beside `due`, exact, by currency: the cost of credits that were paid for and
            come back to a lot that is over. Of a promotional lot they are void.
        paid_before: what credits had paid of it by entries that were posted before, by unit and lot (no lot for what
            was owed); empty on a statement that is not made again.
        ledger: the ledger with these entries in it; None where there are no credits, and on a statement read back from
            JSON, beside which it is stored. A pickle keeps it, with all its entries.
        account: where every usage record went; None where the tally held many customers.
        carry: what the next period needs to know; None on a statement read back from JSON, since it is stored beside
            it.
    """

    __slots__ = (
        "_billed", "_carry", "_charges", "_coupons", "_drawn", "_due", "_rooms", "_subtotal", "_taken", "_total",
        "_unpaid", "_virtual", "account", "entries", "head", "ledger", "lines", "notices", "paid_before", "refunds",
    )  # fmt: skip

    def __init__(
        self,
        head: StatementHead,
        *,
        lines: Sequence[LineItem],
        subtotal: Decimal,
        total: Decimal,
        due: Decimal,
        account: Account | None,
        charges: Charges | None,
        notices: Sequence[Notice] = (),
        drawn: Mapping[str, Exact] | None = None,
        coupons: Mapping[str, int] | None = None,
        billed: Mapping[str, Any] | None = None,
        wallet: Wallet | None = None,
        entries: Sequence[Entry] = (),
        refunds: Sequence[Due] = (),
        paid: Paid | None = None,
        rooms: Mapping[str, Sequence[Room]] | None = None,
        taken: SoFarTaken | None = None,
    ) -> None:
        self._rooms = rooms
        self._taken = taken
        self.entries: tuple[Entry, ...] = tuple(entries) if wallet is None else wallet.entries()
        self.paid_before: Paid = (paid or {}) if wallet is None else paid_before(wallet.paid, self.entries)
        self.refunds: tuple[Due, ...] = tuple(refunds) if wallet is None else wallet.refunds()
        self.ledger: Ledger | None = None if wallet is None else wallet.ledger()
        self._virtual: Virtual | None = None if wallet is None else wallet.virtual
        self._unpaid = None if wallet is None else wallet.unpaid
        self.notices = tuple(notices) if wallet is None else (*notices, *wallet.notices)
        self._drawn = drawn
        self._coupons = coupons
        self._billed = billed
        self.head = head
        self.lines = tuple(lines)
        self._subtotal = subtotal
        self._total = total
        self._due = due
        self.account = account
        self._charges = charges
        self._carry: Carry | None = None

    @property
    def customer(self) -> str:
        """The customer's key."""
        return self.head.customer

    @property
    def plan(self) -> str:
        """The plan's key."""
        return self.head.plan

    @property
    def digest(self) -> str:
        """The digest of the plan that was rated."""
        return self.head.digest

    @property
    def period(self) -> Period:
        """What was billed."""
        return self.head.period

    @property
    def currency(self) -> Currency:
        """The currency of all amounts."""
        return self.head.currency

    @property
    def order(self) -> Order:
        """The order of operations that was followed."""
        return self.head.order

    @property
    def subtotal(self) -> Money:
        """What is billed, after discounts, floors and ceilings."""
        return Money.make(self._subtotal, self.head.currency)

    @property
    def total(self) -> Money:
        """The subtotal after prepaid draws, with tax."""
        return Money.make(self._total, self.head.currency)

    @property
    def due(self) -> Money:
        """What is left to pay."""
        return Money.make(self._due, self.head.currency)

    @property
    def carry(self) -> Carry | None:
        """What the next period needs to know, worked out on first reading."""
        if self._carry is None and self._charges is not None:
            self._carry = carried(
                self._charges, self.lines, drawn=self._drawn, coupons=self._coupons, billed=self._billed,
                virtual=self._virtual, unpaid=self._unpaid, rooms=self._rooms, taken=self._taken,
            )  # fmt: skip
        return self._carry

    def line(self, key: str) -> LineItem:
        """
        The one line of an item, or the line with a whole key.

        The price's own line goes before what tops the item up or takes something off.

        Raises:
            MismatchError: `line.none` or `line.several`.
        """
        mine = self.lines_of(key)
        found = [line for line in self.lines if line.key == key]
        found = found or [line for line in mine if line.kind in CHARGES] or list(mine)
        if len(found) == 1:
            return found[0]
        if not found:
            there = ", ".join(dict.fromkeys(line.item for line in self.lines)) or "no lines"
            raise MismatchError(f"no line of {key!r}; there are {visible(there)}", code="line.none")
        keys = visible(", ".join(line.key for line in found[:5]))
        raise MismatchError(
            f"{len(found)} lines of {key!r}; read them by lines_of, or one by its key: {keys}",
            code="line.several",
        )

    def lines_of(self, item: str) -> tuple[LineItem, ...]:
        """All lines of an item."""
        return tuple(line for line in self.lines if line.item == item)

    def lines_by(self, kind: Kind) -> tuple[LineItem, ...]:
        """All lines of a kind, such as `tax`."""
        return tuple(line for line in self.lines if line.kind == kind)

    def verify(self) -> bool:
        """
        Whether the statement proves itself: every step recomputes, every line's last step gives its amount, keys are
        distinct, shares fall on lines that are there, and the lines add up to the subtotal, total and due. What credits
        paid by its lines is, lot by lot, what its entries draw, and what had been drawn before. Where something is
        owed back, an entry takes it back; how much that cost is held against the ledger, where the statement has it.
        """
        keys = {line.key for line in self.lines}
        sums = [self.subtotal.amount, self.total.amount, self.due.amount] == [added for _, _, added in self._added()]
        sums = sums and all(key in keys for line in self.lines for key, _ in line.shares)
        same = all(line.currency == self.currency for line in self.lines)
        sound = sums and same and len(keys) == len(self.lines) and all(line.verify() for line in self.lines)
        sound = sound and owed_back(self.refunds, self.entries, self.ledger)
        return sound and agree(self.lines, self.entries, self.paid_before)

    def _added(self) -> list[tuple[str, list[LineItem], Decimal]]:
        """Each sum with the lines it adds to the one before."""
        found: list[tuple[str, list[LineItem], Decimal]] = []
        added = ZERO
        for name, kinds in SUMS:
            lines = [line for line in self.lines if line.kind in kinds]
            for line in lines:
                added = CONTEXT.add(added, line.rounded)
            found.append((name, lines, added))
        return found

    def explain(self) -> str:
        """The whole statement in words: every line with its steps, the sums, and the order of operations."""
        parts = [visible(f"{self.plan} for {self.customer}, {self.period!r}, in {self.currency}"), ""]
        parts.extend(line.explain() for line in self.lines)
        parts.extend(["", *(str(notice) for notice in self.notices)] if self.notices else [])
        parts += [
            "",
            *self._sums_in_words(),
            *refunds_in_words(self.refunds),
            "",
            f"order of an item: {', '.join(self.order.items)}",
            f"order of the statement: {', '.join(self.order.statement)}",
        ]
        return "\n".join(parts)

    def _sums_in_words(self) -> list[str]:
        """The three sums; each shows what it adds to the one before."""
        found: list[str] = []
        before: list[str] = []
        for name, lines, _ in self._added():
            amount: Money = getattr(self, name)
            parts = [*before, *(shown(line.rounded, self.currency) for line in lines)]
            told = f"{' + '.join(parts) or '0'} = " if len(parts) > 1 or not found else ""
            found.append(f"{name}: {told}{amount}")
            before = [shown(amount.amount, self.currency)]
        return found

    def diff(self, other: Statement) -> list[Difference]:
        """
        The lines that differ between this statement and a later one, by key, in the order of this one, then of the
        other. Lines of two periods that have no time in common are never the same line.

        Raises:
            MismatchError: `currency.mixed`, `argument.type`.
        """
        expect(other, Statement, "the other", "give a statement; stored data is read by Statement.from_json")
        if other.currency != self.currency:
            raise MismatchError(f"{self.currency} and {other.currency} do not compare", code="currency.mixed")
        return differences(self.lines, other.lines, apart=self.period.overlap(other.period) is None)

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, Statement) else NotImplemented

    def _content(self) -> tuple[object, ...]:
        return (
            self.head.content(), self.lines, self._subtotal, self._total, self._due, self.account, self.notices,
            self.entries, self.paid_before, self.refunds,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.customer, self.plan, self.period, self.due))

    def __reduce__(self) -> tuple[object, ...]:
        # By way of its plain data, so that what comes out is read like any other; the carry and the ledger beside it.
        return (Statement._restored, (self.to_json(), self.carry, self.ledger))

    @classmethod
    def _restored(cls, told: Mapping[str, Any], carry: Carry | None, ledger: Ledger | None = None) -> Statement:
        found = cls.from_json(told)
        found._carry, found.ledger = carry, ledger
        return found

    def __repr__(self) -> str:
        return f"<Statement of {self.customer!r} for {self.period!r}: {self.due} due>"

    def __str__(self) -> str:
        lines = [line.headline() for line in self.lines]
        return "\n".join([*lines, f"due: {self.due}"])

    def to_json(self) -> dict[str, Any]:
        """Plain data that is the same for equal statements; amounts are text."""
        return {
            "statement": 1,
            "customer": self.customer,
            "plan": self.plan,
            "digest": self.digest,
            "period": self.period.to_json(),
            "currency": {"code": str(self.currency), "places": self.currency.places},
            "lines": [line.to_json() for line in self.lines],
            "subtotal": shown(self.subtotal.amount, self.currency),
            "total": shown(self.total.amount, self.currency),
            "due": shown(self.due.amount, self.currency),
            **({"notices": [notice.to_json() for notice in self.notices]} if self.notices else {}),
            **({"entries": [entry.to_json() for entry in self.entries]} if self.entries else {}),
            **shown_paid(self.paid_before),
            **shown_refunds(self.refunds),
            "order": {"items": list(self.order.items), "statement": list(self.order.statement)},
            "account": None if self.account is None else self.account.to_json(),
        }

    def dumps(self) -> str:
        """The plain data as JSON text."""
        told = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        # Half of a surrogate pair, such as an id may hold, is JSON only as an escape.
        return told if is_sound(told) else json.dumps(self.to_json(), indent=2)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Statement:
        """
        Read back what `to_json` wrote.

        Raises:
            MismatchError: `statement.version`, or `statement.form` when a part is missing or of another type.
        """
        if not isinstance(told, Mapping) or told.get("statement") != 1:
            raise MismatchError("this is no statement that can be read; expected version 1", code="statement.version")
        try:
            return cls._read(told)
        except RatecardError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # Which part it is, where Python says so: the name of a field that is missing.
            what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else "a part has another type"
            raise MismatchError(f"this is not what to_json wrote: {what}", code="statement.form") from None

    @classmethod
    def _read(cls, told: Mapping[str, Any]) -> Statement:
        places = told["currency"]["places"]
        currency = currency_of(told["currency"]["code"], places)
        amounts: dict[str, Decimal] = {
            name: quantize(Money(told[name], currency).amount, places) for name in ("subtotal", "total", "due")
        }
        account = None if told["account"] is None else Account.from_json(told["account"])
        head = StatementHead(
            customer=told["customer"],
            plan=told["plan"],
            digest=told["digest"],
            period=Period.from_json(told["period"]),
            currency=currency,
            order=Order(items=told["order"]["items"], statement=told["order"]["statement"]),
        )
        lines = [LineItem.from_json(line, currency) for line in told["lines"]]
        notices = [Notice(each["code"], each["key"], each["text"]) for each in told.get("notices", ())]
        entries = [entry_from_json(each) for each in told.get("entries", ())]
        return cls(
            head, lines=lines, account=account, charges=None, notices=notices, drawn=None, coupons=None,
            entries=entries, refunds=read_refunds(told), paid=read_paid(told),
            subtotal=amounts["subtotal"], total=amounts["total"], due=amounts["due"],
        )  # fmt: skip
