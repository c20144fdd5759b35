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
from ..plans import Terms, stated
from ._charges import Charges
from ._line import LineItem
from ._recalled import recalled
from ._spread import rounded_together
from ._stages import across, nothing_across, staged_windows
from ._statement import SUMS, Statement, StatementHead
from ._unpaid import Unpaid
from ._wallet import Wallet

__all__ = ["settle"]


def settle(charges: Charges) -> Statement:
    """
    The statement of what was charged.

    Args:
        charges: what `charge` made.

    Raises:
        MismatchError: `carry.missing`, when a floor, a commitment or a discount began before the period, and no carry
            is here; `argument.type`.
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
        memo["dues"] = staged_windows(terms) if stated(terms) else None
        head = memo["head"] = StatementHead(
            customer=terms.customer, plan=plan.key, digest=plan.digest, period=terms.period, currency=terms.currency,
            order=plan.order,
        )  # fmt: skip
        memo["recalled"] = recalled(terms)
    wallet = None if charges.wallet is None else charges.wallet.again()
    drawing = wallet is not None and "credits" in terms.plan.order.statement and _draws(wallet, terms)
    if wallet is not None and not drawing:
        wallet.close()
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
    found = across(charges, memo["dues"] or nothing_across(terms), lines, wallet if drawing else None)
    sums = _sums(found.lines, terms.currency.places)
    return Statement(
        head, lines=found.lines, account=charges.account, charges=charges,
        subtotal=sums["subtotal"], total=sums["total"], due=sums["due"], drawn=found.drawn, billed=found.billed,
        coupons=found.coupons, rooms=found.rooms, taken=found.taken, wallet=wallet,
        notices=[*memo["recalled"], *found.notices],
    )  # fmt: skip


def _draws(wallet: Wallet, terms: Terms) -> bool:
    """Whether there is something for credits to pay or to remember."""
    unpaid = wallet.unpaid = Unpaid(terms, wallet.key)
    return unpaid.begun or unpaid.runs_on or wallet.has(terms.currency)


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
