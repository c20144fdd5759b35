"""
Floors and commitments of a statement: what charges fill, what is topped up, what is drawn from money paid before.

Charges fill commitments in the order of priority, and each counts once: what one commitment has no room for goes to the
next; the order of lines decides nothing (see `_waterfall`). What no commitment has room for is overage of the last one
that it could have filled. A commitment runs over its own cadence; what it holds so far comes with `carry`, and it is
topped up in the statement that holds its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

from .._numbers import CONTEXT, ONE, ZERO, Exact, add, div, mul, neg, number, quantize, sub, total
from ..errors import MismatchError
from ..periods import Period
from ..plans import Commitment, Maximum, Minimum, Plan, Postpaid, Prepaid, Stretch, sum_in
from ..records import show_time
from ..steps import Step
from ._sheet import Entry, Sheet, given, net_of, summed
from ._waterfall import charges

__all__ = ["Reading", "commitments", "minimum", "prepaid", "reading"]

Bound: TypeAlias = Minimum | Maximum | Commitment
"""What has an amount for a period."""


class Reading:
    """One floor, ceiling or commitment in one of its periods: what it amounts to, and what came before."""

    def __init__(self, sheet: Sheet, name: str, amount: Step, stretch: Stretch, before: Decimal) -> None:
        self.sheet = sheet
        self.name = name
        self.amount = amount
        self.stretch = stretch
        self.before = before
        self.counting = counting(sheet, stretch)
        self.period = Period(self.counting.start, min(stretch.end, sheet.period.end), zone=sheet.terms.zone)

    def holds(self, entry: Entry) -> bool:
        """Whether an entry belongs to this period."""
        return self.counting.contains(entry.at)

    def have(self) -> Step:
        """What it comes to so far: the lines of this statement, and what was told of earlier ones."""
        held = [entry for entry in self.sheet.open if self.holds(entry)]
        now = summed([(entry.key, entry.net) for entry in held], "now")
        return Step.of("sum", (), parts=[now, given(self.before, "before this statement")]) if self.before else now

    def excess(self, have: Step, over: Sequence[Entry]) -> Step | None:
        """What a ceiling takes off of entries, where they and what came before come to more than it amounts to."""
        if have.result <= self.amount.result:
            return None
        step = Step.of("difference", (), parts=[self.amount, have])
        most = max(net_of(over), ZERO)
        if neg(step.result) > most:
            # What was billed before is above it alone: no more can come off than there is.
            step = Step.of("clamp", [("minimum", neg(most))], parts=[step])
        return step

    def cut_at_list(self, over: Sequence[Entry]) -> None:
        """A ceiling holds without discounts as well: they are undone as far as it leaves room."""
        room = sub(self.amount.result, total([self.before, *(entry.net for entry in over)]))
        gap = total(sub(entry.listed, entry.net) for entry in over if entry.listed > entry.net)
        if room < gap:
            part = div(room, gap) if room > ZERO else ZERO
            for entry in over:
                if entry.listed > entry.net:
                    more = mul(sub(entry.listed, entry.net), part)
                    entry.listed = self.sheet.rounded(add(entry.net, more))

    def keep(self, some: Sequence[tuple[Entry, Decimal]]) -> None:
        """Tell the next period what this one holds, while it runs on, and what each line adds to that."""
        if not self.stretch.over:
            held = self.before
            for _, amount in some:
                held = CONTEXT.add(held, amount)
            self.sheet.drawn[self.name] = held
            self.sheet.uses(self.name, show_time(self.stretch.start), some)

    def nets(self) -> list[tuple[Entry, Decimal]]:
        """What the lines of this statement come to in it."""
        return [(entry, entry.net) for entry in self.sheet.open if self.holds(entry)]


def counting(sheet: Sheet, stretch: Stretch) -> Period:
    """When a line must begin to belong to a period: also after the statement, where the period runs on."""
    return Period(max(stretch.start, sheet.period.start), stretch.end, zone=sheet.terms.zone)


def reading(sheet: Sheet, name: str, stretch: Stretch, pick: Callable[[Plan], Bound | None]) -> Reading:
    """
    A floor, ceiling or commitment in one of its periods.

    Args:
        sheet: the statement.
        name: what it is called in the carry.
        stretch: the period.
        pick: what a plan says of it; the plan that holds last says whether it is whole or by share.

    Raises:
        MismatchError: `carry.missing`, when it began before the rated period and no carry tells what it holds.
    """
    before = ZERO
    if stretch.begun:
        if sheet.opening is None:
            raise MismatchError(
                f"the {name} runs since {stretch.start.isoformat()}, before {sheet.period!r} begins, and nothing tells "
                "what it holds since then; pass carry=statement.carry of the period before",
                code="carry.missing",
            )
        back = sheet.comes_back(name, show_time(stretch.start))
        assert isinstance(back, Decimal)
        before = sheet.opened[name] = CONTEXT.subtract(number(sheet.opening.get(name, ZERO)), back)
    return Reading(sheet, name, _amount(sheet, stretch, pick), stretch, before)


def _amount(sheet: Sheet, stretch: Stretch, pick: Callable[[Plan], Bound | None]) -> Step:
    """What it amounts to: each plan's amount for its share of the period, or that of the last plan, whole."""
    last = pick(stretch.last)
    if last is not None and not last.prorate:
        return given(_full(sheet, last), "for a full period")
    shares: dict[Decimal, list[Exact]] = {}
    for plan, part in stretch.parts:
        held = pick(plan)
        shares.setdefault(ZERO if held is None else _full(sheet, held), []).append(part)
    shares.pop(ZERO, None)
    parts = [_shared(full, total(some)) for full, some in shares.items()]
    if len(parts) == 1 and parts[0].rule == "given":
        return parts[0]
    step = parts[0] if len(parts) == 1 else Step.of("sum", (), parts=parts, note="for each plan's part of the time")
    places, mode = sheet.terms.currency.places, sheet.terms.plan.rounding
    amount = quantize(step.result, places, mode)
    return Step("round", [("places", Decimal(places)), ("mode", mode)], amount, parts=[step])


