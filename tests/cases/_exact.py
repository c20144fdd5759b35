"""
Cases of arithmetic: rounding, multiples, splitting, conversion, shares of rates.
"""

from __future__ import annotations

from decimal import Decimal

from ratecard._numbers import Exact, add, div, exact, mul, number, quantize, split, sub, text, to_multiple, total
from ratecard.meters import Convert
from ratecard.periods import Period, instant
from tests.cases._data import Plain, values

ZERO_HOUR = instant("2025-01-01T00:00:00Z")


def rounded(given: Plain) -> Plain:
    """A value rounded to decimals by a rule."""
    return {"value": text(quantize(exact(given["value"]), given["places"], given["mode"]))}


def multiple(given: Plain) -> Plain:
    """A value rounded to a multiple of a step."""
    return {"value": text(to_multiple(exact(given["value"]), number(given["step"]), given["mode"]))}


def convert(given: Plain) -> Plain:
    """A metered quantity in the unit that is sold."""
    return {"quantity": text(Convert.model_validate(given["convert"]).apply(exact(given["quantity"])))}


def shares(given: Plain) -> Plain:
    """An amount shared by weights; `net` is what each weight keeps when the shares are taken off."""
    weights = values(given["weights"])
    parts = split(number(given["amount"]), weights, number(given["step"]))
    net = [text(sub(weight, part)) for weight, part in zip(weights, parts, strict=True)]
    return {"shares": [text(part) for part in parts], "net": net}


def slices(given: Plain) -> Plain:
    """Slices of a session in seconds, each lasting a multiple of its step; earlier ones take from later ones."""
    taken: list[Period] = []
    for told in given["slices"]:
        for free in _seconds(told["from"], told["to"]).gaps(taken):
            length = free.seconds
            if "step" in told:
                length = to_multiple(length, number(told["step"]), "up")
            start = exact(text(_since(free)))
            taken.append(_seconds(text(start), text(add(start, length))))
    return {"slices": [{"from": text(_since(one)), "to": text(add(_since(one), one.seconds))} for one in taken]}


def _seconds(start: str, end: str) -> Period:
    return Period(_clock(start), _clock(end))


def _clock(seconds: str) -> str:
    return f"2025-01-01T00:{int(seconds) // 60:02d}:{int(seconds) % 60:02d}Z"


def _since(one: Period) -> Decimal:
    return Period(ZERO_HOUR, one.start).seconds


def taxes(given: Plain) -> Plain:
    """Several rates on items less their discounts: each rate once on its whole base, rounded once."""
    bases: dict[str, Exact] = {}
    for item in given["items"]:
        for rate in item["rates"]:
            net = sub(exact(item["amount"]), exact(item["less"]))
            bases[rate] = add(bases.get(rate, Decimal(0)), net)
    exact_taxes = {rate: mul(base, exact(rate)) for rate, base in bases.items()}
    found = {rate: quantize(tax, given["places"]) for rate, tax in exact_taxes.items()}
    whole = total(sub(exact(item["amount"]), exact(item["less"])) for item in given["items"])
    return {
        "taxes": [{"rate": rate, "amount": text(tax)} for rate, tax in found.items()],
        "total": text(total(found.values())),
        "less": text(quantize(total(exact(item["less"]) for item in given["items"]), given["places"])),
        "share": text(quantize(div(total(exact_taxes.values()), whole), given["share_places"])),
    }


def exchange(given: Plain) -> Plain:
    """Money into credits at a rate (money is rounded first), or credits taken out of a balance, and their money."""
    rate, places = exact(given["rate"]), given["places"]
    if "amount" in given:
        amount = quantize(exact(given["amount"]), places)
        return {"amount": text(amount), "credits": text(div(amount, rate))}
    credits = exact(given["credits"])
    left = sub(exact(given["of"]), credits)
    return {
        "amount": text(quantize(mul(credits, rate), places)),
        "credits": text(credits),
        "left": text(left),
        "left_amount": text(quantize(mul(left, rate), places)),
    }
