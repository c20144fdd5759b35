"""
Outcomes of one item: what became of each, in which billing period it counts, and what is owed of it now.

One formula makes all amounts. F(p, x) is what the billing period p comes to by all that happened before the instant x:
the outcomes that became billable in p and stand at x, each at the card of its own time, by the price's total. A
statement over [S, E) books F(p, E) - F(p, S) for every p. So a reversal before p closes un-counts the outcome; a later
one credits T(n) - T(n - 1) of p's own total and card, whatever the tiers of the period it is booked in; and statements
that follow each other add up, because the differences do.

Cards change inside p: F is the sum over cards of T(count to the card's end) - T(count to its start), as counters do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from .._numbers import ONE, ZERO, Exact, add, neg, sign, sub, total
from ..errors import MismatchError
from ..meters import Given, Happening, Judged, Outcomes
from ..plans import Piece, Service, Terms
from ..prices import Outcome
from ..records import read_time, show_time
from ..steps import Step
from ._bookings import Back, Bookings
from ._evidence import Evidence, Left, Proof
from ._outcome_carry import Came, not_carried, read_carried
from ._outcome_facts import NOTHING, Edition, Facts, Held, Part, Removed, Undone, booked, ordered, parts
from ._reading import Reading

__all__ = ["Due", "OutcomeItem", "is_outcomes"]


class Due(NamedTuple):
    """
    What a statement books of one billing period under one edition, or of a closed one as a whole.

    Attributes:
        span: the start of the billing period as text.
        edition: the edition; of a closed period the last one.
        quantity, amount: booked now.
        step: how the amount comes about.
        evidence: what proves it; None for an estimate.
        closed: whether the period was billed by earlier statements.
    """

    span: str
    edition: Edition
    quantity: Exact
    amount: Exact
    step: Callable[[], Step]
    evidence: Evidence | None
    closed: bool


class OutcomeItem:
    """
    The outcomes of one item, as one statement sees them.

    Args:
        terms: what is charged.
        key, meter: the item, and what it counts.
        services: its services in the period; none where it is no longer sold.
        reading: its meter in the tally; None where the plan has it no longer.
        carried: what came in of it from the period before.
    """

    def __init__(
        self,
        terms: Terms,
        key: str,
        meter: str,
        services: Sequence[Service],
        reading: Reading | None,
        carried: Any,
    ) -> None:
        self.terms = terms
        self.key = key
        self.services = services
        self._starts = [show_time(service.full.start) for service in services]
        self.since, self.until = terms.period.start, terms.period.end
        self.meter = meter
        self.name = key
        self.rules: Outcomes
        self.editions: dict[str, Edition] = {}
        self.spans: dict[str, datetime] = {}
        self.current: dict[str, None] = {}
        self.base: dict[str, Facts] = {}
        self.expected: list[tuple[datetime, Exact]] = []
        self.happenings: list[Happening] = []
        self.edition_of: dict[Happening, str] = {}
        self.placed: dict[Happening, str] = {}
        self.bookings = Bookings({})
        # The lines of this statement: of which billing period, and under which edition.
        self.lines: dict[str, tuple[str, str]] = {}
        self.unserved: list[Happening] = []
        self.fresh: list[Happening] = []
        if carried is not None:
            self._begin(read_carried(key, carried))
        known = {"", *self.spans}
        for service in services:
            self._read_service(service)
        if reading is not None:
            self._read_tally(reading, carried is not None)
        self.judgement = self.rules.judged(self.happenings)
        if carried is not None and any(
            each.billed(self.since) and self.placed.get(each.record, "") not in known for each in self.judgement.results
        ):
            raise not_carried(key)
        self._known: dict[datetime, dict[str, Facts]] = {}
        self._worth: dict[str, dict[Decimal, Exact]] = {}
        self._first = min((each.at for each in self.happenings), default=None)

    def _begin(self, came: Came) -> None:
        """Start from what was carried in."""
        self.name, self.rules = came.name, came.rules
        self.editions, self.spans, self.base = came.editions, came.spans, came.base
        self.happenings, self.edition_of, self.placed = came.happenings, came.edition_of, came.placed
        self.bookings = came.bookings

    def _read_service(self, service: Service) -> None:
        meter = service.meter
        assert meter is not None and isinstance(meter.aggregate, Outcomes)
        self.rules = meter.aggregate
        self.name = service.pieces[-1].item.label
        start = show_time(service.full.start)
        self.spans[start] = service.full.end
        self.current[start] = None
        for piece in service.pieces:
            assert isinstance(piece.price, Outcome)
            key = _edition_key(piece)
            if key not in self.editions:
                self.editions[key] = Edition(key, piece.version, piece.start, piece.trial, piece.price)

    def _read_tally(self, reading: Reading, carried: bool) -> None:
        assert isinstance(reading.meter.aggregate, Outcomes)
        self.rules = reading.meter.aggregate
        for index, cells in enumerate(reading.segments):
            # A tally that was measured for more than these terms holds more as well.
            if reading.edges[index] < reading.window or reading.edges[index + 1] > self.until:
                continue
            for group in sorted(cells):
                state = reading.states.main(cells[group])
                if isinstance(state, Given):
                    self.expected.append((reading.edges[index], state.value))
                else:
                    self.fresh += state
        self._check_known(carried)
        for each in sorted(self.fresh):
            if each.role == 0:
                edition = self._edition_at(each.at)
                if edition is None:
                    self.unserved.append(each)
                    continue
                self.edition_of[each] = edition
            self.happenings.append(each)

    def _check_known(self, carried: bool) -> None:
        """Outcomes that may be open since before the period come with the carry; nothing is left out in silence."""
        first = min([self.since, *(service.counted for service in self.services)])
        open_ended = self.rules.waits or self.rules.reverse
        if carried or self.terms.carry is not None or self.terms.started >= first or not open_ended or self.expected:
            return
        raise MismatchError(
            f"outcomes of {self.key!r} from before {first.isoformat()} may be undecided or be reversed now, and "
            "nothing tells of them; pass carry=statement.carry of the period before, or an empty Carry for none",
            code="carry.missing",
        )

    def _edition_at(self, at: datetime) -> str | None:
        """The edition in force at an instant; the first one also for what its counter holds from before the period."""
        for service in self.services:
            for piece in service.pieces:
                if piece.start <= at < piece.end:
                    return _edition_key(piece)
            early = service.counted <= at < service.pieces[0].start
            if early and not any(gap.contains(at) for gap in service.gaps):
                return _edition_key(service.pieces[0])
        return None

    def _span_at(self, at: datetime) -> str:
        """The billing period that an instant belongs to: the item's own, else the last one, else the statement's."""
        for service, start in zip(self.services, self._starts, strict=True):
            if service.counted <= at < service.pieces[-1].end:
                return start
        holding = [each for each in self.services if each.full.start <= at < each.full.end] or list(self.services)
        if holding:
            return show_time(holding[-1].full.start)
        start = show_time(self.since)
        self.spans.setdefault(start, self.until)
        self.current[start] = None
        return start

    def _place(self, record: Happening, at: datetime) -> str:
        """The billing period in which something was decided, once and for all."""
        found = self.placed.get(record)
        if found is None:
            found = self.placed[record] = self._span_at(at)
        return found

    def facts(self, at: datetime) -> dict[str, Facts]:
        """What is known of every billing period by what happened before an instant."""
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = self._facts(at)
        return known

    def _facts(self, at: datetime) -> dict[str, Facts]:
        found: dict[str, Facts] = {}
        for span, base in self.base.items():
            facts = found[span] = Facts(base.failed)
            for key, held in base.held.items():
                facts.held[key] = Held(held.count, held.kept, held.worth)
        if self._first is None or self._first >= at:
            # Nothing had happened yet, as before the first statement: no need to look at every result.
            self._expect(found, at)
            return found
        standing: dict[tuple[str, str], list[Judged]] = {}
        good: set[tuple[str, str]] = set()
        bad: dict[tuple[str, str], None] = {}
        for judged in self.judgement.results:
            decided = self._decided(judged, at)
            if decided is None:
                continue
            mark = (decided, judged.record.subject)
            if judged.standing(at):
                standing.setdefault((decided, self.edition_of[judged.record]), []).append(judged)
                good.add(mark)
            else:
                bad[mark] = None
        for (span, edition), some in standing.items():
            found.setdefault(span, Facts()).under(edition).take(some, self._worths(edition, some))
        for each in self.judgement.failures:
            if each.at < at:
                bad[self._place(each, each.at), each.subject] = None
        for mark in bad:
            if mark not in good:
                facts = found.setdefault(mark[0], Facts())
                facts.failed += 1
                facts.lost.append(mark[1])
        self._expect(found, at)
        return found

    def _worths(self, edition: str, some: Sequence[Judged]) -> list[Exact]:
        """What outcomes cost by their value, worked out once for each value; nothing where it does not go by that."""
        price = self.editions[edition].price
        if price.rate is None:
            return []
        known = self._worth.setdefault(edition, {})
        for each in some:
            if each.record.value not in known:
                known[each.record.value] = price.worth(each.record.value)
        return [known[each.record.value] for each in some]

    def _decided(self, judged: Judged, at: datetime) -> str | None:
        """The billing period in which a result became billable, or was undone before; None while it is open."""
        if judged.billed(at):
            assert judged.due is not None
            return self._place(judged.record, judged.due)
        if judged.undone(at):
            assert judged.gone is not None
            return self._place(judged.record, judged.gone.at)
        return None

    def _expect(self, found: dict[str, Facts], at: datetime) -> None:
        for start, count in self.expected:
            if start >= at:
                continue
            edition = self._edition_at(start)
            if edition is None:
                raise MismatchError(
                    f"nothing sells {self.key!r} at {start.isoformat()}, so what is expected then would count for "
                    "nothing; leave it out",
                    code="expected.unpriced",
                )
            held = found.setdefault(self._span_at(start), Facts()).under(edition)
            held.count, held.kept = add(held.count, count), add(held.kept, count)

    def ordered(self, keys: Iterable[str]) -> list[Edition]:
        """Editions in the order in which they came into force."""
        return ordered(self.editions[key] for key in keys)

    def dues(self) -> list[Due]:
        """What this statement books: of the periods that run, then of closed ones what was reversed."""
        until, before = self.facts(self.until), self.facts(self.since)
        found: list[Due] = []
        closed: list[Due] = []
        for span in dict.fromkeys([*self.current, *sorted({*until, *before})]):
            now, then = (parts(each.get(span, Facts()), self.editions) for each in (until, before))
            if span in self.current:
                found += self._running(span, now, then)
            else:
                closed += self._reversed(span, now, then)
        return found + closed

    def amount(self, due: Due, at: datetime) -> Exact:
        """What a due comes to by what became billable, or was taken off, before an instant."""
        return sub(self._at(due, max(at, self.since)), self._at(due, self.since))

    def _at(self, due: Due, at: datetime) -> Exact:
        """What the billing period of a due comes to, under its edition or as a whole, by what happened till then."""
        some = parts(self.facts(at).get(due.span, Facts()), self.editions)
        return total(part.amount for key, part in some.items() if due.closed or key == due.edition.key)

    def removed(self, due: Due) -> list[Removed]:
        """The outcomes that a due takes off: those that stood before the statement and do not at its end."""
        found: list[Removed] = []
        for each in self.judgement.results:
            if not each.standing(self.since) or each.standing(self.until) or self.placed[each.record] != due.span:
                continue
            edition = self.editions[self.edition_of[each.record]]
            if due.closed or edition.key == due.edition.key:
                assert each.due is not None and each.gone is not None
                worth = ONE if edition.price.rate is None else edition.price.worth(each.record.value)
                found.append(Removed(each.due, each.gone.at, ZERO if edition.trial else worth))
        return found

    def left(self, due: Due) -> tuple[Decimal, Exact]:
        """What is left of what was billed, as lines were rounded, and what of a due stands at the end, exact."""
        edition = None if due.closed else due.edition.key
        return self.bookings.left(due.span, edition), self._at(due, self.until)

    def reverse(self, due: Due, amount: Decimal) -> Back:
        """Take an amount off what is left of what was billed."""
        currency, edition = self.terms.currency, None if due.closed else due.edition.key
        return self.bookings.reverse(
            due.span, edition, amount, self.removed(due), step=currency.step, places=currency.places
        )

    def undone(self, due: Due, back: Back | None) -> Undone:
        """What a due takes off, and what of it was paid, where that is remembered."""
        found = self.removed(due)
        if back is not None:
            found = [each._replace(weight=owed) for each, owed in zip(found, back.owed, strict=True)]
        return Undone(
            self.key, self.meter, read_time(due.span), self.spans[due.span], self.until, tuple(found),
            self._at(due, self.since), neg(due.amount), None if back is None else (back.net, back.tax),
        )  # fmt: skip

    def nothing(self) -> Due:
        """A line of 0, for an item that books nothing and has something to tell."""
        edition = self.ordered(self.editions)[-1]
        evidence = Evidence.of(edition.price.definition, ())
        return Due(show_time(self.since), edition, ZERO, ZERO, NOTHING.step, evidence, closed=False)

    def _running(self, span: str, now: Mapping[str, Part], then: Mapping[str, Part]) -> list[Due]:
        own = {
            _edition_key(piece): None
            for service in self.services
            if show_time(service.full.start) == span
            for piece in service.pieces
        }
        found: list[Due] = []
        for edition in self.ordered({*own, *now, *then}):
            until, before = now.get(edition.key, NOTHING), then.get(edition.key, NOTHING)
            quantity, amount = sub(until.quantity, before.quantity), sub(until.amount, before.amount)
            proofs = self._proofs(span, edition.key)
            if edition.key in own or proofs or sign(amount) or sign(quantity):
                evidence = None if self.expected else Evidence.of(edition.price.definition, proofs)
                step = booked(amount, until, before)
                found.append(Due(span, edition, quantity, amount, step, evidence, closed=False))
        return found

    def _reversed(self, span: str, now: Mapping[str, Part], then: Mapping[str, Part]) -> list[Due]:
        quantity = sub(total(each.quantity for each in now.values()), total(each.quantity for each in then.values()))
        if not sign(quantity):
            return []
        sums = [total(each.amount for each in some.values()) for some in (now, then)]
        amount = sub(*sums)

        def step() -> Step:
            sides = [
                Step("sum", (), whole, parts=[each.step() for each in some.values()], note=note)
                for some, whole, note in zip((now, then), sums, ("what stands", "as it was billed"), strict=True)
            ]
            return Step("difference", (), amount, parts=sides, note=f"outcomes billed from {span} on, reversed now")

        edition = self.ordered({*now, *then})[-1]
        evidence = Evidence.of(edition.price.definition, self._proofs(span, None))
        return [Due(span, edition, quantity, amount, step, evidence, closed=True)]

    def _proofs(self, span: str, edition: str | None) -> list[Proof]:
        """The outcomes that are billed now, and those that are taken off."""
        found: list[Proof] = []
        for each in self.judgement.results:
            record = each.record
            stood, stands = each.standing(self.since), each.standing(self.until)
            if stood == stands or self.placed[record] != span or edition not in (None, self.edition_of[record]):
                continue
            by = "" if each.by is None else each.by.id
            undone = "" if stands or each.gone is None else each.gone.id
            found.append(Proof(record.subject, record.source, record.id, show_time(record.at), by, undone, stands))
        return found

    def uncounted(self) -> list[Left]:
        """The records of this statement that did not count, and all that are not decided yet."""
        held = [(each.record, "pending") for each in self.judgement.results if each.pending(self.until)]
        held += [
            (each.record, "reversed")
            for each in self.judgement.results
            if each.undone(self.until) and not each.undone(self.since) and not each.billed(self.since)
        ]
        held += [(each, why) for each, why in self.judgement.idle if each.at >= self.since]
        held += [(each, "failed") for each in self.judgement.failures if each.at >= self.since]
        held += [(each, "unserved") for each in self.unserved]
        return [Left(each.subject, each.source, each.id, show_time(each.at), why) for each, why in held]

    def pending(self) -> list[Happening]:
        """Results that came in with this measuring and are not decided at its end."""
        fresh = set(self.fresh)
        return [each.record for each in self.judgement.results if each.record in fresh and each.pending(self.until)]


def is_outcomes(service: Service) -> bool:
    """Whether a service counts outcomes."""
    return service.meter is not None and isinstance(service.meter.aggregate, Outcomes)


def _edition_key(piece: Piece) -> str:
    return f"{piece.version}#{piece.trial}" if piece.trial else piece.version
