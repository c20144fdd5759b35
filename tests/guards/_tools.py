"""Small builders of the tests of guards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pydantic import ValidationError

from ratecard._problems import problems
from ratecard.guards import Guard, Portion, Reading, Signal

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


def later(seconds: str | int) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(microseconds=int(Decimal(seconds) * 1_000_000))


def faults(kind: type[Guard], **given: object) -> list[tuple[str, str]]:
    """The paths and codes of what is wrong with a guard; empty when it is sound."""
    try:
        kind.model_validate(given)
    except ValidationError as error:
        return [(each.path, each.code) for each in problems(error)]
    return []


def told(signals: tuple[Signal, ...]) -> list[str]:
    """What signals say, in short."""
    return [str(each.to_json()["signal"]) + " " + each.key for each in signals]


def spent(amount: Decimal | int | str) -> Reading:
    """A bill of so much."""
    return Reading(subtotal=amount)


def tokens(amount: Decimal | int | str) -> Reading:
    """So many tokens."""
    return Reading(quantities={"tokens": amount})


def per_token(price: str, before: str = "0", **more: object) -> Portion:
    """A request whose bill and whose own take is its tokens at a price."""
    rate, spent_before = Decimal(price), Decimal(before)

    def read(part: Decimal) -> tuple[Reading, Reading]:
        takes = {"quantities": {"tokens": part}}
        return (
            Reading(subtotal=spent_before + part * rate, quantities={"tokens": part}),
            Reading(subtotal=part * rate, **takes),  # type: ignore[arg-type]
        )

    return Portion(str(more.pop("quantity", "100")), read, **more)  # type: ignore[arg-type]
