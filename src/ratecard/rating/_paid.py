"""
What credits paid of a statement, by lot: told once by its lines and once by the entries it posts.

The two are one, but for what stood before: a statement that is made again posts only what each lot pays more or less
than by entries that are there. So a statement says what had been paid before, and `verify` holds the three together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from .._numbers import ONE, ZERO, Exact, Rounding, add, div, exact, mul, neg, quantize, sign, sub, text, total
from ..credits import Drawn, Due, Entry, Ledger, Returned
from ..errors import MismatchError
from ..money import Currency
from ..steps import Step
from ._credit_lines import NOT_PAID, OWED, PAID
from ._line import LineItem
from ._line_kinds import CHARGES

__all__ = ["Paid", "agree", "more", "owed_back", "paid_before", "read_paid", "shown_paid"]

Paid: TypeAlias = dict[tuple[str, str], Exact]
"""By unit and lot; by unit and no lot what is owed."""


def owed_back(refunds: Sequence[Due], entries: Iterable[Entry], ledger: Ledger | None) -> bool:
    """Whether entries make due what is said to be owed back; what the credits cost is known to the ledger alone."""
    refunding = [each for each in entries if each.refunds()]
    if ledger is None:
        return bool(refunding) or not refunds
    rest: dict[Currency, Exact] = {each.currency: each.amount for each in refunds}
    for entry in refunding:
        for due in ledger.due(entry):
            rest[due.currency] = sub(rest.get(due.currency, ZERO), due.amount)
    return not any(sign(amount) for amount in rest.values())


def more(found: Paid, unit: str, lot: str, amount: Exact) -> None:
    """Some more of one lot."""
    found[unit, lot] = add(found.get((unit, lot), ZERO), amount)


def by_entries(entries: Iterable[Entry]) -> Paid | None:
    """What entries draw, less what they give back; None where one of them does not add up."""
    found: Paid = {}
    for entry in entries:
        if isinstance(entry, Drawn):
            parts = [*entry.parts, ("", entry.overdrawn)]
        elif isinstance(entry, Returned):
            parts = [*((lot, amount) for lot, amount, _ in entry.freed), ("", entry.overdrawn)]
        else:
            continue
        if total([entry.uncovered, *(amount for _, amount in parts)]) != entry.amount:
            return None
        for lot, amount in parts:
            more(found, str(entry.unit), lot, amount if isinstance(entry, Drawn) else neg(amount))
    return found


def by_lines(lines: Iterable[LineItem]) -> Paid:
    """What lines say that credits paid: money on lines of their own, units in the steps of what they paid for."""
    found: Paid = {}
    for line in lines:
        if line.kind == "credits":
            more(found, str(line.currency), line.item, neg(line.exact))
        elif line.kind in CHARGES:
            for step in line.steps:
                _in_steps(found, step)
    return found


def _in_steps(found: Paid, step: Step) -> None:
    """The units that the steps of a line say were paid; of a line that is shown by group, its share of them."""
    todo: list[tuple[Step, Exact]] = [(step, ONE)]
    while todo:
        each, share = todo.pop()
        facts = dict(each.inputs)
        if each.rule == "scaled" and {"factor", "divisor"} == set(facts):
            share = div(mul(share, _number(facts["factor"])), _number(facts["divisor"]))
        if (
            each.rule == "difference"
            and each.note.endswith(NOT_PAID)
            and [part.note for part in each.parts][1:] == [PAID]
        ):
            unit = each.note.removesuffix(NOT_PAID)
            for part in each.parts[-1].parts:
                lot = "" if part.note == OWED else part.note.removeprefix("from ")
                more(found, unit, lot, mul(part.result, share))
        else:
            todo += ((part, share) for part in each.parts)


def _number(value: Any) -> Exact:
    return exact(value) if isinstance(value, str) else value


def paid_before(paid: Mapping[tuple[str, str], Exact], entries: Iterable[Entry]) -> Paid:
    """What had been paid before: what the statement says in all, less what its entries draw."""
    posted = by_entries(entries)
    assert posted is not None
    found = {key: sub(paid.get(key, ZERO), posted.get(key, ZERO)) for key in dict.fromkeys([*paid, *posted])}
    return {key: amount for key, amount in found.items() if sign(amount)}


def shown_paid(paid: Mapping[tuple[str, str], Exact]) -> dict[str, list[list[str]]]:
    """As plain data; nothing where there is none."""
    told = [[unit, lot, text(amount)] for (unit, lot), amount in paid.items()]
    return {"paid_before": told} if told else {}


def read_paid(told: Mapping[str, Any]) -> Paid:
    """
    Read back what `shown_paid` wrote.

    Raises:
        MismatchError: `statement.form`.
    """
    found: Paid = {}
    for unit, lot, amount in told.get("paid_before", ()):
        if not (isinstance(unit, str) and isinstance(lot, str)) or (unit, lot) in found:
            words = "what credits had paid before is told by unit and lot, each once; read what to_json wrote"
            raise MismatchError(words, code="statement.form")
        found[unit, lot] = exact(amount)
    return found


def _adds_up(lines: Iterable[LineItem]) -> bool:
    """Whether lines of credits that were rounded together add up to what they are together, rounded."""
    groups: dict[tuple[str, ...], list[LineItem]] = {}
    for line in lines:
        if line.kind == "credits" and "kept" not in dict(line.group):
            # What they pay is apart from what comes back to them; what stays given back is rounded by itself.
            groups.setdefault(tuple(name for name, _ in line.group), []).append(line)
    return all(_rounded_once(some) for some in groups.values() if any(each.steps[-1].rule == "sum" for each in some))


def _rounded_once(lines: Sequence[LineItem]) -> bool:
    last = lines[0].steps[-1]
    mode = dict((last.parts[0] if last.rule == "sum" else last).inputs)["mode"]
    assert isinstance(mode, str)
    whole = quantize(total(line.exact for line in lines), lines[0].head.places, cast(Rounding, mode))
    return total(line.rounded for line in lines) == whole


def agree(lines: Sequence[LineItem], entries: Iterable[Entry], before: Mapping[tuple[str, str], Exact]) -> bool:
    """Whether lines, entries and what was paid before say one thing, and the lines add up to it as it is rounded."""
    posted = by_entries(entries)
    if posted is None or not _adds_up(lines):
        return False
    rest = by_lines(lines)
    for some in (posted, before):
        for (unit, lot), amount in some.items():
            more(rest, unit, lot, neg(amount))
    return not any(sign(amount) for amount in rest.values())
