"""
What is known of the billing periods of outcomes, and what it comes to: counts, kept levels and worths by edition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from .._numbers import ONE, ZERO, Exact, add, sign, sub, total
from ..meters import Judged
from ..prices import Outcome, Priced
from ..quantity import Results, Usage
from ..steps import Step

__all__ = ["NOTHING", "Edition", "Facts", "Held", "Part", "Removed", "Undone", "booked", "ordered", "parts"]

_STEPS = 100
"""So many outcomes are derived one by one on a line by value; the rest as their sum."""


class Edition(NamedTuple):
    """
    A price of outcomes while it was in force.

    Attributes:
        key: what outcomes refer to: the version, and the trial where there is one.
        version: the digest of the card.
        since: from when.
        trial: the key of the trial that makes it free; empty where it is not.
        price: the price.
    """

    key: str
    version: str
    since: datetime
    trial: str
    price: Outcome


class Held:
    """The outcomes of one billing period under one edition."""

    __slots__ = ("count", "judged", "kept", "worth")

    def __init__(self, count: Exact = ZERO, kept: Exact = ZERO, worth: Exact = ZERO) -> None:
        self.count = count
        self.kept = kept
        self.worth = worth
        self.judged: list[Judged] = []

    def take(self, judged: Sequence[Judged], worths: Iterable[Exact]) -> None:
        """Some more, and what each of them costs where that goes by its value."""
        self.judged += judged
        self.count = add(self.count, Decimal(len(judged)))
        self.kept = add(self.kept, Decimal(sum(1 for each in judged if each.record.kept)))
        self.worth = total([self.worth, *worths])

    def drop(self, judged: Judged, price: Outcome) -> None:
        """One less, in the counts."""
        self.count = sub(self.count, ONE)
        self.kept = sub(self.kept, ONE if judged.record.kept else ZERO)
        if price.rate is not None:
            self.worth = sub(self.worth, price.worth(judged.record.value))


class Facts:
    """
    What is known of one billing period at an instant: its outcomes by edition, and how many subjects failed; those of
    them whose records are known by their names.
    """

    __slots__ = ("failed", "held", "lost")

    def __init__(self, failed: int = 0) -> None:
        self.failed = failed
        self.lost: list[str] = []
        self.held: dict[str, Held] = {}

    def under(self, edition: str) -> Held:
        """The outcomes under an edition."""
        return self.held.setdefault(edition, Held())


class Part(NamedTuple):
    """What the outcomes of one billing period under one edition come to."""

    quantity: Exact
    amount: Exact
    step: Callable[[], Step]


class Removed(NamedTuple):
    """
    An outcome that was billed before and is taken off now.

    Attributes:
        billed: when it became billable.
        at: when it was reversed.
        weight: its part of what is taken off.
    """

    billed: datetime
    at: datetime
    weight: Exact


class Undone(NamedTuple):
    """
    What a line takes off of a billing period.

    Attributes:
        item, meter: what was billed.
        start, end: the billing period.
        until: the end of the statement that takes it off.
        removed: the outcomes; none where a guarantee alone gives something back.
        billed: what was billed before.
        amount: what is taken off of that, above 0.
        paid: what of what was billed was still paid before, in whatever, without and with taxes beside it; None where
            that is not remembered.
    """

    item: str
    meter: str
    start: datetime
    end: datetime
    until: datetime
    removed: tuple[Removed, ...]
    billed: Exact
    amount: Exact
    paid: tuple[Decimal, Decimal] | None


def ordered(editions: Iterable[Edition]) -> list[Edition]:
    """Editions in the order in which they came into force."""
    return sorted(editions, key=lambda each: (each.since, each.key))


def parts(facts: Facts, editions: Mapping[str, Edition]) -> dict[str, Part]:
    """
    What a billing period comes to, edition by edition: T(count to its end) - T(count to its start).

    A trial is counted on its own, and free.
    """
    found: dict[str, Part] = {}
    standing = total(held.count for held in facts.held.values())
    kept = total(held.kept for held in facts.held.values())

    def priced(price: Outcome, count: Exact, worth: Exact, derive: Callable[[], Step] | None = None) -> Priced:
        results = Results(worth=worth, failed=facts.failed, kept=kept, standing=standing, derive=derive)
        return price.price(Usage(count, results=results))

    count: Exact = ZERO
    worth: Exact = ZERO
    for edition in ordered(editions[key] for key in facts.held):
        held, price = facts.held[edition.key], edition.price
        if edition.trial:
            whole = priced(price, held.count, held.worth, _worth(price, held, ZERO))
            found[edition.key] = Part(held.count, ZERO, _free(edition.trial, whole))
            continue
        start, first = priced(price, count, worth), not sign(count)
        derive = _worth(price, held, worth)
        count, worth = add(count, held.count), add(worth, held.worth)
        until = priced(price, count, worth, derive)
        amount = sub(until.amount, start.amount)
        found[edition.key] = Part(held.count, amount, _less(amount, until, None if first else start))
    return found


def _none() -> Step:
    return Step("given", [("value", ZERO)], ZERO, note="no outcome, no fee")


NOTHING = Part(ZERO, ZERO, _none)
"""No outcome."""


def _worth(price: Outcome, held: Held, earlier: Exact) -> Callable[[], Step] | None:
    """How the shares of values come about: one by one, behind what is known as a sum."""
    if price.rate is None:
        return None
    shown = held.judged[:_STEPS]

    def derive() -> Step:
        steps = [price.worth_step(each.record.value) for each in shown]
        named = [Step(each.rule, each.inputs, each.result, note=f"{judged.record.subject}, {each.note}")
                 for each, judged in zip(steps, shown, strict=True)]  # fmt: skip
        whole = add(held.worth, earlier)
        rest = sub(whole, total(each.result for each in named))
        known = [Step("given", [("value", rest)], rest, note="outcomes counted before")] if sign(rest) else []
        return Step("sum", (), whole, parts=[*known, *named])

    return derive


def _less(amount: Exact, until: Priced, start: Priced | None) -> Callable[[], Step]:
    def derive() -> Step:
        if start is None:
            return until.step
        # Also where that comes to 0, as in a free first tier: else the line would seem to price these as well.
        note = "counted with those at earlier prices, less these alone"
        return Step("difference", (), amount, parts=[until.step, start.step], note=note)

    return derive


def booked(amount: Exact, until: Part, before: Part) -> Callable[[], Step]:
    """The derivation of what came since the last statement of the same billing period."""
    if not sign(before.quantity) and not sign(before.amount):
        return until.step

    def derive() -> Step:
        note = "counted to the end of this statement, less what was billed before it"
        return Step("difference", (), amount, parts=[until.step(), before.step()], note=note)

    return derive


def _free(trial: str, priced: Priced) -> Callable[[], Step]:
    def derived() -> Step:
        note = f"100 % off in the phase {trial!r}"
        return Step("scaled", [("factor", ZERO)], ZERO, parts=[priced.step], note=note)

    return derived
