"""
What outlives a period: the carry of a statement, worked out when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from .._numbers import ZERO, Exact, add, exact, sign, text
from ..meters import Outcomes
from ..plans import Carry, Terms
from ..records import show_time
from ._bookings import Booking, Room, SoFarTaken, taken_of
from ._charges import Charges
from ._item_past import stages_told
from ._levels import Levels
from ._line import LineItem
from ._line_key import line_name
from ._line_kinds import CHARGES
from ._outcome_carry import outcomes_carried
from ._outcomes import OutcomeItem
from ._reading import Reading
from ._settled import Settled
from ._story import Virtual, shown_returned
from ._unpaid import Unpaid

__all__ = ["carried"]


def carried(
    charges: Charges,
    lines: Sequence[LineItem],
    *,
    drawn: Mapping[str, Exact] | None = None,
    coupons: Mapping[str, int] | None = None,
    billed: Mapping[str, Any] | None = None,
    virtual: Virtual | None = None,
    unpaid: Unpaid | None = None,
    rooms: Mapping[str, Sequence[Room]] | None = None,
    taken: SoFarTaken | None = None,
) -> Carry:
    """
    What the next period needs to know.

    Args:
        charges: what was charged.
        lines: the lines of the statement.
        drawn: what commitments and floors that run on hold, and what is used up of trials by amount, by their names.
        coupons: how often each coupon has been used.
        billed: what statements have billed of a billing period that runs on.
        virtual: what of draws on credits came back too much, or too little; None where there are no credits.
        unpaid: what credits did not pay of a billing period that runs on; None where there are no credits.
        rooms: what lines of outcomes used up of commitments, floors, ceilings and trials, by their keys.
        taken: what stages took of outcomes so far, where statements before billed a part of the billing period.
    """
    terms = charges.terms
    readings = charges.readings()
    # Outcomes outlive a period subject by subject, with their prices, not as counters.
    counters = {
        key: _counters(reading)
        for key, reading in readings.items()
        if not isinstance(reading.meter.aggregate, Outcomes)
    }
    outcomes: dict[str, dict[str, Any]] = {}
    for (item, meter), held in charges.outcomes.items():
        paid = held.bookings.rows(_booked(held, lines, rooms or {}))
        if taken is not None:
            paid = taken.shared(item, paid, terms.currency.step)
        told = outcomes_carried(held, paid)
        if told is not None:
            outcomes.setdefault(item, {})[meter] = told
    levels = {key: _levels(reading, reading.levels) for key, reading in readings.items() if reading.levels is not None}
    remainders = _remainders(charges, lines) if terms.plan.carry_remainders else {}
    stages: dict[str, Any] = {item: stages_told(held) for item, held in sorted(charges.stages.items())}
    counting: dict[str, Any] = {key: starts for key, starts in counters.items() if starts}
    uncovered: dict[str, Any] = _uncovered(charges)
    if terms.carry is not None and not terms.services:
        # All of it lies in a pause: what runs on behind that waits as it is.
        counting = {**terms.carry.counters, **counting}
        stages = {**terms.carry.stages, **stages}
        uncovered = {**terms.carry.uncovered, **uncovered}
    return Carry(
        terms.customer,
        terms.plan.key,
        terms.period.end,
        currency=str(terms.currency),
        counters=counting,
        levels={key: pairs for key, pairs in levels.items() if pairs},
        rollovers={
            item: [[list(group), text(units)] for group, units in sorted(groups.items())]
            for item, groups in charges.rollovers.items()
        },
        uncovered=uncovered,
        stages={item: told for item, told in stages.items() if told},
        remainders={name: text(left) for name, left in sorted(remainders.items()) if sign(left)},
        commitments={name: text(held) for name, held in sorted((drawn or {}).items()) if sign(held)},
        coupons={key: uses for key, uses in sorted((coupons or {}).items())},
        outcomes=outcomes,
        billed=billed,
        returned=_returned(terms, virtual),
        unpaid=_unpaid(terms, unpaid),
        settled=_settled(terms, unpaid, outcomes),
        identities=_identities(charges, counting=bool(counting)),
    )


def _remainders(charges: Charges, lines: Sequence[LineItem]) -> dict[str, Exact]:
    """What rounding left, by the names of lines; of outcomes by their item, with what it left of reversals."""
    terms = charges.terms
    together = terms.plan.rounding_at == "statement"
    outcomes = {key: line_name(held.key, ()) for held in charges.outcomes.values() for key in held.lines}
    found: dict[str, Exact] = {}
    for line in lines:
        name = outcomes.get(line.key)
        if together and name is not None:
            found[name] = add(found.get(name, ZERO), line.remainder)
        elif name is None and line.kind in CHARGES:
            name = line.key.rpartition("@")[0]
            found[name] = add(found.get(name, ZERO) if together else ZERO, line.remainder)
    for name, rest in charges.rests.items():
        found[name] = add(found.get(name, ZERO) if together else ZERO, rest)
    # What no line took up stays for the next one.
    kept = {} if terms.carry is None else terms.carry.remainders
    return {**{name: exact(left) for name, left in kept.items()}, **found}


def _booked(
    item: OutcomeItem, lines: Sequence[LineItem], rooms: Mapping[str, Sequence[Room]]
) -> dict[str, list[Booking]]:
    """The lines that billed outcomes of an item, by billing period, with what stages made of them."""
    mine = [line for line in lines if line.key in item.lines and line.rounded >= ZERO]
    taken = taken_of(lines, (line.key for line in mine))
    found: dict[str, list[Booking]] = {}
    for line in mine:
        span, edition = item.lines[line.key]
        parts, used = tuple(taken[line.key]), tuple(rooms.get(line.key, ()))
        found.setdefault(span, []).append(
            Booking(item.since, item.until, edition, line.rounded, max(ZERO, line.quantity), parts, used)
        )
    return found


def _returned(terms: Terms, virtual: Virtual | None) -> dict[str, list[list[object]]]:
    """What later statements have to mend of what came back of draws."""
    if virtual is None:
        return {} if terms.carry is None else terms.carry.returned
    return shown_returned(virtual)


def _unpaid(terms: Terms, unpaid: Unpaid | None) -> dict[str, Any]:
    """What is due in money of a billing period that runs on."""
    if unpaid is None:
        return {} if terms.carry is None else terms.carry.unpaid
    return unpaid.told()


def _settled(
    terms: Terms, unpaid: Unpaid | None, outcomes: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[list[object]]]:
    """What was due in money of billing periods that are over, as far as outcomes of theirs may be reversed."""
    told = (each for meters in outcomes.values() for each in meters.values())
    spans = {f"{start}/{end}" for each in told for start, end, *_ in each["spans"]}
    settled = Settled(terms) if unpaid is None else unpaid.settled
    return settled.told(spans)


def _uncovered(charges: Charges) -> dict[str, list[list[object]]]:
    """The credits that nobody paid, for items whose counter runs on after the period."""
    end = charges.terms.period.end
    going = {service.key for service in charges.terms.services if service.counted < end < service.full.end}
    return {
        item: [[list(group), text(units)] for group, units in sorted(groups.items()) if sign(units)]
        for item, groups in charges.uncovered.items()
        if item in going and any(sign(units) for units in groups.values())
    }


def _counters(reading: Reading) -> dict[str, list[list[object]]]:
    """
    What counters hold that run on after the period, in stretches from one of these instants to the next.

    A counter that is not billed yet is cut where its price changes: each piece will ask for its own part.
    """
    terms = reading.terms
    starts: set[datetime] = set()
    for service in terms.services:
        if service.meter is None or service.meter.key != reading.meter.key:
            continue
        if service.counted < terms.period.end < service.full.end:
            starts.add(service.counted)
            if service.due is None:
                starts.update(piece.start for piece in service.pieces if piece.start < terms.period.end)
                if terms.grants or terms.ledger is not None:
                    # Where lots begin or end to pay, the later statement will tell usage apart.
                    cuts = (*reading.edges, *reading.carried)
                    starts.update(cut for cut in cuts if service.counted < cut < terms.period.end)
    ends = [*sorted(starts), terms.period.end]
    return {show_time(start): reading.dumped(start, end) for start, end in pairwise(ends)}


def _identities(charges: Charges, *, counting: bool) -> list[list[str | None]]:
    """What was counted in this period; and while a counter runs on, what was counted before."""
    terms = charges.terms
    found = {mark: told for mark, told in charges.tally.marks(terms.customer).items()}
    if counting and terms.carry is not None:
        for source, name, told in terms.carry.identities:
            found.setdefault((source, str(name)), str(told))
    ordered = sorted(found.items(), key=lambda each: (each[0][0] or "", each[0][0] is not None, each[0][1]))
    return [[source, name, told] for (source, name), told in ordered]


def _levels(reading: Reading, levels: Levels) -> list[list[object]]:
    groups = {group for segment in reading.segments for group in segment} | set(levels.untouched())
    told = {group: levels.told(group, reading.terms.period.end) for group in sorted(groups)}
    return [[list(group), each] for group, each in told.items() if each is not None]
