"""
Random histories of a subscription, and what they cost: an oracle that walks day by day and knows nothing of pieces.

Each day it asks what holds, adds that day's part of each fee, and counts that day's calls into the counter that runs.
It shares no code with the library: boundaries are days of the month, amounts are fractions.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from ratecard import Catalog, Item, Meter, Plan, Subscription, UsageRecord, meters, prices
from ratecard.cadence import Cadence
from ratecard.plans import Cancel, ChangeAnchor, ChangePlan, ChangeQuantity, Override, Pause, Resume

DAY = timedelta(days=1)
FEES = {"basic": {"base": 31, "seats": 10}, "pro": {"base": 77, "seats": 8, "support": 45}}
FREE, RATE = 20, {"basic": 3, "pro": 2}

AnyChange = ChangeQuantity | ChangePlan | ChangeAnchor | Pause | Resume | Cancel


class History(NamedTuple):
    """A subscription as data, and the calls it makes on each of its days."""

    start: date
    seats: int
    changes: tuple[AnyChange, ...]
    overrides: tuple[tuple[date | None, date | None, int], ...]
    calls: int

    def subscription(self) -> Subscription:
        """The same for the library."""
        return Subscription(
            customer="acme", plan="basic", start=self.start, quantities={"seats": self.seats}, changes=self.changes,
            overrides=[
                Override(prices={"base": prices.Flat(amount=amount)}, start=start, end=end)
                for start, end, amount in self.overrides
            ],
        )  # fmt: skip

    def records(self, first: date, last: date) -> list[UsageRecord]:
        """The calls of some days, at noon."""
        days = (first + DAY * n for n in range((last - first).days))
        return [
            UsageRecord("call", f"{day.isoformat()}T12:00:00Z", {"n": self.calls}, id=day.isoformat()) for day in days
        ]


def _plan(key: str) -> Plan:
    items = [
        Item(key="base", price=prices.Flat(amount=FEES[key]["base"]), bill="advance"),
        Item(key="seats", quantity="seats", price=prices.Flat(amount=FEES[key]["seats"])),
        Item(key="calls", meter="calls", price=prices.Graduated(tiers=[
            prices.Tier(up_to=FREE, unit_price="0"), prices.Tier(unit_price=RATE[key])])),
    ]  # fmt: skip
    if "support" in FEES[key]:
        items.append(Item(key="support", price=prices.Flat(amount=FEES[key]["support"])))
    calls = Meter(key="calls", event="call", aggregate=meters.Sum(of="n"))
    return Plan.single(key, currency="USD", meters=[calls], items=items, cadence=Cadence.monthly())


CATALOG = Catalog(plans=[_plan("basic"), _plan("pro")])


class Held(NamedTuple):
    """What holds on one day."""

    day: date
    plan: str
    seats: int
    anchor: date
    paused: bool


def days(history: History, until: date) -> Iterator[Held]:
    """Every day of the subscription up to a day, with what holds on it; the service may end before."""
    held = Held(history.start, "basic", history.seats, history.start, paused=False)
    waiting: list[AnyChange] = []
    asked: defaultdict[date, list[AnyChange]] = defaultdict(list)
    for change in history.subscription().changes:
        assert isinstance(change.at, date)
        asked[change.at].append(change)
    day = history.start
    while day < until:
        todo: list[AnyChange] = []
        cut = day.day == held.anchor.day
        if cut:
            todo, waiting = waiting, []
        for change in asked[day]:
            if change.when == "period_end":
                waiting.append(change)
                continue
            if isinstance(change, Pause | Resume) and change.when == "now":
                waiting = [each for each in waiting if not isinstance(each, Pause | Resume)]
            if isinstance(change, ChangeAnchor) and change.anchor != held.anchor:
                # The period ends here, so nothing waits for its end any longer.
                cut, todo, waiting = True, [*todo, *waiting], []
            todo.append(change)
        for change in todo:
            if isinstance(change, Cancel):
                return
            held = _after(held, change)
        held = held._replace(day=day)
        yield held
        day += DAY


def _after(held: Held, change: AnyChange) -> Held:
    if isinstance(change, ChangePlan):
        return held._replace(plan=change.plan)
    if isinstance(change, ChangeQuantity):
        return held._replace(seats=int(change.quantities["seats"]))
    if isinstance(change, ChangeAnchor):
        assert isinstance(change.anchor, date)
        return held._replace(anchor=change.anchor)
    return held._replace(paused=isinstance(change, Pause))


class Cost(NamedTuple):
    """What one day costs by item: whole amounts, each to be divided by the days of the period it is in."""

    day: date
    length: int
    fees: dict[str, int]
    calls: int


def walk(history: History, until: date) -> list[Cost]:
    """What every day of service costs, from the start up to a day."""
    found: list[Cost] = []
    counted, counter = 0, (date.min, date.min)
    for held in days(history, until):
        since, to = _period(held.day, held.anchor.day)
        if counter != (since, held.anchor):
            counted, counter = 0, (since, held.anchor)
        if held.paused:
            continue
        fees: dict[str, int] = dict(FEES[held.plan])
        fees["base"] = _agreed(history, held.day, fees["base"])
        fees["seats"] *= held.seats
        calls = max(counted + history.calls - FREE, 0) - max(counted - FREE, 0)
        counted += history.calls
        found.append(Cost(held.day, (to - since).days, fees, calls * RATE[held.plan]))
    return found


def summed(walked: Sequence[Cost], first: date, last: date) -> dict[str, Fraction]:
    """What each item costs over [first, last): the sum of its days."""
    parts: defaultdict[tuple[str, int], int] = defaultdict(int)
    for cost in walked:
        if first <= cost.day < last:
            parts["calls", 1] += cost.calls
            for item, fee in cost.fees.items():
                parts[item, cost.length] += fee
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for (item, length), fee in parts.items():
        found[item] += Fraction(fee, length)
    return dict(found)


def cost(history: History, first: date, last: date) -> dict[str, Fraction]:
    """What each item costs over [first, last), walked from the start."""
    return summed(walk(history, last), first, last)


def _agreed(history: History, day: date, fee: int) -> int:
    """The negotiated fee of a day: of those that hold, the one that starts last."""
    holding = [
        (start or date.min, amount)
        for start, end, amount in history.overrides
        if (start is None or start <= day) and (end is None or day < end)
    ]
    return max(holding)[1] if holding else fee


@cache
def _period(day: date, anchor: int) -> tuple[date, date]:
    """The month from one anchor day to the next that a day is in; anchors are days that every month has."""
    since = day
    while since.day != anchor:
        since -= DAY
    to = day + DAY
    while to.day != anchor:
        to += DAY
    return since, to


def draw(dice: random.Random, *, most: int = 8) -> History:
    """A random history of at most so many changes."""
    start = date(2025, 1, 1) + DAY * dice.randrange(20)
    asked = sorted(dice.sample(range(1, 120), dice.randint(0, most)))
    return History(
        start=start,
        seats=dice.randint(0, 5),
        changes=tuple(changes(dice, [start + DAY * n for n in asked])),
        overrides=tuple(overrides(dice, start)),
        calls=dice.randint(0, 3),
    )


def changes(dice: random.Random, asked: Sequence[date]) -> Iterator[AnyChange]:
    """A change a day that fits what came before it."""
    paused = False
    for day in asked:
        kind = dice.choice(["quantity", "quantity", "plan", "plan", "anchor", "pause", "cancel"])
        when = dice.choice(["now", "now", "period_end"])
        if kind == "cancel" and dice.random() < 0.7:
            kind = "quantity"
        change = _change(dice, kind, day, when, paused=paused)
        paused = isinstance(change, Pause) or (paused and not isinstance(change, Resume))
        yield change
        if isinstance(change, Cancel) and change.when == "now":
            return


def _change(dice: random.Random, kind: str, day: date, when: str, *, paused: bool) -> AnyChange:
    if kind == "quantity":
        return ChangeQuantity(at=day, when=when, quantities={"seats": dice.randint(0, 6)})
    if kind == "plan":
        return ChangePlan(at=day, when=when, plan=dice.choice(["basic", "pro"]))
    if kind == "anchor":
        return ChangeAnchor(at=day, when=when, anchor=date(2025, dice.randint(1, 3), dice.randint(1, 28)))
    if kind == "cancel":
        return Cancel(at=day, when=when)
    return Resume(at=day, when=when) if paused else Pause(at=day, when=when)


def overrides(dice: random.Random, start: date) -> Iterator[tuple[date | None, date | None, int]]:
    """Negotiated base fees, with a start and an end or without, no two from the same day."""
    begins = [None, *(start + DAY * n for n in dice.sample(range(100), 3))]
    for begin in dice.sample(begins, dice.randint(0, 2)):
        end = (begin or start) + DAY * dice.randint(1, 60)
        yield begin, dice.choice([None, end]), dice.randint(0, 100)
