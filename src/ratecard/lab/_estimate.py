"""
estimate: the calculator. Expected usage in the place of records, and then the same walk as a bill.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from .._instants import instant
from .._kinds import expect, expect_offer
from .._numbers import ZERO, Exact, Ratio, add, div, number, text
from .._problems import near
from ..demand import Carried, EachRounded, Fold, PerRecord, Sizes, Windows
from ..errors import MismatchError, Problem, UnknownKeyError
from ..meters import Aggregate, Count, Sum
from ..periods import Period
from ..plans import AnyChange, ChangeQuantity, MeterTerms, Offer, Plan, Subscription, Terms, resolve
from ..prices import Outcome
from ..rating import Account, Statement, Tally, charge, settle
from ..records import UsageRecord

__all__ = ["Expected", "estimate"]

Quantity: TypeAlias = Decimal | int | str
Cells: TypeAlias = dict[tuple[str, ...], Any]


class Expected:
    """
    A quantity that is expected, and what prices may ask of it.

    Args:
        quantity: what the meter is expected to come to.
        properties: the dimensions it falls to, and the size of its records where a price asks for that.
        at: when, where a price depends on the time; it may be left out where none does.
        records: from how many records of equal value, for prices that look at each record.

    Raises:
        MismatchError: `expected.records`, below 1 or above a million.
    """

    __slots__ = ("at", "properties", "quantity", "records")

    def __init__(
        self,
        quantity: Quantity,
        properties: Mapping[str, Any] | None = None,
        *,
        at: datetime | str | None = None,
        records: int = 1,
    ) -> None:
        self.quantity = number(quantity)
        self.properties = dict(properties or {})
        self.at = None if at is None else instant(at)
        if isinstance(records, bool) or not isinstance(records, int) or not 1 <= records <= _MOST_RECORDS:
            raise MismatchError("expected records are a whole number from 1 to 1,000,000", code="expected.records")
        self.records = records

    def __repr__(self) -> str:
        return f"Expected({str(self.quantity)!r}, {self.properties!r})"


_MOST_RECORDS = 1_000_000


def estimate(
    offer: Offer,
    subscription: Subscription,
    quantities: Mapping[str, Quantity | Expected | Sequence[Expected]],
    period: Period,
) -> Statement:
    """
    What a period would cost, given the usage that is expected in it.

    Args:
        offer: a plan, or a catalog of plans.
        subscription: who; a made-up one will do.
        quantities: by meter, what it is expected to come to, as a number or as a list of `Expected` where prices
            look at dimensions, times or sizes; 0 where it is left out. By name, quantities that are sold and not
            metered, such as seats, for the whole period whatever changes; where one is left out, the subscription's.
        period: the period.

    Returns:
        The statement that records with these quantities would give: the same terms, charges and rounding.

    Raises:
        UnknownKeyError: `key.unknown`, for a name that is neither a meter nor a quantity of the plan.
        MismatchError: `expected.at`, when the price changes inside the period or goes by the time of day, and a
            quantity does not say when it falls; `expected.unpriced`, when nothing prices it then; `expected.records`,
            when a price looks at each record (its size, a fee or a bound, free records, its rounding) and a number does
            not say from how many it comes; `expected.outcomes`, when a price reads what outcomes are worth;
            `argument.type`.
        RatecardError: as `resolve`, `charge` and `settle` do.

    >>> from ratecard import Item, Meter, Plan, meters, prices
    >>> plan = Plan.single("api", currency="USD",
    ...     meters=[Meter(key="tokens", event="completion", aggregate=meters.Sum(of="tokens"))],
    ...     items=[Item(key="tokens", meter="tokens", price=prices.PerUnit(unit_price="2", per=1_000_000))])
    >>> estimate(plan, plan.subscribe("anyone", start="2025-01-01"), {"tokens": 3_000_000}, Period.month(2025, 1)).due
    Money('6.00', 'USD')
    """
    expect(subscription, Subscription, "the subscription", "write plan.subscribe(customer, start=...)")
    expect(quantities, Mapping, "the quantities", "give a mapping from meters and quantities to what is expected")
    expect_offer(offer)
    plan = offer.get(subscription.plan)
    sold = _sold(plan)
    _check_names(plan, sold, quantities)
    metered = {meter.key for meter in plan.meters}
    named = {key: number(quantities.get(key, subscription.quantities.get(key, ZERO))) for key in sold - metered}
    if named:
        held = {**subscription.quantities, **named}
        changes = [_without(change, named.keys() & quantities.keys()) for change in subscription.changes]
        update = {"quantities": held, "changes": [change for change in changes if change is not None]}
        subscription = subscription.model_copy(update=update)
    terms = resolve(offer, subscription, period)
    cells: dict[str, list[Cells]] = {}
    for key, meter_terms in terms.meters.items():
        given = quantities.get(key, ())
        expected = _expected(key, given)
        if not isinstance(given, Expected | list | tuple):
            expected = _bare(meter_terms, expected)
        if any(each.quantity for each in expected):
            _check_outcomes(terms, key)
        cells[key] = _cells(meter_terms, expected)
    nothing = Account({}, 0, False, ())
    tally = Tally({terms.customer: terms.meters}, {terms.customer: cells}, nothing)
    return settle(charge(terms, tally))


def _without(change: AnyChange, given: Container[str]) -> AnyChange | None:
    """A change less the quantities that are given for the period; None where nothing is left of it."""
    if not isinstance(change, ChangeQuantity):
        return change
    rest = {name: held for name, held in change.quantities.items() if name not in given}
    return change.model_copy(update={"quantities": rest}) if rest else None


def _expected(key: str, given: object) -> Sequence[Expected]:
    """What is given for a meter, as a list: a plain number stands for one quantity without more to tell."""
    if isinstance(given, Expected):
        return [given]
    if not isinstance(given, list | tuple):
        return [Expected(number(given))]
    found = list(given)
    if not all(isinstance(each, Expected) for each in found):
        raise MismatchError(
            f"the expected usage of {key!r} is a number, or a list of Expected(quantity, properties)",
            code="expected.type",
        )
    return found


def _bare(terms: MeterTerms, expected: Sequence[Expected]) -> Sequence[Expected]:
    """A number alone does not tell from how many records it comes, and where a price looks at each that decides it."""
    if not any(each.quantity for each in expected):
        # Nothing is counted where nothing comes; of a level it says that nothing is held.
        return () if isinstance(terms.meter.aggregate, Count | Sum) else expected
    reason = ""
    if any(isinstance(fold, EachRounded) for fold in terms.folds):
        reason = "the plan rounds the price of each record"
    elif any(_counts_records(fold) for fold in terms.folds):
        reason = "a price counts, bounds or charges the single records"
    elif any(isinstance(axis, Sizes) for axis in terms.axes):
        reason = "a price goes by the size of the single records"
    if reason:
        raise MismatchError(
            f"{reason} of {terms.meter.key!r}, so a quantity alone has no price; say from how many records it comes: "
            "Expected(quantity, records=...)",
            code="expected.records",
        )
    return expected


def _check_outcomes(terms: Terms, meter: str) -> None:
    """A price of what outcomes are worth cannot be told from their number."""
    for service in terms.services:
        for piece in service.pieces if service.meter is not None and service.meter.key == meter else ():
            price = piece.price
            if isinstance(price, Outcome) and price.rate is not None:
                words = "reads what outcomes are worth, and a number does not tell it; rate records of what is expected"
                raise MismatchError(f"the price of {meter!r} {words}", code="expected.outcomes")


def _counts_records(fold: Fold) -> bool:
    """Whether the same quantity in more or fewer records comes to another amount."""
    if isinstance(fold, PerRecord):
        return bool(fold.fixed) or any(held is not None for held in (fold.minimum, fold.maximum, fold.free_records))
    return isinstance(fold, Carried) and not fold.per_unit


def _sold(plan: Plan) -> set[str]:
    """The names of the quantities that items of the plan are sold by."""
    return {item.quantity for card in plan.cards for item in card.items if item.quantity is not None}


def _check_names(plan: Plan, sold: set[str], quantities: Mapping[str, object]) -> None:
    names = {*(meter.key for meter in plan.meters), *sold}
    problems = [
        Problem(key, "key.unknown", f"the plan {plan.key!r} has no meter or quantity {key!r}{near(key, names)}")
        for key in quantities
        if key not in names
    ]
    if problems:
        raise UnknownKeyError(problems, what="the expected usage")


def _cells(terms: MeterTerms, expected: Sequence[Expected]) -> list[Cells]:
    """The cells that records of the expected quantities would leave."""
    sums: list[dict[tuple[str, ...], Exact]] = [{} for _ in terms.priced]
    folded: list[dict[tuple[str, ...], list[Any]]] = [{} for _ in terms.priced]
    for each in expected:
        segment = _segment(terms, each)
        if segment is None:
            continue
        if each.at is None and each.quantity and any(isinstance(axis, Windows) for axis in terms.axes):
            raise MismatchError(
                f"the price of {terms.meter.key!r} goes by the time; say when usage falls: Expected(..., at=...)",
                code="expected.at",
            )
        record = UsageRecord(terms.meter.event, each.at or terms.edges[segment], each.properties)
        value = div(each.quantity, each.records)
        cell = tuple(axis.key(value, record) for axis in terms.axes)
        sums[segment][cell] = add(sums[segment][cell], each.quantity) if cell in sums[segment] else each.quantity
        folds = folded[segment].setdefault(cell, [fold.zero() for fold in terms.folds])
        if folds:
            if isinstance(value, Ratio):
                raise MismatchError(
                    f"{each.records} records of {terms.meter.key!r} have no equal shares of {each.quantity}; "
                    "expect them in several parts",
                    code="expected.records",
                )
            for _ in range(each.records):
                for index, fold in enumerate(terms.folds):
                    folds[index] = fold.add(folds[index], value, record)
    aggregate: Aggregate = terms.meter.aggregate
    return [
        {
            cell: [_state(aggregate, quantity), *folded[segment][cell]] if terms.folds else _state(aggregate, quantity)
            for cell, quantity in held.items()
        }
        for segment, held in enumerate(sums)
    ]


def _state(aggregate: Aggregate, quantity: Exact) -> Any:
    """
    The state that records of a quantity would leave.

    A sum is the state of a sum, so that the cells of several models or hours add up. Of other aggregates the records
    cannot be told from the quantity.
    """
    return aggregate.load(text(quantity)) if isinstance(aggregate, Sum) else aggregate.given(quantity)


def _segment(terms: MeterTerms, expected: Expected) -> int | None:
    """The segment that a quantity falls to; None for nothing that falls nowhere."""
    priced = [index for index, held in enumerate(terms.priced) if held]
    if expected.at is not None:
        index = bisect_right(terms.edges, expected.at) - 1
        if not 0 <= index < len(terms.priced):
            raise MismatchError(
                f"the expected usage of {terms.meter.key!r} lies outside the period; say a time inside it",
                code="expected.at",
            )
        if not terms.priced[index]:
            _check_priced(terms, expected)
            return None
        return index
    if len(priced) > 1:
        raise MismatchError(
            f"the price of {terms.meter.key!r} changes inside the period; say when usage falls: Expected(..., at=...)",
            code="expected.at",
        )
    if not priced:
        _check_priced(terms, expected)
        return None
    return priced[0]


def _check_priced(terms: MeterTerms, expected: Expected) -> None:
    if expected.quantity:
        raise MismatchError(
            f"nothing prices {terms.meter.key!r} then, so {expected.quantity:f} would count for nothing; leave it out",
            code="expected.unpriced",
        )
