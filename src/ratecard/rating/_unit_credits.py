"""
Credits in units, drawn while items are charged: usage costs credits by a menu, lots pay for them, the rest is priced.

Lots that begin or end to pay inside a stretch of service cut it; a cut costs the difference of the cumulative credits.
All items draw in the order of time, since what one leaves the next may take. What comes back later in the period, as
when a record takes usage off, is taken off the last that was counted, before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._numbers import ZERO, Exact, add, neg, sign, sub
from ..errors import NoPriceError
from ..money import Currency
from ..plans import Service
from ..prices import Credit
from ..quantity import Usage
from ..records import show_time
from ._credit_lines import Ask, Asks, Group
from ._line_key import line_name
from ._metered import Metered
from ._spread import kept
from ._wallet import Wallet
from ._wants import Want

if TYPE_CHECKING:
    from ._charging import Charging

__all__ = ["asked_units", "draw_units"]


def draw_units(charging: Charging, wallet: Wallet) -> Asks:
    """
    Let credits pay for all usage that is priced in them.

    Raises:
        NoPriceError: `credit.refused`, where the ledger refuses what its lots do not cover.
    """
    found = asked_units(charging, wallet)
    every = [ask for asks in found.values() for ask in asks]
    # Sorting keeps the order of what is equal: at one instant the items draw in their order, and in them the groups.
    every.sort(key=lambda each: (wallet.counting(each.at, each.due), each.at))
    wants = [Want(ask.line, ask.start, ask.money, ask.at, ask.use, ask.due, units=True) for ask in every]
    for ask, held in zip(every, wallet.pay(wants, home=False), strict=True):
        ask.held = held
        if held.refused:
            raise NoPriceError(
                f"the credits of {charging.terms.customer!r} do not pay for {ask.money} of {ask.line!r} from "
                f"{show_time(ask.at)} on, and the ledger refuses the rest; grant more of them, or let it leave or "
                "overdraw what no lot covers",
                code="credit.refused",
            )
    return found


def asked_units(charging: Charging, wallet: Wallet) -> Asks:
    """What all usage that is priced in credits costs of them; nothing is drawn."""
    found: Asks = {}
    for service in charging.terms.services:
        if service.due is not None and any(isinstance(piece.price, Credit) for piece in service.pieces):
            found.update(_asked(charging, wallet, service))
    return found


def _asked(charging: Charging, wallet: Wallet, service: Service) -> Asks:
    """What a service asks for, piece by piece and cut by cut."""
    found: Asks = {}
    counted: dict[Group, list[tuple[Ask, Exact]]] = {}
    before: dict[Group, Exact] = {}
    for piece in service.pieces:
        price, meter, due = piece.price, service.meter, service.due
        if not isinstance(price, Credit) or piece.trial:
            continue
        assert meter is not None
        assert due is not None
        unit = charging.terms.plan.currency_of(price.unit)
        metered = Metered(charging, service, piece, charging.reading(meter.key))
        for group in metered.groups:
            named = tuple(zip(piece.item.each, group, strict=True))
            use = metered.use(named)
            # Cut where money may pay for the rest as well, so that it is known from when the rest is.
            marks = sorted(
                {at for each in (unit, charging.terms.currency) for at in wallet.marks(each, piece.start, piece.end)}
            )  # fmt: skip
            line = f"{line_name(piece.item.key, named)}{piece.tail}"
            costs = metered.differences(group, marks, _menu(price, unit))
            asks = [Ask(line, piece.start, at, unit, use, due) for at in (piece.start, *marks)]
            before.setdefault(group, charging.uncovered_so_far(service, group, anew=not metered.cumulative))
            counted.setdefault(group, []).extend((ask, cost) for ask, cost in zip(asks, costs, strict=True))
            found[(service.place, piece.start, group)] = asks
    for group, held in counted.items():
        _settle(held, before[group])
    return found


def _menu(price: Credit, unit: Currency) -> Callable[[Usage], Exact]:
    return lambda usage: price.credits(usage, places=unit.places).amount


def _settle(held: Sequence[tuple[Ask, Exact]], before: Exact) -> None:
    """
    Set what each cut costs; what comes back is taken off the last cut before it that has some, or the next.

    Args:
        held: the cuts, with what the menu asks for each.
        before: what nobody paid in earlier statements of the counter; below 0 what came back there, and nobody gave.
    """
    amounts, back = kept([cost for _, cost in held])
    owed = neg(before) if sign(before) < 0 else ZERO
    for (ask, _), amount in zip(held, amounts, strict=True):
        ask.back = min(amount, owed)
        ask.amount = sub(amount, ask.back)
        owed = sub(owed, ask.back)
    held[0][0].back = add(held[0][0].back, back)
