"""
The one runner of the cases: every row, by its kind, gives just what it expects.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from ratecard._problems import problems
from ratecard.errors import RatecardError
from tests.cases import _credits, _exact, _fees, _guards, _meters, _outcomes, _prices, _terms, _times, _walk
from tests.cases._data import Plain, rows

KINDS: dict[str, Callable[[Plain], Plain]] = {
    "price": _prices.amount,
    "prices": _prices.amounts,
    "increments": _prices.increments,
    "snapshots": _prices.snapshots,
    "crossing": _prices.crossing,
    "free": _prices.free,
    "rate": _walk.statement,
    "chain": _walk.chain,
    "aggregate": _meters.metered,
    "round": _exact.rounded,
    "multiple": _exact.multiple,
    "convert": _exact.convert,
    "split": _exact.shares,
    "slices": _exact.slices,
    "taxes": _exact.taxes,
    "exchange": _exact.exchange,
    "fees": _fees.fees,
    "invoices": _terms.invoices,
    "adjusted": _terms.adjusted,
    "entitled": _terms.entitlement,
    "share": _terms.part,
    "containing": _times.containing,
    "boundary": _times.boundary,
    "next": _times.following,
    "starts": _times.starts,
    "pieces": _times.pieces,
    "elapsed": _times.elapsed,
    "due": _times.due,
    "days": _times.days,
    "alerts": _guards.alerts,
    "level": _guards.level,
    "over": _guards.over,
    "requests": _guards.requests,
    "ledger": _credits.ledger,
    "top_up": _credits.top_up,
    "judged": _outcomes.judged,
    "filled": _outcomes.filled,
}


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in rows()])
def test_case(row: Plain) -> None:
    """A row's kind makes of what is given exactly what is expected, or refuses it with the expected code."""
    try:
        found = KINDS[row["kind"]](row["given"])
    except ValidationError as error:
        found = {"error": problems(error)[0].code}
    except RatecardError as error:
        found = {"error": error.code}
    assert {name: found.get(name) for name in row["expect"]} == row["expect"], found
