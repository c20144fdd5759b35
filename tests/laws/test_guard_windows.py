"""Laws of what is told of windows: against one who keeps every instant and looks at the window before each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ratecard.cadence import Cadence
from ratecard.guards import Alert, Breach, Cap, Crossed, Reading, Signals, Watch

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
LIMIT, HALF = 10, 5
DAY = 86_400

Step = tuple[int, int, str]
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 20, 40, 60, 61, 50_000, DAY]), st.integers(0, 14),
        st.sampled_from(["asked", "unasked", "only asked"]),
    ),
    max_size=20,
)  # fmt: skip
"""How many seconds later, how much, and whether it asks, runs, or both."""


class Oracle:
    """Every amount with its second; what stands in the window is added up each time."""

    def __init__(self, rolling: bool) -> None:
        self.rolling = rolling
        self.taken: list[tuple[int, int]] = []
        self.low: int | None = None
        self.passed = self.half = False

    def standing(self, now: int) -> int:
        """What stands in the window."""
        if self.rolling:
            return sum(amount for at, amount in self.taken if at > now - 60)
        return sum(amount for at, amount in self.taken if (at + DAY // 2) // DAY == (now + DAY // 2) // DAY)

    def take(self, now: int, amount: int) -> None:
        """Taken; what stood there before is remembered."""
        held = self.standing(now)
        self.low = held if self.low is None else min(self.low, held)
        if amount:
            self.taken.append((now, amount))

    def tell(self, now: int) -> list[str]:
        """What is told now."""
        low, value = self.standing(now) if self.low is None else self.low, self.standing(now)
        low, self.low = min(low, value), None
        found = []
        if low <= LIMIT:
            self.passed = False
        if value > LIMIT and not self.passed:
            self.passed = True
            found.append("breach")
        if self.half and low < HALF:
            self.half = False
            found.append("rearmed")
        if value >= HALF and not self.half:
            self.half = True
            found.append("crossed")
        return found


def shown(signals: Signals) -> list[str]:
    """What is told, in short."""
    return [str(each.to_json()["signal"]) for each in signals]


@given(steps, st.booleans())
def test_signals_of_windows_against_all_instants(found: list[Step], rolling: bool) -> None:
    """Breaches and an alert that recovers are told just when the window was left and passed, each under its own id."""
    window = {"window_seconds": 60} if rolling else {"per": Cadence.calendar("day")}
    cap = Cap.model_validate({"key": "c", "spend": LIMIT, **window})
    watch = Watch([cap, Alert(key="a", percent=50, cap="c", rearm="recover")])
    state, oracle, now = watch.zero(), Oracle(rolling), 0
    ids: list[str] = []
    for gap, amount, how in found:
        now += gap
        at = NOON + timedelta(seconds=now)
        uses = Reading(subtotal=Decimal(amount))
        if how != "unasked":
            state, verdict = watch.admit(state, at, uses=uses)
            assert verdict.allowed == (oracle.standing(now) + amount <= LIMIT or not amount)
            if verdict and amount:
                oracle.take(now, amount)
        if how == "only asked":
            continue
        if how == "unasked":
            oracle.take(now, amount)
        state, signals = watch.record(state, at, uses=uses if how == "unasked" else None)
        assert shown(signals) == oracle.tell(now)
        ids += [each.id for each in signals if isinstance(each, Breach | Crossed)]
        state = watch.load(watch.dump(state))
    assert len(set(ids)) == len(ids)
