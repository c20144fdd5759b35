"""
Cases of credits: a ledger that is granted, drawn on and aged, and rules that propose a purchase.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from ratecard._numbers import text
from ratecard.credits import AnyGrant, Draw, Grant, Ledger, Policy, Recurring, TopUp, Use
from ratecard.money import Currency, Money
from tests.cases._data import Plain, at, period

_GRANTS: TypeAdapter[Any] = TypeAdapter(AnyGrant)


def counted_in(told: Any) -> Currency:
    """A currency by its code, or a unit of one's own with its decimals."""
    return Currency.of(told) if isinstance(told, str) else Currency.custom(told[0], places=told[1])


def _policy(told: Any) -> Policy:
    return Policy.preset(told) if isinstance(told, str) else Policy.model_validate(told)


def granted(ledger: Ledger, told: Plain, unit: Currency, since: str) -> Ledger:
    """A grant, several alike, or those of a recurring one in a period."""
    fields = {"kind": "grant", **told}
    when, count = fields.pop("at", since), int(fields.pop("count", 1))
    during = fields.pop("during", None)
    if "currency" not in fields:
        fields["currency"] = unit
    found = _GRANTS.validate_python({"id": "many", **fields} if count > 1 else fields)
    if isinstance(found, Recurring):
        for each in found.grants(period(during), anchor=period(during).start):
            ledger = ledger.grant(each, at=at(when))
        return ledger
    assert isinstance(found, Grant)
    grants = [found] if count == 1 else [found.model_copy(update={"id": f"{n:06}"}) for n in range(count)]
    for each in grants:
        ledger = ledger.grant(each, at=at(when))
    return ledger


def _use(act: Plain) -> Use:
    return Use(act.get("item"), meter=act.get("meter"))


def _acted(ledger: Ledger, act: Plain, unit: Currency, id: str, since: str) -> tuple[Ledger, Draw | None, list[Any]]:
    """One act: the ledger after it, what was drawn, and what is due."""
    when = at(act.get("at", since))
    if "draw" in act:
        ledger, draw = ledger.draw(Money(act["draw"], counted_in(act.get("unit", unit))), at=when, id=id, use=_use(act))
        return ledger, draw, []
    if "expire" in act:
        return ledger.expire(at(act["expire"])), None, []
    if "void" in act:
        return ledger.void(act["void"], Money(act["amount"], unit), at=when, id=id), None, []
    if "refund" in act:
        ledger, back = ledger.refund(act["refund"], at=when, id=id)
        return ledger, None, [text(each.amount) for each in back.due]
    return granted(ledger, act["grant"], unit, act.get("at", since)), None, []


def ledger(given: Plain) -> Plain:
    """What became of every lot, what each draw came to, and the balances on the way."""
    unit, since = counted_in(given.get("unit", "USD")), given.get("since", "2025-01-01")
    found = Ledger(_policy(given.get("policy", {})))
    for told in given["grants"]:
        found = granted(found, told, unit, since)
    order = [each.lot.id for each in found.live(unit)]
    draws: list[Draw] = []
    due: list[Any] = []
    balances = []
    for number, act in enumerate(given.get("acts", []), 1):
        found, draw, more = _acted(found, act, unit, str(number), since)
        draws += [] if draw is None else [draw]
        due += more
        balances.append(text(found.balance(unit, at(act.get("expire", act.get("at", since)))).amount))
    told = {
        "order": order,
        "applied": [[[lot, text(amount)] for lot, amount in each.parts] for each in draws],
        "covered": [text(each.covered.amount) for each in draws],
        "uncovered": [text(each.uncovered.amount) for each in draws],
        "overdrawn": [text(each.overdrawn.amount) for each in draws],
        "balances": balances,
        "due": due,
        **_lots(found),
        **_revenue(found, given.get("currency", "USD")),
    }
    return {**told, "balance": balances[-1]} if balances else told


def _lots(found: Ledger) -> Plain:
    """By lot what is in each column, without the lots that have nothing there."""
    names = ("left", "spent", "expired", "rolled_out")
    told = {
        name: {each.lot.id: text(getattr(each, name)) for each in found.lots() if getattr(each, name)} for name in names
    }
    rolled = {each.lot.id: text(each.lot.amount) for each in found.lots() if each.lot.rolled}
    return {**told, "rolled": rolled}


def _revenue(found: Ledger, currency: str) -> Plain:
    total = found.revenue(period(["2000-01-01", "2100-01-01"])).total(currency)
    return {name: text(getattr(total, name)) for name in ("sold", "earned", "breakage", "deferred")}


def top_up(given: Plain) -> Plain:
    """What a rule proposes at each balance; with `charges` what is proposed is granted at once."""
    rule = TopUp.model_validate(given["rule"])
    unit = counted_in(given.get("unit", "USD"))
    if "bought" in given:
        return {"bonus": text(rule.bonus(Money(given["bought"], unit).amount))}
    if "charges" not in given:
        found = rule.propose(Money(given["balance"], unit), at=at("2025-01-01"))
        return {"amount": None if found is None else text(found.amount.amount)}
    book = Ledger().grant(Grant(id="first", amount=given["balance"], currency=unit), at=at("2025-01-01"))
    balances, amounts, made = [], [], []
    for number, charge in enumerate(given["charges"]):
        book, _ = book.draw(Money(charge, unit), at=at("2025-01-01"), id=str(number))
        found = rule.propose(book.balance(unit, at("2025-01-01")), at=at("2025-01-01"), made=made)
        amounts.append("0" if found is None else text(found.amount.amount))
        for grant in () if found is None else rule.grants(found):
            book, made = book.grant(grant, at=at("2025-01-01")), [*made, at("2025-01-01")]
        balances.append(text(book.balance(unit, at("2025-01-01")).amount))
    return {"balances": balances, "amounts": amounts}
