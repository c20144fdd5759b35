"""
No bill above its hard cap: `python -m tests.deep.live`, with the number of histories and a seed if you like.

First 64 threads of 10,000 calls each share one budget.

Small histories of one customer, made from a seed: a plan of random prices, floors, ceilings and discounts under one to
three hard or clamping caps, and a few records. Each is asked for first; what is let through runs, and some of it goes
through a reservation. In the end the closed month is rated from the records that ran, by the walk and not by the live
bill: no figure is above its cap, not by a cent, unless it was there before any usage.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock, Thread
from time import perf_counter
from typing import Any

from ratecard import Item, Meter, Period, Plan, UsageRecord, charge, live, measure, meters, prices, resolve, settle
from ratecard.guards import Alert, AnyGuard, Cap, Gauge, TokenBucket
from ratecard.plans import Terms
from ratecard.rating import Live, Statement

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
JANUARY = Period.month(2025, 1)
PLANS = 500
"""Histories between two new sets of plans share so many plans."""

EACH = 20_000


def amount(dice: random.Random, most: int, places: int = 2) -> Decimal:
    """An amount from 0, whole as often as not."""
    whole = dice.randint(0, most)
    return Decimal(whole) if dice.random() < 0.5 else Decimal(whole * 10**places + dice.randint(0, 99)).scaleb(-places)


def tiers(dice: random.Random) -> list[prices.Tier]:
    """One to three tiers."""
    ends: list[int | None] = [*sorted(dice.sample(range(1, 60), dice.randint(0, 2))), None]
    return [
        prices.Tier(up_to=end, unit_price=amount(dice, 9, 3), flat_price=amount(dice, 5) if dice.random() < 0.3 else 0)
        for end in ends
    ]


def price(dice: random.Random) -> prices.Price:
    """A price of usage, also some that fall."""
    kind = dice.randrange(7)
    if kind == 0:
        return prices.PerUnit(unit_price=amount(dice, 9, 4))
    if kind == 1:
        return prices.Volume(tiers=tiers(dice))
    if kind == 2:
        return prices.Package(package_size=dice.randint(1, 12), package_price=amount(dice, 9))
    if kind == 3:
        return prices.Allowance(units=dice.randint(0, 20), base=prices.Graduated(tiers=tiers(dice)))
    if kind == 4:
        return prices.Percentage(rate=amount(dice, 1, 3), fixed_per_event=amount(dice, 1))
    return prices.Graduated(tiers=tiers(dice))


def plan(dice: random.Random) -> tuple[Terms, list[Cap]]:
    """Terms of January, and the caps among their guards."""
    caps = [
        Cap(key="whole", spend=amount(dice, 400), mode=dice.choice(["hard", "clamp"])),
        Cap(key="use", spend=amount(dice, 300), item="use"),
        Cap(key="units", quantity=dice.randint(0, 120), meter="m", mode=dice.choice(["hard", "clamp"])),
    ]
    caps = dice.sample(caps, dice.randint(1, 3))
    more: list[AnyGuard] = [Alert(spend="50", every="40")] if dice.random() < 0.3 else []
    if dice.random() < 0.2:
        more.append(TokenBucket(capacity=3, refill=1, interval_seconds=60))
    fields: dict[str, Any] = {}
    if dice.random() < 0.15:
        fields["minimum"] = {"amount": amount(dice, 90)}
    if dice.random() < 0.15:
        fields["discounts"] = [{"kind": "percent", "key": "off", "rate": "0.125"}]
    if dice.random() < 0.1:
        fields["commitments"] = [{"kind": "postpaid", "key": "c", "amount": amount(dice, 60), "overage": "1.5"}]
    made = Plan.single(
        "p", currency="USD",
        meters=[
            Meter(key="m", event="e", aggregate=meters.Sum(of="n")),
            Meter(key="k", event="k", aggregate=meters.Count()),
        ],
        items=[
            Item(key="fee", price=prices.Flat(amount=amount(dice, 30))),
            Item(key="use", meter="m", price=price(dice)),
            Item(key="calls", meter="k", price=prices.PerUnit(unit_price=amount(dice, 3, 3))),
        ],
        guards=[*caps, *more], rounding=dice.choice(["half_up", "half_even", "up", "down"]), **fields,
    )  # fmt: skip
    return resolve(made, made.subscribe("acme", start="2025-01-01"), JANUARY), caps


def history(dice: random.Random, bill: Live) -> list[UsageRecord]:
    """Ask for each record and let it run as far as it may; what ran."""
    ran: list[UsageRecord] = []
    for index in range(dice.randint(1, 5)):
        event = "e" if dice.random() < 0.8 else "k"
        quantity: int | Decimal = dice.randint(0, 60) if dice.random() < 0.8 else amount(dice, 60, 1)
        record = UsageRecord(event, NOON + timedelta(seconds=index), {"n": quantity}, id=f"r{index}")
        if event == "k" and bill.watch.clamps:
            continue
        if dice.random() < 0.2:
            verdict = bill.reserve(record)
            part = _part(record, verdict.fits) if not verdict else record
            if verdict or verdict.fits:
                if dice.random() < 0.5:
                    bill.commit(f"r{index}")
                    ran.append(part)
                else:
                    bill.release(f"r{index}")
            continue
        verdict = bill.admit(record)
        if verdict or verdict.fits:
            part = record if verdict else _part(record, verdict.fits)
            bill.record(part)
            ran.append(part)
    return ran


def _part(record: UsageRecord, fits: Decimal | None) -> UsageRecord:
    return UsageRecord(record.event, record.at, {"n": fits}, id=record.id)


def figure(bill: Statement, gauge: Gauge, ran: list[UsageRecord]) -> Decimal:
    """What a cap reads, off the statement of the closed month."""
    if gauge.what == "subtotal":
        return bill.subtotal.amount
    if gauge.what == "amount":
        return sum((line.amount.amount for line in bill.lines if line.item == gauge.name), Decimal(0))
    return sum((Decimal(record.properties["n"]) for record in ran if record.event == "e"), Decimal(0))


def run(histories: int, seed: int) -> tuple[int, int]:
    """How many histories there were, and how many records ran."""
    dice = random.Random(seed)  # noqa: S311
    ran_in_all = 0
    started = perf_counter()
    plans: list[tuple[Terms, list[Cap], Statement]] = []
    for number in range(histories):
        if number % EACH == 0:
            plans = []
            for terms, caps in (plan(dice) for _ in range(PLANS)):
                plans.append((terms, caps, settle(charge(terms, measure(terms, [])))))
            print(f"{number:,} histories, {ran_in_all:,} records ran, {perf_counter() - started:.0f} s", flush=True)
        terms, caps, empty = dice.choice(plans)
        ran = history(dice, live(terms))
        ran_in_all += len(ran)
        bill = settle(charge(terms, measure(terms, ran)))
        for cap in caps:
            limit = cap.spend if isinstance(cap.spend, Decimal) else cap.quantity
            assert limit is not None
            now = figure(bill, cap.gauge(), ran)
            if now > limit and now != figure(empty, cap.gauge(), []):
                told = [record.to_json() for record in ran]
                raise AssertionError(f"seed {seed}, history {number}: {cap.name} at {now}, {terms.plan.dump()}, {told}")
    print(f"{histories:,} histories, {ran_in_all:,} records ran: no figure above its cap", flush=True)
    return histories, ran_in_all


def crowd(threads: int, calls: int) -> int:
    """So many threads with so many calls each under one lock: how many were let through, and never a cent too much."""
    made = Plan.single(
        "p", currency="USD", meters=[Meter(key="n", event="use", aggregate=meters.Sum(of="n"))],
        items=[Item(key="n", meter="n", price=prices.PerUnit(unit_price="0.01"))], guards=[Cap(spend=2_000)],
    )  # fmt: skip
    bill = live(resolve(made, made.subscribe("acme", start="2025-01-01"), JANUARY))
    lock, through = Lock(), [0] * threads

    def work(name: int) -> None:
        for number in range(calls):
            record = UsageRecord("use", NOON, {"n": 1}, id=f"{name}-{number}")
            with lock:
                if bill.admit(record):
                    bill.record(record)
                    through[name] += 1

    several = [Thread(target=work, args=[name]) for name in range(threads)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert bill.statement().due.amount == Decimal(sum(through)).scaleb(-2) <= 2_000
    print(f"{threads} threads of {calls:,} calls: {sum(through):,} let through, {bill.statement().due}", flush=True)
    return sum(through)


if __name__ == "__main__":
    crowd(64, 10_000)
    run(*(int(told) for told in [*sys.argv[1:3], *("1000000", "1")[len(sys.argv) - 1 :]]))
