"""
Random lives of outcomes, and what they cost: an oracle that walks hour by hour and knows nothing of states that merge.

Each hour the windows that end are looked at first, then the records of that hour. What a month comes to by what has
happened up to an hour is added up in fractions; it shares no code with the library.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from ratecard import Item, Meter, Period, Plan, RateCard, UsageRecord, meters, prices
from ratecard.plans import Subscription

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
MONTHS = [0, 744, 1416, 2160, 2880]
"""The hours, from the start of 2025, at which its first four months begin and end."""

KINDS = ("won", "ok", "undo", "lost", "hello")
"""What a record says: a result, its confirmation, its reversal, a failure, nothing; in the order of one instant."""


class Told(NamedTuple):
    """A record: the hour, what it says, its id, about whom; what it is worth, in how many minutes, of which result."""

    hour: int
    kind: int
    id: str
    subject: str
    worth: int
    minutes: int
    of: str


class World(NamedTuple):
    """The rules, the cards from their hours on, and what happens."""

    confirm: bool
    attribution: int | None
    confirmation: int | None
    reversal: int | None
    cards: tuple[tuple[int, dict[str, Any]], ...]
    end: int | None
    told: tuple[Told, ...]

    def plan(self) -> Plan:
        """The plan for the library."""

        def is_kind(kind: str) -> list[meters.Filter]:
            return [meters.Equals(property="kind", value=kind)]

        rules = meters.Outcomes(
            subject="who", result=is_kind("won"), reverse=is_kind("undo"), failed=is_kind("lost"),
            confirm=is_kind("ok") if self.confirm else [], kept=[meters.Range(property="minutes", below=60)],
            worth="worth", reference="of", attribution_hours=self.attribution,
            confirmation_hours=self.confirmation, reversal_hours=self.reversal,
        )  # fmt: skip
        cards = [
            RateCard(currency="USD", effective=at(hour) if hour else None, items=[
                Item(key="won", meter="wins", price=prices.Outcome(definition=f"since {hour}", **price))])
            for hour, price in self.cards
        ]  # fmt: skip
        return Plan(key="p", meters=[Meter(key="wins", event="case", aggregate=rules)], cards=cards)

    def acme(self) -> Subscription:
        """The subscription."""
        return Subscription(customer="acme", plan="p", start=FIRST, end=None if self.end is None else at(self.end))

    def records(self, start: int, end: int) -> list[UsageRecord]:
        """The records of some hours."""
        return [record(each) for each in self.told if start <= each.hour < end]


def at(hour: int) -> datetime:
    """The instant of an hour."""
    return FIRST + timedelta(hours=hour)


def record(told: Told) -> UsageRecord:
    """A record for the library."""
    properties: dict[str, object] = {"who": told.subject, "kind": KINDS[told.kind]}
    properties |= {"worth": told.worth, "minutes": told.minutes} if told.kind == 0 else {}
    properties |= {"of": told.of} if told.of else {}
    return UsageRecord("case", at(told.hour), properties, id=told.id)


def span(start: int, end: int) -> Period:
    """The hours as a period."""
    return Period(at(start), at(end))


class Result:
    """One result as the oracle sees it."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.billed: int | None = None
        self.undone: int | None = None


def walk(world: World, until: int) -> tuple[list[Result], list[Told]]:
    """All results and failures by what happens before an hour."""
    results: list[Result] = []
    failures: list[Told] = []
    by_hour: dict[int, list[Told]] = {}
    for each in world.told:
        by_hour.setdefault(each.hour, []).append(each)
    for hour in range(until):
        for each in results:
            open_still = each.billed is None and each.undone is None
            if open_still and world.confirmation is not None and hour == each.told.hour + world.confirmation:
                each.billed = hour
        for told in sorted(by_hour.get(hour, []), key=lambda each: (each.kind, each.id)):
            _happens(world, results, failures, told)
    return results, failures


def _happens(world: World, results: list[Result], failures: list[Told], told: Told) -> None:
    mine = [each for each in results if each.told.subject == told.subject]
    kind = KINDS[told.kind]
    if kind == "lost":
        failures.append(told)
    if kind == "won":
        served = world.end is None or told.hour < world.end
        old = mine[-1] if mine else None
        blocked = old is not None and old.undone is None
        if blocked and old is not None and world.attribution is not None:
            blocked = told.hour - old.told.hour < world.attribution
        if served and not blocked:
            results.append(Result(told))
            if not world.confirm and world.confirmation is None:
                results[-1].billed = told.hour
    if kind not in ("ok", "undo") or (kind == "ok" and not world.confirm):
        return
    named = [each for each in mine if each.told.id == told.of] if told.of else mine
    if not named or named[-1].undone is not None:
        return
    held = named[-1]
    if kind == "ok":
        held.billed = told.hour if held.billed is None else held.billed
    elif held.billed is None or world.reversal is None or told.hour - held.billed < world.reversal:
        held.undone = told.hour


def month_of(hour: int) -> int:
    """The month of an hour, from 0."""
    return max(index for index, start in enumerate(MONTHS) if start <= hour)


def months(world: World, until: int) -> list[Fraction]:
    """What each month comes to by what happens before an hour, each outcome at the card of its own time."""
    return [amount for amount, _ in counted(world, until)]


