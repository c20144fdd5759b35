"""
Many threads on one budget: `python -m tests.deep.guards`, with the numbers of threads and of calls each if you like.

Every thread asks, as a host with one lock around read, ask and swap would. In the end exactly the budget was let
through, and the state has counted just that. The same is tried without a lock, by compare and swap alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier, Lock, Thread
from time import perf_counter

from ratecard.guards import Cap, Reading, SlidingWindow, State, Watch

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
BUDGET = 5_000
PRICE = Decimal("0.01")


class Store:
    """One place for the state; `swap` is what a database does with a version."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.lock = Lock()

    def swap(self, old: State, new: State) -> bool:
        """Write, if nobody was quicker."""
        with self.lock:
            if self.state.version != old.version:
                return False
            self.state = new
            return True


def run(threads: int, calls: int, *, locked: bool) -> tuple[int, State, Watch]:
    """How many calls were let through, and the state in the end."""
    watch = Watch([
        Cap(spend=PRICE * BUDGET, window_seconds=3600), SlidingWindow(limit=threads * calls, window_seconds=3600)
    ])  # fmt: skip
    store = Store(watch.zero())
    uses = Reading(subtotal=PRICE)
    through = [0] * threads
    start = Barrier(threads)
    whole = Lock()

    def with_lock() -> bool:
        with whole:
            store.state, verdict = watch.admit(store.state, NOON, uses=uses)
        return verdict.allowed

    def with_swap() -> bool:
        while True:
            old = store.state
            new, verdict = watch.admit(old, NOON, uses=uses)
            if not verdict.allowed or store.swap(old, new):
                return verdict.allowed

    ask: Callable[[], bool] = with_lock if locked else with_swap

    def work(index: int) -> None:
        start.wait()
        for _ in range(calls):
            through[index] += ask()

    workers = [Thread(target=work, args=(index,)) for index in range(threads)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return sum(through), store.state, watch


def main(arguments: list[str]) -> None:
    """Both ways; prints calls a second."""
    threads, calls = (int(each) for each in arguments) if arguments else (64, 10_000)
    for locked in (True, False):
        began = perf_counter()
        through, state, watch = run(threads, calls, locked=locked)
        assert through == min(BUDGET, threads * calls), through
        assert state.version == through
        left = watch.left(state, NOON)
        assert left["cap on subtotal in 3600 s"] == PRICE * (BUDGET - through), left
        took = perf_counter() - began
        way = "one lock" if locked else "compare and swap"
        print(f"{way}: {threads} threads x {calls} calls, {through} let through, {threads * calls / took:,.0f} calls/s")


if __name__ == "__main__":
    main(sys.argv[1:])
