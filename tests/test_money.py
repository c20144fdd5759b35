"""Money and currencies: the cases."""

from __future__ import annotations

import copy
import decimal
import pickle
from collections.abc import Callable
from decimal import Decimal

import pytest
from babel.core import get_global

from ratecard._numbers import ONE, ZERO, Ratio, Rounding, div
from ratecard.errors import InternalError, MismatchError, NumberError
from ratecard.money import Currency, Money, scaled, shown

# ISO 4217:2015, list one, published 1 January 2026 by SIX Group for ISO (www.six-group.com, data standards): every code
# that has a minor unit, with its exponent.
LIST_ONE = """
AED2 AFN2 ALL2 AMD2 AOA2 ARS2 AUD2 AWG2 AZN2 BAM2 BBD2 BDT2 BHD3 BIF0 BMD2 BND2 BOB2 BOV2 BRL2 BSD2 BTN2 BWP2 BYN2
BZD2 CAD2 CDF2 CHE2 CHF2 CHW2 CLF4 CLP0 CNY2 COP2 COU2 CRC2 CUP2 CVE2 CZK2 DJF0 DKK2 DOP2 DZD2 EGP2 ERN2 ETB2 EUR2
FJD2 FKP2 GBP2 GEL2 GHS2 GIP2 GMD2 GNF0 GTQ2 GYD2 HKD2 HNL2 HTG2 HUF2 IDR2 ILS2 INR2 IQD3 IRR2 ISK0 JMD2 JOD3 JPY0
KES2 KGS2 KHR2 KMF0 KPW2 KRW0 KWD3 KYD2 KZT2 LAK2 LBP2 LKR2 LRD2 LSL2 LYD3 MAD2 MDL2 MGA2 MKD2 MMK2 MNT2 MOP2 MRU2
MUR2 MVR2 MWK2 MXN2 MXV2 MYR2 MZN2 NAD2 NGN2 NIO2 NOK2 NPR2 NZD2 OMR3 PAB2 PEN2 PGK2 PHP2 PKR2 PLN2 PYG0 QAR2 RON2
RSD2 RUB2 RWF0 SAR2 SBD2 SCR2 SDG2 SEK2 SGD2 SHP2 SLE2 SOS2 SRD2 SSP2 STN2 SVC2 SYP2 SZL2 THB2 TJS2 TMT2 TND3 TOP2
TRY2 TTD2 TWD2 TZS2 UAH2 UGX0 USD2 USN2 UYI0 UYU2 UYW4 UZS2 VED2 VES2 VND0 VUV0 WST2 XAD2 XAF0 XCD2 XCG2 XOF0 XPF0
YER2 ZAR2 ZMW2 ZWG2
"""
ISO = {each[:3]: int(each[3:]) for each in LIST_ONE.split()}
# On the same list without a minor unit: metals, bond market units, testing, no currency at all.
NO_MINOR_UNIT = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"
# On list three, of withdrawn codes: ANG since March 2025, BGN since January 2026. Closed months are still in them.
WITHDRAWN = {"ANG": 2, "BGN": 2}

CREDITS = Currency.custom("AI credits", places=3)


def test_minor_units() -> None:
    """Every code of the list has the exponent of the list, and no other code is known."""
    assert {code: Currency.of(code).places for code in Currency.codes()} == ISO | WITHDRAWN
    assert list(Currency.codes()) == sorted(ISO | WITHDRAWN)


