"""
The lines of outcomes: each item once, for all its services in the period, and for what is left of items that are no
longer sold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .._numbers import CONTEXT, ZERO, Exact, add, sign, sub
from ..errors import MismatchError
from ..meters import Happening, Outcomes
from ..periods import Period
from ..plans import Piece, Service
from ..records import show_time
from ._bookings import Back
from ._evidence import Evidence
from ._line import LineHead
from ._line_key import Group, line_key, line_name
from ._line_kinds import Kind
from ._outcome_carry import not_carried
from ._outcomes import Due, OutcomeItem, is_outcomes
from ._tally import Account

if TYPE_CHECKING:
    from ._charging import Charging

__all__ = ["accounted", "outcome_lines", "outcomes_left"]

Mark = tuple[datetime, str, str]


def outcome_lines(charging: Charging, service: Service) -> None:
    """The lines of a service's item; with its first service come those of all."""
    assert service.meter is not None
    key = (service.key, service.meter.key)
    if key in charging.outcomes:
        return
    mine = [each for each in charging.terms.services if is_outcomes(each) and _key(each) == key]
    item = OutcomeItem(charging.terms, *key, mine, charging.reading(key[1]), _carried(charging).get(key))
    charging.outcomes[key] = item
    _emit(charging, item, ())


def outcomes_left(charging: Charging) -> None:
    """The lines of items that came in with open outcomes and are not sold in the period."""
    sold = {key for key, _ in charging.outcomes}
    for (key, meter), told in _carried(charging).items():
        if (key, meter) in charging.outcomes:
            continue
        reading = charging.reading(meter) if _counts(charging, meter) else None
        item = OutcomeItem(charging.terms, key, meter, (), reading, told)
        charging.outcomes[key, meter] = item
        # The same item may be sold by another meter now.
        _emit(charging, item, (("meter", meter),) if key in sold else ())


def _key(service: Service) -> tuple[str, str]:
    assert service.meter is not None
    return service.key, service.meter.key


def _carried(charging: Charging) -> dict[tuple[str, str], Any]:
    carry = charging.terms.carry
    if carry is None:
        return {}
    found = {(item, meter): told for item, meters in carry.outcomes.items() for meter, told in meters.items()}
    for (item, _), told in found.items():
        if told is None:
            raise not_carried(item)
    return found


def _counts(charging: Charging, meter: str) -> bool:
    """Whether the plan still measures it as outcomes."""
    held = charging.terms.meters.get(meter)
    return held is not None and bool(held.edges) and isinstance(held.meter.aggregate, Outcomes)


def _emit(charging: Charging, item: OutcomeItem, group: Group) -> None:
    left = item.uncounted()
    found: list[tuple[Due, LineHead]] = []
    # Where nothing was sold, and nothing is left of what was, no line has a price to tell it under.
    for due in item.dues() or ([item.nothing()] if left and item.editions else []):
        evidence = due.evidence
        if evidence is not None and left:
            evidence, left = evidence.beside(left), []
        found.append((due, _head(charging, item, due, group, evidence)))
    for due, head in found:
        _weigh(charging, item, due, head)
        item.lines[head.key] = (due.span, due.edition.key)
    if charging.terms.plan.carry_remainders:
        _book_carrying(charging, item, found)
        return
    for due, head in found:
        _book(charging, item, due, head)


def _book(charging: Charging, item: OutcomeItem, due: Due, head: LineHead) -> None:
    charging.round_line(head, due.quantity, due.amount, _steps(due), name=line_name(item.key, ()))
    if sign(due.amount) < 0 or sign(due.quantity) < 0:
        _reverse(charging, item, due, head.key)


def _book_carrying(charging: Charging, item: OutcomeItem, found: Sequence[tuple[Due, LineHead]]) -> None:
    """
    Book dues, where what rounding leaves is carried: what it leaves of reversals too.

    A reversal gives back what was billed, whatever rounding left before. So it is the item's own lines that take that
    on, also of reversals in the same statement: these are worked out first, and stand behind them all the same.
    """
    first, name = len(charging.lines), line_name(item.key, ())
    together = charging.terms.plan.rounding_at == "statement"
    for due, head in sorted(found, key=lambda each: not each[0].closed):
        before = charging.rest(name)
        _book(charging, item, due, head)
        # Where the statement is rounded as a whole, nothing is left of a line yet; what was there is taken on once.
        rest = ZERO if together else charging.lines[-1].remainder
        takes = not due.closed and name not in charging.rests
        charging.rests[name] = rest if takes else add(before, rest)
    places = {head.key: place for place, (_, head) in enumerate(found)}
    charging.lines[first:] = sorted(charging.lines[first:], key=lambda line: places[line.key])


def _reverse(charging: Charging, item: OutcomeItem, due: Due, key: str) -> None:
    """Take off what was billed, rounded so that in all no more is taken off than was."""
    back: Back | None = None
    if item.bookings.knows(due.span):
        amount = ZERO
        # Where the fee follows the success rate, fewer outcomes may cost more.
        if sign(due.amount) <= 0:
            billed, stands = item.left(due)
            line = charging.lines[-1]
            amount = max(ZERO, CONTEXT.subtract(billed, line.head.rounded(stands)))
            charging.lines[-1] = line.moved(
                line.head.rounded(sub(ZERO, amount)), "so that no more is taken off than was billed"
            )
        back = charging.backs[key] = item.reverse(due, amount)
    if sign(due.amount) < 0:
        _note(charging, item, due, key, back)


