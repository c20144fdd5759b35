"""
What reversals give back of the stages across lines: as these took it when the outcome was billed.

For each stage's term a line of its own falls on the reversals; the stages of now leave these alone. So a reversal with
its lines is what was paid, and neither a rate of today nor what else the statement holds changes that.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from .._numbers import CONTEXT
from ..steps import Step
from ._line_kinds import MAKES, TAXES, Kind
from ._sheet import Entry, Sheet, given

__all__ = ["mirrors"]


def mirrors(sheet: Sheet, stage: str, later: Collection[str] = ()) -> None:
    """
    Give back what a stage took, once on a statement.

    Args:
        sheet: the statement.
        stage: the stage. With the trial, the first one, comes what stages took that the plan has no more.
        later: the stages that follow the first one.
    """
    if not sheet.backs:
        return
    kinds: tuple[Kind, ...] = MAKES.get(stage, ())
    if stage == "trial":
        still = {kind for each in later for kind in MAKES.get(each, ())}
        kinds = tuple(dict.fromkeys(kind for some in MAKES.values() for kind in some if kind not in still))
    for kind in kinds:
        if kind not in sheet.mirrored:
            sheet.mirrored.add(kind)
            _mirror(sheet, kind)


def _mirror(sheet: Sheet, kind: Kind) -> None:
    terms = sheet.terms
    found: dict[tuple[str, str, str], tuple[str, list[tuple[Entry, Decimal]]]] = {}
    for entry in sheet.entries:
        back = sheet.backs.get(entry.key)
        for part in () if back is None else back.parts:
            if part.kind == kind:
                name, some = found.setdefault((part.key, entry.items[0], part.version), (part.name, []))
                some.append((entry, part.amount))
    for count, ((key, item, version), (name, some)) in enumerate(found.items()):
        step = Step.of("sum", (), parts=[given(amount, entry.key) for entry, amount in some], note="as it was billed")
        same = [other for other in list(found)[:count] if other[:2] == (key, item)]
        # A term may have changed since, and what it took before and after then comes back.
        group = (("reversed", item), *((("version", version),) if same else ()))
        sheet.line(kind, key, name, step, over=some, group=group, version=version, period=terms.period)
        if kind not in TAXES:
            for entry, amount in some:
                entry.net = CONTEXT.add(entry.net, amount)