# What is in daily use, not what the standard says: CLDR drops a minor unit that people no longer pay in.
OUT_OF_USE = {"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}


def test_minor_units_against_cldr() -> None:
    """The decimals of CLDR are those of the list, save where a minor unit has gone out of use."""
    fractions = get_global("currency_fractions")
    cldr = {code: fractions.get(code, fractions["DEFAULT"])[0] for code in Currency.codes()}
    differing = {code: digits for code, digits in cldr.items() if digits != Currency.of(code).places}
    assert differing == dict.fromkeys(OUT_OF_USE, 0)


def test_stripe_profile() -> None:
    """Stripe counts as ISO does, save for three: ISK and UGX in hundredths, MGA in whole ariary."""
    profile = {code: Currency.of(code, profile="stripe").places for code in Currency.codes()}
    assert {code: places for code, places in profile.items() if places != (ISO | WITHDRAWN)[code]} == {
        "ISK": 2,
        "MGA": 0,
        "UGX": 2,
    }
    assert Currency.of(Currency.of("UGX"), profile="stripe").places == 2
    assert Currency.of(Currency.of("UGX", profile="stripe")).places == 2
    assert Currency.of(CREDITS, profile="stripe") is CREDITS


def test_steps() -> None:
    """The smallest amount follows from the decimals; coins are larger in some places."""
    assert [str(Currency.of(code).step) for code in ("USD", "JPY", "BHD", "CLF")] == ["0.01", "1", "0.001", "0.0001"]
    assert str(CREDITS.step) == "0.001"
    coins = {code: str(Currency.of(code).cash_step) for code in Currency.codes()}
    assert {code: coin for code, coin in coins.items() if Decimal(coin) != Currency.of(code).step} == {
        "AUD": "0.05",
        "CAD": "0.05",
        "CHF": "0.05",
        "CZK": "1",
        "DKK": "0.50",
        "HUF": "5",
        "NOK": "1",
        "NZD": "0.10",
        "SEK": "1",
    }
    for code, coin in coins.items():
        assert Decimal(coin) % Currency.of(code).step == 0


def test_currency_is_its_code() -> None:
    """A currency is text, the same one however it is asked for, and a key like its code."""
    assert Currency("USD") is Currency.of("USD")
    assert Currency.of("USD") == "USD"
    assert {Currency.of("USD"): 1}["USD"] == 1
    assert Currency.of(CREDITS) is CREDITS
    assert repr(CREDITS) == "'AI credits'"


def test_currency_does_not_change() -> None:
    """The decimals of a currency cannot be set or taken away, nor anything be added."""
    dollars = Currency.of("USD")
    for act in (
        lambda: setattr(dollars, "places", 0),
        lambda: setattr(dollars, "note", "x"),
        lambda: delattr(dollars, "places"),
    ):
        with pytest.raises(AttributeError, match="does not change"):
            act()
    assert Currency.of("USD").places == 2


@pytest.mark.parametrize("code", [*NO_MINOR_UNIT.split(), "HRK", "SLL", "ZWL", "BTC", "usd", "", "US", "USDX", "<b>"])
def test_unknown_code(code: str) -> None:
    """A code that is not on the list is refused, never taken to have two decimals."""
    for act in (lambda: Currency.of(code), lambda: Currency(code), lambda: Money(1, code)):
        with pytest.raises(MismatchError) as found:
            act()
        assert found.value.code == "currency.unknown"


THINGS = [None, 5, 10**5000, True, b"USD", ["USD"], {}, "x" * 10**6, "USD" * 10**6]


@pytest.mark.parametrize("code", THINGS, ids=range(len(THINGS)))
def test_unknown_thing(code: object) -> None:
    """What is no code at all is refused as shortly."""
    with pytest.raises(MismatchError) as found:
        Currency.of(code)  # type: ignore[arg-type]
    assert found.value.code == "currency.unknown"
    assert len(str(found.value)) < 200


@pytest.mark.parametrize(
    ("code", "near"), [("usd", "USD"), ("EURO", "EUR"), ("GPB", "GBP"), ("RMB", None), ("Q", None)]
)
def test_near_names(code: str, near: str | None) -> None:
    """The refusal of a code names a near one where there is one."""
    with pytest.raises(MismatchError) as found:
        Currency.of(code)
    assert (f'Did you mean "{near}"?' in str(found.value)) is bool(near)
    assert ("Did you mean" in str(found.value)) is bool(near)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: Currency.of("UGX", profile="strpe"), "currency.profile"),
        (lambda: Currency.of(CREDITS, profile=""), "currency.profile"),
        (lambda: Currency.of("UGX", profile=10**5000), "currency.profile"),
        (lambda: Currency.custom("USD", places=2), "currency.taken"),
        (lambda: Currency.custom("BGN", places=2), "currency.taken"),
        (lambda: Currency.custom("credits", places=-1), "currency.places"),
        (lambda: Currency.custom("credits", places=19), "currency.places"),
        (lambda: Currency.custom("credits", places=True), "currency.places"),
        (lambda: Currency.custom("credits", places="2"), "currency.places"),
        (lambda: Currency.custom("credits", places=2.0), "currency.places"),
        (lambda: Currency.custom("credits", places=10**5000), "currency.places"),
        (lambda: Currency.custom("", places=0), "currency.code"),
        (lambda: Currency.custom(" credits", places=0), "currency.code"),
        (lambda: Currency.custom("a\nb", places=0), "currency.code"),
        (lambda: Currency.custom("a\u202eb", places=0), "currency.code"),
        (lambda: Currency.custom("x" * 201, places=0), "currency.code"),
        (lambda: Currency.custom(5, places=0), "currency.code"),
        (lambda: Money("1", "USD") + Money("1", "EUR"), "currency.mixed"),
        (lambda: Money("1", "USD") - Money("1", "EUR"), "currency.mixed"),
        (lambda: Money("1", "USD") < Money("1", "EUR"), "currency.mixed"),
        (lambda: Money("1", "USD") <= Money("1", CREDITS), "currency.mixed"),
        (lambda: Money("1", "USD") > Money("1", "EUR"), "currency.mixed"),
        (lambda: Money("1", "USD") >= Money("1", "EUR"), "currency.mixed"),
        (lambda: Money("1", "UGX") + Money("1", Currency.of("UGX", profile="stripe")), "currency.mixed"),
        (lambda: Money("1", "USD") + 1, "money.type"),
        (lambda: Money("1", "USD") < Decimal(1), "money.type"),
    ],
)
def test_mismatches(act: Callable[[], object], code: str) -> None:
    """Currencies do not mix, with each other or with bare numbers; units of one's own are named and counted soundly."""
    with pytest.raises(MismatchError) as found:
        act()
    assert found.value.code == code
    assert len(str(found.value)) < 200


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: Money(1.5, "USD"), "number.float"),
        (lambda: Money(True, "USD"), "number.bool"),
        (lambda: Money("1e3", "USD"), "number.syntax"),
        (lambda: Money(Decimal("NaN"), "USD"), "number.nonfinite"),
        (lambda: Money(Decimal("1E+30"), "USD"), "number.bounds"),
        (lambda: Money(None, "USD"), "number.type"),
        (lambda: Money("1", "USD").scale(0.5), "number.float"),
        (lambda: Money("1.00", "USD").split([0.5, 1]), "number.float"),
        (lambda: Money("1.00", "USD").split([]), "split.empty"),
        (lambda: Money("1.00", "USD").split([1, -1]), "split.negative"),
        (lambda: Money("1.001", "USD").split([1, 1]), "split.step"),
        (lambda: Money("1", "USD").round("nearest"), "number.rounding"),
        (lambda: Money.rounded("10/3", "USD", mode="nearest"), "number.rounding"),
        (lambda: Money.rounded(1.5, "USD"), "number.float"),
        (lambda: Money.rounded("10/0", "USD"), "number.syntax"),
        (lambda: Money.rounded("ten", "USD"), "number.syntax"),
        (lambda: Money.parse("20.00"), "money.syntax"),
        (lambda: Money.parse(""), "money.syntax"),
        (lambda: Money.parse(20), "money.syntax"),
        (lambda: Money.parse("x" * 10**6), "money.syntax"),
        (lambda: Money.parse("$20 USD"), "number.syntax"),
        (lambda: Money.parse(" 20 USD"), "number.syntax"),
    ],
)
def test_refused_amounts(act: Callable[[], object], code: str) -> None:
    """An amount is a number of the grammar at every door of money."""
    with pytest.raises(NumberError) as found:
        act()
    assert found.value.code == code
    assert len(str(found.value)) < 300


