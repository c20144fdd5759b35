"""Reservations on a live bill: what is in flight counts, whoever asks and in whatever order."""

from __future__ import annotations

import json
from threading import Lock, Thread
from typing import Any

import pytest

from ratecard import prices
from ratecard.errors import MismatchError
from ratecard.guards import Cap
from ratecard.money import Money
from ratecard.plans import Terms
from ratecard.rating import Live
from tests.rating._opened import NOON, opened, simple, use


def test_reservations_count_until_they_end() -> None:
    """What is in flight counts against every cap; committed, what ran counts; released, nothing."""
    bill = opened(simple(Cap(spend=10)))
    assert bill.reserve(use(6, "a"))
    assert bill.left(NOON) == {"cap on subtotal": 4}
    assert not bill.admit(use(5, "b"))
    assert bill.quote(use(5, "b")) == Money("5", "USD")
    assert bill.statement().due == Money("0", "USD")
    version = bill.version
    assert bill.commit("a", use(2, "a")) == ()
    assert bill.version == version + 1
    assert bill.reserve(use(8, None), id="mine")
    bill.release("mine")
    assert bill.admit(use(8, "c"))
    for wrong in (lambda: bill.commit("a"), lambda: bill.release("mine")):
        with pytest.raises(MismatchError) as caught:
            wrong()
        assert caught.value.code == "live.reserved"
    bill.reserve(use(1, "d"))
    for record in (use(1, "d"), use(1, None)):
        with pytest.raises(MismatchError) as caught:
            bill.reserve(record)
        assert caught.value.code == "live.held"


def test_a_reserved_record_that_came_by_itself() -> None:
    """A reservation whose record was counted meanwhile holds nothing more, and its commit is a copy."""
    bill = opened(simple(Cap(spend=10)))
    bill.reserve(use(6, "a"))
    bill.record(use(6, "a"))
    assert bill.left(NOON) == {"cap on subtotal": 4}
    assert bill.commit("a") == ()
    assert bill.statement().due == Money("6", "USD")


class Workers:
    """Workers that each read a row, ask its bill, and write it back if the version is still the one they read."""

    def __init__(self, terms: Terms, start: Any) -> None:
        self.terms = terms
        self.asked: dict[tuple[str, str], tuple[bool, str]] = {}
        self.known: dict[tuple[Any, ...], int] = {}
        self.start = json.dumps(start)

    def ask(self, text: str, name: str) -> tuple[bool, str]:
        """Whether a worker may reserve, and the row after it."""
        if (text, name) not in self.asked:
            bill = Live.load(json.loads(text), self.terms)
            self.asked[text, name] = (bill.reserve(use(1, name)).allowed, json.dumps(bill.dump()))
        return self.asked[text, name]

    def orders(self, row: str, states: tuple[Any, ...], through: int) -> int:
        """
        In how many orders the steps that are left can be taken; no more than two are let through in any of them.

        A worker's state is what it read, once it did; what it was answered, once it asked; and None when it is done.
        """
        assert through <= 2
        assert len(json.loads(row)["reserved"]) == through
        if not any(states):
            return 1
        mark = (row, states, through)
        if mark not in self.known:
            found = 0
            for worker, state in enumerate(states):
                after, more, name = row, through, f"w{worker}"
                if state == ("new",):
                    next_state: Any = ("read", row)
                elif state is not None and state[0] == "read":
                    next_state = ("asked", state[1], *self.ask(state[1], name))
                elif state is not None:
                    _, read, allowed, text = state
                    next_state = None
                    if allowed and json.loads(read)["version"] == json.loads(row)["version"]:
                        after, more = text, through + 1
                else:
                    continue
                found += self.orders(after, (*states[:worker], next_state, *states[worker + 1 :]), more)
            self.known[mark] = found
        return self.known[mark]


def test_every_interleaving_of_four_workers() -> None:
    """Four workers of three steps each never let through more than the cap, in any of the orders they can step in."""
    bill = opened(simple(Cap(spend=2)))
    workers = Workers(bill.terms, bill.dump())
    assert workers.orders(workers.start, (("new",),) * 4, 0) == 369_600


def test_threads_on_one_budget() -> None:
    """Sixteen threads under one lock let through just the budget, and not a cent more."""
    plan = simple(Cap(spend=5), price=prices.PerUnit(unit_price="0.01"))
    bill, lock = opened(plan), Lock()
    through: list[str] = []

    def work(name: int) -> None:
        for number in range(50):
            record = use(1, f"{name}-{number}")
            with lock:
                if bill.admit(record):
                    bill.record(record)
                    through.append(f"{name}-{number}")

    threads = [Thread(target=work, args=[name]) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == 500
    assert bill.statement().due == Money("5.00", "USD")
