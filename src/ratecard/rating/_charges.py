"""
Charges: what `charge` hands to `settle`, and all that outlives the one and is asked by the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from .._numbers import Exact
from ..credits import Ledger
from ..plans import Terms
from ._bookings import Back
from ._item_past import Stages
from ._line import LineItem
from ._outcome_facts import Undone
from ._outcome_lines import accounted
from ._outcomes import OutcomeItem
from ._reading import Reading
from ._tally import Account, Tally
from ._wallet import Wallet

__all__ = ["Charges", "Weights"]

Weights: TypeAlias = dict[str, list[tuple[datetime, Exact]]]
"""What lines come to from when, by their keys."""


class Charges:
    """
    What each item comes to, before anything that reads several lines. Made by `charge`, read by `settle`.

    Attributes:
        terms: what was charged.
        tally: what was measured.
        lines: the lines, in the order of the card, each rounded once.
        rollovers: for each item with a rollover, the units that each group takes into the next period.
        listed: for lines that a discount of their item changed, by key, the exact amount without it.
        outcomes: what became of outcomes, by item and meter.
        wallet: the credits, as items have drawn on them so far; None where there are none.
        weights: for lines inside which lots of money begin or end to pay, by key, what they come to from when.
        undone: for lines that take off outcomes billed before, by key, what they take off.
        backs: for the same lines, by key, what they give back of what stages across lines took when it was billed.
        uncovered: for each item priced in credits whose counter runs on, the credits of each group that nobody paid.
        rests: where remainders are carried, what rounding left that no line has taken on; of outcomes all that it left.
        stages: for each item whose cadence period runs on, what came to its stages so far, and what they took off.
    """

    __slots__ = (
        "backs", "lines", "listed", "outcomes", "rests", "rollovers", "stages", "tally", "terms", "uncovered", "undone",
        "wallet", "weights",
    )  # fmt: skip

    def __init__(
        self,
        terms: Terms,
        tally: Tally,
        lines: Sequence[LineItem],
        rollovers: Mapping[str, Mapping[tuple[str, ...], Exact]],
        listed: Mapping[str, Exact],
        outcomes: Mapping[tuple[str, str], OutcomeItem] | None = None,
        *,
        wallet: Wallet | None = None,
        weights: Weights | None = None,
        uncovered: Mapping[str, Mapping[tuple[str, ...], Exact]] | None = None,
        undone: Mapping[str, Undone] | None = None,
        stages: Mapping[str, Stages] | None = None,
        backs: Mapping[str, Back] | None = None,
        rests: Mapping[str, Exact] | None = None,
    ) -> None:
        self.rests = rests or {}
        self.backs = backs or {}
        self.stages = stages or {}
        self.wallet = wallet
        self.weights: Weights = weights or {}
        self.uncovered = uncovered or {}
        self.undone = undone or {}
        self.listed = listed
        self.outcomes = {} if outcomes is None else outcomes
        self.terms = terms
        self.tally = tally
        self.lines = tuple(lines)
        self.rollovers = rollovers

    @property
    def ledger(self) -> Ledger | None:
        """The credits so far: the plan's grants in it, and what items drew."""
        return None if self.wallet is None else self.wallet.ledger()

    @property
    def account(self) -> Account | None:
        """Where every record went; None where the tally holds other customers too."""
        if len(self.tally.metering) != 1:
            return None
        if not self.outcomes:
            return self.tally.account
        events = [held.meter.event for held in self.terms.meters.values()]
        alone = [key for key, held in self.terms.meters.items() if events.count(held.meter.event) == 1]
        return accounted(self.tally.account, self.outcomes, alone)

    def readings(self) -> dict[str, Reading]:
        """The meters of all services, also of those not billed yet: what they hold outlives the period."""
        keys = dict.fromkeys(service.meter.key for service in self.terms.services if service.meter is not None)
        for key, held in self.terms.meters.items():
            if any(held.priced):
                keys[key] = None
        return {key: Reading(self.terms, self.tally, key) for key in keys}
