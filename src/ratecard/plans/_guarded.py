"""
The guards of a plan: whether they fit it, which of them are stages of the bill, and what metering must keep for them.

The costs of a plan are cards like its own, for what serving costs the seller. They are never billed: guards read them
beside the prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from .._model import Pairs
from ..demand import Dimension
from ..errors import Problem
from ..guards import Alert, Cap, FairUse, Guard, MarginFloor, VolumeThreshold, guard_problems
from ._card import Item
from ._lookup import unknown
from ._sums import BARE, sums_problems

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["cost_plan", "guard_axes", "guarded_problems", "soft_caps"]

_MONEY = ("spend", "budget", "forecast")


def soft_caps(plan: Plan) -> list[Cap]:
    """The caps that stop the charge: stages of the bill."""
    return [each for each in plan.guards if isinstance(each, Cap) and each.mode == "soft"]


def guard_axes(plans: Sequence[Plan], meter: str) -> list[Dimension]:
    """The dimensions in which guards read the quantity of a meter."""
    return [
        Dimension(name)
        for plan in plans
        for guard in plan.guards
        if _reads_bill(guard) and getattr(guard, "meter", None) == meter
        for name in _dimensions(guard)
    ]


def _dimensions(guard: Guard) -> tuple[str, ...]:
    return (*guard.group, *guard.each)


def _reads_bill(guard: Guard) -> bool:
    """Whether a guard reads figures of the billing period; others count by themselves what each request takes."""
    if isinstance(guard, Cap):
        return guard.window() is None
    return isinstance(guard, Alert | FairUse | VolumeThreshold | MarginFloor)


def cost_plan(plan: Plan) -> Plan:
    """The plan that bills the costs of a plan: its meters and rhythm, and its costs as cards."""
    fields = ("key", "meters", "cadence", "zone", "proration", "profile", "units")
    return type(plan).model_construct(**{name: getattr(plan, name) for name in fields}, cards=plan.costs)


def guarded_problems(plan: Plan, card_problems: Any) -> Iterator[Problem]:
    """
    Everything wrong with the guards and the costs of a plan.

    Args:
        plan: the plan.
        card_problems: what is wrong with the cards of a plan.
    """
    if plan.costs:
        for each in card_problems(cost_plan(plan)):
            yield Problem(f"costs{each.path.removeprefix('cards')}", each.code, each.text)
        for index, card in enumerate(plan.costs):
            if card.currency not in plan.currencies:
                words = f"no card is in {card.currency!r}; use one of {', '.join(plan.currencies)}"
                yield Problem(f"costs[{index}].currency", "amount.currency", words)
    yield from guard_problems(plan.guards)
    meters = [meter.key for meter in plan.meters]
    items = [item for card in plan.cards for item in card.items]
    items += [item for phase in plan.phases for item in phase.items]
    for index, guard in enumerate(plan.guards):
        path = f"guards[{index}]"
        yield from _names(path, guard, [item.key for item in items], meters)
        for name in _MONEY:
            worth = getattr(guard, name, None)
            if worth is not None:
                sums = cast("Pairs[Decimal]", worth) if isinstance(worth, Mapping) else Pairs({BARE: worth})
                yield from sums_problems(f"{path}.{name}", sums, plan.currencies)
        yield from _unpriced(path, guard, meters, {item.meter for item in items})
        yield from _margins(path, guard, plan)
        yield from _groups(path, guard, items)
        if isinstance(guard, Cap) and guard.mode == "soft":
            yield from _soft(path, guard, plan)


def _names(path: str, guard: Guard, items: list[str], meters: list[str]) -> Iterator[Problem]:
    """Items and meters that are not there."""
    then = getattr(guard, "then", None)
    for place, held in ((path, guard), (f"{path}.then", then)):
        for name, have in (("item", items), ("meter", meters)):
            key = getattr(held, name, None)
            if key is not None and key not in have:
                words = unknown(key, have, what=name, owner="the plan")
                yield Problem(f"{place}.{name}", "key.unknown", words)


def _unpriced(path: str, guard: Guard, meters: list[str], priced: set[str | None]) -> Iterator[Problem]:
    """A meter that no item prices is not counted, so a guard on it would never have anything to say."""
    key = getattr(guard, "meter", None)
    if key in meters and key not in priced:
        words = f"no item prices {key!r}, so nothing of it is counted; add an item, at a price of 0 if it is free"
        yield Problem(f"{path}.meter", "guard.unpriced", words)


def _margins(path: str, guard: Guard, plan: Plan) -> Iterator[Problem]:
    """A margin without costs."""
    if not isinstance(guard, MarginFloor) and getattr(guard, "margin", None) is None:
        return
    if not plan.costs:
        yield Problem(path, "guard.costs", "a margin is what costs leave of the price; add the plan's costs")
    elif guard_item(guard) is not None:
        have = [item.key for card in plan.costs for item in card.items]
        if guard_item(guard) not in have:
            words = unknown(guard_item(guard), have, what="cost", owner="the plan")
            yield Problem(f"{path}.item", "key.unknown", words)


def guard_item(guard: Guard) -> str | None:
    """The item a guard is about, where it is about one."""
    return getattr(guard, "item", None)


def _groups(path: str, guard: Guard, items: Sequence[Item]) -> Iterator[Problem]:
    """Groups of a figure that nothing tells apart: the lines of the item, or of the bill, are not told by them."""
    named = _dimensions(guard)
    if getattr(guard, "cap", None) is not None:
        # It reads what its cap reads, which is looked at for itself.
        return
    if not named or not _reads_bill(guard) or getattr(guard, "meter", None) is not None:
        return
    mine = [item for item in items if item.key == guard_item(guard)]
    if guard_item(guard) is None:
        words = "the whole bill is not told by group; put the guard on an item or a meter, or give it a window"
        yield Problem(path, "guard.dimension", words)
    for item in mine:
        missing = [name for name in named if name not in (*item.each, *item.split)]
        if missing:
            words = (
                f"the lines of {item.key!r} are not told by {', '.join(missing)}; add it to the item's each or split"
            )
            yield Problem(path, "guard.dimension", words)
            return


def _soft(path: str, cap: Cap, plan: Plan) -> Iterator[Problem]:
    """Soft caps that no stage of the bill can hold."""
    if cap.spend is None or cap.of != "subtotal" or cap.scope != "plan":
        words = (
            "a soft cap stops the charge at an amount of the subtotal or of an item; write spend, or use hard or clamp"
        )
        yield Problem(f"{path}.mode", "cap.soft", words)
    if plan.rounding_at == "statement":
        words = "soft caps are shared among rounded lines, so the lines are rounded first; leave rounding_at out"
        yield Problem("rounding_at", "rounding.statement", words)