@pytest.mark.parametrize("told", ["20.00 usd", "20.00  USD", "20.00 USD ", "5 AI credits", "1 XXX"])
def test_parse_of_unknown_codes(told: str) -> None:
    """Money of an unknown code is not read, also not of a unit of one's own, whose decimals the text does not say."""
    with pytest.raises(MismatchError) as found:
        Money.parse(told)
    assert found.value.code == "currency.unknown"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (Money("19.99", "USD") + Money("0.01", "USD"), "20.00 USD"),
        (Money("0.1", "USD") + Money("0.2", "USD"), "0.30 USD"),
        (Money("1", "USD") - Money("1.00", "USD"), "0.00 USD"),
        (Money("-0", "USD"), "0.00 USD"),
        (-Money("0.00", "USD"), "0.00 USD"),
        (-Money("1.50", "USD"), "-1.50 USD"),
        (Money("0", "USD").scale(-1), "0.00 USD"),
        (Money("-2.50", "USD").scale("0.1"), "-0.25 USD"),
        (Money("1.005", "USD").scale(3), "3.015 USD"),
        (Money("1.005", "USD").round(), "1.01 USD"),
        (Money("1.005", "USD").round("half_even"), "1.00 USD"),
        (Money("-0.001", "USD").round(), "0.00 USD"),
        (Money("1.5", "JPY").round(), "2 JPY"),
        (Money("1234", "JPY"), "1234 JPY"),
        (Money(5, "BHD"), "5.000 BHD"),
        (Money("1.23456", "USD"), "1.23456 USD"),
        (Money("5", CREDITS), "5.000 AI credits"),
        (Money("5.5", Currency.of("UGX", profile="stripe")), "5.50 UGX"),
        (Money("9" * 30, "USD").scale("9" * 30), "9" * 29 + "8" + "0" * 29 + "1.00 USD"),
    ],
)
def test_arithmetic(found: Money, wanted: str) -> None:
    """Results are exact, shown with all their digits and at least those of the currency, never as a negative zero."""
    assert str(found) == wanted
    assert not (found.amount.is_signed() and not found.amount)


