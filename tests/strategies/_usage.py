"""
Records, and the meters that read them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from ratecard import meters
from ratecard.records import UsageRecord
from tests.strategies._numbers import amounts

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
"""The first instant of the records below."""

SPAN = 60
"""How many seconds after it the last one may be."""

NAMES = st.sampled_from(["ana", "bo", "cy"])


def instants() -> st.SearchStrategy[datetime]:
    """Instants of one minute, on whole seconds more often than between them."""
    seconds = st.integers(0, SPAN - 1).map(lambda count: timedelta(seconds=count))
    micros = st.integers(0, SPAN * 1_000_000 - 1).map(lambda count: timedelta(microseconds=count))
    return st.one_of(seconds, seconds, micros).map(lambda past: EPOCH + past)


def records() -> st.SearchStrategy[UsageRecord]:
    """Records that every aggregate below can read: numbers `n` and `m`, a name `user`."""
    properties = st.fixed_dictionaries(
        {"n": amounts(), "m": amounts(0, 9), "user": st.one_of(NAMES, st.integers(0, 3), st.booleans())}
    )
    return st.builds(
        UsageRecord,
        event=st.sampled_from(["call", "seat"]),
        at=instants(),
        properties=properties,
        source=st.sampled_from([None, "a", "b"]),
        id=st.sampled_from([None, "1", "2", "10"]),
    )


def levels() -> st.SearchStrategy[meters.Level | meters.Peak]:
    """Levels and peaks, with an opening so that every frame can be valued."""
    return st.builds(
        lambda kind, mode, opening: kind(of="n", mode=mode, opening=opening),
        st.sampled_from([meters.Level, meters.Peak]),
        st.sampled_from(["set", "delta"]),
        amounts(-5, 5),
    )


def aggregates() -> st.SearchStrategy[meters.Aggregate]:
    """Any aggregate, over the properties of `records`."""
    plain = [meters.Average, meters.Max, meters.Min, meters.Latest]
    return st.one_of(
        st.sampled_from([meters.Sum(of="n"), meters.Sum(of="n", less=["m"]), meters.Count(), meters.Unique(of="user")]),
        st.sampled_from(plain).map(lambda kind: kind(of="n")),
        amounts(1, 100).map(lambda percent: meters.Percentile(of="n", percent=percent)),
        levels(),
        outcomes(),
    )


def outcomes() -> st.SearchStrategy[meters.Outcomes]:
    """Results of users, undone by a number, over the minute of `records`."""
    windows = st.sampled_from([None, Decimal("0.005"), Decimal("0.01")])
    return st.builds(
        meters.Outcomes,
        subject=st.just("user"),
        worth=st.just("n"),
        reverse=st.just([meters.Range(property="m", below=3)]),
        confirm=st.sampled_from([(), (meters.Range(property="m", minimum=7),)]),
        attribution_hours=windows,
        confirmation_hours=windows,
        reversal_hours=windows,
    )


def values() -> st.SearchStrategy[object]:
    """What may stand in a property, sound or not."""
    return st.one_of(
        NAMES, amounts(-3, 3), st.integers(-3, 3), st.booleans(), st.none(), st.floats(), st.lists(st.integers()),
        st.text(max_size=3), st.sampled_from(["1", "1.0", "true", "", "-0", "NaN", "1e9"]),
        st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("1E+99999"), 10**5000]),
    )  # fmt: skip


def properties() -> st.SearchStrategy[dict[str, object]]:
    """Properties of any kind, under the names that `filters` look at."""
    return st.dictionaries(st.sampled_from(["n", "user", "region"]), values(), max_size=3)


def filters() -> st.SearchStrategy[meters.Filter]:
    """Any filter."""
    name = st.sampled_from(["n", "user", "region"])
    told = st.one_of(NAMES, st.integers(-3, 3), st.booleans(), amounts(-3, 3), st.text(max_size=3))
    bounds = st.tuples(st.none() | amounts(-3, 3), st.none() | amounts(-3, 3)).filter(
        lambda pair: pair != (None, None) and (None in pair or pair[0] < pair[1])
    )
    return st.one_of(
        st.builds(meters.Equals, property=name, value=told),
        st.builds(meters.In, property=name, values=st.lists(told, min_size=1, max_size=3)),
        st.builds(lambda of, pair: meters.Range(property=of, minimum=pair[0], below=pair[1]), name, bounds),
        st.builds(meters.Prefix, property=name, prefix=st.sampled_from(["a", "an", "1", "t", "-"])),
        st.builds(meters.Exists, property=name, present=st.booleans()),
    )


def converts() -> st.SearchStrategy[meters.Convert]:
    """Any conversion."""
    rounding = st.sampled_from(["none", "half_up", "half_even", "up", "down", "ceiling", "floor"])
    return st.builds(
        lambda name, factor, rule, places: meters.Convert(**{name: factor}, rounding=rule, places=places),
        st.sampled_from(["multiply", "divide"]),
        amounts(0, 100).filter(bool),
        rounding,
        st.integers(-2, 3),
    )


def all_meters() -> st.SearchStrategy[meters.Meter]:
    """Any meter over `records`."""
    return st.builds(
        meters.Meter,
        key=st.sampled_from(["calls", "seats"]),
        event=st.sampled_from(["call", "seat"]),
        aggregate=aggregates(),
        where=st.lists(filters(), max_size=2),
        convert=st.none() | converts(),
        unit=st.sampled_from(["", "GB"]),
        step=amounts(0, 3).filter(bool),
    )
