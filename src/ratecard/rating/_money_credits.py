"""
Credits in money: what lots pay of a statement, line by line, in the order of time.

A line is paid for its service. Where lots begin or end to pay inside it, it is cut: usage by the difference of what it
comes to up to each instant, the rest by time, as its item is prorated; taxes and discounts go along by share. A line
whose service is an instant, such as a fee that is due once, is paid for that instant. What a statement gives back in
credits goes to their lots (`_give_back`): of outcomes that are reversed, and of what earlier statements of the same
billing period billed (`_unpaid`). What it gives back in money is taken off its charges first, in their order, so
credits never pay more than there is to pay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from .._numbers import CONTEXT, ZERO, Exact, neg, sign, split, sub, total
from ..credits import Leave, Use
from ..money import Currency, Money
from ..periods import Period, share
from ..records import show_time
from ..steps import Step
from ._give_back import GiveBack
from ._line import LineItem
from ._line_kinds import CHARGES
from ._outcomes import is_outcomes
from ._sheet import Entry, Notice, Sheet, given
from ._spread import dealt, kept
from ._unpaid import About, Owed, Unpaid, about_of
from ._wallet import Wallet
from ._wants import Want

__all__ = ["Elsewhere", "pay_by_credits"]


class Part:
    """What is to be paid of a line from one instant on; `before` where it was due in money before."""

    __slots__ = ("amount", "at", "before", "entry", "line", "open", "use")

    def __init__(
        self, entry: Entry, line: LineItem, at: datetime, amount: Decimal, use: Use, before: Owed | None = None
    ) -> None:
        self.entry = entry
        self.line = line
        self.at = at
        self.amount = amount
        self.open = amount
        self.use = use
        self.before = before

    def want(self, currency: Currency) -> Want:
        """What is asked of credits."""
        line, money, before = self.line, Money.make(self.amount, currency), self.before
        if before is None:
            return Want(line.key, line.period.start, money, self.at, self.use, line.due, Leave())
        return Want(f"{line.key}|{before.key}", self.at, money, self.at, self.use, before.settled, Leave())

    def owed(self) -> Owed:
        """What of it no lot paid."""
        line = self.line
        return Owed(line.item, line.group, meter=self.use.meter, at=self.at, settled=line.due, amount=self.open)


Elsewhere: TypeAlias = Sequence[tuple[str, About, Decimal]]
"""By the keys of entries: what of that which credits paid of them they paid for something else, and for what."""


def pay_by_credits(sheet: Sheet, wallet: Wallet) -> Elsewhere:
    """Draw on the lots in the statement's currency, and add a line for each that paid."""
    terms, unpaid = sheet.terms, wallet.unpaid
    assert unpaid is not None
    back = GiveBack(sheet, wallet, unpaid, _owed(sheet))
    lines = {line.key: line for line in sheet.lines}
    elsewhere = list(back.elsewhere)
    parts: list[Part] = []
    for entry, amount in _payable(sheet, unpaid, back, lines, elsewhere):
        parts += _parts(sheet, wallet, entry, lines[entry.key], amount)
    for entry, owed, amount in unpaid.asks:
        parts.append(Part(entry, lines[entry.key], owed.at, amount, owed.use(terms.customer), owed))
    back.book(unpaid.since)
    paid: dict[str, list[tuple[Part, Decimal]]] = {}
    cells: dict[str, dict[str, Decimal]] = {}
    found = [(part, part.want(terms.currency)) for part in parts]
    found.sort(key=lambda each: (wallet.paying(each[1]), each[0].at))
    until = wallet.paying(found[-1][1]) if found else None
    # Of many groups most use nothing between two instants.
    asked = [(part, want) for part, want in found if part.amount]
    draws = wallet.pay([want for _, want in asked], home=True, again=back.again())
    for (part, _), held in zip(asked, draws, strict=True):
        part.open = held.uncovered
        for lot, amount in held.parts:
            paid.setdefault(lot, []).append((part, amount))
            mine = cells.setdefault(part.entry.key, {})
            mine[lot] = CONTEXT.add(mine.get(lot, ZERO), amount)
            if part.before is not None:
                elsewhere.append((part.entry.key, part.before.about, amount))
    if until is not None:
        wallet.roll(until)
    back.close()
    open_ = [part for part, _ in asked if part.open and part.before is None]
    if wallet.settles and open_:
        _tell_over(sheet, wallet, open_)
    # A lot may be finer than money is paid, such as the half that rolled over of one: lines are rounded together.
    whole = sheet.rounded(neg(total(each for mine in cells.values() for each in mine.values()))).copy_negate()
    rounded = dealt(list(cells.values()), whole, terms.currency.places)
    shares = dict(zip(cells, rounded, strict=True))
    for lot_id, some in paid.items():
        taken = {part.entry: shares[part.entry.key][lot_id].copy_negate() for part, _ in some}
        _line(sheet, wallet, lot_id, some, taken.items())
    owing: dict[str, list[Owed]] = {}
    for part, _ in found:
        if part.before is None:
            owing.setdefault(part.entry.key, []).append(part.owed())
    unpaid.close(_owed(sheet), owing, sheet.undone, drew=bool(paid))
    return elsewhere


