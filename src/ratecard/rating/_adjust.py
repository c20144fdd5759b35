"""
Discounts, coupons, the ceiling and taxes of a statement: stages across its rounded lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from .._numbers import ONE, ZERO, Exact, add, neg, text, total
from ..plans import AmountDiscount, AnyDiscount, Coupon, PercentDiscount, Standing, Tax, TieredDiscount, sum_in
from ..steps import Step
from ._commit import reading
from ._item_stages import spend_parts
from ._line_kinds import Kind
from ._sheet import Entry, Notice, Sheet, given, net_of, summed

__all__ = ["choose", "discounts", "maximum", "taxes"]

KINDS: dict[str, tuple[type, ...]] = {
    "percent_discounts": (PercentDiscount, TieredDiscount),
    "amount_discounts": (AmountDiscount,),
    "discounts": (PercentDiscount, TieredDiscount, AmountDiscount),
}


def choose(sheet: Sheet) -> list[Standing[Coupon]]:
    """The coupons that are used, in the order of the subscription; of the others the statement tells why not."""
    found: list[Standing[Coupon]] = []
    for standing in sheet.dues.coupons:
        coupon = standing.each
        others = [held.each for held in found if held.each.key != coupon.key]
        why = _unfit(sheet, standing)
        if why is None and others and not (coupon.stacks and others[0].stacks):
            why = Notice("coupon.alone", coupon.key, "not used: it does not go together with another coupon")
        if why is None:
            found.append(standing)
        else:
            sheet.notices.append(why)
    sheet.notices += [
        Notice("coupon.plan", key, f"not used: the plan {sheet.terms.plan.key!r} does not have it")
        for key in sheet.dues.missing
    ]
    return found


def _unfit(sheet: Sheet, standing: Standing[Coupon]) -> Notice | None:
    """Why a coupon cannot be used on this statement, whatever the others are."""
    coupon = standing.each
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
        spent = net_of(sheet.scope(off.items, standing.plans))
        if spent < least:
            words = f"not used: its items come to {text(spent)}, and it counts from {text(least)}"
            return Notice("coupon.minimum_spend", coupon.key, words)
    return None


def discounts(sheet: Sheet, stage: str, coupons: Sequence[Standing[Coupon]]) -> None:
    """Take off the discounts of a stage in the order in which they are listed, then its coupons."""
    kinds = KINDS[stage]
    begun = {entry.key: entry.net for entry in sheet.entries}
    for standing in sheet.dues.discounts:
        if isinstance(standing.each, kinds):
            _take(sheet, "discount", standing.each, standing, standing.each, begun)
    used: dict[str, list[Decimal]] = {}
    for brought in coupons:
        coupon = brought.each
        if isinstance(coupon.discount, kinds):
            took = _take(sheet, "coupon", coupon, brought, coupon.discount, begun)
            used.setdefault(coupon.key, []).append(took)
    for key, some in used.items():
        if any(took < 0 for took in some):
            # One use, also where plans have it in several kinds.
            sheet.coupons[key] = sheet.coupons.get(key, 0) + (key not in sheet.used)
            sheet.used.add(key)
        elif not any(some) and not _comes_back(sheet, key):
            sheet.notices.append(Notice("coupon.nothing", key, "not used: there is nothing to take off"))


def _comes_back(sheet: Sheet, key: str) -> bool:
    """Whether reversals give back what a coupon took off."""
    return any((part.kind, part.key) == ("coupon", key) for back in sheet.backs.values() for part in back.parts)


def _take(
    sheet: Sheet, kind: Kind, named: AnyDiscount | Coupon, where: Standing[Any], each: AnyDiscount,
    begun: dict[str, Decimal],
) -> Decimal:  # fmt: skip
    """Take one discount off the lines of its plans; a sum in the part of the time that they hold."""
    over = sheet.scope(each.items, where.plans)
    if isinstance(each, PercentDiscount):
        over = _discounted(over)
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
            if where.share != ONE:
                words = "for the part of the time that it holds"
                off = Step.of("scaled", [("factor", where.share)], parts=[off], note=words)
            most = base.result if base.result > ZERO else ZERO
            clamp = Step.of("clamp", [("minimum", neg(most))], parts=[off], note="no more than there is")
            step = Step.of("last", (), parts=[base, clamp])
    return sheet.spread(
        kind, named.key, named.label, step, over, version=named.digest, period=where.period,
        signed=not isinstance(each, AmountDiscount),
        begun=begun if isinstance(each, PercentDiscount) and each.stacking == "added" else None,
    )  # fmt: skip


def _discounted(over: Sequence[Entry]) -> list[Entry]:
    """What a percentage is of. What is reversed had it off when it was billed; of credits alone nothing is off."""
    back = [entry for entry in over if entry.reversal]
    rest = [entry for entry in over if not entry.reversal]
    return list(over) if net_of(rest) > 0 else back


def _percent(sheet: Sheet, each: PercentDiscount, over: Sequence[Entry], begun: dict[str, Decimal]) -> Step:
    """A share of what is left, or of what there was; up to its maximum and to what is left. Reversals mirror it."""
    now = [(entry.key, entry.net) for entry in over]
    left = net_of(over)
    base = summed(now if each.stacking == "chained" else [(key, begun.get(key, net)) for key, net in now], "before it")
    step = Step.of("scaled", [("factor", neg(each.rate))], parts=[base])
    most = left.copy_abs()
    cap = None if each.maximum is None else sum_in(each.maximum, sheet.currency)
    most = most if cap is None else min(most, cap)
    bounds = (neg(most), ZERO) if left > 0 else (ZERO, most)
    if not bounds[0] <= step.result <= bounds[1]:
        step = Step.of("clamp", [("minimum", bounds[0]), ("maximum", bounds[1])], parts=[step])
    return step


def maximum(sheet: Sheet) -> None:
    """Take off what is above the plan's maximum, for each of its periods."""
    for stretch in sheet.dues.stretches:
        # A ceiling is whole, so the one that holds last is the one.
        if stretch.last.maximum is None:
            continue
        read = reading(sheet, "maximum", stretch, lambda plan: plan.maximum)
        have = read.have()
        over = [entry for entry in sheet.open if read.holds(entry)]
        step = read.excess(have, over)
        if step is not None:
            sheet.spread("maximum", "", "", step, over, version=stretch.last.maximum.digest, period=read.period)
        read.cut_at_list(over)
        read.keep([(entry, entry.net) for entry in over])


