"""
Trials by amount: the first stage across lines. It makes usage free up to a sum of money or a quantity, at list price.

It reads what the lines of the phase come to and not the order of their records, so it falls on them in proportion; what
is used up travels in the carry. The stages behind it read what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .._numbers import ZERO, Exact, add, div, exact, mul, neg, sign, sub, text, total
from ..errors import MismatchError
from ..plans import Trial, sum_in
from ..steps import Step
from ._sheet import Entry, Sheet, given, summed

__all__ = ["trials"]

MINUS = Decimal(-1)


def trials(sheet: Sheet) -> None:
    """
    Take off what is free of the usage of each phase.

    Raises:
        MismatchError: `carry.missing`, when the phase began before the rated period and no carry is here.
    """
    if not sheet.dues.trials:
        return
    marks = {(service.key, piece.start): piece.free for service in sheet.terms.services for piece in service.pieces}
    # Behind the lines of prices stands what reversals give back of trials.
    lines = list(zip(sheet.lines, sheet.entries, strict=False))
    for trial in sheet.dues.trials:
        mine = [
            (line.quantity, entry)
            for line, entry in lines
            if line.kind == "usage"
            # Where outcomes that are taken off cost more than those that are billed, the ones take the others' place.
            and line.rounded >= ZERO
            and not entry.closed
            and marks.get((line.item, line.period.start)) == trial.phase
            and entry.within(trial.free.items)
        ]
        before = _before(sheet, trial)
        over = [entry for _, entry in mine]
        if trial.free.units is None:
            # A plan has an amount in each of its currencies, and a subscription in its own, or they are refused.
            free = sum_in(trial.free.amount, sheet.currency) if trial.free.amount is not None else None
            each = _money(sheet, trial, sub(free or ZERO, before), over)
        else:
            each = _units(sheet, trial, sub(trial.free.units, before), mine)
        if not trial.over:
            name = f"trial {trial.name}"
            sheet.freed[name] = add(before, total(each))
            sheet.uses(name, "sum" if trial.free.units is None else "units", list(zip(over, each, strict=True)))


def _before(sheet: Sheet, trial: Trial) -> Exact:
    """What was used up before the rated period."""
    if not trial.begun:
        return ZERO
    carry = sheet.terms.carry
    if carry is None:
        raise MismatchError(
            f"the trial {trial.name!r} began before {sheet.terms.period!r}, and nothing tells how much of it is used "
            "up; pass carry=statement.carry of the period before",
            code="carry.missing",
        )
    name = f"trial {trial.name}"
    return sub(
        exact(carry.commitments.get(name, "0")), sheet.comes_back(name, "sum" if trial.free.units is None else "units")
    )


def _money(sheet: Sheet, trial: Trial, left: Exact, over: Sequence[Entry]) -> list[Exact]:
    """Take off what is left of a sum, as far as there is usage; how much that is of each line."""
    base = summed([(entry.key, entry.net) for entry in over], "usage at list")
    if sign(left) <= 0 or sign(base.result) <= 0:
        return [ZERO] * len(over)
    least = Step.of("least", (), parts=[base, given(left, "left of what is free")])
    return _take(sheet, trial, Step.of("scaled", [("factor", MINUS)], parts=[least]), over)


def _units(sheet: Sheet, trial: Trial, left: Exact, mine: Sequence[tuple[Exact, Entry]]) -> list[Exact]:
    """Take off the share of the units that is free; how many units that is of each line."""
    held = total(units for units, _ in mine)
    used = left if left < held else held
    if sign(used) <= 0:
        return [ZERO] * len(mine)
    over = [entry for _, entry in mine]
    base = summed([(entry.key, entry.net) for entry in over], "usage at list")
    words = f"{text(used)} of {text(held)} units are free"
    _take(sheet, trial, Step.of("scaled", [("factor", neg(used)), ("divisor", held)], parts=[base], note=words), over)
    return [div(mul(used, units), held) for units, _ in mine]


def _take(sheet: Sheet, trial: Trial, step: Step, over: Sequence[Entry]) -> list[Exact]:
    """Take it off; what is free counts as if it had never been charged, also for what is priced at list."""
    before = {entry.key: entry.net for entry in over}
    sheet.spread("trial", trial.name, trial.name, step, over, version=trial.free.digest, period=trial.period)
    for entry in over:
        if entry.net != before[entry.key]:
            entry.listed = sheet.rounded(div(mul(entry.listed, entry.net), before[entry.key]))
    return [sub(before[entry.key], entry.net) for entry in over]