def _weigh(charging: Charging, item: OutcomeItem, due: Due, head: LineHead) -> None:
    """
    Note what a line comes to between the instants at which lots of money begin or end to pay.

    The service of an outcome is the instant at which it becomes billable, and that may lie outside the line's period.
    """
    if charging.wallet is None:
        return
    start, since = head.period.start, min(head.period.start, item.since)
    marks = charging.wallet.marks(charging.terms.currency, since, item.until)
    if not marks:
        return
    # The start stays a cut whatever lots come later: ids of draws are made of the cuts, and none may vanish.
    early = [since] if marks[0] <= start else []
    cuts: list[datetime] = sorted({start, *marks, *early})
    weights: list[tuple[datetime, Exact]] = []
    last: Exact = ZERO
    for cut, end in zip(cuts, [*cuts[1:], item.until], strict=True):
        now = item.amount(due, end)
        weights.append((cut, sub(now, last)))
        last = now
    charging.weights[head.key] = weights


def _note(charging: Charging, item: OutcomeItem, due: Due, key: str, back: Back | None) -> None:
    """
    Note what a line takes off, so that credits which paid for it come back.

    Raises:
        MismatchError: `ledger.missing`, where the plan grants money, and no ledger tells what it paid.
    """
    terms = charging.terms
    told = terms.ledger is not None or charging.given
    if not told and any(each.currency in (None, str(terms.currency)) for each in terms.plan.grants):
        raise MismatchError(
            f"outcomes of {item.key!r} that {terms.customer!r} was billed for before {terms.period!r} are reversed, "
            "and credits of the plan may have paid for them; pass ledger= with the entries of the statements before "
            "posted to it",
            code="ledger.missing",
        )
    if charging.wallet is not None:
        charging.undone[key] = item.undone(due, back)


def _steps(due: Due) -> Any:
    return lambda: (due.step(),)


def _head(
    charging: Charging, item: OutcomeItem, due: Due, group: Group, evidence: Evidence | None
) -> LineHead:  # fmt: skip
    terms = charging.terms
    service, pieces = _pieces(item, due)
    own = [piece for piece in pieces if _is_under(piece, due)]
    shown = own or pieces
    start, end = (shown[0].start, shown[-1].end) if shown else (terms.period.start, terms.period.end)
    if due.closed:
        group = (*group, ("billed", due.span))
    elif not own:
        group = (*group, ("card", show_time(due.edition.since)))
    kind: Kind = "reversal" if due.closed else "usage"
    meter = terms.meters.get(item.meter)
    return LineHead(
        line_key(kind, item.key, group, start), item=item.key, name=item.name, group=group,
        unit=item.meter if meter is None else meter.meter.unit or item.meter, currency=terms.currency,
        period=Period(start, end, zone=terms.zone), due=_due(service, terms.period.end),
        version=due.edition.version, mode=terms.plan.rounding, kind=kind, evidence=evidence,
    )  # fmt: skip


def _pieces(item: OutcomeItem, due: Due) -> tuple[Service | None, Sequence[Piece]]:
    """The pieces in which a line of a billing period stands; those of a closed one stand in the first."""
    mine = [each for each in item.services if due.closed or show_time(each.full.start) == due.span]
    if due.closed:
        mine = mine[:1]
    return (mine[-1] if mine else None), [piece for each in mine for piece in each.pieces]


def _due(service: Service | None, end: datetime) -> datetime:
    return end if service is None or service.due is None else service.due


def _is_under(piece: Piece, due: Due) -> bool:
    return piece.version == due.edition.version and piece.trial == due.edition.trial


def accounted(account: Account, items: Mapping[tuple[str, str], OutcomeItem], alone: Collection[str]) -> Account:
    """
    The account with what only the end of the period tells.

    Outcomes that are not decided yet are pending. Those at a time at which nothing was sold are unpriced, where no
    other meter counts their records.

    Args:
        account: where every record went when it was measured.
        items: what became of outcomes, by item and meter.
        alone: the meters whose event no other meter takes.
    """
    pending: dict[Mark, int] = {}
    for item in items.values():
        _most(pending, item.pending())
    unpriced: dict[Mark, int] = {}
    for (_, meter), item in items.items():
        if meter in alone:
            _most(unpriced, item.unserved)
    return account.moved("pending", sum(pending.values())).moved("unpriced", sum(unpriced.values()))


def _most(counts: dict[Mark, int], happenings: Sequence[Happening]) -> None:
    """Count records once, however many items or meters look at them."""
    mine: dict[Mark, int] = {}
    for each in happenings:
        mark = (each.at, each.source, each.id)
        mine[mark] = mine.get(mark, 0) + 1
    for mark, count in mine.items():
        counts[mark] = max(counts.get(mark, 0), count)