def _tell_over(sheet: Sheet, wallet: Wallet, parts: Sequence[Part]) -> None:
    """
    Tell of lots that were there for the service of a line, but over when it is due, which is all that counts.

    So a lot that ends with the period pays nothing that is due in arrears; nobody would find out otherwise.
    """
    terms = sheet.terms
    for holding in wallet.work.lots():
        lot, expiry = holding.lot, holding.lot.expiry
        if not holding.left or lot.unit != terms.currency or expiry is None or expiry > terms.period.end:
            continue
        for part in parts:
            line = part.line
            there = lot.effective < line.period.end and line.period.start < expiry <= line.due
            if there and lot.scope.covers(part.use):
                words = f"over at {show_time(expiry)}, no later than {line.key} is due; let it last longer"
                sheet.notices.append(Notice("credit.over", lot.id, words))
                break


def _owed(sheet: Sheet) -> list[tuple[Entry, Decimal]]:
    """What each entry comes to, with the taxes that fall on it."""
    taxes: dict[str, Decimal] = {}
    for line in sheet.lines:
        for key, part in line.shares if line.kind == "tax" else ():
            taxes[key] = CONTEXT.add(taxes.get(key, ZERO), part)
    return [(entry, CONTEXT.add(entry.net, taxes.get(entry.key, ZERO))) for entry in sheet.entries]


def _payable(
    sheet: Sheet, unpaid: Unpaid, back: GiveBack, lines: Mapping[str, LineItem],
    elsewhere: list[tuple[str, About, Decimal]],
) -> list[tuple[Entry, Decimal]]:  # fmt: skip
    """What is left to pay of each entry, when it is settled what of the billing period so far goes back to lots."""

    def lots(entry: Entry, about: About | None, amount: Decimal) -> Decimal:
        came = ZERO
        for draw, some in back.to_lots(entry, about, amount):
            came = CONTEXT.add(came, some)
            if about is None:
                elsewhere.append((entry.key, about_of(draw.use), some.copy_negate()))
        return came

    every = _owed(sheet)
    if unpaid.begun:
        return unpaid.payable(every, lines, lots, reversed_=sheet.undone.keys(), ended=_ended(sheet, unpaid))
    owed = ZERO
    for _, amount in every:
        if amount < ZERO:
            owed = CONTEXT.subtract(owed, amount)
    found: list[tuple[Entry, Decimal]] = []
    for entry, amount in every:
        off = min(owed, max(amount, ZERO))
        owed = CONTEXT.subtract(owed, off)
        found.append((entry, CONTEXT.subtract(max(amount, ZERO), off)))
    return found


def _ended(sheet: Sheet, unpaid: Unpaid) -> set[str]:
    """The keys of what takes off something that was billed before the billing period: it is no part of that."""
    return {key for key, undone in sheet.undone.items() if undone.start < unpaid.since}


def _parts(sheet: Sheet, wallet: Wallet, entry: Entry, line: LineItem, amount: Decimal) -> list[Part]:
    """A line's amount by the instants at which lots begin or end to pay for it."""
    terms, period = sheet.terms, line.period
    service = sheet.service(line) if line.kind in CHARGES else None
    meter = None if service is None or service[0].meter is None else service[0].meter.key
    use = Use(line.item or None, meter=meter, dimensions=dict(line.group), customer=terms.customer)
    at = line.due if period.empty else period.start
    weights = sheet.weights.get(line.key, [])
    cuts = [period.start, *wallet.marks(terms.currency, period.start, period.end)]
    told = [each for each, _ in weights]
    if weights and (service is None or is_outcomes(service[0])):
        # Outcomes have cuts of their own: they may become billable outside the period of their line.
        cuts = told
    if len(cuts) == 1:
        return [Part(entry, line, at, amount, use)]
    if told != cuts or not any(sign(each) for _, each in weights):
        how = terms.plan.proration if service is None else service[1].item.prorate or terms.plan.proration
        ends = [min(max(cut, period.start), period.end) for cut in (*cuts[1:], period.end)]
        parts = [share(Period(period.start, end, zone=terms.zone), period, how) for end in ends]
        weights = _differences(cuts, parts)
    amounts, _ = kept([weight for _, weight in weights])
    shares = split(amount, amounts, terms.currency.step)
    return [Part(entry, line, mark, some, use) for (mark, _), some in zip(weights, shares, strict=True)]


def _differences(marks: Sequence[datetime], ends: Sequence[Exact]) -> list[tuple[datetime, Exact]]:
    found: list[tuple[datetime, Exact]] = []
    last: Exact = ZERO
    for mark, end in zip(marks, ends, strict=True):
        found.append((mark, sub(end, last)))
        last = end
    return found


def _line(
    sheet: Sheet, wallet: Wallet, lot_id: str, some: Sequence[tuple[Part, Decimal]],
    taken: Collection[tuple[Entry, Decimal]],
) -> None:  # fmt: skip
    """The line of what one lot paid."""
    lot = wallet.lot(lot_id)
    steps = [given(amount, part.entry.key) for part, amount in some]
    drawn = Step.of("sum", (), parts=steps, note=f"paid by {lot_id}")
    step = Step.of("scaled", [("factor", Decimal(-1))], parts=[drawn])
    terms = sheet.terms
    sheet.line("credits", lot_id, lot.key, step, over=taken, version=terms.plan.digest, period=terms.period, dealt=True)
    for entry, amount in taken:
        entry.net = CONTEXT.add(entry.net, amount)