def test_round_trip_in_all_currencies() -> None:
    """What `str` writes, `parse` reads back, in every currency."""
    for code in Currency.codes():
        for amount in ("0", "-1", "12.5", "0.000000000000000000000001", "9" * 30 + "." + "9" * 24):
            money = Money(amount, code)
            assert Money.parse(str(money)) == money
            assert str(Money.parse(str(money))) == str(money)


def test_split() -> None:
    """Shares are money that adds up to the whole; a negative amount is shared as the mirror of the positive one."""
    assert [str(each) for each in Money("0.05", "USD").split([1, 1, 1])] == ["0.02 USD", "0.02 USD", "0.01 USD"]
    assert [str(each) for each in Money("-0.05", "USD").split([1, 1, 1])] == ["-0.02 USD", "-0.02 USD", "-0.01 USD"]
    assert [str(each) for each in Money("100", "JPY").split(["0.5", Decimal("0.25"), 0])] == [
        "67 JPY",
        "33 JPY",
        "0 JPY",
    ]
    assert [str(each) for each in Money("0.002", CREDITS).split([0, 0])] == ["0.001 AI credits", "0.001 AI credits"]


def test_order_and_equality() -> None:
    """Money of one currency is sorted by amount, equals its like whatever the digits, and is no number."""
    amounts = ["2", "-1", "0.5", "10", "2.00"]
    assert [str(each.amount) for each in sorted(Money(each, "USD") for each in amounts)] == [
        "-1",
        "0.5",
        "2",
        "2.00",
        "10",
    ]
    one, same = Money("1", "USD"), Money("1.00", "USD")
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same, Money("1", "EUR")}) == 2
    assert (one <= same, one >= same, one < same, one > same) == (True, True, False, False)
    assert one != Money("1", "EUR")
    assert one != 1
    assert one != "1.00 USD"
    assert Money("5", "UGX") == Money("5", Currency.of("UGX", profile="stripe"))
    assert Money("5", "UGX") < Money("6", Currency.of("UGX", profile="stripe"))
    assert bool(one)
    assert not Money("0.00", "USD")
    assert (repr(one), repr(Money("5", CREDITS))) == ("Money('1.00', 'USD')", "Money('5.000', 'AI credits')")