def _full(sheet: Sheet, bound: Bound) -> Decimal:
    # A plan has an amount in each of its currencies, or it is refused when it is defined.
    return sum_in(bound.amount, sheet.currency) or ZERO


def _shared(full: Decimal, part: Exact) -> Step:
    step = given(full, "for a full period")
    if part == ONE:
        return step
    return Step.of("scaled", [("factor", part)], parts=[step], note="for the part of it that is served")


class _Fill:
    """A commitment in one of its periods while charges fill it."""

    def __init__(self, sheet: Sheet, commitment: Commitment, stretch: Stretch) -> None:
        self.commitment = commitment
        self.read = reading(sheet, f"commitment {commitment.key}", stretch, lambda plan: _of(plan, commitment.key))
        amount = self.read.amount.result
        assert isinstance(amount, Decimal)
        room = CONTEXT.subtract(amount, self.read.before)
        self.left = room if room > 0 else ZERO
        self.taken: list[tuple[Entry, Decimal]] = []
        self.beyond: list[tuple[Entry, Decimal]] = []

    def take(self, entry: Entry, amount: Decimal) -> Decimal:
        """Take what there is room for; how much that is."""
        some = min(amount, self.left)
        if some:
            self.left = CONTEXT.subtract(self.left, some)
            self.taken.append((entry, some))
        return some


def _of(plan: Plan, key: str) -> Commitment | None:
    return next((each for each in plan.commitments if each.key == key), None)


def _filled(sheet: Sheet, wanted: type[Postpaid] | type[Prepaid] | None) -> list[_Fill]:
    """Let charges fill commitments of a kind, or of any."""
    places = [(each, stretch) for each, stretches in sheet.dues.commitments for stretch in stretches]
    fills = {
        place: _Fill(sheet, each, stretch)
        for place, (each, stretch) in enumerate(places)
        if wanted is None or isinstance(each, wanted)
    }
    for brought in charges(sheet.open, [(each.items, counting(sheet, stretch)) for each, stretch in places]):
        if wanted is not None:
            brought.less(brought.entry.counted)
        last: tuple[int, _Fill] | None = None
        for place in brought.places:
            fill = fills.get(place)
            if fill is not None:
                brought.less(fill.take(brought.entry, brought.open_to(place)))
                last = place, fill
        if last is not None and brought.open_to(last[0]):
            last[1].beyond.append((brought.entry, brought.open_to(last[0])))
    # They are told in the order of the lines, however they came to fill.
    order = {entry.key: index for index, entry in enumerate(sheet.entries)}
    for fill in fills.values():
        for some in (fill.taken, fill.beyond):
            some.sort(key=lambda pair: order[pair[0].key])
    return list(fills.values())


