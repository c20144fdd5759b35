"""
The price of outcomes: fees, tiers, success rates, shares of values, ceilings and guarantees.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratecard import prices, problems
from ratecard._numbers import Exact
from ratecard.errors import MismatchError, NumberError
from ratecard.prices import Guarantee, Outcome, Priced, SuccessFee, Tier
from ratecard.quantity import Results, Usage
from ratecard.steps import Step


def outcome(**fields: Any) -> Outcome:
    """A price with a definition."""
    return Outcome(**{"definition": "Solved.", **fields})


def priced(price: Outcome, count: int, **facts: Any) -> Priced:
    """The price of so many outcomes, whose derivation recomputes to it."""
    found = price.price(Usage.of(count, results=Results(**facts)))
    assert found.step.check() and found.step.result == found.amount
    return found


def test_fee() -> None:
    """A fee is paid for each outcome; none costs nothing."""
    price = outcome(fee="0.99")
    assert [price.amount(count) for count in (0, 1, 12)] == [0, Decimal("0.99"), Decimal("11.88")]
    assert price.explain(0) == "no outcome, no fee: 0"
    assert price.amount(-3) == 0
    assert price.curve().buys("10") == 10  # 10 / 0.99, in whole outcomes


def test_tiers() -> None:
    """Each tier prices the outcomes inside it."""
    price = outcome(tiers=[Tier(up_to=10, unit_price="1"), Tier(unit_price="0.5")])
    assert [priced(price, count).amount for count in (0, 10, 12)] == [0, 10, 11]


def test_maximum() -> None:
    """The whole is at most the maximum, for a fee and for a share alike; the curve says so too."""
    price = outcome(fee="3", maximum="10")
    assert [priced(price, count).amount for count in (3, 4)] == [9, 10]
    assert price.curve().amount(Decimal(9)) == 10
    assert priced(outcome(rate="0.5", maximum="10"), 1, worth=Decimal(11)).amount == 10


@pytest.mark.parametrize(("failed", "fee"), [(0, 3), (1, 3), (2, 2), (9, 1), (90, 1)])
def test_success_rates(failed: int, fee: int) -> None:
    """The tier that holds the success rate prices all outcomes; its bound belongs to it."""
    fees = [SuccessFee(at_least=rate, fee=fee) for rate, fee in (("0", "1"), ("0.6", "2"), ("0.9", "3"))]
    price = outcome(fees=fees)
    assert priced(price, 9, failed=failed).amount == 9 * fee
    assert priced(price, 9, failed=6).amount == 18  # 9 / 15 is 0.6 exactly
    assert priced(price, 0, failed=failed).amount == 0


@pytest.mark.parametrize(
    ("value", "amount"), [(50, 0), (51, 10), (60, 10), (101, "10.2"), (150, 20), (550, 100), (999, 100)]
)
def test_share_of_a_value(value: int, amount: Exact | int | str) -> None:
    """A share of what is above the baseline, between floor and ceiling; no more than the baseline is nothing."""
    price = outcome(rate="0.2", baseline="50", floor="10", ceiling="100")
    step = price.worth_step(Decimal(value))
    assert price.worth(Decimal(value)) == step.result == Decimal(amount)
    assert step.check()


def test_share_is_told_as_it_was_derived() -> None:
    """Where the shares are derived one by one, the step is theirs; else it is their sum."""
    price = outcome(rate="0.2")
    whole = Step.of("sum", parts=[price.worth_step(Decimal(10)), price.worth_step(Decimal(20))])
    assert priced(price, 2, worth=Decimal(6), derive=lambda: whole).step is whole
    assert priced(price, 2, worth=Decimal(6)).step.words() == "the shares of the outcomes' values: 6"


@pytest.mark.parametrize(("failed", "kept", "part"), [(0, 10, 1), (2, 9, "0.9"), (0, 7, "0.5"), (9, 0, "0.5")])
def test_guarantees(failed: int, kept: int, part: int | str) -> None:
    """Of the guarantees that were not kept the greatest gives back; one that was met gives nothing."""
    promises = [
        Guarantee(below="0.9", credit="0.1"),
        Guarantee(of="level", below="0.8", credit="0.5"),
    ]
    price = outcome(fee="2", guarantees=promises)
    assert priced(price, 10, failed=failed, kept=kept).amount == 20 * Decimal(part)
    assert priced(price, 0, failed=failed).amount == 0


def test_part_of_a_period_reads_the_whole_period() -> None:
    """A part of the outcomes is priced at the success rate and level of all of them."""
    price = outcome(fees=[SuccessFee(at_least=0, fee=1), SuccessFee(at_least="0.5", fee=4)])
    assert priced(price, 2, failed=6).amount == 2
    assert priced(price, 2, failed=6, standing=6).amount == 8


def test_results() -> None:
    """Nothing decided is no failure; without a told level all kept it."""
    nothing = Results()
    assert (nothing.success(Decimal(0)), nothing.level(Decimal(0)), nothing.level(Decimal(3))) == (1, 1, 1)
    assert Results(kept=0).level(Decimal(0)) == 1
    assert repr(Results(worth=Decimal(3), failed=2)) == "<Results worth 3, 2 failed>"


def test_what_more_it_reads_must_be_there() -> None:
    """A price that reads values or failures can't be asked for a bare number, and has no curve."""
    for price in (outcome(rate="0.2"), outcome(fee="1", guarantees=[Guarantee(below="1", credit="1")])):
        with pytest.raises(MismatchError) as error:
            price.amount(3)
        assert error.value.code == "demand.missing"
        with pytest.raises(MismatchError) as error:
            price.curve()
        assert error.value.code == "price.curve"
    assert (price.reads_success, price.reads_level) == (True, False)
    assert (outcome(rate="1").reads_success, outcome(rate="1").reads_level) == (False, False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [("", "outcome.way")]),
        ({"fee": "1", "rate": "1"}, [("", "outcome.way")]),
        ({"fee": "-1"}, [("fee", "price.negative")]),
        ({"fee": "1", "maximum": "-1"}, [("maximum", "price.negative")]),
        (
            {"fee": "1", "floor": "1", "ceiling": "2", "baseline": "3"},
            [("baseline", "outcome.value"), ("floor", "outcome.value"), ("ceiling", "outcome.value")],
        ),
        ({"rate": "1", "floor": "3", "ceiling": "2"}, [("floor", "clamp.order")]),
        ({"rate": "1", "floor": "10", "maximum": "5"}, [("floor", "clamp.order")]),
        ({"rate": "1", "floor": "10", "ceiling": "10", "maximum": "5"}, [("floor", "clamp.order")]),
        ({"rate": "20"}, [("rate", "outcome.rate")]),
        ({"rate": "1.000000000000000000000001"}, [("rate", "outcome.rate")]),
        ({"tiers": [Tier(up_to=2, unit_price="1")]}, [("tiers[0].up_to", "tier.closed")]),
        ({"fees": [SuccessFee(at_least="0.1", fee="1")]}, [("fees[0].at_least", "outcome.order")]),
        (
            {"fees": [SuccessFee(at_least=rate, fee=fee) for rate, fee in (("0", "-1"), ("2", "1"), ("0.5", "2"))]},
            [
                ("fees[0].fee", "price.negative"),
                ("fees[1].at_least", "outcome.share"),
                ("fees[2].at_least", "outcome.order"),
            ],
        ),
        ({"fee": "1", "guarantees": [Guarantee(below="0", credit="1")]}, [("guarantees[0].below", "outcome.share")]),
        ({"fee": "1", "guarantees": [Guarantee(below="1", credit="2")]}, [("guarantees[0].credit", "outcome.share")]),
        ({"fee": "1", "definition": ""}, [("definition", "text.empty")]),
    ],
)  # fmt: skip
def test_wrong_definitions(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """A price of outcomes says in one way what one costs; shares are shares and rates rise; all faults at once."""
    with pytest.raises(ValueError) as error:
        outcome(**fields)
    assert [(each.path, each.code) for each in problems(error.value)] == expected


def test_outermost() -> None:
    """It is no part of another price."""
    with pytest.raises(ValueError) as error:
        prices.Hybrid(prices=[outcome(fee="1")])
    assert [(each.path, each.code) for each in problems(error.value)] == [("prices[0]", "outcome.nested")]


def test_worth_of_plain_numbers() -> None:
    """A value may be written as everywhere; what has no share of a value says so."""
    share = outcome(rate="0.2")
    assert [share.worth(value) for value in ("100", 100, Decimal(100))] == [20, 20, 20]
    with pytest.raises(NumberError) as wrong:
        share.worth("much")
    assert wrong.value.code == "number.syntax"
    with pytest.raises(MismatchError) as caught:
        outcome(fee="1").worth(100)
    assert caught.value.code == "outcome.value"
