"""
Whether a price can read what its meter makes of records: outcomes, single records, and levels that hold over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._folds import Carried
from ..demand import Dimension, Sizes, Windows
from ..errors import Problem
from ..meters import Count, Level, Meter, Outcomes, Peak, Sum, Unique
from ..prices import Outcome, Price
from ._outcome_checks import read_problems

if TYPE_CHECKING:
    from ._card import Item

__all__ = ["meter_problems", "opening_problem", "price_problems"]


def meter_problems(path: str, items: Sequence[Item], meters: Sequence[Meter]) -> list[Problem]:
    """What the price, or the groups, of each item ask that its meter does not tell."""
    held = {meter.key: meter for meter in meters}
    found: list[Problem] = []
    for index, item in enumerate(items):
        meter = None if item.meter is None else held.get(item.meter)
        if meter is None:
            continue
        place = f"{path}.items[{index}]".lstrip(".")
        found += price_problems(f"{place}.price", item.price, meter)
        for name, groups in (("each", item.each), ("split", item.split)):
            if groups:
                found += opening_problem(f"{place}.{name}", meter)
    return found


def price_problems(place: str, price: Price, meter: Meter) -> list[Problem]:
    """What a price asks that a meter does not tell."""
    rules = meter.aggregate
    if isinstance(rules, Outcomes) != isinstance(price, Outcome):
        words = "a meter of outcomes and a price of outcomes go together; change the one or the other"
        return [Problem(place, "outcome.meter", words)]
    if isinstance(rules, Outcomes) and isinstance(price, Outcome):
        return read_problems(place, price, rules, meter)
    demand = price.demand()
    kind = f"{meter.key[:40]!r} (kind {rules.kind})"
    if demand.folds and not isinstance(rules, Count | Sum):
        words = f"it prices record by record, and {kind} is not its records added up; "
        return [Problem(place, "item.meter", f"{words}use a price of the quantity, or a meter of sum or count")]
    if meter.convert is not None and any(not isinstance(fold, Carried) or fold.per_unit for fold in demand.folds):
        words = f"it prices what single records hold, and {kind} converts their total; "
        return [
            Problem(place, "item.meter", f"{words}leave convert out of the meter and put its factor into the price")
        ]
    if isinstance(rules, Level | Peak) and any(isinstance(axis, Windows | Sizes) for axis in demand.axes):
        words = f"it prices by the time or the size of single records, and what {kind} holds goes on between them; "
        return [Problem(place, "item.meter", f"{words}use a price of the quantity, or a meter of sum or count")]
    if isinstance(rules, Unique) and any(isinstance(axis, Sizes) for axis in demand.axes):
        words = f"it prices by the size of single records, and {kind} counts what is different in them; "
        return [Problem(place, "item.meter", f"{words}use a price of the quantity, or a meter of sum or count")]
    return opening_problem(place, meter) if any(isinstance(axis, Dimension) for axis in demand.axes) else []


def opening_problem(place: str, meter: Meter) -> list[Problem]:
    """A level that opens with something, where it is read by groups: of which group that is, nothing says."""
    if not isinstance(meter.aggregate, Level | Peak) or not meter.aggregate.opening:
        return []
    words = f"{meter.key[:40]!r} opens with a level that belongs to no group, and here it is read by groups; "
    return [Problem(place, "item.opening", f"{words}give it the opening 0 and send what there was as records")]
