"""
Money: an exact amount in a currency, and what is known of each currency.

Minor units follow ISO 4217 (list one, as amended to January 2026). Cash rounding, where a country has no coin for its minor
unit, is kept apart: it is never applied to a line. Stripe counts a few currencies differently; that is the profile `stripe`.
An unknown code is refused, never taken to have two decimals; units of one's own (credits, tokens) are made by `Currency.custom`.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from decimal import Decimal

from ._numbers import CONTEXT, ONE, Exact, Rounding, exact, mul, number, quantize, split, text
from .errors import MismatchError, NumberError

__all__ = ["Currency", "Money"]

_TWO = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD
PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD
TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_PLACES = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
# Where Stripe's amounts are counted in other units than ISO's (docs.stripe.com/currencies, zero-decimal and special cases).
_STRIPE = {"ISK": 2, "MGA": 0, "UGX": 2}
# The smallest coin where it is not the minor unit.
_CASH = {
    "AUD": "0.05", "CAD": "0.05", "CHF": "0.05", "CZK": "1", "DKK": "0.50", "HUF": "5", "NOK": "1", "NZD": "0.10", "SEK": "1",
}  # fmt: skip
_MOST_PLACES = 18


class Currency(str):
    """
    A currency or a unit of one's own, with the number of decimals it is counted in.

    It is its code: `Currency.of("USD") == "USD"`.

    Attributes:
        places: decimals of the smallest amount on a line.

    >>> Currency.of("JPY").places, Currency.of("UGX", profile="stripe").places, Currency.custom("credits", places=0)
    (0, 2, 'credits')
    """

    places: int

    @staticmethod
    def of(code: str, *, profile: str = "iso") -> Currency:
        """
        A currency of ISO 4217.

        Args:
            code: three capital letters.
            profile: `iso`, or `stripe` for the exponents that Stripe uses.

        Raises:
            MismatchError: `currency.unknown`.
        """
        if isinstance(code, Currency):
            return code
        places = _PLACES.get(code) if isinstance(code, str) else None
        if places is None:
            shown = str(code)[:20]
            close = difflib.get_close_matches(shown.upper(), sorted(_PLACES), n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            raise MismatchError(
                f"{shown!r} is not a currency of ISO 4217.{hint} Declare a unit of your own with its number of decimals",
                code="currency.unknown",
            )
        return _currency(code, _STRIPE.get(code, places) if profile == "stripe" else places)

    @staticmethod
    def custom(code: str, *, places: int) -> Currency:
        """
        A unit of one's own, such as credits.

        Args:
            code: any text that is not a currency of ISO 4217.
            places: decimals it is counted in, 0 to 18.

        Raises:
            MismatchError: `currency.taken` or `currency.places`.
        """
        if code in _PLACES:
            raise MismatchError(f"{code!r} is a currency of ISO 4217; choose another name", code="currency.taken")
        if isinstance(places, bool) or not isinstance(places, int) or not 0 <= places <= _MOST_PLACES:
            raise MismatchError(f"the decimals of {code!r} are a whole number from 0 to 18", code="currency.places")
        return _currency(code, places)

    @property
    def step(self) -> Decimal:
        """The smallest amount, such as 0.01."""
        return Decimal((0, (1,), -self.places))

    @property
    def cash_step(self) -> Decimal:
        """The smallest coin; the minor unit where there is one."""
        return Decimal(_CASH[self]) if self in _CASH else self.step

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, int]]:
        return ((str(self),), {})

    @staticmethod
    def codes() -> tuple[str, ...]:
        """All codes of ISO 4217 that are known here."""
        return tuple(sorted(_PLACES))


def _currency(code: str, places: int) -> Currency:
    made = Currency(code)
    made.places = places
    return made


class Money:
    """
    An exact amount in one currency. Immutable; amounts in different currencies never mix.

    Args:
        amount: text, int or Decimal of the number grammar; not rounded.
        currency: a code of ISO 4217, or a `Currency`.

    Raises:
        NumberError: a float, or another value outside the grammar.
        MismatchError: `currency.unknown`.

    >>> Money("19.99", "USD") + Money("0.01", "USD")
    Money('20.00', 'USD')
    """

    __slots__ = ("amount", "currency")

    amount: Decimal
    currency: Currency

    def __init__(self, amount: Decimal | int | str, currency: str) -> None:
        self.amount = number(amount)
        self.currency = Currency.of(currency)

    @classmethod
    def make(cls, amount: Decimal, currency: Currency) -> Money:
        """The same without checks, for amounts that come out of this library's own arithmetic."""
        made = cls.__new__(cls)
        made.amount = amount
        made.currency = currency
        return made

    @classmethod
    def parse(cls, told: str) -> Money:
        """
        Read back what `str` wrote.

        >>> Money.parse("20.00 USD")
        Money('20.00', 'USD')
        """
        amount, space, code = told.partition(" ")
        if not space:
            raise NumberError(f"{told[:40]!r} is not money; write it as '20.00 USD'", code="money.syntax")
        return cls(amount, code)

    def __add__(self, other: Money) -> Money:
        return Money.make(CONTEXT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money.make(_positive_zero(CONTEXT.subtract(self.amount, self._same(other))), self.currency)

    def __neg__(self) -> Money:
        return Money.make(_positive_zero(self.amount.copy_negate()), self.currency)

    def scale(self, factor: Decimal | int | str) -> Money:
        """The exact product with a number; round it by `round`."""
        return Money.make(CONTEXT.multiply(self.amount, number(factor)), self.currency)

    def round(self, mode: Rounding = "half_up") -> Money:
        """Rounded to the currency's minor unit by a named rule."""
        return Money.make(quantize(self.amount, self.currency.places, mode), self.currency)

    def split(self, weights: Sequence[Decimal | int | str]) -> list[Money]:
        """
        Shares by weight that add up to the whole, by largest remainder, ties by order.

        >>> [str(each) for each in Money("1.00", "USD").split([1, 1, 1])]
        ['0.34 USD', '0.33 USD', '0.33 USD']
        """
        shares = split(self.amount, [number(weight) for weight in weights], self.currency.step)
        return [Money.make(quantize(share, self.currency.places), self.currency) for share in shares]

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money):
            raise MismatchError(f"{other!r} is not Money; write Money('1', '{self.currency}')", code="money.type")
        if other.currency != self.currency:
            raise MismatchError(
                f"{self.currency} and {other.currency} do not mix; convert one of them first", code="currency.mixed"
            )
        return other.amount

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount == other.amount and self.currency == other.currency

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __repr__(self) -> str:
        return f"Money({shown(self.amount, self.currency)!r}, {str(self.currency)!r})"

    def __str__(self) -> str:
        return f"{shown(self.amount, self.currency)} {self.currency}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (text(self.amount), str(self.currency), self.currency.places))


def _rebuilt(amount: str, code: str, places: int) -> Money:
    found = exact(amount)
    if not isinstance(found, Decimal):
        raise NumberError(f"{amount!r} is not an amount of money", code="number.syntax")
    return Money.make(found, _currency(code, places))


def _positive_zero(amount: Decimal) -> Decimal:
    return amount if amount else amount.copy_abs()


def shown(amount: Exact, currency: Currency) -> str:
    """The digits of an amount with at least the decimals of its currency, and all of its own."""
    digits = text(amount)
    if "/" in digits:
        return digits
    whole, _, rest = digits.partition(".")
    rest = rest.ljust(currency.places, "0")
    return f"{whole}.{rest}" if rest else whole


def scaled(amount: Exact, factor: Exact) -> Exact:
    """The exact product; one name for the conversion of an amount by a rate."""
    return mul(amount, factor) if factor != ONE else amount
