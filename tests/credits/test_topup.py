"""
Top-ups: when a rule proposes, how much, how often, and what grants come of it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ratecard._problems import problems
from ratecard.cadence import Cadence
from ratecard.credits import Bonus, Ledger, Proposal, TopUp
from ratecard.errors import MismatchError
from ratecard.money import Currency, Money

NOW = "2025-01-10T12:00:00Z"


def usd(amount: str | int) -> Money:
    """Money in dollars."""
    return Money(amount, "USD")


@pytest.mark.parametrize(
    ("fields", "balance", "amount"),
    [
        ({"below": 10, "to": 50}, "10", "40"), ({"below": 10, "to": 50}, "10.01", None),
        ({"below": 10, "to": 50}, "-5", "55"), ({"below": 10, "to": 50, "minimum": 45}, "10", "45"),
        ({"below": 10, "to": 50, "maximum": 30}, "10", "30"), ({"below": 10, "by": 25}, "10", "25"),
        ({"below": 10, "by": 25}, "9", "25"), ({"below": 10, "by": 25}, "-14.99", "25"),
        ({"below": 10, "by": 25}, "-15", "50"), ({"below": 10, "by": 25, "maximum": 60}, "-100", "50"),
        ({"below": 10, "by": 25, "maximum": 20}, "-100", "20"), ({"by": 25}, "1000", "25"),
        ({"below": 10, "by": 25, "maximum": 0}, "0", None), ({"below": 10, "by": 25, "minimum": 60}, "0", "60"),
        ({"below": 0, "by": 10, "minimum": 22, "maximum": 25}, "-15", "22"),
        ({"below": 0, "by": 10, "minimum": 22, "maximum": 25}, "-25", "25"),
        ({"below": 0, "by": 10, "minimum": 22, "maximum": 35}, "-35", "30"),
    ],
)  # fmt: skip
def test_amount(fields: dict[str, Any], balance: str, amount: str | None) -> None:
    """At or below the mark, up to the level or by whole steps past the mark, inside the least and the most."""
    found = TopUp(key="refill", **fields).propose(usd(balance), at=NOW)
    assert (found and found.amount) == (amount and usd(amount))


def test_pending_counts() -> None:
    """What has been bought and is not there yet counts as there."""
    rule = TopUp(key="refill", below=10, to=50)
    assert rule.propose(usd(5), at=NOW, pending=usd(6)) is None
    found = rule.propose(usd(5), at=NOW, pending=usd(5))
    assert found is not None
    assert found.amount == usd(40)
    with pytest.raises(MismatchError):
        rule.propose(usd(5), at=NOW, pending=Money(1, "EUR"))


def test_most_in_a_window() -> None:
    """After so many purchases in a window there is none, until the next; the id tells which one it is."""
    rule = TopUp(key="refill", below=10, to=50, most=2, per=Cadence.calendar("day"))
    made = ["2025-01-09T23:59:59Z", "2025-01-10T00:00:00Z"]
    found = rule.propose(usd(5), at=NOW, made=made)
    assert found is not None
    assert found.id == "refill/2025-01-10T00:00:00Z/2"
    assert rule.propose(usd(5), at=NOW, made=[*made, NOW]) is None
    assert rule.propose(usd(5), at="2025-01-11T00:00:00Z", made=[*made, NOW]) is not None
    assert rule.propose(usd(5), at=NOW, made=[*made, NOW], zone="Asia/Tokyo") is None


def test_a_window_without_an_anchor() -> None:
    """A window that starts nowhere goes by the calendar, so that it is the same at every look."""
    rule = TopUp(key="refill", below=10, to=50, most=1, per=Cadence.monthly(zone="Asia/Tokyo"))
    found = rule.propose(usd(5), at=NOW)
    assert found is not None
    assert found.id == "refill/2024-12-31T15:00:00Z/1"
    assert rule.propose(usd(5), at="2025-01-12T00:00:00Z", made=[NOW]) is None
    assert rule.propose(usd(5), at="2025-01-31T15:00:00Z", made=[NOW]) is not None


def test_same_proposal() -> None:
    """Until a purchase is told, the rule proposes the same one."""
    rule = TopUp(key="refill", below=10, to=50)
    one, two = rule.propose(usd(5), at=NOW), rule.propose(usd(5), at=NOW)
    assert one == two
    assert hash(one) == hash(two)
    assert one != rule.propose(usd(5), at=NOW, made=[NOW])
    assert one != "one"
    assert repr(one) == "<Proposal 'refill/2025-01-01T00:00:00Z/1': 45.00 USD>"


def test_grants() -> None:
    """What is bought is a paid grant, and what comes on top a promotional one; the ledger takes both once."""
    unit = Currency.custom("credits", places=0)
    rule = TopUp(
        key="packs", below=0, by=1000, bonuses=[Bonus(threshold=1000, rate="0.1"), Bonus(threshold=5000, amount=750)],
        unit_cost="0.01", cost_currency="USD", lasts=Cadence.yearly(),
    )  # fmt: skip
    proposal = rule.propose(Money.make(Decimal(0), unit), at=NOW)
    assert proposal is not None
    bought, bonus = rule.grants(proposal)
    assert (bought.id, bought.key, bought.paid, bonus.paid) == (proposal.id, "packs", True, False)
    ledger = Ledger()
    for _ in range(2):
        for each in rule.grants(proposal):
            ledger = ledger.grant(each, at=NOW)
    assert ledger.balance(unit, NOW).amount == Decimal(1100)
    assert ledger.lot(bought.id).lot.basis == Decimal("0.01")
    assert str(ledger.lot(bought.id).lot.expiry) == "2026-01-10 12:00:00+00:00"
    plain = TopUp(key="packs", below=0, by=1000)
    assert len(plain.grants(Proposal("p", "packs", proposal.at, proposal.amount, Money.make(Decimal(0), unit)))) == 1
    with pytest.raises(MismatchError) as error:
        TopUp(key="other", below=0, by=1000).grants(proposal)
    assert error.value.code == "topup.key"


@pytest.mark.parametrize(
    ("bought", "bonus"), [(999, "0"), (1000, "100"), (4999, "499.9"), (5000, "750"), (9000, "750")]
)
def test_bonus(bought: int, bonus: str) -> None:
    """The highest threshold that is reached says what comes on top, equality included."""
    rule = TopUp(key="k", by=1, bonuses=[Bonus(threshold=5000, amount=750), Bonus(threshold=1000, rate="0.1")])
    assert rule.bonus(Decimal(bought)) == Decimal(bonus)


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({}, "by", "topup.amount"), ({"to": 5, "by": 5, "below": 1}, "by", "topup.amount"),
        ({"by": 0}, "by", "topup.amount"), ({"to": 5}, "below", "topup.below"),
        ({"to": 5, "below": 5}, "to", "topup.below"), ({"by": 5, "minimum": 3, "maximum": 2}, "minimum", "topup.order"),
        ({"by": 5, "most": 0}, "most", "number.small"),
        ({"by": 5, "bonuses": [{"threshold": 5}]}, "bonuses[0].amount", "bonus.amount"),
        ({"by": 5, "bonuses": [{"threshold": 5, "amount": 1, "rate": 1}]}, "bonuses[0].amount", "bonus.amount"),
        ({"by": 5, "bonuses": [{"threshold": -5, "amount": 1}]}, "bonuses[0].threshold", "bonus.amount"),
        ({"by": 5, "bonuses": [{"threshold": 5, "rate": "-1"}]}, "bonuses[0].rate", "bonus.amount"),
    ],
)  # fmt: skip
def test_refused(fields: dict[str, Any], path: str, code: str) -> None:
    """A rule that says two things, nothing, or nonsense can't be built."""
    with pytest.raises(ValidationError) as error:
        TopUp(key="k", **fields)
    assert (path, code) in [(each.path, each.code) for each in problems(error.value)]
