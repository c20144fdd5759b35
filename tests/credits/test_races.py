"""
Several workers on one ledger, and callers with hostile habits: the answers stay the same.
"""

from __future__ import annotations

import decimal
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

from ratecard.credits import Grant, Ledger, Policy, Refuse
from ratecard.money import Money
from ratecard.periods import Period
from tests.credits._pair import UNIT

NOW = "2025-01-10T12:00:00Z"


def orders(steps: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every way in which workers with so many steps each may take turns."""
    if not any(steps):
        yield ()
    for worker, left in enumerate(steps):
        if left:
            rest = (*steps[:worker], left - 1, *steps[worker + 1 :])
            yield from ((worker, *others) for others in orders(rest))


class Shared:
    """What workers share: a ledger that is swapped only by those who saw the latest version."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def swap(self, seen: int, ledger: Ledger) -> bool:
        """Put another in the place of the version that was seen."""
        if self.ledger.version != seen:
            return False
        self.ledger = ledger
        return True


def test_every_interleaving() -> None:
    """However three workers take turns at reading, drawing and swapping, what was let through is what is spent."""
    start = Ledger(Policy(overage=Refuse())).grant(Grant(id="g", amount=2, currency=UNIT), at=NOW)
    seen_results = set()
    for turns in orders((3, 3, 3)):
        shared = Shared(start)
        read: dict[int, Ledger] = {}
        drawn: dict[int, Ledger] = {}
        let_through = []
        for worker in turns:
            if worker not in read:
                read[worker] = shared.ledger
            elif worker not in drawn:
                drawn[worker], draw = read[worker].draw(Money("1", UNIT), at=NOW, id=f"w{worker}")
                assert draw.refused == (read[worker].lot("g").left < 1)
            elif drawn[worker] is not read[worker] and shared.swap(read[worker].version, drawn[worker]):
                let_through.append(worker)
        assert shared.ledger.lot("g").spent == len(let_through) <= 2
        seen_results.add(len(let_through))
    assert seen_results == {1, 2}


def test_threads() -> None:
    """Eight threads that retry when they lose the race spend what there is, each draw once, and not a unit more."""
    shared = Shared(Ledger(Policy(overage=Refuse())).grant(Grant(id="g", amount=100, currency=UNIT), at=NOW))
    lock = threading.Lock()
    done: list[str] = []

    def work(name: int) -> None:
        for number in range(20):
            id = f"{name}/{number}"
            while True:
                seen = shared.ledger
                after, draw = seen.draw(Money("1", UNIT), at=NOW, id=id)
                if draw.refused:
                    break
                with lock:
                    if shared.swap(seen.version, after):
                        done.append(id)
                        break

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(done) == len(set(done)) == 100
    assert shared.ledger.lot("g").spent == 100
    assert [each.id for each in shared.ledger.entries(1)] == done


def history() -> Ledger:
    """A history with long amounts."""
    ledger = Ledger().grant(
        Grant(id="a", amount="12345678901234567890123456789.01", currency="USD", cost="7", expiry="2025-02-01"), at=NOW
    )
    ledger, _ = ledger.draw(Money("0.000000000000000000000001", "USD"), at=NOW, id="d")
    ledger, _ = ledger.draw(Money("12345678901234567890123456789", "USD"), at=NOW, id="e")
    ledger, _ = ledger.undraw("e", Money("345678901234567890123456789", "USD"), at="2025-02-02T00:00:00Z", id="u")
    return ledger.expire("2025-02-02T00:00:00Z")


HOSTILE = [
    decimal.Context(prec=2),
    decimal.Context(
        prec=3, rounding=decimal.ROUND_UP, traps=[decimal.Inexact, decimal.Rounded, decimal.FloatOperation]
    ),
    decimal.Context(prec=1, Emax=3, Emin=-3),
]


@pytest.mark.parametrize("context", HOSTILE, ids=str)
def test_callers_context(context: decimal.Context) -> None:
    """The caller's decimal context changes nothing, and is not changed."""
    plain = history()
    told = (plain.to_json(), str(plain.revenue(Period.year(2025))), str(plain.balance("USD", NOW)))
    before = repr(context)
    with decimal.localcontext(context) as current:
        again = history()
        assert (again.to_json(), str(again.revenue(Period.year(2025))), str(again.balance("USD", NOW))) == told
        assert repr(current) == before
    assert plain.lot("a").left == Decimal(0)
