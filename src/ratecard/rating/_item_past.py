"""
What the stages of an item know of earlier statements of the same cadence period.

A ceiling of 120 is one for the whole cadence period, and so is a sum off. Where a period is billed in several
statements, each stage reads all that came to it since the period began, and takes off what is missing. What came and
what was taken off so far goes from one statement to the next by the carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from .._numbers import ZERO, Exact, add, exact, sign, text
from ..errors import MismatchError
from ..plans import Service, Terms
from ..steps import Step
from ._line_key import Group

__all__ = ["EARLIER", "Past", "Stages", "came_in", "stages_told"]

So: TypeAlias = tuple[Exact, Exact]
"""What came to a stage so far, and what it took off."""

Stages: TypeAlias = Mapping[str, Mapping[Group, So]]
"""The same for each stage of an item, by its name, and for each group."""

NOTHING: So = (ZERO, ZERO)

EARLIER = "in earlier statements of the period"
"""What a step says of what they tell."""


class Past:
    """
    The stages of one item in one of its cadence periods.

    Args:
        terms: what is charged.
        service: the item in that period.

    Attributes:
        begun: whether an earlier statement billed a part of the period.
        over: whether no later statement will.
        so_far: what stages know, that of this statement with it as soon as they told it.
    """

    __slots__ = ("_before", "_terms", "begun", "key", "over", "so_far")

    def __init__(self, terms: Terms, service: Service) -> None:
        self._terms = terms
        self.key = service.key
        self.begun = service.counted < terms.period.start <= service.pieces[0].start
        self.over = service.spans[-1].end <= service.pieces[-1].end
        told = terms.carry.stages.get(self.key, {}) if self.begun and terms.carry is not None else {}
        self._before: dict[str, dict[Group, So]] = {
            stage: {_group(names): (exact(came), exact(took)) for names, (came, took) in pairs}
            for stage, pairs in told.items()
        }
        self.so_far: dict[str, dict[Group, So]] = {stage: dict(groups) for stage, groups in self._before.items()}

    def groups(self, stage: str) -> dict[Group, So]:
        """
        What each group brought to a stage in earlier statements.

        Raises:
            MismatchError: `carry.missing`, when there are some and nothing tells.
        """
        if self.begun and self._terms.carry is None:
            raise MismatchError(
                f"a discount or a bound of the item {self.key!r} runs since before {self._terms.period!r} begins, and "
                "nothing tells what it held then; pass carry=statement.carry of the period before, or anchor the "
                "cadence at the start of the period",
                code="carry.missing",
            )
        return self._before.get(stage, {})

    def before(self, stage: str) -> So:
        """What all groups together brought to a stage in earlier statements, and what it took off."""
        return self.groups(stage).get((), NOTHING)

    def keep(self, stage: str, came: Exact, took: Exact = ZERO, *, group: Group = ()) -> None:
        """Note what came to a stage in this statement, and what it took off."""
        before = self.groups(stage).get(group, NOTHING)
        self.so_far.setdefault(stage, {})[group] = (add(before[0], came), add(before[1], took))


def came_in(now: Exact, before: Exact, note: str) -> Step:
    """The step of what comes to a stage: what this statement brings, and what earlier ones brought."""
    step = Step("given", [("value", now)], now, note=note)
    if not sign(before):
        return step
    earlier = Step("given", [("value", before)], before, note=EARLIER)
    return Step.of("sum", (), parts=[step, earlier])


def _group(names: list[str]) -> Group:
    return tuple(zip(names[::2], names[1::2], strict=True))


def stages_told(stages: Stages) -> dict[str, list[list[object]]]:
    """The plain form of what stages know; what knows nothing is left out."""
    found: dict[str, list[list[object]]] = {}
    for stage, groups in sorted(stages.items()):
        pairs: list[list[object]] = [
            [[name for pair in group for name in pair], [text(came), text(took)]]
            for group, (came, took) in sorted(groups.items())
            if sign(came) or sign(took)
        ]
        if pairs:
            found[stage] = pairs
    return found
