"""
The wallet: a customer's ledger while one statement works with it.

A draw has an id made of the statement, the line and the instant from which it pays, so it is the same however often the
statement is made. What the ledger holds of a statement already is brought to what is right now: nothing is drawn twice,
what was drawn too much comes back to its lots, the last drawn first, and what is more is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from .._numbers import CONTEXT, ZERO
from ..credits import Entry, Leave, Ledger, Lot, Overage, Use, entry_id
from ..errors import LedgerError, MismatchError
from ..money import Currency, Money
from ..periods import Period
from ..plans import Terms
from ..prices import Credit
from ..records import show_time

__all__ = ["Held", "Wallet", "opened", "priced_in_credits", "statement_key", "working"]

_LONGEST = 400


class Held:
    """
    What credits pay of one part of a line. Immutable by contract.

    Attributes:
        parts: the lots and how much of each, in the order in which they burnt.
        overdrawn: what is owed for it.
        uncovered: what nobody paid.
        refused: whether the ledger refused to pay at all.
        amount: all of it.
    """

    __slots__ = ("amount", "overdrawn", "parts", "refused", "uncovered")

    def __init__(
        self,
        parts: Sequence[tuple[str, Decimal]] = (),
        overdrawn: Decimal = ZERO,
        uncovered: Decimal = ZERO,
        *,
        refused: bool = False,
    ) -> None:
        self.parts = tuple(parts)
        self.overdrawn = overdrawn
        self.uncovered = uncovered
        self.amount = CONTEXT.add(overdrawn, uncovered)
        for _, part in self.parts:
            self.amount = CONTEXT.add(self.amount, part)
        self.refused = refused


class Wallet:
    """
    A ledger being worked on for one statement.

    Args:
        ledger: what there is; it stays as it is.
        key: what names the statement.
        home: the currency of the statement.
        booked: when what comes back to lots comes back.
        until: the end of the last service that is paid.
        since: the version of the ledger before the statement.
    """

    def __init__(
        self, ledger: Ledger, key: str, home: Currency, *, booked: datetime, until: datetime, since: int | None = None
    ) -> None:
        self.home = home
        self.work = ledger.open()
        self.key = key
        self.booked = booked
        self.until = until
        self.since = ledger.version if since is None else since
        self.policy = ledger.policy
        self.settles = ledger.policy.lot_time == "settlement"
        self._bounds: dict[str, list[datetime]] = {}

    def again(self) -> Wallet:
        """A working copy of this one."""
        return Wallet(self.ledger(), self.key, self.home, booked=self.booked, until=self.until, since=self.since)

    def has(self, unit: Currency) -> bool:
        """Whether there is any lot of a unit."""
        return bool(self._of(unit))

    def lot(self, lot_id: str) -> Lot:
        """A lot by its id."""
        return self.work.lot(lot_id).lot

    def _of(self, unit: Currency) -> list[datetime]:
        """The instants at which lots of a unit begin or end to pay."""
        found = self._bounds.get(unit)
        if found is None:
            # A lot that rolled over told its later ends when it was granted.
            lots = (holding.lot for holding in self.work.lots() if holding.lot.unit == unit)
            found = self._bounds[str(unit)] = sorted({at for lot in lots for at in lot.bounds(self.until)})
        return found

    def marks(self, unit: Currency, start: datetime, end: datetime) -> list[datetime]:
        """
        The instants inside a stretch at which lots of a unit begin or end to pay, whatever they pay for.

        All lines are cut at the same instants: what one leaves the next may take, so time decides before their order.
        """
        return [] if self.settles else [at for at in self._of(unit) if start < at < end]

    def roll(self, at: datetime, unit: Currency) -> None:
        """Let what expired by an instant roll over, as far as it does."""
        self.work.roll(at, unit=unit)

    def lower(self, line: str, start: datetime, at: datetime, money: Money) -> None:
        """
        Give back what the statement drew too much for a part of a line, the last draw first.

        All parts are lowered before any is drawn for, so that what one gives back another may take.

        Args:
            line: the key of the line.
            start: when the line starts, at which its first part does not show in the id.
            at: from when the part is.
            money: what it comes to now.
        """
        base = self._base(line, money.currency, start, at)
        names = self._names(base)
        if names:
            more = CONTEXT.subtract(self._standing(names).amount, money.amount)
            if more > ZERO:
                self._return(base, names, Money.make(more, money.currency))

    def draw(
        self, line: str, start: datetime, money: Money, *, at: datetime, use: Use, settled: datetime,
        overage: Overage | None = None,
    ) -> Held:  # fmt: skip
        """
        Let credits pay for a part of a line, as far as the statement did not draw for it already.

        Args:
            line: the key of the line.
            start: when the line starts.
            money: how much.
            at: from when the part is.
            use: what for.
            settled: when the line is due.
            overage: what becomes of what no lot covers; None is the ledger's policy.
        """
        base = self._base(line, money.currency, start, at)
        names = self._names(base)
        there = self._standing(names)
        lacking = CONTEXT.subtract(money.amount, CONTEXT.subtract(there.amount, there.uncovered))
        idle = self._idle(money.currency, use, settled if self.settles else at, overage)
        if not lacking or (idle and there.amount == money.amount):
            return there
        if idle and not names:
            return Held(uncovered=lacking)
        if there.uncovered:
            # What nobody paid before is asked for once more.
            self._return(base, names, Money.make(there.uncovered, money.currency))
            names = self._names(base)
        name = f"{base}/{len(names)}" if names else base
        made = self.work.draw(
            Money.make(lacking, money.currency), at=at, id=name, use=use, settled=settled, overage=overage
        )
        if made.refused:
            return Held(uncovered=lacking, refused=True)
        return self._standing([*names, name])

    def _idle(self, unit: Currency, use: Use, at: datetime, overage: Overage | None) -> bool:
        """Whether a draw would do nothing: no lot pays for it, and what no lot covers is left."""
        rest = self.policy.overage if overage is None else overage
        return isinstance(rest, Leave) and not any(each.lot.alive(at) for each in self.work.live(unit, use))

    def undo(self, line: str, period: Period, unit: Currency) -> None:
        """Take back all that was drawn for a line that is no longer there."""
        for at in (period.start, *(at for at in self._of(unit) if at != period.start)):
            self.lower(line, period.start, at, Money.make(ZERO, unit))

    def _base(self, line: str, unit: Currency, start: datetime, at: datetime) -> str:
        # One line may be paid in units first, and in money for the rest.
        named = line if unit == self.home else f"{line}|{unit}"
        found = entry_id(self.key, named, "" if at == start else show_time(at))
        if len(found) <= _LONGEST:
            return found
        # An id has a longest length, and the values of a group may have any.
        import hashlib  # noqa: PLC0415  (it loads OpenSSL, which most need not wait for)

        return f"{found[: _LONGEST - 65]}~{hashlib.sha256(found.encode()).hexdigest()}"

    def _names(self, base: str) -> list[str]:
        """The ids that stand for a part of a line already: the first draw, and what corrected it since."""
        found: list[str] = []
        name = base
        while self.work.entry(name) is not None:
            found.append(name)
            name = f"{base}/{len(found)}"
        return found

    def _return(self, base: str, names: Sequence[str], money: Money) -> None:
        """Give back so much of some draws, the last one first."""
        rest, count = money.amount, len(names)
        for name in reversed(names):
            found = self.work.standing(name)
            some = ZERO if found is None else min(rest, found.entry.amount)
            if some:
                self.work.undraw(name, Money.make(some, money.currency), at=self.booked, id=f"{base}/{count}")
                rest, count = CONTEXT.subtract(rest, some), count + 1

    def _standing(self, names: Sequence[str]) -> Held:
        """What all draws for a part of a line come to as they stand."""
        parts: dict[str, Decimal] = {}
        overdrawn = uncovered = ZERO
        for name in names:
            found = self.work.standing(name)
            if found is None:
                continue
            for lot, amount in found.parts:
                parts[lot] = CONTEXT.add(parts.get(lot, ZERO), amount)
            overdrawn = CONTEXT.add(overdrawn, found.overdrawn.amount)
            uncovered = CONTEXT.add(uncovered, found.uncovered.amount)
        return Held(tuple(parts.items()), overdrawn, uncovered)

    def ledger(self) -> Ledger:
        """The ledger as it is now."""
        return self.work.ledger()

    def entries(self) -> tuple[Entry, ...]:
        """What was posted for the statement."""
        return tuple(self.work.entries(self.since))


def statement_key(terms: Terms) -> str:
    """What names the statement of some terms: customer, plan and period."""
    period = terms.period
    parts = [terms.customer, terms.plan.key, show_time(period.start), show_time(period.end)]
    # Escaped, so that no two lists of parts give one key.
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


def priced_in_credits(terms: Terms) -> Iterator[Currency]:
    """The units in which services of these terms are priced."""
    for service in terms.services:
        for piece in service.pieces:
            if isinstance(piece.price, Credit):
                yield terms.plan.currency_of(piece.price.unit)


def working(terms: Terms, ledger: Ledger, booked: datetime | None) -> Wallet:
    """A working copy of a ledger for the statement of some terms."""
    until = max([terms.period.end, *(piece.end for service in terms.services for piece in service.pieces)])
    return Wallet(
        ledger, statement_key(terms), terms.currency, booked=terms.period.end if booked is None else booked, until=until
    )


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
    wallet = working(terms, ledger, booked)
    for at, grant, unit in terms.grants:
        if not _granted(wallet, grant.id):
            wallet.work.grant(grant, at=at, currency=unit, zone=terms.zone)
    return wallet


def _granted(wallet: Wallet, lot_id: str) -> bool:
    """Whether a lot is there already: the host may have granted it, and what is granted stays as it is."""
    try:
        wallet.work.lot(lot_id)
    except LedgerError:
        return False
    return True
