"""
Against genai-prices (pydantic's price library for language models), at equal totals: its prices, our arithmetic.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from genai_prices import Usage, calc_price

from ratecard import Item, Meter, Plan, charge, measure, meters, prices, resolve_all, settle
from ratecard._numbers import CONTEXT
from ratecard.records import Layout

from . import data
from .timing import Measured, faster

# Dollars for a million tokens in and out, as genai-prices 0.2.3 has them for OpenAI.
MODELS = {
    "gpt-4o": ("2.5", "10"),
    "gpt-4o-mini": ("0.15", "0.6"),
    "gpt-4.1": ("2", "8"),
    "gpt-4.1-nano": ("0.1", "0.4"),
}


def plan() -> Plan:
    """The same prices as a plan: two meters by model."""
    sides = ("input", "output")
    return Plan.single(
        "models",
        currency="USD",
        meters=[Meter(key=side, event="completion", aggregate=meters.Sum(of=side)) for side in sides],
        items=[
            Item(
                key=side,
                meter=side,
                each=["model"],
                price=prices.Matrix(
                    dimensions=["model"],
                    cells=[
                        prices.Cell(values=[model], price=prices.PerUnit(unit_price=pair[place], per=1_000_000))
                        for model, pair in MODELS.items()
                    ],
                ),
            )
            for place, side in enumerate(sides)
        ],
    )


COLUMNS = ("customer", "event", "at", "model", "input", "output")
Rows = list[tuple[Any, ...]]


def events(count: int) -> Rows:
    """Requests of a hundred customers, in the shape of real traces: many tokens in, few out."""
    chance = random.Random(data.SEED)
    start, step = datetime(2025, 1, 1, tzinfo=UTC), timedelta(days=31) / (count + 1)
    names = list(MODELS)
    return [
        (
            f"customer-{chance.randrange(100):04d}",
            "completion",
            start + step * index,
            names[chance.randrange(len(names))],
            chance.randrange(1, 4000),
            chance.randrange(1, 400),
        )
        for index in range(count)
    ]


def theirs(rows: Rows) -> Decimal:
    """The total of their price of each event."""
    total = Decimal(0)
    for _, _, _, model, entering, leaving in rows:
        usage = Usage(input_tokens=entering, output_tokens=leaving)
        total += calc_price(usage, model_ref=model, provider_id="openai").total_price
    return total


def by_event() -> Callable[[Rows], Decimal]:
    """Our price of each event, from the curves of the plan's prices."""
    card = plan().cards[0]
    amounts = {
        (cell.values[0], item.key): cell.price.curve().amount
        for item in card.items
        if isinstance(item.price, prices.Matrix)
        for cell in item.price.cells
    }
    sides = {model: (amounts[model, "input"], amounts[model, "output"]) for model in MODELS}
    add = CONTEXT.add

    def run(rows: Rows) -> Decimal:
        total = Decimal(0)
        for _, _, _, model, came, went in rows:
            entering, leaving = sides[model]
            price = add(entering(Decimal(came)), leaving(Decimal(went)))  # type: ignore[arg-type]
            total = add(total, price)
        return total

    return run


def in_batch() -> Callable[[Rows], Decimal]:
    """The whole walk over a hundred customers: measure, charge, settle; the exact amounts of all lines."""
    priced = plan()
    everyone = [priced.subscribe(f"customer-{index:04d}", start="2025-01-01") for index in range(100)]
    book = resolve_all(priced, everyone, data.JANUARY)
    layout = Layout(customer="customer", columns=COLUMNS)

    def run(rows: Rows) -> Decimal:
        tally = measure(book, rows, layout=layout)
        total = Decimal(0)
        for terms in book.terms.values():
            for line in settle(charge(terms, tally)).lines:
                total = CONTEXT.add(total, line.exact)  # type: ignore[arg-type]
        return total

    return run


def run(count: int, rounds: int, more: int) -> list[Measured]:
    """Both figures; ours runs over `more` times as many events, and is scaled."""
    few, many = events(count), events(count * more)
    event, batch = by_event(), in_batch()
    assert theirs(few) == event(few) == batch(few)
    return [
        faster("an event, against genai-prices", lambda: theirs(few), lambda: event(many), rounds, goal=50, scale=more),
        faster("in batch, the whole walk", lambda: theirs(few), lambda: batch(many), rounds, goal=150, scale=more),
    ]