def commitments(sheet: Sheet) -> None:
    """Bill what goes beyond all commitments by its factor, and top up those that end."""
    if not sheet.dues.commitments:
        return
    for fill in _filled(sheet, None):
        commitment, read = fill.commitment, fill.read
        beyond = [(entry.key, some) for entry, some in fill.beyond]
        if beyond and commitment.overage != ONE:
            step = _overage(fill.beyond, commitment.overage)
            sheet.top_up(
                "overage", commitment.key, commitment.label, step,
                items=commitment.items, plan=read.stretch.last, version=commitment.digest, period=read.period,
            )  # fmt: skip
        if not isinstance(commitment, Postpaid):
            continue
        for entry, some in fill.taken:
            entry.counted = CONTEXT.add(entry.counted, some)
        read.keep(fill.taken)
        if read.stretch.over and commitment.true_up and fill.left:
            have = [summed([(entry.key, some) for entry, some in fill.taken], "filled now")]
            have += [given(read.before, "filled before this statement")] if read.before else []
            step = Step.of("difference", (), parts=[read.amount, Step.of("sum", (), parts=have)])
            sheet.top_up(
                "commitment", commitment.key, commitment.label, step,
                items=commitment.items, plan=read.stretch.last, version=commitment.digest, period=read.period,
            )  # fmt: skip


def _overage(beyond: Sequence[tuple[Entry, Decimal]], factor: Decimal) -> Step:
    """The list amount of what goes beyond times the factor, less what it was charged at already."""
    parts: list[Step] = []
    for entry, some in beyond:
        if entry.listed == entry.net:
            parts.append(given(some, entry.key))
        else:
            facts: list[tuple[str, Exact | str]] = [("amount", some), ("listed", entry.listed), ("per", entry.net)]
            parts.append(Step.of("product", facts, note=f"{entry.key}, at list"))
    listed = Step.of("sum", (), parts=parts, note="beyond it, at list")
    dear = Step.of("scaled", [("factor", factor)], parts=[listed])
    charged = given(total(some for _, some in beyond), "charged already")
    return Step.of("difference", (), parts=[dear, charged])


def minimum(sheet: Sheet) -> None:
    """Top the statement up to the plan's minimum, in the statement that holds the end of each of its periods."""
    for stretch in sheet.dues.stretches:
        held = [plan.minimum for plan, _ in stretch.parts if plan.minimum is not None]
        if not held:
            continue
        read = reading(sheet, "minimum", stretch, lambda plan: plan.minimum)
        have = read.have()
        read.keep(read.nets())
        if stretch.over and have.result < read.amount.result:
            step = Step.of("difference", (), parts=[read.amount, have])
            version = (stretch.last.minimum or held[-1]).digest
            sheet.top_up("minimum", "", "", step, items=(), plan=stretch.last, version=version, period=read.period)


def prepaid(sheet: Sheet) -> None:
    """Draw from what was paid before; what is drawn lowers the base of the stages that follow."""
    if not any(isinstance(each, Prepaid) for each, _ in sheet.dues.commitments):
        return
    for fill in _filled(sheet, Prepaid):
        fill.read.keep(fill.taken)
        if fill.taken:
            each, step = fill.commitment, _drawn(fill)
            sheet.draw(each.key, each.label, step, fill.taken, version=each.digest, period=fill.read.period)


def _drawn(fill: _Fill) -> Step:
    taken = summed([(entry.key, some) for entry, some in fill.taken], "drawn by")
    return Step.of("scaled", [("factor", Decimal(-1))], parts=[taken])
