"""
One plan under the order of each vendor: its figures, worked out by hand beside the library, and the page that shows it.

What a vendor prints itself is in the table `PRINTED`, with where it stands; the figures of the one plan follow from the
vendors' rules, and are no vendor's.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest

from ratecard.periods import Period
from ratecard.plans import Order, Plan, Subscription
from ratecard.plans._order import Preset
from ratecard.rating import Statement, rate

PAGE = Path(__file__).parent.parent.parent / "docs" / "explanation" / "orders.md"
NAMES: tuple[Preset, ...] = get_args(Preset)

F = Fraction
PERCENT, SUM = F("0.1"), 20


def fee(amount: str, **fields: Any) -> dict[str, Any]:
    """A fee in plain form."""
    return {"key": "a", "price": {"model": "flat", "amount": amount}, **fields}


def off(percent: str | None = None, amount: str | None = None, **fields: Any) -> dict[str, Any]:
    """A discount in plain form."""
    return {**({"kind": "percent", "rate": percent} if percent else {"kind": "amount", "amount": amount}), **fields}


def coupon(key: str, **told: Any) -> dict[str, Any]:
    """A coupon in plain form."""
    return {"key": key, "discount": off(**told)}


ONE = {
    "items": [
        fee("1000", key="use", discounts=[off(amount="250"), off("0.1")], maximum={"amount": "900"}),
        fee("50", key="support"),
        fee("40", key="archive", discounts=[off("0.25")], minimum={"amount": "36"}),
    ],
    "discounts": [off("0.1", key="loyal", items=["use", "support"]), off(amount="20", key="sorry", items=["use"])],
    "commitments": [
        {"kind": "postpaid", "key": "least", "amount": "80", "items": ["support"]},
        {"kind": "prepaid", "key": "paid", "amount": "100", "items": ["use"]},
    ],
    "taxes": [{"key": "vat", "rate": "0.2"}],
}
# What each plan shows, and what is left to pay under the default and the six vendors' orders.
SMALL: dict[str, tuple[dict[str, Any], list[str]]] = {
    "100, with 25 and then a tenth off": (
        {"items": [fee("100", discounts=[off(amount="25"), off("0.1")])]},
        ["65.00", "67.50", "67.50", "65.00", "65.00", "67.50", "65.00"],
    ),
    "1.00, with coupons of 0.10 and then of a fifth": (
        {"items": [fee("1")], "coupons": [coupon("x", amount="0.10"), coupon("y", percent="0.2")]},
        ["0.70", "0.72", "0.72", "0.70", "0.70", "0.72", "0.70"],
    ),
    "100, with a tenth and then 25 off": (
        {"items": [fee("100", discounts=[off("0.1"), off(amount="25")])]},
        ["65.00", "65.00", "67.50", "65.00", "65.00", "65.00", "65.00"],
    ),
    "100, a fifth off, at least 90": (
        {"items": [fee("100", discounts=[off("0.2")], minimum={"amount": "90"})]},
        ["90.00", "90.00", "90.00", "90.00", "80.00", "90.00", "90.00"],
    ),
    "70, half off, at most 25": (
        {"items": [fee("70", discounts=[off("0.5")], maximum={"amount": "25"})]},
        ["25.00", "25.00", "25.00", "25.00", "12.50", "25.00", "25.00"],
    ),
    "60 of 100 committed, a coupon of a tenth": (
        {"items": [fee("60")], "coupons": [coupon("x", percent="0.1")],
         "commitments": [{"kind": "postpaid", "key": "c", "amount": "100"}]},
        ["100.00", "100.00", "100.00", "100.00", "100.00", "90.00", "100.00"],
    ),
    "100 paid before, 8 percent of tax": (
        {"items": [fee("100")], "commitments": [{"kind": "prepaid", "key": "c", "amount": "100"}],
         "taxes": [{"key": "t", "rate": "0.08"}]},
        ["0.00", "0.00", "0.00", "0.00", "8.00", "8.00", "0.00"],
    ),
    "300, a coupon of 200": (
        {"items": [fee("300")], "coupons": [coupon("x", amount="200")]},
        ["100.00"] * 7,
    ),
    "3,000, a tenth of it for support, at least 500": (
        {"items": [fee("3000"), {"key": "support", "price": {"model": "percent_of", "rate": "0.1", "items": ["a"]},
                                 "minimum": {"amount": "500"}}]},
        ["3500.00"] * 7,
    ),
    "107, 8 percent of tax": (
        {"items": [fee("107")], "taxes": [{"key": "t", "rate": "0.08"}]},
        ["115.56"] * 7,
    ),
}  # fmt: skip
# Which of these figures a vendor prints, in a document or in a test of its own.
PRINTED: list[tuple[str, Preset, str]] = [
    (
        "1.00, with coupons of 0.10 and then of a fifth", "lago",
        "getlago/lago-api@1b1c24a6a spec/services/credits/applied_coupons_service_spec.rb:67",
    ),
    (
        "70, half off, at most 25", "openmeter",
        "openmeterio/openmeter@7e57a394 openmeter/billing/charges/usagebased/service/rating/periodpreserving/"
        "engine_test.go:481",
    ),
    (
        "100 paid before, 8 percent of tax", "zuora",
        "https://docs.zuora.com/zuora-billing/bill-your-customer/commitments/prepaid-commitment/lifecycle/service-billing",
    ),
    ("300, a coupon of 200", "stripe", "https://docs.stripe.com/api/coupons/create"),
    ("107, 8 percent of tax", "orb", "https://docs.withorb.com/invoicing/invoice-calculation-examples"),
]  # fmt: skip


def bill(told: dict[str, Any], preset: Preset) -> Statement:
    """The statement of a plan under an order; it proves itself."""
    fields = {name: value for name, value in told.items() if name != "items"}
    plan = Plan.load({
        "key": "p", "cards": [{"currency": "USD", "items": told["items"]}], "order": Order.preset(preset).model_dump(),
        **fields,
    })  # fmt: skip
    coupons = [each["key"] for each in told.get("coupons", ())]
    acme = Subscription(customer="acme", plan="p", start="2025-01-01", coupons=coupons)
    found = rate(plan, acme, [], Period.month(2025, 1))
    assert found.verify()
    return found


def figures(found: Statement) -> list[Fraction]:
    """The columns of the table: the three items, what is taken off, topped up, taxed, drawn, and left to pay."""
    told = [F(found.line(item).rounded) for item in ("use", "support", "archive")]
    told[2] += sum((F(line.rounded) for line in found.lines_by("minimum")), F(0))
    for kind in ("discount", "commitment", "tax", "prepaid"):
        told.append(sum((F(line.rounded) for line in found.lines_by(kind)), F(0)))
    return [*told, F(found.due.amount)]


def by_hand(preset: Preset) -> list[Fraction]:
    """The same by the vendor's rules, without the library."""
    listed = preset in ("stripe", "lago", "orb")  # In the list the sum comes first, as at Orb always.
    use = min(F(1000), F(900)) if preset == "zuora" else F(1000)
    use = (use - 250) * (1 - PERCENT) if listed else use * (1 - PERCENT) - 250
    use = use if preset == "zuora" else min(use, F(900))
    # The floor of 36 is under 40, so it does nothing where it is tested before the quarter comes off.
    archive = F(40) * F("0.75") if preset == "zuora" else max(F(40) * F("0.75"), F(36))
    support, least = F(50), F(80)
    if preset == "lago":
        topped = least - support
        taken = (use + support + topped) * PERCENT + SUM
    else:
        taken = (use - SUM + support) * PERCENT + SUM if preset == "orb" else (use + support) * PERCENT + SUM
        topped = least - support * (1 - PERCENT)
    subtotal = use + support + archive - taken + topped
    tax = (subtotal if preset in ("zuora", "lago") else subtotal - 100) * F("0.2")
    return [use, support, archive, -taken, topped, tax, F(-100), subtotal + tax - 100]


