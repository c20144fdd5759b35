"""
The live lots of a unit, by scope: which of them a use meets is looked up, and not asked of every scope there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ._grants import Scope, Use
from ._holdings import Holding
from ._map import Map
from ._queue import Spans

__all__ = ["Pool", "Pools"]

# So few are gone through faster than they are looked up.
_FEW = 8


class Pool(NamedTuple):
    """
    The live lots of one unit and scope.

    Attributes:
        scope: what they pay for.
        name: the scope as text.
        queue: all of them in the order of burning.
        rolled: those of them that rolled over.
        going: those of them that are not over at an instant; None until somebody asks for such.
        mark: that instant, in microseconds.
    """

    scope: Scope
    name: str
    queue: Spans = Spans()
    rolled: Spans = Spans()
    going: Spans | None = None
    mark: int = -(10**30)

    def requeued(self, holding: Holding) -> Pool:
        """With a lot that is live now and was not, or the other way round."""
        place = holding.rank

        def moved(queue: Spans) -> Spans:
            return queue.added(place) if holding.live else queue.removed(place)

        going = self.going
        if going is not None and place[-1] > self.mark:
            going = moved(going)
        rolled = moved(self.rolled) if holding.lot.rolled else self.rolled
        return self._replace(queue=moved(self.queue), rolled=rolled, going=going)


class Pools:
    """The pools of one unit: a value. Each is found by one of its limits, or by none where it has none of these."""

    __slots__ = ("_by_limit", "_held")

    def __init__(self, held: Map[Pool] | None = None, by_limit: Map[tuple[str, ...]] | None = None) -> None:
        self._held: Map[Pool] = Map() if held is None else held
        self._by_limit: Map[tuple[str, ...]] = Map() if by_limit is None else by_limit

    def __iter__(self) -> Iterator[Pool]:
        """All of them, in no order to rely on."""
        return (pool for _, pool in self._held.items())

    def of(self, scope: Scope) -> Pool:
        """That of a scope; an empty one where there is none."""
        name = _name(scope)
        return self._held.get(name) or Pool(scope, name)

    def put(self, pool: Pool) -> Pools:
        """With one exchanged, or added."""
        held, by_limit = self._held.put(pool.name, pool), self._by_limit
        if len(held) != len(self._held):
            for limit in _limits(pool.scope):
                by_limit = by_limit.put(limit, (*(by_limit.get(limit) or ()), pool.name))
        return Pools(held, by_limit)

    def covering(self, use: Use) -> list[Pool]:
        """Those whose scope covers a use, in no order to rely on."""
        if len(self._held) <= _FEW:
            return [pool for pool in self if pool.scope.covers(use)]
        found: list[Pool] = []
        for limit in _met(use):
            for name in self._by_limit.get(limit) or ():
                pool = self._held.get(name)
                assert pool is not None
                if pool.scope.covers(use):
                    found.append(pool)
        return found


def _name(scope: Scope) -> str:
    """A scope as text, another for each."""
    dimensions = sorted(scope.dimensions.items()) if scope.dimensions else ()
    return repr((scope.items, scope.meters, scope.customers, scope.metered, dimensions))


def _limits(scope: Scope) -> list[str]:
    """What a use must state one of to be covered; one empty text where it may state nothing."""
    for name, values in sorted(scope.dimensions.items()):
        return [repr((name, value)) for value in dict.fromkeys(values)]
    for kind, keys in (("item", scope.items), ("customer", scope.customers), ("meter", scope.meters)):
        if keys:
            return [f"{kind} {key}" for key in dict.fromkeys(keys)]
    return [""]


def _met(use: Use) -> Iterator[str]:
    """All limits that a use may meet, each once."""
    yield ""
    yield from (repr(each) for each in use.dimensions.items())
    for kind, key in (("item", use.item), ("customer", use.customer), ("meter", use.meter)):
        if key is not None:
            yield f"{kind} {key}"
