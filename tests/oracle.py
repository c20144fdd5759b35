"""
A second, naive walk from records to lines, to hold the real one against.

It reads the same plans, as data alone, and shares no arithmetic with the library: fractions, plain loops over all
records since the beginning, calendar boundaries counted by hand. It knows UTC, one currency, and the models and
aggregates named in `cost` and `value`; that is enough for every rule of cards, cadences, counters, groups and shares.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Any, NamedTuple

from ratecard import meters, prices
from ratecard.plans import Item, Plan, Subscription
from ratecard.records import UsageRecord

Records = Sequence[UsageRecord]
ZERO = Fraction(0)
MICROSECOND = timedelta(microseconds=1)


class Line(NamedTuple):
    """What a line must say."""

    item: str
    group: tuple[str, ...]
    start: datetime
    quantity: Fraction
    exact: Fraction


class Piece(NamedTuple):
    """A stretch with one item; `counted` is when its counter began, `full` its cadence period."""

    start: datetime
    end: datetime
    item: Item
    counted: datetime
    full: tuple[datetime, datetime]


def lines(plan: Plan, acme: Subscription, records: Iterable[UsageRecord], start: datetime, end: datetime) -> list[Line]:
    """
    The lines of a period, from all records since the beginning; lines of nothing that cost nothing are left out.
    """
    held = sorted(records, key=lambda each: (each.at, each.source or "", each.id or ""))
    found: list[Line] = []
    pieces = [piece for piece in billed(plan, acme, start, end)]
    for reads in (False, True):
        for piece in pieces:
            if isinstance(piece.item.price, prices.PercentOf) == reads:
                found += _lines(plan, acme, held, piece, found)
    return [line for line in found if line.quantity or line.exact]


def billed(plan: Plan, acme: Subscription, start: datetime, end: datetime) -> list[Piece]:
    """The stretches that are billed in a period."""
    begin, stop = _instant(acme.start), datetime(2100, 1, 1, tzinfo=UTC) if acme.end is None else _instant(acme.end)
    found: list[Piece] = []
    for key, cadence in dict.fromkeys(
        (item.key, item.cadence or plan.cadence) for card in plan.cards for item in card.items
    ):
        anchor = cadence.anchor or acme.anchor or acme.start
        for full in _grid(cadence.unit, cadence.every, _instant(anchor), start, end):
            whole = max(full[0], begin), min(full[1], stop)
            for run in _runs(plan, key, cadence, whole):
                found += _billed(run, full, start, end, own=cadence != plan.cadence)
    return found


Sold = tuple[datetime, datetime, Item]


def _runs(plan: Plan, key: str, cadence: object, whole: tuple[datetime, datetime]) -> list[list[Sold]]:
    """What is sold under a key without a break and from one source."""
    marks = sorted({whole[0], whole[1], *(_instant(card.effective) for card in plan.cards if card.effective)})
    runs: list[list[Sold]] = [[]]
    latest = None
    for a, b in pairwise(marks):
        if not whole[0] <= a < b <= whole[1]:
            continue
        card = max(
            (each for each in plan.cards if each.effective is None or _instant(each.effective) <= a),
            key=lambda each: datetime.min.replace(tzinfo=UTC) if each.effective is None else _instant(each.effective),
        )
        item = next((i for i in card.items if i.key == key and (i.cadence or plan.cadence) == cadence), None)
        last = runs[-1][-1] if runs[-1] else None
        if item is not None and last is not None and (last[2].meter, last[2].quantity) != (item.meter, item.quantity):
            runs.append([])
        if item is None:
            runs.append([])
        elif runs[-1] and latest is card:
            runs[-1][-1] = (runs[-1][-1][0], b, item)
        else:
            runs[-1].append((a, b, item))
        latest = card
    return [run for run in runs if run]


def _billed(
    run: list[Sold], full: tuple[datetime, datetime], start: datetime, end: datetime, *, own: bool
) -> list[Piece]:
    first, last = run[0][0], run[-1][1]
    advance = run[-1][2].bill == "advance"
    if own:
        due = start <= first < end if advance else start < last <= end
        return [Piece(a, b, item, first, full) for a, b, item in run] if due else []
    cut = [(max(a, start), min(b, end), item) for a, b, item in run]
    return [Piece(a, b, item, first, full) for a, b, item in cut if a < b]


def _lines(plan: Plan, acme: Subscription, held: Records, piece: Piece, before: list[Line]) -> list[Line]:
    item = piece.item
    how = item.prorate or plan.proration
    was, until = share(piece, piece.start, how), share(piece, piece.end, how)
    if item.meter is None:
        quantity = Fraction(1) if item.quantity is None else Fraction(acme.quantities[item.quantity])
        if isinstance(item.price, prices.PercentOf):
            amount = _part(item.price, piece, piece.end, before)
            if piece.start != piece.counted:
                amount -= _part(item.price, piece, piece.start, before)
        elif isinstance(item.price, prices.Flat):
            once = Fraction(piece.start == piece.counted)
            amount = Fraction(item.price.amount) * quantity * (until - was if item.price.prorate else once)
        else:
            amount = cost(item.price, [], quantity, Fraction(1)) * (until - was)
        return [Line(item.key, (), piece.start, quantity, amount)]
    meter = next(each for each in plan.meters if each.key == item.meter)
    mine = [
        each for each in held if each.event == meter.event and each.at < piece.end and each.at >= _instant(acme.start)
    ]
    gauge = isinstance(meter.aggregate, meters.Level | meters.Peak)
    single = isinstance(meter.aggregate, meters.Average | meters.Latest) or item.tiers != "continue"
    since = _instant(acme.start) if gauge else piece.start if single else piece.counted
    seen = [each for each in mine if each.at >= since]
    groups = dict.fromkeys(tuple(str(each.properties.get(name) or "") for name in item.each) for each in seen)
    found = []
    for group in sorted(groups) or ([()] if not item.each else []):
        own = [each for each in mine if tuple(str(each.properties.get(name) or "") for name in item.each) == group]
        found.append(Line(item.key, group, piece.start, *_metered(meter, piece, own, was, until)))
    return found


def _part(price: prices.PercentOf, piece: Piece, at: datetime, before: list[Line]) -> Fraction:
    """A share of what other items came to from the start of the counter up to an instant."""
    base = sum((line.exact for line in before if line.item in price.items and piece.counted <= line.start < at), ZERO)
    return _clamped(base * Fraction(price.rate), price.minimum, price.maximum)


def _metered(
    meter: meters.Meter, piece: Piece, held: Records, was: Fraction, until: Fraction
) -> tuple[Fraction, Fraction]:
    """Quantity and amount of one group."""
    item, aggregate = piece.item, meter.aggregate
    single = isinstance(aggregate, meters.Average | meters.Latest | meters.Percentile)
    part = until - was

    def measured(since: datetime, to: datetime) -> tuple[Fraction, Records]:
        inside = [each for each in held if since <= each.at < to]
        return value(aggregate, held, inside, since, to, piece.full), inside

    if single:
        quantity, inside = measured(piece.start, piece.end)
        return quantity, cost(item.price, inside, quantity, Fraction(1)) * part
    if item.tiers == "prorate" and part != 1:
        quantity, inside = measured(piece.start, piece.end)
        return quantity, cost(item.price, inside, quantity / part, Fraction(1)) * part if part else ZERO
    if item.tiers != "continue":
        quantity, inside = measured(piece.start, piece.end)
        return quantity, cost(item.price, inside, quantity, part)
    before, earlier = measured(piece.counted, piece.start)
    after, inside = measured(piece.counted, piece.end)
    gauge = isinstance(aggregate, meters.Level | meters.Peak)
    known = [each for each in held if each.at < piece.start] if gauge else earlier
    if piece.start == piece.counted or (item.each and not known):
        return after, cost(item.price, inside, after, until)
    return after - before, cost(item.price, inside, after, until) - cost(item.price, earlier, before, was)


def value(
    aggregate: Any, held: Records, inside: Records, since: datetime, to: datetime, full: tuple[datetime, datetime]
) -> Fraction:
    """What a meter shows over [since, to)."""
    if isinstance(aggregate, meters.Count):
        return Fraction(len(inside))
    if isinstance(aggregate, meters.Unique):
        return Fraction(len({str(each.properties[aggregate.of]) for each in inside}))
    if isinstance(aggregate, meters.Level | meters.Peak):
        return _level(aggregate, held, since, to, full)
    numbers = [Fraction(each.properties[aggregate.of]) for each in inside]
    if isinstance(aggregate, meters.Sum):
        return sum(numbers, ZERO) - sum(Fraction(each.properties[name]) for each in inside for name in aggregate.less)
    if not numbers:
        return ZERO
    if isinstance(aggregate, meters.Max | meters.Min):
        return max(numbers) if isinstance(aggregate, meters.Max) else min(numbers)
    if isinstance(aggregate, meters.Average):
        return sum(numbers, ZERO) / len(numbers)
    assert isinstance(aggregate, meters.Latest)
    return numbers[-1]


def _level(aggregate: Any, held: Records, since: datetime, to: datetime, full: tuple[datetime, datetime]) -> Fraction:
    """The integral or the most of a level that was what the meter states, or 0, before the first record."""
    level, at = Fraction(aggregate.opening or 0), since
    area, most = ZERO, None
    for each in [
        *sorted(held, key=lambda each: (each.at, each.source or "", each.id or "", each.properties["n"])),
        None,
    ]:
        until = to if each is None else min(max(each.at, since), to)
        if until > at:
            area += level * ((until - at) // MICROSECOND)
            most = level if most is None else max(most, level)
            at = until
        if each is not None and each.at < to:
            number = Fraction(each.properties[aggregate.of])
            level = number if aggregate.mode == "set" else level + number
    if isinstance(aggregate, meters.Peak):
        return most or ZERO
    return area / ((full[1] - full[0]) // MICROSECOND)


def cost(price: Any, inside: Records, quantity: Fraction, part: Fraction) -> Fraction:
    """What a quantity costs; `part` is the share of a full period."""
    if isinstance(price, prices.Flat):
        return Fraction(price.amount) * (part if price.prorate else 1)
    if isinstance(price, prices.Hybrid):
        amounts = [cost(each, inside, quantity, part) for each in price.prices]
        return {"sum": sum, "greatest": max, "least": min}[price.combine](amounts)
    if isinstance(price, prices.Multiplier):
        return Fraction(price.factor) * cost(price.base, inside, quantity, part)
    if isinstance(price, prices.Allowance):
        included = Fraction(price.units) * (part if price.prorate else 1)
        return cost(price.base, inside, quantity if quantity < 0 else max(ZERO, quantity - included), part)
    if isinstance(price, prices.Matrix):
        return _matrix(price, inside, part)
    if quantity <= 0:
        return -cost(price, inside, -quantity, part) if quantity and price.refunds else ZERO
    if isinstance(price, prices.PerUnit):
        return Fraction(price.unit_price) * quantity / Fraction(price.per)
    if isinstance(price, prices.Package):
        count = max(ZERO, quantity - Fraction(price.free_units)) / Fraction(price.package_size)
        return Fraction(price.package_price) * {"up": ceil, "down": floor, "none": Fraction}[price.rounding](count)
    if isinstance(price, prices.Stairstep):
        rows = price.steps
        return Fraction(next(row.amount for row in rows if row.up_to is None or quantity <= row.up_to))
    return _tiered(price, quantity)


def _tiered(price: Any, quantity: Fraction) -> Fraction:
    amount, lower = ZERO, ZERO
    for tier in price.tiers:
        upper = quantity if tier.up_to is None else min(quantity, Fraction(tier.up_to))
        holds = tier.up_to is None or quantity <= Fraction(tier.up_to)
        if isinstance(price, prices.Graduated) and quantity > lower:
            amount += (upper - lower) * Fraction(tier.unit_price) + Fraction(tier.flat_price)
        elif isinstance(price, prices.Volume) and holds:
            return quantity * Fraction(tier.unit_price) + Fraction(tier.flat_price)
        if holds:
            break
        lower = Fraction(tier.up_to)
    return amount


def _matrix(price: prices.Matrix, inside: Records, part: Fraction) -> Fraction:
    """Each combination of values has its own quantity, the sum of `n`."""
    sums: dict[tuple[str, ...], list[UsageRecord]] = {}
    for each in inside:
        sums.setdefault(tuple(str(each.properties.get(name) or "") for name in price.dimensions), []).append(each)
    found = ZERO
    for values, some in sums.items():
        rows = [cell for cell in price.cells if cell.values == values]
        chosen = rows[0].price if rows else price.default
        found += cost(chosen, some, sum((Fraction(each.properties["n"]) for each in some), ZERO), part)
    return found


def _clamped(amount: Fraction, low: Decimal | None, high: Decimal | None) -> Fraction:
    amount = amount if low is None else max(amount, Fraction(low))
    return amount if high is None else min(amount, Fraction(high))


def share(piece: Piece, at: datetime, how: str) -> Fraction:
    """The share of the full period from the start of the counter up to an instant."""
    if at == piece.counted:
        return ZERO
    if how == "none":
        return Fraction(1)
    (a, b), start = piece.full, piece.counted
    if (start, at) == (a, b):
        return Fraction(1)
    days = b.toordinal() - a.toordinal()
    if how == "day" and days:
        return Fraction(at.toordinal() - start.toordinal(), days)
    return Fraction((at - start) // MICROSECOND, (b - a) // MICROSECOND)


def rounded(amount: Fraction, places: int = 2) -> Decimal:
    """Half away from zero."""
    scaled = abs(amount) * 10**places
    units = floor(scaled + Fraction(1, 2))
    return Decimal(-units if amount < 0 else units).scaleb(-places)


def _instant(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _grid(unit: str, every: int, anchor: datetime, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The cadence periods that have time in common with [start, end)."""
    found: list[tuple[datetime, datetime]] = []
    n = 0
    while _moved(anchor, unit, every * n) > start:
        n -= 1
    while _moved(anchor, unit, every * n) < end:
        a, b = _moved(anchor, unit, every * n), _moved(anchor, unit, every * (n + 1))
        if a < end and b > start:
            found.append((a, b))
        n += 1
    return found


def _moved(at: datetime, unit: str, steps: int) -> datetime:
    if unit in ("day", "week"):
        return at + timedelta(days=steps * (7 if unit == "week" else 1))
    years, month = divmod(at.month - 1 + steps * (12 if unit == "year" else 1), 12)
    year = at.year + years
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))