@pytest.mark.parametrize("preset", NAMES)
def test_one_plan(preset: Preset) -> None:
    """Every figure of the one plan under an order is the one worked out by hand."""
    assert figures(bill(ONE, preset)) == by_hand(preset)


@pytest.mark.parametrize("shows", SMALL)
def test_one_rule(shows: str) -> None:
    """A plan that shows one rule comes out as written under each order."""
    told, expected = SMALL[shows]
    assert [str(bill(told, preset).due).partition(" ")[0] for preset in NAMES] == expected


def test_every_difference_is_shown() -> None:
    """Two orders that differ in what acts today differ in a figure; those that do not are the same throughout."""
    columns = {preset: tuple(expected[index] for _, expected in SMALL.values()) for index, preset in enumerate(NAMES)}
    assert columns["default"] == columns["metronome"] == columns["openmeter"]
    assert len(set(columns.values())) == 5
    assert len({tuple(by_hand(preset)) for preset in NAMES}) == 5


def test_page() -> None:
    """The page has both tables, as they are computed here, and where each printed figure stands."""
    page = PAGE.read_text(encoding="utf-8")
    heads = " | ".join(f"`{name}`" for name in NAMES)
    printed = {(shows, preset) for shows, preset, _ in PRINTED}
    rows = [f"| | {heads} |", f"|---|{'--:|' * len(NAMES)}"]
    for shows, (_, expected) in SMALL.items():
        cells = [
            f"**{amount}**" if (shows, preset) in printed else amount
            for preset, amount in zip(NAMES, expected, strict=True)
        ]
        rows.append(f"| {shows} | {' | '.join(cells)} |")
    assert "\n".join(rows) in page
    names = ["use", "support", "archive", "discounts", "top-up", "tax", "prepaid", "**due**"]
    columns = [figures(bill(ONE, preset)) for preset in NAMES]
    rows = [f"| | {heads} |", f"|---|{'--:|' * len(NAMES)}"]
    rows += [
        f"| {name} | {' | '.join(f'{float(column[index]):.2f}' for column in columns)} |"
        for index, name in enumerate(names)
    ]
    assert "\n".join(rows) in page
    assert [source for *_, source in PRINTED if source not in page] == []
