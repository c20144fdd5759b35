"""What all prices have in common: amounts and steps, curves and why there is none, nesting, refusals."""

from __future__ import annotations

import pickle
import threading
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from ratecard import prices
from ratecard._numbers import ONE, ZERO, div
from ratecard._problems import problems
from ratecard.errors import MismatchError, NumberError
from ratecard.prices import Flat, Hybrid, Multiplier, PerUnit
from ratecard.quantity import Usage
from ratecard.steps import Step

ADAPTER: TypeAdapter[prices.Price] = TypeAdapter(prices.AnyPrice)


def told(build: Any, *args: Any, **fields: Any) -> list[tuple[str, str]]:
    """The problems that building something reports: paths and codes."""
    with pytest.raises(ValueError, match=r".") as caught:
        build(*args, **fields)
    return [(each.path, each.code) for each in problems(caught.value)]


def nested(depth: int) -> dict[str, Any]:
    """Plain data of prices that deep."""
    found: dict[str, Any] = {"model": "flat", "amount": "1"}
    for _ in range(depth - 1):
        found = {"model": "multiplier", "factor": "1", "base": found}
    return found


def test_priced_derives_its_step_once() -> None:
    """The step is made when it is first read, and is the same one afterwards."""
    made: list[int] = []

    def walk() -> Step:
        made.append(1)
        return Step.of("given", [("value", Decimal(5))])

    priced = prices.Priced(Decimal(5), walk)
    assert repr(priced) == "<Priced 5>"
    assert made == []
    assert priced.step is priced.step
    assert made == [1]


def test_amount_reads_the_grammar() -> None:
    """A quantity is text, an int, a Decimal or a ratio; a float is refused."""
    price = PerUnit(unit_price="3")
    amounts = [price.amount(each) for each in ("2", 2, Decimal("2.0"), div(ONE, 3))]
    assert amounts == [6, 6, 6, 1]
    with pytest.raises(NumberError) as caught:
        price.amount(0.5)  # type: ignore[arg-type]
    assert caught.value.code == "number.float"


def test_a_curve_is_refused_with_the_reason() -> None:
    """Where the amount depends on more than the quantity, `curve` says on what, also from inside."""
    share = prices.PercentOf(items=["a"], rate="0.1")
    assert not share.has_curve
    assert not Hybrid(prices=[Flat(amount=1), share]).has_curve
    for price in (share, Multiplier(factor=2, base=share)):
        with pytest.raises(MismatchError, match="percent_of reads more than the quantity") as caught:
            price.curve()
        assert caught.value.code == "price.curve"


def test_children_and_demand() -> None:
    """A price names what it is made of, and asks for what its parts ask for."""
    flat, carried = Flat(amount=1), prices.Dynamic(of="cost")
    assert flat.children() == ()
    assert not flat.demand()
    both = Hybrid(prices=[flat, carried])
    assert both.children() == (flat, carried)
    assert both.parts() == (("prices[0]", flat), ("prices[1]", carried))
    assert both.demand() == carried.demand()


def test_usage_without_what_a_price_reads() -> None:
    """A price that must see records is refused a bare quantity, never priced at 0."""
    cell = prices.Cell(values=["x"], price=Flat(amount=1))
    for price in (prices.Dynamic(of="cost"), prices.Matrix(dimensions=["a"], cells=[cell])):
        with pytest.raises(MismatchError) as caught:
            price.explain(5)
        assert caught.value.code == "demand.missing"


def test_depth() -> None:
    """Sixteen prices deep is fine, seventeen are refused, and so is any depth of plain data."""
    assert ADAPTER.validate_python(nested(16)).price(Usage.of(1)).amount == 1
    assert told(ADAPTER.validate_python, nested(17)) == [("", "depth")]
    assert told(ADAPTER.validate_python, nested(200)) == [("", "depth")]
    deep = Multiplier(factor=1, base=Flat(amount=1))
    for _ in range(14):
        deep = Multiplier(factor=1, base=deep)
    assert told(Multiplier, factor=1, base=deep) == [("", "depth")]


