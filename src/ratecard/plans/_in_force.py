"""
Which card of a plan is in force when, for one subscription: its cards sorted once, and an instant looked up in them.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from typing import TYPE_CHECKING

from .._model import show_day
from ..errors import NoPriceError
from ._card import RateCard
from ._checks import rank

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["InForce"]


class InForce:
    """
    The cards that a subscription may see, in the order in which they come into force.

    Args:
        plan: whose cards.
        currency: the subscription's.
        cohort: the subscription's, or None.
        started: when the subscription started; cards for new subscriptions are seen from there on.
    """

    __slots__ = ("_groups", "_told")

    def __init__(self, plan: Plan, currency: str, cohort: str | None, started: datetime) -> None:
        self._told = (plan.key, currency, started)
        seen = [
            (rank(effective), card.applies == "new", effective, card)
            for card in plan.cards
            if card.currency == currency and card.cohort in (None, cohort)
            for effective in (plan.effective(card),)
            if card.applies == "all" or effective is None or effective <= started
        ]
        # The more special reach wins a tie of dates; the first card wins where all is the same.
        seen = sorted(reversed(seen), key=lambda each: each[:2])
        # A card that names the cohort goes before all that do not.
        self._groups: list[tuple[list[datetime], list[RateCard]]] = []
        for named in (True, False):
            mine = [each for each in seen if (each[3].cohort is not None) is named]
            dates = [effective for _, _, effective, _ in mine if effective is not None]
            self._groups.append((dates, [card for *_, card in mine]))

    def at(self, at: datetime) -> RateCard:
        """
        The card that holds at an instant.

        Raises:
            NoPriceError: `card.none` when no card is in force.
        """
        for dates, cards in self._groups:
            # Those that are in force always have no date and stand first.
            index = len(cards) - len(dates) + bisect_right(dates, at) - 1
            if index >= 0:
                return cards[index]
        key, currency, started = self._told
        raise NoPriceError(
            f"the plan {key!r} has no card in {currency!r} in force at {show_day(at)} for a subscription that "
            f"started at {show_day(started)}; add a card, or begin later",
            code="card.none",
        )
