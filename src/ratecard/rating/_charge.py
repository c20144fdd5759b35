"""
charge: from a tally to lines, each item up to its rounded line.

For each service, piece by piece and group by group: what was used, converted and rounded as the item says; its price;
the share where a value is not cumulative; and one rounding. A service that has a short way to its line takes it; what
the long way keeps in mind between services is a `Charging`.
"""

from __future__ import annotations

from datetime import datetime

from .._kinds import expect
from ..credits import Ledger
from ..plans import Service, Terms
from ..prices import Credit
from ._charges import Charges
from ._charging import Charging
from ._direct import Counter, Way, counter, is_fee
from ._heads import line_head
from ._line import LineItem
from ._outcome_lines import outcomes_left
from ._tally import Account, Cells, Tally
from ._unit_credits import draw_units
from ._wallet import opened

__all__ = ["charge", "ways_of"]


def charge(terms: Terms, tally: Tally, ledger: Ledger | None = None, *, booked: datetime | None = None) -> Charges:
    """
    Price what was measured, item by item; credits in units are drawn on the way.

    Args:
        terms: what `resolve` made.
        tally: measured for these terms, or for these among others.
        ledger: the credits to draw on; the one that `resolve` was given where None, else one is opened from the plan's
            grants. It stays as it is.
        booked: the instant at which credits come back that an earlier statement of the period drew too many of; the
            end of the period where None.

    Raises:
        MismatchError: `tally.*` or `demand.missing`, when the tally can't answer; `carry.missing`, when a counter began
            before the period and nothing tells what it held; `level.opening`; `ledger.missing` or `ledger.edges`, when
            credits came before the period, or when usage was not cut where lots begin or end; `argument.type`.
        NoPriceError: some usage has no price, or is priced in credits that nobody paid.
    """
    expect(terms, Terms, "the terms", "give what resolve made")
    expect(tally, Tally, "the tally", "give what measure made; stored data is read by Tally.load")
    ways, in_order = ways_of(terms)
    if ledger is not None:
        expect(ledger, Ledger, "the ledger", "give a Ledger (an open one has `ledger()`)")
    else:
        quick = _quick(terms, tally)
        if quick is not None:
            return quick
    charging = Charging(terms, tally)
    charging.given = ledger is not None
    if ledger is not None or _paid_by_credits(terms):
        charging.wallet = opened(terms, ledger, booked)
        charging.asks = draw_units(charging, charging.wallet)
    lines = charging.lines
    customer = terms.subscription.customer
    # A tally that was measured for other terms as well is read the long way, which checks that it can answer.
    cells = tally.cells.get(customer, _NONE) if tally.metering.get(customer) is terms.meters else None
    if charging.wallet is not None and charging.wallet.has(terms.currency):
        # So is what money may pay: the long way notes what usage came to from when.
        cells = None
    for service, way in ways:
        if isinstance(way, tuple):
            lines.extend(way)
        else:
            line = None
            if way is not None and cells is not None:
                segments = cells.get(way.meter)
                line = way.line(segments if segments is not None else [{}] * (way.segment + 1))
            if line is None:
                charging.service(service)
                continue
            lines.append(line)
        if not in_order:
            charging.placed(service)
    if terms.carry is not None and terms.carry.outcomes:
        outcomes_left(charging)
        charging.placed_last()
    return Charges(
        terms, tally, *charging.finished(in_order=in_order), charging.outcomes, wallet=charging.wallet,
        weights=charging.weights, uncovered=charging.uncovered, undone=charging.undone, stages=charging.stages,
        backs=charging.backs,
    )  # fmt: skip


def _paid_by_credits(terms: Terms) -> bool:
    """Whether credits may pay, also where none are given."""
    return bool(terms.grants or terms.granted_before or terms.ledger is not None or terms.memo["in_credits"])


def _quick(terms: Terms, tally: Tally) -> Charges | None:
    """The charges where every service has a short way to its lines and nothing comes in from before; else None."""
    ways: tuple[Counter | tuple[LineItem, ...], ...] | None = terms.memo["quick"]
    customer = terms.subscription.customer
    if ways is None or tally.metering.get(customer) is not terms.meters:
        return None
    cells = tally.cells.get(customer, _NONE)
    lines: list[LineItem] = []
    for way in ways:
        if isinstance(way, tuple):
            lines += way
            continue
        segments = cells.get(way.meter)
        line = None if segments is None else way.line(segments)
        if line is None:
            return None
        lines.append(line)
    return Charges(terms, tally, lines, {}, {})


_NONE: dict[str, list[Cells]] = {}


def ways_of(terms: Terms) -> tuple[list[tuple[Service, Way]], bool]:
    """How each service that is billed comes to its lines, and whether they stand in the order of the card."""
    memo = terms.memo
    if "ways" not in memo:
        memo["ways"] = _ways(terms)
        places = [service.place for service, _ in memo["ways"]]
        # Items that read others may be charged in another order than the card's; mostly the two are one.
        memo["in_order"] = places == sorted(places)
        memo["in_credits"] = any(
            isinstance(piece.price, Credit) for service in terms.services for piece in service.pieces
        )
        short = [way for _, way in memo["ways"] if way is not None]
        quick = len(short) == len(places) and memo["in_order"] and terms.carry is None and not _paid_by_credits(terms)
        memo["quick"] = tuple(short) if quick else None
    return memo["ways"], memo["in_order"]


def _ways(terms: Terms) -> list[tuple[Service, Way]]:
    """How each service that is billed comes to its lines."""
    found: list[tuple[Service, Way]] = []
    for service in terms.services:
        if service.due is None:
            continue
        way: Way = None
        if service.staged:
            found.append((service, None))
            continue
        if is_fee(terms, service):
            charging = Charging(terms, Tally({}, {}, Account({}, 0, False, ())))
            charging.service(service)
            way = tuple(charging.lines)
        else:
            way = counter(terms, service, lambda service, piece: line_head(terms, service, piece, ()))
        found.append((service, way))
    return found
