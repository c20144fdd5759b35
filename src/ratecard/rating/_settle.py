"""
settle: from charges to a statement, across the lines.

The statement stages work on rounded lines, in the order of the plan. Where the plan rounds the statement and not the line, the
exact sum is rounded once here, and the lines share it by largest remainder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from .._numbers import CONTEXT, ZERO, Exact, floor, div, quantize, sub, text, total
from ..plans import Carry
from ..records import show_time
from ..steps import Step
from ._charge import Charges
from ._line import LineItem
from ._reading import Reading
from ._statement import Statement

__all__ = ["settle"]


def settle(charges: Charges) -> Statement:
    """
    The statement of what was charged.

    Args:
        charges: what `charge` made.
    """
    terms = charges.terms
    lines = charges.lines
    if terms.plan.rounding_at == "statement":
        lines = _rounded_together(charges)
    subtotal = ZERO
    for line in lines:
        subtotal = CONTEXT.add(subtotal, line.rounded)
    if not lines:
        subtotal = quantize(ZERO, terms.currency.places)
    return Statement(
        customer=terms.customer,
        plan=terms.plan.key,
        digest=terms.plan.digest,
        period=terms.period,
        currency=terms.currency,
        lines=lines,
        subtotal=subtotal,
        total=subtotal,
        due=subtotal,
        order=terms.plan.order,
        account=charges.account,
        carry=lambda: _carry(charges, lines),
    )


def _rounded_together(charges: Charges) -> tuple[LineItem, ...]:
    """The exact sum rounded once; each line is rounded down or up so that they add up to it."""
    terms = charges.terms
    places, mode = terms.currency.places, terms.plan.rounding
    whole = quantize(total(line.exact for line in charges.lines), places, mode)
    shares = _spread([line.exact for line in charges.lines], whole, places)
    found: list[LineItem] = []
    for line, share in zip(charges.lines, shares, strict=True):
        if share == line.rounded:
            found.append(line)
            continue
        difference = CONTEXT.subtract(share, line.rounded)
        found.append(line.with_rounded(share, _moved(difference, share)))
    return tuple(found)


def _spread(values: Sequence[Exact], whole: Decimal, places: int) -> list[Decimal]:
    """Each value rounded down, and the steps that are missing to the whole given to the largest rests, ties by order."""
    shares = [quantize(value, places, "floor") for value in values]
    step = Decimal((0, (1,), -places))
    missing = floor(div(sub(whole, total(shares)), step))
    order = list(range(len(values)))
    rests = [sub(value, share) for value, share in zip(values, shares, strict=True)]
    for _ in range(missing):
        best = order[0]
        for index in order:
            if rests[index] > rests[best]:
                best = index
        order.remove(best)
        shares[best] = CONTEXT.add(shares[best], step)
    return shares


def _moved(difference: Decimal, share: Decimal) -> Callable[[Step], Step]:
    def step(last: Step) -> Step:
        moved = Step("given", [("value", difference)], difference, note="so that the lines add up to the rounded statement")
        return Step("sum", (), share, parts=[last, moved])

    return step


def _carry(charges: Charges, lines: Sequence[LineItem]) -> Carry:
    """What the next period needs to know."""
    terms = charges.terms
    counters = {key: _counters(reading) for key, reading in charges.readings.items()}
    levels = {key: _levels(reading) for key, reading in charges.readings.items() if reading.gauge}
    remainders: dict[str, str] = {}
    if terms.plan.carry_remainders:
        for line in lines:
            remainders[line.key.rpartition("@")[0]] = text(line.remainder)
    counting = {key: starts for key, starts in counters.items() if starts}
    return Carry(
        terms.customer,
        terms.plan.key,
        terms.period.end,
        counters=counting,
        levels={key: pairs for key, pairs in levels.items() if pairs},
        rollovers={
            item: [[list(group), text(units)] for group, units in sorted(groups.items())]
            for item, groups in charges.rollovers.items()
        },
        remainders={name: left for name, left in sorted(remainders.items()) if left != "0"},
        identities=_identities(charges, counting=bool(counting)),
    )


def _counters(reading: Reading) -> dict[str, list[list[object]]]:
    """The counters of a meter that run on after the period."""
    terms = reading.terms
    return {
        show_time(service.counted): reading.dumped(service)
        for service in terms.services
        if service.meter is not None
        and service.meter.key == reading.meter.key
        and service.counted < terms.period.end < service.full.end
    }


def _identities(charges: Charges, *, counting: bool) -> list[list[str | None]]:
    """What was counted in this period; and while a counter runs on, what was counted before."""
    terms = charges.terms
    found = {mark: told for mark, told in charges.tally.marks(terms.customer).items()}
    if counting and terms.carry is not None:
        for source, name, told in terms.carry.identities:
            found.setdefault((source, str(name)), str(told))
    ordered = sorted(found.items(), key=lambda each: (each[0][0] or "", each[0][0] is not None, each[0][1]))
    return [[source, name, told] for (source, name), told in ordered]


def _levels(reading: Reading) -> list[list[object]]:
    found: list[list[object]] = []
    groups = {group for segment in reading.segments for group in segment} | set(reading.untouched())
    for group in sorted(groups):
        level: Exact | None = reading.level(group, reading.terms.period.end)
        if level is not None:
            found.append([list(group), text(level)])
    return found