def taxes(sheet: Sheet, every: Sequence[Standing[Tax]], over: Sequence[tuple[Entry, Decimal]]) -> None:
    """
    Compute each tax once on its base, round it once, and show how it falls on the lines.

    Args:
        sheet: what its lines are added to.
        every: the taxes.
        over: what is billed, each entry with what it comes to at this stage.
    """
    for standing in every:
        tax = standing.each
        mine = [(entry, net) for entry, net in over if entry.plan in standing.plans and entry.within(tax.items)]
        if not mine:
            continue
        base = total(net for _, net in mine)
        step = _tax_step(tax, every, mine)
        weights = [(entry, net.copy_abs()) for entry, net in mine if net and (net > 0) == (base > ZERO)]
        kind: Kind = "included_tax" if tax.included else "tax"
        sheet.line(kind, tax.key, tax.label, step, over=weights, version=tax.digest, period=standing.period)


def _tax_step(tax: Tax, every: Sequence[Standing[Tax]], over: Sequence[tuple[Entry, Decimal]]) -> Step:
    if not tax.included:
        base = summed([(entry.key, net) for entry, net in over], "base")
        return Step.of("scaled", [("factor", tax.rate)], parts=[base], note=f"{tax.label}, {text(tax.rate)}")
    # What holds several taxes holds them all: gross = base x (1 + the sum of the rates).
    groups: dict[Decimal, list[tuple[str, Decimal]]] = {}
    for entry, net in over:
        rates: Exact = ONE
        for each in every:
            if entry.plan in each.plans and entry.within(each.each.items):
                rates = add(rates, each.each.rate)
        assert isinstance(rates, Decimal)
        groups.setdefault(rates, []).append((entry.key, net))
    note = f"{tax.label}, {text(tax.rate)} included"
    parts = [
        Step.of("scaled", [("factor", tax.rate), ("divisor", rates)], parts=[summed(some, "gross")], note=note)
        for rates, some in groups.items()
    ]
    return parts[0] if len(parts) == 1 else Step.of("sum", (), parts=parts)
