"""
live: the walk, one record at a time.

A live bill holds a tally, the state of the plan's guards and what is in flight. Everything it says comes from the same
stages as the bill of a closed period: a quote is the difference of two subtotals, and what is admitted is read off the
statement that would be printed. It has no clock: the time of a record is the time it asks with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .._numbers import CONTEXT, PLACES, ZERO, Exact, quantize, sub
from ..credits import Ledger
from ..errors import MismatchError, RatecardError, RecordError
from ..guards import Signals, State, Verdict, Watch
from ..money import Money
from ..plans import Terms
from ..records import UsageRecord
from ._bill import cost_terms_of
from ._charge import charge
from ._figures import Find
from ._measure import IdentityMode
from ._reserving import Reserving
from ._settle import settle
from ._statement import Statement
from ._tally import Tally

__all__ = ["Live", "live"]

_FORMAT = 2


def live(
    terms: Terms,
    tally: Tally | None = None,
    *,
    ledger: Ledger | None = None,
    costs: Tally | None = None,
    guards: State | None = None,
    figures: Find | None = None,
    identity: IdentityMode = "checked",
) -> Live:
    """
    Open a bill to which records are added one at a time.

    Args:
        terms: what `resolve` made, for the whole period.
        tally: what was measured already; it stays as it is. None for nothing.
        ledger: the customer's credits, where the terms were resolved without; it stays as it is.
        costs: the same for the plan's costs, as `Live.costs` gave it; needed with a tally where the plan has costs.
        guards: the state of the plan's guards, as `Live.guards` gave it; None for a new one, for which all that the
            tally has passed is known and not told again.
        figures: figures that guards read and a bill does not have, such as a forecast or what the customer spends
            elsewhere: a function from a `guards.Gauge` to a value, or None.
        identity: `checked`, or `trusted` to keep no identities.

    Raises:
        MismatchError: `tally.customer` or `tally.terms`, when the tally is of others; `live.costs`.

    >>> from ratecard import Item, Meter, Period, Plan, UsageRecord, guards, meters, prices, resolve
    >>> plan = Plan.single("api", currency="USD",
    ...     meters=[Meter(key="tokens", event="completion", aggregate=meters.Sum(of="tokens"))],
    ...     items=[Item(key="tokens", meter="tokens", price=prices.PerUnit(unit_price="2", per=1_000_000))],
    ...     guards=[guards.Cap(spend="10")])
    >>> bill = live(resolve(plan, plan.subscribe("acme", start="2025-01-01"), Period.month(2025, 1)))
    >>> call = UsageRecord("completion", "2025-01-10T12:00:00Z", {"tokens": 3_000_000}, id="c1")
    >>> bill.quote(call), bill.admit(call).allowed, bill.record(call), bill.statement().due
    (Money('6.00', 'USD'), True, (), Money('6.00', 'USD'))
    """
    return Live(terms, tally, ledger=ledger, costs=costs, guards=guards, figures=figures, identity=identity)


class Live(Reserving):
    """
    A bill that grows with its records. Made by `live`; it changes, and is of one customer in one period.

    Attributes:
        terms: what is billed.
        watch: the plan's guards.
        version: how often it has changed; for compare and swap.
    """

    @property
    def version(self) -> int:
        """How often it has changed; for compare and swap."""
        swift = self._ready
        return self._version if swift is None else self._version + swift.changes

    @property
    def tally(self) -> Tally:
        """What has been measured so far, as a value."""
        self._home()
        return self._bill.intake.tally()

    @property
    def costs(self) -> Tally | None:
        """The same for the plan's costs; None where it has none."""
        return None if self._bill.costs is None else self._bill.costs.tally()

    @property
    def guards(self) -> State:
        """The state of the guards."""
        self._home()
        return self._state

    def statement(self) -> Statement:
        """The statement of the whole period given the records so far: just what `rate` gives for them."""
        return settle(charge(self.terms, self.tally, ledger=self._bill.scene.ledger))

    def quote(self, record: Any, *, gross: bool = False) -> Money:
        """
        What a record would add to the subtotal, with rounding off; a copy of one that was counted adds 0.

        Floors and ceilings are in it: below a minimum it is 0. What never ends (a third) is told in 24 decimals.

        Args:
            record: a `UsageRecord`, or its plain form.
            gross: item amounts alone, before anything across items.

        Raises:
            RecordError: a record that `measure` would refuse or leave out: nothing is priced at 0 in silence.
            NoPriceError: some usage has no price.
        """
        swift = self._ready
        if swift is not None and record.__class__ is UsageRecord:
            lane = swift.alone.get(record.event)
            if lane is not None:
                quantity, name = record.properties.get(lane.of), record.id
                if (
                    quantity.__class__ is int
                    and 0 < quantity <= lane.upper - swift.totals[lane.index]
                    and name is not None
                    and record.source is None
                    and name not in swift.names
                    and name not in swift.older
                    and swift.start <= record.at < swift.end
                    and (record.customer is None or record.customer == swift.customer)
                ):
                    # `Money.make`, without a call.
                    money = _new(Money)
                    money.amount = _multiply(lane.rate, quantity)
                    money.currency = self._currency
                    return money
        amount = self.quote_exact(record, gross=gross)
        whole = amount if isinstance(amount, Decimal) else quantize(amount, PLACES)
        return Money.make(whole, self._currency)

    def quote_exact(self, record: Any, *, gross: bool = False) -> Exact:
        """The same as an exact number."""
        if record.__class__ is UsageRecord:
            swift = self._ready or self._prepared()
            if swift is not None:
                amount = swift.quote(record)
                if amount is not None:
                    return amount
        self._home()
        found = self._bill.intake.read(record)
        places = self._bill.places(found)
        if places is None:
            return ZERO
        before = self._bill.figures()
        after = self._bill.after(before, found, places)
        what = "gross" if gross else "subtotal"
        return sub(after.exact(what), before.exact(what))

    def admit(self, record: Any, *, at: datetime | str | None = None, cut: str | None = None) -> Verdict:
        """
        Ask whether a record may run, and take it from every rate limit and window if it may.

        The caps of the period read the statement that would be printed after it and after all that is reserved. A copy
        of a record that was counted is allowed, and takes nothing.

        Args:
            record: what would be recorded.
            at: when it asks; the record's own time by default.
            cut: the property that a clamp may lower; by default the one that its meters add up.

        Raises:
            RecordError, NoPriceError: as `quote`; but a cap on credits refuses what they would not pay for.
            MismatchError: `live.cut`; `reading.missing`, for a figure that neither the bill nor `figures` has.
        """
        if at is None and record.__class__ is UsageRecord:
            swift = self._ready or self._prepared()
            # Which property is cut is looked at the long way.
            if (
                swift is not None
                and (cut is None or not swift.clamps)
                and not self._holds.reserved
                and (verdict := swift.admit(record)) is not None
            ):
                return verdict
        self._home()
        before = self._state
        answer, let = self._ask(self._bill.intake.read(record), at, cut)
        # What is remembered is a change, also where no limit took anything.
        if let is not None and self._holds.admit(let.record, let.admitted) and self._state is before:
            self._version += 1
        return answer

    def record(self, record: Any, *, at: datetime | str | None = None) -> Signals:
        """
        Count a record that ran, admitted or not, and tell what it set off.

        A record ends as in `measure`; one that is not counted stands in the account of the statement.

        Args:
            record: what ran.
            at: when it is told; the record's own time by default.

        Raises:
            NoPriceError: it has no price; nothing has changed then, as whenever this raises.
            RecordError: `record.dimension`, when a guard counts by a dimension that it does not tell as text.
            MismatchError: `guard.groups`, `reading.missing`.
        """
        swift = self._ready
        if swift is not None and record.__class__ is UsageRecord:
            lane = swift.alone.get(record.event)
            if lane is not None:
                quantity = record.properties.get(lane.of)
                if quantity.__class__ is int:
                    name, index = record.id, lane.index
                    total = swift.totals[index] + quantity
                    if (
                        quantity > 0
                        and total <= lane.tells_to
                        and name is not None
                        and record.source is None
                        and swift.start <= record.at < swift.end
                        and (record.customer is None or record.customer == swift.customer)
                        and name not in swift.names
                        and name not in swift.older
                        and (not swift.asks or swift.asked.get(name) is record)
                    ):
                        if swift.asks:
                            del swift.asked[name]
                        if swift.lent:
                            # A verdict may still tell what is left of these.
                            swift.totals = swift.totals[:]
                            swift.lent = False
                        swift.totals[index] = total
                        swift.names[name] = record
                        return ()
        if record.__class__ is UsageRecord:
            swift = swift or self._prepared()
            if swift is not None and swift.calm and swift.record(record):
                return ()
        self._home()
        try:
            found = self._bill.intake.read(record)
        except RecordError as error:
            self._bill.end("refused", error)
            self._changed()
            return ()
        signals = self._count(found, at, self._holds.asked(found))
        self._holds.forget(found)
        return signals

    def left(self, at: datetime | str, *, group: Mapping[str, str] | None = None) -> dict[str, Exact]:
        """
        For each limit, by its name, what is left of it; reservations are taken off.

        Args:
            at: when.
            group: the dimensions asked for; guards that have groups are left out without them.

        Raises:
            MismatchError: `reading.missing`, for a figure that neither the bill nor `figures` has.
        """
        self._home()
        return self.watch.left(self._state, at, self._base().reading(), group=group)

    def dump(self) -> dict[str, Any]:
        """All that it holds as plain data, ready for JSON."""
        return {
            "live": _FORMAT,
            "version": self.version,
            "tally": self.tally.dump(),
            "costs": None if self.costs is None else self.costs.dump(),
            "guards": self.watch.dump(self._state),
            **self._holds.dump(),
        }

    @classmethod
    def load(
        cls, told: Mapping[str, Any], terms: Terms, *, ledger: Ledger | None = None, figures: Find | None = None
    ) -> Live:
        """
        Read back what `dump` wrote.

        Args:
            told: the plain data.
            terms: the same terms; the guards of their plan may be others, see `Watch.load`.
            ledger, figures: as of `live`.

        Raises:
            MismatchError: `live.state`; `tally.terms` or `live.costs`, for other terms; `guard.state`.
        """
        # The first form held what is reserved by its id alone.
        if not isinstance(told, Mapping) or told.get("live") not in (1, _FORMAT) or told["live"] is True:
            raise MismatchError("this is no live bill that can be read; load what dump wrote", code="live.state")
        try:
            return cls._read(told, terms, ledger, figures)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, RatecardError):
                raise
            raise MismatchError(
                "a part of this live bill is missing or has another type; load what dump wrote", code="live.state"
            ) from None

    @classmethod
    def _read(cls, told: Mapping[str, Any], terms: Terms, ledger: Ledger | None, figures: Find | None) -> Live:
        tally = Tally.load(told["tally"], {terms.customer: terms.meters})
        cost_terms, costs = cost_terms_of(terms), None
        if told["costs"] is not None:
            if cost_terms is None:
                raise MismatchError(
                    "this live bill was measured for a plan with costs, and these terms have none; load it with the "
                    "terms that it was dumped with",
                    code="live.costs",
                )
            costs = Tally.load(told["costs"], {terms.customer: cost_terms.meters})
        identity: IdentityMode = "trusted" if tally.account.trusted else "checked"
        guards = Watch(terms.plan.guards, currency=str(terms.currency)).load(told["guards"])
        found = cls(terms, tally, ledger=ledger, costs=costs, guards=guards, figures=figures, identity=identity)
        found._holds.load(told)
        for hold, (record, _) in found._holds.reserved.items():
            found._bill.hold(hold, record)
        version = told["version"]
        if type(version) is not int or version < 0:
            raise ValueError
        found._version = version
        return found

    def __repr__(self) -> str:
        return f"<Live bill of {self.terms.customer!r} for {self.terms.period!r}, version {self.version}>"


_new = Money.__new__
_multiply = CONTEXT.multiply
