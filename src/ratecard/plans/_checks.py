"""
Whether the parts of a plan belong together: every reference is looked up, and all faults are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from ..errors import Problem, RatecardError
from ..meters import Count, Sum
from ..prices import record_price
from ._card import RateCard, repeats
from ._extra_checks import card_extra_problems, extra_problems
from ._extras import UsageDiscount
from ._fit_checks import meter_problems, opening_problem, price_problems
from ._grant_checks import credit_problems, grant_problems
from ._guarded import guard_axes, guarded_problems
from ._lookup import unknown
from ._phases import phase_problems

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["card_problems", "plan_problems", "rank"]


def plan_problems(plan: Plan) -> list[Problem]:
    """Everything wrong between the parts of a plan, in the order of the document."""
    found = repeats("meters", tuple(meter.key for meter in plan.meters), field=".key")
    known = [meter.key for meter in plan.meters]
    found += _every_card(plan)
    found += repeats("units", tuple(unit.key for unit in plan.units), field=".key")
    for index, unit in enumerate(plan.units):
        found += _currency_problems(f"units[{index}].key", unit.currency)
    if plan.phases:
        found += phase_problems(plan.phases) or [*_phase_references(plan, known), *_phase_fits(plan)]
    found += repeats("entitlements", tuple(each.key for each in plan.entitlements), field=".key")
    found += extra_problems(plan)
    found += credit_problems(plan)
    found += grant_problems(plan)
    found += guarded_problems(plan, _every_card)
    for index, meter in enumerate(plan.meters):
        if guard_axes([plan], meter.key):
            found += opening_problem(f"meters[{index}].opening", meter)
    return sorted(found, key=_position)


def _every_card(plan: Plan) -> list[Problem]:
    """Everything wrong with the cards."""
    found: list[Problem] = []
    known = [meter.key for meter in plan.meters]
    circles = _circles(plan)
    for index, card in enumerate(plan.cards):
        found += _currency_problems(f"cards[{index}].currency", partial(plan.currency_of, card.currency))
        found += card_problems(f"cards[{index}]", card, known)
        found += card_extra_problems(f"cards[{index}]", card)
        found += meter_problems(f"cards[{index}]", card.items, plan.meters)
        found += _circle_problems(f"cards[{index}]", card, circles[card.currency])
        if plan.rounding_at == "record":
            found += _record_problems(f"cards[{index}]", card, plan)
    late = _time_problems(plan)
    return found + (late or _same_card(plan))


def _phase_references(plan: Plan, meters: list[str]) -> list[Problem]:
    """Items of a phase that no card has, and meters that the plan does not have."""
    have = [item.key for card in plan.cards for item in card.items]
    have += [item.key for phase in plan.phases for item in phase.items]
    found: list[Problem] = []
    for index, phase in enumerate(plan.phases):
        path = f"phases[{index}]"
        found += [
            Problem(f"{path}.{name}", "key.unknown", unknown(key, have, what="item", owner="the plan"))
            for name, keys in (("prices", phase.prices), ("without", phase.without))
            for key in keys
            if key not in have
        ]
        found += [
            Problem(
                f"{path}.items[{place}].meter",
                "key.unknown",
                unknown(item.meter, meters, what="meter", owner="the plan"),
            )
            for place, item in enumerate(phase.items)
            if item.meter is not None and item.meter not in meters
        ]
    return found


def _phase_fits(plan: Plan) -> list[Problem]:
    """What the prices and items of a phase ask that their meters do not tell."""
    held = {meter.key: meter for meter in plan.meters}
    metered = [(item.key, item.meter) for card in plan.cards for item in card.items if item.meter is not None]
    found: list[Problem] = []
    for index, phase in enumerate(plan.phases):
        found += meter_problems(f"phases[{index}]", phase.items, plan.meters)
        for key, price in phase.prices.items():
            names = dict.fromkeys(name for item, name in metered if item == key and name in held)
            for name in names:
                found += price_problems(f"phases[{index}].prices.{key}", price, held[name])
    return found


def _record_problems(path: str, card: RateCard, plan: Plan) -> list[Problem]:
    """Items whose amount is not the sum of what each record costs by itself can't round each record."""
    # What is not added up record by record (a greatest value, a level), and what is converted as a whole.
    whole = {
        meter.key for meter in plan.meters if meter.convert is not None or not isinstance(meter.aggregate, Count | Sum)
    }
    return [
        Problem(
            f"{path}.items[{index}].price",
            "rounding.record",
            "this amount is not a sum over records, so no record can be rounded; use per_unit or a percentage with no "
            "free part, on a sum or a count without conversion, or round the line",
        )
        for index, item in enumerate(card.items)
        if item.meter is not None
        and (
            record_price(item.price) is None
            or item.meter in whole
            or item.round_quantity is not None
            or item.tiers == "prorate"
            or any(isinstance(discount, UsageDiscount) for discount in item.discounts)
        )
    ]


