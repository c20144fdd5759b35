"""
Discounts, coupons, the ceiling and taxes of a statement: stages across its rounded lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .._numbers import CONTEXT, ONE, ZERO, Exact, add, neg, text
from ..plans import AmountDiscount, AnyDiscount, Coupon, PercentDiscount, Tax, TieredDiscount, sum_in
from ..steps import Step
from ._commit import reading
from ._item_stages import spend_parts
from ._line import Kind
from ._sheet import Entry, Notice, Sheet, given, summed

__all__ = ["choose", "discounts", "maximum", "taxes"]

KINDS: dict[str, tuple[type, ...]] = {
    "percent_discounts": (PercentDiscount, TieredDiscount),
    "amount_discounts": (AmountDiscount,),
    "discounts": (PercentDiscount, TieredDiscount, AmountDiscount),
}


def choose(sheet: Sheet) -> list[Coupon]:
    """The coupons that are used, in the order of the subscription; of the others the statement tells why not."""
    found: list[Coupon] = []
    for coupon in sheet.dues.coupons:
        why = _unfit(sheet, coupon)
        if why is None and found and not (coupon.stacks and found[0].stacks):
            why = Notice("coupon.alone", coupon.key, "not used: it does not go together with another coupon")
        if why is None:
            found.append(coupon)
        else:
            sheet.notices.append(why)
    return found


def _unfit(sheet: Sheet, coupon: Coupon) -> Notice | None:
    """Why a coupon cannot be used on this statement, whatever the others are."""
    used = sheet.coupons.get(coupon.key, 0)
    if coupon.uses is not None and used >= coupon.uses:
        return Notice("coupon.exhausted", coupon.key, f"not used: all {coupon.uses} of its uses are spent")
    off = coupon.discount
    if isinstance(off, AmountDiscount) and sum_in(off.amount, sheet.currency) is None:
        return Notice("coupon.currency", coupon.key, f"not used: it has no amount in {sheet.currency}")
    if coupon.minimum_spend is not None:
        least = sum_in(coupon.minimum_spend, sheet.currency)
        if least is None:
            return Notice("coupon.currency", coupon.key, f"not used: it has no minimum spend in {sheet.currency}")
        spent = _sum(sheet.scope(off.items))
        if spent < least:
            words = f"not used: its items come to {text(spent)}, and it counts from {text(least)}"
            return Notice("coupon.minimum_spend", coupon.key, words)
    return None


def discounts(sheet: Sheet, stage: str, coupons: Sequence[Coupon]) -> None:
    """Take off the discounts of a stage in the order in which they are listed, then its coupons."""
    kinds = KINDS[stage]
    begun = {entry.key: entry.net for entry in sheet.entries}
    for each in sheet.terms.plan.discounts:
        if isinstance(each, kinds):
            _take(sheet, "discount", each.key, each.label, each, begun)
    for coupon in coupons:
        if isinstance(coupon.discount, kinds):
            if _take(sheet, "coupon", coupon.key, coupon.label, coupon.discount, begun):
                sheet.coupons[coupon.key] = sheet.coupons.get(coupon.key, 0) + 1
            else:
                sheet.notices.append(Notice("coupon.nothing", coupon.key, "not used: there is nothing to take off"))


def _take(sheet: Sheet, kind: Kind, key: str, label: str, each: AnyDiscount, begun: dict[str, Decimal]) -> Decimal:
    """Take one discount off."""
    over = sheet.scope(each.items)
    if isinstance(each, PercentDiscount):
        step = _percent(sheet, each, over, begun)
    else:
        base = summed([(entry.key, entry.net) for entry in over], "before it")
        if isinstance(each, TieredDiscount):
            parts = spend_parts(each, base.result)
            steps = [Step.of("product", [("spend", spend), ("rate", neg(rate))]) for spend, rate in parts]
            step = Step.of("last", (), parts=[base, Step.of("sum", (), parts=steps, note="each tier of it")])
        else:
            # A coupon without an amount in this currency was sorted out; a discount of the plan has one.
            off = given(neg(sum_in(each.amount, sheet.currency) or ZERO), "off")
            most = base.result if base.result > ZERO else ZERO
            clamp = Step.of("clamp", [("minimum", neg(most))], parts=[off], note="no more than there is")
            step = Step.of("last", (), parts=[base, clamp])
    return sheet.spread(kind, key, label, step, over)


def _percent(sheet: Sheet, each: PercentDiscount, over: Sequence[Entry], begun: dict[str, Decimal]) -> Step:
    """A share of what is left, or of what there was; up to its maximum and to what is left. A credit is its mirror."""
    now = [(entry.key, entry.net) for entry in over]
    left = _sum(over)
    base = summed(now if each.stacking == "chained" else [(key, begun.get(key, net)) for key, net in now], "before it")
    step = Step.of("scaled", [("factor", neg(each.rate))], parts=[base])
    most = left.copy_abs()
    cap = None if each.maximum is None else sum_in(each.maximum, sheet.currency)
    most = most if cap is None else min(most, cap)
    bounds = (neg(most), ZERO) if left > 0 else (ZERO, most)
    if not bounds[0] <= step.result <= bounds[1]:
        step = Step.of("clamp", [("minimum", bounds[0]), ("maximum", bounds[1])], parts=[step])
    return step


def _sum(entries: Sequence[Entry]) -> Decimal:
    found = ZERO
    for entry in entries:
        found = CONTEXT.add(found, entry.net)
    return found


def maximum(sheet: Sheet) -> None:
    """Take off what is above the plan's maximum, for each of its periods."""
    held = sheet.terms.plan.maximum
    if held is None:
        return
    for stretch in sheet.dues.stretches:
        read = reading(sheet, "maximum", held.amount, held.prorate, stretch)
        have = read.have()
        over = [entry for entry in sheet.entries if read.holds(entry)]
        if have.result > read.amount.result:
            step = Step.of("difference", (), parts=[read.amount, have])
            most = _sum(over)
            if neg(step.result) > most:
                # What was billed before is above it alone: no more can come off than there is.
                step = Step.of("clamp", [("minimum", neg(max(most, ZERO)))], parts=[step])
            sheet.spread("maximum", "", "", step, over, period=read.period)
        read.keep(_sum(over))


