"""The overdraft by use: who is owed, in what order, and that many uses cost no more than few."""

from __future__ import annotations

from time import process_time

from ratecard.credits import Grant, Ledger, Negative, OpenLedger, Policy, Repaid, Use
from ratecard.money import Currency, Money

UNIT = Currency.custom("cr", places=0)
AT = "2025-01-01T00:00:00Z"


def overdrawn(count: int) -> OpenLedger:
    """A ledger on which as many uses are owed a credit each."""
    work = Ledger(Policy(overage=Negative())).open()
    for index in range(count):
        work.draw(Money(1, UNIT), at=AT, id=f"d{index}", use=Use(f"item {index}"))
    return work


def grant(work: OpenLedger, name: str, amount: int, *items: str) -> list[tuple[str | None, int]]:
    """Grant a lot; whom it pays back, and how much."""
    before = work.version
    given = Grant.model_validate({
        "id": name, "amount": amount, "currency": "cr", "places": 0, "scope": {"items": items},
    })  # fmt: skip
    work.grant(given, at=AT)
    return [(each.use.item, int(each.amount)) for each in work.entries(before) if isinstance(each, Repaid)]


def test_the_oldest_debt_is_paid_first() -> None:
    """Lots pay back in the order in which it was overdrawn, each what its scope covers."""
    work = overdrawn(4)
    assert grant(work, "scoped", 5, "item 2", "else") == [("item 2", 1)]
    assert grant(work, "two", 2) == [("item 0", 1), ("item 1", 1)]
    assert (work.owed("cr").amount, work.balance("cr", AT, use=Use("item 3")).amount) == (1, -1)
    assert work.balance("cr", AT).amount == 3


def test_a_debt_that_comes_again_keeps_its_place() -> None:
    """What was paid back and is owed again is as old as it was; so it is after the ledger was stored."""
    work = overdrawn(2)
    assert grant(work, "one", 1) == [("item 0", 1)]
    work.draw(Money(1, UNIT), at=AT, id="again", use=Use("item 0"))
    read = Ledger.from_json(work.ledger().to_json()).open()
    for each in (work, read):
        assert each.owed("cr").amount == 2
        assert grant(each, "all", 9) == [("item 0", 1), ("item 1", 1)]


def test_uses_are_told_apart() -> None:
    """Uses that read alike in part are owed each for itself."""
    work = Ledger(Policy(overage=Negative())).open()
    uses = [Use("a"), Use(meter="a"), Use(customer="a"), Use(dimensions={"a": "b"}), Use()]
    for index, use in enumerate(uses, 1):
        work.draw(Money(index, UNIT), at=AT, id=f"{index}", use=use)
    assert [work.balance(UNIT, AT, use=use).amount for use in uses] == [-1, -2, -3, -4, -5]


def test_many_uses_cost_no_more_each_than_few() -> None:
    """To overdraw for eight times as many uses, and to pay all back, takes nothing like 64 times as long."""

    def seconds(count: int) -> float:
        start = process_time()
        work = overdrawn(count)
        assert len(grant(work, "all", 10 * count)) == count
        return process_time() - start

    few = min(seconds(250) for _ in range(3))
    assert seconds(2000) < 24 * few
