"""What is refused at the doors of a ledger, and what rules propose: what is taken in can be stored and paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ratecard.credits import Bonus, Grant, Ledger, Policy, TopUp, Use
from ratecard.errors import MismatchError, UnknownKeyError
from ratecard.money import Currency, Money

AT = "2025-01-01T00:00:00Z"
UNIT = Currency.custom("cr", places=0)


@pytest.mark.parametrize(
    "made",
    [
        lambda: Use(5),  # type: ignore[arg-type]
        lambda: Use(meter=5),  # type: ignore[arg-type]
        lambda: Use(customer=b"a"),  # type: ignore[arg-type]
        lambda: Use("x", dimensions={"team": 7}),  # type: ignore[dict-item]
        lambda: Use("x", dimensions={7: "a"}),  # type: ignore[dict-item]
        lambda: Use("x", dimensions={"team": None}),  # type: ignore[dict-item]
    ],
)
def test_a_use_is_in_text(made: Callable[[], Use]) -> None:
    """What could not be read back, nor ever meets a scope, is no use."""
    with pytest.raises(MismatchError) as caught:
        made()
    assert caught.value.code == "argument.type"


@pytest.mark.parametrize(
    "act",
    [
        lambda ledger: ledger.draw(5, at=AT, id="d"),
        lambda ledger: ledger.reserve("5", at=AT, id="d"),
        lambda ledger: ledger.undraw("d", None, at=AT, id="u"),
        lambda ledger: ledger.void("l", 5, at=AT, id="v"),
        lambda ledger: ledger.refund("l", 5, at=AT, id="v"),
        lambda ledger: ledger.draw(Money("5", "USD"), at=AT, id="d", use="item"),
        lambda ledger: ledger.reserve(Money("5", "USD"), at=AT, id="d", use="item"),
    ],
)
def test_amounts_and_uses_of_other_kinds_are_told(act: Callable[[Any], Any]) -> None:
    """A bare number, or a text for a use, is refused with what to write."""
    ledger = Ledger().grant(Grant(id="l", amount=9, currency="USD"), at=AT)
    with pytest.raises(MismatchError) as caught:
        act(ledger)
    assert caught.value.code == "argument.type"


@pytest.mark.parametrize("name", ["foo", "zuora", None, ["stripe"]])
def test_a_preset_that_nobody_knows_is_told(name: Any) -> None:
    """The presets of a policy are named where one is not known."""
    with pytest.raises(UnknownKeyError, match="use one of default, stripe"):
        Policy.preset(name)


@pytest.mark.parametrize(
    ("rule", "balance", "proposed"),
    [
        ({"below": "10", "to": "20.005"}, "9.99", "10.02"),
        ({"below": "10", "to": "20"}, "9.995", "10.01"),
        ({"below": "10", "to": "20.005", "maximum": "10.015"}, "9.99", "10.01"),
        ({"below": "10", "to": "20.00"}, "9.99", "10.01"),
        ({"below": "10", "by": "0.125"}, "10", "0.13"),
        ({"below": "10", "by": "5", "minimum": "7.501"}, "9", "7.51"),
    ],
)
def test_what_is_proposed_can_be_charged(rule: dict[str, Any], balance: str, proposed: str) -> None:
    """A purchase is in whole cents: as many as fill up, and no more than the maximum allows."""
    found = TopUp.model_validate({"key": "t", **rule}).propose(Money(balance, "USD"), at=AT)
    assert found is not None
    assert found.amount == Money(proposed, "USD")


def test_a_maximum_finer_than_money_proposes_nothing() -> None:
    """Less than a cent is no purchase."""
    rule = TopUp(key="t", below="10", to="20", maximum="0.004")
    assert rule.propose(Money("9", "USD"), at=AT) is None


def test_bonuses_can_be_granted() -> None:
    """A bonus of a unit of one's own is in whole units; of money it may be finer, since nobody pays it."""
    rule = TopUp(key="t", by="15", bonuses=[Bonus(threshold="1", rate="0.1")])
    found = rule.propose(Money(0, UNIT), at=AT)
    assert found is not None
    assert (found.amount.amount, found.bonus.amount) == (15, 1)
    ledger = Ledger()
    for grant in rule.grants(found):
        ledger = ledger.grant(grant.model_copy(update={"places": 0}), at=AT)
    assert ledger.balance("cr", AT).amount == 16
    money = TopUp(key="t", by="10.10", bonuses=[Bonus(threshold="1", rate="0.05")]).propose(Money(0, "USD"), at=AT)
    assert money is not None
    assert money.bonus.amount == Decimal("0.505")
