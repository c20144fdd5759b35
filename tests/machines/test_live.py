"""
A live bill under any course of events: asked, recorded, reserved, stored and read back; and the bill of all that ran.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ratecard.errors import MismatchError, NoPriceError, RatecardError, RecordError
from ratecard.guards import AnyGuard, Cap, Concurrency, SlidingWindow, Verdict
from ratecard.plans import Plan, resolve
from ratecard.rating import Live, live, rate
from ratecard.records import UsageRecord
from tests.laws.test_live import JANUARY, MODELS, RISING, outcome, plan_of, staged, subscribed, watched
from tests.strategies import amounts, fraction, price_models

START = datetime(2025, 1, 10, 12, tzinfo=UTC)
LEASE, WINDOW = 5, 7
SLOTS, CALLS = 2, 3


@st.composite
def bills(draw: st.DrawFn) -> tuple[Plan, bool]:
    """
    A plan, and whether its bill never falls as usage grows.

    The first kind goes the quick way where it can, the second always the long one.
    """
    guards: list[AnyGuard] = [*draw(watched())]
    if draw(st.booleans()):
        guards.append(Concurrency(key="slots", limit=SLOTS, lease_seconds=LEASE))
    if draw(st.booleans()):
        guards.append(SlidingWindow(key="window", limit=CALLS, window_seconds=WINDOW))
    if draw(st.booleans()):
        return plan_of(draw(RISING), guards=guards), True
    more = draw(staged())
    guards += [each.model_copy(update={"key": f"soft {at}"}) for at, each in enumerate(more.pop("guards", []))]
    price: Any = draw(price_models(2)[draw(st.sampled_from(MODELS))])
    return plan_of(price, guards=guards, **more), False


events = st.sampled_from(["e", "e", "e", "k"])
quantities = st.integers(0, 60) | amounts(-9, 40)


class LiveBill(RuleBasedStateMachine):
    """
    Requests and records of a customer, with all that was counted beside it.

    `promised` says whether all that was counted had been admitted, right before or under a reservation that nothing
    else depended on; then every hard cap holds.
    """

    @initialize(made=bills())
    def start(self, made: tuple[Plan, bool]) -> None:
        """A new bill."""
        self.plan, self.rising = made
        self.acme = subscribed(self.plan)
        self.terms = resolve(self.plan, self.acme, JANUARY)
        self.bill = live(self.terms)
        self.ran: list[UsageRecord] = []
        self.count, self.now, self.promised = 0, START, True
        self.reserved: dict[str, UsageRecord] = {}
        self.slots: dict[str, datetime] = {}
        self.calls: list[datetime] = []

    def _record(self, event: str, quantity: Decimal, copy: bool) -> UsageRecord:
        self.count += 1
        if copy and self.ran:
            return self.ran[-1]
        properties = {"n": quantity, "m": self.count % 4, "user": ["ana", "bo"][self.count % 2], "cost": self.count % 5}
        return UsageRecord(event, self.now, properties, id=f"r{self.count}")

    def _try(self, ask: Callable[[], Verdict]) -> Verdict | None:
        """The answer; None where the bill cannot say, and then nothing has changed."""
        version, dump = self.bill.version, self.bill.dump()
        try:
            return ask()
        except (RecordError, MismatchError, NoPriceError):
            assert (self.bill.version, self.bill.dump()) == (version, dump)
            return None

    def _asked(self, record: UsageRecord, verdict: Verdict, version: int) -> UsageRecord | None:
        """Hold the limits on calls against all that was let through; what of the record may run."""
        others = [until for name, until in self.slots.items() if until > self.now and name != record.id]
        recent = [at for at in self.calls if at > self.now - timedelta(seconds=WINDOW)]
        binding = {each.key for each in verdict.limits}
        names = {each.name for each in self.plan.guards}
        new = record not in self.ran
        assert ("slots" in binding) == (new and "slots" in names and len(others) >= SLOTS)
        assert ("window" in binding) == (new and "window" in names and len(recent) >= CALLS)
        if not verdict and not verdict.fits:
            assert self.bill.version == version
            return None
        if not new:
            return record
        self.calls.append(self.now)
        self.slots[str(record.id)] = self.now + timedelta(seconds=LEASE)
        if verdict:
            return record
        part = {**record.properties, "n": verdict.fits}
        return UsageRecord(record.event, record.at, part, id=record.id)

    def _run(self, record: UsageRecord, count: Callable[[], object]) -> bool:
        """Count a record; whether it was counted: what has no price changes nothing."""
        version = self.bill.version
        try:
            count()
        except NoPriceError:
            assert self.bill.version == version
            return False
        self.slots.pop(str(record.id), None)
        self.ran.append(record)
        assert self.bill.version > version
        return True

    @rule(seconds=st.integers(0, 9))
    def wait(self, seconds: int) -> None:
        """Time goes by: leases and windows end."""
        self.now += timedelta(seconds=seconds)

    @rule(event=events, quantity=quantities, copy=st.booleans())
    def record(self, event: str, quantity: Decimal, copy: bool) -> None:
        """Something runs that nobody asked for; what it was quoted is what it costs."""
        record = self._record(event, quantity, copy)
        version = self.bill.version
        try:
            before = self.bill._bill.figures().exact("subtotal")
            quoted: Any = self.bill.quote_exact(record)
        except RatecardError:
            quoted = None
        assert self.bill.version == version
        known = record in self.ran
        counted = self._run(record, lambda: self.bill.record(record))
        if counted and not known:
            self.promised = False
            self.calls.append(record.at)
        if quoted is not None:
            self.bill._home()
            after = self.bill._bill.figures().exact("subtotal")
            assert fraction(after) - fraction(before) == fraction(quoted)

    @rule(event=events, quantity=quantities, copy=st.booleans())
    def admit(self, event: str, quantity: Decimal, copy: bool) -> None:
        """A request is let through, whole or in part, and runs as it was."""
        record = self._record(event, quantity, copy)
        version = self.bill.version
        verdict = self._try(lambda: self.bill.admit(record, cut="n" if event == "e" else None))
        part = None if verdict is None else self._asked(record, verdict, version)
        if part is not None:
            # Where a bill may fall, what is held may have made the room that this was let through on.
            self.promised = self.promised and (self.rising or not self.reserved)
            self._run(part, lambda: self.bill.record(part))

    @precondition(lambda self: len(self.reserved) < 3)
    @rule(event=events, quantity=quantities)
    def reserve(self, event: str, quantity: Decimal) -> None:
        """A request is let through and held."""
        record = self._record(event, quantity, False)
        version = self.bill.version
        verdict = self._try(lambda: self.bill.reserve(record, cut="n" if event == "e" else None))
        part = None if verdict is None else self._asked(record, verdict, version)
        if part is not None:
            self.reserved[str(record.id)] = part
            assert self.bill.version > version

    def _apart(self) -> None:
        """Where a bill may fall, what was let through on top of something else counts on that being there."""
        self.promised = self.promised and (self.rising or len(self.reserved) == 1)

    @precondition(lambda self: self.reserved)
    @rule(data=st.data(), quantity=st.none() | quantities)
    def commit(self, data: st.DataObject, quantity: Decimal | None) -> None:
        """What was held runs as it was, or otherwise; it is held no more, and cannot be committed again."""
        name = data.draw(st.sampled_from(sorted(self.reserved)))
        self._apart()
        held = self.reserved[name]
        if quantity is None:
            counted = self._run(held, lambda: self.bill.commit(name, at=self.now))
        else:
            other = UsageRecord(held.event, held.at, {**held.properties, "n": quantity}, id=held.id)
            counted = self._run(other, lambda: self.bill.commit(name, other, at=self.now))
            self.promised = self.promised and not counted
        if not counted:
            return
        del self.reserved[name]
        for again in (lambda: self.bill.commit(name), lambda: self.bill.release(name)):
            assert outcome(lambda call=again: str(call())) == (False, "live.reserved")  # type: ignore[misc]

    @precondition(lambda self: self.reserved)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """What was held is given back: the limits on calls have it again as far as it still stood in them."""
        name = data.draw(st.sampled_from(sorted(self.reserved)))
        self._apart()
        version, held = self.bill.version, self.reserved.pop(name)
        self.bill.release(name, at=self.now)
        self.slots.pop(name, None)
        self.calls.remove(held.at)
        assert self.bill.version > version

    @rule()
    def store(self) -> None:
        """The bill is stored and read back: it says the same, and goes on alike."""
        told = json.loads(json.dumps(self.bill.dump()))
        again = Live.load(told, self.terms)
        assert (again.dump(), again.version) == (told, self.bill.version)
        assert outcome(lambda: again.statement().dumps()) == outcome(lambda: self.bill.statement().dumps())
        assert outcome(lambda: repr(again.left(self.now))) == outcome(lambda: repr(self.bill.left(self.now)))
        self.bill = again

    @invariant()
    def the_bill(self) -> None:
        """The statement is that of all that ran, to the byte, and asking changes nothing."""
        version = self.bill.version
        now = outcome(lambda: self.bill.statement().dumps())
        assert now == outcome(lambda: rate(self.plan, self.acme, self.ran, JANUARY).dumps())
        assert self.bill.version == version

    @invariant()
    def hard_caps(self) -> None:
        """What was admitted first passes no cap, not by a cent, but for what was due anyway."""
        if not self.promised:
            return
        self.bill._home()
        for cap in self.plan.guards:
            if not isinstance(cap, Cap) or cap.mode == "soft" or cap.window() is not None:
                continue
            gauge = cap.gauge()
            limit: Any = cap.spend if cap.spend is not None else cap.quantity
            try:
                now = self.bill._bill.figures().value(gauge)
                alone = self.bill._bill.scene.empty.value(gauge)
            except NoPriceError:
                continue
            assert now is not None
            assert alone is not None
            assert now <= limit or now <= alone, cap


TestLiveBill = LiveBill.TestCase
TestLiveBill.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
