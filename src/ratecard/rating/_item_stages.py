"""
The stages of an item after its price: discounts, a ceiling, a floor, in the order of the plan.

They work on exact amounts, before a line is rounded. A percentage changes each line by itself. What reads the item as a
whole (a sum off, a share by spend, a ceiling) is taken off its lines in proportion to what they are; a floor makes a
line of its own, which is there also when nothing was used. The whole is that of a full cadence period, also where it is
billed in several statements: a stage takes off what it would take off all of it, less what it took off before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from .._numbers import ONE, ZERO, Exact, add, div, mul, neg, sign, sub, text, total
from ..periods import Period
from ..plans import (
    AmountDiscount,
    Item,
    ItemDiscount,
    PercentDiscount,
    Piece,
    Service,
    Terms,
    TieredDiscount,
    sum_in,
)
from ..steps import Step
from ._floors import FloorPart, floor_parts
from ._item_past import EARLIER, Past, came_in
from ._line import LineHead
from ._line_key import Group, line_key

__all__ = ["Draft", "spend_parts", "staged_drafts"]

Derive = Callable[[], tuple[Step, ...]]

_KINDS = {
    "percent_discounts": (PercentDiscount, TieredDiscount),
    "amount_discounts": (AmountDiscount,),
    "discounts": (PercentDiscount, TieredDiscount, AmountDiscount),
}

LISTED = "maximum listed"
"""What a ceiling is told of an item without its discounts."""


class Draft:
    """A line that is not rounded yet; stages change its amount and put a step on top of its derivation."""

    __slots__ = ("amount", "derive", "head", "listed", "piece", "quantity")

    def __init__(self, head: LineHead, piece: Piece, quantity: Exact, amount: Exact, derive: Derive) -> None:
        self.head = head
        self.piece = piece
        self.quantity = quantity
        self.amount = amount
        self.listed = amount
        self.derive = derive

    def change(self, amount: Exact, step: Callable[[Step], Step]) -> None:
        """Another amount, and the step that leads to it."""
        before = self.derive

        def derived() -> tuple[Step, ...]:
            *first, last = before()
            return (*first, step(last))

        self.amount, self.derive = amount, derived

    def less(self, off: Exact, by: Step) -> None:
        """Take off what a step comes to."""
        amount = sub(self.amount, off)
        self.change(amount, lambda last: Step("difference", (), amount, parts=[last, by]))


def staged_drafts(terms: Terms, service: Service, drafts: list[Draft], past: Past) -> tuple[list[Draft], bool]:
    """The drafts behind all stages; and whether a stage read them together, so that they must add up when rounded."""
    together = False
    for stage in terms.plan.order.items:
        if stage in _KINDS:
            for index, (item, some, part) in enumerate(_versions(service, drafts)):
                wanted = [each for each in item.discounts if isinstance(each, _KINDS[stage])]
                if wanted:
                    together |= _discounts(some, wanted, str(terms.currency), part, past, f"{stage} {index}")
        elif stage == "maximum":
            together |= _maximum(terms, service, drafts, past)
        elif stage == "minimum":
            together |= _minimum(terms, service, drafts, past)
    return drafts, together


def _versions(service: Service, drafts: Sequence[Draft]) -> list[tuple[Item, list[Draft], Exact]]:
    """The drafts by the discounts of the card they are priced by, and each card's part of the service."""
    found: dict[tuple[ItemDiscount, ...], tuple[Item, list[Draft], list[Exact]]] = {}
    for piece in service.spans:
        held = found.setdefault(piece.item.discounts, (piece.item, [], []))
        held[2].append(piece.share)
    for draft in drafts:
        found[draft.piece.item.discounts][1].append(draft)
    if len(found) == 1:
        return [(item, some, ONE) for item, some, _ in found.values()]
    whole = total(piece.share for piece in service.spans)
    return [(item, some, div(total(shares), whole) if sign(whole) else ZERO) for item, some, shares in found.values()]


