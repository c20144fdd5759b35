"""
The line of usage that is priced in credits: what the menu asks, what lots paid of it, and what the rest costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .._numbers import ZERO, Exact, add, sign, sub, total
from ..credits import Use
from ..errors import NoPriceError
from ..money import Currency, Money
from ..prices import Credit
from ..quantity import Usage
from ..records import show_time
from ..steps import Step
from ._line import less
from ._wants import Held

if TYPE_CHECKING:
    from ._metered import Metered

__all__ = ["NOT_PAID", "OWED", "PAID", "Ask", "Asks", "Group", "credit_line"]

Group = tuple[str, ...]

NOT_PAID, PAID, OWED = " not paid", "paid by credits", "owed, to be paid by the next grant"
"""How the steps of such a line are told: what is left, behind the unit; what lots paid; what is overdrawn."""


class Ask:
    """The credits that one group of a piece of service costs from one cut on, and what paid for them."""

    __slots__ = ("amount", "at", "back", "due", "held", "line", "start", "unit", "use")

    def __init__(self, line: str, start: datetime, at: datetime, unit: Currency, use: Use, due: datetime) -> None:
        self.line = line
        self.start = start
        self.at = at
        # Set when all cuts of the counter are known; what is below 0 in all is no draw but lowers what is not paid, and
        # raises it where later statements need as much again.
        self.amount: Exact = ZERO
        self.back: Exact = ZERO
        self.unit = unit
        self.use = use
        self.due = due
        self.held = Held()

    @property
    def money(self) -> Money:
        """The credits it costs."""
        # Rounded to the decimals of the unit, so it ends.
        assert isinstance(self.amount, Decimal)
        return Money.make(self.amount, self.unit)


Asks = dict[tuple[int, datetime, Group], list[Ask]]
"""By the place of the service, the start of the piece and the group."""


def credit_line(
    metered: Metered, group: Group, usage: Usage, was: Usage | None
) -> tuple[Exact, Exact, Callable[[], tuple[Step, ...]]]:
    """Quantity, amount and steps of a group whose usage credits paid for, as far as they did."""
    charging, piece, price = metered.charging, metered.piece, metered.price
    assert isinstance(price, Credit)
    quantity = usage.total if was is None else sub(usage.total, was.total)
    if piece.trial:
        return quantity, ZERO, lambda: (Step.of("given", [("value", ZERO)], note="no credits are drawn"),)
    unit = charging.terms.plan.currency_of(price.unit)
    asks = charging.asks[(metered.service.place, piece.start, group)]
    start = charging.uncovered_so_far(metered.service, group, anew=not metered.cumulative)
    beyond, weights = start, []
    before = price.beyond(start).amount
    for ask in asks:
        beyond = add(beyond, add(ask.held.uncovered, ask.back))
        until = _cost(metered, price, ask, beyond)
        weights.append((ask.at, sub(until, before)))
        before = until
    charging.uncovered.setdefault(metered.service.key, {})[group] = beyond
    if len(asks) > 1:
        charging.weights[asks[0].line] = weights
    rest, earlier = price.beyond(beyond), price.beyond(start)
    amount = sub(rest.amount, earlier.amount)

    def derive() -> tuple[Step, ...]:
        needed = price.credits(usage, places=unit.places).step
        if was is not None:
            before = price.credits(was, places=unit.places).step
            needed = less(sub(needed.result, before.result), needed, before)
        left = Step.of("difference", parts=[_needed(asks, needed), _paid(asks)], note=f"{unit}{NOT_PAID}")
        if not sign(start):
            return (Step.of("last", parts=[left, rest.step]),)
        every = Step.of("sum", parts=[Step.of("given", [("value", start)], note=f"{unit} not paid before"), left])
        return (Step.of("last", parts=[every, less(amount, rest.step, earlier.step)]),)

    return quantity, amount, derive


def _cost(metered: Metered, price: Credit, ask: Ask, beyond: Exact) -> Exact:
    """
    What credits cost that nobody paid till the end of a cut.

    Raises:
        NoPriceError: `credit.uncovered`, where there are some and no price for them.
    """
    try:
        return price.beyond(beyond).amount
    except NoPriceError as error:
        raise NoPriceError(
            f"credits do not pay for {metered.item.key!r} of {metered.charging.terms.customer!r} from "
            f"{show_time(ask.at)} on (line {ask.line!r}): {error.text}",
            code=error.code,
        ) from None


def _needed(asks: Sequence[Ask], menu: Step) -> Step:
    """What the menu says, less what came back later in the period."""
    needed = total(add(ask.amount, ask.back) for ask in asks)
    if needed == menu.result:
        return menu
    change = Step.of("given", [("value", sub(needed, menu.result))], note="moved to where later usage came back")
    return Step.of("sum", parts=[menu, change])


def _paid(asks: Sequence[Ask]) -> Step:
    """What each lot paid, and what is owed."""
    lots: dict[str, Exact] = {}
    owed: Exact = ZERO
    for ask in asks:
        owed = add(owed, ask.held.overdrawn)
        for lot, amount in ask.held.parts:
            lots[lot] = add(lots.get(lot, ZERO), amount)
    parts = [Step.of("given", [("value", amount)], note=f"from {lot}") for lot, amount in lots.items()]
    if sign(owed):
        parts.append(Step.of("given", [("value", owed)], note=OWED))
    return Step.of("sum", parts=parts, note=PAID) if parts else _unpaid()


def _unpaid() -> Step:
    """The step that says that no credits paid."""
    return Step.of("given", [("value", ZERO)], note=PAID)
