"""
The stages across the lines, in the order of the plan, for each billing period that a statement has a part of.

What a plan states across its lines runs in its billing periods. Mostly a statement is one of them, and the stages work
on its lines. Of a billing period that statements before have billed a part of, they work on all of it so far. Taxes,
and what credits pay, are of the statement as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .._numbers import CONTEXT, ZERO, Exact
from ..errors import MismatchError
from ..periods import Period
from ..plans import AnyDiscount, Dues, PercentDiscount, Terms, Window, dues, windows
from ._adjust import KINDS, choose, discounts, maximum, taxes
from ._bookings import Room, SoFarTaken
from ._charges import Charges
from ._commit import commitments, minimum, prepaid
from ._floors import floor_starts
from ._line import LineItem
from ._line_kinds import TAXES
from ._mirrors import mirrors
from ._money_credits import pay_by_credits
from ._past import Booked, Past, past_of, told_past
from ._sheet import Notice, Sheet
from ._so_far import SoFar
from ._soft import soft
from ._trial import trials
from ._wallet import Wallet

__all__ = ["Across", "Staging", "across", "nothing_across", "staged_windows"]

_NOTHING = Dues((), (), discounts=(), coupons=(), missing=(), taxes=(), trials=())


class Staging:
    """
    What the stages of some terms work with, found out once.

    Attributes:
        windows: the billing periods, each with what its stages work with.
        whole: the same for the statement, for what is of all of it.
        past: what statements before have billed of the first one; None where there is nothing.
    """

    __slots__ = ("past", "whole", "windows")

    def __init__(self, held: Sequence[tuple[Window, Dues]], whole: Dues, past: Past | None) -> None:
        self.windows = tuple(held)
        self.whole = whole
        self.past = past


class Across:
    """What the stages make of a statement: its lines, its notices, and what the carry is told."""

    __slots__ = ("billed", "coupons", "drawn", "lines", "notices", "rooms", "taken")

    def __init__(
        self, lines: Sequence[LineItem], notices: Sequence[Notice], *, drawn: Mapping[str, Exact],
        coupons: Mapping[str, int], billed: Mapping[str, Any] | None, rooms: Mapping[str, Sequence[Room]],
        taken: SoFarTaken | None,
    ) -> None:  # fmt: skip
        self.lines = lines
        self.notices = notices
        self.drawn = drawn
        self.coupons = coupons
        self.billed = billed
        self.rooms = rooms
        self.taken = taken


def nothing_across(terms: Terms) -> Staging:
    """What stages work with where a plan states nothing: only credits have something to do."""
    return Staging([(Window(terms.period, begun=False, over=True), _NOTHING)], _NOTHING, None)


def staged_windows(terms: Terms) -> Staging:
    """
    The billing periods of a statement, with what their stages work with.

    Raises:
        MismatchError: `carry.missing`, when a discount or a coupon runs since before the rated period and nothing tells
            what it took off.
    """
    carry = terms.carry
    past = past_of(carry, terms.currency.places) if carry is not None and carry.billed else None
    held = windows(terms, None if past is None else past.since)
    if not held[0].begun:
        past = None
    since = [piece.start for service in terms.services if service.due is not None for piece in service.pieces]
    since += floor_starts(terms)
    since += [] if past is None else [each.start for each in past.lines]
    first, last = held[0], held[-1]
    found = [
        (window, dues(terms, window.period, since=[
            at for at in since
            if (window is first and at < window.period.end) or (window is last and at >= window.period.end)
        ]))
        for window in held
    ]  # fmt: skip
    rated = Period(first.period.start, terms.period.end, zone=terms.zone)
    whole = found[0][1] if len(found) == 1 else dues(terms, rated, since=since)
    if carry is None:
        _check_begun(terms, found[0][1])
    return Staging(found, whole, past)


def _check_begun(terms: Terms, held: Dues) -> None:
    """Refuse what would have to know what was billed before."""
    first = held.stretches[0] if held.stretches else None
    if first is None or not first.begun or first.start >= terms.period.start:
        return
    named: list[tuple[str, AnyDiscount]] = [
        *((f"discount {each.each.key}", each.each) for each in held.discounts),
        *((f"coupon {each.each.key}", each.each.discount) for each in held.coupons),
    ]
    spending = [f"coupon {each.each.key}" for each in held.coupons if each.each.minimum_spend is not None]
    several = [name for name, off in named if not isinstance(off, PercentDiscount) or off.maximum is not None]
    for name in [*several, *spending]:
        raise MismatchError(
            f"the {name} runs since {first.start.isoformat()}, before {terms.period!r} begins, and nothing tells what "
            "it took off since then; pass carry=statement.carry of the period before",
            code="carry.missing",
        )


def across(charges: Charges, staging: Staging, lines: Sequence[LineItem], wallet: Wallet | None) -> Across:
    """Every stage in the order of the plan."""
    alone = len(staging.windows) == 1 and staging.past is None
    window = staging.windows[0][0] if alone else None
    told = None if staging.past is None else staging.past.since
    whole = Sheet(charges, staging.whole, list(lines), window=window, told=told)
    mirrors(whole, "trial", charges.terms.plan.order.statement)
    trials(whole)
    sheets = [whole] if alone else _sheets(charges, staging, whole)
    if whole.runs_on:
        whole.remember([pair for pair in zip(lines, whole.entries, strict=True) if not pair[1].closed])
    for index, sheet in enumerate(sheets):
        if index:
            sheet.goes_on(sheets[index - 1])
        _stages(sheet, sheets, wallet)
    last = sheets[-1]
    return Across(
        whole.lines, _notices(sheets), drawn={**last.drawn, **whole.freed}, coupons=last.coupons,
        rooms=whole.rooms, taken=sheets[0].taken(), billed=_billed(sheets, whole) if last.runs_on else None,
    )  # fmt: skip


def _sheets(charges: Charges, staging: Staging, whole: Sheet) -> list[Sheet]:
    """A sheet for each billing period, with the entries that begin in it."""
    pairs = [pair for pair in zip(whole.lines, whole.entries, strict=False) if not pair[1].closed]
    found: list[Sheet] = []
    for index, (window, held) in enumerate(staging.windows):
        # What begins in none of them, such as a fee that is due at the very end, is the last one's.
        end = None if index == len(staging.windows) - 1 else window.period.end
        mine = [pair for pair in pairs if end is None or pair[1].at < end]
        pairs = [pair for pair in pairs if end is not None and pair[1].at >= end]
        if index == 0 and staging.past is not None:
            found.append(SoFar(charges, held, window=window, past=staging.past, whole=whole, now=mine))
            continue
        sheet = Sheet(charges, held, whole.lines, entries=[entry for _, entry in mine], window=window, whole=whole)
        if sheet.runs_on:
            sheet.remember(mine)
        found.append(sheet)
    return found


def _stages(sheet: Sheet, sheets: Sequence[Sheet], wallet: Wallet | None) -> None:
    """The stages of one billing period; what is of the statement as a whole comes with the last one."""
    order = sheet.terms.plan.order.statement
    whole, last = sheet.whole, sheet is sheets[-1]
    coupons = choose(sheet)
    for index, stage in enumerate(order):
        mirrors(whole, stage)
        if stage in KINDS:
            discounts(sheet, stage, coupons)
        elif stage == "maximum":
            maximum(sheet)
            soft(sheet)
        elif stage == "minimum":
            commitments(sheet)
            minimum(sheet)
        elif stage == "prepaid":
            prepaid(sheet)
        elif stage == "tax":
            sheet.taxable = [(entry, entry.net) for entry in sheet.open]
            if last:
                taxes(sheets[0], whole.dues.taxes, [pair for each in sheets for pair in each.taxable])
                sheets[0].book()
        elif stage == "credits" and last:
            _pay(whole, sheets, order[index + 1 :], wallet)
        sheet.book()
    if last:
        sheets[0].rest()


def _pay(whole: Sheet, sheets: Sequence[Sheet], later: Sequence[str], wallet: Wallet | None) -> None:
    """Let credits pay, and note for the stages behind them what they paid."""
    for sheet in sheets:
        sheet.before_credits(later)
    if wallet is None:
        for sheet in sheets:
            sheet.paid({}, ())
        return
    before = {entry.key: entry.net for entry in whole.entries}
    elsewhere = pay_by_credits(whole, wallet)
    paid = {entry.key: CONTEXT.subtract(before[entry.key], entry.net) for entry in whole.entries}
    for sheet in sheets:
        sheet.paid(paid, elsewhere)


def _notices(sheets: Sequence[Sheet]) -> list[Notice]:
    """Each notice once; none of a coupon that some billing period used."""
    used = {key for sheet in sheets for key in sheet.used}
    return list(dict.fromkeys(each for sheet in sheets for each in sheet.notices if each.key not in used))


def _billed(sheets: Sequence[Sheet], whole: Sheet) -> dict[str, Any]:
    """What the statement that goes on with the last billing period must know."""
    last = sheets[-1]
    made = list(last.made.values())
    if len(sheets) > 1:
        # A tax is one line of the statement: what falls on the last billing period is that one's.
        made += _taxed(last, whole)
    return told_past(last.period.start, last.opened, last.sold(), last.brought.values(), made)


def _taxed(last: Sheet, whole: Sheet) -> list[Booked]:
    keys = {entry.key for entry in last.entries}
    found: list[Booked] = []
    for line in whole.lines:
        if line.kind in TAXES:
            amount: Decimal = ZERO
            for key, part in line.shares:
                amount = CONTEXT.add(amount, part if key in keys else ZERO)
            found.append(
                Booked(
                    line.kind, line.item, line.name, version=line.version, start=last.period.start,
                    end=last.period.end, amount=amount,
                )
            )  # fmt: skip
    return found