def _discounts(
    drafts: list[Draft], discounts: Sequence[ItemDiscount], currency: str, part: Exact, past: Past, name: str
) -> bool:
    """Take discounts off in the order in which they are listed; a fixed sum in parts, where cards differ."""
    begun = [draft.amount for draft in drafts]
    together = False
    for index, each in enumerate(discounts):
        stage = f"{name}.{index}"
        if isinstance(each, PercentDiscount):
            together |= _percent(drafts, each, begun, currency, past, stage)
        elif isinstance(each, TieredDiscount):
            there = total(draft.amount for draft in drafts)
            spent = add(past.before(stage)[0], there)
            steps = [Step.of("product", [("spend", spend), ("rate", rate)]) for spend, rate in spend_parts(each, spent)]
            by = Step.of("sum", (), parts=steps, note="each tier of the item's amount")
            together |= _take(drafts, by, each.label, past, stage, there)
        else:
            assert isinstance(each, AmountDiscount)
            # A plan whose card has no amount in its currency is refused when it is defined.
            amount = mul(sum_in(each.amount, currency) or ZERO, part)
            there = total(draft.amount for draft in drafts)
            have = came_in(there, past.before(stage)[0], "what the item comes to")
            by = Step.of("least", (), parts=[_given(amount, "off the item"), have])
            together |= _take(drafts, by, each.label, past, stage, there)
    return together


def _percent(
    drafts: list[Draft], each: PercentDiscount, begun: Sequence[Exact], currency: str, past: Past, stage: str
) -> bool:
    """Off each line by itself, as far as neither the maximum nor what is left stands against it."""
    bases = begun if each.stacking == "added" else [draft.amount for draft in drafts]
    most = None if each.maximum is None else sum_in(each.maximum, currency)
    there, plain = total(draft.amount for draft in drafts), total(mul(base, each.rate) for base in bases)
    if most is None and each.stacking == "chained":
        # The same off every line, whatever came before.
        _each_line(drafts, each, bases)
        return False
    of, (left, took) = f"{stage} of", past.before(stage)
    past.keep(of, total(bases))
    base = past.before(of)[0]
    bound = max(add(left, there), ZERO) if past.begun else None
    bound = most if bound is None or (most is not None and most < bound) else bound
    wanted = add(mul(base, each.rate), plain)
    owed = wanted if bound is None or wanted <= bound else bound
    if sub(owed, took) == plain:
        _each_line(drafts, each, bases)
        past.keep(stage, there, sub(there, total(draft.amount for draft in drafts)))
        return False
    steps = [Step.of("product", [("base", amount), ("rate", each.rate)]) for amount in bases]
    if sign(base):
        steps.append(Step.of("product", [("base", base), ("rate", each.rate)], note=EARLIER))
    by = Step.of("sum", (), parts=steps, note="of the item's amount")
    if owed != wanted:
        by = Step("clamp", [("maximum", owed)], owed, parts=[by])
    return _take(drafts, by, each.label, past, stage, there)


def _each_line(drafts: Sequence[Draft], each: PercentDiscount, bases: Sequence[Exact]) -> None:
    """Take a percentage off every line by itself."""
    for draft, base in zip(drafts, bases, strict=True):
        off = mul(base, each.rate)
        if not sign(off):
            continue
        if each.stacking == "chained":
            left, amount = sub(ONE, each.rate), sub(draft.amount, off)
            note = f"{each.label}: {text(each.rate)} off"
            draft.change(amount, lambda last, left=left, amount=amount, note=note: Step(  # type: ignore[misc]
                "scaled", [("factor", left)], amount, parts=[last], note=note
            ))  # fmt: skip
        else:
            # Rates that are added up may take off more than there is.
            low, high = (ZERO, draft.amount) if sign(draft.amount) > 0 else (draft.amount, ZERO)
            some = min(max(off, low), high)
            by = Step("product", [("base", base), ("rate", each.rate)], off, note=f"{each.label}, of the whole")
            if some != off:
                by = Step("clamp", [("minimum", low), ("maximum", high)], some, parts=[by])
            draft.less(some, by)


