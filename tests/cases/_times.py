"""
Cases of time: the boundaries of cadences, and the periods between them.
"""

from __future__ import annotations

from ratecard.cadence import Cadence
from ratecard.periods import Period
from tests.cases._data import Plain, at, cadence, period, shown


def containing(given: Plain) -> Plain:
    """The period that an instant is in, or with `back` the one so many before it."""
    rhythm = cadence(given["cadence"])
    found = rhythm.period(rhythm.index(at(given["at"])) - given.get("back", 0))
    return {"start": shown(found.start), "end": shown(found.end)}


def boundary(given: Plain) -> Plain:
    """A boundary by its number, 0 being the anchor."""
    return {"at": shown(cadence(given["cadence"]).boundary(given["number"]))}


def following(given: Plain) -> Plain:
    """The first boundary after an instant, and the last one of a rhythm beside at or before it."""
    found = {"at": shown(cadence(given["cadence"]).next(at(given["at"])))}
    if "beside" in given:
        found["beside"] = shown(cadence(given["beside"]).last(at(given["at"])))
    return found


def starts(given: Plain) -> Plain:
    """The starts of the whole periods that have time in common with a stretch."""
    found = cadence(given["cadence"]).periods(period(given["between"]))
    return {"starts": [shown(one.start) for one in found]}


def pieces(given: Plain) -> Plain:
    """The periods of a stretch, cut to it."""
    found = _pieces(cadence(given["cadence"]), period(given["between"]))
    return {"pieces": [[shown(one.start), shown(one.end)] for one in found]}


def _pieces(rhythm: Cadence, between: Period) -> list[Period]:
    cut = (one.overlap(between) for one in rhythm.periods(between))
    return [one for one in cut if one is not None]


def elapsed(given: Plain) -> Plain:
    """For each instant: how many periods have begun since the start, and how many are over."""
    rhythm, start = cadence(given["cadence"]), at(given["start"])
    begun: list[int] = []
    over: list[int] = []
    for each in (at(one) for one in given["at"]):
        held = _pieces(rhythm, Period(start, each))
        over.append(sum(rhythm.last(one.end) == one.end for one in held))
        begun.append(rhythm.index(each) - rhythm.index(start) + 1)
    return {"begun": begun, "over": over}


def due(given: Plain) -> Plain:
    """For a service in arrears: the ends of its pieces that are due at an instant, and the first boundary after it."""
    rhythm, now = cadence(given["cadence"]), at(given["at"])
    start, end = given["between"]
    horizon = rhythm.next(now)
    until = horizon if end is None else min(at(end), horizon)
    ends = [one.end for one in _pieces(rhythm, Period(at(start), until))]
    return {"due": [shown(one) for one in ends if one <= now], "next": shown(horizon)}


def days(given: Plain) -> Plain:
    """The local days of a stretch."""
    start, end = given["period"]
    return {"days": Period(start, end, zone=given["zone"]).days}
