"""Small builders of the tests of plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ratecard import meters, prices
from ratecard._problems import problems
from ratecard.meters import Meter
from ratecard.plans import Item, RateCard

FEE = prices.Flat(amount="20")
RATE = prices.PerUnit(unit_price="2")
BASE = Item(key="base", price=FEE)
CALLS = Meter(key="calls", event="call", aggregate=meters.Count())


def faults(make: Callable[[], object]) -> list[tuple[str, str]]:
    """Path and code of everything that is wrong with what is made."""
    with pytest.raises(ValueError) as caught:
        make()
    return [(each.path, each.code) for each in problems(caught.value)]


def card(**fields: Any) -> RateCard:
    """A card in US dollars with one fee."""
    return RateCard(**{"currency": "USD", "items": [BASE], **fields})


def at(told: str) -> datetime:
    """An instant from its ISO text."""
    return datetime.fromisoformat(told)
