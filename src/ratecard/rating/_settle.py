"""
settle: from charges to a statement, across the lines.

The statement stages work on rounded lines, in the order of the plan; a plan that states none of them pays nothing for
them. Where the plan rounds the statement and not the line, the exact sum is rounded once first, and the lines share it
by largest remainder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from .._kinds import expect
from .._numbers import CONTEXT, ZERO, quantize
from ..plans import Dues, dues, stated
from ._adjust import KINDS, choose, discounts, maximum, taxes
from ._charges import Charges
from ._commit import commitments, minimum, prepaid
from ._line import LineItem
from ._mirrors import mirrors
from ._money_credits import pay_by_credits
from ._recalled import recalled
from ._sheet import Sheet
from ._soft import soft
from ._spread import rounded_together
from ._statement import SUMS, Statement, StatementHead
from ._trial import trials
from ._wallet import Wallet

__all__ = ["settle"]


_NOTHING = Dues((), (), discounts=(), coupons=(), missing=(), taxes=(), trials=())


def settle(charges: Charges) -> Statement:
    """
    The statement of what was charged.

    Args:
        charges: what `charge` made.

    Raises:
        MismatchError: `carry.missing`, when a floor or a commitment began before the period, and no carry is here;
            `argument.type`.
        UnknownKeyError: `key.unknown`, when the subscription brings a coupon that the plan does not have.
    """
    expect(charges, Charges, "the charges", "give what charge made")
    terms = charges.terms
    lines: Sequence[LineItem] = charges.lines
    if terms.plan.rounding_at == "statement":
        why = "so that the lines add up to the rounded statement"
        lines = rounded_together(lines, terms.currency.places, terms.plan.rounding, why=why)
    memo = terms.memo
    head = memo.get("head")
    if head is None:
        plan = terms.plan
        memo["dues"] = dues(terms) if stated(terms) else None
        head = memo["head"] = StatementHead(
            customer=terms.customer, plan=plan.key, digest=plan.digest, period=terms.period, currency=terms.currency,
            order=plan.order,
        )  # fmt: skip
        memo["recalled"] = recalled(terms)
    wallet = None if charges.wallet is None else charges.wallet.again()
    drawing = wallet is not None and "credits" in terms.plan.order.statement and wallet.has(terms.currency)
    if memo["dues"] is None and not drawing and not charges.backs:
        subtotal = ZERO
        for line in lines:
            subtotal = CONTEXT.add(subtotal, line.rounded)
        if not lines:
            subtotal = quantize(ZERO, terms.currency.places)
        return Statement(
            head, lines=lines, subtotal=subtotal, total=subtotal, due=subtotal, account=charges.account,
            charges=charges, notices=memo["recalled"], wallet=wallet,
        )  # fmt: skip
    sheet = _staged(charges, memo["dues"] or _NOTHING, lines, wallet if drawing else None)
    sums = _sums(sheet.lines, terms.currency.places)
    return Statement(
        head, lines=sheet.lines, account=charges.account, charges=charges,
        subtotal=sums["subtotal"], total=sums["total"], due=sums["due"], drawn={**sheet.drawn, **sheet.freed},
        coupons=sheet.coupons, notices=[*memo["recalled"], *sheet.notices], wallet=wallet, rooms=sheet.rooms,
    )  # fmt: skip


def _staged(charges: Charges, held: Dues, lines: Sequence[LineItem], wallet: Wallet | None) -> Sheet:
    """Every stage in the order of the plan."""
    sheet = Sheet(charges, held, lines)
    order = charges.terms.plan.order.statement
    mirrors(sheet, "trial", order)
    trials(sheet)
    coupons = choose(sheet)
    for stage in order:
        mirrors(sheet, stage)
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
            taxes(sheet)
        elif stage == "credits" and wallet is not None:
            pay_by_credits(sheet, wallet)
    return sheet


def _sums(lines: Sequence[LineItem], places: int) -> Mapping[str, Decimal]:
    """The sums of a statement: each takes in some kinds of lines more than the one before."""
    found: dict[str, Decimal] = {}
    added = quantize(ZERO, places)
    for name, kinds in SUMS:
        for line in lines:
            if line.kind in kinds:
                added = CONTEXT.add(added, line.rounded)
        found[name] = added
    return found