_SECTIONS = (
    "meters", "cards", "rounding_at", "units", "order", "discounts", "coupons", "minimum", "maximum", "commitments",
    "taxes", "grants", "phases", "entitlements", "guards", "costs",
)  # fmt: skip


def _position(problem: Problem) -> tuple[int, tuple[int, ...]]:
    """Where in the document a problem is: its section, then the positions in lists on its path."""
    places = tuple(int(number) for number in re.findall(r"\[(\d+)\]", problem.path))
    return _SECTIONS.index(re.split(r"[.\[]", problem.path)[0]), places


def rank(at: datetime | None) -> tuple[bool, int | datetime]:
    """Sorts instants, with None, which is always, before all of them."""
    return (False, 0) if at is None else (True, at)


def _currency_problems(path: str, make: Callable[[], object]) -> list[Problem]:
    try:
        make()
    except RatecardError as error:
        return [Problem(path, error.code, error.text)]
    return []


def _time_problems(plan: Plan) -> list[Problem]:
    """Days that the plan's zone cannot place on the line of time."""
    found: list[Problem] = []
    for index, card in enumerate(plan.cards):
        try:
            plan.effective(card)
        except RatecardError as error:
            found.append(Problem(f"cards[{index}].effective", error.code, error.text.partition("\n  ")[0]))
    return found


def _same_card(plan: Plan) -> list[Problem]:
    """Cards that cannot be told apart: nothing says which of them would hold."""
    seen: dict[tuple[object, ...], int] = {}
    found: list[Problem] = []
    for index, card in enumerate(plan.cards):
        mark = (card.currency, card.cohort, plan.effective(card), card.applies)
        if mark in seen:
            words = f"cards[{seen[mark]}] has the same currency, cohort, date and reach; change one of these here"
            found.append(Problem(f"cards[{index}]", "card.duplicate", words))
        else:
            seen[mark] = index
    return found


def card_problems(path: str, card: RateCard, meters: list[str]) -> list[Problem]:
    """What a card refers to and is not there."""
    found = repeats(f"{path}.items", tuple(item.key for item in card.items), field=".key")
    for index, item in enumerate(card.items):
        if item.meter is not None and item.meter not in meters:
            words = unknown(item.meter, meters, what="meter", owner="the plan")
            found.append(Problem(f"{path}.items[{index}].meter", "key.unknown", words))
    return found + _share_problems(path, card)


def _share_problems(path: str, card: RateCard) -> list[Problem]:
    """Prices that are a share of items that are not there, or that come round to themselves."""
    keys = [item.key for item in card.items]
    wants = {item.key: item.price.demand().items for item in card.items}
    circle = _circle(wants)
    found: list[Problem] = []
    for index, item in enumerate(card.items):
        place = f"{path}.items[{index}].price"
        for wanted in wants[item.key]:
            if wanted not in wants:
                words = unknown(wanted, keys, what="item", owner="the card")
                found.append(Problem(place, "key.unknown", words))
            elif item.key in circle and wanted in circle:
                words = f"it is a share of {wanted!r}, which comes round to {item.key!r} again; leave one of them out"
                found.append(Problem(place, "item.cycle", words))
    return found


def _circles(plan: Plan) -> dict[str, set[str]]:
    """For each currency, the items that read each other when all of its cards are taken together."""
    joined: dict[str, dict[str, set[str]]] = {}
    for card in plan.cards:
        held = joined.setdefault(card.currency, {})
        for item in card.items:
            held.setdefault(item.key, set()).update(item.price.demand().items)
    return {code: _circle({key: sorted(items) for key, items in held.items()}) for code, held in joined.items()}


def _circle_problems(path: str, card: RateCard, together: set[str]) -> list[Problem]:
    """Items that read each other only when this card and another are taken together, as in the period of the change."""
    alone = {item.key: item.price.demand().items for item in card.items}
    circle = together - _circle(alone)
    return [
        Problem(
            f"{path}.items[{index}].price",
            "item.cycle",
            f"with the other cards, {item.key!r} comes round to itself in a period in which the card changes; "
            "give one of the items another key",
        )
        for index, item in enumerate(card.items)
        if alone[item.key] and item.key in circle
    ]


def _circle(wants: Mapping[str, Sequence[str]]) -> set[str]:
    """The keys that lie on a circle, or between two: what is left when all loose ends are taken off."""
    left = set(wants)
    while True:
        wanted = {key for owner in left for key in wants[owner]}
        kept = {key for key in left if key in wanted and any(each in left for each in wants[key])}
        if kept == left:
            return left
        left = kept
