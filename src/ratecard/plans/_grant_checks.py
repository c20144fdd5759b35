"""
Whether the credits of a plan fit it: the units they are counted in, and what they pay for.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from .._model import Pairs
from .._numbers import quantize
from .._worth import Bare
from ..credits import Grant, Recurring
from ..errors import Problem
from ..prices import Credit
from ._card import repeats
from ._grants import grant_unit
from ._lookup import unknown
from ._sums import BARE, sums_problems

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["credit_problems", "grant_problems"]


def credit_problems(plan: Plan) -> Iterator[Problem]:
    """Prices in credits of a unit that the plan does not have, or on a meter whose value is known at the end alone."""
    units = [unit.key for unit in plan.units]
    meters = {meter.key: meter for meter in plan.meters}
    for index, card in enumerate(plan.cards):
        for number, item in enumerate(card.items):
            if not isinstance(item.price, Credit):
                continue
            path = f"cards[{index}].items[{number}]"
            if item.price.unit not in units:
                words = unknown(item.price.unit, units, what="unit", owner="the plan")
                yield Problem(f"{path}.price.unit", "key.unknown", words)
            meter = meters.get(item.meter or "")
            if meter is not None and not meter.aggregate.cumulative:
                words = (
                    "credits are drawn as usage comes, and an average, a percentile or the latest value is known at "
                    "the end alone; use another meter, such as a sum or a count"
                )
                yield Problem(f"{path}.meter", "credit.meter", words)


def grant_problems(plan: Plan) -> Iterator[Problem]:
    """Everything wrong with the grants of a plan."""
    items = list(dict.fromkeys(item.key for card in plan.cards for item in card.items))
    meters = [meter.key for meter in plan.meters]
    for index, grant in enumerate(plan.grants):
        path = f"grants[{index}]"
        yield from _unit(path, grant, plan)
        for name, keys, have in (("items", grant.scope.items, items), ("meters", grant.scope.meters, meters)):
            for number, key in enumerate(keys):
                if key not in have:
                    words = unknown(key, have, what=name[:-1], owner="the plan")
                    yield Problem(f"{path}.scope.{name}[{number}]", "key.unknown", words)
    # Lots are told apart by their ids, and those of a recurring grant begin with its key.
    names = tuple(grant.id if isinstance(grant, Grant) else grant.key for grant in plan.grants)
    yield from repeats("grants", names)


def _unit(path: str, grant: Grant | Recurring, plan: Plan) -> Iterator[Problem]:
    """What is wrong with the unit of a grant, and with the currency of its cost."""
    units = {unit.key: unit.places for unit in plan.units}
    codes = list(plan.currencies)
    worths: dict[str, Bare | None] = {name: getattr(grant, name) for name in ("amount", "cost", "unit_cost")}
    for name, held in worths.items():
        if isinstance(held, Pairs):
            yield from sums_problems(f"{path}.{name}", held, codes)
    amount = worths.pop("amount")
    if not isinstance(amount, Decimal):
        return
    code = grant.currency
    if code is None:
        yield from sums_problems(f"{path}.amount", Pairs({BARE: amount}), codes)
        if len(codes) > 1:
            return
        code = codes[0]
    unit = grant_unit(plan, code)
    if unit is None:
        words = unknown(code, [*plan.currencies, *units], what="currency or unit", owner="the plan")
        yield Problem(f"{path}.currency", "amount.currency", words)
        return
    if grant.places not in (None, unit.places):
        words = f"{code} is counted in {unit.places} decimals here; leave places out"
        yield Problem(f"{path}.places", "currency.places", words)
    if code in units and quantize(amount, unit.places) != amount:
        words = f"{code} is counted in {unit.places} decimals; round the amount to them"
        yield Problem(f"{path}.amount", "ledger.fine", words)
    bare = any(cost for cost in worths.values() if isinstance(cost, Decimal))
    if code in units and bare and grant.cost_currency is None:
        yield Problem(f"{path}.cost_currency", "grant.currency", "say in which currency the cost is, such as 'USD'")