@pytest.mark.parametrize(
    "money",
    [
        Money("1.50", "USD"),
        Money("-0.005", CREDITS),
        Money("5", Currency.of("UGX", profile="stripe")),
        Money("9" * 30, "JPY").scale("9" * 30),
    ],
)
def test_copies(money: Money) -> None:
    """Copies and pickles, of all protocols, are equal in amount, currency, decimals and text."""
    copies = [copy.copy(money), copy.deepcopy(money)]
    copies += [pickle.loads(pickle.dumps(money, each)) for each in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301
    for each in copies:
        assert each == money
        assert (str(each), each.currency.places) == (str(money), money.currency.places)
    unit = money.currency
    units = [copy.copy(unit), copy.deepcopy(unit)]
    units += [pickle.loads(pickle.dumps(unit, each)) for each in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301
    for each in units:
        assert (type(each), each, each.places) == (Currency, unit, unit.places)


@pytest.mark.parametrize(
    ("before", "after", "refusal"),
    [
        (b"1.5", b"x.5", NumberError),
        (b"1.5", b"1/3", NumberError),
        (b"USD", b"US$", None),
        (b"USD", b"CLF", MismatchError),
        (b"USD", b"\nSD", MismatchError),
        (b"K\x02", b"K\x13", MismatchError),
    ],
)
def test_damaged_pickles(before: bytes, after: bytes, refusal: type[Exception] | None) -> None:
    """A pickle with a damaged amount, or decimals that its currency never has, is refused when it is read."""
    told = pickle.dumps(Money("1.5", "USD"))
    assert told.count(before) == 1
    if refusal is None:
        # Not a currency, so it can only have been a unit of one's own.
        assert pickle.loads(told.replace(before, after)).currency == "US$"  # noqa: S301
    else:
        with pytest.raises(refusal):
            pickle.loads(told.replace(before, after))  # noqa: S301


def test_scaling_without_end_is_an_error_of_ours() -> None:
    """Amounts that are scaled for ever without a rounding end in an error, not in a wrong digit."""
    money = Money("1.11", "USD")
    with pytest.raises(InternalError, match=r"number\.overrun"):
        for _ in range(2000):
            money = money.scale("1.11")


def test_callers_context() -> None:
    """The caller's decimal context has no say in money."""
    with decimal.localcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP, traps=[decimal.Inexact])):
        assert str(Money("100.37", "USD") + Money("0.01", "USD")) == "100.38 USD"
        assert str(-Money("100.375", "USD").round()) == "-100.38 USD"
        assert [str(each.amount) for each in Money("100.00", "USD").split([1, 1, 1])] == ["33.34", "33.33", "33.33"]


def test_shown_and_scaled() -> None:
    """An exact amount is shown with the decimals of its currency, a ratio as it is; scaling by 1 changes nothing."""
    dollars = Currency.of("USD")
    assert [shown(each, dollars) for each in (ZERO, Decimal("1.5"), div(ONE, 3))] == ["0.00", "1.50", "1/3"]
    assert shown(Decimal("1.50"), Currency.of("JPY")) == "1.5"
    assert str(scaled(Decimal("1.50"), ONE)) == "1.50"
    assert scaled(Decimal("1.50"), Decimal(2)) == 3
    assert scaled(Decimal(1), div(ONE, 3)) == div(ONE, 3)


@pytest.mark.parametrize(
    ("amount", "currency", "mode", "wanted"),
    [
        (div(Decimal(10), 3), "USD", "half_up", "3.33 USD"),
        (div(Decimal(-10), 3), "USD", "up", "-3.34 USD"),
        ("10/3", "BHD", "half_up", "3.333 BHD"),
        ("2.5", "JPY", "half_even", "2 JPY"),
        (Decimal("0." + "1" * 40), "USD", "half_up", "0.11 USD"),
        (7, CREDITS, "half_up", "7.000 AI credits"),
        (div(Decimal(-1), 300), "USD", "half_up", "0.00 USD"),
    ],
)
def test_rounded(amount: Decimal | Ratio | int | str, currency: str, mode: Rounding, wanted: str) -> None:
    """Any exact value is rounded to money, also one that does not end or has more digits than money may."""
    found = Money.rounded(amount, currency, mode=mode)
    assert (str(found), found.amount.is_signed()) == (wanted, wanted.startswith("-"))


def test_a_value_without_an_end_is_no_money() -> None:
    """Money is not made of a ratio in silence: the error says how it is rounded."""
    with pytest.raises(NumberError) as found:
        Money(div(Decimal(10), 3), "USD")  # type: ignore[arg-type]
    assert found.value.code == "number.type"
    assert found.value.text == "10/3 has no end in decimals; round it by Money.rounded(value, 'USD')"


def test_sum() -> None:
    """The built-in sum adds up money."""
    assert sum([Money("1.10", "USD"), Money("2.20", "USD")]) == Money("3.30", "USD")
    assert Money("1", "USD").__radd__(5) is NotImplemented
