"""
The rows of the cases, and small readers of what stands in them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from ratecard._model import read_day
from ratecard._numbers import Exact, exact
from ratecard.cadence import Cadence
from ratecard.periods import Period, moment
from ratecard.prices import AnyPrice, Price

Plain: TypeAlias = dict[str, Any]

FAMILIES = (
    "price", "aggregation", "rounding", "period", "proration", "cap", "alert", "rate_limit", "credits", "discount",
    "tax", "commitment", "hybrid", "outcome",
)  # fmt: skip
HERE = Path(__file__).parent


def rows() -> list[Plain]:
    """Every row, in the order of the files."""
    return [
        json.loads(line)
        for family in FAMILIES
        for line in (HERE / f"{family}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def price(told: Plain) -> Any:
    """A price from its plain form."""
    found: Price = TypeAdapter(AnyPrice).validate_python(told)
    return found


def values(told: list[str]) -> list[Exact]:
    """Exact values from their texts."""
    return [exact(each) for each in told]


def at(told: str) -> datetime:
    """An instant; a bare date is its midnight in UTC."""
    return moment(read_day(told), "UTC")


def shown(instant: datetime) -> str:
    """An instant as the rows write it: a bare date for a midnight in UTC."""
    if instant.timetz() == time(tzinfo=UTC):
        return instant.date().isoformat()
    return instant.isoformat().replace("+00:00", "Z")


def period(told: list[str]) -> Period:
    """A period from its start and end."""
    start, end = told
    return Period(start, end)


def cadence(told: Plain) -> Cadence:
    """A cadence from its plain form."""
    return Cadence.model_validate(told)
