"""
The wallet: a customer's ledger while one statement works with it.

A draw has an id made of the statement, the line and the instant from which it pays, so it is the same however often the
statement is made. What the ledger holds of a statement already is brought to what is right now: `_corrections`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .._numbers import CONTEXT, ZERO, Exact, add
from ..credits import Drawn, Due, Entry, Leave, Ledger, Lot, OpenLedger, entry_id
from ..errors import LedgerError, MismatchError
from ..money import Currency
from ..plans import Terms
from ..records import show_time
from ._corrections import Corrections
from ._notice import Notice, differing, ended
from ._paid import Paid, more
from ._story import Own, Story, Virtual, read_returned
from ._unseen import unseen
from ._wants import UNITS, Held, Want, short

if TYPE_CHECKING:
    from ._unpaid import Unpaid

__all__ = ["Wallet", "opened", "statement_key"]


class Wallet:
    """
    A ledger being worked on for one statement.

    Args:
        ledger: what there is; it stays as it is.
        key: what names the statement.
        home: the currency of the statement.
        booked: when what comes back to lots comes back.
        end: the end of the statement's period.
        until: the end of the last service that is paid.
        since: the version of the ledger before the statement.
        unseen: lots that are not there for the statement.
    """

    def __init__(
        self, ledger: Ledger, key: str, home: Currency, *, booked: datetime, end: datetime, until: datetime,
        since: int | None = None, unseen: Sequence[Lot] = (),
    ) -> None:  # fmt: skip
        self.home = home
        self.work = ledger.open()
        self.key = short(key)
        self.booked = booked
        self.end = end
        self.until = until
        self.since = ledger.version if since is None else since
        self.policy = ledger.policy
        self.settles = ledger.policy.lot_time == "settlement"
        self.unseen = {lot.id: lot for lot in unseen}
        self._bounds: dict[str, list[datetime]] = {}
        self._story: Story | None = None
        # What credits pay of the statement, by unit and lot; with no lot what is owed.
        self.paid: Paid = {}
        # What of draws came back too much, or too little, for those who make later statements again.
        self.virtual: Virtual = {}
        # What lots paid of what they were asked to pay once more.
        self.redrawn: list[Held] = []
        # What units are to pay, of a card in the same unit, until it is known what they pay as money.
        self._waiting: list[tuple[Want, Held]] = []
        self.notices: list[Notice] = []
        # The billing period so far; None where credits do not pay in money.
        self.unpaid: Unpaid | None = None

    def again(self) -> Wallet:
        """A working copy of this one."""
        found = Wallet(
            self.ledger(), self.key, self.home, booked=self.booked, end=self.end, until=self.until, since=self.since,
            unseen=list(self.unseen.values()),
        )  # fmt: skip
        found.paid = dict(self.paid)
        found.virtual = dict(self.virtual)
        found._waiting = list(self._waiting)
        found.notices = list(self.notices)
        return found

    def has(self, unit: Currency) -> bool:
        """Whether there is any lot of a unit."""
        return bool(self._of(unit)) or any(lot.unit == unit for lot in self.unseen.values())

    def known(self, lot_id: str) -> Lot | None:
        """A lot that may be there."""
        try:
            return self.lot(lot_id)
        except LedgerError:
            return None

    def lot(self, lot_id: str) -> Lot:
        """A lot by its id."""
        return self.work.lot(lot_id).lot

    def _of(self, unit: Currency) -> list[datetime]:
        """The instants at which lots of a unit begin or end to pay."""
        found = self._bounds.get(unit)
        if found is None:
            # A lot that rolled over told its later ends when it was granted.
            lots = (each.lot for each in self.work.lots() if each.lot.unit == unit and each.lot.id not in self.unseen)
            found = self._bounds[str(unit)] = sorted({at for lot in lots for at in lot.bounds(self.until)})
        return found

    def marks(self, unit: Currency, start: datetime, end: datetime) -> list[datetime]:
        """
        The instants inside a stretch at which lots of a unit begin or end to pay, whatever they pay for.

        All lines are cut at the same instants: what one leaves the next may take, so time decides before their order.
        """
        return [] if self.settles else [at for at in self._of(unit) if start < at < end]

    def story(self, items: Sequence[str] = (), prefixes: Sequence[str] = ()) -> Story:
        """
        What the ledger tells of the statement, read when first asked for.

        With it come the draws of others for items, those of the billing period so far, and those whose ids begin so.
        """
        if self._story is None:
            mine = () if self.unpaid is None else self.unpaid.prefixes
            self._story = Story(self.work, self.key, self.end, self.virtual, items, (*mine, *prefixes))
        return self._story

    def pay(self, wants: Sequence[Want], *, home: bool, again: Sequence[tuple[Want, Held]] = ()) -> list[Held]:
        """
        Let credits pay, in the order of what is wanted.

        Where the statement drew before, all is worked out afresh as if it had not, and what each lot pays more or less
        in all is posted.

        Args:
            wants: all that the statement wants in its own currency, or all in other units.
            home: which of the two.
            again: what certain lots pay once more before all else, as far as it is in them.
        """
        found = self._pay(wants, home=home, again=again)
        for want, held in zip(wants, found, strict=True):
            for lot, amount in (*held.parts, ("", held.overdrawn)):
                more(self.paid, str(want.money.currency), lot, amount)
        unpaid = [want for want, held in zip(wants, found, strict=True) if held.uncovered]
        if unpaid and not self.settles:
            self.notices += ended(self.work.lots(), unpaid)
        return found

    def _pay(self, wants: Sequence[Want], *, home: bool, again: Sequence[tuple[Want, Held]]) -> list[Held]:
        every = list(self.story().own())
        own = [each for each in every if self._is_home(each.was) == home]
        # Where a menu is in the unit of the card, the two are corrected together: a lot may pay for the other one now.
        units = {*(each.money.currency for each in wants), *(each.was.unit for each in own)}
        together = (bool(self._waiting) if home else self.home in units) and len(own) < len(every)
        if together:
            own = every
        hidden = self._hidden()
        if not own and not again and not hidden:
            return [self._draw(self.work, want) for want in wants]
        drawn, gone = [each.was.id for each in own], self._gone(own)
        afresh = self.work.without(drawn, gone)
        if hidden:
            left = [(lot, min(amount, afresh.lot(lot).left)) for lot, amount in hidden.items()]
            # At once, since a copy of a copy knows no more what was paid back when.
            afresh = self.work.without(drawn, [*gone, *((lot, amount.copy_negate()) for lot, amount in left)])
        for want, held in self._waiting:
            self._as_it_was(afresh, want, held)
        first = [(want, self._once_more(afresh, str(n), want, held)) for n, (want, held) in enumerate(again)]
        self.redrawn = [held for _, held in first]
        now = [self._draw(afresh, want, "/afresh") for want in wants]
        found = list(zip(wants, now, strict=True))
        if together and not home:
            self._waiting = found
        elif not any(each.refused for each in now):
            Corrections(self, own).post([*self._waiting, *first, *found])
            self._waiting = []
        return now

    def close(self) -> None:
        """Post what has waited for money to be drawn, where none is."""
        if self._waiting:
            self._pay((), home=True, again=())

    def _is_home(self, drawn: Drawn) -> bool:
        """Whether one of its own draws was for what the statement came to, and not for what usage costs by a menu."""
        return drawn.unit == self.home and not drawn.id.startswith(entry_id(self.key, UNITS))

    def _hidden(self) -> dict[str, Decimal]:
        """How much of lots was not there yet when the statement was made first, whenever it is made."""
        return self.story().to_come() | {lot: self.work.lot(lot).left for lot in self.unseen}

    def _gone(self, own: Sequence[Own]) -> list[tuple[str, Decimal]]:
        """What others gave back of own draws and is not in its lot any more."""
        back: dict[str, Decimal] = {}
        for each in own:
            for lot, amount in each.missing():
                back[lot] = CONTEXT.add(back.get(lot, ZERO), amount)
        gone = ((lot, CONTEXT.subtract(amount, self.work.lot(lot).left)) for lot, amount in back.items() if lot)
        return [(lot, amount) for lot, amount in gone if amount > ZERO]

    def _as_it_was(self, afresh: OpenLedger, want: Want, held: Held) -> None:
        """Draw what units were found to pay."""
        afresh.roll(self.paying(want), unit=want.money.currency)
        if held.parts or held.overdrawn:
            name, parts = f"{want.base(self.key, self.home)}/afresh", held.parts
            over, rest = held.overdrawn, held.uncovered
            afresh.post([self.drawn(name, want, want.money.amount, parts, overdrawn=over, uncovered=rest)])

    def _once_more(self, afresh: OpenLedger, place: str, want: Want, held: Held) -> Held:
        """What lots that are chosen pay, each as far as it has that much."""
        parts = [(lot, min(part, afresh.lot(lot).left)) for lot, part in held.parts]
        parts = [(lot, part) for lot, part in parts if part]
        amount = held.uncovered
        for _, part in parts:
            amount = CONTEXT.add(amount, part)
        if parts:
            # Two draws of one stretch may have one name.
            name = f"{want.base(self.key, self.home)}/afresh {place}"
            afresh.post([self.drawn(name, want, amount, parts, uncovered=held.uncovered)])
        return Held(parts, ZERO, held.uncovered)

    def drawn(
        self, name: str, want: Want, amount: Decimal, parts: Sequence[tuple[str, Decimal]], *,
        overdrawn: Decimal = ZERO, uncovered: Decimal = ZERO,
    ) -> Drawn:  # fmt: skip
        """The entry by which certain lots pay for a part of a line."""
        return Drawn(
            name, want.at, lot_at=self.paying(want), unit=want.money.currency, amount=amount, use=want.use,
            parts=tuple(parts), overdrawn=overdrawn, uncovered=uncovered,
        )  # fmt: skip

    def free(self, base: str) -> str:
        """The first id for a part of a line that is not there yet."""
        name, count = base, 0
        while self.work.entry(name) is not None:
            count += 1
            name = f"{base}/{count}"
        return name

    def _draw(self, work: OpenLedger, want: Want, tail: str = "") -> Held:
        """Draw for one part, after what expired by then rolled over as far as it does."""
        money = want.money
        work.roll(self.paying(want), unit=money.currency)
        if not money.amount:
            return Held()
        if self._idle(work, want):
            return Held(uncovered=money.amount)
        name = f"{want.base(self.key, self.home)}{tail}"
        made = work.draw(money, at=want.at, id=name, use=want.use, settled=want.settled, overage=want.overage)
        if made.refused:
            return Held(uncovered=money.amount, refused=True)
        return Held(made.parts, made.overdrawn.amount, made.uncovered.amount)

    def _idle(self, work: OpenLedger, want: Want) -> bool:
        """Whether a draw would do nothing: no lot pays for it, and what no lot covers is left."""
        rest = self.policy.overage if want.overage is None else want.overage
        at = self.paying(want)
        return isinstance(rest, Leave) and not work.pays(want.money.currency, at, want.use)

    def roll(self, at: datetime) -> None:
        """Roll over what is over at an instant; where later statements have drawn, lots are theirs to roll."""
        if not self.unseen:
            self.work.roll(at, unit=self.home)

    def paying(self, want: Want) -> datetime:
        """The instant that must lie inside the time of a lot that pays."""
        return self.counting(want.at, want.settled)

    def counting(self, at: datetime, due: datetime) -> datetime:
        """Which of two instants counts for lots: that of service, or when it is due."""
        return due if self.settles else at

    def ledger(self) -> Ledger:
        """The ledger as it is now."""
        return self.work.ledger()

    def refunds(self) -> tuple[Due, ...]:
        """The money that the entries make due beside the statement, by currency."""
        found: dict[Currency, Exact] = {}
        for entry in self.entries():
            for due in self.work.due(entry):
                found[due.currency] = add(found.get(due.currency, ZERO), due.amount)
        return tuple(Due(amount, currency) for currency, amount in found.items())

    def entries(self) -> tuple[Entry, ...]:
        """What was posted for the statement."""
        return tuple(self.work.entries(self.since))


def statement_key(terms: Terms) -> str:
    """What names the statement of some terms: customer, plan and period."""
    period = terms.period
    parts = [terms.customer, terms.plan.key, show_time(period.start), show_time(period.end)]
    # Escaped, so that no two lists of parts give one key.
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


def opened(terms: Terms, ledger: Ledger | None, booked: datetime | None) -> Wallet:
    """
    The wallet of a statement, with the plan's grants of the period in it.

    Raises:
        MismatchError: `ledger.missing`, when credits of the plan came before the period and no ledger tells what is
            left of them.
    """
    ledger = terms.ledger if ledger is None else ledger
    if ledger is None:
        if terms.granted_before:
            raise MismatchError(
                f"credits of {terms.customer!r} were granted before {terms.period!r} and may still pay, and nothing "
                "tells what is left of them; pass ledger= with the entries of the statements before posted to it",
                code="ledger.missing",
            )
        ledger = Ledger(terms.plan.burn)
    until = max([terms.period.end, *(piece.end for service in terms.services for piece in service.pieces)])
    back = terms.period.end if booked is None else booked
    settles = ledger.policy.lot_time == "settlement"
    # By the time of service a lot that comes later pays nothing, but of what is paid beyond the period.
    later = settles or until > terms.period.end
    hidden = unseen(terms, (each.lot for each in ledger.lots())) if later else ()
    wallet = Wallet(
        ledger, statement_key(terms), terms.currency, booked=back, end=terms.period.end, until=until, unseen=hidden
    )
    wallet.virtual = {} if terms.carry is None else read_returned(terms.carry)
    for at, grant, unit in terms.grants:
        there = wallet.known(grant.id)
        # The host may have granted it, and what is granted stays as it is.
        if there is None:
            wallet.work.grant(grant, at=at, currency=unit, zone=terms.zone)
        else:
            wallet.notices += differing(there, Lot.of(grant, at, currency=unit, zone=terms.zone))
    return wallet