def test_depth_of_what_was_built_without_checks() -> None:
    """A nest that was built past the checks is refused without recursion, on a small stack."""
    deep: prices.Price = Flat(amount=1)
    for _ in range(5000):
        deep = Multiplier.model_construct(factor=ONE, base=deep)
    found: list[list[tuple[str, str]]] = []
    size = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(told(Multiplier, factor=1, base=deep)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert found == [[("base", "depth")]]


def test_parts() -> None:
    """At most a thousand prices in one."""
    assert Hybrid(prices=[Flat(amount=1)] * 999).amount(0) == 999
    assert told(Hybrid, prices=[Flat(amount=1)] * 1000) == [("", "depth")]


def test_a_mapping_that_holds_itself() -> None:
    """Plain data with a cycle is refused."""
    loop: dict[str, Any] = {"model": "multiplier", "factor": "1"}
    loop["base"] = loop
    assert told(ADAPTER.validate_python, loop) == [("", "depth")]


def test_a_copy_is_checked() -> None:
    """A changed copy is validated like any other price, and forgets the old curve."""
    price = PerUnit(unit_price="1")
    assert price.amount(2) == 2
    assert price.model_copy(update={"unit_price": "3"}).amount(2) == 6
    assert told(price.model_copy, update={"per": 0}) == [("per", "price.per")]


def test_pickles() -> None:
    """A price that has been used survives a pickle, as an equal one."""
    price = Hybrid(prices=[PerUnit(unit_price="2"), prices.Package(package_size=10, package_price=3)])
    assert price.amount(11) == 28
    again = pickle.loads(pickle.dumps(price))  # noqa: S301
    assert again == price
    assert again.amount(11) == 28


def test_unknown_models_and_fields() -> None:
    """A model that is not there, or a field that is not its own, is refused."""
    assert told(ADAPTER.validate_python, {"model": "gradual"}) == [("", "kind.unknown")]
    assert told(ADAPTER.validate_python, {"amount": "1"}) == [("", "kind.missing")]
    assert told(PerUnit, unit_price="1", unit="h") == [("unit", "field.unknown")]
    assert told(PerUnit, unit_price=0.5) == [("unit_price", "number.float")]


def test_licensed_share() -> None:
    """A quantity of the subscription costs the share of the period that is served, and the step says so."""
    usage = Usage(Decimal(4), share=Decimal("0.25"), licensed=True)
    priced = PerUnit(unit_price="8").price(usage)
    assert priced.amount == 8
    assert priced.step.words() == "share of the period: 32 x 0.25 = 8\n  4 x 8 = 32"
    assert PerUnit(unit_price="8").price(Usage(Decimal(4), share=Decimal("0.25"))).amount == 32


def test_share_of_a_nest() -> None:
    """In a sum, the share takes the fee that is prorated, and with a subscription's quantity all of it."""
    price = Hybrid(prices=[Flat(amount=20), Flat(amount=1, prorate=False), PerUnit(unit_price=8)])
    half = Decimal("0.5")
    assert price.price(Usage(Decimal(2))).amount == 37
    assert price.price(Usage(Decimal(2), share=half)).amount == 27
    assert price.price(Usage(Decimal(2), licensed=True)).amount == 58
    assert price.price(Usage(Decimal(2), share=half, licensed=True)).amount == 30
    assert price.price(Usage(ZERO, share=ZERO)).amount == 1


def test_negative_in_words() -> None:
    """The step of a negative quantity says why it costs nothing, or that it is refunded."""
    assert PerUnit(unit_price=3).explain(-2) == "a negative quantity costs nothing: 0"
    refund = PerUnit(unit_price=3, refunds=True)
    assert refund.amount(-2) == -6
    assert refund.explain(-2) == "a negative quantity is refunded: 6 x -1 = -6\n  2 x 3 = 6"