def taxes(sheet: Sheet) -> None:
    """Compute each tax once on its base, round it once, and show how it falls on the lines."""
    held = sheet.terms.plan.taxes
    for tax in held:
        over = sheet.scope(tax.items)
        if not over:
            continue
        base = _sum(over)
        step = _tax_step(tax, held, over)
        weights = [(entry, entry.net.copy_abs()) for entry in over if entry.net and (entry.net > 0) == (base > 0)]
        kind: Kind = "included_tax" if tax.included else "tax"
        sheet.line(kind, tax.key, tax.label, step, over=weights)


def _tax_step(tax: Tax, every: Sequence[Tax], over: Sequence[Entry]) -> Step:
    if not tax.included:
        base = summed([(entry.key, entry.net) for entry in over], "base")
        return Step.of("scaled", [("factor", tax.rate)], parts=[base], note=f"{tax.label}, {text(tax.rate)}")
    # What holds several taxes holds them all: gross = base x (1 + the sum of the rates).
    groups: dict[Decimal, list[tuple[str, Decimal]]] = {}
    for entry in over:
        rates: Exact = ONE
        for each in every:
            if entry.within(each.items):
                rates = add(rates, each.rate)
        assert isinstance(rates, Decimal)
        groups.setdefault(rates, []).append((entry.key, entry.net))
    note = f"{tax.label}, {text(tax.rate)} included"
    parts = [
        Step.of("scaled", [("factor", tax.rate), ("divisor", rates)], parts=[summed(some, "gross")], note=note)
        for rates, some in groups.items()
    ]
    return parts[0] if len(parts) == 1 else Step.of("sum", (), parts=parts)
