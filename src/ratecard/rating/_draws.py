"""
The token buckets of a live bill that goes the quick way: what is in them, and what is drawn.

A bucket that counts calls and stands alone is the common case. It is kept as small whole numbers and the instant that
they are of: so a draw is a difference of two times, a product and a comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import TypeAlias

from ..guards import Bucket, State, Watch

__all__ = ["Draws", "Levels"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Instants up to the year 9000 and some, and a bucket that is full again within 30 years: all of it can be written down.
_LATEST = 222_000_000_000_000_000
_LONGEST = 1_000_000_000_000_000

Levels: TypeAlias = list[tuple[int, int]]
"""For each bucket its grains, and the microsecond since the start of 1970 that they are of."""


class Draws:
    """
    What is in the buckets; `fill` starts anew.

    Attributes:
        drawn: how often something was taken; `passed` how often something was let through that takes nothing.
        levels: what is in each bucket; empty where one bucket that counts calls stands alone, of which the rest tells.
        level, since: what is in it, in parts, and of which instant that is.
        full, cup, rate: what it holds, what a call takes, and what comes in during a microsecond, in parts.
        top: what a call leaves of a full one.
        full_at: an instant from which on it is full, if nothing else is drawn; each call moves it by `pause`.
        grains: how many grains a part has: the most that leaves all of these whole.
        latest: the latest microsecond that changed anything before; -1 for none.
    """

    __slots__ = (
        "buckets", "cup", "drawn", "full", "full_at", "grains", "latest", "level", "levels", "passed", "pause", "rate",
        "since", "top",
    )  # fmt: skip

    def __init__(self) -> None:
        self.buckets: list[tuple[int, Bucket, int]] = []
        self.levels: Levels = []
        self.drawn = self.passed = 0
        self.level = self.full = self.cup = self.rate = self.top = 0
        self.grains = 1
        self.latest = -1
        self.since = self.full_at = _EPOCH
        self.pause = _MICROSECOND

    def fill(self, watch: Watch, state: State, counters: Mapping[str, int]) -> bool:
        """
        Take in the buckets; whether all of them can be drawn here.

        Args:
            counters: the place of each counter, by its meter.
        """
        self.latest = -1 if state.at is None else state.at
        self.buckets, self.levels = [], []
        for place, bucket in watch.buckets.items():
            name = None if bucket.gauge is None else bucket.gauge.name
            if bucket.steps or (name is not None and name not in counters):
                return False
            self.buckets.append((place, bucket, -1 if name is None else counters[name]))
            # A new bucket is full, since whenever.
            self.levels.append(state.parts[place] or (bucket.full, 0))
        if len(self.buckets) == 1 and self.buckets[0][2] < 0:
            self._alone(self.buckets[0][1], *self.levels[0])
        return True

    def _alone(self, bucket: Bucket, level: int, since: int) -> None:
        """Take in the only bucket, as it is at the latest instant that changed anything; not where it takes ages."""
        if since < self.latest:
            level, since = min(bucket.full, level + (self.latest - since) * bucket.rate), self.latest
        grains = gcd(bucket.full, bucket.one, bucket.rate)
        slow = not 0 <= since <= _LATEST or bucket.full > _LONGEST * bucket.rate
        if slow or level % grains or bucket.full < bucket.one:
            return
        self.levels = []
        self.grains, self.level, self.full = grains, level // grains, bucket.full // grains
        self.cup, self.rate = bucket.one // grains, bucket.rate // grains
        self.top = self.full - self.cup
        self.since = _EPOCH + timedelta(microseconds=since)
        # Rounded up: it is full then.
        self.pause = timedelta(microseconds=-(-self.cup // self.rate))
        self.full_at = self.since + timedelta(microseconds=-(-(self.full - self.level) // self.rate))

    def draw(self, at: datetime, place: int, quantity: int) -> bool:
        """
        Draw what a record takes that adds to one counter; False where a bucket lacks it or the time lies back.

        Nothing is changed then.
        """
        if self.levels:
            return self.draw_all(at, {place: quantity})
        if at >= self.full_at:
            self.level = self.top
            self.full_at = at + self.pause
        else:
            passed = (at - self.since) // _MICROSECOND
            level = min(self.full, self.level + passed * self.rate) - self.cup
            if passed < 0 or level < 0:
                return False
            self.level = level
            self.full_at += self.pause
        self.since = at
        self.drawn += 1
        return True

    def draw_all(self, at: datetime, more: Mapping[int, int]) -> bool:
        """The same for a record that adds to several counters: how much to each, by its place."""
        if not self.levels:
            return self.draw(at, 0, 0)
        now = (at - _EPOCH) // _MICROSECOND
        if now < self.latest:
            return False
        found: Levels = []
        for (_, bucket, place), held in zip(self.buckets, self.levels, strict=True):
            wanted = bucket.one if place < 0 else more.get(place, 0) * bucket.one
            if not wanted:
                found.append(held)
                continue
            level = min(bucket.full, held[0] + (now - held[1]) * bucket.rate)
            if wanted > level:
                return False
            found.append((level - wanted, now))
        if found == self.levels:
            self.passed += 1
        else:
            self.levels, self.latest = found, now
            self.drawn += 1
        return True

    def kept(self, state: State) -> State:
        """The state of the guards with what is in the buckets."""
        return self.state(state, self.drawn, self.level, self.since, self.levels)

    def state(self, state: State, drawn: int, level: int, since: datetime, levels: Levels) -> State:
        """The same with what was in them once they had been drawn so often."""
        if not drawn:
            return state
        parts = list(state.parts)
        held = levels or [(level * self.grains, (since - _EPOCH) // _MICROSECOND)]
        for (place, _, _), each in zip(self.buckets, held, strict=True):
            # A bucket that was never drawn from keeps nothing.
            parts[place] = each if each[1] else None
        return State(state.version + drawn, max(at for _, at in held), tuple(parts))