def counted(world: World, until: int) -> list[tuple[Fraction, int]]:
    """The same, with the number of outcomes that stand."""
    results, failures = walk(world, until)
    found: list[tuple[Fraction, int]] = []
    for month in range(len(MONTHS) - 1):
        billed = [each for each in results if each.billed is not None and month_of(each.billed) == month]
        standing = [each for each in billed if each.undone is None]
        lost = {each.subject for each in failures if month_of(each.hour) == month}
        for each in results:
            if each.undone is not None:
                decided = each.undone if each.billed is None else each.billed
                lost |= {each.told.subject} if month_of(decided) == month else set()
        lost -= {each.told.subject for each in standing}
        found.append((_month(world, standing, len(lost)), len(standing)))
    return found


def _month(world: World, standing: Sequence[Result], lost: int) -> Fraction:
    """The sum over cards of the total at each one's end less the total at its start."""
    whole = Fraction(0)
    before: list[Result] = []
    for index, (hour, price) in enumerate(world.cards):
        end = world.cards[index + 1][0] if index + 1 < len(world.cards) else MONTHS[-1]
        mine = [each for each in standing if hour <= each.told.hour < end]
        worth = {id(each): _worth(world, each) for each in standing}
        both = [*before, *mine]
        for some, sign in ((both, 1), (before, -1)):
            whole += sign * _total(
                price, len(some), sum((worth[id(each)] for each in some), Fraction(0)), standing, lost
            )
        before = both
    return whole


def _worth(world: World, each: Result) -> Fraction:
    """What one outcome costs at the card of its own time, where that is a share of its worth."""
    price = next(price for hour, price in reversed(world.cards) if hour <= each.told.hour)
    if "rate" not in price or each.told.worth <= int(price.get("baseline", "0")):
        return Fraction(0)
    share = (each.told.worth - int(price.get("baseline", "0"))) * Fraction(price["rate"])
    share = max(share, Fraction(price.get("floor", "0")))
    return min(share, Fraction(price["ceiling"])) if "ceiling" in price else share


def _total(price: dict[str, Any], count: int, worth: Fraction, standing: Sequence[Result], lost: int) -> Fraction:
    """What so many outcomes cost in a month with these facts."""
    if not count:
        return Fraction(0)
    success = Fraction(len(standing), len(standing) + lost) if standing or lost else Fraction(1)
    level = Fraction(sum(each.told.minutes < 60 for each in standing), len(standing)) if standing else Fraction(1)
    if "rate" in price:
        amount = worth
    elif "fee" in price:
        amount = count * Fraction(price["fee"])
    elif "fees" in price:
        fitting = [each for each in price["fees"] if Fraction(each.at_least) <= success]
        amount = count * Fraction(fitting[-1].fee)
    else:
        amount, lower = Fraction(0), 0
        for tier in price["tiers"]:
            upper = count if tier.up_to is None else min(count, int(tier.up_to))
            amount += max(0, upper - lower) * Fraction(tier.unit_price)
            lower = max(lower, upper)
    if "maximum" in price:
        amount = min(amount, Fraction(price["maximum"]))
    shares = {"success": success, "level": level}
    credits = [Fraction(each.credit) for each in price.get("guarantees", ()) if shares[each.of] < Fraction(each.below)]
    return amount * (1 - max(credits, default=Fraction(0)))


def price(dice: random.Random) -> dict[str, Any]:
    """The fields of a price of outcomes."""
    fees = [
        prices.SuccessFee(at_least=0, fee=dice.randint(0, 9)),
        prices.SuccessFee(at_least=Decimal(dice.randint(1, 10)) / 10, fee=dice.randint(0, 20)),
    ]
    tiers = [
        prices.Tier(up_to=dice.randint(1, 3), unit_price=dice.randint(0, 9)),
        prices.Tier(unit_price=dice.randint(0, 9)),
    ]
    by_value = {
        "rate": dice.choice(["0.2", "0.125"]),
        "baseline": str(dice.randint(0, 40)),
        "floor": "2",
        "ceiling": "9",
    }
    found: dict[str, Any] = dice.choice([{"fee": "0.99"}, {"fee": "3"}, {"tiers": tiers}, {"fees": fees}, by_value])
    if dice.random() < 0.3:
        found["maximum"] = str(dice.randint(2, 12))
    if dice.random() < 0.4:
        below, credit = (Decimal(dice.randint(1, 10)) / 10 for _ in range(2))
        found["guarantees"] = [prices.Guarantee(of=dice.choice(["success", "level"]), below=below, credit=credit)]
    return found


def draw(dice: random.Random, *, ends: bool = False, most: int = 24) -> World:
    """A world of a few subjects over four months; everything happens on few hours, so that things meet."""
    windows = [None, 1, 24, 300, 800]
    hours = sorted(
        {dice.randrange(MONTHS[-1]) for _ in range(10)} | {hour + 24 for hour in MONTHS[:-1]} | set(MONTHS[:-1])
    )
    told = tuple(
        Told(
            dice.choice(hours),
            dice.choices(range(5), [6, 2, 3, 1, 1])[0],
            f"r{index:02}",
            dice.choice("abcd"),
            dice.randint(0, 80),
            dice.randint(30, 90),
            f"r{dice.randrange(index + 1):02}" if dice.random() < 0.15 else "",
        )
        for index in range(dice.randint(0, most))
    )
    days = sorted({0, *(24 * dice.randrange(1, 120) for _ in range(dice.randint(0, 2)))})
    return World(
        confirm=dice.random() < 0.4,
        attribution=dice.choice(windows),
        confirmation=dice.choice([None, 24, 24, 300]),
        reversal=dice.choice([None, None, 24, 800]),
        cards=tuple((day, price(dice)) for day in days),
        end=24 * dice.randrange(1, 120) if ends and dice.random() < 0.5 else None,
        told=tuple(each._replace(of="") if each.kind in (0, 3, 4) else each for each in told),
    )
