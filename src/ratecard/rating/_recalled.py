"""
What a statement tells of the carry it was made with, or without.

A counter, a floor or a commitment that began earlier cannot be billed without what it held, and is refused. What is
told here changes the amounts of some, and one month in the middle of a history may still be rated on purpose: so it is
a notice.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..meters import Outcomes
from ..plans import BOUNDS, Carry, Terms, dues, soft_caps
from ..prices import Allowance
from ._sheet import Notice

__all__ = ["recalled"]

_NAMES = {"trial": "trial by amount", "guard": "soft cap"}
_ADVICE = "pass carry=statement.carry of the period before"


def recalled(terms: Terms) -> tuple[Notice, ...]:
    """
    The notices: `carry.missing` for what nothing tells though the subscription began before, `carry.unknown`,
    `outcomes.rules`.

    Raises:
        UnknownKeyError: `key.unknown`, when the subscription brings a coupon that the plan does not have.
    """
    if terms.carry is not None:
        return (*_unknown(terms, terms.carry), *_edited(terms, terms.carry))
    return tuple(_missing(terms)) if terms.started < terms.period.start else ()


def _missing(terms: Terms) -> Iterator[Notice]:
    """What the periods before may have used up or left, and nobody says."""
    began = "the subscription began before this period, and nothing tells what"
    for standing in dues(terms).coupons if terms.subscription.coupons else ():
        coupon = standing.each
        if coupon.uses is not None:
            yield Notice("carry.missing", coupon.key, f"{began} is spent of its uses; {_ADVICE}")
    rolling = {
        service.key: None
        for service in terms.services
        if terms.started < service.full.start and any(_rolls(piece.price) for piece in service.pieces)
    }
    for key in rolling:
        yield Notice("carry.missing", key, f"{began} it brings of unused units; {_ADVICE}")
    if terms.plan.carry_remainders:
        yield Notice("carry.missing", "carry_remainders", f"{began} rounding left; {_ADVICE}")


def _rolls(price: object) -> bool:
    return isinstance(price, Allowance) and price.rollover is not None


def _unknown(terms: Terms, carry: Carry) -> Iterator[Notice]:
    """What the carry says of a commitment, a soft cap or a trial by amount that its plan, or subscription, has not."""
    if carry.plan != terms.plan.key:
        return
    have = {f"commitment {each.key}" for each in terms.plan.commitments}
    have |= {f"trial {free.name(each.phase.key)}" for each in terms.phases for free in each.phase.free}
    caps = [f"guard {cap.name}" for cap in soft_caps(terms.plan)]
    for name in carry.commitments:
        # A cap that counts groups on their own is followed by what the group is.
        stands = name in have or any(name == cap or name.startswith(f"{cap} [") for cap in caps)
        if not stands and name not in BOUNDS:
            what = _NAMES.get(name.partition(" ")[0], "commitment")
            words = f"the carry tells what it holds, and the plan has no such {what}; it is left out"
            yield Notice("carry.unknown", name, words)


def _edited(terms: Terms, carry: Carry) -> Iterator[Notice]:
    """What the carry says of outcomes whose meter reads records otherwise by now."""
    for item, meters in carry.outcomes.items():
        for key, told in meters.items():
            held = terms.meters.get(key)
            now = None if held is None or not held.edges else held.meter.aggregate
            if isinstance(now, Outcomes) and now != Outcomes.model_validate(told["rules"]):
                words = (
                    f"the meter {key!r} has other rules than when outcomes were sold that can still change, and they "
                    "go by those of now; give new rules a meter of their own to keep the old ones"
                )
                yield Notice("outcomes.rules", item, words)