def spend_parts(each: TieredDiscount, spent: Exact) -> list[tuple[Exact, Decimal]]:
    """The spend inside each tier that is reached, with its rate; nothing for a credit."""
    found: list[tuple[Exact, Decimal]] = []
    lower: Exact = ZERO
    for tier in each.tiers:
        upper = spent if tier.up_to is None or spent < tier.up_to else tier.up_to
        if upper > lower:
            found.append((sub(upper, lower), tier.rate))
            lower = upper
    return found


def _take(drafts: list[Draft], by: Step, note: str, past: Past, stage: str, there: Exact) -> bool:
    """Take off what a step comes to over the whole period, less what earlier statements took off."""
    took = past.before(stage)[1]
    if past.begun:
        by = Step.of("clamp", [("minimum", ZERO)], parts=[by]) if sign(by.result) < 0 else by
        earlier = _given(took, "taken off in earlier statements of the period")
        by = Step.of("difference", (), parts=[by, earlier]) if sign(took) else by
    found = take_off(drafts, by, note) if sign(by.result) > 0 or past.begun else ZERO
    past.keep(stage, there, found)
    return bool(sign(found))


def take_off(drafts: list[Draft], by: Step, note: str) -> Exact:
    """
    Take what a step comes to off lines in proportion to what they are; those at or below 0 have nothing to give.

    What was taken off too much in an earlier statement comes back to the lines that made it too much, those below 0.

    Returns:
        What was taken off: no more than there is.
    """
    back = sign(by.result) < 0
    sizes = [neg(draft.amount) if back else draft.amount for draft in drafts]
    weights = [size if sign(size) > 0 else ZERO for size in sizes]
    if back and drafts and not any(map(sign, weights)):
        weights = [ONE, *([ZERO] * (len(drafts) - 1))]
    whole = total(weights)
    if not sign(whole) or not sign(by.result):
        return ZERO
    if by.result > whole:
        by = Step("clamp", [("maximum", whole)], whole, parts=[by], note="no more than there is")
    for draft, weight in zip(drafts, weights, strict=True):
        if sign(weight):
            if weight == whole:
                # One line alone takes it whole; of several each has its share, by what it comes to.
                words = f"{note}, {by.note}" if by.note else note
                draft.less(by.result, Step(by.rule, by.inputs, by.result, parts=by.parts, note=words))
                break
            step = Step.of("scaled", [("factor", weight), ("divisor", whole)], parts=[by], note=note)
            draft.less(step.result, step)
    return by.result


def _bound(pieces: Sequence[Piece], amounts: Sequence[tuple[Decimal | None, bool]]) -> tuple[Exact, Step]:
    """What the amounts of a bound come to over pieces of service: that of the last whole, or each for its share."""
    last, prorated = amounts[-1]
    if last is not None and not prorated:
        return last, _given(last, "for a period, whole")
    parts = [
        Step.of("product", [("amount", amount), ("share", piece.share)])
        for piece, (amount, _) in zip(pieces, amounts, strict=True)
        if amount is not None
    ]
    found = total(part.result for part in parts)
    return found, Step("sum", (), found, parts=parts, note="for this share of a period")


def _maximum(terms: Terms, service: Service, drafts: list[Draft], past: Past) -> bool:
    held = [piece.item.maximum for piece in service.spans]
    sums = [
        (None, False) if each is None else (sum_in(each.amount, str(terms.currency)), each.prorate) for each in held
    ]
    if sums[-1][0] is None:
        # A ceiling is whole, so the one that holds last is the one.
        return False
    most, _ = _bound(service.spans, sums)
    there = total(draft.amount for draft in drafts)
    plain = all(draft.listed == draft.amount for draft in drafts) and not past.groups(LISTED)
    before, took = past.before("maximum")
    cut = False
    if add(before, there) <= most and not sign(took):
        past.keep("maximum", there)
    else:
        parts = [came_in(there, before, "what the item comes to"), _given(most, "the maximum for the item")]
        cut = _take(drafts, Step.of("difference", (), parts=parts), "above the maximum", past, "maximum", there)
    if not plain:
        _cut_at_list(drafts, most, past)
    elif cut:
        for draft in drafts:
            draft.listed = draft.amount
    return cut


