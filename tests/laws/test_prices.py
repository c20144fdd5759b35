"""
Laws of prices, one property each, over every model, with `fractions.Fraction` as the oracle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_CEILING, Context, Decimal, Inexact, localcontext
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ratecard import prices
from ratecard._numbers import ONE, ZERO, div, mul, neg, sub, total
from ratecard._problems import problems
from ratecard.demand import PerRecord
from ratecard.errors import NoPriceError
from ratecard.quantity import Usage
from tests import strategies as own

MODELS = own.price_models()
ANY = st.one_of(*MODELS.values())
ADAPTER: TypeAdapter[prices.Price] = TypeAdapter(prices.AnyPrice)
SHARES = st.sampled_from([ZERO, ONE, Decimal("0.25"), div(ONE, 3)])
RECORDS = st.lists(own.records(), max_size=8)

each_model = pytest.mark.parametrize("model", sorted(MODELS))
fraction = own.fraction


def test_every_model_has_a_strategy() -> None:
    """A price model that joins the union joins the laws."""
    union, _ = get_args(prices.AnyPrice)
    tags = [get_args(member)[1].tag for member in get_args(union)]
    assert sorted(MODELS) == sorted(tag.strip("<>") for tag in tags)


@each_model
@given(data=st.data())
def test_steps_are_the_amount(model: str, data: st.DataObject) -> None:
    """For any usage the walk gives the amount, recomputes, can be read back, and asks for nothing beyond the demand."""
    price = data.draw(MODELS[model])
    share = data.draw(SHARES)
    usage = own.usage_of(data.draw(RECORDS), price.demand(), share=share, licensed=data.draw(st.booleans()))
    try:
        priced = price.price(usage)
    except NoPriceError:
        assume(False)
    step = priced.step
    assert step.result == priced.amount
    assert step.check()
    assert type(step).from_json(step.to_json()) == step
    assert step.words()
    assert priced.amount or str(priced.amount)[0] != "-"


@each_model
@given(data=st.data())
def test_round_trip(model: str, data: st.DataObject) -> None:
    """What is written as JSON reads back equal, with an equal hash, also after the price has been used."""
    price = data.draw(MODELS[model])
    if price.has_curve:
        price.price(Usage.of(7))
    again = ADAPTER.validate_json(price.model_dump_json())
    assert again == price
    assert hash(again) == hash(price)
    assert ADAPTER.validate_python(price.model_dump()) == price


@each_model
@given(data=st.data())
def test_caller_context_is_not_used(model: str, data: st.DataObject) -> None:
    """A hostile decimal context changes neither amounts nor steps, and is not changed."""
    price = data.draw(MODELS[model])
    usage = own.usage_of(data.draw(RECORDS), price.demand(), share=data.draw(SHARES))
    plain = ADAPTER.validate_json(price.model_dump_json())
    try:
        expected = plain.price(usage)
        told = expected.step.words()
    except NoPriceError:
        assume(False)
    with _hostile():
        found = price.price(usage)
        assert found.amount == expected.amount
        assert found.step.words() == told


@contextmanager
def _hostile() -> Iterator[None]:
    context = Context(prec=2, Emax=3, Emin=-3, rounding=ROUND_CEILING, traps=[Inexact])
    with localcontext(context) as held:
        yield
        assert (held.prec, held.rounding, [flag for flag, up in held.flags.items() if up]) == (2, ROUND_CEILING, [])


@given(own.quantity_prices(), own.quantities(), SHARES, st.booleans())
def test_curve_is_the_price(price: prices.Price, q: own.Exact, share: own.Exact, licensed: bool) -> None:
    """At every share, sold or metered, the curve gives what the price gives."""
    usage = Usage(q, share=share, licensed=licensed)
    assert price.has_curve
    assert price.curve(share=share, licensed=licensed).amount(q) == price.price(usage).amount


@given(own.quantity_prices(rising=True), own.quantities(), own.quantities())
def test_more_never_costs_less(price: prices.Price, a: own.Exact, b: own.Exact) -> None:
    """Where no rate is negative and no tier prices all by a lower rate, a larger quantity costs no less."""
    low, high = sorted([a, b])
    assert price.price(Usage(low)).amount <= price.price(Usage(high)).amount


@given(own.leaves(), own.quantities())
def test_zero_costs_nothing(price: prices.Price, q: own.Exact) -> None:
    """At 0 a price of the quantity costs 0, but for flat fees and tables that are in force at 0."""
    assume(not isinstance(price, prices.Flat) and not getattr(price, "flat_at_zero", False))
    assert price.price(Usage(ZERO)).amount == 0
    assert price.price(Usage(ZERO, licensed=True)).amount == 0


@given(own.leaves(), own.quantities())
def test_negative_quantities(price: prices.Price, q: own.Exact) -> None:
    """A negative quantity costs 0, or with refunds minus what the positive one costs; a fee stays a fee."""
    assume(q > ZERO)
    found = price.price(Usage(neg(q))).amount
    expected = price.price(Usage(q)).amount
    if not isinstance(price, prices.Flat):
        expected = neg(expected) if getattr(price, "refunds", False) else ZERO
    assert found == expected


def _clamped(value: Fraction, held: prices.Tier | prices.Graduated | prices.Volume) -> Fraction:
    if held.minimum is not None:
        value = max(value, Fraction(held.minimum))
    return value if held.maximum is None else min(value, Fraction(held.maximum))


def _tier_oracle(tier: prices.Tier, price: prices.Graduated | prices.Volume, units: Fraction) -> Fraction:
    inside = price.package_size if price.packages == "tier" else None
    rounding = tier.package_size or inside
    if rounding is not None:
        units = ceil(units / Fraction(rounding)) * Fraction(rounding)
    if tier.package_price is not None:
        size = tier.package_size or price.package_size
        assert size is not None
        amount = Fraction(tier.package_price) * units / Fraction(size)
    else:
        amount = Fraction(tier.unit_price or 0) * units / Fraction(price.per)
    return _clamped(amount + Fraction(tier.flat_price), tier)


def _oracle(price: prices.Graduated | prices.Volume, q: Fraction) -> Fraction:
    """The rules of graduated and volume prices, written down once more."""
    if price.package_size is not None and price.packages == "total":
        q = ceil(q / Fraction(price.package_size)) * Fraction(price.package_size)
    if q == 0 and not price.flat_at_zero:
        return Fraction(0)
    uppers = [None if tier.up_to is None else Fraction(tier.up_to) for tier in price.tiers]
    lowers = [Fraction(0), *(upper for upper in uppers if upper is not None)]
    rows = list(zip(lowers, uppers, price.tiers, strict=False))
    if isinstance(price, prices.Graduated):
        amount = Fraction(0)
        for index, (lower, upper, tier) in enumerate(rows):
            if q > lower or index == 0:
                amount += _tier_oracle(tier, price, (q if upper is None else min(q, upper)) - lower)
        return _clamped(amount, price)
    later = [_tier_oracle(tier, price, max(q, lower)) for lower, upper, tier in rows if upper is None or q <= upper]
    return _clamped(min(later) if price.never_decreases else later[0], price)


@given(own.graduated() | own.volumes(), own.quantities())
def test_tables_against_an_oracle(price: prices.Graduated | prices.Volume, q: own.Exact) -> None:
    """Graduated and volume prices give what their rules give in fractions, with packages, clamps and all."""
    assert fraction(price.price(Usage(q)).amount) == _oracle(price, fraction(q))


@given(own.bounds(), st.lists(own.rates(), min_size=4, max_size=4), own.quantities())
def test_graduated_is_the_integral_of_the_marginal_price(
    bounds: list[Decimal], rates: list[Decimal], q: own.Exact
) -> None:
    """Without flat prices, a graduated total is the area under the price of the next unit."""
    rows = [*bounds, None]
    tiers = [prices.Tier(up_to=up, unit_price=rate) for up, rate in zip(rows, rates, strict=False)]
    price = prices.Graduated(tiers=tiers)
    curve = price.curve()
    edges = [ZERO, *(bound for bound in bounds if bound < q), q]
    area = sum(
        (fraction(sub(high, low)) * fraction(curve.marginal(low)) for low, high in pairwise(edges)),
        Fraction(0),
    )
    assert fraction(price.price(Usage(q)).amount) == area


@given(own.rates(), own.quantities())
def test_one_tier_is_a_unit_price(rate: Decimal, q: own.Exact) -> None:
    """One open tier, graduated or volume, is a price per unit; so are packages of one in proportion."""
    expected = prices.PerUnit(unit_price=rate).price(Usage(q)).amount
    tiers = [prices.Tier(unit_price=rate)]
    others = [
        prices.Graduated(tiers=tiers),
        prices.Volume(tiers=tiers),
        prices.Volume(tiers=tiers, never_decreases=True),
        prices.GraduatedPercentage(tiers=[prices.RateTier(rate=rate)]),
        prices.Package(package_size=1, package_price=rate, rounding="none"),
    ]
    assert [other.price(Usage(q)).amount for other in others] == [expected] * len(others)


@given(own.rates(), st.integers(0, 200), st.sampled_from(["up", "down"]))
def test_packages_of_one(rate: Decimal, q: int, rounding: str) -> None:
    """Packages of one unit are a price per unit on whole numbers."""
    price = prices.Package(package_size=1, package_price=rate, rounding=rounding)
    assert price.amount(q) == prices.PerUnit(unit_price=rate).amount(q)


@given(own.stairsteps(), own.quantities())
def test_stairstep_is_volume_without_rates(price: prices.Stairstep, q: own.Exact) -> None:
    """A stair is a volume price with flat prices alone."""
    tiers = [prices.Tier(up_to=each.up_to, unit_price=0, flat_price=each.amount) for each in price.steps]
    volume = prices.Volume(tiers=tiers, flat_at_zero=price.flat_at_zero)
    assert price.price(Usage(q)).amount == volume.price(Usage(q)).amount


@given(own.volumes(rising=True), own.quantities())
def test_never_decreases_is_never_dearer(price: prices.Volume, q: own.Exact) -> None:
    """A volume price that never decreases costs at most what the plain one costs."""
    plain = price.model_copy(update={"never_decreases": False})
    assert price.price(Usage(q)).amount <= plain.price(Usage(q)).amount


@given(st.lists(own.any_prices(2), min_size=1, max_size=3), RECORDS)
def test_hybrid_is_its_parts(parts: list[prices.Price], records: list[own.UsageRecord]) -> None:
    """A hybrid is the sum, the greatest or the least of what its parts cost on their own."""
    usage = own.usage_of(records)
    amounts = [part.price(usage).amount for part in parts]
    expected = {"sum": total(amounts), "greatest": max(amounts), "least": min(amounts)}
    found = {kind: prices.Hybrid(combine=kind, prices=parts).price(usage).amount for kind in expected}
    assert found == expected


@given(own.quantity_prices(2), own.quantity_prices(2), own.quantities(), own.amounts(0, 30))
def test_first_then(first: prices.Price, then: prices.Price, q: own.Exact, units: Decimal) -> None:
    """The first units and the rest are priced on their own."""
    price = prices.FirstThen(first=first, units=units, then=then)
    low, high = min(q, units), max(sub(q, units), ZERO)
    parts = [first.price(Usage(low)).amount, then.price(Usage(high)).amount]
    assert price.price(Usage(q)).amount == total(parts)


@given(own.rates(), own.amounts(1, 30), own.quantities())
def test_free_tier_and_allowance(rate: Decimal, units: Decimal, q: own.Exact) -> None:
    """Before a single rate, a free first tier and an allowance are the same."""
    tiers = [prices.Tier(up_to=units, unit_price=0), prices.Tier(unit_price=rate)]
    allowed = prices.Allowance(units=units, base=prices.PerUnit(unit_price=rate))
    assert prices.Graduated(tiers=tiers).price(Usage(q)).amount == allowed.price(Usage(q)).amount


@given(own.quantity_prices(2), own.quantities(), own.amounts(0, 30), own.amounts(0, 30), st.none() | own.amounts(0, 30))
def test_allowance(base: prices.Price, q: own.Exact, units: Decimal, rolled: Decimal, allotted: Decimal | None) -> None:
    """What is included and rolled in is taken first; what is left and what is used add up to what there was."""
    price = prices.Allowance(units=units, base=base, rollover=10**6)
    usage = Usage(q, rolled=rolled, allotted=allotted)
    free = fraction(units if allotted is None else allotted) + fraction(rolled)
    priced = price.price(usage)
    beyond = max(sub(q, total([units if allotted is None else allotted, rolled])), ZERO)
    assert priced.amount == base.price(Usage(beyond)).amount == priced.step.result
    assert priced.step.check()
    assert fraction(price.leftover(usage)) + min(fraction(q), free) == free


SCALED = {"amount", "unit_price", "flat_price", "package_price", "minimum", "maximum", "rate"}


def _scaled(told: object, factor: Decimal) -> object:
    if isinstance(told, dict):
        return {
            key: mul(Decimal(value), factor) if key in SCALED and value is not None else _scaled(value, factor)
            for key, value in told.items()
        }
    return [_scaled(each, factor) for each in told] if isinstance(told, list) else told


@given(own.quantity_prices(2), own.quantities(), st.sampled_from(["0", "0.01", "3", "100"]))
def test_currency_scale(price: prices.Price, q: own.Exact, factor: str) -> None:
    """A price list in another unit of money gives the same amounts in that unit."""
    again = ADAPTER.validate_python(_nonzero(_scaled(price.model_dump(mode="json"), Decimal(factor))))
    assert again.price(Usage(q)).amount == mul(price.price(Usage(q)).amount, Decimal(factor))


def _nonzero(told: object) -> object:
    """A tier whose flat price has become 0 says that its units are free."""
    if isinstance(told, dict):
        if "flat_price" in told and told.get("unit_price", "") is None and told["package_price"] is None:
            told = {**told, "unit_price": "0"}
        return {key: _nonzero(value) for key, value in told.items()}
    return [_nonzero(each) for each in told] if isinstance(told, list) else told


@given(own.per_units(), RECORDS, st.sampled_from(["matrix", "windows", "brackets"]))
def test_cutting_by_one_price_changes_nothing(price: prices.PerUnit, records: list[own.UsageRecord], kind: str) -> None:
    """Where every part has the same price per unit, cutting costs what the whole costs."""
    price = price.model_copy(update={"refunds": True})
    cut = {
        "matrix": prices.Matrix(dimensions=["user", "m"], cells=[], default=price),
        "windows": prices.Windows(windows=[prices.Window(name="a", start="00:00", end="00:01", price=price)]),
        "brackets": prices.Brackets(brackets=[prices.Bracket(up_to=5, price=price), prices.Bracket(price=price)]),
    }[kind]
    usage = own.usage_of(records)
    assert cut.price(usage).amount == price.price(usage).amount


@given(own.percentages(), RECORDS)
def test_percentage_against_a_walk(price: prices.Percentage, records: list[own.UsageRecord]) -> None:
    """A share of each record is what a walk over them in order gives, between its bounds, unless all cancel out."""
    order = sorted(records, key=lambda each: (each.at, each.source or "", each.id or "", each.properties["n"]))
    used, amount, seen = 0, Fraction(0), False
    # What came less what came back: records between the bounds and their value, records at either bound.
    net = [Fraction(0)] * 4
    free_amount = price.free_amount
    owed = Fraction(0)
    for record in order:
        value = Fraction(record.properties["n"])
        limits = [price.free_events is not None and used >= price.free_events]
        limits.append(free_amount is not None and amount >= free_amount)
        free = any(limit is not None for limit in (price.free_events, free_amount)) and not any(limits)
        if free:
            used, amount = used + 1, amount + max(value, Fraction(0))
            seen = True
            if free_amount is None or amount <= free_amount:
                continue
            value = amount - Fraction(free_amount)
        owed += _fee(price, value)
        if value >= 0 or price.refunds:
            sign, (between, low, high) = (1 if value >= 0 else -1), _class(price, abs(value))
            one = (between, abs(value) * between, low, high)
            net = [held + sign * each for held, each in zip(net, one, strict=True)]
    seen = seen or any(net)
    found = fraction(price.price(own.usage_of(records, price.demand())).amount)
    bounded = _between(price, owed)
    assert found == bounded if seen else found == owed == 0


def _class(price: prices.Percentage, value: Fraction) -> tuple[int, int, int]:
    """Whether a record lies between the bounds, at the lower or at the upper one."""
    fee = value * Fraction(price.rate) + Fraction(price.fixed_per_event)
    low = price.min_per_event is not None and fee < price.min_per_event
    high = not low and price.max_per_event is not None and fee > price.max_per_event
    return int(not low and not high), int(low), int(high)


def _fee(price: prices.Percentage, value: Fraction) -> Fraction:
    if value < 0:
        return -_fee(price, -value) if price.refunds else Fraction(0)
    fee = value * Fraction(price.rate) + Fraction(price.fixed_per_event)
    if price.min_per_event is not None:
        fee = max(fee, Fraction(price.min_per_event))
    return fee if price.max_per_event is None else min(fee, Fraction(price.max_per_event))


def _between(price: prices.Percentage, owed: Fraction) -> Fraction:
    if owed < 0:
        return -_between(price, -owed)
    low = owed if price.minimum is None else max(owed, Fraction(price.minimum))
    return low if price.maximum is None else min(low, Fraction(price.maximum))


@given(own.percentages())
def test_percentage_demand(price: prices.Percentage) -> None:
    """The demand holds the fields of the price, so equal prices share one fold."""
    [fold] = price.demand().folds
    assert isinstance(fold, PerRecord)
    assert (fold.rate, fold.minimum, fold.maximum) == (price.rate, price.min_per_event, price.max_per_event)


FAULTS = "none bound equal order open closed both neither negative size clamp package".split()


@given(own.graduated() | own.volumes(), st.sampled_from(FAULTS), st.data())
def test_broken_tables(price: prices.Graduated | prices.Volume, fault: str, data: st.DataObject) -> None:
    """A sound table with one fault put into it is refused with that fault's code at its place."""
    plain = price.model_dump(mode="json")
    plain["package_size"] = None if fault == "package" else plain["package_size"]
    index = data.draw(st.integers(0, len(plain["tiers"]) - 1))
    path, code = _break(plain, fault, index)
    with pytest.raises(ValueError, match=r"\[") as caught:
        ADAPTER.validate_python(plain)
    assert (path, code) in [(each.path, each.code) for each in problems(caught.value)]


