"""
The stages of an item after its price: discounts, a ceiling, a floor, in the order of the plan.

They work on exact amounts, before a line is rounded. A percentage changes each line by itself. What reads the item as a
whole (a sum off, a share by spend, a ceiling) is taken off its lines in proportion to what they are; a floor makes a
line of its own, which is there also when nothing was used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from .._numbers import ONE, ZERO, Exact, div, mul, sign, sub, text, total
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
from ._line import Group, LineHead, line_key

__all__ = ["Draft", "spend_parts", "staged_drafts"]

Derive = Callable[[], tuple[Step, ...]]

_KINDS = {
    "percent_discounts": (PercentDiscount, TieredDiscount),
    "amount_discounts": (AmountDiscount,),
    "discounts": (PercentDiscount, TieredDiscount, AmountDiscount),
}


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


def staged_drafts(terms: Terms, service: Service, drafts: list[Draft]) -> tuple[list[Draft], bool]:
    """The drafts behind all stages; and whether a stage read them together, so that they must add up when rounded."""
    together = False
    for stage in terms.plan.order.items:
        if stage in _KINDS:
            for item, some, part in _versions(service, drafts):
                wanted = [each for each in item.discounts if isinstance(each, _KINDS[stage])]
                together |= _discounts(some, wanted, str(terms.currency), part)
        elif stage == "maximum":
            together |= _maximum(terms, service, drafts)
        elif stage == "minimum":
            together |= _minimum(terms, service, drafts)
    return drafts, together


def _versions(service: Service, drafts: Sequence[Draft]) -> list[tuple[Item, list[Draft], Exact]]:
    """The drafts by the discounts of the card they are priced by, and each card's part of the service."""
    found: dict[tuple[ItemDiscount, ...], tuple[Item, list[Draft], list[Exact]]] = {}
    for piece in service.pieces:
        held = found.setdefault(piece.item.discounts, (piece.item, [], []))
        held[2].append(piece.share)
    for draft in drafts:
        found[draft.piece.item.discounts][1].append(draft)
    if len(found) == 1:
        return [(item, some, ONE) for item, some, _ in found.values()]
    whole = total(piece.share for piece in service.pieces)
    return [(item, some, div(total(shares), whole) if sign(whole) else ZERO) for item, some, shares in found.values()]


def _discounts(drafts: list[Draft], discounts: Sequence[ItemDiscount], currency: str, part: Exact) -> bool:
    """Take discounts off in the order in which they are listed; a fixed sum in parts, where cards differ."""
    begun = [draft.amount for draft in drafts]
    together = False
    for each in discounts:
        if isinstance(each, PercentDiscount):
            together |= _percent(drafts, each, begun, currency)
        elif isinstance(each, TieredDiscount):
            spent = total(draft.amount for draft in drafts)
            steps = [Step.of("product", [("spend", spend), ("rate", rate)]) for spend, rate in spend_parts(each, spent)]
            by = Step.of("sum", (), parts=steps, note="each tier of the item's amount")
            together |= take_off(drafts, by, each.label)
        else:
            assert isinstance(each, AmountDiscount)
            # A plan whose card has no amount in its currency is refused when it is defined.
            amount = mul(sum_in(each.amount, currency) or ZERO, part)
            there = total(draft.amount for draft in drafts)
            parts = [_given(amount, "off the item"), _given(there, "what the item comes to")]
            together |= take_off(drafts, Step.of("least", (), parts=parts), each.label)
    return together


def _percent(drafts: list[Draft], each: PercentDiscount, begun: Sequence[Exact], currency: str) -> bool:
    bases = begun if each.stacking == "added" else [draft.amount for draft in drafts]
    most = None if each.maximum is None else sum_in(each.maximum, currency)
    if most is not None and total(mul(base, each.rate) for base in bases) > most:
        steps = [Step.of("product", [("base", base), ("rate", each.rate)]) for base in bases]
        by = Step.of("clamp", [("maximum", most)], parts=[Step.of("sum", (), parts=steps, note="of the item's amount")])
        return take_off(drafts, by, each.label)
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
    return False


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


def take_off(drafts: list[Draft], by: Step, note: str) -> bool:
    """Take what a step comes to off lines in proportion to what they are; those at or below 0 have nothing to give."""
    if sign(by.result) <= 0:
        return False
    weights = [draft.amount if sign(draft.amount) > 0 else ZERO for draft in drafts]
    whole = total(weights)
    for draft, weight in zip(drafts, weights, strict=True):
        if sign(weight):
            if weight == whole:
                # One line alone takes it whole; of several each has its share, by what it comes to.
                words = f"{note}, {by.note}" if by.note else note
                draft.less(by.result, Step(by.rule, by.inputs, by.result, parts=by.parts, note=words))
                return True
            step = Step.of("scaled", [("factor", weight), ("divisor", whole)], parts=[by], note=note)
            draft.less(step.result, step)
    return True


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


def _given(value: Exact, note: str) -> Step:
    return Step("given", [("value", value)], value, note=note)


def _maximum(terms: Terms, service: Service, drafts: list[Draft]) -> bool:
    held = [piece.item.maximum for piece in service.pieces]
    sums = [
        (None, False) if each is None else (sum_in(each.amount, str(terms.currency)), each.prorate) for each in held
    ]
    if sums[-1][0] is None:
        # A ceiling is whole, so the one that holds last is the one.
        return False
    most, _ = _bound(service.pieces, sums)
    there = total(draft.amount for draft in drafts)
    if there <= most:
        return False
    parts = [_given(there, "what the item comes to"), _given(most, "the maximum for the item")]
    return take_off(drafts, Step.of("difference", (), parts=parts), "above the maximum")


def _minimum(terms: Terms, service: Service, drafts: list[Draft]) -> bool:
    # In a trial nothing is owed, so there is no floor either.
    held = [None if piece.trial else piece.item.minimum for piece in service.pieces]
    last = next((each for each in reversed(held) if each is not None), None)
    if last is None:
        return False
    groups: dict[Group, list[Draft]] = {} if last.per == "group" else {(): list(drafts)}
    if last.per == "group":
        for draft in drafts:
            groups.setdefault(draft.head.group, []).append(draft)
    sums = [
        (None, False) if each is None else (sum_in(each.amount, str(terms.currency)), each.prorate) for each in held
    ]
    least, step = _bound(service.pieces, sums)
    short = False
    for group, some in groups.items():
        there = total(draft.amount for draft in some)
        if there < least:
            drafts.append(_topping(terms, service, group, [draft.amount for draft in some], sub(least, there), step))
            short = True
    return short


def _topping(
    terms: Terms, service: Service, group: Group, amounts: Sequence[Exact], missing: Exact, least: Step
) -> Draft:
    """The line that tops an item up to its minimum."""
    first, piece = service.pieces[0], service.pieces[-1]
    due = piece.start if piece.item.bill == "advance" or service.due is None else service.due
    head = LineHead(
        line_key("minimum", piece.item.key, group, first.start),
        item=piece.item.key, name=piece.item.label, group=group, unit="", currency=terms.currency,
        period=Period(first.start, piece.end, zone=terms.zone), due=due, version=piece.version,
        mode=terms.plan.rounding, kind="minimum",
    )  # fmt: skip

    def derive() -> tuple[Step, ...]:
        have = Step(
            "sum", (), total(amounts), parts=[_given(each, "") for each in amounts], note="what the item comes to"
        )
        return (Step("difference", (), missing, parts=[least, have]),)

    return Draft(head, piece, ONE, missing, derive)
