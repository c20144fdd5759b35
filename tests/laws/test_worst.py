"""Laws of the worst-case bill: nothing that every limit let through is billed above it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ratecard import meters, prices
from ratecard._numbers import quantize
from ratecard.cadence import Cadence
from ratecard.errors import NoPriceError, RatecardError
from ratecard.guards import AnyGuard, Cap, Concurrency, FairUse, FixedWindow, SlidingWindow, TokenBucket
from ratecard.lab import worst_bill
from ratecard.periods import Period
from ratecard.plans import Item, Plan, Subscription, resolve
from ratecard.rating import Live, live, rate
from ratecard.records import UsageRecord
from tests.strategies import amounts, discounts, price_models

JANUARY = Period.month(2025, 1)
END = datetime(2025, 1, 31, 23, 59, 50, tzinfo=UTC)
SECONDS = 10
MODELS = price_models(2)
PRICES = [model for model in MODELS if model not in ("percent_of", "outcome", "credit")]

METERS = [
    meters.Meter(key="m", event="e", aggregate=meters.Sum(of="n")),
    meters.Meter(key="k", event="k", aggregate=meters.Count()),
]


TABLE = st.lists(st.tuples(st.integers(1, 12), amounts(0, 9), st.just(0) | amounts(0, 5)), min_size=1, max_size=3).map(
    lambda rows: [
        prices.Tier(
            up_to=sum(row[0] for row in rows[: index + 1]) if index + 1 < len(rows) else None,
            unit_price=row[1],
            flat_price=row[2],
        )
        for index, row in enumerate(rows)
    ]
)
PLAIN = st.one_of(
    TABLE.map(lambda tiers: prices.Volume(tiers=tiers)),
    TABLE.map(lambda tiers: prices.Graduated(tiers=tiers)),
    st.builds(
        prices.Package, package_size=st.integers(1, 9), package_price=amounts(0, 9),
        rounding=st.sampled_from(["up", "down"]),
    ),
    st.builds(
        lambda a, b: prices.Matrix(
            dimensions=["m"], default=prices.PerUnit(unit_price=a),
            cells=[prices.Cell(values=["1"], price=prices.PerUnit(unit_price=b))],
        ),
        amounts(0, 9), amounts(0, 9),
    ),
)  # fmt: skip
"""Prices of 0 or more, also such as fall."""


@st.composite
def limits(draw: st.DrawFn) -> list[AnyGuard]:
    """Limits of every kind on quantities, calls and money, with short windows."""
    some = st.integers(1, 30)
    counted = st.sampled_from(["m", "k", None])
    widths = st.sampled_from(["1", "2.5", "4", "20"])
    kinds: list[Callable[[], AnyGuard]] = [
        lambda: TokenBucket(
            capacity=draw(some), refill=draw(some), interval_seconds=draw(widths), meter=draw(counted),
            fill=draw(st.sampled_from(["continuous", "steps"])),
        ),
        lambda: FixedWindow(limit=draw(some), window_seconds=draw(widths), meter=draw(counted)),
        lambda: FixedWindow(limit=draw(some), per=Cadence.calendar("day"), meter="m"),
        lambda: SlidingWindow(limit=draw(amounts(1, 30)), window_seconds=draw(widths), meter="m"),
        lambda: SlidingWindow(limit=draw(some), window_seconds=draw(widths)),
        lambda: Concurrency(limit=draw(some), lease_seconds=1),
        lambda: FairUse(quantity=draw(some), meter="m", then=SlidingWindow(limit=3, window_seconds=3, meter="m")),
        lambda: Cap(quantity=draw(amounts(0, 60)), meter="m", mode=draw(st.sampled_from(["hard", "clamp"]))),
        lambda: Cap(quantity=draw(some), item="b", overflow=draw(st.sampled_from(["none", "none", "once"]))),
        lambda: Cap(quantity=draw(some), meter="m", window_seconds=draw(widths)),
        lambda: Cap(spend=draw(amounts(0, 200)), item="use"),
        lambda: Cap(spend=draw(amounts(0, 50)), item="b"),
        lambda: Cap(spend=draw(amounts(0, 300)), of=draw(st.sampled_from(["subtotal", "total", "due"]))),
        lambda: Cap(spend=draw(amounts(0, 100)), item="use", mode="soft"),
    ]  # fmt: skip
    # Most have what bounds both meters, so that most bills have a figure.
    found = [draw(st.sampled_from(kinds))() for _ in range(draw(st.integers(0, 4)))]
    if draw(st.integers(0, 3)):
        found += [SlidingWindow(limit=draw(some), window_seconds=3, meter="m"), FixedWindow(limit=4, window_seconds=3)]
    return [each.model_copy(update={"key": f"g{index}"}) for index, each in enumerate(found)]


@st.composite
def stages(draw: st.DrawFn) -> dict[str, Any]:
    """What works on an item or across the lines."""
    found: dict[str, Any] = {"rounding": draw(st.sampled_from(["half_up", "half_even", "up", "down"]))}
    if draw(st.booleans()):
        found["discounts"] = [draw(discounts()).model_copy(update={"key": "d"})]
    if draw(st.integers(0, 3)) == 0:
        found["minimum"] = {"amount": draw(amounts(0, 90))}
    if draw(st.integers(0, 3)) == 0:
        found["commitments"] = [{"kind": "postpaid", "key": "c", "amount": draw(amounts(0, 90)), "overage": "1.5"}]
    if draw(st.integers(0, 3)) == 0:
        found["taxes"] = [{"key": "t", "rate": "0.2"}]
    return found


@st.composite
def offers(draw: st.DrawFn) -> tuple[Plan, Subscription]:
    """A plan with limits, and a customer who is there for its last ten seconds of January."""
    price: Any = draw(PLAIN | PLAIN | MODELS[draw(st.sampled_from(PRICES))])
    pooled = isinstance(price, prices.Allowance) and price.scope == "pooled"
    more: dict[str, Any] = {}
    if draw(st.integers(0, 3)) == 0:
        more["maximum"] = {"amount": draw(amounts(0, 90))}
    if draw(st.integers(0, 3)) == 0:
        more["discounts"] = [{"kind": "percent", "rate": "0.25"}]
    items = [
        Item(key="a", price=prices.Flat(amount="40")),
        Item(key="b", meter="k", price=prices.PerUnit(unit_price="0.333")),
        Item(key="use", meter="m", price=price, each=["user"] if pooled else [], **more),
    ]
    if draw(st.booleans()):
        items.append(Item(key="same", meter="m", price=draw(PLAIN)))
    if draw(st.booleans()):
        items.append(Item(key="share", price=prices.PercentOf(items=["use", "b"], rate="0.15")))
    plan = Plan.single("p", currency="USD", meters=METERS, items=items, guards=draw(limits()), **draw(stages()))
    return plan, plan.subscribe("acme", start=END.isoformat())


def admitted(draw: st.DrawFn, bill: Live) -> list[UsageRecord]:
    """Records that were let through one by one, as large as limits let them now and then."""
    ran: list[UsageRecord] = []
    cells = any(piece.price.demand().axes for service in bill.terms.services for piece in service.pieces)
    now = 0
    for index in range(draw(st.integers(0, 12))):
        now = min(now + draw(st.sampled_from([0, 0, 1, 500_000, 1_000_000, 3_000_000])), SECONDS * 1_000_000 - 1)
        at = END + timedelta(microseconds=now)
        event = draw(st.sampled_from(["e", "e", "k"]))
        # Where usage falls to cells, what is taken back in one is room for another.
        quantity: Any = draw(st.integers(0, 40) | amounts(0 if cells else -5, 20))
        if draw(st.booleans()):
            left = [each for name, each in bill.left(at).items() if getattr(_named(bill, name), "meter", None) == "m"]
            quantity = quantize(min(left), 3, "down") if left else quantity
        record = UsageRecord(
            event, at,
            {"n": quantity, "m": draw(st.integers(0, 3)), "user": draw(st.sampled_from(["ana", "bo"])),
             "cost": draw(st.integers(0, 5))},
            id=f"r{index}",
        )  # fmt: skip
        try:
            verdict = bill.admit(record, cut="n" if event == "e" else None)
        except RatecardError:
            continue
        if verdict:
            bill.record(record)
            ran.append(record)
        elif verdict.fits:
            part = UsageRecord(event, at, {**record.properties, "n": verdict.fits}, id=record.id)
            bill.record(part)
            ran.append(part)
    return ran


def _named(bill: Live, name: str) -> Any:
    return next(guard for guard in bill.watch.guards if guard.name == name)


@given(offers(), st.data())
def test_nothing_admitted_is_billed_above_it(offer: tuple[Plan, Subscription], data: st.DataObject) -> None:
    """Whatever history every limit let through, record by record, its bill is not above the worst case, to the cent."""
    plan, acme = offer
    try:
        worst = [(of, worst_bill(plan, acme, JANUARY, of=of)) for of in ("subtotal", "total", "due")]
    except RatecardError:
        return
    bill = live(resolve(plan, acme, JANUARY))
    ran = data.draw(st.composite(admitted)(bill))
    try:
        billed = rate(plan, acme, ran, JANUARY)
    except NoPriceError:
        # Where nothing is limited, nothing is priced before it runs.
        assert all(each.amount is None or each.ceilings for _, each in worst)
        return
    for of, each in worst:
        assert each.amount is None or getattr(billed, of).amount <= each.amount.amount, (of, each.explain())
        assert (each.amount is None) == (bool(each.unbounded) and not each.ceilings)