def _break(plain: dict[str, Any], fault: str, index: int) -> tuple[str, str]:
    tiers = plain["tiers"]
    tier, path = tiers[index], f"tiers[{index}]"
    last = {"up_to": None, "unit_price": "1"}
    if fault == "none":
        plain["tiers"] = []
        return "tiers", "tier.none"
    if fault == "bound":
        tiers.insert(0, {"up_to": "0", "unit_price": "1"})
        return "tiers[0].up_to", "tier.bound"
    if fault in ("equal", "order"):
        second = "50" if fault == "equal" else "49"
        tiers[:] = [{"up_to": "50", "unit_price": "1"}, {"up_to": second, "unit_price": "1"}, last]
        return "tiers[1].up_to", f"tier.{fault}"
    if fault == "open":
        tier["up_to"] = None
        tiers.append(last)
        return f"{path}.up_to", "tier.open"
    if fault == "closed":
        tiers[-1]["up_to"] = "1000"
        return f"tiers[{len(tiers) - 1}].up_to", "tier.closed"
    if fault == "both":
        tier.update(unit_price="1", package_price="1")
        return path, "tier.price"
    if fault == "neither":
        tier.update(unit_price=None, package_price=None, flat_price="0")
        return path, "tier.price"
    if fault == "negative":
        tier["flat_price"] = "-0.01"
        return f"{path}.flat_price", "price.negative"
    if fault == "size":
        tier["package_size"] = "0"
        return f"{path}.package_size", "package.size"
    if fault == "clamp":
        tier.update(minimum="2", maximum="1")
        return f"{path}.minimum", "clamp.order"
    tier.update(unit_price=None, package_price="1", package_size=None)
    return f"{path}.package_size", "tier.package"
