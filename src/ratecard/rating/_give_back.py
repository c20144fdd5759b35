"""
What a statement gives back in credits: outcomes that credits paid for in an earlier billing period, and that it takes
off now.

What comes back of an outcome is what paid for its own time: the draw of the stretch in which it became billable, first
what nobody had paid of it, which is money, then its lots, the last one first. What is more than that is money as far as
money was paid for the item in that billing period, then comes from the item's other draws in it, the last first.
No more of all that is money than was due in the period, for whatever, and is not given back; what is left then comes
from the draws for other items in it.
Credits come back when the outcome was reversed, so the statement itself can draw on them; what is then left in a lot
that is over when the statement is booked is void, or money due where it was paid for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from .._numbers import CONTEXT, ZERO, Exact, div, mul, neg, sign, split, total
from ..credits import Drawn, Holding, Leave, Refunded, Returned, Voided
from ..credits import Entry as Posted
from ..money import Money
from ..records import show_time
from ..steps import Step
from ._line_key import Group, line_key
from ._outcome_facts import Undone
from ._paid import more
from ._settled import Room, span_of
from ._sheet import Entry, Sheet, given
from ._spread import dealt
from ._story import Earlier, Virtual
from ._unpaid import About, Unpaid, about_of
from ._wallet import Wallet
from ._wants import Held, Want, named

__all__ = ["GiveBack"]


class _Back(NamedTuple):
    """What comes back of one draw to one lot, for what entry of the sheet, and when."""

    earlier: Earlier
    lot: str
    amount: Decimal
    entry: Entry
    at: datetime


class GiveBack:
    """
    What one statement gives back in credits.

    Args:
        sheet: the statement; it gets a line for each lot that something comes back to.
        wallet: its credits.
        unpaid: the billing period so far.
        owed: what each entry comes to with its taxes.

    Attributes:
        elsewhere: what lots get back of the billing period so far that they had paid for another item.
    """

    def __init__(self, sheet: Sheet, wallet: Wallet, unpaid: Unpaid, owed: Sequence[tuple[Entry, Decimal]]) -> None:
        self.sheet = sheet
        self.wallet = wallet
        self.unpaid = unpaid
        self.elsewhere: list[tuple[str, About, Decimal]] = []
        items = dict.fromkeys(each.item for each in sheet.undone.values())
        spans = dict.fromkeys(span_of(each.start, each.end) for each in sheet.undone.values())
        prefixes = [each for span in spans for each in unpaid.settled.prefixes(span)]
        self.earlier = wallet.story(list(items), prefixes).earlier
        self.found: list[_Back] = []
        # What nobody had paid of each draw, and comes back as money; when something of it comes back.
        self.open: dict[str, Decimal] = {}
        self.at: dict[str, datetime] = {}
        # What came back to lots, by the ids of these and of what gave it back.
        self.fresh: dict[tuple[str, str], Decimal] = {}
        # What came back with this making, and what is to be paid once more, of each draw and lot.
        self.back: Virtual = {}
        self.asked: list[tuple[str, str]] = []
        # What is given back of each draw, by lot.
        self.parts: Virtual = {}
        self.cashed = self._paid_out()
        self._by_about: dict[About | None, list[Earlier]] = {}
        for entry, amount in owed:
            undone = sheet.undone.get(entry.key)
            if undone is not None and amount < ZERO:
                self._undo(entry, undone, amount.copy_negate())
        self.count = len(self.found)
        self._lines(self.found, ())

    def to_lots(self, entry: Entry, about: About | None, amount: Decimal) -> Sequence[tuple[Drawn, Decimal]]:
        """
        Give back what lots paid in the billing period so far, the last draw first.

        Args:
            entry: what gives it back.
            about: the item and the group that they paid for; None for all that they paid for.
            amount: how much at most.

        Returns:
            What comes back, and of which draws.
        """
        draws = self._in_period().get(about, ())
        count = len(self.found)
        for draw in draws:
            amount = self._from_lots(entry, draw, amount, self.sheet.terms.period.start)
        return [(each.earlier.entry, each.amount) for each in self.found[count:]]

    def _in_period(self) -> dict[About | None, list[Earlier]]:
        """The draws of the billing period so far, the last first: all of them, and by what they paid for."""
        if self._by_about:
            return self._by_about
        unpaid, terms = self.unpaid, self.sheet.terms
        found: dict[About | None, list[Earlier]] = {None: []}
        for each in sorted(self.earlier.values(), key=lambda each: (each.entry.at, each.place), reverse=True):
            entry = each.entry
            mine = (entry.unit, entry.use.customer) == (terms.currency, terms.customer)
            if mine and entry.id.startswith(unpaid.prefixes) and entry.at >= unpaid.since:
                found[None].append(each)
                found.setdefault(about_of(entry.use), []).append(each)
        self._by_about = found
        return found

    def _beside(self, undone: Undone) -> list[Earlier]:
        """The draws of the billing period of what is reversed, for whatever, the last first."""
        if undone.start >= self.unpaid.since:
            return self._in_period()[None]
        terms, prefixes = self.sheet.terms, self.unpaid.settled.prefixes(span_of(undone.start, undone.end))
        found = [
            each
            for each in self.earlier.values()
            if each.entry.id.startswith(prefixes)
            and (each.entry.unit, each.entry.use.customer) == (terms.currency, terms.customer)
            and _is_of(each, undone)
        ]
        return sorted(found, key=lambda each: (each.entry.at, each.place), reverse=True)

    def book(self, since: datetime) -> None:
        """All is found: a line for each lot that paid in the billing period since an instant, and the entries."""
        self._lines(self.found[self.count :], (("billed", show_time(since)),))
        self._post()

    def _paid_out(self) -> dict[tuple[str, str], Decimal]:
        """What this statement gave back before to lots that were over, and so in money: by draw and lot."""
        found: dict[tuple[str, str], Decimal] = {}
        if not any(draw.mine for draw in self.earlier.values()):
            return found
        draws: dict[str, str] = {}
        for entry in self.wallet.work.entries():
            if not isinstance(entry, (Returned, Refunded)) or not self.wallet.story().is_mine(entry.id):
                continue
            if isinstance(entry, Returned):
                draws[entry.id] = entry.draw_id
            draw = draws.get(entry.id.rpartition("/over")[0] if isinstance(entry, Refunded) else entry.id)
            if draw in self.earlier and self.wallet.work.due(entry):
                # What this statement gives back it gives back to one lot at a time.
                for lot, _, _, amount in entry.moves():
                    found[draw, lot] = CONTEXT.add(found.get((draw, lot), ZERO), amount)
        return found

    def _undo(self, entry: Entry, undone: Undone, amount: Decimal) -> None:
        """Find what paid for an amount that is taken off."""
        terms = self.sheet.terms
        draws = [
            each
            for each in self.earlier.values()
            if each.entry.unit == terms.currency
            and (each.entry.use.item, each.entry.use.customer) == (undone.item, terms.customer)
            and each.entry.use.meter in (None, undone.meter)
            and _is_of(each, undone)
        ]
        draws.sort(key=lambda each: (each.entry.at, each.place), reverse=True)
        money, room = self._money(undone, draws, amount), self.unpaid.room(undone)
        removed = [each for each in undone.removed if sign(each.weight)]
        parts = split(amount, [each.weight for each in removed], terms.currency.step) if removed else [amount]
        times = [each.at for each in removed] or [undone.until]
        owns = [[draw for draw in draws if self._covers(draw, each.billed)] for each in removed] or [[]]
        for at, own, part in zip(times, owns, parts, strict=True):
            rest = self._take(entry, own, part, at, room)
            paid = room.take(min(rest, money))
            money = CONTEXT.subtract(money, paid)
            rest = self._take(entry, draws, CONTEXT.subtract(rest, paid), at, room)
            rest = CONTEXT.subtract(rest, room.take(rest))
            if rest:
                self._take_beside(entry, undone, rest, at)

    def _take_beside(self, entry: Entry, undone: Undone, amount: Decimal, at: datetime) -> None:
        """Take from lots that paid for something else what is more than was paid for the item, in whatever."""
        count = len(self.found)
        for draw in self._beside(undone):
            amount = self._from_lots(entry, draw, amount, at)
        for each in self.found[count:] if undone.start >= self.unpaid.since else ():
            self.elsewhere.append((entry.key, about_of(each.earlier.entry.use), each.amount.copy_negate()))

    def _money(self, undone: Undone, draws: Sequence[Earlier], amount: Decimal) -> Decimal:
        """What was paid in money for the whole of it, where no lot was asked at all."""
        if undone.paid is None:
            # At the taxes of now.
            paid = self.sheet.rounded(div(mul(undone.billed, amount), undone.amount))
        else:
            net, tax = undone.paid
            paid = CONTEXT.add(net, tax) if "tax" in self.sheet.mirrored else net
        for draw in draws:
            for part in (draw.uncovered, *draw.parts.values()):
                paid = CONTEXT.subtract(paid, part)
        return max(paid, ZERO)

    def _covers(self, draw: Earlier, at: datetime) -> bool:
        """Whether an instant lies in the stretch of a draw: no lot that was there then begins or ends between."""
        start = draw.entry.at
        if at < start:
            return False
        ends = (end for held in self.wallet.work.lots() if held.number < draw.place for end in self._ends(held, at))
        return not any(start < end <= at for end in ends)

    def _ends(self, held: Holding, at: datetime) -> Iterable[datetime]:
        lot = held.lot
        return () if lot.unit != self.sheet.terms.currency or self.wallet.settles else lot.bounds(at)

    def _take(self, entry: Entry, draws: Sequence[Earlier], amount: Decimal, at: datetime, room: Room) -> Decimal:
        """Take an amount from draws, one after the other; what they do not have is left."""
        for draw in draws if amount else ():
            name = draw.entry.id
            self.at[name] = max(at, self.at.get(name, at))
            some = room.take(min(draw.uncovered, amount))
            draw.uncovered = CONTEXT.subtract(draw.uncovered, some)
            self.open[name] = CONTEXT.add(self.open.get(name, ZERO), some)
            amount = self._from_lots(entry, draw, CONTEXT.subtract(amount, some), at)
        return amount

    def _from_lots(self, entry: Entry, draw: Earlier, amount: Decimal, at: datetime) -> Decimal:
        """Take an amount from the lots of a draw, the last one first; what they did not pay is left."""
        for lot, part in reversed(draw.parts.items()):
            some = min(part, amount)
            if some:
                self.at[draw.entry.id] = max(at, self.at.get(draw.entry.id, at))
                draw.parts[lot] = CONTEXT.subtract(part, some)
                self.found.append(_Back(draw, lot, some, entry, at))
                amount = CONTEXT.subtract(amount, some)
        return amount

    def _key(self, lot: str, item: str | None) -> str:
        return line_key("credits", lot, self._group(item), self.sheet.terms.period.start)

    def _group(self, item: str | None) -> tuple[tuple[str, str], ...]:
        return (("returned", item or ""),)

    def _lines(self, found: Sequence[_Back], named_too: Group) -> None:
        """A line for each lot and item, which takes from what gives it back what comes back as credits."""
        terms = self.sheet.terms
        by_line: dict[tuple[str, str | None], list[_Back]] = {}
        for each in found:
            by_line.setdefault((each.lot, each.earlier.entry.use.item), []).append(each)
        shares = self._rounded(found)
        for (lot_id, item), some in by_line.items():
            lot = self.wallet.lot(lot_id)
            taken: dict[Entry, Decimal] = {}
            steps: list[Step] = []
            for each in some:
                taken[each.entry] = shares[each.entry.key][lot_id, item]
                more(self.wallet.paid, str(terms.currency), lot_id, each.amount.copy_negate())
                ended = lot.expiry is not None and lot.expiry <= each.at
                told = (", money due for what it cost" if lot.paid else ", void") if ended else ""
                steps.append(given(each.amount, f"{each.entry.key}{told}"))
            step = Step.of("sum", (), parts=steps, note=f"back to {lot_id}")
            self.sheet.line(
                "credits", lot_id, lot.key, step, over=taken.items(),
                group=(*self._group(item), *named_too), version=terms.plan.digest, period=terms.period, dealt=True,
            )  # fmt: skip
            for entry, amount in taken.items():
                entry.net = CONTEXT.add(entry.net, amount)

    def _rounded(self, some: Sequence[_Back]) -> dict[str, dict[tuple[str, str | None], Decimal]]:
        """What comes back by entry, and of it by lot and item, rounded together: a lot may be finer than money is."""
        found: dict[str, dict[tuple[str, str | None], Decimal]] = {}
        for each in some:
            mine, row = found.setdefault(each.entry.key, {}), (each.lot, each.earlier.entry.use.item)
            mine[row] = CONTEXT.add(mine.get(row, ZERO), each.amount)
        whole = self.sheet.rounded(total(amount for mine in found.values() for amount in mine.values()))
        return dict(zip(found, dealt(list(found.values()), whole, self.sheet.terms.currency.places), strict=True))

    def _post(self) -> None:
        """Post what comes back more than this statement gave back before."""
        for each in self.found:
            mine = self.parts.setdefault(each.earlier.entry.id, {})
            mine[each.lot] = CONTEXT.add(mine.get(each.lot, ZERO), each.amount)
        left = [name for name, draw in self.earlier.items() if draw.virtual and name not in self.at]
        for name in (*self.at, *left):
            draw, at = self.earlier[name], self.at.get(name, self.sheet.terms.period.start)
            stands = self._standing(name)
            wanted = self._wanted(draw, self.parts.get(name, {}))
            back = self.back[name] = {
                lot: min(CONTEXT.subtract(amount, draw.given(lot)), stands.get(lot, ZERO))
                for lot, amount in wanted.items()
                if amount > draw.given(lot)
            }
            spare = back.get("", ZERO)
            for lot, amount in back.items():
                if lot and amount:
                    self._return(draw, lot, amount, spare, at)
                    spare = ZERO
            if spare:
                self._return(draw, "", ZERO, spare, at)

    def _standing(self, name: str) -> dict[str, Decimal]:
        """What can still come back of a draw."""
        draw = self.wallet.work.standing(name)
        assert draw is not None
        return {**dict(draw.parts), "": draw.uncovered.amount}

    def _wanted(self, draw: Earlier, parts: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """What is to have come back of a draw by this statement: its own, and what others left to it."""
        found = {**parts, "": self.open.get(draw.entry.id, ZERO)}
        for lot, amount in draw.virtual.items():
            found[lot] = CONTEXT.add(found.get(lot, ZERO), amount)
        return found

    def _return(self, draw: Earlier, lot: str, amount: Decimal, spare: Decimal, at: datetime) -> None:
        entry = draw.entry
        name = self.wallet.free(named(self.wallet.key, self._key(lot, entry.use.item)))
        money = Money.make(CONTEXT.add(amount, spare), entry.unit)
        work = self.wallet.work
        left = work.lot(lot).left if lot else ZERO
        work.undraw(entry.id, money, at=at, id=name, parts=[(lot, amount)] if lot else ())
        if lot and work.lot(lot).left != left:
            self.fresh[lot, name] = amount

    def again(self) -> list[tuple[Want, Held]]:
        """What lots pay once more: this statement gave it back before, and does not now."""
        found: list[tuple[Want, Held]] = []
        for draw in self.earlier.values():
            entry = draw.entry
            wanted = self._wanted(draw, self.parts.get(entry.id, {}))
            spare = max(ZERO, CONTEXT.subtract(draw.open, wanted.pop("")))
            for lot in {**draw.mine, **wanted}:
                some = CONTEXT.subtract(draw.given(lot), wanted.get(lot, ZERO))
                some = CONTEXT.subtract(some, self._cash(entry.id, lot, some))
                if some > ZERO:
                    self.asked.append((entry.id, lot))
                    money = Money.make(CONTEXT.add(some, spare), entry.unit)
                    key = self._key(lot, entry.use.item)
                    start = self.sheet.terms.period.start
                    want = Want(key, start, money, entry.at, entry.use, entry.lot_at, Leave())
                    found.append((want, Held([(lot, some)], ZERO, spare)))
                    spare = ZERO
        return found

    def _cash(self, name: str, lot: str, some: Decimal) -> Decimal:
        """How much of what a draw gave back to a lot, and does not now, was paid out in money."""
        return max(ZERO, min(some, self.cashed.get((name, lot), ZERO)))

    def _tell(self) -> dict[tuple[str, str | None], list[Step]]:
        """
        Tell what of each draw came back too much, or too little, for those who make later statements again.

        Returns:
            What is to be paid once more in money, by lot and item: what others have used by now, and what was paid out.
        """
        short: dict[tuple[str, str | None], list[Step]] = {}
        again: Virtual = {}
        for (name, lot), held in zip(self.asked, self.wallet.redrawn, strict=True):
            mine = again.setdefault(name, {})
            for _, amount in held.parts:
                mine[lot] = CONTEXT.add(mine.get(lot, ZERO), amount)
            mine[""] = CONTEXT.add(mine.get("", ZERO), held.uncovered)
        for name, draw in self.earlier.items():
            wanted = self._wanted(draw, self.parts.get(name, {}))
            back, once_more = self.back.get(name, {}), again.get(name, {})
            left: dict[str, Decimal] = {}
            for lot in {**wanted, **draw.mine}:
                amount = CONTEXT.subtract(wanted.get(lot, ZERO), draw.given(lot))
                amount = CONTEXT.subtract(amount, back.get(lot, ZERO))
                amount = CONTEXT.add(amount, once_more.get(lot, ZERO))
                cash = self._cash(name, lot, amount.copy_negate())
                amount = CONTEXT.add(amount, cash)
                used = self._used(lot, amount.copy_negate()) if lot and amount < ZERO else ZERO
                amount = CONTEXT.add(amount, used)
                if cash or used:
                    # It stays given back, for money.
                    parts = short.setdefault((lot, draw.entry.use.item), [])
                    parts += [given(used, "used since")] if used else []
                    parts += [given(self._worth(lot, cash), "paid out since it was over")] if cash else []
                if amount:
                    left[lot] = amount
            self.wallet.virtual.pop(name, None)
            if left:
                self.wallet.virtual[name] = left
        return short

    def _used(self, lot: str, most: Decimal) -> Decimal:
        """How much of what came back to a lot others have used, or rolled over: what is lost with a lot nobody has."""
        holding = self.wallet.work.lot(lot)
        for lost in (holding.expired, holding.voided, holding.refunded):
            most = CONTEXT.subtract(most, lost)
        return max(ZERO, most)

    def _worth(self, lot_id: str, cash: Decimal) -> Exact:
        """What was paid out for credits; in another currency it is asked for as what they stand for."""
        lot = self.wallet.lot(lot_id)
        return lot.cost(cash) if lot.cost_currency == lot.unit else cash

    def _keep(self, short: Mapping[tuple[str, str | None], list[Step]]) -> None:
        """A line for what stays given back, though the reversal is not there any more: it is money to be paid."""
        terms = self.sheet.terms
        for (lot_id, item), parts in short.items():
            lot = self.wallet.lot(lot_id)
            step = Step.of("sum", (), parts=parts, note=f"given back to {lot_id}, and not there any more")
            made = self.sheet.line(
                "credits", lot_id, lot.key, step, group=(("kept", item or ""),), version=terms.plan.digest,
                period=terms.period,
            )  # fmt: skip
            more(self.wallet.paid, str(terms.currency), lot_id, neg(made.exact))

    def close(self) -> None:
        """Tell what is to be mended; what is left in lots that are over when it is booked is void, or money due."""
        self._keep(self._tell())
        work, booked = self.wallet.work, self.wallet.booked
        for (lot_id, name), amount in self.fresh.items():
            held = work.lot(lot_id)
            ended = held.lot.expiry is not None and held.lot.expiry <= booked
            some = min(amount, held.left)
            if ended and some and not held.closed and held.lot.rollover is None:
                kind: type[Voided | Refunded] = Refunded if held.lot.paid else Voided
                entry: Posted = kind(self.wallet.free(f"{name}/over"), booked, lot_id, some, False)
                work.post([entry])


def _is_of(draw: Earlier, undone: Undone) -> bool:
    """Whether a draw paid for a billing period: in it, or later where reversals made what is left of it dearer."""
    if "/[reversal]" in draw.entry.id:
        return f"[billed={show_time(undone.start)}]@" in draw.entry.id
    return undone.start <= draw.entry.at < undone.end