def _cut_at_list(drafts: Sequence[Draft], most: Exact, past: Past) -> None:
    """A ceiling holds without discounts as well: they are undone as far as it leaves room, over the whole period."""
    before, took = past.groups(LISTED).get((), past.before("maximum"))
    now, net = (total(each) for each in ([one.listed for one in drafts], [one.amount for one in drafts]))
    above = sub(add(before, now), most)
    off = sub(above if sign(above) > 0 else ZERO, took)
    past.keep(LISTED, now, off)
    gap, left = sub(now, net), sub(sub(now, off), net)
    for draft in drafts if sign(off) and sign(gap) else ():
        draft.listed = add(draft.amount, div(mul(sub(draft.listed, draft.amount), left), gap))


def _minimum(terms: Terms, service: Service, drafts: list[Draft], past: Past) -> bool:
    # In a trial nothing is owed, so there is no floor either.
    held = [None if piece.trial else piece.item.minimum for piece in service.spans]
    last = next((each for each in reversed(held) if each is not None), None)
    if last is None:
        return False
    groups: dict[Group, list[Draft]] = {} if last.per == "group" else {(): list(drafts)}
    if last.per == "group":
        groups |= {group: [] for group in past.groups("minimum")}
        for draft in drafts:
            groups.setdefault(draft.head.group, []).append(draft)
    if not past.over:
        # A floor is for the whole period, so the statement that holds its end tops it up.
        for group, some in groups.items():
            past.keep("minimum", total(draft.amount for draft in some), group=group)
        return False
    sums = [
        (None, False) if each is None else (sum_in(each.amount, str(terms.currency)), each.prorate) for each in held
    ]
    least, step = _bound(service.spans, sums)
    brought, parts = past.groups("minimum"), floor_parts(terms, service, sums)
    short = False
    for group, some in groups.items():
        had = [_given(draft.amount, "") for draft in some]
        if group in brought:
            had.append(_given(brought[group][0], EARLIER))
        there = total(each.result for each in had)
        if there < least:
            drafts += _toppings(terms, service, group, parts, _Missing(least, there, step, had))
            short = True
    return short


class _Missing:
    """What an item lacks to its floor, and how that is told."""

    __slots__ = ("amount", "had", "least")

    def __init__(self, least: Exact, there: Exact, step: Step, had: Sequence[Step]) -> None:
        self.amount = sub(least, there)
        self.least = step
        self.had = had

    def step(self) -> Step:
        """Its derivation."""
        have = Step.of("sum", (), parts=self.had, note="what the item comes to")
        return Step("difference", (), self.amount, parts=[self.least, have])


def _toppings(
    terms: Terms, service: Service, group: Group, parts: Sequence[FloorPart], missing: _Missing
) -> list[Draft]:
    """The lines that top an item up to its minimum: for each plan its part, by what its floor counts."""
    whole = total(part.counts for part in parts)
    found: list[Draft] = []
    for part in parts:
        own = [piece for piece in service.pieces if part.holds(piece)]
        first, piece = (own or part.spans)[0], (own or part.spans)[-1]
        # What is of a time that other statements billed is due with the first of this one.
        due = (own or service.pieces[:1])[-1].start
        if piece.item.bill != "advance" and service.due is not None:
            due = service.due
        head = LineHead(
            line_key("minimum", piece.item.key, group, first.start),
            item=piece.item.key, name=piece.item.label, group=group, unit="", currency=terms.currency,
            period=Period(first.start, piece.end, zone=terms.zone), due=due, version=piece.version,
            mode=terms.plan.rounding, kind="minimum",
        )  # fmt: skip
        amount = missing.amount if len(parts) == 1 else div(mul(missing.amount, part.counts), whole)

        def derive(part: FloorPart = part) -> tuple[Step, ...]:
            step = missing.step()
            if len(parts) == 1:
                return (step,)
            facts = [("factor", part.counts), ("divisor", whole)]
            return (Step.of("scaled", facts, parts=[step], note="the part of this plan, by what its floor counts"),)

        found.append(Draft(head, piece, ONE, amount, derive))
    return found


def _given(value: Exact, note: str) -> Step:
    return Step("given", [("value", value)], value, note=note)
